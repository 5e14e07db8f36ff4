# SPDX-License-Identifier: BSD-2-Clause
"""What the capture is said to have missed can not be more than the windows allow (SEMANTICS 14.1 e).

A byte of X may be missing only between something that was seen (the start or the end of a segment of X, a number that Y
acknowledged) and an acknowledgement at most one window above it, the largest that Y announced: what steps further is
a new start or is not believed, and nothing is missing.  So, for each direction of each pair of ends,

	capmiss - capfix <= the union of all such ranges, times the flows of these ends

(twice that if other packets of X came before its first SYN: they may be of something else, then its numbers begin anew),
where the window is 1 MiB if its scale is unknown, 64 KiB if there is none, 64 KiB at least, and one more segment is
allowed.  The window of a SYN is never scaled (RFC 7323 2.2), so it is below that.  And from the records alone, for any TCP
flow, however it was carried: no acknowledgement is worth more than a window, so in each bin

	capmiss <= packets of the other side * the largest window (1 MiB at least) + 1,

1 because the last byte acknowledged may be a FIN, and is missing when it turns out that it was none.

Over the captures of the collection and of cases/, and over connections in which numbers step at random.

	windows.py [SEED [CONNECTIONS]]
"""
import bisect
import glob
import gzip
import os
import random
import sys
from collections import defaultdict
from ipaddress import ip_address

from captureloss import Bytes, size
from common import *
from segments import ACK, FIN, RST, SYN, segments
from talk import C, CLIENT, S, SERVER, Talk, stamp
from tcprandom import babble, value

UNKNOWN, NONE = 1 << 20, 1 << 16
SEGMENT = 1 << 16                        # of slack
TURN = 1 << 32

# File (of the collection or of cases/), or kind of random connections: why it fails today.
KNOWN = {
}


# --- what the windows allow, from the segments

class Direction:
    """what X sent and Y acknowledged of it"""

    def __init__(self):
        self.points = []                 # numbers that were seen, in order; they turn at 2^32
        self.allowed = Bytes()
        self.window = 0                  # the largest that X announced for Y's data behind its SYN, as it stands in the header
        self.syns = []                   # shift that each SYN of X offers: -1 none, None unknown
        self.met = self.twice = False    # X was seen; before its first SYN

    def see(self, number):
        at = bisect.bisect_left(self.points, number)
        if at == len(self.points) or self.points[at] != number:
            self.points.insert(at, number)

    def below(self, number, window):
        """the lowest number that was seen at most a window below this one"""
        low = number - window
        for turn in (-TURN, 0):
            at = bisect.bisect_left(self.points, low - turn)
            if at < len(self.points) and self.points[at] + turn < number:
                return self.points[at] + turn
        return None


def shift_of(opts):
    """the shift that a SYN offers; None: its options are cut, -1: it offers none"""
    at = 0
    while at < len(opts):
        if opts[at] == 0:
            return -1
        if opts[at] == 1:
            at += 1
        elif at + 1 >= len(opts) or opts[at + 1] < 2 or at + opts[at + 1] > len(opts):
            return None
        elif opts[at] == 3 and opts[at + 1] == 3:
            return opts[at + 2]
        else:
            at += opts[at + 1]
    return -1


def window_of(x, y, exact):
    """the largest that X announced to Y"""
    shifts = x.syns + y.syns
    known = bool(x.syns and y.syns) and None not in shifts
    shift = max([n for n in x.syns if n], default=0)
    if exact and not known:
        return UNKNOWN
    if exact and (-1 in shifts or shift == 0):
        return NONE
    window = x.window << max(0, min(shift, 14))
    return max(window, NONE if exact else UNKNOWN)


def allowed(raw, exact=False):
    """(src, sport, dst, dport) -> bytes of src that may be missing; exact: each connection opens once, in full or not at
    all, else the window is 1 MiB at least"""
    all_, out = list(segments(raw)), defaultdict(Direction)
    for s in all_:                       # who announced what
        x = out[(s.src, s.sport, s.dst, s.dport)]
        if s.flags & SYN:
            x.twice |= x.met and not x.syns
            x.syns.append(shift_of(s.opts))
        else:
            x.window = max(x.window, s.win)
        x.met = True
    for s in all_:
        x, y = out[(s.src, s.sport, s.dst, s.dport)], out[(s.dst, s.dport, s.src, s.sport)]
        x.see(s.seq)
        x.see((s.seq + s.n + bool(s.flags & SYN) + bool(s.flags & FIN)) % TURN)
        if s.flags & ACK:
            low = y.below(s.ack, window_of(x, y, exact) + SEGMENT)
            if low is not None:
                y.allowed.add(max(low, 0), s.ack)
                if low < 0:
                    y.allowed.add(low + TURN, TURN)
            y.see(s.ack)
    return {(str(ip_address(k[0])), k[1], str(ip_address(k[2])), k[3]): size(d.allowed.r) * (1 + d.twice)
            for k, d in out.items()}


# --- what is said to be missing

def missing(records):
    """(src, sport, dst, dport) -> [capmiss - capfix in sum, flows]: numbers may be the same in each flow"""
    out = defaultdict(lambda: [0, 0])
    for r in rows(['racluster', '-m', 'saddr,sport,daddr,dport', '-nn', '--csv', '-s',
                   'saddr,sport,daddr,dport,trans,scapmiss,scapfix,dcapmiss,dcapfix', '-', 'tcp'], records):
        if r['sport'] in ('-', '') or r['saddr'] in ('-', ''):
            continue
        ends = (str(ip_address(r['saddr'])), int(r['sport'])), (str(ip_address(r['daddr'])), int(r['dport']))
        for side, key in (('s', ends), ('d', ends[::-1])):
            out[key[0] + key[1]][0] += value(r[side + 'capmiss']) - value(r[side + 'capfix'])
            out[key[0] + key[1]][1] += value(r['trans'])
    return out


def beyond_packets(records):
    """flows that miss more in a bin than a window for each packet of the other side"""
    bad, most = [], defaultdict(int)
    got = rows(['ra', '-nn', '--csv', '-s', 'flowid,bstart,spkts,dpkts,swinmax,dwinmax,scapmiss,dcapmiss', '-', 'tcp'], records)
    for r in got:
        for side in 'sd':
            most[r['flowid'], side] = max(most[r['flowid'], side], value(r[side + 'winmax']), UNKNOWN)
    bins = defaultdict(lambda: [0, 1])
    for r in got:
        for side, other in ('sd', 'ds'):
            each = bins[r['flowid'], r['bstart'], side]
            each[0] += value(r[side + 'capmiss'])
            each[1] += value(r[other + 'pkts']) * (most[r['flowid'], other] + SEGMENT)
    for (flow, when, side), (miss, most_) in sorted(bins.items()):
        if miss > most_:
            bad.append('%s %s: %scapmiss %d, at most %d' % (flow, when, side, miss, most_))
    return bad


def check(path, limits, T='1'):
    st, records, err = run(['pavo', '-q', '-S', T, '-r', path])
    if st not in (0, 2):
        raise Failure(err)
    bad = beyond_packets(records)
    for key, (n, flows) in sorted(missing(records).items()):
        # a pair of ends that is not known here is inside a tunnel
        if key in limits and n > limits[key] * flows:
            bad.append('%s:%d > %s:%d: %d missing, at most %d' % (*key, n, limits[key] * flows))
    return bad


# --- connections in which numbers step

def steps(c, rng, port, start):
    """both sides talk; now and then the numbers of data or of an acknowledgement are far ahead or behind, once or for good"""
    c.kind = rng.choice(('v4', 'v6'))
    c.ends, c.ports = [CLIENT[c.kind], SERVER[c.kind]], (port, 80)
    c.isn = tuple(rng.choice((rng.randint(0, 2**32 - 1), 2**32 - rng.randint(1, 3000))) for _ in (0, 1))
    t, top, win, scale = start, [0, 0], rng.choice((502, 8192, 65535)), rng.choice((None, 0, 2, 7, 'middle'))
    if scale != 'middle':
        c.syn(t / 10**6, C, scale=scale)
        c.syn((t + 20000) / 10**6, S, scale=scale)
        c.seg((t + 21000) / 10**6, C, 0, win=win)
        t += 30000
    acked = [0, 0]
    for _ in range(rng.randint(20, 80)):
        t += rng.randint(100, 60000)
        side, r = rng.choice((C, S)), rng.random()
        far = rng.choice((1, 1, 1, -1)) * int(2 ** rng.uniform(10, 31)) if rng.random() < .1 else 0
        if r < .45:                      # data
            n = rng.choice((1, 100, 1460))
            off = top[side] + far
            c.seg(t / 10**6, side, off, n, acked[1 - side], win=win)
            if not far or rng.random() < .3:
                top[side] = off + n
        else:                            # an acknowledgement of all, or of what was never seen
            ack = top[1 - side] + far
            for k in range(rng.choice((1, 1, 1, 2, 3)) if far else 1):
                c.seg((t + k * 50) / 10**6, side, top[side], 0, ack + k * rng.choice((0, 1460)), win=win)
            if not far or rng.random() < .3:
                acked[1 - side] = top[1 - side] = ack


def at_random(tap, kind, make, rng, n, exact):
    c = Talk()
    for k in range(n):
        make(c, rng, 10000 + k, rng.randint(0, 20 * 10**6))
    with scratch() as folder:
        path = os.path.join(folder, 'x.pcap')
        c.write(path)
        with open(path, 'rb') as f:
            limits = allowed(f.read(), exact)
        for T in ('1', '60'):
            bad = check(path, limits, T)
            name = '%s: %d connections at random, -S %s' % (kind, n, T)
            tap.known(not bad, name, KNOWN.get(kind), '%d wrong' % len(bad), *bad)


def main():
    tap = Tap()
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 10**4 if os.environ.get('PAVO_LONG') else 300
    for name in sorted({r['file'] for r in table('tcp_streams')}):
        if os.path.exists(capture(name)):
            with open(capture(name), 'rb') as f:
                bad = check(capture(name), allowed(f.read()))
            tap.known(not bad, name, KNOWN.get(name), *bad)
    for path in sorted(glob.glob(os.path.join(SRC, 'tests', 'cases', '*.pcap*'))):
        with open(path, 'rb') as f:
            raw = f.read()
        bad = check(path, allowed(gzip.decompress(raw) if path.endswith('.gz') else raw))
        tap.known(not bad, os.path.basename(path), KNOWN.get(os.path.basename(path)), *bad)
    rng = random.Random(seed)
    at_random(tap, 'steps', steps, rng, n, True)
    at_random(tap, 'babble', babble, rng, n, False)
    tap.end()


if __name__ == '__main__':
    main()

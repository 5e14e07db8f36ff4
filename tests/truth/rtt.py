# SPDX-License-Identifier: BSD-2-Clause
"""Round trips against tshark, X9 of the specification.

rtt.tsv has what tshark says of the captures in tests/captures; where tshark is installed, the shared captures
named below are asked too.  For each direction of data of a connection (f: of who opened it, r: the other):

  all_*     every tcp.analysis.ack_rtt, tshark's own pairs: one for each acknowledgement
  n sum ..  the pairs that 6.2 chooses, from tshark's times and fields: the handshake, then the first echo of each
            timestamp that came with data, or one segment at a time and what acknowledges it; least: with the
            timestamps of pure ACKs; same: in each of them tshark has the same pair

All in us.  n, sum, max, dsum and least have to be equal; where all pairs are the same, the mean within 5 % and
the least within 1 us of tshark's (less only by the timestamps of pure ACKs).

The lines of --pping have to be those of a model of pping here, which reads the captures by itself (segments.py).

	rtt.py --make	print rtt.tsv anew, with tshark
	rtt.py FILE...	compare these, with tshark
"""
import glob
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import defaultdict
from decimal import Decimal
from ipaddress import ip_address
from itertools import zip_longest

import segments
from common import *

ALSO = ('netns/tcp-*.pcap', 'public/example.pcap', 'public/bro.org-filtered.pcap', 'public/206_example_b.pcap',
        'public/test-cc-capture-1.pcap', 'public/bot.pcap', 'public/missing-syn.pcap')
FIELDS = ('frame.time_epoch tcp.stream ip.src ipv6.src ip.dst ipv6.dst tcp.srcport tcp.dstport tcp.seq_raw tcp.ack_raw '
          'tcp.len tcp.flags tcp.options.timestamp.tsval tcp.options.timestamp.tsecr tcp.analysis.ack_rtt '
          'tcp.analysis.acks_frame frame.number').split()
ONLY = 'tcp and not ah and not icmp'    # AH owns its packets; ICMP quotes some
FIN, SYN, RST, ACK = 1, 2, 4, 16
STAT = 'n sum max dsum least'.split()
HEAD = ('file src sport dst dport synack ackdat ' +
        ' '.join('%s_%s' % (d, k) for d in 'fr' for k in ['all_n', 'all_sum', 'all_min'] + STAT + ['same'])).split()


def ahead(a, b):
    return (a - b + 2**31) % 2**32 - 2**31


class Leg:
    """samples of data in one direction"""
    def __init__(self):
        self.all, self.mine, self.least, self.same = [], [], [], True

    def take(self, ns, pure=False, frames=None):
        if not 0 <= ns < 2**32 * 1000:
            return
        if pure:
            self.least.append(ns // 1000)
            return
        self.mine.append(ns // 1000)
        self.same = self.same and frames is not None and frames[0] == frames[1]

    def columns(self):
        m, a = self.mine, self.all
        out = [len(a), sum(a), min(a)] if a else ['-'] * 3
        out += [len(m), sum(m), max(m), sum(abs(x - y) for x, y in zip(m, m[1:]))] if m else ['-'] * 4
        out.append(min(m + self.least) if m or self.least else '-')
        return out + [int(self.same and len(m) > 0)]


class Stream:
    def __init__(self, ends):
        self.ends = ends                 # of who opened it
        self.legs = [Leg(), Leg()]       # by sender of the data
        self.syn = [[], []]
        self.hs = ['-', '-']
        self.nxt = [None, None]
        self.timed = [None, None]        # end, time, frame
        self.stamps = [{}, {}]           # value -> time, pure, frame
        self.newest = [None, None]
        self.echoed = [None, None]
        self.ts = False
        self.done = False                # the first ACK of the handshake came
        self.exact = True                # no more than 16 timestamps waited

    def packet(self, x, t, frame, seq, ack, length, flags, val, ecr, rtt, acks):
        y = 1 - x
        if rtt is not None and rtt >= 0:
            self.legs[y].all.append(rtt)
        if flags & SYN:
            if flags & ACK and not self.syn[x] and len(self.syn[y]) == 1 and ack == (self.syn[y][0][1] + 1) % 2**32:
                self.hs[0] = (t - self.syn[y][0][0]) // 1000
                self.legs[y].take(t - self.syn[y][0][0], False, (self.syn[y][0][2], acks))
            self.syn[x].append((t, seq, frame))
            if self.nxt[x] is None:
                self.nxt[x] = (seq + 1) % 2**32
            return
        if flags & RST:
            return
        if flags & ACK and not self.done and self.syn[y] and x == 0:
            self.done = True
            if len(self.syn[y]) == 1 and ack == (self.syn[y][0][1] + 1) % 2**32:
                self.hs[1] = (t - self.syn[y][0][0]) // 1000
                self.legs[y].take(t - self.syn[y][0][0], False, (self.syn[y][0][2], acks))
        seglen = length + (flags & FIN)
        self.stamp(x, t, frame, seglen, flags, val, ecr, acks)
        self.one(x, t, frame, seq, ack, seglen, flags, acks)

    def stamp(self, x, t, frame, seglen, flags, val, ecr, acks):
        y = 1 - x
        if not val or not ecr:
            return
        if not self.ts:
            if not seglen:
                return
            self.ts = True
        if flags & ACK and ecr in self.stamps[y]:
            back = self.echoed[y] is not None and ahead(ecr, self.echoed[y]) < 0
            if back and len(self.stamps[y]) > 16:
                self.exact = False       # it may have had to make room
            self.echoed[y] = self.echoed[y] if back else ecr
            sent, pure, of = self.stamps[y].pop(ecr)
            if 0 <= t - sent <= 10 * 10**9:
                self.legs[y].take(t - sent, pure, (of, acks))
        if self.newest[x] is None or ahead(val, self.newest[x]) > 0:
            self.newest[x] = val
            self.stamps[x][val] = (t, not seglen, frame)
            waiting = [v for v, s in self.stamps[x].items() if t - s[0] <= 10 * 10**9 and
                       (self.echoed[x] is None or ahead(v, self.echoed[x]) >= 0)]
            self.exact = self.exact and len(waiting) <= 16

    def one(self, x, t, frame, seq, ack, seglen, flags, acks):
        y = 1 - x
        if flags & ACK and self.timed[y] is not None and ahead(ack, self.timed[y][0]) >= 0:
            if not self.ts and t - self.timed[y][1] <= 10 * 10**9:
                self.legs[y].take(t - self.timed[y][1], False, (self.timed[y][2], acks))
            self.timed[y] = None
        if not seglen:
            return
        if self.nxt[x] is not None and seq != self.nxt[x]:
            self.timed[x] = None         # a hole, or sent again
        elif self.timed[x] is None:
            self.timed[x] = ((seq + seglen) % 2**32, t, frame)
        end = (seq + seglen) % 2**32
        if self.nxt[x] is None or ahead(end, self.nxt[x]) > 0:
            self.nxt[x] = end

    def columns(self):
        return [*self.ends, *self.hs, *self.legs[0].columns(), *self.legs[1].columns()]


def ask(path):
    """the connections of a capture, by tshark; ports that were used twice are left out"""
    argv = ['tshark', '-n', '-r', path, '-Y', ONLY, '-T', 'fields', '-E', 'occurrence=l']
    for f in FIELDS:
        argv += ['-e', f]
    text = subprocess.run(argv, capture_output=True, env=ENV, timeout=LIMIT).stdout.decode()
    streams, ends = {}, defaultdict(set)
    for line in text.splitlines():
        w = line.split('\t')
        if len(w) != len(FIELDS) or not w[6] or not w[8] or not w[11]:
            continue
        t, n = int(Decimal(w[0]) * 10**9), int(w[1])
        me, peer = (w[2] or w[3], w[6]), (w[4] or w[5], w[7])
        number = [int(v, 0) if v else None for v in w[8:14]]
        seq, ack, length, flags, val, ecr = number
        if n not in streams:             # who answers a SYN did not open it
            streams[n] = Stream(peer + me if flags & SYN and flags & ACK else me + peer)
            ends[frozenset((me, peer))].add(n)
        s = streams[n]
        x = 0 if s.ends[:2] == me else 1
        rtt = int(Decimal(w[14]) * 10**9) // 1000 if w[14] else None
        s.packet(x, t, int(w[16]), seq, ack, length or 0, flags, val, ecr, rtt, int(w[15]) if w[15] else None)
    for key, numbers in ends.items():
        if len(numbers) > 1:
            for n in numbers:
                streams[n].exact = False
    return [s for _, s in sorted(streams.items()) if s.exact and (s.legs[0].all or s.legs[1].all)]


def asked(name, path):
    return [dict(zip(HEAD, [name, *map(str, s.columns())])) for s in ask(path)]


def make():
    version = subprocess.run(['tshark', '--version'], capture_output=True).stdout.decode().split('\n')[0].rstrip('.')
    print('# Round trips in tests/captures by %s; see rtt.py.' % version)
    print('# rtt.py --make: tshark -n -r FILE -Y "%s" -T fields -E occurrence=l -e %s' % (ONLY, ' -e '.join(FIELDS)))
    print('\t'.join(HEAD))
    for name in sorted(os.listdir(OWN)):
        if name.endswith('.pcap'):
            for row in asked(name, os.path.join(OWN, name)):
                print('\t'.join(row[h] for h in HEAD))


def ours(path):
    out, twice = {}, set()
    columns = 'synack,ackdat,tcprtt,' + ','.join('rtt%s_%s' % (s, f) for s in 'sd' for f in 'n sum max dsum min'.split())
    status, records, err = run(['pavo', '-q', '-r', path])
    if status not in (0, 2):
        raise Failure(err)
    for r in rows(['racluster', '-m', 'flow', '-nn', '--csv', '-s', 'proto,saddr,sport,daddr,dport,' + columns],
                  records):
        if r['proto'] == '6' and r['sport'] != '-':
            key = str(ip_address(r['saddr'])), r['sport'], str(ip_address(r['daddr'])), r['dport']
            twice |= {key} & out.keys()
            out[key] = r
    return {k: r for k, r in out.items() if k not in twice}


def us(text):
    """a duration as printed, in us"""
    return text if text == '-' else str(round(Decimal(text) * 10**6)) if '.' in text else text


def compare(tap, name, path, truth):
    try:
        mine = ours(path)
    except Failure as e:
        tap.ok(False, name, e)
        return
    wrong, same, legs = [], 0, 0
    for t in truth:
        key = str(ip_address(t['src'])), t['sport'], str(ip_address(t['dst'])), t['dport']
        r, turned = mine.get(key), False
        if r is None:
            r, turned = mine.get(key[2:] + key[:2]), True
        if r is None:
            wrong.append('%s: no such flow' % (key,))
            continue
        pairs = [(k, us(r[k]), t[k]) for k in ('synack', 'ackdat')]
        for d, leg in (('f', 's' if turned else 'd'), ('r', 'd' if turned else 's')):
            get = {k: r['rtt%s_%s' % (leg, k)] for k in 'n sum max dsum min'.split()}
            get = {k: us(v) if k != 'n' else v for k, v in get.items()}
            pairs += [('%s_%s' % (d, k), get['min' if k == 'least' else k], t['%s_%s' % (d, k)]) for k in STAT]
            legs += t[d + '_n'] != '-'
            if t[d + '_same'] == '1' and t[d + '_n'] == t[d + '_all_n'] and get['n'] not in ('-', '0'):
                same += 1
                mean, true = int(get['sum']) / int(get['n']), int(t[d + '_all_sum']) / int(t[d + '_all_n'])
                least = min(int(t[d + '_all_min']), int(t[d + '_least']))
                if abs(mean - true) > 0.05 * true or abs(int(get['min']) - least) > 1:
                    wrong.append('%s %s: mean %g, least %s; tshark has %g, %s' %
                                 (key, d, mean, get['min'], true, t[d + '_all_min']))
        wrong += ['%s %s: %s, tshark %s' % (key, k, a, b) for k, a, b in pairs if a != b]
    tap.ok(not wrong, '%s: %d connections, %d measured directions, %d of them by tshark\'s own pairs' %
           (name, len(truth), legs, same), *wrong)


def options(b):
    """the timestamps of TCP options: (TSval, TSecr), or None"""
    at = 0
    while at < len(b) and b[at] != 0:
        if b[at] == 1:
            at += 1
            continue
        if at + 2 > len(b) or b[at + 1] < 2 or at + b[at + 1] > len(b):
            return None
        if b[at] == 8 and b[at + 1] == 10:
            return struct.unpack_from('!II', b, at + 2)
        at += b[at + 1]
    return None


def pping(path):
    """the lines of --pping, by pping's rules"""
    def us(n):
        return '%d.%06d' % divmod(n, 10**6)

    with open(path, 'rb') as f:
        raw = f.read()
    seen, stamps, least = {}, {}, {}
    for x in segments.segments(raw):
        ts = options(x.opts)
        if ts is None or ts[0] == 0 or (ts[1] == 0 and x.flags & (SYN | ACK) != SYN):
            continue
        now, me, peer = round(x.t * 10**6), (x.src, x.sport), (x.dst, x.dport)
        if max(seen.get((me, peer), now), seen.get((peer, me), now)) < now - 300 * 10**6:
            raise Failure('%s: a flow is silent too long for this model' % path)
        seen[me, peer] = now
        if (peer, me) not in seen:
            continue
        if now - abs(stamps.get((me, peer, ts[0]), 0)) > 10**7:
            stamps[me, peer, ts[0]] = now
        sent = stamps.get((peer, me, ts[1]), 0)
        if sent <= 0 or not 0 <= now - sent <= 10**7:
            continue
        stamps[peer, me, ts[1]] = -sent      # the first echo only
        least[me, peer] = min(least.get((me, peer), now - sent), now - sent)
        yield ','.join([us(now), us(now - sent), us(least[me, peer]), str(ip_address(x.src)), str(x.sport),
                        str(ip_address(x.dst)), str(x.dport)])


def compare_pping(tap, name, path):
    try:
        want = ['time,rtt,min,saddr,sport,daddr,dport', *pping(path)]
        with tempfile.TemporaryDirectory() as d:
            out = os.path.join(d, 'out.csv')
            good(['pavo', '-q', '-r', path, '-w', os.path.join(d, 'out.pavo'), '--pping', out])
            with open(out) as f:
                got = f.read().splitlines()
    except Failure as e:
        tap.ok(False, name, e)
        return
    wrong = ['line %d: %s, should be %s' % (n, a, b)
             for n, (a, b) in enumerate(zip_longest(got, want), 1) if a != b]
    tap.ok(not wrong, '%s: %d lines of --pping' % (name, len(want)), *wrong[:5])


def main():
    tap = Tap()
    for path in sys.argv[1:]:
        compare(tap, path, path, asked(path, path))
        compare_pping(tap, path, path)
    if sys.argv[1:]:
        return
    for name, truth in sorted(by_file(table('rtt', HERE)).items()):
        compare(tap, name, os.path.join(OWN, name), truth)
    for path in sorted(glob.glob(os.path.join(OWN, 'tcp-*.pcap')) + (glob.glob(capture('netns/tcp-*.pcap')) if SHARED else [])):
        compare_pping(tap, os.path.relpath(path, CAPTURES if SHARED and path.startswith(CAPTURES) else OWN), path)
    if SHARED and not shutil.which('tshark'):
        tap.skip('more captures', 'tshark is not installed')
    elif SHARED:
        for path in [p for pattern in ALSO for p in sorted(glob.glob(capture(pattern)))]:
            name = os.path.relpath(path, CAPTURES)
            compare(tap, name, path, asked(name, path))
    tap.end()


if sys.argv[1:] == ['--make']:
    make()
else:
    main()

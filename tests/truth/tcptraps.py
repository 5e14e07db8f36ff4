# SPDX-License-Identifier: BSD-2-Clause
"""TCP at random, of the kinds in which the network is accused and has done nothing (SEMANTICS 14.1), against the model of the
rules (tcpmodel.py, all rules of the second edition) and against what is known from how each was made:

	keys	bytes typed one by one, some lost and sent again, and true keep-alives (a)
	skew	one direction is stamped late: acknowledgements before their data (b)
	fast	data on the SYN, taken or refused (c)
	reuse	connections with the same ports, live, closed, refused, challenged, one direction captured (d)
	steps	numbers far ahead, once or for good (e)
	deep	hundreds of holes open at a time; `holes`: more than are kept (f)
	knock	attempts to connect that are never answered (g)
	copies	every packet captured twice (h)

and the model itself against what is right of the captures in cases/.

	tcptraps.py [SEED [CONNECTIONS OF EACH KIND]]
"""
import os
import random
import struct
import sys

from cases import asked, read
from common import *
from frames import frames
from segments import segments
from talk import *
from tcpmodel import ALL, Ends, Model, s32
from tcprandom import MS, NUMBERS, connection, value

SEC = 10**6                              # times are in us
EVERYTHING = NUMBERS + ['ackfix', 'rtxunk']

# What fails today, and why.
KNOWN = {
}


class Voice:
    """speaks on a Talk, and lets the model hear it: both sides of one pair of ends"""

    def __init__(self, c, rng, port, v4=None):
        self.c, self.rng, self.port = c, rng, port
        self.kind = 'v4' if v4 or v4 is None and rng.random() < .6 else 'v6'
        self.ids = [rng.randint(1, 60000), rng.randint(1, 60000)]
        self.count = self.kind == 'v4' and (v4 or rng.random() < .6)
        self.life()

    def life(self):
        """new numbers, a new model"""
        rng, old = self.rng, getattr(self, 'isn', (None, None))
        while True:                      # a SYN with the same number is the same SYN
            self.isn = tuple(rng.choice((rng.randint(0, 2**32 - 1), 2**32 - rng.randint(1, 9000))) for _ in (0, 1))
            if self.isn[C] != old[C]:
                break
        self.m, self.scale = Model(ALL), None
        return self

    def say(self, t, side, off, n=0, ack=0, flags=ACK, win=502, scale=None, ts=None, ident=None, heard=True):
        """scale: of a SYN; -1: none"""
        c = self.c
        c.kind, c.ends, c.ports, c.isn = self.kind, [CLIENT[self.kind], SERVER[self.kind]], (self.port, 80), self.isn
        if ident is None:
            self.ids[side] = self.ids[side] % 65000 + 1
            ident = self.ids[side] if self.count else 0
        options = stamp(*ts) if ts else b''
        if flags & SYN and scale is not None and scale >= 0:
            options += b'\x03\x03' + bytes([scale]) + b'\x01'
        check = c.seg(t / SEC, side, off, n, ack, flags, win, ident=ident, options=options)
        if heard:
            self.m.step(t, side, self.isn[side] + 1 + off & 0xffffffff, self.isn[1 - side] + 1 + ack & 0xffffffff
                        if flags & ACK else 0, flags, win, n, ident if self.kind == 'v4' else None, ts, check, scale=scale)

    def open(self, t, rtt=30 * MS, near=1 * MS, scale=-1, win=502):
        self.say(t, C, -1, flags=SYN, win=64240, scale=scale)
        self.say(t + rtt - near, S, -1, flags=SYN | ACK, win=64240, scale=scale)
        self.say(t + rtt, C, 0, win=win)
        return t + rtt + 1 * MS


def flow(m, names, **more):
    """what the model has of one flow"""
    out = {s + n: m.n[k][n] for k, s in ((C, 's'), (S, 'd')) for n in names}
    out.update(more)
    return out


def agree(name, out, truth):
    """the model has to say what is known from how it was made"""
    off = {k: (v, out[k]) for k, v in truth.items() if out[k] != v}
    if off:
        raise Failure('%s: (truth, model) %s' % (name, off))
    return [out]


# --- the kinds: each writes the packets of one pair of ends and gives what is right of its flows, in order of time

def keys(c, rng, port, start):
    v = Voice(c, rng, port)
    t, off, echo = v.open(start), 0, 0
    again, ka = [0, 0], [0, 0]
    for _ in range(rng.randint(5, 20)):
        t += rng.randint(50, 500) * MS
        v.say(t, C, off, 1, echo)
        for _ in range(rng.choice((0, 0, 0, 1, 2))):         # lost behind the probe
            t += rng.randint(200, 600) * MS
            v.say(t, C, off, 1, echo)
            again[C] += 1
        off, t = off + 1, t + 28 * MS
        v.say(t, S, echo, 1, off)
        for _ in range(rng.choice((0, 0, 0, 1))):
            t += rng.randint(200, 600) * MS
            v.say(t, S, echo, 1, off)
            again[S] += 1
        echo, t = echo + 1, t + 1 * MS
        v.say(t, C, off, 0, echo)
        if rng.random() < .2:
            side = rng.choice((C, S))
            t += rng.randint(5, 20) * SEC
            v.say(t, side, (off, echo)[side] - 1, rng.choice((0, 1)), (echo, off)[side])
            t += 28 * MS
            v.say(t, 1 - side, (echo, off)[side], 0, (off, echo)[side])
            ka[side] += 1
    return agree('keys', flow(v.m, EVERYTHING + ['ka']), dict(
        srtxdn=again[C], drtxdn=again[S], ska=ka[C], dka=ka[S], snewbytes=off, dnewbytes=echo, srtxup=0, sspur=0, drtxup=0,
        dspur=0))


def skew(c, rng, port, start):
    """after the handshake the client's direction is stamped late, by more than its data takes to be answered"""
    late = rng.randint(10, 60000)
    shape = lambda x, seen: sorted(((r[0] + late * (r[1] == C),) + r[1:] for r in seen), key=lambda r: r[0])
    mine, server, truth = connection(c, rng, port, start, ALL, shape=shape)
    out = {s + n: m[n] for s, m in (('s', mine), ('d', server)) for n in EVERYTHING}
    if out['scapmiss'] - out['scapfix'] != truth['missing']:
        raise Failure('skew: missing %d, model %s' % (truth['missing'], out))
    return [out]


def fast(c, rng, port, start):
    v = Voice(c, rng, port)
    n, how, rtt = rng.randint(1, 1400), rng.choice(('taken', 'refused', 'refused', 'lost')), rng.randint(5, 80) * MS
    t = start
    v.say(t, C, -1, n, flags=SYN, win=64240, scale=-1)
    if how == 'lost':                    # RFC 7413 4.1.3: sent again without data
        t += 1 * SEC
        v.say(t, C, -1, 0, flags=SYN, win=64240, scale=-1)
    t += rtt
    v.say(t, S, -1, 0, n if how == 'taken' else 0, SYN | ACK, win=64240, scale=-1)
    t += 1 * MS
    if how == 'taken':
        v.say(t, C, n)
    else:
        cut = rng.choice((n, rng.randint(1, n)))             # in one piece or two
        v.say(t, C, 0, cut)
        if cut < n:
            v.say(t + 100, C, cut, n - cut)
    t, more = t + rtt, rng.randint(1, 1000)
    v.say(t, S, 0, 0, n)
    v.say(t + 5 * MS, S, 0, more, n)
    v.say(t + 6 * MS, C, n, 0, more)
    v.say(t + 9 * MS, C, n, 50, more)
    v.say(t + 9 * MS + rtt, S, more, 0, n + 50)
    return agree('fast', flow(v.m, EVERYTHING), dict(
        srtxdn=int(how == 'lost'), srtxup=0, sspur=0, sooo=0, snewbytes=n + 50, dnewbytes=more, scapmiss=0, sackgap=0, srtxb=0))


def deep(c, rng, port, start):
    """two paths, one of them longer; a few segments are truly lost before the probe"""
    v, size, step = Voice(c, rng, port), 200, 20
    rtt, ts = rng.randint(40, 80) * MS, rng.random() < .4
    t = v.open(start, rtt, scale=9, win=8192)
    n, late, share = rng.randint(600, 900), rng.randint(50, 850), rng.uniform(.2, .5)
    lost = set(rng.sample(range(10, n - 200), rng.randint(0, 3)))
    rows_, clock = [], rng.randint(1, 2**31)
    for k in range(n):
        v.ids[C] = v.ids[C] % 65000 + 1
        slow = k > 5 and k < n - 1 and rng.random() < share and k not in lost
        row = (k, v.ids[C] if v.count else 0, (clock + (t + k * step) // MS, 7) if ts else None)
        if k not in lost:
            rows_.append((t + k * step + slow * (late * step + 7),) + row)
    end = t + n * step + late * step
    for k in sorted(lost):
        at = max(t + k * step + rtt + 2 * MS, end)           # behind all that was late
        end = at + 200
        v.ids[C] = v.ids[C] % 65000 + 1
        rows_.append((at, k, v.ids[C] if v.count else 0, (clock + at // MS, 7) if ts else None))
    rows_.sort()
    have, top, a, ooo, acks = set(), -1, 0, 0, []
    for i, (at, k, ident, stamps) in enumerate(rows_):
        ooo += k < top and k not in lost
        top = max(top, k)
        have.add(k)
        while a in have:
            a += 1
        if i % 20 == 19 or i == len(rows_) - 1:              # what has passed the tap comes back after a round trip
            acks.append((at + rtt - 1 * MS, a * size, (99, stamps[0]) if ts else None))
    for at, what in sorted([(r[0], r) for r in rows_] + [(r[0], r) for r in acks], key=lambda e: e[0]):
        if len(what) == 4:
            v.say(at, C, what[1] * size, size, 0, ident=what[2], ts=what[3])
        else:
            v.say(at, S, 0, 0, what[1], ts=what[2])
    return agree('deep', flow(v.m, EVERYTHING), dict(
        srtxup=len(lost), srtxdn=0, sspur=0, srtxunk=0, sooo=ooo, sholeovf=0, snewbytes=n * size, scapmiss=0, sackgap=0))


def holes(c, rng, port, start):
    """650 holes, each filled later; no ID and no timestamp tells: what has been forgotten is no loss"""
    v, size = Voice(c, rng, port, v4=False), 200
    v.kind, v.count = 'v6', False
    t = v.open(start, 60 * MS, scale=9, win=8192)
    for k in range(1300):
        if k % 2 == 0:
            v.say(t + k * 5, C, k * size, size)
    for k in range(1300):
        if k % 2 == 1:
            v.say(t + 7 * MS + k * 5, C, k * size, size)
    v.say(t + 80 * MS, S, 0, 0, 1300 * size)
    n = v.m.n[C]
    if n['ooo'] + n['rtxunk'] != 649 or n['rtxup'] + n['rtxdn'] + n['spur'] or not 100 < n['rtxunk'] < 160:
        raise Failure('holes: model %s' % dict(n))
    truth = dict(srtxup=0, srtxdn=0, sspur=0, sdup=0, scapmiss=0)
    return agree('holes', flow(v.m, 'rtxup rtxdn spur dup capmiss'.split(), both={'sooo+srtxunk': 649}), truth)


def steps(c, rng, port, start):
    v = Voice(c, rng, port)
    scale, win = rng.choice((-1, 7, None)), 502
    t = start
    if scale is not None:
        t = v.open(t, scale=scale)
    off, echo, far, jumps, sent = 0, 0, [0, 0], 0, 0

    def talk(rounds):
        nonlocal t, off, echo
        for _ in range(rounds):
            t += rng.randint(5, 40) * MS
            v.say(t, C, off, 100, echo)
            off += 100
            v.say(t + 10 * MS, S, echo, 60, off)
            echo += 60
            v.say(t + 11 * MS, C, off, 0, echo)
            t += 12 * MS

    if scale == 7 and rng.random() < .5:             # ahead of what the server's first window will turn out to allow
        off = rng.randint(1 << 17, (1 << 20) - 200)
        sent -= off
        v.say(t, C, off, 100, echo)
        off += 100
        v.say(t + 10 * MS, S, echo, 0, off)
    talk(rng.randint(4, 10))
    for _ in range(rng.randint(1, 3)):
        jump = int(2 ** rng.uniform(21 if scale is None else 17, 30))        # beyond a mebibyte, or the windows
        what = rng.choice(('data', 'ack', 'gap', 'ackgap'))
        t += 20 * MS
        if what == 'data':               # a segment of somebody else
            v.say(t, C, off + jump, 100, echo)
            far[C] += 1
        elif what == 'ack':
            v.say(t, S, echo, 0, off + jump)
            far[S] += 1
        elif what == 'gap':              # much was not captured, then it goes on
            sent += off
            off += jump
            for k in range(3):
                v.say(t + k * 100, C, off, 100, echo)
                off += 100
            sent -= off - 300
            v.say(t + 10 * MS, S, echo, 0, off)
            jumps += 1
            t += 12 * MS
        else:                            # the same, and only the other side's packets tell
            sent += off
            off += jump
            sent -= off
            for k in range(3):
                v.say(t + k * MS, S, echo, 60, off)
                echo += 60
            v.say(t + 10 * MS, C, off, 0, echo)
            jumps += 1
            t += 12 * MS
        talk(rng.randint(4, 8))
    sent += off
    names = 'rtxup rtxdn spur ooo dup rtxunk newbytes'.split()
    out = flow(v.m, names, both={'scapmiss-scapfix': 0, 'dcapmiss-dcapfix': 0, 'sjumps+djumps': jumps})
    if scale is not None:                # without a scale nothing is known of windows
        out.update(soow=v.m.n[C]['oow'], doow=v.m.n[S]['oow'])
    truth = dict(srtxup=0, srtxdn=0, sspur=0, sooo=0, drtxup=0, drtxdn=0, dspur=0, snewbytes=sent, dnewbytes=echo)
    if scale is not None:
        truth.update(soow=far[C], doow=far[S])
    if (v.m.n[C]['capmiss'], v.m.n[S]['capmiss'], v.m.n[C]['jumps'] + v.m.n[S]['jumps']) != (0, 0, jumps):
        raise Failure('steps: %d, model %s' % (jumps, [dict(n) for n in v.m.n]))
    return agree('steps', out, truth)


def knock(c, rng, port, start):
    """SYNs that nobody answers: one attempt as long as the next wait is about twice the last one"""
    v, t, last, out = Voice(c, rng, port), start, None, []
    gap, factor = rng.choice((1, 1, 3, 20, 40)), rng.choice((1, 2, 2, 2, 3))
    ends = Ends()
    for k in range(rng.randint(2, 8)):
        if k:
            wait = min(gap * factor ** (k - 1), 200) * rng.uniform(.97, 1.03)
            limit = 30 if last is None else min(180, max(30, 2 * last + 5))
            if abs(wait - limit) < 1:
                break
            t += round(wait * SEC)
            if wait > limit:
                out.append([])
                last = None
            else:
                last = wait
        if not out:
            out.append([])
        out[-1].append(t)
        v.say(t, C, -1, flags=SYN, win=64240, scale=-1)
        ends.step(t, C, v.isn[C], 0, SYN, 64240, 0, None, None, 0, -1)
    right = [dict(spkts=len(f), ssyn=len(f), ssynrtx=len(f) - 1, conn='S0') for f in out]
    if [f.summary() for f in ends.end()] != [dict(spkts=r['spkts'], dpkts=0, conn='S0') for r in right]:
        raise Failure('knock: %s, model %s' % (right, [f.summary() for f in ends.flows]))
    return right


def copies(c, rng, port, start):
    """each packet again, as a port sees it that mirrors both sides of a router"""
    later, n = rng.choice((2, 10, 70, 500, 5 * MS, 50 * MS)), 0

    def tune(x):
        x.ident, x.twice, x.blind = 'count', 0, 0

    def shape(x, seen):
        nonlocal n
        out, ident = [], 10
        for r in seen:
            if r[1] == S:
                ident += 1
                r = r[:5] + (ident,) + r[6:]
            out += [r, (r[0] + later,) + r[1:]]
            n += r[1] == C
        return sorted(out, key=lambda r: r[0])

    state = rng.getstate()
    mine, server, _ = connection(Talk(), rng, port, start, ALL, tune=tune)
    rng.setstate(state)
    twice, _, _ = connection(c, rng, port, start, ALL, tune=tune, shape=shape)
    names = 'rtxup rtxdn spur ooo rtxunk tgapev rtxb newbytes datasegs capmiss ackgap'.split()
    # a repetition that was overtaken has an older ID than the newest: it counts as a copy, alone and with its own copy
    if any(mine[k] != twice[k] for k in names) or twice['dup'] != n + mine['dup']:
        raise Failure('copies: once %s, twice %s' % (dict(mine), dict(twice)))
    return [dict({'s' + k: twice[k] for k in names}, sdup=twice['dup'])]


def reuse(c, rng, port, start):
    """connections with the same ports, one after the other; flows and what is in them"""
    v, t, out, ends = Voice(c, rng, port), start, [], Ends()
    oneway, live = rng.random() < .15, False

    def say(at, side, off, n=0, ack=0, flags=ACK, scale=None):
        if oneway and side == S:
            return
        v.say(at, side, off, n, ack, flags, 64240 if flags & SYN else 502, scale)
        akn = v.isn[1 - side] + 1 + ack & 0xffffffff if flags & ACK else 0
        ends.step(at, side, v.isn[side] + 1 + off & 0xffffffff, akn, flags, 502, n, None, None, 0, scale)
        out[-1][('spkts', 'dpkts')[side]] += 1

    def begin():
        out.append(dict(spkts=0, dpkts=0, snewbytes=0, dnewbytes=0, srtxdn=0, conn=None))

    off = echo = 0
    for life in range(rng.randint(2, 5)):
        how = 'open'
        if not oneway:
            how = rng.choice(('open', 'open', 'slow', 'refused', 'challenge', 'silent') if live else
                             ('open', 'stale', 'two') if life == 0 else ('open',))
        old = v.isn
        if how in ('challenge', 'silent'):
            # a SYN that belongs to nothing new: the old numbers are all that the other side knows
            v.isn = (rng.randint(0, 2**32 - 1), old[1])
            say(t, C, -1, flags=SYN, scale=-1)
            v.isn = old
            if how == 'challenge':
                t += 20 * MS
                say(t, S, echo, 0, off)
            t += rng.randint(3, 8) * SEC
        begin()
        v.life()
        off = echo = 0
        say(t, C, -1, flags=SYN, scale=-1)
        if how == 'slow':                # the first SYN was lost behind the probe
            t += 1 * SEC
            say(t, C, -1, flags=SYN, scale=-1)
            out[-1]['srtxdn'] = 1
        t += 20 * MS
        if how == 'refused':
            say(t, S, -1, 0, 0, RST | ACK)
            out[-1]['conn'] = 'REJ'
            live = False
            t += rng.randint(6, 20) * SEC
            continue
        if how == 'stale':               # a segment of an older connection, and what answers it, end nothing
            isn = v.isn
            while True:                  # nearer than a mebibyte it would be data that came before its SYN-ACK
                v.isn = (rng.randint(0, 2**31) * 2 + 1, rng.randint(0, 2**31))
                if abs(s32(v.isn[S] - isn[S])) > 1 << 21:
                    break
            say(t, S, 0, 0, 0)
            say(t + 1 * MS, C, 0, 0, 0, RST)
            v.isn = isn
            t += 1 * SEC
            say(t, C, -1, flags=SYN, scale=-1)
            out[-1]['srtxdn'] = 1
            t += 20 * MS
        say(t, S, -1, flags=SYN | ACK, scale=-1)
        if how == 'two':                 # two servers behind a balancer: who is acknowledged counts
            isn, v.isn = v.isn, (v.isn[0], rng.randint(0, 2**32 - 1))
            say(t + 500, S, -1, flags=SYN | ACK, scale=-1)
            if rng.random() < .5:
                v.isn = isn
        t += 1 * MS
        say(t, C, 0)
        for _ in range(rng.randint(1, 6)):
            t += rng.randint(5, 300) * MS
            say(t, C, off, 100, echo)
            off += 100
            say(t + 20 * MS, S, echo, 50, off)
            echo += 50
            say(t + 21 * MS, C, off, 0, echo)
            t += 22 * MS
        out[-1].update(snewbytes=off, dnewbytes=0 if oneway else echo, conn='S0' if oneway else 'S1')
        live = True
        if rng.random() < .3:
            t += 10 * MS
            say(t, C, off, 0, echo, ACK | FIN)
            say(t + 20 * MS, S, echo, 0, off + 1, ACK | FIN)
            say(t + 21 * MS, C, off + 1, 0, echo + 1)
            out[-1]['conn'] = 'SH' if oneway else 'SF'
            live = False
        t += rng.choice((rng.randint(50, 900) * MS, rng.randint(2, 20) * SEC)) if live else rng.randint(1, 20) * SEC
    got = [f.summary() for f in ends.end()]
    want_ = [{k: f[k] for k in ('spkts', 'dpkts', 'conn')} for f in out]
    if got != want_:
        raise Failure('reuse: %s, model %s' % (want_, got))
    for f, x in zip(out, ends.flows):
        f.update(srtxup=0, sspur=0, drtxup=0, drtxdn=0, dspur=0)
        if not oneway:
            f.update(scapmiss=0, dcapmiss=0)
        model = flow(x.model, NUMBERS)
        agree('reuse', model, {k: n for k, n in f.items() if k in model})
    return out


KINDS = dict(keys=keys, skew=skew, fast=fast, reuse=reuse, steps=steps, deep=deep, holes=holes, knock=knock, copies=copies)
FEW = dict(deep=8, holes=2)              # long ones, one after the other: holes come from a pool


def names_of(right):
    """the columns that are needed; what the program does not know yet is not asked"""
    out = []
    for flows in right.values():
        for f in flows:
            for k in list(f) + [k for k in f.get('both', {})]:
                out += [n for part in k.split('+') for n in part.split('-')] if k != 'both' else []
    return [n for n in dict.fromkeys(out) if knows(n)]


def compare(right, records, names):
    got = {}
    for r in rows(['racluster', '-m', 'flow', '-nn', '--csv', '-s', 'stime,sport,dport,' + ','.join(names)], records):
        got.setdefault(max(int(r['sport']), int(r['dport'])), []).append(r)
    bad = []
    for port, flows in sorted(right.items()):
        have = sorted(got.get(port, []), key=lambda r: r['stime'])
        if len(have) != len(flows):
            bad.append('%d: %d flows, right are %d' % (port, len(have), len(flows)))
            continue
        for k, (f, r) in enumerate(zip(flows, have)):
            cell = lambda n: r.get(n, '-') if n == 'conn' else value(r.get(n, '-'))
            off = {n: (x, cell(n)) for n, x in f.items() if n != 'both' and x is not None and x != cell(n)}
            for n, x in f.get('both', {}).items():
                plus, minus = n.split('+'), n.split('-')
                y = sum(map(cell, plus)) if len(plus) > 1 else cell(minus[0]) - cell(minus[1])
                if x != y:
                    off[n] = x, y
            if off:
                bad.append('%d, flow %d, (right, ours): %s' % (port, k + 1, off))
    return bad


def at_random(tap, seed, n):
    for kind, make in KINDS.items():
        rng, c, right = random.Random('%d %s' % (seed, kind)), Talk(), {}
        for k in range(min(n, FEW.get(kind, n))):
            at = k * SEC // 2 if kind in FEW else rng.randint(0, 60 * SEC)
            right[10000 + k] = make(c, rng, 10000 + k, at)
        names = names_of(right)
        with scratch() as folder:
            path = os.path.join(folder, 'x.pcap')
            c.write(path)
            for T in ('1', '5', '60'):
                bad = compare(right, good(['pavo', '-q', '-S', T, '-r', path]), names)
                name = '%d connections, %s, -S %s' % (len(right), kind, T)
                tap.known(not bad, name, KNOWN.get(kind), '%d wrong' % len(bad), *bad)


# --- the model on captures whose right values are known

def model_of(name):
    """the flows of a capture of one connection after the other, by the model"""
    raw, ends, first = read(name), Ends(ALL), None
    whole = list(frames(raw))
    for s in segments(raw):
        first = first or s.src
        d = whole[s.frame - 1].data
        ident, check = struct.unpack_from('!H', d, 18)[0], struct.unpack_from('!H', d, 50)[0]
        ts, scale, at = None, -1, 0
        while at < len(s.opts) and s.opts[at] != 0:
            if s.opts[at] == 8:
                ts = struct.unpack_from('!II', s.opts, at + 2)
            if s.opts[at] == 3:
                scale = s.opts[at + 2]
            at += 1 if s.opts[at] == 1 else s.opts[at + 1]
        ends.step(round(s.t * SEC), C if s.src == first else S, s.seq, s.ack, s.flags, s.win, s.n, ident, ts, check, scale)
    return ends.end()


CHECKED = ('ack-before-data one-byte-rtx fastopen-refused port-reuse-open reorder-deep syn-backoff copies-burst '
           'copies-lan').split()


def on_cases(tap):
    for row in table('cases', HERE):
        name = row['file'].split('.')[0]
        if name not in CHECKED or row['ask'] != 'flow' or 'S' not in row['shapes'].split():
            continue
        flows, bad = model_of(row['file']), []
        numbers = []
        for f in flows:
            n = dict(f.summary())
            for k, s in ((C, 's'), (S, 'd')):
                n.update({s + x: f.model.n[k][x] for x in f.model.n[k]})
            n['loss'] = sum(n.get(s + x, 0) for s in 'sd' for x in ('rtxup', 'rtxdn'))
            numbers.append(n)
        for each, plus, minus, op, true in asked(row['right']):
            if op != '=' or plus in ('trans', 'n_caploss', 'ssyn', 'ssynrtx'):
                continue
            if plus == 'flows':
                have = len(flows)
            elif plus == 'conn':
                have = ','.join(sorted({n['conn'] for n in numbers}))
            else:
                all_ = [n.get(plus, 0) - sum(n.get(m, 0) for m in minus) for n in numbers]
                have = all_[0] if each and len(set(all_)) == 1 else all_ if each else sum(all_)
            if str(have) != true:
                bad.append('%s: right is %s, the model has %s' % (plus, true, have))
        tap.ok(not bad, 'the model: %s: %s' % (row['file'], row['right']), *bad)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 300 if os.environ.get('PAVO_LONG') else 40
    tap = Tap()
    on_cases(tap)
    at_random(tap, seed, n)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()

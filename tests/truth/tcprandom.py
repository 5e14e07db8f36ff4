# SPDX-License-Identifier: BSD-2-Clause
"""Transfers over a made-up path with known truth: loss before and behind the tap, reordering, packets captured twice,
packets not captured.  Ours has to be equal to the model of the rules (tcpmodel.py) in each class, for -S 1, 5 and
60; what the model and we say is beside the truth in a table.

	tcprandom.py [--table] [SEED [FLOWS]]	--table: the table of tests/RESULTS.md and nothing else
"""
import heapq
import os
import random
import sys

from common import *
from talk import *
from tcpmodel import Model, in_force

SIZE, MS = 200, 1000
CLASSES = 'rtxup rtxdn spur ooo dup'.split()
NUMBERS = CLASSES + ('tgapev rtxb newbytes capmiss capfix capooo ackev ackgap ackun datasegs dupack nullack frtx rto maxrtx '
                     'holeovf').split()
# Fields of the second edition; what the program does not know yet is not asked.
SECOND = [n for n in 'ackfix rtxunk jumps'.split() if knows('s' + n)] if knows('sackfix') else []


class Transfer:
    """a sender, the tap, a receiver; what passes the tap is in `seen`: (t, side, offset, length, ack, id, ts, truth)"""

    def __init__(self, rng):
        self.rng, self.seen, self.heap, self.n = rng, [], [], 0
        self.near, self.far = rng.randint(300, 15 * MS), rng.randint(1 * MS, 30 * MS)
        self.total, self.window = rng.randint(20, 120), rng.choice((4, 10, 20))
        p = lambda most: rng.random() ** 2 * most * rng.choice((0, 1, 1))
        self.lose_up, self.lose_dn, self.late_up, self.twice = p(.08), p(.08), p(.08), p(.04)
        self.lose_ack, self.blind = p(.04), p(.05) * rng.choice((0, 1))
        self.ident = rng.choice(('count', 'zero', 'v6'))
        self.ts = rng.random() < .5
        self.id, self.una, self.next, self.dups, self.fast, self.timer = rng.randint(1, 65000), 0, 0, 0, -1, 0
        self.got, self.copies, self.at_tap, self.top, self.acked = set(), {}, set(), -1, 0
        self.clock = rng.randint(1, 2**32 - 1)

    def at(self, t, act, *args):
        self.n += 1
        heapq.heappush(self.heap, (t, self.n, act, args))

    def send(self, t, k):
        copy = self.copies[k] = self.copies.get(k, -1) + 1
        self.id = self.id % 65535 + 1
        facts = (k, copy, self.id if self.ident == 'count' else 0, self.clock + t // MS)
        if self.rng.random() < self.lose_up:
            return
        late = self.rng.randint(1 * MS, 3 * MS) if self.rng.random() < self.late_up else 0
        self.at(t + self.near + late, self.tap_data, *facts)

    def tap_data(self, t, k, copy, ident, ts):
        if copy == 0:
            truth = 'ooo' if k < self.top else None
        else:
            truth = 'spur' if k < self.acked else 'rtxdn' if k in self.at_tap else 'rtxup'
        self.at_tap.add(k)
        self.top = max(self.top, k)
        row = (t, C, k * SIZE, SIZE, 0, ident, ts, truth)
        self.seen.append(row)
        if self.rng.random() < self.twice:
            self.seen.append((t + 20,) + row[1:7] + ('dup',))
        if self.rng.random() >= self.lose_dn:
            self.at(t + self.far, self.receive, k, ts)

    def receive(self, t, k, ts):
        self.got.add(k)
        a = 0
        while a in self.got:
            a += 1
        if self.rng.random() >= self.lose_ack:
            self.at(t + self.far, self.tap_ack, a, ts)

    def tap_ack(self, t, a, ts):
        self.acked = max(self.acked, a)
        self.seen.append((t, S, 0, 0, a * SIZE, 0, ts, None))
        self.at(t + self.near, self.ack, a)

    def ack(self, t, a):
        if a > self.una:
            self.una, self.dups = a, 0
            self.arm(t)
        elif a == self.una and a < self.next:
            self.dups += 1
            if self.dups == 3 and self.fast != a:
                self.fast = a
                self.send(t, a)
        self.fill(t)

    def fill(self, t):
        while self.next < self.total and self.next < self.una + self.window:
            self.send(t, self.next)
            self.next += 1
            t += 100

    def arm(self, t):
        self.timer += 1
        if self.una < self.total:
            self.at(t + 250 * MS + 2 * (self.near + self.far), self.expire, self.timer)

    def expire(self, t, timer):
        if timer == self.timer:
            self.send(t, self.una)
            self.arm(t)

    def play(self, t):
        self.fill(t)
        self.arm(t)
        while self.heap:
            t, _, act, args = heapq.heappop(self.heap)
            act(t, *args)
        self.seen.sort(key=lambda r: r[0])
        end = self.total * SIZE          # the last of all is always captured: no byte acknowledged may have been a FIN
        return [r for r in self.seen if not (r[1] == C and self.rng.random() < self.blind)] + [
            (t + MS, C, end, SIZE, 0, self.id % 65535 + 1 if self.ident == 'count' else 0, self.clock + t // MS + 1, None),
            (t + 2 * MS, S, 0, 0, end + SIZE, 0, self.clock + t // MS + 1, None)]


RULES = in_force()


def connection(c, rng, port, start, rules=RULES, tune=None, shape=None):
    """writes the packets of one transfer; the model's counts and the truth's; tune(Transfer) before it plays, shape(what
    passes the tap) gives what is captured"""
    x = Transfer(rng)
    if tune:
        tune(x)
    kind = 'v6' if x.ident == 'v6' else 'v4'
    c.kind, c.ends, c.ports = kind, [CLIENT[kind], SERVER[kind]], (port, 80)
    c.isn = tuple(rng.choice((rng.randint(0, 2**32 - 1), 2**32 - rng.randint(1, 9000))) for _ in (0, 1))
    m = Model(rules)
    server_id = 0

    def say(t, side, off, n, ack, flags, ident, options, ts):
        nonlocal server_id
        if side == S and not ident:
            server_id += 1
            ident = server_id if kind == 'v4' else 0
        check = c.seg(t / 10**6, side, off, n, ack, flags, 502, ident=ident, options=options)
        seq = c.isn[side] + 1 + off & 0xffffffff
        akn = c.isn[1 - side] + 1 + ack & 0xffffffff if flags & ACK else 0
        m.step(t, side, seq, akn, flags, 502, n, ident if kind == 'v4' else None, ts, check, scale=-1)

    rtt = 2 * (x.near + x.far)
    opts = lambda value, echo: stamp(value, echo) if x.ts else b''
    def ts_of(value, echo):
        return (value & 0xffffffff, echo & 0xffffffff) if x.ts else None
    first = x.clock + start // MS
    say(start, C, -1, 0, 0, SYN, x.id if x.ident == 'count' else 0, opts(first, 0), ts_of(first, 0))
    say(start + rtt - 2 * x.near, S, -1, 0, 0, SYN | ACK, 0, opts(77, first), ts_of(77, first))
    say(start + rtt, C, 0, 0, 0, ACK, x.id if x.ident == 'count' else 0, opts(first + 1, 77), ts_of(first + 1, 77))
    truth = dict.fromkeys(CLASSES, 0)
    have, acked = set(), 0
    nxt = union = 0
    rows_ = x.play(start + rtt + MS)
    for t, side, off, n, ack, ident, ts, what in shape(x, rows_) if shape else rows_:
        value, echo = (ts, 77) if side == C else (77 + t // MS, ts)
        if side == C:
            have.add(off)
            union += off < nxt
            nxt = max(nxt, off + n)
            if what:
                truth[what] += 1
        else:
            acked = max(acked, ack)
            nxt = max(nxt, ack)
        say(t, side, off, n, ack, ACK, ident, opts(value, echo), ts_of(value, echo))
    truth['missing'] = sum(SIZE for off in range(0, acked, SIZE) if off not in have)
    truth['union'] = union
    truth['blind'] = x.blind > 0
    return m.n[C], m.n[S], truth


def chaos(c, rng, port, start):
    """segments of both sides that no sender would send in this order: what was never acknowledged may be acknowledged
    with holes, windows close, probes and keep-alives come; numbers overlap as they like"""
    kind, count, ts = rng.choice(('v4', 'v6')), rng.random() < .5, rng.random() < .5
    c.kind, c.ends, c.ports = kind, [CLIENT[kind], SERVER[kind]], (port, 80)
    c.isn = tuple(rng.choice((rng.randint(0, 2**32 - 1), 2**32 - rng.randint(1, 2000))) for _ in (0, 1))
    m, ids, top = Model(RULES), [rng.randint(1, 60000), rng.randint(1, 60000)], [0, 0]
    last = [None, None]
    t = start

    def say(side, off, n, ack, flags, win, ident, stamps):
        check = c.seg(t / 10**6, side, off, n, ack, flags, win, ident=ident, options=stamp(*stamps) if stamps else b'')
        m.step(t, side, c.isn[side] + 1 + off & 0xffffffff, c.isn[1 - side] + 1 + ack & 0xffffffff if flags & ACK else 0, flags,
               win, n, ident if kind == 'v4' else None, stamps, check, scale=-1)

    for side, flags in ((C, SYN), (S, SYN | ACK), (C, ACK)):
        ids[side] += 1
        say(side, 0 if flags == ACK else -1, 0, 0, flags, 502, ids[side] if count else 0, (1 + side, 0 if flags == SYN else 1) if ts else None)
        t += rng.randint(1, 20) * MS
    for _ in range(rng.randint(10, 120)):
        t += rng.choice((rng.randint(11, 40), rng.randint(11, 400))) * MS   # further apart than copies are
        if last[0] and rng.random() < .08:   # the same packet again
            say(*last)
            continue
        side = rng.choice((C, C, S))
        off = rng.choice((top[side], top[side], top[side], max(0, top[side] - 1), rng.randint(0, top[side] // 50 + 4) * 50))
        n = rng.choice((0, 0, 1, 50, 100, 100, 200, 500))
        highest = m.side[1 - side].nxt
        top_other = 0 if highest is None else highest - m.side[1 - side].isn - 1
        ack = rng.choice((top_other, top_other, rng.randint(0, top_other)))
        ids[side] = ids[side] % 65000 + rng.choice((1, 1, 1, 1, 2, 5))
        last = [side, off, n, ack, ACK, rng.choice((502, 502, 502, 502, 400, 0)), ids[side] if count else 0,
                (t // MS & 0xffffffff, 1) if ts else None]
        say(*last)
        top[side] = max(top[side], off + n)
    return m.n[C], m.n[S]


# Round trips mean nothing here, so late and lost before the tap are not told apart, nor what triggered it.
CHAOS = [n for n in NUMBERS + SECOND if n not in ('rto', 'frtx', 'maxrtx', 'rtxup', 'ooo')] + 'ka zwp ackpkts'.split()
FILLS = ('rtxup', 'ooo')


def value(text):
    return int(text) if text not in ('-', '') else 0


def disorder(tap, rng, flows):
    c, expected = Talk(), {}
    for k in range(flows):
        expected[str(10000 + k)] = chaos(c, rng, 10000 + k, rng.randint(0, 60 * 10**6))
    names = ','.join(s + n for n in CHAOS + list(FILLS) for s in 'sd')
    with scratch() as folder:
        path = os.path.join(folder, 'x.pcap')
        c.write(path)
        for T in ('1', '60'):
            got = {r['sport']: r for r in rows(['racluster', '-m', 'flow', '-nn', '--csv', '-s', 'sport,' + names],
                                               good(['pavo', '-q', '-S', T, '-r', path]))}
            bad = []
            for p, both in expected.items():
                off = {s + n: (model[n], value(got[p][s + n])) for s, model in zip('sd', both) for n in CHAOS
                       if value(got[p][s + n]) != model[n]}
                for s, model in zip('sd', both):
                    fills = sum(model[n] for n in FILLS), sum(value(got[p][s + n]) for n in FILLS)
                    if fills[0] != fills[1]:
                        off[s + 'fills'] = fills
                bad += ['%s: model, ours %s' % (p, off)] if off else []
            tap.ok(not bad, '%d connections of segments at random, -S %s: as in the model' % (flows, T), '%d differ' % len(bad), *bad)


def babble(c, rng, port, start):
    """a connection met anywhere, with any flags and numbers: nothing can be expected of it but that sums agree"""
    c.kind = rng.choice(('v4', 'v6'))
    c.ends, c.ports = [CLIENT[c.kind], SERVER[c.kind]], (port, rng.choice((53, 80)))
    c.isn = tuple(rng.choice((rng.randint(0, 2**32 - 1), 2**32 - rng.randint(1, 3000), 0, 1)) for _ in (0, 1))
    t, top, oneway, ts = start, [0, 0], rng.random() < .2, rng.random() < .4
    if rng.random() < .3:
        c.open(t / 10**6)
        t += 60 * MS
    for _ in range(rng.randint(5, 150)):
        t += int(rng.choice((0, 1, 500, 3 * MS, 30 * MS, 300 * MS, 2500 * MS)) * rng.random())
        side, r = C if oneway else rng.choice((C, C, S)), rng.random()
        near = rng.choice((top[side], top[side], top[side] - 1, rng.randint(-300, top[side] + 800), top[side] + 5000))
        off = rng.randint(0, 2**32 - 1) if rng.random() < .01 else near
        flags = (ACK | FIN if r < .03 else ACK | RST if r < .04 else SYN if r < .05 else SYN | ACK if r < .06 else
                 rng.randint(0, 63) if r < .08 else ACK)
        n = rng.choice((0, 0, 1, 7, 100, 100, 300, 1460))
        ack = rng.randint(0, 2**32 - 1) if rng.random() < .02 else rng.choice((top[1 - side], rng.randint(0, top[1 - side] + 300)))
        c.seg(t / 10**6, side, -1 if flags & SYN else off, n, ack, flags, rng.choice((502, 502, 0, 65535, 1)),
              ident=rng.choice((None, None, 0, rng.randint(0, 65535))),
              options=stamp(t // MS - rng.choice((0, 0, 50)), rng.choice((1, t // MS - 20))) if ts else b'')
        if off == near:
            top[side] = max(top[side], off + n)


# Additive, whatever the bins are.
SUMS = [n for n in NUMBERS if n != 'maxrtx'] + SECOND + 'ka zwp zwin zwin_us wupd oow tsold winlim syn fin rst synrtx'.split()


def sums(T, folder):
    path, names = os.path.join(folder, 'x.pcap'), [s + n for n in SUMS for s in 'sd']
    out = {}
    for r in rows(['ra', '-nn', '--csv', '-s', 'flowid,sport,' + ','.join(names)], good(['pavo', '-q', '-S', T, '-r', path])):
        for k in names:
            # who is the source may differ: it stays as it is in the first record
            side = 'c' if (k[0] == 's') == (int(r['sport']) >= 10000) else 'v'
            text = r[k] if r[k] not in ('-', '') else '0'
            key = r['flowid'], side + k[1:]
            out[key] = out.get(key, 0) + (round(float(text) * 10**6) if '.' in text else int(text))
    return out


def wild(tap, rng, flows):
    c = Talk()
    for k in range(flows):
        babble(c, rng, 10000 + k, rng.randint(0, 20 * 10**6))
    with scratch() as folder:
        c.write(os.path.join(folder, 'x.pcap'))
        first = sums('5', folder)
        for T in ('1', '60'):
            got = sums(T, folder)
            bad = ['%s %s: -S 5 %s, -S %s %s' % (*k, first.get(k), T, got.get(k)) for k in sorted(set(first) | set(got))
                   if first.get(k) != got.get(k)]
            tap.ok(not bad, '%d connections of any packets: -S %s has the sums of -S 5' % (flows, T), *bad[:20])
        for less, more in (('capfix', 'capmiss'), ('ackgap', 'ackev')) + (('ackfix', 'ackgap'),) * knows('sackfix'):
            bad = ['%s: %s %d, %s %d' % (f, k, n, more, first[f, k[0] + more]) for (f, k), n in sorted(first.items())
                   if k[1:] == less and n > first[f, k[0] + more]]
            tap.ok(bool(first) and not bad, '%s is never more than %s' % (less, more), *bad[:20])


def main():
    words = [w for w in sys.argv[1:] if w != '--table']
    seed = int(words[0]) if words else 1
    flows = int(words[1]) if len(words) > 1 else 1000 if os.environ.get('PAVO_LONG') else 200
    tap = Tap()
    rng = random.Random(seed)
    c, expected = Talk(), {}
    for k in range(flows):
        expected[str(10000 + k)] = connection(c, rng, 10000 + k, rng.randint(0, 60 * 10**6))
    with scratch() as folder:
        path = os.path.join(folder, 'x.pcap')
        c.write(path)
        ours = {}
        for T in ('1', '5', '60'):
            records = good(['pavo', '-q', '-S', T, '-r', path])
            names = ','.join(s + n for n in NUMBERS + SECOND for s in 'sd')
            ours[T] = {r['sport']: {k: value(r[k]) for k in names.split(',')} for r in
                       rows(['racluster', '-m', 'flow', '-nn', '--csv', '-s', 'sport,' + names], records)}
    mine = ours['5']
    if '--table' in sys.argv:
        print('| class | truth | ours |\n|---|---|---|')
        for k in CLASSES:
            print('| %s | %d | %d |' % (k, sum(e[2][k] for p, e in expected.items() if not e[2]['blind']),
                                       sum(mine[p]['s' + k] for p, e in expected.items() if not e[2]['blind'])))
        return
    tap.ok(sorted(mine) == sorted(expected), '%d flows' % flows)
    for T in ('1', '60'):
        bad = ['%s: %s' % (p, {k: (v, mine[p][k]) for k, v in ours[T].get(p, {}).items() if v != mine[p][k]})
               for p in mine if ours[T].get(p) != mine[p]]
        tap.ok(not bad, 'the same for -S %s as for -S 5' % T, *bad)
    for n in NUMBERS + SECOND:
        bad = []
        for p, (cn, sn, _) in expected.items():
            for side, model in (('s', cn), ('d', sn)):
                got = mine.get(p, {}).get(side + n)
                if got != model[n]:
                    bad.append('%s %s: model %d, ours %s' % (p, side + n, model[n], got))
        tap.ok(not bad, '%s as in the model, %d flows' % (n, flows), '%d differ' % len(bad), *bad)
    again = ('srtxup', 'srtxdn', 'sspur', 'sooo', 'sdup', 'scapooo', 'srtxunk')
    bad = ['%s: %d below the highest, classes %d' % (p, e[2]['union'], sum(mine[p].get(k, 0) for k in again))
           for p, e in expected.items() if sum(mine[p].get(k, 0) for k in again) != e[2]['union']]
    tap.ok(not bad, 'each segment that is not plainly new is in exactly one class', *bad)
    bad = ['%s: missing %d, ours %d' % (p, e[2]['missing'], mine[p]['scapmiss'] - mine[p]['scapfix'])
           for p, e in expected.items() if mine[p]['scapmiss'] - mine[p]['scapfix'] != e[2]['missing']]
    tap.ok(not bad, 'bytes acknowledged and not captured: exact', *bad)
    clear = [p for p, e in expected.items() if not e[2]['blind']]
    for k in CLASSES:
        true, got = (sum(v) for v in ([expected[p][2][k] for p in clear], [mine[p]['s' + k] for p in clear]))
        tap.ok(abs(true - got) <= max(3, true * .15), '%s: truth %d, ours %d, in %d flows captured whole' %
               (k, true, got, len(clear)))
    disorder(tap, rng, flows)
    wild(tap, rng, flows)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()

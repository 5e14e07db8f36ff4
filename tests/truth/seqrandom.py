# SPDX-License-Identifier: BSD-2-Clause
"""Random traces of numbered carriers against an oracle that knows sets and lists and nothing else, from packets to rows:
loss, reordering and copies on the way, new SAs, and what looks like loss and is none: replays in bursts, restarts,
jumps, numbers of somebody else, one SA for a group of receivers (SEMANTICS 2.4, 14.2 a-c).

	seqrandom.py [SEED [TRACES]]
"""
import os
import random
import sys
from collections import defaultdict
from ipaddress import ip_address

from common import *
from peers import BASE
from vectors import KINDS, VECTORS, Wire, value

B = 4096                                 # how far behind a number is known: part of the definition of `stale`
MS = 1000                                # times are in us
EVERY = 10 * MS                          # 100 packets a second
NUMBERS = 'uniq net dup late stale badseq jumps jumpskip resets'.split()

# What fails today, and why.
KNOWN = {}


# --- the oracle

class Epoch:
    """numbers that follow each other"""

    def __init__(self, first):
        self.base = self.hi = first
        self.seen = {first}
        self.missing = {}                # number: (flow, bin) of the packet that jumped over it


class Oracle:
    """one SA: packet(number on the wire, time, flow); `n` has what each flow counted"""

    def __init__(self):
        self.n = defaultdict(lambda: dict.fromkeys(NUMBERS, 0))
        self.lost = defaultdict(int)     # (flow, second): net, of the packet that opened the gap
        self.now = self.thi = None
        self.far = None                  # a number that no rate explains, until the next packet
        self.run = []                    # packets in a row that do not advance, each a little above the one before
        self.candidate = None            # (its epoch, packets that it took behind the run, number of packets seen, time)
        self.slots = defaultdict(int)    # second: new numbers
        self.packets = 0

    def new(self, q, t, flow):
        self.n[flow]['uniq'] += 1
        self.slots[t // 10**6] += 1

    def packet(self, q, t, flow):
        self.packets += 1
        n = self.n[flow]
        if self.now is None:
            self.now, self.thi = Epoch(q), t
            self.new(q, t, flow)
            return
        if self.candidate:
            epoch, took, since, when = self.candidate
            if self.packets - since > 64 and t - when > 10**6:
                self.settle(True)
        if self.candidate:
            x = self.near(q, self.now.hi)
            if 0 < x - self.now.hi <= 64:
                self.settle(False)
            else:
                took.append((q, t, flow))
                return
        self.count(q, t, flow, n)

    @staticmethod
    def near(q, hi):
        return hi + ((q - hi + 2**31) % 2**32 - 2**31)

    def settle(self, real):
        """the candidate is the SA's new life, or was replays"""
        epoch, took, _, _ = self.candidate
        self.candidate, self.run = None, []
        if not real:
            for q, t, flow in took:
                lag = self.now.hi - self.near(q, self.now.hi)
                self.n[flow]['dup' if lag < B and self.near(q, self.now.hi) in self.now.seen else 'stale'] += 1
            return
        self.now = epoch
        self.n[epoch.flow]['resets'] += 1
        for number, (flow, second) in epoch.missing.items():
            self.n[flow]['net'] += 1
            self.lost[flow, second] += 1
        for q, t, flow in took:
            self.count(q, t, flow, self.n[flow])

    def limit(self, t):
        peak = max([k for s, k in self.slots.items() if s < t // 10**6], default=0)
        return max(1024, 4 * max(peak, 1000) * (t - self.thi + 10**6) / 10**6)

    def count(self, q, t, flow, n):
        e = self.now
        if self.far:
            p, pt, pflow = self.far
            self.far = None
            if 0 < self.near(q, p) - p <= 64:
                n['jumps'] += 1
                n['jumpskip'] += p - e.hi - 1
                e = self.now = Epoch(p)
                self.thi = pt
                self.new(p, t, flow)
            else:
                self.n[pflow]['badseq'] += 1
        x = self.near(q, e.hi)
        d = x - e.hi
        if d > self.limit(t):
            self.far = x, t, flow
            return
        if d > 0:
            for m in range(e.hi + 1, x):
                e.missing[m] = flow, t // 10**6
                n['net'] += 1
                self.lost[flow, t // 10**6] += 1
            e.seen.add(x)
            e.hi, self.thi, self.run = x, t, []
            self.new(x, t, flow)
            return
        if -d >= B:
            n['stale'] += 1
        elif x in e.seen:
            n['dup'] += 1
        else:
            e.seen.add(x)
            n['late'] += 1
            self.new(x, t, flow)
            if x in e.missing:
                who, second = e.missing.pop(x)
                self.n[who]['net'] -= 1
                self.lost[who, second] -= 1
        if self.run and not 0 < q - self.run[-1][0] <= 64:
            self.run = []
        self.run.append((q, t, flow))
        if len(self.run) == 8:
            fresh = Epoch(self.run[0][0])
            for before, (number, when, who) in zip(self.run, self.run[1:]):
                for m in range(before[0] + 1, number):
                    fresh.missing[m] = who, when // 10**6
                fresh.seen.add(number)
                fresh.hi = number
            fresh.flow = flow
            self.candidate = fresh, [], self.packets, t

    def end(self):
        """16 packets are a new life, the run included"""
        if self.candidate:
            self.settle(len(self.candidate[1]) + 8 >= 16)
        if self.far:
            self.n[self.far[2]]['badseq'] += 1


# --- traces

class Trace:
    """what one SA sends, and what of it is captured"""

    def __init__(self, rng, first, flows=1):
        self.rng, self.q, self.t, self.flows = rng, first, 0, flows
        self.out = []                    # (time, number, flow), as captured
        self.lives = [(set(), 0)]        # numbers captured of each, how many of them are not counted as new
        p = lambda most: rng.random() ** 2 * most
        self.loss, self.late, self.twice = p(.1), p(.1), p(.05)

    def put(self, t, q, flow):
        self.out.append((t, q, flow))

    def send(self, n, loss=None, late=0.0, twice=0.0):
        rng, (captured, _) = self.rng, self.lives[-1]
        loss = self.loss if loss is None else loss
        for k in range(n):
            self.t += EVERY
            flow = rng.randrange(self.flows)
            if rng.random() >= loss or k == n - 1:
                # a late one comes 1 to 60 places later
                later = rng.randint(1, 60) * EVERY + 3 * MS if rng.random() < late else 0
                self.put(self.t + later, self.q, flow)
                captured.add(self.q)
                if rng.random() < twice:
                    self.put(self.t + rng.randint(1, 60) * EVERY + 5 * MS, self.q, flow)
            self.q += 1

    def calm(self, n=70):
        """until nothing is late any more"""
        self.send(n)

    def life(self, uncounted=0):
        self.lives.append((set(), uncounted))

    def replays(self):
        """a burst of what was captured before, in its order or not; the numbers go on behind it"""
        rng, have = self.rng, sorted(self.lives[-1][0])
        m = rng.randint(1, 200)
        at = rng.randrange(max(1, len(have) - m))
        burst = have[at:at + m]
        if rng.random() < .25:
            rng.shuffle(burst)
        elif min(have) > 20000 and rng.random() < .5:
            start = min(have) - rng.randint(5000, 19000)      # from before the capture
            burst = [start + k for k in range(min(m, 500))]
        for k, q in enumerate(burst):
            self.put(self.t + MS + k * 20, q, rng.randrange(self.flows))

    def restart(self):
        """numbers begin again; some of the first ones may be lost"""
        self.q = self.rng.choice((1, 1, 1, 2, 5))
        self.life(8)
        self.t += self.rng.choice((0, 1, 5)) * 10**6
        self.send(1, 0)
        self.send(self.rng.randint(130, 160), self.rng.choice((0, .05, .1)))

    def jump(self):
        """more than 4 * 1000 numbers in a moment"""
        self.q += self.rng.choice((5000, 16384, 40000, 70000, 10**6, self.rng.randint(5000, 2**30)))
        self.life()
        self.send(2, 0)

    def wait(self):
        """numbers that the silence explains are lost"""
        seconds = self.rng.randint(2, 40)
        self.t += seconds * 10**6
        self.q += self.rng.randint(1, 3900 * seconds)

    def foreign(self):
        far = self.rng.choice((self.rng.randint(10**5, 2**30), -self.rng.randint(5000, 2**30)))
        self.put(self.t + MS, self.q + far, 0)


def settled(rng, trace):
    """at least 200 packets, the first 100 without loss: the numbers that a restart repeats were all captured"""
    trace.send(100, 0)
    trace.send(rng.randint(100, 250))


def plain(rng):
    x = Trace(rng, rng.choice((1, rng.randint(1, 10**5), 2**32 - rng.randint(1, 400))))
    x.send(1, 0)
    x.send(rng.randint(200, 500), None, x.late, x.twice)
    return [x]


def rekey(rng):
    x, y = plain(rng)[0], Trace(rng, 1)
    y.t = x.t + rng.randint(10, 500) * MS
    y.send(1, 0)
    y.send(rng.randint(100, 300), None, y.late, y.twice)
    return [x, y]


def replay(rng):
    x = Trace(rng, rng.choice((1, rng.randint(30000, 10**5))))
    settled(rng, x)
    for _ in range(rng.randint(1, 3)):
        x.send(40, None, x.late)
        x.calm()
        x.replays()
        x.send(1, 0)
        x.calm()
    return [x]


def tail(rng):
    """too few old ones at the end to be a life"""
    x = Trace(rng, rng.choice((1, rng.randint(30000, 10**5))))
    settled(rng, x)
    have = sorted(x.lives[-1][0])
    at, n = rng.randrange(len(have) - 16), rng.randint(8, 15)
    old = have[at:at + n] if have[0] == 1 else range(have[0] - 6000, have[0] - 6000 + n)
    for k, q in enumerate(old):
        x.put(x.t + MS + k * 20, q, 0)
    return [x]


def restart(rng):
    x = Trace(rng, rng.choice((1, rng.randint(10000, 10**5))))
    settled(rng, x)
    x.calm()
    x.restart()
    x.send(rng.randint(1, 200), None, x.late, x.twice)
    return [x]


def jump(rng):
    x = Trace(rng, rng.randint(1, 10**5))
    settled(rng, x)
    for _ in range(rng.randint(1, 3)):
        x.calm()
        x.jump()
        x.send(rng.randint(50, 150), None, x.late, x.twice)
    return [x]


def silence(rng):
    x = Trace(rng, rng.randint(1, 10**5))
    settled(rng, x)
    x.wait()
    x.send(rng.randint(50, 150), None, x.late, x.twice)
    return [x]


def foreign(rng):
    x = Trace(rng, rng.randint(1, 10**5))
    settled(rng, x)
    for _ in range(rng.randint(1, 4)):
        x.foreign()
        x.send(rng.randint(1, 60))
    return [x]


def group(rng):
    """one counter, several destinations"""
    x = Trace(rng, rng.choice((1, rng.randint(1, 10**5))), rng.randint(2, 6))
    x.send(30, 0)                        # each has had a packet before anything happens, most likely
    x.send(rng.randint(200, 500), None, x.late, x.twice)
    return [x]


def apart(rng):
    """the same SPI towards another destination with numbers of its own: two SAs"""
    x, y = plain(rng)[0], Trace(rng, 10**6 + rng.randint(1, 10**6))
    y.send(1, 0)
    y.send(rng.randint(100, 300), None, y.late, y.twice)
    y.out = [(t, q, 1) for t, q, _ in y.out]
    return [x, y]


def mixed(rng):
    x = Trace(rng, 1)
    settled(rng, x)
    for _ in range(rng.randint(2, 5)):
        x.calm()
        what = rng.choice('replays restart jump wait foreign'.split())
        if what == 'restart':
            # what the new life repeats was captured before, or is far behind: else it may be late, and new
            if len(x.lives) > 1 and min(x.lives[-1][0]) < 6000 or 4000 < x.q < 5000:
                continue
            x.send(max(0, 400 - x.q), 0)
        getattr(x, what)()
        x.send(1, 0)
        x.calm()
        x.send(100, 0)
    return [x]


TRACES = dict(plain=plain, rekey=rekey, replay=replay, tail=tail, restart=restart, jump=jump, silence=silence,
              foreign=foreign, group=group, apart=apart, mixed=mixed)
# Where a restart or a jump is believed only later, the bin in which its gaps count is not fixed.
BY_BIN = ('plain', 'rekey', 'replay', 'tail', 'silence', 'foreign', 'group', 'apart')


def sent_and_captured(traces):
    """from how the trace was made: numbers counted as new, numbers that are missing"""
    uniq = net = 0
    for x in traces:
        for captured, uncounted in x.lives:
            if captured:
                uniq += len(captured) - uncounted
                net += max(captured) - min(captured) + 1 - len(captured)
    return uniq, net


class Job:
    """a trace on its way: carrier, addresses, start; and what is true of each of its flows"""

    def __init__(self, rng, number, kind):
        self.kind, self.number, self.name = kind, number, '%s %d' % (kind, number)
        self.traces = TRACES[kind](rng)
        self.carrier = rng.choice(KINDS)
        self.start = rng.randint(0, 60 * 10**6)
        flows = 1 + max(flow for x in self.traces for _, _, flow in x.out)
        net = '2001:db8:%x::' % number if self.carrier == 'v6' else '10.%d.%d.' % (number >> 8, number & 255)
        self.src, self.dst = net + '100', [net + str(1 + n) for n in range(flows)]
        if rng.random() < .5:            # the lower address may be either
            self.dst = [net + str(200 + n) for n in range(flows)]

    def write(self, wire):
        wire.kind = self.carrier
        for n, x in enumerate(self.traces):
            spi = 0x10000000 + self.number * 4 + (0 if self.kind == 'apart' else n)
            for t, q, flow in sorted(x.out):
                wire.ends = self.src, self.dst[flow]
                wire.seq((self.start + t) / 10**6, 0, spi, q, 20)

    def truth(self):
        """flow -> counts; (flow, second) -> net"""
        counts, lost = defaultdict(lambda: dict.fromkeys(NUMBERS, 0)), defaultdict(int)
        for x in self.traces:
            o = Oracle()
            for t, q, flow in sorted(x.out):
                o.packet(q % 2**32, self.start + t, flow)
            o.end()
            for flow, n in o.n.items():
                for k in NUMBERS:
                    counts[flow][k] += n[k]
            for k, v in o.lost.items():
                lost[k] += v
        made = sent_and_captured(self.traces)
        have = tuple(sum(n[k] for n in counts.values()) for k in ('uniq', 'net'))
        if made != have:                 # the oracle and the maker of the trace have to agree
            raise Failure('%s: (new, missing) as made %s, by the oracle %s' % (self.name, made, have))
        return counts, lost


def ours(records):
    """(source, destination) -> counts; (source, destination, bin) -> net"""
    names = ','.join('s' + n for n in NUMBERS)
    counts = {}
    for r in rows(['racluster', '-r', records, '-m', 'saddr,daddr', '-nn', '--csv', '-s', 'saddr,daddr,spkts,' + names]):
        counts[r['saddr'], r['daddr']] = {k: value(r['s' + k]) or 0 for k in NUMBERS}
        counts[r['saddr'], r['daddr']]['pkts'] = value(r['spkts'])
    bins = defaultdict(int)
    for r in rows(['rabins', '-r', records, '-m', 'saddr,daddr', '-nn', '-u', '-p', '0', '--csv', '-s',
                   'bstart,saddr,daddr,snet']):
        bins[r['saddr'], r['daddr'], int(r['bstart'])] += value(r['snet']) or 0
    return counts, bins


def compare(job, truth, lost, got, bins, width):
    """width: of a bin; 0: bins are not compared"""
    bad = []
    for flow, true in sorted(truth.items()):
        key = str(ip_address(job.src)), str(ip_address(job.dst[flow]))
        mine = dict(got.get(key, {}))
        pkts = mine.pop('pkts', 0)
        if mine != true:
            off = {k: (true[k], mine.get(k)) for k in NUMBERS if true[k] != mine.get(k)}
            bad.append('%s %s to %s, (right, ours): %s' % (job.name, job.carrier, key[1], off))
        if pkts != sum(mine.get(k, 0) for k in ('uniq', 'dup', 'stale', 'badseq')):
            bad.append('%s: %d packets are not the sum of the classes' % (job.name, pkts))
        if width:
            each = defaultdict(int)
            for (who, second), n in lost.items():
                if who == flow:
                    each[(BASE + second) // width * width] += n
            off = {b: (n, bins[(*key, b)]) for b, n in each.items() if n != bins[(*key, b)]}
            if off:
                bad.append('%s: net lost by bin, (right, ours): %s' % (job.name, off))
    return bad


def on_vectors(tap):
    """the oracle itself has to have what the specification says"""
    known = {name: ([(q, n * EVERY) for n, q in enumerate(seqs)], right) for name, (seqs, right) in VECTORS.items()}
    known['E20'] = [(n + 16384 * (n > 50), n * 20 * MS) for n in range(1, 101)], dict(uniq=100, jumps=1, jumpskip=16384)
    known['E14'] = [(1, 0), (2, 100 * MS), (70002, 60100 * MS), (70003, 60200 * MS)], dict(uniq=4, lost=69999)
    bad = []
    for name, (packets, right) in known.items():
        o = Oracle()
        for q, t in packets:
            o.packet(q, t, 0)
        o.end()
        right = {'net' if k == 'lost' else k: n for k, n in right.items()}
        off = {k: (right.get(k, 0), n) for k, n in o.n[0].items() if n != right.get(k, 0)}
        bad += ['%s: (right, oracle) %s' % (name, off)] if off else []
    tap.ok(not bad, 'the oracle: %d vectors of the specification' % len(known), *bad)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    total = int(sys.argv[2]) if len(sys.argv) > 2 else 1000 if os.environ.get('PAVO_LONG') else 200
    tap, rng, wire = Tap(), random.Random(seed), Wire('esp')
    on_vectors(tap)
    kinds = list(TRACES)
    jobs = [Job(rng, n, kinds[n % len(kinds)]) for n in range(total)]
    for job in jobs:
        job.write(wire)
    truths = {job.name: job.truth() for job in jobs}
    with scratch() as folder:
        path, records = os.path.join(folder, 'x.pcap'), os.path.join(folder, 'x.pavo')
        wire.write(path)
        for T in ('1', '5', '60'):
            good(['pavo', '-q', '-S', T, '-r', path, '-w', records])
            got, bins = ours(records)
            for kind in kinds:
                these = [job for job in jobs if job.kind == kind]
                bad = sum((compare(job, *truths[job.name], got, bins, int(T) if kind in BY_BIN else 0) for job in these), [])
                tap.known(not bad, '%d traces, %s, -S %s: as in the oracle' % (len(these), kind, T), KNOWN.get(kind), *bad)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: BSD-2-Clause
"""Health flags end to end: captures written here, with one thing wrong each, or just not wrong enough.

A case says which bins (of 5 s) have which flags, all others have none, and parts of the connection's object.

	health.py [CASE...]	only these
"""
import json
import os
import sys

from common import *
from peers import BASE
from talk import ACK, C, FIN, RST, S, SYN, Talk, stamp

KEYS = {'bufbloat': 'BufferBloat', 'ackloop': 'AckLoop', 'asym': 'Asym', 'noans': 'NoAnswer', 'rej': 'Refused',
        'rtxstorm': 'RetransmitStorm', 'winlim': 'WindowLimited', 'rcvlim': 'ReceiverLimited', 'oow': 'OutOfWindow',
        'caploss': 'CaptureLoss', 'replay64': 'ReplayDrops', 'oneway': 'OneWay', 'highloss': 'HighLoss'}
SEGS, SIZE = 10, 1280                    # of a burst


def bursts(t, ms, n=8, side=C, segs=SEGS, win=502, start=5.5):
    """n bursts, each acknowledged at once, so long after its first segment; gives the time of the last one"""
    at = 0
    for k in range(n):
        first = start + k * 0.45
        for i in range(segs):
            t.seg(first + i * 1e-4, side, at, SIZE)
            at += SIZE
        t.seg(first + ms / 1e3, 1 - side, 0, 0, at, win=win)
    return start + (n - 1) * 0.45 + ms / 1e3


def handshake(t):
    """20 ms behind the probe, 1 ms before it"""
    t.open(rtt=0.021, near=0.001)


# R5: base 20 ms, 8 round trips, 100 KiB: yes at a mean of base + 100 ms, no below it.

def bloat(t):
    handshake(t)
    end = bursts(t, 150)
    # the handshake is the one round trip of both sides; in the bins behind it only one side has samples, which are no
    # round trip from end to end (rtt_n, SEMANTICS 14.6 g)
    return {5: 'bufbloat'}, {'throughput_bps': 8 * 102400 / end, 'sthroughput_bps': 8 * 102400 / end, 'dthroughput_bps': 0,
                             'latency_ms': 21, 'snewbytes': 102400, 'dur': end}, {5: 2}


def bloat_just(t):
    handshake(t)
    bursts(t, 120)
    return {5: 'bufbloat'}, {'latency_ms': 21}, {5: 2}


def bloat_not(t):
    handshake(t)
    bursts(t, 110)
    return {}, {'latency_ms': 21}, {}


def bloat_before(t):
    """the queue is on the source's side of the probe"""
    handshake(t)
    bursts(t, 150, side=S)
    return {5: 'bufbloat'}, {'latency_ms': 21, 'sthroughput_bps': 0}, {5: 1}


def bloat_few(t):
    """7 samples"""
    handshake(t)
    bursts(t, 150, n=7, segs=12)
    return {}, {'snewbytes': 107520}, {}


def bloat_small(t):
    """61440 bytes in the bin"""
    handshake(t)
    bursts(t, 150, segs=6)
    return {}, {'snewbytes': 61440}, {}


def bloat_closed(t):
    """the receiver closed its window for 10 ms: it is the receiver that is slow"""
    handshake(t)
    bursts(t, 150)
    t.a(9.8, 102400, win=0)
    t.a(9.81, 102400)
    return {}, {}, {}


# A4: two hosts that answer each acknowledgement with one, 2000 a second for 3 s.

def loop(t, rate=1000, seconds=3, shifted=0):
    handshake(t)
    t.d(0.1, 0, 100)
    t.a(0.12, 100)
    for k in range(rate * seconds):
        at = 5.5 + k / rate
        t.seg(at, C, 100 + shifted, 0, 0)
        t.a(at + 0.5 / rate, 100)


def ack_loop(t):
    loop(t)
    return {5: 'ackloop'}, {}, {}


def ack_loop_shifted(t):
    """numbers shifted by a middlebox: far behind the window"""
    loop(t, shifted=-(1 << 24))
    return {5: 'ackloop,oow'}, {}, {}


def ack_loop_limited(t):
    """Linux answers no more than 2 a second"""
    loop(t, rate=2, seconds=4)
    return {}, {}, {}


def keep_alive(t):
    handshake(t)
    t.d(0.1, 0, 100)
    t.a(0.12, 100)
    for k in range(1, 5):
        t.d(75.0 * k, 99, 0)
        t.a(75.0 * k + 0.02, 100)
    return {}, {}, {}


def refused(t):
    t.syn(0.0)
    t.seg(0.02, S, -1, 0, 0, RST | ACK, 0)
    return {0: 'rej'}, {'conn': 'REJ'}, {}


def reset_later(t):
    handshake(t)
    t.d(0.1, 0, 100)
    t.a(0.12, 100)
    t.seg(0.2, S, 0, 0, 100, RST | ACK, 0)
    return {}, {'conn': 'RSTR'}, {}


def closed_window(t):
    """R6: zero window from 4.0 to 7.5: 1 s of the first bin, 2.5 s of the second"""
    handshake(t)
    t.d(3.0, 0, 100)
    t.a(4.0, 100, win=0)
    t.a(7.5, 100)
    return {0: 'rcvlim', 5: 'rcvlim'}, {}, {}


def closed_shortly(t):
    """0.49 s of 5"""
    handshake(t)
    t.d(3.0, 0, 100)
    t.a(4.0, 100, win=0)
    t.a(4.49, 100)
    return {}, {}, {}


def capture_lost(t):
    """three segments acknowledged and never seen"""
    handshake(t)
    for k in range(10):
        if k not in (2, 5, 8):
            t.d(1 + k * 0.1, k * 100, 100)
        t.a(1.02 + k * 0.1, (k + 1) * 100)
    return {0: 'caploss'}, {}, {}


def capture_lost_two(t):
    handshake(t)
    for k in range(10):
        if k not in (2, 5):
            t.d(1 + k * 0.1, k * 100, 100)
        t.a(1.02 + k * 0.1, (k + 1) * 100)
    return {}, {}, {}


def lost(t, n, gone):
    """n segments; those in `gone` are lost behind the probe: seen, not acknowledged, sent again"""
    handshake(t)
    for k in range(n):
        at = 1 + k * 0.01
        t.d(at, k * 100, 100)
        if k not in gone:
            t.a(at + 0.004, (k + 1) * 100)
            continue
        for i in range(3):
            t.a(at + 0.002 + i * 1e-4, k * 100)
        t.d(at + 0.005, k * 100, 100)
        t.a(at + 0.009, (k + 1) * 100)


def loss(t):
    """3 of 300 segments with their repetitions: 1 %"""
    lost(t, 297, (50, 100, 150))
    return {0: 'highloss'}, {}, {}


def loss_two(t):
    lost(t, 100, (50, 70))
    return {}, {}, {}


def half(t):
    """only the client's packets are captured: what it acknowledges moves on"""
    t.syn(0.0)
    t.seg(0.021, C, 0)
    t.seg(0.022, C, 0, 100)
    for k in range(1, 11):
        t.seg(0.1 * k, C, 100, 0, 1000 * k)
    return {0: 'asym'}, {}, {}


def unheard(t):
    """SYNs, given up after 30 s: the END stands in the bin of the last one"""
    for at in (0.0, 1.0, 3.0, 7.0):
        t.syn(at)
    t.ports = (40001, 80)
    t.syn(50.0)
    return {5: 'noans'}, {'conn': 'S0', 'cause': 'idle', 'spkts': 4}, {}


def half_unheard(t):
    """one side captured, then silence: it would not have gone on without an answer"""
    half(t)
    t.ports = (40001, 80)
    t.syn(50.0)
    return {0: 'asym'}, {'cause': 'idle'}, {}


def nothing(t):
    handshake(t)
    for k in range(60):
        t.d(1 + k * 0.05, k * 1000, 1000)
        t.a(1.02 + k * 0.05, (k + 1) * 1000)
    t.seg(4.5, C, 60000, 0, 0, FIN | ACK)
    t.a(4.52, 60001, flags=FIN | ACK)
    t.seg(4.521, C, 60001, 0, 1)
    return {}, {'conn': 'SF', 'throughput_bps': 8 * 60000 / 4.521}, {}


CASES = [bloat, bloat_just, bloat_not, bloat_before, bloat_few, bloat_small, bloat_closed, ack_loop, ack_loop_shifted,
         ack_loop_limited, keep_alive, refused, reset_later, closed_window, closed_shortly, capture_lost, capture_lost_two,
         loss, loss_two, half, unheard, half_unheard, nothing]


def near(a, b):
    return a == b or (isinstance(b, (int, float)) and isinstance(a, (int, float)) and abs(a - b) <= 0.01 + 1e-4 * abs(b))


def check(tap, case, path):
    t = Talk()
    flags, parts, sides = case(t)
    t.write(path + '.pcap')
    good(['pavo', '-q', '-r', path + '.pcap', '-w', path])
    got, where = {}, {}
    for r in rows(['ra', '-r', path, '--csv', '-u', '-p', '0', '-s', 'bstart,health,bloatside', '-', 'flow or corr']):
        at = int(r['bstart']) - BASE
        if r['health'] not in ('.', '-', ''):
            got[at] = r['health']
        if r['bloatside'] not in ('.', '-', ''):
            where[at] = r['bloatside']
    tap.ok(got == flags, case.__name__ + ': flags', 'expected %s' % flags, 'got      %s' % got)
    words = {1: 'src', 2: 'dst', 3: 'both'}
    sides = {k: words[v] for k, v in sides.items()}
    tap.ok(where == sides, case.__name__ + ': side of the queue', 'expected %s' % sides, 'got      %s' % where)
    objects = [json.loads(line) for line in good(['racluster', '-r', path, '-m', 'flow', '--json']).splitlines()]
    o = objects[0]
    set_ = sorted({f for v in flags.values() for f in v.split(',')})
    said = sorted(f for f, k in KEYS.items() if o.get(k) is True)
    wrong = {k: o.get(k) for k, v in parts.items() if not near(o.get(k), v)}
    tap.ok(said == set_ and not wrong and all(isinstance(o.get(k), bool) for k in KEYS.values()),
           case.__name__ + ': object', 'expected %s %s' % (set_, parts), 'got      %s %s' % (said, wrong), json.dumps(o))
    total = rows(['racluster', '-r', path, '-m', 'none', '--csv', '-s', ','.join('n_' + f for f in KEYS)])[0]
    count = {f: sum(f in v.split(',') for v in flags.values()) for f in KEYS}
    got = {f: 0 if total['n_' + f] == '-' else int(total['n_' + f]) for f in KEYS}
    tap.ok(got == count, case.__name__ + ': counts of records', 'expected %s' % count, 'got      %s' % got)


def spike(path):
    """A4: the loop shows in the change of bytes from bin to bin; after it no packet, and then the end"""
    t = Talk()
    loop(t)
    t.d(21, 100, 100)
    t.write(path + '.pcap')
    good(['pavo', '-q', '-r', path + '.pcap', '-w', path])
    wire = [0] * 5
    for at, data in t.frames:
        wire[at // 5000000] += len(data)
    got = rows(['rabins', '-r', path, '-M', '5s', '--zero', '--delta', '--csv', '-u', '-p', '0', '-s', 'bstart,bytes'])
    want([[int(r['bstart']) - BASE, int(r['bytes'])] for r in got], [[i * 5, n] for i, n in enumerate(wire)], 'bytes')
    want([r['bytes_delta'] for r in got], ['-'] + [str(b - a) for a, b in zip(wire, wire[1:])], 'change')
    top = max(range(1, 5), key=lambda i: wire[i] - wire[i - 1])
    want((top, wire[1] > 100 * wire[0]), (1, True), 'the spike')


def spoken(path):
    """A3: how often one segment was sent again, as a distribution over connections"""
    t = Talk()
    for n, again in enumerate((0, 0, 1, 1, 1, 3)):
        t.ports = (40000 + n, 80)
        t.shift = n * 20.0
        handshake(t)
        for k in range(again + 1):
            t.d(0.1 + k * (1 << k), 0, 100)
        t.a(0.15 + again * (1 << again), 100)
    t.write(path + '.pcap')
    good(['pavo', '-q', '-r', path + '.pcap', '-w', path])
    good(['racluster', '-r', path, '-m', 'flow', '-w', path + '.flows'])
    got = json.loads(good(['rahisto', '-r', path + '.flows', '-o', 'smaxrtx', '--width', '1', '--json']))['ranges']
    want([(g['from'], g['count']) for g in got if g['count']], [(0, 2), (1, 3), (3, 1)], 'connections by most repetitions')


def main():
    tap = Tap()
    with scratch() as folder:
        for act in (spike, spoken):
            try:
                act(os.path.join(folder, act.__name__))
                tap.ok(True, act.__doc__)
            except Failure as e:
                tap.ok(False, act.__doc__, str(e))
        for case in CASES:
            if sys.argv[1:] and case.__name__ not in sys.argv[1:]:
                continue
            try:
                check(tap, case, os.path.join(folder, case.__name__))
            except Failure as e:
                tap.ok(False, case.__name__, str(e))
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()

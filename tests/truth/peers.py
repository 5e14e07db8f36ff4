# SPDX-License-Identifier: BSD-2-Clause
"""The cases in which argus is known to go wrong: captures written here, argus where it is installed, pavo,
and the truth, which is counted while the packets are written.  pavo has to be equal to the truth in each row.

	peers.py [--table]	print the table of tests/RESULTS.md
"""
import os
import random
import shutil
import struct
import sys
from ipaddress import ip_address

from common import *

A, B, A6, B6 = '10.0.0.1', '10.0.0.2', '2001:db8::1', '2001:db8::2'
BASE = 1600000000                        # a multiple of 60 s
MTU = 1480                               # of a fragment's payload


def ip(src, dst, proto, data, ident=0, offset=0, more=False):
    s, d = ip_address(src), ip_address(dst)
    if s.version == 6:
        return struct.pack('!IHBB', 6 << 28, len(data), proto, 64) + s.packed + d.packed + data
    head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(data), ident, more << 13 | offset // 8, 64, proto, 0)
    head += s.packed + d.packed
    total = sum(struct.unpack('!10H', head))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return head[:10] + struct.pack('!H', ~total & 0xffff) + head[12:] + data


def ether(packet):
    return bytes.fromhex('020000000002' '020000000001') + (b'\x86\xdd' if packet[0] >> 4 == 6 else b'\x08\x00') + packet


class Case:
    """packets of one capture, and what is true of them"""

    def __init__(self):
        self.frames, self.ident = [], 0

    def put(self, t, packet):
        self.frames.append((round(t * 10**6), ether(packet)))

    def esp(self, t, src, dst, spi, seq, size=100, udp=False):
        data = struct.pack('!II', spi, seq & 0xffffffff) + bytes(size)
        proto = 50
        if udp:
            data, proto = struct.pack('!HHHH', 4500, 4500, 8 + len(data), 0) + data, 17
        self.ident = self.ident + 1 & 0xffff
        for at in range(0, len(data), MTU):
            self.put(t + at / MTU * 10**-4, ip(src, dst, proto, data[at:at + MTU], self.ident, at, at + MTU < len(data)))

    def send(self, seqs, src=A, dst=B, spi=0x17e3e6f7, start=0.0, every=0.01, **how):
        for n, seq in enumerate(seqs):
            self.esp(start + n * every, src, dst, spi, seq, **how)

    def write(self, path):
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for t, data in sorted(self.frames, key=lambda x: x[0]):
                f.write(struct.pack('<IIII', BASE + t // 10**6, t % 10**6, len(data), len(data)) + data)


def without(seqs, *gone):
    return [s for s in seqs if s not in gone]


def back(c, n=1000, **how):
    c.send(range(1, n + 1), src=B, dst=A, spi=0x0bfe0e52, start=0.003, **how)


# Each makes a capture and says what is true: flows, packets and lost of either side, and what else there is.

def clean(c):
    c.send(range(1, 1001))
    back(c)
    return 1, 1000, 1000, 0, 0, {}


def reorder(c):
    s = list(range(1, 1001))
    for i in range(5, 995, 10):
        s[i], s[i + 1] = s[i + 1], s[i]
    c.send(s)
    return 1, 1000, 0, 0, 0, {'slate': 99}


def late(c):
    c.send(without(range(1, 1001), 490))
    c.esp(6.35, A, B, 0x17e3e6f7, 490)   # 1.45 s after its turn, in the next bin
    return 1, 1000, 0, 0, 0, {'slate': 1}


def dup(c):
    s = [1] + [1] + [n for n in range(2, 1001) if n % 20 != 10]     # one packet twice, then 50 lost
    c.send(s)
    return 1, len(s), 0, 50, 0, {'sdup': 1}


def olddup(c):
    s = []
    for n in range(1, 1001):
        s += [n] + [n - 3] * (n % 10 == 5)
    c.send(s)
    return 1, 1100, 0, 0, 0, {'sdup': 100}


def frag(c):
    for src, dst, spi, start in ((A, B, 0x17e3e6f7, 0), (B, A, 0x0bfe0e52, 0.003)):
        for n in range(1, 401):
            c.esp(start + n * 0.01, src, dst, spi, n, 1800 if n % 5 == 0 else 100)
    return 1, 480, 480, 0, 0, {'sfragok': 80, 'dfragok': 80, 'sfrags': 160, 'dfrags': 160}


def wrap(c):
    c.send(n & 0xffffffff for n in range(2**32 - 100, 2**32 + 100))
    return 1, 200, 0, 0, 0, {'swrap': 1}


def v6(c):
    c.send(range(1, 201), A6, B6)
    c.send(range(1, 201), B6, A6, 0x0bfe0e52, 0.003)
    return 1, 200, 200, 0, 0, {}


def natt(c):
    c.send(without(range(1, 501), *range(50, 500, 45)), udp=True)
    back(c, 500, udp=True)
    return 1, 490, 500, 10, 0, {}


def rekey(c):
    c.send(without(range(1, 501), *range(50, 300, 50)))
    c.send(range(1, 1001), B, A, 0x0bfe0e52, 0.003)
    c.send(without(range(1, 501), *range(50, 300, 50)), spi=0x17e3e6f8, start=5)
    return 1, 990, 1000, 10, 0, {'srekeys': 1}


def gap(c):
    c.send(range(1, 101))
    c.send(range(70201, 70401), start=1)     # 70100 numbers later, no time has gone by
    return 1, 300, 0, 0, 0, {'sjumps': 1, 'sjumpskip': 70100}


def bidirectional(c):
    c.send(without(range(5000, 6000), *range(5100, 5110)))
    back(c)
    return 1, 990, 1000, 10, 0, {}


def colliding(c):
    """the same SPI both ways, and in another tunnel of the same sender"""
    c.send(without(range(1, 501), 100, 200), spi=0x100)
    c.send(without(range(1, 501), 300), B, A, 0x100, 0.003)
    c.send(range(1, 501), A, '10.0.0.3', 0x100, 0.005)
    return 2, 998, 499, 2, 1, {}


def pause(c):
    c.send(range(1, 101))
    c.send(range(111, 211), start=41)        # ten were lost in 40 s of silence
    return 1, 200, 0, 10, 0, {'snoutage': 1}


CASES = (clean, reorder, late, dup, olddup, frag, wrap, v6, natt, rekey, gap, pause, bidirectional, colliding)


def said(flows, spkts, dpkts, slost, dlost, more):
    return ', '.join(['%d flow%s %d/%d' % (flows, 's' * (flows != 1), spkts, dpkts), 'lost %d/%d' % (slost, dlost)] +
                     ['%s %d' % (n, more[n]) for n in sorted(more)])


def ours(path, more):
    records = good(['pavo', '-q', '-r', path])
    names = ['trans', 'spkts', 'dpkts', 'slost', 'sfix', 'dlost', 'dfix'] + sorted(more)
    sums = dict.fromkeys(names, 0)
    got = rows(['racluster', '-m', 'tunnel', '-nn', '--csv', '-s', 'proto,' + ','.join(names)], records)
    for r in got:
        for n in names:
            sums[n] += int(r[n]) if r[n] != '-' and r['proto'] == '50' else 0
    return said(sums['trans'], sums['spkts'], sums['dpkts'], sums['slost'] - sums['sfix'], sums['dlost'] - sums['dfix'],
                {n: sums[n] for n in more})


def start_argus(path):
    """None where there is no argus"""
    if None in (shutil.which('argus'), shutil.which('ra')):
        return None
    line = 'argus -X -r "$0" -w "$0.argus" && ra -X -nn -r "$0.argus" -c , -s proto saddr sport daddr dport spkts dpkts sloss dloss'
    return subprocess.Popen(['sh', '-c', line, path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True, env=dict(ENV, HOME=os.path.dirname(path)))


def argus(process):
    """its records of ESP, or of the UDP that carries it"""
    if process is None:
        return None
    try:
        out = process.communicate(timeout=LIMIT)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    flows, records, pkts, lost = set(), 0, [0, 0], [0, 0]
    for line in out.split('\n'):
        f = line.split(',')
        if len(f) != 9 or f[0] not in ('50', '17'):
            continue
        flows.add(tuple(f[:5]))
        records += 1
        for n in (0, 1):
            pkts[n] += int(f[5 + n] or 0)
            lost[n] += int(f[7 + n] or 0)
    if not flows:
        return 'nothing'
    kind = {'50': 'ESP', '17': 'UDP'}[min(f[0] for f in flows)]
    return '%d %s record%s, %d/%d, lost %d/%d' % (records, kind, 's' * (records > 1), *pkts, *lost)


def main():
    show = '--table' in sys.argv
    tap = Tap()
    with scratch() as folder:
        made = []
        for case in CASES:
            c = Case()
            truth = case(c)
            path = os.path.join(folder, case.__name__ + '.pcap')
            c.write(path)
            made.append((case.__name__, truth, path, start_argus(path)))
        for name, truth, path, process in made:
            try:
                p = ours(path, truth[5])
            except Failure as e:
                p = str(e)
            t, a = said(*truth), argus(process)
            if show:
                print('| %s | %s | %s | %s |' % (name, a or '(not installed)', 'the same' if p == t else p, t))
                continue
            tap.ok(p == t, 'case ' + name, 'truth %s' % t, 'pavo  %s' % p)
            if a is None:
                tap.skip('argus, case ' + name, 'argus is not installed')
            else:
                print('# argus: ' + a)
    if not show:
        print('1..%d' % tap.n)
        sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()

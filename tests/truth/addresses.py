# SPDX-License-Identifier: BSD-2-Clause
"""No address that is in no packet stands in a record (SEMANTICS 14.3 a).

Both addresses of each record stand, as bytes, in one frame of the capture, and each of its MACs in some frame: in every
capture, and in frames that were damaged at random.  In cases/, where only documentation addresses and a few MACs were
written, there is no other.

	addresses.py [SEED [FRAMES]]
"""
import bisect
import glob
import gzip
import os
import random
import struct
import sys
from ipaddress import ip_address, ip_network

from common import *
from frames import ETHERNET, frames

CASES = os.path.join(SRC, 'tests', 'cases')
DOCUMENTATION = [ip_network(n) for n in ('192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32')]
WRITTEN = {                              # by make_query_cases.py, beside those
    'lookalikes.pcap': ('0.0.0.0', '255.255.255.255', '::', 'ff02::16', '::192.0.2.1', '::ffff:192.0.2.1', '::ffff:198.51.100.1'),
}
TOGETHER = 500                           # damaged frames in one capture
# Words that decoders look at: types of Ethernet, and what else makes another layer of the next bytes.
TYPES = [struct.pack('!H', n) for n in (0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x8847, 0x8848, 0x8864, 0x88be, 0x22eb, 0x6558,
                                        0x88e7, 0x8903, 0x8909, 0x880b, 0x0021, 0x0057, 4789, 6081, 2152, 1701, 3544, 6635,
                                        8472, 4500, 53)]
PROTOCOLS = (0, 1, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 60, 115, 132, 137)

# File, or 'damaged': why it fails today.
KNOWN = {
}


class Bytes:
    """where something stands in the frames of a capture"""

    def __init__(self, datas):
        self.blob, self.ends, at = b''.join(datas), [], 0
        for d in datas:
            at += len(d)
            self.ends.append(at)

    def holding(self, what):
        """numbers of the frames"""
        at = self.blob.find(what)
        while at >= 0:
            n = bisect.bisect_right(self.ends, at)
            if at + len(what) <= self.ends[n]:
                yield n
                at = self.blob.find(what, self.ends[n])
            else:
                at = self.blob.find(what, at + 1)

    def frame(self, n):
        return self.blob[self.ends[n - 1] if n else 0:self.ends[n]]


def records(path):
    """(both addresses, MACs) of the records; a capture may be damaged"""
    st, out, err = run(['pavo', '-q', '-r', path])
    if st not in (0, 2):
        raise Failure('pavo: exit %d: %s' % (st, err))
    pairs, macs = set(), set()
    for r in rows(['ra', '-nn', '--csv', '-s', 'saddr,daddr,smac,dmac'], out):
        pairs.add((r['saddr'], r['daddr']))
        macs |= {r['smac'], r['dmac']} - {'-', ''}
    return pairs, macs


def check(path, datas):
    """what stands in no frame"""
    where, bad = Bytes(datas), []
    pairs, macs = records(path)
    for pair in sorted(pairs):
        wanted = [ip_address(a).packed for a in pair if a not in ('-', '')]
        if wanted and not any(all(w in where.frame(n) for w in wanted) for n in where.holding(wanted[0])):
            bad.append('%s and %s stand in no frame together' % pair)
    for mac in sorted(macs):
        if next(where.holding(bytes.fromhex(mac.replace(':', ''))), None) is None:
            bad.append('%s stands in no frame' % mac)
    return bad


def foreign(path):
    """addresses that nobody wrote into cases/"""
    pairs, macs = records(path)
    written = [ip_address(a) for a in WRITTEN.get(os.path.basename(path), ())]
    bad = ['%s was never written' % a for a in sorted({a for p in pairs for a in p} - {'-', ''})
           if not any(ip_address(a) in net for net in DOCUMENTATION) and ip_address(a) not in written]
    return bad + ['%s was never written' % m for m in sorted(macs) if m[:14] not in ('02:00:00:00:00', '4c:00:00:00:00')]


def damaged(rng, d, others):
    """the frame, with one to four things wrong, most of them where headers are"""
    d = bytearray(d)
    for _ in range(rng.randint(1, 4)):
        if len(d) < 4:
            break
        at, how = min(int(rng.expovariate(1 / 30)), len(d) - 1), rng.randrange(8)
        if how == 0:
            d[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            d[at] = rng.choice((0, 1, 0x45, 0x46, 0x4f, 0x60, 0x6f, 0x7f, 0x80, 0xff, rng.randrange(256)))
        elif how == 2:
            d[at:at + 2] = rng.choice(TYPES)
        elif how == 3:
            d[at] = rng.choice(PROTOCOLS)
        elif how == 4:
            del d[at:at + rng.choice((1, 2, 4, 8, 20))]
        elif how == 5:
            d[at:at] = rng.randbytes(rng.choice((1, 2, 4, 8, 20)))
        elif how == 6:
            del d[rng.randrange(4, len(d) + 1):]
        else:
            d[at:] = rng.choice(others)[rng.choice((0, 14, 34)):]
    return bytes(d[:2000])


def write(path, datas, wires):
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, ETHERNET))
        for n, d in enumerate(datas):
            f.write(struct.pack('<IIII', 1600000000 + n // 100, n % 100 * 10000, len(d), max(len(d), wires[n])) + d)


def main():
    tap = Tap()
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    total = int(sys.argv[2]) if len(sys.argv) > 2 else 10**5 if os.environ.get('PAVO_LONG') else 10**4
    rng, whole = random.Random(seed), []
    own = {r['file'] for r in table('files')}
    for path in [capture(n) for n in sorted(own)] + sorted(glob.glob(os.path.join(CASES, '*.pcap*'))):
        with open(path, 'rb') as f:
            raw = f.read()
        here = list(frames(gzip.decompress(raw) if raw[:2] == b'\x1f\x8b' else raw))
        ether = [f for f in here if f.link == ETHERNET]
        whole += rng.sample(ether, min(400, len(ether)))
        name = os.path.relpath(path, CASES if path.startswith(CASES) else CAPTURES)
        bad = check(path, [f.data for f in here])
        if path.startswith(CASES):
            bad += foreign(path)
        tap.known(not bad, name, KNOWN.get(name), *bad)
    with scratch() as folder:
        path, bad = os.path.join(folder, 'x.pcap'), []
        whole.sort(key=lambda f: f.data)
        datas = [f.data for f in whole]
        for _ in range(max(1, total // TOGETHER)):
            some = rng.choices(whole, k=TOGETHER)
            hurt = [damaged(rng, f.data, datas) for f in some]
            write(path, hurt, [f.wire for f in some])
            bad += check(path, hurt)
        tap.known(not bad, '%d damaged frames' % total, KNOWN.get('damaged'), *bad)
    tap.end()


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: BSD-2-Clause
"""An address is of the family of its packet (SEMANTICS 14.6 e): random packets between IPv4 addresses, the IPv6 addresses
that contain the same bytes (mapped, compatible, translated, NAT64), their neighbours and what pavo itself has in memory
for IPv4; counted here by Python's ipaddress, there through records that are written, cut by bins, joined, merged,
filtered, sorted, labelled, anonymised and read by the other reader.

	families.py [SEED]
"""
import base64
import hashlib
import io
import random
import struct
import sys
from ipaddress import IPv6Address, ip_address, ip_network

from common import *
from peers import BASE, ether, ip

try:
    sys.path.insert(0, os.path.join(SRC, 'contrib', 'python'))
    import pavoread
except ImportError:
    pavoread = None

FOURS = ['0.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.1.1', '127.0.0.1', '192.0.2.1', '192.0.2.128', '198.51.100.7', '224.0.0.1',
         '255.255.255.255']
AROUND = ['::%s', '::ffff:%s', '::ffff:0:%s', '64:ff9b::%s', '::fffe:%s', '::1:0:%s']
SIXES = [str(ip_address(a % f)) for a in AROUND for f in FOURS] + [
    '::', '::1', '::ffff:ffff:ffff:ffff', 'fe80::1', '2001:db8::1', 'ff02::16', 'ff00::1', 'ff00:69a5:d317:8ec8::',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']
NETS = ['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/24', '10.0.0.1/32', '192.0.2.0/25', '::/0', '::/8', '::/64', '::/80', '::/96',
        '::ffff:0:0/96', '::fffe:0:0/95', '::ffff:10.0.0.0/104', '::ffff:192.0.2.1/128', '::fffe:0:0/96', '64:ff9b::/96', 'ff00::/8',
        'ff00::/16', '8000::/1']
MARKER = bytes.fromhex('ff0069a5d3178ec7')


def order(text):
    """SEMANTICS 14.6 d has to be total: mapped and plain side by side, IPv4 first"""
    a = ip_address(text)
    return (a.packed if a.version == 6 else bytes(10) + b'\xff\xff' + a.packed, a.version)


def community_id(a, b, sport, dport):
    """version 1, of UDP"""
    ends = sorted([(a.packed, sport), (b.packed, dport)])
    seed = bytes(2) + ends[0][0] + ends[1][0] + b'\x11\0' + struct.pack('!HH', ends[0][1], ends[1][1])
    return '1:' + base64.b64encode(hashlib.sha1(seed).digest()).decode()


class World:
    """one packet each way or one way, now and then; what every flow of two addresses had"""

    def __init__(self, seed):
        rng = random.Random(seed)
        self.frames, self.flows, self.none = [], {}, 0
        for n in range(1200):
            pool = FOURS if rng.randrange(2) else SIXES
            a, b = rng.choice(pool), rng.choice(pool)
            if a == b:
                continue
            a, b = min(a, b), max(a, b)        # as text: one direction, which is who began
            size = rng.randrange(20, 400)
            self.frames.append((n * 10**5, ether(ip(a, b, 17, struct.pack('!HHHH', 40000, 9, 8 + size, 0) + bytes(size)))))
            got = self.flows.setdefault((a, b), [0, 0])
            got[0] += 1
            got[1] += len(self.frames[-1][1])
        for n in range(20):                    # from or to nobody: no IP packet that could be
            a, b = (ip_address(a).packed for a in rng.sample(SIXES, 2))
            lie = MARKER + rng.choice([bytes(4) + rng.choice(b'\x0a\xc0').to_bytes(1, 'big') + bytes(3), bytes(8), rng.randbytes(8)])
            a, b = (lie, b) if n % 2 else (a, lie)
            self.frames.append((120 * 10**6 + n, ether(struct.pack('!IHBB', 6 << 28, 8, 17, 64) + a + b + struct.pack('!HHHH', 1, 2, 8, 0))))
            self.none += 1

    def capture(self, frames):
        out = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)]
        for us, data in frames:
            out.append(struct.pack('<IIII', BASE + us // 10**6, us % 10**6, len(data), len(data)) + data)
        return b''.join(out)

    def total(self, match):
        hits = [v for k, v in self.flows.items() if match(*k)]
        return [sum(v[i] for v in hits) for i in (0, 1)]


def counts(argv, stdin=None):
    r = rows(argv + ['--csv', '-s', 'saddr,daddr,pkts,bytes'], stdin)
    got = {(x['saddr'], x['daddr']): [int(x['pkts']), int(x['bytes'])] for x in r}
    want(len(got), len(r), 'different rows')
    return {tuple(text(a) for a in k): v for k, v in got.items()}


def text(a):
    """as Python writes it; what pavo prints must read as the address"""
    return str(ip_address(a))


def one(path, words):
    r = rows(['racluster', '-r', path, '-m', 'none', '--csv', '-s', 'pkts,bytes', '-', words])
    return [int(r[0]['pkts']), int(r[0]['bytes'])] if r else [0, 0]


def made(w, folder):
    """the records, in one file and in two, written with bins of 1 and 5 s"""
    path = [os.path.join(folder, n) for n in ('all.pavo', 'a.pavo', 'b.pavo')]
    good(['pavo', '-q', '-S', '5', '-r', '-', '-w', path[0]], w.capture(w.frames))
    half = len(w.frames) // 2
    for p, part in ((path[1], w.frames[:half]), (path[2], w.frames[half:])):
        good(['pavo', '-q', '-S', '1', '-e', 'p', '-r', '-', '-w', p], w.capture(part))
    return path


def check_merged(w, path, folder):
    flows = w.flows
    want(counts(['racluster', '-r', path[0], '-m', 'saddr,daddr']), flows, 'by both addresses')
    want(counts(['racluster', '-r', path[1], path[2], '-m', 'saddr,daddr,proto']), flows, 'of two files')
    want(counts(['racluster', '-r', path[1], path[2], '-m', 'saddr,daddr,proto', '--memory', '1k']), flows, 'with 1 KB of memory')
    again = good(['racluster', '-r', path[1], '-m', 'matrix', '-w', '-']) + good(['racluster', '-r', path[2], '-m', 'matrix', '-w', '-'])
    want(counts(['racluster', '-m', 'matrix'], again), flows, 'of clusters')
    pairs = {}
    for r in rows(['ra', '-r', path[0], '--csv', '-s', 'flowid,saddr,daddr']):
        pairs.setdefault(r['flowid'], set()).add((r['saddr'], r['daddr']))
    want({len(v) for v in pairs.values()}, {1}, 'pairs of addresses of one flowid')


def check_families(w, path, folder):
    got = json.loads(good(['racount', '-r', path[0], '--json']))
    four = lambda a, b: ip_address(a).version == 4
    want([[f['pkts'], f['bytes']] for f in got['family'] if f['family'] in ('ip4', 'ip6')],
         [w.total(four), w.total(lambda a, b: not four(a, b))], 'racount')
    want((got['mar']['badip']['pkts'], got['conserved']), (w.none, True), 'packets from and to nobody')
    want(one(path[0], 'ip6'), w.total(lambda a, b: not four(a, b)), 'ip6')
    want(one(path[0], 'ip'), w.total(four), 'ip')
    r = rows(['racluster', '-r', path[0], '-m', 'saddr/0', '--csv', '-s', 'saddr,pkts'])
    want({x['saddr']: int(x['pkts']) for x in r},
         {'0.0.0.0/0': w.total(four)[0], '::/0': w.total(lambda a, b: not four(a, b))[0]}, '-m saddr/0')


def check_filters(w, path, folder):
    inside = lambda a, net: ip_address(a).version == net.version and ip_address(a) in net
    for n in NETS:
        net = ip_network(n)
        for side, match in (('', lambda a, b: inside(a, net) or inside(b, net)), ('src ', lambda a, b: inside(a, net)),
                            ('not dst ', lambda a, b: not inside(b, net))):
            want(one(path[0], side + 'net ' + n), w.total(match), side + 'net ' + n)
    for a in FOURS + SIXES:
        want(one(path[0], 'host ' + a), w.total(lambda x, y: a in (x, y)), 'host ' + a)
    rng = random.Random(3)
    for n in range(30):
        some = [ip_network(x) for x in rng.sample(NETS, 3)] + [ip_network(x) for x in rng.sample(FOURS + SIXES, rng.randrange(3))]
        listed = os.path.join(folder, 'list')
        with open(listed, 'w') as f:
            f.write(''.join('%s\n' % x for x in some))
        want(one(path[0], 'saddr in ' + listed), w.total(lambda a, b: any(inside(a, x) for x in some)), 'in %s' % some)
        a = rng.choice(FOURS + SIXES)
        version = ip_address(a).version
        want(one(path[0], 'saddr <= ' + a),
             w.total(lambda x, y: ip_address(x).version == version and ip_address(x) <= ip_address(a)), 'saddr <= ' + a)


def check_order(w, path, folder):
    want([text(r['saddr']) for r in rows(['rasort', '-r', path[0], '-m', 'saddr', '--csv', '-s', 'saddr'])],
         [a for a in sorted((text(r['saddr']) for r in rows(['ra', '-r', path[0], '--csv', '-s', 'saddr'])), key=order)], 'rasort -m saddr')


def check_labels(w, path, folder):
    listed = os.path.join(folder, 'labels')
    with open(listed, 'w') as f:
        f.write(''.join('%s,%s\n' % (n, n.replace('/', '_')) for n in NETS))
    for r in rows(['ra', '-r', path[0], '--label', listed, '--csv', '-s', 'saddr,slabel']):
        a = ip_address(r['saddr'])
        nets = [n for n in map(ip_network, NETS) if n.version == a.version and a in n]
        best = max(nets, key=lambda n: n.prefixlen)
        want(ip_network(r['slabel'].replace('_', '/')), best, 'the label of %s' % a)


def check_anonymous(w, path, folder):
    out = os.path.join(folder, 'anon.pavo')
    st, _, err = run(['ranonymize', '-r', path[0], '-w', out])
    if st and 'without' in err:
        return
    want(st, 0, 'ranonymize: ' + err)
    before, after = (rows(['racluster', '-r', p, '-m', 'saddr,daddr', '--csv', '-s', 'saddr,daddr,pkts,bytes']) for p in (path[0], out))
    want(len(after), len(before), 'pairs of addresses')
    version = lambda rs: sorted((ip_address(r['saddr']).version, int(r['pkts']), int(r['bytes'])) for r in rs)
    want(version(after), version(before), 'families and counts')


def check_elsewhere(w, path, folder):
    """community ids, JSON, the other reader"""
    want({(text(r['saddr']), text(r['daddr'])): r['cid'] for r in rows(['ra', '-r', path[0], '--csv', '-s', 'saddr,daddr,cid'])},
         {(a, b): community_id(ip_address(a), ip_address(b), 40000, 9) for a, b in w.flows}, 'community ids')
    shown = [json.loads(line)['saddr'] for line in good(['ra', '-r', path[0], '--json', '-s', 'saddr']).splitlines()]
    want(all(('.' in a) == (ip_address(a).version == 4 or ip_address(a).ipv4_mapped is not None) for a in shown), True, 'addresses with dots in JSON')
    if pavoread:
        theirs = [r for p in path for r in pavoread.records(open(p, 'rb')) if 'saddr' in r]
        ours = [r for p in path for r in rows(['ra', '-r', p, '--csv', '-s', 'saddr,daddr,flowid'])]
        want([(pavoread.address(r['saddr']), pavoread.address(r['daddr']), '%016x' % r['flowid']) for r in theirs],
             [(r['saddr'], r['daddr'], r['flowid']) for r in ours], 'pavoread.py')


def main():
    tap, seed = Tap(), int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with scratch() as folder:
        w = World(seed)
        path = made(w, folder)
        for what, act in (('merged', check_merged), ('families', check_families), ('filters and lists', check_filters), ('order', check_order),
                          ('labels', check_labels), ('anonymised', check_anonymous), ('community ids, JSON, pavoread.py', check_elsewhere)):
            try:
                act(w, path, folder)
                tap.ok(True, what)
            except Failure as e:
                tap.ok(False, what, e)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()

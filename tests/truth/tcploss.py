# SPDX-License-Identifier: BSD-2-Clause
"""TCP loss against what really was lost: captures of both ends of a path, made with real kernels.

Lost data packets are counted from the two captures (what one has and the other has not); lost_data.tsv keeps the
counts for where only one is there.  What the kernels counted is netns_tcp.tsv.

	tcploss.py [--table | --lost]	--table: the table of tests/RESULTS.md; --lost: lost_data.tsv
"""
import os
import struct
import sys
from collections import Counter, defaultdict
from ipaddress import ip_address

from common import *
from frames import frames
from tcpstreams import addr, number

SCENARIOS = 'tcp-clean tcp-dup tcp-loss tcp-reorder tcp-zerowin'.split()
# captures with frames taken out: what they are made from
BLINDED = {'tcp-captureloss-random1pct.A': 'tcp-clean', 'tcp-captureloss-burst30.A': 'tcp-clean',
           'tcp-loss-captureloss.B': 'tcp-loss'}


def folder():
    """netns/ of a collection, or our own flat folder, which has few of them"""
    f = os.path.join(CAPTURES, 'netns')
    return f if os.path.isdir(f) else CAPTURES


def segments(path):
    """TCP segments with payload, from the bytes alone: (sender, port, receiver, port) -> Counter of (seq, length, id)"""
    out = defaultdict(Counter)
    with open(path, 'rb') as f:
        raw = f.read()
    for fr in frames(raw):
        d = fr.data[14:]
        if d[0] >> 4 == 4 and d[9] == 6:
            at, total, ident, src, dst = (d[0] & 15) * 4, d[2] << 8 | d[3], d[4:6], d[12:16], d[16:20]
        elif d[0] >> 4 == 6 and d[6] == 6:
            at, total, ident, src, dst = 40, 40 + (d[4] << 8 | d[5]), b'', d[8:24], d[24:40]
        else:
            continue
        sport, dport, seq = struct.unpack_from('!HHI', d, at)
        n = total - at - (d[at + 12] >> 4) * 4
        stamps = d[at + 20:at + (d[at + 12] >> 4) * 4]
        if n > 0:
            out[str(ip_address(src)), str(sport), str(ip_address(dst)), str(dport)][seq, n, ident, stamps] += 1
    return out


def lost_data():
    """(scenario, dir, stream) -> data packets that did not arrive, where both captures are there"""
    out = {}
    for s in SCENARIOS:
        paths = [os.path.join(folder(), '%s.%s.pcap' % (s, side)) for side in 'AB']
        if not all(map(os.path.exists, paths)):
            continue
        a, b = map(segments, paths)
        for r in table('netns_tcp'):
            if r['scenario'] == s:
                key = addr(r['src']), r['sport'], addr(r['dst']), r['dport']
                sent, arrived = (a, b) if r['dir'] == 'A>B' else (b, a)
                out[s, r['dir'], '%s:%s>%s:%s' % key] = sum((sent[key] - arrived[key]).values())
    return out


# Nothing was lost, but what was only late behind the tap was sent again: "sent again, what was seen" is loss behind
# the tap by definition, for the tap sees the acknowledgement after it.  There all that was sent again has to be exact.
NEEDLESS = {('tcp-reorder.A.pcap', '10.71.1.1:37130>10.71.2.1:80'), ('tcp-reorder.B.pcap', '10.71.2.1:8080>10.71.1.1:34580')}
FIELDS = 'rtxup rtxdn spur ooo dup'.split()


def ours(path):
    out = {}
    names = ','.join(s + n for n in FIELDS for s in 'sd')
    for r in rows(['racluster', '-m', 'flow', '-nn', '--csv', '-s', 'proto,saddr,sport,daddr,dport,' + names,
                   '-', 'tcp'], good(['pavo', '-q', '-r', path])):
        ends = (addr(r['saddr']), r['sport']), (addr(r['daddr']), r['dport'])
        for side, key in (('s', ends), ('d', ends[::-1])):
            out['%s:%s>%s:%s' % (key[0] + key[1])] = {n: number(r[side + n]) for n in FIELDS}
    return out


def tshark():
    """(file's last name, stream) -> its count of retransmissions"""
    out = Counter()
    for r in table('tcp_streams'):
        if not r['sport']:
            continue
        for side, key in (('fwd', ('src', 'sport', 'dst', 'dport')), ('rev', ('dst', 'dport', 'src', 'sport'))):
            a, p, b, q = (r[k] for k in key)
            out[os.path.basename(r['file']), '%s:%s>%s:%s' % (addr(a), p, addr(b), q)] += int(r[side + '_retransmission'])
    return out


def compare():
    """(capture, stream, lost data packets, retransmitted packets, our numbers, tshark's retransmissions)"""
    lost = {(r['scenario'], r['dir'], r['stream']): int(r['lost_data']) for r in table('lost_data', HERE)}
    peer = tshark()
    for s, sides in [(s, 'AB') for s in SCENARIOS] + [(b, '') for b in BLINDED]:
        for side in sides or ' ':
            name = ('%s.%s' % (s, side) if sides else s) + '.pcap'
            path = os.path.join(folder(), name)
            if not os.path.exists(path):
                continue
            mine = ours(path)
            for r in table('netns_tcp'):
                if r['scenario'] != BLINDED.get(s, s):
                    continue
                stream = '%s:%s>%s:%s' % (addr(r['src']), r['sport'], addr(r['dst']), r['dport'])
                yield (name, stream, lost[r['scenario'], r['dir'], stream], int(r['retransmitted_packets']),
                       mine.get(stream, dict.fromkeys(FIELDS, 0)), peer[name, stream])


def main():
    if '--lost' in sys.argv:
        print('# Data packets that did not arrive at the other end, counted from both captures (tcploss.py --lost)')
        print('scenario\tdir\tstream\tlost_data')
        for k, n in lost_data().items():
            print('\t'.join(k + (str(n),)))
        return
    if '--table' in sys.argv:
        print('| capture | stream | lost | sent again | pavo: loss | spur, ooo, dup | tshark: retransmission |\n|' + '---|' * 7)
        for name, stream, lost, again, v, peer in compare():
            if lost or again or peer or any(v.values()):
                print('| %s | %s | %d | %d | %d | %d, %d, %d | %d |' % (name[:-5], stream, lost, again, v['rtxup'] + v['rtxdn'],
                                                                  v['spur'], v['ooo'], v['dup'], peer))
        return
    tap = Tap()
    stored = {(r['scenario'], r['dir'], r['stream']): int(r['lost_data']) for r in table('lost_data', HERE)}
    for k, n in lost_data().items():
        if stored.get(k) != n:
            tap.ok(False, '%s %s %s: lost data packets as stored' % k, '%d, stored %s' % (n, stored.get(k)))
    try:
        for name, stream, lost, again, v, peer in compare():
            mine = v['rtxup'] + v['rtxdn']
            if (name, stream) in NEEDLESS:
                tap.ok(mine + v['spur'] == again and mine > 0, '%s %s: what was sent again' % (name, stream),
                       'sender %d, ours %d' % (again, mine + v['spur']))
                continue
            tap.ok(abs(mine - lost) <= abs(peer - lost), '%s %s: as near to what was lost as tshark, or nearer' % (name, stream),
                   'lost %d, ours %d, tshark %d' % (lost, mine, peer))
    except Failure as e:
        tap.ok(False, 'records', e)
    tap.end()


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: BSD-2-Clause
"""Packets and bytes of each conversation and direction, by pavo and racluster, against
truth/conversations.tsv and conversations_inner.tsv.  tests/README.md says how rows are compared;
known_differences.tsv has the rows that differ, with the reason.

	conversations.py [--differences]	print the differences found, as lines of known_differences.tsv
"""
import sys
from collections import defaultdict
from ipaddress import ip_address

from common import *
from frames import arps

PROTO = {1: 'icmp', 2: 'igmp', 4: 'ipip', 6: 'tcp', 17: 'udp', 41: 'ipv6', 47: 'gre', 50: 'esp', 51: 'ah',
         58: 'icmpv6', 89: 'ospf', 103: 'pim', 112: 'vrrp', 132: 'sctp'}
WITH_PORTS = ('tcp', 'udp', 'sctp')
IPV6_EXTENSIONS = (0, 43, 44, 59, 60, 135, 139, 140)   # decoding ended in one; the truth has "?" then
ARP, RARP = 0x806, 0x8035                           # tshark calls both arp
TUNNELS = ('ipip', '6in4', 'gre', 'erspan', 'vxlan', 'geneve', 'gtp', 'teredo', 'l2tp')
CARRIERS = ('ipip', 'ipv6', 'gre', 'udp')           # outer rows that may lose packets to inner flows
COLUMNS = 'proto,saddr,sport,daddr,dport,smac,dmac,sencap,dencap,ohash'
COUNTS = 'spkts,dpkts,sbytes,dbytes'
NOWHERE = ('-', '-')


class Counts(defaultdict):
    """key without direction -> [from the lower end, from the higher end], each [packets, bytes]"""

    def __init__(self):
        super().__init__(lambda: [[0, 0], [0, 0]])

    def put(self, proto, src, dst, sent, answered=(0, 0)):
        turn = src > dst
        c = self[(proto, dst, src) if turn else (proto, src, dst)]
        for side, n in ((turn, sent), (not turn, answered)):
            side = side and src != dst   # both ends alike: one direction
            c[side][0] += n[0]
            c[side][1] += n[1]


def address(text):
    return str(ip_address(text)) if text not in ('', '-') else '-'


class Side:
    """what one side says of a capture"""

    def __init__(self):
        self.outer, self.inner = Counts(), Counts()
        self.arp = []                    # [MAC or -, packets, bytes]
        self.arp_ip = Counts()           # ours and the second opinion's alone
        self.carried = defaultdict(lambda: [0, 0])


def true_side(outer, inner):
    t = Side()
    for tab, to in ((outer, t.outer), (inner, t.inner)):
        for r in tab:
            p, s, d = r['proto'], r['src'], r['dst']
            sent, answered = ([int(r[w + '_packets']), int(r[w + '_bytes'])] for w in ('fwd', 'rev'))
            if p == 'nonip:arp':
                t.arp += [[s] + sent, [d] + answered]
            elif p.startswith('nonip:') or (p == '?' and s in ('', '-')):
                to.put('no-ip', (s or '-', '-'), (d or '-', '-'), sent, answered)
            else:
                to.put(p, (address(s), r['sport']), (address(d), r['dport']), sent, answered)
    return t


def hidden(*encaps):
    names = (part.split(':')[0] for e in encaps for part in e.split('/'))
    return any(n in TUNNELS for n in names)


def our_side(path, link):
    o, ethernet = Side(), link == 'Ethernet'
    arp = (ARP,) if link == 'Cisco HDLC' else (ARP, RARP)    # 0x8035 is SLARP there
    status, records, err = run(['pavo', '-r', path])
    if status not in (0, 2):
        raise Failure(err)
    mar = json.loads(good(['racount', '--json'], records, (0, 1)))['mar']
    lost = [sum(mar[w][n] for w in ('short', 'badip')) for n in ('pkts', 'bytes')]
    if lost[0]:
        o.outer.put('no-ip', NOWHERE, NOWHERE, lost)
    for r in rows(['racluster', '-nn', '--csv', '-m', COLUMNS, '-s', COLUMNS + ',' + COUNTS], records):
        sent, answered = ([int(r[w + n].replace('-', '0')) for n in ('pkts', 'bytes')] for w in 'sd')
        smac, dmac = (r['smac'], r['dmac']) if ethernet else NOWHERE
        number = int(r['proto'], 0)
        if number in arp:
            o.arp += [[smac] + sent, [dmac] + answered]
            if r['saddr'] != '-':
                o.arp_ip.put('arp', r['saddr'], r['daddr'], sent, answered)
            continue
        if r['saddr'] == '-':
            o.outer.put('no-ip', (smac, '-'), (dmac, '-'), sent, answered)
            continue
        proto = PROTO.get(number, str(number))
        if proto == 'esp' and r['sport'] != '-':
            proto = 'udp'                # the truth's row is of UDP, keepalives and IKE in it
        if number in IPV6_EXTENSIONS and ':' in r['saddr']:
            proto = '?'
        ports = (r['sport'], r['dport']) if proto in WITH_PORTS else NOWHERE
        to = o.outer
        if hidden(r['sencap'], r['dencap']):
            to = o.inner
            o.carried[r['ohash']][0] += sent[0] + answered[0]
            o.carried[r['ohash']][1] += sent[1] + answered[1]
        to.put(proto, (address(r['saddr']), ports[0]), (address(r['daddr']), ports[1]), sent, answered)
    return o


def same_sender(seen):
    """A record names one MAC for each side of an ARP flow.  MACs that sent as the same side of one pair of
    addresses can not be told apart in it: one name for all of them, found from the frames."""
    root = {}

    def find(m):
        while root.setdefault(m, m) != m:
            m = root[m]
        return m
    first = {}
    for mac, spa, tpa, _ in seen:
        if spa is not None:
            a, b = sorted((find(mac), find(first.setdefault((spa, tpa), mac))))
            root[b] = a
    return find


def arp_sums(arp, find):
    sums = Counts()
    for mac, packets, bytes_ in arp:
        if packets:
            sums.put('arp', (find(mac), '-'), NOWHERE, (packets, bytes_))
    return sums


def give_back(t, o):
    """Takes from the truth's outer rows what went to inner flows.  Exact: for each pair of outer addresses
    the missing packets and bytes are those that our inner flows with one ohash have.  A flow whose packets came
    between several pairs has the hash of the first one: then all pairs together."""
    missing, touched = defaultdict(lambda: [0, 0]), {}
    for key, true in t.outer.items():
        ours = o.outer.get(key, [[0, 0], [0, 0]])
        less = [[true[d][n] - ours[d][n] for n in (0, 1)] for d in (0, 1)]
        if key[0] in CARRIERS and less != [[0, 0], [0, 0]] and min(less[0] + less[1]) >= 0:
            touched[key] = ours
            for n in (0, 1):
                missing[(key[1][0], key[2][0])][n] += less[0][n] + less[1][n]
    if (sorted(missing.values()) == sorted(o.carried.values()) or
            [sum(v[n] for v in missing.values()) for n in (0, 1)] == [sum(v[n] for v in o.carried.values()) for n in (0, 1)]):
        for key, ours in touched.items():
            t.outer[key] = ours


def text(c):
    return '-' if c is None else ' '.join('%d/%d' % tuple(n) for n in c)


def compare(name, link, outer, inner):
    """(rows compared, differences as rows of known_differences.tsv without the reason)"""
    with open(capture(name), 'rb') as f:
        seen = list(arps(f.read()))
    t, o = true_side(outer, inner), our_side(capture(name), link)
    give_back(t, o)
    find = same_sender(seen) if link == 'Ethernet' else lambda mac: '-'
    n, found = 0, []
    for what, true, ours in (('outer', t.outer, o.outer), ('arp', arp_sums(t.arp, find), arp_sums(o.arp, find)),
                             ('inner', t.inner, o.inner)):
        for key in sorted(set(true) | set(ours)):
            a, b = true.get(key), ours.get(key)
            kind = 'not-taken' if what == 'inner' and b is None else what
            n += kind != 'not-taken'
            if a != b and not ({text(a), text(b)} == {'-', '0/0 0/0'}):
                found.append((name, kind, key[0], *key[1], *key[2], text(a), text(b)))
    if link == 'Ethernet':
        second = Counts()
        for _, spa, tpa, wire in seen:
            if spa is not None:
                second.put('arp', spa, tpa, (1, wire))
        for key in sorted(set(second) | set(o.arp_ip)):
            if second.get(key) != o.arp_ip.get(key):
                found.append((name, 'arp-ip', 'arp', key[1], '-', key[2], '-', text(second.get(key)),
                              text(o.arp_ip.get(key))))
    return n, found


def main():
    show = '--differences' in sys.argv
    tap = Tap()
    outer, inner = by_file(table('conversations')), by_file(table('conversations_inner'))
    known = defaultdict(set)
    for r in table('known_differences', HERE):
        known[r['file']].add(tuple(r[c] for c in 'file kind proto addr1 port1 addr2 port2 truth ours'.split()))
    total = differ = aside = 0
    for r in table('files'):
        name = r['file']
        title = 'conversations of ' + name
        try:
            n, found = compare(name, r['encapsulation'], outer.get(name, []), inner.get(name, []))
        except Failure as e:
            tap.ok(False, title, e)
            continue
        total += n
        aside += sum(f[1] == 'not-taken' for f in found)
        differ += sum(f[1] != 'not-taken' for f in found)
        if show:
            for f in found:
                print(*f, sep='\t')
            continue
        new, gone = sorted(set(found) - known[name]), sorted(known[name] - set(found))
        tap.ok(not new and not gone, title,
               *['new difference: ' + '\t'.join(f) for f in new],
               *['listed in known_differences.tsv, but not there: ' + '\t'.join(f) for f in gone])
    print('# %d rows compared, %d differ; %d more inner rows whose packets stay in their outer flows' %
          (total, differ, aside))
    if not show:
        tap.ok(total > 0 and differ * 100 <= total, 'at least 99 % of all rows equal', '%d of %d differ' % (differ, total))
        tap.end()


if __name__ == '__main__':
    main()

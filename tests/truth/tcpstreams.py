# SPDX-License-Identifier: BSD-2-Clause
"""TCP against tshark's opinion of every stream (tcp_streams.tsv), X3 and X4 of the specification: per direction
the segments that are not plainly new, zero windows, their probes, keep-alives and repeated acknowledgements.
known_tcp.tsv has the directions that differ, with the reason; tests/RESULTS.md explains them.

	tcpstreams.py [--differences]	print the differences found, as lines of known_tcp.tsv
"""
import sys
from collections import defaultdict
from ipaddress import ip_address

from common import *

# what is compared: ours, tshark's flags (its retransmission includes the fast and the spurious ones)
KINDS = {
    'again': ('rtxup rtxdn spur ooo dup capooo', 'retransmission out_of_order'),
    'zwin': ('zwin', 'zero_window'),
    'zwp': ('zwp', 'zero_window_probe'),
    'ka': ('ka', 'keep_alive'),
    'nullack': ('nullack', 'duplicate_ack'),
}
OURS = sorted({n for ours, _ in KINDS.values() for n in ours.split()} | {'pkts'})
SHARE = 0.99                             # of the directions have to be equal


def addr(text):
    return str(ip_address(text))


def streams(rows_):
    """(sender, port, receiver, port) -> what tshark counted; connections on the same ports are added"""
    out = defaultdict(lambda: defaultdict(int))
    for r in rows_:
        if not r['src'] or not r['sport']:
            continue                     # behind AH, which owns its packets
        ends = (addr(r['src']), r['sport']), (addr(r['dst']), r['dport'])
        for side, key in (('fwd', ends), ('rev', ends[::-1])):
            mine = out[key[0] + key[1]]
            mine['pkts'] += int(r[side + '_packets'])
            for _, flags in KINDS.values():
                for f in flags.split():
                    mine[f] += int(r['%s_%s' % (side, f)])
    return out


def number(text):
    return int(text) if text not in ('-', '') else 0


def ours(name):
    out = defaultdict(lambda: defaultdict(int))
    status, records, err = run(['pavo', '-q', '-r', capture(name)])
    if status not in (0, 2):
        raise Failure(err)
    columns = ','.join(side + n for n in OURS for side in 'sd')
    for r in rows(['racluster', '-m', 'flow', '-nn', '--csv', '-s', 'proto,saddr,sport,daddr,dport,' + columns], records):
        if r['proto'] != '6' or r['sport'] == '-':
            continue
        ends = (addr(r['saddr']), r['sport']), (addr(r['daddr']), r['dport'])
        for side, key in (('s', ends), ('d', ends[::-1])):
            for n in OURS:
                out[key[0] + key[1]][n] += number(r[side + n])
    return out


def main():
    tap = Tap()
    found, equal, total = [], defaultdict(int), 0
    for name, truth in sorted(by_file(table('tcp_streams')).items()):
        try:
            true, mine = streams(truth), ours(name)
        except Failure as e:
            tap.ok(False, name, e)
            continue
        total += len(true)
        for key in sorted(true):
            for kind, (names, flags) in KINDS.items():
                t = sum(true[key][f] for f in flags.split())
                o = sum(mine[key][n] for n in names.split()) if key in mine else '-'
                if t == o or (o == '-' and t == 0):
                    equal[kind] += 1
                else:
                    found.append((name, kind, '%s:%s>%s:%s' % key, str(t), str(o)))
    if '--differences' in sys.argv:
        for f in found:
            print('\t'.join(f))
        print('#', total, dict(equal), file=sys.stderr)
        return
    by_rule = defaultdict(int)           # what SEMANTICS 14.1 decides otherwise than tshark
    for r in table('known_tcp', HERE):
        by_rule[r['kind']] += r['reason'] in ('keep-alive', 'copies')
    known = {(r['file'], r['kind'], r['stream']): (r['truth'], r['ours']) for r in table('known_tcp', HERE)}
    names = {r['file'] for r in table('tcp_streams')}
    known = {k: v for k, v in known.items() if k[0] in names}
    got = {f[:3]: f[3:] for f in found}
    for kind in KINDS:
        mine = {k: v for k, v in got.items() if k[1] == kind}
        listed = {k: v for k, v in known.items() if k[1] == kind}
        bad = ['%s: truth %s, ours %s%s' % (' '.join(k), *mine[k], ', listed %s, %s' % listed[k] if k in listed else '')
               for k in sorted(mine) if listed.get(k) != mine[k]]
        bad += ['%s: listed, but equal now' % ' '.join(k) for k in sorted(listed) if k not in mine]
        tap.ok(not bad, '%s: %d of %d directions equal, the rest known' % (kind, equal[kind], total), *bad)
        if kind == 'again':
            like = equal[kind] + by_rule[kind]
            tap.ok(like >= SHARE * total, '%s: 99 %% of the directions, or another rule' % kind, '%d of %d' % (like, total))
    tap.end()


if __name__ == '__main__':
    main()

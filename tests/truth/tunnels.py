# SPDX-License-Identifier: BSD-2-Clause
"""Sequence-numbered tunnels and fragments against esp.tsv, netns_sa_pairs.tsv, fragments.tsv, netns_frags.tsv
and netns_flows.tsv.  known_tunnels.tsv has the rows that differ, with the reason; tests/RESULTS.md explains them.

	tunnels.py [--differences]	print the differences found, as lines of known_tunnels.tsv
"""
import sys
from collections import defaultdict
from ipaddress import ip_address

from common import *

ESP, AH = '50', '51'
PROTO = {'esp': ESP, 'ah': AH}
SUMS = ('pkts uniq dup late early gapev stale badseq jumps jumpskip resets wrap headgap noutage outage nr3 '
        'lateus_sum').split()
MAXIMA = 'maxgap lagmax extmax lateus_max'.split()
FRAGS = 'frags fragok fraginc fragorph fragovl fragdup'.split()


def number(text):
    if '.' in text:                      # times are shown in seconds
        return round(float(text) * 10**6)
    return 0 if text in ('-', '') else int(text)


def columns(names):
    return ','.join(side + n for n in names for side in 'sd')


def addr(text):
    return str(ip_address(text))


class Findings:
    """rows: (file or scenario, kind, what, truth, ours) of what differs"""

    def __init__(self):
        self.rows, self.equal, self.all = [], defaultdict(int), defaultdict(int)

    def compare(self, name, kind, what, true, ours):
        self.all[kind] += 1
        if true == ours:
            self.equal[kind] += 1
        else:
            self.rows.append((name, kind, what, str(true), str(ours)))


def probe(name, *options):
    status, records, err = run(['pavo', '-q', *options, '-r', capture(name)])
    if status not in (0, 2):
        raise Failure(err)
    return records


def tracked(rows_):
    return [r for r in rows_ if r['proto'] in (ESP, AH)]


# --- one SA at a time -------------------------------------------------------------------------------

def our_sas(records):
    """(proto, sender, receiver, SPI) -> counts, of records made with --no-lanes: one SA in each"""
    out = defaultdict(lambda: defaultdict(int))
    names = ['uniq', 'lost', 'fix', 'dup', 'late', 'fraginc']
    for r in tracked(rows(['racluster', '-nn', '--csv', '-m', 'proto,saddr,daddr,sport,dport,sspi,dspi',
                           '-s', 'proto,saddr,daddr,sspi,dspi,' + columns(names)], records)):
        ends = r['saddr'], r['daddr']
        for side, (a, b) in (('s', ends), ('d', ends[::-1])):
            spi = number(r[side + 'spi']) if r[side + 'spi'] == '-' else int(r[side + 'spi'], 0)
            if spi:
                for n in names:
                    out[(r['proto'], addr(a), addr(b), spi)][n] += number(r[side + n])
    return out


def true_sas(tab):
    out = defaultdict(lambda: defaultdict(int))
    for r in tab:
        key = PROTO[r['proto']], addr(r['src']), addr(r['dst']), int(r['spi'], 0)
        for n in ('unique', 'missing', 'duplicates', 'out_of_order', 'packets'):
            out[key][n] += int(r[n])
    return out


def label(key):
    return '%s %s>%s 0x%08x' % ('ah' if key[0] == AH else 'esp', *key[1:])


def sas(name, tab, records, found):
    ours, true = our_sas(records), true_sas(tab)
    for key in sorted(set(ours) | set(true)):
        t, o = true.get(key), ours.get(key)
        found.compare(name, 'sa', label(key),
                      '-' if t is None else 'uniq %d lost %d dup %d late %d' %
                      (t['unique'], t['missing'], t['duplicates'], t['out_of_order']),
                      '-' if o is None else 'uniq %d lost %d dup %d late %d' %
                      (o['uniq'], o['lost'] - o['fix'], o['dup'], o['late']))
    return ours


# --- tunnels: pairing changes no count (P1, I9), nor does the interval (I2) ----------------------------

def tunnel_totals(records):
    out = {}
    for r in tracked(rows(['racluster', '-nn', '--csv', '-m', 'tunnel', '-s', 'proto,saddr,sport,daddr,dport,' +
                           columns(SUMS + MAXIMA + ['lost', 'fix'])], records)):
        sides = []
        for s, a, p in (('s', r['saddr'], r['sport']), ('d', r['daddr'], r['dport'])):
            lost = number(r[s + 'lost']) - number(r[s + 'fix'])
            sides.append((addr(a), p, tuple(number(r[s + n]) for n in SUMS + MAXIMA) + (lost,)))
        key = (r['proto'],) + tuple(s[:2] for s in sorted(sides))
        want(key in out, False, 'tunnels of %s' % (key,))
        out[key] = [s[2] for s in sorted(sides)]
    return out


def totals_equal(plain, lanes):
    first = tunnel_totals(plain)
    for interval, records in lanes.items():
        got = tunnel_totals(records)
        want(sorted(got), sorted(first), 'tunnels with lanes, -S %s' % interval)
        for key in first:
            want(got[key], first[key], '%s with lanes, -S %s: %s net lost' %
                 (key, interval, ' '.join(SUMS + MAXIMA)))


# --- lanes: which SAs belong together ----------------------------------------------------------------

def our_lanes(records):
    """[(proto, (A, B), SPIs of A to B in their order, SPIs of B to A, STARTs, ENDs)]"""
    lanes = {}
    for r in tracked(rows(['rasort', '-m', 'bstart', '--csv', '-nn', '-s', 'proto,saddr,daddr,sport,dport,lane,flags,sspi0,'
                           'sspi,dspi0,dspi'], records)):
        if r['lane'] == '-':
            continue
        key = r['proto'], r['saddr'], r['sport'], r['daddr'], r['dport'], r['lane']
        lane = lanes.setdefault(key, ([], [], [0, 0]))
        for side, spis in (('s', lane[0]), ('d', lane[1])):
            for field in ('spi0', 'spi'):
                text = r[side + field]
                spi = 0 if text == '-' else int(text, 0)
                if spi and spi not in spis:
                    spis.append(spi)
        flags = r['flags'].split(',')
        lane[2][0] += 'start' in flags
        lane[2][1] += 'end' in flags
    return [(k[0], (addr(k[1]), addr(k[3])), a, b, *n) for k, (a, b, n) in lanes.items()]


def pairs(name, scenario, tab, records, found):
    true_pairs = [r for r in table('netns_sa_pairs') if r['scenario'] == scenario]
    if not true_pairs:
        return
    seen = {(addr(r['src']), addr(r['dst']), int(r['spi'], 0)) for r in tab}
    true, chains = set(), defaultdict(int)
    for r in true_pairs:
        a, b = addr(r['A']), addr(r['B'])
        there, back = int(r['spi_A_to_B'], 0), int(r['spi_B_to_A'], 0)
        there, back = there if (a, b, there) in seen else 0, back if (b, a, back) in seen else 0
        if there or back:
            true.add((PROTO[r['proto']], a, b, there, back))
    ours, starts = set(), []
    for proto, (src, dst), there, back, start, end in our_lanes(records):
        starts.append((start, end))
        for i in range(max(len(there), len(back))):
            p = there[i] if i < len(there) else 0
            q = back[i] if i < len(back) else 0
            ours.add((proto, src, dst, p, q))
        chains[(src, dst)] += 1
    known = {(t[1], t[2]) for t in true}
    ours = {o if o[1:3] in known else (o[0], o[2], o[1], o[4], o[3]) for o in ours}
    for p in sorted(true):
        mine = [o for o in ours if o[:3] == p[:3] and (o[3] == p[3] if p[3] else o[4] == p[4])]
        found.compare(name, 'pair', '%s>%s' % p[1:3], '0x%08x 0x%08x' % p[3:],
                      ' '.join('0x%08x 0x%08x' % o[3:] for o in mine) or '-')
    want(len(ours), len(true), 'pairs')
    rekeyed = 'rekey' in scenario        # else every pair is a lane of its own
    for ends, n in chains.items():
        want(n, 1 if rekeyed else sum(t[1:3] in (ends, ends[::-1]) for t in true), 'lanes of %s>%s' % ends)
    want(starts, [(1, 1)] * len(starts), '(START, END) of each lane')


# --- fragments ---------------------------------------------------------------------------------------

def our_frags(records):
    sums = defaultdict(lambda: defaultdict(int))
    for r in rows(['racluster', '-nn', '--csv', '-m', 'proto,saddr,daddr', '-s', 'proto,saddr,daddr,' + columns(FRAGS)],
                  records):
        for s, src in (('s', 'saddr'), ('d', 'daddr')):
            for n in FRAGS:
                sums[(r['proto'], r[src])][n] += number(r[s + n])
    return sums


def total(sums, n):
    return sum(v[n] for v in sums.values())


def fragments(row, found):
    name = row['file']
    sums = our_frags(probe(name))
    found.compare(name, 'frags', 'packets', int(row['frag_packets_v4']) + int(row['frag_packets_v6']), total(sums, 'frags'))
    if name.startswith('netns/') or not SHARED:
        return                           # cut to 128 bytes: netns_frags.tsv has the truth
    ok = total(sums, 'fragok')
    found.compare(name, 'frags', 'datagrams', int(row['datagrams_v4']) + int(row['datagrams_v6']),
                  ok + total(sums, 'fraginc') + total(sums, 'fragorph'))
    found.compare(name, 'frags', 'complete', int(row['reassembled_v4']) + int(row['reassembled_v6']), ok)


def path_fragments(found, there):
    """what arrived at B, by protocol"""
    for r in table('netns_frags'):
        name = receiver(r['scenario'], r['dir'], there)
        if name is None:
            continue
        o = defaultdict(int)
        for (proto, src), v in our_frags(probe(name)).items():
            if proto == r['proto'] and src in sources(r['scenario'], r['dir'], r['proto']):
                for n in FRAGS:
                    o[n] += v[n]
        found.compare(name, 'frags', '%s proto %s' % (r['dir'], r['proto']),
                      'packets %s complete %s incomplete %s' %
                      (r['arrived_frag_packets'], r['arrived_complete'], r['arrived_incomplete']),
                      'packets %d complete %d incomplete %d' % (o['frags'], o['fragok'], o['fraginc'] + o['fragorph']))


# --- both ends of the path ---------------------------------------------------------------------------

def capture_of(scenario, side, there):
    for name in ('netns/%s.%s.pcap' % (scenario, side), '%s.%s.pcap' % (scenario, side)):
        if name in there:
            return name
    return None


def receiver(scenario, way, there):
    return capture_of(scenario, 'B' if way == 'A>B' else 'A', there)


def sources(scenario, way, proto):
    names = {'1': 'icmp', '17': 'udp', '58': 'icmpv6', '50': 'esp', '51': 'ah'}
    return {addr(r['src']) for r in table('netns_flows') if r['scenario'] == scenario and r['dir'] == way and
            r['proto'] in (names.get(proto, proto), proto)}


def path_numbers(scenario, ours, there, found):
    """ours: file -> SAs.  What one capture shows of loss, copies and order beside what happened between the two.
    Lost is what the receiver lacks: numbers that never came and datagrams that never became whole."""
    for r in table('netns_flows'):
        if r['scenario'] != scenario or r['proto'] not in PROTO:
            continue
        name = receiver(scenario, r['dir'], there)
        if name not in ours or r['sport_or_spi'] == '?':
            continue
        key = PROTO[r['proto']], addr(r['src']), addr(r['dst']), int(r['sport_or_spi'], 0)
        o = ours[name].get(key)
        found.compare(scenario, 'path', '%s %s' % (r['dir'], label(key)),
                      'lost %s dup %s late %s' % (r['lost'], r['duplicated'], r['reordered']),
                      '-' if o is None else 'lost %d dup %d late %d' % (o['lost'] - o['fix'] + o['fraginc'], o['dup'], o['late']))
        name = capture_of(scenario, 'A' if r['dir'] == 'A>B' else 'B', there)
        if name in ours:
            o = ours[name].get(key)
            found.compare(scenario, 'source', '%s %s' % (r['dir'], label(key)), 'late ' + r['reordered_at_source'],
                          '-' if o is None else 'late %d' % o['late'])


def main():
    show = '--differences' in sys.argv
    tap, found = Tap(), Findings()
    known = {tuple(r[c] for c in 'file kind what truth ours'.split()) for r in table('known_tunnels', HERE)}
    there = {r['file'] for r in table('files')}
    ours, used = {}, set()

    def judge(name, title, act):
        before = len(found.rows)
        try:
            act()
        except Failure as e:
            tap.ok(False, title, e)
            return
        new = [r for r in found.rows[before:] if r not in known]
        used.update(found.rows[before:])
        if not show:
            tap.ok(not new, title, *['new difference: ' + '\t'.join(r) for r in new])

    for name, tab in by_file(table('esp')).items():
        scenario = re.sub(r'^netns/|\.[AB]\.pcap$', '', name)

        def one():
            plain = probe(name, '--no-lanes')
            ours[name] = sas(name, tab, plain, found)
            lanes = {s: probe(name, '-S', s) for s in ('1', '5', '60')}
            totals_equal(plain, lanes)
            pairs(name, scenario, tab, lanes['5'], found)
        judge(name, 'tunnels of ' + name, one)
    for row in table('fragments'):
        judge(row['file'], 'fragments of ' + row['file'], lambda: fragments(row, found))
    judge('', 'fragments that arrived', lambda: path_fragments(found, there))
    for scenario in sorted({r['scenario'] for r in table('netns_flows')}):
        if any(r['scenario'] == scenario and r['proto'] in PROTO for r in table('netns_flows')):
            judge(scenario, 'both ends of ' + scenario, lambda: path_numbers(scenario, ours, there, found))
    if show:
        for r in found.rows:
            print(*r, sep='\t')
        for kind in found.all:
            print('# %s: %d of %d equal' % (kind, found.equal[kind], found.all[kind]), file=sys.stderr)
        return
    names = there | {r['scenario'] for r in table('netns_flows')}
    gone = sorted(k for k in known - used if k[0] in names and (SHARED or k[1] not in ('path', 'source')))
    tap.ok(not gone, 'all known differences are there', *['gone: ' + '\t'.join(g) for g in gone])
    for kind in found.all:
        print('# %s: %d of %d equal' % (kind, found.equal[kind], found.all[kind]))
    tap.ok(all(found.all[k] > 0 for k in ('sa', 'pair', 'frags', 'path')), 'something was compared')
    tap.end()


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: BSD-2-Clause
"""rapath against what is known of the packets between two probes: random paths, of which each packet's fate is known
(twotaps.py), and true captures of both ends of a path."""
import csv
import io
import json
import os
import sys

from common import *
from peers import A, B, Case
from twotaps import Path, Wild

NUMBERED = ('esp', 'ah', 'esp-udp')


def records(folder, name, probe, pcap, T=1):
    path = os.path.join(folder, '%s.%s.pavo' % (name, probe))
    status, _, err = run(['pavo', '-q', '-S', str(T), '-e', probe, '-r', pcap, '-w', path])
    if status not in (0, 2):
        raise Failure(err)
    return path


def ways(files, *options):
    return [json.loads(line) for line in good(['rapath', '-r', *files, '--json', *options], status=(0, 1)).decode().splitlines()]


# --- random paths -------------------------------------------------------------------------------------

def truth(p, w, first, T):
    """(least, most) of what may be said to be lost before, between, and to have been seen by the second one alone"""
    second = 1 - first

    def near(t, tap):                    # may it lie in a bin, of that tap's clock, in which it dropped packets?
        if p.step and abs(t - p.step[1]) < abs(p.step[2]) + 2 * T + 1:
            return True                  # or when one of the clocks was set: nobody knows when it was
        d = p.drops[tap]
        return d is not None and d[0] - 2 * T - 1 < t < d[1] + 2 * T + 1

    def near_end(t):                     # in the bin in which a tap began or ended?
        return any(abs(t - e) < T + 1 for e in (*p.since, *p.until))

    seen = [[x[0] for x in w.sent if x[2 + k] is not None] for k in (0, 1)]
    lo, hi = [[f(s) if s else None for s in seen] for f in (min, max)]
    # Numbers before and behind it came there; not within so many of the ends: where some come late, or RTP is not known to
    # be that yet, nobody knows whether it was there.
    margin = 40 if max(p.since) > 0 or min(p.until) < 1e8 else 8 if w.key[0] == 'udp' else 0

    def inside(x, k):
        return lo[k] is not None and lo[k] + margin < x[0] < hi[k] - margin

    least = [0, 0, 0]
    most = [0, 0, 0]
    for x in w.sent:
        number, fate, a, b, t1, t2 = x
        if fate == 'before':
            most[0] += 1
            least[0] += inside(x, 0) and inside(x, 1) and not near(t1, first)
        if a is None and fate != 'before' and b is None:
            most[0] += 1                 # neither tap has it: it looks as if it had not come to the first one
        if fate == 'part' and near_end(t1):
            least[1] -= 1                # how many of a bin came in part is known, not which of them when the other tap was there
        if fate == 'between' and a is not None:
            most[1] += p.since[second] <= t2 <= p.until[second]
            least[1] += inside(x, 1) and not near(t2, second) and not (w.parts and (p.step or near_end(t2)))
        if fate in (None, 'after') and a is not None and b is None and p.quiet == second:
            most[1] += 1                 # its capture missed it and does not know
            least[1] += inside(x, 1) and not near(t2, second)
        if fate in (None, 'after') and a is not None and b is None and p.quiet != second:
            most[1] += inside(x, 1) and not p.has(second, t2)    # it came when the tap had ended, behind later ones
        if b is not None and a is None:
            most[2] += 1
            least[2] += inside(x, 0)
    return list(zip(least, most))


def check_way(p, w, got, first, label, T):
    sums = truth(p, w, first, T)
    want(got.get('first'), 'ab'[first], label + ': who comes first')
    names = ('lost_before', 'lost_between', 'unseen')
    for name, (least, most) in zip(names, sums):
        if name in got and not least <= got[name] <= most:
            raise Failure('%s: %s %d, of %d to %d' % (label, name, got[name], least, most))
        if name not in got and p.quiet is None and p.drops == [None, None] and min(p.until) > 1e8 and max(p.since) < 0:
            raise Failure('%s: %s is not known: %s' % (label, name, got.get('why')))


def check_packets(p, w, got, first, label, _):
    """Packets that have no number: what is said is right, and it is said where both saw all of it."""
    second = 1 - first
    lost = sum(x[1] == 'between' for x in w.sent)
    whole = all(p.since[k] < w.sent[0][4] and p.until[k] > w.sent[-1][5] for k in (0, 1)) and p.drops == [None, None] and p.quiet is None and p.step is None
    if 'lost_between' in got and p.quiet is None:
        if not lost - w.copies <= got['lost_between'] <= lost:   # nothing tells a copy, and it hides a loss
            want(got['lost_between'], lost, label + ': lost between, of %d copies' % w.copies)
    elif whole and not w.copies:
        raise Failure('%s: nothing is said: %s' % (label, got.get('why')))
    if w.key[0] == 'tcp' and whole:
        for name, fate in (('lost_before', 'before'), ('lost_after', 'after')):  # what its repetitions show; never more
            if got[name] > sum(x[1] == fate for x in w.sent):
                raise Failure('%s: %s %d, of %d' % (label, name, got[name], sum(x[1] == fate for x in w.sent)))


def random_path(folder, seed, T, kind=Path):
    p = kind(seed).fill()
    files = []
    for tap in (0, 1):
        pcap = os.path.join(folder, 'x%d.pcapng' % tap)
        p.write(tap, pcap)
        files.append(records(folder, 'x', 'ab'[tap], pcap, T))
    got = {(w['proto'], w['sender'], w['receiver'], w.get('sport'), w.get('dport')): w for w in ways(files, '--path', 'a,b')}
    if any(w.far is not None and not w.numbered and all(any(x[2 + k] is not None for x in w.sent) for k in (0, 1)) for w in p.ways):
        want('behind NAT one flow is two of these' in run(['rapath', '-r', *files, '--path', 'a,b'])[1].decode(), True, 'NAT is named')
    for w in p.ways:
        first = 0 if w.key[1].split('.')[1:2] == ['1'] or w.key[1].startswith('2001:db8:1:') else 1
        label = 'seed %d: %s %s -> %s' % (seed, *w.key[:3])
        mine = got.get(w.key)
        if w.far is not None and not w.numbered:
            want(mine, None, label + ': behind NAT')
            continue
        if mine is None:
            seen = [any(x[2 + k] is not None for x in w.sent) for k in (0, 1)]
            want(all(seen), False, label + ': it is there')
            continue
        (check_way if w.numbered else check_packets)(p, w, mine, first, label, T)
        if 'clock_offset_us' in mine and mine['clock_spread_us'] < 10**6:
            step = p.step[2] * (1 if p.step[0] else -1) if p.step else 0
            true = sorted((p.offset * 10**6, (p.offset + step) * 10**6))   # before a clock was set, and then
            slack = mine['clock_spread_us'] + 50e-6 * 20 * 10**6 + 200
            if not true[0] - slack <= mine['clock_offset_us'] <= true[1] + slack:
                raise Failure('%s: offset %d of %s, spread %d' % (label, mine['clock_offset_us'], true, mine['clock_spread_us']))


def random_paths(folder, kind=Path):
    bad = []
    for seed in range(200 if os.environ.get('PAVO_LONG') == '1' else 24):
        try:
            random_path(folder, seed, (1, 5)[seed % 4 == 3], kind)
        except Failure as e:
            bad.append(str(e))
    if bad:
        raise Failure('\n'.join(bad))


# --- true captures ------------------------------------------------------------------------------------

def is_of(way, row):
    if (way['sender'], way['receiver']) != (row['src'], row['dst']):
        return False
    if row['proto'] in NUMBERED:
        return way.get('key') == row['sport_or_spi']
    return way['proto'] == row['proto'] and \
        (row['sport_or_spi'] == '-' or (str(way.get('sport')), str(way.get('dport'))) == (row['sport_or_spi'], row['dport']))


def missing(name, row):
    """numbers that the capture of the first one lacks, as tshark has them"""
    return sum(int(r['missing']) for r in table('esp') if (r['file'], r['src'], r['spi']) == (name, row['src'], row['sport_or_spi']))


def scenario(folder, name, rows):
    """What was lost on the way of each direction and flow is what netns_flows.tsv says; of numbered packets what was copied;
    before the first one that which tshark misses there."""
    files = [records(folder, name, probe, capture('netns/%s.%s.pcap' % (name, probe))) for probe in 'AB']
    for order in ('A,B', None):
        got = ways(files, '-m', 'spi', *(['--path', order] if order else []))
        for row in rows:
            if row['sport_or_spi'] == '?':
                continue             # fragments of datagrams whose first one was lost
            title = ' '.join(row[k] for k in ('dir', 'proto', 'sport_or_spi'))
            mine = [w for w in got if is_of(w, row)]
            want(len(mine) > 0, True, title + ': it is there')
            want([w.get('why') for w in mine], [None] * len(mine), title + ': known')
            want(sum(w['lost_between'] for w in mine), int(row['lost']), title + ': lost')
            want({w['first'] for w in mine}, {row['dir'][0]}, title + ': who comes first')
            want(sum(w.get('unseen', 0) + w.get('missed', 0) for w in mine), 0, title + ': seen by the second one alone')
            if row['proto'] in NUMBERED:
                want(sum(w.get('dup_between', 0) for w in mine), int(row['duplicated']), title + ': copied')
                want(sum(w['lost_before'] for w in mine), missing('netns/%s.%s.pcap' % (name, row['dir'][0]), row), title + ': before')
    each = ways(files, '--bins')
    for w in ways(files):
        if w['by'] != 'numbers':
            continue
        rows_of = [b for b in each if all(b.get(k) == w.get(k) for k in ('proto', 'sender', 'receiver', 'sport', 'dport'))]
        for k in ('lost_between', 'lost_before'):
            want(sum(b[k] for b in rows_of), w[k], '%s of the bins' % k)


def tp1(folder):
    """SEMANTICS 14.5: 0 of 1500 before A, 86 of 1500 between A and B, nothing summed."""
    files = [records(folder, 'tp1', probe, capture('netns/esp-burst-loss.%s.pcap' % probe), T) for probe, T in (('A', 5), ('B', 5))]
    got = {w['sender']: w for w in ways(files, '--path', 'A,B')}
    want(len(got), 2, 'directions')
    there, back = got['10.71.1.1'], got['10.71.2.1']
    want([there[k] for k in ('seen_a', 'seen_b', 'lost_before', 'lost_between', 'suspect')], [1500, 1414, 0, 86, 0], 'A to B')
    want([back[k] for k in ('seen_a', 'seen_b', 'lost_before', 'lost_between')], [1414, 1414, 0, 0], 'B to A')
    want(round(there['lost_between_pct'], 3), 5.733, 'percent')


def three(folder):
    """three probes of one way: any two of them are compared, and what lies between them is the sum of the parts"""
    lost = {'before': {20}, 'A-B': {90, 91, 92, 200}, 'B-C': {300, 301, 555}, 'after': {700}}
    back = {'before': {11}, 'B-A': {400, 401}, 'C-B': {77, 78, 79, 80, 600}}
    there_, files, gone = {20}, {}, {11}
    for probe, part in ('A', ()), ('B', lost['A-B']), ('C', lost['B-C']):
        there_ = there_ | set(part)
        files[probe] = [n for n in range(1, 1001) if n not in there_]
    come = {'C': gone, 'B': gone | back['C-B'], 'A': gone | back['C-B'] | back['B-A']}
    paths = {}
    for k, probe in enumerate('ABC'):
        c = Case()
        c.send(files[probe], start=0.004 * k)
        c.send([n for n in range(1, 1001) if n not in come[probe]], B, A, 0x0bfe0e52, 0.02 - 0.004 * k)
        c.write(os.path.join(folder, probe + '.pcap'))
        paths[probe] = records(folder, 'three', probe, os.path.join(folder, probe + '.pcap'))
    every = list(paths.values())
    status, out, err = run(['rapath', '-r', *every])
    want((status, out, '--path A,B' in err), (2, b'', True), 'three, and no word which')
    for two, sums in (('A,B', (4, 2)), ('B,C', (3, 5)), ('A,C', (7, 7)), ('C,A', (7, 7)), ('B,A', (4, 2))):
        got = {w['sender']: w for w in ways(every, '--path', two)}
        want((got[A]['lost_between'], got[B]['lost_between']), sums, two)
        want((got[A]['lost_before'], got[B]['lost_before']),
             (1 + (4 if 'A' not in two else 0), 1 + (5 if 'C' not in two else 0)), two + ': before')
        want([w['unseen'] + w['missed'] for w in got.values()], [0, 0], two)


def separated(folder):
    """CSV has the values of JSON, and nothing where those have no key"""
    text = (lambda v: v if isinstance(v, str) else json.dumps(v))
    near, far = ([n for n in range(1, 201) if n not in lost] for lost in ((20,), (20, 90, 91)))
    files = []
    for probe, numbers in ('near', near), ('far', far):
        c = Case()
        c.send(numbers)
        c.send(range(1, 201), B, A, 0x0bfe0e52, 0.003)
        c.write(os.path.join(folder, probe + '.pcap'))
        files.append(records(folder, 'separated', probe, os.path.join(folder, probe + '.pcap')))
    for more in ([], ['--bins']):
        rows_of = ways(files, '--path', 'near,far', *more)
        cells = list(csv.DictReader(io.StringIO(good(['rapath', '-r', *files, '--path', 'near,far', '--csv', *more]).decode())))
        want((len(cells) > 0, len(cells)), (True, len(rows_of)), 'rows')
        for got, way in zip(cells, rows_of):
            want({k: v for k, v in got.items() if v != ''}, {k: text(v) for k, v in way.items() if k != 'path'}, 'a row')
    want([(r['lost_before'], r['lost_between']) for r in ways(files, '--path', 'near,far') if r['sender'] == A], [(1, 2)], 'what was lost')


def attempt(tap, name, act):
    try:
        act()
        tap.ok(True, name)
    except (Failure, KeyError, ValueError, IndexError, TypeError) as e:
        tap.ok(False, name, repr(e) if not isinstance(e, Failure) else e)


def main():
    tap = Tap()
    by_name = {}
    for row in table('netns_flows'):
        by_name.setdefault(row['scenario'], []).append(row)
    both = [n for n in by_name if os.path.exists(capture('netns/%s.A.pcap' % n)) and os.path.exists(capture('netns/%s.B.pcap' % n))]
    with scratch() as folder:
        attempt(tap, 'random paths', lambda: random_paths(folder))
        attempt(tap, 'random paths, of rarer kinds', lambda: random_paths(folder, Wild))
        attempt(tap, 'three probes', lambda: three(folder))
        attempt(tap, 'separated values', lambda: separated(folder))
        for n in both:
            attempt(tap, 'between the ends: ' + n, lambda: scenario(folder, n, by_name[n]))
        if both:
            attempt(tap, 'TP1', lambda: tp1(folder))
        else:
            tap.skip('between the ends', 'captures of both ends are in the larger collection (PAVO_CAPTURES)')
    tap.end()


if __name__ == '__main__':
    main()

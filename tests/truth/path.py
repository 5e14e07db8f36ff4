# SPDX-License-Identifier: BSD-2-Clause
"""rapath against what is known of the packets between two probes: true captures of both ends of a path."""
import json
import os
import sys

from common import *

NUMBERED = ('esp', 'ah', 'esp-udp')


def records(folder, name, probe, pcap, T=1):
    path = os.path.join(folder, '%s.%s.pavo' % (name, probe))
    status, _, err = run(['pavo', '-q', '-S', str(T), '-e', probe, '-r', pcap, '-w', path])
    if status not in (0, 2):
        raise Failure(err)
    return path


def ways(files, *options):
    return [json.loads(line) for line in good(['rapath', '-r', *files, '--json', *options], status=(0, 1)).decode().splitlines()]


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
        for n in both:
            attempt(tap, 'between the ends: ' + n, lambda: scenario(folder, n, by_name[n]))
        if both:
            attempt(tap, 'TP1', lambda: tp1(folder))
        else:
            tap.skip('between the ends', 'captures of both ends are in the larger collection (PAVO_CAPTURES)')
    tap.end()


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: BSD-2-Clause
"""The same input gives the same bytes, whatever the hash seed; bins, records and flows are three sums of
the same numbers, for any T; totals do not depend on how record files are split and put together."""
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from common import *

INTERVALS = (1, 5, 60)


FIELDS = [name for name, (_, rule) in fields().items() if rule == 'SUM']

FULL = (1 << 64) - 1                      # a sum stops here: squares of gaps of more than 71 minutes


def number(text):
    return Decimal(text) if '.' in text else int(text)


def total(argv, records):
    """field -> sum over the rows of a tool; a field that no row has is not in it"""
    sums = {}
    for row in rows(argv + ['--csv', '-p', '9', '-s', ','.join(FIELDS)], records):
        for name in FIELDS:
            if row[name] not in ('-', '*'):
                sums[name] = sums.get(name, 0) + number(row[name])
    return sums


def same_sums(name):
    whole = {}
    for t in INTERVALS:
        records = good(['pavo', '-S', str(t), '-r', capture(name)], status=(0, 2))
        sums = {'ra': total(['ra'], records)}
        sums['rabins'] = total(['rabins', '-M', '%ds' % t], records)
        sums['racluster -m flow'] = total(['racluster', '-m', 'flow'], records)
        if t == 1:
            sums['racluster'] = total(['racluster'], records)
            sums['racluster -m none'] = total(['racluster', '-m', 'none'], records)
            sums['rabins -M 5s'] = total(['rabins', '-M', '5s'], records)
            sums['rabins -M 60s -m conv'] = total(['rabins', '-M', '60s', '-m', 'conv'], records)
        for what, got in sums.items():
            compare_sums(got, sums['ra'], '-S %d, %s against ra' % (t, what), turned='flow' not in what and what != 'ra')
        whole[t] = sums['ra']
    for t in INTERVALS:                  # how many records carry a flag depends on how many there are; round trips from end
        whole[t] = {n: v for n, v in whole[t].items()  # to end are those of records that have both sides of one
                    if not n.startswith('n_') and n not in ('rtt_n', 'rtt_sum')}
    for t in INTERVALS[1:]:
        compare_sums(whole[t], whole[1], '-S %d against -S 1' % t, turned=True)


def fold(sums):
    """both directions together: a row that is turned round changes places, not the sum"""
    out = {}
    for name, n in sums.items():
        twin = name[0] in 'sd' and 's' + name[1:] in FIELDS and 'd' + name[1:] in FIELDS
        name = '*' + name[1:] if twin else name.replace('rtts_', 'rtt*_').replace('rttd_', 'rtt*_')
        out[name] = out.get(name, 0) + n
    # lost and fix may move between each other, lost - fix may not
    if '*lost' in out:
        out['*net'] = out.pop('*lost') - out.pop('*fix', 0)
    return out


def compare_sums(got, expected, what, turned):
    if turned:
        got, expected = fold(got), fold(expected)
    wrong = ['%s %s, not %s' % (n, got.get(n, '-'), expected.get(n, '-'))
             for n in sorted(set(got) | set(expected))
             if got.get(n, '-') != expected.get(n, '-') and min(got.get(n, 0), expected.get(n, 0)) < FULL]
    if wrong:
        raise Failure(what + ': ' + '; '.join(wrong))


def same_bytes(name):
    first = run(['pavo', '-r', capture(name)])[1]
    for seed in (1, 0x7fffffff):
        again = run(['pavo', '-r', capture(name)], seed=seed)[1]
        if again != first:
            at = next((i for i, (a, b) in enumerate(zip(first, again)) if a != b), min(len(first), len(again)))
            raise Failure('PAVO_SEED=%d: other bytes from offset %d on (%d and %d bytes)' %
                          (seed, at, len(first), len(again)))
    if not first:
        raise Failure('no records')


def clusters(records):
    return Counter(good(['racluster', '--csv', '-p', '9', '-s', 'all'], records, (0, 1)).splitlines())


def any_order(name):
    records = good(['pavo', '-S', '1', '-r', capture(name)], status=(0, 2))
    expected = clusters(records)
    halves = [good(['ra', '-w', '-', '-'] + f.split(), records, (0, 1)) for f in ('proto tcp', 'not proto tcp')]
    want(clusters(b''.join(halves)), expected, 'split by a filter, then cat')
    want(clusters(b''.join(reversed(halves))), expected, 'the same the other way round')
    shuffled = good(['rasort', '-m', '-bytes,daddr', '-w', '-'], records, (0, 1))
    want(clusters(shuffled), expected, 'in another order')
    once = good(['racluster', '-w', '-'], records, (0, 1))
    want(clusters(once), expected, 'clustered twice')


def main():
    tap = Tap()
    files = table('files')
    with ThreadPoolExecutor(2) as pool:
        def one(case):
            title, function, name = case
            try:
                function(name)
            except Failure as e:
                return title + name, str(e)
            return title + name, None
        cases = [c for r in files for c in (('same bytes: ', same_bytes, r['file']), ('same sums: ', same_sums, r['file']),
                                            ('any order: ', any_order, r['file']))]
        for title, wrong in pool.map(one, cases):
            tap.ok(wrong is None, title, wrong)
    tap.end()


if __name__ == '__main__':
    main()

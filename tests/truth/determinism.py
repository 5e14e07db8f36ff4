# SPDX-License-Identifier: BSD-2-Clause
"""The same input gives the same bytes, whatever the hash seed, the threads, the memory and the order of its files; bins,
records and flows are three sums of the same numbers, for any T; totals do not depend on how record files are split and put
together."""
import random
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from common import *

INTERVALS = (1, 5, 60)


FIELDS = [name for name, (_, rule) in fields().items() if rule == 'SUM']

# what each is asked of many files, some of which have the same records: ties are decided by what stands in them
ASKED = [['racluster', '-m', k] + m for k in ('conv', 'flow', 'matrix', 'saddr,daddr', 'lane', 'spi', 'proto', 'saddr/24')
         for m in (['--csv', '-s', 'all'], ['-s', 'proto,pkts', '-N', '7'])]
ASKED += [['rabins', '-M', '60s'], ['rabins', '-M', '1m', '-m', 'conv', '--csv', '-s', 'all'], ['rabins', '-m', 'saddr', '--delta'],
          ['rabins', '-M', '1h', '-m', 'proto', '-s', 'bytes'], ['rasort', '--csv', '-s', 'all'], ['rasort', '-m', '-bytes'],
          ['rasort', '-m', 'proto', '-N', '9'], ['ratop'], ['ratop', '-m', 'saddr', '-o', 'trans', '--csv'],
          ['ratop', '-m', 'proto,dport', '-o', 'loss', '-N', '4', '--json'], ['radrill', '--plain'],
          ['radrill', '--plain', '--by', 'bytes', '-M', '1m', '--bin', '1', '--key', '1'], ['radrill', '--json', '--by', 'dup'],
          ['ratunnel'], ['ratunnel', '--json'], ['ratunnel', '--html', '-'], ['ratunnel', '-m', 'lane', '--bins', '--csv'],
          ['ragap'], ['ragap', '--json'], ['racount'], ['racount', '--json'], ['rahisto', '-o', 'bytes'],
          ['rahisto', '-o', 'rtts_hist', '--csv'], ['rahisto', '-o', 'dur', '--svg', '-']]
ASKED += [a + ['-w', '-'] for a in (['racluster'], ['racluster', '-m', 'flow'], ['rabins', '-M', '60s', '-m', 'conv'],
                                    ['rasort', '-m', 'saddr'])]
SPLIT = (['--records', '40', '-w', '$n.pavo'], ['-M', '5s', '-w', '%H%M%S-$proto.pavo'], ['-w', '$probe-$saddr.pavo'])

FULL = (1 << 64) - 1                      # a sum stops here: squares of gaps of more than 71 minutes


def number(text):
    return Decimal(text) if '.' in text else int(text)


def total(argv, records):
    """field -> sum over the rows of a tool; a field that no row has is not in it"""
    sums = {}
    for row in rows(argv + ['--csv', '-p', '9', '-s', ','.join(['rectype', *FIELDS])], records):
        if row['rectype'] == 'MAR':      # ra --events shows them, too
            continue
        for name in FIELDS:
            if row[name] not in ('-', '*'):
                sums[name] = sums.get(name, 0) + number(row[name])
    return sums


def same_sums(name):
    whole = {}
    for t in INTERVALS:
        records = good(['pavo', '-S', str(t), '-r', capture(name)], status=(0, 2))
        sums = {'ra': total(['ra', '--events'], records)}
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
    # MAR records too: rates are over the span of all that came
    halves = [good(['ra', '--mar', '-w', '-', '-'] + f.split(), records, (0, 1)) for f in ('proto tcp', 'not proto tcp')]
    want(clusters(b''.join(halves)), expected, 'split by a filter, then cat')
    want(clusters(b''.join(reversed(halves))), expected, 'the same the other way round')
    shuffled = good(['rasort', '-m', '-bytes,daddr', '-w', '-'], records, (0, 1))
    want(clusters(shuffled), expected, 'in another order')
    once = good(['racluster', '-w', '-'], records, (0, 1))
    mar = good(['ra', '--mar', '-w', '-', '-', 'mar'], records, (0, 1))
    want(clusters(once + mar), expected, 'clustered twice')


def made(folder):
    """record files, three of each capture: two of one probe, one of another"""
    os.mkdir(folder)
    for i, name in enumerate(sorted(n for n in os.listdir(OWN) if n.endswith('.pcap'))):
        for k, probe in enumerate('aab'):
            good(['pavo', '-q', '-e', probe, '-S', str((1, 5)[i % 2]), '-r', os.path.join(OWN, name), '-w',
                  os.path.join(folder, '%02d%d.pavo' % (i, k))], status=(0, 2))


def shuffled(folder, to, seed):
    """the same files under names that put them in another order"""
    os.mkdir(to)
    names = sorted(os.listdir(folder))
    for i, name in enumerate(random.Random(seed).sample(names, len(names))):
        os.link(os.path.join(folder, name), os.path.join(to, '%03d.pavo' % i))


WAYS = (('x1', ['-P', '1'], 1), ('x1', ['-P', '2'], 77), ('x2', ['-P', '4'], 5), ('x3', ['-P', '3', '--memory', '1K'], 9),
        ('x2', ['-P', '1', '--memory', '30K'], 0x7fffffff))


MADE = rb'<tr><th scope="row">Made</th>.*?</tr>'
FILE_ROW = rb'<tr><th scope="row">FILE</th>.*?</tr>'


def any_way(argv, folder):
    def ask(name, more, seed):
        st, out, err = run(argv + more + ['-R', os.path.join(folder, name)], seed=seed)
        if st not in (0, 1, 2 if argv[0] == 'racount' else 0):  # it says that some records are there twice
            raise Failure('%s: exit %d: %s' % (' '.join(argv + more), st, err))
        out = re.sub(os.path.join(folder, name).encode() + rb'/\d+\.pavo', b'FILE', out)
        out = re.sub(MADE, b'', out)
        # a page lists its files by their names, which are what differs
        files = iter(sorted(re.findall(FILE_ROW, out)))
        return re.sub(FILE_ROW, lambda m: next(files), out).replace(os.path.join(folder, name).encode(), b'FOLDER')
    expected = ask('x0', ['-P', '1'], None)
    if not expected:
        raise Failure('%s says nothing' % ' '.join(argv))
    for name, more, seed in WAYS:
        got = ask(name, more, seed)
        if got != expected:
            a, b = got.split(b'\n'), expected.split(b'\n')
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            raise Failure('%s %s, seed %d: line %d\n%r\nnot\n%r' % (' '.join(argv + more), name, seed, at + 1,
                                                                a[at:at + 1], b[at:at + 1]))


def any_split(argv, folder):
    """rasplit keeps the order of its input: the same for any threads, seed and memory"""
    was = None
    for n, (more, seed) in enumerate((([], None), (['-P', '4'], 3), (['-P', '1', '--memory', '1K'], 4))):
        to = os.path.join(folder, 's')
        shutil.rmtree(to, ignore_errors=True)
        st, _, err = run(['rasplit'] + argv[:-1] + [os.path.join(to, argv[-1])] + more + ['-R', os.path.join(folder, 'x0')], seed=seed)
        want(st, 0, 'rasplit: ' + err)
        got = {os.path.relpath(os.path.join(at, name), to): open(os.path.join(at, name), 'rb').read()
               for at, _, names in os.walk(to) for name in names}
        if len(got) < 2 or was not in (None, got):
            raise Failure('%s: %d files, other ones than before: %s' % (
                ' '.join(more), len(got), sorted(k for k in got if (was or {}).get(k) != got[k])[:5]))
        was = got


def ways(tap):
    with scratch() as folder:
        made(os.path.join(folder, 'x0'))
        for n in (1, 2, 3):
            shuffled(os.path.join(folder, 'x0'), os.path.join(folder, 'x%d' % n), n)
        for what, cases in ((any_way, ASKED), (any_split, SPLIT)):
            for argv in cases:
                try:
                    what(argv, folder)
                    tap.ok(True, 'any way: ' + ' '.join(argv))
                except Failure as e:
                    tap.ok(False, 'any way: ' + ' '.join(argv), e)


def main():
    tap = Tap()
    ways(tap)
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

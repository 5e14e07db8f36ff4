# SPDX-License-Identifier: BSD-2-Clause
"""Questions at random, answered by the programs and by a few lines of Python that merge row by row.

The rows come from `ra`, as text; what racluster and rabins say of any key, bin and filter has to be those rows merged by the
rules of fields.def (SEMANTICS 1.2), field by field, and rasort's rows those rows in order.  The same bytes for any number of
threads and any memory; with PAVO_OLD, the folder of an earlier build, the same bytes from its programs, and the same files.
"""
import ipaddress
import itertools
import json
import os
import random
import subprocess
import sys
from decimal import Decimal

from common import *

LONG = bool(os.environ.get('PAVO_LONG'))
OLD = os.environ.get('PAVO_OLD')
TRIALS = 600 if LONG else 36
WAYS = (['-P', '2'], ['-P', '4'], ['-P', '3', '--memory', '40K'], ['--memory', '300K', '-P', '1'])
KEYS = ('proto', 'saddr', 'daddr', 'sport', 'dport', 'probe', 'sttlmin', 'dirq', 'flowid', 'stcpflags', 'saddr/24/64', 'daddr/8/32',
        'smac', 'tunid', 'dspi', 'hist', 'icmptype', 'sdscp')
ORDER = ('stime', 'ltime', 'spkts', 'dpkts', 'sbytes', 'dbytes', 'sttlmin', 'sport', 'dport', 'probe', 'flowid', 'dirq', 'suniq',
         'dttlmax', 'rtts_sum')
ABSENT, MIXED = '-', '*'


def number(text):
    return int(text, 16) if text.startswith('0x') else Decimal(text)


def chosen():
    """name -> (rule, how its text becomes a value that can be merged)"""
    out = {}
    for name, (kind, rule) in fields().items():
        if kind in ('COUNT', 'BYTES', 'DUR', 'PORT') and rule in ('SUM', 'MIN', 'MAX', 'FIRST', 'LAST', 'TOP'):
            out[name] = (rule, number)
        elif kind == 'HEX32' and rule in ('FIRST', 'LAST'):
            out[name] = (rule, number)
        elif kind == 'TIME' and rule in ('MIN', 'MAX'):
            out[name] = (rule, str)
        elif kind == 'BITMAP' and rule == 'OR':
            out[name] = (rule, number)
        elif kind == 'TCPFL' and rule == 'OR':
            out[name] = ('LETTERS', str)
        elif rule in ('KEY', 'SAME') and name not in ('smask', 'dmask'):
            out[name] = ('SAME', str)
    return {n: v for n, v in out.items() if knows(n)}


FIELDS = chosen()
TIMES = [n + '_t' for n, (rule, _) in FIELDS.items() if rule in ('FIRST', 'LAST', 'TOP')]
SHOWN = list(FIELDS) + [n for n in TIMES + ['rectype'] if n not in FIELDS]
OUT = ['--json', '--json-numbers', '-p', '9', '-s', ','.join(SHOWN)]


def text_of(v):
    """letters are a list of them; what else has parts is compared as a whole"""
    return v if isinstance(v, str) else ''.join(v) or '.' if all(isinstance(x, str) for x in v) else json.dumps(v)


def table(out):
    """rows of JSON as texts: what has no key is absent, what is null differed"""
    objects = (json.loads(line, parse_int=str, parse_float=str) for line in out.decode().splitlines())
    return [{n: ABSENT if n not in o else MIXED if o[n] is None else text_of(o[n]) for n in SHOWN} for o in objects]


# --- merging, row by row

def better(rule, new, old):
    """of (value, time): has the new one to be taken?"""
    if rule == 'TOP':
        return new[0] > old[0] or (new[0] == old[0] and new[1] < old[1])
    if new[1] != old[1]:
        return (new[1] < old[1]) == (rule == 'FIRST')
    return (new[0] < old[0]) == (rule == 'FIRST')


def merged(rows):
    """field -> value of rows that are one group"""
    out = {}
    for name, (rule, of) in FIELDS.items():
        there = [r for r in rows if r[name] != ABSENT]
        if not there:
            out[name] = ABSENT
        elif any(r[name] == MIXED for r in there):
            out[name] = MIXED
        elif rule == 'SAME':
            out[name] = there[0][name] if len({r[name] for r in there}) == 1 else MIXED
        elif rule == 'LETTERS':
            out[name] = set(''.join(r[name] for r in there)) - {'.'}
        elif rule in ('FIRST', 'LAST', 'TOP'):
            best = None
            for r in there:
                time = r[name + '_t'] if r[name + '_t'] != ABSENT else r['of bstart']
                if best is None or better(rule, (of(r[name]), time), best):
                    best = (of(r[name]), time)
            out[name] = best[0]
        elif rule == 'OR':
            out[name] = 0
            for r in there:
                out[name] |= number(r[name])
        else:
            out[name] = {'SUM': sum, 'MIN': min, 'MAX': max}[rule](of(r[name]) for r in there)
    return out


def value(name, text):
    rule, of = FIELDS[name]
    if text in (ABSENT, MIXED) or rule == 'SAME':
        return text
    return set(text) - {'.'} if rule == 'LETTERS' else of(text)


def part(row, key):
    name, *bits = key.split('/')
    text = row[name]
    if not bits or text in (ABSENT, MIXED):
        return text
    ip = ipaddress.ip_address(text)
    return str(ipaddress.ip_network('%s/%s' % (text, bits[0 if ip.version == 4 else 1]), strict=False).network_address)


# --- questions

def condition(rng, depth=0):
    """a filter, and what it says of a row; what is absent or differs is not compared"""
    how = rng.randrange(6 if depth < 2 else 3)
    if how < 2:
        name, op = rng.choice(('spkts', 'dpkts', 'sbytes', 'dbytes', 'sport', 'dport', 'sttlmin', 'suniq')), rng.choice(('<', '<=', '>', '>=', '='))
        n = rng.choice((0, 1, 2, 5, 64, 100, 443, 1000, 5000, 40000))
        test = {'<': lambda v: v < n, '<=': lambda v: v <= n, '>': lambda v: v > n, '>=': lambda v: v >= n, '=': lambda v: v == n}[op]
        return '%s %s %d' % (name, op, n), lambda r: r[name] not in (ABSENT, MIXED) and test(int(r[name]))
    if how == 2:
        proto = rng.choice(('tcp', 'udp', 'esp', 'icmp'))
        return 'proto %s' % proto, lambda r: r['proto'] == proto
    a, of_a = condition(rng, depth + 1)
    if how == 3:
        return 'not (%s)' % a, lambda r: not of_a(r)
    b, of_b = condition(rng, depth + 1)
    if how == 4:
        return '(%s) and (%s)' % (a, b), lambda r: of_a(r) and of_b(r)
    return '(%s) or (%s)' % (a, b), lambda r: of_a(r) or of_b(r)


def is_end(row):
    """a row for the end of a flow carries no traffic"""
    return row['spkts'] == ABSENT and row['dpkts'] == ABSENT and row['rectype'] == 'FLOW'


def comparable(row):
    """as something that can be put in order and compared"""
    return [str(sorted(v)) if isinstance(v, set) else str(v) if isinstance(v, str) else str(Decimal(v).normalize()) for v in row]


def compare(got, expected, what):
    """rows of {field: value}"""
    a = sorted(comparable(r[n] for n in FIELDS) for r in got)
    b = sorted(comparable(r[n] for n in FIELDS) for r in expected)
    for x, y in itertools.zip_longest(a, b):
        if x != y:
            differ = [(n, p, q) for n, p, q in zip(FIELDS, x or [], y or []) if p != q]
            raise Failure('%s: %d rows, %d expected; %r' % (what, len(a), len(b), differ[:6] or (x, y)))


def ask(argv, source, text):
    """the same bytes, however it is worked out"""
    rest = OUT + ['-r'] + source + ['-', text]
    st, out, err = run(argv + ['-P', '1'] + rest)
    if st > 1:
        raise Failure('%s - %s: exit %d: %s' % (' '.join(argv), text, st, err.split('\n')[0]))
    for way in WAYS:
        if run(argv + way + rest)[1] != out:
            raise Failure('%s - %s: other rows with %s' % (' '.join(argv), text, ' '.join(way)))
    if OLD:
        beside(argv, source, text, out)
    return table(out)


def beside(argv, source, text, out):
    """what the programs of an earlier build say, and the rows of the whole records that both write"""
    old = [os.path.join(OLD, argv[0])] + argv[1:]
    if subprocess.run(old + OUT + ['-r'] + source + ['-', text], capture_output=True, env=ENV).stdout != out:
        raise Failure('%s - %s: other rows than those of %s' % (' '.join(argv), text, OLD))
    with scratch() as folder:
        mine, theirs = os.path.join(folder, 'new.pavo'), os.path.join(folder, 'old.pavo')
        run(argv + ['-r'] + source + ['-w', mine, '-', text])
        subprocess.run(old + ['-r'] + source + ['-w', theirs, '-', text], capture_output=True, env=ENV)
        rows = [good(['ra', '--events', '--json', '-s', 'all', '-r', path], status=(0, 1)) for path in (mine, theirs)]
        if rows[0] != rows[1]:
            raise Failure('%s - %s: another file than that of %s' % (' '.join(argv), text, OLD))


def without_masks(rows, keys):
    """masked addresses stand there with their length"""
    for r in rows:
        for k in keys:
            if '/' in k:
                r[k.split('/')[0]] = r[k.split('/')[0]].split('/')[0]
    return rows


def groups(rows, keys, width=None):
    found = {}
    for r in rows:
        r = dict(r)
        r['of bstart'] = r['bstart']
        for k in keys:
            r[k.split('/')[0]] = part(r, k)
        if width:
            r['bstart'], r['bend'] = bin_of(r['bstart'], width)
        found.setdefault(tuple([r['bstart']] if width else []) + tuple(r[k.split('/')[0]] for k in keys), []).append(r)
    return found


def bin_of(text, width):
    """of a time of day; widths divide a day"""
    day, clock = text.split('T')
    h, m, s = clock.rstrip('Z').split(':')
    seconds = (int(h) * 3600 + int(m) * 60 + int(float(s))) // width * width
    end = seconds + width
    return tuple('%sT%02d:%02d:%02d.000000000Z' % (day, t // 3600, t // 60 % 60, t % 60) for t in (seconds, end))


def keys_at_random(rng):
    out = []
    for k in rng.sample(KEYS, rng.choice((1, 1, 2, 3))):
        if k.split('/')[0] not in [o.split('/')[0] for o in out]:
            out.append(k)
    return out


def cluster(rng, rows, source):
    keys, (text, test) = keys_at_random(rng), condition(rng)
    got = without_masks(ask(['racluster', '-m', ','.join(keys)], source, text), keys)
    expected = [merged(g) for g in groups([r for r in rows if test(r)], keys).values()]
    compare([{n: value(n, r[n]) for n in FIELDS} for r in got], expected, '-m %s - %s' % (','.join(keys), text))
    times = [r['stime'] for r in got if r['stime'] != ABSENT]
    want(times, sorted(times), 'order')


def bins(rng, rows, source):
    keys, (text, test), width = keys_at_random(rng), condition(rng), rng.choice((1, 2, 5, 10, 60, 300, 3600))
    got = without_masks(ask(['rabins', '-M', '%ds' % width, '-m', ','.join(keys)], source, text), keys)
    expected = [merged(g) for g in groups([r for r in rows if test(r)], keys, width).values() if not all(is_end(r) for r in g)]
    compare([{n: value(n, r[n]) for n in FIELDS} for r in got], expected, '-M %ds -m %s - %s' % (width, ','.join(keys), text))
    times = [r['bstart'] for r in got]
    want(times, sorted(times), 'order')


def sorting(rng, rows, source):
    keys, (text, test) = [rng.choice(('+', '-')) + k for k in rng.sample(ORDER, rng.choice((1, 2, 3)))], condition(rng)
    n = rng.choice((None, 1, 7, 100))
    got = ask(['rasort', '-m', ','.join(keys)] + ([] if n is None else ['-N', str(n)]), source, text)
    left = [r for r in rows if test(r) and not is_end(r)]  # which are not shown unless asked for
    if n is None:
        compare([{f: value(f, r[f]) for f in FIELDS} for r in got], [{f: value(f, r[f]) for f in FIELDS} for r in left], ','.join(keys))
    for k in reversed(keys):  # from the last key to the first; a sort keeps what is equal in order
        name, down = k.lstrip('+-'), k[0] == '-'
        def rank(r):
            return 2 if r[name] == MIXED else 1 if r[name] == ABSENT else 0
        def of(r):
            return r[name] if name in ('stime', 'ltime', 'probe', 'flowid') else number(r[name])
        left = sorted([r for r in left if rank(r) == 0], key=of, reverse=down) + [r for r in left if rank(r) == 1] + [r for r in left if rank(r) == 2]
    names = [k.lstrip('+-') for k in keys]
    want([[r[k] for k in names] for r in got], [[r[k] for k in names] for r in left[:n]], 'order by %s, -N %s' % (keys, n))


def make(folder):
    """three probes' records: short bins, so that there is much to be merged"""
    files = []
    paths = [os.path.join(at, n) for at in (OWN, os.path.join(SRC, 'tests', 'cases')) for n in sorted(os.listdir(at)) if n.endswith('.pcap')]
    for i, path in enumerate(paths):
        to = os.path.join(folder, '%d.pavo' % i)
        good(['pavo', '-q', '-S', '1', '-e', 'p%d' % (i % 3), '-r', path, '-w', to], status=(0, 1, 2))
        if os.path.exists(to):
            files.append(to)
    whole = os.path.join(folder, 'whole.pavo')
    good(['ra', '-r'] + files[1::2] + ['-w', whole])
    return files[::2] + [whole]


def main():
    tap = Tap()
    seeds = [int(a) for a in sys.argv[1:]] or list(range(TRIALS))
    with scratch() as folder:
        source = make(folder)
        rows = [r for r in table(good(['ra', '--events'] + OUT + ['-r'] + source)) if r['rectype'] != 'MAR']
        for seed in seeds:
            rng, wrong = random.Random(seed), None
            kind = (cluster, bins, sorting)[seed % 3]
            try:
                kind(rng, rows, source)
            except Failure as e:
                wrong = str(e)
            tap.ok(wrong is None, '%s %d, %d rows' % (kind.__name__, seed, len(rows)), wrong)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


main()

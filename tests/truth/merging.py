# SPDX-License-Identifier: BSD-2-Clause
"""Merging is a sum: records divided at random, merged in one, two or three steps, in any order and grouping, by keys and
bins that are finer before they are coarser, give the same value in every field, derived ones too (SEMANTICS R1, 14.6 g).

The expected value is that of all records merged at once.  Captures are met at their first frame and later, so that flows
are seen from both ends; what merges at once and in steps has to point the same way.
"""
import gzip
import random
import sys
from concurrent.futures import ThreadPoolExecutor

from common import *
from frames import is_pcap, pcap_frames

LONG = bool(os.environ.get('PAVO_LONG'))
TRIALS = 1500 if LONG else 80
CASES = os.path.join(SRC, 'tests', 'cases')

# keys that turn rows, each finer than those behind it; what stands in one may be left out in a later step
TURNED = (['probe,flow,conv', 'probe,conv', 'conv'], ['probe,flow,conv', 'flow'], ['lane,flow', 'lane', 'tunnel'],
          ['conv,probe', 'matrix,probe', 'matrix'], ['flow,conv,probe', 'probe,matrix'])
# and of keys that keep the direction, any of these fields
WORDS = ('probe', 'proto', 'saddr', 'daddr', 'sport', 'dport', 'vrf', 'flowid', 'smac', 'dmac', 'svlan', 'tunid',
         'state', 'icmptype', 'sencap', 'cause', 'sdscp')
WIDTHS = (1, 5, 10, 60, 300, 3600)
OF_BINS = ('bstart', 'bend', 'blen', 'sload', 'dload', 'load', 'srate', 'drate', 'rate')


# --- records

def read(path):
    with open(path, 'rb') as f:
        raw = f.read()
    return gzip.decompress(raw) if raw[:2] == b'\x1f\x8b' else raw


def captures(rng):
    paths = [os.path.join(OWN, n) for n in sorted(os.listdir(OWN)) if n.endswith('.pcap')]
    paths += [os.path.join(CASES, n) for n in sorted(os.listdir(CASES)) if '.pcap' in n]
    if SHARED:
        more = [capture(row['file']) for row in table('files')]
        more = [p for p in more if os.path.getsize(p) < 4 << 20]
        paths += more if LONG else rng.sample(more, min(12, len(more)))
    return paths


def later(raw, rng):
    """the capture from a frame in the middle on: who speaks first there is the source"""
    frames = list(pcap_frames(raw))
    return raw[:24] + raw[frames[rng.randrange(len(frames) // 2 + 1)].offset:] if frames else None


def make(folder, rng):
    """record files: each capture whole, and most of them met later too"""
    out = []
    for i, path in enumerate(captures(rng)):
        raw = read(path)
        shapes = [raw] + ([later(raw, rng) for _ in range(1 + i % 2)] if is_pcap(raw) else [])
        for shape in shapes:
            if shape is None:
                continue
            to = os.path.join(folder, 'm%d.pavo' % len(out))
            good(['pavo', '-q', '-S', '1', '-e', 'gw%d' % rng.randrange(3), '-r', '-', '-w', to], shape, (0, 2))
            out.append(to)
    return out


def divided(folder, files, rng):
    """lists of files that hold all records each: as they were made, and divided by count, by time, by filters, in other orders"""
    ways = [files]
    whole = os.path.join(folder, 'whole.pavo')
    for n, order in enumerate(('-bytes,flowid', 'ltime,-daddr', 'flowid')):
        good(['rasort', '-m', order, '-r'] + files + ['-w', whole])
        at = os.path.join(folder, 'd%d' % n)
        os.mkdir(at)
        good(['rasplit', '-r', whole, '--records', str(rng.randrange(150, 900)), '-w', os.path.join(at, '$n.pavo')], status=(0, 1))
        ways.append(sorted(os.path.join(at, x) for x in os.listdir(at)))
    parts, rest = [], whole
    for n, text in enumerate(('tcp', 'esp and lane = 0', 'spkts > 3', 'saddr < 100.0.0.0', 'has bstart')):
        kept, other = (os.path.join(folder, '%s%d.pavo' % (x, n)) for x in ('kept', 'rest'))
        good(['ra', '-r', rest, '-w', kept, '-E', other, '-'] + text.split(), status=(0, 1))
        parts.append(kept)
        rest = other
    ways.append(parts)
    return ways


# --- questions

def plan(rng):
    """(last command, commands of the steps before it, the last first): each finer than the one behind it"""
    kind = rng.randrange(4)
    bins = rng.random() < .5
    if kind == 0:
        chain = list(rng.choice(TURNED))
        last = rng.randrange(1, len(chain))
        keys = [chain[last], chain[rng.randrange(last + 1)]]
        keys.append(chain[rng.randrange(chain.index(keys[1]) + 1)])
    elif kind == 1:
        bins = False
        keys = ['spi', 'spi', 'spi']
    else:
        words = [w for w in WORDS if rng.random() < .2]
        net = rng.choice(('', 'saddr/24/64', 'saddr/16/48,daddr/8'))
        keys = [','.join(words + [net] * (net != '')) or 'none']
        fine = words + ([net.replace('/24/64', '/28/96').replace('/16/48', '').replace('daddr/8', 'daddr/24')] if net else [])
        for _ in range(2):
            fine = fine + [w for w in rng.sample(WORDS, 3) if w not in fine and (not net or 'addr' not in w)]
            keys.append(','.join(fine) or 'none')
    merged = [['--merge-probes'] if 'none' in k or (kind == 0 and not i and rng.random() < .4) else [] for i, k in enumerate(keys)]
    if not bins:
        steps = [['racluster', '-m', k] + m for k, m in zip(keys, merged)]
        if kind != 1 and rng.random() < .3:  # bins that nobody asks for in the end
            steps[1:] = [['rabins', '-M', '%ds' % w, *s[1:]] for w, s in zip((60, 1), steps[1:])]
        return steps
    width = rng.choice(WIDTHS)
    widths = [width]
    for _ in range(2):
        widths.append(rng.choice([w for w in WIDTHS if widths[-1] % w == 0]))
    return [['rabins', '-M', '%ds' % w, '-m', k] + m for w, k, m in zip(widths, keys, merged)]


def dealt(rng, items, n):
    """in so many heaps, in any order"""
    items, heaps = rng.sample(items, len(items)), [[] for _ in range(n)]
    for i, item in enumerate(items):
        heaps[i % n if i < n else rng.randrange(n)].append(item)
    return [h for h in heaps if h]


def ways_to_run(rng):
    return rng.choice(([], [], ['-P', '1'], ['-P', '2'], ['-P', '4'], ['-P', '3', '--memory', '20K'], ['--memory', '1M']))


def answer(argv, files, without=()):
    """JSON rows in an order of their own"""
    lines = good(argv + ['--json', '-p', '9', '-s', 'all', '-r'] + files, status=(0, 1)).decode().splitlines()
    if without:
        lines = [json.dumps({n: v for n, v in json.loads(x).items() if n not in without}) for x in lines]
    return sorted(lines)


def step(argv, heaps, folder, name, rng):
    out = []
    for i, heap in enumerate(heaps):
        to = os.path.join(folder, '%s%d.pavo' % (name, i))
        how = ['ra'] if rng.random() < .15 else argv + ways_to_run(rng)
        good(how + ['-r'] + heap + ['-w', to], status=(0, 1))
        out.append(to)
    return out


def compare(got, expected, what):
    if got == expected:
        return
    a = [json.loads(x) for x in got if x not in expected]
    b = [json.loads(x) for x in expected if x not in got]
    why = ['%s: %d rows, not %d; %d differ' % (what, len(got), len(expected), len(b))]
    for x in b[:2]:
        y = min(a, key=lambda r: sum(r.get(n) != x.get(n) for n in set(r) | set(x)), default={})
        why.append(', '.join('%s %s, not %s' % (n, y.get(n, '-'), x.get(n, '-'))
                             for n in list(x) + [n for n in y if n not in x] if y.get(n, '-') != x.get(n, '-'))[:900])
        why.append('of ' + json.dumps({n: x.get(n) for n in ('probe', 'proto', 'saddr', 'sport', 'daddr', 'dport', 'bstart', 'dir')}))
    raise Failure('\n'.join(why))


def trial(number, ways, folder):
    rng = random.Random(number)
    commands = plan(rng)
    files = rng.choice(ways)
    steps = rng.randrange(3)
    # bins on the way are what a row then covers
    without = OF_BINS if steps and commands[0][0] == 'racluster' and commands[1][0] == 'rabins' else ()
    if steps and any(w in ('spi', 'lane', 'tunnel') for c in commands[1:steps + 1] for w in ' '.join(c).replace(',', ' ').split()):
        without = without + tuple(n for n in OF_BINS[3:] if n not in without)   # what the key left out, the file of a step does not cover
    expected = answer(commands[0], ways[0], without)
    for n in range(steps, 0, -1):
        files = step(commands[n], dealt(rng, files, rng.randrange(1, 5)), folder, 's%d-' % n, rng)
    if not expected:
        return
    compare(answer(commands[0] + ways_to_run(rng), rng.sample(files, len(files)), without), expected,
            ' <- '.join(' '.join(c) for c in commands[:steps + 1]))


def main():
    tap = Tap()
    only = [int(a) for a in sys.argv[1:]]
    with scratch() as folder:
        rng = random.Random('records')
        ways = divided(folder, make(folder, rng), rng)
        def tried(number):
            try:
                with tempfile.TemporaryDirectory(dir=folder) as own:
                    trial(number, ways, own)
            except Failure as why:
                return ['trial %d: %s' % (number, re.sub(r' \S*/(\w*\.pavo)', r' \1', str(why)))]
            return []
        numbers = only or list(range(TRIALS))
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(tried, numbers))
        for i in range(0, len(numbers), 10):
            wrong = sum(results[i:i + 10], [])
            tap.ok(not wrong, 'trials from %d' % numbers[i], *wrong)
    tap.end()


if __name__ == '__main__':
    main()

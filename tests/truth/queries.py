# SPDX-License-Identifier: BSD-2-Clause
"""The answer to a question is the same however it is worked out: by one thread or several, in little memory, from one
file or many, in any order, at once or in steps, with the help of index, membership filters and address dictionaries or
without.  All bytes are compared, not samples of them.
"""
import os
import signal
import subprocess
import time

from common import *

WAYS = (['-P', '2'], ['-P', '4'], ['--memory', '1K'], ['-P', '3', '--memory', '20K'], ['--memory', '1M'])
if os.environ.get('PAVO_CAPTURES') and not os.environ.get('PAVO_LONG'):
    WAYS = (['-P', '2'], ['-P', '3', '--memory', '1M'])  # of a large collection 20 KB makes thousands of temporary files
MERGED = [['racluster', '-m', k] for k in ('conv', 'matrix', 'flow', 'saddr,daddr,proto', 'saddr/24', 'tunnel,lane', 'spi',
                                           'proto', 'none')]
MERGED += [['rabins', '-M', '60s', '-m', k] for k in ('none', 'conv', 'saddr', 'probe')]
MERGED += [['rabins', '-M', '300s', '--delta'], ['rabins', '-M', '7s', '--approx', '-m', 'daddr'],
           ['rabins', '-m', 'saddr']]
SORTED = [['rasort', '-m', k] for k in ('stime', '-bytes', 'saddr,-dport', 'probe,-loss', 'hist,dur')]
FILTERS = ('host 10.0.0.1', 'host 203.0.113.77', 'net 192.168.0.0/16', 'ip6', 'port 53 or 443', 'tcp and not host 10.0.0.1',
           'esp', 'spi 0x12345678', 'tunnel 10.0.0.1 10.0.0.2', 'bytes > 10k', 'loss > 0', 'not (udp or tcp)',
           'sloss% >= 1 or rtx', 'saddr < 128.0.0.0 and sport >= 1024', 'mar')
ALL = ['--csv', '-p', '9', '-s', 'all']
# Rates are over what the files cover, and a file of merged rows covers what they cover.
NO_RATES = ALL[:-1] + ['all,-load,-sload,-dload,-rate,-srate,-drate']


def make(d):
    """Records of all captures, several blocks of each: a file each, all in one, and all in other orders."""
    files = []
    for row in table('files'):
        out = os.path.join(d, '%d.pavo' % len(files))
        run(['pavo', '-q', '-S', '5', '-e', 'p%d' % (len(files) % 3), '-r', capture(row['file']), '-w', out])
        if os.path.exists(out) and os.path.getsize(out) > 200:
            files.append(out)
    one = os.path.join(d, 'one.pavo')
    with open(one, 'wb') as f:
        for name in files:
            f.write(open(name, 'rb').read())
    return files, one


def same(argv, *sources):
    expected = good(argv + ['-P', '1'] + ALL + ['-r'] + sources[0], status=(0, 1))
    for way in WAYS:
        for source in sources:
            got = good(argv + way + ALL + ['-r'] + source, status=(0, 1))
            if got != expected:
                raise Failure('%s %s: %s' % (' '.join(argv), ' '.join(way), first_difference(got, expected)))
    return expected


def first_difference(a, b):
    for i, (x, y) in enumerate(zip(a.split(b'\n'), b.split(b'\n'))):
        if x != y:
            return 'line %d:\n%s\nnot\n%s' % (i + 1, x.decode(), y.decode())
    return '%d lines, not %d' % (a.count(b'\n'), b.count(b'\n'))


def merged(argv, d, files, one):
    """and also in another order, and from files that were written in between"""
    expected = same(argv, files, [one])
    if '--delta' in argv:
        return
    other = os.path.join(d, 'other.pavo')
    for step in (['rasort', '-m', '-bytes,daddr'], ['rasort', '-m', 'flowid', '--memory', '1K']):
        good(step + ['-w', other, '-r', one], status=(0, 1))
        compare_lines(argv, other, expected, ' '.join(step))
    if argv[0] == 'racluster' and argv[-1] != 'spi':
        good(argv + ['-w', other, '--memory', '1K', '-P', '2', '-r', one], status=(0, 1))
        compare_lines(argv, other, good(argv + NO_RATES + ['-r', one], status=(0, 1)), 'once more', NO_RATES)


def compare_lines(argv, path, expected, what, columns=ALL):
    got = sorted(good(argv + columns + ['-r', path], status=(0, 1)).split(b'\n'))
    expected = sorted(expected.split(b'\n'))
    if got != expected:
        raise Failure('%s, %s: %s' % (' '.join(argv), what, first_difference(b'\n'.join(got), b'\n'.join(expected))))


def filtered(text, d, files, one):
    """The rows that a filter selects, beside a reader that reads all blocks: -E needs the rejected rows too."""
    argv = ['ra', '-'] + text.split()
    expected = good(['ra', '-P', '1'] + ALL + ['-r', one] + argv[1:], status=(0, 1))
    for way in WAYS[:2]:
        want(good(['ra'] + way + ALL + ['-r'] + files + argv[1:], status=(0, 1)), expected, text + ' ' + ' '.join(way))
    kept, rest = os.path.join(d, 'kept.pavo'), os.path.join(d, 'rest.pavo')
    good(['ra', '-r', one, '-w', kept, '-E', rest] + argv[1:], status=(0, 1))
    want(good(['ra', '--mar'] + ALL + ['-r', kept], status=(0, 1)), expected, text + ', every block read')
    with open(one, 'rb') as f:
        want(good(['ra'] + ALL + argv[1:], f.read(), (0, 1)), expected, text + ', from a pipe')


def blocks(err):
    return re.search(r'(\d+) blocks read, (\d+) skipped', err).groups()


def skipped(files, one):
    """What is not there is not read; what is outside the time neither, with the index and without it."""
    st, _, err = run(['ra', '-q', '--explain', '-r', one, '-', 'host', '203.0.113.77'])
    want((st, blocks(err)[0]), (1, '0'), 'an absent host')
    times = good(['ra', '-r', one, '-u', '-p', '0', '--csv', '-s', 'bstart']).decode().split()[1:]
    start = min(times)
    argv = ['ra', '--csv', '-s', 'all', '-t', '%s+5s' % start]
    expected = good(argv + ['-r', one])
    for name in files[:20]:
        whole = open(name, 'rb').read()
        cut = name + '.cut'
        with open(cut, 'wb') as f:
            f.write(whole[:-53])                    # without its trailer no index is found
        want(good(argv + ['-r', cut], status=(0, 1)), good(argv + ['-r', name], status=(0, 1)), name + ' without index')
        os.unlink(cut)
    st, _, err = run(argv + ['--explain', '-r', one])
    if blocks(err)[1] == '0':
        raise Failure('no block is outside of five seconds')
    want(good(argv + ['-P', '4', '-r', one]), expected, 'with four threads')


def temporary(d):
    """Little memory means temporary files: without a place for them nothing comes out, and they have no names.  Some groups
    (GROUPS_MIN of aggr_spill.c) are kept whatever the memory: these are more."""
    one = os.path.join(d, 'groups.pavo')
    groups = 0
    with open(one, 'wb') as f:
        for row in table('files'):
            for probe in 'abcdef':
                f.write(run(['pavo', '-q', '-S', '1', '-e', probe, '-r', capture(row['file'])])[1])
            f.flush()
            groups = good(['racluster', '-m', 'flowid,bstart', '--csv', '-s', 'trans', '-r', one]).count(b'\n')
            if groups > 600: # where there are so many captures
                break
    want(groups > 300, True, 'groups')
    many = [one] * 40
    for argv in (['racluster', '-m', 'flowid,bstart'], ['rabins', '-M', '5s', '-m', 'flowid'], ['rasort']):
        env = dict(ENV, TMPDIR='/nowhere')
        p = subprocess.run([program(argv[0])] + argv[1:] + ['--memory', '1K', '-P', '1', '-r'] + many, capture_output=True, env=env)
        want(p.returncode, 2, ' '.join(argv))
        if b'temporary file: /nowhere' not in p.stderr:
            raise Failure(p.stderr.decode())
    with scratch() as d:
        env = dict(ENV, TMPDIR=d)
        subprocess.run([program('racluster'), '-m', 'flowid,bstart', '--memory', '1K', '-P', '1', '-r', one], capture_output=True, env=env, check=True)
        want(os.listdir(d), [], 'left behind')


def framed(one):
    """Blocks behind their lengths are the blocks without."""
    for native, framed in ('--native', '--native=framed'), ('--native=legacy', '--native=legacy,framed'):
        plain, pieces, at, n = good(['ra', native, '-s', 'bstart,probe,saddr,spkts', '-r'] + [one] * 9), [], 0, 0
        stream = good(['ra', framed, '-s', 'bstart,probe,saddr,spkts', '-r'] + [one] * 9)
        while at < len(stream):
            n = int.from_bytes(stream[at:at + 8], 'little')
            pieces.append(stream[at + 8:at + 8 + n])
            at += 8 + n
        want(at, len(stream), 'lengths')
        want(b''.join(pieces) == plain and len(pieces) > 0, True, 'blocks')


def interrupted(d, one):
    """INT: the rest is not read; what was written is a whole file beside the older one, which stays; the status says it."""
    many = [one] * 4000
    out = os.path.join(d, 'part.pavo')
    for argv in (['ra', '-w', out], ['racluster', '-w', out, '--memory', '1M'], ['rasort', '-w', out, '--memory', '1M']):
        good(['ra', '-N', '1', '-r', one, '-w', out])
        older = open(out, 'rb').read()
        p = subprocess.Popen([program(argv[0])] + argv[1:] + ['-r'] + many, stderr=subprocess.PIPE, env=dict(ENV, TMPDIR=d))
        time.sleep(0.3)
        if p.poll() is not None:
            raise Failure('too quick to be interrupted')
        p.send_signal(signal.SIGINT)
        err = p.communicate(timeout=60)[1].decode()
        want(p.returncode, 130, ' '.join(argv) + ': ' + err)
        if 'interrupted' not in err:
            raise Failure(err)
        want(open(out, 'rb').read(), older, 'the older file')
        part = out + '.part'
        want(part in err, os.path.exists(part), 'the part and what is said of it')
        if os.path.exists(part):
            want(b'not closed' in good(['racheck', '-r', part], status=(0, 2)), False, 'the part is closed')
            os.unlink(part)
        want([n for n in os.listdir(d) if n.startswith('ra-')], [], 'left behind')


def main():
    tap = Tap()
    with scratch() as d:
        files, one = make(d)
        cases = [(' '.join(a), lambda a=a: merged(a, d, files, one)) for a in MERGED]
        cases += [(' '.join(a), lambda a=a: same(a, files, [one])) for a in SORTED]
        cases += [('ra - ' + t, lambda t=t: filtered(t, d, files, one)) for t in FILTERS]
        cases += [('racount', lambda: [want(good(['racount', '--json', '-r', one] + w, status=(0, 2)),
                                            good(['racount', '--json', '-P', '1', '-r'] + files, status=(0, 2)), 'racount') for w in WAYS]),
                  ('blocks that are not read', lambda: skipped(files, one)),
                  ('temporary files', lambda: temporary(d)),
                  ('native, framed', lambda: framed(one)),
                  ('interrupted', lambda: interrupted(d, one))]
        for title, case in cases:
            wrong = None
            try:
                case()
            except Failure as e:
                wrong = str(e)
            tap.ok(wrong is None, title, wrong)
    tap.end()


main()

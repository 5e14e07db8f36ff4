# SPDX-License-Identifier: BSD-2-Clause
"""What the tests against true captures share: where things are, running the tools, TAP.

Captures come from $PAVO_CAPTURES (a folder with truth/*.tsv in it), else from tests/captures.
Programs come from $PAVO_BUILD, else from build/ in the sources.
"""
import csv
import functools
import io
import json
import os
import re
import subprocess
import sys
import tempfile

SRC = os.path.abspath(os.environ.get('PAVO_SRC') or os.path.join(os.path.dirname(__file__), '..', '..'))
BUILD = os.path.abspath(os.environ.get('PAVO_BUILD') or os.path.join(SRC, 'build'))
HERE = os.path.join(SRC, 'tests', 'truth')
OWN = os.path.join(SRC, 'tests', 'captures')
SHARED = os.environ.get('PAVO_CAPTURES')
CAPTURES = os.path.abspath(SHARED) if SHARED else OWN
LIMIT = 120                              # seconds for one program; a hang is a failure

ENV = dict(os.environ, LC_ALL='C', TZ='UTC', NO_COLOR='1')
for name in ('COLUMNS', 'PAVO_SEED', 'CDPATH'):
    ENV.pop(name, None)


def program(name):
    return os.path.join(BUILD, name)


def run(argv, stdin=None, seed=None):
    """(exit status, stdout bytes, stderr text) of one of our programs"""
    env = ENV if seed is None else dict(ENV, PAVO_SEED=str(seed))
    try:
        p = subprocess.run([program(argv[0])] + argv[1:], input=stdin, capture_output=True, env=env, timeout=LIMIT)
    except FileNotFoundError:
        print('Bail out! no %s in %s' % (argv[0], BUILD), flush=True)
        os._exit(2)
    except subprocess.TimeoutExpired:
        return 124, b'', 'no end after %d s' % LIMIT
    err = p.stderr.decode(errors='replace')
    if 'runtime error: ' in err or 'Sanitizer' in err:
        raise Failure('%s: %s' % (' '.join(argv), err))
    return p.returncode, p.stdout, err


def good(argv, stdin=None, status=(0,)):
    """stdout of a program that has to end with one of these statuses"""
    st, out, err = run(argv, stdin)
    if st not in status:
        raise Failure('%s: exit %d: %s' % (' '.join(argv), st, err.strip()))
    return out


def rows(argv, stdin=None):
    """the rows of a tool that was asked for --csv, as dictionaries; no record (exit 1) is no row; what is absent or mixed,
    an empty cell, is '-'"""
    return [{k: v or '-' for k, v in r.items()} for r in csv.DictReader(io.StringIO(good(argv, stdin, (0, 1)).decode()))]


@functools.lru_cache(maxsize=None)
def knows(field):
    """has the program this field?"""
    return 'no such field' not in run(['ra', '-s', field], b'')[2]


def table(name, folder=None):
    """a truth table; no file is an empty table"""
    path = os.path.join(folder or os.path.join(CAPTURES, 'truth'), name + '.tsv')
    if not os.path.exists(path):
        return []
    with open(path) as f:
        lines = [line for line in f if not line.startswith('#')]
    return list(csv.DictReader(lines, delimiter='\t', quoting=csv.QUOTE_NONE))


def fields():
    """name -> (type, merge rule) of every stored field, from the one table"""
    out = {}
    with open(os.path.join(SRC, 'format', 'fields.def')) as f:
        text = f.read()
    for kind, args in re.findall(r'^(FIELD|PAIR|TWIN|TIMED|TPAIR)\s*\(([^"]*)"', text, re.M):
        words = [w.strip() for w in args.split(',')]
        companion = kind in ('TIMED', 'TPAIR')
        words = words[2:] if companion else words[1:]
        names = {'PAIR': ['s%s', 'd%s'], 'TPAIR': ['s%s', 'd%s']}.get(kind, ['%s'])
        names = words[:2] if kind == 'TWIN' else [n % words[0] for n in names]
        rest = words[2:] if kind == 'TWIN' else words[1:]
        for name in names:
            out[name] = (rest[0], rest[2])
            if companion:
                out[name + '_t'] = ('TIME', '-')
    return out


def capture(name):
    return os.path.join(CAPTURES, name)


def by_file(tab):
    d = {}
    for row in tab:
        d.setdefault(row['file'], []).append(row)
    return d


class Failure(Exception):
    pass


class Tap:
    """one line a case; the plan comes last"""

    def __init__(self):
        self.n = self.failed = 0

    def ok(self, good, name, *why):
        self.n += 1
        self.failed += not good
        print('%s %d - %s' % ('ok' if good else 'not ok', self.n, name.replace('#', '')), flush=True)
        if not good:
            for text in why:
                for line in str(text).rstrip().split('\n')[:40]:
                    print('#   ' + line)

    def known(self, good, name, reason, *why):
        """a case that may be listed as failing today, with a reason; a listed one that passes fails"""
        if not reason:
            self.ok(good, name, *why)
        elif good:
            self.ok(False, name, 'it passes: remove it from the list (%s)' % reason)
        else:
            self.n += 1
            print('not ok %d - %s # TODO %s' % (self.n, name.replace('#', ''), reason), flush=True)
            for text in why[:6]:
                print('#   ' + str(text).split('\n')[0])

    def skip(self, name, why):
        self.n += 1
        print('ok %d - %s # SKIP %s' % (self.n, name, why), flush=True)

    def end(self):
        if not SHARED:
            self.skip('the same on a larger collection', 'PAVO_CAPTURES names no folder of captures')
        print('1..%d' % self.n)
        sys.exit(self.failed > 0)


def want(got, expected, what):
    if got != expected:
        raise Failure('%s: got %r, expected %r' % (what, got, expected))


def scratch():
    return tempfile.TemporaryDirectory(prefix='pavo-truth.')

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The blocks ```console of README.md: each line behind "$ " is run, in order, in one folder that has tests/ in it;
what it prints must be what stands below it.  TAP.  PAVO_SRC, PAVO_BUILD as everywhere.

usage: readme.py [--fill]      --fill: write what was printed into README.md instead (then read it!)
"""
import difflib, os, re, shutil, subprocess, sys, tempfile

SRC = os.environ['PAVO_SRC']
BUILD = os.path.abspath(os.environ['PAVO_BUILD'])
README = os.path.join(SRC, 'README.md')


def run(command, cwd):
    env = {k: v for k, v in os.environ.items() if k not in ('COLUMNS', 'PAVO_SEED')}
    env.update(PATH=BUILD + ':' + env['PATH'], LC_ALL='C', TZ='UTC', NO_COLOR='1')
    p = subprocess.run(['sh', '-c', command], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return [line.rstrip() for line in p.stdout.splitlines()]


def missing(command):
    """A program of the pipeline that is not installed here, or None."""
    for part in re.sub(r"'[^']*'", '', command).split('|'):
        if part.split() and not shutil.which(part.split()[0], path=BUILD + ':' + os.environ['PATH']):
            return part.split()[0]
    return None


def main():
    fill = sys.argv[1:] == ['--fill']
    lines = open(README).read().split('\n')
    out, number = [], 0
    with tempfile.TemporaryDirectory() as cwd:
        os.symlink(os.path.join(SRC, 'tests'), os.path.join(cwd, 'tests'))
        i = 0
        while i < len(lines):
            out.append(lines[i])
            i += 1
            if lines[i - 1] != '```console':
                continue
            while lines[i] != '```':
                command = lines[i][2:]
                out.append(lines[i])
                i += 1
                while command.endswith('\\'):  # goes on in the next line
                    command = command[:-1] + lines[i].strip()
                    out.append(lines[i])
                    i += 1
                said = []
                while lines[i] != '```' and not lines[i].startswith('$ '):
                    said.append(lines[i])
                    i += 1
                number += 1
                lacks = missing(command)
                got = said if lacks else run(command, cwd)
                out += got
                if fill:
                    continue
                if lacks:
                    print('ok %d - README.md: %s # SKIP no %s' % (number, command, lacks))
                elif got == said:
                    print('ok %d - README.md: %s' % (number, command))
                else:
                    print('not ok %d - README.md: %s' % (number, command))
                    for d in difflib.unified_diff(said, got, 'README.md', 'printed', lineterm=''):
                        print('# ' + d)
    if fill:
        open(README, 'w').write('\n'.join(out))
    else:
        print('not ok 1 - README.md has no commands\n1..1' if number == 0 else '1..%d' % number)


main()

# SPDX-License-Identifier: BSD-2-Clause
"""libpavo.so as it is installed: what it exports, how it is linked, that contrib/libpavo/sum.c sums as the tools do and its rows
are those of ra, in every field of every capture; sentences for what is wrong, lack of memory too."""
import glob
import resource
import shlex
import shutil
import sys

from common import *

FILTERS = ['', 'tcp', 'esp and sloss > 0', 'not udp and host 10.71.1.1', 'port 443 or spkts gt 20', 'mar', 'state = FIN or health != 0']
SUMS = 'spkts,dpkts,sbytes,dbytes,sloss,dloss,trans'


def make_variable(name):
    with open(os.path.join(BUILD, 'Makefile')) as f:
        return next((m.group(1) for m in map(re.compile(name + r' = (.*)').match, f) if m), '')


def other(argv, stdin=None, env=None, before=None):
    p = subprocess.run(argv, input=stdin, capture_output=True, env=dict(ENV, **(env or {})), timeout=LIMIT, preexec_fn=before)
    err = p.stderr.decode(errors='replace')
    if 'runtime error: ' in err or ('Sanitizer' in err and before is None):
        raise Failure('%s: %s' % (' '.join(argv), err))
    return p.returncode, p.stdout.decode(errors='replace'), err


def must(argv, **more):
    st, out, err = other(argv, **more)
    if st:
        raise Failure('%s: exit %d: %s' % (' '.join(argv), st, err[-900:]))
    return out


class Installed:
    """libpavo in a folder of its own, and the programs built as a stranger would"""

    def __init__(self, folder):
        self.folder = folder
        flags = {k: v for k, v in ENV.items() if k not in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL')}
        p = subprocess.run([os.environ.get('MAKE', 'make'), '-s', '-C', BUILD, 'install-library', 'DESTDIR=' + folder], env=flags, capture_output=True)
        if p.returncode:
            raise Failure(p.stderr.decode()[-900:])
        pc = glob.glob(folder + '/**/pavo.pc', recursive=True)[0]
        self.lib = glob.glob(folder + '/**/libpavo.so.0', recursive=True)[0]
        self.env = {'PKG_CONFIG_PATH': os.path.dirname(pc), 'PKG_CONFIG_SYSROOT_DIR': folder,
                    'LD_LIBRARY_PATH': os.path.dirname(self.lib)}
        self.cc = shlex.split(make_variable('CC')) + shlex.split(make_variable('SAN_FLAGS').replace('-fsanitize=fuzzer-no-link', ''))

    def build(self, source):
        program_ = os.path.join(self.folder, os.path.basename(source)[:-2])
        flags = must(['pkg-config', '--cflags', '--libs', 'pavo'], env=self.env).split()
        must(self.cc + ['-Wall', '-Wextra', '-Werror', '-o', program_, os.path.join(SRC, source)] + flags, env=self.env)
        return program_

    def run(self, argv, **more):
        return other(argv, env=self.env, **more)


def symbols(lib):
    out = must(['nm', '-D', '--defined-only', lib.lib]).split('\n')
    have = {line.split()[2] for line in out if line and line.split()[1] != 'A'}
    with open(os.path.join(SRC, 'libpavo', 'pavo.h')) as f:
        said = set(re.findall(r'\b(pavo_[a-z]+)\(', re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S)))
    want(have, {name + '@@PAVO_0' for name in said}, 'exported')


def quiet(lib):
    need = {line.split()[-1].split('@')[0] for line in must(['nm', '-D', '--undefined-only', lib.lib]).split('\n') if line}
    bad = {'exit', '_exit', 'quick_exit', 'printf', '__printf_chk', 'puts', 'putchar', 'fprintf', '__fprintf_chk', 'vfprintf', 'fputs', 'perror', 'stdout',
           'stderr', 'write', 'syslog', 'setenv', 'signal', 'sigaction', 'setlocale', 'err', 'warn'}
    want(need & bad, set(), 'of what prints, ends programs or changes them it uses')


def totals(text):
    return {k: int(v) for k, v in (line.split() for line in text.splitlines())}


def sums_agree(lib, program_, path):
    for text in FILTERS:
        st, out, err = lib.run([program_, path, SUMS, text])
        want((st, err), (0, ''), 'sum of %r' % text)
        kept = rows(['ra', '-r', path, '-s', SUMS, '--csv'] + (['-', text] if text else []))
        want(totals(out), {k: sum(int(r[k]) for r in kept if r[k] not in '-*') for k in SUMS.split(',')}, 'sums of %r' % text)
    whole = json.loads(good(['racount', '-r', path, '--json']))['flow']
    out = totals(lib.run([program_, path, SUMS])[1])
    want((out['spkts'] + out['dpkts'], out['sbytes'] + out['dbytes']), (whole['pkts'], whole['bytes']), 'sums of racount')


def lines(argv):
    """of ra: a list a row; what is empty in --csv is told apart by JSON, which has no key for what is absent, and null for mixed"""
    return [json.loads(line) for line in good(argv, None, (0, 1)).splitlines()]


def as_text(value):
    return '*' if value is None else ','.join(value) if isinstance(value, list) else str(value)


def rows_agree(lib, program_, path, names, options=(), text='', sources=None):
    ours = list(csv.reader(io.StringIO(lib.run([program_, *options, ','.join(names), text, *(sources or [path])])[1]), delimiter='\t', quoting=csv.QUOTE_NONE))
    by_columns = list(csv.reader(io.StringIO(lib.run([program_, '-c', *options, ','.join(names), text, *(sources or [path])])[1]), delimiter='\t',
                                 quoting=csv.QUOTE_NONE))
    want(by_columns == ours, True, 'columns are rows')
    argv = ['ra', '-r', *(sources or [path]), '--json', '--json-numbers', '-s', ','.join(names)] + (['--events', '--mar'] if '-a' in options else [])
    if '-t' in options:
        argv += ['-t', options[options.index('-t') + 1]]
    theirs = lines(argv + (['-', text] if text else []))
    want(len(ours) - 1, len(theirs), 'rows')
    want(ours[0], names, 'names')
    for i, (a, b) in enumerate(zip(ours[1:], theirs)):
        for name, shown in zip(names, a):
            value = b.get(name, '-') if name in b else '-'
            if isinstance(value, float):
                same = abs(float(shown) - value) < 1e-6 * max(1, abs(value))
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                same = sum(int(p.split(':')[1]) for p in shown.split(',')) == sum(p['count'] for p in value)
            else:
                same = shown == as_text(value) or (value == [] and shown == '')
            if not same:
                raise Failure('row %d, %s: libpavo %r, ra %r' % (i, name, shown, value))
    return len(theirs)


def wrong(lib, program_, path, folder):
    with open(os.path.join(folder, 'text'), 'w') as f:
        f.write('this is no record file\n' * 9)
    for argv, said in [
            (['spkts,dpktz', '', path], 'no field is called "dpktz"; the nearest is dpkts'),
            (['spkts', 'tcp and', path], 'filter: the filter ends where a term was expected, at its end'),
            (['spkts', 'tcp and sloos > 3', path], 'filter: no field is called "sloos"; the nearest is `sloss`, at "sloos" in column 9'),
            (['spkts', '', folder + '/none.pavo'], folder + '/none.pavo: No such file or directory'),
            (['spkts', '', folder + '/text'], folder + '/text is not a pavo record file'),
            (['spkts', ''], 'no file is named'),
            ([' , ', '', path], 'no field is asked for')]:
        want(lib.run([program_] + argv)[:2], (2, said + '\n'), ' '.join(argv))


def damaged(lib, program_, path, folder):
    whole = open(path, 'rb').read()
    cut = os.path.join(folder, 'cut.pavo')
    with open(cut, 'wb') as f:
        f.write(whole[:len(whole) * 2 // 3])
    st, out, err = lib.run([program_, 'spkts', '', cut])
    theirs = run(['ra', '-r', cut, '-s', 'spkts', '--csv'])
    want((st, out.count('\n')), (2 if theirs[0] == 2 else 0, max(1, theirs[1].count(b'\n'))), 'what is left of a file that was cut')
    want(err.count('\n'), 1, 'one sentence')
    want(cut in err, True, 'with the name of the file')


def no_memory(lib, program_, path):
    """from one that does not get far to one that has enough, nothing but a sentence and status 2"""
    said = 0
    for mega in (8, 10, 12, 13, 14, 15, 16, 20, 28, 96):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (mega << 20, mega << 20))
        st, out, err = lib.run([program_, 'spkts,saddr,probe', '', path], before=limit)
        if st == 127:
            continue  # not even the libraries can be loaded
        if 'memory' in out + err and st == 2:
            said += 1
        else:
            want((st, err), (0, ''), 'with %d MB' % mega)
    want(said > 0, True, 'it was said at least once')


def several(lib, program_, folder, paths):
    names = ['bstart', 'saddr', 'dport', 'spkts', 'state', 'dur', 'ploss', 'probe']
    tree = os.path.join(folder, 'tree', 'a')
    os.makedirs(tree)
    for i, p in enumerate(paths[:4]):
        shutil.copy(p, os.path.join(tree, '%d.pavo' % i))
    n = rows_agree(lib, program_, None, names, sources=paths[:4])
    want(lib.run([program_, ','.join(names), '', os.path.dirname(tree)])[1].count('\n') - 1, n, 'rows of a folder')
    with open(paths[0], 'rb') as f:
        data = f.read()
    want(lib.run([program_, ','.join(names), '', '-'], stdin=data)[1], lib.run([program_, ','.join(names), '', paths[0]])[1], 'rows of stdin')


def main():
    tap = Tap()
    if not os.path.exists(program('libpavo.so.0')):
        print('1..0 # SKIP configured with --disable-library')
        return
    for tool in 'nm', 'pkg-config':
        if shutil.which(tool) is None:
            print('1..0 # SKIP needs ' + tool)
            return
    with scratch() as folder:
        lib = Installed(folder)
        sanitized = bool(make_variable('SAN_FLAGS'))

        def case(title, f, *args):
            try:
                f(*args)
            except Failure as e:
                tap.ok(False, title, e)
            else:
                tap.ok(True, title)

        case('every symbol is pavo_*@@PAVO_0, and pavo.h has all of them', symbols, lib)
        if sanitized:
            tap.skip('nothing in it can print or end a program', 'sanitizers do both')
        else:
            case('nothing in it can print or end a program', quiet, lib)
        sum_ = lib.build('contrib/libpavo/sum.c')
        rows_ = lib.build('tests/library/rows.c')
        with open(os.path.join(SRC, 'contrib', 'libpavo', 'sum.c')) as f:
            tap.ok(len(f.readlines()) <= 40, 'sum.c builds as its head says, and has at most 40 lines')
        cxx = shutil.which('c++')
        header = lambda: must([cxx, '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-x', 'c++', os.path.join(SRC, 'libpavo', 'pavo.h')])
        case('pavo.h is C++, too', header) if cxx else tap.skip('pavo.h is C++, too', 'needs c++')
        names = [n for n in fields() if not n.endswith('_t')]
        derived = ['dur', 'pkts', 'bytes', 'ploss', 'load', 'srate', 'flgs', 'dir', 'state', 'rtts', 'conn']
        paths, n = [], 0
        for row in table('files'):
            path = os.path.join(folder, '%d.pavo' % len(paths))
            st, _, err = run(['pavo', '-q', '-r', capture(row['file']), '-w', path])
            if st not in (0, 2):
                tap.ok(False, 'libpavo: ' + row['file'], err)
                continue
            paths.append(path)
            try:
                sums_agree(lib, sum_, path)
                n += rows_agree(lib, rows_, path, names, ['-a'])
                rows_agree(lib, rows_, path, [d for d in derived if knows(d)])
                rows_agree(lib, rows_, path, ['spkts', 'saddr'], text='tcp or esp')
            except Failure as e:
                tap.ok(False, 'libpavo: ' + row['file'], e)
            else:
                tap.ok(True, 'libpavo: ' + row['file'])
        tap.ok(n > 0, 'there were records')
        case('several files, a folder, stdin', several, lib, rows_, folder, paths)
        mixed = next(p for p, r in zip(paths, table('files')) if 'esp' in r['file'])
        first = rows(['ra', '-r', mixed, '-s', 'bstart', '--csv', '-N', '1'])[0]['bstart']
        case('a range of time', rows_agree, lib, rows_, mixed, ['bstart', 'spkts', 'sspi'], ['-t', first[:19] + 'Z+7s'])
        case('what is wrong is one sentence', wrong, lib, rows_, mixed, folder)
        case('a file that was cut: what is left, and a sentence', damaged, lib, rows_, mixed, folder)
        if sanitized:
            tap.skip('no memory is a sentence', 'sanitizers reserve more than there is')
        else:
            case('no memory is a sentence', no_memory, lib, rows_, mixed)
    tap.end()


main()

# SPDX-License-Identifier: BSD-2-Clause
"""contrib/python, installed by pip into a folder: on every capture what libpavo gives numpy is what contrib/python/pavoread.py
reads, which shares no line with it; words, masks, pandas and Arrow of it; what is wrong."""
import importlib
import io
import shutil
import sys

from common import *

sys.path.insert(0, os.path.join(SRC, 'contrib', 'python'))
import pavoread

sys.path.pop(0)

NAMES = [name for name in fields()]


def install(folder):
    """the module, and what pip says"""
    source, target = os.path.join(folder, 'source'), os.path.join(folder, 'target')
    shutil.copytree(os.path.join(SRC, 'contrib', 'python'), source)
    p = subprocess.run([sys.executable, '-m', 'pip', 'install', '-q', '--no-index', '--no-build-isolation', '--target', target, source],
                       capture_output=True, text=True, env=dict(ENV, PIP_DISABLE_PIP_VERSION_CHECK='1'))
    if p.returncode:
        raise Failure(p.stderr[-900:])
    sys.path.insert(0, target)
    os.environ['PAVO_LIBRARY'] = program('libpavo.so.0')
    return importlib.import_module('pavo')


def same(value, name, r, i):
    """is row i of a field what pavoread has (absent: the missing key, ...)?"""
    state, number = int(r.state(name)[i]), r.numbers(name)[i]
    if value is ...:
        return state == 0
    if value is None:
        return state == 2
    if state != 1:
        return False
    if isinstance(value, int):
        return int(number) == value
    if isinstance(value, bytes):
        return number == (value.decode() if isinstance(number, str) else value)
    return bytes(number) == (value.packed if value.version == 6 else bytes(10) + b'\xff\xff' + value.packed)


def compare(pavo, path):
    with open(path, 'rb') as f:
        theirs = list(pavoread.records(io.BytesIO(f.read())))
    r = pavo.read(path, NAMES, all_records=True)
    want(r.rows, len(theirs), 'records')
    for i, row in enumerate(theirs):
        for name in NAMES:
            if not same(row.get(name, ...), name, r, i):
                raise Failure('record %d, %s: libpavo %r (%d), pavoread.py %r' % (i, name, r.numbers(name)[i], r.state(name)[i], row.get(name, 'absent')))
    return len(theirs)


def parts(pavo, path):
    """of columns as they are looked at"""
    import numpy as np
    r = pavo.read(path, 'bstart,proto,saddr,sport,spkts,dpkts,dur,ploss,state,flags,probe,rttd_hist', 'not arp')
    shown = [json.loads(line) for line in good(['ra', '-r', path, '--json', '-s', ','.join(r), '-', 'not arp']).splitlines()]
    want(r.rows, len(shown), 'rows')
    want(isinstance(r['spkts'], np.ndarray), True, 'a numpy array')
    for name in 'spkts', 'dpkts':
        want(int(r[name].sum()), sum(s.get(name) or 0 for s in shown), name)
    want(r['bstart'].dtype, np.dtype('M8[ns]'), 'type of times')
    want(str(r['bstart'][0])[:26], shown[0]['bstart'][:26], 'a time')
    want(float(r['dur'].sum() / np.timedelta64(1, 's')).__round__(6), round(sum(s.get('dur') or 0 for s in shown), 6), 'durations')
    for name in 'proto', 'saddr', 'sport', 'state', 'probe':
        want([str(x) if x is not None else None for x in r.text(name)], [None if s.get(name) is None else str(s[name]) for s in shown], name)
    want(int((r['saddr'] == pavo.address(shown[0]['saddr'])).sum()), sum(s.get('saddr') == shown[0]['saddr'] for s in shown), 'of one address')
    want(int(np.ma.getmaskarray(r['sport']).sum()), sum('sport' not in s or s['sport'] is None for s in shown), 'masked')
    want(sum(len(b['spkts']) for b in pavo.batches(path, ['spkts'], 'not arp')), r.rows, 'in batches')
    timed = pavo.read(path, 'spkts', time=shown[0]['bstart'][:19] + 'Z+5s')
    want(timed.rows, len(good(['ra', '-r', path, '-t', shown[0]['bstart'][:19] + 'Z+5s', '--json', '-s', 'spkts']).splitlines()), 'rows of a time')
    return r, shown


def pandas(r, shown):
    d = r.pandas()
    want(d.shape, (len(shown), len(r)), 'shape')
    want(int(d.spkts.sum()), sum(s.get('spkts') or 0 for s in shown), 'sum')
    want(int(d.sport.isna().sum()), sum(s.get('sport') is None for s in shown), 'missing')
    want(str(d.bstart.dtype), 'datetime64[ns, UTC]', 'times')
    for s in shown:
        s.setdefault('proto', None)
    by = d.groupby('proto', observed=True).spkts.sum()
    want({k: int(v) for k, v in by.items()}, {p: sum(s.get('spkts') or 0 for s in shown if s['proto'] == p) for p in {s['proto'] for s in shown} - {None}}, 'groups')


def arrow(r, shown):
    t = r.arrow()
    want((t.num_rows, t.num_columns), (len(shown), len(r)), 'shape')
    want(sum(x or 0 for x in t['spkts'].to_pylist()), sum(s.get('spkts') or 0 for s in shown), 'sum')
    want(t['saddr'].to_pylist(), [s.get('saddr') for s in shown], 'addresses')
    want(t['proto'].to_pylist(), [s.get('proto') for s in shown], 'words')
    want(t['sport'].null_count, sum(s.get('sport') is None for s in shown), 'missing')


def wrong(pavo, path, folder):
    for args, said in [((path, 'spkts,dpktz'), 'no field is called "dpktz"; the nearest is dpkts'),
                       ((path, 'spkts', 'tcp and'), 'filter: the filter ends where a term was expected, at its end'),
                       ((folder + '/none', 'spkts'), folder + '/none: No such file or directory')]:
        try:
            pavo.read(*args)
        except pavo.Error as e:
            want(str(e), said, 'Error')
        else:
            raise Failure('%r is no mistake' % (args,))
    cut = os.path.join(folder, 'cut.pavo')
    with open(path, 'rb') as f, open(cut, 'wb') as to:
        to.write(f.read()[:-700])
    try:
        pavo.read(cut, 'spkts')
    except pavo.Damaged as e:
        want(cut in str(e), True, 'the name of a damaged file')
        want(e.records.rows, len(run(['ra', '-r', cut, '-s', 'spkts', '--json'])[1].splitlines()), 'what is left of it')
    else:
        raise Failure('a file that was cut is no mistake')
    want(pavo.read(path, 'spkts,probe,saddr', 'proto = 251').rows, 0, 'rows of nothing')


def main():
    tap, n, given = Tap(), 0, None
    if not os.path.exists(program('libpavo.so.0')):
        print('1..0 # SKIP configured with --disable-library')
        return
    with open(os.path.join(BUILD, 'Makefile')) as f:
        if 'SAN_FLAGS = -' in f.read():
            print('1..0 # SKIP a python without sanitizers can not load a library with them')
            return
    with scratch() as folder:
        pavo = install(folder)
        tap.ok(True, 'pip installs it without network')
        for row in table('files'):
            path = os.path.join(folder, 'x.pavo')
            title = 'numpy and pavoread.py: ' + row['file']
            try:
                st, _, err = run(['pavo', '-q', '-r', capture(row['file']), '-w', path])
                if st not in (0, 2):
                    raise Failure(err)
                n += compare(pavo, path)
            except (Failure, pavoread.Damaged, pavo.Error) as e:
                tap.ok(False, title, e)
            else:
                tap.ok(True, title)
        tap.ok(n > 0, 'there were records')

        path = os.path.join(folder, 'm.pavo')
        run(['pavo', '-q', '-S', '1', '-e', 'p', '-r'] + [os.path.join(OWN, c) for c in ('tcp-loss.B.pcap', 'esp6-loss.B.pcap', 'udp-frag-loss.B.pcap')] + ['-w', path])

        def case(title, f, *args):
            try:
                f(*args)
            except (Failure, pavo.Error) as e:
                tap.ok(False, title, e)
            else:
                tap.ok(True, title)
        try:
            r, shown = parts(pavo, path)
            tap.ok(True, 'columns: sums, times, words, addresses, masks')
        except Failure as e:
            tap.ok(False, 'columns: sums, times, words, addresses, masks', e)
        else:
            for name, module, f in (('pandas', 'pandas', pandas), ('Arrow', 'pyarrow', arrow)):
                try:
                    importlib.import_module(module)
                except ImportError:
                    tap.skip(name, 'needs python3 with ' + module)
                else:
                    case(name, f, r, shown)
        case('what is wrong', wrong, pavo, path, folder)
    tap.end()


main()

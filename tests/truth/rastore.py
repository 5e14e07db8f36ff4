# SPDX-License-Identifier: BSD-2-Clause
"""rastore: what the tools say of an archive before and after its days are compacted and its bins made longer; runs that
are killed, interrupted states, foreign and damaged files, expiry, holes.

The archive is made of captures; nothing but the tools that were there before says what is right of it."""
import datetime
import fcntl
import random
import shutil
import signal
import socket
import struct
import sys
import time

from common import *

sys.path.insert(0, os.path.join(SRC, 'contrib', 'python'))
from xxh3 import xxh3  # noqa: E402

# of a record of a longer bin these are another thing, where an answer has no bins
OF_BINS = {'bstart', 'bend', 'blen', 'sload', 'dload', 'load', 'srate', 'drate', 'rate'}
KEYS = ('conv', 'flow', 'lane', 'spi', 'none', 'probe,saddr,sport,smac,svlan,sencap,sdscp,ohash')
LONG = bool(os.environ.get('PAVO_LONG'))


class Skip(Exception):
    pass


# --- archives

def shifted(path, to, seconds):
    """the capture (pcap, either byte order) as if it had been made so much later"""
    with open(path, 'rb') as f:
        data = bytearray(f.read())
    order = '<' if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    at = 24
    while at + 16 <= len(data):
        sec, _, caplen, _ = struct.unpack_from(order + 'IIII', data, at)
        struct.pack_into(order + 'I', data, at, sec + seconds)
        at += 16 + caplen
    with open(to, 'wb') as f:
        f.write(data)


def record(capture_file, to, probe, interval, *more):
    good(['pavo', '-q', '-e', probe, '-S', str(interval), '-r', capture_file, '-w', to] + list(more), status=(0, 2))


def own():
    return [os.path.join(OWN, row) for row in sorted(os.listdir(OWN)) if row.endswith('.pcap')]


def make_archive(folder):
    """the captures of the project, three times each, in files of 5 s as a probe makes them; over midnight, two probes, two T"""
    pieces = os.path.join(folder, '..', 'whole')
    os.makedirs(pieces)
    for i, path in enumerate(own() * 3):
        moved = os.path.join(pieces, '%d.pcap' % i)
        # they are of 15:20 to 15:36 on the 20th; midnight is among those that come later
        shifted(path, moved, i // 9 * 433 + (8 * 3600 + 30 * 60 if i % 3 else 0))
        record(moved, os.path.join(folder, '%%Y', '%%m', '%%d', '%d-%%H%%M%%S.pavo' % i), 'gw%d' % (i % 2), (5, 1)[i // 2 % 2],
               '--rotate', '5s')
    shutil.rmtree(pieces)


def make_shared(folder):
    """all captures of the larger collection: wild times, everything that there is"""
    for i, row in enumerate(table('files')):
        record(capture(row['file']), os.path.join(folder, '%d.pavo' % i), 'p%d' % (i % 3), (1, 5)[i % 2])


def files_below(folder):
    return sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)


def contents(folder):
    return {path: open(path, 'rb').read() for path in files_below(folder)}


# --- what is asked

def without_bins(table_rows):
    return sorted(tuple((k, v) for k, v in sorted(row.items()) if k not in OF_BINS) for row in table_rows)


def lines(argv, folder):
    """JSON lines in any order; what names the folder says no more than that"""
    text = good(argv, status=(0, 1)).decode().replace(folder, 'FOLDER')
    return sorted(text.splitlines())


def traffic(folder):
    """what racount says, but for the number of records"""
    total = json.loads(good(['racount', '-R', folder, '--json'], status=(0, 1, 2)).decode())
    for part in [total] + total.get('proto', []) + total.get('family', []):
        part.pop('records', None)
    return total


def answers(folder, width):
    out = {}
    for key in KEYS:
        out['racluster -m ' + key] = without_bins(rows(['racluster', '-R', folder, '-m', key, '-s', 'all', '--csv']))
    for key in ('flow', 'spi', 'none'):
        out['rabins -m ' + key] = sorted(tuple(sorted(row.items())) for row in rows(
            ['rabins', '-R', folder, '-M', width, '-m', key, '-s', 'all', '--csv']))
    out['rabins --mar'] = sorted(tuple(sorted(row.items())) for row in rows(
        ['rabins', '-R', folder, '-M', width, '-m', 'probe', '--mar', '-s', 'all', '--csv']))
    for tool in (['ratunnel', '-M', width], ['radrill', '-M', width], ['radrill', '-M', width, '--by', 'caploss'],
                 ['ragap', '-M', width]):
        out[' '.join(tool)] = lines([tool[0], '-R', folder] + tool[1:] + ['--json'], folder)
    out['racount'] = traffic(folder)
    out['racount'].pop('conserved')  # captures of one time under one name: told of two files, not within one
    return out


def compare(got, expected):
    for name in expected:
        if got[name] != expected[name]:
            a, b = got[name], expected[name]
            if isinstance(a, list):
                a, b = [x for x in a if x not in b][:1], [x for x in b if x not in a][:1]
            raise Failure('%s: got %.600r, expected %.600r' % (name, a, b))


def totals(folder, *more):
    return good(['racount', '-R', folder, '--json', *more], status=(0, 1, 2))


def store(*argv, status=(0,)):
    return good(['rastore'] + list(argv), status=status).decode()


def objects(*argv, status=(0,)):
    return [json.loads(line) for line in store(*argv, '--json', status=status).splitlines()]


# --- cases

def equal(tmp, make, name):
    """compact, then age, and the other way round; again with little memory"""
    before, one, two, small = (os.path.join(tmp, name, x) for x in ('before', 'one', 'two', 'small'))
    os.makedirs(before)
    make(before)
    for copy in one, two, small:
        shutil.copytree(before, copy)
    fine, coarse = answers(before, '1m'), answers(before, '1h')
    counted = totals(before)
    done = objects('compact', one)
    want(totals(one), counted, 'racount, compacted')
    compare(answers(one, '1m'), fine)
    want(len({(d['probe'], d['day']) for d in done}), len(done), 'a file a day')
    want(objects('compact', one), [], 'compacted again')
    store('compact', small, '--memory', '1k')
    want([open(p, 'rb').read() for p in files_below(small)], [open(p, 'rb').read() for p in files_below(one)],
         'with little memory')
    store('age', '1d:1m', one)
    compare(answers(one, '1m'), fine)
    store('age', '1d:1m,2d:1h', one)
    compare(answers(one, '1h'), coarse)
    want(objects('age', '1d:1m,2d:1h', one), [], 'aged again')
    store('age', '2d:1h', two, '--memory', '1k')
    compare(answers(two, '1h'), coarse)
    want(good(['racheck', '-R', one, '--json'], status=(0,)).count(b'"conserved":false'), 0, 'frames not accounted for')


def zstd(tmp):
    """columns compressed with Zstandard say the same"""
    before, after = (os.path.join(tmp, 'zstd', x) for x in ('before', 'after'))
    os.makedirs(before)
    make_archive(before)
    shutil.copytree(before, after)
    st, _, err = run(['rastore', 'compact', after, '--zstd'])
    if st == 2 and 'built without' in err:
        raise Skip('built without libzstd')
    want(st, 0, 'rastore compact --zstd: ' + err)
    want(totals(after), totals(before), 'racount')
    compare(answers(after, '1m'), answers(before, '1m'))
    store('compact', before)
    if sum(map(os.path.getsize, files_below(after))) >= sum(map(os.path.getsize, files_below(before))):
        raise Failure('not smaller than with LZ4')


def large(tmp):
    """20 M records, a day: sizes, time and memory of what is done with them"""
    if not LONG:
        raise Skip('20 million records: PAVO_LONG=1')
    make = os.path.join(tmp, 'genpcap')
    if subprocess.run(['cc', '-O2', '-DNO_PCAP', '-o', make, os.path.join(SRC, 'bench', 'genpcap.c'), '-lm'],
                      capture_output=True).returncode:
        raise Skip('no C compiler')
    with tempfile.TemporaryDirectory(prefix='pavo-truth.') as disk:
        folder = os.path.join(disk, 'large')
        os.makedirs(folder)
        packets = subprocess.Popen([make, 'small', '-o', '-', '-n', '22M', '-f', '2M', '-a', '200K', '-k', '2', '-r', '270'],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        subprocess.run([program('pavo'), '-q', '-e', 'gw', '-r', '-', '-w', os.path.join(folder, 'x.pavo')],
                       stdin=packets.stdout, check=True, env=ENV)
        expected, flows = traffic(folder), 0
        for argv in (['compact'], ['age', '1d:1m'], ['age', '1d:1h']):
            before = sum(map(os.path.getsize, files_below(folder)))
            begun = time.time()
            p = subprocess.Popen([program('rastore')] + argv + [folder, '--json'], stdout=subprocess.PIPE, env=ENV)
            out = p.stdout.read()
            _, status, used = os.wait4(p.pid, 0)
            want(status, 0, ' '.join(argv))
            want(traffic(folder), expected, ' '.join(argv))
            flows = flows or expected['proto'][0]['flows'] + expected['proto'][1]['flows']
            done = [json.loads(x) for x in out.splitlines()]
            print('# %s: %.0f s, %d MB of memory, %.1f -> %.1f bytes a flow, %d -> %d records' % (
                ' '.join(argv), time.time() - begun, used.ru_maxrss // 1024, before / flows,
                sum(map(os.path.getsize, files_below(folder))) / flows, sum(d['records'] for d in done),
                sum(d['records_after'] for d in done)))
            if used.ru_maxrss > 1 << 20:
                raise Failure('%s took %d MB' % (argv[0], used.ru_maxrss // 1024))


def days(tmp):
    """each file has one day of one probe, and its name says which"""
    folder = os.path.join(tmp, 'days')
    os.makedirs(folder)
    make_archive(folder)
    before = len(files_below(folder))
    done = objects('compact', folder)
    want(sum(d['records'] for d in done), sum(d['records_after'] for d in done), 'records')
    want(sorted(d['path'] for d in done), files_below(folder), 'files')
    if before < 8 * len(done):
        raise Failure('%d files before, %d after' % (before, len(done)))
    for path in files_below(folder):
        got = {(r['probe'], r['bstart'][:10])
               for r in rows(['ra', '-r', path, '--mar', '--csv', '-s', 'probe,bstart', '-', 'mar', 'or', 'not', 'mar'])}
        want(got, {tuple(os.path.basename(path)[:-5].split('-', 1))}, path)


def interrupted(tmp):
    """between the new file's name and the end of the old ones each record counts once; the next run finishes"""
    folder, kept = os.path.join(tmp, 'cut', 'a'), os.path.join(tmp, 'cut', 'kept')
    os.makedirs(folder)
    make_archive(folder)
    shutil.copytree(folder, kept)
    counted, whole, once = totals(folder), answers(folder, '1m'), totals(folder, '--dedup')
    store('compact', folder)
    old = files_below(kept)
    for some in old, old[::2], old[-1:], old[:3]:
        for path in some:
            shutil.copy2(path, os.path.join(folder, os.path.relpath(path, kept)))
        want(totals(folder), counted, 'racount, %d old files still there' % len(some))
        want(totals(folder, '--dedup'), once, 'racount --dedup, %d old files still there' % len(some))
        if some == old[::2]:
            compare(answers(folder, '1m'), whole)
        # as files on the command line, old ones first
        want(good(['racount', '--json', '-r'] + sorted(files_below(folder), reverse=True), status=(0, 1, 2)), counted, '-r')
        want(sum(r['records'] for r in objects('stat', folder)[0]['probes']),
             sum(r['records'] for r in objects('stat', kept)[0]['probes']), 'stat')
        objects('compact', folder)
        want([p for p in files_below(folder) if os.path.relpath(p, folder) in [os.path.relpath(o, kept) for o in old]], [],
             'old files after the next run')
        want(totals(folder), counted, 'finished')
    # an old file that is another one by now was not taken: it counts
    shutil.copy2(old[0], os.path.join(folder, os.path.relpath(old[1], kept)))
    if totals(folder) == counted:
        raise Failure('a file with the name of an old one does not count')


def rest(tmp):
    """of a file with records of a day that is not over, those stay"""
    folder = os.path.join(tmp, 'rest')
    os.makedirs(folder)
    now, later = os.path.join(tmp, 'now.pavo'), os.path.join(tmp, 'later.pavo')
    record(own()[0], now, 'gw', 5)
    shifted(own()[1], os.path.join(tmp, 'later.pcap'), 70 * 365 * 86400)
    record(os.path.join(tmp, 'later.pcap'), later, 'gw', 5)
    mixed = os.path.join(folder, 'mixed.pavo')
    with open(mixed, 'wb') as f:
        for path in now, later:
            f.write(open(path, 'rb').read())
    os.chmod(mixed, 0o604)
    counted = totals(folder)
    done = objects('compact', folder)
    want([(d['day'], d['files']) for d in done], [('2026-11-20', 1)], 'days')
    want(sorted(os.path.basename(p) for p in files_below(folder)), ['gw-2026-11-20.pavo', 'mixed.pavo'], 'files')
    want(good(['ra', '-r', mixed, '-s', 'all', '--mar', '--csv']), good(['ra', '-r', later, '-s', 'all', '--mar', '--csv']),
         'what is left')
    want(totals(folder), counted, 'racount')
    want([oct(os.stat(p).st_mode & 0o777) for p in files_below(folder)], ['0o604'] * 2, 'permissions')
    want(objects('compact', folder), [], 'again')


def killed(tmp):
    """kill -9 at random moments: nothing is lost, nothing counts twice"""
    folder, kept = os.path.join(tmp, 'kill', 'a'), os.path.join(tmp, 'kill', 'kept')
    os.makedirs(kept)
    make_archive(kept)
    counted, whole = traffic(kept), answers(kept, '1m')
    r, kills, verbs = random.Random(12), 0, (['compact'], ['age', '1d:1m'])
    took = 0
    for i in range(200 if LONG else 12):
        if i == 0 or r.random() < .5:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(kept, folder)
        if i == 0:  # how long it takes
            begun = time.time()
            store('compact', folder)
            took = time.time() - begun
            continue
        p = subprocess.Popen([program('rastore')] + r.choice(verbs) + [folder], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, env=ENV)
        time.sleep(r.random() * took)
        p.send_signal(signal.SIGKILL)
        kills += p.wait() == -signal.SIGKILL
        want(traffic(folder), counted, 'after %d kills' % kills)
    if kills == 0:
        raise Failure('no run was killed')
    store('age', '1d:1m', folder)
    compare(answers(folder, '1m'), whole)
    want([p for p in files_below(folder) if p.endswith('.rastore')], [], 'what killed runs left')


def foreign(tmp):
    """what is no whole record file stays as it is, byte by byte"""
    folder = os.path.join(tmp, 'foreign')
    os.makedirs(os.path.join(folder, 'sub'))
    make_archive(folder)
    whole = [p for p in files_below(folder)]
    names = {x: os.path.join(folder, 'sub', x) for x in
             ('notes.pavo', 'README', 'gw-2026.pavo.part', 'open.pavo', 'held.pavo', 'empty.pavo', 'link.pavo')}
    open(names['notes.pavo'], 'w').write('not a record\n')
    open(names['README'], 'w').write('not a record\n')
    open(names['empty.pavo'], 'w')
    shutil.copy(whole[0], names['gw-2026.pavo.part'])
    with open(names['open.pavo'], 'wb') as f:
        f.write(open(whole[0], 'rb').read()[:-53])
    shutil.copy(whole[0], names['held.pavo'])
    outside = os.path.join(tmp, 'outside.pavo')
    shutil.copy(whole[0], outside)
    os.symlink(outside, names['link.pavo'])
    was = {n: (open(p, 'rb').read(), os.lstat(p).st_mtime_ns) for n, p in names.items()}
    with open(names['held.pavo'], 'rb') as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        left = objects('stat', folder)[0]['left']
        want(left, {'written': 1, 'part': 1, 'open': 1, 'timeless': 0, 'damaged': 0, 'foreign': 2}, 'stat')
        st, _, err = run(['rastore', 'compact', folder, '-v'])
        want((st, sorted(n for n in names if n in err)), (0, sorted(set(names) - {'README', 'link.pavo'})), '-v names them')
        store('age', '1d:1h', folder)
        store('expire', '--older', '0d', folder, status=(0,))
        store('expire', '--larger', '1', folder, status=(2,))
    want({n: (open(p, 'rb').read(), os.lstat(p).st_mtime_ns) for n, p in names.items()}, was, 'foreign files')
    want(sorted(files_below(folder)), sorted(names.values()), 'files')


def damaged(tmp):
    """a day with a damaged file is left as it is, with one sentence; the others are done"""
    folder = os.path.join(tmp, 'damaged')
    os.makedirs(folder)
    make_archive(folder)
    bad = files_below(folder)[5]
    data = bytearray(open(bad, 'rb').read())
    data[len(data) // 2] ^= 0x40
    open(bad, 'wb').write(data)
    was = contents(folder)
    st, out, err = run(['rastore', 'compact', folder, '--json'])
    want(st, 2, 'exit status')
    want(len(err.strip().split('\n')), 1, 'sentences: ' + err)
    if 'is left as it is' not in err or os.path.basename(bad) not in err:
        raise Failure(err)
    done = {json.loads(line)['path'] for line in out.decode().splitlines()}
    still = set(files_below(folder))
    want({p for p in still if was.get(p) != open(p, 'rb').read()}, done, 'files that are new')
    want(bad in still, True, 'the damaged file is there')


def expire(tmp):
    folder = os.path.join(tmp, 'expire')
    os.makedirs(folder)
    for i, days_ago in enumerate((400, 300, 200, 100)):
        then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days_ago)
        first = datetime.datetime(2026, 11, 20, 15, 30, tzinfo=datetime.timezone.utc)
        shifted(own()[0], os.path.join(tmp, 'x.pcap'), int((then - first).total_seconds()))
        record(os.path.join(tmp, 'x.pcap'), os.path.join(folder, '%d.pavo' % (3 - i)), 'gw', 5)
    oldest = [os.path.join(folder, '%d.pavo' % i) for i in (3, 2, 1, 0)]
    size = {p: os.path.getsize(p) for p in oldest}
    tried = objects('expire', '--older', '250d', folder, '-n')
    want([(d['path'], d['done']) for d in tried], [(p, False) for p in oldest[:2]], 'dry run')
    want(files_below(folder), sorted(oldest), 'dry run')
    left = size[oldest[2]] + size[oldest[3]]
    tried = objects('expire', '--larger', str(left), folder, '-n')
    want([d['path'] for d in tried], oldest[:2], 'just as large as they may be')
    tried = objects('expire', '--larger', str(left - 1), folder, '-n')
    want([d['path'] for d in tried], oldest[:3], 'a byte less')
    gone = objects('expire', '--older', '350d', '--larger', str(left), folder)
    want([(d['path'], d['why']) for d in gone], [(oldest[0], 'older'), (oldest[1], 'larger')], 'both')
    want(files_below(folder), sorted(oldest[2:]), 'what is left')


def as_live(path):
    """the header says that it was captured from an interface"""
    data = open(path, 'rb').read()
    size = struct.unpack('>I', data[7:11])[0]
    payload = data[25:25 + size].replace(b'\xa4live\xc2', b'\xa4live\xc3')
    open(path, 'wb').write(data[:12] + struct.pack('>Q', xxh3(payload)) + data[20:25] + payload + data[25 + size:])


def holes(tmp):
    """when a probe did not run: between MAR records, before and after"""
    folder = os.path.join(tmp, 'holes')
    os.makedirs(folder)
    for i, late in enumerate((0, 1200, 86400)):
        shifted(own()[0], os.path.join(tmp, 'x.pcap'), late)
        path = os.path.join(folder, '%d.pavo' % i)
        record(os.path.join(tmp, 'x.pcap'), path, 'gw', 5)
        as_live(path)
    ran = sorted((r['bstart'], r['bend']) for r in rows(['ra', '-R', folder, '--mar', '--csv', '-p', '0', '-s', 'bstart,bend',
                                                         '-', 'mar']))
    expected = [{'probe': 'gw', 'from': a[1], 'to': b[0]} for a, b in zip(ran, ran[1:]) if a[1] != b[0]]
    if len(expected) < 2:
        raise Failure('no holes: %r' % ran)
    want(objects('stat', folder)[0]['holes'], expected, 'holes')
    store('compact', folder)
    want(objects('stat', folder)[0]['holes'], expected, 'holes, compacted')
    stat = objects('stat', folder)[0]
    want([(r['probe'], r['interval'], r['files'], r['days']) for r in stat['probes']], [('gw', 5, 2, 2)], 'rows')
    want(stat['records'], sum(json.loads(x)['records'] for x in good(
        ['racheck', '-R', folder, '--json']).decode().splitlines()), 'records')


def live(tmp):
    """beside a probe that captures and rotates: its files stay, nothing is lost, old days are done meanwhile"""
    if os.geteuid() != 0:
        raise Skip('capturing needs root')
    folder = os.path.join(tmp, 'live')
    os.makedirs(folder)
    make_archive(folder)
    os.chmod(tmp, 0o755)  # the probe writes as another user
    os.chmod(folder, 0o777)
    before = traffic(folder)['flow']['pkts']
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to:
        to.bind(('127.0.0.1', 0))
        port = str(to.getsockname()[1])
        probe = subprocess.Popen([program('pavo'), '-i', 'lo', '-q', '-S', '1', '-e', 'gw0', '--rotate', '1s', '-w',
                                  os.path.join(folder, 'now-%H%M%S.pavo'), '-', 'udp', 'port', port],
                                 stderr=subprocess.PIPE, env=ENV)
        time.sleep(1.5)
        if probe.poll() is not None:
            raise Skip('no capture on lo here: ' + probe.stderr.read().decode().strip())
        for i in range(40):
            to.sendto(b'x', ('127.0.0.1', int(port)))
            time.sleep(.1)
            if i % 8 == 4:
                store('stat', folder)
                store(*((['compact'], ['age', '1d:1m'])[i // 8 % 2]), folder)
                store('expire', '--older', '9y', folder)
        probe.send_signal(signal.SIGINT)
        err = probe.communicate()[1].decode()
    want(probe.returncode, 0, 'the probe: ' + err)
    got = traffic(folder)
    want((got['flow']['pkts'], got['conserved']), (before + 40, True), 'packets')
    want([p for p in files_below(folder) if not p.endswith('.pavo')], [], 'files without their name')
    if len([p for p in files_below(folder) if 'now-' in p]) < 4:
        raise Failure('the probe did not rotate: %r' % files_below(folder))


def usage(tmp):
    folder = os.path.join(tmp, 'usage')
    os.makedirs(folder)
    for argv, word in (([], 'what is to be done'), (['eat', folder], 'expected stat'), (['stat'], 'folder'),
                       (['age', folder], 'such as 30d:1m'), (['age'], 'policy'), (['age', '30d', folder], 'such as 30d:1m'),
                       (['age', '30d:7s', folder], 'part of a day'), (['age', '2d:1m,1d:1h', folder], 'grow'),
                       (['expire', folder], '--older'), (['expire', '--older', '3', folder], 'age'),
                       (['compact', '--older', '3d', folder], 'for expire'),
                       (['compact', os.path.join(folder, 'none')], 'No such file'), (['compact', '--nothing', folder], 'option')):
        st, out, err = run(['rastore'] + argv)
        if st != 2 or out or word not in err:
            raise Failure('rastore %s: exit %d, %r' % (' '.join(argv), st, err))
    with open(os.path.join(folder, 'x'), 'w'):
        pass
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    st, _, err = run(['rastore', 'compact', folder])
    want((st, 'another rastore' in err), (2, True), 'two at once')
    want(run(['rastore', 'stat', folder])[0], 1, 'stat of nothing')
    os.close(lock)
    want(run(['rastore', 'compact', folder])[:2], (0, b''), 'nothing to do')


CASES = (
    (days, 'a file for each day and probe, records of a day in it and no others'),
    (interrupted, 'old files that are still there do not count, the next run removes them'),
    (rest, 'records of a day that is not over stay where they are'),
    (killed, 'killed at random moments'),
    (foreign, 'foreign, unfinished and locked files are not touched'),
    (damaged, 'a day with a damaged file is left alone'),
    (expire, 'expiry by age and by size'),
    (holes, 'stat: rows, and when a probe did not run'),
    (live, 'beside a live probe'),
    (zstd, 'the same answers from columns compressed with Zstandard'),
    (large, 'size a flow before, compacted, aged'),
    (usage, 'mistakes on the command line; two at once'),
)


def main():
    tap = Tap()
    memory = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None  # each file is brought to disk: that takes its time
    with tempfile.TemporaryDirectory(prefix='pavo-truth.', dir=memory) as tmp:
        wanted = [(lambda t: equal(t, make_archive, 'own'), 'the same answers from a compacted and an aged archive')]
        if SHARED:
            wanted.append((lambda t: equal(t, make_shared, 'shared'), 'the same of the larger collection'))
        for case, name in wanted + list(CASES):
            try:
                case(tmp)
                tap.ok(True, name)
            except Skip as why:
                tap.skip(name, why)
            except Failure as why:
                tap.ok(False, name, why)
    tap.end()


main()

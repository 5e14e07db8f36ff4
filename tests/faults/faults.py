# SPDX-License-Identifier: BSD-2-Clause
"""Every call fails once: the Nth open, write, fsync, rename, mmap, ftruncate, pthread_create and allocation of a run of
the probe and of the tools that write, for N = 1, 2, ...; and kill -9 at any moment.  TAP; with --table, as RESULTS.md has it.

A word behind it chooses those that have it in their name.

What has to come out each time: exit 0 with the whole output, or a sentence, exit 2 or 70, and the older file as it was;
nothing that is left may be read as whole and is not.
"""
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

SRC, BUILD = os.environ['PAVO_SRC'], os.environ['PAVO_BUILD']
LONG = bool(os.environ.get('PAVO_LONG'))
FAILING = os.path.join(BUILD, 'tests', 'faults', 'failing.so')
ENV = dict(os.environ, LC_ALL='C', TZ='UTC', NO_COLOR='1', PAVO_SEED='1')
ERRNO = {'open': 24, 'write': 28, 'fsync': 5, 'rename': 13, 'mmap': 12, 'ftruncate': 5, 'pthread_create': 11, 'malloc': 12}
# Without PAVO_LONG only these N; with it all of them.
SOME = [1, 2, 3, 7, 15, 70, 300]
rng = random.Random(20261127)


class Failure(Exception):
    pass


def run(argv, **more):
    env = dict(ENV, **more.pop('env', {}))
    return subprocess.run([os.path.join(BUILD, argv[0])] + argv[1:], stdin=subprocess.DEVNULL, capture_output=True, env=env,
                          timeout=120, **more)


def good(argv, status=(0,)):
    p = run(argv)
    if p.returncode not in status:
        raise Failure('%s: exit %d: %s' % (' '.join(argv), p.returncode, p.stderr.decode()))
    return p.stdout.decode()


def read(path):
    try:
        with open(path, 'rb') as f:
            return f.read()
    except FileNotFoundError:
        return None


def sums(path):
    """(records, packets in flows) of what can be read; and is it said to be whole and conserved?"""
    if not read(path):
        return (0, 0), False
    p = run(['racount', '--json', '-r', path])
    c = run(['racheck', '--json', '-r', path])
    if p.returncode < 0 or c.returncode < 0:
        raise Failure('%s kills a tool' % path)
    try:
        j, state = json.loads(p.stdout), json.loads(c.stdout.decode().split('\n')[0])
    except ValueError:
        return (0, 0), False
    return (j['records'], j['flow']['pkts']), state['state'] == 'good' and j['conserved'] is not False


def sentences(err):
    """what was said, without the line that says what became of every packet"""
    return [x for x in err.decode(errors='replace').splitlines() if 'frames read' not in x]


class Probe:
    """pavo, into a file that is there already"""
    calls = ['open', 'write', 'mmap', 'ftruncate', 'pthread_create', 'malloc']

    def __init__(self, d, name, more):
        self.name, self.d, self.out = name, d, os.path.join(d, 'out.pavo')
        self.argv = ['pavo', '-q', '-e', 'p', '-S', '1'] + more + ['-r'] + CAPTURES + ['-w', self.out]
        self.older = OLDER
        self.prepare()
        good(self.argv)
        self.whole, ok = sums(self.out)
        assert ok

    def prepare(self):
        with open(self.out, 'wb') as f:
            f.write(self.older)

    def check(self, status, err):
        now = read(self.out)
        if status != 0 and now == self.older:
            return 'nothing touched'
        left, whole = sums(self.out)
        if status == 0 and left == self.whole and whole:
            return 'whole'
        if status == 0:
            raise Failure('exit 0, and %r of %r records and packets' % (left, self.whole))
        if left[0] > self.whole[0] or left[1] > self.whole[1]:
            raise Failure('more than there is: %r of %r' % (left, self.whole))
        if whole and left != self.whole and b'.pcap' in err:
            return 'what could be read, whole'
        if whole and left != self.whole:
            raise Failure('said to be whole: %r of %r' % (left, self.whole))
        return 'whole blocks, said to be not all'


class Rotation:
    """pavo, a file a second: each that has its name is whole"""
    calls = ['open', 'write', 'fsync', 'rename', 'mmap', 'ftruncate', 'pthread_create', 'malloc']

    def __init__(self, d, name, more):
        self.name, self.d = name, os.path.join(d, 'rotated')
        self.argv = ['pavo', '-q', '-e', 'p', '-S', '1'] + more + ['-r'] + CAPTURES
        self.argv += ['-w', os.path.join(self.d, '%Y%m%d-%H%M%S.pavo'), '--rotate', '1s']
        self.prepare()
        good(self.argv)
        self.whole = self.files()
        assert len(self.whole) > 10

    def prepare(self):
        shutil.rmtree(self.d, ignore_errors=True)
        os.mkdir(self.d)

    def files(self):
        return {n: read(os.path.join(self.d, n)) for n in os.listdir(self.d) if n.endswith('.pavo')}

    def check(self, status, err):
        now = self.files()
        for name in now:
            if now[name] == self.whole.get(name):
                continue
            # what ends early is told to have ended: a file of that time has less, and is whole
            if status == 0 or not sums(os.path.join(self.d, name))[1]:
                raise Failure('%s is not what it should be' % name)
        if status == 0 and now != self.whole:
            raise Failure('exit 0, and %d of %d files' % (len(now), len(self.whole)))
        return 'all files' if now == self.whole else 'nothing' if not now else 'whole files, said to be not all'


class Tool(Probe):
    """a tool that replaces a file: it does, or it does not"""
    def prepare(self):
        super().prepare()
        if os.path.exists(self.out + '.part'):
            os.unlink(self.out + '.part')

    calls = ['open', 'write', 'rename', 'mmap', 'ftruncate', 'pthread_create', 'malloc']

    def __init__(self, d, name, argv):
        self.name, self.d, self.out = name, d, os.path.join(d, 'out.pavo')
        self.argv = argv + ['-r', INPUT, '-w', self.out]
        self.older = OLDER
        self.prepare()
        good(self.argv)
        self.whole = read(self.out)

    def check(self, status, err):
        now = read(self.out)
        if status != 0 and now == self.whole:
            return 'whole, and an error after that'
        if status != 0 and now != self.older:
            raise Failure('exit %d, and the older file is gone' % status)
        if status == 0 and now != self.whole:
            raise Failure('exit 0, and not what had to come out')
        part = read(self.out + '.part')
        if part is not None:
            # one that could not take its name is whole, and its name is said
            if part != self.whole or b'.part' not in err:
                raise Failure('a part is left')
            os.unlink(self.out + '.part')
        return 'whole' if status == 0 else 'nothing touched'


class Archive:
    """rastore: every record stays there once"""
    calls = ['open', 'write', 'fsync', 'rename', 'mmap', 'ftruncate', 'pthread_create', 'malloc']

    def __init__(self, d, name, argv):
        self.name, self.d = name, os.path.join(d, 'archive')
        self.argv = argv + [self.d]
        self.prepare()
        self.before = self.state()
        good(self.argv)
        self.after = self.state()
        assert sorted(os.listdir(self.d)) != sorted(n for n, _ in STORE)

    def prepare(self):
        shutil.rmtree(self.d, ignore_errors=True)
        os.mkdir(self.d)
        for name, data in STORE:
            with open(os.path.join(self.d, name), 'wb') as f:
                f.write(data)

    def state(self):
        j = json.loads(good(['racount', '--json', '-R', self.d]))
        if j['conserved'] is False:
            raise Failure('not conserved')
        return j['flow']['pkts'], j['mar']['frames']

    def check(self, status, err):
        if self.state() != self.before:
            raise Failure('%r, and there were %r packets and frames' % (self.state(), self.before))
        good(self.argv)                 # the next run does what this one did not
        if self.state() != self.after:
            raise Failure('the next run leaves %r' % (self.state(),))
        left = [n for n in os.listdir(self.d) if not n.endswith('.pavo')]
        if [n for n in left if n.endswith('.part')]:
            raise Failure('left behind: %s' % left)
        return 'whole' if status == 0 else 'nothing lost, done by the next run'


def one(case, call, n):
    """None: there are not so many calls; else what came out"""
    case.prepare()
    r, w = os.pipe()
    os.set_inheritable(w, True)
    env = {'LD_PRELOAD': FAILING, 'PAVO_FAIL': '%s:%d:%d:%d' % (call, n, ERRNO[call], w), 'TMPDIR': case.d}
    try:
        p = run(case.argv, env=env, pass_fds=[w])
    except subprocess.TimeoutExpired:
        raise Failure('no end')
    finally:
        os.close(w)
    failed = os.read(r, 1) != b''
    os.close(r)
    if not failed:
        return None
    if p.returncode not in (0, 2, 70):
        raise Failure('exit %d: %s' % (p.returncode, p.stderr.decode(errors='replace')))
    if p.returncode != 0 and len(sentences(p.stderr)) != 1:
        raise Failure('not one sentence: %s' % p.stderr.decode(errors='replace'))
    return case.check(p.returncode, p.stderr)


def fails(case, call):
    """outcome -> how often"""
    out, n = {}, 0
    while n < 20000:
        n = n + 1 if LONG else ([x for x in SOME if x > n] or [0])[0]
        if n == 0:
            break
        try:
            what = one(case, call, n)
        except Failure as e:
            raise Failure('%s %d: %s' % (call, n, e))
        if what is None:
            break
        out[what] = out.get(what, 0) + 1
    return out


def blocks_end(data):
    """where the objects of a file end that are there as a whole (pavo(5)): header, schemas, blocks with their sections"""
    at, ends = 0, []
    while (at := data.find(b'\x94\xa4PV', at)) >= 0:
        ends.append(at)
        at += 1
    return ends + [len(data)]


def killed(d, times):
    """kill -9 of a probe at any moment: what is there are the first bytes of the file that it would have become, and all
    records of the whole blocks in them are read; what can not be read is less than a block, behind the last whole one."""
    capture, out = os.path.join(d, 'many.pcap'), os.path.join(d, 'killed.pavo')
    argv = ['pavo', '-q', '-e', 'p', '-S', '3600', '-r', capture, '-w', out]
    show = ['ra', '-c', ',', '-u', '-p', '9', '-s', 'stime,saddr,sport,spkts,frames', '--mar', '-r', out]
    packets(capture, 400000 if LONG else 200000)
    began = time.time()
    good(argv)
    takes, whole, rows, found = time.time() - began, read(out), run(show).stdout.splitlines(), {}
    ends = blocks_end(whole)
    for i in range(times):
        if os.path.exists(out):
            os.unlink(out)
        p = subprocess.Popen([os.path.join(BUILD, argv[0])] + argv[1:], env=ENV, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, 1.1 * takes))
        p.kill()
        p.wait()
        data = read(out) or b''
        if data == b'':
            found['nothing yet'] = found.get('nothing yet', 0) + 1
            continue
        j = json.loads(run(['racheck', '--json', '-r', out]).stdout.decode().split('\n')[0])
        a = run(show)
        lines = a.stdout.splitlines()
        torn = len(data) - max(e for e in ends if e <= len(data))
        what = {'good': 'had just ended', 'not closed': 'whole blocks', 'damaged': 'whole blocks and a torn one'}.get(j['state'])
        if data != whole[:len(data)]:
            raise Failure('%d: not the first %d bytes of the whole' % (i, len(data)))
        if (j['state'] == 'damaged') != (torn > 0) or j['lost_bytes'] != torn:
            raise Failure('%d: %d bytes are torn off, racheck says %r' % (i, torn, j))
        if lines != rows[:len(lines)] or len(lines) - 1 != j['records'] and lines:
            raise Failure('%d: %d rows that are not the first ones; racheck says %r' % (i, len(lines), j))
        if a.returncode != (2 if torn else 0 if j['records'] else 1):
            raise Failure('%d: ra ends with %d, racheck says %r' % (i, a.returncode, j))
        if torn:
            good(['racheck', '--repair', '-r', out])
            if run(show).stdout != a.stdout:
                raise Failure('%d: repaired, it has other records' % i)
        found[what] = found.get(what, 0) + 1
    return found


def packets(path, n):
    """a pcap file of n SYNs, each a flow"""
    frame = bytearray(bytes.fromhex('0200000000010200000000020800' '4500002800000000400600000a0000010a000002'
                                    '0000005000000000000000005002200000000000'))
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(n):
            struct.pack_into('>I', frame, 26, 0x0a000000 + i // 50000)
            struct.pack_into('>H', frame, 34, 1024 + i % 50000)
            struct.pack_into('>I', frame, 38, i * 2654435761 & 0xffffffff)
            f.write(struct.pack('<IIII', 1700000000 + i // 20000, i % 20000 * 50, len(frame), len(frame)) + frame)


def text(found):
    return ', '.join('%d %s' % (found[k], k) for k in sorted(found, key=lambda k: -found[k]))


def cases(d):
    key = os.path.join(d, 'key')
    with open(key, 'w') as f:
        f.write('00112233445566778899aabbccddeeff' * 2 + '\n')
    return [
        (Probe, 'pavo -w', []),
        (Probe, 'pavo -w -j 2', ['-j', '2']),
        (Rotation, 'pavo --rotate', []),
        (Tool, 'ra -w', ['ra']),
        (Tool, 'rasort -w', ['rasort', '-m', 'bytes', '--memory', '1K', '-P', '2']),
        (Tool, 'racluster -w', ['racluster', '-m', 'flowid,bstart', '--memory', '1K', '-P', '2']),
        (Archive, 'rastore compact', ['rastore', 'compact']),
        (Archive, 'rastore age', ['rastore', 'age', '1d:1m']),
    ]


def prepare(d):
    global CAPTURES, INPUT, OLDER, STORE
    names = ['tcp-loss.B.pcap', 'esp-mixed.B.pcap', 'udp-frag-loss.B.pcap', 'tcp-zerowin.B.pcap']
    CAPTURES = [os.path.join(SRC, 'tests', 'captures', n) for n in names]
    INPUT, older, STORE = os.path.join(d, 'in.pavo'), os.path.join(d, 'older.pavo'), []
    good(['pavo', '-q', '-e', 'p', '-S', '1', '-r'] + CAPTURES + ['-w', INPUT])
    good(['pavo', '-q', '-e', 'older', '-r', CAPTURES[3], '-w', older])
    OLDER = read(older)
    for i, capture in enumerate(CAPTURES):
        name = os.path.join(d, 'store.pavo')
        good(['pavo', '-q', '-e', 'p', '-S', '5', '-r', capture, '-w', name])
        STORE.append(('%d.pavo' % i, read(name)))
        os.unlink(name)


def main():
    table, n, bad = '--table' in sys.argv, 0, 0
    with tempfile.TemporaryDirectory(prefix='pavo-faults.') as d:
        prepare(d)
        jobs = []
        for kind, name, more in cases(d):
            case = kind(d, name, more)
            jobs += [(name, call, lambda case=case, call=call: fails(case, call)) for call in case.calls
                     if LONG or '-j' not in more or call == 'pthread_create']
        jobs.append(('pavo -w', 'kill -9', lambda: killed(d, 200 if LONG else 10)))
        words = [w for w in sys.argv[1:] if w != '--table']
        jobs = [j for j in jobs if all(w in '%s: %s' % j[:2] for w in words)]
        if table:
            print('| what | call that fails | what came out |\n|---|---|---|')
        else:
            print('1..%d' % len(jobs))
        for name, call, job in jobs:
            n += 1
            try:
                found, why = job(), None
            except Failure as e:
                found, why = {}, str(e)
            bad += why is not None
            if table:
                print('| `%s` | %s | %s |' % (name, call, why or text(found) or 'is not made'), flush=True)
                continue
            print('%s %d - %s: %s: %s' % ('not ok' if why else 'ok', n, name, call, text(found)), flush=True)
            for line in (why or '').splitlines():
                print('#   ' + line, flush=True)
    sys.exit(bad > 0)


main()

# SPDX-License-Identifier: BSD-2-Clause
"""What probes send arrives, each byte once: through connections that are cut at random bytes, with a collector and probes that are
killed.  A collector's files are, byte by byte, those that the probes wrote for themselves."""
import glob
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'truth'))
from common import *
sys.path.insert(0, os.path.join(SRC, 'contrib', 'python'))
from xxh3 import xxh3

CAPTURES_ = sorted(glob.glob(os.path.join(OWN, '*.B.pcap')))
CUTS = 500 if os.environ.get('PAVO_LONG') else 50


STARTED = []


def started(*args, **more):
    p = subprocess.Popen(*args, env=ENV, **more)
    STARTED.append(p)
    return p


def leave_nothing():
    for p in STARTED:
        if p.poll() is None:
            try:
                os.killpg(p.pid, signal.SIGKILL)
            except OSError:
                p.kill()
            p.wait()
    STARTED.clear()


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Collector:
    """a process that may be killed"""

    def __init__(self, folder, port=None, more=()):
        self.folder, self.port, self.more = folder, port or free_port(), list(more)
        os.makedirs(folder, exist_ok=True)
        self.start()

    def start(self):
        self.p = started([program('racollect'), '-q', '-w', self.folder, '-l', '%s://127.0.0.1:%d' % ('tls' if self.more else 'tcp', self.port)] + self.more,
                                  stderr=subprocess.PIPE, start_new_session=True)
        for _ in range(200):
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise Failure('racollect does not listen: %s' % self.p.stderr.read())

    def kill(self):
        os.killpg(self.p.pid, signal.SIGKILL)
        self.p.wait()

    def end(self):
        self.p.terminate()
        err = self.p.stderr.read().decode()
        want(self.p.wait(), 0, 'status of racollect: ' + err)
        if 'Sanitizer' in err or 'runtime error' in err:
            raise Failure(err)


class Cutter:
    """a way to the collector that ends after so many bytes, chosen at random, either way, `cuts` times"""

    def __init__(self, port, cuts, rng):
        self.to, self.cuts, self.rng, self.done = port, cuts, rng, 0
        self.at = socket.create_server(('127.0.0.1', 0))
        self.port = self.at.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                one, _ = self.at.accept()
                other = socket.create_connection(('127.0.0.1', self.to))
            except OSError:
                return
            left = [1 << 60]
            if self.done < self.cuts:
                left = [int(2 ** self.rng.uniform(4, 17))]
            lock = threading.Lock()
            for a, b in ((one, other), (other, one)):
                threading.Thread(target=self.copy, args=(a, b, left, lock), daemon=True).start()

    def copy(self, a, b, left, lock):
        try:
            while True:
                data = a.recv(self.rng.choice((1, 100, 65536)))
                if not data:
                    break
                with lock:
                    data = data[:left[0]]
                    left[0] -= len(data)
                    b.sendall(data)
                    if left[0] == 0:
                        if left != [-1]:
                            self.done += 1
                            left[0] = -1
                        break
                    if left[0] < 0:
                        break
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def files(folder):
    """contents of the complete record files below"""
    return sorted(open(f, 'rb').read() for f in glob.glob(os.path.join(folder, '**', '*.pavo'), recursive=True))


def arrived(folder, own, spool, again=False):
    """the collector's files are the probe's own; again: there were runs that captured the same, which racount tells"""
    want(glob.glob(os.path.join(spool, '**', '*.pavo*'), recursive=True), [], 'what is left in the spool')
    want(glob.glob(os.path.join(folder, '**', '*.part'), recursive=True), [], 'parts of the collector')
    a, b = files(folder), files(own)
    want(len(a), len(b), 'files')
    want([len(x) for x in a], [len(x) for x in b], 'sizes')
    want(a == b, True, 'bytes')
    want(len(a) > 3, True, 'files there are: %d' % len(a))
    sums = [json.loads(good(['racount', '-R', f, '--json'], status=(0, 2) if again else (0,))) for f in (folder, own)]
    want(sums[0], sums[1], 'sums')
    want(again or sums[0]['conserved'] is not False, True, 'every frame is accounted for')
    for f in glob.glob(os.path.join(folder, '**', '*.pavo'), recursive=True) if again else ():
        good(['racheck', '-q', '-r', f])
    if not again:
        good(['racheck', '-q', '-R', folder])


def probe(folder, name, ports, captures, **more):
    return [program('pavo'), '-q', '-S', '1', '-e', name, '-w', os.path.join(folder, name + '-own', '%Y%m%d%H%M%S.pavo'), '--rotate', '2s',
            '--spool', os.path.join(folder, 'spool')] + [x for p in ports for x in ('-w', 'tcp://127.0.0.1:%d' % p)] + ['-r'] + captures


def straight(folder):
    """several collectors, several probes, none of them disturbed"""
    one, two = Collector(os.path.join(folder, 'one')), Collector(os.path.join(folder, 'two'))
    running = [started(probe(folder, name, [one.port, two.port], CAPTURES_[i:]), stderr=subprocess.PIPE) for i, name in enumerate(('a', 'b/c'))]
    for p in running:
        want((p.wait(LIMIT), p.stderr.read()), (0, b''), 'a probe')
    for c in one, two:
        c.end()
        for name, there in ('a', 'a'), ('b/c', 'b_c'):
            arrived(os.path.join(c.folder, there), os.path.join(folder, name + '-own'), os.path.join(folder, 'spool', there))


def cut(folder):
    """the connection is cut at random bytes"""
    rng = random.Random(17)
    c = Collector(os.path.join(folder, 'col'))
    runs = 0
    cutter = Cutter(c.port, CUTS, rng)
    while cutter.done < CUTS:
        at_once = [started(probe(folder, 'p%d' % (runs + i), [cutter.port], CAPTURES_[1:]), stderr=subprocess.DEVNULL) for i in (1, 2, 3, 4)]
        runs += len(at_once)
        want([p.wait(LIMIT) for p in at_once], [0] * len(at_once), 'the probes')
    for p in range(1, runs + 1): # where it gave up, the next run goes on
        good_run(folder, 'p%d' % p, c.port)
    c.end()
    for p in range(1, runs + 1):
        arrived(os.path.join(folder, 'col', 'p%d' % p), os.path.join(folder, 'p%d-own' % p), os.path.join(folder, 'spool', 'p%d' % p))
    print('# %d cuts in %d runs of the probe' % (cutter.done, runs))


def good_run(folder, name, port):
    st = subprocess.run(probe(folder, name, [port], CAPTURES_[:1]), env=ENV, capture_output=True, timeout=LIMIT)
    want(st.returncode, 0, 'a probe: %s' % st.stderr)


def killed_collector(folder):
    """it is killed at random moments and started again; and is not there at first"""
    rng = random.Random(5)
    port = free_port()
    p = started(probe(folder, 'p', [port], CAPTURES_), stderr=subprocess.PIPE)
    time.sleep(0.3)
    c = Collector(os.path.join(folder, 'col'), port)
    for _ in range(10):
        time.sleep(rng.uniform(0, 0.05))
        c.kill()
        if p.poll() is not None:
            p = started(probe(folder, 'p', [port], CAPTURES_), stderr=subprocess.PIPE)
        c.start()
    want(p.wait(LIMIT), 0, 'the probe')
    good_run(folder, 'p', port)
    c.end()
    arrived(os.path.join(folder, 'col', 'p'), os.path.join(folder, 'p-own'), os.path.join(folder, 'spool', 'p'), True)


def killed_probe(folder):
    """the probe is killed at random moments, with all that it started or without; what it left is completed by the next one and sent"""
    rng = random.Random(8)
    c = Collector(os.path.join(folder, 'col'))
    words = probe(folder, 'p', [c.port], ['-'])
    data = b''.join(open(f, 'rb').read()[24 if i else 0:] for i, f in enumerate(f for f in CAPTURES_ if 'tcp' in f or 'udp' in f))
    for n in range(8):
        p = started(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            for at in range(0, int(len(data) * rng.uniform(0.2, 1)), 40000):
                p.stdin.write(data[at:at + 40000])
                p.stdin.flush()
                time.sleep(0.02)
        except BrokenPipeError:
            pass
        time.sleep(rng.uniform(0, 0.7))
        p.kill()
        p.wait()
    time.sleep(0.5)
    st = subprocess.run(probe(folder, 'p', [c.port], CAPTURES_[:2]), env=ENV, capture_output=True, timeout=LIMIT)
    want(st.returncode, 0, 'the last probe: %s' % st.stderr)
    c.end()
    arrived(os.path.join(folder, 'col', 'p'), os.path.join(folder, 'p-own'), os.path.join(folder, 'spool', 'p'), True)


def nobody(folder):
    """without a collector everything waits, and the next run sends it"""
    port = free_port()
    st = subprocess.run(probe(folder, 'p', [port], CAPTURES_[:4]), env=ENV, capture_output=True, timeout=LIMIT)
    want((st.returncode, b'refused' in st.stderr and b'the next run sends' in st.stderr), (0, True), 'nobody listens: %s' % st.stderr)
    waiting = files(os.path.join(folder, 'spool'))
    want(waiting, files(os.path.join(folder, 'p-own')), 'what waits')
    c = Collector(os.path.join(folder, 'col'), port)
    good_run(folder, 'p', port)
    c.end()
    arrived(os.path.join(folder, 'col', 'p'), os.path.join(folder, 'p-own'), os.path.join(folder, 'spool', 'p'), True)
    # what was received does not come again, though it is not there any more
    c = Collector(os.path.join(folder, 'col'), port)
    before = set(glob.glob(os.path.join(folder, 'p-own', '*.pavo')))
    for f in glob.glob(os.path.join(folder, 'col', '**', '*.pavo'), recursive=True):
        os.unlink(f)
    good_run(folder, 'p', port)
    c.end()
    want(files(os.path.join(folder, 'col')), sorted(open(f, 'rb').read() for f in set(glob.glob(os.path.join(folder, 'p-own', '*.pavo'))) - before), 'files')


def followed(folder):
    """who reads at the collector has what comes, filtered there"""
    c = Collector(os.path.join(folder, 'col'))
    at = 'tcp://127.0.0.1:%d' % c.port
    asked = ['-t', '2026', '--csv', '-s', 'probe,stime,saddr,daddr,proto,spkts,dpkts,sloss,dloss']
    readers = []
    with open(os.path.join(folder, 'list'), 'w') as f:
        f.write('10.71.1.1\n')
    for question in ['-', 'host IN ' + os.path.join(folder, 'list')], ['-', 'tcp or esp'], [], ['-', 'host 10.71.1.1 and not udp']:
        readers.append((question, started([program('ra'), '-u', '-r', at] + asked + question, stdout=open(os.path.join(folder, 'r%d' % len(readers)), 'w'), stderr=subprocess.PIPE)))
    time.sleep(1)
    for name in 'a', 'b':
        st = subprocess.run(probe(folder, name, [c.port], CAPTURES_), env=ENV, capture_output=True, timeout=LIMIT)
        want(st.returncode, 0, 'a probe: %s' % st.stderr)
    for i, (question, p) in enumerate(readers):
        expected = sorted(good(['ra', '-u', '-R', os.path.join(folder, 'a-own'), os.path.join(folder, 'b-own')] + asked + question).decode().splitlines())
        for _ in range(150):
            with open(os.path.join(folder, 'r%d' % i)) as f:
                got = sorted(f.read().splitlines())
            if got == expected:
                break
            time.sleep(0.1)
        p.terminate()
        p.wait()
        want(len(got), len(expected), 'rows of %s' % question)
        want(got, expected, 'rows of %s' % question)
    with socket.create_connection(('127.0.0.1', c.port)) as s: # a file of the collector's machine: by hand, from pavo(5)
        question = b'\0\1' + bytes(8) + b'host iN /dev/zero'
        s.sendall(b'READ' + len(question).to_bytes(4, 'big') + xxh3(question).to_bytes(8, 'big') + question)
        want(s.recv(4), b'FAIL', 'a file of the collector')
    c.end()
    nobody_there = run(['ra', '-r', at])
    want((nobody_there[0], 'refused' in nobody_there[2]), (2, True), 'without a collector: %s' % nobody_there[2])


def live(folder):
    """from an interface, behind the sandbox, as another user"""
    if os.geteuid() != 0:
        return 'only root captures'
    os.chmod(folder, 0o755)
    for name in 'spool', 'p-own':
        os.mkdir(os.path.join(folder, name))
        os.chmod(os.path.join(folder, name), 0o777)
    c = Collector(os.path.join(folder, 'col'))
    words = probe(folder, 'p', [c.port], [])[:-1]
    p = started(words + ['-i', 'lo', '-', 'udp port 19199'], stderr=subprocess.PIPE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(160):
            s.sendto(b'x' * 100, ('127.0.0.1', 19199))
            time.sleep(0.05)
    if p.poll() is not None:
        return 'it can not capture here'
    some = files(os.path.join(folder, 'col'))
    p.send_signal(signal.SIGINT)
    err = p.communicate(timeout=LIMIT)[1]
    want((p.returncode, err), (0, b''), 'the probe')
    c.end()
    want(len(some) > 0, True, 'files came while it ran')
    arrived(os.path.join(folder, 'col', 'p'), os.path.join(folder, 'p-own'), os.path.join(folder, 'spool', 'p'))


def authority(folder, name):
    """an authority, and what it signs: a certificate for 127.0.0.1 and one for clients"""
    def openssl(*words):
        subprocess.run(['openssl'] + list(words), check=True, capture_output=True, cwd=folder)
    ca = ['-keyout', name + '-ca.key', '-out', name + '-ca.pem']
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=' + name, *ca)
    for who, more in ('server', 'subjectAltName=IP:127.0.0.1'), ('other', 'subjectAltName=DNS:other.example'), ('client', 'extendedKeyUsage=clientAuth'):
        base = '%s-%s' % (name, who)
        with open(os.path.join(folder, base + '.ext'), 'w') as f:
            f.write(more + '\n')
        openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=' + base, '-keyout', base + '.key', '-out', base + '.csr')
        openssl('x509', '-req', '-in', base + '.csr', '-CA', name + '-ca.pem', '-CAkey', name + '-ca.key', '-CAcreateserial', '-days', '30', '-extfile', base + '.ext',
                '-out', base + '.pem')

    def files(who, of=name):
        base = os.path.join(folder, '%s-%s' % (name, who))
        return ['--tls-cert', base + '.pem', '--tls-key', base + '.key', '--tls-ca', os.path.join(folder, of + '-ca.pem')]
    return files


def secret(folder):
    """TLS: both show certificates of one authority; who does not is not heard"""
    if 'built without TLS' in run(['racollect', '-w', folder, '-l', 'tls://127.0.0.1:0', '--tls-cert', 'x', '--tls-key', 'x', '--tls-ca', 'x'])[2] or not shutil.which('openssl'):
        return 'no TLS, or no openssl'
    ours, theirs = authority(folder, 'ours'), authority(folder, 'theirs')
    good_one, bad_host = Collector(os.path.join(folder, 'col'), more=ours('server')), Collector(os.path.join(folder, 'bad'), more=ours('other'))

    def send(name, c, files, scheme='tls'):
        words = [w.replace('tcp://', scheme + '://') for w in probe(folder, name, [c.port], CAPTURES_)]
        return subprocess.run(words + files, env=ENV, capture_output=True, timeout=LIMIT)
    st = send('p', good_one, ours('client'))
    want((st.returncode, st.stderr), (0, b''), 'a probe with its certificate')
    arrived(os.path.join(folder, 'col', 'p'), os.path.join(folder, 'p-own'), os.path.join(folder, 'spool', 'p'))
    running = [(what, says, started([w.replace('tcp://', scheme + '://') for w in probe(folder, what, [c.port], CAPTURES_[:1])] + files, stderr=subprocess.PIPE))
               for what, says, c, files, scheme in (('stranger', b'', good_one, theirs('client', 'ours'), 'tls'), ('misled', b'', good_one, theirs('client'), 'tls'),
                                                    ('elsewhere', b'mismatch', bad_host, ours('client'), 'tls'), ('open', b'', good_one, [], 'tcp'))]
    for what, says, p in running:
        err = p.communicate(timeout=LIMIT)[1]
        want((p.returncode, b'the next run sends' in err, says in err), (0, True, True), '%s: %s' % (what, err))
        want(files(os.path.join(folder, 'col', what)) + files(os.path.join(folder, 'bad', what)), [], 'what came of ' + what)
    for words, says in (([], 'all three'), (ours('client')[:-1] + [os.path.join(folder, 'none.pem')], 'none.pem')):
        st = send('q', good_one, words)
        want((st.returncode, says in st.stderr.decode()), (2, True), '%s: %s' % (words, st.stderr))
    good_one.kill()
    bad_host.kill()


def wrong(folder):
    for words, says in ((['-w', 'tcp://127.0.0.1:x'], 'HOST:PORT'), (['-w', 'udp://127.0.0.1:9'], 'tcp://'), (['-w', 'tcp://127.0.0.1:9', '--exec', 'true', '--spool', folder], 'files of one')):
        status, out, err = run(['pavo', '-r', CAPTURES_[0]] + words)
        want((status, out, says in err), (2, b'', True), '%s: %d, %s' % (' '.join(words), status, err))
    for words, says in (([], '-w DIR'), (['-w', os.path.join(folder, 'none')], 'folder'), (['-w', folder, '-l', 'udp://127.0.0.1:9'], 'tcp://'), (['x'], 'no word')):
        status, out, err = run(['racollect'] + words, b'')
        want((status, out, says in err), (2, b'', True), 'racollect %s: %d, %s' % (' '.join(words), status, err))


PARTS = [(followed, 'ra -r tcp://'), (straight, 'two probes, two collectors'), (cut, 'cut %d times at random bytes' % CUTS), (killed_collector, 'the collector is killed'),
         (killed_probe, 'the probe is killed'), (nobody, 'nobody listens'), (secret, 'TLS'), (live, 'live'), (wrong, 'what can not be')]


def main():
    tap = Tap()
    for part, what in PARTS:
        with scratch() as folder:
            begun = time.time()
            try:
                missing = part(folder)
                tap.skip(what, missing) if missing else tap.ok(True, what)
            except (Failure, subprocess.TimeoutExpired) as e:
                tap.ok(False, what, str(e))
            leave_nothing()
            print('# %.1f s' % (time.time() - begun))
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


main()

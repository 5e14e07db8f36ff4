# SPDX-License-Identifier: BSD-2-Clause
"""pavo -r: pipes that give their bytes one by one or are silent, signals at any time, progress on a terminal; TAP."""
import gzip
import json
import os
import pty
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

SRC, BUILD = os.environ['PAVO_SRC'], os.environ['PAVO_BUILD']
LONG = os.environ.get('PAVO_LONG') == '1'
ENV = dict(os.environ, LC_ALL='C', TZ='UTC', NO_COLOR='1')
START = 1795000000


def program(name):
    return os.path.join(BUILD, name)


def frame(i):
    udp = struct.pack('!HHHH', 4000 + i % 50, 9, 8 + 32, 0) + bytes(32)
    ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), i & 0xffff, 0, 64, 17, 0, b'\x0a\0\0\1', b'\x0a\0\0\2')
    return b'\2\0\0\0\0\1\2\0\0\0\0\2\x08\0' + ip + udp


def pcap(n, rate):
    """n frames, so many a second; and where each ends"""
    out, ends = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)], []
    size = len(out[0])
    for i in range(n):
        f = frame(i)
        out.append(struct.pack('<IIII', START + i // rate, i % rate * (1000000 // rate), len(f), len(f)) + f)
        size += len(out[-1])
        ends.append(size)
    return b''.join(out), ends


def pcapng(n, rate):
    """the same, with a block of no interest that no buffer holds, and statistics"""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack('<I', len(body) + 12)
        return struct.pack('<I', kind) + size + body + size
    out = [block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)), block(1, struct.pack('<HHI', 1, 0, 0))]
    for i in range(n):
        f = frame(i)
        us = (START + i // rate) * 1000000 + i % rate * (1000000 // rate)
        out.append(block(6, struct.pack('<IIIII', 0, us >> 32, us & 0xffffffff, len(f), len(f)) + f))
        if i == n // 3:
            out.append(block(0xbad, bytes(700000)))
        if i == n // 2:
            out.append(block(5, struct.pack('<IIIHHQI', 0, us >> 32, us & 0xffffffff, 5, 8, 0, 0)))
    return b''.join(out)


class Tap:
    def __init__(self):
        self.n = self.failed = 0
        self.lock = threading.Lock()

    def ok(self, good, name, why=''):
        with self.lock:
            self.n += 1
            self.failed += not good
            print('%s %d - %s' % ('ok' if good else 'not ok', self.n, name), flush=True)
            if not good:
                print('#   ' + str(why).replace('\n', '\n#   '), flush=True)

    def same(self, got, wanted, name):
        self.ok(got == wanted, name, 'got    %r\nwanted %r' % (got, wanted))


tap = Tap()
work = tempfile.TemporaryDirectory(prefix='pavo-signals.')


def path(name):
    return os.path.join(work.name, name)


def start(out, *args, stdin=subprocess.PIPE, stderr=None):
    """a probe, and the file of what it says"""
    said = open(path(out + '.err'), 'wb')
    p = subprocess.Popen([program('pavo'), '-S', '1', '-e', 'p', *args, '-w', path(out)], stdin=stdin,
                         stderr=stderr or said, env=ENV, bufsize=0)
    p.out, p.said = path(out), path(out + '.err')
    return p


def said(p):
    with open(p.said, errors='replace') as f:
        return f.read()


def until(what, limit=5.0):
    """the seconds until it is true; None: it was not within the limit"""
    begin = time.monotonic()
    while not what():
        if time.monotonic() - begin > limit:
            return None
        time.sleep(0.01)
    return time.monotonic() - begin


def end(p, *signals, apart=0.0):
    """its status, and the seconds that it took"""
    begin = time.monotonic()
    for s in signals:
        p.send_signal(s)
        time.sleep(apart)
    try:
        status = p.wait(5)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()
        return 'hangs', 5.0
    return status, time.monotonic() - begin


def frames_of(name):
    """(frames in MAR, exit status of racheck)"""
    j = json.loads(subprocess.run([program('racount'), '--json', '-r', name], capture_output=True, env=ENV).stdout or '{}')
    check = subprocess.run([program('racheck'), '-r', name], capture_output=True, env=ENV)
    return j.get('mar', {}).get('frames'), check.returncode, b': good' in check.stdout


def rows(name):
    return subprocess.run([program('ra'), '-r', name, '--csv', '-u', '-s', 'all', '--mar'], capture_output=True, env=ENV).stdout


# --- bytes that come as they like


def pieces(name, raw, seed):
    rnd = random.Random(seed)
    cuts = sorted({0, len(raw), 1, 3, 20, 30} | {rnd.randrange(len(raw)) for _ in range(12)})
    with open(path(name + '.cap'), 'wb') as f:
        f.write(raw)
    subprocess.run([program('pavo'), '-q', '-S', '1', '-e', 'p', '-r', path(name + '.cap'), '-w', path(name + '.whole')], env=ENV, check=True)
    p = start(name, '-q', '-r', '-')
    for a, b in zip(cuts, cuts[1:]):
        p.stdin.write(raw[a:b])
        time.sleep(rnd.choice((0.0, 0.02, 0.15, 0.25)))
    p.stdin.close()
    status = p.wait(10)
    tap.ok(status == 0 and rows(p.out) == rows(path(name + '.whole')) != b'', '%s in pieces, with pauses (seed %d): as from a file' % (name, seed),
           'exit %s: %s' % (status, said(p)))


# --- silence


def silent(name, kill, wanted):
    raw, ends = pcap(1000, 100)  # 10 s; the last second is not sealed
    cut = ends[959] + 17         # in the middle of the 961st
    p = start(name, '-r', '-')
    p.stdin.write(raw[:cut])
    tap.ok(until(lambda: b'10.0.0.1' in rows(p.out)) is not None, name + ': records of sealed bins come into the file while the pipe is silent')
    p.send_signal(signal.SIGHUP)
    p.send_signal(signal.SIGUSR1)
    t = until(lambda: '960 frames read' in said(p))
    tap.ok(t is not None and t < 1 and p.poll() is None, name + ': USR1 is answered within a second, HUP does not end it', (t, said(p)))
    status, t = end(p, kill)
    tap.ok(status == wanted and t < 1, '%s: exit %d within a second' % (name, wanted), (status, t, said(p)))
    tap.same(frames_of(p.out), (960, 0, True), name + ': what came is counted, in a closed file')
    tap.ok('pavo: interrupted: %d bytes were read\n' % ends[959] in said(p), name + ': and said', said(p))
    p.stdin.close()


def nothing_yet():
    p = start('empty', '-r', '-')
    time.sleep(0.3)
    p.send_signal(signal.SIGUSR1)
    p.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    tap.ok(p.poll() is None, 'USR1 and HUP before the first byte do not end it')
    status, t = end(p, signal.SIGINT)
    tap.ok(status == 130 and t < 1, 'INT before the first byte: exit 130 within a second', (status, t, said(p)))
    p.stdin.close()
    os.mkfifo(path('fifo'))
    p = start('fifo-out', '-r', path('fifo'), stdin=subprocess.DEVNULL)
    time.sleep(0.3)
    status, t = end(p, signal.SIGTERM)
    tap.ok(status == 143 and t < 1, 'TERM while a fifo has no writer: exit 143 within a second', (status, t, said(p)))


def endless(kill, wanted):
    """a pcapng stream that never has a packet again, as fast as it can be read"""
    raw, block = pcapng(100, 100), struct.pack('<II', 0xbad, 1 << 20) + bytes((1 << 20) - 12) + struct.pack('<I', 1 << 20)
    for args in (['-r', '-'], ['-r', '-', '-r', path('several.cap')]):
        p = start('endless%d%d' % (wanted, len(args)), *args)
        stop = threading.Event()

        def feed():
            try:
                p.stdin.write(raw)
                while not stop.is_set():
                    p.stdin.write(block)
            except BrokenPipeError:
                pass
        feeder = threading.Thread(target=feed)
        feeder.start()
        time.sleep(0.5)
        p.send_signal(signal.SIGUSR1)
        t = until(lambda: 'frames read' in said(p))
        status, t2 = end(p, kill)
        stop.set()
        feeder.join()
        tap.ok(t is not None and t < 1 and status == wanted and t2 < 1 and frames_of(p.out)[1:] == (0, True),
               'blocks without end that are no packets: signals act within a second', (t, status, t2, said(p)))


def several():
    """two captures merged by time, of which one is a silent pipe"""
    raw, ends = pcap(500, 100)
    p = start('several', '-r', '-', '-r', path('several.cap'))
    p.stdin.write(raw[:ends[299]])
    time.sleep(0.5)
    status, t = end(p, signal.SIGINT)
    n, check, good = frames_of(p.out)
    tap.ok(status == 130 and t < 1 and check == 0 and good and 598 <= n <= 601, 'a silent pipe beside a file: as far as both go', (status, t, n, said(p)))
    p.stdin.close()


# --- two signals at one time (timeout(1) sends two)


def twice():
    rounds = 60 if LONG else 6
    raw, ends = pcap(300, 100)
    bad = []
    for i in range(rounds):
        p = start('twice%d' % i, '-q', '-r', '-')
        p.stdin.write(raw[:ends[249]])
        time.sleep(0.1)
        kill = (signal.SIGINT, signal.SIGTERM)[i % 2]
        other = (signal.SIGTERM, signal.SIGINT, kill)[i % 3]
        status, t = end(p, kill, other, apart=random.choice((0.0, 0.001, 0.005, 0.03)))
        if status not in (128 + kill, 128 + other) or frames_of(p.out) != (250, 0, True) or t > 1:
            bad.append((status, t, frames_of(p.out)))
        p.stdin.close()
    tap.ok(not bad, '%d times two signals within milliseconds: the file is whole each time' % rounds, bad)


# --- files


def cut_short():
    raw, ends = pcap(1000000, 100000)
    with open(path('big.cap'), 'wb') as f:
        f.write(raw)
    for _ in range(10):
        p = start('big', '-q', '-r', path('big.cap'), stdin=subprocess.DEVNULL)
        until(lambda: os.path.exists(p.out) and os.path.getsize(p.out) > 0, 2)
        status, t = end(p, signal.SIGINT)
        if status == 130:
            break
    n, check, good = frames_of(p.out)
    tap.ok(status == 130 and check == 0 and good and 0 <= n < 1000000, 'a file, interrupted: exit 130, and a whole file of what was read', (status, n, said(p)))
    words = said(p).split()
    done = int(words[2]) if words[:2] == ['pavo:', 'interrupted:'] else -1
    tap.same((said(p), done), ('pavo: interrupted: %d of %d bytes were read\n' % (done, len(raw)), ends[n - 1] if n > 0 else 24),
             'and how much that was: the frames that are counted')


def progress(quiet):
    raw, ends = pcap(1000, 100)
    master, slave = pty.openpty()
    p = start('progress%d' % quiet, *(['-q'] if quiet else []), '-r', '-', stderr=slave)
    os.close(slave)
    for a in range(0, 10):
        p.stdin.write(raw[a * len(raw) // 10:(a + 1) * len(raw) // 10])
        time.sleep(0.3)
    p.stdin.close()
    p.wait()
    text = b''
    try:
        while True:
            more = os.read(master, 65536)
            if not more:
                break
            text += more
    except OSError:
        pass
    os.close(master)
    if quiet:
        tap.same(text, b'', 'no progress with -q')
        return
    lines = text.split(b'\r')
    tap.ok(any(l.startswith(b'pavo: 0 MB, ') and b' packets, ' in l and l.endswith(b'\x1b[K') for l in lines), 'progress on a terminal', text)
    tap.ok(b'\r\x1b[Kpavo: 1000 frames read' in text, 'which is taken away at the end', text)


def main():
    with open(path('several.cap'), 'wb') as f:
        f.write(pcap(500, 100)[0])
    raw, _ = pcap(2000, 400)
    ng = pcapng(2000, 400)
    half = len(raw) // 2
    packed = gzip.compress(raw[:half]) + gzip.compress(raw[half:]) + bytes(512)
    jobs = [(silent, ('INT', signal.SIGINT, 130)), (silent, ('TERM', signal.SIGTERM, 143)), (nothing_yet, ()), (several, ()), (endless, (signal.SIGINT, 130)), (endless, (signal.SIGTERM, 143)),
            (twice, ()), (cut_short, ()), (progress, (False,)), (progress, (True,))]
    for seed in range(20 if LONG else 2):
        jobs += [(pieces, (name + str(seed), data, seed)) for name, data in (('pcap', raw), ('pcapng', ng), ('gzip', packed))]
    threads = []
    for job, args in jobs:
        def body(job=job, args=args):
            try:
                job(*args)
            except Exception as e:  # a case of its own: the others go on
                tap.ok(False, job.__name__, repr(e))
        threads.append(threading.Thread(target=body))
        threads[-1].start()
        while sum(t.is_alive() for t in threads) >= 6:
            time.sleep(0.05)
    for t in threads:
        t.join()
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


main()

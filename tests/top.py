#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""ratop -i, as its user has it: files and pipes that grow while it looks, a terminal of its own, keys; TAP.

Three seconds of datagrams of 100 bytes (58 behind 42 of headers), from 100 on.  In the second 101 A sends 20 to B and 10 to C; in
the second 102 A sends 10 to B, C sends 40 to B and a host with a long address one.
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

SRC, BUILD = os.environ['PAVO_SRC'], os.environ['PAVO_BUILD']
ENTER, LEAVE = '\x1b[?1049h', '\x1b[?1049l'
ENV = dict(os.environ, LC_ALL='C.UTF-8', TZ='UTC', PATH=BUILD + ':' + os.environ['PATH'], TERM='xterm')
A, B, C = '10.0.0.1', '10.0.0.2', '10.0.0.3'
LONG = '2001:db8:1111:2222:3333:4444:5555:6666'
PACKETS = ''.join('%s udp %s > %s len 58 repeat %d every 0.01\n' % x for x in (
    ('100.1', A + ':1000', B + ':53', 5), ('101.1', A + ':1000', B + ':53', 20), ('101.2', A + ':1001', C + ':53', 10),
    ('102.1', A + ':1000', B + ':53', 10), ('102.2', C + ':999', B + ':53', 40),
    ('102.3', '[%s]:1' % LONG, '[%s7]:53' % LONG[:-1], 1)))
work = tempfile.mkdtemp(prefix='pavo-top.')
done = 0


class Terminal:
    """a program on a terminal of its own; `out` is all that it has written"""
    def __init__(self, argv, columns=100, rows=24, stdin=None, **env):
        self.out, self.status = '', None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
            if stdin is not None:
                os.dup2(stdin, 0)
            os.execvpe(argv[0], argv, dict(ENV, **env))

    def read(self, seconds):
        end = time.time() + seconds
        while time.time() < end and select.select([self.fd], [], [], max(0, end - time.time()))[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            self.out += data.decode()
        return True

    def sees(self, text, seconds=10):
        """it comes onto the screen; what was there before is forgotten"""
        end = time.time() + seconds
        while text not in self.out and time.time() < end:
            if not self.read(0.05):
                break
        found = text in self.out
        self.last = self.out
        if found:
            self.out = ''
        return found

    def press(self, keys):
        os.write(self.fd, keys)

    def canonical(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ICANON) and bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        """its exit status, minus the signal that ended it; the last it wrote is in `out`"""
        end = time.time() + 10
        while time.time() < end:
            alive = self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.read(0.05)
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            if not alive:
                time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        return 'still there'


def ok(good, what, *more):
    global done
    done += 1
    print('%sok %d - %s' % ('' if good else 'not ', done, what))
    if not good:
        for line in more:
            print('# %s' % repr(line)[:2000])
    sys.stdout.flush()


def same(got, wanted, what, *more):
    ok(got == wanted, what, 'wanted: %r' % (wanted,), 'got: %r' % (got,), *more)


def run(argv, **more):
    p = subprocess.run(argv, capture_output=True, text=True, env=ENV, timeout=60, **more)
    return p.returncode, p.stdout, p.stderr


def bare(text):
    return re.sub(r'\x1b\[[0-9;?]*[a-zA-Z]', '', text)


def cells(line):
    return re.sub(r'[▏▎▍▌▋▊▉█]', '', line).split()


def make():
    with open(os.path.join(work, 'x.pkt'), 'w') as f:
        f.write(PACKETS)
    pcap, records = os.path.join(work, 'x.pcap'), os.path.join(work, 'x.pavo')
    subprocess.run([os.path.join(SRC, 'tests/cli/mkpcap'), os.path.join(work, 'x.pkt'), pcap], check=True)
    for second, name in ((100, 'a'), (101, 'b'), (102, 'c')): # a bin in each, so that they can come one by one
        subprocess.run(['pavo', '-q', '-S', '1', '-e', 'p', '-r', pcap, '-w', records], check=True, env=ENV)
        subprocess.run(['ra', '-r', records, '-t', '%d-%d' % (second, second + 1), '-w', os.path.join(work, name)], check=True, env=ENV)
    return records


def read(name):
    with open(os.path.join(work, name), 'rb') as f:
        return f.read()


def blocks(records):
    st, out, err = run(['ratop', '-i', '1', '-r', records])
    lines = out.split('\n')
    same((st, lines[0]), (0, 'Top conv by bytes, 1970-01-01 00:01:42 to 00:01:43, 1 s; ended'), 'of a file that is complete the last bin', out, err)
    same(lines[1], '41.0 kbit/s, 51 pps; 3 groups', 'the sums of all', out) # 51 * 100 bytes, an IPv6 header is 20 longer
    same([cells(x) for x in lines[3:6]],
         [['udp', C, '999', '->', B, '53', '32.0k', '40', '78.1', '-', '-', '1'],
          ['udp', A, '1000', '->', B, '53', '8.00k', '10', '19.5', '-', '-', '0'],
          ['udp', LONG, '1', '->', LONG[:-1] + '7', '53', '960', '1', '2.3', '-', '-', '1']], 'greatest first', out)
    st, out, err = run(['ratop', '-i', '3', '-m', 'saddr', '-o', 'pkts', '-N', '1', '-r', records, '-', 'ip'])
    lines = out.split('\n')
    same((st, lines[0]), (0, 'Top saddr by pkts, 1970-01-01 00:01:40 to 00:01:43, 3 s; ended'), 'so many bins as the interval has', out, err)
    same((lines[1], [cells(x) for x in lines[3:]]), ('22.7 kbit/s, 28.3 pps; 2 groups; ip', [[A, '12.0k', '15', '52.9', '-', '-', '2'], [], []]),
         '-m, -o, -N and a filter', out)
    st, out, err = run(['ratop', '-i', '1', '-s', 'daddr,pkts', '-m', 'daddr', '--having', 'pkts > 10', '-r', records])
    same([cells(x) for x in out.split('\n')[2:]], [['DstAddr', 'Pkts'], [B, '50'], [], []], '-s and --having', out, err)
    other = os.path.join(work, 'q.pavo') # of the same packets, by another probe
    subprocess.run(['pavo', '-q', '-S', '1', '-e', 'q', '-r', os.path.join(work, 'x.pcap'), '-w', other], check=True, env=ENV)
    for more, rows in ((['-m', 'matrix'], [['p', '32.0k'], ['q', '32.0k']]), (['-m', 'matrix', '--merge-probes'], [[C, '64.0k']]), (['-m', 'saddr'], [[C, '64.0k']])):
        st, out, err = run(['ratop', '-i', '1', '-N', str(len(rows)), *more, '-r', records, other, '-', 'src', C])
        lines = out.split('\n')
        same([[c for c in cells(x) if c in sum(rows, [])] for x in lines[3:3 + len(rows)]], rows, 'two probes, ' + ' '.join(more), out)
        same(('of all probes together' in lines[1], 'are added up' in err), (True, more == ['-m', 'saddr']), 'what is said of that', out, err)
    for words, what in ((['-i', '0'], 'expected a time'), (['-i', 'x'], 'expected a time'), (['-i', '2', '--json'], 'for people'),
                        (['-i', '2', '-w', 'y'], 'for people'), (['-i', '2', '-o', 'byts'], 'the nearest is'), (['-i', '2', '-s', 'bytes_share'], '-s')):
        st, out, err = run(['ratop', '-r', records] + words)
        ok(st == 2 and what in err and out == '', ' '.join(words) + ' is refused', out, err)
    st, out, err = run(['ratop', '-i', '1', '-r', records, '-', 'tcp'])
    ok(st == 1 and 'no records' in out, 'nothing: exit 1', st, out, err)


def grows():
    """a file that its writer holds, and that grows by pieces that end anywhere"""
    path, whole = os.path.join(work, 'live.pavo'), read('a') + read('b') + read('c')
    one = len(read('a')) + len(read('b')) // 2
    f = open(path, 'wb', buffering=0)
    fcntl.flock(f, fcntl.LOCK_EX)
    f.write(whole[:one])
    p = subprocess.Popen(['ratop', '-i', '200ms', '-r', path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV)
    time.sleep(2)
    f.write(whole[one:])
    time.sleep(2)
    ended = p.poll()
    f.close()
    out, err = p.communicate(timeout=10)
    spans = re.findall(r'to 00:(\d\d:\d\d)', out)
    ok(ended is None and p.returncode == 0 and err == '', 'it waits while the file is being written', ended, p.returncode, err)
    same((spans[0], spans[-1]), ('01:41', '01:43'), 'and shows the last bin that is complete', out)
    ok('silent' not in out and '41.0 kbit/s' in out, 'with what came', out[-500:])


def tree():
    """rotation: old files are not read, the one being written is, then the next one; a file that gets its name is not read twice"""
    folder = os.path.join(work, 'tree')
    os.makedirs(folder + '/1')
    for name, data in (('1/1.pavo', 'b'), ('1/2.pavo', 'a')):
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(read(data))
    t = Terminal(['ratop', '-i', '300ms', '-R', folder])
    ok(t.sees('00:01:40 to 00:01:41'), 'of a tree the newest file', t.last)
    part = open(os.path.join(folder, '1/3.pavo.part'), 'wb', buffering=0)
    fcntl.flock(part, fcntl.LOCK_EX)
    part.write(read('b'))
    ok(t.sees('24.0 kbit/s, 30 pps; 2 groups'), 'a new one that is being written', t.last)
    part.close()
    os.rename(os.path.join(folder, '1/3.pavo.part'), os.path.join(folder, '1/3.pavo'))
    t.read(1)
    t.press(b'w')
    ok(t.sees('to 00:01:42, 2 s') and '14.0 kbit/s, 17.5 pps' in bare(t.last), 'counts once when it has got its name', bare(t.last))
    t.press(b'q')
    same(t.end(), 0, 'q: the end')


def again():
    """the probe was started again: another file has the name, or it was begun anew"""
    path = os.path.join(work, 'again.pavo')
    for how in ('another file', 'begun anew'):
        with open(path, 'wb') as f:
            f.write(read('a') + read('b'))
        t = Terminal(['ratop', '-i', '300ms', '-r', path])
        ok(t.sees('24.0 kbit/s, 30 pps') and t.sees('ended'), 'a file that has ended', t.last)
        if how == 'another file':
            with open(path + '.new', 'wb') as f:
                f.write(read('c'))
            os.rename(path + '.new', path)
        else:
            with open(path, 'r+b') as f:
                f.truncate(0)
                f.write(read('c'))
        ok(t.sees('41.0 kbit/s, 51 pps'), how, t.last)
        t.press(b'q')
        same(t.end(), 0, 'q: the end')


def keys(records):
    t = Terminal(['ratop', '-i', '200ms', '-r', records])
    ok(t.sees('Top conv by bytes') and ENTER in t.last and not t.canonical(), 'a screen', t.last)
    t.press(b's')
    ok(t.sees('order by: _'), 's asks for the order', t.last)
    t.press(b'\t\tx\x7f\r')
    ok(t.sees('Top conv by pkts'), 'Tab offers, Enter takes', t.last)
    t.press(b'snix\r')
    ok(t.sees('nix: no such field; the nearest is'), 'no such field', t.last)
    t.press(b'ssrtt\x1b')
    time.sleep(0.2)
    t.press(b'mmatrix\r')
    ok(t.sees('Top matrix by pkts'), 'Escape leaves it, m takes another key', t.last)
    t.press(b'mnix\r')
    ok(t.sees('no such'), 'no such key', t.last)
    t.press(b'w')
    ok(t.sees('Top matrix by pkts since the start, 1970-01-01 00:01:40 to 00:01:43, 3 s') and '23.0 kbit/s, 28.7 pps; 4 groups' in t.last and 'no records' not in t.last,
       'w: since the start, of a file all of it', t.last)
    t.press(b'?')
    ok(t.sees('this text'), '?: help', t.last)
    t.press(b'? ')
    ok(t.sees('; paused'), 'space: a pause', t.last)
    t.press(b'\x1a')
    same(os.WIFSTOPPED(os.waitpid(t.pid, os.WUNTRACED)[1]), True, '^Z stops it')
    ok(t.sees(LEAVE) and t.canonical(), 'and gives the terminal back', t.last)
    os.kill(t.pid, signal.SIGCONT)
    ok(t.sees('Top matrix') and ENTER in t.last and not t.canonical(), 'which it takes again', t.last)
    fcntl.ioctl(t.fd, termios.TIOCSWINSZ, struct.pack('HHHH', 10, 60, 0, 0))
    t.read(1)
    os.kill(t.pid, signal.SIGWINCH)
    t.out = ''
    t.sees('? help')
    same((t.last.count('\r\n'), max(len(x) for x in bare(t.last).split('\r\r\n')) <= 60), (9, True), 'a window of another size', t.last)
    t.press(b'q')
    same((t.end(), LEAVE in t.out), (0, True), 'q: the end', t.out)
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        t = Terminal(['ratop', '-i', '1', '-r', records])
        t.sees('Top conv')
        os.kill(t.pid, sig)
        ok(t.sees(LEAVE) and t.canonical() and t.end() == -sig, 'signal %d gives the terminal back' % sig, t.last)


def widths(records):
    for width in (60, 80, 120):
        t = Terminal(['ratop', '-i', '1', '-r', records], width, 20)
        t.sees('? help')
        screen = t.last[t.last.rindex('Top conv'):]
        t.press(b'q')
        t.end()
        lines = bare(screen).split('\r\r\n')
        wide = max(len(x) for x in lines)
        ok(wide <= width and len(lines) == 20 and 'Bit/s' in lines[2] and '32.0k' in screen, 'a screen of %d columns' % width, lines)
        ok(('Flows' in screen, '…' in screen) == {60: (False, True), 80: (False, True), 120: (True, True)}[width], 'has what fits', lines)


def simple(records):
    t = Terminal(['ratop', '-i', '1', '-r', records], TERM='dumb')
    same((t.end(), '\x1b' in t.out, 'Top conv' in t.out), (0, False, True), 'TERM=dumb: no screen', t.out)
    r, w = os.pipe()
    t = Terminal(['ratop', '-i', '200ms'], stdin=r)
    os.close(r)
    whole = read('a') + read('b')
    os.write(w, whole[:len(read('a')) + 1000])
    ok(t.sees('4.00 kbit/s, 5 pps'), 'a pipe', t.last)
    t.press(b'mdaddr\r')
    ok(t.sees('Top daddr'), 'keys come from the terminal', t.last)
    os.write(w, whole[len(read('a')) + 1000:])
    ok(t.sees('24.0 kbit/s, 30 pps; 2 groups'), 'what comes is shown', t.last)
    os.close(w)
    ok(t.sees('; ended'), 'and that no more comes', t.last)
    t.press(b'\x03')
    same(t.end(), 0, '^C: the end')


print('1..61')
try:
    RECORDS = make()
    blocks(RECORDS)
    grows()
    tree()
    again()
    keys(RECORDS)
    widths(RECORDS)
    simple(RECORDS)
finally:
    shutil.rmtree(work)

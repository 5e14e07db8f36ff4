#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Rows on terminals of several widths; TAP.

Two hosts exchange datagrams on 1970-01-01 and one more a day later; two hosts with long addresses, one.  Frames have 42 bytes
(IPv6: 62) and the length that is said: 1000 of 1000 bytes are 1042000 bytes, which is 1.04M.
"""
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

SRC, BUILD = os.environ['PAVO_SRC'], os.environ['PAVO_BUILD']
ENV = dict(os.environ, LC_ALL='C.UTF-8', TZ='UTC', PATH=BUILD + ':' + os.environ['PATH'], TERM='xterm')
ENV.pop('NO_COLOR', None)
PACKETS = '''100.1 udp 10.0.0.1:1000 > 10.0.0.2:53 len 1000 repeat 1000 every 0.0005
101.2 udp 10.0.0.2:53 > 10.0.0.1:1000 len 10
'''
LATER = '86500.1 udp 10.0.0.1:1000 > 10.0.0.2:53 len 10\n'
LONG = '100.1 udp [2001:db8:1111:2222:3333:4444:5555:6666]:1 > [2001:db8:1111:2222:3333:4444:5555:7777]:2 len 1\n'
COLUMNS = ('stime', 'flgs', 'proto', 'saddr', 'sport', 'dir', 'daddr', 'dport', 'spkts', 'dpkts', 'sbytes', 'dbytes', 'sloss', 'dloss', 'state')
LABELS = ('StartTime', 'Flgs', 'Proto', 'SrcAddr', 'SrcPort', 'Dir', 'DstAddr', 'DstPort', 'SrcPkts', 'DstPkts', 'SrcBytes',
          'DstBytes', 'SrcLoss', 'DstLoss', 'State')
work = tempfile.mkdtemp(prefix='pavo-fit.')
done, failed = 0, 0


def terminal(argv, columns, **env):
    """lines on a terminal, standard error, exit status"""
    err = tempfile.TemporaryFile()
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        os.dup2(err.fileno(), 2)
        os.execvpe(argv[0], argv, dict(ENV, **env))
    out = b''
    while select.select([fd], [], [], 30)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        out += data
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    err.seek(0)
    return out.decode().replace('\r\n', '\n').split('\n')[:-1], err.read().decode(), status


def pipe(argv, **env):
    return subprocess.run(argv, capture_output=True, text=True, env=dict(ENV, **env), timeout=60).stdout.split('\n')[:-1]


def ok(good, what, more=''):
    global done, failed
    done += 1
    failed += not good
    print('%s %d - %s' % ('ok' if good else 'not ok', done, what))
    if not good:
        print('# ' + str(more).replace('\n', '\n# '))
    sys.stdout.flush()


def records(name, packets):
    with open(name + '.pkt', 'w') as f:
        f.write(packets)
    subprocess.run([sys.executable, SRC + '/tests/cli/mkpcap', name + '.pkt', name + '.pcap'], check=True)
    subprocess.run(['pavo', '-q', '-S', '1', '-r', name + '.pcap', '-w', name + '.pavo'], check=True, env=ENV)
    return name + '.pavo'


def widths():
    one = records('one', PACKETS)
    plain = pipe(['ra', '-r', one])
    ok(len(plain) == 3 and ' 1042000 ' in plain[1], 'into a pipe, whole numbers', plain)
    for columns in 30, 45, 60, 80, 100, 120, 160, 200:
        out, err, status = terminal(['ra', '-r', one], columns, NO_COLOR='1')
        longest = max(len(x) for x in out)
        shown = [x for x in LABELS if x in out[-3].split()]
        want = ','.join(c for c, l in zip(COLUMNS, LABELS) if l not in shown)
        said = '%d column%s left out: %s (a line has %d places; ' % (len(COLUMNS) - len(shown), 's' * (len(COLUMNS) - len(shown) > 1), want, columns)
        ok(status == 0 and longest <= columns and (said in err if want else err == ''),
           '%d places: rows fit, what is not there is said' % columns, '\n'.join(out + [err, said]))
        if columns >= 160:
            ok(out == plain, '%d places: as into a pipe' % columns, '\n'.join(out))
        elif columns >= 80:
            ok(out[0] == '1970-01-01' and out[2].startswith('00:01:40.100000 ') and '1000' in out[2] and 'SrcLoss' in out[1],
               '%d places: the date once' % columns, '\n'.join(out))
        if columns == 120:
            ok(' 1042000 ' in out[2] or ' 1.04M ' in out[2], 'bytes, short if need be', out[2])
        out, err, _ = terminal(['ra', '-r', one, '--wide'], columns, NO_COLOR='1')
        ok(out == plain and err == '', '%d places, --wide: as into a pipe' % columns, '\n'.join(out))
    out = pipe(['ra', '-r', one, '-H'])
    ok(' 1.04M ' in out[1] and ' 1.00k ' in out[1], '-H into a pipe', '\n'.join(out))
    out = pipe(['ra', '-r', one, '-H', '--csv', '-s', 'sbytes']) + pipe(['ra', '-r', one, '-H', '--json', '-s', 'sbytes'])
    ok(out[1] == '1.04M' and out[3] == '{"sbytes":1042000}', '-H in CSV, not in JSON', out)
    for columns in 60, 80:
        for tool in ['racluster'], ['rabins', '-M', '1s'], ['rasort'], ['ratop']:
            out, _, status = terminal(tool + ['-r', one], columns, NO_COLOR='1')
            ok(status == 0 and max(len(x) for x in out) <= columns, '%s in %d places' % (tool[0], columns), '\n'.join(out))


def days():
    two = records('two', PACKETS + LATER)
    out, _, _ = terminal(['ra', '-r', two], 100, NO_COLOR='1')
    ok(out[0] != '1970-01-01' and '1970-01-02 00:01:40.100000' in out[-1], 'rows of two days: each with its date', '\n'.join(out))
    # rows that come one by one: the second day begins when widths are known
    out, _, _ = terminal(['sh', '-c', "{ cat one.pavo; sleep 1; cat later.pavo; } | ra"], 100, NO_COLOR='1')
    ok(out[0] == '1970-01-01' and out[-2:-1] == ['1970-01-02'] and out[-1].startswith('00:01:40.100000 '),
       'a later row of another day: a line with the date', '\n'.join(out))


def addresses():
    long = records('long', LONG)
    out, err, _ = terminal(['ra', '-r', long], 120, NO_COLOR='1')
    ok('2001:db8:1111:2222:3333:4444:5555:7777' in out[-1] and max(map(len, out)) <= 120, 'long addresses, whole while they fit', '\n'.join(out))
    out, err, _ = terminal(['ra', '-r', long], 60, NO_COLOR='1')
    cells = [x for x in out[-1].split() if '…' in x]
    ok(len(cells) == 2 and cells[0].startswith('2001:') and cells[0].endswith('6666') and cells[1].endswith('7777') and
       max(map(len, out)) <= 60, 'cut in their middle', '\n'.join(out))


def colours():
    loss = 'loss.pavo'
    subprocess.run(['pavo', '-q', '-S', '1', '-r', SRC + '/tests/captures/esp-mixed.B.pcap', '-w', loss], check=True, env=ENV)
    argv = ['rabins', '-r', loss, '-s', 'bstart,sloss,dloss']
    yellow = '\x1b[33m3\x1b[0m' # the second bin has lost three
    for more, env, columns, want in (
            ([], {}, 80, True), ([], {}, 0, False), (['--color', 'always'], {}, 0, True), (['--color', 'always'], {'NO_COLOR': '1'}, 0, True),
            (['--color', 'never'], {}, 80, False), ([], {'NO_COLOR': '1'}, 80, False), ([], {'TERM': 'dumb'}, 80, False)):
        out = terminal(argv + more, columns, **env)[0] if columns else pipe(argv + more, **env)
        ok((yellow in '\n'.join(out)) == want and ('\x1b' in '\n'.join(out)) == want,
           'loss %s colour: %s %s%s' % ('in' if want else 'without', 'terminal' if columns else 'pipe', ' '.join(more), env or ''), '\n'.join(out))


class Screen:
    """What a terminal shows; only what screen.c writes is understood."""
    def __init__(self, argv, columns, rows, **env):
        self.rows, self.out = rows, b''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
            os.execvpe(argv[0], argv, dict(ENV, **env))

    def read(self, quiet=0.4):
        """the lines of the last picture"""
        end = time.time() + 20
        while time.time() < end and select.select([self.fd], [], [], quiet if self.out else 5)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.out += data
        picture = self.out.decode().split('\x1b[H')[-1].split('\x1b[?25h')[0]
        return [re.sub('\x1b\\[[0-9;]*[A-Za-z]', '', x).rstrip('\r') for x in picture.split('\n')]

    def press(self, keys):
        os.write(self.fd, keys)
        return self.read()

    def resize(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
        return self.read()

    def end(self):
        os.write(self.fd, b'q')
        self.read()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def fits(out, columns):
    """what is no command, which stays whole to be copied"""
    return max([len(x) for x in out if not re.search(' -[rR] |editcap', x)], default=0) <= columns


def reports():
    """of a tunnel of long and one of short addresses, two probes of the latter, an archive of both"""
    captures = SRC + '/tests/captures/'
    subprocess.run(['pavo', '-q', '-S', '1', '-e', 'gw', '-r', captures + 'esp6-loss.B.pcap', captures + 'esp-mixed.B.pcap', captures + 'tcp-loss.B.pcap',
                    '-w', 'both.pavo'], check=True, env=ENV)
    for probe, of in ('left', []), ('right', ['-', 'src 10.71.2.1 or ip[4:2] & 63 != 9']):
        subprocess.run(['pavo', '-q', '-S', '1', '-e', probe, '-r', captures + 'esp-mixed.B.pcap', '-w', probe + '.pavo'] + of, check=True, env=ENV)
    os.makedirs('archive')
    shutil.copy('both.pavo', 'archive')
    for argv, sought in ((['ratunnel'], ['Loss ->', 'SLA', 'throughput, 95th percentile']), (['ratunnel', '--bins'], ['sender', 'bstart', 'state', 'lost', 'loss_pct']),
                         (['racount'], ['bytes', '5871']), (['racheck'], ['good;', 'accounted']), (['rahisto', '-o', 'rttd_hist'], ['cum%', '#']),
                         (['ragap'], ['caploss%', 'missing']), (['radrill', '--plain'], ['loss', 'Share']), (['ratop', '-m', 'host'], ['Host', 'A record counts']),
                         (['rapath'], ['Between', 'Loss %']), (['rapath', '--bins'], ['Between', 'Loss %']), (['rastore', 'stat'], ['probe', 'files']),
                         (['rastore', 'check'], ['good;'])):
        inputs = ['-r', 'left.pavo', 'right.pavo'] if argv[0] == 'rapath' else ['archive'] if argv[0] == 'rastore' else ['-r', 'both.pavo']
        plain = pipe(argv + inputs)
        for columns in 60, 80, 100, 120, 160, 200:
            out, err, status = terminal(argv + inputs, columns, NO_COLOR='1')
            text = ' '.join('\n'.join(out).split())
            ok(fits(out, columns) and all(x in text for x in sought), '%s in %d places' % (' '.join(argv), columns), '\n'.join(out + [err, str(status)]))
            if columns == 200:
                ok(out == plain and 'left out:' not in err, '%s: all there is, as into a pipe' % ' '.join(argv), '\n'.join(out + [err]))
    out, err, _ = terminal(['ratunnel', '-r', 'both.pavo'], 60, NO_COLOR='1')
    ok(out[0].split() == 'Tunnel Loss -> Loss <- SLA'.split() and '6 columns left out: Proto,Avail,Late ->,Late <-,p95 ->,p95 <- (a line has 60 places; --wide shows all)' in err and
       any(x.count('…') == 2 for x in out), 'what was left out is said; long headings are cut in their middle', '\n'.join(out[:30] + [err]))
    out, _, _ = terminal(['racheck', '-r', 'both.pavo'], 60, NO_COLOR='1')
    ok(' '.join(x.strip() for x in out) == pipe(['racheck', '-r', 'both.pavo'])[0] and all(x.startswith('  ') for x in out[1:]), 'a sentence goes on in the next line', '\n'.join(out))
    out, err, _ = terminal(['ratunnel', '-r', 'both.pavo', '--wide'], 60, NO_COLOR='1')
    ok(out == pipe(['ratunnel', '-r', 'both.pavo']) and 'left out:' not in err, '--wide: as into a pipe', '\n'.join(out))


def drill():
    """the worst second lost three of nine: a share of 33.3 %"""
    out, err, status = terminal(['radrill', '-r', 'loss.pavo', '--wide'], 80, TERM='dumb')
    ok(status == 0 and out == pipe(['radrill', '-r', 'loss.pavo']) and len(out) > 9, 'radrill --wide on a simple terminal: as into a pipe', '\n'.join(out))
    out, err, status = terminal(['radrill', '-r', 'loss.pavo'], 80, TERM='dumb')
    ok(status == 0 and fits(out, 80) and out[2].endswith('   3 33.3 %') and 'SrcLoss' not in out[1] and 'SrcLoss' in err,
       'radrill on a simple terminal: it fits, the share is in sight', '\n'.join(out + [err]))
    for columns in 60, 80, 120:
        s = Screen(['radrill', '-r', 'loss.pavo'], columns, 24)
        got = s.read()
        ok(max(map(len, got)) <= columns and ' 33.3 % ██████' in got[2] and 'Share' in got[1] and 'BinStart' in got[1],
           'radrill in %d places: share and bar first' % columns, '\n'.join(map(repr, got)))
        if columns == 60:
            ok('Loss%' not in got[1] and '-> columns' in got[-1], 'columns that do not fit are told', '\n'.join(got))
            for _ in range(20):
                got = s.press(b'\x1b[C')
            ok('Loss%' in got[1] and ' 33.3 % ' in got[2] and '<- columns' in got[-1] and '-> columns' not in got[-1], 'right: they are there, the share too', '\n'.join(got))
            got = s.press(b'\x1b[D' * 20)
            ok('BinStart' in got[1], 'left: back', '\n'.join(got))
        got = s.resize(130, 30)
        ok('Loss%' in got[1] and len(got) == 29, 'another size: drawn anew, without a key', '\n'.join(got))
        got = s.press(b'?')
        ok(all(any(w in x for x in got) for w in ('sort', 'only rows', 'end')), '?: help', '\n'.join(got))
        got = s.press(b' ')
        got = s.press(b's')
        ok('sorted by BinStart' in got[0] and re.match(r' *2? *\d.*15:19:5', got[2]) and got[2].split()[0] == '1', 's: by time', '\n'.join(got))
        got = s.press(b'ss')
        counts = [int(x.split()[7]) for x in got[2:] if x[:1].isdigit()]
        ok('sorted by DstPkts' in got[0] and counts == sorted(counts, reverse=True), 'again: by packets, the most first', '\n'.join(got))
        got = s.press(b'/:57\r')
        ok('1 rows with :57' in got[0] and sum(x[:1].isdigit() for x in got) == 1, '/: rows with a text', '\n'.join(got))
        got = s.press(b'/\x1b')
        ok('rows with' not in got[0], 'escape: all rows', '\n'.join(got))
        got = s.press(b'\r')
        ok(got[0].startswith('Keys by loss') and 'esc: the bins' in got[-1] and '100.0 %' in got[2], 'enter: the keys', '\n'.join(got))
        ok(s.end() == 0 and '\x1b[?1049l' in s.out.decode(), 'q: the terminal is given back')


os.chdir(work)
records('later', LATER)
try:
    widths()
    days()
    addresses()
    colours()
    drill()
    reports()
finally:
    os.chdir('/')
    shutil.rmtree(work)
print('1..%d' % done)
sys.exit(failed > 0)

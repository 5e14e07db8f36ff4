# SPDX-License-Identifier: BSD-2-Clause
"""Record files that are not what they were, through every tool; names that act on terminals; a signal while a pipe is
waited for.  TAP.

Files are cut apart and put together here, by pavo(5): an object is a prefix of 25 bytes and a payload, a block has its
sections behind it.
"""
import concurrent.futures
import json
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time

SRC, BUILD = os.environ['PAVO_SRC'], os.environ['PAVO_BUILD']
ENV = dict(os.environ, LC_ALL='C.UTF-8', TZ='UTC', NO_COLOR='1')
T = os.path.join(SRC, 'tests', 'captures')

# What reads records, as one would ask for it.
TOOLS = [['ra'], ['ra', '-s', 'all', '--mar'], ['ra', '--csv'], ['ra', '--json'], ['racluster'], ['racluster', '-m', 'tunnel'],
         ['rabins'], ['rabins', '-M', '1m', '--zero'], ['rabins', '--approx', '-M', '1s', '-m', 'spi'], ['rasort'],
         ['racount'], ['racount', '--json'], ['ratop'], ['ratop', '-m', 'daddr', '-o', 'bytes'], ['ratunnel'],
         ['ratunnel', '--json'], ['ratunnel', '--csv'], ['ratunnel', '--bins'], ['ratunnel', '--html', '-'],
         ['ratunnel', '-m', 'lane', '-M', '1m'], ['radrill'], ['radrill', '--json'], ['ragap'], ['ragap', '--json'],
         ['rahisto', '-o', 'bytes'], ['rahisto', '-o', 'bytes', '--json'], ['racheck'], ['racheck', '--summary'],
         ['racheck', '--json'], ['racheck', '--csv'], ['rapath'], ['rapath', '--json', '--bins']]

number = 0


class Failure(Exception):
    pass


def report(name, why=None):
    global number
    number += 1
    print('%s %d - %s' % ('not ok' if why else 'ok', number, name), flush=True)
    for line in (why or '').splitlines():
        print('# ' + line, flush=True)


def test(name):
    def take(f):
        try:
            f()
            report(name)
        except Failure as e:
            report(name, str(e))
    return take


def need(what, *why):
    if not what:
        raise Failure(' '.join(str(w) for w in why))


def run(argv, stdin=None):
    p = subprocess.run([os.path.join(BUILD, argv[0])] + argv[1:], input=stdin, capture_output=True, env=ENV, timeout=120)
    need(p.returncode >= 0 and b'runtime error' not in p.stderr and b'Sanitizer' not in p.stderr,
         argv, 'ended by signal' if p.returncode < 0 else '', p.returncode, p.stderr.decode(errors='replace')[-2000:])
    return p.returncode, p.stdout, p.stderr


def good(argv, stdin=None, status=(0,)):
    st, out, err = run(argv, stdin)
    need(st in status, argv, 'exit', st, err.decode(errors='replace'))
    return out


# --- files, by pavo(5)

def uint(data, at):
    """a MessagePack uint"""
    b = data[at]
    if b < 0x80:
        return b, at + 1
    n = 1 << (b - 0xcc)
    return int.from_bytes(data[at + 1:at + 1 + n], 'big'), at + 1 + n


def parts(data):
    """(kind, bytes with the sections) of each object"""
    out, at = [], 0
    while at < len(data):
        assert data[at:at + 4] == b'\x94\xa4PV', at
        kind = data[at + 4:at + 6].decode()
        size = struct.unpack('>I', data[at + 7:at + 11])[0]
        end = at + 25 + size
        if kind == 'BK':
            length, _ = uint(data, at + 26)     # of the directory's array, the first element
            end += length
        out.append((kind, data[at:end]))
        at = end
    return out


def join(objects):
    return b''.join(bytes for _, bytes in objects)


def save(name, data):
    with open(name, 'wb') as f:
        f.write(data)


def load(name):
    with open(name, 'rb') as f:
        return f.read()


def capture(path, frames):
    """raw IPv4 frames with their times, as pcap"""
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for t, frame in frames:
            f.write(struct.pack('<IIII', int(t), int(t * 1e6) % 1000000, len(frame), len(frame)) + frame)


def udp(i, size=20):
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 28 + size, i & 0xffff, 0, 64, 17, 0,
                     bytes([10, 1, i >> 8 & 255, i & 255]), bytes([10, 2, 0, 1]))
    return ip + struct.pack('>HHHH', 1024 + i % 60000, 53000, 8 + size, 0) + bytes(size)


os.chdir(tempfile.mkdtemp(prefix='pavo-damage-', dir=os.environ.get('TMPDIR')))

# Three blocks of 32768 flows, 5 s each, and MAR: the writer fills blocks.
capture('many.pcap', ((1700000000 + 5 * (i // 32768) + (i % 32768) / 8192, udp(i)) for i in range(100000)))
good(['pavo', '-q', '-e', 'tap', '-r', 'many.pcap', '-w', 'many.pavo'])
many = parts(load('many.pavo'))
blocks = [i for i, (kind, _) in enumerate(many) if kind == 'BK']
good(['pavo', '-q', '-e', 'tap', '-r', os.path.join(T, 'esp-mixed.B.pcap'), '-w', 'esp.pavo'])
esp = load('esp.pavo')
rows = [int(line) for line in good(['racheck', '-r', 'many.pavo', '--json']).decode().split('"records":')[1].split(',')[:1]][0]


@test('a header that is damaged or gone: every tool says so, no T is 0')
def _():
    flipped = bytearray(esp)
    flipped[40] ^= 0xff
    save('flipped.pavo', bytes(flipped))
    save('headless.pavo', join(parts(esp)[1:]))
    for name, say in (('flipped.pavo', b'the header is damaged at offset 0'), ('headless.pavo', b'header that should be at offset 0')):
        for argv in TOOLS:
            st, out, err = run(argv + ['-r', name])
            need(st == 2, argv, name, 'exit', st, err)
            need(err.count(say) == 1 and b'are not known' in err, argv, name, err)
        o = json.loads(run(['racheck', '--json', '-r', name])[1])
        need(o['probe'] is None and o['interval'] is None and o['records'] == 4, o)
        need(b'probe -, bins of - s' in run(['racheck', '-r', name])[1], 'text of racheck')


@test('a block less, a block twice: every tool says which, and ends with 2')
def _():
    need(len(blocks) >= 3, len(blocks), 'blocks')
    save('less.pavo', join(many[:blocks[1]] + many[blocks[1] + 1:]))
    save('twice.pavo', join(many[:blocks[1] + 1] + many[blocks[1]:]))
    for name, say in (('less.pavo', b'1 of the %d blocks that were written is missing (block 2,' % len(blocks)),
                      ('twice.pavo', b'is too much (block 3 at offset')):
        for argv in TOOLS:
            if argv[0] not in ('ratunnel', 'radrill', 'ragap') and 'all' not in argv:
                st, out, err = run(argv + ['-r', name])
                need(st == 2 and say in err, argv, name, 'exit', st, err)
        need(b': damaged; ' in run(['racheck', '-r', name])[1], 'racheck calls it', run(['racheck', '-r', name])[1])
    whole = good(['racount', '--json', '-r', 'many.pavo'])
    good(['racheck', '--repair', '-q', '-r', 'twice.pavo'])
    need(good(['racount', '--json', '-r', 'twice.pavo']) == whole, 'repaired, the double counts')
    good(['racheck', '--repair', '-q', '-r', 'less.pavo'])
    need(json.loads(good(['racount', '--json', '-r', 'less.pavo']))['conserved'] is None, 'repaired, as if nothing lacked')


@test('the records before the place where a file is cut off, whoever counts them')
def _():
    at = sum(len(b) for _, b in many[:blocks[2]])
    save('cut.pavo', load('many.pavo')[:at + 1000])
    before = 0
    for i in blocks[:2]:
        data = many[i][1]
        _, at = uint(data, 26)
        before += uint(data, at)[0]
    for options in (['-P', '1'], ['-P', '2'], ['-P', '4'], ['-P', '4', '-', 'port', '53000'], ['-t', '2023-11-14'], ['-P', '4', '-', 'tcp']):
        for _ in range(4):
            st, out, err = run(['racount', '-r', 'cut.pavo'] + options)
            need(st == 2 and b'the %d records before it are kept' % before in err, options, 'expected', before, err)


@test('a file that was not closed and does not add up says that it was not closed')
def _():
    save('killed.pavo', join(o for i, o in enumerate(many) if i <= blocks[0]))
    for tool in ('racount', 'racheck'):
        st, out, err = run([tool, '-r', 'killed.pavo'])
        need(b'do not add up' not in err or b'was not closed' in err, tool, err)
    mar = [i for i in blocks if b'' != many[i][1]]
    save('killed2.pavo', join(o for i, o in enumerate(many) if o[0] not in ('IX', 'TR') and i != mar[0]))
    for tool in ('racount', 'racheck'):
        st, out, err = run([tool, '-r', 'killed2.pavo'])
        need(st == 2 and b'do not add up' in err and b'was not closed' in err, tool, st, err)


@test('4 MB that claim to be much are read in a second, by a file and by a pipe')
def _():
    tail = bytearray()
    while len(tail) < 4 << 20:
        n = (4 << 20) - len(tail)
        tail += b'\x94\xa4PVBK\xce' + struct.pack('>I', n) + b'\xcf' + b'\1' * 8 + b'\xc6' + struct.pack('>I', n)
    save('hostile.pavo', esp + bytes(tail) + esp)
    for argv, stdin in ((['racount', '-q', '-P', '1', '-r', 'hostile.pavo'], None), (['racount', '-q'], load('hostile.pavo')),
                        (['racount', '-q', '-t', '2026', '-r', 'hostile.pavo'], None)):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        st, out, err = run(argv, stdin)
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        need(st == 2 and b'bytes skipped' in err, argv, st, err)
        need(used < 2, argv, used, 's')


@test('rabins --approx: no bin gets what was not there, and a long record is cheap')
def _():
    good(['pavo', '-q', '-S', '10', '-r', os.path.join(T, 'esp-mixed.B.pcap'), '-w', 'ten.pavo'])
    for key in ('spi', 'tunnel', 'flow'):
        whole = good(['racluster', '-m', 'none', '-r', 'ten.pavo', '--csv', '-s', 'pkts,bytes']).splitlines()[1]
        out = [list(map(int, line.replace(b'-', b'0').split(b','))) for line in
               good(['rabins', '--approx', '-M', '1s', '-m', key, '-r', 'ten.pavo', '--csv', '-s', 'pkts,bytes']).splitlines()[1:]]
        need(b'%d,%d' % tuple(map(sum, zip(*out))) == whole, key, whole, list(map(sum, zip(*out))))
    capture('long.pcap', ((1700000000 + i * 3000, udp(7)) for i in range(2)))
    good(['pavo', '-q', '-S', '3600', '-r', 'long.pcap', '-w', 'long.pavo'])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    st, out, err = run(['rabins', '--approx', '-M', '1s', '-m', 'flow', '-r', 'long.pavo', '--csv', '-s', 'bstart,pkts'])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    need(after.ru_utime - before.ru_utime < 2, after.ru_utime - before.ru_utime, 's')
    need(sum(int(l.split(b',')[1]) for l in out.splitlines()[1:]) == 2, out[-300:])


@test('rapath: what is no path of two probes is told in one sentence, with 2')
def _():
    for probe, name in (('A', 'A.pavo'), ('B', 'B.pavo'), ('C', 'C.pavo')):
        good(['pavo', '-q', '-S', '1', '-e', probe, '-r', os.path.join(T, 'esp-mixed.B.pcap'), '-w', name])
    save('empty.pavo', b'')
    save('text.pavo', b'no records\n')
    a = load('A.pavo')
    save('cut.pavo', load('B.pavo')[:len(load('B.pavo')) // 2])
    save('hurt.pavo', bytes(b ^ 0x55 if 3000 < i < 3100 else b for i, b in enumerate(load('B.pavo'))))
    for argv, says in ((['A.pavo'], b'all records are of one probe'), (['A.pavo', 'A.pavo', '--dedup'], b'all records are of one probe'),
                       (['A.pavo', 'B.pavo', 'C.pavo'], b'--path A,B'),
                       (['A.pavo', 'B.pavo', '--path', 'A,X'], b'no record of the probe X'),
                       (['A.pavo', 'B.pavo', '--path', 'A'], b'expected the ids of two probes'),
                       (['A.pavo', 'B.pavo', '--path', 'A,B,C'], b'expected the ids of two probes'),
                       (['A.pavo', 'B.pavo', '--path', 'A,A'], b'that is one probe'), (['A.pavo', 'B.pavo', '--path', ''], b'expected the ids'),
                       (['A.pavo', 'B.pavo', '-M', '1500ms'], b'has to be a multiple'), (['A.pavo', 'none.pavo'], b'none.pavo: No such file'),
                       (['A.pavo', 'empty.pavo'], b'empty.pavo is empty'), (['A.pavo', 'text.pavo'], b'text.pavo is not a pavo record file'),
                       (['A.pavo', os.path.join(T, 'esp-mixed.B.pcap')], b'is a packet capture')):
        st, out, err = run(['rapath', '-r'] + argv)
        need((st, out) == (2, b'') and says in err, argv, st, out, err)
    need(run(['rapath'], a)[0] == 2, 'through a pipe')
    for name in ('cut.pavo', 'hurt.pavo'):
        st, out, err = run(['rapath', '-r', 'A.pavo', name, '--json'])
        need(st == 2 and name.encode() in err, name, st, err)
    whole = good(['rapath', '-r', 'A.pavo', 'B.pavo', '--json'])
    need(b'"lost_between":0' in whole and good(['rapath', '--json'], a + load('B.pavo')) == whole, 'a pipe of both', whole)
    st, out, err = run(['rapath', '-r', 'A.pavo', 'A.pavo', 'B.pavo', '--json'])
    need((st, out) == (2, b'') and b'frames twice' in err and b'can not be compared' in err, 'one of them twice', st, out, err)
    need(good(['rapath', '-r', 'A.pavo', 'A.pavo', 'B.pavo', '--json', '--dedup']) == whole, '--dedup')


# --- names that act

ACTING = 'a\033]0;x\007\u009b31m\r\n\u202e\x7f'
ACTS = re.compile('[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]')


def shown(argv, *bytes_):
    for data in bytes_:
        text = data.decode(errors='strict')
        found = ACTS.search(text)
        need(not found, argv, 'prints', repr(text[max(0, found.start() - 40):found.start() + 20]) if found else '')


@test('names of probes, files, labels and fields do not reach a terminal raw')
def _():
    for i, probe in enumerate((ACTING.encode(), b'\x9b31m\xff')):
        name = b'f\033[1m' + probe.replace(b'\n', b'') + b'.pavo'
        save('t.pcap', load(os.path.join(T, 'esp-mixed.B.pcap')))
        good(['pavo', '-q', '-e', probe, '-r', 't.pcap', '-w', name])
        save('labels.csv', b'10.71.1.0/24,\xc2\x9b31m\033[2J\n10.71.2.0/24,\xff\xfe\n')
        for argv in TOOLS + [['ra', '-s', 'probe,slabel,dlabel', '--label', 'labels.csv'],
                             ['ra', '-s', 'probe,slabel,dlabel', '--label', 'labels.csv', '--json'],
                             ['racluster', '-m', 'slabel', '--label', 'labels.csv'],
                             ['ra', '-', probe], ['ra', '-s', probe], ['ra', '-t', probe], ['ra', '--label', probe],
                             ['ra', '-r', probe.replace(b'\n', b'')], ['ra', '--' + 'x\033[1m'], ['rasort', '-m', probe], ['racluster', '-m', probe]]:
            at = argv.index('-') if '-' in argv and '--html' not in argv else len(argv)
            st, out, err = run(argv[:at] + ['-r', name] + argv[at:])
            shown(argv, out, err)
        folder = b'folder\033[1m' + probe.replace(b'\n', b'')
        os.makedirs(folder)
        save(os.path.join(folder, b'f.pavo'), load(name))
        for argv in (['rastore', 'stat', folder], ['rastore', 'stat', '--json', folder], ['rastore', 'compact', folder],
                     ['rastore', 'expire', '--older', '1d', '-n', folder]):
            st, out, err = run(argv)
            need(st == 0, argv, st, err)
            shown(argv, out, err)
        st, out, err = run(['pavo', '-r', b'no\033[1m' + probe])
        shown('pavo -r', err)
        need(st == 2, st)


@test('a text that is a formula is none in separated values, and what is none stays as it is')
def _():
    for probe, expect in (('=HYPERLINK("http://x")', '"\\x3dHYPERLINK(""http://x"")"'), ("+cmd|' /C calc'!A0", "\\x2bcmd|' /C calc'!A0"),
                          ('@SUM(A1)', '\\x40SUM(A1)'), ('-1+2|x', '\\x2d1+2|x'), ('@home', '@home'), ('-', '-'), ('+49', '+49'), ('a=b(c)', 'a=b(c)')):
        good(['pavo', '-q', '-e', probe, '-r', 't.pcap', '-w', 'formula.pavo'])
        out = good(['ra', '-r', 'formula.pavo', '--csv', '-s', 'probe', '-N', '1']).decode().splitlines()[1]
        need(out == expect, probe, out)
        line = good(['racheck', '-r', 'formula.pavo', '--csv']).decode().splitlines()[1]
        need(',%s,' % (expect if probe != '-' else '') in line, line)   # - is none there
        need(json.loads(good(['ra', '-r', 'formula.pavo', '--json', '-s', 'probe', '-N', '1']))['probe'] == probe, 'JSON')


# --- repair, signals

@test('repair writes what a symbolic link leads to, and leaves the link')
def _():
    os.makedirs('there')
    save('there/f.pavo', esp[:-60])
    os.symlink('there/f.pavo', 'link.pavo')
    good(['racheck', '--repair', '-q', '-r', 'link.pavo'])
    need(os.path.islink('link.pavo'), 'the link is gone')
    need(not os.path.islink('there/f.pavo') and load('there/f.pavo') != esp[:-60], 'the target is as it was')
    good(['racheck', '-q', '-r', 'there/f.pavo'])
    need(sorted(os.listdir('there')) == ['f.pavo'], os.listdir('there'))


def interrupt(argv, feed, sig=signal.SIGINT):
    """exit status, seconds until it ended, stdout, stderr; what is fed stays open"""
    p = subprocess.Popen([os.path.join(BUILD, argv[0])] + argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=ENV)
    if feed:
        p.stdin.write(feed)
        p.stdin.flush()
    time.sleep(0.5)
    began = time.monotonic()
    p.send_signal(sig)
    try:
        p.wait(5)
    except subprocess.TimeoutExpired:
        p.kill()
    took = time.monotonic() - began
    out, err = p.stdout.read(), p.stderr.read()
    return p.returncode, took, out, err


@test('INT and TERM end a tool that waits for a pipe, with what came')
def _():
    whole = esp[:-53]                            # nothing says that it ends here
    os.mkfifo('fifo')
    asked = [(argv, feed, sig) for argv in (['ra'], ['racluster'], ['racount'], ['rasort'], ['ratunnel'], ['racheck'], ['ra', '-w', 'o.pavo'])
             for feed, sig in ((b'', signal.SIGINT), (whole[:4000], signal.SIGINT), (whole, signal.SIGINT), (whole, signal.SIGTERM))]
    asked = [([w.replace('o.pavo', 'o%d.pavo' % i) for w in argv], feed, sig) for i, (argv, feed, sig) in enumerate(asked)]
    asked.append((['ra', '-r', 'fifo'], b'', signal.SIGINT))        # nobody has opened it for writing
    with concurrent.futures.ThreadPoolExecutor(len(asked)) as pool:
        ended = list(pool.map(lambda a: interrupt(*a), asked))
    for (argv, feed, sig), (st, took, out, err) in zip(asked, ended):
        need(st == 128 + sig, argv, len(feed), 'exit', st, err)
        need(took < 2, argv, len(feed), took, 's')
        need(b'interrupted' in err and b'cut off' not in err, argv, err)
        if argv == ['ra'] and feed is whole:
            need(out.count(b'esp') == 2, out)


@test('who writes a pipe was asked to stop too: its last words are taken')
def _():
    p = subprocess.Popen([os.path.join(BUILD, 'racount'), '--json'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=ENV)
    p.stdin.write(esp[:4000])
    p.stdin.flush()
    time.sleep(0.4)
    p.send_signal(signal.SIGINT)
    time.sleep(0.2)
    out, err = p.communicate(esp[4000:])
    need(p.returncode == 0 and json.loads(out)['conserved'] is True and err == b'', p.returncode, out, err)


@test('INT ends a tool whose output nobody reads')
def _():
    p = subprocess.Popen([os.path.join(BUILD, 'ra'), '-r', 'many.pavo'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV)
    time.sleep(0.7)                              # the pipe is full
    began = time.monotonic()
    p.send_signal(signal.SIGINT)
    try:
        p.wait(5)
    except subprocess.TimeoutExpired:
        p.kill()
    took = time.monotonic() - began
    err = p.stderr.read()
    need(p.returncode == 130 and took < 2 and b'interrupted' in err and b'stdout' not in err, p.returncode, took, err)


print('1..%d' % number)
sys.stdout.flush()
os.chdir('/')

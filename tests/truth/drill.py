# SPDX-License-Identifier: BSD-2-Clause
"""radrill finds the bin, the lane and the count of true tunnels: what was lost in which second is worked out here from
the frames, and its total is that of the truth tables.  The commands that are shown are tried, keys on a terminal too.
"""
import csv
import glob
import io
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections import defaultdict

from common import *
from peers import A, B, Case
from sla import BACK, Oracle, objects, shell

TCPDUMP = shutil.which('tcpdump')
CASES = ('esp-burst-loss', 'esp-mixed', 'esp-loss-1pct', 'ah-loss')
ETHERNET, IP4 = 14, b'\x08\x00'


def pcap(path):
    """(ns, frame) of a pcap file of Ethernet"""
    with open(path, 'rb') as f:
        raw = f.read()
    e, unit = {b'\xd4\xc3\xb2\xa1': ('<', 1000), b'\x4d\x3c\xb2\xa1': ('<', 1)}[raw[:4]]
    at = 24
    while at + 16 <= len(raw):
        sec, sub, n, _ = struct.unpack_from(e + 'IIII', raw, at)
        yield sec * 10**9 + sub * unit, raw[at + 16:at + 16 + n]
        at += 16 + n


def numbered(path):
    """(ns, source, SPI, number) of the IPv4 frames of ESP and AH"""
    for t, f in pcap(path):
        h = f[ETHERNET:]
        if f[12:14] != IP4 or struct.unpack('!H', h[6:8])[0] & 0x1fff or h[9] not in (50, 51):
            continue
        at = (h[0] & 15) * 4 + (4 if h[9] == 51 else 0)
        yield (t, '.'.join(map(str, h[12:16]))) + struct.unpack('!II', h[at:at + 8])


def lost_by_second(path):
    """{second: packets lost}, {sender: packets lost}"""
    oracles, seconds, senders = defaultdict(Oracle), defaultdict(int), defaultdict(int)
    for t, src, spi, seq in numbered(path):
        oracles[src, spi].packet(t // 10**9, seq, 0)
    for (src, _), o in oracles.items():
        for second, n in o.lost().items():
            seconds[second] += n
            senders[src] += n
    return seconds, senders


def find(name):
    """the capture, and its rows of esp.tsv and netns_flows.tsv"""
    for file in ('netns/%s.B.pcap' % name, '%s.B.pcap' % name):
        if os.path.exists(capture(file)):
            return (capture(file), [r for r in table('esp') if r['file'] in (file, 'netns/' + file)],
                    [r for r in table('netns_flows') if r['scenario'] == name])
    return None, [], []


def drill(name, folder):
    path, sas, flows = find(name)
    seconds, senders = lost_by_second(path)
    want(sum(seconds.values()), sum(int(r['missing']) for r in sas), 'lost, from the frames and by esp.tsv')
    if any(r['dir'] == 'A>B' for r in flows):
        mine = [r for r in flows if r['dir'] == 'A>B' and r['proto'] in ('esp', 'ah')]
        want(senders[mine[0]['src']], sum(int(r['lost']) for r in mine), 'lost by netns_flows.tsv')
    records = os.path.join(folder, name + '.pavo')
    good(['pavo', '-q', '-S', '1', '-r', path, '-w', records])
    got = objects(['radrill', '-r', records, '-u', '-p', '0', '--json', '-N', '100', '--pcap', path])
    ranked = sorted(((s, n) for s, n in seconds.items() if n), key=lambda x: (-x[1], x[0]))
    want([(int(b['bstart']), b['value']) for b in got], ranked, 'bins, worst first')
    total = sum(n for _, n in ranked)
    for b in got:
        want(round(b['share_pct'], 6), round(100 * b['value'] / total, 6), 'share of the bin')
        want([(k['lane'], k['value'], {k['saddr'], k['daddr']}) for k in b['keys']],
             [(0, b['value'], {r['src'] for r in sas} | {r['dst'] for r in sas})], 'the lane')
        key = b['keys'][0]
        st, out = shell(key['ra'].replace('ra ', 'ra --csv -s loss ', 1))
        want((st, sum(int(x) for x in out.split()[1:])), (0, b['value']), 'what ra shows of the key')
        flows_ = objects(['radrill', '-r', records, '--json', '--bin', str(b['rank']), '--key', '1', '-s', 'loss'])
        want(sum(f['value'] for f in flows_), b['value'], 'the records of the key')
    if shutil.which('editcap') and shutil.which('tcpdump'):
        key = got[0]['keys'][0]
        st, out = shell(key['pcap'])
        want(len(out.splitlines()), key['spkts'] + key['dpkts'], 'packets that the pcap command shows')
    at = got[0]['bstart']
    by_time = objects(['radrill', '-r', records, '-u', '-p', '0', '--json', '--bin', str(at)])
    want([(x['bstart'], x['value']) for x in by_time], [(at, got[0]['value'])], '--bin with a time')


def plain(name, folder):
    records = os.path.join(folder, name + '.pavo')
    out = good(['radrill', '-r', records]).decode()
    heads = [line.split(' ')[0] for line in out.splitlines() if re.match('(Bins|Keys|Records) ', line)]
    want(heads, ['Bins', 'Keys', 'Records'], 'three levels')
    table_ = rows(['radrill', '-r', records, '--csv'])
    want({'bin', 'bstart', 'rank', 'saddr', 'loss', 'share_pct', 'ra', 'pcap'} <= set(table_[0]), True, 'columns')
    want(len(table_), min(5, len(objects(['radrill', '-r', records, '--json', '-N', '100']))), 'rows')


def by_others(name, folder):
    """sums by other fields: the bins of each add up to the whole"""
    records = os.path.join(folder, name + '.pavo')
    for by, fields_ in (('bytes', 'bytes'), ('late', 'slate,dlate'), ('dup', 'sdup,ddup'), ('pkts', 'pkts')):
        whole = rows(['racluster', '-r', records, '-m', 'none', '--csv', '-s', fields_])[0]
        total = sum(int(v) for v in whole.values() if v != '-')
        st, out, _ = run(['radrill', '-r', records, '--by', by, '--json', '-N', '100'])
        want((st, sum(json.loads(x)['value'] for x in out.decode().splitlines())), (0 if total else 1, total), 'by ' + by)


def mistakes(name, folder):
    records = os.path.join(folder, name + '.pavo')
    for words in (['--by', 'ploss'], ['--by', 'stime'], ['--by', 'lsos'], ['--bin', '99999'], ['--bin', 'x'], ['-M', '0'], ['-m', 'nix'],
                  ['--key', '9']):
        want(run(['radrill', '-r', records] + words)[0], 2, ' '.join(words))


def screen(argv, keys):
    """what a program shows on a terminal that presses these keys when it has drawn"""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(ENV, TERM='xterm', LINES='30', COLUMNS='100')
        os.execvp(argv[0] if argv[0] == 'sh' else program(argv[0]), argv)
    out, end = b'', time.time() + 20
    while time.time() < end:
        if select.select([fd], [], [], 0.3)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            if not data:
                break
            out += data
        elif keys:
            os.write(fd, keys.pop(0))
    else:
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode()


def terminal(name, folder):
    records = os.path.join(folder, name + '.pavo')
    best = objects(['radrill', '-r', records, '--json', '-N', '2'])
    st, out = screen(['radrill', '-r', records], [b'\x1b[B', b'\r', b'\r', b'\x7f', b'q'])
    want(st, 0, 'status')
    for word in ('Bins of 1 s by loss', 'Keys by loss, %d in bin 2' % best[1]['value'], 'Records of key 1', '\x1b[?1049h', '\x1b[?1049l'):
        want(word in out, True, repr(word) + ' on the screen')
    last = out[out.rindex('\x1b[?1049l'):].replace('\r', '').split('\n')
    want(best[1]['keys'][0]['ra'] in last[0], True, 'the last row, to be copied')
    st, out = screen(['radrill', '-r', records], [b'2', b'\x03'])
    want((st, best[1]['ra'] in out), (0, True), 'a number, and the end by ^C')


def inside(folder):
    """files that processes have open in this folder, by what /proc says of names that are gone"""
    found = []
    for fd in glob.glob('/proc/[0-9]*/fd/*'):
        try:
            found += [fd] if os.readlink(fd).startswith(folder + '/') else []
        except OSError:
            pass
    return found


def piped(name, folder):
    """the same of a pipe, of one with a name, and on a terminal whose keyboard is not stdin; nothing stays behind, after INT neither"""
    records, fifo, temp = os.path.join(folder, name + '.pavo'), os.path.join(folder, 'fifo'), os.path.join(folder, 'temp')
    os.makedirs(temp)
    env = dict(ENV, TMPDIR=temp)
    with open(records, 'rb') as f:
        data = f.read()
    for more in ([], ['--json', '-N', '3'], ['--csv', '--bin', '2'], ['--bin', '2', '--key', '1'], ['-P', '2', '--by', 'late'], ['-m', 'tunnel'],
                 ['-', 'proto', 'esp']):
        wanted = good(['radrill', '-r', records] + more).replace(b'-r ' + records.encode(), b'-r -')
        for argv in (['radrill', '-r', '-'] + more, ['radrill'] + more):
            p = subprocess.run([program(argv[0])] + argv[1:], input=data, capture_output=True, env=env)
            want((p.returncode, p.stdout, p.stderr), (0, wanted, b''), ' '.join(argv))
        os.mkfifo(fifo)
        writer = subprocess.Popen(['sh', '-c', 'cat "$1" > "$2"', 'sh', records, fifo])
        p = subprocess.run([program('radrill'), '-r', fifo] + more, capture_output=True, env=env)
        writer.wait()
        os.remove(fifo)
        want((p.returncode, p.stdout.replace(fifo.encode(), b'-'), p.stderr), (0, wanted, b''), 'a pipe with a name')
    out = os.path.join(folder, 'w.pavo')
    p = subprocess.run([program('radrill'), '-w', out], input=data, env=env)
    key = shlex.split(objects(['radrill', '-r', records, '--json', '-N', '1'])[0]['keys'][0]['ra'])
    want((p.returncode, rows(['ra', '-r', out])), (0, rows(['ra', '-r', records] + key[3:])), 'records of the first key')
    want((os.listdir(temp), inside(temp)), ([], []), 'what is left')
    for argv in (['radrill'], ['radrill', '--json']):
        want(run(argv, b'these are no records')[0], 2, 'what is no record file')
    p = subprocess.run([program('radrill')], input=data, capture_output=True, env=dict(env, TMPDIR='/nonexistent'))
    want((p.returncode, p.stderr.decode()), (2, 'radrill: stdin: temporary file: /nonexistent: No such file or directory\n'), 'no place for it')
    slow = subprocess.Popen([program('radrill')], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    slow.stdin.write(data[:len(data) // 2])
    slow.stdin.flush()
    end = time.time() + 10
    while not inside(temp) and time.time() < end:
        time.sleep(0.05)
    want((len(inside(temp)), os.listdir(temp)), (1, []), 'while it is copied')
    slow.send_signal(signal.SIGINT)
    _, err = slow.communicate(timeout=20)
    want((slow.returncode, err, os.listdir(temp), inside(temp)), (130, b'radrill: interrupted: what came out is not all\n', [], []), 'INT while it is copied')
    st, out = screen(['sh', '-c', 'cat "$1" | "$2"', 'sh', records, program('radrill')], [b'\x1b[B', b'\r', b'\r', b'q'])
    want(st, 0, 'status on a terminal')
    for word in ('Bins of 1 s by loss', 'Records of key 1', '\x1b[?1049h', '\x1b[?1049l'):
        want(word in out, True, repr(word) + ' on the screen of a pipe')


def everywhere(file, folder):
    """in every capture: the filter that is shown for a key selects the records of the key and no others, and the
    capture filter is one"""
    records, one_file = os.path.join(folder, 'every.pavo'), capture(file)
    st, _, _ = run(['pavo', '-q', '-S', '3600', '-r', one_file, '-w', records])
    if st not in (0, 2):
        raise Failure('pavo: exit %d' % st)
    for more in ([], ['-m', 'daddr,dport'], ['-m', 'matrix']):
        st, out, _ = run(['radrill', '-r', records, '--json', '--by', 'pkts', '-N', '10', '--pcap', one_file] + more)
        for line in out.decode().splitlines()[:1]:
            for key in json.loads(line)['keys']:
                argv = shlex.split(key['ra'])
                got = rows(['racluster', '-m', 'none', '--csv', '-s', 'pkts'] + argv[1:])
                want([r['pkts'] for r in got], [str(key['value'])], 'packets of ' + key['ra'])
                bpf = shlex.split(key['pcap'].split('tcpdump -nr -', 1)[1])
                if TCPDUMP and bpf:
                    p = subprocess.run(['tcpdump', '-d', '-y', 'EN10MB'] + bpf, capture_output=True)
                    if p.returncode and b'not supported' not in p.stderr:
                        raise Failure('%s: %s' % (bpf, p.stderr.decode()))


def two_probes(name, folder):
    """Two probes of one path: 10 packets are lost before the first, 5 more before the second.  Bins, keys and shares are one
    probe's, and what is shown selects its records alone, whatever it is called."""
    gone, more, lost, files = set(range(300, 310)), set(range(700, 705)), {}, []
    for probe, missing in (('tap one', gone), ('b"2', gone | more)):
        c = Case()
        c.send([n for n in range(1, 1201) if n not in missing], start=0.005)
        c.send(range(1, 1201), B, A, BACK, 0.008)
        c.write(os.path.join(folder, 'probe.pcap'))
        files.append(os.path.join(folder, 'probe%d.pavo' % len(files)))
        good(['pavo', '-q', '-S', '1', '-e', probe, '-r', os.path.join(folder, 'probe.pcap'), '-w', files[-1]])
        lost[probe] = lost_by_second(os.path.join(folder, 'probe.pcap'))[0]
    argv = ['radrill', '-r', *files, '-u', '-p', '0', '--json', '-N', '100']
    got = objects(argv)
    want(sorted((b['probe'], int(b['bstart']), b['value']) for b in got),
         sorted((p, second, n) for p in lost for second, n in lost[p].items() if n), 'bins of each probe')
    for p in lost:
        want(round(sum(b['share_pct'] for b in got if b['probe'] == p), 6), 100, 'shares of ' + p)
        want(sum(b['value'] for b in got if b['probe'] == p), 10 if p == 'tap one' else 15, 'lost at ' + p)
    for b in got:
        want([(k['probe'], k['value'], k['share_pct']) for k in b['keys']], [(b['probe'], b['value'], 100)], 'keys of the bin')
        for row in b, b['keys'][0]:
            st, out = shell(row['ra'].replace('ra ', 'racluster --csv -m probe -s pkts,loss ', 1))
            want((st, out.splitlines()[1:]), (0, ['%d,%d' % (row['spkts'] + row['dpkts'], row['value'])]), 'what is shown by ' + row['ra'])
        flows_ = objects(argv + ['--bin', str(b['rank']), '--key', '1', '-s', 'probe,loss'])
        want([(f['probe'], f['value']) for f in flows_], [(b['probe'], b['value'])], 'records of the key')
        st, out, _ = run(argv[:-2] + ['--bin', str(b['rank']), '--key', '1', '-w', '-'])
        want([r['probe'] for r in csv.DictReader(io.StringIO(good(['ra', '--csv', '-s', 'probe'], out).decode()))], [b['probe']],
             '-w')
    for key, warned in ('saddr,daddr', True), ('none', False), ('matrix', False), ('probe,matrix', False), ('tunnel', False), ('flow', False), ('spi', False):
        st, out, err = run(argv + ['-m', key])
        said = [line for line in err.splitlines() if 'several probes' in line]
        want((len(said), 'b"2, tap one' in err), (warned, warned), 'radrill -m %s: %s' % (key, err))
        bins_ = [json.loads(line) for line in out.decode().splitlines()]
        want(sorted(b['value'] for b in bins_), [5, 20] if warned else [5, 10, 10], 'bins, by ' + key)
        want({'probe' in b for b in bins_}, {not warned}, 'the probe of a bin, by ' + key)
        for k in [k for b in bins_ for k in b['keys']][:4]:
            out = shell(k['ra'].replace('ra ', 'racluster --csv -m none --merge-probes -s loss ', 1))[1]
            want(out.splitlines()[1:], [str(k['value'])], 'what is shown by ' + k['ra'])
    heads = [line for line in good(['radrill', '-r', *files]).decode().splitlines() if re.match('(Bins|Keys|Records) ', line)]
    want(heads[0].split(': ')[1], 'probe b"2 15 in 2 of 12 bins, probe tap one 10 in 1 of 12 bins', 'heading of the bins')
    want([h.endswith(', probe b"2') for h in heads[1:]], [True, True], 'headings')  # of equal bins that of the lower name is first


def main():
    tap = Tap()
    with scratch() as folder:
        here = [n for n in CASES if find(n)[0]]
        tests = [(n, drill) for n in here]
        tests += [(n, act) for n in here if n == 'esp-mixed' for act in (plain, by_others, mistakes, terminal, piped)]
        files = sorted({r['file'] for r in table('files')})
        files = [f for f in files if os.path.exists(capture(f))]
        tests += [('two probes', two_probes)] + [(f, everywhere) for f in files]
        for name, act in tests:
            try:
                act(name, folder)
                tap.ok(True, '%s: %s' % (name, act.__name__))
            except (Failure, KeyError, ValueError, IndexError, OSError) as e:
                tap.ok(False, '%s: %s' % (name, act.__name__), repr(e) if not isinstance(e, Failure) else e)
    tap.end()


if __name__ == '__main__':
    main()

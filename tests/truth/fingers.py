# SPDX-License-Identifier: BSD-2-Clause
"""What argus's, nfdump's, Zeek's and tcpdump's users type (fingers.tsv), and the numbers that argus and nfdump have of the same
capture, where they are installed."""
import shlex
import shutil
import sys

from common import *

CAPTURE = os.path.join(SRC, 'tests', 'captures', 'tcp-loss.B.pcap')


def bare(out):
    """without what names the columns: a synonym names its own"""
    return [line.split() for line in out.decode().splitlines()]


def same(typed, line):
    a, b = run(shlex.split(typed)), run(shlex.split(line))
    want((a[0], b[0], bool(b[1].strip())), (0, 0, True), 'exit, exit of the line, output: ' + a[2] + b[2])
    want(bare(a[1]), bare(b[1]), 'rows')


def told(typed, line):
    st, out, err = run(shlex.split(typed))
    want((st, out, 1 <= err.count('\n') <= 2), (2, b'', True), 'exit, output, lines: ' + err)
    lines = re.findall('`([^`]+)`', err)
    want([shlex.split(x) for x in lines[-1:]], [shlex.split(line)], 'the line: ' + err)
    st, out, err = run(shlex.split(lines[-1]))
    want((st, bool(out.strip()) or '--svg' in line), (0, True), 'the line works: ' + err)


def word(typed, line):
    st, out, err = run(shlex.split(typed))
    want((st, out, 1 <= err.count('\n') <= 2), (2, b'', True), 'exit, output, lines: ' + err)
    want(bool(re.search(r'(nearest is `?|: `?)' + re.escape(line) + r'`?$', err, re.M)), True, err)


def other(name, says):
    """the tool of the same name that is not ours"""
    for folder in os.environ['PATH'].split(':') + ['/usr/sbin', '/usr/bin']:
        path = os.path.join(folder, name)
        if os.path.exists(path) and says in subprocess.run([path, '-h'], capture_output=True, text=True, stdin=subprocess.DEVNULL).stderr + \
                subprocess.run([path, '-h'], capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout:
            return path
    return None


def theirs(argv):
    p = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if p.returncode != 0:
        raise Failure('%s: %s' % (argv, p.stderr))
    return p.stdout


def argus():
    """packets and bytes of each pair of addresses, of each protocol; of each flow"""
    theirs([shutil.which('argus') or '/usr/sbin/argus', '-r', CAPTURE, '-w', 'x.arg'])
    tool = other('racluster', 'Version')
    for keys in ('saddr daddr', 'proto'):
        text = theirs([tool, '-n', '-r', 'x.arg', '-m', *keys.split(), '-c', ',', '-s', *keys.split(), 'pkts', 'bytes', '-', 'tcp'])
        right = sorted(x for x in csv.reader(io.StringIO(text)) if x and x[-1].isdigit())
        got = sorted(x for x in csv.reader(io.StringIO(good(['racluster', '-r', 'x.pavo', '-m', *keys.split(), '-c', ',', '-s', *keys.split(), 'pkts', 'bytes', '-', 'tcp']).decode()))
                     if x[-1].isdigit())
        want(got, right, '-m ' + keys)
    st, out, err = run(['ra', '-r', 'x.arg'])
    want((st, out, 'argus' in err, 'pavo -r' in err, err.count('\n')), (2, b'', True, True, 1), 'its file: ' + err)


def byt(r):
    return r['byt'] if 'byt' in r else r['ibyt']


def nfdump():
    """the same bytes of each address and port, as sender, as receiver, as either"""
    os.makedirs('nf', exist_ok=True)
    theirs([shutil.which('nfpcapd') or '/usr/bin/nfpcapd', '-r', CAPTURE, '-l', 'nf'])
    for what, key in (('ip', 'host'), ('srcip', 'host'), ('dstip', 'host'), ('port', 'port'), ('srcport', 'port'), ('dstport', 'port')):
        text = theirs(['nfdump', '-R', 'nf', '-s', what + '/bytes', '-n', '0', '-o', 'csv'])
        right = {}
        for r in csv.DictReader(io.StringIO(text)):
            if (r.get('val') or '')[:1].isdigit() and (byt(r) or '').isdigit() and int(byt(r)) > 0:
                right[r['val']] = int(byt(r))
        field = {'s': 's', 'd': 'd'}.get(what[0], '') + 'ipbytes'
        got = {r[key]: int(r[field]) for r in rows(['ratop', '-r', 'x.pavo', '-s', what + '/bytes', '-n', '100000', '--csv']) if int(r[field]) > 0}
        want(got, right, what)
    st, out, err = run(['ra', '-r', os.path.join('nf', os.listdir('nf')[0])])
    want((st, out, 'nfdump' in err, 'pavo -r' in err, err.count('\n')), (2, b'', True, True, 1), 'its file: ' + err)


def fields_listed():
    out = good(['ra', '--fields']).decode().splitlines()
    names = [x.split()[0] for x in out]
    want((len(names), len(set(names))), (len(names), len(names)), 'each once')
    want(all(n in names for n in ('saddr', 'spkts', 'loss', 'dur')), True, 'some')
    want([x.split()[:3] for x in good(['ra', '--fields', 'dstport']).decode().splitlines()], [['dport', 'port', '-']], 'by a synonym')
    want(all('retransmission' in x for x in good(['ra', '--fields', 'retransmission']).decode().splitlines()), True, 'by meaning')
    listed = {w: [x.split()[0] for x in good(['ra', '--fields', w]).decode().splitlines()] for w in ('loss', 'latency', 'tos', 'bandwidth', 'asn', 'jitter', 'vlan', 'ttl')}
    want((listed['loss'][0], 'sploss' in listed['loss'], listed['latency'][0]), ('loss', True, 'latency'), 'a name first, and what has to do with it')
    want((listed['tos'], listed['asn'], 'load' in listed['bandwidth']), (['sdscp', 'ddscp'], ['sas', 'das'], True), 'what others mean')
    want(('sjit' in listed['jitter'], 'svlan' in listed['vlan'], 'sttlmin' in listed['ttl']), (True, True, True), 'by a part')
    want(run(['ra', '--fields', 'xyzzy'])[0], 2, 'nothing')
    for n in names:
        want(run(['ra', '-r', 'x.pavo', '-N', '1', '-q', '-s', n])[0], 0, '-s ' + n) if n in ('saddr', 'qratio', 'frames') else None


def main():
    tap = Tap()
    with scratch() as folder:
        os.chdir(folder)
        good(['pavo', '-q', '-S', '5', '-r', CAPTURE, '-w', 'x.pavo'])
        table = [x.rstrip('\n').split('\t') for x in open(os.path.join(HERE, 'fingers.tsv')) if not x.startswith('#')]
        asked = [('%s: %s' % (k, typed), lambda k=k, typed=typed, line=line: {'same': same, 'told': told, 'word': word}[k](typed, line)) for k, typed, line in table]
        asked += [('--fields', fields_listed)]
        for name, f in asked:
            try:
                f()
                tap.ok(True, name)
            except (Failure, KeyError, ValueError, IndexError) as e:
                tap.ok(False, name, e if isinstance(e, Failure) else repr(e))
        for name, f, there in (('argus has the same numbers', argus, other('racluster', 'Racluster Version')), ('nfdump has the same numbers', nfdump, shutil.which('nfpcapd'))):
            if not there:
                tap.skip(name, 'it is not installed')
                continue
            try:
                f()
                tap.ok(True, name)
            except (Failure, KeyError, ValueError, IndexError) as e:
                tap.ok(False, name, e if isinstance(e, Failure) else repr(e))
        os.chdir(SRC)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()

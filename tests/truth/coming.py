# SPDX-License-Identifier: BSD-2-Clause
"""README's table for those who come from argus, nfdump and others: every row is run, what stands left with the programs that it
names, where they are installed, what stands right with ours, and the numbers are compared.

The capture has three TCP connections of one second, datagrams with lost fragments in the next minute, three connections in its end.
Where others count differently the rows compared are those that mean the same: nfdump counts from the IP header on and a fragmented
datagram as one packet, so its rows are of TCP and its bytes `ipbytes`; argus makes a flow of each fragment that came without its first.
"""
import shlex
import shutil
import signal
import sys
import time

import fingers
from common import *

PCAPS = [os.path.join(OWN, name + '.B.pcap') for name in ('tcp-loss', 'udp-frag-loss', 'tcp-zerowin')] # in order of time
ARGUS = 'ra racluster rabins rasort racount rahisto ralabel ranonymize rasplit'.split()
PACKAGES = {'argus': 'argus-server', 'mmdblookup': 'mmdb-bin', 'nfpcapd': 'nfdump', 'nfanon': 'nfdump', 'nfexpire': 'nfdump', **{t: 'argus-client' for t in ARGUS}}
ROWS = []                                # (words of the left side, the test)


class Skip(Exception):
    pass


def row(*words):
    """a test of the row whose left side has these words; its arguments are what stands in backquotes, left and right"""
    return lambda f: ROWS.append((words, f)) or f


def readme():
    text = open(os.path.join(SRC, 'README.md')).read().split('## Coming from')[1].split('\n## ')[0]
    lines = [re.split(r'(?<!\\)\|', x)[1:3] for x in text.splitlines() if x.startswith('|')][2:]
    return [(left.strip(), *([c.replace('\\|', '|') for c in re.findall('`([^`]+)`', cell)] for cell in (left, right))) for left, right in lines]


@functools.lru_cache(maxsize=None)
def peer(name):
    """the path of a program that is not ours"""
    path = fingers.other(name, ' Version ') if name in ARGUS else shutil.which(name, path=ENV['PATH'] + ':/usr/sbin')
    if not path:
        raise Skip('no %s (package %s)' % (name, PACKAGES.get(name, name)))
    return path


def theirs(line, **more):
    """what a line prints, said with the programs of others"""
    argv = shlex.split(line) if isinstance(line, str) else line
    return fingers.theirs([peer(argv[0])] + argv[1:], **more)


def ours(line):
    """the rows of a line of ours, which is all of one command"""
    return rows(shlex.split(line))


def table_of(text):
    """rows of CSV by others, without what is no row"""
    return [x for x in csv.reader(io.StringIO(text)) if x and x[-1].lstrip('-').replace('.', '').isdigit()]


def add(got, *names):
    return tuple(sum(int(r[n]) for r in got if r[n] != '-') for n in names)


def nf_top(line):
    """value -> packets, bytes"""
    got = csv.DictReader(io.StringIO(theirs(line)))
    return {r['val']: (int(r.get('pkt') or r['ipkt']), int(fingers.byt(r))) for r in got if (fingers.byt(r) or '').isdigit() and r.get('val')}


@row('argus -r x.pcap', 'nfpcapd -r')
def probe(left, right):
    good(shlex.split(right[0]))
    sums = json.loads(good(['racount', '-r', 'x.pavo', '--json']))
    got = re.search(r'sum +(.*)', theirs('racount -r x.arg')).group(1).split()
    want((sums['flow']['pkts'], sums['flow']['bytes']), (int(got[1]), int(got[4])), 'packets, bytes of argus')
    got = dict(re.findall(r'(\w+): (\d+)', theirs('nfdump -r x -I')))
    mine = add(ours('ra -r x.pavo --csv -s pkts,ipbytes - tcp'), 'pkts', 'ipbytes')
    want(mine, (int(got['Packets_tcp']), int(got['Bytes_tcp'])), 'packets, bytes of nfdump, TCP')


@row('ra -r x.arg')
def ra(left, right):
    def pairs(lines):
        out = {}
        for a, b, n in lines:
            out[a, b] = out.get((a, b), 0) + int(n)
        return out
    words, of = left[0].split(' - ')
    mine = csv.reader(io.StringIO(good(shlex.split(words.replace('x.arg', 'x.pavo')) + ['--csv', '-'] + of.split()).decode()))
    want(pairs(list(mine)[1:]), pairs(table_of(theirs(words + ' -n -c , - ' + of))), left[0])
    want([n in good(shlex.split(right[1])).decode() for n in ('saddr', 'daddr', 'pkts')], [True] * 3, right[1])


@row('racluster -m')
def racluster(left, right):
    show = ' -r %s -n -c , -s saddr daddr pkts bytes - ip or ip6'
    got = sorted(table_of(theirs(left[0] + show.replace(' or ip6', '') % 'x.arg')))
    want(len(got), 2, 'pairs of argus')
    for line in left[0], right[0]:
        want(sorted(list(r.values()) for r in ours(line + ' --csv' + show % 'x.pavo')), got, line)
    both = ours('racluster --csv -s saddr daddr pkts bytes %s -r x.pavo - ip or ip6' % right[1])
    want(sorted(list(r.values()) for r in both), got, right[1])


@row('rabins -M time')
def rabins(left, right):
    got = sorted([x[0][:5]] + x[1:] for x in table_of(theirs(left[0] + ' -n -r x.arg -m proto -c , -s stime proto pkts bytes')) if x[1] != 'man')
    want(len(got), 5, 'bins of argus')
    for line in left[0], 'rabins ' + right[0]:
        mine = ours(line + ' -r x.pavo -m proto --csv -s bstart,proto,pkts,bytes')
        want(sorted([r['bstart'][11:16], r['proto'], r['pkts'], r['bytes']] for r in mine), got, line)
    want(run(['rabins', '-M', '1s', '-r', 'x.pavo'])[:2], (2, b''), 'bins of 1 s out of bins of 5 s')


@row('rasort')
def rasort(left, right):
    of = ' - tcp and not port 9001'      # of which argus has two records
    got = [x[0] for x in table_of(theirs(left[0] + ' -r x.arg -c , -s bytes' + of))]
    want(len(got), 5, 'records of argus')
    mine = [r['bytes'] for r in ours(left[0] + ' -r hour.pavo --csv -s bytes' + of)]
    want(mine, got, left[0])
    turned = left[0].replace('bytes', right[0])
    want([r['bytes'] for r in ours(turned + ' -r hour.pavo --csv -s bytes' + of)], got[::-1], turned)


@row('racount')
def racount(left, right):
    text = theirs(left[0] + ' -r x.arg')
    got = dict(re.findall(r'(?m)^ +(tcp|udp|icmp|arp) +\d+ +(\d+) ', text))
    mine = {x.split()[0]: x.split()[3] for x in good([right[0], '-r', 'x.pavo']).decode().splitlines() if x[:1].isalpha() and len(x.split()) == 5}
    want({n: mine[n] for n in got}, got, 'packets of a protocol')
    want(len(got), 4, 'protocols')


@row('rabins`', 'worst bin')
def radrill(left, right):
    """by hand: the bin with the highest loss, which argus knows by its packets (it spreads losses evenly)"""
    bins = ours('rabins -r x.pavo -M 5s --csv -s bstart,pkts,loss')
    worst = max(bins, key=lambda r: int(r['loss'].replace('-', '0')))
    got = json.loads(good(shlex.split(right[0]) + ['--json']).splitlines()[0])
    want((got['bstart'][:19], got['spkts'] + got['dpkts'], got['sloss'] + got['dloss']), (worst['bstart'][:19], int(worst['pkts']), int(worst['loss'])), 'the worst')
    day, at = worst['bstart'][:10].replace('-', '/'), worst['bstart'][11:19]
    text = theirs(['rabins', '-M', 'hard', 'time', '5s', '-n', '-r', 'x.arg', '-t', day + '.' + at + '+5s', '-c', ',', '-s', 'pkts'])
    want(sum(int(x[0]) for x in table_of(text)), int(worst['pkts']), 'packets of argus in ' + at)
    want(add(rows(shlex.split(got['ra']) + ['--csv', '-s', 'loss']), 'loss'), (int(worst['loss']),), got['ra'])


@row('-s ip/bytes')
def hosts(left, right):
    got = nf_top(left[0] + ' -o csv "proto tcp"')
    want(len(got), 4, 'hosts of nfdump')
    for line in right[0], 'ratop -r x.pavo ' + right[1]:
        want({r['host']: (int(r['spkts']) + int(r['dpkts']), int(r['ipbytes'])) for r in ours(line + ' --csv -s +ipbytes - tcp')}, got, line)


@row('-s srcip/bytes')
def senders(left, right):
    got = nf_top(left[0] + ' -n 0 -o csv "proto tcp"')
    mine = ours(right[0] + ' --csv -s host,spkts,sipbytes - tcp')
    want({r['host']: (int(r['spkts']), int(r['sipbytes'])) for r in mine}, got, right[0])
    want([r['host'] for r in mine], list(got), 'order')


@row('ratop`', 'iftop')
def top(left, right):
    want([shlex.split(x)[0] for x in (right[0], right[1].split(' | ')[1])], ['ratop', 'ratop'], 'the lines')
    got = nf_top('nfdump -r x -s ip/bytes -n 0 -o csv "proto tcp"')
    records = good(['pavo', '-q', '-S', '3600', '-r', 'x.pcap', '-w', '-'])
    out = good(shlex.split(right[1].split(' | ')[1]) + ['-m', 'host', '-s', 'host,pkts', '-', 'tcp'], records).decode()
    mine = {x.split()[0]: int(x.split()[1]) for x in out.splitlines() if len(x.split()) == 2 and x[:1].isdigit() and x.split()[1].isdigit()}
    want(mine, {k: v[0] for k, v in got.items()}, right[1] + ': ' + out)
    p = subprocess.Popen([program('ratop')] + shlex.split(right[0])[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV, text=True)
    time.sleep(1)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=LIMIT)
    want((p.returncode, err, '10.71.1.1' in out), (0, '', True), right[0])


@row('`man` records')
def man(left, right):
    said = subprocess.run([peer('nfpcapd'), '-r', 'x.pcap', '-w', 'DIR'], capture_output=True, text=True)
    processed = int(re.findall(r'Total: Processed: (\d+)', said.stdout + said.stderr)[-1])
    want(add(ours(right[3].replace(' - ', ' -r x.pavo --csv - ')), 'frames'), (processed,), right[3])
    good(shlex.split(right[1].replace('FILE', 'told.json') + ' -q -r x.pcap -w told.pavo ' + right[2].replace('FILE', 'told.prom')))
    want(json.loads(open('told.json').read().splitlines()[-1])['packets'], processed, right[1])
    want(int(re.search(r'(?m)^pavo_packets_total\{[^}]*\} (\d+)', open('told.prom').read()).group(1)), processed, right[2])
    p = subprocess.Popen([program('pavo'), '-r', '-', '-w', 'signal.pavo'], stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV)
    p.stdin.write(open('x.pcap', 'rb').read())
    p.stdin.flush()
    time.sleep(1)
    p.send_signal(getattr(signal, 'SIG' + right[0].split('-')[1]))
    line = p.stderr.readline().decode()
    p.stdin.close()
    p.wait(timeout=LIMIT)
    want(bool(re.search(r'^pavo: \d+ frames read', line)), True, right[0] + ': ' + line)


@row('-A srcip4/24')
def prefixes(left, right):
    got = {}
    for x in theirs(left[0] + ' -N -q "proto tcp and inet"').splitlines():
        w = x.split()
        if len(w) >= 8 and w[0][:2] == '20':
            got[w[3] + '/24'] = (int(w[4]), int(w[5]))
    want(len(got), 2, 'networks of nfdump')
    mine = ours(right[0] + ' --csv -s saddr,spkts,dpkts,sipbytes,dipbytes - tcp and ip')
    want([(r['saddr'], int(r['spkts']), int(r['sipbytes'])) for r in mine], [('10.71.1.0/24', *got['10.71.1.0/24'])], right[0])
    want((int(mine[0]['dpkts']), int(mine[0]['dipbytes'])), got['10.71.2.0/24'], 'what came back')
    mine = ours(right[1] + ' --csv -s host,spkts,sipbytes - tcp and ip')
    want({r['host']: (int(r['spkts']), int(r['sipbytes'])) for r in mine}, got, right[1])


@row('-o csv')
def formats(left, right):
    text = theirs(left[0] + ' "proto tcp"')
    got = [r for r in csv.DictReader(io.StringIO(text)) if (r.get('ipkt') or r.get('pkt') or '').isdigit() and len(r.get('ts', '')) > 10]
    packets = sum(int(r.get('ipkt') or r['pkt']) for r in got)
    got = json.loads(theirs('nfdump -r x %s "proto tcp"' % left[1]))
    want(sum(r['in_packets'] for r in got), packets, 'JSON of nfdump')
    want(sum(add(ours(right[0] + ' - tcp'), 'spkts', 'dpkts')), packets, right[0])
    mine = [json.loads(x) for x in good(['ra', '-r', 'x.pavo', right[1], '-', 'tcp']).splitlines()]
    want(sum(r['spkts'] + r['dpkts'] for r in mine), packets, right[1])
    want(set(json.loads(good(['ra', right[2], 'json']))['properties']) >= set(mine[0]), True, right[2])


@row('nfdump -t')
def range_(left, right):
    """the same range, of the capture"""
    line = left[0].replace('14:05:00', '15:25:00').replace('14:10:00', '15:26:00')
    got = dict(re.findall(r'(?m)total (flows|packets): (\d+)', theirs(line + ' -r x -N -A proto "proto tcp"')))
    line = right[0].replace('14:05:00+5m', '15:25:00+1m')
    want(add(ours(line + ' -r x.pavo --csv -s pkts - tcp'), 'pkts'), (int(got['packets']),), line)


@row('racluster -f')
def models(left, right):
    with open('racluster.conf', 'w') as f:
        f.write('filter="udp port 5004" model="saddr daddr"\nfilter="tcp" model="proto"\n')
    got = sorted(table_of(theirs(left[0] + ' -n -r x.arg -c , -s proto pkts bytes - tcp or udp port 5004')))
    want(len(got), 2, 'rows of argus')
    show = ' -r x.pavo --csv -s proto,pkts,bytes - tcp or udp port 5004'
    want(sorted(list(r.values()) for r in ours(left[0] + show)), got, left[0])
    with open('models', 'w') as f:
        f.write(right[-1].replace('53', '5004') + '\nmodel=proto filter=tcp\n')
    want(sorted(list(r.values()) for r in ours(right[0] + show)), got, right[0])


@functools.lru_cache
def per_minute():
    """packets of each minute, as argus's rasplit divides them"""
    theirs("rasplit -r x.arg -M time 1m -w 'split/%H%M'")
    return {m: re.search(r'sum +\d+ +(\d+)', theirs('racount -r split/' + m)).group(1) for m in sorted(os.listdir('split')) if m.startswith('15')}


@row('rastream')
def rotation(left, right):
    """of the capture, not of an interface"""
    with open('CMD', 'w') as f:
        f.write('#!/bin/sh\necho "$1" >>closed\n')
    os.chmod('CMD', 0o755)
    line = right[0].replace('-i eth0', '-q -e gw -r x.pcap').replace('5m', '1m').replace('CMD', os.path.join(os.getcwd(), 'CMD')).replace('DIR', 'rotated')
    good(shlex.split(line))
    closed = open('closed').read().split()
    got = {re.search(r'2026/11/20/gw-(\d+).pavo$', x).group(1): str(json.loads(good(['racount', '-r', x, '--json']))['flow']['pkts']) for x in closed}
    want({k: v for k, v in got.items() if v != '0'}, per_minute(), line)


@row('rasplit -M')
def rasplit(left, right):
    good(shlex.split(right[0].replace('1h', '1m').replace('%H.pavo', '%H%M.pavo')))
    got = {x[:4]: str(json.loads(good(['racount', '-r', '2026/11/20/' + x, '--json']))['flow']['pkts']) for x in os.listdir('2026/11/20')}
    want(got, per_minute(), right[0])
    good(shlex.split(right[0]))
    theirs(left[0] + ' -r x.arg')
    got = re.search(r'sum +\d+ +(\d+)', theirs('racount -r 2026/11/20/15')).group(1)
    want(add(ours('ra -r 2026/11/20/15.pavo --csv -s pkts'), 'pkts'), (int(got),), 'the hour')


@row('ralabel')
def labels(left, right):
    with open('prefixes.txt', 'w') as f:
        f.write('10.71.1.0/24 Berlin\n10.71.2.0/24 Provider\n')
    with open('prefixes.csv', 'w') as f:
        f.write('10.71.1.0/24,Berlin\n10.71.2.0/24,Provider\n')
    with open('label.conf', 'w') as f:
        f.write('RALABEL_IANA_ADDRESS="yes"\nRALABEL_IANA_ADDRESS_FILE="%s/prefixes.txt"\n' % os.getcwd())
    got = set(re.findall(r'([sd])addr=(\w+)', theirs('ralabel -r x.arg -f label.conf -s label:200 - tcp')))
    want(got, {('s', 'Berlin'), ('d', 'Provider')}, 'labels of argus')
    subprocess.run([sys.executable, os.path.join(SRC, 'tests', 'cli', 'mkmmdb'), 'country', 'country.mmdb'], input=b'10.71.1.0/24 DE\n2001:db8:71:2::/64 IS\n', check=True)
    for line in 'ra %s -r x.pavo' % right[0], 'ralabel %s -r x.pavo -w -' % right[0]:
        out = good(shlex.split(line) + (['-'] if line.startswith('ralabel') else ['--csv', '-s', 'saddr,daddr,slabel,dlabel,sco,dco', '-']) + ['tcp'])
        mine = rows(['ra', '--csv', '-s', 'saddr,daddr,slabel,dlabel,sco,dco'], out) if line.startswith('ralabel') else \
            [{k: v or '-' for k, v in r.items()} for r in csv.DictReader(io.StringIO(out.decode()))]
        want({(s, r[s + 'label']) for r in mine for s in 'sd' if r[s + 'label'] != '-'}, got, line)
        for r in mine:
            for s in 'sd':
                said = subprocess.run([peer('mmdblookup'), '-f', 'country.mmdb', '-i', r[s + 'addr'], 'iso_code'], capture_output=True, text=True).stdout
                said = said or subprocess.run([peer('mmdblookup'), '-f', 'country.mmdb', '-i', r[s + 'addr'], 'country', 'iso_code'], capture_output=True, text=True).stdout
                want(r[s + 'co'], (re.findall('"(..)"', said) or ['-'])[0], r[s + 'addr'])


@row('rahisto')
def rahisto(left, right):
    of = ' - tcp and not port 9001'
    text = theirs(left[0] + ' 10:0-1000000 -r x.arg' + of)
    got = {int(float(x)): int(n) for x, n in re.findall(r'(?m)^ +\d+ +(\S+e\+\d+) +(\d+) ', text) if n != '0'}
    want(sum(got.values()), 5, 'flows of argus')
    mine = ours(right[0].replace('x.pavo', 'hour.pavo') + ' --width 100k --csv' + of)
    want({int(r['from']): int(r['count']) for r in mine if r['count'] != '0'}, got, right[0])
    mine = ours(left[0] + ' 10:0-1000000 -r hour.pavo --csv' + of)
    want({int(r['from']): int(r['count']) for r in mine if r['count'] != '0'}, got, left[0])


@row('ranonymize')
def ranonymize(left, right):
    """IPv4: addresses of IPv6 are other ones in each record of nfanon"""
    key = '1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202'
    with open('key', 'w') as f:
        f.write(key + '\n')
    theirs(left[1].replace('key', '0x' + key) + ' -q -r x -w anon.nf')
    got = nf_top('nfdump -r anon.nf -s ip/bytes -n 0 -o csv "proto tcp and inet"')
    good(shlex.split(right[0]))
    mine = ours('ratop -r y.pavo -m host -o ipbytes -N 100 --csv -s host,pkts,ipbytes - tcp and ip')
    want({r['host']: (int(r['pkts']), int(r['ipbytes'])) for r in mine}, got, right[0])
    want(len(got), 2, 'addresses')


@row('tcptrace -l')
def tcp(left, right):
    text = '\n'.join(x for x in theirs(left[0].replace(' -l ', ' -l -n --csv ')).splitlines() if x and x[0] != '#')
    got = {}
    for r in csv.DictReader(io.StringIO(text), skipinitialspace=True):
        for side, port in (('a2b', 'port_a'), ('b2a', 'port_b')):
            got[r[port]] = (int(r['rexmt_data_pkts_' + side]), int(r['outoforder_pkts_' + side]))
    mine = {}
    for r in ours(right[0] + ' -r x.pavo --csv -s +drtxup,drtxdn,dspur,dooo - tcp'):
        n = {k: int(v) if v.isdigit() else 0 for k, v in r.items()}
        for side in 'sd':                # sent again: what was already seen; out of order: what was not
            mine[r[side + 'port']] = (n[side + 'rtxdn'] + n[side + 'spur'], n[side + 'rtxup'] + n[side + 'ooo'])
    want(mine, got, right[0])
    again = 'tcp.analysis.retransmission or tcp.analysis.out_of_order'
    frames = re.findall(r'<> *\S+ \| +(\d+) \|', theirs(['tshark', '-r', 'x.pcap', '-q', *shlex.split(left[1])[1:2], 'io,stat,0,' + again]))
    want(int(frames[0]), sum(sum(v) for v in mine.values()), left[1])


@row("Zeek's `conn.log`")
def conn(left, right):
    def log(text):
        lines = text.splitlines()
        names = [x for x in lines if x.startswith('#fields')][0].split('\t')[1:]
        return [dict(zip(names, x.split('\t'))) for x in lines if x[0] != '#']
    mine = log(good(shlex.split(right[0])).decode())
    objects = [json.loads(x) for x in good(['ra', '-r', 'x.pavo'] + right[1].split()).splitlines()]
    want([r['uid'] for r in mine], [o['uid'] for o in objects], 'both')
    theirs(['zeek', '-C', '-r', 'x.pcap'])

    def of(got):
        return sorted((r['id.orig_h'], r['id.orig_p'], r['id.resp_h'], r['id.resp_p'], r['conn_state'], r['orig_pkts'], r['resp_pkts'], r['orig_bytes'], r['resp_bytes'])
                      for r in got if r['proto'] == 'tcp')
    want(of(mine), of(log(open('conn.log').read())), right[0])


@row("Zeek's `capture_loss.log`")
def capture_loss(left, right):
    mine = [x.split('\t') for x in good(shlex.split(right[0])).decode().splitlines() if x[0] != '#']
    theirs(['zeek', '-C', '-r', 'x.pcap', 'policy/misc/capture-loss'])
    got = [x.split('\t') for x in open('capture_loss.log').read().splitlines() if x[0] != '#']
    want([x[3:] for x in mine], [x[3:] for x in got], right[0])


@row('nfdump -v')
def verify(left, right):
    theirs(left[0])
    good(shlex.split(right[0]))
    with open('cut.pavo', 'wb') as f:
        f.write(open('x.pavo', 'rb').read()[:-3000])
    want(run(shlex.split(right[0].replace('x.pavo', 'cut.pavo')))[0], 2, 'of a cut file')


@row('nfexpire')
def expire(left, right):
    """the oldest of three files, by age and by size"""
    peer('nfexpire')
    for folder in 'nf', 'DIR':
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
    now = int(time.time())
    for n, days in enumerate((2000, 10, 5)):
        t = now - days * 86400
        shutil.copy('x', time.strftime('nf/nfcapd.%Y%m%d%H%M', time.gmtime(t)))
        with open('DIR/%d.pavo' % n, 'wb') as f:
            f.write(good(['pavo', '-q', '-r', '-', '-w', '-'], moved('x.pcap', t)))
    theirs(left[0].replace('DIR', 'nf'))
    kept = len([x for x in os.listdir('nf') if x.startswith('nfcapd.2')])
    good(shlex.split(right[0]))
    want((kept, sorted(os.listdir('DIR'))), (2, ['1.pavo', '2.pavo']), left[0] + ', ' + right[0])
    for line in right[1:]:
        before = add(ours('ra -R DIR --csv -s pkts,bytes'), 'pkts', 'bytes')
        good(shlex.split(line), status=(0, 1))
        want(add(ours('ra -R DIR --csv -s pkts,bytes'), 'pkts', 'bytes'), before, line)


def moved(path, to):
    """the capture, begun at another time"""
    raw = bytearray(open(path, 'rb').read())
    at, first = 24, int.from_bytes(raw[24:28], 'little')
    while at < len(raw):
        raw[at:at + 4] = (int.from_bytes(raw[at:at + 4], 'little') - first + to).to_bytes(4, 'little')
        at += 16 + int.from_bytes(raw[at + 8:at + 12], 'little')
    return bytes(raw)


@row('on both ends')
def path(left, right):
    """the second end lacks every 20th frame of TCP that goes to port 8080"""
    shutil.copy('x.pcap', 'a.pcap')
    raw, at, n, out = open('x.pcap', 'rb').read(), 24, 0, b''
    while at < len(raw):
        end = at + 16 + int.from_bytes(raw[at + 8:at + 12], 'little')
        frame = raw[at + 16:end]
        of = frame[12:14] == b'\x08\x00' and frame[23] == 6 and frame[36:38] == b'\x1f\x90'
        n += of
        out += b'' if of and n % 20 == 0 else raw[at:end]
        at = end
    with open('b.pcap', 'wb') as f:
        f.write(raw[:24] + out)
    count = [len(theirs(['tshark', '-r', x + '.pcap', '-Y', 'tcp.dstport == 8080']).splitlines()) for x in 'ab']
    want(count, [n, n - n // 20], 'tshark')
    for line in right[:2]:
        good(shlex.split(line))
    mine = ours(right[2] + ' --path A,B --csv - port 8080')
    want(add(mine, 'lost_between'), (n // 20,), right[2])


@row('tcpdump -r x.pcap')
def tcpdump(left, right):
    count = len(theirs(['tcpdump', '-nr', *shlex.split(left[0])[2:]]).splitlines())
    first, second = right[0].split(' | ')
    want(add(rows([second, '--csv', '-s', 'pkts'], good(shlex.split(first))), 'pkts'), (count,), right[0])
    want(add(ours(right[1].replace(' - ', ' --csv -s pkts - ')), 'pkts'), (count,), right[1])


def make():
    """x.pcap, and what the first row of the table makes of it"""
    with open('x.pcap', 'wb') as f:
        for i, name in enumerate(PCAPS):
            f.write(open(name, 'rb').read()[24 * (i > 0):])
    good(['pavo', '-q', '-r', 'x.pcap', '-w', 'x.pavo'])
    good(['pavo', '-q', '-S', '3600', '-r', 'x.pcap', '-w', 'hour.pavo'])
    for line in (r for r in readme()[0][1]):
        try:
            os.makedirs('DIR', exist_ok=True)
            theirs(line)
        except Skip:
            pass
    for name in os.listdir('DIR'):
        shutil.copy(os.path.join('DIR', name), 'x')


def main():
    tap, table = Tap(), readme()
    with scratch() as folder:
        os.chdir(folder)
        make()
        for left, *codes in table:
            tests = [f for words, f in ROWS if all(w in left for w in words)]
            try:
                want(len(tests), 1, 'tests of the row ' + left)
                tests[0](*codes)
                tap.ok(True, left)
            except Skip as e:
                tap.skip(left, e)
            except (Failure, KeyError, ValueError, IndexError, AttributeError, OSError) as e:
                tap.ok(False, left, e if isinstance(e, Failure) else repr(e))
        os.chdir(SRC)
    unused = [words for words, _ in ROWS if not any(all(w in left for w in words) for left, *_ in table)]
    tap.ok(not unused, 'each test has its row', unused)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()

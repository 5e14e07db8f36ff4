# SPDX-License-Identifier: BSD-2-Clause
"""ratunnel and radrill on captures written here: the vectors S of SEMANTICS 7, the states of bins, and the scenarios
A1 and A3 of section 10.  What is true is counted while the packets are written, by another algorithm than the
probe's: sets of numbers that are missing.
"""
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from collections import defaultdict

import drops
from common import *
from peers import A, B, BASE, Case, ip

SPI, BACK = 0x17e3e6f7, 0x0bfe0e52


def read(c, folder, T=5, name='x'):
    """the capture as records, in files: radrill reads more than once"""
    pcap, records = (os.path.join(folder, name + end) for end in ('.pcap', '.pavo'))
    c.write(pcap)
    good(['pavo', '-q', '-S', str(T), '-r', pcap, '-w', records])
    return records


def objects(argv, status=(0,)):
    return [json.loads(line) for line in good(argv, status=status).decode().splitlines()]


def tunnel(records, *options, status=(0,)):
    """both directions of the only tunnel"""
    got = objects(['ratunnel', '-r', records, '-u', '-p', '0', '--json', *options], status)
    want([g['side'] for g in got], ['src', 'dst'], 'directions')
    return got


def bins(listed):
    return [(int(b['bstart']) - BASE, b['blen']) for b in listed]


def shell(command):
    """what a command that was shown prints"""
    env = dict(ENV, PATH=BUILD + ':' + os.environ['PATH'])
    p = subprocess.run(['sh', '-c', command], capture_output=True, env=env, timeout=LIMIT)
    return p.returncode, p.stdout.decode()


class Oracle:
    """one direction: what was late, what opened a gap that was filled, what never came, by second"""

    def __init__(self):
        self.hi = None
        self.missing = {}                # number: (second of the packet behind the gap, that packet's number)
        self.filled = set()
        self.late, self.early, self.rpl64, self.bytes, self.pkts = (defaultdict(int) for _ in range(5))

    def packet(self, t, seq, wire):
        second = int(t)
        self.bytes[second] += wire
        self.pkts[second] += 1
        if self.hi is None or seq > self.hi:
            for m in range((self.hi or seq - 1) + 1, seq):
                self.missing[m] = (second, seq)
            self.hi = seq
        elif seq in self.missing:
            opener = self.missing.pop(seq)
            self.late[second] += 1
            self.rpl64[second] += self.hi - seq >= 64
            if opener not in self.filled:
                self.filled.add(opener)
                self.early[opener[0]] += 1

    def lost(self):
        out = defaultdict(int)
        for second, _ in self.missing.values():
            out[second] += 1
        return out


# --- S ----------------------------------------------------------------------------------------------

E9 = [(1, 4.90), (2, 4.91), (4, 4.92), (5, 6.50), (3, 6.60), (6, 6.70)]


def vector_s1(folder):
    c = Case()
    for seq, t in [(0, -20.0)] + E9:     # its SA has its lane already, so that the correction comes as one
        c.esp(t, A, B, SPI, seq + 100)
    records = read(c, folder)
    got = tunnel(records, '--min-sample', '1', '--oneway')[0]
    want((got['lost'], got['loss_pct'], got['worst_bins'], got['late'], got['early']), (0, 0, [], 1, 1), 'with the correction')
    got = objects(['ratunnel', '-r', records, '-u', '-p', '0', '--json', '-', 'rectype = FLOW'])[0]
    want((got['lost'], [(*b, x['lost']) for b, x in zip(bins(got['worst_bins']), got['worst_bins'])]), (1, [(0, 5, 1)]),
         'before it came')
    st, out, _ = run(['radrill', '-r', records, '--json'])
    want((st, out), (1, b''), 'radrill: nothing was lost')


def vector_s2(folder):
    c = Case()
    for seq, t in [(1, 0), (2, .1), (70002, 60.1), (70003, 60.2)]:
        c.esp(t, A, B, SPI, seq)
    records = read(c, folder)
    got = tunnel(records, '--sla', 'avail=99.9%,outage=5s')[0]
    want((got['bins'], got['down'], got['degraded'], got['idle'], got['oneway']), (13, 11, 1, 0, 1), 'states')
    want((got['lost'], got['outages'], got['outage_s']), (69999, 1, 60), 'loss, outages')
    want(bins(got['worst_bins']), [(60, 5)], 'bin of the loss')
    want([b for b, x in zip(bins(got['violating_bins']), got['violating_bins']) if x['term'] == 'avail'], [(5, 55)], 'bins 1 to 11')
    each = [x for x in objects(['ratunnel', '-r', records, '--bins', '-u', '-p', '0', '--json']) if x['side'] == 'src']
    want([(*bins([x])[0], x['state'], x['lost']) for x in each], [(0, 5, 'oneway', 0), (5, 55, 'down', 0), (60, 5, 'degraded', 69999)],
         'bin by bin')
    want((got['sla'], got['terms']['outage']['kept']), ('violated', False), 'verdict')


def vector_s3(folder):
    c, n = Case(), 0
    for second in range(21):
        count = 12500 if second == 7 else 1250       # of 1000 bytes: 100 and 10 Mbit/s
        for i in range(count):
            n += 1
            c.esp(second + i / count, A, B, SPI, n, 1000 - 14 - 20 - 8)
    got = tunnel(read(c, folder, 1))[0]
    want([got[k] for k in ('bins', 'bps_p50', 'bps_p95', 'bps_p99', 'bps_max')], [21, 10**7, 10**7, 10**8, 10**8], 'throughput')
    st, _, _ = run(['ratunnel', '-r', os.path.join(folder, 'x.pavo'), '-q', '--check', '--sla', 'p95=10M'])
    want(st, 0, '--check, p95=10M')
    st, _, _ = run(['ratunnel', '-r', os.path.join(folder, 'x.pavo'), '-q', '--check', '--sla', 'p95=11M'])
    want(st, 1, '--check, p95=11M')


def vector_s4(folder):
    c = Case()
    c.send([s for s in range(1, 51) if s not in (10, 20, 21, 30, 40)])
    records = read(c, folder)
    got = tunnel(records, '--sla', 'loss=1%')[0]
    want((got['lost'], got['expected'], got['loss_pct']), (5, 50, None), 'too few packets')
    want(('sla' in got, got['terms']['loss']), (False, {'limit_pct': 1, 'value_pct': None, 'kept': None}), 'no verdict')
    want('5 of 50 ' in good(['ratunnel', '-r', records]).decode(), True, 'text says 5 of 50')
    want(tunnel(records, '--min-sample', '50')[0]['loss_pct'], 10, 'a smaller sample')


# --- states -----------------------------------------------------------------------------------------

def ike(c, t, msgid, response=False):
    head = struct.pack('!QQBBBBII', 1, 2, 0, 0x20, 37, 0x20 if response else 0x08, msgid, 28)
    data = struct.pack('!HHHH', 500, 500, 8 + len(head), 0) + head
    c.put(t, ip(*((B, A) if response else (A, B)), 17, data, msgid + 1))


def states(g):
    return tuple(g[k] for k in ('bins', 'up', 'degraded', 'down', 'idle', 'oneway'))


def bins_of_silence(folder):
    """B is silent from 5 to 20 s, longer than the 10 bins that the rule looks back; 5 s at the end are quiet"""
    c = Case()
    for n in range(600):
        t = n * 0.05
        if t < 25 or t >= 29.9:
            c.esp(t, A, B, SPI, n + 1 if t < 25 else n - 98 + 1)
        if t < 5 or 20 <= t < 25 or t >= 29.9:
            c.esp(t + 0.01, B, A, BACK, n + 1 if t < 5 else n - 300 + 1 if t < 25 else n - 300 - 98 + 1)
    records = read(c, folder, 1)
    want(states(tunnel(records)[0]), (30, 11, 0, 15, 4, 0), 'bins, up, degraded, down, idle, one way')
    want(tunnel(records)[0]['avail_pct'], round(100 * 11 / 26, 8), 'availability')
    want(states(tunnel(records, '--oneway')[0])[1:4], (26, 0, 0), '--oneway')
    got = tunnel(records, '--sla', 'avail=99%')
    want([len(g['violating_bins']) for g in got], [0, 15], 'the silent direction is to blame')


def bins_of_ike(folder):
    """both ESP directions go on; in bin 3 three requests have no answer, in bin 4 two"""
    c = Case()
    for n in range(120):
        c.esp(n * 0.05, A, B, SPI, n + 1)
        c.esp(n * 0.05 + 0.01, B, A, BACK, n + 1)
    for i, t in enumerate((0.1, 3.1, 3.3, 3.5, 4.1, 4.3)):
        ike(c, t, i)
    ike(c, 0.2, 0, True)
    ike(c, 4.2, 4, True)
    want(states(tunnel(read(c, folder, 1))[0]), (6, 5, 0, 1, 0, 0), 'bins, up, degraded, down, idle, one way')


def natt_and_lanes(folder):
    """two tunnels between the same gateways, ESP in UDP and bare: each its own, worst first"""
    c = Case()
    c.send(range(1, 301))
    c.send(range(1, 301), B, A, BACK, 0.003)
    c.send([s for s in range(1, 301) if s % 50], spi=SPI + 1, start=0.001, udp=True)
    c.send(range(1, 301), B, A, BACK + 1, 0.004, udp=True)
    records = read(c, folder, 1)
    got = objects(['ratunnel', '-r', records, '--json', '-m', 'lane'])
    want([(g['proto'], g['side'], g['lost'], g['lane'], g['spi']) for g in got],
         [('esp', 'src', 5, 0, '0x%08x' % (SPI + 1)), ('esp', 'dst', 0, 0, '0x%08x' % (BACK + 1)),
          ('esp', 'src', 0, 0, '0x%08x' % SPI), ('esp', 'dst', 0, 0, '0x%08x' % BACK)], 'lanes')
    want(got[0]['worst_bins'][0]['pcap'].endswith("'udp and host %s and host %s and src port 4500 and dst port 4500'" % (A, B)),
         True, 'capture filter of ESP in UDP')
    for g in got:                        # the command that is shown has the packets of this tunnel alone
        st, out = shell(g['ra'].replace('ra ', 'racluster --csv -s spkts,dpkts -m none ', 1))
        mine = [x for x in got if x['tunid'] == g['tunid']]
        want(out.splitlines()[1:], ['%d,%d' % tuple(x['pkts'] for x in mine)], 'rows of ' + g['ra'])


def hint_of_classes(folder):
    """every 10th packet is of another class, 80 places late: outside a window of 64"""
    c, arrivals = Case(), []
    for n in range(1100):
        arrivals.append((n / 100 + (0.805 if n % 10 == 3 and n < 1000 else 0), n))
    for t, n in sorted(arrivals):
        packet = bytearray(ip(A, B, 50, struct.pack('!II', SPI, n + 1) + bytes(100), n))
        packet[1] = 46 << 2 if n % 10 == 3 and n < 1000 else 0    # the checksum is not looked at
        c.put(t, bytes(packet))
    records = read(c, folder)
    got = tunnel(records)[0]
    want((got['late'], got['rpl64'], got['lost'], got['dscps']), (100, 100, 0, 2), 'late, outside 64, lost, classes')
    want('several DSCP values' in good(['ratunnel', '-r', records]).decode(), True, 'the hint')


def skipped_numbers(folder):
    """50 a second; A skips 16384 numbers once, B twice some; 2 of A are lost: beside the loss, never inside"""
    c = Case()
    for n in range(1, 301):
        if n not in (40, 41):
            c.esp(n * 0.02, A, B, SPI, n + 16384 * (n > 150))
        c.esp(n * 0.02 + 0.005, B, A, BACK, n + 5000 * (n > 100) + 6000 * (n > 200))
    records = read(c, folder)
    got = tunnel(records)
    want([(g['lost'], g['expected'], g['jumps'], g['jumpskip']) for g in got], [(2, 300, 1, 16384), (0, 300, 2, 11000)],
         'lost, expected, jumps, numbers skipped')
    text = good(['ratunnel', '-r', records]).decode()
    want(re.search(r'\n *numbers skipped, not lost +16384, once +11000, 2 times\n', text) is not None, True, 'text: ' + text)
    page = good(['ratunnel', '-r', records, '--html', '-']).decode()
    want('<td>numbers skipped, not lost</td><td class="num">16384, once</td><td class="num">11000, 2 times</td>' in page,
         True, 'page')


# --- QT: tunnels that are quiet -----------------------------------------------------------------------

def said_alike(records, *options):
    """what JSON says of availability and outages, which the text and the page have to say too"""
    got = tunnel(records, *options)
    text = good(['ratunnel', '-r', records, *options]).decode()
    page = re.sub('<[^>]*>', '', good(['ratunnel', '-r', records, *options, '--html', '-']).decode())
    g = got[0]
    ratio = '%.2f %%' % g['avail_pct'] if 'avail_pct' in g else '-'
    counts = '%d up, %d degraded, %d down; not judged: %d idle, %d one way' % tuple(states(g)[1:])
    want('  availability %s: %s\n%s' % (ratio, counts, '  %s\n' % g['avail_why'] if ratio == '-' else '') in text, True,
         'text: ' + text[:400])
    want('Availability %s of %d bins of ' % (ratio.replace('-', '\u2013'), g['bins']) in page and counts in page, True, 'page')
    want(ratio != '-' or 'No ratio: ' + g['avail_why'] in page, True, 'page: why')
    for side in got:
        want('%d, %.3f s' % (side['outages'], side['outage_s']) in text, True, 'text: outages')
        want(re.search(r' %d of %d\s' % (side['lost'], side['expected']), text) is not None, True, 'text: loss')
    each = [x for x in objects(['ratunnel', '-r', records, '--bins', '-u', '-p', '0', '--json', *options]) if x['side'] == 'src']
    for state in ('up', 'degraded', 'down'):
        want(sum(x['blen'] for x in each if x['state'] == state), g[state] * g['blen'], '--bins: ' + state)
    return got


def quiet(folder, times, gone, silent=(), back=0.4):
    """a packet of A at each of these times, of B soon after; numbers of B in `gone` are lost; B's packets in `silent` too"""
    c = Case()
    for n, t in enumerate(times, 1):
        c.esp(t, A, B, SPI, n)
        if n not in gone and n not in silent:
            c.esp(t + back, B, A, BACK, n)
    return read(c, folder)


def totals(got):
    return [(g['lost'], g['outages'], g['outage_s']) for g in got]


def vector_qt1(folder):
    busy = [n / 20 for n in range(12000)]
    records = quiet(folder, busy + [600 + 10 * n for n in range(300)], (12150,), back=0.01)
    for options in (), ('-M', '1m'):
        got = said_alike(records, *options)
        want((got[0]['avail_pct'], totals(got)), (100, [(0, 0, 0), (1, 0, 0)]), 'availability; lost, outages')
        want((got[0]['down'], got[0]['degraded']), (0, 0), 'down, degraded')


def vector_qt2(folder):
    records = quiet(folder, [10 * n for n in range(360)], (200,))
    for options, expected in ((), (719, 709, 0, 0, 10, 0)), (('-M', '1m'), (61, 61, 0, 0, 0, 0)):
        got = said_alike(records, *options)
        want((got[0]['avail_pct'], totals(got)), (100, [(0, 0, 0), (1, 0, 0)]), 'availability; lost, outages')
        want(states(got[0]), expected, 'bins, up, degraded, down, idle (before ten gaps are known), one way')


def vector_qt3(folder):
    # B's last packet before is that of 1490.4 s, the next one that of 2100.4 s; minutes begin at 20 s
    records = quiet(folder, [10 * n for n in range(360)], (), range(151, 211))
    for options, down, lost_in in ((), 121, (2100, 5)), (('-M', '1m'), 9, (2060, 60)):
        got = said_alike(records, *options)
        want(totals(got), [(0, 0, 0), (60, 1, 610)], 'lost, outages')
        want((got[0]['down'], got[0]['degraded']), (down, 1), 'down, degraded')
        want(bins(got[1]['worst_bins']), [lost_in], 'where it was lost')


def few_bins(folder):
    """a ratio of few bins is none: the sentence says why"""
    c = Case()
    c.send(range(1, 301))
    c.send(range(1, 301), B, A, BACK, 0.003)
    got = said_alike(read(c, folder, 1), '--sla', 'avail=99%')
    want([got[0].get(k) for k in ('bins', 'up', 'avail_pct', 'avail_why')],
         [3, 3, None, '3 of 3 bins could be judged; a ratio needs 10, and 1 % of the period'], 'three bins')
    want(('sla' in got[0], got[0]['terms']['avail']['kept']), (False, None), 'no verdict')
    st, _, _ = run(['ratunnel', '-r', os.path.join(folder, 'x.pavo'), '-q', '--check', '--sla', 'avail=100%'])
    want(st, 0, '--check')
    c.send(range(301, 1301), start=20)
    c.send(range(301, 1301), B, A, BACK, 20.003)
    for n in range(1, 15):               # and then a packet every five minutes
        c.esp(30 + 300 * n, A, B, SPI, 1300 + n)
    got = said_alike(read(c, folder, 1))
    want((got[0].get('avail_pct'), got[0]['avail_why']),
         (None, '13 of 4231 bins could be judged; a ratio needs 10, and 1 % of the period'), 'a small part')


def chosen_bins(folder):
    """those of the records up to a day, a minute up to 35 days, five beyond; multiples of T"""
    for T, days, every, blen in ((5, 1, 30, 5), (5, 1.01, 30, 60), (7, 1.01, 30, 63), (120, 2, 30, 120), (5, 34.9, 1200, 60),
                                 (5, 35.1, 1200, 300), (3600, 36, 1200, 3600)):
        c = Case()
        start = -BASE % T                # so that a day is not a bin longer
        for n in range(int(days * 86400 / every)):
            c.esp(start + n * every, A, B, SPI, n + 1)
            c.esp(start + n * every + 0.1, B, A, BACK, n + 1)
        records = read(c, folder, T)
        got = tunnel(records)[0]
        want((got['blen'], got['blen'] * got['bins'] >= days * 86400 - 2 * every), (blen, True), '%g days of %d s' % (days, T))
        note = '(recorded in bins of %s: -M %ds shows those)' % ({120: '2 min', 3600: '1 h'}.get(T, '%d s' % T), T)
        for out in good(['ratunnel', '-r', records]).decode(), good(['ratunnel', '-r', records, '--html', '-']).decode():
            want(note in out, blen != T, 'it says so: ' + note)
        want(tunnel(records, '-M', '%ds' % T)[0]['blen'], T, '-M')
    want(tunnel(records, '-M', '1d')[0]['blen'], 86400, '-M 1d')


def no_header(folder):
    """the header of the file is damaged, and with it how long its bins are: the records say that"""
    c = Case()
    c.send(range(1, 301))
    records = read(c, folder)
    with open(records, 'r+b') as f:
        f.seek(40)
        f.write(b'\xff')
    for options in (), ('--json',), ('--html', '-'), ('-', 'host', '192.0.2.1'):
        st, _, err = run(['ratunnel', '-r', records, *options])
        want((st, 'damaged' in err), (2, True), 'status, sentence')


# --- A1 ---------------------------------------------------------------------------------------------

def scenario_a1(folder):
    c = Case()
    gone = {0: {3400 + 7 * k for k in range(7)} | {3805}, 1: {1111, 1731}}
    sent = [0, 0]
    for n in range(1200):                # 60 s
        for side, (src, dst, spi, first) in enumerate(((A, B, SPI, 3000), (B, A, BACK, 900))):
            if first + n in gone[side]:
                continue
            large = n % 10 == 9          # 1480 bytes inside: two fragments outside
            want(large and first + n in gone[side], False, 'no datagram with fragments is lost')
            c.esp(n * 0.05 + side * 0.003, src, dst, spi, first + n, 1480 if large else 200)
            sent[side] += 2 if large else 1
    for n in range(12):
        ike(c, n * 5 + 0.5, n)
        ike(c, n * 5 + 0.52, n, True)
    records = read(c, folder)
    got = rows(['racluster', '-r', records, '--csv', '-s', 'proto,saddr,sport,dir,daddr,dport,state,flgs,spkts,dpkts,sloss,dloss,'
                'sfrags,dfrags,sfragok,dfragok'])
    want(sorted(r['proto'] for r in got), ['esp', 'udp'], 'two lines')
    esp, udp = sorted(got, key=lambda r: r['proto'])
    want([esp[k] for k in ('dir', 'state', 'spkts', 'dpkts', 'sloss', 'dloss')],
         ['<->', 'CON', str(sent[0]), str(sent[1]), str(len(gone[0])), str(len(gone[1]))], 'esp')
    want(('F' in esp['flgs'], esp['sfrags'], esp['sfragok'], esp['dfrags'], esp['dfragok']), (True, '240', '120', '240', '120'),
         'fragments')
    want([udp[k] for k in ('sport', 'dport', 'spkts', 'dpkts')], ['500', '500', '12', '12'], 'IKE')
    # 3400 to 3442 were sent from 20 to 22.1 s: seven of bin 20, and one each in 40, 10, 41.55
    worst = objects(['radrill', '-r', records, '--json', '-u', '-p', '0', '--pcap', os.path.join(folder, 'x.pcap')])
    want([(int(b['bstart']) - BASE, b['value']) for b in worst], [(20, 7), (40, 2), (10, 1)], 'bins by loss')
    want(sum(b['value'] for b in worst), 10, 'all loss')
    want([(k['proto'], k['saddr'], k['daddr'], k['lane'], k['value'], k['share_pct']) for k in worst[0]['keys']],
         [('esp', A, B, 0, 7, 100)], 'that lane only')
    st, out = shell(worst[0]['keys'][0]['ra'].replace('ra ', 'ra --csv -s proto,lane,sloss ', 1))
    lines = [line.split(',') for line in out.splitlines()[1:]]
    want((st, {x[0] for x in lines}, sum(int(x[2]) for x in lines)), (0, {'esp'}, 7), 'the command that is shown')
    if shutil.which('editcap') and shutil.which('tcpdump'):
        for what in (worst[0]['keys'][0], worst[0]):
            st, out = shell(what['pcap'])
            want(len(out.splitlines()), int(what['spkts']) + int(what['dpkts']), 'packets of the command that is shown')
        want(worst[0]['spkts'] + worst[0]['dpkts'] - worst[0]['keys'][0]['spkts'] - worst[0]['keys'][0]['dpkts'], 2, 'IKE in the bin')


# --- A3 ---------------------------------------------------------------------------------------------

def transfer(fixed):
    """20 s of 200 packets a second: from 3 s to 6 s every 10th packet is late, before the repair of the network some by
    more than a window of 64; from 10 s to 12 s every 20th is lost"""
    c, o, arrivals = Case(), Oracle(), []
    for n in range(4000):
        t, seq = n / 200, 5000 + n
        if 10 <= t < 12 and n % 20 == 7:
            continue
        if 3 <= t < 6 and n % 10 == 3:
            t += 0.012 if fixed or n % 30 != 13 else 0.402     # 2 or 80 places
        arrivals.append((t, seq))
    for t, seq in sorted(arrivals):
        size = 100 + seq % 7 * 100
        c.esp(t, A, B, SPI, seq, size)
        o.packet(t, seq, 14 + 20 + 8 + size)
    return c, o


TABLE = 'bstart,sbytes,searly,slate,srpl64,snet'


def scenario_a3(folder):
    for fixed in (False, True):
        c, o = transfer(fixed)
        lost, sums = o.lost(), {}
        truth = [(s, o.bytes[s], o.early[s], o.late[s], o.rpl64[s], lost[s]) for s in range(20)]
        for T in (1, 5):
            records = read(c, folder, T, 'a3-%d' % T)
            got = rows(['rabins', '-r', records, '-M', '%ds' % T, '-u', '-p', '0', '--csv', '-s', TABLE, '-', 'esp'])
            got = [tuple(int(r[k]) for k in TABLE.split(',')) for r in got]
            each = [x for x in rows(['ratunnel', '-r', records, '--bins', '-u', '-p', '0', '--csv']) if x['side'] == 'src']
            want([tuple(int(x[k]) for k in ('bstart', 'bytes', 'early', 'late', 'rpl64', 'lost')) for x in each], got,
                 'ratunnel, bin by bin')
            if T == 1:
                want([(g[0] - BASE,) + g[1:] for g in got], truth, 'second, bytes, early, late, outside 64, net lost')
            sums[T] = [sum(g[i] for g in got) for i in range(1, 6)]
            want(sums[T], [sum(x[i] for x in truth) for i in range(1, 6)], 'sums of bins of %d s' % T)
            report = tunnel(records)[0]
            want([report[k] for k in ('bytes', 'early', 'late', 'rpl64', 'lost')], sums[T], 'report')
        want((sums[1][4], sums[1][3] > 0, sums[1][3] == 0), (20, not fixed, fixed), 'lost; outside a window of 64 before the repair only')
        want(report['degraded'] > 0, True, 'bins are degraded')
        want('several DSCP values' in good(['ratunnel', '-r', records]).decode(), False, 'one class only: no hint')


# --- TP: two probes of one path ------------------------------------------------------------------------

LOST = (15, 10, 9, 8, 8, 7, 6, 6, 5, 4, 4, 3, 1)     # 86 in 13 bursts


def two_probes(folder, pairs, T=5):
    """[(name, packets)] as records of these probes, in files"""
    out = []
    for name, pcap in pairs:
        out.append(os.path.join(folder, name + '.pavo'))
        good(['pavo', '-q', '-S', str(T), '-e', name, '-r', pcap, '-w', out[-1]])
    return out


def pair_of(folder):
    """1500 packets of A pass the first probe; 86 are lost before the second; B answers each that came, and all of that is seen
    by both"""
    gone, at = set(), 50
    for n in LOST:
        gone |= set(range(at, at + n))
        at += n + 100
    near, far, answer = Case(), Case(), 0
    for n in range(1, 1501):
        t = n * 0.004
        near.esp(t, A, B, SPI, n, 350)
        if n in gone:
            continue
        answer += 1
        far.esp(t + 0.003, A, B, SPI, n, 350)
        far.esp(t + 0.0035, B, A, BACK, answer, 350)
        near.esp(t + 0.0065, B, A, BACK, answer, 350)
    for c, name in ((near, 'A'), (far, 'B')):
        c.write(os.path.join(folder, name + '.pcap'))
    want((len(gone), max(gone) < 1500, answer), (86, True, 1414), 'the capture itself')
    return [(p, os.path.join(folder, p + '.pcap')) for p in 'AB']


def figures(files, *options):
    """{(probe, side): (packets, lost, expected)} by ratunnel"""
    return {(g.get('probe'), g['side']): (g['pkts'], g['lost'], g['expected'])
            for g in objects(['ratunnel', '-r', *files, '--json', *options])}


def tp1(folder, pairs, sent, came, lost):
    """sent, came: of either side, at A and at B; lost: of the source's packets, on the way"""
    truth = {('A', 'src'): (sent[0], 0, sent[0]), ('A', 'dst'): (sent[1], 0, sent[1]),
             ('B', 'src'): (came[0], lost, sent[0]), ('B', 'dst'): (came[1], 0, came[1])}
    for T in 1, 5:
        files = two_probes(folder, pairs, T)
        one = os.path.join(folder, 'both.pavo')
        with open(one, 'wb') as f:
            for name in files:
                f.write(open(name, 'rb').read())
        for given in files, files[::-1], [one]:
            for options in (), ('-m', 'lane'), ('-P', '1'):
                want(figures(given, *options), truth, 'ratunnel -r %s %s' % (given, options))
        want(figures(files, '-', 'probe', '=', 'B'), {k: v for k, v in truth.items() if k[0] == 'B'}, 'B alone')
        for name in 'AB':                # the same as by itself
            want(figures([f for f in files if f.endswith(name + '.pavo')]), {k: v for k, v in truth.items() if k[0] == name},
                 name + ' by itself')
        want(truth['B', 'src'][1] - truth['A', 'src'][1], lost, 'between A and B')
        merged_apart(files, truth)
    shown_apart(files, lost, sent)


def merged_apart(files, truth):
    """no row of a tool holds packets of both"""
    loss = {p: truth[p, 'src'][1] for p in 'AB'}
    pkts = {p: truth[p, 'src'][0] for p in 'AB'}
    back_ = {p: truth[p, 'dst'][0] for p in 'AB'}
    columns = ['--csv', '-s', 'probe,spkts,dpkts,sloss', '-r', *files]
    for argv in (['racluster', '-m', 'tunnel'], ['racluster', '-m', 'lane'], ['racluster', '-m', 'tunnel', '-P', '1'],
                 ['racluster', '-m', 'tunnel', '--memory', '1K'], ['ra', '-m', 'flow']):
        st, out, err = run(argv + columns + ['-', 'esp'])
        want((st, err), (0, ''), ' '.join(argv))
        got = [line.split(',') for line in out.decode().splitlines()[1:]]
        want(sorted(got), [[p, str(pkts[p]), str(back_[p]), str(loss[p])] for p in 'AB'], ' '.join(argv))
    got = rows(['racluster', '-m', 'spi', '--csv', '-s', 'probe,spkts,snet', '-r', *files, '-', 'esp'])
    want(sorted((r['probe'], int(r['spkts']), int(r['snet'])) for r in got),
         sorted((p, n[p], m) for p in 'AB' for n, m in ((pkts, loss[p]), (back_, 0))), 'racluster -m spi')
    for argv in ['rabins', '-m', 'tunnel'], ['rabins', '-m', 'lane', '-M', '5s']:
        sums = defaultdict(lambda: [0, 0, 0])
        for r in rows(argv + columns + ['-', 'esp']):
            for i, k in enumerate(('spkts', 'dpkts', 'sloss')):
                sums[r['probe']][i] += int(r[k])
        want(dict(sums), {p: [pkts[p], back_[p], loss[p]] for p in 'AB'}, ' '.join(argv))
    top = rows(['ratop', '-m', 'tunnel', '-o', 'spkts', '--csv', '-s', 'rank,probe,spkts,spkts_share', '-r', *files])
    want(sorted((r['rank'], r['probe'], r['spkts'], r['spkts_share']) for r in top),
         [('1', 'A', str(pkts['A']), '100'), ('2', 'B', str(pkts['B']), '100')], 'ratop: shares of each probe')


def shown_apart(files, lost, sent):
    text = good(['ratunnel', '-r', *files]).decode()
    want([line.rsplit(', ', 1)[1] for line in text.splitlines() if re.match(r'\S+ <-> \S+  esp', line)], ['probe B', 'probe A'],
         'headings')
    want(re.search(r'^Tunnel +Probe Proto ', text) is not None, True, 'overview')
    want('%d of %d ' % (lost, sent[0]) in text, True, 'loss at B')
    want('%d of %d' % (lost, 2 * sent[0]) in text, False, 'a sum')
    page = good(['ratunnel', '-r', *files, '--html', '-']).decode()
    want([page.count('<h2>%s \u2194 %s, probe %s <' % (a, b, p)) for a, b, p in
          [re.match(r'(\S+) <-> (\S+)  .*, probe (.)$', line).groups() for line in text.splitlines() if re.search(', probe .$', line)]],
         [1, 1], 'headings of the page')
    for argv in ['ratunnel'], ['ratunnel', '--bins'], ['racluster', '-m', 'tunnel'], ['radrill']:
        both, alone = good(argv + ['-r', *files]).decode(), good(argv + ['-r', files[1]]).decode()
        want(('robe' in both, 'robe' in alone), (True, False), ' '.join(argv) + ': names the probe where there are several')
    for options in ['--csv'], ['--bins', '--csv']:
        want([good(['ratunnel', *options, '-r', *f]).decode().split(',')[0] for f in (files, files[1:])], ['probe'] * 2,
             'the first column of ' + ' '.join(options))
    for g in objects(['ratunnel', '-r', *files, '--json']):
        argv = g['ra'].replace('ra ', 'racluster --csv -s probe,pkts -m none ', 1)
        mine = sum(x['pkts'] for x in objects(['ratunnel', '-r', *files, '--json']) if x['probe'] == g['probe'])
        want(shell(argv)[1].splitlines()[1:], ['%s,%d' % (g['probe'], mine)], 'what is shown with ' + g['ra'])


def vector_tp1(folder):
    tp1(folder, pair_of(folder), (1500, 1414), (1414, 1414), 86)


def captured_tp1(folder):
    """the same on true captures of both ends, figures from their truth tables"""
    pairs = [(p, capture('netns/esp-burst-loss.%s.pcap' % p)) for p in 'AB']
    flow = {r['dir']: [int(r[k]) for k in ('sent_packets', 'arrived_packets', 'lost')]
            for r in table('netns_flows') if r['scenario'] == 'esp-burst-loss'}
    there, back_ = flow['A>B'], flow['B>A']
    want((there, back_[2]), ([1500, 1414, 86], 0), 'sent, arrived and lost, by the tables')
    tp1(folder, pairs, (there[0], back_[1]), (there[1], back_[0]), there[2])


def drops_of_one(folder):
    """the kernel of A dropped packets from 2 to 3 s: the bins of B are not suspect, nor are its records flagged"""
    far = pair_of(folder)[1]
    near = os.path.join(folder, 'drops.pcapng')
    with open(near, 'wb') as f:
        f.write(drops.block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)) + drops.block(1, struct.pack('<HHI', 1, 0, 0)))
        late = False
        for t, data in near_of(folder):
            if t >= 3 and not late:
                late = True
                f.write(drops.statistics(2, 0, 0) + drops.statistics(3, 0, 7))
            f.write(drops.block(6, struct.pack('<I', 0) + drops.stamp(t) + struct.pack('<II', len(data), len(data)) + data +
                                bytes(-len(data) % 4)))
    files = two_probes(folder, [('A', near), far], 1)
    got = {g['probe']: g['suspect'] for g in objects(['ratunnel', '-r', *files, '--json']) if g['side'] == 'src'}
    want(got, {'A': 2, 'B': 0}, 'suspect bins')
    records = rows(['ra', '--csv', '-s', 'probe,flags', '-r', *files, '-', 'esp'])
    want({r['probe'] for r in records if 'capdrop' in r['flags']}, {'A'}, 'flagged records')


def hostile_name(folder):
    """what a probe is called is text, on the page and elsewhere"""
    name = '<i>&"x\t\x1b[2J'
    near, far = [pcap for _, pcap in pair_of(folder)]
    files = [os.path.join(folder, 'h%d.pavo' % i) for i in (0, 1)]
    for path, probe, pcap in ((files[0], name, near), (files[1], 'B', far)):
        good(['pavo', '-q', '-e', probe, '-r', pcap, '-w', path])
    page = good(['ratunnel', '-r', *files, '--html', '-']).decode()
    want(('probe &lt;i&gt;&amp;&quot;x\\x09\\x1b[2J' in page, '<i>' in page, '\x1b' in page), (True, False, False), 'page')
    for argv in ['ratunnel'], ['ratunnel', '--bins'], ['racluster', '-m', 'tunnel'], ['racluster'], ['radrill', '--by', 'bytes']:
        st, out, err = run(argv + ['-r', *files])
        want((st, '\x1b' in out.decode() + err, '\\x1b[2J' in out.decode() + err), (0, False, True), ' '.join(argv))
    want({g['probe'] for g in objects(['ratunnel', '-r', *files, '--json'])}, {'<i>&"x\\x09\\x1b[2J', 'B'}, 'JSON')


def near_of(folder):
    raw = open(os.path.join(folder, 'A.pcap'), 'rb').read()
    at = 24
    while at < len(raw):
        sec, us, n, _ = struct.unpack_from('<IIII', raw, at)
        yield sec - BASE + us / 10**6, raw[at + 16:at + 16 + n]
        at += 16 + n


def main():
    tap = Tap()
    with scratch() as folder:
        for name, act in (('S1: a correction', vector_s1), ('S2: a proven outage', vector_s2),
                          ('S3: throughput by nearest rank', vector_s3), ('S4: too few packets', vector_s4),
                          ('QT1: quiet after a busy time', vector_qt1), ('QT2: quiet', vector_qt2), ('QT3: quiet, and an outage', vector_qt3),
                          ('TP1: two probes of one path', vector_tp1), ('TP1: the kernel of one dropped packets', drops_of_one),
                          ('a probe with a name of markup', hostile_name),
                          ('a ratio of few bins', few_bins), ('bins of a long report', chosen_bins), ('a file without its header', no_header),
                          ('states: silence', bins_of_silence), ('states: IKE', bins_of_ike),
                          ('lanes, ESP in UDP beside ESP', natt_and_lanes),
                          ('numbers that were skipped', skipped_numbers),
                          ('classes that overtake', hint_of_classes), ('A1: ESP, IKE and fragments', scenario_a1), ('A3: reordering, then loss', scenario_a3)):
            try:
                act(folder)
                tap.ok(True, name)
            except (Failure, KeyError, ValueError, IndexError, TypeError) as e:
                tap.ok(False, name, repr(e) if not isinstance(e, Failure) else e)
        if os.path.exists(capture('netns/esp-burst-loss.A.pcap')):
            try:
                captured_tp1(folder)
                tap.ok(True, 'TP1: true captures')
            except (Failure, KeyError, ValueError, IndexError, TypeError) as e:
                tap.ok(False, 'TP1: true captures', repr(e) if not isinstance(e, Failure) else e)
        else:
            tap.skip('TP1: true captures', 'they are in the larger collection (PAVO_CAPTURES)')
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()

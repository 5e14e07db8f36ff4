# SPDX-License-Identifier: BSD-2-Clause
"""TCP beside tcptrace, tshark and argus.

tcptrace.tsv has, per connection and direction, what tcptrace 6.6.7 counts: packets, and unique bytes where it
saw no gap.  Packets have to be equal, our new bytes to its unique bytes.

	tcppeers.py [--make | --table]	--make: tcptrace.tsv; --table: the table of tests/RESULTS.md.  Both need the programs
"""
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict

from common import *
from tcpstreams import addr, number

LISTED = ('netns/tcp-loss.A netns/tcp-loss.B netns/tcp-reorder.A netns/tcp-reorder.B netns/tcp-dup.B netns/tcp-zerowin.A '
          'netns/tcp-zerowin.B netns/tcp-clean.A public/fix2 public/ssh-dups public/wireshark-retrans public/wikipedia '
          'public/long-session public/206_example_b public/netflix public/KakaoTalk_talk public/ssh.server-side-half-duplex '
          'public/retransmit-fast009 public/ocs public/stun public/example').split()
BESIDE = 'fix2 ssh-dups wireshark-retrans'.split()
COLUMNS = 'file stream pkts unique rexmt outoforder'.split()


def path_of(name):
    """in a collection, or in our own flat folder"""
    for p in (name, os.path.basename(name)):
        if os.path.exists(capture(p)):
            return capture(p)


def tcptrace(path):
    """stream -> packets, unique bytes (- where there are gaps), rexmt, outoforder"""
    text = subprocess.run(['tcptrace', '-n', '-l', path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    out = defaultdict(lambda: [0, 0, 0, 0, 0])
    ends, both = [], {}                  # tcptrace names both ends, then what each sent, side by side
    for line in text.split('\n'):
        m = re.match(r'\s*host \w+:\s+(\S+):(\d+)$', line)
        if m:
            ends = (ends if len(ends) == 1 else []) + [(addr(m[1]), m[2])]
            continue
        m = re.match(r'\s*(total packets|unique bytes sent|rexmt data pkts|outoforder pkts|missed data):\s+(\S+)(?: bytes)?'
                     r'\s+\1:\s+(\S+)', line)
        if m and len(ends) == 2:
            both[m[1]] = (m[2], m[3])
            if m[1] == 'missed data':
                for k, (a, b) in enumerate((ends, ends[::-1])):
                    row = out['%s:%s>%s:%s' % (a + b)]
                    row[0] += int(both['total packets'][k])
                    whole = both['missed data'][k] == '0' and row[1] is not None
                    row[1] = row[1] + int(both['unique bytes sent'][k]) if whole else None
                    row[2] += int(both['rexmt data pkts'][k])
                    row[3] += int(both['outoforder pkts'][k])
                    row[4] += int(both['missed data'][k].replace('NA', '0'))
    return out


OURS = 'pkts newbytes datasegs rtxup rtxdn spur ooo dup capmiss capfix ackgap'.split()


def ours(path):
    out = defaultdict(Counter)
    names = ','.join(s + n for n in OURS for s in 'sd')
    for r in rows(['racluster', '-m', 'flow', '-nn', '--csv', '-s', 'saddr,sport,daddr,dport,' + names, '-', 'tcp'],
                  good(['pavo', '-q', '-r', path])):
        ends = (addr(r['saddr']), r['sport']), (addr(r['daddr']), r['dport'])
        for side, key in (('s', ends), ('d', ends[::-1])):
            for n in OURS:
                out['%s:%s>%s:%s' % (key[0] + key[1])][n] += number(r[side + n])
    return out


def make():
    print('# What tcptrace says of each direction of each connection (tcppeers.py --make); unique: - where it saw a gap')
    print('\t'.join(COLUMNS))
    for name in LISTED:
        path = path_of(name + '.pcap')
        for stream, v in sorted(tcptrace(path).items()):
            print('\t'.join([name + '.pcap', stream] + ['-' if x is None else str(x) for x in v[:4]]))


def shell(line):
    return subprocess.run(line, shell=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env=dict(ENV, HOME='/nonexistent')).stdout


def beside():
    """three captures, all directions summed"""
    print('| capture | | pavo | tcptrace | tshark | argus |\n|---|---|---|---|---|---|')
    for name in BESIDE:
        path = path_of('public/' + name + '.pcap')
        p = sum(ours(path).values(), Counter())
        t = [sum(v[k] or 0 for v in tcptrace(path).values()) for k in range(5)]
        flags = 'retransmission spurious_retransmission out_of_order ack_lost_segment'.split()
        line = 'tshark -r %s -q -z io,stat,0%s' % (path, ''.join(',"COUNT(tcp.analysis.%s)tcp.analysis.%s"' % (f, f) for f in flags))
        w = [int(x) for x in re.findall(r'\d+', re.search(r'^\|[^|]*<>[^|]*\|(.*)$', shell(line), re.M)[1])]
        a = Counter()
        with scratch() as folder:
            text = shell('argus -X -r %s -w %s/a && ra -X -nn -r %s/a -c , -L -1 -s sloss dloss sretrans dretrans sgap dgap flgs '
                         '- tcp' % (path, folder, folder))
        for r in text.strip().split('\n'):
            f = r.split(',')
            for k, n in enumerate('loss loss retrans retrans gap gap'.split()):
                a[n] += int(f[k] or 0)
            a['ooo'] += 'i' in f[6]
        for row in (('network loss', p['rtxup'] + p['rtxdn'], '-', '-', a['loss']),
                    ('sent again', '%d, of these %d needless' % (p['rtxup'] + p['rtxdn'] + p['spur'], p['spur']), t[2], '%d, of these %d spurious' % (w[0], w[1]),
                     a['retrans']),
                    ('captured twice', p['dup'], '-', '-', '-'),
                    ('reordered', p['ooo'], t[3], w[2], 'a flag on %d records' % a['ooo'] if a['ooo'] else 0),
                    ('not captured', '%d bytes in %d events' % (p['capmiss'] - p['capfix'], p['ackgap']) if p['capmiss'] else 0,
                     '%d bytes' % t[4] if t[4] else 0, '%d events' % w[3] if w[3] else 0, '%d bytes' % a['gap'] if a['gap'] else 0)):
            print('| %s | %s | %s |' % (name, row[0], ' | '.join(str(x) for x in row[1:])))


def main():
    if '--make' in sys.argv:
        return make()
    if '--table' in sys.argv:
        return beside()
    tap = Tap()
    for name, truth in sorted(by_file(table('tcptrace', HERE)).items()):
        path = path_of(name)
        if path is None:
            continue
        try:
            mine = ours(path)
        except Failure as e:
            tap.ok(False, name, e)
            continue
        bad = ['%s: tcptrace %s, ours %d' % (r['stream'], r['pkts'], mine[r['stream']]['pkts']) for r in truth
               if int(r['pkts']) != mine[r['stream']]['pkts']]
        tap.ok(not bad, '%s: packets of %d directions' % (name, len(truth)), *bad)
        whole = [r for r in truth if r['unique'] != '-']
        bad = ['%s: tcptrace %s, ours %d' % (r['stream'], r['unique'], mine[r['stream']]['newbytes']) for r in whole
               if int(r['unique']) != mine[r['stream']]['newbytes']]
        if whole:
            tap.ok(not bad, '%s: new bytes of %d directions without gaps' % (name, len(whole)), *bad)
    tap.end()


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: BSD-2-Clause
"""The same records whatever -j is: every field of every record, MAR included, in any order, of all captures, and of one
written here in which as much as possible crosses pairs of addresses; there the sums are known, too.  Where a cap is
reached no packet is uncounted, and no worker has more than its share.  A disk that is full stops all workers.

Left out are the levels of MAR (active, fragtab, satab): what each worker had when it was through with the bin.
"""
import glob
import os
import struct
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from common import *
from peers import Case, ether, ip

LEVELS = {'active', 'fragtab', 'satab'}


def dump(argv, status=(0,)):
    """every field of every record, the records in no order"""
    out = rows(['ra', '--mar', '-s', 'all', '-u', '-p', '9', '--csv'], good(['pavo', '-q', '-e', 'p'] + argv, status=status))
    return Counter(tuple((k, v) for k, v in r.items() if k not in LEVELS and v != '-') for r in out)


def difference(one, many):
    only = [sorted((a - b).elements())[:2] for a, b in ((one, many), (many, one))]
    return '%d records, not %d; only with one worker: %s; only with several: %s' % (
        sum(many.values()), sum(one.values()), [dict(r) for r in only[0]], [dict(r) for r in only[1]])


def same(path, seconds, jobs, *options):
    argv = ['-S', str(seconds), '-r', path] + list(options)
    one = dump(argv, (0, 2))
    for j in jobs:
        many = dump(['-j', str(j)] + argv, (0, 2))
        if many != one:
            raise Failure('-j %d: %s' % (j, difference(one, many)))
    return one


# --- what crosses pairs of addresses

def udp(src, dst, sport, dport, size):
    return ip(src, dst, 17, struct.pack('!HHHH', sport, dport, 8 + size, 0) + bytes(size))


def gre(src, dst, seq, inner, kind=0x0800, **fragment):
    return ip(src, dst, 47, struct.pack('!HHI', 0x1000, kind, seq) + inner, **fragment)


def quoting(router, packet):
    """time exceeded, to the packet's sender"""
    return ip(router, '.'.join(str(b) for b in packet[12:16]), 1, struct.pack('!BBHI', 11, 0, 0, 0) + packet[:28])


def errors(c):
    """40 flows, each with its own router: at once, in the next bin, and 9 s later, when the bin is written"""
    for i in range(40):
        for n in range(10):
            p = udp('10.1.%d.1' % i, '10.2.%d.1' % i, 4000, 9, 30)
            c.put(n + i / 100, p)
            if n < 3:
                c.put(n + i / 100 + (0.2, 6, 9)[n], quoting('172.16.%d.1' % i, p))


def outer_fragments(c):
    """GRE whose packets of 1500 bytes need two fragments; every third time the second one comes first; every tenth time
    the first one does not come"""
    for i in range(30):
        for n in range(20):
            src, dst, ident = '192.0.2.1', '198.51.100.%d' % i, n + 1
            inner = udp('10.3.%d.1' % i, '10.4.%d.1' % i, 5000, 9, 1472)
            data = struct.pack('!HH', 0, 0x0800) + inner
            pieces = [ip(src, dst, 47, data[:1400], ident, 0, True), ip(src, dst, 47, data[1400:], ident, 1400)]
            if n % 3 == 2:
                pieces.reverse()
            if n % 10 == 9:
                pieces = [ip(src, dst, 47, data[1400:], ident, 1400)]
            for k, p in enumerate(pieces):
                c.put(20 + n / 7 + i / 1000 + k * 0.3, p)


def moving(c):
    """20 peers in UDP whose address changes, to another one each, while two of their packets are lost"""
    for i in range(20):
        for n in list(range(1, 101)) + list(range(103, 201)):
            c.esp(40 + n / 10 + i / 1000, '203.0.113.%d' % (i if n <= 100 else i + 100), '198.51.100.200', 0x5000 + i, n,
                  udp=True)


def group(c):
    """one sender, one SPI, one numbering for 20 receivers; 5 are lost"""
    for n in range(1, 2001):
        if n % 400:
            c.esp(70 + n / 100, '10.6.0.1', '10.6.1.%d' % (n % 20), 0x77000000, n)


def numbered(c):
    """GRE with numbers: every other packet holds one of 50 flows, the others what nobody knows.  One that held a flow is lost:
    a packet of the tunnel finds its number missing"""
    for n in range(400):
        if n != 61:
            inner = udp('10.7.%d.1' % (n % 50), '10.8.%d.1' % (n % 50), 6000, 9, 20)
            c.put(100 + n / 20, gre('192.0.3.1', '192.0.3.2', n, *((inner,) if n % 2 else (bytes(30), 0x1234))))


def ike(c):
    """IKE (its AUTH) between gateways before their SAs begin: the pairing is sure only to who has heard it"""
    for i in range(20):
        a, b = '10.9.%d.1' % i, '10.9.%d.2' % i
        head = struct.pack('!QQBBBBII', 7 + i, 8, 46, 0x20, 35, 8, 1, 28)
        c.put(130 + i / 100, ip(a, b, 17, struct.pack('!HHHH', 500, 500, 8 + len(head), 0) + head))
        for n in range(1, 20):
            c.esp(131 + n / 5 + i / 100, a, b, 0x9000 + i, n)
            c.esp(131.01 + n / 5 + i / 100, b, a, 0xa000 + i, n)


def crossing(path):
    c = Case()
    for make in (errors, outer_fragments, moving, group, numbered, ike):
        make(c)
    c.put(200, udp('10.1.0.1', '10.2.0.1', 4000, 9, 30))
    c.write(path)
    return len(c.frames)


def total(records, expression, *names):
    out = dict.fromkeys(names, 0)
    for r in records:
        r = dict(r)
        if expression(r):
            for n in names:
                out[n] += int(r.get(n, 0))
    return [out[n] for n in names]


def known(records, frames):
    """what the capture was made of, in the records of any number of workers"""
    all_rows = list(records.elements())
    one_of = lambda prefix: lambda r: r.get('saddr', '').startswith(prefix) or r.get('daddr', '').startswith(prefix)
    want(total(all_rows, lambda r: True, 'frames', 'spkts', 'dpkts')[0], frames, 'frames')
    want(sum(total(all_rows, lambda r: True, 'spkts', 'dpkts')), frames, 'packets in flows')
    want(total(all_rows, lambda r: True, 'icmpttl'), [120], 'errors in the flows that they are about')
    # 18 datagrams of 20 are whole, their pieces are the inner flow's; two second pieces are of GRE alone
    want(total(all_rows, one_of('10.3.'), 'spkts', 'sfragok'), [30 * 36, 30 * 18], 'fragments in the flow inside')
    want(total(all_rows, lambda r: r.get('proto') == 'gre' and one_of('192.0.2.')(r), 'spkts', 'sfragorph'), [60, 60],
         'fragments without a first one')
    want(total(all_rows, one_of('203.0.113.'), 'spkts', 'suniq', 'slost', 'sroam'), [20 * 198, 20 * 198, 40, 20],
         'peers that moved')
    lost, fix = total(all_rows, one_of('10.6.0.'), 'slost', 'sfix')
    want((lost - fix, total(all_rows, one_of('10.6.0.'), 'suniq')), (4, [1995]), 'the group')  # nobody knows of the last one
    want(total(all_rows, lambda r: r.get('proto') == 'gre' and one_of('192.0.3.')(r), 'slost', 'suniq'), [1, 200],
         'numbers of GRE')
    want({dict(r).get('pconf') for r in all_rows if one_of('10.9.')(dict(r)) and dict(r).get('proto') == 'esp' and
          'spkts' in dict(r)}, {'3'},
         'how sure a pairing is')


# --- caps

def flood(path):
    """20000 flows, 20000 fragments without a first one, 2000 SAs, in 20 s"""
    c = Case()
    for i in range(20000):
        a, b = '10.%d.%d.1' % (10 + (i >> 8 & 3), i & 255), '10.%d.%d.2' % (20 + (i >> 10), i >> 4 & 255)
        c.put(i / 1000, udp(a, b, 1000 + i % 60000, 9, 20))
        c.put(i / 1000, ip(a, b, 17, bytes(64), i & 0xffff, 1480, False))
        if i % 10 == 0:
            c.esp(i / 1000, a, b, 0x5000 + i, 1)
    c.write(path)
    return len(c.frames)


CAPS = {'--max-flows': (2000, 'active', ('evict_prob', 'evict_conf')), '--max-frags': (400, 'fragtab', ('fragevict',)),
        '--max-sas': (400, 'satab', ('saevict',))}


def capped(path, frames, j):
    argv = ['pavo', '-q', '-j', str(j), '-S', '1', '-r', path]
    for option, (cap, _, _) in CAPS.items():
        argv += [option, str(cap)]
    records = good(argv)
    count = json.loads(good(['racount', '--json'], records))
    want((count['mar']['frames'], count['conserved']), (frames, True), 'frames, conserved')
    mar = rows(['ra', '--mar', '-s', 'all', '--csv', '-', 'mar'], records)
    for cap, level, counters in CAPS.values():
        most = max(int(r[level]) for r in mar if r[level] != '-')
        want(0 < most <= cap, True, '%s %d' % (level, most))
        want(sum(int(r[n]) for r in mar for n in counters if r[n] != '-') > 0, True, counters[0])


def full_disk(path):
    if not os.path.exists('/dev/full'):
        return
    for j in (1, 3):
        status, _, err = run(['pavo', '-q', '-j', str(j), '-S', '1', '-r', path, '-w', '/dev/full'])
        want((status, '/dev/full: can not write: No space left on device' in err), (2, True), '-j %d: %s' % (j, err.strip()))


def own_captures():
    folder = os.path.join(SRC, 'tests', 'cases')
    return sorted(f for f in glob.glob(os.path.join(folder, '*')) if '.pcap' in f)


def main():
    tap = Tap()

    def case(title, function, *args):
        try:
            return title, None, function(*args)
        except Failure as e:
            return title, str(e), None

    jobs = [('%s, -S 5' % r['file'], same, capture(r['file']), 5, (2, 3, 4)) for r in table('files')]
    jobs += [('%s, -S 1' % r['file'], same, capture(r['file']), 1, (4,)) for r in table('files')[::3]]
    jobs += [('%s, -S 60' % r['file'], same, capture(r['file']), 60, (3,)) for r in table('files')[1::3]]
    jobs += [('%s, -S 5' % os.path.basename(f), same, f, 5, (3,)) for f in own_captures()]
    with scratch() as folder, ThreadPoolExecutor(2) as pool:
        path, caps = os.path.join(folder, 'x.pcap'), os.path.join(folder, 'caps.pcap')
        frames, many = crossing(path), flood(caps)
        for seconds in (1, 5, 60):
            title, wrong, records = case('what crosses pairs of addresses, -S %d' % seconds, same, path, seconds, (2, 3, 4, 7))
            tap.ok(wrong is None, title, wrong)
            if records is not None:
                title, wrong, _ = case('what it was made of, -S %d' % seconds, known, records, frames)
                tap.ok(wrong is None, title, wrong)
        jobs += [('the same with --key +gre, --no-lanes, --outer', lambda p: [same(p, 5, (3,), *o) for o in (
            ('--key', '+gre'), ('--no-lanes',), ('--outer',))], path)]
        jobs += [('caps are reached, -j %d' % j, capped, caps, many, j) for j in (1, 2, 4)]
        jobs += [('a full disk', full_disk, caps)]
        for title, wrong, _ in pool.map(lambda job: case(*job), jobs):
            tap.ok(wrong is None, title, wrong)
    tap.end()


if __name__ == '__main__':
    main()

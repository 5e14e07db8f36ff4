# SPDX-License-Identifier: BSD-2-Clause
"""Rates, percentiles and peaks of packets that are written here, so that every number is known before any program sees it.

All rows of a table are divided by the same seconds, so rates add up; a percentile is the value at rank ceil(p/100 * n) with
idle bins; a peak is the greatest of the finer bins, the first of equal ones, for each key after its rows are added.
"""
import math
import os
import random
import struct
import sys

from common import *

T = 5
LONG = bool(os.environ.get('PAVO_LONG'))
START = 1700000100                       # 2023-11-14 22:15:00, a full minute
HOSTS = ('192.0.2.1', '192.0.2.2', '192.0.2.3')
SERVER = '198.51.100.9'


def address(text):
    return bytes(int(x) for x in text.split('.'))


def frame(src, dst, sport, dport, length):
    udp = struct.pack('>HHHH', sport, dport, length - 34, 0) + bytes(length - 42)
    head = struct.pack('>BBHHHBBH', 0x45, 0, length - 14, 0, 0, 64, 17, 0) + address(src) + address(dst)
    total = sum(struct.unpack('>10H', head))
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack('>H', 0xffff - (total + (total >> 16) & 0xffff)) + head[12:]
    return bytes.fromhex('020000000001020000000002') + b'\x08\x00' + head + udp


class Traffic:
    """(bin, host, port, towards the server) -> packets and bytes"""

    def __init__(self, seed):
        rng = random.Random(seed)
        self.n = {}
        self.packets = []
        for k in range(72):              # six minutes, of which some bins and hosts are idle
            if 24 <= k < 37 or rng.random() < 0.1:
                continue
            for h in HOSTS:
                for port in (40000, 40001):
                    for up in (True, False):
                        if rng.random() < 0.3:
                            continue
                        for _ in range(rng.choice((1, 2, 2, 5))):
                            self.packet(k, h, port, up, rng.choice((100, 100, 300, 1400)))

    def packet(self, k, host, port, up, length):
        at = self.n.setdefault((k, host, port, up), [0, 0])
        at[0] += 1
        at[1] += length
        t = START + T * k + (0.001 if up else 1.002) + 0.01 * at[0]
        ends = (host, SERVER, port, 161) if up else (SERVER, host, 161, port)
        self.packets.append((t, frame(*ends, length)))

    def write(self, path):
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for t, data in sorted(self.packets):
                us = round(t * 1e6)
                f.write(struct.pack('<IIII', us // 1000000, us % 1000000, len(data), len(data)) + data)

    def sums(self, key, what, bins=None):
        """key(host, port) -> sum of packets (0) or bytes (1), of (up, down)"""
        out = {}
        for (k, host, port, up), n in self.n.items():
            if bins is None or k in bins:
                out.setdefault(key(host, port), [0, 0])[not up] += n[what]
        return out

    def first_and_last(self):
        ks = [k for k, _, _, _ in self.n]
        return min(ks), max(ks)


KEYS = (('saddr', lambda h, p: h), ('sport', lambda h, p: str(p)), ('saddr,sport', lambda h, p: (h, str(p))), ('none', lambda h, p: '*'))


def name_of(key, row):
    return '*' if key == 'none' else tuple(row[k] for k in key.split(',')) if ',' in key else row[key]


def near(text, value, what):
    """as it is printed: rates in bit/s are whole, others have two digits behind the point, or two that count"""
    slack = 0.5001 if 'load' in what else max(0.0051, value * 0.06 if value < 0.1 else 0)
    if abs(float(text) - value) > slack:
        raise Failure('%s: %s, not %r' % (what, text, value))


def rates_of(path, tool, traffic, key, fn, seconds, bins=None, more=()):
    sums, pkts = traffic.sums(fn, 1, bins), traffic.sums(fn, 0, bins)
    got = rows(tool + ['-r', path, '-m', key, '--csv', '-s', 'saddr,sport,sbytes,dbytes,load,sload,dload,rate,bytes_rate'] + list(more))
    got = [r for r in got if name_of(key, r) in sums or key == 'none']
    want(len(got), len(sums), '%s -m %s: rows' % (tool[0], key))
    for r in got:
        up, down = sums[name_of(key, r)]
        want((int(r['sbytes']), int(r['dbytes'])), (up, down), 'bytes of %s' % (name_of(key, r),))
        near(r['load'], 8.0 * (up + down) / seconds, 'load of %s' % (name_of(key, r),))
        near(r['sload'], 8.0 * up / seconds, 'sload')
        near(r['dload'], 8.0 * down / seconds, 'dload')
        near(r['rate'], sum(pkts[name_of(key, r)]) / seconds, 'rate')
        near(r['bytes_rate'], (up + down) / seconds, 'bytes_rate')


def rates(traffic, path):
    """one divisor for all rows of racluster and ratop: the input's span, or that of -t in whole bins"""
    first, last = traffic.first_and_last()
    for key, fn in KEYS:
        rates_of(path, ['racluster'], traffic, key, fn, T * (last + 1 - first))
        rates_of(path, ['racluster', '--memory', '1K', '-P', '2'], traffic, key, fn, T * (last + 1 - first))
        if key != 'none':
            rates_of(path, ['ratop', '-N', '100', '-o', 'load'], traffic, key, fn, T * (last + 1 - first))
        span = '%d-%d' % (START + 12, START + 118)           # bins 2 to 23
        rates_of(path, ['racluster'], traffic, key, fn, T * 22, range(2, 24), ['-t', span])
        one = [h for h in HOSTS][1]
        rates_of(path, ['racluster'], Only(traffic, one), key, fn, T * (last + 1 - first), None, ['-', 'host', one])


class Only(Traffic):
    def __init__(self, whole, host):
        self.n = {k: v for k, v in whole.n.items() if k[1] == host}


def bins(traffic, path):
    """rows of rabins are divided by the length of their bin, which -t cuts"""
    for more, width in (([], 60), (['-t', '%d-%d' % (START + 20, START + 100)], 60)):
        for r in rows(['rabins', '-r', path, '-M', '%ds' % width, '--csv', '-u', '-p', '0', '-s', 'bstart,blen,bytes,load,bytes_rate'] + more):
            k = (int(r['bstart']) - START) // T
            n = int(r['blen']) // T
            total = sum(map(sum, traffic.sums(lambda h, p: 0, 1, range(k, k + n)).values()))
            want(int(r['bytes']), total, 'bytes of a bin')
            near(r['load'], 8.0 * total / int(r['blen']), 'load of a bin')
            near(r['bytes_rate'], total / int(r['blen']), 'bytes_rate of a bin')


def again(traffic, path):
    """merged records sorted: the span of what was written"""
    first, last = traffic.first_and_last()
    good(['racluster', '-r', path, '-m', 'saddr', '-w', path + '.m'])
    got = [float(r['load']) for r in rows(['rasort', '-r', path + '.m', '-m', '-load', '--csv', '-s', 'load'])]
    sums = sorted((8.0 * sum(v) / (T * (last + 1 - first)) for v in traffic.sums(lambda h, p: h, 1).values()), reverse=True)
    want([round(v) for v in sums], [int(v) for v in got], 'rasort of merged records')


def throughput(traffic, path):
    """how fast one flow was, by its own packets; a row of several flows has none, however it was merged"""
    flows = {}
    for t, data in traffic.packets:
        host, port = ('.'.join(map(str, data[a:a + 4])) for a in (26, 30)), struct.unpack('>HH', data[34:38])
        key = tuple(sorted(zip(host, port)))
        f = flows.setdefault(key, [t, t, 0])
        f[:] = min(f[0], t), max(f[1], t), f[2] + len(data) - 42
    conv, merged = path + '.conv', path + '.host'
    good(['racluster', '-r', path, '-m', 'conv', '-w', conv])
    for source in (path, conv):
        got = rows(['racluster', '-r', source, '-m', 'conv', '--csv', '-s', 'saddr,sport,daddr,dport,trans,throughput'])
        want(len(got), len(flows), 'conversations')
        for r in got:
            first, last, size = flows[tuple(sorted(((r['saddr'], int(r['sport'])), (r['daddr'], int(r['dport'])))))]
            if r['trans'] == '1':
                near(r['throughput'], 8.0 * size / (last - first), 'load, as throughput')
            else:
                want(r['throughput'], '-', 'throughput of several flows')
        good(['racluster', '-r', source, '-m', 'saddr,daddr', '-w', merged])
        for key in ('none', 'matrix'):
            for of in (source, merged):
                got = rows(['racluster', '-r', of, '-m', key, '--csv', '-s', 'trans,throughput,sthroughput,dthroughput'])
                want([list(r.values())[1:] for r in got if r['trans'] != '1'], [['-'] * 3] * len(got), '-m %s' % key)


def percentiles(traffic, path):
    """nearest rank over all bins of the range, idle ones too"""
    first, last = traffic.first_and_last()
    for more, span in (([], range(first, last + 1)), (['-t', '%d-%d' % (START - 60, START + 400)], range(-12, 80))):
        values = sorted(sum(traffic.sums(lambda h, p: 0, 1, [k]).get(0, [0, 0])) for k in span)
        data = good(['rabins', '-r', path, '-M', '5s', '--zero', '-w', '-'] + more)
        got = json.loads(good(['rahisto', '-o', 'bytes', '--json'], data))
        want(got['n'], len(values), 'values')
        for p in (50, 90, 95, 99):
            want(got['p%d' % p], values[math.ceil(p * len(values) / 100) - 1], '%d %%' % p)
        want(got['percentiles'], 'exact', 'what percentiles are')


def many(traffic, path):
    """of more than a million values a percentile is the upper bound of its range, at most a quarter too great, and says so"""
    values = sorted(sum(v) for v in traffic.sums(lambda h, p: (h, p), 1).values())
    data, times = good(['racluster', '-r', path, '-m', 'saddr,sport', '-w', '-']), 1
    while times * len(values) <= 1000000:
        data, times = good(['ra', '-r', '-', '-w', '-'], data * 8), times * 8
    got = json.loads(good(['rahisto', '-o', 'bytes', '--json'], data))
    want((got['n'], got['percentiles']), (times * len(values), 'upper bound'), 'what percentiles are')
    text = good(['rahisto', '-o', 'bytes'], data).decode().split('\n')[0]
    want((text.count(' up to '), '(upper bounds of ranges)' in text), (4, True), text)
    for p in (50, 90, 95, 99):
        true = values[math.ceil(p * len(values) / 100) - 1]
        if not true <= got['p%d' % p] <= min(true * 1.25, values[-1]):
            raise Failure('%d %%: %d, not %d or a little more' % (p, got['p%d' % p], true))


def peaks(traffic, path):
    """the greatest of the finer bins, the first of equal ones: of counters and rates, for each key, with threads and little memory"""
    for key, fn in KEYS:
        for field, scale, side in (('bytes', 1, None), ('load', 8 / T, None), ('spkts', 1, 0), ('dpkts', 1, 1)):
            expected = {}
            for k in range(72):
                for name, (up, down) in traffic.sums(fn, 0 if 'pkts' in field else 1, [k]).items():
                    value = (up + down if side is None else (up, down)[side])
                    best = expected.get((k // 12, name))
                    if best is None or value > best[0]:
                        expected[k // 12, name] = (value, START + T * k)
            for way in ([], ['-P', '2'], ['--memory', '1K', '-P', '2']):
                got = rows(['rabins', '-r', path, '-M', '1m', '-m', key, '--peak', field, '--csv', '-u', '-p', '0',
                            '-s', 'bstart,saddr,sport'] + way)
                want(len(got), len(expected), '-m %s: rows' % key)
                for r in got:
                    value, when = expected[(int(r['bstart']) - START) // 60, name_of(key, r)]
                    if value == 0 and r[field + '_peak'] == '-':
                        continue         # a side that sent nothing in any finer bin
                    want((round(float(r[field + '_peak'])), int(r[field + '_peaktime'])), (round(value * scale), when),
                         '%s of %s in %s' % (field, name_of(key, r), r['bstart']))


def main():
    tap = Tap()
    with scratch() as folder:
        for seed in range(10 if LONG else 2):
            traffic = Traffic(seed)
            path = os.path.join(folder, '%d.pavo' % seed)
            traffic.write(path + '.pcap')
            good(['pavo', '-q', '-S', str(T), '-r', path + '.pcap', '-w', path])
            for case in (rates, bins, again, throughput, percentiles, peaks) + ((many,) if LONG and seed == 0 else ()):
                try:
                    case(traffic, path)
                    tap.ok(True, '%s (%d)' % (case.__doc__, seed))
                except Failure as e:
                    tap.ok(False, '%s (%d)' % (case.__doc__, seed), str(e))
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


main()

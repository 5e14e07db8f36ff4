# SPDX-License-Identifier: BSD-2-Clause
"""What ra --ipfix writes, read by a decoder written from RFC 7011, 5103, 5610 and 5655, has the values that ra --csv prints,
where they are known, and no others: to a file, in datagrams and through a connection."""
import os
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'truth'))
from common import *
import tempfile

CAPTURES_ = ['tcp-loss.B.pcap', 'esp-mixed.B.pcap', 'udp-frag-loss.B.pcap', 'esp6-loss.B.pcap', 'ah-loss.B.pcap']
OURS, REVERSE = 32473, 29305
NTP = 2208988800
# by hand, from IANA's registry: (owner, number) -> field
NAMES = {(0, 154): 'stime', (0, 155): 'ltime', (0, 8): 'saddr', (0, 27): 'saddr', (0, 12): 'daddr', (0, 28): 'daddr', (0, 7): 'sport', (0, 11): 'dport',
         (0, 4): 'proto', (0, 256): 'ethertype', (0, 2): 'spkts', (0, 1): 'sipbytes', (0, 352): 'sbytes', (0, 6): 'stcpflags', (0, 295): 'sspi', (0, 195): 'sdscp',
         (0, 52): 'sttlmin', (0, 148): 'flowid', (0, 300): 'probe', (0, 152): 'stime_ms', (0, 153): 'ltime_ms', (0, 136): 'reason',
         (0, 176): 'icmptype', (0, 178): 'icmptype', (0, 177): 'icmpcode', (0, 179): 'icmpcode', (0, 58): 'svlan'}
BACK = {2: 'dpkts', 1: 'dipbytes', 352: 'dbytes', 6: 'dtcpflags', 295: 'dspi', 195: 'ddscp', 52: 'dttlmin', 58: 'dvlan'}
FIELDS = 'rectype,bstart,bend,stime,ltime,saddr,daddr,sport,dport,proto,spkts,dpkts,sipbytes,dipbytes,sbytes,dbytes,sspi,dspi,flowid,probe,sloss,dloss,rtts,rttd,rtt'


class Stream:
    """messages in order, and what they say"""

    def __init__(self):
        self.templates, self.scopes, self.names, self.records = {}, {}, {}, []
        self.expected, self.messages, self.longest, self.sent, self.last_time = 0, 0, 0, {}, 0

    def take(self, data, whole=True):
        at = 0
        while at < len(data):
            version, length, when, sequence, domain = struct.unpack_from('>HHIII', data, at)
            want((version, domain), (10, 0), 'version and domain')
            want(sequence, self.expected, 'sequence number of message %d' % self.messages)
            want(length >= 20 and at + length <= len(data), True, 'length of a message')
            want(when >= self.last_time, True, 'export times')
            self.last_time = when
            self.message(data[at + 16:at + length])
            self.messages += 1
            self.longest = max(self.longest, length)
            at += length

    def message(self, data):
        at = 0
        while at < len(data):
            kind, length = struct.unpack_from('>HH', data, at)
            want(length > 4 and at + length <= len(data), True, 'length of a set')
            body = data[at + 4:at + length]
            if kind in (2, 3):
                self.describe(body, kind == 3)
            else:
                self.rows(kind, body)
            at += length

    def describe(self, data, options):
        at = 0
        while at < len(data):
            number, n = struct.unpack_from('>HH', data, at)
            at += 4
            scopes = 0
            if options:
                scopes, = struct.unpack_from('>H', data, at)
                at += 2
            fields_ = []
            for _ in range(n):
                element, length = struct.unpack_from('>HH', data, at)
                at += 4
                pen = 0
                if element & 0x8000:
                    pen, = struct.unpack_from('>I', data, at)
                    at += 4
                fields_.append((pen, element & 0x7fff, length))
            want(number >= 256 and n > 0, True, 'number of a template')
            want(self.templates.get(number, fields_), fields_, 'a template that comes again')
            want(len(set(f[:2] for f in fields_)), n, 'elements of a template, each once')
            self.templates[number], self.scopes[number] = fields_, scopes
            self.sent[number] = self.sent.get(number, 0) + 1

    def rows(self, number, data):
        want(number in self.templates, True, 'template %d is known' % number)
        at = 0
        while at < len(data):
            row = {}
            for pen, element, length in self.templates[number]:
                if length == 65535:
                    length = data[at]
                    at += 1
                    if length == 255:
                        length, = struct.unpack_from('>H', data, at)
                        at += 2
                want(at + length <= len(data), True, 'a record ends in its set')
                row[pen, element] = data[at:at + length]
                at += length
            self.expected += 1
            if self.scopes[number]:
                key = struct.unpack('>I', row[0, 346])[0], struct.unpack('>H', row[0, 303])[0]
                self.names[key] = row[0, 341].decode(), row[0, 339][0], row[0, 344][0], struct.unpack('>H', row[0, 345])[0]
            else:
                self.records.append(row)


def whole(v):
    return int.from_bytes(v, 'big')


def fraction(v, digits):
    s, part = struct.unpack('>II', v)
    return '%d.%0*d' % (s - NTP, digits, part * 10 ** digits >> 32)


def shown(stream, row):
    """the fields of a record, as ra --csv -u -p 6 has them"""
    out = {}
    for (pen, number), v in row.items():
        name = BACK.get(number, number) if pen == REVERSE else NAMES.get((pen, number), number)
        kind = None
        if pen == OURS:
            name, kind = stream.names[pen, number][:2]
        if name in ('stime', 'ltime'):
            out[name] = fraction(v, 6)
        elif name in ('stime_ms', 'ltime_ms'):
            out[name] = '%d.%03d' % divmod(whole(v), 1000)
        elif name in ('saddr', 'daddr'):
            out[name] = socket.inet_ntop(socket.AF_INET if len(v) == 4 else socket.AF_INET6, v)
        elif name in ('sspi', 'dspi'):
            out[name] = '0x%08x' % whole(v)
        elif name == 'ethertype':
            out['proto'] = '0x%04x' % whole(v)
        elif name == 'flowid':
            out[name] = '%016x' % whole(v)
        elif name == 'probe' or kind == 13:
            out[name] = v.decode()
        elif kind == 17:
            out[name] = fraction(v, 6)
        elif kind == 10:
            out[name] = struct.unpack('>d', v)[0]
        elif kind == 8:
            out[name] = str(int.from_bytes(v, 'big', signed=True))
        else:
            out[name] = str(whole(v))
    return out


def durations(row):
    """ra prints them in seconds"""
    return {k: '%.6f' % (int(v) / 1e6) if k in ('rtts', 'rttd', 'rtt') else v for k, v in row.items()}


def same(stream, expected):
    want(len(stream.records), len(expected), 'records')
    for i, (row, e) in enumerate(zip(stream.records, expected)):
        got = durations(shown(stream, row))
        e = {k: v for k, v in e.items() if v != '-'}
        for name, instead in ('stime', 'bstart'), ('ltime', 'bend'):
            t = e.setdefault(name, e[instead])
            e[name + '_ms'] = t[:-3]
        want(got, e, 'record %d' % i)


def read(argv):
    s = Stream()
    s.take(good(argv))
    return s


def to_file(records):
    s = read(['ra', '-r', records, '--ipfix', '-s', FIELDS])
    same(s, rows(['ra', '-r', records, '--csv', '-u', '-nn', '-s', FIELDS]))
    want(s.longest <= 65000, True, 'longest message: %d' % s.longest)
    want(set(s.sent.values()), {1}, 'each template once')
    want(s.names[OURS, 1008], ('sloss', 8, 3, 0), 'what sloss is')
    want(s.names[OURS, 1066], ('rtt', 4, 1, 7), 'what rtt is')
    want(len(set(len(t) for t in s.templates.values())) > 2, True, 'records differ in what they have')
    want(good(['ra', '-r', records, '--ipfix']), good(['ra', '-r', records, '--ipfix', '-P', '1']), 'the same bytes in every run')


def sums(s, names):
    total = [0] * len(names)
    for row in s.records:
        f = shown(s, row)
        total = [t + int(f.get(n, 0)) for t, n in zip(total, names)]
    return total


def totals(records):
    flow = json.loads(good(['racount', '-r', records, '--json']))['flow']
    s = read(['ra', '-r', records, '--ipfix', '-s', 'spkts,dpkts,sbytes,dbytes'])
    a, b, c, d = sums(s, ['spkts', 'dpkts', 'sbytes', 'dbytes'])
    want((a + b, c + d), (flow['pkts'], flow['bytes']), 'packets and bytes')
    s = read(['racluster', '-r', records, '-m', 'none', '--ipfix', '-s', 'spkts,dpkts,sbytes,dbytes'])
    want((len(s.records), sums(s, ['spkts', 'dpkts', 'sbytes', 'dbytes'])), (1, [a, b, c, d]), 'racluster')


def uniflow(records):
    names = ['spkts', 'sbytes', 'sloss']
    both = sums(read(['ra', '-r', records, '--ipfix', '-s', FIELDS]), names + ['dpkts', 'dbytes', 'dloss'])
    s = read(['ra', '-r', records, '--ipfix=uniflow', '-s', FIELDS])
    want(any(pen == REVERSE for t in s.templates.values() for pen, _, _ in t), False, 'no element of the other direction')
    want(sums(s, names), [a + b for a, b in zip(both[:3], both[3:])], 'packets, bytes and loss of both directions')
    flows = {}
    for row in s.records:
        f = shown(s, row)
        want('dloss' in f, False, 'a record of one direction has one loss')
        flows.setdefault((f['flowid'], f['rectype']), set()).add((f['saddr'], f['daddr'], f.get('sport'), f.get('dport')))
    turned = [v for v in flows.values() if len(v) == 2]
    want(len(turned) > 2, True, 'flows with two directions')
    for v in turned:
        (a, b, c, d), (e, f, g, h) = v
        want((a, b, c, d), (f, e, h, g), 'ends of the other direction')
    want(sorted(read(['ra', '-r', records, '--ipfix=uniflow', '-s', 'spkts']).records, key=str),
         sorted(read(['ra', '-r', records, '--ipfix=uniflow', '-s', 'dpkts,spkts']).records, key=str), 'one of a pair is both')


def every_field(records):
    s = read(['ra', '-r', records, '--ipfix', '-s', 'all', '--mar'])
    expected = rows(['ra', '-r', records, '--csv', '-u', '-nn', '-s', 'all', '--mar'])
    want(len(s.records), len(expected), 'records')
    numbers = {name for name, kind, _, unit in s.names.values() if kind in (4, 8) and unit != 7}
    want(len(numbers) > 200, True, 'numbers among our elements')
    kinds = fields()
    for row, e in zip(s.records, expected):
        got = shown(s, row)
        for name in numbers:
            if kinds.get(name, ('COUNT',))[0] in ('COUNT', 'BYTES', 'USEC2', 'INT'):
                want(got.get(name, '-'), e[name], name)


def by_datagrams(records):
    many = [records] * 300
    wanted = rows(['ra', '-r'] + many + ['--csv', '-u', '-nn', '-s', FIELDS])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as at:
        at.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        at.bind(('127.0.0.1', 0))
        at.settimeout(20)
        got = []

        def listen():
            s = Stream()
            while len(s.records) < len(wanted):
                data = at.recv(65536)
                got.append(data)
                s.take(data)
        t = threading.Thread(target=listen)
        t.start()
        good(['ra', '-r'] + many + ['--ipfix', '-w', 'udp://127.0.0.1:%d' % at.getsockname()[1], '-s', FIELDS])
        t.join()
    s = Stream()
    for data in got:
        s.take(data)
    same(s, wanted)
    want(s.longest <= 1472, True, 'longest datagram: %d' % s.longest)
    first = s.templates and min(s.sent)
    want(s.messages > 1000 and s.sent[first] == 1 + (s.messages - 1) // 1000, True, 'templates %d times in %d messages' % (s.sent[first], s.messages))


def by_connection(records):
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as at:
        at.bind(('::1', 0))
        at.listen(1)
        at.settimeout(20)
        data = []

        def listen():
            c, _ = at.accept()
            with c:
                while True:
                    piece = c.recv(65536)
                    if not piece:
                        return
                    data.append(piece)
        t = threading.Thread(target=listen)
        t.start()
        good(['ra', '-r', records, '--ipfix', '-w', 'tcp://[::1]:%d' % at.getsockname()[1], '-s', FIELDS])
        t.join()
        port = at.getsockname()[1]
    s = Stream()
    s.take(b''.join(data))
    same(s, rows(['ra', '-r', records, '--csv', '-u', '-nn', '-s', FIELDS]))
    status, out, err = run(['ra', '-r', records, '--ipfix', '-w', 'tcp://[::1]:%d' % port])
    want((status, out, 'refused' in err), (2, b'', True), 'nobody listens: %s' % err)


def refused(records):
    for words, says in ((['--ipfix', '--json'], 'format of its own'), (['--ipfix', '-w', 'x.ipfix'], 'standard output'),
                        (['-w', 'udp://127.0.0.1:9'], '--ipfix'), (['--ipfix=biflow'], 'uniflow'), (['--ipfix=pen=0'], 'pen=NUMBER'),
                        (['--ipfix', '-w', 'udp://127.0.0.1:x'], 'HOST:PORT'), (['--ipfix', '-s', 'all', '-w', 'udp://127.0.0.1:PORT'], 'fewer columns')):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as at:
            at.bind(('127.0.0.1', 0))
            status, out, err = run(['ra', '-r', records] + [w.replace('PORT', str(at.getsockname()[1])) for w in words])
        want((status, out, says in err), (2, b'', True), '%s: %d, %s' % (' '.join(words), status, err))
    s = read(['ra', '-r', records, '--ipfix=uniflow,pen=64999', '-s', 'sloss,spkts'])
    want(set(pen for pen, _ in s.names), {64999}, 'whose elements')
    status, out, err = run(['ra', '-r', records, '--ipfix', '-', 'host', '192.0.2.99'])
    s = Stream()
    s.take(out)
    want((status, s.records), (1, []), 'nothing came out')


PARTS = [(to_file, 'a file: each value of each record, and none that is not known'), (totals, 'sums are those of racount'), (uniflow, 'a record for each direction'),
         (every_field, 'all fields'), (by_datagrams, 'datagrams'), (by_connection, 'a connection'), (refused, 'what can not be')]


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        records = os.path.join(folder, 'x.pavo')
        good(['pavo', '-q', '-S', '1', '-e', 'gw', '-r'] + [os.path.join(OWN, c) for c in CAPTURES_] + ['-w', records])
        for part, what in PARTS:
            try:
                part(records)
                tap.ok(True, what)
            except Failure as e:
                tap.ok(False, what, str(e))
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


main()

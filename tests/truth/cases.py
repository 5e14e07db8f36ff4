# SPDX-License-Identifier: BSD-2-Clause
"""Small captures with one trap each, and what is right of them: cases/ and cases.tsv, whose columns are

	shapes	S (bins of 1, 5 and 60 s), S1, S5, S60; with bins of 5 s: v6 (IPv4 written as IPv6), swap (the lower
		address becomes the higher), midN (without its first N frames: `why` says why the values follow)
	options	of pavo
	ask	flow [FILTER] (racluster -m flow), bins (rabins), mar, json (one object a flow), tunnel [WIDTH] (ratunnel)
	right	NAME=VALUE: a number is the sum over all rows, a list one value a row, a word the same in all rows; A-B=0;
		each:NAME=VALUE in every row; 0? may be absent too; NAME!FLAG, NAME~FLAG: not in it, in it; flows: rows;
		s.NAME, d.NAME: the side of a tunnel's report
	known	what fails today: REASON, or SHAPE,...: REASON; ...

	cases.py [FILE...]	only these
"""
import gzip
import ipaddress
import os
import random
import struct
import sys

from common import *
from frames import PCAP, pcap_frames
from peers import A, B, ip
from talk import checksum

FOLDER = os.path.join(SRC, 'tests', 'cases')
# What a host may have as its address here: RFC 5737, and of RFC 3849 what begins with 2001:db8.
NETS = (b'\xc0\x00\x02', b'\xc6\x33\x64', b'\xcb\x00\x71')
NET6 = b'\x20\x01\x0d\xb8'


# --- other shapes of a capture

def read(name):
    with open(os.path.join(FOLDER, name), 'rb') as f:
        raw = f.read()
    return gzip.decompress(raw) if raw[:2] == b'\x1f\x8b' else raw


def rewrite(raw, change):
    """a pcap file, frame by frame: (number, bytes, length on the wire) -> the same of the new one, None: leave it out"""
    e, out = PCAP[raw[:4]], [raw[:24]]
    for n, f in enumerate(pcap_frames(raw)):
        got = change(n, f.data, f.wire)
        if got:
            out += [raw[f.offset:f.offset + 8], struct.pack(e + 'II', len(got[0]), got[1]), got[0]]
    return b''.join(out)


def in6(packed):
    """an IPv4 address as the IPv6 address that stands for it here"""
    return NET6 + b'\x00\x04' + bytes(6) + packed


def to_v6(n, d, wire):
    """TCP, UDP, ESP, SCTP over IPv4 on Ethernet; fragments become those of IPv6"""
    want(d[12:15], b'\x08\x00\x45', 'Ethernet, IPv4 without options')
    total, ident, off = struct.unpack_from('!HHH', d, 16)
    proto, extra = d[23], b''
    if off & 0x3fff:
        extra, proto = struct.pack('!BBHI', proto, 0, (off & 0x1fff) << 3 | off >> 13 & 1, ident), 44
    head = struct.pack('!IHBB', 6 << 28, total - 20 + len(extra), proto, d[22]) + in6(d[26:30]) + in6(d[30:34])
    return d[:12] + b'\x86\xdd' + head + extra + d[34:], wire + 20 + len(extra)


def turned(packed):
    """the other way round in the order of addresses, nets and hosts"""
    if len(packed) == 4:
        return NETS[2 - NETS.index(packed[:3])] + bytes([255 - packed[3]])
    return packed[:4] + bytes(255 - b for b in packed[4:])


def swap(n, d, wire):
    """every address in every header, however deep"""
    d, at = bytearray(d), 0
    while (at := d.find(NET6, at)) >= 0 and at + 16 <= len(d):
        d[at:at + 16] = turned(bytes(d[at:at + 16]))
        at += 16
    for i in range(12, len(d) - 19):
        if d[i] == 0x45 and bytes(d[i + 12:i + 15]) in NETS and bytes(d[i + 16:i + 19]) in NETS:
            for k in (12, 16):
                d[i + k:i + k + 4] = turned(bytes(d[i + k:i + k + 4]))
            d[i + 10:i + 12] = bytes(2)
            d[i + 10:i + 12] = struct.pack('!H', checksum(bytes(d[i:i + 20])))
    return bytes(d), wire


def shaped(name, shape, folder):
    """the capture in this shape: (path, -S)"""
    if shape[0] == 'S':
        return os.path.join(FOLDER, name), shape[1:]
    path = os.path.join(folder, '%s.%s.pcap' % (name.split('.')[0], shape))
    if not os.path.exists(path):
        change = {'v6': to_v6, 'swap': swap}.get(shape)
        if change is None:
            first = int(shape[3:])
            change = lambda n, d, wire: (d, wire) if n >= first else None
        with open(path, 'wb') as f:
            f.write(rewrite(read(name), change))
    return path, '5'


def as_shaped(text, shape):
    """an address as it is in this shape"""
    try:
        packed = ipaddress.ip_address(text).packed
    except ValueError:
        return text
    packed = in6(packed) if shape == 'v6' else turned(packed) if shape == 'swap' else packed
    return str(ipaddress.ip_address(packed))


# --- what is asked

def number(text):
    """of a cell; None: absent"""
    return None if text in ('-', '', None) else float(text)


def asked(right):
    """[(each, fields to add, fields to subtract, operator, value)]"""
    out = []
    for word in right.split():
        each = word.startswith('each:')
        word = word[5:] if each else word
        op = next(o for o in '=!~' if o in word)
        left, value = word.split(op, 1)
        plus, *minus = left.split('-')
        out.append((each, plus, minus, op, value))
    return out


def columns(terms):
    return list(dict.fromkeys(n for _, plus, minus, _, _ in terms for n in [plus] + minus if n != 'flows'))


def judge(terms, got, shape):
    """what is wrong, in words"""
    bad, rules = [], fields()
    for each, plus, minus, op, value in terms:
        each |= rules.get(plus, ('', 'SUM'))[1] != 'SUM'
        what = '-'.join([plus] + minus) + (' of each' if each else '')
        maybe, value = value.endswith('?'), value.rstrip('?')
        if plus == 'flows':
            have, good = len(got), len(got) == int(value)
        elif op in '!~':
            have = [r[plus] for r in got]
            good = all((value in t.split(',')) == (op == '~') for t in have)
        elif ',' in value:
            have = [str(int(number(r[plus]) or 0)) for r in got]
            good = have == value.split(',')
        else:
            # what is no counter is the same in every row
            try:
                true = float(value)
            except ValueError:
                true = None
            cells = [[r[n] for n in [plus] + minus] for r in got]
            if true is None or value.startswith('0x'):
                have = [c[0] for c in cells]
                good = bool(got) and all(t == as_shaped(value, shape) for t in have)
            elif all(number(x) is None for c in cells for x in c):
                have, good = 'absent', maybe
            else:
                have = [(number(c[0]) or 0) - sum(number(x) or 0 for x in c[1:]) for c in cells]
                good = all(h == true for h in have) if each else sum(have) == true
        if not good:
            bad.append('%s: got %s, right is %s' % (what, have, value))
    return bad


class Asker:
    """answers about one capture; records are made once"""

    def __init__(self, folder):
        self.folder, self.made = folder, {}

    def records(self, name, shape, options):
        key = name, shape, options
        if key not in self.made:
            path, T = shaped(name, shape, self.folder)
            out = os.path.join(self.folder, '%d.pavo' % len(self.made))
            st, _, err = run(['pavo', '-q', '-S', T, *(options.split() if options != '-' else []), '-r', path, '-w', out])
            self.made[key] = out if st == 0 else Failure('pavo: exit %d: %s' % (st, err.strip()))
        if isinstance(self.made[key], Failure):
            raise self.made[key]
        return self.made[key]

    def answer(self, row, shape, terms):
        records = self.records(row['file'], shape, row['options'])
        tool, *more = row['ask'].split()
        names = ','.join(columns(terms))
        if tool == 'flow':
            only = ['-'] + more if more else []
            return rows(['racluster', '-r', records, '-m', 'flow', '--csv', '-s', 'stime,' + names, *only])
        if tool == 'bins':
            return rows(['rabins', '-r', records, '-M', '5s', '--csv', '-s', 'bstart,' + names])
        if tool == 'mar':
            return rows(['ra', '-r', records, '--mar', '--csv', '-s', 'bstart,' + names, '-', 'rectype', '=', 'mar'])
        if tool == 'json':
            text = good(['racluster', '-r', records, '-m', 'flow', '--json']).decode()
            return [{k: str(json.loads(line).get(k)).lower() for k in names.split(',')} for line in text.splitlines()]
        wide = ['-M', more[0]] if more else []
        text = good(['ratunnel', '-r', records, '--json', *wide]).decode()
        row = {}
        for line in text.splitlines():
            got = json.loads(line)
            for k in names.split(','):
                if k[0] == got['side'][0]:
                    value = got.get(k[2:])
                    row[k] = '-' if value is None else str(value)
        return [row]


def shapes_of(row):
    out = []
    for s in row['shapes'].split():
        out += ['S1', 'S5', 'S60'] if s == 'S' else [s]
    return out


def known_of(row):
    """shape -> why it fails today"""
    out = {}
    for part in row['known'].split(';') if row['known'] != '-' else []:
        who, _, why = part.strip().partition(': ')
        if not all(w in shapes_of(row) for w in who.split(',')):
            who, why = ','.join(shapes_of(row)), part.strip()
        out.update(dict.fromkeys(who.split(','), why))
    return out


def large_gz(folder):
    """282 kB of compressed capture: read as a small one is, and as through a pipe"""
    rng, frames = random.Random(9), []
    for n in range(200):
        data = struct.pack('!HHHH', 40000, 9999, 1408, 0) + rng.randbytes(1400)
        frames.append(bytes(12) + b'\x08\x00' + ip(A, B, 17, data, n))
    raw = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    raw += b''.join(struct.pack('<IIII', 1700000000 + n // 100, n % 100 * 10000, len(f), len(f)) + f for n, f in enumerate(frames))
    packed, path = gzip.compress(raw, mtime=0), os.path.join(folder, 'large.pcap.gz')
    want(len(packed) > 1 << 18, True, 'is larger than 256 KiB')
    with open(path, 'wb') as f:
        f.write(packed)
    for argv, stdin in ((['-r', path], None), (['-r', '-'], packed), (['-r', '-'], raw)):
        st, records, err = run(['pavo', '-q', *argv], stdin)
        want((st, err), (0, ''), 'exit status, messages of pavo %s' % ' '.join(argv[:2]))
        want(json.loads(good(['racount', '--json'], records))['mar']['frames'], 200, 'frames of pavo %s' % ' '.join(argv[:2]))


def main():
    tap, only = Tap(), sys.argv[1:]
    cases = [r for r in table('cases', HERE) if not only or any(r['file'].startswith(o) for o in only)]
    with scratch() as folder:
        asker = Asker(folder)
        for row in cases:
            terms, listed = asked(row['right']), known_of(row)
            for shape in shapes_of(row):
                try:
                    bad = judge(terms, asker.answer(row, shape, terms), shape)
                except Failure as e:
                    bad = [str(e)]
                extra = '' if row['options'] == '-' else ' ' + row['options']
                name = '%s %s%s: %s: %s' % (row['file'], shape, extra, row['ask'], row['right'])
                tap.known(not bad, name, listed.get(shape), *bad)
        if not only:
            wrong = []
            try:
                large_gz(folder)
            except Failure as e:
                wrong = [e]
            tap.known(not wrong, 'a compressed capture of 282 kB', None, *wrong)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()

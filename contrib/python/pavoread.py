#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Read flow record files, independently of the C code: written from pavo(5).

usage: pavoread.py [--csv] FILE...      JSON lines (default) or CSV of all stored fields; - = stdin

As a module: for record in pavoread.records(open(path, "rb")): record["spkts"].  A record is a dict of
the fields that are present; a mixed one is None.  Needs python3-msgpack, python3-lz4 and xxh3.py, which lies
beside it; checksums are verified if the module xxhash is there.  It does not look for the next good block in a damaged file.
"""
import io
import ipaddress
import json
import struct
import sys

import lz4.block
import msgpack

from xxh3 import xxh3

try:
    import zstandard  # python3-zstandard: for what rastore --zstd wrote
except ImportError:
    zstandard = None
try:
    from xxhash import xxh3_64_intdigest
except ImportError:
    xxh3_64_intdigest = None

M64 = (1 << 64) - 1


class Damaged(Exception):
    """The file is not what pavo(5) says."""


def seqs(value):
    """A value of type SEQS: (more, (name, number, ns) or None, [(name, first, last)])."""
    body = Body(value)
    flags = body.byte()
    mark = (body.varint(), body.varint(), body.varint()) if flags & 2 else None
    runs = []
    while body.at < len(body.data):
        name, count, last = body.varint(), body.varint(), 0
        for _ in range(count):
            first = last + body.varint()
            last = first + body.varint()
            runs.append((name, first, last))
    return bool(flags & 1), mark, runs


class Body:
    """The bytes of one section."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, n):
        if self.at + n > len(self.data):
            raise Damaged("a section is too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def byte(self):
        return self.bytes(1)[0]

    def varint(self):
        value = shift = 0
        while True:
            b = self.byte()
            value |= (b & 127) << shift
            shift += 7
            if b < 128:
                return value & M64

    def varints(self, n):
        return [self.varint() for _ in range(n)]

    def packed(self, n, bits):
        whole = int.from_bytes(self.bytes((n * bits + 7) // 8), "little")
        mask = (1 << bits) - 1
        out = []
        for i in range(0, n, 64):  # in pieces: shifting one huge number is slow
            piece = whole >> i * bits & (1 << 64 * bits) - 1
            out += [piece >> j * bits & mask for j in range(min(64, n - i))]
        return out

    def groups(self, n):
        out = []
        while len(out) < n:
            base, bits = self.varint(), self.byte()
            out += [base + x & M64 for x in self.packed(min(128, n - len(out)), bits)]
        return out

    def positions(self, n):
        out, at = [], 0
        for step in self.varints(n):
            out.append(at + step)
            at += step + 1
        return out

    def numbers(self, n, code=None):
        """n numbers in an encoding that is given, or named by the next byte."""
        code = self.byte() if code is None else code
        if code == 0:
            return [self.varint()] * n
        if code == 1:
            width = self.byte()
            return [int.from_bytes(self.bytes(width), "little") for _ in range(n)]
        if code in (2, 3):
            base, unit = self.varint(), self.varint()
            values = self.packed(n, self.byte()) if code == 2 else self.groups(n)
            return [base + unit * x & M64 for x in values]
        if code == 4:
            value, unit = self.varint(), self.varint()
            out = [value]
            for z in self.groups(n - 1):
                value = value + unit * unzigzag(z) & M64
                out.append(value)
            return out
        if code == 5:
            return self.varints(n)
        if code == 6:
            common, count = self.varint(), self.varint()
            out = [common] * n
            for at, value in zip(self.positions(count), self.varints(count)):
                out[at] = value
            return out
        if code == 7:
            value, table = 0, []
            for step in self.varints(self.varint()):
                value = value + step & M64
                table.append(value)
            return [table[i] for i in self.packed(n, self.byte())]
        if code == 9:
            planes = [self.bytes(n) for _ in range(self.byte())]
            return [sum(p[i] << 8 * w for w, p in enumerate(planes)) for i in range(n)]
        if code == 10:
            unit = self.varint()
            return [unit * x & M64 for x in self.varints(n)]
        raise Damaged("encoding %d is not known" % code)

    def blobs(self, n):
        return [self.bytes(size) for size in self.varints(n)]


def unzigzag(z):
    return z >> 1 ^ -(z & 1)


# Fields that ids are made of.
FLAGS, STIME, PROBE, PROTO, SADDR, DADDR, SPORT, DPORT, VRF, SAP = 2, 5, 8, 40, 41, 42, 43, 44, 45, 46
ICMPTYPE, ICMPCODE, ICMPID, SMAC, DMAC, LANE = 47, 48, 49, 70, 71, 231
START = 1


def key_of(row, tunnel):
    """The key of pavo(5), Ids; row(field) is the value of a field, None if it is not present."""
    def of(field):
        return row(field) or 0

    def sixteen(address):
        return address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed

    proto, kind, aux, af = of(PROTO), 0, 0, 0
    if row(SADDR) is not None:
        ends = [row(SADDR), row(DADDR) or ipaddress.IPv6Address(0)]
        af = 4 if all(a.version == 4 for a in ends) else 6
        ends = [(sixteen(a), a.version) for a in ends]
    else:
        ends = [(of(mac).to_bytes(8, "big")[2:].rjust(16, b"\0"), 0) for mac in (SMAC, DMAC)]
    ends = [(*a, port) for a, port in zip(ends, (of(SPORT) & 0xffff, of(DPORT) & 0xffff))]
    turned = ends[0] > ends[1]
    if turned:
        ends.reverse()
    if tunnel:
        pass
    elif proto in (1, 58):
        if row(ICMPTYPE) is None:
            kind = 4
        elif row(ICMPID) is not None:
            aux = of(ICMPTYPE) << 24 | of(ICMPID) & 0xffff
        else:
            aux, kind = of(ICMPTYPE) << 24 | (of(ICMPCODE) & 255) << 16, 2 if turned else 1
    elif proto in (6, 17, 33, 132, 136):
        kind = 4 if row(SPORT) is None else 0
    elif proto in (50, 51):
        if row(LANE) is not None:
            kind, aux = 8, of(LANE)
    else:
        aux = of(SAP)
    return ends[0][0] + ends[1][0] + struct.pack(
        "<HHHBBII", ends[0][2], ends[1][2], proto & 0xffff, af, kind, of(VRF) & 0xffffffff, aux & 0xffffffff)


def ids(formula, present, others, seen):
    """The ids of the rows in `present`, given those that do not follow from their rows, by number."""
    out, last, probes = [], {}, {}
    for i, r in enumerate(present):
        def row(field):
            return seen.get(field, {}).get(r)
        key = key_of(row, formula == 2)
        if formula == 1:
            name = row(PROBE) or b""
            if name not in probes:
                probes[name] = struct.pack("<Q", xxh3(name))
            of, first = key + bytes(8) + probes[name], key + struct.pack("<Q", row(STIME) or 0) + probes[name]
            begins = (row(FLAGS) or 0) & START
        else:
            of, first, begins = key, key, False
        out.append(others[i] if i in others else xxh3(first) if begins or of not in last else last[of])
        last[of] = out[-1]
    return out


def rows_of(kind, body, rows, count):
    if kind == 1:
        bits = int.from_bytes(body.bytes((rows + 7) // 8), "little")
        return [r for r in range(rows) if bits >> r & 1]
    if kind == 2:
        return body.positions(count)
    if kind == 3:
        others = set(body.positions(rows - count))
        return [r for r in range(rows) if r not in others]
    out, at, inside = [], 0, False
    while at < rows:
        run = body.varint()
        out += range(at, at + run) if inside else ()
        at, inside = at + run, not inside
    return out


def rows_given(body, by, rows):
    """The rows of a set told by the rows of another one."""
    def part(body, rows):
        count, kind = body.varint(), body.byte()
        return [rows[i] for i in rows_of(kind, body, len(rows), count)]

    among = part(Body(body.bytes(body.varint())), by)
    if body.at == len(body.data):
        return among
    there = set(by)
    return sorted(among + part(body, [r for r in range(rows) if r not in there]))


def like(body, present, keys):
    """Values of rows that repeat what the last row with the same keys had."""
    count, kind = body.varint(), body.byte()
    others = set(rows_of(kind, Body(body.bytes(body.varint())), len(present), count))
    values, last, out = iter(body.numbers(count)), {}, []
    for i, r in enumerate(present):
        key = tuple(k.get(r, 0) for k in keys)
        if i in others:
            last[key] = next(values)
        elif key not in last:
            raise Damaged("a row repeats what no row before it had")
        out.append(last[key])
    return out


def likely(number, present, fields):
    """What the rows in `present` are likely to have, by other fields."""
    last, out = {}, []
    for r in present:
        a, b, c, d = [f.get(r, 0) for f in fields] + [0] * (4 - len(fields))
        if number == 2:
            out.append((a - last.get((c, d), b) & M64) // 1000)
            last[c, d] = a
        elif number == 3:
            n = max((b - (c & 1)) & M64, 1)
            out.append(a // n * a + (a % n * a & M64) // n)
        elif number == 4:
            out.append(a + b)
        elif number in (5, 6):
            out.append(a - b if c == 2 else b if number == 5 else 0)
        elif number == 7:
            out.append(min(a, b))
        elif number == 8:
            m = min(b, d)
            out.append(m and (m * a & M64) // b + (m * c & M64) // d)
        else:
            raise Damaged("formula %d is not known" % number)
    return out


def take(stream, n):
    data = stream.read(n)
    if len(data) != n:
        raise Damaged("the file ends within an object")
    return data


def section(stream, codec, size, raw, check):
    """The bytes of the next section of the file."""
    if size == 0:
        return Body(b"")
    if take(stream, 5) != b"\xc6" + struct.pack(">I", size):
        raise Damaged("a section's head is wrong")
    data = take(stream, size)
    if xxh3_64_intdigest and xxh3_64_intdigest(data) & 0xffffffff != check:
        raise Damaged("a section's checksum is wrong")
    if codec == 2:
        if zstandard is None:
            raise Damaged("compressed with Zstandard: it needs python3-zstandard")
        return Body(zstandard.ZstdDecompressor().decompress(data, max_output_size=raw))
    return Body(lz4.block.decompress(data, uncompressed_size=raw) if codec == 1 else data)


def addresses(stream, n4, n6, *where):
    """At most 32768 IPv4 addresses come in one piece."""
    body, out = section(stream, *where), []
    while len(out) < n4:
        out += [ipaddress.IPv4Address(a) for a in body.numbers(min(32768, n4 - len(out)))]
    return out + [ipaddress.IPv6Address(body.bytes(16)) for _ in range(n6)]


def value_of(v, held):
    return ipaddress.ip_address(v) if held == "ip" and v is not None else v


def block(stream, directory, schema):
    """The records of a block."""
    length, rows, addrs, sets, columns = directory[:5]
    stream = io.BytesIO(take(stream, length))  # behind the columns lie membership filters, which are not needed
    addrs = addresses(stream, *addrs) if addrs else []
    member = {None: [], 0: range(rows)}
    for i, (kind, count, *where) in enumerate(sets):
        body = section(stream, *where[:4])
        member[i + 1] = rows_given(body, member[where[4]], rows) if kind == 5 else rows_of(kind, body, rows, count)
    out = [{} for _ in range(rows)]
    field, seen, made = 0, {}, []
    for step, code, which, *rest in columns:
        field += step
        name, _, held = schema[field][1:4]
        present, mixed = which if isinstance(which, list) else (which, None)
        present = member[present]
        n = len(present)
        if code == 0:
            values = [value_of(rest[0], held)] * n
        else:
            body = section(stream, *rest[:4])
            if code == 8:
                base = seen[rest[6]]
                values = [base[r] + unzigzag(z) & M64 for r, z in zip(present, body.numbers(n))]
            elif code == 34:
                near = likely(rest[6], present, [seen[f] for f in rest[7:]])
                values = [x + unzigzag(z) & M64 for x, z in zip(near, body.numbers(n))]
            elif code == 16:
                values = [addrs[i] for i in body.numbers(n)]
            elif code == 24:
                values = body.blobs(n)
            elif code == 25:
                table = body.blobs(body.varint())
                values = [table[i] for i in body.numbers(n)]
            elif code == 33:
                values = like(body, present, [seen[f] for f in rest[6:8]])
                values = [addrs[i] for i in values] if held == "ip" else values
            elif code == 32:
                places = body.positions(body.varint())
                made.append((field, rest[6], present, dict(zip(places, body.numbers(len(places)) if places else []))))
                values = [0] * n  # until all columns are there
            else:
                values = body.numbers(n, code)
        seen[field] = dict(zip(present, values))
        for r, v in seen[field].items():
            out[r][name] = v
        for r in member[mixed]:
            out[r][name] = None
    for field, formula, present, others in made:
        if formula not in (1, 2):
            raise Damaged("ids of kind %d are not known" % formula)
        for r, v in zip(present, ids(formula, present, others, seen)):
            out[r][schema[field][1]] = v
    return out


def records(stream):
    schema = {}
    foreign = None
    while True:
        prefix = stream.read(25)
        if not prefix:
            return
        if len(prefix) < 25 or prefix[:4] != b"\x94\xa4PV" or prefix[7 - 1] != 0xce:
            raise Damaged("no object where one should begin")
        size, check = struct.unpack(">IxQ", prefix[7:20])
        payload = take(stream, size)
        if xxh3_64_intdigest and xxh3_64_intdigest(payload) != check:
            raise Damaged("an object's checksum is wrong")
        kind = prefix[4:6]
        if kind == b"HD":
            schema = {}
            foreign = msgpack.unpackb(payload).get("format", 0)
            if foreign != 0:
                raise Damaged("format version %s; this reads version 0" % foreign)
        elif kind == b"SC":
            schema.update((f[0], f) for f in msgpack.unpackb(payload))
        elif kind == b"BK":
            yield from block(stream, msgpack.unpackb(payload), schema)


def address(a):
    """As text; ::ffff:a.b.c.d in IPv6 as RFC 5952 wants it, which Python does since 3.13."""
    four = a.ipv4_mapped if a.version == 6 else None
    return "::ffff:%s" % four if four else str(a)


def plain(v):
    """For JSON and CSV: addresses as text, blobs as text or hexadecimal."""
    if isinstance(v, bytes):
        return v.decode("ascii") if v.isascii() and v.decode("ascii").isprintable() else v.hex()
    return v if v is None or isinstance(v, int) else address(v)


def main(args):
    csv = "--csv" in args
    names = [a for a in args if a != "--csv"]
    if not names or any(a.startswith("-") and a != "-" for a in names):
        sys.exit(__doc__.strip())
    header = []
    rows = []
    for name in names:
        stream = sys.stdin.buffer if name == "-" else open(name, "rb")
        try:
            for record in records(stream):
                record = {k: plain(v) for k, v in record.items()}
                if csv:
                    rows.append(record)
                    header += [k for k in record if k not in header]
                else:
                    print(json.dumps(record))
        except Damaged as why:
            sys.exit("pavoread: %s: %s" % (name, why))
    if csv:
        print(",".join(header))
        for record in rows:
            print(",".join("*" if k in record and record[k] is None else str(record.get(k, "-")) for k in header))


if __name__ == "__main__":
    main(sys.argv[1:])

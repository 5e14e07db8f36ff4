# SPDX-License-Identifier: BSD-2-Clause
"""TCP segments out of capture files, read here from the bytes: a second opinion, without libpcap."""
import struct
from collections import namedtuple

from frames import frames, is_pcap, PCAP, pcapng_blocks

Segment = namedtuple('Segment', 'frame t src sport dst dport seq ack flags win n opts')     # n: payload; t in s
FIN, SYN, RST, ACK = 1, 2, 4, 16
VLAN = (0x8100, 0x88a8, 0x9100)


def times(raw):
    """of every frame, in the order of frames()"""
    if is_pcap(raw):
        e, unit = PCAP[raw[:4]], 1e-9 if raw[:4] in (b'\x4d\x3c\xb2\xa1', b'\xa1\xb2\x3c\x4d') else 1e-6
        at = 24
        while at + 16 <= len(raw):
            s, f, n = struct.unpack_from(e + 'III', raw, at)
            if at + 16 + n > len(raw):
                return
            yield s + f * unit
            at += 16 + n
        return
    units = []
    for at, end, e, kind in pcapng_blocks(raw):
        if kind == 0x0a0d0d0a:
            units = []
        elif kind == 1:
            unit, o = 1e-6, at + 16
            while o + 4 <= end - 4:
                code, n = struct.unpack_from(e + 'HH', raw, o)
                if code == 0:
                    break
                if code == 9:
                    v = raw[o + 4]
                    unit = 2.0 ** -(v & 127) if v & 128 else 10.0 ** -v
                o += 4 + n + -n % 4
            units.append(unit)
        elif kind == 6:
            i, hi, lo = struct.unpack_from(e + 'III', raw, at + 8)
            yield (hi << 32 | lo) * units[i]
        elif kind == 3:
            yield 0.0
        elif kind == 2:
            i, _, hi, lo = struct.unpack_from(e + 'HHII', raw, at + 8)
            yield (hi << 32 | lo) * units[i]


def network(d, link):
    """the bytes from the IP header on; None if there is none that this reader finds"""
    if link == 1:
        at = 12
        while len(d) >= at + 2 and struct.unpack_from('!H', d, at)[0] in VLAN:
            at += 4
        if d[at:at + 2] not in (b'\x08\x00', b'\x86\xdd'):
            return None
        return d[at + 2:]
    if link in (101, 12, 14, 228, 229):
        return d
    if link == 113:
        return d[16:] if d[14:16] in (b'\x08\x00', b'\x86\xdd') else None
    if link == 276:
        return d[20:] if d[0:2] in (b'\x08\x00', b'\x86\xdd') else None
    if link in (0, 108):
        return d[4:]
    if link == 9:
        return d[4:] if d[:2] == b'\xff\x03' and d[2:4] in (b'\x00\x21', b'\x00\x57') else None
    return None


def tcp_of(p, left):
    """(src, dst, TCP bytes, their length on the wire); left: wire bytes from the IP header on"""
    if len(p) < 20:
        return None
    if p[0] >> 4 == 4:
        head, total = 4 * (p[0] & 15), struct.unpack_from('!H', p, 2)[0] or left
        if p[9] != 6 or head < 20 or total < head or struct.unpack_from('!H', p, 6)[0] & 0x3fff:
            return None
        return p[12:16], p[16:20], p[head:min(total, len(p))], total - head
    if p[0] >> 4 == 6 and len(p) >= 40:
        nxt, at, end = p[6], 40, 40 + (struct.unpack_from('!H', p, 4)[0] or left - 40)
        while nxt in (0, 43, 60) and at + 8 <= len(p):
            nxt, at = p[at], at + 8 * (p[at + 1] + 1)
        return (p[8:24], p[24:40], p[at:min(end, len(p))], end - at) if nxt == 6 else None
    return None


def segments(raw):
    stamps = times(raw)
    for n, f in enumerate(frames(raw), 1):
        t = next(stamps)
        p = network(f.data, f.link)
        got = tcp_of(p, f.wire - len(f.data) + len(p)) if p else None
        if got is None or len(got[2]) < 20:
            continue
        src, dst, b, size = got
        sport, dport, seq, ack, off, flags, win = struct.unpack_from('!HHIIBBH', b)
        if off >> 4 < 5 or (off >> 4) * 4 > size:
            continue
        yield Segment(n, t, src, sport, dst, dport, seq, ack, flags, win, size - (off >> 4) * 4,
                      b[20:(off >> 4) * 4])

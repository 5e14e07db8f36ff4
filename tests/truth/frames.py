# SPDX-License-Identifier: BSD-2-Clause
"""Reads pcap and pcapng files, writes pcap files: a second opinion on frames, without libpcap."""
import struct
from collections import namedtuple

Frame = namedtuple('Frame', 'offset end wire data link')    # offset, end: of its record or block in the file
PCAP = {b'\xd4\xc3\xb2\xa1': '<', b'\xa1\xb2\xc3\xd4': '>', b'\x4d\x3c\xb2\xa1': '<', b'\xa1\xb2\x3c\x4d': '>'}
ETHERNET = 1


def is_pcap(raw):
    return raw[:4] in PCAP


def pcap_frames(raw):
    e = PCAP[raw[:4]]
    link = struct.unpack_from(e + 'I', raw, 20)[0] & 0x0fffffff
    at = 24
    while at + 16 <= len(raw):
        captured, wire = struct.unpack_from(e + 'II', raw, at + 8)
        end = at + 16 + captured
        if end > len(raw):
            return
        yield Frame(at, end, wire, raw[at + 16:end], link)
        at = end


def pcapng_blocks(raw):
    """(offset, end, byte order, type) of the whole blocks"""
    at, e = 0, '<'
    while at + 12 <= len(raw):
        if raw[at:at + 4] == b'\n\r\r\n':
            e = '<' if raw[at + 8:at + 12] == b'\x4d\x3c\x2b\x1a' else '>'
        kind, size = struct.unpack_from(e + 'II', raw, at)
        if size < 12 or at + size > len(raw):
            return
        yield at, at + size, e, kind
        at += size


def pcapng_frames(raw):
    links = []
    for at, end, e, kind in pcapng_blocks(raw):
        if kind == 0x0a0d0d0a:
            links = []
        elif kind == 1:
            link, _, snap = struct.unpack_from(e + 'HHI', raw, at + 8)
            links.append((link, snap))
        elif kind == 6:                  # enhanced packet
            i, _, _, captured, wire = struct.unpack_from(e + 'IIIII', raw, at + 8)
            yield Frame(at, end, wire, raw[at + 28:at + 28 + captured], links[i][0])
        elif kind == 3:                  # simple packet: interface 0, captured up to its snaplen
            wire, = struct.unpack_from(e + 'I', raw, at + 8)
            captured = min(wire, links[0][1] or wire, end - at - 16)
            yield Frame(at, end, wire, raw[at + 12:at + 12 + captured], links[0][0])
        elif kind == 2:                  # the packet block of old
            i, _, _, _, captured, wire = struct.unpack_from(e + 'HHIIII', raw, at + 8)
            yield Frame(at, end, wire, raw[at + 28:at + 28 + captured], links[i][0])


def frames(raw):
    return pcap_frames(raw) if is_pcap(raw) else pcapng_frames(raw)


def first_record(raw):
    """where a cut stops being one within the file's own header"""
    return 24 if is_pcap(raw) else next(pcapng_blocks(raw))[1]


def boundaries(raw):
    """the offsets at which a capture may end without being cut"""
    if is_pcap(raw):
        return {24} | {f.end for f in pcap_frames(raw)}
    return {end for _, end, _, _ in pcapng_blocks(raw)}


def shorten(raw, snaplen):
    """the same pcap file as if taken with another snaplen"""
    e = PCAP[raw[:4]]
    head = bytearray(raw[:24])
    struct.pack_into(e + 'I', head, 16, snaplen)
    out = [bytes(head)]
    for f in pcap_frames(raw):
        data = f.data[:snaplen]
        out += [raw[f.offset:f.offset + 8], struct.pack(e + 'II', len(data), f.wire), data]
    return b''.join(out)


def as_pcapng(all_frames):
    """frames in a pcapng file of one Ethernet interface, at time 0"""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack('<I', len(body) + 12)
        return struct.pack('<I', kind) + size + body + size
    out = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)) + block(1, struct.pack('<HHI', ETHERNET, 0, 0))
    for f in all_frames:
        out += block(6, struct.pack('<IIIII', 0, 0, 0, len(f.data), f.wire) + f.data)
    return out


def arps(raw):
    """(sender MAC, target IP etc.) of the ARP frames on Ethernet: (smac, sender IP, target IP, wire length);
    the IPs are None where it is not about IPv4"""
    for f in frames(raw):
        d, at = f.data, 12
        if f.link != ETHERNET:
            continue
        kind = d[at:at + 2]
        while kind in (b'\x81\x00', b'\x88\xa8', b'\x91\x00'):
            at += 4
            kind = d[at:at + 2]
        if kind != b'\x08\x06':
            continue
        h = d[at + 2:]
        smac = d[6:12].hex(':')
        n = h[4] if len(h) > 4 else 0
        if h[2:4] != b'\x08\x00' or h[5:6] != b'\x04' or len(h) < 16 + 2 * n:
            yield smac, None, None, f.wire
        else:
            yield (smac, '.'.join(map(str, h[8 + n:12 + n])), '.'.join(map(str, h[12 + 2 * n:16 + 2 * n])), f.wire)

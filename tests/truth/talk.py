# SPDX-License-Identifier: BSD-2-Clause
"""TCP connections written as packets: offsets count from the first byte of data, times are seconds."""
import struct
from ipaddress import ip_address

from peers import BASE, Case, ether, ip

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
C, S = 0, 1                              # who sends: client or server
CLIENT = {'v4': '10.0.0.1', 'v6': '2001:db8::1'}
SERVER = {'v4': '10.0.0.2', 'v6': '2001:db8::2'}
PORTS = (40000, 80)
WIN = 502
BYTES = bytes((n * 7 + n // 251) & 0xff for n in range(1 << 17))


def checksum(data):
    data += bytes(len(data) & 1)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def sack(*blocks):
    """absolute numbers"""
    return b'\x01\x01\x05' + bytes([2 + 8 * len(blocks)]) + b''.join(struct.pack('!II', a & 0xffffffff, b & 0xffffffff)
                                                                     for a, b in blocks)


def stamp(value, echo):
    return b'\x01\x01\x08\x0a' + struct.pack('!II', value & 0xffffffff, echo & 0xffffffff)


class Talk(Case):
    """one capture; `open` begins a connection, the rest speaks on the latest one"""

    def __init__(self, kind='v4', isn=(1000, 500000), swap=False, shift=0.0):
        super().__init__()
        self.kind, self.isn, self.shift = kind, isn, shift
        ends = [CLIENT[kind], SERVER[kind]]
        self.ends = ends[::-1] if swap else ends
        self.ports, self.ids, self.ttl, self.snap = PORTS, [100, 7000], [64, 64], 65535

    def seg(self, t, side, off, n=0, ack=0, flags=ACK, win=WIN, ident=None, options=b'', ttl=None, data=None):
        """off -1 is the SYN's own number; gives the checksum"""
        src, dst = self.ends[side], self.ends[1 - side]
        if data is None:
            at = off % 60000
            data = BYTES[at:at + n]
        options += bytes(-len(options) % 4)
        seq = self.isn[side] + 1 + off & 0xffffffff
        akn = self.isn[1 - side] + 1 + ack & 0xffffffff if flags & ACK else 0
        head = struct.pack('!HHIIHHHH', self.ports[side], self.ports[1 - side], seq, akn,
                           (20 + len(options)) // 4 << 12 | flags, win, 0, 0) + options
        pseudo = ip_address(src).packed + ip_address(dst).packed + struct.pack('!II', len(head) + len(data), 6)
        check = checksum(pseudo + head + data)
        head = head[:16] + struct.pack('!H', check) + head[18:]
        if ident is None:
            self.ids[side] = self.ids[side] + 1 & 0xffff
            ident = self.ids[side]
        packet = bytearray(ip(src, dst, 6, head + data, 0 if self.kind == 'v6' else ident))
        if self.kind == 'v6':
            packet[7] = ttl or self.ttl[side]
        else:
            packet[8] = ttl or self.ttl[side]
            packet[10:12] = bytes(2)
            packet[10:12] = struct.pack('!H', checksum(bytes(packet[:20])))
        self.put(t, bytes(packet))
        return check

    def syn(self, t, side=C, scale=7, mss=1460, win=64240, sackok=True, options=b'', **how):
        opts = struct.pack('!BBH', 2, 4, mss) + (b'\x04\x02\x01\x01' if sackok else b'')
        opts += (b'\x03\x03' + bytes([scale]) + b'\x01') if scale is not None else b''
        self.seg(t, side, -1, 0, 0, SYN if side == C else SYN | ACK, win, options=opts + options, **how)

    def open(self, t=0.0, rtt=0.050, near=0.001, **how):
        """the tap is `near` from the client"""
        self.syn(t, C, **how)
        self.syn(t + rtt - near, S, **how)
        self.seg(t + rtt, C, 0, win=WIN if how.get('scale', 7) is not None else 64240)

    def d(self, t, off, n=100, **how):
        self.seg(t, C, off, n, **how)

    def a(self, t, ack, **how):
        self.seg(t, S, how.pop('off', 0), 0, ack, **how)

    def put(self, t, packet):
        super().put(t + self.shift, packet)

    def write(self, path):
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for t, data in sorted(self.frames, key=lambda x: x[0]):
                cut = data[:self.snap]
                f.write(struct.pack('<IIII', BASE + t // 10**6, t % 10**6, len(cut), len(data)) + cut)

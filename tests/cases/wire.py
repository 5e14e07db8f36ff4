# SPDX-License-Identifier: BSD-2-Clause
"""Raw bytes of packets and captures: no packet library. Addresses are documentation addresses."""
import struct, socket

T0 = 1700000000            # a multiple of 5 s

def _sum(b):
    if len(b) & 1: b += b'\0'
    s = sum(struct.unpack('!%dH' % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff

def mac(n): return bytes([2, 0, 0, 0, 0, n])
def eth(p, typ=0x0800, s=1, d=2, smac=None, dmac=None):
    return (dmac or mac(d)) + (smac or mac(s)) + struct.pack('!H', typ) + p

def ip4(src, dst, proto, p, id=0, ttl=64, off=0, mf=0, df=0, tot=None, tos=0):
    n = 20 + len(p) if tot is None else tot
    h = struct.pack('!BBHHHBBH4s4s', 0x45, tos, n, id, (df << 14) | (mf << 13) | (off >> 3), ttl, proto, 0,
                    socket.inet_aton(src), socket.inet_aton(dst))
    return h[:10] + struct.pack('!H', _sum(h)) + h[12:] + p

def a6(a): return socket.inet_pton(socket.AF_INET6, a)
def ip6(src, dst, nh, p, plen=None, hl=64):
    return struct.pack('!IHBB', 6 << 28, len(p) if plen is None else plen, nh, hl) + a6(src) + a6(dst) + p

S, A, P, F, R = 2, 16, 8, 1, 4
def tcp(sp, dp, seq, ack, fl, p=b'', win=64240, opt=b'', urg=0):
    opt += b'\1' * (-len(opt) % 4)
    h = struct.pack('!HHIIBBHHH', sp, dp, seq & 0xffffffff, ack & 0xffffffff, (5 + len(opt) // 4) << 4, fl, win, 0, urg) + opt
    # a checksum that depends on all of it, so that different segments differ; not verified by anybody here
    return h[:16] + struct.pack('!H', _sum(h + p)) + h[18:] + p

def udp(sp, dp, p, length=None):
    return struct.pack('!HHHH', sp, dp, 8 + len(p) if length is None else length, 0) + p

def mss(n): return struct.pack('!BBH', 2, 4, n)
def wscale(n): return struct.pack('!BBB', 3, 3, n)
SACKOK = b'\4\2'
def ts(v, e): return b'\1\1' + struct.pack('!BBII', 8, 10, v, e)

def pcap(path, pkts, link=1, nano=False, snap=262144, big=False, linkfield=None):
    """pkts: (seconds since T0, bytes[, wire length])"""
    e = '>' if big else '<'
    with open(path, 'wb') as f:
        f.write(struct.pack(e + 'IHHiIII', 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0, snap,
                            link if linkfield is None else linkfield))
        for k in pkts:
            t, b = k[0], k[1]
            w = k[2] if len(k) > 2 else len(b)
            ns = round(t * 1e9)
            s, fr = T0 + ns // 10**9, ns % 10**9
            f.write(struct.pack(e + 'IIII', s, fr if nano else fr // 1000, min(len(b), snap), w) + b[:snap])

def opt(code, val, e='<'):
    return struct.pack(e + 'HH', code, len(val)) + val + b'\0' * (-len(val) % 4)
def block(typ, body, e='<'):
    n = 12 + len(body)
    return struct.pack(e + 'II', typ, n) + body + struct.pack(e + 'I', n)
def shb(e='<'):
    return block(0x0A0D0D0A, struct.pack(e + 'IHHq', 0x1A2B3C4D, 1, 0, -1), e)
def idb(link=1, snap=0, opts=b'', e='<'):
    return block(1, struct.pack(e + 'HHI', link, 0, snap) + opts + (struct.pack(e + 'HH', 0, 0) if opts else b''), e)
def epb(i, t, b, wire=None, opts=b'', e='<', units=10**6, base=T0):
    v = round((base + t) * units)
    return block(6, struct.pack(e + 'IIIII', i, v >> 32, v & 0xffffffff, len(b), wire or len(b)) + b + b'\0' * (-len(b) % 4)
                 + opts + (struct.pack(e + 'HH', 0, 0) if opts else b''), e)
def isb(i, t, opts, e='<', units=10**6):
    v = round((T0 + t) * units)
    return block(5, struct.pack(e + 'III', i, v >> 32, v & 0xffffffff) + opts + struct.pack(e + 'HH', 0, 0), e)

class Tcp:
    """A connection as seen at one point; every packet is appended to .out as (t, frame)."""
    def __init__(s, c='192.0.2.10', d='198.51.100.20', cp=40001, dp=22, isn=1000, risn=900000, out=None, v6=False):
        s.c, s.d, s.cp, s.dp, s.i, s.r, s.out, s.v6 = c, d, cp, dp, isn, risn, out if out is not None else [], v6
        s.idc, s.idd = 100, 7000
    def _fr(s, t, up, p, id=None, ttl=64):
        if s.v6: f = eth(ip6(s.c if up else s.d, s.d if up else s.c, 6, p), 0x86dd, 1 if up else 2, 2 if up else 1)
        else:
            if id is None:
                if up: s.idc += 1; id = s.idc
                else: s.idd += 1; id = s.idd
            f = eth(ip4(s.c if up else s.d, s.d if up else s.c, 6, p, id=id, ttl=ttl, df=1), 0x0800, 1 if up else 2, 2 if up else 1)
        s.out.append((t, f)); return f
    def up(s, t, off, fl=A, p=b'', ack=0, opt=b'', win=64240, **k):
        return s._fr(t, True, tcp(s.cp, s.dp, s.i + 1 + off, s.r + 1 + ack, fl, p, win, opt), **k)
    def dn(s, t, off, fl=A, p=b'', ack=0, opt=b'', win=64240, **k):
        return s._fr(t, False, tcp(s.dp, s.cp, s.r + 1 + off, s.i + 1 + ack, fl, p, win, opt), **k)
    def shake(s, t, rtt=0.02, opt=mss(1460) + SACKOK + wscale(7)):
        s._fr(t, True, tcp(s.cp, s.dp, s.i, 0, S, b'', 64240, opt))
        s._fr(t + rtt, False, tcp(s.dp, s.cp, s.r, s.i + 1, S | A, b'', 65160, opt))
        s._fr(t + rtt + .0001, True, tcp(s.cp, s.dp, s.i + 1, s.r + 1, A))
    def close(s, t, uo, do, rtt=0.02):
        s.up(t, uo, F | A, ack=do); s.dn(t + rtt, do, F | A, ack=uo + 1); s.up(t + rtt + .0001, uo + 1, A, ack=do + 1)

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the captures of this folder again, byte for byte.  What each holds: README.md."""
from wire import *
import os, random
from wire import _sum as cksum
HERE = os.getcwd()
os.chdir(os.path.dirname(os.path.abspath(__file__)))
A1, B1 = '192.0.2.1', '198.51.100.1'
rnd = random.Random(1)
def rb(n): return bytes(rnd.getrandbits(8) for _ in range(n))
def cut(pk, n): return [(t, f[:n], len(f)) for t, f in pk]
def up4(pr, pl, id=0, **k): return eth(ip4(A1, B1, pr, pl, id=id & 0xffff, **k), 0x800, 1, 2)
def dn4(pr, pl, id=0, **k): return eth(ip4(B1, A1, pr, pl, id=id & 0xffff, **k), 0x800, 2, 1)

def ack_before_data():
    """40 segments of 1000 bytes, each answered 20 us later; the client's direction is stamped 60 us late."""
    c = Tcp(dp=443, cp=50001); c.shake(0); t = .1
    for k in range(40):
        c.up(t, 1000*k, A | P, b'x'*1000); c.dn(t + .00002, 0, A, ack=1000*(k+1)); t += .05
    c.close(t, 40000, 0)
    o = [(tt + (.00006 if f[6:12] == mac(1) else 0), f) for tt, f in c.out]
    pcap('ack-before-data.pcap', cut(sorted(o, key=lambda x: x[0]), 90))

def one_byte_rtx():
    """One byte each way lost behind the probe and sent again after 250 and 300 ms; nothing is a keep-alive."""
    c = Tcp(); c.shake(0)
    c.up(1, 0, A | P, b'l'); c.dn(1.02, 0, A | P, b'l', ack=1); c.up(1.0201, 1, A, ack=1)
    c.up(2, 1, A | P, b's', ack=1); c.up(2.25, 1, A | P, b's', ack=1)
    c.dn(2.27, 1, A | P, b's', ack=2); c.up(2.2701, 2, A, ack=2)
    c.dn(3, 2, A | P, b'$', ack=2); c.dn(3.3, 2, A | P, b'$', ack=2); c.up(3.3001, 2, A, ack=3)
    c.close(4, 2, 3); pcap('one-byte-rtx.pcap', c.out)

def fastopen_refused():
    """SYN with 100 bytes; the SYN-ACK takes the SYN only; the bytes are sent again at once."""
    c = Tcp(cp=40100, dp=853); o = mss(1460) + SACKOK + wscale(7); req = b'q'*100
    c._fr(0, True, tcp(c.cp, c.dp, c.i, 0, S, req, 64240, o + bytes([34, 10]) + b'cookie!!'))
    c._fr(.02, False, tcp(c.dp, c.cp, c.r, c.i + 1, S | A, b'', 65160, o))
    c.up(.0201, 0, A | P, req); c.dn(.0402, 0, A, ack=100)
    c.dn(.06, 0, A | P, b'r'*200, ack=100); c.up(.0601, 100, A, ack=200)
    c.close(1, 100, 200); pcap('fastopen-refused.pcap', c.out)

def port_reuse_open():
    """Three connections with the same ports, 10 s apart, each with numbers of its own; no FIN or RST was captured."""
    out = []
    for k in range(3):
        t = 10.*k
        c = Tcp(cp=45000, dp=5001, isn=(1000 + 777777777*k) & 0xffffffff, risn=(900000 + 345678901*k) & 0xffffffff, out=out)
        c.shake(t)
        for j in range(5):
            c.up(t+.1+j*.1, 100*j, A | P, b'x'*100, ack=50*j); c.dn(t+.12+j*.1, 50*j, A | P, b'y'*50, ack=100*(j+1))
            c.up(t+.1201+j*.1, 100*(j+1), A, ack=50*(j+1))
    pcap('port-reuse-open.pcap', out)

def reorder_deep():
    """300 segments at 80000/s over two paths in turn, one 1.5 ms longer: every second one is 60 segments late. Nothing lost."""
    c = Tcp(cp=62000, dp=5201); c.shake(0); base = list(c.out); c.out.clear(); o = []; t = .1
    for k in range(300):
        c.up(t, 1448*k, A, b'x'*1448); o.append((t + (.0015 if k & 1 else 0), c.out[-1][1])); t += 1/80000
    c.out.clear(); end = t + .0015
    c.dn(end + .01, 0, A, ack=1448*300); c.close(end + .1, 1448*300, 0)
    pcap('reorder-deep.pcap', cut(sorted(base + o + c.out, key=lambda x: x[0]), 66), nano=True)

def wg(name, sp, dp, lose=(7, 8, 20), n=40):
    u = lambda up, pl: up4(17, udp(sp, dp, pl)) if up else dn4(17, udp(dp, sp, pl))
    o = [(0, u(True, b'\1\0\0\0' + struct.pack('<I', 0x11223344) + rb(140))),
         (.02, u(False, b'\2\0\0\0' + struct.pack('<II', 0x55667788, 0x11223344) + rb(84)))]; t = .03
    for k in range(n):
        if k not in lose: o.append((t, u(True, b'\4\0\0\0' + struct.pack('<IQ', 0x55667788, k) + rb(96))))
        o.append((t + .005, u(False, b'\4\0\0\0' + struct.pack('<IQ', 0x11223344, k) + rb(128)))); t += .02
    pcap(name, o)

def wg_segments():
    """What a host sees of its own WireGuard when UDP is segmented by the card: ten messages in one datagram. Nothing lost."""
    u = lambda up, pl: up4(17, udp(51820, 51820, pl)) if up else dn4(17, udp(51820, 51820, pl))
    o = [(0, u(True, b'\1\0\0\0' + struct.pack('<I', 0x11223344) + rb(140))),
         (.02, u(False, b'\2\0\0\0' + struct.pack('<II', 0x55667788, 0x11223344) + rb(84)))]; t = .03
    for k in range(12):
        o.append((t, u(True, b''.join(b'\4\0\0\0' + struct.pack('<IQ', 0x55667788, 10*k + j) + rb(112) for j in range(10)))))
        o.append((t + .004, u(False, b'\4\0\0\0' + struct.pack('<IQ', 0x11223344, k) + rb(16)))); t += .02
    pcap('wg-segments.pcap', o)

def esp_replay_burst():
    """Numbers 6000..6199, then 20 old ones in a row (1000..1019) within 0.2 ms, then 6200..6399.  Nothing lost."""
    o = []; t = 0
    e = lambda q: struct.pack('!II', 0xc1000001, q) + bytes(60)
    for q in range(6000, 6200): o.append((t, up4(50, e(q), id=q))); t += .005
    for j in range(20): o.append((t + j*.00001, up4(50, e(1000 + j), id=1000 + j)))
    for q in range(6200, 6400): t += .005; o.append((t, up4(50, e(q), id=q)))
    for j in range(40): o.append((.002 + j*.05, dn4(50, struct.pack('!II', 0xc2000002, 1 + j) + bytes(60), id=j)))
    pcap('esp-replay-burst.pcap', cut(sorted(o, key=lambda x: x[0]), 50))

def mpls_ether():
    """An Ethernet pseudowire without control word; the inner destination MAC of one side begins with 4."""
    c = Tcp(cp=60003, dp=443, c='192.0.2.10', d='198.51.100.20'); c.shake(0); t = .1
    for k in range(6): c.dn(t, 500*k, A, b'd'*500); c.up(t + .001, 0, A, ack=500*(k+1)); t += .02
    c.close(t, 0, 3000); m = bytes.fromhex('4c0000000002')
    o = []
    for tt, f in c.out:
        f = m + f[6:] if f[:6] == mac(2) else f[:6] + m + f[12:]
        o.append((tt, eth(struct.pack('!II', 100 << 12 | 64, 200 << 12 | 0x100 | 64) + f, 0x8847, 7, 8)))
    pcap('mpls-ether.pcap', o)

def not_dns_53():
    """A VPN that uses UDP port 53: 100 packets each way, none of them a DNS message, over 6 s and more."""
    o = []; t = 0
    for k in range(100):
        o.append((t, up4(17, udp(40000, 53, b'\x48\0\0\1' + struct.pack('!I', k) + rb(120)))))
        o.append((t + .02, dn4(17, udp(53, 40000, b'\x48\0\0\2' + struct.pack('!I', k) + rb(120))))); t += .08
    pcap('not-dns-53.pcap', cut(o, 110))

def drops():
    """A segment of 500 bytes was dropped by the capture; the interface statistics block at the end says so."""
    c = Tcp(cp=61000, dp=443); c.shake(0); t = .1
    for k in range(40): c.dn(t, 500*k, A, b'd'*500); c.up(t + .001, 0, A, ack=500*(k+1)); t += .02
    c.close(t, 0, 20000)
    b = shb() + idb(1); n = 0
    for tt, f in c.out:
        n += len(f) > 500
        if not (len(f) > 500 and n == 21): b += epb(0, tt, f[:90], len(f))
    b += isb(0, c.out[-1][0], opt(4, struct.pack('<Q', len(c.out))) + opt(5, struct.pack('<Q', 0)) + opt(7, struct.pack('<Q', 1)))
    open('drops.pcapng', 'wb').write(b)

def rtp_bundle():
    """Three sources in one pair of ports: audio 50/s (2 lost), video 100/s (1 lost), repair 2/s; one source back."""
    ev = []; a, v = 20000, 65400
    for k in range(100): ev.append((k*.02, 111, 0xaaaa0001, (a + k) & 65535, k*960, 100, k in (20, 21)))
    for k in range(200): ev.append((k*.01 + .003, 96, 0xbbbb0002, (v + k) & 65535, k*900, 900, k == 100))
    for k in range(4): ev.append((k*.5 + .004, 97, 0xcccc0003, 500 + k, k*45000, 900, False))
    o = []
    for t, pt, ssrc, seq, tsv, n, lost in sorted(ev):
        if not lost: o.append((t, eth(ip4('192.0.2.10', '198.51.100.20', 17, udp(50000, 3478,
            struct.pack('!BBHII', 0x80, pt, seq, tsv, ssrc) + bytes(n)), df=1))))
    for k in range(100):
        o.append((k*.02 + .001, eth(ip4('198.51.100.20', '192.0.2.10', 17, udp(3478, 50000,
            struct.pack('!BBHII', 0x80, 111, 777 + k, k*960, 0xdddd0004) + bytes(100)), df=1), 0x800, 2, 1)))
    pcap('rtp-bundle.pcap', cut(sorted(o, key=lambda x: x[0]), 60))

def esp_udp_port():
    """IKE and ESP in UDP between ports 6500 (configured so on both gateways); 3 packets of the source lost."""
    o = []; u = lambda up, pl: up4(17, udp(6500, 6500, pl)) if up else dn4(17, udp(6500, 6500, pl))
    def ike(up, x, resp): return u(up, b'\0\0\0\0' + b'I'*8 + (b'R'*8 if resp or x == 35 else b'\0'*8)
        + struct.pack('!BBBBII', 33, 0x20, x, 0x20 if resp else 8, 0, 200) + rb(172))
    o = [(0, ike(True, 34, False)), (.02, ike(False, 34, True)), (.03, ike(True, 35, False)), (.05, ike(False, 35, True))]; t = .1
    for k in range(1, 61):
        if k not in (10, 11, 30): o.append((t, u(True, struct.pack('!II', 0xc1000001, k) + rb(100))))
        o.append((t + .003, u(False, struct.pack('!II', 0xc2000002, k) + rb(100)))); t += .02
    pcap('esp-udp-6500.pcap', o)

def gtpu():
    """A TCP session inside GTP-U version 1, every second packet with an extension header."""
    c = Tcp(cp=60010, dp=443, c='192.0.2.10', d='203.0.113.20'); c.shake(0); t = .1
    for k in range(6): c.dn(t, 500*k, A, b'd'*500); c.up(t + .001, 0, A, ack=500*(k+1)); t += .02
    c.close(t, 0, 3000); o = []
    for n, (tt, f) in enumerate(c.out):
        p = f[14:]
        h = (struct.pack('!BBHIHBB', 0x34, 255, len(p) + 8, 0x1001, 0, 0, 0x85) + bytes([1, 0x10, 9, 0]) if n & 1
             else struct.pack('!BBHI', 0x30, 255, len(p), 0x1001))
        o.append((tt, (up4 if f[6:12] == mac(1) else dn4)(17, udp(2152, 2152, h + p))))
    pcap('gtpu.pcap', o)

def esp_failover():
    """A sender of 50 packets a second whose numbers jump ahead by 16384 between two packets (a standby took over)."""
    o = []; t = 0; q = 1
    for k in range(100):
        if k == 50: q += 16384
        o.append((t, up4(50, struct.pack('!II', 0xc1000001, q) + bytes(80), id=k+1))); q += 1
        o.append((t + .004, dn4(50, struct.pack('!II', 0xc2000002, k+1) + bytes(80), id=k+1))); t += .02
    pcap('esp-failover.pcap', cut(o, 60))

def esp_group():
    """One SA shared by a group: the sender counts once for five receivers, addresses are those of the hosts; nothing lost."""
    o = []
    for k in range(1, 201):
        o.append((k*.01, eth(ip4('192.0.2.9', '198.51.100.%d' % (1 + rnd.randrange(5)), 50, struct.pack('!II', 0xdeadbe01, k) + bytes(60), id=k))))
    pcap('esp-group.pcap', cut(o, 60))

def sctp_init():
    """An ABORT of the server for an older association, then the client INITs; equal ports."""
    o = []
    def s(t, up, ch): o.append((t, (up4 if up else dn4)(132, struct.pack('!HHII', 36412, 36412, 1, 0) + ch)))
    ch = lambda ty, b=b'': struct.pack('!BBH', ty, 0, 4 + len(b)) + b + b'\0' * (-len(b) % 4)
    s(0, False, ch(6)); s(.01, True, ch(1, bytes(16))); s(.02, False, ch(2, bytes(44))); s(.03, True, ch(10, bytes(28))); s(.04, False, ch(11))
    for k in range(5): s(.1 + k*.01, True, ch(0, struct.pack('!IHHI', k, 0, k, 18) + b'x'*100)); s(.105 + k*.01, False, ch(3, struct.pack('!IIHH', k, 1000, 0, 0)))
    s(.3, True, ch(7, bytes(4))); s(.31, False, ch(8)); s(.32, True, ch(14)); pcap('sctp-init.pcap', o)

def srv6():
    """Segment routing: the IPv6 header of the client's packets names the next segment, the session is with the last one."""
    c, f, seg = '2001:db8::10', '2001:db8:f::80', '2001:db8:5::1'; s = Tcp(c=c, d=f, cp=60030, dp=443, v6=True); s.shake(0); t = .1; o = []
    for j in range(6): s.dn(t, 500*j, A, b'd'*500); s.up(t + .001, 0, A, ack=500*(j+1)); t += .02
    s.close(t, 0, 3000)
    for tt, fr in s.out:
        if fr[6:12] == mac(1): fr = fr[:14] + ip6(c, seg, 43, bytes([6, 4, 4, 1, 1, 0, 0, 0]) + a6(f) + a6(seg) + fr[54:])
        o.append((tt, fr))
    pcap('srv6.pcap', o)

def syn_backoff():
    """One attempt to connect: the same SYN at 0, 1, 3, 7, 15, 31 and 63 s, as systems send it that double the wait."""
    pcap('syn-backoff.pcap', [(t, up4(6, tcp(40700, 443, 1000, 0, S, b'', 64240, mss(1460)), id=k+1))
                              for k, t in enumerate((0, 1, 3, 7, 15, 31, 63))])

# ---- fragments outside a tunnel ----
def two(src, dst, proto, pl, id, at=1480, s=1, d=2):
    """An IPv4 datagram in two fragments."""
    return [eth(ip4(src, dst, proto, pl[:at], id=id & 0xffff, mf=1), 0x800, s, d), eth(ip4(src, dst, proto, pl[at:], id=id & 0xffff, off=at), 0x800, s, d)]

def two6(src, dst, proto, pl, id, at=1448, s=1, d=2):
    h = lambda off, m: struct.pack('!BBHI', proto, 0, off | m, id)
    return [eth(ip6(src, dst, 44, h(0, 1) + pl[:at]), 0x86dd, s, d), eth(ip6(src, dst, 44, h(at, 0) + pl[at:]), 0x86dd, s, d)]

def spread(o, t, pieces, swap=False):
    """The pieces of one datagram, 3 us apart; swapped where the path does so."""
    for j, f in enumerate(reversed(pieces) if swap else pieces): o.append((t + j*.000003, f))

def gre_frag():
    """A download of 14 full segments in GRE over a path of MTU 1500: each takes two outer packets; every fifth comes tail first."""
    c = Tcp(c='203.0.113.10', d='203.0.113.200', cp=50110, dp=443); c.shake(0, .03); t = .1; o = []
    for k in range(14): c.dn(t, 1460*k, A | P, b'd'*1460); c.up(t + .0001, 0, A, ack=1460*(k+1)); t += .03
    c.close(t, 0, 1460*14, .03)
    for n, (tt, f) in enumerate(c.out):
        up = f[6:12] == mac(1); a, b = ('192.0.2.41', '198.51.100.41')[::1 if up else -1]; m = (1, 2)[::1 if up else -1]
        g = struct.pack('!HH', 0, 0x800) + f[14:]
        spread(o, tt, two(a, b, 47, g, 3000 + n, 1480, *m) if len(g) > 1480 else [eth(ip4(a, b, 47, g, id=3000 + n), 0x800, *m)], n % 10 == 3)
    pcap('gre-frag.pcap', o)

def vxlan_frag():
    """An upload of 40 full segments in VXLAN over IPv6 of MTU 1500: the tunnel's end cuts each in two; some come tail first."""
    c = Tcp(c='203.0.113.11', d='203.0.113.201', cp=50111, dp=5201); c.shake(0, .01); t = .1; o = []
    for k in range(40):
        c.up(t, 1460*k, A | P, b'u'*1460); t += .002
        if k & 1: c.dn(t + .01, 0, A, ack=1460*(k+1)); t += .02
    c.close(t, 1460*40, 0, .01)
    for n, (tt, f) in enumerate(c.out):
        up = f[6:12] == mac(1); a, b = ('2001:db8:a::1', '2001:db8:b::1')[::1 if up else -1]; m = (3, 4)[::1 if up else -1]
        u = udp(49200 if up else 49201, 4789, struct.pack('!II', 0x08000000, 4711 << 8) + f)
        spread(o, tt, two6(a, b, 17, u, 90000 + n, 1448, *m) if len(u) > 1452 else [eth(ip6(a, b, 17, u), 0x86dd, *m)], n % 7 == 4)
    pcap('vxlan-frag.pcap', cut(o, 150))

def erspan_frag():
    """An ERSPAN II mirror of a download of 45 full segments; the path to the collector has MTU 1500, so each full frame takes two packets."""
    c = Tcp(c='203.0.113.12', d='203.0.113.202', cp=50112, dp=8443); c.shake(0, .02); t = .1; o = []
    for k in range(45):
        c.dn(t, 1460*k, A, b'd'*1460); t += .001
        if k % 3 == 2: c.up(t, 0, A, ack=1460*(k+1)); t += .02
    c.close(t, 0, 1460*45)
    for n, (tt, f) in enumerate(c.out):
        g = struct.pack('!HHI', 0x1000, 0x88be, 700 + n) + struct.pack('!II', 0x10050025, 0) + f
        spread(o, tt, two('192.0.2.61', '198.51.100.61', 47, g, 500 + n) if len(g) > 1480 else [eth(ip4('192.0.2.61', '198.51.100.61', 47, g, id=500 + n))])
    pcap('erspan-frag.pcap', cut(o, 120))

def wg_frag():
    """WireGuard; every fourth data packet of the source is 1616 bytes long and comes in two outer fragments. Lost: 10 (small) and 15 (both fragments)."""
    a, b = '192.0.2.15', '198.51.100.15'; o = []; m = lambda idx, k, n: b'\4\0\0\0' + struct.pack('<IQ', idx, k) + bytes(n)
    fr = lambda up, pl, id: eth(ip4(*((a, b) if up else (b, a)), 17, udp(*((40123, 51820) if up else (51820, 40123)), pl), id=id), 0x800, *((1, 2) if up else (2, 1)))
    o += [(0, fr(True, b'\1\0\0\0' + struct.pack('<I', 0x0a0b0c0d) + bytes(140), 1)), (.03, fr(False, b'\2\0\0\0' + struct.pack('<II', 0x01020304, 0x0a0b0c0d) + bytes(84), 1))]
    for k in range(80):
        t = .05 + k*.025
        if k % 4 == 3 and k != 15: spread(o, t, two(a, b, 17, udp(40123, 51820, m(0x01020304, k, 1600)), 100 + k))
        elif k not in (10, 15): o.append((t, fr(True, m(0x01020304, k, 96), 100 + k)))
        o.append((t + .01, fr(False, m(0x0a0b0c0d, k, 128), 100 + k)))
    pcap('wg-frag.pcap', cut(o, 80))

def tcp_frag():
    """A server that sends segments of 2900 bytes, each in two IP fragments (no tunnel); every sixth comes tail first. Nothing lost."""
    c = Tcp(c='192.0.2.30', d='198.51.100.30', cp=50130, dp=2049); c.shake(0, .005); t = .1; o = []
    for k in range(30): c.dn(t, 2900*k, A | P, b'n'*2900); c.up(t + .0002, 0, A, ack=2900*(k+1)); t += .01
    c.close(t, 0, 2900*30, .005)
    for n, (tt, f) in enumerate(c.out):
        spread(o, tt, two('198.51.100.30', '192.0.2.30', 6, f[34:], 9000 + n, 1480, 2, 1) if len(f) > 1514 else [f], n % 12 == 3)
    pcap('tcp-frag.pcap', cut(o, 70))

# ---- what is captured twice ----
def hop(f):
    """The frame behind a router: TTL one less, another checksum, the rest the same."""
    g = f[:22] + bytes([f[22] - 1]) + f[23:24] + b'\0\0' + f[26:]
    return g[:24] + struct.pack('!H', cksum(g[14:34])) + g[26:]

def copies_burst():
    """Bursts at 10 Gb/s: 20 segments 1.2 us apart; the port mirrors both sides of a router, so each packet comes again 10 us later."""
    c = Tcp(c='203.0.113.20', d='192.0.2.20', cp=50120, dp=80); c.shake(0, .0015); t = .1; s = 0
    for k in range(5):
        for j in range(20): c.dn(t + j*.0000012, s, A, b'd'*1448); s += 1448
        c.up(t + .0012, 0, A, ack=s); t += .01
    c.close(t, 0, s, .0015)
    pcap('copies-burst.pcap', cut(sorted([(tt, f) for tt, f in c.out] + [(tt + .00001, hop(f)) for tt, f in c.out], key=lambda x: x[0]), 70), nano=True)

def copies_lan():
    """A LAN with a round trip of 100 us, each packet again 70 us later (before and behind a router). Segment 30 is truly lost behind the probe and sent again."""
    c = Tcp(c='192.0.2.21', d='192.0.2.130', cp=50121, dp=445); c.shake(0, .0001); t = .05
    for k in range(60):
        c.dn(t, 1400*k, A | P, b'd'*1400)
        lost = 30 <= k < 34
        c.up(t + .00008, 0, A, ack=1400*(30 if lost else k+1))
        if k == 33: t += .0005; c.dn(t, 1400*30, A | P, b'd'*1400); c.up(t + .00008, 0, A, ack=1400*34)
        t += .001
    c.close(t, 0, 1400*60, .0001)
    pcap('copies-lan.pcap', cut(sorted([(tt, f) for tt, f in c.out] + [(tt + .00007, hop(f)) for tt, f in c.out], key=lambda x: x[0]), 70))

# ---- restart, queue, address change, keys ----
def pcapgz(path, pkts):
    import gzip
    pcap(path + '.tmp', pkts)
    with open(path + '.tmp', 'rb') as f: b = f.read()
    os.unlink(path + '.tmp')
    with open(path, 'wb') as f: f.write(gzip.compress(b, 9, mtime=0))

def esp_restart():
    """An SA of 2000 packets starts again at 1 with the same SPI; of the new life 3 and 60 are lost."""
    a, b = '192.0.2.17', '198.51.100.17'; o = []
    e = lambda up, q, n: eth(ip4(*((a, b) if up else (b, a)), 50, struct.pack('!II', 0xc1700001 if up else 0xc1700002, q) + bytes(n), df=1), 0x800, *((1, 2) if up else (2, 1)))
    for q in range(1, 2001): o.append((q*.004, e(True, q, 80)))
    for q in range(1, 301):
        if q not in (3, 60): o.append((9 + q*.004, e(True, q, 80)))
    for q in range(1, 51): o.append((.0021 + q*.2, e(False, q, 60)))
    pcapgz('esp-restart.pcap.gz', cut(sorted(o, key=lambda x: x[0]), 42))

def queue_before_tap():
    """The probe stands at the receiver, which only acknowledges. The round trip to the sender is 20 ms in 0..5 s and 10..15 s, 300 ms in 5..10 s.
    The window of 8 segments is always full within a burst, so two segments follow an acknowledgement by one round trip; between bursts the sender has nothing to send."""
    c = Tcp(c='203.0.113.27', d='198.51.100.27', cp=50127, dp=443); W = 8*1448; n = 0; last = [0]
    cv, sv = lambda t: 7000000 + round(t*1000), lambda t: 90000000 + round(t*1000)
    syn = mss(1460) + SACKOK
    c._fr(0, True, tcp(c.cp, c.dp, c.i, 0, S, b'', W, syn + ts(cv(0), 0)[2:] + b'\1\1')); c._fr(.02, False, tcp(c.dp, c.cp, c.r, c.i+1, S | A, b'', 64240, syn + ts(sv(.01), cv(0))[2:] + b'\1\1'))
    c.up(.0201, 0, A, opt=ts(cv(.0201), sv(.01)), win=W); c.up(.0205, 0, A | P, b'g'*100, opt=ts(cv(.0205), sv(.01)), win=W)
    c.dn(.0405, 0, A, ack=100, opt=ts(sv(.03), cv(.0205)), win=64240); last = cv(.0205)
    def pairs(t, count, step, rtt):
        nonlocal n, last
        acks = []
        for j in range(count):
            at = t + j*step; echo = acks[j-4] if j >= 4 else last
            for x in range(2): c.dn(at + x*.000012, 1448*n, A, b'd'*1448, ack=100, opt=ts(sv(at - rtt/2), echo)); n += 1
            c.up(at + .00006, 100, A, ack=1448*n, opt=ts(cv(at), sv(at - rtt/2)), win=W); acks.append(cv(at))
        last = acks[-1]
    for t in (1, 2, 3): pairs(t, 8, .005, .02)
    pairs(5.02, 64, .075, .3)
    for t in (11, 12, 13): pairs(t, 8, .005, .02)
    c.up(14, 100, F | A, ack=1448*n, opt=ts(cv(14), last), win=W); c.dn(14.02, 1448*n, F | A, ack=101, opt=ts(sv(14.01), cv(14))); c.up(14.0201, 101, A, ack=1448*n + 1, opt=ts(cv(14.0201), sv(14.01)), win=W)
    pcap('queue-before-tap.pcap', cut(c.out, 66))

def mobike():
    """A road warrior (source) changes its address in mid-stream, both SAs go on; 101..110 of either direction are lost at the change."""
    g = '192.0.2.28'; o = []
    for k in range(1, 201):
        if 101 <= k <= 110: continue
        w = '203.0.113.28' if k <= 100 else '198.51.100.128'; t = k*.02
        o.append((t, eth(ip4(w, g, 50, struct.pack('!II', 0xc2800001, k) + bytes(70), id=k))))
        o.append((t + .006, eth(ip4(g, w, 50, struct.pack('!II', 0xc2800002, k) + bytes(90), id=k), 0x800, 2, 1)))
    pcap('mobike.pcap', cut(o, 50))

def keys(path, cp, how):
    """A TCP session whose two directions carry different keys (ids of a direction, not of a customer)."""
    c = Tcp(c='203.0.113.29', d='203.0.113.229', cp=cp, dp=443); c.shake(0); t = .1; o = []
    for k in range(6): c.dn(t, 500*k, A, b'd'*500); c.up(t + .001, 0, A, ack=500*(k+1)); t += .02
    c.close(t, 0, 3000)
    for n, (tt, f) in enumerate(c.out):
        up = f[6:12] == mac(1); a, b = ('192.0.2.29', '198.51.100.29')[::1 if up or how == 'erspan' else -1]; m = (1, 2)[::1 if up or how == 'erspan' else -1]
        if how == 'gre': g = struct.pack('!HHI', 0x2000, 0x800, 0 if up else 7) + f[14:]
        elif how == 'nvgre': g = struct.pack('!HHI', 0x2000, 0x6558, 5001 << 8 | (0x3c if up else 0xa5)) + f
        else: g = struct.pack('!HHII', 0x3000, 0x88be, 0 if up else 5, n + 1) + struct.pack('!II', 0x10640000 | (11 if up else 12), 0) + f
        o.append((tt, eth(ip4(a, b, 47, g, id=200 + n), 0x800, *m)))
    pcap(path, cut(o, 130))

# ---- tunnels that are quiet ----
def quiet(path, who, times, lose):
    """ESP; times of the source's packets, the destination's 0.4 s after each; lose = (source's numbers, destination's numbers) that are lost."""
    a, b = '192.0.2.%d' % who, '198.51.100.%d' % who; o = []
    for k, t in enumerate(times, 1):
        if k not in lose[0]: o.append((t, eth(ip4(a, b, 50, struct.pack('!II', 0xc1000000 + who, k) + bytes(60), df=1))))
        if k not in lose[1]: o.append((t + (.4 if t >= 60 or len(times) < 1000 else .01), eth(ip4(b, a, 50, struct.pack('!II', 0xd1000000 + who, k) + bytes(60), df=1), 0x800, 2, 1)))
    pcapgz(path, cut(sorted(o, key=lambda x: x[0]), 42))

def quiets():
    quiet('quiet-after-busy.pcap.gz', 141, [k/20 for k in range(1200)] + [60 + 10*k for k in range(120)], ((), (1266,)))
    quiet('quiet.pcap.gz', 142, [10*k for k in range(360)], ((200,), ()))
    quiet('quiet-outage.pcap.gz', 143, [10*k for k in range(360)], ((), range(151, 211)))

def gz_large(path):
    """200 UDP packets whose capture is 282 kB when compressed: too large to lie here, so it is written where asked."""
    import gzip, io
    pk = [(k*.01, up4(17, udp(40000, 9999, rb(1400)))) for k in range(200)]
    pcap(path + '.tmp', pk)
    with open(path + '.tmp', 'rb') as f, open(path, 'wb') as g: g.write(gzip.compress(f.read(), mtime=0))
    os.unlink(path + '.tmp')

if __name__ == '__main__':
    import sys
    if len(sys.argv) == 3 and sys.argv[1] == '--gz':
        rnd.seed(9); gz_large(os.path.join(HERE, sys.argv[2])); sys.exit()
    syn_backoff()
    rnd.seed(7); esp_failover(); esp_group(); sctp_init(); srv6(); rnd.seed(1)
    ack_before_data(); one_byte_rtx(); fastopen_refused(); port_reuse_open(); reorder_deep()
    wg('wg-port-4500.pcap', 51820, 4500); wg_segments(); esp_replay_burst(); mpls_ether(); not_dns_53()
    drops(); rtp_bundle(); esp_udp_port(); gtpu()
    gre_frag(); vxlan_frag(); erspan_frag(); wg_frag(); tcp_frag(); copies_burst(); copies_lan()
    esp_restart(); queue_before_tap(); mobike(); quiets()
    keys('gre-keys.pcap', 50129, 'gre'); keys('erspan-keys.pcap', 50130, 'erspan'); keys('nvgre-flowid.pcap', 50131, 'nvgre')

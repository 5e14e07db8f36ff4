/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tunnels.c: what is around a flow: labels, tags and tunnels, whole and cut at every byte; and what looks like
 * one and is none.
 */
#include "tests/unit/probe/decode/frames.h"

// clang-format off
/* The header of UDP12 with its checksum, right or not; without one it is 0. */
#define SUM12(sum) 0x45, 0x02, B16(32), B16(ID), B16(0x4000), 64, 17, B16(sum), A4, B4, UDP(5000, 6000, 4), DATA4
#define RIGHT SUM12(0x1495)
#define WRONG SUM12(0x1496)
#define MAC_4 0x4c, 0, 0, 0, 0, 0xbb
#define SIX12 IP6(17, 12), UDP(5000, 6000, 4), DATA4
#define IS_SIX12 SIX, .proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 52, .payload = 4
#define IS_MPLS(label) .dlt = LINK_ETH, .proto = 0x8847, .mpls = label

static const struct want mpls[] = {
	{ "ipv4, its checksum right", BYTES(ETH(0x8847), MPLS(16, 1), RIGHT), .dlt = LINK_ETH, INNER, IS_UDP12, .mpls = 16,
	    .encap = "mpls16" },
	{ "ipv4, its checksum wrong", BYTES(ETH(0x8847), MPLS(16, 1), WRONG), IS_MPLS(16) },
	{ "ipv4 without a checksum, padded", BYTES(ETH(0x8847), MPLS(16, 1), UDP12, Z8), .dlt = LINK_ETH, INNER, IS_UDP12,
	    .mpls = 16, .encap = "mpls16" },
	{ "ipv4 without a checksum, far too much behind it", BYTES(ETH(0x8847), MPLS(16, 1), UDP12, Z16, Z16, Z16, Z16),
	    IS_MPLS(16) },
	{ "ipv4 longer than what is left", BYTES(ETH(0x8847), MPLS(16, 1), IP4(17, 13), UDP(5000, 6000, 5), DATA4),
	    IS_MPLS(16) },
	{ "ipv4 of 4 words", BYTES(ETH(0x8847), MPLS(16, 1), 0x44, 2, B16(32), Z8, A4, B4, DATA8, DATA8), IS_MPLS(16) },
	{ "ipv6", BYTES(ETH(0x8847), MPLS(16, 1), SIX12), .dlt = LINK_ETH, IS_SIX12, .mpls = 16, .encap = "mpls16" },
	{ "ipv6 longer than what is left", BYTES(ETH(0x8847), MPLS(16, 1), IP6(17, 13), UDP(5000, 6000, 4), DATA4),
	    IS_MPLS(16) },
	{ "ipv6 from a group", BYTES(ETH(0x8847), MPLS(16, 1), 0x60, 0, 0, 0, B16(12), 17, 63, 0xff, 2, Z8, Z4, 0, 1, B6,
	    UDP(5000, 6000, 4), DATA4), IS_MPLS(16) },
	{ "ethernet behind a control word", BYTES(ETH(0x8847), MPLS(16, 1), Z4, ETH(0x800), RIGHT), .dlt = LINK_ETH, INNER,
	    IS_UDP12, .mpls = 16, .encap = "mpls16/pw" },
	{ "and a VLAN", BYTES(ETH(0x8847), MPLS(16, 1), Z4, ETH(0x8100), VLAN(7, 0x800), RIGHT), .dlt = LINK_ETH, INNER,
	    IS_UDP12, .mpls = 16, .vlan = 7, .encap = "mpls16/pw/q7" },
	{ "ethernet, an address begins with 0", BYTES(ETH(0x8847), MPLS(16, 1), ETH(0x800), RIGHT), .dlt = LINK_ETH, INNER,
	    IS_UDP12, .mpls = 16, .encap = "mpls16/pw" },
	{ "with 4", BYTES(ETH(0x8847), MPLS(100, 0), MPLS(200, 1), ETH_TO(MAC_4, 0x800), RIGHT), .dlt = LINK_ETH, INNER,
	    IS_UDP12, .mpls = 100, .encap = "mpls100/pw" },
	{ "with 6, and a length that would fit", BYTES(ETH(0x8847), MPLS(16, 1), 0x60, 1, 2, 3, B16(8), MAC_A, B16(0x800),
	    RIGHT, Z4), .dlt = LINK_ETH, INNER, IS_UDP12, .mpls = 16, .encap = "mpls16/pw" },
	{ "arp", BYTES(ETH(0x8847), MPLS(16, 1), ETH(0x806), B16(1), B16(0x800), 6, 4, B16(1), MAC_A, A4, Z4, 0, 0, B4),
	    .dlt = LINK_ETH, .proto = PROTO_ARP, .mpls = 16, .af = 4, .src = "10.0.0.1", .dst = "10.0.0.2",
	    .encap = "mpls16/pw" },
	{ "ethernet of a type that no one knows", BYTES(ETH(0x8847), MPLS(16, 1), Z4, ETH(0x1234), RIGHT), IS_MPLS(16) },
	{ "ethernet from a group", BYTES(ETH(0x8847), MPLS(16, 1), MAC_4, BROADCAST, B16(0x800), RIGHT), IS_MPLS(16) },
	{ "ethernet, but the inner packet does not fit", BYTES(ETH(0x8847), MPLS(16, 1), Z4, ETH(0x800), IP4(17, 100), DATA8),
	    IS_MPLS(16) },
	{ "a router's alert, then nothing that fits", BYTES(ETH(0x8847), MPLS(1, 0), MPLS(16, 1), 0x10, 0, 0, 0x21, DATA16),
	    IS_MPLS(1) },
	{ "a stack without a bottom", BYTES(ETH(0x8847), MPLS(1, 0), MPLS(2, 0)), IS_MPLS(1) },
	{ "labels and nothing else", BYTES(ETH(0x8847), MPLS(1, 0), MPLS(2, 1)), IS_MPLS(1) },
};

#define IS_INNER .dlt = LINK_ETH, INNER, IS_UDP12
#define IS_GRE(n) .dlt = LINK_ETH, OUTER, .proto = 47, .payload = n
static const struct want tags[] = {
	{ "vn-tag", BYTES(ETH(0x8926), B32(0x80120034), B16(0x800), UDP12), IS_INNER, .encap = "vntag" },
	{ "vn-tag and a VLAN", BYTES(ETH(0x8926), B32(0x80120034), B16(0x8100), VLAN(7, 0x800), UDP12), IS_INNER, .vlan = 7,
	    .encap = "vntag/q7" },
	{ "vn-tag, llc", BYTES(ETH(0x8926), B32(0x80120034), B16(4), 0xe0, 0xe1, 3, 0), .dlt = LINK_ETH, .proto = PROTO_LLC,
	    .aux = 0xe0e0, .encap = "vntag" },
	{ "802.1ah", BYTES(ETH(0x88a8), VLAN(100, 0x88e7), B32(0x60abcdef), ETH(0x800), UDP12), IS_INNER, .vlan = 100,
	    .encap = "q100/pbb11259375" },
	{ "802.1ah, the customer's VLAN", BYTES(ETH(0x88e7), B32(7), ETH(0x8100), VLAN(9, 0x800), UDP12), IS_INNER, .vlan = 9,
	    .encap = "pbb7/q9" },
	{ "fabricpath", BYTES(ETH(0x8903), B16(0x0042), ETH(0x800), UDP12), IS_INNER, .encap = "fabricpath" },
	{ "cisco metadata", BYTES(ETH(0x8909), 1, 1, B16(1), B16(77), B16(0x800), UDP12), IS_INNER,
	    .encap = "cmd" },
	{ "cisco metadata of two words", BYTES(ETH(0x8909), 1, 2, B16(1), B16(77), Z4, B16(0x800), UDP12), IS_INNER,
	    .encap = "cmd" },
	{ "cisco metadata of a later version", BYTES(ETH(0x8909), 2, 1, B16(1), B16(77), B16(0x800), UDP12), .dlt = LINK_ETH,
	    .proto = 0x8909 },
	{ "cisco metadata of no word", BYTES(ETH(0x8909), 1, 0, B16(0x800), UDP12), .dlt = LINK_ETH, .proto = 0x8909 },
	{ "cisco metadata in gre", BYTES(ETH(0x800), OUT4(47, 44), GRE(0, 0x8909), B16(0x800), 1, 1, B16(1), B16(77),
	    UDP12), IS_INNER, .encap = "gre/cmd" },
	{ "cisco metadata in gre, an unknown type", BYTES(ETH(0x800), OUT4(47, 44), GRE(0, 0x8909), B16(0x8801), 1, 1, B16(1),
	    B16(77), UDP12), IS_GRE(40), .iplen = 64 },
	{ "cisco metadata in geneve is not what geneve says", BYTES(ETH(0x800), OUT4(17, 56), UDP(50000, 6081, 48), 0, 0,
	    B16(0x8909), Z4, B16(0x800), 1, 1, B16(1), B16(77), UDP12), .dlt = LINK_ETH, OUTER, .proto = 17,
	    .sport = 50000, .dport = 6081, .facts = FACT_PORTS, .iplen = 76, .payload = 48 },
};

#define GRE_BACK(type) IP4_(D4, C4, 47, 4, 0), GRE(0, type)
#define GRE_ON(type) IP4_(C4, D4, 47, 4, 0), GRE(0, type)
static const struct want gre[] = {
	{ "nvgre", BYTES(ETH(0x800), OUT4(47, 54), GRE(0x2000, 0x6558), B32(5001 << 8 | 0x3c), ETH(0x800), UDP12), IS_INNER,
	    .keyed_vrf = 5001, .encap = "gre1280316" },
	{ "nvgre, not decoded: its network", BYTES(ETH(0x800), OUT4(47, 14 + 8 + 4), GRE(0x2000, 0x6558),
	    B32(5001 << 8 | 0x3c), ETH(0x88cc), DATA4), IS_GRE(18), .iplen = 46, .vrf = 5001 },
	{ "the key of erspan is no network", BYTES(ETH(0x800), OUT4(47, 66), GRE(0x3000, 0x88be), B32(5), B32(9),
	    B32(0x10000011), Z4, ETH(0x800), UDP12), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS | FACT_GRESEQ | FACT_MIRROR, .iplen = 32, .payload = 4, .encap = "gre5/erspan17" },
	{ "of erspan that is not decoded neither", BYTES(ETH(0x800), OUT4(47, 38), GRE(0x3000, 0x88be), B32(5), B32(9),
	    B32(0x10000011), Z4, ETH(0x88cc), DATA4), .dlt = LINK_ETH, OUTER, .proto = 47,
	    .facts = FACT_GRESEQ | FACT_MIRROR, .iplen = 58, .payload = 26 },
	{ "vxlan in gre: the nearest network", BYTES(ETH(0x800), OUT4(47, 90), GRE(0x2000, 0x800), B32(5), OUT4(17, 62),
	    UDP(50000, 4789, 54), 8, 0, 0, 0, B32(0x4d200), ETH(0x800), UDP12), IS_INNER, .vrf = 1234,
	    .encap = "gre5/vxlan1234" },
	{ "erspan III, an IP packet", BYTES(ETH(0x800), OUT4(47, 52), GRE(0x1000, 0x22eb), B32(9), B32(0x20000011), Z4,
	    B32(2 << 10), UDP12), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS | FACT_GRESEQ | FACT_MIRROR, .iplen = 32, .payload = 4, .encap = "gre/erspan17" },
	{ "erspan III, neither frame nor packet", BYTES(ETH(0x800), OUT4(47, 52), GRE(0x1000, 0x22eb), B32(9),
	    B32(0x20000011), Z4, B32(3 << 10), UDP12), .dlt = LINK_ETH, OUTER, .proto = 47,
	    .facts = FACT_GRESEQ | FACT_MIRROR, .iplen = 72, .payload = 44 },
	{ "keepalive: its sender's", BYTES(ETH(0x800), OUT4(47, 28), GRE(0, 0x800), GRE_BACK(0)), IS_GRE(24),
	    .iplen = 48 },
	{ "keepalive with a key", BYTES(ETH(0x800), OUT4(47, 32), GRE(0x2000, 0x800), B32(40), GRE_BACK(0)),
	    IS_GRE(24), .iplen = 52, .vrf = 40 },
	{ "keepalive behind cisco metadata", BYTES(ETH(0x800), OUT4(47, 36), GRE(0, 0x8909), B16(0x800), 1, 1, B16(1), B16(77),
	    GRE_BACK(0)), IS_GRE(32), .iplen = 56 },
	{ "gre in gre that holds something", BYTES(ETH(0x800), OUT4(47, 28), GRE(0, 0x800), GRE_BACK(0x8801)),
	    .dlt = LINK_ETH, .af = 4, .src = "172.16.0.2", .dst = "172.16.0.1", .proto = 47, .iplen = 24, .encap = "gre" },
	{ "gre in gre that goes on", BYTES(ETH(0x800), OUT4(47, 28), GRE(0, 0x800), GRE_ON(0)), .dlt = LINK_ETH, OUTER,
	    .proto = 47, .iplen = 24, .encap = "gre" },
};

#define IN_UDP(sport, dport, n) ETH(0x800), OUT4(17, 8 + (n)), UDP(sport, dport, n)
#define IS_UDP(s, d, n) .dlt = LINK_ETH, OUTER, .proto = 17, .sport = s, .dport = d, .facts = FACT_PORTS, .iplen = 28 + (n), \
	.payload = n
#define GTP(flags, length) flags, 255, B16(length), B32(0x1001)
#define T6 0x20, 1, 0, 0, Z8, 0, 0, 0, 1
#define TEREDO6(next, n) 0x60, 0x20, 0, 0, B16(n), next, 63, T6, B6
#define IS_T6(n) .dlt = LINK_ETH, .af = 6, .src = "2001::1", .dst = "2001:db8::2", .proto = 17, .sport = 5000, .dport = 6000, \
	.facts = FACT_PORTS, .iplen = 52, .payload = 4, .encap = "teredo"
#define T6_12 TEREDO6(17, 12), UDP(5000, 6000, 4), DATA4
static const struct want in_udp[] = {
	{ "gtp-u", BYTES(IN_UDP(2152, 2152, 40), GTP(0x30, 32), RIGHT), IS_INNER, .encap = "gtp4097" },
	{ "gtp-u, ipv6", BYTES(IN_UDP(2152, 2152, 60), GTP(0x30, 52), SIX12), .dlt = LINK_ETH, IS_SIX12, .encap = "gtp4097" },
	{ "gtp-u, a sequence number", BYTES(IN_UDP(2152, 2152, 44), GTP(0x32, 36), B16(7), 0, 0, RIGHT), IS_INNER,
	    .encap = "gtp4097" },
	{ "gtp-u, two extension headers", BYTES(IN_UDP(2152, 2152, 56), GTP(0x34, 48), B16(0), 0, 0x85, 1, 0x10, 9, 0xc0, 2,
	    Z4, 0, 0, 0, RIGHT), IS_INNER, .encap = "gtp4097" },
	{ "gtp-u, an extension header of no length", BYTES(IN_UDP(2152, 2152, 48), GTP(0x34, 40), B16(0), 0, 0x85, 0, 0, 0, 0,
	    RIGHT), IS_UDP(2152, 2152, 48) },
	{ "gtp-u longer than its datagram", BYTES(IN_UDP(2152, 2152, 40), GTP(0x30, 33), RIGHT), IS_UDP(2152, 2152, 40) },
	{ "gtp-u, version 2", BYTES(IN_UDP(2152, 2152, 40), GTP(0x50, 32), RIGHT), IS_UDP(2152, 2152, 40) },
	{ "gtp-u, an echo", BYTES(IN_UDP(2152, 2152, 12), 0x32, 1, B16(4), B32(0), B16(7), 0, 0), IS_UDP(2152, 2152, 12) },
	{ "gtp-u, a packet that does not fit", BYTES(IN_UDP(2152, 2152, 40), GTP(0x30, 32), WRONG), IS_UDP(2152, 2152, 40) },
	{ "gtp-u, --outer", BYTES(IN_UDP(2152, 2152, 40), GTP(0x30, 32), RIGHT), .o.outer = true, IS_UDP(2152, 2152, 40) },

	{ "teredo", BYTES(IN_UDP(50000, 3544, 52), T6_12), IS_T6(0) },
	{ "teredo, where the client is", BYTES(IN_UDP(3544, 50000, 60), 0, 0, B16(0x5f3b), B32(0x3f57fffd), T6_12), IS_T6(0) },
	{ "teredo, authentication, and that", BYTES(IN_UDP(3544, 50000, 78), 0, 1, 2, 3, 'i', 'd', 'v', 'a', 'l', Z8, 0, 0, 0,
	    B16(0x5f3b), B32(0x3f57fffd), T6_12), IS_T6(0) },
	{ "teredo of no teredo address", BYTES(IN_UDP(50000, 3544, 52), SIX12), IS_UDP(50000, 3544, 52) },
	{ "teredo, a length that does not fit", BYTES(IN_UDP(50000, 3544, 52), TEREDO6(17, 13), UDP(5000, 6000, 4), DATA4),
	    IS_UDP(50000, 3544, 52) },
	{ "ipv4 is not teredo's", BYTES(IN_UDP(50000, 3544, 32), RIGHT), IS_UDP(50000, 3544, 32) },
	{ "a teredo bubble", BYTES(IN_UDP(50000, 3544, 40), TEREDO6(59, 0)), .dlt = LINK_ETH, .af = 6, .src = "2001::1",
	    .dst = "2001:db8::2", .proto = 59, .iplen = 40, .encap = "teredo" },

	{ "l2tp", BYTES(IN_UDP(1701, 1701, 42), B16(0x0002), B16(1), B16(77), 0xff, 3, 0, 0x21, RIGHT), IS_INNER,
	    .encap = "l2tp77" },
	{ "l2tp with all it can have", BYTES(IN_UDP(1701, 1701, 52), B16(0x4a02), B16(52), B16(1), B16(77), B16(1), B16(1),
	    B16(2), 0, 0, 0xff, 3, 0, 0x21, RIGHT), IS_INNER, .encap = "l2tp77" },
	{ "l2tp, a control message", BYTES(IN_UDP(1701, 1701, 20), B16(0xc802), B16(20), B16(1), B16(0), B32(0), DATA8),
	    IS_UDP(1701, 1701, 20) },
	{ "l2tp, lcp", BYTES(IN_UDP(1701, 1701, 18), B16(0x0002), B16(1), B16(77), 0xff, 3, 0xc0, 0x21, DATA8),
	    IS_UDP(1701, 1701, 18) },
	{ "l2tp, bits that are reserved", BYTES(IN_UDP(1701, 1701, 40), B16(0x1002), B16(1), B16(77), 0, 0x21, RIGHT),
	    IS_UDP(1701, 1701, 40) },
	{ "l2tp longer than its datagram", BYTES(IN_UDP(1701, 1701, 42), B16(0x4002), B16(43), B16(1), B16(77), 0, 0x21, RIGHT),
	    IS_UDP(1701, 1701, 42) },
	{ "l2tp, a packet that does not fit", BYTES(IN_UDP(1701, 1701, 42), B16(0x0002), B16(1), B16(77), 0xff, 3, 0, 0x21,
	    IP4(17, 13), DATA8, DATA4), IS_UDP(1701, 1701, 42) },
	{ "l2tp 3, no cookie", BYTES(IN_UDP(1701, 1701, 54), B32(0x30000), B32(0xabc), ETH(0x800), RIGHT), IS_INNER,
	    .encap = "l2tp2748" },
	{ "l2tp 3, a cookie of 8 and a sublayer", BYTES(IN_UDP(1701, 1701, 66), B32(0x30000), B32(0xabc), DATA8, Z4, ETH(0x800),
	    RIGHT), IS_INNER, .encap = "l2tp2748" },
	{ "l2tp 3, nothing that fits", BYTES(IN_UDP(1701, 1701, 54), B32(0x30000), B32(0xabc), ETH(0x800), WRONG),
	    IS_UDP(1701, 1701, 54) },
	{ "l2tp 3 in ip, a cookie of 4", BYTES(ETH(0x800), OUT4(115, 54), B32(0xabc), DATA4, ETH(0x800), RIGHT), IS_INNER,
	    .encap = "l2tp2748" },
	{ "l2tp 3 in ip, ipv6 in a VLAN", BYTES(ETH(0x800), OUT4(115, 74), B32(0xabc), ETH(0x8100), VLAN(7, 0x86dd), SIX12),
	    .dlt = LINK_ETH, IS_SIX12, .encap = "l2tp2748/q7" },
	{ "l2tp 3 in ip, ppp", BYTES(ETH(0x800), OUT4(115, 44), B32(0xabc), DATA4, 0xff, 3, 0, 0x21, RIGHT), IS_INNER,
	    .encap = "l2tp2748" },
	{ "l2tp 3 in ip, a control message", BYTES(ETH(0x800), OUT4(115, 12), B32(0), DATA8), .dlt = LINK_ETH, OUTER,
	    .proto = 115, .iplen = 32, .payload = 12 },

	{ "mpls in udp", BYTES(IN_UDP(50000, 6635, 40), MPLS(100, 0), MPLS(200, 1), RIGHT), IS_INNER, .encap = "udp/mpls100" },
	{ "mpls in udp, a label that begins as rtp does", BYTES(IN_UDP(50000, 6635, 40), MPLS(0x80000, 0), MPLS(200, 1), RIGHT),
	    IS_INNER, .encap = "udp/mpls524288" },
	{ "mpls in udp, nothing that fits", BYTES(IN_UDP(50000, 6635, 36), MPLS(200, 1), WRONG), IS_UDP(50000, 6635, 36) },
};

#define FIRST4(proto, n) IP4_(C4, D4, proto, n, 0x2000)
/* a packet of 1020 bytes, of which 12 of the payload are here */
#define LONG(sum) 0x45, 0x02, B16(1020), B16(ID), B16(0x4000), 64, 17, B16(sum), A4, B4, UDP(5000, 6000, 992), DATA4
#define IS_LONG .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS | FACT_FRAG, \
	.iplen = 1020, .payload = 992
#define IS_PIECE(p, n) .dlt = LINK_ETH, OUTER, .proto = p, .facts = FACT_FRAG, .iplen = 20 + (n), .payload = n
static const struct want pieces[] = {
	{ "ipip", BYTES(ETH(0x800), FIRST4(4, 32), LONG(0)), IS_LONG, .encap = "ipip" },
	{ "ipip in ipv6", BYTES(ETH(0x86dd), IP6(44, 40), 4, 0, B16(1), B32(99), LONG(0)), IS_LONG, .encap = "6in4" },
	{ "gre", BYTES(ETH(0x800), FIRST4(47, 36), GRE(0, 0x800), LONG(0)), IS_LONG, .encap = "gre" },
	{ "gre in gre", BYTES(ETH(0x800), FIRST4(47, 60), GRE(0, 0x800), 0x45, 0, B16(1044), Z4, 64, 47, 0, 0, C4, D4,
	    GRE(0, 0x800), LONG(0)), IS_LONG, .encap = "gre/gre" },
	{ "mpls in gre", BYTES(ETH(0x800), FIRST4(47, 40), GRE(0, 0x8847), MPLS(16, 1), LONG(0x10b9)), IS_LONG,
	    .encap = "gre/mpls16" },
	{ "erspan", BYTES(ETH(0x800), FIRST4(47, 62), GRE(0x1000, 0x88be), B32(9), B32(0x10000011), Z4, ETH(0x800), LONG(0)),
	    .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS | FACT_FRAG | FACT_GRESEQ | FACT_MIRROR, .iplen = 1020, .payload = 992,
	    .encap = "gre/erspan17" },
	{ "vxlan", BYTES(ETH(0x800), FIRST4(17, 62), UDP(50000, 4789, 1042), 8, 0, 0, 0, B32(0x4d200), ETH(0x800), LONG(0)),
	    IS_LONG, .vrf = 1234, .encap = "vxlan1234" },
	{ "vxlan that is shorter than its packet", BYTES(ETH(0x800), FIRST4(17, 62), UDP(50000, 4789, 1041), 8, 0, 0, 0,
	    B32(0x4d200), ETH(0x800), LONG(0)), .dlt = LINK_ETH, OUTER, .proto = 17, .sport = 50000, .dport = 4789,
	    .facts = FACT_PORTS | FACT_FRAG, .iplen = 82, .payload = 54 },
	{ "gtp-u", BYTES(ETH(0x800), FIRST4(17, 48), UDP(2152, 2152, 1028), GTP(0x30, 1020), LONG(0x10b9)), IS_LONG,
	    .encap = "gtp4097" },
	{ "geneve", BYTES(ETH(0x800), FIRST4(17, 62), UDP(50000, 6081, 1042), 0, 0, B16(0x6558), B32(0x700), ETH(0x800),
	    LONG(0)), IS_LONG, .vrf = 7, .encap = "geneve7" },
	{ "esp", BYTES(ETH(0x800), FIRST4(4, 32), 0x45, 0, B16(1020), Z4, 64, 50, 0, 0, A4, B4, B32(0x100), B32(7), DATA4),
	    .dlt = LINK_ETH, INNER, .proto = 50, .facts = FACT_FRAG | FACT_SPI, .spi = 0x100, .seq = 7, .iplen = 1020,
	    .payload = 992, .encap = "ipip" },
	{ "--outer", BYTES(ETH(0x800), FIRST4(4, 32), LONG(0)), .o.outer = true, IS_PIECE(4, 32) },
	{ "a fragment of a fragment stays outside", BYTES(ETH(0x800), FIRST4(4, 32), IP4_(A4, B4, 17, 1000, 0x2000),
	    UDP(5000, 6000, 2000), DATA4), IS_PIECE(4, 32) },
	{ "in ipv6 too", BYTES(ETH(0x800), FIRST4(41, 68), IP6(0, 1000), 44, 0, 1, 4, Z4, 17, 0, B16(1), B32(9),
	    UDP(5000, 6000, 976), DATA4), IS_PIECE(41, 68) },
	{ "what is in it is in the next fragment", BYTES(ETH(0x800), FIRST4(4, 16), 0x45, 0, B16(1020), DATA8, DATA4),
	    IS_PIECE(4, 16) },
	{ "further ones", BYTES(ETH(0x800), IP4_(C4, D4, 4, 32, 0x2010), LONG(0)), IS_PIECE(4, 32) },
};
// clang-format on
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const struct want *cases;
	size_t n;
} families[] = {
	{ mpls, COUNT(mpls) },
	{ tags, COUNT(tags) },
	{ gre, COUNT(gre) },
	{ in_udp, COUNT(in_udp) },
	{ pieces, COUNT(pieces) },
};

static void
test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(families); i++)
		check_whole(families[i].cases, families[i].n);
}

static void
test_mutants(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(families); i++)
		check_mutants(families[i].cases, families[i].n, 2000);
}

static void
test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(families); i++)
		check_cuts(families[i].cases, families[i].n);
}

/* Behind labels, and behind the headers of tunnels, anything: hardly ever does it look like a packet. */
static void
test_noise(void **state)
{
	static const uint8_t labels[] = { ETH(0x8847), MPLS(100, 1) };
	static const uint8_t gtp[] = { IN_UDP(2152, 2152, 100), GTP(0x30, 92) };
	static const uint8_t vxlan[] = { IN_UDP(50000, 4789, 100), 8, 0, 0, 0, B32(0x4d200) };
	static const uint8_t teredo[] = { IN_UDP(50000, 3544, 100) };
	static const uint8_t l2tp[] = { ETH(0x800), OUT4(115, 100), B32(0xabc) };
	static const uint8_t l2tp2[] = { IN_UDP(1701, 1701, 100), B16(0x0002), B16(1), B16(77) };
	static const struct {
		const char *msg;
		const uint8_t *bytes;
		size_t n;
	} t[] = { { "mpls", labels, sizeof(labels) }, { "gtp", gtp, sizeof(gtp) }, { "vxlan", vxlan, sizeof(vxlan) },
		{ "teredo", teredo, sizeof(teredo) }, { "l2tp 3", l2tp, sizeof(l2tp) }, { "l2tp 2", l2tp2, sizeof(l2tp2) } };
	uint8_t bytes[14 + 20 + 108];
	struct packet p;

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		unsigned taken = 0;

		for (unsigned r = 0; r < 100000; r++) {
			memcpy(bytes, t[i].bytes, t[i].n);
			for (size_t k = t[i].n; k < sizeof(bytes); k++)
				bytes[k] = (uint8_t)chance(256);
			if (r % 4 != 0) /* the nibble at least */
				bytes[t[i].n] = (uint8_t)(r % 4 == 1 ? 0x45 : r % 4 == 2 ? 0x60 : 0x00);
			decode(&p, LINK_ETH, bytes, sizeof(bytes), sizeof(bytes), 0, &(struct decode_options){ 0 });
			assert_true(p.fate == PKT_FLOW || p.fate == PKT_SHORT);
			taken += p.fate == PKT_FLOW && p.af != 0 && p.nencap > 0;
		}
		print_message("%s: %u of 100000\n", t[i].msg, taken);
		assert_true(taken <= 10); /* of IPv6, which has no checksum */
	}
}

/* A first fragment that was looked into says whose the others are. */
static void
test_around(void **state)
{
	struct packet p;

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		bool v6 = pieces[i].bytes[12] == 0x86;

		run(&p, &pieces[i], pieces[i].n);
		assert_int_equal(p.frag.inner, pieces[i].encap != NULL);
		if (!p.frag.inner)
			continue;
		print_message("%s\n", pieces[i].msg);
		assert_int_equal(p.frag_of.af, v6 ? 6 : 4);
		assert_int_equal(p.frag_of.proto, v6 ? pieces[i].bytes[14 + 40] : pieces[i].bytes[14 + 9]);
		assert_int_equal(p.frag_of.id, v6 ? 99 : ID);
		assert_int_equal(p.frag_of.dst.b[15], 2);
		assert_int_equal(p.frag.len, pieces[i].n - (v6 ? 62 : 34));
		assert_int_equal(p.ipid, p.proto == 50 ? 0 : ID);
	}
}

/* The same on every machine: of contrib/python/xxh3.py over both addresses (::ffff:172.16.0.1 and .2), a zero and the key 5,
 * four bytes each, the lowest first. */
static void
test_numbering(void **state)
{
	static const uint8_t bytes[] = { ETH(0x800), OUT4(47, 44), GRE(0x3000, 0x800), B32(5), B32(77), UDP12 };
	struct packet p;

	(void)state;
	decode(&p, LINK_ETH, bytes, sizeof(bytes), sizeof(bytes), 0, &(struct decode_options){ 0 });
	assert_true((p.facts & FACT_GRESEQ) != 0);
	assert_int_equal(p.gre_seq, 77);
	assert_true(p.gre_id == 0x73d5590459c6c04a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_mutants),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_around),
		cmocka_unit_test(test_numbering),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

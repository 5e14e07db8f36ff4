/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_decode.c: frames of every kind, whole and cut at every byte.
 *
 * The expected values are read off the bytes as they are written here.
 */
#include "tests/unit/probe/decode/frames.h"

#include "format/base/hash.h"

// clang-format off
#define C6 0x20, 1, 0xd, 0xb8, Z8, 0, 0, 0, 3
static const struct want cases[] = {
	{ "udp", BYTES(ETH(0x800), UDP12), .dlt = LINK_ETH, INNER, IS_UDP12 },
	{ "padding is no payload", BYTES(ETH(0x800), UDP12, Z16), .dlt = LINK_ETH, INNER, IS_UDP12 },
	{ "tcp", BYTES(ETH(0x800), IP4(6, 24), TCP(5, 0x12), DATA4), .dlt = LINK_ETH, INNER, .proto = 6,
	    .sport = 40000, .dport = 80, .facts = FACT_PORTS | FACT_TCP, .iplen = 44, .payload = 4 },
	{ "tcp, time stamps", BYTES(ETH(0x800), IP4(6, 36), TCP(8, 0x10), 1, 1, 8, 10, B32(77), B32(88), DATA4),
	    .dlt = LINK_ETH, INNER, .proto = 6, .sport = 40000, .dport = 80,
	    .facts = FACT_PORTS | FACT_TCP | FACT_TCPTS, .iplen = 56, .payload = 4 },
	{ "tcp, header longer than the packet", BYTES(ETH(0x800), IP4(6, 24), TCP(15, 0x10), DATA4),
	    .dlt = LINK_ETH, INNER, .proto = 6, .iplen = 44, .payload = 24 },
	{ "tcp, header shorter than a header", BYTES(ETH(0x800), IP4(6, 24), TCP(4, 0x10), DATA4), .dlt = LINK_ETH,
	    INNER, .proto = 6, .iplen = 44, .payload = 24 },
	{ "tcp, packet too short for it: no ports, and no cut", BYTES(ETH(0x800), IP4(6, 4), DATA16),
	    .dlt = LINK_ETH, INNER, .proto = 6, .iplen = 24, .payload = 4 },
	{ "udp, impossible length", BYTES(ETH(0x800), IP4(17, 8), B16(5000), B16(6000), B16(7), 0, 0),
	    .dlt = LINK_ETH, INNER, .proto = 17, .iplen = 28, .payload = 8 },
	{ "ipv4 options", BYTES(ETH(0x800), 0x46, 0, B16(36), Z4, 64, 17, 0, 0, A4, B4, 1, 1, 1, 0,
	    UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS, .iplen = 36, .payload = 4 },
	{ "total length 0: segmentation offload", BYTES(ETH(0x800), 0x45, 0, 0, 0, Z4, 64, 17, 0, 0, A4, B4,
	    UDP(5000, 6000, 8), DATA8), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS, .iplen = 36, .payload = 8 },
	{ "total length beyond the wire: cut, not bad", BYTES(ETH(0x800), IP4(17, 100), UDP(5000, 6000, 92), DATA4),
	    .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS | FACT_CUT,
	    .iplen = 120, .payload = 92 },
	{ "lengths are not from the capture", BYTES(ETH(0x800), IP4(17, 100), UDP(5000, 6000, 92), DATA4),
	    .wire = 134, .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS,
	    .iplen = 120, .payload = 92 },
	{ "version 5", BYTES(ETH(0x800), 0x55, Z4, Z4, Z4, Z4, 0, 0, 0, Z4, Z4), .dlt = LINK_ETH,
	    .fate = PKT_BADIP },
	{ "header of 16 bytes", BYTES(ETH(0x800), 0x44, 0, 0, 40, Z16, Z8), .dlt = LINK_ETH, .fate = PKT_BADIP },
	{ "total below the header", BYTES(ETH(0x800), 0x45, 0, 0, 19, Z16, Z4), .dlt = LINK_ETH, .fate = PKT_BADIP },
	{ "captured inside of the addresses", BYTES(ETH(0x800), 0x45, 0, 0, 40, Z8, A4), .wire = 54, .dlt = LINK_ETH,
	    .fate = PKT_SHORT, .cut_at = LAYER_NET },
	{ "no frame at all", .dlt = LINK_ETH, .bytes = (const uint8_t *)"", .n = 0, .fate = PKT_SHORT },

	{ "ipv6 udp", BYTES(ETH(0x86dd), IP6(17, 12), UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, SIX, .proto = 17,
	    .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 52, .payload = 4 },
	{ "ipv6, mapped", BYTES(ETH(0x86dd), IP6_(MAPPED(1), MAPPED(2), 17, 12), UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH,
	    .af = 6, .src = "::ffff:10.0.0.1", .dst = "::ffff:10.0.0.2", .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS, .iplen = 52, .payload = 4 },
	{ "ipv6, from nobody", BYTES(ETH(0x86dd), IP6_(NOBODY, B6, 17, 12), UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH,
	    .fate = PKT_BADIP },
	{ "ipv6, to nobody", BYTES(ETH(0x86dd), IP6_(A6, NOBODY, 17, 12), UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH,
	    .fate = PKT_BADIP },
	{ "ipv6, to nobody at last", BYTES(ETH(0x86dd), IP6(43, 36), 17, 2, 0, 1, Z4, NOBODY, UDP(5000, 6000, 4), DATA4),
	    .dlt = LINK_ETH, SIX, .proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 76, .payload = 4 },
	{ "ipv6, a quote from nobody", BYTES(ETH(0x86dd), IP6(58, 56), 1, 4, 0, 0, Z4, IP6_(NOBODY, B6, 17, 8),
	    UDP(1000, 2000, 0)), .dlt = LINK_ETH, SIX, .proto = 58, .facts = FACT_ICMP, .iplen = 96, .payload = 48 },
	{ "ipv6, hop-by-hop and destination options", BYTES(ETH(0x86dd), IP6(0, 36), 60, 0, 1, 4, Z4, 17, 1, 1, 4,
	    Z4, Z8, UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, SIX, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS, .iplen = 76, .payload = 4 },
	{ "ipv6 atomic fragment", BYTES(ETH(0x86dd), IP6(44, 20), 17, 0, 0, 0, B32(99), UDP(5000, 6000, 4), DATA4),
	    .dlt = LINK_ETH, SIX, .proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS | FACT_ATOMIC,
	    .iplen = 60, .payload = 4 },
	{ "ipv6 later fragment", BYTES(ETH(0x86dd), IP6(44, 16), 17, 0, B16(0x100), B32(99), DATA8),
	    .dlt = LINK_ETH, SIX, .proto = 17, .facts = FACT_FRAG, .iplen = 56, .payload = 8 },
	{ "ipv6, two segments left: the last one", BYTES(ETH(0x86dd), IP6(43, 52), 17, 4, 4, 2, 1, 0, 0, 0, A6, C6,
	    UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, .af = 6, .src = "2001:db8::1", .dst = "2001:db8::1", .proto = 17,
	    .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 92, .payload = 4 },
	{ "ipv6, no segment left: it is there", BYTES(ETH(0x86dd), IP6(43, 52), 17, 4, 4, 0, 1, 0, 0, 0, A6, C6,
	    UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, SIX, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS, .iplen = 92, .payload = 4 },
	{ "ipv6, more segments than there are", BYTES(ETH(0x86dd), IP6(43, 52), 17, 4, 4, 3, 1, 0, 0, 0, A6, C6,
	    UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, SIX, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS, .iplen = 92, .payload = 4 },
	{ "ipv6, a list longer than its header", BYTES(ETH(0x86dd), IP6(43, 52), 17, 4, 4, 2, 2, 0, 0, 0, A6, C6,
	    UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, SIX, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS, .iplen = 92, .payload = 4 },
	{ "ipv6 routing header of type 0", BYTES(ETH(0x86dd), IP6(43, 52), 17, 4, 0, 1, Z4, A6, C6, UDP(5000, 6000, 4), DATA4),
	    .dlt = LINK_ETH, .af = 6, .src = "2001:db8::1", .dst = "2001:db8::3", .proto = 17, .sport = 5000,
	    .dport = 6000, .facts = FACT_PORTS, .iplen = 92, .payload = 4 },
	{ "of type 0, to a group", BYTES(ETH(0x86dd), IP6(43, 36), 17, 2, 0, 1, Z4, 0xff, 2, Z8, Z4, 0, 1,
	    UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, .af = 6, .src = "2001:db8::1", .dst = "ff02::1", .proto = 17,
	    .sport = 5000, .dport = 6000, .facts = FACT_PORTS | FACT_NOANSWER, .iplen = 76, .payload = 4 },
	{ "of type 0, half an address", BYTES(ETH(0x86dd), IP6(43, 28), 17, 1, 0, 1, Z4, DATA8, UDP(5000, 6000, 4), DATA4),
	    .dlt = LINK_ETH, SIX, .proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 68,
	    .payload = 4 },
	{ "of type 2: the home address", BYTES(ETH(0x86dd), IP6(43, 36), 17, 2, 2, 1, Z4, C6, UDP(5000, 6000, 4), DATA4),
	    .dlt = LINK_ETH, .af = 6, .src = "2001:db8::1", .dst = "2001:db8::3", .proto = 17, .sport = 5000,
	    .dport = 6000, .facts = FACT_PORTS, .iplen = 76, .payload = 4 },
	{ "of a type that no one knows", BYTES(ETH(0x86dd), IP6(43, 36), 17, 2, 9, 1, Z4, C6, UDP(5000, 6000, 4), DATA4),
	    .dlt = LINK_ETH, SIX, .proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 76,
	    .payload = 4 },
	{ "ipv6 mobility header", BYTES(ETH(0x86dd), IP6(135, 16), 59, 1, 5, 0, Z4, Z8), .dlt = LINK_ETH, SIX,
	    .proto = 135, .iplen = 56 },
	{ "ipv6 without anything", BYTES(ETH(0x86dd), IP6(59, 0)), .dlt = LINK_ETH, SIX, .proto = 59, .iplen = 40 },
	{ "ipv6 AH", BYTES(ETH(0x86dd), IP6(51, 32), 89, 4, 0, 0, B32(256), B32(5), Z4, Z4, Z4, DATA8),
	    .dlt = LINK_ETH, SIX, .proto = 51, .facts = FACT_SPI, .spi = 256, .seq = 5, .iplen = 72, .payload = 8 },

	{ "first fragment", BYTES(ETH(0x800), IP4_(A4, B4, 17, 16, 0x2000), UDP(5000, 6000, 100), DATA8),
	    .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS | FACT_FRAG,
	    .iplen = 36, .payload = 8 },
	{ "later fragment", BYTES(ETH(0x800), IP4_(A4, B4, 17, 16, 0x2010), DATA16), .dlt = LINK_ETH, INNER,
	    .proto = 17, .facts = FACT_FRAG, .iplen = 36, .payload = 16 },
	{ "two VLANs", BYTES(ETH(0x88a8), VLAN(100, 0x8100), VLAN(7, 0x800), UDP12), .dlt = LINK_ETH, INNER, IS_UDP12,
	    .vlan = 100, .ivlan = 7, .encap = "q100/q7" },
	{ "ten VLANs", BYTES(ETH(0x8100), VLAN(1, 0x8100), VLAN(2, 0x8100), VLAN(3, 0x8100), VLAN(4, 0x8100),
	    VLAN(5, 0x8100), VLAN(6, 0x8100), VLAN(7, 0x8100), VLAN(8, 0x8100), VLAN(9, 0x8100), VLAN(10, 0x800),
	    UDP12), .dlt = LINK_ETH, INNER, IS_UDP12, .vlan = 1, .ivlan = 2, .encap = "q1/q2/q3/q4/q5/q6/q7/q8" },
	{ "mpls", BYTES(ETH(0x8847), MPLS(1000, 0), MPLS(2000, 1), UDP12), .dlt = LINK_ETH, INNER, IS_UDP12,
	    .mpls = 1000, .encap = "mpls1000" },
	{ "pppoe", BYTES(ETH(0x8864), 0x11, 0, B16(9), B16(34), 0, 0x21, UDP12, Z8), .dlt = LINK_ETH, INNER, IS_UDP12,
	    .encap = "pppoe9" },
	{ "pppoe lcp", BYTES(ETH(0x8864), 0x11, 0, B16(9), B16(10), 0xc0, 0x21, DATA8), .dlt = LINK_ETH,
	    .proto = 0x8864 },

	{ "ipip", BYTES(ETH(0x800), OUT4(4, 32), UDP12), .dlt = LINK_ETH, INNER, IS_UDP12, .encap = "ipip" },
	{ "ipip, --outer", BYTES(ETH(0x800), OUT4(4, 32), UDP12), .dlt = LINK_ETH, .o.outer = true, OUTER, .proto = 4,
	    .iplen = 52, .payload = 32 },
	{ "ipip, inner is bad: the outer flow", BYTES(ETH(0x800), OUT4(4, 20), 0x43, 0, 0, 20, Z16), .dlt = LINK_ETH,
	    OUTER, .proto = 4, .iplen = 40, .payload = 20 },
	{ "6in4", BYTES(ETH(0x800), OUT4(41, 52), IP6(17, 12), UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, SIX,
	    .proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 52, .payload = 4,
	    .encap = "6in4" },
	{ "4in6", BYTES(ETH(0x86dd), IP6(4, 32), UDP12), .dlt = LINK_ETH, INNER, IS_UDP12, .encap = "6in4" },
	{ "gre", BYTES(ETH(0x800), OUT4(47, 36), GRE(0, 0x800), UDP12), .dlt = LINK_ETH, INNER, IS_UDP12,
	    .encap = "gre" },
	{ "gre, checksum, key, sequence", BYTES(ETH(0x800), OUT4(47, 48), GRE(0xb000, 0x800), Z4, B32(7), B32(55),
	    UDP12), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS | FACT_GRESEQ, .iplen = 32, .payload = 4, .keyed_vrf = 7, .encap = "gre7" },
	{ "gre, unknown inside", BYTES(ETH(0x800), OUT4(47, 12), GRE(0x2000, 0x8801), B32(40), DATA4),
	    .dlt = LINK_ETH, OUTER, .proto = 47, .vrf = 40, .iplen = 32, .payload = 4 },
	{ "gre bridging, arp inside: the outer flow", BYTES(ETH(0x800), OUT4(47, 46), GRE(0, 0x6558), ETH(0x806),
	    B16(1), B16(0x800), 6, 4, B16(1), MAC_A, A4, Z4, 0, 0, B4), .dlt = LINK_ETH, OUTER, .proto = 47,
	    .iplen = 66, .payload = 42 },
	{ "gre bridging", BYTES(ETH(0x800), OUT4(47, 54), GRE(0x2000, 0x6558), B32(0x1234), ETH(0x800), UDP12),
	    .dlt = LINK_ETH, INNER, IS_UDP12, .keyed_vrf = 0x1234, .encap = "gre4660" },
	{ "pptp", BYTES(ETH(0x800), OUT4(47, 52), GRE(0x3081, 0x880b), B16(36), B16(5), B32(1), B32(1), 0xff, 3, 0,
	    0x21, UDP12, Z4), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS | FACT_GRESEQ, .iplen = 32, .payload = 4, .encap = "gre5" },
	{ "erspan I", BYTES(ETH(0x800), OUT4(47, 50), GRE(0, 0x88be), ETH(0x800), UDP12), .dlt = LINK_ETH, INNER,
	    IS_UDP12, .encap = "gre" },
	{ "erspan II", BYTES(ETH(0x800), OUT4(47, 62), GRE(0x1000, 0x88be), B32(9), B32(0x10000011), Z4, ETH(0x800),
	    UDP12), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 6000,
	    .facts = FACT_PORTS | FACT_GRESEQ | FACT_MIRROR, .iplen = 32, .payload = 4, .encap = "gre/erspan17" },
	{ "erspan III with subheader", BYTES(ETH(0x800), OUT4(47, 74), GRE(0x1000, 0x22eb), B32(9), B32(0x20000011),
	    Z4, 0, 0, 0, 1, Z8, ETH(0x800), UDP12), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000,
	    .dport = 6000, .facts = FACT_PORTS | FACT_GRESEQ | FACT_MIRROR, .iplen = 32, .payload = 4, .encap = "gre/erspan17" },
	{ "vxlan", BYTES(ETH(0x800), OUT4(17, 62), UDP(50000, 4789, 54), 8, 0, 0, 0, B32(0x4d200), ETH(0x800), UDP12),
	    .dlt = LINK_ETH, INNER, IS_UDP12, .vrf = 1234, .encap = "vxlan1234" },
	{ "vxlan without a VNI: plain udp", BYTES(ETH(0x800), OUT4(17, 20), UDP(50000, 4789, 12), Z8, DATA4),
	    .dlt = LINK_ETH, OUTER, .proto = 17, .sport = 50000, .dport = 4789, .facts = FACT_PORTS, .iplen = 40,
	    .payload = 12 },
	{ "geneve with an option", BYTES(ETH(0x800), OUT4(17, 66), UDP(50000, 6081, 58), 1, 0, B16(0x6558),
	    B32(0x700), Z4, ETH(0x800), UDP12), .dlt = LINK_ETH, INNER, IS_UDP12, .vrf = 7, .encap = "geneve7" },

	{ "esp", BYTES(ETH(0x800), IP4(50, 16), B32(0xcafe0001), B32(42), DATA8), .dlt = LINK_ETH, INNER, .proto = 50,
	    .facts = FACT_SPI, .spi = 0xcafe0001, .seq = 42, .iplen = 36, .payload = 8 },
	{ "ah owns the packet", BYTES(ETH(0x800), IP4(51, 36), 17, 4, 0, 0, B32(0x100), B32(3), Z4, Z4, Z4,
	    UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, INNER, .proto = 51, .facts = FACT_SPI, .spi = 0x100,
	    .seq = 3, .iplen = 56, .payload = 12 },
	{ "--ah-inner", BYTES(ETH(0x800), IP4(51, 36), 17, 4, 0, 0, B32(0x100), B32(3), Z4, Z4, Z4,
	    UDP(5000, 6000, 4), DATA4), .dlt = LINK_ETH, .o.ah_inner = true, INNER, .proto = 17, .sport = 5000,
	    .dport = 6000, .facts = FACT_PORTS, .iplen = 56, .payload = 4, .encap = "ah" },
	{ "esp in udp", BYTES(ETH(0x800), IP4(17, 24), UDP(4500, 4501, 16), B32(0xcafe0001), B32(42), DATA8),
	    .dlt = LINK_ETH, INNER, .proto = 50, .sport = 4500, .dport = 4501, .facts = FACT_PORTS | FACT_SPI,
	    .spi = 0xcafe0001, .seq = 42, .iplen = 44, .payload = 8, .encap = "udp" },
	{ "reserved SPI in udp: plain udp", BYTES(ETH(0x800), IP4(17, 24), UDP(4500, 4501, 16), B32(255), B32(42),
	    DATA8), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 4500, .dport = 4501, .facts = FACT_PORTS,
	    .iplen = 44, .payload = 16 },
	{ "nat keepalive", BYTES(ETH(0x800), IP4(17, 9), UDP(4500, 4500, 1), 0xff), .dlt = LINK_ETH, INNER,
	    .proto = 17, .sport = 4500, .dport = 4500, .facts = FACT_PORTS | FACT_NATKA, .iplen = 29, .payload = 1 },
	{ "ike behind the marker", BYTES(ETH(0x800), IP4(17, 40), UDP(4500, 4500, 32), Z4, IKE), .dlt = LINK_ETH,
	    INNER, .proto = 17, .sport = 4500, .dport = 4500, .facts = FACT_PORTS | FACT_IKE, .iplen = 60,
	    .payload = 32 },
	{ "marker without an IKE header", BYTES(ETH(0x800), IP4(17, 24), UDP(4500, 4500, 16), Z4, Z4, DATA8),
	    .dlt = LINK_ETH, INNER, .proto = 17, .sport = 4500, .dport = 4500, .facts = FACT_PORTS, .iplen = 44,
	    .payload = 16 },
	{ "ike", BYTES(ETH(0x800), IP4(17, 36), UDP(500, 500, 28), IKE), .dlt = LINK_ETH, INNER, .proto = 17,
	    .sport = 500, .dport = 500, .facts = FACT_PORTS | FACT_IKE, .iplen = 56, .payload = 28 },

	{ "ping", BYTES(ETH(0x800), IP4(1, 12), 8, 0, 0, 0, B16(7), B16(1), DATA4), .dlt = LINK_ETH, INNER,
	    .proto = 1, .facts = FACT_ICMP, .iplen = 32, .payload = 4 },
	{ "port unreachable", BYTES(ETH(0x800), IP4(1, 36), 3, 3, 0, 0, Z4, OUT4(17, 8), UDP(1000, 2000, 0)),
	    .dlt = LINK_ETH, INNER, .proto = 1, .facts = FACT_ICMP | FACT_QUOTE, .iplen = 56, .payload = 28 },
	{ "sctp", BYTES(ETH(0x800), IP4(132, 16), B16(5000), B16(6000), Z8, DATA4), .dlt = LINK_ETH, INNER,
	    .proto = 132, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 36, .payload = 4 },
	{ "sctp, INIT", BYTES(ETH(0x800), IP4(132, 32), B16(5000), B16(6000), Z8, 1, 0, B16(20), Z16), .dlt = LINK_ETH, INNER,
	    .proto = 132, .sport = 5000, .dport = 6000, .facts = FACT_PORTS | FACT_SCTP, .iplen = 52, .payload = 20 },
	{ "sctp, a chunk shorter than its header", BYTES(ETH(0x800), IP4(132, 32), B16(5000), B16(6000), Z8, 0, 0, B16(3),
	    Z16), .dlt = LINK_ETH, INNER, .proto = 132, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 52,
	    .payload = 20 },
	{ "sctp, an INIT too short for one", BYTES(ETH(0x800), IP4(132, 32), B16(5000), B16(6000), Z8, 1, 0, B16(16), Z16),
	    .dlt = LINK_ETH, INNER, .proto = 132, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 52,
	    .payload = 20 },
	{ "dccp", BYTES(ETH(0x800), IP4(33, 16), B16(5000), B16(6000), 3, 0, 0, 0, Z4, DATA4), .dlt = LINK_ETH, INNER,
	    .proto = 33, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 36, .payload = 4 },
	{ "udp-lite", BYTES(ETH(0x800), IP4(136, 12), UDP(5000, 6000, 0), DATA4), .dlt = LINK_ETH, INNER,
	    .proto = 136, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 32, .payload = 4 },
	{ "dns", BYTES(ETH(0x800), IP4(17, 29), UDP(5000, 53, 21), B16(77), B16(0x100), B16(1), 0, 0, Z4, 3, 'N', 's',
	    '1', 0, B16(28), B16(1)), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 5000, .dport = 53,
	    .facts = FACT_PORTS | FACT_DNS, .iplen = 49, .payload = 21 },
	{ "dns in tcp", BYTES(ETH(0x800), IP4(6, 61), B16(5000), B16(53), B32(1000), B32(2000), 5 << 4, 0x18, B16(512),
	    0xbe, 0xef, 0, 0, B16(21), B16(77), B16(0x100), B16(1), 0, 0, Z4, 3, 'N', 's', '1', 0, B16(28), B16(1), B16(14),
	    B16(78), B16(0x8183), B16(0), 0, 0, Z4, DATA2, B16(1000)), .dlt = LINK_ETH, INNER, .proto = 6, .sport = 5000,
	    .dport = 53, .facts = FACT_PORTS | FACT_TCP | FACT_DNS, .iplen = 81, .payload = 41 },
	{ "quoted esp", BYTES(ETH(0x800), IP4(1, 36), 3, 4, 0, 0, Z4, OUT4(50, 8), B32(0x1001), B32(9)),
	    .dlt = LINK_ETH, INNER, .proto = 1, .facts = FACT_ICMP | FACT_QUOTE, .iplen = 56, .payload = 28 },
	{ "quoted esp in udp", BYTES(ETH(0x800), IP4(1, 44), 3, 4, 0, 0, Z4, OUT4(17, 16), UDP(4500, 4500, 8), B32(0x1002),
	    B32(9)), .dlt = LINK_ETH, INNER, .proto = 1, .facts = FACT_ICMP | FACT_QUOTE, .iplen = 64, .payload = 36 },
	{ "quoted extension header", BYTES(ETH(0x86dd), IP6(58, 64), 1, 4, 0, 0, Z4, IP6(60, 16), 17, 0, 1, 4, Z4,
	    UDP(1000, 2000, 0)), .dlt = LINK_ETH, SIX, .proto = 58, .facts = FACT_ICMP | FACT_QUOTE, .iplen = 104,
	    .payload = 56 },
	{ "quoted later fragment", BYTES(ETH(0x86dd), IP6(58, 64), 1, 4, 0, 0, Z4, IP6(44, 16), 17, 0, B16(8), Z4,
	    UDP(1000, 2000, 0)), .dlt = LINK_ETH, SIX, .proto = 58, .facts = FACT_ICMP | FACT_QUOTE, .iplen = 104,
	    .payload = 56 },
	{ "wireguard data", BYTES(ETH(0x800), IP4(17, 40), UDP(51820, 51820, 32), 4, 0, 0, 0, L16(5), 0, 0, L16(6), 0,
	    0, Z4, DATA16), .dlt = LINK_ETH, INNER, .proto = 17, .sport = 51820, .dport = 51820,
	    .facts = FACT_PORTS | FACT_WG, .iplen = 60, .payload = 32 },
	{ "not a wireguard length", BYTES(ETH(0x800), IP4(17, 36), UDP(51820, 51820, 28), 4, 0, 0, 0, Z8, DATA16),
	    .dlt = LINK_ETH, INNER, .proto = 17, .sport = 51820, .dport = 51820, .facts = FACT_PORTS, .iplen = 56,
	    .payload = 28 },
	{ "multicast", BYTES(ETH(0x800), IP4_(A4, M4, 17, 12, 0), UDP(5353, 5353, 4), DATA4),
	    .dlt = LINK_ETH, .af = 4, .src = "10.0.0.1", .dst = "224.0.0.251", .proto = 17, .sport = 5353,
	    .dport = 5353, .facts = FACT_PORTS | FACT_NOANSWER, .iplen = 32, .payload = 4 },

	{ "arp asks for an answer", BYTES(ETH_TO(BROADCAST, 0x806), B16(1), B16(0x800), 6, 4, B16(1), MAC_A, A4, Z4, 0,
	    0, B4), .dlt = LINK_ETH, .af = 4, .src = "10.0.0.1", .dst = "10.0.0.2", .proto = PROTO_ARP },
	{ "arp, --ip-only", BYTES(ETH(0x806), B16(1), B16(0x800), 6, 4, B16(1), MAC_A, A4, Z4, 0, 0, B4),
	    .dlt = LINK_ETH, .o.ip_only = true, .fate = PKT_NONIP_OFF },
	{ "stp", BYTES(ETH_TO(STP, 11), 0x42, 0x42, 3, Z4, Z4),
	    .dlt = LINK_ETH, .proto = PROTO_LLC, .aux = 0x4242, .facts = FACT_NOANSWER },
	{ "llc response: no C/R bit", BYTES(ETH(4), 0xe0, 0xe1, 3, 0), .dlt = LINK_ETH, .proto = PROTO_LLC,
	    .aux = 0xe0e0 },
	{ "snap", BYTES(ETH(40), 0xaa, 0xaa, 3, 0, 0, 0, B16(0x800), UDP12), .dlt = LINK_ETH, INNER, IS_UDP12 },
	{ "cdp in snap", BYTES(ETH(12), 0xaa, 0xaa, 3, 0, 0, 0xc, B16(0x2000), DATA4), .dlt = LINK_ETH,
	    .proto = PROTO_LLC, .aux = 0xaaaa },
	{ "lldp", BYTES(ETH(0x88cc), DATA8), .dlt = LINK_ETH, .proto = 0x88cc },

	{ "sll", BYTES(0, 0, 0, 1, 0, 6, MAC_A, 0, 0, B16(0x800), UDP12), .dlt = 113, INNER, IS_UDP12 },
	{ "sll2", BYTES(B16(0x800), 0, 0, Z4, 0, 1, 0, 6, MAC_A, 0, 0, UDP12), .dlt = 276, INNER, IS_UDP12 },
	{ "raw 4", BYTES(UDP12), .dlt = 101, INNER, IS_UDP12 },
	{ "raw 6", BYTES(IP6(59, 0)), .dlt = 12, SIX, .proto = 59, .iplen = 40 },
	{ "raw ipv4", BYTES(UDP12), .dlt = 228, INNER, IS_UDP12 },
	{ "raw of no version", BYTES(Z16, Z8), .dlt = 101, .fate = PKT_BADIP },
	{ "null, little endian", BYTES(2, 0, 0, 0, UDP12), .dlt = 0, INNER, IS_UDP12 },
	{ "null, big endian", BYTES(0, 0, 0, 30, IP6(59, 0)), .dlt = 0, SIX, .proto = 59, .iplen = 40 },
	{ "loop", BYTES(0, 0, 0, 2, UDP12), .dlt = 108, INNER, IS_UDP12 },
	{ "ppp", BYTES(0xff, 3, 0, 0x21, UDP12), .dlt = 9, INNER, IS_UDP12 },
	{ "ppp, both fields compressed", BYTES(0x21, UDP12), .dlt = 9, INNER, IS_UDP12 },
	{ "cisco hdlc", BYTES(0x0f, 0, B16(0x800), UDP12), .dlt = 104, INNER, IS_UDP12 },
	{ "frame relay, nlpid", BYTES(0x18, 0x41, 3, 0xcc, UDP12), .dlt = 107, INNER, IS_UDP12 },
	{ "frame relay, cisco", BYTES(0x18, 0x41, B16(0x800), UDP12), .dlt = 107, INNER, IS_UDP12 },
	{ "802.11 qos data", BYTES(0x88, 1, 0, 0, MAC_B, MAC_A, MAC_B, 0, 0, 0, 0, 0xaa, 0xaa, 3, 0, 0, 0, B16(0x800),
	    UDP12), .dlt = 105, INNER, IS_UDP12 },
	{ "802.11 encrypted", BYTES(0x08, 0x41, 0, 0, MAC_B, MAC_A, MAC_B, 0, 0, DATA16), .dlt = 105,
	    .proto = PROTO_LINK, .aux = 105 },
	{ "radiotap, padded header", BYTES(0, 0, L16(9), L16(2), 0, 0, 0x20, 0x88, 1, 0, 0, MAC_B, MAC_A, MAC_B, 0, 0,
	    0, 0, 0, 0, 0xaa, 0xaa, 3, 0, 0, 0, B16(0x800), UDP12), .dlt = 127, INNER, IS_UDP12 },
	{ "ppi", BYTES(0, 0, L16(8), L16(1), 0, 0, ETH(0x800), UDP12), .dlt = 192, INNER, IS_UDP12 },
	{ "nflog", BYTES(2, 0, 0, 0, L16(6), L16(10), 'i', 'f', 0, 0, L16(36), L16(9), UDP12), .dlt = 239, INNER,
	    IS_UDP12 },
	{ "a link type that no one knows", BYTES(DATA8), .dlt = 147, .proto = PROTO_LINK, .aux = 147 },
};
// clang-format on
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void
test_whole(void **state)
{
	(void)state;
	check_whole(cases, CASES);
}

static void
test_mutants(void **state)
{
	(void)state;
	check_mutants(cases, CASES, 1000);
}

static void
test_cut(void **state)
{
	(void)state;
	check_cuts(cases, CASES);
}

static const struct want *
find(const char *msg)
{
	for (size_t i = 0; i < CASES; i++)
		if (strcmp(cases[i].msg, msg) == 0)
			return (&cases[i]);
	fail_msg("no case %s", msg);
	return (NULL);
}

static void
test_header_facts(void **state)
{
	const struct want *w = find("tcp, time stamps");
	struct packet p;

	(void)state;
	run(&p, w, w->n);
	assert_int_equal(p.smac, 0x0200000000aa);
	assert_int_equal(p.dmac, 0x0200000000bb);
	assert_int_equal(p.ttl, 64);
	assert_int_equal(p.tos, 2);
	assert_int_equal(p.ipid, ID);
	assert_int_equal(p.tcp.seq, 1000);
	assert_int_equal(p.tcp.ack, 2000);
	assert_int_equal(p.tcp.win, 512);
	assert_int_equal(p.tcp.sum, 0xbeef);
	assert_int_equal(p.tcp.flags, TCP_ACK);
	assert_int_equal(p.tcp.opts, TCPOPT_TS);
	assert_int_equal(p.tcp.tsval, 77);
	assert_int_equal(p.tcp.tsecr, 88);
	w = find("ipv6 udp");
	run(&p, w, w->n);
	assert_int_equal(p.ttl, 63);
	assert_int_equal(p.tos, 2);
}

static void
test_tcp_options(void **state)
{
	static const uint8_t bytes[] = {
		IP4(6, 48), TCP(12, TCP_SYN), 2,       4,	B16(1460), 4, 2, 3, 3, 7, 5,
		18,	    B32(10),	      B32(20), B32(30), B32(40),   0
	};
	struct packet p;

	(void)state;
	decode(&p, 101, bytes, sizeof(bytes), sizeof(bytes), 0, &(struct decode_options){ 0 });
	assert_int_equal(p.tcp.opts, TCPOPT_MSS | TCPOPT_SACKOK | TCPOPT_WSCALE | TCPOPT_SACK);
	assert_int_equal(p.tcp.mss, 1460);
	assert_int_equal(p.tcp.wscale, 7);
	assert_int_equal(p.tcp.nsack, 2);
	assert_int_equal(p.sack[0][0], 10);
	assert_int_equal(p.sack[0][1], 20);
	assert_int_equal(p.sack[1][0], 30);
	assert_int_equal(p.sack[1][1], 40);
}

static void
test_fragments(void **state)
{
	static const struct {
		const char *msg;
		uint16_t field; /* flags and offset / 8 */
		uint8_t proto;
		uint16_t n; /* bytes of payload said by the header */
		uint32_t off;
		bool more, tiny, bad;
	} t[] = {
		{ "middle", 0x2001, 17, 16, 8, true, false, false },
		{ "last", 0x0010, 17, 16, 128, false, false, false },
		{ "at the limit: 65528 + 7", 0x1fff, 17, 7, 65528, false, false, false },
		{ "beyond it", 0x1fff, 17, 8, 65528, false, false, true },
		{ "second of tcp at 8", 0x2001, 6, 16, 8, true, true, false },
		{ "first of tcp, 19", 0x2000, 6, 19, 0, true, true, false },
		{ "first of tcp, 20", 0x2000, 6, 20, 0, true, false, false },
		{ "first of udp, 7", 0x2000, 17, 7, 0, true, true, false },
		{ "first of esp, 8", 0x2000, 50, 8, 0, true, false, false },
	};
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const uint8_t bytes[] = { IP4_(A4, B4, t[i].proto, t[i].n, t[i].field), Z16, Z4 };
		uint32_t n = 20u + t[i].n;

		print_message("%s\n", t[i].msg);
		decode(&p, 101, bytes, n < sizeof(bytes) ? n : (uint32_t)sizeof(bytes), n, 0,
		       &(struct decode_options){ 0 });
		assert_true((p.facts & FACT_FRAG) != 0);
		assert_int_equal(p.frag.off, t[i].off);
		assert_int_equal(p.frag.len, t[i].n);
		assert_int_equal(p.frag.more, t[i].more);
		assert_int_equal(p.frag.tiny, t[i].tiny);
		assert_int_equal(p.frag.bad, t[i].bad);
		assert_int_equal(p.ipid, ID);
	}
}

static void
test_app_facts(void **state)
{
	const struct want *w = find("ike behind the marker");
	static const uint8_t name[] = { 3, 'n', 's', '1' };
	struct packet p;

	(void)state;
	run(&p, w, w->n);
	assert_int_equal(p.ike.ispi, 0x11);
	assert_int_equal(p.ike.rspi, 0);
	assert_int_equal(p.ike.version, 0x20);
	assert_int_equal(p.ike.exchange, 34);
	assert_int_equal(p.ike.flags, 8);
	assert_int_equal(p.ike.msgid, 7);
	w = find("dns");
	run(&p, w, w->n);
	assert_int_equal(p.dns[0].id, 77);
	assert_int_equal(p.dns[0].flags, 0x100);
	assert_int_equal(p.dns[0].qtype, 28);
	assert_int_equal(p.dns[0].qhash, (uint32_t)hash64(name, sizeof(name), 0)); /* case is folded */
	w = find("dns in tcp");
	run(&p, w, w->n);
	assert_int_equal(p.ndns, 2);
	assert_int_equal(p.dns[0].at, 0);
	assert_int_equal(p.dns[0].id, 77);
	assert_int_equal(p.dns[0].sure, 1);
	assert_int_equal(p.dns[1].at, 23);
	assert_int_equal(p.dns[1].id, 78);
	assert_int_equal(p.dns[1].flags, 0x8183);
	assert_int_equal(p.dns[1].asked, 0);
	assert_int_equal(p.dns_next, 41 + 1000);
	assert_int_equal(p.dns_split, 1);
	w = find("quoted esp");
	run(&p, w, w->n);
	assert_int_equal(p.quote.proto, 50);
	assert_int_equal(p.quote.has_spi, 1);
	assert_int_equal(p.quote.spi, 0x1001);
	w = find("quoted esp in udp");
	run(&p, w, w->n);
	assert_int_equal(p.quote.proto, 50);
	assert_int_equal(p.quote.spi, 0x1002);
	assert_int_equal(p.quote.sport, 4500);
	w = find("quoted extension header");
	run(&p, w, w->n);
	assert_int_equal(p.quote.proto, 17);
	assert_int_equal(p.quote.ports, 1);
	assert_int_equal(p.quote.dport, 2000);
	w = find("quoted later fragment");
	run(&p, w, w->n);
	assert_int_equal(p.quote.proto, 17);
	assert_int_equal(p.quote.ports, 0);
	w = find("wireguard data");
	run(&p, w, w->n);
	assert_int_equal(p.wg.type, 4);
	assert_int_equal(p.wg.receiver, 5);
	assert_int_equal(p.wg.counter, 6);
	w = find("port unreachable");
	run(&p, w, w->n);
	assert_int_equal(p.icmp.type, 3);
	assert_int_equal(p.icmp.code, 3);
	assert_int_equal(p.quote.af, 4);
	assert_int_equal(p.quote.proto, 17);
	assert_int_equal(p.quote.ports, 1);
	assert_int_equal(p.quote.sport, 1000);
	assert_int_equal(p.quote.dport, 2000);
	assert_int_equal(p.quote.src.b[12], 172);
	w = find("arp asks for an answer");
	run(&p, w, w->n);
	assert_int_equal(p.arp_op, 1);
	w = find("ping");
	run(&p, w, w->n);
	assert_int_equal(p.icmp.id, 7);
}

/* The outer pair's hash is the same in both directions, and absent without an outer pair. */
static void
test_outer_hash(void **state)
{
	static const uint8_t there[] = { OUT4(4, 20), IP4(17, 0) };
	static const uint8_t back[] = { IP4_(D4, C4, 4, 20, 0), IP4(17, 0) };
	struct decode_options o = { 0 };
	struct packet a, b;
	const struct want *w = find("udp");

	(void)state;
	decode(&a, 101, there, sizeof(there), sizeof(there), 0, &o);
	decode(&b, 101, back, sizeof(back), sizeof(back), 0, &o);
	assert_true(a.ohash != 0);
	assert_true(a.ohash == b.ohash);
	run(&a, w, w->n);
	assert_true(a.ohash == 0);
}

/* Nothing nests for ever: 8 tunnels, then the flow is the eighth one's. */
static void
test_depth(void **state)
{
	uint8_t bytes[20 * 12];
	struct decode_options o = { 0 };
	struct packet p;

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		const uint8_t h[20] = { IP4(4, sizeof(bytes) - 20 * (i + 1)) };

		memcpy(bytes + (size_t)20 * i, h, sizeof(h));
		bytes[20 * i + 15] = (uint8_t)(i + 1);
	}
	decode(&p, 101, bytes, sizeof(bytes), sizeof(bytes), 0, &o);
	assert_int_equal(p.fate, PKT_FLOW);
	assert_int_equal(p.nencap, ENCAP_DEPTH);
	assert_int_equal(p.src.b[15], 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	     cmocka_unit_test(test_cut),
		cmocka_unit_test(test_header_facts), cmocka_unit_test(test_tcp_options),
		cmocka_unit_test(test_fragments),    cmocka_unit_test(test_app_facts),
		cmocka_unit_test(test_outer_hash),   cmocka_unit_test(test_depth),
		cmocka_unit_test(test_mutants),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

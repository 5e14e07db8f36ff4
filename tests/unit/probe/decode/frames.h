/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frames.h: frames written byte by byte, what is expected of each, and the two checks that every decoder has to
 * pass: the frame as a whole, and cut at every byte.  For the tests of decoders only.
 */
#ifndef TESTS_FRAMES_H
#define TESTS_FRAMES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "probe/decode/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
#define B16(v) (uint8_t)((v) >> 8), (uint8_t)((v) & 255)
#define B32(v) B16((uint32_t)(v) >> 16), B16((uint32_t)(v) & 0xffff)
#define L16(v) (uint8_t)((v) & 255), (uint8_t)((v) >> 8)
#define Z4 0, 0, 0, 0
#define Z8 Z4, Z4
#define Z16 Z8, Z8
#define MAC_A 0x02, 0, 0, 0, 0, 0xaa
#define MAC_B 0x02, 0, 0, 0, 0, 0xbb
#define ETH(type) MAC_B, MAC_A, B16(type)
#define ETH_TO(dst, type) dst, MAC_A, B16(type)
#define STP 0x01, 0x80, 0xc2, 0, 0, 0
#define BROADCAST 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define VLAN(id, type) B16(0x2000 | (id)), B16(type)
#define MPLS(label, last) B16((label) >> 4), (uint8_t)(((label) & 15) << 4 | (last)), 64
#define A4 10, 0, 0, 1
#define B4 10, 0, 0, 2
#define C4 172, 16, 0, 1
#define D4 172, 16, 0, 2
#define M4 224, 0, 0, 251
#define ID 0x1234
/* the whole header; n: bytes behind it */
#define IP4_(src, dst, proto, n, frag) 0x45, 0x02, B16(20 + (n)), B16(ID), B16(frag), 64, proto, 0, 0, src, dst
#define IP4(proto, n) IP4_(A4, B4, proto, n, 0x4000)
#define OUT4(proto, n) IP4_(C4, D4, proto, n, 0)
#define A6 0x20, 1, 0xd, 0xb8, Z8, 0, 0, 0, 1
#define B6 0x20, 1, 0xd, 0xb8, Z8, 0, 0, 0, 2
#define IP6_(src, dst, next, n) 0x60, 0x20, 0, 0, B16(n), next, 63, src, dst
#define IP6(next, n) IP6_(A6, B6, next, n)
#define MAPPED(n) Z8, 0, 0, 0xff, 0xff, 10, 0, 0, n
#define NOBODY 0xff, 0, 0x69, 0xa5, 0xd3, 0x17, 0x8e, 0xc7, Z4, 10, 0, 0, 1 /* IPv4 in memory (format/base/ip.h) */
#define UDP(sport, dport, n) B16(sport), B16(dport), B16(8 + (n)), 0, 0
#define TCP(words, flags) B16(40000), B16(80), B32(1000), B32(2000), (words) << 4, flags, B16(512), 0xbe, 0xef, 0, 0
#define GRE(flags, type) B16(flags), B16(type)
#define DATA2 'd', 'a'
#define DATA4 'd', 'a', 't', 'a'
#define DATA8 DATA4, DATA4
#define DATA16 DATA8, DATA8
#define IKE Z4, 0, 0, 0, 0x11, Z8, 33, 0x20, 34, 8, B32(7), B32(28)
// clang-format on

#define LINK_ETH     1
#define FACTS_ALWAYS (FACT_PAYLOAD | FACT_MAC) /* not written in the rows below */

struct want {
	const char *msg;
	const uint8_t *bytes;
	uint32_t n, wire; /* wire 0: n */
	int dlt;
	struct decode_options o;
	uint8_t fate, af, cut_at;
	uint16_t proto;
	const char *src, *dst, *encap;
	uint16_t sport, dport;
	uint32_t facts; /* but FACTS_ALWAYS */
	uint32_t vrf, keyed_vrf, aux, iplen, payload, spi, seq;
	uint16_t vlan, ivlan; /* 0: none */
	uint32_t mpls;	      /* 0: none */
};

#define BYTES(...)                                                                                 \
	.bytes = (const uint8_t[]){ __VA_ARGS__ }, .n = sizeof((const uint8_t[]){ __VA_ARGS__ })
#define INNER .af = 4, .src = "10.0.0.1", .dst = "10.0.0.2"
#define OUTER .af = 4, .src = "172.16.0.1", .dst = "172.16.0.2"
#define SIX   .af = 6, .src = "2001:db8::1", .dst = "2001:db8::2"
#define UDP12 IP4(17, 12), UDP(5000, 6000, 4), DATA4 /* 32 bytes */
#define IS_UDP12                                                                                   \
	.proto = 17, .sport = 5000, .dport = 6000, .facts = FACT_PORTS, .iplen = 32, .payload = 4

static void
run(struct packet *p, const struct want *w, uint32_t n)
{
	uint8_t *exact = malloc(n == 0 ? 1 : n); /* so that a sanitizer sees a read behind it */

	assert_non_null(exact);
	memcpy(exact, w->bytes, n);
	memset(p, 0xa5, sizeof(*p));
	decode(p, w->dlt, exact, n, w->wire != 0 ? w->wire : w->n, 12345, &w->o);
	free(exact);
}

static void
encap_text(const struct packet *p, char *out, size_t n)
{
	static const char *const names[] = { "q",      "mpls",	 "pppoe", "ipip",   "6in4",
					     "gre",    "erspan", "vxlan", "geneve", "gtp",
					     "teredo", "l2tp",	 "udp",	  "ah",	    "pbb",
					     "pw",	"vntag", "fabricpath", "cmd" };
	size_t at = 0;

	out[0] = '\0';
	for (int i = 0; i < p->nencap; i++) {
		at += (size_t)snprintf(out + at, n - at, "%s%s", i > 0 ? "/" : "",
				       names[p->encap[i].kind]);
		if (p->encap[i].id != ENCAP_NOID)
			at += (size_t)snprintf(out + at, n - at, "%u", p->encap[i].id);
	}
}

static void
check(const struct want *w, const struct packet *p)
{
	char src[IP_TEXT] = "", dst[IP_TEXT] = "", encap[256];

	assert_int_equal(p->fate, w->fate);
	assert_int_equal(p->wire, w->wire != 0 ? w->wire : w->n);
	assert_int_equal(p->ts, 12345);
	assert_int_equal(p->cut_at, w->cut_at);
	if (w->fate != PKT_FLOW)
		return;
	assert_int_equal(p->af, w->af);
	assert_int_equal(p->proto, w->proto);
	if (w->af != 0) {
		ip_text(&p->src, src);
		ip_text(&p->dst, dst);
		assert_string_equal(src, w->src);
		assert_string_equal(dst, w->dst);
	}
	assert_int_equal(p->sport, w->sport);
	assert_int_equal(p->dport, w->dport);
	assert_int_equal(p->facts & ~(uint32_t)(FACTS_ALWAYS | FACT_ESPLIKE), w->facts);
	assert_int_equal((p->facts & FACT_PAYLOAD) != 0, w->iplen != 0);
	assert_int_equal(p->vrf, w->vrf);
	assert_int_equal(p->keyed_vrf, w->keyed_vrf != 0 ? w->keyed_vrf : w->vrf);
	assert_int_equal(p->aux, w->aux);
	assert_int_equal(p->iplen, w->iplen);
	assert_int_equal(p->payload, w->payload);
	if ((p->facts & FACT_ESPLIKE) == 0) { /* a guess */
		assert_int_equal(p->spi, w->spi);
		assert_int_equal(p->seq, w->seq);
	}
	assert_int_equal(p->vlan, w->vlan != 0 ? w->vlan : 0xffff);
	assert_int_equal(p->ivlan, w->ivlan != 0 ? w->ivlan : 0xffff);
	assert_int_equal(p->mpls, w->mpls != 0 ? w->mpls : UINT32_MAX);
	encap_text(p, encap, sizeof(encap));
	assert_string_equal(encap, w->encap != NULL ? w->encap : "");
}

static void
check_whole(const struct want *cases, size_t n)
{
	struct packet p;

	for (size_t i = 0; i < n; i++) {
		print_message("%s\n", cases[i].msg);
		run(&p, &cases[i], cases[i].n);
		check(&cases[i], &p);
	}
}

static bool
told(const struct packet *p)
{
	return (p->sport == 500 || p->dport == 500 || p->sport == 4500 || p->dport == 4500);
}

/* What a packet cut at n bytes states must be what the whole packet, or a layer around it, states. */
static void
check_cut(const struct want *w, const struct packet *whole, const struct packet *p)
{
	bool same = p->fate == PKT_FLOW && p->af == whole->af && p->proto == whole->proto &&
		    p->nencap == whole->nencap && ip_cmp(&p->src, &whole->src) == 0;
	uint32_t stated = p->facts & ~(uint32_t)FACT_CUT;

	assert_true(p->fate == PKT_FLOW || p->fate == PKT_SHORT || p->fate == w->fate);
	if (!same || p->fate != PKT_FLOW)
		return;
	/* That a transport header is bad can lie behind the cut: until then its ports are ports. */
	if (p->cut_at == LAYER_TRANSPORT && (whole->facts & FACT_PORTS) == 0)
		stated &= ~(uint32_t)FACT_PORTS;
	assert_int_equal(stated & ~whole->facts, 0);
	assert_int_equal(p->iplen, whole->iplen);
	if ((p->facts & FACT_PORTS) != (stated & FACT_PORTS)) {
		assert_int_equal(whole->sport, 0);
	} else if ((stated & FACT_PORTS) != 0) {
		assert_int_equal(p->sport, whole->sport);
		assert_int_equal(p->dport, whole->dport);
	} else {
		assert_int_equal(p->sport, 0);
		assert_int_equal(p->dport, 0);
	}
	if ((stated & FACT_PORTS) != 0 && (stated & FACT_PAYLOAD) != 0)
		assert_int_equal(p->payload, whole->payload);
	if ((stated & FACT_SPI) != 0) {
		assert_int_equal(p->spi, whole->spi);
		assert_int_equal(p->seq, whole->seq);
	}
	if ((stated & FACT_TCP) != 0)
		assert_int_equal(p->tcp.seq, whole->tcp.seq);
	if ((stated & FACT_ICMP) != 0)
		assert_int_equal(p->icmp.id, whole->icmp.id);
	if ((stated & FACT_SCTP) != 0)
		assert_int_equal(p->sctp.chunk, whole->sctp.chunk);
	if ((stated & FACT_TCPTS) != 0)
		assert_int_equal(p->tcp.tsecr, whole->tcp.tsecr);
	if ((stated & FACT_MAC) != 0)
		assert_int_equal(p->smac, whole->smac);
	/* Something is missing: it says so.  (What is not a header of its own can not be missed, nor what no port told of.) */
	if (((stated ^ whole->facts) & ~(uint32_t)(FACT_CUT | FACT_WG | FACT_WGLIKE | FACT_RTP | FACT_ESPLIKE | FACT_QUOTE |
	    (told(p) ? 0 : FACT_IKE))) != 0)
		assert_true((p->facts & FACT_CUT) != 0 && p->cut_at != LAYER_NONE);
}

/* Each frame as it is when the capture ended at each of its bytes. */
static void
check_cuts(const struct want *cases, size_t count)
{
	struct packet whole, p;

	for (size_t i = 0; i < count; i++) {
		bool flow = false;

		run(&whole, &cases[i], cases[i].n);
		for (uint32_t n = 0; n < cases[i].n; n++) {
			run(&p, &cases[i], n);
			check_cut(&cases[i], &whole, &p);
			assert_true(!flow || p.fate == PKT_FLOW ||
				    whole.fate != PKT_FLOW); /* more bytes never unmake a flow */
			flow = p.fate == PKT_FLOW;
		}
	}
}

/* --- frames that are wrong: bytes changed at random, the same ones at every run */

static uint32_t
chance(uint32_t n)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return ((uint32_t)(x >> 33) % n);
}

static bool
holds(const uint8_t *bytes, uint32_t n, const struct ip *a, uint8_t af)
{
	uint32_t size = af == 4 ? 4 : 16;

	for (uint32_t i = 0; i + size <= n; i++)
		if (memcmp(bytes + i, a->b + 16 - size, size) == 0)
			return (true);
	return (false);
}

/* Whatever is decoded: no address of it is in no frame. */
static void
check_mutants(const struct want *cases, size_t count, unsigned rounds)
{
	for (size_t i = 0; i < count; i++)
		for (unsigned r = 0; r < rounds; r++) {
			struct want w = cases[i];
			uint8_t bytes[512];
			struct packet p;

			assert_true(w.n <= sizeof(bytes));
			memcpy(bytes, w.bytes, w.n);
			w.bytes = bytes;
			for (uint32_t k = 1 + chance(4); k > 0 && w.n > 0; k--)
				bytes[chance(w.n)] = (uint8_t)chance(256);
			w.wire = w.n + chance(3);
			w.n -= chance(2) * chance(w.n + 1);
			run(&p, &w, w.n);
			if (p.fate != PKT_FLOW || p.af == 0)
				continue;
			assert_true(holds(bytes, w.n, &p.src, p.af) && holds(bytes, w.n, &p.dst, p.af));
			if ((p.facts & FACT_QUOTE) != 0)
				assert_true(holds(bytes, w.n, &p.quote.src, p.quote.af) &&
				    holds(bytes, w.n, &p.quote.dst, p.quote.af));
			if ((p.facts & FACT_FRAG) != 0 && p.frag.inner)
				assert_true(holds(bytes, w.n, &p.frag_of.src, p.frag_of.af) &&
				    holds(bytes, w.n, &p.frag_of.dst, p.frag_of.af));
		}
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sim.h: packets by chance for the engine, and a sink that keeps its records.
 */
#ifndef TESTS_PROBE_SIM_H
#define TESTS_PROBE_SIM_H

#include "format/base/buf.h"
#include "format/base/clock.h"
#include "format/base/mem.h"
#include "probe/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t sim_state = 1;
static uint32_t sim_number[2]; /* of carriers, by direction */
static bool sim_carriers;      /* WireGuard, RTP, GRE, IKE, DNS, ICMP errors instead of ESP */

static inline uint32_t
chance(uint32_t n) /* 0 .. n-1; xorshift64* */
{
	sim_state ^= sim_state >> 12;
	sim_state ^= sim_state << 25;
	sim_state ^= sim_state >> 27;
	return ((uint32_t)((sim_state * 2685821657736338717ull) >> 33) % n);
}

static inline void
chance_seed(uint64_t seed)
{
	sim_state = seed * 0x9e3779b97f4a7c15ull | 1;
	sim_number[0] = sim_number[1] = 0;
}

/* --- records, as text: every field that is there */

struct row {
	char *text;
	int64_t bstart, bend, stime, ltime;
	uint64_t pkts, bytes, frames, newflows, flowid, ends;
	unsigned rectype, flags;
	bool has_pkts, has_time;
};

struct rows {
	struct row *row;
	uint32_t n, cap;
	bool texts;
};

/* What depends on when the probe looked: levels, and which MAR row counts a flow's beginning and end (the sums
 * do not). */
static inline bool
sim_skips(enum field f)
{
	return (f == F_active || f == F_fragtab || f == F_satab || f == F_watermark || f == F_recdrop || f == F_newflows ||
	    (f >= F_end_fin && f <= F_end_reuse));
}

static inline void
sim_text(struct buf *b, const struct batch *from, uint32_t r)
{
	for (unsigned f = 0; f < F_STORED; f++) {
		const struct column *c = from->col[f];
		union value v;
		char s[64];

		if (!column_has(c, r) || sim_skips((enum field)f))
			continue;
		v = column_value(c, r);
		buf_str(b, fields[f].name);
		if (c->store == STORE_BLOB) {
			buf_u8(b, '=');
			for (uint32_t i = 0; i < v.b.n; i++) {
				snprintf(s, sizeof(s), "%02x", v.b.p[i]);
				buf_str(b, s);
			}
		} else if (c->store == STORE_IP) {
			snprintf(s, sizeof(s), "=%d.%d", v.ip.b[14], v.ip.b[15]);
			buf_str(b, s);
		} else {
			snprintf(s, sizeof(s), "=%" PRIu64, v.u);
			buf_str(b, s);
		}
		buf_u8(b, ' ');
	}
}

static inline uint64_t
sim_get(const struct batch *b, enum field f, uint32_t r)
{
	return (column_has(b->col[f], r) ? column_value(b->col[f], r).u : 0);
}

static inline void
sim_row(struct rows *rows, const struct batch *b, uint32_t r)
{
	struct row *x;

	if (rows->n == rows->cap) {
		rows->cap = rows->cap == 0 ? 1024 : rows->cap * 2;
		rows->row = mem_grow(rows->row, rows->cap, sizeof(*rows->row));
	}
	x = &rows->row[rows->n++];
	*x = (struct row){ .rectype = (unsigned)sim_get(b, F_rectype, r), .flags = (unsigned)sim_get(b, F_flags, r),
		.bstart = (int64_t)sim_get(b, F_bstart, r), .bend = (int64_t)sim_get(b, F_bend, r),
		.stime = (int64_t)sim_get(b, F_stime, r), .ltime = (int64_t)sim_get(b, F_ltime, r),
		.pkts = sim_get(b, F_spkts, r) + sim_get(b, F_dpkts, r),
		.bytes = sim_get(b, F_sbytes, r) + sim_get(b, F_dbytes, r), .flowid = sim_get(b, F_flowid, r),
		.frames = sim_get(b, F_frames, r), .newflows = sim_get(b, F_newflows, r),
		.ends = sim_get(b, F_end_fin, r) + sim_get(b, F_end_rst, r) + sim_get(b, F_end_idle, r) +
		    sim_get(b, F_end_evict, r) + sim_get(b, F_end_shut, r) + sim_get(b, F_end_reuse, r),
		.has_pkts = column_has(b->col[F_spkts], r), .has_time = column_has(b->col[F_stime], r) };
	if (rows->texts) {
		struct buf t = { 0 };

		sim_text(&t, b, r);
		(void)buf_cstr(&t);
		x->text = (char *)t.p;
	}
}

static inline struct batch *
sim_put(void *arg, struct batch *b)
{
	struct rows *rows = arg;

	for (uint32_t r = 0; r < b->rows; r++)
		sim_row(rows, b, r);
	batch_reset(b);
	return (b);
}

static inline void
sim_free(struct rows *rows)
{
	for (uint32_t i = 0; i < rows->n; i++)
		free(rows->row[i].text);
	free(rows->row);
	memset(rows, 0, sizeof(*rows));
}

/* --- packets */

static inline struct arrival
sim_packet(int64_t ts, unsigned proto, uint8_t a, uint8_t b, uint16_t sport, uint16_t dport)
{
	struct arrival x;
	struct packet *p = &x.packet;
	uint8_t src[4] = { 10, 0, 0, a }, dst[4] = { 10, 0, 0, b };

	memset(&x, 0, sizeof(x));
	p->src = ip_v4(src);
	p->dst = ip_v4(dst);
	p->af = 4;
	p->proto = (uint16_t)proto;
	p->sport = sport;
	p->dport = dport;
	p->facts = FACT_PORTS;
	p->ts = ts;
	p->wire = 100;
	p->iplen = 86;
	p->ttl = 64;
	p->vlan = p->ivlan = 0xffff;
	p->mpls = UINT32_MAX;
	return (x);
}

/* A packet of a carrier of sequence numbers, which mostly go on. */
static inline void
sim_carrier(struct packet *p, bool back)
{
	uint32_t n = sim_number[back] += chance(10) == 0 ? chance(5) : 1;

	if (chance(8) == 0)
		n -= chance(6);
	p->proto = PROTO_UDP;
	p->sport = back ? 51821 : 51820;
	p->dport = back ? 51820 : 51821;
	switch (chance(4)) {
	case 0:
		p->facts = FACT_PORTS | FACT_WG;
		p->wg.type = (uint8_t)(chance(10) == 0 ? 1 + chance(2) : 4);
		p->wg.sender = 1 + chance(2);
		p->wg.receiver = 1 + chance(2);
		p->wg.counter = n;
		p->wg.messages = 1;
		break;
	case 1:
		p->facts = FACT_PORTS | FACT_RTP;
		p->rtp.pt = 0;
		p->rtp.ssrc = 1 + (chance(20) == 0);
		p->rtp.seq = (uint16_t)n;
		p->rtp.ts = n * 160;
		break;
	case 2:
		p->proto = chance(4) == 0 ? PROTO_UDP : PROTO_GRE;
		p->facts = (p->proto == PROTO_UDP ? FACT_PORTS : 0) | FACT_GRESEQ | (chance(4) == 0 ? FACT_MIRROR : 0);
		p->gre_id = 1 + back + (p->facts & FACT_MIRROR ? 2 : 4 * (p->src.b[15] + p->dst.b[15])); /* of a pair, if it is no mirror */
		p->gre_seq = n;
		if (p->proto == PROTO_GRE)
			p->sport = p->dport = 0;
		break;
	default:
		p->facts = FACT_PORTS | (chance(2) == 0 ? FACT_NATKA : FACT_IKE);
		if (p->facts & FACT_IKE) {
			p->ike.version = 0x20;
			p->ike.exchange = 37;
			p->ike.flags = (uint8_t)(chance(2) == 0 ? 0x08 : 0x20);
			p->ike.ispi = 1;
			p->ike.rspi = 2;
			p->ike.msgid = 1;
		}
		break;
	}
}

/* Names and ids that are asked for and answered, some more than once; in TCP two messages of 30 bytes. */
static inline void
sim_dns(struct packet *p, bool back)
{
	bool tcp = chance(3) == 0;

	p->proto = tcp ? PROTO_TCP : PROTO_UDP;
	p->sport = back ? 53 : 4053;
	p->dport = back ? 4053 : 53;
	p->facts = FACT_PORTS | FACT_PAYLOAD | FACT_DNS | (tcp ? FACT_TCP : 0);
	p->ndns = tcp ? 2 : 1;
	p->payload = 60;
	if (tcp) {
		p->tcp.flags = TCP_ACK;
		p->tcp.seq = 1000 + 60 * chance(20);
		p->tcp.ack = 1000;
	}
	for (unsigned i = 0; i < p->ndns; i++) {
		p->dns[i].at = 30 * i;
		p->dns[i].id = (uint16_t)chance(5);
		p->dns[i].flags = (uint16_t)(back ? 0x8180 | chance(6) : 0x0100);
		p->dns[i].qhash = chance(3);
		p->dns[i].qtype = 1;
		p->dns[i].asked = chance(8) != 0;
		p->dns[i].sure = p->dns[i].asked;
	}
	p->dns_next = 60;
}

/* An ICMP error about one of those flows. */
static inline void
sim_error(struct packet *p, bool back)
{
	p->proto = PROTO_ICMP;
	p->facts = FACT_ICMP | FACT_QUOTE;
	p->sport = p->dport = 0;
	p->icmp.type = chance(2) == 0 ? 3 : 11;
	p->icmp.code = (uint8_t)(3 + chance(2));
	p->quote.src = p->dst;
	p->quote.dst = p->src;
	p->quote.af = 4;
	p->quote.ports = 1;
	p->quote.proto = chance(2) == 0 ? PROTO_TCP : PROTO_UDP;
	p->quote.sport = back ? 4000 : 80;
	p->quote.dport = back ? 80 : 4000;
	if (chance(3) == 0) {
		p->quote.sport = back ? 4053 : 53;
		p->quote.dport = back ? 53 : 4053;
	}
}

/* One of a handful of flows, either direction, with whatever may happen to it. */
static inline struct arrival
sim_any(int64_t ts)
{
	static const uint8_t tcpflags[] = { TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK | TCP_PSH, TCP_ACK | TCP_FIN,
		TCP_RST };
	unsigned what = chance(sim_carriers ? 22 : 12);
	bool back = chance(2);
	uint8_t a = (uint8_t)(1 + chance(2)), b = 9;
	struct arrival x = sim_packet(ts, PROTO_TCP, back ? b : a, back ? a : b, back ? 80 : 4000, back ? 4000 : 80);
	struct packet *p = &x.packet;

	p->wire = 60 + chance(1000);
	p->tos = (uint8_t)(chance(4) == 0 ? chance(256) : 0);
	if (chance(30) == 0)
		p->vlan = (uint16_t)chance(3);
	if (chance(20) == 0) {
		p->ohash = 7;
		p->nencap = 1;
		p->encap[0].kind = ENCAP_IPIP;
		p->encap[0].id = ENCAP_NOID;
	}
	if (what < 5) {
		p->facts |= FACT_TCP | FACT_PAYLOAD;
		p->tcp.flags = tcpflags[chance(6)];
		p->tcp.seq = 1000 + 100 * chance(20);
		p->tcp.ack = 1000 + 100 * chance(20);
		p->payload = chance(3) * 100;
	} else if (what >= 19) {
		sim_dns(p, back);
	} else if (what == 18) {
		sim_error(p, back);
	} else if (what >= 12 || (what == 5 && sim_carriers)) {
		sim_carrier(p, back);
	} else if (what == 5) {
		p->proto = PROTO_ESP;
		p->facts = FACT_SPI;
		p->sport = p->dport = 0;
		p->spi = 1 + chance(3);
	} else if (what == 6) {
		p->proto = PROTO_ARP;
		p->facts = 0;
		p->sport = p->dport = 0;
		p->arp_op = (uint8_t)(1 + back);
	} else if (what < 10) {
		p->proto = PROTO_UDP;
		p->sport = back ? 4001 : 4000;
		p->dport = back ? 4000 : 4001;
		if (what == 9) {
			p->facts = FACT_FRAG;
			p->ipid = chance(3);
			p->frag.off = 800 * chance(3);
			p->frag.len = 800;
			p->frag.more = p->frag.off < 1600;
			if (p->frag.off == 0)
				p->facts |= FACT_PORTS;
			else
				p->sport = p->dport = 0;
		}
	} else {
		p->fate = (uint8_t)(chance(3) == 0 ? PKT_SHORT + chance(4) : PKT_FLOW);
	}
	return (x);
}

/* --- a sequence of packets */

#define SIM_TUNNELS 400 /* those with ESP; later ones with what else has sequence numbers */
#define SIM_PACKETS 600

struct trial {
	struct arrival a[SIM_PACKETS];
	unsigned n;
	int64_t interval;
};

static inline void
sim_trial(struct trial *t, uint64_t seed)
{
	static const int64_t intervals[] = { 1, 1, 5, 5, 60, 3600 };
	int64_t ts = 1700000000 * SEC;
	bool wild = seed % 2 == 0;

	chance_seed(seed);
	sim_carriers = seed > SIM_TUNNELS;
	t->interval = intervals[chance(6)] * SEC;
	t->n = 1 + chance(SIM_PACKETS);
	for (unsigned i = 0; i < t->n; i++) {
		unsigned kind = chance(wild ? 60 : 100);
		int64_t at;

		ts += kind < 2 ? (int64_t)chance(60) * SEC + chance(1000) * MSEC :
		    kind == 2  ? (int64_t)chance(600) * SEC :
		    kind == 3  ? 700 * SEC :
				 (int64_t)chance(300) * MSEC;
		if (wild && kind == 4)
			ts += 3 * 3600 * SEC;
		at = ts;
		if (kind >= 10 && kind < 14)
			at -= (int64_t)chance(20000) * MSEC;
		else if (wild && kind == 5)
			at += (int64_t)chance(100000) * SEC;
		else if (wild && kind == 6)
			at -= (int64_t)chance(100000) * SEC;
		t->a[i] = sim_any(at);
		t->a[i].bad_ts = seed % 4 == 0 && kind == 7;
		/* Where the clock jumps by hours, an END or a START of a tunnel may stand on another of its rows
		 * than with other batches: what is counted is the same (test_rows).  So no tunnels here. */
		if (wild && t->a[i].packet.proto == PROTO_ESP) {
			t->a[i].packet.proto = 89;
			t->a[i].packet.facts = 0;
		}
	}
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gre.c: GRE (RFC 2784, 2890) and its version 1 of PPTP (RFC 2637).
 */
#include "probe/decode/decoders.h"

#include "format/base/hash.h"

enum {
	GRE_SUM = 0x8000,
	GRE_ROUTE = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQ = 0x1000,
	GRE_ACK = 0x80,
	SOURCES = 16
};

/* The source routes of RFC 1701: a list that ends with an empty one. */
static void
skip_routes(struct cursor *c)
{
	for (int n = 0; n < SOURCES && !c->cut; n++) {
		uint16_t family = cur_u16(c);
		uint8_t length;

		cur_skip(c, 1);
		length = cur_u8(c);
		if (family == 0 && length == 0)
			return;
		cur_skip(c, length);
	}
}

/* Which numbering a sequence number belongs to: it has one direction. */
static uint64_t
numbering(const struct packet *p, uint32_t kind, uint32_t id)
{
	struct {
		struct ip src, dst;
		uint32_t kind, id;
	} of = { p->src, p->dst, kind, id };

	return (hash64(&of, sizeof(of), 0));
}

/* Sequence numbers: those of the outermost GRE, but of ERSPAN's wherever it is. */
static void
numbers(struct decoder *d, uint32_t seq, uint32_t id, bool mirror, uint32_t session)
{
	struct packet *p = d->p;

	if ((p->facts & FACT_GRESEQ) != 0 && (!mirror || (p->facts & FACT_MIRROR) != 0))
		return;
	p->facts |= FACT_GRESEQ | (mirror ? FACT_MIRROR : 0);
	p->gre_seq = seq;
	p->gre_id = numbering(p, mirror, mirror ? session : id);
}

enum step
decode_gre(struct decoder *d)
{
	struct packet *p = d->p;
	struct cursor c = d->c;
	uint16_t flags = cur_u16(&c), type = cur_u16(&c), version = flags & 7;
	uint32_t key = 0, seq = 0, id = ENCAP_NOID;
	enum step next;

	if (version == 0 && (flags & (GRE_SUM | GRE_ROUTE)) != 0)
		cur_skip(&c, 4);
	if ((flags & GRE_KEY) != 0)
		key = cur_u32(&c);
	if ((flags & GRE_SEQ) != 0)
		seq = cur_u32(&c);
	if (version == 0 && (flags & GRE_ROUTE) != 0)
		skip_routes(&c);
	if (version == 1 && (flags & GRE_ACK) != 0)
		cur_skip(&c, 4);
	if (c.cut)
		return (decode_cut(d, LAYER_TUNNEL));
	if (version > 1)
		return (STEP_END);
	decode_payload(d, (uint32_t)(c.p - d->c.p));
	if ((flags & GRE_KEY) != 0) {
		id = version == 0 ? key
				  : key & 0xffff; /* PPTP: the call; the other half is a length */
		if (version == 0)
			p->vrf = d->vrf = key;
	}
	d->c = c;
	next = decode_greproto(type);
	if ((flags & GRE_SEQ) != 0)
		numbers(d, seq, id, next == STEP_ERSPAN, cur_u32(&c) & 0x3ff);
	if (next == STEP_ERSPAN && (flags & GRE_SEQ) == 0) /* type I: no header of its own */
		next = type == 0x88be ? STEP_ETH : STEP_END;
	if (next == STEP_END || !decode_enter(d, ENCAP_GRE, id))
		return (STEP_END);
	return (next);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gre.c: GRE (RFC 2784, 2890) and its version 1 of PPTP (RFC 2637).  Tested by test_tunnels.c.
 */
#include "probe/decode/decoders.h"

#include "format/base/hash.h"

#include <endian.h>

enum {
	GRE_SUM = 0x8000,
	GRE_ROUTE = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQ = 0x1000,
	GRE_ACK = 0x80,
	BRIDGING = 0x6558,
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

/* Which numbering a sequence number belongs to: it has one direction.  The same on every machine. */
static uint64_t
numbering(const struct packet *p, uint32_t kind, uint32_t id)
{
	struct {
		struct ip src, dst;
		uint32_t kind, id;
	} of = { ip_mapped(&p->src), ip_mapped(&p->dst), htole32(kind), htole32(id) };

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
	p->gre_id = numbering(p, mirror, mirror ? 0 : id);
	p->gre_session = (uint16_t)session;
}

/* A keepalive: the packet inside is GRE with nothing in it, addressed back to who sent the outer one, so that the
 * other end of the tunnel returns it unknowingly.  Both layers are the sender's. */
bool
decode_keepalive(const struct decoder *d, const struct ip *src, const struct ip *dst, size_t skip)
{
	const struct packet *p = d->p;
	struct cursor c = d->c;

	if (p->proto != PROTO_GRE || ip_cmp(src, &p->dst) != 0 || ip_cmp(dst, &p->src) != 0)
		return (false);
	cur_skip(&c, skip + 2);
	return (cur_u16(&c) == 0); /* or the capture ended: what else would come back */
}

/* The part of a key that is a network: NVGRE (RFC 7637) has a flow's number in the low byte, and no networks below
 * 0x1000, so such a key is plain. */
static uint32_t
network(uint16_t type, uint32_t key)
{
	return (type == BRIDGING && key >> 8 >= 0x1000 ? key >> 8 : key);
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
	}
	d->c = c;
	next = decode_greproto(type);
	/* The two directions of a tunnel may have different keys: only of what is not decoded, or if it is asked for, the
	 * key is part of a flow's; ERSPAN's never. */
	if (version == 0 && (flags & GRE_KEY) != 0 && next != STEP_ERSPAN)
		p->vrf = p->keyed_vrf = d->keyed_vrf = network(type, key);
	if ((flags & GRE_SEQ) != 0)
		numbers(d, seq, id, next == STEP_ERSPAN, cur_u32(&c) & 0x3ff);
	if (next == STEP_ERSPAN && (flags & GRE_SEQ) == 0) /* type I: no header of its own */
		next = type == 0x88be ? STEP_ETH : STEP_END;
	if (next == STEP_END || !decode_enter(d, ENCAP_GRE, id))
		return (STEP_END);
	return (next);
}

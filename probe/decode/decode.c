/* SPDX-License-Identifier: BSD-2-Clause
 *
 * decode.c: the loop over the layers, and what all decoders share.
 */
#include "probe/decode/decode.h"

#include "format/base/canary.h"
#include "format/base/hash.h"
#include "probe/decode/decoders.h"

#include <stddef.h>
#include <string.h>

#define STEPS 64 /* headers looked at in one frame, whatever they are */
#define LINK_ETHERNET 1

typedef enum step (*decode_fn)(struct decoder *);

static const decode_fn decoders[] = {
	[STEP_END] = NULL,
#define STEP(name, function) [STEP_##name] = function,
#include "probe/decode/proto.def"
};

enum step
decode_link(int linktype)
{
	switch (linktype) {
#define LINK(number, name)                                                                         \
	case number:                                                                               \
		return (STEP_##name);
#include "probe/decode/proto.def"
	default:
		return (STEP_END);
	}
}

enum step
decode_ethertype(uint16_t type)
{
	switch (type) {
#define ETHER(number, name)                                                                        \
	case number:                                                                               \
		return (STEP_##name);
#include "probe/decode/proto.def"
	default:
		return (STEP_END);
	}
}

/* By protocol: asked of nearly every packet. */
static const uint8_t ipprotos[256] = {
#define IPPROTO(number, name) [number] = STEP_##name,
#include "probe/decode/proto.def"
};

enum step
decode_ipproto(uint8_t proto)
{
	return (ipprotos[proto]);
}

enum step
decode_greproto(uint16_t type)
{
	switch (type) {
#define GREPROTO(number, name)                                                                     \
	case number:                                                                               \
		return (STEP_##name);
#include "probe/decode/proto.def"
	default:
		return (STEP_END);
	}
}

enum step
decode_pppproto(uint16_t proto)
{
	switch (proto) {
#define PPPROTO(number, name)                                                                      \
	case number:                                                                               \
		return (STEP_##name);
#include "probe/decode/proto.def"
	default:
		return (STEP_END);
	}
}

enum step
decode_tcpport(uint16_t sport, uint16_t dport)
{
#define TCPPORT(number, name)                                                                      \
	if (sport == (number) || dport == (number))                                                \
		return (STEP_##name);
#include "probe/decode/proto.def"
	return (STEP_END);
}

enum step
decode_cut(struct decoder *d, enum layer layer)
{
	/* Only the capture's end is a cut; a header that its own packet is too short for is a bad one. */
	if ((size_t)(d->c.end - d->start) >= d->end)
		return (STEP_END);
	d->p->cut_at = (uint8_t)layer;
	if (d->p->fate == PKT_FLOW)
		d->p->facts |= FACT_CUT;
	return (STEP_END);
}

/* Ports come first in every transport header, and a cut one is keyed on what is there (SEMANTICS R9). */
enum step
decode_cut_transport(struct decoder *d)
{
	(void)decode_cut(d, LAYER_TRANSPORT);
	if (d->p->cut_at != LAYER_TRANSPORT)
		return (STEP_END);
	d->p->facts &= ~(uint32_t)FACT_PAYLOAD; /* where the header ends was not seen */
	if (cur_left(&d->c) >= 4) {
		d->p->sport = get16(d->c.p);
		d->p->dport = get16(d->c.p + 2);
		d->p->facts |= FACT_PORTS;
	}
	return (STEP_END);
}

enum step
decode_bad(struct decoder *d)
{
	if (d->level == 0)
		d->p->fate = PKT_BADIP;
	return (STEP_END);
}

enum step
decode_nonip(struct decoder *d, uint16_t proto, uint32_t aux)
{
	struct packet *p = d->p;

	if (d->level > 0) /* the outer IP flow keeps it */
		return (STEP_END);
	p->proto = proto;
	p->aux = aux;
	p->nencap = d->nencap;
	p->fate = d->o->ip_only ? PKT_NONIP_OFF : PKT_FLOW;
	if ((p->facts & FACT_MAC) != 0 && (p->dmac >> 40 & 1) != 0)
		p->facts |= FACT_NOANSWER;
	return (STEP_END);
}

enum step
decode_typed(struct decoder *d, uint16_t type)
{
	enum step next = decode_ethertype(type);

	if (next != STEP_END)
		return (next);
	if (type < 0x600)
		return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
	return (decode_nonip(d, type, 0));
}

enum step
decode_tagged(struct decoder *d, uint16_t type)
{
	if (type > 1500)
		return (decode_typed(d, type));
	if (type < decode_left(d)) /* what is behind it is padding */
		decode_bound(d, 0, type);
	return (STEP_LLC);
}

static uint64_t
pair_hash(const struct ip *a, const struct ip *b)
{
	struct ip pair[2];

	pair[0] = ip_mapped(ip_cmp(a, b) <= 0 ? a : b); /* the hash is in records */
	pair[1] = ip_mapped(ip_cmp(a, b) <= 0 ? b : a);
	return (hash64(pair, sizeof(pair), 0));
}

static bool
never_answers(const struct packet *p)
{
	const uint8_t *b = p->dst.b;

	if (p->af == 6)
		return (b[0] == 0xff);
	if (b[12] >> 4 == 14 || (b[12] & b[13] & b[14] & b[15]) == 0xff)
		return (true);
	/* A subnet's broadcast address can only be told from its MAC.  (Some answers, of DHCP for one,
	 * go to a host's own address by a broadcast frame.) */
	return (p->dmac == 0xffffffffffff && (b[15] & 7) == 7);
}

void
decode_fragment(struct decoder *d, uint32_t off, bool more)
{
	struct packet *p = d->p;

	p->facts |= FACT_FRAG;
	p->frag.off = off;
	p->frag.len = p->payload;
	p->frag.more = more;
	p->frag.bad = off + p->payload > 65535;
	d->part = true;
	d->rest = REST_UNKNOWN;
}

/* The flow is of what is inside a first fragment: its other fragments are found by what is around it. */
static void
enter_fragment(struct decoder *d)
{
	struct packet *p = d->p;

	p->frag.inner = 1;
	p->frag_of.src = p->src;
	p->frag_of.dst = p->dst;
	p->frag_of.id = p->ipid;
	p->frag_of.vrf = p->vrf;
	p->frag_of.proto = p->proto;
	p->frag_of.af = p->af;
	d->part = false;
	d->split = true;
}

void
decode_flow(struct decoder *d, const struct ip *src, const struct ip *dst, uint8_t af,
	    uint8_t proto)
{
	struct packet *p = d->p;

	if (d->level == 1)
		p->ohash = pair_hash(&p->src, &p->dst);
	if (d->level++ > 0) {
		d->unsure = false;
		if (d->part)
			enter_fragment(d);
		p->facts &= FACT_MAC | FACT_GRESEQ | FACT_MIRROR | FACT_CUT | FACT_FRAG;
		p->sport = p->dport = 0;
		p->ipid = 0;
	}
	p->fate = PKT_FLOW;
	p->src = *src;
	p->dst = *dst;
	p->af = af;
	p->proto = proto;
	p->vrf = d->vrf;
	p->keyed_vrf = d->keyed_vrf;
	p->nencap = d->nencap;
	p->facts |= FACT_PAYLOAD;
	if (never_answers(p))
		p->facts |= FACT_NOANSWER;
}

void
decode_goal(struct decoder *d)
{
	struct packet *p = d->p;

	p->facts &= ~(uint32_t)FACT_NOANSWER;
	if (never_answers(p))
		p->facts |= FACT_NOANSWER;
}

void
decode_encap(struct decoder *d, enum encap kind, uint32_t id)
{
	if (d->nencap == ENCAP_DEPTH)
		return;
	d->p->encap[d->nencap].kind = (uint8_t)kind;
	d->p->encap[d->nencap].id = id;
	d->nencap++;
}

bool
decode_enter(struct decoder *d, enum encap kind, uint32_t id)
{
	if (d->o->outer || d->tunnels == ENCAP_DEPTH)
		return (false);
	d->tunnels++;
	decode_encap(d, kind, id);
	return (true);
}

/* Everything but what a fact or a count vouches for.  In pieces, as compilers turn a longer one into a slow string
 * instruction. */
static inline void
clear(struct packet *p)
{
	memset(p, 0, 64);
	memset((uint8_t *)p + 64, 0, 64);
	memset((uint8_t *)p + 128, 0, PACKET_FACTS - 128);
}

/* Nearly every frame is Ethernet around an IPv4 packet that is whole on the wire, has no options and is no fragment:
 * both headers at once.  What they would say one after the other stands in eth.c and ip4.c.  STEP_NOT: it is not such a
 * frame. */
static inline enum step
usual(struct decoder *d)
{
	const uint8_t *h = d->c.p;
	struct packet *p = d->p;
	size_t there = cur_left(&d->c);
	uint32_t total;

	if (there < 34 || get16(h + 12) != 0x0800 || h[14] != 0x45 || (get16(h + 20) & 0x3fff) != 0)
		return (STEP_NOT);
	total = get16(h + 16);
	if (total < 20 || total > d->end - 14)
		return (STEP_NOT);
	d->level = 1;
	d->end = 14 + total;
	d->c.p = h + 34;
	if (there > d->end)
		d->c.end = h + d->end;
	p->dmac = get64(h) >> 16;
	p->smac = get64(h + 6) >> 16;
	p->tos = h[15];
	p->iplen = total;
	p->payload = total - 20;
	p->ipid = get16(h + 18);
	p->ttl = h[22];
	p->proto = h[23];
	p->af = 4;
	p->src = ip_v4(h + 26);
	p->dst = ip_v4(h + 30);
	p->fate = PKT_FLOW;
	p->facts = FACT_MAC | FACT_PAYLOAD;
	if ((h[30] >= 224 || (h[33] & 7) == 7) && never_answers(p)) /* it has to be one of these to be a broadcast's */
		p->facts |= FACT_NOANSWER;
	return (ipprotos[h[23]]);
}

NO_CANARY void
decode(struct packet *p, int dlt, const uint8_t *bytes, uint32_t caplen, uint32_t wire, int64_t ts,
       const struct decode_options *o)
{
	struct decoder d = {
		.c = cur_new(bytes, caplen),
		.start = bytes,
		.end = wire > caplen ? wire : caplen,
		.p = p,
		.o = o,
		.dlt = dlt,
	};
	enum step step = STEP_NOT;

	clear(p);
	p->ts = ts;
	p->wire = wire;
	p->vlan = p->ivlan = 0xffff;
	p->mpls = UINT32_MAX;
	if (dlt == LINK_ETHERNET)
		step = usual(&d);
	if (step == STEP_NOT) {
		p->fate = PKT_SHORT; /* until a header says otherwise */
		step = decode_link(dlt);
		if (step == STEP_END)
			decode_nonip(&d, PROTO_LINK, (uint32_t)dlt);
	}
	for (int n = 0; step > STEP_END; n++) {
		if (n == STEPS) {
			if (d.level == 0)
				decode_nonip(&d, PROTO_LINK, (uint32_t)dlt);
			break;
		}
		step = decoders[step](&d);
	}
}

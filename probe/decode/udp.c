/* SPDX-License-Identifier: BSD-2-Clause
 *
 * udp.c: UDP (RFC 768), and UDP-Lite (RFC 3828), whose length field means something else.  Tested by test_decode.c.
 *
 * What a datagram holds is decided by what it looks like, in the order of the rows of proto.def.  Each row has a test
 * of a few instructions, so that what is none of them costs no more than that.
 */
#include "probe/decode/decoders.h"

enum { LOOK = 32 }; /* the most that is needed to know something by */

/* What is one of these is known; RTP is a guess. */
#define CLAIMED (FACT_WG | FACT_WGLIKE | FACT_IKE | FACT_NATKA | FACT_DNS | FACT_SPI | FACT_CUT)

/* Ports are hints, a bit for each step that may be behind one. */
#define HINT(name) (1ull << STEP_##name)
_Static_assert(STEPS_KNOWN <= 64, "a bit for each step");

/* Few ports have one: most are told by a bit for each of the 64 that ports leave. */
#define FEW(port) (1ull << ((port) & 63))

static const uint64_t few = 0
#define UDPPORT(number, name) | FEW(number)
#define UDPDPORT(number, name) | FEW(number)
#include "probe/decode/proto.def"
    ;

static inline uint64_t
hint_to(uint16_t dport)
{
	if ((few & FEW(dport)) == 0)
		return (0);
	switch (dport) {
#define UDPPORT(number, name)                                                                                     \
	case number:                                                                                              \
		return (HINT(name));
#define UDPDPORT(number, name)                                                                                    \
	case number:                                                                                              \
		return (HINT(name));
#include "probe/decode/proto.def"
	default:
		return (0);
	}
}

static inline uint64_t
hint_from(uint16_t sport)
{
	if ((few & FEW(sport)) == 0)
		return (0);
	switch (sport) {
#define UDPPORT(number, name)                                                                                     \
	case number:                                                                                              \
		return (HINT(name));
#include "probe/decode/proto.def"
	default:
		return (0);
	}
}

static enum step
inside(struct decoder *d)
{
	const struct cursor c = d->c;
	const uint8_t *h = c.p;
	size_t there = cur_left(&c);
	unsigned first = there > 0 ? h[0] : 0x100;
	uint64_t hints = hint_to(d->p->dport) | hint_from(d->p->sport);
	enum step next;

	if (d->o->nesp_udp != 0 && (decode_espudp(d->o, d->p->sport) || decode_espudp(d->o, d->p->dport)))
		hints |= HINT(NATT);
#define BYTE(n) (there > (n) ? h[n] : 0)
#define IKE_VERSION(byte) ((byte) == 0x10 || (byte) == 0x20)
#define ASK(function, hint)                                                                                       \
	if (hint) {                                                                                               \
		if ((next = function(d)) != STEP_NOT)                                                             \
			return (next);                                                                            \
		d->c = c;                                                                                         \
	}
#define UDPLOOK(function, hint) ASK(function, hint)
#include "probe/decode/proto.def"
	if (hints != 0) {
#define UDPHINT(function, name) ASK(function, hints & HINT(name))
#include "probe/decode/proto.def"
	}
#define UDPLATE(function, hint) ASK(function, hint)
#include "probe/decode/proto.def"
	/* A port says that there may be something, and too little was captured to say. */
	return (hints != 0 && there < LOOK && there < d->whole ? decode_cut(d, LAYER_APP) : STEP_END);
}

enum step
decode_udp(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 8);
	struct packet *p = d->p;
	uint32_t length;
	struct cursor at;
	enum step next;

	if (h == NULL)
		return (decode_cut_transport(d));
	length = get16(h + 4);
	if (length < 8 && length != 0) /* 0: a jumbogram or segmentation offload */
		return (STEP_END);
	p->sport = get16(h);
	p->dport = get16(h + 2);
	p->facts |= FACT_PORTS;
	decode_payload(d, 8);
	/* A first fragment has not all of its datagram, but says how much that is. */
	d->whole = length != 0 && (length - 8 <= p->payload || d->part) ? length - 8 : p->payload;
	if (d->part && length != 0)
		d->rest = d->whole > p->payload ? d->whole - p->payload : 0;
	if (d->whole == 0)
		return (STEP_END);
	at = d->c;
	next = inside(d);
	if (next == STEP_END && (p->facts & CLAIMED) == 0) {
		d->c = at;
		decode_esplike(d);
	}
	return (next);
}

enum step
decode_udplite(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 8);

	if (h == NULL)
		return (decode_cut_transport(d));
	d->p->sport = get16(h);
	d->p->dport = get16(h + 2);
	d->p->facts |= FACT_PORTS;
	decode_payload(d, 8);
	return (STEP_END);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ip6.c: IPv6 and its extension headers (RFC 8200).  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

#include <string.h>

enum { EXTENSIONS = 16 };
enum {
	HOPOPTS = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	NONE = 59,
	DSTOPTS = 60,
	MOBILITY = 135,
	HIP = 139,
	SHIM6 = 140
};

enum { SOURCE_ROUTE = 0, HOME_ADDRESS = 2, SEGMENTS = 4 }; /* types of routing headers */

static bool
is_extension(uint8_t number)
{
	switch (number) {
	case HOPOPTS:
	case ROUTING:
	case FRAGMENT:
	case DSTOPTS:
	case MOBILITY:
	case HIP:
	case SHIM6:
		return (true);
	default:
		return (false);
	}
}

bool
decode_address(const uint8_t b[static 16], struct ip *out)
{
	struct ip ip;

	memcpy(ip.b, b, sizeof(ip.b));
	if (ip_is4(&ip))
		return (false);
	*out = ip;
	return (true);
}

/* Where a packet is still to go: the last address of its routing header, of `size` bytes.  false: it is there, or the
 * header is of a type that does not show it, or lies. */
bool
decode_final(const uint8_t *h, uint32_t size, struct ip *dst)
{
	uint32_t last = 8; /* where it is */

	if (h[3] == 0) /* segments left */
		return (false);
	switch (h[2]) {
	case SOURCE_ROUTE: /* RFC 2460: in the order of the way */
		if (size < 24 || h[1] % 2 != 0 || h[3] > h[1] / 2)
			return (false);
		last = size - 16;
		break;
	case HOME_ADDRESS: /* RFC 6275: just one */
		if (size != 24)
			return (false);
		break;
	case SEGMENTS: /* RFC 8754: in the other order; the first of them may be left out of the list */
		if (size < 8 + 16 * (h[4] + 1u) || h[3] > h[4] + 1)
			return (false);
		break;
	default:
		return (false);
	}
	return (decode_address(h + last, dst));
}

/* True if the packet's transport header is not in this fragment. */
static bool
fragment(struct decoder *d, const uint8_t *h)
{
	struct packet *p = d->p;
	uint32_t off = get16(h + 2) & 0xfff8u;
	bool more = (h[3] & 1) != 0;

	p->ipid = get32(h + 4);
	if (off == 0 && !more) {
		p->facts |= FACT_ATOMIC;
		return (false);
	}
	decode_fragment(d, off, more);
	p->frag.bad |= more && p->payload % 8 != 0;
	p->frag.tiny = off == 8 && h[0] == PROTO_TCP;
	return (off != 0);
}

static void
note_tiny(struct packet *p)
{
	uint32_t least = p->proto == PROTO_TCP				  ? 20
			 : p->proto == PROTO_UDP || p->proto == PROTO_ESP ? 8
									  : 0;

	if ((p->facts & FACT_FRAG) != 0 && p->frag.off == 0)
		p->frag.tiny = p->payload < least;
}

/* Walk the extension headers; the last number known is the packet's protocol. */
static enum step
extensions(struct decoder *d, uint8_t number)
{
	struct packet *p = d->p;

	for (int n = 0; n < EXTENSIONS && is_extension(number); n++) {
		const uint8_t *h = cur_bytes(&d->c, 8);
		bool tail = false;
		uint32_t size = 8;

		if (h == NULL)
			return (decode_cut(d, LAYER_EXT));
		if (number != FRAGMENT)
			size += h[1] * 8u;
		if (size > 8)
			cur_skip(&d->c, size - 8);
		if (d->c.cut)
			return (decode_cut(d, LAYER_EXT));
		decode_payload(d, size);
		if (number == ROUTING && decode_final(h, size, &p->dst))
			decode_goal(d);
		if (number == FRAGMENT)
			tail = fragment(d, h);
		if (h[0] == NONE && number >= MOBILITY &&
		    !tail) /* they are what the packet is for */
			return (STEP_END);
		number = h[0];
		p->proto = number;
		if (tail)
			return (STEP_END);
	}
	note_tiny(p);
	return (is_extension(number) ? STEP_END : decode_ipproto(number));
}

/* Is a fragment among the extension headers at c? */
static bool
is_fragment(struct cursor c, uint8_t number)
{
	for (int n = 0; n < EXTENSIONS && is_extension(number); n++) {
		const uint8_t *h = cur_bytes(&c, 8);

		if (h == NULL)
			return (false);
		if (number != FRAGMENT)
			cur_skip(&c, h[1] * 8u);
		else if ((get16(h + 2) & 0xfff8) != 0 || (h[3] & 1) != 0)
			return (true);
		number = h[0];
	}
	return (false);
}

/* As in ip4.c. */
static bool
belongs(const struct decoder *d, const uint8_t *h, uint32_t length, uint32_t there)
{
	struct ip src, dst;

	if (d->unsure && length > there)
		return (false);
	if ((d->part || d->split) && is_fragment(d->c, h[6]))
		return (false);
	if (h[6] != PROTO_GRE)
		return (true);
	return (!decode_address(h + 8, &src) || !decode_address(h + 24, &dst) || !decode_keepalive(d, &src, &dst, 0));
}

enum step
decode_ip6(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 40);
	struct packet *p = d->p;
	struct ip src, dst;
	uint32_t length, there;

	if (h == NULL)
		return (decode_cut(d, LAYER_NET));
	length = get16(h + 4);
	there = (uint32_t)decode_left(d);
	if (h[0] >> 4 != 6)
		return (decode_bad(d));
	if (length == 0 && h[6] != NONE) /* a jumbogram, or segmentation offload */
		length = there;
	if (d->level > 0) {
		there += d->rest;
		if (!belongs(d, h, length, there))
			return (STEP_END);
	}
	if (!decode_address(h + 8, &src) || !decode_address(h + 24, &dst))
		return (decode_bad(d));
	decode_flow(d, &src, &dst, 6, h[6]);
	p->iplen = 40 + length;
	p->payload = length;
	p->ttl = h[7];
	p->tos = (uint8_t)(h[0] << 4 | h[1] >> 4);
	if (length > there)
		p->facts |= FACT_CUT;
	decode_bound(d, 0, length);
	return (extensions(d, h[6]));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ip4.c: IPv4 (RFC 791), and IP within IP (RFC 2003, 4213).  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum { MORE = 0x2000, OFFSET = 0x1fff };

/* A transport header that needs this much is tiny in less (RFC 1858). */
static uint32_t
least(uint8_t proto)
{
	return (proto == PROTO_TCP ? 20 : proto == PROTO_UDP || proto == PROTO_ESP ? 8 : 0);
}

static enum step
fragment(struct decoder *d, uint32_t off, bool more)
{
	struct packet *p = d->p;

	decode_fragment(d, off, more);
	p->frag.tiny =
	    off == 0 ? p->payload < least((uint8_t)p->proto) : off == 8 && p->proto == PROTO_TCP;
	return (off == 0 ? decode_ipproto((uint8_t)p->proto) : STEP_END);
}

/* Within something else: does it fit there (a port may have led here), and is it of whom it says?  Fragments of a
 * fragment stay with the outer ones. */
static bool
belongs(const struct decoder *d, const uint8_t *h, uint32_t total, uint32_t there)
{
	struct ip src, dst;

	if (d->unsure && total > there)
		return (false);
	if ((get16(h + 6) & (MORE | OFFSET)) != 0 && (d->part || d->split))
		return (false);
	if (h[9] != PROTO_GRE)
		return (true);
	src = ip_v4(h + 12);
	dst = ip_v4(h + 16);
	return (!decode_keepalive(d, &src, &dst, (h[0] & 15u) * 4 - 20));
}

enum step
decode_ip4(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 20);
	struct packet *p = d->p;
	uint32_t hlen, total, there;
	struct ip src, dst;
	uint16_t off;

	if (h == NULL)
		return (decode_cut(d, LAYER_NET));
	hlen = (h[0] & 15u) * 4;
	total = get16(h + 2);
	there = (uint32_t)decode_left(d) + 20;
	if (total == 0) /* left to the network card by segmentation offload */
		total = there;
	if (h[0] >> 4 != 4 || hlen < 20 || total < hlen)
		return (decode_bad(d));
	if (d->level > 0) {
		there += d->rest;
		if (!belongs(d, h, total, there))
			return (STEP_END);
	}
	src = ip_v4(h + 12);
	dst = ip_v4(h + 16);
	decode_flow(d, &src, &dst, 4, h[9]);
	p->iplen = total;
	p->payload = total - hlen;
	p->ttl = h[8];
	p->tos = h[1];
	p->ipid = get16(h + 4);
	if (total > there)
		p->facts |= FACT_CUT;
	decode_bound(d, 20, total);
	off = get16(h + 6);
	if (hlen > 20)
		cur_skip(&d->c, hlen - 20);
	if ((off & (MORE | OFFSET)) != 0) {
		enum step next = fragment(d, (off & OFFSET) * 8u, (off & MORE) != 0);

		return (d->c.cut ? decode_cut(d, LAYER_NET) : next);
	}
	return (d->c.cut ? decode_cut(d, LAYER_NET) : decode_ipproto(h[9]));
}

static enum step
within(struct decoder *d, uint8_t version)
{
	if (cur_left(&d->c) == 0 || *d->c.p >> 4 != version)
		return (STEP_END);
	if (!decode_enter(d, version == 4 && d->p->af == 4 ? ENCAP_IPIP : ENCAP_6IN4, ENCAP_NOID))
		return (STEP_END);
	return (version == 4 ? STEP_IP4 : STEP_IP6);
}

enum step
decode_in_ip4(struct decoder *d)
{
	return (within(d, 4));
}

enum step
decode_in_ip6(struct decoder *d)
{
	return (within(d, 6));
}

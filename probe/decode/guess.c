/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guess.c: what a header has to be like where nothing but a hint (a nibble, a port) says that it is there.  Tested by
 * test_tunnels.c.
 *
 * A wrong guess would put addresses into a record that were in no packet, so each is asked for what would
 * refute it: the lengths, the checksum, the type of the layer before.  Nothing is committed here.
 */
#include "probe/decode/decoders.h"

enum fit { NO, YES, CUT }; /* CUT: captured too little to say */
enum { SLACK = 64 };       /* behind a short packet: padding, a checksum, a tap's trailer */
enum { TAGS = 4 };
enum { TYPE_IP4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IP6 = 0x86dd };

static bool
sum_is_right(const uint8_t *h, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += get16(h + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return ((sum & 0xffff) + (sum >> 16) == 0xffff);
}

/* `left`: bytes to the end of the layer on the wire; typed: the layer before names it, the sum is not needed. */
static enum fit
fit4(struct cursor c, size_t left, bool typed)
{
	size_t there = cur_left(&c), hlen, total;
	const uint8_t *h = c.p;

	if (there > 0 && h[0] >> 4 != 4)
		return (NO);
	if (there < 20)
		return (left < 20 ? NO : CUT);
	hlen = (h[0] & 15u) * 4;
	total = get16(h + 2);
	if (total == 0) /* left to the network card by segmentation offload */
		total = left;
	if (hlen < 20 || total < hlen || total > left)
		return (NO);
	if (typed)
		return (YES);
	if (there < hlen)
		return (CUT);
	if (get16(h + 10) == 0) /* the sum is left to the card */
		return (left - total < SLACK ? YES : NO);
	return (sum_is_right(h, hlen) ? YES : NO);
}

/* What there is in IPv6: what is decoded, extension headers, routing protocols and their like. */
static bool
is_next(uint8_t number)
{
	switch (number) {
	case 0:   /* hop-by-hop */
	case 43:  /* routing */
	case 44:  /* fragment */
	case 46:  /* RSVP */
	case 59:  /* nothing */
	case 60:  /* destination options */
	case 88:  /* EIGRP */
	case 89:  /* OSPF */
	case 103: /* PIM */
	case 108: /* IPComp */
	case 112: /* VRRP */
	case 135: /* mobility */
	case 137: /* MPLS */
	case 139: /* HIP */
	case 140: /* Shim6 */
	case 143: /* Ethernet */
		return (true);
	default:
		return (decode_ipproto(number) != STEP_END);
	}
}

static enum fit
fit6(struct cursor c, size_t left, bool typed)
{
	size_t there = cur_left(&c), length;
	const uint8_t *h = c.p;

	if (there > 0 && h[0] >> 4 != 6)
		return (NO);
	if (there < 40)
		return (left < 40 ? NO : CUT);
	left -= 40;
	length = get16(h + 4);
	if (length == 0 && h[6] != 59) /* a jumbogram, or segmentation offload */
		length = left;
	if (length > left)
		return (NO);
	/* There is no checksum: a length that is nearly it, a header that there is, a source that can be one have to do. */
	return (typed || (left - length < SLACK && is_next(h[6]) && h[8] != 0xff) ? YES : NO);
}

static enum fit
fit_arp(struct cursor c, size_t left)
{
	const uint8_t *h = c.p;

	if (cur_left(&c) < 8)
		return (left < 8 ? NO : CUT);
	return (get16(h + 2) == TYPE_IP4 && h[4] == 6 && h[5] == 4 && h[6] == 0 ? YES : NO);
}

static enum fit
fit_typed(struct cursor c, size_t left, uint16_t type, bool sure)
{
	switch (type) {
	case TYPE_IP4:
		return (fit4(c, left, !sure));
	case TYPE_IP6:
		return (fit6(c, left, !sure));
	case TYPE_ARP:
		return (fit_arp(c, left));
	default:
		return (!sure && decode_ethertype(type) != STEP_END ? YES : NO);
	}
}

static enum fit
fit_eth(struct cursor c, size_t left, bool sure)
{
	const uint8_t *h = c.p;
	uint16_t type;

	if (cur_left(&c) < 14)
		return (left < 14 ? NO : CUT);
	if ((h[6] & 1) != 0 || get48(h + 6) == 0 || get48(h) == get48(h + 6)) /* no one sends from there */
		return (NO);
	type = get16(h + 12);
	cur_skip(&c, 14);
	left -= 14;
	for (int n = 0; n < TAGS && decode_ethertype(type) == STEP_VLAN; n++) {
		if (left < 4 || cur_left(&c) < 4)
			return (left < 4 ? NO : CUT);
		type = get16(c.p + 2);
		cur_skip(&c, 4);
		left -= 4;
	}
	return (fit_typed(c, left, type, sure));
}

/* PPP around IP, with its address and control or without. */
static enum fit
fit_ppp(struct cursor c, size_t left)
{
	size_t all = cur_left(&c);
	uint16_t proto;

	if (all > 1 && get16(c.p) == 0xff03)
		cur_skip(&c, 2);
	proto = cur_u16(&c);
	if (c.cut)
		return (left < 4 ? NO : CUT);
	left -= all - cur_left(&c);
	return (proto == 0x0021 ? fit4(c, left, false) : proto == 0x0057 ? fit6(c, left, false) : NO);
}

static enum step
answer(enum fit fit, enum step yes)
{
	return (fit == YES ? yes : fit == NO ? STEP_NOT : STEP_END);
}

enum step
decode_guess_ip(const struct decoder *d)
{
	size_t left = decode_left_whole(d);

	if (cur_left(&d->c) > 0 && *d->c.p >> 4 == 6)
		return (answer(fit6(d->c, left, false), STEP_IP6));
	return (answer(fit4(d->c, left, false), STEP_IP4));
}

enum step
decode_guess_eth(const struct decoder *d, size_t skip, bool sure)
{
	struct cursor c = d->c;
	size_t left = decode_left_whole(d);

	cur_skip(&c, skip);
	if (c.cut || left < skip)
		return (left < skip ? STEP_NOT : STEP_END);
	return (answer(fit_eth(c, left - skip, sure), STEP_ETH));
}

enum step
decode_guess_frame(const struct decoder *d, size_t skip)
{
	return (decode_guess_eth(d, skip, true));
}

enum step
decode_guess_ppp(const struct decoder *d, size_t skip)
{
	struct cursor c = d->c;
	size_t left = decode_left_whole(d);

	cur_skip(&c, skip);
	if (c.cut || left < skip)
		return (left < skip ? STEP_NOT : STEP_END);
	return (answer(fit_ppp(c, left - skip), STEP_PPP));
}

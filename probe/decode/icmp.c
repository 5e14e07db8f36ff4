/* SPDX-License-Identifier: BSD-2-Clause
 *
 * icmp.c: ICMP (RFC 792, 950, 1256) and ICMPv6 (RFC 4443); an error's quoted packet.
 */
#include "probe/decode/decoders.h"

static bool
has_id(uint8_t af, uint8_t type)
{
	if (af == 6)
		return (type == 128 || type == 129);
	return (type == 0 || type == 8 || (type >= 13 && type <= 18));
}

static bool
is_error(uint8_t af, uint8_t type)
{
	if (af == 6)
		return (type >= 1 && type <= 4);
	return (type == 3 || type == 4 || type == 5 || type == 11 || type == 12);
}

static bool
has_ports(uint8_t proto)
{
	return (proto == PROTO_TCP || proto == PROTO_UDP || proto == PROTO_SCTP ||
		proto == PROTO_DCCP || proto == PROTO_UDPLITE);
}

static void
quote(struct packet *p, struct cursor c)
{
	const uint8_t *h = c.p;
	bool first;

	memset(&p->quote, 0, sizeof(p->quote));
	if (p->af == 4) {
		if (cur_left(&c) < 20 || h[0] >> 4 != 4 || (h[0] & 15) < 5)
			return;
		p->quote.src = ip_v4(h + 12);
		p->quote.dst = ip_v4(h + 16);
		p->quote.proto = h[9];
		first = (get16(h + 6) & 0x1fff) == 0;
		cur_skip(&c, (h[0] & 15) * 4u);
	} else {
		if (cur_left(&c) < 40 || h[0] >> 4 != 6)
			return;
		memcpy(p->quote.src.b, h + 8, 16);
		memcpy(p->quote.dst.b, h + 24, 16);
		p->quote.proto = h[6];
		first = true;
		cur_skip(&c, 40);
	}
	p->quote.af = p->af;
	p->facts |= FACT_QUOTE;
	if (first && has_ports((uint8_t)p->quote.proto) && !c.cut && cur_left(&c) >= 4) {
		p->quote.sport = cur_u16(&c);
		p->quote.dport = cur_u16(&c);
		p->quote.ports = 1;
	}
}

static enum step
icmp(struct decoder *d)
{
	struct packet *p = d->p;
	struct cursor c = d->c;
	uint8_t type = cur_u8(&c), code = cur_u8(&c);
	uint16_t id = 0;

	cur_skip(&c, 2);
	if (has_id(p->af, type)) {
		id = cur_u16(&c);
		cur_skip(&c, 2);
	}
	if (c.cut)
		return (decode_cut(d, LAYER_TRANSPORT));
	p->icmp.type = type;
	p->icmp.code = code;
	p->icmp.id = id;
	p->facts |= FACT_ICMP;
	decode_payload(d, 8);
	if (is_error(p->af, type)) {
		cur_skip(&d->c, 8);
		quote(p, d->c);
	}
	return (STEP_END);
}

enum step
decode_icmp(struct decoder *d)
{
	return (d->p->af == 4 ? icmp(d) : STEP_END);
}

enum step
decode_icmp6(struct decoder *d)
{
	return (d->p->af == 6 ? icmp(d) : STEP_END);
}

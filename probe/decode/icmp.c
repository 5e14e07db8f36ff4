/* SPDX-License-Identifier: BSD-2-Clause
 *
 * icmp.c: ICMP (RFC 792, 950, 1256) and ICMPv6 (RFC 4443); an error's quoted packet.  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum { EXTENSIONS = 8 };
enum { HOPOPTS = 0, ROUTING = 43, FRAGMENT = 44, DSTOPTS = 60 };

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

static bool
is_echo(const struct packet *p, uint8_t type)
{
	if (p->quote.proto == PROTO_ICMP)
		return (p->af == 4 && (type == 0 || type == 8));
	return (p->af == 6 && (type == 128 || type == 129));
}

/* ESP in UDP (RFC 3948): an SPI follows the UDP header; not the marker of IKE, nor a message of WireGuard. */
static void
quote_natt(struct packet *p, struct cursor c, const struct decode_options *o)
{
	uint32_t spi;

	cur_skip(&c, 4); /* length, checksum */
	spi = cur_u32(&c);
	if (c.cut || spi < 256 || decode_wgword(spi) ||
	    !decode_natt_ports(o, p->quote.sport, p->quote.dport))
		return;
	p->quote.proto = PROTO_ESP;
	p->quote.spi = spi;
	p->quote.has_spi = 1;
}

/* What a quote shows of the transport header: at least its first 8 bytes, mostly. */
static void
quote_transport(struct packet *p, struct cursor c, const struct decode_options *o)
{
	uint8_t type;

	switch (p->quote.proto) {
	case PROTO_ICMP:
	case PROTO_ICMP6:
		type = cur_u8(&c);
		cur_skip(&c, 3);
		p->quote.id = cur_u16(&c);
		if (!c.cut && is_echo(p, type))
			p->quote.echo = (uint8_t)(type + 1);
		return;
	case PROTO_AH:
		cur_skip(&c, 4);
		/* FALLTHROUGH */
	case PROTO_ESP:
		p->quote.spi = cur_u32(&c);
		p->quote.has_spi = !c.cut;
		return;
	default:
		break;
	}
	if (!has_ports((uint8_t)p->quote.proto) || cur_left(&c) < 4)
		return;
	p->quote.sport = cur_u16(&c);
	p->quote.dport = cur_u16(&c);
	p->quote.ports = 1;
	if (p->quote.proto == PROTO_UDP)
		quote_natt(p, c, o);
}

/* To the transport header of a quoted IPv6 packet; false: it is in another fragment, or was not quoted. */
static bool
quote_extensions(struct packet *p, struct cursor *c)
{
	for (int n = 0; n < EXTENSIONS; n++) {
		uint16_t proto = p->quote.proto;
		const uint8_t *h;

		if (proto != HOPOPTS && proto != ROUTING && proto != FRAGMENT && proto != DSTOPTS)
			return (true);
		if ((h = cur_bytes(c, 8)) == NULL)
			return (false);
		if (proto != FRAGMENT)
			cur_skip(c, h[1] * 8u);
		p->quote.proto = h[0];
		if (proto == ROUTING && !c->cut)
			(void)decode_final(h, 8 + h[1] * 8u, &p->quote.dst);
		if (c->cut || (proto == FRAGMENT && (get16(h + 2) & 0xfff8) != 0))
			return (false);
	}
	return (false);
}

static void
quote(struct packet *p, struct cursor c, const struct decode_options *o)
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
		if (!decode_address(h + 8, &p->quote.src) || !decode_address(h + 24, &p->quote.dst))
			return;
		p->quote.proto = h[6];
		cur_skip(&c, 40);
		first = quote_extensions(p, &c);
	}
	p->quote.af = p->af;
	p->facts |= FACT_QUOTE;
	if (first && !c.cut)
		quote_transport(p, c, o);
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
		quote(p, d->c, d->o);
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

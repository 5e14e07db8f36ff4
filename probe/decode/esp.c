/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp.c: ESP (RFC 4303), alone and in UDP (RFC 3948).  Decoding ends here: the rest is encrypted.  Tested by
 * test_content.c.
 */
#include "probe/decode/decode.h"
#include "probe/decode/decoders.h"

enum { RESERVED_SPI = 256, LEAST = 24, /* SPI, number, padding to four bytes, a check value */ IKE_PORT = 500, NATT_PORT = 4500, CISCO_PORT = 10000 };

enum step
decode_esp(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 8);

	if (h == NULL)
		return (decode_cut(d, LAYER_TRANSPORT));
	d->p->spi = get32(h);
	d->p->seq = get32(h + 4);
	d->p->facts |= FACT_SPI;
	decode_payload(d, 8);
	return (STEP_END);
}

bool
decode_espudp(const struct decode_options *o, uint16_t port)
{
	for (unsigned i = 0; i < o->nesp_udp; i++)
		if (o->esp_udp[i] == port)
			return (true);
	return (false);
}

static bool
is_service(uint16_t port)
{
	return (port < 1024 && port != IKE_PORT);
}

bool
decode_natt_ports(const struct decode_options *o, uint16_t a, uint16_t b)
{
	if (decode_espudp(o, a) || decode_espudp(o, b))
		return (true);
	if (is_service(a) || is_service(b)) /* the other port is just a client's */
		return (false);
	return (a == NATT_PORT || b == NATT_PORT || a == CISCO_PORT || b == CISCO_PORT);
}

/* Port 10000, where one maker's ESP goes, is also the first of those that telephones use. */
static bool
is_rtp(const struct decoder *d, const uint8_t *h)
{
	uint16_t s = d->p->sport, t = d->p->dport;

	if (s == NATT_PORT || t == NATT_PORT || (s != CISCO_PORT && t != CISCO_PORT) || decode_espudp(d->o, CISCO_PORT))
		return (false);
	return ((h[0] & 0xef) == 0x80 && ((h[1] & 0x7f) < 35 || (h[1] & 0x7f) > 95));
}

/* Where ESP goes in UDP there are also keepalives of one byte; IKE was looked for before. */
enum step
decode_natt(struct decoder *d)
{
	struct packet *p = d->p;
	struct cursor c = d->c;
	uint32_t spi, seq;

	if (!decode_natt_ports(d->o, p->sport, p->dport))
		return (STEP_NOT);
	if (d->whole == 1) {
		if (cur_u8(&c) == 0xff)
			p->facts |= FACT_NATKA;
		return (c.cut ? decode_cut(d, LAYER_APP) : STEP_END);
	}
	if (d->whole < 8)
		return (STEP_NOT);
	spi = cur_u32(&c);
	seq = cur_u32(&c);
	if (c.cut)
		return (decode_cut(d, LAYER_APP));
	if (spi < RESERVED_SPI || decode_wgword(spi) || is_rtp(d, d->c.p))
		return (STEP_NOT);
	decode_encap(d, ENCAP_UDP, ENCAP_NOID);
	p->nencap = d->nencap;
	p->proto = PROTO_ESP;
	p->spi = spi;
	p->seq = seq;
	p->facts |= FACT_SPI;
	decode_payload(d, 8);
	return (STEP_END);
}

/* Any other datagram may be ESP too, if its beginning and length allow it: who sees more of them can tell. */
void
decode_esplike(struct decoder *d)
{
	struct packet *p = d->p;
	struct cursor c = d->c;
	uint32_t spi, seq;

	if (d->whole < LEAST || d->whole % 4 != 0 || is_service(p->sport) || is_service(p->dport))
		return;
	spi = cur_u32(&c);
	seq = cur_u32(&c);
	if (c.cut || spi < RESERVED_SPI || seq == 0 || decode_wgword(spi))
		return;
	p->spi = spi;
	p->seq = seq;
	p->facts |= FACT_ESPLIKE;
}

void
decode_as_esp(struct packet *p)
{
	p->proto = PROTO_ESP;
	p->facts &= ~(uint32_t)(FACT_ESPLIKE | FACT_RTP);
	p->facts |= FACT_SPI;
	p->payload = p->payload > 8 ? p->payload - 8 : 0;
	if (p->nencap == ENCAP_DEPTH)
		return;
	p->encap[p->nencap].kind = ENCAP_UDP;
	p->encap[p->nencap++].id = ENCAP_NOID;
}

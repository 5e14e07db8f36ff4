/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp.c: ESP (RFC 4303), alone and in UDP (RFC 3948).  Decoding ends here: the rest is encrypted.
 */
#include "probe/decode/decoders.h"

enum { RESERVED_SPI = 256, IKE_LEAST = 28 };

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

/* UDP 4500 holds keepalives, IKE behind four zero bytes, and ESP. */
enum step
decode_natt(struct decoder *d)
{
	struct packet *p = d->p;
	struct cursor c = d->c;
	uint32_t spi, seq;

	if (p->payload == 0)
		return (STEP_END);
	if (p->payload == 1) {
		if (cur_u8(&c) == 0xff)
			p->facts |= FACT_NATKA;
		return (c.cut ? decode_cut(d, LAYER_APP) : STEP_END);
	}
	spi = cur_u32(&c);
	if (!c.cut && spi == 0) {
		if (p->payload < 4 + IKE_LEAST)
			return (STEP_END);
		d->c = c;
		return (STEP_IKE);
	}
	seq = cur_u32(&c);
	if (c.cut)
		return (decode_cut(d, LAYER_APP));
	if (spi < RESERVED_SPI)
		return (STEP_END);
	decode_encap(d, ENCAP_UDP, ENCAP_NOID);
	p->nencap = d->nencap;
	p->proto = PROTO_ESP;
	p->spi = spi;
	p->seq = seq;
	p->facts |= FACT_SPI;
	decode_payload(d, 8);
	return (STEP_END);
}

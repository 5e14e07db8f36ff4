/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ah.c: AH (RFC 4302).  The packet is the AH flow's, its numbers are the point; --ah-inner looks behind.  Tested by
 * test_decode.c.
 */
#include "probe/decode/decoders.h"

enum step
decode_ah(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 12);
	struct packet *p = d->p;
	uint32_t size;

	if (h == NULL)
		return (decode_cut(d, LAYER_TRANSPORT));
	size = (h[1] + 2u) * 4;
	p->proto = PROTO_AH; /* IPv6: where the extension headers led */
	p->spi = get32(h + 4);
	p->seq = get32(h + 8);
	p->facts |= FACT_SPI;
	decode_payload(d, size);
	if (!d->o->ah_inner || size < 12 || d->part)
		return (STEP_END);
	if (size > 12)
		cur_skip(&d->c, size - 12);
	if (d->c.cut)
		return (decode_cut(d, LAYER_TRANSPORT));
	if (!decode_enter(d, ENCAP_AH, ENCAP_NOID))
		return (STEP_END);
	p->nencap = d->nencap;
	p->proto = h[0];
	p->spi = p->seq = 0;
	p->facts &= ~(uint32_t)FACT_SPI;
	return (decode_ipproto(h[0]));
}

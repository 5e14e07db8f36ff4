/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sctp.c: the ports of SCTP (RFC 9260) and DCCP (RFC 4340), whose headers begin alike.  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum { INIT_LEAST = 20 };

static enum step
ports(struct decoder *d, uint32_t size)
{
	const uint8_t *h = cur_bytes(&d->c, size);

	if (h == NULL)
		return (decode_cut_transport(d));
	d->p->sport = get16(h);
	d->p->dport = get16(h + 2);
	d->p->facts |= FACT_PORTS;
	return (STEP_END);
}

/* The first chunk says who opens an association. */
static enum step
chunk(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 4);
	struct packet *p = d->p;
	uint16_t length;

	if (p->payload < 4)
		return (STEP_END);
	if (h == NULL)
		return (decode_cut(d, LAYER_APP));
	length = get16(h + 2);
	if (length < ((h[0] == SCTP_INIT || h[0] == SCTP_INIT_ACK) ? INIT_LEAST : 4) || (length > p->payload && !d->part))
		return (STEP_END);
	p->sctp.chunk = h[0];
	p->facts |= FACT_SCTP;
	return (STEP_END);
}

enum step
decode_sctp(struct decoder *d)
{
	(void)ports(d, 12);
	if (d->p->cut_at != LAYER_NONE || (d->p->facts & FACT_PORTS) == 0)
		return (STEP_END);
	decode_payload(d, 12);
	return (chunk(d));
}

enum step
decode_dccp(struct decoder *d)
{
	struct cursor c = d->c;
	uint8_t words;

	cur_skip(&c, 4);
	words = cur_u8(&c); /* the header's whole length */
	if (!c.cut && words < 3)
		return (STEP_END);
	(void)ports(d, 12);
	if (d->p->cut_at == LAYER_NONE && (d->p->facts & FACT_PORTS) != 0)
		decode_payload(d, words * 4u);
	return (STEP_END);
}

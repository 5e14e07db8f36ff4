/* SPDX-License-Identifier: BSD-2-Clause
 *
 * udp.c: UDP (RFC 768) and UDP-Lite (RFC 3828).
 */
#include "probe/decode/decoders.h"

enum step
decode_udp(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 8);
	struct packet *p = d->p;
	enum step next;
	uint16_t length;

	if (h == NULL)
		return (decode_cut_transport(d));
	length = get16(h + 4);
	if (length < 8 && length != 0) /* 0: a jumbogram or segmentation offload */
		return (STEP_END);
	p->sport = get16(h);
	p->dport = get16(h + 2);
	p->facts |= FACT_PORTS;
	decode_payload(d, 8);
	next = decode_udpport(p->sport, p->dport);
	if (next != STEP_END || cur_left(&d->c) < 12)
		return (next);
	return (*d->c.p - 1u < 4 ? STEP_WG : *d->c.p >> 6 == 2 ? STEP_RTP : STEP_END);
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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * arp.c: ARP for IPv4 (RFC 826); for anything else the frame stays one of its MACs.  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum step
decode_arp(struct decoder *d)
{
	struct packet *p = d->p;
	const uint8_t *h, *spa, *tpa;
	struct cursor c = d->c;
	uint8_t hlen;

	if (d->level > 0)
		return (STEP_END);
	h = cur_bytes(&c, 8);
	if (h == NULL)
		return (decode_cut(d, LAYER_NET));
	hlen = h[4];
	if (get16(h + 2) != 0x0800 || h[5] != 4)
		return (decode_nonip(d, PROTO_ARP, 0));
	cur_skip(&c, hlen);
	spa = cur_bytes(&c, 4);
	cur_skip(&c, hlen);
	tpa = cur_bytes(&c, 4);
	if (c.cut) /* by the capture, or by a length that lies */
		return (decode_left(d) > cur_left(&d->c) ? decode_cut(d, LAYER_NET) :
		    decode_nonip(d, PROTO_ARP, 0));
	decode_nonip(d, PROTO_ARP, 0);
	p->src = ip_v4(spa);
	p->dst = ip_v4(tpa);
	p->af = 4;
	p->arp_op = h[6] == 0 ? h[7] : 0;
	p->facts &= ~(uint32_t)FACT_NOANSWER; /* a broadcast, but one that asks for an answer */
	return (STEP_END);
}

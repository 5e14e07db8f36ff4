/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ppp.c: PPP (RFC 1661, 1662) and PPPoE sessions (RFC 2516).  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

static enum step
ppp(struct decoder *d, uint16_t other, uint32_t aux)
{
	struct cursor c = d->c;
	uint16_t proto;
	enum step next;

	if (cur_left(&c) > 0 && *c.p == 0xff) /* address and control, if not compressed away */
		cur_skip(&c, 2);
	proto = cur_u8(&c);
	if ((proto & 1) == 0) /* not compressed to its odd byte */
		proto = (uint16_t)(proto << 8 | cur_u8(&c));
	if (c.cut)
		return (decode_cut(d, LAYER_LINK));
	d->c = c;
	next = decode_pppproto(proto);
	return (next != STEP_END ? next : decode_nonip(d, other, aux));
}

enum step
decode_ppp(struct decoder *d)
{
	return (ppp(d, PROTO_LINK, (uint32_t)d->dlt));
}

enum step
decode_pppoe(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 6);
	uint16_t length;
	enum step next;

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	length = get16(h + 4);
	if (h[0] != 0x11 || h[1] != 0)
		return (decode_nonip(d, 0x8864, 0));
	if (length < decode_left(d))
		decode_bound(d, 0, length);
	next = ppp(d, 0x8864, 0);
	if (next != STEP_END)
		decode_encap(d, ENCAP_PPPOE, get16(h + 2));
	return (next);
}

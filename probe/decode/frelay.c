/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frelay.c: frame relay, RFC 2427 (NLPID) and Cisco encapsulation.  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum { NLPID_SNAP = 0x80, NLPID_IP6 = 0x8e, NLPID_IP4 = 0xcc, UI = 3 };

static enum step
nlpid(struct decoder *d)
{
	uint8_t id = cur_u8(&d->c);

	if (id == 0) /* padding in front of it */
		id = cur_u8(&d->c);
	if (d->c.cut)
		return (decode_cut(d, LAYER_LINK));
	switch (id) {
	case NLPID_IP4:
		return (STEP_IP4);
	case NLPID_IP6:
		return (STEP_IP6);
	case NLPID_SNAP:
		if (cur_left(&d->c) < 5)
			return (decode_cut(d, LAYER_LINK));
		if (get16(d->c.p) != 0 || d->c.p[2] != 0)
			break;
		cur_skip(&d->c, 3);
		return (decode_typed(d, cur_u16(&d->c)));
	}
	return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
}

enum step
decode_frelay(struct decoder *d)
{
	uint8_t b = 0;

	for (int n = 0; n < 4; n++) { /* an address of 2 to 4 bytes; the last one is odd */
		b = cur_u8(&d->c);
		if ((b & 1) != 0)
			break;
	}
	if (cur_left(&d->c) < 2)
		return (decode_cut(d, LAYER_LINK));
	if ((b & 1) == 0)
		return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
	if (*d->c.p == UI) {
		cur_skip(&d->c, 1);
		return (nlpid(d));
	}
	return (decode_typed(d, cur_u16(&d->c)));
}

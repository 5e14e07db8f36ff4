/* SPDX-License-Identifier: BSD-2-Clause
 *
 * llc.c: IEEE 802.2 LLC, and SNAP behind it (RFC 1042).  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

/* Cut by the capture it may be anything, IP too; a frame that has no more is one of its MACs. */
static enum step
no_header(struct decoder *d, uint32_t saps)
{
	decode_cut(d, LAYER_LINK);
	return (d->p->cut_at != LAYER_NONE ? STEP_END : decode_nonip(d, PROTO_LLC, saps));
}

static enum step
snap(struct decoder *d)
{
	struct cursor c = d->c;
	uint8_t control = cur_u8(&c);
	uint32_t oui = (uint32_t)cur_u8(&c) << 16;
	uint16_t type;

	oui |= cur_u16(&c);
	type = cur_u16(&c);
	if (c.cut)
		return (no_header(d, 0xaaaa));
	/* 0x0000f8: bridge tunnel encapsulation, the same types (IEEE 802.1H) */
	if (control != 3 || (oui != 0 && oui != 0xf8) || type < 0x600)
		return (decode_nonip(d, PROTO_LLC, 0xaaaa));
	d->c = c;
	return (decode_typed(d, type));
}

enum step
decode_llc(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 2);

	if (h == NULL)
		return (no_header(d, 0));
	if (h[0] == 0xaa && (h[1] & 0xfe) == 0xaa)
		return (snap(d));
	return (decode_nonip(d, PROTO_LLC, (uint32_t)h[0] << 8 | (h[1] & 0xfe)));
}

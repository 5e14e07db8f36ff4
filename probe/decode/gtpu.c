/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gtpu.c: GTP-U version 1 (3GPP TS 29.281): a tunnel's packet, perhaps behind extension headers.  What the packet is is
 * not said; the other messages are the flow's of the tunnel itself.  Tested by test_tunnels.c.
 */
#include "probe/decode/decoders.h"

enum { EXTENSION = 4, MORE = 7, G_PDU = 255, HEADERS = 16 };

/* The optional part: sequence number, N-PDU number, and a chain of headers of n words.  false: it lies. */
static bool
skip_options(struct cursor *c, uint8_t flags)
{
	uint8_t next;

	cur_skip(c, 3);
	next = cur_u8(c);
	if ((flags & EXTENSION) == 0)
		return (true);
	for (int n = 0; n < HEADERS && next != 0 && !c->cut; n++) {
		uint8_t words = cur_u8(c);

		if (words == 0)
			return (c->cut);
		cur_skip(c, words * 4u - 2);
		next = cur_u8(c);
	}
	return (next == 0 || c->cut);
}

enum step
decode_gtpu(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 8);
	enum step next;

	if (d->whole < 8)
		return (STEP_NOT);
	if (h == NULL)
		return (decode_cut(d, LAYER_TUNNEL));
	/* Version 1, not the protocol for charging, the spare bit 0 */
	if ((h[0] & 0xf8) != 0x30 || h[1] != G_PDU || get16(h + 2) + 8u > d->whole)
		return (STEP_NOT);
	if ((h[0] & MORE) != 0 && !skip_options(&d->c, h[0]))
		return (STEP_NOT);
	if (d->c.cut)
		return (decode_cut(d, LAYER_TUNNEL));
	next = decode_guess_ip(d);
	if (next == STEP_NOT)
		return (STEP_NOT);
	if (next == STEP_END)
		return (decode_cut(d, LAYER_NET));
	return (decode_enter(d, ENCAP_GTPU, get32(h + 4)) ? next : STEP_END);
}

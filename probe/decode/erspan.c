/* SPDX-License-Identifier: BSD-2-Clause
 *
 * erspan.c: mirrored frames behind GRE, types II and III (draft-foschiano-erspan).  Tested by test_tunnels.c.
 */
#include "probe/decode/decoders.h"

enum { TYPE_II = 1, TYPE_III = 2 };
enum { ETHERNET = 0, IP = 2 };

/* Type III says what kind of frame it is, and whether the platform has added eight bytes. */
static uint32_t
rest_of_three(struct cursor *c)
{
	uint32_t word = cur_u32(c);

	if ((word & 1) != 0)
		cur_skip(c, 8);
	return (word >> 10 & 31);
}

enum step
decode_erspan(struct decoder *d)
{
	uint32_t word = cur_u32(&d->c), version = word >> 28, session = word & 0x3ff, frame = ETHERNET;
	enum step next = STEP_ETH;

	cur_skip(&d->c, 4); /* II: index; III: time stamp */
	if (version == TYPE_III)
		frame = rest_of_three(&d->c);
	if (d->c.cut)
		return (decode_cut(d, LAYER_TUNNEL));
	if ((version != TYPE_II && version != TYPE_III) || (frame != ETHERNET && frame != IP))
		return (STEP_END);
	if (frame == IP)
		next = decode_guess_ip(d);
	if (next == STEP_END)
		return (decode_cut(d, LAYER_NET));
	decode_encap(d, ENCAP_ERSPAN, session);
	return (next);
}

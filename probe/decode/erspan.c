/* SPDX-License-Identifier: BSD-2-Clause
 *
 * erspan.c: mirrored frames behind GRE, types II and III (draft-foschiano-erspan).
 */
#include "probe/decode/decoders.h"

enum { TYPE_II = 1, TYPE_III = 2 };

enum step
decode_erspan(struct decoder *d)
{
	uint32_t word = cur_u32(&d->c), version = word >> 28, session = word & 0x3ff;

	cur_skip(&d->c, 4); /* II: index; III: time stamp */
	if (version == TYPE_III) {
		uint32_t last = cur_u32(&d->c);

		if ((last >> 10 & 31) != 0) /* not an Ethernet frame */
			return (STEP_END);
		if ((last & 1) != 0) /* platform specific subheader */
			cur_skip(&d->c, 8);
	} else if (version != TYPE_II) {
		return (STEP_END);
	}
	if (d->c.cut)
		return (decode_cut(d, LAYER_TUNNEL));
	decode_encap(d, ENCAP_ERSPAN, session);
	return (STEP_ETH);
}

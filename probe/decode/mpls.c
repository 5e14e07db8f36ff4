/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mpls.c: a stack of labels (RFC 3032).  What is below is not said; a first nibble of 4 or 6 is IP,
 * anything else (a pseudowire) is not guessed at.
 */
#include "probe/decode/decoders.h"

enum { LABELS = 32 };

enum step
decode_mpls(struct decoder *d)
{
	uint32_t word = cur_u32(&d->c), top = word >> 12;
	enum step next;

	for (int n = 1; (word & 0x100) == 0 && n < LABELS && !d->c.cut; n++)
		word = cur_u32(&d->c);
	if (d->c.cut || cur_left(&d->c) == 0)
		return (decode_cut(d, LAYER_LINK));
	if (d->level == 0 && d->p->mpls == UINT32_MAX)
		d->p->mpls = top;
	next = (word & 0x100) != 0 ? decode_nibble(d) : STEP_END;
	if (next == STEP_END)
		return (decode_nonip(d, 0x8847, 0));
	decode_encap(d, ENCAP_MPLS, top);
	return (next);
}

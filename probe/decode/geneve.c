/* SPDX-License-Identifier: BSD-2-Clause
 *
 * geneve.c: Geneve (RFC 8926).  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum step
decode_geneve(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 8);
	enum step next;
	uint32_t vni;

	if (h == NULL)
		return (decode_cut(d, LAYER_TUNNEL));
	cur_skip(&d->c, (h[0] & 63) * 4u);
	if (d->c.cut)
		return (decode_cut(d, LAYER_TUNNEL));
	vni = get32(h + 4) >> 8;
	next = decode_greproto(get16(h + 2));
	if (h[0] >> 6 != 0 || next == STEP_END || next == STEP_ERSPAN || next == STEP_GRECMD)
		return (STEP_NOT);
	if (!decode_enter(d, ENCAP_GENEVE, vni))
		return (STEP_END);
	d->unsure = true;
	d->vrf = d->keyed_vrf = vni;
	return (next);
}

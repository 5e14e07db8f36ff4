/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vxlan.c: VXLAN (RFC 7348).
 */
#include "probe/decode/decoders.h"

enum step
decode_vxlan(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 8);
	uint32_t vni;

	if (h == NULL)
		return (decode_cut(d, LAYER_TUNNEL));
	vni = get32(h + 4) >> 8;
	if ((h[0] & 0x08) == 0 || !decode_enter(d, ENCAP_VXLAN, vni))
		return (STEP_END);
	d->vrf = vni;
	return (STEP_ETH);
}

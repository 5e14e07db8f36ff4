/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vxlan.c: VXLAN (RFC 7348) and its generic form, which says what is inside (draft-ietf-nvo3-vxlan-gpe).  Tested by
 * test_decode.c.
 */
#include "probe/decode/decoders.h"

enum { VALID_VNI = 0x08, NEXT_PROTOCOL = 0x04 };

static enum step
inside(const uint8_t *h)
{
	static const enum step next[] = { STEP_END, STEP_IP4, STEP_IP6,
					  STEP_ETH, STEP_END, STEP_MPLS };

	if ((h[0] & NEXT_PROTOCOL) == 0)
		return (STEP_ETH);
	return (h[3] < sizeof(next) / sizeof(next[0]) ? next[h[3]] : STEP_END);
}

enum step
decode_vxlan(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 8);
	enum step next;
	uint32_t vni;

	if (h == NULL)
		return (decode_cut(d, LAYER_TUNNEL));
	vni = get32(h + 4) >> 8;
	next = inside(h);
	if ((h[0] & VALID_VNI) == 0 || next == STEP_END)
		return (STEP_NOT);
	if (!decode_enter(d, ENCAP_VXLAN, vni))
		return (STEP_END);
	d->unsure = true;
	d->vrf = d->keyed_vrf = vni;
	return (next);
}

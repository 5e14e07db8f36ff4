/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vlan.c: tags of IEEE 802.1Q and 802.1ad, any number of them.  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum step
decode_vlan(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 4);
	struct packet *p = d->p;
	uint16_t id, type;

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	id = get16(h) & 0xfff;
	type = get16(h + 2);
	decode_encap(d, ENCAP_VLAN, id);
	if (d->level == 0) {
		if (p->vlan == 0xffff)
			p->vlan = id;
		else if (p->ivlan == 0xffff)
			p->ivlan = id;
	}
	return (decode_tagged(d, type));
}

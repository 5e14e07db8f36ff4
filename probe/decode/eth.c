/* SPDX-License-Identifier: BSD-2-Clause
 *
 * eth.c: Ethernet II and IEEE 802.3.  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum step
decode_eth(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 14);
	uint16_t type;

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	if (d->level == 0 && (d->p->facts & FACT_MAC) == 0) {
		d->p->dmac = get48(h);
		d->p->smac = get48(h + 6);
		d->p->facts |= FACT_MAC;
	}
	type = get16(h + 12);
	if (type == 0x0800)
		return (STEP_IP4);
	return (decode_tagged(d, type));
}

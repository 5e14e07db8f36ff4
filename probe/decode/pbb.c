/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pbb.c: provider backbone bridging (IEEE 802.1ah): a service, then the customer's whole frame.  Tested by
 * test_tunnels.c.
 */
#include "probe/decode/decoders.h"

enum step
decode_pbb(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 4);

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	decode_encap(d, ENCAP_PBB, get32(h) & 0xffffff);
	return (STEP_ETH);
}

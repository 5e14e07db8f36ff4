/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fabricpath.c: FabricPath: the addresses in front are those of switches; a tree and a hop count, then the host's
 * whole frame.  Tested by test_tunnels.c.
 */
#include "probe/decode/decoders.h"

enum step
decode_fabricpath(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 2);

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	decode_encap(d, ENCAP_FABRICPATH, ENCAP_NOID);
	return (STEP_ETH);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vntag.c: VN-Tag, between a switch and its fabric extenders: which virtual interfaces, then the frame's type.  Tested
 * by test_tunnels.c.
 */
#include "probe/decode/decoders.h"

enum step
decode_vntag(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 6);

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	decode_encap(d, ENCAP_VNTAG, ENCAP_NOID);
	return (decode_tagged(d, get16(h + 4)));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hdlc.c: Cisco HDLC (address, control, ethertype).  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum step
decode_hdlc(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 4);

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	return (decode_typed(d, get16(h + 2)));
}

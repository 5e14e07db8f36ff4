/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nflog.c: packets logged by Linux netfilter: a family and a list of attributes, one of them the packet.  Tested by
 * test_decode.c.
 */
#include "probe/decode/decoders.h"

enum { NFLOG_PAYLOAD = 9, ATTRIBUTES = 32, AF_IP4 = 2, AF_IP6 = 10 };

enum step
decode_nflog(struct decoder *d)
{
	uint8_t family = cur_u8(&d->c), version = cur_u8(&d->c);

	cur_skip(&d->c, 2);
	if (!d->c.cut && version != 0)
		return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
	for (int n = 0; n < ATTRIBUTES && !d->c.cut; n++) {
		uint16_t length =
		    cur_u16le(&d->c); /* in the byte order of the host: nearly all are little */
		uint16_t type = cur_u16le(&d->c);

		if (d->c.cut || length < 4)
			break;
		if (type == NFLOG_PAYLOAD) {
			decode_bound(d, 0, length - 4u);
			if (family == AF_IP4)
				return (STEP_IP4);
			if (family == AF_IP6)
				return (STEP_IP6);
			break;
		}
		cur_skip(&d->c, ((size_t)length + 3) / 4 * 4 - 4);
	}
	if (d->c.cut)
		return (decode_cut(d, LAYER_LINK));
	return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
}

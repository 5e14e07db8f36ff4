/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sll.c: the "cooked" headers of Linux, versions 1 and 2.  Tested by test_decode.c.
 *
 * They hold the sender's address alone, so FACT_MAC is not stated; smac is still set, as it keeps
 * frames without IP apart.
 */
#include "probe/decode/decoders.h"

enum { ARPHRD_ETHER_ = 1, ARPHRD_LOOPBACK_ = 772, ARPHRD_NETLINK_ = 824, SLL_LLC = 4 };

static enum step
cooked(struct decoder *d, uint16_t hardware, unsigned alen, const uint8_t *address, uint16_t type)
{
	if ((hardware == ARPHRD_ETHER_ || hardware == ARPHRD_LOOPBACK_) && alen == 6)
		d->p->smac = get48(address);
	if (hardware == ARPHRD_NETLINK_)
		return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
	if (type == SLL_LLC)
		return (STEP_LLC);
	return (decode_typed(d, type));
}

enum step
decode_sll(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 16);

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	return (cooked(d, get16(h + 2), get16(h + 4), h + 6, get16(h + 14)));
}

enum step
decode_sll2(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 20);

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	return (cooked(d, get16(h + 8), h[11], h + 12, get16(h)));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * null.c: BSD loopback (an address family in front) and raw IP (nothing in front).  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

static enum step
family(struct decoder *d, uint32_t af)
{
	switch (af) {
	case 2:
		return (STEP_IP4);
	case 10: /* AF_INET6 of Linux, OpenBSD and NetBSD, FreeBSD, macOS */
	case 24:
	case 28:
	case 30:
		return (STEP_IP6);
	default:
		return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
	}
}

enum step
decode_null(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 4);
	uint32_t af;

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	af = get32(h); /* in the byte order of the host that captured */
	return (family(d, af > 0xffff ? __builtin_bswap32(af) : af));
}

enum step
decode_loop(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 4);

	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	return (family(d, get32(h)));
}

/* The link type says that it is IP; the nibble only says which. */
enum step
decode_raw(struct decoder *d)
{
	if (cur_left(&d->c) == 0)
		return (STEP_IP4); /* which finds that nothing is there */
	switch (*d->c.p >> 4) {
	case 4:
		return (STEP_IP4);
	case 6:
		return (STEP_IP6);
	default:
		return (decode_bad(d));
	}
}

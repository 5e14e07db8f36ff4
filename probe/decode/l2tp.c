/* SPDX-License-Identifier: BSD-2-Clause
 *
 * l2tp.c: data of L2TP version 2 (RFC 2661), where PPP is inside, and version 3 (RFC 3931), in UDP or alone in IP, where
 * both ends agreed on what is inside and how long a cookie is: that is found by what fits.  Control messages are the flow's
 * of the tunnel itself.  Tested by test_tunnels.c.
 */
#include "probe/decode/decoders.h"

enum { CONTROL = 0x8000, LENGTH = 0x4000, SEQUENCE = 0x0800, OFFSET = 0x0200, RESERVED = 0x34f0, VERSION_BITS = 0x000f };
enum { COOKIE_MOST = 8, SUBLAYER = 4 };

/* PPP may have come behind its protocol's number, with or without address and control. */
static enum step
version2(struct decoder *d, uint16_t flags)
{
	struct cursor *c = &d->c;
	uint16_t length = (flags & LENGTH) != 0 ? cur_u16(c) : 0, tunnel = cur_u16(c), session = cur_u16(c);

	if ((flags & SEQUENCE) != 0)
		cur_skip(c, 4);
	if ((flags & OFFSET) != 0)
		cur_skip(c, cur_u16(c));
	if (c->cut)
		return (decode_cut(d, LAYER_TUNNEL));
	if ((flags & RESERVED) != 0 || tunnel == 0 || session == 0 ||
	    ((flags & LENGTH) != 0 && (length > d->whole || length < 6)))
		return (STEP_NOT);
	if (!decode_enter(d, ENCAP_L2TP, session))
		return (STEP_END);
	d->unsure = true;
	return (STEP_PPP);
}

/* Behind the session: a cookie of 0, 4 or 8 bytes, and perhaps a sublayer of 4. */
static enum step
version3(struct decoder *d, uint32_t session)
{
	static enum step (*const guess[])(const struct decoder *, size_t) = { decode_guess_frame, decode_guess_ppp };

	for (size_t i = 0; i < sizeof(guess) / sizeof(guess[0]); i++)
		for (size_t skip = 0; skip <= COOKIE_MOST + SUBLAYER; skip += 4) {
			enum step next = guess[i](d, skip);

			if (next == STEP_NOT)
				continue;
			if (next == STEP_END)
				return (decode_cut(d, LAYER_TUNNEL));
			if (!decode_enter(d, ENCAP_L2TP, session))
				return (STEP_END);
			cur_skip(&d->c, skip);
			return (next);
		}
	return (STEP_NOT);
}

enum step
decode_l2tp(struct decoder *d)
{
	uint16_t flags = cur_u16(&d->c);
	uint32_t session;

	if (d->c.cut)
		return (decode_cut(d, LAYER_TUNNEL));
	if ((flags & CONTROL) != 0)
		return (STEP_NOT);
	if ((flags & VERSION_BITS) == 2)
		return (version2(d, flags));
	if (flags != 3 || cur_u16(&d->c) != 0)
		return (STEP_NOT);
	session = cur_u32(&d->c);
	if (d->c.cut)
		return (decode_cut(d, LAYER_TUNNEL));
	return (session != 0 ? version3(d, session) : STEP_NOT);
}

enum step
decode_l2tpip(struct decoder *d)
{
	uint32_t session = cur_u32(&d->c);

	if (d->c.cut)
		return (decode_cut(d, LAYER_TUNNEL));
	return (session != 0 ? version3(d, session) : STEP_END); /* 0: a control message */
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * teredo.c: Teredo (RFC 4380): IPv6 in UDP, perhaps behind an authentication and what the server saw of the client.
 * Tested by test_tunnels.c.
 */
#include "probe/decode/decoders.h"

enum { ORIGIN = 0, AUTHENTICATION = 1 };

static void
skip_indications(struct cursor *c)
{
	struct cursor at = *c;

	if (cur_u16(&at) == AUTHENTICATION && !at.cut) {
		size_t id = cur_u8(&at), value = cur_u8(&at);

		cur_skip(&at, id + value + 9); /* and a nonce, and a byte */
		*c = at;
	}
	at = *c;
	if (cur_u16(&at) == ORIGIN && !at.cut) {
		cur_skip(&at, 6); /* port and address */
		*c = at;
	}
}

/* One end has an address of Teredo's, or looks for a router to get one. */
static bool
is_one_of_its(const uint8_t *h)
{
	const uint32_t prefix = 0x20010000;

	return (get32(h + 8) == prefix || get32(h + 24) == prefix || (get16(h + 8) & 0xffc0) == 0xfe80);
}

enum step
decode_teredo(struct decoder *d)
{
	enum step next;

	skip_indications(&d->c);
	if (d->c.cut)
		return (decode_cut(d, LAYER_TUNNEL));
	next = decode_guess_ip(d);
	if (next == STEP_END)
		return (decode_cut(d, LAYER_NET));
	if (next != STEP_IP6 || !is_one_of_its(d->c.p))
		return (STEP_NOT);
	return (decode_enter(d, ENCAP_TEREDO, ENCAP_NOID) ? STEP_IP6 : STEP_END);
}

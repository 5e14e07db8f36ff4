/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd.c: Cisco metadata (draft-smith-kandula-sxp): a security group beside the frame, before its type; in GRE behind
 * its type.  Tested by test_tunnels.c.
 */
#include "probe/decode/decoders.h"

enum { CMD_VERSION = 1 };

/* The options: words of a type and a value. */
static bool
options(struct cursor *c)
{
	uint8_t version = cur_u8(c), words = cur_u8(c);

	cur_skip(c, words * 4u);
	return (c->cut || (version == CMD_VERSION && words > 0));
}

enum step
decode_cmd(struct decoder *d)
{
	bool known = options(&d->c);
	uint16_t type = cur_u16(&d->c);

	if (d->c.cut)
		return (decode_cut(d, LAYER_LINK));
	if (!known)
		return (decode_nonip(d, 0x8909, 0));
	decode_encap(d, ENCAP_CMD, ENCAP_NOID);
	return (decode_tagged(d, type));
}

enum step
decode_grecmd(struct decoder *d)
{
	uint16_t type = cur_u16(&d->c);
	bool known = options(&d->c);

	if (d->c.cut)
		return (decode_cut(d, LAYER_TUNNEL));
	if (!known)
		return (STEP_END);
	decode_encap(d, ENCAP_CMD, ENCAP_NOID);
	return (decode_typed(d, type));
}

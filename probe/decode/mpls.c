/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mpls.c: a stack of labels (RFC 3032).  What is below is not said: IP, if its header fits; Ethernet of a
 * pseudowire, behind a control word (RFC 4385) or without one (RFC 4448); else the labels are the flow.  Tested by
 * test_tunnels.c.
 */
#include "probe/decode/decoders.h"

enum { LABELS = 32, BOTTOM = 0x100, CONTROL_WORD = 4, TYPE = 0x8847 };

static enum step
below(struct decoder *d)
{
	enum step ip, eth;

	if (cur_left(&d->c) == 0)
		return (STEP_NOT);
	ip = decode_guess_ip(d);
	/* What fits IPv6 has no checksum to show for it: Ethernet around IP that has one is surer. */
	if (ip == STEP_IP6) {
		eth = decode_guess_eth(d, 0, true);
		return (eth != STEP_NOT ? eth : STEP_IP6);
	}
	if (ip != STEP_NOT)
		return (ip);
	if (*d->c.p >> 4 == 0) {
		eth = decode_guess_eth(d, CONTROL_WORD, false);
		if (eth == STEP_ETH)
			cur_skip(&d->c, CONTROL_WORD);
		if (eth != STEP_NOT)
			return (eth);
	}
	return (decode_guess_eth(d, 0, false)); /* an address may begin with any nibble */
}

/* The stack and what is below it: its decoder, STEP_NOT, or STEP_END if it was cut. */
static enum step
labels(struct decoder *d, uint32_t *top)
{
	uint32_t word = cur_u32(&d->c);
	enum step next = STEP_NOT;

	*top = word >> 12;
	if (d->c.cut)
		return (decode_cut(d, LAYER_LINK));
	for (int n = 1; (word & BOTTOM) == 0 && n < LABELS && !d->c.cut; n++)
		word = cur_u32(&d->c);
	if (d->level == 0 && d->p->mpls == UINT32_MAX)
		d->p->mpls = *top;
	if ((d->c.cut || cur_left(&d->c) == 0) && cur_left(&d->c) < decode_left(d))
		return (decode_cut(d, LAYER_LINK));
	if (!d->c.cut && (word & BOTTOM) != 0)
		next = below(d);
	return (next != STEP_END ? next : decode_cut(d, LAYER_NET));
}

static void
note(struct decoder *d, uint32_t top, enum step next)
{
	decode_encap(d, ENCAP_MPLS, top);
	if (next == STEP_ETH)
		decode_encap(d, ENCAP_PW, ENCAP_NOID);
}

enum step
decode_mpls(struct decoder *d)
{
	uint32_t top;
	enum step next = labels(d, &top);

	if (next == STEP_NOT)
		return (decode_nonip(d, TYPE, 0));
	if (next != STEP_END)
		note(d, top, next);
	return (next);
}

/* MPLS in UDP (RFC 7510) */
enum step
decode_mplsudp(struct decoder *d)
{
	uint32_t top;
	enum step next = labels(d, &top);

	if (next <= STEP_END)
		return (next);
	if (!decode_enter(d, ENCAP_UDP, ENCAP_NOID))
		return (STEP_END);
	note(d, top, next);
	return (next);
}

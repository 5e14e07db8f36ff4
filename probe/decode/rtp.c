/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtp.c: what looks like the header of RTP (RFC 3550 5.1).  It has no port and no mark of its own, so
 * that it is RTP is known only when the numbers of several packets follow each other.  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum { RTP_VERSION = 2, RTCP_FIRST = 72, RTCP_LAST = 76 }; /* SR, RR, SDES, BYE, APP without the marker bit */

enum step
decode_rtp(struct decoder *d)
{
	struct packet *p = d->p;
	struct cursor c = d->c;
	uint8_t first = cur_u8(&c), pt = cur_u8(&c) & 0x7f;
	uint16_t seq = cur_u16(&c);
	uint32_t ts = cur_u32(&c), ssrc = cur_u32(&c);

	if (c.cut || first >> 6 != RTP_VERSION || (pt >= RTCP_FIRST && pt <= RTCP_LAST) ||
	    d->whole < 12 + 4u * (first & 15))
		return (STEP_NOT);
	p->rtp.pt = pt;
	p->rtp.seq = seq;
	p->rtp.ts = ts;
	p->rtp.ssrc = ssrc;
	p->facts |= FACT_RTP;
	return (STEP_END);
}

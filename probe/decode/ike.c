/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ike.c: the clear header of ISAKMP and IKEv2 (RFC 2408, 7296).
 */
#include "probe/decode/decoders.h"

enum step
decode_ike(struct decoder *d)
{
	struct packet *p = d->p;
	struct cursor c = d->c;
	uint64_t ispi = cur_u64(&c), rspi = cur_u64(&c);
	uint8_t version, exchange, flags;
	uint32_t msgid;

	cur_skip(&c, 1);
	version = cur_u8(&c);
	exchange = cur_u8(&c);
	flags = cur_u8(&c);
	msgid = cur_u32(&c);
	cur_skip(&c, 4);
	if (c.cut)
		return (decode_cut(d, LAYER_APP));
	if (version >> 4 != 1 && version >> 4 != 2)
		return (STEP_END);
	p->ike.ispi = ispi;
	p->ike.rspi = rspi;
	p->ike.version = version;
	p->ike.exchange = exchange;
	p->ike.flags = flags;
	p->ike.msgid = msgid;
	p->facts |= FACT_IKE;
	return (STEP_END);
}

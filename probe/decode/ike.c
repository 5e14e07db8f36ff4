/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ike.c: the clear header of ISAKMP and IKEv2 (RFC 2408, 7296), on any port: bare, or behind the four zero bytes that
 * tell it from ESP in UDP (RFC 3948).  Tested by test_content.c.
 */
#include "probe/decode/decoders.h"

enum { MARKER = 4, V1 = 0x10, V2 = 0x20 };

static bool
right_exchange(uint8_t version, uint8_t exchange)
{
	if (version == V1) /* of ISAKMP; of its use for IPsec: quick, new group */
		return ((exchange >= 1 && exchange <= 6) || exchange == 32 || exchange == 33);
	return (version == V2 && exchange >= 34 && exchange <= 44);
}

/* The header at c, of a message of n bytes. */
static bool
header(struct packet *p, struct cursor c, uint32_t n, bool marker)
{
	uint64_t ispi = cur_u64(&c), rspi = cur_u64(&c);
	uint8_t version, exchange, flags;
	uint32_t msgid;

	cur_skip(&c, 1);
	version = cur_u8(&c);
	exchange = cur_u8(&c);
	flags = cur_u8(&c);
	msgid = cur_u32(&c);
	if (cur_u32(&c) != n || c.cut || ispi == 0 || !right_exchange(version, exchange))
		return (false);
	p->ike.ispi = ispi;
	p->ike.rspi = rspi;
	p->ike.version = version;
	p->ike.exchange = exchange;
	p->ike.flags = flags;
	p->ike.msgid = msgid;
	p->ike.marker = marker;
	p->facts |= FACT_IKE;
	return (true);
}

enum step
decode_ike(struct decoder *d)
{
	struct cursor c = d->c;

	if (cur_u32(&c) == 0 && !c.cut && header(d->p, c, d->whole - MARKER, true))
		return (STEP_END);
	return (header(d->p, d->c, d->whole, false) ? STEP_END : STEP_NOT);
}

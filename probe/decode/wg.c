/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wg.c: WireGuard messages, known by their type, three zero bytes and their lengths.
 */
#include "probe/decode/decoders.h"

enum { INITIATION = 1, RESPONSE = 2, COOKIE = 3, DATA = 4 };

static bool
right_length(uint8_t type, uint32_t n)
{
	switch (type) {
	case INITIATION:
		return (n == 148);
	case RESPONSE:
		return (n == 92);
	case COOKIE:
		return (n == 64);
	default:
		return (type == DATA && n >= 32 && n % 16 == 0);
	}
}

enum step
decode_wg(struct decoder *d)
{
	struct packet *p = d->p;
	struct cursor c = d->c;
	uint32_t type = cur_u32le(&c), first = cur_u32le(&c);
	struct cursor at8 = c;
	uint32_t second = cur_u32le(&c);
	uint64_t counter = cur_u64le(&at8);

	if (c.cut || at8.cut || type > DATA || d->part || !right_length((uint8_t)type, p->payload))
		return (STEP_END);
	p->wg.type = (uint8_t)type;
	if (type == INITIATION || type == RESPONSE)
		p->wg.sender = first;
	else
		p->wg.receiver = first;
	if (type == RESPONSE)
		p->wg.receiver = second;
	if (type == DATA)
		p->wg.counter = counter;
	p->facts |= FACT_WG;
	return (STEP_END);
}

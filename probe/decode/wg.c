/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wg.c: WireGuard messages, known by their type, three zero bytes and their lengths.
 *
 * Some put an id into the three bytes that should be zero.  A lone message does not show that: it is noted, and who
 * has seen the handshake may believe it.
 */
#include "probe/decode/decoders.h"

enum { INITIATION = 1, RESPONSE = 2, COOKIE = 3, DATA = 4 };

#define COUNTER_MOST (1ull << 48) /* no key lives for so many messages */

struct message {
	uint32_t type, reserved, first, second;
	uint64_t counter;
};

static bool
right_length(uint32_t type, uint32_t n)
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

/* The message at hand, if it is like one. */
static bool
read_message(const struct decoder *d, struct message *m)
{
	struct cursor c = d->c, at8;
	uint32_t word = cur_u32le(&c);

	m->type = word & 255;
	m->reserved = word >> 8;
	m->first = cur_u32le(&c);
	at8 = c;
	m->second = cur_u32le(&c);
	m->counter = cur_u64le(&at8);
	return (!at8.cut && right_length(m->type, d->whole) && (m->type != DATA || m->counter < COUNTER_MOST));
}

static void
state(struct packet *p, const struct message *m)
{
	p->wg.type = (uint8_t)m->type;
	p->wg.reserved = m->reserved;
	if (m->type == INITIATION || m->type == RESPONSE)
		p->wg.sender = m->first;
	else
		p->wg.receiver = m->first;
	if (m->type == RESPONSE)
		p->wg.receiver = m->second;
	if (m->type == DATA)
		p->wg.counter = m->counter;
}

enum step
decode_wg(struct decoder *d)
{
	struct message m;

	if (!read_message(d, &m) || m.reserved != 0)
		return (STEP_NOT);
	state(d->p, &m);
	d->p->facts |= FACT_WG;
	return (STEP_END);
}

/* When it is nothing else. */
enum step
decode_wglike(struct decoder *d)
{
	struct message m;

	if (!read_message(d, &m))
		return (STEP_NOT);
	state(d->p, &m);
	d->p->facts |= FACT_WGLIKE;
	return (STEP_END);
}

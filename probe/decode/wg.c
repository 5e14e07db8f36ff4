/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wg.c: WireGuard messages, known by their type, three zero bytes and their lengths.  Tested by test_content.c.
 *
 * Some put an id into the three bytes that should be zero.  A lone message does not show that: it is noted, and who
 * has seen the handshake may believe it.
 */
#include "probe/decode/decoders.h"

#include <string.h>

enum { INITIATION = 1, RESPONSE = 2, COOKIE = 3, DATA = 4 };
enum { LEAST = 32 }; /* of data, half of it in front of what is encrypted */

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
		return (type == DATA && n >= LEAST && n % 16 == 0);
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

/* A card or a kernel that cuts up what is sent, or joins what came, shows many messages as one datagram: all of one
 * length but the last, with the same receiver, their counters one after the other.  How many, as far as was captured;
 * where two of them are seen the length says the rest. */
static uint32_t
messages(const struct decoder *d, const struct message *m)
{
	const uint8_t *first = d->c.p;
	size_t there = cur_left(&d->c);

	for (size_t size = LEAST; size + LEAST / 2 <= there && size + LEAST <= d->whole; size += 16) {
		uint64_t counter = m->counter;
		size_t at = size;

		if (memcmp(first + at, first, 8) != 0 || (d->whole % size != 0 && d->whole % size < LEAST))
			continue;
		while (at + LEAST / 2 <= there && memcmp(first + at, first, 8) == 0) {
			struct cursor c = cur_new(first + at + 8, 8);

			if (cur_u64le(&c) != ++counter)
				break;
			at += size;
		}
		if (at > size && (at + LEAST / 2 > there || at >= d->whole))
			return ((uint32_t)((d->whole + size - 1) / size));
	}
	return (1);
}

static void
state(struct decoder *d, const struct message *m)
{
	struct packet *p = d->p;

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
	p->wg.messages = m->type == DATA ? (uint16_t)messages(d, m) : 1;
}

enum step
decode_wg(struct decoder *d)
{
	struct message m;

	if (!read_message(d, &m) || m.reserved != 0)
		return (STEP_NOT);
	state(d, &m);
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
	state(d, &m);
	d->p->facts |= FACT_WGLIKE;
	return (STEP_END);
}

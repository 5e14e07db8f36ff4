/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dns.c: headers of DNS messages and their first question (RFC 1035); in TCP each behind its length (4.2.2).  Tested by
 * test_decode.c.
 */
#include "format/base/hash.h"
#include "probe/decode/decoders.h"

enum { NAME = 255, HEADER = 12, LENGTH = 2, WALK = 64 };
enum { UPDATE = 5 }; /* the last opcode but one, which is for use without a server */

/* The hash of a question's name; a question is the first name in the message, so nothing in it is
 * compressed.  Case does not count.  Sets c->cut if the name is not whole or no name. */
static uint32_t
name_hash(struct cursor *c)
{
	uint8_t name[NAME];
	size_t n = 0;

	for (;;) {
		uint8_t length = cur_u8(c);
		const uint8_t *label;

		if (length == 0 || c->cut)
			break;
		label = cur_bytes(c, length);
		if (label == NULL || length > 63 || n + length + 1 > sizeof(name)) {
			c->cut = true;
			return (0);
		}
		name[n++] = length;
		for (uint8_t i = 0; i < length; i++)
			name[n++] =
			    (uint8_t)(label[i] - 'A' < 26 && label[i] >= 'A' ? label[i] | 0x20
									     : label[i]);
	}
	return ((uint32_t)hash64(name, n, 0));
}

/* IN, CH, HS, none, any: the classes that there are. */
static bool
is_class(uint16_t c)
{
	return (c == 1 || c == 3 || c == 4 || c == 254 || c == 255);
}

/* The message at c, which ends there at the latest; false: its header is not whole. */
static bool
message(struct cursor c, uint32_t at, struct dns_message *m)
{
	const uint8_t *h = cur_bytes(&c, HEADER);
	uint32_t hash;
	uint16_t type, class;

	if (h == NULL)
		return (false);
	memset(m, 0, sizeof(*m));
	m->at = at;
	m->id = get16(h);
	m->flags = get16(h + 2);
	if (get16(h + 4) == 0)
		return (true);
	hash = name_hash(&c);
	type = cur_u16(&c);
	class = cur_u16(&c);
	if (c.cut)
		return (true);
	m->qhash = hash;
	m->qtype = type;
	m->asked = 1;
	m->sure = get16(h + 4) == 1 && (m->flags >> 11 & 15) < 7 && (m->flags & 0x40) == 0 && is_class(class);
	return (true);
}

/* Counts that fit into n bytes: a question has 5 at least, a record 11. */
static bool
counts_fit(const uint8_t *h, uint32_t n)
{
	uint32_t records = (uint32_t)get16(h + 6) + get16(h + 8) + get16(h + 10);

	return (HEADER + 5u * get16(h + 4) + 11 * records <= n);
}

/* A port does not make a message: what can not be one, or can not be read up to its question, is none. */
enum step
decode_dns(struct decoder *d)
{
	struct packet *p = d->p;
	const uint8_t *h = d->c.p;
	struct dns_message *m = &p->dns[0];

	if (d->whole < HEADER)
		return (STEP_NOT);
	if (!message(d->c, 0, m))
		return (decode_cut(d, LAYER_APP));
	if ((m->flags >> 11 & 15) > UPDATE || !counts_fit(h, d->whole))
		return (STEP_NOT);
	if (get16(h + 4) > 0 && !m->asked)
		return (cur_left(&d->c) < d->whole ? decode_cut(d, LAYER_APP) : STEP_NOT);
	p->ndns = 1;
	p->facts |= FACT_DNS;
	return (STEP_END);
}

/* What this segment holds if a message begins it.  Only who has followed the stream knows whether one does. */
enum step
decode_dnstcp(struct decoder *d)
{
	struct packet *p = d->p;
	struct cursor all = d->c;
	uint32_t at = 0;

	p->ndns = 0;
	p->dns_next = 0;
	p->dns_split = 0;
	p->has_bare = 0;
	if (d->part) /* where its bytes end is not known */
		return (STEP_END);
	p->facts |= FACT_DNS;
	p->has_bare = message(all, 0, &p->dns_bare);
	for (int i = 0; i < WALK && at < p->payload; i++) {
		uint16_t length = cur_u16(&all);
		struct cursor body;

		if (all.cut || length < HEADER) { /* half a length, not captured, or no DNS */
			p->dns_next = 0;
			break;
		}
		body = cur_sub(&all, length);
		p->dns_split = at + LENGTH == p->payload;
		if (p->ndns < DNS_MESSAGES && message(body, at, &p->dns[p->ndns]))
			p->ndns++;
		at += LENGTH + length;
		p->dns_next = at;
		all.cut = false;
	}
	return (STEP_END);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dns.c: the header of a DNS message over UDP and its first question (RFC 1035).
 */
#include "format/base/hash.h"
#include "probe/decode/decoders.h"

enum { NAME = 255 };

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

enum step
decode_dns(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 12);
	struct packet *p = d->p;
	struct cursor c = d->c;
	uint32_t hash;
	uint16_t type;

	if (h == NULL)
		return (decode_cut(d, LAYER_APP));
	p->dns.id = get16(h);
	p->dns.flags = get16(h + 2);
	p->facts |= FACT_DNS;
	if (get16(h + 4) == 0)
		return (STEP_END);
	hash = name_hash(&c);
	type = cur_u16(&c);
	if (!c.cut) {
		p->dns.qhash = hash;
		p->dns.qtype = type;
	}
	return (STEP_END);
}

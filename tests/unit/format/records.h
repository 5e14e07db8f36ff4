/* SPDX-License-Identifier: BSD-2-Clause
 *
 * records.h: random records for the property tests of format/: every field, every state of presence.
 */
#ifndef TESTS_RECORDS_H
#define TESTS_RECORDS_H

#include "format/batch.h"

#include <stdlib.h>
#include <string.h>

static uint64_t records_seed = 88172645463325252ull;

static inline uint64_t
rnd(void) /* xorshift64 */
{
	records_seed ^= records_seed << 13;
	records_seed ^= records_seed >> 7;
	records_seed ^= records_seed << 17;
	return (records_seed);
}

static inline struct ip
random_ip(void)
{
	uint8_t v4[4] = { 10, (uint8_t)(rnd() % 3), 0, (uint8_t)(rnd() % 50) };
	struct ip ip = ip_v4(v4);

	if (rnd() % 3 == 0) {
		memset(&ip, 0, sizeof(ip));
		ip.b[0] = 0x20;
		ip.b[1] = 1;
		ip.b[15] = (uint8_t)(rnd() % 20);
	}
	return (ip);
}

/* Blobs in their type's canonical form: histograms of few buckets, letters, triples of varints. */
static inline struct blob
random_blob(enum type type, struct arena *a)
{
	static const char letters[] = "ShHaAdDfFrR";
	uint64_t count[HIST_BUCKETS] = { 0 };
	uint8_t text[12];
	uint32_t n = (uint32_t)(rnd() % sizeof(text));

	if (type == TYPE_HIST) {
		for (int i = 0; i < 3; i++)
			count[rnd() % HIST_BUCKETS] = rnd() % 1000 + 1;
		return (hist_pack(count, a));
	}
	if (type == TYPE_GAPS) {
		n = n / 3 * 3;
		for (uint32_t i = 0; i < n; i++)
			text[i] = (uint8_t)(i % 3 == 0 ? rnd() % 2 : rnd() % 128);
	} else {
		for (uint32_t i = 0; i < n; i++)
			text[i] = (uint8_t)letters[rnd() % (sizeof(letters) - 1)];
	}
	return ((struct blob){ arena_copy(a, text, n), n });
}

/* `shape`: how the values of one column lie */
static inline union value
random_value(enum field f, unsigned shape, uint32_t row, struct arena *a)
{
	union value v = { .u = 0 };

	switch (fields[f].store) {
	case STORE_IP:
		v.ip = random_ip();
		break;
	case STORE_BLOB:
		v.b = random_blob(fields[f].type, a);
		break;
	default:
		switch (shape % 6) {
		case 0: v.u = 7; break;
		case 1: v.u = rnd() % 4; break;
		case 2: v.u = rnd(); break;
		case 3: v.u = 1700000000000000000ull + row * 1000000ull + rnd() % 50 * 1000; break;
		case 4: v.u = rnd() % 50 == 0 ? rnd() % 100000 : 0; break;
		default: v.u = rnd() % (1ull << rnd() % 40); break;
		}
		break;
	}
	return (v);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rows.h: rows at random, for tests of what holds rows, and whether they came out as they were.
 */
#ifndef TESTS_UNIT_RA_TOOLS_QUERY_ROWS_H
#define TESTS_UNIT_RA_TOOLS_QUERY_ROWS_H

#include "format/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed;

static uint64_t
rnd(uint64_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return ((seed >> 33) % n);
}

/* One of a few addresses or texts, or this number. */
static void
set_value(struct flow *f, enum field field, bool ip6, uint64_t number)
{
	static const char *const words[] = { "", "a", "ab", "abcdefghi" };
	const uint8_t six[16] = { 0x20, 1, 0xd, 0xb8, [15] = (uint8_t)rnd(9) };
	const uint8_t four[4] = { 0, 0, 0, (uint8_t)rnd(9) };
	const char *w = words[rnd(4)];

	switch (fields[field].store) {
	case STORE_IP:
		f->v[field].ip = ip_v4(four);
		if (ip6)
			memcpy(f->v[field].ip.b, six, 16);
		break;
	case STORE_BLOB:
		f->v[field].b = (struct blob){ (const uint8_t *)w, (uint32_t)strlen(w) };
		break;
	default:
		f->v[field].u = number;
	}
	bit_set(f->present, field);
}

static void
same_row(const struct flow *want, const struct batch *b, uint32_t r)
{
	struct flow *got = malloc(sizeof(*got));

	batch_get(b, r, got);
	for (enum field f = 0; f < F_STORED; f++) {
		assert_int_equal(bit_get(got->present, f), bit_get(want->present, f));
		assert_int_equal(bit_get(got->mixed, f), bit_get(want->mixed, f));
		if (bit_get(want->present, f))
			assert_true(value_equal((enum store)fields[f].store, &got->v[f], &want->v[f]));
		else if (b->col[f] != NULL && fields[f].store != STORE_IP && fields[f].store != STORE_BLOB)
			assert_int_equal(b->col[f]->u[r], 0);
		if (b->col[f] != NULL && b->col[f]->zeros)
			assert_int_equal(b->col[f]->u[r], 0);
	}
	free(got);
}

#endif

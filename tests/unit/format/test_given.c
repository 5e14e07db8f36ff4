/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_given.c: sets of rows told by other ones come back, and wrong bytes do not.
 */
#include "format/given.h"

#include "records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ROWS_MOST 5000

static struct given_set
set_of(const uint64_t *bits, uint32_t rows)
{
	return ((struct given_set){ bits, (uint32_t)bits_count(bits, rows), 0 });
}

/* The example of pavo(5). */
static void
test_example(void **state)
{
	const uint8_t want[] = { 3, 2, 1, 0x0a, 1, 1, 8 };
	const uint64_t by[] = { 1 << 1 | 1 << 3 | 1 << 4 | 1 << 6 }, bits[] = { 1 << 3 | 1 << 6 | 1 << 7 };
	struct given_set set = set_of(bits, 8), other = set_of(by, 8);
	uint64_t back[1], scratch[1];
	struct cursor c = cur_new(want, sizeof(want));
	struct buf out = { 0 };

	(void)state;
	assert_true(given_get(&c, &other, back, 8, 3, scratch));
	assert_int_equal(back[0], bits[0]);
	given_put(&set, &other, 8, scratch, &out); /* it may choose other kinds: the same set again */
	c = cur_new(out.p, out.len);
	assert_true(given_get(&c, &other, back, 8, 3, scratch));
	assert_int_equal(back[0], bits[0]);
	c = cur_new(want, sizeof(want));
	assert_false(given_get(&c, &other, back, 8, 4, scratch)); /* not so many */
	for (size_t n = 0; n < sizeof(want); n++)
		if (n != 4) { /* a whole first part is a set, but not of three */
			c = cur_new(want, n);
			assert_false(given_get(&c, &other, back, 8, 3, scratch));
		}
	buf_free(&out);
}

static void
test_any(void **state)
{
	static uint64_t by[BITS_WORDS(ROWS_MOST)], bits[BITS_WORDS(ROWS_MOST)], back[BITS_WORDS(ROWS_MOST)],
	    scratch[BITS_WORDS(ROWS_MOST)];
	struct buf out = { 0 };

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		uint32_t rows = 1 + (uint32_t)rnd() % ROWS_MOST;
		unsigned inside = (unsigned)rnd() % 5 * 25, outside = (unsigned)rnd() % 3 * 4;
		struct given_set set, other;
		struct cursor c;

		memset(by, 0, sizeof(by));
		memset(bits, 0, sizeof(bits));
		for (uint32_t r = 0; r < rows; r++) {
			bool there = round % 4 == 0 ? r / 200 % 2 == 0 : rnd() % (2 + round % 5) == 0;

			if (there)
				bit_set(by, r);
			if (rnd() % 100 < (there ? inside : outside))
				bit_set(bits, r);
		}
		set = set_of(bits, rows);
		other = set_of(by, rows);
		out.len = 0;
		given_put(&set, &other, rows, scratch, &out);
		c = cur_new(out.p, out.len);
		assert_true(given_get(&c, &other, back, rows, set.count, scratch));
		assert_memory_equal(bits, back, BITS_WORDS(rows) * 8);
		for (unsigned i = 0; i < 10; i++) { /* any byte may be another one: a set or none */
			size_t at = rnd() % out.len;

			out.p[at] ^= (uint8_t)(1 + rnd() % 255);
			c = cur_new(out.p, out.len);
			if (given_get(&c, &other, back, rows, set.count, scratch))
				assert_int_equal(bits_count(back, rows), set.count);
		}
	}
	buf_free(&out);
}

/* Of three sets the one that nearly is it; none if that would not help, or is too deep. */
static void
test_best(void **state)
{
	static uint64_t bits[4][BITS_WORDS(ROWS_MOST)];
	struct given_set set[4];

	(void)state;
	for (uint32_t r = 0; r < ROWS_MOST; r++) {
		if (rnd() % 2)
			bit_set(bits[0], r);
		if (rnd() % 2)
			bit_set(bits[1], r);
		if (rnd() % 2)
			bit_set(bits[2], r);
		if (bit_get(bits[1], r) && rnd() % 50 != 0)
			bit_set(bits[3], r);
	}
	for (int i = 0; i < 4; i++)
		set[i] = set_of(bits[i], ROWS_MOST);
	assert_int_equal(given_best(set, 3, ROWS_MOST, ROWS_MOST / 8), 1);
	assert_int_equal(given_best(set, 2, ROWS_MOST, ROWS_MOST / 8), 2);
	set[1].depth = GIVEN_DEPTH;
	assert_int_equal(given_best(set, 3, ROWS_MOST, ROWS_MOST / 8), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_any),
		cmocka_unit_test(test_best),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

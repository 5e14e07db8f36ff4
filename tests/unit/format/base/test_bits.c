/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_bits.c: bitmaps against an array of bools, at and around the edges of words.
 */
#include "format/base/bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define MOST 200

/* A pattern with runs and gaps of all lengths up to 64. */
static bool
wanted(size_t i, unsigned pattern)
{
	return (pattern == 0 ? false : pattern == 1 ? true : i * i / pattern % 2 == 0);
}

static void
one(size_t n, unsigned pattern)
{
	uint64_t w[BITS_WORDS(MOST)];
	size_t count = 0, next = n;

	memset(w, 0xa5, sizeof(w));
	for (size_t i = 0; i < n; i++) {
		if (wanted(i, pattern))
			bit_set(w, i);
		else
			bit_clear(w, i);
		count += wanted(i, pattern);
	}
	assert_int_equal(bits_count(w, n), count);
	for (size_t i = n; i-- > 0;) {
		if (wanted(i, pattern))
			next = i;
		assert_int_equal(bit_get(w, i), wanted(i, pattern));
		assert_int_equal(bits_next(w, i, n), next);
	}
	assert_int_equal(bits_next(w, n, n), n);
}

static void
against_bools(void **state)
{
	(void)state;
	for (size_t n = 0; n <= MOST; n++)
		for (unsigned pattern = 0; pattern < 70; pattern++)
			one(n, pattern);
}

static void
fills(void **state)
{
	uint64_t w[3];

	(void)state;
	memset(w, 0xa5, sizeof(w));
	bits_fill(w, 65);
	assert_int_equal(w[0], UINT64_MAX);
	assert_int_equal(w[1], 1);
	assert_int_equal(w[2], 0xa5a5a5a5a5a5a5a5ull); /* not ours */
	bits_fill(w, 64);
	assert_int_equal(w[0], UINT64_MAX);
	assert_int_equal(w[1], 1);
	assert_int_equal(BITS_WORDS(0), 0);
	assert_int_equal(BITS_WORDS(64), 1);
	assert_int_equal(BITS_WORDS(65), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_bools),
		cmocka_unit_test(fills),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

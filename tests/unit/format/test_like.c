/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_like.c: rows that repeat what the last row like them had.
 */
#include "format/like.h"

#include "records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The example of pavo(5): two of five payloads follow from the lengths. */
static void
test_example(void **state)
{
	const uint64_t length[] = { 60, 60, 1514, 60, 1514 }, payload[] = { 0, 0, 1460, 6, 1460 }, stored[] = { 0, 1460, 6 };
	uint64_t others[1], back[5];
	struct like *l = like_new();

	(void)state;
	assert_int_equal(like_others(l, length, NULL, payload, 5, 5, others), 3);
	assert_int_equal(others[0], 0x0d);
	assert_true(like_fill(l, length, NULL, others, stored, 5, back));
	assert_memory_equal(payload, back, sizeof(back));
	assert_true(like_others(l, length, NULL, payload, 5, 2, others) > 2);
	others[0] = 0x0c; /* the first row has nothing that it could repeat */
	assert_false(like_fill(l, length, NULL, others, stored, 5, back));
	like_free(&l);
}

/* Against a search for the last row like it, one or two columns. */
static void
test_search(void **state)
{
	static uint64_t a[3000], b[3000], v[3000], others[BITS_WORDS(3000)], stored[3000], back[3000];
	struct like *l = like_new();

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		uint32_t n = 1 + (uint32_t)rnd() % 3000, count = 0, got;
		bool two = round % 2;

		for (uint32_t i = 0; i < n; i++) {
			bool repeats = false;

			a[i] = rnd() % 30 << (round % 3 * 30);
			b[i] = rnd() % 5;
			v[i] = rnd() % 4 == 0 ? rnd() : a[i] * 3;
			for (uint32_t j = i; j-- > 0;)
				if (a[j] == a[i] && (!two || b[j] == b[i])) {
					repeats = v[j] == v[i];
					break;
				}
			if (!repeats)
				stored[count++] = v[i];
		}
		got = like_others(l, a, two ? b : NULL, v, n, n, others);
		assert_int_equal(got, count);
		assert_int_equal(bits_count(others, n), count);
		assert_true(like_fill(l, a, two ? b : NULL, others, stored, n, back));
		assert_memory_equal(v, back, n * sizeof(*v));
	}
	like_free(&l);
}

/* The v of the last row like it, as a search finds it. */
static void
test_before(void **state)
{
	static uint64_t a[500], b[500], v[500], first[500], got[500];
	struct like *l = like_new();

	(void)state;
	for (unsigned round = 0; round < 10; round++) {
		uint32_t n = 1 + (uint32_t)rnd() % 500;

		for (uint32_t i = 0; i < n; i++) {
			a[i] = rnd() % 20;
			b[i] = rnd() % 5;
			v[i] = rnd();
			first[i] = rnd();
		}
		like_before(l, a, b, v, first, n, got);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t j = i;

			while (j-- > 0 && (a[j] != a[i] || b[j] != b[i]))
				;
			assert_true(got[i] == (j < i ? v[j] : first[i]));
		}
	}
	like_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_before),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

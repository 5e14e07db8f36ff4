/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_map.c: keys of any bytes get numbers in order, are found again, and are the map's own.
 */
#include "format/base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
numbers(void **state)
{
	enum { N = 100000 };
	struct map m = { 0 };
	char key[16];
	uint32_t n;

	(void)state;
	assert_false(map_find(&m, "0", 1, &n));
	for (uint32_t i = 0; i < N; i++) {
		size_t len = (size_t)snprintf(key, sizeof(key), "%u", i * 7);

		assert_true(map_put(&m, key, len, &n));
		assert_int_equal(n, i);
	}
	memset(key, 'x', sizeof(key)); /* it was copied */
	for (uint32_t i = 0; i < 7 * N; i++) {
		size_t len = (size_t)snprintf(key, sizeof(key), "%u", i);
		bool there = i % 7 == 0;

		n = N;
		if (map_find(&m, key, len, &n) != there || n != (there ? i / 7 : N))
			fail_msg("%u: %u", i, n);
		if (there && (map_put(&m, key, len, &n) || n != i / 7))
			fail_msg("%u came again as %u", i, n);
	}
	assert_int_equal(m.n, N);
	map_free(&m);
	assert_int_equal(m.n, 0);
}

/* None is the beginning of another, the empty one is a key, a byte 0 is one. */
static void
any_bytes(void **state)
{
	static const struct { const char *p; size_t n; } key[] = { { "", 0 }, { "\0", 1 }, { "\0\0", 2 }, { "a", 1 }, { "a\0", 2 }, { "ab", 2 } };
	struct map m = { 0 };
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		assert_true(map_put(&m, key[i].p, key[i].n, &n));
		assert_int_equal(n, i);
	}
	for (uint32_t i = 0; i < 6; i++) {
		assert_true(map_find(&m, key[i].p, key[i].n, &n));
		assert_int_equal(n, i);
		assert_int_equal(m.key[n].n, key[i].n);
		assert_memory_equal(m.key[n].p, key[i].p, key[i].n);
	}
	assert_false(map_put(&m, NULL, 0, &n));
	assert_int_equal(n, 0);
	map_free(&m);
}

static void
again(void **state)
{
	struct map m = { 0 };
	uint32_t n;

	(void)state;
	map_clear(&m);
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 1000; i++) {
			uint32_t key = i ^ (uint32_t)round << 16;

			assert_true(map_put(&m, &key, sizeof(key), &n));
			assert_int_equal(n, i);
		}
		map_clear(&m);
		assert_false(map_find(&m, &(uint32_t){ 5 }, 4, &n));
	}
	map_free(&m);
	map_free(&m);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(any_bytes),
		cmocka_unit_test(again),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

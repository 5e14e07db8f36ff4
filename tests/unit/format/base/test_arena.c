/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_arena.c: pieces do not overlap and are aligned; a reset reuses; a pool's cap and free list.
 */
#include "format/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

static void
pieces(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 8191, 8192, 100000, 3, 10000000, 5 };
	enum { N = sizeof(sizes) / sizeof(sizes[0]) };
	struct arena a = { 0 };
	uint8_t *p[N];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		p[i] = arena_alloc(&a, sizes[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)i, sizes[i]);
	}
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			if (p[i][j] != i)
				fail_msg("piece %zu was overwritten at %zu", i, j);
	arena_free(&a);
	assert_null(a.chunk);
}

static void
copies(void **state)
{
	struct arena a = { 0 };
	uint8_t *zero;

	(void)state;
	memset(arena_alloc(&a, 64), 0xff, 64);
	arena_reset(&a);
	zero = arena_zero(&a, 64);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(zero[i], 0);
	assert_string_equal(arena_copy(&a, "words", 6), "words");
	assert_non_null(arena_copy(&a, NULL, 0));
	arena_free(&a);
}

/* After one large phase the next of that size takes no new memory. */
static void
resets(void **state)
{
	struct arena a = { 0 };
	struct arena_chunk *kept = NULL;

	(void)state;
	arena_reset(&a); /* of an arena never used */
	for (int phase = 0; phase < 5; phase++) {
		for (int i = 0; i < 1000; i++)
			memset(arena_alloc(&a, 500), phase, 500);
		if (phase == 1)
			kept = a.chunk;
		if (phase > 1)
			assert_ptr_equal(a.chunk, kept);
		arena_reset(&a);
	}
	arena_free(&a);
}

static void
cells(void **state)
{
	struct pool p;

	(void)state;
	pool_init(&p, 24, 3);
	assert_int_equal(pool_get(&p), 1);
	assert_int_equal(pool_get(&p), 2);
	assert_int_equal(pool_get(&p), 3);
	assert_int_equal(pool_get(&p), 0); /* the cap */
	assert_int_equal(p.used, 3);
	memset(pool_at(&p, 1), 1, 24);
	memset(pool_at(&p, 3), 3, 24); /* the last cell is all there */
	pool_put(&p, 2);
	pool_put(&p, 1);
	assert_int_equal(p.used, 1);
	assert_int_equal(pool_get(&p), 1); /* the last returned comes first */
	assert_int_equal(pool_get(&p), 2);
	assert_int_equal(pool_get(&p), 0);
	assert_int_equal(((uint8_t *)pool_at(&p, 3))[23], 3);
	pool_free(&p);
	assert_null(p.base);
	pool_free(&p);
}

/* Many cells allowed cost nothing until they are used. */
static void
lazy(void **state)
{
	struct pool p;

	(void)state;
	pool_init(&p, 1024, sizeof(size_t) > 4 ? 64u << 20 : 1u << 20); /* 64 GiB; 1 where that is much */
	assert_int_equal(pool_get(&p), 1);
	memset(pool_at(&p, 1), 1, 1024);
	pool_free(&p);
}

/* Bytes of address space in use. */
static rlim_t
in_use(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (f == NULL || fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	if (f != NULL)
		(void)fclose(f);
	return ((rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE));
}

/* A pool that may become large takes part in the address space with what it has: two of 48 GB fit where 1 GB more is
 * allowed.  Cells stay where they are. */
static void
grows_in_place(void **state)
{
	enum { SIZE = 4096, CAP = 12 << 20, N = 1000 };
	struct rlimit had, less;
	struct pool a, b;
	uint32_t *first;

	(void)state;
	pool_init(&a, SIZE, CAP);
	if (a.there > (size_t)SIZE * CAP / 2 || in_use() == 0) { /* not on this system */
		pool_free(&a);
		skip();
	}
	assert_int_equal(getrlimit(RLIMIT_AS, &had), 0);
	less = had;
	less.rlim_cur = in_use() + ((rlim_t)1 << 30);
	assert_int_equal(setrlimit(RLIMIT_AS, &less), 0);
	pool_init(&b, SIZE, CAP);
	first = pool_at(&a, pool_get(&a));
	*first = 7;
	for (uint32_t i = 2; i <= N; i++) {
		uint32_t n = pool_get(&a), m = pool_get(&b);

		assert_int_equal(n, i);
		memset(pool_at(&a, n), 1, SIZE);
		memset(pool_at(&b, m), 2, SIZE);
	}
	assert_ptr_equal(first, pool_at(&a, 1));
	assert_int_equal(*first, 7);
	assert_int_equal(((uint8_t *)pool_at(&a, N))[SIZE - 1], 1);
	assert_int_equal(((uint8_t *)pool_at(&b, 1))[0], 2);
	assert_true(a.there < 16u << 20);
	assert_int_equal(setrlimit(RLIMIT_AS, &had), 0);
	pool_free(&a);
	pool_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces), cmocka_unit_test(copies), cmocka_unit_test(resets),
		cmocka_unit_test(cells),  cmocka_unit_test(lazy),
		cmocka_unit_test(grows_in_place),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

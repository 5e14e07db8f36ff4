/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_hist.c: histograms as bytes, and what falls into which bucket.  Percentiles: test_derive.c.
 */
#include "format/hist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Bucket 0 once, bucket 3 twice, bucket 127 300 times: steps 0, 2, 123; 300 = 0xac 0x02 as varint. */
static void
test_bytes(void **state)
{
	static const uint8_t want[] = { 0, 1, 2, 2, 123, 0xac, 0x02 };
	uint64_t count[HIST_BUCKETS] = { [0] = 1, [3] = 2, [127] = 300 }, back[HIST_BUCKETS];
	struct arena a = { 0 };
	struct blob b = hist_pack(count, &a);

	(void)state;
	assert_int_equal(b.n, sizeof(want));
	assert_memory_equal(b.p, want, sizeof(want));
	hist_unpack(b, back);
	assert_memory_equal(back, count, sizeof(count));
	hist_unpack((struct blob){ (const uint8_t *)"\x80\x80\x80\x80\x80\x01\x01", 7 }, back); /* far outside */
	for (int i = 0; i < HIST_BUCKETS; i++)
		assert_int_equal(back[i], 0);
	arena_free(&a);
}

static void
test_buckets(void **state)
{
	static const struct {
		uint64_t v;
		unsigned bucket;
		uint64_t bound;
	} cases[] = {
		{ 0, 0, 0 }, { 1, 1, 1 }, { 3, 3, 3 }, { 4, 4, 4 }, { 7, 7, 7 }, { 8, 8, 9 }, { 9, 8, 9 }, { 10, 9, 11 },
		{ 15, 11, 15 }, { 16, 12, 19 }, { 1000, 35, 1023 }, { 20000, 52, 20479 }, { 50000, 58, 57343 },
		{ 150000, 64, 163839 }, { 0x7fffffff, 119, 0x7fffffff }, { 0x80000000, 120, 0x9fffffff },
		{ 0xffffffff, 123, 0xffffffff }, { UINT64_MAX, 127, 0x1ffffffff },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (hist_bucket(HIST_QUARTERS, cases[i].v) != cases[i].bucket ||
		    hist_bound(HIST_QUARTERS, cases[i].bucket) != cases[i].bound)
			fail_msg("%llu: bucket %u, bound %llu", (unsigned long long)cases[i].v,
			    hist_bucket(HIST_QUARTERS, cases[i].v),
			    (unsigned long long)hist_bound(HIST_QUARTERS, cases[i].bucket));
	}
	/* Every bucket begins behind the bound of the one before it. */
	for (unsigned b = 0; b + 1 < HIST_BUCKETS; b++) {
		assert_int_equal(hist_bucket(HIST_QUARTERS, hist_bound(HIST_QUARTERS, b)), b);
		assert_int_equal(hist_bucket(HIST_QUARTERS, hist_bound(HIST_QUARTERS, b) + 1), b + 1);
	}
	assert_int_equal(hist_bucket(HIST_OCTAVES, 1), 0);
	assert_int_equal(hist_bucket(HIST_OCTAVES, 64), 6);
	assert_int_equal(hist_bound(HIST_OCTAVES, 6), 127);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_buckets),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

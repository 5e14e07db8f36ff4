/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Tap signatures (SEMANTICS 4.5): what is one, and what is only near to one.
 */
#include "ra-tools/report/signature.h"

#include "format/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A range of the flow `id` between 10.0.0.pair and 10.1.0.1, or back. */
static void
range(struct signatures *s, uint64_t id, unsigned pair, unsigned dir, uint32_t lo, uint32_t len)
{
	uint8_t a[4] = { 10, 0, 0, (uint8_t)pair }, b[4] = { 10, 1, 0, 1 };
	struct ip src = ip_v4(a), dst = ip_v4(b);
	bool back = id % 2;
	struct buf gaps = { 0 };

	buf_varint(&gaps, dir);
	buf_varint(&gaps, lo);
	buf_varint(&gaps, len);
	signatures_add(s, &(struct gap_flow){ id, back ? &dst : &src, back ? &src : &dst, 0, 25 },
		       (struct blob){ gaps.p, (uint32_t)gaps.len });
	buf_free(&gaps);
}

/* `flows` of them, from `first` on, over `pairs` host pairs. */
static void
alike(struct signatures *s, unsigned first, unsigned flows, unsigned pairs, uint32_t lo, uint32_t len)
{
	for (unsigned i = 0; i < flows; i++)
		range(s, first + i, i % pairs, 0, lo, len);
}

static unsigned
count(struct signatures *s)
{
	uint32_t n;

	(void)signatures_find(s, &n);
	return (n);
}

/* Story 0: 16 sessions without the bytes from 96 or 97 on, told in pieces by one or two records. */
static void
test_story(void **state)
{
	struct signatures *s = signatures_new(1000);
	const struct signature *x;
	uint32_t n;

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		uint32_t lo = 96 + i % 4 / 3; /* 97 in four of them */

		range(s, 100 + i, i % 8, 0, lo + 8760, 4380);
		range(s, 100 + i, i % 8, 0, lo, 2920);
		range(s, 100 + i, i % 8, 0, lo + 2920, 5840);
		signatures_mss(s, 100 + i, 1460);
	}
	x = signatures_find(s, &n);
	assert_int_equal(n, 1);
	assert_int_equal(x->dir, 0);
	assert_int_equal(x->flows, 16);
	assert_int_equal(signatures_flows(s), 16);
	assert_int_equal(x->pairs, 8);
	assert_int_equal(x->lo_min, 96);
	assert_int_equal(x->lo_max, 97);
	assert_int_equal(x->lo, 96);
	assert_int_equal(x->len, 13140);
	assert_int_equal(x->mss, 1460);
	assert_int_equal(x->nports, 1);
	assert_int_equal(x->port[0], 25);
	assert_int_equal(x->nexamples, 3);
	assert_int_equal(x->example[0], 100);
	signatures_free(&s);
}

static void
test_limits(void **state)
{
	static const struct {
		unsigned flows, pairs, others; /* others: flows with a range of their own */
		bool is;
		const char *msg;
	} cases[] = {
		{ 4, 4, 0, false, "four flows" },
		{ 5, 3, 0, true, "five flows, three pairs" },
		{ 50, 2, 0, false, "two pairs" },
		{ 10, 10, 190, true, "ten of 200: 5 %" },
		{ 9, 9, 191, false, "nine of 200" },
		{ 5, 5, 95, true, "five of 100" },
		{ 5, 5, 96, false, "five of 101" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct signatures *s = signatures_new(1000);

		alike(s, 1, cases[i].flows, cases[i].pairs, 5000, 1460);
		for (unsigned k = 0; k < cases[i].others; k++)
			range(s, 1000 + k, k % 250, 0, 7, 2000 + k);
		if (count(s) != cases[i].is)
			fail_msg("%s: %u signatures", cases[i].msg, count(s));
		signatures_free(&s);
	}
}

/* One flow that misses the same length again and again is one flow. */
static void
test_one_flow(void **state)
{
	struct signatures *s = signatures_new(1000);

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		range(s, 1, 1, 0, 1000 + 60 * i, 10);
	assert_int_equal(count(s), 0);
	signatures_free(&s);
}

static void
test_near(void **state)
{
	struct signatures *s = signatures_new(1000);
	const struct signature *x;
	uint32_t n;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		range(s, 1 + i, i, 0, 1000 + 64 * i, 100);    /* a chain: one */
		range(s, 1 + i, i, 0, 100000 + 65 * i, 50);   /* too far from each other */
		range(s, 1 + i, i, 1, 1000, 100 + (i & 1));   /* two lengths, three flows each */
		range(s, 1 + i, i, 1, 1u << 31, 1460);
		range(s, 10 + i, i, 1, 4000000000u, 3000000); /* runs over the end of 32 bits */
	}
	x = signatures_find(s, &n);
	assert_int_equal(n, 3);
	assert_int_equal(x[0].len, 100);
	assert_int_equal(x[0].lo_min, 1000);
	assert_int_equal(x[0].lo_max, 1320);
	assert_int_equal(x[0].dir, 0);
	assert_int_equal(x[1].len, 1460);
	assert_int_equal(x[1].dir, 1);
	assert_int_equal(x[1].mss, 0);
	assert_int_equal(x[2].len, 3000000);
	signatures_free(&s);
}

static void
test_bounds(void **state)
{
	struct signatures *s = signatures_new(10);
	uint8_t a[4] = { 10, 0, 0, 1 };
	struct ip ip = ip_v4(a);
	struct gap_flow f = { 77, &ip, &ip, 70, 25 };

	(void)state;
	signatures_add(s, &f, (struct blob){ (const uint8_t *)"\0\1", 2 });    /* cut */
	signatures_add(s, &f, (struct blob){ (const uint8_t *)"\2\1\1", 3 });  /* no such direction */
	signatures_add(s, &f, (struct blob){ (const uint8_t *)"\0\1\0", 3 });  /* no length */
	assert_int_equal(signatures_flows(s), 0);
	alike(s, 1, 12, 4, 5000, 1460);
	assert_int_equal(signatures_dropped(s), 2);
	assert_int_equal(signatures_flows(s), 10);
	assert_int_equal(count(s), 1);
	signatures_free(&s);
	s = signatures_new(1);
	assert_int_equal(count(s), 0);
	signatures_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_story),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_one_flow),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_bounds),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_codec_narrow.c: narrow numbers, and some of them, are those that u64_get() makes of the same bytes; bytes that are
 * cut or damaged are refused by all, or understood in the same way.
 */
#include "format/base/bits.h"
#include "format/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 88172645463325252ull;

static uint64_t
rnd(void) /* xorshift64 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed);
}

static uint64_t v[CODER_MAX], want[CODER_MAX], got[CODER_MAX], some[CODER_MAX];
static uint32_t at[CODER_MAX];

static void
shape(unsigned kind, uint32_t n)
{
	uint64_t time = 1700000000000000000ull;

	for (uint32_t i = 0; i < n; i++)
		switch (kind % 10) {
		case 0: v[i] = rnd(); break;
		case 1: v[i] = 1000 + rnd() % 8; break;
		case 2: v[i] = time += rnd() % 100 * 1000; break;
		case 3: v[i] = rnd() % 100 == 0 ? rnd() : 7; break;
		case 4: v[i] = rnd() % 3 * 0x123456789abcull; break;
		case 5: v[i] = rnd() & ((1ull << (1 + kind / 10 % 63)) - 1); break; /* of some bits */
		case 6: v[i] = i / 128 * (1 + kind / 10) + rnd() % 16; break;
		case 7: v[i] = rnd() % 65536; break;
		case 8: v[i] = 3 + rnd() % 1000 * 40; break;
		default: v[i] = rnd() % 20 ? rnd() % 100 : rnd() % (1u << 30); break;
		}
}

/* What all three make of the bytes, in memory of exactly their size. */
static void
compare(struct coder *k, struct arena *a, enum coding code, const uint8_t *bytes, size_t size, uint32_t n)
{
	uint8_t *exact = malloc(size + (size == 0));
	struct cursor c1, c2, c3;
	struct narrow x;
	uint32_t m = 0;
	bool good;

	assert_non_null(exact);
	memcpy(exact, bytes, size);
	c1 = c2 = c3 = cur_new(exact, size);
	good = u64_get(k, code, &c1, want, n);
	arena_reset(a);
	assert_int_equal(u64_get_narrow(k, code, &c2, n, a, &x), good);
	if (good) {
		assert_ptr_equal(c1.p, c2.p);
		narrow_widen(&x, 0, n, got);
		assert_memory_equal(got, want, n * sizeof(*v));
	}
	for (uint32_t i = (uint32_t)(rnd() % 5); i < n; i += 1 + (uint32_t)(rnd() % 200))
		at[m++] = i;
	if (good) {
		assert_true(u64_pick(k, code, &c3, n, at, m, a, some));
		for (uint32_t i = 0; i < m; i++)
			assert_int_equal(some[i], want[at[i]]);
	} else {
		(void)u64_pick(k, code, &c3, n, at, m, a, some); /* it may need no more than is there */
	}
	free(exact);
}

static const enum coding codes[] = { CODE_PLAIN, CODE_PACKED, CODE_GROUPS, CODE_DELTA, CODE_VARINT, CODE_SPARSE,
	CODE_BYTES, CODE_UNITS, CODE_DICT };

static void
test_same(void **state)
{
	static const uint32_t sizes[] = { 1, 7, 8, 9, 127, 128, 129, 1000, CODER_MAX };
	struct coder *k = coder_new();
	struct arena a = { 0 };
	struct buf b = { 0 };

	(void)state;
	for (unsigned s = 0; s < 640; s++) {
		uint32_t n = s < 20 ? sizes[s % 9] : sizes[s % 8];
		struct plan plan;

		shape(s, n);
		plan = u64_plan(k, v, n);
		for (size_t j = 0; j < sizeof(codes) / sizeof(codes[0]) && plan.best != CODE_CONST; j++) {
			if ((codes[j] == CODE_UNITS && plan.min % plan.unit != 0) ||
			    (codes[j] == CODE_DICT && plan.best != CODE_DICT))
				continue;
			b.len = 0;
			u64_put(k, &plan, codes[j], v, n, &b);
			compare(k, &a, codes[j], b.p, b.len, n);
			assert_memory_equal(want, v, n * sizeof(*v));
		}
	}
	buf_free(&b);
	arena_free(&a);
	coder_free(&k);
}

/* The same of bytes that are cut, or have a wrong one, or are anything. */
static void
test_wrong(void **state)
{
	struct coder *k = coder_new();
	struct arena a = { 0 };
	struct buf b = { 0 };

	(void)state;
	for (unsigned s = 0; s < 3000; s++) {
		uint32_t n = 1 + (uint32_t)(rnd() % 300);
		enum coding code = codes[rnd() % (sizeof(codes) / sizeof(codes[0]))];
		struct plan plan;

		shape((unsigned)rnd() % 640, n);
		plan = u64_plan(k, v, n);
		if (plan.best == CODE_CONST || (code == CODE_UNITS && plan.min % plan.unit != 0) ||
		    (code == CODE_DICT && plan.best != CODE_DICT))
			continue;
		b.len = 0;
		u64_put(k, &plan, code, v, n, &b);
		compare(k, &a, code, b.p, rnd() % (b.len + 1), n);
		for (unsigned i = 0; i < 8; i++) {
			b.p[rnd() % (i < 6 ? (b.len < 12 ? b.len : 12) : b.len)] = (uint8_t)rnd();
			compare(k, &a, code, b.p, b.len, n);
		}
	}
	buf_free(&b);
	arena_free(&a);
	coder_free(&k);
}

/* Places among two words in far more bits than they need, as nobody writes them. */
static void
test_wide_places(void **state)
{
	static const unsigned bits[] = { 1, 8, 31, 32, 33, 40, 56, 64 };
	struct coder *k = coder_new();
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		uint8_t bytes[4 + 64] = { 2, 5, 4, (uint8_t)bits[i] }; /* words 5 and 9 */
		uint32_t n = 8;

		for (uint32_t r = 0; r < n; r += 3) /* rows 0, 3 and 6 have the second */
			bytes[4 + r * bits[i] / 8] |= (uint8_t)(1u << r * bits[i] % 8);
		compare(k, &a, CODE_DICT, bytes, 4 + bits[i], n);
		for (uint32_t r = 0; r < n; r++)
			assert_int_equal(want[r], r % 3 == 0 ? 9 : 5);
		arena_reset(&a);
	}
	arena_free(&a);
	coder_free(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_wide_places),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_narrow.c: each loop over narrow numbers beside one over narrow_at(), value by value.
 */
#include "format/base/bits.h"
#include "format/narrow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MOST 700

static uint64_t seed = 88172645463325252ull;

static uint64_t
rnd(void) /* xorshift64 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed);
}

static uint8_t v1[MOST];
static uint16_t v2[MOST];
static uint32_t v4[MOST];
static uint64_t v8[MOST], words[200];

/* Numbers of a width: small ones, the ends, anything; as they are, in units, so that they go round, or as words. */
static struct narrow
some(unsigned width, unsigned kind)
{
	static const uint64_t bases[] = { 0, 5, 1000, UINT64_MAX - 100, 1ull << 63 }, units[] = { 1, 1, 3, 0, 1ull << 60 };
	struct narrow x = { .width = width, .base = bases[kind % 5], .unit = units[kind / 5 % 5] };

	for (unsigned i = 0; i < MOST; i++) {
		uint64_t v = kind % 3 == 0 ? rnd() : kind % 3 == 1 ? rnd() % 10 : rnd() % 2 - 1;

		v1[i] = (uint8_t)v;
		v2[i] = (uint16_t)v;
		v4[i] = (uint32_t)v;
		v8[i] = v;
	}
	x.v = width == 1 ? (const void *)v1 : width == 2 ? (const void *)v2 : width == 4 ? (const void *)v4 : v8;
	if (width == 0 || width == 8)
		x.unit = 1;
	if (width == 8 || kind >= 25)
		x.base = 0;
	if (kind < 25 || width == 8)
		return (x);
	x.unit = 1;
	x.word = words;
	x.words = 200;
	for (unsigned i = 0; i < 200; i++)
		words[i] = kind % 2 ? rnd() : rnd() % 7;
	for (unsigned i = 0; i < MOST; i++) {
		v1[i] %= 200;
		v2[i] %= 200;
		v4[i] %= 200;
	}
	return (x);
}

static uint64_t
plus(uint64_t a, uint64_t b)
{
	return (a + b < a ? UINT64_MAX : a + b);
}

static void
check_sums(const struct narrow *x, uint32_t from, uint32_t n)
{
	uint64_t sum = 0, any = 0, min = UINT64_MAX, max = 0, lo, hi, wide[MOST];

	narrow_widen(x, from, n, wide);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t v = narrow_at(x, from + i);

		assert_int_equal(wide[i], v);
		sum = plus(sum, v);
		any |= v;
		min = v < min ? v : min;
		max = v > max ? v : max;
	}
	assert_int_equal(narrow_sum(x, from, n), sum);
	assert_int_equal(narrow_or(x, from, n), any);
	if (n == 0)
		return;
	narrow_span(x, from, n, &lo, &hi);
	assert_int_equal(lo, min);
	assert_int_equal(hi, max);
}

static void
check_places(const struct narrow *x)
{
	uint32_t place[MOST];
	uint64_t got[MOST];

	for (unsigned i = 0; i < MOST; i++)
		place[i] = (uint32_t)(rnd() % MOST);
	narrow_pick(x, place, MOST, got);
	for (unsigned i = 0; i < MOST; i++)
		assert_int_equal(got[i], narrow_at(x, place[i]));
}

static void
check_between(const struct narrow *x, uint32_t n)
{
	uint64_t got[BITS_WORDS(MOST)], lo = 0, hi = 0;

	for (unsigned t = 0; t < 12; t++) {
		uint64_t a = narrow_at(x, (uint32_t)(rnd() % n)), b = t % 3 == 0 ? a : narrow_at(x, (uint32_t)(rnd() % n));

		lo = t == 10 ? 0 : t % 4 == 1 ? a + 1 : a;
		hi = t == 11 ? UINT64_MAX : t % 4 == 2 ? b - 1 : b;
		memset(got, 0xa5, sizeof(got));
		narrow_between(x, n, lo, hi, got);
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(bit_get(got, i), narrow_at(x, i) >= lo && narrow_at(x, i) <= hi);
		if (n % 64 != 0)
			assert_int_equal(got[n / 64] >> n % 64, 0);
	}
}

static void
test_loops(void **state)
{
	static const unsigned widths[] = { 0, 1, 2, 4, 8 };
	static const uint32_t lengths[] = { 1, 2, 63, 64, 65, 128, 511, 512, 513, MOST };

	(void)state;
	for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++)
		for (unsigned kind = 0; kind < 30; kind++) {
			struct narrow x = some(widths[w], kind);
			uint64_t most = 0;

			for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
				uint32_t n = lengths[l], from = (uint32_t)(rnd() % (MOST - n + 1));

				check_sums(&x, from, n);
				check_between(&x, n);
			}
			for (uint32_t i = 0; i < MOST; i++)
				most = narrow_raw(&x, i) > most ? narrow_raw(&x, i) : most;
			assert_int_equal(narrow_raw_max(&x, MOST), most);
			check_sums(&x, 3, 0);
			check_places(&x);
		}
}

static void
test_lookup(void **state)
{
	static const unsigned widths[] = { 0, 1, 2, 4 };
	uint8_t table[3000];
	uint64_t got[BITS_WORDS(MOST)];

	(void)state;
	for (size_t i = 0; i < sizeof(table); i++)
		table[i] = rnd() % 4 == 0;
	for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++)
		for (unsigned kind = 0; kind < 2; kind++)
			for (uint32_t n = 1; n < MOST; n += 31) {
				struct narrow x = some(widths[w], kind == 0 ? 28 : 1);

				if (kind == 1) { /* rnd() % 10 in the widths */
					x.base = 7;
					x.unit = 3;
				}
				narrow_lookup(&x, n, table, got);
				for (uint32_t i = 0; i < n; i++)
					assert_int_equal(bit_get(got, i),
					    table[kind == 0 ? narrow_raw(&x, i) : 7 + 3 * narrow_raw(&x, i)]);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_lookup),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

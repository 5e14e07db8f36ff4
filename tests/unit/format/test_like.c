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

/* All values, from those that are told. */
static bool
filled(struct like *l, const struct narrow *a, const struct narrow *b, const uint64_t *others, const uint64_t *stored, uint32_t n,
    uint64_t *to)
{
	static uint16_t which[CODER_MAX];

	if (!like_find(l, a, b, others, n, which))
		return (false);
	for (uint32_t i = 0; i < n; i++)
		to[i] = stored[which[i] - 1];
	return (true);
}

static struct narrow
wide(const uint64_t *v)
{
	return ((struct narrow){ .width = 8, .v8 = v, .unit = 1 });
}

/* The example of pavo(5): two of five payloads follow from the lengths. */
static void
test_example(void **state)
{
	const uint64_t length[] = { 60, 60, 1514, 60, 1514 }, payload[] = { 0, 0, 1460, 6, 1460 }, stored[] = { 0, 1460, 6 };
	uint64_t others[1], back[5];
	const struct narrow key = wide(length);
	struct like *l = like_new();

	(void)state;
	assert_int_equal(like_others(l, length, NULL, payload, 5, 5, others), 3);
	assert_int_equal(others[0], 0x0d);
	assert_true(filled(l, &key, NULL, others, stored, 5, back));
	assert_memory_equal(payload, back, sizeof(back));
	assert_true(like_others(l, length, NULL, payload, 5, 2, others) > 2);
	others[0] = 0x0c; /* the first row has nothing that it could repeat */
	assert_false(filled(l, &key, NULL, others, stored, 5, back));
	like_free(&l);
}

/* The same numbers as narrow as they can be: in so many bytes, over a base, or as words. */
static struct narrow
as(unsigned form, const uint64_t *v, uint32_t n, void *room, uint64_t *words)
{
	static const unsigned widths[] = { 1, 2, 4, 8, 1, 2 };
	struct narrow x = { .width = widths[form], .v = room, .unit = 1 };

	if (form == 3)
		return (wide(v));
	x.unit = form < 3 ? 5 : 1;
	x.base = form < 3 ? 1000 : 0;
	for (uint32_t i = 0; i < n; i++)
		words[i] = form < 3 ? 1000 + 5 * v[i] : v[i];
	for (uint32_t i = 0; i < n; i++) {
		uint64_t raw = v[i];

		if (form > 3) { /* a word more than once: which one is taken says nothing */
			raw = v[i] + 30 * (rnd() % 2);
			for (unsigned k = 0; k < 60; k++)
				words[k] = k % 30;
		}
		if (x.width == 1)
			((uint8_t *)room)[i] = (uint8_t)raw;
		else if (x.width == 2)
			((uint16_t *)room)[i] = (uint16_t)raw;
		else
			((uint32_t *)room)[i] = (uint32_t)raw;
	}
	if (form > 3) {
		x.word = words;
		x.words = 60;
	}
	return (x);
}

/* Against a search for the last row like it, one or two columns, of all widths; of small numbers, and of large ones. */
static void
test_search(void **state)
{
	static uint64_t a[3000], b[3000], v[3000], others[BITS_WORDS(3000)], stored[3000], back[3000], room[2][3000], words[2][3000];
	struct like *l = like_new();

	(void)state;
	for (unsigned round = 0; round < 120; round++) {
		uint32_t n = (round / 6 % 2 ? 2048 : 1) + (uint32_t)rnd() % 900, count = 0, got;
		unsigned large = round % 3 * 30 * (round / 12 % 2);
		struct narrow ka, kb;
		bool two = round % 2;

		for (uint32_t i = 0; i < n; i++) {
			bool repeats = false;

			a[i] = rnd() % 30 << large;
			b[i] = rnd() % 5;
			v[i] = rnd() % (round % 5 == 0 ? 4 : 400) == 0 ? rnd() : a[i] * 3;
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
		ka = large > 0 ? wide(a) : as((unsigned)(rnd() % 6), a, n, room[0], words[0]);
		kb = as((unsigned)(rnd() % 6), b, n, room[1], words[1]);
		assert_true(filled(l, &ka, two ? &kb : NULL, others, stored, n, back));
		assert_memory_equal(v, back, n * sizeof(*v));
		bit_clear(others, 0); /* it is the first of its kind */
		assert_false(filled(l, &ka, two ? &kb : NULL, others, stored, n, back));
	}
	like_free(&l);
}

/* A key of which different numbers are the same value. */
static void
test_round(void **state)
{
	static uint16_t a[2048], which[2048];
	uint64_t others[BITS_WORDS(2048)] = { 1 };
	const struct narrow key = { .width = 2, .v2 = a, .base = 7, .unit = 1ull << 63 };
	struct like *l = like_new();

	(void)state;
	for (uint32_t i = 0; i < 2048; i++)
		a[i] = (uint16_t)(2 * i);
	assert_true(like_find(l, &key, NULL, others, 2048, which));
	for (uint32_t i = 0; i < 2048; i++)
		assert_int_equal(which[i], 1);
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
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_before),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_codec.c: every encoding undoes itself, and says no to bytes that are cut.
 */
#include "format/base/bits.h"
#include "format/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

static uint64_t v[CODER_MAX], got[CODER_MAX];

/* Shapes of columns, each with what makes one encoding best. */
static void
shape(unsigned kind, uint32_t n)
{
	uint64_t at = 1700000000000000000ull;

	for (uint32_t i = 0; i < n; i++) {
		switch (kind) {
		case 0: v[i] = rnd(); break;                                  /* random */
		case 1: v[i] = 1000 + rnd() % 8; break;                       /* a small range */
		case 2: v[i] = at += rnd() % 100 * 1000; break;               /* times, whole us */
		case 3: v[i] = rnd() % 100 == 0 ? rnd() : 7; break;           /* mostly one value */
		case 4: v[i] = rnd() % 3 * 0x123456789abcull; break;          /* few distinct ones */
		case 5: v[i] = 1ull << rnd() % 64; break;                     /* all sizes */
		case 6: v[i] = i % 2 ? UINT64_MAX : 0; break;                 /* the ends */
		case 7: v[i] = UINT64_MAX - i; break;                         /* falling */
		case 8: v[i] = i / 128 * 1000000 + rnd() % 16; break;         /* steps */
		case 9: v[i] = rnd() % 20 ? rnd() % 100 : rnd() % (1u << 30); break; /* a heavy tail */
		default: v[i] = 0; break;                                     /* constant */
		}
	}
}

#define SHAPES 11

static void
test_round_trip(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 7, 8, 9, 127, 128, 129, 1000, CODER_MAX };
	static const enum coding codes[] = { CODE_PLAIN, CODE_PACKED, CODE_GROUPS, CODE_DELTA, CODE_VARINT,
		CODE_SPARSE, CODE_BYTES, CODE_UNITS };
	struct coder *k = coder_new();
	struct buf b = { 0 };

	(void)state;
	for (unsigned s = 0; s < SHAPES; s++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			uint32_t n = sizes[i];
			struct plan plan;
			struct cursor c;

			shape(s, n);
			plan = u64_plan(k, v, n);
			b.len = 0;
			u64_put_nested(k, &plan, plan.best, v, n, &b);
			c = cur_new(b.p, b.len);
			memset(got, 0xa5, sizeof(got));
			assert_true(u64_get_nested(k, &c, got, n));
			assert_int_equal(cur_left(&c), 0);
			assert_memory_equal(got, v, n * sizeof(*v));
			for (size_t j = 0; j < sizeof(codes) / sizeof(codes[0]) && plan.best != CODE_CONST; j++) {
				if (codes[j] == CODE_UNITS && plan.min % plan.unit != 0)
					continue;
				b.len = 0;
				u64_put(k, &plan, codes[j], v, n, &b);
				c = cur_new(b.p, b.len);
				assert_true(u64_get(k, codes[j], &c, got, n));
				assert_int_equal(cur_left(&c), 0);
				assert_memory_equal(got, v, n * sizeof(*v));
			}
		}
	coder_free(&k);
	buf_free(&b);
}

/* All widths of packed bits, in memory of exactly their size (the sanitizer sees a read behind it). */
static void
test_widths(void **state)
{
	struct coder *k = coder_new();
	struct buf b = { 0 };

	(void)state;
	for (unsigned bits = 1; bits <= 64; bits++)
		for (uint32_t n = 1; n < 300; n += 37) {
			struct plan plan;
			struct cursor c;
			uint8_t *exact;

			for (uint32_t i = 0; i < n; i++)
				v[i] = bits == 64 ? rnd() : rnd() & ((1ull << bits) - 1);
			plan = u64_plan(k, v, n);
			if (plan.best == CODE_CONST)
				continue;
			b.len = 0;
			u64_put(k, &plan, CODE_PACKED, v, n, &b);
			exact = malloc(b.len);
			assert_non_null(exact);
			memcpy(exact, b.p, b.len);
			c = cur_new(exact, b.len);
			assert_true(u64_get(k, CODE_PACKED, &c, got, n));
			assert_memory_equal(got, v, n * sizeof(*v));
			for (size_t cut = 0; cut < b.len; cut++) {
				c = cur_new(exact, cut);
				assert_false(u64_get(k, CODE_PACKED, &c, got, n));
			}
			free(exact);
		}
	coder_free(&k);
	buf_free(&b);
}

/* Bodies worked out by hand from pavo(5). */
static void
test_by_hand(void **state)
{
	static const struct {
		const char *msg;
		enum coding code;
		uint8_t body[16];
		size_t len;
		uint64_t want[4];
		uint32_t n;
	} cases[] = {
		{ "constant 300", CODE_CONST, { 0xac, 0x02 }, 2, { 300, 300, 300 }, 3 },
		{ "plain, 2 bytes", CODE_PLAIN, { 2, 1, 0, 0, 1 }, 5, { 1, 256 }, 2 },
		{ "packed: 10 + 1 * {1, 2, 3}, 2 bits", CODE_PACKED, { 10, 1, 2, 0x39 }, 4, { 11, 12, 13 }, 3 },
		{ "packed: unit 5, 3 bits", CODE_PACKED, { 0, 5, 3, 0x0a }, 4, { 10, 5 }, 2 },
		{ "groups: 100 + 1 * (4 + {0, 1})", CODE_GROUPS, { 100, 1, 4, 1, 0x02 }, 5, { 104, 105 }, 2 },
		{ "delta: 5, +1, -1", CODE_DELTA, { 5, 1, 1, 1, 0x01 }, 5, { 5, 6, 5 }, 3 },
		{ "varint", CODE_VARINT, { 0x7f, 0x80, 0x01 }, 3, { 127, 128 }, 2 },
		{ "sparse: 9 but for row 1 = 4", CODE_SPARSE, { 9, 1, 1, 4 }, 4, { 9, 4, 9 }, 3 },
		{ "dictionary {3, 10}: 10 3 10", CODE_DICT, { 2, 3, 7, 1, 0x05 }, 5, { 10, 3, 10 }, 3 },
		{ "units of 1000", CODE_UNITS, { 0xe8, 0x07, 2, 0x80, 0x01 }, 5, { 2000, 128000 }, 2 },
		{ "bytes, 2 wide", CODE_BYTES, { 2, 1, 2, 3, 4 }, 5, { 0x301, 0x402 }, 2 },
	};
	struct coder *k = coder_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cursor c = cur_new(cases[i].body, cases[i].len);

		if (!u64_get(k, cases[i].code, &c, got, cases[i].n) || cur_left(&c) != 0 ||
		    memcmp(got, cases[i].want, cases[i].n * sizeof(*got)) != 0)
			fail_msg("%s", cases[i].msg);
	}
	coder_free(&k);
}

static void
test_wrong(void **state)
{
	static const struct {
		const char *msg;
		enum coding code;
		uint8_t body[16];
		size_t len;
		uint32_t n;
	} cases[] = {
		{ "width 9", CODE_PLAIN, { 9, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 10, 1 },
		{ "width 0", CODE_PLAIN, { 0 }, 1, 1 },
		{ "65 bits", CODE_PACKED, { 0, 1, 65, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 12, 1 },
		{ "more exceptions than rows", CODE_SPARSE, { 0, 3, 0, 0, 0, 1, 1, 1 }, 8, 2 },
		{ "a position behind the end", CODE_SPARSE, { 0, 1, 2, 1 }, 4, 2 },
		{ "an index behind the dictionary", CODE_DICT, { 1, 3, 1, 0x02 }, 4, 2 },
		{ "an empty dictionary", CODE_DICT, { 0, 0 }, 2, 2 },
		{ "difference is not of numbers alone", CODE_DIFF, { 0, 0 }, 2, 2 },
		{ "no such encoding", 10, { 0, 0 }, 2, 2 },
	};
	struct coder *k = coder_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cursor c = cur_new(cases[i].body, cases[i].len);

		if (u64_get(k, cases[i].code, &c, got, cases[i].n))
			fail_msg("%s", cases[i].msg);
	}
	coder_free(&k);
}

/* The encoding that is chosen is about as small as the shape allows. */
static void
test_choice(void **state)
{
	static const struct {
		unsigned shape;
		size_t most; /* bytes for 32768 values */
	} cases[] = {
		{ 0, 32768 * 8 + 300 },
		{ 1, 32768 * 3 / 8 + 600 },
		{ 2, 32768 + 2048 },     /* 100 steps of 1 us: 7 bits, zigzag 8 */
		{ 3, 330 * 14 },         /* one in a hundred, 10 bytes and its place */
		{ 4, 32768 / 4 + 32 },
		{ 7, 2048 },
		{ 8, 32768 / 2 + 2048 },
		{ 10, 1 },
	};
	struct coder *k = coder_new();
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan;

		shape(cases[i].shape, CODER_MAX);
		plan = u64_plan(k, v, CODER_MAX);
		b.len = 0;
		u64_put(k, &plan, plan.best, v, CODER_MAX, &b);
		if (b.len > cases[i].most)
			fail_msg("shape %u: %zu bytes in encoding %d", cases[i].shape, b.len, plan.best);
	}
	coder_free(&k);
	buf_free(&b);
}

static void
test_sets(void **state)
{
	static const uint32_t sizes[] = { 1, 63, 64, 65, 1000, CODER_MAX };
	static uint64_t set[BITS_WORDS(CODER_MAX)], back[BITS_WORDS(CODER_MAX)];
	bool seen[5] = { false };
	struct buf b = { 0 };

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		for (unsigned kind = 0; kind < 7; kind++) {
			uint32_t rows = sizes[s], count;
			enum set_kind how;
			struct cursor c;

			memset(set, 0, sizeof(set));
			for (uint32_t r = 0; r < rows; r++)
				if (kind == 0 || (kind == 1 && rnd() % 100 == 0) || (kind == 2 && rnd() % 100 != 0) ||
				    (kind == 3 && rnd() % 2) || (kind == 4 && r / 100 % 2) ||
				    (kind == 5 && r == rows - 1))
					bit_set(set, r);
			count = (uint32_t)bits_count(set, rows);
			b.len = 0;
			how = set_put(set, rows, &b);
			seen[how] = true;
			assert_true(b.len <= (rows + 7) / 8);
			c = cur_new(b.p, b.len);
			assert_true(set_get(how, &c, back, rows, count));
			assert_memory_equal(set, back, BITS_WORDS(rows) * 8);
			c = cur_new(b.p, b.len);
			assert_false(set_get(how, &c, back, rows, count ^ 1));
			if (b.len > 0) {
				c = cur_new(b.p, b.len - 1);
				assert_false(set_get(how, &c, back, rows, count));
			}
		}
	for (enum set_kind how = SET_BITMAP; how <= SET_RUNS; how++)
		assert_true(seen[how]);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_sets),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

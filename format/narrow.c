/* SPDX-License-Identifier: BSD-2-Clause
 *
 * narrow.c: loops over numbers, one for each width.  Test: test_narrow.c, beside loops over narrow_at().
 */
#include "format/narrow.h"

#include "format/base/vector.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* `name`_1, _2, _4, _8, the last argument of each the width's own loop. */
#define EACH_WIDTH(make) make(1, uint8_t) make(2, uint16_t) make(4, uint32_t) make(8, uint64_t)

/* --- to 64 bits */

#define WIDEN(w, type)                                                                            \
	WIDE static void widen_##w(const type *v, uint32_t n, uint64_t base, uint64_t unit,       \
	    uint64_t *restrict to)                                                                \
	{                                                                                         \
		if (unit == 1)                                                                    \
			for (uint32_t i = 0; i < n; i++)                                          \
				to[i] = base + v[i];                                              \
		else                                                                              \
			for (uint32_t i = 0; i < n; i++)                                          \
				to[i] = base + unit * v[i];                                       \
	}                                                                                         \
	static void words_##w(const type *v, uint32_t n, const uint64_t *word, uint64_t *to)      \
	{                                                                                         \
		for (uint32_t i = 0; i < n; i++)                                                  \
			to[i] = word[v[i]];                                                       \
	}                                                                                         \
	static uint64_t sum_of_words_##w(const type *v, uint32_t n, const uint64_t *word)         \
	{                                                                                         \
		uint64_t sum = 0;                                                                 \
		_Pragma("GCC unroll 8")                                                           \
		for (uint32_t i = 0; i < n; i++)                                                  \
			sum += word[v[i]];                                                        \
		return (sum);                                                                     \
	}

WIDEN(1, uint8_t)
WIDEN(2, uint16_t)
WIDEN(4, uint32_t)

WIDE static void
fill(uint64_t *to, uint32_t n, uint64_t value)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = value;
}

void
narrow_widen(const struct narrow *x, uint32_t from, uint32_t n, uint64_t *to)
{
	switch (x->width) {
	case 0:
		fill(to, n, narrow_at(x, 0));
		break;
	case 1:
		if (x->word != NULL)
			words_1(x->v1 + from, n, x->word, to);
		else
			widen_1(x->v1 + from, n, x->base, x->unit, to);
		break;
	case 2:
		if (x->word != NULL)
			words_2(x->v2 + from, n, x->word, to);
		else
			widen_2(x->v2 + from, n, x->base, x->unit, to);
		break;
	case 4:
		if (x->word != NULL)
			words_4(x->v4 + from, n, x->word, to);
		else
			widen_4(x->v4 + from, n, x->base, x->unit, to);
		break;
	default:
		memcpy(to, x->v8 + from, n * sizeof(*to));
		break;
	}
}

#define PICK(w, type)                                                                             \
	static void pick_##w(const type *v, const uint32_t *place, uint32_t n, uint64_t base,     \
	    uint64_t unit, uint64_t *to)                                                          \
	{                                                                                         \
		for (uint32_t i = 0; i < n; i++)                                                  \
			to[i] = base + unit * v[place[i]];                                        \
	}

EACH_WIDTH(PICK)

void
narrow_pick(const struct narrow *x, const uint32_t *place, uint32_t n, uint64_t *to)
{
	uint64_t base = x->word != NULL ? 0 : x->base, unit = x->word != NULL ? 1 : x->unit;

	switch (x->width) {
	case 0:
		fill(to, n, narrow_at(x, 0));
		return;
	case 1:
		pick_1(x->v1, place, n, base, unit, to);
		break;
	case 2:
		pick_2(x->v2, place, n, base, unit, to);
		break;
	case 4:
		pick_4(x->v4, place, n, base, unit, to);
		break;
	default:
		pick_8(x->v8, place, n, base, unit, to);
		break;
	}
	for (uint32_t i = 0; x->word != NULL && i < n; i++)
		to[i] = x->word[to[i]];
}

/* --- sums and spans */

/* The sum of numbers of up to 32 bits can not go round: there are fewer than 2^32.  Of 64 bits the halves are added. */
#define RAW_LOOPS(w, type)                                                                        \
	WIDE static type max_##w(const type *v, uint32_t n)                                       \
	{                                                                                         \
		type max = v[0];                                                                  \
		for (uint32_t i = 1; i < n; i++)                                                  \
			max = v[i] > max ? v[i] : max;                                            \
		return (max);                                                                     \
	}                                                                                         \
	WIDE static type min_##w(const type *v, uint32_t n)                                       \
	{                                                                                         \
		type min = v[0];                                                                  \
		for (uint32_t i = 1; i < n; i++)                                                  \
			min = v[i] < min ? v[i] : min;                                            \
		return (min);                                                                     \
	}                                                                                         \
	WIDE static uint64_t sum_##w(const type *v, uint32_t n, uint64_t *high)                   \
	{                                                                                         \
		uint64_t low = 0, up = 0;                                                         \
		for (uint32_t i = 0; i < n; i++) {                                                \
			low += v[i] & UINT32_MAX;                                                 \
			up += sizeof(type) == 8 ? (uint64_t)v[i] >> 32 : 0;                       \
		}                                                                                 \
		*high = up;                                                                       \
		return (low);                                                                     \
	}

EACH_WIDTH(RAW_LOOPS)

WIDE uint64_t
narrow_or_u64(const uint64_t *v, uint32_t n)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < n; i++)
		all |= v[i];
	return (all);
}

uint64_t
narrow_raw_max(const struct narrow *x, uint32_t n)
{
	switch (x->width) {
	case 0:
		return (0);
	case 1:
		return (max_1(x->v1, n));
	case 2:
		return (max_2(x->v2, n));
	case 4:
		return (max_4(x->v4, n));
	default:
		return (max_8(x->v8, n));
	}
}

static uint64_t
raw_min(const struct narrow *x, uint32_t from, uint32_t n)
{
	switch (x->width) {
	case 0:
		return (0);
	case 1:
		return (min_1(x->v1 + from, n));
	case 2:
		return (min_2(x->v2 + from, n));
	case 4:
		return (min_4(x->v4 + from, n));
	default:
		return (min_8(x->v8 + from, n));
	}
}

/* The numbers from `from` on alone. */
static struct narrow
part(const struct narrow *x, uint32_t from)
{
	struct narrow p = *x;

	p.v = x->v == NULL ? NULL : (const uint8_t *)x->v + (size_t)from * x->width;
	return (p);
}

#define PIECE 512 /* values at a time, of those for which there is no shorter way */

/* base + unit * most is less than 2^64: the values are in the order of the numbers. */
static bool
is_plain(const struct narrow *x, uint64_t most)
{
	uint64_t top;

	return (x->word == NULL && !__builtin_mul_overflow(x->unit, most, &top) &&
	    !__builtin_add_overflow(top, x->base, &top));
}

static uint64_t
add(uint64_t a, uint64_t b)
{
	return (__builtin_add_overflow(a, b, &a) ? UINT64_MAX : a);
}

static uint64_t
halves(uint64_t low, uint64_t high)
{
	if (high > UINT32_MAX)
		return (UINT64_MAX);
	return (add(low, high << 32));
}

static uint64_t
sum_of_some(const struct narrow *x, uint32_t n)
{
	uint64_t high = 0, low;

	switch (x->width) {
	case 0:
		return (0);
	case 1:
		return (sum_1(x->v1, n, &high));
	case 2:
		return (sum_2(x->v2, n, &high));
	case 4:
		return (sum_4(x->v4, n, &high));
	default:
		low = sum_8(x->v8, n, &high);
		return (halves(low, high));
	}
}

/* Of words that can not go beyond 64 bits. */
static uint64_t
sum_of_words(const struct narrow *x, uint32_t n)
{
	switch (x->width) {
	case 1:
		return (sum_of_words_1(x->v1, n, x->word));
	case 2:
		return (sum_of_words_2(x->v2, n, x->word));
	default:
		return (sum_of_words_4(x->v4, n, x->word));
	}
}

uint64_t
narrow_sum(const struct narrow *x, uint32_t from, uint32_t n)
{
	struct narrow p = part(x, from);
	uint64_t v[PIECE], high, low, sum = 0;

	if (x->width == 8)
		return (sum_of_some(&p, n));
	if (x->word != NULL && x->width > 0 && x->words < n && narrow_or_u64(x->word, x->words) <= UINT32_MAX)
		return (sum_of_words(&p, n));
	if (x->word == NULL && is_plain(x, x->width == 0 ? 0 : UINT64_MAX >> (64 - 8 * x->width))) {
		if (__builtin_mul_overflow(x->base, (uint64_t)n, &sum) ||
		    __builtin_mul_overflow(sum_of_some(&p, n), x->unit, &low))
			return (UINT64_MAX);
		return (add(sum, low));
	}
	for (uint32_t i = 0; i < n; i += PIECE) {
		uint32_t m = n - i < PIECE ? n - i : PIECE;

		narrow_widen(&p, i, m, v);
		low = sum_8(v, m, &high);
		sum = add(sum, halves(low, high));
	}
	return (sum);
}

void
narrow_span(const struct narrow *x, uint32_t from, uint32_t n, uint64_t *min, uint64_t *max)
{
	struct narrow p = part(x, from);
	uint64_t v[PIECE], most;

	if (x->word == NULL && is_plain(x, most = narrow_raw_max(&p, n))) {
		*min = x->base + x->unit * raw_min(&p, 0, n);
		*max = x->base + x->unit * most;
		return;
	}
	*min = UINT64_MAX;
	*max = 0;
	for (uint32_t i = 0; i < n; i += PIECE) {
		uint32_t m = n - i < PIECE ? n - i : PIECE;
		uint64_t lo, hi;

		narrow_widen(&p, i, m, v);
		lo = min_8(v, m);
		hi = max_8(v, m);
		*min = lo < *min ? lo : *min;
		*max = hi > *max ? hi : *max;
	}
}

uint64_t
narrow_or(const struct narrow *x, uint32_t from, uint32_t n)
{
	struct narrow p = part(x, from);
	uint64_t v[PIECE], all = 0;

	if (n > 0 && x->width == 0)
		return (narrow_at(x, 0));
	for (uint32_t i = 0; i < n; i += PIECE) {
		uint32_t m = n - i < PIECE ? n - i : PIECE;

		narrow_widen(&p, i, m, v);
		all |= narrow_or_u64(v, m);
	}
	return (all);
}

/* --- bitmaps of which values are what is looked for */

/* 64 bytes of 0 and 1 as a word: the eighth byte of each product has one bit of each of eight. */
static inline uint64_t
word_of(const uint8_t *yes, uint32_t n)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < n; i++)
		bits |= (uint64_t)yes[i] << i;
	return (bits);
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static inline uint64_t
word_of_64(const uint8_t *yes)
{
	uint64_t bits = 0;

#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++) {
		uint64_t eight;

		memcpy(&eight, yes + 8 * i, 8);
		bits |= (eight * 0x0102040810204080ull >> 56) << 8 * i;
	}
	return (bits);
}
#else
static inline uint64_t
word_of_64(const uint8_t *yes)
{
	return (word_of(yes, 64));
}
#endif

#define BETWEEN(w, type)                                                                          \
	WIDE static void between_##w(const type *v, uint32_t n, type lo, type width, uint64_t *to) \
	{                                                                                         \
		for (uint32_t i = 0; i < n / 64; i++, v += 64) {                                  \
			uint8_t yes[64];                                                          \
			for (unsigned j = 0; j < 64; j++)                                         \
				yes[j] = (type)(v[j] - lo) <= width;                              \
			to[i] = word_of_64(yes);                                                  \
		}                                                                                 \
		if (n % 64 != 0) {                                                                \
			uint8_t yes[64];                                                          \
			for (unsigned j = 0; j < n % 64; j++)                                     \
				yes[j] = (type)(v[j] - lo) <= width;                              \
			to[n / 64] = word_of(yes, n % 64);                                        \
		}                                                                                 \
	}                                                                                         \
	static void lookup_##w(const type *v, uint32_t n, uint64_t base, uint64_t unit,           \
	    const uint8_t *table, uint64_t *to)                                                   \
	{                                                                                         \
		for (uint32_t i = 0; i < n; i += 64) {                                            \
			uint32_t m = n - i < 64 ? n - i : 64;                                     \
			uint64_t bits = 0;                                                        \
			for (uint32_t j = 0; j < m; j++)                                          \
				bits |= (uint64_t)table[base + unit * v[i + j]] << j;             \
			to[i / 64] = bits;                                                        \
		}                                                                                 \
	}

EACH_WIDTH(BETWEEN)

static void
all_or_none(bool all, uint32_t n, uint64_t *to)
{
	memset(to, all ? 0xff : 0, (size_t)(n + 63) / 64 * 8);
	if (all && n % 64 != 0)
		to[n / 64] = (1ull << n % 64) - 1;
}

static void
raw_between(const struct narrow *x, uint32_t n, uint64_t lo, uint64_t hi, uint64_t *to)
{
	switch (x->width) {
	case 0:
		all_or_none(lo == 0, n, to);
		break;
	case 1:
		between_1(x->v1, n, (uint8_t)lo, (uint8_t)(hi - lo), to);
		break;
	case 2:
		between_2(x->v2, n, (uint16_t)lo, (uint16_t)(hi - lo), to);
		break;
	case 4:
		between_4(x->v4, n, (uint32_t)lo, (uint32_t)(hi - lo), to);
		break;
	default:
		between_8(x->v8, n, lo, hi - lo, to);
		break;
	}
}

void
narrow_between(const struct narrow *x, uint32_t n, uint64_t lo, uint64_t hi, uint64_t *to)
{
	uint64_t most = x->width == 0 ? 0 : UINT64_MAX >> (64 - 8 * x->width), v[64];

	if (lo > hi) {
		all_or_none(false, n, to);
	} else if (x->word == NULL && is_plain(x, most)) { /* the question as one of the numbers */
		uint64_t top = x->base + x->unit * most;

		if (hi < x->base || lo > top) {
			all_or_none(false, n, to);
			return;
		}
		lo = lo <= x->base ? 0 : (lo - x->base - 1) / x->unit + 1; /* unit 0: lo is base */
		hi = hi >= top ? most : (hi - x->base) / x->unit;
		if (lo > hi)
			all_or_none(false, n, to);
		else
			raw_between(x, n, lo, hi, to);
	} else {
		for (uint32_t i = 0; i < n; i += 64) {
			uint32_t m = n - i < 64 ? n - i : 64;

			narrow_widen(x, i, m, v);
			between_8(v, m, lo, hi - lo, &to[i / 64]);
		}
	}
}

void
narrow_lookup(const struct narrow *x, uint32_t n, const uint8_t *table, uint64_t *to)
{
	uint64_t base = x->word == NULL ? x->base : 0, unit = x->word == NULL ? x->unit : 1;

	switch (x->width) {
	case 0:
		all_or_none(table[base] != 0, n, to);
		break;
	case 1:
		lookup_1(x->v1, n, base, unit, table, to);
		break;
	case 2:
		lookup_2(x->v2, n, base, unit, table, to);
		break;
	case 4:
		lookup_4(x->v4, n, base, unit, table, to);
		break;
	default:
		lookup_8(x->v8, n, base, unit, table, to);
		break;
	}
}

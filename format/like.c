/* SPDX-License-Identifier: BSD-2-Clause
 *
 * like.c: a table of what the last row with some values had.
 */
#include "format/like.h"

#include "format/base/bits.h"
#include "format/base/hash.h"
#include "format/base/mem.h"
#include "format/base/vector.h"
#include "format/narrow.h"

#include <string.h>

#define SLOTS  (2 * CODER_MAX)
#define PIECE  512 /* rows at a time */
#define DIRECT_BITS 21 /* pairs of values, if no more are possible, need no hash */

#define PLACES (sizeof(uint16_t) << DIRECT_BITS)

struct last {
	uint64_t a, b, v;
};

struct like {
	uint64_t by_a, by_b; /* odd, secret: who is recorded chooses many of the values */
	uint32_t mask, used;
	uint16_t slot[SLOTS]; /* number of its entry + 1; 0: empty */
	struct last last[CODER_MAX];
	uint16_t *place; /* the same for each possible pair, else 0; NULL: not needed yet */
	uint32_t pair[CODER_MAX + 1];  /* by that number, to be made 0 again */
	uint64_t value[CODER_MAX + 1];
	uint32_t word[2][CODER_MAX + 1]; /* those of keys, as they are in pairs */
};

struct like *
like_new(void)
{
	struct like *l = mem_reserve(sizeof(*l));
	const uint64_t seed = hash_seed();

	l->by_a = hash64("a", 1, seed) | 1;
	l->by_b = hash64("b", 1, seed) | 1;
	return (l);
}

void
like_free(struct like **pl)
{
	struct like *l = *pl;

	if (l == NULL)
		return;
	if (l->place != NULL)
		mem_release(l->place, PLACES);
	mem_release(l, sizeof(*l));
	*pl = NULL;
}

static void
start(struct like *l, uint32_t n)
{
	uint32_t slots = 64;

	while (slots < 2 * n)
		slots *= 2;
	l->mask = slots - 1;
	l->used = 0;
	memset(l->slot, 0, slots * sizeof(l->slot[0]));
}

/* The entry of these values; *fresh: there was none. */
static inline __attribute__((always_inline)) struct last *
look(struct like *l, uint64_t a, uint64_t b, bool *fresh)
{
	uint64_t h = a * l->by_a + b * l->by_b;
	uint32_t s = (uint32_t)((h ^ h >> 32) * l->by_a >> 40) & l->mask;
	struct last *e;

	for (; l->slot[s] != 0; s = (s + 1) & l->mask) {
		e = &l->last[l->slot[s] - 1];
		if (e->a == a && e->b == b) {
			*fresh = false;
			return (e);
		}
	}
	e = &l->last[l->used];
	l->slot[s] = (uint16_t)++l->used;
	e->a = a;
	e->b = b;
	*fresh = true;
	return (e);
}

static unsigned
bits_of_all(const uint64_t *v, uint32_t n)
{
	uint64_t all = v == NULL ? 0 : narrow_or_u64(v, n);

	return (all == 0 ? 0 : 64 - (unsigned)__builtin_clzll(all));
}

/* Are pairs of a and b, the bits of b below those of a, numbers of DIRECT_BITS? */
static bool
few_pairs(const uint64_t *a, const uint64_t *b, uint32_t n, unsigned *shift)
{
	*shift = bits_of_all(b, n);
	return (*shift + bits_of_all(a, n) <= DIRECT_BITS);
}

/* The same, and there are so many rows that the table is worth having; where no pair is, there is no memory. */
static bool
direct_pairs(struct like *l, const uint64_t *a, const uint64_t *b, uint32_t n, unsigned *shift)
{
	if (n < LIKE_SAMPLE || !few_pairs(a, b, n, shift))
		return (false);
	if (l->place == NULL)
		l->place = mem_reserve(PLACES);
	return (true);
}

static void
forget_pairs(struct like *l)
{
	for (uint32_t i = 1; i <= l->used; i++)
		l->place[l->pair[i]] = 0;
}

/* Are there clearly more than `most` others, given those of the first `rows`? */
static inline bool
too_many(uint32_t count, uint32_t most, uint32_t rows)
{
	return (count > most || (rows == LIKE_SAMPLE && count > LIKE_SAMPLE / 8 * 7));
}

static uint32_t
others_by_hash(struct like *l, const uint64_t *a, const uint64_t *b, const uint64_t *v, uint32_t n, uint32_t most,
    uint64_t *others)
{
	uint32_t count = 0;

	start(l, n);
	for (uint32_t i = 0; i < n; i += 64) {
		uint32_t m = n - i < 64 ? n - i : 64;
		uint64_t word = 0;

		for (uint32_t j = 0; j < m; j++) {
			bool fresh;
			struct last *e = look(l, a[i + j], b == NULL ? 0 : b[i + j], &fresh);

			word |= (uint64_t)(fresh || e->v != v[i + j]) << j;
			e->v = v[i + j];
		}
		others[i / 64] = word;
		count += bits_of_word(word);
		if (too_many(count, most, i + 64))
			return (most + 1);
	}
	return (count);
}

#define PAIR(i) (b == NULL ? a[i] : a[i] << shift | b[i])

/* Rows that are all like others, which is most often known of the next ones when it was so of the last.  A pair that did
 * not come yet has place 0. */
static inline __attribute__((always_inline)) bool
all_repeat(const uint16_t *place, const uint64_t *value, const uint64_t *a, const uint64_t *b, unsigned shift,
    const uint64_t *v)
{
	uint64_t other = 0;
	uint32_t least = UINT32_MAX;

	for (uint32_t j = 0; j < 64; j++) {
		uint32_t at = place[PAIR(j)];

		least = at < least ? at : least;
		other |= value[at] ^ v[j];
	}
	return (other == 0 && least > 0);
}

static inline __attribute__((always_inline)) uint64_t
others_of_word(struct like *l, const uint64_t *a, const uint64_t *b, unsigned shift, const uint64_t *v, uint32_t n)
{
	uint16_t *const place = l->place;
	uint64_t *const value = l->value, word = 0;

	for (uint32_t j = 0; j < n; j++) {
		uint64_t pair = PAIR(j);
		uint32_t at = place[pair];

		if (at == 0) {
			at = ++l->used;
			place[pair] = (uint16_t)at;
			l->pair[at] = (uint32_t)pair;
			value[at] = ~v[j]; /* not this one */
		}
		word |= (uint64_t)(value[at] != v[j]) << j;
		value[at] = v[j];
	}
	return (word);
}

static inline __attribute__((always_inline)) uint32_t
others_direct(struct like *l, const uint64_t *a, const uint64_t *b, unsigned shift, const uint64_t *v, uint32_t n,
    uint32_t most, uint64_t *others)
{
	uint32_t count = 0;
	bool clean = false;

	l->used = 0;
	for (uint32_t i = 0; i < n; i += 64, a += 64, b = b == NULL ? NULL : b + 64) {
		uint32_t m = n - i < 64 ? n - i : 64;
		uint64_t word = 0;

		if (!clean || m < 64 || !all_repeat(l->place, l->value, a, b, shift, v + i))
			word = others_of_word(l, a, b, shift, v + i, m);
		clean = word == 0;
		others[i / 64] = word;
		count += bits_of_word(word);
		if (too_many(count, most, i + 64)) {
			count = most + 1;
			break;
		}
	}
	forget_pairs(l);
	return (count);
}

uint32_t
like_others(struct like *l, const uint64_t *a, const uint64_t *b, const uint64_t *v, uint32_t n, uint32_t most,
    uint64_t *others)
{
	unsigned shift;

	if (!direct_pairs(l, a, b, n, &shift))
		return (others_by_hash(l, a, b, v, n, most, others));
	return (b == NULL ? others_direct(l, a, NULL, 0, v, n, most, others)
			  : others_direct(l, a, b, shift, v, n, most, others));
}

/* --- rows by which of those that are told they are like ------------------------------------------ */

/* The bits of its numbers, or of its words: these are enough to tell its values apart; else more than DIRECT_BITS. */
static unsigned
bits_of_key(const struct narrow *x, uint32_t n)
{
	uint64_t most, top;

	if (x == NULL)
		return (0);
	most = x->word != NULL ? narrow_or_u64(x->word, x->words) : narrow_raw_max(x, n);
	if (most == 0)
		return (0);
	if (x->word == NULL && (x->unit == 0 || __builtin_mul_overflow(x->unit, most, &top)))
		return (64); /* some of them are the same again */
	return (64 - (unsigned)__builtin_clzll(most));
}

/* Numbers of 32 bits: those of the first key moved up, then those of the second below them. */
#define PAIRS(w, type)                                                                                            \
	WIDE static void first_##w(const type *v, uint32_t n, unsigned shift, uint32_t *restrict to)              \
	{                                                                                                         \
		for (uint32_t i = 0; i < n; i++)                                                                  \
			to[i] = (uint32_t)v[i] << shift;                                                          \
	}                                                                                                         \
	WIDE static void second_##w(const type *v, uint32_t n, uint32_t *restrict to)                             \
	{                                                                                                         \
		for (uint32_t i = 0; i < n; i++)                                                                  \
			to[i] |= (uint32_t)v[i];                                                                  \
	}                                                                                                         \
	static void put_words_##w(const type *v, uint32_t n, const uint32_t *word, uint32_t *restrict to)         \
	{                                                                                                         \
		_Pragma("GCC unroll 8")                                                                           \
		for (uint32_t i = 0; i < n; i++)                                                                  \
			to[i] = word[v[i]];                                                                       \
	}                                                                                                         \
	static void add_words_##w(const type *v, uint32_t n, const uint32_t *word, uint32_t *restrict to)         \
	{                                                                                                         \
		_Pragma("GCC unroll 8")                                                                           \
		for (uint32_t i = 0; i < n; i++)                                                                  \
			to[i] |= word[v[i]];                                                                      \
	}

PAIRS(1, uint8_t)
PAIRS(2, uint16_t)
PAIRS(4, uint32_t)
PAIRS(8, uint64_t)

#define KEY(w)                                                                           \
	if (x->word != NULL && first)                                                    \
		put_words_##w(x->v##w + from, n, word, to);                              \
	else if (x->word != NULL)                                                        \
		add_words_##w(x->v##w + from, n, word, to);                              \
	else if (first)                                                                  \
		first_##w(x->v##w + from, n, shift, to);                                 \
	else                                                                             \
		second_##w(x->v##w + from, n, to);                                       \
	break;

static void
put_key(const struct narrow *x, uint32_t from, uint32_t n, unsigned shift, const uint32_t *word, bool first, uint32_t *to)
{
	switch (x->width) {
	case 0:
		if (first)
			memset(to, 0, n * sizeof(*to));
		break;
	case 1:
		KEY(1)
	case 2:
		KEY(2)
	case 4:
		KEY(4)
	default:
		KEY(8)
	}
}

static void
move_words(const struct narrow *x, unsigned shift, uint32_t *to)
{
	for (uint32_t i = 0; x != NULL && x->word != NULL && i < x->words; i++)
		to[i] = (uint32_t)x->word[i] << shift;
}

/* Rows that are all like others. */
static __attribute__((noinline)) void
repeat(const uint16_t *restrict place, const uint32_t *restrict pair, uint32_t n, uint16_t *restrict which)
{
#pragma GCC unroll 8
	for (uint32_t j = 0; j < n; j++)
		which[j] = place[pair[j]];
}

/* Up to 64 rows of which some are told; how many are by now.  Apart from the above: compilers read ahead for both. */
static __attribute__((noinline)) size_t
learn(uint16_t *restrict place, uint32_t *restrict of, const uint32_t *restrict pair, uint64_t others, size_t told, uint32_t n,
    uint16_t *restrict which)
{
#pragma GCC unroll 8
	for (uint32_t j = 0; j < n; j++, others >>= 1) {
		size_t p = pair[j], at = place[p];

		of[told] = pair[j]; /* it stays, if it is told */
		told += others & 1;
		at = others & 1 ? told : at;
		place[p] = (uint16_t)at;
		which[j] = (uint16_t)at;
	}
	return (told);
}

/* A pair is its place in a table. */
static void
find_direct(struct like *l, const struct narrow *a, const struct narrow *b, unsigned shift, const uint64_t *others,
    uint32_t n, uint16_t *which)
{
	uint32_t pair[PIECE];
	size_t told = 0;

	if (l->place == NULL) /* where no pair is, there is no memory */
		l->place = mem_reserve(PLACES);
	move_words(a, shift, l->word[0]);
	move_words(b, 0, l->word[1]);
	for (uint32_t i = 0; i < n; i += PIECE) {
		uint32_t end = n - i < PIECE ? n - i : PIECE;

		put_key(a, i, end, shift, l->word[0], true, pair);
		if (b != NULL)
			put_key(b, i, end, 0, l->word[1], false, pair);
		for (uint32_t j = 0; j < end; j += 64) {
			uint64_t bits = others[(i + j) / 64];
			uint32_t m = end - j < 64 ? end - j : 64;

			if (bits == 0)
				repeat(l->place, pair + j, m, which + i + j);
			else
				told = learn(l->place, l->pair, pair + j, bits, told, m, which + i + j);
		}
	}
	while (told > 0)
		l->place[l->pair[--told]] = 0;
}

static void
find_any(struct like *l, const struct narrow *a, const struct narrow *b, const uint64_t *others, uint32_t n,
    uint16_t *which)
{
	uint64_t va[64], vb[64] = { 0 };
	uint16_t told = 0;

	start(l, n);
	for (uint32_t i = 0; i < n; i++) {
		struct last *e;
		bool fresh;

		if (i % 64 == 0) {
			uint32_t m = n - i < 64 ? n - i : 64;

			narrow_widen(a, i, m, va);
			if (b != NULL)
				narrow_widen(b, i, m, vb);
		}
		e = look(l, va[i % 64], vb[i % 64], &fresh);
		if (bit_get(others, i))
			e->v = ++told;
		else if (fresh)
			e->v = 0;
		which[i] = (uint16_t)e->v;
	}
}

WIDE static uint16_t
least(const uint16_t *v, uint32_t n)
{
	uint16_t min = UINT16_MAX;

	for (uint32_t i = 0; i < n; i++)
		min = v[i] < min ? v[i] : min;
	return (min);
}

bool
like_find(struct like *l, const struct narrow *a, const struct narrow *b, const uint64_t *others, uint32_t n,
    uint16_t *which)
{
	unsigned shift, high;

	if (n >= LIKE_SAMPLE && (shift = bits_of_key(b, n)) <= DIRECT_BITS &&
	    (high = bits_of_key(a, n)) <= DIRECT_BITS && high + shift <= DIRECT_BITS)
		find_direct(l, a, b, shift, others, n, which);
	else
		find_any(l, a, b, others, n, which);
	return (least(which, n) > 0);
}

void
like_before(struct like *l, const uint64_t *a, const uint64_t *b, const uint64_t *v, const uint64_t *first, uint32_t n,
    uint64_t *to)
{
	start(l, n);
	for (uint32_t i = 0; i < n; i++) {
		bool fresh;
		struct last *e = look(l, a[i], b[i], &fresh);

		to[i] = fresh ? first[i] : e->v;
		e->v = v[i];
	}
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * like.c: a table of what the last row with some values had.
 */
#include "format/like.h"

#include "format/base/bits.h"
#include "format/base/hash.h"
#include "format/base/mem.h"
#include "format/narrow.h"

#include <string.h>

#define SLOTS  (2 * CODER_MAX)
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
	for (uint32_t i = 0; i < n; i += 64, a += 64, b += b == NULL ? 0 : 64) {
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

/* Rows of a word that are all like others; false: one has no other. */
static inline bool
repeat(const struct like *l, const uint64_t *a, const uint64_t *b, unsigned shift, uint32_t n, uint64_t *v)
{
	bool lost = false;

	for (uint32_t j = 0; j < n; j++) {
		uint32_t at = l->place[a[j] << shift | (b == NULL ? 0 : b[j])];

		lost |= at == 0;
		v[j] = l->value[at];
	}
	return (!lost);
}

/* A row's pair is its place in a table. */
static bool
direct(struct like *l, const uint64_t *a, const uint64_t *b, unsigned shift, const uint64_t *others, const uint64_t *other,
    uint32_t n, uint64_t *v)
{
	uint16_t *const place = l->place;
	uint64_t *const value = l->value;

	l->used = 0;
	for (uint32_t i = 0; i < n; i += 64) {
		uint32_t m = n - i < 64 ? n - i : 64;
		uint64_t word = others[i / 64];

		if (word == 0) {
			if (!repeat(l, a + i, b == NULL ? NULL : b + i, shift, m, v + i))
				return (false);
			continue;
		}
		for (uint32_t j = i; j < i + m; j++, word >>= 1) {
			size_t pair = (size_t)(a[j] << shift | (b == NULL ? 0 : b[j]));
			uint32_t at = place[pair];

			if (at == 0) {
				if ((word & 1) == 0)
					return (false);
				at = ++l->used;
				l->pair[at] = (uint32_t)pair;
				place[pair] = (uint16_t)at;
			}
			if (word & 1)
				value[at] = *other++;
			v[j] = value[at];
		}
	}
	return (true);
}

static bool
fill_direct(struct like *l, const uint64_t *a, const uint64_t *b, unsigned shift, const uint64_t *others,
    const uint64_t *other, uint32_t n, uint64_t *v)
{
	bool good = direct(l, a, b, shift, others, other, n, v);

	forget_pairs(l);
	return (good);
}

bool
like_fill(struct like *l, const uint64_t *a, const uint64_t *b, const uint64_t *others, const uint64_t *other, uint32_t n,
    uint64_t *v)
{
	unsigned shift;

	if (direct_pairs(l, a, b, n, &shift))
		return (fill_direct(l, a, b, shift, others, other, n, v));
	start(l, n);
	for (uint32_t i = 0; i < n; i++) {
		bool fresh;
		struct last *e = look(l, a[i], b == NULL ? 0 : b[i], &fresh);

		if (bit_get(others, i))
			e->v = *other++;
		else if (fresh)
			return (false);
		v[i] = e->v;
	}
	return (true);
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

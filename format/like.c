/* SPDX-License-Identifier: BSD-2-Clause
 *
 * like.c: a table of what the last row with some values had.
 */
#include "format/like.h"

#include "format/base/bits.h"
#include "format/base/hash.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS  (2 * CODER_MAX)
#define SAMPLE 2048 /* rows after which it is clear whether rows repeat */
#define DIRECT (1u << 20) /* pairs of values, if no more are possible, need no hash */

struct last {
	uint64_t a, b, v;
};

struct like {
	uint64_t by_a, by_b; /* odd, secret: who is recorded chooses many of the values */
	uint32_t mask, used;
	uint16_t slot[SLOTS]; /* number of its entry + 1; 0: empty */
	struct last last[CODER_MAX];
	uint16_t *place; /* the same for each possible pair: DIRECT of them; NULL: not needed yet */
	uint64_t value[CODER_MAX + 1]; /* by that number */
};

struct like *
like_new(void)
{
	struct like *l = mem_zero(1, sizeof(*l));
	const uint64_t seed = hash_seed();

	l->by_a = hash64("a", 1, seed) | 1;
	l->by_b = hash64("b", 1, seed) | 1;
	return (l);
}

void
like_free(struct like **pl)
{
	if (*pl != NULL)
		free((*pl)->place);
	free(*pl);
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

uint32_t
like_others(struct like *l, const uint64_t *a, const uint64_t *b, const uint64_t *v, uint32_t n, uint32_t most,
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
		count += (uint32_t)__builtin_popcountll(word);
		if (count > most || (i + 64 == SAMPLE && count > SAMPLE / 8 * 7))
			return (most + 1);
	}
	return (count);
}

/* Pairs of a and b are numbers below `pairs`, if *times is what a counts for; false: there are too many. */
static bool
few_pairs(const uint64_t *a, const uint64_t *b, uint32_t n, uint64_t *times, size_t *pairs)
{
	uint64_t least, most_a, most_b = 0;

	u64_span(a, n, &least, &most_a);
	if (b != NULL)
		u64_span(b, n, &least, &most_b);
	if (most_a >= DIRECT || most_b >= DIRECT || (most_a + 1) * (most_b + 1) > DIRECT)
		return (false);
	*times = most_b + 1;
	*pairs = (size_t)((most_a + 1) * (most_b + 1));
	return (true);
}

/* A row's pair is its place in a table. */
static bool
fill_direct(struct like *l, const uint64_t *a, const uint64_t *b, uint64_t times, const uint64_t *others,
    const uint64_t *other, uint32_t n, uint64_t *v)
{
	uint16_t *const place = l->place;
	uint64_t *const value = l->value;
	uint32_t used = 0;

	for (uint32_t i = 0; i < n; i += 64) {
		uint32_t m = n - i < 64 ? n - i : 64;
		uint64_t word = others[i / 64];

		for (uint32_t j = i; j < i + m; j++, word >>= 1) {
			size_t pair = (size_t)(a[j] * times + (b == NULL ? 0 : b[j]));
			uint32_t at = place[pair];

			if (word & 1) {
				if (at == 0)
					place[pair] = (uint16_t)(at = ++used);
				value[at] = *other++;
			} else if (at == 0) {
				return (false);
			}
			v[j] = value[at];
		}
	}
	return (true);
}

bool
like_fill(struct like *l, const uint64_t *a, const uint64_t *b, const uint64_t *others, const uint64_t *other, uint32_t n,
    uint64_t *v)
{
	uint64_t times;
	size_t pairs;

	if (n >= SAMPLE && few_pairs(a, b, n, &times, &pairs)) {
		if (l->place == NULL)
			l->place = mem_alloc(DIRECT * sizeof(l->place[0]));
		memset(l->place, 0, pairs * sizeof(l->place[0]));
		return (fill_direct(l, a, b, times, others, other, n, v));
	}
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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * given.c: sets of rows by what another set has of them.
 */
#include "format/given.h"

#include "format/base/bits.h"
#include "format/base/vector.h"

#include <string.h>

#define SAMPLE 8 /* words are counted, one of so many, to find the set that tells most */

/* --- which one */

WIDE static uint32_t
common(const uint64_t *a, const uint64_t *b, uint32_t words)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < words; i++)
		n += (uint32_t)__builtin_popcountll(a[i] & b[i]);
	return (n);
}

static void
sample(const uint64_t *bits, uint32_t words, uint64_t *to)
{
	for (uint32_t i = 0; i < words; i++)
		to[i] = bits[i * SAMPLE];
}

/* What k of n rows take, roughly, in bytes: their numbers, or a bitmap. */
static uint32_t
cost(uint32_t n, uint32_t k)
{
	uint32_t few = k < n - k ? k : n - k, bits;

	if (few == 0)
		return (1);
	bits = few * (34u - (unsigned)__builtin_clz(n / few));
	return ((bits < n ? bits : n) / 8 + 2);
}

uint32_t
given_best(const struct given_set *set, uint32_t n, uint32_t rows, size_t bytes)
{
	uint64_t mine[BITS_WORDS(CODER_MAX) / SAMPLE], other[BITS_WORDS(CODER_MAX) / SAMPLE];
	uint32_t best = n, words = (uint32_t)BITS_WORDS(rows) / SAMPLE;
	uint32_t least = (uint32_t)bytes / 8 * 7, all;

	if (bytes < 64 || words < SAMPLE)
		return (n);
	sample(set[n].bits, words, mine);
	all = common(mine, mine, words);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t both, k = set[n].count, of = set[i].count, take;

		/* A part of it, or of those that it is a part of: else it tells little. */
		if (set[i].depth >= GIVEN_DEPTH || of < k / 2)
			continue;
		sample(set[i].bits, words, other);
		both = common(mine, other, words);
		both = all == 0 ? 0 : (uint32_t)((uint64_t)k * both / all);
		both = both < of ? both : of;
		take = cost(of, both) + cost(rows - of, k - both < rows - of ? k - both : rows - of);
		if (take < least) {
			least = take;
			best = i;
		}
	}
	return (best);
}

/* --- its members, numbered */

struct bits_end { /* where the next bits go, or come from */
	uint64_t *w;
	uint32_t at;
};

static void
push(struct bits_end *e, uint64_t bits, unsigned n)
{
	unsigned shift = e->at % 64;

	if (n == 0)
		return;
	e->w[e->at / 64] |= bits << shift;
	if (shift + n > 64)
		e->w[e->at / 64 + 1] |= bits >> (64 - shift);
	e->at += n;
}

static uint64_t
pull(struct bits_end *e, unsigned n)
{
	unsigned shift = e->at % 64;
	uint64_t bits;

	if (n == 0)
		return (0);
	bits = e->w[e->at / 64] >> shift;
	if (shift + n > 64)
		bits |= e->w[e->at / 64 + 1] << (64 - shift);
	e->at += n;
	return (n == 64 ? bits : bits & ((1ull << n) - 1));
}

static uint64_t
word_of(const uint64_t *by, uint32_t i, uint32_t rows, bool others)
{
	uint64_t w = others ? ~by[i] : by[i];

	return (others && i == rows / 64 ? w & ((1ull << rows % 64) - 1) : w);
}

/* Of the bits in `from` those that are in w, a part of it, one behind the other. */
static uint64_t
close_up(uint64_t w, uint64_t from, unsigned n)
{
	unsigned k = 0, in = bits_of_word(w);
	bool few = 4 * in < n, most = 4 * (n - in) < n;
	uint64_t bits = 0;

	if (few || most) { /* members, or those that are none, by how many come before them */
		for (uint64_t left = few ? w : from & ~w; left != 0; left &= left - 1)
			bits |= 1ull << bits_of_word(from & ((left & -left) - 1));
		return (few ? bits : bits ^ (n == 64 ? ~0ull : (1ull << n) - 1));
	}
	for (uint64_t left = from; left != 0; left &= left - 1)
		bits |= (uint64_t)(w >> __builtin_ctzll(left) & 1) << k++;
	return (bits);
}

/* The set among the members of another one, or among the other rows: how many. */
WIDE static uint32_t
pick(const uint64_t *set, const uint64_t *by, uint32_t rows, bool others, uint64_t *to)
{
	struct bits_end e = { to, 0 };
	uint32_t count = 0;

	memset(to, 0, BITS_WORDS(rows) * 8);
	for (uint32_t i = 0; i < BITS_WORDS(rows); i++) {
		uint64_t from = word_of(by, i, rows, others), w = set[i] & from;
		unsigned n = (unsigned)__builtin_popcountll(from);
		uint64_t bits = n == 64 ? w : w == 0 ? 0 : close_up(w, from, n);

		count += (uint32_t)__builtin_popcountll(bits);
		push(&e, bits, n);
	}
	return (count);
}

static void
spread(uint64_t *picked, const uint64_t *by, uint32_t rows, bool others, uint64_t *set)
{
	struct bits_end e = { picked, 0 };

	for (uint32_t i = 0; i < BITS_WORDS(rows); i++) {
		uint64_t from = word_of(by, i, rows, others), bits = pull(&e, bits_of_word(from));

		for (uint64_t left = from; bits != 0; bits >>= 1, left &= left - 1)
			set[i] |= bits & 1 ? left & -left : 0;
	}
}

/* --- bytes */

static void
put_part(const uint64_t *picked, uint32_t of, uint32_t count, struct buf *out)
{
	size_t head;
	enum set_kind kind;

	buf_varint(out, count);
	head = out->len;
	buf_u8(out, 0);
	kind = set_put(picked, of, out);
	out->p[head] = (uint8_t)kind;
}

void
given_put(const struct given_set *set, const struct given_set *by, uint32_t rows, uint64_t *scratch, struct buf *out)
{
	struct buf part = { 0 };
	uint32_t n = pick(set->bits, by->bits, rows, false, scratch);

	put_part(scratch, by->count, n, &part);
	buf_varint(out, part.len);
	buf_add(out, part.p, part.len);
	buf_free(&part);
	if (n == set->count)
		return;
	n = pick(set->bits, by->bits, rows, true, scratch);
	put_part(scratch, rows - by->count, n, out);
}

static bool
get_part(struct cursor *c, const uint64_t *by, uint32_t of, uint32_t rows, bool others, uint64_t *set, uint64_t *scratch)
{
	uint64_t count = cur_varint(c);
	uint8_t kind = cur_u8(c);

	if (c->cut || count > of || kind > SET_RUNS || !set_get(kind, c, scratch, of, (uint32_t)count))
		return (false);
	spread(scratch, by, rows, others, set);
	return (true);
}

bool
given_get(struct cursor *c, const struct given_set *by, uint64_t *set, uint32_t rows, uint32_t count, uint64_t *scratch)
{
	struct cursor part = cur_sub(c, cur_varint(c));

	memset(set, 0, BITS_WORDS(rows) * 8);
	if (c->cut || !get_part(&part, by->bits, by->count, rows, false, set, scratch) ||
	    (cur_left(c) > 0 && !get_part(c, by->bits, rows - by->count, rows, true, set, scratch)))
		return (false);
	return (bits_count(set, rows) == count);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_rows.c: which rows the columns of a block have, and what a column has in the rows of another.  Most columns have
 * the rows of some other, so a set is looked at once.  Test: test_block.c.
 */
#include "format/block_encoding.h"

#include "format/base/vector.h"
#include "format/given.h"

#include <string.h>

/* --- sets */

WIDE static uint32_t
members(const uint64_t *bits, uint32_t words)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < words; i++)
		n += (uint32_t)__builtin_popcountll(bits[i]);
	return (n);
}

WIDE static void
list_bits(const uint64_t *restrict bits, uint32_t words, uint32_t *restrict at)
{
	for (uint32_t w = 0; w < words; w++) {
		uint64_t left = bits[w];

		if (left == UINT64_MAX) {
			for (unsigned j = 0; j < 64; j++)
				at[j] = w * 64 + j;
			at += 64;
			continue;
		}
		for (; left != 0; left &= left - 1)
			*at++ = w * 64 + (uint32_t)__builtin_ctzll(left);
	}
}

/* Where the bits stand, n of them. */
static uint32_t *
places(struct encoding *e, const uint64_t *bits, uint32_t rows, uint32_t n)
{
	uint32_t *at = arena_alloc(&e->k->arena, ((size_t)n + 1) * sizeof(*at));

	list_bits(bits, (uint32_t)BITS_WORDS(rows), at);
	return (at);
}

uint32_t
rows_select(struct encoding *e)
{
	const struct batch *b = e->b;
	uint32_t n = b->rows;

	if (b->sel != NULL && (n = (uint32_t)bits_count(b->sel, b->rows)) < b->rows)
		e->row = places(e, b->sel, b->rows, n);
	return (n);
}

/* A bitmap of the batch as one of the selected rows; lives in the arena. */
static uint64_t *
select_bits(struct encoding *e, const uint64_t *bits)
{
	uint64_t *w = arena_alloc(&e->k->arena, BITS_WORDS(e->rows) * 8);

	if (e->row == NULL) {
		memcpy(w, bits, BITS_WORDS(e->rows) * 8);
		if (e->rows % 64 != 0)
			w[e->rows / 64] &= (1ull << e->rows % 64) - 1;
		return (w);
	}
	for (uint32_t r = 0; r < e->rows; r += 64) {
		uint32_t n = e->rows - r < 64 ? e->rows - r : 64;
		uint64_t word = 0;

		for (uint32_t i = 0; i < n; i++)
			word |= (uint64_t)bit_get(bits, e->row[r + i]) << i;
		w[r / 64] = word;
	}
	return (w);
}

/* A set of these members of the selected rows; `from`: the batch's bitmap of it, or NULL. */
static struct rowset *
numbered(struct encoding *e, const uint64_t *bits, const uint64_t *from)
{
	size_t words = BITS_WORDS(e->rows);
	struct rowset *s = &e->set[e->sets];

	for (uint32_t i = e->sets; i-- > 0;)
		if (memcmp(e->set[i].bits, bits, words * 8) == 0)
			return (&e->set[i]);
	*s = (struct rowset){ .from = from, .bits = bits, .n = members(bits, (uint32_t)words) };
	s->number = s->n == 0 ? ROWS_NONE : s->n == e->rows ? ROWS_ALL : (int32_t)++e->d.nset;
	e->sets++;
	return (s);
}

struct rowset *
rows_of_bits(struct encoding *e, const uint64_t *bits)
{
	size_t words = BITS_WORDS(e->b->rows);

	for (uint32_t i = e->sets; i-- > 0;)
		if (e->set[i].from != NULL && memcmp(e->set[i].from, bits, words * 8) == 0)
			return (&e->set[i]);
	return (numbered(e, select_bits(e, bits), bits));
}

struct rowset *
rows_of_companion(struct encoding *e, const struct column *c)
{
	const struct column *bstart = e->b->col[F_bstart];
	uint64_t *w = select_bits(e, c->present);

	for (size_t r = bits_next(w, 0, e->rows); r < e->rows; r = bits_next(w, r + 1, e->rows)) {
		uint32_t from = e->row == NULL ? (uint32_t)r : e->row[r];

		if (column_has(bstart, from) && bstart->u[from] == c->u[from])
			bit_clear(w, r);
	}
	return (numbered(e, w, NULL));
}

const uint32_t *
rows_list(struct encoding *e, struct rowset *s)
{
	uint32_t *row;

	if (s->number == ROWS_ALL)
		return (e->row);
	if (s->at == NULL) {
		s->at = s->row = places(e, s->bits, e->rows, s->n);
		if (e->row != NULL) {
			s->row = row = arena_alloc(&e->k->arena, ((size_t)s->n + 1) * sizeof(*row));
			for (uint32_t i = 0; i < s->n; i++)
				row[i] = e->row[s->at[i]];
		}
	}
	return (s->row);
}

void
rows_put(struct encoding *e)
{
	struct given_set *set = arena_alloc(&e->k->arena, e->d.nset * sizeof(*set) + 1);
	struct buf *own = &e->k->body, *told = &e->k->tries;
	uint32_t n = 0;

	e->d.set = arena_zero(&e->k->arena, e->d.nset * sizeof(*e->d.set) + 1);
	for (uint32_t i = 0; i < e->sets; i++) {
		struct dir_set *d = &e->d.set[n];
		uint32_t by;

		if (e->set[i].number <= ROWS_ALL)
			continue;
		set[n] = (struct given_set){ e->set[i].bits, e->set[i].n, 0 };
		own->len = told->len = 0;
		d->count = e->set[i].n;
		d->kind = (uint8_t)set_put(e->set[i].bits, e->rows, own);
		if ((by = given_best(set, n, e->rows, own->len)) < n)
			given_put(&set[n], &set[by], e->rows, e->k->others, told);
		if (by < n && told->len < own->len) {
			d->kind = SET_GIVEN;
			d->given = by + 1;
			set[n].depth = set[by].depth + 1;
			own->len = 0;
			buf_add(own, told->p, told->len);
		}
		d->at = put_body(e->k);
		n++;
	}
}

/* --- what a column has in them */

WIDE static void
pick(const uint64_t *restrict v, const uint32_t *restrict row, uint32_t n, uint64_t *restrict to)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = v[row[i]];
}

const uint64_t *
rows_gather(struct encoding *e, const struct column *c, struct rowset *set, uint32_t n, uint64_t *to)
{
	const uint32_t *row = rows_list(e, set);

	if (row == NULL)
		return (c->u);
	pick(c->u, row, n, to);
	return (to);
}

bool
rows_within(struct encoding *e, struct rowset *set, enum field f)
{
	const uint64_t *present = e->b->col[f]->present;
	const uint32_t *row;
	uint64_t outside = 0;

	if (e->work[f] != NULL && e->work[f]->set == set)
		return (true);
	if (e->row == NULL) {
		for (size_t i = 0; i < BITS_WORDS(e->rows); i++)
			outside |= set->bits[i] & ~present[i];
		return (outside == 0);
	}
	row = rows_list(e, set);
	for (uint32_t i = 0; i < set->n; i++)
		outside |= !bit_get(present, row[i]);
	return (outside == 0);
}

/* 0 where a row is not present: the cells there are not trusted. */
static void
hide_absent(const uint64_t *v, const uint64_t *present, uint32_t n, uint64_t *to)
{
	memcpy(to, v, n * sizeof(*to));
	for (uint32_t i = 0; i < n; i += 64) {
		uint64_t there = n - i < 64 ? (1ull << (n - i)) - 1 : UINT64_MAX;

		for (uint64_t left = ~present[i / 64] & there; left != 0; left &= left - 1)
			to[i + (uint32_t)__builtin_ctzll(left)] = 0;
	}
}

static void
gather_some(const struct column *c, const uint32_t *row, uint32_t n, uint64_t *to)
{
	if (row == NULL) {
		hide_absent(c->u, c->present, n, to);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		to[i] = c->u[row[i]] & (0 - (uint64_t)bit_get(c->present, row[i]));
}

const uint64_t *
rows_beside(struct encoding *e, struct rowset *set, enum field f, uint32_t n, unsigned room)
{
	const struct column *c = e->b->col[f];
	uint64_t *to = e->k->beside[room];
	struct beside *last = &e->beside[room];
	const uint32_t *row;

	if (c == NULL || e->work[f] == NULL)
		return (NULL);
	if (c->store == STORE_IP && set->number == ROWS_ALL)
		return (e->place[f]);
	if (last->set == set && last->f == f && last->n >= n)
		return (to);
	row = rows_list(e, set);
	if (c->store == STORE_IP)
		pick(e->place[f], set->at, n, to);
	else if (!rows_within(e, set, f))
		gather_some(c, row, n, to);
	else if (row == NULL)
		return (c->u);
	else
		pick(c->u, row, n, to);
	*last = (struct beside){ set, f, n };
	return (to);
}

WIDE static void
number_from_one(const uint64_t *restrict v, uint32_t n, uint64_t *restrict to)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = v[i] + 1;
}

const uint64_t *
rows_places(struct encoding *e, struct rowset *set, const uint64_t *index)
{
	uint64_t *of;

	if (set->number == ROWS_ALL) {
		of = arena_alloc(&e->k->arena, e->rows * sizeof(*of));
		number_from_one(index, e->rows, of);
		return (of);
	}
	(void)rows_list(e, set);
	of = arena_zero(&e->k->arena, e->rows * sizeof(*of));
	for (uint32_t i = 0; i < set->n; i++)
		of[set->at[i]] = index[i] + 1;
	return (of);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table_out.c: rows of narrow columns, in any order, become rows of a batch.  Test: test_table.c.
 */
#include "ra-tools/query/table_room.h"

#include "format/base/mem.h"
#include "format/base/vector.h"

#include <stdlib.h>
#include <string.h>

/* --- a cell ------------------------------------------------------------------------------------ */

union value
table_value(const struct table *t, enum field f, uint32_t row)
{
	const struct strip *s = strip_of(t, f, row);
	uint32_t i = row & (TABLE_ROWS - 1);
	union value v;

	memset(&v, 0, sizeof(v));
	if (!strip_has(s, i))
		return (v);
	if (fields[f].store == STORE_IP)
		v.ip = strip_ip(s, i);
	else if (fields[f].store == STORE_BLOB)
		v.b = t->words.word[strip_number(s, i)].bytes;
	else
		v.u = strip_number(s, i);
	return (v);
}

void
table_cell(const struct table *t, enum field f, uint32_t row, struct cell *c)
{
	const struct strip *s = strip_of(t, f, row);
	uint32_t i = row & (TABLE_ROWS - 1);

	*c = (struct cell){ .present = strip_has(s, i), .mixed = strip_mixed(s, i) };
	if (c->present)
		c->v = table_value(t, f, row);
}

unsigned
table_rank(const struct table *t, enum field f, uint32_t row)
{
	const struct strip *s = strip_of(t, f, row);
	uint32_t i = row & (TABLE_ROWS - 1);

	return (strip_has(s, i) ? RANK_HERE : strip_mixed(s, i) ? RANK_MIXED : RANK_ABSENT);
}

int
table_compare(const struct table *t, enum field f, uint32_t x, uint32_t y)
{
	unsigned rx = table_rank(t, f, x), ry = table_rank(t, f, y);
	union value vx, vy;

	if (rx != RANK_HERE || ry != RANK_HERE)
		return ((int)rx - (int)ry);
	vx = table_value(t, f, x);
	vy = table_value(t, f, y);
	if (fields[f].store == STORE_BLOB && vx.b.p == vy.b.p && vx.b.n == vy.b.n) /* they share it */
		return (0);
	return (value_cmp(fields[f].store, &vx, &vy));
}

/* --- what columns have in common ---------------------------------------------------------------- */

static bool
same_bits(const struct strip *x, const struct strip *y, uint32_t rows)
{
	if (x->present == NULL || y->present == NULL)
		return (x->present == y->present && x->full == y->full);
	return (memcmp(x->present, y->present, BITS_WORDS(rows) * 8) == 0);
}

static bool
same_rows(const struct table *t, enum field f, enum field g)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (!same_bits(&t->chunk[i]->strip[f], &t->chunk[i]->strip[g], t->chunk[i]->rows))
			return (false);
	return (true);
}

/* One walk over the chunks. */
static void
look_across(const struct table *t, enum field f, struct slice *slice, struct across *to)
{
	static const uint64_t none[TABLE_ROWS / 64];
	const struct strip *first = t->n > 0 ? &t->chunk[0]->strip[f] : NULL;

	*to = (struct across){ .full = true, .nothing = true, .width = first == NULL ? 0 : first->width, .slice = slice };
	for (uint32_t i = 0; i < t->n; i++) {
		const struct strip *s = &t->chunk[i]->strip[f];

		to->full &= s->full;
		to->mixed |= s->mixed != NULL;
		to->nothing &= s->width == 0 && s->base == 0;
		if (s->width != first->width || s->base != 0)
			to->width = 0;
		slice[i] = (struct slice){ s->cells, s->present != NULL ? s->present : s->full ? t->ones : none, s->base, s->width };
	}
}

void
table_unsettle(struct table *t)
{
	t->settled = false;
	free(t->slices);
	t->slices = NULL;
}

void
table_settle(struct table *t)
{
	uint32_t n = 0;

	table_unsettle(t);
	for (enum field f = 0; f < F_STORED; f++)
		n += fieldset_has(&t->seen, f);
	t->slices = mem_alloc(((size_t)n * t->n + 1) * sizeof(t->slices[0]));
	t->settled = true;
	n = 0;
	for (enum field f = 0; f < F_STORED; f++) {
		t->like[f] = (uint16_t)f;
		if (!fieldset_has(&t->seen, f))
			continue;
		look_across(t, f, t->slices + (size_t)n++ * t->n, &t->across[f]);
		for (enum field g = 0; g < f; g++)
			if (fieldset_has(&t->seen, g) && t->like[g] == g && same_rows(t, f, g)) {
				t->like[f] = (uint16_t)g;
				break;
			}
	}
}

/* --- rows of a column ---------------------------------------------------------------------------- */

struct pick { /* rows on their way out */
	const struct table *t;
	const uint32_t *rows;
	uint32_t n;
	bool run; /* they follow each other */
	struct across now; /* the field */
	struct slice *room; /* where the table is not settled */
};

static void
pick_field(struct pick *p, enum field f)
{
	if (p->t->settled)
		p->now = p->t->across[f];
	else
		look_across(p->t, f, p->room, &p->now);
}

static inline const struct slice *
slice_of(const struct pick *p, uint32_t row)
{
	return (&p->now.slice[row >> TABLE_BITS]);
}

static inline uint64_t
slice_number(const struct slice *s, uint32_t i)
{
	return (number_at(s->cells, s->width, s->base, i));
}

static inline uint64_t
present_word(const struct pick *p, uint32_t row)
{
	return (slice_of(p, row)->present[(row & (TABLE_ROWS - 1)) / 64]);
}

/* Rows that follow each other; 64 of them lie in two words. */
static void
pick_bits(const struct pick *p, uint64_t *to)
{
	for (uint32_t at = 0; at < p->n; at += 64) {
		uint32_t row = p->rows[at], shift = row % 64, n = p->n - at < 64 ? p->n - at : 64;
		uint64_t bits = present_word(p, row) >> shift;

		if (shift + n > 64)
			bits |= present_word(p, row + 64 - shift) << (64 - shift);
		to[at / 64] = n == 64 ? bits : bits & ((1ull << n) - 1);
	}
}

static void
pick_presence(const struct pick *p, enum field f, struct batch *out)
{
	struct column *c = out->col[f];
	enum field like = p->t->settled ? (enum field)p->t->like[f] : f;

	if (p->now.full) {
		bits_fill(c->present, p->n);
		return;
	}
	if (like != f && out->col[like] != NULL) {
		memcpy(c->present, out->col[like]->present, BITS_WORDS(p->n) * 8);
		return;
	}
	if (p->run) {
		pick_bits(p, c->present);
		return;
	}
	for (uint32_t at = 0; at < p->n; at += 64) {
		uint32_t n = p->n - at < 64 ? p->n - at : 64;
		uint64_t bits = 0;

		for (uint32_t i = 0; i < n; i++)
			bits |= (present_word(p, p->rows[at + i]) >> p->rows[at + i] % 64 & 1) << i;
		c->present[at / 64] = bits;
	}
}

static void
pick_mixed(const struct pick *p, enum field f, struct batch *out)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (strip_mixed(strip_of(p->t, f, p->rows[i]), p->rows[i] & (TABLE_ROWS - 1)))
			column_set_mixed(out, out->col[f], i);
}

#define LOAD_CELLS(name, type)                                                                           \
	WIDE static void name(uint64_t *restrict to, const type *restrict from, uint64_t base, uint32_t n) \
	{                                                                                                \
		for (uint32_t i = 0; i < n; i++)                                                         \
			to[i] = base + from[i];                                                          \
	}

LOAD_CELLS(load8, uint8_t)
LOAD_CELLS(load16, uint16_t)
LOAD_CELLS(load32, uint32_t)
LOAD_CELLS(load64, uint64_t)

/* Rows that follow each other in a chunk. */
static void
load_run(const struct slice *s, uint32_t at, uint32_t n, uint64_t *to)
{
	switch (s->width) {
	case 1:
		load8(to, (const uint8_t *)s->cells + at, s->base, n);
		break;
	case 2:
		load16(to, (const uint16_t *)s->cells + at, s->base, n);
		break;
	case 4:
		load32(to, (const uint32_t *)s->cells + at, s->base, n);
		break;
	case 8:
		load64(to, (const uint64_t *)s->cells + at, s->base, n);
		break;
	default:
		for (uint32_t i = 0; i < n; i++)
			to[i] = s->base;
	}
}

static void
pick_run(const struct pick *p, uint64_t *to)
{
	for (uint32_t done = 0, k; done < p->n; done += k) {
		uint32_t row = p->rows[done], at = row & (TABLE_ROWS - 1);

		k = TABLE_ROWS - at < p->n - done ? TABLE_ROWS - at : p->n - done;
		load_run(slice_of(p, row), at, k, to + done);
	}
}

#define PICK_CELLS(type)                    \
	for (uint32_t i = 0; i < p->n; i++) \
	to[i] = ((const type *)slice_of(p, p->rows[i])->cells)[p->rows[i] & (TABLE_ROWS - 1)]

/* Of all rows. */
static void
pick_scattered(const struct pick *p, uint64_t *to)
{
	switch (p->now.width) {
	case 1:
		PICK_CELLS(uint8_t);
		break;
	case 2:
		PICK_CELLS(uint16_t);
		break;
	case 4:
		PICK_CELLS(uint32_t);
		break;
	case 8:
		PICK_CELLS(uint64_t);
		break;
	default:
		for (uint32_t i = 0; i < p->n; i++)
			to[i] = slice_number(slice_of(p, p->rows[i]), p->rows[i] & (TABLE_ROWS - 1));
	}
}

/* Of those that have it: the others are zero already. */
static void
pick_some(const struct pick *p, struct column *c)
{
	for (uint32_t w = 0; w < BITS_WORDS(p->n); w++)
		for (uint64_t bits = c->present[w]; bits != 0; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits), row = p->rows[i];

			c->u[i] = slice_number(slice_of(p, row), row & (TABLE_ROWS - 1));
		}
}

/* Rows that are absent are zero in a batch. */
WIDE static void
clear_absent(uint64_t *restrict v, const uint64_t *restrict present, uint32_t n)
{
	uint64_t bit[64];

	for (unsigned i = 0; i < 64; i++)
		bit[i] = 1ull << i;
	for (uint32_t at = 0; at < n; at += 64, v += 64) {
		uint64_t bits = present[at / 64];

		if (n - at < 64)
			for (uint32_t i = 0; i < n - at; i++)
				v[i] = bits & bit[i] ? v[i] : 0;
		else if (bits != ~0ull)
			for (uint32_t i = 0; i < 64; i++)
				v[i] = bits & bit[i] ? v[i] : 0;
	}
}

static void
pick_numbers(const struct pick *p, struct column *c)
{
	c->zeros = false;
	if (!p->now.full && p->run && bits_count(c->present, p->n) > p->n / 8) {
		pick_run(p, c->u);
		clear_absent(c->u, c->present, p->n);
	} else if (!p->now.full)
		pick_some(p, c);
	else
		(p->run ? pick_run : pick_scattered)(p, c->u);
}

static void
pick_wide(const struct pick *p, struct column *c)
{
	c->zeros = false;
	for (uint32_t i = 0; i < p->n; i++) {
		const struct slice *s = slice_of(p, p->rows[i]);
		uint32_t at = p->rows[i] & (TABLE_ROWS - 1);

		if (!bit_get(c->present, i))
			continue;
		if (c->store == STORE_BLOB)
			c->b[i] = p->t->words.word[slice_number(s, at)].bytes;
		else if (s->width == 4)
			c->ip[i] = ip_v4((const uint8_t *)s->cells + (size_t)at * 4);
		else
			memcpy(&c->ip[i], (const uint8_t *)s->cells + (size_t)at * 16, 16);
	}
}

static bool
goes_out(const struct pick *p, const struct fieldset *set, enum field f)
{
	return (fieldset_has(&p->t->seen, f) && (set == NULL || fieldset_has(set, f)));
}

/* A column of which every value is written anew needs no zeros before. */
static void
leave_values(struct pick *p, const struct fieldset *set, struct batch *out)
{
	for (enum field f = 0; f < F_STORED && p->n >= out->rows; f++) {
		bool wide = fields[f].store == STORE_IP || fields[f].store == STORE_BLOB;

		if (out->col[f] == NULL || !goes_out(p, set, f))
			continue;
		pick_field(p, f);
		if (!p->now.full || (!wide && p->now.nothing))
			continue;
		memset(out->col[f]->present, 0, BITS_WORDS(out->cap) * 8);
		out->kept[f].lent = false;
	}
}

void
table_gather(const struct table *t, const struct fieldset *set, const uint32_t *rows, uint32_t n, struct batch *out)
{
	struct pick p = { .t = t, .rows = rows, .n = n, .run = true,
			  .room = t->settled ? NULL : mem_alloc(((size_t)t->n + 1) * sizeof(struct slice)) };

	leave_values(&p, set, out);
	batch_reset(out);
	out->rows = n;
	for (uint32_t i = 1; i < n && p.run; i++)
		p.run = rows[i] == rows[0] + i;
	for (enum field f = 0; f < F_STORED && n > 0; f++) {
		struct column *c;

		if (!goes_out(&p, set, f))
			continue;
		pick_field(&p, f);
		c = batch_zeros(out, f);
		pick_presence(&p, f, out);
		if (c->store == STORE_IP || c->store == STORE_BLOB)
			pick_wide(&p, c);
		else if (!p.now.nothing)
			pick_numbers(&p, c);
		if (p.now.mixed)
			pick_mixed(&p, f, out);
	}
	free(p.room);
}

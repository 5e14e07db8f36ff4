/* SPDX-License-Identifier: BSD-2-Clause
 *
 * batch.c: records as columns.  Tests: test_block.c, test_derive.c.
 */
#include "format/batch.h"

#include "format/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t
cell_size(enum store s)
{
	return (s == STORE_IP || s == STORE_BLOB ? 16 : 8);
}

struct batch *
batch_new(uint32_t cap)
{
	struct batch *b = mem_zero(1, sizeof(*b));

	b->cap = cap;
	return (b);
}

void
batch_free(struct batch **pb)
{
	if (*pb == NULL)
		return;
	arena_free(&(*pb)->arena);
	for (enum field f = 0; f < F_COUNT; f++) {
		free((*pb)->kept[f].cells);
		free((*pb)->kept[f].column.present);
	}
	free(*pb);
	*pb = NULL;
}

static bool
is_zero(const uint64_t *cells, size_t n)
{
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= cells[i];
	return (all == 0);
}

/* Zero what was used of a column: the rows that are present.  Most columns are of few rows, and many of zeros
 * alone: what is zero is not written, for memory that was only read has nothing behind it yet. */
static void
wipe(struct kept *k, uint32_t rows)
{
	size_t words_of = cell_size(k->column.store) / 8, words = BITS_WORDS(rows < k->cap ? rows : k->cap);
	uint64_t *present = k->column.present;

	if (!k->lent)
		return;
	k->lent = false;
	for (size_t w = 0; w < words; w++) {
		uint64_t *cells = (uint64_t *)k->cells + w * 64 * words_of;

		if (present[w] == UINT64_MAX) {
			if (!is_zero(cells, 64 * words_of))
				memset(cells, 0, 64 * words_of * 8);
		} else {
			for (uint64_t bits = present[w]; bits != 0; bits &= bits - 1) {
				uint64_t *cell = cells + (size_t)__builtin_ctzll(bits) * words_of;

				if (!is_zero(cell, words_of))
					memset(cell, 0, words_of * 8);
			}
		}
		if (present[w] != 0)
			present[w] = 0;
	}
}

void
batch_reset(struct batch *b)
{
	uint32_t rows = b->rows > 0 && b->rows <= b->cap ? b->rows : b->cap;

	arena_reset(&b->arena);
	for (enum field f = 0; f < F_COUNT; f++)
		wipe(&b->kept[f], rows);
	memset(b->col, 0, sizeof(b->col));
	memset(&b->derived, 0, sizeof(b->derived));
	b->rows = 0;
	b->sel = NULL;
	b->filtered = false;
}

struct column *
batch_column(struct batch *b, enum field f)
{
	struct kept *k = &b->kept[f];
	struct column *c = &k->column;

	if (b->col[f] != NULL)
		return (b->col[f]);
	if (k->cap < b->cap || k->lent) { /* memory that was never used is zero and costs nothing yet */
		free(k->cells);
		free(c->present);
		k->cap = b->cap;
		k->cells = mem_zero(b->cap, cell_size(fields[f].store));
		c->present = mem_zero(BITS_WORDS(b->cap), 8);
	}
	k->lent = true;
	c->store = fields[f].store;
	c->any = k->cells;
	c->mixed = NULL;
	b->col[f] = c;
	return (c);
}

void
column_set_mixed(struct batch *b, struct column *c, uint32_t r)
{
	if (c->mixed == NULL)
		c->mixed = arena_zero(&b->arena, BITS_WORDS(b->cap) * 8);
	bit_set(c->mixed, r);
}

void
column_set(struct column *c, uint32_t r, const union value *v)
{
	switch (c->store) {
	case STORE_U64:
	case STORE_I64:
	case STORE_REAL:
		c->u[r] = v->u;
		break;
	case STORE_IP:
		c->ip[r] = v->ip;
		break;
	case STORE_BLOB:
		c->b[r] = v->b;
		break;
	}
	bit_set(c->present, r);
}

union value
column_value(const struct column *c, uint32_t r)
{
	union value v = { .u = 0 };

	switch (c->store) {
	case STORE_U64:
	case STORE_I64:
	case STORE_REAL:
		v.u = c->u[r];
		break;
	case STORE_IP:
		v.ip = c->ip[r];
		break;
	case STORE_BLOB:
		v.b = c->b[r];
		break;
	}
	return (v);
}

/* The same name in row after row needs to lie there only once. */
static struct blob
keep_blob(struct batch *b, const struct blob *last, const struct blob *v)
{
	if (last != NULL && last->n == v->n && v->n > 0 && memcmp(last->p, v->p, v->n) == 0)
		return (*last);
	return ((struct blob){ arena_copy(&b->arena, v->p, v->n), v->n });
}

void
batch_add(struct batch *b, const struct flow *f)
{
	uint32_t r = b->rows++;

	assert(r < b->cap);
	for (size_t w = 0; w < BITS_WORDS(F_STORED); w++) {
		for (uint64_t bits = f->present[w]; bits != 0; bits &= bits - 1) {
			enum field i = (enum field)(w * 64 + (size_t)__builtin_ctzll(bits));
			struct column *c = b->col[i] != NULL ? b->col[i] : batch_column(b, i);

			if (c->store == STORE_U64) {
				if (f->v[i].u != 0) /* it is zero as it is */
					c->u[r] = f->v[i].u;
			} else if (c->store == STORE_BLOB) {
				c->b[r] = keep_blob(b, r > 0 ? &c->b[r - 1] : NULL, &f->v[i].b);
			} else {
				column_set(c, r, &f->v[i]);
			}
			bit_set(c->present, r);
		}
		for (uint64_t bits = f->mixed[w]; bits != 0; bits &= bits - 1) {
			enum field i = (enum field)(w * 64 + (size_t)__builtin_ctzll(bits));

			column_set_mixed(b, batch_column(b, i), r);
		}
	}
}

void
batch_get(const struct batch *b, uint32_t r, struct flow *f)
{
	flow_clear(f);
	for (enum field i = 0; i < F_STORED; i++) {
		const struct column *c = b->col[i];

		if (column_has(c, r)) {
			f->v[i] = column_value(c, r);
			bit_set(f->present, i);
		} else if (column_mixed(c, r)) {
			bit_set(f->mixed, i);
		}
	}
}

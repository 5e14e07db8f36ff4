/* SPDX-License-Identifier: BSD-2-Clause
 *
 * batch.c: records as columns.  Tests: test_block.c, test_derive.c.
 */
#include "format/batch.h"

#include "format/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_LARGE 65536 /* bytes */

static size_t
cell_size(enum store s)
{
	return (s == STORE_IP ? sizeof(struct ip) : s == STORE_BLOB ? sizeof(struct blob) : sizeof(uint64_t));
}

/* Zeroed.  A large column is a region of its own, which costs what is written to. */
static void *
cells_new(enum store s, uint32_t cap)
{
	size_t n = cap * cell_size(s);

	return (n >= CELLS_LARGE ? mem_reserve(n) : mem_zero(1, n));
}

static void
cells_free(struct kept *k, enum store s)
{
	size_t n = k->cap * cell_size(s);

	if (n < CELLS_LARGE)
		free(k->cells);
	else if (k->cells != NULL)
		mem_release(k->cells, n);
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
		cells_free(&(*pb)->kept[f], fields[f].store);
		free((*pb)->kept[f].column.present);
	}
	free(*pb);
	*pb = NULL;
}

/* Zero what was used of a column: the rows that are present.  Many columns are of few rows, and many of zeros alone: what
 * was not written has no memory behind it yet. */
static void
wipe(struct kept *k)
{
	size_t size = cell_size(k->column.store), words = BITS_WORDS(k->dirty < k->cap ? k->dirty : k->cap);
	uint64_t *present = k->column.present;

	for (size_t w = 0; w < words; w++)
		if (present[w] != 0) {
			size_t n = k->cap - w * 64 < 64 ? k->cap - w * 64 : 64;

			if (!k->column.zeros)
				memset((uint8_t *)k->cells + w * 64 * size, 0, n * size);
			present[w] = 0;
		}
	k->dirty = 0;
}

void
batch_reset(struct batch *b)
{
	uint32_t rows = b->rows > 0 && b->rows <= b->cap ? b->rows : b->cap;

	arena_reset(&b->arena);
	for (enum field f = 0; f < F_COUNT; f++) {
		struct kept *k = &b->kept[f];

		if (k->lent && rows > k->dirty) /* it is wiped for who wants it clean */
			k->dirty = rows;
		k->lent = false;
	}
	memset(b->col, 0, sizeof(b->col));
	memset(b->dense, 0, sizeof(b->dense));
	memset(&b->derived, 0, sizeof(b->derived));
	memset(&b->made, 0, sizeof(b->made));
	b->rows = 0;
	b->whole = NULL;
	b->sel = NULL;
	b->part = b->last = false;
	b->filtered = false;
	b->over = 0;
}

/* Memory for a column, dirty as it may be. */
static struct column *
lend(struct batch *b, enum field f)
{
	struct kept *k = &b->kept[f];
	struct column *c = &k->column;

	if (k->cap < b->cap || k->lent) { /* memory that was never used is zero and costs nothing yet */
		cells_free(k, fields[f].store);
		free(c->present);
		k->cap = b->cap;
		k->cells = cells_new(fields[f].store, b->cap);
		c->present = mem_zero(BITS_WORDS(b->cap), 8);
		c->zeros = true;
		k->dirty = 0;
	}
	k->lent = true;
	c->store = fields[f].store;
	c->any = k->cells;
	c->mixed = NULL;
	b->col[f] = c;
	return (c);
}

/* Somebody writes to it. */
static void
changes(struct batch *b, enum field f)
{
	if (f >= F_STORED)
		return;
	b->dense[f] = NULL;
	b->whole = NULL;
	memset(&b->made, 0, sizeof(b->made));
}

struct column *
batch_column(struct batch *b, enum field f)
{
	struct column *c = batch_flat(b, f);

	if (c == NULL)
		c = batch_zeros(b, f);
	c->zeros = false;
	changes(b, f);
	return (c);
}

struct column *
batch_zeros(struct batch *b, enum field f)
{
	struct column *c = b->col[f];

	if (c != NULL)
		return (c);
	c = lend(b, f);
	wipe(&b->kept[f]);
	c->zeros = true;
	return (c);
}

struct column *
batch_blank(struct batch *b, enum field f)
{
	struct column *c = lend(b, f);

	if (!c->zeros)
		wipe(&b->kept[f]);
	c->zeros = true;
	return (c);
}

/* Nothing has to be wiped: but the cells of the last word behind the last row, of which nobody will know afterwards. */
struct column *
batch_unwiped(struct batch *b, enum field f)
{
	struct column *c = lend(b, f);
	struct kept *k = &b->kept[f];
	size_t size = cell_size(c->store), end = BITS_WORDS(b->rows) * 64;

	if (k->dirty > b->rows)
		memset((uint8_t *)k->cells + b->rows * size, 0, ((end < k->cap ? end : k->cap) - b->rows) * size);
	c->zeros = false;
	return (c);
}

struct column *
batch_flat(struct batch *b, enum field f)
{
	const struct dense *d = f < F_STORED ? b->dense[f] : NULL;
	struct column *c;

	if (b->col[f] != NULL || d == NULL)
		return (b->col[f]);
	if (d->store == STORE_U64 && d->num.width == 0 && (d->n == 0 || narrow_at(&d->num, 0) == 0))
		(void)batch_zeros(b, f);
	else
		dense_cells(d, b->rows, batch_unwiped(b, f)->any);
	c = b->col[f];
	dense_rows(d, b->rows, c->present);
	if (d->mixed != NULL) {
		c->mixed = arena_zero(&b->arena, BITS_WORDS(b->cap) * 8);
		memcpy(c->mixed, d->mixed, BITS_WORDS(b->rows) * 8);
	}
	return (c);
}

void
batch_hide(struct batch *b, enum field f)
{
	struct kept *k = &b->kept[f];

	if (b->col[f] == &k->column && k->lent) {
		k->dirty = b->rows > k->dirty ? b->rows : k->dirty;
		k->lent = false;
	}
	b->col[f] = NULL;
	changes(b, f);
	b->whole = NULL;
}

void
batch_flatten(struct batch *b)
{
	for (enum field f = 0; f < F_STORED; f++)
		if (b->dense[f] != NULL)
			(void)batch_flat(b, f);
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

struct blob
batch_blob(struct batch *b, const struct blob *last, const struct blob *v)
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
			struct column *c = batch_column(b, i);

			if (c->store == STORE_BLOB) {
				c->b[r] = batch_blob(b, r > 0 ? &c->b[r - 1] : NULL, &f->v[i].b);
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

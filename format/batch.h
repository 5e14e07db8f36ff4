/* SPDX-License-Identifier: BSD-2-Clause
 *
 * batch.h: up to BATCH_ROWS records as columns.
 *
 * A column exists only if some row has the field (col[f] == NULL: absent in every row, or `dense` still).  Values of
 * rows that are not present are zero.  Blobs and bitmaps of mixed rows live in the batch's arena; columns are the
 * batch's own and are used again after a reset.
 */
#ifndef FORMAT_BATCH_H
#define FORMAT_BATCH_H

#include "format/dense.h"
#include "format/flow.h"

#define BATCH_ROWS 32768

struct column {
	enum store store;
	union {
		uint64_t *u;
		int64_t *i;
		double *r;
		struct ip *ip;
		struct blob *b; /* bytes in the batch's arena */
		void *any;
	};
	uint64_t *present; /* bitmap, BITS_WORDS(cap) words, never NULL */
	uint64_t *mixed;   /* bitmap or NULL: none; a row is never both */
	bool zeros;        /* all values are zero, and nobody has written to the cells */
};

struct block_bytes;

struct batch {
	uint32_t rows, cap; /* cap is BATCH_ROWS unless made smaller */
	struct column *col[F_COUNT];
	const struct dense *dense[F_STORED]; /* as they came from a block, until they are changed; rows read otherwise have none */
	struct kept {       /* columns' memory, for the next use */
		struct column column;
		void *cells;
		uint32_t cap;
		uint32_t dirty; /* rows that were written to before the last reset: those present are not zero */
		bool lent;  /* handed out since the last reset */
	} kept[F_COUNT];
	struct fieldset derived; /* derived columns that batch_derive() has looked at */
	struct fieldset made; /* ids of which each follows from its row (ids.h), while no column is changed; others may, too */
	const struct block_bytes *whole; /* of the block that its rows are (block.h), while no column is changed; NULL: not known */
	uint64_t *sel;  /* selected rows; NULL: all */
	int64_t over;   /* ns that all rates are over, to be said before they are derived; 0: those of each row's own bin */
	bool part;      /* they are some of a block's rows, picked out of it */
	bool last;      /* no batch comes behind it; false: not known */
	bool filtered;  /* its file was written under a filter: totals can not be checked */
	struct arena arena;
};

struct batch *batch_new(uint32_t cap);
void batch_free(struct batch **);
void batch_reset(struct batch *); /* no rows, no columns; memory is kept */

/* The column, made if it was not there (zeroed, all absent), to be written to.  Derived fields too. */
struct column *batch_column(struct batch *, enum field);
/* The same, for rows to be marked as present whose values are zero.  Who writes another one says that it is not `zeros`
 * any more. */
struct column *batch_zeros(struct batch *, enum field);
/* The same, but that it may hold bits of rows that were there: for who writes those of all rows. */
struct column *batch_blank(struct batch *, enum field);
/* The same, for who writes to the cells and the bits of all rows, present or not: they may hold anything. */
struct column *batch_unwiped(struct batch *, enum field);
/* The column of a cell a row, made of a dense one if it is not there yet; NULL: absent in every row. */
struct column *batch_flat(struct batch *, enum field);
/* The same of all stored fields: for who looks into col[]. */
void batch_flatten(struct batch *);
/* The field is not to be seen any more. */
void batch_hide(struct batch *, enum field);
/* A copy of the bytes that lives as long as the batch's rows; `last` if that is one of the same (NULL: there is none): the
 * same name in row after row needs to lie there only once. */
struct blob batch_blob(struct batch *, const struct blob *last, const struct blob *);
/* Append a record; blobs are copied. The batch must have room. */
void batch_add(struct batch *, const struct flow *);
/* Row r as a record; blobs are borrowed from the batch.  Only the stored columns that are there. */
void batch_get(const struct batch *, uint32_t r, struct flow *);
/* Make the derived column f, and flat what it is made of (only that for stored ones; nothing for stored ones and for those already made).
 * Returns the column or NULL if absent in every row. */
struct column *batch_derive(struct batch *, enum field f);

static inline bool
batch_selected(const struct batch *b, uint32_t r)
{
	return (b->sel == NULL || bit_get(b->sel, r));
}

/* The same of rows 64 * w to 64 * w + 63, a bit each; w is less than BITS_WORDS(rows). */
static inline uint64_t
batch_selected_word(const struct batch *b, size_t w)
{
	uint64_t there = w < b->rows / 64 ? UINT64_MAX : (1ull << b->rows % 64) - 1;

	return (b->sel == NULL ? there : b->sel[w] & there);
}

static inline bool
column_has(const struct column *c, uint32_t r)
{
	return (c != NULL && bit_get(c->present, r));
}

/* The number of f in row r; 0 where there is none. */
static inline uint64_t
batch_u64(const struct batch *b, enum field f, uint32_t r)
{
	return (column_has(b->col[f], r) ? b->col[f]->u[r] : 0);
}

static inline bool
column_mixed(const struct column *c, uint32_t r)
{
	return (c != NULL && c->mixed != NULL && bit_get(c->mixed, r));
}

union value column_value(const struct column *, uint32_t r); /* zero where not present */
void column_set(struct column *, uint32_t r, const union value *); /* blobs are borrowed, not copied */
void column_set_mixed(struct batch *, struct column *, uint32_t r);

#endif

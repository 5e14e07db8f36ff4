/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pile.h: many rows that come in batches and are never changed, column by column, for who wants them in another order.
 *
 * Of a field there are the values of the rows that have one, one behind the other, no wider than they need to be: as a block
 * has them (dense.h), so that they are taken in as they lie there.  Which rows have it is a bit a row, once for all fields that
 * are in the same rows.  What is the same in all rows is there once.
 *
 * Where rows are changed, table.h.
 */
#ifndef RA_TOOLS_QUERY_PILE_H
#define RA_TOOLS_QUERY_PILE_H

#include "format/batch.h"

struct pile;

struct pile *pile_new(void);
void pile_free(struct pile **);
uint32_t pile_rows(const struct pile *);
uint64_t pile_bytes(const struct pile *); /* of memory */

/* Append rows[0..n), which ascend: of `set` what the batch has, dense or not, derived fields too if they are made; bytes are
 * copied.  All stored fields are in `set`, or those that ids are made of (batch.h, `made`). */
void pile_add(struct pile *, const struct batch *, const struct fieldset *set, const uint32_t *rows, uint32_t n);
bool pile_tells(const struct pile *, enum field); /* rows differ in it, maybe */
/* <0, 0, >0: in order of values, then those without one, then mixed ones. */
int pile_compare(const struct pile *, enum field, uint32_t x, uint32_t y);
enum { RANK_HERE, RANK_ABSENT, RANK_MIXED };
unsigned pile_rank(const struct pile *, enum field, uint32_t row);
union value pile_value(const struct pile *, enum field, uint32_t row); /* zero where there is none */

/* rows[0..n), at most BATCH_ROWS, of the stored fields become all rows of `out`.  Bytes are borrowed from the pile. */
void pile_pick(struct pile *, const uint32_t *rows, uint32_t n, struct batch *out);

#endif

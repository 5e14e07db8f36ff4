/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table.h: many rows, column by column, as narrow as what they hold.
 *
 * Rows are numbered from 0 and lie in chunks of TABLE_ROWS.  Of a field in a chunk there is as much as its values need: nothing
 * where all are zero, else cells of 1, 2, 4 or 8 bytes above a common base (addresses 4 or 16), which become wider when a
 * value asks for it; which rows have it is a bit a row, and nothing where all have it.  Texts and histograms lie in one
 * place each, however many rows have the same.
 */
#ifndef RA_TOOLS_QUERY_TABLE_H
#define RA_TOOLS_QUERY_TABLE_H

#include "format/base/buf.h"
#include "format/base/cursor.h"
#include "format/batch.h"

struct table;

struct table *table_new(void);
void table_free(struct table **);
void table_clear(struct table *); /* no rows */
uint64_t table_bytes(const struct table *); /* of memory */

/* Append rows[0..n) of the batch: of `set` what the batch has, derived fields too if they are made; bytes are copied. */
void table_append(struct table *, const struct batch *, const struct fieldset *set, const uint32_t *rows, uint32_t n);
bool table_has(const struct table *, enum field); /* in some row, maybe */
/* <0, 0, >0: in order of values, then those without one, then mixed ones. */
int table_compare(const struct table *, enum field, uint32_t x, uint32_t y);
enum { RANK_HERE, RANK_ABSENT, RANK_MIXED };
unsigned table_rank(const struct table *, enum field, uint32_t row);
union value table_value(const struct table *, enum field, uint32_t row); /* zero where there is none */

/* Before table_gather(), when no more rows come: what columns have in common is looked for once. */
void table_settle(struct table *);
/* rows[0..n) of the stored fields in `set` (NULL: all) become all rows of `out`, which is of this table alone: what it held
 * before is overwritten.  Bytes are borrowed from the table. */
void table_gather(const struct table *, const struct fieldset *set, const uint32_t *rows, uint32_t n, struct batch *out);

/* The rows of a table that has no more than one chunk, as bytes for a temporary file of this process; they become chunk `at`
 * of another table, of which only rows at << TABLE_BITS | row are asked for.  Until table_clear() its texts stay, too. */
void table_write(const struct table *, struct buf *);
void table_load(struct table *, uint32_t at, struct cursor *);

/* All chunks of another one, which is empty then but has to live as long: row r has the number (chunks before) << TABLE_BITS
 * + r.  Nothing is appended any more. */
void table_take(struct table *, struct table *from);
uint32_t table_chunks(const struct table *);

#endif

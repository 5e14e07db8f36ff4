/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dense.h: a column as it came from a block: the values of the rows that have one, no wider than they need to be, once
 * where all are the same, by number where few are different.  What reads it may not write to it.
 *
 * The batch's columns (batch.h) are of a cell a row; batch_flat() makes one of these where somebody asks for it.
 */
#ifndef FORMAT_DENSE_H
#define FORMAT_DENSE_H

#include "format/base/ip.h"
#include "format/narrow.h"
#include "format/value.h"

#include <stdbool.h>

struct dense {
	enum store store;
	uint32_t n; /* rows that have it */
	const uint64_t *present; /* which these are; NULL: all */
	const uint64_t *mixed;   /* NULL: none */
	struct narrow num; /* a number for each of the n: STORE_U64: the value; else which of the entries it is */
	const struct ip *ip;
	const struct blob *blob;
	uint32_t entries; /* of addresses, those of IPv4 first */
	bool made; /* as in a batch: its rows say all of it (batch.h) */
};

/* All rows have it, and the same. */
static inline bool
dense_is_one(const struct dense *d)
{
	return (d->n > 0 && d->present == NULL && d->num.width == 0);
}

/* A cell for each row, 0 where it has none. */
void dense_cells(const struct dense *, uint32_t rows, void *cells);
/* The bitmap of the rows that have it, whole words. */
void dense_rows(const struct dense *, uint32_t rows, uint64_t *present);
/* What the rows of a set (NULL: all) have in it, 0 where they have none.  Of addresses the number, from 1.  Not of blobs. */
void dense_of(const struct dense *, uint32_t rows, const uint64_t *set, uint64_t *to);
/* A bitmap of values, one bit a value that is there, as one of rows: the others are 0. */
void dense_spread(const struct dense *, uint32_t rows, const uint64_t *values, uint64_t *to);
/* The places among the n of m ascending rows; UINT32_MAX for those that have none. */
void dense_places(const uint64_t *present, const uint32_t *row, uint32_t m, uint32_t *place);

#endif

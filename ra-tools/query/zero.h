/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zero.h: rows for bins without records (rabins --zero): every key has a row in every bin, from the first to the last one
 * that has any, or of all that was asked for.  Where rows have no key there are such rows also if none came.
 */
#ifndef RA_TOOLS_QUERY_ZERO_H
#define RA_TOOLS_QUERY_ZERO_H

#include "ra-tools/query/aggr.h"

struct zero_source {
	struct batch *(*next)(void *);			 /* rows, bins in order; NULL: no more */
	int64_t (*bin)(void *, int64_t t, int64_t *end); /* the bin of a time: its start and end */
	void *arg;
	int64_t from, to; /* what was asked for; the same: nothing */
	int64_t least, most; /* where the first bin with a row begins and the last one ends; least > most: not known, or none */
	int64_t width;
};

struct zero;

/* `keys` without the bin; `keep`: the fields that rows have. */
/* memory: bytes that rows may take where there are keys, and that all rows, of more than a million, would take; 0: any. */
struct zero *zero_new(const struct keys *keys, const struct fieldset *keep, const struct zero_source *, uint64_t memory);
void zero_free(struct zero **);
/* The rows of the source and those between them, valid until the next call; NULL: no more, or zero_error(). */
struct batch *zero_next(struct zero *);
const char *zero_error(const struct zero *); /* NULL: nothing is wrong */

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sort.h: records in order.  Absent, then mixed values come last in either direction (SEMANTICS R11).  What the keys leave
 * open all other fields decide (14.6 d), so that the order of the input never shows.
 */
#ifndef RA_TOOLS_QUERY_SORT_H
#define RA_TOOLS_QUERY_SORT_H

#include "ra-tools/query/aggr.h"

#include <stdbool.h>

#define SORT_KEYS_MAX 16

struct sort_keys {
	struct sort_key {
		enum field field;
		bool down; /* highest first */
	} key[SORT_KEYS_MAX];
	unsigned n;
	enum field then[SORT_KEYS_MAX]; /* the first of the other fields to decide, lowest first */
	unsigned nthen;
};

/* "sloss,stime": fields; counters highest first, keys and times lowest first; behind a minus highest, behind a plus lowest.  false: err says why. */
bool sort_parse(const char *, struct sort_keys *, char *err, size_t errlen);
/* The greatest of a field first, of equal ones that with the lowest key. */
struct sort_keys sort_greatest(enum field, const struct keys *);
void sort_want(const struct sort_keys *, struct fieldset *);

struct sort;
struct sort *sort_new(const struct sort_keys *);
void sort_free(struct sort **);
void sort_add(struct sort *, struct batch *); /* the selected rows, copied; the batch gets its derived keys */
/* Beyond about so many bytes rows go to temporary files; 0: never. Before sort_add(). */
void sort_memory(struct sort *, uint64_t bytes);
/* Only the first n rows are wanted, and as many are kept.  Before sort_add(). */
void sort_most(struct sort *, uint64_t n);
/* Rates that are keys are over this (batch.h, `over`).  Before sort_add(), or sort_next(). */
void sort_over(struct sort *, int64_t ns);
const char *sort_error(const struct sort *); /* of temporary files; NULL: all is well */
/* Rows in order, valid until the next call; NULL: no more, or sort_error().  Without sort_memory(), blobs are borrowed
 * until sort_free(). */
struct batch *sort_next(struct sort *);

#endif

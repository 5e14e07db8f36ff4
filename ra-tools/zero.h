/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zero.h: rows for bins without records (rabins --zero): every key that was seen has a row in every bin from
 * its first to the last of all.
 */
#ifndef RA_TOOLS_ZERO_H
#define RA_TOOLS_ZERO_H

#include "ra-tools/aggr.h"

struct zero_source {
	struct batch *(*next)(void *);			 /* rows, bins in order; NULL: no more */
	int64_t (*bin)(void *, int64_t t, int64_t *end); /* the bin of a time: its start and end */
	void *arg;
};

struct zero;

/* `keys` without the bin; `keep`: the fields that rows have. */
struct zero *zero_new(const struct keys *keys, const struct fieldset *keep,
		      const struct zero_source *);
void zero_free(struct zero **);
/* The rows of the source and those between them, valid until the next call; NULL: no more. */
struct batch *zero_next(struct zero *);

#endif

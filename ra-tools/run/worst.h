/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worst.h: what radrill ranks rows by, and the greatest rows of many.
 */
#ifndef RA_TOOLS_RUN_WORST_H
#define RA_TOOLS_RUN_WORST_H

#include "format/batch.h"

#include <stdbool.h>

#define METRIC_MAX 8

struct metric { /* the sum of these fields */
	enum field field[METRIC_MAX];
	unsigned n;
};

/* What --by says; a mistake ends the program. */
struct metric metric_of(const char *word);
void metric_derive(const struct metric *, struct batch *);
int64_t metric_value(const struct metric *, const struct batch *, uint32_t r);

struct pick {
	int64_t value, weight; /* ranked by weight */
	uint64_t order;
	uint32_t row;
};

struct top {
	struct batch *held;
	struct pick *pick;
	uint32_t n, most;
	uint64_t seen;
};

struct top top_new(uint32_t most);
/* `either_sign`: ranked by what it differs from 0. */
void top_add(struct top *, const struct batch *, uint32_t r, int64_t value, bool either_sign);
/* Only the greatest stay, in order. */
void top_cut(struct top *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * classes.h: rows of a batch in a few classes, of which each has the same values in some dense columns (dense.h).
 */
#ifndef RA_TOOLS_QUERY_CLASSES_H
#define RA_TOOLS_QUERY_CLASSES_H

#include "format/batch.h"

#include <stdbool.h>

#define CLASSES_MAX 64

struct classes;
struct classes *classes_new(void);
void classes_free(struct classes **);

/* Selected rows that have the same in n fields, of which none is mixed, are a class each.  false: there would be more
 * than CLASSES_MAX. */
bool classes_make(struct classes *, const struct batch *, const enum field *, unsigned n);
uint32_t classes_count(const struct classes *);
uint32_t classes_first(const struct classes *, uint32_t class); /* a row of it */

/* The values of a column of numbers that rows of each class have in it, as one; how many these are. */
const uint32_t *classes_values(struct classes *, const struct dense *);
void classes_sum(struct classes *, const struct dense *, uint64_t sum[static CLASSES_MAX]); /* UINT64_MAX: it is that or more */
void classes_span(struct classes *, const struct dense *, uint64_t min[static CLASSES_MAX], uint64_t max[static CLASSES_MAX]);
void classes_or(struct classes *, const struct dense *, uint64_t any[static CLASSES_MAX]);

#endif

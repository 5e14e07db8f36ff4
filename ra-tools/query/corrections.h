/* SPDX-License-Identifier: BSD-2-Clause
 *
 * corrections.h: corrections that a filter rejects, because they lack what it asks for: the loss that they take back
 * stays in the sums.
 */
#ifndef RA_TOOLS_QUERY_CORRECTIONS_H
#define RA_TOOLS_QUERY_CORRECTIONS_H

#include "ra-tools/filter/filter.h"

/* How many of the rejected rows are such. */
uint64_t corrections_lost(const struct filter *, const struct batch *, const uint64_t *rejected);
/* May there be some in a block that the filter skips? */
bool corrections_in(const struct filter *, const struct block_info *);

#endif

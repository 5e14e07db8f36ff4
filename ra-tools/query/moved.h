/* SPDX-License-Identifier: BSD-2-Clause
 *
 * moved.h: records that another one of the files has taken (pavo(5), "Taken"): they count there, and not where they came
 * from.
 */
#ifndef RA_TOOLS_QUERY_MOVED_H
#define RA_TOOLS_QUERY_MOVED_H

#include "format/batch.h"
#include "format/segment.h"

struct moved;

/* Among these files; "-" is none. NULL: no record has moved. */
struct moved *moved_new(char *const *path, unsigned n);
void moved_free(struct moved **);
/* Leave those out of `sel`, of a batch of the i-th file that has bstart. */
void moved_leave(const struct moved *, unsigned i, const struct segment_info *, const struct batch *, uint64_t *sel);

#endif

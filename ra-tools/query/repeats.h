/* SPDX-License-Identifier: BSD-2-Clause
 *
 * repeats.h: records that came before, exactly so (--dedup).
 */
#ifndef RA_TOOLS_QUERY_REPEATS_H
#define RA_TOOLS_QUERY_REPEATS_H

#include "format/batch.h"

struct repeats;

struct repeats *repeats_new(uint64_t memory); /* bytes for what is remembered; 0: any */
void repeats_free(struct repeats **);
/* Leave rows of the batch, whose columns are all there, out of `sel` that have the fields and values of an earlier one. */
void repeats_leave(struct repeats *, const struct batch *, uint64_t *sel);
uint64_t repeats_left(const struct repeats *);
/* No more fitted: later records were not looked for. */
bool repeats_full(const struct repeats *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * health.h: the health flags of a record (SEMANTICS 6.4), as pure functions of its fields and of limits.
 */
#ifndef PROBE_HEALTH_H
#define PROBE_HEALTH_H

#include "format/flow.h"

/* Counts, us and percent; see health.def. */
struct health_limits {
#define LIMIT(member, ...) uint64_t member;
#include "probe/health.def"
};

extern const struct health_limits health_default;

/* Set the limit called `key` from the text of its value.  false: `err` has the sentence. */
bool health_set(struct health_limits *, const char *key, const char *value, char *err, size_t errlen);

/* The flags that follow from a record's own fields are added to those that its tracker has set, and their
 * counters n_ are 1.  `replied`: the flow's destination has sent at some time in its life. */
void health_fill(struct flow *, const struct health_limits *, bool replied);

/* Is there a queue?  `newbytes` the direction carried in the bin, `n` round trips of one side in it and
 * their sum, and the shortest of that side in the flow's life so far; us.  Zero windows are the caller's. */
bool health_bloat(const struct health_limits *, uint64_t newbytes, uint64_t n, uint64_t sum, uint64_t base);

#endif

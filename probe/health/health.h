/* SPDX-License-Identifier: BSD-2-Clause
 *
 * health.h: the health flags of a record (SEMANTICS 6.4), as pure functions of its fields and of limits.
 */
#ifndef PROBE_HEALTH_H
#define PROBE_HEALTH_H

#include "format/tile.h"

/* Counts, us and percent; see health.def. */
struct health_limits {
#define LIMIT(member, ...) uint64_t member;
#include "probe/health/health.def"
};

extern const struct health_limits health_default;

enum health_unit { HEALTH_UNIT_COUNT, HEALTH_UNIT_USEC, HEALTH_UNIT_PERCENT };

struct health_row { /* a row of health.def */
	const char *key;
	size_t at; /* of the uint64_t in struct health_limits */
	enum health_unit unit;
	uint64_t least, most;
};
extern const struct health_row health_rows[]; /* ends with key == NULL */

/* The flags that follow from a record's own fields are added to those that its tracker has set, and their
 * counters n_ are 1.  `replied`: the flow's destination had sent by the time the record was sealed; TCP: there
 * was more than SYNs in its life. */
void health_fill(struct tile *, const struct health_limits *, bool replied);

/* Is there a queue?  `newbytes` the direction carried in the bin, `n` round trips of one side in it and
 * their sum, and the shortest of that side in the flow's life so far; us.  Zero windows are the caller's. */
bool health_bloat(const struct health_limits *, uint64_t newbytes, uint64_t n, uint64_t sum, uint64_t base);
/* The same by the shortest of `n` round trips of any kind: pure acknowledgements are answered when there is something to
 * say, so that of them only the shortest tells. */
bool health_queue(const struct health_limits *, uint64_t newbytes, uint64_t n, uint64_t least, uint64_t base);

#endif

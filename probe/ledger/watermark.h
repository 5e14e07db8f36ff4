/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watermark.h: the probe's clock: the highest packet time seen, with sense (SEMANTICS R3, R6).
 */
#ifndef PROBE_WATERMARK_H
#define PROBE_WATERMARK_H

#include "probe/ledger/stat.h"

struct watermark {
	int64_t now;  /* ns; meaningless until started */
	bool started;
	unsigned agree;   /* packets in a row that agree on a time far ahead */
	int64_t ahead;    /* the last of those */
};

/* Can it be a time?  What lies within hours of the end of int64 is none: bins and timeouts are added to it. */
static inline bool
watermark_can_be(int64_t ts)
{
	return (ts >= 0 && ts < INT64_MAX - 4 * 3600 * 1000000000ll);
}

/* Take a packet's time: move the clock, return the time it counts at (clamped).  `bad`: it can not be a
 * time.  *jump: far ahead, the clock stands still. */
int64_t watermark_take(struct watermark *, int64_t ts, bool bad, bool *jump);

#endif

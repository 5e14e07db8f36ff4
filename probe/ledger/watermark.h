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
	return ((uint64_t)ts < (uint64_t)INT64_MAX - 4 * 3600 * 1000000000ull);
}

#define WATERMARK_FAR (3600 * 1000000000ll) /* a step further than this must be confirmed */

/* The first time, one that can not be, one that is far ahead: see watermark_take(). */
int64_t watermark_odd(struct watermark *, int64_t ts, bool bad, bool *jump);

/* Take a packet's time: move the clock, return the time it counts at (clamped).  `bad`: it can not be a
 * time.  *jump: far ahead, the clock stands still. */
static inline int64_t
watermark_take(struct watermark *w, int64_t ts, bool bad, bool *jump)
{
	*jump = false;
	if (bad || !w->started || ts - w->now > WATERMARK_FAR)
		return (watermark_odd(w, ts, bad, jump));
	w->agree = 0;
	w->now = ts > w->now ? ts : w->now;
	return (ts);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watermark.h: the probe's clock: the highest packet time seen, with sense (SEMANTICS R3, R6).
 */
#ifndef PROBE_WATERMARK_H
#define PROBE_WATERMARK_H

#include "probe/stat.h"

struct watermark {
	int64_t now;  /* ns; meaningless until started */
	bool started;
	unsigned agree;   /* packets in a row that agree on a time far ahead */
	int64_t ahead;    /* the last of those */
};

/* Take a packet's time: move the clock, return the time it counts at (clamped).  `bad`: it can not be a
 * time.  *jump: far ahead, the clock stands still. */
int64_t watermark_take(struct watermark *, int64_t ts, bool bad, bool *jump);

#endif

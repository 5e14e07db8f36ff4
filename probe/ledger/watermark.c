/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watermark.c: the clock that packets drive.
 */
#include "probe/ledger/watermark.h"

#include "format/base/clock.h"

#define FAR   (3600 * SEC) /* a step further than this must be confirmed */
#define AGREE 8            /* by so many packets in a row */

static int64_t
distance(int64_t a, int64_t b)
{
	return (a > b ? a - b : b - a);
}

int64_t
watermark_take(struct watermark *w, int64_t ts, bool bad, bool *jump)
{
	*jump = false;
	if (bad)
		ts = w->started ? w->now : 0;
	if (!w->started) {
		w->started = true;
		w->now = ts;
		return (ts);
	}
	if (ts - w->now <= FAR) {
		w->agree = 0;
		if (ts > w->now)
			w->now = ts;
		return (ts);
	}
	w->agree = w->agree > 0 && distance(ts, w->ahead) <= FAR ? w->agree + 1 : 1;
	w->ahead = ts;
	if (w->agree >= AGREE) {
		w->agree = 0;
		w->now = ts;
	} else {
		*jump = true;
	}
	return (ts);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watermark.c: the clock that packets drive.
 */
#include "probe/ledger/watermark.h"

#define AGREE 8 /* packets in a row confirm a step that is far */

static int64_t
distance(int64_t a, int64_t b)
{
	return (a > b ? a - b : b - a);
}

int64_t
watermark_odd(struct watermark *w, int64_t ts, bool bad, bool *jump)
{
	if (bad)
		ts = w->started ? w->now : 0;
	if (!w->started) {
		w->started = true;
		w->now = ts;
		return (ts);
	}
	if (ts - w->now <= WATERMARK_FAR)
		return (watermark_take(w, ts, false, jump));
	w->agree = w->agree > 0 && distance(ts, w->ahead) <= WATERMARK_FAR ? w->agree + 1 : 1;
	w->ahead = ts;
	if (w->agree >= AGREE) {
		w->agree = 0;
		w->now = ts;
	} else {
		*jump = true;
	}
	return (ts);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_axis.h: a time axis: round times on the wall, as many as are legible, and short words for them.
 */
#ifndef RA_TOOLS_OUT_HTML_AXIS_H
#define RA_TOOLS_OUT_HTML_AXIS_H

#include "format/base/buf.h"
#include "format/types.h"

#include <stdint.h>

#define AXIS_TICKS 40

struct axis {
	const struct text_options *o;
	int64_t from, edge, to; /* of what is drawn, of the period */
	int64_t step;
	int64_t tick[AXIS_TICKS];
	unsigned n;
};

void axis_of(struct axis *, const struct text_options *, int64_t from, int64_t edge, int64_t to);
/* Lines through a panel of so many units. */
void axis_grid(const struct axis *, unsigned width, unsigned height, struct buf *);
/* The axis itself. */
void axis_ticks(const struct axis *, struct buf *);
/* What stands at a tick: midnight as its day, other times as such. */
void axis_label(const struct axis *, int64_t, struct buf *);
/* A moment, no longer than the period asks for. */
void axis_time(const struct axis *, int64_t, struct buf *);
/* A round number, not below v > 0. */
double axis_nice(double v);

#endif

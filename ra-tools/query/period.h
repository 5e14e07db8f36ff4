/* SPDX-License-Identifier: BSD-2-Clause
 *
 * period.h: the zone and the range of time that a command line names, and what is to be said of them.
 */
#ifndef RA_TOOLS_QUERY_PERIOD_H
#define RA_TOOLS_QUERY_PERIOD_H

#include "format/base/buf.h"
#include "format/base/clock.h"

struct period {
	const char *text;      /* as it was written; NULL: all of time */
	const char *tz;	       /* the same of the zone; NULL: UTC */
	enum clock_zone zone;
	int64_t from, to;      /* ns: from <= time < to */
	/* what was answered: bins may reach further than from `from` to `to`; the longest of those that do */
	int64_t first, last, longest;
};

/* What tz says, and TZ from now on.  NULL, or what is wrong with it. */
const char *period_zone(struct period *);
/* What text says; `now` in ns. */
enum clock_range period_range(struct period *, int64_t now);
/* These bins are in the answer. */
void period_reach(struct period *, int64_t first, int64_t last, int64_t longest);
/* The sentence that says so; false: there is nothing to say. */
bool period_sentence(const struct period *, struct buf *);
/* From where to where a question goes: -t, widened to whole bins of T ns (0: not known), or all that there is, `first` to `last`.
 * Its length; 0: nothing is known of it. */
int64_t period_span(const struct period *, int64_t T, int64_t *first, int64_t *last);
/* "UTC+01:00" if the zone's clock stands so for all of the period; else an empty text. */
void period_offset(const struct period *, char out[static CLOCK_TEXT]);

/* The zone with its name and how its clock stands in these times: "UTC", "Europe/Berlin, UTC+01:00"; both offsets where it changes. */
void period_zone_text(const struct period *, int64_t from, int64_t to, struct buf *);

#endif

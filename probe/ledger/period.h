/* SPDX-License-Identifier: BSD-2-Clause
 *
 * period.h: stretches of time that have a record file each (pavo --rotate).  Tested by test_page.c.
 *
 * A period stays open for a while behind its end: what waits for other packets (a fragment for its first one) counts in its
 * own bin even then.  Rows of a bin whose period is closed are at home in that of the clock.  So that a file has the
 * packets of a LATE row and of the counters of late packets, or neither, what is late does not last beyond an edge.
 */
#ifndef PROBE_LEDGER_PERIOD_H
#define PROBE_LEDGER_PERIOD_H

#include "format/base/clock.h"

#include <stdbool.h>

struct periods { /* edges are edges of bins */
	int64_t length;  /* ns, from the epoch on; 0: one, for ever */
	int64_t cut;     /* and one that begins there (HUP); INT64_MIN: none */
	int64_t patience; /* so long behind its end one is open */
};

static inline int64_t
period_start(const struct periods *p, int64_t t)
{
	int64_t start = p->length > 0 ? clock_bin(t, p->length) : INT64_MIN;

	return (p->cut <= t && p->cut > start ? p->cut : start);
}

/* INT64_MAX: it has none. */
static inline int64_t
period_end(const struct periods *p, int64_t t)
{
	int64_t start = p->length > 0 ? clock_bin(t, p->length) : 0;
	int64_t end = p->length > 0 && start <= INT64_MAX - p->length ? start + p->length : INT64_MAX;

	return (p->cut > t && p->cut < end ? p->cut : end);
}

/* When the period that ends at `end` is closed. */
static inline int64_t
period_close(const struct periods *p, int64_t end)
{
	return (end > INT64_MAX - p->patience ? INT64_MAX : end + p->patience);
}

/* The next time at which one ends or is closed. */
static inline int64_t
period_edge(const struct periods *p, int64_t now)
{
	int64_t end = period_end(p, now), close = period_close(p, period_end(p, now - p->patience));

	return (end < close ? end : close);
}

/* What who writes files is told. */
struct turn {
	int64_t home;   /* rows that follow of bins before `sealed` are at home in the period of this time */
	int64_t sealed; /* all that belong into bins before it have come; INT64_MIN: none */
	int64_t cut;    /* periods.cut */
	int64_t late;   /* LATE rows that follow are at home in the period of this time; INT64_MIN: as all others */
};

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * timeline.h: the bins of all flows in the order of time, until they are sealed (SEMANTICS R2, R4, R6).
 *
 * A span is one bin of time: the flows' bins in the order of their first packet, and the probe's own counters.
 * Late bins (of a span already sealed) stand in one queue, in the order in which they were opened.
 */
#ifndef PROBE_TIMELINE_H
#define PROBE_TIMELINE_H

#include "format/base/clock.h"
#include "probe/flow/list.h"
#include "probe/ledger/period.h"
#include "probe/ledger/stat.h"

#define TIMELINE_GRACE(interval) ((interval) < SEC ? (interval) : SEC) /* G */
#define TIMELINE_WAITS (2 * SEC) /* a packet may wait for others so long, before it counts */

struct span {
	int64_t start, due; /* due: the watermark at which it is sealed */
	int64_t opened;     /* late counters: by the clock */
	struct list bins;
	struct stat_set stats;
	uint32_t serial;    /* several ledgers that count together call it so; 0: it is this one's alone */
	struct span *next;  /* unused ones */
};

struct timeline {
	int64_t interval, grace; /* T and G in ns */
	struct periods periods;  /* of files: what is late does not last from one into the next */
	struct span **open;      /* by start */
	uint32_t nopen, capopen;
	uint32_t last;           /* the one asked for last */
	struct span draining;    /* sealed, being written, while `drains` */
	bool drains;
	struct list late;        /* late bins, in the order of due */
	struct span *unused;     /* spans to be used again */
	struct span *latestats;  /* counters of packets that were late; by due */
	uint32_t nlate, caplate;
	int64_t forced;          /* spans before this were sealed early, there were too many */
	int64_t marked;          /* see timeline_mark() */
	bool follows;            /* another ledger has the same spans, and counts those that are sealed early */
	int64_t here;            /* start of the bin in which the last packet's time lay */
};

void timeline_init(struct timeline *, int64_t interval, int64_t grace);
void timeline_free(struct timeline *);

/* Where the bin of this time starts. */
static inline int64_t
timeline_start(const struct timeline *tl, int64_t t)
{
	return (clock_bin(t, tl->interval));
}

static inline int64_t
timeline_seal(const struct timeline *tl, int64_t start)
{
	return (start + tl->interval + tl->grace);
}

static inline bool
timeline_sealed(const struct timeline *tl, int64_t start, int64_t now)
{
	return (timeline_seal(tl, start) <= now || start < tl->forced);
}

/* A LATE bin that is opened at `now` is sealed then. */
static inline int64_t
timeline_late_seal(const struct timeline *tl, int64_t now)
{
	int64_t edge = period_edge(&tl->periods, now);

	return (now + tl->grace < edge ? now + tl->grace : edge);
}

/* Where a period can begin that is asked for at `now`: what is late already is sealed before. */
static inline int64_t
timeline_edge(const struct timeline *tl, int64_t now)
{
	return (timeline_start(tl, now + tl->grace - 1) + tl->interval);
}

/* The open span that starts there, made if need be. Valid until the next call. */
struct span *timeline_find(struct timeline *, int64_t start);

static inline struct span *
timeline_span(struct timeline *tl, int64_t start)
{
	if (tl->last < tl->nopen && tl->open[tl->last]->start == start)
		return (tl->open[tl->last]);
	return (timeline_find(tl, start));
}

/* The counters of late packets of a sealed span. */
struct stat_set *timeline_late_stats(struct timeline *, int64_t start, int64_t now);

/* Another ledger has opened that span, or late counters at `now`: so does this one, by the same name. */
void timeline_open(struct timeline *, int64_t start, bool late, int64_t now, uint32_t serial);

/* Live each bin has its span, in silence too.  true: *start is the next one that it has to have, up to the bin of
 * `now`. */
bool timeline_mark(struct timeline *, int64_t now, int64_t *start);

/* The next time at which a span or late counters are to be sealed; INT64_MAX: none.  (Late bins carry
 * their own.) */
int64_t timeline_due(const struct timeline *);
/* Take what is due first.  true: a span, now `draining`; false: late counters, in *stats. */
bool timeline_take(struct timeline *, struct span *stats);

#endif

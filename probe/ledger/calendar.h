/* SPDX-License-Identifier: BSD-2-Clause
 *
 * calendar.h: one clock for several ledgers that each count a part of the packets (pavo -j).
 *
 * Who reads the packets keeps it: it says when the clock leaves a bin, and which bins there are, so that every ledger
 * has them all and what each has counted of a bin can be added up.
 */
#ifndef PROBE_LEDGER_CALENDAR_H
#define PROBE_LEDGER_CALENDAR_H

#include "probe/ledger/timeline.h"
#include "probe/ledger/watermark.h"

struct calendar {
	struct watermark clock;
	struct timeline time; /* of empty spans */
	int64_t leaves;       /* the end of the bin in which the clock is */
	uint32_t serial;      /* of the last span that was opened */
};

/* What a packet, or silence, has changed. */
struct calendar_news {
	int64_t ts;        /* the time at which the packet counts, */
	bool bad, jump;    /* its own was impossible; far ahead */
	bool turned;       /* the clock has left the bin of `before`, the last time that it showed there */
	int64_t before;
	bool opened, late; /* there is another span, or other counters of late packets, of that name */
	int64_t start;
	uint32_t serial;
};

void calendar_init(struct calendar *, int64_t interval);
void calendar_free(struct calendar *);
/* A packet.  `bad`: it has no time. */
void calendar_take(struct calendar *, int64_t ts, bool bad, struct calendar_news *);
/* Live: silence until `now`. */
void calendar_wait(struct calendar *, int64_t now, struct calendar_news *);
/* Live: the next span that there is without packets, too; false: there is none. */
bool calendar_mark(struct calendar *, struct calendar_news *);

#endif

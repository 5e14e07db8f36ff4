/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine.h: facts move state, state becomes records: the order in which things happen.
 *
 * Everything is driven by the packets' times (SEMANTICS R3): the same packets give the same records,
 * however they are cut into batches.
 */
#ifndef PROBE_ENGINE_H
#define PROBE_ENGINE_H

#include "probe/ledger/ledger.h"
#include "probe/health/health.h"
#include "probe/flow/key.h"

#define ENGINE_BATCH LEDGER_BATCH

struct engine;

struct engine_options {
	int64_t interval;       /* T in ns */
	const char *probe;
	uint32_t max_flows, max_frags, max_sas;
	bool no_lanes;          /* each SA is a lane of its own */
	struct key_options key;
	bool live;
	int64_t rotate;         /* ns, a multiple of the interval: records that have a file together; 0: all */
	uint64_t seed;          /* of the tables */
	const struct health_limits *limits; /* lives as long; NULL: the usual ones */
	/* Several engines share the packets, and one who reads them keeps the time (ledger/calendar.h).  NULL: the engine
	 * does.  This engine has counted `stats` of the span of that name.  true: so have the others, and the stats are
	 * those of all now. */
	bool (*collect)(void *arg, uint32_t serial, struct stat_set *stats);
	void *arg;
	char *const *links; /* live: the names of the interfaces, at most STAT_LINKS; they live as long */
	unsigned nlinks;
	bool follows; /* it is not the one that counts what happens to all: spans that are sealed early */
};

enum { /* arrival.kind */
	ARRIVAL_PACKET,
	/* where several engines share the packets: */
	ARRIVAL_FRAME, /* one that comes later: what MAR counts of frames */
	ARRIVAL_PIECE, /* a fragment whose frame was counted when it came, at `now` */
	ARRIVAL_NOTE,  /* one of another engine: what its facts say of flows of this one */
};

/* A packet as it comes to the engine: decoded, or with a fate that keeps it out of flows. */
struct arrival {
	int64_t now; /* the watermark, where the reader keeps the time; then packet.ts is the time at which it counts, */
	uint32_t order; /* which of all packets it is, */
	bool jump;   /* and it is far ahead */
	bool bad_ts;
	uint8_t kind;
	struct packet packet;
};

struct engine *engine_new(const struct engine_options *, struct sink);
/* At most ENGINE_BATCH packets, in capture order. */
void engine_packets(struct engine *, struct arrival *, unsigned n);
/* Live and there is time: do what is due.  After silence the clock may go on to `now`, else ENGINE_NO_TIME. */
#define ENGINE_NO_TIME INT64_MIN
void engine_idle(struct engine *, int64_t now);
/* There is a moment: do a little of what is due.  true: there is more. */
bool engine_slice(struct engine *);
/* Where the reader keeps the time: the clock goes on to `now`; if it leaves the bin of `before`, that was the last time
 * in it. */
void engine_clock(struct engine *, int64_t before, int64_t now);
/* And there is another span, or there are other counters of late packets. */
void engine_opened(struct engine *, int64_t start, bool late, int64_t now, uint32_t serial);
/* Live: hand on records that wait for at least `delay`; to be called often. */
void engine_flush(struct engine *, int64_t now, int64_t delay);
/* The kernel's counts of an interface since the last call, which was at `since`: they are of that bin.  If packets were
 * dropped or the interface was away, the records of all bins from `since` to `until` are flagged capdrop: call it before
 * packets of a later time are given to the engine, so that those bins are not written yet. */
void engine_kernel(struct engine *, const struct stat_news *);
/* The same for the flags alone: another engine counts. */
void engine_dropped(struct engine *, const struct stat_news *);
/* HUP: from `at` on records have another file, see timeline_edge(); INT64_MIN: from about now on. */
void engine_cut(struct engine *, int64_t at);
/* End of input: everything is sealed and written. */
void engine_finish(struct engine *);
void engine_free(struct engine **);

struct engine_totals { /* so far */
	struct stat_set stats; /* its levels are those of now */
	uint64_t in_flows;     /* packets that are in flow records */
	uint64_t records;      /* handed to the sink, or about to be */
	uint64_t queries;      /* DNS queries that wait for their response now */
	int64_t clock;         /* the watermark; ENGINE_NO_TIME: nothing came yet */
};

void engine_totals(const struct engine *, struct engine_totals *);

#endif

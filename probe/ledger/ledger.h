/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ledger.h: a place to count for any flow and bin of time, and the order in which bins become records
 * (SEMANTICS R2-R6).
 *
 * A bin is open until the watermark has passed its end by G; then it is written, unless something holds it
 * (hold.h).  A packet that comes later than that counts in a LATE bin of the same start.  A fact about a bin that was
 * written already counts in a blank one, which is written at once: that is a correction.
 *
 * The ledger knows flows (their bins, their names) and trackers as far as tracker.h says; it asks nobody else.
 */
#ifndef PROBE_LEDGER_LEDGER_H
#define PROBE_LEDGER_LEDGER_H

#include "probe/ledger/bin.h"
#include "probe/ledger/emit.h"
#include "probe/ledger/hold.h"
#include "probe/ledger/page.h"
#include "probe/ledger/timeline.h"
#include "probe/ledger/watermark.h"

#define LEDGER_BATCH 32 /* packets that come together */
#define LEDGER_TURNS 256

struct ledger_options {
	int64_t interval;  /* T in ns */
	const char *probe; /* lives as long */
	uint32_t max_flows, max_holds;
	bool live, vlan_key;
	const struct health_limits *limits; /* lives as long */
	struct sink sink;
	int64_t rotate;    /* ns, a multiple of T: a file; 0: one for all */
	char *const *links; /* live: the names of the interfaces; they live as long */
	unsigned nlinks;
};

struct ledger {
	struct table *table;     /* the flows; borrowed, as `track` */
	struct track *track;
	struct watermark clock;
	struct timeline time;
	struct pool bins, mores, toses, frags;
	struct holds holds;
	struct page page;
	struct emit emit;
	struct stat_set total;   /* of the MAR records that were written */
	int64_t leaves;          /* the end of the bin in which the clock is */
	int64_t turn[LEDGER_TURNS]; /* its last times in bins that it has left, while something is due in them */
	unsigned turns;
	bool live;
	uint32_t counting;       /* the bin in which a packet is counted; 0: none is */
	/* a flow that a hold keeps for itself is to be written all the same: who placed it gives the flow its name */
	void (*forced)(void *, uint32_t flow);
	void *arg;
	struct bin blank;        /* a correction */
	struct flow_state gone;  /* and a stand-in for its flow, if that is gone */
};

/* `track`: may be made later, before the first packet. */
void ledger_init(struct ledger *, struct table *, const struct ledger_options *);
void ledger_free(struct ledger *);

static inline struct bin *
bin_at(const struct ledger *l, uint32_t n)
{
	return (pool_at(&l->bins, n));
}

static inline int64_t
ledger_start(const struct ledger *l, int64_t t)
{
	return (timeline_start(&l->time, t));
}

#define LEDGER_BINS_PER_FLOW 3 /* that wait at one time: most have one or two; a flood of late packets is sealed early */

/* Bins that live at one time, with one for a correction: so many cells of a kind never run out. */
static inline uint32_t
ledger_cells(uint32_t max_flows)
{
	return (max_flows > 1u << 29 ? 1u << 31 : LEDGER_BINS_PER_FLOW * max_flows + 65);
}

/* --- counting */

/* Where a packet's time lies; v->p and v->now are known. */
static inline void
ledger_place(struct ledger *l, struct seen *v)
{
	int64_t ts = v->p->ts;

	if ((uint64_t)ts - (uint64_t)l->time.here >= (uint64_t)l->time.interval)
		l->time.here = ledger_start(l, ts);
	v->start = l->time.here;
	v->late = timeline_sealed(&l->time, v->start, v->now);
}

/* The bin of its flow in which a packet counts now; made if there is none. */
struct bin *ledger_open(struct ledger *, const struct seen *);

static inline struct bin *
ledger_count(struct ledger *l, const struct seen *v, const struct flow_state *f)
{
	struct bin *b = bin_at(l, f->bin);

	if (f->bin == 0 || b->start != v->start || v->late || bin_is_late(b))
		return (ledger_open(l, v));
	l->counting = f->bin;
	return (b);
}

/* A place to count what is learned at `now` about the flow's bin of `start`: that bin if it is open, else a blank
 * one.  One at a time; ledger_done() follows. */
struct bin *ledger_bin(struct ledger *, const struct flow_ref *, int64_t start, int64_t now);
/* Counts n, which has 32 bits at most. */
#define LEDGER_ADD(l, b, name, side, n)                                                           \
	(__builtin_add_overflow((b)->name[side], (uint32_t)(n), &(b)->name[side]) ?               \
		(void)ledger_more(l, b)->name[side]++ : (void)0)
/* Some of the payload was none. */
void ledger_less_payload(struct ledger *, struct bin *, int side, uint64_t n);
/* Open: nothing to do.  Blank: its correction is written. */
void ledger_done(struct ledger *, struct bin *);
/* Cells of a bin, zeroed at first. */
struct bin_more *ledger_more(struct ledger *, struct bin *);
struct tos *ledger_tos(struct ledger *, struct bin *);
struct frag_counts *ledger_frags(struct ledger *, struct bin *);

/* The clock has gone on from `before`.  What is due in a bin that it has left counts there, however many packets came
 * together; ledger_quiet(): nothing is due any more. */
void ledger_turn(struct ledger *, int64_t before);
static inline void
ledger_tick(struct ledger *l, int64_t before)
{
	if (l->clock.now >= l->leaves)
		ledger_turn(l, before);
}
static inline void
ledger_quiet(struct ledger *l)
{
	l->turns = 0;
}

/* The probe's own counters: of the bin in which a packet counts, */
static inline struct stat_set *
ledger_packet_stats(struct ledger *l, const struct seen *v)
{
	if (v->late)
		return (timeline_late_stats(&l->time, v->start, v->now));
	return (&timeline_span(&l->time, v->start)->stats);
}
/* and of the bin in which the clock stood when it first came to `now`: that bin has a frame. */
struct stat_set *ledger_stats(struct ledger *, int64_t now);

/* --- a flow's bins */

/* The flow's bin of that time, not a LATE one, even if it is sealed; NULL: it is written, or there never was one. */
struct bin *ledger_unwritten(const struct ledger *, const struct flow_state *, int64_t start);
/* The watermark at which a bin is sealed. */
static inline int64_t
ledger_due(const struct ledger *l, const struct bin *b)
{
	if (bin_is_late(b))
		return (((const struct bin_more *)pool_at(&l->mores, b->more))->due);
	return (timeline_seal(&l->time, b->start));
}
/* The watermark at which a bin is written: its seal, or when what holds it is lifted. */
int64_t ledger_written_at(const struct ledger *, const struct bin *);
/* Is its first record sealed?  From then on its direction stays. */
bool ledger_frozen(const struct ledger *, const struct flow_state *, int64_t now);
/* The flow ends at watermark `when`: the record that is written last says so, or a row of its own (SEMANTICS 0,
 * "Flow life events"). */
void ledger_end(struct ledger *, struct flow_state *, uint8_t cause, int64_t when);
/* Write all of the flow's bins before their time but the last, in their order; returns that one, 0 = there is none. */
uint32_t ledger_write_but_last(struct ledger *, struct flow_state *);
/* Write a bin before its time. */
void ledger_write(struct ledger *, uint32_t bin);
/* Write some bin before its time: the pools are full. */
void ledger_make_room(struct ledger *);
/* The bins of `from` become those of `to`.  Bins of `open` and later have waited until `now`. */
void ledger_move(struct ledger *, uint32_t to, uint32_t from, int64_t now, int64_t open);

/* --- what is due */

/* A group's bins that nothing holds any more. */
void ledger_write_ready(struct ledger *, uint32_t group);
/* The next LATE bin's time, and what is done then; INT64_MAX: there is none. */
int64_t ledger_late_due(const struct ledger *);
void ledger_seal_late(struct ledger *);
/* One record of the span that is being written, while time.drains; false: that was the last, and ledger_close()
 * follows. */
bool ledger_drain(struct ledger *);
/* A span is done.  true: it has a MAR record; ledger_mar() follows, once its levels are filled in. */
bool ledger_close(struct ledger *, const struct span *, bool late);
/* Is there a MAR record of these counts? Offline a bin without frames has none. */
static inline bool
ledger_tells(const struct ledger *l, const struct span *s, bool late)
{
	return (s->stats.frames > 0 || late || l->live);
}
void ledger_mar(struct ledger *, struct span *, bool late);
/* Live each bin has a MAR record, in silence too: up to the clock's. */
void ledger_mark(struct ledger *);
/* The kernel's counts, see engine_kernel(). */
void ledger_kernel(struct ledger *, const struct stat_news *);
/* The flags alone: another ledger counts. */
void ledger_dropped(struct ledger *, const struct stat_news *);
/* So far: of what is written, and what is still open. */
void ledger_total(const struct ledger *, struct stat_set *);

#endif

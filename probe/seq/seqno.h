/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seqno.h: one direction of a sequence-numbered carrier: what was lost, late, duplicated (SEMANTICS 2.4, 3).
 *
 * One piece of code for ESP, AH, GRE (32 bits), WireGuard (64) and RTP (16).  A number that was jumped over
 * counts as lost in the bin of the jump; when it arrives after all it is taken back there, and where nothing is left
 * to take back (the bin was written) it is a `fix`.  So loss is never negative and never bogus.
 *
 * Old packets in a row may be a sender that begins again, or one that somebody replays.  Both are followed, side by
 * side, until it is known (SEMANTICS 14.2 a): a trial.
 */
#ifndef PROBE_TRACK_SEQNO_H
#define PROBE_TRACK_SEQNO_H

#include "format/base/arena.h"
#include "format/base/bits.h"
#include "format/base/clock.h"

#include <stdbool.h>
#include <stdint.h>

#define SEQ_WINDOW  4096 /* numbers behind the right edge that are told apart */
#define SEQ_GAPS    32
#define SEQ_MARKS   8
#define CUTS_SURE   2
#define SEQ_RUN     8  /* packets in a row that may begin a new numbering */
#define SEQ_LAGS    13 /* laghist: powers of two, the last is everything beyond the window */

/* Of one direction in one bin; named as their fields are. */
#define SEQ_SUMS_64(X) X(lost) X(jumpskip) X(outage) X(lateus_sum) /* the last two in us */
#define SEQ_SUMS_32(X)                                                                            \
	X(uniq) X(fix) X(dup) X(late) X(early) X(gapev) X(stale) X(badseq) X(jumps) X(resets) X(wrap) \
	X(headgap) X(noutage) X(nr3)
#define SEQ_MAXES(X) X(maxgap) X(lagmax) X(extmax) X(lateus_max)

struct seq_counts {
#define SEQ_MEMBER(name) uint64_t name;
	SEQ_SUMS_64(SEQ_MEMBER)
#undef SEQ_MEMBER
#define SEQ_MEMBER(name) uint32_t name;
	SEQ_SUMS_32(SEQ_MEMBER)
	SEQ_MAXES(SEQ_MEMBER)
#undef SEQ_MEMBER
	uint32_t laghist[SEQ_LAGS];
};

/* Which record a gap was counted in. */
struct seq_place {
	int64_t bin;     /* start */
	uint64_t flowid;
	uint32_t owner;  /* of several that share a numbering: whose; the carrier's */
	uint16_t lane;
};

struct seq_gap {
	int64_t lo, hi;    /* numbers, extended */
	int64_t opened;    /* time of the packet that jumped */
	uint64_t arrival;  /* its number among arrivals */
	struct seq_place place;
	bool credited;     /* counted as early */
};

struct seq_step { /* a packet that did not advance */
	int64_t q, t;
	struct seq_place place;
};

struct seqno {
	int64_t hi, base; /* extended numbers: the highest, and where this epoch began */
	int64_t thi;      /* when hi came */
	uint64_t arrivals;
	int64_t came;     /* when the last of them did */
	uint64_t gap_sum; /* ns between them: what silence is usual */
	int64_t last[3];  /* the last arrivals that were no duplicates, newest first */
	int64_t pend, pend_t; /* an implausible jump that waits for a second packet */
	struct seq_place pend_place;
	int64_t slot;     /* start of the second that is being counted */
	uint32_t slot_uniq, peak;
	uint32_t run;     /* packets that look like a new beginning: step[] */
	uint32_t trial;   /* it may have begun again: cell; 0 = it has not */
	uint64_t mask;    /* of the bits on the wire */
	uint8_t width;    /* so many: 16, 32, 64 */
	uint8_t ngaps, nmarks, nlast;
	uint8_t cuts;     /* steps in a row as wide as the packet before them was long: 0, 1, CUTS_SURE */
	bool started, pending;
	struct {
		struct seq_place place;
		int64_t hi; /* when that bin began */
	} mark[SEQ_MARKS];
	struct seq_gap gap[SEQ_GAPS];
	struct seq_gap held; /* cuts == 1: the first of them: loss, unless there is another one */
	uint64_t window[SEQ_WINDOW / 64]; /* bit n % SEQ_WINDOW: n arrived, for n in (hi - SEQ_WINDOW, hi] */
	struct seq_step step[SEQ_RUN];
};

/* Numberings on trial, and what their packets count until it is known what they are: few at a time. */
struct seq_trials {
	struct pool trials, spots;
};

void seq_trials_init(struct seq_trials *, uint32_t max);
void seq_trials_free(struct seq_trials *);

struct seq_sink { /* where counts go */
	struct seq_place place;  /* of this packet's record */
	struct seq_counts *here; /* and its counts */
	/* The counts of another record, or of a correction to it; done() follows. */
	struct seq_counts *(*there)(void *, const struct seq_place *);
	void (*done)(void *);
	void *arg;
	struct seq_trials *trials; /* NULL: numbers never begin again */
	uint32_t segments;         /* the packet before may have been so many, cut up behind the probe; 0: it was one */
};

void seqno_init(struct seqno *, unsigned width);

static inline size_t
seqno_slot(int64_t n)
{
	return ((size_t)((uint64_t)n % SEQ_WINDOW));
}

/* One that counts. */
static inline void
seqno_arrived(struct seqno *s, int64_t n, int64_t t, struct seq_counts *c)
{
	if (s->arrivals++ > 0 && t > s->came)
		s->gap_sum += (uint64_t)(t - s->came);
	s->came = t;
	s->last[2] = s->last[1];
	s->last[1] = s->last[0];
	s->last[0] = n;
	if (s->nlast < 3)
		s->nlast++;
	c->uniq++;
	if ((uint64_t)(t - s->slot) >= SEC) {
		if (s->slot_uniq > s->peak)
			s->peak = s->slot_uniq;
		s->slot = t - t % SEC;
		s->slot_uniq = 0;
	}
	s->slot_uniq++;
}

/* The number that is expected, of the record of the one before it: most packets are such.  false: it is none, and nothing
 * is counted. */
static inline bool
seqno_next(struct seqno *s, uint64_t q, int64_t t, int64_t bin, uint64_t flowid, struct seq_counts *c)
{
	int64_t x = s->hi + 1;

	if (((uint64_t)x & s->mask) != q || s->nmarks == 0 || s->pending || s->trial != 0 || s->cuts == 1 ||
	    s->mark[s->nmarks - 1].place.bin != bin || s->mark[s->nmarks - 1].place.flowid != flowid)
		return (false);
	if (q == 0)
		c->wrap++;
	bit_set(s->window, seqno_slot(x));
	s->hi = x;
	s->thi = t;
	s->run = 0;
	seqno_arrived(s, x, t, c);
	return (true);
}
/* A packet with number q at time t (ns).  `known`: the carrier was there before this numbering, so that
 * numbers before the first one seen are a head gap. */
void seqno_packet(struct seqno *, uint64_t q, int64_t t, bool known, const struct seq_sink *);
/* Does q go on where this numbering is, and has not come there?  Then it may be of it. */
bool seqno_goes_on(const struct seqno *, uint64_t q);
/* No more packets: one that waited for confirmation was foreign, a trial is decided.  Nothing hangs off it then. */
void seqno_end(struct seqno *, const struct seq_sink *);
/* What was counted in records of flow `from` is in flow `to` now. */
void seqno_rehome(struct seqno *, struct seq_trials *, uint64_t from, uint64_t to, uint16_t lane);
/* This one of those that share it is gone: its records can not be found any more. */
void seqno_disown(struct seqno *, struct seq_trials *, uint32_t owner);
void seq_counts_add(struct seq_counts *, const struct seq_counts *);

#endif

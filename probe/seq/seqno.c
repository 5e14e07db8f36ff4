/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seqno.c: the sequence engine.
 *
 * Serial arithmetic: a number is extended to the one nearest to the highest so far, so wraps and extended
 * sequence numbers (RFC 4303 2.2.1) need no state of their own.
 */
#include "probe/seq/seqno.h"

#include <string.h>

#define JUMP_FLOOR   1024  /* a step up to this is always taken as loss */
#define PPS_FLOOR    1000  /* a rate that any carrier is believed to have, */
#define PPS_TIMES    4     /* and that much of its greatest second, since the highest number and a second before */
#define CONFIRM      64    /* a second packet so close behind confirms a jump */
#define RUN_STEP     64    /* numbers between two packets of a run, at most */
#define GOES_ON      64    /* the old numbering does if a number comes so close behind its highest, */
#define TRIAL_FOR    64    /* in so many packets */
#define TRIAL_TIME   SEC   /* and in this time */
#define TRIAL_LEAST  16    /* packets that are a new numbering when the SA ends, the run included */
#define HELD_FOR     64    /* numbers until a step as wide as a packet was long has to have a second one */
#define HEADGAP_MOST 64
#define OUTAGE_LOST  3     /* numbers in a row that prove an outage; fewer are a loss in a pause */
#define OUTAGE_GAPS  5     /* times the usual gap: a silence of less is how this sender always is */
#define USUAL_MIN    10    /* gaps that tell what is usual */

void
seqno_init(struct seqno *s, unsigned width)
{
	memset(s, 0, sizeof(*s));
	s->width = (uint8_t)width;
	s->mask = UINT64_MAX >> (64 - width);
}

/* --- the window */

static void
advance(struct seqno *s, int64_t to)
{
	if (to - s->hi >= SEQ_WINDOW)
		memset(s->window, 0, sizeof(s->window));
	else
		for (int64_t n = s->hi + 1; n < to; n++)
			bit_clear(s->window, seqno_slot(n));
	bit_set(s->window, seqno_slot(to));
	s->hi = to;
}

static void
mark(struct seqno *s, const struct seq_place *place, int64_t hi)
{
	if (s->nmarks == SEQ_MARKS) {
		memmove(&s->mark[0], &s->mark[1], sizeof(s->mark) - sizeof(s->mark[0]));
		s->nmarks--;
	}
	s->mark[s->nmarks].place = *place;
	s->mark[s->nmarks++].hi = hi;
}

/* A new numbering begins with n. */
static void
epoch(struct seqno *s, int64_t n, int64_t t, const struct seq_place *place)
{
	memset(s->window, 0, sizeof(s->window));
	bit_set(s->window, seqno_slot(n));
	s->hi = s->base = n;
	s->thi = t;
	s->ngaps = s->nmarks = s->nlast = 0;
	mark(s, place, n - 1);
}

static void
mark_bin(struct seqno *s, const struct seq_place *place)
{
	if (s->nmarks == 0 || s->mark[s->nmarks - 1].place.bin != place->bin ||
	    s->mark[s->nmarks - 1].place.flowid != place->flowid)
		mark(s, place, s->hi);
}

/* --- arrivals */

static void
first(struct seqno *s, int64_t q, int64_t t, bool known, const struct seq_sink *k)
{
	s->started = true;
	epoch(s, q, t, &k->place);
	seqno_arrived(s, q, t, k->here);
	if (known && q > 1 && q <= HEADGAP_MOST)
		k->here->headgap += (uint32_t)(q - 1);
}

static uint32_t
capped(uint64_t v)
{
	return (v > UINT32_MAX ? UINT32_MAX : (uint32_t)v);
}

static void
raise(uint32_t *to, uint64_t v)
{
	if (v > *to)
		*to = capped(v);
}

/* Numbers went on in a silence (ns) that is not usual: an outage, and proven. */
static bool
is_outage(const struct seqno *s, int64_t silence, int64_t missing)
{
	uint64_t gaps = s->arrivals > 0 ? s->arrivals - 1 : 0, usual = gaps < USUAL_MIN ? 0 : s->gap_sum / gaps;

	return (missing >= OUTAGE_LOST && silence >= SEC && (uint64_t)silence / OUTAGE_GAPS >= usual);
}

static void
push_gap(struct seqno *s, const struct seq_gap *g)
{
	if (s->ngaps == SEQ_GAPS) {
		memmove(&s->gap[0], &s->gap[1], sizeof(s->gap) - sizeof(s->gap[0]));
		s->ngaps--;
	}
	s->gap[s->ngaps++] = *g;
}

/* What lies between the highest and x has not come. */
static void
open_gap(struct seqno *s, int64_t lo, int64_t x, int64_t t, const struct seq_place *place, struct seq_counts *c)
{
	uint64_t missing = (uint64_t)(x - lo);

	c->gapev++;
	c->lost += missing;
	raise(&c->maxgap, missing);
	push_gap(s, &(struct seq_gap){ lo, x - 1, t, s->arrivals + 1, *place, false });
}

static bool
is_here(const struct seq_place *p, const struct seq_sink *k)
{
	return (p->bin == k->place.bin && p->flowid == k->place.flowid);
}

/* The step that waited for a second one like it: cut up, or missing after all. */
static void
settle_held(struct seqno *s, bool cut, const struct seq_sink *k)
{
	const struct seq_gap *g = &s->held;
	bool here = is_here(&g->place, k);
	struct seq_counts *c = here ? k->here : k->there(k->arg, &g->place);
	uint64_t n = (uint64_t)(g->hi - g->lo + 1);

	s->cuts = cut ? CUTS_SURE : 0;
	if (cut) {
		c->jumpskip += n;
	} else {
		c->gapev++;
		c->lost += n;
		raise(&c->maxgap, n);
		push_gap(s, g);
		for (int64_t q = g->lo; q <= g->hi; q++)
			if (s->hi - q < SEQ_WINDOW)
				bit_clear(s->window, seqno_slot(q));
	}
	if (!here)
		k->done(k->arg);
}

/* The numbers before x are of the segments that the packet before was cut into: as if they had come.  What is more
 * than that is missing. */
static void
cut_up(struct seqno *s, int64_t x, int64_t t, const struct seq_sink *k)
{
	int64_t lo = s->hi + 1, end = x - lo > k->segments ? lo + k->segments - 1 : x;

	if (s->cuts == CUTS_SURE) {
		k->here->jumpskip += (uint64_t)(end - lo);
		if (end < x)
			open_gap(s, end, x, t, &k->place, k->here);
	} else {
		if (s->cuts == 1) {
			settle_held(s, true, k);
			k->here->jumpskip += (uint64_t)(x - lo);
		} else {
			s->held = (struct seq_gap){ lo, x - 1, t, s->arrivals + 1, k->place, false };
			s->cuts = 1;
		}
		end = x;
	}
	advance(s, x);
	for (int64_t q = lo; q < end; q++)
		if (x - q < SEQ_WINDOW)
			bit_set(s->window, seqno_slot(q));
}

/* Is this step as wide as the packet before it was long?  One more or less for headers; once it is sure, any. */
static bool
is_cut(const struct seqno *s, int64_t d, const struct seq_sink *k)
{
	return (k->segments > 1 && d > 1 &&
	    (s->cuts == CUTS_SURE || (d + 1 >= k->segments && d <= k->segments + 1)));
}

static void
ahead(struct seqno *s, int64_t x, int64_t t, const struct seq_sink *k)
{
	struct seq_counts *c = k->here;
	int64_t d = x - s->hi;

	if (((uint64_t)x & s->mask) < ((uint64_t)s->hi & s->mask))
		c->wrap++;
	if (s->cuts == 1 && !is_cut(s, d, k) && (k->segments > 1 || x - s->held.hi > HELD_FOR))
		settle_held(s, false, k);
	if (is_cut(s, d, k)) {
		cut_up(s, x, t, k);
	} else if (d > 1) {
		open_gap(s, s->hi + 1, x, t, &k->place, c);
		if (is_outage(s, t - s->thi, d - 1)) {
			c->noutage++;
			c->outage += (uint64_t)(t - s->thi) / USEC;
		}
	}
	if (s->hi < x)
		advance(s, x);
	s->thi = t;
	seqno_arrived(s, x, t, c);
}

/* --- behind the right edge */

static unsigned
lag_bucket(int64_t lag)
{
	unsigned b = 63 - (unsigned)__builtin_clzll((uint64_t)lag);

	return (b < SEQ_LAGS - 1 ? b : SEQ_LAGS - 1);
}

static struct seq_gap *
gap_of(struct seqno *s, int64_t x)
{
	for (int i = s->ngaps; i-- > 0;)
		if (x >= s->gap[i].lo && x <= s->gap[i].hi)
			return (&s->gap[i]);
	return (NULL);
}

/* The record in which x was counted as lost; NULL: not known any more. */
static const struct seq_place *
place_of(const struct seqno *s, const struct seq_gap *g, int64_t x)
{
	if (g != NULL)
		return (&g->place);
	for (int i = s->nmarks; i-- > 0;)
		if (s->mark[i].hi < x)
			return (&s->mark[i].place);
	return (NULL);
}

/* x was counted as lost there, and has come. */
static void
take_back(const struct seq_place *p, bool early, const struct seq_sink *k)
{
	bool here = is_here(p, k);
	struct seq_counts *c = here ? k->here : k->there(k->arg, p);

	if (c->lost > 0)
		c->lost--;
	else
		c->fix++;
	c->early += early;
	if (!here)
		k->done(k->arg);
}

/* Was it missing? */
static bool
late(struct seqno *s, int64_t x, int64_t t, const struct seq_sink *k)
{
	struct seq_counts *c = k->here;
	struct seq_gap *g = gap_of(s, x);
	const struct seq_place *place = place_of(s, g, x);
	bool three = s->nlast == 3 && s->last[0] > x && s->last[1] > x && s->last[2] > x, early = false;

	if (x >= s->base && place == NULL) {
		c->stale++; /* lost long ago, nobody knows where */
		return (false);
	}
	bit_set(s->window, seqno_slot(x));
	seqno_arrived(s, x, t, c);
	c->late++;
	c->laghist[lag_bucket(s->hi - x)]++;
	raise(&c->lagmax, (uint64_t)(s->hi - x));
	c->nr3 += three;
	if (g != NULL) {
		uint64_t us = t > g->opened ? (uint64_t)(t - g->opened) / USEC : 0;

		raise(&c->extmax, s->arrivals - g->arrival);
		c->lateus_sum += us;
		raise(&c->lateus_max, us);
		early = !g->credited;
		g->credited = true;
	}
	if (x < s->base) /* the capture began in the middle: nothing was counted */
		return (false);
	take_back(place, early, k);
	return (true);
}

static void run_on(struct seqno *, int64_t q, int64_t t, const struct seq_sink *);

static void
behind(struct seqno *s, int64_t q, int64_t x, int64_t t, const struct seq_sink *k)
{
	if (s->cuts == 1 && x >= s->held.lo && x <= s->held.hi) /* it was on its way: the step was no cut */
		settle_held(s, false, k);
	if (s->hi - x >= SEQ_WINDOW) { /* every receiver would drop it: it stays lost */
		k->here->stale++;
		k->here->laghist[SEQ_LAGS - 1]++;
	} else if (bit_get(s->window, seqno_slot(x))) {
		k->here->dup++;
	} else if (late(s, x, t, k)) { /* it was waited for: that is no sign of a new beginning */
		s->run = 0;
		return;
	}
	run_on(s, q, t, k);
}

/* --- jumps that need a second packet */

static void
drop_pending(struct seqno *s, const struct seq_sink *k)
{
	bool here = is_here(&s->pend_place, k);

	s->pending = false;
	(here ? k->here : k->there(k->arg, &s->pend_place))->badseq++;
	if (!here)
		k->done(k->arg);
}

static void
settle_pending(struct seqno *s, int64_t x, const struct seq_sink *k)
{
	if (x <= s->pend || x - s->pend > CONFIRM) {
		drop_pending(s, k);
		return;
	}
	s->pending = false;
	if (s->cuts == 1)
		settle_held(s, false, k);
	k->here->jumps++;
	k->here->jumpskip += (uint64_t)(s->pend - s->hi - 1);
	epoch(s, s->pend, s->pend_t, &k->place);
	seqno_arrived(s, s->pend, s->pend_t, k->here);
}

/* Can it have sent so many since the highest number came? */
static bool
plausible(const struct seqno *s, int64_t d, int64_t t)
{
	int64_t us = (t - s->thi + SEC) / USEC;
	int64_t pps = PPS_FLOOR;

	if (d <= JUMP_FLOOR)
		return (true);
	if (s->peak > pps)
		pps = s->peak;
	if (s->slot_uniq > pps && (uint64_t)(t - s->slot) >= SEC)
		pps = s->slot_uniq;
	pps *= PPS_TIMES;
	return (us > 0 && (us > INT64_MAX / pps || d <= us * pps / 1000000));
}

static int64_t
extend(const struct seqno *s, uint64_t q)
{
	switch (s->width) {
	case 16:
		return (s->hi + (int16_t)(uint16_t)(q - (uint64_t)s->hi));
	case 32:
		return (s->hi + (int32_t)(uint32_t)(q - (uint64_t)s->hi));
	default:
		return ((int64_t)q);
	}
}

static void
take(struct seqno *s, int64_t q, int64_t x, int64_t t, const struct seq_sink *k)
{
	if (s->pending)
		settle_pending(s, x, k);
	if (x > s->hi && !plausible(s, x - s->hi, t)) {
		s->pending = true;
		s->pend = x;
		s->pend_t = t;
		s->pend_place = k->place;
	} else if (x > s->hi) {
		ahead(s, x, t, k);
		s->run = 0;
	} else {
		behind(s, q, x, t, k);
	}
}

/* --- has it begun again? */

struct spot { /* of a record: what its packets are if the old numbering goes on, and if it has begun again */
	struct seq_place place;
	struct seq_counts old, fresh;
	uint32_t next;
};

struct trial {
	struct seqno now;    /* the numbering that may be new */
	uint32_t spots;      /* the newest first */
	uint32_t taken;      /* packets since the run */
	int64_t since;
};

/* Counts of a trial, of either kind. */
struct scale {
	struct seq_trials *pools;
	struct trial *trial;
	bool fresh;
};

void
seq_trials_init(struct seq_trials *r, uint32_t max)
{
	pool_init(&r->trials, sizeof(struct trial), max);
	pool_init(&r->spots, sizeof(struct spot), 4 * max + 4 * SEQ_RUN);
}

void
seq_trials_free(struct seq_trials *r)
{
	pool_free(&r->trials);
	pool_free(&r->spots);
}

static struct trial *
trial_of(const struct seqno *s, const struct seq_sink *k)
{
	return (pool_at(&k->trials->trials, s->trial));
}

static struct seq_counts *
counts_of(void *arg, const struct seq_place *p)
{
	struct scale *a = arg;
	struct spot *x;

	for (uint32_t n = a->trial->spots; n != 0; n = x->next) {
		x = pool_at(&a->pools->spots, n);
		if (x->place.bin == p->bin && x->place.flowid == p->flowid)
			return (a->fresh ? &x->fresh : &x->old);
	}
	return (NULL);
}

static void
nothing(void *arg)
{
	(void)arg;
}

/* Room for the spots of one more packet: its own, and that of a gap which it may fill. */
static bool
has_spots(const struct seq_trials *r, uint32_t n)
{
	return (r->spots.used + n <= r->spots.cap);
}

static struct seq_counts *
spot(void *arg, const struct seq_place *p)
{
	struct scale *a = arg;
	struct seq_counts *c = counts_of(a, p);
	uint32_t n;
	struct spot *x;

	if (c != NULL)
		return (c);
	n = pool_get(&a->pools->spots);
	x = pool_at(&a->pools->spots, n);
	memset(x, 0, sizeof(*x));
	x->place = *p;
	x->next = a->trial->spots;
	a->trial->spots = n;
	return (a->fresh ? &x->fresh : &x->old);
}

static struct seq_sink
sink_of(struct scale *a, const struct seq_place *p)
{
	return ((struct seq_sink){ .place = *p, .here = spot(a, p), .there = spot, .done = nothing, .arg = a });
}

/* What lay on the scale, to its record.  What it takes back there is not said at all if the record is open. */
static void
weigh(const struct seq_place *p, const struct seq_counts *from, const struct seq_sink *k)
{
	static const struct seq_counts none;
	bool here = is_here(p, k);
	struct seq_counts *c;
	uint64_t back;

	if (memcmp(from, &none, sizeof(none)) == 0)
		return;
	c = here ? k->here : k->there(k->arg, p);
	back = from->fix < c->lost ? from->fix : c->lost;
	seq_counts_add(c, from);
	c->lost -= back;
	c->fix -= (uint32_t)back;
	if (!here)
		k->done(k->arg);
}

/* It has begun again, or those were replays. */
static void
end_trial(struct seqno *s, bool fresh, const struct seq_sink *k)
{
	uint32_t cell = s->trial;
	struct trial *r = trial_of(s, k);

	for (uint32_t n = r->spots, next; n != 0; n = next) {
		const struct spot *x = pool_at(&k->trials->spots, n);

		next = x->next;
		weigh(&x->place, fresh ? &x->fresh : &x->old, k);
		pool_put(&k->trials->spots, n);
	}
	if (fresh)
		*s = r->now;
	s->run = 0;
	s->trial = 0;
	pool_put(&k->trials->trials, cell);
}

/* The run is the beginning of a numbering: what it jumped over is missing there.  Its packets have been counted. */
static void
begin_trial(struct seqno *s, const struct seq_sink *k)
{
	uint32_t n = pool_get(&k->trials->trials);
	struct trial *r = pool_at(&k->trials->trials, n);
	struct scale a = { k->trials, r, true };
	const struct seq_step *p = s->step;
	struct seqno *now = &r->now;

	if (s->cuts == 1)
		settle_held(s, false, k);
	r->spots = r->taken = 0;
	*now = *s;
	epoch(now, p[0].q, p[0].t, &p[0].place);
	for (int i = 1; i < SEQ_RUN; i++) {
		int64_t x = extend(now, (uint64_t)p[i].q);

		mark_bin(now, &p[i].place);
		if (x > now->hi + 1)
			open_gap(now, now->hi + 1, x, p[i].t, &p[i].place, spot(&a, &p[i].place));
		advance(now, x);
	}
	now->run = 0;
	now->thi = r->since = p[SEQ_RUN - 1].t;
	spot(&a, &k->place)->resets++;
	s->trial = n;
}

/* A packet that does not advance, and was not missing.  SEQ_RUN of them in a row put the numbering on trial. */
static void
run_on(struct seqno *s, int64_t q, int64_t t, const struct seq_sink *k)
{
	if (s->run > 0) {
		uint64_t d = ((uint64_t)q - (uint64_t)s->step[s->run - 1].q) & s->mask;

		if (d == 0 || d > RUN_STEP)
			s->run = 0;
	}
	s->step[s->run++] = (struct seq_step){ q, t, k->place };
	if (s->run < SEQ_RUN)
		return;
	if (k->trials != NULL && k->trials->trials.used < k->trials->trials.cap && has_spots(k->trials, SEQ_RUN)) {
		begin_trial(s, k);
		return;
	}
	s->run--; /* no room for a trial now: if it goes on, perhaps there is later */
	memmove(&s->step[0], &s->step[1], s->run * sizeof(s->step[0]));
}

/* What this packet is if the numbering is the old one: nothing that is ahead of it, or it would go on. */
static void
as_old(struct seqno *s, int64_t x, int64_t t, const struct seq_sink *k)
{
	if (x > s->hi || s->hi - x >= SEQ_WINDOW) {
		k->here->stale++;
		k->here->laghist[SEQ_LAGS - 1] += x <= s->hi;
	} else if (bit_get(s->window, seqno_slot(x))) {
		k->here->dup++;
	} else if (x < s->base) {
		k->here->stale++;
	} else {
		(void)late(s, x, t, k);
	}
}

/* A packet during a trial.  false: the trial is over, and the packet as any other. */
static bool
on_trial(struct seqno *s, int64_t q, int64_t x, int64_t t, const struct seq_sink *k)
{
	struct trial *r = trial_of(s, k);
	struct scale old = { k->trials, r, false }, fresh = { k->trials, r, true };
	bool over = r->taken >= TRIAL_FOR && t - r->since > TRIAL_TIME;
	struct seq_sink there;

	if (over || (x > s->hi && x - s->hi <= GOES_ON) || !has_spots(k->trials, 3)) {
		end_trial(s, over, k);
		return (false);
	}
	r->taken++;
	there = sink_of(&old, &k->place);
	as_old(s, x, t, &there);
	there = sink_of(&fresh, &k->place);
	mark_bin(&r->now, &k->place);
	take(&r->now, q, extend(&r->now, (uint64_t)q), t, &there);
	return (true);
}

void
seqno_packet(struct seqno *s, uint64_t q, int64_t t, bool known, const struct seq_sink *k)
{
	int64_t x;

	if (!s->started) {
		first(s, (int64_t)q, t, known, k);
		return;
	}
	mark_bin(s, &k->place);
	if (seqno_next(s, q, t, k->place.bin, k->place.flowid, k->here))
		return;
	x = extend(s, q);
	if (s->trial != 0) {
		if (on_trial(s, (int64_t)q, x, t, k))
			return;
		x = extend(s, q); /* it may be another numbering now */
		mark_bin(s, &k->place);
	}
	take(s, (int64_t)q, x, t, k);
}

bool
seqno_goes_on(const struct seqno *s, uint64_t q)
{
	int64_t x = extend(s, q), d = x - s->hi;

	return (s->started && d > -SEQ_WINDOW && d < SEQ_WINDOW && (d > 0 || !bit_get(s->window, seqno_slot(x))));
}

void
seqno_end(struct seqno *s, const struct seq_sink *k)
{
	if (s->trial != 0)
		end_trial(s, trial_of(s, k)->taken + SEQ_RUN >= TRIAL_LEAST, k);
	if (s->pending)
		drop_pending(s, k);
	if (s->cuts == 1)
		settle_held(s, false, k);
}

/* --- records that have other names, or none */

struct renaming {
	uint64_t from, to; /* flows; */
	uint32_t owner;    /* or, not 0: all of that one */
	uint16_t lane;
};

static void
rename_place(struct seq_place *p, const struct renaming *r)
{
	if (r->owner != 0 ? p->owner != r->owner : p->flowid != r->from)
		return;
	p->flowid = r->to;
	p->lane = r->lane;
}

static void
rename_all(struct seqno *s, const struct renaming *r)
{
	for (int i = 0; i < s->ngaps; i++)
		rename_place(&s->gap[i].place, r);
	for (int i = 0; i < s->nmarks; i++)
		rename_place(&s->mark[i].place, r);
	for (uint32_t i = 0; i < s->run && i < SEQ_RUN; i++)
		rename_place(&s->step[i].place, r);
	rename_place(&s->pend_place, r);
	rename_place(&s->held.place, r);
}

static void
rename_places(struct seqno *s, struct seq_trials *pools, const struct renaming *r)
{
	struct trial *x;

	rename_all(s, r);
	if (s->trial == 0)
		return;
	x = pool_at(&pools->trials, s->trial);
	rename_all(&x->now, r);
	for (uint32_t n = x->spots; n != 0; n = ((struct spot *)pool_at(&pools->spots, n))->next)
		rename_place(&((struct spot *)pool_at(&pools->spots, n))->place, r);
}

void
seqno_rehome(struct seqno *s, struct seq_trials *pools, uint64_t from, uint64_t to, uint16_t lane)
{
	rename_places(s, pools, &(struct renaming){ .from = from, .to = to, .lane = lane });
}

void
seqno_disown(struct seqno *s, struct seq_trials *pools, uint32_t owner)
{
	rename_places(s, pools, &(struct renaming){ .owner = owner });
}

void
seq_counts_add(struct seq_counts *to, const struct seq_counts *from)
{
#define ADD(name)     to->name += from->name;
#define GREATER(name) raise(&to->name, from->name);
	SEQ_SUMS_64(ADD)
	SEQ_SUMS_32(ADD)
	SEQ_MAXES(GREATER)
#undef ADD
#undef GREATER
	for (int i = 0; i < SEQ_LAGS; i++)
		to->laghist[i] += from->laghist[i];
}

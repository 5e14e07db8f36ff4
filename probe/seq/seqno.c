/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seqno.c: the sequence engine.
 *
 * Serial arithmetic: a number is extended to the one nearest to the highest so far, so wraps and extended
 * sequence numbers (RFC 4303 2.2.1) need no state of their own.
 */
#include "probe/seq/seqno.h"

#include "format/base/bits.h"
#include "format/base/clock.h"

#include <string.h>

#define JUMP_FLOOR   65536 /* a jump up to this is always taken as loss */
#define PPS_FLOOR    1000  /* a rate that any carrier is believed to have had in a silence */
#define CONFIRM      64    /* a second packet so close behind confirms a jump */
#define RUN          8     /* packets in a row that begin a new numbering */
#define HEADGAP_MOST 64
#define OUTAGE_LOST  3     /* numbers in a row that prove an outage; fewer are a loss in a pause */
#define OUTAGE_GAPS  5     /* times the usual gap: a silence of less is how this sender always is */
#define USUAL_MIN    10    /* gaps that tell what is usual */

void
seqno_init(struct seqno *s, unsigned width)
{
	memset(s, 0, sizeof(*s));
	s->width = (uint8_t)width;
}

/* --- the window */

static size_t
slot_of(int64_t n)
{
	return ((size_t)((uint64_t)n % SEQ_WINDOW));
}

static void
advance(struct seqno *s, int64_t to)
{
	if (to - s->hi >= SEQ_WINDOW)
		memset(s->window, 0, sizeof(s->window));
	else
		for (int64_t n = s->hi + 1; n < to; n++)
			bit_clear(s->window, slot_of(n));
	bit_set(s->window, slot_of(to));
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
	bit_set(s->window, slot_of(n));
	s->hi = s->base = n;
	s->thi = t;
	s->ngaps = s->nmarks = 0;
	mark(s, place, n - 1);
}

/* --- arrivals */

static void
arrived(struct seqno *s, int64_t n, int64_t t, struct seq_counts *c)
{
	if (s->arrivals++ > 0) {
		s->gap_n++;
		s->gap_sum += t > s->came ? (uint64_t)(t - s->came) : 0;
	}
	s->came = t;
	s->last[2] = s->last[1];
	s->last[1] = s->last[0];
	s->last[0] = n;
	if (s->nlast < 3)
		s->nlast++;
	c->uniq++;
	if (t / SEC != s->slot) {
		if (s->slot_uniq > s->peak)
			s->peak = s->slot_uniq;
		s->slot = t / SEC;
		s->slot_uniq = 0;
	}
	s->slot_uniq++;
}

static void
first(struct seqno *s, int64_t q, int64_t t, bool known, const struct seq_sink *k)
{
	s->started = true;
	epoch(s, q, t, &k->place);
	arrived(s, q, t, k->here);
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
	uint64_t usual = s->gap_n < USUAL_MIN ? 0 : s->gap_sum / s->gap_n;

	return (missing >= OUTAGE_LOST && silence >= SEC && (uint64_t)silence / OUTAGE_GAPS >= usual);
}

static void
ahead(struct seqno *s, int64_t x, int64_t t, const struct seq_sink *k)
{
	struct seq_counts *c = k->here;
	int64_t d = x - s->hi;
	uint64_t bits = s->width == 64 ? UINT64_MAX : (1ull << s->width) - 1;

	if (((uint64_t)x & bits) < ((uint64_t)s->hi & bits))
		c->wrap++;
	if (d > 1) {
		struct seq_gap *g;

		c->gapev++;
		c->lost += (uint64_t)(d - 1);
		raise(&c->maxgap, (uint64_t)(d - 1));
		if (s->ngaps == SEQ_GAPS) {
			memmove(&s->gap[0], &s->gap[1], sizeof(s->gap) - sizeof(s->gap[0]));
			s->ngaps--;
		}
		g = &s->gap[s->ngaps++];
		*g = (struct seq_gap){ s->hi + 1, x - 1, t, s->arrivals + 1, k->place, false };
		if (is_outage(s, t - s->thi, d - 1)) {
			c->noutage++;
			c->outage += (uint64_t)(t - s->thi) / USEC;
		}
	}
	advance(s, x);
	s->thi = t;
	arrived(s, x, t, c);
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

static bool
is_here(const struct seq_place *p, const struct seq_sink *k)
{
	return (p->bin == k->place.bin && p->flowid == k->place.flowid);
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

static void
late(struct seqno *s, int64_t x, int64_t t, const struct seq_sink *k)
{
	struct seq_counts *c = k->here;
	struct seq_gap *g = gap_of(s, x);
	const struct seq_place *place = place_of(s, g, x);
	bool three = s->nlast == 3 && s->last[0] > x && s->last[1] > x && s->last[2] > x, early = false;

	if (x >= s->base && place == NULL) {
		c->stale++; /* lost long ago, nobody knows where */
		return;
	}
	bit_set(s->window, slot_of(x));
	arrived(s, x, t, c);
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
	if (x >= s->base) /* before it the capture began in the middle: nothing was counted */
		take_back(place, early, k);
}

/* Does the numbering begin again?  Packets that do not advance, one after the other (RUN of them). */
static void
restart(struct seqno *s, int64_t q, int64_t t, bool stale, const struct seq_sink *k)
{
	if (s->run > 0 && q == s->run_next)
		s->run++;
	else
		s->run = stale || q <= 1;
	s->run_next = q + 1;
	if (s->run < RUN)
		return;
	s->run = 0;
	k->here->resets++;
	epoch(s, q, t, &k->place);
}

static void
behind(struct seqno *s, int64_t q, int64_t x, int64_t t, const struct seq_sink *k)
{
	uint32_t stale = k->here->stale;

	if (s->hi - x >= SEQ_WINDOW) { /* every receiver would drop it: it stays lost */
		k->here->stale++;
		k->here->laghist[SEQ_LAGS - 1]++;
	} else if (bit_get(s->window, slot_of(x))) {
		k->here->dup++;
	} else {
		late(s, x, t, k);
	}
	restart(s, q, t, k->here->stale > stale, k);
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
	k->here->jumps++;
	k->here->jumpskip += (uint64_t)(s->pend - s->hi - 1);
	epoch(s, s->pend, s->pend_t, &k->place);
	arrived(s, s->pend, s->pend_t, k->here);
}

static bool
plausible(const struct seqno *s, int64_t d, int64_t t)
{
	int64_t silence = t > s->thi ? (t - s->thi) / MSEC : 0;
	int64_t pps = s->peak > PPS_FLOOR ? s->peak : PPS_FLOOR;
	int64_t most = silence > INT64_MAX / (2 * pps) ? INT64_MAX : 2 * pps * silence / 1000;

	return (d <= (most > JUMP_FLOOR ? most : JUMP_FLOOR));
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

void
seqno_packet(struct seqno *s, uint64_t q, int64_t t, bool known, const struct seq_sink *k)
{
	int64_t x;

	if (!s->started) {
		first(s, (int64_t)q, t, known, k);
		return;
	}
	if (s->nmarks == 0 || s->mark[s->nmarks - 1].place.bin != k->place.bin ||
	    s->mark[s->nmarks - 1].place.flowid != k->place.flowid)
		mark(s, &k->place, s->hi);
	x = extend(s, q);
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
		behind(s, (int64_t)q, x, t, k);
	}
}

void
seqno_end(struct seqno *s, const struct seq_sink *k)
{
	if (s->pending)
		drop_pending(s, k);
}

static void
rehome(struct seq_place *p, uint64_t from, uint64_t to, uint16_t lane)
{
	if (p->flowid != from)
		return;
	p->flowid = to;
	p->lane = lane;
}

void
seqno_rehome(struct seqno *s, uint64_t from, uint64_t to, uint16_t lane)
{
	for (int i = 0; i < s->ngaps; i++)
		rehome(&s->gap[i].place, from, to, lane);
	for (int i = 0; i < s->nmarks; i++)
		rehome(&s->mark[i].place, from, to, lane);
	rehome(&s->pend_place, from, to, lane);
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

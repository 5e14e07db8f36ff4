/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sla_bins.c: what each bin of a tunnel was (SEMANTICS 7, 14.4): up, degraded, down, idle.
 */
#include "ra-tools/report/sla_room.h"

#include "format/base/clock.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SILENT_MIN 10 /* packets of one side that make the other's silence an outage */
#define SILENT_FOR 10 /* bins: so long ago the other side has to have been there */
#define USUAL_GAPS 5  /* times that: a silence of so long is usual too */
#define LOST_MIN   3  /* packets lost in a bin of few: less is no degradation */

/* --- judging: what each bin was ------------------------------------------------------------------- */

static int
by_start(const void *x, const void *y)
{
	const struct sla_point *a = x, *b = y;

	return ((a->start > b->start) - (a->start < b->start));
}

/* Bins in which the gateways' IKE went unanswered; from the tunnel's first bin on, also where it has no record. */
static void
mark_ike(struct sla *s, struct sla_tunnel *t)
{
	size_t n = t->n, marks;
	const struct mark *mark = marks_of(s->marks, t->probe_number, &t->addr[0], &t->addr[1], &marks);

	for (size_t i = 0; i < marks; i++) {
		const struct mark *k = &mark[i];
		size_t lo = 0, hi = n;
		struct sla_point *p;

		if (k->start < t->point[0].start || !contract_serves(t->contract, k->start, k->end, s->o.zone))
			continue;
		while (lo < hi) { /* the first that ends behind its start */
			size_t mid = (lo + hi) / 2;

			if (t->point[mid].end <= k->start)
				lo = mid + 1;
			else
				hi = mid;
		}
		if (lo < n && t->point[lo].start <= k->start) {
			t->point[lo].down |= SLA_DOWN_IKE;
			continue;
		}
		p = point_new(t);
		p->start = k->start;
		p->end = k->end;
		p->down = SLA_DOWN_IKE;
	}
	if (t->n > n)
		qsort(t->point, t->n, sizeof(t->point[0]), by_start);
}

static void
gap_add(struct sla_tunnel *t, int64_t start, int64_t end, enum sla_state state)
{
	if ((t->ngaps & (t->ngaps - 1)) == 0)
		t->gap = mem_grow(t->gap, t->ngaps == 0 ? 1 : t->ngaps * 2, sizeof(t->gap[0]));
	t->gap[t->ngaps++] = (struct sla_gap){ start, end, (uint8_t)state };
}

/* Is it usual that a side sends nothing for so long?  Of whole bins, so rather too short. */
static bool
is_usual(const struct sla_dir_point *before, int64_t silence)
{
	return (before->gap > 0 && silence <= USUAL_GAPS * (int64_t)before->gap * USEC);
}

/* Silences that are usual: from the last bin with a packet of the side to the next one, or to the end. */
static void
mark_usual(struct sla_tunnel *t, int side)
{
	const uint8_t bit = (uint8_t)(1 << side);
	size_t last = t->n;

	for (size_t i = 0; i <= t->n; i++) {
		int64_t end = i < t->n ? t->point[i].start : t->to;

		if (i < t->n && t->point[i].d[side].pkts == 0)
			continue;
		if (last < i && is_usual(&t->point[last].d[side], end - t->point[last].end))
			for (size_t k = last + 1; k <= i && k < t->n; k++) {
				t->point[k].hole |= bit;
				if (k < i)
					t->point[k].usual |= bit;
			}
		last = i;
	}
}

/* Bins without any record in which both sides are alive all the same. */
static void
fill_holes(const struct sla *s, struct sla_tunnel *t)
{
	size_t outages = t->ngaps, k = 0;

	for (size_t i = 1; i < t->n; i++) {
		int64_t start = t->point[i - 1].end, end = t->point[i].start;
		uint8_t alive = t->point[i].hole;

		while (k < outages && t->gap[k].end <= start)
			k++;
		if (start < end && (s->o.oneway ? alive != 0 : alive == 3) && (k == outages || t->gap[k].start >= end))
			gap_add(t, start, end, SLA_UP);
	}
}

/* The bins before point i that lie wholly in the outage of this side that ended in it: silent ones, back to
 * the last packet, not further than the outage is long. */
static void
mark_outage(struct sla *s, struct sla_tunnel *t, size_t i, int side)
{
	int64_t from =
	    t->point[i].start - (int64_t)(t->point[i].d[side].outage * USEC); /* at the earliest */
	uint8_t flag = side == 0 ? SLA_DOWN_SOURCE : SLA_DOWN_DESTINATION;
	size_t k = i;

	while (k > 0) {
		struct sla_point *before = &t->point[k - 1];
		int64_t hole = t->point[k].start;

		if (before->end < hole && from < hole) { /* bins without any record */
			int64_t start = before->end;

			if (start < from) /* the first whole bin */
				start += (from - start + s->width - 1) / s->width * s->width;
			if (start < hole)
				gap_add(t, start, hole, SLA_DOWN);
		}
		if (before->d[side].pkts > 0 || before->start < from || before->down & flag)
			return;
		before->down |= flag;
		k--;
	}
}

static int
by_gap(const void *x, const void *y)
{
	const struct sla_gap *a = x, *b = y;

	return ((a->start > b->start) - (a->start < b->start));
}

/* Outages of both directions may have told of the same bins. */
static void
merge_gaps(struct sla_tunnel *t)
{
	size_t n = 0;

	if (t->ngaps > 1)
		qsort(t->gap, t->ngaps, sizeof(t->gap[0]), by_gap);
	for (size_t i = 0; i < t->ngaps; i++) {
		if (n > 0 && t->gap[i].start < t->gap[n - 1].end) {
			if (t->gap[i].end > t->gap[n - 1].end)
				t->gap[n - 1].end = t->gap[i].end;
			continue;
		}
		t->gap[n++] = t->gap[i];
	}
	t->ngaps = n;
}

/* Loss in a bin of few packets says something only if there are some of it. */
static bool
over(const struct sla *s, const struct sla_point *p, int side)
{
	const struct sla_dir_point *d = &p->d[side];
	int64_t expected = (int64_t)d->uniq + d->net;

	if (d->rpl64 > 0)
		return (true);
	return (expected > 0 && ((uint64_t)expected >= s->o.min_sample || d->net >= LOST_MIN) &&
		100.0 * (double)d->net / (double)expected > s->o.lmax);
}

static bool
is_alive(const struct sla_point *p, int side)
{
	return (p->d[side].pkts > 0 || (p->usual & 1 << side) != 0);
}

static enum sla_state
state_of(const struct sla *s, const struct sla_point *p)
{
	if (s->o.key != NULL)
		return (p->d[0].pkts == 0 && p->d[1].pkts == 0 ? SLA_IDLE : over(s, p, 0) || over(s, p, 1) ? SLA_DEGRADED : SLA_UP);
	bool src = is_alive(p, 0), dst = is_alive(p, 1), alive = s->o.oneway ? src || dst : src && dst;

	if (p->down != 0)
		return (SLA_DOWN);
	if (p->d[0].pkts == 0 && p->d[1].pkts == 0) /* only corrections, or nothing */
		return (alive ? SLA_UP : SLA_IDLE);
	if (over(s, p, 0) || over(s, p, 1))
		return (SLA_DEGRADED);
	return (alive ? SLA_UP : SLA_ONE_WAY);
}

/* One side sends, the other is silent although it was there: down for as long as this lasts. */
static void
mark_silence(struct sla *s, struct sla_tunnel *t)
{
	int64_t alive[2] = { INT64_MIN,
			     INT64_MIN }; /* the end of the last bin in which a side was there */

	for (size_t i = 0; i < t->n; i++) {
		struct sla_point *p = &t->point[i];

		for (int side = 0; side < 2; side++) {
			int other = 1 - side;

			if (is_alive(p, side))
				continue;
			if (p->d[other].uniq < SILENT_MIN || alive[side] == INT64_MIN ||
			    p->start - alive[side] >= SILENT_FOR * s->width)
				continue;
			p->down |= side == 0 ? SLA_DOWN_SOURCE : SLA_DOWN_DESTINATION;
			alive[side] =
			    p->end; /* it goes on: the silence does not become the custom */
		}
		for (int side = 0; side < 2; side++)
			if (p->d[side].pkts > 0)
				alive[side] = p->end;
	}
}

static uint64_t
whole_bins(const struct sla *s, int64_t from, int64_t to)
{
	return (to <= from || s->width <= 0 ? 0
					    : (uint64_t)((to - from + s->width / 2) / s->width));
}

/* Those of them that are in the hours of service. */
static uint64_t
served_bins(const struct sla *s, const struct sla_tunnel *t, int64_t from, int64_t to)
{
	uint64_t n = 0;

	if (*contract_hours(t->contract) == '\0')
		return (whole_bins(s, from, to));
	for (int64_t start = from; s->width > 0 && start < to; start += s->width)
		n += contract_serves(t->contract, start, start + s->width, s->o.zone);
	return (n);
}

/* Of bins without records: there may be none because nothing was captured. */
static uint64_t
suspect_bins(const struct sla *s, const struct sla_tunnel *t, const struct sla_gap *g)
{
	uint64_t n = 0;

	for (int64_t start = g->start; s->width > 0 && start < g->end; start += s->width)
		n += marks_dropped(s->marks, t->probe_number, start, start + s->width) &&
		     contract_serves(t->contract, start, start + s->width, s->o.zone);
	return (n);
}

/* Bins without records, in order of time, those of the hours of service. */
static void
find_gaps(struct sla *s, struct sla_tunnel *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		for (int side = 0; side < 2; side++)
			if (t->point[i].d[side].outage > 0)
				mark_outage(s, t, i, side);
	merge_gaps(t);
	fill_holes(s, t);
	if (t->ngaps > 1)
		qsort(t->gap, t->ngaps, sizeof(t->gap[0]), by_gap);
	for (size_t i = 0; i < t->ngaps; i++)
		if (served_bins(s, t, t->gap[i].start, t->gap[i].end) > 0)
			t->gap[n++] = t->gap[i];
	t->ngaps = n;
}

void
judge_bins(struct sla *s, struct sla_tunnel *t)
{
	uint64_t empty = 0;

	if (t->n > 0)
		mark_ike(s, t);
	if (t->n > 0 && t->point[t->n - 1].end > t->to)
		t->to = t->point[t->n - 1].end;
	for (int side = 0; side < 2; side++)
		mark_usual(t, side);
	if (!s->o.oneway && s->o.key == NULL)
		mark_silence(s, t);
	if (s->o.key == NULL)
		find_gaps(s, t);
	t->bins = served_bins(s, t, t->from, t->to);
	if (t->bins < t->n)
		t->bins = t->n;
	t->off = whole_bins(s, t->from, t->to);
	t->off = t->off > t->bins ? t->off - t->bins : 0;
	for (size_t i = 0; i < t->n; i++) {
		struct sla_point *p = &t->point[i];

		p->state = (uint8_t)state_of(s, p);
		p->suspect |= marks_dropped(s->marks, t->probe_number, p->start, p->end);
		t->suspect += p->suspect;
		if (!p->suspect || !s->o.strict)
			t->count[p->state]++;
	}
	for (size_t i = 0; i < t->ngaps; i++) {
		uint64_t n = served_bins(s, t, t->gap[i].start, t->gap[i].end), suspect = suspect_bins(s, t, &t->gap[i]);

		t->suspect += suspect;
		t->count[t->gap[i].state] += s->o.strict ? n - suspect : n;
		empty += n;
	}
	t->count[SLA_IDLE] += t->bins - t->n - empty;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * picture.c: bins into columns, one after the other: whoever reads bins in order of time need not keep them, and where the
 * period turns out to be longer, two columns become one.  Test: tests/unit/ra-tools/report/test_picture.c
 */
#include "ra-tools/report/picture.h"

#include "format/base/bits.h"
#include "format/base/mem.h"
#include "ra-tools/report/contract.h"

#include <stdlib.h>

#define LOST_MIN 3 /* packets lost in a bin of few: less is no percentage */

bool
picture_loss(const struct sla_options *o, uint64_t uniq, int64_t net, double *pct)
{
	int64_t expected = (int64_t)uniq + net;

	*pct = 0;
	if (expected <= 0 || ((uint64_t)expected < o->min_sample && net < LOST_MIN))
		return (false);
	*pct = 100.0 * (double)net / (double)expected;
	return (true);
}

/* --- columns -------------------------------------------------------------------------------------- */

/* Columns of so many whole bins, slices of so many whole columns: what fills the period best. */
static void
fit(struct picture *p, uint64_t bins)
{
	uint64_t best = UINT64_MAX;

	if (bins <= PICTURE_SLICES && bins <= p->most) {
		p->each = p->slice = 1;
		p->n = (unsigned)bins;
		return;
	}
	for (unsigned m = PICTURE_SLICES * 2 / 5; m <= PICTURE_SLICES; m++)
		for (unsigned k = 1; m * k <= p->most; k++) {
			uint64_t each = (bins + m * k - 1) / (m * k), waste = each * m * k - bins;

			if (m * k < p->most * 2 / 3 && each > 1)
				continue;
			if (waste < best || (waste == best && m * k > p->n)) {
				best = waste;
				p->each = each;
				p->slice = k;
				p->n = m * k;
			}
		}
}

static void
start(struct picture *p, int64_t from, int64_t to, int64_t bin, unsigned most)
{
	int64_t span = to > from ? to - from : 1;

	*p = (struct picture){ .from = from, .to = to, .bin = bin > 0 ? bin : 1, .most = most };
	fit(p, (uint64_t)((span + p->bin - 1) / p->bin));
	p->place = mem_zero(p->n, sizeof(p->place[0]));
}

void
picture_free(struct picture *p)
{
	free(p->place);
	*p = (struct picture){ 0 };
}

static void
add_direction(struct place_dir *to, const struct place_dir *d, bool first)
{
	to->bytes += d->bytes;
	to->pkts += d->pkts;
	to->uniq += d->uniq;
	to->late += d->late;
	to->early += d->early;
	to->net += d->net;
	to->least = first || d->least < to->least ? d->least : to->least;
	to->most = d->most > to->most ? d->most : to->most;
	if (d->worst > to->worst) {
		to->worst = d->worst;
		to->worst_at = d->worst_at;
	}
	to->late_most = d->late_most > to->late_most ? d->late_most : to->late_most;
	to->sent |= d->sent;
}

static void
add_place(struct place *to, const struct place *from)
{
	bool first = !to->here && !to->empty;

	if (!from->here && !from->empty)
		return;
	for (int i = 0; i < PICTURE_STATES; i++)
		to->state[i] += from->state[i];
	to->marks |= from->marks;
	for (int side = 0; side < 2; side++)
		add_direction(&to->d[side], &from->d[side], first);
	to->here |= from->here;
	to->empty |= from->empty;
}

struct place
picture_sum(const struct picture *p, unsigned from, unsigned to)
{
	struct place sum = { .here = false };

	for (unsigned i = from; i < to && i < p->n; i++)
		add_place(&sum, &p->place[i]);
	return (sum);
}

static void
fold(struct picture *p)
{
	unsigned n = (p->n + 1) / 2;

	for (unsigned i = 0; i < n; i++)
		p->place[i] = picture_sum(p, 2 * i, 2 * i + 2);
	for (unsigned i = n; i < p->n; i++)
		p->place[i] = (struct place){ .here = false };
	p->each *= 2;
}

static struct place *
place_at(struct picture *p, int64_t time, int64_t end)
{
	int64_t width = p->bin * (int64_t)p->each;

	while (time - p->from >= width * p->n) {
		fold(p);
		width *= 2;
	}
	p->to = end > p->to ? end : p->to;
	return (&p->place[time < p->from ? 0 : (time - p->from) / width]);
}

/* --- bins ----------------------------------------------------------------------------------------- */

static void
point(struct picture *p, const struct sla_options *o, const struct sla_point *b, enum picture_state state)
{
	struct place at = { .here = true, .marks = b->suspect ? PICTURE_SUSPECT : 0 };
	int64_t length = b->end > b->start ? b->end - b->start : 1;

	at.state[state] = length;
	at.marks |= (b->down & SLA_DOWN_IKE) != 0 ? PICTURE_IKE : 0;
	at.marks |= (b->marks & SLA_MARK_REKEY) != 0 ? PICTURE_REKEY : 0;
	at.marks |= (b->marks & SLA_MARK_JUMP) != 0 ? PICTURE_JUMP : 0;
	for (int side = 0; side < 2; side++) {
		const struct sla_dir_point *d = &b->d[side];
		double rate = (double)d->bytes * 8e9 / (double)length, loss;

		at.marks |= d->rpl64 > 0 ? PICTURE_REPLAY : 0;
		if (!picture_loss(o, d->uniq, d->net, &loss) || loss < 0)
			loss = 0;
		at.d[side] = (struct place_dir){ .bytes = d->bytes,
						 .pkts = d->pkts,
						 .uniq = d->uniq,
						 .late = d->late,
						 .early = d->early,
						 .net = d->net,
						 .least = rate,
						 .most = rate,
						 .worst = loss,
						 .worst_at = b->start,
						 .late_most = d->uniq > 0 ? 100.0 * d->late / d->uniq : 0,
						 .sent = d->pkts > 0 || d->net != 0 };
	}
	add_place(place_at(p, b->start, b->end), &at);
	for (int side = 0; side < 2; side++) { /* a silence that ended here */
		int64_t outage = (int64_t)b->d[side].outage, width = p->bin * (int64_t)p->each;

		if (outage <= 0 || outage > (b->start - p->from) / USEC + p->bin / USEC)
			outage = outage <= 0 ? -1 : (b->start - p->from) / USEC;
		for (int64_t k = outage; k >= 0; k -= width / USEC > 0 ? width / USEC : 1)
			place_at(p, b->start - k * USEC, b->end)->marks |= PICTURE_OUTAGE;
	}
}

static void
empty(struct picture *p, int64_t from, int64_t to, enum picture_state state)
{
	while (from < to) {
		struct place *at = place_at(p, from, to);
		int64_t width = p->bin * (int64_t)p->each, end = p->from + width * (at - p->place + 1);
		struct place empty = { .empty = true };

		end = end > to || end <= from ? to : end;
		empty.state[state] = end - from;
		add_place(at, &empty);
		from = end;
	}
}

/* --- a tunnel ------------------------------------------------------------------------------------- */

/* Bins that have too few packets for a percentage, but lost some: the limit does not speak of them. */
static bool
untold(const struct sla *s, const struct sla_point *p)
{
	double loss;

	return ((p->d[0].net > 0 && !sla_point_loss(s, p, 0, &loss)) || (p->d[1].net > 0 && !sla_point_loss(s, p, 1, &loss)));
}

static enum picture_state
state_of(const struct sla *s, const struct sla_tunnel *t, size_t i, const uint64_t *over)
{
	const struct sla_point *p = &t->point[i];
	static const enum picture_state states[SLA_STATES] = { [SLA_IDLE] = PICTURE_IDLE,
							       [SLA_UP] = PICTURE_UP,
							       [SLA_DEGRADED] = PICTURE_DEGRADED,
							       [SLA_DOWN] = PICTURE_DOWN,
							       [SLA_ONE_WAY] = PICTURE_ONE_WAY };

	if (p->state == SLA_DOWN)
		return (PICTURE_DOWN);
	if (bit_get(over, i))
		return (PICTURE_OVER);
	if (p->state == SLA_DEGRADED && t->limits.set[SLA_LOSS] && !p->suspect && p->d[0].rpl64 + p->d[1].rpl64 == 0 &&
	    !untold(s, p))
		return (PICTURE_UP); /* more is promised to be borne than --degraded says */
	return (states[p->state]);
}

/* Bins without records: judged ones, those outside of the hours of service, and all others. */
static void
hole(const struct sla *s, const struct sla_tunnel *t, struct picture *p, int64_t from, int64_t to, size_t *gap)
{
	enum clock_zone zone = sla_options(s)->zone;
	bool hours = *contract_hours(t->contract) != '\0';

	while (from < to) {
		int64_t end = to;
		enum picture_state state = PICTURE_IDLE;

		while (*gap < t->ngaps && t->gap[*gap].end <= from)
			(*gap)++;
		if (*gap < t->ngaps && t->gap[*gap].start <= from) {
			end = t->gap[*gap].end < to ? t->gap[*gap].end : to;
			state = t->gap[*gap].state == SLA_DOWN ? PICTURE_DOWN : PICTURE_UP;
		} else if (*gap < t->ngaps && t->gap[*gap].start < to) {
			end = t->gap[*gap].start;
		}
		if (hours) {
			int64_t bin = p->bin;

			end = end - from > bin ? from + bin : end;
			if (!contract_serves(t->contract, from, from + bin, zone))
				state = PICTURE_OFF;
		}
		empty(p, from, end, state);
		from = end;
	}
}

void
picture_of(const struct sla *s, const struct sla_tunnel *t, int64_t from, int64_t to, unsigned most, struct picture *p)
{
	uint64_t *over = mem_zero(t->n / 64 + 1, sizeof(over[0]));
	int64_t at = t->from;
	size_t gap = 0;

	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i < t->d[side].nviolations; i++) {
			const struct sla_violation *v = &t->d[side].violation[i];

			if (v->point != UINT32_MAX && v->term != SLA_AVAIL)
				bit_set(over, v->point);
		}
	start(p, from, to, sla_width(s), most);
	for (size_t i = 0; i < t->n; i++) {
		hole(s, t, p, at, t->point[i].start, &gap);
		point(p, sla_options(s), &t->point[i], state_of(s, t, i, over));
		at = t->point[i].end;
	}
	hole(s, t, p, at, t->to, &gap);
	free(over);
}

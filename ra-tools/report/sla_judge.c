/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sla_judge.c: sums over the period, and whether they are what was promised (SEMANTICS 7).
 */
#include "ra-tools/report/sla_room.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

static double
percent_of(uint64_t part, uint64_t whole)
{
	return (whole == 0 ? 0 : 100.0 * (double)part / (double)whole);
}

uint64_t
sla_judged(const struct sla_tunnel *t)
{
	return (t->count[SLA_UP] + t->count[SLA_DEGRADED] + t->count[SLA_DOWN]);
}

bool
sla_point_loss(const struct sla *s, const struct sla_point *p, int side, double *pct)
{
	const struct sla_dir_point *d = &p->d[side];
	int64_t expected = (int64_t)d->uniq + d->net;

	if (expected <= 0 || (uint64_t)expected < s->o.min_sample)
		return (false);
	*pct = 100.0 * (double)d->net / (double)expected;
	return (true);
}

static int
by_value(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return ((*a > *b) - (*a < *b));
}

static uint64_t
ranked(const uint64_t *v, size_t n, uint64_t bins, uint64_t percent)
{
	uint64_t rank = (percent * bins + 99) / 100, zeros = bins - n;

	return (bins == 0 || rank <= zeros ? 0 : v[rank - zeros - 1]);
}

/* Bit/s. */
static uint64_t
rate_of(const struct sla_point *p, int side)
{
	double rate = (double)p->d[side].bytes * 8e9 / (double)(p->end - p->start) + 0.5;

	return (rate < 0x1p64 ? (uint64_t)rate : UINT64_MAX);
}

/* Nearest rank, bins without traffic included. */
static void
throughput(const struct sla *s, struct sla_tunnel *t, int side)
{
	struct sla_direction *d = &t->d[side];
	uint64_t *v = mem_zero(t->n, sizeof(v[0])), bins = t->bins;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct sla_point *p = &t->point[i];

		if (p->suspect && s->o.strict)
			bins--;
		else
			v[n++] = rate_of(p, side);
	}
	qsort(v, n, sizeof(v[0]), by_value);
	d->bps_p50 = ranked(v, n, bins, 50);
	d->bps_p95 = ranked(v, n, bins, 95);
	d->bps_p99 = ranked(v, n, bins, 99);
	d->bps_max = n > 0 ? v[n - 1] : 0;
	free(v);
}

static void
violate(struct sla_direction *d, uint32_t point, uint32_t gap, enum sla_term term, double value)
{
	if ((d->nviolations & (d->nviolations - 1)) == 0)
		d->violation = mem_grow(d->violation, d->nviolations == 0 ? 1 : d->nviolations * 2,
					sizeof(d->violation[0]));
	d->violation[d->nviolations++] = (struct sla_violation){ point, gap, term, value };
}

static bool
sampled(const struct sla *s, uint64_t part, uint64_t whole, double *pct)
{
	*pct = percent_of(part, whole);
	return (whole > 0 && whole >= s->o.min_sample);
}

/* What a bin shows of each term; false: too few packets to say, or it is not told by the bin. */
static bool
term_of_bin(const struct sla *s, const struct sla_point *p, int side, enum sla_term term, double *v)
{
	const struct sla_dir_point *d = &p->d[side];

	switch (term) {
	case SLA_LOSS:
		return (sla_point_loss(s, p, side, v));
	case SLA_REORDER:
		return (sampled(s, d->late, d->uniq, v));
	case SLA_DUP:
		return (sampled(s, d->dup, (uint64_t)d->uniq + d->dup, v));
	case SLA_REPLAY:
		return (sampled(s, d->rpl64, d->uniq, v));
	case SLA_BURST:
		*v = d->maxgap;
		return (d->net > 0);
	case SLA_OUTAGE:
		*v = (double)d->outage / 1e6;
		return (d->outage > 0);
	case SLA_AVAIL:
		*v = 0;
		return (p->state == SLA_DOWN &&
			(p->down & (SLA_DOWN_IKE | (side == 0 ? SLA_DOWN_SOURCE : SLA_DOWN_DESTINATION))) != 0);
	default:
		return (false);
	}
}

static bool
breaks(const struct sla_limits *l, enum sla_term term, double v)
{
	return (l->set[term] && (sla_terms[term].most ? v > l->value[term] : v < l->value[term]));
}

void
find_violations(const struct sla *s, struct sla_tunnel *t, int side)
{
	const struct sla_limits *l = &t->limits;
	double v;

	t->d[side].nviolations = 0;
	for (size_t i = 0; i < t->n; i++)
		for (enum sla_term term = 0; term < SLA_TERMS && !t->point[i].suspect; term++)
			if (term_of_bin(s, &t->point[i], side, term, &v) &&
			    (term == SLA_AVAIL ? l->set[term] : breaks(l, term, v)))
				violate(&t->d[side], (uint32_t)i, 0, term, v);
	for (size_t i = 0; i < t->ngaps && l->set[SLA_AVAIL]; i++)
		if (t->gap[i].state == SLA_DOWN)
			violate(&t->d[side], UINT32_MAX, (uint32_t)i, SLA_AVAIL, 0);
}

static void
judge_direction(struct sla *s, struct sla_tunnel *t, int side)
{
	struct sla_direction *d = &t->d[side];
	const struct sla_counts *c = &d->c;
	struct sla_verdict *v = d->verdict;
	uint64_t judged = sla_judged(t);

	d->net = (int64_t)(c->lost - c->fix);
	d->expected = (int64_t)c->uniq + d->net;
	throughput(s, t, side);
	if (d->expected > 0 && (uint64_t)d->expected >= s->o.min_sample) {
		v[SLA_LOSS].known = true;
		v[SLA_LOSS].value = 100.0 * (double)d->net / (double)d->expected;
	}
	v[SLA_REORDER].known = sampled(s, c->late, c->uniq, &v[SLA_REORDER].value);
	v[SLA_DUP].known = sampled(s, c->dup, c->uniq + c->dup, &v[SLA_DUP].value);
	v[SLA_REPLAY].known = sampled(s, c->rpl[1], c->uniq, &v[SLA_REPLAY].value);
	v[SLA_BURST].known = v[SLA_OUTAGE].known = c->uniq > 0;
	v[SLA_BURST].value = (double)c->maxgap;
	v[SLA_OUTAGE].value = (double)c->outage / 1e6;
	v[SLA_P95].known = c->pkts > 0;
	v[SLA_P95].value = (double)d->bps_p95;
	v[SLA_RTT].known = d->timed;
	v[SLA_RTT].value = (double)d->rtt[1] / 1e6;
	v[SLA_AVAIL].known = s->o.key == NULL && judged >= SLA_RATIO_BINS && judged * 100 >= t->bins * SLA_RATIO_PERCENT;
	v[SLA_AVAIL].value = percent_of(judged - t->count[SLA_DOWN], judged);
	for (enum sla_term term = 0; term < SLA_TERMS; term++) {
		v[term].good = !breaks(&t->limits, term, v[term].value);
		if (!t->limits.set[term] || !v[term].known)
			continue;
		t->judged = true;
		t->violated |= !v[term].good;
	}
	find_violations(s, t, side);
}

static void
swap_sides(struct work *w)
{
	struct sla_tunnel *t = &w->t;

#define SWAP(type, a, b)                                                                           \
	do {                                                                                       \
		type tmp = (a);                                                                    \
		(a) = (b);                                                                         \
		(b) = tmp;                                                                         \
	} while (0)
	SWAP(char *, t->name[0], t->name[1]);
	SWAP(char *, t->label[0], t->label[1]);
	SWAP(char *, t->called[0], t->called[1]);
	SWAP(struct ip, t->addr[0], t->addr[1]);
	SWAP(uint16_t, t->port[0], t->port[1]);
	for (size_t i = 0; i < sizeof(t->spi[0]); i++)
		SWAP(char, t->spi[0][i], t->spi[1][i]);
	SWAP(uint64_t, t->d[0].dscps, t->d[1].dscps);
	for (int k = 0; k < 2; k++)
		SWAP(struct sla_counts, w->sum[0][k], w->sum[1][k]);
	for (int i = 0; i < HIST_BUCKETS; i++)
		SWAP(uint64_t, w->rtt[0][i], w->rtt[1][i]);
	for (size_t i = 0; i < t->n; i++)
		SWAP(struct sla_dir_point, t->point[i].d[0], t->point[i].d[1]);
#undef SWAP
}

static void
round_trip(struct work *w, int side)
{
	static const unsigned percent[] = { 50, 95, 99 };
	struct sla_direction *d = &w->t.d[side];
	struct arena arena = { 0 };
	struct blob all = hist_pack(w->rtt[side], &arena);

	for (int i = 0; i < 3; i++)
		d->timed = hist_percentile(HIST_QUARTERS, all, percent[i], &d->rtt[i]);
	arena_free(&arena);
}

bool
sla_capture_loss(const struct sla_tunnel *t, double *pct)
{
	const struct sla_counts *a = &t->d[0].c, *b = &t->d[1].c;
	uint64_t all = a->ackev + b->ackev, gaps = a->ackgap + b->ackgap, fixed = a->ackfix + b->ackfix;

	*pct = percent_of(gaps > fixed ? gaps - fixed : 0, all);
	return (all > 0);
}

static bool
is_local(const struct sla *s, const struct ip *a)
{
	for (unsigned i = 0; i < s->o.locals; i++) {
		struct ip net = ip_mask(a, s->o.local[i].len);

		if (ip_cmp(&net, &s->o.local[i].net) == 0)
			return (true);
	}
	return (false);
}

static void
judge(struct sla *s, struct work *w)
{
	struct sla_tunnel *t = &w->t;
	bool first = is_local(s, &t->addr[0]), second = is_local(s, &t->addr[1]);

	unpack_all(s, w);
	/* most rows point the other way: who began is known better there */
	if (first == second ? w->dirq[1] > w->dirq[0] : second)
		swap_sides(w);
	judge_bins(s, t);
	for (int side = 0; side < 2; side++)
		round_trip(w, side);
	for (int side = 0; side < 2; side++) {
		struct sla_counts *dirty = &w->sum[side][1];

		t->d[side].suspect_net = (int64_t)(dirty->lost - dirty->fix);
		t->d[side].c = w->sum[side][0];
		if (!s->o.strict)
			counts_add(&t->d[side].c, dirty);
		judge_direction(s, t, side);
	}
	pack_all(s, w);
}

static double
worst_loss(const struct sla_tunnel *t)
{
	double s = t->d[0].expected > 0 ? (double)t->d[0].net / (double)t->d[0].expected : 0,
	       d = t->d[1].expected > 0 ? (double)t->d[1].net / (double)t->d[1].expected : 0;

	return (s > d ? s : d);
}

static int
worst_first(const void *x, const void *y)
{
	const struct sla_tunnel *a = *(const struct sla_tunnel *const *)x,
				*b = *(const struct sla_tunnel *const *)y;
	const struct sla_verdict *va = &a->d[0].verdict[SLA_AVAIL],
				 *vb = &b->d[0].verdict[SLA_AVAIL];
	double aa = va->known ? va->value : 100, ab = vb->known ? vb->value : 100;

	if (a->violated != b->violated)
		return (a->violated ? -1 : 1);
	if (aa < ab || aa > ab)
		return (aa < ab ? -1 : 1);
	if (worst_loss(a) < worst_loss(b) || worst_loss(a) > worst_loss(b))
		return (worst_loss(a) > worst_loss(b) ? -1 : 1);
	return ((a->order > b->order) - (a->order < b->order));
}

void
sla_judge(struct sla *s, int64_t width)
{
	s->width = width;
	marks_ready(s->marks);
	for (size_t i = 0; i < s->n; i++) {
		pack_end(s, s->tunnel[i]);
		judge(s, s->tunnel[i]);
	}
	if (s->n > 0)
		qsort(s->tunnel, s->n, sizeof(s->tunnel[0]), worst_first);
	for (size_t i = 0; i < s->n; i++)
		s->tunnel[i]->t.order = (uint32_t)i;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path_clock.c: packets that both probes timed, and what follows from them: which probe comes first on the way of a
 * direction, how far the clocks are apart, how long the way between the probes is.
 *
 * Such a packet is a number of which both probes noted when it came, a SYN, a SYN-ACK, or the first packet of a flow that
 * began when both had been there for a while.  Clocks drift: times are compared within spans of ten seconds.
 */
#include "ra-tools/report/path_room.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SPAN	(10 * SEC)
#define SETTLED (5 * SEC)  /* so long after a capture began the first packet of a flow is its first */
#define NEAREST (3600 * SEC) /* a number that wraps: the same one is not further away than that */
#define DRIFT	200 /* ppm that no two clocks drift apart: more is a step */
#define STEP_LEAST (10 * MSEC) /* less is no step */

/* --- samples -------------------------------------------------------------------------------------- */

static void
sample(struct path *p, const struct path_item *x, int dir, int64_t a, int64_t b, bool sure)
{
	if (p->samples == p->samplecap) {
		p->samplecap = p->samplecap == 0 ? 256 : 2 * p->samplecap;
		p->sample = mem_grow(p->sample, p->samplecap, sizeof(p->sample[0]));
	}
	p->sample[p->samples++] = (struct path_sample){ .at = a, .d = b - a, .item = (uint32_t)(x - p->item),
		.dir = (uint8_t)dir, .sure = sure };
}

static int
by_mark(const void *x, const void *y)
{
	const struct path_row *a = *(const struct path_row *const *)x, *b = *(const struct path_row *const *)y;

	if (a->mark_name != b->mark_name)
		return (a->mark_name < b->mark_name ? -1 : 1);
	return ((a->mark > b->mark) - (a->mark < b->mark));
}

static const struct path_row **
marks_in(const struct path_half *h, size_t *n)
{
	const struct path_row **v = mem_zero(h->rows + 1, sizeof(v[0]));

	*n = 0;
	for (size_t i = 0; i < h->rows; i++)
		if ((h->row[i].flags & ROW_MARK) != 0)
			v[(*n)++] = &h->row[i];
	if (*n > 1)
		qsort(v, *n, sizeof(v[0]), by_mark);
	return (v);
}

static void
sample_marks(struct path *p, const struct path_item *x, int dir)
{
	size_t n[2];
	const struct path_row **a = marks_in(&x->half[0][dir], &n[0]), **b = marks_in(&x->half[1][dir], &n[1]);

	for (size_t i = 0, k = 0; i < n[0]; i++) {
		const struct path_row *best = NULL;

		while (k < n[1] && by_mark(&b[k], &a[i]) < 0)
			k++;
		for (size_t m = k; m < n[1] && by_mark(&b[m], &a[i]) == 0; m++)
			if (best == NULL || llabs(b[m]->mark_at - a[i]->mark_at) < llabs(best->mark_at - a[i]->mark_at))
				best = b[m];
		if (best != NULL && llabs(best->mark_at - a[i]->mark_at) < NEAREST)
			sample(p, x, dir, a[i]->mark_at, best->mark_at, true);
	}
	free(a);
	free(b);
}

static void
sample_begin(struct path *p, const struct path_item *x, int dir)
{
	int64_t a = x->half[0][dir].begins, b = x->half[1][dir].begins;

	if (a == INT64_MAX || b == INT64_MAX)
		return;
	if (!(x->syn[0] && x->syn[1]) && (a - p->cover[0].first < SETTLED || b - p->cover[1].first < SETTLED))
		return;
	if (llabs(b - a) < NEAREST)
		sample(p, x, dir, a, b, x->syn[0] && x->syn[1]);
}

void
path_sample_all(struct path *p)
{
	for (size_t i = 0; i < p->n; i++)
		for (int dir = 0; dir < 2; dir++) {
			const struct path_item *x = &p->item[i];

			if (x->numbered)
				sample_marks(p, x, dir);
			else
				sample_begin(p, x, dir);
		}
}

/* --- which comes first ----------------------------------------------------------------------------- */

struct votes { int64_t ttl, time, loss, rtt; }; /* > 0: the lower end lies on a's side */

static int
by_time(const void *x, const void *y)
{
	const struct path_sample *a = x, *b = y;

	return ((a->at > b->at) - (a->at < b->at));
}

/* Times of both directions in one span: the way takes time, so b's clock is ahead more in the direction that a sees first. */
static int64_t
vote_span(const struct path_sample *s, size_t n)
{
	int64_t min[2] = { INT64_MAX, INT64_MAX }, max[2] = { INT64_MIN, INT64_MIN };

	for (size_t i = 0; i < n; i++) {
		min[s[i].dir] = s[i].d < min[s[i].dir] ? s[i].d : min[s[i].dir];
		max[s[i].dir] = s[i].d > max[s[i].dir] ? s[i].d : max[s[i].dir];
	}
	if (min[0] == INT64_MAX || min[1] == INT64_MAX)
		return (0);
	return (min[0] > max[1] ? 1 : max[0] < min[1] ? -1 : 0);
}

static size_t
span_of(const struct path_sample *s, size_t n)
{
	size_t k = 1;

	while (k < n && s[k].at / SPAN == s[0].at / SPAN)
		k++;
	return (k);
}

static void
vote_item(const struct path_item *x, struct votes *v)
{
	for (int dir = 0; dir < 2; dir++) {
		const struct path_half *a = &x->half[0][dir], *b = &x->half[1][dir];
		int sign = dir == 0 ? 1 : -1;

		if (a->ttlmin > 0 && b->ttlmin > 0 && a->ttlmin == a->ttlmax && b->ttlmin == b->ttlmax)
			v->ttl += sign * ((a->ttlmin > b->ttlmin) - (a->ttlmin < b->ttlmin));
		if (a->rtt != UINT64_MAX && b->rtt != UINT64_MAX)
			v->rtt += sign * ((a->rtt < b->rtt) - (a->rtt > b->rtt));
		if (a->uniq > 0 && b->uniq > 0)
			v->loss += sign * ((int64_t)a->uniq - (int64_t)b->uniq);
		else if (!x->numbered && a->pkts > 0 && b->pkts > 0)
			v->loss += sign * ((int64_t)a->pkts - (int64_t)b->pkts);
	}
}

static int
by_pair(const void *x, const void *y, void *arg)
{
	const struct path_item *a = &((const struct path *)arg)->item[*(const uint32_t *)x],
			       *b = &((const struct path *)arg)->item[*(const uint32_t *)y];
	int c = memcmp(a->addr, b->addr, sizeof(a->addr));

	return (c != 0 ? c : (a > b) - (a < b));
}

static bool
decide(const struct votes *v, int *left, const char **how)
{
	int64_t sum = v->ttl != 0 ? v->ttl : v->time != 0 ? v->time : v->rtt != 0 ? v->rtt : v->loss;

	if (sum == 0)
		return (false);
	*left = sum > 0 ? 0 : 1;
	*how = v->ttl != 0 ? "TTLs, which get less on the way"
	    : v->time != 0 ? "times of packets in both directions"
	    : v->rtt != 0  ? "round trips, shorter to the nearer end"
			   : "what is lost: the later one sees less";
	return (true);
}

struct place { struct ip addr; int side; };

static int
by_addr(const void *x, const void *y)
{
	return (memcmp(x, y, sizeof(struct ip)));
}

static int
place_of(const struct place *v, size_t n, const struct ip *a)
{
	const struct place *x = n > 0 ? bsearch(a, v, n, sizeof(v[0]), by_addr) : NULL;

	return (x == NULL ? 0 : x->side);
}

/* The samples of each pair, by time. */
struct group { const uint32_t *item; size_t n; struct path_sample *s; size_t samples; };

static void
vote_group(const struct path *p, const struct group *g, struct votes *v)
{
	for (size_t i = 0; i < g->n; i++)
		if (p->item[g->item[i]].seen[0] && p->item[g->item[i]].seen[1])
			vote_item(&p->item[g->item[i]], v);
	for (size_t i = 0, k; i < g->samples; i += k) {
		k = span_of(g->s + i, g->samples - i);
		v->time += vote_span(g->s + i, k);
	}
}

/* Ends that other pairs have shown to lie on a side. */
static void
pool_sides(struct path *p, const uint32_t *order)
{
	struct place *v = mem_zero(2 * p->n + 1, sizeof(v[0]));
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct path_item *x = &p->item[order[i]];

		for (int k = 0; k < 2 && x->left >= 0; k++)
			v[n++] = (struct place){ x->addr[k], x->left == k ? 1 : -1 };
	}
	if (n > 1)
		qsort(v, n, sizeof(v[0]), by_addr);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && by_addr(&v[kept - 1], &v[i]) == 0)
			v[kept - 1].side += v[i].side;
		else
			v[kept++] = v[i];
	}
	for (size_t i = 0; i < p->n; i++) {
		struct path_item *x = &p->item[i];
		int a = place_of(v, kept, &x->addr[0]), b = place_of(v, kept, &x->addr[1]);

		if (x->left >= 0 || a == b)
			continue;
		x->left = a > b ? 0 : 1;
		x->how = "other traffic of its ends";
	}
	free(v);
}

static void
assume_told(struct path *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct path_item *x = &p->item[i];

		if (x->left >= 0 || x->source[0] == x->source[1])
			continue;
		x->left = x->source[0] > x->source[1] ? 0 : 1;
		x->how = "--path: the end that begins is taken to lie on the side of the first";
	}
}

void
path_sides(struct path *p)
{
	uint32_t *order = mem_zero(p->n + 1, sizeof(order[0]));
	struct path_sample *s = mem_zero(p->samples + 1, sizeof(s[0]));
	size_t *at = mem_zero(p->n + 1, sizeof(at[0])); /* where an item's samples begin */

	for (size_t i = 0, k = 0; i < p->n; i++) { /* samples are in the order of items */
		order[i] = (uint32_t)i;
		at[i] = k;
		while (k < p->samples && p->sample[k].item == i)
			k++;
	}
	at[p->n] = p->samples;
	if (p->n > 1)
		qsort_r(order, p->n, sizeof(order[0]), by_pair, p);
	for (size_t i = 0, k; i < p->n; i = k) {
		struct group g = { order + i, 0, s, 0 };
		struct votes v = { 0, 0, 0, 0 };
		const char *how = NULL;
		int left;

		for (k = i; k < p->n && memcmp(p->item[order[k]].addr, p->item[order[i]].addr, sizeof(p->item[0].addr)) == 0; k++) {
			size_t from = at[order[k]], n = at[order[k] + 1] - from;

			if (n > 0)
				memcpy(s + g.samples, p->sample + from, n * sizeof(s[0]));
			g.samples += n;
		}
		g.n = k - i;
		if (g.samples > 1)
			qsort(s, g.samples, sizeof(s[0]), by_time);
		vote_group(p, &g, &v);
		if (decide(&v, &left, &how))
			for (size_t m = i; m < k; m++) {
				p->item[order[m]].left = left;
				p->item[order[m]].how = how;
			}
	}
	pool_sides(p, order);
	if (p->o.a != NULL)
		assume_told(p);
	free(order);
	free(s);
	free(at);
}

/* --- clocks ---------------------------------------------------------------------------------------- */

struct offset {
	int64_t at, to, mid, half; /* first and last sample */
	bool stepped;		   /* meanwhile */
};

static int
by_mid(const void *x, const void *y)
{
	const struct offset *a = x, *b = y;

	return ((a->mid > b->mid) - (a->mid < b->mid));
}

/* b's clock is ahead by less than any difference where a is first, and by more than any where b is.  Where that can not be,
 * one of the clocks was set, and the offset is one or the other. */
static bool
offset_of(const struct path_sample *s, size_t n, struct offset *o)
{
	int64_t least = INT64_MAX, most = INT64_MIN;

	for (size_t i = 0; i < n; i++) {
		if (s[i].first == 0 && s[i].d < least)
			least = s[i].d;
		if (s[i].first == 1 && s[i].d > most)
			most = s[i].d;
	}
	if (least == INT64_MAX || most == INT64_MIN)
		return (false);
	*o = (struct offset){ s[0].at, s[n - 1].at, most + (least - most) / 2, (llabs(least - most) + 1) / 2, most - least > STEP_LEAST };
	return (true);
}

static void
mark_step(struct path *p, int64_t from, int64_t to)
{
	p->clock.stepped = true;
	for (int k = 0; k < 2; k++)
		marks_drops(p->marks, p->marked[k] + PATH_STEPS, from, to + 1);
}

/* Bins of a span in which a clock was set, and from one span to the other where that was between them. */
static void
mark_steps(struct path *p, const struct offset *o, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t d = i == 0 ? 0 : llabs(o[i].mid - o[i - 1].mid), drift = i == 0 ? 0 : (o[i].at - o[i - 1].at) / 1000000 * DRIFT;

		if (o[i].stepped)
			mark_step(p, o[i].at, o[i].to);
		if (i > 0 && d > o[i].half + o[i - 1].half + drift + STEP_LEAST)
			mark_step(p, o[i - 1].at, o[i].at);
	}
	if (p->clock.stepped)
		marks_ready(p->marks);
}

void
path_set_clock(struct path *p)
{
	struct offset *o = mem_zero(p->samples + 1, sizeof(o[0]));
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < p->samples; i++) {
		const struct path_item *x = &p->item[p->sample[i].item];

		if (x->left < 0)
			continue;
		p->sample[kept] = p->sample[i];
		p->sample[kept++].first = (uint8_t)(x->left == p->sample[i].dir ? 0 : 1);
	}
	p->samples = kept;
	if (kept > 1)
		qsort(p->sample, kept, sizeof(p->sample[0]), by_time);
	for (size_t i = 0, k; i < kept; i += k) {
		k = span_of(p->sample + i, kept - i);
		n += offset_of(p->sample + i, k, &o[n]);
	}
	if (n == 0 && kept > 0)
		n += offset_of(p->sample, kept, &o[0]);
	mark_steps(p, o, n);
	if (n > 0) {
		const struct offset *x = &o[(n - 1) / 2], *y = &o[n / 2]; /* the one in the middle, or both */
		int64_t width, mid;

		qsort(o, n, sizeof(o[0]), by_mid);
		mid = x->mid + (y->mid - x->mid) / 2;
		width = (x->half > y->half ? x->half : y->half) + (o[n - 1].mid - o[0].mid + 1) / 2;
		p->clock.known = true;
		p->clock.offset_us = (mid + (mid < 0 ? -500 : 500)) / USEC;
		p->clock.spread_us = (uint64_t)((width + USEC - 1) / USEC);
	}
	free(o);
}

bool
path_delay(const struct path *p, int first, int64_t *d, int64_t *jitter)
{
	int64_t least = INT64_MAX, last = 0, sum = 0;
	size_t n = 0;
	bool sure = false;

	for (size_t i = 0; i < p->samples; i++) {
		int64_t v = first == 0 ? p->sample[i].d : -p->sample[i].d;

		if (p->sample[i].first != first)
			continue;
		sure |= p->sample[i].sure;
		if (n++ > 0)
			sum += llabs(v - last);
		last = v;
		least = v < least ? v : least;
	}
	*d = least;
	*jitter = n > 1 ? sum / (int64_t)(n - 1) : 0;
	return (n > 1 || sure);
}

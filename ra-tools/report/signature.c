/* SPDX-License-Identifier: BSD-2-Clause
 *
 * signature.c: clusters of missing ranges.
 */
#include "ra-tools/report/signature.h"

#include "format/base/cursor.h"
#include "format/base/map.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define MSS_MAX (1u << 20) /* flows whose segment size is kept */

struct range {
	uint32_t flow, dir, lo, len;
};

struct member { /* a flow that has ranges */
	uint64_t id;
	uint32_t pair, probe, mss;
	uint16_t port;
};

struct signatures {
	struct range *range;
	uint32_t nranges, caprange, most;
	struct member *member;
	uint32_t capmember;
	struct map flows, pairs; /* to numbers: of a member, of a pair */
	struct map sized;	 /* flows whose segment size is known, */
	uint32_t *mss, capmss;	 /* and the size */
	uint64_t dropped;
	struct signature *found;
	uint32_t nfound;
	uint32_t *scratch;
};

struct signatures *
signatures_new(uint32_t cap)
{
	struct signatures *s = mem_zero(1, sizeof(*s));

	s->most = cap;
	return (s);
}

void
signatures_free(struct signatures **ps)
{
	struct signatures *s = *ps;

	if (s == NULL)
		return;
	free(s->range);
	free(s->member);
	map_free(&s->flows);
	map_free(&s->pairs);
	map_free(&s->sized);
	free(s->mss);
	free(s->found);
	free(s->scratch);
	free(s);
	*ps = NULL;
}

/* Either way round. */
static uint32_t
pair_of(struct signatures *s, const struct ip *a, const struct ip *b)
{
	bool swap = memcmp(a, b, sizeof(*a)) > 0;
	struct ip pair[2] = { swap ? *b : *a, swap ? *a : *b };
	uint32_t n;

	(void)map_put(&s->pairs, pair, sizeof(pair), &n);
	return (n);
}

static uint32_t
member_of(struct signatures *s, const struct gap_flow *f)
{
	uint32_t n;

	if (!map_put(&s->flows, &f->id, sizeof(f->id), &n))
		return (n);
	if (n == s->capmember)
		s->member = mem_grow(s->member, s->capmember = n == 0 ? 256 : n * 2, sizeof(s->member[0]));
	s->member[n] = (struct member){ .id = f->id, .pair = pair_of(s, f->src, f->dst), .probe = f->probe, .port = f->port };
	return (n);
}

void
signatures_add(struct signatures *s, const struct gap_flow *f, struct blob gaps)
{
	struct cursor c = cur_new(gaps.p, gaps.n);

	while (cur_left(&c) > 0) {
		uint64_t dir = cur_varint(&c), lo = cur_varint(&c), len = cur_varint(&c);

		if (c.cut)
			return;
		if (dir > 1 || lo > UINT32_MAX || len == 0 || len > UINT32_MAX)
			continue; /* not what a probe writes */
		if (s->nranges == s->most) {
			s->dropped++;
			continue;
		}
		if (s->nranges == s->caprange) {
			s->caprange = s->caprange == 0 ? 256 : s->caprange * 2;
			s->range = mem_grow(s->range, s->caprange, sizeof(s->range[0]));
		}
		s->range[s->nranges] = (struct range){ member_of(s, f), (uint32_t)dir, (uint32_t)lo,
						       (uint32_t)len };
		s->nranges++;
	}
}

void
signatures_mss(struct signatures *s, uint64_t flow, uint32_t mss)
{
	uint32_t i;

	if (s->sized.n >= MSS_MAX || mss == 0)
		return;
	if (map_put(&s->sized, &flow, sizeof(flow), &i)) {
		if (i == s->capmss)
			s->mss = mem_grow(s->mss, s->capmss = i == 0 ? 256 : i * 2, sizeof(s->mss[0]));
		s->mss[i] = mss;
	} else if (mss < s->mss[i]) {
		s->mss[i] = mss;
	}
}

/* --- joining ----------------------------------------------------------------------------------- */

static int
order(uint32_t a, uint32_t b)
{
	return ((a > b) - (a < b));
}

static int
by_flow(const void *x, const void *y)
{
	const struct range *a = x, *b = y;

	if (a->flow != b->flow)
		return (order(a->flow, b->flow));
	if (a->dir != b->dir)
		return (order(a->dir, b->dir));
	return (a->lo != b->lo ? order(a->lo, b->lo) : order(a->len, b->len));
}

static int
by_place(const void *x, const void *y)
{
	const struct range *a = x, *b = y;

	if (a->dir != b->dir)
		return (order(a->dir, b->dir));
	if (a->len != b->len)
		return (order(a->len, b->len));
	return (a->lo != b->lo ? order(a->lo, b->lo) : order(a->flow, b->flow));
}

/* A run that a flow's records tell in pieces is one range. */
static void
join(struct signatures *s)
{
	uint32_t kept = 0;

	qsort(s->range, s->nranges, sizeof(s->range[0]), by_flow);
	for (uint32_t i = 0; i < s->nranges; i++) {
		const struct range *r = &s->range[i];
		struct range *last = kept > 0 ? &s->range[kept - 1] : NULL;
		uint64_t end = (uint64_t)r->lo + r->len;

		if (last == NULL || last->flow != r->flow || last->dir != r->dir ||
		    r->lo > (uint64_t)last->lo + last->len) {
			s->range[kept++] = *r;
			continue;
		}
		if (end > (uint64_t)last->lo + last->len)
			last->len = (uint32_t)(end - last->lo > UINT32_MAX ? UINT32_MAX : end - last->lo);
	}
	s->nranges = kept;
}

/* --- clusters ---------------------------------------------------------------------------------- */

static int
by_number(const void *x, const void *y)
{
	return (order(*(const uint32_t *)x, *(const uint32_t *)y));
}

static uint32_t
distinct(uint32_t *v, uint32_t n)
{
	uint32_t kept = 0;

	qsort(v, n, sizeof(v[0]), by_number);
	for (uint32_t i = 0; i < n; i++)
		if (kept == 0 || v[kept - 1] != v[i])
			v[kept++] = v[i];
	return (kept);
}

/* Of sorted numbers the one that comes most often, after those in not[]; the lowest of equals.  0 of them: none. */
static uint32_t
most_frequent(const uint32_t *v, uint32_t n, const uint16_t *not, uint32_t nnot, uint32_t *value)
{
	uint32_t most = 0;

	for (uint32_t i = 0, j; i < n; i = j) {
		bool known = false;

		for (j = i; j < n && v[j] == v[i];)
			j++;
		for (uint32_t k = 0; k < nnot; k++)
			known |= not[k] == v[i];
		if (!known && j - i > most) {
			most = j - i;
			*value = v[i];
		}
	}
	return (most);
}

/* What the flows in scratch[0..flows) have in common. */
/* The least ids: not those that came first. */
static void
take_example(struct signature *g, uint64_t id)
{
	uint32_t at = g->nexamples < SIGNATURE_EXAMPLES ? g->nexamples++ : SIGNATURE_EXAMPLES;

	for (; at > 0 && g->example[at - 1] > id; at--)
		if (at < SIGNATURE_EXAMPLES)
			g->example[at] = g->example[at - 1];
	if (at < SIGNATURE_EXAMPLES)
		g->example[at] = id;
}

static void
describe(struct signatures *s, struct signature *g)
{
	uint32_t *flow = s->scratch, *other = s->scratch + s->nranges, n = 0, port;

	for (uint32_t i = 0; i < g->flows; i++) {
		const struct member *m = &s->member[flow[i]];

		take_example(g, m->id);
		g->probes |= 1ull << (m->probe < 63 ? m->probe : 63);
		if (m->mss > 0)
			other[n++] = m->mss;
	}
	qsort(other, n, sizeof(other[0]), by_number);
	(void)most_frequent(other, n, NULL, 0, &g->mss);
	for (uint32_t i = 0; i < g->flows; i++)
		other[i] = s->member[flow[i]].port;
	qsort(other, g->flows, sizeof(other[0]), by_number);
	for (n = 0; n < SIGNATURE_PORTS && most_frequent(other, g->flows, g->port, n, &port) > 0; n++)
		g->port[n] = (uint16_t)port;
	g->nports = distinct(other, g->flows);
}

static void
cluster(struct signatures *s, const struct range *r, uint32_t n)
{
	struct signature g = { .dir = r[0].dir, .len = r[0].len, .lo_min = r[0].lo,
			       .lo_max = r[n - 1].lo, .lo = r[(n - 1) / 2].lo };
	uint32_t *other = s->scratch + s->nranges;

	if (n < SIGNATURE_FLOWS)
		return;
	for (uint32_t i = 0; i < n; i++)
		s->scratch[i] = r[i].flow;
	g.flows = distinct(s->scratch, n);
	if (g.flows < SIGNATURE_FLOWS || (uint64_t)g.flows * 20 < s->flows.n)
		return;
	for (uint32_t i = 0; i < g.flows; i++)
		other[i] = s->member[s->scratch[i]].pair;
	g.pairs = distinct(other, g.flows);
	if (g.pairs < SIGNATURE_PAIRS)
		return;
	describe(s, &g);
	s->found = mem_grow(s->found, s->nfound + 1, sizeof(s->found[0]));
	s->found[s->nfound++] = g;
}

static int
by_flows(const void *x, const void *y)
{
	const struct signature *a = x, *b = y;

	if (a->flows != b->flows)
		return (order(b->flows, a->flows));
	if (a->dir != b->dir)
		return (order(a->dir, b->dir));
	return (a->len != b->len ? order(a->len, b->len) : order(a->lo, b->lo));
}

static void
take_mss(struct signatures *s)
{
	uint32_t n;

	for (uint32_t i = 0; i < s->flows.n; i++)
		s->member[i].mss = map_find(&s->sized, &s->member[i].id, sizeof(s->member[i].id), &n) ? s->mss[n] : 0;
}

const struct signature *
signatures_find(struct signatures *s, uint32_t *n)
{
	if (s->scratch == NULL && s->nranges > 0) {
		take_mss(s);
		join(s);
		s->scratch = mem_zero((size_t)s->nranges * 2, sizeof(s->scratch[0]));
		qsort(s->range, s->nranges, sizeof(s->range[0]), by_place);
		for (uint32_t i = 0, j; i < s->nranges; i = j) {
			const struct range *r = &s->range[i];

			for (j = i + 1; j < s->nranges && s->range[j].dir == r->dir &&
					s->range[j].len == r->len &&
					s->range[j].lo - s->range[j - 1].lo <= SIGNATURE_NEAR;)
				j++;
			cluster(s, r, j - i);
		}
		if (s->nfound > 0)
			qsort(s->found, s->nfound, sizeof(s->found[0]), by_flows);
	}
	*n = s->nfound;
	return (s->found);
}

uint32_t
signatures_flows(const struct signatures *s)
{
	return (s->flows.n);
}

uint64_t
signatures_dropped(const struct signatures *s)
{
	return (s->dropped);
}

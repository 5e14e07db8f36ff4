/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_out.c: groups come out, gathered column by column, or go into those of another thread.  Test: test_aggr.c.
 */
#include "ra-tools/query/aggr_compact.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define OUT_MEMORY (256u << 20)

struct outgo {
	struct place_of_group {
		uint64_t by, first;
		uint32_t group;
	} *order;
	uint32_t n, at;
	uint32_t rows[OUT_ROWS];
	struct streams *streams; /* NULL: groups are in memory */
	struct out_rows next;
};

void
outgo_free(struct outgo **po)
{
	struct outgo *o = *po;

	if (o == NULL)
		return;
	streams_free(&o->streams);
	free(o->order);
	free(o);
	*po = NULL;
}

/* --- into those of another thread -------------------------------------------------------------- */

uint64_t
group_hash(const struct aggr *a, uint32_t g)
{
	if (a->compact == NULL)
		return (a->group[g].hash);
	compact_key(a, a->compact, g, a->keybuf);
	return (compact_hash(a, a->keybuf));
}

void
groups_known(const struct aggr *a, const uint32_t *groups, uint32_t n, struct batch *b, struct known *known, uint8_t *keys)
{
	for (uint32_t i = 0; i < n && a->compact != NULL; i++, keys += a->keylen) {
		uint8_t *group = compact_at(a->compact, groups[i]);

		compact_key(a, a->compact, groups[i], keys);
		known[i] = (struct known){ .row = i, .key = keys, .hash = compact_hash(a, keys), .first = *compact_first(group),
					   .traffic = (*compact_state(group) & COMPACT_TRAFFIC) != 0 };
	}
	for (uint32_t i = 0; i < n && a->compact == NULL; i++) {
		const struct group *g = &a->group[groups[i]];

		known[i] = (struct known){ i, slab_at(&a->keys, groups[i]), g->hash, g->first, g->traffic, g->merged };
	}
	if (a->compact != NULL)
		compact_gather(a->compact, groups, n, b);
	else
		table_gather(a->cells, &a->hold, groups, n, b);
}

/* Where threads share parts, what belongs into each of these. */
static void
join_known(struct aggr *into, const struct batch *b, const struct known *known, uint32_t n)
{
	struct known of[CHUNK];

	if (!share_used(into)) {
		add_known(into, b, known, n);
		groups_spill(into);
		return;
	}
	for (unsigned p = 0; p < share_parts(into); p++) {
		struct aggr *part = share_at(into, p);
		uint32_t k = 0;

		for (uint32_t i = 0; i < n; i++)
			if (share_part(into, known[i].hash) == p)
				of[k++] = known[i];
		if (k == 0)
			continue;
		add_known(part, b, of, k);
		groups_spill(part);
	}
}

void
join_groups(struct aggr *into, const struct aggr *from)
{
	struct batch *b = batch_new(CHUNK);
	struct known known[CHUNK];
	uint8_t *keys = mem_alloc(CHUNK * from->keylen);
	uint32_t list[CHUNK], last = NO_GROUP, n;

	if (from->compact == NULL)
		table_settle(from->cells);
	while ((n = groups_list(from, last, list, CHUNK)) > 0) {
		last = list[n - 1];
		groups_known(from, list, n, b, known, keys);
		join_known(into, b, known, n);
	}
	free(keys);
	batch_free(&b);
}

void
aggr_join(struct aggr *into, struct aggr **pfrom)
{
	struct aggr *from = *pfrom;

	join_groups(into, from);
	left_out_join(&into->left, &from->left);
	if (into->sums != NULL && from->sums != NULL)
		aggr_join(into->sums, &from->sums);
	spill_adopt(into, from);
	aggr_free(pfrom);
}

/* --- out, from memory -------------------------------------------------------------------------- */

/* Absent first, then mixed, then by value. */
static int
cell_order(const struct table *t, enum field f, uint32_t x, uint32_t y)
{
	static const int place[] = { [RANK_ABSENT] = 0, [RANK_MIXED] = 1, [RANK_HERE] = 2 };
	unsigned rx = table_rank(t, f, x), ry = table_rank(t, f, y);

	return (rx == RANK_HERE && ry == RANK_HERE ? table_compare(t, f, x, y) : place[rx] - place[ry]);
}

static int
compact_order(const struct compact *c, enum field f, uint32_t x, uint32_t y)
{
	int where = compact_where(c, f);
	struct cell a, b;

	compact_get(c, where, x, &a);
	compact_get(c, where, y, &b);
	if (a.present && b.present)
		return (value_cmp(fields[f].store, &a.v, &b.v));
	return ((a.present ? 2 : a.mixed) - (b.present ? 2 : b.mixed));
}

int
row_order(const struct aggr *a, const struct table *t, uint32_t x, uint32_t y)
{
	int c = 0;

	for (unsigned p = 0; p < a->nparts && c == 0; p++)
		if (a->part[p].field < F_STORED && fieldset_has(&a->keep, a->part[p].field))
			c = t == NULL ? compact_order(a->compact, a->part[p].field, x, y) : cell_order(t, a->part[p].field, x, y);
	for (enum field f = 0; f < F_STORED && c == 0; f++)
		if (fieldset_has(&a->keep, f) && fields[f].agg != AGG_COMP && (t == NULL || table_has(t, f)))
			c = t == NULL ? compact_order(a->compact, f, x, y) : cell_order(t, f, x, y);
	return (c);
}

static int
by_place(const void *x, const void *y, void *arg)
{
	const struct place_of_group *p = x, *q = y;
	const struct aggr *a = arg;

	if (p->by != q->by)
		return (p->by < q->by ? -1 : 1);
	if (p->first != q->first)
		return (p->first < q->first ? -1 : 1);
	return (a->in_time ? row_order(a, a->compact != NULL ? NULL : a->cells, p->group, q->group) : 0);
}

/* What a group is ordered by: the time of its first packet, without one the end of its bin; or where it first appeared. */
static uint64_t
first_of(const struct aggr *a, uint32_t g)
{
	if (!a->in_time)
		return (a->group[g].first);
	if (table_rank(a->cells, F_stime, g) == RANK_HERE)
		return (table_value(a->cells, F_stime, g).u);
	return (table_rank(a->cells, F_bend, g) == RANK_HERE ? table_value(a->cells, F_bend, g).u : UINT64_MAX);
}

static uint64_t
digits_of(const struct place_of_group *p, bool by)
{
	return (by ? p->by : p->first);
}

#define FEW_PLACES 32 /* are compared */

/* By one byte, in their own memory: there may be many. */
static void
deal_places(struct place_of_group *p, uint32_t n, bool by, unsigned shift, uint32_t end[256])
{
	uint32_t start[256] = { 0 }, at = 0;

	for (uint32_t i = 0; i < n; i++)
		start[digits_of(&p[i], by) >> shift & 255]++;
	for (unsigned d = 0; d < 256; d++) {
		uint32_t count = start[d];

		start[d] = at;
		at += count;
		end[d] = at;
	}
	for (unsigned d = 0; d < 256; d++)
		while (start[d] < end[d]) {
			struct place_of_group x = p[start[d]];
			unsigned to;

			while ((to = digits_of(&x, by) >> shift & 255) != d) {
				struct place_of_group y = p[start[to]];

				p[start[to]++] = x;
				x = y;
			}
			p[start[d]++] = x;
		}
}

/* `by`: all bytes of what they are ordered by are still to come; else it is the same in all. */
static void
sort_places(const struct aggr *a, struct place_of_group *p, uint32_t n, bool by)
{
	uint64_t differ = 0;
	uint32_t end[256];

	if (n < 2)
		return;
	for (uint32_t i = 1; n > FEW_PLACES && i < n; i++)
		differ |= digits_of(&p[i], by) ^ digits_of(&p[0], by);
	if (n > FEW_PLACES && differ == 0 && by) {
		sort_places(a, p, n, false);
		return;
	}
	if (n <= FEW_PLACES || differ == 0) {
		qsort_r(p, n, sizeof(*p), by_place, (void *)(uintptr_t)a);
		return;
	}
	deal_places(p, n, by, (63 - (unsigned)__builtin_clzll(differ)) / 8 * 8, end);
	for (unsigned d = 0; d < 256; d++)
		sort_places(a, p + (d == 0 ? 0 : end[d - 1]), end[d] - (d == 0 ? 0 : end[d - 1]), by);
}

static bool
comes_out(const struct aggr *a, uint32_t g)
{
	return (!a->group[g].gone && (!a->hide_ends || a->group[g].traffic));
}

static void
add_place(struct aggr *a, uint64_t by, uint64_t first, uint32_t g, bool *sorted)
{
	struct outgo *o = a->outgo;
	struct place_of_group *p = &o->order[o->n];

	*p = (struct place_of_group){ by, first, g };
	*sorted = *sorted && (o->n == 0 || by_place(p - 1, p, a) <= 0);
	o->n++;
}

/* The same of groups of plain numbers. */
static void
place_compact(struct aggr *a, bool *sorted)
{
	const struct compact *c = a->compact;
	int by = compact_where(c, a->by), start = compact_where(c, F_stime), end = compact_where(c, F_bend);

	for (uint32_t g = compact_next(c, NO_GROUP); g != NO_GROUP; g = compact_next(c, g)) {
		uint8_t *group = compact_at(c, g);
		uint64_t first = *compact_first(group);
		struct cell cell;

		if (a->hide_ends && (*compact_state(group) & COMPACT_TRAFFIC) == 0)
			continue;
		if (a->in_time) {
			compact_get(c, start, g, &cell);
			if (!cell.present)
				compact_get(c, end, g, &cell);
			first = cell.present ? cell.v.u : UINT64_MAX;
		}
		compact_get(c, a->by == F_NONE ? -1 : by, g, &cell);
		add_place(a, cell.v.u, first, g, sorted);
	}
}

static void
order_groups(struct aggr *a)
{
	struct outgo *o = a->outgo;
	bool sorted = true;

	o->order = mem_alloc(((size_t)groups_count(a) + 1) * sizeof(o->order[0]));
	if (a->compact != NULL)
		place_compact(a, &sorted);
	for (uint32_t g = 0; g < a->n && a->compact == NULL; g++)
		if (comes_out(a, g))
			add_place(a, a->by == F_NONE ? 0 : table_value(a->cells, a->by, g).u, first_of(a, g), g, &sorted);
	if (!sorted)
		sort_places(a, o->order, o->n, true);
}

void
out_begin(struct aggr *a)
{
	a->outgo = mem_zero(1, sizeof(*a->outgo));
	if (a->owns && share_used(a))
		share_collect(a);
	/* whole blocks, where they are written; but not where groups want the memory */
	a->out_rows = a->limit > 0 && a->limit < OUT_MEMORY ? OUT_ROWS / 8 : OUT_ROWS;
	if (a->spills == 0 && groups_count(a) < a->out_rows)
		a->out_rows = groups_count(a) + 1;
	a->out = batch_new(a->out_rows);
	if (a->spills > 0) {
		a->outgo->streams = streams_order(a);
		return;
	}
	if (a->turn)
		merge_partners(a);
	if (a->compact == NULL)
		table_settle(a->cells);
	order_groups(a);
}

void
out_next(struct aggr *a, struct out_rows *to)
{
	struct outgo *o = a->outgo;
	uint32_t n = 0;

	if (o->streams != NULL) {
		streams_next(a, o->streams, to);
		return;
	}
	for (; n < a->out_rows && o->at < o->n; n++, o->at++) {
		const struct place_of_group *p = &o->order[o->at];

		to->by[n] = p->by;
		to->first[n] = p->first;
		o->rows[n] = p->group;
	}
	to->b = n > 0 ? a->out : NULL;
	if (n == 0)
		return;
	if (a->compact != NULL)
		compact_gather(a->compact, o->rows, n, a->out);
	else
		table_gather(a->cells, &a->hold, o->rows, n, a->out);
	a->out->last = o->at == o->n;
	fill_times(a, a->out);
}

struct batch *
aggr_next(struct aggr *a)
{
	struct out_rows *o;

	if (a->outgo == NULL)
		out_begin(a);
	o = &a->outgo->next;
	out_next(a, o);
	if (o->b != NULL && !fieldset_has(&a->keep, F_bstart))
		o->b->col[F_bstart] = NULL; /* it was there for times alone */
	return (o->b);
}

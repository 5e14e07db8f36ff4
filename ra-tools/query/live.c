/* SPDX-License-Identifier: BSD-2-Clause
 *
 * live.c: groups of the last bins, and of all since the start.  Tested by tests/top.tap.
 */
#include "ra-tools/query/live.h"

#include "format/base/mem.h"
#include "ra-tools/query/gather.h"
#include "ra-tools/query/sort.h"

#include <stdlib.h>
#include <string.h>

#define GROUPS_MOST 400000 /* since the start; then the lesser half is dropped */

struct bin_rows { /* rows of one bin */
	struct bin_rows *next;
	int64_t start, end;
	struct batch *rows;
};

struct live {
	struct keys keys, none;
	struct live_options o;
	struct fieldset keep;
	struct bin_rows *kept;
	int64_t began, newest; /* the start of the first bin, the end of the newest; INT64_MIN: there was none yet */
	int64_t first;	       /* the start of the first bin in `all`; INT64_MAX */
	int64_t T;
	struct aggr *all, *shown; /* shown: what view.rows borrow from */
	bool less, partial;
	struct sort *sort;
	struct aggr *sums;
	struct live_view view;
	uint32_t *row;
};

static struct aggr *
new_groups(const struct live *v)
{
	struct aggr *a = aggr_new(&v->keys, &v->keep);

	aggr_hide_ends(a, true);
	if (v->keys.ends)
		aggr_add_up(a, &v->none);
	return (a);
}

static void
forget(struct live *v)
{
	aggr_free(&v->all);
	v->all = new_groups(v);
	v->first = INT64_MAX;
	v->less = false;
}

struct live *
live_new(const struct keys *keys, const struct live_options *o, const struct fieldset *keep)
{
	struct live *v = mem_zero(1, sizeof(*v));
	char err[128];

	v->keys = *keys;
	v->o = *o;
	v->keep = *keep;
	(void)keys_parse("none", &v->none, err, sizeof(err));
	keys_merge_probes(&v->none);
	v->newest = v->began = INT64_MIN;
	v->row = mem_zero(BATCH_ROWS, sizeof(v->row[0]));
	v->view.rows = batch_new(BATCH_ROWS);
	forget(v);
	return (v);
}

static void
drop(struct bin_rows **at)
{
	struct bin_rows *k = *at;

	*at = k->next;
	batch_free(&k->rows);
	free(k);
}

void
live_free(struct live **pv)
{
	struct live *v = *pv;

	if (v == NULL)
		return;
	while (v->kept != NULL)
		drop(&v->kept);
	aggr_free(&v->all);
	aggr_free(&v->shown);
	aggr_free(&v->sums);
	sort_free(&v->sort);
	batch_free(&v->view.rows);
	free(v->row);
	free(v);
	*pv = NULL;
}

/* --- in */

/* What is shown of the last bins may begin here, if the newest but one is the last that is. */
static int64_t
oldest(const struct live *v)
{
	int64_t window = (v->o.window + v->T - 1) / v->T * v->T;

	return (v->newest == INT64_MIN ? INT64_MIN : v->newest - v->T - window);
}

static void
note_bin(struct live *v, int64_t start, int64_t end)
{
	if (start < v->first)
		v->first = start;
	if (end <= v->newest)
		return;
	if (v->began == INT64_MIN)
		v->began = start;
	v->newest = end;
	for (struct bin_rows **k = &v->kept; *k != NULL;)
		if ((*k)->start < oldest(v))
			drop(k);
		else
			k = &(*k)->next;
}

/* Rows that lie in one bin and are not taken yet; their sel bits go. */
static void
keep_bin(struct live *v, struct batch *b, uint64_t *left, int64_t start, int64_t end)
{
	const struct column *starts = b->col[F_bstart];
	struct bin_rows *k;
	uint32_t n = 0;

	for (size_t i = bits_next(left, 0, b->rows); i < b->rows; i = bits_next(left, i + 1, b->rows))
		if (starts->i[i] == start) {
			v->row[n++] = (uint32_t)i;
			bit_clear(left, i);
		}
	if (start < oldest(v))
		return;
	k = mem_zero(1, sizeof(*k));
	*k = (struct bin_rows){ v->kept, start, end, batch_new(n) };
	gather(k->rows, b, v->row, n);
	v->kept = k;
}

void
live_add(struct live *v, struct batch *b, int64_t interval)
{
	uint64_t left[BITS_WORDS(BATCH_ROWS)];
	const struct column *starts = b->col[F_bstart], *ends = b->col[F_bend];

	if (interval > v->T)
		v->T = interval;
	for (size_t w = 0; w < BITS_WORDS(b->rows); w++)
		left[w] = batch_selected_word(b, w);
	for (size_t i = bits_next(left, 0, b->rows); i < b->rows; i = bits_next(left, i + 1, b->rows)) {
		int64_t start, end;

		if (!column_has(starts, (uint32_t)i))
			continue;
		start = starts->i[i];
		end = column_has(ends, (uint32_t)i) ? ends->i[i] : start + v->T;
		note_bin(v, start, end);
		keep_bin(v, b, left, start, end);
	}
	aggr_add(v->all, b);
}

bool
live_regroup(struct live *v, const struct keys *keys, enum field order)
{
	struct fieldset needs = { { 0 } }, none = { { 0 } };
	bool other = memcmp(keys, &v->keys, sizeof(*keys)) != 0;

	fieldset_want(&needs, order);
	keys_want(keys, &none, &needs);
	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(&needs, f) && !fieldset_has(&v->keep, f))
			return (false);
	v->keys = *keys;
	v->o.order = order;
	if (other) {
		v->partial |= v->began != INT64_MIN;
		forget(v);
	}
	return (true);
}

bool
live_is_partial(const struct live *v)
{
	return (v->partial);
}

/* --- out */

static struct sort *
new_sort(const struct live *v)
{
	const struct sort_keys by = sort_greatest(v->o.order, &v->keys);

	return (sort_new(&by));
}

/* The first n of those that are sorted. */
static void
take_rows(struct live *v, uint32_t n)
{
	struct batch *rows = v->view.rows, *b;

	batch_reset(rows);
	while (rows->rows < n && (b = sort_next(v->sort)) != NULL) {
		uint32_t left = n - rows->rows, take = b->rows < left ? b->rows : left;

		for (uint32_t r = 0; r < take; r++)
			v->row[r] = r;
		gather(rows, b, v->row, take);
	}
}

/* The last bins that are complete, as groups. */
static struct aggr *
group_window(struct live *v, int64_t from, int64_t to)
{
	struct aggr *a = new_groups(v);
	struct batch *copy = batch_new(BATCH_ROWS);

	for (const struct bin_rows *k = v->kept; k != NULL; k = k->next) {
		if (k->start < from || k->end > to)
			continue;
		for (uint32_t r = 0; r < k->rows->rows; r++)
			v->row[r] = r;
		batch_reset(copy);
		gather(copy, k->rows, v->row, k->rows->rows);
		aggr_add(a, copy); /* which cuts addresses */
	}
	batch_free(&copy);
	return (a);
}

/* Too many: those that are greatest now go on. */
static void
shorten(struct live *v)
{
	struct sort *sort = new_sort(v);
	struct aggr *less = new_groups(v);
	struct batch *b;

	aggr_once(less, true);
	while ((b = aggr_next(v->all)) != NULL)
		sort_add(sort, b);
	for (uint32_t n = 0; n < GROUPS_MOST / 2 && (b = sort_next(sort)) != NULL; n += b->rows)
		aggr_add(less, b);
	aggr_once(less, false);
	aggr_take_sums(less, v->all);
	sort_free(&sort);
	aggr_free(&v->all);
	v->all = less;
	v->less = true;
}

/* Of groups in which a record counts twice: what there was, once. */
static void
add_sums(struct live *v, struct aggr *groups, struct aggr *again)
{
	struct aggr *sums = aggr_sums(groups);
	struct batch *b;

	while (sums != NULL && (b = aggr_next(sums)) != NULL) {
		aggr_add(v->sums, b);
		if (again != NULL)
			aggr_add(aggr_sums(again), b);
	}
	if (again != NULL)
		aggr_once(again, false);
}

static void
show_groups(struct live *v, struct aggr *groups, struct aggr *again, uint32_t n, void (*having)(void *, struct batch *),
    void *arg)
{
	int64_t over = v->view.to - v->view.from; /* one divisor for all */
	struct batch *b;

	if (again != NULL)
		aggr_once(again, true);
	sort_free(&v->sort);
	aggr_free(&v->sums);
	v->sort = new_sort(v);
	sort_over(v->sort, over);
	v->sums = aggr_new(&v->none, &v->keep);
	v->view.groups = 0;
	while ((b = aggr_next(groups)) != NULL) {
		v->view.groups += b->rows;
		if (again != NULL)
			aggr_add(again, b);
		if (!v->keys.ends)
			aggr_add(v->sums, b);
		b->over = over;
		having(arg, b);
		sort_add(v->sort, b);
	}
	add_sums(v, groups, again);
	take_rows(v, n);
	v->view.rows->over = over;
	if ((v->view.total = aggr_next(v->sums)) != NULL)
		v->view.total->over = over;
}

void
live_show(struct live *v, bool since_start, bool quiet, uint32_t n, void (*having)(void *, struct batch *), void *arg,
    struct live_view *view)
{
	int64_t to = quiet || v->newest == INT64_MIN ? v->newest : v->newest - v->T;
	struct aggr *all = NULL;

	v->view.from = v->view.to = 0;
	v->view.less = since_start && v->less;
	if (to > v->began && !since_start) {
		v->view.from = to - (v->o.window + v->T - 1) / v->T * v->T;
		v->view.to = to;
	} else if (v->newest != INT64_MIN && since_start && v->first != INT64_MAX) {
		v->view.from = v->first;
		v->view.to = v->newest;
	}
	aggr_free(&v->shown);
	if (since_start) {
		all = new_groups(v);
		v->shown = v->all;
		v->all = all;
	} else {
		v->shown = group_window(v, v->view.from, v->view.to);
	}
	show_groups(v, v->shown, all, n, having, arg);
	if (since_start && v->view.groups > GROUPS_MOST)
		shorten(v);
	*view = v->view;
}

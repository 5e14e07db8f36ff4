/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cluster.c: records merged by key, and printed.
 */
#include "ra-tools/run/cluster.h"

#include "format/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

bool
cluster_keys(const struct run *r, const char *text, struct keys *k, char *err, size_t errlen)
{
	if (!keys_parse(text, k, err, errlen))
		return (false);
	if (run_merges_probes(r))
		keys_merge_probes(k);
	return (true);
}

static bool
take(void *state, struct batch *b, const struct origin *o)
{
	aggr_place(state, o->number);
	aggr_add(state, b);
	return (true);
}

/* Each thread has groups of its own, which are joined; if most records make groups, threads share them (aggr_share()). */
void
cluster_all(struct run *r, struct aggr *a)
{
	unsigned n = run_threads(r);
	void **states = mem_zero(n + 1, sizeof(states[0]));

	aggr_memory(a, n > 1 ? run_room(r) / 2 : run_room(r));
	if (n > 1)
		aggr_share(a, n);
	for (unsigned i = 0; i <= n; i++) {
		states[i] = i < n && n > 1 ? aggr_twin(a) : a;
		if (states[i] != a) /* half is for all that comes together, the other half for what threads have apart */
			aggr_memory(states[i], run_room(r) / 2 / n);
	}
	run_takes_dense(r, true, NULL);
	run_each(r, take, states);
	run_takes_dense(r, false, NULL);
	for (unsigned i = 0; i < n; i++)
		if (states[i] != a) {
			struct aggr *twin = states[i];

			aggr_join(a, &twin);
		}
	free(states);
}

struct bins_share {
	struct bins *bins;
	uint64_t refused; /* number of the batch + 1 */
	const char *path; /* of its file */
};

static bool
take_bins(void *state, struct batch *b, const struct origin *o)
{
	struct bins_share *s = state;
	char err[512];

	if (s->refused > 0)
		return (true);
	bins_place(s->bins, o->number);
	if (bins_add(s->bins, b, o->segment->interval * SEC, err, sizeof(err)))
		return (true);
	s->refused = o->number + 1;
	s->path = o->path;
	return (true);
}

/* The first one in the input, whoever came upon it first. */
static void
refuse_first(const struct run *r, const struct bins_share *share, unsigned n)
{
	const struct bins_share *first = NULL;
	char why[512];

	for (unsigned i = 0; i < n; i++)
		if (share[i].refused > 0 && (first == NULL || share[i].refused < first->refused))
			first = &share[i];
	if (first == NULL)
		return;
	bins_advise(first->bins, run_multiple(r), why, sizeof(why));
	run_fail("%s %s", first->path, why);
}

/* Where the width follows from the order of the records, one thread merges. */
void
cluster_bins(struct run *r, struct bins *bins, bool width)
{
	unsigned n = width && run_threads(r) > 1 ? run_threads(r) : 0;
	struct bins_share *share = mem_zero(n + 1, sizeof(share[0]));
	void **states = mem_zero(n + 1, sizeof(states[0]));
	struct extremes extremes;
	struct batch *b;

	run_takes_dense(r, true, bins_extremes(bins, &extremes) ? &extremes : NULL);
	bins_memory(bins, n > 0 ? run_room(r) / 2 : run_room(r));
	if (n > 0)
		bins_share(bins, n);
	for (unsigned i = 0; i <= n; i++) {
		share[i].bins = i == n ? bins : bins_twin(bins);
		if (i < n)
			bins_memory(share[i].bins, run_room(r) / 2 / n);
		states[i] = &share[i];
	}
	if (n > 0)
		run_each(r, take_bins, states);
	else
		while (share[0].refused == 0 && (b = run_next(r)) != NULL)
			(void)take_bins(&share[0], b, run_origin(r));
	run_takes_dense(r, false, NULL);
	refuse_first(r, share, n + 1);
	for (unsigned i = 0; i < n; i++)
		bins_join(bins, &share[i].bins);
	free(share);
	free(states);
}

void
cluster_left_out(struct run *r, const struct keys *k, const struct left_out *l, const char *key, const char *by)
{
	struct buf of = { 0 }, instead = { 0 }, text = { 0 };
	const char *they = l->records == 1 ? "it" : "them";

	if (l->records == 0)
		return;
	buf_printf(&of, "-m %s", key);
	buf_printf(&instead, "%s-m conv counts %s too, the filter not has %s shows %s", by, they,
		   left_out_word(k->required), they);
	left_out_text(l, k->required, buf_cstr(&of), buf_cstr(&instead), &text);
	run_hint_last(r, buf_cstr(&text));
	buf_free(&of);
	buf_free(&instead);
	buf_free(&text);
}

void
cluster_sums(struct run *r, const char *of, const char *apart)
{
	struct buf text = { 0 };

	if (!probes_several(run_probes(r)) || run_merges_probes(r))
		return;
	probes_text(run_probes(r), of, apart, &text);
	run_note_last(r, buf_cstr(&text));
	buf_free(&text);
}

void
cluster_probes(struct run *r, const struct keys *k, const char *key)
{
	struct buf of = { 0 }, apart = { 0 };

	if (k->apart)
		return;
	buf_printf(&of, "rows of -m %s", key);
	buf_printf(&apart, strcasecmp(key, "none") == 0 ? "-m probe" : "-m probe,%s", key);
	cluster_sums(r, buf_cstr(&of), buf_cstr(&apart));
	buf_free(&of);
	buf_free(&apart);
}

/* The rows of one end: what it is, and what it sent and was sent. */
static const char *
end_columns(const struct keys *k)
{
	static char columns[768]; /* borrowed by columns.c */

	(void)snprintf(columns, sizeof(columns), "trans stime %s spkts dpkts sbytes dbytes sloss dloss dur", k->columns);
	return (columns);
}

static struct aggr *
prepare(struct run *r, const char *key, const char *columns, struct keys *k)
{
	struct fieldset keep = { { 0 } }, read = { { 0 } };
	struct aggr *a;
	char err[256];

	if (!cluster_keys(r, key, k, err, sizeof(err)))
		run_usage("%s", err);
	run_both_ends(r, k->ends);
	if (k->ends)
		run_columns(r, end_columns(k));
	if (columns != NULL)
		run_columns(r, columns);
	else if (k->objects != NULL && run_json(r))
		run_objects(r, k->objects);
	else if (k->defaults != NULL)
		run_columns(r, k->defaults);
	if (k->apart)
		run_probe_column(r);
	run_tell_probes(r);
	run_fields(r, &keep);
	keys_want(k, &keep, &read);
	if (k->n > 0) { /* more than one row */
		fieldset_want(&read, F_bend);
		fieldset_want(&read, F_stime);
	}
	run_want_set(r, &read);
	a = aggr_new(k, &keep);
	if (run_output(r) != NULL)
		aggr_bare_times(a);
	if (k->n > 0)
		aggr_order(a, F_NONE);
	return (a);
}

static void
finish(struct run *r, const char *key, struct keys *k, struct aggr *a)
{
	struct batch *b;

	run_over_all(r);
	while ((b = aggr_next(a)) != NULL)
		if (!run_print(r, b))
			break;
	if (aggr_error(a) != NULL)
		run_fail("%s", aggr_error(a));
	cluster_left_out(r, k, aggr_left_out(a), key, "");
	cluster_probes(r, k, key);
	aggr_free(&a);
}

void
cluster(struct run *r, const char *key)
{
	struct keys k;
	struct aggr *a = prepare(r, key, NULL, &k);

	cluster_all(r, a);
	finish(r, key, &k, a);
}

void
cluster_noting(struct run *r, const char *key, const char *columns, void (*note)(void *, const struct batch *), void *arg)
{
	struct keys k;
	struct aggr *a = prepare(r, key, columns, &k);
	struct batch *b;

	aggr_memory(a, run_room(r) / 2);
	while ((b = run_next(r)) != NULL) {
		note(arg, b);
		aggr_add(a, b);
	}
	finish(r, key, &k, a);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cluster.c: records merged by key, and printed.
 */
#include "ra-tools/cluster.h"

#include "format/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

static void
take(void *state, struct batch *b, const struct origin *o)
{
	aggr_place(state, o->number);
	aggr_add(state, b);
}

/* Each thread has groups of its own, which are joined. */
void
cluster_all(struct run *r, struct aggr *a)
{
	unsigned n = run_threads(r);
	void **states = mem_zero(n, sizeof(states[0]));

	aggr_memory(a, run_memory(r) / n);
	states[0] = a;
	for (unsigned i = 1; i < n; i++)
		states[i] = aggr_twin(a);
	run_each(r, take, states);
	for (unsigned i = 1; i < n; i++) {
		struct aggr *twin = states[i];

		aggr_join(a, &twin);
	}
	free(states);
}

struct share { /* of one thread */
	struct bins *bins;
	uint64_t refused; /* number of the batch + 1 */
	char why[1024];
};

static void
take_bins(void *state, struct batch *b, const struct origin *o)
{
	struct share *s = state;
	char err[512];

	if (s->refused > 0)
		return;
	bins_place(s->bins, o->number);
	if (bins_add(s->bins, b, o->segment->interval * SEC, err, sizeof(err)))
		return;
	s->refused = o->number + 1;
	(void)snprintf(s->why, sizeof(s->why), "%s %s", o->path, err);
}

/* Where the width follows from the order of the records, one thread merges. */
void
cluster_bins(struct run *r, struct bins *bins, bool width)
{
	unsigned n = width ? run_threads(r) : 1;
	struct share *share = mem_zero(n, sizeof(share[0]));
	void **states = mem_zero(n, sizeof(states[0]));
	const struct share *first = NULL;
	struct batch *b;

	bins_memory(bins, run_memory(r) / n);
	for (unsigned i = 0; i < n; i++) {
		share[i].bins = i == 0 ? bins : bins_twin(bins);
		states[i] = &share[i];
	}
	if (n > 1)
		run_each(r, take_bins, states);
	else
		while (share[0].refused == 0 && (b = run_next(r)) != NULL)
			take_bins(&share[0], b, run_origin(r));
	for (unsigned i = 0; i < n; i++)
		if (share[i].refused > 0 && (first == NULL || share[i].refused < first->refused))
			first = &share[i];
	if (first != NULL)
		run_fail("%s", first->why);
	for (unsigned i = 1; i < n; i++)
		bins_join(bins, &share[i].bins);
	free(share);
	free(states);
}

static struct aggr *
prepare(struct run *r, const char *key)
{
	struct fieldset keep = { { 0 } }, read = { { 0 } };
	struct keys k;
	char err[256];

	if (!keys_parse(key, &k, err, sizeof(err)))
		run_usage("%s", err);
	if (k.objects != NULL && run_json(r))
		run_objects(r, k.objects);
	else if (k.defaults != NULL)
		run_columns(r, k.defaults);
	run_fields(r, &keep);
	keys_want(&k, &keep, &read);
	run_want_set(r, &read);
	return (aggr_new(&k, &keep));
}

void
cluster(struct run *r, const char *key)
{
	struct aggr *a = prepare(r, key);
	struct batch *b;

	cluster_all(r, a);
	while ((b = aggr_next(a)) != NULL)
		if (!run_print(r, b))
			break;
	if (aggr_error(a) != NULL)
		run_fail("%s", aggr_error(a));
	aggr_free(&a);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cluster.c: records merged by key, and printed.
 */
#include "ra-tools/cluster.h"

#include "format/base/mem.h"

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

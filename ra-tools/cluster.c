/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cluster.c: records merged by key, and printed.
 */
#include "ra-tools/cluster.h"

#include "ra-tools/aggr.h"

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

	while ((b = run_next(r)) != NULL)
		aggr_add(a, b);
	while ((b = aggr_next(a)) != NULL)
		if (!run_print(r, b))
			break;
	aggr_free(&a);
}

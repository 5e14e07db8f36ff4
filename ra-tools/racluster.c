/* SPDX-License-Identifier: BSD-2-Clause
 *
 * racluster: merges the records that agree on a key.  See racluster(1).
 */
#include "ra-tools/aggr.h"
#include "ra-tools/run.h"

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/racluster.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Merges the flow records that agree on a key.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.columns = "trans stime flgs proto saddr sport dir daddr dport spkts dpkts sbytes dbytes "
		   "sloss dloss state",
	.merges = true,
};

static const char *key = "conv"; /* canonical 5-tuple, either direction */

static bool
option(int c, const char *arg)
{
	if (c == 'm')
		key = arg;
	return (c == 'm');
}

static struct aggr *
prepare(struct run *r)
{
	struct fieldset keep = { { 0 } }, read = { { 0 } };
	struct keys k;
	char err[256];

	if (!keys_parse(key, &k, err, sizeof(err)))
		run_usage("%s", err);
	if (k.defaults != NULL)
		run_columns(r, k.defaults);
	run_fields(r, &keep);
	keys_want(&k, &keep, &read);
	run_want_set(r, &read);
	return (aggr_new(&k, &keep));
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);
	struct aggr *a = prepare(r);
	struct batch *b;

	while ((b = run_next(r)) != NULL)
		aggr_add(a, b);
	while ((b = aggr_next(a)) != NULL)
		if (!run_print(r, b))
			break;
	aggr_free(&a);
	return (run_end(&r));
}

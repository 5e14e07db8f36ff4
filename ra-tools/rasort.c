/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rasort: puts records in order.  See rasort(1).
 */
#include "ra-tools/run/run.h"
#include "ra-tools/query/sort.h"

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/rasort.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Puts flow records in order.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.columns = "stime flgs proto saddr sport dir daddr dport spkts dpkts sbytes dbytes sloss "
		   "dloss state",
};

static const char *order = "stime";

static bool
option(int c, const char *arg)
{
	if (c == 'm')
		order = arg;
	return (c == 'm');
}

static struct sort *
prepare(struct run *r)
{
	struct fieldset read = { { 0 } };
	struct sort_keys k;
	struct sort *s;
	char err[256];

	if (!sort_parse(order, &k, err, sizeof(err)))
		run_usage("%s", err);
	sort_want(&k, &read);
	run_want_set(r, &read);
	s = sort_new(&k);
	sort_memory(s, run_memory(r));
	sort_most(s, run_count(r, 0));
	return (s);
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);
	struct sort *s = prepare(r);
	struct batch *b;

	while (sort_error(s) == NULL && (b = run_next(r)) != NULL) {
		run_having(r, b); /* before rows are left behind for -N */
		sort_add(s, b);
	}
	while ((b = sort_next(s)) != NULL)
		if (!run_print(r, b))
			break;
	if (sort_error(s) != NULL)
		run_fail("%s", sort_error(s));
	sort_free(&s);
	return (run_end(&r));
}

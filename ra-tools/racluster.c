/* SPDX-License-Identifier: BSD-2-Clause
 *
 * racluster: merges the records that agree on a key.  See racluster(1).
 */
#include "ra-tools/run/cluster.h"
#include "ra-tools/run/models.h"

#include <stddef.h>

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

static const char *key, *path; /* of models */

static bool
option(int c, const char *arg)
{
	if (c == 'm')
		key = arg;
	else if (c == 'f')
		path = arg;
	return (c == 'm' || c == 'f');
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);

	if (key != NULL && path != NULL)
		run_usage("-m and -f: one of them");
	if (path != NULL)
		models(r, path);
	else
		cluster(r, key != NULL ? key : "conv"); /* canonical 5-tuple, either direction */
	return (run_end(&r));
}

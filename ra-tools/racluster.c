/* SPDX-License-Identifier: BSD-2-Clause
 *
 * racluster: merges the records that agree on a key.  See racluster(1).
 */
#include "ra-tools/cluster.h"

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

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);

	cluster(r, key);
	return (run_end(&r));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ra: reads records, filters them, prints them or writes them again.  See ra(1).
 */
#include "ra-tools/run/cluster.h"
#include "ra-tools/zeek.h"
#include "format/base/programs.h"

#include <string.h>

enum { O_ZEEK = O_OWN };
static bool zeek;

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/ra.opt"
#undef OPT
};

static struct tool tool = {
	.purpose = "Reads flow records, filters them, prints them or writes them again.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.columns = "stime flgs proto saddr sport dir daddr dport spkts dpkts sbytes dbytes sloss "
		   "dloss state",
	.copies = true,
};

static bool
option(int c, const char *arg)
{
	if (c == O_ZEEK)
		return (zeek = tool.merges = true);
	if (c != 'm')
		return (false);
	if (strcmp(arg, "flow") != 0)
		run_usage("-m %s: " TOOL(ra) " merges whole flows only; " TOOL(racluster) " -m %s", arg, arg);
	tool.merges = true;
	tool.copies = false;
	return (true);
}

static void
copy(struct run *r)
{
	struct batch *b;

	while ((b = run_next(r)) != NULL)
		if (!run_print(r, b))
			break;
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);

	if (zeek)
		zeek_conn(r);
	else if (tool.merges)
		cluster(r, "flow");
	else
		copy(r);
	return (run_end(&r));
}

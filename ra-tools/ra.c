/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ra: reads records, filters them, prints them or writes them again.  See ra(1).
 */
#include "ra-tools/run.h"

static const struct tool tool = {
	.purpose = "Reads flow records, filters them, prints them or writes them again.",
	.columns = "stime flgs proto saddr sport dir daddr dport spkts dpkts sbytes dbytes sloss "
		   "dloss state",
};

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, NULL);
	struct batch *b;

	while ((b = run_next(r)) != NULL)
		if (!run_print(r, b))
			break;
	return (run_end(&r));
}

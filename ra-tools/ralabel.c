/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ralabel: shows or writes records with what is known of their addresses.  See ralabel(1).
 */
#include "ra-tools/run/run.h"

#include <stdio.h>
#include <string.h>

static const struct tool tool = {
	.purpose = "Puts names, countries and AS numbers of addresses into flow records.",
};

static char columns[256]; /* borrowed by run.c */

static void
add(const char *words, const struct fieldset *have, const uint16_t *f)
{
	size_t n = strlen(columns);

	n += (size_t)snprintf(columns + n, sizeof(columns) - n, "%s ", words);
	for (int i = 0; i < 3; i++)
		if (fieldset_has(have, f[i]))
			n += (size_t)snprintf(columns + n, sizeof(columns) - n, "%s ",
					      fields[f[i]].name);
}

int
main(int argc, char **argv)
{
	static const uint16_t source[] = { F_slabel, F_sco, F_sas },
			      destination[] = { F_dlabel, F_dco, F_das };
	struct run *r = run_start(argc, argv, &tool, NULL);
	struct fieldset have = { { 0 } };
	struct batch *b;

	if (!run_labels(r, &have))
		run_usage(
		    "expected --label FILE: a list of prefix,label lines, or a MaxMind database");
	add("stime proto saddr sport", &have, source);
	add("dir daddr dport", &have, destination);
	add("spkts dpkts sbytes dbytes", &(struct fieldset){ { 0 } }, source);
	run_columns(r, columns);
	while ((b = run_next(r)) != NULL)
		if (!run_print(r, b))
			break;
	return (run_end(&r));
}

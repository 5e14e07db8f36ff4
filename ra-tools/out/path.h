/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path.h: what rapath computed, as text, CSV and JSON.
 */
#ifndef RA_TOOLS_OUT_PATH_H
#define RA_TOOLS_OUT_PATH_H

#include "ra-tools/out/out.h"
#include "ra-tools/report/path.h"

struct path_page {
	const struct path *path;
	size_t count; /* ways to show, the worst first */
	bool bins;    /* a row for each bin of each way instead of sums */
};

void path_text(const struct path_page *, struct sheet *);
void path_csv(const struct path_page *, struct sheet *);
void path_json(const struct path_page *, struct sheet *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * graph.h: series as a picture, and as a page with their table.
 */
#ifndef RA_TOOLS_OUT_GRAPH_H
#define RA_TOOLS_OUT_GRAPH_H

#include "ra-tools/out/out.h"
#include "ra-tools/report/series.h"

struct graph {
	const struct series *s;
	struct graph_field {
		const char *name, *doc, *unit; /* as axes say it */
		bool stacked;		       /* areas on top of each other; else lines */
	} field[SERIES_FIELDS];
	const char *title, *zone, *command;
	const char *of; /* what lines are of: "proto"; "": there is one */
	int64_t width;	/* of bins, ns */
};

void graph_svg(const struct graph *, const struct text_options *, struct buf *);
void graph_html(const struct graph *, const struct text_options *, struct buf *);

#endif

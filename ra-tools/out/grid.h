/* SPDX-License-Identifier: BSD-2-Clause
 *
 * grid.h: small tables that are not records: aligned text, or separated values.
 */
#ifndef RA_TOOLS_OUT_GRID_H
#define RA_TOOLS_OUT_GRID_H

#include "ra-tools/out/out.h"

struct grid_column {
	const char *name, *label; /* CSV heading; heading of the text */
	bool right;
	bool kept;	/* on a terminal that is too narrow for all it stays; the first one is */
	bool gone;	/* it did not */
	unsigned width; /* places of its longest cell, or what there is for it */
};

struct grid {
	struct grid_column *column;
	unsigned n;
	struct buf text; /* of all cells */
	size_t *end;	 /* where each ends; */
	size_t cells, cap;
	size_t measured; /* 1 + so many cells have made the widths; SIZE_MAX: widths stay what they are */
};

void grid_column(struct grid *, const char *name, const char *label,
		 bool right); /* borrowed; before cells */
void grid_keep(struct grid *); /* the last one */
/* The next cell, row by row; NULL: absent. */
void grid_cell(struct grid *, const char *);
void grid_printf(struct grid *, const char *, ...) __attribute__((format(printf, 2, 3)));
/* On a terminal it fits: columns are left out from the right, and told at the end (fit.h); then texts are cut in their middle. */
void grid_fit(struct grid *, struct sheet *, unsigned indent);
void grid_text(struct grid *, struct sheet *, unsigned indent); /* which fits */
/* Row r of it alone; -1: the heading. */
void grid_line(struct grid *, int row, struct buf *);
void grid_csv(const struct grid *, struct sheet *);
void grid_free(struct grid *);

/* One separated value, quoted where RFC 4180 wants it (csv.c). */
void csv_value(const struct sheet *, struct buf *, const void *, size_t n);

#endif

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
};

struct grid {
	struct grid_column *column;
	unsigned n;
	struct buf text; /* of all cells */
	size_t *end;	 /* where each ends; */
	size_t cells, cap;
};

void grid_column(struct grid *, const char *name, const char *label,
		 bool right); /* borrowed; before cells */
/* The next cell, row by row; NULL: absent. */
void grid_cell(struct grid *, const char *);
void grid_printf(struct grid *, const char *, ...) __attribute__((format(printf, 2, 3)));
void grid_text(const struct grid *, struct sheet *, unsigned indent);
/* Row r of it alone; -1: the heading. */
void grid_line(const struct grid *, int row, struct buf *);
void grid_csv(const struct grid *, struct sheet *);
void grid_free(struct grid *);

/* One separated value, quoted where RFC 4180 wants it (csv.c). */
void csv_value(struct sheet *, const void *, size_t n);

#endif

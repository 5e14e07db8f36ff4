/* SPDX-License-Identifier: BSD-2-Clause
 *
 * top.h: the greatest groups as a table that fits: what they are, and how much of what there was a second.
 */
#ifndef RA_TOOLS_OUT_TOP_H
#define RA_TOOLS_OUT_TOP_H

#include "ra-tools/out/grid.h"

struct top_table {
	struct sheet *sheet; /* its columns say what a group is */
	struct batch *rows;  /* in order */
	struct batch *total; /* one row of all groups, or NULL: there are none */
	double seconds;      /* of all of them */
	enum field order;
	bool measures;	     /* rates, share and loss stand beside these columns */
};

/* The columns that fit into `width`, those that matter least left out, addresses shortened if they have to be; 0: all. */
void top_grid(const struct top_table *, unsigned width, struct grid *);
/* "1.23 Gbit/s, 180 kpps, 12 lost (0.01 %)": of all groups. */
void top_sums(const struct top_table *, struct buf *);

#endif

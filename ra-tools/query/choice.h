/* SPDX-License-Identifier: BSD-2-Clause
 *
 * choice.h: which rows an answer is made of: those of a time that a filter selects, and of which kinds.  What has to be
 * read to know it, and which blocks have none.  Tested by tests/truth/queries.tap, and libpavo against the tools.
 */
#ifndef RA_TOOLS_QUERY_CHOICE_H
#define RA_TOOLS_QUERY_CHOICE_H

#include "ra-tools/filter/filter.h"
#include "ra-tools/query/scan.h"

struct choice {
	const struct filter *filter; /* NULL: all */
	bool timed;
	int64_t from, to;  /* timed: bins that touch [from, to) */
	bool leave_mar;	   /* no MAR rows */
	bool leave_events; /* none that say of a flow's end alone */
};

/* Why a block is skipped: what of the filter is WHY_FILTER + FILTER_RANGE - 1 ... */
enum { WHY_TIME = 1, WHY_MAR, WHY_FILTER };

/* What says which rows are chosen, into the set. */
void choice_want(const struct choice *, struct fieldset *);
/* Why none of a block's rows can be: the time, its being of MAR rows alone, the filter; false and 0: it may have some. */
bool choice_outside(const struct choice *, const struct block_info *);
bool choice_only_mar(const struct choice *, const struct block_info *);
unsigned choice_filtered(const struct choice *, const struct block_info *);
void choice_scan(const struct choice *, struct scan_plan *); /* what the scan has to know of it */

#endif

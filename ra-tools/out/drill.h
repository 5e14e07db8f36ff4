/* SPDX-License-Identifier: BSD-2-Clause
 *
 * drill.h: the levels of radrill, as text, CSV, JSON, and on a terminal.
 */
#ifndef RA_TOOLS_OUT_DRILL_H
#define RA_TOOLS_OUT_DRILL_H

#include "format/base/json.h"
#include "ra-tools/out/grid.h"

struct listing { /* the rows of a level, the greatest first */
	struct batch *rows;
	const int64_t *value;
	const int64_t *total; /* of all rows of the level, shown or not, of the row's probe */
	uint64_t others;    /* rows with a value that are not shown */
	struct sheet sheet; /* its columns */
	char **ra, **pcap;  /* commands, one a row */
	const char *by;	    /* what value is */
	bool ranked;	    /* value, share and bar are columns too */
	char *title;
};

void listing_text(struct listing *, struct sheet *);
/* "csv": all columns and commands; `before`: columns that stand first, with the same value in each row. */
void listing_grid(struct listing *, struct grid *, bool text, unsigned bar);
/* The same in two parts, for a screen: what rows are ranked by, and the rest. */
void listing_ranking(struct listing *, struct grid *, unsigned bar);
void listing_rows(struct listing *, struct grid *);
/* The members of an object, for row r. */
void listing_json(struct listing *, uint32_t r, struct json *);

enum term_answer { TERM_IN, TERM_OUT, TERM_END };
/* Let a row be chosen: *at in, the row out.  `into` and `back` say what is there ("the keys of this bin"); NULL: nothing. */
enum term_answer term_choose(struct listing *, uint32_t *at, const char *into, const char *back);

#endif

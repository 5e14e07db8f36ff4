/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sort_room.h: what sort_in.c (rows in, their order, and out) and sort_runs.c (temporary files) share.
 */
#ifndef RA_TOOLS_QUERY_SORT_ROOM_H
#define RA_TOOLS_QUERY_SORT_ROOM_H

#include "ra-tools/query/sort.h"
#include "ra-tools/query/pile.h"

#define RUNS_MAX 32 /* merged at once */
#define BLOCK_ROWS_LEAST 1024

struct item {
	uint64_t prefix; /* turned over where the highest come first */
	uint32_t row;
	uint8_t rank;
};

struct sort {
	struct sort_keys keys;
	struct sort_key level[2 * SORT_KEYS_MAX + F_STORED + 8]; /* the keys, and what decides what they leave open */
	unsigned levels;
	struct sort_key telling[2 * SORT_KEYS_MAX + F_STORED + 8]; /* of these, the ones in which rows in memory differ */
	unsigned tellings;
	struct fieldset set; /* of the pile */
	struct pile *pile;
	struct item *item, *spare;
	uint64_t items, at;
	uint32_t *rows;
	struct batch *out;
	bool ordered; /* items are */

	uint64_t most; /* so many of the first rows are wanted; 0: all */
	bool bounded;  /* rows behind `worst` are not among them */
	struct item worst;
	int64_t over; /* what rates are over */

	/* what is in temporary files (sort_runs.c) */
	uint64_t limit;
	uint32_t block_rows;
	struct sort_run *run;
	unsigned runs;
	bool merging;
	char error[512];
};

/* The first key of a row as a number; keys are derived. */
void sort_prefix(const struct sort *, const struct batch *, uint32_t row, struct item *);
void sort_derive(const struct sort *, struct batch *);
void rows_drop(struct sort *);
/* The next rows of what is in memory; NULL: no more. */
struct batch *next_in_memory(struct sort *);
bool run_write(struct sort *); /* what is in memory, ordered */
struct batch *next_merged(struct sort *);
void runs_free(struct sort *);

#endif

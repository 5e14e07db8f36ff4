/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sort_room.h: what sort_in.c (rows in, and their order), sort_out.c (rows out) and sort_runs.c (temporary files) share.
 */
#ifndef RA_TOOLS_QUERY_SORT_ROOM_H
#define RA_TOOLS_QUERY_SORT_ROOM_H

#include "ra-tools/query/sort.h"

#define OUT_ROWS BATCH_ROWS

enum { RANK_HERE, RANK_ABSENT, RANK_MIXED };

struct item {
	uint64_t prefix; /* turned over where the highest come first */
	uint32_t batch;
	uint16_t row;
	uint8_t rank;
};

/* What a stored field is like in all the rows together. */
enum shape {
	SHAPE_NONE,  /* in no row */
	SHAPE_ANY,
	SHAPE_SOME,  /* a number or absent in each row */
	SHAPE_ZERO,  /* 0 or absent in each row */
	SHAPE_FULL,  /* a number in every row */
	SHAPE_SAME,  /* the same number in every row */
};

struct sort {
	struct sort_keys keys;
	bool exact; /* the prefix is the whole first key */
	uint16_t other[SORT_KEYS_MAX + F_STORED]; /* fields that decide what the keys leave open */
	unsigned others;
	struct batch **batch;
	uint32_t n, cap;
	struct item *item;
	uint64_t items, at;
	uint32_t *rows;
	const struct column **column; /* of one field, in each batch */
	enum shape shape[F_STORED];
	enum field like[F_STORED]; /* SOME and ZERO: the first field that is in the same rows */
	struct column nothing; /* instead of a column that a batch has not: zeros, absent in every row */
	struct batch *out;
	int64_t over; /* of the batches, while they are put in order */
	bool ordered; /* items are, and shapes are known */

	/* what is in temporary files (sort_runs.c) */
	uint64_t limit, bytes;
	uint32_t batch_rows;
	struct sort_run *run;
	unsigned runs;
	bool merging; /* the batches are those of the runs */
	char error[512];
};

void sort_item(const struct sort *, uint32_t batch, uint32_t row, struct item *); /* keys are derived */
int sort_compare(const void *, const void *, void *sort);			  /* items */
void sort_derive(const struct sort *, struct batch *);
void put_in_order(struct sort *);
void batches_drop(struct sort *);
/* n items' rows into s->out. */
void copy_rows(struct sort *, const struct item *, uint32_t n);
/* The next rows of what is in memory; NULL: no more. */
struct batch *next_in_memory(struct sort *);
bool run_write(struct sort *);	      /* what is in memory, ordered */
struct batch *next_merged(struct sort *);
void runs_free(struct sort *);

#endif

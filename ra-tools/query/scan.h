/* SPDX-License-Identifier: BSD-2-Clause
 *
 * scan.h: the blocks of a source, read and filtered by several threads, in the order in which they lie there.
 */
#ifndef RA_TOOLS_QUERY_SCAN_H
#define RA_TOOLS_QUERY_SCAN_H

#include "format/block.h"
#include "ra-tools/filter/filter.h"
#include "ra-tools/query/labels.h"
#include "ra-tools/query/probes.h"
#include "ra-tools/query/repeats.h"
#include "ra-tools/query/source.h"
#include "ra-tools/query/twice.h"

/* Where a batch comes from, until the next one. */
struct origin {
	const struct segment_info *segment;
	const char *path;
	uint64_t number; /* of the block among all, from 0 */
};

/* Called for a batch with selected rows, by one thread for each state; at the same time for different ones.
 * false: it was left alone, for the thread that hands out. */
typedef bool (*scan_take)(void *state, struct batch *, const struct origin *);

struct scan_plan {
	const struct fieldset *want; /* columns to read; NULL: all */
	const struct fieldset *first; /* those that say which rows are selected: the others are read where some are;
	                               * NULL: all at once */
	const struct filter *filter; /* NULL: all rows */
	const struct labels *labels; /* NULL: none are made */
	bool timed;
	int64_t from, to;      /* timed: bins that touch [from, to) */
	bool leave_mar;	       /* MAR rows are not selected */
	bool leave_events;     /* nor are those that say of a flow's end and have no packets */
	bool note_corrections; /* count those that the filter rejects because they lack what it asks for */
	bool rejects;	  /* rows that the filter does not select are of use, too */
	bool dense;	  /* columns may be dense (batch_flat()) */
	const struct extremes *extremes; /* dense: of blocks that are taken as one row (block.h); NULL: each row is looked at */
	bool copies;	  /* they may, and whole blocks have their bytes, as rows go out unchanged */
	bool tell_probes; /* of the selected rows; F_probe is wanted */
	struct repeats *repeats; /* rows that came before are not selected: one thread; NULL: all are */
	struct twice_met *met; /* is told of all rows: one thread; NULL: nobody asks */
	unsigned threads;
	unsigned blocks; /* at a time, at most; 0: as many as keep the threads busy */
	scan_take take; /* NULL: batches are handed out as they are */
	void *const *states; /* one for each thread */
};

struct scan_block {
	struct origin origin;
	struct batch *batch; /* its b->sel: the selected rows, and it may have no others; NULL: nothing was read */
	uint64_t *rejected;  /* its rows in the time that the filter does not select; NULL: no filter, or they are not there */
	bool any;	     /* a row is selected */
	bool taken;	     /* by the plan's take() */
	unsigned why;	     /* of source hooks: why it was skipped */
	uint32_t rows;
	unsigned file;	     /* its number in the source */
	uint64_t in_file;    /* number of the block in its file, from 1 */
	uint64_t corrections, events; /* events: rows of this kind that were left out */
	int64_t first, last, longest; /* of selected rows that lie in the time with a part of their bin only: the earliest start,
				       * the latest end, and the longest bin; 0: there are none */
	const struct probes *probes; /* of its selected rows; NULL: it has none, or nobody asks */
	uint64_t done, size, records; /* so far, for progress */
};

struct scan;

struct scan *scan_new(struct source *, const struct scan_plan *);
/* The next block, valid until the next call; NULL: no more. */
const struct scan_block *scan_next(struct scan *);
void scan_free(struct scan **);

#endif

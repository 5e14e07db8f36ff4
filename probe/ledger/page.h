/* SPDX-License-Identifier: BSD-2-Clause
 *
 * page.h: which period the clock is in, and which are written: what a ledger tells who writes files.
 */
#ifndef PROBE_LEDGER_PAGE_H
#define PROBE_LEDGER_PAGE_H

#include "probe/ledger/emit.h"
#include "probe/ledger/timeline.h"

struct page {
	struct timeline *time; /* borrowed */
	struct emit *emit;
	bool on;                /* somebody wants to know */
	int64_t home, leaves;   /* the clock's period: its start, its end */
	int64_t sealed, closes; /* all before it is written; what has to be next */
	struct kept_bins {      /* sealed bins that something holds, by where they are at home */
		int64_t home;
		uint32_t n;
	} *kept;
	uint32_t nkept, capkept;
};

/* The emit has its sink. */
void page_init(struct page *, struct timeline *, struct emit *);
void page_free(struct page *);
/* Another such bin, or one less. */
void page_keep(struct page *, int64_t home);
void page_let_go(struct page *, int64_t home);

/* The clock comes to the end of a period, or all of one is written: when, and then it is told.  INT64_MAX: never. */
int64_t page_due(const struct page *);
void page_turn(struct page *, int64_t now);
/* A period begins at `at`, see timeline_edge(). */
void page_cut(struct page *, int64_t at);

/* The bin in whose file LATE rows of `start` are that the clock saw at `seen`. */
int64_t page_late_home(const struct page *, int64_t start, int64_t seen);
/* One of `start` follows that is in that of `home`. */
void page_late(struct page *, int64_t start, int64_t home);

#endif

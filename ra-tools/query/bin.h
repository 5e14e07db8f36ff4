/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bin.h: records merged by time bin and key.
 *
 * Bins are cut by bstart, as cut.h says, and are exact: a record never spans two of them, or it is refused; with
 * `approx` it is split by time, sums preserved, and its parts are flagged approx.
 */
#ifndef RA_TOOLS_QUERY_BIN_H
#define RA_TOOLS_QUERY_BIN_H

#include "format/base/cut.h"
#include "format/block.h"
#include "ra-tools/query/aggr.h"

struct bin_options {
	int64_t width;	      /* ns, as cut.h; 0: the largest bin of the input */
	int64_t from, to;     /* of what was asked: no bin reaches further; the same: all */
	bool approx, zero;    /* zero: bins without records too (zero.h) */
	bool common;	      /* width 0: as wide as all of the input's fit into */
	bool may_approx;      /* it can be asked for where records are refused */
	bool ends;	      /* groups made only of END rows come out too */
	enum clock_zone zone; /* whose clock cuts hours and days */
	uint64_t memory;      /* bytes, for what `zero` keeps */
};

struct bins;

struct bins *bins_new(const struct keys *, const struct fieldset *keep, const struct bin_options *);
void bins_free(struct bins **);
/* What has to be read. */
void bins_want(const struct keys *, const struct fieldset *keep, struct fieldset *read);
/* In what rows are the same that go into one row of a bin, and the times of which then only the first and the last are merged.
 * false: it can not be said. */
bool bins_extremes(const struct bins *, struct extremes *);
/* Merge the selected rows; the batch is changed, its columns may be dense.  `interval`: T of its file in ns, 0 if it is not known.
 * false: records do not fit into bins of this width, and err says what to do instead. */
bool bins_add(struct bins *, struct batch *, int64_t interval, char *err, size_t errlen);
/* The same, once it was refused, for input that has several T: `all` is their least common multiple, in ns. */
void bins_advise(const struct bins *, int64_t all, char *err, size_t errlen);
int64_t bins_multiple(int64_t, int64_t); /* the least common one; 0: it is too large */
/* The number of the batch that is added next; else it is counted on. */
void bins_place(struct bins *, uint64_t number);
/* For another thread, if a width was asked for: another one of the same kind, empty; everything in it; and what aggr.h
 * says of memory. */
struct bins *bins_twin(const struct bins *);
void bins_share(struct bins *, unsigned threads);
void bins_join(struct bins *into, struct bins **twin);
void bins_memory(struct bins *, uint64_t bytes);
const char *bins_error(const struct bins *);
/* Bins in order of time, within a bin rows as aggr_order() says. NULL: no more, or bins_error(). */
struct batch *bins_next(struct bins *);
int64_t bins_width(const struct bins *);  /* ns; 0: nothing was added */
uint64_t bins_split(const struct bins *); /* records that were split */
/* Records without what the key requires; after bins_next(), for which parts of split records wait. */
struct left_out bins_left_out(const struct bins *);

#endif

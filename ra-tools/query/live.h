/* SPDX-License-Identifier: BSD-2-Clause
 *
 * live.h: records as they come: groups of the last bins, and of all since the start.
 *
 * Bins are told by the records' time.  The newest is shown once a newer one has begun, or when the one who reads says that
 * it is quiet.  Of the last bins the records are kept, so that they can be grouped anew by another key; of all records
 * the groups, which begin anew with it.
 */
#ifndef RA_TOOLS_QUERY_LIVE_H
#define RA_TOOLS_QUERY_LIVE_H

#include "ra-tools/query/aggr.h"

struct live;

struct live_options {
	int64_t window; /* ns: so much of the last bins, at least one of them */
	enum field order; /* the greatest of this */
};

/* What may be shown of a group besides its key has to be in `keep`. */
struct live *live_new(const struct keys *, const struct live_options *, const struct fieldset *keep);
void live_free(struct live **);
/* The selected rows of a batch, whose bins are `interval` ns long.  The batch is changed. */
void live_add(struct live *, struct batch *, int64_t interval);
/* Another key or order.  false: the fields are not among those kept, and nothing is changed. */
bool live_regroup(struct live *, const struct keys *, enum field order);

/* Groups since the start are not of all records that came: the key was another one before. */
bool live_is_partial(const struct live *);

struct live_view {
	int64_t from, to; /* ns; equal: there is nothing yet */
	uint64_t groups;
	struct batch *rows;  /* the greatest, in order */
	struct batch *total; /* of all groups, one row */
	bool less; /* since the start: the lesser groups were dropped once there were too many */
};

/* `having`: leaves rows of a batch selected (b->sel). At most n groups.  Valid until the next call for this object. */
void live_show(struct live *, bool since_start, bool quiet, uint32_t n, void (*having)(void *, struct batch *), void *arg,
    struct live_view *);

#endif

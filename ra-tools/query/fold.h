/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fold.h: rows of a block that will be one group anyway, merged before anybody looks at each.
 */
#ifndef RA_TOOLS_QUERY_FOLD_H
#define RA_TOOLS_QUERY_FOLD_H

#include "ra-tools/query/aggr.h"

struct fold;

/* For keys that have few values in a block, and groups that keep `keep`. */
struct fold *fold_new(const struct keys *, const struct fieldset *keep);
void fold_free(struct fold **);
/* A row for each run of selected rows of the same bin, kind and key, or one for all of them; all else that is kept is a sum, a least, a greatest or an
 * or of theirs, or the same in all.  It lives until the next call, and no longer than the batch.  NULL: they have to be
 * merged one by one. */
struct batch *fold_rows(struct fold *, const struct batch *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * view.h: columns of output that are no fields, because they look at other rows: a field's change
 * against the bin before (bytes_delta), its part of the total (bytes_share), the place of the row (rank);
 * a field per second (bytes_rate); and the greatest value of it in finer bins (bytes_peak), and when (bytes_peaktime).
 */
#ifndef RA_TOOLS_OUT_VIEW_H
#define RA_TOOLS_OUT_VIEW_H

#include "ra-tools/query/aggr.h"
#include "ra-tools/out/out.h"

enum view { VIEW_DELTA = 1, VIEW_RATE = 2, VIEW_SHARE = 4, VIEW_RANK = 8, VIEW_PEAK = 16, VIEW_PEAKTIME = 32 };

/* "bytes_delta", "bytes_rate", "bytes_share", "bytes_peak", "bytes_peaktime", "rank"; false: it is none. */
bool view_named(const char *, size_t n, enum field *, enum view *);
/* The name of the view of f, into text. */
void view_name(enum field f, enum view, char *text, size_t n);
/* May it be looked at so?  NULL: yes; else why not, a phrase. */
const char *view_wrong(enum field, enum view);
/* Is it a sum over records, or a sum of such sums? */
bool field_is_additive(enum field);

struct views;

struct views *views_new(void);
void views_free(struct views **);
/* The column shows this view of its field from now on. Its memory must stay where it is. */
void views_add(struct views *, enum view, struct sheet_column *);
/* It was moved. */
void views_moved(struct views *, const struct sheet_column *from, struct sheet_column *to);
/* What has to be there in rows. */
void views_want(const struct views *, struct fieldset *);
/* Deltas are per key: what the rows were merged by. */
void views_keys(struct views *, const struct keys *);
/* Shares are of the row among these that has the same probe; not `apart`: of the only row. */
void views_total(struct views *, struct batch *, bool apart);
/* The rows of the next batch have this word instead of their number as their rank; NULL: their number. */
void views_rank(struct views *, const char *word);
/* Makes the columns of a batch that is about to be shown.  For deltas, bins must come in order, all of them. */
void views_fill(struct views *, struct batch *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fit.h: rows of text that fit a terminal.
 *
 * What there is to do is decided when the first rows are known, and stays so, for rows may come one by one: the date goes
 * into a line of its own, counters become short, columns are left out in the order that ra(1) tells; an address is cut in
 * its middle if nothing else helps.
 */
#ifndef RA_TOOLS_OUT_FIT_H
#define RA_TOOLS_OUT_FIT_H

#include "ra-tools/out/out.h"

struct fit;

/* A column's heading; lives until the next one. */
const char *fit_label(struct sheet *, unsigned i);
/* Makes the rows that are held fit s->room; what is left out is out of s->want, too. */
void fit_rows(struct sheet *);
/* The line that stands before this one of the rows that are held; NULL: none does. */
const char *fit_date(const struct sheet *, size_t row);
/* A column of another table than that of rows was left out. */
void fit_left(struct sheet *, const char *name);
/* A sentence on the columns that were left out; false: none was. */
bool fit_sentence(const struct sheet *, struct buf *);
void fit_free(struct fit **);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sums.h: what has to be the same before and after records are written again.
 *
 * Of traffic, of tunnels and of the probe, each by itself, and of every field: sums and histograms, least and greatest
 * values, flags; and, where each record stays what it is, how many have it and a hash over all values in any order.
 */
#ifndef RA_TOOLS_STORE_SUMS_H
#define RA_TOOLS_STORE_SUMS_H

#include "format/batch.h"

struct sums;

struct sums *sums_new(void);
void sums_free(struct sums **);
void sums_add(struct sums *, const struct batch *); /* the selected rows */
uint64_t sums_records(const struct sums *);
/* F_NONE: they are the same; else the field in which they differ.  `merged`: b is of the records of a, merged. */
enum field sums_differ(const struct sums *a, const struct sums *b, bool merged);

#endif

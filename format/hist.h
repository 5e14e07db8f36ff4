/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hist.h: histograms, held as blobs in one canonical form: buckets ascending, zero counts left out.
 */
#ifndef FORMAT_HIST_H
#define FORMAT_HIST_H

#include "format/value.h"

#include <stdbool.h>
#include <stdint.h>

#define HIST_BUCKETS 128
struct blob hist_pack(const uint64_t count[static HIST_BUCKETS], struct arena *);
void hist_unpack(struct blob, uint64_t count[static HIST_BUCKETS]); /* bad bytes: what was good */

/* What the buckets of a HIST field stand for.  Octaves: bucket k holds 2^k to 2^(k+1) - 1 (0 in bucket 0).  Quarter
 * octaves: 0 to 3, then four buckets to each power of two, none wider than a quarter of its lower bound. */
enum hist_scale { HIST_OCTAVES, HIST_QUARTERS };
unsigned hist_bucket(enum hist_scale, uint64_t v); /* that v falls into; the last one if it is too large */
uint64_t hist_bound(enum hist_scale, unsigned bucket); /* the largest value that falls into it */
uint64_t hist_least(enum hist_scale, unsigned bucket); /* the smallest value that falls into it */
/* The bound of the bucket in which percent of the values lie or before it (nearest rank); false if it is empty. */
bool hist_percentile(enum hist_scale, struct blob, unsigned percent, uint64_t *bound);

#endif

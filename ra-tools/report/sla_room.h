/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sla_room.h: what sla_in.c (rows in), sla_bins.c (what each bin was) and sla_judge.c (the period) share.
 */
#ifndef RA_TOOLS_REPORT_SLA_ROOM_H
#define RA_TOOLS_REPORT_SLA_ROOM_H

#include "format/hist.h"
#include "ra-tools/query/aggr.h"
#include "ra-tools/report/contract.h"
#include "ra-tools/report/marks.h"
#include "ra-tools/report/sla.h"

struct work {			     /* what a tunnel needs until it is judged */
	struct sla_tunnel t;	     /* first: they are cast */
	struct sla_counts sum[2][2]; /* by direction; of suspect bins apart */
	uint64_t rtt[2][HIST_BUCKETS]; /* by side, where the key is no tunnel's */
	uint64_t dirq[2];	     /* the surest that this orientation, and the other, was seen */
};

struct sla {
	struct sla_options o;
	bool lanes;
	struct work **tunnel;
	size_t n, cap;
	uint32_t *slot; /* index + 1 */
	uint32_t mask;
	struct marks *marks;
	int64_t width;
	struct keys keys;
	struct probes *probes;
};

struct sla_point *point_new(struct sla_tunnel *);
void counts_add(struct sla_counts *, struct sla_counts *);
/* States of bins, where there are records and where there are none. */
void judge_bins(struct sla *, struct sla_tunnel *);

#endif

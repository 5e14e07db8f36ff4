/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sla_room.h: what sla_in.c (rows in), sla_pack.c (bins while nobody looks at them), sla_bins.c (what each bin was) and
 * sla_judge.c (the period) share.
 */
#ifndef RA_TOOLS_REPORT_SLA_ROOM_H
#define RA_TOOLS_REPORT_SLA_ROOM_H

#include "format/hist.h"
#include "ra-tools/query/aggr.h"
#include "ra-tools/query/spill.h"
#include "ra-tools/report/contract.h"
#include "ra-tools/report/marks.h"
#include "ra-tools/report/sla.h"

struct sla_packer { /* the bin before */
	struct sla_point last;
	int64_t end;
};

struct work {			     /* what a tunnel needs until it is judged */
	struct sla_tunnel t;	     /* first: they are cast */
	struct sla_counts sum[2][2]; /* by direction; of suspect bins apart */
	uint64_t rtt[2][HIST_BUCKETS]; /* by side, where the key is no tunnel's */
	uint64_t dirq[2];	     /* the surest that this orientation, and the other, was seen */
	int64_t last;		     /* when its last bin began */
	unsigned stream;	     /* of its bins in sla.bins */
	struct buf packed;	     /* some of them, on their way there */
	struct sla_packer packer;
};

struct sla {
	struct sla_options o;
	bool lanes;
	struct work **tunnel;
	size_t n, cap;
	uint32_t *slot; /* index + 1 */
	uint32_t mask;
	struct spill *bins;
	struct work *looked; /* whose bins are there: sla_look() */
	struct marks *marks;
	int64_t width;
	struct keys keys;
	struct probes *probes;
};

struct sla_point *point_new(struct sla_tunnel *);
/* One more bin; and all of a tunnel, its gaps behind them, in the place of what was there before. */
void pack_point(struct sla *, struct work *, const struct sla_point *);
void pack_end(struct sla *, struct work *); /* no more */
void pack_all(struct sla *, struct work *);
void unpack_all(struct sla *, struct work *);
void drop_points(struct sla_tunnel *);
/* The bins that break a limit, counted and listed. */
void find_violations(const struct sla *, struct sla_tunnel *, int side);
void counts_add(struct sla_counts *, struct sla_counts *);
/* States of bins, where there are records and where there are none. */
void judge_bins(struct sla *, struct sla_tunnel *);

#endif

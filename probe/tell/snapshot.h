/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snapshot.h: how the probe is at one moment, as plain values: what is told of it is made of nothing else.
 */
#ifndef PROBE_TELL_SNAPSHOT_H
#define PROBE_TELL_SNAPSHOT_H

#include "format/base/buf.h"
#include "probe/ledger/stat.h"

#define SNAPSHOT_UNKNOWN INT64_MIN

struct snapshot {
	const char *probe, *input; /* they live as long as the probe; input NULL: files */
	char *const *links; /* live: the names of the interfaces; they live as long */
	unsigned nlinks;
	bool live, filters, ip_only, no_sandbox;
	/* when: ns of the wall's clock; of a clock that nobody sets, since the start; of the processors */
	int64_t time, up, cpu;
	uint64_t memory; /* bytes, resident, at most so far */
	/* since the start; levels are those of now */
	struct stat_set stats;
	uint64_t in_flows, records, queries;
	int64_t clock; /* the packets'; SNAPSHOT_UNKNOWN: none came */
	uint64_t max_flows, max_frags, max_sas, max_queries;
	/* the writer */
	unsigned queued, queue; /* batches that wait or are being written, of so many */
	uint64_t written;       /* bytes */
	/* Live, ns from the end of a bin until it was written whole: of the last one, at most; or SNAPSHOT_UNKNOWN. */
	int64_t latency, latency_most;
};

/* Who asks, and the clocks; `began`: what monotonic_now() said at the start. */
int64_t monotonic_now(void), wall_now(void);
void snapshot_stamp(struct snapshot *, int64_t began);

/* What became of every packet, a line without its end. */
void snapshot_line(const struct snapshot *, struct buf *);
/* The same and how it is now, for people, several lines.  `before`: of some seconds ago, or NULL. */
void snapshot_text(const struct snapshot *, const struct snapshot *before, struct buf *);
/* A JSON object on a line; Prometheus's text format.  The rows of numbers.def. */
void snapshot_json(const struct snapshot *, struct buf *);
void snapshot_metrics(const struct snapshot *, struct buf *);

#endif

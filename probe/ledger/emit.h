/* SPDX-License-Identifier: BSD-2-Clause
 *
 * emit.h: a flow's state becomes a record.
 */
#ifndef PROBE_EMIT_H
#define PROBE_EMIT_H

#include "format/batch.h"
#include "probe/ledger/stat.h"
#include "probe/flow/table.h"
#include "probe/track/track.h"

/* Where full batches go: takes ownership, gives an empty one back. */
struct sink {
	struct batch *(*put)(void *arg, struct batch *);
	void *arg;
};

#define EMIT_DROPS 16

/* Bins in which the kernel dropped packets: those that begin from..to. */
struct drops {
	int64_t from, to;
};

struct emit {
	struct sink sink;
	const char *probe;  /* id; lives as long */
	int64_t interval;   /* ns */
	const struct health_limits *limits; /* never NULL */
	bool vlan_key;      /* --key +vlan: taken out of the key's vrf again */
	struct batch *batch;
	struct flow record; /* wide: made once */
	uint64_t records;
	struct drops drops[EMIT_DROPS]; /* the latest */
	unsigned ndrops;
};

void emit_init(struct emit *, struct sink, const char *probe, int64_t interval);
void emit_free(struct emit *);
/* The kernel dropped packets from one time to the other: every record of these bins is flagged capdrop. */
void emit_dropped(struct emit *, int64_t since, int64_t until);
/* The FLOW record of a bin; it stays in e->record until the next one. */
void emit_bin(struct emit *, const struct table *, const struct track *, const struct bin *);
/* The END row of a flow whose last bin is already written; `start`: that bin. */
void emit_end(struct emit *, const struct flow_state *, int64_t start, uint8_t cause, uint8_t conn, uint8_t state);
/* A correction to a bin that was already written: the key and attributes of its flow, no packets, no times.
 * The caller sets the additive counters that changed and then calls emit_put(). */
struct flow *emit_corr(struct emit *, const struct table *, const struct flow_state *, int64_t start);
void emit_put(struct emit *);
/* The MAR record of a span. `late`: of packets that came after it was sealed. */
void emit_mar(struct emit *, int64_t start, const struct stat_set *, int64_t watermark, bool late);
void emit_flush(struct emit *); /* what is in the batch goes to the sink */

#endif

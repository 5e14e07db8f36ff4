/* SPDX-License-Identifier: BSD-2-Clause
 *
 * emit.h: a flow's state becomes a record.
 */
#ifndef PROBE_EMIT_H
#define PROBE_EMIT_H

#include "format/tile.h"
#include "probe/health/health.h"
#include "probe/ledger/period.h"
#include "probe/ledger/stat.h"
#include "probe/ledger/tracker.h"

/* Where full batches go: takes ownership, gives an empty one back. */
struct sink {
	struct batch *(*put)(void *arg, struct batch *);
	bool (*ready)(void *arg); /* a batch would be taken now, and not be dropped; NULL: always */
	void *arg;
	/* All rows so far have been put, those that follow belong elsewhere.  NULL: that is the same. */
	void (*turn)(void *arg, const struct turn *);
	/* Of several that bring batches each has an `arg` of its own; NULL: that is the same, too. */
	void *(*share)(void *arg, unsigned who);
};

#define EMIT_DROPS 16
#define ENCAP_TEXT 160 /* ENCAP_DEPTH steps */

/* Bins in which the kernel dropped packets: those that begin from..to. */
struct drops {
	int64_t from, to;
};

/* What a record is made of; all but the first three may be missing. */
struct told {
	const struct track *track;
	const struct flow_state *f;
	const struct bin *b;
	const struct bin_more *more;
	const struct tos *tos;
	const struct frag_counts *frag;
};

struct emit {
	struct sink sink;
	struct blob name;   /* id of the probe; lives as long, and longer than the batches */
	int64_t interval;   /* ns */
	const struct health_limits *limits; /* never NULL */
	const struct table *table; /* of the flows; borrowed */
	bool vlan_key;      /* --key +vlan: taken out of the key's vrf again */
	struct batch *batch;
	struct tile *tile;  /* the record that is being made, and those that go into the batch next */
	char encap[2][ENCAP_TEXT]; /* texts of that record */
	char *const *links; /* live: the names of the interfaces */
	unsigned nlinks;
	char linktext[STAT_LINKS * STAT_LINK_TEXT];
	uint64_t records;
	struct turn turn;   /* what the sink was told */
	struct drops drops[EMIT_DROPS]; /* the latest */
	unsigned ndrops;
};

void emit_init(struct emit *, struct sink, const char *probe, int64_t interval);
void emit_free(struct emit *);
/* The kernel dropped packets from one time to the other, or an interface was away: every record of these bins is flagged capdrop. */
void emit_dropped(struct emit *, int64_t since, int64_t until);
/* The FLOW record of a bin. */
void emit_bin(struct emit *, const struct told *);
/* The CORR record of a bin that was written: the key and attributes of its flow, and of what the bin counts
 * that which is not zero.  Nothing is written if that is nothing. */
void emit_correction(struct emit *, const struct told *);
/* The END row of a flow whose last bin is written already; `start`: that bin. */
void emit_end(struct emit *, const struct flow_state *, int64_t start, uint8_t cause, const struct ending *);
/* The MAR record of a span. `late`: of packets that came after it was sealed. */
void emit_mar(struct emit *, int64_t start, const struct stat_set *, int64_t watermark, bool late);
bool emit_ready(const struct emit *); /* so is the sink */
bool emit_waits(const struct emit *); /* there are records that no sink has yet */
/* Rows that follow are at home somewhere else, or it is known that no more come of some. */
void emit_turn(struct emit *, const struct turn *);
void emit_flush(struct emit *); /* what is in the batch goes to the sink */

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tracker.h: what a protocol knows beyond counting, as the others ask for it; track/ answers.
 *
 * A tracker sees facts and direction, never bytes and never a clock other than the packet's.  Its state
 * hangs off the flow (flow_state.ext) and off the bin (bin.ext) as cells of its own pools; what it found
 * goes into the record in fill(), whether the bin is written in its time or as a correction.
 */
#ifndef PROBE_LEDGER_TRACKER_H
#define PROBE_LEDGER_TRACKER_H

#include "format/tile.h"
#include "probe/decode/packet.h"
#include "probe/flow/table.h"
#include "probe/ledger/bin.h"

/* A packet on its way: found, counted, asked what else it says. */
struct seen {
	const struct packet *p; /* its time is p->ts, clamped */
	int64_t now;            /* the watermark when it came */
	int64_t start;          /* of the bin in which its time lies; */
	bool late;              /* that is sealed: it counts in a LATE one */
	struct key key;
	uint32_t hash;
	uint32_t flow;          /* its cell; before it is counted: where it was a moment ago, perhaps */
	uint32_t sa;            /* of a tunnel's packet, perhaps: where it was a moment ago */
	struct flow_state *f;   /* once it is counted: its flow */
	struct bin *b;          /* and where it counted */
	int side;               /* that sent it; 0 = lo */
	uint8_t way;            /* how it finds its flow: the engine's */
	uint8_t frag;           /* FRAG_*, what it is to its datagram */
	struct frag_segment segment; /* with FRAG_OK; len 0: it is none */
	uint8_t told, src;      /* a tunnel says how sure the direction is, and the source; told 0: nobody does */
	uint16_t flags;         /* RFLAGS_* for its bin */
};

struct track; /* pools of all trackers */

/* How a flow ends: what its END says. */
struct ending {
	uint8_t conn, state; /* conn 0: nothing is said */
	bool row;            /* where its last bin is written already, there is a row of its own */
};

/* Is it a new flow with the same key? */
enum reuse {
	REUSE_NO,
	REUSE_YES,
	REUSE_WAITS, /* others have to tell */
};

struct tracker {
	const char *name;
	bool oneway;            /* one direction without answer is usual: many packets confirm such a flow */
	enum idle_class silent; /* how long it may be; or, where that depends: */
	enum idle_class (*idle)(const struct flow_state *);
	/* NULL: it has no states of its own, nor ends other than silence. */
	uint8_t (*state)(const struct flow_state *);  /* STATE_* of a record */
	uint8_t (*cause)(const struct flow_state *);  /* CAUSE_* when it falls silent */
	bool (*closed)(const struct flow_state *);    /* nothing more is expected of it */
	/* A packet, not counted yet; or of what waits, the first, when another packet comes. */
	enum reuse (*reuses)(const struct flow_state *, const struct seen *first, const struct seen *);
	bool (*replied)(const struct flow_state *);   /* for health: was there an answer? */
	void (*end)(const struct flow_state *, uint8_t cause, struct ending *);
	/* One packet, counted in its bin.  NULL: counting is all. */
	void (*packet)(struct track *, const struct seen *);
	/* What hangs off a bin into its record; `f` may be a stand-in for a flow that is gone. */
	void (*fill)(const struct track *, const struct flow_state *f, const struct bin *, struct tile *);
	/* Ask memory for the cells of both; one of them may be missing.  NULL: there are seldom any. */
	void (*prefetch)(const struct track *, const struct flow_state *, const struct bin *);
	/* `to` takes over what `from` holds.  NULL: such flows are never merged. */
	void (*merge)(struct track *, struct bin *to, struct bin *from);
	/* Give back cells. */
	void (*end_bin)(struct track *, struct bin *);
	void (*end_flow)(struct track *, struct flow_state *);
};

extern const struct tracker *const trackers[];
uint8_t tracker_of(const struct key *); /* its row */

static inline const struct tracker *
tracker_at(const struct flow_state *f)
{
	return (trackers[f->tracker]);
}

/* What a bin of any flow can have beside its tracker's: a cell with a pool of its own. */
struct extra {
	size_t cell; /* of struct bin, */
	bool more;   /* or of struct bin_more */
	void (*fill)(const struct track *, uint32_t cell, struct tile *);
	void (*merge)(struct track *, uint32_t to, uint32_t from); /* NULL: such flows are never merged */
	void (*end)(struct track *, uint32_t cell);
};
extern const struct extra extras[]; /* ends with fill == NULL */

/* m: the bin's, or NULL. */
static inline uint32_t
extra_cell(const struct extra *x, const struct bin *b, const struct bin_more *m)
{
	const uint8_t *at = x->more ? (const uint8_t *)m : (const uint8_t *)b;

	return (at != NULL ? *(const uint32_t *)(const void *)(at + x->cell) : 0);
}

/* Where it stands; m must be there if it is there. */
static inline uint32_t *
extra_place(const struct extra *x, struct bin *b, struct bin_more *m)
{
	return ((uint32_t *)(void *)((x->more ? (uint8_t *)m : (uint8_t *)b) + x->cell));
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_room.h: what engine.c and lanes.c share; nobody else includes it.
 */
#ifndef PROBE_ENGINE_ROOM_H
#define PROBE_ENGINE_ROOM_H

#include "probe/engine.h"
#include "probe/frag/frag.h"
#include "probe/ledger/timeline.h"
#include "probe/tunnel/tunnel.h"
#include "probe/ledger/watermark.h"
#include "probe/flow/wheel.h"

struct engine {
	struct engine_options o;
	struct watermark clock;
	struct table table;
	struct wheel wheel;
	struct timeline time;
	struct frags *frags;
	struct tunnels *tunnels;
	struct track *track;
	struct emit emit;
	struct stat_set total;
	uint64_t in_flows;
	bool closing; /* the end of input: flows need not leave their lists */
	int64_t marked; /* live: bins up to here have their MAR record, or will */
	int64_t waits;  /* live: there were no records to hand on then */
	struct seq_counts nowhere; /* of numbers that belong to no record */
	const struct work *batch; /* whose packets are being counted */
	unsigned nbatch;
};

/* A packet on its way through the steps of a batch. */
struct work {
	const struct packet *p;
	struct key key;
	int64_t ts, now;      /* its own time, clamped; the watermark when it came */
	uint32_t hash, flow;
	uint32_t bin;         /* where it was counted */
	uint32_t sa;          /* of a tunnel's packet, perhaps: where it was a moment ago */
	uint32_t tunnel;      /* of a tunnel's packet: it says who is the source; else 0 */
	int side;
	bool count;           /* it is to be counted in a flow */
	bool tunnelled;       /* and that depends on its SPI */
	uint8_t frag;         /* FRAG_*, what it is to its datagram */
	uint16_t flags;       /* RFLAGS_* for its bin */
};

/* --- engine.c */

/* Find the packet's flow, or make it, and count.  w->flow is where it was a moment ago, and is now. */
void engine_settle(struct engine *, struct work *);
bool engine_has_key(const struct engine *, uint32_t flow, const struct key *);
/* A flow whose end was due before `now` ends; true if so. */
bool engine_expire(struct engine *, uint32_t flow, int64_t now);
struct list *engine_list_of(struct engine *, const struct bin *);
void engine_unchain(struct engine *, struct flow_state *, uint32_t bin);
void engine_take_start(const struct engine *, struct flow_state *, struct bin *, int64_t now,
    int64_t open);
/* Write a bin that is off its list; give its cells back. */
void engine_write_bin(struct engine *, uint32_t bin);
void engine_free_bin(struct engine *, uint32_t bin);
/* Write the flow's bins up to that of `start`: they come before a correction to it. */
void engine_write_up_to(struct engine *, struct flow_state *, int64_t start);
/* The counters of the bin in which the clock stood then. */
struct stat_set *engine_stats(struct engine *, int64_t now);

/* --- desk.c: counts of sequence numbers, wherever they have to go */

struct desk { /* of one direction of a carrier */
	struct engine *e;
	const struct key *key; /* of its flows, without the lane */
	uint32_t flow;         /* the one that lives; 0 = none */
	uint32_t spi;
	int64_t now;
	uint8_t side, src, dirq;
	bool lanes;            /* its flows are lanes */
	bool peer;             /* or one tunnel in UDP */
};

/* What the engine of sequence numbers (seqno.h) is given for a packet of that record; borrows the desk. */
struct seq_sink desk_sink(struct desk *, struct seq_place, struct seq_counts *here);
/* No more packets of this numbering. */
void desk_end(struct desk *, struct seqno *);
/* The flow's bin, not one of its LATE ones; NULL if it is written. */
struct bin *desk_bin(const struct engine *, const struct flow_state *, int64_t start);
/* Begin a correction to that record; *source: the desk's side is the source.  Ends with emit_put(). */
struct flow *desk_correction(const struct desk *, const struct seq_place *, bool *source);

/* --- carriers.c: sequence numbers inside UDP and GRE */

#define CARRIER_FACTS (FACT_WG | FACT_RTP | FACT_NATKA | FACT_IKE | FACT_GRESEQ)

/* A packet with one of these facts was counted in w->flow, w->bin. */
void carriers_packet(struct engine *, const struct work *);
/* A packet with FACT_MIRROR, when its time is known: what the mirror lost counts there. */
void carriers_mirror(struct engine *, const struct work *, struct stat_set *);
/* The end of input. */
void carriers_finish(struct engine *);

/* --- about.c: DNS, and ICMP errors about a flow */

#define ABOUT_FACTS (FACT_DNS | FACT_QUOTE)

/* A packet with one of these facts was counted in w->flow, w->bin. */
void about_packet(struct engine *, const struct work *);
/* When the oldest query is unanswered; INT64_MAX: none waits. */
int64_t about_due(const struct engine *);
/* Queries that are unanswered at `now`. */
void about_expire(struct engine *, int64_t now);
void about_end_bin(struct engine *, const struct bin *);

/* --- lanes.c: flows of tunnels */

/* Is this a packet whose flow depends on its SPI? */
static inline bool
lanes_take(const struct packet *p)
{
	return (p->proto == PROTO_ESP || p->proto == PROTO_AH);
}

void lanes_prefetch_sa(const struct engine *, struct work *);   /* w->hash is that of its SA */
void lanes_prefetch_flow(const struct engine *, struct work *);
/* Count a tunnel's packet.  `spi`: its own or that of its datagram; whole: it has a sequence number. */
void lanes_packet(struct engine *, struct work *, uint32_t spi, bool whole);
/* The flow in which packets of this tunnel, side and SPI count; 0: not known. */
uint32_t lanes_quoted(struct engine *, const struct key *tunnel, int side, uint32_t spi, int64_t now);
/* Give lanes to the SAs that were watched long enough at `now`. */
void lanes_decide(struct engine *, int64_t now);
/* A bin whose time has come: true if it has to wait for SAs that are undecided. */
bool lanes_defer(struct engine *, uint32_t bin);
/* A flow of an undecided SA is to be written all the same: it has a lane of its own from now on. */
void lanes_force(struct engine *, uint32_t flow);
/* Does the flow's bin of `start` stay open for the same reason? */
bool lanes_wait(const struct engine *, const struct flow_state *, int64_t start);
/* Until when: INT64_MIN if it does not. */
int64_t lanes_ready(const struct engine *, const struct flow_state *, int64_t start);
struct list *lanes_deferred(struct engine *, const struct bin *);
/* The key and flow that a datagram's home has become. */
void lanes_home(struct engine *, struct frag_home *);
void lanes_finish(struct engine *);

#endif

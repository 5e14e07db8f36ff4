/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lanes.h: the flows of tunnels: packets to SAs, SAs to lanes, lanes to flows (SEMANTICS 2).
 *
 * Until an SA has its lane its packets are a flow of their own; then that flow becomes the lane's, or its
 * bins are added to the lane's.  A tunnel's bin is written only when every SA that began in it or before has
 * a lane (a hold on the ledger says so), so that a record never changes its lane.
 */
#ifndef PROBE_TUNNEL_LANES_H
#define PROBE_TUNNEL_LANES_H

#include "format/base/mem.h"
#include "probe/seq/numbers.h"
#include "probe/settle/settle.h"
#include "probe/tunnel/tunnel.h"

struct lanes {
	struct tunnels *tunnels;
	struct flows *flows;     /* borrowed, as the next three */
	struct ledger *ledger;
	struct numbers *numbers;
	uint64_t oneway_bins;    /* that a side is silent: then the tunnel is one-way */
};

void lanes_init(struct lanes *, struct flows *, struct numbers *, uint32_t max_sas, bool no_lanes, uint64_t oneway_bins,
    uint64_t seed);
void lanes_free(struct lanes *);

/* Does the flow of this packet depend on its SPI? */
static inline bool
lanes_take(const struct packet *p)
{
	return (p->proto == PROTO_ESP || p->proto == PROTO_AH);
}

/* The memory that a packet's SA and its flow will need, step by step: v->key is the tunnel's, v->hash becomes the SA's, as
 * its flow depends on its lane; v->sa and v->flow are where it was a moment ago, perhaps. */
static inline void
lanes_hash(const struct lanes *e, struct seen *v)
{
	v->hash = tunnels_hash(e->tunnels, &v->key, v->side, v->p->spi);
	slots_prefetch(&e->tunnels->by_sa, v->hash);
}

static inline void
lanes_prefetch_sa(const struct lanes *e, struct seen *v)
{
	uint32_t at = 0;

	v->sa = slots_walk(&e->tunnels->by_sa.now, v->hash, &at);
	if (v->sa != 0)
		mem_prefetch(sa_at(e->tunnels, v->sa), 4 * 64);
}

static inline struct sa_home *
lanes_home(const struct lanes *e, struct sa *x)
{
	return (x->lane == 0 ? &x->home : &lane_at(e->tunnels, x->lane)->home);
}

static inline void
lanes_prefetch_flow(const struct lanes *e, struct seen *v)
{
	struct sa *x = sa_at(e->tunnels, v->sa);
	const struct seqno *q = &tunnels_numbers(e->tunnels, x)->seq;

	__builtin_prefetch(&q->window[seqno_slot(q->hi) / 64]);
	v->flow = lanes_home(e, x)->flow;
	if (v->flow != 0)
		mem_prefetch(flow_at(&e->flows->table, v->flow), sizeof(struct flow_state));
}

/* Count a tunnel's packet.  v->sa: if it is not 0, v->hash is the SA's.  `spi`: its own or that of its datagram; whole: it has a sequence number. */
void lanes_packet(struct lanes *, struct seen *, uint32_t spi, bool whole);
/* A UDP flow in which nothing but these packets was counted is one of a tunnel; `last`: the last of them, as ESP. */
struct lanes_step {
	int64_t now, ts;
	uint32_t spi, seq;
	int side;
};
void lanes_adopt(struct lanes *, uint32_t flow, const struct key *tunnel, const struct lanes_step *, unsigned n,
    const struct packet *last);
/* The flow in which packets of this tunnel, side and SPI count; 0: not known. */
uint32_t lanes_find(struct lanes *, const struct key *tunnel, int side, uint32_t spi, int64_t now);
/* Give lanes to the SAs that were watched long enough at `now`. */
int64_t lanes_due(const struct lanes *);
void lanes_decide(struct lanes *, int64_t now);
/* What this flow, in which `side` sent, has become since its SA has a lane. */
void lanes_rehome(const struct lanes *, struct flow_ref *, int side);
/* The end of input: decide what is undecided, end all numberings. */
void lanes_finish(struct lanes *);

#endif

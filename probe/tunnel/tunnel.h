/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel.h: which security associations belong together: tunnels, lanes, SAs (SEMANTICS 2.1, 2.3).
 *
 * A tunnel is a pair of gateways.  An SA is one direction of it with one SPI.  A lane is the slot of a pair
 * of SAs that goes on when they are rekeyed.  A new SA is watched for HOLD before it is given a lane, so
 * that what happens around a rekey is seen from both sides.  All sequence work is per SA: a wrong
 * pairing can mislabel a lane, it never changes a count.
 *
 * Cells have numbers; 0 = none.  Nothing here knows flows or records: lanes.c asks and acts.
 */
#ifndef PROBE_TUNNEL_H
#define PROBE_TUNNEL_H

#include "probe/decode/packet.h"
#include "probe/flow/slots.h"
#include "probe/tunnel/ike.h"
#include "probe/tunnel/kin.h"
#include "probe/tunnel/sa.h"

#define TUNNEL_SLOT (100 * MSEC) /* of sa.active */

struct tunnels {
	struct pool sas, lanes, tunnels;
	struct slots by_sa, by_tunnel;
	struct kins kins;
	uint32_t old_head, old_tail; /* SAs by age */
	uint32_t wait_head, wait_tail; /* undecided SAs of all tunnels, by (first, side, spi) */
	struct ikes ikes;            /* what IKE said between gateways */
	int64_t wake; /* no SA is to be decided or looked at before; INT64_MIN: it is not known, or they are too many */
	struct key_secret secret;
	bool no_lanes;
};

struct tunnels *tunnels_new(uint32_t max_sas, bool no_lanes, uint64_t seed);
void tunnels_free(struct tunnels **);

static inline struct sa *
sa_at(const struct tunnels *t, uint32_t n)
{
	return (pool_at(&t->sas, n));
}

static inline struct lane *
lane_at(const struct tunnels *t, uint32_t n)
{
	return (pool_at(&t->lanes, n));
}

static inline struct tunnel *
tunnel_at(const struct tunnels *t, uint32_t n)
{
	return (pool_at(&t->tunnels, n));
}

static inline uint32_t
tunnels_hash(const struct tunnels *t, const struct key *k, int side, uint32_t spi)
{
	return (key_hash(k, &t->secret, (uint64_t)spi << 1 | (uint64_t)side));
}

static inline bool
sa_is(const struct sa *x, const struct key *k, int side, uint32_t spi)
{
	return (x->spi == spi && x->side == side && key_equal(&x->key, k));
}

/* The SA of a packet, made if need be: what tunnels_packet() has to look for. */
uint32_t tunnels_sa(struct tunnels *, const struct key *, int side, uint32_t spi, uint32_t seq, uint32_t hash, int64_t now,
    int64_t ts);
/* More of its packets than the usual: it was replaced, or a slot of its activity begins. */
void tunnels_mark(struct tunnels *, uint32_t sa, int64_t now);
/* Its lane is the one that was active last. */
void tunnels_front(struct tunnels *, const struct sa *);

/* The SA of a packet at watermark `now` and time `ts`, made if need be. `seq`: its number; `guess`: an SA that it
 * may be, or 0. */
static inline uint32_t
tunnels_packet(struct tunnels *t, const struct key *k, int side, uint32_t spi, uint32_t seq, uint32_t guess,
    uint32_t hash, int64_t now, int64_t ts)
{
	uint32_t n = guess;
	struct sa *x;

	if (n == 0 || !sa_is(sa_at(t, n), k, side, spi))
		n = tunnels_sa(t, k, side, spi, seq, hash, now, ts);
	x = sa_at(t, n);
	if (x->packets == 0 || x->replaced != 0 || (uint64_t)(now - x->slot * TUNNEL_SLOT) >= TUNNEL_SLOT)
		tunnels_mark(t, n, now);
	x->last = now;
	if (x->packets++ >= 16)
		x->chance = 1;
	if (x->kin_next != 0)
		kins_speak(&t->kins, n);
	if (x->lane != 0 && tunnel_at(t, x->tunnel)->lane_head != x->lane)
		tunnels_front(t, x);
	return (n);
}

/* Whose numbering it counts in: its own, or that of the SA that it continues or shares one with. */
static inline struct sa *
tunnels_numbers(const struct tunnels *t, struct sa *x)
{
	return (x->leader != 0 ? sa_at(t, x->leader) : x);
}

/* Its numbering goes on without it; false: it ends with it. */
bool tunnels_leave(struct tunnels *, uint32_t sa);
/* A further fragment has no SPI of its own: the only live SA of that side, or 0. */
uint32_t tunnels_only(struct tunnels *, const struct key *, int side, int64_t now);
/* IKE between these gateways (key of its UDP flow): who began, and whether it was an exchange that
 * makes SAs. */
void tunnels_ike(struct tunnels *, const struct packet *, int side, const struct key *, int64_t now);

/* When the first undecided SA is to be given a lane; INT64_MAX: none waits. */
static inline int64_t
tunnels_due(const struct tunnels *t)
{
	if (t->wait_head == 0)
		return (INT64_MAX);
	return (sa_at(t, t->wait_head)->first + (t->no_lanes ? 0 : TUNNEL_HOLD));
}
struct decision {
	uint32_t sa, lane, tunnel;
	bool rekey; /* it succeeds another SA in this lane */
};
/* Decide the first undecided SA; false: none waits. */
bool tunnels_decide(struct tunnels *, struct decision *);
/* Decide this one, which is undecided, before its time. */
void tunnels_decide_now(struct tunnels *, uint32_t sa, struct decision *);
/* This undecided SA has to have a lane now: a new one. false: there is none. */
bool tunnels_force(struct tunnels *, uint32_t sa, struct decision *);
/* An SA that has to make room: say so before it is forgotten; false: there is room. */
static inline bool
tunnels_full(const struct tunnels *t)
{
	return (t->sas.used >= t->sas.cap - 1);
}
/* All that is due was done: until when is there nothing? */
void tunnels_rest(struct tunnels *);
uint32_t tunnels_victim(struct tunnels *);
void tunnels_forget(struct tunnels *, uint32_t sa);
/* A tunnel without SAs is forgotten too, when nobody speaks of it any more. */
void tunnels_drop(struct tunnels *, uint32_t tunnel);
uint32_t tunnels_first(const struct tunnels *); /* all SAs: from here along old_next */
uint32_t tunnels_find(const struct tunnels *, const struct key *, int side, uint32_t spi); /* 0: not known */
/* An SA silent for TUNNEL_MEMORY, or 0: lanes.c ends its numbering, then forgets it. */
uint32_t tunnels_stale(struct tunnels *, int64_t now);
uint32_t tunnels_count(const struct tunnels *);

#endif

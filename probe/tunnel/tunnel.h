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

#include "format/base/arena.h"
#include "format/base/clock.h"
#include "probe/flow/key.h"
#include "probe/flow/slots.h"
#include "probe/seq/seqno.h"

#define TUNNEL_HOLD    (5 * SEC)
#define TUNNEL_OVERLAP SEC
#define TUNNEL_RECENT  (60 * SEC)
#define TUNNEL_VACANT  (300 * SEC)
#define TUNNEL_PAIR    (30 * SEC)
#define TUNNEL_MEMORY  (3600 * SEC)
#define TUNNEL_FRESH   64
#define LANE_REST      65535 /* the lane of what comes when there are too many */

struct sa {
	struct key key;       /* of the tunnel */
	uint32_t spi, hash;
	uint32_t tunnel, lane; /* lane 0: undecided */
	uint32_t flow;        /* where its packets were counted last; lanes.c's, to be checked */
	uint32_t hold;        /* on the tunnel's bins, while it is undecided; lanes.c's */
	uint32_t prev, next;  /* of the tunnel's SAs, newest first */
	uint32_t wait_prev, wait_next; /* of all undecided, by `first` */
	uint32_t old_prev, old_next;   /* of all, by age or last look */
	int64_t first, last;  /* watermarks */
	int64_t born;         /* time of its first packet */
	int64_t replaced;     /* when its successor began; 0 = not replaced */
	int64_t slot;         /* of 100 ms, the newest bit of `active` */
	uint64_t active;      /* slots with packets, bit 0 = newest */
	uint32_t first_seq, packets, after; /* after: packets long after it was replaced */
	int64_t checked;      /* when its age was looked at last */
	uint32_t plan;        /* undecided: the lane that was found for it already */
	uint8_t side, chance, plan_conf;
	uint8_t conf;         /* how sure its lane is; 0: it began the lane, or has none */
	bool known;           /* the tunnel was there before it */
	bool roamed;          /* it came here with its numbers from a peer that has another address now; lanes.c
	                       * counts it and takes the mark away */
	uint32_t roam_hash;   /* in UDP: of receiver and SPI */
	struct seqno seq;
};

struct lane {
	uint32_t tunnel, prev, next; /* of the tunnel's lanes, most recently active first */
	uint32_t cur[2];             /* SA of each side; 0 = none (yet) */
	uint32_t sas;                /* SAs that count in it */
	uint32_t flow;               /* lanes.c's: cell of its flow, to be checked */
	int64_t heard[2];            /* lanes.c's: start of the last bin in which each side sent */
	uint16_t number;
	uint8_t conf;
};

struct tunnel {
	struct key key;
	uint32_t hash;
	uint32_t lane_head, lane_tail, nlanes; /* by activity */
	uint32_t rest;           /* lane LANE_REST, if there is one */
	uint32_t sa_head;
	uint32_t nsa[2];         /* ever seen, of each side */
	uint32_t waiting;        /* undecided SAs */
	uint32_t group;          /* of its flows' holds; lanes.c's */
	int64_t last;
	uint8_t src, dirq;       /* who began: a side */
	uint16_t next_number;
};

struct tunnels;

struct tunnels *tunnels_new(uint32_t max_sas, bool no_lanes, uint64_t seed);
void tunnels_free(struct tunnels **);
struct sa *sa_at(const struct tunnels *, uint32_t);
struct lane *lane_at(const struct tunnels *, uint32_t);
struct tunnel *tunnel_at(const struct tunnels *, uint32_t);

uint32_t tunnels_hash(const struct tunnels *, const struct key *, int side, uint32_t spi);
void tunnels_prefetch(const struct tunnels *, uint32_t hash);
uint32_t tunnels_peek(const struct tunnels *, uint32_t hash); /* the first SA with this hash, or 0 */
/* The SA of a packet at watermark `now` and time `ts`, made if need be. `seq`: its number; `guess`: an SA that it
 * may be, or 0. */
uint32_t tunnels_packet(struct tunnels *, const struct key *, int side, uint32_t spi, uint32_t seq, uint32_t guess,
    uint32_t hash, int64_t now, int64_t ts);
/* A further fragment has no SPI of its own: the only live SA of that side, or 0. */
uint32_t tunnels_only(struct tunnels *, const struct key *, int side, int64_t now);
/* IKE between these gateways (key of its UDP flow): who began, and whether it was an exchange that
 * makes SAs. */
void tunnels_ike(struct tunnels *, const struct packet *, int side, const struct key *, int64_t now);

/* When the first undecided SA is to be given a lane; INT64_MAX: none waits. */
int64_t tunnels_due(const struct tunnels *);
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
bool tunnels_full(const struct tunnels *);
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

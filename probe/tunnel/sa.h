/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sa.h: tunnels, lanes and SAs as they are kept; what they are, says tunnel.h.
 */
#ifndef PROBE_TUNNEL_SA_H
#define PROBE_TUNNEL_SA_H

#include "format/base/arena.h"
#include "format/base/clock.h"
#include "probe/flow/key.h"
#include "probe/seq/seqno.h"

#define TUNNEL_HOLD    (5 * SEC)
#define TUNNEL_OVERLAP SEC
#define TUNNEL_RECENT  (60 * SEC)
#define TUNNEL_VACANT  (300 * SEC)
#define TUNNEL_PAIR    (30 * SEC)
#define TUNNEL_MEMORY  (3600 * SEC)
#define TUNNEL_FRESH   64
#define LANE_REST      65535 /* the lane of what comes when there are too many */

/* Where packets were counted last: that flow, if it has this id and lives. */
struct sa_home {
	uint64_t id;
	uint32_t flow; /* 0 = nowhere yet */
};

struct sa {
	struct key key;       /* of the tunnel */
	uint32_t spi, hash;
	uint32_t tunnel, lane; /* lane 0: undecided */
	struct sa_home home;  /* while it is undecided; lanes.c's */
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
	bool group;           /* its sender counts once for several receivers */
	/* kin.c's */
	uint32_t leader;      /* the SA whose numbering it shares; 0 = its own */
	uint32_t kin_next, kin_prev; /* ring of those that share one; 0 = it is alone */
	uint32_t from;        /* the SA that it was before its peer's address changed; 0 = none */
	uint32_t speaker;     /* a leader: the one of the ring that sent last */
	uint32_t receiver_hash, sender_hash; /* with the SPI */
	uint32_t length;      /* of the packet with the highest number so far, as IP */
	uint32_t usual;       /* the longest that was followed by the next number; 0 = none yet */
	struct seqno seq;     /* unless it shares that of its leader */
};

struct lane {
	uint32_t tunnel, prev, next; /* of the tunnel's lanes, most recently active first */
	uint32_t cur[2];             /* SA of each side; 0 = none (yet) */
	uint32_t sas;                /* SAs that count in it */
	struct sa_home home;         /* lanes.c's */
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
	uint8_t src, dirq;       /* who began: a side */
	uint16_t next_number;
};

#endif

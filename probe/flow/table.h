/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table.h: the flows that live, and who has to go when the table is full.
 *
 * A flow is a cell of one pool.  It leaves the table when it ends; its cell stays until its last bin is written
 * (ledger/).  Eviction is by probation (SEMANTICS 1.3): a flow is on probation until both sides have sent.
 */
#ifndef PROBE_TABLE_H
#define PROBE_TABLE_H

#include "format/base/clock.h"
#include "probe/flow/key.h"
#include "probe/flow/list.h"
#include "probe/flow/slots.h"

enum { /* flow.life: what was ever seen */
	LIFE_SENT_LO = 1, /* 1 << side */
	LIFE_SENT_HI = 2,
	LIFE_CONFIRMED = 4,
	LIFE_CHANCE = 8,    /* touched since its last turn at the end of the queue */
	LIFE_STARTED = 16,  /* its first bin exists */
	LIFE_DEAD = 32,     /* ended; waits for its bins */
	LIFE_HOLDS = 64,    /* its bins may have to wait: held */
	LIFE_QUEUED = 128,  /* waits in the confirmed queue, not in probation's */
};

enum idle_class { IDLE_SYN, IDLE_KNOCK, IDLE_EST, IDLE_LINGER, IDLE_UDP, IDLE_UDP1, IDLE_ICMP, IDLE_ARP, IDLE_TUNNEL, IDLE_OTHER,
	IDLE_CLASSES };
extern const uint16_t idle_seconds[IDLE_CLASSES];

struct flow_state {
	struct key key;
	uint32_t hash;
	uint32_t bin;       /* the ledger's: newest bin that waits to be written; 0 = none */
	int64_t heard;      /* watermark at the last packet */
	int64_t last[2];    /* time of the last packet of each side */
	uint8_t life, src;  /* src: the side that is the source */
	uint8_t dirq, idle; /* enum dirq, enum idle_class */
	uint8_t pending;    /* bins waiting */
	uint8_t packets;    /* saturating: for probation */
	uint16_t tcp_life;  /* track/tcp.c's */
	uint32_t ext;       /* tracker's cell; 0 = none */
	uint32_t attr;      /* cell with MPLS, encapsulation; 0 = none */
	/* colder */
	uint64_t id;        /* flowid */
	int64_t otime;      /* start of the bin in which the direction was decided */
	int64_t freeze;     /* when its first record is sealed: from then on the direction stays */
	struct link fifo, timer;
	uint32_t slot;      /* the timer wheel's */
	union {
		struct { /* TCP */
			uint32_t isn[2];   /* of each side's last SYN */
			union {
				uint16_t synwin;   /* the window of the SYN-ACK */
				uint16_t patience; /* before it, if IDLE_KNOCK: how long it may be silent */
			};
			uint8_t wscale[2]; /* offered with the SYN, or TCP_NOSCALE, TCP_CUTSCALE */
		};
		struct { /* LIFE_HOLDS: the ledger's */
			uint32_t group, age; /* of which holds, to be checked */
			uint32_t own;        /* the hold of this flow alone; 0 = none */
		} held;
	};
	uint16_t vlan[2], ivlan[2]; /* of each side's packets; 0xffff = none */
	uint8_t mac[2][6];    /* each side's own, when it has sent */
	uint8_t mac_to[2][6]; /* and as the other side's first packet called it */
	uint32_t dns;         /* TCP port 53: cell with the place in its stream; 0 = none */
	uint8_t ttl[2];       /* TCP: of each side's last packet that was no RST; 0 = none */
	uint8_t macs : 4;     /* which of the four are known: bit 0, 1 = mac, bit 2, 3 = mac_to */
	uint8_t rst_only : 2; /* TCP, a bit a side: it has sent RSTs only, and ttl is the first one's */
	uint8_t waits : 1;    /* packets wait beside it: settle/wait.h */
	uint8_t tracker;      /* the row of trackers[] that follows it */
};
_Static_assert(sizeof(struct flow_state) == 192, "three lines of cache");

struct attr { /* first seen, by side */
	uint32_t mpls[2];
	uint64_t ohash[2];
	uint8_t nencap[2];
	uint8_t kind[2][ENCAP_DEPTH];
	uint32_t id[2][ENCAP_DEPTH];
	uint8_t known; /* bit a side */
};

/* Enough to speak of a flow when it is gone. */
struct flow_ref {
	struct key key;
	uint64_t id;
	int64_t otime;
	uint32_t cell;     /* where it is, if it is still there; 0: it is not */
	uint8_t src, dirq;
};

struct table {
	struct pool flows, attrs;
	struct slots slots;
	struct list probation, confirmed;
	uint32_t on_probation; /* of the flows in `probation`, those that still are */
	uint32_t max_flows, alive;
	struct key_secret secret;
};

void table_init(struct table *, uint32_t max_flows, uint64_t seed);
void table_free(struct table *);

static inline struct flow_state *
flow_at(const struct table *t, uint32_t n)
{
	return (pool_at(&t->flows, n));
}

static inline uint32_t
table_hash(const struct table *t, const struct key *k)
{
	return (key_hash(k, &t->secret, 0));
}

uint32_t table_find(const struct table *, const struct key *, uint32_t hash); /* 0 = not there */
/* A new flow in the table, zeroed but for key and hash; there must be room (table_full). */
uint32_t table_add(struct table *, const struct key *, uint32_t hash);
bool table_full(const struct table *);
/* The flow that has to go when it is. */
uint32_t table_victim(struct table *);
void table_confirm(struct table *, uint32_t flow);
/* The flow has another key from now on. */
void table_rekey(struct table *, uint32_t flow, const struct key *, uint32_t hash);
/* What `from` was seen to be, `to` was too: the same flow, by another key. */
void table_merge(struct table *, uint32_t to, uint32_t from);
/* Out of the table; the cell is given back with table_release(). */
void table_remove(struct table *, uint32_t flow);
void table_release(struct table *, uint32_t flow);

/* Is this flow there, alive or with bins that wait? */
static inline bool
table_has(const struct table *t, uint32_t n, uint64_t id)
{
	const struct flow_state *f = flow_at(t, n);

	return (f->id == id && ((f->life & LIFE_DEAD) == 0 || f->pending > 0));
}

#define PATIENCE (10 * MSEC) /* what flow_state.patience counts */

/* The watermark at which a flow ends unless it is heard again. */
static inline int64_t
flow_deadline(const struct flow_state *f)
{
	if (f->idle == IDLE_KNOCK)
		return (f->heard + f->patience * PATIENCE);
	return (f->heard + (int64_t)idle_seconds[f->idle] * SEC);
}

/* Is it there, and does it live at `now`, whether somebody has looked or not? */
static inline bool
table_lives(const struct table *t, uint32_t n, uint64_t id, int64_t now)
{
	const struct flow_state *f = flow_at(t, n);

	return (f->id == id && (f->life & LIFE_DEAD) == 0 && flow_deadline(f) > now);
}

/* Is it the flow of this key, and alive? */
static inline bool
table_is(const struct table *t, uint32_t n, const struct key *k)
{
	const struct flow_state *f = flow_at(t, n);

	return ((f->life & LIFE_DEAD) == 0 && key_equal(&f->key, k));
}

static inline struct flow_ref
table_ref(const struct table *t, uint32_t n)
{
	const struct flow_state *f = flow_at(t, n);

	return ((struct flow_ref){ .key = f->key, .id = f->id, .otime = f->otime, .cell = n, .src = f->src,
	    .dirq = f->dirq });
}

#endif

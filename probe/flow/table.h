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
#include "probe/flow/path.h"
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

struct flow_key { /* as struct key, but for the addresses: see table_key() */
	uint32_t addr[2]; /* IPv4: of lo, hi; else, if `wide`, the first is the cell of both */
	uint16_t lport, hport;
	uint16_t proto;
	uint8_t af, kind;
	uint32_t vrf, aux;
};

struct flow_state {
	struct flow_key key;
	uint32_t hash;
	uint32_t bin;       /* the ledger's: newest bin that waits to be written; 0 = none */
	int64_t heard;      /* watermark at the last packet */
	int64_t last[2];    /* time of the last packet of each side */
	uint8_t life, src;  /* src: the side that is the source */
	uint8_t dirq, idle; /* enum dirq, enum idle_class */
	uint8_t pending;    /* bins waiting */
	uint8_t packets;    /* saturating: for probation */
	uint16_t tcp_life;  /* track/tcp.c's */
	/* the second line */
	uint64_t id;        /* flowid */
	int64_t otime;      /* start of the bin in which the direction was decided */
	struct link fifo, timer;
	uint32_t slot;      /* the timer wheel's */
	uint32_t ext;       /* tracker's cell; 0 = none */
	uint32_t path[2];   /* of each side's packets, as its first one came; 0 = none */
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
	uint8_t ttl[2];       /* TCP: of each side's last packet that was no RST; 0 = none */
	uint8_t rst_only : 2; /* TCP, a bit a side: it has sent RSTs only, and ttl is the first one's */
	uint8_t waits : 1;    /* packets wait beside it: settle/wait.h */
	uint8_t wide : 1;     /* its addresses are in a cell */
	uint8_t frozen : 1;   /* the ledger's: a record of it was written since its first one was known */
	uint8_t tracker;      /* the row of trackers[] that follows it */
};
_Static_assert(offsetof(struct flow_state, id) == 64 && sizeof(struct flow_state) == 128, "two lines of cache");

/* Enough to speak of a flow when it is gone. */
struct flow_ref {
	struct key key;
	uint64_t id;
	int64_t otime;
	uint32_t cell;     /* where it is, if it is still there; 0: it is not */
	uint8_t src, dirq;
};

struct table {
	struct pool flows, wides; /* wides: struct wide_key */
	struct paths paths;
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

struct wide_key { /* addresses that are not both IPv4's */
	struct ip side[2];
};

/* Of a flow's sides: 0 = lo. */
static inline void
table_address(const struct table *t, const struct flow_state *f, int side, struct ip *to)
{
	if (f->wide) {
		*to = ((const struct wide_key *)pool_at(&t->wides, f->key.addr[0]))->side[side];
		return;
	}
	*to = ip_v4((const uint8_t *)&f->key.addr[side]);
}

static inline struct key
table_key(const struct table *t, const struct flow_state *f)
{
	struct key k;

	table_address(t, f, 0, &k.lo);
	table_address(t, f, 1, &k.hi);
	memcpy(&k.lport, &f->key.lport, KEY_REST);
	return (k);
}

static inline bool
table_has_key(const struct table *t, const struct flow_state *f, const struct key *k)
{
	const struct wide_key *w;
	uint64_t a[2], b[2], v4;

	memcpy(a, &f->key.lport, KEY_REST);
	memcpy(b, &k->lport, KEY_REST);
	if (((a[0] ^ b[0]) | (a[1] ^ b[1])) != 0)
		return (false);
	if (!f->wide) {
		memcpy(&v4, f->key.addr, sizeof(v4));
		return (v4 == key_v4(k));
	}
	w = pool_at(&t->wides, f->key.addr[0]);
	return (memcmp(w, k, sizeof(*w)) == 0);
}

/* f is zeroed at first; a key that was set is given back in the end. */
void table_set_key(struct table *, struct flow_state *, const struct key *);
static inline void
table_forget_key(struct table *t, struct flow_state *f)
{
	if (f->wide)
		pool_put(&t->wides, f->key.addr[0]);
	f->wide = 0;
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

	return ((f->life & LIFE_DEAD) == 0 && table_has_key(t, f, k));
}

static inline struct flow_ref
table_ref(const struct table *t, uint32_t n)
{
	const struct flow_state *f = flow_at(t, n);

	return ((struct flow_ref){ .key = table_key(t, f), .id = f->id, .otime = f->otime, .cell = n, .src = f->src,
	    .dirq = f->dirq });
}

#endif

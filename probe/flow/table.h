/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table.h: the flows that live, their bins that wait to be written, and who has to go when it is full.
 *
 * A flow is a cell of one pool; what it counted in a bin is a cell of another (struct bin).  An idle flow
 * holds no bin.  A flow leaves the table when it ends; its cell stays until its last bin is written.
 * Eviction is by probation (SEMANTICS 1.3): a flow is on probation until both sides have sent.
 */
#ifndef PROBE_TABLE_H
#define PROBE_TABLE_H

#include "format/base/arena.h"
#include "probe/flow/key.h"
#include "probe/flow/slots.h"

/* Links of a doubly linked list of cells of one pool; 0 = none. */
struct link {
	uint32_t prev, next;
};
struct list {
	uint32_t head, tail, count;
};

enum { /* flow.life: what was ever seen */
	LIFE_SENT_LO = 1, /* 1 << side */
	LIFE_SENT_HI = 2,
	LIFE_CONFIRMED = 4,
	LIFE_CHANCE = 8,    /* touched since its last turn at the end of the queue */
	LIFE_STARTED = 16,  /* its first bin exists */
	LIFE_DEAD = 32,     /* ended; waits for its bins */
	LIFE_QUEUED = 128,  /* waits in the confirmed queue, not in probation's */
};

enum idle_class { IDLE_SYN, IDLE_EST, IDLE_LINGER, IDLE_UDP, IDLE_UDP1, IDLE_ICMP, IDLE_ARP, IDLE_TUNNEL, IDLE_OTHER,
	IDLE_CLASSES };
extern const uint16_t idle_seconds[IDLE_CLASSES];

struct flow_state {
	struct key key;
	uint32_t hash;
	uint32_t bin;       /* newest bin that waits to be written; 0 = none */
	int64_t heard;      /* watermark at the last packet */
	int64_t last[2];    /* time of the last packet of each side */
	uint8_t life, src;  /* src: the side that is the source */
	uint8_t dirq, idle; /* enum dirq, enum idle_class */
	uint8_t pending;    /* bins waiting */
	uint8_t packets;    /* saturating: for probation */
	uint16_t tcp_life;  /* track/tcp.c's */
	uint32_t ext;       /* tracker's cell, by protocol; 0 = none */
	uint32_t attr;      /* cell with MPLS, encapsulation; 0 = none */
	/* colder */
	uint64_t id;        /* flowid */
	int64_t otime;      /* start of the bin in which the direction was decided */
	int64_t freeze;     /* when its first record is sealed: from then on the direction stays */
	struct link fifo, timer;
	uint32_t slot;      /* the timer wheel's */
	uint32_t isn[2];    /* TCP: of each side's last SYN */
	uint16_t synwin;    /* TCP: the window of the SYN-ACK */
	uint8_t wscale[2];  /* TCP: offered with the SYN, or TCP_NOSCALE, TCP_CUTSCALE */
	uint16_t vlan[2], ivlan[2]; /* of each side's packets; 0xffff = none */
	uint8_t mac[2][6];   /* each side's own, when it has sent */
	uint8_t mac_to[2][6]; /* and as the other side's first packet called it */
	uint32_t dns;        /* TCP port 53: cell with the place in its stream; 0 = none */
	uint8_t ttl[2];      /* TCP: of each side's last packet that was no RST; 0 = none */
	uint8_t rst_only;    /* TCP, a bit a side: it has sent RSTs only, and ttl is the first one's */
	uint8_t macs;        /* which of the four are known: bit 0, 1 = mac, bit 2, 3 = mac_to */
};

#define SEEN_REPLY 4 /* bin.seen: the second side began to send before the bin was sealed */

struct bin {
	int64_t start;      /* ns */
	int64_t due;        /* watermark at which it is sealed */
	uint32_t flow;
	uint32_t older;     /* the flow's bin before this one */
	struct link order;  /* in the list of its time */
	uint32_t pkts[2];
	uint64_t bytes[2], ipbytes[2], payload[2];
	int64_t stime, ltime;
	uint64_t ipg_sum[2], ipg_sumsq[2]; /* us, us^2 saturating */
	uint32_t ipg_n[2];
	uint32_t tos;       /* cell with DSCP and ECN counts if any packet had some; 0 = none */
	uint32_t ext;       /* tracker's cell for this bin; 0 = none */
	uint32_t rtt;       /* track/rtt.c's; 0 = none */
	uint32_t frag;      /* cell with fragment counts; 0 = none */
	uint32_t about;     /* cell with DNS and ICMP errors about the flow; 0 = none */
	uint8_t ttlmin[2], ttlmax[2], tcpflags[2], dscp[2];
	uint8_t state, cause, seen; /* seen: sides that ever sent, up to its last packet; SEEN_REPLY */
	uint16_t flags;     /* RFLAGS_* */
	uint8_t conn;
	uint8_t end_row;    /* the end came after this bin was sealed: an END row of its own follows */
	uint8_t deferred;   /* its time has come, it waits for its tunnel */
};

struct tos { /* [side] */
	uint64_t dscps[2];
	uint32_t ect0[2], ect1[2], ce[2];
};

struct frag_counts { /* [side] */
	uint64_t bytes[2];
	uint32_t frags[2], dg[2], ok[2], inc[2], orph[2], ovl[2], dup[2], ooo[2], tiny[2], bad[2], atom[2];
};

struct about { /* of a bin: what is said about its flow */
	uint32_t icmpun, icmpttl, icmpbig; /* errors that quote it */
	uint32_t dns; /* cell with DNS; tunnels have none, so it is never merged; 0 = none */
};

struct attr { /* first seen, by side */
	uint32_t mpls[2];
	uint64_t ohash[2];
	uint8_t nencap[2];
	uint8_t kind[2][ENCAP_DEPTH];
	uint32_t id[2][ENCAP_DEPTH];
	uint8_t known; /* bit a side */
};

struct table {
	struct pool flows, bins, toses, attrs, frags, abouts;
	struct slots slots;
	struct list probation, confirmed;
	uint32_t on_probation; /* of the flows in `probation`, those that still are */
	uint32_t max_flows, alive;
	uint64_t seed;
};

void table_init(struct table *, uint32_t max_flows, uint64_t seed);
void table_free(struct table *);

static inline struct flow_state *
flow_at(const struct table *t, uint32_t n)
{
	return (pool_at(&t->flows, n));
}

static inline struct bin *
bin_at(const struct table *t, uint32_t n)
{
	return (pool_at(&t->bins, n));
}

uint32_t table_hash(const struct table *, const struct key *);
uint32_t table_find(const struct table *, const struct key *, uint32_t hash); /* 0 = not there */
/* A new flow in the table, zeroed but for key and hash; there must be room (table_full). */
uint32_t table_add(struct table *, const struct key *, uint32_t hash);
bool table_full(const struct table *);
/* The flow that has to go when the table is full. */
uint32_t table_victim(struct table *);
void table_confirm(struct table *, uint32_t flow);
/* The flow has another key from now on. */
void table_rekey(struct table *, uint32_t flow, const struct key *, uint32_t hash);
/* Cells that hang off a bin: `to` takes over what `from` holds. */
void table_merge_cells(struct table *, struct bin *to, struct bin *from);
void table_merge_attr(struct table *, struct flow_state *to, struct flow_state *from);
/* Out of the table; the cell is given back with table_release(). */
void table_remove(struct table *, uint32_t flow);
void table_release(struct table *, uint32_t flow);

/* Lists of cells; `link` finds the links of a cell. */
typedef struct link *(*link_of)(const struct table *, uint32_t);
void list_append(const struct table *, struct list *, link_of, uint32_t);
void list_remove(const struct table *, struct list *, link_of, uint32_t);
struct link *fifo_link(const struct table *, uint32_t flow);
struct link *timer_link(const struct table *, uint32_t flow);
struct link *order_link(const struct table *, uint32_t bin);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/dns.h: DNS: the queries that wait for a response, and where messages begin in TCP (SEMANTICS 6.5).
 *
 * A query waits for ASK_WAIT on the watermark.  All flows share one table of ASKS_MAX of them; the oldest makes
 * room.  Cells have numbers; 0 = none.
 */
#ifndef PROBE_TRACK_DNS_H
#define PROBE_TRACK_DNS_H

#include "format/base/clock.h"
#include "probe/track/rtt.h"
#include "probe/track/track.h"

void dns_init(struct track *, uint32_t max_flows);
void dns_free(struct track *);
/* A packet with FACT_DNS, counted in its bin. */
void dns_packet(struct track *, const struct seen *);
/* When the oldest query is unanswered; INT64_MAX: none waits. */
int64_t dns_due(const struct track *);
/* Those that are at `now`: each counts in the bin of its query. */
void dns_expire(struct track *, int64_t now);
void dns_end_flow(struct track *, struct flow_state *);

/* A row of extras[].  The histogram stays valid until the next call. */
void dns_fill(const struct track *, uint32_t cell, struct flow *);
void dns_end_bin(struct track *, uint32_t cell);

/* --- queries */

#define ASKS_MAX 65536
#define ASK_WAIT (5 * SEC)

struct ask { /* a query that waits */
	struct flow_ref of; /* its flow */
	int64_t ts;         /* when it was sent, the last time */
	int64_t due;        /* watermark at which it is unanswered */
	uint32_t newer, older;
	uint32_t hash, qhash;
	uint16_t id, qtype;
	uint8_t asked, side;
};

struct asks;

struct asks *asks_new(uint32_t max, uint64_t seed);
void asks_free(struct asks **);

/* The query to which this message of a flow belongs, sent by `side`: the same one sent before, or that which it
 * answers.  Names are compared where both messages show theirs.  NULL: none waits. */
struct ask *asks_find(struct asks *, const struct key *, int side, const struct dns_message *);
/* A query to wait for from `now`, of which only the flow's key is known yet; *evicted: the oldest made room. */
struct ask *asks_add(struct asks *, const struct key *, int side, const struct dns_message *, int64_t now,
    bool *evicted);
/* It was sent again: it waits from `now`. */
void asks_again(struct asks *, struct ask *, int64_t now);
/* It waits no more. */
void asks_drop(struct asks *, struct ask *);
/* The oldest; NULL: none waits. */
struct ask *asks_first(const struct asks *);

static inline bool
dns_is_response(const struct dns_message *m)
{
	return ((m->flags & 0x8000) != 0);
}

/* --- DNS in TCP: one direction of a flow.  Zeroed: nothing is known of it. */

struct dns_stream {
	uint32_t next;              /* the sequence number behind the newest byte seen */
	uint32_t boundary;          /* where the next message begins */
	uint32_t hole_lo, hole_hi;  /* bytes before `next` that did not come yet */
	bool known, synced, hole;   /* `next`, `boundary`, and hole_* are */
	bool bare;                  /* the message whose length ends at `next` begins there */
};

/* The messages of this segment that are new, into m; returns how many. */
unsigned dns_segment(struct dns_stream *, const struct packet *, struct dns_message m[static DNS_MESSAGES + 1]);

#endif

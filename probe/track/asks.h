/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/asks.h: DNS queries that wait for their response (SEMANTICS 6.5).
 *
 * A query waits for ASK_WAIT on the watermark.  All flows share one table of ASKS_MAX of them; the oldest makes
 * room.
 */
#ifndef PROBE_TRACK_ASKS_H
#define PROBE_TRACK_ASKS_H

#include "format/base/clock.h"
#include "probe/decode/packet.h"
#include "probe/flow/table.h"

#define ASKS_MAX 65536
#define ASK_WAIT (5 * SEC)

struct ask { /* a query that waits */
	struct flow_ref of; /* its flow */
	int64_t ts;         /* when it was sent, the last time */
	int64_t due;        /* watermark at which it is unanswered */
	uint32_t newer, older;
	uint32_t next, prev; /* of those with the same flow, id and side, as they came; the first one's prev is the last */
	uint32_t hash, name; /* of these three; and of the question too, if it is known */
	uint32_t qhash;
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
uint32_t asks_count(const struct asks *);
/* The oldest; NULL: none waits. */
struct ask *asks_first(const struct asks *);

static inline bool
dns_is_response(const struct dns_message *m)
{
	return ((m->flags & 0x8000) != 0);
}

#endif

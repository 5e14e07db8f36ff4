/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frag.h: which flow a fragment belongs to, and what became of its datagram (SEMANTICS 5).
 *
 * Only the first fragment of a datagram has ports.  The others are held until it is there, or for
 * FRAG_HOLD; then they count in the flow of their addresses without ports.  The one stateful step between
 * decoding and keying.
 */
#ifndef PROBE_FRAG_H
#define PROBE_FRAG_H

#include "format/base/clock.h"
#include "probe/flow/table.h"

#define FRAG_HOLD    (2 * SEC)
#define FRAG_TIMEOUT (30 * SEC)

struct frag_piece { /* a fragment that is to be counted now */
	const struct packet *packet; /* valid until the next call */
	struct key key;
	int side;
	uint8_t what;      /* FRAG_* */
	uint32_t datagram; /* for frags_settled() */
	uint32_t spi;      /* of its datagram, if has_spi */
	bool has_spi;
	struct frag_segment segment; /* with FRAG_OK: that is complete */
	bool resolved;     /* false: its datagram's first fragment never came */
	int64_t came;      /* one that was held: the watermark when it came, */
	uint32_t order;    /* and see frags_order() */
};

/* Where a datagram's fragments count. */
struct frag_home {
	struct flow_ref of;
	uint8_t side;
};

struct frag_outcome { /* a datagram that will not be complete */
	struct frag_home home;
	int64_t arrived; /* time of its first fragment that came */
	bool orphan;     /* without its first fragment */
};

struct frags;

struct frags *frags_new(uint32_t max_datagrams, uint64_t seed);
void frags_free(struct frags **);

/* The next packet is that one of all: of those that came at one watermark and are not handed in in the order in which they
 * came. */
void frags_order(struct frags *, uint32_t order);
/* A packet with FACT_FRAG at watermark `now`, which may lie a little behind that of others (one that was held before).
 *  true: count *piece, and then all of frags_release().
 * `only`: its tunnel has but one SA in this direction, so a further fragment need not wait for its first. */
bool frags_packet(struct frags *, const struct packet *, const struct key_options *, int64_t now, bool only,
    struct frag_piece *);
/* Is it of a datagram of which a piece was counted already, without its first? */
bool frags_orphaned(const struct frags *, const struct packet *);
/* A held piece of the datagram just keyed; false: there is none. */
bool frags_release(struct frags *, struct frag_piece *);
/* The piece was counted there. */
void frags_settled(struct frags *, const struct frag_piece *, const struct frag_home *);

/* When the first held piece, or the first datagram, has waited long enough; INT64_MAX: none. */
int64_t frags_hold_due(const struct frags *);
int64_t frags_timeout_due(const struct frags *);
/* Take the first held piece, keyed without ports; false: none is held. */
bool frags_expire(struct frags *, const struct key_options *, struct frag_piece *);
/* A piece that is held of that datagram, without key; false: there is none. */
bool frags_take(struct frags *, uint32_t datagram, struct frag_piece *);
/* Give up the oldest datagram. */
void frags_timeout(struct frags *);
/* What was given up since the last call, one at a time. */
bool frags_outcome(struct frags *, struct frag_outcome *);

uint32_t frags_count(const struct frags *); /* datagrams in the table */
uint64_t frags_evicted(const struct frags *); /* so far */

#endif

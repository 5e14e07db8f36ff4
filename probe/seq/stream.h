/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/stream.h: numberings that go on when their flow ends: of WireGuard, RTP, GRE.
 *
 * A stream is one direction of a carrier with one numbering.  It is found by an id, a hash of what tells
 * it from others; it is forgotten after an hour of silence, or, at the cap, when it is the one silent for longest.
 */
#ifndef PROBE_TRACK_STREAM_H
#define PROBE_TRACK_STREAM_H

#include "format/base/arena.h"
#include "probe/flow/table.h"
#include "probe/seq/seqno.h"

struct wg_index {
	uint32_t index;
	uint64_t stream;    /* id; 0 = none such */
	bool seen;          /* its handshake was seen */
	int64_t since;      /* its first data */
};

enum { WG_NOW, WG_OLD, WG_NEXT, WG_INDEXES };

struct wg { /* a pair of peers; [side] = the one that sends to that index */
	struct wg_index index[2][WG_INDEXES];
	struct {
		int64_t ts;
		uint32_t index, reserved;
		bool there;
	} asked[2];         /* an initiation, by its sender */
	uint32_t reserved;  /* three bytes that should be 0, the same in a handshake of both; 0 = they are */
	struct {
		uint64_t counter;
		int64_t ts;
		uint32_t index;
		uint16_t more;
		bool there;
	} first[2];         /* data that nothing announced: one packet is not enough */
};

struct rtp_clock { /* RFC 3550 A.8 */
	int64_t arrived;
	uint64_t jitter;    /* 16ths of ns */
	uint32_t ts, rate;  /* rate 0: nothing to compare with */
};

enum stream_kind { STREAM_WG, STREAM_WG_PEERS, STREAM_RTP, STREAM_GRE };

struct stream {
	uint64_t id;
	int64_t heard;           /* watermark */
	uint32_t chain, newer, older;
	uint32_t spi;
	uint8_t kind, side;
	bool shared;             /* it counts with others: a session of a mirror */
	struct flow_ref of;      /* where it was counted last */
	struct rtp_clock clock;
	union {
		struct seqno seq;
		struct wg wg;    /* STREAM_WG_PEERS */
	};
};

struct streams {
	struct pool cells;
	uint32_t *bucket;
	uint32_t mask, oldest, newest;
};

void streams_init(struct streams *, uint32_t cap);
void streams_free(struct streams *);

static inline struct stream *
stream_at(const struct streams *s, uint32_t n)
{
	return (pool_at(&s->cells, n));
}

/* A stream's id, from the key of its flow; never 0.  `number`: its SSRC or index. */
uint64_t stream_id(uint64_t seed, const struct key *, int side, uint32_t number, enum stream_kind);
/* Found: it is the newest now.  NULL: not there. */
struct stream *stream_find(struct streams *, uint64_t id, int64_t now);
/* A new one, its numbering or peers cleared; NULL: no room. */
struct stream *stream_add(struct streams *, uint64_t id, enum stream_kind, unsigned width, int64_t now);
/* One that has to go before a packet comes; 0: there is room for what a packet may need. */
uint32_t streams_old(const struct streams *, int64_t now);
void streams_drop(struct streams *, uint32_t);

#endif

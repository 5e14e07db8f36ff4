/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track.h: what a protocol knows beyond counting.
 *
 * A tracker sees facts and direction, never bytes and never a clock other than the packet's.  Its state
 * hangs off the flow (flow_state.ext) and off the bin (bin.ext) as cells of its own pools; what it found
 * goes into the record in fill().
 */
#ifndef PROBE_TRACK_H
#define PROBE_TRACK_H

#include "format/flow.h"
#include "probe/health/health.h"
#include "probe/flow/table.h"

struct track; /* pools of all trackers */

/* The limits live as long. */
struct track *track_new(uint32_t max_flows, uint64_t seed, const struct health_limits *);
void track_free(struct track **);

struct tracker {
	const char *name;
	/* One packet, counted in bin b, sent by `side` (0 = lo).  NULL: the engine asks otherwise. */
	void (*packet)(struct track *, struct flow_state *, struct bin *, int side, const struct packet *);
	/* The record of a bin. */
	void (*fill)(const struct track *, const struct flow_state *, const struct bin *, struct flow *);
	/* Ask memory for the cells of both; one of them may be missing.  NULL: there are seldom any. */
	void (*prefetch)(const struct track *, const struct flow_state *, const struct bin *);
	/* Give back cells. */
	void (*end_bin)(struct track *, struct bin *);
	void (*end_flow)(struct track *, struct flow_state *);
};

extern const struct tracker track_tcp, track_seq, track_udp, track_gre;

/* The tracker of a flow with this key; NULL: counting is all. */
static inline const struct tracker *
track_for(const struct key *k)
{
	switch (k->proto) {
	case PROTO_TCP:
		return (&track_tcp);
	case PROTO_ESP:
	case PROTO_AH:
		return (&track_seq);
	case PROTO_UDP:
		return (&track_udp);
	case PROTO_GRE:
		return (&track_gre);
	default:
		return (NULL);
	}
}

/* --- TCP's own questions, for the engine: see track/tcp.c */

/* flow_state.tcp_life */
enum {
	TCPLIFE_SYN = 1 << 0,     /* a SYN without ACK */
	TCPLIFE_SYNACK = 1 << 1,
	TCPLIFE_EST = 1 << 2,     /* the handshake's last ACK */
	TCPLIFE_FIN = 1 << 3,     /* << side: sent FIN */
	TCPLIFE_RST = 1 << 5,     /* << side: sent RST */
	TCPLIFE_RST1HI = 1 << 7,  /* the first RST came from hi */
	TCPLIFE_FINACK = 1 << 8,  /* << side: its FIN was acknowledged */
	TCPLIFE_ISN = 1 << 10,    /* << side: isn is known */
	TCPLIFE_SYNRTX = 1 << 12, /* a SYN came again, or both sides opened: no round trip can be told (Karn) */
	TCPLIFE_SYNACKRTX = 1 << 13,
	TCPLIFE_SYNACKHI = 1 << 14, /* the SYN-ACK came from hi */
	TCPLIFE_MORE = 1 << 15,   /* a packet that is no SYN and no RST: there was an answer, seen or not */
};
enum { TCP_NOSCALE = 0xff, TCP_CUTSCALE = 0xfe }; /* flow_state.wscale: not offered; options not captured */

/* Does this packet open a new connection on the same ports? `now`: the watermark. */
bool tcp_reuses(const struct flow_state *, int side, const struct packet *, int64_t now);
bool tcp_closed(const struct flow_state *);
uint8_t tcp_state(const struct flow_state *);       /* STATE_* of a record */
uint8_t tcp_conn(const struct flow_state *);        /* CONN_* of the whole connection */
uint8_t tcp_cause(const struct flow_state *);       /* CAUSE_* when it falls silent */

/* The last packet came after whole bins in which the window of `side` was zero, [from, to), and nothing else was
 * to be counted there.  Asking forgets it. */
bool tcp_silence(struct track *, int side, int64_t *from, int64_t *to);
/* Acknowledgements that the last packets counted, of all flows.  Asking forgets them.  false: none. */
bool tcp_acks(struct track *, uint32_t *ackev, uint32_t *ackgap);
void tcp_add_zwin(struct track *, const struct bin *, int side, uint64_t us);

#endif

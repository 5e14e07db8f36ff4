/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/track.h: the pools of all trackers.
 */
#ifndef PROBE_TRACK_TRACK_H
#define PROBE_TRACK_TRACK_H

#include "probe/health/health.h"
#include "probe/ledger/ledger.h"
#include "probe/seq/numbers.h"

#define TCP_HOLE_SIZES 3 /* of cells with holes */

struct track {
	struct ledger *ledger; /* borrowed; tests of what asks it nothing have none */
	struct numbers numbers;
	struct pool tcp;      /* struct tcp: flows with data */
	struct pool tcp_ring[2]; /* struct tcp_sent, one or TCP_RING: directions with data */
	struct pool tcp_odd;  /* struct tcp_odd: connections with trouble */
	struct pool tcp_hole[TCP_HOLE_SIZES]; /* tcp_holes.c's: directions with holes */
	struct pool tcp_bin;  /* struct tcp_bin: a TCP record's history */
	struct pool tcp_more; /* struct tcp_more: and its rare counters */
	struct pool tcp_high; /* struct tcp_high: and what counts further than it has bits for */
	struct pool tcp_gap;  /* struct tcp_gaps: and the ranges that the capture missed */
	struct pool udp_bin;  /* udp.c's */
	struct pool rtt_ring, rtt_leg, rtt_dense; /* rtt.c's */
	struct pool dns_bin;  /* struct dns_bin */
	struct pool dns_flow; /* struct dns_stream[2]: flow_state.dns */
	struct asks *asks;
	struct pool errors;   /* icmp.c's */
	uint64_t seed;
	const struct health_limits *limits; /* never NULL */
};

/* The limits live as long, and so does the ledger. */
struct track *track_new(struct ledger *, uint32_t max_flows, uint64_t seed, const struct health_limits *);
void track_free(struct track **);

extern const struct tracker track_tcp, track_tunnel, track_udp, track_gre;
enum idle_class udp_idle(const struct flow_state *); /* of UDP-Lite too */

void tcp_init(struct track *, uint32_t max_flows);
void udp_init(struct track *, uint32_t max_flows);

static inline bool
track_both_sent(const struct flow_state *f)
{
	return ((f->life & (LIFE_SENT_LO | LIFE_SENT_HI)) == (LIFE_SENT_LO | LIFE_SENT_HI));
}

#endif

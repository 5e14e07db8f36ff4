/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/track.h: the pools behind struct track, for the trackers themselves.
 */
#ifndef PROBE_TRACK_TRACK_H
#define PROBE_TRACK_TRACK_H

#include "probe/track/track.h"
#include "probe/seq/stream.h"

struct track {
	struct pool tcp;      /* struct tcp: flows with data */
	struct pool tcp_hole; /* struct holes: directions with holes */
	struct pool tcp_bin;  /* struct tcp_bin: a TCP record's history */
	struct pool tcp_more; /* struct tcp_more: and its rare counters */
	struct tcp_more *tcp_nowhere; /* for what finds no room there */
	struct pool tcp_gap;  /* struct tcp_gaps: and the ranges that the capture missed */
	struct {
		int64_t from, to;
	} silence[2];         /* see tcp_silence() */
	uint32_t ackev, ackgap; /* see tcp_acks() */
	struct pool seq_bin;  /* struct seq_bin */
	struct pool udp_bin;  /* struct udp_bin: seq_bin.more */
	struct pool rtp;      /* struct rtp: UDP flows that may become RTP */
	struct pool rtt_ring, rtt_bin, rtt_dense; /* track/rtt.c's */
	struct pool dns_bin;  /* struct dns_bin: about.dns */
	struct pool dns_flow; /* struct dns_stream[2]: flow_state.dns */
	struct asks *asks;
	struct streams streams, mirrors;
	uint64_t seed;
	const struct health_limits *limits; /* never NULL */
};

struct rtp { /* of a flow; by side */
	struct rtp_side {
		struct rtp_clock clock;
		int64_t ts[2];   /* of the packets that wait for the third */
		uint64_t jitter; /* and the second one's sample */
		uint32_t ssrc;
		uint16_t seq;
		uint8_t run;     /* packets that followed each other */
		bool sampled;
	} side[2];
};

enum { UDP_NATKA = 1, UDP_IKE = 2 };

struct udp_bin { /* [side] */
	uint64_t jit_sum[2], jit_max[2]; /* us */
	uint32_t jit_n[2], ssrc[2];
	uint32_t natka[2], ikeq[2], iker[2];
	uint8_t pt[2];
	bool rtp[2];
	uint8_t has; /* UDP_*: such packets came */
};

/* The bin's, made if need be; NULL at the cap. */
struct udp_bin *udp_bin(struct track *, struct bin *);


void tcp_init(struct track *, uint32_t max_flows);
void seq_init(struct track *, uint32_t max_flows);
void udp_init(struct track *, uint32_t max_flows);

#endif

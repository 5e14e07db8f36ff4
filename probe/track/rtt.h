/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/rtt.h: round trips of a connection, on both sides of the probe (SEMANTICS 6.2).
 *
 * A leg is the way between the probe and one side (0 = lo, 1 = hi) and back: a sample of it closes on a packet
 * which that side sent.  The leg of the source is `rtts`, of the destination `rttd`; who is the source is said
 * when the record is filled.  Times are ns, samples us (cut).  Differences that are negative or do not fit
 * into 32 bits are no samples.
 *
 * Three methods, in order: the handshake; timestamps (RFC 7323), once they come with data; else one timed segment
 * a direction and what acknowledges it.  A sample counts in the bin of the packet that closes it.  So does the
 * difference to the leg's sample before it, whatever bin that was in: dsum is additive over bins.
 */
#ifndef PROBE_TRACK_RTT_H
#define PROBE_TRACK_RTT_H

#include "probe/track/track.h"

/* Of a connection; all zero = nothing known. */
struct rtt_flow {
	_Alignas(8) int64_t sent[2]; /* by sender: when the timed segment went */
	uint32_t end[2];   /* and what acknowledges it */
	uint32_t base[2];  /* by leg: least ever, us; if RTT_BASE */
	uint32_t last[2];  /* by leg: the sample before; if RTT_LAST */
	uint32_t synack;   /* us; if RTT_SYNACK */
	uint32_t ring;     /* cell of timestamps that wait for their echo; 0 = none */
	uint8_t has;       /* RTT_* */
};
enum { RTT_BASE = 1 << 0 /* << leg */, RTT_LAST = 1 << 2 /* << leg */, RTT_TIMED = 1 << 4 /* << sender */,
	RTT_SYNACK = 1 << 6 };

#define RTT_PAIRS 7 /* different buckets that a leg's histogram holds before it takes a cell of its own */

struct rtt_leg { /* of a bin */
	uint64_t sum, dsum;       /* us */
	uint32_t n, min, max;     /* min: of pure ACKs too, if RTTLEG_MIN */
	uint32_t base;            /* least of the flow's life, up to the last sample in this bin */
	uint32_t any;             /* samples, with those of pure ACKs */
	uint32_t dense;           /* cell with all buckets; 0 = the pairs hold them */
	uint16_t count[RTT_PAIRS];
	uint8_t bucket[RTT_PAIRS]; /* ascending */
	uint8_t pairs;
	uint8_t has;              /* RTTLEG_* */
};
_Static_assert(sizeof(struct rtt_leg) == 64, "a line of cache");
enum { RTTLEG_MIN = 1 };

/* Of a bin; all zero = no sample.  Most legs have one at most, which needs no cell. */
struct rtt_bin {
	struct rtt_one {
		uint32_t us, dsum, base; /* if RTTBIN_ONE: as in struct rtt_leg */
		uint32_t cell;           /* a struct rtt_leg, from the second sample on; 0 = none */
	} leg[2];
	uint32_t synack, ackdat, tcprtt; /* us */
	uint8_t has;                     /* RTTBIN_* */
	uint8_t method;                  /* RTTM_*; 0 = no sample */
};
enum { RTTBIN_SYNACK = 1, RTTBIN_ACKDAT = 2, RTTBIN_TCPRTT = 4, RTTBIN_ONE = 1 << 3 /* << leg */,
	RTTBIN_LEAST = 1 << 5 /* << leg: the one may be too long, but can not be too short */ };

void rtt_init(struct track *, uint32_t max_flows);
void rtt_free(struct track *);

/* Handshake.  `side` sent the SYN-ACK now (ts), the SYN went at `syn`.  Not to be called if the SYN was sent
 * again and it is not known which one this answers (Karn). */
void rtt_synack(struct track *, struct rtt_flow *, struct rtt_bin *, int side, int64_t syn, int64_t ts);
/* The same, of which there is a sample already: the connection was not remembered then. */
void rtt_recall(struct rtt_flow *, int side, int64_t syn, int64_t ts);
/* `side` sent the first ACK of the SYN-ACK now.  Not if the SYN-ACK was sent again.  With a SYN-ACK that was
 * measured, tcprtt too. */
void rtt_ackdat(struct track *, struct rtt_flow *, struct rtt_bin *, int side, int64_t synack, int64_t ts);

/* Timestamps: a packet of `side`; does nothing unless it has them.  For every segment, in order of arrival.
 * data: it takes sequence numbers (payload, FIN), so that the peer answers at once. */
void rtt_stamps(struct track *, struct rtt_flow *, struct rtt_bin *, int side, const struct packet *, bool data,
    int64_t ts);

/* Data and ACK, where there are no timestamps (else these do nothing; call rtt_stamps() first).
 * `side` sent a new segment in order, which ends before sequence number `end`. */
void rtt_sent(struct rtt_flow *, int side, uint32_t end, int64_t ts);
/* A retransmission by `side`, or a hole, touches what is timed (Karn). */
void rtt_void(struct rtt_flow *, int side);
/* What `side` sent is acknowledged up to `ack` by the other side, now. */
void rtt_acked(struct track *, struct rtt_flow *, struct rtt_bin *, int side, uint32_t ack, int64_t ts);

/* Both legs' least together, us; 0 = not known. */
uint32_t rtt_full_min(const struct rtt_flow *);

/* A leg of a bin; NULL if there was no sample of either leg.  n may be 0.  Where there is no cell it is made in *one. */
const struct rtt_leg *rtt_leg(const struct track *, const struct rtt_bin *, int leg, struct rtt_leg *one);

/* Other response times are kept the same way (DNS): a leg of their own, zeroed at first. */
void rtt_leg_add(struct track *, struct rtt_leg *, uint32_t us); /* counts in n, sum, min, max, buckets */
/* Its buckets as a record holds them; returns the length. */
#define RTT_PACKED (HIST_BUCKETS * 6)
size_t rtt_leg_pack(const struct track *, const struct rtt_leg *, uint8_t out[static RTT_PACKED]);
void rtt_leg_end(struct track *, const struct rtt_leg *); /* gives back its cell */

/* The fields.  src: the side that is the source.  Histograms stay valid until the next call in this thread. */
void rtt_fill(const struct track *, const struct rtt_bin *, int src, struct tile *);

/* Give back cells; both may have none. */
void rtt_end_bin(struct track *, const struct rtt_bin *);
void rtt_end_flow(struct track *, struct rtt_flow *);

#endif

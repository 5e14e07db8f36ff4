/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/udp.h: sequence numbers inside UDP (WireGuard, RTP) and GRE; what shares their ports with tunnels.
 *
 * Nothing is kept for a flow that shows none of it.
 */
#ifndef PROBE_TRACK_UDP_H
#define PROBE_TRACK_UDP_H

#include "probe/track/track.h"
#include "probe/seq/numbers.h"
#include "probe/seq/stream.h"

struct number { /* that a packet carries, for the engine of sequence numbers */
	struct stream *stream;
	uint64_t q;
	int64_t ts;
	bool known; /* the stream was there before it */
};

#define NUMBERS_MAX 3 /* of one packet: RTP's first two wait for the third */

/* One packet that has a fact of CARRIER_FACTS, counted in that bin; returns how many numbers. */
unsigned wg_packet(struct track *, struct flow_state *, struct bin *, int side, const struct packet *, int64_t now,
    struct number *);
unsigned rtp_packet(struct track *, struct flow_state *, struct bin *, int side, const struct packet *, int64_t now,
    struct number *);
/* The numbering of a packet with FACT_GRESEQ; NULL: no room. */
struct stream *gre_stream(struct streams *, const struct packet *, int64_t now);
void udp_natka(struct track *, struct bin *, int side);
void udp_ike(struct track *, struct bin *, int side, bool response);
struct streams *track_streams(struct track *);
struct streams *track_mirrors(struct track *); /* of ERSPAN: they are no flow's */

#endif

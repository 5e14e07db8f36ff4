/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/dns_tcp.h: where DNS messages begin in TCP: one direction of a flow (RFC 1035 4.2.2).
 */
#ifndef PROBE_TRACK_DNS_TCP_H
#define PROBE_TRACK_DNS_TCP_H

#include "probe/decode/packet.h"

/* Zeroed: nothing is known of it. */
struct dns_stream {
	uint32_t next;              /* the sequence number behind the newest byte seen */
	uint32_t boundary;          /* where the next message begins */
	uint32_t hole_lo, hole_hi;  /* bytes before `next` that did not come yet */
	bool known, synced, hole;   /* `next`, `boundary`, and hole_* are */
	bool bare;                  /* the message whose length ends at `next` begins there */
};

/* It begins with this byte, and with a message. */
static inline void
dns_begins(struct dns_stream *s, uint32_t seq)
{
	*s = (struct dns_stream){ .known = true, .synced = true, .next = seq, .boundary = seq };
}
/* The messages of this segment that are new, into m; returns how many. */
unsigned dns_segment(struct dns_stream *, const struct packet *, struct dns_message m[static DNS_MESSAGES + 1]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * route.h: which engine a packet belongs to, where several share them (pavo -j).
 *
 * A flow's packets, those of both directions, go to one engine: by their pair of addresses, so that fragments find
 * their datagram, and IKE, ICMP errors of the end hosts and a pair's other flows are there too.  All tunnels (ESP, AH)
 * are of engine 0, for an SA may move to other addresses, or share its numbers with those of others.
 *
 * A fragment behind the first one of its datagram does not say whose it is where the first one may be looked into, or
 * be ESP in UDP.  So those wait here for the first one, as they do in an engine.
 */
#ifndef PROBE_ROUTE_H
#define PROBE_ROUTE_H

#include "probe/frag/frag.h"

struct route {
	unsigned engines;
	const struct key_options *key; /* lives as long */
	bool ah_inner;
	struct frags *frags;           /* datagrams of which the fragments have to follow the first one */
	bool first;                    /* the last fragment may be what others waited for */
	uint32_t orphan;               /* one whose first one did not come: no piece of it waits any longer; 0 = none */
};

#define ROUTE_TUNNELS 0

void route_init(struct route *, unsigned engines, uint32_t max_frags, const struct key_options *, bool ah_inner,
    uint64_t seed);
void route_free(struct route *);

/* Of a packet with fate PKT_FLOW. */
unsigned route_packet(const struct route *, const struct packet *);
/* Of the packet that this one quotes; `engines`: of none. */
unsigned route_quoted(const struct route *, const struct packet *);

/* Does it depend on the datagram where this fragment goes? */
bool route_follows(const struct route *, const struct packet *);
/* A fragment that waited: when it came, as which packet of all, and where it goes. */
struct route_piece {
	const struct packet *packet; /* until the next call */
	int64_t came;
	uint32_t order;
	unsigned to;
};
/* Such a fragment at watermark `now`.  true: it is known, *to; then, before it, all that route_waited() gives.  false:
 * it waits. */
bool route_fragment(struct route *, const struct packet *, int64_t now, uint32_t order, unsigned *to);
/* One that waited for this one.  false: there is none; to be called until then. */
bool route_waited(struct route *, struct route_piece *);
/* One that has waited long enough at `now`, and then the others of its datagram: they go where their addresses say.  To be
 * called until there is none. */
bool route_gave_up(struct route *, int64_t now, struct route_piece *);

#endif

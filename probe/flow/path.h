/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path.h: how the packets of a flow's side came: MAC addresses, VLANs, MPLS, encapsulation, as of its first one.
 *
 * Many flows came the same way: each way is held once, and flows name it.  Cell 0 is the path of a side that has not
 * sent: nothing is known of it.
 */
#ifndef PROBE_FLOW_PATH_H
#define PROBE_FLOW_PATH_H

#include "format/base/arena.h"
#include "probe/flow/key.h"
#include "probe/flow/slots.h"

struct path {
	uint64_t smac, dmac; /* 48 bits, if `macs` */
	uint64_t ohash;      /* as in struct packet, and so the next three */
	uint32_t mpls;
	uint16_t vlan, ivlan;
	uint32_t id[ENCAP_DEPTH];
	uint8_t kind[ENCAP_DEPTH];
	uint8_t nencap, macs;
	/* the table's */
	uint32_t hash, flows; /* flows: sides of flows that name it */
};

#define PATHS_RECENT 64

struct paths {
	struct pool cells;
	struct slots slots;
	uint32_t recent[PATHS_RECENT]; /* by hash; 0 = none */
	struct key_secret secret;
};

/* max_flows: that name two at most. */
void paths_init(struct paths *, uint32_t max_flows, const struct key_secret *);
void paths_free(struct paths *);

static inline const struct path *
path_at(const struct paths *p, uint32_t n)
{
	return (pool_at(&p->cells, n));
}

/* Its path, which one more side of a flow names from now on. */
uint32_t path_of(struct paths *, const struct packet *);
/* Of a side whose encapsulation is that of this packet from now on, and of one that is two: what is not known of the
 * first is as in the second. The side that named `n` (and gives it up) names what is returned. */
uint32_t path_encapsulate(struct paths *, uint32_t n, const struct packet *);
uint32_t path_join(struct paths *, uint32_t n, uint32_t with);
void path_forget(struct paths *, uint32_t n);
/* A side less names it. */
static inline void
path_drop(struct paths *p, uint32_t n)
{
	if (n != 0 && --((struct path *)pool_at(&p->cells, n))->flows == 0)
		path_forget(p, n);
}

#endif

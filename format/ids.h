/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ids.h: what the ids of flows and tunnels are made of (pavo(5), "Ids"), and columns of them that are stored as that.
 *
 * The probe makes an id from what it knows of a flow; most of it stands in the record, too.  So a file has only the
 * ids that do not follow from their rows.
 */
#ifndef FORMAT_IDS_H
#define FORMAT_IDS_H

#include "format/batch.h"

enum key_kind {
	KEY_LO_SENDS = 1, /* never answered (unpaired ICMP): each direction is a flow */
	KEY_HI_SENDS = 2,
	KEY_PORTLESS = 4, /* the ports, or ICMP's type, were not seen */
	KEY_LANE = 8,     /* a tunnel's lane; aux = its number */
	KEY_SA = 16,      /* an SA that has no lane yet; aux = its SPI, and which side sends */
};

/* Both directions have the same key: (address, port) lo < hi bytewise.  48 bytes without holes, so that
 * it can be hashed and compared as bytes. */
struct key {
	struct ip lo, hi; /* frames without IP: the MAC addresses in the last six bytes */
	uint16_t lport, hport;
	uint16_t proto;
	uint8_t af;
	uint8_t kind; /* enum key_kind */
	uint32_t vrf;
	uint32_t aux; /* ICMP: type << 24 | code << 16 | id; LLC, unknown link: the packet's aux */
};
_Static_assert(sizeof(struct key) == 48, "a key has no holes");

/* Order the two ends, each with its port; the side that src is on then: 0 = lo, 1 = hi. */
static inline int
key_ends(struct key *k, const struct ip *src, const struct ip *dst, uint16_t sport, uint16_t dport)
{
	int c = ip_cmp(src, dst), side = c > 0 || (c == 0 && sport > dport);

	k->lo = side ? *dst : *src;
	k->hi = side ? *src : *dst;
	k->lport = side ? dport : sport;
	k->hport = side ? sport : dport;
	return (side);
}

/* MAC addresses in the place of addresses. */
struct ip key_mac(uint64_t mac);

/* The id of the flow of this key whose first packet came at `first`; `life` tells those apart that agree in all three
 * (0: there is one). */
uint64_t id_of_flow(const struct key *, int64_t first, uint64_t probe, uint64_t life);
/* The id of the tunnel that the key's lanes and SAs are of. */
uint64_t id_of_tunnel(const struct key *);
uint64_t id_of_probe(const void *name, size_t n);

/* --- columns */

/* The fields that ids of this formula are made of; ends with F_NONE. */
const uint16_t *id_needs(enum id_formula);

/* Rows of a batch, in order: those in `set`, numbered through `row` if that is not NULL. */
struct id_rows {
	const struct batch *b;
	const uint64_t *set;
	const uint32_t *row;
	uint32_t rows, n; /* of the set; members */
	uint64_t seed;    /* secret */
};

/* Which of the n values are not what their rows say: their places, in at[].  At most `most` are looked for: more of them
 * are one more. */
uint32_t id_others(enum id_formula, const struct id_rows *, const uint64_t *v, uint32_t *at, uint32_t most,
    struct arena *);
/* All n values, given those `others` of them.  true: each is what its own row says, and no row before it matters. */
bool id_fill(enum id_formula, const struct id_rows *, const uint32_t *at, const uint64_t *other, uint32_t others,
    uint64_t *v, struct arena *);

#endif

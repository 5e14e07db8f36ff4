/* SPDX-License-Identifier: BSD-2-Clause
 *
 * key.h: what makes a flow, and who began it (SEMANTICS 1.1, 1.2).
 */
#ifndef PROBE_KEY_H
#define PROBE_KEY_H

#include "probe/decode/packet.h"

#include <string.h>

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

static inline bool
key_equal(const struct key *a, const struct key *b)
{
	uint64_t x[6], y[6];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return (((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4]) | (x[5] ^ y[5])) == 0);
}

struct key_options {
	bool vlan; /* --key +vlan: VLAN ids are part of the key */
	bool gre;  /* --key +gre: so are the keys of GRE around a flow */
};

/* What --key +vlan mixes into a key's vrf: 12 bits each, above the low ones of a VNI. */
static inline uint32_t
key_vlans(uint16_t vlan, uint16_t ivlan)
{
	return ((vlan + 1u) << 8 ^ (ivlan + 1u) << 20);
}

/* Fills the key; returns the side that sent: 0 = lo, 1 = hi. */
int key_of(const struct packet *, const struct key_options *, struct key *);
/* The key of the packet that this one quotes, and the side that sent it; false: too little was quoted. */
bool key_quoted(const struct packet *, const struct key_options *, struct key *, int *side);
/* Does the key of this protocol have more than the addresses: ports, or ICMP's type? */
bool key_wants_ports(uint16_t proto);
/* The key of a fragment whose ports are not known. */
int key_portless(const struct packet *, const struct key_options *, struct key *);

enum dirq { DIRQ_FIRST = 1, DIRQ_PORT = 2, DIRQ_SEEN = 3 };

/* How sure a packet is about who began, and is it its sender? `first` packets may use ports (rule 2, 3). */
enum dirq key_initiator(const struct packet *, bool first, bool *sender);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * key.h: what makes a flow, and who began it (SEMANTICS 1.1, 1.2).
 */
#ifndef PROBE_KEY_H
#define PROBE_KEY_H

#include "format/base/wide.h"
#include "format/ids.h"
#include "probe/decode/packet.h"

#include <string.h>

static inline uint64_t
key_word(const struct key *k, int i)
{
	uint64_t x;

	memcpy(&x, (const uint8_t *)k + 8 * i, sizeof(x));
	return (x);
}

static inline bool
key_equal(const struct key *a, const struct key *b)
{
#define DIFFER(i) (key_word(a, i) ^ key_word(b, i))
	return ((DIFFER(0) | DIFFER(1) | DIFFER(2) | DIFFER(3) | DIFFER(4) | DIFFER(5)) == 0);
#undef DIFFER
}

#define KEY_REST 16 /* bytes behind the addresses */
_Static_assert(offsetof(struct key, lport) == 32 && sizeof(struct key) == 32 + KEY_REST, "addresses, and the rest");

/* The addresses of an IPv4 key as one word. */
static inline uint64_t
key_v4(const struct key *k)
{
	uint32_t a[2];
	uint64_t x;

	memcpy(&a[0], k->lo.b + 12, 4);
	memcpy(&a[1], k->hi.b + 12, 4);
	memcpy(&x, a, sizeof(x));
	return (x);
}

/* What tables hash keys with: as secret as the seed it is made of, so that nobody outside can aim collisions. */
struct key_secret {
	uint64_t word[8];
};
void key_secret(struct key_secret *, uint64_t seed);

/* Both halves of the product: a word that goes in changes all bits that come out. */
static inline uint64_t
key_fold(uint64_t a, uint64_t b)
{
	struct wide w = wide_mul(a, b);

	return (w.hi ^ w.lo);
}

/* `with`: what a table tells apart beside the keys, else 0. */
static inline uint32_t
key_hash(const struct key *k, const struct key_secret *s, uint64_t with)
{
#define FOLD(i) key_fold(key_word(k, i) ^ s->word[i], key_word(k, (i) + 1) ^ s->word[(i) + 1])
	uint64_t h = FOLD(0) ^ FOLD(2) ^ FOLD(4);
#undef FOLD

	return ((uint32_t)key_fold(h ^ s->word[6], with ^ s->word[7]));
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

/* What a key has beside the addresses; ports: either of them. */
enum key_form {
	FORM_ADDRESSES, /* nothing */
	FORM_PORTS,
	FORM_TYPE,      /* ICMP: aux */
	FORM_SAP,       /* aux: LLC's SAPs, an unknown link */
};

static inline enum key_form
key_form(uint16_t proto, uint8_t kind, uint32_t aux, uint32_t ports)
{
	if (kind == KEY_PORTLESS)
		return (FORM_ADDRESSES);
	switch (proto) {
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return (FORM_TYPE);
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_SCTP:
	case PROTO_DCCP:
	case PROTO_UDPLITE:
		return (FORM_PORTS);
	default:
		if (aux != 0 && (kind & (KEY_LANE | KEY_SA)) == 0)
			return (FORM_SAP);
		return (ports == 0 ? FORM_ADDRESSES : FORM_PORTS); /* UDP-encapsulated ESP */
	}
}

/* Of packets with TTL, TOS and fragments? */
static inline bool
key_is_ip(uint8_t af, uint16_t proto)
{
	return (af != 0 && proto != PROTO_ARP);
}

/* Of a tunnel whose flows are its lanes? */
static inline bool
key_is_tunnel(uint16_t proto)
{
	return (proto == PROTO_ESP || proto == PROTO_AH);
}

/* The tunnel's own, without lane or SA. */
static inline struct key
key_tunnel(const struct key *k)
{
	struct key tunnel = *k;

	tunnel.kind = 0;
	tunnel.aux = 0;
	return (tunnel);
}

/* Addresses and ports in their order, and what else all keys have; the caller says kind and aux. */
static inline int
key_canonical(const struct packet *p, const struct ip *src, const struct ip *dst, uint16_t sport, uint16_t dport,
    const struct key_options *o, struct key *k)
{
	int side = key_ends(k, src, dst, sport, dport);

	k->proto = p->proto;
	k->af = p->af;
	k->vrf = o->gre ? p->keyed_vrf : p->vrf;
	if (o->vlan)
		k->vrf ^= key_vlans(p->vlan, p->ivlan);
	return (side);
}

/* ICMP, frames without IP, ports that were not seen. */
int key_of_other(const struct packet *, const struct key_options *, struct key *);

/* Fills the key; returns the side that sent: 0 = lo, 1 = hi. */
static inline int
key_of(const struct packet *p, const struct key_options *o, struct key *k)
{
	if (p->af == 0 || (p->facts & (FACT_PORTS | FACT_SPI)) == 0 || p->facts & FACT_ICMP)
		return (key_of_other(p, o, k));
	k->kind = 0;
	k->aux = p->aux;
	return (key_canonical(p, &p->src, &p->dst, p->sport, p->dport, o, k));
}

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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * route.c: pairs of addresses, and datagrams that say more.
 */
#include "probe/route.h"

#include "format/base/hash.h"

#include <string.h>

void
route_init(struct route *r, unsigned engines, uint32_t max_frags, const struct key_options *key, bool ah_inner, uint64_t seed)
{
	*r = (struct route){ .engines = engines, .key = key, .ah_inner = ah_inner, .frags = frags_new(max_frags, seed) };
}

void
route_free(struct route *r)
{
	frags_free(&r->frags);
}

static uint64_t
mixed(const struct ip *a)
{
	uint64_t x[2];

	memcpy(x, a, sizeof(x));
	x[0] = (x[0] ^ x[1] * 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull;
	return (x[0] ^ x[0] >> 32);
}

/* The same for both directions. */
static unsigned
of_pair(const struct route *r, const struct ip *a, const struct ip *b)
{
	uint64_t h = (mixed(a) + mixed(b)) * 0x94d049bb133111ebull;

	return ((unsigned)((h >> 32) * r->engines >> 32));
}

static unsigned
of_macs(const struct route *r, uint64_t a, uint64_t b)
{
	uint64_t h = ((a ^ b) * 0x9e3779b97f4a7c15ull ^ (a + b)) * 0xbf58476d1ce4e5b9ull;

	return ((unsigned)((h >> 32) * r->engines >> 32));
}

static unsigned
of_key(const struct route *r, const struct key *k)
{
	return (key_is_tunnel(k->proto) ? ROUTE_TUNNELS : of_pair(r, &k->lo, &k->hi));
}

static bool
is_tunnel(const struct packet *p)
{
	return (p->proto == PROTO_ESP || p->proto == PROTO_AH);
}

unsigned
route_packet(const struct route *r, const struct packet *p)
{
	if (is_tunnel(p))
		return (ROUTE_TUNNELS);
	if (p->af == 0 && p->facts & FACT_MAC)
		return (of_macs(r, p->smac, p->dmac));
	return (of_pair(r, &p->src, &p->dst));
}

unsigned
route_quoted(const struct route *r, const struct packet *p)
{
	struct key k;
	int side;

	return (key_quoted(p, r->key, &k, &side) ? of_key(r, &k) : r->engines);
}

/* --- fragments */

bool
route_follows(const struct route *r, const struct packet *p)
{
	if (p->frag.inner)
		return (true);
	switch (p->proto) {
	case PROTO_TCP:
	case PROTO_ICMP:
	case PROTO_ICMP6:
	case PROTO_SCTP:
	case PROTO_DCCP:
	case PROTO_UDPLITE:
		return (false); /* its addresses say it */
	case PROTO_ESP:
		return ((p->facts & FACT_PORTS) != 0); /* the others are UDP */
	case PROTO_AH:
		return (r->ah_inner);
	default:
		return (true);
	}
}

/* Nobody asks what becomes of datagrams here. */
static void
tidy(struct route *r, int64_t now)
{
	struct frag_outcome o;

	while (frags_timeout_due(r->frags) <= now)
		frags_timeout(r->frags);
	while (frags_outcome(r->frags, &o))
		;
}

bool
route_fragment(struct route *r, const struct packet *p, int64_t now, uint32_t order, unsigned *to)
{
	struct frag_piece piece;

	tidy(r, now);
	frags_order(r->frags, order);
	r->first = p->frag.off == 0;
	if (!r->first && frags_orphaned(r->frags, p)) { /* nobody waits here again: the engine knows them */
		*to = route_packet(r, p);
		return (true);
	}
	if (!frags_packet(r->frags, p, r->key, now, false, &piece))
		return (false);
	*to = of_key(r, &piece.key);
	return (true);
}

bool
route_waited(struct route *r, struct route_piece *out)
{
	struct frag_piece p;

	if (!r->first || !frags_release(r->frags, &p))
		return (false);
	*out = (struct route_piece){ p.packet, p.came, p.order, of_key(r, &p.key) };
	return (true);
}

bool
route_gave_up(struct route *r, int64_t now, struct route_piece *out)
{
	struct frag_piece p;

	if (!frags_take(r->frags, r->orphan, &p)) {
		r->orphan = 0;
		if (frags_hold_due(r->frags) > now || !frags_expire(r->frags, r->key, &p))
			return (false);
		frags_settled(r->frags, &p, &(struct frag_home){ .side = 0 });
		r->orphan = p.datagram;
	}
	*out = (struct route_piece){ p.packet, p.came, p.order, route_packet(r, p.packet) };
	return (true);
}

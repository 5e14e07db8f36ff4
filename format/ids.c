/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ids.c: ids from keys, keys from rows, and which ids do not follow from their rows.
 */
#include "format/ids.h"

#include "format/base/hash.h"
#include "format/dictionary.h"

#include <endian.h>
#include <string.h>

enum { ICMP = 1, TCP = 6, UDP = 17, DCCP = 33, ESP = 50, AH = 51, ICMP6 = 58, SCTP = 132, UDPLITE = 136 };

/* --- ids */

struct ip
key_mac(uint64_t mac)
{
	struct ip ip = { { 0 } };

	for (int i = 0; i < 6; i++)
		ip.b[15 - i] = (uint8_t)(mac >> (8 * i));
	return (ip);
}

/* As it lies in memory, on every machine; `af` tells the addresses of IPv4 and IPv6 apart. */
static inline void
little(const struct key *k, struct key *l)
{
	l->lo = ip_mapped(&k->lo);
	l->hi = ip_mapped(&k->hi);
	l->lport = htole16(k->lport);
	l->hport = htole16(k->hport);
	l->proto = htole16(k->proto);
	l->af = k->af;
	l->kind = k->kind;
	l->vrf = htole32(k->vrf);
	l->aux = htole32(k->aux);
}

uint64_t
id_of_flow(const struct key *k, int64_t first, uint64_t probe, uint64_t life)
{
	struct {
		struct key key;
		uint64_t first, probe;
	} of;

	little(k, &of.key);
	of.first = htole64((uint64_t)first);
	of.probe = htole64(probe);
	return (hash64(&of, sizeof(of), life));
}

uint64_t
id_of_tunnel(const struct key *k)
{
	struct key tunnel;

	little(k, &tunnel);
	tunnel.kind = 0;
	tunnel.aux = 0;
	return (hash64(&tunnel, sizeof(tunnel), 0));
}

uint64_t
id_of_probe(const void *name, size_t n)
{
	return (hash64(n == 0 ? "" : name, n, 0));
}

/* --- the key of a row */

#define KEY_NEEDS F_proto, F_saddr, F_daddr, F_sport, F_dport, F_vrf, F_smac, F_dmac
static const uint16_t flow_needs[] = { KEY_NEEDS, F_flags, F_stime, F_probe, F_sap, F_icmptype, F_icmpcode, F_icmpid,
	F_lane, F_NONE };
static const uint16_t tunnel_needs[] = { KEY_NEEDS, F_NONE };

const uint16_t *
id_needs(enum id_formula formula)
{
	return (formula == ID_FLOW ? flow_needs : tunnel_needs);
}

/* What the probe had when it made the flow's key, as far as the record says it; the side of the source. */
static int
addresses_of(const struct batch *b, uint32_t r, struct key *k)
{
	static const struct ip none;
	bool ips = column_has(b->col[F_saddr], r), both = ips && column_has(b->col[F_daddr], r);
	struct ip src, dst;

	if (ips) {
		src = b->col[F_saddr]->ip[r];
		dst = both ? b->col[F_daddr]->ip[r] : none;
		k->af = ip_is4(&src) && ip_is4(&dst) ? 4 : 6;
	} else {
		src = key_mac(batch_u64(b, F_smac, r));
		dst = key_mac(batch_u64(b, F_dmac, r));
		k->af = 0;
	}
	return (key_ends(k, &src, &dst, (uint16_t)batch_u64(b, F_sport, r), (uint16_t)batch_u64(b, F_dport, r)));
}

static void
tunnel_key(const struct batch *b, uint32_t r, struct key *k)
{
	(void)addresses_of(b, r, k);
	k->proto = (uint16_t)batch_u64(b, F_proto, r);
	k->vrf = (uint32_t)batch_u64(b, F_vrf, r);
	k->kind = 0;
	k->aux = 0;
}

static void
flow_key(const struct batch *b, uint32_t r, struct key *k)
{
	int side = addresses_of(b, r, k);

	k->proto = (uint16_t)batch_u64(b, F_proto, r);
	k->vrf = (uint32_t)batch_u64(b, F_vrf, r);
	k->kind = 0;
	k->aux = 0;
	switch (k->proto) {
	case ICMP:
	case ICMP6:
		if (!column_has(b->col[F_icmptype], r)) {
			k->kind = KEY_PORTLESS;
			return;
		}
		k->aux = (uint32_t)batch_u64(b, F_icmptype, r) << 24;
		if (column_has(b->col[F_icmpid], r)) {
			k->aux |= batch_u64(b, F_icmpid, r) & 0xffff;
		} else {
			k->aux |= (uint32_t)(batch_u64(b, F_icmpcode, r) & 0xff) << 16;
			k->kind = side == 0 ? KEY_LO_SENDS : KEY_HI_SENDS;
		}
		return;
	case TCP:
	case UDP:
	case DCCP:
	case SCTP:
	case UDPLITE:
		if (!column_has(b->col[F_sport], r))
			k->kind = KEY_PORTLESS;
		return;
	case ESP:
	case AH:
		if (column_has(b->col[F_lane], r)) {
			k->kind = KEY_LANE;
			k->aux = (uint32_t)batch_u64(b, F_lane, r);
		}
		return;
	default:
		k->aux = (uint32_t)batch_u64(b, F_sap, r);
		return;
	}
}

/* --- the ids of rows */

struct seen { /* the last id of the rows of a key */
	uint64_t key, id;
};

struct guesses {
	enum id_formula formula;
	const struct batch *b;
	bool later;        /* rows that do not begin their flow are among them */
	struct blob name;  /* of a probe, and its hash */
	uint64_t probe;
	bool one_probe;    /* in all rows */
	uint64_t multiplier;
	struct seen *seen; /* by key; key 0: empty */
	uint32_t mask;
};

static bool
begins(const struct batch *b, uint32_t r)
{
	return ((batch_u64(b, F_flags, r) & RFLAGS_start) != 0);
}

/* Do all rows? */
static bool
all_begin(const struct id_rows *x)
{
	const struct dense *one = x->b->dense[F_flags];

	if (one != NULL && dense_is_one(one))
		return ((narrow_at(&one->num, 0) & RFLAGS_start) != 0);
	for (size_t r = bits_next(x->set, 0, x->rows); r < x->rows; r = bits_next(x->set, r + 1, x->rows))
		if (!begins(x->b, x->row == NULL ? (uint32_t)r : x->row[r]))
			return (false);
	return (true);
}

static void
guesses_init(struct guesses *g, enum id_formula formula, const struct id_rows *x, struct arena *arena)
{
	uint32_t slots = 64;

	*g = (struct guesses){ .formula = formula, .b = x->b, .multiplier = x->seed | 1, .probe = id_of_probe("", 0) };
	g->later = formula != ID_FLOW || !all_begin(x);
	if (!g->later)
		return;
	while (slots < 2 * x->n)
		slots *= 2;
	g->mask = slots - 1;
	g->seen = arena_zero(arena, slots * sizeof(*g->seen));
}

static inline uint64_t
probe_of(struct guesses *g, uint32_t r)
{
	const struct column *c = g->b->col[F_probe];
	const struct dense *d = g->b->dense[F_probe];
	struct blob name = { NULL, 0 };

	if (g->one_probe)
		return (g->probe);
	g->one_probe = d != NULL && dense_is_one(d);
	if (column_has(c, r))
		name = c->b[r];
	if (name.n != g->name.n || (name.n > 0 && name.p != g->name.p && memcmp(name.p, g->name.p, name.n) != 0)) {
		g->name = name;
		g->probe = id_of_probe(name.p, name.n);
	}
	return (g->probe);
}

/* The id of a row that begins its flow, by far the most of them: TCP or UDP over IPv4, with ports.  false: it is another one.  As
 * flow_key() and id_of_flow(), on numbers. */
static bool
usual_id(struct guesses *g, uint32_t r, uint64_t *id)
{
	const struct batch *b = g->b;
	const struct column *from = b->col[F_saddr], *to = b->col[F_daddr], *sport = b->col[F_sport];
	uint64_t proto = batch_u64(b, F_proto, r), w[8], s, d, sp, dp;

	if ((proto != TCP && proto != UDP) || !column_has(sport, r) || !column_has(from, r) || !column_has(to, r) ||
	    !ip_is4(&from->ip[r]) || !ip_is4(&to->ip[r]))
		return (false);
	s = ip_number(&from->ip[r]);
	d = ip_number(&to->ip[r]);
	sp = sport->u[r] & 0xffff;
	dp = batch_u64(b, F_dport, r) & 0xffff;
	if (s > d || (s == d && sp > dp)) {
		uint64_t t = s;

		s = d;
		d = t;
		t = sp;
		sp = dp;
		dp = t;
	}
	w[0] = w[2] = 0;
	w[1] = htobe64(0xffffull << 32 | s); /* as ip_mapped() */
	w[3] = htobe64(0xffffull << 32 | d);
	w[4] = htole64(sp | dp << 16 | proto << 32 | 4ull << 48);
	w[5] = htole64((uint32_t)batch_u64(b, F_vrf, r));
	w[6] = htole64(batch_u64(b, F_stime, r));
	w[7] = htole64(probe_of(g, r));
	*id = hash64(w, sizeof(w), 0);
	return (true);
}

/* Where the last id of rows with this key stands. */
static struct seen *
look(const struct guesses *g, uint64_t key)
{
	uint32_t s = (uint32_t)((key ^ key >> 32) * g->multiplier >> 40) & g->mask;

	while (g->seen[s].key != 0 && g->seen[s].key != key)
		s = (s + 1) & g->mask;
	return (&g->seen[s]);
}

/* The id that follows from the row and those before it; `last`: where the one that it has is to be put. */
static uint64_t
guess(struct guesses *g, uint32_t r, struct seen **last)
{
	const struct batch *b = g->b;
	uint64_t probe = 0, name;
	struct key k;

	*last = NULL;
	if (!g->later && usual_id(g, r, &name))
		return (name);
	if (g->formula == ID_TUNNEL) {
		tunnel_key(b, r, &k);
		name = id_of_tunnel(&k);
	} else {
		flow_key(b, r, &k);
		probe = probe_of(g, r);
		if (!g->later)
			return (id_of_flow(&k, (int64_t)batch_u64(b, F_stime, r), probe, 0));
		name = id_of_flow(&k, 0, probe, 0);
	}
	*last = look(g, name | (name == 0));
	if ((*last)->key != 0 && (g->formula == ID_TUNNEL || !begins(b, r)))
		return ((*last)->id);
	(*last)->key = name | (name == 0);
	return (g->formula == ID_TUNNEL ? name : id_of_flow(&k, (int64_t)batch_u64(b, F_stime, r), probe, 0));
}

uint32_t
id_others(enum id_formula formula, const struct id_rows *x, const uint64_t *v, uint32_t *at, uint32_t most,
    struct arena *arena)
{
	struct guesses g;
	struct seen *last;
	uint32_t i = 0, n = 0;

	guesses_init(&g, formula, x, arena);
	for (size_t r = bits_next(x->set, 0, x->rows); r < x->rows; r = bits_next(x->set, r + 1, x->rows), i++) {
		if (guess(&g, x->row == NULL ? (uint32_t)r : x->row[r], &last) != v[i]) {
			if (n == most)
				return (n + 1);
			at[n++] = i;
		}
		if (last != NULL)
			last->id = v[i];
	}
	return (n);
}

bool
id_fill(enum id_formula formula, const struct id_rows *x, const uint32_t *at, const uint64_t *other, uint32_t others,
    uint64_t *v, struct arena *arena)
{
	struct guesses g;
	struct seen *last;
	uint32_t i = 0, n = 0;

	guesses_init(&g, formula, x, arena);
	for (size_t w = 0; w < BITS_WORDS(x->rows); w++)
		for (uint64_t bits = x->set[w]; bits != 0; bits &= bits - 1, i++) {
			uint32_t r = (uint32_t)w * 64 + (uint32_t)__builtin_ctzll(bits);

			v[i] = guess(&g, x->row == NULL ? r : x->row[r], &last);
			if (n < others && at[n] == i)
				v[i] = other[n++];
			if (last != NULL)
				last->id = v[i];
		}
	return (others == 0 && (formula == ID_TUNNEL || !g.later));
}

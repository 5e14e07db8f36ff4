/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel.c: pairing SAs into lanes.
 */
#include "probe/tunnel/tunnel.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define LANES_MAX    4096 /* of a tunnel; beyond, an SA joins LANE_REST */
#define WAITING_MAX  1024 /* undecided SAs of a tunnel; beyond, the same */
#define LANES_LOOKED 64   /* the most recently active ones are considered */
#define PAIRS_MAX    1024 /* undecided SAs x vacant lanes compared by their activity */
#define AFTER        (10 * SEC) /* an SA that still sends so long after its successor began, */
#define AFTER_MOST   16         /* so many packets, was not replaced */
#define IKE_BEFORE   (10 * SEC)

struct tunnels *
tunnels_new(uint32_t max, bool no_lanes, uint64_t seed)
{
	struct tunnels *t = mem_zero(1, sizeof(*t));

	t->wake = INT64_MIN;
	pool_init(&t->sas, sizeof(struct sa), max);
	pool_init(&t->lanes, sizeof(struct lane), max);
	pool_init(&t->tunnels, sizeof(struct tunnel), max);
	slots_init(&t->by_sa, 4096);
	slots_init(&t->by_tunnel, 4096);
	ikes_init(&t->ikes, seed);
	kins_init(&t->kins, &t->sas, &t->tunnels, seed);
	key_secret(&t->secret, seed);
	t->no_lanes = no_lanes;
	return (t);
}

void
tunnels_free(struct tunnels **pt)
{
	struct tunnels *t = *pt;

	if (t == NULL)
		return;
	pool_free(&t->sas);
	pool_free(&t->lanes);
	pool_free(&t->tunnels);
	slots_free(&t->by_sa);
	slots_free(&t->by_tunnel);
	ikes_free(&t->ikes);
	kins_free(&t->kins);
	free(t);
	*pt = NULL;
}

uint32_t
tunnels_count(const struct tunnels *t)
{
	return (t->sas.used);
}

void
tunnels_ike(struct tunnels *t, const struct packet *p, int side, const struct key *k, int64_t now)
{
	ikes_note(&t->ikes, p, side, k, now);
}

/* --- tunnels */

struct wanted {
	const struct tunnels *t;
	const struct key *key;
	uint32_t spi;
	int side;
};

static bool
same_tunnel(const void *arg, uint32_t n)
{
	const struct wanted *w = arg;

	return (key_equal(&tunnel_at(w->t, n)->key, w->key));
}

static uint32_t
find_tunnel(const struct tunnels *t, const struct key *k)
{
	struct wanted w = { t, k, 0, 0 };

	return (slots_find(&t->by_tunnel, key_hash(k, &t->secret, 0), same_tunnel, &w));
}

static uint32_t
new_tunnel(struct tunnels *t, const struct key *k, int side)
{
	uint32_t n = pool_get(&t->tunnels);
	struct tunnel *u = tunnel_at(t, n);
	const struct ike *i = ikes_find(&t->ikes, k);

	memset(u, 0, sizeof(*u));
	u->key = *k;
	u->hash = key_hash(k, &t->secret, 0);
	u->src = (uint8_t)side;
	u->dirq = DIRQ_FIRST;
	if (i != NULL && i->side < 2) {
		u->src = i->side;
		u->dirq = DIRQ_SEEN;
	}
	slots_add(&t->by_tunnel, u->hash, n);
	return (n);
}

/* --- lanes */

static void
lane_unlink(struct tunnels *t, struct tunnel *u, struct lane *l)
{
	*(l->prev != 0 ? &lane_at(t, l->prev)->next : &u->lane_head) = l->next;
	*(l->next != 0 ? &lane_at(t, l->next)->prev : &u->lane_tail) = l->prev;
}

static void
lane_front(struct tunnels *t, struct tunnel *u, uint32_t n)
{
	struct lane *l = lane_at(t, n);

	l->prev = 0;
	l->next = u->lane_head;
	*(u->lane_head != 0 ? &lane_at(t, u->lane_head)->prev : &u->lane_tail) = n;
	u->lane_head = n;
}

static uint32_t
new_lane(struct tunnels *t, uint32_t tunnel)
{
	struct tunnel *u = tunnel_at(t, tunnel);
	uint32_t n = pool_get(&t->lanes);
	struct lane *l = lane_at(t, n);

	memset(l, 0, sizeof(*l));
	l->tunnel = tunnel;
	l->number = u->next_number;
	l->heard[0] = l->heard[1] = INT64_MIN;
	if (u->next_number < LANE_REST - 1)
		u->next_number++;
	u->nlanes++;
	lane_front(t, u, n);
	return (n);
}

static uint32_t
rest_lane(struct tunnels *t, uint32_t tunnel)
{
	struct tunnel *u = tunnel_at(t, tunnel);

	if (u->rest == 0) {
		u->rest = pool_get(&t->lanes);
		memset(lane_at(t, u->rest), 0, sizeof(struct lane));
		lane_at(t, u->rest)->tunnel = tunnel;
		lane_at(t, u->rest)->number = LANE_REST;
	}
	return (u->rest);
}

static void
leave_lane(struct tunnels *t, uint32_t n)
{
	struct sa *x = sa_at(t, n);
	struct lane *l = lane_at(t, x->lane);
	struct tunnel *u = tunnel_at(t, l->tunnel);

	if (l->cur[x->side] == n)
		l->cur[x->side] = 0;
	if (--l->sas > 0)
		return;
	if (x->lane == u->rest) {
		u->rest = 0;
	} else {
		lane_unlink(t, u, l);
		u->nlanes--;
	}
	pool_put(&t->lanes, x->lane);
}

static void
join_lane(struct tunnels *t, uint32_t n, uint32_t lane)
{
	sa_at(t, n)->lane = lane;
	lane_at(t, lane)->sas++;
}

/* --- SAs */

static bool
same_sa(const void *arg, uint32_t n)
{
	const struct wanted *w = arg;
	return (sa_is(sa_at(w->t, n), w->key, w->side, w->spi));
}

static void
old_append(struct tunnels *t, uint32_t n)
{
	struct sa *x = sa_at(t, n);

	t->wake = INT64_MIN;
	x->old_next = 0;
	x->old_prev = t->old_tail;
	*(t->old_tail != 0 ? &sa_at(t, t->old_tail)->old_next : &t->old_head) = n;
	t->old_tail = n;
}

static void
old_unlink(struct tunnels *t, struct sa *x)
{
	*(x->old_prev != 0 ? &sa_at(t, x->old_prev)->old_next : &t->old_head) = x->old_next;
	*(x->old_next != 0 ? &sa_at(t, x->old_next)->old_prev : &t->old_tail) = x->old_prev;
}

static bool
before(const struct sa *a, const struct sa *b)
{
	if (a->first != b->first)
		return (a->first < b->first);
	return (a->side != b->side ? a->side < b->side : a->spi < b->spi);
}

/* Into the queue of the undecided; those that came at the same time are few. */
static void
wait_insert(struct tunnels *t, uint32_t n)
{
	struct sa *x = sa_at(t, n);
	struct tunnel *u = tunnel_at(t, x->tunnel);
	uint32_t after = t->wait_tail;

	while (after != 0 && before(x, sa_at(t, after)))
		after = sa_at(t, after)->wait_prev;
	x->wait_prev = after;
	x->wait_next = after != 0 ? sa_at(t, after)->wait_next : t->wait_head;
	*(after != 0 ? &sa_at(t, after)->wait_next : &t->wait_head) = n;
	*(x->wait_next != 0 ? &sa_at(t, x->wait_next)->wait_prev : &t->wait_tail) = n;
	u->waiting++;
}

static void
wait_remove(struct tunnels *t, uint32_t n)
{
	struct sa *x = sa_at(t, n);
	struct tunnel *u = tunnel_at(t, x->tunnel);

	t->wake = INT64_MIN;
	*(x->wait_prev != 0 ? &sa_at(t, x->wait_prev)->wait_next : &t->wait_head) = x->wait_next;
	*(x->wait_next != 0 ? &sa_at(t, x->wait_next)->wait_prev : &t->wait_tail) = x->wait_prev;
	u->waiting--;
}

static uint32_t
new_sa(struct tunnels *t, const struct key *k, int side, uint32_t spi, uint32_t seq, uint32_t hash, int64_t now,
    int64_t ts)
{
	uint32_t n = pool_get(&t->sas), tunnel = find_tunnel(t, k);
	struct sa *x = sa_at(t, n);
	struct tunnel *u;

	memset(x, 0, offsetof(struct sa, seq));
	seqno_init(&x->seq, 32);
	x->known = tunnel != 0;
	if (tunnel == 0)
		tunnel = new_tunnel(t, k, side);
	u = tunnel_at(t, tunnel);
	x->key = *k;
	x->spi = spi;
	x->hash = hash;
	x->side = (uint8_t)side;
	x->tunnel = tunnel;
	x->first = x->last = x->checked = now;
	x->born = ts;
	x->first_seq = seq;
	x->slot = now / TUNNEL_SLOT;
	x->next = u->sa_head;
	if (u->sa_head != 0)
		sa_at(t, u->sa_head)->prev = n;
	u->sa_head = n;
	u->nsa[side]++;
	slots_add(&t->by_sa, hash, n);
	kins_add(&t->kins, n, seq, now);
	old_append(t, n);
	if (u->waiting >= WAITING_MAX || (u->nlanes >= LANES_MAX && !t->no_lanes))
		join_lane(t, n, rest_lane(t, tunnel));
	else
		wait_insert(t, n);
	return (n);
}

static void
note_activity(struct sa *x, int64_t now)
{
	int64_t d = now / TUNNEL_SLOT - x->slot;

	if (d > 0) {
		x->active = d < 64 ? x->active << d : 0;
		x->slot += d;
		d = 0;
	}
	if (d > -64)
		x->active |= 1ull << -d;
}

/* An SA that was replaced and goes on all the same gets a lane of its own. */
static void
check_replaced(struct tunnels *t, uint32_t n, int64_t now)
{
	struct sa *x = sa_at(t, n);
	uint32_t lane;

	if (now < x->replaced + AFTER || ++x->after < AFTER_MOST)
		return;
	x->replaced = 0;
	lane = new_lane(t, x->tunnel);
	if (lane == 0)
		return;
	leave_lane(t, n);
	join_lane(t, n, lane);
	lane_at(t, lane)->cur[x->side] = n;
	lane_at(t, lane)->conf = 1;
	x->conf = 1;
	x->home.flow = 0;
}

uint32_t
tunnels_sa(struct tunnels *t, const struct key *k, int side, uint32_t spi, uint32_t seq, uint32_t hash, int64_t now,
    int64_t ts)
{
	struct wanted w = { t, k, spi, side };
	uint32_t n = slots_find(&t->by_sa, hash, same_sa, &w);

	return (n != 0 ? n : new_sa(t, k, side, spi, seq, hash, now, ts));
}

void
tunnels_mark(struct tunnels *t, uint32_t n, int64_t now)
{
	if (sa_at(t, n)->replaced != 0)
		check_replaced(t, n, now);
	note_activity(sa_at(t, n), now);
}

void
tunnels_front(struct tunnels *t, const struct sa *x)
{
	struct tunnel *u = tunnel_at(t, x->tunnel);

	if (x->lane == u->rest)
		return;
	lane_unlink(t, u, lane_at(t, x->lane));
	lane_front(t, u, x->lane);
}

bool
tunnels_leave(struct tunnels *t, uint32_t n)
{
	return (kins_leave(&t->kins, n));
}

uint32_t
tunnels_only(struct tunnels *t, const struct key *k, int side, int64_t now)
{
	uint32_t tunnel = find_tunnel(t, k), only = 0;

	if (tunnel == 0)
		return (0);
	for (uint32_t n = tunnel_at(t, tunnel)->sa_head, i = 0; n != 0 && i < LANES_LOOKED; n = sa_at(t, n)->next, i++) {
		const struct sa *x = sa_at(t, n);

		if (x->side != side || now - x->last > TUNNEL_RECENT)
			continue;
		if (only != 0)
			return (0);
		only = n;
	}
	return (only);
}

uint32_t
tunnels_first(const struct tunnels *t)
{
	return (t->old_head);
}

uint32_t
tunnels_find(const struct tunnels *t, const struct key *k, int side, uint32_t spi)
{
	struct wanted w = { t, k, spi, side };

	return (slots_find(&t->by_sa, tunnels_hash(t, k, side, spi), same_sa, &w));
}

/* --- which lane */

struct choice {
	uint32_t lane;
	uint32_t candidates;
	int64_t score;
};

/* Lower score wins; then the lower lane. */
static void
consider(const struct tunnels *t, struct choice *c, uint32_t lane, int64_t score)
{
	c->candidates++;
	if (c->lane == 0 || score < c->score ||
	    (score == c->score && lane_at(t, lane)->number < lane_at(t, c->lane)->number)) {
		c->lane = lane;
		c->score = score;
	}
}

/* Its SA of x's side fell silent when x began. */
static bool
fell_silent(const struct tunnels *t, const struct lane *l, const struct sa *x)
{
	const struct sa *old;

	if (l->cur[x->side] == 0)
		return (false);
	old = sa_at(t, l->cur[x->side]);
	return (old->last <= x->first + TUNNEL_OVERLAP && old->last >= x->first - TUNNEL_RECENT &&
	    old->first < x->first);
}

/* The other side was rekeyed already and waits for x's side. */
static bool
peer_waits(const struct tunnels *t, const struct lane *l, const struct sa *x)
{
	const struct sa *peer;
	int64_t d;

	if (l->cur[1 - x->side] == 0)
		return (false);
	peer = sa_at(t, l->cur[1 - x->side]);
	d = peer->first - x->first;
	return (peer->first > sa_at(t, l->cur[x->side])->first && (d < 0 ? -d : d) <= TUNNEL_PAIR);
}

static bool
vacant(const struct tunnels *t, const struct lane *l, const struct sa *x)
{
	return (l->cur[x->side] == 0 && l->cur[1 - x->side] != 0 &&
	    sa_at(t, l->cur[1 - x->side])->last >= x->first - TUNNEL_VACANT);
}

static struct choice
successor(const struct tunnels *t, const struct sa *x)
{
	const struct tunnel *u = tunnel_at(t, x->tunnel);
	struct choice waits = { 0 }, any = { 0 };
	uint32_t n = u->lane_head;

	for (int i = 0; n != 0 && i < LANES_LOOKED; n = lane_at(t, n)->next, i++) {
		const struct lane *l = lane_at(t, n);

		if (!fell_silent(t, l, x))
			continue;
		consider(t, &any, n, -sa_at(t, l->cur[x->side])->last);
		if (peer_waits(t, l, x))
			consider(t, &waits, n, -sa_at(t, l->cur[x->side])->last);
	}
	return (waits.lane != 0 ? waits : any);
}

static struct choice
half_open(const struct tunnels *t, const struct sa *x)
{
	const struct tunnel *u = tunnel_at(t, x->tunnel);
	struct choice c = { 0 };
	uint32_t n = u->lane_head;

	for (int i = 0; n != 0 && i < LANES_LOOKED; n = lane_at(t, n)->next, i++) {
		int64_t d;

		if (!vacant(t, lane_at(t, n), x))
			continue;
		d = sa_at(t, lane_at(t, n)->cur[1 - x->side])->first - x->first;
		consider(t, &c, n, d < 0 ? -d : d);
	}
	return (c);
}

/* How alike two SAs were active from `from` on, for TUNNEL_HOLD: shared slots / all slots, in 1/10000. */
static uint32_t
likeness(const struct sa *a, const struct sa *b, int64_t from)
{
	unsigned both = 0, any = 0;

	for (int64_t s = from / TUNNEL_SLOT; s < from / TUNNEL_SLOT + TUNNEL_HOLD / TUNNEL_SLOT; s++) {
		int64_t i = a->slot - s, j = b->slot - s;
		bool x = i >= 0 && i < 64 && (a->active >> i & 1), y = j >= 0 && j < 64 && (b->active >> j & 1);

		both += x && y;
		any += x || y;
	}
	return (any == 0 ? 0 : both * 10000 / any);
}

/* Several half-open lanes and nothing but timing to tell: the most alike first, for all undecided SAs of
 * this side at once, so that one does not take another's partner. */
static void
plan_by_activity(struct tunnels *t, const struct sa *x)
{
	const struct tunnel *u = tunnel_at(t, x->tunnel);
	uint32_t sa[LANES_LOOKED], lane[LANES_LOOKED], nsa = 0, nlane = 0;
	bool taken[LANES_LOOKED] = { false };

	for (uint32_t n = u->sa_head; n != 0 && nsa < LANES_LOOKED; n = sa_at(t, n)->next)
		if (sa_at(t, n)->lane == 0 && sa_at(t, n)->side == x->side && sa_at(t, n)->first_seq > TUNNEL_FRESH)
			sa[nsa++] = n;
	for (uint32_t n = u->lane_head; n != 0 && nlane < LANES_LOOKED; n = lane_at(t, n)->next)
		if (vacant(t, lane_at(t, n), x))
			lane[nlane++] = n;
	if (nsa * nlane > PAIRS_MAX)
		return;
	for (uint32_t round = 0; round < nsa && round < nlane; round++) {
		uint32_t best = 0, second = 0, bi = 0, bj = 0;

		for (uint32_t i = 0; i < nsa; i++)
			for (uint32_t j = 0; j < nlane && sa_at(t, sa[i])->plan == 0; j++) {
				uint32_t v;

				if (taken[j])
					continue;
				v = 1 + likeness(sa_at(t, sa[i]), sa_at(t, lane_at(t, lane[j])->cur[1 - x->side]),
				    sa_at(t, sa[i])->first);
				if (v > best) {
					second = best;
					best = v;
					bi = i;
					bj = j;
				} else if (v > second) {
					second = v;
				}
			}
		if (best == 0)
			return;
		sa_at(t, sa[bi])->plan = lane[bj];
		taken[bj] = true;
		sa_at(t, sa[bi])->plan_conf = best >= 2 * second ? 2 : 1;
	}
}

/* --- deciding */

static bool
ike_made(const struct tunnels *t, const struct sa *x)
{
	const struct ike *i = ikes_find(&t->ikes, &x->key);

	return (i != NULL && i->made >= x->first - IKE_BEFORE && i->made <= x->first);
}

struct verdict {
	uint32_t lane; /* 0: a new one */
	uint8_t conf;
	bool rekey;
};

/* SEMANTICS 2.3, line by line. */
static struct verdict
judge(struct tunnels *t, struct sa *x)
{
	struct choice c = successor(t, x), v;

	if (x->first_seq <= TUNNEL_FRESH && c.lane != 0)
		return ((struct verdict){ c.lane, c.candidates == 1 ? 2 : 1, true });
	v = half_open(t, x);
	if (v.lane != 0 && v.candidates == 1)
		return ((struct verdict){ v.lane, 2, false });
	if (v.lane != 0 && x->first_seq <= TUNNEL_FRESH)
		return ((struct verdict){ v.lane, 1, false });
	if (v.lane != 0) {
		if (x->plan == 0 || !vacant(t, lane_at(t, x->plan), x)) {
			x->plan = 0;
			plan_by_activity(t, x);
		}
		return (x->plan != 0 ? (struct verdict){ x->plan, x->plan_conf, false } :
		    (struct verdict){ v.lane, 1, false });
	}
	if (c.lane != 0)
		return ((struct verdict){ c.lane, 1, true });
	return ((struct verdict){ 0, 0, false });
}

static void
decide(struct tunnels *t, uint32_t n, struct decision *d)
{
	struct sa *x = sa_at(t, n);
	struct tunnel *u = tunnel_at(t, x->tunnel);
	struct verdict v = { 0, 0, false };
	struct lane *l;

	wait_remove(t, n);
	if (!t->no_lanes)
		v = judge(t, x);
	*d = (struct decision){ .sa = n, .tunnel = x->tunnel, .lane = v.lane, .rekey = v.rekey };
	if (v.lane == 0)
		d->lane = u->nlanes < LANES_MAX || t->no_lanes ? new_lane(t, x->tunnel) : rest_lane(t, x->tunnel);
	l = lane_at(t, d->lane);
	if (d->rekey && l->cur[x->side] != 0)
		sa_at(t, l->cur[x->side])->replaced = x->first;
	join_lane(t, n, d->lane);
	if (l->number == LANE_REST)
		return;
	l->cur[x->side] = n;
	x->conf = v.conf;
	if ((v.conf == 2 && ike_made(t, x)) || (u->nsa[0] == 1 && u->nsa[1] == 1))
		x->conf = 3;
	l->conf = x->conf;
	if (l->cur[1 - x->side] != 0) { /* a pair is as sure as the less sure of the two; 0 began the lane */
		uint8_t peer = sa_at(t, l->cur[1 - x->side])->conf;

		if (peer != 0 && peer < l->conf)
			l->conf = peer;
	}
}

bool
tunnels_decide(struct tunnels *t, struct decision *d)
{
	if (t->wait_head == 0)
		return (false);
	decide(t, t->wait_head, d);
	return (true);
}

void
tunnels_decide_now(struct tunnels *t, uint32_t n, struct decision *d)
{
	decide(t, n, d);
}

bool
tunnels_force(struct tunnels *t, uint32_t n, struct decision *d)
{
	struct sa *x = sa_at(t, n);
	struct tunnel *u = tunnel_at(t, x->tunnel);

	if (u->nlanes >= LANES_MAX && !t->no_lanes)
		return (false);
	wait_remove(t, n);
	*d = (struct decision){ .sa = n, .tunnel = x->tunnel, .lane = new_lane(t, x->tunnel) };
	join_lane(t, n, d->lane);
	lane_at(t, d->lane)->cur[x->side] = n;
	return (true);
}

/* --- making room */

uint32_t
tunnels_victim(struct tunnels *t)
{
	for (;;) {
		uint32_t n = t->old_head;
		struct sa *x = sa_at(t, n);

		if (x->chance == 0)
			return (n);
		x->chance = 0; /* it was busy: a second chance */
		old_unlink(t, x);
		old_append(t, n);
	}
}

uint32_t
tunnels_stale(struct tunnels *t, int64_t now)
{
	uint32_t n;

	while ((n = t->old_head) != 0 && now - sa_at(t, n)->checked >= TUNNEL_MEMORY) {
		struct sa *x = sa_at(t, n);

		if (now - x->last >= TUNNEL_MEMORY)
			return (n);
		x->checked = now;
		old_unlink(t, x);
		old_append(t, n);
	}
	return (0);
}

void
tunnels_rest(struct tunnels *t)
{
	int64_t due = tunnels_due(t), old = t->old_head != 0 ? sa_at(t, t->old_head)->checked + TUNNEL_MEMORY : INT64_MAX;

	t->wake = due < old ? due : old;
}

void
tunnels_forget(struct tunnels *t, uint32_t n)
{
	struct sa *x = sa_at(t, n);
	struct tunnel *u = tunnel_at(t, x->tunnel);

	t->wake = INT64_MIN;
	if (x->lane != 0)
		leave_lane(t, n);
	else
		wait_remove(t, n);
	*(x->prev != 0 ? &sa_at(t, x->prev)->next : &u->sa_head) = x->next;
	if (x->next != 0)
		sa_at(t, x->next)->prev = x->prev;
	old_unlink(t, x);
	slots_del(&t->by_sa, x->hash, n);
	kins_remove(&t->kins, n);
	x->spi = 0; /* so that nobody takes the empty cell for what it was */
	pool_put(&t->sas, n);
}

void
tunnels_drop(struct tunnels *t, uint32_t tunnel)
{
	struct tunnel *u = tunnel_at(t, tunnel);

	slots_del(&t->by_tunnel, u->hash, tunnel);
	u->key.proto = UINT16_MAX; /* so that nobody takes the empty cell for what it was */
	pool_put(&t->tunnels, tunnel);
}

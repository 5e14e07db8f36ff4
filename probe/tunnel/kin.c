/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel/kin.c: who continues whose numbers.  Tested by test_tunnel.c.
 */
#include "probe/tunnel/kin.h"

#include "format/base/hash.h"

#define LOOKED 8 /* SAs with the same address and SPI that are considered; of a tunnel's, eight times as many */

void
kins_init(struct kins *k, const struct pool *sas, const struct pool *tunnels, uint64_t seed)
{
	*k = (struct kins){ .sas = sas, .tunnels = tunnels, .seed = seed };
	slots_init(&k->by_receiver, 4096);
	slots_init(&k->by_sender, 4096);
}

void
kins_free(struct kins *k)
{
	slots_free(&k->by_receiver);
	slots_free(&k->by_sender);
}

static struct sa *
at(const struct kins *k, uint32_t n)
{
	return (pool_at(k->sas, n));
}

static const struct ip *
sender(const struct sa *x)
{
	return (x->side == 0 ? &x->key.lo : &x->key.hi);
}

static const struct ip *
receiver(const struct sa *x)
{
	return (x->side == 0 ? &x->key.hi : &x->key.lo);
}

static bool
is_multicast(const struct sa *x)
{
	const struct ip *a = receiver(x);

	return (ip_is4(a) ? a->b[12] >> 4 == 14 : a->b[0] == 0xff);
}

static uint32_t
hash_of(const struct kins *k, const struct ip *a, const struct sa *x)
{
	return ((uint32_t)hash64(a, sizeof(*a), k->seed ^ x->spi));
}

/* The SA in whose numbering it counts. */
static struct sa *
numbers(const struct kins *k, struct sa *x)
{
	return (x->leader != 0 ? at(k, x->leader) : x);
}

struct newcomer {
	const struct kins *k;
	const struct sa *x;
	uint32_t seq;
	int64_t now;
};

static bool
is_kin(const struct newcomer *w, struct sa *o)
{
	return (o->spi == w->x->spi && o->key.proto == w->x->key.proto && o->key.vrf == w->x->key.vrf &&
	    !key_equal(&o->key, &w->x->key) && seqno_goes_on(&numbers(w->k, o)->seq, w->seq));
}

/* The sender has another address; heard a minute ago at most, and the numbers go on. */
static bool
moved(const struct newcomer *w, struct sa *o)
{
	return (w->now - o->last <= TUNNEL_RECENT && ip_cmp(receiver(o), receiver(w->x)) == 0 && is_kin(w, o));
}

/* The receiver has: it is known by what it sends, which has moved to x's tunnel a minute ago at most. */
static bool
peer_moved(const struct newcomer *w, const struct sa *o)
{
	const struct tunnel *u = pool_at(w->k->tunnels, w->x->tunnel);
	uint32_t n = u->sa_head;

	if (w->now - o->last > TUNNEL_RECENT)
		return (false);
	for (int i = 0; n != 0 && i < 8 * LOOKED; n = at(w->k, n)->next, i++) {
		const struct sa *p = at(w->k, n), *before;

		if (p->side == w->x->side || p->from == 0 || w->now - p->first > TUNNEL_RECENT)
			continue;
		before = at(w->k, p->from);
		if (before->spi == p->spi && before->tunnel == o->tunnel &&
		    (before->lane == o->lane || before->lane == 0 || o->lane == 0))
			return (true);
	}
	return (false);
}

static bool
shares(const struct newcomer *w, struct sa *o)
{
	return (ip_cmp(sender(o), sender(w->x)) == 0 && ip_cmp(receiver(o), receiver(w->x)) != 0 && is_kin(w, o));
}

/* The newest few are enough: all that go on with the same numbers are of one ring. */
static uint32_t
find(const struct newcomer *w, const struct slots *s, uint32_t hash,
    bool (*is)(const struct newcomer *, struct sa *))
{
	const struct slot_table *tables[] = { &s->now, &s->old };

	for (int i = 0, looked = 0; i < 2; i++) {
		uint32_t place = 0, n;

		if (tables[i]->slot == NULL)
			continue;
		while (looked < LOOKED && (n = slots_walk(tables[i], hash, &place)) != 0) {
			looked++;
			if (is(w, at(w->k, n)))
				return (n);
		}
	}
	return (0);
}

static void
join(const struct kins *k, uint32_t n, uint32_t other)
{
	struct sa *x = at(k, n), *o = at(k, other);

	x->leader = o->leader != 0 ? o->leader : other;
	if (o->kin_next == 0)
		o->kin_next = o->kin_prev = other;
	x->kin_prev = other;
	x->kin_next = o->kin_next;
	at(k, o->kin_next)->kin_prev = n;
	o->kin_next = n;
	if (at(k, x->leader)->speaker == 0)
		at(k, x->leader)->speaker = other;
}

void
kins_add(struct kins *k, uint32_t n, uint32_t seq, int64_t now)
{
	struct sa *x = at(k, n);
	struct newcomer w = { k, x, seq, now };
	uint32_t kin;

	x->receiver_hash = hash_of(k, receiver(x), x);
	x->sender_hash = hash_of(k, sender(x), x);
	if (!is_multicast(x) && (kin = find(&w, &k->by_receiver, x->receiver_hash, moved)) != 0) {
		join(k, n, kin);
		x->from = kin;
		x->roamed = true;
	} else if ((kin = find(&w, &k->by_sender, x->sender_hash, shares)) != 0) {
		join(k, n, kin);
		x->roamed = peer_moved(&w, at(k, kin));
	}
	slots_add(&k->by_receiver, x->receiver_hash, n);
	slots_add(&k->by_sender, x->sender_hash, n);
}

void
kins_remove(struct kins *k, uint32_t n)
{
	const struct sa *x = at(k, n);

	slots_del(&k->by_receiver, x->receiver_hash, n);
	slots_del(&k->by_sender, x->sender_hash, n);
}

/* That one sends again after another one has: both are in use, unless they are two addresses of one sender. */
void
kins_speak(const struct kins *k, uint32_t n)
{
	struct sa *x = at(k, n), *leader = numbers(k, x);
	const struct sa *before = at(k, leader->speaker);

	if (leader->speaker == n)
		return;
	if (x->packets > 1 && ip_cmp(sender(before), sender(x)) == 0)
		leader->group = true;
	leader->speaker = n;
}

bool
kins_leave(const struct kins *k, uint32_t n)
{
	struct sa *x = at(k, n), *heir;
	uint32_t next = x->kin_next;

	if (next == 0)
		return (false);
	heir = at(k, next);
	at(k, x->kin_prev)->kin_next = next;
	heir->kin_prev = x->kin_prev;
	if (x->leader == 0) {
		heir->seq = x->seq;
		heir->group = x->group;
		heir->speaker = x->speaker == n ? next : x->speaker;
		heir->leader = 0;
		for (uint32_t m = heir->kin_next; m != next; m = at(k, m)->kin_next)
			at(k, m)->leader = next;
	} else if (at(k, x->leader)->speaker == n) {
		at(k, x->leader)->speaker = x->leader;
	}
	if (heir->kin_next == next)
		heir->kin_next = heir->kin_prev = 0;
	x->kin_next = x->kin_prev = 0;
	return (true);
}

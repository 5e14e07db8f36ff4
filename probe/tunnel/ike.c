/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel/ike.c: pairs of gateways; beyond IKE_MAX the one heard of first makes room.
 */
#include "probe/tunnel/ike.h"

#include "format/base/hash.h"

#include <string.h>

#define IKE_MAX 4096

void
ikes_init(struct ikes *t, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	pool_init(&t->cells, sizeof(struct ike), IKE_MAX);
	slots_init(&t->slots, 4096);
	t->seed = seed;
}

void
ikes_free(struct ikes *t)
{
	pool_free(&t->cells);
	slots_free(&t->slots);
}

static struct ike *
ike_at(const struct ikes *t, uint32_t n)
{
	return (pool_at(&t->cells, n));
}

struct gateways {
	const struct ikes *t;
	const struct key *key;
};

static bool
same_gateways(const void *arg, uint32_t n)
{
	const struct gateways *w = arg;
	const struct ike *i = ike_at(w->t, n);

	return (ip_cmp(&i->lo, &w->key->lo) == 0 && ip_cmp(&i->hi, &w->key->hi) == 0);
}

static uint32_t
gateways_hash(const struct ikes *t, const struct key *k)
{
	return ((uint32_t)hash64(&k->lo, 2 * sizeof(struct ip), t->seed));
}

struct ike *
ikes_find(const struct ikes *t, const struct key *k)
{
	struct gateways w = { t, k };
	uint32_t n = slots_find(&t->slots, gateways_hash(t, k), same_gateways, &w);

	return (n != 0 ? ike_at(t, n) : NULL);
}

static void
ike_unlink(struct ikes *t, struct ike *i)
{
	*(i->prev != 0 ? &ike_at(t, i->prev)->next : &t->head) = i->next;
	*(i->next != 0 ? &ike_at(t, i->next)->prev : &t->tail) = i->prev;
}

static struct ike *
ike_new(struct ikes *t, const struct key *k)
{
	uint32_t n;
	struct ike *i;

	if (t->cells.used == t->cells.cap) { /* the one heard of first makes room */
		n = t->head;
		ike_unlink(t, ike_at(t, n));
		slots_del(&t->slots, ike_at(t, n)->hash, n);
		pool_put(&t->cells, n);
	}
	n = pool_get(&t->cells);
	i = ike_at(t, n);
	memset(i, 0, sizeof(*i));
	i->lo = k->lo;
	i->hi = k->hi;
	i->side = 2;
	i->made = INT64_MIN / 2;
	i->hash = gateways_hash(t, k);
	slots_add(&t->slots, i->hash, n);
	i->prev = t->tail;
	*(t->tail != 0 ? &ike_at(t, t->tail)->next : &t->head) = n;
	t->tail = n;
	return (i);
}

enum { IKE2_AUTH = 35, IKE2_CHILD = 36, IKE1_QUICK = 32 };

void
ikes_note(struct ikes *t, const struct packet *p, int side, const struct key *k, int64_t now)
{
	struct ike *i = ikes_find(t, k);
	bool sender;

	if (i == NULL)
		i = ike_new(t, k);
	i->last = now;
	if (p->ike.exchange == IKE2_AUTH || p->ike.exchange == IKE2_CHILD || p->ike.exchange == IKE1_QUICK)
		i->made = now;
	if (i->side == 2 && key_initiator(p, false, &sender) == DIRQ_SEEN)
		i->side = (uint8_t)(sender ? side : 1 - side);
}

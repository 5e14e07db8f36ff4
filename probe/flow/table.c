/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table.c: flows by key, and eviction by probation.
 */
#include "probe/flow/table.h"

#include <string.h>

const uint16_t idle_seconds[IDLE_CLASSES] = {
	[IDLE_SYN] = 30, [IDLE_KNOCK] = 180, [IDLE_EST] = 300, [IDLE_LINGER] = 5, [IDLE_UDP] = 60, [IDLE_UDP1] = 30,
	[IDLE_ICMP] = 30, [IDLE_ARP] = 5, [IDLE_TUNNEL] = 60, [IDLE_OTHER] = 60,
};

#define FIFO offsetof(struct flow_state, fifo)

void
table_init(struct table *t, uint32_t max_flows, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->max_flows = max_flows;
	key_secret(&t->secret, seed);
	/* A flow that ended stays in its cell until its bins are written: room for twice as many. */
	pool_init(&t->flows, sizeof(struct flow_state), max_flows > 1u << 30 ? 1u << 31 : 2 * max_flows + 64);
	pool_init(&t->attrs, sizeof(struct attr), t->flows.cap);
	slots_init(&t->slots, 4096);
}

void
table_free(struct table *t)
{
	pool_free(&t->flows);
	pool_free(&t->attrs);
	slots_free(&t->slots);
}

struct wanted {
	const struct table *t;
	const struct key *key;
};

static bool
same_key(const void *arg, uint32_t cell)
{
	const struct wanted *w = arg;

	return (key_equal(&flow_at(w->t, cell)->key, w->key));
}

uint32_t
table_find(const struct table *t, const struct key *k, uint32_t hash)
{
	struct wanted w = { t, k };

	return (slots_find(&t->slots, hash, same_key, &w));
}

bool
table_full(const struct table *t)
{
	return (t->alive >= t->max_flows || t->flows.used + 1 >= t->flows.cap);
}

uint32_t
table_add(struct table *t, const struct key *k, uint32_t hash)
{
	uint32_t n = pool_get(&t->flows);
	struct flow_state *f = flow_at(t, n);

	memset(f, 0, sizeof(*f));
	f->key = *k;
	f->hash = hash;
	f->vlan[0] = f->vlan[1] = f->ivlan[0] = f->ivlan[1] = 0xffff;
	slots_add(&t->slots, hash, n);
	list_append(&t->flows, FIFO, &t->probation, n);
	t->on_probation++;
	t->alive++;
	return (n);
}

/* Confirmed flows stay where they are in the probation queue until they come to its head. */
void
table_confirm(struct table *t, uint32_t n)
{
	flow_at(t, n)->life |= LIFE_CONFIRMED;
	t->on_probation--;
}

static void
requeue(struct table *t, struct list *from, uint32_t n)
{
	list_remove(&t->flows, FIFO, from, n);
	list_append(&t->flows, FIFO, &t->confirmed, n);
}

static uint32_t
probation_victim(struct table *t)
{
	uint32_t n;

	while ((n = t->probation.head) != 0) {
		struct flow_state *f = flow_at(t, n);

		if ((f->life & LIFE_CONFIRMED) == 0)
			return (n);
		requeue(t, &t->probation, n);
		f->life |= LIFE_QUEUED;
	}
	return (0);
}

uint32_t
table_victim(struct table *t)
{
	uint32_t n;

	if (t->on_probation >= t->max_flows / 8 && (n = probation_victim(t)) != 0)
		return (n);
	(void)probation_victim(t); /* moves the confirmed ones at its head to where they belong */
	while ((n = t->confirmed.head) != 0) {
		struct flow_state *f = flow_at(t, n);

		if ((f->life & LIFE_CHANCE) == 0)
			return (n);
		f->life &= (uint8_t)~LIFE_CHANCE;
		requeue(t, &t->confirmed, n);
	}
	return (t->probation.head);
}

void
table_remove(struct table *t, uint32_t n)
{
	struct flow_state *f = flow_at(t, n);

	slots_del(&t->slots, f->hash, n);
	list_remove(&t->flows, FIFO, f->life & LIFE_QUEUED ? &t->confirmed : &t->probation, n);
	if ((f->life & LIFE_CONFIRMED) == 0)
		t->on_probation--;
	f->life |= LIFE_DEAD;
	t->alive--;
}

void
table_release(struct table *t, uint32_t n)
{
	struct flow_state *f = flow_at(t, n);

	if (f->attr != 0)
		pool_put(&t->attrs, f->attr);
	pool_put(&t->flows, n);
}

void
table_rekey(struct table *t, uint32_t n, const struct key *k, uint32_t hash)
{
	struct flow_state *f = flow_at(t, n);

	slots_del(&t->slots, f->hash, n);
	f->key = *k;
	f->hash = hash;
	slots_add(&t->slots, hash, n);
}

static void
merge_attr(struct table *t, struct flow_state *to, struct flow_state *from)
{
	const struct attr *a = pool_at(&t->attrs, from->attr);
	struct attr *b;

	if (to->attr == 0) {
		to->attr = from->attr;
		from->attr = 0;
		return;
	}
	b = pool_at(&t->attrs, to->attr);
	for (int i = 0; i < 2; i++) {
		if ((a->known & 1 << i) == 0 || b->known & 1 << i)
			continue;
		b->known |= (uint8_t)(1 << i);
		b->mpls[i] = a->mpls[i];
		b->ohash[i] = a->ohash[i];
		b->nencap[i] = a->nencap[i];
		memcpy(b->kind[i], a->kind[i], sizeof(b->kind[i]));
		memcpy(b->id[i], a->id[i], sizeof(b->id[i]));
	}
}

void
table_merge(struct table *t, uint32_t n, uint32_t m)
{
	struct flow_state *to = flow_at(t, n), *from = flow_at(t, m);

	for (int i = 0; i < 2; i++) {
		if ((from->life & LIFE_SENT_LO << i) == 0)
			continue;
		if ((to->life & LIFE_SENT_LO << i) == 0) {
			to->vlan[i] = from->vlan[i];
			to->ivlan[i] = from->ivlan[i];
			to->last[i] = from->last[i];
		} else if (from->last[i] > to->last[i]) {
			to->last[i] = from->last[i];
		}
	}
	for (int i = 0; i < 2; i++) {
		if (from->macs & 1 << i && !(to->macs & 1 << i))
			memcpy(to->mac[i], from->mac[i], 6);
		if (from->macs & 4 << i && !(to->macs & 4 << i))
			memcpy(to->mac_to[i], from->mac_to[i], 6);
	}
	to->macs |= from->macs;
	if (from->attr != 0)
		merge_attr(t, to, from);
	to->life |= from->life & (LIFE_SENT_LO | LIFE_SENT_HI | LIFE_CHANCE);
	if (from->heard > to->heard)
		to->heard = from->heard;
	if (to->packets < UINT8_MAX - from->packets)
		to->packets = (uint8_t)(to->packets + from->packets);
	if ((to->life & LIFE_CONFIRMED) == 0 &&
	    (from->life & LIFE_CONFIRMED || (to->life & (LIFE_SENT_LO | LIFE_SENT_HI)) == 3))
		table_confirm(t, n);
}

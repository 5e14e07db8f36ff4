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
	pool_init(&t->wides, sizeof(struct wide_key), t->flows.cap + 1); /* and one for a flow that is gone */
	paths_init(&t->paths, t->flows.cap, &t->secret);
	slots_init(&t->slots, 4096);
}

void
table_free(struct table *t)
{
	pool_free(&t->flows);
	pool_free(&t->wides);
	paths_free(&t->paths);
	slots_free(&t->slots);
}

void
table_set_key(struct table *t, struct flow_state *f, const struct key *k)
{
	uint64_t v4 = key_v4(k);

	table_forget_key(t, f);
	memcpy(f->key.addr, &v4, sizeof(v4));
	memcpy(&f->key.lport, &k->lport, KEY_REST);
	if (k->af == 4 && ip_is4(&k->lo) && ip_is4(&k->hi))
		return;
	f->wide = 1;
	f->key.addr[0] = pool_get(&t->wides); /* there are as many as flows */
	*(struct wide_key *)pool_at(&t->wides, f->key.addr[0]) = (struct wide_key){ { k->lo, k->hi } };
}

struct wanted {
	const struct table *t;
	const struct key *key;
};

static bool
same_key(const void *arg, uint32_t cell)
{
	const struct wanted *w = arg;

	return (table_has_key(w->t, flow_at(w->t, cell), w->key));
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
	table_set_key(t, f, k);
	f->hash = hash;
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

	table_forget_key(t, f);
	path_drop(&t->paths, f->path[0]);
	path_drop(&t->paths, f->path[1]);
	pool_put(&t->flows, n);
}

void
table_rekey(struct table *t, uint32_t n, const struct key *k, uint32_t hash)
{
	struct flow_state *f = flow_at(t, n);

	slots_del(&t->slots, f->hash, n);
	table_set_key(t, f, k);
	f->hash = hash;
	slots_add(&t->slots, hash, n);
}

void
table_merge(struct table *t, uint32_t n, uint32_t m)
{
	struct flow_state *to = flow_at(t, n), *from = flow_at(t, m);

	for (int i = 0; i < 2; i++) {
		if ((from->life & LIFE_SENT_LO << i) == 0)
			continue;
		if ((to->life & LIFE_SENT_LO << i) == 0 || from->last[i] > to->last[i])
			to->last[i] = from->last[i];
		to->path[i] = path_join(&t->paths, to->path[i], from->path[i]);
	}
	to->life |= from->life & (LIFE_SENT_LO | LIFE_SENT_HI | LIFE_CHANCE);
	if (from->heard > to->heard)
		to->heard = from->heard;
	if (to->packets < UINT8_MAX - from->packets)
		to->packets = (uint8_t)(to->packets + from->packets);
	if ((to->life & LIFE_CONFIRMED) == 0 &&
	    (from->life & LIFE_CONFIRMED || (to->life & (LIFE_SENT_LO | LIFE_SENT_HI)) == 3))
		table_confirm(t, n);
}

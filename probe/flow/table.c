/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table.c: flows by key, and eviction by probation.
 */
#include "probe/flow/table.h"

#include "format/base/hash.h"

#include <string.h>

const uint16_t idle_seconds[IDLE_CLASSES] = {
	[IDLE_SYN] = 30, [IDLE_EST] = 300, [IDLE_LINGER] = 5, [IDLE_UDP] = 60, [IDLE_UDP1] = 30,
	[IDLE_ICMP] = 30, [IDLE_ARP] = 5, [IDLE_TUNNEL] = 60, [IDLE_OTHER] = 60,
};

/* Bins waiting at one time: most flows have one or two; a flood of late packets is sealed early. */
#define BINS_PER_FLOW 3

void
table_init(struct table *t, uint32_t max_flows, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->max_flows = max_flows;
	t->seed = seed;
	/* A flow that ended stays in its cell until its bins are written: room for twice as many. */
	pool_init(&t->flows, sizeof(struct flow_state), max_flows > 1u << 30 ? 1u << 31 : 2 * max_flows + 64);
	pool_init(&t->bins, sizeof(struct bin), max_flows > 1u << 29 ? 1u << 31 : BINS_PER_FLOW * max_flows + 64);
	pool_init(&t->toses, sizeof(struct tos), t->bins.cap);
	pool_init(&t->frags, sizeof(struct frag_counts), t->bins.cap);
	pool_init(&t->abouts, sizeof(struct about), t->bins.cap);
	pool_init(&t->attrs, sizeof(struct attr), t->flows.cap);
	slots_init(&t->slots, 4096);
}

void
table_free(struct table *t)
{
	pool_free(&t->flows);
	pool_free(&t->bins);
	pool_free(&t->toses);
	pool_free(&t->frags);
	pool_free(&t->abouts);
	pool_free(&t->attrs);
	slots_free(&t->slots);
}

struct link *
fifo_link(const struct table *t, uint32_t n)
{
	return (&flow_at(t, n)->fifo);
}

struct link *
timer_link(const struct table *t, uint32_t n)
{
	return (&flow_at(t, n)->timer);
}

struct link *
order_link(const struct table *t, uint32_t n)
{
	return (&bin_at(t, n)->order);
}

void
list_append(const struct table *t, struct list *l, link_of link, uint32_t n)
{
	struct link *k = link(t, n);

	k->prev = l->tail;
	k->next = 0;
	if (l->tail != 0)
		link(t, l->tail)->next = n;
	else
		l->head = n;
	l->tail = n;
	l->count++;
}

void
list_remove(const struct table *t, struct list *l, link_of link, uint32_t n)
{
	struct link *k = link(t, n);

	if (k->prev != 0)
		link(t, k->prev)->next = k->next;
	else
		l->head = k->next;
	if (k->next != 0)
		link(t, k->next)->prev = k->prev;
	else
		l->tail = k->prev;
	l->count--;
}

uint32_t
table_hash(const struct table *t, const struct key *k)
{
	return ((uint32_t)hash64(k, sizeof(*k), t->seed));
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
	list_append(t, &t->probation, fifo_link, n);
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
	list_remove(t, from, fifo_link, n);
	list_append(t, &t->confirmed, fifo_link, n);
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
	list_remove(t, f->life & LIFE_QUEUED ? &t->confirmed : &t->probation, fifo_link, n);
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
merge_tos(struct tos *to, const struct tos *from)
{
	for (int i = 0; i < 2; i++) {
		to->dscps[i] |= from->dscps[i];
		to->ect0[i] += from->ect0[i];
		to->ect1[i] += from->ect1[i];
		to->ce[i] += from->ce[i];
	}
}

static void
merge_frags(struct frag_counts *to, const struct frag_counts *from)
{
	for (int i = 0; i < 2; i++) {
		to->bytes[i] += from->bytes[i];
		to->frags[i] += from->frags[i];
		to->dg[i] += from->dg[i];
		to->ok[i] += from->ok[i];
		to->inc[i] += from->inc[i];
		to->orph[i] += from->orph[i];
		to->ovl[i] += from->ovl[i];
		to->dup[i] += from->dup[i];
		to->ooo[i] += from->ooo[i];
		to->tiny[i] += from->tiny[i];
		to->bad[i] += from->bad[i];
		to->atom[i] += from->atom[i];
	}
}

static void
merge_about(struct about *to, const struct about *from)
{
	to->icmpun += from->icmpun;
	to->icmpttl += from->icmpttl;
	to->icmpbig += from->icmpbig;
}

void
table_merge_cells(struct table *t, struct bin *to, struct bin *from)
{
	struct tos *own;

	if (from->tos != 0 && to->tos == 0) { /* the packets of `to` had none: DSCP 0 */
		own = pool_at(&t->toses, from->tos);
		for (int i = 0; i < 2; i++)
			own->dscps[i] |= to->pkts[i] > from->pkts[i];
		to->tos = from->tos;
		from->tos = 0;
	} else if (from->tos != 0) {
		merge_tos(pool_at(&t->toses, to->tos), pool_at(&t->toses, from->tos));
	} else if (to->tos != 0) {
		own = pool_at(&t->toses, to->tos);
		for (int i = 0; i < 2; i++)
			own->dscps[i] |= from->pkts[i] > 0;
	}
	if (from->frag != 0 && to->frag == 0) {
		to->frag = from->frag;
		from->frag = 0;
	} else if (from->frag != 0) {
		merge_frags(pool_at(&t->frags, to->frag), pool_at(&t->frags, from->frag));
	}
	if (from->about != 0 && to->about == 0) {
		to->about = from->about;
		from->about = 0;
	} else if (from->about != 0) {
		merge_about(pool_at(&t->abouts, to->about), pool_at(&t->abouts, from->about));
	}
}

void
table_merge_attr(struct table *t, struct flow_state *to, struct flow_state *from)
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

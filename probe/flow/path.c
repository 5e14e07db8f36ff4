/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path.c: ways that packets came, each held once.
 */
#include "probe/flow/path.h"

#include <string.h>

static const struct path unknown = { .mpls = UINT32_MAX, .vlan = 0xffff, .ivlan = 0xffff };

void
paths_init(struct paths *p, uint32_t max_flows, const struct key_secret *secret)
{
	memset(p, 0, sizeof(*p));
	pool_init(&p->cells, sizeof(struct path), max_flows > 1u << 30 ? 1u << 31 : 2 * max_flows);
	slots_init(&p->slots, 0);
	p->secret = *secret;
	*(struct path *)pool_at(&p->cells, 0) = unknown;
}

void
paths_free(struct paths *p)
{
	pool_free(&p->cells);
	slots_free(&p->slots);
}

static inline uint32_t
hash_of(const struct paths *p, uint64_t smac, uint64_t dmac, uint64_t ohash, uint32_t mpls, uint32_t vlans, uint32_t id)
{
	uint64_t low = smac ^ (uint64_t)vlans << 32 ^ ohash, high = dmac ^ (uint64_t)(mpls ^ id) << 24;

	return ((uint32_t)key_fold(low ^ p->secret.word[0], high ^ p->secret.word[1]));
}

static uint32_t
vlans_of(uint16_t vlan, uint16_t ivlan)
{
	return ((uint32_t)vlan << 16 | ivlan);
}

static bool
same_steps(const struct path *a, const struct path *b)
{
	return (a->nencap == b->nencap && memcmp(a->id, b->id, a->nencap * sizeof(a->id[0])) == 0 &&
	    memcmp(a->kind, b->kind, a->nencap) == 0);
}

static bool
same(const void *arg, uint32_t cell)
{
	const struct paths *p = ((const void *const *)arg)[0];
	const struct path *a = ((const void *const *)arg)[1], *b = path_at(p, cell);

	return (a->smac == b->smac && a->dmac == b->dmac && a->ohash == b->ohash && a->mpls == b->mpls &&
	    a->vlan == b->vlan && a->ivlan == b->ivlan && a->macs == b->macs && same_steps(a, b));
}

/* The cell of such a path, made if need be. */
static uint32_t
take(struct paths *p, struct path *x)
{
	const void *const wanted[2] = { p, x };
	struct path *c;
	uint32_t n;

	x->hash = hash_of(p, x->smac, x->dmac, x->ohash, x->mpls, vlans_of(x->vlan, x->ivlan),
	    x->nencap > 0 ? x->id[x->nencap - 1] : 0);
	if ((n = slots_find(&p->slots, x->hash, same, wanted)) == 0) {
		n = pool_get(&p->cells); /* there are as many as sides of flows */
		x->flows = 0;
		*(struct path *)pool_at(&p->cells, n) = *x;
		slots_add(&p->slots, x->hash, n);
	}
	c = pool_at(&p->cells, n);
	c->flows++;
	p->recent[x->hash % PATHS_RECENT] = n;
	return (n);
}

static void
take_steps(struct path *x, const struct packet *p)
{
	x->mpls = p->mpls;
	x->ohash = p->ohash;
	x->nencap = p->nencap;
	for (int i = 0; i < p->nencap; i++) {
		x->kind[i] = p->encap[i].kind;
		x->id[i] = p->encap[i].id;
	}
}

static uint32_t
take_new(struct paths *p, const struct packet *of)
{
	struct path x = { .vlan = of->vlan, .ivlan = of->ivlan };

	if (of->facts & FACT_MAC) {
		x.macs = 1;
		x.smac = of->smac;
		x.dmac = of->dmac;
	}
	take_steps(&x, of);
	return (take(p, &x));
}

uint32_t
path_of(struct paths *p, const struct packet *of)
{
	struct path *c;
	uint32_t n;

	if (of->nencap > 0 || (of->facts & FACT_MAC) == 0)
		return (take_new(p, of));
	n = p->recent[hash_of(p, of->smac, of->dmac, of->ohash, of->mpls, vlans_of(of->vlan, of->ivlan), 0) % PATHS_RECENT];
	c = pool_at(&p->cells, n);
	if (c->smac != of->smac || c->dmac != of->dmac || c->ohash != of->ohash || c->mpls != of->mpls ||
	    c->vlan != of->vlan || c->ivlan != of->ivlan || !c->macs || c->nencap > 0)
		return (take_new(p, of));
	c->flows++;
	return (n);
}

uint32_t
path_encapsulate(struct paths *p, uint32_t n, const struct packet *of)
{
	struct path x = *path_at(p, n);

	take_steps(&x, of);
	path_drop(p, n);
	return (take(p, &x));
}

static bool
has_steps(const struct path *x)
{
	return (x->nencap > 0 || x->mpls != UINT32_MAX || x->ohash != 0);
}

uint32_t
path_join(struct paths *p, uint32_t n, uint32_t with)
{
	struct path x = *path_at(p, n != 0 ? n : with);
	const struct path *y = path_at(p, with);

	if (n == with || with == 0)
		return (n);
	if (!x.macs && y->macs) {
		x.macs = 1;
		x.smac = y->smac;
		x.dmac = y->dmac;
	}
	if (!has_steps(&x) && has_steps(y)) {
		x.mpls = y->mpls;
		x.ohash = y->ohash;
		x.nencap = y->nencap;
		memcpy(x.kind, y->kind, sizeof(x.kind));
		memcpy(x.id, y->id, sizeof(x.id));
	}
	path_drop(p, n);
	return (take(p, &x));
}

void
path_forget(struct paths *p, uint32_t n)
{
	const struct path *c = path_at(p, n);

	if (p->recent[c->hash % PATHS_RECENT] == n)
		p->recent[c->hash % PATHS_RECENT] = 0;
	slots_del(&p->slots, c->hash, n);
	pool_put(&p->cells, n);
}

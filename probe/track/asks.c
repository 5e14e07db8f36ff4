/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/asks.c: queries by flow and id, and by age.
 */
#include "probe/track/asks.h"

#include "format/base/hash.h"
#include "format/base/mem.h"
#include "probe/flow/slots.h"

#include <stdlib.h>
#include <string.h>

struct asks {
	struct pool cells;
	struct slots slots;
	uint32_t oldest, newest;
	uint64_t seed;
};

struct asks *
asks_new(uint32_t max, uint64_t seed)
{
	struct asks *a = mem_zero(1, sizeof(*a));

	pool_init(&a->cells, sizeof(struct ask), max);
	slots_init(&a->slots, 64);
	a->seed = seed;
	return (a);
}

void
asks_free(struct asks **pa)
{
	struct asks *a = *pa;

	if (a == NULL)
		return;
	pool_free(&a->cells);
	slots_free(&a->slots);
	free(a);
	*pa = NULL;
}

static struct ask *
ask_at(const struct asks *a, uint32_t n)
{
	return (pool_at(&a->cells, n));
}

static uint32_t
ask_number(const struct asks *a, const struct ask *x)
{
	return ((uint32_t)((size_t)((const uint8_t *)x - a->cells.base) / a->cells.size));
}

static uint32_t
ask_hash(const struct asks *a, const struct key *k, uint16_t id)
{
	return ((uint32_t)hash64(k, sizeof(*k), a->seed + id));
}

struct wanted {
	const struct asks *a;
	const struct key *key;
	const struct dns_message *m;
	int side; /* of the query */
};

static bool
same(const void *arg, uint32_t n)
{
	const struct wanted *w = arg;
	const struct ask *x = ask_at(w->a, n);

	if (x->id != w->m->id || x->side != w->side || !key_equal(&x->of.key, w->key))
		return (false);
	return (!x->asked || !w->m->asked || (x->qhash == w->m->qhash && x->qtype == w->m->qtype));
}

struct ask *
asks_find(struct asks *a, const struct key *k, int side, const struct dns_message *m)
{
	struct wanted w = { a, k, m, dns_is_response(m) ? 1 - side : side };
	uint32_t n = slots_find(&a->slots, ask_hash(a, k, m->id), same, &w);

	return (n != 0 ? ask_at(a, n) : NULL);
}

static void
append(struct asks *a, struct ask *x, uint32_t n, int64_t now)
{
	x->due = now + ASK_WAIT;
	x->newer = 0;
	x->older = a->newest;
	if (a->newest != 0) {
		struct ask *last = ask_at(a, a->newest);

		last->newer = n;
		if (last->due > x->due)
			x->due = last->due; /* they are due in the order of the list */
	} else {
		a->oldest = n;
	}
	a->newest = n;
}

static void
take_out(struct asks *a, const struct ask *x)
{
	if (x->older != 0)
		ask_at(a, x->older)->newer = x->newer;
	else
		a->oldest = x->newer;
	if (x->newer != 0)
		ask_at(a, x->newer)->older = x->older;
	else
		a->newest = x->older;
}

struct ask *
asks_add(struct asks *a, const struct key *k, int side, const struct dns_message *m, int64_t now, bool *evicted)
{
	struct ask *x;
	uint32_t n = pool_get(&a->cells);

	*evicted = n == 0;
	if (n == 0) {
		asks_drop(a, ask_at(a, a->oldest));
		n = pool_get(&a->cells);
	}
	x = ask_at(a, n);
	memset(x, 0, sizeof(*x));
	x->of.key = *k;
	x->hash = ask_hash(a, k, m->id);
	x->id = m->id;
	x->asked = m->asked;
	x->qhash = m->qhash;
	x->qtype = m->qtype;
	x->side = (uint8_t)side;
	slots_add(&a->slots, x->hash, n);
	append(a, x, n, now);
	return (x);
}

void
asks_again(struct asks *a, struct ask *x, int64_t now)
{
	take_out(a, x);
	append(a, x, ask_number(a, x), now);
}

void
asks_drop(struct asks *a, struct ask *x)
{
	uint32_t n = ask_number(a, x);

	take_out(a, x);
	slots_del(&a->slots, x->hash, n);
	pool_put(&a->cells, n);
}

struct ask *
asks_first(const struct asks *a)
{
	return (a->oldest != 0 ? ask_at(a, a->oldest) : NULL);
}

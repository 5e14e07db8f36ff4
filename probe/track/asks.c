/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/asks.c: queries by flow and id, and by age.
 */
#include "probe/track/asks.h"

#include "format/base/mem.h"
#include "probe/flow/slots.h"

#include <stdlib.h>
#include <string.h>

struct asks {
	struct pool cells;
	struct slots first, names; /* the first with a flow, id and side; those with a question, by that too */
	uint32_t oldest, newest;
	struct key_secret secret;
};

struct asks *
asks_new(uint32_t max, uint64_t seed)
{
	struct asks *a = mem_zero(1, sizeof(*a));

	pool_init(&a->cells, sizeof(struct ask), max);
	slots_init(&a->first, 64);
	slots_init(&a->names, 64);
	key_secret(&a->secret, seed);
	return (a);
}

void
asks_free(struct asks **pa)
{
	struct asks *a = *pa;

	if (a == NULL)
		return;
	pool_free(&a->cells);
	slots_free(&a->first);
	slots_free(&a->names);
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

/* Of what all messages of a query show. */
static uint32_t
ask_hash(const struct asks *a, const struct key *k, int side, uint16_t id)
{
	return (key_hash(k, &a->secret, (uint64_t)id << 1 | (uint64_t)side));
}

/* And of its question. */
static uint32_t
name_hash(const struct asks *a, uint32_t hash, const struct dns_message *m)
{
	return ((uint32_t)key_fold(hash ^ a->secret.word[0], ((uint64_t)m->qtype << 32 | m->qhash) ^ a->secret.word[1]));
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

	return (x->id == w->m->id && x->side == w->side && key_equal(&x->of.key, w->key));
}

static bool
same_name(const void *arg, uint32_t n)
{
	const struct wanted *w = arg;
	const struct ask *x = ask_at(w->a, n);

	return (x->qhash == w->m->qhash && x->qtype == w->m->qtype && same(w, n));
}

/* The first of those that differ in their questions alone. */
static uint32_t
find_first(const struct asks *a, const struct wanted *w, uint32_t hash)
{
	return (slots_find(&a->first, hash, same, w));
}

struct ask *
asks_find(struct asks *a, const struct key *k, int side, const struct dns_message *m)
{
	struct wanted w = { a, k, m, dns_is_response(m) ? 1 - side : side };
	uint32_t hash = ask_hash(a, k, w.side, m->id), n = 0;

	if (m->asked)
		n = slots_find(&a->names, name_hash(a, hash, m), same_name, &w);
	if (n == 0 && (n = find_first(a, &w, hash)) != 0 && m->asked && ask_at(a, n)->asked)
		n = 0; /* of another name, as all that come after it: one without a name is alone */
	return (n != 0 ? ask_at(a, n) : NULL);
}

/* Into the tables: behind those with the same flow, id and side. */
static void
enter(struct asks *a, struct ask *x, uint32_t n, const struct wanted *w)
{
	uint32_t first = find_first(a, w, x->hash);

	if (x->asked)
		slots_add(&a->names, x->name, n);
	if (first == 0) {
		x->prev = n;
		slots_add(&a->first, x->hash, n);
		return;
	}
	x->prev = ask_at(a, first)->prev;
	ask_at(a, x->prev)->next = n;
	ask_at(a, first)->prev = n;
}

static void
leave(struct asks *a, const struct ask *x, uint32_t n)
{
	bool first = ask_at(a, x->prev)->next != n;

	if (x->asked)
		slots_del(&a->names, x->name, n);
	if (first) {
		slots_del(&a->first, x->hash, n);
		if (x->next == 0)
			return;
		slots_add(&a->first, x->hash, x->next);
		ask_at(a, x->next)->prev = x->prev;
		return;
	}
	ask_at(a, x->prev)->next = x->next;
	if (x->next != 0)
		ask_at(a, x->next)->prev = x->prev;
	else
		ask_at(a, find_first(a, &(struct wanted){ a, &x->of.key, &(struct dns_message){ .id = x->id }, x->side },
		    x->hash))->prev = x->prev;
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
	x->hash = ask_hash(a, k, side, m->id);
	x->id = m->id;
	x->asked = m->asked;
	x->qhash = m->qhash;
	x->qtype = m->qtype;
	x->side = (uint8_t)side;
	x->name = name_hash(a, x->hash, m);
	enter(a, x, n, &(struct wanted){ a, k, m, side });
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
	leave(a, x, n);
	pool_put(&a->cells, n);
}

uint32_t
asks_count(const struct asks *a)
{
	return (a->cells.used);
}

struct ask *
asks_first(const struct asks *a)
{
	return (a->oldest != 0 ? ask_at(a, a->oldest) : NULL);
}

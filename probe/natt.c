/* SPDX-License-Identifier: BSD-2-Clause
 *
 * natt.c: pairs of ports, and what their first packets tell.
 */
#include "probe/natt.h"

#include "probe/decode/decode.h"

#include <string.h>

#define KNOWN_MAX 16384
#define MAYBE_MAX 8192
#define BELIEVED  4  /* packets of a direction */
#define STEPS     (2 * BELIEVED - 1)
#define NEAR      64

struct pair {
	struct key key; /* of the UDP flow */
	uint32_t hash, prev, next;
	/* not known yet: its packets so far */
	unsigned n, of[2];
	struct lanes_step step[STEPS];
};

static void
pairs_init(struct pairs *x, uint32_t max)
{
	memset(x, 0, sizeof(*x));
	pool_init(&x->cells, sizeof(struct pair), max);
	slots_init(&x->slots, 1024);
}

void
natt_init(struct natt *x, struct flows *flows, struct lanes *lanes, const struct key_options *key)
{
	*x = (struct natt){ .flows = flows, .lanes = lanes, .key = key };
	pairs_init(&x->known, KNOWN_MAX);
	pairs_init(&x->maybe, MAYBE_MAX);
}

void
natt_free(struct natt *x)
{
	pool_free(&x->known.cells);
	slots_free(&x->known.slots);
	pool_free(&x->maybe.cells);
	slots_free(&x->maybe.slots);
}

static struct pair *
at(const struct pairs *x, uint32_t n)
{
	return (pool_at(&x->cells, n));
}

struct wanted {
	const struct pairs *pairs;
	const struct key *key;
};

static bool
same(const void *arg, uint32_t n)
{
	const struct wanted *w = arg;

	return (key_equal(&at(w->pairs, n)->key, w->key));
}

static uint32_t
find(const struct pairs *x, const struct key *k, uint32_t hash)
{
	struct wanted w = { x, k };

	return (x->cells.used == 0 ? 0 : slots_find(&x->slots, hash, same, &w));
}

static void
drop(struct pairs *x, uint32_t n)
{
	struct pair *p = at(x, n);

	*(p->prev != 0 ? &at(x, p->prev)->next : &x->head) = p->next;
	*(p->next != 0 ? &at(x, p->next)->prev : &x->tail) = p->prev;
	slots_del(&x->slots, p->hash, n);
	pool_put(&x->cells, n);
}

static struct pair *
add(struct pairs *x, const struct key *k, uint32_t hash)
{
	struct pair *p;
	uint32_t n;

	if (x->cells.used == x->cells.cap)
		drop(x, x->head);
	n = pool_get(&x->cells);
	p = at(x, n);
	p->key = *k;
	p->hash = hash;
	p->n = p->of[0] = p->of[1] = 0;
	p->next = 0;
	p->prev = x->tail;
	*(x->tail != 0 ? &at(x, x->tail)->next : &x->head) = n;
	x->tail = n;
	slots_add(&x->slots, hash, n);
	return (p);
}

void
natt_know(struct natt *x, const struct key *k, uint32_t hash)
{
	uint32_t n = find(&x->maybe, k, hash);

	if (n != 0)
		drop(&x->maybe, n);
	if (find(&x->known, k, hash) == 0)
		(void)add(&x->known, k, hash);
}

bool
natt_is(const struct natt *x, struct packet *p)
{
	struct key k;

	if (x->known.cells.used == 0)
		return (false);
	(void)key_of(p, x->key, &k);
	if (find(&x->known, &k, table_hash(&x->flows->table, &k)) == 0)
		return (false);
	decode_as_esp(p);
	return (true);
}

/* Is it like the packets of its direction before it? */
static bool
is_like(const struct pair *p, const struct seen *v)
{
	const struct packet *a = v->p;

	for (unsigned i = 0; i < p->n; i++) {
		const struct lanes_step *b = &p->step[i];
		int64_t d = (int64_t)a->seq - (int64_t)b->seq;

		if (b->side == v->side && (b->spi != a->spi || d == 0 || d > NEAR || d < -NEAR))
			return (false);
	}
	return (true);
}

/* Nothing but these packets is in its flow, and no record of it is written. */
static bool
is_all(const struct natt *x, const struct pair *p, const struct seen *v)
{
	const struct flow_state *f = v->f;

	if (f->packets != p->n || ledger_frozen(x->flows->ledger, f, v->now))
		return (false);
	for (uint32_t n = f->bin; n != 0; n = bin_at(x->flows->ledger, n)->older)
		if (bin_at(x->flows->ledger, n)->ext != 0 || bin_is_late(bin_at(x->flows->ledger, n)))
			return (false);
	return (true);
}

void
natt_note(struct natt *x, const struct seen *v)
{
	uint32_t n;
	struct pair *p;

	if (v->f->packets > STEPS || (v->p->facts & (FACT_FRAG | FACT_NOANSWER)))
		return;
	n = find(&x->maybe, &v->key, v->hash);
	if (v->f->packets == 1 && n == 0) {
		p = add(&x->maybe, &v->key, v->hash);
		n = x->maybe.tail;
	}
	if (n == 0)
		return;
	p = at(&x->maybe, n);
	if (p->n == STEPS || !is_like(p, v)) {
		drop(&x->maybe, n);
		return;
	}
	p->step[p->n++] = (struct lanes_step){ v->now, v->p->ts, v->p->spi, v->p->seq, v->side };
	if (++p->of[v->side] < BELIEVED)
		return;
	if (is_all(x, p, v)) {
		struct packet as = *v->p;
		struct key tunnel;

		decode_as_esp(&as);
		(void)key_of(&as, x->key, &tunnel);
		lanes_adopt(x->lanes, v->flow, &tunnel, p->step, p->n, &as);
	}
	natt_know(x, &v->key, v->hash);
}

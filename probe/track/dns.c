/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/dns.c: DNS queries that wait, and messages in TCP.
 */
#include "probe/track/dns.h"

#include "format/base/arena.h"
#include "format/base/hash.h"
#include "format/base/mem.h"
#include "probe/flow/slots.h"
#include "probe/track/pools.h"

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

	if (x->id != w->m->id || x->side != w->side || !key_equal(&x->key, w->key))
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
	x->key = *k;
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

/* --- records */

void
dns_init(struct track *t, uint32_t max_flows)
{
	pool_init(&t->dns_bin, sizeof(struct dns_bin), max_flows > 1u << 30 ? 1u << 31 : 3 * max_flows);
	pool_init(&t->dns_flow, 2 * sizeof(struct dns_stream), max_flows);
	t->asks = asks_new(ASKS_MAX, t->seed);
}

void
dns_free(struct track *t)
{
	pool_free(&t->dns_bin);
	pool_free(&t->dns_flow);
	asks_free(&t->asks);
}

struct asks *
dns_asks(struct track *t)
{
	return (t->asks);
}

struct dns_bin *
dns_bin(struct track *t, uint32_t *cell)
{
	if (*cell == 0) {
		if ((*cell = pool_get(&t->dns_bin)) == 0)
			return (NULL);
		memset(pool_at(&t->dns_bin, *cell), 0, sizeof(struct dns_bin));
	}
	return (pool_at(&t->dns_bin, *cell));
}

void
dns_fill(const struct track *t, uint32_t cell, struct flow *r)
{
	static _Thread_local uint8_t out[RTT_PACKED]; /* until the record is put */
	const struct dns_bin *d = pool_at(&t->dns_bin, cell);

	SET(r, q, d->q);
	SET(r, r, d->r);
	SET(r, rm, d->rm);
	SET(r, qrtx, d->qrtx);
	SET(r, unans, d->unans);
	SET(r, unsol, d->unsol);
	SET(r, nx, d->nx);
	SET(r, servfail, d->servfail);
	SET(r, refused, d->refused);
	SET(r, trunc, d->trunc);
	SET(r, rt_n, d->rt.n);
	if (d->rt.n == 0)
		return;
	SET(r, rt_sum, d->rt.sum);
	SET(r, rt_min, d->rt.min);
	SET(r, rt_max, d->rt.max);
	SET_BLOB(r, rt_hist, out, rtt_leg_pack(t, &d->rt, out));
}

void
dns_end_bin(struct track *t, uint32_t cell)
{
	rtt_leg_end(t, &((const struct dns_bin *)pool_at(&t->dns_bin, cell))->rt);
	pool_put(&t->dns_bin, cell);
}

struct dns_stream *
dns_streams(struct track *t, uint32_t *cell)
{
	if (*cell == 0) {
		if ((*cell = pool_get(&t->dns_flow)) == 0)
			return (NULL);
		memset(pool_at(&t->dns_flow, *cell), 0, 2 * sizeof(struct dns_stream));
	}
	return (pool_at(&t->dns_flow, *cell));
}

void
dns_end_flow(struct track *t, uint32_t cell)
{
	pool_put(&t->dns_flow, cell);
}

/* --- in TCP */

static bool
before(uint32_t a, uint32_t b)
{
	return ((int32_t)(a - b) < 0);
}

/* Nobody knows where a message begins: believe what looks like one at the start of a segment. */
static unsigned
believe(const struct packet *p, struct dns_message *m)
{
	unsigned n = 0;

	if (p->ndns == 0 || p->dns[0].at != 0 || !p->dns[0].sure)
		return (0);
	for (unsigned i = 0; i < p->ndns; i++)
		m[n++] = p->dns[i];
	return (n);
}

/* Bytes behind which others were seen already. */
static unsigned
fill_hole(struct dns_stream *s, const struct packet *p, uint32_t seq, uint32_t end, struct dns_message *m)
{
	if (!s->hole || before(seq, s->hole_lo) || before(s->hole_hi, end))
		return (0); /* seen before */
	if (seq == s->hole_lo)
		s->hole_lo = end;
	else
		s->hole_hi = seq; /* what is behind it in the hole is given up */
	s->hole = s->hole_lo != s->hole_hi;
	return (believe(p, m));
}

/* The boundary lies in this segment: what begins there, and where the next one will. */
static unsigned
from_boundary(struct dns_stream *s, const struct packet *p, uint32_t seq, struct dns_message *m)
{
	uint32_t at = s->boundary - seq;
	unsigned n = 0, i = 0;

	while (i < p->ndns && p->dns[i].at != at)
		i++;
	s->synced = p->dns_next != 0 && (at == 0 || i < p->ndns);
	while (s->synced && i < p->ndns)
		m[n++] = p->dns[i++];
	s->boundary = seq + p->dns_next;
	s->bare = s->synced && p->dns_split;
	return (n);
}

unsigned
dns_segment(struct dns_stream *s, const struct packet *p, struct dns_message m[static DNS_MESSAGES + 1])
{
	uint32_t seq = p->tcp.seq, end;
	unsigned n = 0;

	if (p->tcp.flags & TCP_SYN) {
		seq++;
		*s = (struct dns_stream){ .known = true, .synced = true, .next = seq, .boundary = seq };
	}
	if ((p->facts & FACT_PAYLOAD) == 0 || p->payload == 0)
		return (0);
	end = seq + p->payload;
	if (!s->known) {
		s->known = true;
		s->next = seq;
	}
	if (before(seq, s->next) && !before(s->next, end))
		return (fill_hole(s, p, seq, end, m));
	if (before(s->next, seq)) {
		s->hole = true;
		s->hole_lo = s->next;
		s->hole_hi = seq;
		s->bare = false;
		s->synced = s->synced && !before(s->boundary, seq);
	}
	if (s->bare && seq == s->next && p->has_bare) {
		m[n++] = p->dns_bare;
		s->bare = false;
	} else if (s->synced && before(s->boundary, end)) {
		n = from_boundary(s, p, seq, m);
	} else if (!s->synced && !before(seq, s->next) && (n = believe(p, m)) > 0) {
		s->synced = p->dns_next != 0;
		s->boundary = seq + p->dns_next;
		s->bare = s->synced && p->dns_split;
	}
	s->next = end;
	s->synced = s->synced && !before(s->boundary, end);
	return (n);
}

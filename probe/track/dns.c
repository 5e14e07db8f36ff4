/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/dns.c: DNS: messages are counted, queries wait for their responses.
 */
#include "probe/track/dns.h"

#include "format/base/hash.h"
#include "format/base/mem.h"
#include "probe/flow/slots.h"

#include <stdlib.h>
#include <string.h>

struct dns_bin { /* of a record */
	uint32_t q, r, rm, qrtx, unans, unsol, nx, servfail, refused, trunc;
	struct rtt_leg rt; /* response times */
};

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

/* --- records */

void
dns_init(struct track *t, uint32_t max_flows)
{
	pool_init(&t->dns_bin, sizeof(struct dns_bin), ledger_cells(max_flows));
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

static struct dns_bin *
dns_bin(struct track *t, struct bin *b)
{
	if (b->dns == 0) {
		b->dns = pool_get(&t->dns_bin);
		memset(pool_at(&t->dns_bin, b->dns), 0, sizeof(struct dns_bin));
	}
	return (pool_at(&t->dns_bin, b->dns));
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

/* A flow's streams, by side; NULL at the cap. */
static struct dns_stream *
streams(struct track *t, struct flow_state *f)
{
	if (f->dns == 0) {
		if ((f->dns = pool_get(&t->dns_flow)) == 0)
			return (NULL);
		memset(pool_at(&t->dns_flow, f->dns), 0, 2 * sizeof(struct dns_stream));
	}
	return (pool_at(&t->dns_flow, f->dns));
}

void
dns_end_flow(struct track *t, struct flow_state *f)
{
	if (f->dns != 0)
		pool_put(&t->dns_flow, f->dns);
	f->dns = 0;
}

/* --- messages in TCP */

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

/* --- messages */

static void
query(struct track *t, const struct seen *v, struct dns_bin *d, const struct dns_message *m)
{
	struct ask *x = asks_find(t->asks, &v->f->key, v->side, m);
	bool evicted;

	d->q++;
	if (x != NULL) {
		d->qrtx++;
		asks_again(t->asks, x, v->now);
	} else {
		x = asks_add(t->asks, &v->f->key, v->side, m, v->now, &evicted);
		ledger_stats(t->ledger, v->now)->dnsevict += evicted;
	}
	x->ts = v->p->ts;
	x->of = table_ref(t->ledger->table, v->flow);
}

enum { RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5, DNS_TC = 0x0200 };

static void
response(struct track *t, const struct seen *v, struct dns_bin *d, const struct dns_message *m)
{
	struct ask *x = asks_find(t->asks, &v->f->key, v->side, m);
	int64_t ts = v->p->ts;
	unsigned code = m->flags & 15;

	d->r++;
	d->servfail += code == RCODE_SERVFAIL;
	d->nx += code == RCODE_NXDOMAIN;
	d->refused += code == RCODE_REFUSED;
	d->trunc += (m->flags & DNS_TC) != 0;
	if (x == NULL) {
		d->unsol++;
		return;
	}
	d->rm++;
	if (ts >= x->ts && (ts - x->ts) / USEC <= UINT32_MAX)
		rtt_leg_add(t, &d->rt, (uint32_t)((ts - x->ts) / USEC));
	asks_drop(t->asks, x);
}

void
dns_packet(struct track *t, const struct seen *v)
{
	struct dns_message m[DNS_MESSAGES + 1];
	struct dns_stream *s;
	struct dns_bin *d;
	unsigned n = 1;

	if (v->p->facts & FACT_TCP) {
		s = streams(t, v->f);
		n = s != NULL ? dns_segment(&s[v->side], v->p, m) : 0;
	} else {
		m[0] = v->p->dns[0];
	}
	if (n == 0)
		return;
	d = dns_bin(t, v->b);
	for (unsigned i = 0; i < n; i++)
		if (dns_is_response(&m[i]))
			response(t, v, d, &m[i]);
		else
			query(t, v, d, &m[i]);
}

int64_t
dns_due(const struct track *t)
{
	const struct ask *x = asks_first(t->asks);

	return (x != NULL ? x->due : INT64_MAX);
}

void
dns_expire(struct track *t, int64_t now)
{
	struct ledger *l = t->ledger;
	struct ask *x;

	while ((x = asks_first(t->asks)) != NULL && x->due <= now) {
		struct bin *b = ledger_bin(l, &x->of, ledger_start(l, x->ts), x->due);

		dns_bin(t, b)->unans++;
		ledger_done(l, b);
		asks_drop(t->asks, x);
	}
}

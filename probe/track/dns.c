/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/dns.c: DNS: messages are counted, queries wait for their responses.
 */
#include "probe/track/dns.h"

#include "format/base/clock.h"
#include "probe/track/asks.h"
#include "probe/track/dns_tcp.h"
#include "probe/track/rtt.h"
#include "probe/track/tcp.h"

#include <string.h>

struct dns_bin { /* of a record */
	uint32_t q, r, rm, qrtx, unans, unsol, nx, servfail, refused, trunc;
	struct rtt_leg rt; /* response times */
};

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

uint32_t
dns_waiting(const struct track *t)
{
	return (asks_count(t->asks));
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
dns_fill(const struct track *t, uint32_t cell, struct tile *r)
{
	static _Thread_local uint8_t out[RTT_PACKED]; /* until the record is put */
	const struct dns_bin *d = pool_at(&t->dns_bin, cell);

	PUT(r, q, d->q);
	PUT(r, r, d->r);
	PUT(r, rm, d->rm);
	PUT(r, qrtx, d->qrtx);
	PUT(r, unans, d->unans);
	PUT(r, unsol, d->unsol);
	PUT(r, nx, d->nx);
	PUT(r, servfail, d->servfail);
	PUT(r, refused, d->refused);
	PUT(r, trunc, d->trunc);
	PUT(r, rt_n, d->rt.n);
	if (d->rt.n == 0)
		return;
	PUT(r, rt_sum, d->rt.sum);
	PUT(r, rt_min, d->rt.min);
	PUT(r, rt_max, d->rt.max);
	PUT_BLOB(r, rt_hist, out, rtt_leg_pack(t, &d->rt, out));
}

void
dns_end_bin(struct track *t, uint32_t cell)
{
	rtt_leg_end(t, &((const struct dns_bin *)pool_at(&t->dns_bin, cell))->rt);
	pool_put(&t->dns_bin, cell);
}

/* A flow's streams, by side; NULL at the cap. */
static struct dns_stream *
streams(struct track *t, const struct flow_state *f)
{
	struct tcp *c = pool_at(&t->tcp, f->ext);
	struct dns_stream *s;

	if (f->ext == 0)
		return (NULL);
	if (c->dns == 0) {
		if ((c->dns = pool_get(&t->dns_flow)) == 0)
			return (NULL);
		s = pool_at(&t->dns_flow, c->dns);
		memset(s, 0, 2 * sizeof(*s));
		for (int i = 0; i < 2; i++) /* SYNs came before there was a connection */
			if (f->tcp_life & TCPLIFE_ISN << i)
				dns_begins(&s[i], f->isn[i] + 1);
	}
	return (pool_at(&t->dns_flow, c->dns));
}

/* --- messages */

static void
query(struct track *t, const struct seen *v, struct dns_bin *d, const struct dns_message *m)
{
	struct ask *x = asks_find(t->asks, &v->key, v->side, m);
	bool evicted;

	d->q++;
	if (x != NULL) {
		d->qrtx++;
		asks_again(t->asks, x, v->now);
	} else {
		x = asks_add(t->asks, &v->key, v->side, m, v->now, &evicted);
		ledger_stats(t->ledger, v->now)->dnsevict += evicted;
	}
	x->ts = v->p->ts;
	x->of = table_ref(t->ledger->table, v->flow);
}

enum { RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5, DNS_TC = 0x0200 };

static void
response(struct track *t, const struct seen *v, struct dns_bin *d, const struct dns_message *m)
{
	struct ask *x = asks_find(t->asks, &v->key, v->side, m);
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

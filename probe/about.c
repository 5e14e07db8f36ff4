/* SPDX-License-Identifier: BSD-2-Clause
 *
 * about.c: what is said about a flow: by its own DNS messages, and by ICMP errors that quote it.
 *
 * What is known only later (a query is unanswered, an error comes) counts in the bin of the packet that it is
 * about, or in a correction if that is written.
 */
#include "probe/engine_room.h"
#include "probe/track/dns.h"

#include "format/base/clock.h"

static struct about *
about_of(struct engine *e, struct bin *b)
{
	if (b->about == 0) {
		if ((b->about = pool_get(&e->table.abouts)) == 0)
			return (NULL);
		*(struct about *)pool_at(&e->table.abouts, b->about) = (struct about){ 0 };
	}
	return (pool_at(&e->table.abouts, b->about));
}

/* Of a bin that can still change at `now`; NULL: a correction is due. */
static struct about *
open_about(struct engine *e, const struct flow_state *f, int64_t start, int64_t now)
{
	struct bin *b = NULL;

	if (!timeline_sealed(&e->time, start, now) || lanes_wait(e, f, start))
		b = desk_bin(e, f, start);
	return (b != NULL ? about_of(e, b) : NULL);
}

void
about_end_bin(struct engine *e, const struct bin *b)
{
	const struct about *a;

	if (b->about == 0)
		return;
	a = pool_at(&e->table.abouts, b->about);
	if (a->dns != 0)
		dns_end_bin(e->track, a->dns);
	pool_put(&e->table.abouts, b->about);
}

/* --- queries that nobody answered */

/* The flow's cell stays until its last bin is written; a released one is dead and holds no bin. */
static struct flow_state *
flow_of(const struct engine *e, const struct ask *x)
{
	struct flow_state *f = flow_at(&e->table, x->flow);

	if (f->id != x->flowid || (f->life & LIFE_DEAD && f->pending == 0))
		return (NULL);
	return (f);
}

static void
unanswered(struct engine *e, struct ask *x)
{
	struct flow_state gone = { .key = x->key, .id = x->flowid, .otime = x->otime, .src = x->src, .dirq = x->dirq,
		.vlan = { 0xffff, 0xffff }, .ivlan = { 0xffff, 0xffff } };
	struct flow_state *f = flow_of(e, x);
	int64_t start = clock_bin(x->ts, e->time.interval);
	struct about *a = f != NULL ? open_about(e, f, start, x->due) : NULL;
	struct dns_bin *d = a != NULL ? dns_bin(e->track, &a->dns) : NULL;
	struct flow *r;

	if (d != NULL) {
		d->unans++;
		return;
	}
	if (f != NULL)
		engine_write_up_to(e, f, start);
	if (f != NULL && f->life & LIFE_DEAD) /* writing its last bin may have released it */
		f = NULL;
	r = emit_corr(&e->emit, &e->table, f != NULL ? f : &gone, start);
	SET(r, unans, 1);
	emit_put(&e->emit);
}

int64_t
about_due(const struct engine *e)
{
	const struct ask *x = asks_first(dns_asks(e->track));

	return (x != NULL ? x->due : INT64_MAX);
}

void
about_expire(struct engine *e, int64_t now)
{
	struct asks *asks = dns_asks(e->track);
	struct ask *x;

	while ((x = asks_first(asks)) != NULL && x->due <= now) {
		unanswered(e, x);
		asks_drop(asks, x);
	}
}

/* --- messages */

static void
query(struct engine *e, const struct work *w, struct dns_bin *d, const struct dns_message *m)
{
	const struct flow_state *f = flow_at(&e->table, w->flow);
	struct asks *asks = dns_asks(e->track);
	struct ask *x = asks_find(asks, &f->key, w->side, m);
	bool evicted;

	d->q++;
	if (x != NULL) {
		d->qrtx++;
		asks_again(asks, x, w->now);
	} else {
		x = asks_add(asks, &f->key, w->side, m, w->now, &evicted);
		engine_stats(e, w->now)->dnsevict += evicted;
	}
	x->ts = w->ts;
	x->flow = w->flow;
	x->flowid = f->id;
	x->otime = f->otime;
	x->src = f->src;
	x->dirq = f->dirq;
}

enum { RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5, DNS_TC = 0x0200 };

static void
response(struct engine *e, const struct work *w, struct dns_bin *d, const struct dns_message *m)
{
	struct asks *asks = dns_asks(e->track);
	struct ask *x = asks_find(asks, &flow_at(&e->table, w->flow)->key, w->side, m);
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
	if (w->ts >= x->ts && (w->ts - x->ts) / USEC <= UINT32_MAX)
		rtt_leg_add(e->track, &d->rt, (uint32_t)((w->ts - x->ts) / USEC));
	asks_drop(asks, x);
}

static void
dns(struct engine *e, const struct work *w)
{
	struct flow_state *f = flow_at(&e->table, w->flow);
	struct dns_message m[DNS_MESSAGES + 1];
	struct dns_stream *streams;
	struct about *a;
	struct dns_bin *d;
	unsigned n = 1;

	if (w->p->facts & FACT_TCP) {
		streams = dns_streams(e->track, &f->dns);
		n = streams != NULL ? dns_segment(&streams[w->side], w->p, m) : 0;
	} else {
		m[0] = w->p->dns[0];
	}
	if (n == 0 || (a = about_of(e, bin_at(&e->table, w->bin))) == NULL || (d = dns_bin(e->track, &a->dns)) == NULL)
		return;
	for (unsigned i = 0; i < n; i++)
		if (dns_is_response(&m[i]))
			response(e, w, d, &m[i]);
		else
			query(e, w, d, &m[i]);
}

/* --- ICMP errors */

enum about_kind { ABOUT_NONE, ABOUT_UN, ABOUT_TTL, ABOUT_BIG };

static enum about_kind
kind_of(const struct packet *p)
{
	static const enum about_kind kinds6[] = { [1] = ABOUT_UN, [2] = ABOUT_BIG, [3] = ABOUT_TTL };
	uint8_t type = p->icmp.type;

	if (p->af == 6)
		return (type <= 3 ? kinds6[type] : ABOUT_NONE);
	if (type == 3)
		return (p->icmp.code == 4 ? ABOUT_BIG : ABOUT_UN);
	return (type == 11 ? ABOUT_TTL : ABOUT_NONE);
}

/* The flow that is quoted, if it lives; *side: who sent what is quoted. */
static uint32_t
quoted_flow(struct engine *e, const struct work *w, int *side)
{
	struct key k;
	uint32_t n;

	if (!key_quoted(w->p, &e->o.key, &k, side))
		return (0);
	if (k.proto == PROTO_ESP || k.proto == PROTO_AH)
		n = lanes_quoted(e, &k, *side, w->p->quote.spi, w->now);
	else
		n = table_find(&e->table, &k, table_hash(&e->table, &k));
	return (n != 0 && !engine_expire(e, n, w->now) ? n : 0);
}

static void
icmp_error(struct engine *e, const struct work *w)
{
	enum about_kind kind = kind_of(w->p);
	struct flow_state *f;
	struct about *a;
	struct flow *r;
	uint32_t n;
	int64_t start;
	int side;

	if (kind == ABOUT_NONE || (n = quoted_flow(e, w, &side)) == 0)
		return;
	f = flow_at(&e->table, n);
	if ((f->life & LIFE_SENT_LO << side) == 0)
		return; /* it never sent such a packet */
	start = clock_bin(f->last[side], e->time.interval);
	if ((a = open_about(e, f, start, w->now)) != NULL) {
		a->icmpun += kind == ABOUT_UN;
		a->icmpttl += kind == ABOUT_TTL;
		a->icmpbig += kind == ABOUT_BIG;
		return;
	}
	engine_write_up_to(e, f, start);
	r = emit_corr(&e->emit, &e->table, f, start);
	if (kind == ABOUT_UN)
		SET(r, icmpun, 1);
	else if (kind == ABOUT_TTL)
		SET(r, icmpttl, 1);
	else
		SET(r, icmpbig, 1);
	emit_put(&e->emit);
}

void
about_packet(struct engine *e, const struct work *w)
{
	if (w->p->facts & FACT_DNS)
		dns(e, w);
	else
		icmp_error(e, w);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * carried.c: numbers inside UDP and GRE: which stream a packet belongs to, and that they are counted.
 */
#include "probe/seq/numbers.h"

static struct carrier
carrier_of(struct numbers *n, const struct stream *x, int64_t now)
{
	return ((struct carrier){ .numbers = n, .key = &x->of.key, .flow = x->of.cell, .src = x->of.src, .dirq = x->of.dirq,
	    .now = now, .spi = x->spi, .side = x->side, .peers = x->kind == STREAM_WG });
}

/* Streams that have to go before a packet comes. */
static void
tidy(struct numbers *n, int64_t now)
{
	uint32_t old;

	while ((old = streams_old(&n->streams, now)) != 0) {
		struct stream *x = stream_at(&n->streams, old);
		struct carrier c = carrier_of(n, x, now);

		if (x->kind != STREAM_WG_PEERS)
			carrier_end(&c, &x->seq);
		streams_drop(&n->streams, old);
	}
}

static void
count(struct numbers *n, const struct seen *v, const struct number *q)
{
	struct seq_bin *s = seq_bin(n, v->b);
	struct stream *x = q->stream;
	struct carrier c;
	struct seq_sink k;

	x->of = (struct flow_ref){ .key = table_key(n->ledger->table, v->f), .cell = v->flow, .src = v->f->src, .dirq = v->f->dirq };
	c = carrier_of(n, x, v->now);
	k = carrier_sink(&c, (struct seq_place){ .bin = v->b->start, .flowid = v->f->id }, &s->counts[v->side]);
	for (unsigned i = 0; i <= q->more; i++) {
		struct seq_before was = seq_before(&x->seq, k.here);

		seqno_packet(&x->seq, q->q + i, q->ts, q->known, &k);
		seq_after(n, &s->came[v->side], &x->seq, k.here, &was, x->spi, q->q + i, q->ts);
	}
}

void
numbers_udp(struct numbers *n, const struct seen *v)
{
	struct number q[NUMBERS_MAX];
	unsigned got;

	tidy(n, v->now);
	got = v->p->facts & (FACT_WG | FACT_WGLIKE) ? wg_packet(n, v, q) : rtp_packet(n, v, q);
	for (unsigned i = 0; i < got; i++)
		count(n, v, &q[i]);
}

void
numbers_finish(struct numbers *n)
{
	for (uint32_t i = n->streams.oldest; i != 0; i = stream_at(&n->streams, i)->newer) {
		struct stream *x = stream_at(&n->streams, i);
		struct carrier c = carrier_of(n, x, n->ledger->clock.now);

		if (x->kind != STREAM_WG_PEERS)
			carrier_end(&c, &x->seq);
	}
}

/* --- GRE */

static struct stream *
gre_stream(struct streams *s, const struct packet *p, int64_t now)
{
	struct stream *x = stream_find(s, p->gre_id, now);

	return (x != NULL ? x : stream_add(s, p->gre_id, STREAM_GRE, 32, now));
}

/* It is known to have come, but its packet counts in a flow inside the tunnel. */
static void
pass(struct numbers *n, const struct seen *v, struct stream *x)
{
	struct carrier c = carrier_of(n, x, v->now);
	struct seq_sink k = carrier_sink(&c, (struct seq_place){ .bin = ledger_start(n->ledger, v->p->ts) }, &n->nowhere);

	seqno_packet(&x->seq, v->p->gre_seq, v->p->ts, false, &k);
}

void
numbers_gre(struct numbers *n, const struct seen *v)
{
	struct stream *x;

	tidy(n, v->now);
	if (v->p->facts & FACT_MIRROR || (x = gre_stream(&n->streams, v->p, v->now)) == NULL)
		return;
	if (v->f == NULL || v->f->key.proto != PROTO_GRE) {
		pass(n, v, x);
		return;
	}
	x->side = (uint8_t)v->side;
	seq_bin(n, v->b)->numbered = true;
	count(n, v, &(struct number){ .stream = x, .q = v->p->gre_seq, .ts = v->p->ts });
}

/* --- what a mirror lost is the capture's loss: it counts in MAR, in the bin of the packet */

struct mirror {
	struct ledger *l;
	int64_t now;
	struct seq_counts there;
	struct stat_set *stats; /* whose mirlost `there` is; NULL: nobody's */
};

/* A MAR record has no corrections: what comes after its bin was written stays counted. */
static struct seq_counts *
mirror_there(void *arg, const struct seq_place *p)
{
	struct mirror *m = arg;

	if (!timeline_sealed(&m->l->time, p->bin, m->now)) {
		m->stats = &timeline_span(&m->l->time, p->bin)->stats;
		m->there.lost = m->stats->mirlost;
	}
	return (&m->there);
}

static void
mirror_done(void *arg)
{
	struct mirror *m = arg;

	if (m->stats != NULL)
		m->stats->mirlost = m->there.lost;
	m->stats = NULL;
}

/* A session has numbers of its own, unless its first one goes on where those of the mirror's first session are. */
static struct stream *
mirror_stream(struct streams *s, const struct packet *p, int64_t now)
{
	uint64_t id = p->gre_id + 1 + p->gre_session;
	struct stream *x = stream_find(s, id, now), *all;

	if (x != NULL && !x->shared)
		return (x);
	if (x == NULL && (x = stream_add(s, id, STREAM_GRE, 32, now)) == NULL)
		return (NULL);
	all = stream_find(s, p->gre_id, now);
	if (x->shared && all != NULL)
		return (all);
	x->shared = all == NULL || seqno_goes_on(&all->seq, p->gre_seq);
	return (!x->shared ? x : all != NULL ? all : stream_add(s, p->gre_id, STREAM_GRE, 32, now));
}

void
numbers_mirror(struct numbers *n, const struct packet *p, int64_t now, struct stat_set *stats)
{
	struct mirror m = { .l = n->ledger, .now = now };
	struct seq_counts here = { .lost = stats->mirlost };
	struct seq_sink k = { { .bin = ledger_start(n->ledger, p->ts), .flowid = 1 }, &here, mirror_there, mirror_done, &m, &n->trials, 0 };
	struct stream *x;
	uint32_t old;

	while ((old = streams_old(&n->mirrors, now)) != 0) {
		seqno_end(&stream_at(&n->mirrors, old)->seq, &k);
		streams_drop(&n->mirrors, old);
	}
	if ((x = mirror_stream(&n->mirrors, p, now)) == NULL)
		return;
	seqno_packet(&x->seq, p->gre_seq, p->ts, false, &k);
	stats->mirlost = here.lost;
}

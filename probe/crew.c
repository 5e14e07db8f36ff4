/* SPDX-License-Identifier: BSD-2-Clause
 *
 * crew.c: threads, rings, and what is said in them beside packets.  Tested by test_crew.c and truth/workers.py.
 */
#include "probe/crew.h"

#include "format/base/clock.h"
#include "format/base/log.h"
#include "format/base/mem.h"
#include "probe/ledger/calendar.h"
#include "probe/ring.h"
#include "probe/route.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define CELLS 2048           /* of a ring: a megabyte */
#define TELL  SEC            /* how often all are told the time */
#define FLUSH (100 * MSEC)   /* and to hand on records */
#define SUMS  256

/* What is in a ring beside packets: arrival.kind, and its words where the packet would be. */
enum { SAY = 16, SAY_OPENED = SAY, SAY_CLOCK, SAY_KERNEL, SAY_FLUSH, SAY_CUT, SAY_TOTAL, SAY_STOP };
#define WORDS 7

struct hand { /* an engine and its thread */
	struct crew *crew;
	struct engine *engine;
	struct ring *ring;
	pthread_t thread;
	struct engine_totals totals; /* when they were asked for last */
};

struct sum { /* of a span: what those have counted that are through with it */
	uint32_t serial;
	unsigned of;
	struct stat_set stats;
	struct sum *next;
};

struct crew {
	unsigned n;
	struct engine *alone; /* n == 1: there are no threads */
	struct hand *hand;
	/* the reader's */
	struct calendar calendar;
	struct route route;
	uint32_t packets;     /* so far, about */
	uint32_t waiting;     /* fragments in `route` */
	int64_t told, flushed;
	bool live, stopped;
	/* shared */
	pthread_mutex_t lock;
	struct sum *sums[SUMS];
	unsigned answers;     /* to crew_ask() */
};

/* --- a worker */

/* Levels are of each engine's own tables. */
static void
add(struct stat_set *to, const struct stat_set *from)
{
	uint64_t active = to->active + from->active, frags = to->fragtab + from->fragtab, sas = to->satab + from->satab;

	stat_add(to, from);
	to->active = active;
	to->fragtab = frags;
	to->satab = sas;
}

static bool
collect(void *arg, uint32_t serial, struct stat_set *stats)
{
	struct crew *c = ((struct hand *)arg)->crew;
	struct sum **at = &c->sums[serial % SUMS], *s;
	bool all;

	pthread_mutex_lock(&c->lock);
	while (*at != NULL && (*at)->serial != serial)
		at = &(*at)->next;
	if ((s = *at) == NULL) {
		s = *at = mem_zero(1, sizeof(*s));
		s->serial = serial;
	}
	add(&s->stats, stats);
	all = ++s->of == c->n;
	if (all) {
		*stats = s->stats;
		*at = s->next;
		free(s);
	}
	pthread_mutex_unlock(&c->lock);
	return (all);
}

static void
answer(struct hand *h)
{
	struct crew *c = h->crew;

	engine_totals(h->engine, &h->totals);
	pthread_mutex_lock(&c->lock);
	c->answers++;
	pthread_mutex_unlock(&c->lock);
}

/* The first one counts. */
static void
hear_kernel(struct hand *h, const int64_t w[static WORDS])
{
	const struct stat_news n = { w[0], w[1], (unsigned)w[6] >> 1,
		{ (uint64_t)w[2], (uint64_t)w[3], (uint64_t)w[4], w[5], w[6] & 1 } };

	if (h == &h->crew->hand[0])
		engine_kernel(h->engine, &n);
	else
		engine_dropped(h->engine, &n);
}

/* false: it was the last word. */
static bool
hear(struct hand *h, const struct arrival *a)
{
	struct engine *e = h->engine;
	int64_t w[WORDS];

	memcpy(w, &a->packet, sizeof(w));
	switch (a->kind) {
	case SAY_OPENED:
		engine_opened(e, w[0], w[1] != 0, w[2], (uint32_t)w[3]);
		break;
	case SAY_CLOCK:
		engine_clock(e, w[0], w[1]);
		(void)engine_slice(e);
		break;
	case SAY_KERNEL:
		hear_kernel(h, w);
		break;
	case SAY_FLUSH:
		engine_flush(e, w[0], w[1]);
		break;
	case SAY_CUT:
		engine_cut(e, w[0]);
		break;
	case SAY_TOTAL:
		answer(h);
		break;
	default:
		engine_finish(e);
		return (false);
	}
	return (true);
}

static void *
work(void *arg)
{
	struct hand *h = arg;
	bool due = false, goes_on = true;

	while (goes_on) {
		void *cells;
		uint32_t n = ring_take(h->ring, ENGINE_BATCH, !due, &cells), k = 0;
		struct arrival *a = cells;

		if (n == 0) {
			due = engine_slice(h->engine);
			continue;
		}
		while (k < n && a[k].kind < SAY)
			k++;
		if (k > 0)
			engine_packets(h->engine, a, k);
		else
			goes_on = hear(h, &a[k++]);
		ring_done(h->ring, k);
		due = true;
	}
	return (NULL);
}

/* --- the reader */

static void
say(struct hand *h, uint8_t kind, const int64_t *words)
{
	struct arrival *a = ring_cell(h->ring);

	memcpy(&a->packet, words, WORDS * sizeof(*words));
	a->kind = kind;
	ring_written(h->ring);
}

static void
say_all(struct crew *c, uint8_t kind, const int64_t words[static WORDS])
{
	for (unsigned i = 0; i < c->n; i++)
		say(&c->hand[i], kind, words);
}
#define SAY_ALL(c, kind, ...) say_all(c, kind, (const int64_t[WORDS]){ __VA_ARGS__ })

static void
hand_on_all(struct crew *c)
{
	for (unsigned i = 0; i < c->n; i++)
		ring_hand_on(c->hand[i].ring);
}

/* A packet is copied as far as its facts reach. */
static void
put(struct crew *c, unsigned to, const struct arrival *a, uint8_t kind, uint32_t facts)
{
	struct arrival *cell = ring_cell(c->hand[to].ring);
	const struct packet *p = &a->packet;

	if (p->facts & (FACT_FRAG | FACT_QUOTE | FACT_DNS)) {
		*cell = *a;
	} else {
		memcpy(cell, a, offsetof(struct arrival, packet) + PACKET_FACTS);
		if (p->facts & FACT_TCP)
			memcpy(cell->packet.sack, p->sack, p->tcp.nsack * sizeof(p->sack[0]));
		for (unsigned i = 0; i < p->nencap; i++)
			cell->packet.encap[i] = p->encap[i];
	}
	cell->kind = kind;
	cell->packet.facts = facts;
	ring_written(c->hand[to].ring);
}

/* What else it says: also to the engines whose flows those are. */
static void
note(struct crew *c, const struct arrival *a, unsigned to)
{
	const struct packet *p = &a->packet;
	uint32_t base = p->facts & (FACT_PORTS | FACT_ICMP | FACT_NOANSWER);
	unsigned of;

	if (p->facts & FACT_QUOTE && (of = route_quoted(&c->route, p)) != c->n && of != to)
		put(c, of, a, ARRIVAL_NOTE, base | FACT_QUOTE);
	if (p->facts & FACT_IKE && to != ROUTE_TUNNELS)
		put(c, ROUTE_TUNNELS, a, ARRIVAL_NOTE, base | FACT_IKE);
	if ((p->facts & (FACT_GRESEQ | FACT_MIRROR)) == FACT_GRESEQ && p->proto != PROTO_GRE)
		for (unsigned i = 0; i < c->n; i++) /* one of them may have flows of the GRE around it */
			if (i != to)
				put(c, i, a, ARRIVAL_NOTE, base | FACT_GRESEQ);
}

/* What a mirror counts is one engine's, whatever is in it. */
static void
note_mirror(struct crew *c, struct arrival *a)
{
	put(c, 0, a, ARRIVAL_NOTE, FACT_MIRROR);
	a->packet.facts &= ~(uint32_t)(FACT_MIRROR | FACT_GRESEQ);
}

static void
deliver(struct crew *c, const struct arrival *a, unsigned to, uint8_t kind)
{
	put(c, to, a, kind, a->packet.facts);
	if (a->packet.facts & (FACT_QUOTE | FACT_IKE | FACT_GRESEQ))
		note(c, a, to);
}

/* A fragment that has waited. */
static void
deliver_piece(struct crew *c, const struct route_piece *x)
{
	struct arrival a = { .now = x->came, .order = x->order, .packet = *x->packet };

	deliver(c, &a, x->to, ARRIVAL_PIECE);
	c->waiting--;
}

static void
let_go(struct crew *c, int64_t now)
{
	struct route_piece piece;

	while (route_gave_up(&c->route, now, &piece))
		deliver_piece(c, &piece);
}

static void
deliver_fragment(struct crew *c, struct arrival *a)
{
	struct route_piece piece;
	unsigned to;

	if (a->packet.facts & FACT_MIRROR)
		note_mirror(c, a);
	if (!route_fragment(&c->route, &a->packet, a->now, a->order, &to)) {
		put(c, route_packet(&c->route, &a->packet), a, ARRIVAL_FRAME, a->packet.facts);
		c->waiting++;
		return;
	}
	while (route_waited(&c->route, &piece))
		deliver_piece(c, &piece);
	deliver(c, a, to, ARRIVAL_PACKET);
}

static void
tell(struct crew *c, const struct calendar_news *news)
{
	int64_t now = c->calendar.clock.now;

	if (news->opened)
		SAY_ALL(c, SAY_OPENED, news->start, news->late, now, news->serial);
	if (!news->turned && now - c->told < TELL && now >= c->told)
		return;
	c->told = now;
	SAY_ALL(c, SAY_CLOCK, news->turned ? news->before : now, now);
}

static void
dispatch(struct crew *c, struct arrival *a)
{
	struct packet *p = &a->packet;
	struct calendar_news news;
	unsigned to;

	calendar_take(&c->calendar, p->ts, a->bad_ts, &news);
	p->ts = news.ts;
	a->now = c->calendar.clock.now;
	a->jump = news.jump;
	a->bad_ts = news.bad;
	a->order = c->packets++;
	if (c->waiting > 0)
		let_go(c, a->now);
	tell(c, &news);
	if (p->fate != PKT_FLOW) {
		put(c, 0, a, ARRIVAL_PACKET, p->facts);
		return;
	}
	if (p->facts & FACT_FRAG && route_follows(&c->route, p)) {
		deliver_fragment(c, a);
		return;
	}
	to = route_packet(&c->route, p);
	if (p->facts & FACT_MIRROR && to != 0)
		note_mirror(c, a);
	deliver(c, a, to, ARRIVAL_PACKET);
}

/* --- as one engine */

static void
start_hand(struct crew *c, struct hand *h, const struct engine_options *o, struct sink sink)
{
	struct engine_options mine = *o;
	uint32_t others = o->max_sas / (2 * c->n); /* ESP in UDP on ports that nobody named */

	mine.max_flows = o->max_flows / c->n;
	mine.max_frags = o->max_frags / c->n;
	mine.max_sas = h == c->hand ? o->max_sas - (c->n - 1) * others : others;
	mine.collect = collect;
	mine.follows = h != c->hand;
	mine.arg = h;
	h->crew = c;
	if (sink.share != NULL)
		sink.arg = sink.share(sink.arg, (unsigned)(h - c->hand));
	h->engine = engine_new(&mine, sink);
	h->ring = ring_new(sizeof(struct arrival), CELLS);
	if (pthread_create(&h->thread, NULL, work, h) != 0)
		fatalx("cannot start a worker's thread");
}

struct crew *
crew_new(const struct crew_options *co, const struct engine_options *o, struct sink sink)
{
	struct crew *c = mem_zero(1, sizeof(*c));
	sigset_t all, before;

	assert(co->workers > 0);
	c->n = co->workers;
	c->live = o->live;
	if (c->n == 1) {
		c->alone = engine_new(o, sink);
		return (c);
	}
	c->hand = mem_zero(c->n, sizeof(*c->hand));
	calendar_init(&c->calendar, o->interval);
	c->calendar.time.periods.length = o->rotate;
	route_init(&c->route, c->n, o->max_frags, &o->key, co->ah_inner, o->seed);
	pthread_mutex_init(&c->lock, NULL);
	sigfillset(&all); /* signals are for who captures */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < c->n; i++)
		start_hand(c, &c->hand[i], o, sink);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return (c);
}

void
crew_free(struct crew **pc)
{
	struct crew *c = *pc;

	if (c == NULL)
		return;
	engine_free(&c->alone);
	if (c->n > 1) {
		crew_finish(c);
		for (unsigned i = 0; i < c->n; i++) {
			engine_free(&c->hand[i].engine);
			ring_free(&c->hand[i].ring);
		}
		calendar_free(&c->calendar);
		route_free(&c->route);
		pthread_mutex_destroy(&c->lock);
	}
	free(c->hand);
	free(c);
	*pc = NULL;
}

void
crew_packets(struct crew *c, struct arrival *a, unsigned n)
{
	struct calendar_news news;

	if (c->alone != NULL) {
		engine_packets(c->alone, a, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		dispatch(c, &a[i]);
	while (c->live && calendar_mark(&c->calendar, &news))
		tell(c, &news);
}

void
crew_idle(struct crew *c, int64_t now)
{
	struct calendar_news news;

	if (c->alone != NULL) {
		engine_idle(c->alone, now);
		return;
	}
	if (now != ENGINE_NO_TIME) {
		calendar_wait(&c->calendar, now, &news);
		let_go(c, c->calendar.clock.now);
		tell(c, &news);
		while (calendar_mark(&c->calendar, &news))
			tell(c, &news);
	}
	hand_on_all(c);
}

void
crew_flush(struct crew *c, int64_t now, int64_t delay)
{
	if (c->alone != NULL) {
		engine_flush(c->alone, now, delay);
		return;
	}
	if (now - c->flushed < FLUSH && now >= c->flushed)
		return;
	c->flushed = now;
	SAY_ALL(c, SAY_FLUSH, now, delay);
	hand_on_all(c);
}

/* All have the time of the last packet. */
static void
tell_time(struct crew *c)
{
	if (c->calendar.clock.started)
		SAY_ALL(c, SAY_CLOCK, c->calendar.clock.now, c->calendar.clock.now);
}

void
crew_kernel(struct crew *c, const struct stat_news *n)
{
	if (c->alone != NULL) {
		engine_kernel(c->alone, n);
		return;
	}
	tell_time(c);
	SAY_ALL(c, SAY_KERNEL, n->since, n->until, (int64_t)n->is.recv, (int64_t)n->is.drop, (int64_t)n->is.ifdrop, n->is.gap,
	    n->link << 1 | n->is.has_ifdrop);
}

void
crew_cut(struct crew *c)
{
	struct calendar *k = &c->calendar;

	if (c->alone != NULL) {
		engine_cut(c->alone, INT64_MIN);
		return;
	}
	if (!k->clock.started || k->time.periods.cut > k->clock.now)
		return;
	k->time.periods.cut = timeline_edge(&k->time, k->clock.now);
	tell_time(c);
	SAY_ALL(c, SAY_CUT, k->time.periods.cut);
	hand_on_all(c);
}

void
crew_finish(struct crew *c)
{
	if (c->alone != NULL) {
		engine_finish(c->alone);
		return;
	}
	if (c->stopped)
		return;
	c->stopped = true;
	let_go(c, INT64_MAX);
	tell_time(c);
	SAY_ALL(c, SAY_STOP, 0);
	hand_on_all(c);
	for (unsigned i = 0; i < c->n; i++)
		pthread_join(c->hand[i].thread, NULL);
}

static void
sum_totals(const struct crew *c, struct engine_totals *t)
{
	*t = (struct engine_totals){ .clock = ENGINE_NO_TIME };
	for (unsigned i = 0; i < c->n; i++) {
		const struct engine_totals *his = &c->hand[i].totals;

		add(&t->stats, &his->stats);
		t->in_flows += his->in_flows;
		t->records += his->records;
		t->queries += his->queries;
		if (his->clock > t->clock)
			t->clock = his->clock;
	}
}

void
crew_ask(struct crew *c)
{
	if (c->alone != NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->answers = 0;
	pthread_mutex_unlock(&c->lock);
	SAY_ALL(c, SAY_TOTAL, 0);
	hand_on_all(c);
}

bool
crew_answered(struct crew *c, struct engine_totals *t)
{
	bool all;

	if (c->alone != NULL) {
		engine_totals(c->alone, t);
		return (true);
	}
	pthread_mutex_lock(&c->lock);
	all = c->answers == c->n;
	pthread_mutex_unlock(&c->lock);
	if (all)
		sum_totals(c, t);
	return (all);
}

void
crew_totals(struct crew *c, struct engine_totals *t)
{
	if (c->alone != NULL) {
		engine_totals(c->alone, t);
		return;
	}
	assert(c->stopped);
	for (unsigned i = 0; i < c->n; i++)
		engine_totals(c->hand[i].engine, &c->hand[i].totals);
	sum_totals(c, t);
}

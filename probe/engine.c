/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine.c: what happens to a batch of packets: time, key, flow, bin; and what is due then.
 *
 * A batch goes through in steps, so that the memory that one step asks for has arrived when the next one
 * needs it: hash and prefetch the slots, find and prefetch the flows, prefetch their bins, then count.
 */
#include "probe/engine.h"

#include "format/base/clock.h"
#include "format/base/mem.h"
#include "probe/notes.h"
#include "probe/pieces.h"
#include "probe/track/dns.h"

#include <stdlib.h>
#include <string.h>

#define SLICE       64   /* records written per batch of packets, at most; and other things done */
#define IDLE_SLICES 1024 /* when there is time */

struct engine {
	struct engine_options o;
	struct ledger ledger;
	struct flows flows;
	struct track *track;
	struct lanes lanes;
	struct pieces pieces;
	struct notes notes;
	int64_t waits; /* live: there were no records to hand on then */
	bool ends;
	uint64_t fragevict; /* datagrams that made room, as far as closed spans have counted them */
};

/* How a packet finds its flow. */
enum { WAY_NONE, WAY_KEY, WAY_SPI, WAY_DATAGRAM, WAY_NOTE };

struct engine *
engine_new(const struct engine_options *o, struct sink sink)
{
	struct engine *e = mem_zero(1, sizeof(*e));
	const struct health_limits *limits = o->limits != NULL ? o->limits : &health_default;
	struct ledger *l = &e->ledger;
	struct flows *f = &e->flows;

	e->o = *o;
	table_init(&f->table, o->max_flows, o->seed);
	ledger_init(l, &f->table, &(struct ledger_options){ .interval = o->interval, .probe = o->probe,
	    .max_flows = o->max_flows, .max_holds = o->max_sas, .live = o->live, .vlan_key = o->key.vlan,
	    .limits = limits, .sink = sink, .rotate = o->rotate, .links = o->links, .nlinks = o->nlinks });
	l->time.follows = o->follows;
	e->track = l->track = track_new(l, o->max_flows, o->seed, limits);
	f->ledger = l;
	f->track = e->track;
	f->probe = id_of_probe(o->probe, strlen(o->probe));
	lanes_init(&e->lanes, f, &e->track->numbers, o->max_sas, o->no_lanes, limits->oneway_bins, o->seed);
	e->pieces = (struct pieces){ frags_new(o->max_frags, o->seed), f, l, &e->lanes, &e->o.key };
	waits_init(&f->waits);
	notes_init(&e->notes, f, e->track, &e->lanes, &e->o.key);
	return (e);
}

void
engine_free(struct engine **pe)
{
	struct engine *e = *pe;

	if (e == NULL)
		return;
	table_free(&e->flows.table);
	waits_free(&e->flows.waits);
	ledger_free(&e->ledger);
	frags_free(&e->pieces.frags);
	lanes_free(&e->lanes);
	notes_free(&e->notes);
	track_free(&e->track);
	free(e);
	*pe = NULL;
}

/* --- what is due */

/* What is in the tables now. */
static void
set_levels(const struct engine *e, struct stat_set *s)
{
	s->active = e->flows.table.alive;
	s->fragtab = frags_count(e->pieces.frags);
	s->satab = tunnels_count(e->lanes.tunnels);
}

/* A span is done. */
static void
close_span(struct engine *e, struct span *s, bool late)
{
	bool shared = e->o.collect != NULL && s->serial != 0;

	if (!ledger_close(&e->ledger, s, late) && !shared)
		return;
	set_levels(e, &s->stats);
	s->stats.fragevict = frags_evicted(e->pieces.frags) - e->fragevict;
	e->fragevict += s->stats.fragevict;
	if (shared && (!e->o.collect(e->o.arg, s->serial, &s->stats) || !ledger_tells(&e->ledger, s, late)))
		return;
	ledger_mar(&e->ledger, s, late);
}

static void
drain(struct engine *e)
{
	if (!ledger_drain(&e->ledger))
		close_span(e, &e->ledger.time.draining, false);
}

static void
seal_span(struct engine *e)
{
	struct span late;

	if (!timeline_take(&e->ledger.time, &late))
		close_span(e, &late, true);
}

/* When, and what is done then. */
#define DUE(name, when, what)                                \
	static int64_t when_##name(struct engine *e) { return (when); } \
	static void do_##name(struct engine *e) { what; }
DUE(held, pieces_held_due(&e->pieces), pieces_let_go(&e->pieces))             /* the first fragment never came */
DUE(datagram, pieces_datagram_due(&e->pieces), pieces_give_up(&e->pieces))    /* nor will the rest */
DUE(answer, notes_due(&e->notes), notes_expire(&e->notes, notes_due(&e->notes))) /* nor the answer */
DUE(lane, lanes_due(&e->lanes), lanes_decide(&e->lanes, lanes_due(&e->lanes))) /* an SA was watched long enough */
DUE(wait, settle_wait_due(&e->flows), settle_waiting(&e->flows))              /* nobody says whose packet it is */
DUE(flow, settle_due(&e->flows), settle_expire_next(&e->flows))               /* a flow fell silent */
DUE(late, ledger_late_due(&e->ledger), ledger_seal_late(&e->ledger))          /* a LATE bin is sealed */
DUE(span, timeline_due(&e->ledger.time), seal_span(e))                        /* and all bins of a time */
DUE(page, page_due(&e->ledger.page), page_turn(&e->ledger.page, e->ledger.clock.now)) /* all records of a file are there */

/* What comes first is done first; where times are equal, in this order: a held fragment still counts in its own bin. */
static const struct due {
	int64_t (*when)(struct engine *);
	void (*act)(struct engine *);
} dues[] = { { when_held, do_held }, { when_datagram, do_datagram }, { when_answer, do_answer }, { when_lane, do_lane },
	{ when_wait, do_wait }, { when_flow, do_flow }, { when_late, do_late }, { when_span, do_span }, { when_page, do_page } },
/* Of these, what has waited for other packets: it counts at an earlier time, and so before a packet of this one, or
 * anything else that is due. */
  waiting[] = { { when_held, do_held }, { when_datagram, do_datagram }, { when_answer, do_answer }, { when_wait, do_wait } };
#define ROWS(table) table, sizeof(table) / sizeof(table[0])

/* The first of those that are due at `now`; NULL: none is. */
static const struct due *
next_due(struct engine *e, const struct due *rows, size_t n, int64_t now)
{
	const struct due *first = NULL;
	int64_t at = now + 1;

	for (size_t i = 0; i < n; i++) {
		int64_t t = rows[i].when(e);

		if (t < at) {
			at = t;
			first = &rows[i];
		}
	}
	return (first);
}

/* Records would be dropped now: a bin's wait for better times, until the next bin's are due or memory is short. */
static bool
drain_waits(const struct engine *e)
{
	const struct ledger *l = &e->ledger;

	return (l->time.drains && !e->ends && !emit_ready(&l->emit) && timeline_due(&l->time) > l->clock.now &&
	    l->bins.used < l->bins.cap / 2);
}

/* Do what is due, the earliest first, a slice of it.  false: nothing is left. */
static bool
advance(struct engine *e)
{
	unsigned written = 0, others = 0;
	const struct due *d;

	if (drain_waits(e))
		return (false);
	while (written < SLICE && others < SLICE) {
		if (e->ledger.time.drains) {
			written += e->ledger.time.draining.bins.head != 0;
			drain(e);
			continue;
		}
		others++;
		if ((d = next_due(e, ROWS(dues), e->ledger.clock.now)) == NULL) {
			ledger_quiet(&e->ledger);
			return (false);
		}
		d->act(e);
	}
	return (true);
}

/* --- a batch */

/* It is in no flow, or cut. */
static void
count_fate(struct stat_set *s, const struct packet *p)
{
	switch ((enum pkt_fate)p->fate) {
	case PKT_FLOW:
		s->cutpkts += (p->facts & FACT_CUT) != 0;
		break;
	case PKT_SHORT:
		s->short_pkts++;
		s->short_bytes += p->wire;
		break;
	case PKT_BADIP:
		s->badip_pkts++;
		s->badip_bytes += p->wire;
		break;
	case PKT_NONIP_OFF:
		s->nonip_pkts++;
		s->nonip_bytes += p->wire;
		break;
	case PKT_FILTERED:
		s->filt_pkts++;
		s->filt_bytes += p->wire;
		break;
	}
}

static void
take_time(struct engine *e, struct arrival *a)
{
	struct watermark *clock = &e->ledger.clock;
	int64_t before = clock->now;

	if (e->o.collect != NULL) { /* it was told; a piece may have waited since */
		if (a->now > clock->now)
			clock->now = a->now;
		return;
	}
	a->bad_ts |= !watermark_can_be(a->packet.ts);
	a->packet.ts = watermark_take(clock, a->packet.ts, a->bad_ts, &a->jump);
	a->now = clock->now;
	ledger_tick(&e->ledger, before);
}

/* Time: the packet's own, and what the clock says when it comes. */
static void
clock_in(struct engine *e, struct seen *v, struct arrival *a)
{
	struct ledger *l = &e->ledger;
	const struct packet *p = &a->packet;
	struct stat_set *s;

	take_time(e, a);
	v->p = p;
	v->now = a->now;
	ledger_place(l, v);
	if (a->kind == ARRIVAL_PIECE)
		return;
	s = ledger_packet_stats(l, v);
	if (a->kind != ARRIVAL_NOTE) {
		s->frames++;
		s->framebytes += p->wire;
		stat_span(s, p->ts, p->ts);
		if (p->fate != PKT_FLOW || p->facts & FACT_CUT)
			count_fate(s, p);
		if (v->late || a->jump || a->bad_ts) {
			s->tback += v->late;
			s->tjump += a->jump;
			s->tbad += a->bad_ts;
		}
	}
	if (p->facts & NOTES_EARLY)
		notes_early(&e->notes, p, v->now, s);
}

/* Nearly always all packets that come together lie in the bin of the one before them, which is not sealed, and are in
 * flows: then the clock only goes on, and the bin's counters are looked up once.  false: something else is with them, and
 * nothing is done. */
static bool
clock_in_together(struct engine *e, struct seen *v, const struct arrival *a, unsigned n)
{
	struct ledger *l = &e->ledger;
	bool told = e->o.collect != NULL;
	int64_t start = l->time.here, T = l->time.interval, now = l->clock.now;
	int64_t first = INT64_MAX, last = 0;
	uint64_t bytes = 0;
	uint32_t facts = 0;
	unsigned odd = !told && (!l->clock.started || T > WATERMARK_FAR || now < start || now >= start + T || now >= l->leaves);
	struct stat_set *s;

	for (unsigned i = 0; i < n; i++) {
		const struct packet *p = &a[i].packet;
		int64_t at = told ? a[i].now : p->ts;

		odd |= a[i].bad_ts | a[i].jump | a[i].kind | p->fate | ((uint64_t)p->ts - (uint64_t)start >= (uint64_t)T);
		facts |= p->facts;
		bytes += p->wire;
		first = p->ts < first ? p->ts : first;
		last = p->ts > last ? p->ts : last;
		now = at > now ? at : now;
		v[i].p = p;
		v[i].now = told ? at : now;
		v[i].start = start;
		v[i].late = false;
	}
	if (odd || n == 0 || facts & (FACT_CUT | NOTES_EARLY) || timeline_sealed(&l->time, start, now))
		return (false);
	l->clock.now = now;
	l->clock.agree = 0;
	s = &timeline_span(&l->time, start)->stats;
	s->frames += n;
	s->framebytes += bytes;
	stat_span(s, first, last);
	return (true);
}

static int
way_of(const struct arrival *a)
{
	const struct packet *p = &a->packet;

	if (p->fate != PKT_FLOW || a->kind == ARRIVAL_FRAME)
		return (WAY_NONE);
	if (a->kind == ARRIVAL_NOTE)
		return (WAY_NOTE);
	if (p->facts & FACT_FRAG)
		return (WAY_DATAGRAM);
	return (lanes_take(p) && p->facts & FACT_SPI ? WAY_SPI : WAY_KEY);
}

/* Key and hash; a fragment gets them in its turn. */
static void
key_in(struct engine *e, struct seen *v, const struct arrival *a)
{
	v->f = NULL;
	v->flow = v->sa = 0;
	v->frag = v->told = 0;
	v->flags = 0;
	v->way = (uint8_t)way_of(a);
	if (v->way != WAY_KEY && v->way != WAY_SPI)
		return;
	v->side = key_of(v->p, &e->o.key, &v->key);
	if (v->way == WAY_SPI) {
		lanes_hash(&e->lanes, v);
		return;
	}
	v->hash = table_hash(&e->flows.table, &v->key);
	slots_prefetch(&e->flows.table.slots, v->hash);
}

/* The memory that the packets will need: slots were asked for, then flows, bins, what hangs off both. */
static void
fetch(struct engine *e, struct seen *v, unsigned n)
{
	const struct table *t = &e->flows.table;

	for (unsigned i = 0; i < n; i++) {
		uint32_t at = 0;

		if (v[i].way == WAY_SPI)
			lanes_prefetch_sa(&e->lanes, &v[i]);
		if (v[i].way != WAY_KEY)
			continue;
		v[i].flow = slots_walk(&t->slots.now, v[i].hash, &at);
		if (v[i].flow != 0)
			mem_prefetch(flow_at(t, v[i].flow), sizeof(struct flow_state));
	}
	for (unsigned i = 0; i < n; i++)
		if (v[i].sa != 0)
			lanes_prefetch_flow(&e->lanes, &v[i]);
		else if (v[i].flow != 0)
			mem_prefetch(bin_at(&e->ledger, flow_at(t, v[i].flow)->bin), sizeof(struct bin));
	for (unsigned i = 0; i < n; i++) {
		const struct flow_state *f;

		if (v[i].flow == 0)
			continue;
		f = flow_at(t, v[i].flow);
		if (tracker_at(f)->prefetch != NULL)
			tracker_at(f)->prefetch(e->track, f, f->bin != 0 ? bin_at(&e->ledger, f->bin) : NULL);
	}
}

/* Nothing that waits is due before the last of the packets that came together, nor will be what begins to wait with one
 * of them: they came within a second, and no wait is shorter. */
static bool
is_calm(const struct engine *e, int64_t first)
{
	int64_t now = e->ledger.clock.now;

	return (now - first < SEC && pieces_held_due(&e->pieces) > now && pieces_datagram_due(&e->pieces) > now &&
	    notes_due(&e->notes) > now && settle_wait_due(&e->flows) > now);
}

/* The clock comes to `now`, with a packet or without. */
static void
wake(struct engine *e, int64_t now)
{
	const struct due *d;

	while ((d = next_due(e, ROWS(waiting), now)) != NULL)
		d->act(e);
}

static void
packet_in(struct engine *e, struct seen *v, struct arrival *a)
{
	struct packet *p = &a->packet;

	if ((p->facts & NOTES_TOLD) && notes_told(&e->notes, p)) {
		v->side = key_of(p, &e->o.key, &v->key);
		v->way = v->way == WAY_KEY ? WAY_SPI : v->way;
		v->sa = 0;
	}
	if (v->way == WAY_KEY)
		settle(&e->flows, v);
	else if (v->way == WAY_SPI)
		lanes_packet(&e->lanes, v, p->spi, true);
	else if (v->way == WAY_DATAGRAM)
		pieces_packet(&e->pieces, v, a->order);
	else if (v->way == WAY_NOTE)
		notes_heard(&e->notes, v);
}

void
engine_packets(struct engine *e, struct arrival *a, unsigned n)
{
	struct seen v[ENGINE_BATCH];
	int64_t first = INT64_MAX;
	bool calm;

	if (!clock_in_together(e, v, a, n))
		for (unsigned i = 0; i < n; i++)
			clock_in(e, &v[i], &a[i]);
	for (unsigned i = 0; i < n; i++) {
		key_in(e, &v[i], &a[i]);
		if (v[i].now < first) /* it is that of a piece that has waited, or of the first one */
			first = v[i].now;
	}
	if (e->o.live && e->o.collect == NULL)
		ledger_mark(&e->ledger);
	fetch(e, v, n);
	calm = is_calm(e, first);
	for (unsigned i = 0; i < n; i++) {
		e->ledger.counting = 0;
		if (!calm)
			wake(e, v[i].now);
		packet_in(e, &v[i], &a[i]);
	}
	e->ledger.counting = 0;
	(void)advance(e);
}

/* --- when there are no packets */

void
engine_idle(struct engine *e, int64_t now)
{
	struct watermark *clock = &e->ledger.clock;

	if (now != ENGINE_NO_TIME && (!clock->started || now > clock->now)) {
		int64_t before = clock->now;

		clock->started = true;
		clock->now = now;
		ledger_tick(&e->ledger, before);
		ledger_mark(&e->ledger);
		wake(e, now);
	}
	for (unsigned i = 0; clock->started && i < IDLE_SLICES; i++)
		if (!advance(e))
			return;
}

bool
engine_slice(struct engine *e)
{
	return (e->ledger.clock.started && advance(e));
}

void
engine_clock(struct engine *e, int64_t before, int64_t now)
{
	struct watermark *clock = &e->ledger.clock;

	clock->started = true;
	if (now > clock->now)
		clock->now = now;
	ledger_tick(&e->ledger, before);
	wake(e, clock->now);
}

void
engine_opened(struct engine *e, int64_t start, bool late, int64_t now, uint32_t serial)
{
	timeline_open(&e->ledger.time, start, late, now, serial);
}

void
engine_flush(struct engine *e, int64_t now, int64_t delay)
{
	if (emit_waits(&e->ledger.emit) && ((now >= e->waits && now - e->waits < delay) || !emit_ready(&e->ledger.emit)))
		return;
	emit_flush(&e->ledger.emit);
	e->waits = now;
}

void
engine_kernel(struct engine *e, const struct stat_news *n)
{
	ledger_kernel(&e->ledger, n);
}

void
engine_dropped(struct engine *e, const struct stat_news *n)
{
	ledger_dropped(&e->ledger, n);
}

void
engine_cut(struct engine *e, int64_t at)
{
	struct ledger *l = &e->ledger;

	if (!l->clock.started || l->time.periods.cut > l->clock.now) /* it is coming */
		return;
	page_cut(&l->page, at != INT64_MIN ? at : timeline_edge(&l->time, l->clock.now));
}

void
engine_finish(struct engine *e)
{
	struct ledger *l = &e->ledger;

	e->ends = true;
	if (!l->clock.started)
		return;
	while (advance(e))
		;
	while (pieces_held_due(&e->pieces) != INT64_MAX)
		pieces_let_go(&e->pieces);
	while (settle_wait_due(&e->flows) != INT64_MAX)
		settle_waiting(&e->flows);
	lanes_finish(&e->lanes);
	numbers_finish(&e->track->numbers);
	while (pieces_datagram_due(&e->pieces) != INT64_MAX)
		pieces_give_up(&e->pieces);
	settle_end_all(&e->flows);
	while (l->time.drains || l->time.late.head != 0 || timeline_due(&l->time) != INT64_MAX)
		if (l->time.drains)
			drain(e);
		else if (l->time.late.head != 0 && ledger_late_due(l) <= timeline_due(&l->time))
			ledger_write(l, l->time.late.head);
		else
			seal_span(e);
	emit_flush(&l->emit);
}

void
engine_totals(const struct engine *e, struct engine_totals *t)
{
	const struct watermark *clock = &e->ledger.clock;

	ledger_total(&e->ledger, &t->stats);
	set_levels(e, &t->stats);
	t->stats.fragevict = frags_evicted(e->pieces.frags);
	t->in_flows = e->flows.counted;
	t->records = e->ledger.emit.records;
	t->queries = dns_waiting(e->track);
	t->clock = clock->started ? clock->now : ENGINE_NO_TIME;
}

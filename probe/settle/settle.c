/* SPDX-License-Identifier: BSD-2-Clause
 *
 * settle.c: flows are found, made, evicted, ended.
 */
#include "probe/settle/settle.h"

#include "format/base/clock.h"
#include "format/base/mem.h"

static void let_go(struct flows *, uint32_t flow, uint64_t id, int64_t now);

/* --- the end of a flow */

static uint64_t *
end_counter(struct stat_set *s, uint8_t cause)
{
	switch (cause) {
	case CAUSE_fin:
		return (&s->end_fin);
	case CAUSE_rst:
		return (&s->end_rst);
	case CAUSE_evict:
		return (&s->end_evict);
	case CAUSE_shutdown:
		return (&s->end_shut);
	case CAUSE_reuse:
		return (&s->end_reuse);
	default:
		return (&s->end_idle);
	}
}

/* The flow ends at watermark `when`; that counts in the bin of `now`. */
static void
end_flow(struct flows *fl, uint32_t n, uint8_t cause, int64_t when, int64_t now)
{
	struct flow_state *f = flow_at(&fl->table, n);
	const struct tracker *k = tracker_at(f);

	(*end_counter(ledger_stats(fl->ledger, now), cause))++;
	fl->ended[f->id % SETTLE_ENDED] = f->id;
	if (k->end_flow != NULL)
		k->end_flow(fl->track, f);
	if (fl->closing) {
		f->life |= LIFE_DEAD;
	} else {
		wheel_cancel(&fl->wheel, &fl->table, n);
		table_remove(&fl->table, n);
	}
	ledger_end(fl->ledger, f, cause, when);
	if (f->pending == 0)
		table_release(&fl->table, n);
}

/* When the wheel comes to it. */
static int64_t
looked_at(const struct flow_state *f)
{
	return (clock_bin(flow_deadline(f) + SEC - 1, SEC));
}

static uint8_t
idle_cause(const struct flow_state *f)
{
	const struct tracker *k = tracker_at(f);

	return (k->cause != NULL ? k->cause(f) : CAUSE_idle);
}

/* What waits beside it is then a new one. */
static void
falls_silent(struct flows *fl, uint32_t n, int64_t now)
{
	const struct flow_state *f = flow_at(&fl->table, n);
	int64_t when = flow_deadline(f);
	bool waits = f->waits;
	uint64_t id = f->id;

	end_flow(fl, n, idle_cause(f), when, now);
	if (waits)
		let_go(fl, n, id, when);
}

bool
settle_expire(struct flows *fl, uint32_t n, int64_t now)
{
	const struct flow_state *f = flow_at(&fl->table, n);

	if (flow_deadline(f) > now)
		return (false);
	falls_silent(fl, n, now < looked_at(f) ? now : looked_at(f));
	return (true);
}

int64_t
settle_due(struct flows *fl)
{
	return (wheel_due(&fl->wheel, &fl->table, fl->ledger->clock.now));
}

void
settle_expire_next(struct flows *fl)
{
	int64_t at = fl->wheel.second * SEC; /* the clock may be further: what lies between comes in its turn */
	uint32_t n = wheel_take(&fl->wheel, &fl->table);
	struct flow_state *f;

	if (n == 0)
		return;
	f = flow_at(&fl->table, n);
	wheel_set(&fl->wheel, &fl->table, n, flow_deadline(f));
	if (flow_deadline(f) <= at)
		falls_silent(fl, n, looked_at(f));
}

static void
evict(struct flows *fl, int64_t now)
{
	uint32_t n = table_victim(&fl->table), last;
	struct flow_state *f = flow_at(&fl->table, n);
	struct stat_set *s = ledger_stats(fl->ledger, now);

	if (f->life & LIFE_CONFIRMED)
		s->evict_conf++;
	else
		s->evict_prob++;
	last = ledger_write_but_last(fl->ledger, f);
	end_flow(fl, n, CAUSE_evict, last != 0 ? INT64_MIN : now, now);
	if (last != 0)
		ledger_write(fl->ledger, last);
}

void
settle_merge(struct flows *fl, uint32_t to, uint32_t from, int64_t now, int64_t open)
{
	ledger_move(fl->ledger, to, from, now, open);
	table_merge(&fl->table, to, from);
	wheel_cancel(&fl->wheel, &fl->table, from);
	table_remove(&fl->table, from);
	table_release(&fl->table, from);
}

void
settle_become(struct flows *fl, uint32_t n, const struct packet *p)
{
	struct flow_state *f = flow_at(&fl->table, n);

	if (tracker_at(f)->end_flow != NULL)
		tracker_at(f)->end_flow(fl->track, f);
	f->ext = 0;
	for (int side = 0; side < 2; side++)
		if (f->life & LIFE_SENT_LO << side)
			f->path[side] = path_encapsulate(&fl->table.paths, f->path[side], p);
}

/* Those without a bin have to say their END now. */
static void
end_list(struct flows *fl, const struct list *l)
{
	int64_t now = fl->ledger->clock.now;

	for (uint32_t n = l->head, next; n != 0; n = next) {
		const struct flow_state *f = flow_at(&fl->table, n);
		const struct tracker *k = tracker_at(f);

		next = f->fifo.next;
		if (next != 0)
			mem_prefetch(flow_at(&fl->table, next), sizeof(struct flow_state));
		end_flow(fl, n, k->closed != NULL && k->closed(f) ? idle_cause(f) : CAUSE_shutdown, now, now);
	}
}

void
settle_end_all(struct flows *fl)
{
	fl->closing = true;
	end_list(fl, &fl->table.probation);
	end_list(fl, &fl->table.confirmed);
}

/* --- a packet */

/* Key, first time and probe make a flow's id, in every run the same.  Where the capture's clock went back, or a flow
 * ends and comes again within one tick of it, another life would have them too: then the watermark, or how many lives
 * there were, is part of it. */
static uint64_t
flow_id(const struct flows *fl, const struct seen *v)
{
	int64_t ts = v->p->ts;
	uint64_t id = id_of_flow(&v->key, ts, fl->probe, v->now - ts >= SEC ? (uint64_t)v->now : 0);

	for (uint64_t life = 1; fl->ended[id % SETTLE_ENDED] == id; life++)
		id = id_of_flow(&v->key, ts, fl->probe, id + life);
	return (id);
}

static uint32_t
new_flow(struct flows *fl, const struct seen *v)
{
	struct flow_state *f;
	uint32_t n;

	while (fl->table.alive >= fl->table.max_flows)
		evict(fl, v->now);
	while (table_full(&fl->table)) /* cells of flows that ended: they wait for their bins */
		ledger_make_room(fl->ledger);
	n = table_add(&fl->table, &v->key, v->hash);
	f = flow_at(&fl->table, n);
	f->tracker = tracker_of(&v->key);
	f->heard = v->now;
	f->id = flow_id(fl, v);
	if ((v->key.kind & KEY_SA) == 0) /* that is no flow of its own for long: it counts when it has a lane */
		ledger_stats(fl->ledger, v->now)->newflows++;
	return (n);
}

static inline void place(struct flows *, struct seen *, bool asks);

/* What waits beside a flow counts: in the flow of its key, whichever that is now. */
static void
let_go(struct flows *fl, uint32_t n, uint64_t id, int64_t now)
{
	struct waiting x;

	if (table_has(&fl->table, n, id))
		flow_at(&fl->table, n)->waits = 0; /* else it is gone */
	while (waits_take(&fl->waits, n, id, &x)) {
		x.v.now = now;
		ledger_place(fl->ledger, &x.v);
		place(fl, &x.v, false);
	}
}

/* It waits, where there is room. */
static bool
keep(struct flows *fl, uint32_t n, const struct seen *v)
{
	if (waits_add(&fl->waits, &fl->table, n, v))
		return (true);
	ledger_stats(fl->ledger, v->now)->synevict++;
	return (false);
}

/* Packets wait beside this flow.  true: so does this one; false: it is known where they belong, and they are there. */
static bool
decides(struct flows *fl, uint32_t n, const struct seen *v)
{
	const struct flow_state *f = flow_at(&fl->table, n);
	const struct waiting *first = waits_first(&fl->waits, n, f->id);
	enum reuse r = REUSE_NO;
	uint64_t id = f->id;

	if (v->now < first->v.now + WAIT_FOR)
		r = tracker_at(f)->reuses(f, &first->v, v);
	if (r == REUSE_WAITS && keep(fl, n, v))
		return (true);
	if (r == REUSE_YES)
		end_flow(fl, n, CAUSE_reuse, v->now, v->now);
	let_go(fl, n, id, v->now);
	return (false);
}

/* Is it of the flow n, or of a new one (then n is 0)?  false: it waits, others have to tell. */
static bool
same_flow(struct flows *fl, uint32_t *n, struct seen *v)
{
	const struct flow_state *f = flow_at(&fl->table, *n);
	enum reuse r;

	v->flow = *n;
	if (f->waits) {
		if (decides(fl, *n, v))
			return (false);
		if ((*n = table_find(&fl->table, &v->key, v->hash)) == 0)
			return (true);
		f = flow_at(&fl->table, *n);
	}
	r = tracker_at(f)->reuses(f, NULL, v);
	if (r == REUSE_WAITS && keep(fl, *n, v)) {
		flow_at(&fl->table, *n)->waits = 1;
		return (false);
	}
	if (r == REUSE_YES) {
		end_flow(fl, *n, CAUSE_reuse, v->now, v->now);
		*n = 0;
	}
	return (true);
}

static void
set_timer(struct flows *fl, uint32_t n, bool fresh)
{
	if (!fresh)
		wheel_cancel(&fl->wheel, &fl->table, n);
	wheel_set(&fl->wheel, &fl->table, n, flow_deadline(flow_at(&fl->table, n)));
}

/* Find its flow or make it, and count.  asks: it may be a new one with the same key, or have to wait. */
static inline void
place(struct flows *fl, struct seen *v, bool asks)
{
	uint32_t n = v->flow;

	if (n == 0 || !table_is(&fl->table, n, &v->key))
		n = table_find(&fl->table, &v->key, v->hash);
	if (n != 0 && flow_deadline(flow_at(&fl->table, n)) <= v->now && settle_expire(fl, n, v->now))
		n = table_find(&fl->table, &v->key, v->hash);
	if (n != 0 && asks && tracker_at(flow_at(&fl->table, n))->reuses != NULL && !same_flow(fl, &n, v))
		return;
	v->flow = n != 0 ? n : new_flow(fl, v);
	if (count(fl, v) || n == 0)
		set_timer(fl, v->flow, n == 0);
}

void
settle(struct flows *fl, struct seen *v)
{
	place(fl, v, true);
}

void
settle_in(struct flows *fl, struct seen *v)
{
	if (count(fl, v))
		set_timer(fl, v->flow, false);
}

void
settle_waiting(struct flows *fl)
{
	int64_t due = settle_wait_due(fl), now = fl->ledger->clock.now;
	const struct waiting *x = waits_oldest(&fl->waits);
	uint32_t n = x->v.flow;
	uint64_t id = x->id;

	if (due > now)
		due = now; /* the end of input */
	if (!table_has(&fl->table, n, id) || flow_at(&fl->table, n)->life & LIFE_DEAD || !settle_expire(fl, n, due))
		let_go(fl, n, id, due);
	fl->ledger->counting = 0;
}

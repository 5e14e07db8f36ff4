/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ledger.c: bins are opened, counted into, sealed, written, corrected.
 */
#include "probe/ledger/ledger.h"

#include "format/base/clock.h"
#include "format/base/mem.h"

#include <string.h>

#define PENDING_MAX  8    /* bins of one flow that wait (SEMANTICS R4) */
#define PENDING_HELD 32   /* and of one whose bins may be held */

#define ORDER offsetof(struct bin, order)

void
ledger_init(struct ledger *l, struct table *t, const struct ledger_options *o)
{
	uint32_t cells = ledger_cells(o->max_flows);

	memset(l, 0, sizeof(*l));
	l->table = t;
	l->live = l->total.live = o->live;
	l->leaves = INT64_MIN;
	timeline_init(&l->time, o->interval, TIMELINE_GRACE(o->interval));
	pool_init(&l->bins, sizeof(struct bin), cells - 1);
	pool_init(&l->mores, sizeof(struct bin_more), cells);
	pool_init(&l->toses, sizeof(struct tos), cells);
	pool_init(&l->frags, sizeof(struct frag_counts), cells);
	holds_init(&l->holds, o->max_holds);
	emit_init(&l->emit, o->sink, o->probe, o->interval);
	l->emit.table = t;
	page_init(&l->page, &l->time, &l->emit);
	l->time.periods.length = o->rotate;
	l->emit.vlan_key = o->vlan_key;
	l->emit.limits = o->limits;
	l->emit.links = o->links;
	l->emit.nlinks = o->nlinks;
}

void
ledger_free(struct ledger *l)
{
	timeline_free(&l->time);
	pool_free(&l->bins);
	pool_free(&l->mores);
	pool_free(&l->toses);
	pool_free(&l->frags);
	holds_free(&l->holds);
	emit_free(&l->emit);
	page_free(&l->page);
}

static struct list *
list_of(struct ledger *l, const struct bin *b)
{
	if (b->waits)
		return (&hold_group_at(&l->holds, flow_at(l->table, b->flow)->held.group)->waiting);
	if (bin_is_late(b))
		return (&l->time.late);
	if (l->time.drains && l->time.draining.start == b->start)
		return (&l->time.draining.bins);
	return (&timeline_span(&l->time, b->start)->bins);
}

/* --- cells */

static struct bin_more *
more_of(const struct ledger *l, const struct bin *b)
{
	return (b->more != 0 ? pool_at(&l->mores, b->more) : NULL);
}

struct bin_more *
ledger_more(struct ledger *l, struct bin *b)
{
	if (b->more == 0) {
		b->more = pool_get(&l->mores);
		memset(pool_at(&l->mores, b->more), 0, sizeof(struct bin_more));
	}
	return (pool_at(&l->mores, b->more));
}

struct tos *
ledger_tos(struct ledger *l, struct bin *b)
{
	if (b->tos == 0) {
		b->tos = pool_get(&l->toses);
		memset(pool_at(&l->toses, b->tos), 0, sizeof(struct tos));
	}
	return (pool_at(&l->toses, b->tos));
}

struct frag_counts *
ledger_frags(struct ledger *l, struct bin *b)
{
	struct bin_more *m = ledger_more(l, b);

	if (m->frag == 0) {
		m->frag = pool_get(&l->frags);
		memset(pool_at(&l->frags, m->frag), 0, sizeof(struct frag_counts));
	}
	return (pool_at(&l->frags, m->frag));
}

static void
free_cells(struct ledger *l, const struct flow_state *f, struct bin *b)
{
	const struct tracker *k = tracker_at(f);
	struct bin_more *m = more_of(l, b);

	if (k->end_bin != NULL)
		k->end_bin(l->track, b);
	for (const struct extra *x = extras; x->fill != NULL; x++)
		if (extra_cell(x, b, m) != 0)
			x->end(l->track, extra_cell(x, b, m));
	if (b->tos != 0)
		pool_put(&l->toses, b->tos);
	if (m == NULL)
		return;
	if (m->frag != 0)
		pool_put(&l->frags, m->frag);
	pool_put(&l->mores, b->more);
}

/* --- a flow's bins in the order in which they are written */

static int64_t
written_at(const struct ledger *l, const struct flow_state *f, const struct bin *b)
{
	int64_t until;

	int64_t due = ledger_due(l, b);

	if ((f->life & LIFE_HOLDS) == 0)
		return (due);
	until = hold_until(&l->holds, f, b->start);
	return (until > due ? until : due);
}

int64_t
ledger_written_at(const struct ledger *l, const struct bin *b)
{
	return (written_at(l, flow_at(l->table, b->flow), b));
}

/* Is a written before b?  Where neither is: in the order in which they were made. */
static bool
sooner(const struct ledger *l, const struct flow_state *f, const struct bin *a, const struct bin *b)
{
	int64_t x = written_at(l, f, a), y = written_at(l, f, b);

	if (x != y)
		return (x < y);
	x = ledger_due(l, a);
	y = ledger_due(l, b);
	return (x < y || (x == y && bin_is_late(a) && !bin_is_late(b)));
}

/* Of a flow's bins the one that is written first, or last. */
static uint32_t
extreme(const struct ledger *l, const struct flow_state *f, bool last)
{
	uint32_t best = f->bin;

	for (uint32_t n = best; f->pending > 1 && n != 0; n = bin_at(l, n)->older)
		if (sooner(l, f, bin_at(l, best), bin_at(l, n)) == last)
			best = n;
	return (best);
}

static uint32_t
first_bin(const struct ledger *l, const struct flow_state *f)
{
	return (extreme(l, f, false));
}

/* --- writing */

/* Take a bin off its flow's chain. */
static void
unchain(const struct ledger *l, struct flow_state *f, uint32_t n)
{
	uint32_t *at = &f->bin;

	while (*at != n)
		at = &bin_at(l, *at)->older;
	*at = bin_at(l, n)->older;
	f->pending--;
}

static inline struct told
told(const struct ledger *l, const struct flow_state *f, const struct bin *b)
{
	const struct bin_more *m = more_of(l, b);

	return ((struct told){ .track = l->track, .f = f, .b = b, .more = m,
	    .tos = b->tos != 0 ? pool_at(&l->toses, b->tos) : NULL,
	    .frag = m != NULL && m->frag != 0 ? pool_at(&l->frags, m->frag) : NULL });
}

static struct ending
ending(const struct flow_state *f, uint8_t cause)
{
	struct ending end = { .state = cause == CAUSE_idle ? STATE_TIM : STATE_CON };

	if (tracker_at(f)->end != NULL)
		tracker_at(f)->end(f, cause, &end);
	return (end);
}

/* An END row stands in the bin of the flow's last packet. */
static void
write_end(struct ledger *l, const struct flow_state *f, uint8_t cause)
{
	struct ending end = ending(f, cause);

	emit_end(&l->emit, f, ledger_start(l, f->last[0] > f->last[1] ? f->last[0] : f->last[1]), cause, &end);
}

/* The bin in whose file it will be. */
static int64_t
home_of(const struct ledger *l, const struct bin *b)
{
	return (bin_is_late(b) ? page_late_home(&l->page, b->start, ledger_due(l, b) - 1) : b->start);
}

/* Write a bin that is off its list, and the flow's END row if it came after the seal. */
static void
write_bin(struct ledger *l, uint32_t n)
{
	struct bin *b = bin_at(l, n);
	uint32_t flow = b->flow;
	struct flow_state *f = flow_at(l->table, flow);
	struct told o;

	if (f->life & LIFE_HOLDS && f->held.own != 0)
		l->forced(l->arg, flow);
	if (bin_is_late(b))
		page_late(&l->page, b->start, home_of(l, b));
	o = told(l, f, b);
	emit_bin(&l->emit, &o);
	if (b->end_row)
		write_end(l, f, b->end_row);
	f->frozen = 1;
	unchain(l, f, n);
	free_cells(l, f, b);
	pool_put(&l->bins, n);
	if (f->life & LIFE_DEAD && f->pending == 0)
		table_release(l->table, flow);
}

static void
take_off(struct ledger *l, uint32_t n)
{
	struct bin *b = bin_at(l, n);

	list_remove(&l->bins, ORDER, list_of(l, b), n);
	if (b->waits)
		page_let_go(&l->page, home_of(l, b));
}

void
ledger_write(struct ledger *l, uint32_t n)
{
	take_off(l, n);
	write_bin(l, n);
}

/* Its time has come: it is written, or waits. */
static void
seal(struct ledger *l, uint32_t n)
{
	struct bin *b = bin_at(l, n);
	const struct flow_state *f = flow_at(l->table, b->flow);

	if (!hold_keeps(&l->holds, f, b->start)) {
		write_bin(l, n);
		return;
	}
	b->waits = true;
	page_keep(&l->page, home_of(l, b));
	list_append(&l->bins, ORDER, &hold_group_at(&l->holds, f->held.group)->waiting, n);
}

void
ledger_write_ready(struct ledger *l, uint32_t group)
{
	struct list *w = &hold_group_at(&l->holds, group)->waiting;
	int64_t kept = INT64_MIN;

	/* A flood of holds must not walk all bins for each: what is true of one bin is true of those before it, or
	 * after it. */
	if (w->head != 0 && hold_group_keeps(&l->holds, group, bin_at(l, w->head)->start))
		return;
	for (uint32_t n = w->head, next; n != 0; n = next) {
		struct bin *b = bin_at(l, n);
		const struct flow_state *f = flow_at(l->table, b->flow);
		bool own = f->held.own != 0;

		next = b->order.next;
		if ((own || b->start > kept) && hold_keeps(&l->holds, f, b->start))
			continue;
		if (!own && b->start > kept)
			kept = b->start;
		take_off(l, n);
		b->waits = false;
		write_bin(l, n);
	}
}

void
ledger_make_room(struct ledger *l)
{
	struct timeline *tl = &l->time;

	if (tl->drains && tl->draining.bins.head != 0)
		ledger_write(l, tl->draining.bins.head);
	else if (tl->late.head != 0)
		ledger_write(l, tl->late.head);
	else
		for (uint32_t i = 0; i < tl->nopen; i++)
			if (tl->open[i]->bins.head != 0) {
				tl->open[i]->stats.segevict++;
				ledger_write(l, tl->open[i]->bins.head);
				return;
			}
}

uint32_t
ledger_write_but_last(struct ledger *l, struct flow_state *f)
{
	while (f->pending > 1)
		ledger_write(l, first_bin(l, f));
	return (f->bin);
}

void
ledger_end(struct ledger *l, struct flow_state *f, uint8_t cause, int64_t when)
{
	struct bin *b = f->bin != 0 ? bin_at(l, extreme(l, f, true)) : NULL;
	struct ending end = ending(f, cause);

	if (b != NULL && when < written_at(l, f, b)) {
		b->flags |= RFLAGS_end;
		b->cause = cause & 15;
		b->conn = end.conn & 15;
		if (cause == CAUSE_idle && end.conn != 0)
			b->state = end.state;
	} else if (b != NULL && end.row) {
		b->end_row = cause & 15;
	} else if (end.row) {
		write_end(l, f, cause);
	}
}

/* --- opening */

bool
ledger_frozen(const struct ledger *l, const struct flow_state *f, int64_t now)
{
	uint32_t n = f->bin;

	if (f->frozen)
		return (true);
	while (n != 0 && (bin_at(l, n)->flags & RFLAGS_start) == 0)
		n = bin_at(l, n)->older;
	return (n != 0 && now >= ledger_due(l, bin_at(l, n)));
}

/* START is on the record that is written first: on this new one, if it comes before the one that has it.
 * Bins of `open` and later have waited until `now`. */
static void
take_start(const struct ledger *l, struct flow_state *f, struct bin *b, int64_t now, int64_t open)
{
	if ((f->life & LIFE_STARTED) == 0) {
		f->life |= LIFE_STARTED;
		b->flags |= RFLAGS_start;
		f->otime = b->start;
		f->frozen = 0;
		return;
	}
	for (uint32_t n = b->older; n != 0; n = bin_at(l, n)->older) {
		struct bin *old = bin_at(l, n);

		if ((old->flags & RFLAGS_start) == 0 || (written_at(l, f, old) <= now && old->start < open) ||
		    !sooner(l, f, b, old))
			continue;
		old->flags &= (uint16_t)~RFLAGS_start;
		if (old->state == STATE_INT)
			old->state = STATE_REQ;
		b->flags |= RFLAGS_start;
		f->frozen = 0;
	}
}

/* The bin in which this time counts now; 0 if there is none yet. */
static uint32_t
find_open(const struct ledger *l, const struct flow_state *f, int64_t start, bool late, int64_t now)
{
	uint32_t n = f->bin;

	while (n != 0) {
		const struct bin *b = bin_at(l, n);

		if (b->start == start && bin_is_late(b) == late && ledger_due(l, b) > now)
			return (n);
		n = b->older;
	}
	return (0);
}

/* They are written in the order of their list. */
static int64_t
late_due(const struct ledger *l, int64_t now)
{
	const struct list *q = &l->time.late;
	int64_t due = timeline_late_seal(&l->time, now), last = q->tail != 0 ? ledger_due(l, bin_at(l, q->tail)) : INT64_MIN;

	return (due < last ? last : due);
}

static uint32_t
open_bin(struct ledger *l, uint32_t flow, struct flow_state *f, int64_t start, bool late, int64_t now)
{
	struct bin *b;
	uint32_t n;

	if (f->pending >= (f->life & LIFE_HOLDS ? PENDING_HELD : PENDING_MAX))
		ledger_write(l, first_bin(l, f));
	while ((n = pool_get(&l->bins)) == 0)
		ledger_make_room(l);
	b = bin_at(l, n);
	memset(b, 0, sizeof(*b));
	b->start = start;
	b->flow = flow;
	b->flags = late ? RFLAGS_late : 0;
	if (late)
		ledger_more(l, b)->due = late_due(l, now);
	b->ttlmin[0] = b->ttlmin[1] = 255;
	b->older = f->bin;
	f->bin = n;
	f->pending++;
	take_start(l, f, b, now, INT64_MAX);
	list_append(&l->bins, ORDER, list_of(l, b), n);
	return (n);
}

struct bin *
ledger_open(struct ledger *l, const struct seen *v)
{
	struct flow_state *f = flow_at(l->table, v->flow);
	uint32_t n = find_open(l, f, v->start, v->late, v->now);

	l->counting = n != 0 ? n : open_bin(l, v->flow, f, v->start, v->late, v->now);
	return (bin_at(l, l->counting));
}

/* --- what is learned later */

/* The flow's newest bin of that time that is not written; `own`: not a LATE one.  0 = there is none. */
static uint32_t
unwritten(const struct ledger *l, const struct flow_state *f, int64_t start, bool own)
{
	uint32_t n = f->bin;

	while (n != 0 && (bin_at(l, n)->start != start || (own && bin_is_late(bin_at(l, n)))))
		n = bin_at(l, n)->older;
	return (n);
}

struct bin *
ledger_unwritten(const struct ledger *l, const struct flow_state *f, int64_t start)
{
	uint32_t n = unwritten(l, f, start, true);

	return (n != 0 ? bin_at(l, n) : NULL);
}

/* What is there of that time comes before its correction, and what is written before it; but not the bin in which
 * a packet is being counted. */
static void
write_up_to(struct ledger *l, const struct flow_state *f, int64_t start)
{
	uint32_t n = unwritten(l, f, start, false);

	while (n != 0) {
		uint32_t first = first_bin(l, f);

		if (first == l->counting)
			return;
		n = first == n ? 0 : n;
		ledger_write(l, first);
	}
}

struct bin *
ledger_bin(struct ledger *l, const struct flow_ref *of, int64_t start, int64_t now)
{
	bool there = of->cell != 0 && table_has(l->table, of->cell, of->id);
	struct flow_state *f = there ? flow_at(l->table, of->cell) : NULL;
	struct bin *b = there ? ledger_unwritten(l, f, start) : NULL;

	if (b != NULL && (!timeline_sealed(&l->time, start, now) || hold_keeps(&l->holds, f, start)))
		return (b);
	if (there)
		write_up_to(l, f, start);
	l->blank = (struct bin){ .start = start, .correction = true, .flow = of->cell };
	if (there && table_lives(l->table, of->cell, of->id, now))
		return (&l->blank);
	l->gone = (struct flow_state){ .id = of->id, .otime = of->otime, .src = of->src, .dirq = of->dirq,
		.tracker = tracker_of(&of->key) };
	table_set_key(l->table, &l->gone, &of->key);
	l->blank.flow = 0;
	return (&l->blank);
}

void
ledger_done(struct ledger *l, struct bin *b)
{
	const struct flow_state *f = b->flow != 0 ? flow_at(l->table, b->flow) : &l->gone;
	struct told o;

	if (!b->correction)
		return;
	o = told(l, f, b);
	emit_correction(&l->emit, &o);
	free_cells(l, f, b);
	table_forget_key(l->table, &l->gone);
}

/* --- two flows that are one */

static void
merge_tos(struct ledger *l, struct bin *to, struct bin *from)
{
	struct tos *a;
	const struct tos *b;

	if (from->tos != 0 && to->tos == 0) { /* the packets of `to` had none: DSCP 0 */
		a = pool_at(&l->toses, from->tos);
		for (int i = 0; i < 2; i++)
			a->dscps[i] |= to->pkts[i] > from->pkts[i];
		to->tos = from->tos;
		from->tos = 0;
		return;
	}
	if (to->tos == 0)
		return;
	a = pool_at(&l->toses, to->tos);
	if (from->tos == 0) {
		for (int i = 0; i < 2; i++)
			a->dscps[i] |= from->pkts[i] > 0;
		return;
	}
	b = pool_at(&l->toses, from->tos);
	for (int i = 0; i < 2; i++) {
		a->dscps[i] |= b->dscps[i];
		a->ect0[i] += b->ect0[i];
		a->ect1[i] += b->ect1[i];
		a->ce[i] += b->ce[i];
	}
}

static void
merge_frags(struct ledger *l, struct bin_more *to, struct bin_more *from)
{
	struct frag_counts *a;
	const struct frag_counts *b;

	if (from->frag == 0)
		return;
	if (to->frag == 0) {
		to->frag = from->frag;
		from->frag = 0;
		return;
	}
	a = pool_at(&l->frags, to->frag);
	b = pool_at(&l->frags, from->frag);
	for (int i = 0; i < 2; i++) {
		a->fragb[i] += b->fragb[i];
#define ADD(what, name) a->name[i] += b->name[i];
		FRAG_COUNTS(ADD)
		FRAG_OTHERS(ADD)
#undef ADD
	}
}

static void
merge_extras(struct ledger *l, struct bin *to, struct bin *from)
{
	struct bin_more *m = more_of(l, to), *of = more_of(l, from);

	for (const struct extra *x = extras; x->fill != NULL; x++) {
		uint32_t a = extra_cell(x, to, m), b = extra_cell(x, from, of);

		if (b == 0)
			continue;
		if (a != 0 && x->merge != NULL) {
			x->merge(l->track, a, b);
			continue;
		}
		*extra_place(x, to, m) = b;
		*extra_place(x, from, of) = 0;
	}
}

/* All bits of a sum. */
#define SET_SUM(l, b, name, side, sum)                                                             \
	do {                                                                                       \
		uint64_t all = (sum), high = all >> 8 * sizeof((b)->name[0]);                      \
                                                                                                   \
		(b)->name[side] = (__typeof__((b)->name[0]))all;                                   \
		if (high != 0 || (b)->more != 0)                                                   \
			ledger_more(l, b)->name[side] = (uint32_t)high;                            \
	} while (0)

void
ledger_less_payload(struct ledger *l, struct bin *b, int side, uint64_t n)
{
	SET_SUM(l, b, payload, side, BIN_WHOLE(more_of(l, b), b, payload, side) - n);
}

static void
merge_sums(struct ledger *l, struct bin *to, const struct bin *from)
{
	const struct bin_more *m = more_of(l, from);

	for (int i = 0; i < 2; i++) {
		to->pkts[i] += from->pkts[i];
#define ADD(type, name) SET_SUM(l, to, name, i, BIN_WHOLE(more_of(l, to), to, name, i) + BIN_WHOLE(m, from, name, i));
		BIN_SUMS(ADD)
#undef ADD
		bin_add_sumsq(to, i, from->ipg_sumsq[i]);
	}
}

static void
merge_bins(struct ledger *l, const struct flow_state *f, struct bin *to, struct bin *from)
{
	for (int i = 0; i < 2; i++) {
		if (from->pkts[i] > 0 && (to->pkts[i] == 0 || from->stime < to->stime))
			to->dscp[i] = from->dscp[i];
		if (from->ttlmin[i] < to->ttlmin[i])
			to->ttlmin[i] = from->ttlmin[i];
		if (from->ttlmax[i] > to->ttlmax[i])
			to->ttlmax[i] = from->ttlmax[i];
	}
	merge_sums(l, to, from);
	if (from->stime < to->stime)
		to->stime = from->stime;
	if (from->ltime > to->ltime)
		to->ltime = from->ltime;
	to->flags |= from->flags & (uint16_t)~(RFLAGS_start | RFLAGS_end);
	to->seen |= from->seen;
	merge_tos(l, to, from);
	if (from->more != 0)
		merge_frags(l, ledger_more(l, to), ledger_more(l, from));
	merge_extras(l, to, from);
	if (tracker_at(f)->merge != NULL)
		tracker_at(f)->merge(l->track, to, from);
}

void
ledger_move(struct ledger *l, uint32_t to, uint32_t from, int64_t now, int64_t open)
{
	struct flow_state *f = flow_at(l->table, to), *t = flow_at(l->table, from);

	while (t->bin != 0) {
		uint32_t n = t->bin, m;
		struct bin *b = bin_at(l, n), *same = NULL;

		unchain(l, t, n);
		for (m = f->bin; m != 0 && same == NULL; m = bin_at(l, m)->older) {
			struct bin *o = bin_at(l, m);

			if (o->start == b->start && bin_is_late(o) == bin_is_late(b))
				same = o;
		}
		if (same != NULL) {
			take_off(l, n);
			merge_bins(l, f, same, b);
			free_cells(l, t, b);
			pool_put(&l->bins, n);
			continue;
		}
		b->flags &= (uint16_t)~RFLAGS_start;
		b->flow = to;
		b->older = f->bin;
		f->bin = n;
		f->pending++;
		take_start(l, f, b, now, open);
	}
}

/* --- what is due */

int64_t
ledger_late_due(const struct ledger *l)
{
	return (l->time.late.head != 0 ? ledger_due(l, bin_at(l, l->time.late.head)) : INT64_MAX);
}

void
ledger_seal_late(struct ledger *l)
{
	uint32_t n = l->time.late.head;

	list_remove(&l->bins, ORDER, &l->time.late, n);
	seal(l, n);
}

/* While one bin is written: what hangs off the next one, the flow of the one after it, and the bin after that. */
static void
look_ahead(const struct ledger *l, uint32_t next)
{
	const struct bin *b;
	const struct tracker *k;

	if (next == 0)
		return;
	b = bin_at(l, next);
	k = tracker_at(flow_at(l->table, b->flow));
	if (k->prefetch != NULL)
		k->prefetch(l->track, NULL, b);
	if (b->order.next == 0)
		return;
	b = bin_at(l, b->order.next);
	mem_prefetch(flow_at(l->table, b->flow), sizeof(struct flow_state));
	if (b->order.next != 0)
		mem_prefetch(bin_at(l, b->order.next), sizeof(struct bin));
}

bool
ledger_drain(struct ledger *l)
{
	struct list *w = &l->time.draining.bins;
	uint32_t n = w->head;

	if (n == 0) {
		l->time.drains = false;
		return (false);
	}
	list_remove(&l->bins, ORDER, w, n);
	look_ahead(l, w->head);
	seal(l, n);
	return (true);
}

/* --- the probe's own counters */

void
ledger_turn(struct ledger *l, int64_t before)
{
	bool first = l->leaves == INT64_MIN;

	l->leaves = ledger_start(l, l->clock.now) + l->time.interval;
	if (first)
		return;
	if (l->turns == LEDGER_TURNS)
		l->turns--;
	l->turn[l->turns++] = before;
}

struct stat_set *
ledger_stats(struct ledger *l, int64_t now)
{
	int64_t at = l->clock.now, start;

	for (unsigned i = l->turns; i-- > 0 && l->turn[i] >= now;)
		at = l->turn[i];
	start = ledger_start(l, at);
	if (timeline_sealed(&l->time, start, at))
		return (timeline_late_stats(&l->time, start, at));
	return (&timeline_span(&l->time, start)->stats);
}

bool
ledger_close(struct ledger *l, const struct span *s, bool late)
{
	stat_add(&l->total, &s->stats);
	return (ledger_tells(l, s, late));
}

void
ledger_mar(struct ledger *l, struct span *s, bool late)
{
	int64_t at = s->due < l->clock.now && s->due >= 0 ? s->due : l->clock.now;

	if (late)
		page_late(&l->page, s->start, page_late_home(&l->page, s->start, s->opened));
	s->stats.live = l->live;
	s->stats.has_ifdrop = l->total.has_ifdrop;
	emit_mar(&l->emit, s->start, &s->stats, at, late);
}

void
ledger_mark(struct ledger *l)
{
	int64_t start;

	while (timeline_mark(&l->time, l->clock.now, &start))
		(void)timeline_span(&l->time, start);
}

void
ledger_dropped(struct ledger *l, const struct stat_news *n)
{
	if (n->is.drop > 0 || n->is.gap > 0)
		emit_dropped(&l->emit, n->since, n->until);
	l->total.has_ifdrop |= n->is.has_ifdrop;
}

void
ledger_kernel(struct ledger *l, const struct stat_news *n)
{
	struct stat_set *s = &l->total; /* before the first packet there is no bin */
	int64_t since;

	ledger_dropped(l, n);
	if (l->clock.started) {
		since = ledger_start(l, n->since);
		if (timeline_sealed(&l->time, since, l->clock.now))
			since = ledger_start(l, l->clock.now);
		s = &timeline_span(&l->time, since)->stats;
	}
	stat_take(s, n);
}

void
ledger_total(const struct ledger *l, struct stat_set *sum)
{
	const struct timeline *tl = &l->time;

	*sum = l->total;
	if (tl->drains)
		stat_add(sum, &tl->draining.stats);
	for (uint32_t i = 0; i < tl->nopen; i++)
		stat_add(sum, &tl->open[i]->stats);
	for (uint32_t i = 0; i < tl->nlate; i++)
		stat_add(sum, &tl->latestats[i].stats);
}

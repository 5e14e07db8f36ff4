/* SPDX-License-Identifier: BSD-2-Clause
 *
 * scan.c: blocks are found in turn, and read, filtered and taken by several threads (pool.h).
 */
#include "ra-tools/query/scan.h"

#include "format/base/mem.h"
#include "ra-tools/query/corrections.h"
#include "ra-tools/query/pool.h"

#include <stdlib.h>
#include <string.h>

#define FEW 8 /* of a block's rows less than one in so many are picked out of it */

struct slot {
	struct part *part;
	struct scan_block block;
	uint64_t *sel, *match, *rejected;
	uint32_t *row; /* the selected ones */
	struct probes *probes;
};

struct scan {
	struct source *source;
	struct scan_plan plan;
	struct fieldset want, first; /* the plan's, where there is more to read */
	struct extremes extremes; /* the plan's */
	unsigned slots;
	struct slot *slot;
	uint64_t number;
	bool moved; /* rows may not count */
	struct crew *pool;
};

/* --- rows -------------------------------------------------------------------------------------- */

static bool
in_time(const struct scan_plan *p, int64_t start, int64_t end)
{
	return (start < p->to && end > p->from);
}

static void
select_time(const struct scan_plan *p, struct batch *b, uint64_t *sel)
{
	const struct dense *one = b->dense[F_bstart], *other = b->dense[F_bend];
	const struct column *start, *end;

	if (one != NULL && dense_is_one(one) && other != NULL && dense_is_one(other)) {
		if (!in_time(p, (int64_t)narrow_at(&one->num, 0), (int64_t)narrow_at(&other->num, 0)))
			memset(sel, 0, BITS_WORDS(b->rows) * 8);
		return;
	}
	start = batch_flat(b, F_bstart);
	end = batch_flat(b, F_bend);
	for (uint32_t i = 0; i < b->rows; i++) {
		int64_t s = column_has(start, i) ? start->i[i] : 0,
			e = column_has(end, i) ? end->i[i] : s + 1;

		if (!column_has(start, i) || !in_time(p, s, e))
			bit_clear(sel, i);
	}
}

/* Selected rows whose bins reach out of the time that was asked for. */
static void
note_reach(const struct scan_plan *p, struct slot *s)
{
	const struct column *start = batch_flat(s->block.batch, F_bstart), *end = batch_flat(s->block.batch, F_bend);
	struct scan_block *b = &s->block;
	uint32_t rows = b->batch->rows;

	for (size_t i = bits_next(s->sel, 0, rows); end != NULL && i < rows; i = bits_next(s->sel, i + 1, rows)) {
		int64_t from = start->i[i], to = column_has(end, (uint32_t)i) ? end->i[i] : from;

		if ((from >= p->from && to <= p->to) || to <= from)
			continue;
		b->first = b->longest == 0 || from < b->first ? from : b->first;
		b->last = b->longest == 0 || to > b->last ? to : b->last;
		b->longest = to - from > b->longest ? to - from : b->longest;
	}
}

/* `match`: working memory. */
static void
select_not_mar(struct batch *b, uint64_t *sel, uint64_t *match)
{
	const struct dense *all = b->dense[F_rectype];
	const struct column *type;

	if (all != NULL && dense_is_one(all) && narrow_at(&all->num, 0) != RECTYPE_MAR)
		return;
	if (all != NULL && all->present == NULL) {
		narrow_between(&all->num, b->rows, RECTYPE_MAR, RECTYPE_MAR, match);
		for (size_t w = 0; w < BITS_WORDS(b->rows); w++)
			sel[w] &= ~match[w];
		return;
	}
	type = batch_flat(b, F_rectype);
	for (uint32_t i = 0; type != NULL && i < b->rows; i++)
		if (type->u[i] == RECTYPE_MAR)
			bit_clear(sel, i);
}

/* What the filter has selected; a row that no packets belong to says when a flow ended, and nothing else. */
static void
select_not_events(struct slot *s, struct batch *b)
{
	const struct dense *one = b->dense[F_flags];
	const struct column *flags, *type, *spkts, *dpkts;

	if (one != NULL && dense_is_one(one) && (narrow_at(&one->num, 0) & RFLAGS_end) == 0)
		return;
	flags = batch_flat(b, F_flags);
	type = batch_flat(b, F_rectype);
	spkts = batch_flat(b, F_spkts);
	dpkts = batch_flat(b, F_dpkts);
	for (size_t i = bits_next(s->sel, 0, b->rows); flags != NULL && i < b->rows; i = bits_next(s->sel, i + 1, b->rows)) {
		uint32_t r = (uint32_t)i;

		if (!column_has(flags, r) || (flags->u[r] & RFLAGS_end) == 0 || !column_has(type, r) ||
		    type->u[r] != RECTYPE_FLOW || column_has(spkts, r) || column_has(dpkts, r) || column_mixed(spkts, r) ||
		    column_mixed(dpkts, r))
			continue;
		bit_clear(s->sel, i);
		s->block.events++;
	}
}

static void
select_filter(const struct scan_plan *p, struct slot *s, struct batch *b)
{
	size_t words = BITS_WORDS(b->rows);

	memset(s->match, 0, words * 8);
	filter_run(p->filter, b, s->match);
	for (size_t w = 0; w < words; w++) {
		s->rejected[w] = s->sel[w] & ~s->match[w];
		s->sel[w] &= s->match[w];
	}
	if (p->note_corrections) {
		batch_flatten(b);
		s->block.corrections = corrections_lost(p->filter, b, s->rejected);
	}
	s->block.rejected = s->rejected;
}

static void
select_rows(const struct scan *scan, const struct fieldset *read, struct slot *s)
{
	const struct scan_plan *p = &scan->plan;
	struct batch *b = s->block.batch;

	bits_fill(s->sel, b->rows);
	if (scan->moved || p->repeats != NULL || p->met != NULL || p->labels != NULL)
		batch_flatten(b);
	if (p->met != NULL)
		twice_meet(p->met, b, s->part->path, s->block.origin.segment->probe);
	source_leave_moved(scan->source, s->part, b, s->sel); /* first: what does not count is no earlier record of any */
	if (p->repeats != NULL)
		repeats_leave(p->repeats, b, s->sel);
	if (p->labels != NULL)
		labels_fill(p->labels, read, b);
	if (p->timed)
		select_time(p, b, s->sel);
	if (p->leave_mar)
		select_not_mar(b, s->sel, s->match);
	if (p->filter != NULL)
		select_filter(p, s, b);
	if (p->leave_events)
		select_not_events(s, b);
	if (p->timed)
		note_reach(p, s);
	b->sel = s->sel;
	s->block.any = bits_next(s->sel, 0, b->rows) < b->rows;
}

/* --- blocks ------------------------------------------------------------------------------------ */

static bool
take(void *arg, unsigned n)
{
	struct scan *scan = arg;
	struct slot *s = &scan->slot[n];
	struct batch *batch;

	if (!source_find(scan->source, s->part, scan->plan.want, true, &batch))
		return (false);
	s->block = (struct scan_block){
		.origin = { piece_segment(s->part->piece), s->part->path, scan->number++ },
		.batch = batch,
		.file = s->part->number,
		.in_file = piece_number(s->part->piece),
		.rows = piece_rows(s->part->piece),
	};
	return (true);
}

/* The columns that say which rows are selected, and which these are. */
static void
read_first(const struct scan *scan, struct slot *s)
{
	const struct fieldset *want = scan->plan.first != NULL && !s->part->settled ? scan->plan.first : scan->plan.want;
	struct scan_block *b = &s->block;

	if (!s->part->settled) {
		b->batch = piece_open(s->part->piece);
		if (b->batch != NULL)
			b->batch = piece_more(s->part->piece, want);
	}
	b->why = piece_why(s->part->piece);
	b->any = false;
	if (b->batch != NULL)
		select_rows(scan, want, s);
}

/* All columns, of few rows or of all. */
static void
read_rest(const struct scan *scan, struct slot *s)
{
	const struct scan_plan *p = &scan->plan;
	struct scan_block *b = &s->block;
	struct piece *piece = s->part->piece;
	uint32_t n = (uint32_t)bits_count(s->sel, b->rows), k = 0;
	bool few = n < b->rows / FEW && !p->rejects;

	if (n == b->rows && p->extremes != NULL) {
		b->batch = piece_extremes(piece, p->want, p->extremes);
	} else if (!few) {
		b->batch = piece_more(piece, p->want);
	} else {
		for (size_t r = bits_next(s->sel, 0, b->rows); r < b->rows; r = bits_next(s->sel, r + 1, b->rows))
			s->row[k++] = (uint32_t)r;
		b->batch = piece_pick(piece, p->want, s->row, n);
		b->rejected = NULL;
	}
	b->any = b->batch != NULL;
	if (!b->any)
		return;
	if (p->labels != NULL) {
		batch_flatten(b->batch);
		labels_fill(p->labels, p->want, b->batch);
	}
	if (few)
		bits_fill(s->sel, n);
	b->batch->sel = s->sel;
}

static void
work(void *arg, unsigned n, unsigned worker)
{
	struct scan *scan = arg;
	struct slot *s = &scan->slot[n];
	struct scan_block *b = &s->block;

	read_first(scan, s);
	if (b->any && scan->plan.first != NULL && !s->part->settled)
		read_rest(scan, s);
	if ((b->any || (b->batch != NULL && scan->plan.rejects)) && !scan->plan.copies && !scan->plan.dense) {
		batch_flatten(b->batch);
		b->batch->made = (struct fieldset){ { 0 } }; /* its cells may be written to */
	}
	if (b->any && scan->plan.tell_probes) {
		probes_forget(s->probes);
		probes_meet(s->probes, b->batch);
		b->probes = s->probes;
	}
	if (b->any && scan->plan.take != NULL)
		b->taken = scan->plan.take(scan->plan.states[worker], b->batch, &b->origin);
}

static void
done(void *arg, unsigned n)
{
	struct scan *scan = arg;
	struct slot *s = &scan->slot[n];

	if (!s->part->settled)
		source_settle(scan->source, s->part);
	s->block.records = source_totals(scan->source).records;
	source_progress(scan->source, &s->block.done, &s->block.size);
}

/* What says which rows have moved is read too. */
static void
read_starts(struct scan *scan)
{
	if (scan->plan.want != NULL) {
		scan->want = *scan->plan.want;
		fieldset_add(&scan->want, F_bstart);
		scan->plan.want = &scan->want;
	}
	if (scan->plan.first != NULL) {
		scan->first = *scan->plan.first;
		fieldset_add(&scan->first, F_bstart);
		scan->plan.first = &scan->first;
	}
}

/* What may not have to be read waits until it is clear; those who look at each row have to be told all of it. */
static void
read_extremes_last(struct scan *scan)
{
	struct scan_plan *p = &scan->plan;

	if (scan->moved || p->want == NULL || p->repeats != NULL || p->met != NULL || p->labels != NULL || !p->dense)
		p->extremes = NULL;
	if (p->extremes == NULL)
		return;
	scan->extremes = *p->extremes;
	p->extremes = &scan->extremes;
	if (p->first != NULL)
		return;
	scan->first = *p->want;
	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(&p->extremes->of, f))
			fieldset_remove(&scan->first, f);
	p->first = &scan->first;
}

struct scan *
scan_new(struct source *source, const struct scan_plan *plan)
{
	static const struct crew_work steps = { take, work, done };
	struct scan *scan = mem_zero(1, sizeof(*scan));

	scan->source = source;
	scan->plan = *plan;
	scan->moved = source_moved(source);
	if (scan->moved)
		read_starts(scan);
	read_extremes_last(scan);
	scan->slots = crew_slots(plan->threads);
	if (plan->take != NULL && plan->threads > 1) /* nobody has to hold what the threads took themselves */
		scan->slots = plan->threads + 1;
	if (plan->blocks > 0 && plan->blocks < scan->slots)
		scan->slots = plan->blocks;
	scan->slot = mem_zero(scan->slots, sizeof(scan->slot[0]));
	for (unsigned i = 0; i < scan->slots; i++) {
		struct slot *s = &scan->slot[i];

		s->part = part_new();
		if (plan->copies)
			piece_keep(s->part->piece);
		s->sel = mem_zero(3 * BITS_WORDS(BATCH_ROWS), 8);
		s->row = scan->plan.first != NULL ? mem_alloc(BATCH_ROWS / FEW * sizeof(s->row[0])) : NULL;
		s->match = s->sel + BITS_WORDS(BATCH_ROWS);
		s->rejected = s->match + BITS_WORDS(BATCH_ROWS);
		s->probes = plan->tell_probes ? probes_new() : NULL;
	}
	scan->pool = crew_new(plan->threads, scan->slots, &steps, scan);
	return (scan);
}

const struct scan_block *
scan_next(struct scan *scan)
{
	int slot = crew_next(scan->pool);

	return (slot < 0 ? NULL : &scan->slot[slot].block);
}

void
scan_free(struct scan **ps)
{
	struct scan *scan = *ps;

	if (scan == NULL)
		return;
	crew_free(&scan->pool);
	for (unsigned i = 0; i < scan->slots; i++) {
		part_free(&scan->slot[i].part);
		free(scan->slot[i].sel);
		free(scan->slot[i].row);
		probes_free(&scan->slot[i].probes);
	}
	free(scan->slot);
	free(scan);
	*ps = NULL;
}

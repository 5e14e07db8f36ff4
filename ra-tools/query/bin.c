/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bin.c: records merged by time bin and key.
 *
 * A record is put into its bin by moving its bstart and bend to the bin's; the rest is aggr.h, with bstart
 * as the first part of the key.  Where the width is to be that of the input and a wider record comes, what
 * is merged so far is merged again into wider bins.
 */
#include "ra-tools/query/bin.h"

#include "format/base/mem.h"
#include "format/base/programs.h"
#include "format/base/wide.h"
#include "ra-tools/query/fold.h"
#include "ra-tools/query/zero.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR	  (3600 * SEC)
#define DAY	  (86400 * SEC)
#define PARTS_MAX 4096	     /* of one record, --approx; what is left goes into the last */

struct bins {
	struct keys keys;
	struct fieldset keep;
	struct bin_options o;
	int64_t width;
	struct aggr *a;
	struct fold *fold; /* NULL: rows are to be split */
	int64_t bin_from, bin_to; /* the bin that was looked up last */
	int64_t interval; /* T of what was added last */
	int64_t refused, refused_span; /* what was not: T, and how long the record is */
	uint64_t split;
	struct left_out left; /* by what was merged again into wider bins */
	struct batch *parts;
	uint64_t *places; /* of parts */
	uint64_t number, base; /* of the batch; of what was merged again */
	uint64_t limit;
	struct arena arena;

	struct zero *zero; /* --zero; NULL: not yet, or not asked for */
	int64_t least, most; /* with --zero: the bins of rows begin and end */
};

static struct aggr *
new_aggr(const struct bins *b)
{
	struct aggr *a = aggr_new(&b->keys, &b->keep);

	aggr_order(a, F_bstart);
	aggr_memory(a, b->limit);
	return (a);
}

struct bins *
bins_new(const struct keys *k, const struct fieldset *keep, const struct bin_options *o)
{
	struct bins *b = mem_zero(1, sizeof(*b));

	assert(k->n < KEYS_MAX);
	b->keys = *k;
	memmove(b->keys.part + 1, b->keys.part, k->n * sizeof(k->part[0]));
	b->keys.part[0] = (struct key_part){ F_bstart, -1, -1 };
	b->keys.n++;
	b->keep = *keep;
	fieldset_add(&b->keep, F_bstart);
	fieldset_add(&b->keep, F_bend);
	if (o->width == 0) /* rows may be merged again, by widen() */
		keys_want(k, keep, &b->keep);
	b->o = *o;
	b->width = o->width;
	b->least = INT64_MAX;
	b->most = INT64_MIN;
	b->a = new_aggr(b);
	b->fold = o->approx ? NULL : fold_new(&b->keys, &b->keep);
	return (b);
}

struct bins *
bins_twin(const struct bins *b)
{
	struct bins *t = mem_zero(1, sizeof(*t));

	assert(b->o.width != 0);
	t->keys = b->keys;
	t->keep = b->keep;
	t->o = b->o;
	t->width = b->width;
	t->limit = b->limit;
	t->least = INT64_MAX;
	t->most = INT64_MIN;
	t->a = aggr_twin(b->a);
	t->fold = t->o.approx ? NULL : fold_new(&t->keys, &t->keep);
	return (t);
}

void
bins_place(struct bins *b, uint64_t number)
{
	b->number = number;
}

void
bins_memory(struct bins *b, uint64_t bytes)
{
	b->limit = bytes;
	aggr_memory(b->a, bytes);
}

void
bins_share(struct bins *b, unsigned threads)
{
	aggr_share(b->a, threads);
}

const char *
bins_error(const struct bins *b)
{
	return (b->zero != NULL && zero_error(b->zero) != NULL ? zero_error(b->zero) : aggr_error(b->a));
}

void
bins_free(struct bins **pb)
{
	struct bins *b = *pb;

	if (b == NULL)
		return;
	aggr_free(&b->a);
	fold_free(&b->fold);
	batch_free(&b->parts);
	free(b->places);
	zero_free(&b->zero);
	arena_free(&b->arena);
	free(b);
	*pb = NULL;
}

void
bins_want(const struct keys *k, const struct fieldset *keep, struct fieldset *read)
{
	static const uint16_t always[] = { F_bstart, F_bend, F_stime, F_rectype, F_spkts, F_dpkts };

	keys_want(k, keep, read);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		fieldset_want(read, always[i]);
}

bool
bins_extremes(const struct bins *b, struct extremes *e)
{
	const struct keys *k = &b->keys;

	if (b->o.approx || k->turn || k->halves || k->ends || k->required != F_NONE)
		return (false);
	*e = (struct extremes){ 0 };
	for (unsigned i = 0; i < k->n; i++) {
		if (k->part[i].field >= F_STORED)
			return (false);
		fieldset_add(&e->same, k->part[i].field);
	}
	fieldset_add(&e->same, F_bend);
	for (int i = 0; i < 2; i++)
		if (!fieldset_has(&e->same, i == 0 ? F_stime : F_ltime))
			fieldset_add(&e->of, i == 0 ? F_stime : F_ltime);
	return (true);
}

int64_t
bins_width(const struct bins *b)
{
	return (b->width);
}

uint64_t
bins_split(const struct bins *b)
{
	return (b->split);
}

struct left_out
bins_left_out(const struct bins *b)
{
	struct left_out l = b->left;

	left_out_join(&l, aggr_left_out(b->a));
	return (l);
}

/* --- where bins begin -------------------------------------------------------------------------- */

/* What was asked for, in whole bins of the input, is an edge too. */
static void
clip_to_range(const struct bins *b, int64_t t, int64_t *start, int64_t *end)
{
	int64_t from, to, step = b->interval > 0 ? b->interval : 1;

	if (b->o.from == b->o.to)
		return;
	from = b->o.from < 0 ? INT64_MIN : clock_bin(b->o.from, step);
	to = b->o.to > INT64_MAX - step ? INT64_MAX : clock_bin(b->o.to + step - 1, step);
	if (from > *start && from < *end)
		*(t < from ? end : start) = from;
	if (to > *start && to < *end)
		*(t < to ? end : start) = to;
}

/* The zone's full hours, where those are edges of the input's bins too. */
static enum clock_zone
zone_for(const struct bins *b, int64_t t)
{
	int64_t step = b->interval > 0 ? b->interval : 1;

	if (b->width > HOUR || zone_offset(t / SEC, b->o.zone) * SEC % step == 0)
		return (b->o.zone);
	return (CLOCK_UTC);
}

static int64_t
bin_of(struct bins *b, int64_t t, int64_t *end)
{
	if (t < b->bin_from || t >= b->bin_to) {
		b->bin_from = cut_bin(t, b->width, zone_for(b, t), &b->bin_to);
		clip_to_range(b, t, &b->bin_from, &b->bin_to);
	}
	*end = b->bin_to;
	return (b->bin_from);
}

/* Times come from files: what is outside 1970..2262 is put to its edge, so that sums of times stay times. */
static int64_t
sane(int64_t t)
{
	const int64_t latest = INT64_MAX - 4 * DAY;

	return (t < 0 ? 0 : t > latest ? latest : t);
}

/* --- rows into bins ---------------------------------------------------------------------------- */

static void
span_of(const struct batch *batch, uint32_t r, int64_t *start, int64_t *end)
{
	const struct column *s = batch->col[F_bstart], *e = batch->col[F_bend];

	*start = column_has(s, r) ? sane(s->i[r]) : 0;
	*end = column_has(e, r) && e->i[r] > *start ? sane(e->i[r]) : *start;
}

static bool
fits(struct bins *b, int64_t start, int64_t end)
{
	int64_t bin_end;

	(void)bin_of(b, start, &bin_end);
	return (end <= bin_end);
}

/* Absent companion times mean bstart: say so before bstart moves. */
static void
fix_times(struct batch *batch)
{
	const struct column *start = batch->col[F_bstart];

	for (enum field f = 0; f < F_STORED; f++) {
		enum field t = fields[f].companion;
		struct column *time;

		if (batch->col[f] == NULL || fields[f].agg == AGG_COMP || t == F_NONE ||
		    start == NULL)
			continue;
		time = batch_column(batch, t);
		for (uint32_t r = 0; r < batch->rows; r++)
			if (column_has(batch->col[f], r) && !bit_get(time->present, r)) {
				time->i[r] = start->i[r];
				bit_set(time->present, r);
			}
	}
}

static void
move_rows(struct bins *b, struct batch *batch)
{
	struct column *s = batch_column(batch, F_bstart), *e = batch_column(batch, F_bend);
	int64_t start = 0, end = 0;

	for (uint32_t r = 0; r < batch->rows; r++) {
		int64_t t = sane(s->i[r]);

		if (end == 0 || t < start || t >= end)
			start = bin_of(b, t, &end);
		s->i[r] = start;
		e->i[r] = end;
		bit_set(s->present, r);
		bit_set(e->present, r);
	}
}

static void
reach(struct bins *b, int64_t from, int64_t to)
{
	b->least = from < b->least ? from : b->least;
	b->most = to > b->most ? to : b->most;
}

static void
note_reach(struct bins *b, const struct batch *batch)
{
	const struct column *s = batch->col[F_bstart], *e = batch->col[F_bend];

	for (uint32_t r = 0; r < batch->rows; r++)
		if (batch_selected(batch, r))
			reach(b, s->i[r], e->i[r]);
}

static void
add(struct bins *b, struct batch *batch)
{
	fix_times(batch);
	move_rows(b, batch);
	if (b->o.zero)
		note_reach(b, batch);
	aggr_place(b->a, b->base + b->number);
	aggr_add(b->a, batch);
}

static void
add_parts(struct bins *b)
{
	fix_times(b->parts);
	move_rows(b, b->parts);
	if (b->o.zero)
		note_reach(b, b->parts);
	aggr_add_at(b->a, b->parts, b->places);
	batch_reset(b->parts);
}

/* Merge what there is into wider bins. */
static void
widen(struct bins *b, int64_t width)
{
	struct aggr *old = b->a;
	struct batch *batch;

	b->width = width;
	b->bin_from = b->bin_to = 0;
	b->a = new_aggr(b);
	aggr_hide_ends(old, false);
	aggr_once(b->a, true);
	while ((batch = aggr_next(old)) != NULL) {
		add(b, batch);
		b->base++;
	}
	aggr_once(b->a, false);
	left_out_join(&b->left, aggr_left_out(old));
	/* its blobs were copied by the new one */
	aggr_free(&old);
}

/* --- a record over several bins (--approx) ----------------------------------------------------- */

/* v shared by weight: parts are cut down, and what is left goes to the largest remainders, so the sum holds.  Nearly all
 * bins are equally wide, so few different remainders have to be looked for. */
static void
share_out(uint64_t v, const uint64_t *weight, uint64_t total, uint64_t *part, uint64_t *rest, uint32_t n)
{
	uint64_t left = v, below = UINT64_MAX;

	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && weight[i] == weight[i - 1]) {
			part[i] = part[i - 1];
			rest[i] = rest[i - 1];
		} else {
			struct wide product = wide_mul(v, weight[i]); /* weight <= total: the quotient fits */

			rest[i] = wide_div(&product, total);
			part[i] = product.lo;
		}
		left -= part[i];
	}
	while (left > 0) { /* left < n: some remainder is above 0 */
		uint64_t most = 0;

		for (uint32_t i = 0; i < n; i++)
			if (rest[i] < below && rest[i] > most)
				most = rest[i];
		for (uint32_t i = 0; i < n && left > 0; i++)
			if (rest[i] == most) {
				part[i]++;
				left--;
			}
		below = most;
	}
}

static void
clip(struct flow *f, int64_t from, int64_t to, bool first)
{
	f->v[F_bstart].i = from;
	f->v[F_bend].i = to;
	bit_set(f->present, F_bstart);
	bit_set(f->present, F_bend);
	if (HAS_FIELD(f, stime) && f->v[F_stime].i < from)
		f->v[F_stime].i = from;
	if (HAS_FIELD(f, ltime) && f->v[F_ltime].i >= to)
		f->v[F_ltime].i = to - 1;
	f->v[F_flags].u = HAS_FIELD(f, flags) ? f->v[F_flags].u : 0;
	if (!first)
		f->v[F_flags].u &= ~(uint64_t)(RFLAGS_start | RFLAGS_end);
	f->v[F_flags].u |= RFLAGS_approx;
	bit_set(f->present, F_flags);
}

/* The bins of a row and how much of it lies in each, by the time from its first to its last packet. */
static uint32_t
weigh(struct bins *b, const struct flow *f, int64_t *start, int64_t *end, uint64_t *weight,
      uint64_t *total)
{
	int64_t from = sane(HAS_FIELD(f, stime) ? f->v[F_stime].i : f->v[F_bstart].i);
	int64_t to = HAS_FIELD(f, ltime) ? sane(f->v[F_ltime].i) + 1 : sane(f->v[F_bend].i);
	uint32_t n = 0;

	*total = 0;
	while (n < PARTS_MAX && (n == 0 || from < to)) {
		start[n] = bin_of(b, from, &end[n]);
		weight[n] = (uint64_t)((end[n] < to ? end[n] : to) - from);
		if (to <= from)
			weight[n] = 1;
		*total += weight[n];
		from = end[n++];
	}
	return (n);
}

static void
put_part(struct bins *b, const struct flow *f, uint32_t r)
{
	if (b->parts == NULL) {
		b->parts = batch_new(PARTS_MAX);
		b->places = mem_alloc(PARTS_MAX * sizeof(b->places[0]));
	}
	b->places[b->parts->rows] = aggr_row(b->base + b->number, r);
	batch_add(b->parts, f);
	if (b->parts->rows == b->parts->cap)
		add_parts(b);
}

static void
split_row(struct bins *b, const struct batch *batch, uint32_t r)
{
	static _Thread_local struct flow whole, part; /* wide: not for the stack */
	int64_t *start, *end;
	uint64_t *weight, *rest, *share[F_STORED], total;
	enum field sum[F_STORED];
	uint32_t n, sums = 0;

	arena_reset(&b->arena);
	start = arena_alloc(&b->arena, PARTS_MAX * 8);
	end = arena_alloc(&b->arena, PARTS_MAX * 8);
	weight = arena_alloc(&b->arena, PARTS_MAX * 8);
	rest = arena_alloc(&b->arena, PARTS_MAX * 8);
	batch_get(batch, r, &whole);
	n = weigh(b, &whole, start, end, weight, &total);
	for (enum field f = 0; f < F_STORED; f++)
		if (fields[f].agg == AGG_SUM && f != F_trans && bit_get(whole.present, f)) {
			sum[sums] = f;
			share[sums] = arena_alloc(&b->arena, (size_t)n * 8);
			share_out(whole.v[f].u, weight, total, share[sums++], rest, n);
		}
	part = whole;
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < sums; k++)
			part.v[sum[k]].u = share[k][i];
		part.v[F_stime] = whole.v[F_stime];
		part.v[F_ltime] = whole.v[F_ltime];
		part.v[F_flags].u = HAS_FIELD(&whole, flags) ? whole.v[F_flags].u : 0;
		clip(&part, start[i], end[i], i == 0);
		put_part(b, &part, r);
		for (enum field f = 0; i == 0 && f < F_STORED; f++)
			if (f == F_trans || fields[f].agg == AGG_HIST)
				bit_clear(part.present, f); /* not to be divided: all of it is in the first */
	}
	b->split++;
}

/* --- adding ------------------------------------------------------------------------------------ */

static void
seconds(int64_t ns, char text[static 32])
{
	(void)snprintf(text, 32, ns % SEC == 0 ? "%.0f" : "%.9g", (double)ns / 1e9);
}

void
bins_advise(const struct bins *b, int64_t all, char *err, size_t errlen)
{
	int64_t interval = b->refused, span = b->refused_span;
	int64_t step = interval > 0 && span <= interval ? interval : span, every = all > 0 && all % step == 0 ? all : step;
	int64_t next = (b->width / every + (b->width % every != 0 || b->width < every)) * every;
	const char *approx = b->o.may_approx ? ", or --approx" : "";
	char wide[32], has[32], good[32];

	seconds(step, has);
	if (b->width == CUT_MONTH || b->width % step == 0) {
		(void)snprintf(err, errlen, "has bins of %s s, which do not begin where bins begin by the clock of this zone: "
		    "use --tz utc%s", has, approx);
		return;
	}
	seconds(b->width, wide);
	seconds(next, good);
	if ((interval == 0 || step == interval) && b->width % SEC != 0)
		(void)snprintf(err, errlen,
			       "was recorded in bins of %s s (" TOOL(pavo) " -S); %s s bins would be "
			       "guesses: use -M %ss%s",
			       has, wide, good, approx);
	else if (interval == 0 || step == interval)
		(void)snprintf(
		    err, errlen,
		    "was recorded in bins of %s s (" TOOL(pavo) " -S); %s s bins would be guesses: "
		    "use -M %ss, record with " TOOL(pavo) " -S %s%s",
		    has, wide, good, wide, approx);
	else
		(void)snprintf(err, errlen,
			       "has merged records of %s s; %s s bins would be guesses: "
			       "use wider bins, or the records before they were merged%s",
			       has, wide, approx);
}

/* T: what the file was recorded with; a merged record may be longer. */
static bool
refuse(struct bins *b, int64_t interval, int64_t span, char *err, size_t errlen)
{
	b->refused = interval;
	b->refused_span = span;
	bins_advise(b, 0, err, errlen);
	return (false);
}

int64_t
bins_multiple(int64_t a, int64_t b)
{
	int64_t x = a, y = b, rest, all;

	for (; y != 0; y = rest) {
		rest = x % y;
		x = y;
	}
	return (__builtin_mul_overflow(a / x, b, &all) ? 0 : all);
}

/* Without -M: as wide as the widest bins of the input. */
static bool
choose_width(struct bins *b, int64_t width)
{
	if (b->o.common && b->width > 0 && width > 0 && bins_multiple(b->width, width) > 0)
		width = bins_multiple(b->width, width);
	if (b->o.width != 0 || width <= b->width)
		return (true);
	if (b->width > 0 && width % b->width != 0)
		return (false);
	widen(b, width);
	return (true);
}

/* Does every selected row lie in one bin?  Rows to split leave the selection. */
static bool
check_rows(struct bins *b, struct batch *batch, int64_t interval, char *err, size_t errlen)
{
	int64_t last_start = INT64_MIN, last_end = INT64_MIN;

	for (size_t i = bits_next(batch->sel, 0, batch->rows); i < batch->rows;
	     i = bits_next(batch->sel, i + 1, batch->rows)) {
		int64_t start, end;

		span_of(batch, (uint32_t)i, &start, &end);
		if (start == last_start && end == last_end)
			continue;
		if (interval == 0 && !choose_width(b, end - start))
			return (refuse(b, interval, end - start, err, errlen));
		if (b->width == 0)
			b->width = SEC; /* rows without a length: they fit anywhere */
		if (fits(b, start, end)) {
			last_start = start;
			last_end = end;
		} else if (!b->o.approx) {
			return (refuse(b, interval, end - start, err, errlen));
		} else {
			split_row(b, batch, (uint32_t)i);
			bit_clear(batch->sel, i);
		}
	}
	return (true);
}

bool
bins_add(struct bins *b, struct batch *batch, int64_t interval, char *err, size_t errlen)
{
	struct batch *folded;

	if (!choose_width(b, interval) ||
	    (interval > 0 && b->width != CUT_MONTH && b->width % interval != 0 && !b->o.approx))
		return (refuse(b, interval, interval, err, errlen));
	if (b->interval != interval)
		b->bin_from = b->bin_to = 0;
	b->interval = interval;
	if (b->fold != NULL && (folded = fold_rows(b->fold, batch)) != NULL)
		batch = folded;
	else
		batch_flatten(batch);
	if (batch->sel == NULL) {
		batch->sel = arena_zero(&batch->arena, BITS_WORDS(batch->rows) * 8);
		bits_fill(batch->sel, batch->rows);
	}
	if (!check_rows(b, batch, interval, err, errlen))
		return (false);
	add(b, batch);
	b->number++;
	return (true);
}

void
bins_join(struct bins *into, struct bins **ptwin)
{
	struct bins *twin = *ptwin;

	if (twin->parts != NULL && twin->parts->rows > 0)
		add_parts(twin);
	into->split += twin->split;
	if (twin->interval > into->interval) {
		into->interval = twin->interval;
		into->bin_from = into->bin_to = 0;
	}
	if (twin->least <= twin->most)
		reach(into, twin->least, twin->most);
	left_out_join(&into->left, &twin->left);
	aggr_join(into->a, &twin->a);
	bins_free(ptwin);
}

/* --- out --------------------------------------------------------------------------------------- */

static struct batch *
next_filled(struct bins *b)
{
	if (b->parts != NULL && b->parts->rows > 0)
		add_parts(b);
	aggr_hide_ends(b->a, !b->o.ends);
	return (aggr_next(b->a));
}

static struct batch *
next_of(void *arg)
{
	return (next_filled(arg));
}

static int64_t
bin_at(void *arg, int64_t t, int64_t *end)
{
	return (bin_of(arg, sane(t), end));
}

static struct batch *
next_with_zero(struct bins *b)
{
	struct keys k = b->keys;

	if (b->zero == NULL) { /* the first part of the key is the bin */
		struct zero_source source;

		if (b->parts != NULL && b->parts->rows > 0)
			add_parts(b);
		source = (struct zero_source){ next_of, bin_at, b, b->o.from, b->o.to, b->least, b->most, b->width };
		memmove(k.part, k.part + 1, --k.n * sizeof(k.part[0]));
		b->zero = zero_new(&k, &b->keep, &source, b->o.memory);
	}
	return (zero_next(b->zero));
}

struct batch *
bins_next(struct bins *b)
{
	if (b->width == 0)
		return (NULL);
	return (b->o.zero ? next_with_zero(b) : next_filled(b));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * view.c: columns of output that look at other rows.
 *
 * For a delta the values of a key's last bin are kept.  A bin without rows had no traffic: the counts
 * of traffic were 0 there, everything else is not known (as with rabins --zero).  Where a key is free of
 * direction, its row may point the other way than the one before: then the twin's value is the one before.
 */
#include "ra-tools/out/view.h"

#include "format/base/map.h"
#include "format/base/mem.h"
#include "ra-tools/query/peak.h"
#include "ra-tools/query/probes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VIEWS_MAX SHEET_MAX

static const struct {
	enum view view;
	const char *suffix, *label;
} words[] = {
	{ VIEW_DELTA, "_delta", "Delta" },
	{ VIEW_RATE, "_rate", "/s" },
	{ VIEW_SHARE, "_share", "Share%" },
	{ VIEW_PEAK, "_peak", "Peak" },
	{ VIEW_PEAKTIME, "_peaktime", "PeakTime" },
};
#define NWORDS (sizeof(words) / sizeof(words[0]))

struct past { /* a value in the bin before */
	union value v;
	bool here, mixed;
};

struct entry { /* a key's last bin */
	bool turned;
	int64_t bend;
	struct past *past; /* two for each delta: the field's, and its twin's */
};

struct one {
	enum view view;
	enum field field, twin;
	enum type type;
	struct sheet_column *column;
	struct column made;
	unsigned delta; /* number among the deltas */
	char label[32];
};

struct total { /* of one view, and one probe if they are apart */
	double value;
	bool here;
};

struct views {
	struct one *one[VIEWS_MAX];
	unsigned n, deltas;
	uint32_t cap; /* rows that there is room for */

	struct keys keys;
	struct map known; /* keys, to numbers of entries */
	struct entry *entry;
	uint32_t entries; /* that there is room for */
	struct arena arena;
	struct buf key, turned;
	int64_t first; /* the first bin of all */
	bool begun;

	struct total *total; /* of each probe, of each view */
	unsigned totals; /* probes */
	struct probes *probes; /* NULL: there is one total for all */

	const char *word;
	uint64_t rank;
	struct arena text; /* ranks of a batch */
};

/* --- names ------------------------------------------------------------------------------------- */

bool
view_named(const char *s, size_t n, enum field *f, enum view *view)
{
	if (n == 4 && strncasecmp(s, "rank", 4) == 0) {
		*view = VIEW_RANK;
		*f = F_trans;
		return (true);
	}
	for (size_t i = 0; i < NWORDS; i++) {
		size_t len = strlen(words[i].suffix);

		if (n <= len || strncasecmp(s + n - len, words[i].suffix, len) != 0)
			continue;
		*f = field_named(s, n - len);
		*view = words[i].view;
		return (*f != F_NONE);
	}
	return (false);
}

void
view_name(enum field f, enum view view, char *text, size_t n)
{
	(void)snprintf(text, n, "rank");
	for (size_t i = 0; i < NWORDS; i++)
		if (words[i].view == view)
			(void)snprintf(text, n, "%s%s", fields[f].name, words[i].suffix);
}

bool
field_is_additive(enum field f)
{
	if (f < F_STORED)
		return (fields[f].agg == AGG_SUM);
	return (fields[f].type == TYPE_COUNT || fields[f].type == TYPE_BYTES ||
		fields[f].type == TYPE_INT);
}

static bool
is_measure(enum type t)
{
	return (types[t].family == FAMILY_MEASURE || types[t].family == FAMILY_REAL);
}

const char *
view_wrong(enum field f, enum view view)
{
	if (view == VIEW_RANK)
		return (NULL);
	if (!is_measure((enum type)fields[f].type))
		return ("it is no quantity");
	if (view != VIEW_DELTA && view != VIEW_PEAK && view != VIEW_PEAKTIME && !field_is_additive(f))
		return ("it is no sum");
	return (NULL);
}

/* --- setting up -------------------------------------------------------------------------------- */

struct views *
views_new(void)
{
	struct views *v = mem_zero(1, sizeof(*v));

	return (v);
}

void
views_free(struct views **pv)
{
	struct views *v = *pv;

	if (v == NULL)
		return;
	for (unsigned i = 0; i < v->n; i++) {
		free(v->one[i]->made.any);
		free(v->one[i]->made.present);
		free(v->one[i]->made.mixed);
		free(v->one[i]);
	}
	free(v->entry);
	map_free(&v->known);
	free(v->total);
	probes_free(&v->probes);
	arena_free(&v->arena);
	arena_free(&v->text);
	buf_free(&v->key);
	buf_free(&v->turned);
	free(v);
	*pv = NULL;
}

/* How it is shown.  Differences of durations have a sign: they are fractions of seconds. */
static enum type
shown_as(enum field f, enum view view)
{
	if (view == VIEW_RANK)
		return (TYPE_TEXT);
	if (view == VIEW_SHARE)
		return (TYPE_PCT);
	if (view == VIEW_PEAK)
		return ((enum type)fields[f].type);
	if (view == VIEW_PEAKTIME)
		return (TYPE_TIME);
	if (view == VIEW_RATE || fields[f].store == STORE_REAL || fields[f].type == TYPE_DUR)
		return (TYPE_REAL);
	return (TYPE_INT);
}

void
views_add(struct views *v, enum view view, struct sheet_column *c)
{
	struct one *o = mem_zero(1, sizeof(*o));

	v->one[v->n++] = o;
	o->view = view;
	o->field = c->field;
	o->twin = peak_twin(c->field);
	o->type = shown_as(c->field, view);
	o->column = c;
	o->made.store = types[o->type].store;
	if (view == VIEW_DELTA)
		o->delta = v->deltas++;
	(void)snprintf(o->label, sizeof(o->label), "Rank");
	for (size_t i = 0; i < NWORDS; i++)
		if (words[i].view == view)
			(void)snprintf(o->label, sizeof(o->label), "%s%s", fields[c->field].label,
				       words[i].label);
	c->label = o->label;
	c->type = o->type;
	c->made = &o->made;
	if (view == VIEW_SHARE || view == VIEW_RANK)
		c->width = 5;
	if (view == VIEW_PEAKTIME)
		c->width = fields[F_bstart].width;
}

void
views_want(const struct views *v, struct fieldset *s)
{
	for (unsigned i = 0; i < v->n; i++) {
		const struct one *o = v->one[i];

		if (o->view == VIEW_RANK)
			continue;
		fieldset_want(s, o->field);
		if (o->view == VIEW_SHARE)
			continue;
		if (o->view == VIEW_PEAK || o->view == VIEW_PEAKTIME)
			fieldset_want(s, peak_of(o->field));
		fieldset_want(s, F_bstart);
		fieldset_want(s, F_bend);
	}
}

void
views_moved(struct views *v, const struct sheet_column *from, struct sheet_column *to)
{
	for (unsigned i = 0; i < v->n; i++)
		if (v->one[i]->column == from)
			v->one[i]->column = to;
}

void
views_keys(struct views *v, const struct keys *k)
{
	v->keys = *k;
}

void
views_rank(struct views *v, const char *word)
{
	v->word = word;
}

/* --- values ------------------------------------------------------------------------------------ */

static struct past
value_at(struct batch *b, enum field f, uint32_t r)
{
	const struct column *c = batch_derive(b, f);
	struct past p = { .here = column_has(c, r), .mixed = column_mixed(c, r) };

	if (p.here)
		p.v = column_value(c, r);
	return (p);
}

static double
real(enum field f, const union value *v)
{
	double d = fields[f].store == STORE_REAL  ? v->r
		   : fields[f].store == STORE_I64 ? (double)v->i
						  : (double)v->u;

	return (fields[f].type == TYPE_DUR ? d / 1e6 : d);
}

static void
total_of_row(struct views *v, struct batch *b, uint32_t r)
{
	unsigned number = v->probes == NULL ? 0 : probes_of_row(v->probes, b, r);

	if (v->totals <= number) { /* they come in turn */
		v->totals = number + 1;
		v->total = mem_grow(v->total, v->totals, v->n * sizeof(v->total[0]));
	}
	for (unsigned i = 0; i < v->n; i++) {
		struct past p = value_at(b, v->one[i]->field, r);

		v->total[(size_t)number * v->n + i] = (struct total){ p.here ? real(v->one[i]->field, &p.v) : 0, p.here };
	}
}

void
views_total(struct views *v, struct batch *b, bool apart)
{
	if (apart && v->probes == NULL)
		v->probes = probes_new();
	for (uint32_t r = 0; r < b->rows; r++)
		total_of_row(v, b, r);
}

static void
room(struct one *o, uint32_t rows, bool grown)
{
	if (grown) {
		free(o->made.any);
		free(o->made.present);
		free(o->made.mixed);
		o->made.any = mem_zero(rows, o->made.store == STORE_BLOB ? 16 : 8);
		o->made.present = mem_zero(BITS_WORDS(rows), 8);
		o->made.mixed = mem_zero(BITS_WORDS(rows), 8);
	} else {
		memset(o->made.present, 0, BITS_WORDS(rows) * 8);
		memset(o->made.mixed, 0, BITS_WORDS(rows) * 8);
	}
}

static double
seconds(const struct batch *b, uint32_t r)
{
	const struct column *s = b->col[F_bstart], *e = b->col[F_bend];

	if (b->over > 0)
		return ((double)b->over / 1e9);
	return (column_has(s, r) && column_has(e, r) ? (double)(e->i[r] - s->i[r]) / 1e9 : 0.0);
}

static void
set_real(struct one *o, uint32_t r, double d)
{
	union value v = { .r = d };

	column_set(&o->made, r, &v);
}

static void
fill_rate(struct one *o, struct batch *b, uint32_t r)
{
	struct past p = value_at(b, o->field, r);
	double s = seconds(b, r);

	if (p.mixed)
		bit_set(o->made.mixed, r);
	else if (p.here && s > 0)
		set_real(o, r, real(o->field, &p.v) / s);
}

/* Where nothing came at all, the greatest number was 0 too, at no time. */
static void
fill_peak(struct one *o, struct batch *b, uint32_t r)
{
	enum field peak = peak_of(o->field);
	struct past p = value_at(b, o->field, r);
	union value v;

	if (column_has(b->col[peak], r)) {
		v = o->view == VIEW_PEAK ? peak_value(o->field, b->col[peak]->u[r]) : column_value(b->col[fields[peak].companion], r);
		column_set(&o->made, r, &v);
	} else if (o->view == VIEW_PEAK && p.here && p.v.u == 0) {
		column_set(&o->made, r, &p.v);
	}
}

static void
fill_share(struct views *v, unsigned i, struct batch *b, uint32_t r)
{
	struct one *o = v->one[i];
	struct past p = value_at(b, o->field, r);
	unsigned number = v->probes == NULL || !p.here ? 0 : probes_of_row(v->probes, b, r);
	const struct total *t = number < v->totals ? &v->total[(size_t)number * v->n + i] : NULL;

	if (p.mixed)
		bit_set(o->made.mixed, r);
	else if (p.here && t != NULL && t->here && t->value > 0)
		set_real(o, r, 100.0 * real(o->field, &p.v) / t->value);
}

static void
fill_rank(struct views *v, struct one *o, uint32_t r)
{
	char text[24];
	union value value;
	int n;

	if (v->word != NULL)
		n = snprintf(text, sizeof(text), "%s", v->word);
	else
		n = snprintf(text, sizeof(text), "%llu", (unsigned long long)++v->rank);
	value.b = (struct blob){ arena_copy(&v->text, text, (size_t)n), (uint32_t)n };
	column_set(&o->made, r, &value);
}

/* --- the bin before ---------------------------------------------------------------------------- */

static struct entry *
entry_of(struct views *v, struct batch *b, uint32_t r, bool *turned)
{
	uint32_t n;

	*turned = keys_of_row(&v->keys, b, r, &v->key, &v->turned);
	if (!map_put(&v->known, v->key.p, v->key.len, &n))
		return (&v->entry[n]);
	if (n == v->entries)
		v->entry = mem_grow(v->entry, v->entries = n == 0 ? 64 : n * 2, sizeof(v->entry[0]));
	v->entry[n] = (struct entry){ .bend = INT64_MIN };
	v->entry[n].past = arena_zero(&v->arena, (size_t)v->deltas * 2 * sizeof(struct past));
	return (&v->entry[n]);
}

/* What is 0 where there was no traffic. */
static bool
counts_traffic(enum field f)
{
	static const uint16_t traffic[] = { F_trans,	F_spkts,   F_dpkts,    F_pkts,
					    F_sbytes,	F_dbytes,  F_bytes,    F_sipbytes,
					    F_dipbytes, F_ipbytes, F_spayload, F_dpayload,
					    F_payload };

	for (size_t i = 0; i < sizeof(traffic) / sizeof(traffic[0]); i++)
		if (traffic[i] == f)
			return (true);
	return (false);
}

static void
set_delta(struct one *o, uint32_t r, const struct past *now, const struct past *before)
{
	union value v;

	if (now->mixed || before->mixed) {
		bit_set(o->made.mixed, r);
	} else if (now->here && before->here) {
		if (o->type == TYPE_INT)
			v.i = (int64_t)(now->v.u - before->v.u);
		else
			v.r = real(o->field, &now->v) - real(o->field, &before->v);
		column_set(&o->made, r, &v);
	}
}

static void
fill_deltas(struct views *v, struct batch *b, uint32_t r)
{
	const struct column *s = b->col[F_bstart], *e = b->col[F_bend];
	int64_t start = column_has(s, r) ? s->i[r] : 0;
	bool turned, adjacent, flipped;
	struct entry *entry = entry_of(v, b, r, &turned);

	if (!v->begun) {
		v->begun = true;
		v->first = start;
	}
	adjacent = entry->bend == start;
	flipped = entry->turned != turned;
	for (unsigned i = 0; i < v->n; i++) {
		struct one *o = v->one[i];
		struct past *past = entry->past + (size_t)o->delta * 2, before = { .here = false },
			    now;

		if (o->view != VIEW_DELTA)
			continue;
		now = value_at(b, o->field, r);
		if (adjacent)
			before = past[flipped];
		else if (start != v->first && counts_traffic(o->field))
			before.here = true;
		set_delta(o, r, &now, &before);
		past[0] = now;
		past[1] = value_at(b, o->twin, r);
	}
	entry->turned = turned;
	entry->bend = column_has(e, r) ? e->i[r] : start;
}

void
views_fill(struct views *v, struct batch *b)
{
	bool grown = b->rows > v->cap;

	arena_reset(&v->text);
	if (grown)
		v->cap = b->rows > 4096 ? BATCH_ROWS : 4096;
	for (unsigned i = 0; i < v->n; i++)
		room(v->one[i], v->cap, grown);
	for (uint32_t r = 0; r < b->rows; r++) {
		if (!batch_selected(b, r))
			continue;
		if (v->deltas > 0)
			fill_deltas(v, b, r);
		for (unsigned i = 0; i < v->n; i++) {
			struct one *o = v->one[i];

			if (o->view == VIEW_RATE)
				fill_rate(o, b, r);
			else if (o->view == VIEW_PEAK || o->view == VIEW_PEAKTIME)
				fill_peak(o, b, r);
			else if (o->view == VIEW_SHARE)
				fill_share(v, i, b, r);
			else if (o->view == VIEW_RANK)
				fill_rank(v, o, r);
		}
	}
}

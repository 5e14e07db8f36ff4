/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rahisto: how the values of a field are distributed.  See rahisto(1).
 */
#include "format/base/hash.h"
#include "format/base/mem.h"
#include "ra-tools/run/cluster.h"
#include "ra-tools/out/histo.h"
#include "ra-tools/run/page.h"
#include "ra-tools/run/run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BARS_MAX 10000
#define VALUES_MAX 1000000 /* that are kept, for percentiles that are values */

enum { O_WIDTH = O_OWN, O_SVG };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/rahisto.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Shows how the values of a field are distributed over flow records.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.reports = true,
	.nothing = "no value of the field",
};

static const char *field_text, *width_text, *svg;

static bool
option(int c, const char *arg)
{
	switch (c) {
	case 'o':
		field_text = arg;
		return (true);
	case O_WIDTH:
		width_text = arg;
		return (true);
	case O_SVG:
		svg = arg;
		return (true);
	default:
		return (false);
	}
}

struct place { /* of equal bars: how many values are in number i */
	int64_t i;
	uint64_t count;
	bool used;
};

struct counts {
	enum field field;
	struct histo h;
	enum hist_scale scale;
	double width; /* of equal bars, in the field's unit; 0: those of the scale */
	uint64_t bucket[HIST_BUCKETS], below; /* below: under 0 */
	struct place *place;		      /* a table */
	size_t places, mask;
	union value *value; /* each one; NULL: none yet, or there were too many */
};

/* --- counting ---------------------------------------------------------------------------------- */

static double
real(enum type t, const union value *v)
{
	enum store s = types[t].store;

	return (s == STORE_REAL ? v->r : s == STORE_I64 ? (double)v->i : (double)v->u);
}

static struct place *
find(const struct counts *c, int64_t i)
{
	size_t at = (size_t)hash64(&i, sizeof(i), 0) & c->mask;

	while (c->place[at].used && c->place[at].i != i)
		at = (at + 1) & c->mask;
	return (&c->place[at]);
}

static void
add_place(struct counts *c, double v)
{
	double n = floor(v / c->width);
	int64_t i = n < -4e18 ? INT64_MIN : n > 4e18 ? INT64_MAX : (int64_t)n;
	struct place *p = c->place == NULL ? NULL : find(c, i);

	if (p == NULL || (!p->used && c->places >= c->mask / 2)) {
		struct place *old = c->place;
		size_t size = old == NULL ? 0 : c->mask + 1;

		c->mask = size == 0 ? 255 : 2 * size - 1;
		c->place = mem_zero(c->mask + 1, sizeof(c->place[0]));
		for (size_t k = 0; k < size; k++)
			if (old[k].used)
				*find(c, old[k].i) = old[k];
		free(old);
		p = find(c, i);
	}
	c->places += !p->used;
	p->used = true;
	p->i = i;
	p->count++;
}

/* Room for all that are kept is made once: pages that nobody writes to are not taken. */
static void
keep_value(struct counts *c, const union value *v)
{
	if (c->h.total == 0)
		c->value = mem_alloc(VALUES_MAX * sizeof(c->value[0]));
	if (c->value != NULL && c->h.total < VALUES_MAX) {
		c->value[c->h.total] = *v;
	} else if (c->value != NULL) {
		free(c->value);
		c->value = NULL;
	}
}

static void
add_value(struct counts *c, const union value *v)
{
	struct histo *h = &c->h;
	double d = real(h->type, v);

	keep_value(c, v);
	if (h->total == 0 || d < real(h->type, &h->least))
		h->least = *v;
	if (h->total == 0 || d > real(h->type, &h->greatest))
		h->greatest = *v;
	h->total++;
	if (c->width > 0)
		add_place(c, d);
	else if (d < 0)
		c->below++;
	else
		c->bucket[hist_bucket(c->scale,
				      types[h->type].store == STORE_REAL ? (uint64_t)d : v->u)]++;
}

static void
add_hist(struct counts *c, struct blob b)
{
	uint64_t count[HIST_BUCKETS];

	hist_unpack(b, count);
	for (int i = 0; i < HIST_BUCKETS; i++) {
		c->bucket[i] += count[i];
		c->h.total += count[i];
	}
}

static void
add_batch(struct counts *c, struct batch *b)
{
	const struct column *col = batch_derive(b, c->field);

	for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows;
	     i = bits_next(b->sel, i + 1, b->rows)) {
		union value v;

		if (!column_has(col, (uint32_t)i)) {
			c->h.without++;
			continue;
		}
		v = column_value(col, (uint32_t)i);
		if (fields[c->field].type == TYPE_HIST)
			add_hist(c, v.b);
		else
			add_value(c, &v);
	}
}

/* --- bars -------------------------------------------------------------------------------------- */

static union value
value_of(enum type t, double d)
{
	enum store s = types[t].store;
	union value v;

	if (s == STORE_REAL)
		v.r = d;
	else if (s == STORE_I64)
		v.i = (int64_t)d;
	else
		v.u = (uint64_t)d;
	return (v);
}

static int
place_cmp(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	return (a->used != b->used ? (a->used ? -1 : 1) : (a->i > b->i) - (a->i < b->i));
}

static void
equal_bars(struct counts *c)
{
	bool whole = types[c->h.type].store != STORE_REAL; /* 0..9, then 10..19 */
	struct histo *h = &c->h;
	int64_t first, last;

	if (c->places == 0)
		return;
	qsort(c->place, c->mask + 1, sizeof(c->place[0]), place_cmp);
	first = c->place[0].i;
	last = c->place[c->places - 1].i;
	if ((double)last - (double)first >= BARS_MAX)
		run_fail("--width %s: that is more than %d bars: say a greater one", width_text,
			 BARS_MAX);
	h->n = (size_t)(last - first) + 1;
	h->bar = mem_zero(h->n, sizeof(h->bar[0]));
	for (size_t i = 0; i < h->n; i++) {
		double from = (double)(first + (int64_t)i) * c->width;

		h->bar[i].from = value_of(h->type, from);
		h->bar[i].to = value_of(h->type, from + c->width - (whole ? 1 : 0));
	}
	for (size_t k = 0; k < c->places; k++)
		h->bar[c->place[k].i - first].count = c->place[k].count;
}

static void
octave_bars(struct counts *c)
{
	bool whole = types[c->h.type].store != STORE_REAL;
	struct histo *h = &c->h;
	int first = 0, last = HIST_BUCKETS - 1;

	while (first <= last && c->bucket[first] == 0)
		first++;
	while (last > first && c->bucket[last] == 0)
		last--;
	h->bar = mem_zero(HIST_BUCKETS + 1, sizeof(h->bar[0]));
	if (c->below > 0)
		h->bar[h->n++] =
		    (struct bar){ h->least, value_of(h->type, whole ? -1 : 0), c->below };
	for (int i = first; i <= last; i++) {
		double from = i == 0 ? 0 : (double)hist_bound(c->scale, (unsigned)i - 1) + 1;
		double to = (double)hist_bound(c->scale, (unsigned)i) + (whole ? 0 : 1);

		h->bar[h->n++] =
		    (struct bar){ value_of(h->type, from), value_of(h->type, to), c->bucket[i] };
	}
}

static enum store sorted_store; /* qsort() hands on nothing */

static int
value_order(const void *a, const void *b)
{
	return (value_cmp(sorted_store, a, b));
}

static void
sort_values(struct counts *c)
{
	if (c->value == NULL)
		return;
	sorted_store = types[c->h.type].store;
	qsort(c->value, c->h.total, sizeof(c->value[0]), value_order);
	c->h.sorted = c->value;
}

/* --- the tool ---------------------------------------------------------------------------------- */

static bool
is_quantity(enum type t)
{
	static const uint8_t good[] = { TYPE_COUNT, TYPE_BYTES, TYPE_DUR, TYPE_INT,
					TYPE_REAL,  TYPE_PCT,	TYPE_BPS };

	for (size_t i = 0; i < sizeof(good); i++)
		if (good[i] == t)
			return (true);
	return (false);
}

static void
prepare(struct run *r, struct counts *c)
{
	union value w;
	const char *why;
	enum type type;

	if (field_text == NULL)
		run_usage("expected -o FIELD, such as -o bytes or -o rtts_hist");
	c->field = field_named(field_text, strlen(field_text));
	if (c->field == F_NONE)
		run_usage("-o %s: no such field; the nearest is %s", field_text,
			  field_nearest(field_text, strlen(field_text)));
	type = (enum type)fields[c->field].type;
	if (type != TYPE_HIST && !is_quantity(type))
		run_usage("-o %s: neither a quantity nor a histogram", field_text);
	if (run_output(r) != NULL)
		run_usage("distributions are not records: no -w");
	c->h.name = fields[c->field].name;
	c->h.exact = type != TYPE_HIST;
	c->h.rows = c->h.exact ? "records" : "samples";
	c->scale = type == TYPE_HIST ? fields[c->field].scale : HIST_QUARTERS;
	c->h.type = type != TYPE_HIST ? type : c->scale == HIST_OCTAVES ? TYPE_COUNT : TYPE_DUR;
	if (width_text != NULL) {
		if (type == TYPE_HIST)
			run_usage(
			    "--width: %s was counted by the probe, its bars are what they are",
			    field_text);
		if (!value_parse(type, width_text, strlen(width_text), 0, CLOCK_UTC, &w, &why) ||
		    !(real(type, &w) > 0))
			run_usage("--width %s: expected a quantity above 0, as 10, 1k or 10ms",
				  width_text);
		c->width = real(type, &w);
	} else if (type == TYPE_PCT) {
		c->width = 1;
	}
	run_want(r, c->field);
	run_tell_probes(r);
}

static void
picture(struct run *r, const struct histo *h)
{
	struct buf b = { 0 };
	char err[512];

	histo_svg(h, &run_sheet(r)->text, &b);
	if (!page_write(r, svg, &b, err, sizeof(err)))
		run_wrong(r, "%s", err);
	buf_free(&b);
}

/* Where no line of text says it. */
static void
note_without(struct run *r, const struct histo *h)
{
	bool one = h->without == 1;
	char text[128];

	if (h->without == 0 || !(run_separated(r) || (svg != NULL && strcmp(svg, "-") == 0)))
		return;
	(void)snprintf(text, sizeof(text), "%llu record%s no %s and %s in no bar", (unsigned long long)h->without,
		       one ? " has" : "s have", h->name, one ? "is" : "are");
	run_hint_last(r, text);
}

int
main(int argc, char **argv)
{
	static struct counts c;
	struct run *r = run_start(argc, argv, &tool, option);
	struct batch *b;

	if (svg != NULL)
		page_check(r, svg);
	prepare(r, &c);
	while ((b = run_next(r)) != NULL)
		add_batch(&c, b);
	sort_values(&c);
	if (c.h.total > 0)
		(c.width > 0 ? equal_bars : octave_bars)(&c);
	run_counted(r, c.h.total > 0);
	if (svg != NULL)
		picture(r, &c.h);
	if (!run_quiet(r) && (svg == NULL || strcmp(svg, "-") != 0))
		(run_json(r)	    ? histo_json
		 : run_separated(r) ? histo_csv
				    : histo_text)(&c.h, run_sheet(r));
	note_without(r, &c.h);
	cluster_sums(r, "these bars", NULL);
	free(c.h.bar);
	free(c.place);
	free(c.value);
	return (run_end(&r));
}

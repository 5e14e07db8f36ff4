/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_chart.c: what a tunnel did over time, drawn.
 *
 * A chart has at most COLUMNS places.  Where there are more bins, each place shows the least and the greatest
 * of its bins, so that a single bad bin in a month is there.  A time without records is hatched: it is not a
 * time without loss.
 */
#include "ra-tools/out/html_room.h"

#include "format/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ULL(v) ((unsigned long long)(v))

#define WIDTH	1180
#define LEFT	70
#define RIGHT	1170
#define COLUMNS 550 /* two units each */
#define SLICES	200 /* with the figures as a tooltip */

struct place {	    /* one column of a chart: what its bins were at least and at most */
	bool here;  /* some bin has records */
	bool empty; /* some bin has none */
	bool state[SLA_STATES], suspect;
	struct {
		double least, most; /* bit/s */
		uint32_t late, early;
		int64_t net;
		bool sent; /* some packet, or a number known to be lost */
	} d[2];
};

struct chart {
	const struct report *rep;
	const struct sla_tunnel *t;
	const struct text_options *o;
	struct place *place;
	unsigned n;
	double rate, packets; /* of both directions: they share these scales */
	double lost[2];
	struct buf *to;
};

static unsigned
column_at(const struct chart *c, int64_t time)
{
	double x = (double)(time - c->t->from) / (double)(c->t->to - c->t->from) * c->n;

	return (x < 0 ? 0 : x >= c->n ? c->n - 1 : (unsigned)(x + 1e-9));
}

static double
x_of(const struct chart *c, unsigned column)
{
	return (LEFT + (double)(RIGHT - LEFT) * column / c->n);
}

static int64_t
time_of(const struct chart *c, unsigned column)
{
	return (c->t->from + (int64_t)((double)(c->t->to - c->t->from) * column / c->n));
}

static void
grow(double *most, double v)
{
	if (v > *most)
		*most = v;
}

static void
put_point(struct chart *c, const struct sla_point *p)
{
	struct place *at = &c->place[column_at(c, p->start)];

	for (int side = 0; side < 2; side++) {
		const struct sla_dir_point *d = &p->d[side];
		double bps = (double)d->bytes * 8e9 / (double)(p->end - p->start);

		if (!at->here || bps < at->d[side].least)
			at->d[side].least = bps;
		grow(&at->d[side].most, bps);
		at->d[side].sent |= d->pkts > 0 || d->net != 0;
		if (d->late > at->d[side].late)
			at->d[side].late = d->late;
		if (d->early > at->d[side].early)
			at->d[side].early = d->early;
		if (d->net > at->d[side].net)
			at->d[side].net = d->net;
		grow(&c->rate, bps);
		grow(&c->packets, d->late > d->early ? d->late : d->early);
		grow(&c->lost[side], (double)d->net);
	}
	at->state[p->state] = true;
	at->suspect |= p->suspect;
	at->here = true;
}

static void
put_empty(struct chart *c, int64_t from, int64_t to, enum sla_state state)
{
	if (from >= to)
		return;
	for (unsigned i = column_at(c, from); i <= column_at(c, to - 1); i++) {
		c->place[i].empty = true;
		c->place[i].state[state] = true;
		for (int side = 0; side < 2; side++)
			c->place[i].d[side].least = 0;
	}
}

static void
sample(struct chart *c)
{
	const struct sla_tunnel *t = c->t;
	int64_t at = t->from;

	c->n = t->bins < COLUMNS ? (unsigned)t->bins : COLUMNS;
	c->place = mem_zero(c->n, sizeof(c->place[0]));
	for (size_t i = 0; i < t->n; i++)
		put_point(c, &t->point[i]);
	for (size_t i = 0; i < t->n; i++) {
		put_empty(c, at, t->point[i].start, SLA_IDLE);
		at = t->point[i].end;
	}
	for (size_t i = 0; i < t->ngaps; i++)
		put_empty(c, t->gap[i].start, t->gap[i].end, t->gap[i].state);
}

/* A round number, not below v: of what is counted, a whole one. */
static double
nice(double v, bool counted)
{
	static const double steps[] = { 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10 };
	double p;
	size_t i = 0;

	if (v <= 1)
		return (1);
	if (counted && v <= 10)
		return (ceil(v));
	p = pow(10, floor(log10(v)));
	while (v > steps[i] * p * 1.0000001)
		i++;
	return (steps[i] * p);
}

/* Runs of equal places as one mark each. */
static void
runs(const struct chart *c, int (*what)(const struct place *),
     void (*mark)(const struct chart *, int, unsigned, unsigned))
{
	for (unsigned i = 0, k; i < c->n; i = k) {
		int v = what(&c->place[i]);

		for (k = i + 1; k < c->n && what(&c->place[k]) == v; k++)
			;
		mark(c, v, i, k);
	}
}

static double band_y;
static double band_height;

static int
worst_state(const struct place *p)
{
	static const enum sla_state order[] = { SLA_DOWN, SLA_DEGRADED, SLA_ONE_WAY, SLA_UP,
						SLA_IDLE };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (p->state[order[i]])
			return ((int)order[i]);
	return (SLA_IDLE);
}

static void
state_mark(const struct chart *c, int state, unsigned from, unsigned to)
{
	buf_printf(
	    c->to,
	    "<rect class=\"%s\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%.0f\"><title>",
	    state == SLA_IDLE ? "nodata" : sla_state_words[state], x_of(c, from), band_y,
	    x_of(c, to) - x_of(c, from), band_height);
	report_time(time_of(c, from), c->o, c->to);
	buf_str(c->to, " to ");
	report_time(time_of(c, to), c->o, c->to);
	buf_printf(c->to, ": %s</title></rect>\n",
		   state == SLA_IDLE ? "no records" : sla_state_words[state]);
}

static int
is_suspect(const struct place *p)
{
	return (p->suspect);
}

static void
suspect_mark(const struct chart *c, int suspect, unsigned from, unsigned to)
{
	if (suspect)
		buf_printf(c->to,
			   "<rect class=\"suspect\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" "
			   "height=\"4\"><title>"
			   "the capture dropped packets</title></rect>\n",
			   x_of(c, from), band_y + band_height + 1, x_of(c, to) - x_of(c, from));
}

static int
no_source(const struct place *p)
{
	return (!p->d[0].sent);
}

static int
no_destination(const struct place *p)
{
	return (!p->d[1].sent);
}

static void
no_data_mark(const struct chart *c, int none, unsigned from, unsigned to)
{
	if (none)
		buf_printf(c->to,
			   "<rect class=\"nodata\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" "
			   "height=\"%.0f\"/>\n",
			   x_of(c, from), band_y, x_of(c, to) - x_of(c, from), band_height);
}

static void
frame(const struct chart *c, int side, double y, double height, const char *top, const char *bottom)
{
	buf_printf(
	    c->to,
	    "<rect class=\"panel\" x=\"%d\" y=\"%.0f\" width=\"%d\" height=\"%.0f\"/>\n"
	    "<path class=\"grid\" d=\"M%d %.1fH%d\"/><path class=\"axis\" d=\"M%d %.1fH%d\"/>\n",
	    LEFT, y, RIGHT - LEFT, height, LEFT, y + height / 2, RIGHT, LEFT, y + height, RIGHT);
	buf_printf(c->to, "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%s</text>", LEFT - 5,
		   y + 9, top);
	buf_printf(c->to, "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%s</text>", LEFT - 5,
		   y + height, bottom);
	band_y = y;
	band_height = height;
	runs(c, side == 0 ? no_source : no_destination, no_data_mark);
}

/* What a panel shows: written over what is drawn there. */
static void
name_panel(const struct chart *c, double y, const char *name)
{
	buf_printf(c->to, "<text class=\"panelname\" x=\"%d\" y=\"%.0f\">%s</text>\n", LEFT + 4, y + 12, name);
}

/* An area of steps over the places that have records. */
static void
area(const struct chart *c, const char *class, int side, bool least, double base, double height,
     double most)
{
	bool open = false;

	buf_printf(c->to, "<path class=\"%s\" d=\"", class);
	for (unsigned i = 0; i < c->n; i++) {
		const struct place *p = &c->place[i];
		double v = least ? p->d[side].least : p->d[side].most;

		if (!p->d[side].sent) {
			if (open)
				buf_printf(c->to, "V%.1fZ", base);
			open = false;
			continue;
		}
		if (!open)
			buf_printf(c->to, "M%.1f %.1f", x_of(c, i), base);
		open = true;
		buf_printf(c->to, "V%.1fH%.1f", base - height * v / most, x_of(c, i + 1));
	}
	if (open)
		buf_printf(c->to, "V%.1fZ", base);
	buf_str(c->to, "\"/>\n");
}

static double
stroke(const struct chart *c)
{
	double w = (double)(RIGHT - LEFT) / c->n * 0.7;

	return (w < 1.5 ? 1.5 : w > 14 ? 14 : w);
}

static void
bars(const struct chart *c, const char *class, int side, bool late, double base, double height,
     double most)
{
	buf_printf(c->to, "<path class=\"%s\" stroke-width=\"%.1f\" d=\"", class, stroke(c));
	for (unsigned i = 0; i < c->n; i++) {
		double v = late ? c->place[i].d[side].late : c->place[i].d[side].early,
		       h = height * v / most;

		if (v > 0)
			buf_printf(c->to, "M%.1f %.1fv%.1f", (x_of(c, i) + x_of(c, i + 1)) / 2,
				   base,
				   late	     ? -(h < 1.5 ? 1.5 : h)
				   : h < 1.5 ? 1.5
					     : h);
	}
	buf_str(c->to, "\"/>\n");
}

/* Steps: a line at zero where nothing was lost, and none where nothing is known. */
static void
losses(const struct chart *c, int side, double base, double height, double most)
{
	buf_str(c->to, "<path class=\"lost\" d=\"");
	for (unsigned i = 0; i < c->n; i++) {
		double h = height * (double)c->place[i].d[side].net / most;

		if (c->place[i].d[side].net > 0)
			buf_printf(c->to, "M%.1f %.1fv%.1fh%.2fv%.1fZ", x_of(c, i), base,
				   -(h < 1.5 ? 1.5 : h), x_of(c, i + 1) - x_of(c, i),
				   h < 1.5 ? 1.5 : h);
	}
	buf_str(c->to, "\"/>\n<path class=\"zero\" d=\"");
	for (unsigned i = 0; i < c->n; i++)
		if (c->place[i].d[side].sent)
			buf_printf(c->to, "M%.1f %.1fH%.1f", x_of(c, i), base, x_of(c, i + 1));
	buf_str(c->to, "\"/>\n");
}

static void
rate_label(double v, struct buf *b)
{
	b->len = 0;
	report_rate((uint64_t)v, b);
	(void)buf_cstr(b);
}

static double
direction(const struct chart *c, int side, double y)
{
	double rate = nice(c->rate, false), packets = nice(c->packets, true),
	       lost = nice(c->lost[side], true);
	char top[32], bottom[32];
	struct buf label = { 0 };

	buf_printf(c->to, "<text class=\"way\" x=\"%d\" y=\"%.0f\">", LEFT, y + 12);
	html_text(c->to, c->t->name[side]);
	buf_str(c->to, " \xe2\x86\x92 ");
	html_text(c->to, c->t->name[1 - side]);
	buf_str(c->to, "</text>\n");
	y += 18;
	rate_label(rate, &label);
	frame(c, side, y, 64, buf_cstr(&label), "0");
	if (c->t->bins > c->n)
		area(c, "ratemax", side, false, y + 64, 64, rate);
	area(c, "rate", side, c->t->bins > c->n, y + 64, 64, rate);
	name_panel(c, y, "throughput");
	y += 74;
	(void)snprintf(top, sizeof(top), "%.0f late", packets);
	(void)snprintf(bottom, sizeof(bottom), "%.0f early", packets);
	frame(c, side, y, 60, top, bottom);
	bars(c, "late", side, true, y + 30, 30, packets);
	bars(c, "early", side, false, y + 30, 30, packets);
	name_panel(c, y, "reordered packets a bin");
	y += 70;
	(void)snprintf(top, sizeof(top), "%.0f lost", lost);
	frame(c, side, y, 52, top, "0");
	losses(c, side, y + 52, 52, lost);
	name_panel(c, y, "lost packets a bin");
	buf_free(&label);
	return (y + 62);
}

static void
time_axis(const struct chart *c, double y)
{
	static const int64_t steps[] = { 1,	 2,	 5,	 10,	  15,	  30,
					 60,	 120,	 300,	 600,	  900,	  1800,
					 3600,	 7200,	 10800,	 21600,	  43200,  86400,
					 172800, 345600, 604800, 1209600, 2592000 };
	int64_t span = c->t->to - c->t->from, step = steps[0] * SEC;
	struct buf label = { 0 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && span / step > 8; i++)
		step = steps[i] * SEC;
	if (span / step > 400)
		return;
	for (int64_t t = clock_bin(c->t->from + step - 1, step); t <= c->t->to; t += step) {
		double x = LEFT + (double)(RIGHT - LEFT) * (double)(t - c->t->from) / (double)span;
		const char *from, *end;

		label.len = 0;
		report_time(t, c->o, &label);
		from = buf_cstr(&label);
		end = from + label.len;
		if (!c->o->epoch && label.len >= 19) { /* 2026-11-20 15:19:57: what tells */
			from += step >= 86400 * SEC ? 5 : span > 86400 * SEC ? 5 : 11;
			end -= step >= 86400 * SEC ? 9 : step % (60 * SEC) == 0 ? 3 : 0;
		}
		buf_printf(c->to,
			   "<path class=\"axis\" d=\"M%.1f %.0fv5\"/><text x=\"%.1f\" y=\"%.0f\" "
			   "text-anchor=\"%s\">",
			   x, y, x, y + 17,
			   x > RIGHT - 30  ? "end"
			   : x < LEFT + 30 ? "start"
					   : "middle");
		buf_add(c->to, from, (size_t)(end - from));
		buf_str(c->to, "</text>\n");
	}
	buf_free(&label);
}

/* Figures of a slice of time, under the pointer. */
static void
slices(const struct chart *c, double height)
{
	unsigned each = (c->n + SLICES - 1) / SLICES;

	for (unsigned i = 0; i < c->n; i += each) {
		unsigned end = i + each < c->n ? i + each : c->n;
		bool here = false;

		buf_printf(c->to,
			   "<rect class=\"hover\" x=\"%.1f\" y=\"34\" width=\"%.1f\" "
			   "height=\"%.0f\"><title>",
			   x_of(c, i), x_of(c, end) - x_of(c, i), height);
		report_time(time_of(c, i), c->o, c->to);
		buf_str(c->to, " to ");
		report_time(time_of(c, end), c->o, c->to);
		for (unsigned k = i; k < end; k++)
			here |= c->place[k].here;
		if (!here)
			buf_str(c->to, ": no records");
		for (int side = 0; side < 2 && here; side++) {
			double rate = 0;
			uint32_t late = 0, early = 0;
			int64_t net = 0;

			for (unsigned k = i; k < end; k++) {
				grow(&rate, c->place[k].d[side].most);
				late = c->place[k].d[side].late > late ? c->place[k].d[side].late
								       : late;
				early = c->place[k].d[side].early > early
					    ? c->place[k].d[side].early
					    : early;
				net = c->place[k].d[side].net > net ? c->place[k].d[side].net : net;
			}
			buf_str(c->to, "\n");
			html_text(c->to, c->t->name[side]);
			buf_str(c->to, " \xe2\x86\x92: ");
			report_rate((uint64_t)rate, c->to);
			buf_printf(
			    c->to, ", late %u, early %u, lost %lld%s", late, early, (long long)net,
			    c->t->bins > c->n || each > 1 ? " (greatest of these bins)" : "");
		}
		buf_str(c->to, "</title></rect>\n");
	}
}

void
html_chart(const struct report *rep, const struct sla_tunnel *t, const struct text_options *o,
      struct buf *to)
{
	struct chart c = { .rep = rep, .t = t, .o = o, .to = to };
	double y = 34;
	const double height = 34 + 2 * (18 + 74 + 70 + 62) + 24;

	sample(&c);
	buf_printf(to,
		   "<svg class=\"chart\" viewBox=\"0 0 %d %.0f\" role=\"img\" "
		   "aria-label=\"availability, throughput, "
		   "reordering and loss over time\">\n<text x=\"%d\" y=\"17\" "
		   "text-anchor=\"end\">state</text>\n",
		   WIDTH, height, LEFT - 5);
	band_y = 6;
	band_height = 14;
	runs(&c, worst_state, state_mark);
	runs(&c, is_suspect, suspect_mark);
	for (int side = 0; side < 2; side++)
		y = direction(&c, side, y);
	time_axis(&c, y - 10);
	slices(&c, y - 44);
	buf_str(to, "</svg>\n");
	buf_str(to, "<ul class=\"legend\"><li><span class=\"sw up\"></span>up</li><li><span "
		    "class=\"sw degraded\"></span>degraded</li>"
		    "<li><span class=\"sw down\"></span>down</li><li><span class=\"sw "
		    "oneway\"></span>one way</li>"
		    "<li><span class=\"sw none\"></span>no packets</li><li><span class=\"sw "
		    "suspect\"></span>suspect: the capture dropped packets</li>"
		    "<li><span class=\"sw rate\"></span>throughput</li><li><span class=\"sw "
		    "late\"></span>late</li>"
		    "<li><span class=\"sw early\"></span>early: opened a gap that was filled "
		    "later</li><li><span class=\"sw lost\"></span>lost</li>");
	if (t->bins > c.n)
		buf_printf(to,
			   "<li>each column is about %llu bins: their greatest, and for throughput "
			   "also their least</li>",
			   ULL((t->bins + c.n - 1) / c.n));
	buf_str(to, "</ul>\n");
	free(c.place);
}

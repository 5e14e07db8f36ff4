/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_chart.c: what a tunnel did over time, drawn.
 *
 * What is drawn stretches with the page: a picture (picture.h) is as many units wide as it has columns, and letters stand
 * outside of it, so that they have one size on a phone, a screen and on paper.  A time without records is hatched: it is
 * not a time without loss.  Figures of a slice of time are shown where the pointer or the keyboard is.
 */
#include "ra-tools/out/html_room.h"

#include "format/base/mem.h"
#include "ra-tools/out/html_axis.h"
#include "ra-tools/report/contract.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ULL(v) ((unsigned long long)(v))

#define COLUMNS	     550
#define FEWER	     240 /* where there are many charts */
#define STRIP	     120 /* in the overview */
#define FULL	     100 /* units from the bottom to the top of a panel */
#define SEEN	     4	 /* of them: what is more than nothing */
#define STATE_LEVELS 20

struct chart {
	const struct page *page;
	const struct sla_tunnel *t;
	struct picture p;
	struct axis axis;
	int *height; /* of the columns, while they are drawn */
	double rate, loss, late;
	bool early, few, ticks, least; /* early packets; losses of too few packets for a percentage; worst bins; throughput never 0 */
	struct buf *to;
};

static const char *const state_class[PICTURE_STATES] = {
	[PICTURE_DOWN] = "down", [PICTURE_OVER] = "over", [PICTURE_DEGRADED] = "degraded", [PICTURE_ONE_WAY] = "oneway",
	[PICTURE_UP] = "up",	 [PICTURE_IDLE] = "none", [PICTURE_OFF] = "off",
};

static const char *const state_text[PICTURE_STATES] = {
	[PICTURE_DOWN] = "down", [PICTURE_OVER] = "over a limit", [PICTURE_DEGRADED] = "degraded", [PICTURE_ONE_WAY] = "one way",
	[PICTURE_UP] = "up",	 [PICTURE_IDLE] = "no packets",	  [PICTURE_OFF] = "outside the hours of service",
};

static const struct mark {
	unsigned bit;
	const char *class, *name, *means;
} marks[PICTURE_MARKS] = {
	{ PICTURE_OUTAGE, "m-out", "outages", "proven outages" },
	{ PICTURE_IKE, "m-ike", "IKE failed", "three IKE requests or more without an answer in a bin" },
	{ PICTURE_REPLAY, "m-rpl", "replays", "packets outside a replay window of 64" },
	{ PICTURE_JUMP, "m-jmp", "jumps", "the sender skipped numbers: no loss" },
	{ PICTURE_REKEY, "m-key", "rekeys", "a new SA took over" },
	{ PICTURE_SUSPECT, "suspect", "suspect", "the capture dropped packets" },
};

/* --- shapes --------------------------------------------------------------------------------------- */

/* What stands on `base`, as one path: runs of columns of equal height are one step.  Downwards with sign -1. */
static void
skyline(const struct chart *c, const char *class, int base, int sign)
{
	int before = 0;

	buf_printf(c->to, "<path class=\"%s\" d=\"", class);
	for (unsigned i = 0, k; i < c->p.n; i = k) {
		int h = c->height[i];

		for (k = i + 1; k < c->p.n && c->height[k] == h; k++)
			;
		if (h > 0 && before <= 0)
			buf_printf(c->to, "M%u %d", i, base);
		if (h > 0)
			buf_printf(c->to, "V%dh%u", base - sign * h, k - i);
		else if (before > 0)
			buf_printf(c->to, "V%dz", base);
		before = h;
	}
	if (before > 0)
		buf_printf(c->to, "V%dz", base);
	buf_str(c->to, "\"/>");
}

static bool
any_height(const struct chart *c)
{
	for (unsigned i = 0; i < c->p.n; i++)
		if (c->height[i] > 0)
			return (true);
	return (false);
}

/* A level line over the columns that have a height, at y. */
static void
level(const struct chart *c, const char *class, int y)
{
	buf_printf(c->to, "<path class=\"%s\" d=\"", class);
	for (unsigned i = 0, k; i < c->p.n; i = k) {
		for (k = i + 1; k < c->p.n && (c->height[k] > 0) == (c->height[i] > 0); k++)
			;
		if (c->height[i] > 0)
			buf_printf(c->to, "M%u %dh%u", i, y, k - i);
	}
	buf_str(c->to, "\"/>");
}

static int
scaled(double v, double most, int full)
{
	double h = most > 0 ? full * v / most : 0;

	return (v <= 0 ? 0 : h < SEEN ? SEEN : h > full ? full : (int)(h + 0.5));
}

/* Of loss: so that a hundredth of the greatest, which a limit often is, can still be seen. */
static int
lost_height(double v, double most)
{
	return (v <= 0 ? 0 : scaled(sqrt(v / most), 1, FULL));
}

static void
open_drawing(const struct chart *c, const char *class, int height)
{
	buf_printf(c->to,
		   "<svg class=\"p %s\" aria-hidden=\"true\"><svg width=\"100%%\" height=\"100%%\" "
		   "viewBox=\"0 0 %u %d\" preserveAspectRatio=\"none\">",
		   class, c->p.n, height);
}

/* What lies behind the end of the period is nothing at all. */
static void
close_drawing(const struct chart *c, int height)
{
	double end = (double)(c->p.to - c->p.from) / (double)(c->p.bin * (int64_t)c->p.each);

	if (end + 0.01 < c->p.n)
		buf_printf(c->to, "<path class=\"beyond\" d=\"M%.2f 0H%uV%dH%.2fz\"/>", end, c->p.n, height, end);
	buf_str(c->to, "</svg>");
}

/* --- states and marks ----------------------------------------------------------------------------- */

static int64_t
time_of(const struct place *p)
{
	int64_t sum = 0;

	for (int i = 0; i < PICTURE_STATES; i++)
		sum += p->state[i];
	return (sum);
}

/* Heights of the states up to this one: what is not there at all has none, what is there can be seen. */
static void
heights_to(const struct chart *c, enum picture_state last)
{
	for (unsigned i = 0; i < c->p.n; i++) {
		const struct place *p = &c->p.place[i];
		int64_t all = time_of(p), sum = 0;
		int seen = 0;

		for (int s = 0; s <= (int)last; s++) {
			sum += p->state[s];
			seen += p->state[s] > 0 ? 3 : 0;
		}
		c->height[i] = all == 0 ? 0 : (int)(STATE_LEVELS * (double)sum / (double)all + 0.5);
		c->height[i] = c->height[i] < seen ? seen : c->height[i];
	}
}

static bool
has_state(const struct chart *c, enum picture_state s)
{
	for (unsigned i = 0; i < c->p.n; i++)
		if (c->p.place[i].state[s] > 0)
			return (true);
	return (false);
}

/* Shares of the time of each column, the worst at the bottom: each is drawn over those that stand higher. */
static void
states(struct chart *c, const char *class)
{
	open_drawing(c, class, STATE_LEVELS);
	if (has_state(c, PICTURE_OFF)) { /* at the top, where idle is not */
		for (unsigned i = 0; i < c->p.n; i++)
			c->height[i] = c->p.place[i].state[PICTURE_OFF] > 0 ? STATE_LEVELS : 0;
		skyline(c, "off", STATE_LEVELS, 1);
	}
	for (int s = PICTURE_UP; s >= PICTURE_DOWN; s--)
		if (has_state(c, (enum picture_state)s)) {
			heights_to(c, (enum picture_state)s);
			for (unsigned i = 0; i < c->p.n; i++) /* nothing of its own: the one below is as high */
				c->height[i] = c->p.place[i].state[s] > 0 ? c->height[i] : 0;
			skyline(c, state_class[s], STATE_LEVELS, 1);
		}
	close_drawing(c, STATE_LEVELS);
	buf_str(c->to, "</svg>\n");
}

static bool
has_mark(const struct chart *c, unsigned bit)
{
	for (unsigned i = 0; i < c->p.n; i++)
		if ((c->p.place[i].marks & bit) != 0)
			return (true);
	return (false);
}

static void
lane(struct chart *c, const struct mark *m)
{
	if (!has_mark(c, m->bit))
		return;
	buf_printf(c->to, "<div class=\"y\"><b>%s</b></div>", m->name);
	open_drawing(c, "lane", 10);
	for (unsigned i = 0; i < c->p.n; i++)
		c->height[i] = (c->p.place[i].marks & m->bit) != 0;
	buf_printf(c->to, "<path class=\"base\" d=\"M0 5H%u\"/>", c->p.n);
	level(c, m->class, 5);
	close_drawing(c, 10);
	buf_str(c->to, "</svg>\n");
}

/* --- panels --------------------------------------------------------------------------------------- */

/* Its name and scale; where there are packets, and where there are none. */
static void
open_panel(struct chart *c, int side, const char *class, const char *name, const char *top, const char *middle, const char *bottom)
{
	buf_printf(c->to, "<div class=\"y\"><b>%s</b><em>%s</em>", name, top);
	if (middle != NULL)
		buf_printf(c->to, "<em class=\"mid\">%s</em>", middle);
	buf_printf(c->to, "<em class=\"low\">%s</em></div>", bottom);
	open_drawing(c, class, FULL);
	for (unsigned i = 0; i < c->p.n; i++)
		c->height[i] = c->p.place[i].d[side].sent ? FULL : 0;
	skyline(c, "panel", FULL, 1);
	axis_grid(&c->axis, c->p.n, FULL, c->to);
}

static void
rates(struct chart *c, int side)
{
	const struct place *place = c->p.place;
	struct buf top = { 0 };
	double width = (double)c->p.bin * (double)c->p.each;
	bool many = c->p.each > 1;

	report_rate((uint64_t)c->rate, &top);
	open_panel(c, side, "rate", "throughput", buf_cstr(&top), NULL, "0");
	for (unsigned i = 0; i < c->p.n; i++)
		c->height[i] = scaled(place[i].d[side].most, c->rate, FULL);
	skyline(c, many ? "ratemax" : "rateall", FULL, 1);
	if (many) {
		for (unsigned i = 0; i < c->p.n; i++)
			c->height[i] = scaled((double)place[i].d[side].bytes * 8e9 / width, c->rate, FULL);
		skyline(c, "ratemean", FULL, 1);
		for (unsigned i = 0; i < c->p.n; i++)
			c->height[i] = scaled(place[i].empty ? 0 : place[i].d[side].least, c->rate, FULL);
		if (any_height(c)) {
			c->least = true;
			skyline(c, "rateall", FULL, 1);
		}
	}
	close_drawing(c, FULL);
	buf_str(c->to, "</svg>\n");
	buf_free(&top);
}

/* Late ones up, early ones down, as shares of the packets of a column. */
static void
order(struct chart *c, int side)
{
	const struct place *place = c->p.place;
	char top[32];

	(void)snprintf(top, sizeof(top), "%.3g %%", c->late);
	open_panel(c, side, "order", c->early ? "late, early" : "late", top, NULL, c->early ? top : "0");
	for (unsigned i = 0; i < c->p.n; i++)
		c->height[i] = scaled(100.0 * (double)place[i].d[side].late / (double)(place[i].d[side].uniq + 1), c->late, FULL / 2);
	skyline(c, "late", FULL / 2, 1);
	for (unsigned i = 0; i < c->p.n; i++)
		c->height[i] = scaled(100.0 * (double)place[i].d[side].early / (double)(place[i].d[side].uniq + 1), c->late, FULL / 2);
	skyline(c, "early", FULL / 2, -1);
	close_drawing(c, FULL);
	buf_str(c->to, "</svg>\n");
}

/* Of the columns with loss: how much of it, or that it is of too few packets. */
static void
lost_bars(struct chart *c, int side)
{
	const struct sla_options *o = sla_options(c->page->rep->sla);
	const struct place *place = c->p.place;
	double v;

	for (unsigned i = 0; i < c->p.n; i++)
		c->height[i] = picture_loss(o, place[i].d[side].uniq, place[i].d[side].net, &v) ? lost_height(v, c->loss) : 0;
	skyline(c, "lost", FULL, 1);
	for (unsigned i = 0; i < c->p.n; i++)
		c->height[i] = place[i].d[side].sent;
	level(c, "zero", FULL);
	for (unsigned i = 0; i < c->p.n; i++)
		c->height[i] = place[i].d[side].net > 0 && !picture_loss(o, place[i].d[side].uniq, place[i].d[side].net, &v);
	if (any_height(c)) {
		c->few = true;
		level(c, "few", FULL - 5);
	}
}

static void
worst_ticks(struct chart *c, int side)
{
	buf_str(c->to, "<path class=\"worst\" d=\"");
	for (unsigned i = 0; i < c->p.n; i++) {
		const struct place_dir *d = &c->p.place[i].d[side];

		if (d->worst <= 0)
			continue;
		c->ticks = true;
		if (d->worst > c->loss)
			buf_printf(c->to, "M%u.5 0v%d", i, FULL / 8); /* beyond the scale */
		else
			buf_printf(c->to, "M%u %dh1", i, FULL - lost_height(d->worst, c->loss));
	}
	buf_str(c->to, "\"/>");
}

static void
losses(struct chart *c, int side)
{
	bool limited = c->t->limits.set[SLA_LOSS];
	double limit = c->t->limits.value[SLA_LOSS], y = FULL - FULL * sqrt(limit / c->loss);
	char top[32], middle[32];

	(void)snprintf(top, sizeof(top), "%.3g %%", c->loss);
	(void)snprintf(middle, sizeof(middle), "%.3g %%", c->loss / 4);
	open_panel(c, side, "loss", "loss", top, middle, "0");
	lost_bars(c, side);
	if (c->p.each > 1)
		worst_ticks(c, side);
	if (limited)
		buf_printf(c->to, "<path class=\"limit\" d=\"M0 %.1fH%u\"/>", y, c->p.n);
	close_drawing(c, FULL);
	if (limited) {
		buf_printf(c->to, "<text class=\"limit\" x=\"100%%\" dx=\"-4\" y=\"%.1f%%\" dy=\"%s\" text-anchor=\"end\">limit ", y,
			   y > 30 ? "-4" : "12");
		report_percent(limit, c->to);
		buf_str(c->to, "</text>");
	}
	buf_str(c->to, "</svg>\n");
}

static void
direction(struct chart *c, int side)
{
	buf_str(c->to, "<h3 class=\"way\">");
	html_text(c->to, c->t->called[side]);
	buf_str(c->to, " \xe2\x86\x92 ");
	html_text(c->to, c->t->called[1 - side]);
	buf_str(c->to, "</h3>\n");
	losses(c, side);
	if (c->late > 0)
		order(c, side);
	rates(c, side);
}

/* --- figures of slices ---------------------------------------------------------------------------- */

static void
slice_direction(const struct chart *c, const struct place *p, int side, int64_t width)
{
	const struct place_dir *d = &p->d[side];
	struct buf *to = c->to;
	double loss;

	buf_str(to, "<span>\xe2\x86\x92 ");
	html_text(to, html_short(c->t, 1 - side));
	buf_str(to, ": ");
	if (!d->sent) {
		buf_str(to, "nothing</span>");
		return;
	}
	report_rate((uint64_t)((double)d->bytes * 8e9 / (double)width), to);
	buf_printf(to, ", lost %lld of %lld", (long long)d->net, (long long)d->uniq + (long long)d->net);
	if (d->net > 0 && picture_loss(sla_options(c->page->rep->sla), d->uniq, d->net, &loss)) {
		buf_str(to, " (");
		report_percent(loss, to);
		if (c->p.bin * (int64_t)c->p.each * c->p.slice > c->p.bin && d->worst > 0) {
			buf_str(to, "; worst bin ");
			report_percent(d->worst, to);
			buf_str(to, ", ");
			axis_time(&c->axis, d->worst_at, to);
		}
		buf_u8(to, ')');
	}
	if (d->late > 0)
		buf_printf(to, ", %llu late", ULL(d->late));
	buf_str(to, "</span>");
}

static void
slice(const struct chart *c, unsigned from, unsigned end)
{
	struct place p = picture_sum(&c->p, from, end);
	int64_t width = c->p.bin * (int64_t)c->p.each, start = c->p.from + from * width, stop = c->p.from + end * width;
	const char *comma = "";

	stop = stop > c->p.to ? c->p.to : stop;
	buf_str(c->to, "<li tabindex=\"0\"><p><b>");
	axis_time(&c->axis, start, c->to);
	buf_str(c->to, " to ");
	axis_time(&c->axis, stop, c->to);
	buf_str(c->to, "</b> ");
	for (int s = 0; s < PICTURE_STATES; s++) {
		if (p.state[s] == 0)
			continue;
		buf_printf(c->to, "%s%s", comma, state_text[s]);
		if (p.state[s] < stop - start)
			buf_printf(c->to, " %.0f %%", fmax(1, 100.0 * (double)p.state[s] / (double)(stop - start)));
		comma = ", ";
	}
	for (unsigned i = 0; i < PICTURE_MARKS; i++)
		if ((p.marks & marks[i].bit) != 0)
			buf_printf(c->to, ", %s", marks[i].name);
	for (int side = 0; side < 2 && p.here; side++)
		slice_direction(c, &p, side, stop - start);
	buf_str(c->to, "</p></li>\n");
}

static void
slices(const struct chart *c, size_t i)
{
	size_t last = c->page->rep->charts < c->page->rep->count ? c->page->rep->charts : c->page->rep->count;

	if (i + 1 < last)
		buf_printf(c->to, "<a class=\"skip\" href=\"#t%zu\">next tunnel</a>", i + 2);
	buf_str(c->to, "<ol class=\"slices\" aria-label=\"figures over time\">\n");
	for (unsigned at = 0; at < c->p.n && c->p.from + (int64_t)at * c->p.bin * (int64_t)c->p.each < c->p.to; at += c->p.slice)
		slice(c, at, at + c->p.slice);
	buf_str(c->to, "</ol>\n");
}

/* --- the legend: of what is there ----------------------------------------------------------------- */

static void
entry(const struct chart *c, const char *class, const char *means)
{
	buf_printf(c->to, "<li><span class=\"sw %s\"></span>%s</li>", class, means);
}

static void
state_entries(const struct chart *c)
{
	struct buf text = { 0 };

	for (int s = PICTURE_STATES - 1; s >= 0; s--) {
		if (!has_state(c, (enum picture_state)s))
			continue;
		text.len = 0;
		buf_str(&text, state_text[s]);
		if (s == PICTURE_DEGRADED)
			buf_printf(&text, ": more than %g %% lost, or replays", sla_options(c->page->rep->sla)->lmax);
		entry(c, state_class[s], buf_cstr(&text));
	}
	buf_free(&text);
}

static void
legend(const struct chart *c)
{
	bool many = c->p.each > 1;

	buf_str(c->to, "<ul class=\"legend\">");
	state_entries(c);
	for (unsigned i = 0; i < PICTURE_MARKS; i++)
		if (has_mark(c, marks[i].bit))
			entry(c, marks[i].class, marks[i].means);
	entry(c, "lost", "lost, % of the packets of a column (the scale is a square root)");
	if (c->ticks)
		entry(c, "worst", "its worst bin; at the upper edge: beyond the scale");
	if (c->few)
		entry(c, "few", "lost, of too few packets for a percentage");
	if (c->late > 0)
		entry(c, "late", "late, % of the packets of a column");
	if (c->early)
		entry(c, "early", "early: opened a gap that was filled later");
	entry(c, many ? "ratemean" : "rateall", many ? "throughput, mean of a column" : "throughput");
	if (many) {
		entry(c, "ratemax", "of its bin with the most");
		if (c->least)
			entry(c, "rateall", "with the least");
	}
	buf_str(c->to, "</ul>\n<p class=\"soft note\">");
	if (many) {
		buf_printf(c->to, "A column is %llu bins of ", ULL(c->p.each));
		report_width(c->p.bin, c->to);
	} else {
		buf_str(c->to, "A column is a bin of ");
		report_width(c->p.bin, c->to);
	}
	if (!c->page->o->epoch) {
		buf_str(c->to, "; times in ");
		html_text(c->to, c->page->rep->zone);
	}
	buf_str(c->to, ". Point at a time, tap it, or go there with the tab key, for its figures.</p>\n");
}

/* --- all of it ------------------------------------------------------------------------------------ */

/* Of both directions: they share their scales. */
static void
scales(struct chart *c)
{
	const struct sla_options *o = sla_options(c->page->rep->sla);
	double v;

	for (unsigned i = 0; i < c->p.n; i++)
		for (int side = 0; side < 2; side++) {
			const struct place_dir *d = &c->p.place[i].d[side];
			double share = 100.0 / (double)(d->uniq + 1);

			c->rate = fmax(c->rate, d->most);
			c->late = fmax(c->late, share * (double)(d->late > d->early ? d->late : d->early));
			c->early |= d->early > 0;
			if (picture_loss(o, d->uniq, d->net, &v))
				c->loss = fmax(c->loss, v);
		}
	if (c->t->limits.set[SLA_LOSS])
		c->loss = fmax(c->loss, 1.5 * c->t->limits.value[SLA_LOSS]);
	c->rate = axis_nice(fmax(c->rate, 1));
	c->loss = fmin(axis_nice(c->loss > 0 ? fmax(c->loss, 0.001) : 1), 100); /* nothing lost: of one percent */
	c->late = c->late > 0 ? fmin(axis_nice(c->late), 100) : 0;
}

static void
begin(struct chart *c, int64_t from, int64_t to, unsigned columns)
{
	sla_look(c->page->rep->sla, c->t);
	picture_of(c->page->rep->sla, c->t, from, to, columns, &c->p);
	c->height = mem_zero(c->p.n, sizeof(c->height[0]));
}

void
html_strip(const struct page *page, const struct sla_tunnel *t)
{
	struct chart c = { .page = page, .t = t, .to = page->to };

	begin(&c, page->from, page->end, STRIP);
	states(&c, "mini");
	picture_free(&c.p);
	free(c.height);
}

void
html_chart(const struct page *page, size_t i)
{
	struct chart c = { .page = page, .t = sla_tunnel(page->rep->sla, i), .to = page->to };

	if (c.t->to <= c.t->from)
		return;
	begin(&c, c.t->from, c.t->to, html_many(page->rep) ? FEWER : COLUMNS);
	scales(&c);
	axis_of(&c.axis, page->o, c.p.from, c.p.from + c.p.bin * (int64_t)c.p.each * c.p.n, c.p.to);
	buf_str(c.to, "<div class=\"chart\">\n<div class=\"y\"><b>state</b></div>");
	states(&c, "strip");
	for (unsigned m = 0; m < PICTURE_MARKS; m++)
		lane(&c, &marks[m]);
	for (int side = 0; side < 2; side++)
		direction(&c, side);
	axis_ticks(&c.axis, c.to);
	slices(&c, i);
	buf_str(c.to, "</div>\n");
	legend(&c);
	picture_free(&c.p);
	free(c.height);
}

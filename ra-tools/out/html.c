/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html.c: what ratunnel computed as one page to send: no script, nothing loaded from anywhere, readable on
 * a screen, in the dark and on paper.
 *
 * A chart has at most COLUMNS places.  Where there are more bins, each place shows the least and the greatest
 * of its bins, so that a single bad bin in a month is there.  A time without records is hatched: it is not a
 * time without loss.  Everything that comes from files or the command line goes through text().
 */
#include "format/base/clock.h"
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "ra-tools/report/drill.h"
#include "ra-tools/out/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ULL(v) ((unsigned long long)(v))

/* The page's only style, in two strings, as compilers need not take longer ones; its hash is in the policy, so that no other
 * one is taken.  Test: tests/truth/page.py */
static const char style[] =
    ":root{--bg:#fff;--fg:#1b1f24;--soft:#59636e;--line:#d1d9e0;--panel:#f6f8fa;--hatch:#9aa4af;--"
    "grid:#e4e8ec;"
    "--up:#009e73;--degraded:#e69f00;--down:#c8401a;--oneway:#56b4e9;--rate:#0072b2;--late:#b35a00;"
    "--early:#56b4e9;"
    "--lost:#c8401a;--suspect:#8b4f8f;--good:#00704f;--bad:#b3261e}"
    "@media "
    "(prefers-color-scheme:dark){:root{--bg:#0f1419;--fg:#e6edf3;--soft:#9da7b1;--line:#39424c;--"
    "panel:#181f26;"
    "--hatch:#5b6570;--grid:#2a323a;--up:#1fb489;--degraded:#e9b23c;--down:#f0764f;--oneway:#"
    "6cc0f0;--rate:#4ca6e0;"
    "--late:#f0a04b;--early:#6cc0f0;--lost:#f0764f;--suspect:#cc8fd0;--good:#3fcf9f;--bad:#ff8a73}}"
    "*{box-sizing:border-box}"
    "html{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,'Segoe "
    "UI',Roboto,'DejaVu Sans',sans-serif}"
    "body{max-width:1240px;margin:0 auto;padding:1.5rem 1.25rem 3rem}"
    "h1{font-size:1.7rem;line-height:1.2;margin:0 0 .25rem}h2{font-size:1.2rem;margin:0 0 .15rem}"
    "h3{font-size:1rem;margin:1rem 0 .3rem}p{margin:.25rem 0}a{color:var(--rate)}"
    ".soft{color:var(--soft)}.num{text-align:right;white-space:nowrap}"
    ".wide{overflow-x:auto}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.84rem}"
    "table.all{width:100%}table.all td{white-space:nowrap}"
    "th,td{padding:.3rem .42rem;text-align:left;vertical-align:top;border-bottom:1px solid "
    "var(--line)}"
    "thead th{color:var(--soft);font-weight:600;border-bottom:2px solid "
    "var(--line);vertical-align:bottom}"
    "th.num,td.num{text-align:right}td.to{white-space:nowrap}tr.first "
    "td:not([rowspan]){border-bottom-color:transparent}thead "
    "th.num{white-space:normal}td.name{white-space:nowrap}"
    ".good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:700}"
    "section.tunnel{margin-top:2rem;padding:1.1rem 1.2rem 1.2rem;border:1px solid "
    "var(--line);border-radius:8px;break-inside:avoid}"
    "svg.chart{display:block;width:100%;height:auto;margin:.6rem 0 .2rem}"
    "svg.defs{position:absolute;width:0;height:0}"
    "svg text{fill:var(--soft);font:11px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu "
    "Sans',sans-serif}"
    "svg text.panelname{fill:var(--fg);stroke:var(--panel);stroke-width:4px;paint-order:stroke}"
    "svg text.way{fill:var(--fg);font-weight:600;font-size:12px}"
    ".panel{fill:var(--panel)}.grid{stroke:var(--grid);stroke-width:1;fill:none}.axis{stroke:var(--"
    "line);stroke-width:1;fill:none}"
    ".nodata{fill:url(#nodata)}.hatch{stroke:var(--hatch);stroke-width:1}"
    ".up{fill:var(--up);background:var(--up)}.degraded{fill:var(--degraded);background:var(--"
    "degraded)}"
    ".down{fill:var(--down);background:var(--down)}.oneway{fill:var(--oneway);background:var(--"
    "oneway)}"
    ".suspect{fill:var(--suspect);background:var(--suspect)}"
    ".rate{fill:var(--rate);background:var(--rate)}.ratemax{fill:var(--rate);opacity:.35}"
    ".late{stroke:var(--late);fill:none;background:var(--late)}.early{stroke:var(--early);fill:"
    "none;background:var(--early)}"
    ".lost{fill:var(--lost);background:var(--lost)}.zero{stroke:var(--lost);stroke-width:1.2;fill:"
    "none}"
    ".hover{fill:transparent}.hover:hover{fill:var(--fg);fill-opacity:.1}";
static const char style_rest[] =
    "ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.2rem 0 "
    ".6rem;padding:0;font-size:.82rem;color:var(--soft)}"
    ".sw{display:inline-block;width:.85em;height:.85em;margin-right:.4em;border-radius:2px;"
    "vertical-align:-.08em}"
    ".sw.none{background:repeating-linear-gradient(45deg,var(--hatch) 0 1px,transparent 1px "
    "4px);border:1px solid var(--hatch)}"
    ".cols{display:flex;flex-wrap:wrap;gap:.5rem 2.5rem;align-items:flex-start}"
    "details{margin-top:.1rem}summary{cursor:pointer;font-size:.9rem;padding:.1rem "
    "0;font-variant-numeric:tabular-nums}"
    "details.part{margin-top:.6rem}details.part>summary{font-weight:600}"
    "code{font:12.5px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans "
    "Mono',monospace;overflow-wrap:anywhere}"
    "code.cmd{display:block;background:var(--panel);border:1px solid "
    "var(--line);border-radius:5px;padding:.35rem .55rem;margin:.2rem 0;user-select:all}"
    "dl.how{font-size:.88rem}dl.how dt{font-weight:600;margin-top:.4rem}dl.how "
    "dd{margin:0;color:var(--soft)}"
    "footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.8rem}"
    "@media "
    "print{:root{--bg:#fff;--fg:#000;--soft:#444;--line:#bbb;--panel:#f7f7f7;--hatch:#888;--grid:#"
    "e2e2e2;--up:#009e73;"
    "--degraded:#e69f00;--down:#c8401a;--oneway:#56b4e9;--rate:#0072b2;--late:#b35a00;--early:#"
    "56b4e9;--lost:#c8401a;"
    "--suspect:#8b4f8f;--good:#00704f;--bad:#b3261e}"
    "html{font-size:11px}body{max-width:none;padding:0}*{print-color-adjust:exact;-webkit-print-"
    "color-adjust:exact}"
    "section.tunnel{border:0;border-top:1px solid var(--line);border-radius:0;padding:1rem "
    "0;break-inside:auto}"
    "svg.chart,tr{break-inside:avoid}h2,h3{break-after:avoid}.wide{overflow:visible}th,td{padding:."
    "2rem .35rem}"
    "a{color:inherit;text-decoration:none}details.part::details-content{content-visibility:visible;"
    "height:auto}"
    ".hover{display:none}@page{margin:14mm}}";
static const char style_hash[] = "sha256-EX99wW102dg+gO/2k9zprxYW3RiyxCbmIh/AFz1hfFI=";

/* --- text ----------------------------------------------------------------------------------------- */

static void
text(struct buf *to, const char *s)
{
	struct buf shown = { 0 };

	buf_plain_str(&shown, s);
	for (s = buf_cstr(&shown); *s != '\0'; s++)
		switch (*s) {
		case '&':
			buf_str(to, "&amp;");
			break;
		case '<':
			buf_str(to, "&lt;");
			break;
		case '>':
			buf_str(to, "&gt;");
			break;
		case '"':
			buf_str(to, "&quot;");
			break;
		case '\'':
			buf_str(to, "&#39;");
			break;
		default:
			buf_u8(to, (uint8_t)*s);
		}
	buf_free(&shown);
}

static void
command(struct buf *to, struct buf *cmd)
{
	buf_str(to, "<code class=\"cmd\">");
	text(to, buf_cstr(cmd));
	buf_str(to, "</code>\n");
	cmd->len = 0;
}

/* --- a chart -------------------------------------------------------------------------------------- */

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
	text(c->to, c->t->name[side]);
	buf_str(c->to, " \xe2\x86\x92 ");
	text(c->to, c->t->name[1 - side]);
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
			text(c->to, c->t->name[side]);
			buf_str(c->to, " \xe2\x86\x92: ");
			report_rate((uint64_t)rate, c->to);
			buf_printf(
			    c->to, ", late %u, early %u, lost %lld%s", late, early, (long long)net,
			    c->t->bins > c->n || each > 1 ? " (greatest of these bins)" : "");
		}
		buf_str(c->to, "</title></rect>\n");
	}
}

static void
chart(const struct report *rep, const struct sla_tunnel *t, const struct text_options *o,
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

/* --- tables --------------------------------------------------------------------------------------- */

static void
verdict_span(const struct sla_verdict *v, bool limited, enum sla_term term, struct buf *to)
{
	if (!v->known) {
		buf_printf(to, "<span class=\"soft\" title=\"%s\">\xe2\x80\x93</span>", report_unknown(term));
		return;
	}
	if (limited)
		buf_printf(to, "<span class=\"%s\">", v->good ? "good" : "bad");
	report_value(term, v->value, to);
	if (limited)
		buf_str(to, v->good ? " \xe2\x9c\x93</span>" : " \xe2\x9c\x97</span>");
}

static void
term_cell(const struct sla_tunnel *t, int side, enum sla_term term,
	  const char *more, struct buf *to)
{
	buf_printf(to, "<td class=\"num\"%s>", more);
	verdict_span(&t->d[side].verdict[term], t->limits.set[term], term, to);
	buf_str(to, "</td>");
}

static void
tunnel_name(const struct report *rep, const struct sla_tunnel *t, struct buf *to)
{
	text(to, t->called[0]);
	buf_str(to, " \xe2\x86\x94 ");
	text(to, t->called[1]);
	if (t->has_lane)
		buf_printf(to, ", lane %llu", ULL(t->lane));
	if (rep->probes) {
		buf_str(to, ", probe ");
		text(to, t->probe);
	}
}

static void
overview_row(const struct report *rep, size_t i, int side, struct buf *to)
{
	const struct sla_tunnel *t = sla_tunnel(rep->sla, i);
	const struct sla_direction *d = &t->d[side];

	buf_printf(to, "<tr class=\"%s\">", side == 0 ? "first" : "second");
	if (side == 0) {
		buf_str(to, "<td rowspan=\"2\" class=\"name\">");
		if (i < rep->charts)
			buf_printf(to, "<a href=\"#t%zu\">", i + 1);
		tunnel_name(rep, t, to);
		buf_printf(to, "%s<br><span class=\"soft\">", i < rep->charts ? "</a>" : "");
		text(to, t->proto);
		buf_str(to, "</span></td>");
		if (!t->judged)
			buf_str(to, "<td rowspan=\"2\" class=\"soft\">no limits</td>");
		else
			buf_printf(to, "<td rowspan=\"2\" class=\"%s\">%s</td>",
				   t->violated ? "bad" : "good",
				   t->violated ? "\xe2\x9c\x97 violated" : "\xe2\x9c\x93 kept");
		term_cell(t, side, SLA_AVAIL, " rowspan=\"2\"", to);
	}
	buf_str(to, "<td class=\"to\">\xe2\x86\x92 ");
	text(to, t->name[1 - side]);
	buf_printf(to, "</td><td class=\"num\">%lld of %lld</td>", (long long)d->net,
		   (long long)d->expected);
	term_cell(t, side, SLA_LOSS, "", to);
	term_cell(t, side, SLA_BURST, "", to);
	term_cell(t, side, SLA_OUTAGE, "", to);
	term_cell(t, side, SLA_REORDER, "", to);
	term_cell(t, side, SLA_REPLAY, "", to);
	term_cell(t, side, SLA_DUP, "", to);
	term_cell(t, side, SLA_P95, "", to);
	buf_str(to, "</tr>\n");
}

static void
overview(const struct report *rep, struct buf *to)
{
	const struct sla_limits *l = &sla_options(rep->sla)->limits;
	bool any = false;

	buf_str(to, "<h2>Overview</h2>\n");
	for (enum sla_term t = 0; t < SLA_TERMS; t++) {
		if (!l->set[t])
			continue;
		buf_printf(to, "%s%s %s ", any ? "; " : "<p>Promised: ", sla_terms[t].title,
			   sla_terms[t].most ? "at most" : "at least");
		report_value(t, l->value[t], to);
		any = true;
	}
	buf_str(to, any ? ".</p>\n" : "");
	buf_str(
	    to,
	    "<div class=\"wide\"><table class=\"all\"><thead><tr><th>Tunnel</th><th>Limits</th><th "
	    "class=\"num\">Availability</th>"
	    "<th>Direction</th><th class=\"num\">Lost of expected</th><th "
	    "class=\"num\">Loss</th><th class=\"num\">Longest burst</th>"
	    "<th class=\"num\">Outages</th><th class=\"num\">Reordered</th><th "
	    "class=\"num\">Replay window 64</th>"
	    "<th class=\"num\">Duplicates</th><th class=\"num\">Throughput "
	    "p95</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < rep->count * 2; i++)
		overview_row(rep, i / 2, (int)(i % 2), to);
	buf_str(to, "</tbody></table></div>\n");
}

static void
pair(struct buf *to, const char *name, uint64_t a, uint64_t b)
{
	buf_printf(to,
		   "<tr><td>%s</td><td class=\"num\">%llu</td><td class=\"num\">%llu</td></tr>\n",
		   name, ULL(a), ULL(b));
}

static void
rates(struct buf *to, const char *name, uint64_t a, uint64_t b)
{
	buf_printf(to, "<tr><td>%s</td><td class=\"num\">", name);
	report_rate(a, to);
	buf_str(to, "</td><td class=\"num\">");
	report_rate(b, to);
	buf_str(to, "</td></tr>\n");
}

static void
skipped(struct buf *to, const struct sla_tunnel *t)
{
	if (t->d[0].c.jumpskip + t->d[1].c.jumpskip == 0)
		return;
	buf_str(to, "<tr><td>numbers skipped, not lost</td>");
	for (int side = 0; side < 2; side++) {
		buf_str(to, "<td class=\"num\">");
		report_skipped(&t->d[side].c, to);
		buf_str(to, "</td>");
	}
	buf_str(to, "</tr>\n");
}

static void
figures(const struct sla_tunnel *t, struct buf *to)
{
	const struct sla_counts *a = &t->d[0].c, *b = &t->d[1].c;
	char name[64];

	buf_str(to, "<details class=\"part\"><summary>All "
		    "figures</summary><table><thead><tr><th></th><th class=\"num\">\xe2\x86\x92 ");
	text(to, t->name[1]);
	buf_str(to, "</th><th class=\"num\">\xe2\x86\x92 ");
	text(to, t->name[0]);
	buf_str(to, "</th></tr></thead><tbody>\n");
	pair(to, "packets", a->pkts, b->pkts);
	pair(to, "bytes", a->bytes, b->bytes);
	pair(to, "distinct sequence numbers", a->uniq, b->uniq);
	skipped(to, t);
	pair(to, "gaps opened", a->gapev, b->gapev);
	pair(to, "longest burst of loss", a->maxgap, b->maxgap);
	pair(to, "proven outages", a->noutage, b->noutage);
	pair(to, "late packets", a->late, b->late);
	pair(to, "early packets", a->early, b->early);
	pair(to, "behind three later ones (RFC 4737)", a->nr3, b->nr3);
	pair(to, "furthest behind, in numbers", a->lagmax, b->lagmax);
	for (int w = 0; w < SLA_WINDOWS; w++) {
		(void)snprintf(name, sizeof(name), "outside a replay window of %d", 32 << w);
		pair(to, name, a->rpl[w], b->rpl[w]);
	}
	pair(to, "duplicates", a->dup, b->dup);
	pair(to, "numbering began again", a->resets, b->resets);
	pair(to, "fragments", a->frags, b->frags);
	pair(to, "datagrams never complete", a->fraginc, b->fraginc);
	pair(to, "rekeys", a->rekeys, b->rekeys);
	rates(to, "throughput, median", t->d[0].bps_p50, t->d[1].bps_p50);
	rates(to, "throughput, 95th percentile", t->d[0].bps_p95, t->d[1].bps_p95);
	rates(to, "throughput, 99th percentile", t->d[0].bps_p99, t->d[1].bps_p99);
	rates(to, "throughput, highest", t->d[0].bps_max, t->d[1].bps_max);
	buf_str(to, "</tbody></table></details>\n");
}

static void
deeper(const struct report *rep, const struct sla_tunnel *t, int64_t from, int64_t to_time,
       struct buf *to)
{
	struct buf cmd = { 0 };

	report_command(rep, t, TOOL(ra), from, to_time, "", &cmd);
	command(to, &cmd);
	drill_pcap(rep->capture, from, to_time, t->bpf, &cmd);
	command(to, &cmd);
	buf_free(&cmd);
}

static void
bin_head(const struct sla_tunnel *t, int side, int64_t from, const struct text_options *o,
	 struct buf *to)
{
	buf_str(to, "<details><summary>");
	report_time(from, o, to);
	buf_str(to, " \xe2\x86\x92 ");
	text(to, t->name[1 - side]);
	buf_str(to, ": ");
}

#define PAGE_VIOLATIONS 50
#define PAGE_WORST	5

static void
violations(const struct report *rep, const struct sla_tunnel *t, int side,
	   const struct text_options *o, struct buf *to)
{
	const struct sla_direction *d = &t->d[side];

	if (d->nviolations == 0)
		return;
	buf_str(to, "<details class=\"part\"><summary>Bins that violate a limit, \xe2\x86\x92 ");
	text(to, t->name[1 - side]);
	buf_printf(to, ": %zu</summary>\n", d->nviolations);
	for (size_t i = 0; i < d->nviolations && i < PAGE_VIOLATIONS; i++) {
		const struct sla_violation *v = &d->violation[i];
		int64_t from = v->point == UINT32_MAX ? t->gap[v->gap].start
						      : t->point[v->point].start,
			end = v->point == UINT32_MAX ? t->gap[v->gap].end : t->point[v->point].end;

		bin_head(t, side, from, o, to);
		if (v->term == SLA_AVAIL) {
			buf_str(to, "down for ");
			report_width(end - from, to);
		} else {
			buf_printf(to, "%s ", sla_terms[v->term].word);
			report_value(v->term, v->value, to);
		}
		buf_str(to, "</summary>\n");
		deeper(rep, t, from, end, to);
		buf_str(to, "</details>\n");
	}
	if (d->nviolations > PAGE_VIOLATIONS)
		buf_printf(to, "<p class=\"soft\">and %zu more: " TOOL(ratunnel) " --json has them all</p>\n",
			   d->nviolations - PAGE_VIOLATIONS);
	buf_str(to, "</details>\n");
}

static void
worst(const struct report *rep, const struct sla_tunnel *t, const struct text_options *o,
      struct buf *to)
{
	struct buf cmd = { 0 }, options = { 0 };
	bool any = false;

	for (int side = 0; side < 2; side++) {
		size_t at[PAGE_WORST], n = report_worst(t, side, at, PAGE_WORST);

		if (n > 0 && !any)
			buf_str(to, "<h3>Bins with the greatest loss</h3>\n");
		any |= n > 0;
		for (size_t i = 0; i < n; i++) {
			const struct sla_point *p = &t->point[at[i]];

			bin_head(t, side, p->start, o, to);
			buf_printf(to, "%lld lost%s</summary>\n", (long long)p->d[side].net,
				   p->suspect ? " (suspect)" : "");
			deeper(rep, t, p->start, p->end, to);
			buf_str(to, "</details>\n");
		}
	}
	if (sla_width(rep->sla) % SEC == 0)
		buf_printf(&options, "-M %llds", (long long)(sla_width(rep->sla) / SEC));
	report_command(rep, t, TOOL(radrill), INT64_MIN, 0, buf_cstr(&options), &cmd);
	buf_str(to, "<details class=\"part\"><summary>Further down: the commands for this "
		    "tunnel</summary>\n");
	command(to, &cmd);
	report_command(rep, t, TOOL(rabins), INT64_MIN, 0,
		       "-s bstart,sbytes,dbytes,searly,dearly,slate,dlate,srpl64,drpl64,snet,dnet",
		       &cmd);
	command(to, &cmd);
	buf_str(to, "</details>\n");
	buf_free(&cmd);
	buf_free(&options);
}

static void
section(const struct report *rep, size_t i, const struct text_options *o, struct buf *to)
{
	const struct sla_tunnel *t = sla_tunnel(rep->sla, i);

	buf_printf(to, "<section class=\"tunnel\" id=\"t%zu\">\n<h2>", i + 1);
	tunnel_name(rep, t, to);
	buf_str(to, " <span class=\"soft\">");
	text(to, t->proto);
	if (t->port[0] != 0)
		buf_printf(to, ", UDP %u and %u", t->port[0], t->port[1]);
	if (t->has_lane && (t->spi[0][0] != '\0' || t->spi[1][0] != '\0'))
		buf_printf(to, ", SPI %s and %s", t->spi[0][0] != '\0' ? t->spi[0] : "none",
			   t->spi[1][0] != '\0' ? t->spi[1] : "none");
	buf_str(to, "</span></h2>\n<p>Availability <strong>");
	verdict_span(&t->d[0].verdict[SLA_AVAIL], t->limits.set[SLA_AVAIL],
		     SLA_AVAIL, to);
	buf_printf(to, "</strong> <span class=\"soft\">of %llu bins of ", ULL(t->bins));
	report_width(sla_width(rep->sla), to);
	buf_printf(to, ": %llu up, %llu degraded, %llu down; not judged: %llu idle, %llu one way",
		   ULL(t->count[SLA_UP]), ULL(t->count[SLA_DEGRADED]), ULL(t->count[SLA_DOWN]),
		   ULL(t->count[SLA_IDLE]), ULL(t->count[SLA_ONE_WAY]));
	if (report_unjudged(t) != NULL)
		buf_printf(to, ". No ratio: %s", report_unjudged(t));
	if (t->suspect > 0)
		buf_printf(to, "; %llu suspect, %s", ULL(t->suspect),
			   sla_options(rep->sla)->strict ? "left out" : "counted");
	buf_str(to, "</span></p>\n");
	if (report_hint(t) != NULL)
		buf_printf(to, "<p><strong>%s</strong></p>\n", report_hint(t));
	chart(rep, t, o, to);
	for (int side = 0; side < 2; side++)
		violations(rep, t, side, o, to);
	worst(rep, t, o, to);
	figures(t, to);
	buf_str(to, "</section>\n");
}

/* --- the page ------------------------------------------------------------------------------------- */

static void
how(const struct report *rep, struct buf *to)
{
	const struct sla_options *o = sla_options(rep->sla);

	buf_str(
	    to,
	    "<footer><h3>How to read this</h3><dl class=\"how\">"
	    "<dt>Lost</dt><dd>Sequence numbers that were jumped over and did not come later. Loss "
	    "behind the place of "
	    "the capture, before the first and after the last packet seen can not be known.</dd>"
	    "<dt>Late, early</dt><dd>A late packet came after one with a higher number (RFC 4737); "
	    "an early one opened the gap that it filled.</dd>"
	    "<dt>Outside the replay window</dt><dd>Packets so far behind that a receiver with that "
	    "window drops them (RFC 4303).</dd>"
	    "<dt>Proven outage</dt><dd>A silence of a second or more, and five times the usual gap or "
	    "more, behind which three numbers or more are missing.</dd>");
	buf_printf(to,
		   "<dt>Availability</dt><dd>Bins up or degraded, of those up, degraded or down. "
		   "Up: both sides send, or are silent no longer than is usual for them: five times the mean gap "
		   "between their packets so far. Degraded: more than %g %% lost (of %llu packets or more, or "
		   "three of fewer), or packets outside a replay window of 64. Down: one side sends and the other, "
		   "which was there, does not, and that is not usual; or a proven outage; or three IKE requests "
		   "unanswered.%s</dd>",
		   o->lmax, ULL(o->min_sample), o->oneway ? " Here one direction is enough to be up." : "");
	buf_printf(to,
		   "<dt>\xe2\x80\x93</dt><dd>Fewer than %llu packets: no percentage is told; nor of availability, where "
		   "fewer than %d bins or %d %% of the period could be judged.</dd>",
		   ULL(o->min_sample), SLA_RATIO_BINS, SLA_RATIO_PERCENT);
	buf_str(to, "<dt>Suspect</dt><dd>The capturing host dropped packets in this bin: what is "
		    "missing there need not be the "
		    "network\xe2\x80\x99s loss.</dd></dl>\n<p class=\"soft\">Made by "
		    "ratunnel, " PACKAGE_NAME " " PACKAGE_VERSION "</p></footer>\n");
}

static void
period(const struct report *rep, const struct text_options *o, struct buf *to)
{
	int64_t from = INT64_MAX, end = INT64_MIN;

	for (size_t i = 0; i < rep->count; i++) {
		const struct sla_tunnel *t = sla_tunnel(rep->sla, i);

		from = t->from < from ? t->from : from;
		end = t->to > end ? t->to : end;
	}
	if (rep->partial)
		buf_str(to, "<p class=\"bad\">Not all of the input was read: bins and tunnels may be "
			    "missing.</p>\n");
	buf_str(to, "<p class=\"soft\">");
	if (rep->count == 0) {
		buf_str(to, "No tunnel has a record.</p>\n");
		return;
	}
	report_time(from, o, to);
	buf_str(to, " to ");
	report_time(end, o, to);
	buf_printf(to, "%s%s%s, %zu tunnel%s%s, bins of ", o->epoch ? "" : " (", o->epoch ? "" : rep->zone, o->epoch ? "" : ")",
		   rep->count, rep->count == 1 ? "" : "s", rep->probes ? ", each as one probe saw it" : "");
	report_bins_of(rep, to);
	if (*rep->asked != '\0') {
		buf_str(to, ", of records that match <code>");
		text(to, rep->asked);
		buf_str(to, "</code>");
	}
	buf_str(to, "</p>\n");
}

void
report_html(const struct report *rep, const char *meta, const struct text_options *o, struct buf *to)
{
	const char *title = rep->title != NULL ? rep->title : "Tunnel report";

	buf_printf(to,
		   "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		   "style-src '%s'; "
		   "base-uri 'none'; form-action 'none'\">\n"
		   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		   "<meta name=\"color-scheme\" content=\"light dark\">\n"
		   "<meta name=\"referrer\" content=\"no-referrer\">\n<title>",
		   style_hash);
	text(to, title);
	buf_printf(to, "</title>\n%s<style>", meta);
	buf_str(to, style);
	buf_str(to, style_rest);
	buf_str(to, "</style>\n</head>\n<body>\n<svg class=\"defs\" aria-hidden=\"true\"><defs>"
		    "<pattern id=\"nodata\" width=\"5\" height=\"5\" "
		    "patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
		    "<path class=\"hatch\" d=\"M0 0v5\"/></pattern></defs></svg>\n<header><h1>");
	text(to, title);
	buf_str(to, "</h1>\n");
	period(rep, o, to);
	buf_str(to, "</header>\n<main>\n");
	if (rep->count > 0)
		overview(rep, to);
	for (size_t i = 0; i < rep->count && i < rep->charts; i++)
		section(rep, i, o, to);
	if (rep->count > rep->charts)
		buf_printf(to,
			   "<p class=\"soft\">Charts are of the worst %zu tunnels; " TOOL(ratunnel) " -N "
			   "makes more.</p>\n",
			   rep->charts);
	buf_str(to, "</main>\n");
	how(rep, to);
}

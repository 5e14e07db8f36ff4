/* SPDX-License-Identifier: BSD-2-Clause
 *
 * graph.c: series as a picture: areas on top of each other where values add up, else lines; and a page of them, in the hand of
 * the tunnel page.  Test: tests/truth/graph.tap.
 */
#include "ra-tools/out/graph.h"

#include "format/base/mem.h"
#include "format/base/programs.h"
#include "ra-tools/out/html_axis.h"
#include "ra-tools/out/html_room.h"
#include "ra-tools/out/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX  560
#define LABEL_PLACES 66 /* from one time on the axis to the next */
#define TABLE_ROWS   200
#define COLOURS	     9

struct shape { /* of one picture */
	const char *class;
	int w, h, left, right, top, bottom;
};
static const struct shape broad = { "graph broad", 1180, 320, 76, 12, 26, 34 }, narrow = { "graph narrow", 320, 240, 50, 6, 26, 34 };

struct drawing {
	const struct graph *g;
	unsigned field;
	const struct shape *shape;
	const struct text_options *o;
	struct buf *to;
	size_t columns;
	int64_t from, to_time;
	double most;
	double *value; /* by key and column; NAN: nothing there */
};

/* --- numbers -------------------------------------------------------------------------------------- */

/* 1.5 M: three digits and a prefix. */
static void
short_number(double v, struct buf *to)
{
	static const char *const prefix[] = { "", " k", " M", " G", " T", " P" };
	unsigned p = 0;

	while (fabs(v) >= 1000 && p < 5) {
		v /= 1000;
		p++;
	}
	buf_printf(to, "%.3g%s", v, prefix[p]);
}

/* The step of about n ticks up to most: 1, 2 or 5 times a power of ten. */
static double
nice_step(double most, int n)
{
	double raw = most / n, power = pow(10, floor(log10(raw))), x = raw / power;

	return (power * (x <= 1 ? 1 : x <= 2 ? 2 : x <= 5 ? 5 : 10));
}

/* --- columns -------------------------------------------------------------------------------------- */

static size_t
column_of(const struct drawing *d, int64_t t)
{
	double part = (double)(t - d->from) / (double)(d->to_time - d->from);
	size_t c = part <= 0 ? 0 : (size_t)(part * (double)d->columns);

	return (c < d->columns ? c : d->columns - 1);
}

/* What the bins in a column are together: of values that add up their mean over the column's time, else the greatest. */
static void
fill(struct drawing *d)
{
	const struct series *s = d->g->s;
	double span = (double)(d->to_time - d->from) / (double)d->columns;

	for (size_t i = 0; i < s->keys * d->columns; i++)
		d->value[i] = d->g->field[d->field].stacked ? 0 : NAN;
	for (size_t k = 0; k < s->keys; k++) {
		const struct series_line *l = &s->key[k].line[d->field];

		for (size_t i = 0; i < l->n; i++) {
			size_t bin = l->p[i].bin, at = column_of(d, s->start[bin] + (s->end[bin] - s->start[bin]) / 2);
			double *v = &d->value[k * d->columns + at];
			double width = (double)(s->end[bin] - s->start[bin]);

			if (s->sums[d->field])
				*v = (isnan(*v) ? 0 : *v) + l->p[i].v * (width < span ? width / span : 1);
			else if (isnan(*v) || l->p[i].v > *v)
				*v = l->p[i].v;
		}
	}
	d->most = 0;
	for (size_t c = 0; c < d->columns; c++) {
		double sum = 0;

		for (size_t k = 0; k < s->keys; k++) {
			double v = d->value[k * d->columns + c];

			v = isnan(v) || v < 0 ? 0 : v;
			sum = d->g->field[d->field].stacked ? sum + v : v > sum ? v : sum;
		}
		d->most = sum > d->most ? sum : d->most;
	}
}

static double
x_of(const struct drawing *d, double column)
{
	const struct shape *p = d->shape;

	return (p->left + column / (double)d->columns * (p->w - p->left - p->right));
}

static double
y_of(const struct drawing *d, double v)
{
	const struct shape *p = d->shape;

	return (p->h - p->bottom - (d->most > 0 ? v / d->most : 0) * (p->h - p->top - p->bottom));
}

/* --- axes ----------------------------------------------------------------------------------------- */

static void
y_axis(struct drawing *d)
{
	const struct shape *p = d->shape;
	double step = d->most > 0 ? nice_step(d->most, p->h > 300 ? 5 : 4) : 1;

	for (int i = 0; i == 0 || i * step <= d->most * 1.0001; i++) {
		double y = y_of(d, i * step);

		buf_printf(d->to, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", p->left, y,
			   p->w - p->right, p->left - 6, y + 4);
		short_number(i * step, d->to);
		buf_str(d->to, "</text>\n");
		if (d->most <= 0)
			break;
	}
}

static void
x_axis(struct drawing *d)
{
	const struct shape *p = d->shape;
	struct axis a;
	double room = -LABEL_PLACES;

	axis_of(&a, d->o, d->from, d->to_time, d->to_time);
	for (unsigned i = 0; i < a.n; i++) {
		double x = p->left + (double)(a.tick[i] - d->from) / (double)(d->to_time - d->from) * (p->w - p->left - p->right);

		if (x - room < LABEL_PLACES)
			continue;
		room = x;
		buf_printf(d->to, "<path class=\"grid\" d=\"M%.1f %dV%d\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">", x, p->top,
			   p->h - p->bottom, x, p->h - p->bottom + 18, x > p->w - 40 ? "end" : "middle");
		axis_label(&a, a.tick[i], d->to);
		buf_str(d->to, "</text>\n");
	}
	buf_printf(d->to, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", p->left, p->h - p->bottom, p->w - p->right);
}

/* A value with its unit. */
static void
quantity(const struct graph *g, unsigned f, double v, struct buf *to)
{
	short_number(v, to);
	if (*g->field[f].unit != '\0')
		buf_u8(to, ' ');
	html_text(to, g->field[f].unit);
}

/* --- series --------------------------------------------------------------------------------------- */

static void
key_title(const struct drawing *d, size_t k)
{
	const struct series_key *key = &d->g->s->key[k];
	const struct series_line *l = &key->line[d->field];

	buf_str(d->to, "<title>");
	html_text(d->to, *key->name == '\0' ? d->g->field[d->field].name : key->name);
	if (l->n > 0) {
		buf_str(d->to, ": most ");
		quantity(d->g, d->field, l->most, d->to);
		buf_str(d->to, " at ");
		report_time(d->g->s->start[l->most_bin], d->o, d->to);
	}
	buf_str(d->to, "</title>");
}

static void
area(struct drawing *d, size_t k, double *base)
{
	buf_printf(d->to, "<path class=\"s%zu\" d=\"M%.1f %.1f", k % COLOURS, x_of(d, 0), y_of(d, base[0]));
	for (size_t c = 0; c < d->columns; c++)
		buf_printf(d->to, "V%.1fH%.1f", y_of(d, base[c] + d->value[k * d->columns + c]), x_of(d, (double)c + 1));
	for (size_t c = d->columns; c-- > 0;) {
		buf_printf(d->to, "V%.1fH%.1f", y_of(d, base[c]), x_of(d, (double)c));
		base[c] += d->value[k * d->columns + c];
	}
	buf_str(d->to, "Z\">");
	key_title(d, k);
	buf_str(d->to, "</path>\n");
}

static void
line(struct drawing *d, size_t k)
{
	bool open = false;

	buf_printf(d->to, "<path class=\"l%zu\" d=\"", k % COLOURS);
	for (size_t c = 0; c < d->columns; c++) {
		double v = d->value[k * d->columns + c];

		if (isnan(v)) {
			open = false;
			continue;
		}
		if (!open)
			buf_printf(d->to, "M%.1f %.1f", x_of(d, (double)c), y_of(d, v));
		buf_printf(d->to, "V%.1fH%.1f", y_of(d, v), x_of(d, (double)c + 1));
		open = true;
	}
	buf_str(d->to, "\">");
	key_title(d, k);
	buf_str(d->to, "</path>\n");
}

static void
picture(const struct graph *g, unsigned field, const struct shape *shape, bool alone, const struct text_options *o, struct buf *to)
{
	const struct series *s = g->s;
	struct drawing d = { .g = g, .field = field, .shape = shape, .o = o, .to = to, .from = s->start[0], .to_time = s->end[s->bins - 1] };
	double *base, bins = (double)(d.to_time - d.from) / (double)(g->width > 0 ? g->width : 1);

	d.columns = bins < 1 ? 1 : bins > COLUMNS_MAX ? COLUMNS_MAX : (size_t)(bins + 0.5);
	d.value = mem_zero(s->keys * d.columns, sizeof(d.value[0]));
	base = mem_zero(d.columns, sizeof(base[0]));
	fill(&d);
	if (!alone)
		buf_printf(to, "<svg class=\"%s\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", shape->class, shape->w, shape->h);
	if (!alone) {
		html_text(to, g->field[field].name);
		buf_str(to, " over time; the values are in the table below\">\n");
	}
	y_axis(&d);
	x_axis(&d);
	for (size_t k = 0; k < s->keys; k++)
		if (g->field[field].stacked)
			area(&d, k, base);
		else
			line(&d, k);
	buf_printf(to, "<text class=\"panelname\" x=\"%d\" y=\"16\">", shape->left);
	html_text(to, g->field[field].name);
	buf_str(to, *g->field[field].unit != '\0' ? " in " : "");
	html_text(to, g->field[field].unit);
	buf_str(to, "</text>\n");
	if (!alone)
		buf_str(to, "</svg>\n");
	free(d.value);
	free(base);
}

/* --- the page ------------------------------------------------------------------------------------- */

static void
legend(const struct graph *g, struct buf *to)
{
	if (*g->of == '\0')
		return;
	buf_str(to, "<ul class=\"legend\">");
	for (size_t k = 0; k < g->s->keys; k++) {
		buf_printf(to, "<li><span class=\"sw b%zu\"></span>", k % COLOURS);
		html_text(to, *g->s->key[k].name == '\0' ? "-" : g->s->key[k].name);
		buf_str(to, "</li>");
	}
	buf_str(to, "</ul>\n");
}

static void
cell(const struct graph *g, unsigned f, double v, struct buf *to)
{
	buf_str(to, "<td class=\"num\">");
	quantity(g, f, v, to);
	buf_str(to, "</td>");
}

/* A row for each line: its sum, or its mean, and the most. */
static void
summary(const struct graph *g, const struct text_options *o, struct buf *to)
{
	const struct series *s = g->s;
	double span = (double)(s->end[s->bins - 1] - s->start[0]) / 1e9;

	buf_str(to, "<div class=\"wide\"><table class=\"all\"><thead><tr><th>");
	html_text(to, *g->of == '\0' ? "Field" : g->of);
	for (unsigned f = 0; f < s->fields; f++) {
		buf_str(to, "</th><th class=\"num\">");
		html_text(to, g->field[f].name);
		buf_str(to, ", mean</th><th class=\"num\">most</th><th>at");
	}
	buf_str(to, "</th></tr></thead><tbody>\n");
	for (size_t k = 0; k < s->keys; k++) {
		buf_str(to, "<tr><td>");
		html_text(to, *g->of == '\0' ? "all" : *s->key[k].name == '\0' ? "-" : s->key[k].name);
		buf_str(to, "</td>");
		for (unsigned f = 0; f < s->fields; f++) {
			const struct series_line *l = &s->key[k].line[f];

			if (l->n == 0) {
				buf_str(to, "<td class=\"num\">\xe2\x80\x93</td><td class=\"num\">\xe2\x80\x93</td><td></td>");
				continue;
			}
			cell(g, f, s->sums[f] ? l->sum * ((double)g->width / 1e9) / span : l->sum / (double)l->n, to);
			cell(g, f, l->most, to);
			buf_str(to, "<td>");
			report_time(s->start[l->most_bin], o, to);
			buf_str(to, "</td>");
		}
		buf_str(to, "</tr>\n");
	}
	buf_str(to, "</tbody></table></div>\n");
}

/* Bins, for who reads and does not look: the last TABLE_ROWS of them. */
static void
bin_table(const struct graph *g, unsigned f, const struct text_options *o, struct buf *to)
{
	const struct series *s = g->s;
	size_t from = s->bins > TABLE_ROWS ? s->bins - TABLE_ROWS : 0, *at = mem_zero(s->keys, sizeof(at[0]));

	buf_printf(to, "<details class=\"part\"><summary>%s of %s%zu bins as a table</summary><div class=\"wide\"><table><thead><tr><th>Begin</th>",
		   g->field[f].name, from > 0 ? "the last " : "", s->bins - from);
	for (size_t k = 0; k < s->keys; k++) {
		buf_str(to, "<th class=\"num\">");
		html_text(to, *g->of == '\0' ? g->field[f].name : *s->key[k].name == '\0' ? "-" : s->key[k].name);
		buf_str(to, "</th>");
	}
	buf_str(to, "</tr></thead><tbody>\n");
	for (size_t i = from; i < s->bins; i++) {
		buf_str(to, "<tr><td>");
		report_time(s->start[i], o, to);
		buf_str(to, "</td>");
		for (size_t k = 0; k < s->keys; k++) {
			const struct series_line *l = &s->key[k].line[f];

			while (at[k] < l->n && l->p[at[k]].bin < i)
				at[k]++;
			if (at[k] < l->n && l->p[at[k]].bin == i)
				buf_printf(to, "<td class=\"num\">%.10g</td>", l->p[at[k]].v);
			else
				buf_str(to, s->sums[f] ? "<td class=\"num\">0</td>" : "<td class=\"num\">\xe2\x80\x93</td>");
		}
		buf_str(to, "</tr>\n");
	}
	buf_str(to, "</tbody></table></div></details>\n");
	free(at);
}

void
graph_html(const struct graph *g, const struct text_options *o, struct buf *to)
{
	const struct series *s = g->s;

	buf_str(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
	html_digest(to);
	buf_str(to, "'; base-uri 'none'; form-action 'none'\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	html_text(to, g->title);
	buf_str(to, "</title>\n<style>");
	html_style(to);
	buf_str(to, "</style>\n</head>\n<body>\n<header><h1>");
	html_text(to, g->title);
	buf_str(to, "</h1>\n<p class=\"soft\">");
	if (s->bins == 0) {
		buf_str(to, "No record.</p></header>\n</body>\n</html>\n");
		return;
	}
	report_time(s->start[0], o, to);
	buf_str(to, " to ");
	report_time(s->end[s->bins - 1], o, to);
	buf_str(to, " (");
	html_text(to, g->zone);
	buf_str(to, "), bins of ");
	report_width(g->width, to);
	if (s->others > 0)
		buf_printf(to, "; the %zu greatest of %zu, by %s", s->keys - (strcmp(s->key[s->keys - 1].name, "other") == 0),
			   s->keys - (strcmp(s->key[s->keys - 1].name, "other") == 0) + s->others, g->field[0].name);
	buf_str(to, "</p></header>\n<main>\n");
	for (unsigned f = 0; f < s->fields; f++) {
		buf_str(to, "<section class=\"tunnel\"><h2>");
		html_text(to, g->field[f].doc);
		buf_str(to, "</h2>\n");
		picture(g, f, &broad, false, o, to);
		picture(g, f, &narrow, false, o, to);
		legend(g, to);
		bin_table(g, f, o, to);
		buf_str(to, "</section>\n");
	}
	summary(g, o, to);
	buf_str(to, "</main>\n<footer><p class=\"soft\">Columns of the picture that hold several bins show the mean of what adds up, and the "
		    "greatest of what does not. Made by " TOOL(ragraph) ", " PACKAGE_NAME " " PACKAGE_VERSION ": <code>");
	html_text(to, g->command);
	buf_str(to, "</code></p></footer>\n</body>\n</html>\n");
}

/* Pictures below each other, each with the names of its lines. */
void
graph_svg(const struct graph *g, const struct text_options *o, struct buf *to)
{
	const struct series *s = g->s;
	int high = broad.h + 18, rows = *g->of == '\0' || s->keys == 0 ? 0 : ((int)s->keys + 5) / 6 * 18;

	buf_printf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", broad.w,
		   (int)s->fields * high + rows);
	html_text(to, g->title);
	buf_str(to, "\"><style>");
	html_style(to);
	buf_str(to, "</style>\n");
	for (unsigned f = 0; f < s->fields && s->bins > 0; f++) {
		buf_printf(to, "<g class=\"graph\" transform=\"translate(0 %d)\">\n", (int)f * high);
		picture(g, f, &broad, true, o, to);
		buf_str(to, "</g>\n");
	}
	for (size_t k = 0; rows > 0 && k < s->keys; k++) {
		int x = broad.left + (int)(k % 6) * 180, y = (int)s->fields * high + (int)(k / 6) * 18;

		buf_printf(to, "<rect class=\"s%zu\" x=\"%d\" y=\"%d\" width=\"10\" height=\"10\"/><text x=\"%d\" y=\"%d\">", k % COLOURS, x, y,
			   x + 15, y + 9);
		html_text(to, *s->key[k].name == '\0' ? "-" : s->key[k].name);
		buf_str(to, "</text>\n");
	}
	buf_str(to, "</svg>\n");
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * histo.c: a distribution as text with bars, CSV, JSON and a picture.
 */
#include "ra-tools/out/histo.h"

#include "format/base/json.h"

#include <stdio.h>
#include <string.h>

#define BAR_WIDTH 50 /* at most, */
#define BAR_LEAST 4  /* and at least */
#define BAR_FROM  55 /* where it begins */

static const unsigned percents[] = { 50, 90, 95, 99 };
#define NPERCENTS (sizeof(percents) / sizeof(percents[0]))

static double
share(uint64_t part, uint64_t total)
{
	return (total == 0 ? 0.0 : 100.0 * (double)part / (double)total);
}

static const char *
text_of(const struct histo *h, const union value *v, const struct text_options *o, struct buf *b)
{
	b->len = 0;
	value_print(b, h->type, v, o, -1);
	return (buf_cstr(b));
}

static bool
less(const struct histo *h, const union value *a, const union value *b)
{
	return (value_cmp(types[h->type].store, a, b) < 0);
}

/* Nearest rank: the least value that so many percent of all are not above.  Where values were not kept, the upper bound of
 * the bar that holds it; no more than the greatest value. */
static union value
percentile(const struct histo *h, unsigned percent)
{
	uint64_t rank = h->total / 100 * percent + (h->total % 100 * percent + 99) / 100, seen = 0;
	union value v = h->bar[h->n - 1].to;

	if (h->sorted != NULL)
		return (h->sorted[rank - 1]);
	for (size_t i = 0; i < h->n; i++) {
		seen += h->bar[i].count;
		if (seen >= rank) {
			v = h->bar[i].to;
			break;
		}
	}
	return (h->exact && less(h, &h->greatest, &v) ? h->greatest : v);
}

static void
summary(const struct histo *h, struct sheet *s)
{
	struct buf b = { 0 };

	sheet_printf(s, "%s: %llu %s", h->name, (unsigned long long)h->total, h->rows);
	if (h->without > 0)
		sheet_printf(s, " (%llu records have none)", (unsigned long long)h->without);
	if (h->exact && h->total > 0) {
		sheet_printf(s, ", %s", text_of(h, &h->least, &s->text, &b));
		sheet_printf(s, " to %s", text_of(h, &h->greatest, &s->text, &b));
	}
	for (size_t i = 0; h->total > 0 && i < NPERCENTS; i++) {
		union value v = percentile(h, percents[i]);

		sheet_printf(s, "%s %u%% %s%s", i == 0 ? ";" : ",", percents[i], h->sorted != NULL ? "" : "up to ",
		    text_of(h, &v, &s->text, &b));
	}
	sheet_printf(s, h->total > 0 && h->sorted == NULL ? " (upper bounds of ranges)\n" : "\n");
	buf_free(&b);
}

static uint64_t
highest(const struct histo *h)
{
	uint64_t most = 0;

	for (size_t i = 0; i < h->n; i++)
		most = h->bar[i].count > most ? h->bar[i].count : most;
	return (most);
}

static unsigned
bar_places(const struct sheet *s)
{
	if (s->room == 0 || s->room >= BAR_FROM + BAR_WIDTH)
		return (BAR_WIDTH);
	return (s->room < BAR_FROM + BAR_LEAST ? BAR_LEAST : s->room - BAR_FROM);
}

void
histo_text(const struct histo *h, struct sheet *s)
{
	uint64_t most = highest(h), seen = 0;
	struct buf from = { 0 }, to = { 0 };

	summary(h, s);
	if (h->n == 0)
		return;
	sheet_printf(s, "%14s %14s %10s %6s %6s\n", "from", "to", "count", "%", "cum%");
	for (size_t i = 0; i < h->n; i++) {
		const struct bar *bar = &h->bar[i];
		char line[BAR_WIDTH + 1];
		size_t w = most == 0 ? 0 : (size_t)((double)bar->count * bar_places(s) / (double)most + 0.5);

		w = w == 0 && bar->count > 0 ? 1 : w;
		memset(line, '#', w);
		line[w] = '\0';
		seen += bar->count;
		sheet_printf(s, "%14s %14s %10llu %6.2f %6.2f%s%s\n",
			     text_of(h, &bar->from, &s->text, &from),
			     text_of(h, &bar->to, &s->text, &to), (unsigned long long)bar->count,
			     share(bar->count, h->total), share(seen, h->total), w > 0 ? " " : "",
			     line);
	}
	buf_free(&from);
	buf_free(&to);
}

void
histo_csv(const struct histo *h, struct sheet *s)
{
	struct buf from = { 0 }, to = { 0 };
	uint64_t seen = 0;
	char c = s->separator;

	sheet_printf(s, "from%cto%ccount%cshare%ccum\n", c, c, c, c);
	for (size_t i = 0; i < h->n; i++) {
		const struct bar *bar = &h->bar[i];

		seen += bar->count;
		sheet_printf(s, "%s%c%s%c%llu%c%.2f%c%.2f\n",
			     text_of(h, &bar->from, &s->text, &from), c,
			     text_of(h, &bar->to, &s->text, &to), c, (unsigned long long)bar->count,
			     c, share(bar->count, h->total), c, share(seen, h->total));
	}
	buf_free(&from);
	buf_free(&to);
}

/* A whole number that most readers of JSON would round is a string. */
static void
json_value(struct json *j, const char *key, const struct histo *h, const union value *v, const struct sheet *s)
{
	bool round = types[h->type].store == STORE_U64 && h->type != TYPE_DUR && v->u > 1ull << 53 && !s->json_numbers;
	struct buf b = { 0 };

	value_print(&b, h->type, v, &s->text, -1);
	if (round)
		json_bytes(j, key, b.p, b.len);
	else
		json_raw(j, key, b.p, b.len);
	buf_free(&b);
}

static void
json_summary(struct json *j, const struct histo *h, const struct sheet *s)
{
	const char *unit = type_unit(h->type);

	json_str(j, "field", h->name);
	if (*unit == '\0')
		json_null(j, "unit");
	else
		json_str(j, "unit", unit);
	json_str(j, "of", h->rows);
	json_u64(j, "n", h->total);
	json_u64(j, "without", h->without);
	if (h->exact && h->total > 0) {
		json_value(j, "min", h, &h->least, s);
		json_value(j, "max", h, &h->greatest, s);
	}
	for (size_t i = 0; h->total > 0 && i < NPERCENTS; i++) {
		union value v = percentile(h, percents[i]);
		char key[8];

		(void)snprintf(key, sizeof(key), "p%u", percents[i]);
		json_value(j, key, h, &v, s);
	}
	if (h->total > 0)
		json_str(j, "percentiles", h->sorted != NULL ? "exact" : "upper bound");
}

void
histo_json(const struct histo *h, struct sheet *s)
{
	struct json j = json_to(&s->out);
	uint64_t seen = 0;

	json_open(&j, NULL, '{');
	json_summary(&j, h, s);
	json_open(&j, "ranges", '[');
	for (size_t i = 0; i < h->n; i++) {
		const struct bar *bar = &h->bar[i];

		seen += bar->count;
		json_open(&j, NULL, '{');
		json_value(&j, "from", h, &bar->from, s);
		json_value(&j, "to", h, &bar->to, s);
		json_u64(&j, "count", bar->count);
		json_fixed(&j, "share_pct", share(bar->count, h->total), 2);
		json_fixed(&j, "cum_pct", share(seen, h->total), 2);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	json_line(&j);
	sheet_flush(s);
}

/* --- the picture ------------------------------------------------------------------------------- */

#define W      960
#define H      380
#define LEFT   80
#define RIGHT  14
#define BOTTOM 58
#define TOP    56

static double
bar_width(const struct histo *h)
{
	return (h->n == 0 ? 0 : (double)(W - LEFT - RIGHT) / (double)h->n);
}

static void
svg_bars(const struct histo *h, const struct text_options *o, struct buf *to)
{
	double step = bar_width(h), room = H - TOP - BOTTOM;
	uint64_t most = highest(h);
	struct buf b = { 0 };

	for (size_t i = 0; i < h->n; i++) {
		const struct bar *bar = &h->bar[i];
		double high = most == 0 ? 0 : room * (double)bar->count / (double)most,
		       x = LEFT + step * (double)i;

		if (bar->count > 0 && high < 1)
			high = 1;
		buf_printf(to,
			   "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			   "height=\"%.1f\"><title>",
			   x, H - BOTTOM - high, step > 3 ? step - 1 : step, high);
		buf_printf(to, "%s", text_of(h, &bar->from, o, &b));
		buf_printf(to, " to %s: %llu, %.2f %%</title></rect>\n",
			   text_of(h, &bar->to, o, &b), (unsigned long long)bar->count,
			   share(bar->count, h->total));
		if (i % (h->n / 8 + 1) == 0)
			buf_printf(to, "<text x=\"%.1f\" y=\"%d\"%s>%s</text>\n", x > W - 60 ? W - 4 : x, H - BOTTOM + 16,
				   x > W - 60 ? " text-anchor=\"end\"" : "", text_of(h, &bar->from, o, &b));
	}
	buf_free(&b);
}

/* How far into its bar a value lies, 0 to 1. */
static double
within(const struct histo *h, const struct bar *bar, const union value *v)
{
	double from, to, x;

	switch (types[h->type].store) {
	case STORE_U64:
		from = (double)bar->from.u, to = (double)bar->to.u + 1, x = (double)v->u + 0.5;
		break;
	case STORE_I64:
		from = (double)bar->from.i, to = (double)bar->to.i + 1, x = (double)v->i + 0.5;
		break;
	default:
		from = bar->from.r, to = bar->to.r, x = v->r;
	}
	return (to > from && x > from ? (x < to ? (x - from) / (to - from) : 1) : 0.5);
}

/* A line where so many percent of the values end, named above the bars, each a line lower than the last one that is near. */
static void
svg_percentiles(const struct histo *h, const struct text_options *o, struct buf *to)
{
	struct buf b = { 0 };

	for (size_t i = 0; h->total > 0 && i < NPERCENTS; i++) {
		union value v = percentile(h, percents[i]);
		size_t at = 0;
		double x;

		while (at + 1 < h->n && less(h, &h->bar[at].to, &v))
			at++;
		x = LEFT + bar_width(h) * ((double)at + within(h, &h->bar[at], &v));
		buf_printf(to, "<path class=\"percent\" d=\"M%.1f %zuV%d\"/><text class=\"percent\" x=\"%.1f\" y=\"%zu\" text-anchor=\"%s\">", x,
			   TOP - 24 + i * 11, H - BOTTOM, x > W / 2 ? x - 4 : x + 4, TOP - 16 + i * 11, x > W / 2 ? "end" : "start");
		buf_printf(to, "%u %% %s%s", percents[i], h->sorted != NULL ? "" : "up to ", text_of(h, &v, o, &b));
		buf_printf(to, "%s%s</text>\n", *type_unit(h->type) != '\0' ? " " : "", type_unit(h->type));
	}
	buf_free(&b);
}

static void
svg_axes(const struct histo *h, struct buf *to)
{
	uint64_t most = highest(h);

	for (unsigned i = 0; i < 3 && (i == 0 || most >= 2); i++) {
		uint64_t v = most * i / 2;
		double y = H - BOTTOM - (most == 0 ? 0 : (double)v / (double)most) * (H - TOP - BOTTOM);

		buf_printf(to, "<path class=\"axis\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%llu</text>\n", LEFT, y,
			   W - RIGHT, LEFT - 6, y + 4, (unsigned long long)v);
	}
	buf_printf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s%s%s</text>\n", (LEFT + W - RIGHT) / 2, H - 14, h->name,
		   *type_unit(h->type) != '\0' ? " in " : "", type_unit(h->type));
	buf_printf(to, "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">%s</text>\n", (TOP + H - BOTTOM) / 2, h->rows);
}

void
histo_svg(const struct histo *h, const struct text_options *o, struct buf *to)
{
	buf_printf(to,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
		   "aria-label=\"distribution of %s\">\n"
		   "<style>text{font:12px sans-serif;fill:#444}.bar{fill:#2f6fb4}.axis{stroke:#888;stroke-opacity:.4}"
		   "path.percent{stroke:#c8401a;fill:none;stroke-dasharray:4 3}text.percent{fill:#c8401a;font-size:11px}"
		   "@media(prefers-color-scheme:dark){text{fill:#ccc}.bar{fill:#7fb2e5}path.percent{stroke:#f0764f}text.percent{fill:#f0764f}}</style>\n",
		   W, H, h->name);
	buf_printf(to, "<text x=\"%d\" y=\"18\">%s: %llu %s</text>\n", LEFT, h->name,
		   (unsigned long long)h->total, h->rows);
	svg_axes(h, to);
	svg_bars(h, o, to);
	svg_percentiles(h, o, to);
	buf_str(to, "</svg>\n");
}

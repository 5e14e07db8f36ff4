/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_path.c: where packets were lost, by two probes of one path, as a picture.  Test: tests/truth/page.py
 */
#include "ra-tools/out/html_room.h"

#include "format/base/mem.h"
#include "format/base/programs.h"
#include "ra-tools/report/path.h"

#include <ctype.h>
#include <stdlib.h>

#define ULL(v) ((unsigned long long)(v))

#define WAYS	10 /* shown, the worst */
#define COLUMNS 300
#define FULL	30 /* units of height */

/* A leg of the way: what was lost on it. */
static void
leg(const char *where, bool known, uint64_t lost, const double *pct, struct buf *to)
{
	buf_printf(to, "<span class=\"leg%s\"><b>%s</b><em>", known && lost > 0 ? " lossy" : "", where);
	if (known)
		buf_printf(to, "%llu lost", ULL(lost));
	else
		buf_str(to, "not known");
	if (pct != NULL && lost > 0) {
		buf_str(to, ", ");
		report_percent(*pct, to);
	}
	buf_str(to, "</em></span>");
}

static void
node(const char *class, const char *name, struct buf *to)
{
	buf_printf(to, "<span class=\"node %s\">", class);
	html_text(to, name);
	buf_str(to, "</span>");
}

static void
route(const struct path *p, const struct path_way *w, struct buf *to)
{
	const struct path_counts *c = &w->c;
	int first = w->first == 1;
	double pct;
	bool told = path_percent(c, &pct);

	buf_str(to, "<div class=\"route\">");
	node("end", w->name[0], to);
	leg("before", (c->knows & PATH_BEFORE) != 0, c->before, NULL, to);
	node("probe", path_probe(p, first), to);
	leg("between", (c->knows & PATH_BETWEEN) != 0, c->between, told ? &pct : NULL, to);
	node("probe", path_probe(p, 1 - first), to);
	leg("behind", (c->knows & PATH_AFTER) != 0, c->after, NULL, to);
	node("end", w->name[1], to);
	buf_str(to, "</div>\n");
	if (w->first < 0)
		buf_printf(to, "<p class=\"soft\">Which probe comes first is not known.</p>\n");
	if (w->why != NULL)
		buf_printf(to, "<p class=\"soft\">What was lost between is not known: %s</p>\n", w->why);
}

/* Bars of what was lost on one leg, over time; all legs of a way share their scale. */
static void
bars(const uint64_t *lost, unsigned n, uint64_t most, const char *name, struct buf *to)
{
	buf_printf(to,
		   "<div class=\"y\"><b>%s</b><em>%llu</em><em class=\"low\">0</em></div><svg class=\"p path\" aria-hidden=\"true\">"
		   "<svg width=\"100%%\" height=\"100%%\" viewBox=\"0 0 %u %d\" preserveAspectRatio=\"none\"><path class=\"panel\" d=\"M0 0h%uv%dh-%uz\"/>"
		   "<path class=\"lost\" d=\"",
		   name, ULL(most), n, FULL, n, FULL, n);
	for (unsigned i = 0; i < n; i++) {
		double h = FULL * (double)lost[i] / (double)most;

		if (lost[i] > 0)
			buf_printf(to, "M%u %dv-%.1fh1V%dz", i, FULL, h < 2 ? 2.0 : h, FULL);
	}
	buf_str(to, "\"/></svg></svg>\n");
}

static void
over_time(const struct page *page, const struct path_way *w, struct buf *to)
{
	static const struct {
		unsigned knows;
		const char *name;
	} legs[] = { { PATH_BEFORE, "before" }, { PATH_BETWEEN, "between" } };
	unsigned n;
	uint64_t *lost, most = 0;
	int64_t from, width, span;

	if (w->npoints < 2 || w->c.before + w->c.between == 0)
		return;
	from = w->point[0].start;
	width = w->point[0].end - from > 0 ? w->point[0].end - from : 1;
	span = w->point[w->npoints - 1].end - from;
	width *= (span / width + COLUMNS - 1) / COLUMNS > 0 ? (span / width + COLUMNS - 1) / COLUMNS : 1;
	n = (unsigned)((span + width - 1) / width);
	lost = mem_zero(2 * (size_t)n, sizeof(lost[0]));
	for (size_t i = 0; i < w->npoints; i++) {
		size_t at = (size_t)((w->point[i].start - from) / width);

		if (at >= n)
			continue;
		lost[at] += w->point[i].c.before;
		lost[n + at] += w->point[i].c.between;
	}
	for (size_t i = 0; i < 2 * (size_t)n; i++)
		most = lost[i] > most ? lost[i] : most;
	buf_str(to, "<div class=\"chart\">\n");
	for (unsigned k = 0; k < 2; k++)
		if ((w->c.knows & legs[k].knows) != 0)
			bars(lost + k * n, n, most > 0 ? most : 1, legs[k].name, to);
	buf_str(to, "</div>\n<p class=\"soft note\">Lost packets, from ");
	report_time(from, page->o, to);
	buf_str(to, " to ");
	report_time(from + span, page->o, to);
	buf_str(to, "; a column is ");
	report_width(width, to);
	buf_str(to, ".</p>\n");
	free(lost);
}

static void
clocks(const struct path *p, struct buf *to)
{
	const struct path_clock *c = path_clock(p);

	if (!c->known) {
		buf_str(to, " How their clocks differ is not known: it takes packets of both directions.");
		return;
	}
	buf_str(to, " The clock of ");
	html_text(to, path_probe(p, 1));
	buf_printf(to, " is %.6f s %s that of ", (double)llabs((long long)c->offset_us) / 1e6, c->offset_us < 0 ? "behind" : "ahead of");
	html_text(to, path_probe(p, 0));
	buf_printf(to, ", give or take %.6f s%s.", (double)c->spread_us / 1e6, c->stepped ? "; one of them was set meanwhile" : "");
}

void
html_path(const struct page *page)
{
	const struct path *p = page->rep->path;
	struct buf *to = page->to;
	size_t n;

	if (p == NULL)
		return;
	n = path_count(p);
	buf_str(to, "<section class=\"tunnel\" id=\"path\"><h2>Where it was lost: ");
	html_text(to, path_probe(p, 0));
	buf_str(to, " and ");
	html_text(to, path_probe(p, 1));
	buf_str(to, " on one path</h2>\n<p class=\"soft\">");
	buf_u8(to, (uint8_t)toupper((unsigned char)*path_order(p)));
	html_text(to, path_order(p) + (*path_order(p) != '\0'));
	buf_u8(to, '.');
	clocks(p, to);
	buf_str(to, "</p>\n");
	for (size_t i = 0; i < n && i < WAYS; i++) {
		route(p, path_way(p, i), to);
		over_time(page, path_way(p, i), to);
	}
	if (n > WAYS)
		buf_printf(to, "<p class=\"soft\">These are the worst %d of %zu ways; " TOOL(rapath) " has them all.</p>\n", WAYS, n);
	buf_str(to, "</section>\n");
}

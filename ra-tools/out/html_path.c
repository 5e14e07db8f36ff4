/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_path.c: two probes of one path, in the page of ratunnel: each direction as a line from the sender over both probes to the
 * receiver, with what was lost on each part of it, in all and over time.  Tests: tests/truth/promise.tap, page.tap
 */
#include "ra-tools/out/html_room.h"

#include "format/base/mem.h"
#include "ra-tools/query/labels.h"
#include "ra-tools/report/path.h"

#include <ctype.h>
#include <stdlib.h>

#define ULL(v) ((unsigned long long)(v))

#define WAY_COLUMNS 10
#define DRAWN	10 /* ways over time, the worst */
#define COLUMNS 300
#define FULL	30 /* units of height */

static void
end_name(const struct page *p, const struct path_way *w, int side, struct buf *to)
{
	const struct labels *lists = sla_options(p->rep->sla)->labels;
	struct blob label = lists == NULL ? (struct blob){ .n = 0 } : labels_of(lists, &w->addr[side]);

	if (label.n > 0)
		buf_plain(to, (const char *)label.p, label.n);
	else
		buf_str(to, w->name[side]);
}

/* A leg of the way: what was lost on it. */
static void
leg(const char *where, bool known, uint64_t lost, const double *pct, struct buf *to)
{
	buf_printf(to, "<span class=\"leg%s\"><b>%s</b> <em>", !known ? " unknown" : lost > 0 ? " lossy" : "", where);
	if (!known)
		buf_str(to, "not known");
	else if (lost == 0)
		buf_str(to, "nothing lost");
	else
		buf_printf(to, "%llu lost", ULL(lost));
	if (pct != NULL && lost > 0) {
		buf_str(to, ", ");
		report_percent(*pct, to);
	}
	buf_str(to, "</em></span> ");
}

static void
node(const char *class, const char *name, struct buf *to)
{
	buf_printf(to, "<span class=\"node %s\">", class);
	html_text(to, name);
	buf_str(to, "</span> ");
}

static void
route(const struct page *p, const struct path_way *w, const char *const probe[2])
{
	const struct path_counts *c = &w->c;
	struct buf *to = p->to, name = { 0 };
	int first = w->first == 1 ? 1 : 0;
	double pct;
	bool told = path_percent(c, &pct);

	buf_str(to, "<div class=\"route\">");
	end_name(p, w, 0, &name);
	node("end", buf_cstr(&name), to);
	leg("before", (c->knows & PATH_BEFORE) != 0, c->before, NULL, to);
	node("probe", probe[first], to);
	leg("between", (c->knows & PATH_BETWEEN) != 0, c->between, told ? &pct : NULL, to);
	node("probe", probe[1 - first], to);
	leg("behind", (c->knows & PATH_AFTER) != 0, c->after, NULL, to);
	name.len = 0;
	end_name(p, w, 1, &name);
	node("end", buf_cstr(&name), to);
	buf_str(to, "</div>");
	buf_free(&name);
}

static void
number(bool known, uint64_t n, struct buf *to)
{
	if (known)
		buf_printf(to, "<td class=\"num\">%llu</td>", ULL(n));
	else
		buf_str(to, "<td class=\"num\">\xe2\x80\x93</td>");
}

static void
way(const struct page *p, const struct path_way *w, const char *const probe[2])
{
	const struct path_counts *c = &w->c;
	struct buf *to = p->to, name = { 0 };
	double pct;

	buf_str(to, "<tr><td class=\"name\">");
	for (int side = 0; side < 2; side++) {
		name.len = 0;
		end_name(p, w, side, &name);
		html_text(to, buf_cstr(&name));
		buf_str(to, side == 0 ? " \xe2\x86\x92 " : "");
	}
	if (w->spi != 0)
		buf_printf(to, " <span class=\"soft\">0x%08x</span>", (unsigned)w->spi);
	buf_str(to, "</td>");
	number(true, c->seen[0], to);
	number(true, c->seen[1], to);
	number((c->knows & PATH_BEFORE) != 0, c->before, to);
	number((c->knows & PATH_BETWEEN) != 0, c->between, to);
	buf_str(to, "<td class=\"num\">");
	if (path_percent(c, &pct))
		report_percent(pct, to);
	else
		buf_str(to, "\xe2\x80\x93");
	buf_str(to, "</td>");
	number((c->knows & PATH_AFTER) != 0, c->after, to);
	number((c->knows & PATH_DUP) != 0, c->dup, to);
	number((c->knows & PATH_LATE) != 0, c->late, to);
	number(true, c->suspect, to);
	buf_printf(to, "</tr>\n<tr class=\"picture\"><td colspan=\"%d\">", WAY_COLUMNS);
	route(p, w, probe);
	buf_str(to, "</td></tr>\n");
	buf_free(&name);
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

static bool
over_time(const struct page *page, const struct path_way *w)
{
	static const struct {
		unsigned knows;
		const char *name;
	} legs[] = { { PATH_BEFORE, "before" }, { PATH_BETWEEN, "between" } };
	struct buf *to = page->to, name = { 0 };
	unsigned n;
	uint64_t *lost, most = 0;
	int64_t from, width, span;

	if (w->npoints < 2 || w->c.before + w->c.between == 0)
		return (false);
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
	buf_str(to, "<div class=\"chart\">\n<h3 class=\"way\">");
	for (int side = 0; side < 2; side++) {
		name.len = 0;
		end_name(page, w, side, &name);
		html_text(to, buf_cstr(&name));
		buf_str(to, side == 0 ? " \xe2\x86\x92 " : "</h3>\n");
	}
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
	buf_free(&name);
	return (true);
}

/* Behind the verdict: of the worst direction, between whom it was lost. */
void
html_path_verdict(const struct page *p)
{
	const struct path *path = p->rep->path;
	const struct path_way *w = NULL;
	struct buf name = { 0 };
	int first;

	for (size_t i = 0; path != NULL && i < path_count(path) && w == NULL; i++)
		if (path_way(path, i)->tunnel || p->other)
			w = path_way(path, i);
	if (w == NULL || (w->c.knows & PATH_BETWEEN) == 0 || w->first < 0)
		return;
	first = w->first;
	end_name(p, w, 1, &name);
	buf_str(p->to, ". Between ");
	html_text(p->to, path_probe(path, first));
	buf_str(p->to, " and ");
	html_text(p->to, path_probe(path, 1 - first));
	if (w->c.between > 0)
		buf_printf(p->to, " %llu of %llu", ULL(w->c.between), ULL(w->c.expected));
	else
		buf_str(p->to, " nothing");
	buf_str(p->to, w->c.between == 1 || w->c.between == 0 ? " was lost on the way to " : " were lost on the way to ");
	html_text(p->to, buf_cstr(&name));
	if ((w->c.knows & PATH_BEFORE) != 0) {
		buf_printf(p->to, ", %llu before ", ULL(w->c.before));
		html_text(p->to, path_probe(path, first));
	}
	buf_free(&name);
}

static void
clocks(const struct path_clock *c, const char *const probe[2], struct buf *to)
{
	long long us = c->offset_us < 0 ? -(long long)c->offset_us : (long long)c->offset_us;

	buf_str(to, "; the clock of ");
	html_text(to, probe[1]);
	buf_printf(to, " is %lld \xc2\xb5s %s that of ", us, c->offset_us < 0 ? "behind" : "ahead of");
	html_text(to, probe[0]);
	buf_printf(to, ", give or take %llu \xc2\xb5s", ULL(c->spread_us));
}

void
html_path(const struct page *p)
{
	const struct path *path = p->rep->path;
	const char *const probe[2] = { path_probe(path, 0), path_probe(path, 1) };
	const struct path_clock *clock = path_clock(path);
	struct buf *to = p->to;
	struct buf alone = { 0 };
	size_t shown = 0, drawn = 0;

	buf_str(to, "<h2>Between both probes</h2>\n<p class=\"soft\">");
	buf_u8(to, (uint8_t)toupper((unsigned char)*path_order(path)));
	html_text(to, path_order(path) + (*path_order(path) != '\0'));
	if (clock->known)
		clocks(clock, probe, to);
	else
		buf_str(to, "; how far their clocks are apart is not known");
	buf_str(to, clock->stepped ? "; a clock was set meanwhile" : "");
	if (path_alone_text(path, &alone)) {
		buf_str(to, "; ");
		html_text(to, buf_cstr(&alone));
	}
	buf_free(&alone);
	buf_str(to, "</p>\n");
	buf_str(to, "<div class=\"wide\"><table class=\"all\"><thead><tr><th>Direction</th>");
	for (int i = 0; i < 2; i++) {
		buf_str(to, "<th class=\"num\">Seen ");
		html_text(to, probe[i]);
		buf_str(to, "</th>");
	}
	buf_str(to, "<th class=\"num\">Lost before</th><th class=\"num\">Between</th><th class=\"num\">Loss between</th><th class=\"num\">Behind</th>"
		    "<th class=\"num\">Copies</th><th class=\"num\">Late</th><th class=\"num\">Suspect bins</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < path_count(path) && shown < p->rep->charts; i++)
		if (path_way(path, i)->tunnel || p->other) {
			way(p, path_way(path, i), probe);
			shown++;
		}
	buf_str(to, "</tbody></table></div>\n");
	for (size_t i = 0; i < path_count(path) && drawn < DRAWN; i++)
		if (path_way(path, i)->tunnel || p->other)
			drawn += over_time(p, path_way(path, i));
}

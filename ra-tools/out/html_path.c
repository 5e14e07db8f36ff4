/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_path.c: two probes of one path, in the page of ratunnel: each direction as a line from the sender over both probes to the
 * receiver, with what was lost on each part of it.  Test: tests/truth/promise.tap.
 */
#include "ra-tools/out/html_room.h"

#include "ra-tools/query/labels.h"
#include "ra-tools/report/path.h"

#include <stdio.h>

#define ULL(v) ((unsigned long long)(v))

enum { W = 360, H = 64, MID = 34 };
static const int stops[4] = { 14, 124, 236, 346 };

struct part { /* of the way */
	bool known;
	uint64_t lost;
};

/* As thick and dark as it was bad: none, some, more than a promise would bear. */
static const char *
grade(const struct part *p, uint64_t of)
{
	return (!p->known ? "unknown" : p->lost == 0 ? "clean" : (double)p->lost * 100 < (double)of ? "some" : "much");
}

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

static void
picture(const struct path_way *w, const char *const probe[2], struct buf *to)
{
	const struct path_counts *c = &w->c;
	const struct part parts[3] = { { (c->knows & PATH_BEFORE) != 0, c->before },
				       { (c->knows & PATH_BETWEEN) != 0, c->between },
				       { (c->knows & PATH_AFTER) != 0, c->after } };
	int first = w->first == 1 ? 1 : 0;
	uint64_t of = c->expected > 0 ? c->expected : c->seen[first];

	buf_printf(to, "<svg class=\"way\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"the figures are in the table\">", W, H);
	for (int i = 0; i < 3; i++) {
		int middle = (stops[i] + stops[i + 1]) / 2;

		buf_printf(to, "<path class=\"%s\" d=\"M%d %dH%d\"/><text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", grade(&parts[i], of),
			   stops[i] + 6, MID, stops[i + 1] - 6, middle, MID - 10);
		if (!parts[i].known)
			buf_str(to, "not known");
		else if (parts[i].lost == 0)
			buf_str(to, "nothing lost");
		else
			buf_printf(to, "%llu lost", ULL(parts[i].lost));
		buf_str(to, "</text>");
	}
	for (int i = 0; i < 4; i++)
		buf_printf(to, "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"5\"/>", i == 0 || i == 3 ? "end" : "tap", stops[i], MID);
	for (int i = 0; i < 2; i++) {
		buf_printf(to, "<text class=\"tap\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">", stops[i + 1], MID + 20);
		html_text(to, probe[i == 0 ? first : 1 - first]);
		buf_str(to, "</text>");
	}
	buf_str(to, "</svg>");
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
	buf_str(to, "</td><td>");
	picture(w, probe, to);
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
	buf_str(to, "</tr>\n");
	buf_free(&name);
}

void
html_path(const struct page *p)
{
	const struct path *path = p->rep->path;
	const char *const probe[2] = { path_probe(path, 0), path_probe(path, 1) };
	const struct path_clock *clock = path_clock(path);
	struct buf *to = p->to;
	size_t shown = 0;

	buf_str(to, "<h2>Between both probes</h2>\n<p class=\"soft\">");
	html_text(to, path_order(path));
	if (clock->known)
		buf_printf(to, "; the clock of the second is %lld \xc2\xb5s ahead, give or take %llu", (long long)clock->offset_us, ULL(clock->spread_us));
	else
		buf_str(to, "; how far their clocks are apart is not known");
	buf_str(to, clock->stepped ? "; a clock was set meanwhile</p>\n" : "</p>\n");
	buf_str(to, "<div class=\"wide\"><table class=\"all\"><thead><tr><th>Direction</th><th>Where it was lost</th>");
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
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_tables.c: what ratunnel says in tables: of all tunnels, and of each.
 */
#include "ra-tools/out/html_room.h"

#include "format/base/programs.h"
#include "ra-tools/report/drill.h"

#include <stdio.h>
#include <string.h>

#define ULL(v) ((unsigned long long)(v))

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
term_cell(const struct sla_tunnel *t, int side, enum sla_term term, const char *more, struct buf *to)
{
	buf_printf(to, "<td class=\"num%s\"%s>", term == SLA_LOSS || term == SLA_AVAIL ? "" : " x", more);
	verdict_span(&t->d[side].verdict[term], t->limits.set[term], term, to);
	buf_str(to, "</td>");
}

static void
tunnel_name(const struct report *rep, const struct sla_tunnel *t, struct buf *to)
{
	html_text(to, t->called[0]);
	buf_str(to, " \xe2\x86\x94 ");
	html_text(to, t->called[1]);
	if (t->has_lane)
		buf_printf(to, ", lane %llu", ULL(t->lane));
	if (rep->probes) {
		buf_str(to, ", probe ");
		html_text(to, t->probe);
	}
}

static void
promised(const struct sla_limits *l, const char *before, struct buf *to)
{
	bool any = false;

	for (enum sla_term t = 0; t < SLA_TERMS; t++) {
		if (!l->set[t])
			continue;
		buf_printf(to, "%s%s %s ", any ? "; " : before, sla_terms[t].title, sla_terms[t].most ? "at most" : "at least");
		report_value(t, l->value[t], to);
		any = true;
	}
	buf_str(to, any ? ".</p>\n" : "");
}

/* Columns of the overview: of tunnels, and of what is none. */
static const struct shown {
	enum sla_term term;
	const char *heading;
} terms[] = { { SLA_LOSS, "Loss" },	    { SLA_BURST, "Longest burst" },	{ SLA_OUTAGE, "Outages" },   { SLA_REORDER, "Reordered" },
	      { SLA_REPLAY, "Replay window 64" }, { SLA_DUP, "Duplicates" }, { SLA_P95, "Throughput p95" } },
  other_terms[] = { { SLA_LOSS, "Loss" }, { SLA_RTT, "Round trip to the sender p95" }, { SLA_P95, "Throughput p95" } };
#define TERMS  (sizeof(terms) / sizeof(terms[0]))
#define OTHERS (sizeof(other_terms) / sizeof(other_terms[0]))

static void
first_cells(const struct page *page, size_t i)
{
	const struct sla_tunnel *t = sla_tunnel(page->rep->sla, i);
	bool chart = i < page->rep->charts;
	struct buf *to = page->to;

	buf_str(to, "<td rowspan=\"2\" class=\"name\">");
	if (chart)
		buf_printf(to, "<a href=\"#t%zu\">", i + 1);
	tunnel_name(page->rep, t, to);
	buf_printf(to, "%s <span class=\"soft\">", chart ? "</a>" : "");
	html_text(to, t->proto);
	buf_str(to, "</span>");
	if (chart)
		html_strip(page, t);
	buf_str(to, "</td>");
	if (!t->judged)
		buf_str(to, "<td rowspan=\"2\" class=\"soft x\">no limits</td>");
	else
		buf_printf(to, "<td rowspan=\"2\" class=\"%s x\">%s</td>", t->violated ? "bad" : "good",
			   t->violated ? "\xe2\x9c\x97 violated" : "\xe2\x9c\x93 kept");
	if (!t->other)
		term_cell(t, 0, SLA_AVAIL, " rowspan=\"2\"", to);
}

static void
overview_row(const struct page *page, size_t i, int side)
{
	const struct sla_tunnel *t = sla_tunnel(page->rep->sla, i);
	const struct sla_direction *d = &t->d[side];
	struct buf *to = page->to;

	buf_printf(to, "<tr class=\"%s\">", side == 0 ? "first" : "second");
	if (side == 0)
		first_cells(page, i);
	buf_str(to, "<td class=\"to\">\xe2\x86\x92 ");
	html_text(to, html_short(t, 1 - side));
	buf_printf(to, "</td><td class=\"num x\">%lld of %lld</td>", (long long)d->net,
		   (long long)d->expected);
	for (size_t k = 0; k < (t->other ? OTHERS : TERMS); k++)
		term_cell(t, side, (t->other ? other_terms : terms)[k].term, "", to);
	buf_str(to, "</tr>\n");
}

void
html_overview(const struct page *page)
{
	bool other = page->other;
	struct buf *to = page->to;

	buf_str(to, "<h2>Overview</h2>\n");
	promised(&sla_options(page->rep->sla)->limits, "<p>Promised: ", to);
	buf_printf(to, "<div class=\"wide\"><table class=\"all\"><thead><tr><th>%s</th><th class=\"x\">Limits</th>%s<th>Direction</th>"
		       "<th class=\"num x\">Lost of expected</th>",
		   other ? "Who" : "Tunnel", other ? "" : "<th class=\"num\">Availability</th>");
	for (size_t k = 0; k < (other ? OTHERS : TERMS); k++)
		buf_printf(to, "<th class=\"num%s\">%s</th>", k > 0 ? " x" : "", (other ? other_terms : terms)[k].heading);
	buf_str(to, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < page->rep->count * 2; i++)
		overview_row(page, i / 2, (int)(i % 2));
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

/* What only packets with numbers tell. */
static void
numbered(const struct sla_tunnel *t, struct buf *to)
{
	const struct sla_counts *a = &t->d[0].c, *b = &t->d[1].c;
	char name[64];

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
}

/* What connections tell. */
static void
connected(const struct sla_tunnel *t, struct buf *to)
{
	static const char *const trips[] = { "round trip to the sender, median", "round trip to the sender, 95 %",
					     "round trip to the sender, 99 %" };
	double pct;

	for (int i = 0; i < 3; i++) {
		buf_printf(to, "<tr><td>%s</td>", trips[i]);
		for (int side = 0; side < 2; side++) {
			buf_str(to, "<td class=\"num\">");
			if (t->d[side].timed)
				report_value(SLA_RTT, (double)t->d[side].rtt[i] / 1e6, to);
			else
				buf_str(to, "\xe2\x80\x93");
			buf_str(to, "</td>");
		}
		buf_str(to, "</tr>\n");
	}
	pair(to, "resets", t->d[0].c.rst, t->d[1].c.rst);
	if (!sla_capture_loss(t, &pct))
		return;
	buf_str(to, "<tr><td>capture loss, both ways</td><td class=\"num\" colspan=\"2\">");
	report_percent(pct, to);
	buf_str(to, "</td></tr>\n");
}

static void
figures(const struct sla_tunnel *t, struct buf *to)
{
	const struct sla_counts *a = &t->d[0].c, *b = &t->d[1].c;

	buf_str(to, "<details class=\"part\"><summary>All figures</summary><div class=\"wide\"><table><thead><tr><th></th><th class=\"num\">\xe2\x86\x92 ");
	html_text(to, html_short(t, 1));
	buf_str(to, "</th><th class=\"num\">\xe2\x86\x92 ");
	html_text(to, html_short(t, 0));
	buf_str(to, "</th></tr></thead><tbody>\n");
	pair(to, "packets", a->pkts, b->pkts);
	pair(to, "bytes", a->bytes, b->bytes);
	pair(to, "distinct sequence numbers", a->uniq, b->uniq);
	if (!t->other)
		numbered(t, to);
	else
		connected(t, to);
	rates(to, "throughput, median", t->d[0].bps_p50, t->d[1].bps_p50);
	rates(to, "throughput, 95th percentile", t->d[0].bps_p95, t->d[1].bps_p95);
	rates(to, "throughput, 99th percentile", t->d[0].bps_p99, t->d[1].bps_p99);
	rates(to, "throughput, highest", t->d[0].bps_max, t->d[1].bps_max);
	buf_str(to, "</tbody></table></div></details>\n");
}

static void
command(struct buf *to, struct buf *cmd)
{
	buf_str(to, "<code class=\"cmd\">");
	html_text(to, buf_cstr(cmd));
	buf_str(to, "</code>\n");
	cmd->len = 0;
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
bin_head(const struct page *page, const struct sla_tunnel *t, int side, int64_t from)
{
	buf_str(page->to, "<details><summary>");
	report_time(from, page->o, page->to);
	buf_str(page->to, " \xe2\x86\x92 ");
	html_text(page->to, html_short(t, 1 - side));
	buf_str(page->to, ": ");
}

/* With the commands that show them; all others are in the table of bins, or in JSON. */
#define SHOWN	   10
#define SHOWN_MANY 2
#define WORST_MANY 1

/* Bins that are down one after the other are one: how many, and when. */
static size_t
down_together(const struct sla_tunnel *t, const struct sla_direction *d, size_t at, int64_t *from, int64_t *end)
{
	size_t n = 1;
	int64_t next, until;

	report_span(t, &d->violation[at], from, end);
	while (d->violation[at].term == SLA_AVAIL && at + n < d->nviolations && d->violation[at + n].term == SLA_AVAIL) {
		report_span(t, &d->violation[at + n], &next, &until);
		if (next != *end)
			break;
		*end = until;
		n++;
	}
	return (n);
}

static void
violations(const struct page *page, const struct sla_tunnel *t, int side)
{
	const struct sla_direction *d = &t->d[side];
	size_t most = html_many(page->rep) ? SHOWN_MANY : SHOWN, shown, i;
	struct buf *to = page->to;

	if (d->nviolations == 0)
		return;
	buf_str(to, "<details class=\"part\"><summary>Bins that violate a limit, \xe2\x86\x92 ");
	html_text(to, html_short(t, 1 - side));
	buf_printf(to, ": %zu</summary>\n", d->nviolations);
	for (shown = 0, i = 0; i < d->nviolations && shown < most; shown++) {
		const struct sla_violation *v = &d->violation[i];
		int64_t from, end;

		i += down_together(t, d, i, &from, &end);
		bin_head(page, t, side, from);
		if (v->term == SLA_AVAIL) {
			buf_str(to, "down for ");
			report_width(end - from, to);
		} else {
			buf_printf(to, "%s ", sla_terms[v->term].word);
			report_value(v->term, v->value, to);
		}
		buf_str(to, "</summary>\n");
		deeper(page->rep, t, from, end, to);
		buf_str(to, "</details>\n");
	}
	if (i < d->nviolations)
		buf_printf(to, "<p class=\"soft\">and %zu more: " TOOL(ratunnel) " --json has them all</p>\n", d->nviolations - i);
	buf_str(to, "</details>\n");
}

static void
worst(const struct page *page, const struct sla_tunnel *t)
{
	const struct report *rep = page->rep;
	struct buf cmd = { 0 }, options = { 0 }, *to = page->to;
	bool any = false;

	for (int side = 0; side < 2; side++) {
		size_t at[REPORT_WORST], n = report_worst(t, side, at, html_many(rep) ? WORST_MANY : REPORT_WORST);

		if (n > 0 && !any)
			buf_str(to, "<h3>Bins with the greatest loss</h3>\n");
		any |= n > 0;
		for (size_t i = 0; i < n; i++) {
			const struct sla_point *p = &t->point[at[i]];

			bin_head(page, t, side, p->start);
			buf_printf(to, "%lld lost%s</summary>\n", (long long)p->d[side].net, p->suspect ? " (suspect)" : "");
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
head(const struct page *page, const struct sla_tunnel *t)
{
	struct buf *to = page->to;

	tunnel_name(page->rep, t, to);
	buf_str(to, " <span class=\"soft\">");
	html_text(to, t->proto);
	if (t->port[0] != 0)
		buf_printf(to, ", UDP %u and %u", t->port[0], t->port[1]);
	if (t->has_lane && (t->spi[0][0] != '\0' || t->spi[1][0] != '\0'))
		buf_printf(to, ", SPI %s and %s", t->spi[0][0] != '\0' ? t->spi[0] : "none",
			   t->spi[1][0] != '\0' ? t->spi[1] : "none");
	buf_str(to, "</span></h2>\n");
}

static void
availability(const struct page *page, const struct sla_tunnel *t)
{
	struct buf *to = page->to;

	if (t->other) {
		buf_printf(to, "<p class=\"soft\">%llu bin%s of ", ULL(t->bins), t->bins == 1 ? "" : "s");
		report_width(sla_width(page->rep->sla), to);
		report_hours(page->rep, t, "; ", to);
		buf_str(to, "</p>\n");
		return;
	}
	buf_str(to, "<p>Availability <strong>");
	verdict_span(&t->d[0].verdict[SLA_AVAIL], t->limits.set[SLA_AVAIL], SLA_AVAIL, to);
	buf_printf(to, "</strong> <span class=\"soft\">of %llu bin%s of ", ULL(t->bins), t->bins == 1 ? "" : "s");
	report_width(sla_width(page->rep->sla), to);
	buf_printf(to, ": %llu up, %llu degraded, %llu down; not judged: %llu idle, %llu one way",
		   ULL(t->count[SLA_UP]), ULL(t->count[SLA_DEGRADED]), ULL(t->count[SLA_DOWN]),
		   ULL(t->count[SLA_IDLE]), ULL(t->count[SLA_ONE_WAY]));
	if (report_unjudged(t) != NULL)
		buf_printf(to, ". No ratio: %s", report_unjudged(t));
	report_hours(page->rep, t, "; ", to);
	if (t->suspect > 0)
		buf_printf(to, "; %llu suspect, %s", ULL(t->suspect),
			   sla_options(page->rep->sla)->strict ? "left out" : "counted");
	buf_str(to, "</span></p>\n");
}

void
html_tunnel(const struct page *page, size_t i)
{
	const struct sla_tunnel *t = sla_tunnel(page->rep->sla, i);
	struct buf *to = page->to;

	sla_look(page->rep->sla, t);
	buf_printf(to, "<section class=\"tunnel\" id=\"t%zu\">\n<h2>", i + 1);
	head(page, t);
	if (t->contract != NULL)
		promised(&t->limits, "<p>Promised: ", to);
	availability(page, t);
	if (report_hint(t) != NULL)
		buf_printf(to, "<p><strong>%s</strong></p>\n", report_hint(t));
	html_chart(page, i);
	for (int side = 0; side < 2; side++)
		violations(page, t, side);
	worst(page, t);
	html_bins(page, t);
	figures(t, to);
	buf_str(to, "</section>\n");
}

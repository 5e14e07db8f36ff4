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
		html_text(to, t->proto);
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
	html_text(to, t->name[1 - side]);
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

void
html_overview(const struct report *rep, struct buf *to)
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

	buf_str(to, "<details class=\"part\"><summary>All "
		    "figures</summary><table><thead><tr><th></th><th class=\"num\">\xe2\x86\x92 ");
	html_text(to, t->name[1]);
	buf_str(to, "</th><th class=\"num\">\xe2\x86\x92 ");
	html_text(to, t->name[0]);
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
	buf_str(to, "</tbody></table></details>\n");
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
bin_head(const struct sla_tunnel *t, int side, int64_t from, const struct text_options *o,
	 struct buf *to)
{
	buf_str(to, "<details><summary>");
	report_time(from, o, to);
	buf_str(to, " \xe2\x86\x92 ");
	html_text(to, t->name[1 - side]);
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
	html_text(to, t->name[1 - side]);
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

void
html_tunnel(const struct report *rep, size_t i, const struct text_options *o, struct buf *to)
{
	const struct sla_tunnel *t = sla_tunnel(rep->sla, i);

	buf_printf(to, "<section class=\"tunnel\" id=\"t%zu\">\n<h2>", i + 1);
	tunnel_name(rep, t, to);
	buf_str(to, " <span class=\"soft\">");
	html_text(to, t->proto);
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
	html_chart(rep, t, o, to);
	for (int side = 0; side < 2; side++)
		violations(rep, t, side, o, to);
	worst(rep, t, o, to);
	figures(t, to);
	buf_str(to, "</section>\n");
}

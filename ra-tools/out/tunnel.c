/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel.c: what ratunnel computed, as text.
 */
#include "format/base/clock.h"
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "ra-tools/report/drill.h"
#include "ra-tools/out/grid.h"
#include "ra-tools/out/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_VIOLATIONS 10
#define ULL(v)		 ((unsigned long long)(v))

/* --- breaches ------------------------------------------------------------------------------------- */

/* "Berlin (192.0.2.1) -> ...: loss 0.78 % (9 of 1159), promised at most 0.50 %, worst at 15:19:57" */
static void
breach(const struct report *rep, const struct sla_tunnel *t, int side, enum sla_term term, struct sheet *s)
{
	const struct sla_direction *d = &t->d[side];
	struct buf *b = &s->out;
	size_t at;

	buf_printf(b, "%s %s %s", t->called[side], term == SLA_AVAIL ? "<->" : "->", t->called[1 - side]);
	if (t->has_lane)
		buf_printf(b, " lane %llu", ULL(t->lane));
	if (rep->probes)
		buf_printf(b, ", probe %s", t->probe);
	buf_printf(b, ": %s ", sla_terms[term].word);
	report_value(term, d->verdict[term].value, b);
	if (term == SLA_LOSS)
		buf_printf(b, " (%lld of %lld)", (long long)d->net, (long long)d->expected);
	buf_printf(b, ", promised at %s ", sla_terms[term].most ? "most" : "least");
	report_value(term, t->limits.value[term], b);
	sla_look(rep->sla, t);
	if ((term == SLA_LOSS || term == SLA_BURST) && report_worst(t, side, &at, 1) == 1) {
		buf_str(b, ", worst at ");
		report_time(t->point[at].start, &s->text, b);
	}
	buf_u8(b, '\n');
	sheet_ready(s);
}

void
report_breaches(const struct report *rep, struct sheet *s)
{
	for (size_t i = 0; i < rep->count; i++) {
		const struct sla_tunnel *t = sla_tunnel(rep->sla, i);

		for (int side = 0; side < 2; side++)
			for (enum sla_term term = 0; term < SLA_TERMS; term++) {
				const struct sla_verdict *v = &t->d[side].verdict[term];

				if (t->limits.set[term] && v->known && !v->good && (term != SLA_AVAIL || side == 0))
					breach(rep, t, side, term, s);
			}
	}
}

/* --- text ----------------------------------------------------------------------------------------- */

static const char *
verdict_word(const struct sla_tunnel *t)
{
	return (!t->judged ? "-" : t->violated ? "VIOLATED" : "kept");
}

static void
verdict_cell(struct grid *g, const struct sla_direction *d, enum sla_term term)
{
	struct buf b = { 0 };

	if (d->verdict[term].known)
		report_value(term, d->verdict[term].value, &b);
	grid_cell(g, d->verdict[term].known ? buf_cstr(&b) : NULL);
	buf_free(&b);
}

static void
overview(const struct report *rep, struct sheet *s)
{
	struct grid g = { 0 };

	bool other = sla_options(rep->sla)->key != NULL;
	enum sla_term middle = other ? SLA_RTT : SLA_REORDER;

	grid_column(&g, "tunnel", other ? "Who" : "Tunnel", false);
	if (rep->probes)
		grid_column(&g, "probe", "Probe", false);
	grid_column(&g, "proto", "Proto", false);
	if (!other)
		grid_column(&g, "avail", "Avail", true);
	grid_column(&g, "sloss", "Loss ->", true);
	grid_keep(&g);
	grid_column(&g, "dloss", "Loss <-", true);
	grid_keep(&g);
	grid_column(&g, "sterm", other ? "Rtt95 ->" : "Late ->", true);
	grid_column(&g, "dterm", other ? "Rtt95 <-" : "Late <-", true);
	grid_column(&g, "sp95", "p95 ->", true);
	grid_column(&g, "dp95", "p95 <-", true);
	grid_column(&g, "sla", "SLA", false);
	grid_keep(&g);
	for (size_t i = 0; i < rep->count; i++) {
		const struct sla_tunnel *t = sla_tunnel(rep->sla, i);

		if (t->has_lane)
			grid_printf(&g, "%s <-> %s lane %llu", t->called[0], t->called[1],
				    ULL(t->lane));
		else
			grid_printf(&g, "%s <-> %s", t->called[0], t->called[1]);
		if (rep->probes)
			grid_cell(&g, t->probe);
		grid_cell(&g, t->proto);
		if (!other)
			verdict_cell(&g, &t->d[0], SLA_AVAIL);
		verdict_cell(&g, &t->d[0], SLA_LOSS);
		verdict_cell(&g, &t->d[1], SLA_LOSS);
		verdict_cell(&g, &t->d[0], middle);
		verdict_cell(&g, &t->d[1], middle);
		verdict_cell(&g, &t->d[0], SLA_P95);
		verdict_cell(&g, &t->d[1], SLA_P95);
		grid_cell(&g, verdict_word(t));
	}
	grid_text(&g, s, 0);
	grid_free(&g);
	buf_u8(&s->out, '\n');
}

static void
headline(const struct report *rep, const struct sla_tunnel *t, struct sheet *s)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s <-> %s  %s", t->called[0], t->called[1], t->proto);
	if (t->port[0] != 0)
		buf_printf(&b, ", UDP %u and %u", t->port[0], t->port[1]);
	if (t->has_lane)
		buf_printf(&b, ", lane %llu (SPI %s, %s)", ULL(t->lane),
			   t->spi[0][0] != '\0' ? t->spi[0] : "-",
			   t->spi[1][0] != '\0' ? t->spi[1] : "-");
	if (rep->probes)
		buf_printf(&b, ", probe %s", t->probe);
	buf_str(&b, "\n  ");
	report_time(t->from, &s->text, &b);
	buf_str(&b, " to ");
	report_time(t->to, &s->text, &b);
	if (!s->text.epoch)
		buf_printf(&b, " (%s)", rep->zone);
	buf_printf(&b, ", %llu bin%s of ", ULL(t->bins), t->bins == 1 ? "" : "s");
	report_bins_of(rep, &b);
	if (t->other) {
		report_hours(rep, t, "\n  ", &b);
		buf_str(&b, "\n\n");
		buf_add(&s->out, b.p, b.len);
		buf_free(&b);
		return;
	}
	buf_str(&b, "\n  availability ");
	if (t->d[0].verdict[SLA_AVAIL].known)
		report_percent(t->d[0].verdict[SLA_AVAIL].value, &b);
	else
		buf_u8(&b, '-');
	buf_printf(&b, ": %llu up, %llu degraded, %llu down; not judged: %llu idle, %llu one way",
		   ULL(t->count[SLA_UP]), ULL(t->count[SLA_DEGRADED]), ULL(t->count[SLA_DOWN]),
		   ULL(t->count[SLA_IDLE]), ULL(t->count[SLA_ONE_WAY]));
	if (report_unjudged(t) != NULL)
		buf_printf(&b, "\n  %s", report_unjudged(t));
	report_hours(rep, t, "\n  ", &b);
	if (t->suspect > 0)
		buf_printf(&b, "\n  %llu bin%s suspect: the capture dropped packets there (%s)",
			   ULL(t->suspect), t->suspect == 1 ? " is" : "s are",
			   sla_options(rep->sla)->strict ? "left out"
							 : "counted; --strict leaves them out");
	buf_str(&b, "\n\n");
	buf_add(&s->out, b.p, b.len);
	buf_free(&b);
}

static void
pair(struct grid *g, const char *name, uint64_t a, uint64_t b)
{
	grid_cell(g, name);
	grid_printf(g, "%llu", ULL(a));
	grid_printf(g, "%llu", ULL(b));
}

static void
term_row(struct grid *g, const char *name, const struct sla_tunnel *t, enum sla_term term)
{
	grid_cell(g, name);
	verdict_cell(g, &t->d[0], term);
	verdict_cell(g, &t->d[1], term);
}

static void
rate_row(struct grid *g, const char *name, uint64_t a, uint64_t b)
{
	struct buf text = { 0 };

	grid_cell(g, name);
	report_rate(a, &text);
	grid_cell(g, buf_cstr(&text));
	text.len = 0;
	report_rate(b, &text);
	grid_cell(g, buf_cstr(&text));
	buf_free(&text);
}

static void
skipped_row(struct grid *g, const struct sla_tunnel *t)
{
	struct buf text = { 0 };

	if (t->d[0].c.jumpskip + t->d[1].c.jumpskip == 0)
		return;
	grid_cell(g, "numbers skipped, not lost");
	for (int side = 0; side < 2; side++) {
		text.len = 0;
		report_skipped(&t->d[side].c, &text);
		grid_cell(g, buf_cstr(&text));
	}
	buf_free(&text);
}

/* What only packets with numbers tell. */
static void
numbered(const struct sla_tunnel *t, struct grid *g)
{
	const struct sla_counts *a = &t->d[0].c, *b = &t->d[1].c;
	char name[48];

	skipped_row(g, t);
	pair(g, "longest burst of loss", a->maxgap, b->maxgap);
	grid_cell(g, "proven outages");
	for (int side = 0; side < 2; side++)
		grid_printf(g, "%llu, %.3f s", ULL(t->d[side].c.noutage),
			    (double)t->d[side].c.outage / 1e6);
	pair(g, "late packets", a->late, b->late);
	term_row(g, "reordered", t, SLA_REORDER);
	for (int w = 0; w < SLA_WINDOWS; w++) {
		if (w > 1 && a->rpl[w] == 0 && b->rpl[w] == 0)
			break;
		(void)snprintf(name, sizeof(name), "outside a replay window of %d", 32 << w);
		pair(g, name, a->rpl[w], b->rpl[w]);
	}
	pair(g, "duplicates", a->dup, b->dup);
	pair(g, "fragments", a->frags, b->frags);
	pair(g, "datagrams never complete", a->fraginc, b->fraginc);
	pair(g, "rekeys", a->rekeys, b->rekeys);
}

/* What connections tell. */
static void
connected(const struct sla_tunnel *t, struct grid *g)
{
	static const char *const trips[] = { "round trip to the sender, median", "round trip to the sender, 95 %",
					     "round trip to the sender, 99 %" };
	struct buf text = { 0 };
	double pct;

	for (int i = 0; i < 3; i++) {
		grid_cell(g, trips[i]);
		for (int side = 0; side < 2; side++) {
			text.len = 0;
			report_value(SLA_RTT, (double)t->d[side].rtt[i] / 1e6, &text);
			grid_cell(g, t->d[side].timed ? buf_cstr(&text) : NULL);
		}
	}
	pair(g, "resets", t->d[0].c.rst, t->d[1].c.rst);
	grid_cell(g, "capture loss, both ways");
	text.len = 0;
	if (sla_capture_loss(t, &pct))
		report_percent(pct, &text);
	grid_cell(g, text.len > 0 ? buf_cstr(&text) : NULL);
	grid_cell(g, "");
	buf_free(&text);
}

static void
numbers(const struct sla_tunnel *t, struct grid *g)
{
	const struct sla_counts *a = &t->d[0].c, *b = &t->d[1].c;
	pair(g, "packets", a->pkts, b->pkts);
	pair(g, "bytes", a->bytes, b->bytes);
	grid_cell(g, "lost of expected");
	for (int side = 0; side < 2; side++)
		grid_printf(g, "%lld of %lld", (long long)t->d[side].net,
			    (long long)t->d[side].expected);
	term_row(g, "loss", t, SLA_LOSS);
	if (!t->other)
		numbered(t, g);
	else
		connected(t, g);
	rate_row(g, "throughput, median", t->d[0].bps_p50, t->d[1].bps_p50);
	rate_row(g, "throughput, 95th percentile", t->d[0].bps_p95, t->d[1].bps_p95);
	rate_row(g, "throughput, 99th percentile", t->d[0].bps_p99, t->d[1].bps_p99);
	rate_row(g, "throughput, highest", t->d[0].bps_max, t->d[1].bps_max);
}

static void
limits(const struct sla_tunnel *t, struct grid *g)
{
	const struct sla_limits *l = &t->limits;
	struct buf b = { 0 };

	for (enum sla_term term = 0; term < SLA_TERMS; term++) {
		if (!l->set[term])
			continue;
		b.len = 0;
		buf_printf(&b, "SLA: %s %s ", sla_terms[term].word,
			   sla_terms[term].most ? "<=" : ">=");
		report_value(term, l->value[term], &b);
		grid_cell(g, buf_cstr(&b));
		for (int side = 0; side < 2; side++) {
			const struct sla_verdict *v = &t->d[side].verdict[term];

			grid_cell(g, !v->known ? report_unknown(term) : v->good ? "kept" : "VIOLATED");
		}
	}
	buf_free(&b);
}

static void
bin_line(const struct report *rep, const struct sla_tunnel *t, int side, int64_t from, int64_t to,
	 const char *what, struct sheet *s)
{
	struct buf b = { 0 };

	buf_str(&b, "  ");
	report_time(from, &s->text, &b);
	buf_printf(&b, "  %s -> %s  %s\n      ", t->called[side], t->called[1 - side], what);
	report_command(rep, t, TOOL(ra), from, to, "", &b);
	buf_u8(&b, '\n');
	buf_add(&s->out, b.p, b.len);
	buf_free(&b);
}

static void
violating(const struct report *rep, const struct sla_tunnel *t, struct sheet *s)
{
	struct buf what = { 0 };

	for (int side = 0; side < 2; side++) {
		const struct sla_direction *d = &t->d[side];
		size_t shown = rep->more || d->nviolations < SHOWN_VIOLATIONS ? d->nviolations
									      : SHOWN_VIOLATIONS;

		if (d->nviolations > 0)
			sheet_printf(s, "\n  Bins that violate it, %s -> %s: %zu\n", t->called[side],
				     t->called[1 - side], d->nviolations);
		for (size_t i = 0; i < shown; i++) {
			const struct sla_violation *v = &d->violation[i];
			int64_t from, to;

			report_span(t, v, &from, &to);
			what.len = 0;
			if (v->term == SLA_AVAIL) {
				buf_str(&what, "down for ");
				report_width(to - from, &what);
			} else {
				buf_printf(&what, "%s ", sla_terms[v->term].word);
				report_value(v->term, v->value, &what);
			}
			bin_line(rep, t, side, from, to, buf_cstr(&what), s);
		}
		if (shown < d->nviolations)
			sheet_printf(s, "  and %zu more (--all, --json)\n", d->nviolations - shown);
	}
	buf_free(&what);
}

static void
worst(const struct report *rep, const struct sla_tunnel *t, struct sheet *s)
{
	struct buf what = { 0 };
	bool any = false;

	for (int side = 0; side < 2; side++) {
		size_t at[REPORT_WORST], n = report_worst(t, side, at, REPORT_WORST);

		if (t->d[0].nviolations + t->d[1].nviolations > 0) { /* they were shown */
			any = true;
			break;
		}
		if (n > 0 && !any)
			sheet_printf(s, "\n  Bins with the greatest loss\n");
		any |= n > 0;
		for (size_t i = 0; i < n; i++) {
			const struct sla_point *p = &t->point[at[i]];

			what.len = 0;
			buf_printf(&what, "%lld lost%s", (long long)p->d[side].net,
				   p->suspect ? ", suspect" : "");
			bin_line(rep, t, side, p->start, p->end, buf_cstr(&what), s);
		}
	}
	what.len = 0;
	report_bins_option(sla_width(rep->sla), &what);
	if (t->has_lane)
		buf_str(&what, " -m lane");
	if (any) {
		struct buf command = { 0 };

		report_command(rep, t, TOOL(radrill), INT64_MIN, 0, buf_cstr(&what), &command);
		buf_str(&s->out, "  Further down: ");
		buf_add(&s->out, command.p, command.len);
		buf_u8(&s->out, '\n');
		buf_free(&command);
	}
	buf_free(&what);
}

static void
one(const struct report *rep, const struct sla_tunnel *t, struct sheet *s)
{
	struct grid g = { 0 };
	struct buf way[2] = { { 0 }, { 0 } };

	sla_look(rep->sla, t);
	headline(rep, t, s);
	for (int side = 0; side < 2; side++)
		buf_printf(&way[side], "%s -> %s", t->called[side], t->called[1 - side]);
	grid_column(&g, "", "", false);
	for (int side = 0; side < 2; side++) {
		grid_column(&g, side == 0 ? "src" : "dst", buf_cstr(&way[side]), true);
		grid_keep(&g);
	}
	numbers(t, &g);
	limits(t, &g);
	grid_text(&g, s, 2);
	grid_free(&g);
	if (report_hint(t) != NULL)
		sheet_printf(s, "\n  %s\n", report_hint(t));
	violating(rep, t, s);
	worst(rep, t, s);
	buf_u8(&s->out, '\n');
	sheet_ready(s);
	buf_free(&way[0]);
	buf_free(&way[1]);
}

void
report_text(const struct report *rep, struct sheet *s)
{
	if (rep->count > 1)
		overview(rep, s);
	for (size_t i = 0; i < rep->count; i++)
		one(rep, sla_tunnel(rep->sla, i), s);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel.c: what ratunnel computed, as text, CSV and JSON.
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
#define SHOWN_WORST	 5
#define ULL(v)		 ((unsigned long long)(v))

/* --- values --------------------------------------------------------------------------------------- */

void
report_time(int64_t t, const struct text_options *o, struct buf *to)
{
	struct text_options plain = *o;
	union value v = { .i = t };

	plain.digits = t % SEC == 0 ? 0 : o->digits;
	value_print(to, TYPE_TIME, &v, &plain, -1);
}

void
report_rate(uint64_t bps, struct buf *to)
{
	static const char *const units[] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s" };
	double v = (double)bps;
	unsigned u = 0;

	while (v >= 1000 && u < 4) {
		v /= 1000;
		u++;
	}
	buf_printf(to,
		   u == 0 || v >= 100 ? "%.0f %s"
		   : v >= 10	      ? "%.1f %s"
				      : "%.2f %s",
		   v, units[u]);
}

/* 0.12 %: as many digits as tell it from 0 and from 100. */
static void
put_percent(double v, struct buf *to)
{
	char text[32];
	int digits = 2;

	/* 99.9997 is not 100, and 0.0003 is not 0 */
	do
		(void)snprintf(text, sizeof(text), "%.*f", digits, v);
	while (digits++ < 6 &&
	       ((v > 0 && strtod(text, NULL) <= 0) || (v < 100 && strtod(text, NULL) >= 100)));
	buf_printf(to, "%s %%", text);
}

void
report_value(enum sla_term term, double v, struct buf *to)
{
	switch (term) {
	case SLA_BURST:
		buf_printf(to, "%.0f", v);
		break;
	case SLA_OUTAGE:
		buf_printf(to, "%.3f s", v);
		break;
	case SLA_P95:
		report_rate((uint64_t)v, to);
		break;
	default:
		put_percent(v, to);
	}
}

void
report_width(int64_t ns, struct buf *to)
{
	int64_t s = ns / SEC;

	if (ns % SEC != 0)
		buf_printf(to, "%g s", (double)ns / 1e9);
	else if (s % 86400 == 0)
		buf_printf(to, "%lld d", (long long)(s / 86400));
	else if (s % 3600 == 0)
		buf_printf(to, "%lld h", (long long)(s / 3600));
	else if (s % 60 == 0)
		buf_printf(to, "%lld min", (long long)(s / 60));
	else
		buf_printf(to, "%lld s", (long long)s);
}

/* The option -M for bins of this width. */
static void
width_option(int64_t ns, struct buf *to)
{
	if (ns % SEC == 0)
		buf_printf(to, "-M %llds", (long long)(ns / SEC));
}

void
report_bins_of(const struct report *rep, struct buf *to)
{
	report_width(sla_width(rep->sla), to);
	if (rep->interval == 0)
		return;
	buf_str(to, " (recorded in bins of ");
	report_width(rep->interval, to);
	buf_str(to, ": ");
	width_option(rep->interval, to);
	buf_str(to, " shows those)");
}

void
report_command(const struct report *rep, const struct sla_tunnel *t, const char *tool, int64_t from,
	       int64_t to, const char *options, struct buf *out)
{
	struct buf filter = { 0 };
	const char *records = rep->probes ? t->one : t->filter;

	if (*rep->asked != '\0')
		buf_printf(&filter, "(%s) and (%s)", rep->asked, records);
	else
		buf_str(&filter, records);
	drill_command(tool, rep->inputs, from, to, options, buf_cstr(&filter), out);
	buf_free(&filter);
}

size_t
report_worst(const struct sla_tunnel *t, int side, size_t *at, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		int64_t net = t->point[i].d[side].net;
		size_t k;

		if (net <= 0 || (n == most && net <= t->point[at[n - 1]].d[side].net))
			continue;
		if (n < most)
			n++;
		for (k = n - 1; k > 0 && t->point[at[k - 1]].d[side].net < net; k--)
			at[k] = at[k - 1];
		at[k] = i;
	}
	return (n);
}

static void
span_of(const struct sla_tunnel *t, const struct sla_violation *v, int64_t *from, int64_t *to)
{
	*from = v->point == UINT32_MAX ? t->gap[v->gap].start : t->point[v->point].start;
	*to = v->point == UINT32_MAX ? t->gap[v->gap].end : t->point[v->point].end;
}

/* --- one row a direction: the facts, for CSV and JSON ---------------------------------------------- */

enum kind { TEXT, TIME, COUNT, INT, REAL, BOOL };

struct fact {
	const char *name;
	enum kind kind;
	bool known, mixed;
	const char *text;
	uint64_t u;
	int64_t i;
	double r;
};

#define FACTS_MAX 80

struct facts {
	struct fact fact[FACTS_MAX];
	unsigned n;
};

static struct fact *
fact(struct facts *f, const char *name, enum kind kind, bool known)
{
	f->fact[f->n] = (struct fact){ .name = name, .kind = kind, .known = known };
	return (&f->fact[f->n++]);
}

static void
text_fact(struct facts *f, const char *name, const char *text)
{
	fact(f, name, TEXT, text != NULL && *text != '\0')->text = text;
}

static void
count_fact(struct facts *f, const char *name, uint64_t v)
{
	fact(f, name, COUNT, true)->u = v;
}

static void
real_fact(struct facts *f, const char *name, bool known, double v)
{
	fact(f, name, REAL, known)->r = v;
}

static void
verdict_fact(struct facts *f, const char *name, const struct sla_direction *d, enum sla_term t)
{
	real_fact(f, name, d->verdict[t].known, d->verdict[t].value);
}

static void
probe_fact(struct facts *f, const struct sla_tunnel *t)
{
	struct fact *x = fact(f, "probe", TEXT, t->probe_is == PROBE_NAMED);

	x->text = t->probe;
	x->mixed = t->probe_is == PROBE_MERGED;
}

static void
who(struct facts *f, const struct sla_tunnel *t, int side)
{
	probe_fact(f, t);
	text_fact(f, "tunid", t->id);
	if (t->has_lane)
		count_fact(f, "lane", t->lane);
	text_fact(f, "proto", t->proto);
	text_fact(f, "side", side == 0 ? "src" : "dst");
	text_fact(f, "sender", t->name[side]);
	text_fact(f, "receiver", t->name[1 - side]);
	if (t->has_lane)
		text_fact(f, "spi", t->spi[side]);
	fact(f, "start", TIME, true)->i = t->from;
	fact(f, "end", TIME, true)->i = t->to;
}

static void
bins_facts(struct facts *f, const struct report *rep, const struct sla_tunnel *t, const struct sla_direction *d)
{
	count_fact(f, "bins", t->bins);
	real_fact(f, "blen", true, (double)sla_width(rep->sla) / 1e9);
	count_fact(f, "up", t->count[SLA_UP]);
	count_fact(f, "degraded", t->count[SLA_DEGRADED]);
	count_fact(f, "down", t->count[SLA_DOWN]);
	count_fact(f, "idle", t->count[SLA_IDLE]);
	count_fact(f, "oneway", t->count[SLA_ONE_WAY]);
	count_fact(f, "suspect", t->suspect);
	verdict_fact(f, "avail_pct", d, SLA_AVAIL);
	text_fact(f, "avail_why", report_unjudged(t));
}

static void
replay_facts(struct facts *f, const struct sla_counts *c)
{
	static const char *const words[SLA_WINDOWS] = { "rpl32",  "rpl64",   "rpl128",	"rpl256",
							"rpl512", "rpl1024", "rpl2048", "rpl4096" };

	for (int w = 0; w < SLA_WINDOWS; w++)
		count_fact(f, words[w], c->rpl[w]);
}

static void
facts_of(const struct report *rep, const struct sla_tunnel *t, int side, struct facts *f)
{
	const struct sla_direction *d = &t->d[side];
	const struct sla_counts *c = &d->c;

	f->n = 0;
	who(f, t, side);
	bins_facts(f, rep, t, d);
	count_fact(f, "pkts", c->pkts);
	count_fact(f, "bytes", c->bytes);
	count_fact(f, "uniq", c->uniq);
	fact(f, "expected", INT, true)->i = d->expected;
	fact(f, "lost", INT, true)->i = d->net;
	verdict_fact(f, "loss_pct", d, SLA_LOSS);
	count_fact(f, "maxgap", c->maxgap);
	count_fact(f, "gapev", c->gapev);
	count_fact(f, "outages", c->noutage);
	real_fact(f, "outage_s", true, (double)c->outage / 1e6);
	count_fact(f, "late", c->late);
	verdict_fact(f, "reorder_pct", d, SLA_REORDER);
	count_fact(f, "early", c->early);
	count_fact(f, "nr3", c->nr3);
	count_fact(f, "lagmax", c->lagmax);
	replay_facts(f, c);
	verdict_fact(f, "replay64_pct", d, SLA_REPLAY);
	count_fact(f, "dup", c->dup);
	verdict_fact(f, "dup_pct", d, SLA_DUP);
	count_fact(f, "stale", c->stale);
	count_fact(f, "badseq", c->badseq);
	count_fact(f, "jumps", c->jumps);
	count_fact(f, "jumpskip", c->jumpskip);
	count_fact(f, "resets", c->resets);
	count_fact(f, "frags", c->frags);
	count_fact(f, "fragdg", c->fragdg);
	count_fact(f, "fraginc", c->fraginc);
	count_fact(f, "fragorph", c->fragorph);
	count_fact(f, "dscps", (uint64_t)__builtin_popcountll(d->dscps));
	count_fact(f, "rekeys", c->rekeys);
	count_fact(f, "roam", c->roam);
	count_fact(f, "bps_p50", d->bps_p50);
	count_fact(f, "bps_p95", d->bps_p95);
	count_fact(f, "bps_p99", d->bps_p99);
	count_fact(f, "bps_max", d->bps_max);
	fact(f, "lost_suspect", INT, true)->i = d->suspect_net;
	*fact(f, "sla", TEXT, t->judged) =
	    (struct fact){ "sla", TEXT, t->judged, false, t->violated ? "violated" : "kept", 0, 0, 0 };
	count_fact(f, "violations", d->nviolations);
}

static void
put(const struct fact *f, const struct text_options *o, struct buf *to)
{
	union value v = { .i = f->i };

	switch (f->kind) {
	case TEXT:
		buf_str(to, f->text);
		break;
	case TIME:
		value_print(to, TYPE_TIME, &v, o, -1);
		break;
	case COUNT:
		buf_printf(to, "%llu", ULL(f->u));
		break;
	case INT:
		buf_printf(to, "%lld", (long long)f->i);
		break;
	case REAL:
		buf_printf(to, "%.10g", f->r);
		break;
	case BOOL:
		buf_str(to, f->u != 0 ? "true" : "false");
	}
}

void
report_csv(const struct report *rep, struct sheet *s)
{
	struct sla_tunnel none = { .has_lane =
				       rep->count > 0 && sla_tunnel(rep->sla, 0)->has_lane };
	struct facts f;
	struct grid g = { 0 };
	struct buf text = { 0 };

	facts_of(rep, &none, 0, &f);
	for (unsigned i = 0; i < f.n; i++)
		grid_column(&g, f.fact[i].name, f.fact[i].name, false);
	for (size_t i = 0; i < rep->count * 2; i++) {
		facts_of(rep, sla_tunnel(rep->sla, i / 2), (int)(i % 2), &f);
		for (unsigned k = 0; k < f.n; k++) {
			text.len = 0;
			if (f.fact[k].known)
				put(&f.fact[k], &s->text, &text);
			grid_cell(&g, f.fact[k].known ? buf_cstr(&text) : f.fact[k].mixed ? "*" : NULL);
		}
	}
	grid_csv(&g, s);
	grid_free(&g);
	buf_free(&text);
}

/* --- JSON ----------------------------------------------------------------------------------------- */

static void
json_string(struct sheet *s, const char *text)
{
	json_text(&s->out, text, strlen(text));
}

static void
json_time(struct sheet *s, int64_t t)
{
	struct buf text = { 0 };
	union value v = { .i = t };

	value_print(&text, TYPE_TIME, &v, &s->text, -1);
	if (s->text.epoch)
		buf_add(&s->out, text.p, text.len);
	else
		json_text(&s->out, text.p, text.len);
	buf_free(&text);
}

static void
json_bin(const struct report *rep, const struct sla_tunnel *t, int64_t from, int64_t to,
	 struct sheet *s)
{
	struct buf command = { 0 };

	buf_str(&s->out, "{\"bstart\":");
	json_time(s, from);
	sheet_printf(s, ",\"blen\":%.10g", (double)(to - from) / 1e9);
	report_command(rep, t, TOOL(ra), from, to, "", &command);
	buf_str(&s->out, ",\"ra\":");
	json_string(s, buf_cstr(&command));
	command.len = 0;
	drill_pcap(rep->capture, from, to, t->bpf, &command);
	buf_str(&s->out, ",\"pcap\":");
	json_string(s, buf_cstr(&command));
	buf_free(&command);
}

/* Keys of percentages say so. */
static const char *
pct(enum sla_term t)
{
	return (strcmp(sla_terms[t].unit, "%") == 0 ? "_pct" : "");
}

static void
json_limits(const struct report *rep, const struct sla_direction *d, struct sheet *s)
{
	const struct sla_limits *l = &sla_options(rep->sla)->limits;
	bool first = true;

	buf_str(&s->out, ",\"terms\":{");
	for (enum sla_term t = 0; t < SLA_TERMS; t++) {
		if (!l->set[t])
			continue;
		sheet_printf(s, "%s\"%s\":{\"limit%s\":%.10g,\"value%s\":", first ? "" : ",",
			     sla_terms[t].word, pct(t), l->value[t], pct(t));
		first = false;
		if (d->verdict[t].known)
			sheet_printf(s, "%.10g,\"kept\":%s}", d->verdict[t].value,
				     d->verdict[t].good ? "true" : "false");
		else
			buf_str(&s->out, "null,\"kept\":null}");
	}
	buf_u8(&s->out, '}');
}

static void
json_lists(const struct report *rep, const struct sla_tunnel *t, int side, struct sheet *s)
{
	const struct sla_direction *d = &t->d[side];
	size_t at[SHOWN_WORST], n = report_worst(t, side, at, SHOWN_WORST);
	bool first = true;

	buf_str(&s->out, ",\"violating_bins\":[");
	for (size_t i = 0; i < d->nviolations; i++) {
		int64_t from, to;

		span_of(t, &d->violation[i], &from, &to);
		buf_str(&s->out, i > 0 ? "," : "");
		json_bin(rep, t, from, to, s);
		sheet_printf(s, ",\"term\":\"%s\",\"value%s\":%.10g}",
			     sla_terms[d->violation[i].term].word, pct(d->violation[i].term),
			     d->violation[i].value);
	}
	buf_str(&s->out, "],\"worst_bins\":[");
	for (size_t i = 0; i < n; i++) {
		buf_str(&s->out, i > 0 ? "," : "");
		json_bin(rep, t, t->point[at[i]].start, t->point[at[i]].end, s);
		sheet_printf(s, ",\"lost\":%lld}", (long long)t->point[at[i]].d[side].net);
	}
	buf_str(&s->out, "],\"suspect_bins\":[");
	for (size_t i = 0; i < t->n; i++) {
		if (!t->point[i].suspect)
			continue;
		buf_str(&s->out, first ? "" : ",");
		first = false;
		json_bin(rep, t, t->point[i].start, t->point[i].end, s);
		sheet_printf(s, ",\"lost\":%lld}", (long long)t->point[i].d[side].net);
	}
	buf_str(&s->out, "]");
}

/* Opens an object. */
static void
json_members(const struct facts *f, struct sheet *s)
{
	struct buf text = { 0 };
	bool any = false;

	for (unsigned i = 0; i < f->n; i++) {
		const struct fact *x = &f->fact[i];
		size_t n = strlen(x->name);

		/* too few packets to tell is said; what does not apply has no key */
		if (!x->known && !x->mixed && !(n > 4 && strcmp(x->name + n - 4, "_pct") == 0))
			continue;
		sheet_printf(s, "%s\"%s\":", any ? "," : "{", x->name);
		any = true;
		text.len = 0;
		if (!x->known)
			buf_str(&s->out, "null");
		else if (x->kind == TIME)
			json_time(s, x->i);
		else if (put(x, &s->text, &text), x->kind == TEXT)
			json_text(&s->out, text.p, text.len);
		else
			buf_add(&s->out, text.p, text.len);
	}
	buf_free(&text);
}

static void
json_one(const struct report *rep, const struct sla_tunnel *t, int side, struct sheet *s)
{
	struct facts f;
	struct buf text = { 0 };

	facts_of(rep, t, side, &f);
	json_members(&f, s);
	json_limits(rep, &t->d[side], s);
	json_lists(rep, t, side, s);
	report_command(rep, t, TOOL(ra), INT64_MIN, 0, "", &text);
	buf_str(&s->out, ",\"ra\":");
	json_string(s, buf_cstr(&text));
	buf_str(&s->out, "}\n");
	buf_free(&text);
	sheet_ready(s);
}

void
report_json(const struct report *rep, struct sheet *s)
{
	for (size_t i = 0; i < rep->count; i++)
		for (int side = 0; side < 2; side++)
			json_one(rep, sla_tunnel(rep->sla, i), side, s);
}

/* --- one row for each bin ------------------------------------------------------------------------- */

static void
facts_of_bin(const struct report *rep, const struct sla_tunnel *t, int side,
	     const struct sla_point *p, bool data, struct facts *f)
{
	const struct sla_dir_point *d = &p->d[side];
	double pct = 0;
	bool known = sla_point_loss(rep->sla, p, side, &pct);

	f->n = 0;
	if (data || rep->probes)
		probe_fact(f, t);
	text_fact(f, "tunid", t->id);
	if (t->has_lane)
		count_fact(f, "lane", t->lane);
	text_fact(f, "side", side == 0 ? "src" : "dst");
	text_fact(f, "sender", t->name[side]);
	text_fact(f, "receiver", t->name[1 - side]);
	fact(f, "bstart", TIME, true)->i = p->start;
	real_fact(f, "blen", true, (double)(p->end - p->start) / 1e9);
	text_fact(f, "state", sla_state_words[p->state]);
	fact(f, "suspect", BOOL, true)->u = p->suspect;
	count_fact(f, "pkts", d->pkts);
	count_fact(f, "bytes", d->bytes);
	count_fact(f, "uniq", d->uniq);
	fact(f, "lost", INT, true)->i = d->net;
	real_fact(f, "loss_pct", known, pct);
	count_fact(f, "maxgap", d->maxgap);
	count_fact(f, "late", d->late);
	count_fact(f, "early", d->early);
	count_fact(f, "rpl64", d->rpl64);
	count_fact(f, "dup", d->dup);
	real_fact(f, "outage_s", true, (double)d->outage / 1e6);
}

struct table { /* rows of facts, on their way out */
	struct sheet *s;
	struct grid grid;
	struct buf text;
	bool json, data; /* data: not for reading */
};

static void
table_row(struct table *to, const struct facts *f)
{
	if (to->json) {
		json_members(f, to->s);
		buf_str(&to->s->out, "}\n");
		sheet_ready(to->s);
		return;
	}
	for (unsigned i = 0; i < f->n && to->grid.cells == 0; i++)
		grid_column(&to->grid, f->fact[i].name, f->fact[i].name,
			    f->fact[i].kind != TEXT && f->fact[i].kind != TIME);
	for (unsigned i = 0; i < f->n; i++) {
		to->text.len = 0;
		if (f->fact[i].known)
			put(&f->fact[i], &to->s->text, &to->text);
		grid_cell(&to->grid, f->fact[i].known ? buf_cstr(&to->text) : f->fact[i].mixed ? "*" : NULL);
	}
}

static void
table_point(struct table *to, const struct report *rep, const struct sla_tunnel *t,
	    const struct sla_point *p)
{
	struct facts f;

	for (int side = 0; side < 2; side++) {
		facts_of_bin(rep, t, side, p, to->data, &f);
		table_row(to, &f);
	}
}

/* Bins without records are there only where they are judged, a run of them as one. */
static void
table_tunnel(struct table *to, const struct report *rep, const struct sla_tunnel *t)
{
	size_t gap = 0;

	for (size_t k = 0; k < t->n; k++) {
		for (; gap < t->ngaps && t->gap[gap].start < t->point[k].start; gap++)
			table_point(to, rep, t,
				    &(struct sla_point){ .start = t->gap[gap].start,
							 .end = t->gap[gap].end,
							 .state = t->gap[gap].state });
		table_point(to, rep, t, &t->point[k]);
	}
}

void
report_bins(const struct report *rep, struct sheet *s, bool json, bool separated)
{
	struct table to = { .s = s, .json = json, .data = json || separated };

	for (size_t i = 0; i < rep->count; i++)
		table_tunnel(&to, rep, sla_tunnel(rep->sla, i));
	if (!json && separated)
		grid_csv(&to.grid, s);
	else if (!json)
		grid_text(&to.grid, s, 0);
	grid_free(&to.grid);
	buf_free(&to.text);
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

	grid_column(&g, "tunnel", "Tunnel", false);
	if (rep->probes)
		grid_column(&g, "probe", "Probe", false);
	grid_column(&g, "proto", "Proto", false);
	grid_column(&g, "avail", "Avail", true);
	grid_column(&g, "sloss", "Loss ->", true);
	grid_column(&g, "dloss", "Loss <-", true);
	grid_column(&g, "slate", "Late ->", true);
	grid_column(&g, "dlate", "Late <-", true);
	grid_column(&g, "sp95", "p95 ->", true);
	grid_column(&g, "dp95", "p95 <-", true);
	grid_column(&g, "sla", "SLA", false);
	for (size_t i = 0; i < rep->count; i++) {
		const struct sla_tunnel *t = sla_tunnel(rep->sla, i);

		if (t->has_lane)
			grid_printf(&g, "%s <-> %s lane %llu", t->name[0], t->name[1],
				    ULL(t->lane));
		else
			grid_printf(&g, "%s <-> %s", t->name[0], t->name[1]);
		if (rep->probes)
			grid_cell(&g, t->probe);
		grid_cell(&g, t->proto);
		verdict_cell(&g, &t->d[0], SLA_AVAIL);
		verdict_cell(&g, &t->d[0], SLA_LOSS);
		verdict_cell(&g, &t->d[1], SLA_LOSS);
		verdict_cell(&g, &t->d[0], SLA_REORDER);
		verdict_cell(&g, &t->d[1], SLA_REORDER);
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

	buf_printf(&b, "%s <-> %s  %s", t->name[0], t->name[1], t->proto);
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
	buf_printf(&b, ", %llu bin%s of ", ULL(t->bins), t->bins == 1 ? "" : "s");
	report_bins_of(rep, &b);
	buf_str(&b, "\n  availability ");
	if (t->d[0].verdict[SLA_AVAIL].known)
		put_percent(t->d[0].verdict[SLA_AVAIL].value, &b);
	else
		buf_u8(&b, '-');
	buf_printf(&b, ": %llu up, %llu degraded, %llu down; not judged: %llu idle, %llu one way",
		   ULL(t->count[SLA_UP]), ULL(t->count[SLA_DEGRADED]), ULL(t->count[SLA_DOWN]),
		   ULL(t->count[SLA_IDLE]), ULL(t->count[SLA_ONE_WAY]));
	if (report_unjudged(t) != NULL)
		buf_printf(&b, "\n  %s", report_unjudged(t));
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

static void
numbers(const struct sla_tunnel *t, struct grid *g)
{
	const struct sla_counts *a = &t->d[0].c, *b = &t->d[1].c;
	char name[48];

	pair(g, "packets", a->pkts, b->pkts);
	pair(g, "bytes", a->bytes, b->bytes);
	grid_cell(g, "lost of expected");
	for (int side = 0; side < 2; side++)
		grid_printf(g, "%lld of %lld", (long long)t->d[side].net,
			    (long long)t->d[side].expected);
	term_row(g, "loss", t, SLA_LOSS);
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
	rate_row(g, "throughput, median", t->d[0].bps_p50, t->d[1].bps_p50);
	rate_row(g, "throughput, 95th percentile", t->d[0].bps_p95, t->d[1].bps_p95);
	rate_row(g, "throughput, 99th percentile", t->d[0].bps_p99, t->d[1].bps_p99);
	rate_row(g, "throughput, highest", t->d[0].bps_max, t->d[1].bps_max);
}

const char *
report_unjudged(const struct sla_tunnel *t)
{
	static char text[160];
	unsigned long long n = ULL(sla_judged(t));

	if (t->d[0].verdict[SLA_AVAIL].known)
		return (NULL);
	(void)snprintf(text, sizeof(text), "%llu of %llu bin%s could be judged; a ratio needs %d, and %d %% of the period",
		       n, ULL(t->bins), t->bins == 1 ? "" : "s", SLA_RATIO_BINS, SLA_RATIO_PERCENT);
	return (text);
}

const char *
report_unknown(enum sla_term term)
{
	return (term == SLA_AVAIL ? "too few bins" : "too few packets");
}

void
report_skipped(const struct sla_counts *c, struct buf *to)
{
	if (c->jumpskip == 0)
		buf_u8(to, '-');
	else if (c->jumps == 0) /* by a card that cuts up what is sent */
		buf_printf(to, "%llu", ULL(c->jumpskip));
	else if (c->jumps == 1)
		buf_printf(to, "%llu, once", ULL(c->jumpskip));
	else
		buf_printf(to, "%llu, %llu times", ULL(c->jumpskip), ULL(c->jumps));
}

/* What reorders packets of one SA can be that they travel in several classes (RFC 4301 4.1). */
const char *
report_hint(const struct sla_tunnel *t)
{
	for (int side = 0; side < 2; side++)
		if (t->d[side].c.rpl[1] > 0 && __builtin_popcountll(t->d[side].dscps) > 1)
			return ("Packets fell outside a replay window of 64, and they carry "
				"several DSCP values: "
				"classes that overtake each other need SAs of their own.");
	return (NULL);
}

static void
limits(const struct report *rep, const struct sla_tunnel *t, struct grid *g)
{
	const struct sla_limits *l = &sla_options(rep->sla)->limits;
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
	buf_printf(&b, "  %s -> %s  %s\n      ", t->name[side], t->name[1 - side], what);
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
			sheet_printf(s, "\n  Bins that violate it, %s -> %s: %zu\n", t->name[side],
				     t->name[1 - side], d->nviolations);
		for (size_t i = 0; i < shown; i++) {
			const struct sla_violation *v = &d->violation[i];
			int64_t from, to;

			span_of(t, v, &from, &to);
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
		size_t at[SHOWN_WORST], n = report_worst(t, side, at, SHOWN_WORST);

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
	width_option(sla_width(rep->sla), &what);
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

	headline(rep, t, s);
	for (int side = 0; side < 2; side++)
		buf_printf(&way[side], "%s -> %s", t->name[side], t->name[1 - side]);
	grid_column(&g, "", "", false);
	grid_column(&g, "src", buf_cstr(&way[0]), true);
	grid_column(&g, "dst", buf_cstr(&way[1]), true);
	numbers(t, &g);
	limits(rep, t, &g);
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

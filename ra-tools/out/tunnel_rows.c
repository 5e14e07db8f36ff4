/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel_rows.c: what ratunnel computed, a row a direction, or a row a bin: CSV and JSON.
 */
#include "format/base/json.h"
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "ra-tools/out/facts.h"
#include "ra-tools/out/grid.h"
#include "ra-tools/out/report.h"
#include "ra-tools/report/contract.h"
#include "ra-tools/report/drill.h"

#include <stdlib.h>
#include <string.h>

#define ULL(v) ((unsigned long long)(v))

/* --- one row a direction: the facts, for CSV and JSON ---------------------------------------------- */

/* JSON says that there were too few packets to tell; availability that is not judged has no key. */
static void
verdict_fact(struct facts *f, const char *name, const struct sla_direction *d, enum sla_term t)
{
	facts_real(f, name, d->verdict[t].known, d->verdict[t].value)->said = t != SLA_AVAIL;
}

static void
probe_fact(struct facts *f, const struct sla_tunnel *t)
{
	struct fact *x = facts_add(f, "probe", FACT_TEXT, t->probe_is == PROBE_NAMED);

	x->text = t->probe;
	x->mixed = t->probe_is == PROBE_MERGED;
}

static void
who(struct facts *f, const struct report *rep, const struct sla_tunnel *t, int side)
{
	probe_fact(f, t);
	facts_text(f, "tunid", t->id);
	if (t->has_lane)
		facts_count(f, "lane", t->lane);
	facts_text(f, "proto", t->proto);
	facts_text(f, "side", side == 0 ? "src" : "dst");
	facts_text(f, "sender", t->name[side]);
	facts_text(f, "receiver", t->name[1 - side]);
	if (sla_options(rep->sla)->labels != NULL) {
		facts_text(f, "sender_label", t->label[side]);
		facts_text(f, "receiver_label", t->label[1 - side]);
	}
	if (t->has_lane)
		facts_text(f, "spi", t->spi[side]);
	facts_add(f, "start", FACT_TIME, true)->i = t->from;
	facts_add(f, "end", FACT_TIME, true)->i = t->to;
}

static void
bins_facts(struct facts *f, const struct report *rep, const struct sla_tunnel *t, const struct sla_direction *d)
{
	facts_count(f, "bins", t->bins);
	if (sla_options(rep->sla)->contracts != NULL) {
		facts_text(f, "hours", contract_hours(t->contract));
		facts_count(f, "off", t->off);
	}
	facts_real(f, "blen", true, (double)sla_width(rep->sla) / 1e9);
	facts_count(f, "up", t->count[SLA_UP]);
	facts_count(f, "degraded", t->count[SLA_DEGRADED]);
	facts_count(f, "down", t->count[SLA_DOWN]);
	facts_count(f, "idle", t->count[SLA_IDLE]);
	facts_count(f, "oneway", t->count[SLA_ONE_WAY]);
	facts_count(f, "suspect", t->suspect);
	verdict_fact(f, "avail_pct", d, SLA_AVAIL);
	facts_text(f, "avail_why", report_unjudged(t));
}

static void
replay_facts(struct facts *f, const struct sla_counts *c)
{
	static const char *const words[SLA_WINDOWS] = { "rpl32",  "rpl64",   "rpl128",	"rpl256",
							"rpl512", "rpl1024", "rpl2048", "rpl4096" };

	for (int w = 0; w < SLA_WINDOWS; w++)
		facts_count(f, words[w], c->rpl[w]);
}

/* Of what is no tunnel. */
static void
connection_facts(struct facts *f, const struct sla_tunnel *t, const struct sla_direction *d)
{
	static const char *const words[] = { "rtt_p50", "rtt_p95", "rtt_p99" };
	double pct = 0;
	bool known = sla_capture_loss(t, &pct);

	for (int i = 0; i < 3; i++)
		facts_real(f, words[i], d->timed, (double)d->rtt[i] / 1e6);
	facts_count(f, "rst", d->c.rst);
	facts_real(f, "caploss_pct", known, pct)->said = true;
}

static void
facts_of(const struct report *rep, const struct sla_tunnel *t, int side, struct facts *f)
{
	const struct sla_direction *d = &t->d[side];
	const struct sla_counts *c = &d->c;

	f->n = 0;
	who(f, rep, t, side);
	bins_facts(f, rep, t, d);
	facts_count(f, "pkts", c->pkts);
	facts_count(f, "bytes", c->bytes);
	facts_count(f, "uniq", c->uniq);
	facts_add(f, "expected", FACT_INT, true)->i = d->expected;
	facts_add(f, "lost", FACT_INT, true)->i = d->net;
	verdict_fact(f, "loss_pct", d, SLA_LOSS);
	facts_count(f, "maxgap", c->maxgap);
	facts_count(f, "gapev", c->gapev);
	facts_count(f, "outages", c->noutage);
	facts_real(f, "outage_s", true, (double)c->outage / 1e6);
	facts_count(f, "late", c->late);
	verdict_fact(f, "reorder_pct", d, SLA_REORDER);
	facts_count(f, "early", c->early);
	facts_count(f, "nr3", c->nr3);
	facts_count(f, "lagmax", c->lagmax);
	replay_facts(f, c);
	verdict_fact(f, "replay64_pct", d, SLA_REPLAY);
	facts_count(f, "dup", c->dup);
	verdict_fact(f, "dup_pct", d, SLA_DUP);
	facts_count(f, "stale", c->stale);
	facts_count(f, "badseq", c->badseq);
	facts_count(f, "jumps", c->jumps);
	facts_count(f, "jumpskip", c->jumpskip);
	facts_count(f, "resets", c->resets);
	facts_count(f, "frags", c->frags);
	facts_count(f, "fragdg", c->fragdg);
	facts_count(f, "fraginc", c->fraginc);
	facts_count(f, "fragorph", c->fragorph);
	facts_count(f, "dscps", (uint64_t)__builtin_popcountll(d->dscps));
	facts_count(f, "rekeys", c->rekeys);
	facts_count(f, "roam", c->roam);
	if (t->other)
		connection_facts(f, t, d);
	facts_count(f, "bps_p50", d->bps_p50);
	facts_count(f, "bps_p95", d->bps_p95);
	facts_count(f, "bps_p99", d->bps_p99);
	facts_count(f, "bps_max", d->bps_max);
	facts_add(f, "lost_suspect", FACT_INT, true)->i = d->suspect_net;
	facts_text(f, "sla", !t->judged ? NULL : t->violated ? "violated" : "kept");
	facts_count(f, "violations", d->nviolations);
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
				facts_put(&f.fact[k], &s->text, &text);
			grid_cell(&g, f.fact[k].known ? buf_cstr(&text) : f.fact[k].mixed ? "*" : NULL);
		}
	}
	grid_csv(&g, s);
	grid_free(&g);
	buf_free(&text);
}

/* --- JSON ----------------------------------------------------------------------------------------- */

/* Opens an object. */
static void
json_bin(const struct report *rep, const struct sla_tunnel *t, int64_t from, int64_t to, struct sheet *s, struct json *j)
{
	struct buf command = { 0 };

	json_open(j, NULL, '{');
	time_json(&s->text, j, "bstart", from);
	json_real(j, "blen", (double)(to - from) / 1e9);
	report_command(rep, t, TOOL(ra), from, to, "", &command);
	json_bytes(j, "ra", command.p, command.len);
	command.len = 0;
	drill_pcap(rep->capture, from, to, t->bpf, &command);
	json_bytes(j, "pcap", command.p, command.len);
	buf_free(&command);
}

/* The key of a value; those of percentages say so. */
static const char *
key_of(enum sla_term t, const char *key, const char *key_pct)
{
	return (strcmp(sla_terms[t].unit, "%") == 0 ? key_pct : key);
}

static void
json_limits(const struct sla_tunnel *t, const struct sla_direction *d, struct json *j)
{
	const struct sla_limits *l = &t->limits;

	json_open(j, "terms", '{');
	for (enum sla_term term = 0; term < SLA_TERMS; term++) {
		const char *value = key_of(term, "value", "value_pct");

		if (!l->set[term])
			continue;
		json_open(j, sla_terms[term].word, '{');
		json_real(j, key_of(term, "limit", "limit_pct"), l->value[term]);
		if (d->verdict[term].known) {
			json_real(j, value, d->verdict[term].value);
			json_bool(j, "kept", d->verdict[term].good);
		} else {
			json_null(j, value);
			json_null(j, "kept");
		}
		json_close(j, '}');
	}
	json_close(j, '}');
}

static void
json_point(const struct report *rep, const struct sla_tunnel *t, int side, size_t i, struct sheet *s, struct json *j)
{
	json_bin(rep, t, t->point[i].start, t->point[i].end, s, j);
	json_i64(j, "lost", t->point[i].d[side].net);
	json_close(j, '}');
}

static void
json_lists(const struct report *rep, const struct sla_tunnel *t, int side, struct sheet *s, struct json *j)
{
	const struct sla_direction *d = &t->d[side];
	size_t at[REPORT_WORST], n = report_worst(t, side, at, REPORT_WORST);

	json_open(j, "violating_bins", '[');
	for (size_t i = 0; i < d->nviolations; i++) {
		const struct sla_violation *v = &d->violation[i];
		int64_t from, to;

		report_span(t, v, &from, &to);
		json_bin(rep, t, from, to, s, j);
		json_str(j, "term", sla_terms[v->term].word);
		json_real(j, key_of(v->term, "value", "value_pct"), v->value);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "worst_bins", '[');
	for (size_t i = 0; i < n; i++)
		json_point(rep, t, side, at[i], s, j);
	json_close(j, ']');
	json_open(j, "suspect_bins", '[');
	for (size_t i = 0; i < t->n; i++)
		if (t->point[i].suspect)
			json_point(rep, t, side, i, s, j);
	json_close(j, ']');
}

static void
json_one(const struct report *rep, const struct sla_tunnel *t, int side, struct sheet *s)
{
	struct json j = json_to(&s->out);
	struct facts f;
	struct buf text = { 0 };

	sla_look(rep->sla, t);
	facts_of(rep, t, side, &f);
	json_open(&j, NULL, '{');
	facts_json(&f, &s->text, &j);
	json_limits(t, &t->d[side], &j);
	json_lists(rep, t, side, s, &j);
	report_command(rep, t, TOOL(ra), INT64_MIN, 0, "", &text);
	json_bytes(&j, "ra", text.p, text.len);
	json_close(&j, '}');
	json_line(&j);
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
	facts_text(f, "tunid", t->id);
	if (t->has_lane)
		facts_count(f, "lane", t->lane);
	facts_text(f, "side", side == 0 ? "src" : "dst");
	facts_text(f, "sender", t->name[side]);
	facts_text(f, "receiver", t->name[1 - side]);
	facts_add(f, "bstart", FACT_TIME, true)->i = p->start;
	facts_real(f, "blen", true, (double)(p->end - p->start) / 1e9);
	facts_text(f, "state", sla_state_words[p->state]);
	facts_add(f, "suspect", FACT_BOOL, true)->u = p->suspect;
	facts_count(f, "pkts", d->pkts);
	facts_count(f, "bytes", d->bytes);
	facts_count(f, "uniq", d->uniq);
	facts_add(f, "lost", FACT_INT, true)->i = d->net;
	facts_real(f, "loss_pct", known, pct)->said = true;
	facts_count(f, "maxgap", d->maxgap);
	facts_count(f, "late", d->late);
	facts_count(f, "early", d->early);
	facts_count(f, "rpl64", d->rpl64);
	facts_count(f, "dup", d->dup);
	facts_real(f, "outage_s", true, (double)d->outage / 1e6);
}

struct table { /* rows of facts, on their way out */
	struct sheet *s;
	struct grid grid;
	struct buf text;
	bool json, data; /* data: not for reading */
};

/* For people, to as many digits as say something. */
static void
put_fact(const struct fact *f, struct table *to)
{
	struct fact brief = *f;

	brief.digits = 4;
	if (to->data)
		facts_put(f, &to->s->text, &to->text);
	else if (f->kind == FACT_TIME)
		report_time(f->i, &to->s->text, &to->text);
	else
		facts_put(&brief, &to->s->text, &to->text);
}

/* Who, when, how much was lost: on every terminal. */
static bool
is_sought(const char *name)
{
	static const char *const sought[] = { "sender", "bstart", "state", "lost", "loss_pct" };

	for (size_t i = 0; i < sizeof(sought) / sizeof(sought[0]); i++)
		if (strcmp(name, sought[i]) == 0)
			return (true);
	return (false);
}

static void
table_row(struct table *to, const struct facts *f)
{
	if (to->json) {
		struct json j = json_to(&to->s->out);

		json_open(&j, NULL, '{');
		facts_json(f, &to->s->text, &j);
		json_close(&j, '}');
		json_line(&j);
		sheet_ready(to->s);
		return;
	}
	for (unsigned i = 0; i < f->n && to->grid.cells == 0; i++) {
		grid_column(&to->grid, f->fact[i].name, f->fact[i].name,
			    f->fact[i].kind != FACT_TEXT && f->fact[i].kind != FACT_TIME);
		to->grid.column[i].kept = is_sought(f->fact[i].name);
	}
	for (unsigned i = 0; i < f->n; i++) {
		to->text.len = 0;
		if (f->fact[i].known)
			put_fact(&f->fact[i], to);
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

	sla_look(rep->sla, t);
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

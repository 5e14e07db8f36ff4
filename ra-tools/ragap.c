/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ragap: what the capture missed: a percentage for each interval, and the ranges that are missing in many
 * sessions alike (SEMANTICS 4.4, 4.5).  See ragap(1).
 */
#include "format/base/clock.h"
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "format/base/wide.h"
#include "ra-tools/out/grid.h"
#include "ra-tools/run/run.h"
#include "ra-tools/report/signature.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL	   (900 * SEC) /* Zeek's interval */
#define GAPS_USUAL 2000000
#define GAPS_MOST  100000000
#define TS_OPTION  12 /* bytes of a segment that a timestamp takes */
#define PROBES_MAX 1024

enum { O_ZEEK = O_OWN, O_SHOW, O_MAX_GAPS };
enum { INTERVALS = 1, SIGNATURES = 2 };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/ragap.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Says what the capture missed, and where many sessions miss the same bytes.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.mar = true,
	.reports = true,
	.nothing = "no signature of a tap that loses",
};

static struct {
	int64_t width; /* 0: not said */
	unsigned show; /* 0: not said */
	bool zeek;
	uint32_t most;
} asked = { .most = GAPS_USUAL };

struct interval {
	int64_t start;
	uint32_t probe, place; /* place: of its name among the others, at the end */
	bool acked, counted, dropped; /* there was a record that knows */
	uint64_t acks, gaps, back, miss, fix, fresh, drop; /* back: of `gaps`, taken back */
	uint64_t after, skew; /* segments captured after their acknowledgement, and by how much at most, us */
};

struct gap {
	struct run *run;
	int64_t width;
	struct interval *row; /* merged when they have become many */
	size_t n, cap;
	char **probe;
	uint32_t nprobes, *named; /* named: probes in the order of their names, at the end */
	struct signatures *signatures;
	uint64_t acks, gaps, back, maracks, margaps, marback; /* of flows; of MAR records */
	uint64_t merged;		       /* records with ranges of several */
	bool mar, partial;
};

static bool
option(int c, const char *arg)
{
	char *end;
	unsigned long n;

	switch (c) {
	case 'M':
		if (!clock_parse_dur(arg, strlen(arg), &asked.width) || asked.width <= 0)
			run_usage("-M %s: expected a width, such as 1s, 5m, 15m or 1h", arg);
		return (true);
	case O_ZEEK:
		return (asked.zeek = true);
	case O_SHOW:
		asked.show = strcmp(arg, "intervals") == 0    ? INTERVALS
			     : strcmp(arg, "signatures") == 0 ? SIGNATURES
			     : strcmp(arg, "both") == 0	      ? INTERVALS | SIGNATURES
							      : 0;
		if (asked.show == 0)
			run_usage("--show %s: expected intervals, signatures or both", arg);
		return (true);
	case O_MAX_GAPS:
		errno = 0;
		n = strtoul(arg, &end, 10);
		if (errno != 0 || *end != '\0' || end == arg || *arg == '-' || n == 0 || n > GAPS_MOST)
			run_usage("--max-gaps %s: expected a number from 1 to %d", arg, GAPS_MOST);
		asked.most = (uint32_t)n;
		return (true);
	default:
		return (false);
	}
}

/* --- reading ----------------------------------------------------------------------------------- */

static bool
get(const struct batch *b, enum field f, uint32_t r, uint64_t *to)
{
	if (!column_has(b->col[f], r))
		return (false);
	*to = b->col[f]->u[r];
	return (true);
}

/* Adds what both sides say; false: neither does. */
static bool
sum(const struct batch *b, enum field src, enum field dst, uint32_t r, uint64_t *to)
{
	uint64_t s = 0, d = 0;
	bool has = get(b, src, r, &s);

	has |= get(b, dst, r, &d);
	*to = saturating_sum(*to, saturating_sum(s, d));
	return (has);
}

static uint32_t
probe_of(struct gap *g, const struct batch *b, uint32_t r)
{
	struct blob name = { (const uint8_t *)"", 0 };
	char *text;

	if (column_has(b->col[F_probe], r))
		name = b->col[F_probe]->b[r];
	for (uint32_t i = 0; i < g->nprobes; i++)
		if (strlen(g->probe[i]) == name.n && memcmp(g->probe[i], name.p, name.n) == 0)
			return (i);
	if (g->nprobes == PROBES_MAX)
		return (PROBES_MAX - 1);
	text = mem_zero(name.n + 1, 1);
	memcpy(text, name.p, name.n);
	for (uint32_t i = 0; i < name.n; i++) /* it is printed, in columns */
		if ((uint8_t)text[i] <= ' ' || (uint8_t)text[i] >= 0x7f)
			text[i] = '_';
	if (memcmp(text, name.p, name.n) != 0) { /* changed: it is found by its new name */
		struct blob clean = { (uint8_t *)text, name.n };

		for (uint32_t i = 0; i < g->nprobes; i++)
			if (strlen(g->probe[i]) == clean.n && memcmp(g->probe[i], clean.p, clean.n) == 0) {
				free(text);
				return (i);
			}
	}
	g->probe = mem_grow(g->probe, g->nprobes + 1, sizeof(g->probe[0]));
	g->probe[g->nprobes] = text;
	return (g->nprobes++);
}

static int
by_time(const void *x, const void *y)
{
	const struct interval *a = x, *b = y;

	if (a->start != b->start)
		return (a->start < b->start ? -1 : 1);
	if (a->place != b->place)
		return (a->place < b->place ? -1 : 1);
	return ((a->probe > b->probe) - (a->probe < b->probe));
}

static void
add_interval(struct interval *to, const struct interval *from)
{
	to->acked |= from->acked;
	to->counted |= from->counted;
	to->dropped |= from->dropped;
	to->acks = saturating_sum(to->acks, from->acks);
	to->gaps = saturating_sum(to->gaps, from->gaps);
	to->back = saturating_sum(to->back, from->back);
	to->after = saturating_sum(to->after, from->after);
	to->skew = from->skew > to->skew ? from->skew : to->skew;
	to->miss = saturating_sum(to->miss, from->miss);
	to->fix = saturating_sum(to->fix, from->fix);
	to->fresh = saturating_sum(to->fresh, from->fresh);
	to->drop = saturating_sum(to->drop, from->drop);
}

/* One row for each start and probe, in order. */
static void
merge_rows(struct gap *g)
{
	size_t kept = 0;

	if (g->n > 0)
		qsort(g->row, g->n, sizeof(g->row[0]), by_time);
	for (size_t i = 0; i < g->n; i++)
		if (kept > 0 && by_time(&g->row[kept - 1], &g->row[i]) == 0)
			add_interval(&g->row[kept - 1], &g->row[i]);
		else
			g->row[kept++] = g->row[i];
	g->n = kept;
}

/* Probes are numbered as they come; what is shown goes by their names, whatever the order of the files. */
static void
order_probes(struct gap *g)
{
	uint32_t *place = mem_zero(g->nprobes + 1, sizeof(place[0]));

	g->named = mem_zero(g->nprobes + 1, sizeof(g->named[0]));
	for (uint32_t i = 0; i < g->nprobes; i++) {
		for (uint32_t k = 0; k < g->nprobes; k++)
			place[i] += strcmp(g->probe[k], g->probe[i]) < 0;
		g->named[place[i]] = i;
	}
	for (size_t i = 0; i < g->n; i++)
		g->row[i].place = place[g->row[i].probe];
	free(place);
	merge_rows(g);
}

static struct interval *
row_of(struct gap *g, int64_t start, uint32_t probe)
{
	if (g->n > 0 && g->row[g->n - 1].start == start && g->row[g->n - 1].probe == probe)
		return (&g->row[g->n - 1]);
	if (g->n == g->cap) {
		merge_rows(g);
		if (g->n >= g->cap / 2) {
			g->cap = g->cap == 0 ? 64 : g->cap * 2;
			g->row = mem_grow(g->row, g->cap, sizeof(g->row[0]));
		}
	}
	g->row[g->n] = (struct interval){ .start = start, .probe = probe };
	return (&g->row[g->n++]);
}

/* A segment carries what both sides take, less the timestamp if both have it. */
static uint32_t
segment_size(const struct batch *b, uint32_t r)
{
	uint64_t s = 0, d = 0, so = 0, dopt = 0, mss;
	bool has_s = get(b, F_smss, r, &s), has_d = get(b, F_dmss, r, &d);

	if (!has_s && !has_d)
		return (0);
	mss = !has_d || (has_s && s < d) ? s : d;
	(void)get(b, F_sopts, r, &so);
	(void)get(b, F_dopts, r, &dopt);
	if ((so & dopt & TCPOPT_T) && mss > TS_OPTION)
		mss -= TS_OPTION;
	return (mss > UINT16_MAX ? 0 : (uint32_t)mss);
}

static void
take_gaps(struct gap *g, const struct batch *b, uint32_t r, uint32_t probe)
{
	const struct column *src = b->col[F_saddr], *dst = b->col[F_daddr];
	struct gap_flow f = { .probe = probe };
	bool has = column_has(b->col[F_gaps], r), whose = get(b, F_flowid, r, &f.id);
	uint64_t port = 0;

	g->merged += column_mixed(b->col[F_gaps], r) || (has && (!whose || !column_has(src, r) || !column_has(dst, r)));
	if (!whose)
		return;
	signatures_mss(g->signatures, f.id, segment_size(b, r));
	if (!has || !column_has(src, r) || !column_has(dst, r))
		return;
	(void)get(b, F_dport, r, &port);
	f.port = (uint16_t)port;
	f.src = &src->ip[r];
	f.dst = &dst->ip[r];
	signatures_add(g->signatures, &f, b->col[F_gaps]->b[r]);
}

static void
take_row(struct gap *g, const struct batch *b, uint32_t r)
{
	uint64_t type = 0, start = 0, end = 0, skew[2] = { 0, 0 };
	uint32_t probe = probe_of(g, b, r);
	struct interval *x, add = { 0 };
	int64_t bin;

	(void)get(b, F_rectype, r, &type);
	if (!get(b, F_bstart, r, &start))
		return;
	bin = clock_bin((int64_t)start, g->width);
	if (get(b, F_bend, r, &end) && (int64_t)end > (int64_t)start && (int64_t)end - bin > g->width)
		run_fail("%s has merged records of %g s: intervals of %g s would be guesses; use a wider -M, or the "
			 "records before they were merged",
			 run_at(g->run), (double)(end - start) / 1e9, (double)g->width / 1e9);
	if (type == RECTYPE_MAR) {
		g->mar |= get(b, F_m_ackev, r, &add.acks) && get(b, F_m_ackgap, r, &add.gaps);
		(void)get(b, F_m_ackfix, r, &add.back);
		g->maracks = saturating_sum(g->maracks, add.acks);
		g->margaps = saturating_sum(g->margaps, add.gaps);
		g->marback = saturating_sum(g->marback, add.back);
		x = row_of(g, bin, probe);
		x->dropped |= get(b, F_ps_drop, r, &add.drop);
		x->drop = saturating_sum(x->drop, add.drop);
		return;
	}
	add.acked = sum(b, F_sackev, F_dackev, r, &add.acks);
	add.acked |= sum(b, F_sackgap, F_dackgap, r, &add.gaps);
	add.acked |= sum(b, F_sackfix, F_dackfix, r, &add.back);
	(void)sum(b, F_scapooo, F_dcapooo, r, &add.after);
	(void)get(b, F_sskew_us, r, &skew[0]);
	(void)get(b, F_dskew_us, r, &skew[1]);
	add.skew = skew[0] > skew[1] ? skew[0] : skew[1];
	add.counted = sum(b, F_scapmiss, F_dcapmiss, r, &add.miss);
	add.counted |= sum(b, F_scapfix, F_dcapfix, r, &add.fix);
	add.counted |= sum(b, F_snewbytes, F_dnewbytes, r, &add.fresh);
	g->acks = saturating_sum(g->acks, add.acks);
	g->gaps = saturating_sum(g->gaps, add.gaps);
	g->back = saturating_sum(g->back, add.back);
	add_interval(row_of(g, bin, probe), &add);
	take_gaps(g, b, r, probe);
}

/* Records of longer bins come: intervals become as long. */
static void
widen(struct gap *g, int64_t width)
{
	for (size_t i = 0; i < g->n; i++)
		g->row[i].start = clock_bin(g->row[i].start, width);
	g->width = width;
	merge_rows(g);
}

/* The width that was asked for, or the first multiple of T from 15 minutes on; of the largest T, where there are several. */
static void
fit_width(struct gap *g, const struct segment_info *s)
{
	int64_t T = (int64_t)s->interval * SEC;

	if (g->width == 0)
		g->width = asked.width > 0 ? asked.width : T > 0 ? (USUAL + T - 1) / T * T : USUAL;
	if (asked.width == 0 && T > g->width && T % g->width == 0)
		widen(g, T);
	if (T > 0 && g->width % T != 0) {
		int64_t all = run_multiple(g->run);

		all = all > 0 ? all : T;
		run_fail("%s was recorded in bins of %u s (" TOOL(pavo) " -S): intervals of %g s would be guesses; use -M %llds",
			 run_at(g->run), (unsigned)s->interval, (double)g->width / 1e9,
			 (long long)((g->width + all - 1) / all * all / SEC));
	}
}

static void
want(struct run *r)
{
	static const uint16_t always[] = { F_rectype,  F_bstart,   F_bend,     F_probe,	   F_flowid,
					   F_saddr,    F_daddr,	   F_dport,    F_sackev,   F_dackev,
					   F_sackgap,  F_dackgap,  F_scapmiss, F_dcapmiss, F_scapfix,
					   F_dcapfix,  F_snewbytes, F_dnewbytes, F_gaps,   F_smss,
					   F_dmss,     F_sopts,	   F_dopts,    F_m_ackev,  F_m_ackgap,
					   F_m_ackfix, F_sackfix,  F_dackfix,  F_scapooo,  F_dcapooo,
					   F_sskew_us, F_dskew_us, F_ps_drop };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		run_want(r, always[i]);
}

static void
read_all(struct gap *g)
{
	struct batch *b;

	g->partial = run_selects(g->run);
	while ((b = run_next(g->run)) != NULL) {
		const struct segment_info *s = run_segment(g->run);

		fit_width(g, s);
		g->partial |= b->filtered || s->filtered;
		for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows;
		     i = bits_next(b->sel, i + 1, b->rows))
			take_row(g, b, (uint32_t)i);
	}
	merge_rows(g);
	order_probes(g);
}

/* --- showing ----------------------------------------------------------------------------------- */

#define ULL(v) ((unsigned long long)(v))

static void
show_zeek(struct gap *g, struct sheet *s)
{
	sheet_printf(s, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
			"#path\tcapture_loss\n"
			"#fields\tts\tts_delta\tpeer\tgaps\tacks\tpercent_lost\n"
			"#types\ttime\tinterval\tstring\tcount\tcount\tdouble\n");
	for (size_t i = 0; i < g->n; i++) {
		const struct interval *x = &g->row[i];
		char ts[CLOCK_TEXT];
		const char *probe = g->probe[x->probe];

		(void)clock_epoch(x->start + g->width, 6, ts); /* Zeek's is the end */
		sheet_printf(s, "%s\t%.6f\t%s\t%llu\t%llu\t%.6f\n", ts, (double)g->width / 1e9,
			     probe[0] == '\0' ? "-" : probe, ULL(x->gaps), ULL(x->acks),
			     x->acks > 0 ? 100.0 * (double)x->gaps / (double)x->acks : 0.0);
	}
}

struct shares {
	bool has_loss, has_bytes;
	double loss, bytes;
	int64_t missing, gaps; /* net */
};

static struct shares
shares_of(const struct interval *x)
{
	struct shares s = { .has_loss = x->acked && x->acks > 0,
			    .missing = (int64_t)(x->miss - x->fix),
			    .gaps = (int64_t)(x->gaps - x->back) };
	double all = (double)x->fresh + (double)s.missing;

	s.has_bytes = x->counted && all > 0;
	if (s.has_loss)
		s.loss = 100.0 * (double)s.gaps / (double)x->acks;
	if (s.has_bytes)
		s.bytes = 100.0 * (double)s.missing / all;
	return (s);
}

static void
put_time(const struct sheet *s, struct buf *b, int64_t t)
{
	union value v = { .i = t };

	value_print(b, TYPE_TIME, &v, &s->text, -1);
}

/* What an interval says, in the order of the heading: acks gaps caploss% missing missing% drop, and what is not in the
 * text's columns: after skew_us. */
enum { CELLS = 8 };

static void
cells_of(const struct interval *x, bool pad, char cell[CELLS][32])
{
	struct shares h = shares_of(x);

	for (int i = 0; i < CELLS; i++)
		strcpy(cell[i], "-");
	if (x->acked) {
		(void)snprintf(cell[0], 32, "%llu", ULL(x->acks));
		(void)snprintf(cell[1], 32, "%lld", (long long)h.gaps);
		(void)snprintf(cell[6], 32, "%llu", ULL(x->after));
	}
	if (x->after > 0)
		(void)snprintf(cell[7], 32, "%llu", ULL(x->skew));
	if (h.has_loss)
		(void)snprintf(cell[2], 32, pad ? "%.1f" : "%.4f", h.loss);
	if (x->counted)
		(void)snprintf(cell[3], 32, "%lld", (long long)h.missing);
	if (h.has_bytes)
		(void)snprintf(cell[4], 32, pad ? "%.1f" : "%.4f", h.bytes);
	if (x->dropped)
		(void)snprintf(cell[5], 32, "%llu", ULL(x->drop));
}

static void
interval_row(struct grid *g, const char *when, const char *probe, const struct interval *x)
{
	char cell[CELLS][32];

	cells_of(x, true, cell);
	grid_cell(g, when);
	grid_cell(g, probe);
	for (unsigned i = 2; i < g->n; i++)
		grid_cell(g, cell[i - 2]);
}

/* What all intervals say together, of a probe: two of one path see the same segments. */
static struct interval
all_of(const struct gap *g, uint32_t probe, size_t *n)
{
	struct interval all = { .probe = probe };

	*n = 0;
	for (size_t i = 0; i < g->n; i++) {
		if (g->row[i].probe != probe)
			continue;
		add_interval(&all, &g->row[i]);
		(*n)++;
	}
	return (all);
}

static void
after_line(struct sheet *s, const char *probe, const struct interval *all)
{
	bool one = all->after == 1;

	if (all->after == 0)
		return;
	if (probe != NULL)
		sheet_printf(s, "probe %s: ", probe);
	sheet_printf(s, "%llu segment%s captured after %s acknowledgement, by %llu us at most: the tap's clock or its two "
			"directions, not loss\n",
		     ULL(all->after), one ? "" : "s", one ? "its" : "their", ULL(all->skew));
}

static void
text_intervals(struct gap *g, struct sheet *s)
{
	static const char *const heading[] = { "interval", "probe", "acks", "gaps", "caploss%", "missing", "missing%", "drop" };
	enum { LEAST_LEFT = 2, LEAST_RIGHT = 4 }; /* of these: what was asked for */
	bool several = g->nprobes > 1;
	struct grid grid = { 0 };
	struct buf when = { 0 };
	size_t n;

	for (size_t i = 0; i < sizeof(heading) / sizeof(heading[0]); i++) {
		grid_column(&grid, heading[i], heading[i], i > 1);
		if (i >= LEAST_LEFT && i <= LEAST_RIGHT)
			grid_keep(&grid);
	}
	for (size_t i = 0; i < g->n; i++) {
		when.len = 0;
		put_time(s, &when, g->row[i].start);
		interval_row(&grid, buf_cstr(&when), g->probe[g->row[i].probe], &g->row[i]);
	}
	for (uint32_t k = 0; k < g->nprobes; k++) {
		struct interval all = all_of(g, g->named[k], &n);

		if (n > 1)
			interval_row(&grid, "all", several ? g->probe[g->named[k]] : "", &all);
	}
	grid_text(&grid, s, 0);
	grid_free(&grid);
	for (uint32_t k = 0; k < g->nprobes; k++) {
		struct interval all = all_of(g, g->named[k], &n);

		after_line(s, several ? g->probe[g->named[k]] : NULL, &all);
	}
	buf_free(&when);
}

static void
csv_text(struct sheet *s, const char *text)
{
	csv_value(s, &s->out, text, strlen(text));
}

static void
csv_intervals(struct gap *g, struct sheet *s)
{
	struct buf when = { 0 };
	char c = s->separator;

	sheet_printf(s, "bstart%cblen%cprobe%cacks%cgaps%ccaploss_pct%cmissing%cmissing_pct%cdrop%cafter%cskew_us\n", c, c, c, c, c, c,
		     c, c, c, c);
	for (size_t i = 0; i < g->n; i++) {
		const struct interval *x = &g->row[i];
		char cell[CELLS][32];

		when.len = 0;
		put_time(s, &when, x->start);
		cells_of(x, false, cell);
		for (int k = 0; k < CELLS; k++)
			if (strcmp(cell[k], "-") == 0)
				(void)snprintf(cell[k], 32, "%s", s->null);
		sheet_printf(s, "%s%c%g%c", buf_cstr(&when), c, (double)g->width / 1e9, c);
		csv_text(s, g->probe[x->probe]);
		for (int k = 0; k < CELLS; k++)
			sheet_printf(s, "%c%s", c, cell[k]);
		sheet_printf(s, "\n");
	}
	buf_free(&when);
}

static void
json_intervals(struct gap *g, struct sheet *s)
{
	static const char *const keys[CELLS] = { "acks", "gaps", "caploss_pct", "missing", "missing_pct", "drop", "after",
					   "skew_us" };
	struct json j = json_to(&s->out);

	for (size_t i = 0; i < g->n; i++) {
		const struct interval *x = &g->row[i];
		char cell[CELLS][32];

		json_open(&j, NULL, '{');
		json_str(&j, "kind", "interval");
		time_json(&s->text, &j, "bstart", x->start);
		json_real(&j, "blen", (double)g->width / 1e9);
		json_str(&j, "probe", g->probe[x->probe]);
		cells_of(x, false, cell);
		for (int k = 0; k < CELLS; k++)
			if (strcmp(cell[k], "-") != 0)
				json_raw(&j, keys[k], cell[k], strlen(cell[k]));
		json_close(&j, '}');
		json_line(&j);
		sheet_ready(s);
	}
}

/* --- signatures */

struct words { /* of a signature */
	struct buf ports, probes, filter;
};

static void
words_of(const struct gap *g, const struct signature *x, struct words *w)
{
	uint32_t shown = x->nports < SIGNATURE_PORTS ? x->nports : SIGNATURE_PORTS;
	const char *sep = "";

	w->ports.len = w->probes.len = w->filter.len = 0;
	for (uint32_t i = 0; i < shown; i++)
		buf_printf(&w->ports, "%s%u", i > 0 ? " " : "", x->port[i]);
	if (x->nports > shown)
		buf_printf(&w->ports, " +%u", x->nports - shown);
	for (uint32_t i = 0; i < g->nprobes; i++)
		if (g->named[i] < 64 && x->probes >> g->named[i] & 1) {
			buf_printf(&w->probes, "%s%s", sep, g->probe[g->named[i]]);
			sep = " ";
		}
	for (uint32_t i = 0; i < x->nexamples; i++)
		buf_printf(&w->filter, "%sflowid = %016llx", i > 0 ? " or " : "", ULL(x->example[i]));
	(void)buf_cstr(&w->ports);
	(void)buf_cstr(&w->probes);
	(void)buf_cstr(&w->filter);
}

static void
words_free(struct words *w)
{
	buf_free(&w->ports);
	buf_free(&w->probes);
	buf_free(&w->filter);
}

static bool
is_whole(const struct signature *x)
{
	return (x->mss > 0 && x->len % x->mss == 0);
}

static double
share_of(const struct gap *g, const struct signature *x)
{
	return (100.0 * x->flows / signatures_flows(g->signatures));
}

static void
signature_row(const struct gap *g, const struct signature *x, uint32_t of, const struct words *w, struct grid *to)
{
	grid_printf(to, "%u/%u flows", x->flows, of);
	grid_printf(to, "%.1f%%", share_of(g, x));
	grid_cell(to, x->dir == 0 ? "src" : "dst");
	grid_printf(to, "%u..%u", x->lo_min, x->lo_max);
	grid_printf(to, "%u", x->lo);
	grid_printf(to, "%u", x->len);
	if (is_whole(x))
		grid_printf(to, "%u.0 MSS", x->len / x->mss);
	else
		grid_cell(to, NULL);
	grid_printf(to, "%u", x->pairs);
	grid_cell(to, (const char *)w->ports.p);
}

static void
text_signatures(struct gap *g, struct sheet *s, const struct signature *x, uint32_t n)
{
	static const char *const heading[] = { "signature", "share", "dir", "rel_lo", "median", "len", "segments", "pairs", "ports" };
	uint32_t of = signatures_flows(g->signatures);
	struct grid grid = { 0 };
	struct words w = { 0 };

	if (n == 0) {
		sheet_printf(s, "no tap signature: %u flow%s with missing ranges\n", of, of == 1 ? "" : "s");
		return;
	}
	for (size_t i = 0; i < sizeof(heading) / sizeof(heading[0]); i++)
		grid_column(&grid, heading[i], heading[i], i == 1 || (i > 3 && i < 8));
	for (uint32_t i = 0; i < n; i++) {
		words_of(g, &x[i], &w);
		signature_row(g, &x[i], of, &w, &grid);
	}
	grid_fit(&grid, s, 0);
	for (int i = -1; i < (int)n; i++) {
		grid_line(&grid, i, &s->out);
		sheet_printf(s, "\n");
		if (i < 0)
			continue;
		words_of(g, &x[i], &w);
		sheet_printf(s, "    probes %s; such flows: " TOOL(ra) " -r FILE - '%s'\n",
			     w.probes.len > 0 ? (const char *)w.probes.p : "-", (const char *)w.filter.p);
	}
	grid_free(&grid);
	words_free(&w);
}

static void
csv_signatures(struct gap *g, struct sheet *s, const struct signature *x, uint32_t n)
{
	struct words w = { 0 };
	char c = s->separator;

	sheet_printf(s, "flows%cgap_flows%cshare_pct%cdir%crel_lo%crel_lo_min%crel_lo_max%clen%cmss%csegments%cpairs%cports%c"
			"probes%cfilter\n",
		     c, c, c, c, c, c, c, c, c, c, c, c, c);
	for (uint32_t i = 0; i < n; i++, x++) {
		const char *none = s->null;
		char mss[32], segments[32];

		(void)snprintf(mss, sizeof(mss), "%s", none);
		(void)snprintf(segments, sizeof(segments), "%s", none);
		if (x->mss > 0)
			(void)snprintf(mss, sizeof(mss), "%u", x->mss);
		if (is_whole(x))
			(void)snprintf(segments, sizeof(segments), "%u", x->len / x->mss);
		words_of(g, x, &w);
		sheet_printf(s, "%u%c%u%c%.2f%c%s%c%u%c%u%c%u%c%u%c%s%c%s%c%u%c", x->flows, c,
			     signatures_flows(g->signatures), c, share_of(g, x), c,
			     x->dir == 0 ? "src" : "dst", c, x->lo, c, x->lo_min, c, x->lo_max, c, x->len, c,
			     mss, c, segments, c, x->pairs, c);
		csv_text(s, (const char *)w.ports.p);
		sheet_printf(s, "%c", c);
		csv_text(s, (const char *)w.probes.p);
		sheet_printf(s, "%c", c);
		csv_text(s, (const char *)w.filter.p);
		sheet_printf(s, "\n");
	}
	words_free(&w);
}

static void
json_signatures(struct gap *g, struct sheet *s, const struct signature *x, uint32_t n)
{
	struct json j = json_to(&s->out);
	struct words w = { 0 };

	for (uint32_t i = 0; i < n; i++, x++) {
		uint32_t shown = x->nports < SIGNATURE_PORTS ? x->nports : SIGNATURE_PORTS;

		words_of(g, x, &w);
		json_open(&j, NULL, '{');
		json_str(&j, "kind", "signature");
		json_u64(&j, "flows", x->flows);
		json_u64(&j, "gap_flows", signatures_flows(g->signatures));
		json_fixed(&j, "share_pct", share_of(g, x), 2);
		json_str(&j, "dir", x->dir == 0 ? "src" : "dst");
		json_u64(&j, "rel_lo", x->lo);
		json_u64(&j, "rel_lo_min", x->lo_min);
		json_u64(&j, "rel_lo_max", x->lo_max);
		json_u64(&j, "len", x->len);
		if (x->mss > 0)
			json_u64(&j, "mss", x->mss);
		if (is_whole(x))
			json_u64(&j, "segments", x->len / x->mss);
		json_u64(&j, "pairs", x->pairs);
		json_open(&j, "ports", '[');
		for (uint32_t k = 0; k < shown; k++)
			json_u64(&j, NULL, x->port[k]);
		json_close(&j, ']');
		json_bytes(&j, "probes", w.probes.p, w.probes.len);
		json_open(&j, "flowids", '[');
		for (uint32_t k = 0; k < x->nexamples; k++) {
			char id[20];

			(void)snprintf(id, sizeof(id), "%016llx", ULL(x->example[k]));
			json_str(&j, NULL, id);
		}
		json_close(&j, ']');
		json_bytes(&j, "filter", w.filter.p, w.filter.len);
		json_close(&j, '}');
		json_line(&j);
		sheet_ready(s);
	}
	words_free(&w);
}

static void
show(struct gap *g, unsigned what)
{
	struct sheet *s = run_sheet(g->run);
	uint32_t n;
	const struct signature *x = signatures_find(g->signatures, &n);
	bool json = run_json(g->run), csv = s->separator != '\0';

	if (asked.zeek)
		show_zeek(g, s);
	else if (what & INTERVALS)
		(json ? json_intervals : csv ? csv_intervals : text_intervals)(g, s);
	if (what == (INTERVALS | SIGNATURES) && !json)
		sheet_printf(s, "\n");
	if (what & SIGNATURES)
		(json ? json_signatures : csv ? csv_signatures : text_signatures)(g, s, x, n);
}

/* Of what is shown, does the exit status say that there was any? */
static uint64_t
came_out(const struct gap *g, unsigned what)
{
	uint32_t n;

	(void)signatures_find(g->signatures, &n);
	return (what & SIGNATURES ? n : g->n);
}

static void
check(const struct gap *g, unsigned what)
{
	char text[256];
	bool same = g->acks == g->maracks && g->gaps == g->margaps && g->back == g->marback;

	if (g->mar && !g->partial && !same)
		run_wrong(g->run, "flow records tell of %lld gaps in %llu acknowledgements, the probe's own (MAR) of "
				  "%lld in %llu: records are missing",
			  (long long)(g->gaps - g->back), ULL(g->acks), (long long)(g->margaps - g->marback),
			  ULL(g->maracks));
	if (signatures_dropped(g->signatures) > 0) {
		(void)snprintf(text, sizeof(text), "%llu missing ranges were too many to be looked at: --max-gaps",
			       ULL(signatures_dropped(g->signatures)));
		run_note_last(g->run, text);
	}
	if (g->merged > 0 && what & SIGNATURES) {
		(void)snprintf(text, sizeof(text), "%llu record%s merged from several lost %s missing ranges: signatures "
						   "are found in the records before they were merged",
			       ULL(g->merged), g->merged == 1 ? "" : "s", g->merged == 1 ? "its" : "their");
		run_note_last(g->run, text);
	}
}

int
main(int argc, char **argv)
{
	struct gap g = { .run = run_start(argc, argv, &tool, option) };
	bool csv = run_sheet(g.run)->separator != '\0';
	unsigned what = asked.zeek ? INTERVALS : asked.show ? asked.show : csv ? SIGNATURES : INTERVALS | SIGNATURES;

	if (asked.zeek && (asked.show != 0 || csv || run_json(g.run)))
		run_usage("--zeek is a format of its own: leave out --show, --csv and --json");
	if (csv && what == (INTERVALS | SIGNATURES))
		run_usage("--show both: separated values are one table; intervals or signatures");
	g.signatures = signatures_new(asked.most);
	want(g.run);
	read_all(&g);
	check(&g, what);
	if (!run_quiet(g.run))
		show(&g, what);
	run_counted(g.run, came_out(&g, what));
	signatures_free(&g.signatures);
	for (uint32_t i = 0; i < g.nprobes; i++)
		free(g.probe[i]);
	free(g.probe);
	free(g.named);
	free(g.row);
	return (run_end(&g.run));
}

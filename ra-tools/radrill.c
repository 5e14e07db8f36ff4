/* SPDX-License-Identifier: BSD-2-Clause
 *
 * radrill: from loss to flows: the worst bins, the keys in a bin by their share, the records of a key, and the
 * commands that show each of them.  See radrill(1).
 *
 * Each level is a plain question to the same files: a bin is a range of time, a key a filter.  What is
 * printed as a command is what was asked here.
 */
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "ra-tools/query/bin.h"
#include "ra-tools/run/cluster.h"
#include "ra-tools/report/drill.h"
#include "ra-tools/out/drill.h"
#include "ra-tools/out/screen.h"
#include "ra-tools/run/run.h"
#include "ra-tools/run/worst.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BINS_SHOWN  5
#define KEYS_SHOWN  5
#define FLOWS_SHOWN 10
#define ROWS_MAX    1000 /* of a level: on a terminal, and of -N */
#define PROBES_SHOWN 5 /* in a heading */

enum { O_BY = O_OWN, O_BIN, O_KEY, O_PLAIN, O_PCAP };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/radrill.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose =
	    "Finds the worst bins, in them the keys that are to blame, and their flow records.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.columns = "stime flgs proto saddr sport dir daddr dport lane spkts dpkts sloss dloss",
	.merges = true,
	.reports = true,
};

static const char *by = "loss", *keys_text, *bin_text, *key_text, *capture = "capture.pcap";
static bool plain;
static struct bin_options bin;

static bool
option(int c, const char *arg)
{
	switch (c) {
	case 'm':
		keys_text = arg;
		return (true);
	case 'M':
		if (!cut_parse(arg, &bin.width))
			run_usage("-M %s: expected a width, such as 1s, 5m, 1h or 1d", arg);
		return (true);
	case O_BY:
		by = arg;
		return (true);
	case O_BIN:
		bin_text = arg;
		return (true);
	case O_KEY:
		key_text = arg;
		return (true);
	case O_PLAIN:
		return (plain = true);
	case O_PCAP:
		capture = arg;
		return (true);
	default:
		return (false);
	}
}

/* --- levels --------------------------------------------------------------------------------------- */

struct level {
	struct listing l;
	int64_t *value, *total;
	struct sheet_column *columns;
	char **filter;
	const char *probe; /* whose all rows are; NULL: not known to be one */
	int64_t *from, *to;
};

struct drill {
	struct run *r;
	struct metric metric;
	struct keys keys;
	bool own_keys; /* lane of a tunnel, else the conversation */
	int64_t at;    /* --bin TIME: only the bin that holds it; INT64_MIN: all */
	uint32_t most;
	struct probes *probes; /* of the bins: they are one probe's each, unless the keys add up probes */
	bool several;	       /* and there are several */
	struct left_out left; /* of the bins whose keys were looked at */
};

static void
level_free(struct level *v)
{
	uint32_t n = v->l.rows != NULL ? v->l.rows->rows : 0;

	for (uint32_t i = 0; i < n; i++) {
		free(v->l.ra[i]);
		free(v->l.pcap[i]);
		free(v->filter[i]);
	}
	free(v->l.ra);
	free(v->l.pcap);
	free(v->filter);
	free(v->from);
	free(v->to);
	free(v->value);
	free(v->total);
	free(v->columns);
	free(v->l.title);
	v->l.sheet.want = NULL;
	sheet_free(&v->l.sheet);
	batch_free(&v->l.rows);
	*v = (struct level){ 0 };
}

/* Columns by name, and what they need. */
static void
level_columns(struct drill *d, struct level *v, const char *text)
{
	char copy[1024], *save = NULL;
	unsigned n = 0;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	v->columns = mem_zero(SHEET_MAX, sizeof(v->columns[0]));
	for (char *w = strtok_r(copy, " ,", &save); w != NULL; w = strtok_r(NULL, " ,", &save)) {
		const struct key_end *end = key_end(w, strlen(w));
		enum field f = end != NULL ? end->field : field_named(w, strlen(w));

		if (f != F_NONE && n < SHEET_MAX)
			v->columns[n++] = (struct sheet_column){ .field = f,
				.width = fields[f].width, .name = end != NULL ? end->word : fields[f].name,
				.label = end != NULL ? end->heading : NULL };
	}
	v->l.sheet = (struct sheet){ .want = v->columns,
				     .n = n,
				     .text = run_sheet(d->r)->text,
				     .names = run_sheet(d->r)->names,
				     .separator = run_sheet(d->r)->separator };
}

static void
level_want(const struct drill *d, const struct level *v, struct fieldset *keep)
{
	for (unsigned i = 0; i < v->l.sheet.n; i++)
		fieldset_want(keep, v->l.sheet.want[i].field);
	for (unsigned i = 0; i < d->metric.n; i++)
		fieldset_want(keep, d->metric.field[i]);
	fieldset_want(keep, F_probe);
	drill_want(keep);
}

/* The rows that were picked become those of the level.  Rates are over so many ns; 0: each row's own bin. */
static void
level_take(struct level *v, struct top *t, uint64_t groups, int64_t total, int64_t over)
{
	uint32_t n;

	top_cut(t);
	n = t->n;
	v->l.rows = t->held;
	v->l.rows->over = over;
	v->l.by = by;
	v->l.others = groups - n;
	v->value = mem_zero(n + 1, sizeof(v->value[0]));
	v->l.value = v->value;
	v->total = mem_zero(n + 1, sizeof(v->total[0]));
	v->l.total = v->total;
	v->l.ra = mem_zero(n + 1, sizeof(v->l.ra[0]));
	v->l.pcap = mem_zero(n + 1, sizeof(v->l.pcap[0]));
	v->filter = mem_zero(n + 1, sizeof(v->filter[0]));
	v->from = mem_zero(n + 1, sizeof(v->from[0]));
	v->to = mem_zero(n + 1, sizeof(v->to[0]));
	for (uint32_t i = 0; i < n; i++) {
		v->value[i] = t->pick[i].value;
		v->total[i] = total;
	}
	for (unsigned i = 0; i < v->l.sheet.n; i++)
		(void)batch_derive(v->l.rows, v->l.sheet.want[i].field);
	free(t->pick);
}

static char *
text_of(struct buf *b)
{
	char *text = mem_str(buf_cstr(b));

	b->len = 0;
	return (text);
}

/* The commands of a row: the records of this filter, in this time. */
static void
commands(struct drill *d, struct level *v, uint32_t r, const char *filter, const char *bpf)
{
	struct buf b = { 0 }, both = { 0 };
	const char *asked = run_asked(d->r);

	/* run_asked() is what was asked last: a level's own filter is in it already */
	if (*asked != '\0' && *filter != '\0')
		buf_printf(&both, "(%s) and (%s)", asked, filter);
	else
		buf_str(&both, *asked != '\0' ? asked : filter);
	drill_command(TOOL(ra), run_inputs(d->r), v->from[r], v->to[r], "", buf_cstr(&both), &b);
	v->l.ra[r] = text_of(&b);
	drill_pcap(capture, v->from[r], v->to[r], bpf, &b);
	v->l.pcap[r] = text_of(&b);
	v->filter[r] = mem_str(filter);
	buf_free(&b);
	buf_free(&both);
}

/* `probe`: NULL, or whose all rows are. */
static void
title(struct level *v, struct drill *d, const char *what, int64_t from, const char *probe)
{
	struct buf b = { 0 };
	union value t = { .i = from };
	struct text_options o = run_sheet(d->r)->text;

	buf_str(&b, what);
	if (from != INT64_MIN) {
		o.digits = from % SEC == 0 ? 0 : o.digits;
		value_print(&b, TYPE_TIME, &t, &o, -1);
	}
	if (probe != NULL)
		buf_printf(&b, ", probe %s", probe);
	v->l.title = text_of(&b);
	buf_free(&b);
}

/* --- level 1: bins -------------------------------------------------------------------------------- */

struct sum { /* of the bins of a probe, or of all */
	int64_t total;
	uint64_t bins, bad; /* bad: with something of it */
};

struct sums {
	struct sum *of; /* by number of the probe */
	unsigned n;
};

static struct bins *
read_bins(struct drill *d, const struct level *v)
{
	struct fieldset keep = { { 0 } }, read = { { 0 } };
	struct keys k;
	struct bins *bins;
	char err[512];

	(void)keys_parse("none", &k, err, sizeof(err));
	if (!d->keys.apart)
		keys_merge_probes(&k);
	level_want(d, v, &keep);
	bins_want(&k, &keep, &read);
	run_want_set(d->r, &read);
	bin.zone = run_zone(d->r);
	bins = bins_new(&k, &keep, &bin);
	cluster_bins(d->r, bins, bin.width != 0);
	d->several = probes_several(run_probes(d->r));
	return (bins);
}

static bool
wanted_bin(const struct drill *d, const struct batch *b, uint32_t r)
{
	return (d->at == INT64_MIN ||
		(b->col[F_bstart]->i[r] <= d->at && b->col[F_bend]->i[r] > d->at));
}

static unsigned
probe_of(const struct drill *d, const struct batch *b, uint32_t r)
{
	return (d->keys.apart ? probes_of_row(d->probes, b, r) : 0);
}

static struct sum *
sum_of(struct sums *s, unsigned number)
{
	for (; s->n <= number; s->n++) {
		s->of = mem_grow(s->of, s->n + 1, sizeof(s->of[0]));
		s->of[s->n] = (struct sum){ 0 };
	}
	return (&s->of[number]);
}

static void
rank_bins(struct drill *d, struct bins *bins, struct top *t, struct sums *sums)
{
	struct batch *b;

	while ((b = bins_next(bins)) != NULL) {
		metric_derive(&d->metric, b);
		for (uint32_t r = 0; r < b->rows; r++) {
			int64_t value = metric_value(&d->metric, b, r);
			struct sum *s = sum_of(sums, probe_of(d, b, r));

			s->bins++;
			s->total += value;
			if ((value <= 0 && d->at == INT64_MIN) || !wanted_bin(d, b, r))
				continue;
			s->bad++;
			top_add(t, b, r, value, false);
		}
	}
	if (bins_error(bins) != NULL)
		run_fail("%s", bins_error(bins));
}

/* "86 in 2 of 2 bins", of each probe. */
static void
bins_title(struct drill *d, struct level *v, const struct sums *s, int64_t width)
{
	struct buf text = { 0 };
	unsigned shown = s->n <= PROBES_SHOWN ? s->n : PROBES_SHOWN;

	buf_printf(&text, "Bins of %g s by %s: ", (double)width / 1e9, by);
	for (unsigned i = 0; i < shown; i++) {
		if (d->keys.apart && d->several)
			buf_printf(&text, "%sprobe %s ", i > 0 ? ", " : "", probes_name(d->probes, i));
		buf_printf(&text, "%lld in %llu of %llu bins", (long long)s->of[i].total,
			   (unsigned long long)s->of[i].bad, (unsigned long long)s->of[i].bins);
	}
	if (s->n == 0)
		buf_str(&text, "0 in 0 of 0 bins");
	if (shown < s->n)
		buf_printf(&text, " and %u probes more", s->n - shown);
	title(v, d, buf_cstr(&text), INT64_MIN, NULL);
	buf_free(&text);
}

static void
bins_columns(struct drill *d, struct level *v)
{
	char text[256];

	free(v->columns);
	(void)snprintf(text, sizeof(text), "bstart%s%s spkts dpkts sbytes dbytes sloss dloss ploss",
		       run_json(d->r) ? " blen" : "", d->keys.apart && d->several ? " probe" : "");
	level_columns(d, v, text);
}

static struct level
find_bins(struct drill *d)
{
	struct level v = { .l.ranked = true };
	struct top t = top_new(d->most);
	struct sums sums = { 0 };
	uint64_t groups = 0;
	int64_t from, to;
	struct bins *bins;

	bins_columns(d, &v);
	bins = read_bins(d, &v);
	bins_columns(d, &v); /* now it is known whether there are several probes */
	rank_bins(d, bins, &t, &sums);
	for (unsigned i = 0; i < sums.n; i++)
		groups += sums.of[i].bad;
	level_take(&v, &t, groups, 0, 0);
	bins_title(d, &v, &sums, bins_width(bins));
	bins_free(&bins);
	run_span(d->r, &from, &to);
	for (uint32_t r = 0; r < v.l.rows->rows; r++) {
		struct buf filter = { 0 };
		unsigned number = probe_of(d, v.l.rows, r);

		v.total[r] = sums.of[number].total;
		v.from[r] = v.l.rows->col[F_bstart]->i[r];
		v.to[r] = v.l.rows->col[F_bend]->i[r];
		if (v.from[r] < from)
			v.from[r] = from;
		if (v.to[r] > to)
			v.to[r] = to;
		if (d->keys.apart && d->several)
			probes_filter(d->probes, number, &filter);
		commands(d, &v, r, buf_cstr(&filter), "");
		buf_free(&filter);
	}
	free(sums.of);
	return (v);
}

/* --- level 2: keys in a bin ----------------------------------------------------------------------- */

static struct aggr *
read_keys(struct drill *d, const struct level *v, const struct level *bins, uint32_t at)
{
	struct fieldset keep = { { 0 } }, read = { { 0 } };
	struct aggr *a;

	(void)run_again(d->r, bins->from[at], bins->to[at], *bins->filter[at] != '\0' ? bins->filter[at] : NULL);
	level_want(d, v, &keep);
	fieldset_want(&keep, F_spkts);
	fieldset_want(&keep, F_dpkts);
	keys_want(&d->keys, &keep, &read);
	run_want_set(d->r, &read);
	a = aggr_new(&d->keys, &keep);
	cluster_all(d->r, a);
	aggr_hide_ends(a, true);
	return (a);
}

/* The records of the key, which are in this bin: of its probe, where bins are of one. */
static void
key_filter(const struct drill *d, const struct batch *b, uint32_t r, const char *of_bin, struct buf *to)
{
	struct buf key = { 0 };

	drill_filter(&d->keys, b, r, &key);
	if (d->keys.quiet && *of_bin != '\0')
		buf_printf(to, "%s%s", of_bin, key.len > 0 ? " and " : "");
	buf_add(to, key.p, key.len);
	buf_free(&key);
}

static int64_t
length_of(const struct batch *bins, uint32_t at)
{
	return (bins->col[F_bend]->i[at] - bins->col[F_bstart]->i[at]);
}

static struct level
find_keys(struct drill *d, const struct level *bins, uint32_t at)
{
	struct level v = { .l.ranked = true };
	struct top t = top_new(d->most);
	struct buf text = { 0 }, bpf = { 0 };
	char columns[1024];
	uint64_t groups = 0;
	int64_t total = 0;
	bool one = *bins->filter[at] != '\0';
	struct aggr *a;
	struct batch *b;

	(void)snprintf(columns, sizeof(columns), "%s%s spkts dpkts sloss dloss ploss",
		       one && d->keys.quiet ? "probe " : "", d->own_keys ? "proto saddr sport dir daddr dport lane" : d->keys.columns);
	level_columns(d, &v, columns);
	a = read_keys(d, &v, bins, at);
	while ((b = aggr_next(a)) != NULL) {
		metric_derive(&d->metric, b);
		for (uint32_t r = 0; r < b->rows; r++) {
			int64_t value = metric_value(&d->metric, b, r);

			total = d->keys.ends ? bins->value[at] : total + value; /* each record once */
			if (value <= 0)
				continue;
			groups++;
			top_add(&t, b, r, value, false);
		}
	}
	if (aggr_error(a) != NULL)
		run_fail("%s", aggr_error(a));
	level_take(&v, &t, groups, total, length_of(bins->l.rows, at));
	left_out_join(&d->left, aggr_left_out(a));
	aggr_free(&a);
	buf_printf(&text, "Keys by %s, %lld in bin %u: ", by, (long long)total, (unsigned)at + 1);
	v.probe = one ? probes_name(d->probes, probe_of(d, bins->l.rows, at)) : NULL;
	title(&v, d, buf_cstr(&text), bins->from[at], v.probe);
	if (one) /* what is shown has both filters, the user's and the row's */
		(void)run_again(d->r, INT64_MIN, INT64_MAX, NULL);
	for (uint32_t r = 0; r < v.l.rows->rows; r++) {
		v.from[r] = bins->from[at];
		v.to[r] = bins->to[at];
		text.len = bpf.len = 0;
		key_filter(d, v.l.rows, r, bins->filter[at], &text);
		drill_bpf(&d->keys, v.l.rows, r, &bpf);
		commands(d, &v, r, buf_cstr(&text), buf_cstr(&bpf));
	}
	buf_free(&text);
	buf_free(&bpf);
	return (v);
}

/* --- level 3: records of a key -------------------------------------------------------------------- */

/* The columns are those of -s; of records of several probes, the probe too. */
static void
flow_columns(struct drill *d, struct level *v, bool several)
{
	const struct sheet *s = run_sheet(d->r);
	unsigned more = several && !run_chose_columns(d->r);

	v->columns = mem_zero(s->n + 1, sizeof(v->columns[0]));
	v->columns[0] = (struct sheet_column){ .field = F_probe, .name = fields[F_probe].name };
	memcpy(v->columns + more, s->want, s->n * sizeof(v->columns[0]));
	v->l.sheet = (struct sheet){ .want = v->columns,
				     .n = s->n + more,
				     .text = s->text,
				     .names = s->names,
				     .separator = s->separator };
}

static struct level
find_flows(struct drill *d, const struct level *keys, uint32_t at)
{
	struct level v = { .l.ranked = true };
	struct top t = top_new(d->most);
	struct fieldset want = { { 0 } };
	struct buf text = { 0 }, bpf = { 0 };
	uint64_t records = 0;
	int64_t total = 0;
	struct keys flow;
	struct batch *b;

	flow_columns(d, &v, keys->probe == NULL && d->several);
	(void)run_again(d->r, keys->from[at], keys->to[at], keys->filter[at]);
	level_want(d, &v, &want);
	run_want_set(d->r, &want);
	while ((b = run_next(d->r)) != NULL) {
		metric_derive(&d->metric, b);
		for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows;
		     i = bits_next(b->sel, i + 1, b->rows)) {
			int64_t value = metric_value(&d->metric, b, (uint32_t)i);

			records++;
			total += value;
			top_add(&t, b, (uint32_t)i, value, true);
		}
	}
	level_take(&v, &t, records, total, 0);
	(void)keys_parse("flow", &flow, (char[128]){ 0 }, 128);
	buf_printf(&text, "Records of key %u, %llu of them: ", (unsigned)at + 1,
		   (unsigned long long)records);
	title(&v, d, buf_cstr(&text), keys->from[at], keys->probe);
	/* a record's own filter is its flow: ask as the user did, not with the key's filter in it */
	(void)run_again(d->r, INT64_MIN, INT64_MAX, NULL);
	for (uint32_t r = 0; r < v.l.rows->rows; r++) {
		v.from[r] = keys->from[at];
		v.to[r] = keys->to[at];
		if (column_has(v.l.rows->col[F_bstart], r) &&
		    column_has(v.l.rows->col[F_bend], r)) {
			v.from[r] = v.l.rows->col[F_bstart]->i[r];
			v.to[r] = v.l.rows->col[F_bend]->i[r];
		}
		text.len = bpf.len = 0;
		drill_flow(v.l.rows, r, &text);
		drill_bpf(&flow, v.l.rows, r, &bpf);
		commands(d, &v, r, buf_cstr(&text), buf_cstr(&bpf));
	}
	buf_free(&text);
	buf_free(&bpf);
	return (v);
}

/* --- output --------------------------------------------------------------------------------------- */

static void
shorten(struct level *v, uint64_t most)
{
	struct batch *b = v->l.rows;

	if (b->rows <= most)
		return;
	for (uint32_t r = (uint32_t)most; r < b->rows; r++) {
		free(v->l.ra[r]);
		free(v->l.pcap[r]);
		free(v->filter[r]);
	}
	v->l.others += b->rows - most;
	b->rows = (uint32_t)most;
}

static uint32_t
rank(const char *option_name, const char *text, const struct level *v)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n == 0)
		run_usage("%s %s: expected a place in the ranking, from 1", option_name, text);
	if (n > v->l.rows->rows)
		run_usage("%s %s: there are %u", option_name, text, (unsigned)v->l.rows->rows);
	return ((uint32_t)n - 1);
}

static void
show_text(struct drill *d)
{
	struct sheet *s = run_sheet(d->r);
	struct level bins = find_bins(d), keys = { 0 }, flows = { 0 };
	uint32_t b, k;

	run_counted(d->r, bins.l.rows->rows);
	if (bins.l.rows->rows == 0) {
		sheet_printf(s, "%s\n", bins.l.title);
		level_free(&bins);
		return;
	}
	b = bin_text != NULL && d->at == INT64_MIN ? rank("--bin", bin_text, &bins) : 0;
	keys = find_keys(d, &bins, b);
	k = key_text != NULL && keys.l.rows->rows > 0 ? rank("--key", key_text, &keys) : 0;
	if (keys.l.rows->rows > 0)
		flows = find_flows(d, &keys, k);
	shorten(&bins, run_count(d->r, BINS_SHOWN));
	shorten(&keys, run_count(d->r, KEYS_SHOWN));
	if (bin_text == NULL)
		listing_text(&bins.l, s);
	if (key_text == NULL)
		listing_text(&keys.l, s);
	if (flows.l.rows != NULL) {
		shorten(&flows, run_count(d->r, FLOWS_SHOWN));
		listing_text(&flows.l, s);
		level_free(&flows);
	}
	if (bins.l.rows->rows > 1 && bin_text == NULL)
		sheet_printf(s, "Another bin: --bin 2, another key of it: --bin 2 --key 2\n");
	level_free(&keys);
	level_free(&bins);
}

static void
json_object(struct drill *d, struct listing *l, uint32_t r, struct listing *below)
{
	struct buf b = { 0 };
	struct json j = json_to(&b);
	struct sheet *s = run_sheet(d->r);

	json_open(&j, NULL, '{');
	listing_json(l, r, &j);
	if (below != NULL) {
		json_open(&j, "keys", '[');
		for (uint32_t k = 0; k < below->rows->rows; k++) {
			json_open(&j, NULL, '{');
			listing_json(below, k, &j);
			json_close(&j, '}');
		}
		json_close(&j, ']');
	}
	json_close(&j, '}');
	json_line(&j);
	buf_add(&s->out, b.p, b.len);
	sheet_ready(s);
	buf_free(&b);
}

/* Flows of one key: JSON objects or CSV rows. */
static void
show_flows(struct drill *d, const struct level *bins, uint32_t at)
{
	struct level keys = find_keys(d, bins, at), flows;
	struct grid g = { 0 };

	if (keys.l.rows->rows == 0) {
		level_free(&keys);
		return;
	}
	flows = find_flows(d, &keys, rank("--key", key_text, &keys));
	shorten(&flows, run_count(d->r, ROWS_MAX));
	run_counted(d->r, flows.l.rows->rows);
	if (run_json(d->r)) {
		for (uint32_t r = 0; r < flows.l.rows->rows; r++)
			json_object(d, &flows.l, r, NULL);
	} else {
		listing_grid(&flows.l, &g, false, 0);
		grid_csv(&g, run_sheet(d->r));
		run_sheet(d->r)->bare = true; /* that was all */
	}
	grid_free(&g);
	level_free(&keys);
	level_free(&flows);
}

/* All keys of some bins, as separated values: each row has the place of its bin, and when it was. */
static void
csv_keys(struct drill *d, struct level *bins, uint32_t first, uint32_t last)
{
	struct sheet *s = run_sheet(d->r);
	struct buf line = { 0 };
	bool heading = !s->bare;

	for (uint32_t r = first; r <= last; r++) {
		struct level keys = find_keys(d, bins, r);
		struct grid g = { 0 }, whole = { 0 };

		shorten(&keys, run_count(d->r, KEYS_SHOWN));
		run_counted(d->r, keys.l.rows->rows);
		listing_grid(&keys.l, &g, false, 0);
		grid_column(&whole, "bin", "bin", true);
		grid_column(&whole, "bstart", "bstart", false);
		for (unsigned i = 0; i < g.n; i++)
			grid_column(&whole, g.column[i].name, g.column[i].label, g.column[i].right);
		for (size_t c = 0; c < g.cells; c++) {
			if (c % g.n == 0) {
				grid_printf(&whole, "%u", (unsigned)r + 1);
				line.len = 0;
				(void)sheet_cell(&bins->l.sheet, bins->l.rows, 0, r, &line);
				grid_cell(&whole, buf_cstr(&line));
			}
			line.len = 0;
			buf_add(&line, g.text.p + (c == 0 ? 0 : g.end[c - 1]),
				g.end[c] - (c == 0 ? 0 : g.end[c - 1]));
			grid_cell(&whole, buf_cstr(&line));
		}
		s->bare = !heading;
		grid_csv(&whole, s);
		heading = false;
		grid_free(&g);
		grid_free(&whole);
		level_free(&keys);
	}
	s->bare = true; /* that was all */
	buf_free(&line);
}

static void
show_data(struct drill *d)
{
	struct level bins = find_bins(d);
	uint32_t first = 0, last;

	if (bin_text != NULL && d->at == INT64_MIN && bins.l.rows->rows > 0)
		first = rank("--bin", bin_text, &bins);
	if (bins.l.rows->rows == 0) {
		level_free(&bins);
		return;
	}
	if (key_text != NULL) {
		show_flows(d, &bins, first);
		level_free(&bins);
		return;
	}
	if (bin_text == NULL)
		shorten(&bins, run_count(d->r, BINS_SHOWN));
	last = bin_text != NULL ? first : bins.l.rows->rows - 1;
	if (!run_json(d->r)) {
		csv_keys(d, &bins, first, last);
		level_free(&bins);
		return;
	}
	for (uint32_t r = first; r <= last; r++) {
		struct level keys = find_keys(d, &bins, r);

		if (bin_text == NULL)
			shorten(&keys, run_count(d->r, KEYS_SHOWN));
		json_object(d, &bins.l, r, &keys.l);
		level_free(&keys);
	}
	run_counted(d->r, last - first + 1);
	level_free(&bins);
}

/* -w: the records of the key, as they are. */
static void
write_flows(struct drill *d)
{
	struct level bins = find_bins(d), keys = { 0 };
	struct batch *b;
	uint32_t at;

	if (bins.l.rows->rows > 0) {
		at = bin_text != NULL && d->at == INT64_MIN ? rank("--bin", bin_text, &bins) : 0;
		keys = find_keys(d, &bins, at);
		at = key_text != NULL ? rank("--key", key_text, &keys) : 0;
		if (keys.l.rows->rows > 0) {
			(void)run_again(d->r, keys.from[at], keys.to[at], keys.filter[at]);
			while ((b = run_next(d->r)) != NULL && run_print(d->r, b))
				;
		}
		level_free(&keys);
	}
	level_free(&bins);
}

/* --- on a terminal -------------------------------------------------------------------------------- */

static void
show_terminal(struct drill *d)
{
	static const char *const way[] = { NULL, "the bins", "the keys", "its records", NULL };
	struct level level[3] = { { .value = NULL } };
	uint32_t at[3] = { 0 };
	int depth = 0;

	level[0] = find_bins(d);

	run_counted(d->r, level[0].l.rows->rows);
	if (level[0].l.rows->rows == 0 || !screen_open()) { /* nothing to choose, or nowhere */
		level_free(&level[0]);
		(void)run_again(d->r, INT64_MIN, INT64_MAX, NULL);
		show_text(d);
		return;
	}
	for (;;) {
		enum term_answer answer = term_choose(&level[depth].l, &at[depth], way[depth + 2], way[depth]);

		if (answer == TERM_END)
			break;
		if (answer == TERM_OUT && depth > 0)
			level_free(&level[depth--]);
		if (answer != TERM_IN || depth == 2)
			continue;
		if (depth == 0) /* a bin can be looked at again */
			d->left = (struct left_out){ 0 };
		level[depth + 1] =
		    depth == 0 ? find_keys(d, &level[0], at[0]) : find_flows(d, &level[1], at[1]);
		at[depth + 1] = 0;
		if (level[depth + 1].l.rows->rows == 0)
			level_free(&level[depth + 1]);
		else
			depth++;
	}
	screen_close();
	/* what was looked at last stays on the screen, to be copied */
	sheet_printf(run_sheet(d->r), "%s\n%s\n", level[depth].l.ra[at[depth]],
		     level[depth].l.pcap[at[depth]]);
	for (int i = 0; i <= depth; i++)
		level_free(&level[i]);
}

/* --- start ---------------------------------------------------------------------------------------- */

static void
set_keys(struct drill *d)
{
	char err[256];

	d->own_keys = keys_text == NULL;
	if (!cluster_keys(d->r, d->own_keys ? "lane,conv" : keys_text, &d->keys, err, sizeof(err)))
		run_usage("%s", err);
	if (d->own_keys)
		d->keys.required = F_NONE; /* what is no tunnel counts too */
}

static void
set_bin(struct drill *d)
{
	size_t n = bin_text == NULL ? 0 : strlen(bin_text);

	d->at = INT64_MIN;
	if (key_text != NULL && bin_text == NULL)
		bin_text = "1";
	if (n == 0 || (strspn(bin_text, "0123456789") == n && n < 6))
		return;
	if (!clock_parse(bin_text, n, 0, run_zone(d->r), &d->at))
		run_usage(
		    "--bin %s: expected a place in the ranking, from 1, or a time within the bin",
		    bin_text);
}

/* Without -m every record has a key. */
static void
note_left_out(const struct drill *d)
{
	struct buf of = { 0 };

	if (d->own_keys)
		return;
	buf_printf(&of, "%s in the bins shown", keys_text);
	cluster_left_out(d->r, &d->keys, &d->left, buf_cstr(&of), "");
	buf_free(&of);
}

int
main(int argc, char **argv)
{
	struct drill d = { .r = run_start(argc, argv, &tool, option), .probes = probes_new() };
	bool terminal, piped;

	d.metric = metric_of(by);
	run_tell_probes(d.r);
	set_keys(&d);
	set_bin(&d);
	piped = run_spool(d.r);
	if (piped && run_stopping(d.r)) {
		probes_free(&d.probes);
		return (run_end(&d.r));
	}
	if (run_count(d.r, 1) == 0)
		run_usage("-N 0: expected at least one row");
	d.most = run_count(d.r, 0) > ROWS_MAX
		     ? (uint32_t)(run_count(d.r, 0) < 100000 ? run_count(d.r, 0) : 100000)
		     : ROWS_MAX;
	terminal = isatty(STDOUT_FILENO) && !plain && bin_text == NULL && (piped || isatty(STDIN_FILENO));
	if (run_output(d.r) != NULL)
		write_flows(&d);
	else if (run_json(d.r) || run_separated(d.r))
		show_data(&d);
	else if (terminal && !run_quiet(d.r))
		show_terminal(&d);
	else
		show_text(&d);
	note_left_out(&d);
	cluster_probes(d.r, &d.keys, keys_text);
	probes_free(&d.probes);
	return (run_end(&d.r));
}

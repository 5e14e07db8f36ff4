/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ragraph: time series of any fields by any key, as a picture.  See ragraph(1).
 */
#include "format/base/programs.h"
#include "ra-tools/out/graph.h"
#include "ra-tools/out/view.h"
#include "ra-tools/query/bin.h"
#include "ra-tools/report/series.h"
#include "ra-tools/run/again.h"
#include "ra-tools/run/cluster.h"
#include "ra-tools/run/page.h"
#include "ra-tools/run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { O_LINES = O_OWN, O_HTML, O_SVG, O_TITLE };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/ragraph.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Draws fields over time, a line or an area for each key.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.merges = true,
	.writes = true,
	.reports = true,
};

#define KEYS_SHOWN 8

static const char *key = "none", *html, *svg, *title;
static struct bin_options bin;
static bool lines;

static bool
option(int c, const char *arg)
{
	switch (c) {
	case 'm':
		key = arg;
		return (true);
	case 'M':
		if (!cut_parse(arg, &bin.width))
			run_usage("-M %s: expected a width, such as 1s, 5m, 1h, 1d, 1w or 1mo", arg);
		return (true);
	case O_LINES:
		return (lines = true);
	case O_HTML:
		html = arg;
		return (true);
	case O_SVG:
		svg = arg;
		return (true);
	case O_TITLE:
		title = arg;
		return (true);
	default:
		return (false);
	}
}

/* Do the values of several keys in one bin add up?  Rates over one bin do, as what they are rates of. */
static bool
adds_up(enum field f)
{
	static const uint16_t rates[] = { F_load, F_sload, F_dload, F_rate, F_srate, F_drate };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (f == rates[i])
			return (true);
	return (field_is_additive(f));
}

static struct bins *
prepare(struct run *r, struct keys *k, struct graph *g, struct series **s)
{
	struct fieldset keep = { { 0 } }, read = { { 0 } };
	const struct sheet *sheet = run_sheet(r);
	bool sums[SERIES_FIELDS] = { false };
	char err[256];

	if (!cluster_keys(r, key, k, err, sizeof(err)))
		run_usage("-m %s", err);
	if (k->n == KEYS_MAX)
		run_usage("-m: more than %d fields", KEYS_MAX - 1);
	run_columns(r, "load");
	if (sheet->n > SERIES_FIELDS)
		run_usage("-s: more than %d fields in one graph", SERIES_FIELDS);
	for (unsigned i = 0; i < sheet->n; i++) {
		enum field f = sheet->want[i].field;
		enum family is = types[fields[f].type].family;

		if (sheet->want[i].view != 0 || (is != FAMILY_MEASURE && is != FAMILY_REAL))
			run_usage("-s %s: it is no quantity that could be drawn", sheet->want[i].name);
		sums[i] = adds_up(f);
		g->field[i] = (struct graph_field){ .name = sheet->want[i].name, .doc = fields[f].doc, .unit = "", .stacked = sums[i] && !lines };
	}
	*s = series_new(sheet->n, sums, run_memory(r));
	run_tell_probes(r);
	run_fields(r, &keep);
	keys_keep(k, &keep);
	bins_want(k, &keep, &read);
	bin.zone = run_zone(r);
	bin.memory = run_memory(r);
	run_span(r, &bin.from, &bin.to);
	if (bin.from == INT64_MIN)
		bin.from = bin.to = 0; /* no -t */
	run_want_set(r, &read);
	return (bins_new(k, &keep, &bin));
}

/* How a value is drawn, and what its axis says. */
static double
drawn(const struct column *c, enum field f, uint32_t row)
{
	double v = c->store == STORE_REAL ? c->r[row] : c->store == STORE_I64 ? (double)c->i[row] : (double)c->u[row];

	return (fields[f].type == TYPE_DUR ? v / 1e6 : v);
}

/* The key of a row, as its columns are printed; of one probe alone, without that. */
static void
key_text(struct run *r, const struct keys *k, const struct batch *b, uint32_t row, struct buf *to)
{
	bool named = k->own_probe || probes_several(run_probes(r));

	to->len = 0;
	for (unsigned i = 0; i < k->n; i++) {
		enum field f = k->part[i].field;
		const struct column *c = b->col[f];
		union value v;

		if (f == F_bstart || !column_has(c, row) || (f == F_probe && !named))
			continue;
		v = column_value(c, row);
		if (fields[f].twin == f && f != F_proto && c->store == STORE_U64 && v.u == 0) /* no VRF, no type of ICMP */
			continue;
		if (to->len > 0)
			buf_str(to, f == F_smask || f == F_dmask ? "/" : " ");
		value_print(to, fields[f].type, &v, &run_sheet(r)->text, -1);
	}
	(void)buf_cstr(to);
}

static void
collect(struct run *r, const struct keys *k, struct batch *b, struct series *s, struct buf *text)
{
	const struct sheet *sheet = run_sheet(r);

	for (unsigned i = 0; i < sheet->n; i++)
		(void)batch_derive(b, sheet->want[i].field);
	run_having(r, b);
	for (size_t at = bits_next(b->sel, 0, b->rows); at < b->rows; at = bits_next(b->sel, at + 1, b->rows)) {
		uint32_t row = (uint32_t)at;

		series_bin(s, b->col[F_bstart]->i[row], b->col[F_bend]->i[row]);
		key_text(r, k, b, row, text);
		for (unsigned i = 0; i < sheet->n; i++) {
			const struct column *c = b->col[sheet->want[i].field];

			if (column_has(c, row) && !series_put(s, buf_cstr(text), i, drawn(c, sheet->want[i].field, row)))
				run_fail("there are more values than --memory has room for: wider bins (-M), a coarser key (-m) or a filter help");
		}
		run_counted(r, 1);
	}
}

static void
draw(struct run *r, struct graph *g)
{
	struct text_options o = run_sheet(r)->text;
	struct buf b = { 0 }, zone = { 0 }, command = { 0 };
	const char *path = html != NULL ? html : svg;
	char err[512];

	if (g->s->bins > 0)
		run_zone_text(r, g->s->start[0], g->s->end[g->s->bins - 1], &zone);
	g->zone = buf_cstr(&zone);
	if (o.zone == CLOCK_LOCAL && strstr(g->zone, " and ") == NULL)
		o.zone = CLOCK_BARE;
	again_command(r, TOOL(ragraph), path, &command);
	g->command = buf_cstr(&command);
	if (html != NULL)
		graph_html(g, &o, &b);
	else
		graph_svg(g, &o, &b);
	if (!page_write(r, path, &b, err, sizeof(err)))
		run_fail("%s", err);
	buf_free(&b);
	buf_free(&zone);
	buf_free(&command);
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);
	struct graph g = { .of = "" };
	struct series *s;
	struct keys k;
	struct bins *bins;
	struct batch *b;
	struct buf text = { 0 };

	if (run_output(r) != NULL)
		run_usage("-w: a picture is no record file; " TOOL(rabins) " writes one");
	if ((html == NULL) == (svg == NULL))
		run_usage("expected --html FILE or --svg FILE");
	page_check(r, html != NULL ? html : svg);
	bins = prepare(r, &k, &g, &s);
	cluster_bins(r, bins, bin.width != 0);
	while ((b = bins_next(bins)) != NULL)
		collect(r, &k, b, s, &text);
	if (bins_error(bins) != NULL)
		run_fail("%s", bins_error(bins));
	g.width = bins_width(bins);
	for (unsigned i = 0; i < s->fields; i++)
		g.field[i].unit = type_unit((enum type)fields[run_sheet(r)->want[i].field].type);
	g.of = strcmp(key, "none") == 0 ? "" : key;
	g.title = title != NULL ? title : "Flow records over time";
	series_rank(s, (size_t)run_count(r, KEYS_SHOWN));
	g.s = s;
	draw(r, &g);
	cluster_probes(r, &k, key);
	bins_free(&bins);
	series_free(&s);
	buf_free(&text);
	return (run_end(&r));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ratunnel: what each tunnel lost, when it was down, and whether that is what was promised.  See ratunnel(1).
 */
#include "format/base/log.h"
#include "format/base/programs.h"
#include "ra-tools/query/bin.h"
#include "ra-tools/run/cluster.h"
#include "ra-tools/run/again.h"
#include "ra-tools/run/page.h"
#include "ra-tools/out/report.h"
#include "ra-tools/run/run.h"
#include "ra-tools/report/contract.h"
#include "ra-tools/report/evidence.h"
#include "ra-tools/report/path.h"
#include "ra-tools/report/sla.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	O_SLA = O_OWN,
	O_BINS,
	O_CHECK,
	O_HTML,
	O_TITLE,
	O_STRICT,
	O_ONEWAY,
	O_LMAX,
	O_SAMPLE,
	O_ALL,
	O_PCAP,
	O_LOCAL,
	O_VERIFY,
	O_PATH
};

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/ratunnel.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Reports on tunnels: availability, loss, reordering, throughput, and whether "
		   "limits were kept.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.mar = true,
	.mar_always = true, /* what was not captured concerns every answer */
	.nothing = "no tunnel is among them (" TOOL(racluster) " shows what is)",
	.writes = true,
	.reports = true,
	.memory = 128u << 20, /* a month of bins, of which a file is as good a place */
};

enum { ESP = 50, AH = 51 };

#define CHARTS 50 /* tunnels with a chart, without -N */
#define DAY    (86400 * SEC)

static struct sla_options sla = { .lmax = 1, .min_sample = 100 };
static struct bin_options bin;
static struct path_options ways; /* --path */
static struct contracts *contracts;
static const char *contracts_file;
static bool lanes, check, all, bins_too;
static struct again again; /* --verify: the page */
static const char *subject; /* of what is no tunnel; NULL */
static const char *html, *title, *capture = "capture.pcap";

static double
percent(const char *option, const char *arg)
{
	char *end;
	double v = strtod(arg, &end);

	if (end == arg || (strcmp(end, "%") != 0 && *end != '\0') || !(v >= 0 && v <= 100))
		run_usage("%s %s: expected a percentage", option, arg);
	return (v);
}

/* Limits, or a file of them: --sla loss=1%, --sla contracts.txt */
static void
set_sla(const char *arg)
{
	char err[512];

	if (strchr(arg, '=') == NULL || strchr(arg, '/') != NULL) {
		if (contracts != NULL)
			run_usage("--sla %s: one file of limits", arg);
		contracts_file = arg;
		if ((contracts = contracts_read(arg, err, sizeof(err))) == NULL)
			run_usage("--sla %s", err);
		return;
	}
	if (!sla_parse(arg, &sla.limits, err, sizeof(err)))
		run_usage("%s", err);
}

/* Prefixes between commas. */
static void
set_local(const char *arg)
{
	for (const char *p = arg; *p != '\0';) {
		size_t n = strcspn(p, ",");
		struct sla_local *l = &sla.local[sla.locals];

		if (sla.locals == SLA_LOCAL || !ip_parse_net(p, n, &l->net, &l->len))
			run_usage("--local %s: expected up to %d addresses or prefixes, as 10.0.0.0/8,2001:db8::/32", arg, SLA_LOCAL);
		sla.locals++;
		p += n + (p[n] == ',');
	}
}

static void
set_path(const char *arg)
{
	static char ids[512];
	char err[256];

	if (strlen(arg) >= sizeof(ids))
		run_usage("--path %s: these are no ids of probes", arg);
	memcpy(ids, arg, strlen(arg) + 1);
	if (!path_parse(ids, &ways, err, sizeof(err)))
		run_usage("%s", err);
}

static bool
option(int c, const char *arg)
{
	char *end;

	switch (c) {
	case 'M':
		if (!cut_parse(arg, &bin.width))
			run_usage("-M %s: expected a width, such as 1s, 5m, 1h or 1d", arg);
		return (true);
	case 'm':
		lanes = strcmp(arg, "lane") == 0;
		subject = lanes || strcmp(arg, "tunnel") == 0 ? NULL : arg;
		return (true);
	case O_SLA:
		set_sla(arg);
		return (true);
	case O_BINS:
		return (bins_too = true);
	case O_CHECK:
		return (check = true);
	case O_HTML:
		html = arg;
		return (true);
	case O_TITLE:
		title = arg;
		return (true);
	case O_STRICT:
		return (sla.strict = true);
	case O_ONEWAY:
		return (sla.oneway = true);
	case O_LMAX:
		sla.lmax = percent("--degraded", arg);
		return (true);
	case O_SAMPLE:
		sla.min_sample = strtoull(arg, &end, 10);
		if (*arg < '0' || *arg > '9' || *end != '\0')
			run_usage("--min-sample %s: expected a number", arg);
		return (true);
	case O_ALL:
		return (all = true);
	case O_PCAP:
		capture = arg;
		return (true);
	case O_VERIFY:
		run_usage("--verify stands first, before the page and the files: " TOOL(ratunnel) " --verify report.html x.pavo");
	case O_PATH:
		set_path(arg);
		return (true);
	case O_LOCAL:
		set_local(arg);
		return (true);
	default:
		return (false);
	}
}

/* Of ESP, NAT traversal and WireGuard. */
static const uint16_t tunnel_facts[] = { F_snatka, F_dnatka, F_sbadspi, F_dbadspi, F_spiflags, F_sspi, F_dspi };

/* Two questions to the same rows: tunnels, and the IKE of their gateways. */
struct work {
	struct run *r;
	struct sla *s;
	struct evidence *evidence;
	struct path *path; /* NULL: --path was not given, or nothing is to be drawn */
	struct bins *tunnels, *ike;
	struct keys keys; /* of tunnels */
	struct left_out left;
	int64_t interval, from, to; /* the largest T of the input; its period so far */
	uint64_t sel[2][BITS_WORDS(BATCH_ROWS)];
};

static struct bins *
new_bins(struct run *r, const char *key, struct keys *k, void (*want)(struct fieldset *))
{
	struct fieldset keep = { { 0 } }, read = { { 0 } };
	char err[256];

	if (!keys_parse(key, k, err, sizeof(err)))
		run_fail("%s", err);
	want(&keep);
	bins_want(k, &keep, &read);
	run_want_set(r, &read);
	return (bins_new(k, &keep, &bin));
}

/* A key of the user's own, of each probe apart. */
static const char *
own_key(struct buf *text)
{
	struct keys k;
	char err[256];
	bool probe = false;

	if (!keys_parse(subject, &k, err, sizeof(err)))
		run_usage("-m %s", err);
	for (unsigned i = 0; i < k.n; i++)
		probe |= k.part[i].field == F_probe;
	buf_printf(text, "%s%s", probe || k.apart ? "" : "probe,", subject);
	return (buf_cstr(text));
}

static void
prepare(struct work *w)
{
	struct buf text = { 0 };
	static const uint16_t mar[] = { F_rectype, F_ps_drop, F_ifgap, F_bstart, F_bend };
	struct keys pair;

	bin.zone = run_zone(w->r);
	w->from = INT64_MAX;
	w->to = INT64_MIN;
	sla.zone = bin.zone;
	sla.contracts = contracts;
	sla.labels = run_label_lists(w->r);
	w->tunnels = new_bins(w->r, subject != NULL ? own_key(&text) : lanes ? "lane,conv" : "tunnel,conv", &w->keys,
			      subject != NULL ? sla_want_key : sla_want);
	buf_free(&text);
	sla.key = subject != NULL ? &w->keys : NULL;
	w->s = sla_new(&sla, lanes);
	w->ike = new_bins(w->r, "probe,matrix", &pair, sla_want_ike);
	run_tell_probes(w->r);
	if (html != NULL) {
		struct fieldset mar_fields = { { 0 } };

		w->evidence = evidence_new();
		evidence_want(&mar_fields);
		run_want_set(w->r, &mar_fields);
	}
	if (ways.a != NULL && html != NULL) {
		struct fieldset rows = { { 0 } };

		ways.zone = bin.zone;
		ways.memory = run_much_memory(w->r) / 2;
		w->path = path_new(&ways);
		path_want(&rows);
		run_want_set(w->r, &rows);
	}
	bins_memory(w->tunnels, run_room(w->r));
	bins_memory(w->ike, run_room(w->r) / 4);
	sla_memory(w->s, run_memory(w->r) / 2);
	for (size_t i = 0; i < sizeof(mar) / sizeof(mar[0]); i++)
		run_want(w->r, mar[i]);
	for (size_t i = 0; i < sizeof(tunnel_facts) / sizeof(tunnel_facts[0]); i++)
		run_want(w->r, tunnel_facts[i]);
}

/* It belongs to some tunnel, although the record can not say to which: other traffic is no part of such a report. */
static bool
of_tunnel(const struct batch *b, uint32_t r)
{
	const struct column *proto = b->col[F_proto];
	bool is = column_mixed(b->col[F_tunid], r) || (column_has(proto, r) && (proto->u[r] == ESP || proto->u[r] == AH));

	for (size_t i = 0; i < sizeof(tunnel_facts) / sizeof(tunnel_facts[0]); i++) {
		const struct column *c = b->col[tunnel_facts[i]];

		is |= column_has(c, r) && c->u[r] > 0;
	}
	return (is);
}

/* The selected rows of tunnels, and those of IKE; drops of the kernel are noted. */
static void
sort_rows(struct work *w, const struct batch *b)
{
	const struct column *type = b->col[F_rectype], *drop = b->col[F_ps_drop], *gap = b->col[F_ifgap],
			    *start = b->col[F_bstart], *end = b->col[F_bend];

	memset(w->sel, 0, sizeof(w->sel));
	for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows;
	     i = bits_next(b->sel, i + 1, b->rows)) {
		uint32_t r = (uint32_t)i;

		if (column_has(type, r) && type->u[r] == RECTYPE_MAR) {
			if (w->evidence != NULL)
				evidence_mar(w->evidence, b, r);
			if ((column_has(drop, r) && drop->u[r] > 0) || (column_has(gap, r) && gap->u[r] > 0))
				sla_suspect(w->s, b, r);
			continue;
		}
		if (subject != NULL ? column_has(type, r) && (type->u[r] == RECTYPE_FLOW || type->u[r] == RECTYPE_CORR) : column_has(b->col[F_tunid], r)) {
			bit_set(w->sel[0], i);
			if (column_has(start, r) && start->i[r] < w->from)
				w->from = start->i[r];
			if (column_has(end, r) && end->i[r] > w->to)
				w->to = end->i[r];
		} else if (subject == NULL && of_tunnel(b, r)) {
			(void)left_out_row(&w->left, b, F_tunid, r, false);
		}
		if (column_has(b->col[F_sikeq], r) || column_has(b->col[F_dikeq], r))
			bit_set(w->sel[1], i);
	}
}

/* The bins of a report of this period, which are to be a multiple of T: a day is shown as it was recorded, in a month
 * of so small bins a minute without packets is a point that nobody sees. */
static int64_t
bins_for(int64_t period, int64_t interval)
{
	int64_t least = period <= DAY ? 0 : period <= 35 * DAY ? 60 * SEC : 300 * SEC;

	return ((least + interval - 1) / interval * interval);
}

static void
add(struct work *w, struct batch *b)
{
	int64_t interval = run_segment(w->r)->interval * SEC;
	uint64_t *sel = b->sel;
	char err[512];

	sort_rows(w, b);
	if (w->path != NULL && !path_add(w->path, b))
		run_fail("there are more rows of both probes than --memory has room for: ask for less with -t or a filter");
	if (w->evidence != NULL && run_segment(w->r)->interval > 0)
		evidence_segment(w->evidence, run_segment(w->r));
	if (interval > w->interval)
		w->interval = interval;
	if (bin.width == 0 && interval > 0 && w->from < w->to) { /* bins become wider as the period grows */
		int64_t wide = bins_for(w->to - w->from, w->interval);

		interval = wide > interval ? wide : interval;
	}
	for (int k = 0; k < 2; k++) {
		b->sel = w->sel[k];
		if (interval == 0 && bits_next(b->sel, 0, b->rows) >= b->rows)
			continue; /* a file without a header: rows would say how wide bins are, and there are none */
		if (!bins_add(k == 0 ? w->tunnels : w->ike, b, interval, err, sizeof(err))) {
			bins_advise(k == 0 ? w->tunnels : w->ike, run_multiple(w->r), err, sizeof(err));
			run_fail("%s %s", run_at(w->r), err);
		}
	}
	b->sel = sel;
}

/* What is not in the figures. */
static void
left_out_of(const struct work *w, const struct report *rep, struct buf *to)
{
	if (*rep->asked != '\0')
		buf_printf(to, "records that do not match %s; ", rep->asked);
	if (w->left.records > 0) {
		left_out_count(&w->left, to);
		buf_str(to, " of tunnels that can not be told to belong to one; ");
	}
	if (sla.strict)
		buf_str(to, "suspect bins, in which packets were not captured (--strict); ");
	if (rep->partial)
		buf_str(to, "input that could not be read; ");
	if (to->len == 0)
		buf_str(to, "nothing; ");
	to->len -= 2;
	if (!sla.strict)
		buf_str(to, "; suspect bins, in which packets were not captured, count but break no limit");
}

static void
write_page(const struct buf *b, struct run *r)
{
	char err[512];

	if (!page_write(r, html, b, err, sizeof(err)))
		run_fail("%s", err);
}

/* --verify: true: the page is what it would be. */
static bool
compare(const struct work *w, const struct buf *b)
{
	struct buf was = { 0 }, is = { 0 };
	struct sheet *s = run_sheet(w->r);
	bool same = again_same(&again, b, REPORT_EVIDENCE, REPORT_EVIDENCE_END, &was, &is);

	if (same)
		sheet_printf(s, "the same: the page has the figures of the files\n");
	else
		sheet_printf(s, "not the same: where the page has\n  %s\nthe files have\n  %s\n", buf_cstr(&was), buf_cstr(&is));
	for (size_t i = 0; i < w->evidence->files; i++) {
		const struct evidence_file *f = &w->evidence->file[i];

		if (!f->pipe && strstr(again.page, f->xxh3) == NULL)
			sheet_printf(s, "%s is not a file that the page was made from, by its digest\n", f->path);
	}
	sheet_flush(s);
	buf_free(&was);
	buf_free(&is);
	return (same);
}

/* false: --verify found another one. */
static bool
page(struct work *w, struct report *rep)
{
	struct buf b = { 0 }, meta = { 0 }, command = { 0 }, verify = { 0 }, left = { 0 }, foot = { 0 };
	struct report_origin o = { .made = run_now(w->r) };
	struct text_options t = run_sheet(w->r)->text;
	char err[512];
	bool same = true;

	t.load = false; /* it is read by people, whatever else is printed */
	for (unsigned i = 0; run_input(w->r, i) != NULL; i++)
		if (!evidence_file(w->evidence, run_input(w->r, i), err, sizeof(err)))
			run_wrong(w->r, "%s", err);
	if (w->path != NULL && path_judge(w->path, w->interval, err, sizeof(err)))
		rep->path = w->path;
	else if (w->path != NULL)
		run_wrong(w->r, "--path: %s", err);
	left_out_of(w, rep, &left);
	again_meta(w->r, &meta);
	again_command(w->r, TOOL(ratunnel), html, &command);
	again_verify(w->r, TOOL(ratunnel), html, &verify);
	o.left_out = buf_cstr(&left);
	o.command = buf_cstr(&command);
	o.verify = buf_cstr(&verify);
	if (again.page != NULL)
		rep->inputs = again.inputs;
	if (t.zone == CLOCK_LOCAL && strstr(rep->zone, " and ") == NULL)
		t.zone = CLOCK_BARE; /* the page says it once */
	report_evidence(rep, w->evidence, &o, &t, &foot);
	rep->meta = buf_cstr(&meta);
	rep->evidence = buf_cstr(&foot);
	report_html(rep, &t, &b);
	if (again.page != NULL)
		same = compare(w, &b);
	else
		write_page(&b, w->r);
	if (run_json(w->r) && strcmp(html, "-") != 0) {
		report_json(rep, run_sheet(w->r));
		report_evidence_json(w->evidence, &o, run_sheet(w->r));
	}
	buf_free(&b);
	buf_free(&meta);
	buf_free(&command);
	buf_free(&verify);
	buf_free(&left);
	buf_free(&foot);
	return (same);
}

static bool
violated(const struct sla *s)
{
	for (size_t i = 0; i < sla_count(s); i++)
		if (sla_tunnel(s, i)->violated)
			return (true);
	return (false);
}

static bool
show(struct work *w)
{
	bool same = true;
	uint64_t most = run_count(w->r, UINT64_MAX);
	struct buf zone = { 0 };
	struct report rep = { .sla = w->s,
			      .count = sla_count(w->s) < most ? sla_count(w->s) : (size_t)most,
			      .charts = (size_t)run_count(w->r, CHARTS),
			      .inputs = run_inputs(w->r),
			      .asked = run_asked(w->r),
			      .interval = bin.width == 0 && w->interval < sla_width(w->s) ? w->interval : 0,
			      .title = title,
			      .capture = capture,
			      .more = all,
			      .probes = probes_several(run_probes(w->r)),
			      .partial = run_partial(w->r) };

	run_zone_text(w->r, w->from, w->to, &zone);
	rep.zone = buf_cstr(&zone);
	run_counted(w->r, rep.count);
	if (html != NULL)
		same = page(w, &rep);
	if (run_quiet(w->r) || (html != NULL && (strcmp(html, "-") == 0 || !check)))
		;
	else if (bins_too)
		report_bins(&rep, run_sheet(w->r), run_json(w->r), run_separated(w->r));
	else if (run_json(w->r))
		report_json(&rep, run_sheet(w->r));
	else if (run_separated(w->r))
		report_csv(&rep, run_sheet(w->r));
	else if (check)
		report_breaches(&rep, run_sheet(w->r));
	else
		report_text(&rep, run_sheet(w->r));
	buf_free(&zone);
	return (same);
}

/* All rows are in their bins: judge them. */
static void
take_bins(struct work *w)
{
	int64_t width = bins_width(w->tunnels);
	struct batch *b;

	while ((b = bins_next(w->tunnels)) != NULL)
		sla_add(w->s, b);
	while ((b = bins_next(w->ike)) != NULL)
		sla_ike(w->s, b);
	if (bins_error(w->tunnels) != NULL || bins_error(w->ike) != NULL)
		run_fail("%s", bins_error(w->tunnels) != NULL ? bins_error(w->tunnels) : bins_error(w->ike));
	bins_free(&w->tunnels);
	bins_free(&w->ike);
	sla_judge(w->s, width);
}

int
main(int argc, char **argv)
{
	static struct work w; /* bitmaps are large */
	struct batch *b;
	bool bad;
	int status;

	if (argc > 1 && strcmp(argv[1], "--verify") == 0) {
		if (argc < 4)
			run_usage("--verify: expected a page and the files: " TOOL(ratunnel) " --verify report.html x.pavo");
		again = again_read(argv[0], argv[2], argv + 3, argc - 3);
		html = argv[2];
		argc = again.argc;
		argv = again.argv;
	}
	w.r = run_start(argc, argv, &tool, option);
	if (ways.a != NULL && html == NULL)
		run_usage("--path is for the page (--html); " TOOL(rapath) " says it in other forms");
	if (run_output(w.r) != NULL)
		run_usage("-w: a report is no record file; " TOOL(racluster) " -m tunnel writes one");
	if (html != NULL && again.page == NULL)
		page_check(w.r, html);
	prepare(&w);
	while ((b = run_next(w.r)) != NULL)
		add(&w, b);
	take_bins(&w);
	bad = !show(&w);
	if (sla_error(w.s) != NULL)
		run_fail("%s", sla_error(w.s));
	if (subject == NULL)
		cluster_left_out(w.r, &w.keys, &w.left, lanes ? "lane" : "tunnel", TOOL(racluster) " ");
	bad |= check && violated(w.s);
	sla_free(&w.s);
	contracts_free(&contracts);
	evidence_free(&w.evidence);
	path_free(&w.path);
	status = run_end(&w.r);
	again_free(&again);
	return (status == 0 && bad ? 1 : status);
}

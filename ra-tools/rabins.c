/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rabins: merges records by time bin, and by key within a bin.  See rabins(1).
 */
#include "format/base/mem.h"
#include "ra-tools/query/bin.h"
#include "ra-tools/query/peak.h"
#include "ra-tools/run/cluster.h"
#include "ra-tools/run/run.h"
#include "ra-tools/out/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { O_ZERO = O_OWN, O_APPROX, O_DELTA, O_RATE, O_PEAK };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/rabins.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Merges flow records by time bin, and by key within a bin.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.merges = true,
	.views = VIEW_DELTA | VIEW_PEAK | VIEW_PEAKTIME,
};

static const char *key = "none";
static struct bin_options bin;
static bool delta, rate;
static const char *peak_text;
static enum field peak = F_NONE;
static struct bins *finer; /* --peak: those of the input */
static char columns[768]; /* borrowed by run.c */

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
	case O_ZERO:
		return (bin.zero = true);
	case O_DELTA:
		return (delta = true);
	case O_RATE:
		return (rate = true);
	case O_PEAK:
		peak_text = arg;
		return (true);
	case O_APPROX:
		return (bin.approx = true);
	default:
		return (false);
	}
}

static void
set_peak(struct run *r)
{
	const struct sheet *s = run_sheet(r);

	if (peak_text != NULL) {
		peak = field_named(peak_text, strlen(peak_text));
		if (peak == F_NONE)
			run_usage("--peak %s: no such field; the nearest is %s", peak_text, field_nearest(peak_text, strlen(peak_text)));
		if (view_wrong(peak, VIEW_PEAK) != NULL)
			run_usage("--peak %s: %s", peak_text, view_wrong(peak, VIEW_PEAK));
		if (bin.approx)
			run_usage("--peak and --approx: one of them, for a peak is no guess");
		if (run_output(r) != NULL)
			run_usage("--peak is shown, but no record has a place for it: no -w; --csv or --json keeps it");
		run_behind(r, peak, VIEW_PEAK);
		run_behind(r, peak, VIEW_PEAKTIME);
	}
	for (unsigned i = 0; i < s->n; i++)
		if ((s->want[i].view == VIEW_PEAK || s->want[i].view == VIEW_PEAKTIME) && s->want[i].field != peak &&
		    (peak == F_NONE || s->want[i].field != peak_twin(peak)))
			run_usage("-s %s: it needs --peak %s", s->want[i].name, fields[s->want[i].field].name);
}

/* Bins of the input's own width, which have everything that is to be merged again. */
static void
prepare_finer(const struct keys *k, const struct fieldset *keep, struct fieldset *read)
{
	static const enum field again[] = { F_bend, F_rectype, F_flags, F_spkts, F_dpkts };
	struct bin_options o = bin;
	struct fieldset all = *keep;

	o.width = 0;
	o.common = true; /* how wide they are is said */
	o.zero = false;
	o.ends = true;
	fieldset_want(&all, peak);
	fieldset_want(&all, peak_twin(peak));
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		fieldset_want(&all, again[i]);
	keys_keep(k, &all);
	bins_want(k, &all, read);
	finer = bins_new(k, &all, &o);
}

/* The finer bins' rows, each with its value, into these. */
static void
merge_finer(struct run *r, struct bins *bins)
{
	struct batch *b;
	char err[512];

	bins_memory(bins, run_room(r) / 2);
	cluster_bins(r, finer, false);
	while ((b = bins_next(finer)) != NULL) {
		peak_fill(b, peak);
		if (!bins_add(bins, b, bins_width(finer), err, sizeof(err)))
			run_fail("%s %s", run_at(r), err);
	}
	if (bins_error(finer) != NULL)
		run_fail("%s", bins_error(finer));
	run_peaks_of(r, bins_width(finer));
}

static struct bins *
prepare(struct run *r, struct keys *k)
{
	struct fieldset keep = { { 0 } }, read = { { 0 } };
	struct keys once;
	char err[256];

	if (!cluster_keys(r, key, k, err, sizeof(err)))
		run_usage("%s", err);
	if (k->n == KEYS_MAX)
		run_usage("-m: more than %d fields", KEYS_MAX - 1);
	(void)snprintf(columns, sizeof(columns),
		       "bstart %s trans spkts dpkts sbytes dbytes sloss dloss ploss", k->columns);
	run_both_ends(r, k->ends);
	run_columns(r, columns);
	if (delta)
		run_beside(r, VIEW_DELTA);
	if (rate)
		run_beside(r, VIEW_RATE);
	set_peak(r);
	if (k->apart)
		run_probe_column(r);
	run_tell_probes(r);
	if (run_views(r) != NULL)
		views_keys(run_views(r), k);
	run_fields(r, &keep);
	if (bin.zero || run_views(r) != NULL) /* whose bin before it is */
		keys_keep(k, &keep);
	bins_want(k, &keep, &read);
	bin.may_approx = peak == F_NONE;
	if (bin.approx) /* a record is split by the time from its first to its last packet */
		for (size_t i = 0; i < 4; i++)
			fieldset_want(
			    &read, (const enum field[]){ F_stime, F_ltime, F_flags, F_trans }[i]);
	bin.zone = run_zone(r);
	bin.memory = run_memory(r);
	bin.ends = run_output(r) != NULL; /* what is written may be merged into a bin that has packets */
	run_span(r, &bin.from, &bin.to);
	if (bin.from == INT64_MIN)
		bin.from = bin.to = 0; /* no -t */
	if (peak != F_NONE)
		prepare_finer(k, &keep, &read);
	run_want_set(r, &read);
	once = *k;
	once.halves = k->halves && peak == F_NONE; /* those of the finer bins are halves already */
	once.ends = k->ends && peak == F_NONE;
	return (bins_new(&once, &keep, &bin));
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);
	struct left_out left;
	struct keys k;
	struct bins *bins = prepare(r, &k);
	struct batch *b;

	if (finer != NULL)
		merge_finer(r, bins);
	else
		cluster_bins(r, bins, bin.width != 0);
	if (bins_split(bins) > 0)
		run_note(
		    "%llu records were split over bins: their counts are guesses, flagged approx",
		    (unsigned long long)bins_split(bins));
	run_interval(r, (uint32_t)(bins_width(bins) / SEC)); /* of months: the longest one's */
	run_over_bins(r);
	while ((b = bins_next(bins)) != NULL)
		if (!run_print(r, b))
			break;
	if (bins_error(bins) != NULL)
		run_fail("%s", bins_error(bins));
	left = bins_left_out(finer != NULL ? finer : bins);
	cluster_left_out(r, &k, &left, key, "");
	cluster_probes(r, &k, key);
	bins_free(&bins);
	bins_free(&finer);
	return (run_end(&r));
}

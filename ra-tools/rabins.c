/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rabins: merges records by time bin, and by key within a bin.  See rabins(1).
 */
#include "format/base/mem.h"
#include "ra-tools/bin.h"
#include "ra-tools/run.h"
#include "ra-tools/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { O_ZERO = O_OWN, O_APPROX, O_DELTA, O_RATE };

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
	.views = VIEW_DELTA,
};

static const char *key = "none";
static struct bin_options bin;
static bool delta, rate;
static char columns[768]; /* borrowed by run.c */

static bool
option(int c, const char *arg)
{
	switch (c) {
	case 'm':
		key = arg;
		return (true);
	case 'M':
		if (!clock_parse_dur(arg, strlen(arg), &bin.width) || bin.width <= 0)
			run_usage("-M %s: expected a width, such as 1s, 5m, 1h or 1d", arg);
		return (true);
	case O_ZERO:
		return (bin.zero = true);
	case O_DELTA:
		return (delta = true);
	case O_RATE:
		return (rate = true);
	case O_APPROX:
		return (bin.approx = true);
	default:
		return (false);
	}
}

static struct bins *
prepare(struct run *r)
{
	struct fieldset keep = { { 0 } }, read = { { 0 } };
	struct keys k;
	char err[256];

	if (!keys_parse(key, &k, err, sizeof(err)))
		run_usage("%s", err);
	if (k.n == KEYS_MAX)
		run_usage("-m: more than %d fields", KEYS_MAX - 1);
	(void)snprintf(columns, sizeof(columns),
		       "bstart %s trans spkts dpkts sbytes dbytes sloss dloss ploss", k.columns);
	run_columns(r, columns);
	if (delta)
		run_beside(r, VIEW_DELTA);
	if (rate)
		run_beside(r, VIEW_RATE);
	if (run_views(r) != NULL)
		views_keys(run_views(r), &k);
	run_fields(r, &keep);
	if (bin.zero || run_views(r) != NULL) /* whose bin before it is */
		keys_keep(&k, &keep);
	bins_want(&k, &keep, &read);
	if (bin.approx) /* a record is split by the time from its first to its last packet */
		for (size_t i = 0; i < 4; i++)
			fieldset_want(
			    &read, (const enum field[]){ F_stime, F_ltime, F_flags, F_trans }[i]);
	run_want_set(r, &read);
	bin.zone = run_zone(r);
	return (bins_new(&k, &keep, &bin));
}

struct share { /* of one thread */
	struct bins *bins;
	uint64_t refused; /* number of the batch + 1 */
	char why[1024];
};

static void
take(void *state, struct batch *b, const struct origin *o)
{
	struct share *s = state;
	char err[512];

	if (s->refused > 0)
		return;
	bins_place(s->bins, o->number);
	if (bins_add(s->bins, b, o->segment->interval * SEC, err, sizeof(err)))
		return;
	s->refused = o->number + 1;
	(void)snprintf(s->why, sizeof(s->why), "%s %s", o->path, err);
}

/* Without -M the width follows from the order of the records: then one thread merges. */
static void
merge_all(struct run *r, struct bins *bins)
{
	unsigned n = bin.width != 0 ? run_threads(r) : 1;
	struct share *share = mem_zero(n, sizeof(share[0]));
	void **states = mem_zero(n, sizeof(states[0]));
	const struct share *first = NULL;
	struct batch *b;

	bins_memory(bins, run_memory(r) / n);
	for (unsigned i = 0; i < n; i++) {
		share[i].bins = i == 0 ? bins : bins_twin(bins);
		states[i] = &share[i];
	}
	if (n > 1)
		run_each(r, take, states);
	else
		while (share[0].refused == 0 && (b = run_next(r)) != NULL)
			take(&share[0], b, run_origin(r));
	for (unsigned i = 0; i < n; i++)
		if (share[i].refused > 0 && (first == NULL || share[i].refused < first->refused))
			first = &share[i];
	if (first != NULL)
		run_fail("%s", first->why);
	for (unsigned i = 1; i < n; i++)
		bins_join(bins, &share[i].bins);
	free(share);
	free(states);
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);
	struct bins *bins = prepare(r);
	struct batch *b;

	merge_all(r, bins);
	if (bins_split(bins) > 0)
		run_note(
		    "%llu records were split over bins: their counts are guesses, flagged approx",
		    (unsigned long long)bins_split(bins));
	run_interval(r, (uint32_t)(bins_width(bins) / SEC));
	while ((b = bins_next(bins)) != NULL)
		if (!run_print(r, b))
			break;
	if (bins_error(bins) != NULL)
		run_fail("%s", bins_error(bins));
	bins_free(&bins);
	return (run_end(&r));
}

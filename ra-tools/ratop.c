/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ratop: the greatest groups by a field, with their share of the total.  See ratop(1).
 */
#include "format/base/log.h"
#include "format/base/clock.h"
#include "ra-tools/run/cluster.h"
#include "ra-tools/run/run.h"
#include "ra-tools/query/sort.h"
#include "ra-tools/top_live.h"
#include "ra-tools/out/view.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_COUNT 10
#define TOPS_MAX      16 /* in one run */
#define SPARE	      65536 /* groups that are kept before the lesser ones are dropped */

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/ratop.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Shows the greatest groups of flow records, and their share of the total.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.merges = true,
	.views = VIEW_SHARE | VIEW_RANK,
};

static const char *key = "conv", *order = "bytes", *interval;
static struct asked { /* each -m, with the -o that follows it */
	const char *key, *order;
} asked[TOPS_MAX];
static unsigned nasked;
static char columns[768]; /* borrowed by run.c */

struct top {
	struct keys keys;
	struct aggr *groups, *rest, *total, *totals; /* totals: those of `total`, to be shown */
	struct sort *sort;
	struct sort_keys by;
	uint64_t count, held;
	int64_t over; /* what rates are over */
	bool rows_of_sums; /* rest and total are shown */
	struct seen { /* of the groups in a sum, for each part of the key: do some have none? */
		bool none[KEYS_MAX];
		uint64_t groups;
	} seen_rest, seen_total;
	uint64_t sel[BITS_WORDS(BATCH_ROWS)], best[BITS_WORDS(BATCH_ROWS)];
};

static bool
option(int c, const char *arg)
{
	if (c == 'm') {
		if (nasked == TOPS_MAX)
			run_usage("-m: more than %d tops", TOPS_MAX);
		asked[nasked++].key = key = arg;
	} else if (c == 'o') {
		order = arg;
		if (nasked > 0)
			asked[nasked - 1].order = arg;
	}
	else if (c == 'i')
		interval = arg;
	return (c == 'm' || c == 'o' || c == 'i');
}

/* The key, the field and its share, and what one wants to know of a group besides. */
static void
default_columns(struct run *r, const struct keys *k, enum field f)
{
	static const uint16_t besides[] = { F_trans,  F_spkts, F_dpkts, F_sbytes,
					    F_dbytes, F_sloss, F_dloss };
	size_t n =
	    (size_t)snprintf(columns, sizeof(columns), "rank %s %s", k->columns, fields[f].name);

	if (view_wrong(f, VIEW_SHARE) == NULL)
		n +=
		    (size_t)snprintf(columns + n, sizeof(columns) - n, " %s_share", fields[f].name);
	for (size_t i = 0; i < sizeof(besides) / sizeof(besides[0]); i++)
		if (besides[i] != f)
			n += (size_t)snprintf(columns + n, sizeof(columns) - n, " %s",
					      fields[besides[i]].name);
	run_columns(r, columns);
}

static bool
shows_rank(struct run *r)
{
	const struct sheet *s = run_sheet(r);

	for (unsigned i = 0; i < s->n; i++)
		if (s->want[i].view == VIEW_RANK)
			return (true);
	return (false);
}

static void
prepare(struct run *r, struct top *t)
{
	struct fieldset keep = { { 0 } }, read = { { 0 } };
	struct keys sums;
	enum field f = field_named(order, strlen(order));
	char err[256];

	if (!cluster_keys(r, key, &t->keys, err, sizeof(err)) ||
	    !keys_parse("none", &sums, err, sizeof(err)))
		run_usage("%s", err);
	if (!t->keys.apart)
		keys_merge_probes(&sums);
	if (f == F_NONE)
		run_usage("-o %s: no such field; the nearest is %s", order,
			  field_nearest(order, strlen(order)));
	run_both_ends(r, t->keys.ends);
	default_columns(r, &t->keys, f);
	if (t->keys.apart) {
		run_probe_column(r);
		fieldset_want(&keep, F_probe);
	}
	run_tell_probes(r);
	run_fields(r, &keep);
	fieldset_want(&keep, f);
	keys_want(&t->keys, &keep, &read);
	run_want_set(r, &read);
	t->by = sort_greatest(f, &t->keys);
	t->count = run_count(r, DEFAULT_COUNT);
	run_uncounted(r);
	t->rows_of_sums = shows_rank(r) && run_output(r) == NULL && run_text(r);
	if (t->keys.ends && t->rows_of_sums)
		run_sheet(r)->peaks = "A record counts for both its ends, so shares can add up to more than 100 %; the total counts it once";
	t->groups = aggr_new(&t->keys, &keep);
	if (t->keys.ends)
		aggr_add_up(t->groups, &sums);
	t->total = aggr_new(&sums, &keep);
	t->totals = aggr_new(&sums, &keep);
	t->rest = aggr_new(&sums, &keep);
	t->sort = sort_new(&t->by);
}

/* Everything that the batch has beside these rows goes into the rest. */
static void
note_groups(const struct top *t, struct seen *s, struct batch *b)
{
	for (unsigned i = 0; i < t->keys.n; i++) {
		const struct column *c = batch_derive(b, t->keys.part[i].field);

		for (uint32_t r = 0; r < b->rows; r++) {
			s->none[i] |= batch_selected(b, r) && !column_has(c, r);
		}
	}
	s->groups += b->sel == NULL ? b->rows : bits_count(b->sel, b->rows);
}

static void
make_mixed(struct batch *b, struct column *c, uint32_t r)
{
	bit_clear(c->present, r);
	column_set_mixed(b, c, r);
}

/* A sum of groups has no key of one of them. */
static void
mark_mixed(const struct top *t, const struct seen *s, struct batch *b)
{
	struct column *dir = batch_derive(b, F_dir);

	for (unsigned i = 0; i < t->keys.n && s->groups > 1; i++) {
		struct column *c = batch_derive(b, t->keys.part[i].field);

		for (uint32_t r = 0; r < b->rows && c != NULL; r++) {
			if (t->keys.ends || (column_has(c, r) && s->none[i]))
				make_mixed(b, c, r);
			if (column_mixed(c, r) && column_has(dir, r))
				make_mixed(b, dir, r);
		}
	}
}

static void
leave_out(struct top *t, struct batch *b, uint64_t *shown)
{
	if (!t->rows_of_sums || t->keys.ends)
		return;
	for (size_t w = 0; w < BITS_WORDS(b->rows); w++)
		t->sel[w] = ~shown[w];
	if (b->rows % 64 != 0)
		t->sel[b->rows / 64] &= (1ull << b->rows % 64) - 1;
	b->sel = t->sel;
	note_groups(t, &t->seen_rest, b);
	aggr_add(t->rest, b);
	b->sel = shown;
}

/* The next rows in order, of which only those stay selected that are still to be shown. */
static struct batch *
next_best(struct top *t, uint64_t *left)
{
	struct batch *b = sort_next(t->sort);

	if (b == NULL)
		return (NULL);
	memset(t->best, 0, BITS_WORDS(b->rows) * 8);
	for (uint32_t r = 0; r<b->rows && * left> 0; r++, (*left)--)
		bit_set(t->best, r);
	b->sel = t->best;
	leave_out(t, b, t->best);
	return (b);
}

/* What can not be among the first any more need not be kept. */
static void
drop_others(struct top *t)
{
	struct sort *kept = sort_new(&t->by);
	uint64_t left = t->count;
	struct batch *b;

	sort_over(kept, t->over);
	while ((b = next_best(t, &left)) != NULL)
		sort_add(kept, b);
	sort_free(&t->sort);
	t->sort = kept;
	t->held = t->count - left;
}

static void
add_groups(struct run *r, struct top *t, struct batch *b)
{
	note_groups(t, &t->seen_total, b);
	if (!t->keys.ends)
		aggr_add(t->total, b);
	run_having(r, b);
	leave_out(t, b, b->sel);
	sort_add(t->sort, b);
	t->held += bits_count(b->sel, b->rows);
	if (t->held > t->count + SPARE)
		drop_others(t);
}

/* One row; where probes are apart, one for each. */
static void
print_sums(struct run *r, const struct top *t, const struct seen *s, struct aggr *sums, const char *name)
{
	struct batch *b;

	if (run_views(r) != NULL)
		views_rank(run_views(r), name);
	while ((b = aggr_next(sums)) != NULL) {
		b->sel = NULL;
		mark_mixed(t, s, b);
		(void)run_print_anyway(r, b);
	}
}

/* Shares are of these; they are shown at the end. */
static void
take_totals(struct run *r, struct top *t)
{
	struct batch *b;

	while ((b = aggr_next(t->keys.ends ? aggr_sums(t->groups) : t->total)) != NULL) {
		if (run_views(r) != NULL)
			views_total(run_views(r), b, t->keys.apart);
		aggr_add(t->totals, b);
	}
}

static void
show(struct run *r, struct top *t)
{
	struct batch *b;
	uint64_t left = t->count;
	bool any = false, more = true;

	while ((b = aggr_next(t->groups)) != NULL)
		add_groups(r, t, b);
	if (aggr_error(t->groups) != NULL)
		run_fail("%s", aggr_error(t->groups));
	take_totals(r, t);
	while (more && (b = next_best(t, &left)) != NULL)
		if (bits_count(b->sel, b->rows) > 0) {
			any = true;
			more = run_print(r, b);
		}
	if (!any || !more || !t->rows_of_sums)
		return;
	if (!t->keys.ends) /* of two groups it may have the same records */
		print_sums(r, t, &t->seen_rest, t->rest, "rest");
	print_sums(r, t, &t->seen_total, t->totals, "total");
}

static int64_t
seconds(const char *text)
{
	int64_t ns;

	if (!clock_parse_dur(text, strlen(text), &ns) || ns < 100 * MSEC || ns > 3600 * SEC)
		run_usage("-i %s: expected a time from 100ms to 1h", text);
	return (ns);
}

/* Several tops: a process for each, one behind the other; this one goes on as one of them.  -1: it is the one that waited,
 * and status says how all ended. */
static int
one_of_several(struct run *r, int *status)
{
	const char *path;

	for (unsigned i = 0; (path = run_input(r, i)) != NULL; i++)
		if (strcmp(path, "-") == 0)
			run_usage("several tops look at the input several times, and it is a pipe: write it to a file");
	if (run_output(r) != NULL || interval != NULL)
		run_usage("-w and -i: of one top, one -m");
	for (unsigned i = 0; i < nasked; i++) {
		int how;
		pid_t child;

		if (i > 0 && !run_json(r))
			sheet_printf(run_sheet(r), "\n");
		sheet_flush(run_sheet(r));
		child = fork();
		if (child == 0) {
			key = asked[i].key;
			order = asked[i].order != NULL ? asked[i].order : order;
			return ((int)i);
		}
		if (child < 0 || waitpid(child, &how, 0) != child || !WIFEXITED(how))
			run_fail("a top ended early");
		*status = WEXITSTATUS(how) > *status ? WEXITSTATUS(how) : *status;
	}
	return (-1);
}

int
main(int argc, char **argv)
{
	static struct top t;
	struct run *r = run_start(argc, argv, &tool, option);
	int status = 0;

	if (nasked > 1 && one_of_several(r, &status) < 0)
		log_exit(status); /* the tops were others' */
	if (interval != NULL) {
		top_live(r, seconds(interval), key, order);
		return (run_end(&r));
	}
	prepare(r, &t);
	cluster_all(r, t.groups);
	run_over_all(r);
	t.over = run_over(r);
	sort_over(t.sort, t.over);
	show(r, &t);
	cluster_left_out(r, &t.keys, aggr_left_out(t.groups), key, "");
	cluster_probes(r, &t.keys, key);
	aggr_free(&t.groups);
	aggr_free(&t.rest);
	aggr_free(&t.total);
	aggr_free(&t.totals);
	sort_free(&t.sort);
	return (run_end(&r));
}

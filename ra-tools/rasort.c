/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rasort: puts records in order.  See rasort(1).
 */
#include "format/base/clock.h"
#include "ra-tools/run/run.h"
#include "ra-tools/query/sort.h"

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/rasort.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Puts flow records in order.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.columns = "stime flgs proto saddr sport dir daddr dport spkts dpkts sbytes dbytes sloss "
		   "dloss state",
};

static const char *order = "stime";

static bool
option(int c, const char *arg)
{
	if (c == 'm')
		order = arg;
	return (c == 'm');
}

static struct sort_keys keys;

static bool
by_rate(void)
{
	bool rate = false;

	for (unsigned i = 0; i < keys.n; i++)
		rate |= field_is_rate(keys.key[i].field);
	return (rate);
}

static struct sort *
new_sort(const struct run *r)
{
	struct sort *s = sort_new(&keys);

	sort_memory(s, run_room(r));
	if (!by_rate()) /* what they are over is not known before the end */
		sort_most(s, run_most(r));
	return (s);
}

static struct sort *
prepare(struct run *r)
{
	struct fieldset read = { { 0 } };
	char err[256];

	if (!sort_parse(order, &keys, err, sizeof(err)))
		run_usage("%s", err);
	sort_want(&keys, &read);
	run_want_set(r, &read);
	return (new_sort(r));
}

/* Rows that are longer than the bins of their file were merged from several: they are no bins.  A day is an hour longer where
 * the clock is set back. */
static bool
was_merged(struct batch *b, int64_t T)
{
	const struct dense *from = b->dense[F_bstart], *to = b->dense[F_bend];
	int64_t longest = T >= 86400 * SEC ? T + 3600 * SEC : T;
	const struct column *start, *end;

	if (from != NULL && to != NULL && dense_is_one(from) && dense_is_one(to)) /* most often all of a block is one bin */
		return (T > 0 && (int64_t)(narrow_at(&to->num, 0) - narrow_at(&from->num, 0)) > longest);
	start = batch_flat(b, F_bstart);
	end = batch_flat(b, F_bend);
	for (size_t i = bits_next(b->sel, 0, b->rows); T > 0 && start != NULL && end != NULL && i < b->rows;
	     i = bits_next(b->sel, i + 1, b->rows))
		if (column_has(start, (uint32_t)i) && column_has(end, (uint32_t)i) && end->i[i] - start->i[i] > longest)
			return (true);
	return (false);
}

/* Rates of all rows are over the same time, whichever: that is how those are put in order that are there already. */
static struct sort *
sort_again(struct run *r, struct sort *old)
{
	struct sort *s = new_sort(r);
	struct batch *b;

	sort_over(s, SEC);
	while ((b = sort_next(old)) != NULL)
		sort_add(s, b);
	if (sort_error(old) != NULL)
		run_fail("%s", sort_error(old));
	sort_free(&old);
	return (s);
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);
	struct sort *s = prepare(r);
	struct batch *b;
	bool merged = false;

	run_takes_dense(r, true, NULL);
	while (sort_error(s) == NULL && (b = run_next(r)) != NULL) {
		if (!merged && was_merged(b, (int64_t)run_segment(r)->interval * SEC)) {
			merged = true;
			s = sort_again(r, s);
		}
		sort_add(s, b);
	}
	if (merged)
		run_over_all(r);
	while ((b = sort_next(s)) != NULL)
		if (!run_print(r, b))
			break;
	if (sort_error(s) != NULL)
		run_fail("%s", sort_error(s));
	sort_free(&s);
	return (run_end(&r));
}

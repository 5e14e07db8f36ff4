/* SPDX-License-Identifier: BSD-2-Clause
 *
 * over.c: what rates are over: each row's own bin, or one span for all rows.  Tested by tests/truth/rates.tap and tests/cli (rates).
 */
#include "ra-tools/run/room.h"

#include "ra-tools/out/view.h"

static void
note_least(int64_t *to, int64_t v)
{
	int64_t old = __atomic_load_n(to, __ATOMIC_RELAXED);

	while (v < old && !__atomic_compare_exchange_n(to, &old, v, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void
note_most(int64_t *to, int64_t v)
{
	int64_t old = __atomic_load_n(to, __ATOMIC_RELAXED);

	while (v > old && !__atomic_compare_exchange_n(to, &old, v, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void
over_start(struct run *r)
{
	r->reach_from = INT64_MAX;
	r->reach_to = INT64_MIN;
}

void
over_block(struct run *r, const struct block_info *b)
{
	const struct range *start = &b->range[F_bstart], *end = &b->range[F_bend];

	__atomic_fetch_add(&r->came_by, b->rows, __ATOMIC_RELAXED);
	if (start->known && !start->mixed)
		note_least(&r->reach_from, start->min.i);
	if (end->known && !end->mixed)
		note_most(&r->reach_to, end->max.i);
}

static int64_t
span(const struct run *r, int64_t *from, int64_t *to)
{
	*from = r->reach_from;
	*to = r->reach_to;
	return (period_span(&r->period, (int64_t)r->segment.interval * SEC, from, to));
}

int64_t
run_over(const struct run *r)
{
	int64_t from, to;

	return (span(r, &from, &to));
}

void
run_over_all(struct run *r)
{
	int64_t from, to;
	char text[CLOCK_TEXT];
	struct buf b = { 0 };

	if ((r->over = span(r, &from, &to)) == 0)
		return;
	(void)clock_dur((uint64_t)(r->over / USEC), r->over % SEC == 0 ? 0 : 6, text);
	buf_printf(&b, "Rates over %s s, ", text);
	(void)clock_text(from, 0, r->period.zone, text);
	buf_printf(&b, "%s to ", text);
	(void)clock_text(to, 0, r->period.zone, text);
	buf_str(&b, text);
	r->sheet.rates = arena_copy(&r->names, buf_cstr(&b), b.len + 1);
	buf_free(&b);
}

void
run_over_bins(struct run *r)
{
	r->sheet.rates = "Rates over each bin";
}

void
run_peaks_of(struct run *r, int64_t finer)
{
	char text[CLOCK_TEXT];
	struct buf b = { 0 };

	(void)clock_dur((uint64_t)(finer / USEC), finer % SEC == 0 ? 0 : 6, text);
	buf_printf(&b, "Peaks are of bins of %s s", text);
	r->sheet.peaks = arena_copy(&r->names, buf_cstr(&b), b.len + 1);
	buf_free(&b);
}

static bool
shows_rates(const struct run *r)
{
	for (unsigned i = 0; i < r->sheet.n; i++) {
		const struct sheet_column *c = &r->sheet.want[i];

		if (c->view == VIEW_RATE || ((c->view == 0 || c->view == VIEW_DELTA) && field_is_rate(c->field)))
			return (true);
	}
	return (false);
}

void
over_head(struct run *r)
{
	if (!shows_rates(r))
		r->sheet.rates = NULL;
}

void
over_batch(const struct run *r, struct batch *b)
{
	if (r->over > 0)
		b->over = r->over;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_bin.c: time bins: exact ones, refused ones, split ones, empty ones.
 */
#include "ra-tools/query/bin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define DAY (86400 * SEC)

struct in {
	int64_t start, len; /* seconds */
	uint64_t pkts;
	bool end_row; /* no traffic */
};

static void
fill(struct batch *b, const struct in *in, unsigned n)
{
	static struct flow f;

	for (unsigned i = 0; i < n; i++) {
		flow_clear(&f);
		SET(&f, rectype, RECTYPE_FLOW);
		SET(&f, bstart, in[i].start * SEC);
		SET(&f, bend, (in[i].start + in[i].len) * SEC);
		SET(&f, state, in[i].end_row ? STATE_CLO : STATE_CON);
		if (in[i].end_row) {
			SET(&f, flags, RFLAGS_end);
		} else {
			SET(&f, spkts, in[i].pkts);
			SET(&f, stime, in[i].start * SEC);
			SET(&f, ltime, (in[i].start + in[i].len) * SEC - 1);
		}
		batch_add(b, &f);
	}
}

struct made {
	struct bins *bins;
	char err[512];
	bool good;
};

static struct made
make(const struct bin_options *o, int64_t interval, const struct in *in, unsigned n)
{
	struct batch *b = batch_new(64);
	struct fieldset keep = { { 0 } };
	struct made m = { .err = "" };
	struct keys k;

	fieldset_all(&keep);
	assert_true(keys_parse("none", &k, m.err, sizeof(m.err)));
	m.bins = bins_new(&k, &keep, o);
	fill(b, in, n);
	m.good = bins_add(m.bins, b, interval * SEC, m.err, sizeof(m.err));
	batch_free(&b);
	return (m);
}

static void
check(struct made *m, const struct in *want, unsigned n)
{
	struct batch *b;
	unsigned at = 0;

	assert_true(m->good);
	while ((b = bins_next(m->bins)) != NULL)
		for (uint32_t r = 0; r < b->rows; r++, at++) {
			assert_true(at < n);
			assert_int_equal(b->col[F_bstart]->i[r], want[at].start * SEC);
			assert_int_equal(b->col[F_bend]->i[r],
					 (want[at].start + want[at].len) * SEC);
			assert_int_equal(b->col[F_spkts]->u[r], want[at].pkts);
		}
	assert_int_equal(at, n);
	bins_free(&m->bins);
}

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void
exact(void **state)
{
	static const struct in in[] = { { 100, 5, 3, false },
					{ 105, 5, 4, false },
					{ 60, 5, 1, false },
					{ 115, 5, 2, false },
					{ 120, 5, 9, false } };
	static const struct in minute[] = { { 60, 60, 10, false }, { 120, 60, 9, false } };
	static const struct in ten[] = { { 60, 10, 1, false },
					 { 100, 10, 7, false },
					 { 110, 10, 2, false },
					 { 120, 10, 9, false } };
	struct bin_options o = { .width = 60 * SEC };
	struct made m = make(&o, 0, in, N(in));

	(void)state;
	check(&m, minute, N(minute));
	o.width = 10 * SEC;
	m = make(&o, 0, in, N(in));
	check(&m, ten, N(ten));
}

/* Without a width: the largest of the input; what was merged into smaller bins before is merged again. */
static void
own_width(void **state)
{
	static const struct in in[] = { { 100, 1, 3, false },
					{ 104, 1, 4, false },
					{ 105, 5, 1, false } };
	static const struct in want[] = { { 100, 5, 7, false }, { 105, 5, 1, false } };
	struct bin_options o = { .width = 0 };
	struct made m = make(&o, 0, in, N(in));

	(void)state;
	assert_int_equal(bins_width(m.bins), 5 * SEC);
	check(&m, want, N(want));
}

static void
refused(void **state)
{
	static const struct {
		int64_t width, interval;
		const char *says;
	} cases[] = {
		{ SEC, 5,
		  "was recorded in bins of 5 s (pavo -S); 1 s bins would be guesses: use -M 5s, "
		  "record with pavo -S 1,"
		  " or --approx" },
		{ SEC, 0, "was recorded in bins of 5 s (pavo -S)" }, /* the records say so too */
		{ 7 * SEC, 5, "use -M 10s" },			     /* though these two fit */
		{ 5 * SEC, 1, "has merged records of 10 s" },
		{ SEC / 4, 5, "0.25 s bins would be guesses" },
	};
	static const struct in in[] = { { 100, 5, 3, false }, { 105, 5, 4, false } };
	static const struct in merged[] = { { 100, 10, 3, false } };

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct bin_options o = { .width = cases[i].width, .may_approx = i == 0 };
		struct made m = cases[i].interval == 1 ? make(&o, 1, merged, N(merged))
						       : make(&o, cases[i].interval, in, N(in));

		assert_false(m.good);
		if (strstr(m.err, cases[i].says) == NULL)
			fail_msg("%s", m.err);
		bins_free(&m.bins);
	}
}

/* 10 packets over [100, 107): 2 s of it before 102 and so on; the sum stays 10, the largest remainder gets the rest. */
static void
split(void **state)
{
	static const struct in in[] = { { 100, 7, 10, false } };
	/* shares of 10 by 2:2:2:1 of 7: 2.86 2.86 2.86 1.43 -> 2 2 2 1 and three to the largest remainders */
	static const struct in want[] = { { 100, 2, 3, false },
					  { 102, 2, 3, false },
					  { 104, 2, 3, false },
					  { 106, 2, 1, false } };
	struct bin_options o = { .width = 2 * SEC, .approx = true };
	struct made m = make(&o, 0, in, N(in));

	(void)state;
	assert_int_equal(bins_split(m.bins), 1);
	check(&m, want, N(want));
}

static void
empty_bins(void **state)
{
	static const struct in in[] = { { 100, 5, 3, false }, { 120, 5, 4, false } };
	static const struct in want[] = { { 100, 5, 3, false },
					  { 105, 5, 0, false },
					  { 110, 5, 0, false },
					  { 115, 5, 0, false },
					  { 120, 5, 4, false } };
	struct bin_options o = { .width = 5 * SEC, .zero = true };
	struct made m = make(&o, 0, in, N(in));

	(void)state;
	check(&m, want, N(want));
}

/* A row that only says that a flow ended makes no bin, but its state counts where there is traffic. */
static void
end_rows(void **state)
{
	static const struct in in[] = { { 100, 5, 0, true },
					{ 200, 5, 0, true },
					{ 100, 5, 3, false } };
	static const struct in want[] = { { 100, 5, 3, false } };
	struct bin_options o = { .width = 5 * SEC };
	struct made m = make(&o, 0, in, N(in));
	struct batch *b;

	(void)state;
	check(&m, want, N(want));
	m = make(&o, 0, in, N(in));
	b = bins_next(m.bins);
	assert_int_equal(b->col[F_flags]->u[0], RFLAGS_end);
	bins_free(&m.bins);
}

/* state is LAST by its time, which where it is absent is bstart, the record's and not the bin's. */
static void
times_survive(void **state)
{
	static const struct in in[] = { { 105, 5, 1, true }, { 100, 5, 3, false } };
	struct bin_options o = { .width = 60 * SEC };
	struct made m = make(&o, 0, in, N(in));
	struct batch *b = bins_next(m.bins);

	(void)state;
	assert_non_null(b);
	assert_int_equal(b->col[F_state]->u[0], STATE_CLO);
	assert_int_equal(b->col[F_state_t]->i[0], 105 * SEC);
	bins_free(&m.bins);
}

/* Days begin at midnight where the zone says: in Berlin, 2026-03-29 has 23 hours. */
static void
days(void **state)
{
	/* 1774738800 = 2026-03-28 23:00 UTC = 2026-03-29 00:00 CET; 1774821600 = 2026-03-30 00:00 CEST */
	static const struct in in[] = { { 1774738800 - 5, 5, 1, false },
					{ 1774738800, 5, 2, false },
					{ 1774821600 - 5, 5, 4, false },
					{ 1774821600, 5, 8, false } };
	static const struct in want[] = { { 1774738800 - 86400, 86400, 1, false },
					  { 1774738800, 82800, 6, false },
					  { 1774821600, 86400, 8, false } };
	struct bin_options o = { .width = DAY, .zone = CLOCK_LOCAL };
	struct made m;

	(void)state;
	(void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	m = make(&o, 0, in, N(in));
	check(&m, want, N(want));
}

/* What a damaged or hostile file may say: the edges of int64. No overflow, and the packets are still there. */
static void
wild_times(void **state)
{
	static const int64_t times[] = {
		INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX
	};
	static struct flow f;

	(void)state;
	for (size_t i = 0; i < N(times); i++)
		for (size_t j = 0; j < N(times); j++)
			for (int local = 0; local < 2; local++) {
				struct bin_options o = { .width = DAY,
							 .approx = true,
							 .zero = !local,
							 .zone = local ? CLOCK_LOCAL : CLOCK_UTC };
				struct made m = make(&o, 0, NULL, 0);
				struct batch *b = batch_new(4);
				uint64_t pkts = 0;

				flow_clear(&f);
				SET(&f, bstart, times[i]);
				SET(&f, bend, times[j]);
				SET(&f, stime, times[j]);
				SET(&f, ltime, times[i]);
				SET(&f, spkts, 1000);
				batch_add(b, &f);
				assert_true(bins_add(m.bins, b, 0, m.err, sizeof(m.err)));
				batch_free(&b);
				while ((b = bins_next(m.bins)) != NULL)
					for (uint32_t r = 0; r < b->rows; r++)
						pkts += b->col[F_spkts]->u[r];
				assert_int_equal(pkts, 1000);
				bins_free(&m.bins);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact),	 cmocka_unit_test(own_width),
		cmocka_unit_test(refused),	 cmocka_unit_test(split),
		cmocka_unit_test(empty_bins),	 cmocka_unit_test(end_rows),
		cmocka_unit_test(times_survive), cmocka_unit_test(days),
		cmocka_unit_test(wild_times),
	};

	return (cmocka_run_group_tests_name("bin", tests, NULL, NULL));
}

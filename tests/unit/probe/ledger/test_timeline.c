/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_timeline.c: spans in the order of time, counters of late packets, what is due first; caps.  T = 10, G = 2.
 */
#include "probe/ledger/timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct timeline tl;

static int
setup(void **state)
{
	(void)state;
	timeline_init(&tl, 10, 2);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	timeline_free(&tl);
	return (0);
}

static void
test_bins(void **state)
{
	(void)state;
	assert_int_equal(timeline_start(&tl, 19), 10);
	assert_int_equal(timeline_start(&tl, 20), 20);
	assert_int_equal(timeline_start(&tl, -1), -10);
	assert_int_equal(timeline_seal(&tl, 10), 22);
	assert_false(timeline_sealed(&tl, 10, 21));
	assert_true(timeline_sealed(&tl, 10, 22));
	assert_int_equal(timeline_due(&tl), INT64_MAX);
}

static void
test_order(void **state)
{
	static const int64_t opened[] = { 30, 10, 50, 20, 10, 30, 50, 40 };
	struct span none;

	(void)state;
	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++)
		timeline_span(&tl, opened[i])->stats.frames++;
	assert_int_equal(tl.nopen, 5);
	for (int64_t start = 10; start <= 50; start += 10) {
		assert_int_equal(timeline_due(&tl), start + 12);
		assert_true(timeline_take(&tl, &none));
		assert_true(tl.drains);
		assert_int_equal(tl.draining.start, start);
		assert_int_equal(tl.draining.stats.frames, start == 20 || start == 40 ? 1 : 2);
		tl.drains = false;
	}
	assert_int_equal(timeline_due(&tl), INT64_MAX);
	assert_int_equal(timeline_span(&tl, 60)->stats.frames, 0); /* memory used before */
	assert_int_equal(timeline_span(&tl, 60)->bins.count, 0);
}

/* Packets of a sealed bin share counters for G; then others are begun.  At the same time spans come first. */
static void
test_late(void **state)
{
	struct span late;

	(void)state;
	timeline_late_stats(&tl, 10, 30)->frames++;
	timeline_late_stats(&tl, 20, 31)->frames++;
	timeline_late_stats(&tl, 10, 31)->frames++;
	timeline_late_stats(&tl, 10, 32)->frames++; /* the first ones are due */
	assert_int_equal(tl.nlate, 3);
	(void)timeline_span(&tl, 20);
	assert_int_equal(timeline_due(&tl), 32);
	assert_true(timeline_take(&tl, &late));
	assert_int_equal(tl.draining.start, 20);
	assert_int_equal(timeline_due(&tl), 32);
	assert_false(timeline_take(&tl, &late));
	assert_int_equal(late.start, 10);
	assert_int_equal(late.stats.frames, 2);
	assert_int_equal(timeline_due(&tl), 33);
	(void)timeline_span(&tl, 30);
	assert_false(timeline_take(&tl, &late)); /* 33 is before 42 */
	assert_int_equal(late.start, 20);
	assert_int_equal(late.stats.frames, 1);
	assert_int_equal(timeline_due(&tl), 34);
}

/* Wild times open many: the oldest is sealed early, counted, and what comes before it is late. */
static void
test_many_spans(void **state)
{
	struct span none;

	(void)state;
	for (int64_t i = 0; i < 4096; i++)
		(void)timeline_span(&tl, 10 * i);
	assert_int_equal(timeline_due(&tl), 12);
	assert_false(timeline_sealed(&tl, 0, 0));
	(void)timeline_span(&tl, 40960);
	(void)timeline_span(&tl, 40970);
	assert_true(timeline_sealed(&tl, 0, 0));
	assert_true(timeline_sealed(&tl, 10, 0));
	assert_false(timeline_sealed(&tl, 20, 0));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(timeline_due(&tl), INT64_MIN);
		assert_true(timeline_take(&tl, &none));
		assert_int_equal(tl.draining.start, 10 * i);
		assert_int_equal(tl.draining.stats.segevict, 1);
		tl.drains = false;
	}
	assert_int_equal(timeline_due(&tl), 32);
	assert_int_equal(timeline_span(&tl, 20)->stats.segevict, 0);
}

static void
test_many_late(void **state)
{
	struct span late;

	(void)state;
	for (int64_t i = 0; i < 64; i++)
		timeline_late_stats(&tl, 10 * i, 1000)->frames++;
	assert_int_equal(timeline_due(&tl), 1002);
	timeline_late_stats(&tl, 640, 1000)->frames++;
	assert_int_equal(timeline_due(&tl), INT64_MIN);
	assert_false(timeline_take(&tl, &late));
	assert_int_equal(late.start, 0);
	assert_int_equal(timeline_due(&tl), 1002);
	timeline_late_stats(&tl, 640, 1001)->frames++;
	assert_int_equal(tl.nlate, 64);
}

/* What another ledger has opened has the same name here, and what is sealed early is counted there. */
static void
test_others(void **state)
{
	struct span late;

	(void)state;
	timeline_span(&tl, 20)->stats.frames++;
	timeline_open(&tl, 20, false, 25, 7);
	timeline_open(&tl, 10, true, 30, 8);
	assert_int_equal(timeline_span(&tl, 20)->stats.frames, 1);
	assert_int_equal(timeline_span(&tl, 20)->serial, 7);
	assert_int_equal(timeline_span(&tl, 30)->serial, 0);
	timeline_late_stats(&tl, 10, 31)->frames++;
	assert_int_equal(tl.nlate, 1);
	assert_true(timeline_take(&tl, &late)); /* both are due at 32: the span comes first */
	assert_false(timeline_take(&tl, &late));
	assert_int_equal(late.serial, 8);
	assert_int_equal(late.stats.frames, 1);
	tl.follows = true;
	for (int64_t i = 4; i < 4100; i++)
		(void)timeline_span(&tl, 10 * i);
	assert_true(timeline_sealed(&tl, 30, 0));
	assert_true(timeline_take(&tl, &late));
	assert_int_equal(tl.draining.stats.segevict, 0);
}

/* Each bin once, in order; after a long sleep only the last. */
static void
test_marks(void **state)
{
	int64_t start;

	(void)state;
	assert_true(timeline_mark(&tl, 500005, &start) && start == 500000); /* the first time */
	assert_false(timeline_mark(&tl, 500009, &start));
	assert_true(timeline_mark(&tl, 500021, &start) && start == 500010);
	assert_true(timeline_mark(&tl, 500021, &start) && start == 500020);
	assert_false(timeline_mark(&tl, 500021, &start));
	assert_true(timeline_mark(&tl, 500020 + 10 * 1001, &start) && start == 500020 + 10 * 1001);
	assert_false(timeline_mark(&tl, 500020 + 10 * 1001, &start));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bins),
		TEST(test_order),
		TEST(test_late),
		TEST(test_many_spans),
		TEST(test_many_late),
		TEST(test_others),
		TEST(test_marks),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_merge.c: sources whose frames become visible some time after they came, as those of the kernel's rings do.
 */
#include "probe/capture/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOLD 50
#define MOST 400

static int64_t now;
static unsigned reads; /* of the clock */

static int64_t
clock_of_test(void)
{
	reads++;
	return (now);
}

/* Frames with their stamps, and when each can be seen. */
struct fake {
	struct {
		int64_t ts, visible;
	} frame[MOST];
	unsigned n, next, asked;
};

static bool
next_of(void *arg, struct frame *f)
{
	struct fake *k = arg;

	k->asked++;
	if (k->next == k->n || k->frame[k->next].visible > now)
		return (false);
	*f = (struct frame){ .ts = k->frame[k->next++].ts };
	return (true);
}

static void
add(struct fake *k, int64_t ts, int64_t visible)
{
	k->frame[k->n].ts = ts;
	k->frame[k->n++].visible = visible;
}

#define MERGE(sources, fakes, number)                                                       \
	struct merge_source sources[number];                                                \
	struct merge m = { .source = sources, .n = number, .hold = HOLD, .clock = clock_of_test }; \
	for (unsigned i_ = 0; i_ < number; i_++)                                            \
		sources[i_] = (struct merge_source){ .next = next_of, .arg = &(fakes)[i_] }

static void
test_alone(void **state)
{
	struct fake k[1] = { 0 };
	struct frame f;
	int64_t until;

	(void)state;
	now = 1000;
	add(&k[0], 990, 1000);
	add(&k[0], 995, 1000);
	add(&k[0], 1010, 1020);
	MERGE(s, k, 1);
	assert_true(merge_next(&m, &f, &until));
	assert_int_equal(f.ts, 990);
	assert_true(merge_next(&m, &f, &until)); /* nobody is waited for */
	assert_int_equal(f.ts, 995);
	assert_false(merge_next(&m, &f, &until));
	assert_true(until == INT64_MAX);
	assert_int_equal(k[0].asked, 3); /* asked once in a call */
	now = 1020;
	assert_true(merge_next(&m, &f, &until));
	assert_int_equal(f.ts, 1010);
}

/* The later frame can be seen first: it waits for the earlier one. */
static void
test_waits(void **state)
{
	struct fake k[2] = { 0 };
	struct frame f;
	int64_t until;

	(void)state;
	now = 1000;
	add(&k[0], 995, 1000);
	add(&k[1], 990, 1030);
	MERGE(s, k, 2);
	assert_false(merge_next(&m, &f, &until));
	assert_int_equal(until, 995 + HOLD);
	now = 1030;
	assert_true(merge_next(&m, &f, &until));
	assert_int_equal(f.ts, 990);
	now = 1044;
	assert_false(merge_next(&m, &f, &until));
	assert_int_equal(until, 995 + HOLD);
	now = 1045; /* nothing as early can come any more */
	assert_true(merge_next(&m, &f, &until));
	assert_int_equal(f.ts, 995);
	assert_false(merge_next(&m, &f, &until));
	assert_true(until == INT64_MAX);
}

/* Many frames of a busy source beside a silent one do not ask that one, nor the clock, each time. */
static void
test_seldom(void **state)
{
	struct fake k[2] = { 0 };
	struct frame f;
	int64_t until;

	(void)state;
	now = 1000;
	for (int i = 0; i < 300; i++)
		add(&k[0], 500 + i, 1000);
	MERGE(s, k, 2);
	reads = 0;
	for (int i = 0; i < 300; i++) {
		assert_true(merge_next(&m, &f, &until));
		assert_int_equal(f.ts, 500 + i);
	}
	assert_int_equal(k[1].asked, 1);
	assert_int_equal(reads, 1);
}

/* The clock was set back by far: frames of the time before do not wait for it to come again. */
static void
test_set_back(void **state)
{
	struct fake k[2] = { 0 };
	struct frame f;
	int64_t until;

	(void)state;
	now = 1000;
	add(&k[0], 4000, 1000);
	add(&k[0], 4001, 1000);
	MERGE(s, k, 2);
	assert_true(merge_next(&m, &f, &until));
	assert_true(merge_next(&m, &f, &until));
	assert_int_equal(f.ts, 4001);
}

static void
test_forget(void **state)
{
	struct fake k[2] = { 0 };
	struct frame f;
	int64_t until;

	(void)state;
	now = 1000;
	add(&k[0], 999, 1000);
	add(&k[1], 998, 1000);
	add(&k[1], 1000, 1000);
	MERGE(s, k, 2);
	assert_true(merge_next(&m, &f, &until));
	assert_int_equal(f.ts, 998);
	merge_forget(&m, &s[0]); /* 999 */
	now = 1100;
	assert_true(merge_next(&m, &f, &until));
	assert_int_equal(f.ts, 1000);
	assert_false(merge_next(&m, &f, &until));
}

/* Five sources, times and delays at random, the clock goes on between calls: all frames come, in their order. */
static void
test_random(void **state)
{
	enum { SOURCES = 5, EACH = 300 };
	static struct fake k[SOURCES];
	struct frame f;
	int64_t until, last = 0, held = 0;
	unsigned given = 0;

	(void)state;
	srand(7);
	memset(k, 0, sizeof(k));
	now = 10000;
	for (unsigned i = 0; i < SOURCES; i++) {
		int64_t t = now, visible = now;

		for (unsigned j = 0; j < EACH; j++) {
			int64_t v;

			t += rand() % (i == 0 ? 2000 : 20); /* one is mostly silent */
			v = t + rand() % (HOLD + 1);
			visible = v > visible ? v : visible;
			add(&k[i], t, visible);
		}
	}
	MERGE(s, k, SOURCES);
	while (given < SOURCES * EACH) {
		if (!merge_next(&m, &f, &until)) {
			now += 1 + rand() % 30;
			continue;
		}
		assert_true(f.ts >= last);
		last = f.ts;
		held = now - f.ts > held ? now - f.ts : held;
		given++;
	}
	assert_true(held <= 2 * HOLD + 30); /* and none later than it has to */
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_seldom),
		cmocka_unit_test(test_set_back),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_random),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

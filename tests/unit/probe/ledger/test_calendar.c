/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_calendar.c: when the clock leaves a bin, and which spans are opened; T = 5 s, so a bin is sealed 6 s after its
 * start.
 */
#include "probe/ledger/calendar.h"

#include "format/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define T0 (1700000000 * SEC) /* a multiple of 5 s */

static void
test_packets(void **state)
{
	static const struct {
		int64_t ms;   /* of the packet */
		bool bad;
		int64_t before; /* ms; -1: the clock is in the same bin */
		uint32_t serial; /* of the span that is opened, 0: none is */
		int64_t start;  /* s, of it */
		bool late, jump;
		int64_t now;    /* ms */
	} steps[] = {
		{ 1000, false, 1000, 1, 0, false, false, 1000 }, /* the first one: there was no bin before */
		{ 2000, false, -1, 0, 0, false, false, 2000 },
		{ 1500, false, -1, 0, 0, false, false, 2000 },
		{ 7000, false, 2000, 2, 5, false, false, 7000 },
		{ 4999, false, -1, 3, 0, true, false, 7000 },    /* sealed at 6 s */
		{ 4000, false, -1, 0, 0, true, false, 7000 },    /* counters that wait until 8 s */
		{ 8000, false, -1, 0, 0, false, false, 8000 },
		{ 4000, false, -1, 4, 0, true, false, 8000 },
		{ 12000, false, 8000, 5, 10, false, false, 12000 },
		{ 40000, false, 12000, 6, 40, false, false, 40000 }, /* bins without packets are no news */
		{ 7240000, false, -1, 7, 7240, false, true, 40000 },  /* two hours ahead, alone */
		{ 0, true, -1, 0, 0, false, false, 40000 },           /* no time: the clock's */
	};
	struct calendar c;

	(void)state;
	calendar_init(&c, 5 * SEC);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct calendar_news n;

		calendar_take(&c, T0 + steps[i].ms * MSEC, steps[i].bad, &n);
		assert_int_equal(n.turned, steps[i].before >= 0);
		if (n.turned)
			assert_int_equal(n.before, T0 + steps[i].before * MSEC);
		assert_int_equal(n.opened, steps[i].serial != 0);
		if (n.opened) {
			assert_int_equal(n.serial, steps[i].serial);
			assert_int_equal(n.start, T0 + steps[i].start * SEC);
		}
		assert_int_equal(n.late, steps[i].late);
		assert_int_equal(n.jump, steps[i].jump);
		assert_int_equal(n.bad, steps[i].bad);
		assert_int_equal(n.ts, steps[i].bad ? T0 + 40 * SEC : T0 + steps[i].ms * MSEC);
		assert_int_equal(c.clock.now, T0 + steps[i].now * MSEC);
	}
	calendar_free(&c);
}

/* Live: silence moves the clock, and each bin that it passes has its span. */
static void
test_silence(void **state)
{
	struct calendar c;
	struct calendar_news n;

	(void)state;
	calendar_init(&c, 5 * SEC);
	assert_false(calendar_mark(&c, &n)); /* there is no time yet */
	calendar_wait(&c, T0, &n);
	assert_true(n.turned && n.before == T0 && !n.opened);
	assert_true(calendar_mark(&c, &n) && n.opened && !n.late && n.start == T0 && n.serial == 1);
	assert_false(calendar_mark(&c, &n));
	calendar_wait(&c, T0 - SEC, &n); /* it never goes back */
	assert_true(!n.turned && c.clock.now == T0);
	calendar_wait(&c, T0 + 4 * SEC, &n);
	assert_false(n.turned || calendar_mark(&c, &n));
	calendar_wait(&c, T0 + 11 * SEC, &n);
	assert_true(n.turned && n.before == T0 + 4 * SEC);
	assert_true(calendar_mark(&c, &n) && n.start == T0 + 5 * SEC && n.serial == 2);
	calendar_take(&c, T0 + 11 * SEC, false, &n); /* a packet is there before its bin is marked */
	assert_true(n.opened && n.start == T0 + 10 * SEC && n.serial == 3);
	assert_false(calendar_mark(&c, &n));
	calendar_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_silence),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

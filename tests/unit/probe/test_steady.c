/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_steady.c: a clock that goes, is set, sleeps.
 */
#include "probe/steady.h"

#include "format/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
behind(void **state)
{
	static const struct {
		int64_t wall, monotonic, behind; /* s */
	} row[] = {
		{ 1000, 10, 0 },
		{ 1005, 15, 0 },
		{ 405, 20, 605 },  /* back by ten minutes and what went by */
		{ 410, 25, 605 },  /* it stays there */
		{ 1025, 35, 0 },   /* and is set forward again */
		{ 4640, 50, 0 },   /* further: or the machine slept an hour */
		{ 4650, 60, 0 },
		{ 4649, 60, 1 },
	};
	struct steady s = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(steady_behind(&s, row[i].wall * SEC, row[i].monotonic * SEC), row[i].behind * SEC);
	assert_int_equal(steady_behind(&s, 4661 * SEC - SEC / 2, 71 * SEC), 0); /* as NTP does every day */
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(behind) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_zone.c: instants and what the wall shows.  Expected values are worked out by hand from the rules that TZ holds, so
 * that no zone database is needed; names of zones: tests/truth/calendar.tap.
 */
#include "format/base/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define BERLIN	  "CET-1CEST,M3.5.0,M10.5.0/3"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0" /* half an hour */
#define HAVANA	  "CST5CDT,M3.2.0/0,M11.1.0/1"		 /* at midnight */

#define DAY_20261025 1792886400 /* 00:00 UTC */
#define DAY_20260329 1774742400

static void
zone(const char *tz)
{
	(void)setenv("TZ", tz, 1);
	tzset();
}

static void
test_offsets(void **state)
{
	(void)state;
	zone(BERLIN);
	assert_int_equal(zone_offset(DAY_20261025 + 3599, CLOCK_LOCAL), 7200);
	assert_int_equal(zone_offset(DAY_20261025 + 3600, CLOCK_LOCAL), 3600);
	assert_int_equal(zone_offset(DAY_20261025 + 3599, CLOCK_UTC), 0);
	assert_int_equal(zone_change(DAY_20261025 - 86400, DAY_20261025 + 86400, CLOCK_LOCAL), DAY_20261025 + 3600);
	assert_int_equal(zone_change(DAY_20261025 + 3600, DAY_20261025 + 86400, CLOCK_LOCAL), DAY_20261025 + 86401);
	assert_int_equal(zone_change(DAY_20261025, DAY_20261025, CLOCK_LOCAL), DAY_20261025 + 1);
	assert_int_equal(zone_change(DAY_20261025 - 86400, DAY_20261025 + 86400, CLOCK_UTC), DAY_20261025 + 86401);
}

/* Of two times of one name the first; of one that is left out, the change. */
static void
test_instants(void **state)
{
	static const struct {
		const char *tz;
		int64_t wall, instant;
	} cases[] = {
		{ BERLIN, DAY_20261025, DAY_20261025 - 7200 },
		{ BERLIN, DAY_20261025 + 7200, DAY_20261025 },		/* 02:00, the first */
		{ BERLIN, DAY_20261025 + 10799, DAY_20261025 + 3599 }, /* 02:59:59, the first */
		{ BERLIN, DAY_20261025 + 10800, DAY_20261025 + 7200 }, /* 03:00 is once */
		{ BERLIN, DAY_20260329 + 7199, DAY_20260329 + 3599 },
		{ BERLIN, DAY_20260329 + 7200, DAY_20260329 + 3600 }, /* 02:00 is none: 03:00 */
		{ BERLIN, DAY_20260329 + 9000, DAY_20260329 + 3600 },
		{ BERLIN, DAY_20260329 + 10800, DAY_20260329 + 3600 },
		{ BERLIN, DAY_20260329 + 10801, DAY_20260329 + 3601 },
		/* 2026-04-05, 02:00 at +11 becomes 01:30 at +10:30: 01:45 is twice, first at 14:45 UTC of the 4th */
		{ LORD_HOWE, 1775347200 + 6300, 1775347200 - 33300 },
		{ LORD_HOWE, 1775347200 + 7200, 1775347200 - 30600 },
		/* 2026-10-04, 02:00 at +10:30 becomes 02:30 at +11 */
		{ LORD_HOWE, 1791072000 + 8100, 1791072000 - 30600 },
		/* 2026-11-01, 01:00 at -4 becomes 00:00 at -5: midnight is twice; 2026-03-08 has none */
		{ HAVANA, 1793491200, 1793491200 + 14400 },
		{ HAVANA, 1793491200 + 3600, 1793491200 + 21600 },
		{ HAVANA, 1772928000, 1772928000 + 18000 },
		{ HAVANA, 1772928000 + 3600, 1772928000 + 18000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t got;

		zone(cases[i].tz);
		got = zone_instant(cases[i].wall, CLOCK_LOCAL);
		if (got != cases[i].instant)
			fail_msg("%zu: %lld, not %lld", i, (long long)got, (long long)cases[i].instant);
		assert_int_equal(zone_instant(cases[i].wall, CLOCK_UTC), cases[i].wall);
	}
}

static void
test_dates(void **state)
{
	struct day d = date_of(-1);

	(void)state;
	assert_int_equal(d.year * 10000 + d.month * 100 + d.mday, 19691231);
	d = date_of(19782); /* 2024-02-29 */
	assert_int_equal(d.year * 10000 + d.month * 100 + d.mday, 20240229);
	for (int64_t n = -200000; n < 200000; n += 37)
		assert_int_equal(days_since_1970(date_of(n)), n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_instants),
		cmocka_unit_test(test_dates),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

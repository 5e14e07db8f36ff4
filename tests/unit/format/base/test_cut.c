/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_cut.c: where bins begin and end, by hand and by what must hold for all of them.
 */
#include "format/base/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define BERLIN	  "CET-1CEST,M3.5.0,M10.5.0/3"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define KATHMANDU "<+0545>-5:45"
#define HAVANA	  "CST5CDT,M3.2.0/0,M11.1.0/1"

#define MINUTE (60 * SEC)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define OCT25 (1792886400 * SEC) /* 2026-10-25 00:00 UTC */
#define MAR29 (1774742400 * SEC)

static void
zone(const char *tz)
{
	(void)setenv("TZ", tz, 1);
	tzset();
}

static void
test_by_hand(void **state)
{
	static const struct {
		const char *tz; /* NULL: UTC */
		int64_t t, w, from, to;
	} cases[] = {
		{ NULL, OCT25 + 1, 5 * SEC, OCT25, OCT25 + 5 * SEC },
		{ NULL, OCT25 - 1, DAY, OCT25 - DAY, OCT25 },
		{ NULL, OCT25, 7 * DAY, OCT25 - 6 * DAY, OCT25 + DAY },	  /* it is a Sunday */
		{ NULL, OCT25 + DAY, 7 * DAY, OCT25 + DAY, OCT25 + 8 * DAY },
		{ NULL, OCT25, CUT_MONTH, OCT25 - 24 * DAY, OCT25 + 7 * DAY },
		{ BERLIN, OCT25, CUT_MONTH, OCT25 - 24 * DAY - 2 * HOUR, OCT25 + 7 * DAY - HOUR },
		{ BERLIN, OCT25, DAY, OCT25 - 2 * HOUR, OCT25 + 23 * HOUR }, /* 25 hours */
		{ BERLIN, OCT25, 7 * DAY, OCT25 - 6 * DAY - 2 * HOUR, OCT25 + 23 * HOUR },
		{ BERLIN, OCT25 + 30 * MINUTE, HOUR, OCT25, OCT25 + HOUR },	       /* 02:30 the first */
		{ BERLIN, OCT25 + 90 * MINUTE, HOUR, OCT25 + HOUR, OCT25 + 2 * HOUR }, /* and the second */
		{ BERLIN, OCT25, 6 * HOUR, OCT25 - 2 * HOUR, OCT25 + 5 * HOUR },
		{ BERLIN, OCT25 + 5 * HOUR, 6 * HOUR, OCT25 + 5 * HOUR, OCT25 + 11 * HOUR },
		{ BERLIN, OCT25 + 90 * MINUTE, 2 * HOUR, OCT25, OCT25 + 3 * HOUR },
		{ BERLIN, MAR29 + HOUR, HOUR, MAR29 + HOUR, MAR29 + 2 * HOUR }, /* 03:00; 02:00 is none */
		{ BERLIN, MAR29 + HOUR, 2 * HOUR, MAR29 + HOUR, MAR29 + 2 * HOUR }, /* 02:00 to 04:00 */
		{ BERLIN, MAR29, DAY, MAR29 - HOUR, MAR29 + 22 * HOUR },
		{ KATHMANDU, OCT25, HOUR, OCT25 - 45 * MINUTE, OCT25 + 15 * MINUTE },
		{ KATHMANDU, OCT25, DAY, OCT25 - 5 * HOUR - 45 * MINUTE, OCT25 + 18 * HOUR + 15 * MINUTE },
		{ KATHMANDU, OCT25, 7 * SEC, OCT25 / (7 * SEC) * (7 * SEC), OCT25 / (7 * SEC) * (7 * SEC) + 7 * SEC },
		/* 2026-04-04 15:00 UTC: 02:00 becomes 01:30; the hour from 01:00 is whole, then comes half of one, from 01:30 */
		{ LORD_HOWE, 1775314800 * SEC - 1, HOUR, 1775314800 * SEC - HOUR, 1775314800 * SEC },
		{ LORD_HOWE, 1775314800 * SEC, HOUR, 1775314800 * SEC, 1775314800 * SEC + 30 * MINUTE },
		/* 2026-10-03 15:30 UTC: 02:00 becomes 02:30 */
		{ LORD_HOWE, 1791041400 * SEC, HOUR, 1791041400 * SEC, 1791041400 * SEC + 30 * MINUTE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t from, to;

		zone(cases[i].tz == NULL ? KATHMANDU : cases[i].tz);
		from = cut_bin(cases[i].t, cases[i].w, cases[i].tz == NULL ? CLOCK_UTC : CLOCK_LOCAL, &to);
		if (from != cases[i].from || to != cases[i].to)
			fail_msg("%zu: %lld to %lld, not %lld to %lld", i, (long long)(from / SEC), (long long)(to / SEC),
			    (long long)(cases[i].from / SEC), (long long)(cases[i].to / SEC));
	}
}

/* Bins hold their times, lie one behind the other, and all times of one have the same. */
static void
test_tiles(void **state)
{
	static const char *const zones[] = { BERLIN, LORD_HOWE, KATHMANDU, HAVANA };
	static const int64_t widths[] = { MINUTE, 15 * MINUTE, 45 * MINUTE, HOUR, 90 * MINUTE, 2 * HOUR, 6 * HOUR, 8 * HOUR, DAY, 2 * DAY,
		7 * DAY, CUT_MONTH };
	static const int64_t begins[] = { MAR29 - 30 * DAY, OCT25 - 30 * DAY };

	(void)state;
	for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++)
		for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++)
			for (size_t s = 0; s < 2; s++) {
				int64_t end, at = begins[s];

				zone(zones[z]);
				at = cut_bin(at, widths[w], CLOCK_LOCAL, &end);
				for (unsigned n = 0; n < 3000 && at < begins[s] + 45 * DAY; n++, at = end) {
					int64_t e, middle;

					assert_true(cut_bin(at, widths[w], CLOCK_LOCAL, &end) == at);
					assert_true(end > at);
					middle = at + (end - at) / 2;
					assert_true(cut_bin(middle, widths[w], CLOCK_LOCAL, &e) == at);
					assert_true(e == end);
					assert_true(cut_bin(end - 1, widths[w], CLOCK_LOCAL, &e) == at);
					assert_true(e == end);
				}
			}
}

static void
test_widths(void **state)
{
	int64_t w = 0;

	(void)state;
	assert_true(cut_parse("1mo", &w));
	assert_true(w == CUT_MONTH);
	assert_true(cut_parse("1w", &w));
	assert_true(w == 7 * DAY);
	assert_false(cut_parse("0", &w));
	assert_false(cut_parse("2mo", &w));
	assert_false(cut_parse("", &w));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_tiles),
		cmocka_unit_test(test_widths),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

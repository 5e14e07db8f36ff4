/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_policy.c: ages and widths as text; where days begin.
 */
#include "ra-tools/store/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
test_age(void **state)
{
	static const struct {
		const char *text;
		int64_t hours; /* -1: it is none */
	} cases[] = {
		{ "30d", 720 }, { "2w", 336 }, { "6mo", 4320 }, { "1y", 8760 }, { "3y", 26280 }, { "12h", 12 }, { "0d", 0 },
		{ "", -1 }, { "d", -1 }, { "30", -1 }, { "30 d", -1 }, { "-1d", -1 }, { "1m", -1 }, { "30days", -1 },
		{ "99999999999y", -1 }, { "100000y", -1 },
	};
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool good = policy_age(cases[i].text, &ns);

		if (good != (cases[i].hours >= 0) || (good && ns != cases[i].hours * 3600 * SEC))
			fail_msg("%s", cases[i].text);
	}
}

static void
test_policy(void **state)
{
	static const char *const bad[] = {
		"", ",", "30d", "30d:", ":1m", "30d:x", "30x:1m", "30d:7m0", "30d:1m,30d:1h", "1y:1h,30d:1m",
		"30d:1h,1y:1m", "30d:1m,1y:1m", "30d:2d", "30d:7s", "30d:0s", "30d:500ms", "1d:6m,2d:8m",
		"1d:1s,2d:2s,3d:4s,4d:8s,5d:16s,6d:32s,7d:64s,8d:128s,9d:256s",
	};
	struct policy p;
	char err[256];

	(void)state;
	assert_true(policy_parse("30d:1m,1y:1h", &p, err, sizeof(err)));
	assert_int_equal(p.n, 2);
	assert_int_equal(policy_width(&p, 29 * DAY), 0);
	assert_int_equal(policy_width(&p, 30 * DAY), 60 * SEC);
	assert_int_equal(policy_width(&p, 364 * DAY), 60 * SEC);
	assert_int_equal(policy_width(&p, 365 * DAY), 3600 * SEC);
	assert_int_equal(policy_width(&p, 4000 * DAY), 3600 * SEC);
	assert_true(policy_parse("1d:1d", &p, err, sizeof(err)));
	assert_int_equal(policy_width(&p, -DAY), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		if (policy_parse(bad[i], &p, err, sizeof(err)) || err[0] == '\0')
			fail_msg("%s: %s", bad[i], err);
	}
}

static void
test_days(void **state)
{
	(void)state;
	assert_int_equal(day_of(0), 0);
	assert_int_equal(day_of(DAY - 1), 0);
	assert_int_equal(day_of(DAY), DAY);
	/* 2026-11-20 23:59:55 and 24:00 UTC; date -u -d 2026-11-20 +%s = 1795132800 */
	assert_int_equal(day_of(1795132800 * SEC + DAY - 5 * SEC), 1795132800 * SEC);
	assert_int_equal(day_of(1795132800 * SEC + DAY), 1795132800 * SEC + DAY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_days),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

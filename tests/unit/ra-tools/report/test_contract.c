/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_contract.c: --sla FILE: who is meant, what was promised, and which hours count, worked out by hand.
 */
#include "ra-tools/report/contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct contracts *
of(const char *text, char err[static 512])
{
	char path[] = "contractXXXXXX";
	int fd = mkstemp(path);
	struct contracts *c;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	c = contracts_read(path, err, 512);
	(void)unlink(path);
	return (c);
}

static double
loss_of(const struct contracts *all, const char *a, const char *b, const char *la, const char *lb)
{
	struct ip end[2];
	const char *label[2] = { la, lb };
	const struct contract *c;

	assert_true(ip_parse(a, strlen(a), &end[0]));
	assert_true(ip_parse(b, strlen(b), &end[1]));
	c = contracts_find(all, end, label, "00000000000000aa");
	return (c == NULL ? -1 : contract_limits(c)->value[SLA_LOSS]);
}

static void
who(void **state)
{
	char err[512];
	struct contracts *c = of("\xef\xbb\xbf# comment\r\n"
				 "Berlin loss=1% # a label\r\n"
				 "\"New York\" loss=2%\n"
				 "10.0.0.7 198.18.0.0/16\tloss=3%\n"
				 "2001:db8::/32 loss=4%\n"
				 "10.0.0.7 loss=5%\n"
				 "00000000000000AA loss=6%\n",
				 err);

	(void)state;
	assert_non_null(c);
	assert_true(loss_of(c, "192.0.2.1", "192.0.2.2", NULL, "berlin") == 1);
	assert_true(loss_of(c, "192.0.2.1", "192.0.2.2", "New York", "Berlin") == 1);
	assert_true(loss_of(c, "192.0.2.1", "192.0.2.2", "New York", NULL) == 2);
	assert_true(loss_of(c, "198.18.3.4", "10.0.0.7", NULL, NULL) == 3);
	assert_true(loss_of(c, "10.0.0.7", "198.18.3.4", NULL, NULL) == 3);
	assert_true(loss_of(c, "10.0.0.7", "198.19.3.4", NULL, NULL) == 5);
	assert_true(loss_of(c, "2001:db8::1", "2001:db9::1", NULL, NULL) == 4);
	assert_true(loss_of(c, "192.0.2.1", "192.0.2.2", NULL, NULL) == 6);
	contracts_free(&c);
}

static void
mistakes(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "no limits are in it" },
		{ "# nothing\n\n", "no limits are in it" },
		{ "Berlin\n", "line 1: expected limits" },
		{ "* loss=1%\nloss=1%\n", "line 2: expected who is meant" },
		{ "a b c loss=1%\n", "line 1: expected limits behind two ends" },
		{ "* los=1%\n", "expected loss, avail" },
		{ "* loss=1% mon-fri\n", "expected hours behind the days" },
		{ "* loss=1% 8-18\n", "expected hours of service" },
		{ "* loss=1% 08:00-25:00\n", "expected hours of service" },
		{ "* loss=1% 08:00-08:00\n", "expected hours of service" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char err[512] = "";

		assert_null(of(cases[i].text, err));
		assert_non_null(strstr(err, cases[i].says));
	}
}

#define H (3600 * SEC)

/* Berlin, 2026-03: its clock is set ahead on Sunday the 29th at 01:00 UTC. */
static void
when(void **state)
{
	char err[512];
	struct contracts *c = of("* loss=1% mon-fri 08:00-18:00, sat 09:00-12:00 # office\n", err),
			 *night = of("* loss=1% 22:00-06:00", err), *sunday = of("* loss=1% sun 00:00-24:00", err);
	const struct ip end[2] = { { { 0 } }, { { 0 } } };
	const char *label[2] = { NULL, NULL };
	struct contract *x, *n, *s;
	const int64_t monday = 1774828800 * SEC; /* 2026-03-30 00:00 UTC, 02:00 in Berlin */

	(void)state;
	assert_non_null(c);
	assert_non_null(night);
	assert_non_null(sunday);
	x = contracts_find(c, end, label, "");
	n = contracts_find(night, end, label, "");
	s = contracts_find(sunday, end, label, "");
	assert_string_equal(contract_hours(x), "mon-fri 08:00-18:00, sat 09:00-12:00");
	assert_true(contract_serves(x, monday + 6 * H, monday + 7 * H, CLOCK_LOCAL));
	assert_false(contract_serves(x, monday + 5 * H, monday + 6 * H, CLOCK_LOCAL));
	assert_false(contract_serves(x, monday + 6 * H - SEC, monday + 6 * H + SEC, CLOCK_LOCAL)); /* half of it */
	assert_true(contract_serves(x, monday + 15 * H, monday + 16 * H, CLOCK_LOCAL));
	assert_false(contract_serves(x, monday + 16 * H, monday + 17 * H, CLOCK_LOCAL));
	assert_true(contract_serves(x, monday + 8 * H, monday + 9 * H, CLOCK_UTC));
	assert_true(contract_serves(x, monday + 6 * H, monday + 7 * H, CLOCK_LOCAL)); /* the same day of another zone */
	assert_false(contract_serves(x, monday + 6 * H, monday + 7 * H, CLOCK_UTC));
	assert_int_equal(contract_time(x, monday, monday + 7 * 24 * H, CLOCK_LOCAL), 53 * H); /* a week: 5 * 10 + 3 */
	assert_int_equal(contract_time(n, monday - 2 * H, monday + 22 * H, CLOCK_UTC), 8 * H);
	assert_true(contract_serves(n, monday + 5 * H, monday + 6 * H, CLOCK_UTC)); /* began the day before */
	/* the Sunday has 23 hours: from Saturday 23:00 UTC to Sunday 22:00 UTC */
	assert_int_equal(contract_time(s, monday - 48 * H, monday + 24 * H, CLOCK_LOCAL), 23 * H);
	assert_true(contract_serves(s, monday - 25 * H, monday - 2 * H, CLOCK_LOCAL));
	assert_true(contract_serves(NULL, 0, 1, CLOCK_UTC));
	contracts_free(&c);
	contracts_free(&night);
	contracts_free(&sunday);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(when),
	};

	(void)setenv("TZ", "Europe/Berlin", 1);
	tzset();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}

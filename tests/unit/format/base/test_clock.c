/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_clock.c: times and durations as text and back.  Epoch seconds are from date(1).
 */
#include "format/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define NOON_DAY 1795132800ll /* 2026-11-20 00:00:00 UTC */
#define AT	 1795183500ll /* 2026-11-20 14:05:00 UTC */
#define NOW	 (AT * SEC + 500 * MSEC)

/* Berlin in the European rule, Kathmandu: spelled out, so that no zone files are needed */
#define BERLIN	  "CET-1CEST,M3.5.0,M10.5.0/3"
#define KATHMANDU "NPT-5:45"

static void
zone(const char *tz)
{
	(void)setenv("TZ", tz, 1);
	tzset();
}

static void
texts(void **state)
{
	static const struct {
		int64_t ns;
		unsigned digits;
		const char *tz; /* NULL: UTC */
		const char *text;
	} cases[] = {
		{ 0, 0, NULL, "1970-01-01 00:00:00" },
		{ AT * SEC + 123456789, 6, NULL, "2026-11-20 14:05:00.123456" },
		{ AT * SEC + 999999999, 3, NULL, "2026-11-20 14:05:00.999" }, /* cut, not rounded */
		{ AT * SEC + 1, 9, NULL, "2026-11-20 14:05:00.000000001" },
		{ AT * SEC + 1, 12, NULL, "2026-11-20 14:05:00.000000001" },
		{ 1709251199 * SEC, 0, NULL, "2024-02-29 23:59:59" },
		{ 951868800 * SEC, 0, NULL, "2000-03-01 00:00:00" },
		{ -1, 9, NULL, "1969-12-31 23:59:59.999999999" },
		{ -SEC, 1, NULL, "1969-12-31 23:59:59.0" },
		{ -2203934400 * SEC, 0, NULL, "1900-02-28 12:00:00" },
		{ 9214646399 * SEC, 0, NULL, "2261-12-31 23:59:59" },
		{ AT * SEC, 0, BERLIN, "2026-11-20 15:05:00+01:00" },
		{ AT * SEC, 0, KATHMANDU, "2026-11-20 19:50:00+05:45" },
		{ 1792879200 * SEC, 0, BERLIN, "2026-10-25 00:00:00+02:00" }, /* the last of summer */
		{ 1792969200 * SEC, 0, BERLIN, "2026-10-26 00:00:00+01:00" },
		{ AT * SEC, 0, "<-0330>3:30", "2026-11-20 10:35:00-03:30" },
	};
	char text[CLOCK_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum clock_zone z = cases[i].tz == NULL ? CLOCK_UTC : CLOCK_LOCAL;

		zone(cases[i].tz == NULL ? KATHMANDU : cases[i].tz); /* which UTC does not mind */
		assert_int_equal(clock_text(cases[i].ns, cases[i].digits, z, text),
				 strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
	}
}

/* RFC 3339.  What is printed is what is read. */
static void
iso(void **state)
{
	static const struct {
		int64_t ns;
		unsigned digits;
		const char *tz; /* NULL: UTC */
		const char *text;
	} cases[] = {
		{ 0, 0, NULL, "1970-01-01T00:00:00Z" },
		{ AT * SEC + 123456789, 6, NULL, "2026-11-20T14:05:00.123456Z" },
		{ AT * SEC, 3, BERLIN, "2026-11-20T15:05:00.000+01:00" },
		{ AT * SEC, 0, KATHMANDU, "2026-11-20T19:50:00+05:45" },
		{ AT * SEC, 0, "<-0330>3:30", "2026-11-20T10:35:00-03:30" },
		{ AT * SEC, 0, "<LMT>0:44:30", "2026-11-20T14:05:00Z" }, /* no seconds in offsets there */
	};
	char text[CLOCK_TEXT];
	int64_t back;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		zone(cases[i].tz == NULL ? KATHMANDU : cases[i].tz);
		assert_int_equal(clock_iso(cases[i].ns, cases[i].digits, cases[i].tz == NULL ? CLOCK_UTC : CLOCK_LOCAL, text),
				 strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
		assert_true(clock_parse(text, strlen(text), 0, CLOCK_UTC, &back));
		assert_int_equal(back, cases[i].ns / USEC * USEC);
	}
}

/* Every day of the years that fit: the C library agrees. */
static void
days(void **state)
{
	char text[CLOCK_TEXT], want[CLOCK_TEXT];

	(void)state;
	for (int64_t day = -106000; day < 106000; day++) {
		time_t t = (time_t)(day * 86400 + 86399);
		struct tm tm;
		int64_t back;

		assert_non_null(gmtime_r(&t, &tm));
		(void)strftime(want, sizeof(want), "%Y-%m-%d %H:%M:%S", &tm);
		(void)clock_text(t * SEC, 0, CLOCK_UTC, text);
		assert_string_equal(text, want);
		assert_true(clock_parse(text, strlen(text), NOW, CLOCK_UTC, &back));
		assert_int_equal(back, t * SEC);
	}
}

static void
numbers(void **state)
{
	char text[CLOCK_TEXT];

	(void)state;
	assert_int_equal(clock_epoch(1795188298978580123, 6, text), 17);
	assert_string_equal(text, "1795188298.978580");
	(void)clock_epoch(1795188298978580123, 0, text);
	assert_string_equal(text, "1795188298");
	(void)clock_epoch(-1500000000, 3, text);
	assert_string_equal(text, "-1.500");
	(void)clock_epoch(INT64_MIN, 9, text);
	assert_string_equal(text, "-9223372036.854775808");

	assert_int_equal(clock_dur(12003400, 6, text), 9);
	assert_string_equal(text, "12.003400");
	(void)clock_dur(12003499, 4, text);
	assert_string_equal(text, "12.0034");
	(void)clock_dur(999, 3, text);
	assert_string_equal(text, "0.000");
	(void)clock_dur(1, 9, text);
	assert_string_equal(text, "0.000001000");
	(void)clock_dur(UINT64_MAX, 6, text);
	assert_string_equal(text, "18446744073709.551615");
}

static void
points(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{ "0", 0 },
		{ "1795183500", AT * SEC },
		{ "1795188298.978580", 1795188298978580000 },
		{ "1.0000000019", SEC + 1 },
		{ "2026-11-20", NOON_DAY * SEC },
		{ "2026-11-20T14:05", AT * SEC },
		{ "2026-11-20 14:05:00", AT * SEC },
		{ "2026-11-20T14:05:00.25", AT * SEC + 250 * MSEC },
		{ "2026-11-20T14:05:00Z", AT * SEC },
		{ "2026-11-20T15:05:00+01:00", AT * SEC },
		{ "2026-11-20T15:05:00+0100", AT * SEC },
		{ "2026-11-20T15:05+01", AT * SEC },
		{ "2026-11-20T08:35:00.5-05:30", AT * SEC + 500 * MSEC },
		{ "2026/11/20", NOON_DAY * SEC },
		{ "2026/11/20.14:05:00", AT * SEC },
		{ "2026/11/20.14:05", AT * SEC },
		{ "14:05", AT * SEC },
		{ "14:05:00.001", AT * SEC + MSEC },
		{ "0:00", NOON_DAY * SEC },
		{ "-90s", NOW - 90 * SEC },
		{ "-30m", NOW - 1800 * SEC },
		{ "-1h", NOW - 3600 * SEC },
		{ "-2d", NOW - 172800 * SEC },
		{ "2024-02-29T23:59:60", 1709251200 * SEC },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t ns = -1;

		if (!clock_parse(cases[i].text, strlen(cases[i].text), NOW, CLOCK_UTC, &ns))
			fail_msg("%s was refused", cases[i].text);
		if (ns != cases[i].ns)
			fail_msg("%s: %lld", cases[i].text, (long long)ns);
	}
}

static void
points_refused(void **state)
{
	static const char *cases[] = { "",
				       "-",
				       "x",
				       "-90",
				       "1h",
				       "+1h",
				       "1795183500.",
				       "1795183500x",
				       "99999999999",
				       "9223372036",
				       "2026-11-20T",
				       "2026-11-20 25:00",
				       "2026-11-20T14:60",
				       "2026-11-20T14:05:61",
				       "2026-13-01",
				       "2026-00-01",
				       "2026-02-29",
				       "2026-04-31",
				       "2026-11-20T14:05:00+15:00",
				       "2026-11-20T14:05:00Zx",
				       "2026/11/20 14:05",
				       "2026/11/20.14:05:00+01:00",
				       "14:5",
				       "24:01",
				       "1600-01-01",
				       "9999-01-01",
				       "2026-13",
				       "2026-1",
				       "2026-W54",
				       "2025-W53", /* its Thursday is in 2026 */
				       "2026-W1",
				       "-1Mx",
				       "2026-11-20Z",
				       "14:05Z",
				       "-99999999999999999w" };
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (clock_parse(cases[i], strlen(cases[i]), NOW, CLOCK_UTC, &ns))
			fail_msg("\"%s\" is not a time", cases[i]);
	assert_true(clock_parse("14:05:59", 5, NOW, CLOCK_UTC, &ns)); /* n rules, not the NUL */
	assert_int_equal(ns, AT * SEC);
}

static void
local(void **state)
{
	int64_t ns, from, to;

	(void)state;
	zone(BERLIN);
	assert_true(clock_parse("2026-11-20 14:05:00", 19, NOW, CLOCK_LOCAL, &ns));
	assert_int_equal(ns, 1795179900 * SEC);
	assert_true(clock_parse("2026-11-20 14:05:00Z", 20, NOW, CLOCK_LOCAL, &ns));
	assert_int_equal(ns, AT * SEC);
	assert_true(clock_parse("15:05", 5, NOW, CLOCK_LOCAL, &ns));
	assert_int_equal(ns, AT * SEC);
	/* a day of 25 hours: the clocks go back */
	assert_true(clock_parse_range("2026-10-25", NOW, CLOCK_LOCAL, &from, &to));
	assert_int_equal(from, 1792879200 * SEC);
	assert_int_equal(to, 1792969200 * SEC);
	/* 23:30 UTC is 05:15 of the next day there: a bare time lies on that day */
	zone(KATHMANDU);
	assert_true(clock_parse("05:15", 5, (NOON_DAY + 84600) * SEC, CLOCK_LOCAL, &ns));
	assert_int_equal(ns, (NOON_DAY + 84600) * SEC);
}

static void
ranges(void **state)
{
	static const struct {
		const char *text;
		int64_t from, to;
	} cases[] = {
		{ "2026/11/20.14:05:00+5m", AT * SEC, (AT + 300) * SEC },
		{ "14:05-14:10", AT * SEC, (AT + 300) * SEC },
		{ "14:05:00-14:05:00.5", AT * SEC, AT * SEC + 500 * MSEC },
		{ "2026/11/20.14:05-14:10", AT * SEC, (AT + 300) * SEC },
		{ "2026-11-19T14:05-14:10", (AT - 86400) * SEC,
		  (AT - 86100) * SEC }, /* B on the day of A */
		{ "2026-11-20T04:00-05:00", (NOON_DAY + 14400) * SEC, (NOON_DAY + 18000) * SEC },
		{ "2026-11-20T09:05:00-05:00", AT * SEC, (AT + 1) * SEC }, /* no range: an offset */
		{ "2026-11-20T15:05+01:00", AT * SEC, (AT + 60) * SEC },
		{ "2026-11-20T14:05:00-2026-11-20T14:10:00", AT * SEC, (AT + 300) * SEC },
		{ "2026-11-20-2026-11-22", NOON_DAY * SEC, (NOON_DAY + 172800) * SEC },
		{ "2026-11-20T15:05:00+01:00-2026-11-20T14:10:00Z", AT * SEC, (AT + 300) * SEC },
		{ "2026-11-20T14:05:00Z+90", AT * SEC, (AT + 90) * SEC },
		{ "1795183500-1795183800", AT * SEC, (AT + 300) * SEC },
		{ "1795183500.5+250ms", NOW, NOW + 250 * MSEC },
		{ "-1h", NOW - 3600 * SEC, NOW },
		{ "-2h--1h", NOW - 7200 * SEC, NOW - 3600 * SEC },
		{ "-1h+10m", NOW - 3600 * SEC, NOW - 3000 * SEC },
		{ "2026-11-20", NOON_DAY * SEC, (NOON_DAY + 86400) * SEC },
		{ "2026/11/20", NOON_DAY * SEC, (NOON_DAY + 86400) * SEC },
		{ "14:05", AT * SEC, (AT + 60) * SEC },
		{ "14:05:00", AT * SEC, (AT + 1) * SEC },
		{ "14:05:00.12", AT * SEC + 120 * MSEC, AT * SEC + 130 * MSEC },
		{ "1795183500", AT * SEC, (AT + 1) * SEC },
		{ "23:30-00:30", (NOON_DAY + 84600) * SEC, (NOON_DAY + 88200) * SEC }, /* over midnight */
		{ "2026/11/20.23:30-00:30", (NOON_DAY + 84600) * SEC, (NOON_DAY + 88200) * SEC },
		{ "2026/11/20.24:00+1h", (NOON_DAY + 86400) * SEC, (NOON_DAY + 90000) * SEC },
		{ "23:00-24:00", (NOON_DAY + 82800) * SEC, (NOON_DAY + 86400) * SEC },
		{ "2026-12-31T23:59:60Z", 1798761600 * SEC, 1798761601 * SEC }, /* were it a leap second */
		{ "2026", 1767225600 * SEC, 1798761600 * SEC },
		{ "2026-11", 1793491200 * SEC, 1796083200 * SEC },
		{ "2026-12", 1796083200 * SEC, 1798761600 * SEC },
		{ "2026-W43", 1792368000 * SEC, 1792972800 * SEC }, /* October 19 to 26 */
		{ "2026-W01", 1766966400 * SEC, 1767571200 * SEC }, /* from December 29 */
		{ "2020-W53", 1609113600 * SEC, 1609718400 * SEC },
		{ "2026-10-2026-12", 1790812800 * SEC, 1796083200 * SEC },
		{ "today", NOON_DAY * SEC, (NOON_DAY + 86400) * SEC },
		{ "yesterday", (NOON_DAY - 86400) * SEC, NOON_DAY * SEC },
		{ "-1M", NOW - 31 * 86400 * SEC, NOW },
		{ "-1y", NOW - 365 * 86400 * SEC, NOW },
	};
	static const char *bad[] = {
		"",	  "-",	    "+5m",	"2026-11-20T14:10Z-2026-11-20T14:05Z", "14:05-14:05", "14:05+0s",
		"14:05+", "14:05-", "14:05+5x", "14:05-14:10-14:15", "tomorrow"
	};
	int64_t from, to;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (!clock_parse_range(cases[i].text, NOW, CLOCK_UTC, &from, &to))
			fail_msg("%s was refused", cases[i].text);
		if (from != cases[i].from || to != cases[i].to)
			fail_msg("%s: %lld %lld", cases[i].text, (long long)from, (long long)to);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (clock_parse_range(bad[i], NOW, CLOCK_UTC, &from, &to))
			fail_msg("\"%s\" is not a range", bad[i]);
}

static void
durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = { { "0", 0 },
		      { "5", 5 * SEC },
		      { "5s", 5 * SEC },
		      { "250ms", 250 * MSEC },
		      { "10us", 10 * USEC },
		      { "7ns", 7 },
		      { "1m", 60 * SEC },
		      { "1h", 3600 * SEC },
		      { "1d", 86400 * SEC },
		      { "1w", 604800 * SEC },
		      { "1.5h", 5400 * SEC },
		      { "0.5s", 500 * MSEC },
		      { "1.25ms", 1250 * USEC },
		      { "0.1w", 60480 * SEC } };
	static const char *bad[] = { "",     "s",   "-5s", "5 s",	  "5x",
				     "5sec", "1.s", ".5s", "9999999999w", "5s5" };
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(clock_parse_dur(cases[i].text, strlen(cases[i].text), &ns));
		assert_int_equal(ns, cases[i].ns);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (clock_parse_dur(bad[i], strlen(bad[i]), &ns))
			fail_msg("\"%s\" is not a duration", bad[i]);
	assert_true(clock_parse_dur("5sx", 2, &ns));
	assert_int_equal(ns, 5 * SEC);
}

static void
bins(void **state)
{
	(void)state;
	assert_int_equal(clock_bin(0, 5), 0);
	assert_int_equal(clock_bin(4, 5), 0);
	assert_int_equal(clock_bin(5, 5), 5);
	assert_int_equal(clock_bin(-1, 5), -5);
	assert_int_equal(clock_bin(-5, 5), -5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),	  cmocka_unit_test(iso), cmocka_unit_test(days),
		cmocka_unit_test(numbers),	  cmocka_unit_test(points),
		cmocka_unit_test(points_refused), cmocka_unit_test(local),
		cmocka_unit_test(ranges),	  cmocka_unit_test(durations),
		cmocka_unit_test(bins),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_name.c: names that change with time.
 */
#include "probe/out/name.h"

#include "format/base/clock.h"

#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define AT (1795269935 * SEC) /* date -ud @1795269935: 2026-11-21 14:05:35 */

static void
test_make(void **state)
{
	static const struct {
		const char *pattern, *probe, *name;
	} rows[] = {
		{ "x.pavo", "gw", "x.pavo" },
		{ "%Y/%m/%d/$probe-%H%M.pavo", "gw", "2026/11/21/gw-1405.pavo" },
		{ "%F_%H%M%S", "gw", "2026-11-21_140535" },
		{ "%s-%j%%.pavo", "gw", "1795269935-325%.pavo" },
		{ "$probe.pavo", "a/b\n\033c", "a_b__c.pavo" },
		{ "$probe", "../etc", "_._etc" },
		{ "$probe", "M\303\274nchen", "M__nchen" },
		{ "$prob-%H", "gw", "$prob-14" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(name_make(rows[i].pattern, rows[i].probe, AT, out, sizeof(out)));
		assert_string_equal(out, rows[i].name);
	}
	assert_true(name_make("%Y%m%d%H%M%S", "", -1, out, sizeof(out)));
	assert_string_equal(out, "19691231235959");
	assert_false(name_make("%Y/%m", "", AT, out, 7));
	assert_true(name_make("%Y/%m", "", AT, out, 8));
}

static void
test_check(void **state)
{
	static const struct {
		const char *pattern;
		int64_t seconds;
		const char *says; /* NULL: it is a good one */
	} rows[] = {
		{ "x.pavo", 0, NULL },
		{ "%Y.pavo", 0, "--rotate" },
		{ "x%%y.pavo", 0, "--rotate" },
		{ "", 0, "no name" },
		{ "a/", 0, "no name" },
		{ "%Y/%m/%d/$probe-%H%M.pavo", 300, NULL },
		{ "%H%M.pavo", 300, NULL },
		{ "%s.pavo", 1, NULL },
		{ "%j/%T", 1, NULL },
		{ "%F", 86400, NULL },
		{ "%Y%m", 32 * 86400, NULL },
		{ "%A", 86400, NULL },
		{ "%H", 5400, NULL }, /* 00 01 03 04 */
		{ "x.pavo", 300, "lacks %Y %m %d %H %M" },
		{ "%Y/%m/%d/x-%H.pavo", 300, "lacks %M" },
		{ "%Y-%M", 3600, "lacks %m %d %H" },
		{ "%d-%H%M", 1, "lacks %Y %m %S" },
		{ "%F", 43200, "lacks %H" },
		{ "%F %I", 43200, "lacks %H" },
		{ "%H%M", 86400, "lacks %Y %m %d" },
		{ "%q%H%M", 300, "%q is no word" },
		{ "%H%M%", 300, "is no word" },
		{ "%H\n%M%n", 300, "%n is no word" },
	};
	char err[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool good = name_check(rows[i].pattern, rows[i].seconds * SEC, err, sizeof(err));

		if (good != (rows[i].says == NULL) || (!good && strstr(err, rows[i].says) == NULL))
			fail_msg("\"%s\" %lld: %s", rows[i].pattern, (long long)rows[i].seconds, good ? "good" : err);
	}
	assert_true(name_comes_again("%H%M"));
	assert_true(name_comes_again("%m%d"));
	assert_false(name_comes_again("%Y%j"));
	assert_false(name_comes_again("%s"));
}

static void
test_glob(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool is;
	} rows[] = {
		{ "%Y/%m/$probe-%H%M.pavo", "2026/11/gw-1405.pavo", true },
		{ "%Y/%m/$probe-%H%M.pavo", "2026/11/xx-1405.pavo", false },
		{ "%Y/%m/$probe-%H%M.pavo", "2026/1/gw-1405.pavo", false },
		{ "%Y/%m/$probe-%H%M.pavo", "2026/11/gw-14a5.pavo", false },
		{ "a*[b]%j", "a*[b]325", true },
		{ "a*[b]%j", "axb325", false },
		{ "%b%%%s", "Nov%17", true },
	};
	char glob[256], name[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(name_glob(rows[i].pattern, "gw", glob, sizeof(glob)));
		if ((fnmatch(glob, rows[i].name, 0) == 0) != rows[i].is)
			fail_msg("%s %s", glob, rows[i].name);
	}
	for (int64_t t = 0; t < 400 * 86400 * SEC; t += 86399 * SEC) /* each name is one of them */
		for (const char *const *p = (const char *const[]){ "%Y%m%d%H%M%S", "%F%T%R%s%y%j%G%g%V%U%W%u%w%C%I%p%a%A%b%B%h", NULL };
		    *p != NULL; p++) {
			char long_name[256];

			assert_true(name_make(*p, "", t, long_name, sizeof(long_name)) && name_glob(*p, "", glob, sizeof(glob)));
			assert_int_equal(fnmatch(glob, long_name, 0), 0);
		}
	assert_true(name_of_all("$probe/%H%%", "g w", name, sizeof(name)));
	assert_string_equal(name, "g_w/%H%");
}

static void
test_sibling(void **state)
{
	static const struct {
		const char *name;
		unsigned n;
		const char *is;
	} rows[] = { { "d.x/a.pavo", 1, "d.x/a.pavo" }, { "d.x/a.pavo", 2, "d.x/a_2.pavo" }, { "d.x/a", 12, "d.x/a_12" },
		{ "a.b.pavo", 3, "a.b_3.pavo" }, { "d/.pavo", 2, "d/.pavo_2" } };
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(name_sibling(rows[i].name, rows[i].n, out, sizeof(out)));
		assert_string_equal(out, rows[i].is);
	}
	assert_true(strcmp("a.pavo", "a_2.pavo") < 0 && strcmp("gw-1405_2.pavo", "gw-1406.pavo") < 0); /* it sorts beside */
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_make), cmocka_unit_test(test_check), cmocka_unit_test(test_glob),
		cmocka_unit_test(test_sibling) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

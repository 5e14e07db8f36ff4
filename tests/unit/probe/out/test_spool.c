/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_spool.c: a folder for each run; its files by their times; what all have goes, and the folders with it.
 */
#include "probe/out/spool.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void
make(const char *folder, const char *name)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return (remove(path));
}

static void
remove_all(const char *dir)
{
	assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static bool
there(const char *folder, const char *name)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return (access(path, F_OK) == 0);
}

static void
by_time(void **state)
{
	static const char *const expected[] = { "b/2026/11/20/115500.pavo", "a/2026/11/20/120000.pavo", "a/2026/11/20/120000_2.pavo", "a/2026/11/21/000000.pavo" };
	char dir[] = "/tmp/test_spool.XXXXXX";
	struct spool_file *f;
	size_t n;

	(void)state;
	assert_non_null(mkdtemp(dir));
	make(dir, "a/2026/11/21/000000.pavo.part");
	make(dir, "a/2026/11/20/120000_2.pavo");
	make(dir, "a/2026/11/20/120000.pavo");
	make(dir, "b/2026/11/20/115500.pavo");
	make(dir, "b/.lock");
	make(dir, "x.pavo");		   /* of no run */
	make(dir, "b/x.pavo.new");	   /* being made */
	make(dir, "b/a name with blanks.pavo"); /* none of ours */
	f = spool_list(dir, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(f[i].name, expected[i]);
		assert_int_equal(f[i].complete, i < 3);
	}
	spool_forget(f, n);
	spool_remove(dir, "a/2026/11/20/120000.pavo");
	assert_true(there(dir, "a/2026/11/20/120000_2.pavo"));
	spool_remove(dir, "a/2026/11/20/120000_2.pavo");
	assert_false(there(dir, "a/2026/11/20"));
	assert_true(there(dir, "a/2026/11"));
	spool_remove(dir, "b/2026/11/20/115500.pavo");
	assert_false(there(dir, "b/2026"));
	assert_true(there(dir, "b/.lock"));
	remove_all(dir);
}

static void
runs(void **state)
{
	char dir[] = "/tmp/test_spool.XXXXXX", err[512] = "", first[4096];
	struct spool *s, *other;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_null(spool_open("a%b", "gw", err, sizeof(err)));
	assert_non_null(strstr(err, "--spool"));
	s = spool_open(dir, "gw/1", err, sizeof(err));
	assert_non_null(s);
	assert_true(strncmp(spool_folder(s), dir, strlen(dir)) == 0);
	assert_string_equal(spool_folder(s) + strlen(dir), "/gw_1");
	assert_null(spool_open(dir, "gw/1", err, sizeof(err))); /* one at a time */
	other = spool_open(dir, "gw2", err, sizeof(err));
	assert_non_null(other);
	spool_close(&other);
	(void)snprintf(first, sizeof(first), "%s", spool_pattern(s));
	assert_int_equal(strlen(first), strlen(spool_folder(s)) + 1 + 8 + strlen("/%Y/%m/%d/%H%M%S.pavo"));
	spool_close(&s);
	s = spool_open(dir, "gw/1", err, sizeof(err));
	assert_non_null(s);
	assert_string_not_equal(spool_pattern(s), first);
	spool_close(&s);
	remove_all(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(by_time), cmocka_unit_test(runs) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_file.c: files that are told how the probe is, while others delete, rename and fill what they lie in.
 */
#include "probe/tell/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[32], path[64], other[64];

static const char *
text_of(const char *name)
{
	static char text[4096];
	FILE *f = fopen(name, "r");
	size_t n;

	if (f == NULL)
		return (NULL);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return (text);
}

static unsigned
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	return (st.st_mode & 07777);
}

static bool
add(struct told_file *f, const char *line)
{
	struct buf b = { 0 };
	bool good;

	buf_str(&b, line);
	good = told_file_add(f, &b);
	buf_free(&b);
	return (good);
}

static bool
replace(struct told_file *f, const char *text)
{
	struct buf b = { 0 };
	bool good;

	buf_str(&b, text);
	good = told_file_replace(f, &b);
	buf_free(&b);
	return (good);
}

static struct told_file *
open_file(const char *begins)
{
	char err[512] = "";
	struct told_file *f = told_file_open(path, begins, err, sizeof(err));

	assert_string_equal(err, "");
	assert_non_null(f);
	return (f);
}

static int
setup(void **state)
{
	(void)state;
	(void)umask(027);
	(void)strcpy(folder, "/tmp/pavo-tell.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return (-1);
	(void)snprintf(path, sizeof(path), "%s/told", folder);
	(void)snprintf(other, sizeof(other), "%s/told.1", folder);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(other);
	return (rmdir(folder)); /* nothing else is there */
}

static void
test_add(void **state)
{
	struct told_file *f = open_file(NULL);

	(void)state;
	assert_true(add(f, "1\n"));
	assert_int_equal(mode_of(path), 0640);
	told_file_close(&f);
	f = open_file(NULL); /* what is there stays */
	assert_true(add(f, "2\n"));
	assert_string_equal(text_of(path), "1\n2\n");
	assert_int_equal(rename(path, other), 0); /* logrotate */
	assert_true(add(f, "3\n"));
	assert_int_equal(unlink(path), 0);
	assert_true(add(f, "4\n"));
	assert_string_equal(text_of(path), "4\n");
	assert_string_equal(text_of(other), "1\n2\n");
	assert_int_equal(unlink(path) | unlink(other) | rmdir(folder), 0);
	assert_false(add(f, "5\n"));
	assert_non_null(strstr(told_file_error(f), "told: can not open"));
	assert_int_equal(mkdir(folder, 0700), 0); /* it is another folder of that name */
	assert_true(add(f, "6\n"));
	assert_string_equal(text_of(path), "6\n");
	told_file_close(&f);
}

/* A line that did not fit has an end before the next. */
static void
test_full(void **state)
{
	struct told_file *f = open_file(NULL);
	struct rlimit before, small;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 6;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_true(add(f, "123\n"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(add(f, "4567\n"));
	assert_false(add(f, "89\n"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(add(f, "abc\n"));
	assert_string_equal(text_of(path), "123\n45\nabc\n");
	told_file_close(&f);
}

static void
test_replace(void **state)
{
	struct told_file *f = open_file("# HELP");
	char err[512];
	int fd;

	(void)state;
	assert_int_equal(access(path, F_OK), -1); /* not before there is something to say */
	assert_true(replace(f, "# HELP 1\n"));
	fd = open(path, O_RDONLY);
	assert_int_equal(mode_of(path), 0644); /* whatever the umask says */
	assert_true(replace(f, "# HELP 2\n"));
	assert_string_equal(text_of(path), "# HELP 2\n");
	assert_int_equal(lseek(fd, 0, SEEK_END), 9); /* who had it open has the old one, whole */
	(void)close(fd);
	told_file_close(&f);
	f = open_file("# HELP"); /* ours may be replaced */
	told_file_close(&f);
	assert_null(told_file_open(path, "something else", err, sizeof(err)));
	assert_non_null(strstr(err, "told exists and was not written by pavo: not replaced"));
	assert_string_equal(text_of(path), "# HELP 2\n");
}

static void
test_wrong(void **state)
{
	char err[512];

	(void)state;
	assert_null(told_file_open("/nonexistent/x", NULL, err, sizeof(err)));
	assert_string_equal(err, "/nonexistent/x: can not open its folder: No such file or directory");
	assert_null(told_file_open(folder, NULL, err, sizeof(err)));
	assert_non_null(strstr(err, ": can not open: Is a directory"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_add, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong, setup, teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

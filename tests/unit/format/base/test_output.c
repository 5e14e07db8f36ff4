/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_output.c: what is there stays until it may go; what is written is whole or not there.
 */
#include "format/base/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/pavo-output.XXXXXX";

static bool
is_ours(const uint8_t *head, size_t n)
{
	return (n > 0 && head[0] == '#');
}

static const struct output_kind kind = { is_ours, "is not ours" };

static int
enter(void **state)
{
	(void)state;
	(void)umask(022);
	return (mkdtemp(folder) == NULL || chdir(folder) != 0);
}

static int
leave(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return (chdir("/") != 0 || system(command) != 0);
}

static void
spit(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* What a file holds; "-": there is none. */
static const char *
text_of(const char *path)
{
	static char text[256];
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		return ("-");
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return (text);
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (st.st_mode & 07777);
}

static void
put(struct output *o, const char *text)
{
	assert_true(output_write(o, text, strlen(text)));
}

static void
here(void **state)
{
	struct output o;
	char err[256];

	(void)state;
	spit("a", "#old");
	assert_true(output_open(&o, "a", 0, &kind, err, sizeof(err)));
	assert_string_equal(text_of("a"), "#old"); /* opened, and no more */
	put(&o, "#n");
	assert_string_equal(text_of("a"), "#n");
	assert_true(output_close(&o, OUTPUT_WHOLE, true, err, sizeof(err)));
	assert_true(output_open(&o, "a", OUTPUT_APPEND, &kind, err, sizeof(err)));
	put(&o, "ew");
	assert_int_equal(o.size, 4);
	assert_true(output_cut(&o, 3));
	put(&o, "o");
	assert_true(output_close(&o, OUTPUT_DROP, false, err, sizeof(err)));
	assert_string_equal(text_of("a"), "#neo");
	assert_true(output_open(&o, "b", 0, &kind, err, sizeof(err)));
	assert_true(output_close(&o, OUTPUT_WHOLE, false, err, sizeof(err)));
	assert_int_equal(mode_of("b"), 0640);
}

static void
beside(void **state)
{
	static const struct {
		enum output_fate fate;
		const char *is, *part;
	} row[] = {
		{ OUTPUT_WHOLE, "#new", "-" },
		{ OUTPUT_KEEP, "#old", "#new" },
		{ OUTPUT_DROP, "#old", "-" },
	};
	struct output o;
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		spit("c", "#old");
		spit("c.part", "#left over, and longer");
		assert_int_equal(chmod("c", 0604), 0);
		assert_true(output_open(&o, "c", OUTPUT_BESIDE, &kind, err, sizeof(err)));
		put(&o, "#new");
		assert_string_equal(text_of("c"), "#old");
		assert_true(output_close(&o, row[i].fate, true, err, sizeof(err)));
		assert_string_equal(text_of("c"), row[i].is);
		assert_string_equal(text_of("c.part"), row[i].part);
		assert_int_equal(mode_of("c"), 0604);
		(void)unlink("c.part");
	}
	/* begun, and gone on with later */
	(void)unlink("c");
	assert_true(output_open(&o, "c", OUTPUT_BESIDE, &kind, err, sizeof(err)));
	put(&o, "#1");
	assert_true(output_close(&o, OUTPUT_KEEP, false, err, sizeof(err)));
	assert_int_equal(mode_of("c.part"), 0640);
	assert_true(output_open(&o, "c", OUTPUT_BESIDE | OUTPUT_APPEND, &kind, err, sizeof(err)));
	put(&o, "#2");
	assert_true(output_close(&o, OUTPUT_WHOLE, false, err, sizeof(err)));
	assert_string_equal(text_of("c"), "#1#2");
}

static void
links(void **state)
{
	struct output o;
	struct stat st;
	char err[256];

	(void)state;
	assert_int_equal(mkdir("far", 0755), 0);
	spit("far/d", "#old");
	assert_int_equal(symlink("far/d", "d"), 0);
	assert_true(output_open(&o, "d", OUTPUT_BESIDE, &kind, err, sizeof(err)));
	put(&o, "#new");
	assert_true(output_close(&o, OUTPUT_WHOLE, false, err, sizeof(err)));
	assert_true(lstat("d", &st) == 0 && S_ISLNK(st.st_mode));
	assert_string_equal(text_of("far/d"), "#new");
	/* somebody else's idea of where the part lies */
	spit("precious", "#kept");
	assert_int_equal(symlink("precious", "e.part"), 0);
	assert_false(output_open(&o, "e", OUTPUT_BESIDE, &kind, err, sizeof(err)));
	assert_string_equal(text_of("precious"), "#kept");
}

static void
refuses(void **state)
{
	struct output o, second;
	char err[256];

	(void)state;
	spit("f", "notes");
	for (unsigned how = 0; how <= OUTPUT_BESIDE; how++) {
		assert_false(output_open(&o, "f", how, &kind, err, sizeof(err)));
		assert_string_equal(err, "f exists and is not ours: not replaced");
		assert_string_equal(text_of("f"), "notes");
		assert_false(output_open(&o, "no/g", how, &kind, err, sizeof(err)));
		assert_non_null(strstr(err, "No such file"));
		assert_false(output_open(&o, "..", how, &kind, err, sizeof(err)));
		assert_non_null(strstr(err, "directory"));
	}
	spit("g.part", "notes");
	assert_false(output_open(&o, "g", OUTPUT_BESIDE, &kind, err, sizeof(err)));
	assert_string_equal(text_of("g.part"), "notes");
	/* one writes it, wherever */
	for (unsigned how = 0; how <= OUTPUT_BESIDE; how++) {
		spit("h", "#old");
		assert_true(output_open(&o, "h", how, &kind, err, sizeof(err)));
		for (unsigned other = 0; other <= OUTPUT_BESIDE; other++) {
			assert_false(output_open(&second, "h", other, &kind, err, sizeof(err)));
			assert_string_equal(err, "h is being written by another program");
		}
		assert_true(output_close(&o, OUTPUT_DROP, false, err, sizeof(err)));
	}
}

/* A write that stops in the middle leaves nothing of itself, and can be tried again. */
static void
nothing_torn(void **state)
{
	struct rlimit old, small;
	struct output o;
	char err[256];

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 6;
	assert_true(output_open(&o, "i", 0, &kind, err, sizeof(err)));
	put(&o, "#123");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(output_write(&o, "45678", 5));
	assert_int_equal(errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_string_equal(text_of("i"), "#123");
	put(&o, "45678");
	assert_string_equal(text_of("i"), "#12345678");
	assert_false(output_gone(&o, true));
	assert_int_equal(rename("i", "j"), 0);
	assert_true(!output_gone(&o, false) && output_gone(&o, true));
	assert_int_equal(unlink("j"), 0);
	assert_true(output_gone(&o, false));
	assert_true(output_close(&o, OUTPUT_WHOLE, false, err, sizeof(err)));
}

/* A pipe is only written to: when nobody reads it any more, that is an error, not a wait. */
static void
pipes(void **state)
{
	struct output o;
	char err[256];
	int reader;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(mkfifo("p", 0600), 0);
	reader = open("p", O_RDONLY | O_NONBLOCK);
	assert_true(output_open(&o, "p", OUTPUT_BESIDE, &kind, err, sizeof(err)));
	assert_null(o.part);
	put(&o, "#");
	(void)close(reader);
	assert_false(output_write(&o, "#", 1));
	assert_int_equal(errno, EPIPE);
	assert_true(output_close(&o, OUTPUT_DROP, false, err, sizeof(err)));
	assert_int_equal(access("p", F_OK), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(here), cmocka_unit_test(beside), cmocka_unit_test(links),
		cmocka_unit_test(refuses), cmocka_unit_test(nothing_torn), cmocka_unit_test(pipes),
	};

	return (cmocka_run_group_tests(tests, enter, leave));
}

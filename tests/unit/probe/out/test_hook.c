/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_hook.c: commands on files: their words, what they get, and what is said when they go wrong.
 */
#include "probe/out/hook.h"

#include "format/base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/test_hook.XXXXXX";

static void
test_words(void **state)
{
	static const struct {
		const char *command, *words[6]; /* no words: it is refused */
	} rows[] = {
		{ "gzip", { "gzip" } },
		{ "  gzip\t-9  {} ", { "gzip", "-9", "{}" } },
		{ "sh -c 'echo \"$1\"; :' x", { "sh", "-c", "echo \"$1\"; :", "x" } },
		{ "a \"b c\"d '' e\\ f", { "a", "b cd", "", "e f" } },
		{ "a 'it'\\''s' \"q\\\"q\"", { "a", "it's", "q\"q" } },
		{ "a \\", { "a", "\\" } },
		{ "a; b | c > d", { "a;", "b", "|", "c", ">", "d" } },
		{ "", { NULL } },
		{ " \t", { NULL } },
		{ "a 'b", { NULL } },
		{ "a \"b", { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char err[256], **words = hook_words(rows[i].command, err, sizeof(err));
		size_t n = 0;

		if (rows[i].words[0] == NULL) {
			assert_null(words);
			assert_non_null(strstr(err, "--exec"));
			continue;
		}
		assert_non_null(words);
		for (; n < 6 && rows[i].words[n] != NULL; n++)
			assert_string_equal(words[n], rows[i].words[n]);
		assert_null(words[n]);
		free(words);
	}
}

static const char *
text_of(const char *name)
{
	static char text[65536];
	FILE *f = fopen(name, "r");
	size_t n = f != NULL ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f != NULL)
		(void)fclose(f);
	text[n] = '\0';
	return (text);
}

/* Runs the command on the paths, one after the other in the list that ends with NULL; what was said is in "said". */
static void
run(const char *command, const char *const *paths)
{
	int err = dup(STDERR_FILENO), said = open("said", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	char why[256];
	struct hook *h;

	(void)unlink("out");
	assert_true(err >= 0 && said >= 0 && dup2(said, STDERR_FILENO) >= 0);
	h = hook_start(command, false, why, sizeof(why));
	for (; h != NULL && *paths != NULL; paths++)
		hook_run(h, *paths);
	hook_finish(&h);
	(void)dup2(err, STDERR_FILENO);
	(void)close(err);
	(void)close(said);
}
#define RUN(command, ...) run(command, (const char *const[]){ __VA_ARGS__, NULL })

static void
test_runs(void **state)
{
	char one[] = "sh -c 'echo \"<$#:$1>\" >>out' x {}";

	(void)state;
	RUN(one, "a b");
	assert_string_equal(text_of("out"), "<1:a b>\n");
	assert_string_equal(text_of("said"), "");
	RUN("sh -c 'echo \"$*\" >>out' x --to={}.gz,{}", "$(id);`id`'\"");
	assert_string_equal(text_of("out"), "--to=$(id);`id`'\".gz,$(id);`id`'\"\n");
	RUN("sh -c 'echo \"$*\" >>out; cat' x last", "file"); /* no {}; nothing to read */
	assert_string_equal(text_of("out"), "last file\n");
}

/* Does who starts a program learn that there is none?  Not where the child has no part in its memory, as under qemu-user. */
static bool
spawn_tells(void)
{
	char *argv[] = { (char[]){ "/nonexistent/x" }, NULL };
	pid_t pid;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, argv + 1) != 0)
		return (true);
	(void)waitpid(pid, NULL, 0);
	return (false);
}

static void
test_no_program(void **state)
{
	(void)state;
	if (!spawn_tells()) {
		print_message("posix_spawn() does not say here that there is no such program\n");
		skip();
	}
	RUN("/nonexistent/x -y", "f1", "f2");
	assert_non_null(strstr(text_of("said"), "--exec /nonexistent/x: can not be started for f1: No such file"));
	assert_non_null(strstr(text_of("said"), "for f2: No such file"));
}

static void
test_goes_wrong(void **state)
{
	(void)state;
	RUN("sh -c 'exit 3'", "f1");
	assert_non_null(strstr(text_of("said"), "--exec sh -c 'exit 3': exit status 3, for f1\n"));
	RUN("sh -c 'kill -9 $$'", "f1");
	assert_non_null(strstr(text_of("said"), "killed by signal 9 (Killed), for f1\n"));
}

/* More than run at one time: each once, none lost, no zombie left. */
static void
test_many(void **state)
{
	char name[200][8];
	const char *paths[201] = { NULL };
	unsigned lines = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name[i], sizeof(name[i]), "f%03d", i);
		paths[i] = name[i];
	}
	run("sh -c 'echo \"$1\" >>out' x", paths);
	for (const char *p = text_of("out"); (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	assert_int_equal(lines, 200);
	for (int i = 0; i < 200; i++)
		assert_non_null(strstr(text_of("out"), name[i]));
	assert_string_equal(text_of("said"), "");
}

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

/* One that does not end holds up nobody but those behind it, and the end only for a while. */
static void
test_hangs(void **state)
{
	double before = seconds(), after;

	(void)state;
	if (getenv("PAVO_LONG") == NULL)
		skip();
	RUN("sh -c 'echo >>out; exec sleep 20' x", "f1", "f2", "f3", "f4", "f5");
	after = seconds();
	assert_true(after - before > 8 && after - before < 15);
	assert_string_equal(text_of("out"), "\n\n\n\n");
	assert_non_null(strstr(text_of("said"), "still running after 10 s, for f1; it is left alone\n"));
	assert_non_null(strstr(text_of("said"), "not run for f5\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words), cmocka_unit_test(test_runs), cmocka_unit_test(test_no_program), cmocka_unit_test(test_goes_wrong),
		cmocka_unit_test(test_many), cmocka_unit_test(test_hangs) };
	char command[64];
	int failed;

	log_start("test_hook");
	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		return (99);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return (chdir("/") != 0 || system(command) != 0 || failed);
}

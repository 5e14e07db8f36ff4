/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_show.c: rows of options as --help has them, and as getopt_long() wants them.
 */
#include "format/base/show.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct option_row rows[] = {
	{ 'r', "read", "FILE...", "what to read" },
	{ 300, "quick", NULL, "without a letter" },
	{ 'q', "quiet", NULL, "say nothing" },
	{ 301, "a-rather-long-option", "ARGUMENT", "wider than its column" },
};
#define N 4

static void
lines(void **state)
{
	struct buf b = { 0 };

	(void)state;
	option_lines(&b, rows, N);
	assert_string_equal(buf_cstr(&b),
	    "  -r, --read FILE...          what to read\n"
	    "      --quick                 without a letter\n"
	    "  -q, --quiet                 say nothing\n"
	    "      --a-rather-long-option ARGUMENT wider than its column\n");
	buf_free(&b);
}

static void
words(void **state)
{
	char letters[OPTION_LETTERS(N)];
	struct option longs[N + 1];

	(void)state;
	option_words(rows, N, letters, longs);
	assert_string_equal(letters, "+:r:q");
	for (unsigned i = 0; i < N; i++) {
		assert_string_equal(longs[i].name, rows[i].name);
		assert_int_equal(longs[i].has_arg, rows[i].arg != NULL);
		assert_null(longs[i].flag);
		assert_int_equal(longs[i].val, rows[i].code);
	}
	assert_null(longs[N].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(words),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

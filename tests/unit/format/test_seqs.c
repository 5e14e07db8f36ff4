/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_seqs.c: runs of sequence numbers, written by hand from pavo(5).
 */
#include "format/seqs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct value_case {
	const char *what;
	uint8_t bytes[32];
	uint32_t n;
	const char *runs; /* name:lo-hi */
	bool more, marked;
} cases[] = {
	{ "nothing", { 0 }, 0, "", true, false },
	{ "flags alone", { 0 }, 1, "", false, false },
	{ "one run of the record's", { 0, 0, 1, 5, 4 }, 5, "7:5-9", false, false },
	{ "the example of pavo(5)", { 2, 0, 0x80, 2, 0xe8, 7, 0, 2, 0xfb, 1, 9, 2, 0 }, 13, "7:251-260 7:262-262", false, true },
	{ "two names", { 1, 0, 1, 1, 0, 9, 2, 3, 1, 2, 0 }, 11, "7:1-1 9:3-4 9:6-6", true, false },
	{ "cut in a run", { 0, 0, 2, 1, 0, 4 }, 6, "7:1-1", true, false },
	{ "cut in the mark", { 2, 0, 0x80 }, 3, "", true, false },
	{ "a group of none", { 0, 0, 0, 1, 0 }, 5, "", true, false },
	{ "a name that is too large", { 0, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 1, 0 }, 9, "", true, false },
	{ "beyond the last number", { 0, 0, 2, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1 }, 16, "7:1-1",
	    true, false },
};

static void
test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct value_case *x = &cases[i];
		struct seqs s = seqs_open((struct blob){ x->bytes, x->n }, 7);
		char text[256] = "";
		struct seqs_run r;

		assert_int_equal(s.marked, x->marked);
		while (seqs_next(&s, &r))
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u:%llu-%llu", *text != '\0' ? " " : "",
			    r.name, (unsigned long long)r.lo, (unsigned long long)r.hi);
		if (strcmp(text, x->runs) != 0 || s.more != x->more)
			fail_msg("%s: \"%s\", more %d", x->what, text, s.more);
	}
}

static void
test_mark(void **state)
{
	struct seqs s = seqs_open((struct blob){ cases[3].bytes, cases[3].n }, 7);

	(void)state;
	assert_int_equal(s.mark_name, 7);
	assert_int_equal(s.mark, 256);
	assert_int_equal(s.mark_ns, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_values), cmocka_unit_test(test_mark) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

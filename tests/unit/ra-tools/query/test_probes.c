/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_probes.c: numbers of probes, whether there are several, and how it is said.
 */
#include "ra-tools/query/probes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Each letter is a row: its probe's name; `-` has none, `*` was merged from several. */
static struct batch *
rows_of(const char *letters)
{
	struct batch *b = batch_new(BATCH_ROWS);

	for (uint32_t r = 0; letters[r] != '\0'; r++) {
		union value v = { .b = { (const uint8_t *)&letters[r], 1 } };

		b->rows = r + 1;
		if (letters[r] == '*')
			column_set_mixed(b, batch_column(b, F_probe), r);
		else if (letters[r] != '-')
			column_set(batch_column(b, F_probe), r, &v);
	}
	return (b);
}

static void
numbers_are_by_first_sight(void **state)
{
	static const unsigned want[] = { 0, 1, 0, 2, 3, 1, 3, 2 };
	struct probes *p = probes_new();
	struct batch *b = rows_of("ABA-*B*-");

	(void)state;
	for (uint32_t r = 0; r < b->rows; r++)
		assert_int_equal(probes_of_row(p, b, r), want[r]);
	assert_string_equal(probes_name(p, 0), "A");
	assert_string_equal(probes_name(p, 2), "-");
	assert_string_equal(probes_name(p, 3), "*");
	assert_int_equal(probes_kind(p, 1), PROBE_NAMED);
	assert_int_equal(probes_kind(p, 2), PROBE_ABSENT);
	assert_int_equal(probes_kind(p, 3), PROBE_MERGED);
	probes_forget(p);
	assert_int_equal(probes_of_row(p, b, 1), 0);
	assert_string_equal(probes_name(p, 0), "B");
	batch_free(&b);
	probes_free(&p);
}

static void
selected_rows_count(void **state)
{
	static const struct {
		const char *rows;
		uint64_t sel; /* a bit a row; 0: all, without a selection */
		bool several;
	} t[] = {
		{ "AAAA", 0, false }, { "AABA", 0, true },    { "AABA", 0xb, false }, { "AABA", 0x4, false },
		{ "A-", 0, true },    { "----", 0, false },   { "*", 0, true },	      { "A*A", 5, false },
		{ "", 0, false },     { "-B", 0x2, false }, { "A-A", 0x5, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct probes *p = probes_new(), *joined = probes_new();
		struct batch *b = rows_of(t[i].rows);
		uint64_t sel = t[i].sel;

		b->sel = sel != 0 ? &sel : NULL;
		probes_meet(p, b);
		probes_join(joined, p);
		if (probes_several(p) != t[i].several || probes_several(joined) != t[i].several)
			fail_msg("%s, %llx", t[i].rows, (unsigned long long)t[i].sel);
		batch_free(&b);
		probes_free(&p);
		probes_free(&joined);
	}
}

/* The last of more rows than a word has bits; and bytes at one place, of which names are parts. */
static void
no_row_is_passed_over(void **state)
{
	static const char same[] = "probe12";
	char many[200];
	struct probes *p = probes_new();
	struct batch *b;

	(void)state;
	memset(many, 'A', sizeof(many));
	many[198] = 'B';
	many[199] = '\0';
	b = rows_of(many);
	probes_meet(p, b);
	assert_true(probes_several(p));
	batch_free(&b);
	probes_forget(p);
	b = rows_of("---");
	for (uint32_t r = 0; r < 3; r++)
		column_set(batch_column(b, F_probe), r, &(union value){ .b = { (const uint8_t *)same, 5 + r % 2 } });
	probes_meet(p, b);
	assert_string_equal(probes_name(p, 0), "probe");
	assert_string_equal(probes_name(p, 1), "probe1");
	batch_free(&b);
	probes_free(&p);
}

static void
many_have_a_number_each(void **state)
{
	enum { N = 3000 };
	struct probes *p = probes_new();
	struct batch *b = rows_of("-");
	char name[16];

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < N; i++) {
			(void)snprintf(name, sizeof(name), "p%u", i);
			column_set(batch_column(b, F_probe), 0,
				   &(union value){ .b = { (const uint8_t *)name, (uint32_t)strlen(name) } });
			assert_int_equal(probes_of_row(p, b, 0), i);
		}
	assert_string_equal(probes_name(p, N - 1), "p2999");
	batch_free(&b);
	probes_free(&p);
}

static void
said(const char *rows, const char *apart, const char *want)
{
	struct probes *p = probes_new();
	struct batch *b = rows_of(rows);
	struct buf text = { 0 };

	probes_meet(p, b);
	probes_text(p, "rows of -m matrix", apart, &text);
	assert_string_equal(buf_cstr(&text), want);
	buf_free(&text);
	batch_free(&b);
	probes_free(&p);
}

static void
the_sentence_names_them(void **state)
{
	(void)state;
	said("AB", "-m probe,matrix",
	     "records of several probes (A, B) are added up in rows of -m matrix, so the same packets may be counted twice: "
	     "-m probe,matrix keeps them apart, the filter probe = \"A\" takes one");
	said("ABCDE", NULL,
	     "records of several probes (A, B, C, D, E) are added up in rows of -m matrix, so the same packets may be counted "
	     "twice: the filter probe = \"A\" takes one");
	said("ABCDEFG", "-m probe",
	     "records of several probes (A, B, C, D and 3 more) are added up in rows of -m matrix, so the same packets may be "
	     "counted twice: -m probe keeps them apart, the filter probe = \"A\" takes one");
	said("*", "-m probe,matrix",
	     "records of several probes (*) are added up in rows of -m matrix, so the same packets may be counted twice: they "
	     "were merged before");
	said("-C", NULL, /* names come first */
	     "records of several probes (C, -) are added up in rows of -m matrix, so the same packets may be counted twice: "
	     "the filter probe = \"C\" takes one");
}

/* Names come from files. */
static void
names_are_printable(void **state)
{
	static const struct {
		const char *name;
		uint32_t n;
		const char *text, *filter;
	} t[] = {
		{ "tap 1", 5, "tap 1", "probe = \"tap 1\"" },
		{ "a\"b", 3, "a\"b", "probe = 'a\"b'" },
		{ "", 0, "", "probe = \"\"" },
		{ "\033[2J", 4, "\\x1b[2J", "probe = \"\\x1b[2J\"" },
		{ "a\0b", 3, "a\\x00b", "probe = \"a\\x00b\"" },
	};
	struct probes *p = probes_new();
	struct batch *b = rows_of("-");
	struct buf text = { 0 };

	(void)state;
	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		column_set(batch_column(b, F_probe), 0, &(union value){ .b = { (const uint8_t *)t[i].name, t[i].n } });
		assert_int_equal(probes_of_row(p, b, 0), i);
		assert_string_equal(probes_name(p, i), t[i].text);
		text.len = 0;
		probes_filter(p, i, &text);
		assert_string_equal(buf_cstr(&text), t[i].filter);
	}
	buf_free(&text);
	batch_free(&b);
	probes_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_by_first_sight), cmocka_unit_test(selected_rows_count),
		cmocka_unit_test(no_row_is_passed_over),      cmocka_unit_test(many_have_a_number_each),
		cmocka_unit_test(the_sentence_names_them),    cmocka_unit_test(names_are_printable),
	};

	return (cmocka_run_group_tests_name("probes", tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_formula.c: what numbers are likely to be.  Expected values are worked out by hand.
 */
#include "format/formula.h"

#include "records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 5

static void
check(enum formula f, const uint64_t from[FORMULA_FIELDS][ROWS], const uint64_t expected[ROWS])
{
	const uint64_t *const columns[FORMULA_FIELDS] = { from[0], from[1], from[2], from[3] };
	struct like *l = like_new();
	uint64_t got[ROWS];

	formula_fill(f, l, columns, ROWS, got);
	assert_memory_equal(got, expected, sizeof(got));
	like_free(&l);
}

static void
test_by_hand(void **state)
{
	/* ltime, stime, saddr, sport: the second and the last row are of the first one's host and port */
	static const uint64_t since[FORMULA_FIELDS][ROWS] = { { 9000, 12000, 20000, 7000, 30999 }, { 4000, 11000, 15000, 7000, 25000 },
		{ 1, 1, 1, 2, 1 }, { 80, 80, 443, 80, 80 } };
	static const uint64_t squares[FORMULA_FIELDS][ROWS] = { { 10, 10, 10, 7, UINT64_MAX }, { 4, 4, 1, 0, 1 }, { 0, 1, 1, 0, 0 } };
	static const uint64_t means[FORMULA_FIELDS][ROWS] = { { 90, 10, 5, 5, 10 }, { 9, 1, 0, 2, 3 }, { 90, 810, 5, 10, 5 }, { 1, 9, 4, 3, 3 } };
	static const uint64_t two[FORMULA_FIELDS][ROWS] = { { 30, 30, 30, 5, 9 }, { 10, 10, 10, 5, 4 }, { 1, 2, 3, 1, 2 } };

	(void)state;
	assert_int_equal(formula_fields(1), 0); /* there is none */
	check(FORMULA_SINCE, since, (const uint64_t[]){ 5, 3, 5, 0, 18 });
	/* 10 squared over 4, over 3; over 4 - 4 = nothing: as over one; the last: (2^64 - 1)^2 is 1 modulo 2^64 */
	check(FORMULA_SQUARES, squares, (const uint64_t[]){ 25, 33, 100, 49, 1 });
	check(FORMULA_SUM, two, (const uint64_t[]){ 40, 40, 40, 10, 13 });
	check(FORMULA_OTHER_OF_TWO, two, (const uint64_t[]){ 10, 20, 10, 5, 5 });
	check(FORMULA_LESSER, two, (const uint64_t[]){ 10, 10, 10, 5, 4 });
	/* 9 of 90 and one of 90; 1 of 10 and 9 of 810; none; 2 of 5 and 3 of 10; 3 of 10 and 3 of 5 */
	check(FORMULA_MEANS, means, (const uint64_t[]){ 100, 100, 0, 11, 15 });
	check(FORMULA_RANGE_OF_TWO, two, (const uint64_t[]){ 0, 20, 0, 0, 5 });
}

/* What each field of the table is made of lies before it and is no id; and nothing is made of what it does not take. */
static void
test_table(void **state)
{
	unsigned made = 0;

	(void)state;
	assert_int_equal(formula_fields(FORMULA_NONE), 0);
	assert_int_equal(formula_fields(FORMULAS), 0);
	for (enum field f = 0; f < F_STORED; f++) {
		unsigned n = formula_fields(fields[f].formula);

		assert_int_equal(n > 0, fields[f].formula != FORMULA_NONE);
		made += n > 0;
		for (unsigned i = 0; i < n; i++) {
			assert_true(fields[fields[f].made[i]].id < fields[f].id);
			assert_int_equal(fields[fields[f].made[i]].ids, ID_NONE);
			assert_int_not_equal(fields[fields[f].made[i]].store, STORE_BLOB);
		}
		for (unsigned i = n; i < FORMULA_FIELDS; i++)
			assert_int_equal(fields[f].made[i], 0);
	}
	assert_true(made > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_table),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

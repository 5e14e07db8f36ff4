/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_hold.c: which bins are held, until when; cells that are used again; the cap.
 */
#include "probe/ledger/hold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Holds of one group: from 10 until 100, from 20 until 50.  The flow's own is the second. */
static const struct keep {
	int64_t start;
	bool kept;              /* of the group, */
	int64_t until;          /* so long; INT64_MIN: not at all */
	int64_t own;            /* the same, where the second hold is the flow's own */
} keeps[] = {
	{ 9, false, INT64_MIN, 50 },
	{ 10, true, 100, 100 },
	{ 20, true, 100, 100 },
	{ INT64_MAX, true, 100, 100 },
};

static void
test_keeps(void **state)
{
	struct holds h;
	struct flow_state none = { 0 }, member = { 0 }, owner = { 0 };
	uint32_t group, first, second;

	(void)state;
	holds_init(&h, 4);
	group = hold_group_new(&h);
	first = hold_place(&h, group, 10, 100);
	second = hold_place(&h, group, 20, 50);
	hold_join(&h, &member, group, 0);
	hold_join(&h, &owner, group, second);
	for (size_t i = 0; i < sizeof(keeps) / sizeof(keeps[0]); i++) {
		const struct keep *k = &keeps[i];

		assert_int_equal(hold_group_keeps(&h, group, k->start), k->kept);
		assert_int_equal(hold_keeps(&h, &member, k->start), k->kept);
		assert_int_equal(hold_until(&h, &member, k->start), k->until);
		assert_true(hold_keeps(&h, &owner, k->start)); /* whatever its bins */
		assert_int_equal(hold_until(&h, &owner, k->start), k->own);
		assert_false(hold_keeps(&h, &none, k->start));
		assert_int_equal(hold_until(&h, &none, k->start), INT64_MIN);
	}
	hold_lift(&h, first);
	assert_false(hold_group_keeps(&h, group, 19));
	assert_true(hold_group_keeps(&h, group, 20));
	assert_int_equal(hold_until(&h, &member, 20), 50);
	hold_lift(&h, second);
	assert_false(hold_group_keeps(&h, group, INT64_MAX));
	assert_int_equal(h.holds.used, 0);
	holds_free(&h);
}

/* A flow is not held by a group that took over the cell of its own. */
static void
test_age(void **state)
{
	struct holds h;
	struct flow_state f = { 0 };
	uint32_t group;

	(void)state;
	holds_init(&h, 4);
	group = hold_group_new(&h);
	hold_join(&h, &f, group, 0);
	hold_group_end(&h, group);
	assert_int_equal(hold_group_new(&h), group);
	(void)hold_place(&h, group, 0, 100);
	assert_true(hold_group_keeps(&h, group, 0));
	assert_false(hold_keeps(&h, &f, 0));
	assert_int_equal(hold_until(&h, &f, 0), INT64_MIN);
	hold_join(&h, &f, group, 0);
	assert_true(hold_keeps(&h, &f, 0));
	holds_free(&h);
}

static void
test_cap(void **state)
{
	struct holds h;
	uint32_t a, b, hold;

	(void)state;
	holds_init(&h, 2);
	a = hold_group_new(&h);
	b = hold_group_new(&h);
	assert_true(a != 0 && b != 0 && a != b);
	assert_int_equal(hold_group_new(&h), 0);
	hold = hold_place(&h, a, 0, 1);
	assert_int_not_equal(hold, 0);
	assert_int_not_equal(hold_place(&h, b, 0, 1), 0);
	assert_int_equal(hold_place(&h, b, 0, 1), 0);
	hold_lift(&h, hold);
	assert_int_not_equal(hold_place(&h, b, 0, 1), 0);
	assert_false(hold_group_keeps(&h, a, 0));
	assert_int_equal(hold_group_at(&h, b)->holds.count, 2);
	holds_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_cap),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

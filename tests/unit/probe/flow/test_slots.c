/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_slots.c: slots against a plain array, while they grow and shrink, many with one hash.
 */
#include "probe/flow/slots.h"

#include "tests/unit/probe/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool
is_cell(const void *arg, uint32_t cell)
{
	return (*(const uint32_t *)arg == cell);
}

static void
test_slots(void **state)
{
	enum { CELLS = 10000, ACTIONS = 80000 };
	static uint32_t hash[CELLS + 1];
	static bool there[CELLS + 1];
	struct slots s;

	(void)state;
	chance_seed(3);
	slots_init(&s, 16);
	for (uint32_t i = 0; i < ACTIONS; i++) {
		uint32_t n = 1 + chance(i < ACTIONS / 2 ? CELLS : CELLS / 8);

		if (there[n]) {
			assert_int_equal(slots_find(&s, hash[n], is_cell, &n), n);
			slots_del(&s, hash[n], n);
		} else {
			if (hash[n] != 0)
				assert_int_equal(slots_find(&s, hash[n], is_cell, &n), 0);
			hash[n] = chance(4) == 0 ? 77 + chance(3) : chance(1u << 31) * 2 + 1; /* many collide */
			slots_add(&s, hash[n], n);
		}
		there[n] = !there[n];
	}
	for (uint32_t n = 1; n <= CELLS; n++)
		assert_int_equal(slots_find(&s, hash[n], is_cell, &n), there[n] ? n : 0);
	slots_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_wheel.c: each flow comes at its second, whatever the clock does.
 */
#include "probe/flow/wheel.h"

#include "tests/unit/probe/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define FLOWS 2000

static void
test_wheel(void **state)
{
	static struct wheel w;
	static int64_t deadline[FLOWS + 1];
	int64_t now = 1700000000 * SEC, steps = 0;
	struct table t;

	(void)state;
	chance_seed(4);
	table_init(&t, FLOWS, 1);
	for (uint32_t n = 1; n <= FLOWS; n++) {
		struct key k = { .lport = (uint16_t)n };

		assert_int_equal(table_add(&t, &k, table_hash(&t, &k)), n);
		deadline[n] = now + (int64_t)chance(300000) * MSEC;
		wheel_set(&w, &t, n, deadline[n]);
	}
	for (int round = 0; round < 3000; round++) {
		int64_t due, before = 0;

		now += round % 100 == 50 ? 40000000 * SEC : round % 10 == 5 ? 900 * SEC : (int64_t)chance(2000) * MSEC;
		for (int i = 0; i < 5; i++) { /* a timer that is moved, before the wheel turns */
			uint32_t n = 1 + chance(FLOWS);

			wheel_cancel(&w, &t, n);
			deadline[n] = now + (int64_t)chance(300000) * MSEC;
			wheel_set(&w, &t, n, deadline[n]);
		}
		while ((due = wheel_due(&w, &t, now)) <= now) {
			uint32_t n = wheel_take(&w, &t);

			steps++;
			assert_true(due >= before);
			before = due;
			if (n == 0)
				continue;
			if (deadline[n] <= now) { /* over; another one begins */
				assert_true(due >= deadline[n] && due - deadline[n] < SEC);
				deadline[n] = now + 5 * SEC + (int64_t)chance(295000) * MSEC;
			}
			wheel_set(&w, &t, n, deadline[n]);
		}
		for (uint32_t n = 1; n <= FLOWS; n++)
			assert_true(deadline[n] + SEC > now || deadline[n] > now);
	}
	assert_true(steps < 3000 * FLOWS); /* years cost no more than a turn */
	assert_int_equal(w.count, FLOWS);
	table_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wheel),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parts that keep time and place: watermark, wheel, slots, the order of eviction.
 */
#include "tests/unit/probe/sim.h"

#include "probe/flow/slots.h"
#include "probe/flow/table.h"
#include "probe/ledger/watermark.h"
#include "probe/flow/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* --- watermark */

static void
test_watermark(void **state)
{
	static const struct {
		int64_t ts, at, now; /* s */
		bool bad, jump;
	} steps[] = {
		{ 1000, 1000, 1000, false, false }, { 999, 999, 1000, false, false },
		{ 5000, 5000, 1000, false, true },  { 4600, 4600, 4600, false, false }, /* an hour is allowed */
		{ 7, 4600, 4600, true, false },
		{ 90000, 90000, 4600, false, true }, { 90001, 90001, 4600, false, true },
		{ 90002, 90002, 4600, false, true }, { 90003, 90003, 4600, false, true },
		{ 90004, 90004, 4600, false, true }, { 90005, 90005, 4600, false, true },
		{ 90006, 90006, 4600, false, true }, { 90007, 90007, 90007, false, false }, /* the eighth */
	};
	struct watermark w = { 0 };
	bool jump;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(watermark_take(&w, steps[i].ts * SEC, steps[i].bad, &jump), steps[i].at * SEC);
		assert_int_equal(w.now, steps[i].now * SEC);
		assert_int_equal(jump, steps[i].jump);
	}
	for (int i = 0; i < 7; i++) /* seven, and one that does not agree */
		(void)watermark_take(&w, 200000 * SEC, false, &jump);
	(void)watermark_take(&w, 90008 * SEC, false, &jump);
	(void)watermark_take(&w, 200000 * SEC, false, &jump);
	assert_int_equal(w.now, 90008 * SEC);
	assert_true(watermark_can_be(0) && !watermark_can_be(-1) && !watermark_can_be(INT64_MAX - SEC));
}

/* --- slots against a plain array */

static bool
is_cell(const void *arg, uint32_t cell)
{
	return (*(const uint32_t *)arg == cell);
}

static void
test_slots(void **state)
{
	enum { CELLS = 50000, ACTIONS = 400000 };
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

/* --- the wheel: each flow comes at its second, whatever the clock does */

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

/* --- who has to go */

static uint32_t
add(struct table *t, unsigned n)
{
	struct key k = { .lport = (uint16_t)n };

	return (table_add(t, &k, table_hash(t, &k)));
}

static void
test_victims(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, 16, 1);
	for (unsigned i = 1; i <= 16; i++)
		assert_int_equal(add(&t, i), i);
	assert_true(table_full(&t));
	for (uint32_t n = 1; n <= 12; n++)
		table_confirm(&t, n);
	for (uint32_t n = 13; n <= 15; n++) { /* on probation, the oldest first: 2 of 16 have to be left */
		assert_int_equal(table_victim(&t), n);
		table_remove(&t, n);
		table_release(&t, n);
	}
	flow_at(&t, 1)->life |= LIFE_CHANCE; /* one on probation is less than an eighth: a confirmed one goes, but */
	assert_int_equal(table_victim(&t), 2); /* 1 was heard again */
	table_remove(&t, 2);
	table_release(&t, 2);
	flow_at(&t, 1)->life &= (uint8_t)~LIFE_CHANCE;
	assert_int_equal(table_victim(&t), 3); /* 1 went to the end of the queue */
	assert_int_equal(t.alive, 12);
	assert_int_equal(t.on_probation, 1);
	table_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watermark),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_wheel),
		cmocka_unit_test(test_victims),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

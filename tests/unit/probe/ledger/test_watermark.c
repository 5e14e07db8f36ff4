/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_watermark.c: the clock that packets drive: back, far ahead, impossible.
 */
#include "probe/ledger/watermark.h"

#include "format/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watermark),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_cursor.c: reading straight down, past the end, inner cursors, LEB128.
 */
#include "format/base/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const uint8_t bytes[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b };

static void
reads(void **state)
{
	struct cursor c = cur_new(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(cur_u8(&c), 0x01);
	assert_int_equal(cur_u16(&c), 0x0203);
	assert_int_equal(cur_u64(&c), 0x0405060708090a0bull);
	assert_int_equal(cur_left(&c), 0);
	assert_false(c.cut);

	c = cur_new(bytes, sizeof(bytes));
	assert_int_equal(cur_u32(&c), 0x01020304);
	assert_int_equal(cur_u16le(&c), 0x0605);
	assert_int_equal(cur_u32le(&c), 0x0a090807);
	assert_false(c.cut);

	c = cur_new(bytes, sizeof(bytes));
	assert_int_equal(cur_u64le(&c), 0x0807060504030201ull);
	cur_skip(&c, 2);
	assert_int_equal(*cur_bytes(&c, 1), 0x0b);
	assert_false(c.cut);
}

static void
past_the_end(void **state)
{
	struct cursor c = cur_new(bytes, 3);

	(void)state;
	assert_int_equal(cur_u32(&c), 0);
	assert_true(c.cut);
	assert_int_equal(cur_left(&c), 3); /* the position has not moved */
	assert_int_equal(cur_u16(&c), 0x0102);
	assert_true(c.cut); /* and stays cut */

	c = cur_new(bytes, 7);
	assert_int_equal(cur_u64(&c), 0);
	assert_true(c.cut);
	assert_int_equal(cur_left(&c), 7);

	c = cur_new(NULL, 0);
	assert_int_equal(cur_u8(&c), 0);
	assert_null(cur_bytes(&c, SIZE_MAX));
	assert_true(c.cut);
}

static void
inner(void **state)
{
	struct cursor c = cur_new(bytes, sizeof(bytes)), sub = cur_sub(&c, 4);

	(void)state;
	assert_int_equal(cur_u32(&sub), 0x01020304);
	assert_int_equal(cur_u8(&sub), 0); /* the next byte is there, but not in this world */
	assert_true(sub.cut);
	assert_false(c.cut);
	assert_int_equal(cur_u8(&c), 0x05);

	sub = cur_sub(&c, 100);
	assert_true(sub.cut);
	assert_true(c.cut);
	assert_int_equal(cur_left(&sub), 6);
	assert_int_equal(cur_left(&c), 0);
}

static void
varints(void **state)
{
	/* values from the description of LEB128: 624485 = e5 8e 26; all ones = nine ff and 01 */
	static const struct {
		const char *bytes;
		size_t n;
		uint64_t value;
		bool cut;
	} cases[] = {
		{ "\x00", 1, 0, false },
		{ "\x7f", 1, 127, false },
		{ "\x80\x01", 2, 128, false },
		{ "\xe5\x8e\x26", 3, 624485, false },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX, false },
		{ "", 0, 0, true },
		{ "\x80", 1, 0, true },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cursor c = cur_new(cases[i].bytes, cases[i].n);

		assert_int_equal(cur_varint(&c), cases[i].value);
		assert_int_equal(c.cut, cases[i].cut);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(past_the_end),
		cmocka_unit_test(inner),
		cmocka_unit_test(varints),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_buf.c: what is written is what the wire shows; growth keeps what was there.
 */
#include "format/base/buf.h"
#include "format/base/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
orders(void **state)
{
	static const uint8_t want[] = { 0x01, 0x01, 0x02, 0x01, 0x02, 0x03, 0x04, 0x01, 0x02, 0x03,
					0x04, 0x05, 0x06, 0x07, 0x08, 0x02, 0x01, 0x04, 0x03, 0x02,
					0x01, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01 };
	struct buf b = { 0 };

	(void)state;
	buf_u8(&b, 0x01);
	buf_u16(&b, 0x0102);
	buf_u32(&b, 0x01020304);
	buf_u64(&b, 0x0102030405060708ull);
	buf_u16le(&b, 0x0102);
	buf_u32le(&b, 0x01020304);
	buf_u64le(&b, 0x0102030405060708ull);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.p, want, sizeof(want));
	buf_free(&b);
	assert_null(b.p);
	assert_int_equal(b.len + b.cap, 0);
}

static void
decimals(void **state)
{
	static const struct {
		uint64_t v;
		const char *text;
	} cases[] = { { 0, "0" },
		      { 9, "9" },
		      { 10, "10" },
		      { 4294967296, "4294967296" },
		      { 10000000000000000000u, "10000000000000000000" },
		      { UINT64_MAX, "18446744073709551615" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = { 0 };

		buf_str(&b, "<");
		buf_dec(&b, cases[i].v);
		assert_string_equal(buf_cstr(&b) + 1, cases[i].text);
		assert_int_equal(b.len, strlen(cases[i].text) + 1); /* the NUL is not part of it */
		buf_free(&b);
	}
}

static void
varints(void **state)
{
	static const uint64_t values[] = { 0,	  1,	  127,	      128,	 16383,
					   16384, 624485, UINT32_MAX, UINT64_MAX };
	struct buf b = { 0 };
	struct cursor c;

	(void)state;
	buf_varint(&b, 624485);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.p, "\xe5\x8e\x26", 3);
	b.len = 0;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		buf_varint(&b, values[i]);
	c = cur_new(b.p, b.len);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		assert_int_equal(cur_varint(&c), values[i]);
	assert_int_equal(cur_left(&c), 0);
	assert_false(c.cut);
	buf_free(&b);
}

static void
grows(void **state)
{
	struct buf b = { 0 };
	uint8_t *room;

	(void)state;
	assert_string_equal(buf_cstr(&b), ""); /* of a buffer that has no memory yet */
	for (unsigned i = 0; i < 100000; i++)
		buf_u8(&b, (uint8_t)(i * 7));
	assert_int_equal(b.len, 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(b.p[i], (uint8_t)(i * 7));
	room = buf_room(&b, 1000000);
	assert_ptr_equal(room, b.p + 100000);
	assert_int_equal(b.len, 100000);
	assert_true(b.cap >= 1100000);
	assert_ptr_equal(buf_put(&b, 1000000), room);
	assert_int_equal(b.len, 1100000);
	buf_add(&b, NULL, 0);
	assert_int_equal(b.len, 1100000);
	buf_free(&b);
}

static void
prints(void **state)
{
	char long_text[1000];
	struct buf b = { 0 };

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	buf_printf(&b, "%d-%s", -5, "five");
	assert_string_equal(buf_cstr(&b), "-5-five");
	buf_printf(&b, "[%s]", long_text); /* longer than the room that is tried first */
	assert_int_equal(b.len, 7 + 999 + 2);
	assert_int_equal(b.p[7], '[');
	assert_int_equal(b.p[b.len - 2], 'x');
	assert_int_equal(b.p[b.len - 1], ']');
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders), cmocka_unit_test(decimals), cmocka_unit_test(varints),
		cmocka_unit_test(grows),  cmocka_unit_test(prints),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

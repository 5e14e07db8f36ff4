/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_plain.c: each character that acts, and each byte that is no UTF-8, is shown instead; nothing else changes.
 */
#include "format/base/buf.h"
#include "format/base/plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
test_texts(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "plain \\x1b \"'<&", "plain \\x1b \"'<&" },
		{ "a\033]0;x\007", "a\\x1b]0;x\\x07" },
		{ "\x7f\n\r\t", "\\x7f\\x0a\\x0d\\x09" },
		{ "\xc2\x9b" "31m", "\\xc2\\x9b31m" }, /* CSI of one character */
		{ "\x9b" "31m", "\\x9b31m" },	       /* and of one byte */
		{ "\xc2\x80\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9f\xc2\xa0" },
		{ "\xe2\x80\xae" "txt", "\\xe2\\x80\\xaetxt" }, /* the rest from right to left */
		{ "\xe2\x80\xa7\xe2\x80\xaf\xe2\x80\xa8\xe2\x81\xa6\xe2\x81\xa9", /* U+2027, U+202F; U+2028, U+2066, U+2069 */
		  "\xe2\x80\xa7\xe2\x80\xaf\\xe2\\x80\\xa8\\xe2\\x81\\xa6\\xe2\\x81\\xa9" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x9a", "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x9a" },
		{ "\xc0\xaf\xed\xa0\x80\xf5\xe2\x82", "\\xc0\\xaf\\xed\\xa0\\x80\\xf5\\xe2\\x82" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf once = { 0 }, twice = { 0 };
		char text[64], cut[8];

		buf_plain_str(&once, cases[i].in);
		assert_string_equal(buf_cstr(&once), cases[i].out);
		buf_plain(&twice, once.p, once.len);
		assert_string_equal(buf_cstr(&twice), cases[i].out);
		plain_text(text, sizeof(text), cases[i].in);
		assert_string_equal(text, cases[i].out);
		plain_text(cut, sizeof(cut), cases[i].in); /* never half of something */
		assert_true(strlen(cut) < sizeof(cut) && memcmp(cut, cases[i].out, strlen(cut)) == 0);
		buf_free(&once);
		buf_free(&twice);
	}
}

/* Of all code points below U+10000, as UTF-8, those that act are these. */
static void
test_all(void **state)
{
	unsigned acting = 0;

	(void)state;
	for (unsigned c = 0; c < 0x10000; c++) {
		uint8_t p[3] = { (uint8_t)c };
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
		bool surrogate = c >= 0xd800 && c < 0xe000;

		if (n == 2) {
			p[0] = (uint8_t)(0xc0 | c >> 6);
			p[1] = (uint8_t)(0x80 | (c & 0x3f));
		} else if (n == 3) {
			p[0] = (uint8_t)(0xe0 | c >> 12);
			p[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
			p[2] = (uint8_t)(0x80 | (c & 0x3f));
		}
		assert_int_equal(plain_utf8(p, n), surrogate ? 0 : n);
		if (surrogate)
			continue;
		assert_int_equal(plain_utf8(p, n - 1 > 0 ? n - 1 : 1), n == 1 ? 1 : 0);
		if (plain_acts(p, n)) {
			acting++;
			assert_true(c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
			    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069));
		}
	}
	assert_int_equal(acting, 32 + 33 + 3 + 7 + 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_all),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

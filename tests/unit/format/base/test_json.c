/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_json.c: text as JSON has it.
 */
#include "format/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
json_escapes(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "\"\"" },
		{ "a\"\\b", "\"a\\\"\\\\b\"" },
		{ "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x9a",
		  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x9a\"" },
		{ "a\xff"
		  "b",
		  "\"a\xef\xbf\xbd"
		  "b\"" },					/* no UTF-8 at all */
		{ "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" }, /* overlong slash */
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* a surrogate */
		{ "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },			/* cut */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = { 0 };

		json_text(&b, cases[i].in, strlen(cases[i].in));
		assert_string_equal(buf_cstr(&b), cases[i].out);
		buf_free(&b);
	}
}

static void
json_written(void **state)
{
	struct buf b = { 0 };
	struct json j = json_to(&b);

	(void)state;
	json_open(&j, NULL, '{');
	json_u64(&j, "n", UINT64_MAX);
	json_i64(&j, "i", -3);
	json_real(&j, "r", 0.1);
	json_fixed(&j, "f", 1.005, 1);
	json_bool(&j, "b", true);
	json_null(&j, "z");
	json_str(&j, "s", "a\"b");
	json_open(&j, "none", '[');
	json_close(&j, ']');
	json_open(&j, "list", '[');
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_raw(&j, NULL, "7", 1);
	json_bytes(&j, NULL, "xy", 1);
	json_close(&j, ']');
	json_members(&j, "", 0);
	json_members(&j, "\"m\":1,\"o\":2", 11);
	json_close(&j, '}');
	json_line(&j);
	json_open(&j, NULL, '[');
	json_break(&j);
	json_u64(&j, NULL, 1);
	json_break(&j);
	json_u64(&j, NULL, 2);
	json_close(&j, ']');
	json_line(&j);
	assert_string_equal(buf_cstr(&b), "{\"n\":18446744073709551615,\"i\":-3,\"r\":0.1,\"f\":1.0,\"b\":true,\"z\":null,"
					  "\"s\":\"a\\\"b\",\"none\":[],\"list\":[{},7,\"x\"],\"m\":1,\"o\":2}\n[\n1,\n2]\n");
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_escapes),
		cmocka_unit_test(json_written),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

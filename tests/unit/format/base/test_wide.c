/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_wide.c: wide.h; the expected values are Python's.
 */
#include "format/base/wide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* clang-format off */
static const struct {
	uint64_t a, b, hi, lo; /* a * b */
	uint64_t d, qhi, qlo, rest; /* divided by d */
} cases[] = {
	{ 0x0ull, 0x0ull, 0x0ull, 0x0ull, 0x1ull, 0x0ull, 0x0ull, 0x0ull },
	{ 0x1ull, 0x1ull, 0x0ull, 0x1ull, 0x1ull, 0x0ull, 0x1ull, 0x0ull },
	{ 0xffffffffffffffffull, 0xffffffffffffffffull, 0xfffffffffffffffeull, 0x1ull, 0xffffffffffffffffull, 0x0ull, 0xffffffffffffffffull, 0x0ull },
	{ 0xffffffffffffffffull, 0xffffffffffffffffull, 0xfffffffffffffffeull, 0x1ull, 0x1ull, 0xfffffffffffffffeull, 0x1ull, 0x0ull },
	{ 0xffffffffffffffffull, 0x2ull, 0x1ull, 0xfffffffffffffffeull, 0x3ull, 0x0ull, 0xaaaaaaaaaaaaaaaaull, 0x0ull },
	{ 0xde0b6b3a7640000ull, 0x3b9aca00ull, 0x33b2e3cull, 0x9fd0803ce8000000ull, 0xaull, 0x52b7d2ull, 0xdcc80cd2e4000000ull, 0x0ull },
	{ 0xab54a98ceb1f0ad2ull, 0x891087b8e3b70cb1ull, 0x5bbb5edc654c105dull, 0x1d8f42cf7165332ull, 0x3b9aca07ull, 0x189fc4eccull, 0x830324e4e1783b5cull, 0x49e1baeull },
	{ 0xffffffffffffffffull, 0x3b9aca00ull, 0x3b9ac9ffull, 0xffffffffc4653600ull, 0x8000000000000000ull, 0x0ull, 0x773593ffull, 0x7fffffffc4653600ull },
	{ 0xffffffffffffffffull, 0xfffffffffffffffeull, 0xfffffffffffffffdull, 0x2ull, 0x8000000000000001ull, 0x1ull, 0xfffffffffffffff6ull, 0xcull },
	{ 0x100000000ull, 0x100000000ull, 0x1ull, 0x0ull, 0x7ull, 0x0ull, 0x2492492492492492ull, 0x2ull },
	{ 0xffffffff00000001ull, 0x1ffffffffull, 0x1fffffffdull, 0x2ffffffffull, 0xfedcba9876543210ull, 0x0ull, 0x20249248full, 0x456789aea95dc90full },
};
/* clang-format on */

static void
products(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wide w = wide_mul(cases[i].a, cases[i].b);

		assert_int_equal(w.hi, cases[i].hi);
		assert_int_equal(w.lo, cases[i].lo);
		assert_int_equal(wide_div(&w, cases[i].d), cases[i].rest);
		assert_int_equal(w.hi, cases[i].qhi);
		assert_int_equal(w.lo, cases[i].qlo);
	}
}

static void
shifts(void **state)
{
	struct wide w = { 0x8000000000000001ull, 0x4000000000000003ull };

	(void)state;
	assert_int_equal(wide_shr(w, 0).hi, w.hi);
	assert_int_equal(wide_shr(w, 0).lo, w.lo);
	assert_int_equal(wide_shr(w, 1).hi, 0x4000000000000000ull);
	assert_int_equal(wide_shr(w, 1).lo, 0xa000000000000001ull);
	assert_int_equal(wide_shr(w, 64).hi, 0);
	assert_int_equal(wide_shr(w, 64).lo, w.hi);
	assert_int_equal(wide_shr(w, 127).lo, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products),
		cmocka_unit_test(shifts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_anon.c: addresses against the sample trace that Crypto-PAn was published with; prefixes stay; numbers and
 * ports are exchanged one for one.
 */
#include "ra-tools/anon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The key and pairs of Crypto-PAn's own sample. */
static const uint8_t key[ANON_KEY] = { 21,  34, 23,  141, 51, 164, 207, 128, 19,  10,  91,
				       22,  73, 144, 125, 16, 216, 152, 143, 131, 121, 121,
				       101, 39, 98,  87,  76, 45,  42,	132, 34,  2 };

static const char *const sample[][2] = {
	{ "128.11.68.132", "135.242.180.132" },	  { "129.118.74.4", "134.136.186.123" },
	{ "130.132.252.244", "133.68.164.234" },  { "141.223.7.43", "141.167.8.160" },
	{ "141.233.145.108", "141.129.237.235" }, { "152.163.225.39", "151.140.114.167" },
	{ "156.29.3.236", "147.225.12.42" },	  { "165.247.96.84", "162.9.99.234" },
	{ "166.107.77.190", "160.132.178.185" },  { "192.102.249.13", "252.138.62.131" },
};

static struct ip
parsed(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, strlen(text), &ip));
	return (ip);
}

static void
published(void **state)
{
	struct anon *a = anon_new(key);

	(void)state;
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
			struct ip from = parsed(sample[i][0]), to = anon_ip(a, &from);
			char text[IP_TEXT];

			(void)ip_text(&to, text);
			assert_string_equal(text, sample[i][1]);
		}
	anon_free(&a);
}

static unsigned
common(const struct ip *a, const struct ip *b)
{
	unsigned n = 0;

	while (n < 128 && ((a->b[n / 8] ^ b->b[n / 8]) >> (7 - n % 8) & 1) == 0)
		n++;
	return (n);
}

static void
prefixes(void **state)
{
	static const char *const text[] = {
		"10.0.0.0",   "10.0.0.1",    "10.0.0.128", "10.128.0.0", "255.255.255.255",
		"2001:db8::", "2001:db8::1", "fe80::1",	   "::",	 "2001:db8:8000::"
	};
	struct anon *a = anon_new(key);

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		for (size_t k = 0; k < sizeof(text) / sizeof(text[0]); k++) {
			struct ip x = parsed(text[i]), y = parsed(text[k]);
			struct ip nx = anon_ip(a, &x), ny = anon_ip(a, &y);

			assert_int_equal(ip_is4(&x), ip_is4(&nx));
			if (ip_is4(&x) == ip_is4(&y))
				assert_int_equal(common(&nx, &ny), common(&x, &y));
		}
	anon_free(&a);
}

static void
numbers(void **state)
{
	static uint8_t seen[65536];
	struct anon *a = anon_new(key);
	unsigned moved = 0;

	(void)state;
	assert_int_equal(anon_number(a, 'H', 5, 32), anon_number(a, 'H', 5, 32));
	assert_int_not_equal(anon_number(a, 'H', 5, 32), anon_number(a, 'H', 6, 32));
	assert_int_not_equal(anon_number(a, 'H', 5, 32), anon_number(a, 'I', 5, 32));
	assert_true(anon_number(a, 'H', 5, 32) < 1ull << 32);
	for (unsigned p = 0; p < 65536; p++) {
		uint16_t q = anon_port(a, (uint16_t)p, 1024);

		assert_int_equal(seen[q], 0);
		seen[q] = 1;
		assert_int_equal(p < 1024, q < 1024);
		if (p < 1024)
			assert_int_equal(p, q);
		moved += p != q;
	}
	assert_true(moved > 64000);
	anon_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(numbers),
	};

	return (cmocka_run_group_tests_name("anon", tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_ip.c: addresses as text and back (the examples of RFC 5952), prefixes.
 */
#include "format/base/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct ip
ip(const char *text)
{
	struct ip got;

	if (!ip_parse(text, strlen(text), &got))
		fail_msg("%s is an address", text);
	return (got);
}

static void
texts(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "10.0.99.100", "10.0.99.100" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "1.20.101.110", "1.20.101.110" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" }, /* RFC 5952 5 */
		{ "::ffff:c000:201", "::ffff:192.0.2.1" },
		{ "::ffff:0:c000:201", "::ffff:0:c000:201" },
		{ "::192.0.2.1", "::c000:201" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:0db8::0001", "2001:db8::1" },	     /* RFC 5952 4.1 */
		{ "2001:db8:0:0:0:0:2:1", "2001:db8::2:1" }, /* 4.2.1 */
		{ "2001:db8:0:1:1:1:1:1",
		  "2001:db8:0:1:1:1:1:1" },		   /* 4.2.2: one group is not shortened */
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" }, /* 4.2.3: the longest run */
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" }, /* 4.2.3: the first of equals */
		{ "2001:DB8::ABCD", "2001:db8::abcd" },		 /* 4.3 */
		{ "0:0:1:0:0:0:0:0", "0:0:1::" },
		{ "::fffe:1.2.3.4", "::fffe:102:304" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};
	char text[IP_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip a = ip(cases[i].in);

		assert_int_equal(ip_text(&a, text), strlen(cases[i].out));
		assert_string_equal(text, cases[i].out);
	}
}

/* Every octet, every zero pattern of groups: the text reads back as the same address. */
static void
round_trip(void **state)
{
	char text[IP_TEXT];
	struct ip back;

	(void)state;
	for (unsigned v = 0; v < 256; v++) {
		uint8_t b[4] = { (uint8_t)v, 7, (uint8_t)(255 - v), (uint8_t)v };
		struct ip a = ip_v4(b);

		assert_true(ip_parse(text, ip_text(&a, text), &back));
		assert_int_equal(ip_cmp(&a, &back), 0);
	}
	for (unsigned mask = 0; mask < 256; mask++) {
		struct ip a = { { 0 } };

		for (unsigned g = 0; g < 8; g++)
			a.b[2 * g + 1] = (uint8_t)(mask >> g & 1 ? g + 1 : 0);
		assert_true(ip_parse(text, ip_text(&a, text), &back));
		assert_int_equal(ip_cmp(&a, &back), 0);
	}
}

static void
refused(void **state)
{
	static const char *cases[] = { "",
				       ".",
				       "1",
				       "1.2.3",
				       "1.2.3.",
				       "1.2.3.4.",
				       ".1.2.3.4",
				       "1.2.3.4.5",
				       "256.1.1.1",
				       "1.1.1.999",
				       "01.2.3.4",
				       "1.2.3.4 ",
				       " 1.2.3.4",
				       "-1.2.3.4",
				       "1.2.3.x",
				       ":",
				       ":::",
				       "1::2::3",
				       "12345::",
				       "1:2:3:4:5:6:7",
				       "1:2:3:4:5:6:7:8:9",
				       "fe80::1%eth0",
				       "::g",
				       "ff00:69a5:d317:8ec7::", /* what stands for IPv4 is no address */
				       "ff00:69a5:d317:8ec7::192.0.2.1",
				       "ff00:69a5:d317:8ec7:ffff:ffff:ffff:ffff",
				       "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa" };
	struct ip a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ip_parse(cases[i], strlen(cases[i]), &a))
			fail_msg("\"%s\" is not an address", cases[i]);
	assert_false(ip_parse("1.2.3.4", 6, &a)); /* n rules, not the NUL */
	assert_true(ip_parse("1.2.3.45", 7, &a));
	assert_int_equal(a.b[15], 4);
	assert_false(ip_parse("::1\0", 4, &a));
}

static void
nets(void **state)
{
	static const struct {
		const char *in, *net; /* NULL: refused */
		unsigned len;
	} cases[] = {
		{ "10/8", "10.0.0.0", 8 },
		{ "10.1/16", "10.1.0.0", 16 },
		{ "10.1.2.0/24", "10.1.2.0", 24 },
		{ "10.1.2.3/24", "10.1.2.0", 24 },
		{ "10.1.2.255/25", "10.1.2.128", 25 },
		{ "10.1.2.3", "10.1.2.3", 32 },
		{ "10.1.2.3/32", "10.1.2.3", 32 },
		{ "1.2.3.4/0", "0.0.0.0", 0 },
		{ "255.255.255.255/31", "255.255.255.254", 31 },
		{ "fe80::/10", "fe80::", 10 },
		{ "febf:1::/10", "fe80::", 10 },
		{ "2001:db8::1", "2001:db8::1", 128 },
		{ "2001:db8::1/127", "2001:db8::", 127 },
		{ "::/0", "::", 0 },
		{ "10", NULL, 0 },
		{ "10.1", NULL, 0 },
		{ "10/", NULL, 0 },
		{ "10/33", NULL, 0 },
		{ "10/-1", NULL, 0 },
		{ "10/8x", NULL, 0 },
		{ "10/8/8", NULL, 0 },
		{ "/8", NULL, 0 },
		{ "", NULL, 0 },
		{ "fe80::/129", NULL, 0 },
		{ "10/0000", NULL, 0 },
	};
	char text[IP_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip net;
		unsigned len = 999;
		bool good = ip_parse_net(cases[i].in, strlen(cases[i].in), &net, &len);

		if (good != (cases[i].net != NULL))
			fail_msg("%s: %s", cases[i].in, good ? "taken" : "refused");
		if (!good)
			continue;
		(void)ip_text(&net, text);
		assert_string_equal(text, cases[i].net);
		assert_int_equal(len, cases[i].len);
	}
}

static void
masks(void **state)
{
	static const struct {
		const char *ip, *net;
		unsigned len;
		bool in;
	} cases[] = {
		{ "10.1.2.3", "10.0.0.0", 8, true },
		{ "::ffff:10.1.2.3", "10.0.0.0", 8, false },
		{ "::ffff:10.1.2.3", "::ffff:10.0.0.0", 104, true },
		{ "::ffff:10.1.2.3", "::", 0, true },
		{ "::ffff:10.1.2.3", "::ffff:11.0.0.0", 104, false },
		{ "11.1.2.3", "10.0.0.0", 8, false },
		{ "10.1.2.3", "10.1.2.99", 24, true }, /* host bits of the net do not matter */
		{ "10.1.2.3", "10.1.2.2", 31, true },
		{ "10.1.2.3", "10.1.2.4", 31, false },
		{ "10.1.2.3", "10.1.2.3", 32, true },
		{ "10.1.2.3", "10.1.2.3", 99, true }, /* more than all is all */
		{ "10.1.2.3", "10.1.2.2", 99, false },
		{ "1.2.3.4", "9.9.9.9", 0, true },
		{ "1.2.3.4", "::", 0, false }, /* another family */
		{ "::1", "0.0.0.0", 0, false },
		{ "2001:db8::1", "2001:db8::", 32, true },
		{ "2001:db9::1", "2001:db8::", 32, false },
		{ "2001:db8::1", "2001:db8::2", 128, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip a = ip(cases[i].ip), net = ip(cases[i].net);
		struct ip x = ip_mask(&a, cases[i].len), y = ip_mask(&net, cases[i].len);

		if ((ip_is4(&a) == ip_is4(&net) && ip_cmp(&x, &y) == 0) != cases[i].in)
			fail_msg("%s in %s/%u", cases[i].ip, cases[i].net, cases[i].len);
	}
}

/* The order of the table is that of the addresses, and what others see of each is the same for both families. */
static void
order(void **state)
{
	static const char *const up[] = { "::", "::1", "::192.0.2.1", "::fffe:ffff:ffff", "0.0.0.0", "::ffff:0.0.0.0", "192.0.2.1",
		"::ffff:192.0.2.1", "192.0.2.2", "255.255.255.255", "::ffff:255.255.255.255", "::1:0:0:0", "64:ff9b::192.0.2.1",
		"2001:db8::", "fe80::1", "ff00:69a5:d317:8ec6::", "ff00:69a5:d317:8ec8::", "ff02::16", "ffff::" };
	const int n = (int)(sizeof(up) / sizeof(up[0]));

	(void)state;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++) {
			struct ip a = ip(up[i]), b = ip(up[j]);

			if (ip_cmp(&a, &b) != (i > j) - (i < j))
				fail_msg("%s and %s", up[i], up[j]);
		}
	for (int i = 0; i < n; i++) {
		struct ip a = ip(up[i]), out = ip_mapped(&a), six;
		char text[IP_TEXT + 7] = "::ffff:";

		if (ip_is4(&a))
			(void)ip_text(&a, text + 7);
		six = ip(ip_is4(&a) ? text : up[i]);
		assert_memory_equal(out.b, six.b, 16);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts), cmocka_unit_test(round_trip), cmocka_unit_test(refused),
		cmocka_unit_test(nets),	 cmocka_unit_test(masks), cmocka_unit_test(order),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

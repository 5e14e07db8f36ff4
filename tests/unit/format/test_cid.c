/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_cid.c: Community IDs.  The first four are the published vectors and that of SEMANTICS 1.1; the others
 * were calculated with Python's hashlib from the specification.
 */
#include "format/cid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
test_vectors(void **state)
{
	static const struct {
		const char *msg, *src, *dst, *want;
		uint16_t sport, dport;
		uint8_t proto, type, code;
		bool ports, icmp, oneway;
	} cases[] = {
		{ "tcp", "128.232.110.120", "66.35.250.204", "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", 34855, 80, 6, 0, 0,
		    true, false, false },
		{ "udp", "192.168.1.52", "8.8.8.8", "1:d/FP5EW3wiY1vCndhwleRRKHowQ=", 54585, 53, 17, 0, 0, true,
		    false, false },
		{ "icmp echo", "192.168.0.89", "192.168.0.1", "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", 0, 0, 1, 8, 0, false,
		    true, true /* the other way it is another request */ },
		{ "esp", "10.0.0.1", "10.0.0.2", "1:dX+1pd7Z9Y9hJE/IuQlfvK7bxuA=", 0, 0, 50, 0, 0, false, false,
		    false },
		{ "icmp unreachable", "192.168.0.89", "192.168.0.1", "1:dPRpNwuTNOTQEtM23HPAdlCnrwc=", 0, 0, 1, 3, 3,
		    false, true, true },
		{ "tcp over IPv6", "2001:db8::2", "2001:db8::1", "1:UFel+zfGDXB/GhABjlRQUzVNUI8=", 50000, 443, 6, 0,
		    0, true, false, false },
		{ "neighbour solicitation", "fe80::1", "fe80::2", "1:7IIPGNVAHI2udmsuJVpA3RMOAqc=", 0, 0, 58, 135, 0,
		    false, true, true },
		{ "one address", "127.0.0.1", "127.0.0.1", "1:3/KBKo3Fv7foLbxaMee88+d1tmE=", 60000, 53, 17, 0, 0,
		    true, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cid_key k = { .sport = cases[i].sport, .dport = cases[i].dport, .proto = cases[i].proto,
			.ports = cases[i].ports, .icmp = cases[i].icmp, .type = cases[i].type,
			.code = cases[i].code }, turned;
		char out[CID_TEXT], back[CID_TEXT];
		size_t n;

		assert_true(ip_parse(cases[i].src, strlen(cases[i].src), &k.src));
		assert_true(ip_parse(cases[i].dst, strlen(cases[i].dst), &k.dst));
		n = cid_text(&k, out);
		if (n != strlen(cases[i].want) || memcmp(out, cases[i].want, n) != 0)
			fail_msg("%s: %.*s", cases[i].msg, (int)n, out);
		turned = k;
		turned.src = k.dst;
		turned.dst = k.src;
		turned.sport = k.dport;
		turned.dport = k.sport;
		if (!cases[i].oneway && (cid_text(&turned, back) != n || memcmp(out, back, n) != 0))
			fail_msg("%s: the other direction", cases[i].msg);
	}
}

/* An echo reply from the other side is the same conversation. */
static void
test_icmp_reply(void **state)
{
	struct cid_key k = { .proto = 1, .icmp = true, .type = 0 };
	char out[CID_TEXT];

	(void)state;
	assert_true(ip_parse("192.168.0.1", 11, &k.src));
	assert_true(ip_parse("192.168.0.89", 12, &k.dst));
	assert_int_equal(cid_text(&k, out), 30);
	assert_memory_equal(out, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_icmp_reply),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

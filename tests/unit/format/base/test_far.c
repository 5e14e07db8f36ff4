/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_far.c: places on other machines as text, and the way there and back on this one.
 */
#include "format/base/far.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static void
as_text(void **state)
{
	static const struct {
		const char *text, *host, *port; /* host NULL: it is none */
		bool stream;
	} cases[] = {
		{ "udp://10.0.0.1:4739", "10.0.0.1", "4739", false },
		{ "tcp://host.example:80", "host.example", "80", true },
		{ "tcp://host.example", "host.example", "7", true },
		{ "tcp://[::1]:4739", "::1", "4739", true },
		{ "tcp://[::1]", "::1", "7", true },
		{ "tcp://*:9", "*", "9", true },
		{ "tls://h:9", "h", "9", true },
		{ "tcp://", NULL, NULL, false },
		{ "tcp://:80", NULL, NULL, false },
		{ "tcp://h:", NULL, NULL, false },
		{ "tcp://h:http", NULL, NULL, false },
		{ "tcp://[::1:80", NULL, NULL, false },
		{ "tcp://[::1]80", NULL, NULL, false },
		{ "tcp://h:80/x", NULL, NULL, false },
		{ "tcp://a/b:80", NULL, NULL, false },
		{ "http://h:80", NULL, NULL, false },
		{ "h:80", NULL, NULL, false },
	};
	char err[200], longer[400];
	struct far f;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool right = far_parse(&f, cases[i].text, "7", err, sizeof(err));

		assert_int_equal(right, cases[i].host != NULL);
		if (!right)
			continue;
		assert_string_equal(f.host, cases[i].host);
		assert_string_equal(f.port, cases[i].port);
		assert_int_equal(f.stream, cases[i].stream);
		assert_int_equal(f.tls, strncmp(cases[i].text, "tls", 3) == 0);
	}
	assert_false(far_parse(&f, "tcp://host", NULL, err, sizeof(err)));
	assert_true(far_is("udp://x") && far_is("tcp://") && !far_is("x.pavo") && !far_is("udp:/x"));
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	memcpy(longer, "tcp://", 6);
	assert_false(far_parse(&f, longer, "7", err, sizeof(err)));
}

static void
there_and_back(void **state)
{
	struct far f;
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	char err[200], text[64], got[8];
	int listening, there, here;

	(void)state;
	assert_true(far_parse(&f, "tcp://127.0.0.1:0", NULL, err, sizeof(err)));
	listening = far_listen(&f, err, sizeof(err));
	assert_true(listening >= 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
	(void)snprintf(text, sizeof(text), "tcp://127.0.0.1:%u", ntohs(at.sin_port));
	assert_true(far_parse(&f, text, NULL, err, sizeof(err)));
	there = far_connect(&f, 5000, err, sizeof(err));
	assert_true(there >= 0);
	here = accept(listening, NULL, NULL);
	assert_true(here >= 0);
	assert_int_equal(write(there, "hello", 5), 5);
	assert_int_equal(read(here, got, sizeof(got)), 5);
	assert_memory_equal(got, "hello", 5);
	(void)close(here);
	(void)close(there);
	(void)close(listening);
	assert_int_equal(far_connect(&f, 5000, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "refused"));
	assert_true(far_parse(&f, "udp://127.0.0.1:9", NULL, err, sizeof(err)));
	there = far_connect(&f, 5000, err, sizeof(err));
	assert_true(there >= 0);
	assert_int_equal(far_datagram(there), 1500 - 28);
	(void)close(there);
	assert_true(far_parse(&f, "tcp://no.such.host.invalid:9", NULL, err, sizeof(err)));
	assert_int_equal(far_connect(&f, 5000, err, sizeof(err)), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(as_text), cmocka_unit_test(there_and_back) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

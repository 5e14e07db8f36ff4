/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ping.c: the lines of --pping; every expected value is calculated by hand.
 */
#include "probe/ping.h"

#include "format/base/clock.h"
#include "format/base/ip.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { A, B }; /* 10.0.0.1 port 40000, 10.0.0.2 port 80 */

struct seg {
	int from;
	int64_t us;
	uint32_t tsval, tsecr;
	uint8_t flags;
};

static const struct key_options plain;

static void
give(struct pings *g, const struct seg *s)
{
	static const uint8_t a[4] = { 10, 0, 0, 1 }, b[4] = { 10, 0, 0, 2 };
	struct packet p = { .facts = FACT_PORTS | FACT_TCP | FACT_TCPTS, .ts = s->us * USEC, .af = 4, .proto = 6,
		.src = ip_v4(s->from == A ? a : b), .dst = ip_v4(s->from == A ? b : a),
		.sport = s->from == A ? 40000 : 80, .dport = s->from == A ? 80 : 40000,
		.tcp = { .flags = s->flags, .tsval = s->tsval, .tsecr = s->tsecr } };

	ping_packet(g, &p);
}

#define AB "10.0.0.1,40000,10.0.0.2,80\n"
#define BA "10.0.0.2,80,10.0.0.1,40000\n"

static void
test_lines(void **state)
{
	static const struct {
		const char *msg;
		struct seg seg[6]; /* up to one without flags */
		const char *lines;
	} cases[] = {
		{ "R3: the first with a TSval, the first echo",
		    { { B, 990000, 7, 99, TCP_ACK }, { A, 1000000, 100, 6, TCP_ACK }, { A, 1002000, 100, 6, TCP_ACK },
			{ B, 1050000, 8, 100, TCP_ACK }, { B, 1052000, 9, 100, TCP_ACK } },
		    "1.050000,0.050000,0.050000," BA },
		{ "nothing waits before both directions were seen; a SYN-ACK does",
		    { { A, 1000000, 100, 0, TCP_SYN }, { B, 1020000, 7, 100, TCP_SYN | TCP_ACK },
			{ A, 1021000, 101, 7, TCP_ACK }, { B, 1041500, 8, 101, TCP_ACK } },
		    "1.021000,0.001000,0.001000," AB "1.041500,0.020500,0.020500," BA },
		{ "the least is of one direction",
		    { { A, 0, 100, 1, TCP_ACK }, { B, 1000000, 7, 1, TCP_ACK }, { A, 1003000, 101, 7, TCP_ACK },
			{ B, 1005000, 8, 101, TCP_ACK }, { A, 1006000, 102, 8, TCP_ACK },
			{ B, 1036000, 9, 102, TCP_ACK } },
		    "1.003000,0.003000,0.003000," AB "1.005000,0.002000,0.002000," BA
		    "1.006000,0.001000,0.001000," AB "1.036000,0.030000,0.002000," BA },
		{ "after 10 s it is still told",
		    { { A, 0, 100, 1, TCP_ACK }, { B, 1000000, 7, 1, TCP_ACK }, { A, 11000000, 101, 7, TCP_ACK } },
		    "11.000000,10.000000,10.000000," AB },
		{ "later it is not",
		    { { A, 0, 100, 1, TCP_ACK }, { B, 1000000, 7, 1, TCP_ACK }, { A, 11000001, 101, 7, TCP_ACK } }, "" },
		{ "and the value waits anew",
		    { { A, 0, 100, 1, TCP_ACK }, { B, 1000000, 7, 1, TCP_ACK }, { A, 1100000, 101, 7, TCP_ACK },
			{ B, 11000001, 7, 1, TCP_ACK }, { A, 11200001, 102, 7, TCP_ACK } },
		    "1.100000,0.100000,0.100000," AB "11.200001,0.200000,0.100000," AB },
		{ "TSval 0; TSecr 0 without SYN",
		    { { A, 0, 100, 1, TCP_ACK }, { B, 1000000, 0, 100, TCP_ACK }, { A, 1010000, 101, 0, TCP_ACK },
			{ B, 1020000, 7, 101, TCP_ACK } },
		    "" },
		{ "300 s of silence: a flow begins anew",
		    { { A, 0, 100, 1, TCP_ACK }, { B, 1000000, 7, 1, TCP_ACK }, { A, 301000001, 101, 1, TCP_ACK },
			{ B, 301010000, 8, 101, TCP_ACK } },
		    "" },
		{ "before it was sent", { { A, 0, 100, 1, TCP_ACK }, { B, 1000000, 7, 1, TCP_ACK },
		    { A, 999999, 101, 7, TCP_ACK } }, "" },
	};
	char path[] = "/tmp/test_ping.XXXXXX", err[256] = "", got[1024];

	(void)state;
	(void)close(mkstemp(path));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pings *g = ping_open(path, 100, &plain, i, err, sizeof(err)); /* replaces that of before */
		char want[1024];
		FILE *f;
		size_t n;

		assert_string_equal(err, "");
		assert_non_null(g);
		for (const struct seg *s = cases[i].seg; s < cases[i].seg + 6 && s->flags != 0; s++)
			give(g, s);
		assert_true(ping_close(&g, err, sizeof(err)));
		assert_null(g);
		(void)snprintf(want, sizeof(want), "%s%s", PING_HEAD, cases[i].lines);
		assert_non_null(f = fopen(path, "r"));
		n = fread(got, 1, sizeof(got) - 1, f);
		got[n] = '\0';
		(void)fclose(f);
		if (strcmp(got, want) != 0)
			print_error("%s\n", cases[i].msg);
		assert_string_equal(got, want);
	}
	(void)unlink(path);
}

static void
test_files(void **state)
{
	char path[] = "/tmp/test_ping.XXXXXX", err[256] = "";
	int fd = mkstemp(path);
	struct pings *g;

	(void)state;
	assert_int_equal(write(fd, "time,rtt\n", 9), 9);
	(void)close(fd);
	assert_null(ping_open(path, 100, &plain, 1, err, sizeof(err)));
	assert_non_null(strstr(err, "not replaced"));
	(void)unlink(path);
	assert_null(ping_open("/nowhere/x.csv", 100, &plain, 1, err, sizeof(err)));
	assert_non_null(strstr(err, "/nowhere/x.csv: No such file"));
	g = ping_open("/dev/full", 100, &plain, 1, err, sizeof(err));
	assert_non_null(g);
	assert_false(ping_flush(g));
	assert_true(ping_failed(g));
	assert_false(ping_close(&g, err, sizeof(err)));
	assert_string_equal(err, "/dev/full: can not write: No space left on device");
	assert_true(ping_close(&g, err, sizeof(err))); /* NULL */
}

/* More wait than there is room for: the oldest is forgotten, the newest not. */
static void
test_full(void **state)
{
	char path[] = "/tmp/test_ping.XXXXXX", err[256] = "", got[256] = "";
	struct pings *g;
	FILE *f;

	(void)state;
	(void)close(mkstemp(path));
	assert_non_null(g = ping_open(path, 100, &plain, 1, err, sizeof(err)));
	give(g, &(struct seg){ B, 0, 5, 1, TCP_ACK });
	for (uint32_t i = 1; i <= (1u << 20) + 1; i++)
		give(g, &(struct seg){ A, 1000000, i, 9, TCP_ACK });
	give(g, &(struct seg){ B, 1000001, 6, 1, TCP_ACK });
	give(g, &(struct seg){ B, 1000002, 6, (1u << 20) + 1, TCP_ACK });
	assert_true(ping_close(&g, err, sizeof(err)));
	assert_non_null(f = fopen(path, "r"));
	assert_true(fread(got, 1, sizeof(got) - 1, f) > 0);
	(void)fclose(f);
	assert_string_equal(got, PING_HEAD "1.000002,0.000002,0.000002," BA);
	(void)unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines), cmocka_unit_test(test_files),
		cmocka_unit_test(test_full) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tcp_reach.c: numbers further ahead than any window allows (SEMANTICS 14.1 e).  Every row is worked out by hand;
 * a counter that is not named is 0.  Neither side of OPEN scales its window: 65536 bytes are in reach.
 */
#include "tests/unit/probe/track/segments.h"

#define BOTH(name) "s" name " d" name " "
#define WANTED "!" BOTH("newbytes") BOTH("jumps") BOTH("oow") BOTH("tgapev") BOTH("capmiss") BOTH("rtxdn") BOTH("ooo")

static const struct connection steps[] = {
	{ "within reach: a hole", { OPEN, C(100, "A", 0, 100), C(101, "A", 65436, 100) },
	    "snewbytes=200 soow=1 stgapev=1" },
	{ "beyond: it waits", { OPEN, C(100, "A", 0, 100), C(101, "A", 65437, 100) }, "snewbytes=100" },
	{ "the next one goes on from there: a new start, and nothing is missing", { OPEN, C(100, "A", 0, 100),
	    C(101, "A", 2000000, 100), C(102, "A", 2000100, 100) }, "snewbytes=300 sjumps=1" },
	{ "the one after the next", { OPEN, C(100, "A", 0, 100), C(101, "A", 2000000, 100), C(102, "A", 100, 100),
	    C(103, "A", 2000100, 100) }, "snewbytes=400 sjumps=1" },
	{ "two do not: it was out of window", { OPEN, C(100, "A", 0, 100), C(101, "A", 2000000, 100),
	    C(102, "A", 100, 100), C(103, "A", 200, 100), C(104, "A", 2000100, 100) }, "snewbytes=300 soow=1" },
	{ "the other side acknowledges it", { OPEN, C(100, "A", 0, 100), C(101, "A", 2000000, 100),
	    S(130, "A", 0, 0, .ack = 2000100), C(140, "A", 2000100, 50) }, "snewbytes=250 sjumps=1" },
	{ "and what followed it unseen", { OPEN, C(100, "A", 0, 100), C(101, "A", 2000000, 100),
	    S(130, "A", 0, 0, .ack = 2000150), C(140, "A", 2000150, 50) }, "snewbytes=250 sjumps=1" },
	{ "it acknowledges something else", { OPEN, C(100, "A", 0, 100), C(101, "A", 2000000, 100),
	    S(130, "A", 0, 0, .ack = 9000000), C(140, "A", 2000100, 100) }, "snewbytes=100 soow=1 doow=1" },
	{ "an acknowledgement from nowhere, and the sender goes on there", { OPEN, C(100, "A", 0, 100),
	    S(110, "A", 0, 0, .ack = 3000000), C(120, "A", 3000000, 100) }, "snewbytes=200 sjumps=1" },
	{ "two do not", { OPEN, C(100, "A", 0, 100), S(110, "A", 0, 0, .ack = 3000000), S(120, "A", 0, 0, .ack = 100),
	    S(130, "A", 0, 0, .ack = 100) }, "snewbytes=100 doow=1" },
	{ "another one from elsewhere takes its place", { OPEN, C(100, "A", 0, 100), C(101, "A", 2000000, 100),
	    C(102, "A", 9000000, 100), C(103, "A", 9000100, 100) }, "snewbytes=300 sjumps=1 soow=1" },
	/* met in the middle nobody knows the windows: a mebibyte */
	{ "no scale: within reach", { C(0, "A", 0, 100), S(1, "A", 0, 1, .ack = 100), C(2, "A", 1048576, 100) },
	    "snewbytes=200 dnewbytes=1 stgapev=1" },
	{ "no scale: beyond, and nothing is said of windows", { C(0, "A", 0, 100), S(1, "A", 0, 1, .ack = 100),
	    C(2, "A", 1048577, 100), C(3, "A", 100, 10), C(4, "A", 110, 10) }, "snewbytes=120 dnewbytes=1" },
	/* the data of the side that jumps is counted once */
	{ "what it was is seen before", { OPEN, C(100, "A", 0, 100), C(101, "A", 2000000, 100),
	    C(102, "A", 2000100, 100),
	    C(400, "A", 2000100, 100) }, "snewbytes=300 sjumps=1 srtxdn=1" },
};

static void
test_steps(void **state)
{
	(void)state;
	PLAY(steps, WANTED);
}

/* The largest window of the connection counts, scaled. */
static void
test_scaled(void **state)
{
	static const struct segment s[] = { OPEN, S(60, "A", 0, 0, .win = 2000), S(61, "A", 0, 0, .win = 1),
		{ .flags = NULL } };
	static const struct { uint8_t wscale; int seq; const char *row; } cases[] = {
		{ 7, 255900, "flow 0 start+end snewbytes=100 stgapev=1" }, /* 2000 << 7 = 256000 */
		{ 7, 255901, "flow 0 start+end" },
		{ 0, 65436, "flow 0 start+end snewbytes=100 stgapev=1" }, /* a larger one may have been missed */
		{ 0, 65437, "flow 0 start+end" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct segment far = C(100, "A", cases[i].seq, 100);
		struct world w;

		world_new(&w, 60, 10);
		for (const struct segment *x = s; x->flags != NULL; x++) {
			struct packet p = segment_packet(x);

			if (p.tcp.flags & TCP_SYN) {
				p.tcp.opts |= TCPOPT_WSCALE;
				p.tcp.wscale = cases[i].wscale;
			}
			world_send(&w, &p);
		}
		segment_send(&w, &far);
		world_end(&w);
		EXPECT(&w, "!snewbytes stgapev", cases[i].row);
		world_free(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_scaled),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

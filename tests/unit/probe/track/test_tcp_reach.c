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

/* Both SYNs offer this scale. */
static void
send_scaled(struct world *w, const struct segment *x, uint8_t wscale)
{
	for (; x->flags != NULL; x++) {
		struct packet p = segment_packet(x);

		if (p.tcp.flags & TCP_SYN) {
			p.tcp.opts |= TCPOPT_WSCALE;
			p.tcp.wscale = wscale;
		}
		world_send(w, &p);
	}
}

/* The largest window of the connection counts, scaled; those of SYNs are not (RFC 7323 2.2). */
#define WIDE C(0, "S", -1, 0, .win = 60000), S(50, "SA", -1, 0, .win = 60000), C(51, "A", 0, 0)

static void
test_scaled(void **state)
{
	static const struct segment s[] = { WIDE, S(60, "A", 0, 0, .win = 2000), S(61, "A", 0, 0, .win = 1),
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
		send_scaled(&w, s, cases[i].wscale);
		segment_send(&w, &far);
		world_end(&w);
		EXPECT(&w, "!snewbytes stgapev", cases[i].row);
		world_free(&w);
	}
}

/* Of a receiver that has sent its SYN only no window is known, but where the scale is 0. */
static const struct scaled {
	uint8_t wscale;
	struct segment s[9];
	const char *row;
} unseen[] = {
	{ 7, { WIDE, C(100, "A", 1048476, 100) }, "snewbytes=100 stgapev=1" },
	{ 7, { WIDE, C(100, "A", 1048477, 100) }, "" },
	{ 0, { WIDE, C(100, "A", 65436, 100) }, "snewbytes=100 soow=1 swinlim=1 stgapev=1" },
	{ 0, { WIDE, C(100, "A", 65437, 100) }, "" },
	/* what came before it was known, and its first window does not allow, is not missing: 1000 << 7 = 128000 */
	{ 7, { WIDE, C(100, "A", 127900, 100), S(130, "A", 0, 0, .ack = 128000) },
	    "snewbytes=100 stgapev=1 sackev=1 sackgap=1 scapmiss=127900" },
	{ 7, { WIDE, C(100, "A", 127901, 100), S(130, "A", 0, 0, .ack = 128001) },
	    "snewbytes=100 stgapev=1 sackev=1" },
	/* and may still come */
	{ 7, { WIDE, C(100, "A", 127901, 100), S(130, "A", 0, 0, .ack = 128001), C(140, "A", 0, 100) },
	    "snewbytes=200 stgapev=1 sackev=1" },
	/* one after the other allows it; what is above the first goes on as ever */
	{ 7, { WIDE, C(100, "A", 300000, 100), S(130, "A", 0, 0, .ack = 100000), S(131, "A", 0, 0, .ack = 300100) },
	    "snewbytes=100 stgapev=1 sackev=2 sackgap=1 scapmiss=100000" },
	{ 7, { WIDE, C(100, "A", 100, 100), S(130, "A", 0, 0, .ack = 200), C(131, "A", 100200, 100),
	    S(160, "A", 0, 0, .ack = 100300), C(170, "A", 0, 100) },
	    "snewbytes=300 stgapev=2 sackev=2 sackgap=2 sackfix=1 scapmiss=100100 scapfix=100" },
};

static void
test_unseen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		struct world w;
		char row[200];

		world_new(&w, 60, 10);
		send_scaled(&w, unseen[i].s, unseen[i].wscale);
		world_end(&w);
		snprintf(row, sizeof(row), "flow 0 start+end%s%s", *unseen[i].row != '\0' ? " " : "", unseen[i].row);
		EXPECT(&w, "!snewbytes soow swinlim stgapev sackev sackgap sackfix scapmiss scapfix sjumps srtxup srtxdn",
		    row);
		world_free(&w);
	}
}

/* A SYN that comes again, however late, is no new start: what was sent is known. */
static const struct connection late_syns[] = {
	{ "of the client", { OPEN, C(100, "A", 0, 1100000), S(130, "A", 0, 0, .ack = 1100000), C(200, "S", -1, 0),
	    S(230, "A", 0, 0, .ack = 50000), S(231, "A", 0, 0, .ack = 1100000), C(240, "A", 1100000, 10),
	    S(270, "A", 0, 0, .ack = 1100010) }, "snewbytes=1100010 soow=1 srtxdn=1" },
	{ "of the server", { OPEN, S(100, "A", 0, 1100000), C(130, "A", 0, 0, .ack = 1100000), S(200, "SA", -1, 0),
	    C(230, "A", 0, 0, .ack = 50000), C(231, "A", 0, 0, .ack = 1100000), S(240, "A", 1100000, 10),
	    C(270, "A", 0, 0, .ack = 1100010) }, "dnewbytes=1100010 doow=1 drtxdn=1" },
};

static void
test_late_syns(void **state)
{
	(void)state;
	PLAY(late_syns, WANTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_scaled),
		cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_late_syns),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

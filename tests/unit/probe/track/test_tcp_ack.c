/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tcp_ack.c: acknowledgements, windows, what the capture missed (SEMANTICS 4.4, 6.3).  Every row is worked out by
 * hand; a counter that is not named is 0.
 */
#include "tests/unit/probe/track/segments.h"

#define BOTH(name) "s" name " d" name " "

/* --- what the capture missed */

#define MISSED "!" BOTH("newbytes") BOTH("rtxdn") BOTH("spur") BOTH("ackev") BOTH("ackgap") BOTH("ackun") \
	BOTH("capmiss") BOTH("capfix") BOTH("capooo") "health"

static const struct connection captures[] = {
	{ "nothing", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 10, .ack = 100), C(140, "A", 100, 0, .ack = 10) },
	    "snewbytes=100 dnewbytes=10 sackev=1 dackev=1" },
	{ "P5: a hole is acknowledged", { OPEN, C(100, "A", 0, 100), C(101, "A", 200, 100),
	    S(130, "A", 0, 0, .ack = 300) }, "snewbytes=200 sackev=1 sackgap=1 scapmiss=100" },
	{ "part of it", { OPEN, C(100, "A", 100, 100), S(130, "A", 0, 0, .ack = 40), S(140, "A", 0, 0, .ack = 200) },
	    "snewbytes=100 sackev=2 sackgap=2 scapmiss=100" },
	{ "beyond all that was seen", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 400), C(140, "A", 400, 10),
	    S(150, "A", 0, 0, .ack = 410) }, "snewbytes=110 sackev=2 sackgap=1 sackun=1 scapmiss=300" },
	{ "of the server", { OPEN, C(100, "A", 0, 0, .ack = 400), S(140, "A", 400, 10) },
	    "dnewbytes=10 dackev=1 dackgap=1 dackun=1 dcapmiss=400" },
	{ "the last byte may be a FIN", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 101) },
	    "snewbytes=100 sackev=1 sackun=1" },
	{ "it was none: its sender goes on", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 101),
	    C(140, "A", 101, 10) }, "snewbytes=110 sackev=1 sackgap=1 sackun=1 scapmiss=1" },
	{ "a FIN is not missing", { OPEN, C(100, "A", 0, 100), C(101, "FA", 100, 0), S(130, "A", 0, 0, .ack = 101) },
	    "snewbytes=100" }, /* nor is it an event: somebody has closed */
	{ "behind a FIN bytes are missing, but no event is counted", { OPEN, C(100, "A", 0, 100), C(101, "FA", 200, 0),
	    S(130, "A", 0, 0, .ack = 201) }, "snewbytes=100 scapmiss=100" },
	{ "the same again is no event, nor is what is older", { OPEN, C(100, "A", 0, 100), C(101, "A", 100, 100),
	    S(130, "A", 0, 0, .ack = 200), S(131, "A", 0, 0, .ack = 200), S(132, "A", 0, 0, .ack = 100) },
	    "snewbytes=200 sackev=1" },
	{ "C1: story 0", { OPEN, C(100, "A", 0, 97), S(110, "A", 0, 0, .ack = 97), S(120, "A", 0, 0, .ack = 3017),
	    S(121, "A", 0, 0, .ack = 5937), S(122, "A", 0, 0, .ack = 5937), S(123, "A", 0, 0, .ack = 8857),
	    C(130, "A", 13237, 1267), S(140, "A", 0, 0, .ack = 14504) },
	    "snewbytes=1364 sackev=5 sackgap=4 sackun=3 scapmiss=13140 health=caploss" },
};

/* Captured after its acknowledgement: within a second it was only late, and the event is taken back once all of it has
 * come. */
static const struct connection fixes[] = {
	{ "a hole", { OPEN, C(100, "A", 100, 100), S(130, "A", 0, 0, .ack = 200), C(131, "A", 0, 100) },
	    "snewbytes=200 sackgap=1 sackfix=1 scapmiss=100 scapfix=100 scapooo=1 sskew_us=1000" },
	{ "what was never seen", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 300), C(131, "A", 100, 200) },
	    "snewbytes=300 sackgap=1 sackfix=1 sackun=1 scapmiss=200 scapfix=200 scapooo=1 sskew_us=1000" },
	{ "half of it", { OPEN, C(100, "A", 100, 100), S(130, "A", 0, 0, .ack = 200), C(131, "A", 50, 50) },
	    "snewbytes=150 sackgap=1 scapmiss=100 scapfix=50 scapooo=1 sskew_us=1000" },
	{ "in two", { OPEN, C(100, "A", 100, 100), S(130, "A", 0, 0, .ack = 200), C(131, "A", 50, 50),
	    C(135, "A", 0, 50) },
	    "snewbytes=200 sackgap=1 sackfix=1 scapmiss=100 scapfix=100 scapooo=2 sskew_us=5000" },
	{ "of two events one", { OPEN, C(100, "A", 100, 100), S(130, "A", 0, 0, .ack = 40),
	    S(131, "A", 0, 0, .ack = 200),
	    C(140, "A", 40, 60) }, "snewbytes=160 sackgap=2 sackfix=1 scapmiss=100 scapfix=60 scapooo=1 "
	    "sskew_us=9000" },
	{ "both at once", { OPEN, C(100, "A", 100, 100), S(130, "A", 0, 0, .ack = 40), S(131, "A", 0, 0, .ack = 200),
	    C(140, "A", 0, 100) }, "snewbytes=200 sackgap=2 sackfix=2 scapmiss=100 scapfix=100 scapooo=1 "
	    "sskew_us=10000" },
	{ "its FIN comes later", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 201), C(131, "A", 100, 100),
	    C(140, "FA", 200, 0) }, "snewbytes=200 sackgap=1 sackfix=1 sackun=1 scapmiss=100 scapfix=100 scapooo=2 "
	    "sskew_us=10000" },
	{ "with its FIN", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 201), C(131, "FA", 100, 100) },
	    "snewbytes=200 sackgap=1 sackfix=1 sackun=1 scapmiss=100 scapfix=100 scapooo=1 sskew_us=1000" },
	{ "a second later", { OPEN, C(100, "A", 100, 100), S(130, "A", 0, 0, .ack = 200), C(1130, "A", 0, 100) },
	    "snewbytes=200 sackgap=1 sackfix=1 scapmiss=100 scapfix=100 scapooo=1 sskew_us=1000000" },
	{ "and more: it is sent needlessly", { OPEN, C(100, "A", 100, 100), S(130, "A", 0, 0, .ack = 200),
	    C(1131, "A", 0, 100) }, "snewbytes=100 sspur=1 sackgap=1 scapmiss=100" },
};

/* What is not known is not said. */
static const struct connection unknown[] = {
	{ "met in the middle: no events, but bytes", { C(0, "A", 0, 100), S(1, "A", 0, 0, .ack = 100), C(2, "A", 200,
	    100),
	    S(3, "A", 0, 0, .ack = 300) }, "snewbytes=200 scapmiss=100" },
	{ "the first acknowledgement only says where it is", { S(0, "A", 0, 0, .ack = 100), C(1, "A", 200, 100),
	    S(2, "A", 0, 0, .ack = 300) }, "snewbytes=100" },
	{ "it lies in a hole: what is before it is nobody's", { C(0, "A", 0, 100), C(1, "A", 200, 100),
	    S(2, "A", 0, 0, .ack = 150), S(3, "A", 0, 0, .ack = 300), C(4, "A", 100, 50) },
	    "snewbytes=250 scapmiss=50 scapooo=1" },
	{ "R7: one side alone", { S(0, "A", 0, 10, .ack = 100), S(1, "A", 10, 10, .ack = 5000) },
	    "dnewbytes=20 health=asym" },
	{ "then the other is seen, too", { S(0, "A", 0, 10, .ack = 100), S(1, "A", 10, 10, .ack = 5000),
	    C(2, "A", 5000, 10) }, "snewbytes=10 dnewbytes=20" },
	{ "nothing of it is acknowledged: nothing is known", { S(0, "A", 0, 10, .ack = 100), S(1, "A", 10, 10,
	    .ack = 100) },
	    "dnewbytes=20" },
	{ "two answers: that which is acknowledged counts", { C(0, "S", -1, 0), S(20, "SA", -1, 0),
	    S(25, "SA", 4999, 0),
	    C(40, "A", 0, 0, .ack = 5000), S(50, "A", 5000, 10), C(60, "A", 0, 0, .ack = 5010) },
	    "dnewbytes=10 dackev=1" },
	{ "numbers that no window allows", { OPEN, C(100, "A", 0, 100), S(110, "A", 0, 0, .ack = 3000000),
	    S(130, "A", 0, 0, .ack = 100) }, "snewbytes=100 sackev=1" },
};

static void
test_captures(void **state)
{
	(void)state;
	PLAY(captures, MISSED);
}

static void
test_fixes(void **state)
{
	(void)state;
	PLAY(fixes, "!snewbytes sspur sackgap sackfix sackun scapmiss scapfix scapooo sskew_us");
}

static void
test_unknown(void **state)
{
	(void)state;
	PLAY(unknown, MISSED);
}

/* Absent, not 0: of a connection of which one side was seen, and one whose beginning was not. */
static const struct connection presences[] = {
	{ "one side", { S(0, "A", 0, 10, .ack = 100), S(1, "A", 10, 10, .ack = 5000) }, "sdupack=0" },
	{ "the middle", { C(0, "A", 0, 100), S(1, "A", 0, 0, .ack = 100) }, "scapmiss=0 sdupack=0" },
	{ "all", { OPEN, C(100, "A", 0, 100) }, "sackev=0 sackgap=0 scapmiss=0 soow=0 swinlim=0 swinmax=1000 "
	    "sdupack=0" },
};

static void
test_presences(void **state)
{
	(void)state;
	PLAY(presences, "sackev sackgap scapmiss soow swinlim swinmax sdupack");
}

/* MAR sums the events of all flows. */
static void
test_stats(void **state)
{
	static const struct segment s[] = { OPEN, C(100, "A", 0, 100), C(101, "A", 200, 100), S(130, "A", 0, 0,
		.ack = 300),
		C(140, "A", 300, 10), S(150, "A", 0, 0, .ack = 310), { .flags = NULL } };
	struct world w;

	(void)state;
	world_new(&w, 5, 10);
	segments_send(&w, s);
	assert_int_equal(world_stats(&w).m_ackev, 2);
	assert_int_equal(world_stats(&w).m_ackgap, 1);
	world_free(&w);
}

/* An event is taken back in its own bin, wherever that is by then. */
static void
test_events(void **state)
{
	static const struct segment s[] = { OPEN, C(100, "A", 100, 100), S(4990, "A", 0, 0, .ack = 200),
		{ .flags = NULL } };
	static const struct segment fill = C(5500, "A", 0, 100);
	static const int64_t clocks[] = { 5500, 6000 };
	static const char *const rows[] = {
		"flow 0 start sackgap=1 sackfix=1 scapmiss=100\nflow 5 scapfix=100",
		"flow 0 start sackgap=1 scapmiss=100\ncorr 0 sackfix=1\nflow 5 scapfix=100" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w;

		world_new(&w, 5, 10);
		segments_send(&w, s);
		world_clock(&w, clocks[i]);
		segment_send(&w, &fill);
		assert_int_equal(world_stats(&w).m_ackfix, 1);
		world_clock(&w, 11000);
		EXPECT(&w, "!sackgap sackfix scapmiss scapfix", rows[i]);
		world_free(&w);
	}
}

/* --- acknowledgements that repeat */

#define REPEATED "!" BOTH("ackpkts") BOTH("dupack") BOTH("nullack") BOTH("wupd") BOTH("dsack")

static const struct connection repeats[] = {
	{ "with data outstanding: duplicates", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0), S(131, "A", 0, 0) },
	    "sackpkts=1 dackpkts=2 ddupack=2 dnullack=2" },
	{ "none outstanding", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 100), S(131, "A", 0, 0,
	    .ack = 100) },
	    "sackpkts=1 dackpkts=2 dnullack=1" },
	{ "with data: none", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 10), S(131, "A", 10, 10) }, "sackpkts=1" },
	{ "another window: an update", { OPEN, S(100, "A", 0, 0, .win = 2000), S(101, "A", 0, 0, .win = 2000) },
	    "sackpkts=1 dackpkts=2 dnullack=1 dwupd=1" },
	{ "an older one's window says nothing", { OPEN, S(90, "A", 0, 10), S(100, "A", 0, 0, .win = 2000) },
	    "sackpkts=1 dackpkts=1" },
	{ "a zero window", { OPEN, S(100, "A", 0, 0, .win = ZERO), S(101, "A", 0, 0, .win = ZERO) },
	    "sackpkts=1 dackpkts=2" },
	{ "the answer to a keep-alive", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 100), C(10000, "A", 99,
	    0),
	    S(10050, "A", 0, 0, .ack = 100) }, "sackpkts=2 dackpkts=2" },
	{ "P11: for ever", { OPEN, C(100, "A", 0, 0), S(101, "A", 0, 0), C(102, "A", 0, 0), S(103, "A", 0, 0),
	    C(104, "A", 0, 0) }, "sackpkts=4 dackpkts=2 snullack=3 dnullack=2" },
	{ "DSACK below the acknowledgement", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 100, .sack = { 0,
	    50 }) },
	    "sackpkts=1 dackpkts=1 sdsack=1" },
	{ "DSACK within the second block", { OPEN, C(100, "A", 0, 500),
	    S(130, "A", 0, 0, .ack = 100, .sack = { 250, 300, 200, 400 }) }, "sackpkts=1 dackpkts=1 sdsack=1" },
	{ "SACK", { OPEN, C(100, "A", 0, 500), S(130, "A", 0, 0, .ack = 100, .sack = { 200, 400, 450, 500 }) },
	    "sackpkts=1 dackpkts=1" },
};

static void
test_repeats(void **state)
{
	(void)state;
	PLAY(repeats, REPEATED);
}

/* --- windows */

#define WINDOWS "!" BOTH("zwin") BOTH("zwin_us") BOTH("winlim") BOTH("oow") BOTH("inflmax") BOTH("tsold")

static const struct connection windows[] = {
	{ "zero from 0.1 to 0.4 s", { OPEN, S(100, "A", 0, 0, .win = ZERO), S(200, "A", 0, 0, .win = ZERO),
	    S(400, "A", 0, 0, .win = 500) }, "dzwin=2 dzwin_us=300000" },
	{ "the other side's packets move its time, too", { OPEN, S(100, "A", 0, 0, .win = ZERO), C(150, "A", 0, 0) },
	    "dzwin=1 dzwin_us=50000" },
	{ "a RST ends it", { OPEN, S(100, "A", 0, 0, .win = ZERO), S(200, "R", 0, 0), C(300, "A", 0, 0) },
	    "dzwin=1 dzwin_us=100000" },
	{ "a FIN with a window ends it, one without goes on", { OPEN, S(100, "A", 0, 0, .win = ZERO),
	    S(200, "FA", 0, 0, .win = ZERO), S(300, "FA", 0, 0, .win = 5), C(400, "A", 0, 0, .ack = 1) },
	    "dzwin=1 dzwin_us=200000" },
	{ "in flight, at the window's edge", { OPEN, C(100, "A", 0, 450), C(101, "A", 450, 450), C(102, "A", 900, 100),
	    S(130, "A", 0, 0, .ack = 1000) }, "swinlim=2 sinflmax=1000" },
	{ "a probe of a zero window is not at its edge", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 100,
	    .win = ZERO),
	    C(500, "A", 100, 1) }, "dzwin=1 dzwin_us=370000 sinflmax=100" },
	{ "out of window", { OPEN, C(100, "A", 2460, 10), C(101, "A", 2459, 10) },
	    "swinlim=2 soow=1 sinflmax=2470" },
	{ "an old timestamp", { OPEN, C(100, "A", 0, 1, .tsval = 5), C(101, "A", 1, 1, .tsval = 4),
	    C(102, "A", 2, 1, .tsval = 5) }, "sinflmax=3 stsold=1" },
};

static void
test_windows(void **state)
{
	(void)state;
	PLAY(windows, WINDOWS);
}

/* The scale of both SYNs holds from then on, not for the SYNs themselves. */
static void
test_scales(void **state)
{
	static const struct { int wscale[2]; const char *row; } cases[] = {
		{ { 3, 2 }, "flow 0 start+end swinmax=8000 dwinmax=20000" },
		{ { 3, -1 }, "flow 0 start+end swinmax=1000 dwinmax=5000" }, /* one side offers none: neither scales */
		{ { 14, 15 }, "flow 0 start+end swinmax=16384000 dwinmax=81920000" }, /* 14 is the most */
		{ { -2, 3 }, "flow 0 start+end" }, /* options that were not captured: not known */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const struct segment s[] = { OPEN, S(60, "A", 0, 0, .win = 5000), { .flags = NULL } };
		struct world w;

		world_new(&w, 60, 10);
		for (const struct segment *x = s; x->flags != NULL; x++) {
			struct packet p = segment_packet(x);

			if (p.tcp.flags & TCP_SYN && cases[i].wscale[x->from] >= 0) {
				p.tcp.opts |= TCPOPT_WSCALE;
				p.tcp.wscale = (uint8_t)cases[i].wscale[x->from];
			}
			if (p.tcp.flags & TCP_SYN && cases[i].wscale[x->from] == -2)
				p.cut_at = LAYER_TRANSPORT;
			world_send(&w, &p);
		}
		world_end(&w);
		EXPECT(&w, "swinmax dwinmax", cases[i].row);
		world_free(&w);
	}
}

/* The window of a SYN-ACK counts as it stands there: in the bin from which on it may be used. */
static void
test_offered(void **state)
{
	static const struct {
		struct segment s[6];
		const char *rows;
	} cases[] = {
		{ { C(0, "S", -1, 0, .win = 60000), S(50, "SA", -1, 0, .win = 50000), C(51, "A", 0, 0),
		    S(60, "A", 0, 0, .win = 100) }, "flow 0 start+end swinmax=8000 dwinmax=50000" },
		{ { C(0, "S", -1, 0), S(50, "SA", -1, 0, .win = 300), C(51, "A", 0, 0), S(60, "A", 0, 0, .win = 100) },
		    "flow 0 start+end swinmax=8000 dwinmax=800" },
		{ { C(0, "S", -1, 0), S(4000, "SA", -1, 0, .win = 50000), C(5000, "A", 0, 0),
		    S(10000, "A", 0, 0, .win = 100) },
		    "flow 0 start\nflow 5 swinmax=8000 dwinmax=50000\nflow 10 end swinmax=0 dwinmax=800" },
		{ { C(0, "S", -1, 0), C(1000, "S", -1, 0), S(4000, "SA", -1, 0, .win = 50000), C(5000, "A", 0, 0) },
		    "flow 0 start swinmax=0 dwinmax=50000\nflow 5 end swinmax=8000 dwinmax=0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		world_new(&w, 5, 10);
		for (const struct segment *x = cases[i].s; x->flags != NULL; x++) {
			struct packet p = segment_packet(x);

			if (p.tcp.flags & TCP_SYN) {
				p.tcp.opts |= TCPOPT_WSCALE;
				p.tcp.wscale = 3;
			}
			world_send(&w, &p);
		}
		world_end(&w);
		EXPECT(&w, "swinmax dwinmax", cases[i].rows);
		world_free(&w);
	}
}

/* R6, and longer: the time with a zero window counts in each of its bins; what is learned of bins that were written
 * is their correction. */
static void
test_silence(void **state)
{
	static const struct segment before[] = { OPEN, S(4000, "A", 0, 0, .win = ZERO), { .flags = NULL } };
	static const struct segment update = S(7500, "A", 0, 0, .win = 500), later = S(17500, "A", 0, 0, .win = 500);
	struct world w;

	(void)state;
	world_new(&w, 5, 10);
	segments_send(&w, before);
	segment_send(&w, &update); /* though 0 is sealed at 6 s: nobody has written it, it is now */
	world_clock(&w, 12000);
	EXPECT(&w, "!dzwin dzwin_us", "flow 0 start dzwin=1\ncorr 0 dzwin_us=1000000\nflow 5 dzwin_us=2500000");
	world_free(&w);
	world_new(&w, 5, 10);
	segments_send(&w, before);
	world_clock(&w, 12000);
	EXPECT(&w, "!dzwin dzwin_us", "flow 0 start dzwin=1");
	segment_send(&w, &later);
	world_clock(&w, 21000);
	EXPECT(&w, "!dzwin dzwin_us health", "corr 0 dzwin_us=1000000 health=rcvlim\ncorr 5 dzwin_us=5000000 "
	    "health=rcvlim\ncorr 10 dzwin_us=5000000 health=rcvlim\nflow 15 dzwin_us=2500000 health=rcvlim");
	world_free(&w);
}

/* --- for ragap: the ranges that are missing, from behind the SYN: side, where, how many bytes */

static const struct connection gaps[] = {
	{ "one", { OPEN, C(100, "A", 0, 10), S(130, "A", 0, 0, .ack = 110), C(140, "A", 110, 10) }, "gaps=0,10,100" },
	{ "three that touch are one; another", { OPEN, S(100, "A", 0, 0, .ack = 10), S(101, "A", 0, 0, .ack = 20),
	    S(102, "A", 0, 0, .ack = 30), C(103, "A", 30, 10), C(104, "A", 50, 10), S(105, "A", 0, 0, .ack = 60) },
	    "gaps=0,0,30,0,40,10" },
	{ "of the server", { OPEN, C(100, "A", 0, 0, .ack = 10), S(101, "A", 10, 1) }, "gaps=1,0,10" },
	{ "four are enough", { OPEN, C(100, "A", 1, 1), C(101, "A", 3, 1), C(102, "A", 5, 1), C(103, "A", 7, 1),
	    C(104, "A", 9, 1), S(130, "A", 0, 0, .ack = 10) }, "gaps=0,0,1,0,2,1,0,4,1,0,6,1" },
	{ "filled", { OPEN, C(100, "A", 100, 1), S(101, "A", 0, 0, .ack = 101), C(102, "A", 0, 100) }, "" },
	{ "filled in front", { OPEN, C(100, "A", 100, 1), S(101, "A", 0, 0, .ack = 101), C(102, "A", 0, 30) },
	    "gaps=0,30,70" },
	{ "behind", { OPEN, C(100, "A", 100, 1), S(101, "A", 0, 0, .ack = 101), C(102, "A", 70, 30) }, "gaps=0,0,70" },
	{ "without a SYN nobody knows where", { C(0, "A", 0, 10), S(1, "A", 0, 0, .ack = 10), S(2, "A", 0, 0,
	    .ack = 110) },
	    "" },
};

static void
test_gaps(void **state)
{
	(void)state;
	PLAY(gaps, "gaps");
}

/* --- a FIN that is acknowledged */

static void
test_closed(void **state)
{
	static const struct segment s[] = { OPEN, C(100, "FA", 0, 10), S(101, "A", 0, 0, .ack = 10),
		S(102, "FA", 0, 0, .ack = 11), C(103, "A", 11, 0, .ack = 1), { .flags = NULL } };
	static const uint16_t client = TCPLIFE_FINACK << 0, both = TCPLIFE_FINACK << 0 | TCPLIFE_FINACK << 1;
	static const uint16_t acked[] = { 0, 0, 0, 0, 0, client, both };
	struct world w;

	(void)state;
	world_new(&w, 5, 10);
	for (int i = 0; s[i].flags != NULL; i++) {
		segment_send(&w, &s[i]);
		assert_int_equal(w.v.f->tcp_life & both, acked[i]);
		assert_int_equal(w.v.f->idle, acked[i] == both ? IDLE_LINGER : i == 0 ? IDLE_SYN : IDLE_EST);
	}
	world_clock(&w, 6000);
	EXPECT(&w, "cause conn state", "flow 0 start+end cause=fin conn=SF state=CLO");
	world_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_fixes),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_presences),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_scales),
		cmocka_unit_test(test_offered),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_closed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tcp_data.c: what a segment is to what was seen before it (SEMANTICS 4.2, 4.3).
 *
 * Every row is worked out by hand; a counter that is not named is 0.  After the handshake a round trip takes 51 ms:
 * what comes sooner than 45.9 ms fills a hole as reordered.
 */
#include "tests/unit/probe/track/segments.h"

#define BOTH(name) "s" name " d" name " "
#define WANTED "!" BOTH("newbytes") BOTH("rtxup") BOTH("rtxdn") BOTH("spur") BOTH("ooo") BOTH("late") BOTH("dup") \
	BOTH("rtxb") BOTH("frtx") BOTH("rto") BOTH("tgapev") BOTH("ka") BOTH("zwp") BOTH("synrtx") BOTH("maxrtx") \
	"shists"

static const struct connection orders[] = {
	{ "nothing", { OPEN }, "shists=as" },
	{ "in order", { OPEN, C(100, "A", 0, 100), C(101, "A", 100, 50) }, "snewbytes=150 shists=ads" },
	{ "data on the SYN", { C(0, "S", -1, 50), S(50, "SA", -1, 0, .ack = 50), C(51, "A", 50, 10) },
	    "snewbytes=60 shists=ds" },
	{ "that are not taken: they come again, and are counted once", { C(0, "S", -1, 50), S(50, "SA", -1, 0),
	    C(51, "A", 0, 80) }, "snewbytes=80 shists=ds" },
	{ "FIN takes a number", { OPEN, C(100, "FA", 0, 10), C(101, "A", 11, 0) }, "snewbytes=10 shists=adfs" },
	{ "P2: reordered", { OPEN, C(100, "A", 0, 100), C(101, "A", 200, 100),
	    C(102, "A", 100, 100), S(130, "A", 0, 0, .ack = 300) },
	    "snewbytes=300 sooo=1 slate=1 stgapev=1 shists=ads" },
	{ "of the server", { OPEN, S(100, "A", 0, 100), S(101, "A", 200, 100),
	    S(102, "A", 100, 100) }, "dnewbytes=300 dooo=1 dlate=1 dtgapev=1 shists=as" },
	{ "two holes, filled by one", { OPEN, C(100, "A", 100, 10), C(101, "A", 200, 10),
	    C(102, "A", 0, 200) }, "snewbytes=210 sooo=1 slate=1 srtxb=10 stgapev=2 shists=ads" },
	{ "a hole filled in three, the middle first", { OPEN, C(100, "A", 300, 10), C(101, "A", 100, 100),
	    C(102, "A", 0, 100), C(103, "A", 200, 100) },
	    "snewbytes=310 sooo=3 slate=3 stgapev=1 shists=ads" },
};

static const struct connection retransmissions[] = {
	{ "P1: lost behind the probe", { OPEN, C(100, "A", 0, 100), C(400, "A", 0, 100),
	    S(450, "A", 0, 0, .ack = 100) }, "snewbytes=100 srtxdn=1 srtxb=100 srto=1 smaxrtx=1 shists=adst" },
	{ "P3: lost before it", { OPEN, C(100, "A", 0, 100), C(101, "A", 200, 100),
	    C(102, "A", 300, 100), C(103, "A", 400, 100), S(120, "A", 0, 0, .ack = 100),
	    S(121, "A", 0, 0, .ack = 100), S(122, "A", 0, 0, .ack = 100), S(123, "A", 0, 0, .ack = 100),
	    C(160, "A", 100, 100), S(200, "A", 0, 0, .ack = 500) },
	    "snewbytes=500 srtxup=1 sfrtx=1 stgapev=1 smaxrtx=1 shists=ads" },
	{ "P4: needless", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 100),
	    C(350, "A", 0, 100) }, "snewbytes=100 sspur=1 srtxb=100 smaxrtx=1 shists=adst" },
	{ "P9: old and new in one", { OPEN, C(100, "A", 0, 100), C(101, "A", 100, 100),
	    C(400, "A", 50, 200), S(450, "A", 0, 0, .ack = 250) },
	    "snewbytes=250 srtxdn=1 srtxb=150 srto=1 smaxrtx=1 shists=adst" },
	{ "P10: again and again", { OPEN, C(100, "A", 0, 100), C(300, "A", 0, 100),
	    C(700, "A", 0, 100), C(1500, "A", 0, 100), S(1550, "A", 0, 0, .ack = 100) },
	    "snewbytes=100 srtxdn=3 srtxb=300 srto=3 smaxrtx=3 shists=adst" },
	{ "the row is broken by another, and by an acknowledgement", { OPEN, C(100, "A", 0, 100),
	    C(101, "A", 100, 100), C(200, "A", 0, 100), C(210, "A", 100, 100),
	    C(220, "A", 0, 100), C(230, "A", 0, 100), S(240, "A", 0, 0, .ack = 100),
	    C(250, "A", 100, 100) }, "snewbytes=200 srtxdn=5 srtxb=500 smaxrtx=2 shists=adst" },
	{ "it begins again behind its acknowledgement", { OPEN, C(100, "A", 0, 100), C(150, "A", 0, 100),
	    C(250, "A", 0, 100), S(310, "A", 0, 0, .ack = 100), C(350, "A", 0, 100) },
	    "snewbytes=100 srtxdn=2 sspur=1 srtxb=300 smaxrtx=2 shists=adst" },
	{ "two duplicate acknowledgements are not enough", { OPEN, C(100, "A", 0, 100), C(101, "A", 200, 100),
	    S(120, "A", 0, 0, .ack = 100), S(121, "A", 0, 0, .ack = 100), S(122, "A", 0, 0, .ack = 100),
	    C(160, "A", 100, 100) }, "snewbytes=300 srtxup=1 stgapev=1 smaxrtx=1 shists=ads" },
	{ "nor are three of two places", { OPEN, C(100, "A", 0, 100), C(101, "A", 100, 100), C(102, "A", 300, 100),
	    S(120, "A", 0, 0, .ack = 100), S(121, "A", 0, 0, .ack = 100), S(122, "A", 0, 0, .ack = 100),
	    S(123, "A", 0, 0, .ack = 200), S(124, "A", 0, 0, .ack = 200), C(170, "A", 200, 100) },
	    "snewbytes=400 srtxup=1 stgapev=1 smaxrtx=1 shists=ads" },
	{ "nor SACK of the place before", { OPEN, C(100, "A", 0, 100), C(101, "A", 100, 100), C(102, "A", 300, 100),
	    S(130, "A", 0, 0, .ack = 100, .sack = { 300, 400 }), S(131, "A", 0, 0, .ack = 200), C(180, "A", 200, 100) },
	    "snewbytes=400 srtxup=1 stgapev=1 smaxrtx=1 shists=ads" },
	{ "too soon for a timeout, no duplicate acknowledgements", { OPEN, C(100, "A", 0, 100),
	    C(299.9, "A", 0, 100) }, "snewbytes=100 srtxdn=1 srtxb=100 smaxrtx=1 shists=adst" },
	{ "SACK above it", { OPEN, C(100, "A", 100, 100), S(150, "A", 0, 0, .sack = { 100, 200 }),
	    C(151, "A", 0, 100) }, "snewbytes=200 srtxup=1 sfrtx=1 stgapev=1 smaxrtx=1 shists=ads" },
	{ "SACK below it", { OPEN, C(100, "A", 0, 100), C(101, "A", 100, 100),
	    S(150, "A", 0, 0, .sack = { 0, 100 }), C(151, "A", 100, 100) },
	    "snewbytes=200 srtxdn=1 srtxb=100 smaxrtx=1 shists=adst" },
	{ "half of it fills a hole", { OPEN, C(100, "A", 0, 100), C(101, "A", 150, 50),
	    C(400, "A", 50, 100) }, "snewbytes=200 srtxup=1 srtxb=50 srto=1 stgapev=1 smaxrtx=1 shists=ads" },
	{ "the SYN again", { C(0, "S", -1, 0), C(1000, "S", -1, 0), S(1050, "SA", -1, 0) },
	    "srtxdn=1 srto=1 ssynrtx=1 smaxrtx=1 shists=st" },
	{ "the FIN again", { OPEN, C(100, "FA", 0, 0), C(400, "FA", 0, 0) },
	    "srtxdn=1 srto=1 smaxrtx=1 shists=afst" },
};

/* 4.3: IP-IDs, then timestamps, then time decide whether what fills a hole was only late. */
static const struct connection fills[] = {
	{ "by time: just late", { OPEN, C(100, "A", 100, 100), C(145.8, "A", 0, 100) },
	    "snewbytes=200 sooo=1 slate=1 stgapev=1 shists=ads" },
	{ "by time: sent again", { OPEN, C(100, "A", 100, 100), C(146, "A", 0, 100) },
	    "snewbytes=200 srtxup=1 stgapev=1 smaxrtx=1 shists=ads" },
	{ "two holes: the lower one decides", { OPEN, C(100, "A", 100, 10), C(140, "A", 200, 10), C(150, "A", 0, 200) },
	    "snewbytes=210 srtxup=1 srtxb=10 stgapev=2 smaxrtx=1 shists=ads" },
	{ "no round trip: 3 ms", { C(0, "A", 0, 10), S(1, "A", 0, 0, .ack = 10), C(100, "A", 20, 10),
	    C(102.9, "A", 10, 10) }, "snewbytes=30 sooo=1 slate=1 stgapev=1 shists=d" },
	{ "no round trip: later", { C(0, "A", 0, 10), S(1, "A", 0, 0, .ack = 10), C(100, "A", 20, 10),
	    C(103, "A", 10, 10) }, "snewbytes=30 srtxup=1 stgapev=1 smaxrtx=1 shists=d" },
	{ "IP-ID before the opener's: late, however late", { OPEN, C(100, "A", 0, 10, .ipid = 1),
	    C(101, "A", 10, 10, .ipid = 2), C(102, "A", 20, 10, .ipid = 3),
	    C(103, "A", 30, 10, .ipid = 4), C(104, "A", 50, 10, .ipid = 6),
	    C(500, "A", 40, 10, .ipid = 5) }, "snewbytes=60 sooo=1 slate=1 stgapev=1 shists=ads" },
	{ "behind it: sent again, however soon", { OPEN, C(100, "A", 0, 10, .ipid = 1),
	    C(101, "A", 10, 10, .ipid = 2), C(102, "A", 20, 10, .ipid = 3),
	    C(103, "A", 30, 10, .ipid = 4), C(104, "A", 50, 10, .ipid = 6),
	    C(105, "A", 40, 10, .ipid = 7) }, "snewbytes=60 srtxup=1 stgapev=1 smaxrtx=1 shists=ads" },
	{ "IP-IDs by chance say nothing", { OPEN, C(100, "A", 0, 10, .ipid = 9001),
	    C(101, "A", 10, 10, .ipid = 2), C(102, "A", 20, 10, .ipid = 5003),
	    C(103, "A", 30, 10, .ipid = 404), C(104, "A", 50, 10, .ipid = 606),
	    C(105, "A", 40, 10, .ipid = 607) }, "snewbytes=60 sooo=1 slate=1 stgapev=1 shists=ads" },
	{ "an older timestamp: late", { OPEN, C(100, "A", 100, 100, .tsval = 50),
	    C(300, "A", 0, 100, .tsval = 49) }, "snewbytes=200 sooo=1 slate=1 stgapev=1 shists=ads" },
	{ "a newer one: sent again", { OPEN, C(100, "A", 100, 100, .tsval = 50),
	    C(103, "A", 0, 100, .tsval = 51) }, "snewbytes=200 srtxup=1 stgapev=1 smaxrtx=1 shists=ads" },
	{ "a newer one at once: time decides", { OPEN, C(100, "A", 100, 100, .tsval = 50),
	    C(102, "A", 0, 100, .tsval = 51) }, "snewbytes=200 sooo=1 slate=1 stgapev=1 shists=ads" },
};

static const struct connection copies[] = {
	{ "P6: the same IP-ID", { OPEN, C(90, "A", 0, 10, .ipid = 76), C(100, "A", 10, 100, .ipid = 77),
	    C(100.05, "A", 10, 100, .ipid = 77), S(150, "A", 0, 0, .ack = 110) },
	    "snewbytes=110 sdup=1 shists=ads" },
	{ "another IP-ID: sent again", { OPEN, C(90, "A", 0, 10, .ipid = 76),
	    C(100, "A", 10, 100, .ipid = 77), C(100.05, "A", 10, 100, .ipid = 78) },
	    "snewbytes=110 srtxdn=1 srtxb=100 smaxrtx=1 shists=adst" },
	{ "no IP-ID, within a millisecond", { OPEN, C(100, "A", 0, 100), C(100.9, "A", 0, 100) },
	    "snewbytes=100 sdup=1 shists=ads" },
	{ "ahead of all windows", { OPEN, C(100, "A", 0, 100), C(101, "A", 2000000, 100), C(101.9, "A", 2000000, 100) },
	    "snewbytes=100 sdup=1 shists=ads" },
	{ "of a byte that is sent into a closed window", { OPEN, C(100, "A", 0, 100), S(150, "A", 0, 0, .ack = 100, .win = ZERO),
	    C(400, "A", 100, 1), C(400.9, "A", 100, 1) }, "snewbytes=100 sdup=1 szwp=1 shists=ads" },
	{ "no IP-ID, later", { OPEN, C(100, "A", 0, 100), C(101.1, "A", 0, 100) },
	    "snewbytes=100 srtxdn=1 srtxb=100 smaxrtx=1 shists=adst" },
	{ "an IP-ID that never changes says nothing", { OPEN, C(90, "A", 0, 10, .ipid = 77), C(100, "A", 10, 100,
	    .ipid = 77),
	    C(105, "A", 10, 100, .ipid = 77) }, "snewbytes=110 srtxdn=1 srtxb=100 smaxrtx=1 shists=adst" },
	{ "no IP-ID, a quarter of the round trip of 2 ms later", { C(0, "S", -1, 0), S(1, "SA", -1, 0), C(2, "A", 0, 0),
	    C(100, "A", 0, 100), C(100.6, "A", 0, 100) }, "snewbytes=100 srtxdn=1 srtxb=100 smaxrtx=1 shists=adst" },
	{ "other bytes follow: no copy", { OPEN, C(100, "A", 0, 100), C(100.1, "A", 0, 101) },
	    "snewbytes=101 srtxdn=1 srtxb=100 smaxrtx=1 shists=adst" },
	{ "another acknowledgement: no copy", { OPEN, S(99, "A", 0, 10), C(100, "A", 0, 100),
	    C(100.1, "A", 0, 100, .ack = 10) }, "snewbytes=100 dnewbytes=10 srtxdn=1 srtxb=100 smaxrtx=1 shists=adst" },
	{ "acknowledgements are never copies", { OPEN, C(100, "A", 0, 0), C(100.01, "A", 0, 0) }, "shists=as" },
};

/* Numbers that are probed. */
static const struct connection probes[] = {
	{ "P7: keep-alive", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 100),
	    C(10000, "A", 99, 0), S(10050, "A", 0, 0, .ack = 100) }, "snewbytes=100 ska=1 shists=ads" },
	{ "with a byte", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 100),
	    C(10000, "A", 99, 1) }, "snewbytes=100 ska=1 shists=ads" },
	{ "not with two", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 100), C(10000, "A", 99, 2) },
	    "snewbytes=101 srtxdn=1 srtxb=1 srto=1 smaxrtx=1 shists=adst" },
	{ "P8: a zero window", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 100, .win = ZERO),
	    C(500, "A", 100, 1), S(550, "A", 0, 0, .ack = 100, .win = ZERO), S(600, "A", 0, 0, .ack = 100),
	    C(650, "A", 100, 10) }, "snewbytes=110 szwp=1 shists=ads" },
	{ "an open window: a byte is data", { OPEN, C(100, "A", 0, 100), S(130, "A", 0, 0, .ack = 100),
	    C(500, "A", 100, 1) }, "snewbytes=101 shists=ads" },
	{ "the window was not quite zero: it was taken", { OPEN, C(100, "A", 0, 100),
	    S(130, "A", 0, 0, .ack = 100, .win = ZERO), C(500, "A", 100, 1), S(550, "A", 0, 0, .ack = 101),
	    C(600, "A", 101, 9) }, "snewbytes=110 szwp=1 shists=ads" },
};

/* Numbers that no window allows are not believed; nor is anything that comes far behind. */
static const struct connection wild[] = {
	{ "far ahead", { OPEN, C(100, "A", 0, 100), C(101, "A", 2000000, 100), C(102, "A", 100, 100) },
	    "snewbytes=200 shists=ads" },
	{ "far behind", { OPEN, C(100, "A", 0, 100), C(101, "A", -2000000, 100), C(102, "A", 100, 100) },
	    "snewbytes=200 shists=ads" },
	{ "a SYN of another connection", { OPEN, C(100, "A", 0, 100), C(101, "S", 300000, 0), C(102, "A", 100, 100) },
	    "snewbytes=200 shists=ads" },
};

/* Met in the middle: nothing is judged that was not seen. */
static const struct connection middles[] = {
	{ "behind its first segment", { C(0, "A", 500, 100), C(1, "A", 600, 100) },
	    "snewbytes=200 shists=d" },
	{ "before it: seen before, as far as can be said", { C(0, "A", 500, 100), C(400, "A", 500, 100) },
	    "snewbytes=100 srtxdn=1 srtxb=100 srto=1 smaxrtx=1 shists=dt" },
	{ "acknowledged before it is seen", { S(0, "A", 0, 10, .ack = 700), C(1, "A", 500, 100), C(2, "A", 700, 10) },
	    "snewbytes=110 dnewbytes=10 shists=d" },
	{ "the first acknowledgement says where it is", { C(0, "A", 0, 100), S(1, "A", 0, 0, .ack = 300),
	    C(2, "A", 300, 10) }, "snewbytes=110 shists=d" },
};

static void
test_orders(void **state)
{
	(void)state;
	PLAY(orders, WANTED);
}

static void
test_retransmissions(void **state)
{
	(void)state;
	PLAY(retransmissions, WANTED);
}

static void
test_fills(void **state)
{
	(void)state;
	PLAY(fills, WANTED);
}

static void
test_copies(void **state)
{
	(void)state;
	PLAY(copies, WANTED);
}

/* A direction of which everything is captured twice: its acknowledgements are, too. */
static void
test_all_twice(void **state)
{
	static const struct segment open[] = { OPEN, { .flags = NULL } };
	struct world w;

	(void)state;
	world_new(&w, 60, 10);
	segments_send(&w, open);
	for (int i = 0; i < 34; i++) {
		struct segment s = C(100 + 10 * (i / 2) + .1 * (i % 2), "A", 10 * (i / 2), i < 32 ? 10 : 0);

		s.seq = i < 32 ? s.seq : 160;
		segment_send(&w, &s);
	}
	world_end(&w);
	EXPECT(&w, "!snewbytes sdup sackpkts snullack", "flow 0 start+end snewbytes=160 sdup=17 sackpkts=2 snullack=1");
	world_free(&w);
}

/* A fragment does not say how long its segment is: what follows is no hole, nor is it missing. */
static void
test_fragments(void **state)
{
	static const struct segment s[] = { OPEN, C(100, "A", 0, 100), C(101, "A", 1460, 10),
		S(102, "A", 0, 0, .ack = 1470),
		C(103, "A", 1470, 10), { .flags = NULL } };
	static const struct segment t[] = { OPEN, C(100, "A", 0, 100), S(102, "A", 0, 0, .ack = 1460),
		{ .flags = NULL } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w;

		world_new(&w, 60, 10);
		for (const struct segment *x = i == 0 ? s : t; x->flags != NULL; x++) {
			struct packet p = segment_packet(x);

			p.facts |= x->len == 100 ? FACT_FRAG : 0;
			world_send(&w, &p);
		}
		world_end(&w);
		EXPECT(&w, "!snewbytes stgapev sackev sackgap scapmiss", i == 0 ?
		    "flow 0 start+end snewbytes=120 sackev=1" : "flow 0 start+end snewbytes=100 sackev=1");
		world_free(&w);
	}
}

static void
test_probes(void **state)
{
	(void)state;
	PLAY(probes, WANTED);
}

static void
test_wild(void **state)
{
	(void)state;
	PLAY(wild, WANTED);
}

static void
test_middles(void **state)
{
	(void)state;
	PLAY(middles, WANTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_retransmissions),
		cmocka_unit_test(test_fills),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_all_twice),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_wild),
		cmocka_unit_test(test_middles),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

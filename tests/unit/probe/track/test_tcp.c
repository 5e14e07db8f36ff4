/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tcp.c: TCP: a connection's packets through the tracker, its cells,
    its record.  What segments and acknowledgements
 * are is in test_tcp_data.c and test_tcp_ack.c.
 */
#include "tests/unit/probe/track/segments.h"

#define BOTH(name) "s" name " d" name " "

/* --- counts of flags, and the history; turned to the source */

static const struct connection counts[] = {
	{ "a whole connection", { OPEN, C(100, "PA", 0, 10), S(130, "A", 0, 20, .ack = 10), C(140, "A", 10, 0,
	    .ack = 20),
	    C(150, "FA", 10, 0, .ack = 20), S(160, "FA", 20, 0, .ack = 11), C(170, "A", 11, 0, .ack = 21) },
	    "stcpflags=F+S+P+A dtcpflags=F+S+A hist=ShADdFf shists=adfs dhists=dfh ssyn=1 dsyn=1 sfin=1 dfin=1 "
	    "sackpkts=3 sdatasegs=1 ddatasegs=1 state=CLO conn=SF" },
	{ "refused", { C(0, "S", -1, 0), S(1, "RA", 0, 0, .ack = 0) },
	    "stcpflags=S dtcpflags=R+A hist=Sr shists=s dhists=r ssyn=1 drst=1 state=RST conn=REJ" },
	{ "the answer came first", { S(0, "SA", -1, 0), C(1, "S", -1, 0), C(2, "A", 0, 0) },
	    "stcpflags=S+A dtcpflags=S+A hist=hSA shists=as dhists=h ssyn=1 dsyn=1 sackpkts=1 state=EST conn=S1" },
	{ "a RST that answers something stale", { OPEN, S(100, "A", 0, 10, .ack = 9000000), C(101, "R", 9000000, 0) },
	    "stcpflags=S+R+A dtcpflags=S+A hist=ShAdR shists=ars dhists=dh ssyn=1 dsyn=1 srst=1 sackpkts=1 "
	    "ddatasegs=1 state=EST conn=S1" },
	{ "met in the middle", { C(0, "A", 0, 10), S(1, "A", 0, 0, .ack = 10) },
	    "stcpflags=A dtcpflags=A hist=Da shists=d dhists=a dackpkts=1 sdatasegs=1 state=CON conn=OTH" },
};

static void
test_counts(void **state)
{
	(void)state;
	PLAY(counts, "!" BOTH("tcpflags") "hist " BOTH("hists") BOTH("syn") BOTH("fin") BOTH("rst") BOTH("ackpkts")
	    BOTH("datasegs") "state conn");
}

/* The direction is known later: said before the history. */
static void
test_flipped(void **state)
{
	static const struct segment s[] = { S(0, "A", 0, 0), C(1, "S", -1, 0), { .flags = NULL } };
	struct world w;
	struct packet p;

	(void)state;
	world_new(&w, 5, 10);
	for (const struct segment *x = s; x->flags != NULL; x++) {
		p = segment_packet(x);
		p.sport = x->from == CLIENT ? 4000 : 5000;
		p.dport = x->from == CLIENT ? 5000 : 4000;
		world_send(&w, &p);
	}
	world_clock(&w, 6000);
	EXPECT(&w, "sport hist", "flow 0 start+flipped sport=4000 hist=^aS");
	world_free(&w);
}

/* --- offers of the SYNs, in the records in which they came */

static void
test_offers(void **state)
{
	struct segment s[] = { C(0, "S", -1, 0), S(1, "SA", -1, 0), C(5000, "A", 0, 0) };
	struct world w;

	(void)state;
	world_new(&w, 5, 10);
	for (int i = 0; i < 3; i++) {
		struct packet p = segment_packet(&s[i]);

		p.tcp.opts = (uint8_t)(TCPOPT_MSS | (i == 0 ? TCPOPT_WSCALE : i == 1 ? TCPOPT_SACKOK : 0));
		p.tcp.mss = (uint16_t)(1460 - i);
		p.tcp.wscale = 7;
		world_send(&w, &p);
	}
	world_clock(&w, 11000);
	EXPECT(&w, BOTH("mss") BOTH("wscale") BOTH("opts"),
	    "flow 0 start smss=1460 dmss=1459 swscale=7 sopts=M+w dopts=M+s\nflow 5 sopts=M dopts=");
	world_free(&w);
}

/* --- resets */

static const struct connection resets[] = {
	{ "in answer to the SYN", { C(0, "S", -1, 0), S(1, "RA", 0, 0) }, "rstby=2 rstphase=syn rstttl=0" },
	{ "by who sent it", { C(0, "S", -1, 0), C(1, "R", 0, 0) }, "rstby=1 rstphase=before rstttl=0" },
	{ "before data", { OPEN, S(100, "R", 0, 0) }, "rstby=2 rstphase=before rstttl=0" },
	{ "after data", { OPEN, C(100, "A", 0, 10), C(101, "R", 10, 0) }, "rstby=1 rstphase=data rstttl=0" },
	{ "the answer to the SYN was missed", { C(0, "S", -1, 0), C(1, "A", 0, 10), S(2, "R", 0, 0) },
	    "rstby=2 rstphase=data rstttl=0" },
	{ "after a FIN", { OPEN, C(100, "A", 0, 10), S(101, "FA", 0, 0), C(102, "R", 10, 0) },
	    "rstby=1 rstphase=fin rstttl=0" },
	{ "in answer to a segment out of window", { OPEN, C(99, "A", 0, 10), C(100, "A", 4000, 10), S(101, "R", 0, 0) },
	    "rstby=2 rstphase=oow rstttl=0" },
	{ "that was before", { OPEN, C(99, "A", 4000, 10), C(100, "A", 0, 10), S(101, "R", 0, 0) },
	    "rstby=2 rstphase=data rstttl=0" },
	{ "by both", { OPEN, C(100, "R", 0, 0), S(101, "R", 0, 0) }, "rstby=3 rstphase=before rstttl=0" },
	{ "with another TTL than its sender's", { OPEN, S(100, "R", 0, 0, .ttl = 61) },
	    "rstby=2 rstphase=before rstttl=1" },
	{ "nearly the same", { OPEN, S(100, "R", 0, 0, .ttl = 62) }, "rstby=2 rstphase=before rstttl=0" },
	{ "told by what comes after it", { S(0, "R", 0, 0, .ttl = 50), S(1, "A", 0, 10) },
	    "rstby=2 rstphase=before rstttl=1" },
	{ "in answer to something stale", { OPEN, S(100, "A", 0, 10, .ack = 9000000), C(101, "R", 9000000, 0) }, "" },
	{ "none", { OPEN }, "" },
};

static void
test_resets(void **state)
{
	(void)state;
	PLAY(resets, "rstby rstphase rstttl");
}

/* Counters have few bits; what goes round is not lost. */
static void
test_many(void **state)
{
	static const struct segment open[] = { OPEN, { .flags = NULL } };
	const int n = 70000, len = 62000; /* 4,340,000,000 bytes */
	struct world w;

	(void)state;
	world_new(&w, 60, 20);
	segments_send(&w, open);
	for (int i = 0; i < n; i++) {
		struct segment data = C(100 + i * .2, "A", (int)((uint32_t)i * (uint32_t)len), len);
		struct segment ack = S(100 + i * .2 + .1, "A", 0, 0, .ack = (int)((uint32_t)(i + 1) * (uint32_t)len));

		segment_send(&w, &data);
		segment_send(&w, &ack);
	}
	for (int i = 0; i < 40; i++) {
		struct segment reset = C(20000 + i, "R", (int)((uint32_t)n * (uint32_t)len), 0);

		segment_send(&w, &reset);
	}
	assert_int_equal(w.track->tcp_high.used, 1);
	world_end(&w);
	EXPECT(&w, "!" BOTH("syn") BOTH("fin") BOTH("rst") BOTH("ackpkts") BOTH("datasegs") BOTH("newbytes") BOTH("ackev"),
	    "flow 0 start+end ssyn=1 dsyn=1 srst=40 sackpkts=1 dackpkts=70000 sdatasegs=70000 snewbytes=4340000000 "
	    "sackev=70000");
	world_free(&w);
}

/* --- round trips of the handshake: which of them are told; us */

static const struct connection trips[] = {
	{ "R1", { C(0, "S", -1, 0), S(20, "SA", -1, 0), C(21, "A", 0, 0) },
	    "synack_sum=20000 ackdat_sum=1000 tcprtt_sum=21000" },
	{ "R2: the SYN was sent again", { C(0, "S", -1, 0), C(1000, "S", -1, 0), S(1020, "SA", -1, 0), C(1021, "A", 0,
	    0) },
	    "ackdat_sum=1000" },
	{ "its answer was", { C(0, "S", -1, 0), S(20, "SA", -1, 0), S(1020, "SA", -1, 0), C(1021, "A", 0, 0) },
	    "synack_sum=20000" },
	{ "the acknowledgement was missed", { C(0, "S", -1, 0), S(20, "SA", -1, 0), S(300, "A", 0, 10),
	    C(301, "A", 0, 0, .ack = 10) }, "synack_sum=20000" },
	{ "it, and the server's first data", { C(0, "S", -1, 0), S(20, "SA", -1, 0), C(301, "A", 0, 0, .ack = 10) },
	    "synack_sum=20000" },
	{ "captured twice: once", { C(0, "S", -1, 0), C(0.5, "S", -1, 0), S(20, "SA", -1, 0), S(20.5, "SA", -1, 0),
	    C(21.5, "A", 0, 0) }, "synack_sum=19500 ackdat_sum=1000 tcprtt_sum=20500" },
	{ "both opened", { C(0, "S", -1, 0), S(1, "S", -1, 0), S(20, "SA", -1, 0), C(21, "SA", -1, 0) }, "" },
};

static void
test_trips(void **state)
{
	(void)state;
	PLAY(trips, "synack_sum ackdat_sum tcprtt_sum");
}

/* --- memory: a SYN costs nothing beyond its flow; all is given back (world_free looks) */

static void
test_cells(void **state)
{
	static const struct { struct segment s; uint32_t connections, holes, rare; } steps[] = {
		{ C(0, "S", -1, 0), 0, 0, 0 }, { S(50, "SA", -1, 0), 0, 0, 0 }, { C(51, "A", 0, 0), 1, 0, 0 },
		{ C(100, "A", 0, 10), 1, 0, 0 }, { C(101, "A", 20, 10), 1, 1, 1 }, { S(102, "A", 10, 10), 1, 2, 1 },
		{ C(5000, "A", 30, 10), 1, 2, 1 }, { C(5001, "A", 50, 10), 1, 2, 2 },
	};
	struct world w;

	(void)state;
	world_new(&w, 5, 10);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		segment_send(&w, &steps[i].s);
		assert_int_equal(w.track->tcp.used, steps[i].connections);
		assert_int_equal(w.track->tcp_hole[0].used, steps[i].holes);
		assert_int_equal(w.track->tcp_more.used, steps[i].rare);
	}
	assert_int_equal(w.track->tcp_bin.used, 2);
	world_clock(&w, 6000);
	assert_int_equal(w.track->tcp_bin.used, 1);
	assert_int_equal(w.track->tcp_more.used, 1);
	world_end(&w);
	assert_int_equal(w.track->tcp.used + w.track->tcp_hole[0].used, 0);
	world_free(&w);
}

/* What makes a connection be remembered. */
static void
test_remembered(void **state)
{
	static const struct { const char *what; struct segment s[3]; bool remembered; } cases[] = {
		{ "a SYN", { C(0, "S", -1, 0) }, false },
		{ "the same again", { C(0, "S", -1, 0), C(1000, "S", -1, 0) }, true },
		{ "refused", { C(0, "S", -1, 0), S(1, "RA", 0, 0) }, false },
		{ "an acknowledgement", { C(0, "A", 0, 0) }, false },
		{ "two of them", { C(0, "A", 0, 0), S(1, "A", 0, 0) }, true },
		{ "data", { C(0, "A", 0, 1) }, true },
		{ "a FIN", { C(0, "FA", 0, 0) }, true },
		{ "data on the SYN", { C(0, "S", -1, 1) }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		world_new(&w, 5, 10);
		for (int k = 0; k < 3 && cases[i].s[k].flags != NULL; k++)
			segment_send(&w, &cases[i].s[k]);
		if (w.track->tcp.used != cases[i].remembered)
			fail_msg("%s", cases[i].what);
		world_free(&w);
	}
}

/* A header that was cut: it is of the flow, and nothing more is said of it. */
static void
test_cut(void **state)
{
	struct segment s = C(0, "A", 0, 10);
	struct packet p = segment_packet(&s);
	struct world w;

	(void)state;
	world_new(&w, 5, 10);
	p.facts &= ~(uint32_t)FACT_TCP;
	world_send(&w, &p);
	world_clock(&w, 6000);
	EXPECT(&w, "spkts hist stcpflags", "flow 0 start spkts=1 stcpflags=");
	world_free(&w);
}

/* --- health: queues under load, of the side whose round trips grow (R5) */

static void
test_bloat(void **state)
{
	struct segment ack = S(0, "A", 0, 0), data = C(0, "A", 0, 16384);
	static const struct segment open[] = { C(0, "S", -1, 0, .win = 65000), S(20, "SA", -1, 0, .win = 65000),
		C(20.1, "A", 0, 0, .win = 65000), { .flags = NULL } };

	(void)state;
	for (int i = 0; i < 6; i++) {
		int slow = i / 2; /* 2: and the receiver holds it up, too */
		struct world w;
		double t = 100;

		segment_client = i % 2;
		world_new(&w, 60, 10);
		segments_send(&w, open);
		for (int k = 0; k < 8; k++) {
			data.ms = t;
			data.win = ack.win = 65000;
			data.seq = k * 16384;
			ack.ms = t += slow ? 150 : 110; /* 20 ms at least: 120 are a queue */
			ack.ack = data.seq + 16384;
			segment_send(&w, &data);
			segment_send(&w, &ack);
			t += 10;
		}
		ack.ms = t;
		ack.win = ZERO;
		if (slow == 2)
			segment_send(&w, &ack);
		world_end(&w);
		EXPECT(&w, "!health bloatside", slow == 1 ? "flow 0 start+end health=bufbloat "
		    "bloatside=2" : "flow 0 start+end");
		world_free(&w);
	}
	segment_client = CLIENT;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_trips),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_remembered),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_bloat),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

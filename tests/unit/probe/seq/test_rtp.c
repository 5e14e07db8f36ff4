/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_rtp.c: RTP: which packets are believed to be some, their numbers, their jitter (RFC 3550 A.8).  T = 5 s; every
 * expected value is worked out by hand.
 */
#include "tests/unit/probe/world.h"

static struct world w;

static int
setup(void **state)
{
	(void)state;
	world_new(&w, 5, 100);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	world_free(&w);
	return (0);
}

static void
rtp_of(int64_t ms, int side, uint32_t ssrc, uint16_t seq, uint32_t ts, uint8_t pt)
{
	struct packet p = world_packet(ms, PROTO_UDP, side);

	p.facts |= FACT_RTP;
	p.rtp.ssrc = ssrc;
	p.rtp.seq = seq;
	p.rtp.ts = ts;
	p.rtp.pt = pt;
	world_send(&w, &p);
}

/* Of source 7, payload type 0: 8000 Hz, 20 ms of sound in each. */
static void
rtp(int64_t ms, uint16_t seq)
{
	rtp_of(ms, 0, 7, seq, 160u * seq, 0);
}

#define ROWS "sssrc spt suniq slost sfix swrap sjit_n sjit_sum sjit_max"

/* The third in a row is believed, and all three count.  J grows by 1/16 of (D - J): with D = 0, 10, 10 ms it is 0,
 * 0.625 and 1.2109375 ms. */
static void
test_stream(void **state)
{
	(void)state;
	rtp(0, 100);
	rtp(20, 101);
	assert_int_equal(w.v.b->ext, 0);
	rtp(50, 102);
	rtp(60, 103);
	world_clock(&w, 6000);
	EXPECT(&w, ROWS, "flow 0 start sssrc=7 spt=0 suniq=4 slost=0 sfix=0 swrap=0 sjit_n=3 sjit_sum=1835 "
	    "sjit_max=1210");
}

static void
test_numbers(void **state)
{
	(void)state;
	rtp(0, 65533);
	rtp(20, 65534);
	rtp(40, 65535);
	rtp(80, 1); /* 0 is lost */
	world_clock(&w, 6000);
	EXPECT(&w, "suniq slost sfix swrap", "flow 0 start suniq=4 slost=1 sfix=0 swrap=1");
	rtp(6000, 0); /* it was only late */
	world_clock(&w, 11000);
	EXPECT(&w, "suniq slost sfix", "corr 0 sfix=1\nflow 5 suniq=1 slost=0 sfix=0");
}

/* What does not follow the one before begins again. */
static const struct doubt {
	const char *what;
	struct { uint32_t ssrc; uint16_t seq; } sent[6];
	const char *row;
} doubts[] = {
	{ "two", { { 7, 1 }, { 7, 2 } }, "flow 0 start" },
	{ "a number is missing", { { 7, 1 }, { 7, 2 }, { 7, 4 } }, "flow 0 start" },
	{ "and then three", { { 7, 1 }, { 7, 2 }, { 7, 4 }, { 7, 5 }, { 7, 6 } }, "flow 0 start suniq=3" },
	{ "the same again", { { 7, 1 }, { 7, 1 }, { 7, 1 } }, "flow 0 start" },
	{ "two sources that take turns", { { 7, 1 }, { 8, 9 }, { 7, 2 }, { 8, 10 }, { 7, 3 }, { 8, 11 } },
	    "flow 0 start suniq=6" },
	{ "from 0", { { 7, 65535 }, { 7, 0 }, { 7, 1 } }, "flow 0 start suniq=3" },
};

static void
test_doubts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++) {
		world_free(&w);
		world_new(&w, 5, 100);
		for (int k = 0; k < 6 && doubts[i].sent[k].ssrc != 0; k++)
			rtp_of(20 * k, 0, doubts[i].sent[k].ssrc, doubts[i].sent[k].seq, 0, 0);
		world_clock(&w, 6000);
		if (strcmp(world_said(&w, "suniq"), doubts[i].row) != 0)
			print_error("%s\n", doubts[i].what);
		w.said = 0;
		EXPECT(&w, "suniq", doubts[i].row);
	}
}

/* Four may be in doubt; a fifth takes the place of the one silent for longest. */
static void
test_sources(void **state)
{
	(void)state;
	for (uint32_t ssrc = 1; ssrc <= 5; ssrc++)
		rtp_of(ssrc, 0, ssrc, 10, 0, 0);
	for (uint32_t ssrc = 1; ssrc <= 5; ssrc++) /* 1 comes again, in place of 2, and so on: none gets further */
		rtp_of(10 + ssrc, 0, ssrc, 11, 0, 0);
	for (uint32_t ssrc = 2; ssrc <= 5; ssrc++)
		rtp_of(20 + ssrc, 0, ssrc, 12, 0, 0);
	assert_int_equal(w.v.b->ext, 0);
	for (uint32_t ssrc = 2; ssrc <= 5; ssrc++)
		rtp_of(30 + ssrc, 0, ssrc, 13, 0, 0);
	world_clock(&w, 6000);
	EXPECT(&w, "suniq slost", "flow 0 start suniq=12 slost=0");
}

/* A payload type without a rate has no jitter; one that changes is not compared. */
static void
test_rates(void **state)
{
	static const uint8_t sent[] = { 96, 96, 96, 0, 0, 8, 14, 14 };

	(void)state;
	for (uint16_t i = 0; i < 8; i++)
		rtp_of(20 * i, 0, 7, i, 160u * i, sent[i]);
	world_clock(&w, 6000); /* 0 and 8 have 8000 Hz, 14 has 90000: with 160 of those in 20 ms, D = 18.2222 ms,
	    J = 1/16 */
	EXPECT(&w, ROWS, "flow 0 start sssrc=7 spt=96 suniq=8 slost=0 sfix=0 swrap=0 sjit_n=3 sjit_sum=1138 "
	    "sjit_max=1138");
}

/* Each direction has its own, with the same source, too. */
static void
test_directions(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		rtp(20 * i, i);
		rtp_of(20 * i + 1, 1, 7, (uint16_t)(1000 + i), 160u * i, 8);
	}
	world_clock(&w, 6000);
	EXPECT(&w, "sssrc dssrc spt dpt suniq duniq sjit_n djit_n",
	    "flow 0 start sssrc=7 dssrc=7 spt=0 dpt=8 suniq=3 duniq=3 sjit_n=2 djit_n=2");
}

/* The stream outlives its flow: what was lost in the silence is seen.  What is in doubt does not. */
static void
test_silence(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 3; i++)
		rtp(20 * i, i);
	world_clock(&w, 31000);
	assert_int_equal(w.flows.table.alive, 0);
	assert_int_equal(w.track->numbers.rtp.used, 0);
	rtp(40000, 5);
	world_clock(&w, 46000);
	EXPECT(&w, "suniq slost", "flow 0 start suniq=3 slost=0\nflow 40 start suniq=1 slost=2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stream),
		TEST(test_numbers),
		TEST(test_doubts),
		TEST(test_sources),
		TEST(test_rates),
		TEST(test_directions),
		TEST(test_silence),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

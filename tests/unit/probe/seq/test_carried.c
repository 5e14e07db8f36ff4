/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_carried.c: streams inside UDP and GRE: GRE's numbers, whatever flow its packets are in; what a mirror lost; when
 * streams are forgotten.  T = 5 s; every expected value is worked out by hand.
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

/* A packet in GRE with a number: of the GRE flow itself, or of one inside. */
static void
gre(int64_t ms, unsigned proto, uint64_t id, uint32_t seq)
{
	struct packet p = world_packet(ms, proto, 0);

	p.facts |= FACT_GRESEQ;
	p.gre_id = id;
	p.gre_seq = seq;
	world_send(&w, &p);
}

static void
test_gre(void **state)
{
	(void)state;
	gre(0, PROTO_GRE, 9, 1);
	gre(1, PROTO_GRE, 9, 2);
	gre(2, PROTO_GRE, 9, 5);
	gre(3, PROTO_GRE, 8, 70); /* another key: a numbering of its own */
	gre(4, PROTO_GRE, 9, 4);
	world_clock(&w, 6000);
	EXPECT(&w, "suniq slost slate sfix tunid", "flow 0 start suniq=5 slost=1 slate=1 sfix=0");
	gre(6000, PROTO_GRE, 9, 3);
	world_clock(&w, 11000);
	EXPECT(&w, "suniq slost sfix", "corr 0 sfix=1\nflow 5 suniq=1 slost=0 sfix=0");
}

/* What is taken to a flow inside has come, and is not missing; what was lost before it is nobody's. */
static void
test_inside(void **state)
{
	(void)state;
	gre(0, PROTO_GRE, 9, 1);
	gre(1, PROTO_UDP, 9, 2);
	gre(2, PROTO_GRE, 9, 3);
	gre(3, PROTO_UDP, 9, 6);
	gre(4, PROTO_GRE, 9, 7);
	world_clock(&w, 6000);
	EXPECT(&w, "proto suniq slost", "flow 0 start proto=47 suniq=3 slost=0\nflow 0 start proto=17");
	assert_int_equal(w.track->numbers.nowhere.lost, 2);
	gre(6000, PROTO_UDP, 9, 5);
	assert_int_equal(w.track->numbers.nowhere.lost, 1);
}

/* A mirror's frames are no GRE flow's. */
static void
test_mirrored(void **state)
{
	struct packet p = world_packet(0, PROTO_UDP, 0);

	(void)state;
	p.facts |= FACT_GRESEQ | FACT_MIRROR;
	p.gre_id = 9;
	p.gre_seq = 1;
	world_send(&w, &p);
	assert_int_equal(w.track->numbers.streams.cells.used, 0);
}

/* --- what a mirror lost */

static uint64_t
mirror(int64_t ms, int64_t now, uint16_t session, uint32_t seq)
{
	struct packet p = { .ts = AT(ms), .gre_id = 900, .gre_session = session, .gre_seq = seq, .facts = FACT_MIRROR };
	struct stat_set *s;

	w.ledger.clock = (struct watermark){ .started = true, .now = AT(now) };
	s = &timeline_span(&w.ledger.time, ledger_start(&w.ledger, AT(ms)))->stats;
	numbers_mirror(&w.track->numbers, &p, AT(now), s);
	return (s->mirlost);
}

/* In the MAR record of its bin: a number that comes after all is taken back while that is open. */
static void
test_mirror(void **state)
{
	(void)state;
	assert_int_equal(mirror(0, 0, 1, 100), 0);
	assert_int_equal(mirror(1, 1, 1, 101), 0);
	assert_int_equal(mirror(2, 2, 1, 105), 3);
	assert_int_equal(mirror(3, 3, 1, 104), 2);
	assert_int_equal(mirror(5000, 5000, 1, 103), 0); /* in the next bin; */
	assert_int_equal(timeline_span(&w.ledger.time, AT(0))->stats.mirlost, 1); /* counted there */
	assert_int_equal(mirror(5999, 5999, 1, 108), 2);
	assert_int_equal(mirror(6000, 6000, 1, 102), 2); /* of a bin that is written: it stays */
	assert_int_equal(timeline_span(&w.ledger.time, AT(0))->stats.mirlost, 1);
}

/* Sessions that share the numbers of one mirror, and one that has its own. */
static void
test_sessions(void **state)
{
	(void)state;
	assert_int_equal(mirror(0, 0, 1, 100), 0);
	assert_int_equal(mirror(1, 1, 1, 101), 0);
	assert_int_equal(mirror(2, 2, 2, 102), 0); /* goes on where 1 is */
	assert_int_equal(mirror(3, 3, 1, 103), 0);
	assert_int_equal(mirror(4, 4, 3, 5000000), 0);
	assert_int_equal(mirror(5, 5, 3, 5000002), 1);
	assert_int_equal(mirror(6, 6, 2, 104), 1);
	assert_int_equal(mirror(7, 7, 1, 106), 2);
}

/* --- streams are forgotten after an hour, and when there are too many; what waited in them is told */

static void
test_hour(void **state)
{
	(void)state;
	gre(0, PROTO_GRE, 9, 1);
	gre(1, PROTO_GRE, 9, 2000000); /* waits for a second one */
	gre(1, PROTO_GRE, 7, 1);
	world_clock(&w, 3600001);
	EXPECT(&w, "suniq sbadseq", "flow 0 start suniq=2 sbadseq=0");
	gre(3600001, PROTO_GRE, 8, 1);
	assert_int_equal(w.track->numbers.streams.cells.used, 3); /* an hour is not over */
	gre(3600002, PROTO_GRE, 8, 2);
	assert_int_equal(w.track->numbers.streams.cells.used, 1);
	EXPECT(&w, "sbadseq", "corr 0 sbadseq=1");
}

static void
test_cap(void **state)
{
	(void)state;
	world_free(&w);
	world_new(&w, 5, 4); /* six streams, two of them free for what a packet may need */
	for (uint64_t id = 1; id <= 4; id++)
		gre((int64_t)id, PROTO_GRE, id, 1);
	gre(5, PROTO_GRE, 1, 2);
	gre(6, PROTO_GRE, 5, 1);
	gre(7, PROTO_GRE, 6, 1); /* before it: five are too many, that of 2 is forgotten */
	assert_int_equal(w.track->numbers.streams.cells.used, 5);
	gre(8, PROTO_GRE, 1, 4);
	gre(9, PROTO_GRE, 2, 9); /* it begins again */
	world_clock(&w, 6000);
	EXPECT(&w, "suniq slost", "flow 0 start suniq=9 slost=1");
}

/* The end of input. */
static void
test_finish(void **state)
{
	(void)state;
	gre(0, PROTO_GRE, 9, 1);
	gre(1, PROTO_GRE, 9, 2000000);
	world_end(&w);
	EXPECT(&w, "suniq sbadseq", "flow 0 start+end suniq=1 sbadseq=1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_gre),
		TEST(test_inside),
		TEST(test_mirrored),
		TEST(test_mirror),
		TEST(test_sessions),
		TEST(test_hour),
		TEST(test_cap),
		TEST(test_finish),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

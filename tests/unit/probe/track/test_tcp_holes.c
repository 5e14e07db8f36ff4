/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tcp_holes.c: many holes: their cells, what is forgotten where there are too many, and what can be said of it
 * then (SEMANTICS 14.1 f).  What fills a hole is in test_tcp_data.c, what is acknowledged in test_tcp_ack.c.
 */
#include "tests/unit/probe/track/segments.h"

static struct world w;

static int
setup(void **state)
{
	static const struct segment open[] = { OPEN, { .flags = NULL } };

	(void)state;
	world_new(&w, 60, 20);
	segments_send(&w, open);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	world_free(&w);
	return (0);
}

/* The client sends 10 bytes from 20 * i on: before them 10 bytes are missing. */
static void
jump(int i, uint32_t ipid)
{
	struct segment s = C(100 + i, "A", 20 * i, 10, .ipid = ipid);

	segment_send(&w, &s);
}

static void
send(double ms, int seq, int len, uint32_t ipid)
{
	struct segment s = C(ms, "A", seq, len, .ipid = ipid);

	segment_send(&w, &s);
}

static void
acknowledge(double ms, int ack)
{
	struct segment s = S(ms, "A", 0, 0, .ack = ack);

	segment_send(&w, &s);
}

static uint32_t
cells(int size)
{
	return (w.track->tcp_hole[size].used);
}

#define COUNTS "!snewbytes srtxup srtxdn srtxunk sooo stgapev sholeovf scapmiss scapfix scapooo"

/* One cell at a time, the next size when it is full; none when all is filled. */
static void
test_sizes(void **state)
{
	(void)state;
	for (int i = 0; i <= 512; i++) {
		jump(i, 0);
		assert_int_equal(cells(0), i >= 1 && i <= 8);
		assert_int_equal(cells(1), i >= 9 && i <= 64);
		assert_int_equal(cells(2), i >= 65);
	}
	for (int i = 0; i < 512; i++)
		send(1000 + i, 20 * i + 10, 10, 0);
	assert_int_equal(cells(0) + cells(1) + cells(2), 0);
	world_end(&w);
	EXPECT(&w, COUNTS, "flow 0 start+end snewbytes=10250 srtxup=512 stgapev=512"); /* 1025 segments */
}

/* From the middle and from either end, in any order: nothing is lost on the way. */
static void
test_any_order(void **state)
{
	(void)state;
	for (int i = 0; i <= 60; i++)
		jump(i, 0);
	for (int i = 0; i < 60; i++) /* 37 and 60 have no common factor */
		send(1000 + i, 20 * (i * 37 % 60) + 10, 10, 0);
	assert_int_equal(cells(0) + cells(1), 0);
	world_end(&w);
	EXPECT(&w, COUNTS, "flow 0 start+end snewbytes=1210 srtxup=60 stgapev=60");
}

/* Several at the front at once, then the rest. */
static void
test_front(void **state)
{
	(void)state;
	for (int i = 0; i <= 6; i++)
		jump(i, 0);
	send(1000, 10, 30, 0);
	for (int i = 2; i < 6; i++)
		send(1001 + i, 20 * i + 10, 10, 0);
	assert_int_equal(cells(0), 1); /* the smallest stays until the end */
	world_end(&w);
	EXPECT(&w, COUNTS, "flow 0 start+end snewbytes=130 srtxup=5 stgapev=6");
}

/* A cell is filled at its back while it is emptied at its front; its neighbour, the server's, stays what it is. */
static void
test_neighbours(void **state)
{
	struct segment other = S(90, "A", 50, 10), fill = S(2000, "A", 0, 50);

	(void)state;
	jump(0, 0);
	jump(1, 0);
	segment_send(&w, &other);
	for (int i = 2; i <= 20; i++) {
		if (i > 8)
			send(150 + i, 20 * (i - 9) + 10, 10, 0); /* sent again: 51 ms, at least, behind its hole */
		jump(i, 0);
	}
	assert_int_equal(cells(0), 2);
	segment_send(&w, &fill);
	for (int i = 12; i < 20; i++)
		send(2000, 20 * i + 10, 10, 0);
	world_end(&w);
	EXPECT(&w, "!snewbytes srtxup sooo stgapev dnewbytes drtxup dtgapev",
	    "flow 0 start+end snewbytes=410 srtxup=20 stgapev=20 dnewbytes=60 drtxup=1 dtgapev=1");
}

/* Numbers begin anew: what was missing before is nobody's. */
static void
test_anew(void **state)
{
	(void)state;
	jump(0, 0);
	jump(1, 0);
	send(200, 2000000, 10, 0);
	assert_int_equal(cells(0), 1);
	send(201, 2000010, 10, 0);
	assert_int_equal(cells(0), 0);
}

/* Beyond 512 the two lowest become one range, of which nothing is known but that some of it is there: what comes of it
 * is told by its sender's clocks, or not at all.  The others are what they were. */
static void
test_joined(void **state)
{
	(void)state;
	for (int i = 0; i <= 513; i++)
		jump(i, 0);
	send(1000, 10, 10, 0);  /* of the range: missing once, */
	send(1001, 20, 10, 0);  /* there already, */
	send(1002, 50, 10, 0);  /* and a hole behind it */
	send(1003, 80, 10, 0);  /* behind: seen before */
	world_end(&w);
	EXPECT(&w, COUNTS, "flow 0 start+end snewbytes=5170 srtxup=1 srtxdn=1 srtxunk=2 stgapev=513 sholeovf=1");
}

/* It is acknowledged: of what is missing nothing is said; behind it, all. */
static void
test_joined_acknowledged(void **state)
{
	(void)state;
	for (int i = 0; i <= 513; i++)
		jump(i, 0);
	acknowledge(1000, 80);
	world_end(&w);
	EXPECT(&w, COUNTS, "flow 0 start+end snewbytes=5140 stgapev=513 sholeovf=1 scapmiss=20"); /* [50, 60), [70,
	    80) */
}

/* IP-IDs tell: an older one is late, a newer one sent again. */
static void
test_joined_told(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		send(60 + i, 10 * i, 10, 10 + (uint32_t)i); /* four in order: their steps are known */
	for (int i = 2; i <= 516; i++)
		jump(i, (uint32_t)(100 + 2 * i));
	send(1000, 50, 10, 10);
	send(1001, 50, 10, 1000);
	world_end(&w);
	EXPECT(&w, "!srtxup sooo srtxunk sholeovf", "flow 0 start+end srtxup=1 sooo=1 sholeovf=2");
}

/* What was acknowledged and never seen goes before anybody is forgotten, and when its second is over. */
static void
test_acknowledged(void **state)
{
	(void)state;
	for (int i = 0; i <= 512; i++)
		jump(i, 0);
	acknowledge(700, 20 * 10); /* ten of them */
	for (int i = 513; i <= 522; i++)
		jump(i, 0);
	send(710, 190, 10, 0); /* the last of the ten had to go, though it was just acknowledged */
	send(711, 210, 10, 0);
	world_end(&w);
	EXPECT(&w, "!srtxup sspur scapmiss scapfix sholeovf", "flow 0 start+end srtxup=1 sspur=1 scapmiss=100");
}

static void
test_second(void **state)
{
	(void)state;
	for (int i = 0; i <= 8; i++)
		jump(i, 0);
	acknowledge(200, 170);
	assert_int_equal(cells(0), 1);
	send(1201, 200, 10, 0); /* a new hole, a second later: the others have gone, the cell is large enough */
	assert_int_equal(cells(0), 1);
	send(1202, 10, 10, 0);
	world_end(&w);
	EXPECT(&w, "!snewbytes sspur stgapev scapmiss scapfix", "flow 0 start+end snewbytes=100 sspur=1 stgapev=9 "
	    "scapmiss=80");
}

/* There is no cell left: of what comes later nobody is accused, until all of it is acknowledged. */
static void
test_no_cells(void **state)
{
	(void)state;
	for (int i = 0; i < TCP_HOLE_SIZES; i++)
		w.track->tcp_hole[i].cap = w.track->tcp_hole[i].used;
	send(100, 0, 10, 0);
	send(101, 20, 10, 0);
	send(300, 10, 10, 0);
	send(301, 20, 10, 0);
	acknowledge(350, 30);
	send(400, 30, 10, 0);
	send(600, 30, 10, 0);
	world_end(&w);
	EXPECT(&w, COUNTS, "flow 0 start+end snewbytes=30 srtxdn=1 srtxunk=2 stgapev=1 sholeovf=1");
}

/* The next size is not to be had: as beyond the last. */
static void
test_no_larger(void **state)
{
	(void)state;
	for (int i = 0; i <= 8; i++)
		jump(i, 0);
	w.track->tcp_hole[1].cap = 0;
	jump(9, 0);
	assert_int_equal(cells(0), 1);
	send(1000, 10, 10, 0);
	send(1001, 170, 10, 0);
	world_end(&w);
	EXPECT(&w, COUNTS, "flow 0 start+end snewbytes=120 srtxup=1 srtxunk=1 stgapev=9 sholeovf=1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sizes),
		TEST(test_any_order),
		TEST(test_front),
		TEST(test_neighbours),
		TEST(test_anew),
		TEST(test_joined),
		TEST(test_joined_acknowledged),
		TEST(test_joined_told),
		TEST(test_acknowledged),
		TEST(test_second),
		TEST(test_no_cells),
		TEST(test_no_larger),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

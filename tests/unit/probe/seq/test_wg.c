/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_wg.c: WireGuard: handshakes, indexes, counters.  Side 0 begins: it sends to index 20, side 1 to index 10.
 * T = 5 s; every expected value is worked out by hand.
 */
#include "tests/unit/probe/world.h"

enum { INITIATION = 1, RESPONSE = 2, DATA = 4 };

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

static struct packet
message(int64_t ms, int side, uint8_t type, uint32_t sender, uint32_t receiver, uint64_t counter)
{
	struct packet p = world_packet(ms, PROTO_UDP, side);

	p.facts |= FACT_WG;
	p.wg.type = type;
	p.wg.sender = sender;
	p.wg.receiver = receiver;
	p.wg.counter = counter;
	p.wg.messages = 1;
	return (p);
}

static void
send(int64_t ms, int side, uint8_t type, uint32_t sender, uint32_t receiver, uint64_t counter)
{
	struct packet p = message(ms, side, type, sender, receiver, counter);

	world_send(&w, &p);
}

/* 0 asks with index `asks`, 1 answers with `answers`. */
static void
handshake(int64_t ms, uint32_t asks, uint32_t answers)
{
	send(ms, 0, INITIATION, asks, 0, 0);
	send(ms + 1, 1, RESPONSE, answers, asks, 0);
}

static void
data(int64_t ms, int side, uint32_t receiver, uint64_t counter)
{
	send(ms, side, DATA, 0, receiver, counter);
}

#define ROWS "lane sspi dspi snspi sspi0 srekeys pconf suniq duniq slost sfix sheadgap sbadseq"

static void
test_tunnel(void **state)
{
	(void)state;
	handshake(0, 10, 20);
	data(2, 0, 20, 0);
	data(3, 1, 10, 0);
	data(4, 0, 20, 1);
	data(5, 0, 20, 3); /* one is lost */
	world_clock(&w, 6000);
	EXPECT(&w, ROWS, "flow 0 start lane=0 sspi=20 dspi=10 snspi=1 srekeys=0 pconf=3 suniq=3 duniq=1 slost=1 "
	    "sfix=0 sheadgap=0 sbadseq=0");
	assert_true(column_has(world_batch(&w)->col[F_tunid], 0));
	data(7000, 0, 20, 2); /* it comes late: its correction is of the same tunnel and lane */
	world_clock(&w, 11000);
	EXPECT(&w, "lane sspi dspi snspi suniq slost sfix", "corr 0 lane=0 sspi=20 sfix=1\n"
	    "flow 5 lane=0 sspi=20 dspi=10 snspi=1 suniq=1 slost=0 sfix=0");
	assert_int_equal(sim_get(world_batch(&w), F_tunid, 1), sim_get(world_batch(&w), F_tunid, 0));
}

/* A new pair of indexes goes on in the same lane; what is still on its way to the old one is known. */
static void
test_rekey(void **state)
{
	(void)state;
	handshake(0, 10, 20);
	data(2, 0, 20, 0);
	handshake(5000, 11, 21);
	data(5002, 0, 21, 0);
	data(5003, 0, 20, 1);
	data(5004, 0, 21, 1);
	world_clock(&w, 11000);
	EXPECT(&w, "lane sspi dspi sspi0 snspi srekeys drekeys suniq slost",
	    "flow 0 start lane=0 sspi=20 dspi=0 snspi=1 srekeys=0 drekeys=0 suniq=1 slost=0\n"
	    "flow 5 lane=0 sspi=21 dspi=0 sspi0=20 snspi=2 srekeys=1 drekeys=0 suniq=3 slost=0");
}

/* Met in the middle: two packets with counters close to each other are believed, and both count. */
static void
test_middle(void **state)
{
	(void)state;
	data(0, 0, 20, 5000);
	assert_int_equal(w.v.b->ext, 0);
	data(1, 0, 20, 5064);
	data(2, 0, 20, 5065);
	data(3, 1, 10, 7);
	data(4, 1, 10, 72); /* too far */
	data(5, 1, 30, 73); /* another index */
	data(6, 1, 10, 73);
	data(7, 1, 10, 73); /* the same */
	world_clock(&w, 6000);
	EXPECT(&w, ROWS, "flow 0 start lane=0 sspi=20 dspi=0 snspi=1 srekeys=0 pconf=2 suniq=3 duniq=0 slost=63 "
	    "sfix=0 sheadgap=0 sbadseq=0");
}

/* What only looks like it needs a handshake. */
static void
test_like(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct packet p = message(i, 0, DATA, 0, 20, (uint64_t)i);

		p.facts = (p.facts & ~(uint32_t)FACT_WG) | FACT_WGLIKE;
		world_send(&w, &p);
	}
	assert_int_equal(w.v.b->ext, 0);
	handshake(5, 10, 20);
	for (int i = 3; i < 6; i++) {
		struct packet p = message(3 + i, 0, DATA, 0, 20, (uint64_t)i);

		p.facts = (p.facts & ~(uint32_t)FACT_WG) | FACT_WGLIKE;
		world_send(&w, &p);
	}
	world_clock(&w, 6000);
	EXPECT(&w, "sspi suniq slost", "flow 0 start sspi=20 suniq=3 slost=0");
}

static void
test_handshakes(void **state)
{
	(void)state;
	send(0, 0, INITIATION, 10, 0, 0);
	send(1, 1, RESPONSE, 20, 99, 0); /* of another one */
	data(2, 0, 20, 0);
	assert_int_equal(w.v.b->ext, 0);
	send(3, 1, RESPONSE, 20, 10, 0);
	data(4, 0, 20, 0);
	send(5, 1, RESPONSE, 20, 10, 0); /* the same again begins nothing */
	data(6, 0, 20, 1);
	world_clock(&w, 6000);
	EXPECT(&w, ROWS, "flow 0 start lane=0 sspi=20 dspi=0 snspi=1 srekeys=0 pconf=3 suniq=2 duniq=0 slost=0 sfix=0 "
	    "sheadgap=0 sbadseq=0");
}

/* A handshake without data: the record is the tunnel's, and so is that of the question if it waits. */
static void
test_handshake_alone(void **state)
{
	(void)state;
	send(4999, 0, INITIATION, 10, 0, 0);
	send(5001, 1, RESPONSE, 20, 10, 0);
	world_clock(&w, 11000);
	EXPECT(&w, "lane snspi suniq", "flow 0 start lane=0 snspi=0\nflow 5 lane=0 snspi=0");
	send(20000, 0, INITIATION, 11, 0, 0);
	world_clock(&w, 26000);
	EXPECT(&w, "lane", "flow 20"); /* it is not answered */
}

/* The question was written. */
static void
test_handshake_late(void **state)
{
	(void)state;
	send(0, 0, INITIATION, 10, 0, 0);
	world_clock(&w, 6000);
	EXPECT(&w, "lane", "flow 0 start");
	send(6000, 1, RESPONSE, 20, 10, 0);
	world_clock(&w, 11000);
	EXPECT(&w, "lane", "flow 5 lane=0");
	data(11000, 0, 20, 0);
	send(12000, 0, INITIATION, 11, 0, 0); /* once there are numbers, it is known to be one */
	world_clock(&w, 16000);
	send(16000, 1, RESPONSE, 21, 11, 0);
	world_clock(&w, 21000);
	EXPECT(&w, "lane sspi", "flow 10 lane=0 sspi=20\nflow 15 lane=0 sspi=20");
}

/* The handshake was seen, its first data was not. */
static void
test_headgap(void **state)
{
	(void)state;
	handshake(0, 10, 20);
	data(2, 0, 20, 3);
	world_clock(&w, 6000);
	EXPECT(&w, "suniq slost sheadgap", "flow 0 start suniq=1 slost=0 sheadgap=3");
}

/* Some put an id into bytes that should be zero: believed where both of a handshake have it. */
static void
test_reserved(void **state)
{
	static const struct { int side; uint8_t type; uint32_t sender, receiver,
		reserved; uint64_t counter; bool counts; } sent[] = {
		{ 0, INITIATION, 10, 0, 7, 0, false }, { 1, RESPONSE, 20, 10, 8, 0, false }, { 0, DATA, 0, 20, 8, 0,
		    false },
		{ 1, RESPONSE, 20, 10, 7, 0, true }, { 0, DATA, 0, 20, 7, 0, true }, { 0, DATA, 0, 20, 0, 1, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		struct packet p = message((int64_t)i, sent[i].side, sent[i].type, sent[i].sender, sent[i].receiver,
		    sent[i].counter);

		p.wg.reserved = sent[i].reserved;
		world_send(&w, &p);
		assert_int_equal(w.v.b->ext != 0, sent[i].counts);
	}
	world_clock(&w, 6000);
	EXPECT(&w, "sspi suniq", "flow 0 start sspi=20 suniq=1");
}

/* Several messages in one datagram; numbers that no peer reaches. */
static void
test_counters(void **state)
{
	struct packet p = message(2, 0, DATA, 0, 20, 0);

	(void)state;
	handshake(0, 10, 20);
	p.wg.messages = 3;
	world_send(&w, &p);
	data(3, 0, 20, 3);
	data(4, 0, 20, 1ull << 62);
	world_clock(&w, 6000);
	EXPECT(&w, "spkts suniq slost sbadseq", "flow 0 start spkts=4 suniq=4 slost=0 sbadseq=1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tunnel),
		TEST(test_rekey),
		TEST(test_middle),
		TEST(test_like),
		TEST(test_handshakes),
		TEST(test_handshake_alone),
		TEST(test_handshake_late),
		TEST(test_headgap),
		TEST(test_reserved),
		TEST(test_counters),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

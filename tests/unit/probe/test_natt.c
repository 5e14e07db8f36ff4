/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_natt.c: ESP in UDP on ports that nobody named: what its first packets tell, what IKE tells (SEMANTICS 14.2 e).
 * T = 5 s; every expected value is worked out by hand.
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

/* What may be ESP, between ports 6000 and 7000. */
static void
like(int64_t ms, int side, uint32_t spi, uint32_t seq)
{
	struct packet p = world_packet(ms, PROTO_UDP, side);

	p.sport = side ? 7000 : 6000;
	p.dport = side ? 6000 : 7000;
	p.facts |= FACT_ESPLIKE;
	p.spi = spi;
	p.seq = seq;
	world_send(&w, &p);
}

#define ROWS "proto sport dport lane spkts dpkts suniq duniq slost sspi dspi sencap"

/* Four packets of a direction: the flow in which they counted is the tunnel's, with all of them. */
static void
test_believed(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 3; i++)
		like(i, 0, 1001, i);
	assert_int_equal(w.v.f->key.proto, PROTO_UDP);
	like(4, 0, 1001, 5);
	assert_int_equal(w.v.f->key.proto, PROTO_ESP);
	like(5, 0, 1001, 6);
	world_clock(&w, 6000);
	EXPECT(&w, ROWS, "flow 0 start proto=50 sport=6000 dport=7000 lane=0 spkts=5 dpkts=0 suniq=5 duniq=0 slost=1 "
	    "sspi=1001 dspi=0 sencap=udp");
	assert_int_equal(world_stats(&w).newflows, 1);
}

/* Both directions: what the other one sent is taken along. */
static void
test_both(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 3; i++) {
		like(2 * i, 0, 1001, i);
		like(2 * i + 1, 1, 2001, 70 + i);
	}
	like(10, 0, 1001, 4);
	like(11, 1, 2001, 74);
	world_clock(&w, 6000);
	EXPECT(&w, ROWS, "flow 0 start proto=50 sport=6000 dport=7000 lane=0 spkts=4 dpkts=4 suniq=4 duniq=4 slost=0 "
	    "sspi=1001 dspi=2001 sencap=udp");
}

/* Not one flow of ESP: another SPI, the same number, one that is far away, something else among them. */
static const struct doubt {
	const char *what;
	struct { uint32_t spi, seq; } sent[6]; /* spi 0: it is not like ESP at all */
	bool believed;
} doubts[] = {
	{ "three", { { 7, 1 }, { 7, 2 }, { 7, 3 } }, false },
	{ "four", { { 7, 1 }, { 7, 2 }, { 7, 3 }, { 7, 4 } }, true },
	{ "backwards, and far enough", { { 7, 65 }, { 7, 1 }, { 7, 3 }, { 7, 4 } }, true },
	{ "forwards", { { 7, 1 }, { 7, 65 }, { 7, 3 }, { 7, 4 } }, true },
	{ "too far", { { 7, 66 }, { 7, 1 }, { 7, 2 }, { 7, 3 }, { 7, 4 } }, false },
	{ "the same again", { { 7, 1 }, { 7, 1 }, { 7, 2 }, { 7, 3 }, { 7, 4 } }, false },
	{ "another SPI", { { 7, 1 }, { 8, 9 }, { 7, 2 }, { 7, 3 }, { 7, 4 } }, false },
	{ "something else among them", { { 7, 1 }, { 0, 1 }, { 7, 2 }, { 7, 3 }, { 7, 4 } }, false },
	{ "something else before", { { 0, 1 }, { 7, 1 }, { 7, 2 }, { 7, 3 }, { 7, 4 } }, false },
};

static void
test_doubts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++) {
		world_free(&w);
		world_new(&w, 5, 100);
		for (int k = 0; k < 6 && doubts[i].sent[k].seq != 0; k++) {
			struct packet p = world_packet(k, PROTO_UDP, 0);

			p.sport = 6000;
			p.dport = 7000;
			p.facts |= doubts[i].sent[k].spi != 0 ? FACT_ESPLIKE : 0;
			p.spi = doubts[i].sent[k].spi;
			p.seq = doubts[i].sent[k].seq;
			world_send(&w, &p);
		}
		if ((w.v.f->key.proto == PROTO_ESP) != doubts[i].believed)
			fail_msg("%s", doubts[i].what);
	}
}

/* A record is written: what is in it stays UDP's, what comes is the tunnel's. */
static void
test_written(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 3; i++)
		like(i, 0, 1001, i);
	world_clock(&w, 6000);
	like(7000, 0, 1001, 4);
	like(7001, 0, 1001, 5);
	world_clock(&w, 12001); /* its SA has a lane */
	EXPECT(&w, "proto lane spkts suniq", "flow 0 start proto=17 spkts=3\nflow 5 proto=17 spkts=1\n"
	    "flow 5 start proto=50 lane=0 spkts=1 suniq=1");
}

/* IKE behind its marker was seen there: every packet is, from the first on. */
static void
test_known(void **state)
{
	struct packet p = world_packet(0, PROTO_UDP, 0);
	struct key k;

	(void)state;
	p.sport = 6000;
	p.dport = 7000;
	(void)key_of(&p, &w.key, &k);
	natt_know(&w.notes.natt, &k, table_hash(&w.flows.table, &k));
	natt_know(&w.notes.natt, &k, table_hash(&w.flows.table, &k)); /* it is known already */
	assert_int_equal(w.notes.natt.known.cells.used, 1);
	like(0, 1, 2001, 9);
	assert_int_equal(w.v.key.proto, PROTO_ESP);
	world_clock(&w, 6000);
	EXPECT(&w, "proto sport dport lane spkts", "flow 0 start proto=50 sport=7000 dport=6000 lane=0 spkts=1");
}

/* Too many pairs: the one that came first makes room. */
static void
test_cap(void **state)
{
	uint32_t cap = w.notes.natt.known.cells.cap;
	struct packet p = world_packet(0, PROTO_UDP, 0);
	struct key k;

	(void)state;
	p.facts |= FACT_ESPLIKE;
	for (uint32_t i = 0; i <= cap; i++) {
		p.src.b[14] = (uint8_t)(i >> 8);
		p.src.b[13] = (uint8_t)i;
		(void)key_of(&p, &w.key, &k);
		natt_know(&w.notes.natt, &k, table_hash(&w.flows.table, &k));
	}
	assert_int_equal(w.notes.natt.known.cells.used, cap);
	assert_true(natt_is(&w.notes.natt, &p));
	assert_true(p.proto == PROTO_ESP && p.facts & FACT_SPI && !(p.facts & FACT_ESPLIKE));
	p = world_packet(0, PROTO_UDP, 0);
	p.src.b[13] = p.src.b[14] = 0;
	assert_false(natt_is(&w.notes.natt, &p));
	assert_int_equal(p.proto, PROTO_UDP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_believed),
		TEST(test_both),
		TEST(test_doubts),
		TEST(test_written),
		TEST(test_known),
		TEST(test_cap),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

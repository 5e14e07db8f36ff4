/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_udp.c: what shares UDP's ports with tunnels: IKE, NAT keepalives.  Numbers that UDP and GRE carry are of seq/.
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

#define COUNTS "snatka dnatka sikeq dikeq siker diker"

static struct packet
ike(int64_t ms, int side, uint8_t version, uint8_t flags)
{
	struct packet p = world_packet(ms, PROTO_UDP, side);

	p.sport = p.dport = 500;
	p.facts |= FACT_IKE;
	p.ike.version = version;
	p.ike.flags = flags;
	p.ike.ispi = 1;
	p.ike.exchange = 37;
	return (p);
}

static void
test_plain(void **state)
{
	struct packet p = world_packet(0, PROTO_UDP, 0);

	(void)state;
	world_send(&w, &p);
	assert_int_equal(w.v.f->idle, IDLE_UDP1);
	p = world_packet(1, PROTO_UDP, 1);
	world_send(&w, &p);
	assert_int_equal(w.v.f->idle, IDLE_UDP);
	assert_int_equal(w.track->udp_bin.used, 0); /* costs nothing */
	world_clock(&w, 6000);
	EXPECT(&w, COUNTS, "flow 0 start");
}

static void
test_keepalives(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct packet p = world_packet(i, PROTO_UDP, 0);

		p.facts |= FACT_NATKA;
		world_send(&w, &p);
	}
	assert_int_equal(w.track->udp_bin.used, 1);
	world_clock(&w, 6000);
	EXPECT(&w, COUNTS, "flow 0 start snatka=3 dnatka=0");
	assert_int_equal(w.track->udp_bin.used, 0);
}

/* Version 2 says in a flag what is an answer, either way: who began may be asked. */
static void
test_ike2(void **state)
{
	static const struct { int side; uint8_t flags; } messages[] = { { 0, 0x08 }, { 1, 0x20 }, { 1, 0x00 }, { 0,
	    0x28 },
		{ 0, 0x08 } };

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct packet p = ike((int64_t)i, messages[i].side, 0x20, messages[i].flags);

		world_send(&w, &p);
	}
	world_clock(&w, 6000);
	EXPECT(&w, COUNTS, "flow 0 start sikeq=2 dikeq=1 siker=1 diker=1");
}

/* Of version 1 who began asks. */
static void
test_ike1(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct packet p = ike(i, i != 0, 0x10, 0);

		world_send(&w, &p);
	}
	world_clock(&w, 6000);
	EXPECT(&w, COUNTS, "flow 0 start sikeq=1 dikeq=0 siker=0 diker=2");
}

/* Each bin has its own. */
static void
test_bins(void **state)
{
	struct packet p = ike(0, 0, 0x20, 0x08), q = ike(5000, 1, 0x20, 0x20);

	(void)state;
	world_send(&w, &p);
	world_send(&w, &q);
	world_clock(&w, 11000);
	EXPECT(&w, COUNTS, "flow 0 start sikeq=1 dikeq=0 siker=0 diker=0\nflow 5 sikeq=0 dikeq=0 siker=0 diker=1");
}

/* GRE waits as long as other protocols do. */
static void
test_gre(void **state)
{
	struct packet p = world_packet(0, PROTO_GRE, 0);

	(void)state;
	world_send(&w, &p);
	assert_int_equal(w.v.f->idle, IDLE_OTHER);
	world_clock(&w, 59999);
	assert_int_equal(w.flows.table.alive, 1);
	world_clock(&w, 60000);
	assert_int_equal(w.flows.table.alive, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plain),
		TEST(test_keepalives),
		TEST(test_ike2),
		TEST(test_ike1),
		TEST(test_bins),
		TEST(test_gre),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_dns.c: DNS messages are counted, queries wait for their responses, wherever their bins are by then.
 */
#include "probe/track/asks.h"
#include "tests/unit/probe/world.h"

static struct dns_message
message(uint16_t id, uint16_t flags)
{
	return ((struct dns_message){ .id = id, .flags = flags, .qtype = 1, .qhash = 5, .asked = 1, .sure = 1 });
}

/* --- one flow; T = 1 s where it is not said otherwise.  Every expected value is worked out by hand. */

static struct world w;

static int
setup(void **state)
{
	(void)state;
	world_new(&w, 1, 100);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	world_free(&w);
	return (0);
}

enum { ASKS = 0x0100, ANSWERS = 0x8180 };

/* Side 0 asks, side 1 is the server. */
static struct packet
dns(int64_t ms, uint16_t id, uint16_t flags)
{
	int side = (flags & 0x8000) != 0;
	struct packet p = world_packet(ms, PROTO_UDP, side);

	*(side ? &p.sport : &p.dport) = 53;
	p.facts |= FACT_DNS;
	p.ndns = 1;
	p.dns[0] = message(id, flags);
	return (p);
}

static void
send(int64_t ms, uint16_t id, uint16_t flags)
{
	struct packet p = dns(ms, id, flags);

	world_send(&w, &p);
}

#define COUNTS "!q r rm qrtx unans unsol nx servfail refused trunc rt_n rt_sum rt_min rt_max"

/* Q1: of 17 queries one is answered after 12 ms. */
static void
test_unanswered(void **state)
{
	(void)state;
	world_free(&w);
	world_new(&w, 5, 100);
	for (uint16_t id = 0; id < 17; id++)
		send(0, id, ASKS);
	send(12, 3, ANSWERS);
	assert_int_equal(dns_due(w.track), AT(5000));
	world_clock(&w, 4999);
	EXPECT(&w, COUNTS, "");
	world_clock(&w, 6000); /* at 5 s their bin was still open */
	EXPECT(&w, COUNTS, "flow 0 start q=17 r=1 rm=1 unans=16 rt_n=1 rt_sum=12000 rt_min=12000 rt_max=12000");
	assert_int_equal(dns_due(w.track), INT64_MAX);
}

/* The query's bin was written. */
static void
test_unanswered_written(void **state)
{
	(void)state;
	send(500, 1, ASKS);
	send(1500, 2, ASKS);
	send(1600, 3, ASKS);
	world_clock(&w, 5499);
	EXPECT(&w, COUNTS, "flow 0 start q=1\nflow 1 q=2");
	w.said = 0;
	EXPECT(&w, "unans rt_n rt_sum rt_min rt_max", "flow 0 start unans=0 rt_n=0\nflow 1 unans=0 rt_n=0");
	world_clock(&w, 5500);
	EXPECT(&w, COUNTS, "corr 0 unans=1");
	world_clock(&w, 7000);
	EXPECT(&w, COUNTS, "corr 1 unans=1\ncorr 1 unans=1");
}

/* Sent again it waits again, and counts where it was sent last. */
static void
test_again(void **state)
{
	(void)state;
	send(0, 1, ASKS);
	send(3000, 1, ASKS);
	world_clock(&w, 7999);
	EXPECT(&w, COUNTS, "flow 0 start q=1\nflow 3 q=1 qrtx=1");
	world_clock(&w, 8000);
	EXPECT(&w, COUNTS, "corr 3 unans=1");
	send(9000, 1, ASKS);
	send(9500, 1, ASKS);
	send(9600, 1, ANSWERS); /* from the last one on */
	world_clock(&w, 20000);
	EXPECT(&w, COUNTS, "flow 9 q=2 r=1 rm=1 qrtx=1 rt_n=1 rt_sum=100000 rt_min=100000 rt_max=100000");
}

/* The flow had to go: its row has all that is needed. */
static void
test_gone(void **state)
{
	struct packet p;

	(void)state;
	world_free(&w);
	world_new(&w, 1, 1);
	send(0, 1, ASKS);
	p = world_packet(100, PROTO_ARP, 0);
	world_send(&w, &p);
	EXPECT(&w, "q", "flow 0 start+end q=1");
	world_clock(&w, 5000);
	EXPECT(&w, "proto sport dport unans", "flow 0 start proto=2054\ncorr 0 proto=17 sport=4000 dport=53 unans=1");
}

static void
test_answers(void **state)
{
	(void)state;
	send(0, 1, ASKS);
	send(0, 2, ASKS);
	send(0, 3, ASKS);
	send(0, 4, ASKS);
	send(10, 1, ANSWERS | 3);
	send(20, 2, ANSWERS | 2);
	send(30, 3, ANSWERS | 5);
	send(40, 4, ANSWERS | 0x0200);
	send(41, 4, ANSWERS); /* nobody waits any more */
	send(42, 9, ANSWERS | 3);
	world_clock(&w, 2000);
	EXPECT(&w, COUNTS, "flow 0 start q=4 r=6 rm=4 unsol=2 nx=2 servfail=1 refused=1 trunc=1 rt_n=4 rt_sum=100000 "
	    "rt_min=10000 rt_max=40000");
}

/* An answer counts in its own bin; one whose time lies before the query's has none to tell. */
static void
test_times(void **state)
{
	(void)state;
	send(900, 1, ASKS);
	send(1100, 1, ANSWERS);
	send(1300, 2, ASKS);
	send(1200, 2, ANSWERS);
	world_clock(&w, 3000);
	EXPECT(&w, COUNTS, "flow 0 start q=1\n"
	    "flow 1 q=1 r=2 rm=2 rt_n=1 rt_sum=200000 rt_min=200000 rt_max=200000");
}

/* In TCP: several in a segment, and none that was there before.  A flow's place in its streams is given back. */
static void
test_tcp(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct packet p = dns(10 * i, 7, i == 2 ? ANSWERS : ASKS);

		p.proto = PROTO_TCP;
		p.facts |= FACT_TCP | FACT_PAYLOAD;
		p.tcp.flags = TCP_ACK;
		p.tcp.seq = 1000;
		p.payload = 60;
		p.ndns = 2;
		p.dns[1] = message(8, p.dns[0].flags);
		p.dns[1].at = 30;
		p.dns_next = 60;
		world_send(&w, &p);
		assert_int_equal(w.track->dns_flow.used, 1);
	}
	world_clock(&w, 2000);
	EXPECT(&w, COUNTS, "flow 0 start q=2 r=2 rm=2 rt_n=2 rt_sum=40000 rt_min=20000 rt_max=20000");
	world_end(&w);
	assert_int_equal(w.track->dns_flow.used, 0);
}

/* --- the engine with more queries than it can remember: nothing is lost, what is forgotten is counted */

static struct { uint64_t q, unans, evicted; } sums;

static struct batch *
add_up(void *arg, struct batch *b)
{
	(void)arg;
	for (uint32_t r = 0; r < b->rows; r++) {
		sums.q += sim_get(b, F_q, r);
		sums.unans += sim_get(b, F_unans, r);
		sums.evicted += sim_get(b, F_dnsevict, r);
	}
	batch_reset(b);
	return (b);
}

static void
test_crowd(void **state)
{
	enum { QUERIES = ASKS_MAX + 1000, FLOWS = 50000 };
	struct engine *e = engine_new(&(struct engine_options){ .interval = 5 * SEC, .probe = "p", .max_flows = 100000,
	    .max_frags = 16, .max_sas = 16, .seed = 3 }, (struct sink){ .put = add_up, .arg = NULL });
	struct arrival a;

	(void)state;
	for (uint32_t i = 0; i < QUERIES; i++) {
		a = sim_packet(1700000000 * SEC, PROTO_UDP, 1, 2, (uint16_t)(1024 + i % FLOWS), 53);
		a.packet.facts |= FACT_DNS;
		a.packet.ndns = 1;
		a.packet.dns[0] = message((uint16_t)(i / FLOWS), 0x0100);
		engine_packets(e, &a, 1);
	}
	a = sim_packet(1700000010 * SEC, PROTO_UDP, 1, 2, 1, 2);
	engine_packets(e, &a, 1);
	engine_finish(e);
	assert_int_equal(sums.q, QUERIES);
	assert_int_equal(sums.evicted, 1000);
	assert_int_equal(sums.unans, ASKS_MAX);
	engine_free(&e);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unanswered),
		TEST(test_unanswered_written),
		TEST(test_again),
		TEST(test_gone),
		TEST(test_answers),
		TEST(test_times),
		TEST(test_tcp),
		cmocka_unit_test(test_crowd),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

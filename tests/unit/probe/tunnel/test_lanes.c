/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_lanes.c: packets to SAs, SAs to lanes, lanes to flows, with what they count (SEMANTICS 2.2-2.4).  Which
 * lane an SA gets is in test_tunnel.c.  T = 5 s; an SA is watched for 5 s; everything expected is worked out by hand.
 */
#include "tests/unit/probe/world.h"

enum { A1 = 1001, A2, B1 = 2001, B2 };

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
packet(int64_t ms, int side, uint32_t spi, uint32_t seq)
{
	struct packet p = world_packet(ms, PROTO_ESP, side);

	p.facts = FACT_SPI;
	p.spi = spi;
	p.seq = seq;
	return (p);
}

static void
esp(int64_t ms, int side, uint32_t spi, uint32_t seq)
{
	struct packet p = packet(ms, side, spi, seq);

	world_clock(&w, ms);
	world_send(&w, &p);
}

#define LANES "lane spkts dpkts"

/* --- an SA's flow becomes its lane's */

static void
test_first(void **state)
{
	(void)state;
	esp(4000, 0, A1, 1);
	assert_int_equal(w.v.f->key.kind, KEY_SA | KEY_LO_SENDS);
	assert_int_equal(w.v.f->key.aux, A1);
	assert_int_equal(world_stats(&w).newflows, 0); /* it may yet be another one's */
	esp(5000, 0, A1, 2);
	world_clock(&w, 8999);
	EXPECT(&w, LANES, ""); /* sealed at 6 s, but it has no lane */
	world_clock(&w, 9000);
	EXPECT(&w, LANES " sspi dspi snspi dnspi sspi0 srekeys pconf suniq slost state",
	    "flow 0 start lane=0 spkts=1 dpkts=0 sspi=1001 dspi=0 snspi=1 dnspi=0 srekeys=0 pconf=0 suniq=1 slost=0 "
	    "state=INT");
	assert_int_equal(world_stats(&w).newflows, 1);
	esp(10000, 0, A1, 3);
	assert_int_equal(w.v.f->key.kind, KEY_LANE);
	world_clock(&w, 16000);
	EXPECT(&w, LANES " sspi", "flow 5 lane=0 spkts=1 dpkts=0 sspi=1001\nflow 10 lane=0 spkts=1 dpkts=0 sspi=1001");
}

/* The other direction: its bins are added to the lane's, its START is none. */
static void
test_pair(void **state)
{
	(void)state;
	esp(0, 0, A1, 1);
	esp(1000, 1, B1, 1);
	assert_int_equal(w.v.f->key.kind, KEY_SA | KEY_HI_SENDS);
	world_clock(&w, 5999);
	EXPECT(&w, LANES, "");
	assert_int_equal(w.flows.table.alive, 2);
	world_clock(&w, 6000);
	EXPECT(&w, LANES " sspi dspi snspi dnspi pconf state dirq saddr",
	    "flow 0 start lane=0 spkts=1 dpkts=1 sspi=1001 dspi=2001 snspi=1 dnspi=1 pconf=3 state=CON dirq=1 "
	    "saddr=.1");
	assert_int_equal(w.flows.table.alive, 1);
	assert_int_equal(world_stats(&w).newflows, 1);
}

/* An SPI is of one direction: both may have the same. */
static void
test_same_spi(void **state)
{
	(void)state;
	esp(0, 0, A1, 1);
	esp(1000, 1, A1, 1);
	assert_int_equal(w.flows.table.alive, 2);
	world_clock(&w, 6000);
	EXPECT(&w, LANES " sspi dspi", "flow 0 start lane=0 spkts=1 dpkts=1 sspi=1001 dspi=1001");
}

/* Fifty seconds later, the same: and both have been seen from then on. */
static void
test_pair_later(void **state)
{
	const struct bin *b;

	(void)state;
	for (uint32_t i = 0; i < 13; i++)
		esp(5000 * i - (i == 12 ? 2000 : 0), 0, A1, 1 + i);
	esp(58000, 1, B1, 1);
	esp(61000, 0, A1, 14);
	world_clock(&w, 62999);
	(void)world_said(&w, "");
	world_clock(&w, 63000);
	EXPECT(&w, LANES " dspi state", "flow 55 lane=0 spkts=2 dpkts=1 dspi=2001 state=CON");
	b = bin_at(&w.ledger, flow_at(&w.flows.table, w.v.flow)->bin);
	assert_int_equal(b->start, AT(60000));
	assert_int_equal(b->seen, LIFE_SENT_LO | LIFE_SENT_HI);
	esp(65000, 0, A1, 15);
	world_clock(&w, 71000);
	EXPECT(&w, LANES " dspi state pconf", "flow 60 lane=0 spkts=1 dpkts=0 dspi=0 state=CON pconf=3\n"
	    "flow 65 lane=0 spkts=1 dpkts=0 dspi=2001 state=CON pconf=3"); /* what it has now */
}

/* Nobody looked when it was due: it is decided as of then, when the lane's flow was not over yet. */
static void
test_decided_late(void **state)
{
	struct packet p = packet(100000, 0, A1, 2);

	(void)state;
	esp(0, 0, A1, 1);
	esp(50000, 1, B1, 1); /* until 55; the lane's flow until 60 */
	world_send(&w, &p);
	world_clock(&w, 106000);
	EXPECT(&w, LANES, "flow 0 start lane=0 spkts=1 dpkts=0\nflow 50 lane=0 spkts=0 dpkts=1\n"
	    "flow 100 lane=0 spkts=1 dpkts=0");
	assert_int_equal(world_stats(&w).newflows, 1);
}

/* --- a rekey: the successor counts in the same lane, in the bin in which it began */

static void
test_rekey(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		esp(5000 * i, 0, A1, 1 + i);
	esp(22000, 0, A2, 1);
	esp(26000, 0, A2, 2);
	world_clock(&w, 26999);
	(void)world_said(&w, "");
	world_clock(&w, 27000);
	EXPECT(&w, LANES " sspi sspi0 snspi srekeys pconf slost",
	    "flow 20 lane=0 spkts=2 dpkts=0 sspi=1002 sspi0=1001 snspi=2 srekeys=1 pconf=2 slost=0");
	world_clock(&w, 31000);
	EXPECT(&w, LANES " sspi sspi0 snspi srekeys", "flow 25 lane=0 spkts=1 dpkts=0 sspi=1002 snspi=1 srekeys=0");
	assert_int_equal(world_stats(&w).newflows, 1);
}

/* Two at once: lanes of their own. */
static void
test_two(void **state)
{
	(void)state;
	esp(0, 0, A1, 1);
	esp(1, 0, A2, 1);
	esp(3000, 0, A1, 2);
	esp(3001, 0, A2, 2);
	world_clock(&w, 6000);
	EXPECT(&w, LANES " sspi", "flow 0 start lane=0 spkts=2 dpkts=0 sspi=1001\nflow 0 start lane=1 spkts=2 dpkts=0 "
	    "sspi=1002");
	assert_int_equal(world_stats(&w).newflows, 2);
}

/* No lanes are wanted: each SA at once. */
static void
test_no_lanes(void **state)
{
	(void)state;
	lanes_free(&w.lanes);
	lanes_init(&w.lanes, &w.flows, &w.track->numbers, 64, true, 3, 1);
	esp(0, 0, A1, 1);
	esp(1000, 1, B1, 1);
	esp(1001, 1, B1, 2);
	world_clock(&w, 6000);
	EXPECT(&w, LANES, "flow 0 start lane=0 spkts=1 dpkts=0\nflow 0 start lane=1 spkts=0 dpkts=2");
}

/* --- what waits for an SA: its tunnel's bins from that in which it began on, nobody else's */

static void
test_waiting(void **state)
{
	struct packet p;

	(void)state;
	esp(0, 0, A1, 1);
	esp(5000, 0, A1, 2);
	esp(9900, 1, B1, 1);
	esp(10000, 0, A1, 3);
	p = packet(10001, 0, A1, 1); /* another tunnel */
	p.dst.b[15] = 9;
	p.ts = AT(5001);
	world_send(&w, &p);
	world_clock(&w, 11000);
	EXPECT(&w, LANES " daddr", "flow 0 start lane=0 spkts=1 dpkts=0 daddr=.2"); /* B1 began in 5,
	    the other at 10 s */
	world_clock(&w, 14900);
	EXPECT(&w, LANES " daddr", "flow 5 lane=0 spkts=1 dpkts=1 daddr=.2");
	world_clock(&w, 15000);
	EXPECT(&w, LANES " daddr", "flow 5 start lane=0 spkts=1 dpkts=0 daddr=.9");
	world_clock(&w, 16000);
	EXPECT(&w, LANES " daddr", "flow 10 lane=0 spkts=1 dpkts=0 daddr=.2");
}

/* --- what an SA counts is its lane's, whenever it is learned */

static const struct fill {
	const char *what;
	int64_t gap, fill; /* A2: 1 at 22 s, 3, then 2 */
	int64_t bin;       /* of the gap */
	const char *row;   /* what there is of it, and its correction */
} fills[] = {
	{ "while it has none", 22100, 22200, 20, "flow 20 slost=0 sfix=0" },
	{ "when it has one, the bin open", 26900, 28000, 25, "flow 25 slost=0 sfix=0" },
	{ "the bin has waited and is written", 22100, 27500, 20, "flow 20 slost=1 sfix=0\ncorr 20 sspi=1002 sfix=1" },
	{ "long after", 26900, 35000, 25, "flow 25 slost=1 sfix=0\ncorr 25 sspi=1002 sfix=1" },
};

static void
test_fills(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
		const struct fill *x = &fills[i];
		const struct batch *b;
		char got[200] = "";

		world_free(&w);
		world_new(&w, 5, 100);
		for (uint32_t k = 0; k < 5; k++)
			esp(5000 * k, 0, A1, 1 + k);
		esp(22000, 0, A2, 1);
		esp(x->gap, 0, A2, 3);
		esp(x->fill, 0, A2, 2);
		world_clock(&w, 45000);
		b = world_batch(&w);
		for (uint32_t r = 0; r < b->rows; r++) {
			bool corr = sim_get(b, F_rectype, r) == RECTYPE_CORR;
			size_t n = strlen(got);

			if ((int64_t)sim_get(b, F_bstart, r) != AT(1000 * x->bin))
				continue;
			assert_int_equal(sim_get(b, F_lane, r), 0);
			assert_true(column_has(b->col[F_lane], r));
			assert_int_equal(sim_get(b, F_flowid, r), sim_get(b, F_flowid, 0));
			if (corr)
				snprintf(got + n, sizeof(got) - n, "\ncorr %d sspi=%d sfix=%d", (int)x->bin,
				    (int)sim_get(b, F_sspi, r), (int)sim_get(b, F_sfix, r));
			else
				snprintf(got + n, sizeof(got) - n, "flow %d slost=%d sfix=%d", (int)x->bin,
				    (int)sim_get(b, F_slost, r), (int)sim_get(b, F_sfix, r));
		}
		if (strcmp(got, x->row) != 0)
			print_error("%s\n", x->what);
		assert_string_equal(got, x->row);
	}
}

/* --- what a record says of SAs */

static void
test_flags(void **state)
{
	struct packet p = packet(1, 0, 255, 1);

	(void)state;
	world_send(&w, &p);
	p = packet(2, 0, 0, 5); /* zero is no SPI: of no SA, in the flow of the addresses */
	world_send(&w, &p);
	assert_int_equal(w.v.f->key.kind, KEY_PORTLESS);
	world_clock(&w, 6000);
	EXPECT(&w, "lane spkts sspi sbadspi spiflags", "flow 0 start lane=0 spkts=1 sspi=255 sbadspi=0 "
	    "spiflags=reserved\n"
	    "flow 0 start spkts=1 sspi=0 sbadspi=1 spiflags=badspi");
}

/* A number 0 that no wrap explains. */
static void
test_zero(void **state)
{
	(void)state;
	esp(0, 0, A1, 5);
	esp(1, 0, A1, 0);
	esp(2, 0, A1, 6);
	world_clock(&w, 6000);
	EXPECT(&w, "spiflags", "flow 0 start spiflags=seq0");
}

/* An SA of many receivers has one numbering: nothing is missing at either. */
static void
test_group(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 6; i++) {
		struct packet p = packet(i, 0, A1, i);

		p.dst.b[15] = i % 2 ? 2 : 9;
		world_send(&w, &p);
	}
	world_clock(&w, 6000);
	EXPECT(&w, "daddr suniq slost sroam spiflags", "flow 0 start daddr=.2 suniq=3 slost=0 sroam=0 spiflags=group\n"
	    "flow 0 start daddr=.9 suniq=3 slost=0 sroam=0 spiflags=group");
}

/* In UDP: the tunnel has ports; the peer comes back from another one, and its numbers go on. */
static void
test_roam(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct packet p = packet(1000 * i, 1, B1, 1 + i + (i >= 2));

		p.facts |= FACT_PORTS;
		p.sport = (uint16_t)(i < 2 ? 30000 : 30001);
		p.dport = 4500;
		world_send(&w, &p);
	}
	world_clock(&w, 8000);
	EXPECT(&w, "lane sport dport spkts sroam slost suniq spiflags",
	    "flow 0 start lane=0 sport=30000 dport=4500 spkts=2 sroam=0 slost=0 suniq=2 spiflags=natt\n"
	    "flow 0 start lane=0 sport=30001 dport=4500 spkts=2 sroam=1 slost=1 suniq=2 spiflags=natt");
}

/* IKE says who began, though the other one sends first. */
static void
test_initiator(void **state)
{
	struct packet p = world_packet(0, PROTO_UDP, 1);

	(void)state;
	p.sport = p.dport = 500;
	p.facts |= FACT_IKE;
	p.ike.version = 0x20;
	p.ike.flags = 0x08;
	p.ike.exchange = 34;
	world_send(&w, &p);
	esp(1000, 0, A1, 1);
	world_clock(&w, 6000);
	EXPECT(&w, "proto saddr dirq spkts dpkts", "flow 0 start proto=17 saddr=.2 dirq=3 spkts=1 dpkts=0\n"
	    "flow 0 start proto=50 saddr=.2 dirq=3 spkts=0 dpkts=1");
}

/* A side that is silent for three bins while the other sends. */
static void
test_oneway(void **state)
{
	(void)state;
	esp(0, 0, A1, 1);
	esp(1, 1, B1, 1);
	for (uint32_t i = 1; i < 5; i++)
		esp(5000 * i, 0, A1, 1 + i);
	world_clock(&w, 26000);
	EXPECT(&w, "dpkts health", "flow 0 start dpkts=1 health=\nflow 5 dpkts=0 health=\nflow 10 dpkts=0 health=\n"
	    "flow 15 dpkts=0 health=oneway\nflow 20 dpkts=0 health=oneway");
	esp(26000, 1, B1, 2);
	esp(26001, 0, A1, 6);
	world_clock(&w, 31000);
	EXPECT(&w, "dpkts health", "flow 25 dpkts=1 health=");
	esp(31000, 0, A1, 7);
	world_clock(&w, 36000);
	EXPECT(&w, "dpkts health", "flow 30 dpkts=0 health=");
}

/* --- the flow's end: a row of its own; the lane goes on */

static void
test_silence(void **state)
{
	(void)state;
	esp(0, 0, A1, 1);
	world_clock(&w, 60000);
	EXPECT(&w, LANES " cause state", "flow 0 start lane=0 spkts=1 dpkts=0 state=INT\nflow 0 end lane=0 cause=idle "
	    "state=TIM");
	esp(70000, 0, A1, 4); /* and what was lost meanwhile is seen */
	world_clock(&w, 76000);
	EXPECT(&w, LANES " slost", "flow 70 start lane=0 spkts=1 dpkts=0 slost=2");
	assert_int_equal(world_stats(&w).newflows, 2);
}

/* The end of input: what has no lane gets one. */
static void
test_finish(void **state)
{
	(void)state;
	esp(0, 0, A1, 1);
	esp(1000, 1, B1, 1);
	world_end(&w);
	EXPECT(&w, LANES " cause", "flow 0 start+end lane=0 spkts=1 dpkts=1 cause=shutdown");
	assert_int_equal(world_stats(&w).newflows, 1);
}

/* --- it has no lane yet, and is to be written all the same: a lane of its own */

static void
test_forced(void **state)
{
	struct packet p = world_packet(100, PROTO_ARP, 0);

	(void)state;
	world_free(&w);
	world_new(&w, 5, 1);
	esp(0, 0, A1, 1);
	world_send(&w, &p); /* one flow has a place */
	EXPECT(&w, LANES " cause", "flow 0 start+end lane=0 spkts=1 dpkts=0 cause=evict");
	assert_int_equal(world_stats(&w).newflows, 2);
	assert_int_equal(lanes_due(&w.lanes), INT64_MAX); /* it has one now */
	assert_int_equal(w.ledger.holds.holds.used, 0);
	esp(200, 0, A1, 2);
	assert_int_equal(w.v.f->key.kind, KEY_LANE);
	esp(300, 1, B1, 1); /* its partner comes to it */
	world_clock(&w, 6000);
	EXPECT(&w, LANES, "flow 0 start+end spkts=1 dpkts=0\nflow 0 start+end lane=0 spkts=1 dpkts=0\nflow 0 start "
	    "lane=0 spkts=0 dpkts=1");
}

/* --- asked by others: where an SA's packets count; what a flow has become */

static void
test_find(void **state)
{
	struct key k;
	struct packet p = packet(0, 0, A1, 1);
	uint32_t flow;

	(void)state;
	(void)key_of(&p, &w.key, &k);
	esp(0, 0, A1, 1);
	flow = w.v.flow;
	assert_int_equal(lanes_find(&w.lanes, &k, 0, A1, AT(4999)), flow);
	assert_int_equal(flow_at(&w.flows.table, flow)->key.kind, KEY_SA | KEY_LO_SENDS);
	assert_int_equal(lanes_find(&w.lanes, &k, 0, A1, AT(5000)), flow); /* it is given a lane first */
	assert_int_equal(flow_at(&w.flows.table, flow)->key.kind, KEY_LANE);
	assert_int_equal(lanes_find(&w.lanes, &k, 1, A1, AT(5000)), 0);
	assert_int_equal(lanes_find(&w.lanes, &k, 0, A2, AT(5000)), 0);
	world_clock(&w, 60000);
	assert_int_equal(lanes_find(&w.lanes, &k, 0, A1, AT(60000)), 0); /* it fell silent */
}

static void
test_rehome(void **state)
{
	struct flow_ref a, b, was;
	struct packet p = world_packet(2, PROTO_UDP, 0);

	(void)state;
	esp(0, 0, A1, 1);
	a = table_ref(&w.flows.table, w.v.flow);
	esp(1, 1, B1, 1);
	was = b = table_ref(&w.flows.table, w.v.flow);
	lanes_rehome(&w.lanes, &b, 1); /* nothing is decided */
	assert_memory_equal(&b, &was, sizeof(b));
	world_clock(&w, 5001);
	lanes_rehome(&w.lanes, &b, 1);
	assert_int_equal(b.key.kind, KEY_LANE);
	assert_int_equal(b.cell, a.cell);
	assert_int_equal(b.id, a.id);
	world_send(&w, &p);
	was = b = table_ref(&w.flows.table, w.v.flow); /* no SA */
	lanes_rehome(&w.lanes, &b, 0);
	assert_memory_equal(&b, &was, sizeof(b));
}

/* --- room: at most 63 SAs; the oldest is forgotten, decided before if need be; nothing is lost */

static void
test_crowd(void **state)
{
	const struct batch *b;
	uint64_t pkts = 0;

	(void)state;
	for (uint32_t i = 0; i < 70; i++)
		esp(i, 0, A1 + i, 1);
	assert_int_equal(world_stats(&w).saevict, 7);
	assert_int_equal(tunnels_count(w.lanes.tunnels), 63);
	world_end(&w);
	b = world_batch(&w);
	for (uint32_t r = 0; r < b->rows; r++) {
		assert_true(column_has(b->col[F_lane], r));
		pkts += sim_get(b, F_spkts, r);
	}
	assert_int_equal(pkts, 70);
}

/* An SA silent for an hour is forgotten, and its tunnel with it. */
static void
test_memory(void **state)
{
	struct packet p = packet(3600000, 0, A1, 1);

	(void)state;
	esp(0, 0, A1, 1);
	assert_int_equal(w.ledger.holds.groups.used, 1);
	world_clock(&w, 3600000);
	p.dst.b[15] = 9;
	world_send(&w, &p);
	assert_int_equal(tunnels_count(w.lanes.tunnels), 1);
	assert_int_equal(w.ledger.holds.groups.used, 1);
	assert_int_equal(world_stats(&w).saevict, 0);
	world_clock(&w, 3610000);
	(void)world_said(&w, "");
	esp(3610000, 0, A1, 5); /* a tunnel that nobody knows */
	assert_int_equal(w.ledger.holds.groups.used, 2);
	world_clock(&w, 3616000);
	EXPECT(&w, LANES " sheadgap", "flow 3610 start lane=0 spkts=1 dpkts=0 sheadgap=0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first),
		TEST(test_pair),
		TEST(test_same_spi),
		TEST(test_pair_later),
		TEST(test_decided_late),
		TEST(test_rekey),
		TEST(test_two),
		TEST(test_no_lanes),
		TEST(test_waiting),
		TEST(test_fills),
		TEST(test_flags),
		TEST(test_zero),
		TEST(test_group),
		TEST(test_roam),
		TEST(test_initiator),
		TEST(test_oneway),
		TEST(test_silence),
		TEST(test_finish),
		TEST(test_forced),
		TEST(test_find),
		TEST(test_rehome),
		TEST(test_crowd),
		TEST(test_memory),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

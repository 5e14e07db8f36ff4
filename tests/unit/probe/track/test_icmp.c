/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_icmp.c: ICMP errors count in the flow that they quote, in the bin of its sender's last packet.  T = 5 s.
 */
#include "tests/unit/probe/world.h"

#include "probe/track/icmp.h"

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

#define ERRORS "!spkts icmpun icmpttl icmpbig"

static uint32_t
udp(int64_t ms, int side)
{
	struct packet p = world_packet(ms, PROTO_UDP, side);

	world_send(&w, &p);
	return (w.v.flow);
}

static void
error(uint8_t type, uint8_t code, uint32_t flow, int side, int64_t now)
{
	struct packet p = { .af = 4, .icmp = { .type = type, .code = code } };

	if (AT(now) > w.ledger.clock.now)
		w.ledger.clock.now = AT(now);
	errors_note(w.track, &p, flow, side, AT(now));
}

static const struct kind {
	uint8_t af, type, code;
	const char *row;
} kinds[] = {
	{ 4, 3, 1, " icmpun=1 icmpttl=0 icmpbig=0" }, { 4, 3, 4, " icmpun=0 icmpttl=0 icmpbig=1" }, { 4, 11, 0,
	    " icmpun=0 icmpttl=1 icmpbig=0" }, { 4, 5, 0, "" }, { 4, 12, 0,
	    "" },
	{ 6, 1, 4, " icmpun=1 icmpttl=0 icmpbig=0" }, { 6, 2, 0, " icmpun=0 icmpttl=0 icmpbig=1" }, { 6, 3, 1,
	    " icmpun=0 icmpttl=1 icmpbig=0" }, { 6, 4, 0, "" }, { 6, 0, 0,
	    "" },
	{ 6, 11, 0, "" },
};

static void
test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct packet p = { .af = kinds[i].af, .icmp = { .type = kinds[i].type, .code = kinds[i].code } };
		char want[100];

		world_free(&w);
		world_new(&w, 5, 100);
		errors_note(w.track, &p, udp(0, 0), 0, AT(1));
		world_clock(&w, 6000);
		snprintf(want, sizeof(want), "flow 0 start%s", kinds[i].row);
		EXPECT(&w, "icmpun icmpttl icmpbig", want);
	}
}

/* What a side never sent is not quoted: somebody made it up. */
static void
test_never_sent(void **state)
{
	uint32_t flow = udp(0, 0);

	(void)state;
	error(3, 1, flow, 1, 1);
	world_clock(&w, 6000);
	EXPECT(&w, ERRORS, "flow 0 start spkts=1");
	error(3, 1, flow, 1, 6000);
	EXPECT(&w, ERRORS, "");
}

/* In the bin of that side's last packet: open, or written. */
static void
test_bins(void **state)
{
	uint32_t flow = udp(0, 0);

	(void)state;
	(void)udp(4000, 1);
	(void)udp(5000, 0);
	error(3, 1, flow, 1, 5100);
	error(3, 1, flow, 0, 5200);
	error(11, 0, flow, 0, 5200);
	world_clock(&w, 6000);
	EXPECT(&w, ERRORS, "flow 0 start spkts=1 icmpun=1");
	error(3, 4, flow, 1, 7000);
	EXPECT(&w, ERRORS, "corr 0 icmpbig=1");
	world_clock(&w, 11000);
	EXPECT(&w, ERRORS, "flow 5 spkts=1 icmpun=1 icmpttl=1");
}

/* From the packet: the flow is found by what it quotes, its sender by the side. */
static void
test_quote(void **state)
{
	struct packet p;

	(void)state;
	(void)udp(0, 0);
	p = world_packet(1000, PROTO_ICMP, 1);
	p.facts = FACT_ICMP | FACT_QUOTE;
	p.icmp.type = 3;
	p.icmp.code = 3;
	p.quote.src = p.dst;
	p.quote.dst = p.src;
	p.quote.af = 4;
	p.quote.proto = PROTO_UDP;
	p.quote.ports = 1;
	p.quote.sport = 4000;
	p.quote.dport = 80;
	world_send(&w, &p);
	p.quote.sport = 4001; /* of no flow that lives */
	world_send(&w, &p);
	world_clock(&w, 6000);
	EXPECT(&w, "proto icmptype icmpun", "flow 0 start proto=17 icmpun=1\nflow 0 start proto=1 icmptype=3");
	p.quote.sport = 4000;
	p.ts = AT(30000); /* it is over by now, though nobody has looked */
	world_send(&w, &p);
	EXPECT(&w, "proto icmpun", "");
}

/* Two flows that are one. */
static void
test_merge(void **state)
{
	uint32_t a = udp(0, 0), b;
	struct packet p = world_packet(1, PROTO_UDP, 0);

	(void)state;
	p.sport = 5000;
	world_send(&w, &p);
	b = w.v.flow;
	error(3, 1, a, 0, 2);
	error(3, 1, b, 0, 2);
	error(11, 0, b, 0, 2);
	settle_merge(&w.flows, a, b, AT(2), AT(0));
	world_clock(&w, 6000);
	EXPECT(&w, ERRORS, "flow 0 start spkts=2 icmpun=2 icmpttl=1");
	assert_int_equal(w.track->errors.used, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kinds),
		TEST(test_never_sent),
		TEST(test_bins),
		TEST(test_quote),
		TEST(test_merge),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

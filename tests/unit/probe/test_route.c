/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_route.c: whose a packet is: both directions, fragments, tunnels, what is quoted.
 */
#include "probe/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ENGINES 5

static const struct key_options plain;
static struct route route;

static int
setup(void **state)
{
	(void)state;
	route_init(&route, ENGINES, 64, &plain, false, 1);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	route_free(&route);
	return (0);
}

static struct packet
packet(uint16_t proto, uint16_t a, uint16_t b)
{
	struct packet p = { .proto = proto, .af = 4, .facts = FACT_PORTS, .sport = 4000, .dport = 80 };
	uint8_t src[4] = { 10, 0, (uint8_t)(a >> 8), (uint8_t)a }, dst[4] = { 10, 1, (uint8_t)(b >> 8), (uint8_t)b };

	p.src = ip_v4(src);
	p.dst = ip_v4(dst);
	return (p);
}

static struct packet
back(struct packet p)
{
	struct packet q = p;

	q.src = p.dst;
	q.dst = p.src;
	q.smac = p.dmac;
	q.dmac = p.smac;
	return (q);
}

/* A pair whose engine is (or is not) this one. */
static struct packet
pair_of(uint16_t proto, unsigned engine, bool is)
{
	for (uint16_t a = 1;; a++) {
		struct packet p = packet(proto, a, 1);

		p.proto = PROTO_TCP;
		if ((route_packet(&route, &p) == engine) == is) {
			p.proto = proto;
			return (p);
		}
	}
}

static void
test_pairs(void **state)
{
	unsigned of[ENGINES] = { 0 }, macs[ENGINES] = { 0 };

	(void)state;
	for (uint16_t i = 0; i < 5000; i++) {
		struct packet p = packet(PROTO_TCP, i, i % 7), q = back(p), m = { .proto = PROTO_LLC, .facts = FACT_MAC,
			.smac = 0x020000000000 + i, .dmac = 0x0200000a0000 }, n = back(m);

		assert_int_equal(route_packet(&route, &p), route_packet(&route, &q));
		p.proto = PROTO_UDP; /* and whatever else they say to each other */
		p.sport = 9;
		assert_int_equal(route_packet(&route, &p), route_packet(&route, &q));
		assert_int_equal(route_packet(&route, &m), route_packet(&route, &n));
		of[route_packet(&route, &p)]++;
		macs[route_packet(&route, &m)]++;
	}
	for (unsigned e = 0; e < ENGINES; e++) { /* 1000 each, more or less */
		assert_in_range(of[e], 800, 1200);
		assert_in_range(macs[e], 800, 1200);
	}
}

static void
test_tunnels(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 50; i++) {
		struct packet esp = packet(PROTO_ESP, i, 1), ah = packet(PROTO_AH, i, 1);

		assert_int_equal(route_packet(&route, &esp), ROUTE_TUNNELS);
		assert_int_equal(route_packet(&route, &ah), ROUTE_TUNNELS);
	}
}

static void
test_quoted(void **state)
{
	struct packet of = pair_of(PROTO_UDP, 3, true), p = pair_of(PROTO_ICMP, 3, false);

	(void)state;
	p.facts = FACT_ICMP | FACT_QUOTE;
	p.quote.src = of.dst;
	p.quote.dst = of.src;
	p.quote.af = 4;
	p.quote.proto = PROTO_UDP;
	assert_int_equal(route_quoted(&route, &p), ENGINES); /* no ports: too little */
	p.quote.ports = 1;
	assert_int_equal(route_quoted(&route, &p), 3);
	p.quote.proto = PROTO_ESP;
	p.quote.has_spi = 1;
	assert_int_equal(route_quoted(&route, &p), ROUTE_TUNNELS);
}

/* --- fragments: the first one of 8 bytes, one behind it */

static struct packet
first(struct packet p)
{
	p.facts |= FACT_FRAG;
	p.ipid = 77;
	p.frag.len = 8;
	p.frag.more = 1;
	return (p);
}

static struct packet
second(struct packet p)
{
	p.facts = FACT_FRAG;
	p.sport = p.dport = 0;
	p.ipid = 77;
	p.frag.off = 8;
	p.frag.len = 8;
	return (p);
}

/* A flow of engine 4 inside GRE between two of engine 1. */
static struct packet
looked_into(const struct packet *outer)
{
	struct packet p = first(pair_of(PROTO_TCP, 4, true));

	p.frag.inner = 1;
	p.frag_of.src = outer->src;
	p.frag_of.dst = outer->dst;
	p.frag_of.id = 77;
	p.frag_of.proto = outer->proto;
	p.frag_of.af = 4;
	p.ipid = 0;
	return (p);
}

static void
test_follows(void **state)
{
	struct packet outer = pair_of(PROTO_GRE, 1, true), udp = pair_of(PROTO_UDP, 2, true), a = looked_into(&outer),
		      b = second(outer), c = first(udp), d = second(udp);
	struct packet esp = c;
	unsigned to;

	(void)state;
	assert_true(route_follows(&route, &a) && route_follows(&route, &b));
	assert_true(route_fragment(&route, &a, 0, 0, &to) && to == 4);
	assert_true(route_fragment(&route, &b, 0, 0, &to) && to == 4);
	assert_true(route_fragment(&route, &c, 0, 0, &to) && to == 2);
	assert_true(route_fragment(&route, &d, 0, 0, &to) && to == 2);
	esp.proto = PROTO_ESP; /* ESP in UDP: the others are UDP, of the tunnel all the same */
	esp.facts |= FACT_SPI;
	esp.ipid = d.ipid = 78;
	assert_true(route_follows(&route, &esp));
	assert_true(route_fragment(&route, &esp, 0, 0, &to) && to == ROUTE_TUNNELS);
	assert_true(route_fragment(&route, &d, 0, 0, &to) && to == ROUTE_TUNNELS);
}

/* Those whose addresses say it anyway. */
static void
test_plain(void **state)
{
	static const uint16_t protos[] = { PROTO_TCP, PROTO_ICMP, PROTO_ICMP6, PROTO_SCTP, PROTO_ESP, PROTO_AH };

	(void)state;
	for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++) {
		struct packet p = second(packet(protos[i], 1, 2));

		assert_false(route_follows(&route, &p));
	}
	route.ah_inner = true;
	{
		struct packet p = second(packet(PROTO_AH, 1, 2));

		assert_true(route_follows(&route, &p));
	}
}

static void
test_waits(void **state)
{
	struct packet outer = pair_of(PROTO_GRE, 1, true), a = looked_into(&outer), b = second(outer);
	struct route_piece x;
	unsigned to;

	(void)state;
	b.wire = 1234;
	assert_false(route_fragment(&route, &b, 10 * SEC, 5, &to));
	assert_false(route_gave_up(&route, 12 * SEC - 1, &x));
	assert_true(route_fragment(&route, &a, 11 * SEC, 6, &to) && to == 4);
	assert_true(route_waited(&route, &x));
	assert_true(x.to == 4 && x.came == 10 * SEC && x.order == 5 && x.packet->wire == 1234);
	assert_false(route_waited(&route, &x));

	b.ipid = 79; /* nobody comes */
	assert_false(route_fragment(&route, &b, 20 * SEC, 7, &to));
	assert_false(route_gave_up(&route, 22 * SEC - 1, &x));
	assert_true(route_gave_up(&route, 22 * SEC, &x));
	assert_true(x.to == 1 && x.came == 20 * SEC && x.packet->ipid == 79);
	assert_false(route_gave_up(&route, INT64_MAX, &x));
	assert_true(route_fragment(&route, &b, 22 * SEC, 8, &to) && to == 1); /* those behind it do not wait here */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pairs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tunnels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quoted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_follows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits, setup, teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

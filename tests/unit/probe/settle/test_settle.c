/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_settle.c: flows are found, made, and end: silence, reuse, eviction, the end of input.  T = 5 s.
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
renew(uint32_t max_flows)
{
	world_free(&w);
	world_new(&w, 5, max_flows);
}

/* A packet of another port, of side 0. */
static uint32_t
udp(int64_t ms, uint16_t port)
{
	struct packet p = world_packet(ms, PROTO_UDP, 0);

	p.sport = port;
	world_send(&w, &p);
	return (w.v.flow);
}

/* A segment of the connection from this port. */
static void
send(int64_t ms, uint16_t port, int side, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct packet p = world_packet(ms, PROTO_TCP, side);

	*(side == 0 ? &p.sport : &p.dport) = port;
	p.facts |= FACT_TCP | FACT_PAYLOAD;
	p.tcp.flags = flags;
	p.tcp.seq = seq;
	p.tcp.ack = ack;
	p.tcp.win = 1000;
	world_send(&w, &p);
}

static uint32_t
segment(int64_t ms, int side, uint8_t flags, uint32_t seq, uint32_t ack)
{
	send(ms, 4000, side, flags, seq, ack);
	return (w.v.flow);
}

static uint32_t
tcp(int64_t ms, int side, uint8_t flags, uint32_t seq)
{
	return (segment(ms, side, flags, seq, 0));
}

static uint64_t
id_of(uint32_t flow)
{
	return (flow_at(&w.flows.table, flow)->id);
}

/* --- found or made */

static void
test_find(void **state)
{
	uint32_t a = udp(0, 1), b = udp(1, 2);
	struct packet p = world_packet(2, PROTO_UDP, 1);
	uint64_t id = id_of(a);

	(void)state;
	assert_int_not_equal(a, b);
	assert_int_not_equal(id, id_of(b));
	assert_int_equal(udp(2, 1), a);
	p.dport = 1;
	world_send(&w, &p); /* the other direction */
	assert_int_equal(w.v.flow, a);
	assert_int_equal(world_stats(&w).newflows, 2);
	/* where it was a moment ago, another one is: it is looked for */
	w.v.flow = b;
	settle(&w.flows, &w.v);
	assert_int_equal(w.v.flow, a);
	assert_int_equal(w.v.b->pkts[1], 2);
	renew(50); /* the same in every run; another one at another time */
	assert_int_equal(id_of(udp(0, 1)), id);
	renew(100);
	assert_int_not_equal(id_of(udp(1, 1)), id);
}

/* An SA that has no lane yet is no flow of its own: it is not counted as one. */
static void
test_newflows(void **state)
{
	struct packet p = world_packet(0, PROTO_ESP, 0);

	(void)state;
	p.facts = FACT_SPI;
	p.spi = 7;
	world_send(&w, &p);
	assert_int_equal(world_stats(&w).newflows, 0);
	assert_int_equal(w.flows.table.alive, 1);
}

static uint32_t noted;

static void
note(void *arg, const struct seen *v)
{
	assert_ptr_equal(arg, &noted);
	assert_int_equal(v->b->pkts[0], 1); /* it was counted */
	noted |= v->p->facts;
}

static void
test_notes(void **state)
{
	struct packet p = world_packet(0, PROTO_UDP, 0);

	(void)state;
	w.flows.note = note;
	w.flows.arg = &noted;
	w.flows.facts = FACT_IKE;
	world_send(&w, &p);
	assert_int_equal(noted, 0);
	p = world_packet(5000, PROTO_UDP, 0);
	p.facts |= FACT_IKE;
	world_send(&w, &p);
	assert_int_equal(noted & FACT_IKE, FACT_IKE);
}

/* --- silence */

static const struct silence {
	const char *what;
	int64_t other;    /* the clock when others have packets; 0: none */
	int64_t again;    /* then this one has its next */
	bool same;        /* and it is the same flow */
	const char *rows;
} silences[] = { /* UDP, one way: 30 s */
	{ "not yet", 29999, 29999, true, "flow 0 start\nflow 25\n" },
	{ "over, nobody has looked", 0, 30000, false, "flow 0 start\nflow 30 start\n" },
	{ "over, the wheel has been there", 30000, 30000, false, "flow 0 start\nflow 30 start\n" },
};

static void
test_silence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(silences) / sizeof(silences[0]); i++) {
		const struct silence *s = &silences[i];
		char got[100];
		uint64_t id;

		renew(100);
		id = id_of(udp(0, 1));
		world_clock(&w, s->other);
		if ((id_of(udp(s->again, 1)) == id) != s->same)
			fail_msg("%s", s->what);
		assert_int_equal(world_stats(&w).end_idle, !s->same);
		world_clock(&w, 36000);
		snprintf(got, sizeof(got), "%s\n", world_said(&w, ""));
		assert_string_equal(got, s->rows);
	}
}

/* The END is on the last record while that waits. */
static void
test_silent_end(void **state)
{
	struct packet p = world_packet(0, PROTO_ARP, 0); /* 5 s */

	(void)state;
	world_send(&w, &p);
	world_clock(&w, 4999);
	assert_int_equal(w.flows.table.alive, 1);
	world_clock(&w, 5000);
	assert_int_equal(w.flows.table.alive, 0);
	assert_int_equal(w.flows.table.flows.used, 1);
	world_clock(&w, 6000);
	EXPECT(&w, "cause", "flow 0 start+end cause=idle");
	assert_int_equal(w.flows.table.flows.used, 0);
}

static uint64_t
ends_in(int64_t ms)
{
	return (timeline_span(&w.ledger.time, AT(ms))->stats.end_idle);
}

/* The wheel goes by the second: an end counts in the bin in which the wheel comes to it, or the packet that finds it
 * over, wherever the clock is when many come together. */
static void
test_count_of_end(void **state)
{
	uint32_t a = udp(4500, 1), b = udp(4600, 2); /* until 34.5, 34.6; looked at at 35 */

	(void)state;
	w.ledger.clock.now = AT(36000);
	w.ledger.turns = 1; /* it left a bin at */
	w.ledger.turn[0] = AT(34900);
	assert_true(settle_expire(&w.flows, a, AT(34900)));
	assert_int_equal(ends_in(30000), 1);
	assert_int_equal(settle_due(&w.flows), AT(35000));
	settle_expire_next(&w.flows);
	assert_int_equal(table_has(&w.flows.table, b, id_of(b)), flow_at(&w.flows.table, b)->pending > 0);
	assert_int_equal(ends_in(30000), 1);
	assert_int_equal(ends_in(35000), 1);
	w.ledger.turns = 0;
}

/* A packet comes much later than that: it counts when the wheel would have come. */
static void
test_count_of_late_end(void **state)
{
	uint32_t a = udp(4500, 1);

	(void)state;
	w.ledger.clock.now = AT(41000);
	w.ledger.turns = 1;
	w.ledger.turn[0] = AT(35200);
	assert_true(settle_expire(&w.flows, a, AT(41000)));
	assert_int_equal(ends_in(35000), 1);
	w.ledger.turns = 0;
}

/* A state that waits for less than the one before: its timer is set anew. */
static void
test_shorter(void **state)
{
	(void)state;
	(void)tcp(0, 0, TCP_ACK, 1); /* met in the middle: 300 s */
	(void)tcp(10000, 1, TCP_RST, 1); /* then 5 */
	world_clock(&w, 14999);
	assert_int_equal(w.flows.table.alive, 1);
	world_clock(&w, 15000);
	assert_int_equal(w.flows.table.alive, 0);
	assert_int_equal(world_stats(&w).end_rst, 1);
	world_clock(&w, 16000);
	EXPECT(&w, "cause state", "flow 0 start state=REQ\nflow 10 end cause=rst state=RST");
}

/* And one that waits longer is not thrown out by the old one. */
static void
test_longer(void **state)
{
	(void)state;
	(void)tcp(0, 0, TCP_SYN, 1); /* 30 s */
	(void)tcp(1000, 1, TCP_SYN | TCP_ACK, 1);
	world_clock(&w, 300999);
	assert_int_equal(w.flows.table.alive, 1);
	world_clock(&w, 301000);
	assert_int_equal(w.flows.table.alive, 0);
}

/* --- the same ports again */

static void
test_reuse(void **state)
{
	uint64_t id = id_of(tcp(0, 0, TCP_SYN, 1));

	(void)state;
	(void)tcp(1, 1, TCP_RST | TCP_ACK, 0);
	assert_int_equal(id_of(tcp(2, 0, TCP_SYN, 1)), id); /* the same SYN again */
	assert_int_not_equal(id_of(tcp(3, 0, TCP_SYN, 1000000)), id);
	assert_int_equal(world_stats(&w).end_reuse, 1);
	assert_int_equal(world_stats(&w).newflows, 2);
	world_clock(&w, 6000);
	EXPECT(&w, "spkts cause conn", "flow 0 start+end spkts=2 cause=reuse conn=REJ\nflow 0 start spkts=1");
}

/* A second life that begins at the very same time has another id. */
static void
test_second_life(void **state)
{
	uint64_t first = id_of(tcp(0, 0, TCP_RST, 1)), second = id_of(tcp(0, 0, TCP_SYN, 1)), third;

	(void)state;
	(void)tcp(0, 0, TCP_RST, 1);
	third = id_of(tcp(0, 0, TCP_SYN, 7));
	assert_true(first != second && second != third && first != third);
	renew(100);
	assert_int_equal(id_of(tcp(0, 0, TCP_RST, 1)), first); /* the same in every run */
	assert_int_equal(id_of(tcp(0, 0, TCP_SYN, 1)), second);
}

/* The same; false: it waits. */
static bool
ported(uint16_t port, int side, uint8_t flags, uint32_t seq, uint32_t ack)
{
	send(0, port, side, flags, seq, ack);
	return (w.v.f != NULL);
}

/* --- a SYN with another number on a connection that lives: it waits for who is asked, for two seconds */

static void
knock(int64_t ms)
{
	(void)tcp(0, 0, TCP_SYN, 1);
	(void)segment(1, 1, TCP_SYN | TCP_ACK, 500, 2);
	(void)segment(2, 0, TCP_ACK, 2, 501);
	world_clock(&w, ms);
	(void)tcp(ms, 0, TCP_SYN, 90000);
	assert_null(w.v.f);
	assert_int_equal(w.flows.counted, 3);
}

static const struct answer {
	const char *what;
	uint8_t flags; /* after 100 ms, of side 1; 0: nothing comes */
	uint32_t seq, ack;
	const char *rows;
} answers[] = {
	{ "accepted", TCP_SYN | TCP_ACK, 700, 90001, "flow 0 start+end stime=0 spkts=2 dpkts=1 cause=reuse conn=S1\n"
	    "flow 0 start stime=1000 spkts=1 dpkts=1" },
	{ "refused", TCP_RST | TCP_ACK, 0, 90001, "flow 0 start+end stime=0 spkts=2 dpkts=1 cause=reuse conn=S1\n"
	    "flow 0 start stime=1000 spkts=1 dpkts=1" },
	{ "challenged", TCP_ACK, 501, 2, "flow 0 start stime=0 spkts=3 dpkts=2" },
	{ "not at all", 0, 0, 0, "flow 0 start stime=0 spkts=3 dpkts=1" },
};

static void
test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *x = &answers[i];

		renew(100);
		knock(1000);
		if (x->flags != 0)
			(void)segment(1100, 1, x->flags, x->seq, x->ack);
		world_clock(&w, 2999);
		assert_int_equal(w.flows.counted, x->flags != 0 ? 5 : 3);
		world_clock(&w, 3000);
		assert_int_equal(w.flows.counted, x->flags != 0 ? 5 : 4);
		world_clock(&w, 6000);
		EXPECT(&w, "stime spkts dpkts cause conn", x->rows);
	}
}

/* More of it waits with it, in order; and where its bin is sealed by then, it is LATE. */
static void
test_waits(void **state)
{
	(void)state;
	knock(4900);
	(void)tcp(4950, 0, TCP_SYN, 90000);
	world_clock(&w, 6000);
	EXPECT(&w, "spkts dpkts", "flow 0 start spkts=2 dpkts=1");
	(void)segment(6500, 1, TCP_SYN | TCP_ACK, 700, 90001);
	world_clock(&w, 11000);
	EXPECT(&w, "spkts dpkts cause ssynrtx", "flow 0 end cause=reuse\n"
	    "flow 0 start+late spkts=2 dpkts=0 ssynrtx=1\nflow 5 spkts=0 dpkts=1 ssynrtx=0");
}

/* A connection of this port, in 3 packets. */
static void
handshake(uint16_t port)
{
	static const struct { int side; uint8_t flags; uint32_t seq, ack; } steps[] = { { 0, TCP_SYN, 1, 0 },
		{ 1, TCP_SYN | TCP_ACK, 500, 2 }, { 0, TCP_ACK, 2, 501 } };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		(void)ported(port, steps[i].side, steps[i].flags, steps[i].seq, steps[i].ack);
}

/* There is room for so many: what does not fit is the old connection's, and counted. */
static void
test_waits_full(void **state)
{
	(void)state;
	renew(WAITS + 2);
	for (uint16_t i = 0; i < WAITS + 2; i++)
		handshake(i);
	for (uint16_t i = 0; i < WAITS; i++)
		assert_false(ported(i, 0, TCP_SYN, 90000, 0));
	assert_int_equal(world_stats(&w).synevict, 0);
	assert_true(ported(WAITS, 0, TCP_SYN, 90000, 0));
	assert_true(ported(WAITS + 1, 0, TCP_SYN, 90000, 0));
	assert_int_equal(world_stats(&w).synevict, 2);
	/* one that waits goes on, and there is no room for that: both are the old one's */
	assert_true(ported(7, 0, TCP_ACK, 90001, 0));
	assert_int_equal(world_stats(&w).synevict, 3);
	assert_int_equal(world_stats(&w).end_reuse, 0);
	assert_false(ported(WAITS, 0, TCP_SYN, 90000, 0)); /* there is room again */
	assert_int_equal(world_stats(&w).synevict, 3);
}

/* The connection falls silent, or has to go, meanwhile: it is a new one. */
static void
test_waits_beside_nobody(void **state)
{
	struct packet p = world_packet(500, PROTO_ARP, 0);

	(void)state;
	(void)tcp(0, 0, TCP_SYN, 1);
	(void)tcp(29000, 0, TCP_SYN, 90000);
	assert_null(w.v.f);
	world_clock(&w, 30000);
	assert_int_equal(w.flows.counted, 2);
	world_clock(&w, 36000);
	EXPECT(&w, "stime spkts cause", "flow 0 start stime=0 spkts=1\nflow 0 end cause=idle\n"
	    "flow 25 start stime=29000 spkts=1");
	renew(1);
	knock(100);
	world_send(&w, &p);
	EXPECT(&w, "spkts cause", "flow 0 start+end spkts=2 cause=evict");
	world_clock(&w, 2100);
	EXPECT(&w, "proto cause", "flow 0 start+end proto=2054 cause=evict");
	assert_int_equal(w.flows.counted, 5);
	assert_int_equal(world_stats(&w).newflows, 3);
}

/* The end of input. */
static void
test_waits_at_end(void **state)
{
	(void)state;
	knock(1000);
	world_end(&w);
	EXPECT(&w, "spkts dpkts cause", "flow 0 start+end spkts=3 dpkts=1 cause=shutdown");
}

/* --- eviction */

/* On probation: the oldest.  All its bins are written at once, the END on what is written last. */
static void
test_evict(void **state)
{
	(void)state;
	renew(2);
	(void)udp(5000, 1);
	(void)udp(4000, 1);
	(void)udp(5001, 2);
	EXPECT(&w, "sport", "");
	(void)udp(5002, 3);
	EXPECT(&w, "sport cause", "flow 0 start sport=1\nflow 5 end sport=1 cause=evict");
	assert_int_equal(world_stats(&w).evict_prob, 1);
	assert_int_equal(world_stats(&w).evict_conf, 0);
	assert_int_equal(world_stats(&w).end_evict, 1);
	assert_int_equal(w.flows.table.alive, 2);
}

/* Its last bin is sealed, though nobody has written it: it still says the END. */
static void
test_evict_sealed(void **state)
{
	(void)state;
	renew(1);
	(void)udp(0, 1);
	(void)udp(6000, 2);
	EXPECT(&w, "sport cause", "flow 0 start+end sport=1 cause=evict");
}

/* Its bins are written already: TCP says its end all the same, others do not. */
static void
test_evict_written(void **state)
{
	(void)state;
	renew(1);
	(void)udp(0, 1);
	world_clock(&w, 6000);
	(void)tcp(6000, 0, TCP_SYN, 1);
	EXPECT(&w, "cause", "flow 0 start");
	world_clock(&w, 11000);
	(void)udp(11000, 2);
	EXPECT(&w, "cause conn", "flow 5 start\nflow 5 end cause=evict conn=S0");
}

/* Confirmed ones only when none is on probation (of two flows; else less than an eighth). */
static void
test_evict_confirmed(void **state)
{
	struct packet p;

	(void)state;
	renew(2);
	for (uint16_t port = 1; port <= 2; port++) {
		(void)udp(port, port);
		p = world_packet(port, PROTO_UDP, 1);
		p.dport = port;
		world_send(&w, &p);
		flow_at(&w.flows.table, w.v.flow)->life &= (uint8_t)~LIFE_CHANCE;
	}
	(void)udp(3, 3);
	EXPECT(&w, "sport cause", "flow 0 start+end sport=1 cause=evict");
	assert_int_equal(world_stats(&w).evict_conf, 1);
	(void)udp(4, 4);
	EXPECT(&w, "sport cause", "flow 0 start+end sport=3 cause=evict");
	assert_int_equal(world_stats(&w).evict_prob, 1);
	world_end(&w);
	EXPECT(&w, "sport cause", "flow 0 start+end sport=2 cause=shutdown\nflow 0 start+end sport=4 cause=shutdown");
}

/* Flows that ended keep their cells until their bins are written; where these run out, bins are written early. */
static void
test_crowd(void **state)
{
	(void)state;
	world_free(&w);
	world_new(&w, 3600, 1);
	for (uint8_t i = 0; i < 66; i++) { /* two cells a flow and 64, of which one is kept */
		struct packet p = world_packet(10000 * i, PROTO_ARP, 0);

		EXPECT(&w, "", "");
		world_clock(&w, 10000 * i);
		assert_int_equal(w.flows.table.alive, 0);
		p.src.b[15] = i;
		world_send(&w, &p);
	}
	EXPECT(&w, "saddr cause", "flow 0 start+end saddr=.0 cause=idle");
	assert_int_equal(world_stats(&w).segevict, 1);
	assert_int_equal(world_stats(&w).evict_prob, 0);
}

/* --- two flows that are one */

static void
test_merge(void **state)
{
	uint32_t a = udp(1000, 1), b = udp(2000, 2);

	(void)state;
	(void)udp(7000, 2);
	settle_merge(&w.flows, a, b, AT(7000), AT(0));
	assert_int_equal(w.flows.table.alive, 1);
	assert_int_equal(w.flows.table.flows.used, 1);
	assert_int_equal(w.flows.wheel.count, 1);
	assert_int_equal(flow_at(&w.flows.table, a)->heard, AT(7000));
	world_clock(&w, 36999);
	assert_int_equal(w.flows.table.alive, 1);
	EXPECT(&w, "sport spkts", "flow 0 start sport=1 spkts=2\nflow 5 sport=1 spkts=1");
	world_clock(&w, 37000);
	assert_int_equal(w.flows.table.alive, 0);
}

/* --- the end of input: the oldest first, those on probation before the others; what was over anyway says so */

static void
test_end(void **state)
{
	(void)state;
	(void)udp(0, 1);
	(void)tcp(1, 0, TCP_SYN, 1);
	(void)tcp(2, 1, TCP_RST | TCP_ACK, 0);
	(void)udp(3, 2);
	world_clock(&w, 5000);
	(void)udp(5000, 3);
	world_end(&w);
	EXPECT(&w, "sport cause", "flow 0 start+end sport=1 cause=shutdown\nflow 0 start+end sport=4000 "
	    "cause=rst\nflow 0 start+end sport=2 cause=shutdown\nflow 5 start+end sport=3 cause=shutdown");
	assert_int_equal(world_stats(&w).end_shut, 3);
	assert_int_equal(world_stats(&w).end_rst, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_find),
		TEST(test_newflows),
		TEST(test_notes),
		TEST(test_silence),
		TEST(test_silent_end),
		TEST(test_count_of_end),
		TEST(test_count_of_late_end),
		TEST(test_shorter),
		TEST(test_longer),
		TEST(test_reuse),
		TEST(test_second_life),
		TEST(test_answers),
		TEST(test_waits),
		TEST(test_waits_full),
		TEST(test_waits_beside_nobody),
		TEST(test_waits_at_end),
		TEST(test_evict),
		TEST(test_evict_sealed),
		TEST(test_evict_written),
		TEST(test_evict_confirmed),
		TEST(test_crowd),
		TEST(test_merge),
		TEST(test_end),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_count.c: what one packet adds to its flow and bin.  T = 5 s; everything expected is worked out by hand.
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
renew(void)
{
	world_free(&w);
	world_new(&w, 5, 100);
}

static struct packet
udp(int64_t ms, int side)
{
	return (world_packet(ms, PROTO_UDP, side));
}

static const struct flow_state *
flow(void)
{
	return (w.v.f);
}

/* --- volume */

static void
test_volume(void **state)
{
	struct packet p = udp(15, 0);

	(void)state;
	p.payload = 50; /* not known: not counted */
	world_send(&w, &p);
	p = udp(20, 0);
	p.wire = 1000;
	p.iplen = 900;
	p.payload = 800;
	p.ttl = 10;
	p.facts |= FACT_PAYLOAD;
	world_send(&w, &p);
	p = udp(10, 0); /* time goes back a little */
	p.ttl = 200;
	p.facts |= FACT_CUT;
	world_send(&w, &p);
	p = udp(30, 1);
	p.ttl = 1;
	world_send(&w, &p);
	assert_int_equal(w.flows.counted, 4);
	world_clock(&w, 6000);
	EXPECT(&w, "stime ltime spkts dpkts sbytes dbytes sipbytes dipbytes spayload dpayload sttlmin sttlmax dttlmin "
	    "dttlmax",
	    "flow 0 start+cut stime=10 ltime=30 spkts=3 dpkts=1 sbytes=1200 dbytes=100 sipbytes=1072 dipbytes=86 "
	    "spayload=800 dpayload=0 sttlmin=10 sttlmax=200 dttlmin=1 dttlmax=1");
}

/* Sums that have more bits than a bin. */
static void
test_volume_large(void **state)
{
	struct packet p;

	(void)state;
	world_free(&w);
	world_new(&w, 10000, 100);
	p = world_packet(5000000, PROTO_UDP, 1);
	p.sport = 1; /* another flow: the clock is there already */
	world_send(&w, &p);
	for (int i = 0; i < 3; i++) {
		p = udp(2500000 * i, 0);
		p.wire = p.iplen = p.payload = 3000000000u;
		p.facts |= FACT_PAYLOAD;
		world_send(&w, &p);
	}
	p = udp(0, 1);
	world_send(&w, &p);
	p = udp(5000000, 1); /* 5 * 10^9 us later: its square has no room */
	world_send(&w, &p);
	world_clock(&w, 20000000);
	EXPECT(&w, "spkts sbytes sipbytes spayload sipg_n sipg_sum sipg_sumsq dipg_n dipg_sum dipg_sumsq",
	    "flow 0 start+end spkts=0 sbytes=0 sipbytes=0 spayload=0 sipg_n=0 dipg_n=0\n"
	    "flow 0 start+end spkts=3 sbytes=9000000000 sipbytes=9000000000 spayload=9000000000 sipg_n=2 sipg_sum=5000000000 "
	    "sipg_sumsq=12500000000000000000 dipg_n=1 dipg_sum=5000000000 dipg_sumsq=18446744073709551615");
}

/* Gaps are between packets of a side, over bins; one that is negative is 0. */
static void
test_gaps(void **state)
{
	static const struct { int64_t ms; int side; } sent[] = { { 4000, 0 }, { 4001, 1 }, { 4003, 0 }, { 4002, 0 },
		{ 5002, 0 },
		{ 9001, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		struct packet p = udp(sent[i].ms, sent[i].side);

		world_send(&w, &p);
	}
	world_clock(&w, 11000);
	EXPECT(&w, "sipg_n sipg_sum sipg_sumsq dipg_n dipg_sum dipg_sumsq",
	    "flow 0 start sipg_n=2 sipg_sum=3000 sipg_sumsq=9000000 dipg_n=0\nflow 5 sipg_n=1 sipg_sum=1000000 "
	    "sipg_sumsq=1000000000000 dipg_n=1 dipg_sum=5000000 dipg_sumsq=25000000000000");
}

/* DSCP of the first, a bit for each, ECN: a cell is made for the first that has any, and knows of those before. */
static const struct tos_case {
	uint8_t tos[4], n;
	const char *row;
} toses[] = {
	{ { 0, 0 }, 2, "sdscp=0 sdscps=1 sect0=0 sect1=0 sce=0" },
	{ { 46 << 2 }, 1, "sdscp=46 sdscps=70368744177664 sect0=0 sect1=0 sce=0" }, /* 1 << 46 */
	{ { 0, 46 << 2, 0 }, 3, "sdscp=0 sdscps=70368744177665 sect0=0 sect1=0 sce=0" },
	{ { 8 << 2 | 2, 1, 3, 2 }, 4, "sdscp=8 sdscps=257 sect0=2 sect1=1 sce=1" },
	{ { 3, 0 }, 2, "sdscp=0 sdscps=1 sect0=0 sect1=0 sce=1" },
};

static void
test_tos(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(toses) / sizeof(toses[0]); i++) {
		char want[100];

		renew();
		for (int k = 0; k < toses[i].n; k++) {
			struct packet p = udp(k, 0);

			p.tos = toses[i].tos[k];
			world_send(&w, &p);
		}
		world_clock(&w, 6000);
		snprintf(want, sizeof(want), "flow 0 start %s", toses[i].row);
		EXPECT(&w, "sdscp sdscps sect0 sect1 sce ddscps", want);
	}
}

/* A side without packets has no DSCP 0, though the other's packets had a cell made. */
static void
test_tos_of_other(void **state)
{
	struct packet p = udp(0, 0);

	(void)state;
	p.tos = 4;
	world_send(&w, &p);
	p = udp(1, 1);
	world_send(&w, &p);
	p = udp(5000, 0);
	p.tos = 4;
	world_send(&w, &p);
	world_clock(&w, 11000);
	EXPECT(&w, "sdscps ddscps", "flow 0 start sdscps=2 ddscps=1\nflow 5 sdscps=2");
}

static void
test_fragments(void **state)
{
	static const uint8_t what[] = { FRAG_IS | FRAG_FIRST, FRAG_IS | FRAG_OK, FRAG_IS | FRAG_DUP,
		FRAG_IS | FRAG_OVL | FRAG_BAD,
		FRAG_IS | FRAG_OOO | FRAG_TINY };
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(what); i++) {
		p = udp((int64_t)i, 0);
		w.frag = what[i];
		world_send(&w, &p);
	}
	p = udp(9, 1);
	p.facts |= FACT_ATOMIC; /* a header, but no fragment */
	world_send(&w, &p);
	world_clock(&w, 6000);
	EXPECT(&w, "sfrags sfragb sfragdg sfragok sfragdup sfragovl sfragbad sfragooo sfragtiny sfragatom dfrags "
	    "dfragatom",
	    "flow 0 start sfrags=5 sfragb=500 sfragdg=1 sfragok=1 sfragdup=1 sfragovl=1 sfragbad=1 sfragooo=1 "
	    "sfragtiny=1 sfragatom=0 dfrags=0 dfragatom=1");
}

/* --- what was first seen of a side */

static void
test_attributes(void **state)
{
	struct packet p = udp(0, 0);

	(void)state;
	p.facts |= FACT_MAC;
	p.smac = 5;
	p.dmac = 6;
	p.vlan = 100;
	p.mpls = 16;
	world_send(&w, &p);
	p.smac = 7; /* first seen */
	p.mpls = 17;
	p.ts = AT(5000);
	world_send(&w, &p);
	p = udp(5001, 1);
	p.facts |= FACT_MAC;
	p.smac = 8;
	p.dmac = 9;
	p.nencap = 1;
	p.encap[0].kind = ENCAP_IPIP;
	p.encap[0].id = ENCAP_NOID;
	p.ohash = 77;
	world_send(&w, &p);
	world_clock(&w, 11000);
	EXPECT(&w, "smac dmac svlan dvlan smpls dmpls sencap dencap ohash",
	    "flow 0 start smac=5 dmac=6 svlan=100 smpls=16\nflow 5 smac=5 dmac=8 svlan=100 smpls=16 dencap=ipip "
	    "ohash=77");
}

/* A direction changes its VLAN; each has its own. */
static void
test_vlan_change(void **state)
{
	static const uint16_t ids[][3] = { /* side, outer, inner */
		{ 0, 7, 0xffff }, { 1, 8, 0xffff }, { 0, 7, 0xffff }, { 1, 8, 0xffff }, { 0, 8, 0xffff }, { 1, 8, 1 } };

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct packet p = udp(5000 * i, ids[i][0]);

		p.vlan = ids[i][1];
		p.ivlan = ids[i][2];
		world_send(&w, &p);
	}
	world_clock(&w, 31000);
	EXPECT(&w, "", "flow 0 start\nflow 5\nflow 10\nflow 15\nflow 20 vlanchg\nflow 25 vlanchg");
}

/* --- who is the source */

static const struct step {
	int64_t ms;
	int side;
	uint8_t flags;            /* TCP; 0: UDP's way, by ports alone */
	uint16_t lport, hport;
	uint32_t facts;
	uint8_t src, dirq;        /* after it */
	bool flipped;
	int64_t otime;            /* s */
} steps[] = { /* a new flow where time begins again */
	/* the first sender, then to whom the SYN-ACK goes (a SYN may have to wait: test_settle.c) */
	{ 0, 0, TCP_ACK, 4000, 5000, 0, 0, DIRQ_FIRST, false, 0 },
	{ 1, 0, TCP_SYN | TCP_ACK, 4000, 5000, 0, 1, DIRQ_SEEN, true, 0 },
	{ 2, 1, TCP_SYN | TCP_ACK, 4000, 5000, 0, 1, DIRQ_SEEN, true, 0 }, /* once seen it stays */
	{ 0, 1, TCP_ACK, 4000, 5000, 0, 1, DIRQ_FIRST, false, 0 },
	/* the port, then the same by the SYN-ACK, in a later bin */
	{ 0, 1, TCP_ACK, 4000, 80, 0, 0, DIRQ_PORT, false, 0 },
	{ 5000, 1, TCP_SYN | TCP_ACK, 4000, 80, 0, 0, DIRQ_SEEN, false, 5 },
	/* less sure than the port: nothing */
	{ 0, 1, TCP_ACK, 4000, 80, 0, 0, DIRQ_PORT, false, 0 },
	{ 1, 1, TCP_ACK, 4000, 80, 0, 0, DIRQ_PORT, false, 0 },
	/* the first record is sealed at 6 s: too late */
	{ 0, 0, TCP_ACK, 4000, 5000, 0, 0, DIRQ_FIRST, false, 0 },
	{ 6000, 0, TCP_SYN | TCP_ACK, 4000, 5000, 0, 0, DIRQ_FIRST, false, 0 },
	/* and just not */
	{ 0, 0, TCP_ACK, 4000, 5000, 0, 0, DIRQ_FIRST, false, 0 },
	{ 5999, 0, TCP_SYN | TCP_ACK, 4000, 5000, 0, 1, DIRQ_SEEN, true, 5 },
	/* what goes to many turns nothing round */
	{ 0, 0, 0, 4000, 5000, 0, 0, DIRQ_FIRST, false, 0 },
	{ 1, 1, 0, 4000, 5000, FACT_NOANSWER | FACT_DNS, 0, DIRQ_FIRST, false, 0 },
};

static void
test_source(void **state)
{
	int64_t before = INT64_MAX;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct step *s = &steps[i];
		struct packet p = world_packet(s->ms, s->flags != 0 ? PROTO_TCP : PROTO_UDP, s->side);

		if (s->ms <= before && s->ms == 0)
			renew();
		before = s->ms;
		p.sport = s->side ? s->hport : s->lport;
		p.dport = s->side ? s->lport : s->hport;
		p.facts |= s->facts | (s->flags != 0 ? FACT_TCP : 0);
		p.tcp.flags = s->flags;
		world_send(&w, &p);
		if (flow()->src != s->src || flow()->dirq != s->dirq || flow()->otime != AT(1000 * s->otime) ||
		    ((w.v.b->flags & RFLAGS_flipped) != 0) != s->flipped)
			fail_msg("step %zu: source %d, dirq %d, flags %x, of %d", i, flow()->src, flow()->dirq,
			    w.v.b->flags,
			    (int)((flow()->otime - BASE) / SEC));
	}
}

/* A tunnel says it itself. */
static void
test_told(void **state)
{
	struct packet p = udp(0, 0);

	(void)state;
	w.told = DIRQ_FIRST;
	w.src = 1;
	world_send(&w, &p);
	assert_true(flow()->src == 1 && flow()->dirq == DIRQ_FIRST);
	w.told = DIRQ_SEEN;
	w.src = 0;
	p.ts = AT(7000); /* whenever it is */
	world_send(&w, &p);
	assert_true(flow()->src == 0 && flow()->dirq == DIRQ_SEEN);
	assert_int_equal(w.v.b->flags & RFLAGS_flipped, 0);
}

/* --- states, replies, confirmation */

static void
test_states(void **state)
{
	static const struct { int side, n; uint8_t state; } sent[] = {
		{ 0, 2, STATE_INT }, { 0, 1, STATE_REQ }, { 1, 1, STATE_CON }, { 0, 1, STATE_CON } };
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++)
		for (int k = 0; k < sent[i].n; k++) {
			p = udp(5000 * (int64_t)i + k, sent[i].side);
			world_send(&w, &p);
			assert_int_equal(w.v.b->state, sent[i].state);
		}
	renew();
	p = udp(0, 1); /* by its port not the source */
	world_send(&w, &p);
	assert_int_equal(w.v.b->state, STATE_RSP);
}

/* Who answers, answers all that is not written yet. */
static void
test_replies(void **state)
{
	struct packet p;

	(void)state;
	for (int i = 0; i < 3; i++) {
		p = udp(5000 * i, 0);
		world_send(&w, &p);
	}
	p = udp(10500, 1); /* 0 is sealed, though not written; 5 is open */
	world_send(&w, &p);
	world_clock(&w, 16000);
	EXPECT(&w, "health dpkts", "flow 0 start health=noans dpkts=0\nflow 5 health= dpkts=0\nflow 10 health= "
	    "dpkts=1");
}

static const struct confirm {
	const char *what;
	unsigned proto;
	uint32_t facts;
	int packets, back; /* of side 0; then of side 1 */
	bool confirmed;
} confirms[] = {
	{ "one way", PROTO_UDP, 0, 100, 0, false },
	{ "both", PROTO_UDP, 0, 1, 1, true },
	{ "to many", PROTO_UDP, FACT_NOANSWER, 15, 0, false },
	{ "to many, 16", PROTO_UDP, FACT_NOANSWER, 16, 0, true },
};

static void
test_confirm(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(confirms) / sizeof(confirms[0]); i++) {
		const struct confirm *c = &confirms[i];

		renew();
		for (int k = 0; k < c->packets + c->back; k++) {
			struct packet p = world_packet(k, c->proto, k >= c->packets);

			p.facts |= c->facts;
			world_send(&w, &p);
		}
		if (((flow()->life & LIFE_CONFIRMED) != 0) != c->confirmed)
			fail_msg("%s", c->what);
		assert_int_equal(w.flows.table.on_probation, !c->confirmed);
		assert_true(flow()->life & LIFE_CHANCE);
		assert_int_equal(flow()->heard, AT(c->packets + c->back - 1));
	}
}

/* A tunnel that nobody answers is one all the same. */
static void
test_confirm_tunnel(void **state)
{
	(void)state;
	for (uint32_t k = 1; k <= 16; k++) {
		struct packet p = world_packet(k, PROTO_ESP, 0);

		p.facts = FACT_SPI;
		p.spi = 0xc0ffee;
		p.seq = k;
		world_send(&w, &p);
		assert_int_equal((flow()->life & LIFE_CONFIRMED) != 0, k == 16);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_volume),
		TEST(test_volume_large),
		TEST(test_gaps),
		TEST(test_tos),
		TEST(test_tos_of_other),
		TEST(test_fragments),
		TEST(test_attributes),
		TEST(test_vlan_change),
		TEST(test_source),
		TEST(test_told),
		TEST(test_states),
		TEST(test_replies),
		TEST(test_confirm),
		TEST(test_confirm_tunnel),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

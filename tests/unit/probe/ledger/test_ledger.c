/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_ledger.c: bins are opened, counted into, sealed, held, written, corrected.  T = 5 s, G = 1 s: the bin of 0 is
 * sealed at 6 s, that of 5 at 11 s.  Everything expected is worked out by hand.
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

/* A flow of that protocol; nobody has counted in it yet. */
static uint32_t
new_flow(unsigned proto, uint16_t port)
{
	struct key k = { .lo = { { [15] = 1 } }, .hi = { { [15] = 2 } }, .lport = port, .hport = 80,
		.proto = (uint16_t)proto, .af = 4 };
	uint32_t n = table_add(&w.flows.table, &k, table_hash(&w.flows.table, &k));
	struct flow_state *f = flow_at(&w.flows.table, n);

	f->tracker = tracker_of(&k);
	f->id = 1000u + port;
	f->dirq = DIRQ_PORT;
	f->heard = BASE;
	return (n);
}

/* A packet of side 0 with time `ms` that comes at watermark `now`. */
static struct bin *
count_one(uint32_t flow, int64_t ms, int64_t now)
{
	struct flow_state *f = flow_at(&w.flows.table, flow);
	struct packet p = { .ts = AT(ms) };
	struct seen v = { .p = &p, .now = AT(now), .flow = flow };
	struct bin *b;

	w.ledger.clock.started = true;
	if (v.now > w.ledger.clock.now)
		w.ledger.clock.now = v.now;
	ledger_place(&w.ledger, &v);
	b = ledger_count(&w.ledger, &v, f);
	if (b->pkts[0] == 0 || p.ts < b->stime)
		b->stime = p.ts;
	if (b->pkts[0] == 0 || p.ts > b->ltime)
		b->ltime = p.ts;
	b->pkts[0]++;
	b->seen = LIFE_SENT_LO;
	f->life |= LIFE_SENT_LO;
	f->last[0] = p.ts;
	w.ledger.counting = 0;
	return (b);
}

/* A datagram is given up: a fact about that bin, learned at `now`. */
static void
fact(const struct flow_ref *of, int64_t ms, int64_t now)
{
	struct bin *b = ledger_bin(&w.ledger, of, ledger_start(&w.ledger, AT(ms)), AT(now));

	ledger_frags(&w.ledger, b)->fraginc[0]++;
	ledger_done(&w.ledger, b);
}

/* --- opening */

static void
test_open(void **state)
{
	uint32_t f = new_flow(PROTO_UDP, 1);
	struct bin *a = count_one(f, 0, 0), *late;

	(void)state;
	assert_ptr_equal(count_one(f, 4999, 5500), a); /* the clock is in the next bin; this one is open */
	assert_ptr_not_equal(count_one(f, 5000, 5999), a);
	assert_ptr_equal(count_one(f, 10, 5999), a);
	late = count_one(f, 20, 6000); /* sealed, though nobody has written it */
	assert_ptr_not_equal(late, a);
	assert_true(bin_is_late(late) && ledger_due(&w.ledger, late) == AT(7000));
	assert_ptr_equal(count_one(f, 4000, 6999), late);
	assert_ptr_not_equal(count_one(f, 30, 7000), late); /* that one is sealed, too */
	assert_ptr_equal(ledger_unwritten(&w.ledger, flow_at(&w.flows.table, f), AT(0)), a);
	EXPECT(&w, "spkts", "");
	world_clock(&w, 7000);
	EXPECT(&w, "spkts stime ltime", "flow 0 start spkts=3 stime=0 ltime=4999\nflow 0 late spkts=2 stime=20 "
	    "ltime=4000");
	assert_null(ledger_unwritten(&w.ledger, flow_at(&w.flows.table, f), AT(0)));
	world_clock(&w, 7999);
	EXPECT(&w, "spkts", "");
	world_clock(&w, 10999);
	EXPECT(&w, "spkts", "flow 0 late spkts=1");
	world_clock(&w, 11000);
	EXPECT(&w, "spkts", "flow 5 spkts=1");
}

/* The START is on what is written first, not on what was counted first. */
/* When its direction is fixed, to the millisecond. */
static int64_t
freeze(uint32_t flow)
{
	for (int ms = 0; ms < 100000; ms++)
		if (ledger_frozen(&w.ledger, flow_at(&w.flows.table, flow), AT(ms)))
			return (AT(ms));
	return (INT64_MAX);
}

static void
test_start(void **state)
{
	uint32_t f = new_flow(PROTO_UDP, 1);
	struct bin *b = count_one(f, 5000, 5000);

	(void)state;
	b->state = STATE_INT;
	assert_int_equal(freeze(f), AT(11000));
	count_one(f, 4999, 5100)->state = STATE_INT;
	assert_int_equal(freeze(f), AT(6000));
	(void)count_one(f, 7000, 7000);
	world_clock(&w, 11000);
	EXPECT(&w, "spkts trans state", "flow 0 start spkts=1 trans=1 state=INT\nflow 5 spkts=2 trans=0 state=REQ");
}

/* But not where the first was written when the other came. */
static void
test_start_is_late(void **state)
{
	uint32_t f = new_flow(PROTO_UDP, 1);

	(void)state;
	(void)count_one(f, 5000, 5000);
	(void)count_one(f, 4999, 6000);
	world_clock(&w, 11000);
	EXPECT(&w, "spkts", "flow 0 start+late spkts=1\nflow 5 spkts=1"); /* LATE, sealed at 7 s: still the first */
	f = new_flow(PROTO_UDP, 2);
	(void)count_one(f, 10000, 15999);
	(void)count_one(f, 9999, 16000);
	world_clock(&w, 20000);
	EXPECT(&w, "spkts", "flow 10 start spkts=1\nflow 5 late spkts=1");
}

/* LATE bins are sealed in the order of their list: one that is opened for an earlier moment (a held fragment) waits for
 * those before it. */
static void
test_late_order(void **state)
{
	(void)state;
	assert_int_equal(ledger_due(&w.ledger, count_one(new_flow(PROTO_UDP, 1), 1, 7000)), AT(8000));
	assert_int_equal(ledger_due(&w.ledger, count_one(new_flow(PROTO_UDP, 2), 1, 6500)), AT(8000));
	assert_int_equal(ledger_late_due(&w.ledger), AT(8000));
	world_clock(&w, 8000);
	EXPECT(&w, "sport", "flow 0 start+late sport=1\nflow 0 start+late sport=2");
	assert_int_equal(ledger_late_due(&w.ledger), INT64_MAX);
}

/* Eight bins wait; the ninth sends away the one that is due first, wherever it is. */
static void
test_pending(void **state)
{
	uint32_t f = new_flow(PROTO_UDP, 1);

	(void)state;
	for (int i = 7; i >= 0; i--)
		(void)count_one(f, 5000 * i, 0);
	EXPECT(&w, "spkts", "");
	(void)count_one(f, 45000, 0);
	EXPECT(&w, "spkts", "flow 0 start spkts=1");
	(void)count_one(f, 50000, 0);
	EXPECT(&w, "spkts", "flow 5 spkts=1");
	assert_int_equal(flow_at(&w.flows.table, f)->pending, 8);
}

/* --- facts that come later */

static const struct later {
	const char *what;
	int64_t drained; /* the clock was here, and all done */
	int64_t ms, now; /* of the fact */
	const char *rows;
} laters[] = { /* a packet at 0 and one at 5 s */
	{ "the bin is open", 5000, 0, 5999, "flow 0 start spkts=1 sfraginc=1\nflow 5 spkts=1" },
	{ "sealed, not written yet", 5000, 0, 6000, "flow 0 start spkts=1\ncorr 0 sfraginc=1\nflow 5 spkts=1" },
	{ "written", 6000, 0, 6500, "flow 0 start spkts=1\ncorr 0 sfraginc=1\nflow 5 spkts=1" },
	{ "the older one is written before", 5000, 5000, 11000, "flow 0 start spkts=1\nflow 5 spkts=1\ncorr 5 "
	    "sfraginc=1" },
	{ "there was no such bin", 6000, 10000, 6500, "flow 0 start spkts=1\ncorr 10 sfraginc=1\nflow 5 spkts=1" },
};

static void
test_facts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(laters) / sizeof(laters[0]); i++) {
		const struct later *x = &laters[i];
		struct flow_ref of;
		struct world *v = &w;
		uint32_t f;

		world_free(v);
		world_new(v, 5, 100);
		f = new_flow(PROTO_UDP, 1);
		(void)count_one(f, 0, 0);
		(void)count_one(f, 5000, 5000);
		of = table_ref(&w.flows.table, f);
		world_clock(v, x->drained);
		fact(&of, x->ms, x->now);
		world_clock(v, 11000);
		if (strcmp(world_said(v, "spkts sfraginc"), x->rows) != 0)
			print_error("%s\n", x->what);
		w.said = 0;
		EXPECT(v, "spkts sfraginc", x->rows);
	}
}

/* A LATE bin of that time stands before its correction. */
static void
test_fact_after_late(void **state)
{
	uint32_t f = new_flow(PROTO_UDP, 1);
	struct flow_ref of;

	(void)state;
	(void)count_one(f, 0, 0);
	world_clock(&w, 6000);
	(void)count_one(f, 1, 6000);
	(void)count_one(f, 6000, 6000);
	of = table_ref(&w.flows.table, f);
	fact(&of, 0, 6001);
	EXPECT(&w, "spkts sfraginc", "flow 0 start spkts=1\nflow 0 late spkts=1\ncorr 0 sfraginc=1");
}

/* Two facts about one written bin are two rows; a blank bin that counts nothing is none. */
static void
test_blank(void **state)
{
	uint32_t f = new_flow(PROTO_UDP, 1);
	struct flow_ref of;
	struct bin *b;

	(void)state;
	(void)count_one(f, 0, 0);
	of = table_ref(&w.flows.table, f);
	world_clock(&w, 6000);
	fact(&of, 0, 6000);
	b = ledger_bin(&w.ledger, &of, AT(0), AT(6000));
	assert_true(b->correction);
	assert_int_equal(b->more, 0);
	(void)ledger_frags(&w.ledger, b);
	ledger_done(&w.ledger, b);
	fact(&of, 0, 6000);
	EXPECT(&w, "spkts sfraginc", "flow 0 start spkts=1\ncorr 0 sfraginc=1\ncorr 0 sfraginc=1");
}

/* What a correction says of its flow: its key, its id, its direction, and attributes while it lives.  Side 1 is the
 * source, so what side 0 did is the destination's. */
static void
test_gone(void **state)
{
	static const char *const wanted = "saddr daddr sport dport flowid dirq dirq_t dvlan trans spkts dpkts dfraginc";
	uint32_t f = new_flow(PROTO_UDP, 1), other;
	struct flow_state *x = flow_at(&w.flows.table, f);
	struct flow_ref of;

	(void)state;
	x->src = 1;
	x->path[0] = path_of(&w.flows.table.paths, &(struct packet){ .vlan = 7, .ivlan = 0xffff, .mpls = UINT32_MAX });
	(void)count_one(f, 0, 0);
	(void)count_one(f, 5000, 5000);
	of = table_ref(&w.flows.table, f);
	world_clock(&w, 11000);
	EXPECT(&w, "dpkts", "flow 0 start dpkts=1\nflow 5 dpkts=1");
	fact(&of, 5000, 29999);
	EXPECT(&w, wanted, "corr 5 saddr=.2 daddr=.1 sport=80 dport=1 flowid=1001 dirq=2 dirq_t=0 dvlan=7 trans=0 "
	    "dfraginc=1");
	fact(&of, 5000, 30000); /* it is there, but nobody has looked: its 30 s are over */
	EXPECT(&w, wanted, "corr 5 saddr=.2 daddr=.1 sport=80 dport=1 flowid=1001 dirq=2 dirq_t=0 trans=0 dfraginc=1");
	table_remove(&w.flows.table, f);
	table_release(&w.flows.table, f);
	other = new_flow(PROTO_UDP, 2);
	assert_int_equal(other, f); /* the same cell */
	(void)count_one(other, 12000, 12000);
	fact(&of, 10000, 12000);
	EXPECT(&w, wanted, "corr 10 saddr=.2 daddr=.1 sport=80 dport=1 flowid=1001 dirq=2 dirq_t=0 trans=0 dfraginc=1");
	of.cell = 0;
	fact(&of, 0, 12000); /* nor is it known where it was; it was decided in this bin */
	EXPECT(&w, wanted, "corr 0 saddr=.2 daddr=.1 sport=80 dport=1 flowid=1001 dirq=2 trans=0 dfraginc=1");
}

/* The flow ended, its last bins wait: they are still found. */
static void
test_dead(void **state)
{
	uint32_t f = new_flow(PROTO_UDP, 1);
	struct flow_ref of;

	(void)state;
	(void)count_one(f, 0, 0);
	of = table_ref(&w.flows.table, f);
	table_remove(&w.flows.table, f);
	fact(&of, 0, 5000);
	world_clock(&w, 6000); /* written, and the cell is given back */
	EXPECT(&w, "spkts sfraginc", "flow 0 start spkts=1 sfraginc=1");
	assert_int_equal(w.flows.table.flows.used, 0);
	fact(&of, 0, 6000);
	EXPECT(&w, "spkts sfraginc", "corr 0 sfraginc=1");
}

/* While a packet is counted in a LATE bin, what it says about the bin of that time can not write that bin under it: the
 * correction stands before it. */
static void
test_counting(void **state)
{
	uint32_t f = new_flow(PROTO_UDP, 1);
	struct flow_ref of;

	(void)state;
	(void)count_one(f, 0, 0);
	of = table_ref(&w.flows.table, f);
	world_clock(&w, 6000);
	(void)count_one(f, 1, 6000);
	w.ledger.counting = flow_at(&w.flows.table, f)->bin;
	fact(&of, 0, 6000);
	EXPECT(&w, "spkts sfraginc", "flow 0 start spkts=1\ncorr 0 sfraginc=1");
	w.ledger.counting = 0;
	fact(&of, 0, 6000);
	EXPECT(&w, "spkts sfraginc", "flow 0 late spkts=1\ncorr 0 sfraginc=1");
}

/* --- holds */

static void
test_hold(void **state)
{
	uint32_t a = new_flow(PROTO_UDP, 1), b = new_flow(PROTO_UDP, 2), free = new_flow(PROTO_UDP, 3);
	uint32_t group = hold_group_new(&w.ledger.holds), hold = hold_place(&w.ledger.holds, group, AT(0), AT(8000));
	struct flow_ref of;

	(void)state;
	(void)count_one(b, 0, 0);
	(void)count_one(a, 1, 1);
	(void)count_one(free, 2, 2);
	hold_join(&w.ledger.holds, flow_at(&w.flows.table, a), group, 0);
	hold_join(&w.ledger.holds, flow_at(&w.flows.table, b), group, 0);
	of = table_ref(&w.flows.table, a);
	assert_int_equal(ledger_written_at(&w.ledger, bin_at(&w.ledger, flow_at(&w.flows.table, a)->bin)), AT(8000));
	assert_int_equal(ledger_written_at(&w.ledger, bin_at(&w.ledger, flow_at(&w.flows.table, free)->bin)), AT(6000));
	world_clock(&w, 6000);
	EXPECT(&w, "sport spkts", "flow 0 start sport=3 spkts=1");
	fact(&of, 0, 7000); /* it waits: still a place to count */
	(void)count_one(a, 3, 7000); /* but no packet is counted in it any more */
	ledger_write_ready(&w.ledger, group);
	EXPECT(&w, "sport spkts", "");
	hold_lift(&w.ledger.holds, hold);
	ledger_write_ready(&w.ledger, group);
	EXPECT(&w, "sport spkts sfraginc", "flow 0 start sport=2 spkts=1\nflow 0 start sport=1 spkts=1 sfraginc=1");
	world_clock(&w, 8000);
	EXPECT(&w, "sport spkts", "flow 0 late sport=1 spkts=1");
	hold_group_end(&w.ledger.holds, group);
}

/* A hold is of bins from some time on; what two of them keep waits for both, and is written in the order of seals. */
static void
test_holds(void **state)
{
	uint32_t a = new_flow(PROTO_UDP, 1), b = new_flow(PROTO_UDP, 2), group = hold_group_new(&w.ledger.holds);
	uint32_t early = hold_place(&w.ledger.holds, group, AT(5000), AT(12000));
	uint32_t late = hold_place(&w.ledger.holds, group, AT(10000), AT(20000));

	(void)state;
	hold_join(&w.ledger.holds, flow_at(&w.flows.table, a), group, 0);
	hold_join(&w.ledger.holds, flow_at(&w.flows.table, b), group, 0);
	for (int i = 0; i < 3; i++) {
		(void)count_one(a, 5000 * i, 5000 * i);
		(void)count_one(b, 5000 * i + 1, 5000 * i + 1);
	}
	world_clock(&w, 17000);
	EXPECT(&w, "sport spkts", "flow 0 start sport=1 spkts=1\nflow 0 start sport=2 spkts=1");
	hold_lift(&w.ledger.holds, early);
	ledger_write_ready(&w.ledger, group);
	EXPECT(&w, "sport spkts", "flow 5 sport=1 spkts=1\nflow 5 sport=2 spkts=1");
	early = hold_place(&w.ledger.holds, group, AT(0), AT(20000));
	hold_lift(&w.ledger.holds, late);
	ledger_write_ready(&w.ledger, group);
	EXPECT(&w, "sport spkts", ""); /* one came that holds from 0 on */
	hold_lift(&w.ledger.holds, early);
	ledger_write_ready(&w.ledger, group);
	EXPECT(&w, "sport spkts", "flow 10 sport=1 spkts=1\nflow 10 sport=2 spkts=1");
	hold_group_end(&w.ledger.holds, group);
}

static uint32_t forced_flow;

static void
force(void *arg, uint32_t flow)
{
	assert_ptr_equal(arg, &w);
	forced_flow = flow;
	flow_at(&w.flows.table, flow)->held.own = 0;
}

/* A hold of one flow alone keeps all its bins; 32 may wait.  Who placed it is asked before one is written all the
 * same. */
static void
test_forced(void **state)
{
	uint32_t a = new_flow(PROTO_UDP, 1), group = hold_group_new(&w.ledger.holds);
	uint32_t own = hold_place(&w.ledger.holds, group, AT(1000000), AT(2000000));

	(void)state;
	w.ledger.forced = force;
	w.ledger.arg = &w;
	forced_flow = 0;
	hold_join(&w.ledger.holds, flow_at(&w.flows.table, a), group, own);
	for (int i = 0; i < 32; i++)
		(void)count_one(a, 5000 * i, 5000 * i);
	world_clock(&w, 29000); /* (and not so long that the flow is over) */
	EXPECT(&w, "spkts", "");
	assert_int_equal(forced_flow, 0);
	(void)count_one(a, 160000, 160000);
	EXPECT(&w, "spkts", "flow 0 start spkts=1");
	assert_int_equal(forced_flow, a);
	hold_lift(&w.ledger.holds, own);
	world_clock(&w, 170000);
	ledger_write_ready(&w.ledger, group);
	assert_int_equal(hold_group_at(&w.ledger.holds, group)->waiting.count, 0);
	hold_group_end(&w.ledger.holds, group);
}

/* --- the end of a flow */

static const struct end {
	const char *what;
	unsigned proto;
	int64_t drained, when, held; /* held: until then; 0 = not */
	const char *rows;
} ends[] = { /* a packet at 0 and one at 5 s */
	{ "on the last", PROTO_UDP, 0, 10999, 0, "flow 0 start\nflow 5 end cause=shutdown" },
	{ "silently", PROTO_UDP, 0, 11000, 0, "flow 0 start\nflow 5" },
	{ "all is written", PROTO_UDP, 11000, 11000, 0, "flow 0 start\nflow 5" },
	{ "TCP: on the last", PROTO_TCP, 0, 10999, 0, "flow 0 start\nflow 5 end cause=shutdown conn=OTH" },
	{ "TCP: that is sealed", PROTO_TCP, 0, 11000, 0, "flow 0 start\nflow 5\nflow 5 end cause=shutdown conn=OTH" },
	{ "TCP: all is written", PROTO_TCP, 11000, 11000, 0, "flow 0 start\nflow 5\nflow 5 end cause=shutdown "
	    "conn=OTH" },
	{ "TCP: the last is held", PROTO_TCP, 0, 11000, 11001, "flow 0 start\nflow 5 end cause=shutdown conn=OTH" },
	{ "TCP: was held", PROTO_TCP, 0, 11001, 11001, "flow 0 start\nflow 5\nflow 5 end cause=shutdown conn=OTH" },
};

static void
test_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const struct end *x = &ends[i];
		struct world *v = &w;
		uint32_t f, group, hold = 0;

		world_free(v);
		world_new(v, 5, 100);
		f = new_flow(x->proto, 1);
		group = hold_group_new(&w.ledger.holds);
		if (x->held != 0) {
			hold = hold_place(&w.ledger.holds, group, AT(5000), AT(x->held));
			hold_join(&w.ledger.holds, flow_at(&w.flows.table, f), group, 0);
		}
		(void)count_one(f, 0, 0);
		(void)count_one(f, 5000, 5000);
		world_clock(v, x->drained);
		table_remove(&w.flows.table, f);
		ledger_end(&w.ledger, flow_at(&w.flows.table, f), CAUSE_shutdown, AT(x->when));
		if (flow_at(&w.flows.table, f)->pending == 0)
			table_release(&w.flows.table, f);
		world_clock(v, 11000);
		if (hold != 0)
			hold_lift(&w.ledger.holds, hold);
		ledger_write_ready(&w.ledger, group);
		hold_group_end(&w.ledger.holds, group);
		if (strcmp(world_said(v, "cause conn"), x->rows) != 0)
			print_error("%s\n", x->what);
		w.said = 0;
		EXPECT(v, "cause conn", x->rows);
	}
}

/* Silence has a state of its own where there is a fate to tell. */
static void
test_end_silent(void **state)
{
	static const uint16_t protos[] = { PROTO_TCP, PROTO_UDP };

	(void)state;
	for (uint16_t i = 0; i < 2; i++) {
		uint32_t f = new_flow(protos[i], i);

		count_one(f, 0, 0)->state = STATE_EST;
		table_remove(&w.flows.table, f);
		ledger_end(&w.ledger, flow_at(&w.flows.table, f), CAUSE_idle, AT(1));
	}
	world_clock(&w, 6000);
	EXPECT(&w, "state", "flow 0 start+end state=TIM\nflow 0 start+end state=EST");
}

/* The END is on the bin that is written last, which need not be the newest. */
static void
test_end_of_two(void **state)
{
	uint32_t f = new_flow(PROTO_UDP, 1);

	(void)state;
	(void)count_one(f, 5000, 5000);
	(void)count_one(f, 0, 5000);
	table_remove(&w.flows.table, f);
	ledger_end(&w.ledger, flow_at(&w.flows.table, f), CAUSE_idle, AT(5999));
	world_clock(&w, 11000);
	EXPECT(&w, "cause", "flow 0 start\nflow 5 end cause=idle");
}

/* Eviction: all but the last, in their order, and then that. */
static void
test_write_but_last(void **state)
{
	uint32_t f = new_flow(PROTO_UDP, 1), last;

	(void)state;
	(void)count_one(f, 10000, 10000);
	(void)count_one(f, 0, 10000); /* LATE, due at 11 s: before the bin of 10, as that of 5 */
	(void)count_one(f, 5000, 10000);
	last = ledger_write_but_last(&w.ledger, flow_at(&w.flows.table, f));
	EXPECT(&w, "spkts", "flow 0 start+late spkts=1\nflow 5 spkts=1");
	assert_int_equal(bin_at(&w.ledger, last)->start, AT(10000));
	assert_true(ledger_frozen(&w.ledger, flow_at(&w.flows.table, f), INT64_MIN)); /* what was said of its direction stays */
	ledger_write(&w.ledger, last);
	EXPECT(&w, "spkts", "flow 10 spkts=1");
	assert_int_equal(ledger_write_but_last(&w.ledger, flow_at(&w.flows.table, f)), 0);
}

/* --- room */

static void
test_make_room(void **state)
{
	uint32_t a = new_flow(PROTO_UDP, 1), b = new_flow(PROTO_UDP, 2);
	struct span none;

	(void)state;
	(void)count_one(a, 0, 0);
	(void)count_one(b, 1, 1);
	(void)count_one(a, 5000, 5000);
	(void)count_one(b, 10000, 10000);
	assert_true(timeline_take(&w.ledger.time, &none)); /* of 0 s, being written */
	(void)count_one(b, 2, 10000);
	ledger_make_room(&w.ledger);
	EXPECT(&w, "sport spkts", "flow 0 start sport=1 spkts=1");
	ledger_make_room(&w.ledger);
	EXPECT(&w, "sport spkts", "flow 0 start sport=2 spkts=1");
	assert_false(ledger_drain(&w.ledger));
	(void)ledger_close(&w.ledger, &w.ledger.time.draining, false);
	ledger_make_room(&w.ledger);
	EXPECT(&w, "sport spkts", "flow 0 late sport=2 spkts=1"); /* then LATE ones */
	assert_int_equal(world_stats(&w).segevict, 0); /* those were due */
	ledger_make_room(&w.ledger);
	EXPECT(&w, "sport spkts", "flow 5 sport=1 spkts=1"); /* then the oldest time */
	assert_int_equal(world_stats(&w).segevict, 1);
	ledger_make_room(&w.ledger);
	EXPECT(&w, "sport spkts", "flow 10 sport=2 spkts=1");
	assert_int_equal(world_stats(&w).segevict, 2);
	ledger_make_room(&w.ledger); /* nothing left */
	assert_int_equal(world_stats(&w).segevict, 2);
}

/* A full pool: the oldest bin goes, nobody is turned away.  Cells: three bins a flow and 64. */
static void
test_full(void **state)
{
	struct world *v = &w;
	uint32_t flow[10];

	(void)state;
	world_free(v);
	world_new(v, 5, 1);
	for (uint16_t i = 0; i < 10; i++)
		flow[i] = new_flow(PROTO_UDP, i);
	for (int i = 0; i < 67; i++) /* seven of each */
		(void)count_one(flow[i % 10], 5000 * (i / 10), 0);
	EXPECT(v, "sport", "");
	(void)count_one(flow[7], 30000, 0);
	EXPECT(v, "sport", "flow 0 start sport=0");
	(void)count_one(flow[8], 30000, 0);
	EXPECT(v, "sport", "flow 0 start sport=1");
	assert_int_equal(world_stats(v).segevict, 2);
	for (int i = 0; i < 10; i++)
		table_remove(&w.flows.table, flow[i]);
	world_end(v);
}

/* --- two flows that are one */

static void
test_move(void **state)
{
	uint32_t to = new_flow(PROTO_UDP, 1), from = new_flow(PROTO_UDP, 2);

	(void)state;
	(void)count_one(to, 5000, 5000);
	(void)count_one(from, 4000, 5000);
	(void)count_one(from, 5001, 5001);
	(void)count_one(from, 9000, 5001);
	(void)count_one(from, 10000, 5001);
	ledger_move(&w.ledger, to, from, AT(5001), AT(0));
	assert_int_equal(flow_at(&w.flows.table, from)->bin, 0);
	assert_int_equal(flow_at(&w.flows.table, from)->pending, 0);
	assert_int_equal(flow_at(&w.flows.table, to)->pending, 3);
	assert_int_equal(freeze(to), AT(6000));
	world_clock(&w, 16000); /* the START has come to the first of all */
	EXPECT(&w, "sport spkts stime ltime", "flow 0 start sport=1 spkts=1 stime=4000 ltime=4000\nflow 5 sport=1 "
	    "spkts=3 stime=5000 ltime=9000\nflow 10 sport=1 spkts=1 stime=10000 ltime=10000");
}

/* The START stays with what comes first; LATE bins stay LATE. */
static void
test_move_behind(void **state)
{
	uint32_t to = new_flow(PROTO_UDP, 1), from = new_flow(PROTO_UDP, 2);

	(void)state;
	(void)count_one(to, 0, 0);
	(void)count_one(from, 1, 6000);
	(void)count_one(from, 5000, 6000);
	ledger_move(&w.ledger, to, from, AT(6000), AT(0));
	world_clock(&w, 11000);
	EXPECT(&w, "sport spkts", "flow 0 start sport=1 spkts=1\nflow 0 late sport=1 spkts=1\nflow 5 sport=1 spkts=1");
	from = new_flow(PROTO_UDP, 3);
	(void)count_one(from, 10000, 11000);
	ledger_move(&w.ledger, to, from, AT(11000), AT(0));
	world_clock(&w, 16000);
	EXPECT(&w, "sport spkts", "flow 10 sport=1 spkts=1"); /* the START is written */
}

/* What comes first is not the first any more where the record behind it was sealed meanwhile: unless that waited, too,
 * as all bins from `open` on have. */
static void
test_move_sealed(void **state)
{
	for (int waited = 0; waited < 2; waited++) {
		uint32_t to = new_flow(PROTO_UDP, (uint16_t)(10 + waited)), from = new_flow(PROTO_UDP,
		    (uint16_t)(20 + waited));
		struct bin *b;

		(void)state;
		(void)count_one(to, 5000, 5000);
		b = count_one(from, 0, 5000);
		ledger_move(&w.ledger, to, from, AT(11000), waited ? AT(0) : AT(10000));
		assert_int_equal((b->flags & RFLAGS_start) != 0, waited);
	}
}

static void
test_merge(void **state)
{
	uint32_t to = new_flow(PROTO_UDP, 1), from = new_flow(PROTO_UDP, 2);
	struct bin *a = count_one(to, 2000, 2000), *b = count_one(from, 1000, 2000);
	struct frag_counts *c;

	(void)state;
	a->bytes[0] = 100;
	a->ipbytes[0] = UINT32_MAX;
	a->payload[0] = 10;
	a->ttlmin[0] = a->ttlmax[0] = 64;
	a->dscp[0] = 8;
	a->pkts[0] = 201;
	a->firsts[0] = 200; /* as if it was merged already */
	a->ipg_sum[0] = 3;
	a->ipg_sumsq[0] = 9;
	a->flags |= RFLAGS_cut;
	b->bytes[0] = 200;
	b->ipbytes[0] = 186;
	b->payload[0] = 20;
	b->ttlmin[0] = 60;
	b->ttlmax[0] = 61;
	b->dscp[0] = 46; /* of the packet that came first */
	b->pkts[0] = 102;
	b->firsts[0] = 100;
	b->ipg_sum[0] = 30;
	b->ipg_sumsq[0] = UINT64_MAX - 8; /* with 9: one too much */
	b->flags |= RFLAGS_vlanchg | RFLAGS_end;
	b->pkts[1] = 4;
	b->ttlmin[1] = b->ttlmax[1] = 250;
	b->dscp[1] = 1;
	b->seen |= LIFE_SENT_HI;
	ledger_frags(&w.ledger, a)->frags[0] = 1;
	c = ledger_frags(&w.ledger, b);
	*c = (struct frag_counts){ .fragb = { 2 }, .frags = { 3 }, .fragdg = { 4 }, .fragok = { 5 }, .fraginc = { 6 },
		.fragorph = { 7 },
		.fragovl = { 8 }, .fragdup = { 9 }, .fragooo = { 10 }, .fragtiny = { 11 }, .fragbad = { 12 },
		    .fragatom = { 13, 14 } };
	ledger_move(&w.ledger, to, from, AT(2000), AT(0));
	assert_int_equal(a->seen, LIFE_SENT_LO | LIFE_SENT_HI);
	world_clock(&w, 6000);
	EXPECT(&w, "stime ltime spkts dpkts sbytes sipbytes spayload sttlmin sttlmax dttlmin dttlmax sdscp ddscp "
	    "sipg_n sipg_sum",
	    "flow 0 start+vlanchg+cut stime=1000 ltime=2000 spkts=303 dpkts=4 sbytes=300 sipbytes=4294967481 spayload=30 "
	    "sttlmin=60 sttlmax=64 dttlmin=250 dttlmax=250 sdscp=46 ddscp=1 sipg_n=3 sipg_sum=33");
	w.said = 0;
	EXPECT(&w, "sipg_sumsq", "flow 0 start+vlanchg+cut sipg_sumsq=18446744073709551615");
	w.said = 0;
	EXPECT(&w, "sfragb sfrags sfragdg sfragok sfraginc sfragorph sfragovl sfragdup sfragooo sfragtiny sfragbad "
	    "sfragatom dfragatom", "flow 0 start+vlanchg+cut sfragb=2 sfrags=4 sfragdg=4 sfragok=5 sfraginc=6 "
	    "sfragorph=7 sfragovl=8 sfragdup=9 sfragooo=10 sfragtiny=11 sfragbad=12 sfragatom=13 dfragatom=14");
}

/* What was none is taken back. */
static void
test_less_payload(void **state)
{
	uint32_t flow = new_flow(PROTO_UDP, 1);
	struct bin *b = count_one(flow, 0, 0);

	(void)state;
	b->payload[0] = 100;
	ledger_less_payload(&w.ledger, b, 0, 8);
	assert_int_equal(b->payload[0], 92);
	assert_int_equal(b->more, 0);
	LEDGER_ADD(&w.ledger, b, payload, 0, UINT32_MAX);
	LEDGER_ADD(&w.ledger, b, payload, 0, UINT32_MAX);
	ledger_less_payload(&w.ledger, b, 0, 192); /* 92 + 2 * 4294967295 - 192 */
	world_clock(&w, 6000);
	EXPECT(&w, "spayload", "flow 0 start spayload=8589934490");
}

/* What only one of them has is taken over. */
static void
test_merge_cells(void **state)
{
	uint32_t to = new_flow(PROTO_UDP, 1), from = new_flow(PROTO_UDP, 2);
	struct packet p = { .af = 4, .icmp = { .type = 3 } };

	(void)state;
	(void)count_one(to, 0, 0);
	ledger_frags(&w.ledger, count_one(from, 0, 0))->fragok[0] = 4;
	errors_note(w.track, &p, from, 0, AT(0));
	ledger_move(&w.ledger, to, from, AT(0), AT(0));
	world_clock(&w, 6000);
	EXPECT(&w, "spkts sfragok icmpun", "flow 0 start spkts=2 sfragok=4 icmpun=1");
}

/* A bin without a cell had DSCP 0 and no ECN, if it had packets of that side. */
static const struct tos_case {
	const char *what;
	bool a, b; /* has a cell */
	uint64_t dscps, ect0;
	uint32_t apkts, bpkts;
} toses[] = { /* of side 0: a: DSCP 1, one ECT(0); b: DSCP 2, two */
	{ "none", false, false, 1, 0, 1, 1 },
	{ "both", true, true, 1 << 1 | 1 << 2, 3, 1, 1 },
	{ "a, b had packets", true, false, 1 << 1 | 1, 1, 1, 1 },
	{ "a, b had none", true, false, 1 << 1, 1, 1, 0 },
	{ "b, a had packets", false, true, 1 << 2 | 1, 2, 1, 1 },
	{ "b, a had none", false, true, 1 << 2, 2, 0, 1 },
};

static void
test_merge_tos(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(toses) / sizeof(toses[0]); i++) {
		const struct tos_case *x = &toses[i];
		uint32_t to = new_flow(PROTO_UDP, (uint16_t)(2 * i)), from = new_flow(PROTO_UDP, (uint16_t)(2 * i + 1));
		struct bin *a = count_one(to, 0, 0), *b = count_one(from, 0, 0);
		char want[100];

		a->pkts[0] = x->apkts;
		b->pkts[0] = x->bpkts;
		if (x->a) {
			ledger_tos(&w.ledger, a)->dscps[0] = 1 << 1;
			ledger_tos(&w.ledger, a)->ect0[0] = 1;
		}
		if (x->b) {
			ledger_tos(&w.ledger, b)->dscps[0] = 1 << 2;
			ledger_tos(&w.ledger, b)->ect0[0] = 2;
		}
		ledger_move(&w.ledger, to, from, AT(0), AT(0));
		ledger_write(&w.ledger, flow_at(&w.flows.table, to)->bin);
		snprintf(want, sizeof(want), "flow 0 start sdscps=%" PRIu64 " sect0=%" PRIu64, x->dscps, x->ect0);
		if (strcmp(world_said(&w, "sdscps sect0"), want) != 0)
			print_error("%s\n", x->what);
		w.said--;
		EXPECT(&w, "sdscps sect0", want);
	}
}

/* --- the probe's own counters */

/* Packets came together: what one of them did counts where the clock stood when it came. */
static void
test_stats(void **state)
{
	(void)state;
	w.ledger.clock = (struct watermark){ .started = true, .now = AT(1000) };
	ledger_tick(&w.ledger, 0); /* the first one leaves no bin */
	w.ledger.clock.now = AT(7000);
	ledger_tick(&w.ledger, AT(1000));
	w.ledger.clock.now = AT(8000);
	ledger_tick(&w.ledger, AT(7000)); /* the same bin */
	w.ledger.clock.now = AT(12000);
	ledger_tick(&w.ledger, AT(8000));
	assert_ptr_equal(ledger_stats(&w.ledger, AT(1000)), &timeline_span(&w.ledger.time, AT(0))->stats);
	assert_ptr_equal(ledger_stats(&w.ledger, AT(12000)), &timeline_span(&w.ledger.time, AT(10000))->stats);
	assert_ptr_equal(ledger_stats(&w.ledger, AT(4000)), &timeline_span(&w.ledger.time, AT(5000))->stats);
	assert_ptr_equal(ledger_stats(&w.ledger, AT(500)), &timeline_span(&w.ledger.time, AT(0))->stats);
	ledger_quiet(&w.ledger); /* nothing was due any more */
	assert_ptr_equal(ledger_stats(&w.ledger, AT(1000)), &timeline_span(&w.ledger.time, AT(10000))->stats);
	w.ledger.time.forced = AT(15000); /* written early: there were too many */
	ledger_stats(&w.ledger, AT(1000))->newflows++;
	assert_int_equal(w.ledger.time.nlate, 1);
	assert_int_equal(w.ledger.time.latestats[0].start, AT(10000));
}

/* All so far: written, being written, open, late. */
static void
test_total(void **state)
{
	struct span none;

	(void)state;
	w.ledger.total.frames = 1;
	timeline_span(&w.ledger.time, AT(0))->stats.frames = 2;
	timeline_span(&w.ledger.time, AT(5000))->stats.frames = 4;
	timeline_late_stats(&w.ledger.time, AT(0), AT(7000))->frames = 8;
	assert_true(timeline_take(&w.ledger.time, &none));
	assert_int_equal(world_stats(&w).frames, 15);
	assert_false(ledger_drain(&w.ledger));
	(void)ledger_close(&w.ledger, &w.ledger.time.draining, false);
	assert_int_equal(world_stats(&w).frames, 15);
}

static void
test_kernel(void **state)
{
	(void)state;
	ledger_kernel(&w.ledger, &(struct stat_news){ AT(0), AT(1), 0, { 3, 0, 0, 0, false } }); /* before the first packet there is no bin */
	assert_int_equal(w.ledger.total.ps_recv, 3);
	assert_false(w.ledger.total.has_ifdrop);
	w.ledger.clock = (struct watermark){ .started = true, .now = AT(5900) };
	ledger_kernel(&w.ledger, &(struct stat_news){ AT(4900), AT(5100), 0, { 10, 2, 1, 0, true } });
	assert_int_equal(timeline_span(&w.ledger.time, AT(0))->stats.ps_recv, 10);
	assert_int_equal(timeline_span(&w.ledger.time, AT(0))->stats.ps_drop, 2);
	assert_int_equal(w.ledger.emit.ndrops, 1);
	w.ledger.clock.now = AT(6000); /* that bin is sealed: the clock's */
	ledger_kernel(&w.ledger, &(struct stat_news){ AT(4900), AT(5100), 0, { 20, 0, 0, 0, true } });
	assert_int_equal(timeline_span(&w.ledger.time, AT(5000))->stats.ps_recv, 20);
	assert_int_equal(world_stats(&w).ps_recv, 33);
	assert_true(w.ledger.total.has_ifdrop);
}

/* Live every bin has a MAR record; a machine that slept does not make up for it. */
static void
test_mark(void **state)
{
	(void)state;
	w.ledger.clock = (struct watermark){ .started = true, .now = AT(3000) };
	ledger_mark(&w.ledger);
	assert_int_equal(w.ledger.time.nopen, 1);
	w.ledger.clock.now = AT(16000);
	ledger_mark(&w.ledger);
	assert_int_equal(w.ledger.time.nopen, 4); /* 0, 5, 10, 15 */
	ledger_mark(&w.ledger);
	assert_int_equal(w.ledger.time.nopen, 4);
	w.ledger.clock.now = AT(15000 + 1001 * 5000);
	ledger_mark(&w.ledger);
	assert_int_equal(w.ledger.time.nopen, 5);
	assert_int_equal(w.ledger.time.open[4]->start, AT(15000 + 1001 * 5000));
}

static void
test_close(void **state)
{
	struct span s = { .start = AT(0), .due = AT(6000), .stats = { .frames = 2 } }, none = { .start = AT(5000) };

	(void)state;
	w.ledger.clock = (struct watermark){ .started = true, .now = AT(7000) };
	assert_true(ledger_close(&w.ledger, &s, false));
	assert_false(ledger_close(&w.ledger, &none, false)); /* no frames, no record */
	assert_true(ledger_close(&w.ledger, &none, true));
	w.ledger.live = true;
	assert_true(ledger_close(&w.ledger, &none, false));
	w.ledger.live = false;
	assert_int_equal(w.ledger.total.frames, 2);
	ledger_mar(&w.ledger, &s, false); /* as the clock stood when it was sealed */
	s.due = INT64_MIN;                /* or when it was made to go */
	ledger_mar(&w.ledger, &s, true);
	assert_int_equal(world_batch(&w)->rows, 2);
	assert_int_equal(sim_get(world_batch(&w), F_watermark, 0), AT(6000));
	assert_int_equal(sim_get(world_batch(&w), F_frames, 0), 2);
	assert_int_equal(sim_get(world_batch(&w), F_watermark, 1), AT(7000));
	assert_int_equal(sim_get(world_batch(&w), F_flags, 1), RFLAGS_late);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_start),
		TEST(test_start_is_late),
		TEST(test_late_order),
		TEST(test_pending),
		TEST(test_facts),
		TEST(test_fact_after_late),
		TEST(test_blank),
		TEST(test_gone),
		TEST(test_dead),
		TEST(test_counting),
		TEST(test_hold),
		TEST(test_holds),
		TEST(test_forced),
		TEST(test_end),
		TEST(test_end_silent),
		TEST(test_end_of_two),
		TEST(test_write_but_last),
		TEST(test_make_room),
		TEST(test_full),
		TEST(test_move),
		TEST(test_move_behind),
		TEST(test_move_sealed),
		TEST(test_merge),
		TEST(test_less_payload),
		TEST(test_merge_cells),
		TEST(test_merge_tos),
		TEST(test_stats),
		TEST(test_total),
		TEST(test_kernel),
		TEST(test_mark),
		TEST(test_close),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

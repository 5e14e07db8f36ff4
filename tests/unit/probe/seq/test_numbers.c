/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_numbers.c: what a record keeps of numbers, and where a carrier counts: in an open bin, in a correction, nowhere.
 * Streams that carry them are in test_carried.c, test_rtp.c, test_wg.c, tunnels in tunnel/.
 */
#include "tests/unit/probe/row.h"
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

/* --- SPIs of a record: the newest, the one before it, how many */

static const struct spis {
	const char *what;
	struct { uint32_t spi; int64_t since; } seen[12];
	uint32_t now, before, n;
} spis[] = {
	{ "one", { { 7, 1 }, { 7, 1 } }, 7, 0, 1 },
	{ "its successor", { { 7, 1 }, { 8, 2 } }, 8, 7, 2 },
	{ "the old one still sends", { { 7, 1 }, { 8, 2 }, { 7, 1 } }, 8, 7, 2 },
	{ "two successors", { { 7, 1 }, { 8, 2 }, { 9, 3 } }, 9, 8, 3 },
	{ "in another order", { { 8, 2 }, { 7, 1 } }, 8, 7, 2 },
	{ "eight are told apart, beyond that each counts", { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 }, { 5, 5 }, { 6, 6 },
	    { 7, 7 }, { 8, 8 }, { 9, 9 }, { 9, 9 }, { 1, 1 } }, 9, 1, 10 },
};

static void
test_spis(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spis) / sizeof(spis[0]); i++) {
		struct seq_bin s = { .conf = 0 };

		for (int k = 0; spis[i].seen[k].spi != 0; k++)
			seq_bin_spi(&s, 1, spis[i].seen[k].spi, spis[i].seen[k].since);
		if (s.spi[1] != spis[i].now || s.before[1] != spis[i].before || s.nspi[1] != spis[i].n)
			fail_msg("%s: %u, %u before it, of %u", spis[i].what, s.spi[1], s.before[1], s.nspi[1]);
		assert_int_equal(s.spi[0] + s.nspi[0], 0);
	}
}

static void
test_merge(void **state)
{
	struct bin a = { .ext = 0 }, b = { .ext = 0 };
	struct seq_bin *s = seq_bin(&w.track->numbers, &b), *t;

	(void)state;
	s->counts[0].lost = 3;
	s->counts[0].maxgap = 2;
	seq_bin_merge(&w.track->numbers, &a, &(struct bin){ .ext = 0 });
	assert_int_equal(a.ext, 0);
	seq_bin_merge(&w.track->numbers, &a, &b); /* moved */
	assert_int_equal(b.ext, 0);
	assert_ptr_equal(seq_bin(&w.track->numbers, &a), s);
	seq_bin_spi(s, 0, 7, 1);
	s->quiet[1] = 5;
	s->flags = SPIFL_natt;
	t = seq_bin(&w.track->numbers, &b);
	seq_bin_spi(t, 0, 7, 1);
	seq_bin_spi(t, 0, 8, 2);
	t->counts[0].lost = 10;
	t->counts[0].maxgap = 1;
	t->counts[1].uniq = 4;
	t->rekeys[0] = 1;
	t->roam[1] = 2;
	t->badspi[0] = 3;
	t->quiet[0] = 9;
	t->quiet[1] = 9;
	t->flags = SPIFL_seq0;
	seq_bin_merge(&w.track->numbers, &a, &b);
	assert_int_equal(b.ext, 0);
	assert_int_equal(w.track->numbers.bins.used, 1);
	assert_true(s->counts[0].lost == 13 && s->counts[0].maxgap == 2 && s->counts[1].uniq == 4);
	assert_true(s->spi[0] == 8 && s->before[0] == 7 && s->nspi[0] == 2);
	assert_true(s->rekeys[0] == 1 && s->roam[1] == 2 && s->badspi[0] == 3);
	assert_true(s->quiet[0] == 9 && s->quiet[1] == 5);
	assert_int_equal(s->flags, SPIFL_natt | SPIFL_seq0);
	seq_bin_end(&w.track->numbers, &a);
}

/* --- fields */

static void
test_fields(void **state)
{
	static const uint8_t lags[] = { 0, 1, 1, 0xac, 2 }; /* once in the first,
		300 times in the third: a step over one */
	struct seq_bin s = { .spi = { 7, 0 }, .quiet = { 0, 9 }, .before = { 6, 0 }, .nspi = { 2, 0 }, .rekeys = { 1,
		0 },
		.conf = 3, .oneway = { false, true } };
	struct bin b = { .pkts = { 1, 0 } };
	struct flow r;

	(void)state;
	seq_fill_spis(&s, 0, row());
	row_get(&r);
	assert_true(r.v[F_sspi].u == 7 && r.v[F_dspi].u == 9); /* it has sent nothing: what it has */
	assert_true(HAS_FIELD(&r, sspi0) && r.v[F_sspi0].u == 6 && !HAS_FIELD(&r, dspi0));
	assert_true(r.v[F_snspi].u == 2 && r.v[F_dnspi].u == 0 && r.v[F_srekeys].u == 1 && r.v[F_pconf].u == 3);
	seq_fill_spis(&s, 1, row()); /* the other way round */
	row_get(&r);
	assert_true(r.v[F_sspi].u == 9 && r.v[F_dspi].u == 7 && r.v[F_dspi0].u == 6 && !HAS_FIELD(&r, sspi0));
	seq_fill_health(&s, &b, row());
	row_get(&r);
	assert_int_equal(r.v[F_health].u, HEALTH_oneway);
	b.pkts[1] = 1; /* it has sent after all */
	seq_fill_health(&s, &b, row());
	row_get(&r);
	assert_false(HAS_FIELD(&r, health));
	s.counts[0].lost = 5;
	s.counts[0].laghist[0] = 1;
	s.counts[0].laghist[2] = 300;
	s.counts[1].lateus_max = 6;
	seq_fill_counts(&s.counts[0], &s.counts[1], row());
	row_get(&r);
	assert_true(r.v[F_slost].u == 5 && r.v[F_dlost].u == 0 && r.v[F_dlateus_max].u == 6);
	assert_true(HAS_FIELD(&r, slaghist) && !HAS_FIELD(&r, dlaghist));
	assert_int_equal(r.v[F_slaghist].b.n, sizeof(lags));
	assert_memory_equal(r.v[F_slaghist].b.p, lags, sizeof(lags));
}

/* --- where a carrier counts */

static struct key
tunnel(void)
{
	struct packet p = world_packet(0, PROTO_ESP, 0);
	struct key k;

	(void)key_of(&p, &w.key, &k);
	return (k);
}

/* A flow that is the lane 3 of a tunnel, with a packet at 0. */
static uint32_t
lane(void)
{
	struct key k = tunnel();
	struct packet p = { .ts = AT(0), .af = 4 };
	struct seen v = { .p = &p, .now = AT(0) };
	struct flow_state *f;

	k.kind = KEY_LANE;
	k.aux = 3;
	v.flow = table_add(&w.flows.table, &k, table_hash(&w.flows.table, &k));
	f = flow_at(&w.flows.table, v.flow);
	f->tracker = tracker_of(&k);
	f->idle = IDLE_TUNNEL;
	f->id = 77;
	f->heard = AT(0);
	w.ledger.clock = (struct watermark){ .started = true, .now = AT(0) };
	ledger_place(&w.ledger, &v);
	ledger_count(&w.ledger, &v, f)->pkts[0] = 1;
	w.ledger.counting = 0;
	return (v.flow);
}

static const struct place {
	const char *what;
	int64_t drained, now;
	bool known;      /* the carrier knows where it counted last */
	const char *row; /* all of that bin */
} places[] = {
	{ "open", 0, 5999, true, "flow 0 start lane=3 flowid=77 sspi=0 slost=1 sfix=0" },
	{ "sealed: written, and corrected", 0, 6000, true, "flow 0 start lane=3 flowid=77\n"
	    "corr 0 lane=3 flowid=77 sspi=7 slost=1" },
	{ "written", 6000, 7000, true, "flow 0 start lane=3 flowid=77\ncorr 0 lane=3 flowid=77 sspi=7 slost=1" },
	{ "written, and nobody knows where it was", 6000, 7000, false,
	    "flow 0 start lane=3 flowid=77\ncorr 0 lane=3 flowid=77 sspi=7 slost=1" },
	{ "the flow is over", 60000, 60000, true,
	    "flow 0 start lane=3 flowid=77\ncorr 0 lane=3 flowid=77 sspi=7 slost=1" },
};

static void
test_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct place *x = &places[i];
		struct key k;
		struct carrier c;
		struct seq_sink sink;
		uint32_t flow;

		world_free(&w);
		world_new(&w, 5, 100);
		flow = lane();
		k = tunnel();
		c = (struct carrier){ .numbers = &w.track->numbers, .key = &k, .flow = x->known ? flow : 0, .spi = 7,
			.now = AT(x->now), .dirq = DIRQ_FIRST, .lanes = true };
		world_clock(&w, x->drained);
		sink = carrier_sink(&c, (struct seq_place){ .bin = AT(5000), .flowid = 77, .lane = 3 }, NULL);
		sink.there(sink.arg, &(struct seq_place){ .bin = AT(0), .flowid = 77, .lane = 3 })->lost++;
		sink.done(sink.arg);
		assert_null(c.bin);
		sink.done(sink.arg); /* once more is no harm */
		world_clock(&w, 6000);
		if (strcmp(world_said(&w, "lane flowid dirq_t sspi slost sfix"), x->row) != 0)
			print_error("%s\n", x->what);
		w.said = 0;
		EXPECT(&w, "lane flowid dirq_t sspi slost sfix", x->row);
	}
}

/* Numbers that are in no record: they are known to have come, that is all. */
static void
test_nowhere(void **state)
{
	struct key k = tunnel();
	struct carrier c = { .numbers = &w.track->numbers, .key = &k, .now = AT(0) };
	struct seq_sink sink = carrier_sink(&c, (struct seq_place){ .bin = AT(0) }, NULL);

	(void)state;
	assert_ptr_equal(sink.there(sink.arg, &(struct seq_place){ .bin = AT(0) }), &w.track->numbers.nowhere);
	sink.done(sink.arg);
	EXPECT(&w, "", "");
}

/* The end of a numbering: what waited for a second packet was foreign, in the bin in which it came. */
static void
test_end(void **state)
{
	struct key k = tunnel();
	uint32_t flow = lane();
	struct carrier c = { .numbers = &w.track->numbers, .key = &k, .flow = flow, .spi = 7, .now = AT(0),
		.dirq = DIRQ_FIRST, .lanes = true };
	struct seq_counts here = { .lost = 0 };
	struct seq_place place = { .bin = AT(0), .flowid = 77, .lane = 3 };
	struct seq_sink sink = carrier_sink(&c, place, &here);
	static struct seqno s;

	(void)state;
	seqno_init(&s, 32);
	seqno_packet(&s, 1, AT(0), false, &sink);
	seqno_packet(&s, 2000000, AT(1), false, &sink);
	assert_int_equal(here.badseq, 0);
	carrier_end(&c, &s);
	world_clock(&w, 6000);
	EXPECT(&w, "sbadseq", "flow 0 start sbadseq=1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_spis),
		TEST(test_merge),
		TEST(test_fields),
		TEST(test_places),
		TEST(test_nowhere),
		TEST(test_end),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

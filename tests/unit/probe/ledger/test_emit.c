/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_emit.c: which fields a record has, from state made by hand: FLOW, END, CORR, MAR rows.
 */
#include "tests/unit/probe/world.h"

static struct world w;
static struct flow_state f;
static struct bin b;

/* A flow from 10.0.0.1 port 4000 to 10.0.0.2 port 80, without a packet. */
static int
setup(void **state)
{
	struct packet p = world_packet(0, PROTO_UDP, 0);
	struct key key;

	(void)state;
	world_new(&w, 5, 10);
	f = (struct flow_state){ .id = 99, .otime = AT(0), .dirq = DIRQ_PORT };
	(void)key_of(&p, &w.key, &key);
	table_set_key(&w.flows.table, &f, &key);
	f.tracker = tracker_of(&key);
	b = (struct bin){ .start = AT(0), .ttlmin = { 255, 255 } };
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		path_drop(&w.flows.table.paths, f.path[i]);
	world_free(&w);
	return (0);
}

/* How a side's packets came. */
static void
came(int side, const struct packet *p)
{
	path_drop(&w.flows.table.paths, f.path[side]);
	f.path[side] = path_of(&w.flows.table.paths, p);
}

#pragma GCC diagnostic ignored "-Woverride-init" /* what is usual, and then what is said */
#define CAME(side, ...) came(side, &(struct packet){ .vlan = 0xffff, .ivlan = 0xffff, .mpls = UINT32_MAX, __VA_ARGS__ })

static const char *
flow_row(const struct told *more, const char *wanted)
{
	struct told o = *more;

	o.track = w.track;
	o.f = &f;
	o.b = &b;
	emit_bin(&w.ledger.emit, &o);
	return (world_said(&w, wanted));
}

#define ROW(wanted, text)            assert_string_equal(flow_row(&(struct told){ .tos = NULL }, wanted), text)
#define ROW_WITH(more, wanted, text) assert_string_equal(flow_row(&(struct told)more, wanted), text)

/* --- whose it is */

static const struct key_case {
	unsigned proto;
	uint8_t kind, src;
	uint32_t aux, vrf;
	uint16_t lport, hport;
	const char *row;
} keys[] = {
	{ PROTO_TCP, 0, 0, 0, 0, 4000, 80, " proto=6 saddr=.1 daddr=.2 sport=4000 dport=80 vrf=0" },
	{ PROTO_UDP, 0, 1, 0, 7, 4000, 80, " proto=17 saddr=.2 daddr=.1 sport=80 dport=4000 vrf=7" },
	{ PROTO_UDP, KEY_PORTLESS, 0, 0, 0, 0, 0, " proto=17 saddr=.1 daddr=.2 vrf=0" },
	{ PROTO_GRE, 0, 0, 0, 9, 0, 0, " proto=47 saddr=.1 daddr=.2 vrf=9" },
	{ PROTO_ICMP, 0, 0, 8u << 24 | 77, 0, 0, 0, " proto=1 saddr=.1 daddr=.2 icmptype=8 icmpcode=0 icmpid=77 "
	    "vrf=0" },
	{ PROTO_ICMP, KEY_LO_SENDS, 0, 3u << 24 | 4 << 16, 0, 0, 0,
	    " proto=1 saddr=.1 daddr=.2 icmptype=3 icmpcode=4 vrf=0" },
	{ PROTO_LLC, 0, 0, 0x4242, 0, 0, 0, " proto=256 saddr=.1 daddr=.2 sap=16962 vrf=0" },
	{ PROTO_ESP, KEY_LANE, 0, 3, 0, 4500, 4500, " proto=50 saddr=.1 daddr=.2 sport=4500 dport=4500 vrf=0 lane=3" },
	{ PROTO_ESP, KEY_SA | KEY_LO_SENDS, 0, 0xc0ffee, 0, 4500, 4500,
	    " proto=50 saddr=.1 daddr=.2 sport=4500 dport=4500 vrf=0" },
};

static void
test_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct key_case *k = &keys[i];
		struct key key;
		char want[200];

		f.key.proto = (uint16_t)k->proto;
		f.key.kind = k->kind;
		f.key.aux = k->aux;
		f.key.vrf = k->vrf;
		f.key.lport = k->lport;
		f.key.hport = k->hport;
		f.src = k->src;
		key = table_key(&w.flows.table, &f);
		f.tracker = tracker_of(&key);
		snprintf(want, sizeof(want), "flow 0%s", k->row);
		ROW("proto saddr daddr sport dport icmptype icmpcode icmpid sap vrf lane", want);
	}
	assert_true(column_has(world_batch(&w)->col[F_tunid], world_batch(&w)->rows - 1)); /* ESP's last two */
	assert_true(column_has(world_batch(&w)->col[F_tunid], world_batch(&w)->rows - 2));
	assert_false(column_has(world_batch(&w)->col[F_tunid], 0));
	assert_int_equal(sim_get(world_batch(&w), F_tunid, world_batch(&w)->rows - 1),
	    sim_get(world_batch(&w), F_tunid, world_batch(&w)->rows - 2)); /* without lane and SA: the tunnel */
	f.key.af = 0; /* frames: MAC addresses are no IP addresses */
	f.key.proto = PROTO_LLC;
	ROW("saddr daddr vrf", "flow 0 vrf=0");
}

/* --key +vlan: the ids are taken out again, those of a side that has sent. */
static void
test_vlan_key(void **state)
{
	(void)state;
	w.ledger.emit.vlan_key = true;
	f.key.vrf = 7 ^ key_vlans(100, 0xffff);
	CAME(0, .vlan = 100);
	f.life = LIFE_SENT_LO;
	ROW("vrf", "flow 0 vrf=7");
	CAME(1, .vlan = 100);
	CAME(0, .nencap = 0);
	f.life = LIFE_SENT_HI;
	ROW("vrf", "flow 0 vrf=7");
}

static void
test_head(void **state)
{
	(void)state;
	b.start = AT(5000);
	b.stime = AT(5100);
	b.ltime = AT(9000);
	b.flags = RFLAGS_start | RFLAGS_flipped;
	b.state = STATE_CON;
	ROW("bstart bend probe stime ltime flowid trans dirq dirq_t state cause conn",
	    "flow 5 start+flipped bstart=5000 bend=10000 probe=p stime=5100 ltime=9000 flowid=99 trans=1 dirq=2 "
	    "dirq_t=0 state=CON");
	b.flags = RFLAGS_end;
	b.cause = CAUSE_evict;
	b.conn = CONN_SF;
	f.otime = AT(5000); /* decided in this bin: nothing to say */
	ROW("trans dirq dirq_t cause conn", "flow 5 end trans=0 dirq=2 cause=evict conn=SF");
}

/* --- what it counted */

static void
test_volume(void **state)
{
	(void)state;
	b.pkts[0] = 3;
	b.bytes[0] = 300;
	b.ipbytes[0] = 250;
	b.payload[0] = 200;
	b.firsts[0] = 1;
	b.ipg_sum[0] = 40;
	b.ipg_sumsq[0] = 1000;
	b.ttlmin[0] = 60;
	b.ttlmax[0] = 64;
	b.dscp[0] = 46;
	ROW("spkts sbytes sipbytes spayload sipg_n sipg_sum sipg_sumsq sttlmin sttlmax",
	    "flow 0 spkts=3 sbytes=300 sipbytes=250 spayload=200 sipg_n=2 sipg_sum=40 sipg_sumsq=1000 sttlmin=60 "
	    "sttlmax=64");
	ROW("sdscp sdscps sect0 sect1 sce sfrags sfragok", "flow 0 sdscp=46 sdscps=1 sect0=0 sect1=0 sce=0 sfrags=0");
	/* the other side sent nothing: 0 is known, what only a packet can have is not */
	ROW("dpkts dbytes dipbytes dpayload dipg_n dipg_sum dipg_sumsq dttlmin dttlmax ddscp ddscps dect0 dect1 dce "
	    "dfrags",
	    "flow 0 dpkts=0 dbytes=0 dipbytes=0 dpayload=0 dipg_n=0 dfrags=0");
	f.src = 1; /* the other way round */
	ROW("spkts dpkts dbytes dipg_n dttlmin ddscp sttlmin", "flow 0 spkts=0 dpkts=3 dbytes=300 dipg_n=2 dttlmin=60 "
	    "ddscp=46");
	f.key.af = 0;
	ROW("dpkts dttlmin ddscp sfrags dfrags", "flow 0 dpkts=3");
}

static void
test_cells(void **state)
{
	static const struct tos tos = { .dscps = { 3, 0 }, .ect0 = { 4, 0 }, .ect1 = { 5, 0 }, .ce = { 6, 0 } };
	static const struct frag_counts frag = { .fragb = { 1, 2 }, .frags = { 3, 4 }, .fragdg = { 5, 6 },
		.fragok = { 7, 8 },
		.fraginc = { 9, 10 }, .fragorph = { 11, 12 }, .fragovl = { 13, 14 }, .fragdup = { 15, 16 },
		    .fragooo = { 17, 18 },
		.fragtiny = { 19, 20 }, .fragbad = { 21, 22 }, .fragatom = { 23, 24 } };

	(void)state;
	b.pkts[0] = 1;
	ROW_WITH({ .tos = &tos }, "sdscps sect0 sect1 sce ddscps", "flow 0 sdscps=3 sect0=4 sect1=5 sce=6");
	ROW_WITH({ .frag = &frag }, "sfragb sfrags sfragdg sfragok sfraginc sfragorph sfragovl sfragdup sfragooo "
	    "sfragtiny sfragbad sfragatom", "flow 0 sfragb=1 sfrags=3 sfragdg=5 sfragok=7 sfraginc=9 sfragorph=11 "
	    "sfragovl=13 sfragdup=15 sfragooo=17 sfragtiny=19 sfragbad=21 sfragatom=23");
	f.src = 1;
	ROW_WITH({ .frag = &frag }, "sfragb sfrags sfragdg sfragok sfraginc sfragorph sfragovl sfragdup sfragooo "
	    "sfragtiny sfragbad sfragatom", "flow 0 sfragb=2 sfrags=4 sfragdg=6 sfragok=8 sfraginc=10 sfragorph=12 "
	    "sfragovl=14 sfragdup=16 sfragooo=18 sfragtiny=20 sfragbad=22 sfragatom=24");
}

/* --- what it looked like */

/* A side's own address once it has sent, else what the other side called it. */
static const struct mac_case {
	uint8_t sent, seen;
	const char *row;
} macs[] = { /* own addresses 1108152157446 and 2, called 3 and 4 */
	{ 0, 3, "" },
	{ 1, 1, " smac=1108152157446 dmac=4" },
	{ 1 | 2, 3, " smac=1108152157446 dmac=2" },
	{ 1 | 2, 1, " smac=1108152157446 dmac=4" }, /* the other one sent in a later bin only */
	{ 1 | 2, 2, " smac=3 dmac=2" },
};

static void
test_macs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		char want[100];

		if (macs[i].sent & 1)
			CAME(0, .facts = FACT_MAC, .smac = 1108152157446, .dmac = 4);
		if (macs[i].sent & 2)
			CAME(1, .facts = FACT_MAC, .smac = 2, .dmac = 3);
		b.seen = macs[i].seen;
		snprintf(want, sizeof(want), "flow 0%s", macs[i].row);
		ROW("smac dmac", want);
	}
	f.src = 1;
	ROW("smac dmac", "flow 0 smac=2 dmac=3");
	CAME(1, .smac = 9, .dmac = 9); /* without the fact that there are any */
	ROW("smac dmac", "flow 0 smac=4");
}

/* Attributes of the sides that sent in the bin; `ohash` of the source's, if it had sent by then. */
static void
test_attributes(void **state)
{
	const char *wanted = "ohash svlan dvlan sivlan divlan smpls dmpls sencap dencap";

	(void)state;
	CAME(0, .vlan = 100, .mpls = 16, .ohash = 5, .nencap = 2, .encap = { { 100, ENCAP_VLAN }, { 7, ENCAP_GRE } });
	CAME(1, .ivlan = 0, .ohash = 6, .nencap = 1, .encap = { { ENCAP_NOID, ENCAP_IPIP } });
	ROW(wanted, "flow 0"); /* END only */
	b.pkts[0] = 1;
	b.seen = 1;
	ROW(wanted, "flow 0 ohash=5 svlan=100 smpls=16 sencap=q100/gre:7");
	b.pkts[1] = 1;
	b.seen = 3;
	ROW(wanted, "flow 0 ohash=5 svlan=100 divlan=0 smpls=16 sencap=q100/gre:7 dencap=ipip");
	b.pkts[0] = 0;
	b.seen = 2;
	ROW(wanted, "flow 0 ohash=6 divlan=0 dencap=ipip");
	f.src = 1;
	ROW(wanted, "flow 0 ohash=6 sivlan=0 sencap=ipip");
}

static const struct encap_case {
	uint8_t n, kind[4];
	uint32_t id[4];
	const char *text;
} encaps[] = {
	{ 2, { ENCAP_VLAN, ENCAP_VLAN }, { 7, 8 }, "q7/q8" },
	{ 2, { ENCAP_MPLS, ENCAP_PPPOE }, { 16, 3 }, "mpls:16/pppoe:3" },
	{ 3, { ENCAP_IPIP, ENCAP_6IN4, ENCAP_UDP }, { ENCAP_NOID, ENCAP_NOID, ENCAP_NOID }, "ipip/6in4/udp" },
	{ 4, { ENCAP_GRE, ENCAP_GRE, ENCAP_ERSPAN, ENCAP_AH }, { ENCAP_NOID, 0, 5, ENCAP_NOID },
	    "gre/gre:0/erspan:5/ah" },
	{ 4, { ENCAP_VXLAN, ENCAP_GENEVE, ENCAP_GTPU, ENCAP_L2TP }, { 1, 2, 3, 4 }, "vxlan:1/geneve:2/gtp:3/l2tp:4" },
	{ 1, { ENCAP_TEREDO }, { ENCAP_NOID }, "teredo" },
};

static void
test_encaps(void **state)
{
	(void)state;
	b.pkts[0] = 1;
	for (size_t i = 0; i < sizeof(encaps) / sizeof(encaps[0]); i++) {
		const struct encap_case *c = &encaps[i];
		struct packet p = { .mpls = UINT32_MAX, .nencap = c->n };
		char want[100];

		for (int k = 0; k < c->n; k++) {
			p.encap[k].kind = c->kind[k];
			p.encap[k].id = c->id[k];
		}
		came(0, &p);
		snprintf(want, sizeof(want), "flow 0 sencap=%s", c->text);
		ROW("smpls sencap", want);
	}
}

/* As deep as it gets, with the longest names: all of it fits. */
static void
test_deepest(void **state)
{
	struct packet p = { .mpls = UINT32_MAX, .nencap = ENCAP_DEPTH };
	char want[200] = "flow 0 sencap=";

	(void)state;
	b.pkts[0] = 1;
	for (int i = 0; i < ENCAP_DEPTH; i++) {
		p.encap[i].kind = ENCAP_ERSPAN;
		p.encap[i].id = UINT32_MAX - 1;
		strcat(want, i > 0 ? "/erspan:4294967294" : "erspan:4294967294");
	}
	came(0, &p);
	ROW("sencap", want);
}

/* --- END rows: what is known of the end, and nothing that is counted */

static void
test_end(void **state)
{
	const char *wanted = "saddr sport flowid trans dirq dirq_t state cause conn spkts sbytes stime sfrags svlan";

	(void)state;
	CAME(0, .vlan = 9);
	emit_end(&w.ledger.emit, &f, AT(5000), CAUSE_fin, &(struct ending){ .conn = CONN_SF, .state = STATE_CLO });
	EXPECT(&w, wanted, "flow 5 end saddr=.1 sport=4000 flowid=99 trans=0 dirq=2 dirq_t=0 state=CLO cause=fin "
	    "conn=SF");
	emit_end(&w.ledger.emit, &f, AT(0), CAUSE_idle, &(struct ending){ .state = STATE_TIM });
	EXPECT(&w, wanted, "flow 0 end saddr=.1 sport=4000 flowid=99 trans=0 dirq=2 state=TIM cause=idle");
}

/* --- CORR rows: of what is counted that which is not zero */

static void
correct(const struct frag_counts *frag)
{
	emit_correction(&w.ledger.emit, &(struct told){ .track = w.track, .f = &f, .b = &b, .frag = frag });
}

static void
test_correction(void **state)
{
	static const struct frag_counts none, one = { .fraginc = { 1 } };
	const char *wanted = "bend probe proto saddr daddr sport dport vrf flowid trans dirq dirq_t spkts sbytes "
	    "sipg_n sfrags sfragok sfraginc dfraginc svlan dvlan stime state cause health";

	(void)state;
	CAME(0, .vlan = 9); /* though neither has a packet here */
	CAME(1, .vlan = 8);
	f.otime = AT(-5000);
	correct(&none);
	assert_int_equal(w.ledger.emit.records, 0);
	correct(&one);
	EXPECT(&w, wanted, "corr 0 bend=5000 probe=p proto=17 saddr=.1 daddr=.2 sport=4000 dport=80 vrf=0 flowid=99 "
	    "trans=0 dirq=2 dirq_t=-5000 sfraginc=1 svlan=9 dvlan=8");
	b.pkts[1] = 2;
	correct(NULL);
	EXPECT(&w, "spkts dpkts sfraginc trans", "corr 0 dpkts=2 trans=0");
}

/* --- MAR rows */

static void
test_mar(void **state)
{
	struct stat_set s = { .frames = 3, .active = 7 };
	const struct batch *batch;

	(void)state;
	emit_mar(&w.ledger.emit, AT(5000), &s, AT(11000), true);
	batch = world_batch(&w);
	assert_int_equal(sim_get(batch, F_rectype, 0), RECTYPE_MAR);
	assert_int_equal(sim_get(batch, F_flags, 0), RFLAGS_late);
	assert_int_equal(sim_get(batch, F_bstart, 0), AT(5000));
	assert_int_equal(sim_get(batch, F_bend, 0), AT(10000));
	assert_int_equal(sim_get(batch, F_watermark, 0), AT(11000));
	assert_int_equal(sim_get(batch, F_frames, 0), 3);
	assert_int_equal(sim_get(batch, F_active, 0), 7);
	assert_true(column_has(batch->col[F_filt_pkts], 0));
	assert_false(column_has(batch->col[F_ps_recv], 0) || column_has(batch->col[F_proto], 0));
}

/* --- bins in which the kernel dropped packets */

static bool
is_marked(int64_t ms)
{
	const struct batch *batch;

	b.start = AT(ms);
	emit_bin(&w.ledger.emit, &(struct told){ .track = w.track, .f = &f, .b = &b });
	batch = world_batch(&w);
	return ((sim_get(batch, F_flags, batch->rows - 1) & RFLAGS_capdrop) != 0);
}

static void
test_dropped(void **state)
{
	struct emit *e = &w.ledger.emit;

	(void)state;
	emit_dropped(e, AT(7000), AT(10000));
	assert_true(!is_marked(0) && is_marked(5000) && is_marked(10000) && !is_marked(15000));
	emit_dropped(e, AT(16000), AT(16100)); /* goes on: one range */
	assert_int_equal(e->ndrops, 1);
	assert_true(is_marked(5000) && is_marked(15000));
	emit_dropped(e, AT(5000), AT(6000)); /* within */
	assert_int_equal(e->ndrops, 1);
	assert_true(is_marked(15000) && !is_marked(20000));
	emit_dropped(e, AT(0), AT(1000)); /* before it: another one */
	assert_int_equal(e->ndrops, 2);
	assert_true(is_marked(0) && is_marked(15000));
	for (int i = 1; i <= EMIT_DROPS; i++) /* the oldest is forgotten */
		emit_dropped(e, AT(100000 * i), AT(100000 * i));
	assert_int_equal(e->ndrops, EMIT_DROPS);
	assert_true(!is_marked(5000) && is_marked(100000) && is_marked(100000 * EMIT_DROPS));
	emit_correction(e, &(struct told){ .track = w.track, .f = &f, .b = &b,
	    .frag = &(struct frag_counts){ .fragok = { 1 } } });
	(void)world_batch(&w);
	assert_true(sim_get(e->batch, F_flags, e->batch->rows - 1) & RFLAGS_capdrop);
}

/* --- batches */

static unsigned given;

static struct batch *
take(void *arg, struct batch *batch)
{
	assert_ptr_equal(arg, &given);
	given += batch->rows;
	batch_reset(batch);
	return (batch);
}

static void
test_flush(void **state)
{
	struct emit e;
	static const struct stat_set none;

	(void)state;
	given = 0;
	emit_init(&e, (struct sink){ .put = take, .arg = &given }, "p", SEC);
	emit_flush(&e); /* nothing to give */
	for (unsigned i = 1; i < BATCH_ROWS; i++)
		emit_mar(&e, 0, &none, 0, false);
	assert_int_equal(given, 0);
	emit_mar(&e, 0, &none, 0, false); /* full */
	assert_int_equal(given, BATCH_ROWS);
	emit_mar(&e, 0, &none, 0, false);
	emit_flush(&e);
	emit_flush(&e);
	assert_int_equal(given, BATCH_ROWS + 1);
	assert_int_equal(e.records, BATCH_ROWS + 1);
	emit_free(&e);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_key),
		TEST(test_vlan_key),
		TEST(test_head),
		TEST(test_volume),
		TEST(test_cells),
		TEST(test_macs),
		TEST(test_attributes),
		TEST(test_encaps),
		TEST(test_deepest),
		TEST(test_end),
		TEST(test_correction),
		TEST(test_mar),
		TEST(test_dropped),
		TEST(test_flush),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

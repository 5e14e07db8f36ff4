/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_derive.c: derived columns, calculated by hand.
 */
#include "format/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BSTART 1700000000000000000

/* A two-way TCP record of a bin of 5 s. */
static void
tcp_record(struct flow *f)
{
	flow_clear(f);
	SET(f, rectype, RECTYPE_FLOW);
	SET(f, flags, RFLAGS_start | RFLAGS_end);
	SET(f, bstart, BSTART);
	SET(f, bend, BSTART + 5000000000);
	SET(f, stime, BSTART + 1000000);
	SET(f, ltime, BSTART + 1501002999);
	SET(f, proto, 6);
	SET(f, dirq, 3);
	SET(f, spkts, 10);
	SET(f, dpkts, 15);
	SET(f, sbytes, 1000);
	SET(f, dbytes, 20000);
	SET(f, sdatasegs, 4);
	SET(f, ddatasegs, 12);
	SET(f, srtxup, 1);
	SET(f, srtxdn, 0);
	SET(f, drtxup, 2);
	SET(f, drtxdn, 1);
	SET(f, sspur, 1);
	SET(f, sipg_sum, 100000); /* 10, 20, 30, 40 ms */
	SET(f, sipg_sumsq, 3000000000);
	SET(f, sipg_n, 4);
	SET(f, dipg_sum, 60000); /* 20 ms, three times */
	SET(f, dipg_sumsq, 1200000000);
	SET(f, dipg_n, 3);
	SET(f, synack_sum, 30001);
	SET(f, synack_n, 2);
	SET(f, scapmiss, 100);
	SET(f, scapfix, 140);
	SET(f, dcapmiss, 1040);
	SET(f, snewbytes, 3000);
	SET(f, dnewbytes, 1000);
	SET(f, sackev, 6);
	SET(f, dackev, 10);
	SET(f, sackgap, 1);
	SET(f, dackgap, 3);
}

static struct batch *
one(const struct flow *f)
{
	struct batch *b = batch_new(4);

	batch_add(b, f);
	return (b);
}

static void
test_numbers(void **state)
{
	static const struct {
		enum field f;
		uint64_t want;
	} cases[] = {
		{ F_dur, 1500002 },   /* 1500.002999 ms, cut to us */
		{ F_pkts, 25 },
		{ F_bytes, 21000 },
		{ F_sloss, 1 },
		{ F_dloss, 3 },
		{ F_loss, 4 },
		{ F_srtx, 2 },        /* and the spurious one */
		{ F_drtx, 3 },
		{ F_synack, 15000 },  /* 30001 / 2, cut */
		{ F_sgap, (uint64_t)-40 },
		{ F_sipg, 25000 },
		{ F_sipgdev, 11180 }, /* of 125000000 */
		{ F_dipg, 20000 },
		{ F_dipgdev, 0 },
	};
	struct flow f;
	struct batch *b;

	(void)state;
	tcp_record(&f);
	b = one(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct column *c = batch_derive(b, cases[i].f);

		if (!column_has(c, 0) || c->u[0] != cases[i].want)
			fail_msg("%s: %lld", fields[cases[i].f].name, c == NULL ? -1ll : (long long)c->i[0]);
	}
	batch_free(&b);
}

static void
test_reals(void **state)
{
	static const struct {
		enum field f;
		double want;
	} cases[] = {
		{ F_blen, 5.0 },
		{ F_sploss, 25.0 },          /* 1 of 4 */
		{ F_dploss, 25.0 },          /* 3 of 12 */
		{ F_ploss, 25.0 },           /* 4 of 16 */
		{ F_sload, 1600.0 },         /* 8 * 1000 / 5 */
		{ F_load, 33600.0 },         /* 8 * 21000 / 5 */
		{ F_srate, 2.0 },
		{ F_drate, 3.0 },
		{ F_rate, 5.0 },
		{ F_pcaploss, 25.0 },        /* 4 of 16 */
		{ F_pcapmiss, 20.0 },        /* 100 - 140 + 1040 of that and 4000 */
	};
	struct flow f;
	struct batch *b;

	(void)state;
	tcp_record(&f);
	b = one(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct column *c = batch_derive(b, cases[i].f);

		if (!column_has(c, 0) || c->r[0] < cases[i].want - 1e-9 || c->r[0] > cases[i].want + 1e-9)
			fail_msg("%s", fields[cases[i].f].name);
	}
	batch_free(&b);
}

static double
real_of(const struct flow *f, enum field d, bool *there)
{
	struct batch *b = one(f);
	const struct column *c = batch_derive(b, d);
	double v = 0;

	*there = column_has(c, 0);
	if (*there)
		v = c->r[0];
	batch_free(&b);
	return (v);
}
#define REAL_IS(f, d, want)                                             \
	do {                                                            \
		bool there_;                                            \
		double v_ = real_of(f, d, &there_);                     \
		if (!there_ || v_ < (want) - 1e-6 || v_ > (want) + 1e-6) \
			fail_msg("%s: %f", fields[d].name, v_);         \
	} while (0)
#define IS_ABSENT(f, d)                            \
	do {                                       \
		bool there_;                       \
		(void)real_of(f, d, &there_);      \
		assert_false(there_);              \
	} while (0)

/* What a connection got through, how far its ends are apart, and what its losses are. */
static void
test_connection(void **state)
{
	struct flow f;

	(void)state;
	flow_clear(&f);
	SET(&f, stime, BSTART);
	SET(&f, ltime, BSTART + 2000000000);
	IS_ABSENT(&f, F_throughput);
	SET(&f, spayload, 500);
	SET(&f, dpayload, 50);
	IS_ABSENT(&f, F_throughput); /* of no flow */
	SET(&f, flowid, 7);
	REAL_IS(&f, F_throughput, 2200.0); /* 8 * 550 / 2 */
	REAL_IS(&f, F_sthroughput, 2000.0);
	REAL_IS(&f, F_dthroughput, 200.0);
	SET(&f, snewbytes, 400); /* TCP: 100 bytes were sent again */
	SET(&f, dnewbytes, 0);
	REAL_IS(&f, F_throughput, 1600.0);
	REAL_IS(&f, F_dthroughput, 0.0);
	SET(&f, ltime, BSTART);
	IS_ABSENT(&f, F_throughput);

	IS_ABSENT(&f, F_latency);
	SET(&f, tcprtt_sum, 42000);
	SET(&f, tcprtt_n, 2);
	REAL_IS(&f, F_latency, 21.0);
	SET(&f, rtts_sum, 3001);
	SET(&f, rtts_n, 2);
	REAL_IS(&f, F_latency, 21.0); /* one side alone is not end to end */
	SET(&f, rttd_sum, 60000);
	SET(&f, rttd_n, 3);
	SET(&f, rtt_n, 2);
	SET(&f, rtt_sum, 43001); /* 2 * (1500.5 + 20000) */
	REAL_IS(&f, F_latency, 21.5005);

	IS_ABSENT(&f, F_lossmix);
	SET(&f, srtxup, 0);
	IS_ABSENT(&f, F_lossmix);
	SET(&f, dlost, 3);
	SET(&f, dfix, 1);
	{
		struct batch *b = one(&f);

		assert_int_equal(batch_derive(b, F_lossmix)->u[0], 1);
		assert_int_equal(batch_derive(b, F_loss)->i[0], 2);
		batch_free(&b);
	}
}

static void
test_texts(void **state)
{
	static const struct {
		const char *msg;
		uint64_t proto, dirq, spkts, dpkts;
		const char *want;
	} cases[] = {
		{ "both, seen", 6, 3, 1, 1, "<->" },
		{ "TCP by first sender", 6, 1, 1, 1, "<?>" },
		{ "TCP by first sender, one way", 6, 1, 1, 0, "?>" },
		{ "UDP by first sender", 17, 1, 1, 0, "->" },
		{ "only the destination", 17, 1, 0, 4, "<-" },
		{ "nobody", 6, 3, 0, 0, "-" },
	};
	struct flow f;
	struct batch *b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct column *c;

		flow_clear(&f);
		SET(&f, proto, cases[i].proto);
		SET(&f, dirq, cases[i].dirq);
		SET(&f, spkts, cases[i].spkts);
		SET(&f, dpkts, cases[i].dpkts);
		b = one(&f);
		c = batch_derive(b, F_dir);
		if (!column_has(c, 0) || c->b[0].n != strlen(cases[i].want) ||
		    memcmp(c->b[0].p, cases[i].want, c->b[0].n) != 0)
			fail_msg("%s", cases[i].msg);
		batch_free(&b);
	}
	tcp_record(&f);
	b = one(&f);
	assert_memory_equal(batch_derive(b, F_flgs)->b[0].p, " * r  g ", 8);
	batch_free(&b);
}

/* Absent is not zero; mixed needs make a mixed result. */
static void
test_states(void **state)
{
	struct flow f;
	struct batch *b;

	(void)state;
	flow_clear(&f);
	SET(&f, bstart, BSTART);
	SET(&f, dpkts, 3);
	bit_set(f.mixed, F_sjit_n);
	b = one(&f);
	assert_false(column_has(batch_derive(b, F_loss), 0));
	assert_false(column_has(batch_derive(b, F_ploss), 0));
	assert_false(column_has(batch_derive(b, F_dur), 0));
	assert_false(column_has(batch_derive(b, F_bytes), 0));
	assert_true(column_has(batch_derive(b, F_pkts), 0)); /* one side alone */
	assert_int_equal(b->col[F_pkts]->u[0], 3);
	assert_false(column_has(batch_derive(b, F_rate), 0)); /* the bin's end is not known */
	assert_false(column_has(batch_derive(b, F_sjit), 0));
	assert_true(column_mixed(batch_derive(b, F_sjit), 0));
	batch_free(&b);
}

static void
test_cid(void **state)
{
	struct flow f;
	struct batch *b;
	struct ip s, d;

	(void)state;
	flow_clear(&f);
	assert_true(ip_parse("128.232.110.120", 15, &s));
	assert_true(ip_parse("66.35.250.204", 13, &d));
	SET(&f, proto, 6);
	SET_IP(&f, saddr, s);
	SET_IP(&f, daddr, d);
	SET(&f, sport, 34855);
	SET(&f, dport, 80);
	b = one(&f);
	SET(&f, smask, 24); /* a prefix is not a conversation */
	batch_add(b, &f);
	assert_true(column_has(batch_derive(b, F_cid), 0));
	assert_int_equal(b->col[F_cid]->b[0].n, 30);
	assert_memory_equal(b->col[F_cid]->b[0].p, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", 30);
	assert_false(column_has(b->col[F_cid], 1));
	batch_free(&b);
}

/* Replay windows: a lag of 2^k..2^(k+1)-1 is in bucket k; a window W = 2^k drops buckets k and above. */
static void
test_windows(void **state)
{
	static const uint8_t lags[] = { 0, 7, 4, 5, 0, 2, 5, 1 }; /* bucket 0: 7, bucket 5: 5, 6: 2, 12: 1 */
	struct flow f;
	struct batch *b;

	(void)state;
	flow_clear(&f);
	SET(&f, suniq, 60);
	SET(&f, slate, 15);
	SET(&f, sdup, 20);
	SET(&f, slost, 9);
	SET(&f, sfix, 2);
	SET(&f, sstale, 1);
	SET(&f, sfraginc, 4);
	SET_BLOB(&f, slaghist, lags, sizeof(lags));
	SET(&f, duniq, 3);
	b = one(&f);
	assert_int_equal(batch_derive(b, F_srpl32)->u[0], 8);
	assert_int_equal(batch_derive(b, F_srpl64)->u[0], 3);
	assert_int_equal(batch_derive(b, F_srpl128)->u[0], 1);
	assert_int_equal(batch_derive(b, F_srpl4096)->u[0], 1);
	assert_int_equal(batch_derive(b, F_seffloss)->i[0], 9 - 2 + 3 - 1 + 4);
	assert_true(batch_derive(b, F_sreorder)->r[0] == 25.0);
	assert_true(batch_derive(b, F_spdup)->r[0] == 25.0);
	assert_true(column_has(batch_derive(b, F_drpl64), 0)); /* nothing late: none, and known */
	assert_int_equal(batch_derive(b, F_drpl64)->u[0], 0);
	batch_free(&b);
}

/* Round trips: quarter octaves of us; a percentile is the bound of the bucket that holds the nearest rank. */
static void
test_round_trips(void **state)
{
	/* 100 of the source's: 90 in bucket 52 (16384..20479), 5 in 58 (49152..57343), 4 in 64 (131072..163839), 1 in 124 */
	static const uint8_t src[] = { 52, 90, 5, 5, 5, 4, 59, 1 };
	static const uint8_t dst[] = { 3, 1, 4, 1 }; /* 2 of the destination's: bucket 3 (3), 8 (8..9) */
	static const uint8_t dns[] = { 35, 200, 1, 12, 3 }; /* 200 in bucket 35 (896..1023), 3 in 48 (8192..10239) */
	static const struct {
		enum field f;
		uint64_t want;
	} cases[] = {
		{ F_rtts, 25000 },      /* 2500099 / 100, cut */
		{ F_rttd, 5 },          /* 11 / 2, cut */
		{ F_rtt, 25006 },       /* 50012 / 2 */
		{ F_rttmin, 16503 },
		{ F_rttsjit, 101 },     /* 9999 / 99 */
		{ F_rttdjit, 5 },
		{ F_rtts_p50, 20479 },
		{ F_rtts_p95, 57343 },  /* the 95th of 100 */
		{ F_rtts_p99, 163839 },
		{ F_rttd_p50, 3 },
		{ F_rttd_p95, 9 },
		{ F_rttd_p99, 9 },
		{ F_rt, 1000 },
		{ F_rt_p50, 1023 },
		{ F_rt_p95, 1023 },     /* rank 193 of 203 */
		{ F_rt_p99, 10239 },    /* rank 201 */
	};
	struct flow f;
	struct batch *b;

	(void)state;
	flow_clear(&f);
	SET(&f, rtts_n, 100);
	SET(&f, rtts_sum, 2500099);
	SET(&f, rtts_min, 16500);
	SET(&f, rtts_dsum, 9999);
	SET_BLOB(&f, rtts_hist, src, sizeof(src));
	SET(&f, rttd_n, 2);
	SET(&f, rttd_sum, 11);
	SET(&f, rttd_min, 3);
	SET(&f, rttd_dsum, 5);
	SET_BLOB(&f, rttd_hist, dst, sizeof(dst));
	SET(&f, rtt_n, 2);
	SET(&f, rtt_sum, 50012); /* 2 * 2500099 / 100 + 2 * 11 / 2, each cut */
	SET(&f, rt_n, 203);
	SET(&f, rt_sum, 203000);
	SET_BLOB(&f, rt_hist, dns, sizeof(dns));
	b = one(&f);
	/* only one leg, and that only by a pure ACK: there is a shortest one and nothing else */
	flow_clear(&f);
	SET(&f, rtts_min, 100);
	batch_add(b, &f);
	/* one sample has no jitter */
	flow_clear(&f);
	SET(&f, rttd_n, 1);
	SET(&f, rttd_sum, 11);
	SET(&f, rttd_dsum, 4);
	batch_add(b, &f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct column *c = batch_derive(b, cases[i].f);

		if (!column_has(c, 0) || c->u[0] != cases[i].want)
			fail_msg("%s: %lld", fields[cases[i].f].name, c == NULL ? -1ll : (long long)c->u[0]);
		if (column_has(c, 1) || column_has(c, 2) != (cases[i].f == F_rttd))
			fail_msg("%s of nothing", fields[cases[i].f].name);
	}
	batch_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_reals),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_cid),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_round_trips),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/rtt.c: round trips; every expected value is calculated by hand.  lo (0) is the source.
 */
#include "probe/track/rtt.h"

#include "tests/unit/probe/row.h"

#include "format/base/clock.h"
#include "probe/track/track.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LO, HI };

static struct track *track;
static struct rtt_flow flow;
static struct rtt_bin bin;

static int
setup(void **state)
{
	(void)state;
	track = track_new(NULL, 100, 1, NULL);
	memset(&flow, 0, sizeof(flow));
	memset(&bin, 0, sizeof(bin));
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	rtt_end_bin(track, &bin);
	rtt_end_flow(track, &flow);
	assert_int_equal(track->rtt_ring.used + track->rtt_leg.used + track->rtt_dense.used, 0);
	track_free(&track);
	return (0);
}

/* A segment with timestamps, t in us. */
static void
stamps(int side, int64_t t, uint32_t tsval, uint32_t tsecr, bool data)
{
	struct packet p = { .facts = FACT_TCP | FACT_TCPTS, .ts = t * USEC,
		.tcp = { .flags = TCP_ACK, .tsval = tsval, .tsecr = tsecr } };

	rtt_stamps(track, &flow, &bin, side, &p, data, p.ts);
}

/* Until the next call. */
static const struct rtt_leg *
leg_of(const struct rtt_bin *b, int leg)
{
	static struct rtt_leg one;

	return (rtt_leg(track, b, leg, &one));
}

static uint32_t
samples(int leg)
{
	const struct rtt_leg *l = leg_of(&bin, leg);

	return (l == NULL ? 0 : l->n);
}

static void
record(struct flow *r)
{
	rtt_fill(track, &bin, LO, row());
	row_get(r);
}

#define VALUE(r, f) (assert_true(HAS_FIELD(r, f)), (r)->v[F_##f].u)

/* R1 */
static void
test_handshake(void **state)
{
	struct flow r;

	(void)state;
	rtt_synack(track, &flow, &bin, HI, 0, 20 * MSEC);
	assert_int_equal(rtt_full_min(&flow), 0); /* one leg alone */
	rtt_ackdat(track, &flow, &bin, LO, 20 * MSEC, 21 * MSEC);
	record(&r);
	assert_int_equal(VALUE(&r, rttd_n), 1);
	assert_int_equal(VALUE(&r, rttd_sum), 20000);
	assert_int_equal(VALUE(&r, rttd_min), 20000);
	assert_int_equal(VALUE(&r, rttd_max), 20000);
	assert_int_equal(VALUE(&r, rttd_dsum), 0);
	assert_int_equal(VALUE(&r, rtts_sum), 1000);
	assert_int_equal(VALUE(&r, synack_sum), 20000);
	assert_int_equal(VALUE(&r, ackdat_min), 1000);
	assert_int_equal(VALUE(&r, tcprtt_max), 21000);
	assert_int_equal(VALUE(&r, tcprtt_n), 1);
	assert_int_equal(VALUE(&r, rttm), RTTM_hs);
	assert_int_equal(rtt_full_min(&flow), 21000);
	/* the other way round */
	rtt_fill(track, &bin, HI, row());
	row_get(&r);
	assert_int_equal(VALUE(&r, rtts_sum), 20000);
	assert_int_equal(VALUE(&r, rttd_sum), 1000);
}

/* R2: the SYN was sent again, so only the source's leg is measured. */
static void
test_karn_handshake(void **state)
{
	struct flow r;

	(void)state;
	rtt_ackdat(track, &flow, &bin, LO, 1020 * MSEC, 1021 * MSEC);
	record(&r);
	assert_false(HAS_FIELD(&r, rttd_n));
	assert_false(HAS_FIELD(&r, rttd_min));
	assert_false(HAS_FIELD(&r, rttd_hist));
	assert_false(HAS_FIELD(&r, synack_n));
	assert_false(HAS_FIELD(&r, tcprtt_n));
	assert_int_equal(VALUE(&r, rtts_sum), 1000);
	assert_int_equal(VALUE(&r, ackdat_sum), 1000);
	assert_int_equal(rtt_full_min(&flow), 0);
}

/* R3 */
static void
test_stamps(void **state)
{
	struct flow r;

	(void)state;
	stamps(LO, 1000000, 100, 7, true);
	stamps(LO, 1002000, 100, 7, true);
	stamps(HI, 1050000, 8, 100, false);
	stamps(HI, 1052000, 9, 100, false);
	record(&r);
	assert_int_equal(VALUE(&r, rttd_n), 1);
	assert_int_equal(VALUE(&r, rttd_sum), 50000);
	assert_int_equal(VALUE(&r, rttm), RTTM_ts);
	/* 50000 is in 49152..57343, bucket 4 * 14 + 2 = 58 */
	assert_int_equal(r.v[F_rttd_hist].b.n, 2);
	assert_memory_equal(r.v[F_rttd_hist].b.p, "\x3a\x01", 2);
}

/* What came on a pure ACK may be answered late: it can lower the minimum, no more. */
static void
test_pure(void **state)
{
	struct flow r;

	(void)state;
	stamps(LO, 0, 100, 7, true);
	stamps(HI, 10000, 50, 100, false); /* 10 ms */
	stamps(LO, 10100, 110, 50, true);  /* of hi's pure ACK: 100 us */
	record(&r);
	assert_int_equal(VALUE(&r, rttd_n), 1);
	assert_int_equal(VALUE(&r, rtts_min), 100);
	assert_false(HAS_FIELD(&r, rtts_n));
	assert_false(HAS_FIELD(&r, rtts_sum));
	assert_false(HAS_FIELD(&r, rtts_max));
	assert_false(HAS_FIELD(&r, rtts_hist));
	assert_int_equal(rtt_full_min(&flow), 10100);
	assert_int_equal(leg_of(&bin, LO)->base, 100);
	stamps(HI, 20000, 60, 110, true);
	stamps(LO, 20900, 120, 60, false); /* of data: 900 us */
	record(&r);
	assert_int_equal(VALUE(&r, rtts_n), 1);
	assert_int_equal(VALUE(&r, rtts_sum), 900);
	assert_int_equal(VALUE(&r, rtts_min), 100);
	assert_int_equal(VALUE(&r, rttd_n), 2);
	assert_int_equal(VALUE(&r, rttd_sum), 19900);
	assert_int_equal(VALUE(&r, rttd_dsum), 100); /* |9900 - 10000| */
}

static void
test_stamps_ignored(void **state)
{
	static const struct {
		const char *msg;
		uint32_t tsval, tsecr; /* of the data */
		uint32_t echo;
		uint32_t facts;
		uint8_t flags;
		int64_t age; /* us */
		uint32_t n;
	} cases[] = {
		{ "a sample", 100, 7, 100, FACT_TCPTS, TCP_ACK, 10000000, 1 },
		{ "age > 10 s", 100, 7, 100, FACT_TCPTS, TCP_ACK, 10000001, 0 },
		{ "before it was sent", 100, 7, 100, FACT_TCPTS, TCP_ACK, -1000, 0 },
		{ "TSval 0", 0, 7, 0, FACT_TCPTS, TCP_ACK, 1000, 0 },
		{ "TSecr 0", 100, 0, 100, FACT_TCPTS, TCP_ACK, 1000, 0 },
		{ "echo of something else", 100, 7, 99, FACT_TCPTS, TCP_ACK, 1000, 0 },
		{ "not sent yet", 100, 7, 101, FACT_TCPTS, TCP_ACK, 1000, 0 },
		{ "no timestamps", 100, 7, 100, 0, TCP_ACK, 1000, 0 },
		{ "the handshake's own", 100, 7, 100, FACT_TCPTS, TCP_SYN | TCP_ACK, 1000, 0 },
		{ "no ACK: TSecr says nothing", 100, 7, 100, FACT_TCPTS, TCP_PSH, 1000, 0 },
		{ "RST", 100, 7, 100, FACT_TCPTS, TCP_RST | TCP_ACK, 1000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet p = { .facts = FACT_TCP | cases[i].facts,
			.tcp = { .flags = cases[i].flags, .tsval = 8, .tsecr = cases[i].echo } };

		stamps(LO, 5000, cases[i].tsval, cases[i].tsecr, true);
		rtt_stamps(track, &flow, &bin, HI, &p, false, (5000 + cases[i].age) * USEC);
		if (samples(HI) != cases[i].n)
			fail_msg("%s: %u", cases[i].msg, samples(HI));
		rtt_end_bin(track, &bin);
		rtt_end_flow(track, &flow);
		memset(&bin, 0, sizeof(bin));
		memset(&flow, 0, sizeof(flow));
	}
}

/* Pure ACKs alone take no memory. */
static void
test_no_data(void **state)
{
	(void)state;
	stamps(LO, 0, 100, 7, false);
	stamps(HI, 1000, 8, 100, false);
	assert_int_equal(flow.ring, 0);
	assert_int_equal(bin.method, 0);
}

static void
test_wrap(void **state)
{
	(void)state;
	stamps(LO, 0, 0xfffffff0, 7, true);
	stamps(LO, 1000, 5, 7, true); /* greater, serially */
	stamps(LO, 2000, 0xfffffff8, 7, true); /* less than that: not kept */
	stamps(HI, 5000, 8, 0xfffffff0, false);
	stamps(HI, 5100, 8, 0xfffffff8, false);
	assert_int_equal(samples(HI), 1);
	stamps(HI, 6000, 9, 5, false);
	assert_int_equal(samples(HI), 2);
	assert_int_equal(leg_of(&bin, HI)->sum, 10000);
}

/* Sixteen wait; those that come while they do are not measured, and what they leave is used again. */
static void
test_ring(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 20; i++) /* a value each ms */
		stamps(LO, 1000 * (int64_t)i, i, 7, true);
	for (uint32_t i = 1; i <= 16; i++)
		stamps(HI, 100000 + 1000 * (int64_t)i, 50 + i, i, false);
	assert_int_equal(samples(HI), 16);
	assert_int_equal(leg_of(&bin, HI)->min, 100000);
	assert_int_equal(leg_of(&bin, HI)->max, 100000);
	for (uint32_t i = 17; i <= 20; i++)
		stamps(HI, 100000 + 1000 * (int64_t)i, 50 + i, i, false);
	assert_int_equal(samples(HI), 16);
	stamps(LO, 130000, 30, 60, true);
	stamps(HI, 230000, 80, 30, false);
	assert_int_equal(samples(HI), 17);
	/* An echo makes room of what came before it, which will not be echoed any more. */
	for (uint32_t i = 31; i <= 46; i++)
		stamps(LO, 231000, i, 80, true);
	stamps(HI, 232000, 81, 40, false);
	assert_int_equal(samples(HI), 18);
	for (uint32_t i = 47; i <= 60; i++)
		stamps(LO, 233000, i, 81, true);
	stamps(HI, 234000, 82, 56, false); /* the tenth of them: ten places had become free */
	assert_int_equal(samples(HI), 19);
	stamps(HI, 234000, 83, 57, false);
	assert_int_equal(samples(HI), 19);
	/* Nor will what is older than 10 s. */
	for (uint32_t i = 100; i <= 115; i++)
		stamps(LO, 300000, i, 83, true);
	stamps(LO, 10300001, 116, 83, true);
	stamps(HI, 10400001, 84, 116, false);
	assert_int_equal(samples(HI), 20);
}

/* Method c, and R4. */
static void
test_acks(void **state)
{
	struct flow r;

	(void)state;
	rtt_sent(&flow, LO, 0xfffffff0, 1 * SEC);
	rtt_sent(&flow, LO, 0x10, 1 * SEC + 1 * MSEC);           /* one at a time */
	rtt_acked(track, &flow, &bin, LO, 0xffffffef, 1 * SEC + 5 * MSEC);  /* not yet */
	assert_int_equal(samples(HI), 0);
	rtt_acked(track, &flow, &bin, LO, 0x10, 1 * SEC + 20 * MSEC);       /* beyond it, wrapped */
	assert_int_equal(samples(HI), 1);
	rtt_acked(track, &flow, &bin, LO, 0x10, 1 * SEC + 30 * MSEC);       /* nothing is timed */
	assert_int_equal(samples(HI), 1);
	rtt_sent(&flow, LO, 0x20, 2 * SEC);
	rtt_void(&flow, LO);                                      /* sent again */
	rtt_acked(track, &flow, &bin, LO, 0x20, 2 * SEC + 350 * MSEC);
	assert_int_equal(samples(HI), 1);
	rtt_sent(&flow, HI, 500, 3 * SEC);                        /* each direction its own */
	rtt_sent(&flow, LO, 0x30, 3 * SEC);
	rtt_acked(track, &flow, &bin, HI, 500, 3 * SEC + 1 * MSEC + 999);   /* 1000.999 us */
	rtt_acked(track, &flow, &bin, LO, 0x30, 3 * SEC + 26 * MSEC);
	record(&r);
	assert_int_equal(VALUE(&r, rttm), RTTM_ack);
	assert_int_equal(VALUE(&r, rtts_n), 1);
	assert_int_equal(VALUE(&r, rtts_sum), 1000);
	assert_int_equal(VALUE(&r, rttd_n), 2);
	assert_int_equal(VALUE(&r, rttd_sum), 46000);
	assert_int_equal(VALUE(&r, rttd_min), 20000);
	assert_int_equal(VALUE(&r, rttd_max), 26000);
	assert_int_equal(VALUE(&r, rttd_dsum), 6000);
	/* 20000: bucket 52; 26000 (24576..28671): 54 */
	assert_int_equal(r.v[F_rttd_hist].b.n, 4);
	assert_memory_equal(r.v[F_rttd_hist].b.p, "\x34\x01\x01\x01", 4);
}

static void
test_not_a_sample(void **state)
{
	(void)state;
	rtt_sent(&flow, LO, 100, 1 * SEC);
	rtt_acked(track, &flow, &bin, LO, 100, 1 * SEC - 1); /* back in time */
	rtt_sent(&flow, LO, 200, 0);
	rtt_acked(track, &flow, &bin, LO, 200, 10 * SEC + 1); /* too late: what answered it was missed */
	assert_int_equal(bin.method, 0);
	rtt_sent(&flow, LO, 300, 0);
	rtt_acked(track, &flow, &bin, LO, 300, 10 * SEC);
	assert_int_equal(samples(HI), 1);
	rtt_sent(&flow, LO, 400, 15 * SEC);
	rtt_acked(track, &flow, &bin, LO, 400, 15 * SEC); /* at once: 0 is a value */
	assert_int_equal(samples(HI), 2);
	assert_int_equal(leg_of(&bin, HI)->min, 0);
}

/* Where there are timestamps nothing else is timed. */
static void
test_one_method(void **state)
{
	(void)state;
	rtt_sent(&flow, LO, 50, 0);
	stamps(LO, 1000, 100, 7, true);
	rtt_sent(&flow, LO, 100, 1 * MSEC);
	rtt_acked(track, &flow, &bin, LO, 100, 2 * MSEC);
	assert_int_equal(bin.method, 0);
	stamps(HI, 2000, 8, 100, false);
	assert_int_equal(samples(HI), 1);
}

/* --- histograms */

static void
one_sample(uint32_t us)
{
	static uint32_t seq;

	seq += 100;
	rtt_sent(&flow, LO, seq, 0);
	rtt_acked(track, &flow, &bin, LO, seq, us * USEC);
}

/* Some buckets lie in the leg, one more makes it take a cell for all; the histogram is the same. */
static void
test_spill(void **state)
{
	uint64_t want[HIST_BUCKETS] = { 0 }, got[HIST_BUCKETS];
	struct flow r;

	(void)state;
	for (unsigned i = 0; i < 40; i++) { /* 13 * i mod 40: all of 0..39, out of order */
		uint32_t us = (uint32_t)hist_bound(HIST_QUARTERS, 13 * i % 40);

		for (unsigned n = 0; n <= i * 10; n++) {
			one_sample(us);
			want[13 * i % 40]++;
		}
		assert_int_equal(leg_of(&bin, HI)->dense != 0, i >= RTT_PAIRS);
		record(&r);
		hist_unpack(r.v[F_rttd_hist].b, got);
		assert_memory_equal(got, want, sizeof(got));
	}
	assert_int_equal(VALUE(&r, rttd_n), 40 * 1 + 10 * (39 * 40 / 2));
}

/* And so does a count that its pair can not hold. */
static void
test_spill_count(void **state)
{
	uint64_t got[HIST_BUCKETS];
	struct flow r;

	(void)state;
	for (unsigned i = 0; i < 70000; i++)
		one_sample(5);
	record(&r);
	hist_unpack(r.v[F_rttd_hist].b, got);
	assert_int_equal(got[5], 70000);
	assert_int_equal(VALUE(&r, rttd_n), 70000);
	assert_int_equal(VALUE(&r, rttd_sum), 350000);
}

/* Bins merged are the whole. */
static void
test_merge(void **state)
{
	static const uint32_t us[] = { 20000, 26000, 19000, 150000, 20, 3, 70000, 21000, 20000, 4000000, 0, 900 };
	static const struct {
		enum field f;
		uint64_t want;
	} want[] = {
		{ F_rttd_n, 12 },
		{ F_rttd_sum, 4326923 },
		{ F_rttd_min, 0 },
		{ F_rttd_max, 4000000 },
		/* 6000 + 7000 + 131000 + 149980 + 17 + 69997 + 49000 + 1000 + 3980000 + 4000000 + 900 */
		{ F_rttd_dsum, 8394894 },
	};
	uint64_t got[HIST_BUCKETS];
	struct arena arena = { 0 };
	struct flow all;

	(void)state;
	flow_clear(&all);
	for (unsigned i = 0; i < 12; i++) {
		one_sample(us[i]);
		if (i == 0 || i == 5 || i == 11) { /* bins of 1, 5 and 6 samples */
			struct flow r;

			record(&r);
			for (int h = F_rtts_hist; h <= F_rttd_hist; h++)
				if (bit_get(r.present, h))
					r.v[h].b.p = arena_copy(&arena, r.v[h].b.p, r.v[h].b.n);
			flow_merge(&all, &r, &arena);
			rtt_end_bin(track, &bin);
			memset(&bin, 0, sizeof(bin));
		}
	}
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(all.v[want[i].f].u, want[i].want);
	hist_unpack(all.v[F_rttd_hist].b, got);
	assert_int_equal(got[52], 3); /* 16384..20479: 20000, 19000, 20000 */
	assert_int_equal(got[0], 1);
	assert_int_equal(got[3], 1);
	assert_int_equal(got[64], 1);
	assert_int_equal(flow.base[HI], 0);
	arena_free(&arena);
}

/* base: the flow's least up to the last sample of the bin, not after it. */
static void
test_base(void **state)
{
	struct rtt_bin first;

	(void)state;
	one_sample(5000);
	one_sample(9000);
	first = bin;
	memset(&bin, 0, sizeof(bin));
	one_sample(8000);
	assert_int_equal(leg_of(&bin, HI)->base, 5000);
	assert_int_equal(leg_of(&bin, HI)->min, 8000);
	one_sample(100);
	assert_int_equal(leg_of(&bin, HI)->base, 100);
	assert_int_equal(leg_of(&first, HI)->base, 5000);
	rtt_end_bin(track, &first);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_handshake),
		CASE(test_karn_handshake),
		CASE(test_stamps),
		CASE(test_pure),
		CASE(test_stamps_ignored),
		CASE(test_no_data),
		CASE(test_wrap),
		CASE(test_ring),
		CASE(test_acks),
		CASE(test_not_a_sample),
		CASE(test_one_method),
		CASE(test_spill),
		CASE(test_spill_count),
		CASE(test_merge),
		CASE(test_base),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_seqno.c: the sequence engine: the vectors of the specification (E1-E14, RT1), and random traces
 * against an oracle that knows sets and nothing else.
 */
#include "probe/seq/seqno.h"

#include "format/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- records by bin, sealed as the probe seals them */

#define BINS 2048

struct world {
	int64_t interval, now; /* ns; now = the clock */
	struct seq_counts bin[BINS];
	struct seq_counts sum;  /* of all bins, corrections apart */
	uint64_t fix, corr_early, corr_badseq, corr_resets, corr_lost, corr_uniq;
	int64_t lost_at;
	uint64_t bin_fix[BINS];
	struct seq_counts blank; /* a correction, to the bin of `at` */
	int64_t at;
};

static bool
sealed(const struct world *w, int64_t bin)
{
	return (w->now >= bin + w->interval + SEC);
}

static struct seq_counts *
there(void *arg, const struct seq_place *p)
{
	struct world *w = arg;

	w->at = p->bin;
	return (sealed(w, p->bin) ? &w->blank : &w->bin[p->bin / w->interval]);
}

static void
done(void *arg)
{
	struct world *w = arg;

	w->fix += w->blank.fix;
	w->bin_fix[w->at / w->interval] += w->blank.fix;
	w->corr_early += w->blank.early;
	w->corr_badseq += w->blank.badseq;
	w->corr_resets += w->blank.resets;
	w->corr_uniq += w->blank.uniq;
	w->corr_lost += w->blank.lost;
	if (w->blank.lost > 0)
		w->lost_at = w->at;
	memset(&w->blank, 0, sizeof(w->blank));
}

static struct seq_trials trials;

static struct seq_sink
sink_at(struct world *w, int64_t t)
{
	int64_t bin = clock_bin(t, w->interval);
	struct seq_sink k = { { .bin = bin, .flowid = 1 }, &w->bin[bin / w->interval], there, done, w, &trials, 0 };

	return (k);
}

static void
feed(struct world *w, struct seqno *s, uint64_t q, int64_t t)
{
	struct seq_sink k;

	if (t > w->now)
		w->now = t;
	k = sink_at(w, t);
	seqno_packet(s, q, t, false, &k);
}

static void
finish(struct world *w, struct seqno *s)
{
	struct seq_sink k = sink_at(w, w->now);

	seqno_end(s, &k);
	for (int i = 0; i < BINS; i++)
		seq_counts_add(&w->sum, &w->bin[i]);
}

/* --- the vectors */

struct step {
	uint64_t q;
	double t; /* 0: 10 ms after the one before */
};

struct vector {
	const char *id;
	unsigned width;
	struct step steps[80];
	int n;
	/* expected over all bins; net = lost - fix */
	uint64_t uniq, net, dup, late, early, gapev, stale, badseq, jumps, jumpskip, resets, wrap, noutage, outage;
	uint64_t nr3, maxgap, lagmax, extmax;
	int lag[3]; /* buckets that hold one packet each; -1 = none */
	uint64_t fix;
};

#define NOLAG { -1, -1, -1 }
#define S(...) { __VA_ARGS__ }, .n = sizeof((struct step[]){ __VA_ARGS__ }) / sizeof(struct step)
#define Q(x) { x, 0 }

static const struct vector vectors[] = {
	{ "E1", 32, S(Q(1), Q(2), Q(3), Q(4), Q(5), Q(6), Q(7), Q(8), Q(9), Q(10)), .uniq = 10, .lag = NOLAG },
	{ "E2", 32, S(Q(1), Q(2), Q(3), Q(6), Q(7), Q(8), Q(9), Q(12)), .uniq = 8, .net = 4, .gapev = 2,
	    .maxgap = 2, .lag = NOLAG },
	{ "E3", 32, S(Q(1), Q(2), Q(4), Q(3), Q(5)), .uniq = 5, .late = 1, .early = 1, .gapev = 1, .maxgap = 1,
	    .lagmax = 1, .extmax = 1, .lag = { 0, -1, -1 } },
	{ "E4", 32, S(Q(1), Q(2), Q(3), Q(6), Q(7), Q(8), Q(4), Q(5), Q(9)), .uniq = 9, .late = 2, .early = 1,
	    .gapev = 1, .maxgap = 2, .lagmax = 4, .extmax = 4, .nr3 = 1, .lag = { 1, 2, -1 } },
	{ "E5", 32, S(Q(1), Q(2), Q(3), Q(3), Q(4), Q(2), Q(5)), .uniq = 5, .dup = 2, .lag = NOLAG },
	{ "E6", 32, S(Q(1), Q(5), Q(3), Q(3), Q(6)), .uniq = 4, .net = 2, .late = 1, .early = 1, .dup = 1,
	    .gapev = 1, .maxgap = 3, .lagmax = 2, .extmax = 1, .lag = { 1, -1, -1 } },
	{ "E7", 32, S(Q(0xfffffffe), Q(0xffffffff), Q(0), Q(1), Q(3)), .uniq = 5, .net = 1, .gapev = 1, .wrap = 1,
	    .maxgap = 1, .lag = NOLAG },
	/* E8: three arrivals before 98 are higher, so by the rule it is 3-reordered; the page does not list it */
	{ "E8", 32, S(Q(100), Q(99), Q(101), Q(98), Q(98), Q(102)), .uniq = 5, .late = 2, .dup = 1, .lagmax = 3,
	    .nr3 = 1,
	    .lag = { 0, 1, -1 } },
	{ "E9", 32, S({ 1, 4.90 }, { 2, 4.91 }, { 4, 4.92 }, { 5, 6.50 }, { 3, 6.60 }, { 6, 6.70 }), .uniq = 6,
	    .net = 0, .fix = 1, .late = 1, .early = 1, .gapev = 1, .maxgap = 1, .lagmax = 2, .extmax = 2,
	    .lag = { 1, -1, -1 } },
	{ "E9b", 32, S({ 1, 4.90 }, { 2, 4.91 }, { 4, 4.92 }, { 5, 5.50 }, { 3, 5.60 }, { 6, 6.70 }), .uniq = 6,
	    .late = 1, .early = 1, .gapev = 1, .maxgap = 1, .lagmax = 2, .extmax = 2, .lag = { 1, -1, -1 } },
	{ "E10", 32, S(Q(5000), Q(5001), Q(5002), Q(5003), Q(5004), Q(5005), Q(5006), Q(5007), Q(5008), Q(5009),
	    Q(1), Q(2), Q(3), Q(4), Q(5), Q(6), Q(7), Q(8), Q(9), Q(10), Q(11), Q(12), Q(13), Q(14), Q(15), Q(16),
	    Q(17), Q(18), Q(19), Q(20)), .uniq = 22, .stale = 8, .resets = 1, .lag = NOLAG },
	{ "E11", 32, S(Q(10), Q(11), Q(12), Q(0x7abcdef0), Q(13), Q(14)), .uniq = 5, .badseq = 1, .lag = NOLAG },
	{ "E12", 32, S(Q(10), Q(11), Q(12), Q(1000000), Q(1000001), Q(1000002)), .uniq = 6, .jumps = 1,
	    .jumpskip = 999987, .lag = NOLAG },
	{ "E14", 32, S({ 1, 0.001 }, { 2, .101 }, { 70002, 60.101 }, { 70003, 60.2 }), .uniq = 4, .net = 69999,
	    .gapev = 1, .maxgap = 69999, .noutage = 1, .outage = 60000000, .lag = NOLAG },
	{ "RT1", 16, S(Q(65534), Q(65535), Q(0), Q(2), Q(1), Q(3)), .uniq = 6, .late = 1, .early = 1, .gapev = 1,
	    .wrap = 1, .maxgap = 1, .lagmax = 1, .extmax = 1, .lag = { 0, -1, -1 } },
};

#define SAME(field) \
	if (w->sum.field != v->field) \
		fail_msg("%s: " #field " %llu, expected %llu", v->id, (unsigned long long)w->sum.field, \
		    (unsigned long long)v->field)

static void
check(const struct vector *v, const struct world *w)
{
	int lags[SEQ_LAGS] = { 0 };

	SAME(uniq);
	SAME(dup);
	SAME(late);
	SAME(gapev);
	SAME(stale);
	SAME(badseq);
	SAME(jumps);
	SAME(jumpskip);
	SAME(resets);
	SAME(wrap);
	SAME(noutage);
	SAME(outage);
	SAME(nr3);
	SAME(maxgap);
	SAME(lagmax);
	SAME(extmax);
	assert_int_equal(w->sum.early + w->corr_early, v->early);
	assert_int_equal(w->sum.lost - w->fix, v->net);
	assert_int_equal(w->fix, v->fix);
	for (int i = 0; i < 3 && v->lag[i] >= 0; i++)
		lags[v->lag[i]]++;
	for (int i = 0; i < SEQ_LAGS - 1; i++)
		assert_int_equal(w->sum.laghist[i], lags[i]);
}

static void
run_vector(struct world *w, const struct vector *v)
{
	struct seqno s;
	double t = 0;

	memset(w, 0, sizeof(*w));
	w->interval = 5 * SEC;
	seqno_init(&s, v->width);
	for (int i = 0; i < v->n; i++) {
		t = v->steps[i].t > 0 ? v->steps[i].t : t + .01;
		feed(w, &s, v->steps[i].q, (int64_t)(t * 1000 + .5) * MSEC);
	}
	finish(w, &s);
}

static void
test_vectors(void **state)
{
	static struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		print_message("%s\n", vectors[i].id);
		run_vector(&w, &vectors[i]);
		check(&vectors[i], &w);
	}
}

/* In which bin: E9 loses in bin 0 and corrects it there; E14 loses where the silence ends. */
static void
test_bins(void **state)
{
	static struct world w;

	(void)state;
	run_vector(&w, &vectors[8]);
	assert_int_equal(w.bin[0].lost, 1);
	assert_int_equal(w.bin[0].late, 0);
	assert_int_equal(w.bin[1].late, 1);
	assert_int_equal(w.bin_fix[0], 1);
	assert_int_equal(w.corr_early, 1);
	run_vector(&w, &vectors[9]);
	assert_int_equal(w.bin[0].lost, 0);
	assert_int_equal(w.bin[0].early, 1);
	assert_int_equal(w.bin[1].late, 1);
	run_vector(&w, &vectors[13]);
	assert_int_equal(w.bin[12].lost, 69999);
}

/* E13, E13b: one packet exactly at the edge of replay windows. */
static void
test_lag(void **state)
{
	static struct world w;
	struct seqno s;

	(void)state;
	for (int edge = 65; edge <= 67; edge += 2) {
		int64_t t = 0;

		memset(&w, 0, sizeof(w));
		w.interval = 5 * SEC;
		seqno_init(&s, 32);
		feed(&w, &s, 1, t += 10 * MSEC);
		for (int q = 3; q <= edge; q++)
			feed(&w, &s, (uint64_t)q, t += 10 * MSEC);
		feed(&w, &s, 2, t += 10 * MSEC);
		feed(&w, &s, (uint64_t)edge + 1, t += 10 * MSEC);
		finish(&w, &s);
		assert_int_equal(w.sum.late, 1);
		assert_int_equal(w.sum.lagmax, edge - 2);
		assert_int_equal(w.sum.laghist[edge == 67 ? 6 : 5], 1); /* window 64: 65 is outside, 63 inside */
	}
}

/* A silence in which numbers went on, after `n` packets, `gap` ms apart. */
static void
silence(struct world *w, int n, int64_t gap, int64_t silent, uint64_t missing)
{
	struct seqno s;
	int64_t t = SEC;

	memset(w, 0, sizeof(*w));
	w->interval = 60 * SEC;
	seqno_init(&s, 32);
	for (int q = 1; q <= n; q++, t += gap * MSEC)
		feed(w, &s, (uint64_t)q, t);
	t += (silent - gap) * MSEC;
	feed(w, &s, (uint64_t)n + missing + 1, t);
	finish(w, &s);
}

/* Three numbers in a row, a second, and five times what is usual, once that is known. */
static void
test_outage(void **state)
{
	static const struct {
		int n;
		int64_t gap, silent; /* ms */
		uint64_t missing;
		bool outage;
	} t[] = {
		{ 1, 0, 1000, 3, true },
		{ 1, 0, 999, 3, false },
		{ 1, 0, 60000, 2, false },
		{ 10, 1000, 2000, 3, true },    /* nine gaps: what is usual is not known */
		{ 11, 1000, 4999, 3, false },
		{ 11, 1000, 5000, 3, true },
		{ 150, 10000, 610000, 60, true }, /* QT3 */
		{ 150, 10000, 20000, 1, false },  /* QT2 */
		{ 150, 10000, 40000, 3, false },
		{ 150, 10, 1000, 99, true },
		{ 150, 10, 990, 98, false },
	};
	static struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		silence(&w, t[i].n, t[i].gap, t[i].silent, t[i].missing);
		if (w.sum.noutage != t[i].outage || w.sum.outage != (t[i].outage ? (uint64_t)t[i].silent * 1000 : 0) ||
		    w.sum.lost != t[i].missing)
			fail_msg("case %zu: %u outages, %llu us, %llu lost", i, w.sum.noutage,
			    (unsigned long long)w.sum.outage, (unsigned long long)w.sum.lost);
	}
}

/* QT1: busy for a while, then a packet every 10 s: one that is lost there is no outage. */
static void
test_outage_after_busy(void **state)
{
	static struct world w;
	struct seqno s;
	int64_t t = 0;

	(void)state;
	memset(&w, 0, sizeof(w));
	w.interval = 60 * SEC;
	seqno_init(&s, 32);
	for (uint64_t q = 1; q <= 1320; q++) {
		t += q <= 1200 ? 50 * MSEC : 10 * SEC;
		if (q != 1266)
			feed(&w, &s, q, t);
	}
	finish(&w, &s);
	assert_int_equal(w.sum.lost, 1);
	assert_int_equal(w.sum.noutage, 0);
}

/* --- jumps (14.2 b) */

/* `pps` a second for 3 s, then nothing for `silent` ms, then a step of d, and the next number. */
static void
step(struct world *w, int64_t pps, int64_t silent, uint64_t d)
{
	struct seqno s;
	int64_t t = 10 * SEC;
	uint64_t q = 1;

	memset(w, 0, sizeof(*w));
	w->interval = 60 * SEC;
	seqno_init(&s, 32);
	for (; q <= (uint64_t)(3 * pps); q++)
		feed(w, &s, q, t + (int64_t)q * SEC / pps);
	q--;
	t += (int64_t)q * SEC / pps + silent * MSEC;
	feed(w, &s, q + d, t);
	feed(w, &s, q + d + 1, t + MSEC);
	finish(w, &s);
}

/* What a sender can have sent is lost, what it can not is a jump. */
static void
test_jumps(void **state)
{
	static const struct {
		int64_t pps, silent;
		uint64_t d;
		bool jump;
	} t[] = {
		{ 50, 20, 1024, false },
		{ 50, 20, 4080, false }, /* 4 * 1000/s * 1.02 s */
		{ 50, 20, 4081, true },
		{ 50, 20, 16384, true }, /* E20 */
		{ 50, 60000, 70000, false }, /* E14 */
		{ 50, 60000, 244000, false },
		{ 50, 60000, 244001, true },
		{ 2000, 1000, 16000, false }, /* 4 * 2000/s * 2 s */
		{ 2000, 1000, 16001, true },
		{ 2000, 0, 8001, true },
	};
	static struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		step(&w, t[i].pps, t[i].silent, t[i].d);
		if (w.sum.jumps != t[i].jump || w.sum.lost != (t[i].jump ? 0 : t[i].d - 1) ||
		    w.sum.jumpskip != (t[i].jump ? t[i].d - 1 : 0) || w.sum.badseq != 0)
			fail_msg("case %zu: jumps %u, skipped %llu, lost %llu", i, w.sum.jumps,
			    (unsigned long long)w.sum.jumpskip, (unsigned long long)w.sum.lost);
	}
}

/* --- it begins again, or somebody replays (14.2 a) */

struct stretch {
	uint64_t from, to; /* numbers, from 0 = the end */
};

static void
stretches(struct world *w, const struct stretch *x, int64_t every)
{
	struct seqno s;
	int64_t t = 0;

	memset(w, 0, sizeof(*w));
	w->interval = 5 * SEC;
	seqno_init(&s, 32);
	for (; x->from != 0; x++)
		for (uint64_t q = x->from; q <= x->to; q++)
			feed(w, &s, q, t += every);
	finish(w, &s);
	assert_int_equal(trials.trials.used, 0);
	assert_int_equal(trials.spots.used, 0);
}

static void
test_again(void **state)
{
	static const struct {
		const char *id;
		struct stretch x[8];
		uint64_t uniq, net, dup, late, stale, resets;
	} t[] = {
		{ "E17", { { 6000, 6199 }, { 1000, 1019 }, { 6200, 6399 } }, .uniq = 400, .stale = 20 },
		{ "E18", { { 1, 12 }, { 1, 12 }, { 13, 200 } }, .uniq = 200, .dup = 12 },
		{ "E19", { { 5000, 5999 }, { 1, 400 } }, .uniq = 1392, .stale = 8, .resets = 1 },
		{ "E21", { { 1, 2000 }, { 1, 2 }, { 4, 499 } }, .uniq = 2490, .net = 1, .dup = 8, .resets = 1 },
		{ "gaps in all places of the run", { { 6000, 6100 }, { 1, 1 }, { 3, 3 }, { 5, 10 }, { 12, 200 } },
		    .uniq = 290, .net = 3, .stale = 8, .resets = 1 },
		{ "64 packets and a second later it is known", { { 6000, 6199 }, { 1000, 1107 }, { 1109, 1208 } },
		    .uniq = 200 + 100 + 100, .net = 1, .stale = 8, .resets = 1 },
		{ "the old one goes on just in time", { { 6000, 6199 }, { 1000, 1106 }, { 6200, 6299 } }, .uniq = 300,
		    .stale = 107 },
		{ "15 at the end are replays", { { 6000, 6199 }, { 1, 15 } }, .uniq = 200, .stale = 15 },
		{ "what was missing is late, however many", { { 1, 100 }, { 151, 200 }, { 101, 150 }, { 201, 300 } },
		    .uniq = 300, .late = 50 },
		{ "and among replays too", { { 1, 100 }, { 121, 200 }, { 1, 10 }, { 101, 120 }, { 201, 300 } },
		    .uniq = 300, .dup = 10, .late = 20 },
		{ "where capture began later", { { 1000, 1100 }, { 900, 910 }, { 1101, 1200 } }, .uniq = 209, .late = 8,
		    .stale = 3 },
	};
	static struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		stretches(&w, t[i].x, 10 * MSEC);
		if (w.sum.uniq != t[i].uniq || w.sum.lost - w.fix != t[i].net || w.sum.dup != t[i].dup ||
		    w.sum.late != t[i].late || w.sum.stale != t[i].stale || w.sum.resets != t[i].resets)
			fail_msg("%s: uniq %u net %llu dup %u late %u stale %u resets %u", t[i].id, w.sum.uniq,
			    (unsigned long long)(w.sum.lost - w.fix), w.sum.dup, w.sum.late, w.sum.stale, w.sum.resets);
	}
}

/* What a trial counts goes where its packets were, whatever is sealed by then. */
static void
test_again_bins(void **state)
{
	static const struct stretch x[] = { { 1, 2000 }, { 1, 2 }, { 4, 120 }, { 0, 0 } };
	static struct world w;

	(void)state;
	stretches(&w, x, 2500 * MSEC); /* two packets a bin: the run takes four of them, the trial 32 */
	assert_int_equal(w.sum.resets, 0); /* it is told by a correction, as all that came during the trial */
	assert_int_equal(w.sum.lost, 0);
	assert_int_equal(w.corr_resets, 1);
	assert_int_equal(w.corr_lost, 1);
	assert_int_equal(w.sum.dup, 8);
	assert_int_equal(w.sum.uniq + w.corr_uniq, 2000 + 119 - 8);
	assert_int_equal(w.lost_at / w.interval, 2002 / 2 + 0); /* the bin of 4 */
}

/* Where there is no room for a trial nothing begins again, and what was on trial is no new beginning. */
static void
test_again_full(void **state)
{
	static struct world w;
	struct seqno s[3];
	int64_t t = 0;

	(void)state;
	memset(&w, 0, sizeof(w));
	w.interval = 60 * SEC;
	for (int i = 0; i < 3; i++) {
		seqno_init(&s[i], 32);
		for (uint64_t q = 1; q <= 32; q++)
			feed(&w, &s[i], q <= 16 ? 5000 + q : q - 16, t += MSEC);
	}
	assert_int_equal(trials.trials.used, 2);
	assert_int_equal(w.sum.resets, 0);
	for (int i = 0; i < 3; i++) {
		struct seq_sink k = sink_at(&w, w.now);

		seqno_end(&s[i], &k);
	}
	seq_counts_add(&w.sum, &w.bin[0]);
	assert_int_equal(w.sum.resets, 2);
	assert_int_equal(w.sum.stale, 8 + 8 + 16);
	assert_int_equal(w.sum.uniq, 3 * 16 + 2 * 8);
	assert_int_equal(trials.trials.used, 0);
	assert_int_equal(trials.spots.used, 0);
}

/* --- random traces against sets */

static uint64_t rnd_state;

static uint32_t
rnd(uint32_t n)
{
	rnd_state = rnd_state * 6364136223846793005ull + 1442695040888963407ull;
	return ((uint32_t)(rnd_state >> 33) % n);
}

#define MOST 4000

struct packet {
	int64_t n; /* extended number */
	int64_t at;
};

static int
by_time(const void *a, const void *b)
{
	const struct packet *x = a, *y = b;

	return (x->at != y->at ? (x->at > y->at) - (x->at < y->at) : (x->n > y->n) - (x->n < y->n));
}

/* What was sent, lost, delayed and doubled on the way. */
static int
trace(struct packet *p, int64_t start)
{
	uint32_t loss = rnd(10), reorder = rnd(10), dup = rnd(5), spread = 1 + rnd(300);
	int n = 0;

	for (int i = 0; i < 1500; i++) {
		int64_t at = (int64_t)i * 10 * MSEC + SEC;

		if (rnd(100) < loss)
			continue;
		if (rnd(100) < reorder)
			at += rnd(spread) * 10 * MSEC;
		p[n++] = (struct packet){ start + i, at };
		if (rnd(100) < dup)
			p[n++] = (struct packet){ start + i, at + rnd(spread) * 10 * MSEC };
	}
	qsort(p, (size_t)n, sizeof(*p), by_time);
	return (n);
}

struct truth {
	uint64_t uniq, dup, late, net;
};

static struct truth
oracle(const struct packet *p, int n)
{
	static uint8_t seen[MOST * 2];
	struct truth o = { 0 };
	int64_t first = p[0].n, most = p[0].n;

	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < n; i++) {
		size_t at = (size_t)(p[i].n - first + MOST);

		if (seen[at]) {
			o.dup++;
			continue;
		}
		seen[at] = 1;
		o.uniq++;
		o.late += p[i].n < most;
		if (p[i].n > most)
			most = p[i].n;
	}
	for (int64_t x = first; x <= most; x++)
		o.net += !seen[x - first + MOST];
	return (o);
}

static void
test_random(void **state)
{
	static struct packet p[MOST];
	static struct world w;
	static const int64_t intervals[] = { 1, 5, 60 };

	(void)state;
	rnd_state = 7;
	for (int round = 0; round < 1000; round++) {
		int64_t start = rnd(3) == 0 ? 0x100000000ll - rnd(1500) : 1 + rnd(100000);
		int n = trace(p, start), cut = rnd(2) == 0 ? n : 1 + (int)rnd((uint32_t)n - 1); /* a rekey, perhaps */
		struct truth o = oracle(p, cut), o2 = { 0 };

		for (int j = cut; j < n; j++) /* the new SA counts from 1 */
			p[j].n += 1 - start + 100000;
		if (cut < n)
			o2 = oracle(p + cut, n - cut);
		o.uniq += o2.uniq;
		o.dup += o2.dup;
		o.late += o2.late;
		o.net += o2.net;

		for (int i = 0; i < 3; i++) {
			struct seqno s, next;

			memset(&w, 0, sizeof(w));
			w.interval = intervals[i] * SEC;
			seqno_init(&s, 32);
			seqno_init(&next, 32);
			for (int j = 0; j < n; j++)
				feed(&w, j < cut ? &s : &next, (uint32_t)p[j].n, p[j].at);
			finish(&w, &s);
			assert_int_equal(w.sum.uniq, o.uniq);
			assert_int_equal(w.sum.dup, o.dup);
			assert_int_equal(w.sum.late, o.late);
			assert_int_equal(w.sum.lost - w.fix, o.net);
			assert_int_equal(w.sum.uniq + w.sum.dup + w.sum.stale + w.sum.badseq, n);
			for (int b = 0; b < BINS; b++)
				assert_true(w.bin[b].lost >= w.bin_fix[b]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_bins),
		cmocka_unit_test(test_lag),
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_outage_after_busy),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_again_bins),
		cmocka_unit_test(test_again_full),
		cmocka_unit_test(test_random),
	};

	seq_trials_init(&trials, 2);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}

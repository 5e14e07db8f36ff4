/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_sla.c: limits, states of bins, what is suspect, percentiles, and rows that point the other way.
 */
#include "format/base/clock.h"
#include "ra-tools/report/sla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define W 5 /* seconds of a bin */

struct row { /* one bin of the only tunnel */
	int64_t bin;
	uint64_t suniq, duniq, slost, soutage_s;
	uint64_t flags;
	bool turned; /* the record's source is the tunnel's destination */
	uint64_t dirq;
	uint64_t gap; /* ms between the packets, each way; 0: not told */
};

static struct ip
addr(const char *text)
{
	struct ip a;

	assert_true(ip_parse(text, strlen(text), &a));
	return (a);
}

#define GAPS(f, p, uniq_, gap_)                                                                    \
	do {                                                                                       \
		SET(f, p##ipg_n, uniq_);                                                           \
		SET(f, p##ipg_sum, (uniq_) * (gap_)*1000);                                         \
	} while (0)

#define SIDE(f, p, uniq_, lost_, outage_)                                                          \
	do {                                                                                       \
		SET(f, p##pkts, uniq_);                                                            \
		SET(f, p##uniq, uniq_);                                                            \
		SET(f, p##bytes, (uniq_)*1000);                                                    \
		SET(f, p##lost, lost_);                                                            \
		SET(f, p##outage, (outage_)*1000000);                                              \
		SET(f, p##noutage, (outage_) > 0);                                                 \
	} while (0)

static struct sla *
judged(const struct sla_options *o, const struct row *rows, size_t n)
{
	static struct flow f;
	struct batch *b = batch_new(128);
	struct sla *s = sla_new(o, false);

	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];

		flow_clear(&f);
		SET(&f, rectype, RECTYPE_FLOW);
		SET(&f, bstart, r->bin * W * SEC);
		SET(&f, bend, (r->bin + 1) * W * SEC);
		SET(&f, tunid, 77);
		SET(&f, proto, 50);
		SET(&f, flags, r->flags);
		SET(&f, dirq, r->dirq);
		SET_IP(&f, saddr, addr(r->turned ? "10.0.0.2" : "10.0.0.1"));
		SET_IP(&f, daddr, addr(r->turned ? "10.0.0.1" : "10.0.0.2"));
		if (r->turned) {
			SIDE(&f, d, r->suniq, r->slost, r->soutage_s);
			SIDE(&f, s, r->duniq, 0, 0);
		} else {
			SIDE(&f, s, r->suniq, r->slost, r->soutage_s);
			SIDE(&f, d, r->duniq, 0, 0);
		}
		if (r->gap > 0) {
			GAPS(&f, s, r->turned ? r->duniq : r->suniq, r->gap);
			GAPS(&f, d, r->turned ? r->suniq : r->duniq, r->gap);
		}
		batch_add(b, &f);
	}
	sla_add(s, b);
	sla_judge(s, W * SEC);
	batch_free(&b);
	return (s);
}

#define JUDGE(o, rows) judged(o, rows, sizeof(rows) / sizeof((rows)[0]))

static const struct sla_options plain = { .lmax = 1, .min_sample = 100 };

static void
count_is(const struct sla_tunnel *t, uint64_t up, uint64_t degraded, uint64_t down, uint64_t idle,
	 uint64_t oneway)
{
	assert_int_equal(t->count[SLA_UP], up);
	assert_int_equal(t->count[SLA_DEGRADED], degraded);
	assert_int_equal(t->count[SLA_DOWN], down);
	assert_int_equal(t->count[SLA_IDLE], idle);
	assert_int_equal(t->count[SLA_ONE_WAY], oneway);
}

static void
limits_are_parsed(void **state)
{
	static const struct {
		const char *text;
		bool good;
		enum sla_term term;
		double value;
	} cases[] = {
		{ "loss=0.1%", true, SLA_LOSS, 0.1 },
		{ "loss=2", true, SLA_LOSS, 2 },
		{ "dup=1%,avail=99.95%", true, SLA_AVAIL, 99.95 },
		{ "burst=10", true, SLA_BURST, 10 },
		{ "outage=500ms", true, SLA_OUTAGE, 0.5 },
		{ "p95=10M", true, SLA_P95, 1e7 },
		{ "replay=0%", true, SLA_REPLAY, 0 },
		{ "", true, SLA_TERMS, 0 },
		{ "loss", false, 0, 0 },
		{ "loss=", false, 0, 0 },
		{ "loss=101%", false, 0, 0 },
		{ "los=1%", false, 0, 0 },
		{ "losses=1%", false, 0, 0 },
		{ "loss=1%,,", false, 0, 0 },
		{ "burst=1.2.3", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sla_limits l = { .set = { false } };
		char err[256] = "";

		if (sla_parse(cases[i].text, &l, err, sizeof(err)) != cases[i].good)
			fail_msg("\"%s\": %s", cases[i].text, err);
		if (!cases[i].good)
			assert_int_not_equal(strlen(err), 0);
		else if (cases[i].term < SLA_TERMS &&
			 (!l.set[cases[i].term] || l.value[cases[i].term] != cases[i].value))
			fail_msg("\"%s\" became %g", cases[i].text, l.value[cases[i].term]);
	}
}

/* 200 a bin; 3 lost of 203 is 1.48 %, 2 of 202 0.99 %; of 52 nothing is told. */
static void
bins_have_states(void **state)
{
	static const struct row rows[] = {
		{ 0, 200, 200, 0, 0, 0, false, 1, 0 }, { 1, 200, 200, 3, 0, 0, false, 1, 0 },
		{ 2, 200, 200, 2, 0, 0, false, 1, 0 }, { 3, 50, 50, 2, 0, 0, false, 1, 0 },
		{ 5, 5, 0, 0, 0, 0, false, 1, 0 },	    { 6, 10, 0, 0, 0, 0, false, 1, 0 },
		{ 7, 200, 200, 0, 0, 0, false, 1, 0 }
	};
	struct sla *s = JUDGE(&plain, rows);
	const struct sla_tunnel *t = sla_tunnel(s, 0);

	(void)state;
	count_is(t, 4, 1, 1, 1, 1); /* too few packets in bin 5 to call it down, enough in bin 6 */
	assert_int_equal(t->bins, 8);
	assert_true(t->d[0].verdict[SLA_AVAIL].value > 83.33 &&
		    t->d[0].verdict[SLA_AVAIL].value < 83.34);
	assert_false(t->d[0].verdict[SLA_AVAIL].known); /* of 6 bins */
	sla_free(&s);
}

/* In a bin of few packets three have to be lost; `least` is what a percentage needs. */
static void
few_packets_degrade(void **state)
{
	static const struct {
		uint64_t uniq, lost, least;
		bool degraded;
	} t[] = {
		{ 5, 1, 100, false },  { 5, 2, 100, false },  { 5, 3, 100, true },
		{ 98, 1, 100, false }, { 98, 2, 100, true },  { 99, 1, 100, false },
		{ 50, 1, 51, true },   { 50, 1, 52, false },  { 500, 3, 100, false },
		{ 0, 3, 100, false }, /* only corrections */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct row row = { 0, t[i].uniq, t[i].uniq, t[i].lost, 0, 0, false, 1, 0 };
		struct sla_options o = plain;
		struct sla *s;

		o.min_sample = t[i].least;
		s = judged(&o, &row, 1);
		if (sla_tunnel(s, 0)->count[SLA_DEGRADED] != t[i].degraded)
			fail_msg("case %zu", i);
		sla_free(&s);
	}
}

/* A packet every 10 s, in bins of 5 s: what lies between is up, once ten gaps are known, also where one side is
 * silent for a few of them; a silence of more than five is not usual, and nothing is known of it. */
static void
silence_may_be_usual(void **state)
{
	struct row rows[60];
	struct sla_options o = plain;
	size_t n = 0;
	struct sla *s;
	const struct sla_tunnel *t;

	(void)state;
	memset(rows, 0, sizeof(rows));
	for (int64_t bin = 0; bin <= 80; bin += 2)
		rows[n++] = (struct row){ bin, 1, bin < 50 || bin > 56, 0, 0, 0, false, 1, 10000 };
	rows[n++] = (struct row){ 91, 1, 1, 0, 0, 0, false, 1, 10000 };  /* 50 s of bins without a packet */
	rows[n++] = (struct row){ 103, 1, 1, 0, 0, 0, false, 1, 10000 }; /* 55 s */
	s = judged(&o, rows, n);
	t = sla_tunnel(s, 0);
	/* 9 bins between the first ten packets, and the 11 at the end */
	count_is(t, 104 - 9 - 11, 0, 0, 9 + 11, 0);
	assert_true(t->d[0].verdict[SLA_AVAIL].known);
	assert_true(t->d[0].verdict[SLA_AVAIL].value >= 100);
	sla_look(s, t);
	for (size_t i = 0; i < t->ngaps; i++)
		assert_int_equal(t->gap[i].state, SLA_UP);
	sla_free(&s);

	/* The same times with nothing known of gaps: bins without records are not judged, the source's alone neither. */
	for (size_t i = 0; i < n; i++)
		rows[i].gap = 0;
	s = judged(&o, rows, n);
	count_is(sla_tunnel(s, 0), 43 - 4, 0, 0, 104 - 43, 4);
	sla_free(&s);
}

/* One side sends a lot, the other every 20 s: that it is silent in between is no outage; for 200 s it is. */
static void
usual_silence_is_not_down(void **state)
{
	struct row rows[120];
	struct sla *s;

	(void)state;
	memset(rows, 0, sizeof(rows));
	for (int64_t bin = 0; bin < 120; bin++) {
		bool both = bin % 4 == 0 && (bin <= 60 || bin > 100);

		rows[bin] = (struct row){ bin, 200, both, 0, 0, 0, false, 1, bin % 4 == 0 ? 20000 : 0 };
	}
	s = judged(&plain, rows, 120);
	/* the destination's gaps are known from its tenth packet, bin 36, on: before, its silences count as they did.  From
	 * bin 60 to 104 it is silent. */
	count_is(sla_tunnel(s, 0), 120 - 27 - 43, 0, 27 + 43, 0, 0);
	sla_free(&s);
}

/* Ten bins, and one in a hundred of the period. */
static void
ratio_needs_bins(void **state)
{
	static const struct {
		int64_t bins, last; /* so many in a row, and one */
		bool known;
	} t[] = { { 8, 8, false }, { 9, 9, true }, { 9, 999, true }, { 9, 1000, false }, { 10, 1000, true } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct row rows[12];
		struct sla_options o = plain;
		struct sla *s;
		const struct sla_tunnel *u;

		memset(rows, 0, sizeof(rows));
		for (int64_t k = 0; k <= t[i].bins; k++)
			rows[k] = (struct row){ k < t[i].bins ? k : t[i].last, 200, 200, 0, 0, 0, false, 1, 0 };
		o.limits.set[SLA_AVAIL] = true;
		o.limits.value[SLA_AVAIL] = 99;
		s = judged(&o, rows, (size_t)t[i].bins + 1);
		u = sla_tunnel(s, 0);
		assert_int_equal(sla_judged(u), t[i].bins + 1);
		assert_int_equal(u->d[0].verdict[SLA_AVAIL].known, t[i].known);
		assert_int_equal(u->judged, t[i].known);
		sla_free(&s);
	}
}

/* Nothing for 12 bins, and then only the source: its peer was there too long ago. */
static void
long_silence_is_not_down(void **state)
{
	static const struct row rows[] = { { 0, 200, 200, 0, 0, 0, false, 1, 0 },
					   { 12, 200, 0, 0, 0, 0, false, 1, 0 } };
	struct sla *s = JUDGE(&plain, rows);

	(void)state;
	count_is(sla_tunnel(s, 0), 1, 0, 0, 11, 1);
	sla_free(&s);
}

/* An outage of 22 s ended in bin 5 [25,30): it began in bin 0 or 1, of which bin 1 has packets; 2, 3, 4 lie in it. */
static void
outage_reaches_back(void **state)
{
	static const struct row rows[] = { { 0, 200, 200, 0, 0, 0, false, 1, 0 },
					   { 1, 200, 200, 0, 0, 0, false, 1, 0 },
					   { 3, 0, 5, 0, 0, 0, false, 1, 0 },
					   { 5, 200, 200, 40, 22, 0, false, 1, 0 },
					   { 6, 200, 200, 0, 0, 0, false, 1, 0 },
					   { 7, 200, 200, 0, 0, 0, false, 1, 0 },
					   { 8, 200, 200, 0, 0, 0, false, 1, 0 },
					   { 9, 200, 200, 0, 0, 0, false, 1, 0 } };
	struct sla_options o = plain;
	struct sla *s;
	const struct sla_tunnel *t;

	(void)state;
	o.limits.set[SLA_AVAIL] = true;
	o.limits.value[SLA_AVAIL] = 99;
	s = JUDGE(&o, rows);
	t = sla_tunnel(s, 0);
	count_is(t, 6, 1, 3, 0, 0);
	assert_int_equal(t->ngaps, 2);
	sla_look(s, t);
	assert_int_equal(t->gap[0].start + t->gap[1].start, (2 + 4) * W * SEC);
	assert_int_equal(t->d[0].nviolations, 3);
	assert_true(t->violated);
	sla_free(&s);
}

static void
suspect_is_apart(void **state)
{
	static const struct row rows[] = { { 0, 200, 200, 0, 0, 0, false, 1, 0 },
					   { 1, 100, 200, 100, 0, RFLAGS_capdrop, false, 1, 0 },
					   { 2, 200, 200, 1, 0, 0, false, 1, 0 } };
	struct sla_options o = plain;
	struct sla *s;
	const struct sla_tunnel *t;

	(void)state;
	o.limits.set[SLA_LOSS] = true;
	o.limits.value[SLA_LOSS] = 1;
	for (int strict = 0; strict < 2; strict++) {
		o.strict = strict;
		s = JUDGE(&o, rows);
		t = sla_tunnel(s, 0);
		assert_int_equal(t->suspect, 1);
		assert_int_equal(t->d[0].suspect_net, 100);
		assert_int_equal(t->d[0].net, strict ? 1 : 101);
		assert_int_equal(t->d[0].expected, strict ? 401 : 601);
		assert_int_equal(t->count[SLA_UP] + t->count[SLA_DEGRADED], strict ? 2 : 3);
		assert_int_equal(t->d[0].nviolations,
				 0); /* of bins: it is not known to be the network's */
		assert_int_equal(t->violated, !strict);
		sla_free(&s);
	}
}

/* 10 bins, 1000 bytes a packet: 200 packets in 5 s are 320000 bit/s. */
static void
idle_bins_are_in_percentiles(void **state)
{
	static const struct row rows[] = { { 0, 200, 0, 0, 0, 0, false, 1, 0 },
					   { 4, 400, 0, 0, 0, 0, false, 1, 0 },
					   { 9, 600, 0, 0, 0, 0, false, 1, 0 } };
	struct sla *s = JUDGE(&plain, rows);
	const struct sla_tunnel *t = sla_tunnel(s, 0);

	(void)state;
	assert_int_equal(t->bins, 10);
	assert_int_equal(t->d[0].bps_p50, 0);
	assert_int_equal(t->d[0].bps_p95, 960000);
	assert_int_equal(t->d[0].bps_max, 960000);
	assert_int_equal(t->d[1].bps_max, 0);
	assert_false(t->d[1].verdict[SLA_P95].known); /* it sent nothing */
	sla_free(&s);
}

/* Rows may point either way; the tunnel points as the surest of them does. */
static void
rows_are_turned(void **state)
{
	static const struct row rows[] = { { 0, 200, 300, 1, 0, 0, false, 1, 0 },
					   { 1, 200, 300, 2, 0, 0, true, 1, 0 },
					   { 2, 200, 300, 4, 0, 0, false, 1, 0 } };
	struct row sure[3];
	struct sla *s = JUDGE(&plain, rows);

	(void)state;
	assert_string_equal(sla_tunnel(s, 0)->name[0], "10.0.0.1");
	assert_int_equal(sla_tunnel(s, 0)->d[0].net, 7);
	assert_int_equal(sla_tunnel(s, 0)->d[1].c.uniq, 900);
	sla_free(&s);
	memcpy(sure, rows, sizeof(sure));
	sure[1].dirq = 3;
	s = JUDGE(&plain, sure);
	assert_string_equal(sla_tunnel(s, 0)->name[0], "10.0.0.2");
	assert_int_equal(sla_tunnel(s, 0)->d[1].net, 7);
	assert_int_equal(sla_tunnel(s, 0)->d[0].c.uniq, 900);
	sla_look(s, sla_tunnel(s, 0));
	assert_int_equal(sla_tunnel(s, 0)->point[2].d[1].net, 4);
	sla_free(&s);
}

/* Packed and looked at, first the one, then the other: a row each, with a bin without one between, numbers of any size. */
static void
bins_stay_what_they_are(void **state)
{
	static struct flow f;
	struct batch *b = batch_new(512);
	struct sla *s = sla_new(&plain, false);
	const struct sla_tunnel *t[2];

	(void)state;
	sla_memory(s, 500);
	for (uint64_t i = 0; i < 200; i++)
		for (uint64_t tunnel = 1; tunnel <= 2; tunnel++) {
			flow_clear(&f);
			SET(&f, bstart, (int64_t)(2 * i) * W * SEC);
			SET(&f, bend, (int64_t)(2 * i + 1) * W * SEC);
			SET(&f, tunid, tunnel);
			SET(&f, proto, 50);
			SET_IP(&f, saddr, addr("10.0.0.1"));
			SET_IP(&f, daddr, addr("10.0.0.2"));
			SET(&f, sbytes, i % 3 == 0 ? UINT64_MAX / (i + 1) : i);
			SET(&f, spkts, i * i * tunnel);
			SET(&f, suniq, i % 7);
			SET(&f, slost, i % 5);
			SET(&f, sfix, i % 11 == 0 ? 1000 : 0);
			SET(&f, dpkts, tunnel);
			SET(&f, dmaxgap, i % 13 == 0 ? UINT64_MAX : 0);
			batch_add(b, &f);
		}
	sla_add(s, b);
	sla_judge(s, W * SEC);
	for (int k = 0; k < 2; k++)
		t[sla_tunnel(s, (size_t)k)->key[0] - 1] = sla_tunnel(s, (size_t)k);
	for (uint64_t k = 0; k < 6; k++) {
		uint64_t tunnel = k % 2 + 1;

		sla_look(s, t[k % 2]);
		assert_int_equal(t[k % 2]->n, 200);
		for (uint64_t i = 0; i < 200; i++) {
			const struct sla_point *p = &t[k % 2]->point[i];

			assert_int_equal(p->start, (int64_t)(2 * i) * W * SEC);
			assert_int_equal(p->end, (int64_t)(2 * i + 1) * W * SEC);
			assert_int_equal(p->d[0].bytes, i % 3 == 0 ? UINT64_MAX / (i + 1) : i);
			assert_int_equal(p->d[0].pkts, i * i * tunnel);
			assert_int_equal(p->d[0].uniq, i % 7);
			assert_int_equal(p->d[0].net, (int64_t)(i % 5) - (i % 11 == 0 ? 1000 : 0));
			assert_int_equal(p->d[1].pkts, tunnel);
			assert_int_equal(p->d[1].maxgap, i % 13 == 0 ? UINT32_MAX : 0);
		}
	}
	assert_null(sla_error(s));
	batch_free(&b);
	sla_free(&s);
}

static void
mar_row(struct batch *b, const char *probe, int64_t bin)
{
	static struct flow f;

	flow_clear(&f);
	SET(&f, rectype, RECTYPE_MAR);
	SET(&f, bstart, bin * W * SEC);
	SET(&f, bend, (bin + 1) * W * SEC);
	SET(&f, ps_drop, 9);
	if (*probe == '*')
		bit_set(f.mixed, F_probe);
	else
		SET_BLOB(&f, probe, probe, strlen(probe));
	batch_add(b, &f);
}

/* Of 200 expected both ways in each of 3 bins, B lacks 20 in bin 1; A's kernel dropped in bin 0, that of one of several in
 * bin 2, and A has IKE without an answer in bin 1. */
static void
probes_are_apart(void **state)
{
	static struct flow f;
	struct sla *s = sla_new(&plain, false);
	struct batch *b = batch_new(64), *mar = batch_new(64), *ike = batch_new(64);

	(void)state;
	for (int64_t bin = 0; bin < 3; bin++)
		for (int probe = 0; probe < 2; probe++) {
			uint64_t lost = bin == 1 && probe == 1 ? 20 : 0;

			flow_clear(&f);
			SET(&f, rectype, RECTYPE_FLOW);
			SET(&f, bstart, bin * W * SEC);
			SET(&f, bend, (bin + 1) * W * SEC);
			SET(&f, tunid, 77);
			SET(&f, proto, 50);
			SET_BLOB(&f, probe, probe == 0 ? "A" : "B", 1);
			SET_IP(&f, saddr, addr("10.0.0.1"));
			SET_IP(&f, daddr, addr("10.0.0.2"));
			SIDE(&f, s, 200 - lost, lost, 0);
			SIDE(&f, d, 200, 0, 0);
			batch_add(b, &f);
		}
	sla_add(s, b);
	mar_row(mar, "A", 0);
	mar_row(mar, "*", 2);
	mar_row(mar, "C", 1);
	for (uint32_t r = 0; r < mar->rows; r++)
		sla_suspect(s, mar, r);
	flow_clear(&f);
	SET(&f, bstart, W * SEC);
	SET(&f, bend, 2 * W * SEC);
	SET_BLOB(&f, probe, "A", 1);
	SET_IP(&f, saddr, addr("10.0.0.1"));
	SET_IP(&f, daddr, addr("10.0.0.2"));
	SET(&f, sikeq, 3);
	batch_add(ike, &f);
	sla_ike(s, ike);
	sla_judge(s, W * SEC);
	assert_int_equal(sla_count(s), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct sla_tunnel *t = sla_tunnel(s, i);
		bool is_a = strcmp(t->probe, "A") == 0;

		assert_string_equal(t->probe, is_a ? "A" : "B");
		assert_int_equal(t->probe_is, PROBE_NAMED);
		assert_int_equal(t->d[0].net, is_a ? 0 : 20);
		assert_int_equal(t->d[0].expected, 600);
		assert_int_equal(t->suspect, is_a ? 2 : 1);
		sla_look(s, t);
		assert_int_equal(t->point[0].suspect, is_a);
		count_is(t, 2, !is_a, is_a, 0, 0);
		assert_null(strstr(t->filter, "probe"));
		assert_ptr_equal(strstr(t->one, is_a ? "probe = \"A\" and " : "probe = \"B\" and "), t->one);
	}
	batch_free(&b);
	batch_free(&mar);
	batch_free(&ike);
	sla_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_parsed),
		cmocka_unit_test(bins_have_states),
		cmocka_unit_test(few_packets_degrade),
		cmocka_unit_test(silence_may_be_usual),
		cmocka_unit_test(usual_silence_is_not_down),
		cmocka_unit_test(ratio_needs_bins),
		cmocka_unit_test(long_silence_is_not_down),
		cmocka_unit_test(outage_reaches_back),
		cmocka_unit_test(suspect_is_apart),
		cmocka_unit_test(idle_bins_are_in_percentiles),
		cmocka_unit_test(rows_are_turned),
		cmocka_unit_test(bins_stay_what_they_are),
		cmocka_unit_test(probes_are_apart),
	};

	return (cmocka_run_group_tests_name("sla", tests, NULL, NULL));
}

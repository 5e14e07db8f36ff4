/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_picture.c: columns add up to their bins, the worst bin is kept, states are those of the promise.
 */
#include "format/base/clock.h"
#include "ra-tools/report/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define W	(5 * SEC)
#define BINS	1000
#define COLUMNS 100

static struct sla_point point[BINS];

static struct sla *
no_tunnels(double lmax)
{
	struct sla_options o = { .lmax = lmax, .min_sample = 100 };
	struct sla *s = sla_new(&o, false);

	sla_judge(s, W);
	return (s);
}

/* 1000 bins of 200 packets from 10 on, up; those that are given as gaps have no record. */
static struct sla_tunnel
tunnel_of(size_t from_gap, size_t to_gap)
{
	struct sla_tunnel t = { .point = point, .from = 10 * W, .to = (10 + BINS) * W };

	for (size_t i = 0; i < BINS; i++)
		if (i < from_gap || i >= to_gap)
			point[t.n++] = (struct sla_point){ .start = (int64_t)(10 + i) * W,
							   .end = (int64_t)(11 + i) * W,
							   .state = SLA_UP,
							   .d = { { .bytes = 1000, .pkts = 200, .uniq = 200 },
								  { .bytes = 10, .pkts = 1, .uniq = 1 } } };
	return (t);
}

static void
test_sums(void **state)
{
	struct sla *s = no_tunnels(1);
	struct sla_tunnel t = tunnel_of(300, 400);
	struct picture p;
	struct place all, bad;

	(void)state;
	point[700].d[0].net = 50; /* of 250; it is bin 800 of the period */
	point[700].d[0].bytes = 5000;
	point[701].d[0].net = 2;
	point[701].d[1].net = 1; /* of 2: too few to say */
	point[5].d[0].late = 10;
	point[6].d[0].early = 3;
	picture_of(s, &t, t.from, t.to, COLUMNS, &p);
	assert_true(p.n <= COLUMNS && p.n % p.slice == 0 && p.n / p.slice <= PICTURE_SLICES);
	assert_true(p.n * p.each >= BINS);
	all = picture_sum(&p, 0, p.n);
	assert_int_equal(all.d[0].uniq, 900 * 200);
	assert_int_equal(all.d[0].bytes, 899 * 1000 + 5000);
	assert_int_equal(all.d[0].net, 52);
	assert_int_equal(all.d[1].net, 1);
	assert_int_equal(all.d[0].late, 10);
	assert_int_equal(all.d[0].early, 3);
	assert_int_equal(all.state[PICTURE_UP], 900 * W);
	assert_int_equal(all.state[PICTURE_IDLE], 100 * W);
	assert_true(all.d[0].worst == 20 && all.d[0].worst_at == 810 * W);
	assert_true(all.d[1].worst <= 0);
	assert_true(all.d[0].late_most == 5);
	assert_true(all.d[0].least <= 0 && all.d[0].most == 8000); /* 5000 bytes in 5 s */
	bad = p.place[800 / p.each];
	assert_true(bad.d[0].net >= 50 && bad.d[0].worst == 20 && bad.here && !bad.empty);
	assert_true(p.place[350 / p.each].empty && !p.place[350 / p.each].here && !p.place[350 / p.each].d[0].sent);
	picture_free(&p);
	sla_free(&s);
}

/* A column has the time of its bins, whatever their number. */
static void
test_columns(void **state)
{
	static const uint64_t bins[] = { 1, 2, 59, 60, 61, 67, 97, 100, 101, 359, 550, 721, 1000 };
	struct sla *s = no_tunnels(1);

	(void)state;
	for (size_t i = 0; i < sizeof(bins) / sizeof(bins[0]); i++) {
		struct sla_tunnel t = tunnel_of(0, 0);
		struct picture p;
		int64_t sum = 0;

		t.n = bins[i];
		t.to = t.from + (int64_t)bins[i] * W;
		picture_of(s, &t, t.from, t.to, COLUMNS, &p);
		assert_true(p.n >= 1 && p.n <= COLUMNS && p.n % p.slice == 0 && p.n / p.slice <= PICTURE_SLICES);
		for (unsigned k = 0; k < p.n; k++) {
			int64_t time = p.place[k].state[PICTURE_UP];

			assert_true(time <= (int64_t)p.each * W && time == (int64_t)p.place[k].d[1].uniq * W);
			sum += time;
		}
		assert_int_equal(sum, (int64_t)bins[i] * W);
		picture_free(&p);
	}
	sla_free(&s);
}

/* Of a longer period than was thought, columns are twice as wide: nothing is lost. */
static void
test_longer(void **state)
{
	struct sla *s = no_tunnels(1);
	struct sla_tunnel t = tunnel_of(0, 0);
	struct picture p;

	(void)state;
	picture_of(s, &t, t.from, t.from + 50 * W, COLUMNS, &p);
	assert_int_equal(p.n, 50);
	assert_int_equal(p.each, 32); /* 50 columns of 32 bins hold 1000, of 16 they do not */
	assert_int_equal(picture_sum(&p, 0, p.n).d[0].uniq, 1000 * 200);
	assert_int_equal(picture_sum(&p, 0, p.n).state[PICTURE_UP], 1000 * W);
	assert_int_equal(p.place[1].d[1].uniq, 32);
	picture_free(&p);
	sla_free(&s);
}

static void
test_states(void **state)
{
	struct sla_violation loss = { .point = 1, .term = SLA_LOSS }, down = { .point = 3, .term = SLA_AVAIL };
	struct sla_gap gap = { .state = SLA_DOWN };
	struct sla *s = no_tunnels(1);
	struct sla_tunnel t;
	struct picture p;

	(void)state;
	for (int promised = 0; promised < 2; promised++) {
		t = tunnel_of(20, 40);
		t.n = 40;
		t.to = t.from + 60 * W;
		t.limits.set[SLA_LOSS] = promised;
		for (size_t i = 0; i < 3; i++) { /* 3 of 203: degraded; broken is the promise in one of them only */
			point[i].state = SLA_DEGRADED;
			point[i].d[0].net = 3;
		}
		point[2].suspect = true;
		point[3].state = SLA_DOWN;
		point[3].down = SLA_DOWN_IKE;
		point[4].marks = SLA_MARK_REKEY | SLA_MARK_JUMP;
		point[5].d[1].rpl64 = 1;
		point[39].d[0].outage = 20 * 1000000; /* us */
		gap.start = point[19].end;
		gap.end = gap.start + 5 * W;
		t.gap = &gap;
		t.ngaps = 1;
		if (promised) {
			t.d[0].violation = &loss;
			t.d[0].nviolations = 1;
			t.d[1].violation = &down;
			t.d[1].nviolations = 1;
		}
		picture_of(s, &t, t.from, t.to, COLUMNS, &p);
		assert_int_equal(p.n, 60);
		assert_int_equal(p.place[0].state[promised ? PICTURE_UP : PICTURE_DEGRADED], W);
		assert_int_equal(p.place[1].state[promised ? PICTURE_OVER : PICTURE_DEGRADED], W);
		assert_int_equal(p.place[2].state[PICTURE_DEGRADED], W); /* suspect: no promise was broken, none kept */
		assert_int_equal(p.place[2].marks, PICTURE_SUSPECT);
		assert_int_equal(p.place[3].state[PICTURE_DOWN], W);
		assert_int_equal(p.place[3].marks, PICTURE_IKE);
		assert_int_equal(p.place[4].marks, PICTURE_REKEY | PICTURE_JUMP);
		assert_int_equal(p.place[5].marks, PICTURE_REPLAY);
		assert_int_equal(p.place[20].state[PICTURE_DOWN], W);
		assert_int_equal(p.place[24].state[PICTURE_DOWN], W);
		assert_int_equal(p.place[25].state[PICTURE_IDLE], W);
		assert_int_equal(p.place[54].marks, 0);
		for (unsigned k = 55; k < 60; k++) /* 20 s before the bin in which it ended, and there */
			assert_int_equal(p.place[k].marks, PICTURE_OUTAGE);
		picture_free(&p);
	}
	sla_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sums), cmocka_unit_test(test_columns), cmocka_unit_test(test_longer),
					    cmocka_unit_test(test_states) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

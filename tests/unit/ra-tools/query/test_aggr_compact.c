/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_aggr_compact.c: groups of plain numbers are what groups of any fields are: the same records merged once with a text
 * kept beside the numbers (in cells, which test_aggr.c holds against flow_merge()), and once without it.
 */
#include "format/base/arena.h"
#include "ra-tools/query/aggr_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 6000
#define CAP  512

static uint64_t seed;
static struct flow rows[ROWS];

static uint64_t
rnd(uint64_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return ((seed >> 33) % n);
}

static const enum field numbers[] = { F_spkts, F_dpkts, F_sbytes, F_stime, F_ltime, F_bend, F_flags, F_stcpflags,
				      F_sttlmin, F_dttlmax, F_svlan, F_rectype };
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static struct ip
random_address(unsigned few, unsigned sixes)
{
	struct ip ip = ip_v4((const uint8_t[]){ 10, 0, (uint8_t)rnd(few), (uint8_t)rnd(4) });

	if (sixes > 0 && rnd(sixes) == 0)
		memset(ip.b, 0x20, 12);
	return (ip);
}

/* Addresses of both families where `sixes`, numbers of any size where `huge`, ports that are none where `odd`. */
static void
random_row(struct flow *f, unsigned i, unsigned few, unsigned sixes, bool huge, bool odd)
{
	flow_clear(f);
	for (unsigned k = 0; k < NUMBERS; k++) {
		enum field n = numbers[k];

		if (i > ROWS / 4 && rnd(20) == 0) { /* at first all rows have all of them */
			bit_set(rnd(3) == 0 && fields[n].agg != AGG_MIN ? f->mixed : f->present, n);
			f->v[n].u = bit_get(f->present, n) ? rnd(3) : 0;
			continue;
		}
		if (i > ROWS / 4 && rnd(9) == 0)
			continue;
		f->v[n].u = rnd(5) + (huge && rnd(50) == 0 ? rnd(2) == 0 ? UINT64_MAX - 5 : UINT32_MAX - 2ull : 0);
		bit_set(f->present, n);
	}
	SET(f, bstart, i);
	if (rnd(10) != 0)
		SET_IP(f, saddr, random_address(few, sixes));
	if (rnd(10) != 0)
		SET_IP(f, daddr, random_address(few, i > ROWS / 2 ? sixes : 0));
	SET(f, sport, rnd(3) + (odd && rnd(30) == 0 ? 65536 : 0));
	if (rnd(30) == 0) {
		bit_clear(f->present, F_sport);
		f->v[F_sport].u = 0;
		bit_set(f->mixed, F_sport);
	}
	SET_BLOB(f, probe, "a", 1);
}

static bool
cell_same(const struct flow *a, const struct flow *b, enum field f)
{
	return (bit_get(a->present, f) == bit_get(b->present, f) && bit_get(a->mixed, f) == bit_get(b->mixed, f) &&
		(!bit_get(a->present, f) || value_equal(fields[f].store, &a->v[f], &b->v[f])));
}

static void
compare(struct aggr *got, struct aggr *want)
{
	static struct flow x, y;
	struct batch *b = NULL, *w;
	uint32_t at = 0, n = 0;

	while ((w = aggr_next(want)) != NULL)
		for (uint32_t r = 0; r < w->rows; r++, at++, n++) {
			if (b == NULL || at == b->rows) {
				b = aggr_next(got);
				at = 0;
				assert_non_null(b);
			}
			batch_get(b, at, &x);
			batch_get(w, r, &y);
			for (enum field f = 0; f < F_STORED; f++)
				if (f != F_probe && !cell_same(&x, &y, f))
					fail_msg("group %u: %s is not the same", n, fields[f].name);
		}
	assert_true(b == NULL || at == b->rows);
	assert_null(aggr_next(got));
	assert_null(aggr_error(got));
}

static void
add(struct aggr *a, unsigned n)
{
	struct batch *b = batch_new(CAP);
	uint64_t sel[BITS_WORDS(CAP)] = { 0 };

	for (unsigned i = n * CAP; i < (n + 1) * CAP && i < ROWS; i++) {
		batch_add(b, &rows[i]);
		if (n % 3 != 1 || i % 5 != 0)
			bit_set(sel, i - n * CAP);
	}
	if (n % 3 == 1)
		b->sel = sel;
	aggr_place(a, n);
	aggr_add(a, b);
	batch_free(&b);
}

static struct aggr *
groups(const char *key, bool text, bool ordered)
{
	struct fieldset keep = { { 0 } };
	struct keys k;
	char err[256];

	assert_true(keys_parse(key, &k, err, sizeof(err)));
	for (unsigned i = 0; i < NUMBERS; i++)
		fieldset_add(&keep, numbers[i]);
	fieldset_add(&keep, F_saddr);
	fieldset_add(&keep, F_sport);
	if (strstr(key, "saddr") == NULL) /* else it is no part of the key, and no number */
		keep.w[F_saddr / 64] &= ~(1ull << F_saddr % 64);
	if (text)
		fieldset_add(&keep, F_probe);
	struct aggr *a = aggr_new(&k, &keep);
	if (ordered)
		aggr_order(a, F_spkts);
	return (a);
}

static void
run(unsigned round, const char *key, unsigned few, unsigned sixes, bool huge, bool odd)
{
	struct aggr *want = groups(key, true, round % 2), *one = groups(key, false, round % 2), *several = groups(key, false, round % 2);
	struct aggr *twin[3];
	unsigned batches = (ROWS + CAP - 1) / CAP;

	seed = round * 7919 + few + sixes;
	for (unsigned i = 0; i < ROWS; i++)
		random_row(&rows[i], i, few, sixes, huge, odd);
	if (round % 3 == 1)
		aggr_memory(several, 1 + rnd(60000));
	for (unsigned i = 0; i < 3; i++)
		twin[i] = aggr_twin(several);
	for (unsigned n = 0; n < batches; n++) {
		add(want, n);
		add(one, n);
		add(twin[rnd(3)], n * 5 % batches);
	}
	assert_null(want->compact);
	assert_true(one->numbers);
	assert_true(odd == (one->compact == NULL));
	for (unsigned i = 0; i < 3; i++)
		aggr_join(several, &twin[i]);
	for (unsigned i = 0; i < 3 && round % 5 == 0; i++)
		aggr_hide_ends(i == 0 ? want : i == 1 ? one : several, true);
	compare(one, want);
	aggr_free(&want);
	want = groups(key, true, round % 2);
	for (unsigned n = 0; n < batches; n++)
		add(want, n);
	if (round % 5 == 0)
		aggr_hide_ends(want, true);
	compare(several, want);
	aggr_free(&one);
	aggr_free(&several);
	aggr_free(&want);
}

static void
as_in_cells(void **state)
{
	static const char *const keys[] = { "saddr,daddr", "saddr,sport", "sport", "saddr/30/126,daddr/29,sport,svlan" };

	(void)state;
	for (unsigned round = 0; round < (getenv("PAVO_LONG") != NULL ? 480 : 24); round++) {
		bool odd = round % 8 == 7 && strstr(keys[round % 4], "sport") != NULL;

		run(round, keys[round % 4], round % 5 == 0 ? 250 : 3, round % 3 == 0 ? 0 : 1 + (unsigned)rnd(9), round % 2 == 0, odd);
	}
}

/* --- groups that threads share: most rows make one; a single one has IPv6, or a great sum, or a port that is none */

#define SHARED_ROWS 120000

static void
shared_row(struct flow *f, unsigned i, unsigned round)
{
	struct ip high = ip_v4((const uint8_t[]){ 10, (uint8_t)(i % 7), (uint8_t)(i % 251), (uint8_t)(i % 241) });

	flow_clear(f);
	if (i == SHARED_ROWS - 50 && round % 2 == 1)
		memset(high.b, 0x30, 16);
	if (i > 80000 && i % 100 == 0) /* its sum alone grows */
		high = ip_v4((const uint8_t[]){ 9, 9, 9, 9 });
	SET_IP(f, saddr, high);
	SET(f, bend, 1000 + i);
	SET(f, stime, 1000 + i * 7 % 1000);
	SET(f, sport, i == SHARED_ROWS - 90 && round == 4 ? 70000 : i % 5);
	SET(f, spkts, i == SHARED_ROWS - 70 && round == 3 ? UINT32_MAX : i > 80000 && i % 100 == 0 ? 8000000 + 3 * (i % 1000) : i % 3);
	SET(f, stcpflags, 1u << i % 9);
	SET_BLOB(f, probe, "a", 1);
}

static void
shared(void **state)
{
	struct batch *b = batch_new(4096);
	struct flow *f = malloc(sizeof(*f));

	(void)state;
	for (unsigned round = 0; round < 5; round++) { /* also by time; in files; with what no key can hold */
		struct aggr *want = groups("saddr,sport", true, round == 1), *a = groups("saddr,sport", false, round == 1), *twin[3];

		if (round == 2)
			aggr_memory(a, 6000000);
		aggr_share(a, 3);
		for (unsigned i = 0; i < 3; i++)
			twin[i] = aggr_twin(a);
		for (unsigned at = 0, n = 0; at < SHARED_ROWS; n++) {
			for (; b->rows < b->cap && at < SHARED_ROWS; at++) {
				shared_row(f, at, round);
				batch_add(b, f);
			}
			aggr_place(want, n);
			aggr_add(want, b);
			aggr_place(twin[n % 20 / 18], n); /* the first one sees most of them */
			aggr_add(twin[n % 20 / 18], b);
			batch_reset(b);
		}
		assert_true(share_used(a));
		for (unsigned i = 3; i-- > 0;)
			aggr_join(a, &twin[i]);
		compare(a, want);
		aggr_free(&want);
		aggr_free(&a);
	}
	free(f);
	batch_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(as_in_cells), cmocka_unit_test(shared) };

	return (cmocka_run_group_tests_name("aggr_compact", tests, NULL, NULL));
}

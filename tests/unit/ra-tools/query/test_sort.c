/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_sort.c: records in order, against an insertion sort by the words of SEMANTICS R11.
 */
#include "format/base/arena.h"
#include "ra-tools/query/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 300

static uint64_t seed;

static uint64_t
rnd(uint64_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return ((seed >> 33) % n);
}

/* flowid is the row's place in the input; rows of few values, some absent, some mixed. */
static void
random_row(struct flow *f, unsigned place)
{
	static const char *const words[] = { "", "a", "ab", "abcdefghi", "abcdefghj" };
	uint8_t a[4] = { 10, 0, 0, (uint8_t)rnd(4) };
	const char *w = words[rnd(5)];

	flow_clear(f);
	SET(f, flowid, place);
	if (rnd(4))
		SET(f, spkts, rnd(3) ? rnd(4) : UINT64_MAX);
	else if (rnd(2))
		bit_set(f->mixed, F_spkts);
	if (rnd(4))
		SET_IP(f, saddr, ip_v4(a));
	if (rnd(4))
		SET_BLOB(f, probe, w, strlen(w));
	else if (rnd(2))
		bit_set(f->mixed, F_probe);
	SET(f, slost, rnd(3));
	SET(f, sfix, rnd(3));
}

static int
state(const struct flow *f, enum field i)
{
	return (bit_get(f->present, i) ? 0 : bit_get(f->mixed, i) ? 2 : 1);
}

static int
compare(const struct flow *a, const struct flow *b, const struct sort_keys *k)
{
	for (unsigned i = 0; i < k->n; i++) {
		enum field f = k->key[i].field;
		int c;

		if (f == F_sloss) { /* derived, signed */
			int64_t x = (int64_t)(a->v[F_slost].u - a->v[F_sfix].u);
			int64_t y = (int64_t)(b->v[F_slost].u - b->v[F_sfix].u);

			c = (x > y) - (x < y);
		} else if (state(a, f) != 0 || state(b, f) != 0) {
			c = state(a, f) - state(b, f);
			if (c != 0)
				return (c);
			continue;
		} else {
			c = value_cmp(fields[f].store, &a->v[f], &b->v[f]);
		}
		if (c != 0)
			return (k->key[i].down ? -c : c);
	}
	return (0);
}

/* What the keys leave open the probe decides, then the id, which no two rows share. */
static int
compare_all(const struct flow *a, const struct flow *b, const struct sort_keys *k)
{
	const struct sort_keys rest = { .key = { { F_probe, false }, { F_flowid, false } }, .n = 2 };
	int c = compare(a, b, k);

	return (c != 0 ? c : compare(a, b, &rest));
}

static void
in_order(void **unused)
{
	static const char *const orders[] = { "spkts",	      "-spkts",	      "saddr,-spkts",
					      "-probe,saddr", "-sloss,probe", "sloss" };
	static struct flow rows[ROWS], *want[ROWS];

	(void)unused;
	for (size_t o = 0; o < sizeof(orders) / sizeof(orders[0]); o++) {
		struct batch *b = batch_new(128);
		struct sort_keys k;
		struct sort *s;
		char err[256];
		unsigned n = 0;

		seed = o;
		assert_true(sort_parse(orders[o], &k, err, sizeof(err)));
		s = sort_new(&k);
		for (unsigned i = 0; i < ROWS; i++) {
			unsigned at = i;

			random_row(&rows[i], i);
			for (; at > 0 && compare_all(&rows[i], want[at - 1], &k) < 0; at--)
				want[at] = want[at - 1];
			want[at] = &rows[i];
		}
		for (unsigned i = 0; i < ROWS; i++) { /* in whichever order they come */
			batch_add(b, &rows[o % 2 ? i : ROWS - 1 - i]);
			if (b->rows == b->cap || i + 1 == ROWS) {
				sort_add(s, b);
				batch_reset(b);
			}
		}
		batch_free(&b);
		while ((b = sort_next(s)) != NULL)
			for (uint32_t r = 0; r < b->rows; r++, n++)
				if (b->col[F_flowid]->u[r] != want[n]->v[F_flowid].u)
					fail_msg("%s: place %u has row %u, not %u", orders[o], n,
						 (unsigned)b->col[F_flowid]->u[r],
						 (unsigned)want[n]->v[F_flowid].u);
		assert_int_equal(n, ROWS);
		sort_free(&s);
	}
}

/* More rows than memory: the same order, also of equal rows, with more runs than are merged at once. */
static void
in_files(void **unused)
{
	static const char *const orders[] = { "spkts", "-probe,saddr", "-sloss,probe" };
	static struct flow row;

	(void)unused;
	for (size_t o = 0; o < 2 * sizeof(orders) / sizeof(orders[0]); o++) {
		struct batch *in = batch_new(1000), *b = NULL, *w;
		struct sort_keys k;
		struct sort *s, *want;
		char err[256];
		unsigned n = o < 3 ? 5000 : 36000;
		uint32_t at = 0;

		seed = o;
		assert_true(sort_parse(orders[o % 3], &k, err, sizeof(err)));
		s = sort_new(&k);
		want = sort_new(&k);
		sort_memory(s, 1);
		for (unsigned i = 0; i < n; i++) {
			random_row(&row, i);
			batch_add(in, &row);
			if (in->rows == in->cap || i + 1 == n) {
				sort_add(s, in);
				sort_add(want, in);
				batch_reset(in);
			}
		}
		while ((w = sort_next(want)) != NULL)
			for (uint32_t r = 0; r < w->rows; r++, at++) {
				if (b == NULL || at == b->rows) {
					b = sort_next(s);
					at = 0;
					assert_non_null(b);
				}
				for (enum field f = 0; f < F_STORED; f++) {
					assert_int_equal(column_has(b->col[f], at), column_has(w->col[f], r));
					assert_int_equal(column_mixed(b->col[f], at), column_mixed(w->col[f], r));
				}
				assert_int_equal(b->col[F_flowid]->u[at], w->col[F_flowid]->u[r]);
				if (column_has(w->col[F_probe], r)) {
					assert_int_equal(b->col[F_probe]->b[at].n, w->col[F_probe]->b[r].n);
					assert_memory_equal(b->col[F_probe]->b[at].p, w->col[F_probe]->b[r].p,
							    w->col[F_probe]->b[r].n);
				}
			}
		assert_true(b != NULL && at == b->rows);
		assert_null(sort_next(s));
		assert_null(sort_error(s));
		sort_free(&s);
		sort_free(&want);
		batch_free(&in);
	}
}

/* Only the first rows are wanted: those of all, in memory and in files. */
static void
only_the_first(void **unused)
{
	static const char *const orders[] = { "spkts", "-probe,saddr", "-sloss,probe", "-flowid", "saddr" };
	static struct flow row;

	(void)unused;
	for (size_t o = 0; o < 2 * sizeof(orders) / sizeof(orders[0]); o++) {
		struct batch *in = batch_new(8192), *b, *w;
		struct sort_keys k;
		struct sort *s, *want;
		uint32_t most = o % 5 == 3 ? 40000 : 700, at = 0;
		char err[256];

		seed = o;
		assert_true(sort_parse(orders[o % 5], &k, err, sizeof(err)));
		s = sort_new(&k);
		want = sort_new(&k);
		sort_most(s, most);
		if (o >= 5)
			sort_memory(s, 1000000);
		for (unsigned i = 0; i < 131072; i++) {
			random_row(&row, i);
			batch_add(in, &row);
			if (in->rows == in->cap) {
				sort_add(s, in);
				sort_add(want, in);
				batch_reset(in);
			}
		}
		w = sort_next(want);
		for (uint32_t done = 0; (b = sort_next(s)) != NULL; done += b->rows)
			for (uint32_t r = 0; r < b->rows; r++, at++) {
				if (at == w->rows) {
					w = sort_next(want);
					at = 0;
				}
				assert_int_equal(b->col[F_flowid]->u[r], w->col[F_flowid]->u[at]);
				assert_int_equal(column_has(b->col[F_spkts], r), column_has(w->col[F_spkts], at));
				assert_true(done + r < most);
				most -= done + r + 1 == most ? most : 0; /* 0: as many as were wanted */
			}
		assert_int_equal(most, 0);
		assert_null(sort_error(s));
		sort_free(&s);
		sort_free(&want);
		batch_free(&in);
	}
}

static void
mistakes(void **unused)
{
	struct sort_keys k;
	char err[256];

	(void)unused;
	assert_false(sort_parse("stimee", &k, err, sizeof(err)));
	assert_non_null(strstr(err, "nearest is stime"));
	assert_false(sort_parse("", &k, err, sizeof(err)));
	assert_true(sort_parse("-sbytes,+stime", &k, err, sizeof(err)));
	assert_int_equal(k.n, 2);
	assert_true(k.key[0].down && !k.key[1].down);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(in_files),
		cmocka_unit_test(only_the_first),
		cmocka_unit_test(mistakes),
	};

	return (cmocka_run_group_tests_name("sort", tests, NULL, NULL));
}

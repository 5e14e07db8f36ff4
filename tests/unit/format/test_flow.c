/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_flow.c: merging is associative and commutative and has an identity; turning round undoes itself.
 */
#include "records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS rounds()

/* make check-long has the time for more. */
static int
rounds(void)
{
	return (getenv("PAVO_LONG") != NULL ? 300000 : 3000);
}

/* Few values, so that they are often equal, and all three states. Times are plain, as records have them:
 * bstart is always there. */
static void
random_flow(struct flow *f, struct arena *a)
{
	flow_clear(f);
	for (enum field i = 0; i < F_STORED; i++) {
		unsigned state = (unsigned)(rnd() % 8);
		bool may_mix = fields[i].agg == AGG_KEY || fields[i].agg == AGG_SAME;

		if (fields[i].agg == AGG_COMP && !bit_get(f->present, fields[i].companion))
			continue;
		if (i != F_bstart && state < 3)
			continue;
		if (i != F_bstart && state == 3 && may_mix) {
			bit_set(f->mixed, i);
			continue;
		}
		f->v[i] = random_value(i, 1, 0, a);
		bit_set(f->present, i);
	}
	for (enum field i = 0; i < F_STORED; i++) /* a companion belongs to a value */
		if (fields[i].agg == AGG_COMP && !bit_get(f->present, fields[i].companion))
			bit_clear(f->present, i);
}

/* Equal, where an absent companion is bstart. */
static void
same(const struct flow *x, const struct flow *y, const char *law)
{
	for (enum field i = 0; i < F_STORED; i++) {
		bool a = bit_get(x->present, i), b = bit_get(y->present, i);
		union value va = x->v[i], vb = y->v[i];

		if (fields[i].agg == AGG_COMP) {
			va = a ? va : x->v[F_bstart];
			vb = b ? vb : y->v[F_bstart];
			a = b = bit_get(x->present, fields[i].companion);
		}
		if (a != b || bit_get(x->mixed, i) != bit_get(y->mixed, i))
			fail_msg("%s: presence of %s", law, fields[i].name);
		if (a && !value_equal(fields[i].store, &va, &vb))
			fail_msg("%s: value of %s", law, fields[i].name);
	}
}

static void
test_merge(void **state)
{
	static struct flow a, b, c, x, y, none;
	struct arena mem = { 0 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		arena_reset(&mem);
		random_flow(&a, &mem);
		random_flow(&b, &mem);
		random_flow(&c, &mem);

		x = a;
		flow_merge(&x, &b, &mem);
		y = b;
		flow_merge(&y, &a, &mem);
		same(&x, &y, "commutative");

		flow_merge(&x, &c, &mem);
		y = b;
		flow_merge(&y, &c, &mem);
		c = a;
		flow_merge(&c, &y, &mem);
		same(&x, &c, "associative");

		flow_clear(&none);
		x = a;
		flow_merge(&x, &none, &mem);
		same(&x, &a, "identity on the right");
		flow_merge(&none, &a, &mem);
		same(&none, &a, "identity on the left");
	}
	arena_free(&mem);
}

static void
test_reverse(void **state)
{
	static struct flow a, b, x, y;
	struct arena mem = { 0 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		arena_reset(&mem);
		random_flow(&a, &mem);
		random_flow(&b, &mem);

		x = a;
		flow_reverse(&x, &mem);
		flow_reverse(&x, &mem);
		same(&x, &a, "turned twice");

		x = a;
		flow_merge(&x, &b, &mem);
		flow_reverse(&x, &mem);
		y = a;
		flow_reverse(&y, &mem);
		flow_reverse(&b, &mem);
		flow_merge(&y, &b, &mem);
		same(&x, &y, "turning before or after merging");
	}
	arena_free(&mem);
}

/* By hand: what a kind of merging does to two values; `t`: their companion times. */
static void
test_merge_by_hand(void **state)
{
	static const struct {
		const char *msg;
		enum field f;
		uint64_t a, b, want, ta, tb;
		bool mixed;
	} cases[] = {
		{ "sum", F_spkts, 3, 4, 7, 0, 0, false },
		{ "sum stays at the top", F_sipg_sumsq, UINT64_MAX - 1, 5, UINT64_MAX, 0, 0, false },
		{ "min", F_stime, 10, 9, 9, 0, 0, false },
		{ "max", F_ltime, 10, 9, 10, 0, 0, false },
		{ "or", F_stcpflags, 0x12, 0x01, 0x13, 0, 0, false },
		{ "equal keys", F_sport, 80, 80, 80, 0, 0, false },
		{ "keys that differ", F_sport, 80, 81, 0, 0, 0, true },
		{ "first: the earlier one", F_sdscp, 46, 8, 8, 200, 100, false },
		{ "first, at one time: the smaller one", F_sdscp, 46, 8, 8, 100, 100, false },
		{ "last: the later one", F_sspi, 5, 3, 5, 200, 100, false },
		{ "last, at one time: the greater one", F_sspi, 3, 5, 5, 100, 100, false },
		{ "top: the greater one, whenever", F_dirq, 1, 3, 3, 100, 200, false },
	};
	static struct flow a, b;
	struct arena mem = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum field t = fields[cases[i].f].companion;

		flow_clear(&a);
		flow_clear(&b);
		SET(&a, bstart, 50);
		SET(&b, bstart, 50);
		a.v[cases[i].f].u = cases[i].a;
		b.v[cases[i].f].u = cases[i].b;
		bit_set(a.present, cases[i].f);
		bit_set(b.present, cases[i].f);
		if (t != F_NONE) {
			a.v[t].u = cases[i].ta;
			b.v[t].u = cases[i].tb;
			bit_set(a.present, t);
			bit_set(b.present, t);
		}
		flow_merge(&a, &b, &mem);
		if (bit_get(a.mixed, cases[i].f) != cases[i].mixed ||
		    bit_get(a.present, cases[i].f) == cases[i].mixed)
			fail_msg("%s: presence", cases[i].msg);
		if (!cases[i].mixed && a.v[cases[i].f].u != cases[i].want)
			fail_msg("%s", cases[i].msg);
	}
	arena_free(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_merge_by_hand),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

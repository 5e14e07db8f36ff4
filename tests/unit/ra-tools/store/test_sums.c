/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_sums.c: what has to be the same is found to be another one; and spans of time.
 */
#include "ra-tools/store/spans.h"
#include "ra-tools/store/sums.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t here[4] = { 10, 0, 0, 1 }, there[4] = { 10, 0, 0, 2 };

static void
row(struct batch *b, uint64_t type, uint64_t pkts, uint64_t ttl, uint64_t flags)
{
	struct flow f;

	flow_clear(&f);
	SET(&f, rectype, type);
	SET(&f, spkts, pkts);
	SET(&f, sttlmin, ttl);
	SET(&f, sttlmax, ttl);
	SET(&f, flags, flags);
	SET_IP(&f, saddr, ip_v4(here));
	SET_BLOB(&f, probe, "p", 1);
	batch_add(b, &f);
}

static struct sums *
sums_of(struct batch *b)
{
	struct sums *s = sums_new();

	sums_add(s, b);
	batch_free(&b);
	return (s);
}

static void
differ(struct batch *x, struct batch *y, bool merged, enum field f)
{
	struct sums *a = sums_of(x), *b = sums_of(y);

	assert_int_equal(sums_differ(a, b, merged), f);
	sums_free(&a);
	sums_free(&b);
}

static struct batch *
three(uint64_t last, uint64_t ttl, uint64_t flags)
{
	struct batch *b = batch_new(8);

	row(b, RECTYPE_FLOW, 1, 64, 1);
	row(b, RECTYPE_MAR, 5, 1, 0);
	row(b, RECTYPE_FLOW, last, ttl, flags);
	return (b);
}

static struct batch *
merged(uint64_t pkts, uint64_t low, uint64_t high, uint64_t flags)
{
	struct batch *b = batch_new(8);

	row(b, RECTYPE_FLOW, pkts, low, flags);
	b->col[F_sttlmax]->u[0] = high;
	row(b, RECTYPE_MAR, 5, 1, 0);
	return (b);
}

static void
test_copies(void **state)
{
	struct batch *b;

	(void)state;
	differ(three(2, 64, 2), three(2, 64, 2), false, F_NONE);
	differ(three(2, 64, 2), three(3, 64, 2), false, F_spkts);
	differ(three(2, 64, 2), three(2, 63, 2), false, F_sttlmin);
	b = three(2, 64, 2);
	b->rows--;
	differ(three(2, 64, 2), b, false, F_rectype);
	b = three(2, 64, 2);
	b->col[F_saddr]->ip[2] = ip_v4(there);
	differ(three(2, 64, 2), b, false, F_saddr);
	b = three(2, 64, 2);
	b->col[F_probe]->b[2] = (struct blob){ (const uint8_t *)"q", 1 };
	differ(three(2, 64, 2), b, false, F_probe);
	b = three(2, 64, 2);
	column_set_mixed(b, b->col[F_saddr], 2);
	differ(three(2, 64, 2), b, false, F_saddr);
	/* the same sum of other numbers */
	b = three(2, 64, 2);
	b->col[F_spkts]->u[0] = 2;
	b->col[F_spkts]->u[2] = 1;
	differ(three(2, 64, 2), b, false, F_NONE); /* in another order */
	b = three(2, 64, 2);
	b->col[F_spkts]->u[0] = 0;
	b->col[F_spkts]->u[2] = 3;
	differ(three(2, 64, 2), b, false, F_spkts);
}

static void
test_merged(void **state)
{
	struct batch *b;

	(void)state;
	differ(three(2, 63, 2), merged(3, 63, 64, 3), true, F_NONE);
	differ(three(2, 63, 2), merged(4, 63, 64, 3), true, F_spkts);
	differ(three(2, 63, 2), merged(3, 62, 64, 3), true, F_sttlmin);
	differ(three(2, 63, 2), merged(3, 63, 65, 3), true, F_sttlmax);
	differ(three(2, 63, 2), merged(3, 63, 64, 7), true, F_flags);
	/* traffic and the probe's own are not one */
	b = merged(3, 63, 64, 3);
	b->col[F_spkts]->u[0] = 5;
	b->col[F_spkts]->u[1] = 3;
	differ(three(2, 63, 2), b, true, F_spkts);
	/* a field that is gone */
	b = merged(3, 63, 64, 3);
	memset(b->col[F_saddr]->present, 0, 8);
	differ(three(2, 63, 2), b, true, F_saddr);
}

static void
test_spans(void **state)
{
	static const int64_t in[][2] = { { 10, 15 }, { 15, 20 }, { 40, 45 }, { 0, 5 }, { 41, 44 }, { 45, 50 }, { 7, 7 }, { 5, 6 } };
	static const int64_t out[] = { 0, 6, 10, 20, 40, 50 };
	struct spans s = { 0 };

	(void)state;
	spans_join(&s);
	assert_int_equal(s.n, 0);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		spans_add(&s, in[i][0], in[i][1]);
	spans_join(&s);
	assert_int_equal(s.n, 6);
	assert_memory_equal(s.at, out, sizeof(out));
	spans_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_merged),
		cmocka_unit_test(test_spans),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

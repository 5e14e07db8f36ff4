/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_stat.c: the probe's own counters: sums and levels, and which are written offline and live.
 */
#include "probe/ledger/stat.h"

#include "tests/unit/probe/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Every counter is its place in stat.def times `by`. */
static struct stat_set
counters(uint64_t by)
{
	struct stat_set s = { 0 };
	uint64_t n = 1;

#define STAT(name)         s.name = n++ * by;
#define STAT_LIVE(name)    s.name = n++ * by;
#define STAT_OFFLINE(name) s.name = n++ * by;
#include "probe/ledger/stat.def"
	return (s);
}

static void
test_add(void **state)
{
	struct stat_set a = counters(2), b = counters(3), want = counters(5), high = counters(3);

	(void)state;
	want.active = high.active; /* levels: the higher one stays */
	want.fragtab = high.fragtab;
	want.satab = high.satab;
	stat_add(&a, &b);
#define STAT(name)         assert_int_equal(a.name, want.name);
#define STAT_LIVE(name)    assert_int_equal(a.name, want.name);
#define STAT_OFFLINE(name) assert_int_equal(a.name, want.name);
#include "probe/ledger/stat.def"
	assert_false(a.live || a.has_ifdrop);
	b.live = b.has_ifdrop = true;
	stat_add(&a, &b);
	assert_true(a.live && a.has_ifdrop);
	assert_int_equal(a.active, high.active);
	stat_add(&b, &(struct stat_set){ .satab = 1 });
	assert_int_equal(b.satab, high.satab);
}

static const struct filled {
	bool live, ifdrop, filt, recv, if_there;
} filleds[] = {
	{ false, false, true, false, false },
	{ true, false, false, true, false }, /* the kernel does not say */
	{ true, true, false, true, true },
};

static void
test_fill(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(filleds) / sizeof(filleds[0]); i++) {
		const struct filled *x = &filleds[i];
		struct stat_set s = { .frames = 7, .live = x->live, .has_ifdrop = x->ifdrop };
		struct flow r;

		stat_fill(&s, row());
		row_get(&r);
		assert_true(HAS_FIELD(&r, frames) && HAS_FIELD(&r, dnsevict) && HAS_FIELD(&r, recdrop));
		assert_int_equal(r.v[F_frames].u, 7);
		assert_int_equal(r.v[F_dnsevict].u, 0);
		assert_int_equal(HAS_FIELD(&r, filt_pkts), x->filt);
		assert_int_equal(HAS_FIELD(&r, filt_bytes), x->filt);
		assert_int_equal(HAS_FIELD(&r, ps_recv), x->recv);
		assert_int_equal(HAS_FIELD(&r, ps_ifdrop), x->if_there);
		assert_false(HAS_FIELD(&r, spkts));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_fill),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

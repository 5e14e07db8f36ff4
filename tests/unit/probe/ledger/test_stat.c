/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_stat.c: the probe's own counters: sums and levels, and which are written offline and live.
 */
#include "probe/ledger/stat.h"

#include "format/base/clock.h"
#include "tests/unit/probe/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

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

/* The earliest and the latest, in whichever order they come; none is no time. */
static void
test_times(void **state)
{
	struct stat_set a = counters(1), b = counters(1);

	(void)state;
	stat_add(&a, &b);
	assert_false(a.timed);
	stat_span(&b, 500, 700);
	stat_span(&b, 400, 450);
	stat_span(&b, 600, 650);
	assert_int_equal(b.first, 400);
	assert_int_equal(b.last, 700);
	stat_add(&a, &b);
	assert_int_equal(a.first, 400);
	assert_int_equal(a.last, 700);
	stat_span(&a, 0, 0); /* a time like any other */
	assert_int_equal(a.first, 0);
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

/* Two interfaces, of which the second one was away for 250 ms. */
static void
test_links(void **state)
{
	char *const two[] = { (char[]){ "eth0" }, (char[]){ "a_name_of_15_ch" } };
	struct stat_set s = { .live = true };
	char text[2 * STAT_LINK_TEXT];
	struct flow r;

	(void)state;
	stat_take(&s, &(struct stat_news){ 0, 1, 0, { 100, 7, 0, 0, true } });
	assert_int_equal(stat_links(&s, two, 2, text, sizeof(text)), strlen("eth0:100:7:0,a_name_of_15_ch:0:0:-"));
	assert_string_equal(text, "eth0:100:7:0,a_name_of_15_ch:0:0:-");
	stat_take(&s, &(struct stat_news){ 0, 1, 0, { 3, 0, 2, 0, true } });
	stat_take(&s, &(struct stat_news){ 0, 1, 1, { 20, 0, 0, 250 * MSEC, false } });
	(void)stat_links(&s, two, 2, text, sizeof(text));
	assert_string_equal(text, "eth0:103:7:2,a_name_of_15_ch:20:-:-");
	stat_fill(&s, row());
	row_get(&r);
	assert_int_equal(r.v[F_ps_recv].u, 123);
	assert_int_equal(r.v[F_ps_drop].u, 7); /* so many at least */
	assert_int_equal(r.v[F_ifgap].u, 250000);
	s = (struct stat_set){ .live = true };
	stat_take(&s, &(struct stat_news){ 0, 1, 0, { 0, 0, 0, SEC, true } });
	stat_fill(&s, row());
	row_get(&r);
	assert_false(HAS_FIELD(&r, ps_drop) || HAS_FIELD(&r, ps_recv) || HAS_FIELD(&r, ps_ifdrop)); /* nobody knows */
}

/* No text of an interface is longer than the room for it. */
static void
test_longest(void **state)
{
	char *const one[] = { (char[]){ "a_name_of_15_ch" } };
	struct stat_set s = { .live = true, .link = { { UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, true } } };
	char text[STAT_LINK_TEXT];

	(void)state;
	assert_true(stat_links(&s, one, 1, text, sizeof(text)) < STAT_LINK_TEXT);
	assert_int_equal(strlen(text), 15 + 3 * 21);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_longest),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

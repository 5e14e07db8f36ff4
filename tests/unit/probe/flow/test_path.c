/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_path.c: ways that packets came: each is held once, as long as somebody names it.
 */
#include "probe/flow/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct paths t;

static int
setup(void **state)
{
	struct key_secret secret;

	(void)state;
	key_secret(&secret, 1);
	paths_init(&t, 1000, &secret);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(t.cells.used, 0);
	paths_free(&t);
	return (0);
}

#pragma GCC diagnostic ignored "-Woverride-init" /* what is usual, and then what is said */
/* A packet between two MAC addresses, and whatever else. */
#define PACKET(...) (&(struct packet){ .facts = FACT_MAC, .smac = 1, .dmac = 2, .vlan = 0xffff, .ivlan = 0xffff, \
	.mpls = UINT32_MAX, __VA_ARGS__ })

static void
test_unknown(void **state)
{
	const struct path *p = path_at(&t, 0);

	(void)state;
	assert_true(p->vlan == 0xffff && p->ivlan == 0xffff && p->mpls == UINT32_MAX);
	assert_true(p->macs == 0 && p->nencap == 0 && p->ohash == 0);
	path_drop(&t, 0);
}

/* Whatever differs is another path; the same is the same, found by its hash or as a recent one. */
static void
test_differ(void **state)
{
	const struct packet *const kinds[] = { PACKET(.smac = 3), PACKET(.dmac = 3), PACKET(.vlan = 3), PACKET(.ivlan = 3),
		PACKET(.mpls = 3), PACKET(.ohash = 3), PACKET(.facts = 0), PACKET(.smac = 1),
		PACKET(.nencap = 1, .encap = { { 3, ENCAP_GRE } }), PACKET(.nencap = 1, .encap = { { 4, ENCAP_GRE } }),
		PACKET(.nencap = 1, .encap = { { 3, ENCAP_VXLAN } }),
		PACKET(.nencap = 2, .encap = { { 3, ENCAP_GRE }, { 3, ENCAP_GRE } }) };
	enum { N = sizeof(kinds) / sizeof(kinds[0]) };
	uint32_t n[N];

	(void)state;
	for (int i = 0; i < N; i++) {
		n[i] = path_of(&t, kinds[i]);
		assert_int_equal(t.cells.used, i + 1);
	}
	for (int i = N - 1; i >= 0; i--)
		assert_int_equal(path_of(&t, kinds[i]), n[i]);
	for (int i = 0; i < N; i++) {
		assert_int_equal(path_at(&t, n[i])->flows, 2);
		path_drop(&t, n[i]);
		assert_int_equal(t.cells.used, N - i);
		path_drop(&t, n[i]);
		assert_int_equal(t.cells.used, N - i - 1);
	}
}

/* More than are recent; and a cell that was given back is not found any more. */
static void
test_many(void **state)
{
	enum { N = 500 };
	uint32_t n[N];

	(void)state;
	for (unsigned i = 0; i < N; i++)
		n[i] = path_of(&t, PACKET(.smac = i));
	assert_int_equal(t.cells.used, N);
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(path_at(&t, n[i])->smac, i);
		assert_int_equal(path_of(&t, PACKET(.smac = i)), n[i]);
		path_drop(&t, n[i]);
		path_drop(&t, n[i]);
	}
	n[0] = path_of(&t, PACKET(.smac = 7));
	assert_int_equal(path_at(&t, n[0])->smac, 7);
	assert_int_equal(path_at(&t, n[0])->flows, 1);
	path_drop(&t, n[0]);
}

/* Another encapsulation: MAC addresses and VLANs stay, nobody else's path changes. */
static void
test_encapsulate(void **state)
{
	uint32_t a = path_of(&t, PACKET(.vlan = 5)), b = path_of(&t, PACKET(.vlan = 5)), c;

	(void)state;
	c = path_encapsulate(&t, a, PACKET(.smac = 9, .vlan = 9, .mpls = 16, .ohash = 8, .nencap = 1,
	    .encap = { { ENCAP_NOID, ENCAP_UDP } }));
	assert_int_equal(path_at(&t, b)->flows, 1);
	assert_int_equal(path_at(&t, b)->nencap, 0);
	assert_true(path_at(&t, c)->smac == 1 && path_at(&t, c)->vlan == 5 && path_at(&t, c)->mpls == 16);
	assert_true(path_at(&t, c)->ohash == 8 && path_at(&t, c)->kind[0] == ENCAP_UDP);
	path_drop(&t, b);
	path_drop(&t, c);
}

/* Of two what is known of the first; else what the second knows. */
static void
test_join(void **state)
{
	uint32_t plain = path_of(&t, PACKET(.facts = 0, .vlan = 5)), other = path_of(&t, PACKET(.smac = 4, .vlan = 6)),
	    steps = path_of(&t, PACKET(.facts = 0, .nencap = 1, .encap = { { 7, ENCAP_GRE } })), n;

	(void)state;
	assert_int_equal(path_join(&t, 0, other), other);
	assert_int_equal(path_at(&t, other)->flows, 2);
	assert_int_equal(path_join(&t, other, 0), other);
	assert_int_equal(path_join(&t, other, other), other);
	assert_int_equal(path_at(&t, other)->flows, 2);
	n = path_join(&t, plain, other); /* plain is gone, nobody else named it */
	assert_true(path_at(&t, n)->vlan == 5 && path_at(&t, n)->macs && path_at(&t, n)->smac == 4);
	n = path_join(&t, n, steps);
	assert_true(path_at(&t, n)->smac == 4 && path_at(&t, n)->nencap == 1 && path_at(&t, n)->id[0] == 7);
	assert_int_equal(path_join(&t, n, other), n); /* all is known */
	path_drop(&t, n);
	path_drop(&t, other);
	path_drop(&t, other);
	path_drop(&t, steps);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_unknown),
		TEST(test_differ),
		TEST(test_many),
		TEST(test_encapsulate),
		TEST(test_join),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

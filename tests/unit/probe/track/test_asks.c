/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_asks.c: the table of DNS queries: what belongs to one, and who makes room.
 */
#include "probe/track/asks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct key
key(uint16_t port)
{
	struct key k;

	memset(&k, 0, sizeof(k));
	k.lport = port;
	k.hport = 53;
	k.proto = PROTO_UDP;
	k.af = 4;
	return (k);
}

static struct dns_message
ask(uint16_t id, uint16_t qtype, uint32_t qhash)
{
	return ((struct dns_message){ .id = id, .flags = 0x0100, .qtype = qtype, .qhash = qhash, .asked = 1,
	    .sure = 1 });
}

static struct dns_message
answer(uint16_t id, uint16_t qtype, uint32_t qhash)
{
	struct dns_message m = ask(id, qtype, qhash);

	m.flags = 0x8180;
	return (m);
}

/* --- what belongs to a query */

static const struct match {
	const char *what;
	uint16_t port;
	int side;
	struct dns_message m;
	bool found;
} matches[] = { /* a query of port 1, side 0, id 7, type 1, name 100 waits */
	{ "its answer", 1, 1, { .flags = 0x8180, .id = 7, .qtype = 1, .qhash = 100, .asked = 1 }, true },
	{ "the query again", 1, 0, { .flags = 0x0100, .id = 7, .qtype = 1, .qhash = 100, .asked = 1 }, true },
	{ "an answer without a question", 1, 1, { .flags = 0x8181, .id = 7 }, true },
	{ "another id", 1, 1, { .flags = 0x8180, .id = 8, .qtype = 1, .qhash = 100, .asked = 1 }, false },
	{ "another type", 1, 1, { .flags = 0x8180, .id = 7, .qtype = 28, .qhash = 100, .asked = 1 }, false },
	{ "another name", 1, 1, { .flags = 0x8180, .id = 7, .qtype = 1, .qhash = 101, .asked = 1 }, false },
	{ "another flow", 2, 1, { .flags = 0x8180, .id = 7, .qtype = 1, .qhash = 100, .asked = 1 }, false },
	{ "an answer of who asked", 1, 0, { .flags = 0x8180, .id = 7, .qtype = 1, .qhash = 100, .asked = 1 }, false },
	{ "a query of the other side", 1, 1, { .flags = 0x0100, .id = 7, .qtype = 1, .qhash = 100, .asked = 1 },
	    false },
};

static void
test_matches(void **state)
{
	struct asks *a = asks_new(4, 1);
	struct key one = key(1);
	struct dns_message q = ask(7, 1, 100);
	bool evicted;

	(void)state;
	(void)asks_add(a, &one, 0, &q, 0, &evicted);
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		struct key k = key(matches[i].port);
		bool found = asks_find(a, &k, matches[i].side, &matches[i].m) != NULL;

		if (found != matches[i].found)
			print_error("%s\n", matches[i].what);
		assert_int_equal(found, matches[i].found);
	}
	asks_free(&a);
}

/* Three places, four queries: the oldest goes.  One that is sent again is the newest. */
static void
test_eviction(void **state)
{
	struct asks *a = asks_new(3, 1);
	struct key k = key(1);
	struct dns_message q[4], r;
	struct ask *x;
	bool evicted;

	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		q[i] = ask(i, 1, 5);
	for (int i = 0; i < 3; i++) {
		x = asks_add(a, &k, 0, &q[i], i * SEC, &evicted);
		assert_false(evicted);
		assert_true(x->due == (i + 5) * SEC);
	}
	x = asks_find(a, &k, 0, &q[0]);
	assert_non_null(x);
	asks_again(a, x, 3 * SEC);
	assert_true(x->due == 8 * SEC);
	assert_int_equal(asks_first(a)->id, 1);
	(void)asks_add(a, &k, 0, &q[3], 3 * SEC, &evicted);
	assert_true(evicted);
	r = answer(1, 1, 5);
	assert_null(asks_find(a, &k, 1, &r));
	assert_int_equal(asks_first(a)->id, 2);
	asks_drop(a, asks_first(a));
	assert_int_equal(asks_first(a)->id, 0);
	asks_drop(a, asks_first(a));
	assert_int_equal(asks_first(a)->id, 3);
	asks_drop(a, asks_first(a));
	assert_null(asks_first(a));
	asks_free(&a);
}

/* They are due in the order of the list: one that comes for an earlier moment waits with those before it. */
static void
test_order(void **state)
{
	struct asks *a = asks_new(4, 1);
	struct key k = key(1);
	struct dns_message one = ask(1, 1, 5), two = ask(2, 1, 5);
	bool evicted;

	(void)state;
	assert_null(asks_first(a));
	assert_int_equal(asks_add(a, &k, 0, &one, 10 * SEC, &evicted)->due, 15 * SEC);
	assert_int_equal(asks_add(a, &k, 0, &two, 9 * SEC, &evicted)->due, 15 * SEC);
	asks_again(a, asks_find(a, &k, 0, &one), 20 * SEC);
	assert_int_equal(asks_first(a)->id, 2);
	assert_int_equal(asks_find(a, &k, 0, &one)->due, 25 * SEC);
	asks_free(&a);
	assert_null(a);
}

/* Many that differ in their names alone: each finds its own, whichever has gone before, and an answer without a question
 * is that of the oldest which still waits. */
static void
test_names(void **state)
{
	enum { MANY = 1000 };
	struct asks *a = asks_new(2 * MANY, 1);
	struct key k = key(1);
	struct dns_message bare = answer(0, 0, 0);
	bool evicted;

	(void)state;
	bare.asked = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		struct dns_message q = ask(0, 1, i);

		assert_null(asks_find(a, &k, 0, &q));
		(void)asks_add(a, &k, 0, &q, i, &evicted);
	}
	for (uint32_t i = 0; i < MANY; i++) { /* 7 and 1000 have no divisor: each of them once */
		uint32_t name = i * 7 % MANY;
		struct dns_message r = answer(0, 1, name);
		struct ask *x = asks_find(a, &k, 1, &r);

		assert_non_null(x);
		assert_int_equal(x->qhash, name);
		asks_drop(a, x);
		assert_null(asks_find(a, &k, 1, &r));
		x = asks_find(a, &k, 1, &bare);
		assert_true((x == NULL) == (i == MANY - 1));
		if (x != NULL)
			assert_ptr_equal(x, asks_first(a));
	}
	assert_null(asks_first(a));
	asks_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_names),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

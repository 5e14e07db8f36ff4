/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_wait.c: packets that wait beside a flow: each keeps what it was, they leave in the order in which they came,
 * and there are only so many.
 */
#include "probe/settle/wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct table table;
static struct waits waits;

static int
setup(void **state)
{
	(void)state;
	table_init(&table, 16, 1);
	waits_init(&waits);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	waits_free(&waits);
	table_free(&table);
	return (0);
}

static uint32_t
flow(uint16_t port)
{
	struct key k = { .af = 4, .proto = PROTO_TCP, .lport = port, .hport = 80 };
	uint32_t n = table_add(&table, &k, table_hash(&table, &k));

	flow_at(&table, n)->id = port;
	return (n);
}

static bool
add(uint32_t beside, uint32_t number)
{
	struct packet p = { .facts = FACT_TCP, .tcp = { .seq = number } };
	struct seen v = { .p = &p, .now = number, .side = 1 };

	return (waits_add(&waits, &table, beside, &v)); /* neither lives on */
}

static void
test_order(void **state)
{
	uint32_t a = flow(1), b = flow(2);
	struct waiting x;

	(void)state;
	assert_null(waits_oldest(&waits));
	assert_null(waits_first(&waits, a, 1));
	assert_true(add(a, 10) && add(b, 11) && add(a, 12));
	assert_int_equal(waits_oldest(&waits)->v.now, 10);
	assert_int_equal(waits_first(&waits, b, 2)->packet.tcp.seq, 11);
	assert_null(waits_first(&waits, b, 1)); /* the cell is another flow's by now */
	assert_true(waits_take(&waits, a, 1, &x));
	assert_true(x.v.p == &x.packet && x.packet.tcp.seq == 10 && x.v.side == 1 && x.v.flow == a);
	assert_int_equal(waits_oldest(&waits)->v.now, 11);
	assert_true(waits_take(&waits, a, 1, &x));
	assert_int_equal(x.v.p->tcp.seq, 12);
	assert_false(waits_take(&waits, a, 1, &x));
	assert_true(waits_take(&waits, b, 2, &x));
	assert_null(waits_oldest(&waits));
}

static void
test_cap(void **state)
{
	uint32_t a = flow(1);
	struct waiting x;

	(void)state;
	for (uint32_t i = 0; i < WAITS; i++)
		assert_true(add(a, i));
	assert_false(add(a, WAITS));
	assert_true(waits_take(&waits, a, 1, &x));
	assert_true(add(a, WAITS)); /* the place is free again */
	for (uint32_t i = 1; i <= WAITS; i++) {
		assert_true(waits_take(&waits, a, 1, &x));
		assert_int_equal(x.packet.tcp.seq, i);
	}
	assert_int_equal(waits.cells.used, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cap, setup, teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

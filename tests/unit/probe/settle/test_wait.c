/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_wait.c: packets that wait beside a flow: in their order, of this flow and not of who has its cell now; the cap.
 * What they wait for is in test_settle.c.
 */
#include "tests/unit/probe/world.h"

static struct table t;
static struct waits w;
static uint32_t flow[2];

static int
setup(void **state)
{
	(void)state;
	table_init(&t, 4, 1);
	waits_init(&w);
	for (uint16_t i = 0; i < 2; i++) {
		struct key k = { .lport = i };

		flow[i] = table_add(&t, &k, table_hash(&t, &k));
		flow_at(&t, flow[i])->id = 70u + i;
	}
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	table_free(&t);
	waits_free(&w);
	return (0);
}

/* A packet of that length; the one that is given is gone afterwards. */
static bool
add(uint32_t n, uint32_t wire)
{
	struct packet p = { .wire = wire };
	struct seen v = { .p = &p, .now = AT(wire), .side = 1 };
	bool there = waits_add(&w, &t, n, &v);

	p.wire = 0;
	return (there);
}

static void
test_order(void **state)
{
	struct waiting x;

	(void)state;
	assert_null(waits_oldest(&w));
	assert_null(waits_first(&w, flow[0], 70));
	assert_false(waits_take(&w, flow[0], 70, &x));
	assert_true(add(flow[0], 1) && add(flow[1], 2) && add(flow[0], 3));
	assert_int_equal(waits_oldest(&w)->packet.wire, 1);
	assert_int_equal(waits_first(&w, flow[1], 71)->packet.wire, 2);
	assert_true(waits_take(&w, flow[0], 70, &x));
	assert_true(x.packet.wire == 1 && x.v.flow == flow[0] && x.v.now == AT(1) && x.v.side == 1);
	assert_ptr_equal(x.v.p, &x.packet);
	assert_int_equal(waits_oldest(&w)->packet.wire, 2);
	assert_true(waits_take(&w, flow[0], 70, &x));
	assert_int_equal(x.packet.wire, 3);
	assert_false(waits_take(&w, flow[0], 70, &x));
	assert_true(waits_take(&w, flow[1], 71, &x));
	assert_null(waits_oldest(&w));
	assert_int_equal(w.cells.used, 0);
}

/* Another flow has the cell: what waited beside the one before is not its own. */
static void
test_cell(void **state)
{
	struct waiting x;

	(void)state;
	assert_true(add(flow[0], 1));
	flow_at(&t, flow[0])->id = 80;
	assert_null(waits_first(&w, flow[0], 80));
	assert_true(add(flow[0], 2));
	assert_int_equal(waits_first(&w, flow[0], 80)->packet.wire, 2);
	assert_int_equal(waits_first(&w, flow[0], 70)->packet.wire, 1);
	assert_true(waits_take(&w, flow[0], 80, &x));
	assert_int_equal(x.packet.wire, 2);
	assert_true(waits_take(&w, flow[0], 70, &x));
}

static void
test_cap(void **state)
{
	struct waiting x;

	(void)state;
	for (uint32_t i = 0; i < WAITS; i++)
		assert_true(add(flow[i % 2], i));
	assert_false(add(flow[0], 9999));
	assert_true(waits_take(&w, flow[1], 71, &x));
	assert_int_equal(x.packet.wire, 1);
	assert_true(add(flow[0], 9999));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_cell),
		TEST(test_cap),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_ike.c: what IKE said between gateways: who began, when SAs were made; who makes room.
 */
#include "probe/tunnel/ike.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct key
gateways(uint16_t n)
{
	return ((struct key){ .lo = { { [14] = (uint8_t)(n >> 8), [15] = (uint8_t)n } }, .hi = { { 9 } }, .lport = 500,
		.hport = 500, .proto = PROTO_UDP, .af = 4 });
}

static struct packet
message(uint8_t version, uint8_t exchange, uint8_t flags, uint64_t rspi)
{
	return ((struct packet){ .facts = FACT_IKE, .ike = { .version = version, .exchange = exchange, .flags = flags,
		.rspi = rspi } });
}

/* The first message that tells who began decides. */
static void
test_sides(void **state)
{
	static const struct { uint8_t version, flags; uint64_t rspi; int side; uint8_t began; } heard[] = {
		{ 0x10, 0, 5, 0, 2 }, /* version 1, in the middle: nothing is known */
		{ 0x20, 0x20, 5, 1, 0 }, /* an answer of who did not */
		{ 0x20, 0x08, 5, 1, 0 }, /* later ones change nothing */
	};
	struct ikes t;
	struct key k = gateways(1), other = gateways(2), esp = gateways(1);

	(void)state;
	ikes_init(&t, 1);
	assert_null(ikes_find(&t, &k));
	for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
		struct packet p = message(heard[i].version, 37, heard[i].flags, heard[i].rspi);

		ikes_note(&t, &p, heard[i].side, &k, (int64_t)i);
		assert_int_equal(ikes_find(&t, &k)->side, heard[i].began);
		assert_int_equal(ikes_find(&t, &k)->last, i);
	}
	assert_null(ikes_find(&t, &other));
	esp.proto = PROTO_ESP; /* between the same two, whatever it is */
	esp.lport = esp.hport = 0;
	assert_ptr_equal(ikes_find(&t, &esp), ikes_find(&t, &k));
	ikes_free(&t);
}

/* Version 2: AUTH and CREATE_CHILD_SA; version 1: quick mode. */
static void
test_made(void **state)
{
	static const struct { uint8_t version, exchange; bool made; } exchanges[] = {
		{ 0x20, 34, false }, { 0x20, 35, true }, { 0x20, 36, true }, { 0x20, 37, false }, { 0x10, 2, false },
		{ 0x10, 32, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		struct packet p = message(exchanges[i].version, exchanges[i].exchange, 0, 0);
		struct key k = gateways(1);
		struct ikes t;

		ikes_init(&t, 1);
		ikes_note(&t, &p, 0, &k, 100);
		assert_int_equal(ikes_find(&t, &k)->made == 100, exchanges[i].made);
		assert_true(ikes_find(&t, &k)->made <= 100);
		ikes_free(&t);
	}
}

/* 4096 pairs; then that which was heard of first goes, however often it was heard since. */
static void
test_cap(void **state)
{
	struct packet p = message(0x20, 35, 0x08, 0);
	struct ikes t;

	(void)state;
	ikes_init(&t, 1);
	for (uint16_t n = 0; n <= 4096; n++) {
		struct key k = gateways(n), first = gateways(0);

		ikes_note(&t, &p, 0, &k, n);
		if (n < 4096)
			ikes_note(&t, &p, 0, &first, n);
		assert_non_null(ikes_find(&t, &k));
		assert_int_equal(ikes_find(&t, &first) != NULL, n < 4096);
	}
	assert_int_equal(t.cells.used, 4096);
	assert_non_null(ikes_find(&t, &(struct key){ .lo = gateways(1).lo, .hi = gateways(1).hi }));
	ikes_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_cap),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

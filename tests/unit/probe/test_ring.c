/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_ring.c: cells come out as they went in, and whoever sleeps is woken.
 */
#include "probe/ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
put(struct ring *r, uint64_t v)
{
	*(uint64_t *)ring_cell(r) = v;
	ring_written(r);
}

/* What is there, and all of it taken: as many calls as given here. */
static void
expect(struct ring *r, uint64_t first, uint32_t n, unsigned calls)
{
	void *cells;

	for (unsigned i = 0; i < calls; i++) {
		uint32_t got = ring_take(r, 1000, false, &cells);

		assert_in_range(got, 1, n);
		for (uint32_t j = 0; j < got; j++)
			assert_int_equal(((uint64_t *)cells)[j], first + j);
		ring_done(r, got);
		first += got;
		n -= got;
	}
	assert_int_equal(n, 0);
	assert_int_equal(ring_take(r, 1000, false, &cells), 0);
}

static void
test_alone(void **state)
{
	struct ring *r = ring_new(sizeof(uint64_t), 64);
	void *cells;

	(void)state;
	assert_int_equal(ring_take(r, 10, false, &cells), 0);
	for (uint64_t v = 0; v < 20; v++) /* less than a lot: nobody knows yet */
		put(r, v);
	assert_int_equal(ring_take(r, 10, false, &cells), 0);
	ring_hand_on(r);
	assert_int_equal(ring_take(r, 10, false, &cells), 10); /* and again, as long as they are not done */
	assert_int_equal(ring_take(r, 10, false, &cells), 10);
	expect(r, 0, 20, 1);
	for (uint64_t v = 20; v < 84; v++) /* full; 44 up to the end of the ring, then 20 */
		put(r, v);
	ring_hand_on(r);
	expect(r, 20, 64, 2);
	ring_free(&r);
	assert_null(r);
	ring_free(&r);
}

#define MANY 200000

static uint32_t state_of[2] = { 1, 2 };

static uint32_t
chance(int who, uint32_t n)
{
	state_of[who] = state_of[who] * 1664525u + 1013904223u;
	return ((state_of[who] >> 8) % n);
}

static void *
writer(void *arg)
{
	struct ring *r = arg;

	for (uint64_t v = 0; v < MANY; v++) {
		put(r, v);
		if (chance(0, 1000) == 0)
			ring_hand_on(r);
	}
	ring_hand_on(r);
	return (NULL);
}

/* A small ring, so that each waits for the other often.  A call that is never woken hangs. */
static void
test_threads(void **state)
{
	static const uint32_t sizes[] = { 4, 32, 64, 512 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ring *r = ring_new(sizeof(uint64_t), sizes[i]);
		uint64_t next = 0;
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, writer, r), 0);
		while (next < MANY) {
			void *cells;
			uint32_t n = ring_take(r, 1 + chance(1, 40), true, &cells), some;

			assert_true(n > 0);
			some = 1 + chance(1, n);
			for (uint32_t j = 0; j < some; j++)
				assert_int_equal(((uint64_t *)cells)[j], next++);
			ring_done(r, some);
		}
		pthread_join(thread, NULL);
		ring_free(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_threads),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

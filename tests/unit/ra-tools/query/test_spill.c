/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_spill.c: records of many streams come back as they were put, from memory, from the file and from both.
 */
#include "ra-tools/query/spill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STREAMS 5
#define RECORDS 400

/* Record i of a stream: its length and its bytes follow from both. */
static size_t
record(unsigned stream, unsigned i, uint8_t bytes[static 1000])
{
	size_t n = (i * 37 + stream * 11) % 700;

	for (size_t k = 0; k < n; k++)
		bytes[k] = (uint8_t)(stream * 31 + i * 7 + k);
	return (n);
}

static void
put(struct spill *s, unsigned stream)
{
	uint8_t bytes[1000];

	for (unsigned i = 0; i < RECORDS; i++) {
		size_t n = record(stream, i, bytes);

		spill_put(s, stream, bytes, n);
	}
}

static void
come_back(struct spill *s, unsigned stream)
{
	struct spill_reader *r = spill_read(s, stream);
	struct buf got = { 0 };
	uint8_t bytes[1000];

	for (unsigned i = 0; i < RECORDS; i++) {
		size_t n = record(stream, i, bytes);

		assert_true(spill_next(r, &got));
		assert_int_equal(got.len, n);
		assert_memory_equal(got.p, bytes, n);
	}
	assert_false(spill_next(r, &got));
	assert_null(spill_error(s));
	spill_close(&r);
	buf_free(&got);
}

/* 140 KB a stream: all in the file, some of it in memory, all in memory. */
static void
streams_come_back(void **state)
{
	static const uint64_t hold[] = { 0, 10000, 300000, UINT64_MAX };

	(void)state;
	for (size_t h = 0; h < sizeof(hold) / sizeof(hold[0]); h++) {
		struct spill *s = spill_new(2);

		spill_hold(s, hold[h]);
		put(s, 1);
		for (unsigned i = 2; i < STREAMS; i++) {
			assert_int_equal(spill_stream(s), i);
			put(s, i);
		}
		put(s, 0);
		assert_true(spill_end(s));
		for (unsigned i = 0; i < STREAMS; i++)
			come_back(s, i);
		spill_free(&s);
	}
}

/* One stream is read and written anew while others wait: what it held may be held again. */
static void
streams_are_dropped(void **state)
{
	struct spill *s = spill_new(0);

	(void)state;
	spill_hold(s, 200000);
	for (unsigned i = 0; i < STREAMS; i++)
		put(s, spill_stream(s));
	for (unsigned i = 0; i < STREAMS; i++) {
		spill_done(s, i);
		come_back(s, i);
		spill_drop(s, i);
		put(s, i);
		spill_done(s, i);
		come_back(s, i);
	}
	for (unsigned i = 0; i < STREAMS; i++)
		come_back(s, i);
	spill_free(&s);
}

/* What is held in memory needs no folder for a file. */
static void
no_place(void **state)
{
	struct spill *s = spill_new(1);

	(void)state;
	assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
	spill_hold(s, 1 << 20);
	put(s, 0);
	assert_true(spill_end(s));
	come_back(s, 0);
	spill_hold(s, 0);
	put(s, 0);
	assert_false(spill_end(s));
	assert_non_null(strstr(spill_error(s), "temporary file: /nonexistent: "));
	spill_free(&s);
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(streams_come_back), cmocka_unit_test(streams_are_dropped), cmocka_unit_test(no_place) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

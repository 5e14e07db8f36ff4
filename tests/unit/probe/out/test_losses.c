/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_losses.c: what was not written is told, bin by bin; MAR records survive, as long as there is room.
 */
#include "probe/out/losses.h"

#include "format/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct batch *b, *told;
static struct losses *l;

static int
setup(void **state)
{
	(void)state;
	b = batch_new(BATCH_ROWS);
	told = batch_new(BATCH_ROWS);
	l = losses_new();
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	batch_free(&b);
	batch_free(&told);
	losses_free(&l);
	return (0);
}

static void
row(unsigned type, int64_t second, unsigned spkts, unsigned dpkts)
{
	static struct flow f;

	flow_clear(&f);
	SET(&f, rectype, type);
	SET(&f, bstart, second * SEC);
	SET(&f, bend, (second + 1) * SEC);
	SET_BLOB(&f, probe, "tap", 3);
	if (type == RECTYPE_MAR) {
		SET(&f, frames, spkts);
	} else if (type != RECTYPE_CORR) {
		SET(&f, spkts, spkts);
		SET(&f, dpkts, dpkts);
		SET(&f, sbytes, 100 * spkts);
		SET(&f, dbytes, 10 * dpkts);
	}
	batch_add(b, &f);
}

/* A row a line: second, frames or "-", records, packets, bytes. */
static const char *
what_is_told(uint32_t kept)
{
	static char text[4096];
	size_t n = 0;

	batch_reset(told);
	assert_int_equal(losses_tell(l, told), kept);
	text[0] = '\0';
	for (uint32_t r = 0; r < told->rows && n < sizeof(text) - 100; r++) {
		assert_int_equal(told->col[F_rectype]->u[r], RECTYPE_MAR);
		assert_int_equal(told->col[F_bend]->i[r], told->col[F_bstart]->i[r] + SEC);
		assert_true(told->col[F_probe]->b[r].n == 3 && memcmp(told->col[F_probe]->b[r].p, "tap", 3) == 0);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%lld ", (long long)(told->col[F_bstart]->i[r] / SEC));
		if (r < kept)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "frames %llu\n",
			    (unsigned long long)told->col[F_frames]->u[r]);
		else
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%llu %llu %llu\n",
			    (unsigned long long)told->col[F_recdrop]->u[r],
			    (unsigned long long)told->col[F_recdrop_pkts]->u[r],
			    (unsigned long long)told->col[F_recdrop_bytes]->u[r]);
	}
	return (text);
}

static void
by_bin(void **state)
{
	uint64_t odd[1] = { 0x2a }; /* rows 1, 3, 5 */

	(void)state;
	assert_false(losses_wait(l));
	row(RECTYPE_FLOW, 7, 3, 2);
	row(RECTYPE_FLOW, 7, 1, 0);
	row(RECTYPE_CORR, 5, 0, 0);
	row(RECTYPE_TUN, 7, 50, 50); /* they are counted in the flows inside */
	row(RECTYPE_FLOW, 6, 4, 4);
	row(RECTYPE_MAR, 6, 8, 0);
	losses_take(l, b);
	assert_true(losses_wait(l));
	assert_int_equal(losses_records(l), 5);
	assert_string_equal(what_is_told(1), "6 frames 8\n5 1 0 0\n6 1 8 440\n7 3 6 420\n");
	assert_false(losses_wait(l));
	assert_string_equal(what_is_told(0), "");
	/* those of a filter's choice */
	b->sel = odd;
	losses_take(l, b);
	b->sel = NULL;
	assert_int_equal(losses_records(l), 7);
	assert_string_equal(what_is_told(1), "6 frames 8\n7 2 1 100\n");
}

/* A bin of which no MAR record is left has no loss either: it is a hole in time, and the number of its records is told
 * with another one. */
static void
too_many(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++) {
		row(RECTYPE_FLOW, i, 1, 0);
		row(RECTYPE_MAR, i, 1, 0);
	}
	row(RECTYPE_FLOW, 6000, 2, 0);
	losses_take(l, b);
	batch_reset(told);
	assert_int_equal(losses_tell(l, told), 4096);
	assert_int_equal(told->rows, 4096 + 4096 + 1);
	assert_int_equal(told->col[F_bstart]->i[4095], 4095 * SEC);
	assert_int_equal(told->col[F_recdrop]->u[4096], 1 + (5000 - 4096));
	assert_int_equal(told->col[F_recdrop_pkts]->u[4096], 1);
	assert_int_equal(told->col[F_recdrop]->u[4097], 1);
	assert_int_equal(told->col[F_bstart]->i[8192], 6000 * SEC);
	assert_int_equal(losses_records(l), 5001 + (5000 - 4096)); /* the MAR records too */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_bin, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many, setup, teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

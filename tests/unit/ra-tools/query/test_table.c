/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_table.c: rows that went into a table come out as they were, in any order; against the records themselves.
 */
#include "format/base/arena.h"
#include "ra-tools/query/table_room.h"
#include "tests/unit/ra-tools/query/rows.h"

#include <stdio.h>

#define ROWS 9000 /* three chunks, the last one not full */

static const enum field some[] = { F_spkts, F_dpkts, F_sbytes, F_bstart, F_stime, F_flowid, F_trans,
				   F_sttlmin, F_saddr, F_daddr, F_probe, F_hist, F_sport };
#define NSOME (sizeof(some) / sizeof(some[0]))

/* Columns of all kinds, by number: zeros, one value, small ones, a few large ones, times, values over the whole range; in all
 * rows, in few, from some row on. */
static uint64_t
number(unsigned kind, unsigned row)
{
	switch (kind % 7) {
	case 0:
		return (0);
	case 1:
		return (1700000000000000000);
	case 2:
		return (rnd(200));
	case 3:
		return (rnd(100) == 0 ? 1ull << rnd(64) : rnd(3));
	case 4:
		return (1700000000000000000 + rnd(1000000));
	case 5:
		return (row < 5000 ? 1700000000000000000 + row : 5);
	default:
		return (rnd(1ull << 31) << 33 | rnd(1ull << 31));
	}
}

static void
random_row(struct flow *f, unsigned trial, unsigned row)
{
	flow_clear(f);
	for (unsigned i = 0; i < NSOME; i++) {
		unsigned how = (trial + i * 5) % 6;

		if ((how == 1 && rnd(20) != 0) || (how == 2 && row < 4500) || (how == 3 && row > 3000) || (how == 4 && rnd(2)))
			continue;
		if (how == 5 && rnd(30) == 0) {
			bit_set(f->mixed, some[i]);
			continue;
		}
		set_value(f, some[i], row > 6000 && rnd(2), number(trial + i, row));
	}
}

static void
fill(struct table *t, const struct flow *rows, unsigned trial)
{
	struct batch *b = batch_new(2500);
	uint32_t *pick = calloc(2500, sizeof(pick[0]));
	struct fieldset all = { { 0 } };

	fieldset_all(&all);
	for (unsigned i = 0; i < ROWS; i++) {
		batch_add(b, &rows[i]);
		if (b->rows < b->cap && i + 1 < ROWS)
			continue;
		/* in pieces of any length */
		for (uint32_t at = 0, n; at < b->rows; at += n) {
			n = 1 + (uint32_t)rnd(trial % 2 ? 3000 : 70);
			n = n > b->rows - at ? b->rows - at : n;
			for (uint32_t k = 0; k < n; k++)
				pick[k] = at + k;
			table_append(t, b, &all, pick, n);
		}
		batch_reset(b);
	}
	batch_free(&b);
	free(pick);
}

static void
comes_out_as_it_went_in(void **unused)
{
	struct flow *rows = malloc(ROWS * sizeof(rows[0]));
	uint32_t *pick = calloc(ROWS, sizeof(pick[0]));

	(void)unused;
	for (unsigned trial = 0; trial < 12; trial++) {
		struct table *t = table_new();
		struct batch *out = batch_new(4000);

		seed = trial;
		for (unsigned i = 0; i < ROWS; i++)
			random_row(&rows[i], trial, i);
		fill(t, rows, trial);
		assert_int_equal(t->rows, ROWS);
		if (trial % 3 != 0)
			table_settle(t);
		for (unsigned k = 0; k < 8; k++) { /* in order and not, all and few */
			uint32_t n = k == 3 ? 1 : 1 + (uint32_t)rnd(4000), from = (uint32_t)rnd(ROWS - n);

			for (uint32_t i = 0; i < n; i++)
				pick[i] = k % 2 ? from + i : (uint32_t)rnd(ROWS);
			table_gather(t, NULL, pick, n, out);
			assert_int_equal(out->rows, n);
			for (uint32_t i = 0; i < n; i++)
				same_row(&rows[pick[i]], out, i);
		}
		table_free(&t);
		batch_free(&out);
	}
	free(rows);
	free(pick);
}

/* Rows of a batch in any order, and only the fields that are asked for. */
static void
rows_and_fields_are_picked(void **unused)
{
	struct batch *b = batch_new(100), *out = batch_new(100);
	struct table *t = table_new();
	struct fieldset set = { { 0 } };
	const uint32_t rows[] = { 70, 3, 64, 3 }, back[] = { 3, 0 };
	struct flow *f = malloc(sizeof(*f));

	(void)unused;
	for (unsigned i = 0; i < 100; i++) {
		flow_clear(f);
		SET(f, spkts, i);
		if (i % 2)
			SET(f, dpkts, 1000 + i);
		SET(f, sbytes, 7);
		batch_add(b, f);
	}
	fieldset_add(&set, F_spkts);
	fieldset_add(&set, F_dpkts);
	table_append(t, b, &set, rows, 4);
	assert_true(table_has(t, F_spkts));
	assert_false(table_has(t, F_sbytes));
	assert_true(table_compare(t, F_spkts, 0, 1) > 0);
	assert_true(table_compare(t, F_dpkts, 0, 1) > 0); /* absent behind present */
	assert_int_equal(table_compare(t, F_spkts, 1, 3), 0);
	table_gather(t, &set, back, 2, out);
	assert_null(out->col[F_sbytes]);
	assert_int_equal(out->col[F_spkts]->u[0], 3);
	assert_int_equal(out->col[F_spkts]->u[1], 70);
	assert_int_equal(out->col[F_dpkts]->u[0], 1003);
	assert_false(column_has(out->col[F_dpkts], 1));
	table_clear(t);
	assert_int_equal(t->rows, 0);
	table_free(&t);
	batch_free(&b);
	batch_free(&out);
	free(f);
}

/* What is not there takes no memory: a million rows of a column of zeros and one of a byte. */
static void
memory_is_what_values_need(void **unused)
{
	struct batch *b = batch_new(BATCH_ROWS);
	struct table *t = table_new();
	struct fieldset all = { { 0 } };
	uint32_t *rows = calloc(BATCH_ROWS, sizeof(rows[0]));

	(void)unused;
	fieldset_all(&all);
	b->rows = BATCH_ROWS;
	for (uint32_t i = 0; i < b->rows; i++) {
		rows[i] = i;
		batch_column(b, F_spkts)->u[i] = i % 256;
	}
	bits_fill(batch_column(b, F_spkts)->present, b->rows);
	bits_fill(batch_zeros(b, F_srtxup)->present, b->rows);
	for (unsigned i = 0; i < 32; i++)
		table_append(t, b, &all, rows, b->rows);
	/* a byte a row, and what a chunk costs: less than 8 bytes a row */
	assert_in_range(table_bytes(t), 32 * BATCH_ROWS, 32 * BATCH_ROWS * 9);
	table_free(&t);
	batch_free(&b);
	free(rows);
}

/* Taken in, a table brings any number of words, and the same ones again; then a merge puts others. */
static void
words_of_several(void **unused)
{
	enum { N = 3000 };
	static char text[N][8];
	struct table *t = table_new(), *others[3];
	struct batch *b = batch_new(N);
	struct fieldset all = { { 0 } };
	uint32_t rows[N];
	struct cell cell = { .present = true };

	(void)unused;
	fieldset_all(&all);
	for (uint32_t i = 0; i < N; i++) {
		rows[i] = i;
		(void)snprintf(text[i], sizeof(text[i]), "%u", i);
		batch_column(b, F_probe)->b[i] = (struct blob){ (const uint8_t *)text[i], (uint32_t)strlen(text[i]) };
	}
	b->rows = N;
	bits_fill(batch_column(b, F_probe)->present, N);
	for (unsigned k = 0; k < 3; k++) {
		others[k] = table_new();
		table_append(others[k], b, &all, rows, N);
		table_take(t, others[k]);
	}
	assert_int_equal(table_chunks(t), 3);
	for (uint32_t k = 0; k < 3; k++) {
		cell.v.b = (struct blob){ (const uint8_t *)"new", 3 };
		table_put(t, F_probe, k << TABLE_BITS | 5, &cell, false);
		cell.v.b = (struct blob){ (const uint8_t *)"77", 2 };
		table_put(t, F_probe, k << TABLE_BITS | 6, &cell, false);
	}
	for (uint32_t k = 0; k < 3; k++)
		for (uint32_t i = 0; i < N; i++) {
			struct blob got = table_value(t, F_probe, k << TABLE_BITS | i).b;
			const char *want = i == 5 ? "new" : i == 6 ? "77" : text[i];

			assert_int_equal(got.n, strlen(want));
			assert_memory_equal(got.p, want, got.n);
		}
	table_free(&t);
	for (unsigned k = 0; k < 3; k++)
		table_free(&others[k]);
	batch_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_out_as_it_went_in),
		cmocka_unit_test(rows_and_fields_are_picked),
		cmocka_unit_test(memory_is_what_values_need),
		cmocka_unit_test(words_of_several),
	};

	return (cmocka_run_group_tests_name("table", tests, NULL, NULL));
}

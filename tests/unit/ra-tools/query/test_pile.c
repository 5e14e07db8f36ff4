/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_pile.c: rows that were laid on a pile, dense as blocks have them or flat, all of a batch or some, come out as they
 * were, in any order; against the records themselves.
 */
#include "format/block.h"
#include "ra-tools/query/pile.h"
#include "tests/unit/ra-tools/query/rows.h"

#include <stdio.h>

#define ROWS 9000

static const enum field some[] = { F_spkts, F_dpkts, F_sbytes, F_bstart, F_stime, F_flowid, F_trans, F_sttlmin, F_dttlmin,
	F_saddr, F_daddr, F_probe, F_hist, F_sport, F_stcpflags, F_dtcpflags };
#define NSOME (sizeof(some) / sizeof(some[0]))

/* Columns of all kinds, by number: zeros, one value, another one from batch to batch, small ones, a few large ones, times,
 * those of one batch far from the next one's, values over the whole range, few different ones. */
static uint64_t
number(unsigned kind, unsigned row)
{
	switch (kind % 9) {
	case 0:
		return (0);
	case 1:
		return (1700000000000000000);
	case 2:
		return (row / 1000);
	case 3:
		return (rnd(200));
	case 4:
		return (rnd(100) == 0 ? 1ull << rnd(64) : rnd(3));
	case 5:
		return (1700000000000000000 + rnd(1000000) * 1000);
	case 6:
		return (row < 5000 ? row / 2000 * (1ull << 50) + rnd(200) : 5);
	case 7:
		return (rnd(1ull << 31) << 33 | rnd(1ull << 31));
	default:
		return (rnd(4) * 123456789123);
	}
}

static void
random_row(struct flow *f, unsigned trial, unsigned row)
{
	bool both = rnd(2); /* fields that are in the same rows */

	flow_clear(f);
	for (unsigned i = 0; i < NSOME; i++) {
		unsigned how = (trial + i * 5) % 7;

		if ((how == 1 && rnd(20) != 0) || (how == 2 && row < 4500) || (how == 3 && row > 3000) || (how == 4 && rnd(2)) ||
		    (how == 6 && both))
			continue;
		if (how == 5 && rnd(30) == 0) {
			bit_set(f->mixed, some[i]);
			continue;
		}
		set_value(f, some[i], row > 6000 && rnd(2), number(trial + i, row));
	}
}

/* --- rows in -------------------------------------------------------------------------------------- */

static const uint8_t *
from_memory(void *arg, uint64_t offset, uint32_t n)
{
	const struct buf *b = arg;

	return (offset <= b->len && n <= b->len - offset ? b->p + offset : NULL);
}

/* The batch as one that was read from a block: dense. */
static struct batch *
through_a_block(struct blocks *k, const struct batch *b, struct buf *bytes, struct arena *a)
{
	struct batch *read = batch_new(1);
	struct directory *d = arena_zero(a, sizeof(*d));
	struct buf *sections = arena_zero(a, sizeof(*sections));
	enum field unknown = F_NONE;
	struct index_entry entry;
	struct meta_object m;
	struct fieldset used;

	block_encode(k, b, bytes, &used, &entry);
	assert_true(meta_get_object(bytes->p, &m));
	assert_true(meta_get_directory(bytes->p + META_PREFIX, m.size, a, d));
	*sections = (struct buf){ bytes->p + META_PREFIX + m.size, bytes->len - META_PREFIX - m.size, 0 };
	block_open(k, d, NULL, from_memory, sections, read);
	assert_int_equal(block_read(k, NULL, &unknown), BLOCK_GOOD);
	return (read);
}

static void
lay(struct pile *p, struct batch *b, struct blocks *k, const struct fieldset *set, uint32_t *order, uint32_t *laid, uint32_t first)
{
	uint32_t rows[1000], n = 0, way = (uint32_t)rnd(4);
	struct arena arena = { 0 };
	struct buf bytes = { 0 };
	struct batch *read = way % 2 ? through_a_block(k, b, &bytes, &arena) : NULL;

	for (uint32_t i = 0; i < b->rows; i++)
		if (way < 2 || rnd(3) != 0) {
			rows[n++] = i;
			order[(*laid)++] = first + i;
		}
	for (enum field f = 0; read != NULL && f < F_STORED; f++)
		if (rnd(10) == 0)
			(void)batch_flat(read, f);
	pile_add(p, read != NULL ? read : b, set, rows, n);
	if (read != NULL)
		batch_free(&read);
	buf_free(&bytes);
	arena_free(&arena);
}

/* In batches of any length; order[i]: which row is the pile's row i. */
static uint32_t
lay_all(struct pile *p, struct blocks *k, const struct flow *rows, uint32_t *order)
{
	struct batch *b = batch_new(1000);
	struct fieldset all = { { 0 } };
	uint32_t laid = 0, end = 1 + (uint32_t)rnd(1000);

	fieldset_all(&all);
	for (uint32_t i = 0, first = 0; i < ROWS; i++) {
		batch_add(b, &rows[i]);
		if (b->rows < end && i + 1 < ROWS)
			continue;
		lay(p, b, k, &all, order, &laid, first);
		batch_reset(b);
		first = i + 1;
		end = 1 + (uint32_t)rnd(rnd(5) == 0 ? 3 : 1000);
	}
	batch_free(&b);
	return (laid);
}

static void
same_values(const struct pile *p, const struct flow *want, uint32_t row)
{
	for (unsigned i = 0; i < NSOME; i++) {
		const enum field f = some[i];
		union value v = pile_value(p, f, row);

		assert_int_equal(pile_rank(p, f, row),
		    bit_get(want->present, f) ? RANK_HERE : bit_get(want->mixed, f) ? RANK_MIXED : RANK_ABSENT);
		if (bit_get(want->present, f))
			assert_true(value_equal((enum store)fields[f].store, &v, &want->v[f]));
	}
}

static void
comes_out_as_it_went_in(void **unused)
{
	struct flow *rows = malloc(ROWS * sizeof(rows[0]));
	uint32_t *pick = calloc(ROWS, sizeof(pick[0])), *order = calloc(ROWS, sizeof(order[0]));
	struct blocks *blocks = blocks_new();
	struct batch *out = batch_new(4000);

	(void)unused;
	for (unsigned trial = 0; trial < 21; trial++) {
		struct pile *p = pile_new();
		uint32_t laid;

		seed = trial;
		for (unsigned i = 0; i < ROWS; i++)
			random_row(&rows[i], trial, i);
		laid = lay_all(p, blocks, rows, order);
		assert_int_equal(pile_rows(p), laid);
		for (unsigned k = 0; k < 8; k++) { /* in order and not, all and few */
			uint32_t n = k == 3 ? 1 : 1 + (uint32_t)rnd(4000), from = (uint32_t)rnd(laid - n);

			for (uint32_t i = 0; i < n; i++)
				pick[i] = k % 2 ? from + i : (uint32_t)rnd(laid);
			pile_pick(p, pick, n, out);
			assert_int_equal(out->rows, n);
			for (uint32_t i = 0; i < n; i++)
				same_row(&rows[order[pick[i]]], out, i);
			for (uint32_t i = 0; i < n && i < 100; i++)
				same_values(p, &rows[order[pick[i]]], pick[i]);
		}
		pile_free(&p);
	}
	batch_free(&out);
	blocks_free(&blocks);
	free(rows);
	free(pick);
	free(order);
}

static void
tells_what_differs(void **unused)
{
	struct batch *b = batch_new(100);
	struct pile *p = pile_new();
	struct fieldset set = { { 0 } };
	const uint32_t rows[] = { 3, 64, 70 };
	struct flow *f = malloc(sizeof(*f));

	(void)unused;
	for (unsigned i = 0; i < 100; i++) {
		flow_clear(f);
		SET(f, spkts, i);
		if (i % 2)
			SET(f, dpkts, 1000 + i);
		SET(f, sbytes, 7);
		SET(f, dbytes, 8);
		batch_add(b, f);
	}
	fieldset_add(&set, F_spkts);
	fieldset_add(&set, F_dpkts);
	fieldset_add(&set, F_sbytes);
	pile_add(p, b, &set, rows, 3);
	assert_int_equal(pile_rows(p), 3);
	assert_true(pile_tells(p, F_spkts));
	assert_true(pile_tells(p, F_dpkts));
	assert_false(pile_tells(p, F_sbytes)); /* 7 in all */
	assert_false(pile_tells(p, F_dbytes)); /* not asked for */
	assert_true(pile_compare(p, F_spkts, 0, 1) < 0);
	assert_true(pile_compare(p, F_dpkts, 0, 1) < 0); /* absent behind present */
	assert_int_equal(pile_compare(p, F_dpkts, 1, 2), 0);
	assert_int_equal(pile_value(p, F_dpkts, 0).u, 1003);
	batch_column(b, F_sbytes)->u[64] = 9;
	pile_add(p, b, &set, rows, 3);
	assert_true(pile_tells(p, F_sbytes));
	assert_true(pile_compare(p, F_sbytes, 1, 4) < 0);
	pile_free(&p);
	batch_free(&b);
	free(f);
}

/* What is not there takes no memory: a million rows of a column of zeros, one of a byte, and two that one row in eight has. */
static void
memory_is_what_values_need(void **unused)
{
	struct batch *b = batch_new(BATCH_ROWS);
	struct pile *p = pile_new();
	struct fieldset all = { { 0 } };
	uint32_t *rows = calloc(BATCH_ROWS, sizeof(rows[0]));

	(void)unused;
	fieldset_all(&all);
	b->rows = BATCH_ROWS;
	for (uint32_t i = 0; i < b->rows; i++) {
		rows[i] = i;
		batch_column(b, F_spkts)->u[i] = i % 256;
		if (i % 8 != 0)
			continue;
		batch_column(b, F_sport)->u[i] = i;
		bit_set(b->col[F_sport]->present, i);
		batch_column(b, F_dport)->u[i] = 65535 - i;
		bit_set(b->col[F_dport]->present, i);
	}
	bits_fill(batch_column(b, F_spkts)->present, b->rows);
	bits_fill(batch_zeros(b, F_srtxup)->present, b->rows);
	for (unsigned i = 0; i < 32; i++)
		pile_add(p, b, &all, rows, b->rows);
	/* a byte, two eighths of two, and some bits a row for both sets of rows: less than two bytes */
	assert_in_range(pile_bytes(p), 32 * BATCH_ROWS * 3 / 2, 32 * BATCH_ROWS * 2);
	pile_free(&p);
	batch_free(&b);
	free(rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_out_as_it_went_in),
		cmocka_unit_test(tells_what_differs),
		cmocka_unit_test(memory_is_what_values_need),
	};
	return (cmocka_run_group_tests(tests, NULL, NULL));
}

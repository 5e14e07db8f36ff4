/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_fold.c: bins of rows that are folded, beside bins of the same rows merged one by one: blocks are written, and read
 * with dense and with flat columns.
 */
#include "format/block.h"
#include "ra-tools/query/bin.h"
#include "ra-tools/query/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 88172645463325252ull;

static uint64_t
rnd(void) /* xorshift64 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed);
}

static const uint16_t some[] = { F_bstart, F_bend, F_rectype, F_probe, F_spkts, F_dpkts, F_sbytes, F_dbytes, F_sttlmin,
	F_sttlmax, F_stcpflags, F_srtxup, F_vrf, F_state };
#define SOME (sizeof(some) / sizeof(some[0]))

/* Rows of bins of a second; `kind` says what differs from row to row. */
static void
fill(struct batch *b, uint32_t rows, unsigned kind)
{
	static struct flow f;
	int64_t start = 1700000000;

	for (uint32_t r = 0; r < rows; r++) {
		uint64_t type = rnd() % 50 == 0 ? RECTYPE_MAR : rnd() % 60 == 0 && kind % 3 == 0 ? RECTYPE_CORR : RECTYPE_FLOW;

		if (kind % 13 == 5) /* rows of some bins by turns */
			start = 1700000000 + (int64_t)(rnd() % 3);
		else
			start += kind % 4 != 0 && rnd() % 40 == 0;
		flow_clear(&f);
		SET(&f, rectype, type);
		SET(&f, bstart, start * SEC);
		SET(&f, bend, (start + 1) * SEC);
		SET_BLOB(&f, probe, kind % 5 == 4 && rnd() % 2 ? "other" : "one", kind % 5 == 4 ? 3 : 3);
		SET(&f, vrf, kind % 7 == 6 ? rnd() % 2 : 9);
		if (rnd() % 4 != 0)
			SET(&f, proto, rnd() % 3);
		SET_IP(&f, saddr, ip_v4((const uint8_t[]){ 10, 0, 0, (uint8_t)(rnd() % (kind % 4 == 3 ? 100 : 4)) }));
		if (rnd() % 30 != 0) { /* else the end of a flow */
			SET(&f, spkts, 1 + rnd() % 20);
			SET(&f, sbytes, kind % 6 == 5 ? rnd() : 40 + rnd() % 1000);
			SET(&f, sttlmin, 50 + rnd() % 20);
			SET(&f, sttlmax, 80 + rnd() % 20);
		}
		if (rnd() % 2 == 0) {
			SET(&f, dpkts, 1 + rnd() % 20);
			SET(&f, dbytes, 60);
		}
		if (rnd() % 3 == 0) {
			SET(&f, stcpflags, 1 << rnd() % 8);
			SET(&f, srtxup, rnd() % 30 == 0);
		}
		batch_add(b, &f);
	}
}

static const uint8_t *
from_memory(void *arg, uint64_t offset, uint32_t n)
{
	const struct buf *b = arg;

	return (offset <= b->len && n <= b->len - offset ? b->p + offset : NULL);
}

static void
same_rows(struct bins *x, struct bins *y)
{
	struct batch *a, *b;

	do {
		a = bins_next(x);
		b = bins_next(y);
		assert_int_equal(a == NULL, b == NULL);
		if (a == NULL)
			return;
		assert_int_equal(a->rows, b->rows);
		for (enum field f = 0; f < F_STORED; f++)
			for (uint32_t r = 0; r < a->rows; r++) {
				union value v = { .u = 0 }, w = { .u = 0 };

				if (column_has(a->col[f], r) != column_has(b->col[f], r) ||
				    column_mixed(a->col[f], r) != column_mixed(b->col[f], r))
					fail_msg("%s, row %u: presence", fields[f].name, r);
				if (!column_has(a->col[f], r))
					continue;
				v = column_value(a->col[f], r);
				w = column_value(b->col[f], r);
				if (!value_equal(fields[f].store, &v, &w))
					fail_msg("%s, row %u: value", fields[f].name, r);
			}
	} while (true);
}

/* A block into bins, with dense columns or flat ones. */
static void
add(struct blocks *k, const struct directory *d, struct buf *sections, struct batch *b, const uint64_t *sel,
    const struct fieldset *want, bool dense, struct bins *bins)
{
	enum field unknown = F_NONE;
	char err[512] = "";

	block_open(k, d, NULL, from_memory, sections, b);
	assert_int_equal(block_read(k, want, &unknown), BLOCK_GOOD);
	if (!dense)
		batch_flatten(b);
	b->sel = arena_copy(&b->arena, sel, BITS_WORDS(b->rows) * 8);
	assert_true(bins_add(bins, b, SEC, err, sizeof(err)));
}

static bool
round_of(unsigned kind, struct blocks *k)
{
	uint32_t rows = kind % 11 == 0 ? 1 + (uint32_t)rnd() % 70 : 1000 + (uint32_t)rnd() % 2000;
	struct batch *b = batch_new(rows), *back = batch_new(1);
	static const char *const key[] = { "none", "probe", "none", "vrf", "none", "spkts", "probe,sttlmin", "state,vrf,srtxup", "stcpflags",
		"sbytes", "proto,saddr" };
	struct bin_options o = { .width = kind % 2 ? 60 * SEC : SEC };
	struct fieldset keep = { { 0 } }, used;
	uint64_t *sel = calloc(BITS_WORDS(rows), 8);
	struct index_entry entry;
	struct meta_object object;
	struct fold *fold;
	struct arena a = { 0 };
	struct buf out = { 0 }, sections;
	struct directory d;
	struct bins *one, *other;
	struct keys keys;
	char err[256];
	bool folded;

	assert_non_null(sel);
	for (size_t i = 0; i < SOME; i++)
		fieldset_add(&keep, some[i]);
	assert_true(keys_parse(key[kind % (sizeof(key) / sizeof(key[0]))], &keys, err, sizeof(err)));
	for (unsigned i = 0; i < keys.n; i++)
		fieldset_add(&keep, keys.part[i].field);
	fill(b, rows, kind);
	block_encode(k, b, &out, &used, &entry);
	assert_true(meta_get_object(out.p, &object));
	assert_true(meta_get_directory(out.p + META_PREFIX, object.size, &a, &d));
	sections = (struct buf){ out.p + META_PREFIX + object.size, out.len - META_PREFIX - object.size, 0 };
	for (uint32_t r = 0; r < rows; r++)
		if (b->col[F_rectype]->u[r] != RECTYPE_MAR && (kind % 8 != 7 || rnd() % 3 == 0))
			bit_set(sel, r);
	one = bins_new(&keys, &keep, &o);
	other = bins_new(&keys, &keep, &o);
	for (unsigned twice = 0; twice < 2; twice++) {
		add(k, &d, &sections, back, sel, &keep, true, one);
		add(k, &d, &sections, back, sel, &keep, false, other);
	}
	same_rows(one, other);
	/* was it folded at all? */
	fold = fold_new(&keys, &keep);
	block_open(k, &d, NULL, from_memory, &sections, back);
	assert_int_equal(block_read(k, &keep, &(enum field){ F_NONE }), BLOCK_GOOD);
	back->sel = sel;
	folded = fold_rows(fold, back) != NULL;
	fold_free(&fold);
	bins_free(&one);
	bins_free(&other);
	batch_free(&b);
	batch_free(&back);
	arena_free(&a);
	buf_free(&out);
	free(sel);
	return (folded);
}

static void
test_same(void **state)
{
	struct blocks *k = blocks_new();
	unsigned folded = 0;

	(void)state;
	for (unsigned kind = 0; kind < 300; kind++)
		folded += round_of(kind, k);
	assert_true(folded > 50 && folded < 250);
	blocks_free(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

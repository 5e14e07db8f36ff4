/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tile.c: what is put into a tile is what comes out of the batch, row by row, as batch_add() would have it.
 */
#include "format/tile.h"

#include "records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A row of some fields: as a record, and in the tile.  Bytes lie in memory that is used again. */
static void
fill(struct tile *t, struct flow *f, unsigned density, struct arena *a, char *scratch, size_t size)
{
	size_t used = 0;

	flow_clear(f);
	for (enum field i = 0; i < F_STORED; i++) {
		union value v;

		if (rnd() % 8 >= density)
			continue;
		v = random_value(i, (unsigned)rnd(), 0, a);
		f->v[i] = v;
		bit_set(f->present, i);
		bit_set(t->present[t->row], i);
		switch (fields[i].store) {
		case STORE_IP:
			t->wide[i][t->row].ip = v.ip;
			break;
		case STORE_BLOB:
			assert_true(used + v.b.n <= size);
			if (v.b.n > 0)
				memcpy(scratch + used, v.b.p, v.b.n);
			t->wide[i][t->row].b = (struct blob){ (const uint8_t *)scratch + used, v.b.n };
			t->blob[t->nblobs++] = (uint16_t)i;
			used += v.b.n;
			break;
		default:
			t->u[i][t->row] = v.u;
			break;
		}
	}
}

static void
same(const struct batch *b, uint32_t r, const struct flow *want)
{
	struct flow got;

	batch_get(b, r, &got);
	for (enum field i = 0; i < F_STORED; i++) {
		assert_int_equal(bit_get(got.present, i), bit_get(want->present, i));
		assert_false(bit_get(got.mixed, i));
		if (bit_get(got.present, i))
			assert_true(value_equal(fields[i].store, &got.v[i], &want->v[i]));
		else if (b->col[i] != NULL && fields[i].store == STORE_U64)
			assert_int_equal(b->col[i]->u[r], 0);
	}
}

static void
rows_come_out(void **state)
{
	static const unsigned counts[] = { 1, 63, 64, 65, 192, 200, 256 };
	struct flow *want = calloc(256, sizeof(*want));
	struct tile *t = tile_new();
	struct batch *b = batch_new(256);
	struct arena a = { 0 };
	char scratch[8192];

	(void)state;
	for (unsigned round = 0; round < 3 * sizeof(counts) / sizeof(counts[0]); round++) {
		unsigned n = counts[round % (sizeof(counts) / sizeof(counts[0]))], density = round % 3 == 0 ? 8 : round % 3 * 2;

		for (unsigned r = 0; r < n; r++) {
			if (rnd() % 5 == 0) { /* one that is not to be */
				fill(t, &want[r], density, &a, scratch, sizeof(scratch));
				tile_drop(t);
			}
			fill(t, &want[r], density, &a, scratch, sizeof(scratch));
			tile_next(t, b);
			memset(scratch, '!', sizeof(scratch));
			if (rnd() % 50 == 0) /* more may follow */
				tile_flush(t, b);
		}
		tile_flush(t, b);
		tile_start(t);
		assert_int_equal(b->rows, n);
		for (unsigned r = 0; r < n; r++)
			same(b, r, &want[r]);
		batch_reset(b);
		arena_reset(&a);
	}
	arena_free(&a);
	batch_free(&b);
	tile_free(&t);
	assert_null(t);
	free(want);
}

static void
macros(void **state)
{
	static const uint8_t four[4] = { 192, 0, 2, 1 };
	struct tile *t = tile_new();
	struct batch *b = batch_new(TILE_ROWS);
	struct flow f;

	(void)state;
	PUT(t, spkts, 7);
	PUT(t, dpkts, 0);
	PUT_IP(t, saddr, ip_v4(four));
	PUT_BLOB(t, hist, "ShA", 3);
	assert_true(TILE_HAS(t, spkts) && TILE_HAS(t, dpkts) && !TILE_HAS(t, sbytes));
	assert_int_equal(tile_number(t, F_spkts), 7);
	assert_int_equal(tile_number(t, F_sbytes), 0);
	tile_next(t, b);
	tile_flush(t, b);
	batch_get(b, 0, &f);
	assert_true(HAS_FIELD(&f, spkts) && HAS_FIELD(&f, dpkts) && HAS_FIELD(&f, saddr) && HAS_FIELD(&f, hist));
	assert_int_equal(f.v[F_spkts].u, 7);
	assert_int_equal(f.v[F_dpkts].u, 0);
	assert_memory_equal(f.v[F_hist].b.p, "ShA", 3);
	batch_free(&b);
	tile_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rows_come_out), cmocka_unit_test(macros) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

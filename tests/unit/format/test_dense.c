/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_dense.c: values of rows, laid out row by row: as cells, as what the rows of another set have, as bits.
 */
#include "format/base/bits.h"
#include "format/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ROWS_MAX 300

static uint64_t seed = 88172645463325252ull;

static uint64_t
rnd(void) /* xorshift64 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed);
}

static struct ip ips[16];
static struct blob blobs[16];
static uint8_t num[ROWS_MAX];
static uint64_t set[BITS_WORDS(ROWS_MAX)], other[BITS_WORDS(ROWS_MAX)];

/* A set of rows: all, none, or some, with whole words of each. */
static void
random_set(uint64_t *w, uint32_t rows, unsigned how)
{
	memset(w, 0, sizeof(set));
	for (uint32_t r = 0; r < rows; r++)
		if (how == 0 || (how == 1 && r / 64 % 2 == 0) || (how == 2 && rnd() % 3 == 0) || (how == 3 && rnd() % 40 == 0))
			bit_set(w, r);
}

static struct dense
random_dense(enum store store, uint32_t rows, unsigned how)
{
	struct dense d = { .store = store, .present = set, .ip = ips, .blob = blobs, .entries = 16,
		.num = { .width = 1, .v1 = num, .unit = 1 } };

	random_set(set, rows, how);
	d.n = (uint32_t)bits_count(set, rows);
	if (d.n == rows)
		d.present = NULL;
	for (uint32_t i = 0; i < d.n; i++)
		num[i] = (uint8_t)(rnd() % 16);
	if (rnd() % 5 == 0)
		d.num = (struct narrow){ .width = 0, .base = rnd() % 16, .unit = 1 };
	return (d);
}

static void
check(const struct dense *d, uint32_t rows)
{
	static union {
		uint64_t u[ROWS_MAX];
		struct ip ip[ROWS_MAX];
		struct blob b[ROWS_MAX];
	} cells;
	static const struct ip no_ip;
	uint64_t present[BITS_WORDS(ROWS_MAX)], of[ROWS_MAX], yes[BITS_WORDS(ROWS_MAX)] = { 0 }, spread[BITS_WORDS(ROWS_MAX)];
	uint32_t at = 0, all[ROWS_MAX], place[ROWS_MAX], k = 0, own = 0;

	memset(&cells, 0xa5, sizeof(cells));
	dense_cells(d, rows, &cells);
	dense_rows(d, rows, present);
	for (uint32_t i = 0; i < d->n; i++)
		if (rnd() % 3 == 0)
			bit_set(yes, i);
	dense_spread(d, rows, yes, spread);
	for (uint32_t r = 0; r < rows; r++)
		all[r] = r;
	dense_places(d->present, all, rows, place);
	if (d->store != STORE_BLOB)
		dense_of(d, rows, other, of);
	for (uint32_t r = 0; r < rows; r++) {
		bool has = bit_get(set, r);
		uint64_t v = has ? narrow_at(&d->num, at) : 0, want = d->store == STORE_IP && has ? v + 1 : v;

		assert_int_equal(bit_get(present, r), has);
		assert_int_equal(place[r], has ? at : UINT32_MAX);
		assert_int_equal(bit_get(spread, r), has && bit_get(yes, at));
		if (d->store == STORE_U64)
			assert_int_equal(cells.u[r], v);
		else if (d->store == STORE_IP)
			assert_memory_equal(&cells.ip[r], has ? &ips[v] : &no_ip, sizeof(no_ip));
		else
			assert_ptr_equal(cells.b[r].p, has ? blobs[v].p : NULL);
		if (d->store != STORE_BLOB && bit_get(other, r))
			assert_int_equal(of[k++], want);
		at += has;
	}
	if (d->store == STORE_BLOB)
		return;
	dense_of(d, rows, d->present, of);
	for (uint32_t r = 0; r < rows; r++)
		if (bit_get(set, r)) {
			assert_int_equal(of[own], narrow_at(&d->num, own) + (d->store == STORE_IP));
			own++;
		}
}

static void
test_rows(void **state)
{
	static const enum store stores[] = { STORE_U64, STORE_IP, STORE_BLOB };
	static const uint32_t sizes[] = { 1, 63, 64, 65, 128, 200, ROWS_MAX };

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		ips[i].b[15] = (uint8_t)(i + 1);
		blobs[i] = (struct blob){ (const uint8_t *)"abcdefghijklmnop" + i, 1 };
	}
	for (unsigned t = 0; t < 2000; t++) {
		uint32_t rows = sizes[rnd() % 7];
		struct dense d = random_dense(stores[t % 3], rows, t / 3 % 5);

		random_set(other, rows, (unsigned)rnd() % 4);
		check(&d, rows);
	}
}

/* Columns of one batch after the other: memory is used again, and is clean for who asks for it. */
static void
test_flat(void **state)
{
	struct batch *b = batch_new(ROWS_MAX);

	(void)state;
	for (unsigned t = 0; t < 500; t++) {
		uint32_t rows = 1 + (uint32_t)(rnd() % ROWS_MAX);
		struct dense d = random_dense(STORE_U64, rows, t % 5);
		struct column *c;

		batch_reset(b);
		b->rows = rows;
		if (rnd() % 2 == 0) {
			b->dense[F_spkts] = &d;
			c = batch_flat(b, F_spkts);
			assert_ptr_equal(c, b->col[F_spkts]);
			assert_ptr_equal(batch_flat(b, F_spkts), c);
			for (uint32_t r = 0, at = 0; r < rows; r++) {
				assert_int_equal(column_has(c, r), bit_get(set, r));
				assert_int_equal(c->u[r], bit_get(set, r) ? narrow_at(&d.num, at++) : 0);
			}
			continue;
		}
		c = batch_column(b, F_spkts);
		for (uint32_t r = 0; r < ROWS_MAX; r++) {
			assert_false(bit_get(c->present, r));
			assert_int_equal(c->u[r], 0);
		}
		for (uint32_t r = 0; r < rows; r++)
			if (rnd() % 2 == 0)
				column_set(c, r, &(union value){ .u = rnd() });
		if (rnd() % 4 == 0)
			batch_hide(b, F_spkts);
	}
	batch_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_flat),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

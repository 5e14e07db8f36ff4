/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tile.c: 64 records become 64 rows of columns.  Test: test_tile.c.
 */
#include "format/tile.h"

#include "format/base/mem.h"
#include "format/base/vector.h"

#include <assert.h>
#include <string.h>

typedef uint64_t four __attribute__((vector_size(32), aligned(8)));
#define FOURS (TILE_ROWS / 4)
#define KINDS 16

struct tile *
tile_new(void)
{
	return (mem_reserve(sizeof(struct tile)));
}

void
tile_free(struct tile **pt)
{
	if (*pt != NULL)
		mem_release(*pt, sizeof(**pt));
	*pt = NULL;
}

static void
keep_blob(struct tile *t, struct batch *b, enum field f)
{
	struct blob *v = &t->wide[f][t->row].b;

	*v = t->last[f] = batch_blob(b, &t->last[f], v);
}

void
tile_next(struct tile *t, struct batch *b)
{
	assert(b->rows % TILE_ROWS == t->done && b->rows - t->done + t->row < b->cap);
	for (; t->nblobs > 0; t->nblobs--)
		if (bit_get(t->present[t->row], t->blob[t->nblobs - 1]))
			keep_blob(t, b, (enum field)t->blob[t->nblobs - 1]);
	if (++t->row == TILE_ROWS)
		tile_flush(t, b);
}

void
tile_drop(struct tile *t)
{
	for (unsigned w = 0; w < TILE_WORDS; w++) {
		for (uint64_t bits = t->present[t->row][w]; bits != 0; bits &= bits - 1)
			t->u[w * 64 + (unsigned)__builtin_ctzll(bits)][t->row] = 0;
		t->present[t->row][w] = 0;
	}
	t->nblobs = 0;
}

/* The fields of a kind are in these rows. */
static inline void
spread(uint64_t kind, uint64_t of, uint64_t rows[static 64])
{
	for (uint64_t bits = kind; bits != 0; bits &= bits - 1)
		rows[__builtin_ctzll(bits)] |= of;
}

/* Of 64 fields that are in some row, the rows that have each, a bit a row.  Rows are of few kinds, and each kind is looked
 * at once. */
static void
rows_of(const struct tile *t, unsigned w, uint64_t any, uint64_t rows[static 64])
{
	uint64_t kind[KINDS], of[KINDS];
	unsigned n = 0, at = 0;

	for (uint64_t bits = any; bits != 0; bits &= bits - 1)
		rows[__builtin_ctzll(bits)] = 0;
	for (unsigned r = t->done; r < t->row; r++) {
		uint64_t word = t->present[r][w];

		if (n == 0 || kind[at] != word) {
			for (at = 0; at < n && kind[at] != word;)
				at++;
			if (at == KINDS) { /* too many: the first one gives way */
				at = 0;
				spread(kind[at], of[at], rows);
				of[at] = 0;
			} else if (at == n) {
				of[n++] = 0;
			}
			kind[at] = word;
		}
		of[at] |= 1ull << r;
	}
	while (n-- > 0)
		spread(kind[n], of[n], rows);
}

/* Cells to their column, if one is not zero; then they are zero again. */
WIDE static bool
move_cells(uint64_t *cells, uint64_t *column)
{
	four *from = (four *)(void *)cells, *to = (four *)(void *)column, any = { 0 };

	for (unsigned i = 0; i < FOURS; i++)
		any |= from[i];
	if ((any[0] | any[1] | any[2] | any[3]) == 0)
		return (false);
	for (unsigned i = 0; i < FOURS; i++) {
		to[i] |= from[i];
		from[i] = (four){ 0 };
	}
	return (true);
}

static void
flush_field(struct tile *t, struct batch *b, enum field f, uint64_t rows)
{
	struct column *c = b->col[f] != NULL ? b->col[f] : batch_zeros(b, f);
	union value *v = t->wide[f];
	uint32_t first = b->rows - t->done;

	c->present[first / 64] |= rows;
	if (c->store == STORE_IP) {
		for (struct ip *to = c->ip + first; rows != 0; rows &= rows - 1)
			to[__builtin_ctzll(rows)] = v[__builtin_ctzll(rows)].ip;
		c->zeros = false;
	} else if (c->store == STORE_BLOB) {
		for (struct blob *to = c->b + first; rows != 0; rows &= rows - 1)
			to[__builtin_ctzll(rows)] = v[__builtin_ctzll(rows)].b;
		c->zeros = false;
	} else if (move_cells(t->u[f], c->u + first)) {
		c->zeros = false;
	}
}

/* The fields that any row has, and those that all have. */
WIDE static void
survey(const struct tile *t, uint64_t any[static TILE_WORDS], uint64_t all[static TILE_WORDS])
{
	for (unsigned w = 0; w < TILE_WORDS; w += 4) {
		four some = { 0 }, each = ~some;

		for (unsigned r = t->done; r < t->row; r++) {
			const four *row = (const four *)(const void *)&t->present[r][w];

			some |= *row;
			each &= *row;
		}
		*(four *)(void *)&any[w] = some;
		*(four *)(void *)&all[w] = each;
	}
}

void
tile_flush(struct tile *t, struct batch *b)
{
	uint64_t full = (t->row == TILE_ROWS ? ~0ull : (1ull << t->row) - 1) & ~0ull << t->done;
	uint64_t any[TILE_WORDS], all[TILE_WORDS], rows[64];

	if (t->row == t->done)
		return;
	survey(t, any, all);
	for (unsigned w = 0; w < BITS_WORDS(F_STORED); w++) {
		bool differ = any[w] != all[w];

		if (differ)
			rows_of(t, w, any[w], rows);
		for (uint64_t bits = any[w]; bits != 0; bits &= bits - 1) {
			unsigned i = (unsigned)__builtin_ctzll(bits);

			flush_field(t, b, (enum field)(w * 64 + i), differ ? rows[i] : full);
		}
	}
	for (unsigned r = t->done; r < t->row; r++)
		memset(t->present[r], 0, sizeof(t->present[r]));
	b->rows += t->row - t->done;
	t->done = t->row = t->row % TILE_ROWS;
}

void
tile_start(struct tile *t)
{
	assert(t->row == t->done);
	t->row = t->done = 0;
	memset(t->last, 0, sizeof(t->last)); /* what was copied into the other batch is gone */
}

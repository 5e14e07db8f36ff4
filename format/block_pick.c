/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_pick.c: a few rows of a block, without decoding all of it: what can be found by its place is, and a column of rows
 * like others is followed through those rows alone that say something new.  Test: test_block.c, beside block_read().
 */
#include "format/base/bits.h"
#include "format/block_decoding.h"
#include "format/formula.h"

#include <stdlib.h>
#include <string.h>

#define SOME    8   /* a column is decoded whole if more than one in so many is asked for */
#define SORTED 256  /* the dictionary of addresses is read whole if more are asked for */

static bool some_of(struct decoding *, uint32_t column, const uint32_t *row, uint32_t m, uint64_t *v);

/* The column and what it is made of. */
static bool
whole(struct decoding *g, uint32_t i)
{
	uint32_t o[DIR_MORE];

	if (g->dense[i] != NULL)
		return (true);
	for (unsigned n = column_references(g->d, i, o); n-- > 0;)
		if (!whole(g, o[n]))
			return (false);
	return (column_dense(g, i) == BLOCK_GOOD);
}

/* The rows of m ascending places among those of a set. */
static void
rows_at(const uint64_t *present, const uint32_t *place, uint32_t m, uint32_t *row)
{
	uint32_t before = 0, here;
	size_t w = 0;

	for (uint32_t i = 0; i < m; i++) {
		uint64_t bits;

		if (present == NULL) {
			row[i] = place[i];
			continue;
		}
		while (before + (here = bits_of_word(present[w])) <= place[i]) {
			before += here;
			w++;
		}
		bits = present[w];
		for (uint32_t k = place[i] - before; k > 0; k--)
			bits &= bits - 1;
		row[i] = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(bits);
	}
}

/* What rows of the column have in the one that is its reference number `ref`. */
static bool
of_reference(struct decoding *g, uint32_t i, unsigned ref, const uint32_t *row, uint32_t m, uint64_t *v)
{
	uint32_t o[DIR_MORE];

	(void)column_references(g->d, i, o);
	return (some_of(g, o[ref], row, m, v));
}

/* Rows that repeat the last one like them: of the others only those that do not are of importance. */
static bool
some_like(struct decoding *g, uint32_t i, struct cursor *bytes, const struct dense *x, const uint32_t *place, uint32_t m,
    uint64_t *v)
{
	const struct dir_column *c = &g->d->col[i];
	struct arena *a = &g->k->arena;
	uint64_t others = cur_varint(bytes), *told, *set, *mark;
	struct narrow key[2];
	uint16_t *which;
	uint8_t kind = cur_u8(bytes);
	struct cursor list = cur_sub(bytes, cur_varint(bytes));
	uint32_t *at, *row, n = 0, end = place[m - 1] + 1;

	if (bytes->cut || list.cut || others == 0 || others > x->n)
		return (false);
	set = arena_alloc(a, BITS_WORDS(x->n) * 8);
	told = arena_alloc(a, others * sizeof(*told));
	if (!set_get(kind, &list, set, x->n, (uint32_t)others) ||
	    !u64_get_nested(g->k->coder, bytes, told, (uint32_t)others))
		return (false);
	at = arena_alloc(a, (others + m) * sizeof(*at));
	row = arena_alloc(a, (others + m) * sizeof(*row));
	mark = arena_zero(a, BITS_WORDS(others + m) * 8);
	for (uint32_t j = 0, p = (uint32_t)bits_next(set, 0, end); p < end || j < m;) {
		bool new = p < end && (j == m || p <= place[j]);

		if (new)
			bit_set(mark, n);
		at[n++] = new ? p : place[j];
		j += j < m && place[j] == at[n - 1];
		if (new)
			p = (uint32_t)bits_next(set, p + 1, end);
	}
	rows_at(x->present, at, n, row);
	for (unsigned k = 0; k < 2 && k < c->nmore; k++) {
		uint64_t *of = arena_alloc(a, n * sizeof(*of));

		if (!of_reference(g, i, k, row, n, of))
			return (false);
		key[k] = (struct narrow){ .width = 8, .v8 = of, .unit = 1 };
	}
	which = arena_alloc(a, n * sizeof(*which));
	if (!like_find(g->k->like, &key[0], c->nmore > 1 ? &key[1] : NULL, mark, n, which))
		return (false);
	for (uint32_t j = 0, k = 0; k < n && j < m; k++)
		if (at[k] == place[j])
			v[j++] = told[which[k] - 1];
	return (true);
}

static bool
some_made(struct decoding *g, uint32_t i, struct cursor *bytes, const struct dense *x, const uint32_t *row,
    const uint32_t *place, uint32_t m, uint64_t *v)
{
	enum formula formula = g->d->col[i].more[0];
	struct arena *a = &g->k->arena;
	uint64_t *from[FORMULA_FIELDS] = { NULL }, *made = arena_alloc(a, m * sizeof(*made));

	if (!u64_pick_nested(g->k->coder, bytes, x->n, place, m, a, v))
		return (false);
	for (unsigned f = 0; f < formula_fields(formula); f++) {
		from[f] = arena_alloc(a, m * sizeof(*from[f]));
		if (!of_reference(g, i, f, row, m, from[f]))
			return (false);
	}
	formula_fill(formula, g->k->like, (const uint64_t *const *)from, m, made);
	for (uint32_t j = 0; j < m; j++)
		v[j] = made[j] + unzigzag(v[j]);
	return (true);
}

static bool
some_differences(struct decoding *g, uint32_t i, struct cursor *bytes, const struct dense *x, const uint32_t *row,
    const uint32_t *place, uint32_t m, uint64_t *v)
{
	struct arena *a = &g->k->arena;
	uint64_t *ref = arena_alloc(a, m * sizeof(*ref));

	if (!u64_pick_nested(g->k->coder, bytes, x->n, place, m, a, v) || !of_reference(g, i, 0, row, m, ref))
		return (false);
	for (uint32_t j = 0; j < m; j++)
		v[j] = ref[j] + unzigzag(v[j]);
	return (true);
}

/* The numbers at m > 0 ascending places of the column, which are in these rows. */
static bool
some_numbers(struct decoding *g, uint32_t i, const struct dense *x, const uint32_t *row, const uint32_t *place, uint32_t m,
    uint64_t *v)
{
	const struct dir_column *c = &g->d->col[i];
	struct cursor bytes;

	if (g->dense[i] == NULL && (m > x->n / SOME || c->code == CODE_CONST || x->store == STORE_BLOB ||
	    (c->code == CODE_MADE && c->more[0] == FORMULA_SINCE)) && !whole(g, i))
		return (false);
	if (g->dense[i] != NULL) {
		for (uint32_t j = 0; j < m; j++)
			v[j] = narrow_at(&g->dense[i]->num, place[j]);
		return (true);
	}
	if (column_open(g, i, &bytes) != BLOCK_GOOD)
		return (false);
	switch (c->code) {
	case CODE_LIKE:
		return (some_like(g, i, &bytes, x, place, m, v));
	case CODE_MADE:
		return (some_made(g, i, &bytes, x, row, place, m, v));
	case CODE_DIFF:
		return (some_differences(g, i, &bytes, x, row, place, m, v));
	default:
		return (x->store == STORE_IP ? u64_pick_nested(g->k->coder, &bytes, x->n, place, m, &g->k->arena, v) :
					       u64_pick(g->k->coder, c->code, &bytes, x->n, place, m, &g->k->arena, v));
	}
}

/* What m ascending rows have in the column, as dense_of() says it. */
static bool
some_of(struct decoding *g, uint32_t i, const uint32_t *row, uint32_t m, uint64_t *v)
{
	struct arena *a = &g->k->arena;
	uint32_t *place = arena_alloc(a, m * sizeof(*place) + 1), *there = arena_alloc(a, m * sizeof(*there) + 1), n = 0, j = 0;
	struct dense x = { .store = fields[column_field(g, i)].store };
	uint64_t *got;

	if (column_rows(g, i, &x) != BLOCK_GOOD)
		return (false);
	dense_places(x.present, row, m, place);
	for (uint32_t k = 0; k < m; k++) {
		v[k] = place[k] != UINT32_MAX; /* for the moment: is there a value? */
		if (v[k] == 0)
			continue;
		there[n] = row[k];
		place[n++] = place[k];
	}
	if (n == 0)
		return (true);
	got = arena_alloc(a, n * sizeof(*got));
	if (!some_numbers(g, i, &x, there, place, n, got))
		return (false);
	for (uint32_t k = 0; k < m; k++)
		if (v[k] != 0)
			v[k] = got[j++] + (x.store == STORE_IP);
	return (true);
}

/* --- into cells */

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return ((x > y) - (x < y));
}

/* Which of the addresses are asked for, if they are few and IPv4, without reading the others.  at: sorted. */
static bool
few_addresses(struct decoding *g, uint32_t *at, uint32_t m, struct ip *to)
{
	struct arena *a = &g->k->arena;
	uint64_t *v = arena_alloc(a, m * sizeof(*v));
	struct cursor c;

	if (dictionary_open(g, &c) != BLOCK_GOOD || !u64_pick_nested(g->k->coder, &c, g->d->n4, at, m, a, v))
		return (false);
	for (uint32_t j = 0; j < m; j++) {
		const uint8_t b[4] = { (uint8_t)(v[j] >> 24), (uint8_t)(v[j] >> 16), (uint8_t)(v[j] >> 8), (uint8_t)v[j] };

		if (v[j] > UINT32_MAX)
			return (false);
		to[j] = ip_v4(b);
	}
	return (true);
}

/* The addresses with these numbers. */
static bool
addresses_at(struct decoding *g, const uint64_t *number, uint32_t m, struct ip *to)
{
	uint32_t *at = arena_alloc(&g->k->arena, m * sizeof(*at) + 1), n = 0;
	struct ip *few = arena_alloc(&g->k->arena, m * sizeof(*few) + 1);
	bool v4 = true;

	for (uint32_t j = 0; j < m; j++) {
		if (number[j] >= (uint64_t)g->d->n4 + g->d->n6)
			return (false);
		at[j] = (uint32_t)number[j];
		v4 &= at[j] < g->d->n4;
	}
	if (g->addrs != NULL || m > SORTED || !v4 || g->d->n4 > CODER_MAX) {
		if (block_addresses(g->k, g->d, g->fetch, g->arg, &g->addrs) != BLOCK_GOOD)
			return (false);
		for (uint32_t j = 0; j < m; j++)
			to[j] = g->addrs[number[j]];
		return (true);
	}
	qsort(at, m, sizeof(*at), by_number);
	for (uint32_t j = 0; j < m; j++)
		if (n == 0 || at[n - 1] != at[j])
			at[n++] = at[j];
	if (!few_addresses(g, at, n, few))
		return (false);
	for (uint32_t j = 0; j < m; j++) {
		uint32_t key = (uint32_t)number[j], *found = bsearch(&key, at, n, sizeof(*at), by_number);

		to[j] = few[found - at];
	}
	return (true);
}

static bool
pick_cells(struct decoding *g, uint32_t i, const uint32_t *row, const uint32_t *place, const uint32_t *out, uint32_t m,
    const struct dense *x, struct column *to)
{
	uint64_t *v = arena_alloc(&g->k->arena, m * sizeof(*v));
	struct ip *ip;

	if (!some_numbers(g, i, x, row, place, m, v))
		return (false);
	switch (x->store) {
	case STORE_IP:
		if (g->dense[i] != NULL && g->d->col[i].code == CODE_CONST) {
			for (uint32_t j = 0; j < m; j++)
				to->ip[out[j]] = g->dense[i]->ip[0];
			return (true);
		}
		ip = arena_alloc(&g->k->arena, m * sizeof(*ip));
		if (!addresses_at(g, v, m, ip))
			return (false);
		for (uint32_t j = 0; j < m; j++)
			to->ip[out[j]] = ip[j];
		return (true);
	case STORE_BLOB: /* which were read whole */
		for (uint32_t j = 0; j < m; j++)
			to->b[out[j]] = g->dense[i]->blob[v[j]];
		return (true);
	default:
		for (uint32_t j = 0; j < m; j++)
			to->u[out[j]] = v[j];
		return (true);
	}
}

static enum block_result
pick_column(struct decoding *g, uint32_t i, const uint32_t *row, uint32_t n, struct batch *to)
{
	struct arena *a = &g->k->arena;
	uint32_t *place = arena_alloc(a, n * sizeof(*place)), *there = arena_alloc(a, n * sizeof(*there)),
		 *out = arena_alloc(a, n * sizeof(*out)), m = 0;
	enum field f = column_field(g, i);
	struct dense x = { .store = fields[f].store };
	struct column *c;
	enum block_result res;

	if ((res = column_rows(g, i, &x)) != BLOCK_GOOD)
		return (res);
	dense_places(x.present, row, n, place);
	for (uint32_t r = 0; r < n; r++) {
		if (x.mixed != NULL && bit_get(x.mixed, row[r]))
			column_set_mixed(to, batch_column(to, f), r);
		if (place[r] == UINT32_MAX)
			continue;
		there[m] = row[r];
		out[m] = r;
		place[m++] = place[r];
	}
	if (m == 0)
		return (BLOCK_GOOD);
	c = batch_column(to, f);
	for (uint32_t j = 0; j < m; j++)
		bit_set(c->present, out[j]);
	return (pick_cells(g, i, there, place, out, m, &x, c) ? BLOCK_GOOD : BLOCK_DAMAGED);
}

enum block_result
block_pick(struct blocks *k, const struct fieldset *want, const uint32_t *row, uint32_t n, struct batch *to,
    enum field *unknown)
{
	struct decoding *g = k->decoding;
	enum block_result res = BLOCK_GOOD;

	batch_reset(to);
	to->cap = to->rows = n;
	to->part = true;
	mark_needed(g, want, unknown);
	for (uint32_t i = 0; i < g->d->ncol; i++) /* ids ask for rows before theirs */
		if (g->need[i] && column_is_id(g, i) && (res = decode_needed(g)) != BLOCK_GOOD)
			return (res);
	for (uint32_t i = 0; i < g->d->ncol && res == BLOCK_GOOD; i++) {
		enum field f = column_field(g, i);

		if (g->need[i] && (want == NULL || fieldset_has(want, f)))
			res = pick_column(g, i, row, n, to);
	}
	return (res);
}

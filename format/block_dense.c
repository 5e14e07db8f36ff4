/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_dense.c: the bytes of a column as the values that are there.  They may be anything.  Test: test_block.c.
 */
#include "format/base/bits.h"
#include "format/block_decoding.h"
#include "format/formula.h"
#include "format/ids.h"

#include <string.h>

/* Are all of the n numbers less? */
static bool
all_below(const struct narrow *x, uint32_t n, uint64_t count)
{
	uint64_t top;

	if (x->word != NULL) {
		for (uint32_t i = 0; i < x->words; i++)
			if (x->word[i] >= count)
				return (false);
		return (true);
	}
	return (!__builtin_mul_overflow(x->unit, narrow_raw_max(x, n), &top) &&
	    !__builtin_add_overflow(top, x->base, &top) && top < count);
}

static uint64_t *
room(struct decoding *g, struct dense *x)
{
	uint64_t *v = arena_alloc(&g->k->arena, (size_t)x->n * sizeof(*v));

	x->num = (struct narrow){ .width = 8, .v8 = v, .unit = 1 };
	return (v);
}

/* --- numbers that are told by others of their rows */

/* Ids: which ones do not follow from their rows, and what those are. */
static enum block_result
get_ids(struct decoding *g, const struct dir_column *c, struct cursor *bytes, struct dense *x)
{
	struct blocks *k = g->k;
	uint64_t others = cur_varint(bytes), at = 0, *set;
	uint32_t *place, n = x->n;

	if (bytes->cut || others > n)
		return (BLOCK_DAMAGED);
	place = arena_alloc(&k->arena, others * sizeof(*place) + 1);
	for (uint32_t i = 0; i < others; i++) {
		uint64_t step = cur_varint(bytes);

		if (bytes->cut || step >= n - at)
			return (BLOCK_DAMAGED);
		at += step;
		place[i] = (uint32_t)at++;
	}
	if (others > 0 && !u64_get_nested(k->coder, bytes, k->residue, (uint32_t)others))
		return (BLOCK_DAMAGED);
	if (cur_left(bytes) != 0)
		return (BLOCK_DAMAGED);
	set = arena_alloc(&k->arena, BITS_WORDS(g->d->rows) * 8);
	dense_rows(x, g->d->rows, set);
	x->made = id_fill(c->more[0], &(struct id_rows){ g->b, set, NULL, g->d->rows, n, k->seed }, place, k->residue,
	    (uint32_t)others, room(g, x), &k->arena);
	return (BLOCK_GOOD);
}

/* What the rows of the column have in another, by its id: in `to`, or where it is already. */
static const uint64_t *
others_of(const struct decoding *g, uint32_t column, uint32_t ref, const struct dense *x, uint64_t *to)
{
	const struct dense *d;
	uint32_t o[DIR_MORE];

	(void)column_references(g->d, column, o);
	d = g->dense[o[ref]];
	if (d->store == STORE_U64 && d->num.width == 8 && d->present == x->present)
		return (d->num.v8);
	dense_of(d, g->d->rows, x->present, to);
	return (to);
}

/* The same as it lies there, where it is of the same rows; else widened, into `room`. */
static const struct narrow *
key_of(const struct decoding *g, uint32_t column, uint32_t ref, const struct dense *x, uint64_t *room, struct narrow *key)
{
	uint32_t o[DIR_MORE];

	(void)column_references(g->d, column, o);
	if (g->dense[o[ref]]->present == x->present)
		return (&g->dense[o[ref]]->num);
	dense_of(g->dense[o[ref]], g->d->rows, x->present, room);
	*key = (struct narrow){ .width = 8, .v8 = room, .unit = 1 };
	return (key);
}

/* Rows that repeat what the last row like them had: those that do not are words, of which all rows are made. */
static bool
get_like(struct decoding *g, uint32_t i, struct cursor *bytes, struct dense *x)
{
	const struct dir_column *c = &g->d->col[i];
	struct blocks *k = g->k;
	const struct narrow *a, *b = NULL;
	struct narrow key[2], told;
	uint64_t others = cur_varint(bytes), *word;
	uint8_t kind = cur_u8(bytes);
	struct cursor set = cur_sub(bytes, cur_varint(bytes));
	uint16_t *which;

	if (bytes->cut || set.cut || others == 0 || others > x->n || !set_get(kind, &set, k->others, x->n, (uint32_t)others))
		return (false);
	if (!u64_get_narrow_nested(k->coder, bytes, (uint32_t)others, &k->arena, &told))
		return (false);
	word = arena_alloc(&k->arena, (others + 1) * sizeof(*word));
	narrow_widen(&told, 0, (uint32_t)others, word + 1);
	word[0] = word[1]; /* no row has this number */
	a = key_of(g, i, 0, x, k->beside[0], &key[0]);
	if (c->nmore > 1)
		b = key_of(g, i, 1, x, k->beside[1], &key[1]);
	which = arena_alloc(&k->arena, x->n * sizeof(*which));
	x->num = (struct narrow){ .width = 2, .v2 = which, .unit = 1, .word = word, .words = (uint32_t)others + 1 };
	return (like_find(k->like, a, b, k->others, x->n, which));
}

/* The n values that are nearly what a formula makes of others. */
static bool
get_made(struct decoding *g, uint32_t i, struct cursor *bytes, const struct dense *x, uint64_t *v)
{
	const struct dir_column *c = &g->d->col[i];
	struct blocks *k = g->k;
	const uint64_t *from[FORMULA_FIELDS] = { NULL };

	if (!u64_get_nested(k->coder, bytes, v, x->n))
		return (false);
	for (unsigned f = 0; f < formula_fields(c->more[0]); f++)
		from[f] = others_of(g, i, f, x, k->beside[f]);
	formula_fill(c->more[0], k->like, from, x->n, k->residue);
	for (uint32_t r = 0; r < x->n; r++)
		v[r] = k->residue[r] + unzigzag(v[r]);
	return (true);
}

/* Has every row of the one the other, too? */
static bool
all_in(const struct dense *x, const struct dense *ref, uint32_t rows)
{
	if (ref->present == NULL || ref->present == x->present)
		return (true);
	if (x->present == NULL)
		return (ref->n == rows);
	for (size_t w = 0; w < BITS_WORDS(rows); w++)
		if ((x->present[w] & ~ref->present[w]) != 0)
			return (false);
	return (true);
}

/* All of them more by the same. */
static void
move_numbers(const struct narrow *from, uint64_t by, struct arena *a, struct narrow *to)
{
	uint64_t *word;

	*to = *from;
	if (by == 0)
		return;
	to->base += by;
	if (from->word == NULL)
		return;
	to->base = 0;
	to->word = word = arena_alloc(a, from->words * sizeof(*word));
	for (uint32_t i = 0; i < from->words; i++)
		word[i] = from->word[i] + by;
}

/* Those of another field, and by how much they differ; often by nothing. */
static bool
get_differences(struct decoding *g, uint32_t i, struct cursor *bytes, struct dense *x)
{
	struct blocks *k = g->k;
	uint32_t o[DIR_MORE];
	const struct dense *ref;
	struct narrow by;
	uint64_t *v;

	(void)column_references(g->d, i, o);
	ref = g->dense[o[0]];
	if (!u64_get_narrow_nested(k->coder, bytes, x->n, &k->arena, &by))
		return (false);
	if (!all_in(x, ref, g->d->rows))
		return (false);
	if (by.width == 0 && ref->present == x->present && (by.base == 0 || ref->num.width < 8)) {
		move_numbers(&ref->num, unzigzag(by.base), &k->arena, &x->num);
		return (true);
	}
	v = room(g, x);
	dense_of(ref, g->d->rows, x->present, v);
	if (by.width == 0 && by.base == 0)
		return (true);
	narrow_widen(&by, 0, x->n, k->residue);
	for (uint32_t r = 0; r < x->n; r++)
		v[r] += unzigzag(k->residue[r]);
	return (true);
}

static enum block_result
get_numbers(struct decoding *g, uint32_t i, struct cursor *bytes, struct dense *x)
{
	const struct dir_column *c = &g->d->col[i];
	bool good;

	switch (c->code) {
	case CODE_ID:
		return (get_ids(g, c, bytes, x));
	case CODE_DIFF:
		good = get_differences(g, i, bytes, x);
		break;
	case CODE_LIKE:
		good = get_like(g, i, bytes, x);
		break;
	case CODE_MADE:
		good = get_made(g, i, bytes, x, room(g, x));
		break;
	default:
		good = u64_get_narrow(g->k->coder, c->code, bytes, x->n, &g->k->arena, &x->num);
		break;
	}
	return (good ? BLOCK_GOOD : BLOCK_DAMAGED);
}

/* --- addresses and bytes: which of the entries */

static enum block_result
get_places(struct decoding *g, uint32_t i, struct cursor *bytes, struct dense *x)
{
	x->entries = g->d->n4 + g->d->n6;
	if (g->d->col[i].code == CODE_LIKE ? !get_like(g, i, bytes, x) :
					     !u64_get_narrow_nested(g->k->coder, bytes, x->n, &g->k->arena, &x->num))
		return (BLOCK_DAMAGED);
	return (all_below(&x->num, x->n, x->entries) ? BLOCK_GOOD : BLOCK_DAMAGED);
}

/* n blobs: varint lengths, then the bytes, which are copied to the batch's arena. */
static bool
read_blobs(struct batch *b, struct cursor *c, struct blob *to, uint32_t n)
{
	uint64_t sum = 0;
	uint8_t *copy;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t len = cur_varint(c);

		if (c->cut || len > META_RAW_MAX)
			return (false);
		to[i].n = (uint32_t)len;
		sum += len;
	}
	if (sum > cur_left(c))
		return (false);
	copy = arena_copy(&b->arena, c->p, sum);
	cur_skip(c, sum);
	for (uint32_t i = 0; i < n; i++) {
		to[i].p = copy;
		copy += to[i].n;
	}
	return (true);
}

static enum block_result
get_blobs(struct decoding *g, const struct dir_column *c, struct cursor *bytes, struct dense *x)
{
	struct blocks *k = g->k;
	uint64_t count = x->n;
	struct blob *entry;
	uint16_t *each;

	_Static_assert(BATCH_ROWS <= UINT16_MAX, "a number for each");
	if (c->code == CODE_BLOBDICT && ((count = cur_varint(bytes)) == 0 || count > BATCH_ROWS))
		return (BLOCK_DAMAGED);
	x->blob = entry = arena_alloc(&k->arena, count * sizeof(*entry));
	x->entries = (uint32_t)count;
	if (!read_blobs(g->b, bytes, entry, (uint32_t)count))
		return (BLOCK_DAMAGED);
	if (c->code == CODE_BLOBDICT)
		return (u64_get_narrow_nested(k->coder, bytes, x->n, &k->arena, &x->num) &&
			all_below(&x->num, x->n, count) ? BLOCK_GOOD : BLOCK_DAMAGED);
	each = arena_alloc(&k->arena, x->n * sizeof(*each));
	for (uint32_t i = 0; i < x->n; i++)
		each[i] = (uint16_t)i;
	x->num = (struct narrow){ .width = 2, .v2 = each, .unit = 1 };
	return (BLOCK_GOOD);
}

/* --- columns */

static enum block_result
get_constant(struct decoding *g, const struct dir_column *c, struct dense *x)
{
	union value *v = arena_alloc(&g->k->arena, sizeof(*v));

	x->num = (struct narrow){ .width = 0, .unit = 1 };
	if (x->n == 0) /* mixed in some rows */
		return (BLOCK_GOOD);
	if (!block_value(x->store, &c->min, v))
		return (BLOCK_DAMAGED);
	x->entries = 1;
	if (x->store == STORE_BLOB)
		v->b.p = arena_copy(&g->b->arena, v->b.p, v->b.n);
	switch (x->store) {
	case STORE_IP:
		x->ip = &v->ip;
		break;
	case STORE_BLOB:
		x->blob = &v->b;
		break;
	default:
		x->num.base = v->u;
		break;
	}
	return (BLOCK_GOOD);
}

enum block_result
column_dense(struct decoding *g, uint32_t i)
{
	const struct dir_column *c = &g->d->col[i];
	struct dense *x = arena_zero(&g->k->arena, sizeof(*x));
	enum block_result res;
	struct cursor bytes;

	x->store = fields[column_field(g, i)].store;
	if ((res = column_rows(g, i, x)) != BLOCK_GOOD)
		return (res);
	if (c->code == CODE_CONST) {
		res = get_constant(g, c, x);
	} else if (x->n == 0) {
		res = BLOCK_DAMAGED;
	} else if ((res = column_open(g, i, &bytes)) == BLOCK_GOOD) {
		switch (x->store) {
		case STORE_IP:
			res = get_places(g, i, &bytes, x);
			break;
		case STORE_BLOB:
			res = get_blobs(g, c, &bytes, x);
			break;
		default:
			res = get_numbers(g, i, &bytes, x);
			break;
		}
	}
	if (res == BLOCK_GOOD)
		g->dense[i] = x;
	return (res);
}

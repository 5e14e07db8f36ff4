/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_put.c: a batch as the bytes of a block: which rows a column has, its encoding, the dictionary of addresses,
 * compression, membership.  Test: test_block.c.
 */
#include "format/block.h"

#include "format/base/hash.h"
#include "format/block_memory.h"
#include "format/dictionary.h"
#include "format/formula.h"
#include "format/given.h"
#include "format/ids.h"
#include "format/member.h"

#include <lz4.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#include <stdlib.h>
#include <string.h>

#define SETS_MAX (2 * F_STORED)

/* --- sections */

#ifdef HAVE_ZSTD
/* The same with Zstandard, for columns. */
static const struct buf *
squeeze_hard(struct blocks *k, const struct buf *body, struct buf *packed, size_t most, uint8_t *codec)
{
	size_t n;

	packed->len = 0;
	n = ZSTD_compress2(k->zstd, buf_room(packed, most), most, body->p, body->len);
	if (ZSTD_isError(n)) /* it does not fit into `most` */
		return (body);
	packed->len = n;
	*codec = 2;
	return (packed);
}
#endif

/* Compress what is in `body`, if that saves 3 %, into `packed`; which of the two to store. */
static const struct buf *
squeeze(struct blocks *k, const struct buf *body, struct buf *packed, uint8_t *codec)
{
	int most = (int)(body->len - body->len / 32 - 1), n;

	*codec = 0;
	if (body->len < 32)
		return (body);
#ifdef HAVE_ZSTD
	if (k->zstd != NULL && k->columns)
		return (squeeze_hard(k, body, packed, (size_t)most, codec));
#endif
	packed->len = 0;
	LZ4_resetStream_fast(k->lz4); /* nothing of what was compressed before is referred to */
	n = LZ4_compress_fast_continue(k->lz4, (const char *)body->p, (char *)buf_room(packed, (size_t)most),
	    (int)body->len, most, 1);
	if (n <= 0)
		return (body);
	packed->len = (size_t)n;
	*codec = 1;
	return (packed);
}

/* Append a section; what the directory says of it. */
static struct dir_section
put_section(struct blocks *k, const struct buf *stored, uint8_t codec, size_t raw)
{
	struct dir_section s = { codec, (uint32_t)stored->len, (uint32_t)raw,
		(uint32_t)hash64(stored->p, stored->len, 0) };

	meta_put_head(&k->sections, s.size);
	buf_add(&k->sections, stored->p, stored->len);
	return (s);
}

static struct dir_section
put_body(struct blocks *k)
{
	uint8_t codec;
	const struct buf *stored = squeeze(k, &k->body, &k->packed[0], &codec);

	return (put_section(k, stored, codec, k->body.len));
}

/* --- which rows */

struct encoding { /* one call of block_encode() */
	struct blocks *k;
	const struct batch *b;
	uint32_t rows;
	const uint32_t *row; /* the selected ones; NULL: all */
	uint64_t **set;      /* bitmaps of the sets, by number - 1 */
	uint64_t *hash;
	bool put[F_STORED];     /* has a column with values */
	const uint32_t **place; /* of each field held as address: the places of its rows in the dictionary */
	struct directory d;
};

/* A bitmap of the batch as one of the selected rows; lives in the arena. */
static uint64_t *
select_bits(struct encoding *e, const uint64_t *bits)
{
	uint64_t *w = arena_alloc(&e->k->arena, BITS_WORDS(e->rows) * 8);

	if (e->row == NULL) {
		memcpy(w, bits, BITS_WORDS(e->rows) * 8);
		if (e->rows % 64 != 0)
			w[e->rows / 64] &= (1ull << e->rows % 64) - 1;
		return (w);
	}
	memset(w, 0, BITS_WORDS(e->rows) * 8);
	for (uint32_t r = 0; r < e->rows; r++)
		w[r / 64] |= (uint64_t)bit_get(bits, e->row[r]) << r % 64;
	return (w);
}

/* The number of a set of rows, which many columns share. */
static int32_t
set_number(struct encoding *e, const uint64_t *w, uint32_t count)
{
	size_t size = BITS_WORDS(e->rows) * 8;
	uint64_t h;

	if (count == 0)
		return (ROWS_NONE);
	if (count == e->rows)
		return (ROWS_ALL);
	h = hash64(w, size, 0);
	for (uint32_t i = 0; i < e->d.nset; i++)
		if (e->hash[i] == h && memcmp(e->set[i], w, size) == 0)
			return ((int32_t)i + 1);
	e->set[e->d.nset] = arena_copy(&e->k->arena, w, size);
	e->hash[e->d.nset] = h;
	e->d.set[e->d.nset].count = count;
	return ((int32_t)++e->d.nset);
}

/* A companion time equal to bstart says nothing: take it out of the set. */
static void
drop_companion(struct encoding *e, const struct column *c, uint64_t *w)
{
	const struct column *bstart = e->b->col[F_bstart];

	for (size_t r = bits_next(w, 0, e->rows); r < e->rows; r = bits_next(w, r + 1, e->rows)) {
		uint32_t from = e->row == NULL ? (uint32_t)r : e->row[r];

		if (column_has(bstart, from) && bstart->u[from] == c->u[from])
			bit_clear(w, r);
	}
}

static void
put_sets(struct encoding *e)
{
	struct given_set *set = arena_alloc(&e->k->arena, e->d.nset * sizeof(*set) + 1);
	struct buf *own = &e->k->body, *told = &e->k->tries;

	for (uint32_t i = 0; i < e->d.nset; i++) {
		uint32_t by;

		set[i] = (struct given_set){ e->set[i], e->d.set[i].count, 0 };
		own->len = told->len = 0;
		e->d.set[i].kind = (uint8_t)set_put(e->set[i], e->rows, own);
		if ((by = given_best(set, i, e->rows, own->len)) < i)
			given_put(&set[i], &set[by], e->rows, e->k->others, told);
		if (by < i && told->len < own->len) {
			e->d.set[i].kind = SET_GIVEN;
			e->d.set[i].given = by + 1;
			set[i].depth = set[by].depth + 1;
			own->len = 0;
			buf_add(own, told->p, told->len);
		}
		e->d.set[i].at = put_body(e->k);
	}
}

/* --- columns */

struct outgoing { /* a column on its way: its rows and how many values */
	enum field f;
	const struct column *c;
	uint64_t *set;
	uint32_t n;
	struct dir_column dir;
};

/* The numbers of the rows in `set`, in order; the column's own memory if nothing has to be left out. */
static const uint64_t *
gather(const struct encoding *e, const struct column *c, const uint64_t *set, uint32_t n, uint64_t *to)
{
	uint32_t i = 0;

	if (e->row == NULL && n == e->rows)
		return (c->u);
	for (size_t w = 0; w < BITS_WORDS(e->rows); w++) {
		const uint32_t *row = e->row == NULL ? NULL : e->row + w * 64;
		const uint64_t *from = c->u + w * 64;

		if (row == NULL && set[w] == ~0ull) {
			memcpy(to + i, from, 64 * sizeof(*to));
			i += 64;
		} else if (row == NULL) {
			for (uint64_t bits = set[w]; bits != 0; bits &= bits - 1)
				to[i++] = from[__builtin_ctzll(bits)];
		} else {
			for (uint64_t bits = set[w]; bits != 0; bits &= bits - 1)
				to[i++] = c->u[row[__builtin_ctzll(bits)]];
		}
	}
	return (to);
}

/* Is every row of the column also one of the reference? The reference's column as it will be stored. */
static const struct column *
usable(const struct encoding *e, const struct outgoing *w, enum field other)
{
	const struct column *c = other == F_NONE ? NULL : e->b->col[other];

	if (c == NULL)
		return (NULL);
	for (size_t i = 0; e->row == NULL && i < BITS_WORDS(e->rows); i++)
		if ((w->set[i] & ~c->present[i]) != 0)
			return (NULL);
	for (size_t r = bits_next(w->set, 0, e->rows); e->row != NULL && r < e->rows;
	     r = bits_next(w->set, r + 1, e->rows))
		if (!bit_get(c->present, e->row[r]))
			return (NULL);
	return (c);
}

/* What is left of values if others are taken off; `o` may be where it goes. */
static const uint64_t *
residue(struct encoding *e, const struct outgoing *w, const uint64_t *o, const uint64_t *v)
{
	for (uint32_t i = 0; i < w->n; i++)
		e->k->residue[i] = zigzag(v[i] - o[i]);
	return (e->k->residue);
}

/* Body of the column in an encoding, then perhaps in the one that LZ4 likes better: the smaller is kept. */
static void
put_smaller(struct encoding *e, struct outgoing *w, const struct plan *plan, const uint64_t *v, uint32_t n, bool nested)
{
	struct blocks *k = e->k;
	enum coding code = plan->best;
	const struct buf *stored;
	uint8_t codec, alt_codec;
	size_t head = k->body.len; /* what lies before the numbers */

	if (plan->alt != CODE_NONE) {
		k->tries.len = 0;
		buf_add(&k->tries, k->body.p, head);
		(nested ? u64_put_nested : u64_put)(k->coder, plan, plan->alt, v, n, &k->tries);
	}
	(nested ? u64_put_nested : u64_put)(k->coder, plan, plan->best, v, n, &k->body);
	stored = squeeze(k, &k->body, &k->packed[0], &codec);
	if (plan->alt != CODE_NONE) {
		const struct buf *alt = squeeze(k, &k->tries, &k->packed[1], &alt_codec);

		if (alt->len < stored->len) {
			if (!nested)
				w->dir.code = (uint8_t)plan->alt;
			w->dir.at = put_section(k, alt, alt_codec, k->tries.len);
			return;
		}
	}
	if (!nested)
		w->dir.code = (uint8_t)code;
	w->dir.at = put_section(k, stored, codec, k->body.len);
}

/* The values of another field in the rows that have this one, 0 where it is not present; addresses as their places in
 * the dictionary, from 1.  NULL: it has no column. */
static const uint64_t *
beside(const struct encoding *e, const struct outgoing *w, enum field f, uint64_t *to)
{
	const struct column *c = e->b->col[f];
	uint32_t i = 0;

	if (c == NULL || !e->put[f])
		return (NULL);
	if (c->store == STORE_U64 && usable(e, w, f) != NULL)
		return (gather(e, c, w->set, w->n, to));
	for (size_t r = bits_next(w->set, 0, e->rows); r < e->rows; r = bits_next(w->set, r + 1, e->rows)) {
		uint32_t from = e->row == NULL ? (uint32_t)r : e->row[r];

		to[i++] = c->store == STORE_IP ? e->place[f][r] : bit_get(c->present, from) ? c->u[from] : 0;
	}
	return (to);
}

/* A column whose rows repeat what the last row like them had.  false: it is none, or that would not save much; *other: then
 * the coder's memory is of other values. */
static bool
put_like(struct encoding *e, struct outgoing *w, const uint64_t *v, const struct plan *plan, bool *other)
{
	struct blocks *k = e->k;
	const uint16_t *like = fields[w->f].like;
	const uint64_t *a, *b = NULL;
	uint32_t most = w->n / 4 * 3, others, n = 0;
	struct plan rest = { .bytes = 0 };
	enum set_kind kind;

	if (like[0] == 0 || plan->bytes < 16 + w->n / 8 || (a = beside(e, w, like[0] - 1, k->beside[0])) == NULL ||
	    (like[1] != 0 && (b = beside(e, w, like[1] - 1, k->beside[1])) == NULL) ||
	    (others = like_others(k->like, a, b, v, w->n, most, k->others)) > most)
		return (false);
	for (size_t i = bits_next(k->others, 0, w->n); i < w->n; i = bits_next(k->others, i + 1, w->n))
		k->residue[n++] = v[i];
	k->tries.len = 0;
	kind = set_put(k->others, w->n, &k->tries);
	rest = u64_plan(k->coder, k->residue, others);
	*other = true;
	if ((rest.bytes + k->tries.len) / 8 * 9 + 8 > plan->bytes)
		return (false);
	buf_varint(&k->body, others);
	buf_u8(&k->body, (uint8_t)kind);
	buf_varint(&k->body, k->tries.len);
	buf_add(&k->body, k->tries.p, k->tries.len);
	w->dir.code = CODE_LIKE;
	for (unsigned i = 0; i < 2 && like[i] != 0; i++)
		w->dir.more[w->dir.nmore++] = fields[like[i] - 1].id;
	put_smaller(e, w, &rest, k->residue, others, true);
	return (true);
}

/* A column of ids that follow from their rows but for a few.  false: it is none, or that would not save much. */
static bool
put_ids(struct encoding *e, struct outgoing *w, const uint64_t *v)
{
	struct blocks *k = e->k;
	const struct id_rows rows = { e->b, w->set, e->row, e->rows, w->n, k->seed };
	enum id_formula formula = fields[w->f].ids;
	uint32_t *at, others, last = 0;
	struct plan plan;

	if (formula == ID_NONE)
		return (false);
	at = arena_alloc(&k->arena, w->n * sizeof(*at));
	others = id_others(formula, &rows, v, at, w->n / 2, &k->arena);
	if (others > w->n / 2)
		return (false);
	buf_varint(&k->body, others);
	for (uint32_t i = 0; i < others; i++) {
		buf_varint(&k->body, at[i] - last);
		last = at[i] + 1;
		k->residue[i] = v[at[i]];
	}
	w->dir.code = CODE_ID;
	w->dir.more[w->dir.nmore++] = formula;
	if (others == 0) {
		w->dir.at = put_body(k);
		return (true);
	}
	plan = u64_plan(k->coder, k->residue, others);
	u64_put_nested(k->coder, &plan, plan.best, k->residue, others, &k->body);
	w->dir.at = put_body(k);
	return (true);
}

/* A column that is nearly a formula of others.  As put_like(). */
static bool
put_made(struct encoding *e, struct outgoing *w, const uint64_t *v, const struct plan *plan, bool *other)
{
	struct blocks *k = e->k;
	uint64_t *const room[FORMULA_FIELDS] = { k->beside[0], k->beside[1], k->beside[2], k->beside[3] };
	const uint64_t *from[FORMULA_FIELDS] = { NULL };
	enum formula formula = fields[w->f].formula;
	unsigned n = formula_fields(formula);
	struct plan rest;

	if (n == 0 || plan->bytes < 16 + w->n / 8)
		return (false);
	for (unsigned i = 0; i < n; i++)
		if ((from[i] = beside(e, w, fields[w->f].made[i], room[i])) == NULL)
			return (false);
	formula_fill(formula, k->like, from, w->n, k->residue);
	rest = u64_plan_below(k->coder, residue(e, w, k->residue, v), w->n, plan->bytes);
	*other = true;
	if (rest.bytes + rest.bytes / 16 + 4 >= plan->bytes)
		return (false);
	w->dir.code = CODE_MADE;
	w->dir.more[w->dir.nmore++] = formula;
	for (unsigned i = 0; i < n; i++)
		w->dir.more[w->dir.nmore++] = fields[fields[w->f].made[i]].id;
	put_smaller(e, w, &rest, k->residue, w->n, true);
	return (true);
}

/* As planned; *plan is of these values, and the coder's memory too, unless it is of other ones by now. */
static void
put_planned(struct encoding *e, struct outgoing *w, struct plan *plan, const uint64_t *v, bool nested, bool other)
{
	if (other && plan->best == CODE_DICT)
		*plan = u64_plan(e->k->coder, v, w->n);
	put_smaller(e, w, plan, v, w->n, nested);
}

static void
span_of(const uint64_t *v, uint32_t n, struct outgoing *w)
{
	uint64_t min, max;

	u64_span(v, n, &min, &max);
	w->dir.min = (struct dir_value){ .is = true, .u = min };
	w->dir.max = (struct dir_value){ .is = true, .u = max };
}

static void
put_u64(struct encoding *e, struct outgoing *w)
{
	struct blocks *k = e->k;
	enum field other = fields[w->f].near;
	const struct column *ref;
	const uint64_t *v;
	struct plan plan;
	bool others = false; /* the coder has planned other values since */

	if (w->c->zeros) {
		w->dir.code = CODE_CONST;
		w->dir.min = w->dir.max = (struct dir_value){ .is = true };
		return;
	}
	v = gather(e, w->c, w->set, w->n, k->gathered);
	k->body.len = 0;
	if (put_ids(e, w, v)) {
		span_of(v, w->n, w);
		return;
	}
	plan = u64_plan(k->coder, v, w->n);
	w->dir.min = (struct dir_value){ .is = true, .u = plan.min };
	w->dir.max = (struct dir_value){ .is = true, .u = plan.max };
	if (plan.best == CODE_CONST) {
		w->dir.code = CODE_CONST;
		return;
	}
	if (put_like(e, w, v, &plan, &others) || put_made(e, w, v, &plan, &others))
		return;
	if (plan.bytes > 16 && (ref = usable(e, w, other)) != NULL) {
		const uint64_t *x = residue(e, w, gather(e, ref, w->set, w->n, k->residue), v);
		struct plan diff = u64_plan_below(k->coder, x, w->n, plan.bytes);

		if (diff.bytes + diff.bytes / 16 + 4 < plan.bytes) {
			w->dir.code = CODE_DIFF;
			w->dir.more[w->dir.nmore++] = fields[other].id;
			put_smaller(e, w, &diff, x, w->n, true);
			return;
		}
		others = true;
	}
	put_planned(e, w, &plan, v, false, others);
}

/* --- addresses */

/* The distinct addresses of all address columns, sorted. */
static void
make_dictionary(struct encoding *e, const struct outgoing *work, size_t nwork, struct dictionary *d)
{
	uint32_t cells = 0;

	for (size_t i = 0; i < nwork; i++)
		if (work[i].c->store == STORE_IP)
			cells += work[i].n;
	dictionary_begin(d, &e->k->arena, cells, e->k->seed);
	for (size_t i = 0; i < nwork; i++) {
		const struct outgoing *w = &work[i];

		if (w->c->store != STORE_IP)
			continue;
		for (size_t r = bits_next(w->set, 0, e->rows); r < e->rows; r = bits_next(w->set, r + 1, e->rows))
			dictionary_add(d, &w->c->ip[e->row == NULL ? r : e->row[r]]);
	}
	dictionary_end(d);
}

/* IPv4 in pieces that the coder takes: more than CODER_MAX distinct ones are rare but possible. */
static void
put_addresses(struct encoding *e, const struct dictionary *d)
{
	struct blocks *k = e->k;

	e->d.n4 = d->n4;
	e->d.n6 = d->n - d->n4;
	k->body.len = 0;
	for (uint32_t i = 0; i < d->n4; i += CODER_MAX) {
		uint32_t n = d->n4 - i < CODER_MAX ? d->n4 - i : CODER_MAX;
		struct plan plan;

		for (uint32_t j = 0; j < n; j++)
			k->index[j] = ip_number(&d->ip[i + j]);
		plan = u64_plan(k->coder, k->index, n);
		u64_put_nested(k->coder, &plan, plan.best, k->index, n, &k->body);
	}
	buf_add(&k->body, d->ip + d->n4, (size_t)e->d.n6 * sizeof(struct ip));
	e->d.addr = put_body(k);
}

static struct dir_value
address_value(const struct ip *ip)
{
	struct dir_value v = { .is = true };

	v.bytes.n = ip_is4(ip) ? 4 : 16;
	v.bytes.p = ip->b + 16 - v.bytes.n;
	return (v);
}

static void
put_ip(struct encoding *e, struct outgoing *w, struct dictionary *d)
{
	struct blocks *k = e->k;
	const struct ip *min, *max;
	struct plan plan;
	bool others = false;

	dictionary_next(d, k->index, w->n);
	plan = u64_plan(k->coder, k->index, w->n);
	min = &d->ip[plan.min];
	max = &d->ip[plan.max];
	for (uint32_t i = 0; plan.min < d->n4 && plan.max >= d->n4 && i < w->n; i++) { /* both families */
		const struct ip *ip = &d->ip[k->index[i]];

		min = ip_cmp(ip, min) < 0 ? ip : min;
		max = ip_cmp(ip, max) > 0 ? ip : max;
	}
	w->dir.min = address_value(min);
	w->dir.max = address_value(max);
	e->place[w->f] = dictionary_rows(&k->arena, w->set, e->rows, k->index);
	w->dir.code = plan.best == CODE_CONST ? CODE_CONST : CODE_INDEX;
	if (plan.best == CODE_CONST)
		return;
	k->body.len = 0;
	if (put_like(e, w, k->index, &plan, &others))
		return;
	put_planned(e, w, &plan, k->index, true, others);
}

/* --- blobs */

static const struct blob *
cell(const struct encoding *e, const struct outgoing *w, size_t r)
{
	return (&w->c->b[e->row == NULL ? r : e->row[r]]);
}

static bool
same_bytes(const struct blob *a, const struct blob *b)
{
	return (a->n == b->n && (a->n == 0 || a->p == b->p || memcmp(a->p, b->p, a->n) == 0));
}

/* Distinct blobs in the order in which they came, by their hash.  Most columns have few. */
struct blobs {
	const struct blob **entry;
	uint32_t n, slots, *slot; /* index + 1; 0: an empty slot */
	uint64_t seed;
	struct arena *arena;
};

static uint32_t *
blob_slot(const struct blobs *d, const struct blob *b)
{
	uint32_t s = (uint32_t)hash64(b->p == NULL ? (const void *)"" : b->p, b->n, d->seed) & (d->slots - 1);

	while (d->slot[s] != 0 && !same_bytes(d->entry[d->slot[s] - 1], b))
		s = (s + 1) & (d->slots - 1);
	return (&d->slot[s]);
}

static uint32_t
blob_number(struct blobs *d, const struct blob *b)
{
	uint32_t *slot;

	if (d->n * 2 >= d->slots) {
		d->slots = d->slots == 0 ? 64 : d->slots * 4;
		d->slot = arena_zero(d->arena, d->slots * sizeof(*d->slot));
		for (uint32_t i = 0; i < d->n; i++)
			*blob_slot(d, d->entry[i]) = i + 1;
	}
	slot = blob_slot(d, b);
	if (*slot == 0) {
		d->entry[d->n] = b;
		*slot = ++d->n;
	}
	return (*slot - 1);
}

/* The number of each blob; `entry` gets where each distinct one is. How many these are. */
static uint32_t
number_blobs(struct encoding *e, const struct outgoing *w, const struct blob **entry)
{
	struct blobs d = { .entry = entry, .seed = e->k->seed, .arena = &e->k->arena };
	const struct blob *last = NULL;
	uint32_t i = 0;

	for (size_t r = bits_next(w->set, 0, e->rows); r < e->rows; r = bits_next(w->set, r + 1, e->rows)) {
		const struct blob *b = cell(e, w, r);

		if (last != NULL && same_bytes(last, b)) /* most often so */
			e->k->index[i] = e->k->index[i - 1];
		else
			e->k->index[i] = blob_number(&d, b);
		last = b;
		i++;
	}
	return (d.n);
}

static void
put_blob(struct encoding *e, struct outgoing *w)
{
	struct blocks *k = e->k;
	const struct blob **entry = arena_alloc(&k->arena, w->n * sizeof(*entry));
	uint32_t n = number_blobs(e, w, entry);
	struct plan plan;

	if (n == 1 && entry[0]->n <= 1024) {
		w->dir.code = CODE_CONST;
		w->dir.min = (struct dir_value){ true, 0, *entry[0] };
		if (w->dir.min.bytes.p == NULL)
			w->dir.min.bytes.p = (const uint8_t *)"";
		return;
	}
	k->body.len = 0;
	if (n > w->n / 2) {
		w->dir.code = CODE_BLOB;
		for (size_t r = bits_next(w->set, 0, e->rows); r < e->rows; r = bits_next(w->set, r + 1, e->rows))
			buf_varint(&k->body, cell(e, w, r)->n);
		for (size_t r = bits_next(w->set, 0, e->rows); r < e->rows; r = bits_next(w->set, r + 1, e->rows))
			buf_add(&k->body, cell(e, w, r)->p, cell(e, w, r)->n);
		w->dir.at = put_body(k);
		return;
	}
	w->dir.code = CODE_BLOBDICT;
	buf_varint(&k->body, n);
	for (uint32_t i = 0; i < n; i++)
		buf_varint(&k->body, entry[i]->n);
	for (uint32_t i = 0; i < n; i++)
		buf_add(&k->body, entry[i]->p, entry[i]->n);
	plan = u64_plan(k->coder, k->index, w->n);
	put_smaller(e, w, &plan, k->index, w->n, true);
}

/* --- membership */

#define MEMBER_SHARE 50 /* filters may be this part of a block: 2 % */

static bool
put_member(struct encoding *e, enum member what, const uint64_t *hash, uint32_t n, size_t room)
{
	uint32_t size = member_size(n);
	uint8_t *filter;

	if (n == 0 || META_HEAD + (size_t)size > room)
		return (false);
	filter = arena_zero(&e->k->arena, size);
	for (uint32_t i = 0; i < n; i++)
		member_add(filter, size, hash[i]);
	meta_put_head(&e->k->sections, size);
	buf_add(&e->k->sections, filter, size);
	e->d.member[e->d.nmember++] =
	    (struct dir_member){ what, MEMBER_KIND, size, (uint32_t)hash64(filter, size, 0) };
	return (true);
}

static uint32_t
hash_addresses(struct encoding *e, const struct dictionary *d, uint64_t *hash)
{
	for (uint32_t i = 0; i < d->n; i++)
		hash[i] = member_hash_ip(&d->ip[i]);
	(void)e;
	return (d->n);
}

/* Distinct values of the columns that a filter is of; `most`: more of them would take too much room. */
static uint32_t
hash_numbers(struct encoding *e, enum member what, const struct outgoing *work, size_t nwork, uint64_t *hash, uint32_t most)
{
	uint32_t slots = 64, n = 0;
	uint64_t *slot;

	while (slots < 2 * most)
		slots *= 2;
	slot = arena_zero(&e->k->arena, slots * sizeof(*slot));
	for (size_t i = 0; i < nwork; i++) {
		const struct outgoing *w = &work[i];
		uint64_t last = 0;

		if (w->n == 0 || fields[w->f].member != what)
			continue;
		for (size_t r = bits_next(w->set, 0, e->rows); r < e->rows; r = bits_next(w->set, r + 1, e->rows)) {
			uint64_t v = w->c->u[e->row == NULL ? r : e->row[r]], h;
			uint32_t s;

			if (v == last && n > 0)
				continue;
			last = v;
			h = member_hash(v);
			for (s = (uint32_t)(h >> 20) & (slots - 1); slot[s] != 0 && slot[s] != h;)
				s = (s + 1) & (slots - 1);
			if (slot[s] == h && h != 0)
				continue;
			if (n == most)
				return (0);
			slot[s] = h;
			hash[n++] = h;
		}
	}
	return (n);
}

/* Only where it costs little: small blocks are as quickly read. */
static void
put_members(struct encoding *e, const struct outgoing *work, size_t nwork, const struct dictionary *dict)
{
	size_t room = e->k->sections.len / MEMBER_SHARE;
	uint32_t most = room < MEMBER_MAX ? (uint32_t)room : MEMBER_MAX;
	uint64_t *hash;

	if (room < MEMBER_BLOCK + META_HEAD)
		return;
	hash = arena_alloc(&e->k->arena, ((size_t)most + 1) * sizeof(*hash));
	e->d.member = arena_zero(&e->k->arena, MEMBERS * sizeof(*e->d.member));
	for (enum member m = 0; m < MEMBERS; m++) {
		uint32_t n = 0;

		if (m != MEMBER_ADDR)
			n = hash_numbers(e, m, work, nwork, hash, most);
		else if (dict != NULL && dict->n <= most)
			n = hash_addresses(e, dict, hash);
		if (put_member(e, m, hash, n, room))
			room -= META_HEAD + e->d.member[e->d.nmember - 1].size;
	}
}

/* --- the block */

static uint32_t
selected_rows(struct encoding *e)
{
	const struct batch *b = e->b;
	uint32_t n = b->rows, *row;

	if (b->sel == NULL || (n = (uint32_t)bits_count(b->sel, b->rows)) == b->rows)
		return (n);
	row = arena_alloc(&e->k->arena, n * sizeof(*row) + 4);
	n = 0;
	for (size_t r = bits_next(b->sel, 0, b->rows); r < b->rows; r = bits_next(b->sel, r + 1, b->rows))
		row[n++] = (uint32_t)r;
	e->row = row;
	return (n);
}

/* The columns that have something to say, with their rows. */
static size_t
list_columns(struct encoding *e, struct outgoing *work)
{
	size_t n = 0;

	for (uint32_t id = 1; id < 1024; id++) {
		enum field f = field_with_id((uint16_t)id);
		const struct column *c = f == F_NONE ? NULL : e->b->col[f];
		struct outgoing *w = &work[n];
		uint64_t *mixed;

		if (c == NULL)
			continue;
		*w = (struct outgoing){ .f = f, .c = c, .dir = { .id = id, .mixed = ROWS_NONE } };
		w->set = select_bits(e, c->present);
		if (fields[f].agg == AGG_COMP)
			drop_companion(e, c, w->set);
		w->n = (uint32_t)bits_count(w->set, e->rows);
		w->dir.present = set_number(e, w->set, w->n);
		if (c->mixed != NULL) {
			mixed = select_bits(e, c->mixed);
			w->dir.mixed = set_number(e, mixed, (uint32_t)bits_count(mixed, e->rows));
		}
		n += w->n != 0 || w->dir.mixed != ROWS_NONE;
	}
	return (n);
}

static void
put_column(struct encoding *e, struct outgoing *w, struct dictionary *dict)
{
	e->put[w->f] = w->n > 0;
	if (w->n == 0)
		return; /* mixed in some rows, no values: a constant without one */
	switch (w->c->store) {
	case STORE_IP:
		put_ip(e, w, dict);
		break;
	case STORE_BLOB:
		put_blob(e, w);
		break;
	default:
		put_u64(e, w);
		break;
	}
}

static struct dir_value
time_of(const struct directory *d, enum field f, bool max)
{
	for (uint32_t i = 0; i < d->ncol; i++)
		if (d->col[i].id == fields[f].id && d->col[i].present == ROWS_ALL)
			return (max && d->col[i].code != CODE_CONST ? d->col[i].max : d->col[i].min);
	return ((struct dir_value){ .is = false });
}

void
block_times(const struct directory *d, struct index_entry *entry)
{
	entry->rows = d->rows;
	entry->bstart = time_of(d, F_bstart, false);
	entry->bend = time_of(d, F_bend, true);
}

void
block_encode(struct blocks *k, const struct batch *b, struct buf *out, struct fieldset *used,
    struct index_entry *entry)
{
	struct encoding e = { .k = k, .b = b };
	struct dictionary dict;
	struct outgoing *work;
	size_t n, start = out->len;
	bool ips = false;

	memset(used, 0, sizeof(*used));
	*entry = (struct index_entry){ 0 };
	arena_reset(&k->arena);
	k->sections.len = 0;
	k->columns = false;
	if ((e.rows = selected_rows(&e)) == 0)
		return;
	e.set = arena_zero(&k->arena, SETS_MAX * sizeof(*e.set));
	e.hash = arena_zero(&k->arena, SETS_MAX * sizeof(*e.hash));
	e.d.set = arena_zero(&k->arena, SETS_MAX * sizeof(*e.d.set));
	e.place = arena_zero(&k->arena, F_STORED * sizeof(*e.place));
	e.d.rows = e.rows;
	work = arena_alloc(&k->arena, F_STORED * sizeof(*work));
	n = list_columns(&e, work);
	for (size_t i = 0; i < n; i++)
		ips |= work[i].c->store == STORE_IP && work[i].n > 0;
	if (ips) {
		make_dictionary(&e, work, n, &dict);
		put_addresses(&e, &dict);
	}
	put_sets(&e);
	k->columns = true;
	e.d.col = arena_zero(&k->arena, n * sizeof(*e.d.col));
	e.d.ncol = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		put_column(&e, &work[i], &dict);
		e.d.col[i] = work[i].dir;
		fieldset_add(used, work[i].f);
	}
	put_members(&e, work, n, ips ? &dict : NULL);
	e.d.length = k->sections.len;
	k->body.len = 0;
	meta_put_directory(&k->body, &e.d);
	meta_put_object(out, META_BLOCK, k->body.p, k->body.len);
	buf_add(out, k->sections.p, k->sections.len);
	entry->length = out->len - start;
	block_times(&e.d, entry);
}

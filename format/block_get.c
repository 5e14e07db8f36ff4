/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_get.c: the bytes of a block as a batch: what a directory says, sections checked and decompressed, columns
 * decoded.  The bytes may be anything: what is wrong is a result, never a crash.  Test: test_block.c.
 */
#include "format/block.h"

#include "format/base/cursor.h"
#include "format/base/hash.h"
#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/block_memory.h"
#include "format/dictionary.h"
#include "format/formula.h"
#include "format/given.h"
#include "format/ids.h"
#include "format/member.h"

#include <lz4.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#define CODEC_MAX 2
#else
#define CODEC_MAX 1
#endif
#include <string.h>

#define ADDRS_MAX (64u * BATCH_ROWS) /* more than all address columns together can hold */

static bool
value_of(enum store store, const struct dir_value *v, union value *out)
{
	if (!v->is || (store == STORE_U64) != (v->bytes.p == NULL))
		return (false);
	switch (store) {
	case STORE_IP:
		if (v->bytes.n == 4)
			out->ip = ip_v4(v->bytes.p);
		else if (v->bytes.n == 16)
			memcpy(out->ip.b, v->bytes.p, 16);
		return (v->bytes.n == 4 || (v->bytes.n == 16 && !ip_is4(&out->ip)));
	case STORE_BLOB:
		out->b = v->bytes;
		return (true);
	default:
		out->u = v->u;
		return (true);
	}
}

/* Can this program read it? */
static bool
known(const struct dir_column *c, enum field f)
{
	if (c->at.codec > CODEC_MAX)
		return (false);
	if (c->code == CODE_CONST)
		return (true);
	switch (fields[f].store) {
	case STORE_IP:
		return (c->code == CODE_INDEX || (c->code == CODE_LIKE && c->nmore > 0));
	case STORE_BLOB:
		return (c->code == CODE_BLOB || c->code == CODE_BLOBDICT);
	default:
		return (u64_knows(c->code) || ((c->code == CODE_DIFF || c->code == CODE_LIKE) && c->nmore > 0) ||
		    (c->code == CODE_ID && fields[f].ids != ID_NONE && c->nmore > 0 && c->more[0] == fields[f].ids) ||
		    (c->code == CODE_MADE && c->nmore > 0 && formula_fields(c->more[0]) > 0 &&
			c->nmore > formula_fields(c->more[0])));
	}
}

static enum field
field_of(const struct dir_column *c, const struct fieldset *odd)
{
	enum field f = c->id <= UINT16_MAX ? field_with_id((uint16_t)c->id) : F_NONE;

	return (f != F_NONE && odd != NULL && fieldset_has(odd, f) ? F_NONE : f);
}

void
block_ranges(const struct directory *d, const struct fieldset *odd, struct range range[static F_COUNT])
{
	memset(range, 0, F_COUNT * sizeof(range[0]));
	for (enum field f = 0; f < F_COUNT; f++) {
		range[f].absent = f < F_STORED;
		range[f].mixed = f >= F_STORED;
	}
	for (uint32_t i = 0; i < d->ncol; i++) {
		const struct dir_column *c = &d->col[i];
		enum field f = field_of(c, odd);
		struct range *r = &range[f == F_NONE ? 0 : f];

		if (f == F_NONE || !known(c, f))
			continue;
		r->absent = false;
		r->all = c->present == ROWS_ALL;
		r->mixed = c->mixed != ROWS_NONE;
		r->known = fields[f].store != STORE_BLOB && value_of(fields[f].store, &c->min, &r->min) &&
		    value_of(fields[f].store, &c->max, &r->max);
	}
}

struct decoding { /* one call of block_decode() */
	struct blocks *k;
	const struct directory *d;
	struct batch *b;
	block_fetch fetch;
	void *arg;
	uint64_t *at;   /* offset of each column's section */
	uint64_t **set; /* decoded sets */
	uint64_t *set_at;
	bool *need; /* columns to decode */
	bool *key;  /* of those, the ones that others repeat by */
	const uint32_t **place; /* of an address column that is one: its rows' places in the dictionary */
	const struct ip *addrs;
};

static void
raw_room(struct blocks *k, size_t n)
{
	if (n <= k->raw_cap)
		return;
	k->raw = mem_grow(k->raw, n, 1);
	k->raw_cap = n;
}

#ifdef HAVE_ZSTD
static enum block_result
open_hard(struct blocks *k, const uint8_t *p, const struct dir_section *s, struct cursor *c)
{
	if (ZSTD_getFrameContentSize(p, s->size) != s->raw)
		return (BLOCK_DAMAGED);
	if (k->unzstd == NULL && (k->unzstd = ZSTD_createDCtx()) == NULL)
		fatalx("out of memory");
	raw_room(k, s->raw);
	if (ZSTD_decompressDCtx(k->unzstd, k->raw, s->raw, p, s->size) != s->raw)
		return (BLOCK_DAMAGED);
	*c = cur_new(k->raw, s->raw);
	return (BLOCK_GOOD);
}
#endif

/* Bytes of a section, checked and decompressed. */
static enum block_result
open_section(struct blocks *k, const struct dir_section *s, uint64_t offset, block_fetch fetch, void *arg,
    struct cursor *c)
{
	const uint8_t *p = fetch(arg, offset, META_HEAD + s->size);
	uint32_t size;

	if (p == NULL)
		return (BLOCK_MISSING);
	if (!meta_get_head(p, &size) || size != s->size)
		return (BLOCK_DAMAGED);
	p += META_HEAD;
	if ((uint32_t)hash64(p, size, 0) != s->check)
		return (BLOCK_DAMAGED);
	if (s->codec == 0) {
		*c = cur_new(p, size);
		return (s->raw == s->size ? BLOCK_GOOD : BLOCK_DAMAGED);
	}
	if (s->codec < 1 || s->codec > CODEC_MAX)
		return (BLOCK_DAMAGED);
	/* LZ4 gains at most 255:1, so a small section can not claim much */
	if (s->codec == 1 && s->raw / 256 > s->size)
		return (BLOCK_DAMAGED);
#ifdef HAVE_ZSTD
	if (s->codec == 2)
		return (open_hard(k, p, s, c));
#endif
	raw_room(k, s->raw);
	if (LZ4_decompress_safe((const char *)p, (char *)k->raw, (int)size, (int)s->raw) != (int)s->raw)
		return (BLOCK_DAMAGED);
	*c = cur_new(k->raw, s->raw);
	return (BLOCK_GOOD);
}

static bool
same_section(const struct dir_section *a, const struct dir_section *b)
{
	return (a->codec == b->codec && a->size == b->size && a->raw == b->raw && a->check == b->check);
}

enum block_result
block_addresses(struct blocks *k, const struct directory *d, block_fetch fetch, void *arg,
    const struct ip **out)
{
	struct cursor c;
	enum block_result res;
	const uint8_t *p;
	struct ip *ip;

	*out = NULL;
	if (d->n4 + d->n6 == 0)
		return (BLOCK_GOOD);
	if (k->ip_good && k->ip_n4 == d->n4 && k->ip_n6 == d->n6 && same_section(&k->ip_from, &d->addr)) {
		*out = k->ip;
		return (BLOCK_GOOD);
	}
	k->ip_good = false;
	if ((res = open_section(k, &d->addr, 0, fetch, arg, &c)) != BLOCK_GOOD)
		return (res);
	/* An IPv4 address may take less than a byte, so bound the number by the rows instead. */
	if (d->n4 > ADDRS_MAX || d->n6 > cur_left(&c) / 16)
		return (BLOCK_DAMAGED);
	if (k->ip_cap < (size_t)d->n4 + d->n6) {
		k->ip_cap = (size_t)d->n4 + d->n6;
		k->ip = mem_grow(k->ip, k->ip_cap, sizeof(*k->ip));
	}
	ip = k->ip;
	for (uint32_t i = 0; i < d->n4; i += CODER_MAX) {
		uint32_t n = d->n4 - i < CODER_MAX ? d->n4 - i : CODER_MAX;

		if (!u64_get_nested(k->coder, &c, k->index, n))
			return (BLOCK_DAMAGED);
		for (uint32_t j = 0; j < n; j++) {
			uint32_t v = (uint32_t)k->index[j];
			const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
				(uint8_t)v };

			if (k->index[j] > UINT32_MAX)
				return (BLOCK_DAMAGED);
			ip[i + j] = ip_v4(b);
		}
	}
	p = cur_bytes(&c, (size_t)d->n6 * 16);
	if (p == NULL)
		return (BLOCK_DAMAGED);
	memcpy(ip + d->n4, p, (size_t)d->n6 * 16);
	for (uint32_t i = 0; i < d->n6; i++)
		if (ip_is4(&ip[d->n4 + i]))
			return (BLOCK_DAMAGED);
	k->ip_from = d->addr;
	k->ip_n4 = d->n4;
	k->ip_n6 = d->n6;
	k->ip_good = true;
	*out = ip;
	return (BLOCK_GOOD);
}

const uint8_t *
block_member(const struct directory *d, enum member what, block_fetch fetch, void *arg, uint32_t *size)
{
	uint64_t at = d->addr.size == 0 ? 0 : META_HEAD + (uint64_t)d->addr.size;

	for (uint32_t i = 0; i < d->nset; i++)
		at += d->set[i].at.size == 0 ? 0 : META_HEAD + (uint64_t)d->set[i].at.size;
	for (uint32_t i = 0; i < d->ncol; i++)
		at += d->col[i].at.size == 0 ? 0 : META_HEAD + (uint64_t)d->col[i].at.size;
	for (uint32_t i = 0; i < d->nmember; i++) {
		const struct dir_member *m = &d->member[i];
		const uint8_t *p;
		uint32_t n;

		if (m->what == what && m->kind == MEMBER_KIND && m->size > 0 && m->size % MEMBER_BLOCK == 0 &&
		    m->size <= MEMBER_MAX) {
			p = fetch(arg, at, META_HEAD + m->size);
			if (p == NULL || !meta_get_head(p, &n) || n != m->size ||
			    (uint32_t)hash64(p + META_HEAD, n, 0) != m->check)
				return (NULL);
			*size = n;
			return (p + META_HEAD);
		}
		at += META_HEAD + (uint64_t)m->size;
	}
	return (NULL);
}

/* A set told by another one, which is there already. */
static bool
get_given(struct decoding *g, const struct dir_set *s, struct cursor *c, uint64_t *w)
{
	const struct given_set by = { g->set[s->given - 1], g->d->set[s->given - 1].count, 0 };

	return (given_get(c, &by, w, g->d->rows, s->count, g->k->others));
}

static unsigned
depth(const struct directory *d, int32_t number)
{
	unsigned n = 0;

	for (const struct dir_set *s = &d->set[number - 1]; s->given != 0 && n <= GIVEN_DEPTH; n++)
		s = &d->set[s->given - 1];
	return (n);
}

static enum block_result
get_set(struct decoding *g, int32_t number, uint32_t *count)
{
	const struct dir_set *s;
	struct cursor c;
	enum block_result res;
	uint64_t *w;

	if (number == ROWS_NONE || number == ROWS_ALL) {
		*count = number == ROWS_ALL ? g->d->rows : 0;
		return (BLOCK_GOOD);
	}
	s = &g->d->set[number - 1];
	*count = s->count;
	if (g->set[number - 1] != NULL)
		return (BLOCK_GOOD);
	if (s->given != 0) {
		uint32_t by;

		if (depth(g->d, number) > GIVEN_DEPTH)
			return (BLOCK_DAMAGED);
		if ((res = get_set(g, (int32_t)s->given, &by)) != BLOCK_GOOD)
			return (res);
	}
	if ((res = open_section(g->k, &s->at, g->set_at[number - 1], g->fetch, g->arg, &c)) != BLOCK_GOOD)
		return (res);
	w = arena_alloc(&g->k->arena, BITS_WORDS(g->d->rows) * 8);
	if (s->given != 0 ? !get_given(g, s, &c, w) : !set_get(s->kind, &c, w, g->d->rows, s->count))
		return (BLOCK_DAMAGED);
	g->set[number - 1] = w;
	return (BLOCK_GOOD);
}

/* The bits of a set into a bitmap of the batch. */
static void
copy_set(const struct decoding *g, int32_t number, uint64_t *to)
{
	if (number == ROWS_ALL)
		bits_fill(to, g->d->rows);
	else if (number != ROWS_NONE)
		memcpy(to, g->set[number - 1], BITS_WORDS(g->d->rows) * 8);
}

/* Spread n values over the rows of the set, from behind, so that it can be done in place. */
static void
scatter(uint64_t *v, const uint64_t *present, uint32_t rows, uint32_t n)
{
	uint64_t few[64];

	for (size_t w = BITS_WORDS(rows); w-- > 0;) { /* the values left lie before those of this word's rows, or in them */
		uint64_t bits = present[w], *to = v + 64 * w;
		uint32_t m = 64 * (w + 1) <= rows ? 64 : rows % 64, k = (uint32_t)__builtin_popcountll(bits);

		n -= k;
		if (bits == ~0ull) {
			memmove(to, v + n, sizeof(few));
			continue;
		}
		memcpy(few, v + n, k * sizeof(*few));
		memset(to, 0, m * sizeof(*to));
		for (k = 0; bits != 0; bits &= bits - 1)
			to[__builtin_ctzll(bits)] = few[k++];
	}
}

/* Ids: which ones do not follow from their rows, and what those are. */
static enum block_result
decode_ids(struct decoding *g, const struct dir_column *c, struct cursor *bytes, struct column *col, uint32_t n)
{
	struct blocks *k = g->k;
	const struct id_rows rows = { g->b, col->present, NULL, g->d->rows, n, k->seed };
	uint64_t others = cur_varint(bytes), at = 0;
	uint32_t *place;

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
	id_fill(c->more[0], &rows, place, k->residue, (uint32_t)others, col->u, &k->arena);
	if (n != g->d->rows)
		scatter(col->u, col->present, g->d->rows, n);
	return (BLOCK_GOOD);
}

/* The rows of a column that others repeat by, as numbers: 0 where it is not present. */
static void
key_of(const struct decoding *g, uint32_t id, const struct column *col, uint64_t *to)
{
	enum field f = field_with_id((uint16_t)id);
	const struct column *c = g->b->col[f];
	uint32_t n = 0, rows = g->d->rows;

	for (size_t w = 0; w < BITS_WORDS(rows); w++)
		for (uint64_t bits = col->present[w]; bits != 0; bits &= bits - 1) {
			size_t r = 64 * w + (size_t)__builtin_ctzll(bits);

			to[n++] = c->store == STORE_IP ? g->place[f][r] : c->u[r];
		}
}

/* The n values of rows that repeat what the last row like them had. */
static bool
get_like(struct decoding *g, const struct dir_column *c, struct cursor *bytes, const struct column *col, uint64_t *v, uint32_t n)
{
	struct blocks *k = g->k;
	uint64_t others = cur_varint(bytes);
	uint8_t kind = cur_u8(bytes);
	struct cursor set = cur_sub(bytes, cur_varint(bytes));

	if (bytes->cut || set.cut || others == 0 || others > n ||
	    !set_get(kind, &set, k->others, n, (uint32_t)others) ||
	    !u64_get_nested(k->coder, bytes, k->residue, (uint32_t)others))
		return (false);
	key_of(g, c->more[0], col, k->beside[0]);
	if (c->nmore > 1)
		key_of(g, c->more[1], col, k->beside[1]);
	return (like_fill(k->like, k->beside[0], c->nmore > 1 ? k->beside[1] : NULL, k->others, k->residue, n, v));
}

/* The n values that are nearly what a formula makes of others. */
static bool
get_made(struct decoding *g, const struct dir_column *c, struct cursor *bytes, const struct column *col, uint64_t *v, uint32_t n)
{
	struct blocks *k = g->k;
	uint64_t *const from[FORMULA_FIELDS] = { k->beside[0], k->beside[1], k->beside[2], k->beside[3] };

	if (!u64_get_nested(k->coder, bytes, v, n))
		return (false);
	for (unsigned i = 0; i < formula_fields(c->more[0]); i++)
		key_of(g, c->more[i + 1], col, from[i]);
	formula_fill(c->more[0], k->like, (const uint64_t *const *)from, n, k->residue);
	for (uint32_t i = 0; i < n; i++)
		v[i] = k->residue[i] + unzigzag(v[i]);
	return (true);
}

static enum block_result
decode_u64(struct decoding *g, const struct dir_column *c, struct cursor *bytes, struct column *col, uint32_t n)
{
	struct blocks *k = g->k;

	if (c->code == CODE_ID)
		return (decode_ids(g, c, bytes, col, n));
	if (c->code == CODE_DIFF) {
		const struct column *o = g->b->col[field_with_id((uint16_t)c->more[0])];

		if (!u64_get_nested(k->coder, bytes, col->u, n))
			return (BLOCK_DAMAGED);
		for (size_t w = 0; w < BITS_WORDS(g->d->rows); w++)
			if ((col->present[w] & ~o->present[w]) != 0)
				return (BLOCK_DAMAGED);
		if (n == g->d->rows) {
			for (uint32_t r = 0; r < n; r++)
				col->u[r] = o->u[r] + unzigzag(col->u[r]);
			return (BLOCK_GOOD);
		}
		scatter(col->u, col->present, g->d->rows, n);
		for (size_t w = 0; w < BITS_WORDS(g->d->rows); w++)
			for (uint64_t bits = col->present[w]; bits != 0; bits &= bits - 1) {
				size_t r = 64 * w + (size_t)__builtin_ctzll(bits);

				col->u[r] = o->u[r] + unzigzag(col->u[r]);
			}
		return (BLOCK_GOOD);
	}
	if (!(c->code == CODE_LIKE     ? get_like(g, c, bytes, col, col->u, n) :
		c->code == CODE_MADE ? get_made(g, c, bytes, col, col->u, n) :
				       u64_get(k->coder, c->code, bytes, col->u, n)))
		return (BLOCK_DAMAGED);
	if (n != g->d->rows)
		scatter(col->u, col->present, g->d->rows, n);
	return (BLOCK_GOOD);
}

static enum block_result
decode_ip(struct decoding *g, const struct dir_column *c, struct cursor *bytes, struct column *col, uint32_t n)
{
	uint64_t *index = g->k->index, count = (uint64_t)g->d->n4 + g->d->n6;
	size_t r = 0;

	if (c->code == CODE_LIKE ? !get_like(g, c, bytes, col, index, n) : !u64_get_nested(g->k->coder, bytes, index, n))
		return (BLOCK_DAMAGED);
	for (uint32_t i = 0; i < n; i++)
		if (index[i] >= count)
			return (BLOCK_DAMAGED);
	if (g->key[c - g->d->col])
		g->place[field_with_id((uint16_t)c->id)] = dictionary_rows(&g->k->arena, col->present, g->d->rows, index);
	if (n == g->d->rows) {
		for (uint32_t i = 0; i < n; i++)
			col->ip[i] = g->addrs[index[i]];
		return (BLOCK_GOOD);
	}
	for (uint32_t i = 0; i < n; i++, r++) {
		r = bits_next(col->present, r, g->d->rows);
		col->ip[r] = g->addrs[index[i]];
	}
	return (BLOCK_GOOD);
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
decode_blob(struct decoding *g, const struct dir_column *c, struct cursor *bytes, struct column *col, uint32_t n)
{
	struct blocks *k = g->k;
	uint64_t count = n;
	struct blob *entry;
	size_t r = 0;

	if (c->code == CODE_BLOBDICT && ((count = cur_varint(bytes)) == 0 || count > BATCH_ROWS))
		return (BLOCK_DAMAGED);
	entry = arena_alloc(&k->arena, count * sizeof(*entry));
	if (!read_blobs(g->b, bytes, entry, (uint32_t)count))
		return (BLOCK_DAMAGED);
	if (c->code == CODE_BLOBDICT && !u64_get_nested(k->coder, bytes, k->index, n))
		return (BLOCK_DAMAGED);
	for (uint32_t i = 0; i < n; i++, r++) {
		uint64_t at = c->code == CODE_BLOBDICT ? k->index[i] : i;

		if (at >= count)
			return (BLOCK_DAMAGED);
		r = bits_next(col->present, r, g->d->rows);
		col->b[r] = entry[at];
	}
	return (BLOCK_GOOD);
}

static enum block_result
decode_constant(struct decoding *g, const struct dir_column *c, struct column *col, uint32_t n)
{
	union value v;
	uint32_t rows = g->d->rows;

	if (n == 0)
		return (BLOCK_GOOD);
	if (!value_of(col->store, &c->min, &v))
		return (BLOCK_DAMAGED);
	if (col->store == STORE_BLOB)
		v.b.p = arena_copy(&g->b->arena, v.b.p, v.b.n);
	if (col->store == STORE_U64 && n == rows) {
		for (uint32_t r = 0; r < rows; r++)
			col->u[r] = v.u;
		return (BLOCK_GOOD);
	}
	if (col->store == STORE_BLOB && n == rows) {
		for (uint32_t r = 0; r < rows; r++)
			col->b[r] = v.b;
		return (BLOCK_GOOD);
	}
	for (size_t r = bits_next(col->present, 0, rows); r < rows; r = bits_next(col->present, r + 1, rows))
		column_set(col, (uint32_t)r, &v);
	return (BLOCK_GOOD);
}

static enum block_result
decode_column(struct decoding *g, uint32_t i, enum field f)
{
	const struct dir_column *c = &g->d->col[i];
	struct column *col;
	struct cursor bytes;
	uint32_t n, nmixed;
	enum block_result res;

	if ((res = get_set(g, c->present, &n)) != BLOCK_GOOD || (res = get_set(g, c->mixed, &nmixed)) != BLOCK_GOOD)
		return (res);
	col = batch_column(g->b, f);
	copy_set(g, c->present, col->present);
	if (nmixed > 0) {
		col->mixed = arena_zero(&g->b->arena, BITS_WORDS(g->b->cap) * 8);
		copy_set(g, c->mixed, col->mixed);
		for (size_t w = 0; w < BITS_WORDS(g->d->rows); w++)
			if ((col->present[w] & col->mixed[w]) != 0)
				return (BLOCK_DAMAGED);
	}
	if (c->code == CODE_CONST) {
		if (col->store == STORE_IP && g->key[i]) { /* one place for all */
			memset(g->k->index, 0, n * sizeof(g->k->index[0]));
			g->place[f] = dictionary_rows(&g->k->arena, col->present, g->d->rows, g->k->index);
		}
		return (decode_constant(g, c, col, n));
	}
	if (n == 0)
		return (BLOCK_DAMAGED);
	if ((res = open_section(g->k, &c->at, g->at[i], g->fetch, g->arg, &bytes)) != BLOCK_GOOD)
		return (res);
	switch (col->store) {
	case STORE_IP:
		return (decode_ip(g, c, &bytes, col, n));
	case STORE_BLOB:
		return (decode_blob(g, c, &bytes, col, n));
	default:
		return (decode_u64(g, c, &bytes, col, n));
	}
}

/* Where each section lies. */
static void
lay_out(struct decoding *g)
{
	const struct directory *d = g->d;
	uint64_t at = d->addr.size == 0 ? 0 : META_HEAD + d->addr.size;

	for (uint32_t i = 0; i < d->nset; i++) {
		g->set_at[i] = at;
		at += d->set[i].at.size == 0 ? 0 : META_HEAD + d->set[i].at.size;
	}
	for (uint32_t i = 0; i < d->ncol; i++) {
		g->at[i] = at;
		at += d->col[i].at.size == 0 ? 0 : META_HEAD + d->col[i].at.size;
	}
}

static uint32_t
column_with_id(const struct directory *d, uint32_t id, uint32_t end)
{
	for (uint32_t i = 0; i < end; i++)
		if (d->col[i].id == id)
			return (i);
	return (end);
}

/* The columns before this one that its encoding names; their number. */
static unsigned
references(const struct directory *d, uint32_t i, uint32_t to[DIR_MORE])
{
	const struct dir_column *c = &d->col[i];
	unsigned first = c->code == CODE_MADE, end = 0, n = 0;

	if (c->code == CODE_LIKE)
		end = c->nmore < 2 ? c->nmore : 2;
	else if (c->code == CODE_DIFF)
		end = c->nmore > 0;
	else if (c->code == CODE_MADE && c->nmore > 0)
		end = 1 + formula_fields(c->more[0]) < c->nmore ? 1 + formula_fields(c->more[0]) : c->nmore;
	for (unsigned m = first; m < end; m++)
		to[n++] = column_with_id(d, c->more[m], i);
	return (n);
}

/* Is it of rows like others, for which an address is its place in the dictionary? */
static bool
takes_places(const struct dir_column *c)
{
	return (c->code == CODE_LIKE || c->code == CODE_MADE);
}

static void
mark_references(struct decoding *g, uint32_t i)
{
	uint32_t o[DIR_MORE];

	for (unsigned n = references(g->d, i, o); n-- > 0;)
		if (o[n] < i) {
			g->need[o[n]] = true;
			g->key[o[n]] |= takes_places(&g->d->col[i]);
		}
}

/* Are they there, and of a kind that will do? */
static bool
has_references(const struct decoding *g, uint32_t i, const struct fieldset *odd)
{
	const struct directory *d = g->d;
	uint32_t o[DIR_MORE];

	for (unsigned n = references(d, i, o); n-- > 0;) {
		enum store store;

		if (o[n] == i || !g->need[o[n]] || d->col[o[n]].code == CODE_ID)
			return (false);
		store = fields[field_of(&d->col[o[n]], odd)].store;
		if (store != STORE_U64 && (store != STORE_IP || !takes_places(&d->col[i])))
			return (false);
	}
	return (true);
}

static bool
is_id(const struct dir_column *c, enum field f)
{
	return (c->code == CODE_ID && f != F_NONE && known(c, f));
}

/* What ids follow from may stand before or behind them.  `lost`: find out whether all of it can be read. */
static bool
mark_for_id(struct decoding *g, const struct dir_column *id, const struct fieldset *odd, bool lost)
{
	bool all = true;

	for (const uint16_t *f = id_needs(id->more[0]); *f != F_NONE; f++) {
		uint32_t i = column_with_id(g->d, fields[*f].id, g->d->ncol);

		if (i == g->d->ncol)
			continue; /* absent in every row */
		if (!lost)
			g->need[i] = field_of(&g->d->col[i], odd) != F_NONE;
		else if (!g->need[i])
			all = false;
	}
	return (all);
}

/* Mark what is wanted and what that is made of: from behind, since references of differences point forward.  A column
 * that can not be read, or hangs on one, is left out. */
static void
mark_needed(struct decoding *g, const struct fieldset *want, const struct fieldset *odd, enum field *unknown)
{
	const struct directory *d = g->d;

	for (uint32_t i = 0; i < d->ncol; i++) {
		enum field f = field_of(&d->col[i], odd);

		if (f != F_NONE && (want == NULL || fieldset_has(want, f))) {
			g->need[i] = true;
			if (is_id(&d->col[i], f))
				(void)mark_for_id(g, &d->col[i], odd, false);
		}
	}
	for (uint32_t i = d->ncol; i-- > 0;) {
		const struct dir_column *c = &d->col[i];

		if (field_of(c, odd) == F_NONE)
			g->need[i] = false;
		if (g->need[i])
			mark_references(g, i);
	}
	for (uint32_t i = 0; i < d->ncol; i++) {
		const struct dir_column *c = &d->col[i];
		enum field f = field_of(c, odd);

		if (g->need[i] && (!known(c, f) || !has_references(g, i, odd))) {
			*unknown = f;
			g->need[i] = false;
		}
	}
	for (uint32_t i = 0; i < d->ncol; i++) {
		enum field f = field_of(&d->col[i], odd);

		if (g->need[i] && is_id(&d->col[i], f) && !mark_for_id(g, &d->col[i], odd, true)) {
			*unknown = f;
			g->need[i] = false;
		}
	}
}

enum block_result
block_decode(struct blocks *k, const struct directory *d, const struct fieldset *want, const struct fieldset *odd,
    block_fetch fetch, void *arg, struct batch *b, enum field *unknown)
{
	struct decoding g = { .k = k, .d = d, .b = b, .fetch = fetch, .arg = arg };
	enum block_result res = BLOCK_GOOD;
	bool ips = false;

	arena_reset(&k->arena);
	batch_reset(b);
	b->cap = d->rows;
	b->rows = d->rows;
	g.at = arena_alloc(&k->arena, d->ncol * sizeof(*g.at));
	g.set = arena_zero(&k->arena, d->nset * sizeof(*g.set));
	g.set_at = arena_alloc(&k->arena, d->nset * sizeof(*g.set_at));
	g.need = arena_zero(&k->arena, d->ncol * sizeof(*g.need));
	g.key = arena_zero(&k->arena, d->ncol * sizeof(*g.key));
	g.place = arena_zero(&k->arena, F_STORED * sizeof(*g.place));
	lay_out(&g);
	mark_needed(&g, want, odd, unknown);
	for (uint32_t i = 0; i < d->ncol; i++)
		ips |= g.need[i] && d->col[i].code != CODE_CONST && fields[field_of(&d->col[i], odd)].store == STORE_IP;
	if (ips && (res = block_addresses(k, d, fetch, arg, &g.addrs)) != BLOCK_GOOD)
		return (res);
	for (int ids = 0; ids < 2; ids++) /* they last: they are made of the others */
		for (uint32_t i = 0; i < d->ncol && res == BLOCK_GOOD; i++)
			if (g.need[i] && is_id(&d->col[i], field_of(&d->col[i], odd)) == ids)
				res = decode_column(&g, i, field_of(&d->col[i], odd));
	if (res != BLOCK_GOOD || want == NULL)
		return (res);
	for (enum field f = 0; f < F_STORED; f++) /* read only to undo a difference */
		if (!fieldset_has(want, f))
			b->col[f] = NULL;
	return (BLOCK_GOOD);
}

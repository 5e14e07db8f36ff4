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
#include "format/block_decoding.h"
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

bool
block_value(enum store store, const struct dir_value *v, union value *out)
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

enum field
column_field(const struct decoding *g, uint32_t i)
{
	return (field_of(&g->d->col[i], g->odd));
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
		r->known = fields[f].store != STORE_BLOB && block_value(fields[f].store, &c->min, &r->min) &&
		    block_value(fields[f].store, &c->max, &r->max);
	}
}

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

/* The bitmap of a set; NULL: all rows. */
static enum block_result
bitmap_of(struct decoding *g, int32_t number, uint32_t *count, const uint64_t **w)
{
	enum block_result res = get_set(g, number, count);

	*w = NULL;
	if (res == BLOCK_GOOD && number == ROWS_NONE)
		*w = arena_zero(&g->k->arena, BITS_WORDS(g->d->rows) * 8);
	else if (res == BLOCK_GOOD && number != ROWS_ALL)
		*w = g->set[number - 1];
	return (res);
}

enum block_result
column_rows(struct decoding *g, uint32_t i, struct dense *x)
{
	const struct dir_column *c = &g->d->col[i];
	enum block_result res;
	uint32_t nmixed;
	uint64_t *all;

	if ((res = bitmap_of(g, c->present, &x->n, &x->present)) != BLOCK_GOOD || c->mixed == ROWS_NONE)
		return (res);
	if ((res = bitmap_of(g, c->mixed, &nmixed, &x->mixed)) != BLOCK_GOOD)
		return (res);
	if (nmixed == 0)
		x->mixed = NULL;
	else if (x->mixed == NULL) {
		all = arena_alloc(&g->k->arena, BITS_WORDS(g->d->rows) * 8);
		bits_fill(all, g->d->rows);
		x->mixed = all;
	}
	for (size_t w = 0; x->mixed != NULL && w < BITS_WORDS(g->d->rows); w++)
		if (x->mixed[w] != 0 && (x->present == NULL || (x->present[w] & x->mixed[w]) != 0))
			return (BLOCK_DAMAGED);
	return (BLOCK_GOOD);
}

enum block_result
dictionary_open(struct decoding *g, struct cursor *c)
{
	return (open_section(g->k, &g->d->addr, 0, g->fetch, g->arg, c));
}

enum block_result
column_open(struct decoding *g, uint32_t i, struct cursor *c)
{
	return (open_section(g->k, &g->d->col[i].at, g->at[i], g->fetch, g->arg, c));
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

unsigned
column_references(const struct directory *d, uint32_t i, uint32_t to[DIR_MORE])
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

	for (unsigned n = column_references(g->d, i, o); n-- > 0;)
		if (o[n] < i)
			g->need[o[n]] = true;
}

/* Are they there, and of a kind that will do? */
static bool
has_references(const struct decoding *g, uint32_t i)
{
	const struct directory *d = g->d;
	uint32_t o[DIR_MORE];

	for (unsigned n = column_references(d, i, o); n-- > 0;) {
		enum store store;

		if (o[n] == i || !g->need[o[n]] || d->col[o[n]].code == CODE_ID)
			return (false);
		store = fields[column_field(g, o[n])].store;
		if (store != STORE_U64 && (store != STORE_IP || !takes_places(&d->col[i])))
			return (false);
	}
	return (true);
}

bool
column_is_id(const struct decoding *g, uint32_t i)
{
	const struct dir_column *c = &g->d->col[i];
	enum field f = column_field(g, i);

	return (c->code == CODE_ID && f != F_NONE && known(c, f));
}

/* What ids follow from may stand before or behind them.  `lost`: find out whether all of it can be read. */
static bool
mark_for_id(struct decoding *g, const struct dir_column *id, bool lost)
{
	bool all = true;

	for (const uint16_t *f = id_needs(id->more[0]); *f != F_NONE; f++) {
		uint32_t i = column_with_id(g->d, fields[*f].id, g->d->ncol);

		if (i == g->d->ncol)
			continue; /* absent in every row */
		if (!lost)
			g->need[i] = column_field(g, i) != F_NONE;
		else if (!g->need[i])
			all = false;
	}
	return (all);
}

/* Mark what is wanted and what that is made of: from behind, since references of differences point forward.  A column
 * that can not be read, or hangs on one, is left out. */
void
mark_needed(struct decoding *g, const struct fieldset *want, enum field *unknown)
{
	const struct directory *d = g->d;

	memset(g->need, 0, d->ncol * sizeof(*g->need));
	for (uint32_t i = 0; i < d->ncol; i++) {
		enum field f = column_field(g, i);

		if (f != F_NONE && (want == NULL || fieldset_has(want, f))) {
			g->need[i] = true;
			if (column_is_id(g, i))
				(void)mark_for_id(g, &d->col[i], false);
		}
	}
	for (uint32_t i = d->ncol; i-- > 0;) {
		if (column_field(g, i) == F_NONE)
			g->need[i] = false;
		if (g->need[i])
			mark_references(g, i);
	}
	for (uint32_t i = 0; i < d->ncol; i++) {
		enum field f = column_field(g, i);

		if (g->need[i] && (!known(&d->col[i], f) || !has_references(g, i))) {
			*unknown = f;
			g->need[i] = false;
		}
	}
	for (uint32_t i = 0; i < d->ncol; i++)
		if (g->need[i] && column_is_id(g, i) && !mark_for_id(g, &d->col[i], true)) {
			*unknown = column_field(g, i);
			g->need[i] = false;
		}
}

/* --- steps */

void
block_open(struct blocks *k, const struct directory *d, const struct fieldset *odd, block_fetch fetch, void *arg,
    struct batch *b)
{
	struct decoding *g;

	arena_reset(&k->arena);
	batch_reset(b);
	b->cap = d->rows;
	b->rows = d->rows;
	k->decoding = g = arena_zero(&k->arena, sizeof(*g));
	*g = (struct decoding){ .k = k, .d = d, .odd = odd, .b = b, .fetch = fetch, .arg = arg };
	g->at = arena_alloc(&k->arena, d->ncol * sizeof(*g->at) + 1);
	g->set = arena_zero(&k->arena, d->nset * sizeof(*g->set) + 1);
	g->set_at = arena_alloc(&k->arena, d->nset * sizeof(*g->set_at) + 1);
	g->need = arena_zero(&k->arena, d->ncol * sizeof(*g->need) + 1);
	g->dense = arena_zero(&k->arena, d->ncol * sizeof(*g->dense) + 1);
	lay_out(g);
}

static bool
wants(const struct fieldset *want, enum field f)
{
	return (f != F_NONE && (want == NULL || fieldset_has(want, f)));
}

/* Where addresses themselves are wanted, not only which rows have the same. */
static enum block_result
read_addresses(struct decoding *g, const struct fieldset *want)
{
	enum block_result res = BLOCK_GOOD;

	for (uint32_t i = 0; i < g->d->ncol && g->addrs == NULL && res == BLOCK_GOOD; i++)
		if (g->need[i] && g->d->col[i].code != CODE_CONST && wants(want, column_field(g, i)) &&
		    fields[column_field(g, i)].store == STORE_IP)
			res = block_addresses(g->k, g->d, g->fetch, g->arg, &g->addrs);
	return (res);
}

/* An id is made of the cells of other fields. */
static enum block_result
decode_id(struct decoding *g, uint32_t i)
{
	struct fieldset lent = { { 0 } };
	enum block_result res;
	bool by_address; /* in every row: MAC addresses are not asked */

	if ((res = block_addresses(g->k, g->d, g->fetch, g->arg, &g->addrs)) != BLOCK_GOOD)
		return (res);
	for (uint32_t o = 0; o < g->d->ncol; o++) {
		enum field f = column_field(g, o);

		if (g->dense[o] == NULL || f == F_NONE || g->b->dense[f] != NULL || g->b->col[f] != NULL)
			continue;
		if (g->dense[o]->store == STORE_IP && g->dense[o]->ip == NULL)
			g->dense[o]->ip = g->addrs;
		g->b->dense[f] = g->dense[o];
		fieldset_add(&lent, f);
	}
	by_address = g->b->dense[F_saddr] != NULL && g->b->dense[F_saddr]->present == NULL;
	for (const uint16_t *f = id_needs(g->d->col[i].more[0]); *f != F_NONE; f++)
		if (!by_address || (*f != F_smac && *f != F_dmac))
			(void)batch_flat(g->b, (enum field)*f);
	res = column_dense(g, i);
	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(&lent, f))
			batch_hide(g->b, f);
	return (res);
}

/* What the id follows from is there, as it was. */
static bool
is_made(const struct decoding *g, uint32_t i)
{
	const struct batch *b = g->b;

	if (!column_is_id(g, i) || !g->dense[i]->made)
		return (false);
	for (const uint16_t *f = id_needs(g->d->col[i].more[0]); *f != F_NONE; f++)
		if ((b->dense[*f] == NULL) != (column_with_id(g->d, fields[*f].id, g->d->ncol) == g->d->ncol) ||
		    (b->dense[*f] == NULL && b->col[*f] != NULL))
			return (false);
	return (true);
}

static void
show(struct decoding *g, const struct fieldset *want)
{
	for (uint32_t i = 0; i < g->d->ncol; i++) {
		enum field f = column_field(g, i);

		if (!g->need[i] || g->dense[i] == NULL || !wants(want, f))
			continue;
		if (g->b->col[f] != NULL && g->b->dense[f] == NULL)
			continue; /* it was changed */
		if (g->dense[i]->store == STORE_IP && g->dense[i]->ip == NULL)
			g->dense[i]->ip = g->addrs;
		g->b->dense[f] = g->dense[i];
	}
	for (uint32_t i = 0; i < g->d->ncol; i++) {
		enum field f = column_field(g, i);

		if (f != F_NONE && g->dense[i] != NULL && g->b->dense[f] == g->dense[i] && is_made(g, i))
			fieldset_add(&g->b->made, f);
	}
}

enum block_result
decode_needed(struct decoding *g)
{
	enum block_result res = BLOCK_GOOD;

	for (int ids = 0; ids < 2; ids++) /* they last: they are made of the others */
		for (uint32_t i = 0; i < g->d->ncol && res == BLOCK_GOOD; i++)
			if (g->need[i] && g->dense[i] == NULL && column_is_id(g, i) == ids)
				res = ids ? decode_id(g, i) : column_dense(g, i);
	return (res);
}

enum block_result
block_read(struct blocks *k, const struct fieldset *want, enum field *unknown)
{
	struct decoding *g = k->decoding;
	enum block_result res;

	mark_needed(g, want, unknown);
	if ((res = read_addresses(g, want)) == BLOCK_GOOD && (res = decode_needed(g)) == BLOCK_GOOD)
		show(g, want);
	return (res);
}

/* The column as its least or greatest value in all of its rows; false: it can not be told. */
static bool
column_extreme(struct decoding *g, uint32_t i, enum field f)
{
	const struct dir_column *c = &g->d->col[i];
	bool least = fields[f].agg == AGG_MIN;
	union value v;
	struct dense *x;

	if ((!least && fields[f].agg != AGG_MAX) || fields[f].store != STORE_U64 || !known(c, f) || c->mixed != ROWS_NONE ||
	    !block_value(STORE_U64, least ? &c->min : &c->max, &v))
		return (false);
	x = arena_zero(&g->k->arena, sizeof(*x));
	if (column_rows(g, i, x) != BLOCK_GOOD || x->n == 0)
		return (false);
	x->num = (struct narrow){ .base = v.u, .unit = 1 };
	g->b->dense[f] = x;
	return (true);
}

/* Have all rows the same in these fields? */
static bool
is_one(const struct decoding *g, const struct fieldset *same)
{
	for (uint32_t i = 0; i < g->d->ncol; i++) {
		const struct dir_column *c = &g->d->col[i];

		if (wants(same, column_field(g, i)) &&
		    (c->code != CODE_CONST || c->present != ROWS_ALL || c->mixed != ROWS_NONE))
			return (false);
	}
	return (true);
}

enum block_result
block_read_extremes(struct blocks *k, const struct fieldset *want, const struct extremes *extremes, enum field *unknown)
{
	const struct decoding *g = k->decoding;
	struct fieldset rest = *want;
	bool one = is_one(g, &extremes->same);

	for (uint32_t i = 0; one && i < g->d->ncol; i++) {
		enum field f = column_field(g, i);

		if (wants(&extremes->of, f) && wants(want, f) && column_extreme(k->decoding, i, f))
			fieldset_remove(&rest, f);
	}
	return (block_read(k, &rest, unknown));
}

bool
block_whole(struct blocks *k, const uint8_t *p, size_t n, struct block_bytes *whole)
{
	const struct decoding *g = k->decoding;

	*whole = (struct block_bytes){ .p = p, .n = n, .entry = { .length = n } };
	for (uint32_t i = 0; i < g->d->ncol; i++) {
		enum field f = column_field(g, i);

		if (f == F_NONE || g->dense[i] == NULL)
			return (false);
		fieldset_add(&whole->used, f);
	}
	block_times(g->d, &whole->entry);
	return (true);
}

enum block_result
block_decode(struct blocks *k, const struct directory *d, const struct fieldset *want, const struct fieldset *odd,
    block_fetch fetch, void *arg, struct batch *b, enum field *unknown)
{
	enum block_result res;

	block_open(k, d, odd, fetch, arg, b);
	if ((res = block_read(k, want, unknown)) == BLOCK_GOOD)
		batch_flatten(b);
	memset(&b->made, 0, sizeof(b->made)); /* who gets it may write to its cells */
	return (res);
}

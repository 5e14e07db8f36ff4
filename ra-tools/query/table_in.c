/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table_in.c: rows of batches become narrow columns.  Test: test_table.c.
 *
 * A column of a batch goes in chunk by chunk: what its values need is looked for in one pass, then they are written in
 * another, both of which the compiler makes vectors of where the rows follow each other.
 */
#include "ra-tools/query/table_room.h"

#include "format/base/mem.h"
#include "format/base/vector.h"
#include "format/narrow.h"

#include <stdlib.h>
#include <string.h>

#define CAP_FIRST 64
#define MET 64	 /* texts of a batch, too */
#define KINDS 16 /* sets of rows of a batch that are kept in mind */

/* --- chunks ------------------------------------------------------------------------------------ */

struct table *
table_new(void)
{
	struct table *t = mem_zero(1, sizeof(*t));

	bits_fill(t->ones, TABLE_ROWS);
	return (t);
}

void
table_clear(struct table *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		struct chunk *c = t->chunk[i];

		for (enum field f = 0; f < F_COUNT; f++) {
			free(c->strip[f].cells);
			free(c->strip[f].present);
			free(c->strip[f].mixed);
		}
		free(c);
	}
	words_free(&t->words);
	table_unsettle(t);
	t->n = t->rows = 0;
	t->bytes = 0;
	memset(&t->seen, 0, sizeof(t->seen));
}

void
table_free(struct table **pt)
{
	struct table *t = *pt;

	if (t == NULL)
		return;
	table_clear(t);
	free(t->chunk);
	free(t->scratch);
	free(t);
	*pt = NULL;
}

uint64_t
table_bytes(const struct table *t)
{
	return (t->bytes + t->words.memory);
}

bool
table_has(const struct table *t, enum field f)
{
	return (fieldset_has(&t->seen, f));
}

static void *
grown(struct table *t, void *p, size_t before, size_t after)
{
	uint8_t *q = mem_grow(p, after, 1);

	memset(q + before, 0, after - before);
	t->bytes += after - before;
	return (q);
}

static void
chunk_room(struct table *t, struct chunk *c, uint32_t rows)
{
	uint32_t cap = c->cap == 0 ? CAP_FIRST : c->cap;

	while (cap < rows)
		cap = cap * 8 < TABLE_ROWS ? cap * 8 : TABLE_ROWS;
	for (enum field f = 0; f < F_COUNT && c->cap > 0 && cap > c->cap; f++) {
		struct strip *s = &c->strip[f];

		if (s->width > 0)
			s->cells = grown(t, s->cells, (size_t)c->cap * s->width, (size_t)cap * s->width);
		if (s->present != NULL)
			s->present = grown(t, s->present, c->cap / 8, cap / 8);
		if (s->mixed != NULL)
			s->mixed = grown(t, s->mixed, c->cap / 8, cap / 8);
	}
	c->cap = cap;
}

/* The chunk that has room for the next row. */
static struct chunk *
last_chunk(struct table *t)
{
	if (t->rows < t->n * TABLE_ROWS)
		return (t->chunk[t->n - 1]);
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 16 : t->cap * 2;
		t->chunk = mem_grow(t->chunk, t->cap, sizeof(t->chunk[0]));
	}
	t->bytes += sizeof(struct chunk);
	return (t->chunk[t->n++] = mem_zero(1, sizeof(struct chunk)));
}

/* --- strips ------------------------------------------------------------------------------------ */

void
strip_bits(struct table *t, struct chunk *c, struct strip *s)
{
	if (s->present != NULL)
		return;
	s->present = mem_zero(c->cap / 64, 8);
	t->bytes += c->cap / 8;
	if (s->full)
		bits_fill(s->present, c->rows);
	s->full = false;
}

void
strip_mix(struct table *t, struct chunk *c, struct strip *s, uint32_t i)
{
	strip_bits(t, c, s);
	if (s->mixed == NULL) {
		s->mixed = mem_zero(c->cap / 64, 8);
		t->bytes += c->cap / 8;
	}
	bit_clear(s->present, i);
	bit_set(s->mixed, i);
}

static uint8_t
bytes_for(uint64_t v)
{
	return (v == 0 ? 0 : v <= UINT8_MAX ? 1 : v <= UINT16_MAX ? 2 : v <= UINT32_MAX ? 4 : 8);
}

static bool
untouched(const struct strip *s)
{
	return (!s->full && s->present == NULL);
}

/* The same numbers in cells of another width above another base. */
static void
convert(struct table *t, struct chunk *c, struct strip *s, uint64_t base, uint8_t width)
{
	struct strip to = *s;

	to.base = base;
	to.width = width;
	to.cells = width == 0 ? NULL : mem_zero(c->cap, width);
	t->bytes += (uint64_t)c->cap * width;
	t->bytes -= (uint64_t)c->cap * s->width;
	for (uint32_t i = 0; i < c->rows && width > 0; i++)
		strip_store(&to, i, strip_number(s, i) - base);
	free(s->cells);
	*s = to;
}

void
strip_widen(struct table *t, struct chunk *c, struct strip *s, uint64_t lo, uint64_t hi)
{
	uint64_t base = lo;

	if (!untouched(s)) {
		for (uint32_t i = 0; i < c->rows; i++) {
			uint64_t v;

			if (!strip_has(s, i))
				continue;
			v = strip_number(s, i);
			lo = v < lo ? v : lo;
			hi = v > hi ? v : hi;
		}
		base = s->base < lo ? s->base : lo;
	}
	/* Nothing is won by a base that saves no bytes; and cells of numbers that begin at 0 are never written again. */
	if (bytes_for(hi - base) == bytes_for(hi) || hi <= UINT32_MAX)
		base = 0;
	if (untouched(s) || base != s->base || bytes_for(hi - base) > s->width)
		convert(t, c, s, base, bytes_for(hi - base));
}

/* Addresses of `width` bytes fit. */
static void
strip_widen_ip(struct table *t, struct chunk *c, struct strip *s, uint8_t width)
{
	struct strip to = *s;

	if (s->width >= width)
		return;
	to.width = width;
	to.cells = mem_zero(c->cap, width);
	t->bytes += (uint64_t)c->cap * (width - s->width);
	for (uint32_t i = 0; i < c->rows && s->width > 0; i++)
		if (strip_has(s, i)) {
			struct ip old = strip_ip(s, i);

			memcpy((uint8_t *)to.cells + (size_t)i * 16, &old, 16);
		}
	free(s->cells);
	*s = to;
}

void
strip_put_ip(struct table *t, struct chunk *c, struct strip *s, uint32_t i, const struct ip *ip)
{
	strip_widen_ip(t, c, s, ip_is4(ip) ? 4 : 16);
	if (s->width == 4)
		memcpy((uint8_t *)s->cells + (size_t)i * 4, ip->b + 12, 4);
	else
		memcpy((uint8_t *)s->cells + (size_t)i * 16, ip, 16);
}

/* --- which rows -------------------------------------------------------------------------------- */

struct kind { /* a set of rows of the batch, for the rows that are added now */
	const uint64_t *of;
	bool all, few;
	uint64_t bits[TABLE_ROWS / 64 + 1];
};

struct seg { /* rows of the batch that follow each other */
	uint32_t at, row, n; /* at: the first one's place in the piece */
};

#define SEGS_MOST (TABLE_ROWS / 16)

struct kinds {
	unsigned n;
	struct kind kind[KINDS];
	struct seg seg[SEGS_MOST];
};

struct piece { /* rows that go into one chunk */
	struct table *t;
	struct chunk *c;
	const struct batch *b;
	const uint32_t *rows;
	uint32_t n, at;
	const struct seg *seg;
	unsigned segs; /* 0: rows lie anywhere */
	struct kinds *kinds;
};

/* n bits from `r` on, at most 64. */
static uint64_t
bits_at(const uint64_t *of, uint32_t r, uint32_t n)
{
	uint32_t shift = r % 64;
	uint64_t bits = of[r / 64] >> shift;

	if (shift + n > 64)
		bits |= of[r / 64 + 1] << (64 - shift);
	return (n == 64 ? bits : bits & ((1ull << n) - 1));
}

static void
bits_move(uint64_t *to, uint32_t at, const uint64_t *of, uint32_t r, uint32_t n)
{
	for (uint32_t i = 0, k; i < n; i += k) {
		uint32_t shift = (at + i) % 64;
		uint64_t bits;

		k = n - i < 64 ? n - i : 64;
		bits = bits_at(of, r + i, k);
		to[(at + i) / 64] |= bits << shift;
		if (shift + k > 64)
			to[(at + i) / 64 + 1] |= bits >> (64 - shift);
	}
}

static void
kind_fill(const struct piece *p, struct kind *k, const uint64_t *of)
{
	size_t count;

	k->of = of;
	memset(k->bits, 0, BITS_WORDS(p->n) * 8);
	for (unsigned i = 0; i < p->segs; i++)
		bits_move(k->bits, p->seg[i].at, of, p->seg[i].row, p->seg[i].n);
	for (uint32_t i = 0; p->segs == 0 && i < p->n; i++)
		k->bits[i / 64] |= (uint64_t)bit_get(of, p->rows[i]) << i % 64;
	count = bits_count(k->bits, p->n);
	k->all = count == p->n;
	k->few = count < p->n / 8;
}

static const struct kind *
kind_of(const struct piece *p, const uint64_t *of)
{
	size_t bytes = BITS_WORDS(p->b->rows) * 8;
	struct kind *k = p->kinds->kind;

	for (unsigned i = 0; i < p->kinds->n; i++, k++)
		if (k->of == of || (p->n >= 256 && memcmp(k->of, of, bytes) == 0))
			return (k);
	k = &p->kinds->kind[p->kinds->n < KINDS ? p->kinds->n++ : KINDS - 1];
	kind_fill(p, k, of);
	return (k);
}

static void
bits_put(uint64_t *to, uint32_t at, const uint64_t *from, uint32_t n)
{
	uint32_t shift = at % 64;

	for (uint32_t w = 0; w < (n + 63) / 64; w++) {
		to[at / 64 + w] |= from[w] << shift;
		if (shift != 0 && from[w] >> (64 - shift) != 0)
			to[at / 64 + w + 1] |= from[w] >> (64 - shift);
	}
}

static void
put_presence(const struct piece *p, struct strip *s, const struct kind *k)
{
	if (k->all && (s->full || (p->at == 0 && s->present == NULL))) {
		s->full = true;
		return;
	}
	strip_bits(p->t, p->c, s);
	bits_put(s->present, p->at, k->bits, p->n);
}

static void
put_mixed(const struct piece *p, struct strip *s, const struct column *in)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (bit_get(in->mixed, p->rows[i]) && !bit_get(in->present, p->rows[i]))
			strip_mix(p->t, p->c, s, p->at + i);
}

/* --- values ------------------------------------------------------------------------------------ */

static uint64_t
or_of_rows(const struct piece *p, const uint64_t *v)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < p->segs; i++)
		any |= narrow_or_u64(v + p->seg[i].row, p->seg[i].n);
	for (uint32_t i = 0; p->segs == 0 && i < p->n; i++)
		any |= v[p->rows[i]];
	return (any);
}

/* Cells of one width, whose values fit. */
#define STORE_CELLS(name, type)                                                                          \
	WIDE static void name##_run(type *restrict to, const uint64_t *restrict v, uint64_t base, uint32_t n) \
	{                                                                                                \
		for (uint32_t i = 0; i < n; i++)                                                         \
			to[i] = (type)(v[i] - base);                                                     \
	}                                                                                                \
	static void name(const struct piece *p, const struct strip *s, const uint64_t *v)                \
	{                                                                                                \
		type *to = (type *)s->cells + p->at;                                                     \
		for (unsigned i = 0; i < p->segs; i++)                                                   \
			name##_run(to + p->seg[i].at, v + p->seg[i].row, s->base, p->seg[i].n);           \
		for (uint32_t i = 0; p->segs == 0 && i < p->n; i++)                                      \
			to[i] = (type)(v[p->rows[i]] - s->base);                                         \
	}

STORE_CELLS(store8, uint8_t)
STORE_CELLS(store16, uint16_t)
STORE_CELLS(store32, uint32_t)
STORE_CELLS(store64, uint64_t)

/* Of the rows that have one. */
static void
range_of(const struct piece *p, const uint64_t *v, const struct kind *k, uint64_t *lo, uint64_t *hi)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (uint32_t w = 0; w < BITS_WORDS(p->n); w++)
		for (uint64_t bits = k->bits[w]; bits != 0; bits &= bits - 1) {
			uint64_t x = v[p->rows[w * 64 + (uint32_t)__builtin_ctzll(bits)]];

			least = x < least ? x : least;
			most = x > most ? x : most;
		}
	*lo = most < least ? 0 : least; /* none has one */
	*hi = most;
}

/* Room first, while the rows before are all that there is. */
static void
room_for_numbers(const struct piece *p, struct strip *s, const uint64_t *v, const struct kind *k)
{
	uint64_t hi = 0, lo = 0;

	if (!k->few && (hi = or_of_rows(p, v)) <= UINT32_MAX)
		lo = 0;
	else
		range_of(p, v, k, &lo, &hi);
	if (untouched(s) || lo < s->base || !strip_fits(s, hi - s->base))
		strip_widen(p->t, p->c, s, lo, hi);
}

static void
put_few(const struct piece *p, struct strip *s, const uint64_t *v, const struct kind *k)
{
	for (uint32_t w = 0; w < BITS_WORDS(p->n); w++)
		for (uint64_t bits = k->bits[w]; bits != 0; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);

			strip_store(s, p->at + i, v[p->rows[i]] - s->base);
		}
}

static void
put_numbers(const struct piece *p, struct strip *s, const uint64_t *v, const struct kind *k)
{
	room_for_numbers(p, s, v, k);
	if (k->few) {
		put_few(p, s, v, k);
		return;
	}
	switch (s->width) {
	case 1:
		store8(p, s, v);
		break;
	case 2:
		store16(p, s, v);
		break;
	case 4:
		store32(p, s, v);
		break;
	case 8:
		store64(p, s, v);
		break;
	default:
		break;
	}
}

static void
put_addresses(const struct piece *p, struct strip *s, const struct column *in, const struct kind *k)
{
	bool all4 = true;

	for (uint32_t i = 0; i < p->n && all4; i++)
		all4 = (!k->all && !bit_get(k->bits, i)) || ip_is4(&in->ip[p->rows[i]]);
	strip_widen_ip(p->t, p->c, s, all4 ? 4 : 16);
	for (uint32_t i = 0; i < p->n; i++) {
		const struct ip *ip = &in->ip[p->rows[i]];

		if (s->width == 4)
			memcpy((uint8_t *)s->cells + (size_t)(p->at + i) * 4, ip->b + 12, 4);
		else
			memcpy((uint8_t *)s->cells + (size_t)(p->at + i) * 16, ip, 16);
	}
}

static void
put_words(const struct piece *p, struct strip *s, const struct column *in, const struct kind *k)
{
	struct table *t = p->t;
	struct piece words = *p;
	struct { /* the same memory comes again and again */
		struct blob b;
		uint64_t word;
	} met[MET] = { { { NULL, 0 }, 0 } };

	if (t->scratch == NULL) {
		t->scratch = mem_alloc(TABLE_ROWS * (sizeof(t->scratch[0]) + sizeof(t->counted[0])));
		t->counted = (uint32_t *)(void *)(t->scratch + TABLE_ROWS);
		for (uint32_t i = 0; i < TABLE_ROWS; i++)
			t->counted[i] = i;
	}
	for (uint32_t i = 0; i < p->n; i++) {
		const struct blob *b = &in->b[p->rows[i]];
		size_t at;

		if (!k->all && !bit_get(k->bits, i)) {
			t->scratch[i] = 0;
			continue;
		}
		at = ((uintptr_t)b->p ^ (uintptr_t)b->p >> 6) % MET;
		if (b->p == NULL || b->p != met[at].b.p || b->n != met[at].b.n) {
			met[at].b = *b;
			met[at].word = words_shared(&t->words, b);
		}
		t->scratch[i] = met[at].word;
	}
	words.rows = t->counted;
	words.seg = &(struct seg){ 0, 0, p->n };
	words.segs = 1;
	put_numbers(&words, s, t->scratch, k);
}

static void
put_zeros(const struct piece *p, struct strip *s)
{
	if (s->base == 0)
		return; /* cells that were never written are zero */
	strip_widen(p->t, p->c, s, 0, 0);
}

static void
put_column(const struct piece *p, struct strip *s, const struct column *in)
{
	const struct kind *k = kind_of(p, in->present);

	if (in->store == STORE_IP)
		put_addresses(p, s, in, k);
	else if (in->store == STORE_BLOB)
		put_words(p, s, in, k);
	else if (in->zeros)
		put_zeros(p, s);
	else
		put_numbers(p, s, in->u, k);
	put_presence(p, s, k);
	if (in->mixed != NULL)
		put_mixed(p, s, in);
}

static void
put_piece(const struct piece *p, const struct fieldset *set)
{
	for (enum field f = 0; f < F_COUNT; f++) {
		struct strip *s = &p->c->strip[f];

		if (p->b->col[f] != NULL && fieldset_has(set, f)) {
			fieldset_add(&p->t->seen, f);
			put_column(p, s, p->b->col[f]);
		} else if (s->full) {
			strip_bits(p->t, p->c, s);
		}
	}
	p->c->rows += p->n;
	p->t->rows += p->n;
}

/* The rows in stretches, where they are long enough. */
static unsigned
find_segs(const uint32_t *rows, uint32_t n, struct seg *seg)
{
	unsigned segs = 0;

	for (uint32_t at = 0, k; at < n; at += k) {
		for (k = 1; at + k < n && rows[at + k] == rows[at] + k;)
			k++;
		if (segs == SEGS_MOST || segs > 1 + (at + k) / 16)
			return (0);
		seg[segs++] = (struct seg){ at, rows[at], k };
	}
	return (segs);
}

void
table_append(struct table *t, const struct batch *b, const struct fieldset *set, const uint32_t *rows, uint32_t n)
{
	struct kinds kinds;
	struct piece p = { .t = t, .b = b, .kinds = &kinds, .seg = kinds.seg };

	table_unsettle(t);
	for (uint32_t at = 0; at < n; at += p.n) {
		p.c = last_chunk(t);
		p.at = p.c->rows;
		p.n = TABLE_ROWS - p.at < n - at ? TABLE_ROWS - p.at : n - at;
		p.rows = rows + at;
		p.segs = find_segs(p.rows, p.n, kinds.seg);
		kinds.n = 0;
		chunk_room(t, p.c, p.at + p.n);
		put_piece(&p, set);
	}
}

void
table_put(struct table *t, enum field f, uint32_t row, const struct cell *cell, bool own)
{
	struct chunk *c = t->chunk[row >> TABLE_BITS];
	struct strip *s = &c->strip[f];
	uint32_t i = row & (TABLE_ROWS - 1);

	if (!cell->present && !cell->mixed)
		return;
	fieldset_add(&t->seen, f);
	if (cell->mixed) {
		strip_mix(t, c, s, i);
		return;
	}
	if (fields[f].store == STORE_IP)
		strip_put_ip(t, c, s, i, &cell->v.ip);
	else if (fields[f].store == STORE_BLOB)
		strip_put(t, c, s, i,
			  own ? words_own(&t->words, (uint32_t)strip_number(s, i), strip_has(s, i), &cell->v.b) :
				words_shared(&t->words, &cell->v.b));
	else
		strip_put(t, c, s, i, cell->v.u);
	strip_mark(t, c, s, i);
}

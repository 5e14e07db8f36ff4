/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pile_out.c: values of rows, and rows in another order.  Test: test_pile.c.
 *
 * What many columns have in common is found once: which of the rows have them, and where those are among the cells.
 */
#include "format/base/vector.h"
#include "ra-tools/query/pile_room.h"

#include <string.h>

/* --- a value ------------------------------------------------------------------------------------ */

bool
pile_tells(const struct pile *p, enum field f)
{
	const struct lane *l = &p->lane[f];

	return ((l->here != 0 || l->mixed != 0) && !(lane_is_one(p, l) && p->rows > 0));
}

unsigned
pile_rank(const struct pile *p, enum field f, uint32_t row)
{
	const struct lane *l = &p->lane[f];
	uint32_t place;

	if (lane_place(p, l, row, &place))
		return (RANK_HERE);
	return (l->mixed != 0 && bit_get(rows_bits(&p->set[l->mixed]), row) ? RANK_MIXED : RANK_ABSENT);
}

static struct ip
address_at(const struct lane *l, uint32_t i)
{
	return (l->width == 4 ? ip_v4((const uint8_t *)l->cells.p + (size_t)i * 4) : ((const struct ip *)l->cells.p)[i]);
}

union value
pile_value(const struct pile *p, enum field f, uint32_t row)
{
	const struct lane *l = &p->lane[f];
	union value v;
	uint32_t i;

	memset(&v, 0, sizeof(v));
	if (!lane_place(p, l, row, &i))
		return (v);
	if (fields[f].store == STORE_IP)
		v.ip = address_at(l, i);
	else if (fields[f].store == STORE_BLOB)
		v.b = p->words.word[lane_number(p, l, row, i)].bytes;
	else
		v.u = lane_number(p, l, row, i);
	return (v);
}

/* The same text has the same number. */
static uint64_t
word_of(const struct pile *p, enum field f, uint32_t row)
{
	const struct lane *l = &p->lane[f];
	uint32_t i;

	return (lane_place(p, l, row, &i) ? lane_number(p, l, row, i) : 0);
}

int
pile_compare(const struct pile *p, enum field f, uint32_t x, uint32_t y)
{
	unsigned rx = pile_rank(p, f, x), ry = pile_rank(p, f, y);
	union value vx, vy;

	if (rx != RANK_HERE || ry != RANK_HERE)
		return ((int)rx - (int)ry);
	if (fields[f].store == STORE_BLOB && word_of(p, f, x) == word_of(p, f, y))
		return (0);
	vx = pile_value(p, f, x);
	vy = pile_value(p, f, y);
	return (value_cmp((enum store)fields[f].store, &vx, &vy));
}

/* --- which of the rows have it ------------------------------------------------------------------ */

struct chosen { /* of a set, among the rows that go out */
	uint64_t *bits; /* NULL: not looked for yet */
	uint32_t n;
	uint32_t *at, *place; /* their numbers among the rows that go out, and places among the cells; NULL: not looked for yet */
};

struct pick {
	struct pile *p;
	const uint32_t *rows;
	uint32_t n;
	uint32_t *batch; /* that each row came with; NULL: not looked for yet */
	struct chosen *of;
	uint8_t **marks; /* of each plane, those of the rows; NULL: not looked for yet */
	struct batch *out;
};

static void
pick_marks(uint8_t *to, const uint8_t *marks, const uint32_t *rows, uint32_t n)
{
#pragma GCC unroll 8
	for (uint32_t i = 0; i < n; i++)
		to[i] = marks[rows[i]];
}

#define BYTES(x) ((x) * 0x0101010101010101ull) /* of a word, each the same */

/* Marks of the set number n of a plane: bytes of eight rows at a time. */
static void
mark(uint8_t *marks, const uint64_t *bits, uint32_t rows, unsigned n)
{
	for (uint32_t r = 0; r < rows; r += 8) {
		uint64_t each = BYTES(bits[r / 64] >> r % 64 & 0xff) & 0x8040201008040201, eight;

		memcpy(&eight, marks + r, 8);
		eight |= htole64(((each + BYTES(0x7full)) >> 7 & BYTES(1ull)) << n);
		memcpy(marks + r, &eight, 8);
	}
}

/* Of each row, before the first ones come out, which sets have it: rows in any order are asked for all sets at once. */
static void
mark_all(struct pile *p)
{
	uint32_t room = (p->rows + 7) / 8 * 8;
	size_t planes = (p->sets + 7u) / 8;
	uint8_t *marks;

	if (p->marked == p->rows)
		return;
	marks = region_room(p, &p->marks, 0, planes * room);
	memset(marks, 0, planes * room);
	for (uint16_t s = 1; s < p->sets; s++)
		if (p->set[s].n < p->rows)
			mark(marks + (size_t)(s / 8) * room, p->set[s].bits.p, p->rows, s % 8);
	p->marked = p->rows;
}

/* Those of the rows that go out; behind them none to the end of a word of rows. */
static const uint8_t *
marks_of(struct pick *k, unsigned plane)
{
	const struct pile *p = k->p;
	const uint8_t *marks = (const uint8_t *)p->marks.p + (size_t)plane * ((p->rows + 7) / 8 * 8);
	uint8_t *to = k->marks[plane];

	if (to != NULL)
		return (to);
	to = k->marks[plane] = arena_alloc(&k->p->arena, BITS_WORDS(k->n) * 64);
	memset(to + k->n, 0, BITS_WORDS(k->n) * 64 - k->n);
	pick_marks(to, marks, k->rows, k->n);
	return (to);
}

/* The bits number n of 64 bytes a word. */
static void
look_up(const uint8_t *marks, unsigned n, uint32_t words, uint64_t *to)
{
	for (uint32_t w = 0; w < words; w++) {
		uint64_t word = 0;

		for (unsigned i = 0; i < 8; i++) {
			uint64_t eight;

			memcpy(&eight, marks + w * 64 + i * 8, 8);
			word |= ((le64toh(eight) >> n & BYTES(1ull)) * 0x0102040810204080 >> 56) << 8 * i;
		}
		to[w] = word;
	}
}

static struct chosen *
choose(struct pick *k, uint16_t set)
{
	const struct rows *s = &k->p->set[set];
	struct chosen *c = &k->of[set];

	if (c->bits != NULL)
		return (c);
	c->bits = arena_alloc(&k->p->arena, BITS_WORDS(k->n) * 8);
	if (s->n == k->p->rows)
		bits_fill(c->bits, k->n);
	else
		look_up(marks_of(k, set / 8), set % 8, (uint32_t)BITS_WORDS(k->n), c->bits);
	c->n = (uint32_t)bits_count(c->bits, k->n);
	return (c);
}

static void
find_places(struct pick *k, uint16_t set, struct chosen *c)
{
	const struct rows *s = &k->p->set[set];
	const uint64_t *bits = s->bits.p;
	const uint32_t *before = s->before.p;
	uint32_t n = 0;

	if (c->at != NULL)
		return;
	c->at = arena_alloc(&k->p->arena, ((size_t)c->n + 1) * sizeof(c->at[0]));
	c->place = arena_alloc(&k->p->arena, ((size_t)c->n + 1) * sizeof(c->place[0]));
	for (size_t w = 0; w < BITS_WORDS(k->n); w++)
		for (uint64_t here = c->bits[w]; here != 0; here &= here - 1) {
			uint32_t i = (uint32_t)w * 64 + (uint32_t)__builtin_ctzll(here), row = k->rows[i];

			c->at[n] = i;
			c->place[n++] = before[row / 64] +
			    bits_of_word(bits[row / 64] & ((1ull << row % 64) - 1));
		}
}

/* --- columns ------------------------------------------------------------------------------------ */

/* The value where there is one, else 0; the last word of rows is written whole, if there is room. */
WIDE static void
fill_present(uint64_t *restrict to, const uint64_t *restrict present, uint32_t n, uint32_t room, uint64_t value)
{
	uint64_t bit[64];

	for (unsigned i = 0; i < 64; i++)
		bit[i] = 1ull << i;
	for (uint32_t at = 0; at < n; at += 64, to += 64) {
		uint64_t bits = present[at / 64];

		if (room - at < 64)
			for (uint32_t i = 0; i < n - at; i++)
				to[i] = bits & bit[i] ? value : 0;
		else
			for (uint32_t i = 0; i < 64; i++)
				to[i] = bits & bit[i] ? value : 0;
	}
}

#define PICK_CELLS(name, type)                                                                              \
	static void name##_all(uint64_t *to, const type *cells, const uint32_t *place, uint32_t n, uint64_t base) \
	{                                                                                                   \
		_Pragma("GCC unroll 8") for (uint32_t i = 0; i < n; i++) to[i] = base + cells[place[i]];      \
	}                                                                                                   \
	static void name##_some(uint64_t *to, const type *cells, const struct chosen *c, uint64_t base)     \
	{                                                                                                   \
		_Pragma("GCC unroll 8") for (uint32_t i = 0; i < c->n; i++) to[c->at[i]] =                    \
		    base + cells[c->place[i]];                                                              \
	}                                                                                                   \
	static void name(uint64_t *to, const void *cells, const struct chosen *c, uint64_t base)            \
	{                                                                                                   \
		if (c->at == NULL)                                                                          \
			name##_all(to, cells, c->place, c->n, base);                                        \
		else                                                                                        \
			name##_some(to, cells, c, base);                                                    \
	}

PICK_CELLS(pick8, uint8_t)
PICK_CELLS(pick16, uint16_t)
PICK_CELLS(pick32, uint32_t)
PICK_CELLS(pick64, uint64_t)

static void
pick_batches(struct pick *k)
{
	if (k->batch != NULL)
		return;
	k->batch = arena_alloc(&k->p->arena, ((size_t)k->n + 1) * sizeof(k->batch[0]));
	for (uint32_t i = 0; i < k->n; i++)
		k->batch[i] = batch_of(k->p, k->rows[i]);
}

static void
pick_scaled(struct pick *k, const struct lane *l, const struct chosen *c, uint64_t *to)
{
	const struct scale *scale = lane_scale(l);

	pick_batches(k);
	for (uint32_t i = 0; i < c->n; i++) {
		uint32_t at = c->at == NULL ? i : c->at[i];
		const struct scale *s = &scale[k->batch[at]];

		to[at] = s->base + (l->width == 0 ? 0 : s->unit * to[at]);
	}
}

/* Cells first: of one width in all rows. */
static void
pick_numbers(struct pick *k, const struct lane *l, const struct chosen *c, uint64_t *to)
{
	switch (l->width) {
	case 1:
		pick8(to, l->cells.p, c, l->base);
		break;
	case 2:
		pick16(to, l->cells.p, c, l->base);
		break;
	case 4:
		pick32(to, l->cells.p, c, l->base);
		break;
	case 8:
		pick64(to, l->cells.p, c, l->base);
		break;
	default:
		break;
	}
	if (lane_scale(l) != NULL)
		pick_scaled(k, l, c, to);
}

static void
pick_addresses(const struct lane *l, const struct chosen *c, struct ip *to)
{
	for (uint32_t i = 0; i < c->n; i++)
		to[c->at == NULL ? i : c->at[i]] = address_at(l, c->place[i]);
}

static void
pick_blobs(struct pick *k, const struct lane *l, const struct chosen *c, struct blob *to)
{
	const struct word *word = k->p->words.word;

	for (uint32_t i = 0; i < c->n; i++) {
		uint32_t at = c->at == NULL ? i : c->at[i];
		uint64_t n = l->width == 0 && lane_scale(l) == NULL ? l->base : lane_number(k->p, l, k->rows[at], c->place[i]);

		to[at] = word[n].bytes;
	}
}

static void
pick_mixed(struct pick *k, const struct lane *l, struct column *c)
{
	const struct chosen *m = choose(k, l->mixed);

	for (size_t i = bits_next(m->bits, 0, k->n); i < k->n; i = bits_next(m->bits, i + 1, k->n))
		column_set_mixed(k->out, c, (uint32_t)i);
}

static void
pick_field(struct pick *k, enum field f)
{
	const struct lane *l = &k->p->lane[f];
	bool all = k->p->set[l->here].n == k->p->rows, wide = fields[f].store == STORE_IP || fields[f].store == STORE_BLOB;
	bool fill = !wide && l->width == 0 && lane_scale(l) == NULL;
	bool written = fill ? l->base != 0 : all; /* every cell */
	struct column *c = written ? batch_unwiped(k->out, f) : l->here != 0 ? batch_blank(k->out, f) : batch_zeros(k->out, f);
	struct chosen *of = l->here != 0 ? choose(k, l->here) : NULL;

	if (l->mixed != 0)
		pick_mixed(k, l, c);
	if (of == NULL)
		return;
	memcpy(c->present, of->bits, BITS_WORDS(k->n) * 8);
	if (fill && l->base == 0)
		return;
	c->zeros = false;
	if (fill) {
		fill_present(c->u, of->bits, k->n, k->out->cap, l->base);
		return;
	}
	if (all) {
		of->n = k->n;
		of->place = (uint32_t *)(uintptr_t)k->rows; /* only read */
	} else
		find_places(k, l->here, of);
	if (fields[f].store == STORE_IP)
		pick_addresses(l, of, c->ip);
	else if (fields[f].store == STORE_BLOB)
		pick_blobs(k, l, of, c->b);
	else
		pick_numbers(k, l, of, c->u);
}

void
pile_pick(struct pile *p, const uint32_t *rows, uint32_t n, struct batch *out)
{
	struct pick k = { .p = p, .rows = rows, .n = n, .out = out };

	batch_reset(out);
	out->rows = n;
	if (n == 0)
		return;
	arena_reset(&p->arena);
	mark_all(p);
	k.of = arena_zero(&p->arena, p->sets * sizeof(k.of[0]));
	k.marks = arena_zero(&p->arena, (p->sets / 8 + 1) * sizeof(k.marks[0]));
	for (enum field f = 0; f < F_STORED; f++)
		if (p->lane[f].here != 0 || p->lane[f].mixed != 0)
			pick_field(&k, f);
	for (enum field f = 0; f < F_STORED; f++)
		if (p->lane[f].made)
			fieldset_add(&out->made, f);
}

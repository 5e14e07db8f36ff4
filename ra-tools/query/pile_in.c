/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pile_in.c: batches of rows laid one upon the other.  Test: test_pile.c.
 */
#include "format/base/mem.h"
#include "format/base/vector.h"
#include "ra-tools/query/pile_room.h"

#include <stdlib.h>
#include <string.h>

/* --- memory ------------------------------------------------------------------------------------ */

#define LARGE 65536 /* from there on a region of its own: what it was before goes back to the system */

static void
region_free(struct region *g)
{
	if (g->there < LARGE)
		free(g->p);
	else
		mem_release(g->p, g->there);
	*g = (struct region){ NULL, 0 };
}

void *
region_room(struct pile *p, struct region *g, size_t used, size_t need)
{
	size_t most = g->there + g->there / 2, there = need < 64 ? 64 : need < most ? most : need;
	struct region was = *g;

	p->bytes += need > used ? need - used : 0;
	if (need <= g->there)
		return (g->p);
	g->there = there;
	if (there < LARGE) {
		g->p = mem_grow(was.p, there, 1);
	} else if (was.there >= LARGE) {
		g->p = mem_extend(was.p, was.there, there);
	} else {
		g->p = mem_reserve(there);
		if (was.there > 0)
			memcpy(g->p, was.p, was.there);
		free(was.p);
	}
	return (g->p);
}

struct pile *
pile_new(void)
{
	struct pile *p = mem_zero(1, sizeof(*p));

	p->sets = 1;
	p->numbers = mem_alloc(BATCH_ROWS * sizeof(p->numbers[0]));
	return (p);
}

void
pile_free(struct pile **pp)
{
	struct pile *p = *pp;

	if (p == NULL)
		return;
	for (enum field f = 0; f < F_COUNT; f++) {
		region_free(&p->lane[f].cells);
		region_free(&p->lane[f].scale);
	}
	for (uint16_t i = 0; i < p->sets; i++) {
		region_free(&p->set[i].bits);
		region_free(&p->set[i].before);
	}
	region_free(&p->start);
	region_free(&p->batch_of);
	region_free(&p->marks);
	words_free(&p->words);
	arena_free(&p->arena);
	free(p->numbers);
	free(p);
	*pp = NULL;
}

uint32_t
pile_rows(const struct pile *p)
{
	return (p->rows);
}

uint64_t
pile_bytes(const struct pile *p)
{
	return (p->bytes + p->words.memory);
}

/* --- which rows -------------------------------------------------------------------------------- */

struct kind { /* a set of the rows that are added */
	const uint64_t *of; /* of the batch's; NULL: all */
	const uint64_t *bits; /* of those that are added; NULL: all */
	uint32_t n;
	uint32_t *row;   /* those of the batch; NULL: not looked for yet */
	uint32_t *place; /* the same among those of `of` */
};

struct step { /* a set of rows becomes another, as these rows are added */
	uint16_t from, kind, to;
};

struct adding {
	struct pile *p;
	const struct batch *b;
	const uint32_t *rows;
	uint32_t n;
	bool whole; /* all of the batch's */
	struct kind kind[2 * F_COUNT + 1]; /* 0: none */
	uint16_t kinds;
	struct step step[2 * F_COUNT + 1];
	uint16_t steps;
};

static uint64_t *
bits_of(struct adding *a, const uint64_t *of)
{
	uint64_t *bits = arena_zero(&a->p->arena, BITS_WORDS(a->n) * 8);

	if (a->whole && of != NULL)
		memcpy(bits, of, BITS_WORDS(a->n) * 8);
	for (uint32_t i = 0; !a->whole && i < a->n; i++)
		bits[i / 64] |= (uint64_t)bit_get(of, a->rows[i]) << i % 64;
	if (a->n % 64 != 0)
		bits[a->n / 64] &= (1ull << a->n % 64) - 1;
	return (bits);
}

/* Sets of a batch are the same in many columns, and often the same memory. */
static uint16_t
kind_of(struct adding *a, const uint64_t *of)
{
	size_t bytes = BITS_WORDS(a->b->rows) * 8;
	struct kind *k;

	for (uint16_t i = 1; i < a->kinds; i++) {
		k = &a->kind[i];
		if (k->of == of || (k->of != NULL && of != NULL && memcmp(k->of, of, bytes) == 0))
			return (k->n == 0 ? 0 : i);
	}
	k = &a->kind[a->kinds++];
	*k = (struct kind){ .of = of, .n = a->n };
	if (of != NULL) {
		k->bits = bits_of(a, of);
		k->n = (uint32_t)bits_count(k->bits, a->n);
		k->bits = k->n == a->n ? NULL : k->bits;
	}
	return (k->n == 0 ? 0 : a->kinds - 1);
}

static void
rows_copy(struct pile *p, struct rows *to, const struct rows *from)
{
	size_t words = BITS_WORDS(p->rows);

	memcpy(region_room(p, &to->bits, 0, words * 8), from->bits.p, words * 8);
	memcpy(region_room(p, &to->before, 0, words * 4), from->before.p, words * 4);
	to->n = from->n;
}

/* No row has it so far. */
static void
rows_none(struct pile *p, struct rows *to)
{
	size_t words = BITS_WORDS(p->rows);

	to->n = 0;
	if (words == 0)
		return;
	memset(region_room(p, &to->bits, 0, words * 8), 0, words * 8);
	memset(region_room(p, &to->before, 0, words * 4), 0, words * 4);
}

/* Which set that of a field is from now on: its own one still, unless others that were in the same rows until now have it
 * already. */
static uint16_t
next_set(struct adding *a, uint16_t from, uint16_t kind)
{
	struct pile *p = a->p;
	bool taken = from == 0;
	uint16_t to = from;

	if (from == 0 && kind == 0)
		return (0);
	for (uint16_t i = 0; i < a->steps; i++) {
		if (a->step[i].from == from && a->step[i].kind == kind)
			return (a->step[i].to);
		taken |= a->step[i].from == from;
	}
	if (taken) {
		to = p->sets++;
		if (from == 0)
			rows_none(p, &p->set[to]);
		else
			rows_copy(p, &p->set[to], &p->set[from]);
	}
	a->step[a->steps++] = (struct step){ from, kind, to };
	return (to);
}

/* n bits behind the first `at`, of which the last word has no others; NULL: all are set. */
static void
bits_append(uint64_t *to, uint32_t at, const uint64_t *from, uint32_t n)
{
	uint32_t shift = at % 64;

	for (uint32_t w = 0; w < BITS_WORDS(n); w++) {
		uint64_t bits = from != NULL ? from[w] : w < n / 64 ? ~0ull : (1ull << n % 64) - 1;
		uint64_t *word = &to[at / 64 + w];

		if (shift == 0)
			word[0] = bits;
		else {
			word[0] |= bits << shift;
			if (w * 64 + 64 - shift < n)
				word[1] = bits >> (64 - shift);
		}
	}
}

static void
rows_append(struct adding *a, struct rows *s, const struct kind *k)
{
	struct pile *p = a->p;
	size_t was = BITS_WORDS(p->rows), words = BITS_WORDS(p->rows + a->n);
	uint64_t *bits = region_room(p, &s->bits, was * 8, words * 8);
	uint32_t *before = region_room(p, &s->before, was * 4, words * 4), count;

	if (k->n == 0)
		memset(bits + was, 0, (words - was) * 8);
	else
		bits_append(bits, p->rows, k->bits, a->n);
	count = was > 0 ? before[was - 1] : 0;
	for (size_t w = was > 0 ? was - 1 : 0; w < words; w++) {
		before[w] = count;
		count += bits_of_word(bits[w]);
	}
	s->n += k->n;
}

/* Rows of the batch, and which of the column's these are. */
static void
find_rows(struct adding *a, struct kind *k)
{
	uint32_t n = 0;

	if (k->row != NULL)
		return;
	k->row = arena_alloc(&a->p->arena, (k->n + 1) * sizeof(k->row[0]));
	k->place = arena_alloc(&a->p->arena, (k->n + 1) * sizeof(k->place[0]));
	for (uint32_t w = 0; w < BITS_WORDS(a->n); w++) {
		uint64_t bits = k->bits != NULL ? k->bits[w] : w < a->n / 64 ? ~0ull : (1ull << a->n % 64) - 1;

		for (; bits != 0; bits &= bits - 1)
			k->row[n++] = a->rows[w * 64 + (uint32_t)__builtin_ctzll(bits)];
	}
	dense_places(k->of, k->row, n, k->place);
}

/* --- cells -------------------------------------------------------------------------------------- */

static uint8_t
bytes_for(uint64_t v)
{
	return (v == 0 ? 0 : v <= UINT8_MAX ? 1 : v <= UINT16_MAX ? 2 : v <= UINT32_MAX ? 4 : 8);
}

#define STORE_CELLS(name, type)                                                               \
	WIDE static void name(type *restrict to, const uint64_t *restrict v, uint64_t base, uint32_t n) \
	{                                                                                     \
		for (uint32_t i = 0; i < n; i++)                                              \
			to[i] = (type)(v[i] - base);                                          \
	}

STORE_CELLS(store8, uint8_t)
STORE_CELLS(store16, uint16_t)
STORE_CELLS(store32, uint32_t)
STORE_CELLS(store64, uint64_t)

static void
store(void *cells, unsigned width, uint32_t at, const uint64_t *v, uint64_t base, uint32_t n)
{
	switch (width) {
	case 1:
		store8((uint8_t *)cells + at, v, base, n);
		break;
	case 2:
		store16((uint16_t *)cells + at, v, base, n);
		break;
	case 4:
		store32((uint32_t *)cells + at, v, base, n);
		break;
	case 8:
		store64((uint64_t *)cells + at, v, base, n);
		break;
	default:
		break;
	}
}

#define PIECE 1024

/* The first n cells, as they are above another base. */
static void
lane_widen(struct pile *p, struct lane *l, uint32_t n, uint64_t base, uint8_t width)
{
	struct narrow from = { .width = l->width, .v = l->cells.p, .base = l->base - base, .unit = 1 };
	struct region was = l->cells;
	uint64_t v[PIECE];

	if (l->width == 8)
		from.base = 0; /* cells so wide have no base */
	l->cells = (struct region){ NULL, 0 };
	(void)region_room(p, &l->cells, (size_t)n * l->width, (size_t)n * width);
	for (uint32_t i = 0; i < n; i += PIECE) {
		uint32_t k = n - i < PIECE ? n - i : PIECE;

		narrow_widen(&from, i, k, v);
		store(l->cells.p, width, i, v, 0, k);
	}
	region_free(&was);
	l->base = base;
	l->width = width;
}

/* Of the batches so far each has its own. */
static void
lane_scales(struct pile *p, struct lane *l)
{
	struct scale *s = region_room(p, &l->scale, 0, (p->batches + 1) * sizeof(*s));

	for (uint32_t i = 0; i <= p->batches; i++)
		s[i] = (struct scale){ l->base, 1 };
	l->base = 0;
}

/* n more cells behind the first `at`: those of x, whose base and unit the lane has. */
static void
lane_append(struct adding *a, struct lane *l, uint32_t at, const struct narrow *x, uint32_t n)
{
	const struct narrow raw = { .width = x->width, .v = x->v, .unit = 1 };
	uint64_t v[PIECE];
	uint8_t *to;

	if (x->width > l->width)
		lane_widen(a->p, l, at, l->base, (uint8_t)x->width);
	if (l->width == 0)
		return;
	to = region_room(a->p, &l->cells, (size_t)at * l->width, ((size_t)at + n) * l->width);
	if (x->width == l->width) {
		memcpy(to + (size_t)at * l->width, x->v, (size_t)n * l->width);
		return;
	}
	for (uint32_t i = 0; i < n; i += PIECE) {
		uint32_t k = n - i < PIECE ? n - i : PIECE;

		narrow_widen(&raw, i, k, v);
		store(to, l->width, at + i, v, 0, k);
	}
}

/* The greatest of its numbers; UINT64_MAX: they may go round. */
static uint64_t
top_of(const struct narrow *x, uint32_t n)
{
	uint64_t top;

	if (__builtin_mul_overflow(x->unit, narrow_raw_max(x, n), &top) || __builtin_add_overflow(top, x->base, &top))
		return (UINT64_MAX);
	return (top);
}

static bool
all_same(const uint64_t *v, uint32_t n)
{
	uint32_t i = 1;

	while (i < n && v[i] == v[0])
		i++;
	return (i >= n);
}

/* The numbers in cells of their own, as narrow as they may be: above a base, if that saves bytes. */
static void
make_narrow(struct adding *a, struct narrow *x, uint32_t n)
{
	const uint64_t *v = x->v8;
	uint64_t lo = 0, hi, any;
	void *cells;

	if (x->width != 8 || x->word != NULL) {
		narrow_widen(x, 0, n, a->p->numbers);
		v = a->p->numbers;
	}
	any = hi = narrow_or_u64(v, n);
	if (any > UINT32_MAX || all_same(v, n))
		narrow_span(&(struct narrow){ .width = 8, .v8 = v, .unit = 1 }, 0, n, &lo, &hi);
	if (lo != hi && (any <= UINT32_MAX || bytes_for(hi - lo) == bytes_for(hi)))
		lo = 0;
	if (bytes_for(hi - lo) == 8 && v == x->v8)
		return; /* as they are */
	*x = (struct narrow){ .width = bytes_for(hi - lo), .base = lo, .unit = 1 };
	cells = arena_alloc(&a->p->arena, (size_t)n * x->width + 1);
	store(cells, x->width, 0, v, lo, n);
	x->v = cells;
}

/* The same numbers above 0: they are small. */
static void
make_plain(struct adding *a, struct narrow *x, uint32_t n, uint64_t top)
{
	uint8_t width = bytes_for(top);
	void *cells;

	if (x->base == 0 && (x->unit == 1 || x->width == 0))
		return;
	cells = arena_alloc(&a->p->arena, (size_t)n * width + 1);
	narrow_widen(x, 0, n, a->p->numbers);
	store(cells, width, 0, a->p->numbers, 0, n);
	*x = (struct narrow){ .width = width, .v = cells, .unit = 1 };
}

/* n numbers more, behind the first `at`. */
static void
add_numbers(struct adding *a, struct lane *l, uint32_t at, struct narrow x, uint32_t n)
{
	struct pile *p = a->p;
	uint64_t top;

	if (x.width > 0 && (x.width == 8 || x.word != NULL || top_of(&x, n) == UINT64_MAX))
		make_narrow(a, &x, n);
	if (x.width == 0)
		x = (struct narrow){ .base = narrow_at(&x, 0), .unit = 1 };
	top = top_of(&x, n);
	if (x.width > 0 && top <= UINT32_MAX && lane_scale(l) == NULL)
		make_plain(a, &x, n, top);
	if (at == 0 && lane_scale(l) == NULL)
		l->base = x.base;
	if (lane_scale(l) == NULL && (x.base != l->base || x.unit != 1)) {
		if (top <= UINT32_MAX && (l->base == 0 || (l->width == 0 && l->base <= UINT32_MAX))) {
			make_plain(a, &x, n, top);
			if (l->base != 0)
				lane_widen(p, l, at, 0, bytes_for(l->base));
		} else {
			lane_scales(p, l);
		}
	}
	if (lane_scale(l) != NULL) {
		struct scale *s = region_room(p, &l->scale, p->batches * sizeof(*s), (p->batches + 1) * sizeof(*s));

		s[p->batches] = (struct scale){ x.base, x.unit };
	}
	lane_append(a, l, at, &x, n);
}

/* --- addresses and bytes ------------------------------------------------------------------------ */

static void
widen_ip(struct pile *p, struct lane *l, uint32_t n)
{
	struct region was = l->cells;
	const uint8_t *from = was.p;
	struct ip *to;

	l->cells = (struct region){ NULL, 0 };
	to = region_room(p, &l->cells, (size_t)n * l->width, (size_t)n * sizeof(*to));
	for (uint32_t i = 0; i < n; i++)
		to[i] = ip_v4(from + (size_t)i * 4);
	region_free(&was);
	l->width = sizeof(*to);
}

static void
add_addresses(struct adding *a, struct lane *l, uint32_t at, const struct ip *ip, const uint64_t *which, uint32_t n)
{
	bool v4 = true;
	uint8_t *to;

	for (uint32_t i = 0; i < n && v4 && l->width != sizeof(*ip); i++)
		v4 = ip_is4(&ip[which[i]]);
	if (!v4 && l->width == 4)
		widen_ip(a->p, l, at);
	if (l->width == 0)
		l->width = v4 ? 4 : sizeof(*ip);
	to = region_room(a->p, &l->cells, (size_t)at * l->width, ((size_t)at + n) * l->width);
	to += (size_t)at * l->width;
	if (l->width == 4)
		for (uint32_t i = 0; i < n; i++)
			memcpy(to + (size_t)i * 4, ip[which[i]].b + 12, 4);
	else
		for (uint32_t i = 0; i < n; i++)
			memcpy(to + (size_t)i * sizeof(*ip), &ip[which[i]], sizeof(*ip));
}

/* The numbers of texts. */
static void
add_words(struct adding *a, struct lane *l, uint32_t at, const struct blob *b, const uint64_t *which, uint32_t n)
{
	uint64_t *to = arena_alloc(&a->p->arena, ((size_t)n + 1) * sizeof(*to));
	const struct blob *last = NULL;

	for (uint32_t i = 0; i < n; i++) {
		const struct blob *now = &b[which[i]];

		to[i] = last != NULL && last->p == now->p && last->n == now->n ? to[i - 1] : words_shared(&a->p->words, now);
		last = now;
	}
	add_numbers(a, l, at, (struct narrow){ .width = 8, .v8 = to, .unit = 1 }, n);
}

/* Those of a dictionary are looked for once. */
static void
add_entries(struct adding *a, struct lane *l, uint32_t at, const struct dense *d, struct narrow x, uint32_t n)
{
	uint64_t *word = arena_alloc(&a->p->arena, ((size_t)d->entries + 1) * sizeof(*word));

	for (uint32_t i = 0; i < d->entries; i++)
		word[i] = UINT64_MAX;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t e = narrow_at(&x, i);

		if (word[e] == UINT64_MAX)
			word[e] = words_shared(&a->p->words, &d->blob[e]);
		a->p->numbers[i] = word[e];
	}
	add_numbers(a, l, at, (struct narrow){ .width = 8, .v8 = a->p->numbers, .unit = 1 }, n);
}

/* --- columns ------------------------------------------------------------------------------------ */

static void
add_dense(struct adding *a, struct lane *l, uint32_t at, const struct dense *d, struct kind *k)
{
	struct narrow x = d->num;
	uint64_t *v = a->p->numbers;

	if (!a->whole && x.width > 0) {
		find_rows(a, k);
		v = arena_alloc(&a->p->arena, ((size_t)k->n + 1) * sizeof(*v));
		narrow_pick(&d->num, k->place, k->n, v);
		x = (struct narrow){ .width = 8, .v8 = v, .unit = 1 };
	} else if (d->store == STORE_IP) {
		narrow_widen(&x, 0, k->n, v);
	}
	if (d->store == STORE_IP)
		add_addresses(a, l, at, d->ip, v, k->n);
	else if (d->store == STORE_BLOB)
		add_entries(a, l, at, d, x, k->n);
	else
		add_numbers(a, l, at, x, k->n);
}

static void
add_cells(struct adding *a, struct lane *l, uint32_t at, const struct column *c, struct kind *k)
{
	bool wide = c->store == STORE_IP || c->store == STORE_BLOB;
	uint64_t *v = a->p->numbers;

	if (!wide && (c->zeros || (a->whole && k->bits == NULL))) {
		add_numbers(a, l, at, (struct narrow){ .width = c->zeros ? 0 : 8, .v8 = c->u, .unit = 1 }, k->n);
		return;
	}
	find_rows(a, k);
	for (uint32_t i = 0; i < k->n; i++)
		v[i] = wide ? k->row[i] : c->u[k->row[i]];
	if (c->store == STORE_IP)
		add_addresses(a, l, at, c->ip, v, k->n);
	else if (c->store == STORE_BLOB)
		add_words(a, l, at, c->b, v, k->n);
	else
		add_numbers(a, l, at, (struct narrow){ .width = 8, .v8 = v, .unit = 1 }, k->n);
}

static void
add_field(struct adding *a, enum field f, bool in)
{
	const struct dense *d = in && f < F_STORED ? a->b->dense[f] : NULL;
	const struct column *c = in && d == NULL ? a->b->col[f] : NULL;
	const uint64_t *present = d != NULL ? d->present : c != NULL ? c->present : NULL;
	const uint64_t *mixed = d != NULL ? d->mixed : c != NULL ? c->mixed : NULL;
	uint16_t here = d != NULL || c != NULL ? kind_of(a, present) : 0;
	struct lane *l = &a->p->lane[f];
	uint32_t at = a->p->set[l->here].n;

	l->here = next_set(a, l->here, here);
	l->mixed = next_set(a, l->mixed, mixed != NULL ? kind_of(a, mixed) : 0);
	if (here == 0)
		return;
	l->made = (at == 0 || l->made) && fieldset_has(&a->b->made, f);
	if (d != NULL)
		add_dense(a, l, at, d, &a->kind[here]);
	else
		add_cells(a, l, at, c, &a->kind[here]);
}

/* Where the rows of a batch begin. */
static void
mark_batch(struct adding *a)
{
	struct pile *p = a->p;
	size_t was = BITS_WORDS(p->rows), words = BITS_WORDS(p->rows + a->n);
	uint32_t *start = region_room(p, &p->start, p->batches * sizeof(*start), (p->batches + 1) * sizeof(*start));
	uint32_t *of = region_room(p, &p->batch_of, was * sizeof(*of), words * sizeof(*of));

	start[p->batches] = p->rows;
	for (size_t w = was; w < words; w++)
		of[w] = p->batches;
}

void
pile_add(struct pile *p, const struct batch *b, const struct fieldset *set, const uint32_t *rows, uint32_t n)
{
	struct adding a = { .p = p, .b = b, .rows = rows, .n = n, .whole = n == b->rows, .kinds = 1 };

	if (n == 0)
		return;
	arena_reset(&p->arena);
	mark_batch(&a);
	for (enum field f = 0; f < F_COUNT; f++)
		add_field(&a, f, fieldset_has(set, f));
	for (uint16_t i = 0; i < a.steps; i++)
		rows_append(&a, &p->set[a.step[i].to], &a.kind[a.step[i].kind]);
	p->rows += n;
	p->batches++;
}

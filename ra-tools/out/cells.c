/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cells.c: cells of many rows, column by column.  Test: test_out.c, beside rows one by one.
 */
#include "ra-tools/out/cells.h"

#include "format/base/mem.h"
#include "format/base/plain.h"

#define MEMOS 64 /* values of a column whose text is known; a power of two */

struct memo {
	uint64_t a, b; /* the value */
	struct shown cell;
	uint32_t round; /* another one: forgotten */
};

struct second { /* how a time of this second looks in a column */
	uint64_t second;
	uint32_t length, places; /* length 0: not known */
	uint32_t end;		 /* of the digits behind the point */
	uint8_t text[2 * CLOCK_TEXT];
};

static struct shown
cell_from(const struct sheet *s, uint32_t at)
{
	uint32_t n = (uint32_t)s->held.len - at;

	return ((struct shown){ at, n, n > 0 ? plain_places(s->held.p + at, n) : 0 });
}

/* Which rows of a batch, and the column of theirs. */
struct take {
	struct sheet *s;
	const struct cells_form *form;
	const struct batch *b;
	unsigned i;
	enum type type;
	const struct column *c;
	const uint32_t *row;
	uint32_t n;
	struct memo *memo;
	struct shown *cell, absent, mixed;
};

/* Values are printed in ASCII; only bytes of a record may be more. */
static struct shown
print_cell(const struct take *t, const union value *v)
{
	struct sheet *s = t->s;
	uint32_t at = (uint32_t)s->held.len, n;

	if (t->form->value == NULL) {
		value_print(&s->held, t->type, v, &s->text, -1);
	} else {
		s->cell.len = 0;
		value_print(&s->cell, t->type, v, &s->text, -1);
		t->form->value(s, t->i, v);
	}
	n = (uint32_t)s->held.len - at;
	return ((struct shown){ at, n, t->c->store == STORE_BLOB && n > 0 ? plain_places(s->held.p + at, n) : n });
}

static void
remember_second(struct second *x, const struct sheet *s, uint64_t second, struct shown c)
{
	const uint8_t *text = s->held.p + c.at;
	const unsigned digits = s->text.digits > 9 ? 9 : s->text.digits;
	const uint8_t *point = memrchr(text, '.', c.n);
	uint32_t n = 0;

	x->length = 0;
	while (point != NULL && (uint32_t)(point - text) + 1 + n < c.n && point[1 + n] >= '0' && point[1 + n] <= '9')
		n++;
	if (c.n > sizeof(x->text) || (digits > 0 && n != digits))
		return;
	x->second = second;
	x->length = c.n;
	x->places = c.places;
	x->end = digits > 0 ? (uint32_t)(point - text) + digits : 0;
	memcpy(x->text, text, c.n);
}

/* A time: of the same second as the last one only the fraction is written anew. */
static struct shown
time_cell(const struct take *t, int64_t ns)
{
	static const uint32_t ten[] = { 1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1 };
	struct sheet *s = t->s;
	struct second *x = &s->cells->second[t->i];
	unsigned digits = s->text.digits > 9 ? 9 : s->text.digits;
	uint64_t second = (uint64_t)ns / SEC;
	uint32_t frac = (uint32_t)((uint64_t)ns % SEC) / ten[digits], at = (uint32_t)s->held.len;
	struct shown c;
	uint8_t *to;

	if (ns >= 0 && x->length > 0 && second == x->second) {
		to = buf_room(&s->held, sizeof(x->text));
		if (x->length <= CLOCK_TEXT)
			memcpy(to, x->text, CLOCK_TEXT);
		else
			memcpy(to, x->text, sizeof(x->text));
		for (uint32_t k = 0; k < digits; k++, frac /= 10)
			to[x->end - k] = (uint8_t)('0' + frac % 10);
		s->held.len += x->length;
		return ((struct shown){ at, x->length, x->places });
	}
	c = print_cell(t, &(union value){ .i = ns });
	if (ns >= 0)
		remember_second(x, s, second, c);
	return (c);
}

static inline struct memo *
memo_of(struct memo *memo, uint64_t a, uint64_t b)
{
	return (&memo[((a ^ b) * 0x9e3779b97f4a7c15ull >> 32) % MEMOS]);
}

static inline bool
knows(const struct memo *m, uint64_t a, uint64_t b, uint32_t round)
{
	return (m->a == a && m->b == b && m->round == round);
}

static void
take_times(const struct take *t)
{
	for (uint32_t j = 0; j < t->n; j++)
		t->cell[j] = bit_get(t->c->present, t->row[j]) ? time_cell(t, t->c->i[t->row[j]]) :
			     column_mixed(t->c, t->row[j])     ? t->mixed :
								 t->absent;
}

/* Cells whose text follows from the value alone: many values come again and again. */
static void
take_numbers(const struct take *t)
{
	const struct column *const c = t->c;
	const uint64_t *const present = c->present, *const u = c->u;
	const uint32_t *const row = t->row, n = t->n, round = t->s->cells->round;
	struct shown *const cell = t->cell;

	for (uint32_t j = 0; j < n; j++) {
		uint32_t r = row[j];
		struct memo *m;

		if (!bit_get(present, r)) {
			cell[j] = column_mixed(c, r) ? t->mixed : t->absent;
			continue;
		}
		m = memo_of(t->memo, u[r], 0);
		if (!knows(m, u[r], 0, round))
			*m = (struct memo){ u[r], 0, print_cell(t, &(union value){ .u = u[r] }), round };
		cell[j] = m->cell;
	}
}

/* The same of addresses and bytes; that bytes lie where others lay is enough. */
static void
take_wide(const struct take *t)
{
	const struct column *const c = t->c;
	const uint32_t *const row = t->row, n = t->n, round = t->s->cells->round;
	struct shown *const cell = t->cell;

	for (uint32_t j = 0; j < n; j++) {
		uint32_t r = row[j];
		union value v;
		uint64_t a, b;
		struct memo *m;

		if (!bit_get(c->present, r)) {
			cell[j] = column_mixed(c, r) ? t->mixed : t->absent;
			continue;
		}
		if (c->store == STORE_IP) {
			v.ip = c->ip[r];
			memcpy(&a, v.ip.b, 8);
			memcpy(&b, v.ip.b + 8, 8);
		} else {
			v.b = c->b[r];
			a = (uintptr_t)v.b.p;
			b = v.b.n;
		}
		m = memo_of(t->memo, a, b);
		if (!knows(m, a, b, round))
			*m = (struct memo){ a, b, print_cell(t, &v), round };
		cell[j] = m->cell;
	}
}

/* Cells for which more is asked: names, lengths of prefixes, histograms for loaders. */
static void
take_cells(const struct take *t)
{
	struct sheet *s = t->s;

	for (uint32_t j = 0; j < t->n; j++) {
		uint32_t at = (uint32_t)s->held.len;
		enum cell_state state;
		union value v;

		s->cell.len = 0;
		state = sheet_cell(s, t->b, t->i, t->row[j], t->form->value == NULL ? &s->held : &s->cell);
		if (state != CELL_HERE) {
			t->cell[j] = state == CELL_MIXED ? t->mixed : t->absent;
			continue;
		}
		v = column_value(t->c, t->row[j]);
		if (t->form->value != NULL)
			t->form->value(s, t->i, &v);
		t->cell[j] = cell_from(s, at);
	}
}

static void
take(const struct take *t)
{
	const struct sheet *s = t->s;
	enum type type = t->type;

	if (t->c == NULL)
		for (uint32_t j = 0; j < t->n; j++)
			t->cell[j] = t->absent;
	else if (s->human || (s->names && (type == TYPE_IP || type == TYPE_PORT)) || (s->text.load && type_json(type) == JSON_BUCKETS) ||
	    (type == TYPE_IP && (t->b->col[F_smask] != NULL || t->b->col[F_dmask] != NULL)))
		take_cells(t);
	else if (type == TYPE_TIME)
		take_times(t);
	else
		(t->c->store == STORE_IP || t->c->store == STORE_BLOB ? take_wide : take_numbers)(t);
}

static struct shown
shown_of(struct sheet *s, unsigned i, void (*put)(struct sheet *, unsigned))
{
	uint32_t at = (uint32_t)s->held.len;

	put(s, i);
	return (cell_from(s, at));
}

static struct cells *
cells_new(unsigned n)
{
	struct cells *t = mem_zero(1, sizeof(*t) + n * (sizeof(struct second) + MEMOS * sizeof(struct memo) +
							    (SHEET_ROWS + 2) * sizeof(struct shown)));

	t->second = (struct second *)(t + 1);
	t->memo = (struct memo *)(t->second + n);
	t->cell = (struct shown *)(t->memo + (size_t)MEMOS * n);
	t->absent = t->cell + (size_t)SHEET_ROWS * n;
	t->mixed = t->absent + n;
	return (t);
}

void
cells_add(struct sheet *s, const struct cells_form *form, const struct batch *b, const uint32_t *row, uint32_t n)
{
	struct cells *t = s->cells = s->cells != NULL ? s->cells : cells_new(s->n);

	for (unsigned i = 0; i < s->n && t->n == 0; i++) {
		t->absent[i] = shown_of(s, i, form->absent);
		t->mixed[i] = shown_of(s, i, form->mixed);
	}
	t->round++; /* bytes lie where others lay, in another batch */
	for (unsigned i = 0; i < s->n; i++)
		take(&(struct take){ s, form, b, i, sheet_type(s, i), sheet_column_of(s, b, i), row, n, t->memo + (size_t)i * MEMOS,
		    t->cell + (size_t)i * SHEET_ROWS + t->n, t->absent[i], t->mixed[i] });
	t->n += n;
	(void)buf_room(&s->held, CELLS_NEAR);
}

size_t
cells_line(const struct sheet *s)
{
	size_t bytes = CELLS_NEAR;

	for (unsigned i = 0; i < s->n; i++) {
		const struct shown *cell = s->cells->cell + (size_t)i * SHEET_ROWS;
		uint32_t most = 0;

		for (uint32_t r = 0; r < s->cells->n; r++)
			most = cell[r].n > most ? cell[r].n : most;
		bytes += most + 1;
	}
	return (bytes);
}

void
cells_clear(struct sheet *s)
{
	s->cells->n = 0;
	s->held.len = 0;
}

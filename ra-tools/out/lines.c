/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lines.c: many rows of text at once: cells column by column, each value once, then line by line.  Test: test_out.c, beside
 * rows one by one.
 */
#include "ra-tools/out/lines.h"

#include "format/base/mem.h"
#include "format/base/plain.h"

#include <string.h>

#define HELD_ROWS 512
#define MEMOS	  64 /* values of a column whose text is known; a power of two */
#define NEAR	  32 /* bytes that are copied whether they are needed or not */

struct shown { /* of the bytes in sheet.held */
	uint32_t at, n, places;
};

/* Absent and mixed are the first bytes held. */
static const struct shown absent = { 0, 1, 1 }, mixed = { 1, 1, 1 };

struct memo {
	uint64_t a, b; /* the value */
	struct shown cell;
	uint32_t round; /* of text_rows; another one: forgotten */
};

struct lines {
	uint32_t n; /* held */
	uint32_t round;
	struct shown *cell; /* column by column, HELD_ROWS of each */
	struct memo *memo; /* MEMOS of each */
	/* times: how one of this second looks */
	bool timed;
	uint64_t second;
	uint32_t length;
	char time[CLOCK_TEXT];
};

/* --- cells of rows that wait */

static struct shown
cell_from(const struct sheet *s, uint32_t at)
{
	uint32_t n = (uint32_t)s->held.len - at;

	return ((struct shown){ at, n, plain_places(s->held.p + at, n) });
}

/* A time: of the same second as the last one only the fraction is written anew. */
static struct shown
time_cell(struct sheet *s, int64_t ns)
{
	static const uint32_t ten[] = { 1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1 };
	struct lines *t = s->lines_held;
	unsigned digits = s->text.digits > 9 ? 9 : s->text.digits, point = sizeof("2026-11-20 15:19:56") - 1;
	uint32_t at = (uint32_t)s->held.len;
	uint8_t *to = buf_room(&s->held, CLOCK_TEXT);

	if (t->timed && ns >= 0 && (uint64_t)ns / SEC == t->second && t->length >= point) {
		uint32_t frac = (uint32_t)((uint64_t)ns % SEC) / ten[digits];

		memcpy(to, t->time, CLOCK_TEXT);
		for (unsigned i = digits; i > 0; i--, frac /= 10)
			to[point + i] = (uint8_t)('0' + frac % 10);
	} else {
		t->length = (uint32_t)clock_text(ns, s->text.digits, s->text.zone, (char *)to);
		t->timed = ns >= 0 && (digits == 0 || (t->length > point && to[point] == '.'));
		t->second = (uint64_t)ns / SEC;
		memcpy(t->time, to, CLOCK_TEXT);
	}
	s->held.len += t->length;
	return ((struct shown){ at, t->length, t->length });
}

/* Values are printed in ASCII; only bytes of a record may be more. */
static struct shown
print_cell(struct sheet *s, enum type type, const union value *v, bool bytes)
{
	uint32_t at = (uint32_t)s->held.len;

	value_print(&s->held, type, v, &s->text, -1);
	if (bytes)
		return (cell_from(s, at));
	return ((struct shown){ at, (uint32_t)s->held.len - at, (uint32_t)s->held.len - at });
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
hold_times(struct sheet *s, const struct column *c, const uint32_t *row, uint32_t n, struct shown *cell)
{
	for (uint32_t j = 0; j < n; j++)
		cell[j] = bit_get(c->present, row[j]) ? time_cell(s, c->i[row[j]]) :
			  column_mixed(c, row[j])     ? mixed :
							absent;
}

/* Cells whose text follows from the value alone: many values come again and again. */
static void
hold_numbers(struct sheet *s, const struct column *c, enum type type, struct memo *memo, const uint32_t *row, uint32_t n,
    struct shown *cell)
{
	const uint32_t round = s->lines_held->round;
	const uint64_t *const present = c->present, *const u = c->u;

	for (uint32_t j = 0; j < n; j++) {
		uint32_t r = row[j];
		struct memo *m;

		if (!bit_get(present, r)) {
			cell[j] = column_mixed(c, r) ? mixed : absent;
			continue;
		}
		m = memo_of(memo, u[r], 0);
		if (!knows(m, u[r], 0, round))
			*m = (struct memo){ u[r], 0, print_cell(s, type, &(union value){ .u = u[r] }, false), round };
		cell[j] = m->cell;
	}
}

/* The same of addresses and bytes; that bytes lie where others lay is enough. */
static void
hold_wide(struct sheet *s, const struct column *c, enum type type, struct memo *memo, const uint32_t *row, uint32_t n,
    struct shown *cell)
{
	const uint32_t round = s->lines_held->round;

	for (uint32_t j = 0; j < n; j++) {
		uint32_t r = row[j];
		union value v;
		uint64_t a, b;
		struct memo *m;

		if (!bit_get(c->present, r)) {
			cell[j] = column_mixed(c, r) ? mixed : absent;
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
		m = memo_of(memo, a, b);
		if (!knows(m, a, b, round))
			*m = (struct memo){ a, b, print_cell(s, type, &v, c->store == STORE_BLOB), round };
		cell[j] = m->cell;
	}
}

/* Cells for which more is asked: names, lengths of prefixes. */
static void
hold_cells(struct sheet *s, const struct batch *b, unsigned i, const uint32_t *row, uint32_t n, struct shown *cell)
{
	for (uint32_t j = 0; j < n; j++) {
		uint32_t at = (uint32_t)s->held.len;
		enum cell_state state = sheet_cell(s, b, i, row[j], &s->held);

		cell[j] = state == CELL_HERE ? cell_from(s, at) : state == CELL_MIXED ? mixed : absent;
	}
}

static void
hold(struct sheet *s, const struct batch *b, const uint32_t *row, uint32_t n)
{
	struct lines *t = s->lines_held;

	if (t->n == 0) {
		s->held.len = 0;
		buf_str(&s->held, "-*");
	}
	t->round++; /* bytes lie where others lay, in another batch */
	for (unsigned i = 0; i < s->n; i++) {
		const struct column *c = sheet_column_of(s, b, i);
		struct shown *cell = t->cell + (size_t)i * HELD_ROWS + t->n;
		enum type type = sheet_type(s, i);

		if (c == NULL)
			for (uint32_t j = 0; j < n; j++)
				cell[j] = absent;
		else if ((s->names && (type == TYPE_IP || type == TYPE_PORT)) ||
		    (type == TYPE_IP && (b->col[F_smask] != NULL || b->col[F_dmask] != NULL)))
			hold_cells(s, b, i, row, n, cell);
		else if (type == TYPE_TIME && !s->text.epoch)
			hold_times(s, c, row, n, cell);
		else
			(c->store == STORE_IP || c->store == STORE_BLOB ? hold_wide : hold_numbers)(s, c, type,
			    t->memo + (size_t)i * MEMOS, row, n, cell);
	}
	t->n += n;
}

/* --- and lines */

/* How many bytes a line may have. */
static size_t
widen(struct sheet *s)
{
	size_t bytes = 1;

	for (unsigned i = 0; i < s->n; i++) {
		const struct shown *cell = s->lines_held->cell + (size_t)i * HELD_ROWS;
		uint32_t most = 0;

		for (uint32_t r = 0; r < s->lines_held->n; r++) {
			most = cell[r].n > most ? cell[r].n : most;
			s->width[i] = cell[r].places > s->width[i] ? cell[r].places : s->width[i];
		}
		bytes += most + s->width[i] + 1 + 2 * NEAR;
	}
	return (bytes);
}

static inline uint8_t *
copy(uint8_t *to, const uint8_t *from, uint32_t n)
{
	if (n <= NEAR)
		memcpy(to, from, NEAR);
	else
		memcpy(to, from, n);
	return (to + n);
}

static inline uint8_t *
spaces(uint8_t *to, uint32_t n)
{
	if (n <= NEAR)
		memset(to, ' ', NEAR);
	else
		memset(to, ' ', n);
	return (to + n);
}

/* How the cells of a column stand in a line: wide, and the text left or right of the space. */
struct place {
	uint32_t width;
	bool right;
};

static void
put_line(struct sheet *s, const struct shown *cell, const struct place *place, size_t bytes)
{
	const uint8_t *const held = s->held.p;
	const unsigned last = s->n - 1;
	uint8_t *to = buf_room(&s->out, bytes), *begin = to;

	for (unsigned i = 0; i <= last; i++, cell += HELD_ROWS) {
		const struct shown c = *cell;
		uint32_t width = place[i].width, space = width > c.places ? width - c.places : 0;

		if (place[i].right)
			to = spaces(to, space);
		to = copy(to, held + c.at, c.n);
		if (i == last)
			break;
		if (!place[i].right)
			to = spaces(to, space);
		*to++ = ' ';
	}
	*to++ = '\n';
	s->out.len += (size_t)(to - begin);
}

static void
release(struct sheet *s, void (*heading)(struct sheet *))
{
	struct lines *t = s->lines_held;
	size_t bytes = widen(s);
	struct place place[SHEET_MAX];

	for (unsigned i = 0; i < s->n; i++)
		place[i] = (struct place){ s->width[i], type_is_right(sheet_type(s, i)) };
	(void)buf_room(&s->held, NEAR); /* behind the last cell, to be copied with it */
	for (uint32_t r = 0; r < t->n; r++) {
		if (!s->bare && (!s->begun || (s->repeat > 0 && s->lines > 0 && s->lines % s->repeat == 0)))
			heading(s);
		s->begun = true;
		put_line(s, t->cell + r, place, bytes);
		s->lines++;
	}
	t->n = 0;
	sheet_ready(s);
}

void
lines_release(struct sheet *s, void (*heading)(struct sheet *))
{
	if (s->lines_held != NULL && s->lines_held->n > 0)
		release(s, heading);
}

void
lines_add(struct sheet *s, const struct batch *b, const uint32_t *row, uint32_t n, void (*heading)(struct sheet *))
{
	if (s->lines_held == NULL) {
		s->lines_held = mem_zero(1,
		    sizeof(struct lines) + s->n * (MEMOS * sizeof(struct memo) + HELD_ROWS * sizeof(struct shown)));
		s->lines_held->memo = (struct memo *)(s->lines_held + 1);
		s->lines_held->cell = (struct shown *)(s->lines_held->memo + (size_t)MEMOS * s->n);
	}
	while (n > 0) {
		uint32_t left = HELD_ROWS - s->lines_held->n, k = n < left ? n : left;

		hold(s, b, row, k);
		if (s->lines_held->n == HELD_ROWS)
			release(s, heading);
		row += k;
		n -= k;
	}
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lines.c: many rows of text at once, line by line from their cells.  Test: test_out.c, beside rows one by one.
 */
#include "ra-tools/out/lines.h"

#include "ra-tools/out/cells.h"

static void
put_absent(struct sheet *s, unsigned i)
{
	(void)i;
	buf_u8(&s->held, '-');
}

static void
put_mixed(struct sheet *s, unsigned i)
{
	(void)i;
	buf_u8(&s->held, '*');
}

static const struct cells_form form = { NULL, put_absent, put_mixed };

/* How many bytes a line may have. */
static size_t
widen(struct sheet *s)
{
	size_t bytes = 1;

	for (unsigned i = 0; i < s->n; i++) {
		const struct shown *cell = s->cells->cell + (size_t)i * SHEET_ROWS;

		uint32_t most = 0, width = s->width[i];

		for (uint32_t r = 0; r < s->cells->n; r++) {
			most = cell[r].n > most ? cell[r].n : most;
			width = cell[r].places > width ? cell[r].places : width;
		}
		s->width[i] = width;
		bytes += most + width + 1 + 2 * CELLS_NEAR;
	}
	return (bytes);
}

static inline uint8_t *
spaces(uint8_t *to, uint32_t n)
{
	if (n <= CELLS_NEAR)
		memset(to, ' ', CELLS_NEAR);
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

	for (unsigned i = 0; i <= last; i++, cell += SHEET_ROWS) {
		const struct shown c = *cell;
		uint32_t width = place[i].width, space = width > c.places ? width - c.places : 0;

		if (place[i].right)
			to = spaces(to, space);
		to = cells_copy(to, held + c.at, c.n);
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
	size_t bytes = widen(s);
	struct place place[SHEET_MAX];

	for (unsigned i = 0; i < s->n; i++)
		place[i] = (struct place){ s->width[i], type_is_right(sheet_type(s, i)) };
	for (uint32_t r = 0; r < s->cells->n; r++) {
		if (!s->bare && (!s->begun || (s->repeat > 0 && s->lines > 0 && s->lines % s->repeat == 0)))
			heading(s);
		s->begun = true;
		put_line(s, s->cells->cell + r, place, bytes);
		s->lines++;
	}
	cells_clear(s);
	sheet_ready(s);
}

void
lines_release(struct sheet *s, void (*heading)(struct sheet *))
{
	if (s->cells != NULL && s->cells->n > 0)
		release(s, heading);
}

void
lines_add(struct sheet *s, const struct batch *b, const uint32_t *row, uint32_t n, void (*heading)(struct sheet *))
{
	while (n > 0) {
		uint32_t left = cells_left(s), k = n < left ? n : left;

		cells_add(s, &form, b, row, k);
		if (cells_left(s) == 0)
			release(s, heading);
		row += k;
		n -= k;
	}
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * text.c: aligned columns for people, the same on a terminal and in a pipe.
 *
 * A column is as wide as the table says, or as its longest value so far.  The rows of a batch wait until
 * some hundred are there, so that what fits a screen is aligned from its first line on.
 */
#include "ra-tools/out/out.h"

#include "format/base/mem.h"
#include "format/base/plain.h"

#include <string.h>

#define HELD_ROWS 512

#define BOLD   "\033[1m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

static void
pad(struct buf *b, unsigned n)
{
	memset(buf_put(b, n), ' ', n);
}

static void
put(struct sheet *s, unsigned i, const uint8_t *p, size_t n, const char *colour)
{
	unsigned w = plain_places(p, n), space = s->width[i] > w ? s->width[i] - w : 0;
	bool right = type_is_right(sheet_type(s, i));

	if (i > 0)
		buf_u8(&s->out, ' ');
	if (right)
		pad(&s->out, space);
	if (colour != NULL)
		buf_str(&s->out, colour);
	buf_add(&s->out, p, n);
	if (colour != NULL)
		buf_str(&s->out, PLAIN);
	if (!right && i + 1 < s->n)
		pad(&s->out, space);
}

/* Lives until the next one. */
static const char *
label(struct sheet *s, unsigned i)
{
	const char *name = s->want[i].label != NULL ? s->want[i].label : fields[s->want[i].field].label;

	if (s->offset[0] == '\0' || sheet_type(s, i) != TYPE_TIME)
		return (name);
	s->cell.len = 0;
	buf_str(&s->cell, name);
	buf_str(&s->cell, " ");
	buf_str(&s->cell, s->offset);
	return (buf_cstr(&s->cell));
}

static void
heading(struct sheet *s)
{
	if ((s->rates != NULL || s->peaks != NULL) && !s->begun)
		buf_printf(&s->out, "%s%s%s\n", s->rates != NULL ? s->rates : "", s->rates != NULL && s->peaks != NULL ? ". " : "",
		    s->peaks != NULL ? s->peaks : "");
	for (unsigned i = 0; i < s->n; i++)
		put(s, i, (const uint8_t *)label(s, i), strlen(label(s, i)),
		    s->colour ? BOLD : NULL);
	buf_u8(&s->out, '\n');
}

/* Loss is what a reader looks for. */
static const char *
cell_colour(const struct sheet *s, unsigned i, const uint8_t *p, size_t n)
{
	enum field f = s->want[i].field;

	if (!s->colour || (f != F_sloss && f != F_dloss && f != F_loss))
		return (NULL);
	return (n == 1 && (*p == '0' || *p == '-' || *p == '*') ? NULL : YELLOW);
}

static void
widen(struct sheet *s)
{
	size_t at = 0;

	for (size_t k = 0; k < s->nends; k++) {
		unsigned i = (unsigned)(k % s->n), w = plain_places(s->held.p + at, s->ends[k] - at);

		if (w > s->width[i])
			s->width[i] = w;
		at = s->ends[k];
	}
}

static void
release(struct sheet *s)
{
	size_t at = 0;

	widen(s);
	for (size_t k = 0; k < s->nends; k++) {
		unsigned i = (unsigned)(k % s->n);
		const uint8_t *p = s->held.p + at;
		size_t n = s->ends[k] - at;

		if (i == 0 && !s->bare &&
		    (!s->begun || (s->repeat > 0 && s->lines > 0 && s->lines % s->repeat == 0)))
			heading(s);
		if (i == 0)
			s->begun = true;
		put(s, i, p, n, cell_colour(s, i, p, n));
		if (i + 1 == s->n) {
			buf_u8(&s->out, '\n');
			s->lines++;
		}
		at = s->ends[k];
	}
	s->held.len = 0;
	s->nends = 0;
	sheet_ready(s);
}

static void
head(struct sheet *s)
{
	s->width = mem_zero(s->n, sizeof(s->width[0]));
	for (unsigned i = 0; i < s->n; i++) {
		size_t w = strlen(label(s, i));

		s->width[i] = s->want[i].width > w ? s->want[i].width : (unsigned)w;
	}
	s->capends = (size_t)HELD_ROWS * s->n;
	s->ends = mem_alloc(s->capends * sizeof(s->ends[0]));
}

static void
row(struct sheet *s, const struct batch *b, uint32_t r)
{
	for (unsigned i = 0; i < s->n; i++) {
		enum cell_state state = sheet_cell(s, b, i, r, &s->held);

		if (state != CELL_HERE)
			buf_u8(&s->held, state == CELL_MIXED ? '*' : '-');
		s->ends[s->nends++] = (uint32_t)s->held.len;
	}
	if (s->nends == s->capends)
		release(s);
}

static void
tail(struct sheet *s)
{
	release(s);
	sheet_flush(s);
}

const struct out out_text = {
	.name = "text", .head = head, .row = row, .pause = release, .tail = tail
};

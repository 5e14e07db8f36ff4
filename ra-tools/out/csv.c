/* SPDX-License-Identifier: BSD-2-Clause
 *
 * csv.c: separated values, RFC 4180 with a header; lines end in LF.
 *
 * What is absent or mixed is nothing between two separators (--csv-null: a text); what is there and empty is "".  So is what is
 * absent in a row of one column: most readers of CSV pass over an empty line.
 * A spreadsheet runs a cell that begins like a formula, and who made a record file chose the names in it.  Loaders get what
 * is there: numbers and names stay as they are, only a first character that would make a formula is written as \x3d.
 */
#include "ra-tools/out/out.h"

#include "ra-tools/out/cells.h"
#include "ra-tools/out/grid.h"

#include <stdio.h>
#include <string.h>

/* =1+1, but not -1 or @home: calls and commands have one of these characters. */
static bool
is_formula(const char *p, size_t n)
{
	if (n == 0 || strchr("=+-@", p[0]) == NULL || p[0] == '\0')
		return (false);
	return (p[0] == '=' || memchr(p, '(', n) != NULL || memchr(p, '!', n) != NULL || memchr(p, '|', n) != NULL);
}

void
csv_value(const struct sheet *s, struct buf *to, const void *bytes, size_t n)
{
	const char *p = bytes;
	bool quote = n == 0, formula = is_formula(p, n);
	char first[5];

	for (size_t i = 0; i < n && !quote; i++)
		quote = p[i] == s->separator || p[i] == '"' || p[i] == '\n' || p[i] == '\r';
	if (quote)
		buf_u8(to, '"');
	if (formula) {
		(void)snprintf(first, sizeof(first), "\\x%02x", (unsigned char)p[0]);
		buf_str(to, first);
		p++;
		n--;
	}
	if (!quote) {
		buf_add(to, p, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			buf_u8(to, '"');
		buf_u8(to, (uint8_t)p[i]);
	}
	buf_u8(to, '"');
}

static void
head(struct sheet *s)
{
	if (s->bare)
		return;
	for (unsigned i = 0; i < s->n; i++) {
		if (i > 0)
			buf_u8(&s->out, (uint8_t)s->separator);
		csv_value(s, &s->out, s->want[i].name, strlen(s->want[i].name));
	}
	buf_u8(&s->out, '\n');
}

/* A line of one column must not be empty. */
static const char *
nothing(const struct sheet *s)
{
	return (s->n == 1 && *s->null == '\0' ? "\"\"" : s->null);
}

static void
put_value(struct sheet *s, unsigned i, const union value *v)
{
	(void)i;
	(void)v;
	csv_value(s, &s->held, s->cell.p, s->cell.len);
}

static void
put_nothing(struct sheet *s, unsigned i)
{
	(void)i;
	buf_str(&s->held, nothing(s));
}

static void
rows(struct sheet *s, const struct batch *b, const uint32_t *at, uint32_t n)
{
	static const struct cells_form form = { put_value, put_nothing, put_nothing };
	size_t most;

	cells_add(s, &form, b, at, n);
	most = cells_line(s);
	for (uint32_t r = 0; r < n; r++) {
		const struct shown *cell = s->cells->cell + r;
		uint8_t *begin = buf_room(&s->out, most), *to = begin;

		for (unsigned i = 0; i < s->n; i++, cell += SHEET_ROWS) {
			to = cells_copy(to, s->held.p + cell->at, cell->n);
			*to++ = (uint8_t)s->separator;
		}
		to[-1] = '\n';
		s->out.len += (size_t)(to - begin);
	}
	cells_clear(s);
	sheet_ready(s);
}

static void
tail(struct sheet *s)
{
	sheet_flush(s);
}

const struct out out_csv = { .name = "csv", .head = head, .rows = rows, .tail = tail };

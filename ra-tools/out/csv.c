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
csv_value(struct sheet *s, const void *bytes, size_t n)
{
	const char *p = bytes;
	bool quote = n == 0, formula = is_formula(p, n);
	char first[5];

	for (size_t i = 0; i < n && !quote; i++)
		quote = p[i] == s->separator || p[i] == '"' || p[i] == '\n' || p[i] == '\r';
	if (quote)
		buf_u8(&s->out, '"');
	if (formula) {
		(void)snprintf(first, sizeof(first), "\\x%02x", (unsigned char)p[0]);
		buf_str(&s->out, first);
		p++;
		n--;
	}
	if (!quote) {
		buf_add(&s->out, p, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			buf_u8(&s->out, '"');
		buf_u8(&s->out, (uint8_t)p[i]);
	}
	buf_u8(&s->out, '"');
}

static void
head(struct sheet *s)
{
	if (s->bare)
		return;
	for (unsigned i = 0; i < s->n; i++) {
		if (i > 0)
			buf_u8(&s->out, (uint8_t)s->separator);
		csv_value(s, s->want[i].name, strlen(s->want[i].name));
	}
	buf_u8(&s->out, '\n');
}

static void
row(struct sheet *s, const struct batch *b, uint32_t r)
{
	for (unsigned i = 0; i < s->n; i++) {
		enum cell_state state;

		if (i > 0)
			buf_u8(&s->out, (uint8_t)s->separator);
		s->cell.len = 0;
		state = sheet_cell(s, b, i, r, &s->cell);
		if (state == CELL_HERE)
			csv_value(s, s->cell.p, s->cell.len);
		else
			buf_str(&s->out, s->n == 1 && *s->null == '\0' ? "\"\"" : s->null);
	}
	buf_u8(&s->out, '\n');
	sheet_ready(s);
}

static void
tail(struct sheet *s)
{
	sheet_flush(s);
}

const struct out out_csv = { .name = "csv", .head = head, .row = row, .tail = tail };

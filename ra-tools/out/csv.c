/* SPDX-License-Identifier: BSD-2-Clause
 *
 * csv.c: separated values, RFC 4180 with a header; lines end in LF.
 */
#include "ra-tools/out.h"

#include "ra-tools/out/grid.h"

#include <string.h>

void
csv_value(struct sheet *s, const void *bytes, size_t n)
{
	const char *p = bytes;
	bool quote = false;

	for (size_t i = 0; i < n && !quote; i++)
		quote = p[i] == s->separator || p[i] == '"' || p[i] == '\n' || p[i] == '\r';
	if (!quote) {
		buf_add(&s->out, p, n);
		return;
	}
	buf_u8(&s->out, '"');
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
		else if (s->null != NULL)
			buf_str(&s->out, s->null);
		else
			buf_u8(&s->out, state == CELL_MIXED ? '*' : '-');
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

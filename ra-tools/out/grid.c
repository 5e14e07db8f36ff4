/* SPDX-License-Identifier: BSD-2-Clause
 *
 * grid.c: small tables that are not records.
 */
#include "ra-tools/out/grid.h"

#include "format/base/mem.h"
#include "format/base/plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

void
grid_column(struct grid *g, const char *name, const char *label, bool right)
{
	g->column = mem_grow(g->column, g->n + 1, sizeof(g->column[0]));
	g->column[g->n++] = (struct grid_column){ name, label, right };
}

static void
end_cell(struct grid *g)
{
	if (g->cells == g->cap) {
		g->cap = g->cap == 0 ? 64 : g->cap * 2;
		g->end = mem_grow(g->end, g->cap, sizeof(g->end[0]));
	}
	g->end[g->cells++] = g->text.len;
}

void
grid_cell(struct grid *g, const char *text)
{
	buf_plain_str(&g->text, text != NULL ? text : "-");
	end_cell(g);
}

void
grid_printf(struct grid *g, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	grid_cell(g, text);
}

static unsigned
rows_of(const struct grid *g)
{
	return (g->n == 0 ? 0 : (unsigned)(g->cells / g->n));
}

static const char *
cell(const struct grid *g, int row, unsigned i, size_t *n)
{
	size_t at = (size_t)row * g->n + i, start;

	if (row < 0) {
		*n = strlen(g->column[i].label);
		return (g->column[i].label);
	}
	start = at == 0 ? 0 : g->end[at - 1];
	*n = g->end[at] - start;
	return ((const char *)g->text.p + start);
}

static unsigned
width(const struct grid *g, unsigned i)
{
	unsigned most = 0;

	for (int row = -1; row < (int)rows_of(g); row++) {
		size_t n;
		const char *p = cell(g, row, i, &n);
		unsigned w = plain_places(p, n);

		most = w > most ? w : most;
	}
	return (most);
}

void
grid_line(const struct grid *g, int row, struct buf *to)
{
	size_t start = to->len;

	for (unsigned i = 0; i < g->n; i++) {
		size_t n;
		const char *p = cell(g, row, i, &n);
		unsigned space = width(g, i) - plain_places(p, n);

		if (i > 0)
			buf_u8(to, ' ');
		if (g->column[i].right)
			memset(buf_put(to, space), ' ', space);
		buf_add(to, p, n);
		if (!g->column[i].right && i + 1 < g->n)
			memset(buf_put(to, space), ' ', space);
	}
	while (to->len > start && to->p[to->len - 1] == ' ')
		to->len--;
}

void
grid_text(const struct grid *g, struct sheet *s, unsigned indent)
{
	for (int row = s->bare ? 0 : -1; row < (int)rows_of(g); row++) {
		memset(buf_put(&s->out, indent), ' ', indent);
		if (row < 0 && s->colour)
			buf_str(&s->out, BOLD);
		grid_line(g, row, &s->out);
		if (row < 0 && s->colour)
			buf_str(&s->out, PLAIN);
		buf_u8(&s->out, '\n');
	}
	sheet_ready(s);
}

void
grid_csv(const struct grid *g, struct sheet *s)
{
	for (int row = s->bare ? 0 : -1; row < (int)rows_of(g); row++) {
		for (unsigned i = 0; i < g->n; i++) {
			size_t n;
			const char *p = cell(g, row, i, &n);

			if (i > 0)
				buf_u8(&s->out, (uint8_t)s->separator);
			if (row < 0)
				csv_value(s, g->column[i].name, strlen(g->column[i].name));
			else if (n == 1 && (*p == '-' || *p == '*'))
				buf_str(&s->out, s->null);
			else
				csv_value(s, p, n);
		}
		buf_u8(&s->out, '\n');
	}
	sheet_ready(s);
}

void
grid_free(struct grid *g)
{
	free(g->column);
	free(g->end);
	buf_free(&g->text);
	*g = (struct grid){ 0 };
}

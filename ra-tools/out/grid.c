/* SPDX-License-Identifier: BSD-2-Clause
 *
 * grid.c: small tables that are not records.
 */
#include "ra-tools/out/grid.h"

#include "format/base/mem.h"
#include "format/base/plain.h"
#include "ra-tools/out/fit.h"
#include "ra-tools/out/short.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FITTED	  SIZE_MAX
#define CUT_LEAST 12 /* places that a cut text or heading keeps */

#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

void
grid_column(struct grid *g, const char *name, const char *label, bool right)
{
	g->column = mem_grow(g->column, g->n + 1, sizeof(g->column[0]));
	g->column[g->n] = (struct grid_column){ .name = name, .label = label, .right = right, .kept = g->n == 0 };
	g->n++;
}

void
grid_keep(struct grid *g)
{
	g->column[g->n - 1].kept = true;
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

/* Places of the longest of rows from..: -1: the heading, too. */
static unsigned
longest(const struct grid *g, unsigned i, int from)
{
	unsigned most = 0;

	for (int row = from; row < (int)rows_of(g); row++) {
		size_t n;
		const char *p = cell(g, row, i, &n);
		unsigned w = plain_places(p, n);

		most = w > most ? w : most;
	}
	return (most);
}

static void
measure(struct grid *g)
{
	if (g->measured == g->cells + 1 || g->measured == FITTED)
		return;
	for (unsigned i = 0; i < g->n; i++)
		g->column[i].width = longest(g, i, -1);
	g->measured = g->cells + 1;
}

static unsigned
total(const struct grid *g)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < g->n; i++)
		if (!g->column[i].gone)
			sum += g->column[i].width + 1;
	return (sum > 0 ? sum - 1 : 0);
}

/* One place less for the column that has most to give: long headings of numbers, then texts; false: none has. */
static bool
narrow(struct grid *g, bool texts)
{
	unsigned best = 0, most = 0;

	for (unsigned i = 0; i < g->n; i++) {
		unsigned w = g->column[i].width, least = g->column[i].right ? longest(g, i, 0) : CUT_LEAST;

		if (least < CUT_LEAST)
			least = CUT_LEAST;
		if (!g->column[i].gone && g->column[i].right != texts && w > least && w - least > most) {
			most = w - least;
			best = i;
		}
	}
	if (most > 0)
		g->column[best].width--;
	return (most > 0);
}

void
grid_fit(struct grid *g, struct sheet *s, unsigned indent)
{
	unsigned room = s->room > indent ? s->room - indent : UINT_MAX;

	measure(g);
	for (unsigned i = g->n; i-- > 0 && total(g) > room;)
		g->column[i].gone = !g->column[i].kept;
	for (unsigned i = 0; i < g->n; i++) {
		if (!g->column[i].gone)
			continue;
		g->column[i].gone = false; /* a narrow one may find room where a wide one went after it */
		if ((g->column[i].gone = total(g) > room))
			fit_left(s, g->column[i].label);
	}
	while (total(g) > room && (narrow(g, false) || narrow(g, true)))
		;
	g->measured = FITTED;
}

void
grid_line(struct grid *g, int row, struct buf *to)
{
	size_t start = to->len;
	bool any = false;

	measure(g);
	for (unsigned i = 0; i < g->n; i++) {
		const struct grid_column *c = &g->column[i];
		size_t n;
		const char *p = cell(g, row, i, &n);
		unsigned w = plain_places(p, n), space = c->width > w ? c->width - w : 0;

		if (c->gone)
			continue;
		if (any)
			buf_u8(to, ' ');
		any = true;
		if (c->right)
			memset(buf_put(to, space), ' ', space);
		short_middle(p, n, c->width, to);
		if (!c->right && i + 1 < g->n)
			memset(buf_put(to, space), ' ', space);
	}
	while (to->len > start && to->p[to->len - 1] == ' ')
		to->len--;
}

void
grid_text(struct grid *g, struct sheet *s, unsigned indent)
{
	grid_fit(g, s, indent);
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
				csv_value(s, &s->out, g->column[i].name, strlen(g->column[i].name));
			else if (n == 1 && (*p == '-' || *p == '*'))
				buf_str(&s->out, s->null);
			else
				csv_value(s, &s->out, p, n);
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

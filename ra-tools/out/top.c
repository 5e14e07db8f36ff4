/* SPDX-License-Identifier: BSD-2-Clause
 *
 * top.c: the greatest groups as a table that fits.  Tested by tests/top.tap.
 */
#include "ra-tools/out/top.h"

#include "format/base/plain.h"
#include "ra-tools/out/short.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BAR_MOST  20
#define BAR_LEAST 8

enum measure { ORDER, BITS, PACKETS, SHARE, LOSS_PART, LOSS, FLOWS, MEASURES };

/* What is left out first, and what a cell of the key may take (0: all), until it fits. */
static const struct fit {
	unsigned measures; /* so many of them */
	unsigned cell;
} fits[] = { { MEASURES, 0 }, { MEASURES, 28 }, { FLOWS, 28 }, { LOSS, 28 }, { LOSS, 21 }, { LOSS_PART, 21 }, { LOSS_PART, 17 },
	{ SHARE, 17 }, { PACKETS, 17 }, { PACKETS, 13 }, { PACKETS, 9 } };

/* NAN: it has none. */
static double
number(struct batch *b, enum field f, uint32_t r)
{
	const struct column *c = batch_derive(b, f);

	if (!column_has(c, r))
		return (NAN);
	return (c->store == STORE_REAL ? c->r[r] : c->store == STORE_I64 ? (double)c->i[r] : (double)c->u[r]);
}

static double
share_of(const struct top_table *t, uint32_t r)
{
	double all = t->total == NULL ? NAN : number(t->total, t->order, 0), part = number(t->rows, t->order, r);

	return (all > 0 && part >= 0 ? 100 * part / all : NAN);
}

/* Of fields that stand there anyway it is not shown twice. */
static bool
shows_order(enum field f)
{
	return (f != F_bytes && f != F_pkts && f != F_loss && f != F_ploss && f != F_trans);
}

static void
add_heading(const struct top_table *t, unsigned n, struct grid *g)
{
	static const char *const label[MEASURES] = { NULL, "Bit/s", "Pkt/s", "Share", "Loss%", "Loss", "Flows" };

	for (unsigned i = 0; t->measures && i < n; i++)
		if (i != ORDER || shows_order(t->order))
			grid_column(g, "", i == ORDER ? fields[t->order].label : label[i], true);
}

static void
add_measure(const struct top_table *t, enum measure m, uint32_t r, struct buf *to)
{
	double x = NAN;

	switch (m) {
	case ORDER:
		short_number(number(t->rows, t->order, r), "", to);
		return;
	case BITS:
		short_number(8 * number(t->rows, F_bytes, r) / t->seconds, "", to);
		return;
	case PACKETS:
		short_number(number(t->rows, F_pkts, r) / t->seconds, "", to);
		return;
	case LOSS:
		short_number(number(t->rows, F_loss, r), "", to);
		return;
	case FLOWS:
		short_number(number(t->rows, F_trans, r), "", to);
		return;
	case SHARE:
		x = share_of(t, r);
		break;
	case LOSS_PART:
		x = number(t->rows, F_ploss, r);
		break;
	case MEASURES:
		break;
	}
	if (isnan(x))
		buf_u8(to, '-');
	else
		buf_printf(to, x == 0 ? "0" : x >= 99.95 ? "%.0f" : x >= 0.995 ? "%.1f" : "%.2f", x);
}

static void
add_cell(struct grid *g, const struct buf *cell, unsigned most)
{
	struct buf text = { 0 };

	short_middle(cell->p, cell->len, most, &text);
	grid_cell(g, buf_cstr(&text));
	buf_free(&text);
}

static void
fill(const struct top_table *t, const struct fit *fit, struct grid *g)
{
	const struct sheet *s = t->sheet;
	struct buf cell = { 0 };

	for (unsigned i = 0; i < s->n; i++)
		grid_column(g, s->want[i].name, s->want[i].label != NULL ? s->want[i].label : fields[s->want[i].field].label, type_is_right(sheet_type(s, i)));
	add_heading(t, fit->measures, g);
	for (uint32_t r = 0; r < t->rows->rows; r++) {
		for (unsigned i = 0; i < s->n; i++) {
			enum cell_state state;

			cell.len = 0;
			(void)batch_derive(t->rows, s->want[i].field);
			state = sheet_cell(t->sheet, t->rows, i, r, &cell);
			if (state != CELL_HERE)
				buf_u8(&cell, state == CELL_MIXED ? '*' : '-');
			add_cell(g, &cell, fit->cell);
		}
		for (unsigned i = 0; t->measures && i < fit->measures; i++) {
			if (i == ORDER && !shows_order(t->order))
				continue;
			cell.len = 0;
			add_measure(t, (enum measure)i, r, &cell);
			grid_cell(g, buf_cstr(&cell));
		}
	}
	buf_free(&cell);
}

/* What is left of the line shows shares. */
static void
add_bars(const struct top_table *t, unsigned most, struct grid *old)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	struct grid g = { 0 };
	struct buf cell = { 0 };

	for (unsigned i = 0; i < old->n; i++)
		grid_column(&g, old->column[i].name, old->column[i].label, old->column[i].right);
	grid_column(&g, "", "", false);
	for (size_t i = 0; i < old->cells; i++) {
		double part = share_of(t, (uint32_t)(i / old->n));
		unsigned parts = part > 0 ? (unsigned)(part / 100 * most * 8 + 0.5) : 0;

		cell.len = 0;
		buf_add(&cell, old->text.p + (i > 0 ? old->end[i - 1] : 0), old->end[i] - (i > 0 ? old->end[i - 1] : 0));
		grid_cell(&g, buf_cstr(&cell));
		if (i % old->n != old->n - 1)
			continue;
		cell.len = 0;
		for (; parts >= 8; parts -= 8)
			buf_str(&cell, "█");
		buf_str(&cell, eighths[parts]);
		grid_cell(&g, buf_cstr(&cell));
	}
	buf_free(&cell);
	grid_free(old);
	*old = g;
}

static unsigned
width_of(struct grid *g)
{
	struct buf line = { 0 };
	unsigned most = 0;

	for (int row = -1; row < (int)(g->n == 0 ? 0 : g->cells / g->n); row++) {
		unsigned w;

		line.len = 0;
		grid_line(g, row, &line);
		w = plain_places(line.p, line.len);
		most = w > most ? w : most;
	}
	buf_free(&line);
	return (most);
}

void
top_grid(const struct top_table *t, unsigned width, struct grid *g)
{
	const size_t n = sizeof(fits) / sizeof(fits[0]);

	unsigned used = 0;

	for (size_t i = 0; i < n; i++) {
		grid_free(g);
		fill(t, &fits[i], g);
		if (width == 0 || (used = width_of(g)) <= width)
			break;
	}
	if (t->measures && used + 1 + BAR_LEAST <= width)
		add_bars(t, width - used - 1 < BAR_MOST ? width - used - 1 : BAR_MOST, g);
}

void
top_sums(const struct top_table *t, struct buf *to)
{
	double part;

	if (t->total == NULL) {
		buf_str(to, "nothing");
		return;
	}
	short_number(8 * number(t->total, F_bytes, 0) / t->seconds, " ", to);
	buf_str(to, "bit/s, ");
	short_number(number(t->total, F_pkts, 0) / t->seconds, " ", to);
	buf_str(to, "pps");
	if (isnan(number(t->total, F_loss, 0)))
		return;
	buf_str(to, ", ");
	short_number(number(t->total, F_loss, 0), "", to);
	buf_str(to, " lost");
	part = number(t->total, F_ploss, 0);
	if (part > 0)
		buf_printf(to, part >= 0.1 ? " (%.1f %%)" : " (%.3f %%)", part);
}

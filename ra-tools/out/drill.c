/* SPDX-License-Identifier: BSD-2-Clause
 *
 * drill.c: the levels of radrill as text, CSV and JSON.
 */
#include "ra-tools/out/drill.h"

#include <stdio.h>
#include <string.h>

#define BAR 20

#define DIM   "\033[2m"
#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

static double
share(const struct listing *l, uint32_t r)
{
	return (l->total[r] > 0 ? 100.0 * (double)l->value[r] / (double)l->total[r] : 0);
}

static void
bar_cell(const struct listing *l, uint32_t r, unsigned width, struct grid *g)
{
	static const char full[] = "\xe2\x96\x88"; /* U+2588 */
	int64_t most = l->rows->rows > 0 ? l->value[0] : 0;
	unsigned n = most > 0 && l->value[r] > 0
			 ? (unsigned)(width * (double)l->value[r] / (double)most + 0.5)
			 : 0;
	struct buf b = { 0 };

	if (n == 0 && l->value[r] > 0)
		n = 1;
	for (unsigned i = 0; i < n; i++)
		buf_str(&b, full);
	grid_cell(g, buf_cstr(&b));
	buf_free(&b);
}

static void
columns_of_row(const struct listing *l, struct grid *g)
{
	const struct sheet *s = &l->sheet;

	for (unsigned i = 0; i < s->n; i++)
		grid_column(g, s->want[i].name,
			    s->want[i].label != NULL ? s->want[i].label
						     : fields[s->want[i].field].label,
			    type_is_right(sheet_type(s, i)));
}

static void
cells_of_row(struct listing *l, uint32_t r, struct grid *g)
{
	struct buf b = { 0 };

	for (unsigned i = 0; i < l->sheet.n; i++) {
		enum cell_state state;

		b.len = 0;
		state = sheet_cell(&l->sheet, l->rows, i, r, &b);
		grid_cell(g, state == CELL_HERE ? buf_cstr(&b) : state == CELL_MIXED ? "*" : NULL);
	}
	buf_free(&b);
}

void
listing_ranking(struct listing *l, struct grid *g, unsigned bar)
{
	grid_column(g, "rank", "#", true);
	if (l->ranked) {
		grid_column(g, "share_pct", "Share", true);
		grid_column(g, "bar", "", false);
		grid_column(g, l->by, l->by, true);
	}
	for (uint32_t r = 0; r < l->rows->rows; r++) {
		grid_printf(g, "%u", (unsigned)r + 1);
		if (!l->ranked)
			continue;
		grid_printf(g, "%.1f %%", share(l, r));
		bar_cell(l, r, bar, g);
		grid_printf(g, "%lld", (long long)l->value[r]);
	}
}

void
listing_rows(struct listing *l, struct grid *g)
{
	columns_of_row(l, g);
	for (uint32_t r = 0; r < l->rows->rows; r++)
		cells_of_row(l, r, g);
}

static void
columns(const struct listing *l, struct grid *g, bool text, unsigned bar)
{
	grid_column(g, "rank", "#", true);
	columns_of_row(l, g);
	if (l->ranked) {
		grid_column(g, l->by, l->by, true);
		grid_keep(g);
		grid_column(g, "share_pct", "Share", true);
		grid_keep(g);
		if (bar > 0)
			grid_column(g, "bar", "", false);
	}
	if (!text) {
		grid_column(g, "ra", "ra", false);
		grid_column(g, "pcap", "pcap", false);
	}
}

void
listing_grid(struct listing *l, struct grid *g, bool text, unsigned bar)
{
	columns(l, g, text, bar);
	for (uint32_t r = 0; r < l->rows->rows; r++) {
		grid_printf(g, "%u", (unsigned)r + 1);
		cells_of_row(l, r, g);
		if (l->ranked) {
			grid_printf(g, "%lld", (long long)l->value[r]);
			grid_printf(g, text ? "%.1f %%" : "%.6g", share(l, r));
			if (bar > 0)
				bar_cell(l, r, bar, g);
		}
		if (!text) {
			grid_cell(g, l->ra[r]);
			grid_cell(g, l->pcap[r]);
		}
	}
}

void
listing_text(struct listing *l, struct sheet *s)
{
	struct grid g = { 0 };

	if (s->colour)
		buf_str(&s->out, BOLD);
	buf_str(&s->out, l->title);
	if (s->colour)
		buf_str(&s->out, PLAIN);
	buf_u8(&s->out, '\n');
	listing_grid(l, &g, true, l->ranked ? BAR : 0);
	grid_text(&g, s, 0);
	if (l->others > 0)
		sheet_printf(s, "and %llu more (-N)\n", (unsigned long long)l->others);
	for (uint32_t r = 0; r < l->rows->rows; r++) {
		if (s->colour)
			buf_str(&s->out, DIM);
		sheet_printf(s, "%3u  ", (unsigned)r + 1);
		buf_str(&s->out, l->ra[r]);
		buf_str(&s->out, "\n     ");
		buf_str(&s->out, l->pcap[r]);
		if (s->colour)
			buf_str(&s->out, PLAIN);
		buf_u8(&s->out, '\n');
	}
	buf_u8(&s->out, '\n');
	sheet_ready(s);
	grid_free(&g);
}

void
listing_json(struct listing *l, uint32_t r, struct json *to)
{
	struct sheet *s = &l->sheet;

	json_u64(to, "rank", r + 1);
	s->out.len = 0;
	json_record(s, l->rows, r); /* {...}\n */
	json_members(to, s->out.p + 1, s->out.len - 3);
	s->out.len = 0;
	if (l->ranked) {
		json_str(to, "by", l->by);
		json_i64(to, "value", l->value[r]);
		json_real(to, "share_pct", share(l, r));
	}
	json_str(to, "ra", l->ra[r]);
	json_str(to, "pcap", l->pcap[r]);
}

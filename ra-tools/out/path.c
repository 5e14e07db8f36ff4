/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path.c: what two probes of one path say together, as text, CSV and JSON.
 */
#include "ra-tools/out/path.h"

#include "ra-tools/out/facts.h"
#include "ra-tools/out/grid.h"

#include <stdio.h>
#include <string.h>

#define ULL(v) ((unsigned long long)(v))

/* --- one row, in every format --------------------------------------------------------------------- */

static void
number(struct facts *f, const char *name, bool known, uint64_t v)
{
	facts_add(f, name, FACT_COUNT, known)->u = v;
}

static const char *
proto_text(unsigned proto, struct buf *to)
{
	static const struct text_options plain = { .digits = 6 };
	union value v = { .u = proto };

	to->len = 0;
	value_print(to, TYPE_PROTO, &v, &plain, -1);
	return (buf_cstr(to));
}

static const char *const by_words[] = { [PATH_NUMBERS] = "numbers", [PATH_PACKETS] = "packets", [PATH_TCP] = "tcp" };

static void
counts_facts(const struct path_counts *c, struct facts *f)
{
	double pct;
	bool known = path_percent(c, &pct);

	number(f, "seen_a", true, c->seen[0]);
	number(f, "seen_b", true, c->seen[1]);
	number(f, "lost_before", (c->knows & PATH_BEFORE) != 0, c->before);
	number(f, "lost_between", (c->knows & PATH_BETWEEN) != 0, c->between);
	number(f, "lost_after", (c->knows & PATH_AFTER) != 0, c->after);
	facts_real(f, "lost_between_pct", known, pct)->digits = 6;
	number(f, "dup_between", (c->knows & PATH_DUP) != 0, c->dup);
	number(f, "late_between", (c->knows & PATH_LATE) != 0, c->late);
	number(f, "unseen", (c->knows & PATH_BETWEEN) != 0, c->unseen);
	number(f, "missed", (c->knows & PATH_BETWEEN) != 0 || c->missed > 0, c->missed);
	number(f, "suspect", true, c->suspect);
}

/* pt: a bin; NULL: the sum. */
static void
way_facts(const struct path *p, const struct path_way *w, const struct path_point *pt, struct facts *f)
{
	static struct buf proto;
	const struct path_clock *clock = path_clock(p);

	f->n = 0;
	if (pt != NULL)
		facts_add(f, "bstart", FACT_TIME, true)->i = pt->start;
	facts_text(f, "proto", proto_text(w->proto, &proto));
	facts_text(f, "sender", w->name[0]);
	facts_text(f, "receiver", w->name[1]);
	number(f, "sport", w->ports, w->port[0]);
	number(f, "dport", w->ports, w->port[1]);
	facts_text(f, "key", w->key);
	facts_text(f, "first", w->first < 0 ? NULL : path_probe(p, w->first));
	facts_text(f, "by", by_words[w->by]);
	counts_facts(pt != NULL ? &pt->c : &w->c, f);
	facts_add(f, "clock_offset_us", FACT_INT, clock->known)->i = clock->offset_us;
	number(f, "clock_spread_us", clock->known, clock->spread_us);
	if (pt != NULL)
		return;
	number(f, "delay_var_us", w->varies, w->variation_us);
	facts_text(f, "why", w->why);
}

/* --- JSON, CSV ------------------------------------------------------------------------------------ */

static void
json_row(const struct path *p, const struct facts *f, struct sheet *s)
{
	struct json j = json_to(&s->out);

	json_open(&j, NULL, '{');
	json_open(&j, "path", '[');
	json_str(&j, NULL, path_probe(p, 0));
	json_str(&j, NULL, path_probe(p, 1));
	json_close(&j, ']');
	facts_json(f, &s->text, &j);
	json_close(&j, '}');
	json_line(&j);
	sheet_ready(s);
}

static void
csv_row(const struct facts *f, struct sheet *s)
{
	struct buf text = { 0 };

	for (unsigned i = 0; i < f->n && s->lines == 0 && !s->bare; i++) {
		if (i > 0)
			buf_u8(&s->out, (uint8_t)s->separator);
		csv_value(s, &s->out, f->fact[i].name, strlen(f->fact[i].name));
	}
	if (s->lines++ == 0 && !s->bare)
		buf_u8(&s->out, '\n');
	for (unsigned i = 0; i < f->n; i++) {
		if (i > 0)
			buf_u8(&s->out, (uint8_t)s->separator);
		if (!f->fact[i].known) {
			buf_str(&s->out, s->null);
			continue;
		}
		text.len = 0;
		facts_put(&f->fact[i], &s->text, &text);
		csv_value(s, &s->out, text.p, text.len);
	}
	buf_u8(&s->out, '\n');
	buf_free(&text);
	sheet_ready(s);
}

static void
each(const struct path_page *g, struct sheet *s, bool json)
{
	struct facts f;

	for (size_t i = 0; i < g->count; i++) {
		const struct path_way *w = path_way(g->path, i);

		for (size_t k = 0; k < (g->bins ? w->npoints : 1); k++) {
			way_facts(g->path, w, g->bins ? &w->point[k] : NULL, &f);
			if (json)
				json_row(g->path, &f, s);
			else
				csv_row(&f, s);
		}
	}
}

void
path_csv(const struct path_page *g, struct sheet *s)
{
	each(g, s, false);
}

void
path_json(const struct path_page *g, struct sheet *s)
{
	each(g, s, true);
}

/* --- text ------------------------------------------------------------------------------------------ */

static void
duration(uint64_t us, struct buf *to)
{
	if (us < 10000)
		buf_printf(to, "%llu us", ULL(us));
	else if (us < 10000000)
		buf_printf(to, "%.3f ms", (double)us / 1e3);
	else
		buf_printf(to, "%.3f s", (double)us / 1e6);
}

static void
say_clock(const struct path *p, struct buf *to)
{
	const struct path_clock *c = path_clock(p);
	uint64_t us = c->offset_us < 0 ? 0 - (uint64_t)c->offset_us : (uint64_t)c->offset_us;

	if (!c->known) {
		buf_str(to, "clocks: the offset is not known: it takes packets of both directions");
		return;
	}
	buf_str(to, "clocks: b is ");
	duration(us, to);
	buf_str(to, c->offset_us < 0 ? " behind a, give or take " : " ahead of a, give or take ");
	duration(c->spread_us, to);
	if (c->stepped)
		buf_str(to, "; one of them was set meanwhile");
}

static void
say_head(const struct path *p, struct sheet *s)
{
	struct buf text = { 0 };

	sheet_printf(s, "a = %s, b = %s\n%s\n", path_probe(p, 0), path_probe(p, 1), path_order(p));
	say_clock(p, &text);
	buf_add(&s->out, text.p, text.len);
	buf_u8(&s->out, '\n');
	text.len = 0;
	if (path_alone_text(p, &text))
		sheet_printf(s, "%s\n", buf_cstr(&text));
	buf_free(&text);
}

static void
columns(struct grid *g, bool bins)
{
	if (bins)
		grid_column(g, "bstart", "BinStart", false);
	grid_column(g, "seen_a", "Seen a", true);
	grid_column(g, "seen_b", "Seen b", true);
	grid_column(g, "lost_before", "Before", true);
	grid_column(g, "lost_between", "Between", true);
	grid_keep(g);
	grid_column(g, "lost_between_pct", "Loss %", true);
	grid_keep(g);
	if (!bins)
		grid_column(g, "lost_after", "After", true);
	grid_column(g, "dup_between", "Copies", true);
	grid_column(g, "late_between", "Late", true);
	grid_column(g, "suspect", "Suspect", true);
}

static void
number_cell(struct grid *g, bool known, uint64_t v)
{
	if (known)
		grid_printf(g, "%llu", ULL(v));
	else
		grid_cell(g, NULL);
}

static void
cells(struct grid *g, const struct path_counts *c, bool bins)
{
	double pct;
	bool known = path_percent(c, &pct);

	number_cell(g, true, c->seen[0]);
	number_cell(g, true, c->seen[1]);
	number_cell(g, (c->knows & PATH_BEFORE) != 0, c->before);
	number_cell(g, (c->knows & PATH_BETWEEN) != 0, c->between);
	if (known)
		grid_printf(g, "%.2f", pct);
	else
		grid_cell(g, NULL);
	if (!bins)
		number_cell(g, (c->knows & PATH_AFTER) != 0, c->after);
	number_cell(g, (c->knows & PATH_DUP) != 0, c->dup);
	number_cell(g, (c->knows & PATH_LATE) != 0, c->late);
	number_cell(g, true, c->suspect);
}

static void
say_way(const struct path *p, const struct path_way *w, struct sheet *s)
{
	struct buf proto = { 0 };

	sheet_printf(s, "%s %s", proto_text(w->proto, &proto), w->name[0]);
	if (w->ports)
		sheet_printf(s, " port %u", w->port[0]);
	sheet_printf(s, " -> %s", w->name[1]);
	if (w->ports)
		sheet_printf(s, " port %u", w->port[1]);
	if (w->tunnel && w->spi != 0)
		sheet_printf(s, " %s", w->key);
	else if (w->tunnel && w->spis > 1)
		sheet_printf(s, " (%u SAs)", w->spis);
	if (w->first >= 0)
		sheet_printf(s, ", %s first", w->first == 0 ? "a" : "b");
	buf_u8(&s->out, '\n');
	(void)p;
	buf_free(&proto);
}

static void
say_doubts(const struct path_way *w, struct sheet *s)
{
	const struct path_counts *c = &w->c;

	if (w->why != NULL)
		sheet_printf(s, "  lost between both is not known: %s\n", w->why);
	if (w->translated)
		sheet_printf(s, "  found by SPI: its addresses differ at both probes\n");
	if (c->unseen > 0)
		sheet_printf(s, "  %llu came to the later probe and were never captured at the first one\n", ULL(c->unseen));
	if (c->missed > 0)
		sheet_printf(s, "  %llu more did not come while the capture dropped packets: lost, or not captured\n", ULL(c->missed));
	if (w->varies)
		sheet_printf(s, "  the time between both varies by %llu us\n", ULL(w->variation_us));
}

static void
say_time(int64_t t, const struct text_options *o, struct buf *to)
{
	struct text_options plain = *o;
	union value v = { .i = t };

	plain.digits = t % SEC == 0 ? 0 : o->digits;
	to->len = 0;
	value_print(to, TYPE_TIME, &v, &plain, -1);
}

/* Rows of sums: the name of a way, then its line of a table that is one for all. */
static void
sums(const struct path_page *g, struct sheet *s)
{
	struct grid t = { 0 };
	struct buf line = { 0 };

	columns(&t, false);
	for (size_t i = 0; i < g->count; i++)
		cells(&t, &path_way(g->path, i)->c, false);
	grid_fit(&t, s, 2);
	for (size_t i = 0; i < g->count; i++) {
		const struct path_way *w = path_way(g->path, i);

		buf_u8(&s->out, '\n');
		say_way(g->path, w, s);
		for (int row = i == 0 && !s->bare ? -1 : (int)i; row <= (int)i; row++) {
			line.len = 0;
			grid_line(&t, row, &line);
			sheet_printf(s, "  %s\n", buf_cstr(&line));
		}
		say_doubts(w, s);
		sheet_ready(s);
	}
	grid_free(&t);
	buf_free(&line);
}

static void
bins(const struct path_page *g, struct sheet *s)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < g->count; i++) {
		const struct path_way *w = path_way(g->path, i);
		struct grid t = { 0 };

		buf_u8(&s->out, '\n');
		say_way(g->path, w, s);
		columns(&t, true);
		for (size_t k = 0; k < w->npoints; k++) {
			say_time(w->point[k].start, &s->text, &text);
			grid_cell(&t, buf_cstr(&text));
			cells(&t, &w->point[k].c, true);
		}
		grid_text(&t, s, 2);
		grid_free(&t);
	}
	buf_free(&text);
}

void
path_text(const struct path_page *g, struct sheet *s)
{
	say_head(g->path, s);
	if (g->bins)
		bins(g, s);
	else
		sums(g, s);
	if (g->count < path_count(g->path))
		sheet_printf(s, "\nand %llu more (-N)\n", ULL(path_count(g->path) - g->count));
	sheet_ready(s);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * term.c: a list on a terminal, in which a row is chosen with arrows or numbers.  What rows are ranked by stays in sight; the
 * other columns are moved under it.  Tested by tests/truth/drill.tap, tests/fit.tap.
 */
#include "ra-tools/out/drill.h"
#include "ra-tools/out/screen.h"

#include "format/base/mem.h"
#include "format/base/plain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STEP	   8 /* places that the columns are moved at once */
#define FILTER_MAX 60
#define RANK	   -1 /* sorted as they are ranked */

struct choice {
	struct listing *l;
	struct grid rank, rest;
	uint32_t *row, n, top, at; /* what is shown, in this order; at: the one that is chosen */
	int sort;		   /* column of `rest` */
	unsigned moved, hidden;	   /* places at the left and at the right that are not seen */
	char filter[FILTER_MAX + 1];
	bool typing, help;
	uint32_t number; /* the digits so far are a place in the ranking */
	const char *into, *back;
};

/* --- which rows, in which order ------------------------------------------------------------------- */

static bool
holds(const struct buf *text, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= text->len; i++)
		if (strncasecmp((const char *)text->p + i, part, n) == 0)
			return (true);
	return (n == 0);
}

static void
cell(const struct choice *c, uint32_t r, char *text, size_t size)
{
	const struct grid *g = &c->rest;
	size_t at = (size_t)r * g->n + (unsigned)c->sort, from = at == 0 ? 0 : g->end[at - 1], n = g->end[at] - from;

	n = n < size - 1 ? n : size - 1;
	memcpy(text, g->text.p + from, n);
	text[n] = '\0';
}

/* Numbers from the greatest on, what there is none of last; words by the alphabet; equals as they are ranked. */
static int
compare(const struct choice *c, uint32_t x, uint32_t y)
{
	char a[128], b[128];
	double p, q;
	int way;

	if (c->sort != RANK) {
		cell(c, x, a, sizeof(a));
		cell(c, y, b, sizeof(b));
		p = strcmp(a, "-") == 0 ? -1e300 : strtod(a, NULL);
		q = strcmp(b, "-") == 0 ? -1e300 : strtod(b, NULL);
		way = !c->rest.column[c->sort].right ? strcmp(a, b) : (p < q) - (p > q);
		if (way != 0)
			return (way);
	}
	return ((x > y) - (x < y));
}

static const struct choice *ordered; /* qsort() has no room for it */

static int
by_choice(const void *x, const void *y)
{
	return (compare(ordered, *(const uint32_t *)x, *(const uint32_t *)y));
}

static void
put_in_order(struct choice *c)
{
	ordered = c;
	if (c->n > 0)
		qsort(c->row, c->n, sizeof(c->row[0]), by_choice);
}

/* The row that was chosen stays it, if it is still there. */
static void
choose_rows(struct choice *c, uint32_t chosen)
{
	struct buf text = { 0 };

	c->n = c->at = 0;
	for (uint32_t r = 0; r < c->l->rows->rows; r++) {
		text.len = 0;
		grid_line(&c->rank, (int)r, &text);
		buf_u8(&text, ' ');
		grid_line(&c->rest, (int)r, &text);
		if (holds(&text, c->filter))
			c->row[c->n++] = r;
	}
	put_in_order(c);
	for (uint32_t i = 0; i < c->n; i++)
		if (c->row[i] == chosen)
			c->at = i;
	buf_free(&text);
}

/* --- drawing -------------------------------------------------------------------------------------- */

/* What is behind the first `skip` places. */
static void
behind(const struct buf *text, unsigned skip, struct buf *to)
{
	size_t i = 0;

	for (; i < text->len && (skip > 0 || (text->p[i] & 0xc0) == 0x80); i++)
		skip -= (text->p[i] & 0xc0) != 0x80 && skip > 0;
	buf_add(to, text->p + i, text->len - i);
}

static unsigned
fixed_places(struct grid *g)
{
	struct buf b = { 0 };
	unsigned most = 0;

	for (int r = -1; r < (int)(g->cells / g->n); r++) {
		unsigned w;

		b.len = 0;
		grid_line(g, r, &b);
		w = plain_places(b.p, b.len);
		most = w > most ? w : most;
	}
	buf_free(&b);
	return (most);
}

/* Row r of both parts, as far as it is in sight. */
static void
put_row(struct choice *c, int r, unsigned fixed, unsigned width, const char *look, struct buf *out)
{
	struct buf line = { 0 }, rest = { 0 };
	unsigned places;

	grid_line(&c->rank, r, &line);
	for (unsigned w = plain_places(line.p, line.len); w <= fixed; w++)
		buf_u8(&line, ' ');
	grid_line(&c->rest, r, &rest);
	places = fixed + 1 + plain_places(rest.p, rest.len);
	if (places > width + c->moved && places - width - c->moved > c->hidden)
		c->hidden = places - width - c->moved;
	behind(&rest, c->moved, &line);
	screen_line(out, (const char *)line.p, line.len, width, look);
	buf_free(&line);
	buf_free(&rest);
}

static void
put_title(const struct choice *c, unsigned width, struct buf *out)
{
	struct buf text = { 0 };

	buf_str(&text, c->l->title);
	if (c->sort != RANK)
		buf_printf(&text, "; sorted by %s", c->rest.column[c->sort].label);
	if (c->filter[0] != '\0' && !c->typing)
		buf_printf(&text, "; %u rows with %s", (unsigned)c->n, c->filter);
	screen_line(out, buf_cstr(&text), text.len, width, LOOK_BOLD);
	buf_free(&text);
}

static void
put_foot(const struct choice *c, unsigned width, struct buf *out)
{
	struct buf text = { 0 };

	if (c->typing) {
		buf_printf(&text, "rows with: %s_", c->filter);
	} else { /* the end of it may be out of sight */
		if (c->into != NULL)
			buf_printf(&text, "enter: %s  ", c->into);
		buf_str(&text, "?: help  q: end");
		if (c->moved + c->hidden > 0)
			buf_str(&text, c->hidden > 0 && c->moved > 0 ? "  <- -> columns" : c->hidden > 0 ? "  -> columns" : "  <- columns");
		if (c->back != NULL)
			buf_printf(&text, "  esc: %s", c->back);
	}
	screen_line(out, buf_cstr(&text), text.len, width, LOOK_DIM);
	buf_free(&text);
}

static void
draw_help(unsigned width)
{
	static const char *const lines[] = {
		"up, down, page up, page down, home, end, or a number: choose a row",
		"enter: what is in it        escape, backspace: back",
		"left, right: the columns that do not fit; if all do, back and in",
		"s: sort by the next column  /: only rows with a text",
		"q, ^C: end, and print the commands of the row",
		"",
		"any key: go on",
	};
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		screen_line(&out, lines[i], strlen(lines[i]), width, LOOK_PLAIN);
	screen_show(&out);
	buf_free(&out);
}

static void
draw(struct choice *c)
{
	struct buf out = { 0 }, foot = { 0 };
	unsigned used = 0, room, rows, width, fixed = fixed_places(&c->rank);

	screen_size(&rows, &width);
	if (c->help) {
		draw_help(width);
		return;
	}
	if (c->n > 0)
		used = screen_wrapped(&foot, c->l->ra[c->row[c->at]], width) + screen_wrapped(&foot, c->l->pcap[c->row[c->at]], width);
	room = rows > used + 5 ? rows - used - 5 : 1;
	if (c->at < c->top)
		c->top = c->at;
	if (c->at >= c->top + room)
		c->top = c->at - room + 1;
	put_title(c, width, &out);
	c->hidden = 0;
	put_row(c, -1, fixed, width, LOOK_UNDERLINE, &out);
	for (uint32_t i = c->top; i < c->top + room; i++)
		if (i < c->n)
			put_row(c, (int)c->row[i], fixed, width, i == c->at ? LOOK_REVERSE : LOOK_PLAIN, &out);
		else
			screen_line(&out, "", 0, width, LOOK_PLAIN);
	screen_line(&out, "", 0, width, LOOK_PLAIN);
	buf_add(&out, foot.p, foot.len);
	put_foot(c, width, &out);
	screen_show(&out);
	buf_free(&out);
	buf_free(&foot);
}

/* --- keys ----------------------------------------------------------------------------------------- */

static uint32_t
moved(uint32_t at, uint32_t n, int key)
{
	switch (key) {
	case KEY_UP:
	case 'k':
		return (at > 0 ? at - 1 : 0);
	case KEY_DOWN:
	case 'j':
		return (at + 1 < n ? at + 1 : at);
	case KEY_PAGE_UP:
		return (at > 10 ? at - 10 : 0);
	case KEY_PAGE_DOWN:
		return (at + 10 < n ? at + 10 : n > 0 ? n - 1 : 0);
	case KEY_HOME:
		return (0);
	case KEY_LAST:
		return (n > 0 ? n - 1 : 0);
	default:
		return (at);
	}
}

static uint32_t
chosen(const struct choice *c)
{
	return (c->n > 0 ? c->row[c->at] : 0);
}

static void
type_filter(struct choice *c, int key)
{
	size_t n = strlen(c->filter);
	uint32_t row = chosen(c);

	if (key == '\r' || key == '\n')
		c->typing = false;
	else if (key == KEY_ESCAPE) {
		c->typing = false;
		c->filter[0] = '\0';
	} else if ((key == KEY_ERASE || key == 8) && n > 0)
		c->filter[n - 1] = '\0';
	else if (key >= ' ' && key < KEY_ERASE && n < FILTER_MAX) {
		c->filter[n] = (char)key;
		c->filter[n + 1] = '\0';
	}
	choose_rows(c, row);
}

static void
take_digit(struct choice *c, uint32_t digit)
{
	uint32_t rows = c->l->rows->rows;

	c->number = c->number * 10 + digit;
	if (c->number > rows)
		c->number = digit;
	for (uint32_t i = 0; i < c->n; i++)
		if (c->row[i] + 1 == c->number)
			c->at = i;
}

/* false: it is about the way through the levels. */
static bool
take_key(struct choice *c, int key)
{
	if (key >= '0' && key <= '9') {
		take_digit(c, (uint32_t)(key - '0'));
		return (true);
	}
	c->number = 0;
	if (key == '?') {
		c->help = true;
	} else if (key == '/') {
		c->typing = true;
	} else if (key == 's') {
		c->sort = c->sort + 1 < (int)c->rest.n ? c->sort + 1 : RANK;
		choose_rows(c, chosen(c));
		c->top = 0;
	} else if ((key == KEY_RIGHT || key == 'l') && c->hidden > 0) {
		c->moved += c->hidden < STEP ? c->hidden : STEP;
	} else if ((key == KEY_LEFT || key == 'h') && c->moved > 0) {
		c->moved -= c->moved < STEP ? c->moved : STEP;
	} else if ((key == KEY_RIGHT || key == 'l') && c->moved > 0) {
		return (true); /* no further */
	} else {
		c->at = moved(c->at, c->n, key);
		return (false);
	}
	return (true);
}

static bool
take_answer(const struct choice *c, int key, enum term_answer *answer)
{
	if (key == 'q' || key == KEY_CTRL('c') || key == KEY_CTRL('d') || key == KEY_END_OF_INPUT)
		*answer = TERM_END;
	else if ((key == '\r' || key == '\n' || key == KEY_RIGHT || key == 'l') && c->n > 0)
		*answer = TERM_IN;
	else if (key == KEY_LEFT || key == 'h' || key == KEY_ERASE || key == 8 || key == KEY_ESCAPE)
		*answer = TERM_OUT;
	else
		return (false);
	return (true);
}

enum term_answer
term_choose(struct listing *l, uint32_t *at, const char *into, const char *back)
{
	struct choice c = { .l = l, .sort = RANK, .into = into, .back = back };
	enum term_answer answer = TERM_END;
	unsigned rows, width;

	screen_size(&rows, &width);
	listing_ranking(l, &c.rank, width < 70 ? 6 : 10);
	listing_rows(l, &c.rest);
	c.row = mem_zero((size_t)l->rows->rows + 1, sizeof(c.row[0]));
	choose_rows(&c, *at);
	for (;;) {
		int key;

		draw(&c);
		key = screen_key(-1);
		if (key == KEY_DRAW)
			continue;
		if (c.help && key != KEY_CTRL('c') && key != KEY_END_OF_INPUT)
			c.help = false;
		else if (c.typing && key != KEY_CTRL('c') && key != KEY_END_OF_INPUT)
			type_filter(&c, key);
		else if (!take_key(&c, key) && take_answer(&c, key, &answer))
			break;
	}
	*at = chosen(&c);
	free(c.row);
	grid_free(&c.rank);
	grid_free(&c.rest);
	return (answer);
}

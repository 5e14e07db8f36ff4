/* SPDX-License-Identifier: BSD-2-Clause
 *
 * term.c: a list on a terminal, in which a row is chosen with arrows or numbers.
 */
#include "ra-tools/out/drill.h"
#include "ra-tools/out/screen.h"

#include <string.h>

static void
draw(struct listing *l, const struct grid *g, uint32_t at, uint32_t *top, const char *below)
{
	struct buf out = { 0 }, text = { 0 }, foot = { 0 };
	unsigned used, room, rows, width;

	screen_size(&rows, &width);
	used = screen_wrapped(&foot, l->ra[at], width) + screen_wrapped(&foot, l->pcap[at], width);
	room = rows > used + 5 ? rows - used - 5 : 1;
	if (at < *top)
		*top = at;
	if (at >= *top + room)
		*top = at - room + 1;
	screen_line(&out, l->title, strlen(l->title), width, LOOK_BOLD);
	grid_line(g, -1, &text);
	screen_line(&out, (const char *)text.p, text.len, width, LOOK_UNDERLINE);
	for (uint32_t r = *top; r < *top + room; r++) {
		text.len = 0;
		if (r < l->rows->rows)
			grid_line(g, (int)r, &text);
		screen_line(&out, (const char *)text.p, text.len, width, r == at ? LOOK_REVERSE : LOOK_PLAIN);
	}
	screen_line(&out, "", 0, width, LOOK_PLAIN);
	buf_add(&out, foot.p, foot.len);
	screen_line(&out, below, strlen(below), width, LOOK_DIM);
	screen_show(&out);
	buf_free(&out);
	buf_free(&text);
	buf_free(&foot);
}

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
		return (at + 10 < n ? at + 10 : n - 1);
	case KEY_HOME:
		return (0);
	case KEY_LAST:
		return (n - 1);
	default:
		return (at);
	}
}

enum term_answer
term_choose(struct listing *l, uint32_t *at, const char *below)
{
	struct grid g = { 0 };
	enum term_answer answer = TERM_END;
	uint32_t top = 0, number = 0;

	listing_grid(l, &g, true, l->ranked ? 10 : 0);
	for (;;) {
		int key;

		draw(l, &g, *at, &top, below);
		key = screen_key(-1);
		if (key >= '0' && key <= '9') { /* the digits so far are a place in the list */
			number = number * 10 + (uint32_t)(key - '0');
			if (number > l->rows->rows)
				number = (uint32_t)(key - '0');
			if (number >= 1 && number <= l->rows->rows)
				*at = number - 1;
			continue;
		}
		number = 0;
		if (key == 'q' || key == KEY_CTRL('c') || key == KEY_CTRL('d') || key == KEY_END_OF_INPUT)
			break;
		if (key == '\r' || key == '\n' || key == KEY_RIGHT || key == 'l') {
			answer = TERM_IN;
			break;
		}
		if (key == KEY_LEFT || key == 'h' || key == KEY_ERASE || key == 8 || key == KEY_ESCAPE) {
			answer = TERM_OUT;
			break;
		}
		*at = moved(*at, l->rows->rows, key);
	}
	grid_free(&g);
	return (answer);
}

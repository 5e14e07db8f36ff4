/* SPDX-License-Identifier: BSD-2-Clause
 *
 * term.c: a list on a terminal, in which a row is chosen with arrows or numbers.
 */
#include "ra-tools/out/drill.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum key {
	KEY_OTHER = 256,
	KEY_UP,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_HOME,
	KEY_LAST,
	KEY_END_OF_INPUT
};

#define SCREEN	"\033[?1049h\033[?25l"
#define RESTORE "\033[?25h\033[?1049l"

static struct termios before;
static volatile sig_atomic_t taken;

static void
put(const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDOUT_FILENO, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		n -= (size_t)done;
	}
}

void
term_close(void)
{
	if (!taken)
		return;
	taken = 0;
	put(RESTORE, sizeof(RESTORE) - 1);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static void
killed(int sig)
{
	term_close(); /* write() and tcsetattr() may be called here */
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

bool
term_open(void)
{
	struct termios raw;
	const char *kind = getenv("TERM");

	if (kind == NULL || strcmp(kind, "dumb") == 0 || tcgetattr(STDIN_FILENO, &before) != 0)
		return (false);
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0)
		return (false);
	taken = 1;
	(void)signal(SIGTERM, killed);
	(void)signal(SIGHUP, killed);
	(void)atexit(term_close);
	put(SCREEN, sizeof(SCREEN) - 1);
	return (true);
}

static int
byte(int wait) /* tenths of a second; 0: for ever */
{
	struct termios t;
	unsigned char c;
	ssize_t n;

	if (tcgetattr(STDIN_FILENO, &t) == 0) {
		t.c_cc[VMIN] = wait == 0;
		t.c_cc[VTIME] = (cc_t)wait;
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &t);
	}
	do
		n = read(STDIN_FILENO, &c, 1);
	while (n < 0 && errno == EINTR);
	return (n == 1 ? c : -1);
}

static int
read_key(void)
{
	int c = byte(0);

	if (c < 0)
		return (KEY_END_OF_INPUT);
	if (c != 033)
		return (c);
	c = byte(1);
	if (c < 0)
		return (033);
	if (c != '[' && c != 'O')
		return (KEY_OTHER);
	switch (c = byte(1)) {
	case 'A':
		return (KEY_UP);
	case 'B':
		return (KEY_DOWN);
	case 'C':
		return (KEY_RIGHT);
	case 'D':
		return (KEY_LEFT);
	case 'H':
		return (KEY_HOME);
	case 'F':
		return (KEY_LAST);
	case '5':
	case '6':
		(void)byte(1); /* ~ */
		return (c == '5' ? KEY_PAGE_UP : KEY_PAGE_DOWN);
	default:
		return (KEY_OTHER);
	}
}

/* As much of the text as fits; characters of one column each. */
static void
cut(struct buf *to, const char *text, size_t n, unsigned width)
{
	struct buf shown = { 0 };
	unsigned w = 0;
	size_t fits = 0;

	buf_plain(&shown, text, n);
	for (; fits < shown.len; fits++)
		if ((shown.p[fits] & 0xc0) != 0x80 && w++ == width)
			break;
	buf_add(to, shown.p, fits);
	buf_free(&shown);
}

static void
line(struct buf *to, const char *text, size_t n, unsigned width, const char *look)
{
	buf_str(to, look);
	cut(to, text, n, width);
	buf_str(to, "\033[0m\033[K\r\n");
}

/* A command is there to be copied: whole, over as many lines as it takes. */
static unsigned
wrapped(struct buf *to, const char *text, unsigned width)
{
	size_t n = strlen(text);
	unsigned lines = 0;

	for (size_t at = 0; at < n; at += width, lines++) {
		cut(to, text + at, n - at, width);
		buf_str(to, "\033[K\r\n");
	}
	return (lines);
}

static void
draw(struct listing *l, const struct grid *g, uint32_t at, uint32_t *top, const char *below)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	struct buf out = { 0 }, text = { 0 }, foot = { 0 };
	unsigned used, room, width;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 8 || size.ws_col < 20)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	width = size.ws_col;
	used = wrapped(&foot, l->ra[at], width) + wrapped(&foot, l->pcap[at], width);
	room = size.ws_row > used + 5 ? size.ws_row - used - 5 : 1;
	if (at < *top)
		*top = at;
	if (at >= *top + room)
		*top = at - room + 1;
	buf_str(&out, "\033[H");
	line(&out, l->title, strlen(l->title), width, "\033[1m");
	grid_line(g, -1, &text);
	line(&out, (const char *)text.p, text.len, width, "\033[4m");
	for (uint32_t r = *top; r < *top + room; r++) {
		text.len = 0;
		if (r < l->rows->rows)
			grid_line(g, (int)r, &text);
		line(&out, (const char *)text.p, text.len, width, r == at ? "\033[7m" : "");
	}
	line(&out, "", 0, width, "");
	buf_add(&out, foot.p, foot.len);
	line(&out, below, strlen(below), width, "\033[2m");
	buf_str(&out, "\033[J");
	put((const char *)out.p, out.len);
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
		key = read_key();
		if (key >= '0' && key <= '9') { /* the digits so far are a place in the list */
			number = number * 10 + (uint32_t)(key - '0');
			if (number > l->rows->rows)
				number = (uint32_t)(key - '0');
			if (number >= 1 && number <= l->rows->rows)
				*at = number - 1;
			continue;
		}
		number = 0;
		if (key == 'q' || key == 3 || key == 4 || key == KEY_END_OF_INPUT)
			break;
		if (key == '\r' || key == '\n' || key == KEY_RIGHT || key == 'l') {
			answer = TERM_IN;
			break;
		}
		if (key == KEY_LEFT || key == 'h' || key == 0x7f || key == 8 || key == 033) {
			answer = TERM_OUT;
			break;
		}
		*at = moved(*at, l->rows->rows, key);
	}
	grid_free(&g);
	return (answer);
}

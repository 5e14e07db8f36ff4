/* SPDX-License-Identifier: BSD-2-Clause
 *
 * screen.c: the whole terminal.  Test: truth/drill.py, tests/top.tap press keys on one.
 */
#include "ra-tools/out/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define SCREEN	"\033[?1049h\033[?25l"
#define RESTORE "\033[?25h\033[?1049l"
#define LETTER	50 /* ms between the bytes of a key */

static struct termios before;
static int keys = -1;
static volatile sig_atomic_t taken, another;

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

/* --- taken and given back; all of this may be done in a signal handler */

static bool
enter(void)
{
	struct termios raw = before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(keys, TCSANOW, &raw) != 0)
		return (false);
	taken = 1;
	put(SCREEN, sizeof(SCREEN) - 1);
	return (true);
}

void
screen_close(void)
{
	if (!taken)
		return;
	taken = 0;
	put(RESTORE, sizeof(RESTORE) - 1);
	(void)tcsetattr(keys, TCSANOW, &before);
}

static void
killed(int sig)
{
	screen_close();
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void
stopped(int sig)
{
	bool here = taken != 0;
	int error = errno;

	(void)sig;
	screen_close();
	(void)raise(SIGSTOP);
	if (here && tcgetattr(keys, &before) == 0) /* as the shell has it now */
		(void)enter();
	another = 1;
	errno = error;
}

static void
resized(int sig)
{
	(void)sig;
	another = 1;
}

bool
screen_open(void)
{
	static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGABRT };
	const char *kind = getenv("TERM");

	if (kind == NULL || strcmp(kind, "dumb") == 0)
		return (false);
	if (keys < 0)
		keys = isatty(STDIN_FILENO) ? STDIN_FILENO : open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (keys < 0 || tcgetattr(keys, &before) != 0 || !enter())
		return (false);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		(void)signal(deadly[i], killed);
	(void)signal(SIGTSTP, stopped);
	(void)signal(SIGWINCH, resized);
	(void)atexit(screen_close);
	return (true);
}

void
screen_size(unsigned *rows, unsigned *columns)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 8 || size.ws_col < 20)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	*rows = size.ws_row;
	*columns = size.ws_col;
}

unsigned
screen_places(void)
{
	struct winsize size;

	return (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0);
}

/* --- keys */

static int
byte(int ms)
{
	struct pollfd p = { .fd = keys, .events = POLLIN };
	unsigned char c;
	int n = poll(&p, 1, ms);

	if (n == 0 || (n < 0 && errno == EINTR))
		return (another ? KEY_DRAW : KEY_NONE);
	return (n > 0 && read(keys, &c, 1) == 1 ? c : KEY_END_OF_INPUT);
}

static int
after_escape(void)
{
	int c = byte(LETTER);

	if (c < 0)
		return (KEY_ESCAPE);
	if (c != '[' && c != 'O')
		return (KEY_OTHER);
	switch (c = byte(LETTER)) {
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
		(void)byte(LETTER); /* ~ */
		return (c == '5' ? KEY_PAGE_UP : KEY_PAGE_DOWN);
	default:
		return (KEY_OTHER);
	}
}

int
screen_key(int ms)
{
	for (;;) {
		int c = another ? KEY_DRAW : byte(ms);

		if (c == KEY_DRAW) {
			another = 0;
			return (c);
		}
		if (c == KEY_NONE && ms < 0)
			continue;
		if (c == KEY_CTRL('z'))
			(void)kill(0, SIGTSTP); /* as the terminal would: all that is in the pipeline */
		else
			return (c == KEY_ESCAPE ? after_escape() : c);
	}
}

/* --- lines */

/* As much of the text as fits; characters of one column each. */
static void
cut(struct buf *to, const char *text, size_t n, unsigned width)
{
	struct buf plain = { 0 };
	unsigned w = 0;

	buf_plain(&plain, text, n);
	for (size_t i = 0; i < plain.len; i++) {
		bool first = (plain.p[i] & 0xc0) != 0x80;

		if (first && w++ == width)
			break;
		buf_u8(to, plain.p[i]);
	}
	buf_free(&plain);
}

void
screen_line(struct buf *to, const char *text, size_t n, unsigned width, const char *look)
{
	if (look != NULL)
		buf_str(to, look);
	cut(to, text, n, width > 0 ? width : UINT_MAX);
	buf_str(to, look != NULL ? "\033[0m\033[K\r\n" : "\n");
}

unsigned
screen_wrapped(struct buf *to, const char *text, unsigned width)
{
	size_t n = strlen(text);
	unsigned lines = 0;

	for (size_t at = 0; at < n; at += width, lines++) {
		cut(to, text + at, n - at, width);
		buf_str(to, "\033[K\r\n");
	}
	return (lines);
}

void
screen_show(const struct buf *b)
{
	struct buf all = { 0 };

	/* behind the last line there is none: the screen would move */
	buf_str(&all, "\033[H");
	buf_add(&all, b->p, b->len >= 2 ? b->len - 2 : b->len);
	buf_str(&all, "\033[J");
	put((const char *)all.p, all.len);
	buf_free(&all);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * screen.h: the whole terminal: taken, given back whatever happens, keys, lines that fit.  For term.c, top.c.
 */
#ifndef RA_TOOLS_OUT_SCREEN_H
#define RA_TOOLS_OUT_SCREEN_H

#include "format/base/buf.h"

#include <stdbool.h>

/* Bytes of other keys are themselves; what no key has is below 0. */
enum {
	KEY_END_OF_INPUT = -3,
	KEY_DRAW = -2, /* the screen is another one: drawn anew after a stop, or of another size */
	KEY_NONE = -1, /* nothing was pressed in that time */
	KEY_OTHER = 256,
	KEY_UP,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_HOME,
	KEY_LAST
};
#define KEY_CTRL(letter) ((letter) & 0x1f)
#define KEY_ESCAPE	 033
#define KEY_ERASE	 0x7f

#define LOOK_PLAIN     ""
#define LOOK_BOLD      "\033[1m"
#define LOOK_DIM       "\033[2m"
#define LOOK_UNDERLINE "\033[4m"
#define LOOK_REVERSE   "\033[7m"

/* Takes the terminal.  Keys come from it also where standard input is a pipe.  false: it can not be had, or is a simple
 * one (TERM=dumb).  It is given back at exit, when a signal ends the program, and while it is stopped (^Z). */
bool screen_open(void);
void screen_close(void);
/* Of the terminal at standard output; 24 by 80 if nobody knows. */
void screen_size(unsigned *rows, unsigned *columns);
unsigned screen_places(void); /* columns of it; 0: nobody knows */
/* The next key, after at most `ms`; -1: whenever it comes. */
int screen_key(int ms);

/* A line of at most `width` characters (0: any number), of one column each, and the rest of it empty.  look NULL: not for
 * a screen. */
void screen_line(struct buf *, const char *text, size_t n, unsigned width, const char *look);
/* The text over as many lines as it takes; how many. */
unsigned screen_wrapped(struct buf *, const char *text, unsigned width);
/* From the top: what was drawn into the buffer, nothing below it. */
void screen_show(const struct buf *);

#endif

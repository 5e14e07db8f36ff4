/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show.h: what a program says of itself: its options, for people and for getopt; its version; plain lists.
 *
 * Options are the rows of an .opt file.  Records and reports go to standard output by ways of their own.
 */
#ifndef FORMAT_BASE_SHOW_H
#define FORMAT_BASE_SHOW_H

#include "format/base/buf.h"

struct option; /* of getopt.h */

struct option_row {
	int code;                     /* its letter; 256 or more: it has none */
	const char *name, *arg, *doc; /* arg NULL: it takes none; "[=what]": it may have one */
};

#define OPTION_LETTERS(n) (2 * (n) + 3)

/* The words of getopt_long() for n rows: letters[OPTION_LETTERS(n)] and longs[n + 1].  The first word that is no option
 * ends them; one that lacks its argument is ':'. */
void option_words(const struct option_row *, unsigned n, char *letters, struct option *longs);
/* Append a line for each of n rows, as --help has them. */
void option_lines(struct buf *, const struct option_row *, unsigned n);

/* To standard output. */
void show_printf(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif

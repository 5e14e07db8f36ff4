/* SPDX-License-Identifier: BSD-2-Clause
 *
 * again.h: a page says in its head how it was made, so that it can be made again and compared (--verify).
 *
 * The head has lines <meta name="pavo-WHAT" content="...">; words in them stand percent-encoded with spaces between.
 */
#ifndef RA_TOOLS_RUN_AGAIN_H
#define RA_TOOLS_RUN_AGAIN_H

#include "format/base/buf.h"
#include "ra-tools/run/run.h"

/* Append the lines of a head: the options that decide what is on the page, the filter, the inputs as typed. */
void again_meta(struct run *, struct buf *);
/* Append the command that makes the page again, for a shell, with times as instants; and the one that compares it. */
void again_command(struct run *, const char *tool, const char *page, struct buf *);
void again_verify(struct run *, const char *tool, const char *page, struct buf *);

struct again { /* a page that was made before */
	char *page;  /* all of it */
	size_t n;
	char **argv; /* the command line that makes it of other files; ends with NULL */
	int argc;
	char *inputs; /* as they were typed then */
};

/* The page, and the command line of these files.  A page is not trusted: only options that choose what a page shows are taken
 * from it.  Ends the program with a sentence where it can not be done. */
struct again again_read(const char *program, const char *page, char *const *files, int n);
void again_free(struct again *);
/* Are they the same but for what stands between the lines `from` and `to`?  false: the first line that is not, of each, as text
 * without markup, is in *was and *is. */
bool again_same(const struct again *, const struct buf *now, const char *from, const char *to, struct buf *was, struct buf *is);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * twice.h: the same packets in two files, or twice in one: MAR records of one probe and bin, written by two runs of it, whose
 * frames came in the same time.  (Where they did not, the probe was started anew within the bin.)
 */
#ifndef RA_TOOLS_QUERY_TWICE_H
#define RA_TOOLS_QUERY_TWICE_H

#include "format/base/arena.h"
#include "format/base/buf.h"
#include "format/base/clock.h"
#include "format/batch.h"

struct twice {
	const char *a, *b;    /* two of the files; the same: twice in one */
	const char *probe;
	int64_t first, last;  /* frames of both came from this time to that */
	unsigned more;	      /* other files that share frames with one of these */
};

/* Among the files that read says of, in [from, to); "-" is none.  What is found lives in the arena.  false: nothing. */
bool twice_find(char *const *path, const bool *read, unsigned n, int64_t from, int64_t to, struct arena *, struct twice *);

/* The same of input that can be read once: rows as they come, of the first million bins.  What is found lives as long as this. */
struct twice_met;
struct twice_met *twice_met_new(int64_t from, int64_t to);
void twice_met_free(struct twice_met **);
void twice_meet(struct twice_met *, const struct batch *, const char *path, const char *probe); /* MAR records among all rows */
bool twice_met_find(struct twice_met *, struct twice *);

/* The sentence that says so. */
void twice_text(const struct twice *, enum clock_zone, struct buf *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * filter.h: the filter language, pavo-filter(7): text -> tokens -> tree -> typed tree -> steps -> bitmap.
 *
 * A comparison with an absent or mixed value is false; `not` negates plainly (SEMANTICS R11).
 */
#ifndef RA_TOOLS_FILTER_FILTER_H
#define RA_TOOLS_FILTER_FILTER_H

#include "format/base/clock.h"
#include "format/batch.h"
#include "format/reader.h"

struct filter;

struct filter_error {
	char text[256];  /* what was expected, a sentence */
	unsigned column; /* of the text, from 0: the caret goes under it */
	unsigned length; /* of the bad word, at least 1 */
	char instead[64]; /* the word that would do there; "": none is known */
};

/* NULL: *error says where and why.  `now` and `zone` for times. An empty text selects everything. */
struct filter *filter_new(const char *text, int64_t now, enum clock_zone, struct filter_error *);
void filter_free(struct filter **);
/* Does the text name a file (in FILE), which filter_new() reads?  true where it may. */
bool filter_may_read(const char *text);
const struct fieldset *filter_fields(const struct filter *); /* what must be read, needs included */
/* What says that no row of a block can match: least and greatest values and presence; a membership filter; the
 * block's dictionary of addresses. FILTER_MAYBE: nothing does. */
enum filter_skip { FILTER_MAYBE, FILTER_RANGE, FILTER_MEMBER, FILTER_ADDRESS };
enum filter_skip filter_skips(const struct filter *, const struct block_info *);
/* Set bit r of `sel` (BITS_WORDS(rows) words) where row r matches.  Derives columns as needed. */
void filter_run(const struct filter *, struct batch *, uint64_t *sel);
static inline bool
filter_maybe(const struct filter *f, const struct block_info *b)
{
	return (filter_skips(f, b) == FILTER_MAYBE);
}
/* Where it mixes `and` with `or` and no parentheses tell them apart: the text with those that say how it was read; else NULL. */
const char *filter_read_as(const struct filter *);
/* The name of a file behind `in` that has no address; NULL: there is none such. */
const char *filter_empty_list(const struct filter *);
/* Does the text speak of MAR rows (the word `mar`, or rectype)?  Else they are left out by the caller. */
bool filter_wants_mar(const struct filter *);
/* Does it speak of how flows end, or of what has no packets (rectype, state, conn, cause, health, end, has pkts)?  Else rows that say
 * of an end alone may be left out. */
bool filter_wants_events(const struct filter *);

#endif

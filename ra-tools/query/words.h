/* SPDX-License-Identifier: BSD-2-Clause
 *
 * words.h: texts and histograms by number: however many rows have the same bytes, they lie there once.
 */
#ifndef RA_TOOLS_QUERY_WORDS_H
#define RA_TOOLS_QUERY_WORDS_H

#include "format/base/arena.h"
#include "format/value.h"

struct word {
	struct blob bytes;
	uint32_t room; /* it belongs to one row, and has so much room; 0: to all rows that have the same */
};

struct words {
	struct word *word;
	uint32_t n, cap;
	uint32_t *slot, mask; /* word + 1 of those that are shared, by their hash */
	uint64_t seed;
	uint64_t bytes, memory; /* of the words themselves; of all that is here */
	struct arena arena;
};

/* The number of these bytes among those that rows share. */
uint32_t words_shared(struct words *, const struct blob *);
/* Bytes of one row alone, where `was` was before. */
uint32_t words_own(struct words *, uint32_t was, bool had, const struct blob *);
void words_free(struct words *);

#endif

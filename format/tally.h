/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tally.h: the blocks of a segment that were found, against those that its index and its trailer name.  For reader_find.c.
 */
#ifndef FORMAT_TALLY_H
#define FORMAT_TALLY_H

#include "format/meta.h"

struct tally_block {
	uint64_t offset, length; /* in the file */
	uint64_t number;	 /* in the file, from 1 */
	uint32_t rows;
	uint64_t bstart; /* the least; UINT64_MAX: not known */
};

struct tally {
	uint64_t begin;	  /* of the segment, in the file */
	uint64_t records; /* of its blocks */
	struct tally_block *found;
	size_t n, cap;
	bool indexed;
	struct index_entry *said; /* in the arena */
	size_t nsaid;
	struct arena arena;
	/* of all segments so far */
	uint64_t missing, surplus; /* records that are named and not there; there and not named */
	uint64_t *number;	   /* of the blocks that are too much, ascending */
	size_t numbers;
};

void tally_free(struct tally *);
void tally_begin(struct tally *, uint64_t offset); /* a segment begins */
void tally_block(struct tally *, const struct tally_block *);
void tally_index(struct tally *, const uint8_t *payload, size_t);
/* The trailer at `offset`.  false: something is missing, or too much, or else not as it was written; *to gets a sentence
 * about it. */
bool tally_end(struct tally *, const uint8_t *payload, size_t, uint64_t offset, struct buf *to);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_decoding.h: a block while it is read, in steps: what the files that read it share.
 *
 *	block_get.c     sections, sets of rows, the dictionary of addresses; which columns have to be read for others
 *	block_dense.c   a section as a column, all of it
 *	block_pick.c    a few rows of a column
 */
#ifndef FORMAT_BLOCK_DECODING_H
#define FORMAT_BLOCK_DECODING_H

#include "format/block.h"
#include "format/block_memory.h"

struct decoding {
	struct blocks *k;
	const struct directory *d;
	const struct fieldset *odd;
	struct batch *b;
	block_fetch fetch;
	void *arg;
	uint64_t *at;   /* offset of each column's section */
	uint64_t **set; /* decoded sets */
	uint64_t *set_at;
	bool *need;     /* columns to decode now */
	struct dense **dense; /* those that are */
	const struct ip *addrs; /* NULL: not read yet */
};

/* The bytes of the column's section, checked and decompressed, until the next one is opened. */
enum block_result column_open(struct decoding *, uint32_t column, struct cursor *);
/* The same of the dictionary of addresses. */
enum block_result dictionary_open(struct decoding *, struct cursor *);
/* Which rows it has: store, n, present, mixed. */
enum block_result column_rows(struct decoding *, uint32_t column, struct dense *);
/* A value from the directory; false: it is of another kind. */
bool block_value(enum store, const struct dir_value *, union value *);
/* The column, all of it, from its section. What it is made of is there already.  Addresses as numbers alone. */
enum block_result column_dense(struct decoding *, uint32_t column);
/* The columns before this one that its encoding names; their number. */
unsigned column_references(const struct directory *, uint32_t column, uint32_t to[DIR_MORE]);
enum field column_field(const struct decoding *, uint32_t column);
/* An id that follows from other fields of its row. */
bool column_is_id(const struct decoding *, uint32_t column);
/* Mark what has to be decoded for these fields.  As block_read(). */
void mark_needed(struct decoding *, const struct fieldset *want, enum field *unknown);
enum block_result decode_needed(struct decoding *);

#endif

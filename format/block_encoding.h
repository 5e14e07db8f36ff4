/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_encoding.h: a block while it is made: what the files that make it share.
 *
 *	block_put.c     columns in their encodings, sections, membership, the directory
 *	block_rows.c    which rows a column has, and what it has in these
 *	block_blobs.c   columns of bytes
 */
#ifndef FORMAT_BLOCK_ENCODING_H
#define FORMAT_BLOCK_ENCODING_H

#include "format/block.h"
#include "format/block_memory.h"

#define SETS_MAX (2 * F_STORED + 2) /* of values and mixed rows; none and all */

/* Rows that columns have, most often many columns the same. */
struct rowset {
	const uint64_t *from;  /* the bitmap of the batch that it was made of */
	const uint64_t *bits;  /* of the selected rows: BITS_WORDS(rows) words, none behind them */
	uint32_t n;            /* members */
	int32_t number;        /* in the directory: ROWS_NONE, ROWS_ALL, or from 1 */
	const uint32_t *at;    /* its members among the selected rows, once somebody asked; of ROWS_ALL none */
	const uint32_t *row;   /* the same in the batch; none if all of the batch's rows are members */
};

struct outgoing { /* a column on its way */
	enum field f;
	const struct column *c;
	struct rowset *set;
	uint32_t n; /* values */
	struct dir_column dir;
};

struct beside { /* what is in a piece of memory: the first n values that rows of a set have */
	const struct rowset *set;
	enum field f;
	uint32_t n;
};

struct encoding { /* one call of block_encode() */
	struct blocks *k;
	const struct batch *b;
	uint32_t rows;
	const uint32_t *row; /* the selected ones; NULL: all */
	struct rowset *set;  /* all of them */
	uint32_t sets;
	struct outgoing *work[F_STORED]; /* columns with values that are put; NULL: there is none (yet) */
	const uint64_t **place;          /* of each field held as address: the places of its rows in the dictionary */
	struct beside beside[FORMULA_FIELDS]; /* what is in k->beside */
	struct outgoing *liked; /* the column of which k->others has the rows that are not like others */
	uint32_t unlike;        /* how many these are, or more than may be */
	struct directory d;
};

/* The selected rows; how many. */
uint32_t rows_select(struct encoding *);
/* The set of these rows of the batch. */
struct rowset *rows_of_bits(struct encoding *, const uint64_t *bits);
/* The same without those where the column has the time that bstart has, which says nothing. */
struct rowset *rows_of_companion(struct encoding *, const struct column *);
/* The rows in the batch of the set's members, in order; NULL: the first ones. */
const uint32_t *rows_list(struct encoding *, struct rowset *);
/* Sections of all sets with a number, and the directory's entries of them. */
void rows_put(struct encoding *);

/* The column's numbers in the first n rows of the set, in order: in `to`, or in the column's own memory if nothing has to be left
 * out. */
const uint64_t *rows_gather(struct encoding *, const struct column *, struct rowset *, uint32_t n, uint64_t *to);
/* Is every row of the set one of that column, which is there? */
bool rows_within(struct encoding *, struct rowset *, enum field);
/* The values of another field in the first n rows of a set, 0 where it is not present; addresses as their places in the
 * dictionary, from 1.  In k->beside[room], until that is used for others, or where they are.  NULL: it has no column. */
const uint64_t *rows_beside(struct encoding *, struct rowset *, enum field, uint32_t n, unsigned room);
/* Places in the dictionary of the members of a set, as those of all selected rows: from 1, and 0 where a row is no member. */
const uint64_t *rows_places(struct encoding *, struct rowset *, const uint64_t *index);

/* Sections (block_put.c): k->body compressed or not, and what the directory says of it. */
struct dir_section put_body(struct blocks *);
/* Numbers behind what is in k->body, as planned or as LZ4 may like it better: the smaller one is put.  nested: the encoding
 * is said before them, not in the directory. */
void put_smaller(struct encoding *, struct outgoing *, const struct plan *, const uint64_t *v, uint32_t n, bool nested);
/* A column of bytes (block_blobs.c). */
void put_blob(struct encoding *, struct outgoing *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block.h: a batch as the bytes of a block and back (pavo(5)).  Knows no files.
 */
#ifndef FORMAT_BLOCK_H
#define FORMAT_BLOCK_H

#include "format/batch.h"
#include "format/codec.h"
#include "format/meta.h"

/* Working memory; one per writer or reader. */
struct blocks;
struct blocks *blocks_new(void);
void blocks_free(struct blocks **);
/* Columns are compressed with Zstandard from now on.  false: built without it. */
bool blocks_zstd(struct blocks *);
#define BLOCKS_ZSTD_LEVEL 12 /* measured: higher ones cost much and save little */

/* Append the selected rows as a block object and its sections; 0 rows append nothing.  `used`: the
 * fields that have a column in it; `entry`: rows, length and times of it.  Companion times equal to
 * bstart are left out. */
void block_encode(struct blocks *, const struct batch *, struct buf *out, struct fieldset *used,
    struct index_entry *entry);

/* Rows and times of a block, for the index. */
void block_times(const struct directory *, struct index_entry *);

/* What is known of each field from the directory alone.  `odd`: fields that count as unknown. */
void block_ranges(const struct directory *, const struct fieldset *odd, struct range range[static F_COUNT]);

/* n bytes of the sections at `offset` behind the block object, valid until the next call; NULL: not there. */
typedef const uint8_t *(*block_fetch)(void *, uint64_t offset, uint32_t n);

enum block_result {
	BLOCK_GOOD,
	BLOCK_MISSING, /* fetch had not enough */
	BLOCK_DAMAGED,
};

/* Fill the batch with the columns of the block that are in `want` (NULL: all), and no other.
 * `unknown`: set to the field of a column that had to be left out for its encoding, else untouched. */
enum block_result block_decode(struct blocks *, const struct directory *, const struct fieldset *want,
    const struct fieldset *odd, block_fetch, void *arg, struct batch *, enum field *unknown);
/* The same in steps.  A batch of the block's rows that has no columns yet; the directory, `odd` and what `fetch` reads live on. */
void block_open(struct blocks *, const struct directory *, const struct fieldset *odd, block_fetch, void *arg,
    struct batch *);
/* The columns in `want`, beside those that are there: dense, valid until the next block_open() or block_encode(). */
enum block_result block_read(struct blocks *, const struct fieldset *want, enum field *unknown);
/* Rows that are the same in some fields are taken as one, so that of others the least or the greatest value is enough. */
struct extremes {
	struct fieldset same, of;
};
/* The same, where all rows are taken: if they are one, each has the least (AGG_MIN) or the greatest (AGG_MAX) value of all in
 * those columns for which the directory tells it. */
enum block_result block_read_extremes(struct blocks *, const struct fieldset *want, const struct extremes *,
    enum field *unknown);
/* Of the block only n > 0 rows, ascending, and the columns in `want`, into a batch of its own, which lives as long. */
enum block_result block_pick(struct blocks *, const struct fieldset *want, const uint32_t *row, uint32_t n,
    struct batch *, enum field *unknown);
/* A block as it lies in a file, and what the file has to say of it. */
struct block_bytes {
	const uint8_t *p;
	size_t n;
	struct fieldset used;
	struct index_entry entry;
};
/* The bytes of the block that is open, object and sections, are these.  false: some of it can not be read here. */
bool block_whole(struct blocks *, const uint8_t *p, size_t n, struct block_bytes *);
/* The address dictionary alone, ascending in each family: n4 IPv4, then n6 IPv6.  Valid until the next call for
 * another block; block_decode() of the same block uses it again. */
enum block_result block_addresses(struct blocks *, const struct directory *, block_fetch, void *arg,
    const struct ip **);
/* The membership filter of `what`, *size bytes, valid as long as what `fetch` gives; NULL: there is none to trust. */
const uint8_t *block_member(const struct directory *, enum member what, block_fetch, void *arg,
    uint32_t *size);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reader.h: record files, read block by block.  The bytes: pavo(5).
 */
#ifndef FORMAT_READER_H
#define FORMAT_READER_H

#include "format/batch.h"

#include <stdio.h>

struct reader;

/* What can be said of a block from its directory alone. */
struct range {
	bool known;         /* min and max are there */
	bool absent;        /* no row of the block has the field (present or mixed) */
	bool all;           /* every row has it, none is mixed */
	bool mixed;         /* some row is mixed: anything may match */
	union value min, max; /* of present values; STORE_BLOB: never known */
};
struct block_info {
	uint32_t rows;
	uint64_t offset;    /* in the file; 0 = not seekable */
	const struct range *range; /* F_COUNT of them; derived fields: not known */
};

/* Settings of the probe that wrote the segment being read; strings live until the next reader_next(). */
struct segment_info {
	const char *probe;
	uint32_t interval;  /* T in seconds; 0 = not said */
	uint32_t snaplen;
	bool filtered;      /* written under a filter */
	bool live;
};

/* Called with each block's ranges before its columns are read; false: skip the block. */
typedef bool (*reader_wants)(void *, const struct block_info *);

struct reader *reader_open(const char *path, char *err, size_t errlen); /* "-" = stdin; NULL: err says why */
void reader_want(struct reader *, reader_wants, void *arg);
/* Within `wants` only: all addresses of the block's address columns, n4 IPv4 ascending, then n6 IPv6
 * ascending, valid until it returns; NULL: not known (then anything may match). Costs one section. */
const struct ip *reader_addresses(struct reader *, uint32_t *n4, uint32_t *n6);
/* The next block that is wanted, with the columns in `want` (NULL: all).  Valid until the next call.
 * NULL: the end, clean or not (reader_error). Damaged blocks are skipped and reported. */
struct batch *reader_next(struct reader *, const struct fieldset *want);
/* The first thing that was wrong, a whole sentence with file and offset; NULL if nothing was. */
const char *reader_error(const struct reader *);
/* Not wrong, but worth saying (unknown encoding, file still being written); NULL if nothing. */
const char *reader_warning(const struct reader *);
const struct segment_info *reader_segment(const struct reader *);
/* Bytes of input consumed, and the size of the input (0: not known, a pipe); for progress. */
void reader_progress(const struct reader *, uint64_t *done, uint64_t *size);
/* Totals so far: records and blocks read, blocks skipped, bytes that could not be used. */
struct reader_totals {
	uint64_t records, blocks, skipped, bad_bytes;
};
struct reader_totals reader_totals(const struct reader *);
void reader_close(struct reader **);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reader.h: record files, read block by block.  The bytes: pavo(5).
 */
#ifndef FORMAT_READER_H
#define FORMAT_READER_H

#include "format/batch.h"
#include "format/segment.h"

#include <stdio.h>

struct reader;
struct piece;

struct block_info { /* before its columns are read */
	uint32_t rows;
	uint64_t offset;    /* in the file; 0 = not seekable */
	const struct range *range; /* F_COUNT of them; derived fields: not known */
	struct piece *piece; /* for the questions below; NULL: only ranges are known */
};
/* Within `wants` only.  All addresses of the block's address columns, n4 IPv4 ascending, then n6 IPv6
 * ascending, valid until it returns; NULL: not known (then anything may match). Costs one section. */
const struct ip *piece_addresses(struct piece *, uint32_t *n4, uint32_t *n6);
/* false: no row of the block has this value in the field, says a membership filter.  Costs a small section. */
bool piece_may_hold(struct piece *, enum field, const union value *);

/* Called with each block's ranges before its columns are read.  0: it is wanted; else why it is skipped, a number
 * below READER_WHYS that reader_totals counts. With pieces, several threads call it. */
#define READER_WHYS 8
typedef unsigned (*reader_wants)(void *, const struct block_info *);

struct reader *reader_open(const char *path, char *err, size_t errlen); /* "-" = stdin; NULL: err says why */
/* The same; while a pipe is waited for, `enough` is asked some times a second (and when a signal comes): true ends it. */
typedef bool (*reader_enough)(void *);
struct reader *reader_open_until(const char *path, reader_enough, void *arg, char *err, size_t errlen);
bool reader_stopped(const struct reader *); /* it did */
void reader_want(struct reader *, reader_wants, void *arg);
/* Blocks whose bins all end at or before `from` or begin at or behind `to` are skipped for the reason `why`, by the
 * file's index if it has one. */
void reader_between(struct reader *, int64_t from, int64_t to, unsigned why);
/* The next block that is wanted, with the columns in `want` (NULL: all).  Valid until the next call.
 * NULL: the end, clean or not (reader_error). Damaged blocks are skipped and reported. */
struct batch *reader_next(struct reader *, const struct fieldset *want);
/* The first thing that was wrong, a whole sentence with file and offset; NULL if nothing was. */
const char *reader_error(const struct reader *);
/* Not wrong, but worth saying (unknown encoding, file still being written); NULL if nothing. */
const char *reader_warning(const struct reader *);
const struct segment_info *reader_segment(const struct reader *); /* being read; lives until the next reader_next() */
/* Bytes of input consumed, and the size of the input (0: not known, a pipe); for progress. */
void reader_progress(const struct reader *, uint64_t *done, uint64_t *size);
/* Totals so far: records and blocks read, blocks skipped, bytes that could not be used. */
struct reader_totals {
	uint64_t records, blocks, skipped, bad_bytes;
	uint64_t why[READER_WHYS]; /* of the skipped ones */
	uint64_t segments, closed; /* headers; of those, with a trailer */
	uint64_t later; /* segments of another version of the format, which were passed over */
	uint64_t missing, surplus; /* records that indexes and trailers name and that are not there; and the reverse */
};
struct reader_totals reader_totals(const struct reader *);
uint64_t reader_number(const struct reader *); /* of the block that reader_next() gave, from 1, in the file */
/* Numbers of the *n blocks that are too much, ascending, once their segments have been read; the reader's. */
const uint64_t *reader_surplus(const struct reader *, size_t *n);
/* A file that somebody is writing has grown since its end was reached: true, and reading goes on there. */
bool reader_again(struct reader *);
bool reader_being_written(const struct reader *);
/* Another file has its name now, or it was begun anew: what was read is not in it. */
bool reader_was_replaced(const struct reader *);
void reader_close(struct reader **);

/* --- one file read by several threads.  Each has a piece: "in turn" one thread at a time finds the next block with
 * its piece, all read what they found at the same time, and each settles its piece, in turn again. */
struct piece *piece_new(void);
void piece_free(struct piece **);
/* In turn: the next block of the file; false: the end.  `ahead`: others may find before this piece is settled, if
 * piece_holds() does not say that they have to wait: what follows then depends on whether this block is good. */
bool reader_find(struct reader *, struct piece *, bool ahead);
bool piece_holds(const struct piece *);
/* At the same time as others: the block's rows, until the piece finds again; NULL: not wanted, or not good. */
struct batch *piece_read(struct piece *, const struct fieldset *want);
/* The same in steps.  The block's rows, without a column; NULL: not wanted. */
struct batch *piece_open(struct piece *);
/* From now on batches that have all columns, of regular files, know the bytes that they came from. */
void piece_keep(struct piece *);
/* The columns in `want` beside those that are there, dense (batch_flat()); NULL: not good. */
struct batch *piece_more(struct piece *, const struct fieldset *want);
/* The same as block_read_extremes(). */
struct extremes;
struct batch *piece_extremes(struct piece *, const struct fieldset *want, const struct extremes *);
/* A batch of n > 0 of its rows alone, ascending, with the columns in `want`; NULL: not good. */
struct batch *piece_pick(struct piece *, const struct fieldset *want, const uint32_t *row, uint32_t n);
void reader_settle(struct reader *, struct piece *); /* in turn */
/* Of the block found last. */
const struct segment_info *piece_segment(const struct piece *);
uint64_t piece_number(const struct piece *); /* from 1, in the file */
uint32_t piece_rows(const struct piece *);
unsigned piece_why(const struct piece *); /* it was skipped */
bool piece_good(const struct piece *);	 /* once it is settled */

#endif

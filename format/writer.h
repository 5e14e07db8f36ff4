/* SPDX-License-Identifier: BSD-2-Clause
 *
 * writer.h: record files, written block by block.  The bytes: pavo(5).  Single-threaded.
 */
#ifndef FORMAT_WRITER_H
#define FORMAT_WRITER_H

#include "format/batch.h"
#include "format/segment.h"
#include "format/taken.h"

struct writer;

struct writer_options {
	struct segment_info segment; /* goes into the header */
	bool fsync;                  /* at close: the file and its folder */
	bool append;                 /* a record file that is there gets another segment */
	bool zstd;                   /* columns are compressed with Zstandard, where it is built in */
	bool beside;                 /* written as PATH.part: an older file stays until this one is whole */
	/* A file that is deleted while it is written is begun again, and here it is said.  NULL: it is not looked for. */
	void (*renewed)(const char *path);
};

/* "-" = stdout.  Refuses a terminal, a file that is being written, and an existing one that is not a pavo file (a
 * pavo file is replaced, and not touched before writer_begin()). NULL: err says why, a whole sentence without a
 * newline. */
struct writer *writer_open(const char *path, const struct writer_options *, char *err, size_t errlen);
/* The header, if it is not there yet: what was in the file goes.  The first block and closing do it, too.  false:
 * writer_error(). */
bool writer_begin(struct writer *);
/* One block of all rows that are selected; at most BATCH_ROWS.  false: writer_error(), and nothing of them is in the
 * file; it may be tried again. */
bool writer_put(struct writer *, struct batch *);
/* Said at the end of the file, when it is closed: it has taken these records. */
void writer_takes(struct writer *, const struct taken *);
uint64_t writer_bytes(const struct writer *); /* written so far */
const char *writer_error(const struct writer *); /* NULL: the last block was written */
const char *writer_part(const struct writer *); /* PATH.part; NULL: it is written under its name */
/* What comes is not all: the file stays PATH.part, closed, and an older one what it is. */
void writer_keep_part(struct writer *);
/* Writes the index and trailer, closes, frees.  false: err says why.  A file whose last block could not be written
 * has neither; one beside PATH is removed. */
bool writer_close(struct writer **, char *err, size_t errlen);
/* Is this the file being written, or the one beside it? (TOOLS: a tool refuses to write over its own input.) */
bool writer_same_file(const char *path, const char *other);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * writer.h: record files, written block by block.  The bytes: pavo(5).  Single-threaded.
 */
#ifndef FORMAT_WRITER_H
#define FORMAT_WRITER_H

#include "format/batch.h"
#include "format/segment.h"

struct writer;

struct writer_options {
	struct segment_info segment; /* goes into the header */
	bool fsync;                  /* at close */
	bool append;                 /* a record file that is there gets another segment */
};

/* "-" = stdout.  Refuses a terminal, and an existing file that is not a pavo file (a pavo file is
 * replaced). NULL: err says why, a whole sentence without a newline. */
struct writer *writer_open(const char *path, const struct writer_options *, char *err, size_t errlen);
/* One block of all rows that are selected; at most BATCH_ROWS.  false: writer_error(). */
bool writer_put(struct writer *, struct batch *);
uint64_t writer_bytes(const struct writer *); /* written so far */
const char *writer_error(const struct writer *);
/* Writes the index and trailer, closes, frees.  false: err says why. */
bool writer_close(struct writer **, char *err, size_t errlen);
/* Is this the file being written? (TOOLS: a tool refuses to write over its own input.) */
bool writer_same_file(const char *path, const char *other);

#endif

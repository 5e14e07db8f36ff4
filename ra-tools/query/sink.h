/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sink.h: a record file being written.  Full batches go as they are; the rows that a filter leaves are
 * gathered into full blocks.
 *
 * An older file is replaced when this one is whole: it is written as PATH.part and gets its name at the end.  A
 * program that ends before, with an error, leaves no PATH.part.
 */
#ifndef RA_TOOLS_QUERY_SINK_H
#define RA_TOOLS_QUERY_SINK_H

#include "format/writer.h"

struct sink;

/* The path is copied; "-" = stdout.  Nothing is opened yet. */
struct sink *sink_new(const char *path);
/* What is gathered becomes blocks of so many rows, where memory is little; else of BATCH_ROWS. */
void sink_rows(struct sink *, uint32_t rows);
/* The selected rows.  `segment`: what the header says, looked at when a segment begins.
 * false: sink_error() says why. */
bool sink_put(struct sink *, const struct segment_info *, struct batch *);
/* What waits is written. */
bool sink_flush(struct sink *, const struct segment_info *);
/* What waits is written and the segment ends; the next rows begin another one.  Until then no descriptor is open. */
bool sink_pause(struct sink *, const struct segment_info *);
uint64_t sink_bytes(const struct sink *); /* written so far into this segment, without the rows that wait */
const char *sink_part(const struct sink *); /* what is written now: PATH.part; NULL: nothing, or a pipe */
const char *sink_error(const struct sink *);
enum sink_fate {
	SINK_WHOLE, /* a file without records is a file */
	SINK_SOME,  /* not all could be read: the same, but without a record an older file stays */
	SINK_PART   /* what there is stays as PATH.part; nothing if nothing was written */
};
/* Writes what waits, closes, frees.  false: err says why, and there is no PATH.part. */
bool sink_close(struct sink **, const struct segment_info *, enum sink_fate, char *err, size_t errlen);

#endif

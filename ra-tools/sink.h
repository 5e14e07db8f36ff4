/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sink.h: a record file being written.  Full batches go as they are; the rows that a filter leaves are
 * gathered into full blocks.
 */
#ifndef RA_TOOLS_SINK_H
#define RA_TOOLS_SINK_H

#include "format/writer.h"

struct sink;

/* The path is copied; "-" = stdout.  Nothing is opened yet.  append: a file that is there gets another segment. */
struct sink *sink_new(const char *path, bool append);
/* The selected rows.  `segment`: what the header says, looked at when the file is opened.
 * false: sink_error() says why. */
bool sink_put(struct sink *, const struct segment_info *, struct batch *);
uint64_t sink_bytes(const struct sink *); /* written so far, without the rows that wait */
const char *sink_error(const struct sink *);
/* Writes what waits (a file without records is a file), closes, frees.  false: err says why. */
bool sink_close(struct sink **, const struct segment_info *, char *err, size_t errlen);

#endif

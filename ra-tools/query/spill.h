/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spill.h: numbered streams of records, each a string of bytes, in memory as far as that is allowed, then in a temporary file
 * without a name.
 */
#ifndef RA_TOOLS_QUERY_SPILL_H
#define RA_TOOLS_QUERY_SPILL_H

#include "format/base/buf.h"

#include <stdbool.h>

struct spill;

struct spill *spill_new(unsigned streams); /* nothing is opened yet */
void spill_free(struct spill **);
void spill_hold(struct spill *, uint64_t bytes); /* so much may stay in memory; else nothing */
unsigned spill_stream(struct spill *);		 /* one more: its number */
void spill_drop(struct spill *, unsigned stream); /* it is not read any more; records can be put again */
void spill_put(struct spill *, unsigned stream, const void *, size_t);
/* Before reading: there is nothing more to be put.  false: spill_error() says why something is lost. */
bool spill_end(struct spill *);
void spill_done(struct spill *, unsigned stream); /* the same of one stream */
const char *spill_error(const struct spill *); /* NULL: all is well */

struct spill_reader;

struct spill_reader *spill_read(struct spill *, unsigned stream);
bool spill_next(struct spill_reader *, struct buf *record); /* false: the end, or spill_error() */
void spill_close(struct spill_reader **);

/* A temporary file without a name, in $TMPDIR; -1: err says why. */
int spill_file(char *err, size_t errlen);

#endif

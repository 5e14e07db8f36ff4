/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spill.h: a temporary file without a name that holds numbered streams of records, each a string of bytes.
 */
#ifndef RA_TOOLS_QUERY_SPILL_H
#define RA_TOOLS_QUERY_SPILL_H

#include "format/base/buf.h"

#include <stdbool.h>

struct spill;

struct spill *spill_new(unsigned streams); /* nothing is opened yet */
void spill_free(struct spill **);
void spill_put(struct spill *, unsigned stream, const void *, size_t);
/* Before reading: what is still in memory is written. false: spill_error() says why something is lost. */
bool spill_end(struct spill *);
const char *spill_error(const struct spill *); /* NULL: all is well */

struct spill_reader;

struct spill_reader *spill_read(struct spill *, unsigned stream);
bool spill_next(struct spill_reader *, struct buf *record); /* false: the end, or spill_error() */
void spill_close(struct spill_reader **);

/* A temporary file without a name, in $TMPDIR; -1: err says why. */
int spill_file(char *err, size_t errlen);

#endif

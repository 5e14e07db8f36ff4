/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spool.h: what a pipe has, in a temporary file without a name, for who looks at it more than once.
 */
#ifndef RA_TOOLS_QUERY_SPOOL_H
#define RA_TOOLS_QUERY_SPOOL_H

#include "format/reader.h"

#include <stdbool.h>
#include <stddef.h>

/* All of it, "-" is stdin; while it is waited for `enough` is asked, and true ends it (*stopped).  The file, at its beginning;
 * -1: err says why, a sentence. */
int spool(const char *path, reader_enough enough, void *arg, bool *stopped, char *err, size_t errlen);

#endif

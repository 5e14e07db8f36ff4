/* SPDX-License-Identifier: BSD-2-Clause
 *
 * page.h: files that tools write for a reader: pages and pictures.
 */
#ifndef RA_TOOLS_RUN_PAGE_H
#define RA_TOOLS_RUN_PAGE_H

#include "format/base/buf.h"
#include "ra-tools/run/run.h"

/* Ends the tool if path is an input, or an existing file that is no page or picture; "-" is stdout. */
void page_check(const struct run *, const char *path);
/* "-": to stdout; a regular file appears when it is complete.  false: err says why, a whole sentence. */
bool page_write(struct run *, const char *path, const struct buf *, char *err, size_t len);

#endif

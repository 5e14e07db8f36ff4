/* SPDX-License-Identifier: BSD-2-Clause
 *
 * file.h: a file that is told how the probe is: by a line at its end, or by all of it anew.
 *
 * Its folder is opened once, so that it is found by a process that has changed its root since.  Nothing else is kept
 * open that somebody who deletes or renames the file would miss.
 */
#ifndef PROBE_TELL_FILE_H
#define PROBE_TELL_FILE_H

#include "format/base/buf.h"

#include <stdbool.h>

struct told_file;

/* `path` lives as long; "-" = standard output.  `begins`: a file that is to be made anew and begins otherwise is somebody
 * else's, and refused; NULL: lines are added.  NULL: err says why, a sentence. */
struct told_file *told_file_open(const char *path, const char *begins, char *err, size_t errlen);
/* A line: whoever follows the file sees all of it or nothing; one that was cut off before (a full disk) is ended first.
 * false: told_file_error(). */
bool told_file_add(struct told_file *, const struct buf *line);
/* All of the file: readers see the old one or the new one. */
bool told_file_replace(struct told_file *, const struct buf *text);
const char *told_file_error(const struct told_file *); /* of the last call that failed */
void told_file_close(struct told_file **);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spool.h: the folder in which records wait until all collectors have them.
 *
 * SPOOL/PROBE/RUN/2026/11/20/120000.pavo: RUN is another word each time that a probe starts, so no two files ever have
 * one name.  .part stands behind the name of one that is not complete.
 */
#ifndef PROBE_OUT_SPOOL_H
#define PROBE_OUT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

struct spool;

/* Makes what is not there, and completes what earlier runs left.  NULL: err says why not, a sentence. */
struct spool *spool_open(const char *dir, const char *probe, char *err, size_t errlen);
void spool_close(struct spool **);
const char *spool_pattern(const struct spool *); /* of the files of this run (name.h), as long as the spool */
const char *spool_folder(const struct spool *);	 /* SPOOL/PROBE */

struct spool_file {
	char *name; /* below the folder, without .part: RUN/2026/11/20/120000.pavo */
	bool complete;
};

/* The files in a folder, by their times; to be freed by spool_forget(). */
struct spool_file *spool_list(const char *folder, size_t *n);
void spool_forget(struct spool_file *, size_t n);
/* All have it; folders that are empty then go too, and so is their run. */
void spool_remove(const char *folder, const char *name);

#endif

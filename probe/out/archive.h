/* SPDX-License-Identifier: BSD-2-Clause
 *
 * archive.h: the record files of a probe: which one a record goes into, when it is complete, what it is called.
 *
 * Without rotation there is one, written under its own name; with it one for each period, NAME.part until all bins of
 * its time are written.  So each file accounts for all the frames of its time.
 *
 * Belongs to one thread at a time.
 */
#ifndef PROBE_OUT_ARCHIVE_H
#define PROBE_OUT_ARCHIVE_H

#include "format/writer.h"
#include "probe/ledger/period.h"
#include "probe/out/hook.h"

struct archive;

struct archive_options {
	const char *name;   /* or pattern, see name.h; "-": stdout.  This and `probe` live as long */
	int64_t rotate;     /* ns; 0: one file */
	struct writer_options writer; /* its segment is that of all files; its probe goes into names */
	struct hook *hook;  /* is told of files that are complete; may be NULL */
	unsigned bring;     /* so many bring batches */
};

/* NULL: err says why, a sentence. */
struct archive *archive_open(const struct archive_options *, char *err, size_t errlen);
/* An older file goes only now, when all else is there; with rotation what an earlier probe has left is completed.  false:
 * archive_error(). */
bool archive_begin(struct archive *);
/* All rows, each into its file.  false: archive_error(); what has no file yet is selected, and it may be tried again with
 * the same batch. */
bool archive_put(struct archive *, unsigned who, struct batch *);
/* Where the rows that one brings are at home from now on; files of which all rows are there are completed. */
void archive_turn(struct archive *, unsigned who, const struct turn *);
const char *archive_error(const struct archive *); /* the first that there was; NULL */
uint64_t archive_bytes(const struct archive *); /* written so far, to all files */
/* Completes all files.  false: err says what went wrong first, or is empty: it was said. */
bool archive_close(struct archive **, char *err, size_t errlen);

#endif

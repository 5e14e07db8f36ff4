/* SPDX-License-Identifier: BSD-2-Clause
 *
 * source.h: record files, directory trees and stdin as one row of batches.
 */
#ifndef RA_TOOLS_SOURCE_H
#define RA_TOOLS_SOURCE_H

#include "format/reader.h"

struct source;

struct source_hooks {
	reader_wants wants; /* which blocks are read; NULL: all */
	void (*opened)(void *, struct reader *); /* before anything is read; may be NULL */
	/* Something about a file, a sentence that may begin with its name; wrong: part of it could not be read. */
	void (*say)(void *, const char *path, const char *sentence, bool wrong);
	void *arg;
};

struct source *source_new(const struct source_hooks *);
void source_free(struct source **);
void source_add(struct source *, const char *path); /* "-" = stdin */
/* All *.pavo below dir, in the order of their names. false: errno says why. */
bool source_add_tree(struct source *, const char *dir);
unsigned source_count(const struct source *);
const char *source_path(const struct source *, unsigned i);

/* From the first file again. false: stdin is one of them. */
bool source_rewind(struct source *);
/* The next batch that has rows, valid until the next call; NULL at the end of all. */
struct batch *source_next(struct source *, const struct fieldset *want);
/* Of the batch handed out last. */
const struct segment_info *source_segment(const struct source *);
const char *source_at(const struct source *);

void source_progress(const struct source *, uint64_t *done, uint64_t *size);
struct reader_totals source_totals(const struct source *);

#endif

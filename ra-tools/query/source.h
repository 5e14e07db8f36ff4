/* SPDX-License-Identifier: BSD-2-Clause
 *
 * source.h: record files, directory trees and stdin as one row of blocks.
 */
#ifndef RA_TOOLS_QUERY_SOURCE_H
#define RA_TOOLS_QUERY_SOURCE_H

#include "format/reader.h"

struct source;

struct source_hooks {
	reader_wants wants; /* which blocks are read; NULL: all */
	void (*opened)(void *, struct reader *); /* before anything is read; may be NULL */
	/* Something about a file, a sentence that may begin with its name; wrong: part of it could not be read. */
	void (*say)(void *, const char *path, const char *sentence, bool wrong);
	reader_enough enough; /* while a pipe is waited for: true ends it; NULL: it is waited for */
	void *arg;
};

struct source *source_new(const struct source_hooks *);
void source_free(struct source **);
void source_add(struct source *, const char *path); /* "-" = stdin */
/* All *.pavo below dir, in the order of their names; live: *.part too. false: errno says why. */
bool source_add_tree(struct source *, const char *dir, bool live);
unsigned source_count(const struct source *);
const char *source_path(const struct source *, unsigned i);

/* From the first file again. false: stdin is one of them. */
bool source_rewind(struct source *);
/* Before anything is read: pipes become temporary files, which can be read again.  false: err says why, a sentence. */
bool source_spool(struct source *, char *err, size_t errlen);
/* A block of one of the files, and the memory to read it with: several threads have one each. */
struct part {
	struct piece *piece;
	struct source_file *file;
	const char *path;
	unsigned number; /* of the file */
	bool settled;
};
struct part *part_new(void);
void part_free(struct part **);
/* In turn, one thread at a time: the next block of all; false: the end.  `ahead`: others may go on before this one
 * is read and settled. Where that can not be, it is read here, with `want` and `batch`, and part->settled. */
bool source_find(struct source *, struct part *, const struct fieldset *want, bool ahead, struct batch **batch);
void source_settle(struct source *, struct part *); /* in turn, if it is not */
/* Has another one of the files taken records of some (moved.h)?  Then bstart has to be read, and rows that were taken are
 * to be left out of `sel`, which any thread may do. */
bool source_moved(struct source *);
void source_leave_moved(const struct source *, const struct part *, const struct batch *, uint64_t *sel);
bool source_is_files(const struct source *); /* only regular files */

/* Between scans.  From now on the ends of files are not the end: they stay open, and source_more() says whether there is
 * something to read again.  Of trees only the files that are being written, and the newest; source_add_tree() adds those
 * that are new. */
void source_follow(struct source *);
bool source_more(struct source *);
bool source_grows(const struct source *); /* somebody is writing one of them */

/* In turn, or when nobody reads. */
void source_progress(const struct source *, uint64_t *done, uint64_t *size);
struct reader_totals source_totals(const struct source *);
bool source_stopped(const struct source *); /* some pipe was ended by enough() */

#endif

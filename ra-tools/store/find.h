/* SPDX-License-Identifier: BSD-2-Clause
 *
 * find.h: the record files below a folder, and the days of which they have records.
 */
#ifndef RA_TOOLS_STORE_FIND_H
#define RA_TOOLS_STORE_FIND_H

#include "format/base/arena.h"
#include "format/outline.h"

#include <sys/types.h>

/* What may be done with it: only whole files are ever touched. */
enum store_state {
	STORE_WHOLE,
	STORE_WRITTEN,	/* somebody holds it */
	STORE_PART,	/* NAME.part: it has not got its name yet */
	STORE_OPEN,	/* record file that nobody holds and nobody closed */
	STORE_TIMELESS, /* whole, and some record has no bin */
	STORE_DAMAGED,
	STORE_FOREIGN,	/* named like a record file, and none */
	STORE_STATES
};
extern const char *const store_words[STORE_STATES];

struct store_file {
	char *path;
	enum store_state state;
	dev_t dev;
	ino_t ino;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t bytes, records;
	int64_t from, to; /* of its records; to < from: it has none */
	struct outline o; /* of those that are whole */
};

/* The records that a segment has of one day. */
struct store_part {
	int64_t day;
	unsigned file, segment;
	const char *probe;
	uint64_t rows, bytes; /* bytes: of the blocks that begin in it */
	int64_t from, to;     /* of their bins */
	bool moved;	      /* another file has them by now */
};

struct archive {
	struct arena arena;
	struct store_file *file; /* in the order of their names */
	unsigned files;
	struct store_part *part; /* by probe, day, file */
	size_t parts;
	char **left;   /* of a run that was killed: NAME.pavo.rastore, which nobody holds */
	unsigned lefts;
};

/* false: err says why nothing can be said of the folder. */
bool store_find(const char *folder, struct archive *, char *err, size_t errlen);
void store_forget(struct archive *);
/* Is the file what it was, and not held by anybody? */
bool store_unchanged(const struct store_file *);

#endif

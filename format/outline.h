/* SPDX-License-Identifier: BSD-2-Clause
 *
 * outline.h: what a closed record file says of itself at its end: its segments, their blocks, and whose records it has
 * taken.  No block is looked at.
 */
#ifndef FORMAT_OUTLINE_H
#define FORMAT_OUTLINE_H

#include "format/meta.h"
#include "format/taken.h"

struct outline_segment {
	struct segment_info info;
	struct index_entry *block; /* offsets from the segment's start */
	size_t blocks;
	uint64_t records;
};

struct outline {
	uint64_t size, check; /* check: as in struct taken_file */
	struct outline_segment *segment; /* in the order of the file */
	size_t segments;
	struct taken *taken; /* NULL: it has taken nothing */
};

/* All of it, in the arena.  false: not a regular file, or not closed, or it can not be read; nothing is told then. */
bool outline_read(const char *path, struct arena *, struct outline *);
/* The size and the check alone, of any regular file; false: errno says why. */
bool outline_identity(const char *path, uint64_t *size, uint64_t *check);
/* Only whose records it has taken, in the arena; NULL: nobody's. */
struct taken *outline_taken(const char *path, struct arena *);

#endif

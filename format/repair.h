/* SPDX-License-Identifier: BSD-2-Clause
 *
 * repair.h: record files that were not closed, or are damaged: what can be read is written again.
 */
#ifndef FORMAT_REPAIR_H
#define FORMAT_REPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct repair_state {
	uint64_t records; /* in blocks that are whole, as far as that can be seen without reading them */
	uint64_t bad_bytes;
	bool whole;       /* all segments are closed, nothing is damaged */
};

/* What is in a file, without reading its columns.  false: err says why not, a sentence. */
bool repair_look(const char *path, struct repair_state *, char *err, size_t errlen);
enum repair_what { REPAIR_KEEP, REPAIR_LEAVE_OUT, REPAIR_STOP };

struct repair_options {
	bool lost; /* what captured frames there were can not be told any more */
	/* Of each block: its number in the file, from 1.  NULL: all are kept. */
	enum repair_what (*block)(void *arg, uint64_t number);
	void *arg;
};

/* All good blocks of `from` into a new file `to` ("-": stdout) that is closed and on disk, a segment for each different
 * header; if it was stopped, they stay in TO.part.  false: err says why. */
bool repair_copy(const char *from, const char *to, const struct repair_options *, uint64_t *records, char *err,
    size_t errlen);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * output.h: a file that a program makes: nothing foreign is replaced, no two write it, nothing torn stays in it, and
 * where it is asked for it takes its name only when it is whole.
 */
#ifndef FORMAT_BASE_OUTPUT_H
#define FORMAT_BASE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output_kind {
	bool (*ours)(const uint8_t *head, size_t n); /* may a file that begins so be replaced? */
	const char *foreign; /* else: "PATH exists and <this>: not replaced" */
};

/* A regular file is written as PATH.part and gets its name at the end: an older one stays until then.  A link is
 * followed, the older one's permissions are kept.  Pipes, devices and /dev/fd are written as they are. */
#define OUTPUT_BESIDE 1
#define OUTPUT_APPEND 2 /* what is there stays, in PATH.part with OUTPUT_BESIDE */
#define OUTPUT_HEAD   64 /* bytes at most that `ours` gets */

struct output {
	char *path;        /* for sentences: as it was given, or "standard output" */
	char *part, *name; /* written as `part`, to be called `name`; NULL: written under its name */
	int fd, older;     /* older: what it replaces, locked; -1 = there is nothing */
	uint64_t size;     /* of the file, what was there included */
	bool regular, begun, torn;
};

/* "-" = stdout; a new file is for its owner and group (0640).  Nothing that is there is touched before the first
 * write.  false: err says why, a whole sentence without a newline. */
bool output_open(struct output *, const char *path, unsigned how, const struct output_kind *, char *err, size_t len);
/* All of it, or nothing: a part is cut off again, at the latest before the next write.  false: errno. */
bool output_write(struct output *, const void *, size_t);
/* Nothing behind `size`.  false: it is no file, or errno. */
bool output_cut(struct output *, uint64_t size);

/* Nobody will find what is written: its last name is gone; or, `elsewhere`, its name leads to another file, or none. */
bool output_gone(const struct output *, bool elsewhere);

/* What happened in the folder in which this path lies is on disk.  false: errno. */
bool output_sync_folder(const char *path);
/* Is somebody writing this file, who has it by output_open()? */
bool output_held(int fd);
bool output_held_at(const char *path);

enum output_fate {
	OUTPUT_WHOLE, /* it takes its name */
	OUTPUT_KEEP,  /* it stays as PATH.part */
	OUTPUT_DROP   /* PATH.part is removed */
};
/* Closes and frees, whatever comes out.  sync: on disk, file and folder, before it counts.  false: err says why. */
bool output_close(struct output *, enum output_fate, bool sync, char *err, size_t len);

#endif

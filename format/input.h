/* SPDX-License-Identifier: BSD-2-Clause
 *
 * input.h: the bytes of a record file or pipe, and the objects in them (pavo(5)).  For reader_find.c.
 *
 * Files and pipes are read through one window of bytes: a file's window may jump, a pipe's only grows at its end and is
 * cut at its start.
 */
#ifndef FORMAT_INPUT_H
#define FORMAT_INPUT_H

#include "format/meta.h"

/* Asked while a pipe is waited for: true ends the wait, and the input. */
typedef bool (*input_enough)(void *);

struct input {
	int fd;
	bool seek;     /* a regular file */
	uint64_t size; /* of a regular file */
	/* the window: bytes [start, start + len) of the input */
	uint8_t *win;
	size_t len, cap;
	uint64_t start;
	bool keep; /* of a pipe: nothing is cut for now */
	bool ended, stopped; /* of a pipe: nothing follows the window; because enough() said so */
	input_enough enough; /* NULL: a pipe is waited for */
	void *enough_arg;
	int error; /* errno of a read, and where it was; 0: none */
	uint64_t error_at;
	uint64_t wasted; /* bytes that were read for things that then were not good */
};

/* "-" = stdin.  false: errno says why. */
bool input_open(struct input *, const char *path);
void input_close(struct input *);
/* The bytes at `offset`: as many as are there, up to n, in *got.  Valid until the next call.  A pipe never goes back before
 * what input_cut() left. */
const uint8_t *input_at(struct input *, uint64_t offset, size_t n, size_t *got);
const uint8_t *input_all(struct input *, uint64_t offset, size_t n); /* all n, or NULL */
/* Of a pipe, what lies before `offset` is not needed any more. */
void input_cut(struct input *, uint64_t offset);
bool input_reaches(struct input *, uint64_t end); /* are there bytes at all up to `end`? */
/* The end of the input, as far as it is known. */
uint64_t input_end(const struct input *);

/* What is wasted on things at or before `offset` is more than an honest file can ask for: from here on nothing is
 * believed that takes a look at many bytes.  So the work is linear in the size of the input, whatever it claims. */
bool input_tired(const struct input *, uint64_t offset);

enum found { FOUND, FOUND_END, FOUND_SHORT, FOUND_BAD };

/* The object at `offset`; its payload with the first META_PREFIX bytes, valid until the window moves. */
enum found input_object(struct input *, uint64_t offset, struct meta_object *, const uint8_t **payload);
/* The first valid object at or behind `offset`; its offset, or that of the end of the input (*any false).  `most`: how
 * far to look. */
uint64_t input_search(struct input *, uint64_t offset, uint64_t most, bool *any);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bytes.h: the contents of a file or a pipe, in large reads, as they are or in gzip.
 *
 * A pipe may be silent for as long as it likes; who reads it is never away for longer than a moment.
 */
#ifndef PROBE_CAPTURE_BYTES_H
#define PROBE_CAPTURE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BYTES_BUFFER ((size_t)512 << 10)

struct gunzip;

struct bytes {
	const uint8_t *p, *end; /* what of the buffer has not been taken: the reader moves p */
	uint8_t *buffer;
	uint64_t base;          /* the offset of buffer[0] in the contents */
	uint64_t read;          /* bytes of the file itself that were read */
	int fd;
	bool eof;
	bool silent;            /* more() failed because nothing came for a moment: it may be tried again */
	bool pipe;              /* the file may be silent */
	int64_t quiet;          /* when it was last (CLOCK_MONOTONIC) */
	struct gunzip *gunzip;  /* NULL: the file is as it is */
};

/* fd is borrowed. */
void bytes_open(struct bytes *, int fd);
void bytes_close(struct bytes *);
/* What follows is gzip.  false: that can not be read here. */
bool bytes_gzip(struct bytes *);
/* Make n bytes, at most BYTES_BUFFER, lie at p.  false: it is silent, or it ends before, or can not be read: errno, else 0. */
bool bytes_more(struct bytes *, size_t n);
/* Bytes of the file itself that were taken, and its size; 0: nobody knows. */
void bytes_progress(const struct bytes *, uint64_t *done, uint64_t *size);

static inline bool
bytes_need(struct bytes *b, size_t n)
{
	return ((size_t)(b->end - b->p) >= n || bytes_more(b, n));
}

static inline uint64_t
bytes_offset(const struct bytes *b)
{
	return (b->base + (uint64_t)(b->p - b->buffer));
}

#endif

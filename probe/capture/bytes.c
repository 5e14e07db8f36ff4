/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bytes.c: reading, and waiting for a pipe.  Tested by test_capture.c and tests/signals.tap.
 */
#include "probe/capture/bytes.h"

#include "format/base/clock.h"
#include "format/base/mem.h"
#include "probe/capture/gunzip.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOMENT 100 /* ms: nobody is kept waiting for longer, nor told more often that there is nothing */

static int64_t
monotonic(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((int64_t)t.tv_sec * SEC + t.tv_nsec);
}

/* Is there something to read, or the end?  false: not for the moment; a signal is such a moment too.  Of a pipe that gives
 * a little now and then it is said ten times a second, so that what came is worked on. */
static bool
there_is(struct bytes *b)
{
	struct pollfd p = { .fd = b->fd, .events = POLLIN };

	if (poll(&p, 1, 0) > 0 || (monotonic() - b->quiet < MOMENT * MSEC && poll(&p, 1, MOMENT) > 0))
		return (true);
	b->quiet = monotonic();
	return (false);
}

/* As read(2); -1 with EAGAIN: a pipe is silent. */
static ssize_t
read_file(void *arg, uint8_t *to, size_t n)
{
	struct bytes *b = arg;
	ssize_t got;

	if (b->pipe && !there_is(b)) {
		errno = EAGAIN;
		return (-1);
	}
	do
		got = read(b->fd, to, n);
	while (got < 0 && errno == EINTR);
	b->read += got > 0 ? (uint64_t)got : 0;
	return (got);
}

void
bytes_open(struct bytes *b, int fd)
{
	struct stat st;

	memset(b, 0, sizeof(*b));
	b->fd = fd;
	b->pipe = fstat(fd, &st) == 0 && !S_ISREG(st.st_mode);
	b->buffer = mem_alloc(BYTES_BUFFER);
	b->p = b->end = b->buffer;
}

void
bytes_close(struct bytes *b)
{
	gunzip_free(&b->gunzip);
	free(b->buffer);
	b->buffer = NULL;
}

/* What was read of the file so far is compressed: it stays where it is, and its contents get a buffer of their own. */
bool
bytes_gzip(struct bytes *b)
{
	b->gunzip = gunzip_new(read_file, b, b->buffer, BYTES_BUFFER, (size_t)(b->end - b->p));
	if (b->gunzip == NULL)
		return (false);
	b->buffer = mem_alloc(BYTES_BUFFER);
	b->p = b->end = b->buffer;
	b->eof = false;
	return (true);
}

bool
bytes_more(struct bytes *b, size_t n)
{
	size_t left = (size_t)(b->end - b->p);

	errno = 0;
	b->silent = false;
	if (b->p != b->buffer) {
		b->base += (uint64_t)(b->p - b->buffer);
		memmove(b->buffer, b->p, left);
		b->p = b->buffer;
		b->end = b->buffer + left;
	}
	while (left < n && !b->eof) {
		uint8_t *to = b->buffer + left;
		ssize_t got = b->gunzip != NULL ? gunzip_read(b->gunzip, to, BYTES_BUFFER - left) :
						  read_file(b, to, BYTES_BUFFER - left);

		if (got < 0 && errno == EAGAIN) {
			b->silent = true;
			return (false);
		}
		if (got <= 0) {
			if (got == 0) /* a read before it may have been interrupted */
				errno = 0;
			b->eof = true;
			return (false);
		}
		left += (size_t)got;
		b->end = b->buffer + left;
	}
	return (left >= n);
}

void
bytes_progress(const struct bytes *b, uint64_t *done, uint64_t *size)
{
	struct stat st;

	*done = b->read - (b->gunzip != NULL ? gunzip_left(b->gunzip) : (uint64_t)(b->end - b->p));
	*size = !b->pipe && fstat(b->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

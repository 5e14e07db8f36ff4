/* SPDX-License-Identifier: BSD-2-Clause
 *
 * input.c: bytes, and the objects in them.  Tests: test_file.c, test_hostile.c.
 */
#include "format/input.h"

#include "format/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FETCH ((size_t)64 << 10) /* bytes asked for at a time */
#define WASTE ((uint64_t)META_PAYLOAD_MAX) /* that may be wasted anywhere, and for each byte of the input */
#define WASTE_EACH 16
#define WAIT 200 /* ms between two looks whether it is enough */

/* --- opening */

bool
input_open(struct input *in, const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	struct stat st;

	*in = (struct input){ .fd = -1 };
	/* without waiting for who writes a fifo: input_at() does that, and can be told to stop */
	in->fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (in->fd < 0)
		return (false);
	if (fstat(in->fd, &st) != 0)
		return (false);
	/* a redirected standard input may not be at its start: then it is read as a pipe */
	in->seek = S_ISREG(st.st_mode) && (!standard || lseek(in->fd, 0, SEEK_CUR) == 0);
	in->size = in->seek ? (uint64_t)st.st_size : 0;
	return (true);
}

void
input_close(struct input *in)
{
	int error = errno;

	if (in->fd >= 0)
		(void)close(in->fd);
	free(in->win);
	*in = (struct input){ .fd = -1 };
	errno = error;
}

/* --- the window */

/* Until there is something to read.  false: it is enough. */
static bool
wait_for(struct input *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };

	for (;;) {
		int n = poll(&p, 1, in->enough == NULL ? -1 : WAIT);

		if (in->enough != NULL && in->enough(in->enough_arg))
			return (false);
		if (n > 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return (true); /* reading says what is wrong */
	}
}

static ssize_t
read_at(struct input *in, void *to, size_t n, uint64_t offset)
{
	ssize_t got;

	do {
		if (!in->seek && !wait_for(in)) {
			in->stopped = true;
			return (0);
		}
		got = in->seek ? pread(in->fd, to, n, (off_t)offset) : read(in->fd, to, n);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0 && in->error == 0) {
		in->error = errno;
		in->error_at = offset;
	}
	return (got);
}

static void
window_room(struct input *in, size_t n)
{
	if (in->cap >= n)
		return;
	in->cap = n + n / 2;
	in->win = mem_grow(in->win, in->cap, 1);
}

void
input_cut(struct input *in, uint64_t offset)
{
	size_t n = offset <= in->start ? 0 : offset - in->start < in->len ? (size_t)(offset - in->start) : in->len;

	/* what stays is moved: not for less than it is, or small objects before much would cost its square */
	if (in->seek || in->keep || n < in->len - n)
		return;
	memmove(in->win, in->win + n, in->len - n);
	in->len -= n;
	in->start += n;
}

const uint8_t *
input_at(struct input *in, uint64_t offset, size_t n, size_t *got)
{
	if (offset >= in->start && offset + n <= in->start + in->len) {
		*got = n;
		return (in->win + (offset - in->start));
	}
	if (in->seek && (offset < in->start || offset > in->start + in->len || in->len > 4 * FETCH)) {
		in->start = offset;
		in->len = 0;
	}
	while (in->start + in->len < offset + n && !in->ended) {
		size_t need = (size_t)(offset + n - in->start - in->len);
		ssize_t add;

		if (need < FETCH)
			need = FETCH;
		if (need > (size_t)1 << 22)
			need = (size_t)1 << 22; /* a pipe that claims much gets memory as it delivers */
		window_room(in, in->len + need);
		add = read_at(in, in->win + in->len, need, in->start + in->len);
		if (add <= 0) {
			in->ended = !in->seek;
			break;
		}
		in->len += (size_t)add;
	}
	*got = 0;
	if (offset >= in->start + in->len)
		return (NULL);
	*got = (size_t)(in->start + in->len - offset) < n ? (size_t)(in->start + in->len - offset) : n;
	return (in->win + (offset - in->start));
}

const uint8_t *
input_all(struct input *in, uint64_t offset, size_t n)
{
	size_t got;
	const uint8_t *p = input_at(in, offset, n, &got);

	return (got == n ? p : NULL);
}

bool
input_reaches(struct input *in, uint64_t end)
{
	struct stat st;

	if (!in->seek)
		return (end == 0 || input_all(in, end - 1, 1) != NULL);
	if (end > in->size && fstat(in->fd, &st) == 0)
		in->size = (uint64_t)st.st_size; /* it may have grown */
	return (end <= in->size);
}

uint64_t
input_end(const struct input *in)
{
	struct stat st;

	if (!in->seek)
		return (in->start + in->len);
	return (fstat(in->fd, &st) == 0 ? (uint64_t)st.st_size : in->size);
}

/* --- objects */

bool
input_tired(const struct input *in, uint64_t offset)
{
	return (in->wasted > WASTE && (in->wasted - WASTE) / WASTE_EACH > offset);
}

enum found
input_object(struct input *in, uint64_t offset, struct meta_object *o, const uint8_t **payload)
{
	size_t got;
	const uint8_t *p = input_at(in, offset, META_PREFIX, &got);
	static const uint8_t begin[] = { 0x94, 0xa4, 'P', 'V' };

	if (got == 0)
		return (FOUND_END);
	if (got < META_PREFIX)
		return (memcmp(p, begin, got < sizeof(begin) ? got : sizeof(begin)) == 0 ? FOUND_SHORT : FOUND_BAD);
	if (!meta_get_object(p, o))
		return (FOUND_BAD);
	if (in->seek && !input_reaches(in, offset + META_PREFIX + o->size))
		return (FOUND_SHORT);
	if (input_tired(in, offset))
		return (FOUND_BAD);
	p = input_all(in, offset, META_PREFIX + (size_t)o->size);
	if (p == NULL)
		return (FOUND_SHORT);
	*payload = p + META_PREFIX;
	if (meta_check(o, *payload))
		return (FOUND);
	in->wasted += o->size;
	return (FOUND_BAD);
}

uint64_t
input_search(struct input *in, uint64_t offset, uint64_t most, bool *any)
{
	uint64_t last = most > UINT64_MAX - offset ? UINT64_MAX : offset + most;

	*any = false;
	while (offset <= last) {
		size_t got;
		const uint8_t *p = input_at(in, offset, FETCH, &got), *hit;
		struct meta_object o;
		const uint8_t *payload;

		if (got < META_PREFIX)
			return (offset + got);
		hit = memmem(p, got, "\x94\xa4PV", 4);
		if (hit == NULL || (size_t)(p + got - hit) < META_PREFIX) {
			offset += hit == NULL ? got - 3 : (size_t)(hit - p);
			if (hit != NULL && input_all(in, offset, META_PREFIX) == NULL)
				return (offset);
			input_cut(in, offset < last ? offset : in->start);
			continue;
		}
		offset += (size_t)(hit - p);
		if (meta_get_object(hit, &o) && input_object(in, offset, &o, &payload) == FOUND) {
			*any = true;
			return (offset);
		}
		offset++;
	}
	return (offset);
}

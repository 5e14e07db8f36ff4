/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spill.c: streams are cut in chunks, which lie in memory as far as that was allowed, then one behind the other in one file, which
 * is unlinked at once.  Test: test_spill.c
 */
#include "ra-tools/query/spill.h"

#include "format/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 8192
#define LEAST 256 /* of a stream that is short */

struct chunk {
	uint8_t *held; /* NULL: in the file */
	uint64_t at;
	uint32_t n;
};

struct stream {
	struct chunk *chunk;
	uint32_t n, cap;
	uint8_t *bytes; /* of the chunk that is not full */
	uint32_t len, room;
};

struct spill {
	int fd;
	uint64_t size;
	uint64_t hold, held; /* bytes of chunks that may stay in memory, and that do */
	unsigned streams, cap;
	struct stream *stream;
	char error[512];
};

struct spill_reader {
	struct spill *s;
	unsigned from;
	uint32_t chunk;
	uint8_t bytes[CHUNK];
	uint32_t len, at;
};

struct spill *
spill_new(unsigned streams)
{
	struct spill *s = mem_zero(1, sizeof(*s));

	s->fd = -1;
	s->streams = s->cap = streams;
	s->stream = mem_zero(streams, sizeof(s->stream[0]));
	return (s);
}

void
spill_hold(struct spill *s, uint64_t bytes)
{
	s->hold = bytes;
}

unsigned
spill_stream(struct spill *s)
{
	if (s->streams == s->cap) {
		s->cap = s->cap == 0 ? 16 : 2 * s->cap;
		s->stream = mem_grow(s->stream, s->cap, sizeof(s->stream[0]));
	}
	s->stream[s->streams] = (struct stream){ .n = 0 };
	return (s->streams++);
}

void
spill_drop(struct spill *s, unsigned stream)
{
	struct stream *t = &s->stream[stream];

	for (uint32_t i = 0; i < t->n; i++)
		if (t->chunk[i].held != NULL) {
			s->held -= t->chunk[i].n;
			free(t->chunk[i].held);
		}
	free(t->chunk);
	free(t->bytes);
	*t = (struct stream){ .n = 0 };
}

void
spill_free(struct spill **ps)
{
	struct spill *s = *ps;

	if (s == NULL)
		return;
	if (s->fd >= 0)
		(void)close(s->fd);
	for (unsigned i = 0; i < s->streams; i++)
		spill_drop(s, i);
	free(s->stream);
	free(s);
	*ps = NULL;
}

static void
fail(struct spill *s, const char *what)
{
	if (s->error[0] == '\0')
		(void)snprintf(s->error, sizeof(s->error), "temporary file: %s: %s", what, strerror(errno));
}

int
spill_file(char *err, size_t errlen)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	int fd = -1;

	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	if (snprintf(path, sizeof(path), "%s/ra-XXXXXX", dir) >= (int)sizeof(path))
		errno = ENAMETOOLONG;
	else if ((fd = mkostemp(path, O_CLOEXEC)) >= 0)
		(void)unlink(path);
	if (fd < 0)
		(void)snprintf(err, errlen, "temporary file: %s: %s", dir, strerror(errno));
	return (fd);
}

static bool
open_file(struct spill *s)
{
	if (s->fd < 0 && s->error[0] == '\0')
		s->fd = spill_file(s->error, sizeof(s->error));
	return (s->fd >= 0);
}

static bool
write_bytes(struct spill *s, const uint8_t *p, uint32_t len)
{
	for (uint32_t done = 0; done < len;) {
		ssize_t n = pwrite(s->fd, p + done, len - done, (off_t)(s->size + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fail(s, "can not write");
			return (false);
		}
		done += (uint32_t)n;
	}
	return (true);
}

static void
end_chunk(struct spill *s, struct stream *t)
{
	struct chunk c = { NULL, s->size, t->len };

	if (t->len == 0)
		return;
	if (s->held + t->len <= s->hold) {
		c.held = mem_grow(t->bytes, t->len, 1);
		s->held += t->len;
		t->bytes = NULL;
		t->room = 0;
	} else if (!open_file(s) || !write_bytes(s, t->bytes, t->len)) {
		return;
	} else {
		s->size += t->len;
	}
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 4 : t->cap * 2;
		t->chunk = mem_grow(t->chunk, t->cap, sizeof(t->chunk[0]));
	}
	t->chunk[t->n++] = c;
	t->len = 0;
}

static void
add(struct spill *s, struct stream *t, const uint8_t *p, size_t n)
{
	while (n > 0 && s->error[0] == '\0') {
		size_t k = CHUNK - t->len < n ? CHUNK - t->len : n;

		while (t->room < t->len + k) {
			t->room = t->room == 0 ? LEAST : t->room * 2;
			t->bytes = mem_grow(t->bytes, t->room, 1);
		}
		memcpy(t->bytes + t->len, p, k);
		t->len += (uint32_t)k;
		p += k;
		n -= k;
		if (t->len == CHUNK)
			end_chunk(s, t);
	}
}

void
spill_put(struct spill *s, unsigned stream, const void *p, size_t n)
{
	uint32_t size = (uint32_t)n;

	add(s, &s->stream[stream], (const uint8_t *)&size, sizeof(size));
	add(s, &s->stream[stream], p, n);
}

void
spill_done(struct spill *s, unsigned stream)
{
	struct stream *t = &s->stream[stream];

	end_chunk(s, t);
	free(t->bytes);
	t->bytes = NULL;
	t->room = 0;
}

bool
spill_end(struct spill *s)
{
	for (unsigned i = 0; i < s->streams; i++)
		spill_done(s, i);
	return (s->error[0] == '\0');
}

const char *
spill_error(const struct spill *s)
{
	return (s->error[0] == '\0' ? NULL : s->error);
}

struct spill_reader *
spill_read(struct spill *s, unsigned stream)
{
	struct spill_reader *r = mem_alloc(sizeof(*r));

	r->s = s;
	r->from = stream;
	r->chunk = r->len = r->at = 0;
	return (r);
}

static bool
fill(struct spill_reader *r)
{
	const struct stream *from = &r->s->stream[r->from];
	const struct chunk *c;

	if (r->chunk == from->n || r->s->error[0] != '\0')
		return (false);
	c = &from->chunk[r->chunk++];
	r->at = r->len = 0;
	if (c->held != NULL) {
		memcpy(r->bytes, c->held, c->n);
		r->len = c->n;
	}
	while (r->len < c->n) {
		ssize_t n = pread(r->s->fd, r->bytes + r->len, c->n - r->len, (off_t)(c->at + r->len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			fail(r->s, "can not read");
			return (false);
		}
		r->len += (uint32_t)n;
	}
	return (true);
}

static bool
take(struct spill_reader *r, uint8_t *to, size_t n)
{
	while (n > 0) {
		size_t k = r->len - r->at < n ? r->len - r->at : n;

		if (k == 0) {
			if (!fill(r))
				return (false);
			continue;
		}
		memcpy(to, r->bytes + r->at, k);
		r->at += (uint32_t)k;
		to += k;
		n -= k;
	}
	return (true);
}

bool
spill_next(struct spill_reader *r, struct buf *record)
{
	uint32_t size;

	record->len = 0;
	if (!take(r, (uint8_t *)&size, sizeof(size)) || !take(r, buf_room(record, size), size))
		return (false);
	record->len = size;
	return (true);
}

void
spill_close(struct spill_reader **pr)
{
	free(*pr);
	*pr = NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * outline.c: what a closed record file says of itself at its end.  Test: test_outline.c.
 */
#include "format/outline.h"

#include "format/base/hash.h"
#include "format/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
	int fd;
	uint64_t size;
	struct arena *arena;
};

static bool
read_all(const struct file *f, void *to, size_t n, uint64_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(f->fd, (uint8_t *)to + done, n - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return (false);
		done += (size_t)got;
	}
	return (true);
}

/* The object at `at`, which ends at or before `end`; its payload, good, in the arena.  NULL: there is none of that kind. */
static const uint8_t *
object(const struct file *f, uint64_t at, uint64_t end, enum meta_kind kind, struct meta_object *o)
{
	uint8_t prefix[META_PREFIX], *p;

	if (at > end || end - at < META_PREFIX || !read_all(f, prefix, sizeof(prefix), at) || !meta_get_object(prefix, o) ||
	    o->kind != kind || o->size > end - at - META_PREFIX)
		return (NULL);
	p = arena_alloc(f->arena, (size_t)o->size + 1);
	return (read_all(f, p, o->size, at + META_PREFIX) && meta_check(o, p) ? p : NULL);
}

static bool
open_file(struct file *f, const char *path, struct arena *arena)
{
	struct stat st;

	f->arena = arena;
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (f->fd < 0)
		return (false);
	if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode)) {
		f->size = (uint64_t)st.st_size;
		return (true);
	}
	(void)close(f->fd);
	errno = EINVAL;
	return (false);
}

/* Where the parts of the segment that ends at `end` are. */
struct ends {
	uint64_t start, index, trailer, records;
};

static bool
find_ends(const struct file *f, uint64_t end, struct ends *e)
{
	struct meta_object o;
	const uint8_t *p;
	uint64_t length, index;

	if (end < META_TRAILER_SIZE)
		return (false);
	e->trailer = end - META_TRAILER_SIZE;
	p = object(f, e->trailer, end, META_TRAILER, &o);
	if (p == NULL || !meta_get_trailer(p, o.size, &length, &index, &e->records) || length > end)
		return (false);
	e->start = end - length;
	e->index = e->start + index;
	return (true);
}

static struct taken *
taken_of(const struct file *f, const struct ends *e)
{
	struct taken *t;
	struct meta_object o;
	const uint8_t *p;

	if (object(f, e->index, e->trailer, META_INDEX, &o) == NULL)
		return (NULL);
	p = object(f, e->index + META_PREFIX + o.size, e->trailer, META_TAKEN, &o);
	t = arena_zero(f->arena, sizeof(*t));
	return (p != NULL && meta_get_taken(p, o.size, f->arena, t) ? t : NULL);
}

static bool
segment_of(const struct file *f, const struct ends *e, struct outline_segment *s)
{
	struct meta_object o;
	const uint8_t *p = object(f, e->start, e->index, META_HEADER, &o);
	uint64_t version;

	s->records = e->records;
	if (p == NULL || !meta_get_header(p, o.size, f->arena, &s->info, &version) || version != META_VERSION)
		return (false);
	p = object(f, e->index, e->trailer, META_INDEX, &o);
	return (p != NULL && meta_get_index(p, o.size, e->index - e->start, f->arena, &s->block, &s->blocks));
}

static bool
identity(const struct file *f, uint64_t *size, uint64_t *check)
{
	uint8_t tail[TAKEN_TAIL];
	size_t n = f->size < sizeof(tail) ? (size_t)f->size : sizeof(tail);

	*size = f->size;
	if (!read_all(f, tail, n, f->size - n))
		return (false);
	*check = hash64(tail, n, 0);
	return (true);
}

bool
outline_identity(const char *path, uint64_t *size, uint64_t *check)
{
	struct file f;
	bool good;

	if (!open_file(&f, path, NULL))
		return (false);
	good = identity(&f, size, check);
	(void)close(f.fd);
	return (good);
}

struct taken *
outline_taken(const char *path, struct arena *arena)
{
	struct taken *t = NULL;
	struct ends e;
	struct file f;

	if (!open_file(&f, path, arena))
		return (NULL);
	if (find_ends(&f, f.size, &e))
		t = taken_of(&f, &e);
	(void)close(f.fd);
	return (t);
}

static bool
read_segments(const struct file *f, struct outline *o)
{
	size_t cap = 0;
	struct outline_segment *s = NULL;
	struct ends e = { .start = f->size };
	bool good = f->size > 0;

	while (good && e.start > 0) { /* from the end back */
		if (o->segments == cap) {
			cap = cap == 0 ? 4 : cap * 2;
			s = mem_grow(s, cap, sizeof(*s));
		}
		good = find_ends(f, e.start, &e) && segment_of(f, &e, &s[o->segments]);
		if (good && o->segments++ == 0)
			o->taken = taken_of(f, &e);
	}
	o->segment = arena_zero(f->arena, o->segments * sizeof(*s) + 1);
	for (size_t i = 0; i < o->segments; i++)
		o->segment[i] = s[o->segments - 1 - i];
	free(s);
	return (good);
}

bool
outline_read(const char *path, struct arena *arena, struct outline *o)
{
	struct file f;
	bool good;

	*o = (struct outline){ 0 };
	if (!open_file(&f, path, arena))
		return (false);
	good = identity(&f, &o->size, &o->check) && read_segments(&f, o);
	(void)close(f.fd);
	return (good);
}

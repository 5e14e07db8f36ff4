/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reader.c: a record file, block by block, past damage.
 *
 * Files and pipes are read through one window of bytes: a file's window may jump, a pipe's only grows
 * at its end and is cut at its start.
 */
#include "format/reader.h"

#include "format/base/mem.h"
#include "format/block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FETCH ((size_t)64 << 10)        /* bytes asked for at a time */
#define FOREIGN_SCAN ((uint64_t)1 << 20) /* how far the first object may be from the start */

struct reader {
	char *path;
	int fd;
	bool seek; /* a regular file */
	uint64_t size; /* of a regular file */
	/* the window: bytes [start, start + len) of the input */
	uint8_t *win;
	size_t len, cap;
	uint64_t start;
	bool ended; /* of a pipe: nothing follows the window */
	int read_error;

	uint64_t pos; /* of the next object */
	bool done, foreign; /* foreign: in a segment of another version */
	reader_wants wants;
	void *wants_arg;
	struct blocks *blocks;
	struct batch *batch;
	struct arena arena; /* of one block's directory */
	struct arena segment_arena;
	struct segment_info segment;
	struct fieldset odd; /* fields whose schema is not ours */
	struct range range[F_COUNT];
	struct reader_totals totals;
	uint64_t block; /* number of the block, from 1, for messages */
	uint64_t sections; /* offset of the block's sections */
	const struct directory *dir; /* of the block that `wants` is asked about */
	const struct ip *addrs;
	bool addrs_read;
	bool failed, warned;
	char error[640], warning[640];
};

static __attribute__((format(printf, 2, 3))) void
complain(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	if (r->failed)
		return;
	r->failed = true;
	va_start(ap, fmt);
	(void)vsnprintf(r->error, sizeof(r->error), fmt, ap);
	va_end(ap);
}

static __attribute__((format(printf, 2, 3))) void
mention(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	if (r->warned)
		return;
	r->warned = true;
	va_start(ap, fmt);
	(void)vsnprintf(r->warning, sizeof(r->warning), fmt, ap);
	va_end(ap);
}

/* --- the window */

static ssize_t
read_at(struct reader *r, void *to, size_t n, uint64_t offset)
{
	ssize_t got;

	do {
		got = r->seek ? pread(r->fd, to, n, (off_t)offset) : read(r->fd, to, n);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		r->read_error = errno;
		complain(r, "%s: can not read at offset %llu: %s", r->path, (unsigned long long)offset,
		    strerror(errno));
	}
	return (got);
}

static void
window_room(struct reader *r, size_t n)
{
	if (r->cap >= n)
		return;
	r->cap = n + n / 2;
	r->win = mem_grow(r->win, r->cap, 1);
}

/* Forget the bytes before `offset`, as far as they are in the window. */
static void
window_cut(struct reader *r, uint64_t offset)
{
	size_t n = offset - r->start < r->len ? (size_t)(offset - r->start) : r->len;

	memmove(r->win, r->win + n, r->len - n);
	r->len -= n;
	r->start += n;
}

/* The bytes at `offset`: as many as are there, up to n, in *got.  Valid until the next call. A pipe never
 * goes back before what window_cut() left. */
static const uint8_t *
window_at(struct reader *r, uint64_t offset, size_t n, size_t *got)
{
	if (offset >= r->start && offset + n <= r->start + r->len) {
		*got = n;
		return (r->win + (offset - r->start));
	}
	if (r->seek && (offset < r->start || offset > r->start + r->len || r->len > 4 * FETCH)) {
		r->start = offset;
		r->len = 0;
	}
	while (r->start + r->len < offset + n && !r->ended) {
		size_t need = (size_t)(offset + n - r->start - r->len);
		ssize_t add;

		if (need < FETCH)
			need = FETCH;
		if (need > (size_t)1 << 22)
			need = (size_t)1 << 22; /* a pipe that claims much gets memory as it delivers */
		window_room(r, r->len + need);
		add = read_at(r, r->win + r->len, need, r->start + r->len);
		if (add <= 0) {
			r->ended = !r->seek;
			break;
		}
		r->len += (size_t)add;
	}
	*got = 0;
	if (offset >= r->start + r->len)
		return (NULL);
	*got = (size_t)(r->start + r->len - offset) < n ? (size_t)(r->start + r->len - offset) : n;
	return (r->win + (offset - r->start));
}

/* All n bytes at `offset`, or NULL. */
static const uint8_t *
window_all(struct reader *r, uint64_t offset, size_t n)
{
	size_t got;
	const uint8_t *p = window_at(r, offset, n, &got);

	return (got == n ? p : NULL);
}

/* Are there bytes at all up to `end`? */
static bool
reaches(struct reader *r, uint64_t end)
{
	struct stat st;

	if (!r->seek)
		return (end == 0 || window_all(r, end - 1, 1) != NULL);
	if (end > r->size && fstat(r->fd, &st) == 0)
		r->size = (uint64_t)st.st_size; /* it may have grown */
	return (end <= r->size);
}

/* --- objects */

enum found { FOUND, FOUND_END, FOUND_SHORT, FOUND_BAD };

/* The object at `offset`; its payload with the first META_PREFIX bytes, valid until the window moves. */
static enum found
object_at(struct reader *r, uint64_t offset, struct meta_object *o, const uint8_t **payload)
{
	size_t got;
	const uint8_t *p = window_at(r, offset, META_PREFIX, &got);
	static const uint8_t begin[] = { 0x94, 0xa4, 'P', 'V' };

	if (got == 0)
		return (FOUND_END);
	if (got < META_PREFIX)
		return (memcmp(p, begin, got < sizeof(begin) ? got : sizeof(begin)) == 0 ? FOUND_SHORT : FOUND_BAD);
	if (!meta_get_object(p, o))
		return (FOUND_BAD);
	if (r->seek && !reaches(r, offset + META_PREFIX + o->size))
		return (FOUND_SHORT);
	p = window_all(r, offset, META_PREFIX + (size_t)o->size);
	if (p == NULL)
		return (FOUND_SHORT);
	*payload = p + META_PREFIX;
	return (meta_check(o, *payload) ? FOUND : FOUND_BAD);
}

/* The first valid object at or behind `offset`; its offset, or that of the end of the input (*any false).
 * `most`: how far to look. */
static uint64_t
search(struct reader *r, uint64_t offset, uint64_t most, bool *any)
{
	uint64_t last = most > UINT64_MAX - offset ? UINT64_MAX : offset + most;

	*any = false;
	while (offset <= last) {
		size_t got;
		const uint8_t *p = window_at(r, offset, FETCH, &got), *hit;
		struct meta_object o;
		const uint8_t *payload;

		if (got < META_PREFIX)
			return (offset + got);
		hit = memmem(p, got, "\x94\xa4PV", 4);
		if (hit == NULL || (size_t)(p + got - hit) < META_PREFIX) {
			offset += hit == NULL ? got - 3 : (size_t)(hit - p);
			if (hit != NULL && window_all(r, offset, META_PREFIX) == NULL)
				return (offset);
			if (!r->seek)
				window_cut(r, offset < last ? offset : r->start);
			continue;
		}
		offset += (size_t)(hit - p);
		if (meta_get_object(hit, &o) && object_at(r, offset, &o, &payload) == FOUND) {
			*any = true;
			return (offset);
		}
		offset++;
	}
	return (offset);
}

/* --- opening */

static bool
begins(const uint8_t *p, size_t n, const char *magic, size_t len)
{
	return (n >= len && memcmp(p, magic, len) == 0);
}

/* What else the file may be, with the command that helps. */
static void
explain_foreign(const struct reader *r, const uint8_t *p, size_t n, char *err, size_t errlen)
{
	static const struct {
		const char *magic;
		uint8_t len;
		const char *what, *help;
	} kinds[] = {
		{ "\xd4\xc3\xb2\xa1", 4, "a packet capture", "pavo -r %s | ra" },
		{ "\xa1\xb2\xc3\xd4", 4, "a packet capture", "pavo -r %s | ra" },
		{ "\x4d\x3c\xb2\xa1", 4, "a packet capture", "pavo -r %s | ra" },
		{ "\xa1\xb2\x3c\x4d", 4, "a packet capture", "pavo -r %s | ra" },
		{ "\x0a\x0d\x0d\x0a", 4, "a packet capture", "pavo -r %s | ra" },
		{ "\x1f\x8b", 2, "gzip-compressed", "zcat %s | ra" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd-compressed", "zstdcat %s | ra" },
		{ "\xfd" "7zXZ", 5, "xz-compressed", "xzcat %s | ra" },
		{ "BZh", 3, "bzip2-compressed", "bzcat %s | ra" },
	};
	char help[400];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!begins(p, n, kinds[i].magic, kinds[i].len))
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(help, sizeof(help), kinds[i].help, r->path);
#pragma GCC diagnostic pop
		(void)snprintf(err, errlen, "%s is %s, not a pavo record file: try %s", r->path, kinds[i].what, help);
		return;
	}
	if (n == 0)
		(void)snprintf(err, errlen, "%s is empty: not a pavo record file", r->path);
	else
		(void)snprintf(err, errlen, "%s is not a pavo record file", r->path);
}

/* Does it look like a record file, even if its first object is damaged? */
static bool
familiar(struct reader *r, char *err, size_t errlen)
{
	struct meta_object o;
	uint8_t first[8] = { 0 };
	size_t got;
	const uint8_t *p = window_at(r, 0, META_PREFIX, &got);
	bool any;

	if (r->read_error != 0) {
		(void)snprintf(err, errlen, "%s: %s", r->path, strerror(r->read_error));
		return (false);
	}
	if (got == META_PREFIX && meta_get_object(p, &o))
		return (true);
	memcpy(first, p == NULL ? first : p, got < sizeof(first) ? got : sizeof(first));
	if (got > 0 && got < META_PREFIX && begins(first, got < 4 ? got : 4, "\x94\xa4PV", got < 4 ? got : 4))
		return (true); /* torn in its header */
	if (got == META_PREFIX) {
		bool pipe = !r->seek;

		r->seek = true; /* the search must not cut the window of a pipe */
		if (pipe)
			(void)window_at(r, 0, FOREIGN_SCAN, &got);
		r->seek = !pipe;
		(void)search(r, 0, FOREIGN_SCAN, &any);
		if (any)
			return (true);
	}
	explain_foreign(r, first, got, err, errlen);
	return (false);
}

struct reader *
reader_open(const char *path, char *err, size_t errlen)
{
	struct reader *r;
	struct stat st;
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		(void)snprintf(err, errlen, "%s: %s", standard ? "standard input" : path, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return (NULL);
	}
	r = mem_zero(1, sizeof(*r));
	r->path = mem_str(standard ? "standard input" : path);
	r->fd = fd;
	/* a redirected standard input may not be at its start: then it is read as a pipe */
	r->seek = S_ISREG(st.st_mode) && (!standard || lseek(fd, 0, SEEK_CUR) == 0);
	r->size = r->seek ? (uint64_t)st.st_size : 0;
	r->segment.probe = "";
	r->blocks = blocks_new();
	r->batch = batch_new(1);
	if (!familiar(r, err, errlen))
		reader_close(&r);
	return (r);
}

void
reader_close(struct reader **pr)
{
	struct reader *r = *pr;

	if (r == NULL)
		return;
	(void)close(r->fd);
	blocks_free(&r->blocks);
	batch_free(&r->batch);
	arena_free(&r->arena);
	arena_free(&r->segment_arena);
	free(r->win);
	free(r->path);
	free(r);
	*pr = NULL;
}

void
reader_want(struct reader *r, reader_wants wants, void *arg)
{
	r->wants = wants;
	r->wants_arg = arg;
}

/* --- going on */

/* Does a writer hold the file? */
static bool
being_written(const struct reader *r)
{
	if (!r->seek)
		return (false);
	if (flock(r->fd, LOCK_SH | LOCK_NB) != 0)
		return (errno == EWOULDBLOCK);
	(void)flock(r->fd, LOCK_UN);
	return (false);
}

/* The input ends within the object at pos. */
static void
torn(struct reader *r)
{
	struct stat st;
	uint64_t end = r->seek ? r->size : r->start + r->len;

	if (r->seek && fstat(r->fd, &st) == 0)
		end = (uint64_t)st.st_size;
	if (being_written(r)) {
		mention(r, "%s is still being written: read up to offset %llu", r->path, (unsigned long long)r->pos);
	} else {
		complain(r, "%s is cut off within block %llu at offset %llu: its last %llu bytes are lost, "
		    "the %llu records before it are kept", r->path, (unsigned long long)r->block + 1,
		    (unsigned long long)r->pos, (unsigned long long)(end - r->pos),
		    (unsigned long long)r->totals.records);
		r->totals.bad_bytes += end - r->pos;
	}
	r->done = true;
}

/* What lies at pos is no object: go on at the next one.  `from`: where that may begin. */
static void
skip_damage(struct reader *r, uint64_t from, const char *what, bool short_end)
{
	uint64_t pos = r->pos, next;
	bool any;

	next = search(r, from, UINT64_MAX, &any);
	if (!any && short_end) {
		torn(r);
		return;
	}
	complain(r, "%s: %s (block %llu) at offset %llu: %llu bytes skipped%s", r->path, what,
	    (unsigned long long)r->block + 1, (unsigned long long)pos, (unsigned long long)(next - pos),
	    any ? "" : ", up to the end of the file");
	r->totals.bad_bytes += next - pos;
	r->block++;
	r->pos = next;
	r->done = !any;
}

static void
read_header(struct reader *r, const uint8_t *p, size_t n)
{
	uint64_t version;

	arena_reset(&r->segment_arena);
	memset(&r->odd, 0, sizeof(r->odd));
	r->foreign = false;
	if (!meta_get_header(p, n, &r->segment_arena, &r->segment, &version)) {
		r->segment = (struct segment_info){ .probe = "" };
		complain(r, "%s: the header at offset %llu can not be understood", r->path,
		    (unsigned long long)r->pos);
	} else if (version != META_VERSION) {
		complain(r, "%s is written in format version %llu at offset %llu; this program reads version %d",
		    r->path, (unsigned long long)version, (unsigned long long)r->pos, META_VERSION);
		r->foreign = true;
	}
}

/* --- blocks */

static const uint8_t *
fetch(void *arg, uint64_t offset, uint32_t n)
{
	struct reader *r = arg;

	return (window_all(r, r->sections + offset, n));
}

const struct ip *
reader_addresses(struct reader *r, uint32_t *n4, uint32_t *n6)
{
	if (r->dir == NULL)
		return (NULL);
	if (!r->addrs_read) {
		r->addrs_read = true;
		if (block_addresses(r->blocks, r->dir, fetch, r, &r->addrs) != BLOCK_GOOD)
			r->addrs = NULL; /* block_decode() will find the same and say so */
	}
	*n4 = r->dir->n4;
	*n6 = r->dir->n6;
	return (r->addrs);
}

static bool
is_wanted(struct reader *r, const struct directory *d)
{
	struct block_info info = { d->rows, r->seek ? r->pos : 0, r->range };
	bool yes;

	if (r->wants == NULL)
		return (true);
	block_ranges(d, &r->odd, r->range);
	r->dir = d;
	r->addrs_read = false;
	r->addrs = NULL;
	yes = r->wants(r->wants_arg, &info);
	r->dir = NULL;
	return (yes);
}

/* The block at pos, its directory whole; NULL: it is not wanted, or not good. pos moves on. */
static struct batch *
read_block(struct reader *r, const struct meta_object *o, const uint8_t *payload, const struct fieldset *want)
{
	struct directory d;
	enum block_result res;
	enum field unknown = F_NONE;
	uint64_t end;
	bool wanted;

	arena_reset(&r->arena);
	r->sections = r->pos + META_PREFIX + o->size;
	if (!meta_get_directory(payload, o->size, &r->arena, &d)) {
		skip_damage(r, r->sections, "a directory that can not be understood", false);
		return (NULL);
	}
	end = r->sections + d.length;
	if (r->seek && !reaches(r, end)) {
		skip_damage(r, r->sections, "an incomplete block", true);
		return (NULL);
	}
	wanted = is_wanted(r, &d);
	res = wanted ? block_decode(r->blocks, &d, want, &r->odd, fetch, r, r->batch, &unknown) : BLOCK_GOOD;
	if (res == BLOCK_GOOD && !reaches(r, end))
		res = BLOCK_MISSING;
	if (res == BLOCK_DAMAGED) {
		struct meta_object after;
		const uint8_t *p;
		enum found f = object_at(r, end, &after, &p);

		skip_damage(r, f == FOUND ? end : r->sections, "a damaged block", false);
		return (NULL);
	}
	if (res == BLOCK_MISSING) {
		skip_damage(r, r->sections, "an incomplete block", true);
		return (NULL);
	}
	r->pos = end;
	r->block++;
	if (!wanted) {
		r->totals.skipped++;
		return (NULL);
	}
	r->totals.blocks++;
	r->totals.records += d.rows;
	r->batch->filtered = r->segment.filtered;
	if (unknown != F_NONE)
		mention(r, "%s: the column %s is in an encoding that this program does not know: left out", r->path,
		    fields[unknown].name);
	return (r->batch);
}

struct batch *
reader_next(struct reader *r, const struct fieldset *want)
{
	while (!r->done) {
		struct meta_object o;
		const uint8_t *payload;
		struct batch *b = NULL;

		if (!r->seek && r->pos > r->start)
			window_cut(r, r->pos);
		switch (object_at(r, r->pos, &o, &payload)) {
		case FOUND_END:
			r->done = true;
			continue;
		case FOUND_SHORT:
			skip_damage(r, r->pos + 1, "a damaged object", true);
			continue;
		case FOUND_BAD:
			skip_damage(r, r->pos + 1, "a damaged object", false);
			continue;
		case FOUND:
			break;
		}
		if (o.kind == META_BLOCK && !r->foreign) {
			if ((b = read_block(r, &o, payload, want)) != NULL)
				return (b);
			continue;
		}
		if (o.kind == META_HEADER)
			read_header(r, payload, o.size);
		else if (o.kind == META_SCHEMA && !r->foreign && !meta_get_schema(payload, o.size, &r->odd))
			complain(r, "%s: the schema at offset %llu can not be understood", r->path,
			    (unsigned long long)r->pos);
		r->pos += META_PREFIX + (uint64_t)o.size;
		if (o.kind == META_BLOCK) { /* of another version: its sections are not ours to know */
			bool any;

			r->pos = search(r, r->pos, UINT64_MAX, &any);
			r->done = !any;
		}
	}
	return (NULL);
}

/* --- telling */

const char *
reader_error(const struct reader *r)
{
	return (r->failed ? r->error : NULL);
}

const char *
reader_warning(const struct reader *r)
{
	return (r->warned ? r->warning : NULL);
}

const struct segment_info *
reader_segment(const struct reader *r)
{
	return (&r->segment);
}

void
reader_progress(const struct reader *r, uint64_t *done, uint64_t *size)
{
	*done = r->pos;
	*size = r->size;
}

struct reader_totals
reader_totals(const struct reader *r)
{
	return (r->totals);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reader.c: a record file, block by block, past damage.  Tests: test_file.c, test_skip.c.
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
#define AHEAD ((size_t)32 << 10)        /* bytes of sections read at a time */
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
	struct piece *piece; /* of reader_next() */
	struct arena segment_arena;
	struct segment_info segment;
	struct fieldset odd; /* fields whose schema is not ours */
	struct reader_totals totals;
	uint64_t block; /* number of the block, from 1, for messages */
	bool failed, warned;
	uint64_t failed_at, warned_at;
	char error[640], warning[640];

	/* the file's indexes, for reader_between() */
	bool between, indexed;
	int64_t from, to;
	unsigned why;
	struct index_entry *index; /* offsets in the file, ascending */
	size_t entries, entries_cap, entry;
};

/* A block that was found, and the memory to read it with. */
struct piece {
	struct reader *r;
	struct arena arena; /* of the directory */
	struct directory d;
	struct segment_info segment;
	struct fieldset odd;
	uint64_t pos, sections, end, block;
	bool holds; /* nothing is known of what follows */
	unsigned why;
	enum block_result res;
	enum field unknown;
	int read_error;
	struct blocks *blocks;
	struct batch *batch;
	struct range range[F_COUNT];
	uint8_t *bytes; /* of a regular file: those at `at` */
	size_t len, cap;
	uint64_t at;
};

/* Of several mistakes the first in the file is kept, in whatever order they are found. */
static __attribute__((format(printf, 3, 4))) void
complain(struct reader *r, uint64_t at, const char *fmt, ...)
{
	va_list ap;

	if (r->failed && r->failed_at <= at)
		return;
	r->failed = true;
	r->failed_at = at;
	va_start(ap, fmt);
	(void)vsnprintf(r->error, sizeof(r->error), fmt, ap);
	va_end(ap);
}

static __attribute__((format(printf, 3, 4))) void
mention(struct reader *r, uint64_t at, const char *fmt, ...)
{
	va_list ap;

	if (r->warned && r->warned_at <= at)
		return;
	r->warned = true;
	r->warned_at = at;
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
		complain(r, offset, "%s: can not read at offset %llu: %s", r->path, (unsigned long long)offset,
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
	r->piece = piece_new();
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
	piece_free(&r->piece);
	arena_free(&r->segment_arena);
	free(r->index);
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
		mention(r, r->pos, "%s is still being written: read up to offset %llu", r->path, (unsigned long long)r->pos);
	} else {
		complain(r, r->pos, "%s is cut off within block %llu at offset %llu: its last %llu bytes are lost, "
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
	complain(r, r->pos, "%s: %s (block %llu) at offset %llu: %llu bytes skipped%s", r->path, what,
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
		complain(r, r->pos, "%s: the header at offset %llu can not be understood", r->path,
		    (unsigned long long)r->pos);
	} else if (version != META_VERSION) {
		complain(r, r->pos, "%s is written in format version %llu at offset %llu; this program reads version %d",
		    r->path, (unsigned long long)version, (unsigned long long)r->pos, META_VERSION);
		r->foreign = true;
	}
}

/* --- the index */

/* The object at `offset`, if it is whole and of this kind. */
static const uint8_t *
object_of_kind(struct reader *r, uint64_t offset, enum meta_kind kind, struct meta_object *o)
{
	const uint8_t *payload;

	return (object_at(r, offset, o, &payload) == FOUND && o->kind == kind ? payload : NULL);
}

/* The index of the segment that ends at `end`, its last entry first; where the segment begins, or 0. */
static uint64_t
index_before(struct reader *r, uint64_t end)
{
	uint64_t length, at, records;
	struct meta_object o;
	struct index_entry *entry;
	struct arena arena = { 0 };
	const uint8_t *p;
	size_t n;

	if (end < META_TRAILER_SIZE || (p = object_of_kind(r, end - META_TRAILER_SIZE, META_TRAILER, &o)) == NULL ||
	    !meta_get_trailer(p, o.size, &length, &at, &records) || length > end)
		return (0);
	p = object_of_kind(r, end - length + at, META_INDEX, &o);
	n = 0;
	if (p != NULL && meta_get_index(p, o.size, at, &arena, &entry, &n) && r->entries + n > r->entries_cap) {
		r->entries_cap = 2 * (r->entries + n);
		r->index = mem_grow(r->index, r->entries_cap, sizeof(*r->index));
	}
	while (n-- > 0) {
		r->index[r->entries] = entry[n];
		r->index[r->entries++].offset += end - length;
	}
	arena_free(&arena);
	return (end - length);
}

/* From the end back, segment by segment, as long as they were closed. */
static void
read_indexes(struct reader *r)
{
	r->indexed = true;
	if (!r->seek)
		return;
	for (uint64_t end = r->size; end > 0;)
		end = index_before(r, end);
	for (size_t i = 0, j = r->entries; i + 1 < j; i++) {
		struct index_entry e = r->index[i];

		r->index[i] = r->index[--j];
		r->index[j] = e;
	}
}

void
reader_between(struct reader *r, int64_t from, int64_t to, unsigned why)
{
	r->between = true;
	r->from = from;
	r->to = to;
	r->why = why;
}

static bool
outside(const struct reader *r, const struct index_entry *e)
{
	return ((e->bstart.is && (int64_t)e->bstart.u >= r->to) || (e->bend.is && (int64_t)e->bend.u <= r->from));
}

/* Go past the blocks at pos that the index puts outside the time. */
static void
skip_by_index(struct reader *r)
{
	if (!r->between)
		return;
	if (!r->indexed)
		read_indexes(r);
	for (; r->entry < r->entries && r->index[r->entry].offset <= r->pos; r->entry++) {
		const struct index_entry *e = &r->index[r->entry];

		if (e->offset < r->pos)
			continue;
		if (!outside(r, e))
			return;
		r->pos += e->length;
		r->block++;
		r->totals.skipped++;
		r->totals.why[r->why]++;
	}
}

/* --- blocks: found in turn, read at the same time */

struct piece *
piece_new(void)
{
	struct piece *p = mem_zero(1, sizeof(*p));

	p->blocks = blocks_new();
	p->batch = batch_new(1);
	return (p);
}

void
piece_free(struct piece **pp)
{
	struct piece *p = *pp;

	if (p == NULL)
		return;
	blocks_free(&p->blocks);
	batch_free(&p->batch);
	arena_free(&p->arena);
	free(p->bytes);
	free(p);
	*pp = NULL;
}

/* n bytes of a regular file.  Sections are asked for in ascending order: some more are read at once. */
static const uint8_t *
fetch_file(struct piece *p, uint64_t offset, size_t n)
{
	size_t more = p->end - offset < AHEAD ? (size_t)(p->end - offset) : AHEAD, want = n > more ? n : more;

	if (offset >= p->at && offset + n <= p->at + p->len)
		return (p->bytes + (offset - p->at));
	if (p->cap < want) {
		p->cap = want;
		p->bytes = mem_grow(p->bytes, p->cap, 1);
	}
	p->at = offset;
	p->len = 0;
	while (p->len < want) {
		ssize_t got = pread(p->r->fd, p->bytes + p->len, want - p->len, (off_t)(offset + p->len));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			p->read_error = errno;
		if (got <= 0)
			break;
		p->len += (size_t)got;
	}
	return (p->len >= n ? p->bytes : NULL);
}

static const uint8_t *
fetch(void *arg, uint64_t offset, uint32_t n)
{
	struct piece *p = arg;

	if (p->r->seek)
		return (p->sections + offset + n <= p->end ? fetch_file(p, p->sections + offset, n) : NULL);
	return (window_all(p->r, p->sections + offset, n));
}

const struct ip *
piece_addresses(struct piece *p, uint32_t *n4, uint32_t *n6)
{
	const struct ip *ip;

	/* block_decode() will find the same damage, and say so */
	if (block_addresses(p->blocks, &p->d, fetch, p, &ip) != BLOCK_GOOD)
		return (NULL);
	*n4 = p->d.n4;
	*n6 = p->d.n6;
	return (ip);
}

bool
piece_may_hold(struct piece *p, enum field f, const union value *v)
{
	enum member what = fields[f].member;
	const uint8_t *filter;
	uint32_t size;

	if (what == MEMBERS || (filter = block_member(&p->d, what, fetch, p, &size)) == NULL)
		return (true);
	return (member_maybe(filter, size, what == MEMBER_ADDR ? member_hash_ip(&v->ip) : member_hash(v->u)));
}

struct batch *
piece_read(struct piece *p, const struct fieldset *want)
{
	const struct reader *r = p->r;
	struct block_info info = { p->d.rows, r->seek ? p->pos : 0, p->range, p };

	p->why = 0;
	p->res = BLOCK_GOOD;
	p->unknown = F_NONE;
	if (r->wants != NULL) {
		block_ranges(&p->d, &p->odd, p->range);
		p->why = r->wants(r->wants_arg, &info);
	}
	if (p->why == 0)
		p->res = block_decode(p->blocks, &p->d, want, &p->odd, fetch, p, p->batch, &p->unknown);
	p->batch->filtered = p->segment.filtered;
	return (p->why == 0 && p->res == BLOCK_GOOD ? p->batch : NULL);
}

/* The block at pos, its directory whole; false: it is not good, and pos has moved on. */
static bool
take_block(struct reader *r, struct piece *p, const struct meta_object *o, const uint8_t *payload, bool ahead)
{
	arena_reset(&p->arena);
	p->r = r;
	p->pos = r->pos;
	p->sections = r->pos + META_PREFIX + o->size;
	p->at = p->len = 0;
	p->read_error = 0;
	if (!meta_get_directory(payload, o->size, &p->arena, &p->d)) {
		skip_damage(r, p->sections, "a directory that can not be understood", false);
		return (false);
	}
	p->end = p->sections + p->d.length;
	if (r->seek && !reaches(r, p->end)) {
		skip_damage(r, p->sections, "an incomplete block", true);
		return (false);
	}
	p->segment = r->segment;
	p->segment.probe = arena_copy(&p->arena, r->segment.probe, strlen(r->segment.probe) + 1);
	p->odd = r->odd;
	p->holds = true;
	p->block = ++r->block;
	if (ahead && r->seek) {
		struct meta_object after;
		const uint8_t *bytes;

		p->holds = object_at(r, p->end, &after, &bytes) != FOUND;
	}
	if (!p->holds)
		r->pos = p->end;
	return (true);
}

/* A block that turned out to be bad, while nothing behind it was looked at. */
static void
settle_bad(struct reader *r, const struct piece *p)
{
	enum found f = FOUND_END;

	r->block--; /* skip_damage() counts it */
	if (p->res == BLOCK_DAMAGED) {
		struct meta_object after;
		const uint8_t *bytes;

		f = object_at(r, p->end, &after, &bytes);
		skip_damage(r, f == FOUND ? p->end : p->sections, "a damaged block", false);
		return;
	}
	skip_damage(r, p->sections, "an incomplete block", true);
}

void
reader_settle(struct reader *r, struct piece *p)
{
	enum block_result res = p->res;

	if (p->read_error != 0)
		complain(r, p->pos, "%s: can not read at offset %llu: %s", r->path, (unsigned long long)p->at,
		    strerror(p->read_error));
	if (res == BLOCK_GOOD && p->holds && !reaches(r, p->end))
		p->res = res = BLOCK_MISSING;
	if (res != BLOCK_GOOD && p->holds) {
		settle_bad(r, p);
		return;
	}
	if (res != BLOCK_GOOD) {
		complain(r, p->pos, "%s: a damaged block (block %llu) at offset %llu: %llu bytes skipped", r->path,
		    (unsigned long long)p->block, (unsigned long long)p->pos, (unsigned long long)(p->end - p->pos));
		r->totals.bad_bytes += p->end - p->pos;
		return;
	}
	if (p->holds)
		r->pos = p->end;
	if (p->why != 0) {
		r->totals.skipped++;
		r->totals.why[p->why % READER_WHYS]++;
		return;
	}
	r->totals.blocks++;
	r->totals.records += p->d.rows;
	if (p->unknown != F_NONE)
		mention(r, p->pos, "%s: the column %s is in an encoding that this program does not know: left out",
		    r->path, fields[p->unknown].name);
}

const struct segment_info *
piece_segment(const struct piece *p)
{
	return (&p->segment);
}

uint64_t
piece_number(const struct piece *p)
{
	return (p->block);
}

uint32_t
piece_rows(const struct piece *p)
{
	return (p->d.rows);
}

unsigned
piece_why(const struct piece *p)
{
	return (p->why);
}

bool
piece_good(const struct piece *p)
{
	return (p->res == BLOCK_GOOD);
}

bool
piece_holds(const struct piece *p)
{
	return (p->holds);
}

/* Any other object at pos: what it says, and on to the next one. */
static void
take_object(struct reader *r, const struct meta_object *o, const uint8_t *payload)
{
	r->totals.segments += o->kind == META_HEADER;
	r->totals.closed += o->kind == META_TRAILER;
	if (o->kind == META_HEADER)
		read_header(r, payload, o->size);
	else if (o->kind == META_SCHEMA && !r->foreign && !meta_get_schema(payload, o->size, &r->odd))
		complain(r, r->pos, "%s: the schema at offset %llu can not be understood", r->path,
		    (unsigned long long)r->pos);
	r->pos += META_PREFIX + (uint64_t)o->size;
	if (o->kind == META_BLOCK) { /* of another version: its sections are not ours to know */
		bool any;

		r->pos = search(r, r->pos, UINT64_MAX, &any);
		r->done = !any;
	}
}

bool
reader_find(struct reader *r, struct piece *p, bool ahead)
{
	while (!r->done) {
		struct meta_object o;
		const uint8_t *payload;

		if (!r->seek && r->pos > r->start)
			window_cut(r, r->pos);
		skip_by_index(r);
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
		if (o.kind != META_BLOCK || r->foreign)
			take_object(r, &o, payload);
		else if (take_block(r, p, &o, payload, ahead))
			return (true);
	}
	return (false);
}

struct batch *
reader_next(struct reader *r, const struct fieldset *want)
{
	while (reader_find(r, r->piece, false)) {
		struct batch *b = piece_read(r->piece, want);

		reader_settle(r, r->piece);
		if (b != NULL && r->piece->res == BLOCK_GOOD)
			return (b);
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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reader_find.c: a record file, block by block, past damage.  Tests: test_file.c, test_skip.c, test_hostile.c.
 */
#include "format/base/programs.h"
#include "format/reader_room.h"

#include "format/base/mem.h"
#include "format/base/output.h"
#include "format/block.h"
#include "format/input.h"
#include "format/tally.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDIN_NAME "stdin" /* in sentences */
#define FOREIGN_SCAN ((uint64_t)1 << 20) /* how far the first object may be from the start */

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
		{ "\xd4\xc3\xb2\xa1", 4, "a packet capture", TOOL(pavo) " -r %s | " TOOL(ra) },
		{ "\xa1\xb2\xc3\xd4", 4, "a packet capture", TOOL(pavo) " -r %s | " TOOL(ra) },
		{ "\x4d\x3c\xb2\xa1", 4, "a packet capture", TOOL(pavo) " -r %s | " TOOL(ra) },
		{ "\xa1\xb2\x3c\x4d", 4, "a packet capture", TOOL(pavo) " -r %s | " TOOL(ra) },
		{ "\x0a\x0d\x0d\x0a", 4, "a packet capture", TOOL(pavo) " -r %s | " TOOL(ra) },
		{ "\x1f\x8b", 2, "gzip-compressed", "zcat %s | " TOOL(ra) },
		{ "\x28\xb5\x2f\xfd", 4, "zstd-compressed", "zstdcat %s | " TOOL(ra) },
		{ "\xfd" "7zXZ", 5, "xz-compressed", "xzcat %s | " TOOL(ra) },
		{ "\x83\x10\x00", 3, "an argus file, whose records are of its own kind", "its capture: " TOOL(pavo) " -r CAPTURE -w x.pavo" },
		{ "\x80\x10\x00", 3, "an argus file, whose records are of its own kind", "its capture: " TOOL(pavo) " -r CAPTURE -w x.pavo" },
		{ "\x0c\xa5", 2, "an nfdump file, whose records are of its own kind", "its capture: " TOOL(pavo) " -r CAPTURE -w x.pavo" },
		{ "\xa5\x0c", 2, "an nfdump file, whose records are of its own kind", "its capture: " TOOL(pavo) " -r CAPTURE -w x.pavo" },
		{ "BZh", 3, "bzip2-compressed", "bzcat %s | " TOOL(ra) },
	};
	char help[400];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!begins(p, n, kinds[i].magic, kinds[i].len))
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(help, sizeof(help), kinds[i].help, strcmp(r->path, STDIN_NAME) == 0 ? "FILE" : r->path);
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
	const uint8_t *p = input_at(&r->in, 0, META_PREFIX, &got);
	bool any;

	if (r->in.error != 0) {
		(void)snprintf(err, errlen, "%s: %s", r->path, strerror(r->in.error));
		return (false);
	}
	if (r->in.stopped)
		return (r->done = true);
	if (got == META_PREFIX && meta_get_object(p, &o))
		return (true);
	memcpy(first, p == NULL ? first : p, got < sizeof(first) ? got : sizeof(first));
	if (got > 0 && got < META_PREFIX && begins(first, got < 4 ? got : 4, "\x94\xa4PV", got < 4 ? got : 4))
		return (true); /* torn in its header */
	if (got == META_PREFIX) {
		r->in.keep = true;
		(void)input_search(&r->in, 0, FOREIGN_SCAN, &any);
		r->in.keep = false;
		if (any)
			return (true);
	}
	explain_foreign(r, first, got, err, errlen);
	return (false);
}

struct reader *
reader_open_until(const char *path, reader_enough enough, void *arg, char *err, size_t errlen)
{
	struct reader *r = mem_zero(1, sizeof(*r));

	r->path = mem_str(strcmp(path, "-") == 0 ? STDIN_NAME : path);
	r->segment.probe = "";
	r->piece = piece_new();
	if (!input_open(&r->in, path)) {
		(void)snprintf(err, errlen, "%s: %s", r->path, strerror(errno));
		reader_close(&r);
		return (NULL);
	}
	r->in.enough = enough;
	r->in.enough_arg = arg;
	if (!familiar(r, err, errlen))
		reader_close(&r);
	return (r);
}

struct reader *
reader_open(const char *path, char *err, size_t errlen)
{
	return (reader_open_until(path, NULL, NULL, err, errlen));
}

void
reader_close(struct reader **pr)
{
	struct reader *r = *pr;

	if (r == NULL)
		return;
	input_close(&r->in);
	piece_free(&r->piece);
	arena_free(&r->segment_arena);
	tally_free(&r->tally);
	free(r->index);
	free(r->path);
	free(r);
	*pr = NULL;
}

bool
reader_again(struct reader *r)
{
	if (!r->done || !r->in.seek || !input_reaches(&r->in, r->pos + 1))
		return (false);
	r->done = false;
	return (true);
}

bool
reader_was_replaced(const struct reader *r)
{
	struct stat mine, named;

	return (r->in.seek && fstat(r->in.fd, &mine) == 0 && stat(r->path, &named) == 0 &&
	    (mine.st_ino != named.st_ino || mine.st_dev != named.st_dev || (uint64_t)mine.st_size < r->pos));
}

void
reader_want(struct reader *r, reader_wants wants, void *arg)
{
	r->wants = wants;
	r->wants_arg = arg;
}

/* --- going on */

/* Does a writer hold the file? */
bool
reader_being_written(const struct reader *r)
{
	return (r->in.seek && output_held(r->in.fd));
}

/* The input ends within the object at pos.  What is kept is told by what lies before it, not by what was read: others may
 * be at it yet, and filters leave blocks out. */
static void
torn(struct reader *r)
{
	uint64_t end = input_end(&r->in);

	r->done = true;
	if (r->in.stopped)
		return;
	if (reader_being_written(r)) {
		mention(r, r->pos, "%s is still being written: read up to offset %llu", r->path, (unsigned long long)r->pos);
		return;
	}
	complain(r, r->pos, "%s is cut off within block %llu at offset %llu: its last %llu bytes are lost, "
	    "the %llu records before it are kept", r->path, (unsigned long long)r->block + 1,
	    (unsigned long long)r->pos, (unsigned long long)(end - r->pos), (unsigned long long)r->rows);
	r->totals.bad_bytes += end - r->pos;
}

/* A segment without its header: whatever came before does not hold for it. */
static void
lose_header(struct reader *r)
{
	arena_reset(&r->segment_arena);
	memset(&r->odd, 0, sizeof(r->odd));
	r->segment = (struct segment_info){ .probe = "" };
	r->headed = true; /* said once */
	r->foreign = false;
}

/* What lies at pos is no object: go on at the next one.  `from`: where that may begin. */
static void
skip_damage(struct reader *r, uint64_t from, const char *what, bool short_end)
{
	uint64_t pos = r->pos, next;
	const uint8_t *payload;
	struct meta_object o;
	bool any, header;

	next = input_search(&r->in, from, UINT64_MAX, &any);
	if (r->in.stopped || (!any && short_end)) {
		torn(r);
		return;
	}
	header = !r->headed && any && (input_object(&r->in, next, &o, &payload) != FOUND || o.kind != META_HEADER);
	if (header)
		complain(r, pos, "%s: the header is damaged at offset %llu: %llu bytes skipped; the probe and the interval (T) "
		    "of the records behind it are not known", r->path, (unsigned long long)pos,
		    (unsigned long long)(next - pos));
	else
		complain(r, pos, "%s: %s (block %llu) at offset %llu: %llu bytes skipped%s", r->path, what,
		    (unsigned long long)r->block + 1, (unsigned long long)pos, (unsigned long long)(next - pos),
		    any ? "" : ", up to the end of the file");
	if (header)
		lose_header(r);
	r->totals.bad_bytes += next - pos;
	r->block++;
	r->pos = next;
	r->done = !any;
}

static void
read_header(struct reader *r, const uint8_t *p, size_t n)
{
	uint64_t version;

	lose_header(r);
	tally_begin(&r->tally, r->pos);
	if (!meta_get_header(p, n, &r->segment_arena, &r->segment, &version)) {
		r->segment = (struct segment_info){ .probe = "" };
		complain(r, r->pos, "%s: the header at offset %llu can not be understood", r->path,
		    (unsigned long long)r->pos);
	} else if (version != META_VERSION) {
		complain(r, r->pos, "%s is written in format version %llu at offset %llu; this program reads version %d",
		    r->path, (unsigned long long)version, (unsigned long long)r->pos, META_VERSION);
		r->foreign = true;
		r->totals.later++;
	}
}

/* --- the index */

/* The object at `offset`, if it is whole and of this kind. */
static const uint8_t *
object_of_kind(struct reader *r, uint64_t offset, enum meta_kind kind, struct meta_object *o)
{
	const uint8_t *payload;

	return (input_object(&r->in, offset, o, &payload) == FOUND && o->kind == kind ? payload : NULL);
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
	/* only one that ends before the trailer, or many trailers would have the same bytes read again and again */
	p = input_all(&r->in, end - length + at, META_PREFIX);
	p = p != NULL && meta_get_object(p, &o) && at + META_PREFIX + o.size + META_TRAILER_SIZE <= length
	    ? object_of_kind(r, end - length + at, META_INDEX, &o)
	    : NULL;
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
	if (!r->in.seek)
		return;
	for (uint64_t end = r->in.size; end > 0;)
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
		tally_block(&r->tally, &(struct tally_block){ r->pos, e->length, ++r->block, e->rows,
		    e->bstart.is ? e->bstart.u : UINT64_MAX });
		r->pos += e->length;
		r->rows += e->rows;
		r->totals.skipped++;
		r->totals.why[r->why]++;
	}
}

/* --- blocks: found in turn, read at the same time (reader_piece.c) */

static void
count_block(struct reader *r, struct piece *p)
{
	struct tally_block b = { p->pos, p->end - p->pos, ++r->block, p->d.rows, UINT64_MAX };

	for (uint32_t i = 0; i < p->d.ncol; i++)
		if (p->d.col[i].id == fields[F_bstart].id && p->d.col[i].min.is && p->d.col[i].min.bytes.p == NULL)
			b.bstart = p->d.col[i].min.u;
	tally_block(&r->tally, &b);
	r->rows += p->d.rows;
	p->block = r->block;
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
	if (r->in.seek && !input_reaches(&r->in, p->end)) {
		skip_damage(r, p->sections, "an incomplete block", true);
		return (false);
	}
	if (input_tired(&r->in, r->pos)) {
		skip_damage(r, p->sections, "a block among too many that were damaged", false);
		return (false);
	}
	p->segment = r->segment;
	p->segment.probe = arena_copy(&p->arena, r->segment.probe, strlen(r->segment.probe) + 1);
	if (r->segment.program != NULL)
		p->segment.program = arena_copy(&p->arena, r->segment.program, strlen(r->segment.program) + 1);
	p->odd = r->odd;
	p->holds = true;
	count_block(r, p);
	if (ahead && r->in.seek) {
		struct meta_object after;
		const uint8_t *bytes;

		p->holds = input_object(&r->in, p->end, &after, &bytes) != FOUND;
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
	r->rows -= p->d.rows;
	r->in.wasted += p->end - p->sections;
	if (p->res == BLOCK_DAMAGED) {
		struct meta_object after;
		const uint8_t *bytes;

		f = input_object(&r->in, p->end, &after, &bytes);
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
	if (res == BLOCK_GOOD && p->holds && !input_reaches(&r->in, p->end))
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
		mention(r, p->pos, "%s: the column %s is in an encoding, or compressed in a way, that this program does not know: left out",
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

/* A segment has ended that was closed. */
static void
read_trailer(struct reader *r, const uint8_t *p, size_t n)
{
	struct buf what = { 0 };

	if (!r->foreign && !tally_end(&r->tally, p, n, r->pos, &what))
		complain(r, r->pos, "%s: %s", r->path, buf_cstr(&what));
	buf_free(&what);
	tally_begin(&r->tally, r->pos + META_TRAILER_SIZE);
	r->headed = false;
}

/* What is no header, where a segment begins. */
static void
miss_header(struct reader *r)
{
	complain(r, r->pos, "%s: the header that should be at offset %llu is missing: the probe and the interval (T) of the "
	    "records behind it are not known", r->path, (unsigned long long)r->pos);
	lose_header(r);
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
	else if (o->kind == META_INDEX && !r->foreign)
		tally_index(&r->tally, payload, o->size);
	else if (o->kind == META_TRAILER)
		read_trailer(r, payload, o->size);
	r->pos += META_PREFIX + (uint64_t)o->size;
	if (o->kind == META_BLOCK) { /* of another version: its sections are not ours to know */
		bool any;

		r->pos = input_search(&r->in, r->pos, UINT64_MAX, &any);
		r->done = !any;
	}
}

static bool
find(struct reader *r, struct piece *p, bool ahead)
{
	while (!r->done) {
		struct meta_object o;
		const uint8_t *payload;

		if (!r->in.seek)
			input_cut(&r->in, r->pos);
		skip_by_index(r);
		switch (input_object(&r->in, r->pos, &o, &payload)) {
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
		if (!r->headed && o.kind != META_HEADER)
			miss_header(r);
		if (o.kind != META_BLOCK || r->foreign)
			take_object(r, &o, payload);
		else if (take_block(r, p, &o, payload, ahead))
			return (true);
	}
	return (false);
}

bool
reader_find(struct reader *r, struct piece *p, bool ahead)
{
	bool any = find(r, p, ahead);

	if (r->in.error != 0)
		complain(r, r->in.error_at, "%s: can not read at offset %llu: %s", r->path,
		    (unsigned long long)r->in.error_at, strerror(r->in.error));
	return (any);
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
	*size = r->in.size;
}

struct reader_totals
reader_totals(const struct reader *r)
{
	struct reader_totals t = r->totals;

	t.missing = r->tally.missing;
	t.surplus = r->tally.surplus;
	return (t);
}

bool
reader_stopped(const struct reader *r)
{
	return (r->in.stopped);
}

uint64_t
reader_number(const struct reader *r)
{
	return (r->piece->block);
}

const uint64_t *
reader_surplus(const struct reader *r, size_t *n)
{
	*n = r->tally.numbers;
	return (r->tally.number);
}

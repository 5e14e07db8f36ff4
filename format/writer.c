/* SPDX-License-Identifier: BSD-2-Clause
 *
 * writer.c: a record file, block by block.  Each block leaves in one write, after the schema it needs.
 * Test: test_file.c.
 */
#include "format/writer.h"

#include "format/base/mem.h"
#include "format/block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOB_BYTES_MAX (8u << 20) /* of one block: more is split, so that no section grows too large */

struct writer {
	char *path;
	int fd;
	bool sync, failed;
	char error[512];
	struct blocks *blocks;
	struct buf out, payload, block;
	struct fieldset described; /* fields that a schema of this segment has */
	struct index_entry *entry;
	size_t entries, entries_cap;
	uint64_t written, records;
};

static bool
fail(struct writer *w, const char *what)
{
	if (!w->failed)
		(void)snprintf(w->error, sizeof(w->error), "%s: %s: %s", w->path, what, strerror(errno));
	w->failed = true;
	return (false);
}

static bool
flush(struct writer *w)
{
	size_t done = 0;

	while (done < w->out.len && !w->failed) {
		ssize_t n = write(w->fd, w->out.p + done, w->out.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return (fail(w, "can not write"));
		done += (size_t)n;
		w->written += (uint64_t)n;
	}
	w->out.len = 0;
	return (!w->failed);
}

static void
put_payload(struct writer *w, enum meta_kind kind)
{
	meta_put_object(&w->out, kind, w->payload.p, w->payload.len);
	w->payload.len = 0;
}

/* May the file be replaced? A regular file that is empty or begins like a record file. */
static bool
may_replace(int fd, const struct stat *st)
{
	uint8_t p[META_PREFIX];
	struct meta_object o;

	if (!S_ISREG(st->st_mode) || st->st_size == 0)
		return (true);
	return (pread(fd, p, sizeof(p), 0) == (ssize_t)sizeof(p) && meta_get_object(p, &o));
}

static __attribute__((format(printf, 3, 4))) int
refuse(char *err, size_t len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err, len, fmt, ap);
	va_end(ap);
	return (-1);
}

/* The descriptor to write to, locked and empty; -1: err says why. */
static int
open_output(const char *path, bool append, char *err, size_t len)
{
	struct stat st;
	int fd;

	if (strcmp(path, "-") == 0) {
		if (isatty(STDOUT_FILENO))
			return (refuse(err, len, "records are not for a terminal: say -w FILE, or pipe into ra"));
		fd = dup(STDOUT_FILENO);
		return (fd < 0 ? refuse(err, len, "standard output: %s", strerror(errno)) : fd);
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (append ? O_APPEND : 0), 0666);
	if (fd < 0 && (errno == EACCES || errno == ENXIO))
		fd = open(path, O_WRONLY | O_CLOEXEC); /* a named pipe or a device */
	if (fd < 0)
		return (refuse(err, len, "%s: %s", path, strerror(errno)));
	if (isatty(fd)) {
		(void)close(fd);
		return (refuse(err, len, "%s is a terminal, records are not for that", path));
	}
	if (fstat(fd, &st) != 0 || !may_replace(fd, &st)) {
		(void)close(fd);
		return (refuse(err, len, "%s exists and is not a pavo record file: not replaced", path));
	}
	if (!S_ISREG(st.st_mode))
		return (fd);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
		(void)close(fd);
		return (refuse(err, len, "%s is being written by another program", path));
	}
	if (!append && ftruncate(fd, 0) != 0) {
		int error = errno;

		(void)close(fd);
		return (refuse(err, len, "%s: %s", path, strerror(error)));
	}
	return (fd);
}

struct writer *
writer_open(const char *path, const struct writer_options *opt, char *err, size_t errlen)
{
	struct writer *w;
	int fd = open_output(path, opt->append, err, errlen);

	if (fd < 0)
		return (NULL);
	w = mem_zero(1, sizeof(*w));
	w->fd = fd;
	w->path = mem_str(strcmp(path, "-") == 0 ? "standard output" : path);
	w->sync = opt->fsync;
	w->blocks = blocks_new();
	meta_put_header(&w->payload, &opt->segment);
	put_payload(w, META_HEADER);
	if (!flush(w)) {
		(void)snprintf(err, errlen, "%s", w->error);
		(void)writer_close(&w, NULL, 0);
		return (NULL);
	}
	return (w);
}

/* Describe the fields that no schema of this segment has described. */
static void
put_new_fields(struct writer *w, const struct fieldset *used)
{
	struct fieldset new = { { 0 } };
	bool any = false;

	for (size_t i = 0; i < BITS_WORDS(F_COUNT); i++) {
		new.w[i] = used->w[i] & ~w->described.w[i];
		any |= new.w[i] != 0;
	}
	if (!any)
		return;
	fieldset_union(&w->described, &new);
	meta_put_schema(&w->payload, &new);
	put_payload(w, META_SCHEMA);
}

static bool
put_block(struct writer *w, struct batch *b)
{
	struct fieldset used;
	struct index_entry entry;

	w->block.len = 0;
	block_encode(w->blocks, b, &w->block, &used, &entry);
	if (entry.rows == 0)
		return (true);
	put_new_fields(w, &used);
	entry.offset = w->written + w->out.len;
	buf_add(&w->out, w->block.p, w->block.len);
	if (w->entries == w->entries_cap) {
		w->entries_cap = w->entries_cap == 0 ? 64 : w->entries_cap * 2;
		w->entry = mem_grow(w->entry, w->entries_cap, sizeof(*w->entry));
	}
	w->entry[w->entries++] = entry;
	w->records += entry.rows;
	return (flush(w));
}

/* Bytes of blobs in a row, or in all selected ones (row == b->rows). */
static uint64_t
blob_bytes(const struct batch *b, uint32_t row)
{
	uint64_t sum = 0;
	uint32_t first = row == b->rows ? 0 : row, end = row == b->rows ? row : row + 1;

	for (enum field f = 0; f < F_STORED; f++) {
		const struct column *c = b->col[f];

		if (c == NULL || c->store != STORE_BLOB)
			continue;
		for (uint32_t r = first; r < end; r++)
			sum += column_has(c, r) && batch_selected(b, r) ? c->b[r].n : 0;
	}
	return (sum);
}

/* The row before which more than `most` bytes of blobs are reached, and at least one row on. */
static uint32_t
blobs_fit(const struct batch *b, uint32_t from, uint64_t most)
{
	uint64_t sum = 0;

	for (uint32_t r = from; r < b->rows; r++) {
		sum += blob_bytes(b, r);
		if (sum > most && r > from)
			return (r);
	}
	return (b->rows);
}

bool
writer_put(struct writer *w, struct batch *b)
{
	uint64_t *whole = b->sel, *part;
	uint32_t from = 0, to;
	bool good = true;

	if (w->failed)
		return (false);
	if (blob_bytes(b, b->rows) <= BLOB_BYTES_MAX)
		return (put_block(w, b));
	part = mem_zero(BITS_WORDS(b->rows), 8);
	for (; from < b->rows && good; from = to) {
		b->sel = whole;
		to = blobs_fit(b, from, BLOB_BYTES_MAX);
		memset(part, 0, BITS_WORDS(b->rows) * 8);
		for (uint32_t r = from; r < to; r++)
			if (whole == NULL || bit_get(whole, r))
				bit_set(part, r);
		b->sel = part;
		good = put_block(w, b);
	}
	b->sel = whole;
	free(part);
	return (good);
}

uint64_t
writer_bytes(const struct writer *w)
{
	return (w->written);
}

const char *
writer_error(const struct writer *w)
{
	return (w->failed ? w->error : NULL);
}

bool
writer_close(struct writer **pw, char *err, size_t errlen)
{
	struct writer *w = *pw;
	uint64_t index;
	bool good;

	if (w == NULL)
		return (true);
	if (!w->failed) {
		index = w->written;
		meta_put_index(&w->payload, w->entry, w->entries);
		if (w->payload.len <= META_PAYLOAD_MAX) /* else it is left out: it can be found by scanning */
			put_payload(w, META_INDEX);
		w->payload.len = 0;
		meta_put_trailer(&w->payload, w->written + w->out.len + META_TRAILER_SIZE, index, w->records);
		put_payload(w, META_TRAILER);
		(void)flush(w);
	}
	if (w->sync && !w->failed && fsync(w->fd) != 0 && errno != EINVAL && errno != EROFS)
		(void)fail(w, "fsync");
	if (close(w->fd) != 0)
		(void)fail(w, "can not close");
	good = !w->failed;
	if (!good && err != NULL)
		(void)snprintf(err, errlen, "%s", w->error);
	blocks_free(&w->blocks);
	buf_free(&w->out);
	buf_free(&w->payload);
	buf_free(&w->block);
	free(w->entry);
	free(w->path);
	free(w);
	*pw = NULL;
	return (good);
}

bool
writer_same_file(const char *path, const char *other)
{
	struct stat a, b;

	if (strcmp(path, "-") == 0 || strcmp(other, "-") == 0)
		return (false);
	return (stat(path, &a) == 0 && stat(other, &b) == 0 && S_ISREG(a.st_mode) && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino);
}

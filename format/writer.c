/* SPDX-License-Identifier: BSD-2-Clause
 *
 * writer.c: a record file, block by block.  Each block leaves in one write, after the schema it needs.
 * Test: test_file.c.
 */
#include "format/base/programs.h"
#include "format/writer.h"

#include "format/base/mem.h"
#include "format/base/output.h"
#include "format/block.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOB_BYTES_MAX (8u << 20) /* of one block: more is split, so that no section grows too large */

struct writer {
	struct output to;
	uint64_t from; /* where this segment begins */
	bool sync, begun, failed, partial;
	unsigned how;              /* it was opened */
	void (*renewed)(const char *);
	char error[512];
	struct blocks *blocks;
	struct buf header, out, payload, block, taken;
	struct fieldset described; /* fields that a schema of this segment has */
	struct index_entry *entry;
	size_t entries, entries_cap;
	uint64_t records;
};

static bool
fail(struct writer *w)
{
	(void)snprintf(w->error, sizeof(w->error), "%s: can not write: %s", w->to.path, strerror(errno));
	w->failed = true;
	return (false);
}

static bool
flush(struct writer *w)
{
	bool good = output_write(&w->to, w->out.p, w->out.len);

	w->out.len = 0;
	w->failed = false;
	return (good || fail(w));
}

static void
put_payload(struct writer *w, enum meta_kind kind)
{
	meta_put_object(&w->out, kind, w->payload.p, w->payload.len);
	w->payload.len = 0;
}

static bool
is_record_file(const uint8_t *head, size_t n)
{
	struct meta_object o;

	return (n >= META_PREFIX && meta_get_object(head, &o));
}

static const struct output_kind kind = { is_record_file, "is not a pavo record file" };

static void
destroy(struct writer *w)
{
	blocks_free(&w->blocks);
	buf_free(&w->header);
	buf_free(&w->out);
	buf_free(&w->payload);
	buf_free(&w->block);
	buf_free(&w->taken);
	free(w->entry);
	free(w);
}

/* All memory first: what ends the program for want of it must not leave a file behind. */
struct writer *
writer_open(const char *path, const struct writer_options *opt, char *err, size_t errlen)
{
	unsigned how = (opt->append ? OUTPUT_APPEND : 0u) | (opt->beside ? OUTPUT_BESIDE : 0u);
	struct writer *w = mem_zero(1, sizeof(*w));

	w->sync = opt->fsync;
	w->how = how & ~(unsigned)OUTPUT_APPEND;
	w->renewed = opt->renewed;
	w->blocks = blocks_new();
	if (opt->zstd)
		(void)blocks_zstd(w->blocks);
	meta_put_header(&w->payload, &opt->segment);
	put_payload(w, META_HEADER);
	buf_add(&w->header, w->out.p, w->out.len);
	w->out.len = 0;
	if (!output_open(&w->to, path, how, &kind, err, errlen)) {
		destroy(w);
		return (NULL);
	}
	w->from = w->to.size;
	if (!isatty(w->to.fd))
		return (w);
	(void)snprintf(err, errlen, "records are not for a terminal: say -w FILE, or pipe into " TOOL(ra));
	(void)output_close(&w->to, OUTPUT_KEEP, false, NULL, 0);
	destroy(w);
	return (NULL);
}

bool
writer_begin(struct writer *w)
{
	if (w->begun)
		return (true);
	buf_add(&w->out, w->header.p, w->header.len);
	w->begun = flush(w);
	return (w->begun);
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

/* All rows of a block that was read, and nothing was changed: its bytes will do. */
static const struct block_bytes *
as_it_was(const struct batch *b)
{
	return (b->whole != NULL && (b->sel == NULL || bits_count(b->sel, b->rows) == b->rows) ? b->whole : NULL);
}

static bool
put_block(struct writer *w, struct batch *b)
{
	const struct block_bytes *whole = as_it_was(b);
	struct fieldset used;
	struct index_entry entry;

	if (whole != NULL) {
		used = whole->used;
		entry = whole->entry;
	} else {
		w->block.len = 0;
		block_encode(w->blocks, b, &w->block, &used, &entry);
		if (entry.rows == 0)
			return (true);
	}
	put_new_fields(w, &used);
	entry.offset = writer_bytes(w) + w->out.len;
	buf_add(&w->out, whole != NULL ? whole->p : w->block.p, entry.length);
	if (w->entries == w->entries_cap) {
		w->entries_cap = w->entries_cap == 0 ? 64 : w->entries_cap * 2;
		w->entry = mem_grow(w->entry, w->entries_cap, sizeof(*w->entry));
	}
	w->entry[w->entries++] = entry;
	w->records += entry.rows;
	return (flush(w));
}

/* The rows from `first` to before `end` as bits of word w, which has some of them. */
static uint64_t
between(uint32_t first, uint32_t end, uint32_t w)
{
	uint64_t behind = end - 64 * w >= 64 ? 0 : UINT64_MAX << (end - 64 * w);

	return (~behind & (first <= 64 * w ? UINT64_MAX : UINT64_MAX << (first - 64 * w)));
}

/* Bytes of blobs in selected rows of those from `first` to before `end`. */
static uint64_t
blob_bytes(const struct batch *b, uint32_t first, uint32_t end)
{
	uint64_t sum = 0;

	for (enum field f = 0; f < F_STORED; f++) {
		const struct column *c = b->col[f];

		if (c == NULL || c->store != STORE_BLOB)
			continue;
		for (uint32_t w = first / 64; w < BITS_WORDS(end); w++) {
			uint64_t left = c->present[w] & batch_selected_word(b, w) & between(first, end, w);

			for (; left != 0; left &= left - 1)
				sum += c->b[64 * w + (uint32_t)__builtin_ctzll(left)].n;
		}
	}
	return (sum);
}

/* The row before which more than `most` bytes of blobs are reached, and at least one row on. */
static uint32_t
blobs_fit(const struct batch *b, uint32_t from, uint64_t most)
{
	uint64_t sum = 0;

	for (uint32_t r = from; r < b->rows; r++) {
		sum += blob_bytes(b, r, r + 1);
		if (sum > most && r > from)
			return (r);
	}
	return (b->rows);
}

/* In blocks with no more bytes of blobs than a block may have. */
static bool
put_blocks(struct writer *w, struct batch *b)
{
	uint64_t *whole = b->sel, *part = mem_zero(BITS_WORDS(b->rows), 8);
	uint32_t from = 0, to;
	bool good = true;

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

/* The file is gone: one of its name is begun. */
static bool
renew(struct writer *w)
{
	struct output to;

	w->failed = !output_open(&to, w->to.path, w->how, &kind, w->error, sizeof(w->error));
	if (w->failed)
		return (false);
	(void)output_close(&w->to, OUTPUT_KEEP, false, NULL, 0);
	w->renewed(to.path);
	w->to = to;
	w->from = w->records = 0;
	w->entries = 0;
	w->described = (struct fieldset){ { 0 } };
	w->begun = false;
	return (true);
}

void
writer_takes(struct writer *w, const struct taken *t)
{
	w->taken.len = 0;
	meta_put_taken(&w->taken, t);
}

bool
writer_put(struct writer *w, struct batch *b)
{
	struct fieldset described;
	uint64_t size, records;
	size_t entries;

	if (w->renewed != NULL && output_gone(&w->to, w->failed) && !renew(w))
		return (false);
	described = w->described;
	records = w->records;
	entries = w->entries;
	if (!writer_begin(w))
		return (false);
	size = w->to.size;
	if (as_it_was(b) == NULL)
		batch_flatten(b);
	if (blob_bytes(b, 0, b->rows) <= BLOB_BYTES_MAX ? put_block(w, b) : put_blocks(w, b))
		return (true);
	if (w->to.size != size) /* of several blocks the first ones */
		(void)output_cut(&w->to, size);
	w->described = described;
	w->entries = entries;
	w->records = records;
	return (false);
}

uint64_t
writer_bytes(const struct writer *w)
{
	return (w->to.size - w->from);
}

const char *
writer_error(const struct writer *w)
{
	return (w->failed ? w->error : NULL);
}

const char *
writer_part(const struct writer *w)
{
	return (w->to.part);
}

void
writer_keep_part(struct writer *w)
{
	w->partial = true;
}

static void
put_end(struct writer *w)
{
	uint64_t index;

	if (!writer_begin(w))
		return;
	index = writer_bytes(w);
	meta_put_index(&w->payload, w->entry, w->entries);
	if (w->payload.len <= META_PAYLOAD_MAX) /* else it is left out: it can be found by scanning */
		put_payload(w, META_INDEX);
	w->payload.len = 0;
	if (w->taken.len > 0)
		meta_put_object(&w->out, META_TAKEN, w->taken.p, w->taken.len);
	meta_put_trailer(&w->payload, index + w->out.len + META_TRAILER_SIZE, index, w->records);
	put_payload(w, META_TRAILER);
	(void)flush(w);
}

bool
writer_close(struct writer **pw, char *err, size_t errlen)
{
	struct writer *w = *pw;
	bool good;

	if (w == NULL)
		return (true);
	if (!w->failed && (w->begun || w->from == 0)) /* a segment that nothing came for is none */
		put_end(w);
	good = !w->failed;
	if (!good && err != NULL)
		(void)snprintf(err, errlen, "%s", w->error);
	good &= output_close(&w->to, w->failed ? OUTPUT_DROP : w->partial ? OUTPUT_KEEP : OUTPUT_WHOLE,
	    w->sync && good, good ? err : NULL, good ? errlen : 0);
	destroy(w);
	*pw = NULL;
	return (good);
}

static bool
same_file(const char *path, const char *other)
{
	struct stat a, b;

	return (stat(path, &a) == 0 && stat(other, &b) == 0 && S_ISREG(a.st_mode) && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino);
}

bool
writer_same_file(const char *path, const char *other)
{
	char part[PATH_MAX];
	int n = snprintf(part, sizeof(part), "%s.part", path);

	if (strcmp(path, "-") == 0 || strcmp(other, "-") == 0)
		return (false);
	return (same_file(path, other) || (n < (int)sizeof(part) && same_file(part, other)));
}

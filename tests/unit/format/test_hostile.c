/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_hostile.c: files without a bad byte of which something is missing, or in which it is twice; and files that are made to
 * be slow to read.
 */
#include "format/base/hash.h"
#include "format/meta.h"
#include "format/reader.h"
#include "format/tally.h"
#include "format/writer.h"

#include "records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define BLOCKS 5
#define ROWS   1000

static char path[64];

static struct buf
slurp(const char *from)
{
	struct buf b = { 0 };
	FILE *f = fopen(from, "rb");
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf_room(&b, 4096), 1, 4096, f)) > 0)
		b.len += n;
	(void)fclose(f);
	return (b);
}

static void
spit(const struct buf *b)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(b->p, 1, b->len, f), b->len);
	(void)fclose(f);
}

/* BLOCKS blocks of ROWS rows, a minute each; they differ in length. */
static struct buf
make_file(void)
{
	struct writer_options opt = { .segment = { .probe = "tap", .interval = 60, .snaplen = 96 } };
	struct batch *b = batch_new(ROWS);
	char err[256];
	struct writer *w = writer_open(path, &opt, err, sizeof(err));

	assert_non_null(w);
	for (uint32_t k = 0; k < BLOCKS; k++) {
		batch_reset(b);
		for (uint32_t i = 0; i < ROWS; i++) {
			uint64_t t = (1700000040ull + 60 * k) * 1000000000ull;
			struct flow f;

			flow_clear(&f);
			SET(&f, bstart, t);
			SET(&f, bend, t + 60000000000ull);
			SET(&f, stime, t + i * (k + 1) * 7919);
			SET(&f, spkts, i * (k + 3) % 977);
			batch_add(b, &f);
		}
		assert_true(writer_put(w, b));
	}
	batch_free(&b);
	assert_true(writer_close(&w, err, sizeof(err)));
	return (slurp(path));
}

struct object {
	size_t at, length; /* with the sections of a block */
	uint16_t kind;
};

static unsigned
objects(const struct buf *b, struct object *o)
{
	unsigned n = 0;

	for (size_t at = 0; at < b->len; n++) {
		struct meta_object m;
		struct directory d;
		struct arena a = { 0 };

		assert_true(n < 32 && b->len - at >= META_PREFIX && meta_get_object(b->p + at, &m));
		o[n] = (struct object){ at, META_PREFIX + m.size, m.kind };
		if (m.kind == META_BLOCK) {
			assert_true(meta_get_directory(b->p + at + META_PREFIX, m.size, &a, &d));
			o[n].length += d.length;
		}
		arena_free(&a);
		at += o[n].length;
	}
	return (n);
}

struct outcome {
	uint64_t rows;
	struct reader_totals t;
	size_t surplus;
	uint64_t first; /* number of the first block that is too much */
	bool error;
	char text[700];
};

static unsigned
nothing(void *arg, const struct block_info *b)
{
	(void)arg;
	(void)b;
	return (1);
}

static struct outcome
read_file(bool skip)
{
	struct outcome o = { 0 };
	struct reader *r = reader_open(path, o.text, sizeof(o.text));
	const uint64_t *number;
	struct batch *b;

	assert_non_null(r);
	if (skip)
		reader_want(r, nothing, NULL);
	while ((b = reader_next(r, NULL)) != NULL)
		o.rows += b->rows;
	o.t = reader_totals(r);
	number = reader_surplus(r, &o.surplus);
	o.first = o.surplus > 0 ? number[0] : 0;
	o.error = reader_error(r) != NULL;
	if (o.error)
		(void)snprintf(o.text, sizeof(o.text), "%s", reader_error(r));
	reader_close(&r);
	return (o);
}

#define ASSERT_SAYS(o, what)                                                                       \
	do {                                                                                       \
		if (strstr((o).text, what) == NULL)                                                \
			fail_msg("\"%s\" is not in \"%s\"", what, (o).text);                       \
	} while (0)

static void
append(struct buf *to, const struct buf *from, const struct object *o)
{
	buf_add(to, from->p + o->at, o->length);
}

/* Each block in turn taken out, put in once more, and moved to the front. */
static void
test_blocks(void **state)
{
	struct buf whole = make_file();
	struct object o[32];
	unsigned n = objects(&whole, o), k = 0;
	struct outcome got = read_file(false);

	(void)state;
	assert_false(got.error);
	assert_int_equal(got.rows, BLOCKS * ROWS);
	for (unsigned cut = 0; cut < n; cut++) {
		struct buf less = { 0 }, more = { 0 }, moved = { 0 };
		char what[128];

		if (o[cut].kind != META_BLOCK)
			continue;
		k++;
		append(&moved, &whole, &o[0]);
		append(&moved, &whole, &o[1]); /* the schema */
		append(&moved, &whole, &o[cut]);
		for (unsigned i = 0; i < n; i++) {
			if (i != cut)
				append(&less, &whole, &o[i]);
			if (i != cut && i > 1)
				append(&moved, &whole, &o[i]);
			append(&more, &whole, &o[i]);
			if (i == cut)
				append(&more, &whole, &o[i]);
		}
		spit(&less);
		for (int skip = 0; skip < 2; skip++) {
			got = read_file(skip);
			assert_true(got.error);
			assert_int_equal(got.rows, skip ? 0 : (BLOCKS - 1) * ROWS);
			assert_int_equal(got.t.missing, ROWS);
			assert_int_equal(got.t.surplus, 0);
			assert_int_equal(got.t.bad_bytes, 0);
			(void)snprintf(what, sizeof(what), "1 of the 5 blocks that were written is missing (block %u, 1000 records", k);
			ASSERT_SAYS(got, what);
			(void)snprintf(what, sizeof(what), "2023-11-14 22:%02u:00 UTC)", 14 + k - 1);
			ASSERT_SAYS(got, what);
		}
		spit(&more);
		for (int skip = 0; skip < 2; skip++) {
			got = read_file(skip);
			assert_true(got.error);
			assert_int_equal(got.t.missing, 0);
			assert_int_equal(got.t.surplus, ROWS);
			assert_int_equal(got.surplus, 1);
			assert_int_equal(got.first, k + 1);
			ASSERT_SAYS(got, "1 block of 1000 records is too much");
		}
		spit(&moved);
		assert_false(read_file(false).error);
		buf_free(&less);
		buf_free(&more);
		buf_free(&moved);
	}
	assert_int_equal(k, BLOCKS);
	buf_free(&whole);
}

/* Without an index there are numbers only; what is no block is missed too. */
static void
test_others(void **state)
{
	struct buf whole = make_file();
	struct object o[32];
	unsigned n = objects(&whole, o), blocks = 0;
	struct buf b = { 0 };
	struct outcome got;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		if (o[i].kind != META_INDEX && !(o[i].kind == META_BLOCK && blocks++ == 2))
			append(&b, &whole, &o[i]);
	spit(&b);
	got = read_file(false);
	assert_true(got.error);
	ASSERT_SAYS(got, "4000 records are there, the trailer at offset");
	ASSERT_SAYS(got, "says 5000");
	assert_int_equal(got.t.missing, ROWS);
	b.len = 0;
	for (unsigned i = 0; i < n; i++) {
		append(&b, &whole, &o[i]);
		if (o[i].kind == META_SCHEMA)
			append(&b, &whole, &o[i]);
	}
	spit(&b);
	got = read_file(false);
	assert_true(got.error);
	ASSERT_SAYS(got, "something else than blocks");
	assert_int_equal(got.rows, BLOCKS * ROWS);

	/* two files one behind the other: the second one's loss is its own */
	b.len = 0;
	buf_add(&b, whole.p, whole.len);
	for (unsigned i = 0; i < n; i++)
		if (i != 4)
			append(&b, &whole, &o[i]);
	spit(&b);
	got = read_file(false);
	assert_true(got.error);
	ASSERT_SAYS(got, "1 of the 5 blocks that were written is missing (block 3");
	assert_int_equal(got.rows, (2 * BLOCKS - 1) * ROWS);
	buf_free(&b);
	buf_free(&whole);
}

/* The header is gone, or damaged, of the first segment and of the second: it is said, and nothing is taken from another. */
static void
test_header(void **state)
{
	struct buf whole = make_file(), b = { 0 };
	struct object o[32];

	(void)state;
	(void)objects(&whole, o);
	assert_int_equal(o[0].kind, META_HEADER);
	for (int second = 0; second < 2; second++)
		for (int damaged = 0; damaged < 2; damaged++) {
			char err[256];
			struct outcome got;
			struct reader *r;

			b.len = 0;
			if (second)
				buf_add(&b, whole.p, whole.len);
			buf_add(&b, whole.p + (damaged ? 0 : o[0].length), whole.len - (damaged ? 0 : o[0].length));
			if (damaged)
				b.p[(second ? whole.len : 0) + 40] ^= 0xff;
			spit(&b);
			got = read_file(false);
			assert_true(got.error);
			ASSERT_SAYS(got, damaged ? "the header is damaged at offset" : "the header that should be at offset");
			ASSERT_SAYS(got, "the probe and the interval (T) of the records behind it are not known");
			assert_int_equal(got.rows, (second + 1) * BLOCKS * ROWS);
			r = reader_open(path, err, sizeof(err));
			for (int i = 0; i < (second + 1) * BLOCKS; i++) {
				bool known = second && i < BLOCKS;

				assert_non_null(reader_next(r, NULL));
				assert_int_equal(reader_segment(r)->interval, known ? 60 : 0);
				assert_string_equal(reader_segment(r)->probe, known ? "tap" : "");
			}
			reader_close(&r);
		}
	buf_free(&b);
	buf_free(&whole);
}

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

#define TAIL (4u << 20)

/* 4 MB of prefixes that all claim the rest of the file, whose checksums are wrong; the same as blocks whose directories are
 * good, and claim the rest as one damaged section.  Behind them is a good file, which is found. */
static void
test_false_prefixes(void **state)
{
	struct buf whole = make_file(), b = { 0 };
	double before;
	struct outcome got;

	(void)state;
	buf_add(&b, whole.p, whole.len);
	while (b.len < TAIL) {
		static const uint8_t check[9] = { 0xcf, 1, 1, 1, 1, 1, 1, 1, 1 };
		uint32_t claim = (uint32_t)(TAIL - b.len);

		buf_add(&b, "\x94\xa4PVBK\xce", 7);
		buf_u32(&b, claim);
		buf_add(&b, check, 9);
		buf_u8(&b, 0xc6);
		buf_u32(&b, claim);
	}
	buf_add(&b, whole.p, whole.len);
	spit(&b);
	before = seconds();
	got = read_file(false);
	assert_true(seconds() - before < 1.0);
	assert_true(got.error);
	assert_int_equal(got.rows, 2 * BLOCKS * ROWS);
	buf_free(&b);
	buf_free(&whole);
}

static void
test_false_sections(void **state)
{
	struct buf whole = make_file(), b = { 0 }, dir = { 0 };
	double before;
	struct outcome got;

	(void)state;
	buf_add(&b, whole.p, whole.len);
	while (b.len < TAIL) {
		struct dir_column c = { .id = fields[F_spkts].id, .code = 1, .present = ROWS_ALL, .mixed = ROWS_NONE,
			.at = { .codec = 0, .size = 3u << 20, .raw = 3u << 20, .check = 1 } };
		struct directory d = { .length = (3u << 20) + META_HEAD, .rows = 1, .ncol = 1, .col = &c };

		dir.len = 0;
		meta_put_directory(&dir, &d);
		meta_put_object(&b, META_BLOCK, dir.p, dir.len);
		buf_add(&b, "\xc6\x00\x30\x00\x00", 5); /* bin 32 of 3 MB */
	}
	buf_add(&b, whole.p, whole.len);
	spit(&b);
	before = seconds();
	got = read_file(false);
	assert_true(seconds() - before < 2.0);
	assert_true(got.error);
	assert_true(got.rows >= BLOCKS * ROWS);
	buf_free(&dir);
	buf_free(&b);
	buf_free(&whole);
}

static int
remove_file(void **state)
{
	(void)state;
	(void)unlink(path);
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_blocks, remove_file),
		cmocka_unit_test_teardown(test_others, remove_file),
		cmocka_unit_test_teardown(test_header, remove_file),
		cmocka_unit_test_teardown(test_false_prefixes, remove_file),
		cmocka_unit_test_teardown(test_false_sections, remove_file),
	};

	(void)snprintf(path, sizeof(path), "hostile-%ld.pavo", (long)getpid());
	return (cmocka_run_group_tests(tests, NULL, NULL));
}

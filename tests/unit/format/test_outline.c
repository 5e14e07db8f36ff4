/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_outline.c: what a closed file says at its end: segments, blocks, what it has taken.
 */
#include "format/outline.h"
#include "format/reader.h"
#include "format/writer.h"

#include "format/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define T0 1700000000000000000ll
#define S  1000000000ll

static char path[64];

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/test_outline.%d.pavo", (int)getpid());
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return (0);
}

static void
put_rows(struct writer *w, int64_t bstart, uint32_t rows)
{
	struct batch *b = batch_new(rows);

	for (uint32_t i = 0; i < rows; i++) {
		struct flow f;

		flow_clear(&f);
		SET(&f, bstart, bstart);
		SET(&f, bend, bstart + 5 * S);
		SET(&f, spkts, i);
		batch_add(b, &f);
	}
	assert_true(writer_put(w, b));
	batch_free(&b);
}

static void
write_segment(const char *probe, bool append, int64_t bstart, const struct taken *t)
{
	struct writer_options o = { .segment = { .probe = probe, .interval = 5, .snaplen = 192 }, .append = append };
	char err[256];
	struct writer *w = writer_open(path, &o, err, sizeof(err));

	assert_non_null(w);
	put_rows(w, bstart, 3);
	put_rows(w, bstart + 5 * S, 4);
	if (t != NULL)
		writer_takes(w, t);
	assert_true(writer_close(&w, err, sizeof(err)));
}

static struct taken_file files[] = {
	{ "../19/p-2355.pavo", 12345, UINT64_MAX },
	{ "p-0000.pavo", UINT64_MAX, 0 },
};
static int64_t ran[] = { T0, T0 + 60 * S, T0 + 65 * S, T0 + 120 * S };
static const struct taken taken = { T0, T0 + 86400 * S, "gw 1", files, 2, ran, 4 };

static void
test_segments(void **state)
{
	struct arena a = { 0 };
	struct outline o;

	(void)state;
	write_segment("gw 1", false, T0, NULL);
	write_segment("gw2", true, T0 + 60 * S, NULL);
	assert_true(outline_read(path, &a, &o));
	assert_int_equal(o.segments, 2);
	assert_null(o.taken);
	assert_string_equal(o.segment[0].info.probe, "gw 1");
	assert_string_equal(o.segment[1].info.probe, "gw2");
	assert_int_equal(o.segment[1].info.interval, 5);
	assert_int_equal(o.segment[1].records, 7);
	assert_int_equal(o.segment[1].blocks, 2);
	assert_int_equal(o.segment[1].block[1].rows, 4);
	assert_int_equal(o.segment[1].block[1].bstart.u, T0 + 65 * S);
	assert_int_equal(o.segment[1].block[1].bend.u, T0 + 70 * S);
	arena_free(&a);
}

static void
test_taken(void **state)
{
	struct arena a = { 0 };
	struct taken *t;
	struct reader *r;
	char err[256];

	(void)state;
	write_segment("x", false, T0, NULL);
	write_segment("gw 1", true, T0, &taken);
	t = outline_taken(path, &a);
	assert_non_null(t);
	assert_true(t->from == taken.from && t->to == taken.to);
	assert_string_equal(t->probe, "gw 1");
	assert_int_equal(t->n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(t->file[i].name, files[i].name);
		assert_true(t->file[i].size == files[i].size && t->file[i].check == files[i].check);
	}
	assert_int_equal(t->spans, 4);
	assert_memory_equal(t->span, ran, sizeof(ran));
	/* who reads records goes past it */
	r = reader_open(path, err, sizeof(err));
	assert_non_null(r);
	while (reader_next(r, NULL) != NULL)
		continue;
	assert_null(reader_error(r));
	assert_int_equal(reader_totals(r).records, 14);
	assert_int_equal(reader_totals(r).closed, 2);
	reader_close(&r);
	arena_free(&a);
}

/* The check is of the last 4096 bytes. */
static void
test_identity(void **state)
{
	uint64_t size, check;
	FILE *f = fopen(path, "w");
	uint8_t bytes[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	assert_int_equal(fwrite(bytes, 1, sizeof(bytes), f), sizeof(bytes));
	assert_int_equal(fclose(f), 0);
	assert_true(outline_identity(path, &size, &check));
	assert_int_equal(size, 5000);
	assert_true(check == hash64(bytes + 904, 4096, 0));
	assert_false(outline_identity("/", &size, &check));
}

/* A file that was cut anywhere, or has a wrong byte in its last objects, tells nothing; and nothing false. */
static void
test_damage(void **state)
{
	struct arena a = { 0 };
	struct outline o;
	FILE *f;
	long size;
	uint8_t *bytes;

	(void)state;
	write_segment("gw 1", false, T0, &taken);
	f = fopen(path, "r+");
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	bytes = malloc((size_t)size);
	rewind(f);
	assert_int_equal(fread(bytes, 1, (size_t)size, f), (size_t)size);
	for (long i = size - 400; i < size; i++) {
		struct taken *t;

		assert_int_equal(fseek(f, i, SEEK_SET), 0);
		(void)fputc(bytes[i] ^ 0x10, f);
		(void)fflush(f);
		t = outline_taken(path, &a);
		assert_true(t == NULL || (t->n == 2 && t->from == T0 && strcmp(t->probe, "gw 1") == 0));
		(void)outline_read(path, &a, &o);
		assert_int_equal(fseek(f, i, SEEK_SET), 0);
		(void)fputc(bytes[i], f);
	}
	(void)fclose(f);
	for (long n = size - 1; n >= 0; n -= 7) {
		assert_int_equal(truncate(path, n), 0);
		assert_false(outline_read(path, &a, &o));
		assert_null(outline_taken(path, &a));
	}
	free(bytes);
	arena_free(&a);
}

/* Payloads that are no list of files. */
static void
test_payloads(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
		{ "", 0 }, { "\x80", 1 }, { "\x90", 1 },
		{ "\x84\xa4" "from\x02\xa2to\x01\xa5probe\xa0\xa5" "files\x90", 25 },     /* ends before it begins */
		{ "\x83\xa4" "from\x01\xa2to\x02\xa5probe\xa0", 18 },                      /* no files */
		{ "\x84\xa4" "from\x01\xa2to\x02\xa5probe\xa0\xa5" "files\x91\x92\xa1x\x01", 29 }, /* a file of two */
		{ "\x84\xa4" "from\x01\xa2to\x02\xa5probe\xa0\xa5" "files\x91\x93\x01\x01\x01", 29 }, /* no name */
	};
	struct arena a = { 0 };
	struct taken t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(meta_get_taken((const uint8_t *)bad[i].bytes, bad[i].n, &a, &t));
	assert_true(meta_get_taken((const uint8_t *)"\x84\xa4" "from\x01\xa2to\x02\xa5probe\xa0\xa5" "files\x90", 25, &a, &t));
	assert_int_equal(t.n, 0);
	assert_int_equal(t.spans, 0);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test(test_payloads),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

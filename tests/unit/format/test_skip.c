/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_skip.c: what keeps blocks from being read: membership filters, the dictionary of addresses, the index of times.
 */
#include "format/meta.h"
#include "format/reader.h"
#include "format/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define BLOCKS 6
#define ROWS   3000
#define T0     1700000000000000000ull

static char path[64], other[64];

static struct ip
address(uint32_t v)
{
	const uint8_t b[4] = { 10, (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	return (ip_v4(b));
}

/* Even numbers are there, odd ones are not; each block has its own, and its own five seconds. */
static void
fill(struct batch *b, uint32_t block)
{
	batch_reset(b);
	for (uint32_t i = 0; i < ROWS; i++) {
		struct flow f;
		uint64_t t = T0 + block * 5000000000ull;

		flow_clear(&f);
		SET(&f, bstart, t);
		SET(&f, bend, t + 5000000000ull);
		SET(&f, stime, t + i * 977);
		SET(&f, sbytes, member_hash(i) >> 32); /* such as can not be made smaller */
		SET(&f, flowid, member_hash(block * ROWS + i));
		SET_IP(&f, saddr, address(block * 1000 + i % 40 * 2));
		SET_IP(&f, daddr, address(60000 + i % 7 * 2));
		if (i % 2 == 0)
			SET(&f, sspi, block * 1000 + i / 2 % 60 * 2 + 1000000);
		SET(&f, tunid, (block * 50 + i % 20) * 2 * 0x9e3779b97f4a7c15ull);
		batch_add(b, &f);
	}
}

static void
write_blocks(const char *to, uint32_t from, uint32_t n)
{
	struct writer_options opt = { .segment = { .probe = "p", .interval = 5 } };
	struct batch *b = batch_new(ROWS);
	char err[256];
	struct writer *w = writer_open(to, &opt, err, sizeof(err));

	assert_non_null(w);
	for (uint32_t i = from; i < from + n; i++) {
		fill(b, i);
		assert_true(writer_put(w, b));
	}
	batch_free(&b);
	assert_true(writer_close(&w, err, sizeof(err)));
}

/* A value that was added is always there; of others about a thirtieth seems to be. */
static void
test_filter(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 31, 32, 1000, 50000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t n = sizes[i], size = member_size(n), wrong = 0;
		uint8_t *filter = calloc(1, size);

		assert_int_equal(size % MEMBER_BLOCK, 0);
		assert_true(size > n && size <= n + MEMBER_BLOCK);
		for (uint32_t v = 0; v < n; v++)
			member_add(filter, size, member_hash(v));
		for (uint32_t v = 0; v < n; v++)
			assert_true(member_maybe(filter, size, member_hash(v)));
		for (uint32_t v = 0; v < 10000; v++)
			wrong += member_maybe(filter, size, member_hash(1000000 + v));
		assert_true(wrong < 800);
		free(filter);
	}
}

struct question {
	enum field f;
	union value v;
	unsigned no, asked;
	bool addresses; /* ask the dictionary, not the filter */
};

static unsigned
wants(void *arg, const struct block_info *info)
{
	struct question *q = arg;
	uint32_t n4 = 0, n6 = 0;
	bool may;

	q->asked++;
	if (q->addresses) {
		const struct ip *ip = piece_addresses(info->piece, &n4, &n6);

		may = false;
		assert_non_null(ip);
		for (uint32_t i = 0; i < n4 + n6; i++)
			may |= ip_cmp(&ip[i], &q->v.ip) == 0;
	} else {
		may = piece_may_hold(info->piece, q->f, &q->v);
	}
	q->no += !may;
	return (may ? 0 : 3);
}

static unsigned
ask(struct question *q)
{
	char err[256];
	struct reader *r = reader_open(path, err, sizeof(err));
	unsigned blocks = 0;

	assert_non_null(r);
	q->no = q->asked = 0;
	reader_want(r, wants, q);
	while (reader_next(r, NULL) != NULL)
		blocks++;
	assert_null(reader_error(r));
	assert_int_equal(q->asked, BLOCKS);
	assert_int_equal(reader_totals(r).why[3], q->no);
	assert_int_equal(reader_totals(r).skipped, q->no);
	reader_close(&r);
	return (blocks);
}

static void
test_blocks(void **state)
{
	unsigned kept = 0;

	(void)state;
	write_blocks(path, 0, BLOCKS);
	for (uint32_t i = 0; i < 80; i++) {
		struct question addr = { .f = F_saddr, .v.ip = address(2000 + i) };
		struct question spi = { .f = F_dspi, .v.u = 1004000 + i };
		struct question tunnel = { .f = F_tunid, .v.u = (2 * 50 + i % 20) * 2 * 0x9e3779b97f4a7c15ull + i % 2 };
		struct question *all[] = { &addr, &spi, &tunnel };

		for (unsigned k = 0; k < 3; k++) {
			unsigned blocks = ask(all[k]);

			if (i % 2 == 0)
				assert_true(blocks >= 1); /* it is in one of them */
			kept += blocks - (i % 2 == 0);
		}
		addr.addresses = true;
		assert_int_equal(ask(&addr), i % 2 == 0 ? 1 : 0); /* exact */
	}
	assert_true(kept < 80 * 3 * BLOCKS / 10);
	/* no filter is of ports */
	assert_int_equal(ask(&(struct question){ .f = F_sport, .v.u = 1 }), BLOCKS);
}

/* Blocks read, with reader_between() from bin `from` to bin `to`. */
static unsigned
between(unsigned from, unsigned to, unsigned *skipped)
{
	char err[256];
	struct reader *r = reader_open(path, err, sizeof(err));
	const struct batch *b;
	unsigned blocks = 0;

	assert_non_null(r);
	reader_between(r, (int64_t)(T0 + from * 5000000000ull), (int64_t)(T0 + to * 5000000000ull), 1);
	while ((b = reader_next(r, NULL)) != NULL) {
		assert_int_equal(b->rows, ROWS);
		blocks++;
	}
	assert_null(reader_error(r));
	*skipped = (unsigned)reader_totals(r).why[1];
	reader_close(&r);
	return (blocks);
}

static void
join(const char *to, const char *a, const char *b)
{
	char command[512];

	(void)snprintf(command, sizeof(command), "cat %s %s > %s.all && mv %s.all %s", a, b, to, to, to);
	assert_int_equal(system(command), 0);
}

static void
test_index(void **state)
{
	struct stat st;
	unsigned skipped;

	(void)state;
	write_blocks(path, 0, 3);
	write_blocks(other, 3, 3);
	join(path, path, other); /* two segments, an index each */
	assert_int_equal(between(0, 6, &skipped), 6);
	assert_int_equal(skipped, 0);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(between(i, i + 1, &skipped), 1);
		assert_int_equal(skipped, 5);
	}
	assert_int_equal(between(2, 4, &skipped), 2);
	assert_int_equal(between(6, 60, &skipped), 0);
	assert_int_equal(skipped, 6);
	/* without the last index everything of that segment is read: the same rows, or more of them */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - META_TRAILER_SIZE), 0);
	assert_int_equal(between(1, 2, &skipped), 6);
	assert_int_equal(skipped, 0);
}

/* An index that says nonsense is not believed. */
static void
test_bad_index(void **state)
{
	static const struct index_entry cases[][2] = {
		{ { .offset = 100, .length = 200 }, { .offset = 250, .length = 10 } }, /* they overlap */
		{ { .offset = 100, .length = 2000 }, { .offset = 0 } },
		{ { .offset = 100, .length = 0 }, { .offset = 200, .length = 5 } },
		{ { .offset = 300, .length = 10 }, { .offset = 200, .length = 5 } },
	};
	struct index_entry good[2] = { { .offset = 100, .length = 200, .rows = 5 }, { .offset = 300, .length = 10 } }, *back;
	struct arena a = { 0 };
	size_t n;

	(void)state;
	good[0].bstart = (struct dir_value){ .is = true, .u = 77 };
	for (size_t i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = { 0 };

		meta_put_index(&b, i == 0 ? good : cases[i - 1], 2);
		assert_int_equal(meta_get_index(b.p, b.len, 1000, &a, &back, &n), i == 0);
		if (i == 0) {
			assert_int_equal(n, 2);
			assert_int_equal(back[0].bstart.u, 77);
			assert_false(back[0].bend.is);
			assert_int_equal(back[1].offset, 300);
			assert_false(meta_get_index(b.p, b.len - 1, 1000, &a, &back, &n));
		}
		buf_free(&b);
	}
	arena_free(&a);
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "test_skip.%ld.pavo", (long)getpid());
	(void)snprintf(other, sizeof(other), "test_skip.%ld.other", (long)getpid());
	return (0);
}

static int
remove_files(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(other);
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_bad_index),
	};

	return (cmocka_run_group_tests(tests, setup, remove_files));
}

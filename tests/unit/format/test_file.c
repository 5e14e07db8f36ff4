/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_file.c: files by writer.c and reader_find.c whole, joined, cut at every byte, damaged at every byte, through pipes.
 */
#include "format/base/cursor.h"
#include "format/meta.h"
#include "format/reader.h"
#include "format/writer.h"

#include "records.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64], other[64];

/* Records of which every value follows from the row's number: what is read can be checked alone. */
static void
fill(struct batch *b, uint32_t from, uint32_t n)
{
	batch_reset(b);
	for (uint32_t i = from; i < from + n; i++) {
		uint8_t v4[4] = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i };
		uint64_t t = 1700000000000000000ull + i * 1000000ull;
		struct flow f;

		flow_clear(&f);
		SET(&f, bstart, t / 5000000000 * 5000000000);
		SET(&f, stime, t);
		SET(&f, ltime, t + i * 1000);
		SET(&f, flowid, i * 0x9e3779b97f4a7c15ull);
		SET_IP(&f, saddr, ip_v4(v4));
		SET(&f, spkts, i);
		SET(&f, sbytes, i * 100);
		SET(&f, sipbytes, i * 86);
		if (i % 3 == 0)
			SET(&f, stcpflags, 0x12);
		if (i % 4 == 0)
			SET_BLOB(&f, hist, "ShAdFf", 1 + i % 6);
		if (i % 5 == 0)
			bit_set(f.mixed, F_sport);
		else
			SET(&f, sport, i & 0xffff);
		batch_add(b, &f);
	}
}

/* Check the rows of a batch against their numbers; returns how many there are. */
static uint32_t
check(const struct batch *b)
{
	for (uint32_t r = 0; r < b->rows; r++) {
		uint32_t i;
		uint64_t t;

		assert_true(column_has(b->col[F_spkts], r));
		i = (uint32_t)b->col[F_spkts]->u[r];
		t = 1700000000000000000ull + i * 1000000ull;
		assert_int_equal(b->col[F_stime]->u[r], t);
		assert_int_equal(b->col[F_ltime]->u[r], t + i * 1000);
		assert_int_equal(b->col[F_flowid]->u[r], i * 0x9e3779b97f4a7c15ull);
		assert_int_equal(b->col[F_sipbytes]->u[r], i * 86);
		assert_int_equal(b->col[F_saddr]->ip[r].b[15], i & 255);
		assert_int_equal(column_has(b->col[F_stcpflags], r), i % 3 == 0);
		assert_int_equal(column_mixed(b->col[F_sport], r), i % 5 == 0);
		assert_int_equal(column_has(b->col[F_sport], r), i % 5 != 0);
		assert_int_equal(column_has(b->col[F_hist], r), i % 4 == 0);
		if (i % 4 == 0)
			assert_int_equal(b->col[F_hist]->b[r].n, 1 + i % 6);
	}
	return (b->rows);
}

static void
write_file(const char *to, const char *probe, uint32_t blocks, uint32_t rows, bool close)
{
	struct writer_options opt = { .segment = { .probe = probe, .interval = 5, .snaplen = 96, .live = true } };
	struct batch *b = batch_new(rows);
	char err[256];
	struct writer *w = writer_open(to, &opt, err, sizeof(err));

	assert_non_null(w);
	for (uint32_t i = 0; i < blocks; i++) {
		fill(b, i * rows, rows);
		assert_true(writer_put(w, b));
	}
	batch_free(&b);
	if (close) {
		assert_true(writer_close(&w, err, sizeof(err)));
		return;
	}
	/* a writer that was killed: without index; the lock ends with it */
	uint64_t size = writer_bytes(w);

	assert_true(writer_close(&w, err, sizeof(err)));
	assert_int_equal(truncate(to, (off_t)size), 0);
}

static struct buf
slurp(const char *from)
{
	struct buf b = { 0 };
	FILE *f = fopen(from, "rb");
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		buf_u8(&b, (uint8_t)c);
	(void)fclose(f);
	return (b);
}

static void
spit(const char *to, const uint8_t *p, size_t n)
{
	FILE *f = fopen(to, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	(void)fclose(f);
}

struct outcome {
	bool opened, error;
	uint64_t rows, blocks;
	char text[700];
};

static struct outcome
read_file(const char *from)
{
	struct outcome o = { 0 };
	struct reader *r = reader_open(from, o.text, sizeof(o.text));
	struct batch *b;

	if (r == NULL) {
		o.error = true;
		return (o);
	}
	o.opened = true;
	while ((b = reader_next(r, NULL)) != NULL) {
		o.rows += check(b);
		o.blocks++;
	}
	if (reader_error(r) != NULL) {
		o.error = true;
		(void)snprintf(o.text, sizeof(o.text), "%s", reader_error(r));
	}
	assert_int_equal(reader_totals(r).records, o.rows);
	reader_close(&r);
	return (o);
}

static void
test_whole(void **state)
{
	struct outcome o;
	struct buf one, two;

	(void)state;
	write_file(path, "p1", 3, 1000, true);
	o = read_file(path);
	assert_true(o.opened && !o.error);
	assert_int_equal(o.rows, 3000);
	write_file(other, "p1", 3, 1000, true); /* equal input, equal bytes */
	one = slurp(path);
	two = slurp(other);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.p, two.p, one.len);
	buf_free(&one);
	buf_free(&two);
	write_file(path, "p1", 3, 1000, false); /* no index: as good */
	o = read_file(path);
	assert_true(o.opened && !o.error);
	assert_int_equal(o.rows, 3000);
	write_file(path, "p1", 0, 1, true); /* nothing in it */
	o = read_file(path);
	assert_true(o.opened && !o.error);
	assert_int_equal(o.rows, 0);
}

static void
test_segment(void **state)
{
	const struct segment_info *s;
	char err[256];
	struct reader *r;

	(void)state;
	write_file(path, "paris-1", 1, 10, true);
	r = reader_open(path, err, sizeof(err));
	assert_non_null(r);
	assert_non_null(reader_next(r, NULL));
	s = reader_segment(r);
	assert_string_equal(s->probe, "paris-1");
	assert_int_equal(s->interval, 5);
	assert_int_equal(s->snaplen, 96);
	assert_true(s->live);
	assert_false(s->filtered);
	reader_close(&r);
}

/* The trailer is of fixed size and says where the index and the header are. */
static void
test_trailer(void **state)
{
	struct meta_object o;
	struct buf b;
	struct cursor c;
	uint64_t index;

	(void)state;
	write_file(path, "p", 2, 50, true);
	b = slurp(path);
	assert_true(meta_get_object(b.p + b.len - META_TRAILER_SIZE, &o));
	assert_int_equal(o.kind, META_TRAILER);
	c = cur_new(b.p + b.len - META_TRAILER_SIZE + META_PREFIX, META_TRAILER_SIZE - META_PREFIX);
	assert_int_equal(cur_u8(&c), 0x93);
	assert_int_equal(cur_u8(&c), 0xcf);
	assert_int_equal(cur_u64(&c), b.len);
	cur_skip(&c, 1);
	index = cur_u64(&c);
	assert_true(meta_get_object(b.p + index, &o));
	assert_int_equal(o.kind, META_INDEX);
	cur_skip(&c, 1);
	assert_int_equal(cur_u64(&c), 100);
	assert_int_equal(cur_left(&c), 0);
	buf_free(&b);
}

static void
test_cat(void **state)
{
	struct buf a, b;
	struct outcome o;

	(void)state;
	write_file(path, "one", 2, 100, true);
	write_file(other, "two", 1, 77, false);
	a = slurp(path);
	b = slurp(other);
	buf_add(&b, a.p, a.len);
	buf_add(&a, b.p, b.len);
	spit(path, a.p, a.len); /* one two one */
	o = read_file(path);
	assert_false(o.error);
	assert_int_equal(o.rows, 200 + 77 + 200);
	buf_free(&a);
	buf_free(&b);
}

/* Where the objects of a file begin. */
static size_t
boundaries(const struct buf *b, size_t at[], uint64_t rows_before[], uint32_t rows)
{
	size_t n = 0, pos = 0;
	uint64_t sum = 0;

	while (pos < b->len) {
		struct meta_object o;

		assert_true(meta_get_object(b->p + pos, &o));
		at[n] = pos;
		rows_before[n++] = sum;
		pos += META_PREFIX + o.size;
		if (o.kind == META_BLOCK) {
			struct arena a = { 0 };
			struct directory d;

			assert_true(meta_get_directory(b->p + pos - o.size, o.size, &a, &d));
			pos += d.length;
			sum += rows;
			arena_free(&a);
		}
	}
	at[n] = pos;
	rows_before[n] = sum;
	return (n);
}

/* Cut at every byte: what lies before is kept; an error unless the cut is between two objects. */
static void
test_truncation(void **state)
{
	size_t at[32], n;
	uint64_t rows[32];
	struct buf b;

	(void)state;
	write_file(path, "p", 3, 20, true);
	b = slurp(path);
	n = boundaries(&b, at, rows, 20);
	spit(other, b.p, b.len);
	for (size_t len = b.len, k = n; len != SIZE_MAX; len--) {
		struct outcome o;

		while (at[k] > len)
			k--;
		assert_int_equal(truncate(other, (off_t)len), 0);
		o = read_file(other);
		assert_int_equal(o.rows, rows[k]);
		assert_int_equal(o.error, len == 0 || at[k] != len);
		if (o.error)
			assert_non_null(strstr(o.text, other));
	}
	buf_free(&b);
}

/* Turn over every byte: no wrong value (check() sees to that), the blocks not hit are all read. */
static void
test_damage(void **state)
{
	size_t at[32], n;
	uint64_t rows[32];
	struct buf b;
	int fd;

	(void)state;
	write_file(path, "p", 3, 20, true);
	b = slurp(path);
	n = boundaries(&b, at, rows, 20);
	spit(other, b.p, b.len);
	fd = open(other, O_WRONLY);
	assert_true(fd >= 0);
	for (unsigned flip = 0; flip < 2; flip++) {
		for (size_t i = 0, k = 0; i < b.len; i++) {
			uint8_t wrong = (uint8_t)(b.p[i] ^ (flip == 0 ? 0xff : 1));
			struct outcome o;

			while (k + 1 < n && at[k + 1] <= i)
				k++;
			assert_int_equal(pwrite(fd, &wrong, 1, (off_t)i), 1);
			o = read_file(other);
			assert_int_equal(pwrite(fd, &b.p[i], 1, (off_t)i), 1);
			assert_true(o.opened);
			/* A kind is outside the checksum: another letter makes an object of unknown kind, skipped. */
			if (i - at[k] >= 4 && i - at[k] < 6) {
				assert_true(o.rows >= 40);
				continue;
			}
			assert_true(o.error);
			assert_int_equal(o.rows, rows[n] - (rows[k + 1] - rows[k]));
		}
	}
	(void)close(fd);
	buf_free(&b);
}

/* Bytes put in, taken out, and foreign matter before, between and behind. */
static void
test_garbage(void **state)
{
	struct buf b, c = { 0 };
	size_t at[32], n, hole;
	uint64_t rows[32];
	struct outcome o;

	(void)state;
	write_file(path, "p", 3, 500, true);
	b = slurp(path);
	n = boundaries(&b, at, rows, 500);
	for (size_t k = 0; k <= n; k++) {
		c.len = 0;
		buf_add(&c, b.p, at[k]);
		for (int i = 0; i < 100000; i++) /* a window's size, and beginnings that lead nowhere */
			buf_str(&c, i % 7 == 0 ? "\x94\xa4PV" : "x");
		buf_add(&c, b.p + at[k], b.len - at[k]);
		spit(other, c.p, c.len);
		o = read_file(other);
		assert_true(o.opened && o.error);
		assert_int_equal(o.rows, 1500);
	}
	c.len = 0; /* a hole in the middle block's sections */
	hole = at[4] - 500;
	buf_add(&c, b.p, hole);
	buf_add(&c, b.p + hole + 100, b.len - hole - 100);
	spit(other, c.p, c.len);
	o = read_file(other);
	assert_true(o.error);
	assert_int_equal(o.rows, 1000);
	buf_free(&b);
	buf_free(&c);
}

static void
test_foreign(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *says;
	} cases[] = {
		{ "", 0, "is empty" },
		{ "hello, world, this is a text of some length", 43, "is not a pavo record file" },
		{ "\xd4\xc3\xb2\xa1\x02\x00\x04\x00", 8, "packet capture" },
		{ "\x1f\x8b\x08\x00", 4, "gzip" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome o;

		spit(path, (const uint8_t *)cases[i].bytes, cases[i].n);
		o = read_file(path);
		assert_false(o.opened);
		assert_non_null(strstr(o.text, cases[i].says));
		assert_non_null(strstr(o.text, path));
	}
	assert_false(read_file("/nonexistent/x.pavo").opened);
}

/* A version from the future is refused politely, the segment behind it is read. */
static void
test_version(void **state)
{
	static const uint8_t header[] = { 0x82, 0xa6, 'f', 'o', 'r', 'm', 'a', 't', 7, 0xa1, 'x', 0x93, 1, 2, 3 };
	struct buf b = { 0 }, good;
	struct outcome o;

	(void)state;
	write_file(path, "p", 2, 30, true);
	good = slurp(path);
	meta_put_object(&b, META_HEADER, header, sizeof(header));
	meta_put_object(&b, META_BLOCK, "\xc0", 1);
	buf_str(&b, "sections of another format");
	buf_add(&b, good.p, good.len);
	spit(path, b.p, b.len);
	o = read_file(path);
	assert_true(o.opened && o.error);
	assert_int_equal(o.rows, 60);
	assert_non_null(strstr(o.text, "version 7"));
	buf_free(&b);
	buf_free(&good);
}

/* Unknown kinds of object, keys of the header and elements of a schema are skipped in silence. */
static void
test_unknown(void **state)
{
	static const uint8_t header[] = { 0x82, 0xa6, 'f', 'o', 'r', 'm', 'a', 't', 0, 0xa1, 'x', 0x93, 1, 2, 3 };
	static const uint8_t schema[] = { 0x91, 0x99, 0xcd, 0xea, 0x60, 0xa1, 'n', 0xa1, 't', 0xa3, 'u', '6', '4',
		0xa0, 0xa0, 0xa0, 1, 2 };
	struct buf b = { 0 }, good;
	struct outcome o;

	(void)state;
	write_file(path, "p", 2, 30, true);
	good = slurp(path);
	meta_put_object(&b, META_HEADER, header, sizeof(header));
	meta_put_object(&b, META_KIND('Z', 'Z'), "anything", 8);
	meta_put_object(&b, META_SCHEMA, schema, sizeof(schema));
	buf_add(&b, good.p, good.len);
	spit(path, b.p, b.len);
	o = read_file(path);
	assert_true(o.opened);
	assert_false(o.error);
	assert_int_equal(o.rows, 60);
	buf_free(&b);
	buf_free(&good);
}

/* A known field that is held in another way than ours counts as unknown. */
static void
test_other_schema(void **state)
{
	static const uint8_t schema[] = { 0x91, 0x97, 120, 0xa1, 'n', 0xa1, 't', 0xa4, 'b', 'l', 'o', 'b', 0xa0, 0xa0,
		0xa0 }; /* 120 = spkts */
	struct fieldset odd = { { 0 } };

	(void)state;
	assert_int_equal(fields[F_spkts].id, 120);
	assert_true(meta_get_schema(schema, sizeof(schema), &odd));
	assert_true(fieldset_has(&odd, F_spkts));
	for (size_t n = 0; n < sizeof(schema); n++)
		assert_false(meta_get_schema(schema, n, &odd));
}

/* Through a pipe, whole and damaged, as through a file. */
static void
test_pipe(void **state)
{
	char command[256];
	struct buf b;

	(void)state;
	write_file(path, "p", 4, 5000, true);
	b = slurp(path);
	for (int damaged = 0; damaged < 2; damaged++) {
		int saved = dup(STDIN_FILENO);
		struct outcome o;
		FILE *p;

		if (damaged)
			b.p[b.len / 2] ^= 0x10;
		spit(other, b.p, b.len);
		(void)snprintf(command, sizeof(command), "cat %s", other);
		p = popen(command, "r");
		assert_non_null(p);
		assert_true(dup2(fileno(p), STDIN_FILENO) >= 0);
		o = read_file("-");
		assert_true(dup2(saved, STDIN_FILENO) >= 0);
		(void)close(saved);
		(void)pclose(p);
		assert_true(o.opened);
		assert_int_equal(o.error, damaged);
		assert_int_equal(o.rows, damaged ? 15000 : 20000);
	}
	buf_free(&b);
}

/* Blocks are skipped on what their directory says, also by their addresses. */
struct picky {
	uint32_t asked;
	struct reader *r;
	struct ip ip;
};

static unsigned
wants(void *arg, const struct block_info *info)
{
	struct picky *p = arg;
	uint32_t n4 = 0, n6 = 0;
	const struct ip *ip;

	p->asked++;
	assert_true(info->range[F_spkts].known && info->range[F_spkts].all);
	assert_true(info->range[F_dpkts].absent);
	assert_true(info->range[F_sport].mixed);
	ip = piece_addresses(info->piece, &n4, &n6);
	assert_non_null(ip);
	assert_int_equal(n4, info->rows);
	for (uint32_t i = 0; i < n4; i++) {
		if (i > 0)
			assert_true(ip_cmp(&ip[i - 1], &ip[i]) < 0);
		if (ip_cmp(&ip[i], &p->ip) == 0)
			return (0);
	}
	return (1);
}

static void
test_skipping(void **state)
{
	uint8_t v4[4] = { 10, 0, 0, 250 };
	struct picky p = { .ip = ip_v4(v4) };
	char err[256];
	struct batch *b;

	(void)state;
	write_file(path, "p", 5, 100, true);
	p.r = reader_open(path, err, sizeof(err));
	assert_non_null(p.r);
	reader_want(p.r, wants, &p);
	b = reader_next(p.r, NULL);
	assert_non_null(b);
	assert_int_equal(b->col[F_spkts]->u[0], 200);
	assert_null(reader_next(p.r, NULL));
	assert_null(reader_error(p.r));
	assert_int_equal(p.asked, 5);
	assert_int_equal(reader_totals(p.r).skipped, 4);
	assert_int_equal(reader_totals(p.r).blocks, 1);
	reader_close(&p.r);
}

/* A torn block in a file that a writer holds is being written: a warning, no error. */
static void
test_being_written(void **state)
{
	struct writer_options opt = { .segment = { .probe = "p" } };
	struct batch *b = batch_new(100);
	char err[256];
	struct writer *w = writer_open(path, &opt, err, sizeof(err)), *second;
	struct reader *r;
	uint64_t rows = 0;

	(void)state;
	assert_non_null(w);
	fill(b, 0, 100);
	assert_true(writer_put(w, b));
	assert_true(writer_put(w, b));
	assert_int_equal(truncate(path, (off_t)writer_bytes(w) - 5), 0);
	second = writer_open(path, &opt, err, sizeof(err));
	assert_null(second);
	assert_non_null(strstr(err, "being written"));
	r = reader_open(path, err, sizeof(err));
	assert_non_null(r);
	for (struct batch *got; (got = reader_next(r, NULL)) != NULL;)
		rows += check(got);
	assert_int_equal(rows, 100);
	assert_null(reader_error(r));
	assert_non_null(reader_warning(r));
	assert_non_null(strstr(reader_warning(r), "being written"));
	reader_close(&r);
	assert_true(writer_close(&w, err, sizeof(err)));
	batch_free(&b);
}

static void
test_writer_refuses(void **state)
{
	struct writer_options opt = { .segment = { .probe = "p" } };
	struct writer *w;
	char err[256];
	struct buf b;

	(void)state;
	spit(path, (const uint8_t *)"precious notes", 14);
	assert_null(writer_open(path, &opt, err, sizeof(err)));
	assert_non_null(strstr(err, "not a pavo record file"));
	b = slurp(path);
	assert_int_equal(b.len, 14);
	buf_free(&b);
	assert_null(writer_open("/nonexistent/x.pavo", &opt, err, sizeof(err)));
	assert_true(writer_same_file(path, path));
	assert_false(writer_same_file(path, other));
	assert_false(writer_same_file("-", "-"));
	if (access("/dev/full", W_OK) == 0) {
		w = writer_open("/dev/full", &opt, err, sizeof(err));
		assert_non_null(w);
		assert_false(writer_begin(w));
		assert_non_null(strstr(writer_error(w), "/dev/full"));
		assert_false(writer_close(&w, err, sizeof(err)));
		assert_non_null(strstr(err, "/dev/full"));
	}
}

/* Many and large blobs are split over blocks, and come back. */
static void
test_large_blobs(void **state)
{
	struct writer_options opt = { .segment = { .probe = "p" } };
	struct batch *b = batch_new(64), *got;
	uint8_t *bytes = malloc(1 << 20);
	char err[256];
	struct writer *w = writer_open(path, &opt, err, sizeof(err));
	struct reader *r;
	uint32_t rows = 0;

	(void)state;
	assert_non_null(w);
	assert_non_null(bytes);
	for (uint32_t i = 0; i < 40; i++) {
		struct flow f;

		flow_clear(&f);
		for (size_t j = 0; j < 1 << 20; j++)
			bytes[j] = (uint8_t)(rnd() >> 8);
		bytes[0] = (uint8_t)i;
		SET_BLOB(&f, gaps, bytes, 1 << 20);
		batch_add(b, &f);
	}
	assert_true(writer_put(w, b));
	assert_true(writer_close(&w, err, sizeof(err)));
	r = reader_open(path, err, sizeof(err));
	assert_non_null(r);
	while ((got = reader_next(r, NULL)) != NULL)
		for (uint32_t i = 0; i < got->rows; i++, rows++) {
			assert_int_equal(got->col[F_gaps]->b[i].n, 1 << 20);
			assert_memory_equal(got->col[F_gaps]->b[i].p, b->col[F_gaps]->b[rows].p, 1 << 20);
		}
	if (reader_error(r) != NULL)
		fail_msg("%s", reader_error(r));
	assert_int_equal(rows, 40);
	reader_close(&r);
	free(bytes);
	batch_free(&b);
}

/* Files of each format version must be read for ever: format<N>.pavo was written by this test's
 * write_file(), with PAVO_GOLDEN_WRITE=FILE in the environment, by the program of that version. */
static void
test_golden(void **state)
{
	const char *to = getenv("PAVO_GOLDEN_WRITE"), *src = getenv("PAVO_SRC");
	char name[512];
	struct outcome o;

	(void)state;
	if (to != NULL)
		write_file(to, "golden", 2, 400, true);
	if (src == NULL)
		skip();
	(void)snprintf(name, sizeof(name), "%s/tests/golden/format%d.pavo", src, META_VERSION);
	o = read_file(name);
	assert_true(o.opened);
	assert_false(o.error);
	assert_int_equal(o.rows, 800);
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "test_file.%ld.pavo", (long)getpid());
	(void)snprintf(other, sizeof(other), "test_file.%ld.other", (long)getpid());
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

/* All blocks of `path` into `other`: as they are, with a column touched, or without a row. */
static uint32_t
copy_blocks(unsigned how)
{
	struct writer_options opt = { .segment = { .probe = "p", .interval = 5, .snaplen = 96, .live = true } };
	char err[256];
	struct writer *w = writer_open(other, &opt, err, sizeof(err));
	struct reader *r = reader_open(path, err, sizeof(err));
	struct piece *piece = piece_new();
	uint32_t blocks = 0;

	assert_non_null(w);
	assert_non_null(r);
	piece_keep(piece);
	while (reader_find(r, piece, true)) {
		struct batch *b = piece_open(piece);
		uint64_t most[2] = { ~1ull, ~0ull };

		assert_non_null(b);
		assert_null(b->whole);
		if ((b = piece_more(piece, NULL)) != NULL) {
			assert_non_null(b->whole);
			if (how == 1)
				(void)batch_column(b, F_spkts);
			assert_int_equal(b->whole == NULL, how == 1);
			b->sel = how == 2 ? most : NULL;
			assert_true(writer_put(w, b));
			blocks++;
		}
		reader_settle(r, piece);
	}
	piece_free(&piece);
	reader_close(&r);
	assert_true(writer_close(&w, err, sizeof(err)));
	return (blocks);
}

/* Blocks that go out as they came are the same bytes, but never damaged ones. */
static void
test_copy(void **state)
{
	struct buf from, to;
	char err[256];
	struct reader *r;
	uint32_t rows = 0;
	struct batch *b;

	(void)state;
	write_file(path, "p", 3, 100, true);
	from = slurp(path);
	for (unsigned how = 0; how < 2; how++) { /* touched, not changed: encoded anew, as it was */
		assert_int_equal(copy_blocks(how), 3);
		to = slurp(other);
		assert_int_equal(to.len, from.len);
		assert_memory_equal(to.p, from.p, from.len);
		buf_free(&to);
	}
	assert_int_equal(copy_blocks(2), 3);
	r = reader_open(other, err, sizeof(err));
	assert_non_null(r);
	while ((b = reader_next(r, NULL)) != NULL)
		rows += check(b);
	assert_int_equal(rows, 3 * 99);
	assert_null(reader_error(r));
	reader_close(&r);
	from.p[from.len / 2] ^= 0x10; /* in the second block: its sections are the most of it */
	spit(path, from.p, from.len);
	assert_int_equal(copy_blocks(0), 2);
	buf_free(&from);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_whole, remove_files),
		cmocka_unit_test_setup(test_copy, remove_files),
		cmocka_unit_test_setup(test_segment, remove_files),
		cmocka_unit_test_setup(test_trailer, remove_files),
		cmocka_unit_test_setup(test_cat, remove_files),
		cmocka_unit_test_setup(test_truncation, remove_files),
		cmocka_unit_test_setup(test_damage, remove_files),
		cmocka_unit_test_setup(test_garbage, remove_files),
		cmocka_unit_test_setup(test_foreign, remove_files),
		cmocka_unit_test_setup(test_version, remove_files),
		cmocka_unit_test_setup(test_unknown, remove_files),
		cmocka_unit_test_setup(test_other_schema, remove_files),
		cmocka_unit_test_setup(test_pipe, remove_files),
		cmocka_unit_test_setup(test_skipping, remove_files),
		cmocka_unit_test_setup(test_being_written, remove_files),
		cmocka_unit_test_setup(test_writer_refuses, remove_files),
		cmocka_unit_test_setup(test_large_blobs, remove_files),
		cmocka_unit_test_setup(test_golden, remove_files),
	};

	return (cmocka_run_group_tests(tests, setup, remove_files));
}

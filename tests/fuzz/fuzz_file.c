/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_file.c: any bytes as a record file, through all that the ra tools do with one: filters, text, CSV, JSON, ClickHouse's
 * format, merging by key, bins, sorting.  What goes to a terminal is only shown.
 *
 * The mutator knows what a file is made of: it changes objects, directories and sections (decompressed first), and makes
 * lengths and checksums right, without which nothing would come further than the first of them.
 *
 * input: the file
 */
#include "format/base/cursor.h"
#include "format/base/hash.h"
#include "format/base/mem.h"
#include "format/base/plain.h"
#include "format/block.h"
#include "format/reader.h"
#include "ra-tools/query/bin.h"
#include "ra-tools/report/conserve.h"
#include "ra-tools/filter/filter.h"
#include "ra-tools/out/out.h"
#include "ra-tools/query/sort.h"

#include <assert.h>
#include <fcntl.h>
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OBJECTS 64
#define ROWS_MAX 20000 /* of an input: what is slow only because it is much finds nothing */

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int LLVMFuzzerInitialize(int *, char ***);
size_t LLVMFuzzerCustomMutator(uint8_t *, size_t, size_t, unsigned);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *, size_t, const uint8_t *, size_t, uint8_t *, size_t, unsigned);
size_t LLVMFuzzerMutate(uint8_t *, size_t, size_t) __attribute__((weak));

/* --- a file taken apart */

struct object {
	const uint8_t *p;
	size_t n; /* prefix, payload, sections */
	struct meta_object o;
};

static unsigned
take_apart(const uint8_t *p, size_t n, struct object *to)
{
	unsigned k = 0;

	while (k < OBJECTS && n >= META_PREFIX) {
		struct object *x = &to[k];
		struct arena a = { 0 };
		struct directory d;

		if (!meta_get_object(p, &x->o) || x->o.size > n - META_PREFIX)
			break;
		x->p = p;
		x->n = META_PREFIX + x->o.size;
		if (x->o.kind == META_BLOCK && meta_get_directory(p + META_PREFIX, x->o.size, &a, &d))
			x->n += d.length < n - x->n ? (size_t)d.length : n - x->n;
		arena_free(&a);
		p += x->n;
		n -= x->n;
		k++;
	}
	return (k);
}

/* --- changes */

static uint64_t state;

static uint32_t
chance(uint32_t n) /* 0 .. n - 1; xorshift64* */
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (n == 0 ? 0 : (uint32_t)((state * 2685821657736338717ull) >> 33) % n);
}

static uint64_t
number(uint64_t was)
{
	static const uint64_t odd[] = { 0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 1u << 20, UINT32_MAX, INT64_MAX, UINT64_MAX };

	switch (chance(5)) {
	case 0: return (odd[chance(sizeof(odd) / sizeof(odd[0]))]);
	case 1: return (was ^ 1ull << chance(64));
	case 2: return (was + 1);
	case 3: return (was - 1);
	default: return (was << chance(8));
	}
}

static void
change_bytes(struct buf *b)
{
	size_t room = b->len + 16;

	if (b->len == 0)
		return;
	(void)buf_room(b, 16);
	b->len = LLVMFuzzerMutate(b->p, b->len, room);
}

static struct dir_section *
section(struct directory *d, uint32_t i)
{
	if (i == 0)
		return (&d->addr);
	if (i <= d->nset)
		return (&d->set[i - 1].at);
	return (i <= d->nset + d->ncol ? &d->col[i - d->nset - 1].at : NULL);
}

/* A section as it is stored, changed within, or not (`change` false), and its checksum. */
static void
put_section(struct dir_section *s, const uint8_t *body, bool change, struct buf *to)
{
	struct buf raw = { 0 };
	int n;

	if (change && s->codec == 1 && s->raw <= 1u << 20 &&
	    (n = LZ4_decompress_safe((const char *)body, (char *)buf_room(&raw, s->raw), (int)s->size, (int)s->raw)) >= 0) {
		raw.len = (size_t)n;
		change_bytes(&raw);
		s->raw = (uint32_t)raw.len;
		if (chance(2)) {
			s->codec = 0;
			s->size = s->raw;
		} else {
			struct buf packed = { 0 };

			s->size = (uint32_t)LZ4_compress_default((const char *)raw.p, (char *)buf_room(&packed, raw.len + raw.len / 128 + 64),
			    (int)raw.len, (int)(raw.len + raw.len / 128 + 64));
			packed.len = s->size;
			buf_free(&raw);
			raw = packed;
		}
	} else {
		buf_add(&raw, body, s->size);
		if (change) {
			change_bytes(&raw);
			s->size = (uint32_t)raw.len;
			if (s->codec == 0)
				s->raw = s->size;
		}
	}
	s->check = (uint32_t)hash64(raw.p, s->size, 0);
	meta_put_head(to, s->size);
	buf_add(to, raw.p, s->size);
	buf_free(&raw);
}

static void
change_directory(struct directory *d)
{
	struct dir_column *c = d->ncol > 0 ? &d->col[chance(d->ncol)] : NULL;
	struct dir_set *s = d->nset > 0 ? &d->set[chance(d->nset)] : NULL;

	switch (chance(10)) {
	case 0:
		d->rows = (uint32_t)number(d->rows) % (BATCH_ROWS + 2);
		break;
	case 1:
		if (s != NULL)
			s->count = (uint32_t)number(s->count);
		break;
	case 2:
		if (s != NULL)
			s->kind = (uint8_t)chance(7);
		break;
	case 3:
		d->n4 = (uint32_t)number(d->n4);
		break;
	default:
		if (c == NULL)
			break;
		switch (chance(7)) {
		case 0: c->code = (uint8_t)chance(40); break;
		case 1: c->present = (int32_t)chance(d->nset + 2) - 1; break;
		case 2: c->mixed = (int32_t)chance(d->nset + 2) - 1; break;
		case 3: c->min.u = number(c->min.u); break;
		case 4: c->max.u = number(c->max.u); break;
		case 5: c->more[chance(DIR_MORE)] = (uint32_t)number(c->more[0]); break;
		default: c->id = (uint32_t)number(c->id); break;
		}
	}
}

/* A block with another directory, or another section. */
static void
change_block(const struct object *x, struct buf *to)
{
	struct arena a = { 0 };
	struct directory d;
	struct buf sections = { 0 }, payload = { 0 };
	struct cursor c = cur_new(x->p + META_PREFIX + x->o.size, x->n - META_PREFIX - x->o.size);
	bool good = meta_get_directory(x->p + META_PREFIX, x->o.size, &a, &d);
	uint32_t all = good ? 1 + d.nset + d.ncol : 0, which = chance(3) > 0 ? chance(all) : UINT32_MAX, first = 0;

	while (good && which != UINT32_MAX && first < all && section(&d, which)->size == 0) { /* one that is there */
		which = (which + 1) % all;
		first++;
	}
	for (uint32_t i = 0; good && i < all; i++) {
		struct dir_section *s = section(&d, i);

		if (s->size == 0)
			continue;
		good = cur_left(&c) >= META_HEAD + (size_t)s->size;
		if (good) {
			const uint8_t *body = c.p + META_HEAD;
			uint32_t size = s->size;

			put_section(s, body, i == which, &sections);
			(void)cur_sub(&c, META_HEAD + size);
		}
	}
	if (!good) {
		buf_add(to, x->p, x->n);
	} else {
		buf_add(&sections, c.p, cur_left(&c)); /* membership filters, as they are */
		if (which == UINT32_MAX)
			change_directory(&d);
		d.length = sections.len;
		meta_put_directory(&payload, &d);
		meta_put_object(to, META_BLOCK, payload.p, payload.len);
		buf_add(to, sections.p, sections.len);
	}
	buf_free(&payload);
	buf_free(&sections);
	arena_free(&a);
}

/* Any object with other bytes, its checksum right. */
static void
change_payload(const struct object *x, struct buf *to)
{
	struct buf payload = { 0 };

	buf_add(&payload, x->p + META_PREFIX, x->o.size);
	change_bytes(&payload);
	meta_put_object(to, x->o.kind, payload.p, payload.len);
	buf_add(to, x->p + META_PREFIX + x->o.size, x->n - META_PREFIX - x->o.size);
	buf_free(&payload);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t most, unsigned seed)
{
	struct object o[OBJECTS];
	unsigned k = take_apart(p, n, o), which, other;
	struct buf b = { 0 };
	size_t result;

	state = seed * 0x9e3779b97f4a7c15ull | 1;
	if (k == 0 || chance(40) == 0)
		return (LLVMFuzzerMutate(p, n, most));
	which = chance(k);
	other = chance(k);
	for (unsigned i = 0; i < k; i++) {
		unsigned how = i == which ? chance(16) : 15;

		if (how == 0)
			continue; /* gone */
		if (how == 1)
			buf_add(&b, o[other].p, o[other].n);
		if (how <= 2)
			buf_add(&b, o[i].p, o[i].n);
		else if (how < 6)
			change_payload(&o[i], &b);
		else if (how < 15 && o[i].o.kind == META_BLOCK)
			change_block(&o[i], &b);
		else
			buf_add(&b, o[i].p, o[i].n);
	}
	result = b.len > 0 && b.len <= most ? b.len : n;
	if (result != n || b.len == n)
		memcpy(p, b.p, b.len);
	buf_free(&b);
	return (result);
}

/* Objects of one, then objects of the other. */
size_t
LLVMFuzzerCustomCrossOver(const uint8_t *p, size_t n, const uint8_t *q, size_t m, uint8_t *to, size_t most, unsigned seed)
{
	struct object a[OBJECTS], b[OBJECTS];
	unsigned i = take_apart(p, n, a), k = take_apart(q, m, b);
	size_t first, second;

	state = seed * 0x9e3779b97f4a7c15ull | 1;
	if (i == 0 || k == 0)
		return (0);
	i = chance(i);
	k = chance(k);
	first = (size_t)(a[i].p + a[i].n - p);
	second = m - (size_t)(b[k].p - q);
	if (first + second > most)
		return (0);
	memcpy(to, p, first);
	memcpy(to + first, b[k].p, second);
	return (first + second);
}

/* --- what the tools do */

static int out_fd;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* what is shown is looked at */
	out_fd = memfd_create("shown", MFD_CLOEXEC);
	if (out_fd < 0 || dup2(out_fd, STDOUT_FILENO) < 0)
		abort();
	return (0);
}

static void
look_at_output(bool plain)
{
	off_t n = lseek(out_fd, 0, SEEK_END);
	size_t acting = 0;

	if (plain && n > 0) {
		uint8_t *p = mmap(NULL, (size_t)n, PROT_READ, MAP_SHARED, out_fd, 0);

		assert(p != MAP_FAILED);
		for (size_t at = 0; at < (size_t)n; at += acting) {
			at += plain_run(p + at, (size_t)n - at, &acting);
			assert(acting == 0 || (acting == 1 && p[at] == '\n'));
		}
		(void)munmap(p, (size_t)n);
	}
	assert(ftruncate(out_fd, 0) == 0 && lseek(out_fd, 0, SEEK_SET) == 0 && lseek(STDOUT_FILENO, 0, SEEK_SET) == 0);
}

static struct sheet_column columns[F_COUNT];

/* The columns that there are, and one that may not be there. */
static void
begin(struct sheet *s, const struct batch *b)
{
	*s = (struct sheet){ .want = columns, .separator = ',', .null = "", .text.digits = 6 };
	for (enum field f = 0; f < F_COUNT; f++)
		if (b->col[f] != NULL || f == F_saddr)
			columns[s->n++] = (struct sheet_column){ .field = f, .width = fields[f].width, .name = fields[f].name };
}

static void
show(const struct out *out, struct batch *b)
{
	struct sheet s;

	for (enum field f = 0; f < F_COUNT; f++)
		(void)batch_derive(b, f);
	begin(&s, b);
	out->head(&s);
	for (uint32_t r = 0; r < b->rows; r++)
		if (!batch_selected(b, r))
			continue;
		else if (out->rows != NULL)
			out->rows(&s, b, &r, 1);
		else
			out->row(&s, b, r);
	if (out->pause != NULL)
		out->pause(&s);
	out->tail(&s);
	sheet_free(&s);
	look_at_output(out != &out_native);
}

static struct fieldset everything;

static unsigned
skip(void *arg, const struct block_info *b)
{
	return (filter_skips(arg, b) == FILTER_MAYBE ? 0 : 1);
}

/* The next batch of a file that is read with this filter, or all of it. */
static struct reader *
open_file(const char *path, struct filter *f)
{
	char err[700] = "";
	struct reader *r = reader_open(path, err, sizeof(err));

	if (r == NULL)
		assert(err[0] != '\0');
	else if (f != NULL)
		reader_want(r, skip, f);
	return (r);
}

/* What is selected is the same whether blocks are skipped or not. */
static void
with_filter(const char *path, const char *text)
{
	struct filter_error e;
	struct filter *f = filter_new(text, 1795188298 * SEC, CLOCK_UTC, &e);
	uint64_t n[2] = { 0, 0 }, *sel = mem_zero(BITS_WORDS(BATCH_ROWS), 8);
	const char *error = NULL;

	assert(f != NULL);
	for (int skips = 0; skips < 2; skips++) {
		struct reader *r = open_file(path, skips ? f : NULL);
		struct batch *b;

		while (r != NULL && (b = reader_next(r, NULL)) != NULL) {
			memset(sel, 0, BITS_WORDS(b->rows) * 8);
			filter_run(f, b, sel);
			for (uint32_t i = 0; i < b->rows; i++)
				n[skips] += bit_get(sel, i);
		}
		if (r != NULL && reader_error(r) != NULL)
			error = "damaged";
		if (r != NULL)
			reader_close(&r);
	}
	assert(error != NULL || n[0] == n[1] || n[1] < n[0]); /* least and greatest values may be lies */
	filter_free(&f);
	free(sel);
}

static void
with_keys(const char *path, const char *key, int64_t width, bool approx)
{
	struct keys k;
	char err[256];
	struct bin_options o = { .width = width, .approx = approx };
	struct aggr *a;
	struct bins *bins;
	struct reader *r = open_file(path, NULL);
	struct batch *b;
	uint64_t n = 0;

	if (r == NULL)
		return;
	assert(keys_parse(key, &k, err, sizeof(err)));
	a = aggr_new(&k, &everything);
	bins = bins_new(&k, &everything, &o);
	aggr_memory(a, 100000);
	while ((b = reader_next(r, NULL)) != NULL && n < ROWS_MAX) {
		n += b->rows;
		if (approx && b->rows > 8) /* each may become 4096 */
			b->rows = 8;
		aggr_add(a, b);
	}
	reader_close(&r);
	n = 0;
	r = open_file(path, NULL);
	while ((b = reader_next(r, NULL)) != NULL && n < ROWS_MAX) {
		n += b->rows;
		if (approx && b->rows > 8)
			b->rows = 8;
		if (!bins_add(bins, b, reader_segment(r)->interval * SEC, err, sizeof(err))) {
			assert(err[0] != '\0');
			break;
		}
	}
	while ((b = aggr_next(a)) != NULL)
		show(&out_csv, b);
	n = 0;
	while ((b = bins_next(bins)) != NULL && n++ < 2)
		show(&out_text, b);
	aggr_free(&a);
	bins_free(&bins);
	reader_close(&r);
}

static void
with_order(const char *path, const char *order)
{
	struct sort_keys k;
	char err[256];
	struct sort *s;
	struct reader *r = open_file(path, NULL);
	struct batch *b;
	uint64_t in = 0, out = 0;

	if (r == NULL)
		return;
	assert(sort_parse(order, &k, err, sizeof(err)));
	s = sort_new(&k);
	sort_memory(s, 100000);
	while ((b = reader_next(r, NULL)) != NULL && in < ROWS_MAX) {
		in += b->rows;
		sort_add(s, b);
	}
	reader_close(&r);
	while ((b = sort_next(s)) != NULL)
		out += b->rows;
	assert(in == out);
	sort_free(&s);
}

static void
print_all(const char *path, const struct out *out)
{
	struct reader *r = open_file(path, NULL);
	struct reader_totals t;
	struct conserve c = { 0 };
	struct batch *b;
	uint64_t rows = 0;
	bool known;

	if (r == NULL)
		return;
	while ((b = reader_next(r, NULL)) != NULL) {
		rows += b->rows;
		for (uint32_t i = 0; i < b->rows; i++)
			(void)conserve_add(&c, b, i);
		if (rows <= 150)
			show(out, b);
	}
	(void)conserve_holds(&c, &known);
	t = reader_totals(r);
	assert(t.records == rows && t.closed <= t.segments + 64);
	assert((t.bad_bytes == 0 && t.missing == 0 && t.surplus == 0) || reader_error(r) != NULL || reader_warning(r) != NULL);
	reader_close(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const filters[] = { "saddr = 10.0.0.0/8 or dport > 1000", "not (spkts > 10) and has probe",
		"loss% > 1 or probe = \"p\"", "net 10.1.0.0/16 and not esp" };
	static const char *const keys[] = { "conv", "saddr/24,daddr/24/48,proto", "tunnel", "lane", "spi", "flow", "probe,none", "smac,dmac",
		"hist,state" };
	static const char *const orders[] = { "-sbytes,stime", "saddr,daddr,-hist", "probe,-loss%" };
	static const struct out *const outs[] = { &out_text, &out_csv, &out_json, &out_native };
	static const int64_t widths[] = { 0, SEC, 60 * SEC, 86400 * SEC };
	uint64_t choice = hash64(p, n, 0);
	char path[64];
	int fd = memfd_create("file", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	fieldset_all(&everything);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* one of them: what comes of another one, a file that differs by a bit tries */
	switch (choice >> 14 & 3) {
	case 0:
		print_all(path, outs[choice & 3]);
		break;
	case 1:
		with_filter(path, filters[choice >> 2 & 3]);
		break;
	case 2:
		with_order(path, orders[(choice >> 11 & 7) % 3]);
		break;
	default:
		with_keys(path, keys[(choice >> 4 & 15) % (sizeof(keys) / sizeof(keys[0]))], widths[choice >> 8 & 3], choice >> 10 & 1);
	}
	(void)close(fd);
	return (0);
}

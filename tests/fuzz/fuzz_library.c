/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_library.c: any question to libpavo: a line with the fields, a line with the time, then the filter, over a file of few
 * records. What is wrong has to be a sentence; what is not has to be the same by rows, and text.
 */
#include "format/base/clock.h"
#include "format/base/mem.h"
#include "format/writer.h"
#include "libpavo/pavo.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROWS 70

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static char path[64];

static void
add_row(struct batch *b, struct flow *f, unsigned r)
{
	flow_clear(f);
	SET(f, rectype, r % 9 == 0 ? RECTYPE_MAR : RECTYPE_FLOW);
	SET(f, bstart, 1795188298 * SEC + r * SEC);
	SET(f, bend, 1795188299 * SEC + r * SEC);
	for (enum field i = 0; i < F_STORED; i++) {
		if (fields[i].always || bit_get(f->present, i) || (i + r) % 3 != 0)
			continue;
		if (fields[i].store == STORE_BLOB)
			f->v[i].b = (struct blob){ (const uint8_t *)"ShADadFf", r % 9 };
		else if (fields[i].store == STORE_IP)
			f->v[i].ip = ip_v4((const uint8_t[]){ 10, 0, 0, (uint8_t)r });
		else
			f->v[i].u = r;
		bit_set(f->present, i);
	}
	batch_add(b, f);
}

/* A file that is nowhere but in memory. */
static void
make_file(void)
{
	struct writer_options o = { .segment = { .probe = "fuzz", .interval = SEC } };
	int fd = memfd_create("records", 0);
	struct batch *b = batch_new(ROWS);
	struct flow *f = mem_alloc(sizeof(*f));
	struct writer *w;
	char err[256];

	assert(fd >= 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (unsigned r = 0; r < ROWS; r++)
		add_row(b, f, r);
	w = writer_open(path, &o, err, sizeof(err));
	assert(w != NULL && writer_put(w, b));
	if (!writer_close(&w, err, sizeof(err)))
		abort();
	free(f);
	batch_free(&b);
}

static void
ask(const struct pavo_question *q)
{
	char why[256] = "", text[64];
	const struct pavo_field *f;
	const struct pavo_value *v;
	struct pavo *p = pavo_open(q, why, sizeof(why));
	size_t n, rows = 0;

	if (p == NULL) {
		assert(why[0] != '\0' && strlen(why) < sizeof(why) && strchr(why, '\n') == NULL);
		return;
	}
	f = pavo_fields(p, &n);
	while ((v = pavo_row(p)) != NULL) {
		rows++;
		for (size_t i = 0; i < n; i++) {
			size_t length = pavo_text(&f[i], &v[i], text, sizeof(text));

			assert(strlen(text) == (length < sizeof(text) ? length : sizeof(text) - 1) || memchr(text, 0, sizeof(text)) != NULL);
			assert(v[i].state <= PAVO_MIXED && (v[i].state == PAVO_PRESENT || length == 0));
		}
	}
	assert(rows <= ROWS && pavo_error(p) == NULL);
	pavo_close(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *file = path;
	struct pavo_question q = { .files = &file, .nfiles = 1 };
	char *text, *time, *filter;

	if (path[0] == '\0')
		make_file();
	if (memmem(bytes, size, "/", 1) != NULL && memmem(bytes, size, "in", 2) != NULL)
		return (0); /* no strange files: /dev/zero is long */
	text = mem_alloc(size + 1);
	memcpy(text, bytes, size);
	text[size] = '\0';
	time = strchr(text, '\n');
	filter = time == NULL ? NULL : strchr(time + 1, '\n');
	if (filter != NULL) {
		*time++ = '\0';
		*filter++ = '\0';
		q.fields = *text == '\0' ? NULL : text;
		q.filter = filter;
		q.all_records = size % 2 == 0;
		if (*time != '\0' && !pavo_time(time, 1795188298 * SEC, &q.from, &q.to))
			q.from = q.to = 0;
		ask(&q);
	}
	free(text);
	return (0);
}

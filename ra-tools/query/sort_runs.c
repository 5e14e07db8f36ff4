/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sort_runs.c: more rows than memory: ordered runs in temporary record files, merged into one.
 *
 * Runs are in the order of the input, so that of equal rows those of the earlier run come first.
 */
#include "ra-tools/query/sort_room.h"

#include "format/base/mem.h"
#include "format/reader.h"
#include "format/writer.h"
#include "ra-tools/query/spill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS_MAX 32 /* merged at once */

struct sort_run {
	int fd;
	struct reader *reader;
	struct batch *batch;
	uint32_t row;
	struct item item; /* of that row */
};

static bool
fail(struct sort *s, const char *why)
{
	if (s->error[0] == '\0')
		(void)snprintf(s->error, sizeof(s->error), "%s", why);
	return (false);
}

static void
close_runs(struct sort *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		reader_close(&s->run[i].reader);
		(void)close(s->run[i].fd);
	}
	s->runs -= n;
	if (s->runs > 0) /* none was ever made: there is no array */
		memmove(s->run, s->run + n, s->runs * sizeof(s->run[0]));
}

void
runs_free(struct sort *s)
{
	close_runs(s, s->runs);
	free(s->run);
}

/* --- writing ----------------------------------------------------------------------------------- */

/* All that `next` gives, into a new run behind the others. */
static bool
write_run(struct sort *s, struct batch *(*next)(struct sort *))
{
	struct writer_options o = { .segment = { .probe = "" } };
	char path[32], err[512] = "";
	struct writer *w;
	struct batch *b;
	int fd = spill_file(err, sizeof(err));
	bool good;

	if (fd < 0)
		return (fail(s, err));
	(void)snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	if ((w = writer_open(path, &o, err, sizeof(err))) == NULL) {
		(void)close(fd);
		return (fail(s, err));
	}
	good = true;
	while (good && (b = next(s)) != NULL)
		good = writer_put(w, b);
	if (!good)
		(void)snprintf(err, sizeof(err), "%s", writer_error(w));
	good = writer_close(&w, good ? err : NULL, good ? sizeof(err) : 0) && good;
	if (!good) {
		(void)close(fd);
		return (fail(s, err));
	}
	s->run = mem_grow(s->run, s->runs + 1, sizeof(s->run[0]));
	s->run[s->runs++] = (struct sort_run){ .fd = fd };
	return (s->error[0] == '\0');
}

/* --- merging ----------------------------------------------------------------------------------- */

static bool
load(struct sort *s, unsigned i)
{
	struct sort_run *run = &s->run[i];

	run->batch = reader_next(run->reader, NULL);
	run->row = 0;
	s->batch[i] = run->batch;
	if (run->batch == NULL)
		return (reader_error(run->reader) == NULL || fail(s, reader_error(run->reader)));
	sort_derive(s, run->batch);
	sort_item(s, i, 0, &run->item);
	return (true);
}

/* The runs' batches take the place of those in memory. */
static bool
open_runs(struct sort *s, unsigned n)
{
	char path[32], err[512];

	batches_drop(s);
	s->merging = true;
	if (s->cap < n) {
		s->cap = n;
		s->batch = mem_grow(s->batch, s->cap, sizeof(s->batch[0]));
	}
	s->n = n;
	s->column = mem_zero(n + 1, sizeof(s->column[0]));
	s->item = mem_alloc(OUT_ROWS * sizeof(s->item[0]));
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "/dev/fd/%d", s->run[i].fd);
		s->run[i].reader = reader_open(path, err, sizeof(err));
		if (s->run[i].reader == NULL)
			return (fail(s, err));
		if (!load(s, i))
			return (false);
	}
	return (true);
}

/* Any column of any run, without a look at what is in it. */
static void
plain_shapes(struct sort *s)
{
	for (enum field f = 0; f < F_STORED; f++) {
		s->shape[f] = SHAPE_NONE;
		s->like[f] = f;
		for (uint32_t i = 0; i < s->n && s->shape[f] == SHAPE_NONE; i++)
			if (s->batch[i] != NULL && s->batch[i]->col[f] != NULL)
				s->shape[f] = SHAPE_ANY;
	}
}

static void
sift(struct sort *s, unsigned *heap, unsigned n, unsigned at)
{
	for (;;) {
		unsigned child = 2 * at + 1, least = at, t;

		for (unsigned k = child; k < child + 2 && k < n; k++)
			if (sort_compare(&s->run[heap[k]].item, &s->run[heap[least]].item, s) < 0)
				least = k;
		if (least == at)
			return;
		t = heap[at];
		heap[at] = heap[least];
		heap[least] = t;
		at = least;
	}
}

/* The next rows of all runs, up to where the batch of one of them ends. */
static struct batch *
merge_some(struct sort *s)
{
	unsigned heap[RUNS_MAX + 1], n = 0, ended = s->n;
	uint32_t picked = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (s->batch[i] != NULL)
			heap[n++] = i;
	for (unsigned i = n; i-- > 0;)
		sift(s, heap, n, i);
	if (n == 0)
		return (NULL);
	plain_shapes(s);
	while (picked < s->out->cap && ended == s->n) {
		struct sort_run *run = &s->run[heap[0]];

		s->item[picked++] = run->item;
		if (++run->row == run->batch->rows)
			ended = heap[0];
		else
			sort_item(s, heap[0], run->row, &run->item);
		sift(s, heap, n, 0);
	}
	copy_rows(s, s->item, picked);
	/* the blobs are those of a batch that goes when the next one is read */
	for (enum field f = 0; f < F_STORED; f++) {
		struct column *c = s->out->col[f];

		for (uint32_t r = 0; c != NULL && c->store == STORE_BLOB && r < picked; r++)
			if (column_has(c, r))
				c->b[r].p = arena_copy(&s->out->arena, c->b[r].p, c->b[r].n);
	}
	if (ended < s->n && !load(s, ended))
		return (NULL);
	return (s->out);
}

struct batch *
next_merged(struct sort *s)
{
	if (!s->merging && !open_runs(s, s->runs))
		return (NULL);
	return (s->error[0] == '\0' ? merge_some(s) : NULL);
}

/* One of many. */
static bool
join_runs(struct sort *s)
{
	unsigned n = s->runs;
	bool good = open_runs(s, n) && write_run(s, merge_some);

	batches_drop(s);
	s->merging = false;
	close_runs(s, n);
	return (good);
}

bool
run_write(struct sort *s)
{
	struct batch *out = s->out;
	bool good;

	if (s->error[0] != '\0')
		return (false);
	if (s->items == 0)
		return (true);
	s->out = batch_new(s->batch_rows);
	good = write_run(s, next_in_memory);
	batches_drop(s);
	if (good && s->runs == RUNS_MAX)
		good = join_runs(s);
	batch_free(&s->out);
	s->out = out;
	return (good);
}

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

struct sort_run {
	int fd;
	struct reader *reader;
	struct batch *batch; /* NULL: it has ended */
	struct item item;    /* of the row that is next */
};

struct pick { /* the next row of the result */
	uint32_t run, row;
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

static unsigned
rank(const struct column *c, uint32_t r)
{
	return (column_has(c, r) ? RANK_HERE : column_mixed(c, r) ? RANK_MIXED : RANK_ABSENT);
}

static int
compare_key(const struct sort_key *k, const struct sort_run *x, const struct sort_run *y)
{
	const struct column *cx = x->batch->col[k->field], *cy = y->batch->col[k->field];
	unsigned rx = rank(cx, x->item.row), ry = rank(cy, y->item.row);
	union value vx, vy;
	int c;

	if (rx != RANK_HERE || ry != RANK_HERE)
		return ((int)rx - (int)ry);
	vx = column_value(cx, x->item.row);
	vy = column_value(cy, y->item.row);
	c = value_cmp((enum store)fields[k->field].store, &vx, &vy);
	return (k->down ? -c : c);
}

/* Of equal rows those of the earlier run come first. */
static int
compare_runs(const struct sort *s, unsigned i, unsigned j)
{
	const struct sort_run *x = &s->run[i], *y = &s->run[j];

	if (x->item.rank != y->item.rank)
		return (x->item.rank - y->item.rank);
	if (x->item.prefix != y->item.prefix)
		return (x->item.prefix < y->item.prefix ? -1 : 1);
	for (unsigned k = 0; k < s->levels; k++) {
		const enum field f = s->level[k].field;
		int c = x->batch->col[f] == NULL && y->batch->col[f] == NULL ? 0 : compare_key(&s->level[k], x, y);

		if (c != 0)
			return (c);
	}
	return (i < j ? -1 : 1);
}

static bool
load(struct sort *s, unsigned i)
{
	struct sort_run *run = &s->run[i];

	run->batch = reader_next(run->reader, NULL);
	if (run->batch == NULL)
		return (reader_error(run->reader) == NULL || fail(s, reader_error(run->reader)));
	sort_derive(s, run->batch);
	sort_prefix(s, run->batch, 0, &run->item);
	return (true);
}

static bool
open_runs(struct sort *s)
{
	char path[32], err[512];

	rows_drop(s);
	s->merging = true;
	for (unsigned i = 0; i < s->runs; i++) {
		(void)snprintf(path, sizeof(path), "/dev/fd/%d", s->run[i].fd);
		s->run[i].reader = reader_open(path, err, sizeof(err));
		if (s->run[i].reader == NULL)
			return (fail(s, err));
		if (!load(s, i))
			return (false);
	}
	return (true);
}

static void
sift(struct sort *s, unsigned *heap, unsigned n, unsigned at)
{
	for (;;) {
		unsigned child = 2 * at + 1, least = at, t;

		for (unsigned k = child; k < child + 2 && k < n; k++)
			if (compare_runs(s, heap[k], heap[least]) < 0)
				least = k;
		if (least == at)
			return;
		t = heap[at];
		heap[at] = heap[least];
		heap[least] = t;
		at = least;
	}
}

/* A field of the rows picked, from row `at` on; bytes are copied: they are those of a batch that goes when the next one is read. */
static void
copy_field(struct sort *s, enum field f, const struct pick *pick, uint32_t at, uint32_t n)
{
	struct column *out = batch_column(s->out, f);
	const struct blob *last = NULL;

	for (uint32_t i = 0; i < n; i++) {
		const struct column *c = s->run[pick[i].run].batch->col[f];
		uint32_t r = pick[i].row;
		union value v;

		if (column_mixed(c, r))
			column_set_mixed(s->out, out, at + i);
		if (!column_has(c, r))
			continue;
		v = column_value(c, r);
		if (c->store == STORE_BLOB)
			v.b = batch_blob(s->out, last, &v.b);
		column_set(out, at + i, &v);
		if (c->store == STORE_BLOB)
			last = &out->b[at + i];
	}
}

static void
copy_rows(struct sort *s, const struct pick *pick, uint32_t n)
{
	uint32_t at = s->out->rows;

	s->out->rows += n;
	for (enum field f = 0; f < F_STORED; f++) {
		bool any = false;

		for (unsigned i = 0; i < s->runs && !any; i++)
			any = s->run[i].batch != NULL && s->run[i].batch->col[f] != NULL;
		if (any)
			copy_field(s, f, pick, at, n);
	}
}

/* The next rows of all runs, as many as there is room for, up to where the batch of one of them ends, which is loaded.
 * false: there were none, or it failed.
 */
static bool
merge_some(struct sort *s, struct pick *pick)
{
	unsigned heap[RUNS_MAX + 1], n = 0, ended = s->runs;
	uint32_t picked = 0, room = s->out->cap - s->out->rows;

	for (unsigned i = 0; i < s->runs; i++)
		if (s->run[i].batch != NULL)
			heap[n++] = i;
	for (unsigned i = n; i-- > 0;)
		sift(s, heap, n, i);
	if (n == 0)
		return (false);
	while (picked < room && ended == s->runs) {
		struct sort_run *run = &s->run[heap[0]];
		uint32_t row = run->item.row;

		pick[picked++] = (struct pick){ heap[0], row };
		if (row + 1 == run->batch->rows)
			ended = heap[0];
		else
			sort_prefix(s, run->batch, row + 1, &run->item);
		if (ended == s->runs)
			sift(s, heap, n, 0);
	}
	copy_rows(s, pick, picked);
	return (ended == s->runs || load(s, ended));
}

/* A whole batch: how much memory there is must not be seen in the blocks of what is written. */
static struct batch *
merge_batch(struct sort *s)
{
	struct pick *pick = mem_alloc(s->out->cap * sizeof(pick[0]));

	batch_reset(s->out);
	while (s->out->rows < s->out->cap && merge_some(s, pick))
		;
	free(pick);
	return (s->out->rows > 0 && s->error[0] == '\0' ? s->out : NULL);
}

struct batch *
next_merged(struct sort *s)
{
	struct batch *b;

	if (!s->merging && !open_runs(s))
		return (NULL);
	if (s->error[0] != '\0' || (b = merge_batch(s)) == NULL)
		return (NULL);
	if (s->most > 0 && s->at + b->rows > s->most)
		b->rows = (uint32_t)(s->most - s->at);
	s->at += b->rows;
	return (b->rows > 0 ? b : NULL);
}

/* One of many. */
static bool
join_runs(struct sort *s)
{
	unsigned n = s->runs;
	bool good = open_runs(s) && write_run(s, merge_batch);

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
	if (pile_rows(s->pile) == 0)
		return (true);
	s->out = batch_new(s->block_rows);
	good = write_run(s, next_in_memory);
	rows_drop(s);
	if (good && s->runs == RUNS_MAX)
		good = join_runs(s);
	batch_free(&s->out);
	s->out = out;
	return (good);
}

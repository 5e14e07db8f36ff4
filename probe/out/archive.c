/* SPDX-License-Identifier: BSD-2-Clause
 *
 * archive.c: which file a record goes into.
 *
 * A bin that ends in one period is sealed in the next, so two files are open for a while; wild times may ask for many.
 * Of those that nothing was written to for the longest time the writer is closed, and a file that is asked for again gets
 * another segment.
 */
#include "probe/out/archive.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "probe/out/folder.h"
#include "probe/out/left.h"
#include "probe/out/lock.h"
#include "probe/out/name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OPEN_MOST 8     /* writers */
#define SIBLINGS  10000 /* files of one name */

struct file {
	int64_t from, to; /* its time */
	char *name, *part;
	struct writer *writer; /* NULL: there is more in it, but it is closed for now */
	bool begun;
	uint64_t used;
};

struct archive {
	struct archive_options o;
	struct periods periods;
	struct turn *turn; /* of each who brings */
	struct lock *lock;
	struct file *file; /* by their time */
	unsigned n, cap;
	uint64_t used;     /* the last file.used */
	struct batch *early; /* rows of a file that can not be there yet */
	bool stream;       /* no file: there is none to begin */
	int64_t *at;       /* of each row: where it is at home */
	uint64_t *sel, *left;
	uint64_t bytes;    /* of writers that are closed */
	char error[512];   /* of the last row that had no file */
	char lost[512];    /* of a file that could not be completed, and is not said yet */
	bool ends, bad;    /* bad: there was one */
};

static bool
rotates(const struct archive *a)
{
	return (a->o.rotate > 0);
}

static bool
fail(struct archive *a, const char *sentence)
{
	(void)snprintf(a->error, sizeof(a->error), "%s", sentence);
	return (false);
}

/* A file could not be completed: one less is no reason to end. */
static bool
lose(struct archive *a, const char *sentence)
{
	a->bad = true;
	if (strcmp(sentence, a->error) == 0) /* it is said where rows are lost */
		return (false);
	if (a->ends && a->lost[0] == '\0')
		(void)snprintf(a->lost, sizeof(a->lost), "%s", sentence);
	else
		log_warnx("%s", sentence);
	return (false);
}

static bool
fail_at(struct archive *a, const char *path)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%s: %s", path, strerror(errno));
	return (fail(a, text));
}

/* --- names */

static bool
exists(const char *path)
{
	struct stat st;

	return (lstat(path, &st) == 0);
}

static char *
part_of(const char *name)
{
	size_t n = strlen(name) + sizeof(".part");
	char *part = mem_alloc(n);

	(void)snprintf(part, n, "%s.part", name);
	return (part);
}

/* A name that no file has, complete or not. */
static bool
find_name(struct archive *a, const char *name, char *out, size_t size)
{
	for (unsigned i = 1; i < SIBLINGS && name_sibling(name, i, out, size); i++) {
		char *part = part_of(out);
		bool taken = exists(out) || exists(part);

		free(part);
		if (!taken)
			return (true);
	}
	errno = EEXIST;
	return (fail_at(a, name));
}

/* --- files */

static void
forget(struct archive *a, struct file *f)
{
	unsigned i = (unsigned)(f - a->file);

	free(f->name);
	free(f->part);
	memmove(f, f + 1, (--a->n - i) * sizeof(*f));
}

/* Trailer and all. */
static bool
close_writer(struct archive *a, struct file *f)
{
	char err[512];

	if (f->writer == NULL)
		return (true);
	a->bytes += writer_bytes(f->writer);
	if (writer_close(&f->writer, err, sizeof(err)))
		return (true);
	return (lose(a, err));
}

static bool
settle(struct archive *a, struct file *f)
{
	char free_name[NAME_LONGEST], err[512];

	if (!rotates(a))
		return (true);
	if (folder_rename(f->part, f->name))
		return (true);
	if (errno == EEXIST && find_name(a, f->name, free_name, sizeof(free_name)) && folder_rename(f->part, free_name)) {
		log_warnx("%s: there is another file of that name: this one is %s", f->name, free_name);
		free(f->name);
		f->name = mem_str(free_name);
		return (true);
	}
	(void)snprintf(err, sizeof(err), "%s: it can not be called %s: %s", f->part, f->name, strerror(errno));
	return (lose(a, err));
}

/* It is complete; but if rows were lost, nobody knows whose: it stays a part, as if we had been killed. */
static bool
complete(struct archive *a, struct file *f)
{
	bool good = close_writer(a, f) && a->error[0] == '\0' && (!f->begun || settle(a, f));

	if (good && f->begun && a->o.hook != NULL)
		hook_run(a->o.hook, f->name);
	forget(a, f);
	return (good);
}

static void
park_oldest(struct archive *a)
{
	struct file *oldest = NULL;
	unsigned n = 0;

	for (struct file *f = a->file; f < a->file + a->n; f++)
		if (f->writer != NULL) {
			n++;
			if (oldest == NULL || f->used < oldest->used)
				oldest = f;
		}
	if (n >= OPEN_MOST)
		(void)close_writer(a, oldest);
}

static bool
open_writer(struct archive *a, struct file *f)
{
	struct writer_options o = a->o.writer;
	char err[512];

	if (f->writer != NULL)
		return (true);
	park_oldest(a);
	if (rotates(a) && !f->begun && !folder_make(f->part))
		return (fail_at(a, f->part));
	o.append |= f->begun;
	o.fsync |= rotates(a);
	f->writer = writer_open(f->part, &o, err, sizeof(err));
	if (f->writer == NULL)
		return (fail(a, err));
	f->begun = true;
	return (true);
}

/* The file of that time, made if there is none; NULL: it has no name. */
static struct file *
file_at(struct archive *a, int64_t t)
{
	int64_t from = period_start(&a->periods, t);
	char name[NAME_LONGEST], free_name[NAME_LONGEST];
	unsigned i = 0;

	while (i < a->n && a->file[i].to <= t)
		i++;
	if (i < a->n && a->file[i].from <= t)
		return (&a->file[i]);
	if (i > 0 && a->file[i - 1].to > from)
		from = a->file[i - 1].to;
	if (!rotates(a)) {
		(void)snprintf(free_name, sizeof(free_name), "%s", a->o.name);
	} else if (!name_make(a->o.name, a->o.writer.segment.probe, clock_bin(t, a->o.rotate), name, sizeof(name))) {
		errno = ENAMETOOLONG;
		(void)fail_at(a, a->o.name);
		return (NULL);
	} else if (!find_name(a, name, free_name, sizeof(free_name))) {
		return (NULL);
	}
	if (a->n == a->cap) {
		a->cap = a->cap == 0 ? 16 : a->cap * 2;
		a->file = mem_grow(a->file, a->cap, sizeof(*a->file));
	}
	memmove(&a->file[i + 1], &a->file[i], (a->n++ - i) * sizeof(*a->file));
	a->file[i] = (struct file){ .from = from, .to = period_end(&a->periods, t), .name = mem_str(free_name),
		.part = rotates(a) ? part_of(free_name) : mem_str(free_name) };
	return (&a->file[i]);
}

/* --- rows */

/* Where a row is at home: in its own bin, unless the file of that is complete. */
static int64_t
home(const struct turn *t, const struct batch *b, uint32_t r)
{
	const struct column *start = b->col[F_bstart], *flags = b->col[F_flags];
	int64_t bin = column_has(start, r) ? column_value(start, r).i : t->home;

	if (t->late != INT64_MIN && column_has(flags, r) && column_value(flags, r).u & RFLAGS_late)
		return (t->late);
	return (bin < t->sealed ? t->home : bin);
}

static bool
put_selected(struct archive *a, struct file *f, struct batch *b)
{
	if (!open_writer(a, f))
		return (false);
	f->used = ++a->used;
	return (writer_put(f->writer, b) || fail(a, writer_error(f->writer)));
}

/* Without rotation the file that follows has the name of the one that is not complete yet.  Rows of it wait; more than
 * fit go into this one. */
static bool
keep(struct archive *a, struct batch *b)
{
	struct flow f;

	if (a->early == NULL)
		a->early = batch_new(BATCH_ROWS);
	for (uint32_t r = 0; r < b->rows; r++)
		if (batch_selected(b, r)) {
			if (a->early->rows == a->early->cap) {
				if (!put_selected(a, &a->file[0], a->early))
					return (false);
				batch_reset(a->early);
			}
			memset(&f, 0, sizeof(f));
			batch_get(b, r, &f);
			batch_add(a->early, &f);
		}
	return (true);
}

static bool
put_into(struct archive *a, struct file *f, struct batch *b)
{
	if (!rotates(a) && f != a->file)
		return (keep(a, b));
	return (put_selected(a, f, b));
}

/* The rows of its time that have no file yet; returns how many, in a->sel. */
static uint32_t
select_rows(struct archive *a, const struct file *f, const struct batch *b)
{
	uint32_t n = 0;

	memset(a->sel, 0, BITS_WORDS(b->rows) * 8);
	for (uint32_t i = 0; i < b->rows; i++)
		if (bit_get(a->left, i) && a->at[i] >= f->from && a->at[i] < f->to) {
			bit_set(a->sel, i);
			n++;
		}
	return (n);
}

/* Into as many files as there are: each takes all rows of its time at once. */
bool
archive_put(struct archive *a, unsigned who, struct batch *b)
{
	for (size_t w = 0; w < BITS_WORDS(b->rows); w++)
		a->left[w] = batch_selected_word(b, w); /* those of the last time, if it is tried again */
	for (uint32_t r = 0; r < b->rows; r++)
		a->at[r] = home(&a->turn[who], b, r);
	for (uint32_t r = 0; r < b->rows; r++) {
		struct file *f;

		if (!bit_get(a->left, r))
			continue;
		if ((f = file_at(a, a->at[r])) == NULL) {
			b->sel = a->left;
			return (false);
		}
		b->sel = select_rows(a, f, b) < b->rows ? a->sel : NULL;
		if (!put_into(a, f, b)) {
			b->sel = a->left;
			return (false);
		}
		for (size_t w = 0; w < BITS_WORDS(b->rows); w++)
			a->left[w] &= ~a->sel[w];
	}
	b->sel = NULL;
	a->error[0] = '\0';
	return (true);
}

/* --- time goes on */

/* Without rotation: the file that follows, which may be the same one. */
static void
reopen(struct archive *a)
{
	struct file *f = file_at(a, a->periods.cut);

	if (f == NULL || !open_writer(a, f))
		return;
	if (a->early != NULL && a->early->rows > 0) {
		(void)put_selected(a, f, a->early);
		batch_reset(a->early);
	}
}

void
archive_turn(struct archive *a, unsigned who, const struct turn *t)
{
	int64_t sealed = INT64_MAX;

	a->turn[who] = *t;
	if (t->cut != a->periods.cut && !a->stream) {
		a->periods.cut = t->cut;
		for (unsigned i = 0; i < a->n; i++)
			if (a->file[i].from < t->cut && t->cut < a->file[i].to)
				a->file[i].to = t->cut;
	}
	for (unsigned i = 0; i < a->o.bring; i++)
		if (a->turn[i].sealed < sealed)
			sealed = a->turn[i].sealed;
	while (a->n > 0 && a->file[0].to <= sealed) {
		(void)complete(a, &a->file[0]);
		if (!rotates(a))
			reopen(a);
	}
}

/* --- from beginning to end */

static bool
start(struct archive *a)
{
	struct file *f;
	struct stat st;
	char err[512];

	if (rotates(a)) {
		if ((a->lock = lock_take(a->o.name, a->o.writer.segment.probe, err, sizeof(err))) == NULL)
			return (fail(a, err));
		return (true);
	}
	f = file_at(a, INT64_MIN);
	if (f == NULL || !open_writer(a, f))
		return (false);
	a->stream = strcmp(a->o.name, "-") == 0 || (stat(a->o.name, &st) == 0 && !S_ISREG(st.st_mode));
	a->o.writer.append = true; /* from now on what is there of that name is ours */
	return (true);
}

static void
release(struct archive **pa)
{
	struct archive *a = *pa;

	lock_leave(&a->lock);
	batch_free(&a->early);
	free(a->turn);
	free(a->file);
	free(a->at);
	free(a->sel);
	free(a->left);
	free(a);
	*pa = NULL;
}

struct archive *
archive_open(const struct archive_options *o, char *err, size_t errlen)
{
	struct archive *a = mem_zero(1, sizeof(*a));

	a->o = *o;
	a->periods = (struct periods){ .length = o->rotate, .cut = INT64_MIN };
	a->turn = mem_zero(o->bring, sizeof(*a->turn));
	for (unsigned i = 0; i < o->bring; i++)
		a->turn[i] = (struct turn){ INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN };
	a->at = mem_alloc(BATCH_ROWS * sizeof(*a->at));
	a->sel = mem_alloc(BITS_WORDS(BATCH_ROWS) * 8);
	a->left = mem_alloc(BITS_WORDS(BATCH_ROWS) * 8);
	if (start(a))
		return (a);
	(void)snprintf(err, errlen, "%s", a->error);
	while (a->n > 0)
		forget(a, &a->file[0]);
	release(&a);
	return (NULL);
}

bool
archive_begin(struct archive *a)
{
	if (rotates(a)) {
		if (name_comes_again(a->o.name))
			log_warnx("%s: a name without a whole date comes again; files that are there then are kept", a->o.name);
		left_complete(a->o.name, a->o.writer.segment.probe, a->o.hook);
	} else if (!writer_begin(a->file[0].writer))
		return (fail(a, writer_error(a->file[0].writer)));
	return (true);
}

const char *
archive_error(const struct archive *a)
{
	return (a->error[0] != '\0' ? a->error : NULL);
}

uint64_t
archive_bytes(const struct archive *a)
{
	uint64_t bytes = a->bytes;

	for (unsigned i = 0; i < a->n; i++)
		if (a->file[i].writer != NULL)
			bytes += writer_bytes(a->file[i].writer);
	return (bytes);
}

bool
archive_close(struct archive **pa, char *err, size_t errlen)
{
	struct archive *a = *pa;
	const char *wrong;
	bool good;

	a->ends = true;
	while (a->n > 0) {
		(void)complete(a, &a->file[0]);
		if (a->early != NULL && a->early->rows > 0)
			reopen(a);
	}
	wrong = a->lost[0] != '\0' ? a->lost : a->error;
	(void)snprintf(err, errlen, "%s", wrong);
	good = wrong[0] == '\0' && !a->bad;
	release(pa);
	return (good);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * find.c: the record files below a folder.
 */
#include "ra-tools/store/find.h"

#include "format/base/mem.h"
#include "format/base/output.h"
#include "format/reader.h"
#include "ra-tools/store/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const store_words[STORE_STATES] = { "whole", "being written", "not named yet", "not closed", "without times", "damaged",
						"no record file" };

static bool
ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return (n > k && strcmp(name + n - k, end) == 0);
}

static enum store_state
state_of_bytes(int fd)
{
	uint8_t p[META_PREFIX];
	struct meta_object o;

	if (output_held(fd))
		return (STORE_WRITTEN);
	return (pread(fd, p, sizeof(p), 0) == (ssize_t)sizeof(p) && meta_get_object(p, &o) ? STORE_OPEN : STORE_FOREIGN);
}

/* --- what a whole file has --------------------------------------------------------------------- */

static bool
note_block(struct store_file *f, const struct index_entry *e)
{
	int64_t from = (int64_t)e->bstart.u, to = (int64_t)e->bend.u;

	if (!e->bstart.is || !e->bend.is || from < 0 || to < from)
		return (false);
	if (f->to < f->from || from < f->from)
		f->from = from;
	if (to > f->to)
		f->to = to;
	return (true);
}

static void
look_into(struct archive *s, struct store_file *f)
{
	if (!outline_read(f->path, &s->arena, &f->o))
		return;
	f->state = STORE_WHOLE;
	for (size_t i = 0; i < f->o.segments; i++) {
		struct outline_segment *g = &f->o.segment[i];

		if (g->info.probe == NULL)
			g->info.probe = "";
		f->records += g->records;
		for (size_t b = 0; b < g->blocks; b++)
			if (!note_block(f, &g->block[b]))
				f->state = STORE_TIMELESS;
	}
}

static void
add_file(struct archive *s, const FTSENT *e, unsigned *cap)
{
	const struct stat *st = e->fts_statp;
	struct store_file *f;
	int fd;

	if (s->files == *cap) {
		*cap = *cap == 0 ? 64 : *cap * 2;
		s->file = mem_grow(s->file, *cap, sizeof(s->file[0]));
	}
	f = &s->file[s->files++];
	*f = (struct store_file){ .path = mem_str(e->fts_path), .state = STORE_FOREIGN, .dev = st->st_dev, .ino = st->st_ino,
		.mode = st->st_mode, .uid = st->st_uid, .gid = st->st_gid, .bytes = (uint64_t)st->st_size, .from = 0, .to = -1 };
	fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	f->state = state_of_bytes(fd);
	(void)close(fd);
	if (f->state == STORE_OPEN && ends_in(f->path, ".part"))
		f->state = STORE_PART;
	if (f->state == STORE_OPEN)
		look_into(s, f);
}

static void
add_left(struct archive *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool held = fd < 0 || output_held(fd);

	if (fd >= 0)
		(void)close(fd);
	if (held)
		return;
	s->left = mem_grow(s->left, s->lefts + 1, sizeof(s->left[0]));
	s->left[s->lefts++] = mem_str(path);
}

/* --- days -------------------------------------------------------------------------------------- */

struct days {
	struct archive *s;
	size_t cap;
	size_t first; /* part of the file that is looked at */
};

static struct store_part *
part_of(struct days *d, unsigned file, unsigned segment, int64_t day)
{
	struct archive *s = d->s;

	for (size_t i = s->parts; i > d->first; i--)
		if (s->part[i - 1].segment == segment && s->part[i - 1].day == day)
			return (&s->part[i - 1]);
	if (s->parts == d->cap) {
		d->cap = d->cap == 0 ? 256 : d->cap * 2;
		s->part = mem_grow(s->part, d->cap, sizeof(s->part[0]));
	}
	s->part[s->parts] = (struct store_part){ .day = day, .file = file, .segment = segment,
		.probe = s->file[file].o.segment[segment].info.probe, .from = INT64_MAX, .to = INT64_MIN };
	return (&s->part[s->parts++]);
}

static void
add_rows(struct store_part *p, uint64_t rows, int64_t from, int64_t to)
{
	p->rows += rows;
	p->from = from < p->from ? from : p->from;
	p->to = to > p->to ? to : p->to;
}

static bool
is_of_one_day(const struct index_entry *e)
{
	return ((int64_t)e->bend.u <= day_of((int64_t)e->bstart.u) + DAY);
}

/* The block that is read is one of those whose rows are of several days. */
static unsigned
is_known(void *arg, const struct block_info *b)
{
	const struct range *s = &b->range[F_bstart], *e = &b->range[F_bend];

	(void)arg;
	return (s->known && e->known && e->max.i <= day_of(s->min.i) + DAY);
}

static bool
read_days(struct days *d, unsigned file)
{
	const struct outline *o = &d->s->file[file].o;
	struct fieldset want = { { 0 } };
	struct reader *r;
	struct batch *b;
	char err[512];
	bool good;

	if ((r = reader_open(d->s->file[file].path, err, sizeof(err))) == NULL)
		return (false);
	fieldset_add(&want, F_bstart);
	fieldset_add(&want, F_bend);
	reader_want(r, is_known, NULL);
	while ((b = reader_next(r, &want)) != NULL) {
		const struct column *s = b->col[F_bstart], *e = b->col[F_bend];
		uint64_t segment = reader_totals(r).segments;

		for (uint32_t i = 0; i < b->rows && segment >= 1 && segment <= o->segments; i++)
			if (column_has(s, i))
				add_rows(part_of(d, file, (unsigned)segment - 1, day_of(s->i[i])), 1, s->i[i],
					 column_has(e, i) ? e->i[i] : s->i[i]);
	}
	good = reader_error(r) == NULL;
	reader_close(&r);
	return (good);
}

static void
add_days(struct days *d, unsigned file)
{
	struct store_file *f = &d->s->file[file];
	bool several = false;

	d->first = d->s->parts;
	for (unsigned i = 0; i < f->o.segments; i++)
		for (size_t b = 0; b < f->o.segment[i].blocks; b++)
			several |= !is_of_one_day(&f->o.segment[i].block[b]);
	if (several && !read_days(d, file)) {
		f->state = STORE_DAMAGED;
		d->s->parts = d->first;
		return;
	}
	for (unsigned i = 0; i < f->o.segments; i++)
		for (size_t b = 0; b < f->o.segment[i].blocks; b++) {
			const struct index_entry *e = &f->o.segment[i].block[b];
			struct store_part *p = part_of(d, file, i, day_of((int64_t)e->bstart.u));

			p->bytes += e->length;
			if (is_of_one_day(e))
				add_rows(p, e->rows, (int64_t)e->bstart.u, (int64_t)e->bend.u);
		}
}

static int
by_day(const void *x, const void *y)
{
	const struct store_part *a = x, *b = y;
	int c = strcmp(a->probe, b->probe);

	if (c != 0)
		return (c);
	if (a->day != b->day)
		return (a->day < b->day ? -1 : 1);
	if (a->file != b->file)
		return (a->file < b->file ? -1 : 1);
	return ((a->segment > b->segment) - (a->segment < b->segment));
}

/* --- what has been taken ----------------------------------------------------------------------- */

static struct store_file *
file_meant(struct archive *s, const char *taker, const struct taken_file *t)
{
	const char *slash = strrchr(taker, '/');
	char name[4096];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%.*s%s", slash == NULL || *t->name == '/' ? 0 : (int)(slash + 1 - taker), taker, t->name);
	if (stat(name, &st) != 0)
		return (NULL);
	for (unsigned i = 0; i < s->files; i++) {
		struct store_file *f = &s->file[i];

		if (f->ino == st.st_ino && f->dev == st.st_dev && f->state == STORE_WHOLE && f->o.size == t->size &&
		    f->o.check == t->check)
			return (f);
	}
	return (NULL);
}

static void
note_taken(struct archive *s, const struct store_file *taker)
{
	const struct taken *t = taker->o.taken;

	for (size_t i = 0; i < t->n; i++) {
		const struct store_file *f = file_meant(s, taker->path, &t->file[i]);

		for (size_t p = 0; p < s->parts && f != NULL && f != taker; p++)
			if (&s->file[s->part[p].file] == f && s->part[p].day >= t->from && s->part[p].day < t->to &&
			    strcmp(s->part[p].probe, t->probe) == 0)
				s->part[p].moved = true;
	}
}

/* --- all of it --------------------------------------------------------------------------------- */

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return (strcmp((*a)->fts_name, (*b)->fts_name));
}

bool
store_find(const char *folder, struct archive *s, char *err, size_t errlen)
{
	char *const roots[] = { (char *)(uintptr_t)folder, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	struct days days = { .s = s };
	unsigned cap = 0;
	int error = 0;
	FTSENT *e;

	*s = (struct archive){ .files = 0 };
	while (tree != NULL && (e = fts_read(tree)) != NULL) {
		if (e->fts_level == 0 && e->fts_info != FTS_D && e->fts_info != FTS_DP)
			error = e->fts_errno != 0 ? e->fts_errno : ENOTDIR;
		else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR)
			error = e->fts_errno;
		else if (e->fts_info == FTS_F && ends_in(e->fts_name, ".pavo.rastore"))
			add_left(s, e->fts_path);
		else if (e->fts_info == FTS_F && (ends_in(e->fts_name, ".pavo") || ends_in(e->fts_name, ".pavo.part")))
			add_file(s, e, &cap);
	}
	if (tree == NULL || error != 0)
		(void)snprintf(err, errlen, "%s: %s", folder, strerror(tree == NULL ? errno : error));
	if (tree != NULL)
		(void)fts_close(tree);
	for (unsigned i = 0; i < s->files; i++)
		if (s->file[i].state == STORE_WHOLE)
			add_days(&days, i);
	if (s->parts > 0)
		qsort(s->part, s->parts, sizeof(s->part[0]), by_day);
	for (unsigned i = 0; i < s->files; i++)
		if (s->file[i].state == STORE_WHOLE && s->file[i].o.taken != NULL)
			note_taken(s, &s->file[i]);
	return (tree != NULL && error == 0);
}

void
store_forget(struct archive *s)
{
	for (unsigned i = 0; i < s->files; i++)
		free(s->file[i].path);
	for (unsigned i = 0; i < s->lefts; i++)
		free(s->left[i]);
	free(s->file);
	free(s->left);
	free(s->part);
	arena_free(&s->arena);
	*s = (struct archive){ .files = 0 };
}

bool
store_unchanged(const struct store_file *f)
{
	uint64_t size, check;
	struct stat st;
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);
	bool same = fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == f->dev && st.st_ino == f->ino && !output_held(fd) &&
		outline_identity(f->path, &size, &check) && size == f->o.size && check == f->o.check;

	if (fd >= 0)
		(void)close(fd);
	return (same);
}

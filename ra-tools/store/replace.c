/* SPDX-License-Identifier: BSD-2-Clause
 *
 * replace.c: the file of a day takes the place of the files that its records were in.
 */
#include "ra-tools/store/replace.h"

#include "format/base/buf.h"
#include "format/base/mem.h"
#include "format/base/output.h"
#include "format/reader.h"
#include "ra-tools/store/policy.h"
#include "ra-tools/store/sums.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BESIDE ".rastore"

/* --- names -------------------------------------------------------------------------------------- */

static size_t
folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash == NULL ? 0 : (size_t)(slash + 1 - path));
}

/* The folder of the file that has most of the day. */
static const char *
main_file(const struct archive *s, const struct store_part *p, size_t n)
{
	const struct store_part *most = p;

	for (size_t i = 1; i < n; i++)
		if (p[i].rows > most->rows)
			most = &p[i];
	return (s->file[most->file].path);
}

/* Has the file nothing but these parts? */
static bool
is_whole_in(const struct archive *s, unsigned file, const struct store_part *p, size_t n)
{
	for (size_t i = 0; i < s->parts; i++)
		if (s->part[i].file == file && !s->part[i].moved && (n == 0 || &s->part[i] < p || &s->part[i] >= p + n))
			return (false);
	return (true);
}

/* May the new file have this name? */
static bool
is_free(const struct archive *s, const char *path, const struct store_part *p, size_t n)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return (errno == ENOENT);
	for (size_t i = 0; i < n; i++) {
		const struct store_file *f = &s->file[p[i].file];

		if (f->dev == st.st_dev && f->ino == st.st_ino && strcmp(f->path, path) == 0)
			return (is_whole_in(s, p[i].file, p, n));
	}
	return (false);
}

static void
name_it(const struct archive *s, const struct store_part *p, size_t n, char *path, size_t size)
{
	const char *beside = main_file(s, p, n);
	char day[CLOCK_TEXT], probe[128], number[16] = "";
	size_t k = 0;

	for (const char *c = p->probe; *c != '\0' && k + 2 < sizeof(probe); c++, k++)
		probe[k] = isalnum((unsigned char)*c) || (strchr("._-", *c) != NULL && k > 0) ? *c : '_';
	if (k > 0)
		probe[k++] = '-';
	probe[k] = '\0';
	(void)clock_text(p->day, 0, CLOCK_UTC, day);
	day[10] = '\0';
	for (unsigned i = 2; i < 1000; i++) {
		(void)snprintf(path, size, "%.*s%s%s%s.pavo", (int)folder_length(beside), beside, probe, day, number);
		if (is_free(s, path, p, n))
			return;
		(void)snprintf(number, sizeof(number), "-%u", i);
	}
}

/* The way from the folder of one file to another file below the same root. */
static char *
way(const char *from, const char *to, struct arena *a)
{
	size_t common = 0, up = 0, n;
	char *text;

	for (size_t i = 0; from[i] != '\0' && from[i] == to[i]; i++)
		if (from[i] == '/')
			common = i + 1;
	for (const char *c = from + common; *c != '\0'; c++)
		up += *c == '/';
	n = up * 3 + strlen(to + common) + 1;
	text = arena_alloc(a, n);
	text[0] = '\0';
	for (size_t i = 0; i < up; i++)
		strcat(text, "../");
	strcat(text, to + common);
	return (text);
}

/* --- the disk ----------------------------------------------------------------------------------- */

/* With the permissions of the one that it stands for. */
static bool
call_by_name(const char *fresh, const char *path, const struct store_file *like, char *err, size_t errlen)
{
	if (chmod(fresh, like->mode & 07777) != 0 ||
	    (like->uid != geteuid() && chown(fresh, like->uid, like->gid) != 0 && errno != EPERM) || rename(fresh, path) != 0 ||
	    !output_sync_folder(path))
		return (say_wrong(err, errlen, "%s: %s", path, strerror(errno)));
	return (true);
}

static bool
remove_file(const char *path, char *err, size_t errlen)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return (say_wrong(err, errlen, "%s: can not be removed: %s", path, strerror(errno)));
	if (!output_sync_folder(path))
		return (say_wrong(err, errlen, "%s: fsync of its folder: %s", path, strerror(errno)));
	return (true);
}

/* --- a day -------------------------------------------------------------------------------------- */

struct taking {
	const struct archive *s;
	const struct store_part *part;
	size_t n;
	const char *path;
	struct arena arena;
};

static void
say_taken(void *arg, struct writer *w, const struct spans *ran)
{
	struct taking *k = arg;
	struct taken t = { .from = k->part->day, .to = k->part->day + DAY, .probe = k->part->probe, .span = ran->at,
		.spans = ran->n };

	t.file = arena_zero(&k->arena, (k->n + 1) * sizeof(*t.file));
	for (size_t i = 0; i < k->n; i++) {
		const struct store_file *f = &k->s->file[k->part[i].file];

		if ((i > 0 && k->part[i].file == k->part[i - 1].file) || strcmp(f->path, k->path) == 0)
			continue;
		t.file[t.n++] = (struct taken_file){ way(k->path, f->path, &k->arena), f->o.size, f->o.check };
	}
	writer_takes(w, &t);
}

static void
count_files(const struct archive *s, const struct store_part *p, size_t n, struct replaced *r)
{
	for (size_t i = 0; i < n; i++)
		if (i == 0 || p[i].file != p[i - 1].file) {
			r->files++;
			r->bytes += s->file[p[i].file].bytes;
		}
	for (size_t i = 0; i < n; i++)
		r->records += p[i].rows;
}

void
replace_name(const struct archive *s, const struct store_part *p, size_t n, struct replaced *r)
{
	*r = (struct replaced){ .probe = p->probe, .day = p->day };
	count_files(s, p, n, r);
	name_it(s, p, n, r->path, sizeof(r->path));
}

/* The new file is whole: it gets its name, if nothing has changed meanwhile. */
static bool
settle_day(struct archive *s, const struct store_part *p, size_t n, const char *fresh, struct replaced *r)
{
	const char *like = main_file(s, p, n);
	struct arena a = { 0 };
	bool good = true;
	struct stat st;

	for (size_t i = 0; i < n && good; i++)
		if (!store_unchanged(&s->file[p[i].file]))
			good = say_wrong(r->err, sizeof(r->err), "%s was changed meanwhile", s->file[p[i].file].path);
	if (good && outline_taken(fresh, &a) == NULL)
		good = say_wrong(r->err, sizeof(r->err), "%s: its end can not be read", fresh);
	arena_free(&a);
	if (stat(fresh, &st) == 0)
		r->bytes_after = (uint64_t)st.st_size;
	for (size_t i = 0; i < n && good; i++)
		if (s->file[p[i].file].path == like)
			return (call_by_name(fresh, r->path, &s->file[p[i].file], r->err, sizeof(r->err)));
	return (good);
}

bool
replace_day(struct archive *s, struct store_part *p, size_t n, const struct day_job *job, struct replaced *r)
{
	struct day_result result;
	struct taking taking = { .s = s, .part = p, .n = n, .path = r->path };
	char fresh[sizeof(r->path) + sizeof(BESIDE)];
	bool good;

	replace_name(s, p, n, r);
	(void)snprintf(fresh, sizeof(fresh), "%s" BESIDE, r->path);
	good = day_write(job, fresh, say_taken, &taking, &result);
	if (!good)
		(void)snprintf(r->err, sizeof(r->err), "%s", result.err);
	good = good && settle_day(s, p, n, fresh, r);
	if (!good)
		(void)unlink(fresh);
	r->records = result.before;
	r->records_after = result.after;
	spans_free(&result.ran);
	arena_free(&taking.arena);
	for (size_t i = 0; i < n && good; i++)
		p[i].moved = true;
	for (size_t i = 0; i < n && good; i++) {
		const struct store_file *f = &s->file[p[i].file];

		if ((i == 0 || p[i].file != p[i - 1].file) && strcmp(f->path, r->path) != 0 && is_whole_in(s, p[i].file, p, n))
			good = remove_file(f->path, r->err, sizeof(r->err));
	}
	return (good);
}

/* --- what is left of files ---------------------------------------------------------------------- */

struct rest {
	const struct archive *s;
	unsigned file;
	const volatile sig_atomic_t *stop;
	struct sums *read, *written;
	char *err;
	size_t errlen;
};

static bool
has_moved(const struct rest *k, const char *probe, int64_t day)
{
	for (size_t i = 0; i < k->s->parts; i++) {
		const struct store_part *p = &k->s->part[i];

		if (p->file == k->file && p->moved && p->day == day && strcmp(p->probe, probe) == 0)
			return (true);
	}
	return (false);
}

static bool
select_rest(const struct rest *k, const char *probe, struct batch *b)
{
	const struct column *s = b->col[F_bstart];
	uint64_t *sel = arena_zero(&b->arena, BITS_WORDS(b->rows) * 8);
	int64_t day = INT64_MIN;
	bool moved = false, any = false;

	for (uint32_t r = 0; r < b->rows; r++) {
		if (column_has(s, r) && (day != day_of(s->i[r]) || day == INT64_MIN)) {
			day = day_of(s->i[r]);
			moved = has_moved(k, probe, day);
		}
		if (!column_has(s, r) || !moved) {
			bit_set(sel, r);
			any = true;
		}
	}
	b->sel = sel;
	return (any);
}

static bool
write_rest(const struct rest *k, const char *fresh)
{
	const char *path = k->s->file[k->file].path;
	struct reader *r = reader_open(path, k->err, k->errlen);
	struct writer *w = NULL;
	struct batch *b;
	uint64_t segment = 0;
	bool good = r != NULL;

	while (good && (b = reader_next(r, NULL)) != NULL) {
		struct writer_options o = { .segment = *reader_segment(r), .fsync = true, .append = segment > 0 };

		if (*k->stop != 0)
			good = say_wrong(k->err, k->errlen, "interrupted");
		if (!good || !select_rest(k, o.segment.probe == NULL ? "" : o.segment.probe, b))
			continue;
		sums_add(k->read, b);
		if (segment != reader_totals(r).segments) {
			good = writer_close(&w, k->err, k->errlen) && (w = writer_open(fresh, &o, k->err, k->errlen)) != NULL;
			segment = reader_totals(r).segments;
		}
		if (good && !writer_put(w, b))
			good = say_wrong(k->err, k->errlen, "%s", writer_error(w));
	}
	if (r != NULL && reader_error(r) != NULL)
		good = say_wrong(k->err, k->errlen, "%s", reader_error(r));
	reader_close(&r);
	return (writer_close(&w, k->err, k->errlen) && good);
}

static bool
same_rest(const struct rest *k, const char *fresh)
{
	struct reader *r = reader_open(fresh, k->err, k->errlen);
	struct batch *b;
	bool good = r != NULL;

	while (r != NULL && (b = reader_next(r, NULL)) != NULL) {
		b->sel = NULL;
		sums_add(k->written, b);
	}
	if (r != NULL && reader_error(r) != NULL)
		good = say_wrong(k->err, k->errlen, "%s", reader_error(r));
	reader_close(&r);
	if (good && sums_differ(k->read, k->written, false) != F_NONE)
		good = say_wrong(k->err, k->errlen, "%s: what was written does not add up to what was read", fresh);
	return (good);
}

/* The file again, without what has moved. */
static bool
keep_rest(const struct archive *s, unsigned file, const volatile sig_atomic_t *stop, char *err, size_t errlen)
{
	const struct store_file *f = &s->file[file];
	struct rest k = { s, file, stop, sums_new(), sums_new(), err, errlen };
	char fresh[4096 + sizeof(BESIDE)];
	bool good;

	(void)snprintf(fresh, sizeof(fresh), "%s" BESIDE, f->path);
	good = write_rest(&k, fresh);
	if (good && sums_records(k.read) == 0)
		good = remove_file(f->path, err, errlen);
	else
		good = good && same_rest(&k, fresh) &&
			(store_unchanged(f) || say_wrong(err, errlen, "%s was changed meanwhile", f->path)) &&
			call_by_name(fresh, f->path, f, err, errlen);
	if (!good)
		(void)unlink(fresh);
	sums_free(&k.read);
	sums_free(&k.written);
	return (good);
}

bool
replace_settle(struct archive *s, const volatile sig_atomic_t *stop, bool *any, char *err, size_t errlen)
{
	bool good = true;

	*any = false;
	for (unsigned i = 0; i < s->lefts && good; i++) {
		good = remove_file(s->left[i], err, errlen);
		*any = true;
	}
	for (int rest = 0; rest < 2; rest++) /* whole files first */
		for (unsigned i = 0; i < s->files && good; i++) {
			size_t p = 0;

			while (p < s->parts && (s->part[p].file != i || !s->part[p].moved))
				p++;
			if (p == s->parts || is_whole_in(s, i, NULL, 0) != (rest == 0) || !store_unchanged(&s->file[i]))
				continue;
			*any = true;
			good = rest == 0 ? remove_file(s->file[i].path, err, errlen) : keep_rest(s, i, stop, err, errlen);
		}
	return (good);
}

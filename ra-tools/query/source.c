/* SPDX-License-Identifier: BSD-2-Clause
 *
 * source.c: record files, directory trees and stdin as one row of blocks.
 *
 * A file that can not be read, or not to its end, is reported and the next one is opened: what is
 * readable is always processed.
 */
#include "ra-tools/query/source.h"

#include "format/base/buf.h"
#include "format/base/mem.h"
#include "ra-tools/query/moved.h"
#include "ra-tools/query/spool.h"

#include <fts.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct source {
	struct source_hooks hooks;
	char **path;
	ino_t *ino; /* of the files that a tree was found to have; 0: of the others */
	unsigned n, cap, at; /* at: the file after the one that is searched */
	struct source_file *first, *last; /* that are open; the last one is searched */
	struct reader_totals totals; /* of the files that are closed */
	uint64_t done, size;	     /* bytes of those; of all, as far as they can be known */
	bool stopped, follow, begun; /* begun: of trees, the newest was found */
	bool spooled; /* stdin can be read again */
	struct moved *moved; /* NULL: nothing has, or nobody has looked */
	bool looked;
	bool *said; /* what there was to say of each file, which may be read more than once */
	unsigned nsaid;
};

/* A file stays open until all of its blocks that were found are settled. */
struct source_file {
	struct source_file *next;
	const char *path;
	unsigned number;
	struct reader *reader; /* NULL: it could not be opened */
	unsigned out;	       /* blocks that are not settled */
	bool ended, unfinished;
	bool replaced; /* what has its name now is among the paths too */
	char err[512];
};

struct source *
source_new(const struct source_hooks *hooks)
{
	struct source *s = mem_zero(1, sizeof(*s));

	s->hooks = *hooks;
	return (s);
}

void
source_free(struct source **ps)
{
	struct source *s = *ps;

	if (s == NULL)
		return;
	while (s->first != NULL) {
		struct source_file *f = s->first;

		s->first = f->next;
		reader_close(&f->reader);
		free(f);
	}
	for (unsigned i = 0; i < s->n; i++)
		free(s->path[i]);
	free(s->path);
	free(s->ino);
	moved_free(&s->moved);
	free(s->said);
	free(s);
	*ps = NULL;
}

static void
add_file(struct source *s, const char *path, ino_t ino)
{
	struct stat st;

	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 16 : s->cap * 2;
		s->path = mem_grow(s->path, s->cap, sizeof(s->path[0]));
		s->ino = mem_grow(s->ino, s->cap, sizeof(s->ino[0]));
	}
	s->ino[s->n] = ino;
	s->path[s->n++] = mem_str(path);
	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		s->size += (uint64_t)st.st_size;
}

void
source_add(struct source *s, const char *path)
{
	add_file(s, path, 0);
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return (strcmp((*a)->fts_name, (*b)->fts_name));
}

static bool
is_ours(const char *name, bool live)
{
	size_t n = strlen(name);

	return (n > 5 && (strcmp(name + n - 5, ".pavo") == 0 || (live && strcmp(name + n - 5, ".part") == 0)));
}

/* A file that got its name when it was complete is the one that it was before. */
static bool
is_known(const struct source *s, ino_t ino)
{
	for (unsigned i = s->n; i > 0; i--)
		if (s->ino[i - 1] == ino)
			return (true);
	return (false);
}

bool
source_add_tree(struct source *s, const char *dir, bool live)
{
	char *const roots[] = { (char *)(uintptr_t)dir, NULL };
	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	FTSENT *e;
	int error = 0;

	if (tree == NULL)
		return (false);
	while ((e = fts_read(tree)) != NULL) {
		if (e->fts_info == FTS_F && is_ours(e->fts_name, live) && !(s->follow && is_known(s, e->fts_statp->st_ino)))
			add_file(s, e->fts_path, e->fts_statp->st_ino);
		else if (e->fts_info == FTS_ERR || e->fts_info == FTS_DNR ||
			 (e->fts_info == FTS_NS && e->fts_level == 0))
			error = e->fts_errno;
	}
	(void)fts_close(tree);
	errno = error;
	return (error == 0);
}

unsigned
source_count(const struct source *s)
{
	return (s->n);
}

const char *
source_path(const struct source *s, unsigned i)
{
	return (s->path[i]);
}

static const char *
shown(const char *path)
{
	return (strcmp(path, "-") == 0 ? "stdin" : path);
}

static bool
is_file(const struct source *s, const char *path)
{
	struct stat st;

	return (strcmp(path, "-") == 0 ? s->spooled : stat(path, &st) == 0 && S_ISREG(st.st_mode));
}

bool
source_is_files(const struct source *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (!is_file(s, s->path[i]))
			return (false);
	return (true);
}

/* What is open as stdin from now on is the copy.  A pipe with a name has another one, of the copy. */
static bool
take_copy(struct source *s, unsigned i, int fd)
{
	struct buf name = { 0 };

	if (strcmp(s->path[i], "-") == 0) {
		s->spooled = dup2(fd, STDIN_FILENO) >= 0;
		(void)close(fd);
		return (s->spooled);
	}
	buf_printf(&name, "/dev/fd/%d", fd);
	free(s->path[i]);
	s->path[i] = mem_str(buf_cstr(&name));
	buf_free(&name);
	return (true);
}

bool
source_spool(struct source *s, char *err, size_t errlen)
{
	struct stat st;
	char why[256];

	for (unsigned i = 0; i < s->n; i++) {
		int fd;

		if (is_file(s, s->path[i]) || (strcmp(s->path[i], "-") != 0 && (stat(s->path[i], &st) != 0 || S_ISDIR(st.st_mode))))
			continue; /* what is not there is said when it is opened */
		fd = spool(s->path[i], s->hooks.enough, s->hooks.arg, &s->stopped, why, sizeof(why));
		if (fd < 0 || !take_copy(s, i, fd)) {
			(void)snprintf(err, errlen, "%s: %s", shown(s->path[i]), fd < 0 ? why : strerror(errno));
			return (false);
		}
	}
	return (true);
}

static void
totals_add(struct reader_totals *to, struct reader_totals from)
{
	to->records += from.records;
	to->blocks += from.blocks;
	to->skipped += from.skipped;
	to->bad_bytes += from.bad_bytes;
	to->segments += from.segments;
	to->closed += from.closed;
	to->missing += from.missing;
	to->surplus += from.surplus;
	for (unsigned i = 0; i < READER_WHYS; i++)
		to->why[i] += from.why[i];
}

static void
say(struct source *s, const struct source_file *f)
{
	const char *error = f->reader == NULL ? f->err : reader_error(f->reader);
	const char *warning = f->reader == NULL ? NULL : reader_warning(f->reader);

	if (error == NULL && warning == NULL)
		return;
	if (s->follow && error == NULL)
		return; /* that it is being written is why it is read */
	if (f->number >= s->nsaid) {
		s->said = mem_grow(s->said, s->n, sizeof(s->said[0]));
		memset(s->said + s->nsaid, 0, (s->n - s->nsaid) * sizeof(s->said[0]));
		s->nsaid = s->n;
	}
	if (!s->said[f->number])
		s->hooks.say(s->hooks.arg, shown(f->path), error != NULL ? error : warning, error != NULL);
	s->said[f->number] = true;
}

/* What there is to say of a file is said in the order of files. */
static void
close_first(struct source *s)
{
	struct source_file *f = s->first;
	uint64_t done, size;

	s->first = f->next;
	if (s->first == NULL)
		s->last = NULL;
	say(s, f);
	if (f->reader != NULL) {
		reader_progress(f->reader, &done, &size);
		s->done += size > 0 ? size : done;
		totals_add(&s->totals, reader_totals(f->reader));
		s->stopped |= reader_stopped(f->reader);
	}
	reader_close(&f->reader);
	free(f);
}

static void
close_ended(struct source *s)
{
	while (!s->follow && s->first != NULL && s->first->ended && s->first->out == 0)
		close_first(s);
}

/* A probe has completed the file meanwhile: NAME.part is NAME. */
static bool
was_completed(struct source *s, const struct source_file *f)
{
	char *path = s->path[f->number];
	size_t n = strlen(path);
	struct stat st;

	if (n <= 5 || strcmp(path + n - 5, ".part") != 0)
		return (false);
	path[n - 5] = '\0';
	if (stat(path, &st) == 0 && st.st_ino == s->ino[f->number])
		return (true);
	path[n - 5] = '.';
	return (false);
}

/* Is a file of a tree another one than when the tree was looked through?  Then some records may have been read before, in
 * the file that they were in. */
static bool
was_replaced(struct source *s, struct source_file *f)
{
	struct stat st;

	if (s->ino[f->number] == 0 || (stat(f->path, &st) == 0 && st.st_ino == s->ino[f->number]) ||
	    was_completed(s, f))
		return (false);
	(void)snprintf(f->err, sizeof(f->err), "was replaced or removed while its folder was being read, and is left out: run "
	    "it again");
	return (true);
}

/* But for files that have grown, that is the last one. */
static struct source_file *
unended(const struct source *s)
{
	if (s->last != NULL && !s->last->ended)
		return (s->last);
	for (struct source_file *f = s->follow ? s->first : NULL; f != NULL; f = f->next)
		if (!f->ended)
			return (f);
	return (NULL);
}

/* It did not get its name yet, whoever writes it, and also if nobody does for a moment. */
static bool
is_part(const char *path)
{
	return (!is_ours(path, false) && is_ours(path, true) && access(path, F_OK) == 0);
}

/* The file to be searched; NULL: there is no other. */
static struct source_file *
file_at(struct source *s)
{
	struct source_file *searched;

	while ((searched = unended(s)) == NULL) {
		struct source_file *f;

		close_ended(s);
		if (s->at == s->n)
			return (NULL);
		f = mem_zero(1, sizeof(*f));
		f->number = s->at;
		f->path = s->path[s->at++];
		for (bool again = !was_replaced(s, f); again; again = f->reader == NULL && was_completed(s, f))
			f->reader = reader_open_until(f->path, s->hooks.enough, s->hooks.arg, f->err, sizeof(f->err));
		f->ended = f->reader == NULL;
		if (s->last == NULL)
			s->first = f;
		else
			s->last->next = f;
		s->last = f;
		if (f->ended)
			continue;
		if (s->hooks.wants != NULL)
			reader_want(f->reader, s->hooks.wants, s->hooks.arg);
		if (s->hooks.opened != NULL)
			s->hooks.opened(s->hooks.arg, f->reader);
	}
	return (searched);
}

struct part *
part_new(void)
{
	struct part *p = mem_zero(1, sizeof(*p));

	p->piece = piece_new();
	return (p);
}

void
part_free(struct part **pp)
{
	if (*pp == NULL)
		return;
	piece_free(&(*pp)->piece);
	free(*pp);
	*pp = NULL;
}

bool
source_find(struct source *s, struct part *p, const struct fieldset *want, bool ahead, struct batch **batch)
{
	struct source_file *f;

	*batch = NULL;
	while ((f = file_at(s)) != NULL) {
		if (!reader_find(f->reader, p->piece, ahead)) {
			f->ended = true;
			close_ended(s);
			continue;
		}
		p->file = f;
		p->path = shown(f->path);
		p->number = f->number;
		p->settled = false;
		f->out++;
		if (piece_holds(p->piece)) {
			*batch = piece_read(p->piece, want);
			source_settle(s, p);
			if (piece_why(p->piece) == 0 && !piece_good(p->piece))
				*batch = NULL;
		}
		return (true);
	}
	return (false);
}

void
source_settle(struct source *s, struct part *p)
{
	reader_settle(p->file->reader, p->piece);
	p->settled = true;
	p->file->out--;
	close_ended(s);
}

/* They are looked through anew: files get other names. */
static void
forget_trees(struct source *s)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (s->ino[i] == 0) {
			s->path[kept] = s->path[i];
			s->ino[kept++] = 0;
		} else {
			free(s->path[i]);
		}
	s->n = kept;
	s->begun = false;
}

bool
source_rewind(struct source *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (strcmp(s->path[i], "-") == 0 && !s->spooled)
			return (false);
	while (s->first != NULL)
		close_first(s);
	s->at = 0;
	s->done = 0;
	if (s->follow)
		forget_trees(s);
	return (true);
}

bool
source_moved(struct source *s)
{
	if (!s->looked && s->n > 1 && !s->follow)
		s->moved = moved_new(s->path, s->n);
	s->looked = true;
	return (s->moved != NULL);
}

void
source_leave_moved(const struct source *s, const struct part *p, const struct batch *b, uint64_t *sel)
{
	if (s->moved != NULL)
		moved_leave(s->moved, p->number, piece_segment(p->piece), b, sel);
}

void
source_follow(struct source *s)
{
	s->follow = true;
}

/* At first files of trees that are complete and not the newest are passed by. */
bool
source_more(struct source *s)
{
	bool more;

	for (; !s->begun && s->at + 1 < s->n && s->ino[s->at] != 0 && is_ours(s->path[s->at], false); s->at++)
		;
	s->begun = true;
	more = s->at < s->n;
	for (struct source_file *f = s->first; f != NULL; f = f->next) {
		f->unfinished = is_part(f->path); /* before its end is looked at */
		if (f->ended && f->reader != NULL && reader_again(f->reader)) {
			f->ended = false;
			more = true;
		}
	}
	for (struct source_file *f = s->first; f != NULL; f = f->next)
		if (f->ended && f->reader != NULL && !f->replaced && s->ino[f->number] == 0 && reader_was_replaced(f->reader)) {
			f->replaced = true;
			add_file(s, f->path, 0);
			more = true;
		}
	/* one that is complete, and behind which another one was begun */
	while (s->first != NULL && s->first->next != NULL && s->first->ended && !s->first->unfinished &&
	    (s->first->reader == NULL || !reader_being_written(s->first->reader)))
		close_first(s);
	return (more);
}

bool
source_grows(const struct source *s)
{
	for (const struct source_file *f = s->first; f != NULL; f = f->next)
		if (f->reader != NULL && reader_being_written(f->reader))
			return (true);
	return (false);
}

void
source_progress(const struct source *s, uint64_t *done, uint64_t *size)
{
	uint64_t of_file, all;

	*done = s->done;
	*size = s->size;
	for (const struct source_file *f = s->first; f != NULL; f = f->next)
		if (f->reader != NULL) {
			reader_progress(f->reader, &of_file, &all);
			*done += of_file;
		}
}

bool
source_stopped(const struct source *s)
{
	bool stopped = s->stopped;

	for (const struct source_file *f = s->first; f != NULL; f = f->next)
		stopped |= f->reader != NULL && reader_stopped(f->reader);
	return (stopped);
}

struct reader_totals
source_totals(const struct source *s)
{
	struct reader_totals t = s->totals;

	for (const struct source_file *f = s->first; f != NULL; f = f->next)
		if (f->reader != NULL)
			totals_add(&t, reader_totals(f->reader));
	return (t);
}

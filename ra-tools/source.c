/* SPDX-License-Identifier: BSD-2-Clause
 *
 * source.c: record files, directory trees and stdin as one row of batches.
 *
 * A file that can not be read, or not to its end, is reported and the next one is opened: what is
 * readable is always processed.
 */
#include "ra-tools/source.h"

#include "format/base/mem.h"

#include <fts.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct source {
	struct source_hooks hooks;
	char **path;
	unsigned n, cap, at; /* at: the file after the open one */
	struct reader *reader;
	struct segment_info segment;
	struct reader_totals totals; /* of the files that are closed */
	uint64_t done, size;	     /* bytes of those; of all, as far as they can be known */
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
	reader_close(&s->reader);
	for (unsigned i = 0; i < s->n; i++)
		free(s->path[i]);
	free(s->path);
	free(s);
	*ps = NULL;
}

bool
source_rewind(struct source *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (strcmp(s->path[i], "-") == 0)
			return (false);
	reader_close(&s->reader);
	s->at = 0;
	s->done = 0;
	return (true);
}

void
source_add(struct source *s, const char *path)
{
	struct stat st;

	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 16 : s->cap * 2;
		s->path = mem_grow(s->path, s->cap, sizeof(s->path[0]));
	}
	s->path[s->n++] = mem_str(path);
	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		s->size += (uint64_t)st.st_size;
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return (strcmp((*a)->fts_name, (*b)->fts_name));
}

static bool
is_ours(const char *name)
{
	size_t n = strlen(name);

	return (n > 5 && strcmp(name + n - 5, ".pavo") == 0);
}

bool
source_add_tree(struct source *s, const char *dir)
{
	char *const roots[] = { (char *)(uintptr_t)dir, NULL };
	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	FTSENT *e;
	int error = 0;

	if (tree == NULL)
		return (false);
	while ((e = fts_read(tree)) != NULL) {
		if (e->fts_info == FTS_F && is_ours(e->fts_name))
			source_add(s, e->fts_path);
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

const char *
source_at(const struct source *s)
{
	const char *path = s->at == 0 ? "-" : s->path[s->at - 1];

	return (strcmp(path, "-") == 0 ? "stdin" : path);
}

static void
say(struct source *s, const char *sentence, bool wrong)
{
	s->hooks.say(s->hooks.arg, source_at(s), sentence, wrong);
}

static bool
open_next(struct source *s)
{
	char err[512] = "";

	while (s->at < s->n) {
		s->reader = reader_open(s->path[s->at++], err, sizeof(err));
		if (s->reader != NULL) {
			if (s->hooks.wants != NULL)
				reader_want(s->reader, s->hooks.wants, s->hooks.arg);
			if (s->hooks.opened != NULL)
				s->hooks.opened(s->hooks.arg, s->reader);
			return (true);
		}
		say(s, err, true);
	}
	return (false);
}

static void
totals_add(struct reader_totals *to, struct reader_totals from)
{
	to->records += from.records;
	to->blocks += from.blocks;
	to->skipped += from.skipped;
	to->bad_bytes += from.bad_bytes;
	for (unsigned i = 0; i < READER_WHYS; i++)
		to->why[i] += from.why[i];
}

static void
close_reader(struct source *s)
{
	uint64_t done, size;

	if (reader_error(s->reader) != NULL)
		say(s, reader_error(s->reader), true);
	else if (reader_warning(s->reader) != NULL)
		say(s, reader_warning(s->reader), false);
	reader_progress(s->reader, &done, &size);
	s->done += size > 0 ? size : done;
	totals_add(&s->totals, reader_totals(s->reader));
	reader_close(&s->reader);
}

struct batch *
source_next(struct source *s, const struct fieldset *want)
{
	struct batch *b;

	for (;;) {
		if (s->reader == NULL && !open_next(s))
			return (NULL);
		b = reader_next(s->reader, want);
		if (b == NULL) {
			close_reader(s);
		} else if (b->rows > 0) {
			s->segment = *reader_segment(s->reader);
			return (b);
		}
	}
}

const struct segment_info *
source_segment(const struct source *s)
{
	return (&s->segment);
}

void
source_progress(const struct source *s, uint64_t *done, uint64_t *size)
{
	uint64_t of_file;

	*done = s->done;
	*size = s->size;
	if (s->reader != NULL) {
		reader_progress(s->reader, done, &of_file);
		*done += s->done;
	}
}

struct reader_totals
source_totals(const struct source *s)
{
	struct reader_totals t = s->totals;

	if (s->reader != NULL)
		totals_add(&t, reader_totals(s->reader));
	return (t);
}

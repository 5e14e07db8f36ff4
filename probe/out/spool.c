/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spool.c: files that wait.  Test: test_spool.c.
 */
#include "probe/out/spool.h"

#include "format/base/buf.h"
#include "format/base/mem.h"
#include "format/wire.h"
#include "probe/out/folder.h"
#include "probe/out/left.h"
#include "probe/out/lock.h"
#include "probe/out/name.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES "%Y/%m/%d/%H%M%S.pavo"
#define LOCK  ".%Y_%m_%d_%H%M%S.pavo.lock" /* what a killed run leaves beside them (lock.h) */
#define DEEP  8 /* folders */

struct spool {
	struct lock *lock;
	char *folder, *pattern;
};

static char *
join(const char *a, const char *b)
{
	size_t n = strlen(a) + strlen(b) + 2;
	char *s = mem_alloc(n);

	(void)snprintf(s, n, "%s/%s", a, b);
	return (s);
}

/* What runs before this one did not complete. */
static void
complete_runs(const char *folder, const char *probe)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		char *run = join(folder, e->d_name), *pattern = join(run, FILES), *old = join(run, LOCK);

		if (e->d_name[0] != '.') {
			left_complete(pattern, probe, NULL);
			(void)unlink(old);
			(void)rmdir(run); /* if there is nothing in it */
		}
		free(old);
		free(pattern);
		free(run);
	}
	if (d != NULL)
		(void)closedir(d);
}

/* A folder that was never there. */
static char *
make_run(const char *folder)
{
	char word[16];
	uint32_t v;
	char *run = NULL;

	for (unsigned i = 0; i < 100; i++) {
		if (getrandom(&v, sizeof(v), 0) != (ssize_t)sizeof(v))
			break;
		(void)snprintf(word, sizeof(word), "%08x", v);
		run = join(folder, word);
		if (mkdir(run, 0750) == 0)
			return (run);
		free(run);
		run = NULL;
		if (errno != EEXIST)
			break;
	}
	return (run);
}

struct spool *
spool_open(const char *dir, const char *probe, char *err, size_t errlen)
{
	struct spool *s = mem_zero(1, sizeof(*s));
	char *all = join(dir, "$probe"), *of_lock = join(all, FILES), *run = NULL, *inside;
	char folder[NAME_LONGEST];

	if (strpbrk(dir, "%$") != NULL) {
		(void)say_wrong(err, errlen, "--spool %s: expected a folder without %% and $ in its name", dir);
	} else if (!name_make(all, probe, 0, folder, sizeof(folder))) {
		(void)say_wrong(err, errlen, "--spool %s: %s", dir, strerror(ENAMETOOLONG));
	} else if ((s->lock = lock_take(of_lock, probe, err, errlen)) != NULL) {
		s->folder = mem_str(folder);
		inside = join(folder, "x");
		if (folder_make(inside)) {
			complete_runs(folder, probe);
			run = make_run(folder);
		}
		if (run == NULL)
			(void)say_wrong(err, errlen, "--spool %s: %s", folder, strerror(errno));
		free(inside);
	}
	if (run != NULL)
		s->pattern = join(run, FILES);
	free(run);
	free(of_lock);
	free(all);
	if (s->pattern == NULL)
		spool_close(&s);
	return (s);
}

void
spool_close(struct spool **ps)
{
	struct spool *s = *ps;

	if (s == NULL)
		return;
	lock_leave(&s->lock);
	free(s->folder);
	free(s->pattern);
	free(s);
	*ps = NULL;
}

const char *
spool_pattern(const struct spool *s)
{
	return (s->pattern);
}

const char *
spool_folder(const struct spool *s)
{
	return (s->folder);
}

/* --- what is in it */

struct listing {
	struct spool_file *file;
	size_t n, cap;
};

static void
add(struct listing *l, const char *name)
{
	static const char part[] = ".part";
	size_t n = strlen(name), end = sizeof(part) - 1;
	bool complete = n < end || strcmp(name + n - end, part) != 0;

	n -= complete ? 0 : end;
	if (!wire_name_right(name, n))
		return;
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 64 : 2 * l->cap;
		l->file = mem_grow(l->file, l->cap, sizeof(l->file[0]));
	}
	l->file[l->n] = (struct spool_file){ mem_str(name), complete };
	l->file[l->n++].name[n] = '\0';
}

static void
look(struct listing *l, const char *folder, const char *below, unsigned deep)
{
	char *path = join(folder, below);
	DIR *d = opendir(path);
	struct dirent *e;

	while (d != NULL && deep < DEEP && (e = readdir(d)) != NULL) {
		char *name = below[0] == '\0' ? mem_str(e->d_name) : join(below, e->d_name), *at = join(folder, name);
		struct stat st;

		if (e->d_name[0] != '.' && lstat(at, &st) == 0) {
			if (S_ISDIR(st.st_mode))
				look(l, folder, name, deep + 1);
			else if (S_ISREG(st.st_mode) && below[0] != '\0')
				add(l, name);
		}
		free(at);
		free(name);
	}
	if (d != NULL)
		(void)closedir(d);
	free(path);
}

/* By time, which stands behind the run. */
static int
by_time(const void *pa, const void *pb)
{
	const struct spool_file *a = pa, *b = pb;
	int order = strcmp(strchr(a->name, '/'), strchr(b->name, '/'));

	return (order != 0 ? order : strcmp(a->name, b->name));
}

struct spool_file *
spool_list(const char *folder, size_t *n)
{
	struct listing l = { 0 };

	look(&l, folder, "", 0);
	if (l.n > 0)
		qsort(l.file, l.n, sizeof(l.file[0]), by_time);
	*n = l.n;
	return (l.file);
}

void
spool_forget(struct spool_file *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(f[i].name);
	free(f);
}

void
spool_remove(const char *folder, const char *name)
{
	char *path = join(folder, name);
	size_t least = strlen(folder) + 1;

	(void)unlink(path);
	for (char *slash; (slash = strrchr(path, '/')) != NULL && slash > path + least;) {
		*slash = '\0';
		if (rmdir(path) != 0)
			break;
	}
	free(path);
}

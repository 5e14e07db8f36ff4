/* SPDX-License-Identifier: BSD-2-Clause
 *
 * file.c: a file that is told how the probe is.
 */
#include "probe/tell/file.h"

#include "format/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_MODE 0640 /* they say what the archive says: who may read it may read them */
#define WHOLE_MODE 0644 /* a collector is somebody else */

struct told_file {
	const char *path, *name; /* name: in its folder */
	char *folder, *beside;
	int dir, fd; /* fd: lines are added there; -1: it is to be opened */
	bool torn;   /* the last line has no end */
	char error[512];
};

static bool
fail(struct told_file *f, const char *what)
{
	(void)snprintf(f->error, sizeof(f->error), "%s: %s: %s", f->path, what, strerror(errno));
	return (false);
}

/* The folder, again if it is no longer there: somebody may have made it anew. */
static bool
open_folder(struct told_file *f)
{
	int fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return (fail(f, "can not open its folder"));
	if (f->dir >= 0)
		(void)close(f->dir);
	f->dir = fd;
	return (true);
}

/* A file in the folder. */
static int
open_in(struct told_file *f, const char *name, int flags, mode_t mode)
{
	int fd = openat(f->dir, name, flags | O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);

	if (fd < 0 && errno == ENOENT && open_folder(f))
		fd = openat(f->dir, name, flags | O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
	return (fd);
}

/* Is the file that is open still the one of that name? */
static bool
is_there(const struct told_file *f)
{
	struct stat open_one, named;

	return (fstat(f->fd, &open_one) == 0 && fstatat(f->dir, f->name, &named, 0) == 0 &&
	    open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino);
}

static bool
open_lines(struct told_file *f)
{
	if (f->fd >= 0 && (f->dir < 0 || is_there(f)))
		return (true);
	if (f->fd >= 0)
		(void)close(f->fd);
	f->torn = false;
	f->fd = open_in(f, f->name, O_APPEND, LINES_MODE);
	return (f->fd >= 0 || fail(f, "can not open"));
}

/* Is what is there ours? */
static bool
may_replace(struct told_file *f, const char *begins)
{
	char text[64];
	int fd = openat(f->dir, f->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t n;
	bool ours;

	if (fd < 0)
		return (errno == ENOENT || fail(f, "can not open"));
	n = read(fd, text, sizeof(text));
	ours = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (n == 0 || (n >= (ssize_t)strlen(begins) && memcmp(text, begins, strlen(begins)) == 0));
	(void)close(fd);
	if (!ours)
		(void)snprintf(f->error, sizeof(f->error), "%s exists and was not written by pavo: not replaced", f->path);
	return (ours);
}

static bool
open_first(struct told_file *f, const char *begins)
{
	int fd;

	if (!open_folder(f))
		return (false);
	if (begins == NULL)
		return (open_lines(f));
	if (!may_replace(f, begins))
		return (false);
	if ((fd = open_in(f, f->beside, O_TRUNC, WHOLE_MODE)) < 0) /* better said now than in an hour */
		return (fail(f, "can not write beside it"));
	(void)close(fd);
	(void)unlinkat(f->dir, f->beside, 0);
	return (true);
}

struct told_file *
told_file_open(const char *path, const char *begins, char *err, size_t errlen)
{
	struct told_file *f = mem_zero(1, sizeof(*f));
	const char *slash = strrchr(path, '/');
	size_t n;

	f->dir = f->fd = -1;
	if (strcmp(path, "-") == 0) {
		f->path = "standard output";
		f->fd = dup(STDOUT_FILENO);
		if (f->fd >= 0)
			return (f);
		(void)fail(f, "can not open");
	} else {
		f->path = path;
		f->name = slash == NULL ? path : slash + 1;
		f->folder = mem_str(slash == NULL ? "." : slash == path ? "/" : path);
		if (slash != NULL && slash != path)
			f->folder[slash - path] = '\0';
		n = strlen(f->name) + sizeof(".tmp");
		f->beside = mem_alloc(n);
		(void)snprintf(f->beside, n, "%s.tmp", f->name);
		if (open_first(f, begins))
			return (f);
	}
	(void)snprintf(err, errlen, "%s", f->error);
	told_file_close(&f);
	return (NULL);
}

void
told_file_close(struct told_file **pf)
{
	struct told_file *f = *pf;

	if (f == NULL)
		return;
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->dir >= 0)
		(void)close(f->dir);
	free(f->folder);
	free(f->beside);
	free(f);
	*pf = NULL;
}

/* false: errno; *done of them went. */
static bool
put(int fd, const struct buf *b, size_t *done)
{
	for (*done = 0; *done < b->len;) {
		ssize_t n = write(fd, b->p + *done, b->len - *done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return (false);
		*done += (size_t)n;
	}
	return (true);
}

bool
told_file_add(struct told_file *f, const struct buf *line)
{
	struct buf whole = { 0 };
	size_t done;
	bool good;

	if (!open_lines(f))
		return (false);
	buf_str(&whole, f->torn ? "\n" : "");
	buf_add(&whole, line->p, line->len);
	good = put(f->fd, &whole, &done);
	f->torn = !good && (done > 0 ? done > (f->torn ? 1 : 0) : f->torn);
	buf_free(&whole);
	return (good || fail(f, "can not write"));
}

bool
told_file_replace(struct told_file *f, const struct buf *text)
{
	int fd = open_in(f, f->beside, O_TRUNC, WHOLE_MODE);
	size_t done;
	bool good;

	if (fd < 0)
		return (fail(f, "can not write beside it"));
	good = put(fd, text, &done) && fchmod(fd, WHOLE_MODE) == 0; /* whatever the umask is */
	if (!good)
		(void)fail(f, "can not write beside it");
	if (close(fd) != 0 && good)
		good = fail(f, "can not write beside it");
	if (good && renameat(f->dir, f->beside, f->dir, f->name) != 0)
		good = fail(f, "can not be replaced");
	if (!good)
		(void)unlinkat(f->dir, f->beside, 0);
	return (good);
}

const char *
told_file_error(const struct told_file *f)
{
	return (f->error);
}

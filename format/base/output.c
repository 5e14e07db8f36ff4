/* SPDX-License-Identifier: BSD-2-Clause
 *
 * output.c: opening with care, writing all or nothing, renaming at the end.  Test: test_output.c.
 */
#include "format/base/output.h"

#include "format/base/buf.h"
#include "format/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE  0640 /* who talked to whom is not for everybody */
#define TRIES 8

static bool
may_replace(int fd, const struct stat *st, const struct output_kind *kind)
{
	uint8_t head[OUTPUT_HEAD];
	ssize_t n;

	if (st->st_size == 0)
		return (true);
	n = pread(fd, head, sizeof(head), 0);
	return (n > 0 && kind->ours(head, (size_t)n));
}

/* Ours to write: a regular file that nobody else writes, empty or of our kind. */
static bool
take(int fd, const char *path, const struct output_kind *kind, struct stat *st, char *err, size_t len)
{
	if (fstat(fd, st) != 0)
		return (say_wrong(err, len, "%s: %s", path, strerror(errno)));
	if (S_ISREG(st->st_mode) && !may_replace(fd, st, kind))
		return (say_wrong(err, len, "%s exists and %s: not replaced", path, kind->foreign));
	if (S_ISREG(st->st_mode) && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return (say_wrong(err, len, "%s is being written by another program", path));
	return (true);
}

static bool
is_named(int fd, const char *path)
{
	struct stat a, b;

	return (fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* A regular file, made if there is none; -1: err says why.  One that another program gives a name to, or takes it
 * from, between our opening and locking it is not it. */
static int
open_regular(const char *path, int flags, const struct output_kind *kind, struct stat *st, char *err, size_t len)
{
	for (int i = 0; i < TRIES; i++) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, MODE);

		if (fd < 0) {
			(void)say_wrong(err, len, "%s: %s", path, strerror(errno));
			return (-1);
		}
		if (!take(fd, path, kind, st, err, len)) {
			(void)close(fd);
			return (-1);
		}
		if (is_named(fd, path))
			return (fd);
		(void)close(fd);
	}
	(void)say_wrong(err, len, "%s is being written by another program", path);
	return (-1);
}

static void
go_on(struct output *o, const struct stat *st)
{
	o->begun = true;
	o->size = (uint64_t)st->st_size;
	(void)lseek(o->fd, st->st_size, SEEK_SET);
}

static bool
open_here(struct output *o, const char *path, unsigned how, const struct output_kind *kind, char *err, size_t len)
{
	struct stat st;

	o->fd = open_regular(path, 0, kind, &st, err, len);
	if (o->fd < 0)
		return (false);
	o->regular = S_ISREG(st.st_mode);
	if (how & OUTPUT_APPEND && o->regular)
		go_on(o, &st);
	return (true);
}

/* The older file is held, so that it stays what it is, and nobody else replaces it meanwhile. */
static bool
hold_older(struct output *o, const struct output_kind *kind, struct stat *st, char *err, size_t len)
{
	o->older = open(o->name, O_RDWR | O_CLOEXEC);
	if (o->older < 0)
		return (errno == ENOENT || say_wrong(err, len, "%s: %s", o->path, strerror(errno)));
	return (take(o->older, o->path, kind, st, err, len));
}

static bool
open_beside(struct output *o, const char *path, unsigned how, const struct output_kind *kind, char *err, size_t len)
{
	struct stat st, part;
	size_t n;

	o->name = realpath(path, NULL);
	if (o->name == NULL)
		o->name = mem_str(path);
	n = strlen(o->name) + sizeof(".part");
	o->part = mem_alloc(n);
	(void)snprintf(o->part, n, "%s.part", o->name);
	if (!hold_older(o, kind, &st, err, len) || (o->fd = open_regular(o->part, O_NOFOLLOW, kind, &part, err, len)) < 0)
		return (false);
	o->regular = true;
	if (!S_ISREG(part.st_mode))
		return (say_wrong(err, len, "%s exists and is not a file: not replaced", o->part));
	if (how & OUTPUT_APPEND) {
		go_on(o, &part);
		return (true);
	}
	o->begun = true;
	if (o->older >= 0 && fchown(o->fd, st.st_uid, st.st_gid) != 0)
		st.st_mode &= 0777; /* no other user's powers for what is ours */
	if (ftruncate(o->fd, 0) == 0 && fchmod(o->fd, o->older >= 0 ? st.st_mode & 07777 : part.st_mode & MODE) == 0)
		return (true);
	(void)say_wrong(err, len, "%s: %s", o->part, strerror(errno));
	(void)unlink(o->part);
	return (false);
}

/* A pipe, a device: as it is.  It is only written to, or who reads it could never end us. */
static bool
open_other(struct output *o, const char *path, char *err, size_t len)
{
	o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (o->fd < 0 && errno == EINTR)
		return (say_wrong(err, len, "%s: interrupted before anybody read it", path));
	return (o->fd >= 0 || say_wrong(err, len, "%s: %s", path, strerror(errno)));
}

static void
release(struct output *o)
{
	if (o->fd >= 0)
		(void)close(o->fd);
	if (o->older >= 0)
		(void)close(o->older);
	free(o->path);
	free(o->part);
	free(o->name);
	*o = (struct output){ .fd = -1, .older = -1 };
}

bool
output_open(struct output *o, const char *path, unsigned how, const struct output_kind *kind, char *err, size_t len)
{
	struct stat st;
	bool is = stat(path, &st) == 0, good;

	*o = (struct output){ .fd = -1, .older = -1 };
	o->path = mem_str(strcmp(path, "-") == 0 ? "standard output" : path);
	if (strcmp(path, "-") == 0) {
		o->fd = dup(STDOUT_FILENO);
		good = o->fd >= 0 || say_wrong(err, len, "standard output: %s", strerror(errno));
	} else if (is && !S_ISREG(st.st_mode)) {
		good = S_ISDIR(st.st_mode) ? say_wrong(err, len, "%s: %s", path, strerror(EISDIR)) :
					     open_other(o, path, err, len);
	} else if ((how & OUTPUT_BESIDE) == 0 || strncmp(path, "/dev/", 5) == 0) {
		good = open_here(o, path, how, kind, err, len);
	} else {
		good = open_beside(o, path, how, kind, err, len);
	}
	if (!good)
		release(o);
	return (good);
}

bool
output_cut(struct output *o, uint64_t size)
{
	o->torn = !o->regular || ftruncate(o->fd, (off_t)size) != 0 || lseek(o->fd, (off_t)size, SEEK_SET) < 0;
	o->size = size;
	return (!o->torn);
}

bool
output_write(struct output *o, const void *bytes, size_t n)
{
	size_t done = 0;

	if (((!o->begun && o->regular) || o->torn) && !output_cut(o, o->size))
		return (false);
	o->begun = true;
	while (done < n) {
		ssize_t k = write(o->fd, (const char *)bytes + done, n - done);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			int why = errno;

			(void)output_cut(o, o->size);
			errno = why;
			return (false);
		}
		done += (size_t)k;
	}
	o->size += n;
	return (true);
}

bool
output_held(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB) != 0)
		return (errno == EWOULDBLOCK);
	(void)flock(fd, LOCK_UN);
	return (false);
}

bool
output_held_at(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool held = fd >= 0 && output_held(fd);

	if (fd >= 0)
		(void)close(fd);
	return (held);
}

bool
output_gone(const struct output *o, bool elsewhere)
{
	struct stat st;

	if (!o->regular || fstat(o->fd, &st) != 0)
		return (false);
	return (st.st_nlink == 0 || (elsewhere && !is_named(o->fd, o->part != NULL ? o->part : o->path)));
}

bool
output_sync_folder(const char *path)
{
	char *copy = mem_str(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL || errno == EROFS);
	int why = errno;

	if (fd >= 0)
		(void)close(fd);
	free(copy);
	errno = why;
	return (good);
}

/* Closed, so that what closing has to say is heard, and still locked: until it has its name. */
static bool
finish(struct output *o, bool sync, char *err, size_t len)
{
	int lock = o->part != NULL ? fcntl(o->fd, F_DUPFD_CLOEXEC, 0) : -1;
	bool good = true;

	if (sync && fsync(o->fd) != 0 && errno != EINVAL && errno != EROFS)
		good = say_wrong(err, len, "%s: can not be brought to disk: %s", o->path, strerror(errno));
	if (close(o->fd) != 0 && good)
		good = say_wrong(err, len, "%s: can not close: %s", o->path, strerror(errno));
	o->fd = lock;
	return (good);
}

bool
output_close(struct output *o, enum output_fate fate, bool sync, char *err, size_t len)
{
	bool good = finish(o, sync, err, len);

	if (o->part != NULL && good && fate == OUTPUT_WHOLE && rename(o->part, o->name) != 0)
		good = say_wrong(err, len, "%s: can not take its name: %s; what was to be there is %s", o->path,
		    strerror(errno), o->part);
	else if (o->part != NULL && (fate == OUTPUT_DROP || (fate == OUTPUT_WHOLE && !good)))
		(void)unlink(o->part);
	if (good && sync && fate == OUTPUT_WHOLE && o->regular && !output_sync_folder(o->name != NULL ? o->name : o->path))
		good = say_wrong(err, len, "%s: its folder can not be brought to disk: %s", o->path, strerror(errno));
	release(o);
	return (good);
}

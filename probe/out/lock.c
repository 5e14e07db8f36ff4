/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lock.c: a file that is locked while a probe runs; it has the number of its process.  Tested by test_archive.c.
 *
 * It lies where the pattern's words begin: there the pattern itself, with $probe filled in, is its name, so that probes
 * that write other names can share a folder.
 */
#include "probe/out/lock.h"

#include "format/base/mem.h"
#include "probe/out/folder.h"
#include "probe/out/name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct lock {
	char *path;
	int fd;
};

/* 2026/%m/gw-%d.pavo: 2026/.%m_gw-%d.pavo.lock */
static char *
path_of(const char *pattern, const char *probe)
{
	char name[NAME_LONGEST];
	size_t words = strcspn(pattern, "%$"), n;
	const char *root = pattern;
	char *path;

	for (const char *p = pattern; p < pattern + words; p++)
		if (*p == '/')
			root = p + 1;
	if (!name_of_all(root, probe, name, sizeof(name)))
		name[0] = '\0';
	for (char *p = name; *p != '\0'; p++)
		if (*p == '/')
			*p = '_';
	n = (size_t)(root - pattern) + strlen(name) + sizeof("..lock");
	path = mem_alloc(n);
	(void)snprintf(path, n, "%.*s.%s.lock", (int)(root - pattern), pattern, name);
	return (path);
}

/* Who says that it is its. */
static void
say_held(int fd, const char *path, char *err, size_t errlen)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	if (pid[0] != '\0')
		(void)snprintf(err, errlen, "%s: another probe, process %s, writes these files: choose another name for -w", path, pid);
	else
		(void)snprintf(err, errlen, "%s: another probe writes these files: choose another name for -w", path);
}

/* Is it still the file of that name?  One that ends takes it away. */
static bool
is_there(int fd, const char *path)
{
	struct stat a, b;

	return (fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

struct lock *
lock_take(const char *pattern, const char *probe, char *err, size_t errlen)
{
	char *path = path_of(pattern, probe);
	struct lock *l;
	int fd;

	for (;;) {
		fd = folder_make(path) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640) : -1;
		if (fd < 0) {
			(void)snprintf(err, errlen, "%s: %s", path, strerror(errno));
			break;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			if (errno == EWOULDBLOCK)
				say_held(fd, path, err, errlen);
			else
				(void)snprintf(err, errlen, "%s: it can not be locked: %s", path, strerror(errno));
			break;
		}
		if (is_there(fd, path)) {
			if (ftruncate(fd, 0) == 0) /* if not, who is refused is told another number, or none */
				(void)dprintf(fd, "%ld\n", (long)getpid());
			l = mem_zero(1, sizeof(*l));
			*l = (struct lock){ path, fd };
			return (l);
		}
		(void)close(fd);
	}
	if (fd >= 0)
		(void)close(fd);
	free(path);
	return (NULL);
}

void
lock_leave(struct lock **pl)
{
	struct lock *l = *pl;

	if (l == NULL)
		return;
	(void)unlink(l->path); /* before it is let go */
	(void)close(l->fd);
	free(l->path);
	free(l);
	*pl = NULL;
}

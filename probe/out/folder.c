/* SPDX-License-Identifier: BSD-2-Clause
 *
 * folder.c: folders of record files.  Tested by test_archive.c.
 */
#include "probe/out/folder.h"

#include "format/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE 0750 /* as files of 0640 want it */

/* Where the file lies; to be freed. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;

	if (slash == NULL)
		return (mem_str("."));
	dir = mem_str(path);
	dir[slash == path ? 1 : slash - path] = '\0';
	return (dir);
}

static bool
sync_folder(const char *path)
{
	char *dir = folder_of(path);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL || errno == EROFS);
	int error = errno;

	if (fd >= 0)
		(void)close(fd);
	free(dir);
	errno = error;
	return (good);
}

bool
folder_make(const char *path)
{
	char *copy = mem_str(path);
	bool good = true;
	int error = 0;

	for (char *slash = strchr(copy + 1, '/'); good && slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, MODE) == 0)
			good = sync_folder(copy);
		else
			good = errno == EEXIST || errno == EISDIR;
		error = errno;
		*slash = '/';
	}
	free(copy);
	errno = error;
	return (good);
}

bool
folder_rename(const char *from, const char *to)
{
	struct stat st;

#ifdef RENAME_NOREPLACE
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return (sync_folder(to));
	if (errno != EINVAL && errno != ENOSYS)
		return (false);
#endif
	if (lstat(to, &st) == 0) { /* it can not be done at once: the lock keeps other probes away */
		errno = EEXIST;
		return (false);
	}
	return (rename(from, to) == 0 && sync_folder(to));
}

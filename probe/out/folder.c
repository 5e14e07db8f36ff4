/* SPDX-License-Identifier: BSD-2-Clause
 *
 * folder.c: folders of record files.  Tested by test_archive.c.
 */
#include "probe/out/folder.h"

#include "format/base/mem.h"
#include "format/base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MODE 0750 /* as files of 0640 want it */

bool
folder_make(const char *path)
{
	char *copy = mem_str(path);
	bool good = true;
	int error = 0;

	for (char *slash = strchr(copy + 1, '/'); good && slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, MODE) == 0)
			good = output_sync_folder(copy);
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
		return (output_sync_folder(to));
	if (errno != EINVAL && errno != ENOSYS)
		return (false);
#endif
	if (lstat(to, &st) == 0) { /* it can not be done at once: the lock keeps other probes away */
		errno = EEXIST;
		return (false);
	}
	return (rename(from, to) == 0 && output_sync_folder(to));
}

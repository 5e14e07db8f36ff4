/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pidfile.c: --pidfile.  Tested by tests/guard.tap.
 *
 * The probe may not remove it: it lies in a folder of root's, and the probe is somebody else by then.  So a child is left
 * behind before that.  It waits for the lock, which is the process's own (fcntl) and falls with it, even if it is killed.
 */
#include "probe/guard/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
lock(int fd, int how, struct flock *l)
{
	*l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	return (fcntl(fd, how, l) != -1);
}

/* Until the lock is ours; then the file is the dead one's, unless somebody new has written it. */
static noreturn void
stay_behind(int fd, int folder, const char *name, long pid)
{
	char text[32] = "";
	struct flock l;
	int null;

	(void)prctl(PR_SET_NAME, "pavo-pidfile", 0, 0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			(void)signal(sig, SIG_IGN);
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0)
		for (int i = 0; i < 3; i++)
			(void)dup2(null, i);
	(void)!chdir("/");
	while (!lock(fd, F_SETLKW, &l))
		if (errno != EINTR)
			_exit(1);
	if (pread(fd, text, sizeof(text) - 1, 0) > 0 && strtol(text, NULL, 10) == pid)
		(void)unlinkat(folder, name, 0);
	_exit(0);
}

static bool
no(const char *path, int fd, const char *why, char *err, size_t errlen)
{
	(void)snprintf(err, errlen, "--pidfile %s: %s", path, why);
	if (fd >= 0)
		(void)close(fd);
	return (false);
}

/* Open and locked, and still what the name stands for; -1 with a sentence. */
static int
open_locked(const char *path, char *err, size_t errlen)
{
	struct stat here, there;
	struct flock l;
	char why[80];
	int fd;

	for (;;) {
		if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644)) < 0) {
			(void)no(path, -1, strerror(errno), err, errlen);
			return (-1);
		}
		if (!lock(fd, F_SETLK, &l)) {
			(void)snprintf(why, sizeof(why), "another process holds it");
			if (lock(fd, F_GETLK, &l) && l.l_type != F_UNLCK)
				(void)snprintf(why, sizeof(why), "process %ld holds it", (long)l.l_pid);
			(void)no(path, fd, why, err, errlen);
			return (-1);
		}
		if (fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino &&
		    here.st_dev == there.st_dev)
			return (fd);
		(void)close(fd); /* removed under our hands by who had it before */
	}
}

bool
pidfile_hold(const char *path, char *err, size_t errlen)
{
	char text[32], up[PATH_MAX], last[PATH_MAX];
	const char *name;
	int n, fd, folder;
	struct stat st;
	pid_t pid;

	if (strlen(path) >= sizeof(up))
		return (no(path, -1, strerror(ENAMETOOLONG), err, errlen));
	if ((fd = open_locked(path, err, errlen)) < 0)
		return (false);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)sizeof(text))
		return (no(path, fd, "there is a file that is no pid file", err, errlen));
	(void)strcpy(up, path);
	(void)strcpy(last, path);
	name = basename(last);
	folder = open(dirname(up), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (folder < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return (no(path, fd, strerror(errno), err, errlen));
	if ((pid = fork()) < 0)
		return (no(path, fd, strerror(errno), err, errlen));
	if (pid == 0)
		stay_behind(fd, folder, name, strtol(text, NULL, 10));
	(void)close(folder);
	return (true);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alone.c: processes beside the probe.  Tested by test_hook.c.
 */
#include "probe/out/alone.h"

#include "format/base/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

void
alone_but(int but)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	long most = sysconf(_SC_OPEN_MAX);

	while (d != NULL && (e = readdir(d)) != NULL) {
		int fd = atoi(e->d_name);

		if (fd > STDERR_FILENO && fd != but && fd != dirfd(d))
			(void)close(fd);
	}
	if (d != NULL)
		(void)closedir(d);
	for (int fd = STDERR_FILENO + 1; d == NULL && fd < (most > 0 && most < 65536 ? (int)most : 65536); fd++)
		if (fd != but)
			(void)close(fd);
}

static void
nothing_up_to(int last)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd <= last; fd++)
		(void)dup2(null, fd);
}

void
alone_mute(void)
{
	nothing_up_to(STDOUT_FILENO);
}

void
alone_silent(void)
{
	nothing_up_to(STDERR_FILENO);
	log_open();
	log_syslog();
}

void
alone_deaf(void)
{
	(void)setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGCHLD)
			(void)signal(sig, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
}

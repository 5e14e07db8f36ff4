/* SPDX-License-Identifier: BSD-2-Clause
 *
 * relay.c: the process that sends records on.  Tested by tests/kafka.tap.
 */
#include "probe/out/relay.h"

#include "format/base/mem.h"
#include "format/base/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCHEME "kafka://"

struct relay {
	pid_t pid;
};

bool
relay_is(const char *out)
{
	return (out != NULL && strncasecmp(out, SCHEME, strlen(SCHEME)) == 0);
}

/* ra of this package: beside us where it was built, in bin where we are in sbin; else that of PATH. */
static void
find_ra(char path[static PATH_MAX])
{
	static const char *const places[] = { "", "../bin/" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *folder;

	self[n > 0 ? n : 0] = '\0';
	folder = dirname(self);
	for (size_t i = 0; n > 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		int len = snprintf(path, PATH_MAX, "%s/%s%s", folder, places[i], TOOL(ra));

		if (len > 0 && len < PATH_MAX && access(path, X_OK) == 0)
			return;
	}
	(void)snprintf(path, PATH_MAX, "%s", TOOL(ra));
}

/* What a terminal or a keeper sends is for the probe: the end of the records ends this one. */
static void
be_ra(const char *path, const char *to, int from, int wrong)
{
	char *argv[] = { mem_str(TOOL(ra)), mem_str("-r"), mem_str("-"), mem_str("-w"), mem_str(to), NULL };
	int error, null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	if (dup2(from, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0)
		(void)execvp(path, argv);
	error = errno;
	_exit(write(wrong, &error, sizeof(error)) > 0 ? 127 : 126);
}

/* 0: it runs; else why not. */
static int
wait_for_exec(int wrong)
{
	int error = 0;
	ssize_t n;

	while ((n = read(wrong, &error, sizeof(error))) < 0 && errno == EINTR)
		;
	return (n == (ssize_t)sizeof(error) ? error : 0);
}

struct relay *
relay_start(const char *to, char *err, size_t errlen)
{
	char path[PATH_MAX];
	int records[2], wrong[2], error;
	struct relay *r;
	pid_t pid;

	find_ra(path);
	if (pipe2(records, O_CLOEXEC) != 0 || pipe2(wrong, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		(void)snprintf(err, errlen, "-w %s: %s", to, strerror(errno));
		return (NULL);
	}
	if (pid == 0)
		be_ra(path, to, records[0], wrong[1]);
	(void)close(records[0]);
	(void)close(wrong[1]);
	error = wait_for_exec(wrong[0]);
	(void)close(wrong[0]);
	if (error == 0 && dup2(records[1], STDOUT_FILENO) < 0)
		error = errno;
	(void)close(records[1]);
	if (error != 0) {
		(void)snprintf(err, errlen, "-w %s: %s, which sends the records: %s", to, path, strerror(error));
		(void)waitpid(pid, NULL, 0);
		return (NULL);
	}
	(void)signal(SIGPIPE, SIG_IGN); /* if it is gone, that is an error */
	r = mem_alloc(sizeof(*r));
	r->pid = pid;
	return (r);
}

bool
relay_finish(struct relay **pr)
{
	struct relay *r = *pr;
	int status = 0;

	if (r == NULL)
		return (true);
	(void)close(STDOUT_FILENO);
	while (waitpid(r->pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	free(r);
	*pr = NULL;
	return (WIFEXITED(status) && WEXITSTATUS(status) < 2); /* 1: there were no records */
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * service.c: -d, --pidfile, and systemd's notifications (sd_notify(3)), which are lines in a datagram.
 * Tested by tests/guard.tap.
 */
#include "probe/guard/service.h"

#include "format/base/log.h"
#include "probe/guard/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the service manager */

/* Its socket, from the environment; what programs that we start would take for theirs is removed. */
static void
manager_find(struct service *s)
{
	const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = path != NULL ? strlen(path) : 0;

	s->manager = -1;
	if (usec != NULL && (pid == NULL || strtol(pid, NULL, 10) == (long)getpid()))
		s->every = strtoll(usec, NULL, 10) * 1000 / 2;
	if (n < 2 || n >= sizeof(a.sun_path) || (path[0] != '/' && path[0] != '@')) {
		s->every = 0;
		return;
	}
	memcpy(a.sun_path, path, n);
	if (path[0] == '@')
		a.sun_path[0] = '\0';
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	s->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->manager < 0)
		return;
	if (connect(s->manager, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) != 0) {
		log_warnx("NOTIFY_SOCKET %s: %s", path, strerror(errno));
		(void)close(s->manager);
		s->manager = -1;
	}
}

static void
tell(const struct service *s, const char *what)
{
	if (s->manager >= 0)
		(void)send(s->manager, what, strlen(what), MSG_NOSIGNAL); /* nobody there any more: no reason to stop */
}

/* --- a daemon */

/* The parent: ends as the child says, or as it ends.  Its sentence was on our stderr. */
static noreturn void
wait_for(pid_t child, int fd)
{
	char ready;
	int status = 0;
	ssize_t n;

	while ((n = read(fd, &ready, 1)) < 0 && errno == EINTR)
		;
	if (n == 1)
		_exit(0);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_ERROR);
}

static bool
detach(struct service *s, char *err, size_t errlen)
{
	int p[2];
	pid_t pid;

	if ((s->null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0) {
		(void)snprintf(err, errlen, "/dev/null: %s", strerror(errno));
		return (false);
	}
	if (pipe2(p, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		(void)snprintf(err, errlen, "-d: %s", strerror(errno));
		return (false);
	}
	if (pid > 0) {
		(void)close(p[1]);
		wait_for(pid, p[0]);
	}
	(void)close(p[0]);
	s->parent = p[1];
	(void)setsid();
	log_open();
	return (true);
}

/* --- from begin to end */

bool
service_begin(struct service *s, bool daemon, const char *pidfile, char *err, size_t errlen)
{
	*s = (struct service){ .daemon = daemon, .parent = -1, .null = -1, .manager = -1 };
	if (daemon && !detach(s, err, errlen))
		return (false);
	if (pidfile != NULL && !pidfile_hold(pidfile, err, errlen))
		return (false);
	manager_find(s);
	return (true);
}

void
service_ready(struct service *s, const char *status)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "READY=1\nMAINPID=%ld\nSTATUS=%.900s", (long)getpid(), status);
	tell(s, text);
	if (!s->daemon)
		return;
	log_syslog();
	(void)dup2(s->null, STDIN_FILENO);
	(void)dup2(s->null, STDOUT_FILENO);
	(void)dup2(s->null, STDERR_FILENO);
	if (write(s->parent, "", 1) != 1)
		exit(EXIT_ERROR); /* who started us is gone, and nobody knows of us */
	(void)close(s->parent);
	s->parent = -1;
}

void
service_beat(struct service *s, int64_t now)
{
	if (s->every == 0 || (now - s->heard < s->every && now >= s->heard)) /* earlier: somebody has set the clock */
		return;
	s->heard = now;
	tell(s, "WATCHDOG=1");
}

void
service_end(struct service *s)
{
	tell(s, "STOPPING=1\nSTATUS=writing what is left");
}

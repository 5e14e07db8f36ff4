/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hook.c: the process that starts commands.  Tested by test_hook.c.
 *
 * Paths come to it through a socket, one a message; they queue here, RUN_MOST commands run at one time.  When the probe
 * is gone, however that happened, what is in the queue is still done.
 */
#include "probe/out/hook.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "probe/out/alone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUN_MOST   4
#define QUEUE_MOST 4096 /* paths */
#define PATH_MOST  4096
#define PATIENCE   10000 /* ms, at the end */
#define SAID_MOST  10    /* files, at the end */

extern char **environ;

struct hook {
	int fd;
	pid_t helper;
	bool behind; /* that is said */
};

struct job {
	char *path;
	pid_t pid; /* 0: it is none */
};

struct helper {
	const char *command; /* as it was given */
	char **words;
	bool named; /* {} is in one of them */
	int paths, children; /* -1: no more of them come */
	struct job running[RUN_MOST];
	char **queue; /* a ring */
	unsigned first, n;
	unsigned nrunning;
};

/* --- words */

/* One word, its quotes taken away; *at is behind it.  false: a quote is open. */
static bool
take_word(const char **at, char **to)
{
	const char *p = *at;
	char quote = '\0', *out = *to;

	for (; *p != '\0' && (quote != '\0' || (*p != ' ' && *p != '\t' && *p != '\n')); p++) {
		if (*p == quote)
			quote = '\0';
		else if (quote == '\0' && (*p == '\'' || *p == '"'))
			quote = *p;
		else if (*p == '\\' && quote != '\'' && p[1] != '\0')
			*out++ = *++p;
		else
			*out++ = *p;
	}
	*out++ = '\0';
	*at = p;
	*to = out;
	return (quote == '\0');
}

char **
hook_words(const char *command, char *err, size_t errlen)
{
	size_t len = strlen(command), n = 0;
	char **words = mem_alloc((len + 2) * sizeof(*words) + len + 2), *text = (char *)(words + len + 2);

	for (const char *p = command;;) {
		p += strspn(p, " \t\n");
		if (*p == '\0')
			break;
		words[n++] = text;
		if (!take_word(&p, &text)) {
			(void)snprintf(err, errlen, "--exec %s: a quote is not closed", command);
			free(words);
			return (NULL);
		}
	}
	words[n] = NULL;
	if (n > 0)
		return (words);
	(void)snprintf(err, errlen, "--exec: there is no command");
	free(words);
	return (NULL);
}

/* The word with each {} as the path; to be freed. */
static char *
fill(const char *word, const char *path)
{
	size_t times = 0, n = strlen(path);
	const char *p, *next;
	char *out, *to;

	for (p = word; (p = strstr(p, "{}")) != NULL; p += 2)
		times++;
	out = to = mem_alloc(strlen(word) + times * n + 1);
	for (p = word; (next = strstr(p, "{}")) != NULL; p = next + 2) {
		memcpy(to, p, (size_t)(next - p));
		to += next - p;
		memcpy(to, path, n);
		to += n;
	}
	(void)strcpy(to, p);
	return (out);
}

/* --- the helper: commands */

static int
spawn(char **argv, pid_t *pid)
{
	posix_spawnattr_t a;
	posix_spawn_file_actions_t f;
	sigset_t none, all;
	int error;

	(void)posix_spawnattr_init(&a);
	(void)posix_spawn_file_actions_init(&f);
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawnattr_setsigmask(&a, &none);
	(void)posix_spawnattr_setsigdefault(&a, &all);
	(void)posix_spawnattr_setflags(&a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawn_file_actions_addopen(&f, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	error = posix_spawnp(pid, argv[0], &f, &a, argv, environ);
	(void)posix_spawn_file_actions_destroy(&f);
	(void)posix_spawnattr_destroy(&a);
	return (error);
}

static void
start(struct helper *h, struct job *j, char *path)
{
	char *argv[1024];
	size_t n = 0;
	int error;

	for (; h->words[n] != NULL && n < sizeof(argv) / sizeof(argv[0]) - 2; n++)
		argv[n] = fill(h->words[n], path);
	if (!h->named)
		argv[n++] = mem_str(path);
	argv[n] = NULL;
	error = spawn(argv, &j->pid);
	if (error != 0) {
		log_warnx("--exec %s: can not be started for %s: %s", argv[0], path, strerror(error));
		free(path);
		j->pid = 0;
	} else {
		j->path = path;
		h->nrunning++;
	}
	while (n > 0)
		free(argv[--n]);
}

static void
start_waiting(struct helper *h)
{
	for (unsigned i = 0; i < RUN_MOST; i++)
		while (h->running[i].pid == 0 && h->n > 0) {
			char *path = h->queue[h->first];

			h->first = (h->first + 1) % QUEUE_MOST;
			h->n--;
			start(h, &h->running[i], path);
		}
}

static void
ended(struct helper *h, pid_t pid, int status)
{
	for (unsigned i = 0; i < RUN_MOST; i++) {
		struct job *j = &h->running[i];

		if (j->pid != pid)
			continue;
		if (WIFSIGNALED(status))
			log_warnx("--exec %s: killed by signal %d (%s), for %s", h->command, WTERMSIG(status), strsignal(WTERMSIG(status)),
			    j->path);
		else if (WEXITSTATUS(status) != 0)
			log_warnx("--exec %s: exit status %d, for %s", h->command, WEXITSTATUS(status), j->path);
		free(j->path);
		*j = (struct job){ 0 };
		h->nrunning--;
	}
}

static void
reap(struct helper *h)
{
	struct signalfd_siginfo info;
	pid_t pid;
	int status;

	while (read(h->children, &info, sizeof(info)) == (ssize_t)sizeof(info))
		; /* several that end together are one signal */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		ended(h, pid, status);
}

/* --- the helper: paths */

static void
take_path(struct helper *h)
{
	char path[PATH_MOST];
	ssize_t n = recv(h->paths, path, sizeof(path) - 1, 0);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) { /* the probe is done, or gone */
		(void)close(h->paths);
		h->paths = -1;
		return;
	}
	path[n] = '\0';
	h->queue[(h->first + h->n++) % QUEUE_MOST] = mem_str(path);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

/* What is not done when time is up. */
static void
say_rest(struct helper *h)
{
	for (unsigned i = 0; i < RUN_MOST; i++)
		if (h->running[i].pid != 0)
			log_warnx("--exec %s: still running after %d s, for %s; it is left alone", h->command, PATIENCE / 1000,
			    h->running[i].path);
	for (unsigned i = 0; i < h->n && i < SAID_MOST; i++)
		log_warnx("--exec %s: not run for %s", h->command, h->queue[(h->first + i) % QUEUE_MOST]);
	if (h->n > SAID_MOST)
		log_warnx("--exec %s: nor for %u more", h->command, h->n - SAID_MOST);
}

static void
serve(struct helper *h)
{
	int64_t until = 0;

	for (;;) {
		struct pollfd fds[2] = { { h->children, POLLIN, 0 }, { h->n < QUEUE_MOST ? h->paths : -1, POLLIN, 0 } };
		int wait = -1;

		if (h->paths < 0) {
			until = until == 0 ? now_ms() + PATIENCE : until;
			wait = (int)(until - now_ms());
			if (wait <= 0 || (h->nrunning == 0 && h->n == 0))
				break;
		}
		if (poll(fds, 2, wait) < 0 && errno != EINTR)
			break;
		if (fds[1].revents != 0)
			take_path(h);
		reap(h);
		start_waiting(h);
	}
	say_rest(h);
}

static void
be_helper(const char *command, char **words, int fd, bool silent)
{
	struct helper h = { .command = command, .words = words, .paths = fd };
	sigset_t child;

	alone_but(fd);
	if (silent)
		alone_silent();
	alone_deaf();
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_SETMASK, &child, NULL);
	h.children = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	for (char **w = words; *w != NULL; w++)
		h.named |= strstr(*w, "{}") != NULL;
	h.queue = mem_zero(QUEUE_MOST, sizeof(*h.queue));
	if (h.children < 0)
		fatal("--exec");
	serve(&h);
	_exit(0);
}

/* --- the probe */

struct hook *
hook_start(const char *command, bool silent, char *err, size_t errlen)
{
	char **words = hook_words(command, err, errlen);
	struct hook *h;
	int fd[2];
	pid_t pid;

	if (words == NULL)
		return (NULL);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0 || (pid = fork()) < 0) {
		(void)snprintf(err, errlen, "--exec: %s", strerror(errno));
		free(words);
		return (NULL);
	}
	if (pid == 0) {
		(void)close(fd[0]);
		be_helper(command, words, fd[1], silent);
	}
	free(words);
	(void)close(fd[1]);
	(void)fcntl(fd[0], F_SETFL, O_NONBLOCK);
	h = mem_zero(1, sizeof(*h));
	*h = (struct hook){ .fd = fd[0], .helper = pid };
	return (h);
}

void
hook_run(struct hook *h, const char *path)
{
	if (send(h->fd, path, strlen(path), MSG_NOSIGNAL) >= 0) {
		h->behind = false;
		return;
	}
	if (!h->behind || errno != EAGAIN)
		log_warnx("--exec: not run for %s: %s", path,
		    errno == EAGAIN ? "thousands of files wait already; what follows is not run either until there is room" :
				      "the process that starts commands is gone");
	h->behind = errno == EAGAIN;
}

void
hook_finish(struct hook **ph)
{
	struct hook *h = *ph;

	if (h == NULL)
		return;
	(void)close(h->fd);
	while (waitpid(h->helper, NULL, 0) < 0 && errno == EINTR)
		; /* it has a bound of its own */
	free(h);
	*ph = NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sender.c: the process that looks after those that send.  Tested by tests/collect.tap.
 *
 * It hears from each which files its collector has, and removes what all have: not before a file of a later time is there,
 * for until then the probe may look whether the name is free.
 */
#include "probe/out/sender.h"

#include "format/base/buf.h"
#include "format/base/log.h"
#include "format/base/map.h"
#include "format/base/mem.h"
#include "format/base/tls.h"
#include "format/wire.h"
#include "probe/out/alone.h"
#include "probe/out/spool.h"
#include "probe/out/way.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIME	 18 /* letters of /2026/11/20/120000 */
#define LOOK	 2000 /* ms */

struct sender {
	int fd; /* ends with the probe */
	pid_t helper;
};

struct keeper {
	const char *folder, *probe;
	const char *const *to;
	unsigned n;
	const struct tls_files *tls;
	int probe_fd, way[SENDER_WAYS]; /* -1: it has ended */
	struct map names;
	uint32_t *has; /* of each name: whose collectors have it, a bit each */
	uint32_t cap;
};

bool
sender_right(const char *to, char *err, size_t errlen)
{
	struct far f;

	if (!far_parse(&f, to, WIRE_PORT, err, errlen))
		return (false);
	return (f.stream || say_wrong(err, errlen, "%s: expected tcp://HOST:PORT or tls://HOST:PORT", to));
}

/* A name that all have. */
static void
note(struct keeper *k, unsigned who, const char *name, size_t n)
{
	uint32_t i;

	if (map_put(&k->names, name, n, &i)) {
		if (i >= k->cap) {
			k->cap = k->cap == 0 ? 64 : 2 * k->cap;
			k->has = mem_grow(k->has, k->cap, sizeof(k->has[0]));
		}
		k->has[i] = 0;
	}
	k->has[i] |= 1u << who;
}

static bool
all_have(const struct keeper *k, const char *name)
{
	uint32_t i;

	return (map_find(&k->names, name, strlen(name), &i) && k->has[i] == (1u << k->n) - 1);
}

/* How many files stay. */
static size_t
clear(const struct keeper *k, bool ended)
{
	size_t n, left;
	struct spool_file *f = spool_list(k->folder, &n);
	const char *last = n > 0 ? strchr(f[n - 1].name, '/') : NULL;

	left = n;
	for (size_t i = 0; i < n; i++)
		if (f[i].complete && all_have(k, f[i].name) && (ended || strncmp(strchr(f[i].name, '/'), last, TIME) < 0)) {
			spool_remove(k->folder, f[i].name);
			left--;
		}
	spool_forget(f, n);
	return (left);
}

static bool
start_ways(struct keeper *k)
{
	for (unsigned i = 0; i < k->n; i++) {
		struct way_options o = { .folder = k->folder, .probe = k->probe, .to = k->to[i], .tls = k->tls };
		char err[512];
		int fd[2];
		pid_t pid;

		if (!far_parse(&o.far, k->to[i], WIRE_PORT, err, sizeof(err)) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0 ||
		    (pid = fork()) < 0)
			return (false);
		if (pid == 0) {
			alone_but(fd[1]);
			o.control = fd[1];
			_exit(way_run(&o));
		}
		(void)close(fd[1]);
		k->way[i] = fd[0];
	}
	return (true);
}

/* A word of one that sends. */
static void
hear(struct keeper *k, unsigned i, bool ended)
{
	char name[WIRE_NAME + 1];
	ssize_t n = recv(k->way[i], name, sizeof(name), 0);

	if (n < 0 && errno == EINTR)
		return;
	if (n > 0) {
		note(k, i, name, (size_t)n);
		return;
	}
	(void)close(k->way[i]);
	k->way[i] = -1;
	if (!ended)
		log_warnx("%s: the process that sends there is gone; records stay in %s", k->to[i], k->folder);
}

static void
keep(struct keeper *k)
{
	bool ended = false;
	size_t left;

	for (;;) {
		struct pollfd p[SENDER_WAYS + 1];
		unsigned there = 0;

		for (unsigned i = 0; i < k->n; i++) {
			p[i] = (struct pollfd){ .fd = k->way[i], .events = POLLIN };
			there += k->way[i] >= 0;
		}
		p[k->n] = (struct pollfd){ .fd = ended ? -1 : k->probe_fd, .events = POLLIN };
		if (ended && there == 0)
			break;
		(void)poll(p, k->n + 1, LOOK);
		for (unsigned i = 0; i < k->n; i++)
			if (p[i].fd >= 0 && p[i].revents != 0)
				hear(k, i, ended);
		if (p[k->n].fd >= 0 && p[k->n].revents != 0) {
			ended = true;
			for (unsigned i = 0; i < k->n; i++)
				if (k->way[i] >= 0)
					(void)shutdown(k->way[i], SHUT_WR);
		}
		(void)clear(k, false);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	if ((left = clear(k, true)) > 0)
		log_warnx("%zu file%s in %s: the next run sends %s", left, left == 1 ? " waits" : "s wait", k->folder, left == 1 ? "it" : "them");
}

/* Certificates are looked at before anything begins. */
static bool
tls_right(const char *const *to, unsigned n, const struct tls_files *tls, char *err, size_t errlen)
{
	bool good = true;

	for (unsigned i = 0; i < n && good; i++) {
		struct tls_setup *s;
		struct far f;

		if (!far_parse(&f, to[i], WIRE_PORT, err, errlen) || !f.tls)
			continue;
		good = (s = tls_setup(tls, false, err, errlen)) != NULL;
		tls_setup_free(&s);
	}
	return (good);
}

struct sender *
sender_start(const char *folder, const char *probe, const char *const *to, unsigned n, const struct tls_files *tls, bool silent, char *err, size_t errlen)
{
	struct sender *s;
	int fd[2];
	pid_t pid;

	if (!tls_right(to, n, tls, err, errlen))
		return (NULL);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0 || (pid = fork()) < 0) {
		(void)say_wrong(err, errlen, "%s: %s", to[0], strerror(errno));
		return (NULL);
	}
	if (pid == 0) {
		struct keeper k = { .folder = folder, .probe = probe, .to = to, .n = n, .tls = tls, .probe_fd = fd[1] };

		alone_but(fd[1]);
		alone_mute();
		if (silent)
			alone_silent();
		alone_deaf();
		if (!start_ways(&k))
			fatal("%s", to[0]);
		keep(&k);
		_exit(0);
	}
	(void)close(fd[1]);
	s = mem_zero(1, sizeof(*s));
	*s = (struct sender){ .fd = fd[0], .helper = pid };
	return (s);
}

void
sender_finish(struct sender **ps)
{
	struct sender *s = *ps;

	if (s == NULL)
		return;
	(void)close(s->fd);
	while (waitpid(s->helper, NULL, 0) < 0 && errno == EINTR)
		; /* it has a bound of its own */
	free(s);
	*ps = NULL;
}

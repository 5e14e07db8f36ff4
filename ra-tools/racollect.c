/* SPDX-License-Identifier: BSD-2-Clause
 *
 * racollect: takes the files that probes send (pavo -w tcp://HOST:PORT).  See racollect(1).
 *
 * A process for each connection: what one sends can not disturb the others.
 */
#include "format/base/far.h"
#include "format/base/log.h"
#include "format/base/programs.h"
#include "format/base/tls.h"
#include "ra-tools/feed.h"
#include "ra-tools/run/run.h"
#include "ra-tools/store/session.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SILENCE	     30000 /* ms: a probe says every few seconds that there is nothing new */
#define CONNECTIONS  256   /* at one time */
#define LOOK	     500   /* ms between two looks for those that ended */

enum { O_TLSCERT = O_OWN, O_TLSKEY, O_TLSCA };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/racollect.opt"
#undef OPT
};

static struct {
	const char *listen, *dir;
	struct tls_files files;
	struct tls_setup *tls; /* NULL: without */
} asked = { .listen = "tcp://*:" WIRE_PORT };

static volatile sig_atomic_t stop;

static void
take_word(const char *word)
{
	run_usage("%s: expected no word: " TOOL(racollect) " -w DIR", word);
}

static const struct tool tool = {
	.purpose = "Takes the record files that probes send (" TOOL(pavo) " -w tcp://HOST:PORT).",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.writes = true,
	.reports = true,
	.word = take_word,
	.common = " quiet help version ",
	.synopsis = "-w DIR [-l tcp://HOST:PORT] [options]",
};

static bool
option(int c, const char *arg)
{
	switch (c) {
	case 'l':
		asked.listen = arg;
		return (true);
	case 'w':
		asked.dir = arg;
		return (true);
	case O_TLSCERT:
		asked.files.cert = arg;
		return (true);
	case O_TLSKEY:
		asked.files.key = arg;
		return (true);
	case O_TLSCA:
		asked.files.ca = arg;
		return (true);
	default:
		return (false);
	}
}

static void
note_stop(int sig)
{
	stop = sig;
}

static void
catch_signals(void)
{
	struct sigaction sa = { .sa_handler = note_stop };

	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void
name_peer(int fd, char *text, size_t size)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	char host[INET6_ADDRSTRLEN + 16], port[8];

	if (getpeername(fd, (struct sockaddr *)&a, &len) == 0 &&
	    getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		(void)snprintf(text, size, "%s port %s", host, port);
	else
		(void)snprintf(text, size, "a probe");
}

/* Who reads what comes. */
static noreturn void
read_for(struct wire *w, struct wire_frame *f, const char *peer)
{
	char err[512];

	if (asked.tls != NULL)
		(void)say_wrong(err, sizeof(err), "who reads has to come by tcp://");
	if (asked.tls != NULL || !feed_right(f->at, err, sizeof(err))) {
		log_warnx("%s: %s", peer, err);
		(void)session_fail(w, err);
		_exit(EXIT_ERROR);
	}
	(void)wire_say(w, WIRE_READ);
	if (!wire_send(w))
		_exit(EXIT_ERROR);
	feed(w, f->at, asked.dir);
}

static noreturn void
serve(int fd)
{
	struct wire w = { .link = { .fd = fd, .ms = SILENCE } };
	struct wire_frame f;
	char err[1500] = "", peer[100];
	int on = 1;

	(void)signal(SIGINT, SIG_IGN); /* of a terminal: what is being written is finished */
	(void)signal(SIGTERM, SIG_DFL);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	name_peer(fd, peer, sizeof(peer));
	if (asked.tls != NULL && !tls_begin(asked.tls, &w.link, NULL, err, sizeof(err))) {
		log_warnx("%s: %s", peer, err);
		_exit(EXIT_ERROR);
	}
	if (!wire_hear(&w, &f))
		_exit(0); /* it has said nothing */
	if (f.kind == WIRE_READ)
		read_for(&w, &f, peer);
	if (!session(&w, &f, asked.dir, err, sizeof(err)))
		log_warnx("%s: %s", peer, err);
	wire_free(&w);
	_exit(err[0] == '\0' ? 0 : EXIT_ERROR);
}

/* Those that ended; waits for one, `all`: for each. */
static void
reap(pid_t *child, unsigned *n, bool all)
{
	pid_t pid;

	while (*n > 0 && (pid = waitpid(-1, NULL, all ? 0 : WNOHANG)) > 0)
		for (unsigned i = 0; i < *n; i++)
			if (child[i] == pid) {
				child[i] = child[--*n];
				break;
			}
}

static void
take_connection(int listening, pid_t *child, unsigned *n)
{
	int fd = accept(listening, NULL, NULL);
	pid_t pid;

	if (fd < 0)
		return;
	pid = fork();
	if (pid == 0) {
		(void)close(listening);
		serve(fd);
	}
	(void)close(fd);
	if (pid < 0)
		log_warnx("a connection could not be taken: %s", strerror(errno));
	else
		child[(*n)++] = pid;
}

static void
collect(int listening)
{
	static pid_t child[CONNECTIONS];
	unsigned n = 0;

	while (stop == 0) {
		struct pollfd p = { .fd = n < CONNECTIONS ? listening : -1, .events = POLLIN };

		if (poll(&p, 1, LOOK) > 0)
			take_connection(listening, child, &n);
		reap(child, &n, false);
	}
	for (unsigned i = 0; i < n; i++)
		(void)kill(child[i], SIGTERM);
	reap(child, &n, true);
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);
	struct far f;
	char err[512];
	struct stat st;
	int listening;

	if (asked.dir == NULL)
		run_usage("say where the files go: -w DIR");
	if (stat(asked.dir, &st) != 0 || !S_ISDIR(st.st_mode) || access(asked.dir, W_OK | X_OK) != 0)
		run_usage("-w %s: expected a folder that can be written to", asked.dir);
	if (!far_parse(&f, asked.listen, WIRE_PORT, err, sizeof(err)) || !f.stream)
		run_usage("-l %s: expected tcp://HOST:PORT or tls://HOST:PORT", asked.listen);
	if (f.tls && (asked.tls = tls_setup(&asked.files, true, err, sizeof(err))) == NULL)
		run_fail("%s", err);
	catch_signals();
	if ((listening = far_listen(&f, err, sizeof(err))) < 0)
		run_fail("%s", err);
	if (!run_quiet(r))
		log_info("waits for probes at %s://%s:%s, writes below %s", f.tls ? "tls" : "tcp", f.host, f.port, asked.dir);
	collect(listening);
	(void)close(listening);
	tls_setup_free(&asked.tls);
	run_counted(r, 1);
	return (run_end(&r));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * feed.c: a reader of what comes, on behalf of another machine.  Tested by tests/collect.tap.
 *
 * It is a copy with a filter (ra -w - - FILTER) whose standard output is the connection.
 */
#include "ra-tools/feed.h"

#include "format/base/buf.h"
#include "format/base/clock.h"
#include "ra-tools/filter/filter.h"
#include "ra-tools/run/run.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK	    500		    /* ms between two looks at the files */
#define FOR_EVER    "4102444800"    /* seconds: the year 2100 */
#define FILTER_MOST ((size_t)16384) /* bytes */

static const struct tool tool = {
	.purpose = "Records as they come.",
	.columns = "stime",
	.copies = true,
};

struct wanted {
	int64_t from; /* seconds */
	char *filter;
};

/* false: half of it. */
static bool
wanted_of(struct cursor at, unsigned *version, struct wanted *w)
{
	struct buf text = { 0 };

	*version = cur_u16(&at);
	w->from = (int64_t)cur_u64(&at);
	buf_add(&text, at.p, cur_left(&at));
	(void)buf_cstr(&text);
	w->filter = (char *)text.p;
	return (!at.cut && strlen(w->filter) == cur_left(&at) && cur_left(&at) <= FILTER_MOST);
}

bool
feed_right(struct cursor at, char *err, size_t errlen)
{
	struct wanted w;
	struct filter_error e = { .length = 1 };
	struct filter *f = NULL;
	unsigned version;
	bool whole = wanted_of(at, &version, &w), good = false;

	if (!whole)
		(void)say_wrong(err, errlen, "that is no question");
	else if (version != WIRE_VERSION)
		(void)say_wrong(err, errlen, "who reads is of another version");
	else if (filter_may_read(w.filter))
		(void)say_wrong(err, errlen, "a filter with a file (in) works at home alone");
	else if (w.filter[0] != '\0' && (f = filter_new(w.filter, 0, CLOCK_UTC, &e)) == NULL)
		(void)say_wrong(err, errlen, "the filter is not understood here");
	else
		good = true;
	filter_free(&f);
	free(w.filter);
	return (good);
}

static bool
gone(void *arg)
{
	struct pollfd p = { .fd = *(const int *)arg, .events = POLLIN };

	return (poll(&p, 1, 0) > 0); /* nothing is said any more: it has ended */
}

noreturn void
feed(struct wire *wire, struct cursor at, const char *dir)
{
	struct wanted w;
	unsigned version;
	bool more = wanted_of(at, &version, &w);
	char range[64];
	const char *words[] = { "ra", "-q", "-R", dir, "--live", "-w", "-", "-t", range, w.filter[0] == '\0' ? NULL : "-", w.filter, NULL };
	int argc = w.filter[0] == '\0' ? 9 : 11, fd = wire->link.fd;
	struct batch *b;
	struct run *r;

	(void)snprintf(range, sizeof(range), "%lld-" FOR_EVER, (long long)(w.from > 0 ? w.from : 0));
	if (dup2(fd, STDOUT_FILENO) < 0)
		_exit(EXIT_FAILURE);
	(void)signal(SIGTERM, SIG_DFL);
	r = run_start(argc, (char **)(uintptr_t)words, &tool, NULL);
	run_follow(r, gone, &fd);
	while (more && !gone(&fd)) {
		while (more && (b = run_next(r)) != NULL)
			more = run_print(r, b);
		run_flush(r);
		if (more && run_more(r) != RUN_MORE)
			(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, LOOK);
	}
	free(w.filter);
	exit(run_end(&r));
}

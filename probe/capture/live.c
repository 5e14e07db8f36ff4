/* SPDX-License-Identifier: BSD-2-Clause
 *
 * live.c: waiting for packets, and for interfaces.  Tested by tests/live.tap and tests/interfaces.tap.
 */
#include "probe/capture/live.h"

#include "format/base/mem.h"
#include "probe/capture/iface.h"
#include "probe/capture/merge.h"
#include "probe/capture/wall.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALONE	100	    /* ms: how long the kernel may keep the packets of the only ring */
#define TOGETHER 25	    /* and of several, where those of one wait for those of the others */
#define DRAIN	1000000	    /* frames that may still come after it was told to stop */
#define SOON	(200 * MSEC) /* an interface that was removed is opened anew no sooner, and then ever more seldom, */
#define SELDOM	SEC	    /* but this often */

struct link {
	struct iface *iface;
	enum iface_state state;
	int64_t asked;		  /* when its counts were taken last */
	int64_t away;		  /* when it was seen last before it went away */
	int64_t retry, pause;	  /* when it may be opened anew, and how long to wait then */
	bool refused;		  /* it was said that this does not go */
	struct capture_stats last; /* its counts when it was told to stop; has: not given yet */
};

struct ring_of {
	struct iface *iface;
	unsigned link, ring;
};

struct live {
	const volatile sig_atomic_t *stop;
	struct link link[CAPTURE_IFACES];
	unsigned n, each; /* interfaces, and rings of each */
	struct merge merge;
	struct merge_source *source;
	struct ring_of *of; /* sources */
	struct pollfd *poll;
	int64_t timeout;    /* ns */
	bool fresh;         /* frames came since the last CAPTURE_IDLE */
	bool draining, over;
	int64_t stopped;    /* when it was told to stop */
	uint32_t drained;
	struct buf said;    /* sentences, each with its '\0' */
	size_t given;       /* of them */
};

static __attribute__((format(printf, 2, 3))) void
say(struct live *l, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (l->given == l->said.len)
		l->given = l->said.len = 0;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_add(&l->said, text, strlen(text) + 1);
}

static bool
next_of(void *arg, struct frame *frame)
{
	struct ring_of *of = arg;

	return (iface_next(of->iface, of->ring, frame));
}

static bool
open_all(struct live *l, char *const *names, const struct capture_options *o, char *err, int errlen)
{
	struct iface_options io = { .filter = o->filter, .snaplen = o->snaplen, .buffer = o->buffer, .rings = o->rings > 1 ? o->rings : 1,
		.promisc = !o->no_promisc, .timeout = l->merge.n == 1 ? ALONE : TOGETHER };

	l->timeout = io.timeout * MSEC;
	for (unsigned i = 0; i < l->n; i++) {
		struct link *k = &l->link[i];

		if ((k->iface = iface_open(names[i], &io, err, errlen)) == NULL)
			return (false);
		k->asked = wall_clock();
		for (unsigned r = 0; r < l->each; r++) {
			struct ring_of *of = &l->of[i * l->each + r];

			*of = (struct ring_of){ k->iface, i, r };
			l->source[i * l->each + r] = (struct merge_source){ .next = next_of, .arg = of };
		}
	}
	return (true);
}

struct live *
live_open(char *const *names, unsigned n, const struct capture_options *o, char *err, int errlen)
{
	struct live *l = mem_zero(1, sizeof(*l));

	l->stop = o->stop;
	l->n = n;
	l->each = IFACE_RINGS(o->rings);
	l->merge = (struct merge){ .n = n * l->each, .clock = wall_clock };
	l->source = l->merge.source = mem_zero(l->merge.n, sizeof(*l->source));
	l->of = mem_zero(l->merge.n, sizeof(*l->of));
	l->poll = mem_zero(l->merge.n, sizeof(*l->poll));
	if (!open_all(l, names, o, err, errlen))
		live_close(&l);
	else
		l->merge.hold = 2 * l->timeout;
	return (l);
}

void
live_close(struct live **pl)
{
	struct live *l = *pl;

	*pl = NULL;
	if (l == NULL)
		return;
	for (unsigned i = 0; i < l->n; i++)
		iface_close(&l->link[i].iface);
	buf_free(&l->said);
	free(l->source);
	free(l->of);
	free(l->poll);
	free(l);
}

void
live_describe(const struct live *l, struct buf *to)
{
	for (unsigned i = 0; i < l->n; i++) {
		const struct iface *f = l->link[i].iface;

		buf_printf(to, "%s%s (%s", i > 0 ? ", " : "", iface_name(f), iface_link(f));
		if (l->each > 1)
			buf_printf(to, ", %u buffers", l->each - 1);
		buf_str(to, ")");
	}
}

/* --- interfaces that come and go */

static void
forget(struct live *l, const struct link *k)
{
	for (unsigned i = 0; i < l->merge.n; i++)
		if (l->of[i].iface == k->iface)
			merge_forget(&l->merge, &l->source[i]);
}

static void
went(struct live *l, struct link *k, enum iface_state now)
{
	const char *name = iface_name(k->iface), *error = iface_error(k->iface);

	if (k->state == IFACE_UP) {
		k->away = k->asked;
		k->retry = k->away + SOON;
		k->pause = SOON;
		k->refused = false;
	}
	if (now == IFACE_DOWN && k->state == IFACE_UP)
		say(l, "%s: the interface is down; waiting until it is up again", name);
	else if (now == IFACE_GONE && error[0] == '\0')
		say(l, "%s: the interface was removed; waiting until it is back", name);
	else if (now == IFACE_GONE)
		say(l, "%s: %s; trying again", name, error);
}

static void
came_back(struct live *l, struct link *k, int64_t now)
{
	say(l, "%s: capturing again (%s), after %.1f s", iface_name(k->iface), iface_link(k->iface), (double)(now - k->away) / 1e9);
}

static void
look_after(struct live *l, struct link *k, int64_t now)
{
	bool anew = k->state != IFACE_UP && (now >= k->retry || now < k->away);
	enum iface_state is;

	if (anew) {
		k->pause = k->pause * 2 < SELDOM ? k->pause * 2 : SELDOM;
		k->retry = now + k->pause;
		forget(l, k);
	}
	is = iface_look(k->iface, anew);
	if (is == IFACE_UP && k->state != IFACE_UP)
		came_back(l, k, now);
	else if (is != IFACE_UP && is > k->state)
		went(l, k, is);
	else if (is == IFACE_GONE && anew && !k->refused && iface_error(k->iface)[0] != '\0') {
		k->refused = true;
		say(l, "%s; trying again", iface_error(k->iface));
	}
	k->state = is;
}

static struct capture_stats
take_stats(struct live *l, struct link *k)
{
	struct capture_stats s = iface_stats(k->iface);
	bool away = k->state != IFACE_UP;
	int64_t now = wall_clock();

	look_after(l, k, now);
	s.since = k->asked;
	s.until = k->asked = now;
	if ((away || k->state != IFACE_UP) && s.until > s.since) {
		s.gap = s.until - s.since;
		s.has = true;
	}
	return (s);
}

bool
live_stats(struct live *l, unsigned i, struct capture_stats *s)
{
	if (i >= l->n)
		return (false);
	if (l->draining) {
		*s = l->link[i].last;
		l->link[i].last.has = false;
	} else {
		*s = take_stats(l, &l->link[i]);
	}
	return (true);
}

/* --- frames */

/* It was told to stop: what the kernel holds of the time before is still read, and counts up to here. */
static void
drain(struct live *l)
{
	l->stopped = wall_clock();
	for (unsigned i = 0; i < l->n; i++)
		l->link[i].last = take_stats(l, &l->link[i]);
	l->draining = true;
}

/* Until something comes, a frame that is held may be given, or some time has passed.  libpcap may sleep for as long as
 * nothing comes, whatever its timeout; so it never waits, and that is done here. */
static void
wait_for(struct live *l, int64_t now, int64_t until)
{
	int64_t most = ALONE * MSEC;
	nfds_t n = 0;

	for (unsigned i = 0; i < l->merge.n; i++) {
		int fd = iface_fd(l->of[i].iface, l->of[i].ring);

		if (fd < 0 && most > ALONE * MSEC / 10) /* a device that can not be waited for */
			most = ALONE * MSEC / 10;
		if (fd >= 0 && !l->source[i].held && l->link[l->of[i].link].state == IFACE_UP)
			l->poll[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	if (until - now < most)
		most = until - now;
	(void)poll(l->poll, n, (int)(most / MSEC) + 1); /* a signal too: the caller looks */
}

enum capture_result
live_next(struct live *l, struct frame *frame)
{
	int64_t until;

	if (l->over)
		return (CAPTURE_END);
	for (bool waited = false;; waited = true) {
		if (l->stop != NULL && *l->stop != 0 && !l->draining)
			drain(l);
		if (l->given < l->said.len)
			return (CAPTURE_SAYS);
		if (merge_next(&l->merge, frame, &until)) {
			l->fresh = true;
			l->over = l->draining && (frame->ts > l->stopped || l->drained++ == DRAIN);
			return (l->over ? CAPTURE_END : CAPTURE_FRAME);
		}
		frame->ts = wall_clock();
		if (l->draining) {
			l->over = frame->ts - l->stopped > l->merge.hold || frame->ts < l->stopped;
			if (l->over)
				return (CAPTURE_END);
		} else if (l->fresh || waited) { /* before waiting: what came may be worked on */
			l->fresh = false;
			return (CAPTURE_IDLE);
		}
		wait_for(l, frame->ts, until);
	}
}

const char *
live_says(struct live *l)
{
	const char *text = (const char *)l->said.p + l->given;

	l->given += strlen(text) + 1;
	return (text);
}

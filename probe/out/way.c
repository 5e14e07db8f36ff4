/* SPDX-License-Identifier: BSD-2-Clause
 *
 * way.c: what a collector has not yet is sent to it.  Tested by tests/collect.tap.
 *
 * Nothing is kept here of what was sent: the collector is asked what it has of each file, how many bytes and their sum.  So
 * it does not matter when, and on which side, something is cut.
 */
#include "probe/out/way.h"

#include "format/base/log.h"
#include "format/base/map.h"
#include "format/base/mem.h"
#include "format/base/tls.h"
#include "format/wire.h"
#include "probe/out/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK	 300	/* ms between two looks at the spool */
#define ANSWER	 30000	/* ms: a collector's disk may be slow */
#define CONNECT	 5000	/* ms */
#define IDLE	 20	/* looks without anything new: a word that we are still there */
#define WAIT	 100	/* ms until it is tried again, twice as long each time, */
#define WAIT_ALL 15000	/* ms at most */
#define LEAST	 ((size_t)4096) /* bytes sent at once where the connection does not last for more */
#define LAST	 10000	/* ms, once the probe has ended, in which nothing goes on */

#define UNKNOWN UINT64_MAX /* the collector has not been asked */

struct sent { /* of a file */
	uint64_t size;
	bool done, refused;
};

struct way {
	const struct way_options *o;
	struct wire wire;
	struct map names;
	struct sent *sent;
	uint32_t cap;
	char open[WIRE_NAME + 1]; /* of which is spoken; "": none */
	bool ended;		  /* the probe has */
	bool trouble;		  /* said, and not yet over */
	bool moved;		  /* something was sent in this look, */
	bool went;		  /* or through this connection */
	size_t piece;		  /* bytes sent at once: more as long as all goes well */
	char why[1024];
};

/* For so long, or until the probe ends. */
static void
rest(struct way *w, int ms)
{
	struct pollfd p = { .fd = w->ended ? -1 : w->o->control, .events = POLLIN };
	char byte;

	if (poll(&p, 1, ms) > 0 && recv(w->o->control, &byte, 1, MSG_DONTWAIT) == 0)
		w->ended = true;
}

static bool
lost(struct way *w)
{
	return (say_wrong(w->why, sizeof(w->why), "%s: %s", w->o->to, strerror(errno)));
}

/* An answer of one of two kinds. */
static bool
ask(struct way *w, struct wire_frame *f, enum wire_kind kind, enum wire_kind other)
{
	if (!wire_send(&w->wire) || !wire_hear(&w->wire, f))
		return (lost(w));
	if (f->kind == kind || f->kind == other)
		return (true);
	if (f->kind == WIRE_FAIL)
		return (say_wrong(w->why, sizeof(w->why), "%s: it says: %.*s", w->o->to, (int)cur_left(&f->at), (const char *)f->at.p));
	return (say_wrong(w->why, sizeof(w->why), "%s: it answers something else", w->o->to));
}

static struct sent *
sent_of(struct way *w, const char *name)
{
	uint32_t i, before = w->names.n;

	if (map_put(&w->names, name, strlen(name), &i) && i >= w->cap) {
		w->cap = w->cap == 0 ? 64 : 2 * w->cap;
		w->sent = mem_grow(w->sent, w->cap, sizeof(w->sent[0]));
	}
	if (w->names.n > before)
		w->sent[i] = (struct sent){ .size = UNKNOWN };
	return (&w->sent[i]);
}

/* --- one file */

struct have {
	bool complete;
	uint64_t size, sum;
};

static bool
hear_have(struct way *w, struct wire_frame *f, struct have *h)
{
	h->complete = cur_u8(&f->at) != 0;
	h->size = cur_u64(&f->at);
	h->sum = cur_u64(&f->at);
	return (!f->at.cut || say_wrong(w->why, sizeof(w->why), "%s: half an answer", w->o->to));
}

/* What it has is the beginning of ours, or goes. */
static bool
agree(struct way *w, int fd, uint64_t size, struct wire_frame *f, struct sent *s)
{
	struct have h;
	uint64_t sum;

	if (!hear_have(w, f, &h))
		return (false);
	if (h.size <= size && wire_sum(fd, h.size, &sum) && sum == h.sum) {
		s->size = h.size;
		return (true);
	}
	if (h.complete) { /* no two files have one name: somebody has changed one of them */
		log_warnx("%s: %s is complete there, and another file: it stays here", w->o->to, w->open);
		s->refused = true;
		return (true);
	}
	(void)wire_say(&w->wire, WIRE_ZERO);
	s->size = 0;
	return (ask(w, f, WIRE_HAVE, WIRE_HAVE) && hear_have(w, f, &h) && (h.size == 0 || say_wrong(w->why, sizeof(w->why), "%s: it keeps what it should not", w->o->to)));
}

static bool
send_bytes(struct way *w, int fd, uint64_t size, struct sent *s)
{
	while (s->size < size) {
		uint64_t left = size - s->size;
		size_t n = left < w->piece ? (size_t)left : w->piece;
		struct wire_frame f;
		struct buf *b = wire_say(&w->wire, WIRE_DATA);
		ssize_t got;

		buf_u64(b, s->size);
		got = pread(fd, buf_room(b, n), n, (off_t)s->size);
		if (got <= 0)
			return (true); /* it is shorter by now: the next look tells */
		b->len += (size_t)got;
		if (!ask(w, &f, WIRE_TOOK, WIRE_TOOK)) {
			w->piece = w->piece / 4 > LEAST ? w->piece / 4 : LEAST;
			return (false);
		}
		if (cur_u64(&f.at) != s->size + (uint64_t)got || f.at.cut)
			return (say_wrong(w->why, sizeof(w->why), "%s: it took something else", w->o->to));
		s->size += (uint64_t)got;
		w->piece = w->piece * 2 < WIRE_PIECE ? w->piece * 2 : WIRE_PIECE;
		w->moved = w->went = true;
	}
	return (true);
}

static bool
finish(struct way *w, int fd, uint64_t size, struct sent *s)
{
	struct wire_frame f;
	struct buf *b;
	uint64_t sum;

	if (!wire_sum(fd, size, &sum))
		return (true);
	b = wire_say(&w->wire, WIRE_DONE);
	buf_u64(b, size);
	buf_u64(b, sum);
	if (!ask(w, &f, WIRE_DONE, WIRE_HAVE))
		return (false);
	if (f.kind == WIRE_HAVE)
		return (agree(w, fd, size, &f, s)); /* the next look sends it */
	s->done = w->moved = w->went = true;
	w->open[0] = '\0';
	return (true);
}

static bool
choose(struct way *w, const char *name, int fd, uint64_t size, struct sent *s)
{
	struct wire_frame f;

	if (strcmp(w->open, name) == 0 && s->size <= size)
		return (true);
	(void)snprintf(w->open, sizeof(w->open), "%s", name);
	buf_str(wire_say(&w->wire, WIRE_OPEN), name);
	return (ask(w, &f, WIRE_HAVE, WIRE_HAVE) && agree(w, fd, size, &f, s));
}

/* false: the connection is gone. */
static bool
give(struct way *w, const struct spool_file *file)
{
	char path[4400];
	struct sent *s = sent_of(w, file->name);
	struct stat st;
	bool good;
	int fd;

	if (s->done || s->refused)
		return (true);
	(void)snprintf(path, sizeof(path), "%s/%s%s", w->o->folder, file->name, file->complete ? "" : ".part");
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return (true); /* it is called otherwise by now */
	good = true;
	if (fstat(fd, &st) == 0 && (file->complete || (uint64_t)st.st_size != s->size)) {
		uint64_t size = (uint64_t)st.st_size;

		good = choose(w, file->name, fd, size, s) && (s->refused || send_bytes(w, fd, size, s));
		if (good && file->complete && !s->refused && s->size == size)
			good = finish(w, fd, size, s);
	}
	(void)close(fd);
	return (good);
}

/* --- all of them */

/* Names of what the collector has, to who removes them once all collectors do. */
static void
tell_done(struct way *w, const char *name)
{
	while (send(w->o->control, name, strlen(name), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* Everything that is there.  *left: files that are not complete on the other side. */
static bool
give_all(struct way *w, size_t *left)
{
	size_t n;
	struct spool_file *files = spool_list(w->o->folder, &n);
	bool good = true;

	*left = 0;
	for (size_t i = 0; good && i < n; i++) {
		bool before = sent_of(w, files[i].name)->done;

		good = give(w, &files[i]);
		if (good && sent_of(w, files[i].name)->done) {
			if (!before)
				tell_done(w, files[i].name);
		} else {
			(*left)++;
		}
	}
	spool_forget(files, n);
	return (good);
}

/* The files are read each time: they may have been renewed. */
static bool
encrypt(struct way *w)
{
	struct tls_setup *s;
	char err[512];
	bool good;

	if (!w->o->far.tls)
		return (true);
	s = tls_setup(w->o->tls, false, err, sizeof(err));
	good = s != NULL && tls_begin(s, &w->wire.link, w->o->far.host, err, sizeof(err));
	tls_setup_free(&s);
	return (good || say_wrong(w->why, sizeof(w->why), "%s: %s", w->o->to, err));
}

static bool
greet(struct way *w)
{
	struct wire_frame f;
	struct buf *b;
	int on = 1;

	w->open[0] = '\0';
	for (uint32_t i = 0; i < w->names.n; i++)
		w->sent[i].size = UNKNOWN;
	w->wire.link = (struct link){ .fd = far_connect(&w->o->far, CONNECT, w->why, sizeof(w->why)), .ms = ANSWER };
	if (w->wire.link.fd < 0)
		return (false);
	(void)setsockopt(w->wire.link.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!encrypt(w))
		return (false);
	b = wire_say(&w->wire, WIRE_HELLO);
	buf_u16(b, WIRE_VERSION);
	buf_str(b, w->o->probe);
	return (ask(w, &f, WIRE_HELLO, WIRE_HELLO));
}

/* While it is there.  true: all is sent, and the probe has ended. */
static bool
talk(struct way *w)
{
	struct wire_frame f;
	unsigned quiet = 0;
	size_t left;

	w->went = false;
	if (!greet(w))
		return (false);
	for (;;) {
		bool last = w->ended; /* nothing is new behind this look */

		w->moved = false;
		if (!give_all(w, &left))
			return (false);
		if (w->trouble)
			log_info("%s: records are sent again", w->o->to);
		w->trouble = false;
		if (last && (left == 0 || !w->moved))
			return (true);
		quiet = w->moved ? 0 : quiet + 1;
		if (quiet == IDLE) {
			(void)wire_say(&w->wire, WIRE_IDLE);
			if (!ask(w, &f, WIRE_IDLE, WIRE_IDLE))
				return (false);
			quiet = 0;
		}
		if (!w->moved)
			rest(w, LOOK);
	}
}

int
way_run(const struct way_options *o)
{
	struct way w = { .o = o, .piece = WIRE_PIECE / 4 };
	int wait = WAIT, waited = 0;
	bool all;

	for (;;) {
		w.wire.link.fd = -1;
		all = talk(&w);
		wire_free(&w.wire);
		if (all)
			break;
		if (!w.trouble)
			log_warnx("%s; records wait in %s until it works again", w.why, o->folder);
		w.trouble = true;
		if (w.went)
			wait = WAIT;
		waited = w.ended && !w.went ? waited + wait : 0;
		if (w.ended && waited >= LAST)
			break;
		rest(&w, w.ended && wait > 1000 ? 1000 : wait);
		wait = wait * 2 < WAIT_ALL ? wait * 2 : WAIT_ALL;
	}
	map_free(&w.names);
	free(w.sent);
	return (all ? 0 : 1);
}

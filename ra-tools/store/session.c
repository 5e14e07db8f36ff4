/* SPDX-License-Identifier: BSD-2-Clause
 *
 * session.c: the answers of a collector (wire.h).  Tests: tests/collect.tap, fuzz_collect.
 */
#include "ra-tools/store/session.h"

#include "ra-tools/store/received.h"

#include <errno.h>
#include <string.h>

struct session {
	struct wire *wire;
	struct received *files;
	char *err;
	size_t errlen;
};

bool
session_fail(struct wire *w, const char *why)
{
	buf_str(wire_say(w, WIRE_FAIL), why);
	return (wire_send(w));
}

/* It is told what is wrong, as far as it still hears. */
static bool
fail(struct session *s, const char *why)
{
	(void)session_fail(s->wire, why);
	return (say_wrong(s->err, s->errlen, "%s", why));
}

static bool
answer(struct session *s)
{
	return (wire_send(s->wire) || say_wrong(s->err, s->errlen, "%s", strerror(errno)));
}

static bool
say_have(struct session *s)
{
	struct received_have have;
	struct buf *b;

	if (!received_have(s->files, &have))
		return (fail(s, received_error(s->files)));
	b = wire_say(s->wire, WIRE_HAVE);
	buf_u8(b, have.complete);
	buf_u64(b, have.size);
	buf_u64(b, have.sum);
	return (answer(s));
}

static bool
open_file(struct session *s, struct cursor *at)
{
	size_t n = cur_left(at);
	const uint8_t *name = cur_bytes(at, n);

	if (!received_file(s->files, (const char *)name, n))
		return (fail(s, received_error(s->files)));
	return (say_have(s));
}

static bool
take_data(struct session *s, struct cursor *at)
{
	uint64_t where = cur_u64(at);
	size_t n = cur_left(at);

	if (at->cut || !received_put(s->files, where, at->p, n))
		return (fail(s, at->cut ? "half a frame" : received_error(s->files)));
	buf_u64(wire_say(s->wire, WIRE_TOOK), where + n);
	return (answer(s));
}

static bool
finish_file(struct session *s, struct cursor *at)
{
	uint64_t size = cur_u64(at), sum = cur_u64(at);
	bool is;

	if (at->cut || !received_done(s->files, size, sum, &is))
		return (fail(s, at->cut ? "half a frame" : received_error(s->files)));
	if (!is)
		return (say_have(s));
	(void)wire_say(s->wire, WIRE_DONE);
	return (answer(s));
}

static bool
take_frame(struct session *s, struct wire_frame *f)
{
	switch (f->kind) {
	case WIRE_OPEN:
		return (open_file(s, &f->at));
	case WIRE_DATA:
		return (take_data(s, &f->at));
	case WIRE_ZERO:
		return (received_zero(s->files) ? say_have(s) : fail(s, received_error(s->files)));
	case WIRE_DONE:
		return (finish_file(s, &f->at));
	case WIRE_IDLE:
		(void)wire_say(s->wire, WIRE_IDLE);
		return (answer(s));
	default:
		return (fail(s, "nobody asks so"));
	}
}

static bool
greet(struct session *s, const char *dir, struct wire_frame *f)
{
	char err[1024];
	unsigned version = cur_u16(&f->at);

	if (f->kind != WIRE_HELLO || f->at.cut)
		return (fail(s, "a probe says hello first"));
	if (version != WIRE_VERSION)
		return (fail(s, "the probe is of another version"));
	s->files = received_open(dir, (const char *)f->at.p, cur_left(&f->at), err, sizeof(err));
	if (s->files == NULL)
		return (fail(s, err));
	buf_u16(wire_say(s->wire, WIRE_HELLO), WIRE_VERSION);
	return (answer(s));
}

bool
session(struct wire *w, struct wire_frame *first, const char *dir, char *err, size_t errlen)
{
	struct session s = { .wire = w, .err = err, .errlen = errlen };
	struct wire_frame f;
	bool good = greet(&s, dir, first);

	while (good && (good = wire_hear(w, &f)))
		good = take_frame(&s, &f);
	if (!good && err[0] == '\0' && errno != ECONNRESET)
		(void)say_wrong(err, errlen, "%s", strerror(errno));
	received_close(&s.files);
	return (err[0] == '\0');
}

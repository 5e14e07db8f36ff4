/* SPDX-License-Identifier: BSD-2-Clause
 *
 * distant.c: -r tcp://HOST:PORT: records as they come to a collector, filtered there.  Tested by tests/collect.tap.
 *
 * The connection takes the place of standard input: what comes behind the answer is a record file.
 */
#include "ra-tools/run/room.h"

#include "format/base/far.h"
#include "format/wire.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE 10000 /* ms */

/* The filter may ask there for what is only here: then it is asked here alone. */
static bool
works_there(const struct run *r)
{
	struct filter_error e = { .length = 1 };
	struct filter *f = r->filter_text == NULL ? NULL : filter_new(r->filter_text, r->now, r->period.zone, &e);
	bool right = f != NULL; /* what is wrong with it is said here, with its place */

	filter_free(&f);
	return (right && r->rejects_path == NULL && r->labels == NULL && !filter_may_read(r->filter_text));
}

static bool
say_what(struct wire *w, const struct run *r, char *err, size_t errlen)
{
	struct buf *b = wire_say(w, WIRE_READ);
	struct wire_frame f;

	buf_u16(b, WIRE_VERSION);
	buf_u64(b, (uint64_t)((r->timed ? r->from : r->now) / SEC));
	buf_str(b, works_there(r) ? r->filter_text : "");
	if (!wire_send(w) || !wire_hear(w, &f))
		return (say_wrong(err, errlen, "%s", strerror(errno)));
	if (f.kind == WIRE_FAIL)
		return (say_wrong(err, errlen, "it says: %.*s", (int)cur_left(&f.at), (const char *)f.at.p));
	return (f.kind == WIRE_READ || say_wrong(err, errlen, "it answers something else"));
}

void
distant_open(struct run *r, const char *path)
{
	struct wire w = { .link = { .fd = -1, .ms = PATIENCE } };
	char err[1024];
	struct far f;

	if (!far_parse(&f, path, WIRE_PORT, err, sizeof(err)) || !f.stream || f.tls)
		run_usage("-r %s: expected tcp://HOST:PORT", path);
	for (unsigned i = 0; i < source_count(r->source); i++)
		if (strcmp(source_path(r->source, i), "-") == 0)
			run_usage("-r %s: one collector, or standard input", path);
	if ((w.link.fd = far_connect(&f, PATIENCE, err, sizeof(err))) < 0)
		run_fail("%s", err);
	if (!say_what(&w, r, err, sizeof(err)))
		run_fail("%s: %s", path, err);
	if (dup2(w.link.fd, STDIN_FILENO) < 0)
		run_fail("%s: %s", path, strerror(errno));
	wire_free(&w);
	source_add(r->source, "-");
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * repair.c: good blocks are copied.  Tested by tests/unit/probe/out/test_archive.c.
 */
#include "format/repair.h"

#include "format/base/mem.h"
#include "format/reader.h"
#include "format/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned
count(void *arg, const struct block_info *b)
{
	*(uint64_t *)arg += b->rows;
	return (1);
}

bool
repair_look(const char *path, struct repair_state *s, char *err, size_t errlen)
{
	struct reader *r = reader_open(path, err, errlen);
	struct reader_totals t;

	if (r == NULL)
		return (false);
	s->records = 0;
	reader_want(r, count, &s->records);
	while (reader_next(r, NULL) != NULL)
		;
	t = reader_totals(r);
	s->bad_bytes = t.bad_bytes;
	s->whole = reader_error(r) == NULL && t.segments > 0 && t.closed == t.segments;
	reader_close(&r);
	return (true);
}

struct copy {
	const char *to;
	struct writer *out;
	struct writer_options options; /* of the segment that is being written */
	char *probe;                   /* its text */
	bool lost;
	char *err;
	size_t errlen;
};

static bool
same_header(const struct segment_info *a, const struct segment_info *b)
{
	return (a->interval == b->interval && a->snaplen == b->snaplen && a->filtered == b->filtered && a->live == b->live &&
	    strcmp(a->probe == NULL ? "" : a->probe, b->probe == NULL ? "" : b->probe) == 0);
}

/* Blocks of that header follow. */
static bool
begin(struct copy *c, const struct segment_info *s)
{
	struct segment_info wanted = *s;

	wanted.filtered |= c->lost;
	if (c->out != NULL && same_header(&wanted, &c->options.segment))
		return (true);
	c->options.append = c->out != NULL;
	if (c->out != NULL)
		writer_keep_part(c->out);
	if (!writer_close(&c->out, c->err, c->errlen))
		return (false);
	free(c->probe);
	wanted.probe = c->probe = mem_str(s->probe == NULL ? "" : s->probe);
	c->options.segment = wanted;
	c->out = writer_open(c->to, &c->options, c->err, c->errlen);
	return (c->out != NULL);
}

bool
repair_copy(const char *from, const char *to, const struct repair_options *o, uint64_t *records, char *err, size_t errlen)
{
	struct copy c = { .to = to, .options = { .fsync = true, .beside = true }, .lost = o->lost, .err = err, .errlen = errlen };
	struct reader *in = reader_open(from, err, errlen);
	enum repair_what what = REPAIR_KEEP;
	struct batch *b;
	bool good = in != NULL;

	*records = 0;
	while (good && what != REPAIR_STOP && (b = reader_next(in, NULL)) != NULL) {
		what = o->block != NULL ? o->block(o->arg, reader_number(in)) : REPAIR_KEEP;
		if (what != REPAIR_KEEP)
			continue;
		good = begin(&c, reader_segment(in));
		*records += b->rows;
		if (good && !writer_put(c.out, b)) {
			(void)snprintf(err, errlen, "%s", writer_error(c.out));
			good = false;
		}
	}
	good = good && (c.out != NULL || begin(&c, reader_segment(in)));
	if (c.out != NULL && what == REPAIR_STOP)
		writer_keep_part(c.out);
	if (c.out != NULL && !writer_close(&c.out, good ? err : NULL, errlen))
		good = false;
	reader_close(&in);
	free(c.probe);
	return (good);
}

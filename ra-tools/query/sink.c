/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sink.c: a record file being written.
 */
#include "ra-tools/query/sink.h"

#include "format/base/mem.h"
#include "ra-tools/query/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct sink {
	char *path;
	struct writer *writer;
	bool begun;	    /* there is a file, or a pipe had something */
	char *part;	    /* PATH.part while no writer has it; NULL: it is a pipe, or nothing was written */
	struct batch *held; /* rows that are not yet a block */
	uint32_t *rows, block_rows;
	struct sink *next; /* that is open */
	char error[512];
};

static struct sink *open_sinks;

/* The program ends in the middle. */
static void
drop_parts(void)
{
	for (struct sink *s = open_sinks; s != NULL; s = s->next)
		if (sink_part(s) != NULL)
			(void)unlink(sink_part(s));
}

struct sink *
sink_new(const char *path)
{
	static bool watched;
	struct sink *s = mem_zero(1, sizeof(*s));

	s->path = mem_str(path);
	s->block_rows = BATCH_ROWS;
	s->next = open_sinks;
	open_sinks = s;
	if (!watched)
		(void)atexit(drop_parts);
	watched = true;
	return (s);
}

void
sink_rows(struct sink *s, uint32_t rows)
{
	s->block_rows = rows;
}

uint64_t
sink_bytes(const struct sink *s)
{
	return (s->writer == NULL ? 0 : writer_bytes(s->writer));
}

const char *
sink_part(const struct sink *s)
{
	return (s->writer != NULL ? writer_part(s->writer) : s->part);
}

const char *
sink_error(const struct sink *s)
{
	return (s->error);
}

static bool
open_file(struct sink *s, const struct segment_info *segment)
{
	struct writer_options o = { .segment = *segment, .beside = true, .append = s->begun };

	if (s->writer != NULL)
		return (true);
	if (o.segment.probe == NULL)
		o.segment.probe = "";
	s->writer = writer_open(s->path, &o, s->error, sizeof(s->error));
	s->begun |= s->writer != NULL;
	return (s->writer != NULL);
}

static bool
write_rows(struct sink *s, const struct segment_info *segment, struct batch *b)
{
	if (!open_file(s, segment))
		return (false);
	if (writer_put(s->writer, b))
		return (true);
	(void)snprintf(s->error, sizeof(s->error), "%s", writer_error(s->writer));
	return (false);
}

static bool
write_held(struct sink *s, const struct segment_info *segment)
{
	bool good = s->held == NULL || s->held->rows == 0 || write_rows(s, segment, s->held);

	if (s->held != NULL)
		batch_reset(s->held);
	return (good);
}

bool
sink_put(struct sink *s, const struct segment_info *segment, struct batch *b)
{
	uint32_t n;

	if (s->rows == NULL)
		s->rows = mem_alloc(BATCH_ROWS * sizeof(s->rows[0]));
	n = rows_selected(b, s->rows);
	if (n == b->rows && !b->part && (s->held == NULL || s->held->rows == 0))
		return (write_rows(s, segment, b));
	batch_flatten(b);
	if (s->held == NULL)
		s->held = batch_new(s->block_rows);
	for (uint32_t at = 0; at < n;) {
		uint32_t room = s->held->cap - s->held->rows, k = n - at < room ? n - at : room;

		gather(s->held, b, s->rows + at, k);
		at += k;
		if (s->held->rows == s->held->cap && !write_held(s, segment))
			return (false);
	}
	return (true);
}

static void
forget_rows(struct sink *s)
{
	batch_free(&s->held);
	free(s->rows);
	s->rows = NULL;
}

bool
sink_flush(struct sink *s, const struct segment_info *segment)
{
	return (write_held(s, segment));
}

bool
sink_pause(struct sink *s, const struct segment_info *segment)
{
	bool good = write_held(s, segment);

	forget_rows(s);
	if (s->writer == NULL)
		return (good);
	if (s->part == NULL && writer_part(s->writer) != NULL)
		s->part = mem_str(writer_part(s->writer));
	writer_keep_part(s->writer);
	return (writer_close(&s->writer, s->error, sizeof(s->error)) && good);
}

bool
sink_close(struct sink **ps, const struct segment_info *segment, enum sink_fate fate, char *err, size_t errlen)
{
	struct sink *s = *ps, **at = &open_sinks;
	bool good;

	if (s == NULL)
		return (true);
	good = write_held(s, segment) && ((fate != SINK_WHOLE && !s->begun) || open_file(s, segment));
	if (!good)
		(void)snprintf(err, errlen, "%s", s->error);
	if (s->writer != NULL && fate == SINK_PART)
		writer_keep_part(s->writer);
	if (s->writer != NULL && !writer_close(&s->writer, good ? err : NULL, errlen))
		good = false;
	if (!good && s->part != NULL)
		(void)unlink(s->part);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	forget_rows(s);
	free(s->part);
	free(s->path);
	free(s);
	*ps = NULL;
	return (good);
}

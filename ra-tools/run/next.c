/* SPDX-License-Identifier: BSD-2-Clause
 *
 * next.c: rows come, block by block.
 */
#include "ra-tools/run/room.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
note_segment(struct run *r, const struct segment_info *s)
{
	if (r->probe == NULL && s->probe != NULL) {
		r->probe = mem_str(s->probe);
		r->segment = *s;
		r->segment.probe = r->probe;
		r->segment.program = NULL; /* it was a block's */
	}
	if (s->interval > r->segment.interval)
		r->segment.interval = s->interval;
	if (s->filtered)
		r->segment.filtered = true;
}

bool
run_stops(const struct run *r)
{
	return (watch_stop() != 0 && (r->files || r->gave_up || source_stopped(r->source)));
}

bool
run_partial(const struct run *r)
{
	return (r->failed || run_stops(r));
}

static const char *const whys[READER_WHYS] = { "", "outside the time", "MAR records alone",
					       "by least and greatest values", "by a membership filter",
					       "by its addresses" };

static void
explain_block(const struct scan_block *b)
{
	if (b->why != 0)
		log_info("%s: block %llu, %u records: skipped, %s", b->origin.path, (unsigned long long)b->in_file,
			 b->rows, whys[b->why]);
	else
		log_info("%s: block %llu, %u records: %s", b->origin.path, (unsigned long long)b->in_file, b->rows,
			 b->batch == NULL ? "damaged"
			 : b->any	  ? "read"
					  : "read, nothing selected");
}

/* A block of this file was looked at.  Files may be added while others are read. */
void
note_read(struct run *r, unsigned file)
{
	unsigned n = source_count(r->source);

	if (file >= r->nread) {
		r->read = mem_grow(r->read, n, sizeof(r->read[0]));
		memset(r->read + r->nread, 0, (n - r->nread) * sizeof(r->read[0]));
		r->nread = n;
	}
	r->read[file] = true;
}

/* The next block that was looked at; NULL: no more, or enough. */
static const struct scan_block *
next_block(struct run *r)
{
	const struct scan_block *b;

	if (r->enough || r->stopped || r->drained)
		return (NULL);
	if ((b = scan_next(r->scan)) == NULL) {
		r->ended = true;
		return (NULL);
	}
	if (run_stops(r)) {
		r->stopped = true;
		return (NULL);
	}
	if (!r->follow)
		watch_tell(&r->watch, run_clock(), b->done, b->size, b->records);
	if (r->explain > 1)
		explain_block(b);
	if (b->batch == NULL)
		return (b);
	note_segment(r, b->origin.segment);
	r->origin = b->origin;
	r->seen += b->rows;
	note_read(r, b->file);
	r->corrections += b->corrections;
	r->hidden += b->events;
	if (b->longest > 0)
		period_reach(&r->period, b->first, b->last, b->longest);
	if (b->probes != NULL)
		probes_join(r->probes, b->probes);
	return (b);
}

struct batch *
run_next(struct run *r)
{
	const struct scan_block *b;
	struct scan_plan p;

	if (r->scan == NULL && !r->drained) {
		plan_columns(r);
		p = plan_scan(r);
		r->scan = scan_new(r->source, &p);
	}
	while ((b = next_block(r)) != NULL) {
		if (b->batch == NULL)
			continue;
		if (r->rejects_path != NULL && b->rejected != NULL &&
		    bits_count(b->rejected, b->batch->rows) > 0) {
			uint64_t *sel = b->batch->sel;

			b->batch->sel = b->rejected;
			put_rows(r, r->rejects, b->batch, true);
			b->batch->sel = sel;
		}
		r->matched |= b->any;
		if (b->any)
			return (b->batch);
	}
	if (r->ended && !r->follow) { /* what it took of memory is for what comes out */
		scan_free(&r->scan);
		r->origin.segment = NULL; /* it was a block's */
		r->drained = true;
	}
	return (NULL);
}

void
run_each(struct run *r, scan_take take, void *const *states)
{
	const struct scan_block *block;
	struct batch *b;
	struct scan_plan p;

	if (r->rejects_path == NULL) {
		plan_columns(r);
		p = plan_scan(r);
		p.take = take;
		p.states = states;
		r->scan = scan_new(r->source, &p);
		while ((block = next_block(r)) != NULL) {
			r->matched |= block->any;
			if (block->any && !block->taken)
				(void)take(states[p.threads], block->batch, &block->origin);
		}
		scan_free(&r->scan); /* nobody works on the states any more */
		r->origin.segment = NULL; /* it was a block's */
		r->drained = true;
		return;
	}
	/* rejected rows are written before a batch is changed */
	while ((b = run_next(r)) != NULL)
		(void)take(states[run_threads(r)], b, &r->origin);
}

void
run_follow(struct run *r, bool (*idle)(void *), void *arg)
{
	r->follow = r->live = true;
	r->idle = idle;
	r->idle_arg = arg;
	source_follow(r->source);
	(void)run_more(r);
}

enum run_more
run_more(struct run *r)
{
	bool trees = false;

	r->ended = false;
	scan_free(&r->scan);
	r->origin.segment = NULL; /* it was a block's */
	for (size_t i = 0; i < r->ninputs; i++)
		if (r->inputs[i].tree)
			trees |= source_add_tree(r->source, r->inputs[i].path, true);
	if (source_more(r->source))
		return (RUN_MORE);
	return (trees || source_grows(r->source) ? RUN_LATER : RUN_NEVER);
}

bool
run_spool(struct run *r)
{
	char err[512] = "";

	if (r->files)
		return (false);
	if (!source_spool(r->source, err, sizeof(err)))
		run_fail("%s", err);
	r->files = source_is_files(r->source);
	return (true);
}

bool
run_again(struct run *r, int64_t from, int64_t to, const char *also)
{
	struct buf both = { 0 };

	scan_free(&r->scan);
	r->drained = r->ended = false;
	r->origin.segment = NULL;
	if (!source_rewind(r->source))
		return (false);
	r->from = from > r->period.from ? from : r->period.from;
	r->to = to < r->period.to ? to : r->period.to;
	r->timed = r->from != INT64_MIN || r->to != INT64_MAX;
	filter_free(&r->filter);
	free(r->both_text);
	if (r->filter_text != NULL && also != NULL)
		buf_printf(&both, "(%s) and (", r->filter_text);
	buf_str(&both, also != NULL ? also : r->filter_text != NULL ? r->filter_text : "");
	buf_str(&both, r->filter_text != NULL && also != NULL ? ")" : "");
	(void)buf_cstr(&both);
	r->both_text = (char *)both.p;
	r->filter = filter_of(r, "filter", r->both_text);
	r->wanted = NULL;
	r->want = r->own = (struct fieldset){ { 0 } };
	r->enough = false;
	return (true);
}

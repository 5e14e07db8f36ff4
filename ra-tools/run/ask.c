/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ask.c: what tools ask of a run.
 */
#include "ra-tools/run/room.h"

#include "ra-tools/query/pool.h"

void
run_uncounted(struct run *r)
{
	r->counted = false;
}

struct sheet *
run_sheet(struct run *r)
{
	return (&r->sheet);
}

const char *
run_inputs(struct run *r)
{
	return (r->typed.len == 0 ? "-r -" : buf_cstr(&r->typed));
}

const char *
run_asked(const struct run *r)
{
	return (r->both_text != NULL ? r->both_text : r->filter_text != NULL ? r->filter_text : "");
}

void
run_span(const struct run *r, int64_t *from, int64_t *to)
{
	*from = r->period.from;
	*to = r->period.to;
}

uint64_t
run_count(const struct run *r, uint64_t otherwise)
{
	return (r->counted ? r->count : otherwise);
}

uint64_t
run_most(const struct run *r)
{
	return (r->counted && r->having == NULL ? r->count : 0);
}

bool
run_separated(const struct run *r)
{
	return (r->separator != NULL);
}

bool
run_text(const struct run *r)
{
	return (r->out == &out_text);
}

bool
run_json(const struct run *r)
{
	return (r->json);
}

bool
run_quiet(const struct run *r)
{
	return (r->quiet);
}

bool
run_selects(const struct run *r)
{
	return (r->filter != NULL);
}

void
run_counted(struct run *r, uint64_t records)
{
	r->came_out += records;
}

bool
run_unclosed(const struct run *r)
{
	struct reader_totals t = source_totals(r->source);

	return (t.closed < t.segments);
}

unsigned
run_threads(const struct run *r)
{
	return (r->files && !r->dedup ? r->threads : 1); /* a pipe has one end, what came before is known to one */
}

uint64_t
run_memory(const struct run *r)
{
	return (r->memory);
}

#define BLOCK_BYTES (40ull << 20) /* of memory, while it is read, with all columns */
#define SELF_BYTES  (12ull << 20) /* the program, its libraries, and what is kept by the row of a block */
#define LEAST_BLOCKS 2	   /* with several threads: one is read while another one is merged */

/* Half of the memory is for blocks that are read at the same time, as far as threads ask for them. */
unsigned
run_blocks(const struct run *r)
{
	uint64_t fit = r->memory / 2 / BLOCK_BYTES;
	unsigned most = crew_slots(run_threads(r));

	fit = fit < LEAST_BLOCKS ? LEAST_BLOCKS : fit;
	return (fit < most ? (unsigned)fit : most);
}

#define ROW_BYTES 4400 /* of a record with all columns on its way out: picked, gathered and encoded */
#define LEAST_ROWS 1024

uint32_t
run_block_rows(const struct run *r)
{
	uint32_t rows = BATCH_ROWS;

	while (rows > LEAST_ROWS && rows > r->memory / 4 / ROW_BYTES)
		rows /= 2;
	return (rows);
}

uint64_t
run_room(const struct run *r)
{
	uint64_t read = run_blocks(r) * BLOCK_BYTES + SELF_BYTES;

	return (read > r->memory / 5 * 4 ? r->memory / 5 : r->memory - read);
}

uint64_t
run_much_memory(const struct run *r)
{
	return (r->much_memory);
}

const struct origin *
run_origin(const struct run *r)
{
	return (&r->origin);
}

const struct segment_info *
run_segment(const struct run *r)
{
	return (r->origin.segment == NULL ? &r->segment : r->origin.segment);
}

const char *
run_at(const struct run *r)
{
	return (r->origin.path == NULL ? "stdin" : r->origin.path);
}

int64_t
run_now(const struct run *r)
{
	return (r->now);
}

enum clock_zone
run_zone(const struct run *r)
{
	return (r->period.zone);
}

const char *
run_input(const struct run *r, unsigned i)
{
	return (i < source_count(r->source) ? source_path(r->source, i) : NULL);
}

const char *
run_output(const struct run *r)
{
	return (r->write_path);
}

bool
run_labels(const struct run *r, struct fieldset *made)
{
	if (r->labels != NULL)
		labels_fields(r->labels, made);
	return (r->labels != NULL);
}

void
run_call_probe(struct run *r, const char *name)
{
	r->called = name;
}

void
run_interval(struct run *r, uint32_t seconds)
{
	r->interval = seconds;
}

void
run_zone_text(const struct run *r, int64_t from, int64_t to, struct buf *b)
{
	period_zone_text(&r->period, from, to, b);
}

const struct labels *
run_label_lists(const struct run *r)
{
	return (r->labels);
}

bool
run_given(const struct run *r, size_t i, const struct option_row **row, const char **arg)
{
	if (i >= r->ngiven)
		return (false);
	*row = r->given[i].row;
	*arg = r->given[i].arg;
	return (true);
}

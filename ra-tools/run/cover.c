/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cover.c: nothing came out, or it can not: what the input does cover, in a sentence; in what bins.  Tested by tests/cli
 * (covers, mixed-T).
 */
#include "ra-tools/run/room.h"

#include "format/base/log.h"
#include "format/outline.h"
#include "ra-tools/query/bin.h"

#include <stdio.h>
#include <string.h>

#define DATE	   11 /* characters of a time */
#define FILES_MOST 1000 /* whose indexes are looked at */
#define MULTIPLE_MOST 86400 /* seconds: nobody asks for bins that fit all and are longer */

struct cover {
	uint64_t records;
	int64_t from, to;
	bool times;
};

static void
note_block(struct cover *c, const struct block_info *b)
{
	const struct range *start = &b->range[F_bstart], *end = &b->range[F_bend], *type = &b->range[F_rectype];
	int64_t from, to;

	if (type->known && type->all && type->min.u == RECTYPE_MAR && type->max.u == RECTYPE_MAR)
		return;
	c->records += b->rows;
	if (!start->known || start->mixed)
		return;
	from = start->min.i;
	to = end->known && !end->mixed ? end->max.i : start->max.i;
	c->from = !c->times || from < c->from ? from : c->from;
	c->to = !c->times || to > c->to ? to : c->to;
	c->times = true;
}

/* Every block is left out, after a look at what its directory says. */
static unsigned
look(void *arg, const struct block_info *b)
{
	note_block(arg, b);
	return (1);
}

/* Of pipes there is nothing but what passed by. */
static void
cover_inputs(const struct run *r, struct cover *c)
{
	static const struct fieldset nothing;
	char err[512];

	if (!r->files) {
		*c = (struct cover){ r->came_by, r->reach_from, r->reach_to, r->reach_from < r->reach_to };
		return;
	}
	for (unsigned i = 0; i < source_count(r->source) && i < FILES_MOST; i++) {
		struct reader *reader = reader_open(source_path(r->source, i), err, sizeof(err));

		if (reader == NULL)
			continue;
		reader_want(reader, look, c);
		while (reader_next(reader, &nothing) != NULL)
			;
		reader_close(&reader);
	}
}

static void
name_inputs(const struct run *r, struct buf *b)
{
	unsigned n = source_count(r->source);

	buf_str(b, strcmp(source_path(r->source, 0), "-") == 0 ? "stdin" : source_path(r->source, 0));
	if (n > 1)
		buf_printf(b, " and %u other%s", n - 1, n == 2 ? "" : "s");
}

static void
span(const struct run *r, int64_t from, const char *between, int64_t to, struct buf *b)
{
	char a[CLOCK_TEXT], z[CLOCK_TEXT];
	bool whole = from % SEC == 0 && to % SEC == 0;

	(void)clock_text(from, whole ? 0 : 6, r->period.zone, a);
	(void)clock_text(to, whole ? 0 : 6, r->period.zone, z);
	buf_printf(b, "%s %s %s%s", a, between, z + (strncmp(a, z, DATE) == 0 ? DATE : 0), r->period.tz == NULL ? " UTC" : "");
}

/* What of the question it was. */
static void
name_reason(const struct run *r, const struct cover *c, struct buf *b)
{
	bool apart = r->timed && (!c->times || r->period.from >= c->to || r->period.to <= c->from);

	if (c->records > 0 && (apart || (r->timed && r->filter == NULL && r->hidden == 0 && !r->matched))) {
		buf_str(b, "; nothing between ");
		span(r, r->period.from, "and", r->period.to, b);
	} else if (r->hidden > 0) {
		buf_printf(b, "; the %llu that %s no packets and %s shown with --events alone", (unsigned long long)r->hidden,
			   r->hidden == 1 ? "was found has" : "were found have", r->hidden == 1 ? "is" : "are");
	} else if (c->records > 0 && r->filter != NULL && !r->matched) {
		buf_str(b, source_count(r->source) > 1 ? "; none of their " : "; none of its ");
		if (r->timed) {
			buf_str(b, "records between ");
			span(r, r->period.from, "and", r->period.to, b);
		} else {
			buf_printf(b, "%llu record%s", (unsigned long long)c->records, c->records == 1 ? "" : "s");
		}
		buf_str(b, " matches the filter");
	} else if (c->records > 0) {
		buf_printf(b, "; %llu record%s, and %s", (unsigned long long)c->records, c->records == 1 ? "" : "s",
			   r->having != NULL	      ? "no row of them passes --having"
			   : r->tool->nothing != NULL ? r->tool->nothing
						      : c->records == 1	      ? "no row came of it"
					      : "no row came of them");
	}
}

void
cover_tell(const struct run *r)
{
	struct cover c = { .records = 0 };
	struct buf b = { 0 };

	if (r->quiet || r->tool->word != NULL || (r->counted && r->count == 0))
		return;
	if (source_count(r->source) == 0) {
		log_info("no *.pavo file is below %s", r->ninputs > 0 ? r->inputs[0].path : "the folder");
		return;
	}
	cover_inputs(r, &c);
	name_inputs(r, &b);
	if (c.times) {
		buf_str(&b, source_count(r->source) > 1 ? " hold " : " holds ");
		span(r, c.from, "to", c.to, &b);
	} else {
		buf_printf(&b, " hold%s %s", source_count(r->source) > 1 ? "" : "s",
			   c.records == 0 ? "no records of flows" : "records without times");
	}
	name_reason(r, &c, &b);
	log_info("%s", buf_cstr(&b));
	buf_free(&b);
}

int64_t
run_multiple(const struct run *r)
{
	struct arena arena = { 0 };
	struct outline o;
	int64_t all = 1;

	for (unsigned i = 0; i < source_count(r->source) && i < FILES_MOST && r->files; i++) {
		if (!outline_read(source_path(r->source, i), &arena, &o))
			continue;
		for (size_t g = 0; g < o.segments && all < MULTIPLE_MOST; g++)
			if (o.segment[g].info.interval > 0)
				all = bins_multiple(all, o.segment[g].info.interval);
		arena_reset(&arena);
	}
	arena_free(&arena);
	return (all > 1 && all < MULTIPLE_MOST ? all * SEC : 0);
}

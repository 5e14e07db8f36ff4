/* SPDX-License-Identifier: BSD-2-Clause
 *
 * print.c: rows go out: selected, to a sheet or a record file.
 */
#include "ra-tools/run/room.h"

#include "format/base/log.h"
#include "ra-tools/out/view.h"
#include "ra-tools/query/sink.h"

#include <stdlib.h>
#include <string.h>

const struct segment_info *
run_header(const struct run *r, bool filtered)
{
	static struct segment_info s;

	s = r->segment;
	if (r->interval > 0)
		s.interval = r->interval;
	if (r->called != NULL)
		s.probe = r->called;
	s.filtered |= filtered || r->filter != NULL;
	return (&s);
}

void
put_rows(struct run *r, struct sink *s, struct batch *b, bool filtered)
{
	if (!sink_put(s, run_header(r, filtered), b)) {
		log_warnx("%s", sink_error(s));
		exit(EXIT_ERROR);
	}
}

void
run_close(struct run *r, struct sink **s, bool filtered)
{
	char err[512] = "";

	if (run_stops(r) && *s != NULL && sink_part(*s) != NULL && r->parts++ == 0)
		buf_str(&r->part, sink_part(*s));
	if (!sink_close(s, run_header(r, filtered), run_stops(r) ? SINK_PART : r->failed ? SINK_SOME : SINK_WHOLE, err, sizeof(err)))
		run_wrong(r, "%s", err);
}

void
run_having(struct run *r, struct batch *b)
{
	if (b->sel == NULL) {
		bits_fill(r->sel, b->rows);
		b->sel = r->sel;
	}
	over_batch(r, b);
	if (r->having == NULL)
		return;
	memset(r->match, 0, BITS_WORDS(b->rows) * 8);
	filter_run(r->having, b, r->match);
	for (size_t w = 0; w < BITS_WORDS(b->rows); w++)
		b->sel[w] &= r->match[w];
}

/* --having, and no more rows than -N asks for. */
static uint64_t
select_output(struct run *r, struct batch *b)
{
	uint64_t n;

	run_having(r, b);
	n = bits_count(b->sel, b->rows);
	if (r->counted && r->came_out + n >= r->count) {
		uint64_t left = r->count - r->came_out;

		for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows;
		     i = bits_next(b->sel, i + 1, b->rows))
			if (left == 0)
				bit_clear(b->sel, i);
			else
				left--;
		n = r->count - r->came_out;
		r->enough = true;
	}
	return (n);
}

static void
note_no_elements(struct run *r)
{
	struct buf b = { 0 };

	if (ipfix_left_out(&r->sheet, &b))
		log_warnx("--ipfix: no element for %s", buf_cstr(&b));
	buf_free(&b);
}

void
sheet_head(struct run *r)
{
	if (r->headed || r->sheet.n == 0)
		return;
	r->headed = true;
	columns_probe(r);
	over_head(r);
	if (r->out == &out_ipfix)
		note_no_elements(r);
	r->out->head(&r->sheet);
}

noreturn void
print_schema(struct run *r)
{
	const char *wrong = schema_print(&r->schema, &r->sheet);

	if (wrong != NULL)
		run_usage("--schema: %s", wrong);
	exit(r->sheet.error == 0 ? 0 : EXIT_ERROR);
}

/* Merged rows with packets that the kernel dropped. */
static uint64_t
count_suspect(const struct batch *b)
{
	const struct column *flags = b->col[F_flags];
	uint64_t n = 0;

	if (flags == NULL)
		return (0);
	for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows; i = bits_next(b->sel, i + 1, b->rows))
		n += column_has(flags, (uint32_t)i) && flags->u[i] & RFLAGS_capdrop;
	return (n);
}

/* Rows go out with their batch where the next one has to be waited for.  Where it has not, how many rows a batch has is the
 * business of threads and memory, which no width of a column may tell.
 */
static bool
waits(const struct run *r)
{
	return (!r->ended && !(r->files && r->tool->merges));
}

static void
print_rows(struct run *r, const struct batch *b)
{
	uint32_t row[SHEET_ROWS], n = 0;

	for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows; i = bits_next(b->sel, i + 1, b->rows)) {
		if (r->out->rows == NULL) {
			r->out->row(&r->sheet, b, (uint32_t)i);
			continue;
		}
		row[n++] = (uint32_t)i;
		if (n == SHEET_ROWS) {
			r->out->rows(&r->sheet, b, row, n);
			n = 0;
		}
	}
	if (n > 0)
		r->out->rows(&r->sheet, b, row, n);
}

void
run_flush(struct run *r)
{
	if (r->write == NULL || sink_flush(r->write, run_header(r, false)))
		return;
	log_warnx("%s", sink_error(r->write));
	exit(EXIT_ERROR);
}

bool
run_print(struct run *r, struct batch *b)
{
	uint64_t n, full;
	const char *trouble;

	if (run_stops(r))
		return (false);
	over_batch(r, b);
	full = r->tool->merges ? full_mark(b) : 0;
	watch_clear(&r->watch);
	if (r->views != NULL && r->write_path == NULL)
		views_fill(r->views, b);
	n = select_output(r, b);
	r->came_out += n;
	if (r->tool->merges)
		r->suspect += count_suspect(b);
	r->full += n > 0 ? full : 0;
	if (n == 0)
		return (!r->enough);
	if (r->write_path != NULL) {
		b->part |= !waits(r) && b->rows < BATCH_ROWS && !b->last; /* nor blocks */
		put_rows(r, r->write, b, false);
		return (!r->enough);
	}
	if (r->quiet && r->sheet.kafka == NULL) {
		r->enough = true; /* the status is known */
		return (false);
	}
	for (unsigned i = 0; i < r->sheet.n; i++)
		(void)batch_derive(b, r->sheet.want[i].field);
	sheet_head(r);
	print_rows(r, b);
	if (r->out->pause != NULL && waits(r))
		r->out->pause(&r->sheet);
	sheet_flush(&r->sheet); /* the next batch may come from a probe, later */
	if (r->sheet.kafka != NULL && (trouble = kafka_trouble(r->sheet.kafka)) != NULL && !r->quiet)
		log_warnx("%s: %s", r->kafka_to, trouble);
	if (r->sheet.error != 0)
		r->enough = true;
	return (!r->enough);
}

bool
run_print_anyway(struct run *r, struct batch *b)
{
	struct filter *having = r->having;
	uint64_t suspect = r->suspect;
	bool more;

	r->having = NULL;
	more = run_print(r, b);
	r->having = having;
	r->suspect = suspect;
	return (more);
}

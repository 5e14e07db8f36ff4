/* SPDX-License-Identifier: BSD-2-Clause
 *
 * end.c: a tool ends: what there is to say of the answer, and its status.
 */
#include "ra-tools/run/room.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/plain.h"
#include "ra-tools/out/fit.h"
#include "ra-tools/out/view.h"
#include "ra-tools/query/choice.h"
#include "ra-tools/query/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
explain(const struct run *r)
{
	struct reader_totals t = source_totals(r->source);

	log_info("%llu blocks read, %llu skipped: %llu outside the time, %llu with MAR records alone, %llu by least "
		 "and greatest values, %llu by membership filters, %llu by their addresses",
		 (unsigned long long)t.blocks, (unsigned long long)t.skipped, (unsigned long long)t.why[WHY_TIME],
		 (unsigned long long)t.why[WHY_MAR], (unsigned long long)t.why[WHY_FILTER],
		 (unsigned long long)t.why[WHY_FILTER + 1], (unsigned long long)t.why[WHY_FILTER + 2]);
	log_info("%llu records read, %llu came out, %llu bytes could not be used",
		 (unsigned long long)r->seen, (unsigned long long)r->came_out,
		 (unsigned long long)t.bad_bytes);
	if (r->write_path != NULL || r->rejects_path != NULL) {
		log_info("columns read: all");
		return;
	}
	if (r->wanted == NULL)
		return;
	(void)fprintf(stderr, "%s: columns read:", log_name());
	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(r->wanted, f))
			(void)fprintf(stderr, " %s", fields[f].name);
	(void)fprintf(stderr, "\n");
}

/* What became of the messages. */
static void
kafka_tell(struct run *r)
{
	struct kafka_counts c = kafka_counts(r->sheet.kafka);
	uint64_t open = c.given - c.delivered - c.lost;

	if (open + c.lost > 0)
		run_wrong(r, "%s: of %llu messages %llu were delivered, %llu were not%s%s", r->kafka_to, (unsigned long long)c.given,
		    (unsigned long long)c.delivered, (unsigned long long)(open + c.lost), c.why[0] == '\0' ? "" : ": ", c.why);
	else if (!r->quiet)
		log_info("%s: %llu messages, all delivered", r->kafka_to, (unsigned long long)c.given);
	kafka_close(&r->sheet.kafka);
}

static void
sheet_tail(struct run *r)
{
	const char *to = r->ipfix.to != NULL ? r->ipfix.to : "stdout";

	if (r->sheet.n == 0 || (r->quiet && r->sheet.kafka == NULL) || r->write_path != NULL) {
		sheet_flush(&r->sheet);
	} else {
		sheet_head(r); /* a loader wants its header, also if nothing was found */
		r->out->tail(&r->sheet);
	}
	if (r->sheet.kafka != NULL)
		kafka_tell(r);
	r->gave_up |= r->sheet.error == ECANCELED;
	if (r->out == &out_ipfix && r->sheet.error == EMSGSIZE)
		run_wrong(r, "%s: a record is longer than a message: fewer columns (-s)%s", to,
			  r->ipfix.to == NULL ? "" : ", or tcp://");
	else if (r->out == &out_ipfix && r->sheet.error == EOVERFLOW)
		run_wrong(r, "%s: the records differ in more ways than there are numbers for templates: fewer columns (-s)", to);
	else if (r->sheet.error != 0 && (r->sheet.error != EPIPE || r->ipfix.to != NULL) && r->sheet.error != ECANCELED)
		run_wrong(r, "%s: %s", to, strerror(r->sheet.error));
}

static void
stopped_early(struct run *r)
{
	uint64_t done, size;
	struct buf text = { 0 };

	source_progress(r->source, &done, &size);
	if (r->gave_up)
		buf_str(&text, "interrupted: ");
	else if (r->files)
		buf_printf(&text, "interrupted: %llu of %llu MB were read, %llu records; ", (unsigned long long)(done >> 20),
			   (unsigned long long)(size >> 20), (unsigned long long)r->seen);
	else
		buf_printf(&text, "interrupted: %llu records were read; ", (unsigned long long)r->seen);
	if (r->parts == 0)
		buf_str(&text, "what came out is not all");
	else
		buf_printf(&text, "what came out is in %s", buf_cstr(&r->part));
	if (r->parts > 1)
		buf_printf(&text, " and %u others", r->parts - 1);
	log_warnx("%s", buf_cstr(&text));
	buf_free(&text);
}

/* Who asks for a label and has given no list is told so; who asks for everything is not. */
static void
note_labels(const struct run *r)
{
	struct reader_totals t = source_totals(r->source);
	enum field first = F_NONE;
	bool all = true;

	if (r->quiet || r->labels != NULL || r->label_seen || r->wanted == NULL || r->write_path != NULL ||
	    r->rejects_path != NULL || t.blocks + t.skipped == 0)
		return;
	for (enum field f = F_das; f >= F_slabel; f--)
		if (field_is_label(f)) {
			all &= fieldset_has(r->wanted, f);
			first = fieldset_has(r->wanted, f) ? f : first;
		}
	if (first != F_NONE && !all)
		log_info("%s is in none of these records: --label FILE makes it", fields[first].name);
}

/* Those in blocks that were skipped are not counted. */
static void
note_corrections(const struct run *r)
{
	unsigned long long n = r->corrections;

	if (n > 0)
		log_info("%s%llu correction records were excluded by the filter; use --having",
			 r->corrections_unread ? "at least " : "", n);
	else if (r->corrections_unread)
		log_info("correction records may have been excluded by the filter, in blocks that were skipped; use --having");
}

/* A range that cuts bins gets whole ones. */
static void
note_period(const struct run *r)
{
	struct buf b = { 0 };

	if (period_sentence(&r->period, &b))
		log_info("%s", buf_cstr(&b));
	buf_free(&b);
}

struct twice_met *
run_meets(struct run *r)
{
	if (r->met == NULL && !r->files && !r->dedup)
		r->met = twice_met_new(r->period.from, r->period.to);
	return (r->met);
}

bool
run_twice(struct run *r, bool all)
{
	unsigned n = source_count(r->source);
	bool one; /* run of a probe: files are not opened again */
	char **path;

	for (unsigned i = 0; all && i < n; i++)
		note_read(r, i);
	one = !all && source_totals(r->source).segments < 2;
	if (r->looked || r->read == NULL || r->dedup || one || source_moved(r->source))
		return (r->twice.a != NULL);
	r->looked = true;
	if (r->met != NULL)
		return (twice_met_find(r->met, &r->twice));
	path = mem_alloc(n * sizeof(path[0]));
	for (unsigned i = 0; i < n; i++)
		path[i] = (char *)(uintptr_t)source_path(r->source, i);
	(void)twice_find(path, r->read, n < r->nread ? n : r->nread, r->period.from, r->period.to, &r->found, &r->twice);
	free(path);
	return (r->twice.a != NULL);
}

static void
note_twice(struct run *r)
{
	struct buf b = { 0 };

	if (r->repeats != NULL && repeats_full(r->repeats))
		run_wrong(r, "--dedup: there are more records than --memory has room for: repeats of later ones are still there");
	if (r->repeats != NULL && repeats_left(r->repeats) > 0)
		log_info("--dedup: %llu records repeat an earlier one and were left out", (unsigned long long)repeats_left(r->repeats));
	if (!run_stops(r) && run_twice(r, false)) {
		twice_text(&r->twice, r->period.zone, &b);
		log_info("%s", buf_cstr(&b));
	}
	buf_free(&b);
}

/* Columns. */
static void
note_left_out(const struct run *r)
{
	struct buf b = { 0 };

	if (!r->quiet && fit_sentence(&r->sheet, &b))
		log_info("%s", buf_cstr(&b));
	buf_free(&b);
}

static void
say_last(struct run *r)
{
	for (unsigned i = 0; i < r->nlast; i++) {
		if (!r->quiet || !r->last[i].hint)
			log_info("%s", r->last[i].text);
		free(r->last[i].text);
	}
	free(r->last);
}

int
run_end(struct run **pr)
{
	struct run *r = *pr;
	int status;

	watch_clear(&r->watch);
	scan_free(&r->scan); /* what is being read is finished before it is counted */
	sheet_tail(r);
	run_close(r, &r->write, false);
	run_close(r, &r->rejects, true);
	note_labels(r);
	note_corrections(r);
	note_period(r);
	note_twice(r);
	if (r->dropped && !r->mar)
		log_info("records were dropped when this was captured, for what they are written to was full or too slow: sums lack them "
			 "(bins and counts: ra -s bstart,recdrop,recdrop_pkts,recdrop_bytes - \"mar and recdrop > 0\")");
	if (r->suspect > 0)
		log_info("%llu row%s made of bins in which packets were not captured: loss there is suspect "
			 "(flag g; filter: not capdrop)",
			 (unsigned long long)r->suspect, r->suspect == 1 ? " is" : "s are");
	if (r->full > 0)
		log_info("%llu row%s a sum of more than 64 bits hold: %llu is there instead, for that much or more (flag saturated)",
			 (unsigned long long)r->full, r->full == 1 ? " has" : "s have", (unsigned long long)UINT64_MAX);
	note_left_out(r);
	say_last(r);
	if (r->explain)
		explain(r);
	if (run_stops(r) && !r->follow)
		stopped_early(r);
	status = run_stops(r) ? 128 + watch_stop() : r->failed ? EXIT_ERROR : r->came_out > 0 ? 0 : 1;
	if (status == 1)
		cover_tell(r);
	source_free(&r->source);
	filter_free(&r->filter);
	filter_free(&r->having);
	sheet_free(&r->sheet);
	views_free(&r->views);
	probes_free(&r->probes);
	labels_free(&r->labels);
	arena_free(&r->names);
	arena_free(&r->found);
	twice_met_free(&r->met);
	repeats_free(&r->repeats);
	free(r->read);
	free(r->inputs);
	free(r->given);
	free(r->argv);
	free(r->columns);
	free(r->fields_text);
	free(r->filter_text);
	free(r->both_text);
	buf_free(&r->typed);
	buf_free(&r->part);
	free(r->probe);
	free(r->sel);
	free(r);
	*pr = NULL;
	return (status);
}

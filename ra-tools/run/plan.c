/* SPDX-License-Identifier: BSD-2-Clause
 *
 * plan.c: what has to be read: which fields, which blocks.
 */
#include "ra-tools/run/room.h"

#include "ra-tools/out/view.h"
#include "ra-tools/query/choice.h"
#include "ra-tools/query/corrections.h"

#include <string.h>

/* Records go out as they are, into a file or as messages. */
static bool
copies_records(const struct run *r)
{
	return (r->write_path != NULL || r->sheet.kafka != NULL);
}

/* Rows that say of a flow's end alone: not shown unless asked for, always kept in record files and where flows are merged. */
static bool
leaves_events(const struct run *r)
{
	return (!r->tool->merges && !r->tool->reports && !r->tool->writes && !copies_records(r) && !r->events &&
		!(r->filter != NULL && filter_wants_events(r->filter)));
}

static struct choice
choice_of(const struct run *r)
{
	return ((struct choice){
	    .filter = r->filter,
	    .timed = r->timed,
	    .from = r->from,
	    .to = r->to,
	    /* a copy without a filter is a whole copy */
	    .leave_mar = !r->mar && (!copies_records(r) || r->filter != NULL || r->tool->merges),
	    .leave_events = leaves_events(r),
	});
}

/* What labels make is not what the file says of those fields. */
static void
blur(const struct run *r, const struct block_info *b, struct range range[static F_COUNT])
{
	struct fieldset made = { { 0 } };

	labels_fields(r->labels, &made);
	memcpy(range, b->range, F_COUNT * sizeof(range[0]));
	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(&made, f))
			range[f] = (struct range){ .known = false };
}

/* Only who sums losses misses corrections. */
static bool
misses_corrections(const struct run *r)
{
	return (r->filter != NULL && r->tool->merges &&
		(r->wanted == NULL || fieldset_has(r->wanted, F_sfix) || fieldset_has(r->wanted, F_dfix)));
}

unsigned
plan_wants(void *arg, const struct block_info *b)
{
	struct run *r = arg;
	const struct range *type = &b->range[F_rectype];
	struct choice choice = choice_of(r);
	struct block_info blurred = *b;
	struct range range[F_COUNT];
	unsigned why;

	over_block(r, b);
	if (choice_outside(&choice, b))
		return (WHY_TIME);
	if (b->range[F_recdrop].known && b->range[F_recdrop].max.u > 0)
		__atomic_store_n(&r->dropped, true, __ATOMIC_RELAXED);
	for (enum field f = F_slabel; f <= F_das && r->wanted != NULL; f++)
		if (field_is_label(f) && fieldset_has(r->wanted, f) && !b->range[f].absent)
			__atomic_store_n(&r->label_seen, true, __ATOMIC_RELAXED);
	if (r->rejects_path != NULL)
		return (0);
	if (r->met != NULL && (!type->known || (type->min.u <= RECTYPE_MAR && type->max.u >= RECTYPE_MAR)))
		return (0);
	if (choice_only_mar(&choice, b))
		return (WHY_MAR);
	if (r->labels != NULL && r->filter != NULL) {
		blur(r, b, range);
		blurred.range = range;
		b = &blurred;
	}
	why = choice_filtered(&choice, b);
	if (why == WHY_FILTER && misses_corrections(r) && corrections_in(r->filter, b)) /* else by its key */
		__atomic_store_n(&r->corrections_unread, true, __ATOMIC_RELAXED);
	return (why);
}

void
run_want(struct run *r, enum field f)
{
	fieldset_want(&r->own, f);
}

void
run_want_set(struct run *r, const struct fieldset *s)
{
	fieldset_union(&r->own, s);
}

/* Whose loss is shown has to say whether the kernel dropped packets there. */
static void
want_drops(struct fieldset *set)
{
	static const uint16_t loss[] = { F_slost, F_dlost, F_srtxup, F_drtxup, F_srtxdn, F_drtxdn };

	for (size_t i = 0; i < sizeof(loss) / sizeof(loss[0]); i++)
		if (fieldset_has(set, loss[i]))
			fieldset_want(set, F_flags);
}

void
run_fields(struct run *r, struct fieldset *set)
{
	if (r->write_path != NULL) {
		fieldset_all(set);
		return;
	}
	if (r->probe_hidden)
		fieldset_want(set, F_probe);
	for (unsigned i = 0; i < r->sheet.n; i++) {
		enum field f = r->sheet.want[i].field;

		fieldset_want(set, f);
		if (f == F_saddr || f == F_daddr) /* printed with the length of its prefix */
			fieldset_want(set, f == F_saddr ? F_smask : F_dmask);
		if (r->sheet.names)
			fieldset_want(set, F_proto);
	}
	if (r->views != NULL)
		views_want(r->views, set);
	if (r->out == &out_ipfix)
		ipfix_want(set);
	if (r->out == &out_kafka)
		kafka_want(set);
	if (r->having != NULL)
		fieldset_union(set, filter_fields(r->having));
	if (r->tool->merges)
		want_drops(set);
}

/* What says that packets come twice: of files it is read later, where they have a time in common. */
static void
want_met(struct run *r, struct fieldset *set)
{
	if (run_meets(r) == NULL)
		return;
	fieldset_want(set, F_rectype);
	fieldset_want(set, F_bstart);
	fieldset_want(set, F_stime);
	fieldset_want(set, F_ltime);
	fieldset_want(set, F_flags);
}

/* Everything that has to be read, once the tool has said what it needs. */
void
plan_columns(struct run *r)
{
	struct fieldset *w = &r->want;
	struct choice choice = choice_of(r);

	if (r->wanted != NULL)
		return;
	if (r->schema.of != SCHEMA_NONE)
		print_schema(r);
	r->wanted = w;
	if (r->end_column != NULL)
		run_usage("-s %s: that is a column of rows that count a record for both its ends: -m %s", r->end_column, r->end_column);
	fieldset_union(w, &r->own);
	choice_want(&choice, w);
	if (r->probes != NULL)
		fieldset_want(w, F_probe);
	want_met(r, w);
	run_fields(r, w);
	if (r->labels != NULL)
		labels_want(r->labels, w, w);
	if (r->rejects_path != NULL)
		fieldset_all(w);
}

/* What says which records are selected: the rest is read of those alone. */
static const struct fieldset *
set_first(struct run *r)
{
	struct fieldset *first = &r->first;
	struct choice choice = choice_of(r);

	if (r->filter == NULL || r->rejects_path != NULL)
		return (NULL);
	choice_want(&choice, first);
	want_met(r, first);
	if (r->labels != NULL)
		labels_want(r->labels, first, first);
	return (first);
}

struct scan_plan
plan_scan(struct run *r)
{
	bool all = r->write_path != NULL || r->rejects_path != NULL || r->dedup;
	struct choice choice = choice_of(r);
	struct scan_plan plan;

	if (r->dedup && r->repeats == NULL)
		r->repeats = repeats_new(run_memory(r) / 2);
	plan = (struct scan_plan){
	    .want = all ? NULL : r->wanted,
	    .first = r->dedup ? NULL : set_first(r),
	    .labels = r->labels,
	    .note_corrections = misses_corrections(r),
	    .dense = r->dense,
	    .extremes = r->extremes,
	    .copies = r->tool->copies && r->write_path != NULL && r->labels == NULL && r->probes == NULL,
	    .rejects = r->rejects_path != NULL,
	    .tell_probes = r->probes != NULL,
	    .threads = run_threads(r),
	    .blocks = run_blocks(r),
	    .repeats = r->repeats,
	    .met = r->met,
	};
	choice_scan(&choice, &plan);
	return (plan);
}

void
plan_opened(void *arg, struct reader *reader)
{
	const struct run *r = arg;

	if (r->timed)
		reader_between(reader, r->from, r->to, WHY_TIME);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * columns.c: -s, and what stands beside.
 */
#include "ra-tools/run/room.h"

#include "format/base/mem.h"
#include "ra-tools/out/view.h"
#include "ra-tools/query/aggr.h"
#include "ra-tools/query/probes.h"

#include <stdlib.h>
#include <string.h>

struct layout {
	struct sheet_column *column;
	unsigned n, views; /* which views the tool has */
	const char *end;   /* a column of such a row has been asked for */
	bool begun;	   /* the first word of -s has been seen */
};

static void
layout_add(struct layout *l, enum field f, const char *name, unsigned width)
{
	if (l->n == SHEET_MAX)
		run_usage("-s: more than %d columns", SHEET_MAX);
	l->column[l->n++] =
	    (struct sheet_column){ .field = f, .width = width > 0 ? width : fields[f].width, .name = name };
}

static void
layout_remove(struct layout *l, enum field f, unsigned view)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < l->n; i++)
		if (l->column[i].field != f || l->column[i].view != view)
			l->column[kept++] = l->column[i];
	l->n = kept;
}

/* One word of -s: field, +field, -field, field:width, all, stored.  The word is cut at its colon. */
static void
layout_word(struct layout *l, char *word, bool defaults)
{
	char sign = *word == '+' || *word == '-' ? *word++ : '\0', *colon = strchr(word, ':');
	unsigned width = 0;
	enum view view = 0;
	const struct key_end *end = NULL;
	enum field f, many;

	if (colon != NULL) {
		*colon = '\0';
		width = (unsigned)line_number("-s width", colon + 1, 1000);
	}
	/* what the list begins with says whether it replaces the default set or changes it */
	if (sign == '\0' && !defaults && !l->begun)
		l->n = 0;
	l->begun |= !defaults;
	many = strcmp(word, "all") == 0 ? F_COUNT : strcmp(word, "stored") == 0 ? F_STORED : 0;
	if (many > 0) {
		for (f = 0; f < many; f++)
			layout_add(l, f, fields[f].name, width);
		return;
	}
	end = key_end(word, strlen(word));
	f = end != NULL ? end->field : field_named(word, strlen(word));
	if (end != NULL)
		l->end = end->word;
	if (f == F_NONE && view_named(word, strlen(word), &f, &view)) {
		if ((l->views & view) == 0)
			run_usage("-s %s: this tool has no such column", word);
		if (view_wrong(f, view) != NULL)
			run_usage("-s %s: %s", word, view_wrong(f, view));
	}
	if (f == F_NONE)
		run_usage("-s %s: no such field; the nearest is %s", word,
			  field_nearest(word, strlen(word)));
	if (sign == '-')
		layout_remove(l, f, view);
	else
		layout_add(l, f, word, width);
	if (sign == '-')
		return;
	l->column[l->n - 1].view = view;
	l->column[l->n - 1].label = end == NULL ? NULL : end->heading;
}

static void
layout_words(struct layout *l, char *text, bool defaults)
{
	char *save = NULL;

	for (char *w = strtok_r(text, ", \t", &save); w != NULL; w = strtok_r(NULL, ", \t", &save))
		layout_word(l, w, defaults);
}

/* Columns lie where they stay. */
static void
make_views(struct run *r)
{
	views_free(&r->views);
	for (unsigned i = 0; i < r->sheet.n; i++) {
		struct sheet_column *c = &r->columns[i + r->probe_hidden];

		if (c->view == 0)
			continue;
		if (r->views == NULL)
			r->views = views_new();
		views_add(r->views, c->view, c);
	}
}

void
run_both_ends(struct run *r, bool ends)
{
	r->ends = ends;
}

/* Where each direction has a record, a field of one stands for that of the other too. */
static void
add_twins(struct layout *l)
{
	for (unsigned i = 0, n = l->n; i < n; i++) {
		enum field twin = l->column[i].view != 0 ? F_NONE : ipfix_twin(l->column[i].field);

		for (unsigned k = 0; k < l->n && twin != F_NONE; k++)
			if (l->column[k].field == twin)
				twin = F_NONE;
		if (twin != F_NONE)
			layout_add(l, twin, fields[twin].name, 0);
	}
}

void
run_columns(struct run *r, const char *defaults)
{
	struct layout l = { .views = r->tool->views | VIEW_RATE };

	if (r->out == &out_ipfix)
		defaults = IPFIX_COLUMNS;
	if (r->out == &out_kafka)
		defaults = "stored";

	free(r->columns);
	free(r->fields_text);
	l.column = r->columns = mem_zero(SHEET_MAX, sizeof(r->columns[0]));
	/* names of columns point into this text */
	r->fields_text =
	    mem_alloc(strlen(defaults) + 1 + (r->fields == NULL ? 0 : strlen(r->fields)) + 1);
	strcpy(r->fields_text, defaults);
	layout_words(&l, r->fields_text, true);
	if (r->fields != NULL) {
		char *own = r->fields_text + strlen(defaults) + 1;

		strcpy(own, r->fields);
		layout_words(&l, own, false);
	}
	if (r->out == &out_ipfix && r->ipfix.uniflow)
		add_twins(&l);
	r->end_column = r->ends ? NULL : l.end;
	if (l.n == 0)
		run_usage("-s %s: no column is left", r->fields == NULL ? "" : r->fields);
	r->sheet.want = r->columns;
	r->sheet.n = l.n;
	make_views(r);
}

void
run_beside(struct run *r, unsigned view)
{
	struct sheet_column *old = r->columns;
	struct layout l = { .column = mem_zero(SHEET_MAX, sizeof(old[0])) };
	unsigned n = r->sheet.n;
	char name[64];

	for (unsigned i = 0; i < n; i++) {
		enum field f = old[i].field;

		layout_add(&l, f, old[i].name, old[i].width);
		l.column[l.n - 1].view = old[i].view;
		if (old[i].view != 0 || !field_is_additive(f) || view_wrong(f, view) != NULL)
			continue;
		view_name(f, view, name, sizeof(name));
		layout_add(&l, f, arena_copy(&r->names, name, strlen(name) + 1), 0);
		l.column[l.n - 1].view = view;
	}
	free(old);
	r->sheet.want = r->columns = l.column;
	r->sheet.n = l.n;
	make_views(r);
}

void
run_behind(struct run *r, enum field f, unsigned view)
{
	struct layout l = { .column = r->columns, .n = r->sheet.n };
	char name[64];

	for (unsigned i = 0; i < l.n; i++)
		if (l.column[i].field == f && l.column[i].view == view)
			return;
	view_name(f, view, name, sizeof(name));
	layout_add(&l, f, arena_copy(&r->names, name, strlen(name) + 1), 0);
	l.column[l.n - 1].view = view;
	r->sheet.n = l.n;
	make_views(r);
}

void
run_takes_dense(struct run *r, bool dense, const struct extremes *extremes)
{
	r->dense = dense;
	r->extremes = extremes;
}

void
run_tell_probes(struct run *r)
{
	if (r->probes == NULL)
		r->probes = probes_new();
}

bool
run_merges_probes(const struct run *r)
{
	return (r->merge_probes);
}

const struct probes *
run_probes(const struct run *r)
{
	return (r->probes);
}

bool
run_chose_columns(const struct run *r)
{
	return (r->fields != NULL && *r->fields != '+' && *r->fields != '-');
}

/* It stands before all others until it is known whether it is wanted. */
void
run_probe_column(struct run *r)
{
	bool own = run_chose_columns(r);

	run_tell_probes(r);
	for (unsigned i = 0; i < r->sheet.n; i++)
		own |= r->columns[i].field == F_probe;
	if (own || r->sheet.n == SHEET_MAX)
		return;
	memmove(r->columns + 1, r->columns, r->sheet.n * sizeof(r->columns[0]));
	r->columns[0] = (struct sheet_column){ .field = F_probe, .name = fields[F_probe].name };
	r->sheet.want = r->columns + 1;
	r->probe_hidden = true;
	make_views(r);
}

/* Once all is read.  A row begins with its time or its rank, if it has one. */
void
columns_probe(struct run *r)
{
	struct sheet_column probe = r->columns[0];

	if (!r->probe_hidden || !probes_several(r->probes))
		return;
	r->probe_hidden = false;
	r->sheet.want = r->columns;
	r->sheet.n++;
	if (r->columns[1].view != VIEW_RANK && (r->columns[1].field != F_bstart || r->columns[1].view != 0))
		return;
	r->columns[0] = r->columns[1];
	r->columns[1] = probe;
	if (r->views != NULL)
		views_moved(r->views, &r->columns[1], &r->columns[0]);
}

struct views *
run_views(struct run *r)
{
	return (r->views);
}

void
run_format(struct run *r, const struct out *out)
{
	r->out = out;
}

void
run_objects(struct run *r, const char *defaults)
{
	run_columns(r, defaults);
	/* a list of fields is what was asked for, and no more; +field and -field change the object */
	r->sheet.verdicts = !run_chose_columns(r);
}

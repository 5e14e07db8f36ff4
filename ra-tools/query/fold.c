/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fold.c: runs of rows, or classes of them (classes.h), and what each column has in them, from dense columns (dense.h).
 * Test: test_fold.c, beside rows that are merged one by one.
 */
#include "ra-tools/query/fold.h"

#include "format/base/mem.h"
#include "ra-tools/query/classes.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 1024 /* more of them are hardly worth it */
#define RUNS_FEW 32   /* more of them are dearer than classes */
#define CUTS_MAX (KEYS_MAX + 3)

struct run {
	uint32_t from, to;
};

struct fold {
	bool never;
	struct fieldset fields; /* to be merged: what is kept, the key, what orders groups and what says whether there was traffic */
	struct fieldset cuts;   /* rows that differ in these are not merged */
	enum field cut[CUTS_MAX]; /* the same */
	unsigned ncut;
	struct run run[RUNS_MAX];
	uint32_t n; /* of runs or classes */
	struct batch *out;
	uint64_t *cell[CUTS_MAX]; /* of the columns that divide runs; made when one is not the same in all rows */
	struct classes *classes;  /* NULL: not needed yet */
};

static void
add_cut(struct fold *f, enum field field)
{
	if (!fieldset_has(&f->cuts, field))
		f->cut[f->ncut++] = field;
	fieldset_add(&f->cuts, field);
	fieldset_add(&f->fields, field);
}

struct fold *
fold_new(const struct keys *k, const struct fieldset *keep)
{
	struct fold *f = mem_zero(1, sizeof(*f));

	f->never = k->turn || k->halves || k->required != F_NONE;
	f->fields = *keep;
	add_cut(f, F_bstart);
	add_cut(f, F_bend);
	add_cut(f, F_rectype);
	for (unsigned i = 0; i < k->n; i++) {
		f->never |= k->part[i].mask4 >= 0 || k->part[i].mask6 >= 0 || k->part[i].field >= F_STORED;
		if (!f->never)
			add_cut(f, k->part[i].field);
	}
	fieldset_add(&f->fields, F_stime); /* by which groups of a bin come out */
	fieldset_add(&f->fields, F_spkts);
	fieldset_add(&f->fields, F_dpkts);
	return (f);
}

void
fold_free(struct fold **pf)
{
	struct fold *f = *pf;

	if (f == NULL)
		return;
	batch_free(&f->out);
	for (unsigned i = 0; i < f->ncut; i++)
		free(f->cell[i]);
	classes_free(&f->classes);
	free(f);
	*pf = NULL;
}

/* Can its values in rows that are alike be made one, whatever they are? */
static bool
folds(const struct fold *fold, enum field f, const struct dense *d)
{
	if (d->mixed != NULL)
		return (false);
	if (fieldset_has(&fold->cuts, f))
		return (true);
	switch (fields[f].agg) {
	case AGG_SUM:
	case AGG_MIN:
	case AGG_MAX:
	case AGG_OR:
		return (d->store == STORE_U64);
	case AGG_KEY:
	case AGG_SAME: /* and a key is the same only where all rows have it */
		return (d->num.width == 0 && (d->present == NULL || d->n == 0));
	default:
		return (false);
	}
}

static bool
can_fold(const struct fold *f, const struct batch *b)
{
	if (f->never || b->dense[F_bstart] == NULL)
		return (false);
	for (enum field i = 0; i < F_STORED; i++)
		if (fieldset_has(&f->fields, i) && (b->col[i] != NULL || (b->dense[i] != NULL && !folds(f, i, b->dense[i]))))
			return (false);
	return (true);
}

/* --- runs -------------------------------------------------------------------------------------- */

/* Which of 64 rows are not like the one before, or not selected as it is: a bit a row.  The first row of all is one. */
static uint64_t
edges(uint64_t *const cell[], unsigned n, uint32_t from, uint32_t m, uint64_t sel, uint64_t last)
{
	uint64_t bits = sel ^ (sel << 1 | last);

	for (unsigned i = 0; i < n; i++)
		for (uint32_t r = from == 0; r < m; r++)
			bits |= (uint64_t)(cell[i][from + r] != cell[i][from + r - 1]) << r;
	return (bits | (from == 0));
}

static bool
put_run(struct fold *f, uint32_t from, uint32_t to)
{
	if (f->n == RUNS_MAX)
		return (false);
	f->run[f->n++] = (struct run){ from, to };
	return (true);
}

/* The cells of the columns that are not the same in all rows.  false: a row lacks one of them. */
static bool
cut_cells(struct fold *f, const struct batch *b, uint64_t *cell[static CUTS_MAX], unsigned *n)
{
	*n = 0;
	for (unsigned i = 0; i < f->ncut; i++) {
		const struct dense *d = b->dense[f->cut[i]];

		if (d == NULL || dense_is_one(d))
			continue;
		if (d->present != NULL)
			return (false);
		if (f->cell[i] == NULL)
			f->cell[i] = mem_alloc(BATCH_ROWS * sizeof(*f->cell[i]));
		narrow_widen(&d->num, 0, b->rows, f->cell[i]);
		cell[(*n)++] = f->cell[i];
	}
	return (true);
}

/* Selected rows that are alike, as far as they lie together; rows between them that are not selected do not matter. */
static bool
find_runs(struct fold *f, const struct batch *b)
{
	uint64_t *cell[CUTS_MAX], sel, last = 0;
	uint32_t begin = 0;
	bool inside = false;
	unsigned cells;

	f->n = 0;
	if (!cut_cells(f, b, cell, &cells))
		return (false);
	for (uint32_t from = 0; from < b->rows; from += 64) {
		uint32_t m = b->rows - from < 64 ? b->rows - from : 64;

		sel = batch_selected_word(b, from / 64);
		for (uint64_t bits = edges(cell, cells, from, m, sel, last); bits != 0; bits &= bits - 1) {
			uint32_t r = (uint32_t)__builtin_ctzll(bits);

			if (r >= m)
				break;
			if (inside && !put_run(f, begin, from + r))
				return (false);
			inside = sel >> r & 1;
			begin = from + r;
		}
		last = sel >> 63;
	}
	return (!inside || put_run(f, begin, b->rows));
}

static bool
find_classes(struct fold *f, const struct batch *b)
{
	if (f->classes == NULL)
		f->classes = classes_new();
	if (!classes_make(f->classes, b, f->cut, f->ncut))
		return (false);
	f->n = classes_count(f->classes);
	return (true);
}

/* --- values ------------------------------------------------------------------------------------ */

/* The values before a row, counted on from those before an earlier one. */
static uint32_t
values_before(const struct dense *d, uint32_t row, uint32_t *at, uint32_t *counted)
{
	if (d->present == NULL)
		return (row);
	for (; *at + 64 <= row; *at += 64)
		*counted += (uint32_t)__builtin_popcountll(d->present[*at / 64]);
	if (row % 64 == 0)
		return (*counted);
	return (*counted + (uint32_t)__builtin_popcountll(d->present[row / 64] & ((1ull << row % 64) - 1)));
}

static union value
value_at(const struct dense *d, uint32_t place)
{
	union value v = { .u = 0 };
	uint64_t number = narrow_at(&d->num, place);

	if (d->store == STORE_IP)
		v.ip = d->ip[number];
	else if (d->store == STORE_BLOB)
		v.b = d->blob[number];
	else
		v.u = number;
	return (v);
}

static union value
fold_values(enum agg agg, const struct dense *d, uint32_t from, uint32_t n)
{
	union value v = { .u = 0 };
	uint64_t min, max;

	switch (agg) {
	case AGG_SUM:
		v.u = narrow_sum(&d->num, from, n);
		break;
	case AGG_OR:
		v.u = narrow_or(&d->num, from, n);
		break;
	case AGG_MIN:
	case AGG_MAX:
		narrow_span(&d->num, from, n, &min, &max);
		v.u = agg == AGG_MIN ? min : max;
		break;
	default:
		return (value_at(d, from));
	}
	return (v);
}

static void
fold_runs(struct fold *f, enum agg agg, const struct dense *d, struct column *out)
{
	uint32_t at = 0, counted = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		uint32_t from = values_before(d, f->run[i].from, &at, &counted),
			 to = values_before(d, f->run[i].to, &at, &counted);
		union value v;

		if (from == to)
			continue;
		v = fold_values(agg, d, from, to - from);
		column_set(out, i, &v);
	}
}

/* The value of the class's first row that has one. */
static union value
class_value(const struct fold *f, uint32_t class, const struct dense *d)
{
	uint32_t row = classes_first(f->classes, class), place = 0;

	if (d->num.width > 0)
		dense_places(d->present, &row, 1, &place);
	return (value_at(d, place));
}

static void
fold_classes(struct fold *f, enum agg agg, const struct dense *d, struct column *out)
{
	uint64_t number[CLASSES_MAX], spare[CLASSES_MAX];
	const uint32_t *values = classes_values(f->classes, d);
	bool sums = true;

	if (agg == AGG_SUM)
		classes_sum(f->classes, d, number);
	else if (agg == AGG_OR)
		classes_or(f->classes, d, number);
	else if (agg == AGG_MIN)
		classes_span(f->classes, d, number, spare);
	else if (agg == AGG_MAX)
		classes_span(f->classes, d, spare, number);
	else
		sums = false;
	for (uint32_t i = 0; i < f->n; i++) {
		union value v;

		if (values[i] == 0)
			continue;
		if (sums)
			v.u = number[i];
		else
			v = class_value(f, i, d);
		column_set(out, i, &v);
	}
}

struct batch *
fold_rows(struct fold *f, const struct batch *b)
{
	bool runs, classes;

	if (!can_fold(f, b))
		return (NULL);
	runs = find_runs(f, b) && f->n <= b->rows / 8;
	classes = (!runs || f->n > RUNS_FEW) && find_classes(f, b);
	if (!runs && (!classes || f->n > b->rows / 8))
		return (NULL);
	if (f->out == NULL)
		f->out = batch_new(RUNS_MAX);
	batch_reset(f->out);
	for (enum field i = 0; i < F_STORED; i++)
		if (fieldset_has(&f->fields, i) && b->dense[i] != NULL)
			(classes ? fold_classes : fold_runs)(f, fieldset_has(&f->cuts, i) ? AGG_SAME : (enum agg)fields[i].agg,
			    b->dense[i], batch_column(f->out, i));
	f->out->rows = f->n;
	f->out->filtered = b->filtered;
	return (f->out);
}

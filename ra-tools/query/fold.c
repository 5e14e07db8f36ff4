/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fold.c: runs of rows, and what each column has in them, from dense columns (dense.h).  Test: test_fold.c, beside rows
 * that are merged one by one.
 */
#include "ra-tools/query/fold.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 1024 /* more of them are hardly worth it */

struct run {
	uint32_t from, to;
};

struct fold {
	bool never;
	struct fieldset fields; /* to be merged: what is kept, the key, and what says whether there was traffic */
	struct run run[RUNS_MAX];
	uint32_t n;
	struct batch *out;
	uint64_t *cell[3]; /* of the columns that divide runs; made when one is not the same in all rows */
};

/* What is the same in all rows of a run, because runs are cut there. */
static const enum field cuts[] = { F_bstart, F_bend, F_rectype };
#define CUTS (sizeof(cuts) / sizeof(cuts[0]))

struct fold *
fold_new(const struct keys *k, const struct fieldset *keep)
{
	struct fold *f = mem_zero(1, sizeof(*f));

	f->never = k->turn || k->halves || k->required != F_NONE;
	f->fields = *keep;
	for (unsigned i = 0; i < k->n; i++) {
		f->never |= k->part[i].mask4 >= 0 || k->part[i].mask6 >= 0 || k->part[i].field >= F_STORED;
		if (!f->never)
			fieldset_add(&f->fields, k->part[i].field);
	}
	for (size_t i = 0; i < CUTS; i++)
		fieldset_add(&f->fields, cuts[i]);
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
	for (size_t i = 0; i < CUTS; i++)
		free(f->cell[i]);
	free(f);
	*pf = NULL;
}

static bool
is_cut(enum field f)
{
	return (f == F_bstart || f == F_bend || f == F_rectype);
}

/* Can its values in a run be made one, whatever they are? */
static bool
folds(enum field f, const struct dense *d)
{
	if (d->mixed != NULL)
		return (false);
	if (is_cut(f))
		return (d->present == NULL);
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
		if (fieldset_has(&f->fields, i) && (b->col[i] != NULL || (b->dense[i] != NULL && !folds(i, b->dense[i]))))
			return (false);
	return (true);
}

/* --- runs -------------------------------------------------------------------------------------- */

/* Which of 64 rows are not like the one before, or not selected as it is: a bit a row.  The first row of all is one. */
static uint64_t
edges(uint64_t *const cell[CUTS], uint32_t from, uint32_t m, uint64_t sel, uint64_t last)
{
	uint64_t bits = sel ^ (sel << 1 | last);

	for (size_t i = 0; i < CUTS; i++)
		for (uint32_t r = from == 0; cell[i] != NULL && r < m; r++)
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

/* Selected rows that are alike, as far as they lie together; rows between them that are not selected do not matter. */
static bool
find_runs(struct fold *f, const struct batch *b)
{
	uint64_t *cell[CUTS], sel, last = 0;
	uint32_t begin = 0;
	bool inside = false;

	for (size_t i = 0; i < CUTS; i++) {
		const struct dense *d = b->dense[cuts[i]];

		cell[i] = NULL;
		if (d == NULL || dense_is_one(d))
			continue;
		if (f->cell[i] == NULL)
			f->cell[i] = mem_alloc(BATCH_ROWS * sizeof(*f->cell[i]));
		narrow_widen(&d->num, 0, b->rows, cell[i] = f->cell[i]);
	}
	f->n = 0;
	for (uint32_t from = 0; from < b->rows; from += 64) {
		uint32_t m = b->rows - from < 64 ? b->rows - from : 64;

		sel = batch_selected_word(b, from / 64);
		for (uint64_t bits = edges(cell, from, m, sel, last); bits != 0; bits &= bits - 1) {
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
fold_values(enum field f, const struct dense *d, uint32_t from, uint32_t n)
{
	union value v = { .u = 0 };
	uint64_t min, max;

	if (is_cut(f)) {
		v.u = narrow_at(&d->num, from);
		return (v);
	}
	switch (fields[f].agg) {
	case AGG_SUM:
		v.u = narrow_sum(&d->num, from, n);
		break;
	case AGG_OR:
		v.u = narrow_or(&d->num, from, n);
		break;
	case AGG_MIN:
	case AGG_MAX:
		narrow_span(&d->num, from, n, &min, &max);
		v.u = fields[f].agg == AGG_MIN ? min : max;
		break;
	default:
		if (d->store == STORE_IP)
			v.ip = d->ip[narrow_at(&d->num, from)];
		else if (d->store == STORE_BLOB)
			v.b = d->blob[narrow_at(&d->num, from)];
		else
			v.u = narrow_at(&d->num, from);
		break;
	}
	return (v);
}

static void
fold_column(struct fold *f, enum field field, const struct dense *d)
{
	struct column *out = batch_column(f->out, field);
	uint32_t at = 0, counted = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		uint32_t from = values_before(d, f->run[i].from, &at, &counted),
			 to = values_before(d, f->run[i].to, &at, &counted);
		union value v;

		if (from == to)
			continue;
		v = fold_values(field, d, from, to - from);
		column_set(out, i, &v);
	}
}

struct batch *
fold_rows(struct fold *f, const struct batch *b)
{
	if (!can_fold(f, b) || !find_runs(f, b) || f->n > b->rows / 8)
		return (NULL);
	if (f->out == NULL)
		f->out = batch_new(RUNS_MAX);
	batch_reset(f->out);
	for (enum field i = 0; i < F_STORED; i++)
		if (fieldset_has(&f->fields, i) && b->dense[i] != NULL)
			fold_column(f, i, b->dense[i]);
	f->out->rows = f->n;
	f->out->filtered = b->filtered;
	return (f->out);
}

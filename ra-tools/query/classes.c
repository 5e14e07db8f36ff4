/* SPDX-License-Identifier: BSD-2-Clause
 *
 * classes.c: which rows are alike, and what a column has in them.  Test: test_fold.c, beside rows that are merged one by
 * one.
 *
 * A column's values become small numbers, of which 0 is none, and classes are divided by one column after the other: a
 * class and a number are a place in a table.
 */
#include "ra-tools/query/classes.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define NONE  CLASSES_MAX /* rows that are not selected */
#define SLOTS 256	  /* of a hash of values */
#define PIECE 512
#define LANES 4 /* sums of rows that follow each other wait for each other */

struct numbers { /* of values */
	uint64_t value[CLASSES_MAX];
	uint8_t slot[SLOTS]; /* 0: empty */
	uint32_t n;
	uint64_t last;
	uint8_t last_is; /* 0: nothing was looked for yet */
};

struct classes {
	uint32_t n, rows;
	uint32_t first[CLASSES_MAX];
	uint8_t of[BATCH_ROWS];
	uint8_t number[BATCH_ROWS]; /* of a row's value in a column */
	uint8_t word[BATCH_ROWS + 1]; /* of a column's words */
	/* of the values of the column that was asked for last */
	const uint64_t *present;
	bool there;
	const uint8_t *value;
	uint8_t some[BATCH_ROWS];
	uint32_t values[NONE + 1];
	uint64_t lane[LANES][NONE + 1], other[LANES][NONE + 1];
};

struct classes *
classes_new(void)
{
	return (mem_alloc(sizeof(struct classes)));
}

void
classes_free(struct classes **pc)
{
	free(*pc);
	*pc = NULL;
}

uint32_t
classes_count(const struct classes *c)
{
	return (c->n);
}

uint32_t
classes_first(const struct classes *c, uint32_t class)
{
	return (c->first[class]);
}

/* --- numbers for values -------------------------------------------------------------------------- */

/* From 1; 0: there are too many. */
static uint8_t
number_of(struct numbers *x, uint64_t v)
{
	uint32_t s = (uint32_t)((v ^ v >> 29) * 0x9e3779b97f4a7c15ull >> 56);

	if (x->last_is != 0 && x->last == v)
		return (x->last_is);
	for (; x->slot[s] != 0 && x->value[x->slot[s] - 1] != v; s = (s + 1) % SLOTS)
		;
	if (x->slot[s] == 0) {
		if (x->n == CLASSES_MAX)
			return (0);
		x->value[x->n++] = v;
		x->slot[s] = (uint8_t)x->n;
	}
	x->last = v;
	return (x->last_is = x->slot[s]);
}

/* Words are asked, not rows. */
static bool
number_words(struct classes *c, const struct dense *d, struct numbers *x, uint8_t *to)
{
	for (uint32_t i = 0; i < d->num.words; i++)
		if ((c->word[i] = number_of(x, d->num.word[i])) == 0)
			return (false);
	for (uint32_t i = 0; i < d->n; i++)
		to[i] = c->word[narrow_raw(&d->num, i)];
	return (true);
}

/* A number for each of the column's values. */
static bool
number_values(struct classes *c, const struct dense *d, uint8_t *to)
{
	struct numbers x = { .n = 0 };
	uint64_t v[64];

	if (d->num.word != NULL && d->num.words <= d->n)
		return (number_words(c, d, &x, to));
	for (uint32_t i = 0; i < d->n; i += 64) {
		uint32_t m = d->n - i < 64 ? d->n - i : 64;

		narrow_widen(&d->num, i, m, v);
		for (uint32_t j = 0; j < m; j++)
			if ((to[i + j] = number_of(&x, v[j])) == 0)
				return (false);
	}
	return (true);
}

/* From values to rows, in place: from behind. */
static void
spread(const struct dense *d, uint32_t rows, uint8_t *number)
{
	uint32_t at = d->n;

	for (uint32_t r = rows; d->present != NULL && r-- > 0;)
		number[r] = bit_get(d->present, r) ? number[--at] : 0;
}

/* --- classes ------------------------------------------------------------------------------------- */

static void
start(struct classes *c, const struct batch *b)
{
	uint32_t first = BATCH_ROWS;

	c->rows = b->rows;
	c->there = false;
	memset(c->of, NONE, b->rows);
	for (uint32_t r = 0; r < b->rows; r++)
		if (batch_selected(b, r)) {
			c->of[r] = 0;
			first = first < r ? first : r;
		}
	c->n = first < BATCH_ROWS;
	c->first[0] = first;
}

/* Each class becomes as many as there are numbers in its rows. */
static bool
divide(struct classes *c)
{
	uint8_t to[CLASSES_MAX][CLASSES_MAX + 1];
	uint32_t n = 0;

	memset(to, NONE, sizeof(to));
	for (uint32_t r = 0; r < c->rows; r++) {
		uint8_t *is;

		if (c->of[r] == NONE)
			continue;
		is = &to[c->of[r]][c->number[r]];
		if (*is == NONE) {
			if (n == CLASSES_MAX)
				return (false);
			c->first[n] = r; /* that of a class that was is not asked for again */
			*is = (uint8_t)n++;
		}
		c->of[r] = *is;
	}
	c->n = n;
	return (true);
}

bool
classes_make(struct classes *c, const struct batch *b, const enum field *f, unsigned n)
{
	const struct dense *last = NULL;

	start(c, b);
	for (unsigned i = 0; i < n; i++) {
		const struct dense *d = b->dense[f[i]];

		if (d == NULL || dense_is_one(d))
			continue;
		if (last != NULL && last->present == d->present && last->num.v == d->num.v && d->num.v != NULL)
			continue; /* they differ by the same in all rows, as the end of a bin from its start */
		last = d;
		if (!number_values(c, d, c->number))
			return (false);
		spread(d, b->rows, c->number);
		if (!divide(c))
			return (false);
	}
	return (true);
}

/* --- what a column has --------------------------------------------------------------------------- */

/* The classes of the column's values. */
static const uint8_t *
classes_of(struct classes *c, const struct dense *d)
{
	uint32_t n = 0;

	if (c->there && c->present == d->present)
		return (c->value);
	c->there = true;
	c->present = d->present;
	c->value = d->present == NULL ? c->of : c->some;
	for (uint32_t r = 0; d->present != NULL && r < c->rows; r++) {
		c->some[n] = c->of[r];
		n += bit_get(d->present, r);
	}
	memset(c->values, 0, sizeof(c->values));
	for (uint32_t i = 0; i < d->n; i++)
		c->values[c->value[i]]++;
	return (c->value);
}

const uint32_t *
classes_values(struct classes *c, const struct dense *d)
{
	(void)classes_of(c, d);
	return (c->values);
}

static uint64_t
add(uint64_t a, uint64_t b)
{
	return (__builtin_add_overflow(a, b, &a) ? UINT64_MAX : a);
}

/* Values of a piece; where they are all below 2^32 no sum of a batch goes round. */
static void
sum_piece(struct classes *c, const uint8_t *class, const uint64_t *v, uint32_t n)
{
	uint32_t i = 0;

	if (narrow_or_u64(v, n) > UINT32_MAX) {
		for (; i < n; i++)
			c->other[0][class[i]] = add(c->other[0][class[i]], v[i]);
		return;
	}
	for (; i + LANES <= n; i += LANES)
#pragma GCC unroll 4
		for (uint32_t k = 0; k < LANES; k++)
			c->lane[k][class[i + k]] += v[i + k];
	for (; i < n; i++)
		c->lane[0][class[i]] += v[i];
}

void
classes_sum(struct classes *c, const struct dense *d, uint64_t sum[static CLASSES_MAX])
{
	const uint8_t *class = classes_of(c, d);
	uint64_t v[PIECE];

	memset(c->lane, 0, sizeof(c->lane));
	memset(c->other[0], 0, sizeof(c->other[0]));
	for (uint32_t i = 0; i < d->n; i += PIECE) {
		uint32_t m = d->n - i < PIECE ? d->n - i : PIECE;

		narrow_widen(&d->num, i, m, v);
		sum_piece(c, class + i, v, m);
	}
	for (uint32_t k = 0; k < c->n; k++)
		sum[k] = add(c->other[0][k], c->lane[0][k] + c->lane[1][k] + c->lane[2][k] + c->lane[3][k]);
}

static void
span_piece(struct classes *c, const uint8_t *class, const uint64_t *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t *min = &c->lane[i % LANES][class[i]], *max = &c->other[i % LANES][class[i]];

		*min = v[i] < *min ? v[i] : *min;
		*max = v[i] > *max ? v[i] : *max;
	}
}

void
classes_span(struct classes *c, const struct dense *d, uint64_t min[static CLASSES_MAX], uint64_t max[static CLASSES_MAX])
{
	const uint8_t *class = classes_of(c, d);
	uint64_t v[PIECE];

	memset(c->lane, 0xff, sizeof(c->lane));
	memset(c->other, 0, sizeof(c->other));
	for (uint32_t i = 0; i < d->n; i += PIECE) {
		uint32_t m = d->n - i < PIECE ? d->n - i : PIECE;

		narrow_widen(&d->num, i, m, v);
		span_piece(c, class + i, v, m);
	}
	for (uint32_t k = 0; k < c->n; k++) {
		min[k] = c->lane[0][k];
		max[k] = c->other[0][k];
		for (unsigned l = 1; l < LANES; l++) {
			min[k] = c->lane[l][k] < min[k] ? c->lane[l][k] : min[k];
			max[k] = c->other[l][k] > max[k] ? c->other[l][k] : max[k];
		}
	}
}

void
classes_or(struct classes *c, const struct dense *d, uint64_t any[static CLASSES_MAX])
{
	const uint8_t *class = classes_of(c, d);
	uint64_t v[PIECE];

	memset(c->lane[0], 0, sizeof(c->lane[0]));
	for (uint32_t i = 0; i < d->n; i += PIECE) {
		uint32_t m = d->n - i < PIECE ? d->n - i : PIECE;

		narrow_widen(&d->num, i, m, v);
		for (uint32_t j = 0; j < m; j++)
			c->lane[0][class[i + j]] |= v[j];
	}
	for (uint32_t k = 0; k < c->n; k++)
		any[k] = c->lane[0][k];
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * full.c: merged rows with a sum that 64 bits do not hold.  Tested by tests/cli (saturated).
 */
#include "ra-tools/run/room.h"

#include "format/narrow.h"
#include "format/base/wide.h"

/* The sum of squares is made to stay at the top, and what follows from it is not known then. */
static bool
counts(enum field f)
{
	return (fields[f].agg == AGG_SUM && fields[f].type != TYPE_USEC2);
}

/* Of a field and its twin, which is shown as their sum too. */
static bool
is_full(const struct batch *b, enum field f, uint32_t r)
{
	const struct column *x = b->col[f], *y = b->col[fields[f].twin];
	uint64_t v = column_has(x, r) ? x->u[r] : 0;

	return (saturating_sum(v, y != x && column_has(y, r) ? y->u[r] : 0) == UINT64_MAX);
}

static void
mark_row(struct batch *b, uint32_t r)
{
	struct column *flags = batch_column(b, F_flags);

	flags->u[r] |= RFLAGS_saturated;
	bit_set(flags->present, r);
}

/* Is it worth a look: no two numbers below 2^63 make a sum at the top. */
static bool
may_be_full(const struct batch *b, enum field f)
{
	const struct column *c = b->col[f];

	return (c != NULL && !c->zeros && counts(f) && narrow_or_u64(c->u, b->rows) >> 63 != 0);
}

uint64_t
full_mark(struct batch *b)
{
	uint64_t n = 0;

	for (enum field f = 0; f < F_STORED; f++)
		for (uint32_t r = may_be_full(b, f) ? 0 : b->rows; r < b->rows; r++)
			if (is_full(b, f, r))
				mark_row(b, r);
	if (b->col[F_flags] == NULL || narrow_or_u64(b->col[F_flags]->u, b->rows) < RFLAGS_saturated)
		return (0);
	for (uint32_t r = 0; r < b->rows; r++)
		n += batch_selected(b, r) && column_has(b->col[F_flags], r) && (b->col[F_flags]->u[r] & RFLAGS_saturated) != 0;
	return (n);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * formula.h: what a number is likely to be, by other numbers of the same row.
 *
 * A sum of squares is not far from the square of the sum over their count, a round trip of a whole handshake is the sum
 * of its two halves: what then differs is all that has to be stored (pavo(5), encoding 34).
 */
#ifndef FORMAT_FORMULA_H
#define FORMAT_FORMULA_H

#include "format/fields.h"
#include "format/like.h"

/* How many fields it takes; 0: it is not known. */
unsigned formula_fields(enum formula);
/* FORMULA_MEANS of one row: sums and counts of two, as many of both as there are of each. */
static inline uint64_t
formula_means(uint64_t sum, uint64_t n, uint64_t other, uint64_t others)
{
	uint64_t lesser = n < others ? n : others;

	return (lesser == 0 ? 0 : lesser * sum / n + lesser * other / others);
}
/* n values; those of the fields it does not take are not looked at. */
void formula_fill(enum formula, struct like *, const uint64_t *const from[FORMULA_FIELDS], uint32_t n, uint64_t *to);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * formula.c: one loop a formula.  All numbers are modulo 2^64.
 */
#include "format/formula.h"

unsigned
formula_fields(enum formula f)
{
	static const unsigned n[FORMULAS] = { [FORMULA_SINCE] = 4, [FORMULA_SQUARES] = 3, [FORMULA_SUM] = 2,
		[FORMULA_OTHER_OF_TWO] = 3, [FORMULA_RANGE_OF_TWO] = 3, [FORMULA_LESSER] = 2, [FORMULA_MEANS] = 4 };

	return (f < FORMULAS ? n[f] : 0);
}

/* Nearly a * a / n, exact if a * a is no larger than 64 bits. */
static inline uint64_t
square_over(uint64_t a, uint64_t n)
{
	return (n < 2 ? a * a : a / n * a + a % n * a / n);
}

void
formula_fill(enum formula f, struct like *like, const uint64_t *const from[FORMULA_FIELDS], uint32_t n, uint64_t *to)
{
	const uint64_t *a = from[0], *b = from[1], *c = from[2];

	switch (f) {
	case FORMULA_SINCE:
		like_before(like, c, from[3], a, b, n, to);
		for (uint32_t i = 0; i < n; i++)
			to[i] = (a[i] - to[i]) / 1000;
		break;
	case FORMULA_SQUARES:
		for (uint32_t i = 0; i < n; i++)
			to[i] = square_over(a[i], b[i] - (c[i] & 1));
		break;
	case FORMULA_SUM:
		for (uint32_t i = 0; i < n; i++)
			to[i] = a[i] + b[i];
		break;
	case FORMULA_OTHER_OF_TWO:
		for (uint32_t i = 0; i < n; i++)
			to[i] = c[i] == 2 ? a[i] - b[i] : b[i];
		break;
	case FORMULA_RANGE_OF_TWO:
		for (uint32_t i = 0; i < n; i++)
			to[i] = c[i] == 2 ? a[i] - b[i] : 0;
		break;
	case FORMULA_LESSER:
		for (uint32_t i = 0; i < n; i++)
			to[i] = a[i] < b[i] ? a[i] : b[i];
		break;
	case FORMULA_MEANS:
		for (uint32_t i = 0; i < n; i++)
			to[i] = formula_means(a[i], b[i], c[i], from[3][i]);
		break;
	default:
		break;
	}
}

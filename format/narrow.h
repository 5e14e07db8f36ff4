/* SPDX-License-Identifier: BSD-2-Clause
 *
 * narrow.h: numbers no wider than they have to be: those of a column as they came from the disk.
 */
#ifndef FORMAT_NARROW_H
#define FORMAT_NARROW_H

#include <stddef.h>
#include <stdint.h>

/* A value is base + unit * v[i] (modulo 2^64), or word[v[i]] where there are words. */
struct narrow {
	unsigned width; /* of the numbers in v, bytes: 1, 2, 4, 8; 0: all are 0, and there are none.  8: base 0, unit 1, no
			 * words; with words: base 0, unit 1 */
	union {
		const uint8_t *v1;
		const uint16_t *v2;
		const uint32_t *v4;
		const uint64_t *v8;
		const void *v;
	};
	uint64_t base, unit;
	const uint64_t *word;
	uint32_t words; /* all of v are less */
};

/* v[i] itself. */
static inline uint64_t
narrow_raw(const struct narrow *x, uint32_t i)
{
	switch (x->width) {
	case 0:
		return (0);
	case 1:
		return (x->v1[i]);
	case 2:
		return (x->v2[i]);
	case 4:
		return (x->v4[i]);
	default:
		return (x->v8[i]);
	}
}

static inline uint64_t
narrow_at(const struct narrow *x, uint32_t i)
{
	uint64_t v = narrow_raw(x, i);

	return (x->word != NULL ? x->word[v] : x->base + x->unit * v);
}

/* The n values from the place `from` on. */
void narrow_widen(const struct narrow *, uint32_t from, uint32_t n, uint64_t *to);
/* The values at n places. */
void narrow_pick(const struct narrow *, const uint32_t *place, uint32_t n, uint64_t *to);
/* The greatest of the first n > 0 of v. */
uint64_t narrow_raw_max(const struct narrow *, uint32_t n);
/* The sum of the n values from `from` on; UINT64_MAX: it is that or more. */
uint64_t narrow_sum(const struct narrow *, uint32_t from, uint32_t n);
/* The least and the greatest of those n > 0 values. */
void narrow_span(const struct narrow *, uint32_t from, uint32_t n, uint64_t *min, uint64_t *max);
/* The bits that some of n numbers has; the same of those n values. */
uint64_t narrow_or_u64(const uint64_t *, uint32_t n);
uint64_t narrow_or(const struct narrow *, uint32_t from, uint32_t n);

/* Bit i of `to` (BITS_WORDS(n) words): is lo <= value i <= hi? */
void narrow_between(const struct narrow *, uint32_t n, uint64_t lo, uint64_t hi, uint64_t *to);
/* Bit i: what `table` says of base + unit * v[i], or of v[i] where there are words; it has an entry for each. */
void narrow_lookup(const struct narrow *, uint32_t n, const uint8_t *table, uint64_t *to);

#endif

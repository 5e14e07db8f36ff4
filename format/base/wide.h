/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wide.h: products of 64-bit numbers, exact, also on machines whose compiler has no 128-bit type; and sums
 * that stay at the top.
 */
#ifndef FORMAT_BASE_WIDE_H
#define FORMAT_BASE_WIDE_H

#include <stdint.h>

/* At most UINT64_MAX: so the order of many additions can not matter. */
static inline uint64_t
saturating_sum(uint64_t a, uint64_t b)
{
	uint64_t s = a + b;

	return (s < a ? UINT64_MAX : s);
}

struct wide {
	uint64_t hi, lo;
};

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide_whole;
#endif

static inline struct wide
wide_mul(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	wide_whole p = (wide_whole)a * b;

	return ((struct wide){ (uint64_t)(p >> 64), (uint64_t)p });
#else
	uint64_t al = a & UINT32_MAX, ah = a >> 32, bl = b & UINT32_MAX, bh = b >> 32;
	uint64_t low = al * bl, mid = ah * bl + (low >> 32), cross = al * bh + (mid & UINT32_MAX);

	return ((struct wide){ ah * bh + (mid >> 32) + (cross >> 32), cross << 32 | (low & UINT32_MAX) });
#endif
}

/* n < 128 */
static inline struct wide
wide_shr(struct wide w, unsigned n)
{
	if (n >= 64)
		return ((struct wide){ 0, w.hi >> (n - 64) });
	return (n == 0 ? w : (struct wide){ w.hi >> n, w.hi << (64 - n) | w.lo >> n });
}

/* *w becomes the quotient; returns the remainder. d is not 0. */
static inline uint64_t
wide_div(struct wide *w, uint64_t d)
{
	uint64_t rest = w->hi % d;

	w->hi /= d;
	if (rest == 0) {
		rest = w->lo % d;
		w->lo /= d;
		return (rest);
	}
	for (int i = 0; i < 64; i++) { /* by hand, a bit at a time */
		int over = (int)(rest >> 63);

		rest = rest << 1 | w->lo >> 63;
		w->lo <<= 1;
		if (over || rest >= d) {
			rest -= d;
			w->lo |= 1;
		}
	}
	return (rest);
}

#endif

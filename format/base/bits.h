/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bits.h: bitmaps of 64-bit words.
 */
#ifndef FORMAT_BASE_BITS_H
#define FORMAT_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITS_WORDS(n) (((size_t)(n) + 63) / 64)

static inline bool
bit_get(const uint64_t *w, size_t i)
{
	return (w[i >> 6] >> (i & 63) & 1);
}

static inline void
bit_set(uint64_t *w, size_t i)
{
	w[i >> 6] |= 1ull << (i & 63);
}

static inline void
bit_clear(uint64_t *w, size_t i)
{
	w[i >> 6] &= ~(1ull << (i & 63));
}

/* How many are set: shorter than the call that compilers make of it for any processor. */
static inline unsigned
bits_of_word(uint64_t w)
{
	w -= w >> 1 & 0x5555555555555555;
	w = (w & 0x3333333333333333) + (w >> 2 & 0x3333333333333333);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return ((unsigned)(w * 0x0101010101010101 >> 56));
}

static inline size_t
bits_count(const uint64_t *w, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n / 64; i++)
		sum += bits_of_word(w[i]);
	if (n % 64 != 0)
		sum += bits_of_word(w[n / 64] & ((1ull << n % 64) - 1));
	return (sum);
}

/* Set the first n bits, clear the rest of the last word. */
static inline void
bits_fill(uint64_t *w, size_t n)
{
	size_t i;

	for (i = 0; i < n / 64; i++)
		w[i] = ~0ull;
	if (n % 64 != 0)
		w[i] = (1ull << n % 64) - 1;
}

/* The first set bit at or after i, or n. */
static inline size_t
bits_next(const uint64_t *w, size_t i, size_t n)
{
	while (i < n) {
		uint64_t word = w[i >> 6] >> (i & 63);

		if (word != 0) {
			i += (size_t)__builtin_ctzll(word);
			return (i < n ? i : n);
		}
		i = (i | 63) + 1;
	}
	return (n);
}

#endif

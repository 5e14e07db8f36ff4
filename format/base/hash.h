/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hash.h: the one hash function (XXH3, 64 bits): seed 0 where the value is stored, a secret seed in tables.
 */
#ifndef FORMAT_BASE_HASH_H
#define FORMAT_BASE_HASH_H

#define XXH_INLINE_ALL
#define XXH_FORCE_MEMORY_ACCESS 1 /* not by memcpy(), which FORTIFY makes a call */
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

static inline uint64_t
hash64(const void *p, size_t n, uint64_t seed)
{
	return (XXH3_64bits_withSeed(p, n, seed));
}

/* Of a number: both halves of the product folded, with any width of registers.  `factor` is odd and secret. */
static inline uint64_t
hash_fold(uint64_t v, uint64_t factor)
{
	return (XXH3_mul128_fold64(v, factor));
}

/* hash64() with seed 0, of bytes that come in pieces. */
struct hash_sum;
struct hash_sum *hash_sum_new(void);
void hash_sum_add(struct hash_sum *, const void *, size_t);
uint64_t hash_sum_end(struct hash_sum **); /* frees it */

/* The seed of this process's tables: random, or $PAVO_SEED (a number) so that tests can vary it. */
uint64_t hash_seed(void);

#endif

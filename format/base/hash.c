/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hash.c: the secret seed of this process's tables, and sums of files.  Test: tests/cli.tap, each line with two seeds;
 * tests/truth/promise.tap.
 */
#include "format/base/hash.h"

#include "format/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/* Numbers that people choose are small; as seeds of XXH3 such make some keys collide. */
static uint64_t
mixed(uint64_t x)
{
	x += 0x632be59bd9b4e019ull;
	x = (x ^ x >> 31) * 0xff51afd7ed558ccdull;
	x = (x ^ x >> 29) * 0xc4ceb9fe1a85ec53ull;
	return (x ^ x >> 32);
}

uint64_t
hash_seed(void)
{
	const char *text = getenv("PAVO_SEED");
	uint64_t seed;
	char *end;

	if (text != NULL && *text != '\0') {
		errno = 0;
		seed = strtoull(text, &end, 0);
		if (errno != 0 || *end != '\0')
			fatalx("PAVO_SEED is not a number: %s", text);
		return (mixed(seed));
	}
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		fatal("getrandom");
	return (seed);
}

struct hash_sum {
	XXH3_state_t state;
};

struct hash_sum *
hash_sum_new(void)
{
	struct hash_sum *h = aligned_alloc(64, (sizeof(*h) + 63) / 64 * 64); /* as XXH3 wants it */

	if (h == NULL)
		fatal("memory");
	XXH3_INITSTATE(&h->state);
	(void)XXH3_64bits_reset(&h->state);
	return (h);
}

void
hash_sum_add(struct hash_sum *h, const void *p, size_t n)
{
	(void)XXH3_64bits_update(&h->state, p, n);
}

uint64_t
hash_sum_end(struct hash_sum **ph)
{
	uint64_t sum = XXH3_64bits_digest(&(*ph)->state);

	free(*ph);
	*ph = NULL;
	return (sum);
}

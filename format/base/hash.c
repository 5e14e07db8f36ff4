/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hash.c: the secret seed of this process's tables.  Test: tests/cli.tap, each line with two of them.
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

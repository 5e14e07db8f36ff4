/* SPDX-License-Identifier: BSD-2-Clause
 *
 * map.h: the hash map of cold paths: numbers the keys it is given, 0, 1, 2, ... in the order in which they come.
 *
 * A key is any run of bytes; the map has its own copy of each.  What belongs to a key lies with the caller, in an array
 * by its number.  Keys are never taken out one by one.  A zeroed map is an empty one.  (Where a packet waits for the
 * answer and keys come and go there is probe/flow/slots.h; where a group is ten bytes, ra-tools/query/aggr_key.c.)
 */
#ifndef FORMAT_BASE_MAP_H
#define FORMAT_BASE_MAP_H

#include "format/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_key {
	uint64_t hash;
	const uint8_t *p; /* as long as the map lives and map_clear() was not called */
	size_t n;
};

struct map {
	struct map_key *key; /* by number */
	uint32_t n, cap;
	uint32_t *slot, mask; /* number + 1; 0: free; at most half of them are taken */
	uint64_t seed;
	struct arena arena;
};

/* The key's number in *number.  False: it is not there. */
bool map_find(const struct map *, const void *key, size_t n, uint32_t *number);

/* The same; a key that is not there gets the next number.  True: it is new. */
bool map_put(struct map *, const void *key, size_t n, uint32_t *number);

void map_clear(struct map *); /* no keys any more; numbers begin at 0 again */
void map_free(struct map *);  /* leaves an empty map */

#endif

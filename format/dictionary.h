/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dictionary.h: the distinct addresses of a block, in order, and which one each value is.
 */
#ifndef FORMAT_DICTIONARY_H
#define FORMAT_DICTIONARY_H

#include "format/base/arena.h"
#include "format/base/ip.h"

struct dictionary_v6;

/* IPv4 addresses are numbers in a hash table of their own: most often they are all. */
struct dictionary {
	struct arena *arena;
	struct ip *ip;   /* IPv4 first, each family ascending */
	uint64_t *v4;    /* those of IPv4: number << 32 | (what it is when they are made) */
	uint32_t n, n4;
	uint64_t seed;   /* secret: senders choose their addresses */
	uint32_t *cell;  /* the address of each value, numbered as they came, in the order of dictionary_add() */
	uint32_t *place; /* of each of these addresses in ip[] */
	uint32_t cells, told;
	uint64_t *slot4; /* hash: address << 32 | that number + 1; 0: an empty slot */
	uint32_t *slot6; /* hash: place in v6[] + 1 */
	struct dictionary_v6 *v6;
	uint32_t slots4, slots6, n6; /* v4[] and v6[] have room for half as many */
};

static inline uint32_t
ip_number(const struct ip *ip)
{
	uint32_t v;

	memcpy(&v, ip->b + 12, 4);
	return (be32toh(v));
}

/* Room for `cells` values; lives in the arena. */
void dictionary_begin(struct dictionary *, struct arena *, uint32_t cells, uint64_t seed);
/* Those of n rows; NULL: the first ones. */
void dictionary_add(struct dictionary *, const struct ip *, const uint32_t *row, uint32_t n);
void dictionary_end(struct dictionary *);
/* The places in ip[] of the next n values, in the order in which they were added. */
void dictionary_next(struct dictionary *, uint64_t *index, uint32_t n);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dictionary.h: the distinct addresses of a block, in order, and which one each value is.
 */
#ifndef FORMAT_DICTIONARY_H
#define FORMAT_DICTIONARY_H

#include "format/base/arena.h"
#include "format/base/ip.h"

/* Two hash tables: IPv4 addresses are numbers in one, most often the only one. */
struct dictionary {
	struct arena *arena;
	struct ip *ip; /* IPv4 first, each family ascending */
	uint32_t n, n4;
	uint32_t *v4;     /* hash: IPv4 addresses */
	struct ip *v6;    /* hash: the others */
	uint32_t slots;   /* of each table */
	uint32_t *place;  /* of each slot's address in ip[], + 1; first those of v4[], then those of v6[]; 0: an empty slot */
	uint32_t *cell;   /* the slot of each value, in the order of dictionary_add() */
	uint32_t cells, told;
	uint64_t seed;    /* secret: senders choose their addresses */
	struct {          /* in the making: distinct ones */
		uint64_t *v4; /* address << 32 | slot */
		struct ip *v6;
		uint32_t n4, n6;
	} all;
};

static inline uint32_t
ip_number(const struct ip *ip)
{
	return ((uint32_t)ip->b[12] << 24 | (uint32_t)ip->b[13] << 16 | (uint32_t)ip->b[14] << 8 | ip->b[15]);
}

/* Room for `cells` values; lives in the arena. */
void dictionary_begin(struct dictionary *, struct arena *, uint32_t cells, uint64_t seed);
/* Those of n rows; NULL: the first ones. */
void dictionary_add(struct dictionary *, const struct ip *, const uint32_t *row, uint32_t n);
void dictionary_end(struct dictionary *);
/* The places in ip[] of the next n values, in the order in which they were added. */
void dictionary_next(struct dictionary *, uint64_t *index, uint32_t n);

#endif

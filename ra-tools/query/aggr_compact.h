/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_compact.h: groups of which only plain numbers are kept: each lies in one place, key and cells beside each other, so
 * that a record asks for a line of cache or two, not for one of each of its columns.  For aggr_*.c alone.
 *
 * A group is the place of its first record, a word of state (two bits for each part of the key, then for each cell), the
 * bytes of its key and its cells.  What no record has had takes no room, addresses take 4 bytes while all are IPv4, cells
 * 4 while all numbers fit: when a record asks for more, all groups are laid out anew.
 */
#ifndef RA_TOOLS_QUERY_AGGR_COMPACT_H
#define RA_TOOLS_QUERY_AGGR_COMPACT_H

#include "ra-tools/query/aggr_room.h"

#define COMPACT_PARTS 12
#define COMPACT_CELLS 16
#define COMPACT_BITS  15 /* groups of a slab: a power of two */
#define COMPACT_ROWS  (1u << COMPACT_BITS)
#define COMPACT_CHUNK 512 /* rows at a time: their groups are in the cache from the key to the last cell */

#define COMPACT_KEY	((1ull << 2 * COMPACT_PARTS) - 1) /* of the state: the key's */
#define COMPACT_TRAFFIC (1ull << 63)

struct compact_part { /* of the key */
	enum field field;
	uint8_t full;  /* bytes that any value fits in */
	uint8_t width; /* in a group: `full`; of addresses 4; 0: no record has had it */
	bool held;     /* comes out */
	bool seen;     /* some record has had it, or it was mixed */
	uint16_t at;
};

struct compact_cell {
	enum field field;
	uint8_t agg;
	bool seen;
	uint8_t width; /* 4, 8; 0: in all groups that have it it is 0 */
	uint16_t at;
	uint64_t most; /* no group has more */
};

struct layout {
	struct compact_part part[COMPACT_PARTS];
	struct compact_cell cell[COMPACT_CELLS];
	unsigned nparts, ncells;
	uint16_t keylen, stride; /* whole words */
};

struct feed { /* a column of a batch, for who merges it */
	const struct column *c; /* NULL: it is `d`, or nothing */
	const struct dense *d;	/* in all rows */
	bool ip;		/* of addresses: IPv4 alone, or with IPv6 among them */
	bool ip6;
	bool all;		/* in all rows */
	uint64_t most;		/* no number is greater */
	uint32_t *v4, v4_cap;	/* of the addresses of `d`; memory stays for the next batch */
};

struct slot {
	uint32_t tag, group; /* of the hash; the group's number + 1, 0: none */
};

struct compact_slab {
	uint8_t *p;
	uint32_t n;
	size_t bytes;
};

struct compact {
	struct layout l;
	struct compact_slab *slab;
	uint32_t nslabs, capslabs, n;
	struct slot *slot;
	size_t slots; /* a power of two */
	uint64_t seed, factor;

	/* of a batch */
	struct feed part[COMPACT_PARTS], cell[COMPACT_CELLS];
	enum { TRAFFIC_SOME, TRAFFIC_NONE, TRAFFIC_ALL } traffic; /* of its rows */
	const struct feed *codes; /* the only part of the key, by number: what is below knows the groups; NULL: there is none such */
	uint32_t *met, met_cap;	  /* of each of its addresses: the group's number + 1; 0: none yet */

	/* of COMPACT_CHUNK rows */
	uint64_t hash[COMPACT_CHUNK], state[COMPACT_CHUNK], first[COMPACT_CHUNK], room[COMPACT_CHUNK];
	uint8_t *group[COMPACT_CHUNK];
	uint32_t number[COMPACT_CHUNK]; /* of the group */
	uint8_t *key;
};

static inline uint8_t *
compact_at(const struct compact *c, uint32_t g)
{
	return (c->slab[g >> COMPACT_BITS].p + (size_t)(g & (COMPACT_ROWS - 1)) * c->l.stride);
}

static inline uint64_t *
compact_first(uint8_t *group)
{
	return ((uint64_t *)(void *)group);
}

static inline uint64_t *
compact_state(uint8_t *group)
{
	return ((uint64_t *)(void *)group + 1);
}

#define COMPACT_HEAD 16 /* bytes before the key */

static inline unsigned
cell_shift(unsigned cell)
{
	return (2 * COMPACT_PARTS + 2 * cell);
}

/* A number in the key or a cell; of no width: 0. */
static inline uint64_t
compact_number(const uint8_t *p, unsigned width)
{
	switch (width) {
	case 0:
		return (0);
	case 2:
		return (*(const uint16_t *)(const void *)p);
	case 4:
		return (*(const uint32_t *)(const void *)p);
	default:
		return (*(const uint64_t *)(const void *)p);
	}
}

/* Hashes are made of what parts of the key are, not of how they lie. */
static inline uint64_t
compact_mix(uint64_t factor, uint64_t hash, uint64_t v)
{
	return (hash_fold(hash ^ v, factor));
}

#define MIXED_SALT 0x6d69786564ull

static inline uint64_t
compact_mix_ip(uint64_t factor, uint64_t hash, const struct ip *ip)
{
	uint64_t w[2];
	uint32_t v4;

	if (ip_is4(ip)) {
		memcpy(&v4, ip->b + 12, 4);
		return (compact_mix(factor, hash, v4));
	}
	memcpy(w, ip->b, 16);
	return (compact_mix(factor, compact_mix(factor, hash, w[0]), ~w[1]));
}

/* The next group behind g; NO_GROUP: the first one, and no more. */
static inline uint32_t
compact_next(const struct compact *c, uint32_t g)
{
	g++;
	while (g >> COMPACT_BITS < c->nslabs && (g & (COMPACT_ROWS - 1)) >= c->slab[g >> COMPACT_BITS].n)
		g = ((g >> COMPACT_BITS) + 1) << COMPACT_BITS;
	return (g >> COMPACT_BITS < c->nslabs ? g : NO_GROUP);
}

/* aggr_compact.c: can these groups be so?  NULL: no. */
struct compact *compact_new(const struct aggr *);
void compact_free(struct compact **);
void compact_clear(struct compact *);
/* Room for what is asked; all groups are laid out anew if there is none yet. */
void compact_lay(struct compact *, const struct layout *want);
uint8_t *compact_make(struct compact *, uint64_t hash, uint64_t state, const uint8_t *key, uint32_t *number);

/* aggr_compact_in.c: the columns of a batch; false: a value is none that the key can hold. */
bool compact_open(struct aggr *, struct batch *);
/* Ascending rows of the batch that `of` has opened. */
void compact_rows(struct aggr *, const struct aggr *of, const struct batch *, const uint32_t *rows, uint32_t n);
void compact_hashes(struct aggr *, const uint32_t *rows, uint32_t n, uint64_t *hash);
/* false: their keys do not hold what they have. */
bool compact_known(struct aggr *, const struct batch *, const struct known *, uint32_t n);

/* aggr_compact_out.c: a field of a group; `where` is compact_where(), -1: no group has it. */
int compact_where(const struct compact *, enum field);
void compact_get(const struct compact *, int where, uint32_t g, struct cell *);
/* As aggr_key.c lays it out. */
void compact_key(const struct aggr *, const struct compact *, uint32_t g, uint8_t *key);
void compact_gather(const struct compact *, const uint32_t *groups, uint32_t n, struct batch *);
/* They become groups of the other kind. */
void compact_dissolve(struct aggr *);
/* All of another one's; nothing is added any more. */
void compact_take(struct compact *, struct compact *from);

#endif

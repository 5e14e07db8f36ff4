/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_room.h: what aggr_in.c (records into groups), aggr_key.c (their keys), aggr_merge.c (their cells), aggr_out.c (groups
 * out, and joined), aggr_spill.c (in temporary files) and aggr_compact*.c (groups of plain numbers) share.
 */
#ifndef RA_TOOLS_QUERY_AGGR_ROOM_H
#define RA_TOOLS_QUERY_AGGR_ROOM_H

#include "format/base/hash.h"
#include "ra-tools/query/aggr.h"
#include "ra-tools/query/spill.h"
#include "ra-tools/query/table.h"

#include <string.h>

#define CHUNK	  1024
#define OUT_ROWS  BATCH_ROWS /* groups on their way out at a time */
#define SLAB_BITS 12
#define SLAB_ROWS (1u << SLAB_BITS)
#define NO_GROUP  UINT32_MAX
#define SPARSE_ROWS (BATCH_ROWS / 2)

enum { HERE = 1, MIXED = 2 }; /* state of a part of a key */

struct slabs { /* keys, which do not move while others are added */
	uint8_t **slab;
	uint32_t n, cap;
	size_t stride;
};

struct bucket {
	uint32_t hash, group; /* NO_GROUP: empty */
};

struct group { /* its cells are the row of the same number in the table */
	uint64_t hash;
	uint64_t first;	  /* place of the first record: batch, half of it, row */
	uint32_t partner; /* the same key in the other orientation; NO_GROUP: none */
	uint8_t turned;	  /* its orientation: source above destination */
	bool traffic;	  /* more than END rows */
	bool merged;	  /* of several records: companion times are all there; else an absent one means its bstart */
	bool gone;	  /* it is in its partner */
};

struct part { /* where a part of the key lies in the key's bytes; state bits: 2 for each part, in the first word */
	enum field field, twin;
	int mask4, mask6;
	uint16_t at, width;
};

/* Rows of a batch that go into groups that are there: rows[i] into to[i]. */
struct into {
	const struct batch *b;
	uint32_t *rows, *to, n;
};

struct aggr {
	struct part part[KEYS_MAX];
	unsigned nparts;
	size_t keylen, plainlen; /* of the key's bytes; of those before texts */
	bool turn, ports, hide_ends;
	struct batch *half; /* one direction of a batch, or the batch as one of its ends sees it; NULL: both count together */
	bool ends, once;    /* keys.ends; what is added has been there already */
	struct aggr *sums;  /* of a key with ends: of all records */
	enum field required;
	struct left_out left;
	uint64_t left_place; /* of the last row that was left out, if it is part of a record, + 1 */
	uint64_t seed;

	struct fieldset keep, hold; /* what comes out; what is merged for it */
	struct fieldset same;	    /* of the key, so it is the same in all rows of a group */
	struct table *cells;
	struct slabs keys;

	struct group *group;
	uint32_t n, cap;
	struct bucket *table;
	uint32_t mask;

	struct arena scratch;
	uint8_t *keybuf; /* CHUNK keys, of which every byte but those between parts is written each time */
	uint64_t hash[CHUNK];
	uint8_t turned[CHUNK];
	struct compact *compact; /* groups of plain numbers alone lie here (aggr_compact.h), and there are no others; NULL: in cells */
	bool decided, numbers;	 /* which it is; and what hashes are made by */
	uint64_t factor;	 /* of hashes */
	uint32_t *selected;		/* rows of a batch */
	uint32_t *fresh, *rows, *to; /* rows of it that make groups; those that go into one, and which */

	uint64_t number;	/* of the batch */
	const uint64_t *places; /* of the batch's rows; NULL: they follow from the number */
	unsigned half_now;

	struct share *share; /* of all threads, where rows go if most make groups; NULL: there is none */
	struct sorted_keys *sorted;
	bool owns, shared;   /* it is freed with this one; this one is a part in which there is something */

	enum field by;
	bool in_time; /* aggr_order() */
	bool bare;    /* aggr_bare_times() */
	struct batch *out;
	uint32_t out_rows; /* at a time */
	struct outgo *outgo; /* groups on their way out */

	/* what is in temporary files (aggr_spill.c) */
	uint64_t limit;
	uint64_t rows_added; /* since groups were written to a file */
	unsigned level; /* which bits of a key's hash choose its stream */
	struct spill **spill;
	unsigned spills;
	char *error;
};

/* Groups on their way out. */
struct out_rows {
	struct batch *b; /* NULL: no more */
	uint64_t by[OUT_ROWS], first[OUT_ROWS]; /* what they are ordered by */
};

static inline uint8_t *
slab_at(const struct slabs *s, uint32_t i)
{
	return (s->slab[i >> SLAB_BITS] + (size_t)(i & (SLAB_ROWS - 1)) * s->stride);
}

static inline uint64_t
turned_bit(const struct aggr *a)
{
	return (1ull << (2 * a->nparts));
}

/* Of the key where all groups are of plain numbers, or were to be. */
uint64_t compact_hash(const struct aggr *, const uint8_t *key);

/* Texts are there as hashes, which need not be hashed again: they become the seed.  Both orientations of a key have the same
 * one. */
static inline uint64_t
key_hash(const struct aggr *a, const uint8_t *key)
{
	uint64_t seed = a->seed, text;

	if (a->numbers)
		return (compact_hash(a, key));
	for (size_t at = a->plainlen; at < a->keylen; at += sizeof(text)) {
		memcpy(&text, key + at, sizeof(text));
		seed = (seed ^ text) * 0x9e3779b97f4a7c15ull;
	}
	memcpy(&text, key, sizeof(text));
	seed = (seed ^ (text & ~turned_bit(a))) * 0x9e3779b97f4a7c15ull;
	return (hash64(key + sizeof(text), a->plainlen - sizeof(text), seed));
}

/* Where the parts of the key lie. */
void key_layout(struct aggr *, const struct keys *);
/* Prefixes and hardware addresses, in the batch itself. */
void key_batch(const struct aggr *, struct batch *);
/* What one end of each selected row sees, the source's, or the destination's as if it were the source; of the latter only rows
 * whose ends differ.  Columns are borrowed from the batch, in which addresses are cut. */
void key_end_rows(const struct aggr *, struct batch *half, struct batch *, bool destination);
/* Keys, their hashes and the orientation of n rows, at most CHUNK; their places in the table are fetched. */
void key_rows(struct aggr *, const struct batch *, const uint32_t *rows, uint32_t n);

/* Into the groups' cells. */
void merge_rows(struct aggr *, const struct into *);
/* Groups that wait for their other orientation are merged with it. */
void merge_partners(struct aggr *);
/* Companion times, of rows that came out of the table. */
void fill_times(const struct aggr *, struct batch *);

/* Where a row stands among all: an order that does not depend on who adds it. */
static inline uint64_t
place_of(const struct aggr *a, uint32_t r)
{
	return ((a->places != NULL ? a->places[r] : aggr_row(a->number, r)) | (uint64_t)a->half_now << 15);
}

/* A row of its own for the end of a flow carries no traffic (SEMANTICS 0): no packets, and no correction. */
static inline bool
is_traffic(const struct batch *b, uint32_t r)
{
	const struct column *type = b->col[F_rectype];

	return (column_has(b->col[F_spkts], r) || column_has(b->col[F_dpkts], r) || column_mixed(b->col[F_spkts], r) ||
		(column_has(type, r) && type->u[r] != RECTYPE_FLOW));
}

/* Rows of the batch, at most CHUNK, whose keys are known. */
struct known {
	uint32_t row;
	const uint8_t *key;
	uint64_t hash, first;
	bool traffic, merged;
};
void add_known(struct aggr *, const struct batch *, const struct known *, uint32_t n);
/* Row r, of a batch that `of` adds, whose key is known. */
void put_row(struct aggr *, const struct aggr *of, const struct batch *, uint32_t r, const uint8_t *key, uint64_t hash,
    struct into *, uint32_t *fresh);
/* Before the first row: how groups lie. */
void groups_decide(struct aggr *);
void groups_drop(struct aggr *);       /* all of them */
uint32_t groups_count(const struct aggr *);
uint64_t groups_bytes(const struct aggr *);
/* The next groups behind `last` (NO_GROUP: from the first on), at most `most`. */
uint32_t groups_list(const struct aggr *, uint32_t last, uint32_t *list, uint32_t most);
uint64_t group_hash(const struct aggr *, uint32_t g);
/* n groups, at most CHUNK, as rows whose keys are known; `keys`: memory for these. */
void groups_known(const struct aggr *, const uint32_t *groups, uint32_t n, struct batch *, struct known *, uint8_t *keys);
/* By what they keep, the key first.  0: they are the same, and so is what is shown of them.  Of a table, or (NULL) of groups. */
int row_order(const struct aggr *, const struct table *, uint32_t x, uint32_t y);
void out_begin(struct aggr *);
void out_next(struct aggr *, struct out_rows *);
void outgo_free(struct outgo **);

void groups_spill(struct aggr *);      /* into a temporary file, where there is a limit and it is reached */
void spill_all(struct aggr *);
void spill_adopt(struct aggr *, struct aggr *from); /* another one's files */

/* Do rows go to the parts that threads share? */
bool share_takes(const struct aggr *);
void share_rows(struct aggr *, struct batch *, const uint32_t *rows, uint32_t n);
bool share_used(const struct aggr *);
unsigned share_parts(const struct aggr *); /* how many; which one has the key; one of them */
unsigned share_part(const struct aggr *, uint64_t hash);
struct aggr *share_at(const struct aggr *, unsigned part);
void join_groups(struct aggr *into, const struct aggr *from); /* or into its parts, if they are used */
void share_collect(struct aggr *); /* what is in the parts is here */
void share_free(struct aggr *);

struct streams;
struct streams *streams_order(struct aggr *); /* all is in files: its rows in order */
void streams_next(struct aggr *, struct streams *, struct out_rows *);
void streams_free(struct streams **);

#endif

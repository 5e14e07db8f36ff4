/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_room.h: what aggr_in.c (records into groups), aggr_key.c (their keys) and aggr_out.c (groups out, joined, and to
 * temporary files) share.
 */
#ifndef RA_TOOLS_QUERY_AGGR_ROOM_H
#define RA_TOOLS_QUERY_AGGR_ROOM_H

#include "format/base/hash.h"
#include "ra-tools/query/aggr.h"
#include "ra-tools/query/spill.h"

#include <string.h>

#define CHUNK	  512
#define SLAB_BITS 12
#define SLAB_ROWS (1u << SLAB_BITS)
#define SLAB_STEP 256 /* rows that are made ready at a time */
#define NO_GROUP  UINT32_MAX
#define SPARSE_ROWS (2 * BATCH_ROWS)

enum { HERE = 1, MIXED = 2 }; /* state of a cell; both: mixed */

struct slabs { /* rows of one size that do not move while others are added */
	uint8_t **slab;
	uint32_t n, cap, ready; /* ready: rows that are zero, or more */
	size_t stride;
};

struct job;
typedef void (*kernel_fn)(const struct job *);

struct slot { /* a kept field that has been seen */
	enum field field;
	uint32_t value, state; /* where they are in a row */
	bool timed;	       /* a companion time follows the value */
	kernel_fn kernel;
};

struct bucket {
	uint32_t hash, group; /* NO_GROUP: empty */
};

struct group {
	uint64_t hash;
	uint64_t first;	  /* place of the first record: batch, half of it, row */
	uint32_t partner; /* the same key in the other orientation; NO_GROUP: none */
	uint8_t turned;	  /* its orientation: source above destination */
	bool traffic;	  /* more than END rows */
};

struct
    part { /* where a part of the key lies in the key's bytes; state bits: 2 for each part, in the first word */
	enum field field, twin;
	int mask4, mask6;
	uint16_t at, width;
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

	struct fieldset keep;
	struct slot slot[F_STORED];
	uint16_t slot_of[F_STORED]; /* index + 1 */
	unsigned nslots;
	struct slabs rows, keys;

	struct group *group;
	uint32_t n, cap;
	struct bucket *table;
	uint32_t mask;

	struct arena arena; /* blobs of groups */
	struct arena scratch;

	uint8_t *keybuf; /* CHUNK keys, of which every byte but those between parts is written each time */
	uint64_t hash[CHUNK];
	uint8_t turned[CHUNK];
	uint8_t *to[CHUNK];
	uint32_t *selected;

	uint64_t number;	/* of the batch */
	const uint64_t *places; /* of the batch's rows; NULL: they follow from the number */
	unsigned half_now;

	enum field by;
	bool in_time; /* aggr_order() */
	struct batch *out;
	struct outgo *outgo; /* groups on their way out */

	/* what is in temporary files (aggr_out.c) */
	uint64_t limit, blob_bytes;
	uint64_t rows_added; /* since groups were written to a file */
	unsigned level; /* which bits of a key's hash choose its stream */
	struct spill **spill;
	unsigned spills;
	char *error;
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

/* Texts are there as hashes, which need not be hashed again: they become the seed. */
static inline uint64_t
key_hash(const struct aggr *a, const uint8_t *key)
{
	uint64_t seed = a->seed, text;

	for (size_t at = a->plainlen; at < a->keylen; at += sizeof(text)) {
		memcpy(&text, key + at, sizeof(text));
		seed = (seed ^ text) * 0x9e3779b97f4a7c15ull;
	}
	return (hash64(key, a->plainlen, seed));
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
void cell_read(const struct slot *, const uint8_t *row, struct cell *);
/* Merge a cell into a group's row; the field has a slot. */
void cell_into(struct aggr *, enum field, uint8_t *row, const struct cell *);
/* Each field in the set gets a slot. */
void slots_cover(struct aggr *, const struct fieldset *);
/* The group of a key whose first record is at `first`. */
uint32_t group_of(struct aggr *, const uint8_t *key, uint64_t hash, uint64_t first);
void groups_drop(struct aggr *);       /* all of them */
uint64_t groups_bytes(const struct aggr *);
void groups_spill(struct aggr *);      /* into a temporary file, where there is a limit and it is reached */
void outgo_free(struct outgo **);

#endif

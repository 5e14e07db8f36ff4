/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table_room.h: how a table lies in memory, for table_*.c, and aggr_merge.c, which merges into its cells.
 */
#ifndef RA_TOOLS_QUERY_TABLE_ROOM_H
#define RA_TOOLS_QUERY_TABLE_ROOM_H

#include "ra-tools/query/table.h"
#include "ra-tools/query/words.h"

#define TABLE_BITS 12
#define TABLE_ROWS (1u << TABLE_BITS)

struct strip { /* a field in a chunk */
	void *cells;	   /* NULL where width is 0 */
	uint64_t *present; /* NULL: in every row, or in none */
	uint64_t *mixed;   /* NULL: in none */
	uint64_t base;	   /* a number is base + its cell; cells of rows without one say nothing */
	uint8_t width;	   /* bytes a cell: 0, 1, 2, 4, 8, or 16 */
	bool full;	   /* in every row */
};

struct chunk {
	uint32_t rows, cap;
	struct strip strip[F_COUNT];
};

struct slice { /* a strip, for who reads a field of many chunks: side by side in memory */
	const void *cells;
	const uint64_t *present; /* never NULL */
	uint64_t base;
	uint8_t width;
};

struct across { /* a field in all chunks */
	bool full;     /* in every row */
	bool mixed;    /* in some row, maybe */
	bool nothing;  /* all numbers are 0 */
	uint8_t width; /* of the cells, if it is the same in all chunks above base 0; else 0 */
	struct slice *slice; /* of each chunk; NULL: not looked at yet */
};

struct table {
	struct chunk **chunk;
	uint32_t n, cap, rows;
	uint64_t bytes;
	struct words words; /* texts and histograms are numbers in the cells */
	struct fieldset seen;
	bool settled;
	uint64_t ones[TABLE_ROWS / 64];
	uint64_t *scratch; /* words of TABLE_ROWS rows, and behind it the numbers of the rows */
	uint32_t *counted;
	/* settled: */
	uint16_t like[F_STORED]; /* the first field that is in the same rows; else itself */
	struct across across[F_STORED]; /* of those that some row has */
	struct slice *slices;	 /* their memory */
};

static inline struct strip *
strip_of(const struct table *t, enum field f, uint32_t row)
{
	return (&t->chunk[row >> TABLE_BITS]->strip[f]);
}

static inline bool
strip_has(const struct strip *s, uint32_t i)
{
	return (s->full || (s->present != NULL && bit_get(s->present, i)));
}

static inline bool
strip_mixed(const struct strip *s, uint32_t i)
{
	return (s->mixed != NULL && bit_get(s->mixed, i));
}

/* Number i of cells so wide; without cells (width 0) all are the base. */
static inline uint64_t
number_at(const void *cells, unsigned width, uint64_t base, uint32_t i)
{
	switch (width) {
	case 1:
		return (base + ((const uint8_t *)cells)[i]);
	case 2:
		return (base + ((const uint16_t *)cells)[i]);
	case 4:
		return (base + ((const uint32_t *)cells)[i]);
	case 8:
		return (base + ((const uint64_t *)cells)[i]);
	default:
		return (base);
	}
}

/* The number, where there is one. */
static inline uint64_t
strip_number(const struct strip *s, uint32_t i)
{
	return (number_at(s->cells, s->width, s->base, i));
}

static inline bool
strip_fits(const struct strip *s, uint64_t cell)
{
	return (s->width == 8 || cell >> (8 * s->width) == 0);
}

static inline void
strip_store(struct strip *s, uint32_t i, uint64_t cell)
{
	switch (s->width) {
	case 1:
		((uint8_t *)s->cells)[i] = (uint8_t)cell;
		break;
	case 2:
		((uint16_t *)s->cells)[i] = (uint16_t)cell;
		break;
	case 4:
		((uint32_t *)s->cells)[i] = (uint32_t)cell;
		break;
	case 8:
		((uint64_t *)s->cells)[i] = cell;
		break;
	default:
		break;
	}
}

/* Room for numbers from lo to hi. */
void strip_widen(struct table *, struct chunk *, struct strip *, uint64_t lo, uint64_t hi);

static inline void
strip_put(struct table *t, struct chunk *c, struct strip *s, uint32_t i, uint64_t v)
{
	if (!strip_fits(s, v - s->base))
		strip_widen(t, c, s, v, v);
	strip_store(s, i, v - s->base);
}

static inline struct ip
strip_ip(const struct strip *s, uint32_t i)
{
	struct ip ip;

	if (s->width == 4)
		return (ip_v4((const uint8_t *)s->cells + (size_t)i * 4));
	memcpy(&ip, (const uint8_t *)s->cells + (size_t)i * 16, 16);
	return (ip);
}

void strip_put_ip(struct table *, struct chunk *, struct strip *, uint32_t i, const struct ip *);
/* Not in every row any more, or not in none: a bit a row. */
void strip_bits(struct table *, struct chunk *, struct strip *);

static inline void
strip_mark(struct table *t, struct chunk *c, struct strip *s, uint32_t i)
{
	if (s->full)
		return;
	if (s->present == NULL)
		strip_bits(t, c, s);
	bit_set(s->present, i);
}

/* The row's value differs among what it was made of: it has none. */
void strip_mix(struct table *, struct chunk *, struct strip *, uint32_t i);

/* What table_settle() found is not so any more. */
void table_unsettle(struct table *);

/* A row's value with its state; without a companion time. */
void table_cell(const struct table *, enum field, uint32_t row, struct cell *);
/* It becomes the cell.  Bytes are copied; `own`: they will change again. */
void table_put(struct table *, enum field, uint32_t row, const struct cell *, bool own);
#endif

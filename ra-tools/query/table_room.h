/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table_room.h: how a table lies in memory, for table_in.c, table_out.c, table_words.c.
 */
#ifndef RA_TOOLS_QUERY_TABLE_ROOM_H
#define RA_TOOLS_QUERY_TABLE_ROOM_H

#include "ra-tools/query/table.h"

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

struct word { /* texts and histograms are numbers in the cells: places among these */
	struct blob bytes;
};

struct words {
	struct word *word;
	uint32_t n, cap;
	uint32_t *slot, mask; /* word + 1 of those that are shared, by their hash */
	uint64_t seed, bytes;
	struct arena arena;
};

struct table {
	struct chunk **chunk;
	uint32_t n, cap, rows;
	uint64_t bytes;
	struct words words;
	struct fieldset seen;
	bool settled;
	uint64_t ones[TABLE_ROWS / 64];
	uint64_t *scratch; /* words of TABLE_ROWS rows, and behind it the numbers of the rows */
	uint32_t *counted;
	uint16_t like[F_STORED]; /* settled: the first field that is in the same rows; else itself */
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

/* The number, where there is one. */
static inline uint64_t
strip_number(const struct strip *s, uint32_t i)
{
	switch (s->width) {
	case 1:
		return (s->base + ((const uint8_t *)s->cells)[i]);
	case 2:
		return (s->base + ((const uint16_t *)s->cells)[i]);
	case 4:
		return (s->base + ((const uint32_t *)s->cells)[i]);
	case 8:
		return (s->base + ((const uint64_t *)s->cells)[i]);
	default:
		return (s->base);
	}
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

static inline struct ip
strip_ip(const struct strip *s, uint32_t i)
{
	struct ip ip;

	if (s->width == 4)
		return (ip_v4((const uint8_t *)s->cells + (size_t)i * 4));
	memcpy(&ip, (const uint8_t *)s->cells + (size_t)i * 16, 16);
	return (ip);
}

/* The number of these bytes among those that rows share. */
uint32_t words_shared(struct table *, const struct blob *);
void words_free(struct words *);

#endif

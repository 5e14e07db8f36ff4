/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pile_room.h: how a pile lies in memory: pile_in.c, pile_out.c, and sort_in.c, which reads keys from its cells.
 */
#ifndef RA_TOOLS_QUERY_PILE_ROOM_H
#define RA_TOOLS_QUERY_PILE_ROOM_H

#include "format/base/bits.h"
#include "ra-tools/query/pile.h"
#include "ra-tools/query/words.h"

struct region { /* grows at its end */
	void *p;
	size_t there;
};

struct rows { /* a set of them */
	struct region bits, before; /* before[w]: how many of the words before w */
	uint32_t n;
};

struct scale { /* of the cells that came with one batch */
	uint64_t base, unit;
};

struct lane { /* a field */
	uint16_t here, mixed; /* which sets of rows; 0: none */
	uint8_t width;        /* bytes a cell: 0 (and none are there), 1, 2, 4, 8; of addresses 4 or 16 */
	bool made;            /* ids: all are (batch.h) */
	struct region cells;  /* of each row that has it */
	uint64_t base;        /* a number is base + its cell; texts and histograms are numbers, too */
	struct region scale;  /* by batch; none: all are 1 times their cell above base */
};

struct pile {
	uint32_t rows;
	uint32_t batches;
	struct region start;    /* of each batch, its first row */
	struct region batch_of; /* each 64th row's batch */
	uint64_t bytes;
	struct lane lane[F_COUNT];
	struct rows set[2 * F_COUNT + 1];
	uint16_t sets;
	struct region marks;    /* of 8 sets at a time, a byte a row: which of them have it; when rows come out */
	uint32_t marked;        /* of so many rows */
	struct words words;
	struct arena arena; /* of one call */
	uint64_t *numbers;  /* BATCH_ROWS */
};

/* Room for `need` bytes, of which `used` are in use. */
void *region_room(struct pile *, struct region *, size_t used, size_t need);

static inline const uint64_t *
rows_bits(const struct rows *s)
{
	return (s->bits.p);
}

static inline const struct scale *
lane_scale(const struct lane *l)
{
	return (l->scale.p);
}

/* All rows have it, and the same. */
static inline bool
lane_is_one(const struct pile *p, const struct lane *l)
{
	return (l->width == 0 && lane_scale(l) == NULL && p->set[l->here].n == p->rows);
}

static inline uint32_t
batch_of(const struct pile *p, uint32_t row)
{
	const uint32_t *start = p->start.p;
	uint32_t b = ((const uint32_t *)p->batch_of.p)[row / 64];

	while (b + 1 < p->batches && start[b + 1] <= row)
		b++;
	return (b);
}

static inline uint64_t
cell_at(const struct lane *l, uint32_t i)
{
	switch (l->width) {
	case 0:
		return (0);
	case 1:
		return (((const uint8_t *)l->cells.p)[i]);
	case 2:
		return (((const uint16_t *)l->cells.p)[i]);
	case 4:
		return (((const uint32_t *)l->cells.p)[i]);
	default:
		return (((const uint64_t *)l->cells.p)[i]);
	}
}

/* Where among the cells the row's is; false: it has none. */
static inline bool
lane_place(const struct pile *p, const struct lane *l, uint32_t row, uint32_t *place)
{
	const struct rows *s = &p->set[l->here];
	uint64_t bits;

	*place = row;
	if (s->n == p->rows)
		return (true);
	if (l->here == 0)
		return (false);
	bits = rows_bits(s)[row / 64];
	*place = ((const uint32_t *)s->before.p)[row / 64] + bits_of_word(bits & ((1ull << row % 64) - 1));
	return (bits >> row % 64 & 1);
}

static inline uint64_t
lane_number(const struct pile *p, const struct lane *l, uint32_t row, uint32_t place)
{
	const struct scale *s = lane_scale(l);

	if (s == NULL)
		return (l->base + cell_at(l, place));
	s += batch_of(p, row);
	return (s->base + s->unit * cell_at(l, place));
}

#endif

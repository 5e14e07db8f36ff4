/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tile.h: records on their way into a batch, 64 at a time: filled row by row, handed on field by field.
 *
 * A value that is put is one store at a known place; what costs something for each field (is it there, is it zero, where
 * does its column lie) is asked once for 64 rows.
 *
 *	PUT(t, spkts, 3); ...  tile_next(t, batch);     and at the end tile_flush(t, batch), tile_start(t)
 */
#ifndef FORMAT_TILE_H
#define FORMAT_TILE_H

#include "format/batch.h"

#define TILE_ROWS  64
#define TILE_WORDS ((BITS_WORDS(F_STORED) + 3) / 4 * 4) /* whole vectors */

struct tile {
	uint32_t row;  /* that is being filled */
	uint32_t done; /* those before it that are in the batch */
	uint32_t nblobs;
	uint16_t blob[F_STORED]; /* its fields that are bytes */
	_Alignas(32) uint64_t present[TILE_ROWS][TILE_WORDS]; /* the fields of each row */
	/* Cells without a value are zero: who is there and zero needs no store.  Nine lines of cache a field, not
	 * eight, or all fields would want the same few places in it. */
	_Alignas(64) uint64_t u[F_STORED][TILE_ROWS + 8];
	union value wide[F_STORED][TILE_ROWS]; /* addresses and bytes: memory is only where there are any */
	struct blob last[F_STORED]; /* as it was copied into the batch */
};

/* A value into the row that is being filled; bytes once in a row, they are copied by tile_next(). */
#define PUT(t, field, value) \
	((t)->u[F_##field][(t)->row] = (uint64_t)(value), bit_set((t)->present[(t)->row], F_##field))
#define PUT_IP(t, field, value) \
	((t)->wide[F_##field][(t)->row].ip = (value), bit_set((t)->present[(t)->row], F_##field))
/* Where the address is to be written at once. */
#define PUT_IP_HERE(t, field) \
	(bit_set((t)->present[(t)->row], F_##field), &(t)->wide[F_##field][(t)->row].ip)
#define PUT_BLOB(t, field, bytes, len)                                                                    \
	((t)->wide[F_##field][(t)->row].b = (struct blob){ (const uint8_t *)(bytes), (uint32_t)(len) }, \
	    (t)->blob[(t)->nblobs++] = F_##field, bit_set((t)->present[(t)->row], F_##field))
/* Not copied: the bytes live as long as the batch. */
#define PUT_KEPT(t, field, kept) \
	((t)->wide[F_##field][(t)->row].b = (kept), bit_set((t)->present[(t)->row], F_##field))
/* Many numbers at once: a function that knows its fields notes in words of its own which there are (the compiler makes
 * constants of them, if no other function gets them), and hands them on at its end. */
struct tile_noted {
	uint64_t w[TILE_WORDS];
};
#define PUT_NOTED(t, noted, field, value) \
	((t)->u[F_##field][(t)->row] = (uint64_t)(value), bit_set((noted)->w, F_##field))
static inline void
tile_note(struct tile *t, const struct tile_noted *n)
{
	uint64_t *to = t->present[t->row];

	/* No loop: words that are known to be 0 are no work. */
	_Static_assert(TILE_WORDS == 8, "all of them");
	to[0] |= n->w[0], to[1] |= n->w[1], to[2] |= n->w[2], to[3] |= n->w[3];
	to[4] |= n->w[4], to[5] |= n->w[5], to[6] |= n->w[6], to[7] |= n->w[7];
}

#define TILE_HAS(t, field) bit_get((t)->present[(t)->row], F_##field)

struct tile *tile_new(void);
void tile_free(struct tile **);
/* The row is done.  The batch must be the same, and have room, until tile_start(). */
void tile_next(struct tile *, struct batch *);
/* The row is to be nothing. */
void tile_drop(struct tile *);
/* All rows that are done into the batch. */
void tile_flush(struct tile *, struct batch *);
/* The next row is the first of another batch. */
void tile_start(struct tile *);

/* The number in the row that is being filled; 0 where there is none. */
static inline uint64_t
tile_number(const struct tile *t, enum field f)
{
	return (t->u[f][t->row]);
}

#endif

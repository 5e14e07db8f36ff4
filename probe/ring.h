/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ring.h: cells of one size from one thread to another, in order, without locks while both keep up.
 *
 * One thread writes, one reads.  Who finds the ring full, or empty, sleeps.  What was written is handed on by the lot:
 * a reader that sleeps is woken when a quarter of the ring waits for it, or by ring_hand_on().
 */
#ifndef PROBE_RING_H
#define PROBE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/* n cells, a power of two. */
struct ring *ring_new(size_t size, uint32_t n);
void ring_free(struct ring **);

/* The writer: a free cell, to be filled, then written.  Waits while the ring is full. */
void *ring_cell(struct ring *);
void ring_written(struct ring *);
/* And whoever reads is to have it now. */
void ring_hand_on(struct ring *);

/* The reader: cells that lie one behind the other, at most so many; 0: there are none, or, if it waits, never. */
uint32_t ring_take(struct ring *, uint32_t most, bool wait, void **cells);
/* The first n of them are free again. */
void ring_done(struct ring *, uint32_t n);

#endif

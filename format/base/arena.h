/* SPDX-License-Identifier: BSD-2-Clause
 *
 * arena.h: memory by phase (arena) and by kind (pool).
 *
 * An arena hands out memory that is freed all at once.  A pool hands out numbered cells of one size
 * from one lazily touched region, up to a cap; cell numbers start at 1, so 0 means "none".
 */
#ifndef FORMAT_BASE_ARENA_H
#define FORMAT_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena_chunk;
struct arena {
	struct arena_chunk *chunk; /* newest */
	uint8_t *p, *end;          /* what is left of it */
};

void *arena_alloc(struct arena *, size_t n); /* 16-byte aligned, not zeroed */
void *arena_zero(struct arena *, size_t n);
void *arena_copy(struct arena *, const void *, size_t n);
void arena_reset(struct arena *); /* everything is gone; memory is kept for the next phase */
void arena_free(struct arena *);

struct pool {
	uint8_t *base;
	size_t size;             /* of a cell */
	uint32_t cap, used;      /* cells allowed, cells in use */
	uint32_t top, free;      /* highest cell ever used; head of the free list */
	uint32_t ready;          /* cells up to here have memory behind them */
	size_t there;            /* bytes that can be used: mem_place() */
};

void pool_init(struct pool *, size_t size, uint32_t cap);
void pool_free(struct pool *);

void pool_make_ready(struct pool *); /* asks for memory for the next cells at once */

static inline void *
pool_at(const struct pool *p, uint32_t n)
{
	return (p->base + (size_t)n * p->size);
}

/* A new cell's number, its bytes not set; 0 when the cap is reached. */
static inline uint32_t
pool_get(struct pool *p)
{
	uint32_t n = p->free;

	if (n != 0) {
		p->free = *(uint32_t *)pool_at(p, n);
	} else {
		if (p->top == p->cap)
			return (0);
		n = ++p->top;
		if (n >= p->ready)
			pool_make_ready(p);
	}
	p->used++;
	return (n);
}

static inline void
pool_put(struct pool *p, uint32_t n)
{
	*(uint32_t *)pool_at(p, n) = p->free;
	p->free = n;
	p->used--;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * arena.c: memory by phase and by kind.
 *
 * An arena is a list of chunks, each at least twice as large as the one before it, so that a phase of
 * any size costs few of them.  Reset leaves one chunk as large as all were: the next phase of about
 * the same size then fits in it, and the kernel is not asked for the same pages again and again.
 */
#include "format/base/arena.h"

#include "format/base/log.h"
#include "format/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN 16
#define ARENA_FIRST ((size_t)8192)
#define ARENA_MOST  ((size_t)4 << 20) /* chunks stop doubling here */

struct arena_chunk {
	struct arena_chunk *older;
	size_t size; /* of bytes */
	_Alignas(ARENA_ALIGN) uint8_t bytes[];
};

static void
arena_use(struct arena *a, struct arena_chunk *c)
{
	a->chunk = c;
	a->p = c->bytes;
	a->end = c->bytes + c->size;
}

static void
arena_grow(struct arena *a, size_t n)
{
	size_t size = ARENA_FIRST;
	struct arena_chunk *c;

	if (a->chunk != NULL)
		size = a->chunk->size < ARENA_MOST ? a->chunk->size * 2 : a->chunk->size;
	if (size < n)
		size = n;
	if (size > SIZE_MAX - sizeof(*c))
		fatalx("%zu bytes are too many", n);
	c = mem_alloc(sizeof(*c) + size);
	c->older = a->chunk;
	c->size = size;
	arena_use(a, c);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	uint8_t *p;

	if (n > SIZE_MAX - ARENA_ALIGN)
		fatalx("%zu bytes are too many", n);
	n = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (a->p == NULL || (size_t)(a->end - a->p) < n)
		arena_grow(a, n);
	p = a->p;
	a->p += n;
	return (p);
}

void *
arena_zero(struct arena *a, size_t n)
{
	return (memset(arena_alloc(a, n), 0, n));
}

void *
arena_copy(struct arena *a, const void *from, size_t n)
{
	void *p = arena_alloc(a, n);

	if (n != 0)
		memcpy(p, from, n);
	return (p);
}

static void
chunks_free(struct arena_chunk *c)
{
	while (c != NULL) {
		struct arena_chunk *older = c->older;

		free(c);
		c = older;
	}
}

void
arena_reset(struct arena *a)
{
	size_t all = 0;

	if (a->chunk == NULL)
		return;
	if (a->chunk->older == NULL) {
		arena_use(a, a->chunk);
		return;
	}
	for (const struct arena_chunk *c = a->chunk; c != NULL; c = c->older)
		all += c->size;
	chunks_free(a->chunk);
	*a = (struct arena){ 0 };
	arena_grow(a, all);
}

void
arena_free(struct arena *a)
{
	chunks_free(a->chunk);
	*a = (struct arena){ 0 };
}

/* One cell more than the cap: cell 0 is never used, so that the number 0 can mean "none". */
static size_t
pool_bytes(size_t size, uint32_t cap)
{
	size_t n;

	if (__builtin_mul_overflow(size, (size_t)cap + 1, &n))
		fatalx("%u cells of %zu bytes are too many", cap, size);
	return (n);
}

void
pool_init(struct pool *p, size_t size, uint32_t cap)
{
	assert(size >= sizeof(uint32_t) &&
	       size % sizeof(uint32_t) == 0); /* the free list lies in the cells */
	*p = (struct pool){ .size = size, .cap = cap };
	p->base = mem_place(pool_bytes(size, cap), &p->there);
}

void
pool_free(struct pool *p)
{
	if (p->base != NULL)
		mem_release(p->base, p->there);
	*p = (struct pool){ 0 };
}

/* So many bytes are asked for together. */
#define READY_BYTES ((size_t)128 << 10)

void
pool_make_ready(struct pool *p)
{
	size_t from = (size_t)p->ready * p->size, to = (size_t)p->top * p->size + READY_BYTES;

	if (to > pool_bytes(p->size, p->cap))
		to = pool_bytes(p->size, p->cap);
	mem_place_more(p->base, &p->there, from, to);
	p->ready = (uint32_t)(to / p->size);
	if (p->ready <= p->top)
		p->ready = p->top + 1;
}

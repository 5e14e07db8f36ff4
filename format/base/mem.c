/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mem.c: memory that is there or the program ends with one sentence.  Test: test_arena.c, whose memory it is.
 */
#include "format/base/mem.h"

#include "format/base/log.h"
#include "format/base/sanitizer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const char *advice = "";

void
mem_advise(const char *text)
{
	advice = text;
}

noreturn void
mem_none(size_t n)
{
	errno = ENOMEM;
	fatal("%zu bytes of memory%s", n, advice);
}

static size_t
product(size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		mem_none(SIZE_MAX);
	return (n);
}

/* malloc(0) may be NULL, which no caller wants to tell from failure: ask for a byte. */
static size_t
at_least_one(size_t n)
{
	return (n == 0 ? 1 : n);
}

void *
mem_alloc(size_t n)
{
	void *p = malloc(at_least_one(n));

	if (p == NULL)
		mem_none(n);
	return (p);
}

void *
mem_zero(size_t count, size_t size)
{
	size_t n = product(count, size);
	void *p = calloc(1, at_least_one(n));

	if (p == NULL)
		mem_none(n);
	return (p);
}

void *
mem_grow(void *old, size_t count, size_t size)
{
	size_t n = product(count, size);
	void *p = realloc(old, at_least_one(n));

	if (p == NULL)
		mem_none(n);
	return (p);
}

char *
mem_str(const char *s)
{
	size_t n = strlen(s) + 1;

	return (memcpy(mem_alloc(n), s, n));
}

void *
mem_reserve(size_t n)
{
	/* NORESERVE: a table of a million cells that holds ten costs ten, also under strict overcommit. */
	void *p = mmap(NULL, at_least_one(n), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		mem_none(n);
	return (p);
}

void *
mem_extend(void *p, size_t n, size_t more)
{
#ifdef MREMAP_MAYMOVE
	void *q = mremap(p, at_least_one(n), more, MREMAP_MAYMOVE);

	if (q == MAP_FAILED)
		mem_none(more);
#else
	void *q = mem_reserve(more);

	memcpy(q, p, n);
	mem_release(p, n);
#endif
	return (q);
}

/* Places stand one behind the other in a part of the address space in which the kernel puts nothing of its own accord:
 * it fills from the top.  Where they can not be there (32 bits, sanitizers, other systems), all of a place is reserved. */
#if UINTPTR_MAX > UINT32_MAX && defined(MAP_FIXED_NOREPLACE) && !defined(SANITIZER_THREAD)
#define PLACES	   ((uintptr_t)0x200000000000)
#define PLACES_END ((uintptr_t)0x500000000000)
#define PLACE_GAP  ((size_t)2 << 20)

static _Atomic uintptr_t next_place;

/* 0: there is none left. */
static uintptr_t
take_place(size_t most)
{
	uintptr_t none = 0, at;
	size_t n = (most + 2 * PLACE_GAP - 1) & ~(PLACE_GAP - 1);

	if (next_place == 0) /* somewhere: a stack is at random, too */
		(void)atomic_compare_exchange_strong(&next_place, &none, PLACES + (((uintptr_t)&none & 0xffff000) << 16));
	at = atomic_fetch_add(&next_place, n);
	return (at + most < PLACES_END ? at : 0);
}

static bool
map_at(uintptr_t at, size_t n)
{
	void *p = mmap((void *)at, n, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != MAP_FAILED && p != (void *)at)
		(void)munmap(p, n);
	return (p == (void *)at);
}
#else
static uintptr_t
take_place(size_t most)
{
	(void)most;
	return (0);
}

static bool
map_at(uintptr_t at, size_t n)
{
	(void)at;
	(void)n;
	return (false);
}
#endif

#define PLACE_STEP ((size_t)256 << 10) /* so much is taken at once */

void *
mem_place(size_t most, size_t *there)
{
	uintptr_t at = take_place(most);

	*there = most < PLACE_STEP ? at_least_one(most) : PLACE_STEP;
	if (at != 0 && map_at(at, *there))
		return ((void *)at);
	*there = at_least_one(most);
	return (mem_reserve(most));
}

/* So many pages are asked for together: a fault for each costs more than the page.  Only a hint. */
static void
touch(void *p, size_t n)
{
#ifdef MADV_POPULATE_WRITE
	const uintptr_t page = 4096;
	uintptr_t from = (uintptr_t)p & ~(page - 1), to = ((uintptr_t)p + n) & ~(page - 1);
	int error = errno;

	if (to > from)
		(void)madvise((void *)from, to - from, MADV_POPULATE_WRITE);
	errno = error;
#else
	(void)p;
	(void)n;
#endif
}

void
mem_place_more(void *place, size_t *there, size_t from, size_t to)
{
	if (to > *there) {
		size_t n = (to - *there + PLACE_STEP - 1) & ~(PLACE_STEP - 1);

		if (!map_at((uintptr_t)place + *there, n))
			mem_none(n);
		*there += n;
	}
	touch((uint8_t *)place + from, to - from);
}

void
mem_release(void *p, size_t n)
{
	if (p != NULL)
		(void)munmap(p, at_least_one(n));
}

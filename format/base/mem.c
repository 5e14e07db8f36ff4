/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mem.c: memory that is there or the program ends with one sentence.  Test: test_arena.c, whose memory it is.
 */
#include "format/base/mem.h"

#include "format/base/log.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static noreturn void
out_of_memory(size_t n)
{
	errno = ENOMEM;
	fatal("%zu bytes", n);
}

static size_t
product(size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		out_of_memory(SIZE_MAX);
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
		out_of_memory(n);
	return (p);
}

void *
mem_zero(size_t count, size_t size)
{
	size_t n = product(count, size);
	void *p = calloc(1, at_least_one(n));

	if (p == NULL)
		out_of_memory(n);
	return (p);
}

void *
mem_grow(void *old, size_t count, size_t size)
{
	size_t n = product(count, size);
	void *p = realloc(old, at_least_one(n));

	if (p == NULL)
		out_of_memory(n);
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
		out_of_memory(n);
	return (p);
}

void
mem_touch(void *p, size_t n)
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
mem_release(void *p, size_t n)
{
	if (p != NULL)
		(void)munmap(p, at_least_one(n));
}

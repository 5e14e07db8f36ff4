/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mem.h: memory that is there or the program ends with one sentence.
 *
 * Every table that grows with input has a cap of its own, so running out of memory is the
 * machine's state and not something that a caller could mend.
 */
#ifndef FORMAT_BASE_MEM_H
#define FORMAT_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

void *mem_alloc(size_t n);                 /* not zeroed */
void *mem_zero(size_t count, size_t size); /* zeroed; count * size is checked */
void *mem_grow(void *, size_t count, size_t size);
char *mem_str(const char *);               /* a copy */

/* A lazily touched region of n bytes, zeroed, whose untouched part costs no memory. */
void *mem_reserve(size_t n);
void mem_touch(void *, size_t n); /* part of one: have its memory there now; only a hint */
void mem_release(void *, size_t n);

/* These bytes will be needed soon: ask for their lines of cache. */
static inline void
mem_prefetch(const void *p, size_t n)
{
	const uint8_t *line = p;

	__builtin_prefetch(line);
	if (n > 64) /* in line where n is known */
		__builtin_prefetch(line + 64);
	if (n > 128)
		__builtin_prefetch(line + 128);
	for (size_t i = 192; i < n; i += 64)
		__builtin_prefetch(line + i);
}

#endif

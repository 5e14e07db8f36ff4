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
#include <stdnoreturn.h>

void *mem_alloc(size_t n);                 /* not zeroed */
void *mem_zero(size_t count, size_t size); /* zeroed; count * size is checked */
void *mem_grow(void *, size_t count, size_t size);
char *mem_str(const char *);               /* a copy */

/* A lazily touched region of n bytes, zeroed, whose untouched part costs no memory. */
void *mem_reserve(size_t n);
void mem_release(void *, size_t n);
/* The same region of more bytes, maybe elsewhere, without its bytes being copied where the system can do so. */
void *mem_extend(void *, size_t n, size_t more);
/* A region that grows in place up to `most` bytes, zeroed; *there of them can be used now.  What it has not grown to takes no
 * part in the address space that a limit counts (ulimit -v), where the machine has room to do so. */
void *mem_place(size_t most, size_t *there);
/* The bytes up to `to` can be used, and those from `from` on have memory behind them. */
void mem_place_more(void *, size_t *there, size_t from, size_t to);
/* A library had none, of about so many bytes: the same sentence. */
noreturn void mem_none(size_t n);
/* What may be said behind "out of memory": what the user can ask for less of; lives as long as the program. */
void mem_advise(const char *);

/* These bytes will be needed soon: ask for their lines of cache.  A loop, not written out: asked for at once, one behind the
 * other, many are lost, and a batch of packets took a fifth more time (bench/README.md). */
static inline void
mem_prefetch(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i += 64)
		__builtin_prefetch((const uint8_t *)p + i);
}

#endif

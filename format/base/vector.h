/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vector.h: loops that are worth the widest vectors of the machine that runs them.
 */
#ifndef FORMAT_BASE_VECTOR_H
#define FORMAT_BASE_VECTOR_H

#include "format/base/sanitizer.h"

#include <stdint.h> /* with it the C library says which it is */

/* WIDE before a function: the results are the same on all machines.  Not where a sanitizer would have to start before the
 * dynamic linker chooses. */
#if !defined(__x86_64__) || !defined(__GLIBC__) || defined(SANITIZER_THREAD) || defined(SANITIZER_MEMORY)
#define WIDE
#elif defined(__clang__) && __clang_major__ >= 14
#define WIDE __attribute__((target_clones("avx2", "default")))
#elif !defined(__clang__) && __GNUC__ >= 9 /* its -O2 makes no vectors of loops that have a rest */
#define WIDE __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define WIDE
#endif

#endif

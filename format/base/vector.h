/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vector.h: loops that are worth the widest vectors of the machine that runs them.
 */
#ifndef FORMAT_BASE_VECTOR_H
#define FORMAT_BASE_VECTOR_H

#include <stdint.h> /* with it the C library says which it is */

/* WIDE before a function: the results are the same on all machines.  Not where a sanitizer would have to start before the
 * dynamic linker chooses. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    ((!defined(__clang__) && __GNUC__ >= 9) || (defined(__clang__) && __clang_major__ >= 14))
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define WIDE
#endif
#endif
#ifndef WIDE
#if defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else /* gcc's -O2 makes no vectors of loops that have a rest */
#define WIDE __attribute__((target_clones("avx2", "default"), optimize("O3")))
#endif
#endif
#else
#define WIDE
#endif

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sanitizer.h: is this built with one of the compilers' sanitizers?  gcc says so by a macro, clang when it is asked.
 */
#ifndef FORMAT_BASE_SANITIZER_H
#define FORMAT_BASE_SANITIZER_H

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SANITIZER_THREAD 1
#endif
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZER_MEMORY 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SANITIZER_THREAD 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZER_MEMORY 1
#endif

/* They look at the process when it ends, as a debugger would. */
#if defined(SANITIZER_THREAD) || defined(SANITIZER_MEMORY)
#define SANITIZER 1
#endif

#endif

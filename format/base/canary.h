/* SPDX-License-Identifier: BSD-2-Clause
 *
 * canary.h: NO_CANARY: a function that every packet goes through and that has no array: the stack protector would only cost
 * there.  What it calls is guarded as all else.
 */
#ifndef FORMAT_BASE_CANARY_H
#define FORMAT_BASE_CANARY_H

#if __has_attribute(no_stack_protector)
#define NO_CANARY __attribute__((no_stack_protector))
#else
#define NO_CANARY
#endif

#endif

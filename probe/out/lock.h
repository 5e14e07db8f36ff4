/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lock.h: one probe writes files of a pattern.
 */
#ifndef PROBE_OUT_LOCK_H
#define PROBE_OUT_LOCK_H

#include <stddef.h>

struct lock;

/* Makes the folder in which all names of the pattern begin.  NULL: another one writes there, or it can not be known; err
 * says it. */
struct lock *lock_take(const char *pattern, const char *probe, char *err, size_t errlen);
void lock_leave(struct lock **);

#endif

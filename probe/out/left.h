/* SPDX-License-Identifier: BSD-2-Clause
 *
 * left.h: files that an earlier probe did not complete.
 */
#ifndef PROBE_OUT_LEFT_H
#define PROBE_OUT_LEFT_H

#include "probe/out/hook.h"

/* All NAME.part of the pattern that nobody writes: what can be read of them is kept under their names, and said.  In
 * many folders those are looked at that sort last: the latest.  The hook is told of them; it may be NULL. */
void left_complete(const char *pattern, const char *probe, struct hook *);

#endif

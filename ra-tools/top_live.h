/* SPDX-License-Identifier: BSD-2-Clause
 *
 * top_live.h: ratop -i: the greatest groups of what comes, while it comes, on a terminal or block by block.
 */
#ifndef RA_TOOLS_TOP_LIVE_H
#define RA_TOOLS_TOP_LIVE_H

#include "ra-tools/run/run.h"

/* Every so many ns, until the input ends or the user says so; `key` and `order` are what -m and -o say. */
void top_live(struct run *, int64_t every, const char *key, const char *order);

#endif

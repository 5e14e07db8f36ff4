/* SPDX-License-Identifier: BSD-2-Clause
 *
 * feed.h: what comes to a collector goes on to who reads there (ra -r tcp://HOST:PORT).
 */
#ifndef RA_TOOLS_FEED_H
#define RA_TOOLS_FEED_H

#include "format/wire.h"

#include <stdnoreturn.h>

/* Is it what it may ask for?  false: why not, a sentence. */
bool feed_right(struct cursor, char *err, size_t errlen);
/* Records below `dir` as they come, until the other side goes; the process ends with it. */
noreturn void feed(struct wire *, struct cursor, const char *dir);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watch.h: long work shows how far it is, and can be told to stop.
 */
#ifndef RA_TOOLS_RUN_WATCH_H
#define RA_TOOLS_RUN_WATCH_H

#include "format/base/progress.h"

struct watch {
	struct progress line;
	uint64_t done, size, records; /* as told last */
};

/* From now on INT and TERM only ask to stop, once: the second one ends the program. USR1 asks for a line. */
void watch_start(struct watch *, int64_t now);
/* On a terminal, or where a line was asked for. `size` 0: not known. */
void watch_tell(struct watch *, int64_t now, uint64_t done, uint64_t size, uint64_t records);
void watch_wait(struct watch *, int64_t now); /* nothing comes: the same numbers, where a line was asked for */
void watch_clear(struct watch *);
int watch_stop(void); /* the signal that asked to stop; 0: none */

#endif

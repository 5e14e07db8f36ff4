/* SPDX-License-Identifier: BSD-2-Clause
 *
 * progress.h: how far long work is: a line on stderr, which on a terminal is drawn again in its place.
 */
#ifndef FORMAT_BASE_PROGRESS_H
#define FORMAT_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	int64_t began, told; /* ns; both the time at the start, before the first call */
	bool shown;          /* the line stands on the terminal */
};

/* Is it time for a line?  Only on a terminal, once a second. */
bool progress_due(const struct progress *, int64_t now);
/* `done` of `size` bytes (0: nobody knows), in them `n` of `what`: packets, records. */
void progress_tell(struct progress *, int64_t now, uint64_t done, uint64_t size, uint64_t n, const char *what);
void progress_clear(struct progress *); /* before anything else is written to the terminal */

#endif

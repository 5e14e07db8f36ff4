/* SPDX-License-Identifier: BSD-2-Clause
 *
 * steady.h: has somebody set the clock back?  The packets' times go back with it, and would keep the probe's time, which
 * never does, standing still until they have caught up: flows would not end, what is late would wait in memory.
 */
#ifndef PROBE_STEADY_H
#define PROBE_STEADY_H

#include <stdbool.h>
#include <stdint.h>

struct steady { /* zero at first */
	int64_t most; /* the clock's lead over one that nobody sets, the most there was */
	bool started;
};

/* Both clocks now, in ns.  How far the clock is behind the latest it should have shown; 0: less than a second. */
int64_t steady_behind(struct steady *, int64_t wall, int64_t monotonic);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wall.h: the clock that the kernel stamps packets by.
 */
#ifndef PROBE_CAPTURE_WALL_H
#define PROBE_CAPTURE_WALL_H

#include "format/base/clock.h"

#include <stdint.h>
#include <time.h>

/* ns since 1970 */
static inline int64_t
wall_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return ((int64_t)now.tv_sec * SEC + now.tv_nsec);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * steady.c: two clocks side by side.  Test: test_steady.c.
 */
#include "probe/steady.h"

#include "format/base/clock.h"

int64_t
steady_behind(struct steady *s, int64_t wall, int64_t monotonic)
{
	int64_t lead = wall - monotonic;

	if (!s->started || lead > s->most) /* set forward, or the machine slept */
		s->most = lead;
	s->started = true;
	return (s->most - lead >= SEC ? s->most - lead : 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wheel.h: timeouts, a list of flows for each second.
 *
 * A flow is not moved when it is heard: when its second comes the caller looks, and sets it again if
 * it has been heard since.  Empty time is jumped over.
 */
#ifndef PROBE_WHEEL_H
#define PROBE_WHEEL_H

#include "probe/flow/table.h"

#define WHEEL_SLOTS 512 /* more than the longest timeout */

struct wheel {
	struct list slot[WHEEL_SLOTS];
	struct list far; /* beyond the slots: the clock jumped and the wheel has not come after it yet */
	int64_t second;  /* the next one to look at */
	int64_t farmin;  /* of those in `far` the earliest */
	uint32_t count;  /* with those in `far` */
};

void wheel_set(struct wheel *, struct table *, uint32_t flow, int64_t deadline);
void wheel_cancel(struct wheel *, struct table *, uint32_t flow);
/* The time of the next second that may hold a flow; INT64_MAX if there is none. */
int64_t wheel_due(struct wheel *, struct table *, int64_t now);
/* Take a flow of that second, or 0 after the last one (and the wheel turns on). */
uint32_t wheel_take(struct wheel *, struct table *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * policy.h: what is done with records of what age, as text, and the days that an archive is cut into.
 */
#ifndef RA_TOOLS_STORE_POLICY_H
#define RA_TOOLS_STORE_POLICY_H

#include "format/base/clock.h"

#define DAY	     (86400 * SEC)
#define POLICY_STEPS 8

/* Days are those of UTC: each begins at a multiple of DAY. */
static inline int64_t
day_of(int64_t t)
{
	return (clock_bin(t, DAY));
}

struct policy { /* the older, the wider */
	struct policy_step {
		int64_t age, width; /* ns */
	} step[POLICY_STEPS];
	unsigned n;
};

/* "30d", "2w", "6mo" (of 30 days), "3y" (of 365), ns.  false: it is none. */
bool policy_age(const char *, int64_t *ns);
/* "30d:1m,1y:1h": ages that grow, widths that each are multiples of the one before, and parts of a day.
 * false: err says why. */
bool policy_parse(const char *, struct policy *, char *err, size_t errlen);
/* How wide bins of a day that ended `age` ago are to be; 0: as they are. */
int64_t policy_width(const struct policy *, int64_t age);

#endif

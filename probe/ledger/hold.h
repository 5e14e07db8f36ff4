/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hold.h: bins that have to wait although their time has come.
 *
 * Who knows that a record may still change its name places a hold on a group of flows: their bins that begin
 * at `from` or later wait until it is lifted, which is expected at watermark `until`.  A hold can also be of one flow
 * alone, whatever its bins (flow_state.held.own).  What waits is written when nothing holds it any more.
 *
 * Cells have numbers; 0 = none.
 */
#ifndef PROBE_LEDGER_HOLD_H
#define PROBE_LEDGER_HOLD_H

#include "probe/flow/table.h"

struct hold {
	int64_t from, until;
	uint32_t group;
	struct link link;
};

struct hold_group {
	struct list holds;   /* as they were placed */
	struct list waiting; /* the ledger's: bins, in the order of their seals */
	uint32_t age;        /* so that nobody takes the cell for what it was */
};

struct holds {
	struct pool holds, groups;
};

void holds_init(struct holds *, uint32_t max);
void holds_free(struct holds *);

static inline struct hold_group *
hold_group_at(const struct holds *h, uint32_t n)
{
	return (pool_at(&h->groups, n));
}

/* At most `max` of each live at one time. */
uint32_t hold_group_new(struct holds *);
void hold_group_end(struct holds *, uint32_t group); /* it has neither holds nor waiting bins */
uint32_t hold_place(struct holds *, uint32_t group, int64_t from, int64_t until);
void hold_lift(struct holds *, uint32_t hold);
/* The flow is of that group; own: a hold of it alone. */
static inline void
hold_join(const struct holds *h, struct flow_state *f, uint32_t group, uint32_t own)
{
	f->life |= LIFE_HOLDS;
	f->held.group = group;
	f->held.age = hold_group_at(h, group)->age;
	f->held.own = own;
}

/* Is a bin of the group that begins at `start` held? */
bool hold_group_keeps(const struct holds *, uint32_t group, int64_t start);

/* Is the flow's bin of `start` held? */
static inline bool
hold_keeps(const struct holds *h, const struct flow_state *f, int64_t start)
{
	if ((f->life & LIFE_HOLDS) == 0 || hold_group_at(h, f->held.group)->age != f->held.age)
		return (false);
	return (f->held.own != 0 || hold_group_keeps(h, f->held.group, start));
}

/* Until which watermark?  INT64_MIN: it is not. */
int64_t hold_until(const struct holds *, const struct flow_state *, int64_t start);

#endif

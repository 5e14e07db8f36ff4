/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hold.c: groups of flows, and what holds their bins.
 */
#include "probe/ledger/hold.h"

#include <string.h>

#define LINK offsetof(struct hold, link)

void
holds_init(struct holds *h, uint32_t max)
{
	pool_init(&h->holds, sizeof(struct hold), max);
	pool_init(&h->groups, sizeof(struct hold_group), max);
}

void
holds_free(struct holds *h)
{
	pool_free(&h->holds);
	pool_free(&h->groups);
}

static struct hold *
hold_at(const struct holds *h, uint32_t n)
{
	return (pool_at(&h->holds, n));
}

uint32_t
hold_group_new(struct holds *h)
{
	uint32_t n = pool_get(&h->groups), age;

	if (n == 0)
		return (0);
	age = hold_group_at(h, n)->age + 1; /* a cell's age outlives it */
	memset(hold_group_at(h, n), 0, sizeof(struct hold_group));
	hold_group_at(h, n)->age = age;
	return (n);
}

void
hold_group_end(struct holds *h, uint32_t n)
{
	hold_group_at(h, n)->age++;
	pool_put(&h->groups, n);
}

uint32_t
hold_place(struct holds *h, uint32_t group, int64_t from, int64_t until)
{
	uint32_t n = pool_get(&h->holds);

	if (n == 0)
		return (0);
	*hold_at(h, n) = (struct hold){ .from = from, .until = until, .group = group };
	list_append(&h->holds, LINK, &hold_group_at(h, group)->holds, n);
	return (n);
}

void
hold_lift(struct holds *h, uint32_t n)
{
	list_remove(&h->holds, LINK, &hold_group_at(h, hold_at(h, n)->group)->holds, n);
	pool_put(&h->holds, n);
}

bool
hold_group_keeps(const struct holds *h, uint32_t group, int64_t start)
{
	for (uint32_t n = hold_group_at(h, group)->holds.head; n != 0; n = hold_at(h, n)->link.next)
		if (hold_at(h, n)->from <= start)
			return (true);
	return (false);
}

int64_t
hold_until(const struct holds *h, const struct flow_state *f, int64_t start)
{
	int64_t until = INT64_MIN;

	if ((f->life & LIFE_HOLDS) == 0 || hold_group_at(h, f->held.group)->age != f->held.age)
		return (until);
	for (uint32_t n = hold_group_at(h, f->held.group)->holds.head; n != 0; n = hold_at(h, n)->link.next) {
		const struct hold *x = hold_at(h, n);

		if ((n == f->held.own || x->from <= start) && x->until > until)
			until = x->until;
	}
	return (until);
}

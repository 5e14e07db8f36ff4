/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wheel.c: timeouts by the second.
 */
#include "probe/wheel.h"

#include "format/base/clock.h"

void
wheel_set(struct wheel *w, struct table *t, uint32_t n, int64_t deadline)
{
	int64_t second = deadline / SEC + (deadline % SEC > 0);
	struct flow_state *f = flow_at(t, n);

	if (!w->started || w->count == 0) {
		w->started = true;
		if (second - w->second >= WHEEL_SLOTS || second < w->second)
			w->second = second - WHEEL_SLOTS / 2;
	}
	if (second < w->second)
		second = w->second;
	if (second >= w->second + WHEEL_SLOTS)
		second = w->second + WHEEL_SLOTS - 1; /* looked at early, and set again */
	f->slot = (uint32_t)(second % WHEEL_SLOTS);
	list_append(t, &w->slot[f->slot], timer_link, n);
	w->count++;
}

void
wheel_cancel(struct wheel *w, struct table *t, uint32_t n)
{
	list_remove(t, &w->slot[flow_at(t, n)->slot], timer_link, n);
	w->count--;
}

int64_t
wheel_due(struct wheel *w, int64_t now)
{
	int64_t last = now / SEC;

	if (w->count == 0)
		return (INT64_MAX);
	if (last - w->second >= WHEEL_SLOTS)
		w->second = last - WHEEL_SLOTS + 1; /* the clock jumped: each slot is looked at once */
	while (w->second <= last && w->slot[w->second % WHEEL_SLOTS].count == 0)
		w->second++;
	return (w->second * SEC);
}

uint32_t
wheel_take(struct wheel *w, struct table *t)
{
	struct list *l = &w->slot[w->second % WHEEL_SLOTS];
	uint32_t n = l->head;

	if (n == 0) {
		w->second++;
		return (0);
	}
	list_remove(t, l, timer_link, n);
	w->count--;
	if (l->head != 0) /* its flow will be looked at next */
		__builtin_prefetch(&flow_at(t, l->head)->heard);
	return (n);
}

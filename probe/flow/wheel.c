/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wheel.c: timeouts by the second.
 */
#include "probe/flow/wheel.h"

#include "format/base/clock.h"

#define TIMER  offsetof(struct flow_state, timer)
#define IS_FAR 0x80000000u /* flow_state.slot: with the low bits of its second */

static void
put(struct wheel *w, struct table *t, uint32_t n, int64_t second)
{
	struct flow_state *f = flow_at(t, n);

	f->slot = (uint32_t)second & ~IS_FAR;
	if (second < w->second + WHEEL_SLOTS) {
		list_append(&t->flows, TIMER, &w->slot[f->slot % WHEEL_SLOTS], n);
		return;
	}
	f->slot |= IS_FAR;
	if (w->far.count == 0 || second < w->farmin)
		w->farmin = second;
	list_append(&t->flows, TIMER, &w->far, n);
}

void
wheel_set(struct wheel *w, struct table *t, uint32_t n, int64_t deadline)
{
	int64_t second = deadline / SEC + (deadline % SEC > 0);

	if (w->count == 0)
		w->second = second >= WHEEL_SLOTS ? second - WHEEL_SLOTS + 1 : 0; /* others may be due before */
	put(w, t, n, second < w->second ? w->second : second);
	w->count++;
}

void
wheel_cancel(struct wheel *w, struct table *t, uint32_t n)
{
	uint32_t slot = flow_at(t, n)->slot;

	list_remove(&t->flows, TIMER, slot & IS_FAR ? &w->far : &w->slot[slot % WHEEL_SLOTS], n);
	w->count--;
}

/* The wheel has come as far as `far`: they go to the slots, each to its second. */
static void
come_near(struct wheel *w, struct table *t)
{
	struct list far = w->far;
	int64_t base = w->farmin;
	uint32_t next;

	w->far = (struct list){ 0 };
	for (uint32_t n = far.head; n != 0; n = next) {
		struct flow_state *f = flow_at(t, n);
		int64_t second = base + ((f->slot - (uint32_t)base) & ~IS_FAR);

		next = f->timer.next;
		put(w, t, n, second);
	}
}

int64_t
wheel_due(struct wheel *w, struct table *t, int64_t now)
{
	int64_t last = now / SEC;

	if (w->count == 0)
		return (INT64_MAX);
	for (;;) {
		if (w->far.count > 0 && (w->far.count == w->count || w->farmin <= w->second)) {
			int64_t to = w->farmin < last ? w->farmin : last;

			if (w->second < to)
				w->second = to; /* nothing before: empty time is jumped over */
			come_near(w, t);
		}
		if (w->second > last || w->slot[w->second % WHEEL_SLOTS].count > 0)
			return (w->second * SEC);
		w->second++;
	}
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
	list_remove(&t->flows, TIMER, l, n);
	w->count--;
	if (l->head != 0) /* its flow will be looked at next */
		__builtin_prefetch(&flow_at(t, l->head)->heard);
	return (n);
}

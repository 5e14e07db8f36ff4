/* SPDX-License-Identifier: BSD-2-Clause
 *
 * list.h: doubly linked lists of cells of one pool; the links lie in the cells, `at` bytes from their start.
 */
#ifndef PROBE_FLOW_LIST_H
#define PROBE_FLOW_LIST_H

#include "format/base/arena.h"

struct link { /* 0 = none */
	uint32_t prev, next;
};
struct list {
	uint32_t head, tail, count;
};

static inline struct link *
list_link(const struct pool *p, size_t at, uint32_t n)
{
	return ((struct link *)(void *)((uint8_t *)pool_at(p, n) + at));
}

static inline void
list_append(const struct pool *p, size_t at, struct list *l, uint32_t n)
{
	struct link *k = list_link(p, at, n);

	k->prev = l->tail;
	k->next = 0;
	*(l->tail != 0 ? &list_link(p, at, l->tail)->next : &l->head) = n;
	l->tail = n;
	l->count++;
}

static inline void
list_remove(const struct pool *p, size_t at, struct list *l, uint32_t n)
{
	const struct link *k = list_link(p, at, n);

	*(k->prev != 0 ? &list_link(p, at, k->prev)->next : &l->head) = k->next;
	*(k->next != 0 ? &list_link(p, at, k->next)->prev : &l->tail) = k->prev;
	l->count--;
}

#endif

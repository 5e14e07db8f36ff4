/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wait.c: packets that wait beside a flow.
 */
#include "probe/settle/wait.h"

#define LINK offsetof(struct waiting, link)

void
waits_init(struct waits *w)
{
	pool_init(&w->cells, sizeof(struct waiting), WAITS);
	w->list = (struct list){ 0 };
}

void
waits_free(struct waits *w)
{
	pool_free(&w->cells);
}

static struct waiting *
cell(const struct waits *w, uint32_t n)
{
	return (pool_at(&w->cells, n));
}

bool
waits_add(struct waits *w, const struct table *t, uint32_t flow, const struct seen *v)
{
	uint32_t n = pool_get(&w->cells);
	struct waiting *x;

	if (n == 0)
		return (false);
	x = cell(w, n);
	x->packet = *v->p;
	x->v = *v;
	x->v.p = &x->packet;
	x->v.flow = flow;
	x->id = flow_at(t, flow)->id;
	list_append(&w->cells, LINK, &w->list, n);
	return (true);
}

static uint32_t
find(const struct waits *w, uint32_t flow, uint64_t id)
{
	uint32_t n = w->list.head;

	while (n != 0 && (cell(w, n)->v.flow != flow || cell(w, n)->id != id))
		n = cell(w, n)->link.next;
	return (n);
}

const struct waiting *
waits_first(const struct waits *w, uint32_t flow, uint64_t id)
{
	uint32_t n = find(w, flow, id);

	return (n != 0 ? cell(w, n) : NULL);
}

bool
waits_take(struct waits *w, uint32_t flow, uint64_t id, struct waiting *to)
{
	uint32_t n = find(w, flow, id);

	if (n == 0)
		return (false);
	*to = *cell(w, n);
	to->v.p = &to->packet;
	list_remove(&w->cells, LINK, &w->list, n);
	pool_put(&w->cells, n);
	return (true);
}

const struct waiting *
waits_oldest(const struct waits *w)
{
	return (w->list.head != 0 ? cell(w, w->list.head) : NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * slots.c: adding, deleting and moving the slots of a growing hash table.
 */
#include "probe/flow/slots.h"

#include "format/base/mem.h"

#include <assert.h>
#include <stdlib.h>

#define STEP 16 /* slots moved per addition while growing: the new table never fills before it is done */

static size_t
table_bytes(const struct slot_table *t)
{
	return (((size_t)t->mask + 1) * sizeof(struct slot));
}

static void
table_init(struct slot_table *t, uint32_t size)
{
	t->mask = size - 1;
	t->used = 0;
	t->slot = mem_reserve(table_bytes(t));
}

static void
table_free(struct slot_table *t)
{
	if (t->slot != NULL)
		mem_release(t->slot, table_bytes(t));
	t->slot = NULL;
}

void
slots_init(struct slots *s, uint32_t expected)
{
	uint32_t size = 4096;

	while (size < expected && size < 1u << 30)
		size *= 2;
	s->old.slot = NULL;
	s->moved = 0;
	table_init(&s->now, size);
}

void
slots_free(struct slots *s)
{
	table_free(&s->now);
	table_free(&s->old);
}

static void
put(struct slot_table *t, uint32_t hash, uint32_t cell)
{
	uint32_t i = hash & t->mask;

	while (t->slot[i].cell != 0)
		i = (i + 1) & t->mask;
	t->slot[i] = (struct slot){ hash, cell };
	t->used++;
}

static void
move_some(struct slots *s, uint32_t n)
{
	while (n-- > 0) {
		struct slot *from = &s->old.slot[s->moved];

		if (from->cell != 0 && from->cell != SLOT_MOVED) {
			put(&s->now, from->hash, from->cell);
			from->cell = SLOT_MOVED;
		}
		if (s->moved++ == s->old.mask) {
			table_free(&s->old);
			s->moved = 0;
			return;
		}
	}
}

void
slots_add(struct slots *s, uint32_t hash, uint32_t cell)
{
	if (s->old.slot != NULL) {
		move_some(s, STEP);
	} else if (s->now.used > s->now.mask / 2) {
		s->old = s->now;
		table_init(&s->now, (s->old.mask + 1) * 2);
	}
	put(&s->now, hash, cell);
}

/* Take slot i out and close the hole: what was pushed behind its own place moves up. */
static void
take(struct slot_table *t, uint32_t i)
{
	uint32_t j = i;

	for (;;) {
		uint32_t home;

		j = (j + 1) & t->mask;
		if (t->slot[j].cell == 0)
			break;
		home = t->slot[j].hash & t->mask;
		if (((j - home) & t->mask) >= ((j - i) & t->mask)) {
			t->slot[i] = t->slot[j];
			i = j;
		}
	}
	t->slot[i].cell = 0;
	t->used--;
}

static bool
del(struct slot_table *t, uint32_t hash, uint32_t cell, bool moving)
{
	for (uint32_t i = hash & t->mask; t->slot[i].cell != 0; i = (i + 1) & t->mask) {
		if (t->slot[i].cell != cell)
			continue;
		if (moving)
			t->slot[i].cell = SLOT_MOVED;
		else
			take(t, i);
		return (true);
	}
	return (false);
}

void
slots_del(struct slots *s, uint32_t hash, uint32_t cell)
{
	if (del(&s->now, hash, cell, false))
		return;
	assert(s->old.slot != NULL);
	if (!del(&s->old, hash, cell, true))
		assert(!"a cell that is not in the table was deleted");
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * slots.h: hash to cell number, growing without a pause.
 *
 * Open addressing with linear probing over 8-byte slots {hash, cell}.  When it fills, a table of twice
 * the size is begun and the old one is moved over a few slots per call, so no packet waits for a rehash.
 * The slots know hashes and numbers only; the caller compares keys.  Cell 0 = empty.
 */
#ifndef PROBE_SLOTS_H
#define PROBE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slot {
	uint32_t hash, cell;
};

struct slot_table {
	struct slot *slot;
	uint32_t mask, used;
};

struct slots {
	struct slot_table now, old; /* old.slot == NULL: nothing is being moved */
	uint32_t moved;             /* slots of `old` already moved */
};

void slots_init(struct slots *, uint32_t expected);
void slots_free(struct slots *);
void slots_add(struct slots *, uint32_t hash, uint32_t cell); /* the key must not be there */
void slots_del(struct slots *, uint32_t hash, uint32_t cell); /* it must be there */

static inline void
slots_prefetch(const struct slots *s, uint32_t hash)
{
	__builtin_prefetch(&s->now.slot[hash & s->now.mask]);
	if (s->old.slot != NULL)
		__builtin_prefetch(&s->old.slot[hash & s->old.mask]);
}

#define SLOT_MOVED UINT32_MAX /* in the old table: was here once, look further */

/* Walk the cells that have this hash: start with *at = 0; returns 0 at the end. */
static inline uint32_t
slots_walk(const struct slot_table *t, uint32_t hash, uint32_t *at)
{
	for (;;) {
		const struct slot *s = &t->slot[(hash + (*at)++) & t->mask];

		if (s->cell == 0)
			return (0);
		if (s->hash == hash && s->cell != SLOT_MOVED)
			return (s->cell);
	}
}

/* The cell for which `same(arg, cell)` holds, or 0. */
static inline uint32_t
slots_find(const struct slots *s, uint32_t hash, bool (*same)(const void *, uint32_t), const void *arg)
{
	uint32_t at = 0, cell;

	while ((cell = slots_walk(&s->now, hash, &at)) != 0)
		if (same(arg, cell))
			return (cell);
	if (s->old.slot == NULL)
		return (0);
	at = 0;
	while ((cell = slots_walk(&s->old, hash, &at)) != 0)
		if (same(arg, cell))
			return (cell);
	return (0);
}

#endif

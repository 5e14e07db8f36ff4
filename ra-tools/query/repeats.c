/* SPDX-License-Identifier: BSD-2-Clause
 *
 * repeats.c: a table of 128 bits of hash for each record, keyed so that nobody can make two alike.
 */
#include "ra-tools/query/repeats.h"

#include "format/base/bits.h"
#include "format/base/hash.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct mark {
	uint64_t a, b; /* both 0: an empty slot */
};

struct repeats {
	struct mark *slot;
	uint64_t n, slots, memory, left, seed;
	bool full;
	struct mark row[BATCH_ROWS];
};

struct repeats *
repeats_new(uint64_t memory)
{
	struct repeats *s = mem_zero(1, sizeof(*s));

	s->seed = hash_seed();
	s->memory = memory;
	return (s);
}

void
repeats_free(struct repeats **ps)
{
	if (*ps == NULL)
		return;
	free((*ps)->slot);
	free(*ps);
	*ps = NULL;
}

uint64_t
repeats_left(const struct repeats *s)
{
	return (s->left);
}

bool
repeats_full(const struct repeats *s)
{
	return (s->full);
}

static struct mark *
find(struct mark *slot, uint64_t slots, const struct mark *m)
{
	uint64_t at = m->a & (slots - 1);

	while ((slot[at].a | slot[at].b) != 0 && (slot[at].a != m->a || slot[at].b != m->b))
		at = (at + 1) & (slots - 1);
	return (&slot[at]);
}

/* Room for one more.  false: there is none. */
static bool
grow(struct repeats *s)
{
	uint64_t slots = s->slots == 0 ? 4096 : 2 * s->slots;
	struct mark *to;

	if (s->n < s->slots / 4 * 3)
		return (true);
	if (s->memory != 0 && (slots + s->slots) * sizeof(*to) > s->memory)
		return (s->n + 1 < s->slots); /* it gets slower first */
	to = mem_zero(slots, sizeof(*to));
	for (uint64_t i = 0; i < s->slots; i++)
		if ((s->slot[i].a | s->slot[i].b) != 0)
			*find(to, slots, &s->slot[i]) = s->slot[i];
	free(s->slot);
	s->slot = to;
	s->slots = slots;
	return (true);
}

static void
mix(struct mark *m, uint64_t what, const void *p, size_t n, uint64_t seed)
{
	m->a = hash64(p, n, m->a ^ what ^ seed);
	m->b = hash64(p, n, m->b + what * 0x9e3779b97f4a7c15 + ~seed);
}

/* Each row by its fields in order: a value, or that it differs. */
static void
mark_rows(struct repeats *s, const struct batch *b)
{
	memset(s->row, 0, b->rows * sizeof(s->row[0]));
	for (enum field f = 0; f < F_STORED; f++) {
		const struct column *c = b->col[f];

		for (uint32_t r = 0; c != NULL && r < b->rows; r++)
			if (column_mixed(c, r))
				mix(&s->row[r], 2 * (uint64_t)f + 1, "", 0, s->seed);
			else if (!column_has(c, r))
				continue;
			else if (c->store == STORE_IP)
				mix(&s->row[r], 2 * (uint64_t)f, &c->ip[r], sizeof(c->ip[r]), s->seed);
			else if (c->store == STORE_BLOB)
				mix(&s->row[r], 2 * (uint64_t)f, c->b[r].n > 0 ? (const void *)c->b[r].p : "", c->b[r].n, s->seed);
			else
				mix(&s->row[r], 2 * (uint64_t)f, &c->u[r], sizeof(c->u[r]), s->seed);
	}
}

void
repeats_leave(struct repeats *s, const struct batch *b, uint64_t *sel)
{
	mark_rows(s, b);
	for (size_t r = bits_next(sel, 0, b->rows); r < b->rows; r = bits_next(sel, r + 1, b->rows)) {
		struct mark *m = &s->row[r], *at;

		m->b |= (m->a | m->b) == 0; /* not the sign of an empty slot */
		if (s->full || !grow(s)) {
			s->full = true;
			return;
		}
		at = find(s->slot, s->slots, m);
		if ((at->a | at->b) != 0) {
			bit_clear(sel, r);
			s->left++;
			continue;
		}
		*at = *m;
		s->n++;
	}
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * words.c: texts and histograms by number.  Tests: test_table.c, test_pile.c.
 */
#include "ra-tools/query/words.h"

#include "format/base/hash.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_LEAST 16

static uint32_t
room_for(uint32_t n)
{
	uint32_t room = ROOM_LEAST;

	while (room < n)
		room *= 2;
	return (room);
}

static uint32_t
new_word(struct words *w, const uint8_t *p, uint32_t n, uint32_t room)
{
	if (w->n == w->cap) {
		w->memory += (w->cap == 0 ? 64 : w->cap) * sizeof(w->word[0]);
		w->cap = w->cap == 0 ? 64 : w->cap * 2;
		w->word = mem_grow(w->word, w->cap, sizeof(w->word[0]));
	}
	w->memory += n > room ? n : room;
	w->bytes += n > room ? n : room;
	w->word[w->n] = (struct word){ { p, n }, room };
	return (w->n++);
}

/* Where the number of a shared word of these bytes stands, or would. */
static uint32_t *
slot_of(const struct words *w, const struct blob *b)
{
	for (uint32_t at = (uint32_t)hash64(b->p, b->n, w->seed) & w->mask;; at = (at + 1) & w->mask) {
		const struct blob *there = w->slot[at] == 0 ? NULL : &w->word[w->slot[at] - 1].bytes;

		if (there == NULL || (there->n == b->n && (b->n == 0 || memcmp(there->p, b->p, b->n) == 0)))
			return (&w->slot[at]);
	}
}

/* Tables that were taken in (table_take) have brought any number of words, those of ours among them. */
static void
grow_slots(struct words *w)
{
	uint32_t was = w->slot == NULL ? 0 : w->mask + 1, size = was == 0 ? 64 : was * 2;

	while (w->n >= size / 4 * 3)
		size *= 2;
	w->memory += (size - was) * sizeof(w->slot[0]);
	free(w->slot);
	w->slot = mem_zero(size, sizeof(w->slot[0]));
	w->mask = size - 1;
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t *slot = w->word[i].room > 0 ? NULL : slot_of(w, &w->word[i].bytes);

		if (slot != NULL && *slot == 0)
			*slot = i + 1;
	}
}

uint32_t
words_shared(struct words *w, const struct blob *b)
{
	uint32_t *slot;

	if (w->slot == NULL)
		w->seed = hash_seed();
	if (w->slot == NULL || w->n >= w->mask / 4 * 3)
		grow_slots(w);
	slot = slot_of(w, b);
	if (*slot == 0) {
		*slot = w->n + 1;
		(void)new_word(w, arena_copy(&w->arena, b->p, b->n), b->n, 0);
	}
	return (*slot - 1);
}

uint32_t
words_own(struct words *w, uint32_t was, bool had, const struct blob *b)
{
	uint32_t room = room_for(b->n);
	struct word *word = had && w->word[was].room > 0 ? &w->word[was] : NULL;
	uint8_t *p;

	if (word != NULL && room <= word->room) {
		memmove((uint8_t *)(uintptr_t)word->bytes.p, b->p, b->n);
		word->bytes.n = b->n;
		return (was);
	}
	p = arena_alloc(&w->arena, room);
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	if (word == NULL)
		return (new_word(w, p, b->n, room));
	w->memory += room;
	*word = (struct word){ { p, b->n }, room };
	return (was);
}

void
words_free(struct words *w)
{
	free(w->word);
	free(w->slot);
	arena_free(&w->arena);
	*w = (struct words){ 0 };
}

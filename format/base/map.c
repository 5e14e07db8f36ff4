/* SPDX-License-Identifier: BSD-2-Clause
 *
 * map.c: open addressing with linear probing over the numbers of keys.
 */
#include "format/base/map.h"

#include "format/base/hash.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_LEAST 64

/* Where the key's number stands, or would. */
static uint32_t *
place(const struct map *m, uint64_t hash, const void *key, size_t n)
{
	for (uint32_t i = (uint32_t)hash & m->mask;; i = (i + 1) & m->mask) {
		const struct map_key *k = m->slot[i] == 0 ? NULL : &m->key[m->slot[i] - 1];

		if (k == NULL || (k->hash == hash && k->n == n && (n == 0 || memcmp(k->p, key, n) == 0)))
			return (&m->slot[i]);
	}
}

static void
grow(struct map *m)
{
	m->mask = m->slot == NULL ? SLOTS_LEAST - 1 : m->mask * 2 + 1;
	free(m->slot);
	m->slot = mem_zero((size_t)m->mask + 1, sizeof(m->slot[0]));
	for (uint32_t i = 0; i < m->n; i++) { /* all different: only hashes are looked at */
		uint32_t at = (uint32_t)m->key[i].hash & m->mask;

		while (m->slot[at] != 0)
			at = (at + 1) & m->mask;
		m->slot[at] = i + 1;
	}
}

bool
map_find(const struct map *m, const void *key, size_t n, uint32_t *number)
{
	const uint32_t *at;

	if (m->slot == NULL || *(at = place(m, hash64(key, n, m->seed), key, n)) == 0)
		return (false);
	*number = *at - 1;
	return (true);
}

bool
map_put(struct map *m, const void *key, size_t n, uint32_t *number)
{
	uint64_t hash;
	uint32_t *at;

	if (m->slot == NULL)
		m->seed = hash_seed();
	if (m->slot == NULL || m->n > m->mask / 2)
		grow(m);
	hash = hash64(key, n, m->seed);
	at = place(m, hash, key, n);
	if (*at != 0) {
		*number = *at - 1;
		return (false);
	}
	if (m->n == m->cap)
		m->key = mem_grow(m->key, m->cap = m->cap == 0 ? SLOTS_LEAST / 2 : m->cap * 2, sizeof(m->key[0]));
	m->key[m->n] = (struct map_key){ hash, arena_copy(&m->arena, key, n), n };
	*number = m->n++;
	*at = m->n;
	return (true);
}

void
map_clear(struct map *m)
{
	m->n = 0;
	if (m->slot != NULL)
		memset(m->slot, 0, ((size_t)m->mask + 1) * sizeof(m->slot[0]));
	arena_reset(&m->arena);
}

void
map_free(struct map *m)
{
	free(m->key);
	free(m->slot);
	arena_free(&m->arena);
	*m = (struct map){ 0 };
}

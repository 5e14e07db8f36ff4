/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dictionary.c: addresses numbered by hashing, then sorted.  Test: test_block.c.
 */
#include "format/dictionary.h"

#include "format/base/hash.h"

#include <stdlib.h>
#include <string.h>

static int
by_address(const void *a, const void *b)
{
	return (ip_cmp(a, b));
}

/* The slot of an address, or the empty one where it belongs. */
static inline uint32_t
slot_v4(const struct dictionary *d, uint32_t v4)
{
	uint32_t s = (uint32_t)((v4 ^ (uint32_t)d->seed) * (d->seed | 1) >> 32) & (d->slots - 1);

	while (d->place[s] != 0 && d->v4[s] != v4)
		s = (s + 1) & (d->slots - 1);
	return (s);
}

static uint32_t
slot_v6(const struct dictionary *d, const struct ip *ip)
{
	const uint32_t *place = d->place + d->slots;
	uint32_t s = (uint32_t)hash64(ip, sizeof(*ip), d->seed) & (d->slots - 1);

	while (place[s] != 0 && memcmp(&d->v6[s], ip, sizeof(*ip)) != 0)
		s = (s + 1) & (d->slots - 1);
	return (s + d->slots);
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return ((x > y) - (x < y));
}

/* Sort by the upper 32 bits, which are all different. */
static void
sort_v4(struct arena *a, uint64_t *v, uint32_t n)
{
	uint64_t *from = v, *to;

	if (n < 256) {
		qsort(v, n, sizeof(*v), by_number);
		return;
	}
	to = arena_alloc(a, n * sizeof(*to));
	for (unsigned shift = 32; shift < 64; shift += 8) { /* four passes, so that the last is into v */
		uint32_t start[256] = { 0 }, at = 0;
		uint64_t *t = to;

		for (uint32_t i = 0; i < n; i++)
			start[from[i] >> shift & 255]++;
		for (unsigned d = 0; d < 256; d++) {
			uint32_t count = start[d];

			start[d] = at;
			at += count;
		}
		for (uint32_t i = 0; i < n; i++)
			to[start[from[i] >> shift & 255]++] = from[i];
		to = from;
		from = t;
	}
}

static uint32_t
add_address(struct dictionary *d, const struct ip *ip)
{
	uint32_t v4, s;

	if (ip_is4(ip)) {
		v4 = ip_number(ip);
		s = slot_v4(d, v4);
		if (d->place[s] == 0) {
			d->place[s] = 1;
			d->v4[s] = v4;
			d->all.v4[d->all.n4++] = (uint64_t)v4 << 32 | s;
		}
		return (s);
	}
	s = slot_v6(d, ip);
	if (d->place[s] == 0) {
		d->place[s] = 1;
		d->v6[s - d->slots] = *ip;
		d->all.v6[d->all.n6++] = *ip;
	}
	return (s);
}

void
dictionary_begin(struct dictionary *d, struct arena *a, uint32_t cells, uint64_t seed)
{
	memset(d, 0, sizeof(*d));
	d->arena = a;
	d->seed = seed;
	for (d->slots = 64; d->slots < 2 * cells;)
		d->slots *= 2;
	d->v4 = arena_alloc(a, d->slots * sizeof(*d->v4));
	d->v6 = arena_alloc(a, d->slots * sizeof(*d->v6));
	d->place = arena_zero(a, 2 * (size_t)d->slots * sizeof(*d->place));
	d->cell = arena_alloc(a, ((size_t)cells + 1) * sizeof(*d->cell));
	d->all.v4 = arena_alloc(a, ((size_t)cells + 1) * sizeof(*d->all.v4));
	d->all.v6 = arena_alloc(a, ((size_t)cells + 1) * sizeof(*d->all.v6));
}

void
dictionary_add(struct dictionary *d, const struct ip *ip, const uint32_t *row, uint32_t n)
{
	uint32_t *cell = d->cell + d->cells;

	for (uint32_t i = 0; i < n; i++)
		cell[i] = add_address(d, &ip[row == NULL ? i : row[i]]);
	d->cells += n;
}

void
dictionary_end(struct dictionary *d)
{
	sort_v4(d->arena, d->all.v4, d->all.n4);
	qsort(d->all.v6, d->all.n6, sizeof(struct ip), by_address);
	d->n4 = d->all.n4;
	d->n = d->all.n4 + d->all.n6;
	d->ip = arena_alloc(d->arena, ((size_t)d->n + 1) * sizeof(*d->ip));
	for (uint32_t i = 0; i < d->n4; i++) {
		uint32_t v4 = (uint32_t)(d->all.v4[i] >> 32);
		const uint8_t b[4] = { (uint8_t)(v4 >> 24), (uint8_t)(v4 >> 16), (uint8_t)(v4 >> 8), (uint8_t)v4 };

		d->ip[i] = ip_v4(b);
		d->place[(uint32_t)d->all.v4[i]] = i + 1;
	}
	for (uint32_t i = 0; i < d->all.n6; i++) {
		d->ip[d->n4 + i] = d->all.v6[i];
		d->place[slot_v6(d, &d->all.v6[i])] = d->n4 + i + 1;
	}
}

void
dictionary_next(struct dictionary *d, uint64_t *index, uint32_t n)
{
	const uint32_t *cell = d->cell + d->told;

	for (uint32_t i = 0; i < n; i++)
		index[i] = d->place[cell[i]] - 1;
	d->told += n;
}

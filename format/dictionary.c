/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dictionary.c: addresses numbered by hashing, then sorted.  Test: test_block.c.
 */
#include "format/dictionary.h"

#include "format/base/hash.h"

#include <stdlib.h>
#include <string.h>

struct dictionary_v6 {
	struct ip ip; /* the first: they are put in order by it */
	uint32_t number;
};

#define FIRST  128 /* addresses that there is room for at first, in twice as many slots */
#define GROWTH 4

/* Memory for so many times as many as there are. */
static void *
more(struct dictionary *d, const void *p, size_t n, size_t size)
{
	void *q = arena_alloc(d->arena, GROWTH * n * size);

	memcpy(q, p, n * size);
	return (q);
}

/* --- IPv4 */

struct v4_slots { /* a copy that loops can keep in registers */
	uint64_t *slot, factor;
	uint32_t seed, mask;
};

static inline struct v4_slots
v4_slots(const struct dictionary *d)
{
	return ((struct v4_slots){ d->slot4, d->seed | 1, (uint32_t)d->seed, d->slots4 - 1 });
}

/* The slot of an address, or the empty one where it belongs. */
static inline uint64_t *
slot_v4(const struct v4_slots *h, uint32_t v4)
{
	uint32_t s = (uint32_t)((v4 ^ h->seed) * h->factor >> 32) & h->mask;

	while (h->slot[s] != 0 && h->slot[s] >> 32 != v4)
		s = (s + 1) & h->mask;
	return (&h->slot[s]);
}

/* Most blocks have few addresses, so the table begins small; half of it may be used. */
static struct v4_slots
grow_v4(struct dictionary *d)
{
	struct v4_slots h;

	d->v4 = more(d, d->v4, d->n4, sizeof(*d->v4));
	d->slots4 *= GROWTH;
	d->slot4 = arena_zero(d->arena, d->slots4 * sizeof(*d->slot4));
	h = v4_slots(d);
	for (uint32_t i = 0; i < d->n4; i++)
		*slot_v4(&h, (uint32_t)(d->v4[i] >> 32)) = d->v4[i] + 1;
	return (h);
}

#define DIGITS 2048
#define DIGIT(x, i) ((x) >> (32 + 11 * (i)) & (DIGITS - 1))

/* Where each digit's numbers begin, from how many have it.  false: all of them have the same. */
static bool
begin_digits(uint32_t *start, uint32_t n)
{
	uint32_t at = 0;

	for (unsigned d = 0; d < DIGITS; d++) {
		uint32_t count = start[d];

		if (count == n)
			return (false);
		start[d] = at;
		at += count;
	}
	return (true);
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return ((x > y) - (x < y));
}

/* Sort by the upper 32 bits, which are all different. */
static uint64_t *
sort_v4(struct arena *a, uint64_t *v, uint32_t n)
{
	uint32_t (*start)[DIGITS];
	uint64_t *to;

	if (n < DIGITS / 4) {
		qsort(v, n, sizeof(*v), by_number);
		return (v);
	}
	to = arena_alloc(a, n * sizeof(*to));
	start = arena_zero(a, 3 * sizeof(*start));
	for (uint32_t i = 0; i < n; i++) {
		start[0][DIGIT(v[i], 0)]++;
		start[1][DIGIT(v[i], 1)]++;
		start[2][DIGIT(v[i], 2)]++;
	}
	for (unsigned d = 0; d < 3; d++) {
		uint64_t *from = v;

		if (!begin_digits(start[d], n))
			continue;
		for (uint32_t i = 0; i < n; i++)
			to[start[d][DIGIT(from[i], d)]++] = from[i];
		v = to;
		to = from;
	}
	return (v);
}

/* --- IPv6 */

static uint32_t *
slot_v6(const struct dictionary *d, const struct ip *ip)
{
	uint32_t s = (uint32_t)hash64(ip, sizeof(*ip), d->seed) & (d->slots6 - 1);

	while (d->slot6[s] != 0 && memcmp(&d->v6[d->slot6[s] - 1].ip, ip, sizeof(*ip)) != 0)
		s = (s + 1) & (d->slots6 - 1);
	return (&d->slot6[s]);
}

static void
grow_v6(struct dictionary *d)
{
	d->v6 = more(d, d->v6, d->n6, sizeof(*d->v6));
	d->slots6 *= GROWTH;
	d->slot6 = arena_zero(d->arena, d->slots6 * sizeof(*d->slot6));
	for (uint32_t i = 0; i < d->n6; i++)
		*slot_v6(d, &d->v6[i].ip) = i + 1;
}

static uint32_t
number_v6(struct dictionary *d, const struct ip *ip)
{
	uint32_t *slot = slot_v6(d, ip);

	if (*slot != 0)
		return (d->v6[*slot - 1].number);
	if (2 * d->n6 == d->slots6) {
		grow_v6(d);
		slot = slot_v6(d, ip);
	}
	d->v6[d->n6] = (struct dictionary_v6){ *ip, d->n++ };
	*slot = ++d->n6;
	return (d->n - 1);
}

static int
by_address(const void *a, const void *b)
{
	return (ip_cmp(a, b));
}

/* --- all of them */

void
dictionary_begin(struct dictionary *d, struct arena *a, uint32_t cells, uint64_t seed)
{
	memset(d, 0, sizeof(*d));
	d->arena = a;
	d->seed = seed;
	d->slots4 = d->slots6 = 2 * FIRST;
	d->slot4 = arena_zero(a, 2 * FIRST * sizeof(*d->slot4));
	d->slot6 = arena_zero(a, 2 * FIRST * sizeof(*d->slot6));
	d->v4 = arena_alloc(a, FIRST * sizeof(*d->v4));
	d->v6 = arena_alloc(a, FIRST * sizeof(*d->v6));
	d->cell = arena_alloc(a, ((size_t)cells + 1) * sizeof(*d->cell));
}

void
dictionary_add(struct dictionary *d, const struct ip *ip, const uint32_t *row, uint32_t n)
{
	uint32_t *cell = d->cell + d->cells;
	struct v4_slots h = v4_slots(d);

	for (uint32_t i = 0; i < n; i++) {
		const struct ip *x = &ip[row == NULL ? i : row[i]];
		uint32_t v4 = ip_number(x);
		uint64_t *slot;

		if (!ip_is4(x)) {
			cell[i] = number_v6(d, x);
			continue;
		}
		slot = slot_v4(&h, v4);
		if (*slot == 0) {
			if (2 * d->n4 == d->slots4) {
				h = grow_v4(d);
				slot = slot_v4(&h, v4);
			}
			d->v4[d->n4++] = (uint64_t)v4 << 32 | d->n++;
			*slot = d->v4[d->n4 - 1] + 1;
		}
		cell[i] = (uint32_t)*slot - 1;
	}
	d->cells += n;
}

void
dictionary_end(struct dictionary *d)
{
	d->v4 = sort_v4(d->arena, d->v4, d->n4);
	qsort(d->v6, d->n6, sizeof(*d->v6), by_address);
	d->ip = arena_alloc(d->arena, ((size_t)d->n + 1) * sizeof(*d->ip));
	d->place = arena_alloc(d->arena, ((size_t)d->n + 1) * sizeof(*d->place));
	for (uint32_t i = 0; i < d->n4; i++) {
		const uint64_t w[2] = { htobe64(IP_V4), htobe64(d->v4[i] >> 32) };

		memcpy(d->ip[i].b, w, sizeof(w));
		d->place[(uint32_t)d->v4[i]] = i;
	}
	for (uint32_t i = 0; i < d->n6; i++) {
		d->ip[d->n4 + i] = d->v6[i].ip;
		d->place[d->v6[i].number] = d->n4 + i;
	}
}

void
dictionary_next(struct dictionary *d, uint64_t *index, uint32_t n)
{
	const uint32_t *cell = d->cell + d->told, *const place = d->place;

	for (uint32_t i = 0; i < n; i++)
		index[i] = place[cell[i]];
	d->told += n;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_share.c: groups of several threads.  Test: test_aggr.c (shared).
 *
 * Where most records make a group of their own, joining what each thread has apart would cost as much as merging did.  So
 * there are parts, each of the keys whose hash says so: a thread works out the keys of its rows, then goes through the parts
 * and puts into each what belongs there, while others are in other ones.  At the end the parts are laid beside each other.
 */
#include "ra-tools/query/aggr_compact.h"
#include "ra-tools/query/table_room.h"

#include "format/base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MOST 32

struct share {
	unsigned n;
	struct aggr *part[PARTS_MOST];
	pthread_mutex_t lock[PARTS_MOST];
	bool used;
};

/* The keys of a batch's rows, a thread's own. */
struct sorted_keys {
	uint8_t *key;
	uint64_t *hash;
	uint32_t *list; /* rows' places among the selected ones, by part */
	bool laid;	/* there are keys; else hashes alone */
};

static unsigned
part_of(const struct share *s, uint64_t hash)
{
	return ((unsigned)(hash >> 24 & 0xff) % s->n); /* bits that choose neither a bucket nor a stream */
}

void
aggr_share(struct aggr *a, unsigned threads)
{
	struct share *s = mem_zero(1, sizeof(*s));

	s->n = threads < PARTS_MOST / 2 ? 2 * threads : PARTS_MOST;
	for (unsigned i = 0; i < s->n; i++) {
		s->part[i] = aggr_twin(a);
		aggr_memory(s->part[i], a->limit / s->n);
		(void)pthread_mutex_init(&s->lock[i], NULL);
	}
	a->share = s;
	a->owns = true;
}

void
share_free(struct aggr *a)
{
	if (a->sorted != NULL) {
		free(a->sorted->key);
		free(a->sorted);
	}
	for (unsigned i = 0; a->owns && i < a->share->n; i++) {
		aggr_free(&a->share->part[i]);
		(void)pthread_mutex_destroy(&a->share->lock[i]);
	}
	if (a->owns)
		free(a->share);
}

bool
share_takes(const struct aggr *a)
{
	return (a->share != NULL && a->rows_added > SPARSE_ROWS && (uint64_t)groups_count(a) * 2 > a->rows_added);
}

static struct sorted_keys *
keys_room(struct aggr *a)
{
	struct sorted_keys *k = mem_alloc(sizeof(*k));

	k->key = mem_alloc(BATCH_ROWS * (a->keylen + sizeof(k->hash[0]) + sizeof(k->list[0])));
	k->hash = (uint64_t *)(void *)(k->key + BATCH_ROWS * a->keylen);
	k->list = (uint32_t *)(void *)(k->hash + BATCH_ROWS);
	return (k);
}

static void
lay_keys(struct aggr *a, struct batch *b, const uint32_t *rows, uint32_t n)
{
	batch_flatten(b);
	for (uint32_t i = 0, k; i < n; i += k) {
		k = n - i < CHUNK ? n - i : CHUNK;
		key_rows(a, b, rows + i, k);
		memcpy(a->sorted->key + (size_t)i * a->keylen, a->keybuf, k * a->keylen);
		memcpy(a->sorted->hash + i, a->hash, k * sizeof(a->hash[0]));
	}
	a->sorted->laid = true;
}

/* Rows whose keys were laid out, into groups of plain numbers. */
static void
put_known(struct aggr *part, const struct aggr *a, const struct batch *b, const uint32_t *rows, const uint32_t *list, uint32_t n)
{
	struct known known[CHUNK];

	for (uint32_t at = 0, k; at < n; at += k) {
		k = n - at < CHUNK ? n - at : CHUNK;
		for (uint32_t i = 0; i < k; i++) {
			uint32_t place = list[at + i], r = rows[place];

			known[i] = (struct known){ r, a->sorted->key + (size_t)place * a->keylen, a->sorted->hash[place], place_of(a, r),
						   is_traffic(b, r), false };
		}
		add_known(part, b, known, k);
	}
}

static void
put_compact(struct aggr *part, struct aggr *a, const struct batch *b, const uint32_t *rows, const uint32_t *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		a->rows[i] = rows[list[i]];
	compact_rows(part, a, b, a->rows, n);
}

/* Rows list[0..n) into a part, which nobody else is in. */
static void
put_in_cells(struct aggr *part, const struct aggr *a, const struct batch *b, const uint32_t *rows, const uint32_t *list, uint32_t n)
{
	struct into into = { b, part->rows, part->to, 0 };
	uint32_t fresh = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t r = rows[list[i]];

		if (i + 8 < n)
			__builtin_prefetch(&part->table[(uint32_t)(a->sorted->hash[list[i + 8]] >> 32) & part->mask]);
		put_row(part, a, b, r, a->sorted->key + (size_t)list[i] * a->keylen, a->sorted->hash[list[i]], &into, &fresh);
	}
	table_append(part->cells, b, &part->hold, part->fresh, fresh);
	merge_rows(part, &into);
}

static void
put_rows(struct aggr *part, struct aggr *a, const struct batch *b, const uint32_t *rows, const uint32_t *list, uint32_t n)
{
	part->rows_added += n;
	if (a->compact != NULL && part->compact != NULL)
		put_compact(part, a, b, rows, list, n);
	else if (part->compact != NULL)
		put_known(part, a, b, rows, list, n);
	else
		put_in_cells(part, a, b, rows, list, n);
	groups_spill(part);
}

void
share_rows(struct aggr *a, struct batch *b, const uint32_t *rows, uint32_t n)
{
	struct share *s = a->share;
	uint32_t end[PARTS_MOST + 1] = { 0 }, at = 0;

	if (a->sorted == NULL)
		a->sorted = keys_room(a);
	a->sorted->laid = false;
	if (a->compact != NULL)
		compact_hashes(a, rows, n, a->sorted->hash);
	else
		lay_keys(a, b, rows, n);
	for (uint32_t i = 0; i < n; i++)
		end[part_of(s, a->sorted->hash[i])]++;
	for (unsigned p = 0; p < s->n; p++) {
		uint32_t count = end[p];

		end[p] = at;
		at += count;
	}
	for (uint32_t i = 0; i < n; i++)
		a->sorted->list[end[part_of(s, a->sorted->hash[i])]++] = i;
	for (unsigned i = 0; i < s->n; i++) { /* threads begin at different ones */
		unsigned p = (unsigned)((a->number + i) % s->n);
		uint32_t from = p == 0 ? 0 : end[p - 1];

		if (end[p] == from)
			continue;
		(void)pthread_mutex_lock(&s->lock[p]);
		groups_decide(s->part[p]);
		if (s->part[p]->compact == NULL && !a->sorted->laid) /* it has met what no key can hold */
			lay_keys(a, b, rows, n);
		put_rows(s->part[p], a, b, rows, a->sorted->list + from, end[p] - from);
		s->part[p]->shared = true;
		(void)pthread_mutex_unlock(&s->lock[p]);
	}
}

/* --- at the end; there is one thread again ----------------------------------------------------- */

bool
share_used(const struct aggr *a)
{
	bool used = false;

	for (unsigned i = 0; a->share != NULL && i < a->share->n; i++)
		used |= a->share->part[i]->shared;
	return (used);
}

unsigned
share_parts(const struct aggr *a)
{
	return (a->share->n);
}

unsigned
share_part(const struct aggr *a, uint64_t hash)
{
	return (part_of(a->share, hash));
}

struct aggr *
share_at(const struct aggr *a, unsigned part)
{
	return (a->share->part[part]);
}

/* Groups keep their numbers, counted from behind those that are there. */
static void
lay_beside(struct aggr *a, struct aggr *part)
{
	uint32_t base, n;

	if (a->compact != NULL) {
		compact_take(a->compact, part->compact);
		return;
	}
	base = table_chunks(a->cells) << TABLE_BITS;
	n = base + (table_chunks(part->cells) << TABLE_BITS);
	a->group = mem_grow(a->group, n > 0 ? n : 1, sizeof(a->group[0]));
	a->cap = n;
	for (uint32_t g = a->n; g < n; g++)
		a->group[g] = (struct group){ .partner = NO_GROUP, .gone = true };
	for (uint32_t g = 0; g < part->n; g++) {
		a->group[base + g] = part->group[g];
		if (part->group[g].partner != NO_GROUP)
			a->group[base + g].partner += base;
	}
	a->n = n;
	free(part->group);
	part->group = NULL;
	part->n = part->cap = 0;
	table_take(a->cells, part->cells);
}

void
share_collect(struct aggr *a)
{
	bool files = a->spills > 0, cells;

	if (groups_count(a) > 0)
		join_groups(a, a); /* its own, too */
	groups_drop(a);
	groups_decide(a);
	cells = a->compact == NULL;
	for (unsigned i = 0; i < a->share->n; i++) {
		files |= a->share->part[i]->spills > 0;
		cells |= a->share->part[i]->n > 0; /* groups of the other kind */
	}
	for (unsigned i = 0; i < a->share->n && cells; i++)
		compact_dissolve(a->share->part[i]);
	if (cells)
		compact_dissolve(a);
	for (unsigned i = 0; i < a->share->n; i++) {
		struct aggr *part = a->share->part[i];

		if (groups_count(part) == 0 && part->spills == 0)
			continue;
		if (files) {
			spill_all(part);
			spill_adopt(a, part);
		} else {
			lay_beside(a, part);
		}
	}
}

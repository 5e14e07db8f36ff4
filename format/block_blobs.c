/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_blobs.c: columns of bytes: each, or the few distinct ones and their numbers.  Test: test_block.c.
 */
#include "format/block_encoding.h"

#include "format/base/hash.h"

#include <string.h>

static inline const struct blob *
cell(const struct outgoing *w, const uint32_t *row, uint32_t i)
{
	return (&w->c->b[row == NULL ? i : row[i]]);
}

static bool
same_bytes(const struct blob *a, const struct blob *b)
{
	return (a->n == b->n && (a->n == 0 || a->p == b->p || memcmp(a->p, b->p, a->n) == 0));
}

/* Distinct blobs in the order in which they came, by their hash.  Most columns have few. */
struct blobs {
	const struct blob **entry;
	uint32_t n, slots, *slot; /* index + 1; 0: an empty slot */
	uint64_t seed;
	struct arena *arena;
};

static uint32_t *
blob_slot(const struct blobs *d, const struct blob *b)
{
	uint32_t s = (uint32_t)hash64(b->p == NULL ? (const void *)"" : b->p, b->n, d->seed) & (d->slots - 1);

	while (d->slot[s] != 0 && !same_bytes(d->entry[d->slot[s] - 1], b))
		s = (s + 1) & (d->slots - 1);
	return (&d->slot[s]);
}

static uint32_t
blob_number(struct blobs *d, const struct blob *b)
{
	uint32_t *slot;

	if (d->n * 2 >= d->slots) {
		d->slots = d->slots == 0 ? 64 : d->slots * 4;
		d->slot = arena_zero(d->arena, d->slots * sizeof(*d->slot));
		for (uint32_t i = 0; i < d->n; i++)
			*blob_slot(d, d->entry[i]) = i + 1;
	}
	slot = blob_slot(d, b);
	if (*slot == 0) {
		d->entry[d->n] = b;
		*slot = ++d->n;
	}
	return (*slot - 1);
}

#define RECENT 1024

struct recent { /* the same bytes at the same place have the number that they had */
	const uint8_t *p;
	size_t n;
	uint64_t number;
};

static inline __attribute__((always_inline)) void
number_rows(struct blobs *d, struct recent *recent, const struct blob *all, const uint32_t *row, uint32_t n, uint64_t *index)
{
	struct recent last = { NULL, 0, 0 };

	for (uint32_t i = 0; i < n; i++) {
		const struct blob *b = &all[row == NULL ? i : row[i]];
		struct recent *r;

		if (b->p != last.p || b->n != last.n || i == 0) {
			r = &recent[(uint32_t)(uintptr_t)b->p * 2654435761u / (UINT32_MAX / RECENT + 1)];
			if (r->p != b->p || r->n != b->n || b->n == 0)
				*r = (struct recent){ b->p, b->n, blob_number(d, b) };
			last = *r;
		}
		index[i] = last.number;
	}
}

/* The number of each blob; `entry` gets where each distinct one is. How many these are. */
static uint32_t
number_blobs(struct encoding *e, const struct outgoing *w, const struct blob **entry)
{
	struct blobs d = { .entry = entry, .seed = e->k->seed, .arena = &e->k->arena };
	struct recent *recent = arena_zero(&e->k->arena, RECENT * sizeof(*recent));
	const uint32_t *row = rows_list(e, w->set);

	if (row == NULL)
		number_rows(&d, recent, w->c->b, NULL, w->n, e->k->index);
	else
		number_rows(&d, recent, w->c->b, row, w->n, e->k->index);
	return (d.n);
}

void
put_blob(struct encoding *e, struct outgoing *w)
{
	struct blocks *k = e->k;
	const struct blob **entry = arena_alloc(&k->arena, w->n * sizeof(*entry));
	const uint32_t *row = rows_list(e, w->set);
	uint32_t n = number_blobs(e, w, entry);
	struct plan plan;

	if (n == 1 && entry[0]->n <= 1024) {
		w->dir.code = CODE_CONST;
		w->dir.min = (struct dir_value){ true, 0, *entry[0] };
		if (w->dir.min.bytes.p == NULL)
			w->dir.min.bytes.p = (const uint8_t *)"";
		return;
	}
	k->body.len = 0;
	if (n > w->n / 2) {
		w->dir.code = CODE_BLOB;
		for (uint32_t i = 0; i < w->n; i++)
			buf_varint(&k->body, cell(w, row, i)->n);
		for (uint32_t i = 0; i < w->n; i++)
			buf_add(&k->body, cell(w, row, i)->p, cell(w, row, i)->n);
		w->dir.at = put_body(k);
		return;
	}
	w->dir.code = CODE_BLOBDICT;
	buf_varint(&k->body, n);
	for (uint32_t i = 0; i < n; i++)
		buf_varint(&k->body, entry[i]->n);
	for (uint32_t i = 0; i < n; i++)
		buf_add(&k->body, entry[i]->p, entry[i]->n);
	plan = u64_plan(k->coder, k->index, w->n);
	put_smaller(e, w, &plan, k->index, w->n, true);
}

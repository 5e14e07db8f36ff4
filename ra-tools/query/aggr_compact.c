/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_compact.c: groups of plain numbers: which are, how they lie in memory, and where.  Test: test_aggr_compact.c.
 */
#include "ra-tools/query/aggr_compact.h"

#include "format/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SLOTS_FIRST 1024
#define LARGE	    (4u << 20) /* bytes, from which on memory is asked for in large pages */

/* --- which ------------------------------------------------------------------------------------- */

static const struct part *
part_with(const struct aggr *a, enum field f)
{
	for (unsigned p = 0; p < a->nparts; p++)
		if (a->part[p].field == f)
			return (&a->part[p]);
	return (NULL);
}

static bool
is_number(enum field f)
{
	static const bool merged[] = { [AGG_KEY] = true, [AGG_SAME] = true, [AGG_SUM] = true, [AGG_MIN] = true,
				       [AGG_MAX] = true, [AGG_OR] = true, [AGG_COMP] = false };

	return (fields[f].store == STORE_U64 && fields[f].agg < sizeof(merged) && merged[fields[f].agg] &&
		fields[f].companion == F_NONE);
}

static bool
lay_fields(const struct aggr *a, struct layout *l)
{
	for (unsigned p = 0; p < a->nparts; p++) {
		enum field f = a->part[p].field;

		if (fields[f].store == STORE_BLOB || p == COMPACT_PARTS)
			return (false);
		l->part[l->nparts++] = (struct compact_part){ .field = f,
							      .full = (uint8_t)a->part[p].width,
							      .held = f < F_STORED && fieldset_has(&a->hold, f) };
	}
	for (enum field f = 0; f < F_STORED; f++) {
		if (!fieldset_has(&a->hold, f) || (part_with(a, f) != NULL && fields[f].companion == F_NONE))
			continue;
		if (!is_number(f) || l->ncells == COMPACT_CELLS)
			return (false);
		l->cell[l->ncells++] = (struct compact_cell){ .field = f, .agg = fields[f].agg };
	}
	return (true);
}

/* Wide ones first, so that all are aligned. */
static void
lay_out(struct layout *l)
{
	uint16_t at = COMPACT_HEAD;

	for (unsigned width = 16; width > 0; width /= 2)
		for (unsigned p = 0; p < l->nparts; p++)
			if (l->part[p].width == width) {
				l->part[p].at = at;
				at = (uint16_t)(at + width);
			}
	at = (uint16_t)((at + 7) & ~7);
	l->keylen = (uint16_t)(at - COMPACT_HEAD);
	for (unsigned width = 8; width > 2; width /= 2)
		for (unsigned i = 0; i < l->ncells; i++)
			if (l->cell[i].width == width) {
				l->cell[i].at = at;
				at = (uint16_t)(at + width);
			}
	at = (uint16_t)((at + 7) & ~7);
	l->stride = at > 48 && at < 64 ? 64 : at; /* not over the edge of a line, if it can be helped */
}

/* --- memory ------------------------------------------------------------------------------------ */

static void *
region(size_t bytes, bool large)
{
	void *p = mem_reserve(bytes);

#ifdef MADV_HUGEPAGE
	if (large)
		(void)madvise(p, bytes, MADV_HUGEPAGE);
#else
	(void)large;
#endif
	return (p);
}

static void
make_slots(struct compact *c, size_t n)
{
	c->slots = n;
	c->slot = region(n * sizeof(c->slot[0]), n * sizeof(c->slot[0]) >= LARGE);
}

static void
add_slab(struct compact *c)
{
	size_t bytes = (size_t)COMPACT_ROWS * c->l.stride;

	if (c->nslabs == c->capslabs) {
		c->capslabs = c->capslabs == 0 ? 16 : c->capslabs * 2;
		c->slab = mem_grow(c->slab, c->capslabs, sizeof(c->slab[0]));
	}
	c->slab[c->nslabs] = (struct compact_slab){ region(bytes, c->nslabs * bytes >= LARGE), 0, bytes };
	c->nslabs++;
}

static void
free_slabs(struct compact *c)
{
	for (uint32_t i = 0; i < c->nslabs; i++)
		mem_release(c->slab[i].p, c->slab[i].bytes);
	c->nslabs = 0;
}

struct compact *
compact_new(const struct aggr *a)
{
	struct layout l = { .nparts = 0 };
	struct compact *c;

	if (a->turn || !lay_fields(a, &l))
		return (NULL);
	c = mem_zero(1, sizeof(*c));
	c->l = l;
	c->seed = a->seed;
	c->factor = a->factor;
	c->key = mem_zero(COMPACT_CHUNK, COMPACT_PARTS * 16);
	lay_out(&c->l);
	make_slots(c, SLOTS_FIRST);
	return (c);
}

void
compact_free(struct compact **pc)
{
	struct compact *c = *pc;

	if (c == NULL)
		return;
	free_slabs(c);
	free(c->slab);
	mem_release(c->slot, c->slots * sizeof(c->slot[0]));
	for (unsigned p = 0; p < COMPACT_PARTS; p++)
		free(c->part[p].v4);
	free(c->met);
	free(c->key);
	free(c);
	*pc = NULL;
}

void
compact_clear(struct compact *c)
{
	free_slabs(c);
	c->n = 0;
	mem_release(c->slot, c->slots * sizeof(c->slot[0]));
	make_slots(c, SLOTS_FIRST);
	for (unsigned i = 0; i < c->l.ncells; i++)
		c->l.cell[i].most = 0;
}

/* --- laid out anew ----------------------------------------------------------------------------- */

/* A cell that no record has gone into: MIN begins with the greatest number, the others with 0. */
static void
begin_cell(const struct compact_cell *cell, uint8_t *group)
{
	if (cell->agg == AGG_MIN)
		memset(group + cell->at, 0xff, cell->width);
}

static void
move_part(const struct compact_part *from, const struct compact_part *to, const uint8_t *was, uint8_t *group)
{
	struct ip ip;

	if (from->width == to->width) {
		memcpy(group + to->at, was + from->at, to->width);
	} else if (from->width == 4) { /* an address that is there, or zeros */
		memset(&ip, 0, sizeof(ip));
		ip = ip_v4(was + from->at);
		memcpy(group + to->at, &ip, sizeof(ip));
	}
}

static void
move_cell(const struct compact_cell *from, const struct compact_cell *to, const uint8_t *was, uint8_t *group)
{
	uint32_t narrow;
	uint64_t wide;

	if (from->width == to->width) {
		memcpy(group + to->at, was + from->at, to->width);
	} else if (from->width == 4) {
		memcpy(&narrow, was + from->at, 4);
		wide = to->agg == AGG_MIN && narrow == UINT32_MAX ? UINT64_MAX : narrow;
		memcpy(group + to->at, &wide, 8);
	} else {
		begin_cell(to, group);
	}
}

static void
move_group(const struct layout *from, const struct layout *to, const uint8_t *was, uint8_t *group)
{
	uint64_t state;

	memcpy(group, was, COMPACT_HEAD);
	memcpy(&state, group + 8, 8);
	for (unsigned p = 0; p < to->nparts; p++)
		if (from->part[p].width > 0 && (state >> 2 * p & 3) == HERE)
			move_part(&from->part[p], &to->part[p], was, group);
	for (unsigned i = 0; i < to->ncells; i++)
		move_cell(&from->cell[i], &to->cell[i], was, group);
}

static bool
widen(struct layout *l, const struct layout *want)
{
	bool wider = false;

	for (unsigned p = 0; p < l->nparts; p++) {
		l->part[p].seen |= want->part[p].seen;
		if (want->part[p].width > l->part[p].width) {
			l->part[p].width = want->part[p].width;
			wider = true;
		}
	}
	for (unsigned i = 0; i < l->ncells; i++) {
		l->cell[i].seen |= want->cell[i].seen;
		if (want->cell[i].most > l->cell[i].most)
			l->cell[i].most = want->cell[i].most;
		if (want->cell[i].width > l->cell[i].width) {
			l->cell[i].width = want->cell[i].width;
			wider = true;
		}
	}
	return (wider);
}

void
compact_lay(struct compact *c, const struct layout *want)
{
	struct layout was = c->l;

	if (!widen(&c->l, want))
		return;
	lay_out(&c->l);
	for (uint32_t i = 0; i < c->nslabs; i++) {
		struct compact_slab old = c->slab[i];
		size_t bytes = (size_t)COMPACT_ROWS * c->l.stride;

		c->slab[i] = (struct compact_slab){ region(bytes, i * bytes >= LARGE), old.n, bytes };
		for (uint32_t k = 0; k < old.n; k++)
			move_group(&was, &c->l, old.p + (size_t)k * was.stride, c->slab[i].p + (size_t)k * c->l.stride);
		mem_release(old.p, old.bytes);
	}
}

/* --- groups ------------------------------------------------------------------------------------ */

static void
grow(struct compact *c)
{
	struct slot *old = c->slot;
	size_t n = c->slots, mask = 2 * n - 1;

	make_slots(c, 2 * n);
	for (size_t i = 0; i < n; i++) {
		size_t at = old[i].tag & mask;

		if (old[i].group == 0)
			continue;
		while (c->slot[at].group != 0)
			at = (at + 1) & mask;
		c->slot[at] = old[i];
	}
	mem_release(old, n * sizeof(old[0]));
}

static bool
same_key(const struct compact *c, uint8_t *group, uint64_t state, const uint8_t *key)
{
	const uint64_t *x = (const uint64_t *)(const void *)(group + COMPACT_HEAD), *y = (const uint64_t *)(const void *)key;

	if (((*compact_state(group) ^ state) & COMPACT_KEY) != 0)
		return (false);
	for (unsigned i = 0; i < c->l.keylen / 8; i++)
		if (x[i] != y[i])
			return (false);
	return (true);
}

/* The group of the key; its first place and its state without the key's are the caller's to write.  A new one has the number
 * that c->n had. */
uint8_t *
compact_make(struct compact *c, uint64_t hash, uint64_t state, const uint8_t *key, uint32_t *number)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	size_t mask = c->slots - 1, at = tag & mask;
	uint8_t *group;

	for (; c->slot[at].group != 0; at = (at + 1) & mask) {
		if (c->slot[at].tag != tag)
			continue;
		group = compact_at(c, c->slot[at].group - 1);
		if (same_key(c, group, state, key)) {
			*number = c->slot[at].group - 1;
			return (group);
		}
	}
	if (c->nslabs == 0 || c->slab[c->nslabs - 1].n == COMPACT_ROWS)
		add_slab(c);
	assert((uint64_t)c->nslabs << COMPACT_BITS < NO_GROUP);
	*number = ((c->nslabs - 1) << COMPACT_BITS) + c->slab[c->nslabs - 1].n++;
	c->n++;
	c->slot[at] = (struct slot){ tag, *number + 1 };
	group = compact_at(c, *number);
	*compact_first(group) = UINT64_MAX;
	*compact_state(group) = state & COMPACT_KEY;
	memcpy(group + COMPACT_HEAD, key, c->l.keylen);
	for (unsigned i = 0; i < c->l.ncells; i++)
		begin_cell(&c->l.cell[i], group);
	if (c->n > c->slots / 4 * 3)
		grow(c);
	return (group);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_compact_out.c: groups of plain numbers as rows of a batch, or as groups of the other kind.  Test: test_aggr_compact.c.
 */
#include "ra-tools/query/aggr_compact.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct drawn { /* a field of some groups, on its way into a column */
	enum field field;
	unsigned shift; /* of its state */
	unsigned width;
	uint16_t at;
	struct column *c;
};

/* Parts of the key, then cells. */
static struct drawn
drawn_from(const struct compact *c, int where)
{
	const struct layout *l = &c->l;
	unsigned i = (unsigned)where - l->nparts;

	if ((unsigned)where < l->nparts)
		return ((struct drawn){ l->part[where].field, 2 * (unsigned)where, l->part[where].width, l->part[where].at, NULL });
	return ((struct drawn){ l->cell[i].field, cell_shift(i), l->cell[i].width, l->cell[i].at, NULL });
}

static bool
is_seen(const struct layout *l, unsigned where)
{
	return (where < l->nparts ? l->part[where].held && l->part[where].seen : l->cell[where - l->nparts].seen);
}

int
compact_where(const struct compact *c, enum field f)
{
	for (unsigned i = 0; i < c->l.nparts + c->l.ncells; i++)
		if (is_seen(&c->l, i) && drawn_from(c, (int)i).field == f)
			return ((int)i);
	return (-1);
}

static struct ip
address(const uint8_t *p, unsigned width)
{
	struct ip ip;

	if (width == 4)
		return (ip_v4(p));
	memcpy(&ip, p, sizeof(ip));
	return (ip);
}

void
compact_get(const struct compact *c, int where, uint32_t g, struct cell *cell)
{
	struct drawn d;
	uint8_t *group;
	unsigned is;

	*cell = (struct cell){ .present = false };
	if (where < 0)
		return;
	d = drawn_from(c, where);
	group = compact_at(c, g);
	is = *compact_state(group) >> d.shift & 3;
	cell->mixed = (is & MIXED) != 0;
	cell->present = is == HERE;
	if (cell->present && fields[d.field].store == STORE_IP)
		cell->v.ip = address(group + d.at, d.width);
	else if (cell->present)
		cell->v.u = compact_number(group + d.at, d.width);
}

void
compact_key(const struct aggr *a, const struct compact *c, uint32_t g, uint8_t *key)
{
	const uint8_t *group = compact_at(c, g);
	uint64_t state = *compact_state(compact_at(c, g)) & COMPACT_KEY;

	memset(key, 0, a->keylen);
	memcpy(key, &state, sizeof(state));
	for (unsigned p = 0; p < a->nparts; p++) {
		const struct compact_part *part = &c->l.part[p];
		struct ip ip;

		if ((state >> 2 * p & 3) != HERE)
			continue;
		if (part->full < 16) {
			memcpy(key + a->part[p].at, group + part->at, part->width);
			continue;
		}
		ip = address(group + part->at, part->width);
		memcpy(key + a->part[p].at, &ip, sizeof(ip));
	}
}

/* --- rows -------------------------------------------------------------------------------------- */

static void
draw_states(const struct drawn *d, uint8_t *const *group, uint32_t at, uint32_t n, struct batch *out)
{
	for (uint32_t i = 0; i < n; i++) {
		unsigned is = *compact_state(group[i]) >> d->shift & 3;

		d->c->present[(at + i) / 64] |= (uint64_t)(is == HERE) << (at + i) % 64;
		if ((is & MIXED) != 0)
			column_set_mixed(out, d->c, at + i);
	}
}

/* Cells of groups that do not have it may hold anything. */
#define DRAW(type)                            \
	for (uint32_t i = 0; i < n; i++)      \
	to[i] = bit_get(d->c->present, at + i) ? *(const type *)(const void *)(group[i] + d->at) : 0

static void
draw_values(const struct drawn *d, uint8_t *const *group, uint32_t at, uint32_t n)
{
	uint64_t *to = d->c->u + at;

	if (d->c->store == STORE_IP) {
		for (uint32_t i = 0; i < n; i++)
			if (bit_get(d->c->present, at + i))
				d->c->ip[at + i] = address(group[i] + d->at, d->width);
		return;
	}
	switch (d->width) {
	case 2:
		DRAW(uint16_t);
		break;
	case 4:
		DRAW(uint32_t);
		break;
	case 8:
		DRAW(uint64_t);
		break;
	default: /* zeros */
		break;
	}
}

void
compact_gather(const struct compact *c, const uint32_t *groups, uint32_t n, struct batch *out)
{
	struct drawn d[COMPACT_PARTS + COMPACT_CELLS];
	unsigned fields_drawn = 0;
	uint8_t *group[COMPACT_CHUNK];

	batch_reset(out);
	out->rows = n;
	for (unsigned i = 0; i < c->l.nparts + c->l.ncells && n > 0; i++)
		if (is_seen(&c->l, i)) {
			d[fields_drawn] = drawn_from(c, (int)i);
			d[fields_drawn].c = batch_column(out, d[fields_drawn].field);
			fields_drawn++;
		}
	for (uint32_t at = 0, m; at < n; at += m) {
		m = n - at < COMPACT_CHUNK ? n - at : COMPACT_CHUNK;
		for (uint32_t i = 0; i < m; i++) {
			group[i] = compact_at(c, groups[at + i]);
			__builtin_prefetch(group[i]);
		}
		for (unsigned i = 0; i < fields_drawn; i++) {
			draw_states(&d[i], group, at, m, out);
			draw_values(&d[i], group, at, m);
		}
	}
}

/* --- elsewhere --------------------------------------------------------------------------------- */

void
compact_dissolve(struct aggr *a)
{
	struct compact *c = a->compact;
	struct batch *b;
	struct known known[CHUNK];
	uint32_t list[CHUNK], last = NO_GROUP, n;
	uint8_t *keys;

	if (c == NULL)
		return;
	b = batch_new(CHUNK);
	keys = mem_alloc(CHUNK * a->keylen);
	while ((n = groups_list(a, last, list, CHUNK)) > 0) {
		last = list[n - 1];
		groups_known(a, list, n, b, known, keys);
		a->compact = NULL;
		add_known(a, b, known, n);
		a->compact = c;
	}
	a->compact = NULL;
	compact_free(&c);
	free(keys);
	batch_free(&b);
}

void
compact_take(struct compact *c, struct compact *from)
{
	compact_lay(c, &from->l);
	compact_lay(from, &c->l);
	c->slab = mem_grow(c->slab, c->nslabs + from->nslabs + 1, sizeof(c->slab[0]));
	memcpy(c->slab + c->nslabs, from->slab, from->nslabs * sizeof(from->slab[0]));
	c->nslabs += from->nslabs;
	c->capslabs = c->nslabs + 1;
	c->n += from->n;
	from->nslabs = from->n = 0;
	compact_clear(from);
}

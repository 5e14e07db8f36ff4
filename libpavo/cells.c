/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cells.c: columns as they are handed out: the selected rows, a state each, addresses and bytes as everybody has them.
 */
#include "libpavo/room.h"

#include "format/base/mem.h"
#include "format/types.h"
#include "ra-tools/query/gather.h"

#include <stdlib.h>
#include <string.h>

/* --- what a field is ----------------------------------------------------------------------------- */

static enum pavo_kind
kind_of(enum type t)
{
	switch (types[t].store) {
	case STORE_I64:
		return (PAVO_I64);
	case STORE_REAL:
		return (PAVO_DOUBLE);
	case STORE_IP:
		return (PAVO_ADDRESS);
	case STORE_BLOB:
		return (t == TYPE_HIST || t == TYPE_GAPS || t == TYPE_SEQS ? PAVO_BYTES : PAVO_STRING);
	case STORE_U64:
		break;
	}
	return (PAVO_U64);
}

void
cells_field(struct pavo_field *to, enum field f)
{
	enum type t = fields[f].type;
	enum family family = types[t].family;

	*to = (struct pavo_field){
		.name = fields[f].name,
		.type = types[t].name,
		.unit = types[t].unit,
		.doc = fields[f].doc,
		.kind = kind_of(t),
		.words = (family == FAMILY_WORDS || family == FAMILY_FLAGS) && t != TYPE_MAC && t != TYPE_ID,
	};
}

static bool
has_bytes(enum pavo_kind k)
{
	return (k == PAVO_BYTES || k == PAVO_STRING);
}

/* --- memory -------------------------------------------------------------------------------------- */

void
cells_new(struct pavo *p)
{
	p->column = mem_zero(p->n, sizeof(p->column[0]));
	p->row = mem_alloc(BATCH_ROWS * sizeof(p->row[0]));
	for (unsigned i = 0; i < p->n; i++) {
		p->made[i].state = mem_alloc(BATCH_ROWS);
		p->column[i].state = p->made[i].state;
		if (has_bytes(p->field[i].kind))
			p->column[i].offset = p->made[i].offset = mem_alloc((BATCH_ROWS + 1) * sizeof(uint64_t));
	}
	p->batch.columns = p->n;
	p->batch.column = p->column;
}

void
cells_free(struct pavo *p)
{
	for (unsigned i = 0; p->made != NULL && i < p->n; i++) {
		free(p->made[i].cells);
		free(p->made[i].offset);
		free(p->made[i].state);
	}
	free(p->made);
	free(p->column);
	free(p->row);
}

static void *
cells_room(struct made *m, size_t n)
{
	if (n > m->room) {
		free(m->cells);
		m->cells = NULL;
		m->room = 0;
		m->cells = mem_alloc(n);
		m->room = n;
	}
	return (m->cells);
}

/* --- columns ------------------------------------------------------------------------------------- */

/* row: the n rows that are wanted, in their order; all of the batch's where there are as many. */
struct rows {
	const uint32_t *row;
	uint32_t n;
	bool all;
};

static void
fill_state(uint8_t *to, const struct column *c, const struct rows *r)
{
	if (c == NULL) {
		memset(to, PAVO_ABSENT, r->n);
		return;
	}
	for (uint32_t i = 0; i < r->n; i++) {
		uint32_t at = r->row[i];

		if (r->all && i % 64 == 0 && r->n - i >= 64 && c->present[i / 64] == UINT64_MAX) {
			memset(to + i, PAVO_PRESENT, 64);
			i += 63;
		} else {
			to[i] = bit_get(c->present, at) ? PAVO_PRESENT : column_mixed(c, at) ? PAVO_MIXED : PAVO_ABSENT;
		}
	}
}

static const void *
numbers(struct made *m, const struct column *c, const struct rows *r)
{
	uint64_t *to;

	if (c != NULL && r->all)
		return (c->u);
	to = cells_room(m, r->n * sizeof(*to));
	if (c == NULL)
		memset(to, 0, r->n * sizeof(*to));
	else
		for (uint32_t i = 0; i < r->n; i++)
			to[i] = c->u[r->row[i]];
	return (to);
}

static const void *
addresses(struct made *m, const struct column *c, const struct rows *r)
{
	struct ip *to = cells_room(m, r->n * sizeof(*to));

	for (uint32_t i = 0; i < r->n; i++) {
		if (m->state[i] == PAVO_PRESENT)
			to[i] = ip_mapped(&c->ip[r->row[i]]);
		else
			memset(&to[i], 0, sizeof(to[i]));
	}
	return (to);
}

static const void *
bytes(struct made *m, const struct column *c, const struct rows *r)
{
	uint64_t all = 0;
	uint8_t *to;

	for (uint32_t i = 0; i < r->n; i++) {
		m->offset[i] = all;
		all += m->state[i] == PAVO_PRESENT ? c->b[r->row[i]].n : 0;
	}
	m->offset[r->n] = all;
	to = cells_room(m, all > 0 ? all : 1);
	for (uint32_t i = 0; i < r->n; i++)
		if (m->offset[i + 1] > m->offset[i])
			memcpy(to + m->offset[i], c->b[r->row[i]].p, c->b[r->row[i]].n);
	return (to);
}

void
cells_fill(struct pavo *p, struct batch *b)
{
	struct rows r = { .row = p->row, .n = rows_selected(b, p->row) };

	r.all = r.n == b->rows;
	p->batch.rows = r.n;
	for (unsigned i = 0; i < p->n; i++) {
		struct made *m = &p->made[i];
		const struct column *c = m->field < F_STORED ? batch_flat(b, m->field) : batch_derive(b, m->field);

		fill_state(m->state, c, &r);
		if (has_bytes(p->field[i].kind))
			p->column[i].values = bytes(m, c, &r);
		else if (p->field[i].kind == PAVO_ADDRESS)
			p->column[i].values = addresses(m, c, &r);
		else
			p->column[i].values = numbers(m, c, &r);
	}
}

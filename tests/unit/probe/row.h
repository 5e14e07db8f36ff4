/* SPDX-License-Identifier: BSD-2-Clause
 *
 * row.h: what a producer puts into a record, as a record.
 *
 *	stat_fill(&s, row()); row_get(&r);
 */
#ifndef TESTS_PROBE_ROW_H
#define TESTS_PROBE_ROW_H

#include "format/tile.h"

#include <string.h>

/* A row with nothing in it, or what was put since. */
static inline struct tile *
row(void)
{
	static struct tile *t;

	if (t == NULL)
		t = tile_new();
	return (t);
}

/* What was put since the last one; bytes are borrowed. */
static inline void
row_get(struct flow *f)
{
	struct tile *t = row();

	flow_clear(f);
	for (enum field i = 0; i < F_STORED; i++) {
		if (!bit_get(t->present[t->row], i))
			continue;
		bit_set(f->present, i);
		if (fields[i].store == STORE_IP || fields[i].store == STORE_BLOB)
			f->v[i] = t->wide[i][t->row];
		else
			f->v[i].u = t->u[i][t->row];
	}
	tile_drop(t);
}

#endif

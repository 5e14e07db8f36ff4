/* SPDX-License-Identifier: BSD-2-Clause
 *
 * peak.c: values of rows that are to be merged, as numbers whose order is theirs.  Tested by tests/truth/rates.tap.
 */
#include "ra-tools/query/peak.h"

#include <stdio.h>
#include <string.h>

#define SIGN (1ull << 63)

/* sloss and dloss are twins in name alone. */
enum field
peak_twin(enum field f)
{
	const struct field_info *i = &fields[f];
	char name[64];
	enum field t;

	if (i->twin != f)
		return ((enum field)i->twin);
	if (f < F_STORED || (strncmp(i->label, "Src", 3) != 0 && strncmp(i->label, "Dst", 3) != 0))
		return (f);
	(void)snprintf(name, sizeof(name), "%c%s", i->name[0] == 's' ? 'd' : 's', i->name + 1);
	t = field_named(name, strlen(name));
	return (t == F_NONE ? f : t);
}

static bool
is_of_dst(enum field f)
{
	return (peak_twin(f) != f && fields[f].name[0] == 'd');
}

enum field
peak_of(enum field f)
{
	return (is_of_dst(f) ? F_dpeak : F_speak);
}

static uint64_t
ordered(enum store store, const union value *v)
{
	if (store == STORE_I64)
		return (v->u ^ SIGN);
	if (store == STORE_REAL)
		return (v->u & SIGN ? ~v->u : v->u | SIGN);
	return (v->u);
}

union value
peak_value(enum field f, uint64_t peak)
{
	union value v = { .u = peak };

	if (fields[f].store == STORE_I64)
		v.u = peak ^ SIGN;
	else if (fields[f].store == STORE_REAL)
		v.u = peak & SIGN ? peak ^ SIGN : ~peak;
	return (v);
}

static void
fill(struct batch *b, enum field f, enum field peak)
{
	const struct column *from = batch_derive(b, f), *start = b->col[F_bstart];
	struct column *to = batch_column(b, peak), *time = batch_column(b, fields[peak].companion);

	for (uint32_t r = 0; r < b->rows; r++) {
		union value v, t;

		if (!column_has(from, r) || !column_has(start, r))
			continue;
		v = column_value(from, r);
		v.u = ordered(fields[f].store, &v);
		t = column_value(start, r);
		column_set(to, r, &v);
		column_set(time, r, &t);
	}
}

void
peak_fill(struct batch *b, enum field f)
{
	enum field t = peak_twin(f);

	fill(b, is_of_dst(f) ? t : f, F_speak);
	fill(b, is_of_dst(f) ? f : t, F_dpeak);
}

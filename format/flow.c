/* SPDX-License-Identifier: BSD-2-Clause
 *
 * flow.c: the algebra of records: turning round and merging.
 */
#include "format/flow.h"

#include "format/base/wide.h"

/* --- turning round */

static void
swap_bits(uint64_t *w, size_t a, size_t b)
{
	bool x = bit_get(w, a), y = bit_get(w, b);

	if (x != y) {
		w[a >> 6] ^= 1ull << (a & 63);
		w[b >> 6] ^= 1ull << (b & 63);
	}
}

void
flow_reverse(struct flow *f, struct arena *arena)
{
	for (enum field i = 0; i < F_STORED; i++) {
		enum field t = fields[i].twin;
		union value v;

		if (type_is_sided(fields[i].type) && bit_get(f->present, i))
			value_reverse(fields[i].type, &f->v[i], arena);
		if (t <= i)
			continue;
		v = f->v[i];
		f->v[i] = f->v[t];
		f->v[t] = v;
		swap_bits(f->present, i, t);
		swap_bits(f->mixed, i, t);
	}
}

/* --- merging */

/* FIRST, LAST, TOP: does `from` win over `into`?  Ties go to the value, so that order can not matter. */
static bool
wins(enum agg agg, enum store store, const struct cell *into, const struct cell *from)
{
	int c = value_cmp(store, &from->v, &into->v);

	switch (agg) {
	case AGG_FIRST:
		return (from->t != into->t ? from->t < into->t : c < 0);
	case AGG_LAST:
		return (from->t != into->t ? from->t > into->t : c > 0);
	default: /* AGG_TOP: highest value, of its times the earliest */
		return (c != 0 ? c > 0 : from->t < into->t);
	}
}

static struct blob
hist_merge(struct blob a, struct blob b, struct arena *arena)
{
	uint64_t x[HIST_BUCKETS], y[HIST_BUCKETS];

	hist_unpack(a, x);
	hist_unpack(b, y);
	for (int i = 0; i < HIST_BUCKETS; i++)
		x[i] = saturating_sum(x[i], y[i]);
	return (hist_pack(x, arena));
}

void
cell_merge(enum field f, struct cell *into, const struct cell *from, struct arena *arena)
{
	const struct field_info *info = &fields[f];

	if (into->mixed || (!from->present && !from->mixed))
		return;
	if (!into->present || from->mixed) {
		*into = *from;
		return;
	}
	switch ((enum agg)info->agg) {
	case AGG_KEY:
	case AGG_SAME:
		if (!value_equal(info->store, &into->v, &from->v))
			*into = (struct cell){ .mixed = true };
		break;
	case AGG_SUM:
		into->v.u = saturating_sum(into->v.u, from->v.u);
		break;
	case AGG_MIN:
		if (value_cmp(info->store, &from->v, &into->v) < 0)
			into->v = from->v;
		break;
	case AGG_MAX:
		if (value_cmp(info->store, &from->v, &into->v) > 0)
			into->v = from->v;
		break;
	case AGG_OR:
		into->v.u |= from->v.u;
		break;
	case AGG_HIST:
		into->v.b = hist_merge(into->v.b, from->v.b, arena);
		break;
	case AGG_FIRST:
	case AGG_LAST:
	case AGG_TOP:
		if (wins(info->agg, info->store, into, from))
			*into = *from;
		break;
	case AGG_COMP:
	case AGG_NONE:
		break;
	}
}

static struct cell
flow_cell(const struct flow *f, enum field i)
{
	struct cell c = { .present = bit_get(f->present, i), .mixed = bit_get(f->mixed, i) };
	enum field t = fields[i].companion;

	if (c.present)
		c.v = f->v[i];
	if (t != F_NONE)
		c.t = bit_get(f->present, t) ? f->v[t].i : f->v[F_bstart].i;
	return (c);
}

void
flow_merge(struct flow *into, const struct flow *from, struct arena *arena)
{
	/* bstart stands for absent companion times, so it is merged after everything else. */
	for (int pass = 0; pass < 2; pass++)
		for (enum field i = 0; i < F_STORED; i++) {
			struct cell a, b;
			enum field t = fields[i].companion;

			if (fields[i].agg == AGG_COMP || (i == F_bstart) != (pass == 1))
				continue;
			a = flow_cell(into, i);
			b = flow_cell(from, i);
			cell_merge(i, &a, &b, arena);
			bit_clear(into->present, i);
			bit_clear(into->mixed, i);
			if (a.mixed)
				bit_set(into->mixed, i);
			if (!a.present)
				continue;
			bit_set(into->present, i);
			into->v[i] = a.v;
			if (t != F_NONE) {
				bit_set(into->present, t);
				into->v[t].i = a.t;
			}
		}
}

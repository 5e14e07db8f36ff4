/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path_sets.c: which numbers each of two probes saw, as sets that can be compared.
 *
 * Numbers wrap: they are extended in order of time, and those of one probe are moved by whole rounds to where the other's
 * are at that time.
 */
#include "ra-tools/report/path_room.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { UDP = 17 };

static unsigned
bits_of(const struct path_item *x)
{
	if (x->proto != UDP)
		return (32);
	return (x->tunnel ? 64 : 16); /* WireGuard, RTP */
}

/* v as the number nearest to ref. */
static int64_t
extend(uint64_t v, int64_t ref, unsigned bits)
{
	switch (bits) {
	case 16:
		return (ref + (int16_t)(uint16_t)(v - (uint64_t)ref));
	case 32:
		return (ref + (int32_t)(uint32_t)(v - (uint64_t)ref));
	default:
		return ((int64_t)v);
	}
}

static int
by_lo(const void *x, const void *y)
{
	const struct path_run *a = x, *b = y;
	int64_t p = (int64_t)a->lo, q = (int64_t)b->lo;

	return (p != q ? (p > q) - (p < q) : (a->row > b->row) - (a->row < b->row));
}

/* The runs of a name in order of time, extended.  They are not joined: each says of which row it is. */
static void
gather(const struct path_half *h, uint32_t name, unsigned bits, struct path_set *s)
{
	bool begun = false;
	int64_t ref = 0;

	s->run = mem_zero(h->runs + 1, sizeof(s->run[0]));
	for (size_t i = 0; i < h->runs; i++) {
		struct path_run r = h->run[i];
		uint64_t len = r.hi - r.lo;

		if (r.name != name)
			continue;
		r.lo = (uint64_t)(begun ? extend(r.lo, ref, bits) : (int64_t)r.lo);
		r.hi = r.lo + len;
		if (!begun || (int64_t)r.hi > ref)
			ref = (int64_t)r.hi;
		begun = true;
		s->run[s->n++] = r;
	}
	if (s->n > 1)
		qsort(s->run, s->n, sizeof(s->run[0]), by_lo);
	for (size_t i = 1; i < s->n; i++)
		if ((int64_t)s->run[i].lo <= (int64_t)s->run[i - 1].hi)
			s->broken = true;
}

/* The row of the set that lies nearest to a time. */
static const struct path_run *
at_time(const struct path_half *h, const struct path_set *s, int64_t t)
{
	const struct path_run *best = &s->run[0];
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		int64_t d = h->row[s->run[i].row].start - t;

		d = d < 0 ? -d : d;
		if (d < least) {
			least = d;
			best = &s->run[i];
		}
	}
	return (best);
}

/* b's numbers, by whole rounds, to a's of the same time. */
static void
align(const struct path_half *a, const struct path_half *b, unsigned bits, struct path_name *n)
{
	struct path_set *s = n->set;
	int64_t d, round;

	if (bits == 64 || s[0].n == 0 || s[1].n == 0)
		return;
	d = (int64_t)at_time(a, &s[0], b->row[s[1].run[0].row].start)->lo - (int64_t)s[1].run[0].lo;
	round = (int64_t)1 << bits;
	d = (d >= 0 ? d + round / 2 : d - round / 2) / round * round;
	for (size_t i = 0; i < s[1].n; i++) {
		s[1].run[i].lo += (uint64_t)d;
		s[1].run[i].hi += (uint64_t)d;
	}
}

static int
by_value(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return ((*a > *b) - (*a < *b));
}

static uint32_t *
names_of(const struct path_half *h, size_t *n)
{
	uint32_t *v = mem_zero(h->runs + h->rows + 1, sizeof(v[0]));
	size_t all = 0, kept = 0;

	for (size_t i = 0; i < h->runs; i++)
		if (i == 0 || h->run[i].name != h->run[i - 1].name)
			v[all++] = h->run[i].name;
	if (all > 1)
		qsort(v, all, sizeof(v[0]), by_value);
	for (size_t i = 0; i < all; i++)
		if (kept == 0 || v[kept - 1] != v[i])
			v[kept++] = v[i];
	*n = kept;
	return (v);
}

/* What rows say of the numbers in them: of a row it is not known which of its names is meant. */
static void
mark_flags(const struct path_half *h, struct path_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		unsigned f = h->row[s->run[i].row].flags;

		s->more |= (f & ROW_MORE) != 0;
		s->broken |= (f & ROW_RESETS) != 0;
		s->loose |= (f & (ROW_GSO | ROW_GROUP)) != 0;
	}
}

struct path_name *
path_names(const struct path_item *x, int dir, size_t *n)
{
	const struct path_half *h[2] = { &x->half[0][dir], &x->half[1][dir] };
	unsigned bits = bits_of(x);
	size_t many[2], at[2] = { 0, 0 };
	uint32_t *v[2] = { names_of(h[0], &many[0]), names_of(h[1], &many[1]) };
	struct path_name *out = mem_zero(many[0] + many[1] + 1, sizeof(out[0]));

	*n = 0;
	while (at[0] < many[0] || at[1] < many[1]) {
		struct path_name *o = &out[(*n)++];
		bool a = at[1] == many[1] || (at[0] < many[0] && v[0][at[0]] <= v[1][at[1]]),
		     b = at[0] == many[0] || (at[1] < many[1] && v[1][at[1]] <= v[0][at[0]]);

		o->name[0] = o->name[1] = a ? v[0][at[0]] : v[1][at[1]];
		for (int k = 0; k < 2; k++) {
			gather(h[k], o->name[k], bits, &o->set[k]);
			mark_flags(h[k], &o->set[k]);
		}
		align(h[0], h[1], bits, o);
		at[0] += a;
		at[1] += b;
	}
	free(v[0]);
	free(v[1]);
	return (out);
}

void
path_names_free(struct path_name *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].set[0].run);
		free(v[i].set[1].run);
	}
	free(v);
}

/* --- the same SA under other addresses --------------------------------------------------------------- */

struct alone { /* an SA that only one probe saw under these addresses */
	uint32_t name, item;
	uint8_t probe, dir;
};

static int
by_name(const void *x, const void *y)
{
	const struct alone *a = x, *b = y;

	if (a->name != b->name)
		return (a->name < b->name ? -1 : 1);
	if (a->probe != b->probe)
		return (a->probe < b->probe ? -1 : 1);
	return ((a->item > b->item) - (a->item < b->item));
}

static size_t
alone_in(const struct path *p, struct alone **out)
{
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < p->n; i++)
		for (int dir = 0; dir < 2 && p->item[i].tunnel; dir++) {
			int k = p->item[i].seen[0] ? 0 : 1;
			size_t many;
			uint32_t *v;

			if (p->item[i].seen[1 - k])
				break;
			v = names_of(&p->item[i].half[k][dir], &many);
			for (size_t m = 0; m < many; m++) {
				if (n == cap) {
					cap = cap == 0 ? 64 : 2 * cap;
					*out = mem_grow(*out, cap, sizeof(**out));
				}
				(*out)[n++] = (struct alone){ v[m], (uint32_t)i, (uint8_t)k, (uint8_t)dir };
			}
			free(v);
		}
	return (n);
}

/* What b saw of item y, in its direction `from`, is what a saw of item x in direction `to`. */
static void
translate(struct path_item *x, int to, struct path_item *y, int from)
{
	for (int d = 0; d < 2; d++) {
		int e = d == to ? from : 1 - from;

		x->half[1][d] = y->half[1][e];
		y->half[1][e].row = NULL;
		y->half[1][e].run = NULL;
		y->half[1][e].rows = y->half[1][e].runs = 0;
	}
	x->since[1] = y->since[1];
	x->until[1] = y->until[1];
	x->seen[1] = true;
	y->seen[1] = false;
	x->translated = true;
}

void
path_translate(struct path *p)
{
	struct alone *v = NULL;
	size_t n = alone_in(p, &v);

	if (n > 1)
		qsort(v, n, sizeof(v[0]), by_name);
	for (size_t i = 0; i + 1 < n; i++) {
		struct alone *a = &v[i], *b = &v[i + 1];
		struct path_item *x = &p->item[a->item], *y = &p->item[b->item];

		if (a->name != b->name || a->probe == b->probe || x->proto != y->proto || x->seen[1] || !y->seen[1])
			continue;
		if ((i > 0 && a[-1].name == a->name) || (i + 2 < n && b[1].name == a->name))
			continue; /* not the only one */
		translate(x, a->dir, y, b->dir);
	}
	free(v);
}

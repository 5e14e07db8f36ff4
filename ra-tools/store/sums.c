/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sums.c: what has to be the same before and after.
 */
#include "ra-tools/store/sums.h"

#include "format/base/hash.h"
#include "format/base/mem.h"
#include "format/base/wide.h"

#include <stdlib.h>
#include <string.h>

enum class { TRAFFIC, TUNNELS, PROBE, CLASSES };

struct sum { /* of a field */
	uint64_t n, mixed, hash, sum, bits;
	uint64_t least, most; /* of numbers; once n is not 0 */
};

struct sums {
	uint64_t records;
	struct sum of[CLASSES][F_STORED];
	uint64_t hist[CLASSES][F_STORED][HIST_BUCKETS];
};

struct sums *
sums_new(void)
{
	return (mem_zero(1, sizeof(struct sums)));
}

void
sums_free(struct sums **ps)
{
	free(*ps);
	*ps = NULL;
}

uint64_t
sums_records(const struct sums *s)
{
	return (s->records);
}

static enum class
class_of(const struct batch *b, uint32_t r)
{
	const struct column *type = b->col[F_rectype];

	if (!column_has(type, r))
		return (TRAFFIC);
	return (type->u[r] == RECTYPE_MAR ? PROBE : type->u[r] == RECTYPE_TUN ? TUNNELS : TRAFFIC);
}

/* Spreads a number over 64 bits, so that other numbers with the same sum are found out. */
static uint64_t
spread(uint64_t v)
{
	v = (v ^ v >> 32) * 0xd6e8feb86659fd93ull;
	return ((v ^ v >> 32) * 0xd6e8feb86659fd93ull);
}

static void
add_number(struct sum *s, uint64_t v, bool time)
{
	uint64_t order = time ? v ^ 1ull << 63 : v;

	s->hash += spread(v + 1);
	s->sum = saturating_sum(s->sum, v);
	s->bits |= v;
	if (s->n == 0 || order < s->least)
		s->least = order;
	if (s->n == 0 || order > s->most)
		s->most = order;
	s->n++;
}

static void
add_bytes(struct sum *s, const void *p, size_t n)
{
	s->hash += hash64(n == 0 ? "" : p, n, n + 1);
	s->n++;
}

static void
add_hist(uint64_t *to, struct blob b)
{
	uint64_t x[HIST_BUCKETS];

	hist_unpack(b, x);
	for (int i = 0; i < HIST_BUCKETS; i++)
		to[i] += x[i];
}

static void
add_column(struct sums *s, const struct batch *b, enum field f, const uint8_t *classes)
{
	const struct column *c = b->col[f];

	for (uint32_t r = 0; r < b->rows; r++) {
		struct sum *to = &s->of[classes[r]][f];

		if (!batch_selected(b, r))
			continue;
		to->mixed += column_mixed(c, r);
		if (!column_has(c, r))
			continue;
		if (c->store == STORE_IP)
			add_bytes(to, c->ip[r].b, sizeof(c->ip[r].b));
		else if (c->store == STORE_BLOB)
			add_bytes(to, c->b[r].p, c->b[r].n);
		else
			add_number(to, c->u[r], c->store == STORE_I64);
		if (fields[f].agg == AGG_HIST)
			add_hist(s->hist[classes[r]][f], c->b[r]);
	}
}

/* A companion time that is equal to bstart is not stored: as if it were never there. */
static bool
is_counted(enum field f)
{
	return (fields[f].agg != AGG_COMP);
}

void
sums_add(struct sums *s, const struct batch *b)
{
	uint8_t classes[BATCH_ROWS];

	for (uint32_t r = 0; r < b->rows; r++) {
		classes[r] = (uint8_t)class_of(b, r);
		s->records += batch_selected(b, r);
	}
	for (enum field f = 0; f < F_STORED; f++)
		if (b->col[f] != NULL && is_counted(f))
			add_column(s, b, f, classes);
}

static bool
differs_merged(const struct sums *x, const struct sums *y, enum class k, enum field f)
{
	const struct sum *a = &x->of[k][f], *b = &y->of[k][f];

	if ((a->n > 0 || a->mixed > 0) != (b->n > 0 || b->mixed > 0))
		return (true);
	switch ((enum agg)fields[f].agg) {
	case AGG_SUM:
		return (a->sum != b->sum);
	case AGG_OR:
		return (a->bits != b->bits);
	case AGG_MIN:
		return (f != F_bstart && f != F_rectype && a->least != b->least);
	case AGG_MAX:
		return (f != F_bend && a->most != b->most);
	case AGG_HIST:
		return (memcmp(x->hist[k][f], y->hist[k][f], sizeof(x->hist[k][f])) != 0);
	default:
		return (false);
	}
}

static bool
differs(const struct sums *x, const struct sums *y, enum class k, enum field f)
{
	const struct sum *a = &x->of[k][f], *b = &y->of[k][f];

	return (a->n != b->n || a->mixed != b->mixed || a->hash != b->hash);
}

enum field
sums_differ(const struct sums *a, const struct sums *b, bool merged)
{
	if (!merged && a->records != b->records)
		return (F_rectype);
	for (enum class k = 0; k < CLASSES; k++)
		for (enum field f = 0; f < F_STORED; f++)
			if ((merged ? differs_merged : differs)(a, b, k, f))
				return (f);
	return (F_NONE);
}

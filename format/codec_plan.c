/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_plan.c: which encoding a column of numbers takes: what each would cost, by counting and not by trying.
 * Test: test_codec.c.
 */
#include "format/codec_memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE	    1024
#define LOOK	    8192 /* values after which a dictionary may be too large already */
#define SOME	    8 /* of so many groups one is looked at */
#define SPARSE_FROM 128 /* values; a list of fewer is planned as any other column */

/* Which bits have any of the values, less the minimum? */
WIDE static uint64_t
bits_above(const uint64_t *v, uint32_t n, uint64_t min)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < n; i++)
		all |= v[i] - min;
	return (all);
}

/* Is the odd number's power 5^n, of which the inverse is given, a part of each?  Of multiples x * inverse is x over it, and
 * of others more than any such. */
static inline __attribute__((always_inline)) bool
odd_divides(uint64_t odd, uint64_t inverse, const uint64_t *v, uint32_t n, uint64_t min)
{
	const uint64_t most = UINT64_MAX / odd;

	for (uint32_t i = 0, end; i < n; i = end) {
		bool none = false;

		end = n - i < 64 ? n : i + 64;
		for (uint32_t j = i; j < end; j++)
			none |= (v[j] - min) * inverse > most;
		if (none)
			return (false);
	}
	return (true);
}

/* Times are often whole microseconds or milliseconds; other ranges are not worth dividing.  1000 is 8 * 125, and so on. */
static uint64_t
decimal_unit(const uint64_t *v, uint32_t n, uint64_t min, uint64_t max, uint64_t bits)
{
	if (max - min < 1000 || bits % 8 != 0 || !odd_divides(125, 0x1cac083126e978d5, v, n, min))
		return (1);
	if (max - min < 1000000 || bits % 64 != 0 || !odd_divides(15625, 0x790fb65668c26139, v, n, min))
		return (1000);
	return (max - min < 1000000000 || bits % 512 != 0 || !odd_divides(1953125, 0x8e47ce423a2e9c6d, v, n, min) ? 1000000 : 1000000000);
}

/* Differences that are all positive are even numbers of it, after zigzag. */
static uint64_t
unit_of(const uint64_t *v, uint32_t n, uint64_t min, uint64_t max)
{
	uint64_t bits, unit;

	if (max - min < 1000 || (bits_above(v, n < GROUP ? n : GROUP, min) & 7) != 0)
		return (1);
	bits = bits_above(v, n, min);
	unit = decimal_unit(v, n, min, max, bits);
	return (unit > 1 && max - min >= 2 * unit && bits % (2 * (unit & -unit)) == 0 ? 2 * unit : unit);
}

/* Each is the one before it. */
static bool
constant(const uint64_t *v, uint32_t n)
{
	return (memcmp(v, v + 1, (n - 1) * sizeof(*v)) == 0);
}

/* The zigzag differences that begin at a value. */
static inline __attribute__((always_inline)) void
span_of_steps(const uint64_t *v, uint32_t n, uint64_t *min, uint64_t *max)
{
	int64_t lo = INT64_MAX, hi = INT64_MIN;

	for (uint32_t i = 1; i <= n; i++) {
		int64_t z = ordered(zigzag(v[i] - v[i - 1]));

		lo = z < lo ? z : lo;
		hi = z > hi ? z : hi;
	}
	*min = (uint64_t)lo ^ 1ull << 63;
	*max = (uint64_t)hi ^ 1ull << 63;
}

WIDE static void
survey_steps(const uint64_t *v, uint64_t *min, uint64_t *max)
{
	span_of_steps(v, GROUP, min, max);
}

/* What is in the groups, all of them whole. */
WIDE static void
survey_whole(struct group *g, const uint64_t *v, uint32_t groups)
{
	for (; groups > 0; groups--, g++, v += GROUP)
		span_of_values(v, GROUP, &g->min, &g->max);
}

/* One pass over the column. */
static void
survey(struct coder *k, const uint64_t *v, uint32_t n, uint64_t *min, uint64_t *max)
{
	uint32_t whole = (n - 1) / GROUP, rest = n - whole * GROUP;
	struct group *last = &k->group[whole];

	survey_whole(k->group, v, whole);
	span_of_values(v + whole * GROUP, rest, &last->min, &last->max);
	*min = ~0ull;
	*max = 0;
	for (const struct group *g = k->group; g <= last; g++) {
		*min = g->min < *min ? g->min : *min;
		*max = g->max > *max ? g->max : *max;
	}
}

static uint64_t
cost_groups(const struct group *g, uint32_t n, uint64_t unit, uint64_t range)
{
	uint64_t bytes = 0, base = varint_size(range / unit / 2);

	for (uint32_t i = 0; i < n; i += GROUP, g++)
		bytes += base + 1 + packed_size(n - i < GROUP ? n - i : GROUP, bits_of((g->max - g->min) / unit));
	return (bytes);
}

/* As put_groups() of the zigzag differences, of every `step`th group; the part of a bit that dividing by unit later
 * saves is left. */
static uint64_t
cost_steps(const uint64_t *v, uint32_t n, uint64_t unit, uint32_t step)
{
	uint64_t bytes = 10, min, max;

	for (uint32_t i = 1; i < n; i += step * GROUP) {
		uint32_t m = n - i < GROUP ? n - i : GROUP;

		if (m == GROUP)
			survey_steps(v + i - 1, &min, &max);
		else
			span_of_steps(v + i - 1, m, &min, &max);
		bytes += varint_size(min / unit) + 1 + packed_size(m, bits_of((max - min) / unit));
	}
	return (bytes);
}

/* Most columns are no steps: then a look at some of the groups is enough. */
static uint64_t
cost_delta(const uint64_t *v, uint32_t n, uint64_t unit, uint64_t limit)
{
	if (n > SOME * GROUP && cost_steps(v, n, unit, SOME) >= limit / SOME)
		return (UINT64_MAX);
	return (cost_steps(v, n, unit, 1));
}

static inline __attribute__((always_inline)) uint64_t
count_from(const uint64_t *v, uint32_t n, uint64_t least)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += v[i] >= least;
	return (count);
}

WIDE static uint64_t
count_in_group(const uint64_t *v, uint64_t least)
{
	return (count_from(v, GROUP, least));
}

/* Of v / unit.  Values are looked at only in groups where they do not all take the same. */
static uint64_t
cost_varint(const struct group *g, const uint64_t *v, uint32_t n, uint64_t unit)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i += GROUP, g++) {
		uint32_t m = n - i < GROUP ? n - i : GROUP;
		unsigned size = varint_size(g->min / unit), most = varint_size(g->max / unit);

		bytes += (uint64_t)m * size;
		for (; size < most; size++) /* those that take more than that */
			bytes += m == GROUP ? count_in_group(v + i, unit << 7 * size) : count_from(v + i, m, unit << 7 * size);
	}
	return (bytes);
}

static uint64_t
least_varint(const struct group *g, uint32_t n, uint64_t unit)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i += GROUP, g++)
		bytes += (uint64_t)(n - i < GROUP ? n - i : GROUP) * varint_size(g->min / unit);
	return (bytes);
}

/* The value that more than half of the rows have, if there is one: the majority (Boyer and Moore) of
 * some runs of rows. */
static uint64_t
commonest(const uint64_t *v, uint32_t n)
{
	uint32_t runs = n <= 512 ? 1 : 16, run = n <= 512 ? n : 20, votes = 0;
	uint64_t value = v[0];

	for (uint32_t s = 0; s < runs; s++) {
		const uint64_t *x = v + (uint64_t)s * n / runs;

		for (uint32_t i = 0; i < run; i++) {
			if (votes == 0)
				value = x[i];
			votes += x[i] == value ? 1 : (uint32_t)-1;
		}
	}
	return (value);
}

WIDE static uint32_t
count_others(const uint64_t *v, uint64_t common)
{
	uint64_t same = 0;

	for (uint32_t i = 0; i < GROUP; i++)
		same += v[i] == common;
	return (GROUP - (uint32_t)same);
}

WIDE static void
mark_others(const uint64_t *restrict v, uint64_t common, uint8_t *restrict to)
{
	for (uint32_t i = 0; i < GROUP; i++)
		to[i] = v[i] != common;
}

/* The bytes that are 1 among eight, as bits. */
static inline uint64_t
marked(const uint8_t *p)
{
	return (load64(p) * 0x0102040810204080 >> 56);
}

/* Those of a group, `at` being its first row. */
static uint32_t *
list_group(const uint64_t *v, uint64_t common, uint32_t at, uint32_t *to)
{
	uint8_t other[GROUP];

	mark_others(v, common, other);
	for (uint32_t i = 0; i < GROUP; i += 32) {
		uint64_t left = marked(other + i) | marked(other + i + 8) << 8 | marked(other + i + 16) << 16 |
		    marked(other + i + 24) << 24;

		for (; left != 0; left &= left - 1)
			*to++ = at + i + (uint32_t)__builtin_ctzll(left);
	}
	return (to);
}

uint32_t
list_others(struct coder *k, const uint64_t *v, uint32_t n, uint64_t common, uint32_t most)
{
	uint32_t others = 0, *to = k->order, i = 0;

	for (; i + GROUP <= n; i += GROUP) {
		uint32_t here = count_others(v + i, common);

		if ((others += here) > most)
			return (most + 1);
		if (here > 0)
			to = list_group(v + i, common, i, to);
	}
	for (; i < n; i++)
		if (v[i] != common)
			*to++ = i;
	others = (uint32_t)(to - k->order);
	return (others > most ? most + 1 : others);
}

/* All but a few values are the same: nothing is smaller than a list of the others, and nothing else is looked at. */
static bool
is_sparse(struct coder *k, const uint64_t *v, uint32_t n, struct plan *plan)
{
	uint32_t most = n / 32, count = list_others(k, v, n, plan->common, most);

	if (count > most)
		return (false);
	plan->min = plan->max = plan->common;
	plan->bytes = varint_size(plan->common) + 3;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t x = v[k->order[i]];

		plan->min = x < plan->min ? x : plan->min;
		plan->max = x > plan->max ? x : plan->max;
		plan->bytes += varint_size(k->order[i] - (i > 0 ? k->order[i - 1] + 1 : 0)) + varint_size(x);
	}
	plan->best = CODE_SPARSE;
	plan->listed = count;
	return (true);
}

/* A step and a value for each of the others, which takes as much as the longest of its group: a little more than it
 * will be. */
static uint64_t
cost_sparse(const struct coder *k, const uint64_t *v, uint32_t n, uint64_t common, uint64_t limit)
{
	uint64_t bytes = varint_size(common) + 3;
	const struct group *g = k->group;

	for (uint32_t i = 0; i < n && bytes < limit; i += GROUP, g++) {
		uint64_t others = 0;

		if (g->min == common && g->max == common)
			continue;
		if (i + GROUP <= n)
			others = count_others(v + i, common);
		else
			for (uint32_t j = i; j < n; j++)
				others += v[j] != common;
		bytes += others * (1 + varint_size(g->max));
	}
	return (bytes);
}

static inline uint32_t
place(const struct coder *k, uint64_t v)
{
	return ((uint32_t)((v ^ v >> 32) * k->multiplier >> 40));
}

/* Rows of a sample that repeat the value of another one. */
static uint32_t
sample_repeats(struct coder *k, const uint64_t *v, uint32_t n)
{
	uint32_t slots = 4 * SAMPLE, used = 0, stride = n / SAMPLE;

	memset(k->slot, 0, slots * sizeof(k->slot[0]));
	for (uint32_t i = 0; i < SAMPLE; i++) {
		uint64_t x = v[i * stride + (i * 2654435761u >> 20) % stride]; /* no period */
		uint32_t s = place(k, x) & (slots - 1);

		while (k->slot[s] != 0 && k->distinct[k->slot[s] - 1] != x)
			s = (s + 1) & (slots - 1);
		if (k->slot[s] == 0) {
			k->distinct[used] = x;
			k->slot[s] = (uint16_t)++used;
		}
	}
	return (SAMPLE - used);
}

/* May a dictionary be smaller than limit?  Many (D) equally likely values repeat about SAMPLE^2 / 2D times
 * in a sample, others more often; n rows then have D (1 - exp(-n / D)) of them. */
static bool
dict_hope(struct coder *k, const uint64_t *v, uint32_t n, uint64_t limit, unsigned weight)
{
	uint64_t repeats, d, least;

	if (n < 8 * SAMPLE)
		return (true);
	repeats = sample_repeats(k, v, n);
	if (repeats > SAMPLE / 4)
		return (true);
	d = (uint64_t)SAMPLE * SAMPLE / 2 / (repeats + repeats / 4 + 3);
	least = d >= 4 * (uint64_t)n ? n / 8 * 7 : d >= 2 * (uint64_t)n ? n / 4 * 3 : (d < n ? d : n) / 8 * 5;
	return (least * weight + packed_size(n, bits_of(least)) < limit);
}

/* Number the distinct values in order of appearance; gives up (0) when a dictionary can no longer be
 * smaller than `limit`, each entry taking `weight` bytes. */
static uint32_t
count_distinct(struct coder *k, const uint64_t *v, uint32_t n, uint64_t limit, unsigned weight)
{
	uint32_t used = 0, slots = 64;
	uint64_t bytes = 8;

	while (slots < 2 * n)
		slots *= 2;
	memset(k->slot, 0, slots * sizeof(k->slot[0]));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t s = place(k, v[i]) & (slots - 1);

		while (k->slot[s] != 0 && k->distinct[k->slot[s] - 1] != v[i])
			s = (s + 1) & (slots - 1);
		if (k->slot[s] == 0) {
			k->distinct[used] = v[i];
			k->slot[s] = (uint16_t)++used;
			bytes += weight;
			if (bytes + packed_size(n, bits_of(used - 1)) > limit)
				return (0);
		}
		k->id[i] = (uint16_t)(k->slot[s] - 1);
	}
	return (used);
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = ((const struct pair *)a)->v, y = ((const struct pair *)b)->v;

	return ((x > y) - (x < y));
}

/* One pass of a radix sort, by the byte at `shift`. */
static void
radix_pass(const struct pair *from, struct pair *to, uint32_t n, unsigned shift)
{
	uint32_t start[256] = { 0 }, at = 0;

	for (uint32_t i = 0; i < n; i++)
		start[from[i].v >> shift & 255]++;
	for (unsigned d = 0; d < 256; d++) {
		uint32_t count = start[d];

		start[d] = at;
		at += count;
	}
	for (uint32_t i = 0; i < n; i++)
		to[start[from[i].v >> shift & 255]++] = from[i];
}

/* distinct[] sorted, and the rank of each id. */
static void
sort_distinct(struct coder *k, uint32_t n, uint64_t range)
{
	struct pair *from = k->sorted, *to = k->spare;
	uint64_t min = k->distinct[0];

	for (uint32_t i = 1; i < n; i++)
		min = k->distinct[i] < min ? k->distinct[i] : min;
	for (uint32_t i = 0; i < n; i++)
		from[i] = (struct pair){ k->distinct[i] - min, i };
	if (n < 256) {
		qsort(from, n, sizeof(*from), by_value);
	} else {
		for (unsigned shift = 0; shift < bits_of(range); shift += 8) {
			struct pair *t = to;

			radix_pass(from, to, n, shift);
			to = from;
			from = t;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		k->distinct[i] = from[i].v + min;
		k->rank[from[i].id] = (uint16_t)i;
	}
}

WIDE static uint32_t
count_seen(const uint8_t *seen, uint32_t n)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += seen[i];
	return (count);
}

static void
mark(uint8_t *seen, const uint64_t *v, uint32_t n, uint64_t min)
{
	const uint16_t low = (uint16_t)min;
	uint32_t i = 0;

	for (; i + 4 <= n; i += 4) {
		seen[(uint16_t)((uint16_t)v[i] - low)] = 1;
		seen[(uint16_t)((uint16_t)v[i + 1] - low)] = 1;
		seen[(uint16_t)((uint16_t)v[i + 2] - low)] = 1;
		seen[(uint16_t)((uint16_t)v[i + 3] - low)] = 1;
	}
	for (; i < n; i++)
		seen[(uint16_t)(v[i] - low)] = 1;
}

/* The same for a small range: values are marked in a table, which then has them in order. */
static uint64_t
cost_small_dict(struct coder *k, const uint64_t *v, uint32_t n, struct plan *plan, uint64_t limit)
{
	uint32_t range = (uint32_t)(plan->max - plan->min), used = 0, last = 0, rank = 0;
	uint64_t bytes = varint_size(plan->min), codes = 0;
	uint8_t *const seen = k->seen;

	memset(seen, 0, range + 8);
	for (uint32_t i = 0, end; i < n; i = end) {
		end = n - i < LOOK ? n : i + LOOK;
		mark(seen, v + i, end - i, plan->min);
		used = count_seen(seen, range + 1);
		codes = packed_size(n, bits_of(used - 1));
		if (codes + used + bytes >= limit) /* a value takes a byte or more */
			return (UINT64_MAX);
	}
	for (uint32_t at = 0; at <= range; at++) {
		if ((at & 7) == 0 && load64(seen + at) == 0) {
			at += 7;
			continue;
		}
		if (!seen[at])
			continue;
		if (rank > 0)
			bytes += varint_size(at - last);
		k->rank_of[at] = (uint16_t)rank;
		k->distinct[rank++] = plan->min + at;
		last = at;
	}
	plan->distinct = used;
	k->small = true;
	return (bytes + 4 + codes);
}

static uint64_t
cost_dict(struct coder *k, const uint64_t *v, uint32_t n, struct plan *plan, uint64_t limit)
{
	uint64_t range = plan->max - plan->min, bytes, last = 0;
	unsigned weight = varint_size(range / n);

	if (range < SMALL && range / 16 <= n) /* else the table is most of the work */
		return (cost_small_dict(k, v, n, plan, limit));
	if (!dict_hope(k, v, n, limit, weight))
		return (UINT64_MAX);
	k->small = false;
	plan->distinct = count_distinct(k, v, n, limit, weight);
	if (plan->distinct == 0)
		return (UINT64_MAX);
	sort_distinct(k, plan->distinct, range);
	bytes = 4 + packed_size(n, bits_of(plan->distinct - 1));
	for (uint32_t i = 0; i < plan->distinct; i++) {
		bytes += varint_size(k->distinct[i] - last);
		last = k->distinct[i];
	}
	return (bytes);
}

static void
better(struct plan *plan, enum coding code, uint64_t bytes)
{
	if (bytes < plan->bytes) {
		plan->bytes = bytes;
		plan->best = code;
	}
}

bool
u64_plan_easy(struct coder *k, const uint64_t *v, uint32_t n, struct plan *plan)
{
	assert(n > 0 && n <= CODER_MAX);
	*plan = (struct plan){ .unit = 1, .alt = CODE_NONE };
	if (constant(v, n)) {
		plan->min = plan->max = plan->common = v[0];
		plan->best = CODE_CONST;
		plan->bytes = varint_size(plan->min);
		return (true);
	}
	plan->common = commonest(v, n);
	return (n >= SPARSE_FROM && is_sparse(k, v, n, plan));
}

void
u64_plan_others(struct coder *k, const uint64_t *v, uint32_t n, uint64_t most, struct plan *plan)
{
	uint64_t whole, varint, unit;
	unsigned bits, width;

	survey(k, v, n, &plan->min, &plan->max);
	plan->unit = unit_of(v, n, plan->min, plan->max);
	bits = bits_of((plan->max - plan->min) / plan->unit);
	plan->best = CODE_PACKED;
	plan->bytes = varint_size(plan->min) + 3 + packed_size(n, bits);
	better(plan, CODE_GROUPS, varint_size(plan->min) + 3 +
	    cost_groups(k->group, n, plan->unit, plan->max - plan->min));
	if (bits > 1)
		better(plan, CODE_DELTA, cost_delta(v, n, plan->unit, plan->bytes));
	better(plan, CODE_SPARSE, cost_sparse(k, v, n, plan->common, plan->bytes));
	width = bytes_of(plan->max);
	whole = 1 + (uint64_t)n * width;
	unit = plan->min % plan->unit == 0 ? plan->unit : 1;
	varint = least_varint(k->group, n, unit);
	if (varint < 2 * plan->bytes)
		varint = cost_varint(k->group, v, n, unit);
	if (bits > 4)
		better(plan, CODE_DICT, cost_dict(k, v, n, plan, plan->bytes < most ? plan->bytes : most));
	plan->alt = whole <= varint ? (width == 1 ? CODE_PLAIN : CODE_BYTES) : unit > 1 ? CODE_UNITS : CODE_VARINT;
	if (whole < plan->bytes)
		better(plan, CODE_PLAIN, whole);
	better(plan, unit > 1 ? CODE_UNITS : CODE_VARINT, varint);
	if (plan->alt == plan->best || (whole < varint ? whole : varint) > plan->bytes * 2)
		plan->alt = CODE_NONE;
}

struct plan
u64_plan(struct coder *k, const uint64_t *v, uint32_t n)
{
	struct plan plan;

	if (!u64_plan_easy(k, v, n, &plan))
		u64_plan_others(k, v, n, UINT64_MAX, &plan);
	return (plan);
}

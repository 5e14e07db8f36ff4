/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec.c: columns of values as bytes and back, as pavo(5) has them.
 */
#include "format/codec.h"

#include "format/base/bits.h"
#include "format/base/hash.h"
#include "format/base/mem.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define GROUP 128
#define SLOTS 65536 /* of the hash of distinct values: twice CODER_MAX */
#define SMALL 65536 /* ranges for which a table of all values is the quicker dictionary */
#define SAMPLE 1024

/* Loops worth the widest vectors of the machine that runs them; the results are the same on all.  Not where
 * a sanitizer would have to start before the dynamic linker chooses. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    ((!defined(__clang__) && __GNUC__ >= 9) || (defined(__clang__) && __clang_major__ >= 14))
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define WIDE
#endif
#endif
#ifndef WIDE
#define WIDE __attribute__((target_clones("avx2", "default")))
#endif
#else
#define WIDE
#endif

struct pair {
	uint64_t v;
	uint32_t id;
};

struct group { /* the values of a group, and the zigzag differences that begin at its second value */
	uint64_t min, max, zmin, zmax;
};

struct coder {
	struct group group[CODER_MAX / GROUP];
	uint64_t multiplier; /* odd, secret: who is recorded chooses many of the values */
	uint64_t scaled[CODER_MAX]; /* a column less its minimum, in units */
	uint64_t distinct[CODER_MAX];
	struct pair sorted[CODER_MAX], spare[CODER_MAX];
	uint16_t id[CODER_MAX];     /* of each row's value in distinct[] */
	uint16_t rank[CODER_MAX];   /* of a distinct value among the sorted ones */
	uint32_t order[CODER_MAX];
	uint16_t slot[SLOTS];       /* id + 1, 0 = empty */
	uint8_t seen[SMALL + 8];    /* 1 for each value less the minimum that is there */
	uint16_t rank_of[SMALL];    /* of such a value among those seen */
	bool small;                 /* the last dictionary was made with these two */
};

struct coder *
coder_new(void)
{
	struct coder *k = mem_zero(1, sizeof(*k));

	k->multiplier = (hash_seed() ^ 0x9e3779b97f4a7c15ull) | 1;
	return (k);
}

void
coder_free(struct coder **pc)
{
	free(*pc);
	*pc = NULL;
}

static unsigned
bits_of(uint64_t v)
{
	return (v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v));
}

static unsigned
bytes_of(uint64_t v)
{
	return (v == 0 ? 1 : (bits_of(v) + 7) / 8);
}

static unsigned
varint_size(uint64_t v)
{
	return ((bits_of(v | 1) * 9 + 64) >> 6); /* (bits + 6) / 7 for 1 to 64 */
}

static size_t
packed_size(uint32_t n, unsigned bits)
{
	return (((size_t)n * bits + 7) / 8);
}

/* --- packed bits */

static uint64_t
mask_of(unsigned bits)
{
	return (bits == 64 ? ~0ull : (1ull << bits) - 1);
}

/* x = (v - base) in `bits` bits each */
static void
pack(struct buf *out, const uint64_t *v, uint32_t n, uint64_t base, unsigned bits)
{
	size_t size = packed_size(n, bits);
	uint8_t *p = buf_room(out, size + 8);
	uint64_t word = 0;
	unsigned used = 0;

	if (bits == 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t x = v[i] - base;

		word |= x << used;
		used += bits;
		if (used >= 64) {
			uint64_t le = htole64(word);

			memcpy(p, &le, 8);
			p += 8;
			used -= 64;
			word = used == 0 ? 0 : x >> (bits - used);
		}
	}
	word = htole64(word);
	memcpy(p, &word, 8);
	out->len += size;
}

static inline uint64_t
load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, 8);
	return (le64toh(w));
}

/* One value, not reading behind p + size. */
static uint64_t
unpack_one(const uint8_t *p, size_t size, size_t i, unsigned bits)
{
	uint8_t bytes[16] = { 0 };
	size_t at = i * bits / 8, n = size - at < 9 ? size - at : 9;
	unsigned shift = (unsigned)(i * bits % 8);

	memcpy(bytes, p + at, n);
	if (shift == 0)
		return (load64(bytes) & mask_of(bits));
	return ((load64(bytes) >> shift | (uint64_t)bytes[8] << (64 - shift)) & mask_of(bits));
}

/* Eight values are `bits` bytes, so with the width a constant all shifts and offsets are constants. */
static inline __attribute__((always_inline)) uint32_t
unpack_eights(const uint8_t *p, uint32_t n, unsigned bits, uint64_t *v)
{
	uint32_t i;

	for (i = 0; i + 8 <= n; i += 8, p += bits) {
#pragma GCC unroll 8
		for (unsigned j = 0; j < 8; j++) {
			unsigned at = j * bits;
			uint64_t x = load64(p + at / 8) >> at % 8;

			if (at % 8 + bits > 64)
				x |= (uint64_t)p[at / 8 + 8] << (64 - at % 8);
			v[i + j] = x & mask_of(bits);
		}
	}
	return (i);
}

/* n values from a string of `size` readable bytes (at least packed_size()). */
static void
unpack(const uint8_t *p, size_t size, uint32_t n, unsigned bits, uint64_t *v)
{
	uint32_t i = 0, safe; /* safe: values that may be read as whole words */

	if (bits == 0) {
		memset(v, 0, n * sizeof(*v));
		return;
	}
	safe = size < 9 ? 0 : (uint32_t)((size - 9) * 8 / bits + 1 < n ? (size - 9) * 8 / bits + 1 : n);
	switch (bits) {
#define W(b)                                       \
	case b:                                    \
		i = unpack_eights(p, safe, b, v);  \
		break;
#define W8(b) W(b) W(b + 1) W(b + 2) W(b + 3) W(b + 4) W(b + 5) W(b + 6) W(b + 7)
		W8(1) W8(9) W8(17) W8(25) W8(33) W8(41) W8(49) W8(57)
	default:
		break;
	}
	for (; i < n; i++)
		v[i] = unpack_one(p, size, i, bits);
}

static bool
get_packed(struct cursor *c, uint64_t *v, uint32_t n, unsigned bits)
{
	size_t left = cur_left(c);

	if (bits > 64 || cur_bytes(c, packed_size(n, bits)) == NULL)
		return (false);
	unpack(c->p - packed_size(n, bits), left, n, bits, v);
	return (true);
}

/* --- groups */

static inline __attribute__((always_inline)) void
span_of_values(const uint64_t *v, uint32_t n, uint64_t *min, uint64_t *max)
{
	uint64_t lo = v[0], hi = v[0];

	for (uint32_t i = 0; i < n; i++) {
		lo = v[i] < lo ? v[i] : lo;
		hi = v[i] > hi ? v[i] : hi;
	}
	*min = lo;
	*max = hi;
}

/* Loops of a known length are the ones that compilers turn into vectors. */
WIDE static void
span(const uint64_t *v, uint32_t n, uint64_t *min, uint64_t *max)
{
	if (n == GROUP)
		span_of_values(v, GROUP, min, max);
	else
		span_of_values(v, n, min, max);
}

static void
put_groups(struct buf *out, const uint64_t *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += GROUP) {
		uint32_t m = n - i < GROUP ? n - i : GROUP;
		uint64_t min, max;

		span(v + i, m, &min, &max);
		buf_varint(out, min);
		buf_u8(out, (uint8_t)bits_of(max - min));
		pack(out, v + i, m, min, bits_of(max - min));
	}
}

static bool
get_groups(struct cursor *c, uint64_t *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += GROUP) {
		uint32_t m = n - i < GROUP ? n - i : GROUP;
		uint64_t base = cur_varint(c);
		uint8_t bits = cur_u8(c);

		if (c->cut || !get_packed(c, v + i, m, bits))
			return (false);
		for (uint32_t j = 0; j < m; j++)
			v[i + j] += base;
	}
	return (true);
}

/* --- planning */

/* With the unit a constant the compiler multiplies instead of dividing. */
static inline __attribute__((always_inline)) bool
divides(uint64_t unit, const uint64_t *v, uint32_t n, uint64_t min)
{
	for (uint32_t i = 0; i < n; i++)
		if ((v[i] - min) % unit != 0)
			return (false);
	return (true);
}

/* Times are often whole microseconds or milliseconds; other ranges are not worth dividing. */
static uint64_t
unit_of(const uint64_t *v, uint32_t n, uint64_t min, uint64_t max)
{
	if (max - min < 1000 || !divides(1000, v, n, min))
		return (1);
	if (max - min < 1000000 || !divides(1000000, v, n, min))
		return (1000);
	return (max - min < 1000000000 || !divides(1000000000, v, n, min) ? 1000000 : 1000000000);
}

static inline __attribute__((always_inline)) void
scale_by(uint64_t unit, const uint64_t *v, uint32_t n, uint64_t min, uint64_t *to)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = (v[i] - min) / unit;
}

static void
scale(struct coder *k, const uint64_t *v, uint32_t n, const struct plan *plan)
{
	switch (plan->unit) {
	case 1:
		scale_by(1, v, n, plan->min, k->scaled);
		break;
	case 1000:
		scale_by(1000, v, n, plan->min, k->scaled);
		break;
	case 1000000:
		scale_by(1000000, v, n, plan->min, k->scaled);
		break;
	default:
		scale_by(plan->unit, v, n, plan->min, k->scaled);
		break;
	}
}

WIDE static uint64_t
differs(const uint64_t *v, uint64_t from)
{
	uint64_t other = 0;

	for (uint32_t i = 0; i < GROUP; i++)
		other |= v[i] ^ from;
	return (other);
}

static bool
constant(const uint64_t *v, uint32_t n)
{
	uint32_t i = 0;

	for (; i + GROUP <= n; i += GROUP)
		if (differs(v + i, v[0]) != 0)
			return (false);
	while (i < n && v[i] == v[0])
		i++;
	return (i == n);
}

static inline __attribute__((always_inline)) void
span_of_steps(const uint64_t *v, uint32_t n, uint64_t *min, uint64_t *max)
{
	uint64_t lo = ~0ull, hi = 0;

	for (uint32_t i = 1; i <= n; i++) {
		uint64_t z = zigzag(v[i] - v[i - 1]);

		lo = z < lo ? z : lo;
		hi = z > hi ? z : hi;
	}
	*min = lo;
	*max = hi;
}

/* What is in the groups, all of them whole and with a value behind them. */
WIDE static void
survey_whole(struct group *g, const uint64_t *v, uint32_t groups)
{
	for (; groups > 0; groups--, g++, v += GROUP) {
		span_of_values(v, GROUP, &g->min, &g->max);
		span_of_steps(v, GROUP, &g->zmin, &g->zmax);
	}
}

/* One pass over the column. */
static void
survey(struct coder *k, const uint64_t *v, uint32_t n, uint64_t *min, uint64_t *max)
{
	uint32_t whole = (n - 1) / GROUP, rest = n - whole * GROUP;
	struct group *last = &k->group[whole];

	survey_whole(k->group, v, whole);
	span_of_values(v + whole * GROUP, rest, &last->min, &last->max);
	span_of_steps(v + whole * GROUP, rest - 1, &last->zmin, &last->zmax);
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

/* As put_groups() of the zigzag differences; the part of a bit that dividing by unit later saves is left. */
static uint64_t
cost_delta(const struct group *g, uint32_t n, uint64_t unit)
{
	uint64_t bytes = 10;

	for (uint32_t i = 1; i < n; i += GROUP, g++)
		bytes += varint_size(g->zmin / unit) + 1 +
		    packed_size(n - i < GROUP ? n - i : GROUP, bits_of((g->zmax - g->zmin) / unit));
	return (bytes);
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

/* Values are looked at only in groups where they do not all take the same. */
static uint64_t
cost_varint(const struct group *g, const uint64_t *v, uint32_t n)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i += GROUP, g++) {
		uint32_t m = n - i < GROUP ? n - i : GROUP;
		unsigned size = varint_size(g->min);

		bytes += (uint64_t)m * size;
		for (; size < varint_size(g->max); size++) /* those that take more than that */
			bytes += m == GROUP ? count_in_group(v + i, 1ull << 7 * size) : count_from(v + i, m, 1ull << 7 * size);
	}
	return (bytes);
}

static uint64_t
least_varint(const struct group *g, uint32_t n)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i += GROUP, g++)
		bytes += (uint64_t)(n - i < GROUP ? n - i : GROUP) * varint_size(g->min);
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

/* The rows of other values than that; their number. */
static uint32_t
list_others(struct coder *k, const uint64_t *v, uint32_t n, uint64_t common)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < n; i++) {
		k->order[others] = i;
		others += v[i] != common;
	}
	return (others);
}

WIDE static uint64_t
count_others(const uint64_t *v, uint64_t common)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < GROUP; i++)
		count += v[i] != common;
	return (count);
}

static uint64_t
cost_sparse(struct coder *k, const uint64_t *v, uint32_t n, uint64_t common, uint64_t limit)
{
	uint64_t bytes = varint_size(common) + 3, least = bytes;
	uint32_t last = 0, others;

	for (uint32_t i = 0; i + GROUP <= n; i += GROUP)
		least += 2 * count_others(v + i, common);
	if (least >= limit)
		return (UINT64_MAX);
	others = list_others(k, v, n, common);
	for (uint32_t i = 0; i < others; i++) {
		bytes += varint_size(k->order[i] - last) + varint_size(v[k->order[i]]);
		last = k->order[i] + 1;
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

/* The same for a small range: values are marked in a table, which then has them in order. */
static uint64_t
cost_small_dict(struct coder *k, const uint64_t *v, uint32_t n, struct plan *plan)
{
	uint32_t range = (uint32_t)(plan->max - plan->min), used = 0, last = 0;
	uint64_t bytes;

	memset(k->seen, 0, range + 8);
	for (uint32_t i = 0; i < n; i++)
		k->seen[(uint16_t)(v[i] - plan->min)] = 1;
	bytes = varint_size(plan->min);
	for (uint32_t at = 0; at <= range; at++) {
		if ((at & 7) == 0 && load64(k->seen + at) == 0) {
			at += 7;
			continue;
		}
		if (!k->seen[at])
			continue;
		if (used > 0)
			bytes += varint_size(at - last);
		k->rank_of[at] = (uint16_t)used;
		k->distinct[used++] = plan->min + at;
		last = at;
	}
	plan->distinct = used;
	k->small = true;
	return (bytes + 4 + packed_size(n, bits_of(used - 1)));
}

static uint64_t
cost_dict(struct coder *k, const uint64_t *v, uint32_t n, struct plan *plan, uint64_t limit)
{
	uint64_t range = plan->max - plan->min, bytes, last = 0;
	unsigned weight = varint_size(range / n);

	if (range < SMALL)
		return (cost_small_dict(k, v, n, plan));
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

struct plan
u64_plan_below(struct coder *k, const uint64_t *v, uint32_t n, uint64_t most)
{
	struct plan plan = { .unit = 1, .alt = CODE_NONE };
	uint64_t whole, varint;
	unsigned bits, width;

	assert(n > 0 && n <= CODER_MAX);
	if (constant(v, n)) {
		plan.min = plan.max = plan.common = v[0];
		plan.best = CODE_CONST;
		plan.bytes = varint_size(plan.min);
		return (plan);
	}
	survey(k, v, n, &plan.min, &plan.max);
	plan.unit = unit_of(v, n, plan.min, plan.max);
	bits = bits_of((plan.max - plan.min) / plan.unit);
	plan.best = CODE_PACKED;
	plan.bytes = varint_size(plan.min) + 3 + packed_size(n, bits);
	better(&plan, CODE_GROUPS, varint_size(plan.min) + 3 +
	    cost_groups(k->group, n, plan.unit, plan.max - plan.min));
	if (bits > 1)
		better(&plan, CODE_DELTA, cost_delta(k->group, n, plan.unit));
	plan.common = commonest(v, n);
	better(&plan, CODE_SPARSE, cost_sparse(k, v, n, plan.common, plan.bytes));
	width = bytes_of(plan.max);
	whole = 1 + (uint64_t)n * width;
	varint = least_varint(k->group, n);
	if (varint < 2 * plan.bytes)
		varint = cost_varint(k->group, v, n);
	if (bits > 2)
		better(&plan, CODE_DICT, cost_dict(k, v, n, &plan, plan.bytes < most ? plan.bytes : most));
	plan.alt = whole <= varint ? (width == 1 ? CODE_PLAIN : CODE_BYTES) : CODE_VARINT;
	if (whole < plan.bytes)
		better(&plan, CODE_PLAIN, whole);
	better(&plan, CODE_VARINT, varint);
	if (plan.alt == plan.best || (whole < varint ? whole : varint) > plan.bytes * 2)
		plan.alt = CODE_NONE;
	return (plan);
}

struct plan
u64_plan(struct coder *k, const uint64_t *v, uint32_t n)
{
	return (u64_plan_below(k, v, n, UINT64_MAX));
}

/* --- encoding */

/* Seven bits to a byte without asking how many there are; may write up to 8 bytes. */
static inline uint8_t *
varint_to(uint8_t *p, uint64_t v)
{
	unsigned size = varint_size(v);
	uint64_t x;

	if (v >> 56 != 0) {
		for (; v >= 0x80; v >>= 7)
			*p++ = (uint8_t)(v | 0x80);
		*p++ = (uint8_t)v;
		return (p);
	}
	x = (v & 0xfffffff) | (v & 0xfffffff0000000) << 4;
	x = (x & 0x3fff00003fff) | (x & 0xfffc0000fffc000) << 2;
	x = (x & 0x7f007f007f007f) | (x & 0x3f803f803f803f80) << 1;
	x = htole64(x | (0x8080808080808080 & ((1ull << 8 * (size - 1)) - 1)));
	memcpy(p, &x, 8);
	return (p + size);
}

static void
put_varints(struct buf *out, const uint64_t *v, uint32_t n)
{
	uint8_t *p = buf_room(out, (size_t)n * 10 + 8);

	for (uint32_t i = 0; i < n; i++)
		p = varint_to(p, v[i]);
	out->len = (size_t)(p - out->p);
}

static void
put_delta(struct coder *k, const struct plan *plan, const uint64_t *v, uint32_t n, struct buf *out)
{
	buf_varint(out, v[0]);
	buf_varint(out, plan->unit);
	scale(k, v, n, plan);
	for (uint32_t i = n - 1; i > 0; i--)
		k->scaled[i] = zigzag(k->scaled[i] - k->scaled[i - 1]);
	put_groups(out, k->scaled + 1, n - 1);
}

static void
put_sparse(struct coder *k, const struct plan *plan, const uint64_t *v, uint32_t n, struct buf *out)
{
	uint32_t count = list_others(k, v, n, plan->common), last = 0;
	uint8_t *p;

	buf_varint(out, plan->common);
	buf_varint(out, count);
	p = buf_room(out, (size_t)count * 15 + 8);
	for (uint32_t i = 0; i < count; i++) {
		p = varint_to(p, k->order[i] - last);
		last = k->order[i] + 1;
	}
	for (uint32_t i = 0; i < count; i++)
		p = varint_to(p, v[k->order[i]]);
	out->len = (size_t)(p - out->p);
}

static void
put_dict(struct coder *k, const struct plan *plan, const uint64_t *v, uint32_t n, struct buf *out)
{
	uint64_t last = 0;

	buf_varint(out, plan->distinct);
	for (uint32_t i = 0; i < plan->distinct; i++) {
		buf_varint(out, k->distinct[i] - last);
		last = k->distinct[i];
	}
	for (uint32_t i = 0; i < n; i++)
		k->scaled[i] = k->small ? k->rank_of[(uint16_t)(v[i] - plan->min)] : k->rank[k->id[i]];
	buf_u8(out, (uint8_t)bits_of(plan->distinct - 1));
	pack(out, k->scaled, n, 0, bits_of(plan->distinct - 1));
}

static void
put_plain(const uint64_t *v, uint32_t n, unsigned width, struct buf *out)
{
	uint8_t *p;

	buf_u8(out, (uint8_t)width);
	p = buf_room(out, (size_t)n * width + 8);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t le = htole64(v[i]);

		memcpy(p, &le, 8);
		p += width;
	}
	out->len += (size_t)n * width;
}

static void
put_bytes(const uint64_t *v, uint32_t n, unsigned width, struct buf *out)
{
	uint8_t *p;

	buf_u8(out, (uint8_t)width);
	p = buf_put(out, (size_t)n * width);
	for (unsigned w = 0; w < width; w++, p += n)
		for (uint32_t i = 0; i < n; i++)
			p[i] = (uint8_t)(v[i] >> 8 * w);
}

void
u64_put(struct coder *k, const struct plan *plan, enum coding code, const uint64_t *v, uint32_t n, struct buf *out)
{
	switch (code) {
	case CODE_CONST:
		buf_varint(out, v[0]);
		break;
	case CODE_PACKED:
	case CODE_GROUPS:
		buf_varint(out, plan->min);
		buf_varint(out, plan->unit);
		scale(k, v, n, plan);
		if (code == CODE_GROUPS) {
			put_groups(out, k->scaled, n);
			break;
		}
		buf_u8(out, (uint8_t)bits_of((plan->max - plan->min) / plan->unit));
		pack(out, k->scaled, n, 0, bits_of((plan->max - plan->min) / plan->unit));
		break;
	case CODE_DELTA:
		put_delta(k, plan, v, n, out);
		break;
	case CODE_VARINT:
		put_varints(out, v, n);
		break;
	case CODE_SPARSE:
		put_sparse(k, plan, v, n, out);
		break;
	case CODE_DICT:
		put_dict(k, plan, v, n, out);
		break;
	case CODE_PLAIN:
		put_plain(v, n, bytes_of(plan->max), out);
		break;
	case CODE_BYTES:
		put_bytes(v, n, bytes_of(plan->max), out);
		break;
	default:
		assert(!"an encoding of numbers");
	}
}

void
u64_put_nested(struct coder *k, const struct plan *plan, enum coding code, const uint64_t *v, uint32_t n,
    struct buf *out)
{
	buf_u8(out, (uint8_t)code);
	u64_put(k, plan, code, v, n, out);
}

/* --- decoding */

bool
u64_knows(enum coding code)
{
	return (code <= CODE_DICT || code == CODE_BYTES);
}

static void
fill(uint64_t *v, uint32_t n, uint64_t value)
{
	for (uint32_t i = 0; i < n; i++)
		v[i] = value;
}

static void
affine(uint64_t *v, uint32_t n, uint64_t base, uint64_t unit)
{
	if (unit == 1) {
		for (uint32_t i = 0; i < n; i++)
			v[i] += base;
	} else {
		for (uint32_t i = 0; i < n; i++)
			v[i] = base + unit * v[i];
	}
}

static bool
get_plain(struct cursor *c, uint64_t *v, uint32_t n)
{
	unsigned width = cur_u8(c);
	size_t left = cur_left(c);
	const uint8_t *p;

	if (width < 1 || width > 8 || (p = cur_bytes(c, (size_t)n * width)) == NULL)
		return (false);
	unpack(p, left, n, width * 8, v);
	return (true);
}

static bool
get_bytes(struct cursor *c, uint64_t *v, uint32_t n)
{
	unsigned width = cur_u8(c);
	const uint8_t *p;

	if (width < 1 || width > 8 || (p = cur_bytes(c, (size_t)n * width)) == NULL)
		return (false);
	for (uint32_t i = 0; i < n; i++)
		v[i] = p[i];
	for (unsigned w = 1; w < width; w++) {
		p += n;
		for (uint32_t i = 0; i < n; i++)
			v[i] |= (uint64_t)p[i] << 8 * w;
	}
	return (true);
}

static bool
get_delta(struct cursor *c, uint64_t *v, uint32_t n)
{
	uint64_t first = cur_varint(c), unit = cur_varint(c);

	if (c->cut || !get_groups(c, v + 1, n - 1))
		return (false);
	v[0] = first;
	for (uint32_t i = 1; i < n; i++)
		v[i] = v[i - 1] + unit * unzigzag(v[i]);
	return (true);
}

static bool
get_sparse(struct coder *k, struct cursor *c, uint64_t *v, uint32_t n)
{
	uint64_t common = cur_varint(c), count = cur_varint(c), at = 0;

	if (c->cut || count > n)
		return (false);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t step = cur_varint(c);

		if (c->cut || step >= n - at)
			return (false);
		at += step;
		k->order[i] = (uint32_t)at++;
	}
	fill(v, n, common);
	for (uint32_t i = 0; i < count; i++)
		v[k->order[i]] = cur_varint(c);
	return (!c->cut);
}

static bool
get_dict(struct coder *k, struct cursor *c, uint64_t *v, uint32_t n)
{
	uint64_t count = cur_varint(c), last = 0, most = 0;
	uint8_t bits;

	if (c->cut || count == 0 || count > CODER_MAX)
		return (false);
	for (uint32_t i = 0; i < count; i++) {
		last += cur_varint(c);
		k->distinct[i] = last;
	}
	bits = cur_u8(c);
	if (c->cut || !get_packed(c, v, n, bits))
		return (false);
	for (uint32_t i = 0; i < n; i++)
		most = v[i] > most ? v[i] : most;
	if (most >= count)
		return (false);
	for (uint32_t i = 0; i < n; i++)
		v[i] = k->distinct[v[i]];
	return (true);
}

static bool
get_packed_column(struct cursor *c, uint64_t *v, uint32_t n, bool groups)
{
	uint64_t base = cur_varint(c), unit = cur_varint(c);

	if (groups ? !get_groups(c, v, n) : !get_packed(c, v, n, cur_u8(c)))
		return (false);
	affine(v, n, base, unit);
	return (!c->cut);
}

bool
u64_get(struct coder *k, enum coding code, struct cursor *c, uint64_t *v, uint32_t n)
{
	if (n == 0 || n > CODER_MAX)
		return (false);
	switch (code) {
	case CODE_CONST:
		fill(v, n, cur_varint(c));
		return (!c->cut);
	case CODE_PLAIN:
		return (get_plain(c, v, n));
	case CODE_PACKED:
	case CODE_GROUPS:
		return (get_packed_column(c, v, n, code == CODE_GROUPS));
	case CODE_DELTA:
		return (get_delta(c, v, n));
	case CODE_VARINT:
		for (uint32_t i = 0; i < n; i++)
			v[i] = cur_varint(c);
		return (!c->cut);
	case CODE_SPARSE:
		return (get_sparse(k, c, v, n));
	case CODE_DICT:
		return (get_dict(k, c, v, n));
	case CODE_BYTES:
		return (get_bytes(c, v, n));
	default:
		return (false);
	}
}

bool
u64_get_nested(struct coder *k, struct cursor *c, uint64_t *v, uint32_t n)
{
	uint8_t code = cur_u8(c);

	return (!c->cut && u64_get(k, code, c, v, n));
}

/* --- sets of rows */

/* What each kind would take, where it can be less than the bitmap: bitmap, members, others, runs. */
static void
set_costs(const uint64_t *set, uint32_t rows, uint64_t cost[5])
{
	uint32_t last[3] = { 0, 0, 0 }, count[3] = { 0, 0, 0 };
	uint64_t carry = 0;
	bool look[3];

	for (uint32_t at = 0; at < rows; at += 64) {
		uint64_t mask = rows - at < 64 ? (1ull << (rows - at)) - 1 : ~0ull, w = set[at / 64] & mask;

		count[0] += (uint32_t)__builtin_popcountll(w);
		count[2] += (uint32_t)__builtin_popcountll((w ^ (w << 1 | carry)) & mask);
		carry = w >> 63;
	}
	count[1] = rows - count[0];
	cost[SET_BITMAP] = (rows + 7) / 8;
	for (unsigned i = 0; i < 3; i++) {
		look[i] = count[i] < cost[SET_BITMAP]; /* each takes a byte at least */
		cost[SET_MEMBERS + i] = look[i] ? 0 : UINT64_MAX;
	}
	carry = 0;
	for (uint32_t at = 0; at < rows; at += 64) {
		uint64_t mask = rows - at < 64 ? (1ull << (rows - at)) - 1 : ~0ull, w = set[at / 64] & mask;
		const uint64_t word[3] = { w, ~w & mask, (w ^ (w << 1 | carry)) & mask };

		carry = w >> 63;
		for (unsigned i = 0; i < 3; i++) {
			for (uint64_t bits = look[i] ? word[i] : 0; bits != 0; bits &= bits - 1) {
				uint32_t r = at + (uint32_t)__builtin_ctzll(bits);

				cost[SET_MEMBERS + i] += varint_size(r - last[i]);
				last[i] = i == 2 ? r : r + 1;
			}
		}
	}
	if (look[2])
		cost[SET_RUNS] += varint_size(rows - last[2]);
}

static void
put_positions(const uint64_t *set, uint32_t rows, bool members, struct buf *out)
{
	uint32_t last = 0;

	for (uint32_t r = 0; r < rows; r++) {
		if (bit_get(set, r) != members)
			continue;
		buf_varint(out, r - last);
		last = r + 1;
	}
}

static void
put_runs(const uint64_t *set, uint32_t rows, struct buf *out)
{
	uint32_t start = 0;
	bool inside = false;

	for (uint32_t r = 0; r < rows; r++) {
		if (bit_get(set, r) == inside)
			continue;
		buf_varint(out, r - start);
		start = r;
		inside = !inside;
	}
	buf_varint(out, rows - start);
}

enum set_kind
set_put(const uint64_t *set, uint32_t rows, struct buf *out)
{
	enum set_kind kind = SET_BITMAP;
	uint64_t cost[5];

	set_costs(set, rows, cost);
	for (enum set_kind k = SET_MEMBERS; k <= SET_RUNS; k++)
		if (cost[k] < cost[kind])
			kind = k;
	switch (kind) {
	case SET_BITMAP:
		for (uint32_t i = 0; i < (rows + 7) / 8; i++)
			buf_u8(out, (uint8_t)(set[i / 8] >> 8 * (i % 8)));
		break;
	case SET_MEMBERS:
	case SET_OTHERS:
		put_positions(set, rows, kind == SET_MEMBERS, out);
		break;
	case SET_RUNS:
		put_runs(set, rows, out);
		break;
	}
	return (kind);
}

static bool
get_positions(struct cursor *c, uint64_t *set, uint32_t rows, uint32_t count)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t step = cur_varint(c);

		if (c->cut || step >= rows - at)
			return (false);
		at += step;
		bit_set(set, at++);
	}
	return (true);
}

static bool
get_runs(struct cursor *c, uint64_t *set, uint32_t rows)
{
	uint32_t at = 0;
	bool inside = false;

	while (at < rows) {
		uint64_t run = cur_varint(c);

		if (c->cut || run > rows - at || (run == 0 && at != 0))
			return (false);
		for (uint64_t i = 0; inside && i < run; i++)
			bit_set(set, at + i);
		at += (uint32_t)run;
		inside = !inside;
	}
	return (true);
}

bool
set_get(enum set_kind kind, struct cursor *c, uint64_t *set, uint32_t rows, uint32_t count)
{
	const uint8_t *p;
	bool good = false;

	if (count > rows)
		return (false);
	memset(set, 0, BITS_WORDS(rows) * 8);
	switch (kind) {
	case SET_BITMAP:
		if ((p = cur_bytes(c, (rows + 7) / 8)) == NULL)
			return (false);
		for (uint32_t i = 0; i < (rows + 7) / 8; i++)
			set[i / 8] |= (uint64_t)p[i] << 8 * (i % 8);
		good = rows % 64 == 0 || set[rows / 64] >> rows % 64 == 0;
		break;
	case SET_MEMBERS:
		good = get_positions(c, set, rows, count);
		break;
	case SET_OTHERS:
		good = get_positions(c, set, rows, rows - count);
		for (size_t i = 0; i < BITS_WORDS(rows); i++)
			set[i] = ~set[i];
		if (rows % 64 != 0)
			set[rows / 64] &= (1ull << rows % 64) - 1;
		break;
	case SET_RUNS:
		good = get_runs(c, set, rows);
		break;
	}
	return (good && cur_left(c) == 0 && bits_count(set, rows) == count);
}

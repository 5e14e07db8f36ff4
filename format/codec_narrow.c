/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_narrow.c: bytes as numbers that are no wider than they need, or only some of them; the bytes may be anything.
 * Test: test_codec_narrow.c, beside u64_get().
 */
#include "format/codec_memory.h"
#include "format/codec_unpack.h"

#include <string.h>

/* Of numbers of so many bits; more than 64: none. */
static unsigned
width_for(unsigned bits)
{
	return (bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8);
}

static struct narrow
constant(uint64_t v)
{
	return ((struct narrow){ .width = 0, .base = v, .unit = 1 });
}

/* --- packed numbers */

/* n numbers of so many bits, at least one. */
static bool
get_packed(struct cursor *c, uint32_t n, unsigned bits, struct arena *a, struct narrow *x)
{
	size_t left = cur_left(c);
	const uint8_t *p;
	void *v;

	if (bits > 64 || (p = cur_bytes(c, packed_size(n, bits))) == NULL)
		return (false);
	x->width = width_for(bits);
	x->v = v = arena_alloc(a, (size_t)n * x->width);
	unpack(p, left, n, bits, x->width, v);
	return (true);
}

/* Where they fill 64 bits, what is to be done with them is done. */
WIDE static void
settle(uint64_t *v, uint32_t n, uint64_t base, uint64_t unit)
{
	for (uint32_t i = 0; i < n; i++)
		v[i] = base + unit * v[i];
}

static void
settle_wide(struct narrow *x, uint32_t n)
{
	if (x->width != 8 || (x->base == 0 && x->unit == 1))
		return;
	settle((uint64_t *)(uintptr_t)x->v8, n, x->base, x->unit);
	x->base = 0;
	x->unit = 1;
}

static void
get_affine(struct cursor *c, struct narrow *x)
{
	uint64_t base = cur_varint(c), unit = cur_varint(c);

	*x = (struct narrow){ .base = base, .unit = unit };
}

static bool
get_packed_column(struct cursor *c, uint32_t n, struct arena *a, struct narrow *x)
{
	unsigned bits;

	get_affine(c, x);
	bits = cur_u8(c);
	if (c->cut)
		return (false);
	if (bits == 0) {
		*x = constant(x->base);
		return (true);
	}
	if (!get_packed(c, n, bits, a, x))
		return (false);
	settle_wide(x, n);
	return (true);
}

/* The width that the numbers of all groups fit into, from what stands before each. */
static bool
width_of_groups(struct cursor c, uint32_t n, unsigned *width)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < n; i += GROUP) {
		uint64_t base = cur_varint(&c), top;
		uint8_t bits = cur_u8(&c);

		if (c.cut || bits > 64)
			return (false);
		if (__builtin_add_overflow(base, mask_of(bits), &top))
			top = UINT64_MAX; /* it may go round, in 64 bits as everywhere */
		most = top > most ? top : most;
		cur_skip(&c, packed_size(n - i < GROUP ? n - i : GROUP, bits));
	}
	*width = width_for(bits_of(most));
	return (!c.cut);
}

WIDE static void
lift(void *v, uint32_t n, unsigned width, uint64_t base)
{
	uint8_t *v1 = v;
	uint16_t *v2 = v;
	uint32_t *v4 = v;
	uint64_t *v8 = v;

	switch (width) {
	case 1:
		for (uint32_t i = 0; i < n; i++)
			v1[i] = (uint8_t)(v1[i] + base);
		break;
	case 2:
		for (uint32_t i = 0; i < n; i++)
			v2[i] = (uint16_t)(v2[i] + base);
		break;
	case 4:
		for (uint32_t i = 0; i < n; i++)
			v4[i] = (uint32_t)(v4[i] + base);
		break;
	default:
		for (uint32_t i = 0; i < n; i++)
			v8[i] += base;
		break;
	}
}

static bool
get_groups(struct cursor *c, uint32_t n, struct arena *a, struct narrow *x)
{
	uint8_t *v;

	get_affine(c, x);
	if (c->cut || !width_of_groups(*c, n, &x->width))
		return (false);
	x->v = v = arena_alloc(a, (size_t)n * x->width);
	for (uint32_t i = 0; i < n; i += GROUP, v += (size_t)GROUP * x->width) {
		uint32_t m = n - i < GROUP ? n - i : GROUP;
		uint64_t base = cur_varint(c);
		uint8_t bits = cur_u8(c);
		size_t left = cur_left(c);

		unpack(cur_bytes(c, packed_size(m, bits)), left, m, bits, x->width, v);
		if (base != 0)
			lift(v, m, x->width, base);
	}
	settle_wide(x, n);
	return (true);
}

/* --- numbers in whole bytes */

static bool
get_plain(struct cursor *c, uint32_t n, struct arena *a, struct narrow *x)
{
	unsigned bytes = cur_u8(c);

	*x = (struct narrow){ .unit = 1 };
	return (bytes >= 1 && bytes <= 8 && get_packed(c, n, bytes * 8, a, x));
}

#define JOIN(w, type)                                                                  \
	WIDE static void join_##w(const uint8_t *p, uint32_t n, unsigned bytes, type *v)    \
	{                                                                              \
		for (uint32_t i = 0; i < n; i++)                                       \
			v[i] = p[i];                                                   \
		for (unsigned b = 1; b < bytes; b++) {                                 \
			p += n;                                                        \
			for (uint32_t i = 0; i < n; i++)                               \
				v[i] = (type)(v[i] | (type)p[i] << 8 * b);             \
		}                                                                      \
	}

JOIN(1, uint8_t)
JOIN(2, uint16_t)
JOIN(4, uint32_t)
JOIN(8, uint64_t)

/* All lowest bytes, then all of the next ones, and so on. */
static bool
get_bytes(struct cursor *c, uint32_t n, struct arena *a, struct narrow *x)
{
	unsigned bytes = cur_u8(c);
	const uint8_t *p;
	void *v;

	if (bytes < 1 || bytes > 8 || (p = cur_bytes(c, (size_t)n * bytes)) == NULL)
		return (false);
	*x = (struct narrow){ .width = width_for(bytes * 8), .unit = 1 };
	x->v = v = arena_alloc(a, (size_t)n * x->width);
	switch (x->width) {
	case 1:
		join_1(p, n, bytes, v);
		break;
	case 2:
		join_2(p, n, bytes, v);
		break;
	case 4:
		join_4(p, n, bytes, v);
		break;
	default:
		join_8(p, n, bytes, v);
		break;
	}
	return (true);
}

/* --- few distinct values */

static const uint64_t *
get_words(struct cursor *c, struct arena *a, uint32_t *count)
{
	uint64_t n = cur_varint(c), last = 0, *word;

	if (c->cut || n == 0 || n > CODER_MAX)
		return (NULL);
	word = arena_alloc(a, n * sizeof(*word));
	for (uint32_t i = 0; i < n; i++)
		word[i] = last += cur_varint(c);
	*count = (uint32_t)n;
	return (c->cut ? NULL : word);
}

static bool
get_dict(struct cursor *c, uint32_t n, struct arena *a, struct narrow *x)
{
	unsigned bits;

	*x = (struct narrow){ .unit = 1 };
	if ((x->word = get_words(c, a, &x->words)) == NULL)
		return (false);
	bits = cur_u8(c);
	if (c->cut || bits > 64)
		return (false);
	if (bits == 0) {
		*x = constant(x->word[0]);
		return (true);
	}
	if (!get_packed(c, n, bits, a, x) || narrow_raw_max(x, n) >= x->words)
		return (false);
	if (x->width == 8) { /* nobody needs such codes; where they are so wide all the same, the words take their places */
		uint64_t *v = (uint64_t *)(uintptr_t)x->v8;

		for (uint32_t i = 0; i < n; i++)
			v[i] = x->word[v[i]];
		x->word = NULL;
		x->words = 0;
	}
	return (true);
}

/* One value for most rows, and others: the places of these into order[], a list of all values, the common one first. */
static const uint64_t *
get_others(struct coder *k, struct cursor *c, uint32_t n, struct arena *a, uint32_t *count)
{
	uint64_t common = cur_varint(c), others = cur_varint(c), at = 0, *word;

	if (c->cut || others > n)
		return (NULL);
	for (uint32_t i = 0; i < others; i++) {
		uint64_t step = cur_varint(c);

		if (c->cut || step >= n - at)
			return (NULL);
		at += step;
		k->order[i] = (uint32_t)at++;
	}
	word = arena_alloc(a, (others + 1) * sizeof(*word));
	word[0] = common;
	for (uint32_t i = 0; i < others; i++)
		word[i + 1] = cur_varint(c);
	*count = (uint32_t)others;
	return (c->cut ? NULL : word);
}

static bool
get_sparse(struct coder *k, struct cursor *c, uint32_t n, struct arena *a, struct narrow *x)
{
	uint32_t others;
	uint8_t *v1;
	uint16_t *v2;

	*x = (struct narrow){ .unit = 1 };
	if ((x->word = get_others(k, c, n, a, &others)) == NULL)
		return (false);
	x->words = others + 1;
	if (others == 0) {
		*x = constant(x->word[0]);
	} else if (others <= UINT8_MAX) {
		x->width = 1;
		x->v = v1 = arena_zero(a, n);
		for (uint32_t i = 0; i < others; i++)
			v1[k->order[i]] = (uint8_t)(i + 1);
	} else {
		_Static_assert(CODER_MAX < UINT16_MAX, "a number for each");
		x->width = 2;
		x->v = v2 = arena_zero(a, (size_t)n * 2);
		for (uint32_t i = 0; i < others; i++)
			v2[k->order[i]] = (uint16_t)(i + 1);
	}
	return (true);
}

bool
u64_get_narrow(struct coder *k, enum coding code, struct cursor *c, uint32_t n, struct arena *a, struct narrow *x)
{
	uint64_t *v;

	if (n == 0 || n > CODER_MAX)
		return (false);
	switch (code) {
	case CODE_CONST:
		*x = constant(cur_varint(c));
		return (!c->cut);
	case CODE_PLAIN:
		return (get_plain(c, n, a, x));
	case CODE_PACKED:
		return (get_packed_column(c, n, a, x));
	case CODE_GROUPS:
		return (get_groups(c, n, a, x));
	case CODE_SPARSE:
		return (get_sparse(k, c, n, a, x));
	case CODE_DICT:
		return (get_dict(c, n, a, x));
	case CODE_BYTES:
		return (get_bytes(c, n, a, x));
	default: /* each follows from those before it */
		v = arena_alloc(a, (size_t)n * sizeof(*v));
		*x = (struct narrow){ .width = 8, .v8 = v, .unit = 1 };
		return (u64_get(k, code, c, v, n));
	}
}

bool
u64_get_narrow_nested(struct coder *k, struct cursor *c, uint32_t n, struct arena *a, struct narrow *x)
{
	uint8_t code = cur_u8(c);

	return (!c->cut && u64_get_narrow(k, code, c, n, a, x));
}

/* --- some of them */

static bool
pick_packed(struct cursor *c, uint32_t n, unsigned bits, const uint32_t *at, uint32_t m, uint64_t *v)
{
	size_t left = cur_left(c);
	const uint8_t *p;

	if (bits > 64 || (p = cur_bytes(c, packed_size(n, bits))) == NULL)
		return (false);
	for (uint32_t i = 0; i < m; i++)
		v[i] = bits == 0 ? 0 : unpack_one(p, left, at[i], bits);
	return (true);
}

static bool
pick_groups(struct cursor *c, uint32_t n, const uint32_t *at, uint32_t m, uint64_t *v)
{
	uint32_t j = 0;

	for (uint32_t i = 0; i < n && j < m; i += GROUP) {
		uint64_t base = cur_varint(c);
		uint8_t bits = cur_u8(c);
		size_t left = cur_left(c);
		const uint8_t *p;

		if (c->cut || bits > 64 || (p = cur_bytes(c, packed_size(n - i < GROUP ? n - i : GROUP, bits))) == NULL)
			return (false);
		for (; j < m && at[j] < i + GROUP; j++)
			v[j] = base + (bits == 0 ? 0 : unpack_one(p, left, at[j] - i, bits));
	}
	return (true);
}

static bool
pick_packed_column(struct cursor *c, uint32_t n, bool groups, const uint32_t *at, uint32_t m, uint64_t *v)
{
	uint64_t base = cur_varint(c), unit = cur_varint(c);

	if (groups ? !pick_groups(c, n, at, m, v) : !pick_packed(c, n, cur_u8(c), at, m, v))
		return (false);
	settle(v, m, base, unit);
	return (!c->cut);
}

static bool
pick_bytes(struct cursor *c, uint32_t n, const uint32_t *at, uint32_t m, uint64_t *v)
{
	unsigned bytes = cur_u8(c);
	const uint8_t *p;

	if (bytes < 1 || bytes > 8 || (p = cur_bytes(c, (size_t)n * bytes)) == NULL)
		return (false);
	for (uint32_t i = 0; i < m; i++) {
		v[i] = 0;
		for (unsigned b = 0; b < bytes; b++)
			v[i] |= (uint64_t)p[(size_t)b * n + at[i]] << 8 * b;
	}
	return (true);
}

static bool
pick_dict(struct cursor *c, uint32_t n, const uint32_t *at, uint32_t m, struct arena *a, uint64_t *v)
{
	uint32_t words;
	const uint64_t *word = get_words(c, a, &words);

	if (word == NULL || !pick_packed(c, n, cur_u8(c), at, m, v) || c->cut)
		return (false);
	for (uint32_t i = 0; i < m; i++) {
		if (v[i] >= words)
			return (false);
		v[i] = word[v[i]];
	}
	return (true);
}

static bool
pick_any(struct coder *k, enum coding code, struct cursor *c, uint32_t n, const uint32_t *at, uint32_t m,
    struct arena *a, uint64_t *v)
{
	struct narrow x;

	if (!u64_get_narrow(k, code, c, n, a, &x))
		return (false);
	for (uint32_t i = 0; i < m; i++)
		v[i] = narrow_at(&x, at[i]);
	return (true);
}

bool
u64_pick(struct coder *k, enum coding code, struct cursor *c, uint32_t n, const uint32_t *at, uint32_t m,
    struct arena *a, uint64_t *v)
{
	unsigned bytes;

	if (n == 0 || n > CODER_MAX || (m > 0 && at[m - 1] >= n))
		return (false);
	switch (code) {
	case CODE_PLAIN:
		bytes = cur_u8(c);
		return (bytes >= 1 && bytes <= 8 && pick_packed(c, n, bytes * 8, at, m, v));
	case CODE_PACKED:
	case CODE_GROUPS:
		return (pick_packed_column(c, n, code == CODE_GROUPS, at, m, v));
	case CODE_BYTES:
		return (pick_bytes(c, n, at, m, v));
	case CODE_DICT:
		return (pick_dict(c, n, at, m, a, v));
	default:
		return (pick_any(k, code, c, n, at, m, a, v));
	}
}

bool
u64_pick_nested(struct coder *k, struct cursor *c, uint32_t n, const uint32_t *at, uint32_t m, struct arena *a,
    uint64_t *v)
{
	uint8_t code = cur_u8(c);

	return (!c->cut && u64_pick(k, code, c, n, at, m, a, v));
}
